"""The account of a run: its events folded once into what every report tells.

A fold over events and nothing else, so a report of a journal, made later, is the report that the
run itself would have made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from troth.conformance.events import (
    Event,
    Exchanged,
    Finding,
    Finished,
    Found,
    PhaseStarted,
    Started,
    Verdict,
)
from troth.conformance.exercised import CHECKS, LawAccount, OperationAccount, Tally, check_of
from troth.conformance.journal import capped
from troth.http import json_text
from troth.http.exchange import Fields

__all__ = [
    "CHECKS",
    "Account",
    "Fold",
    "LawAccount",
    "OperationAccount",
    "Usual",
    "check_of",
    "fold",
    "worst_first",
]

_LARGEST_BODY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Usual:
    """The smallest request of an operation that was accepted: its header *fields* and *value*."""

    fields: Fields
    value: Any


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that the reports of a run tell.

    *findings* come worst first, each as it was last told.  *exchanges* are all that were sent, in
    order.  *usual* are the smallest requests that were accepted, by operation: what a reader of a
    finding need not see again.  *bodies* is the folder for bodies that are too long for a curl
    line, None to put them into the line whatever their length.
    """

    started: Started | None
    finished: Finished | None
    findings: tuple[Finding, ...]
    operations: tuple[OperationAccount, ...]
    phases: Mapping[str, int]
    exchanges: tuple[Exchanged, ...]
    usual: Mapping[str, Usual]
    bodies: Path | None = None

    @property
    def verdict(self) -> Verdict:
        """The run's verdict; a journal without an end is of a run that was interrupted."""
        return self.finished.verdict if self.finished else "interrupted"

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.finished.requests if self.finished else len(self.exchanges)

    @property
    def seconds(self) -> float:
        """How long the run took, as far as it is known."""
        if self.finished:
            return self.finished.seconds
        return sum(one.exchange.seconds for one in self.exchanges)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many findings there are: errors, warnings, flaky ones, known ones (counted apart)."""
        told = [finding for finding in self.findings if not finding.known]
        return {
            "errors": sum(finding.severity == "error" for finding in told),
            "warnings": sum(finding.severity == "warning" for finding in told),
            "flaky": sum(finding.flaky for finding in told),
            "known": len(self.findings) - len(told),
        }

    def findings_of(self, operation: str) -> tuple[Finding, ...]:
        """The findings about *operation*, worst first."""
        return tuple(
            finding for finding in self.findings if finding.violation.operation == operation
        )


def fold(events: Iterable[Event], *, bodies: Path | None = None) -> Account:
    """The account of *events*, which may be those of a run that was cut short."""
    folding = Fold()
    for event in events:
        folding.add(event)
    return folding.account(bodies=bodies)


class Fold:
    """Takes events one by one, as a run tells them; `account` may be asked for at any time."""

    def __init__(self) -> None:
        self._started: Started | None = None
        self._finished: Finished | None = None
        self._findings: dict[str, Finding] = {}
        self._phases: dict[str, int] = {}
        self._operations: dict[str, Tally] = {}
        self._exchanges: list[Exchanged] = []
        self._usual: dict[str, tuple[int, Usual]] = {}

    def add(self, event: Event) -> None:
        """Fold one more event; its bodies are cut as the journal cuts them."""
        event = capped(event)
        if isinstance(event, Exchanged):
            self._exchanged(event)
        elif isinstance(event, Found):
            self._found(event.finding)
        elif isinstance(event, PhaseStarted):
            self._phases[event.phase] = self._phases.get(event.phase, 0) + event.planned
        elif isinstance(event, Started):
            self._started = event
            for name in event.operations:
                self._operations.setdefault(name, Tally())
        else:
            self._finished = event

    def account(self, *, bodies: Path | None = None) -> Account:
        """What has been told so far."""
        return Account(
            started=self._started,
            finished=self._finished,
            findings=tuple(sorted(self._findings.values(), key=worst_first)),
            operations=tuple(
                counts.account(name, self._started, found=self._broken(name))
                for name, counts in self._operations.items()
            ),
            phases=dict(self._phases),
            exchanges=tuple(self._exchanges),
            usual={name: value for name, (_, value) in self._usual.items()},
            bodies=bodies,
        )

    def _broken(self, operation: str) -> Mapping[str, int]:
        """The laws of *operation* that findings are about, and how often each was broken."""
        return {
            one.violation.law: one.times
            for one in self._findings.values()
            if one.violation.law and one.violation.operation == operation
        }

    def _found(self, finding: Finding) -> None:
        if finding.group is not None and finding.code.startswith("capability."):
            # the laws of a capability that never held are this one finding, not one each
            gone = {
                law["id"]
                for law in (self._started.laws if self._started else ())
                if law.get("group") == finding.group and law.get("severity") == "error"
            }
            for known_id, known in list(self._findings.items()):
                if known.violation.law in gone:
                    del self._findings[known_id]
        self._findings[finding.id] = finding

    def _exchanged(self, event: Exchanged) -> None:
        self._exchanges.append(event)
        counts = self._operations.setdefault(event.operation, Tally())
        counts.add(event)
        if event.purpose == "case":
            self._note_usual(event)

    def _note_usual(self, event: Exchanged) -> None:
        """Remember the smallest body that was taken: the background of every finding."""
        request, response = event.exchange.request, event.exchange.response
        if response is None or not 200 <= response.status < 300 or event.intent != "accepted":
            return
        size = len(request.body)
        known = self._usual.get(event.operation)
        if size > _LARGEST_BODY or (known and known[0] <= size):
            return
        try:
            value = json_text.decode(request.body) if size else None
            self._usual[event.operation] = (size, Usual(request.fields, value))
        except json_text.BadJson:
            return


def worst_first(finding: Finding) -> tuple[bool, bool, bool, int, str, str]:
    """The order in which findings are told."""
    return (
        finding.known,
        finding.severity != "error",
        finding.flaky,
        -finding.times,
        finding.code,
        finding.id,
    )
