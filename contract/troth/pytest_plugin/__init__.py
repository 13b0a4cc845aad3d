"""The plugin for pytest: options, fixtures, and a test for each operation and group of checks.

pytest loads this module in every run of an environment that has troth, so nothing heavy is
imported until it is asked for: the tests are in `items`, the one run that they read in
`session_run`, and what came of it is a `testing.Outcome`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from troth.cli.config import KEYS

if TYPE_CHECKING:
    from troth.openapi.contract import Contract
    from troth.testing import Outcome

#: What stands in a run's place in pytest: it has its own word for these.
_NOT_HERE = ("quiet", "journal")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--troth-url`, and the other options of `troth test` with the same prefix."""
    group = parser.getgroup("troth", "conformance to an OpenAPI document (troth)")
    for key in KEYS:
        if key.name in _NOT_HERE:
            continue
        kind: dict[str, Any] = {"metavar": key.metavar or key.name.upper()}
        if key.kind == "switch":
            kind = {"action": "store_true"}
        elif key.is_several:
            kind["action"] = "append"
        group.addoption(
            f"--troth-{key.name}", dest=f"troth_{key.option}", default=None, help=key.help, **kind
        )
    group.addoption(
        "--troth-config",
        dest="troth_config",
        metavar="FILE",
        help="Read this file; without it troth.toml, or [tool.troth] of pyproject.toml.",
    )


def _is_wanted(config: pytest.Config) -> bool:
    return bool(config.getoption("troth_url", None) or config.getoption("troth_app", None))


def pytest_configure(config: pytest.Config) -> None:
    """Name our marker, since many users have --strict-markers; refuse options that do not do."""
    config.addinivalue_line("markers", "troth: conformance of a server to its OpenAPI document")
    if _is_wanted(config):
        from troth.pytest_plugin import session_run

        session_run.of(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the one run of the session is shared."""
    if _is_wanted(node.config):
        from troth.pytest_plugin import session_run

        node.workerinput["troth_folder"] = session_run.of(node.config).shared_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    if _is_wanted(config):
        from troth.pytest_plugin import session_run

        session_run.remove_shared_folder(config)


# first, so that -k, -m and --lf choose among our items as among all others
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add our items to those that were collected."""
    if _is_wanted(config):
        from troth.pytest_plugin.items import all_items

        ours = list(all_items(session))
        items.extend(ours)
        # whoever counts what is collected counts reports
        report = pytest.CollectReport("troth", "passed", None, list(ours))
        config.hook.pytest_collectreport(report=report)


def pytest_report_header(config: pytest.Config) -> list[str] | None:
    """Say what is going to be done to whom, and what of the document is not understood."""
    if not _is_wanted(config):
        return None
    from troth.pytest_plugin import session_run

    return session_run.of(config).header()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell what the run came to, and what no item shows."""
    if _is_wanted(config):
        from troth.pytest_plugin import session_run

        for line in session_run.of(config).summary():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def contract(pytestconfig: pytest.Config) -> Contract:
    """The contract of `--troth-document` with its overlays; without any, the bundled one."""
    from troth.pytest_plugin import session_run

    return session_run.contracts(pytestconfig)[0]


@pytest.fixture(scope="session")
def conformance(pytestconfig: pytest.Config) -> Callable[..., Outcome]:
    """Run against a server or an application: `conformance(app, strict=True).assert_conforms()`.

    What is not given is as the options `--troth-…`, the environment and troth.toml say; the
    names are theirs, with `_` for `-`.  *contract* is a loaded `troth.Contract`.
    """
    from troth import testing
    from troth.pytest_plugin import session_run

    def conform(target: Any, *, contract: Contract | None = None, **arguments: Any) -> Outcome:
        named = {"url": target, "app": None} if isinstance(target, str) else {"app": target}
        options = session_run.options(pytestconfig, **arguments, **named)
        return testing.conform(options, contract=contract)

    return conform
