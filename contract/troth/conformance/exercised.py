"""What a run did to one operation: counted from its exchanges, for the account of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from troth.conformance.events import Exchanged, Started
from troth.http import media_type
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
    "time": "answers stay right over time",
}
_BY_PREFIX = {
    "request": "requests",
    "request-body": "requests",
    "request-path": "requests",
    "request-query": "requests",
    "request-header": "requests",
    "request-cookie": "requests",
    "request-security": "security",
    "security": "security",
    "response": "statuses",
    "response-header": "headers",
    "response-body": "bodies",
    "stream": "streams",
    "law": "laws",
    "capability": "laws",
    "transport": "transport",
}


def check_of(violation: Violation) -> str:
    """The group of checks (one of CHECKS) that *violation* belongs to."""
    if violation.law:
        return "laws"
    return _BY_PREFIX.get(violation.code.partition(".")[0], "time")


@dataclass(frozen=True, slots=True)
class LawAccount:
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
class OperationAccount:
    """What was done to one operation.

    *statuses* counts answers by status, and by fault where there was none; *intents* the cases by
    what was expected of them.  *members*, *branches* and *keywords* count the cases that exercised
    each; what the document declares and nothing exercised is there with 0.  *checked* are the
    groups of checks that had something to judge.
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
    laws: tuple[LawAccount, ...] = ()
    checked: frozenset[str] = frozenset()


@dataclass(slots=True)
class Tally:
    """What is counted of one operation while its exchanges come in."""

    requests: int = 0
    cases: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    intents: Counter[str] = field(default_factory=Counter)
    covers: Counter[str] = field(default_factory=Counter)
    laws: dict[str, Counter[str]] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)

    def add(self, event: Exchanged) -> None:
        """Count one exchange."""
        exchange, response = event.exchange, event.exchange.response
        self.requests += 1
        self.seconds += exchange.seconds
        self.statuses[
            str(response.status) if response is not None else exchange.fault or "no answer"
        ] += 1
        self.checked |= _checked(event)
        for law, verdict in event.laws.items():  # probes judge too what compares several answers
            self.laws.setdefault(law, Counter())[verdict] += 1
        if event.purpose != "case":
            return
        self.cases += 1
        self.intents[event.intent] += 1
        self.covers.update(event.covers)

    def account(
        self, name: str, started: Started | None, *, found: Mapping[str, int]
    ) -> OperationAccount:
        """What has been counted, of the operation *name*, beside what the document declares.

        *found* are the laws that findings are about, and how often: what compares several answers
        is judged in none of them.
        """
        declared = (started.declared if started else {}).get(name, {})
        return OperationAccount(
            name=name,
            requests=self.requests,
            cases=self.cases,
            seconds=self.seconds,
            statuses=dict(sorted(self.statuses.items()))
            | {status: 0 for status in declared.get("statuses", ()) if not self._seen(status)},
            intents=dict(sorted(self.intents.items())),
            members=_counted(
                {one: number for one, number in self.covers.items() if one[:1] in ("", "/")},
                declared.get("members", ()),
            ),
            branches=_counted(_named(self.covers, "branch:"), declared.get("branches", ())),
            keywords=_counted(_named(self.covers, "keyword:"), declared.get("keywords", ())),
            laws=tuple(self._laws(name, started, found)),
            checked=frozenset(self.checked),
        )

    def _laws(
        self, name: str, started: Started | None, found: Mapping[str, int]
    ) -> Iterator[LawAccount]:
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
            yield LawAccount(
                id=law_id,
                group=str(law.get("group", "")),
                severity=str(law.get("severity", "error")),
                says=str(law.get("says", "")),
                held=verdicts["held"],
                broken=verdicts["broken"] or found.get(law_id, 0),
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
    if event.phase == "stateful":
        groups.add("time")
    if response is not None:
        groups |= {"statuses", "headers"}
        stream = media_type.essence(response.content_type or "") == "text/event-stream"
        groups.add("streams" if stream else "bodies")
    if any(verdict in ("held", "broken") for verdict in event.laws.values()):
        groups.add("laws")
    return groups


def _named(covers: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {
        one.removeprefix(prefix): number for one, number in covers.items() if one.startswith(prefix)
    }


def _counted(exercised: Mapping[str, int], declared: Sequence[str]) -> Mapping[str, int]:
    return dict(sorted({**dict.fromkeys(declared, 0), **exercised}.items()))
