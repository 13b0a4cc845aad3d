"""The summary of a run: its events, one after the other, become what every report tells.

It is made of events and nothing else, so a report of a journal, made later, is the report that the
run itself would have made.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from troth.conformance.codes import FAMILIES
from troth.conformance.conclusions import (
    Cause,
    Tried,
    Unreached,
    causes,
    counts_of,
    unreached,
)
from troth.conformance.events import (
    Event,
    Exchanged,
    Finding,
    Finished,
    Found,
    PhaseStarted,
    Started,
    Verdict,
    Waited,
    counts,
    worst_first,
)
from troth.conformance.journal import capped
from troth.conformance.reports.text import counted
from troth.conformance.words import message_of
from troth.http import json_text, media_type
from troth.http.exchange import Fields
from troth.violation import Violation

#: The groups in which an operation is checked, and what each asks.
CHECKS: Mapping[str, str] = {
    "requests": "valid requests are accepted, broken ones refused",
    "security": "requests without good credentials are refused",
    "statuses": "every status and content type is a declared one; nothing fails",
    "headers": "header fields are as declared",
    "bodies": "bodies match their schemas",
    "streams": "streams are framed, shaped and ended as declared",
    "laws": "what the document promises across fields holds",
    "transport": "every answer comes whole and in time",
    "resources": "what is created is there, as it was sent, until it is deleted",
    "time": "answers stay right over time",
}
#: A larger body is no usual request to show beside another.
_LARGEST_BODY = 64 * 1024


def check_of(violation: Violation) -> str:
    """The group of checks (one of CHECKS) that *violation* belongs to."""
    if violation.law:
        return "laws"
    return FAMILIES.get(violation.code.partition(".")[0], "time")


@dataclass(frozen=True, slots=True)
class LawSummary:
    """How a law fared: in how many exchanges it held, was broken, could not be decided."""

    id: str
    group: str = ""
    severity: str = "error"
    says: str = ""
    held: int = 0
    broken: int = 0
    undecided: int = 0

    @property
    def applied(self) -> int:
        """In how many exchanges it was put to the test."""
        return self.held + self.broken

    @property
    def state(self) -> str:
        """`broken`, `held`, `undecided` or `never applied`."""
        if self.broken:
            return "broken"
        return "held" if self.held else "undecided" if self.undecided else "never applied"


@dataclass(frozen=True, slots=True)
class OperationSummary:
    """What was done to one operation.

    *statuses* counts answers by status, and by fault where there was none; *intents* the cases by
    what was expected of them.  *members*, *branches* and *keywords* count the cases that exercised
    each; what the document declares and nothing exercised is there with 0.  *checked* are the
    groups of checks that had something to judge.  *valid* counts the answers to valid requests
    alone, and *message* is what the first of them that refused said.
    """

    name: str
    requests: int = 0
    cases: int = 0
    seconds: float = 0.0
    statuses: Mapping[str, int] = field(default_factory=dict)
    intents: Mapping[str, int] = field(default_factory=dict)
    members: Mapping[str, int] = field(default_factory=dict)
    branches: Mapping[str, int] = field(default_factory=dict)
    keywords: Mapping[str, int] = field(default_factory=dict)
    laws: tuple[LawSummary, ...] = ()
    checked: frozenset[str] = frozenset()
    valid: Mapping[str, int] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True, slots=True)
class UsualRequest:
    """The smallest request of an operation that was accepted: its header *fields* and *value*."""

    fields: Fields
    value: Any


@dataclass(frozen=True)
class RunSummary:
    """Everything that the reports of a run tell.

    *findings* come worst first, each as it was last told.  *exchanges* are all that were sent, in
    order, or the latest of a run without end.  *waited* are the answers that asked for patience
    and got it.  *usual* are the smallest requests that were accepted, by operation: what a reader
    of a finding need not see again.  *bodies* is the folder for bodies that are too long for a curl
    line, None to put them into the line whatever their length.
    """

    started: Started | None
    finished: Finished | None
    findings: tuple[Finding, ...]
    operations: tuple[OperationSummary, ...]
    phases: Mapping[str, int]
    exchanges: tuple[Exchanged, ...]
    usual: Mapping[str, UsualRequest]
    bodies: Path | None = None
    waited: tuple[Waited, ...] = ()

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        """The findings by their causes, worst first."""
        return causes(self.findings)

    @cached_property
    def unreached(self) -> tuple[Unreached, ...]:
        """The operations without a success, each with the likeliest reason."""
        tried = {one.name: Tried(one.statuses, one.valid, one.message) for one in self.operations}
        return unreached(tried, self.started, self.finished)

    @property
    def verdict(self) -> Verdict:
        """The run's verdict; a journal without an end is of a run that was interrupted."""
        return self.finished.verdict if self.finished else "interrupted"

    @property
    def says_nothing(self) -> bool:
        """Whether the run came to no verdict on the server."""
        return self.verdict not in ("conforms", "violations")

    @property
    def reason(self) -> str:
        """One sentence for a verdict that is neither `conforms` nor `violations`, or of a part."""
        return self.finished.reason if self.finished else "the journal has no end"

    @property
    def own_fields(self) -> list[str]:
        """The names of the header fields that the user gave."""
        settings = self.started.settings if self.started else {}
        return [str(name) for name in settings.get("header") or ()]

    @property
    def target(self) -> str:
        """The URL of the server under test; empty if it is not known."""
        return self.started.target if self.started else ""

    @property
    def document_faults(self) -> tuple[str, ...]:
        """What is wrong with the document itself."""
        return self.started.document_faults if self.started else ()

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        if self.finished:
            return self.finished.requests
        return sum(operation.requests for operation in self.operations)

    @property
    def not_run(self) -> int:
        """How many of the planned cases were not sent."""
        return self.finished.not_run if self.finished else 0

    @property
    def seconds(self) -> float:
        """How long the run took, as far as it is known."""
        if self.finished:
            return self.finished.seconds
        return sum(operation.seconds for operation in self.operations)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many findings of each kind there are."""
        return counts(self.findings)

    def numbers(self, *others: str) -> list[str]:
        """`1 error`, `0 warnings`, what there is of *others* (`flaky`, `known`), `3 requests`.

        Errors and warnings are counted by their causes.
        """
        counts, by_cause = self.counts, counts_of(self.causes)
        return [
            _counted_places(*by_cause["error"], "error"),
            _counted_places(*by_cause["warning"], "warning"),
            *(f"{counts[name]} {name}" for name in others if counts[name]),
            counted(self.requests, "request"),
            f"{self.seconds:.1f} s",
        ]

    @property
    def laws(self) -> tuple[LawSummary, ...]:
        """The laws of all operations."""
        return tuple(law for operation in self.operations for law in operation.laws)

    def findings_of(self, operation: str) -> tuple[Finding, ...]:
        """The findings about *operation*, worst first."""
        return tuple(
            finding for finding in self.findings if finding.violation.operation == operation
        )


def _counted_places(number: int, places: int, noun: str) -> str:
    """`1 error`, `1 error at 20 places`."""
    return counted(number, noun) + (f" at {places:,} places" if places > number else "")


def summarize(events: Iterable[Event], *, bodies: Path | None = None) -> RunSummary:
    """The summary of *events*, which may be those of a run that was cut short."""
    record = RunRecord()
    for event in events:
        record.add(event)
    return record.summary(bodies=bodies)


class RunRecord:
    """Takes events one by one, as a run tells them; `summary` may be asked for at any time.

    Of a run without end only the *latest* exchanges are kept; what they come to is counted.
    """

    def __init__(self, *, latest: int | None = None) -> None:
        self._started: Started | None = None
        self._finished: Finished | None = None
        self._findings: dict[str, Finding] = {}
        self._phases: Counter[str] = Counter()
        self._operations: dict[str, _OperationRecord] = {}
        self._exchanges: deque[Exchanged] = deque(maxlen=latest)
        self._usual: dict[str, tuple[int, UsualRequest]] = {}
        self._waited: list[Waited] = []

    def add(self, event: Event) -> None:
        """Count one more event; its bodies are cut as the journal cuts them."""
        event = capped(event)
        if isinstance(event, Exchanged):
            self._exchanges.append(event)
            self._operations.setdefault(event.operation, _OperationRecord()).add(event)
            if event.purpose == "case":
                self._note_usual(event)
        elif isinstance(event, Found):
            self._found(event.finding)
        elif isinstance(event, Waited):
            self._waited.append(event)
        elif isinstance(event, PhaseStarted):
            self._phases[event.phase] += event.planned
        elif isinstance(event, Started):
            self._started = event
            for name in event.operations:
                self._operations.setdefault(name, _OperationRecord())
        else:
            self._finished = event

    def summary(self, *, bodies: Path | None = None) -> RunSummary:
        """What has been told so far."""
        return RunSummary(
            started=self._started,
            finished=self._finished,
            findings=tuple(sorted(self._findings.values(), key=worst_first)),
            operations=tuple(
                record.summary(name, self._started, broken=self._broken_laws(name))
                for name, record in self._operations.items()
            ),
            phases=dict(self._phases),
            exchanges=tuple(self._exchanges),
            usual={name: value for name, (_, value) in self._usual.items()},
            bodies=bodies,
            waited=tuple(self._waited),
        )

    def _broken_laws(self, operation: str) -> Mapping[str, int]:
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
        except json_text.BadJson:
            return
        self._usual[event.operation] = (size, UsualRequest(request.fields, value))


@dataclass(slots=True)
class _OperationRecord:
    """What is counted of one operation while its exchanges come in."""

    requests: int = 0
    cases: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    intents: Counter[str] = field(default_factory=Counter)
    covers: Counter[str] = field(default_factory=Counter)
    laws: dict[str, Counter[str]] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    valid: Counter[str] = field(default_factory=Counter)
    message: str = ""

    def add(self, event: Exchanged) -> None:
        """Count one exchange."""
        exchange, response = event.exchange, event.exchange.response
        self.requests += 1
        self.seconds += exchange.seconds
        answer = str(response.status) if response is not None else exchange.fault or "no answer"
        if answer[0] != "2" or event.operation.startswith(f"{exchange.request.method} "):
            self.statuses[answer] += 1  # what HEAD is given is no success of a PUT
        self.checked |= _checked(event)
        for law, verdict in event.laws.items():  # probes judge too what compares several answers
            self.laws.setdefault(law, Counter())[verdict] += 1
        if event.purpose != "case":
            return
        self.cases += 1
        self.intents[event.intent] += 1
        if event.intent == "accepted":
            self.valid[answer] += 1
            if not self.message and answer[0] == "4" and response is not None:
                self.message = message_of(response)
        self.covers.update(event.covers)

    def summary(
        self, name: str, started: Started | None, *, broken: Mapping[str, int]
    ) -> OperationSummary:
        """What has been counted, of the operation *name*, beside what the document declares.

        *broken* are the laws that findings are about, and how often: what compares several answers
        is judged in none of them.
        """
        declared = (started.declared if started else {}).get(name, {})
        return OperationSummary(
            name=name,
            requests=self.requests,
            cases=self.cases,
            seconds=self.seconds,
            statuses=dict(sorted(self.statuses.items()))
            | {status: 0 for status in declared.get("statuses", ()) if not self._seen(status)},
            intents=dict(sorted(self.intents.items())),
            members=_exercised(
                {one: number for one, number in self.covers.items() if one[:1] in ("", "/")},
                declared.get("members", ()),
            ),
            branches=_exercised(_named(self.covers, "branch:"), declared.get("branches", ())),
            keywords=_exercised(_named(self.covers, "keyword:"), declared.get("keywords", ())),
            laws=tuple(self._laws(name, started, broken)),
            checked=frozenset(self.checked),
            valid=dict(sorted(self.valid.items())),
            message=self.message,
        )

    def _laws(
        self, name: str, started: Started | None, broken: Mapping[str, int]
    ) -> Iterator[LawSummary]:
        known = (started.laws if started else ()) if name else ()
        alone = started is not None and len(started.operations) == 1
        declared = {
            str(law["id"]): law
            for law in known
            # where it is not said whose a law is, it is theirs that judged it
            if law["id"] in self.laws or law.get("operation", name if alone else "") == name
        }
        for law_id in dict.fromkeys((*declared, *self.laws)):
            law, verdicts = declared.get(law_id, {}), self.laws.get(law_id, Counter())
            yield LawSummary(
                id=law_id,
                group=str(law.get("group", "")),
                severity=str(law.get("severity", "error")),
                says=str(law.get("says", "")),
                held=verdicts["held"],
                broken=verdicts["broken"] or broken.get(law_id, 0),
                undecided=verdicts["undecided"],
            )

    def _seen(self, status: str) -> bool:
        """Whether an answer had the declared *status*, which may be a range or `default`."""
        if status.endswith("XX"):
            return any(one[:1] == status[:1] and one.isdigit() for one in self.statuses)
        return status == "default" or status in self.statuses


def _checked(event: Exchanged) -> set[str]:
    """The groups of checks that had something to judge in one exchange."""
    groups = {check_of(violation) for violation in event.violations} | {"transport"}
    response = event.exchange.response
    if event.intent in ("accepted", "refused"):
        groups.add("requests")
    if event.intent == "unauthorized":
        groups.add("security")
    if event.phase == "resources":
        groups.add("resources")
    if event.phase == "stateful":
        groups.add("time")
    if response is not None:
        groups |= {"statuses", "headers"}
        stream = media_type.is_event_stream(response.content_type or "")
        groups.add("streams" if stream else "bodies")
    if any(verdict in ("held", "broken") for verdict in event.laws.values()):
        groups.add("laws")
    return groups


def _named(covers: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {
        one.removeprefix(prefix): number for one, number in covers.items() if one.startswith(prefix)
    }


def _exercised(counts: Mapping[str, int], declared: Sequence[str]) -> Mapping[str, int]:
    return dict(sorted({**dict.fromkeys(declared, 0), **counts}.items()))
