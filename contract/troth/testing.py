"""Hold an application to its document from a test, in process and without a socket.

    from troth import testing

    def test_it_conforms():
        testing.run(app).assert_conforms()

What is listed here is public, as what `troth` lists is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from troth.cli import run_options
from troth.cli.config import KEYS
from troth.cli.test_command import test
from troth.conformance import baseline
from troth.conformance.events import Event, Finding, Finished
from troth.conformance.journal import Journal
from troth.conformance.launch import launch_beside
from troth.conformance.reports import console
from troth.conformance.run_summary import RunRecord, RunSummary
from troth.conformance.settings import Settings
from troth.http import json_text
from troth.openapi.contract import Contract

__all__ = ["NotConforming", "Outcome", "run"]

_WIDTH = 100


class NotConforming(AssertionError):
    """What was tested departs from its document; its text is the report."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a run.  Its text is what `troth test` would have printed."""

    account: RunSummary

    @property
    def finished(self) -> Finished | None:
        """The run's last event: verdict, exit code, counts."""
        return self.account.finished

    @property
    def verdict(self) -> str:
        """`conforms`, `violations`, `inconclusive`, `unreachable` or `interrupted`."""
        return self.account.verdict

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found and was not known before, worst first."""
        return tuple(finding for finding in self.account.findings if not finding.known)

    @property
    def conforms(self) -> bool:
        """Whether the run ended well: no errors, and no warnings if it was strict."""
        return self.finished is not None and self.finished.exit_code == 0

    def judged(self, operation: str, check: str) -> bool:
        """Whether anything came up that *check* asks of: `streams`, or `laws[tools]` of a group."""
        group = check.removeprefix("laws[").removesuffix("]") if check != "laws" else ""
        for one in self.account.operations:
            if one.name == operation and not check.startswith("laws"):
                return check in one.checked
            if one.name == operation:
                return any(law.state != "never applied" for law in one.laws if law.group == group)
        return False

    def in_words(self, findings: Iterable[Finding]) -> str:
        """Some findings in words."""
        return console.render_findings(self.account, findings, width=_WIDTH, colour=False)

    def assert_conforms(self) -> None:
        """Raise NotConforming, with the findings as its text, unless it `conforms`."""
        __tracebackhide__ = True  # pytest shows the line of the test that called this
        if not self.conforms:
            raise NotConforming(str(self))

    def __str__(self) -> str:
        return console.render(self.account, width=_WIDTH, colour=False)


def of_run(
    contract: Contract,
    settings: Settings,
    *,
    known: frozenset[str] = frozenset(),
    second: Contract | None = None,
    journal: str | None = None,
) -> Outcome:
    """Run on a thread and a loop of its own, and wait for it; *journal* is written on the way."""
    record = RunRecord()
    with ExitStack() as stack:
        writer = stack.enter_context(Journal(journal)) if journal else None

        def tell(event: Event) -> None:
            record.add(event)
            if writer is not None:
                writer.write(event)

        launch_beside(contract, settings, tell=tell, known=known, second=second)
    return Outcome(record.summary())


def run(
    application: Any,
    *,
    document: str | os.PathLike[str] | None = None,
    contract: Contract | None = None,
    **options: Any,
) -> Outcome:
    """Test *application*, ASGI or WSGI, in process; or the server at that URL, if it is a text.

    Without *document* (a file) or *contract* (a loaded one), an application's is the one that its
    `openapi()` makes, or that it answers at /openapi.json.  The other *options* are those of
    `troth test`, with `_` for `-`; what is not given is as the environment and troth.toml say.
    Raises TrothError for what cannot be tested as asked.
    """
    # what is given here is what is tested, whatever the environment and the file have
    target = {"url": application, "app": None}
    if not isinstance(application, str):
        target = {"app": application}
    named = {} if document is None else {"document": document}
    return conform(settled([], **options, **target, **named), contract=contract)


def conform(options: dict[str, Any], *, contract: Contract | None = None) -> Outcome:
    """Run as *options* say, against *contract* or the document that they name."""
    first, second = (contract, None) if contract else run_options.contracts_of(options)
    settings = run_options.settings_of(first, options)
    return of_run(first, settings, known=known(options), second=second)


def settled(words: Sequence[str], **arguments: Any) -> dict[str, Any]:
    """The options of `troth test` as *words*, the environment and the file settle them.

    *arguments*, under the names of the options with `_` for `-`, come first.  Raises
    click.ClickException or TrothError with the words that the command line has for it.
    """
    options: dict[str, Any] = dict(test.make_context("troth", list(words)).params)
    if unknown := set(arguments) - set(options):
        has = ", ".join(sorted(options))
        raise TypeError(f"there is no argument {min(unknown)!r}; it has {has}")
    return options | {name: _as_written(name, value) for name, value in arguments.items()}


def known(options: dict[str, Any]) -> frozenset[str]:
    """The ids of the findings that the baseline of *options* accepts."""
    return baseline.read(options["baseline"]).ids if options["baseline"] else frozenset()


def _as_written(name: str, value: Any) -> Any:
    """An argument of Python's in the form that the command line gives it."""
    key = next((key for key in KEYS if key.option == name), None)
    if key is not None and key.kind == "table" and isinstance(value, dict):
        return tuple(
            f"{left}{key.joint}"
            + (json_text.encode(right).decode() if key.any_value else str(right))
            for left, right in value.items()
        )
    if key is not None and key.kind in ("texts", "paths") and isinstance(value, (str, os.PathLike)):
        return (os.fspath(value),)
    return os.fspath(value) if isinstance(value, os.PathLike) else value
