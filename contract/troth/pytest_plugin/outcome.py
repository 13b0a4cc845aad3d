"""The outcome of a run, as a test sees it: its account, its text, and whether it will do."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from troth.conformance.events import Event, Finding, Finished
from troth.conformance.journal import Journal
from troth.conformance.launch import launch_beside
from troth.conformance.reports import console
from troth.conformance.run_summary import RunRecord, RunSummary
from troth.conformance.settings import Settings
from troth.openapi.contract import Contract

_WIDTH = 100


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
        """Fail the test that calls this, with the findings as its text, unless it `conforms`."""
        __tracebackhide__ = True
        if not self.conforms:
            pytest.fail(str(self), pytrace=False)

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
