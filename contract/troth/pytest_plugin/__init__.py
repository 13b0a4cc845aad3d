"""The plugin for pytest: options, fixtures, and a test for each operation and group of checks.

pytest loads this module in every run of an environment that has troth, so nothing heavy is
imported until it is asked for: the items are in `pytest_items`, their run in `pytest_run`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from troth.cli.config import KEYS

if TYPE_CHECKING:
    from troth.openapi.contract import Contract
    from troth.pytest_plugin.result import Outcome

#: What stands in a run's place in pytest: it has its own word for these.
_NOT_HERE = ("quiet", "journal")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--troth-url`, and the other options of `troth test` with the same prefix."""
    group = parser.getgroup("troth", "conformance to an OpenAPI document (troth)")
    for key in KEYS:
        if key.name in _NOT_HERE:
            continue
        several = key.kind in ("texts", "paths", "table")
        kind: dict[str, Any] = {"metavar": key.metavar or key.name.upper()}
        if several:
            kind |= {"action": "append"}
        elif key.kind == "switch":
            kind = {"action": "store_true"}
        group.addoption(
            f"--troth-{key.name}", dest=_dest(key.name), default=None, help=key.help, **kind
        )
    group.addoption(
        "--troth-config",
        dest=_dest("config"),
        metavar="FILE",
        help="Read this file; without it troth.toml, or [tool.troth] of pyproject.toml.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name our marker, since many users have --strict-markers."""
    config.addinivalue_line("markers", "troth: conformance of a server to its OpenAPI document")
    if _is_asked(config):
        from troth.pytest_plugin import session as pytest_run

        pytest_run.configure(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the one run of the session is shared."""
    if _is_asked(node.config):
        from troth.pytest_plugin import session as pytest_run

        node.workerinput["troth_folder"] = pytest_run.shared_folder(node.config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    if _is_asked(config):
        from troth.pytest_plugin import session as pytest_run

        pytest_run.unconfigure(config)


# first, so that -k, -m and --lf choose among our items as among all others
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add our items to those that were collected."""
    if _is_asked(config):
        from troth.pytest_plugin import items as pytest_items

        ours = list(pytest_items.items(session))
        items.extend(ours)
        # whoever counts what is collected counts reports
        told = pytest.CollectReport("troth", "passed", None, list(ours))
        config.hook.pytest_collectreport(report=told)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what is going to be done to whom."""
    if not _is_asked(config):
        return None
    from troth.pytest_plugin import session as pytest_run

    return pytest_run.header(config)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell what the run came to, and what no item shows."""
    if _is_asked(config):
        from troth.pytest_plugin import session as pytest_run

        for line in pytest_run.summary(config):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def contract(pytestconfig: pytest.Config) -> Contract:
    """The contract of `--troth-document` with its overlays; without any, the bundled one."""
    from troth.pytest_plugin import session as pytest_run

    return pytest_run.contracts(pytestconfig)[0]


@pytest.fixture(scope="session")
def conformance(pytestconfig: pytest.Config) -> Callable[..., Outcome]:
    """Run against a server: `conformance(url, strict=True).assert_conforms()`.

    What is not given is as the options `--troth-…`, the environment and troth.toml say; the
    names are theirs, with `_` for `-`.  *contract* is a loaded `troth.Contract`.
    """
    from troth.pytest_plugin import session as pytest_run

    return pytest_run.runner(pytestconfig)


def _dest(name: str) -> str:
    return "troth_" + name.replace("-", "_")


def _is_asked(config: pytest.Config) -> bool:
    return bool(config.getoption(_dest("url"), None))
