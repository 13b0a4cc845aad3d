"""The findings of a run: which violations are one finding, and what all of them come to.

A schema violation names its rule.  "The server failed" does not: there the cause is what the
smallest request that shows it has beyond the minimal one, written as facets (`/tools:array`).  A
later request that has all these facets shows the same finding.

Laws with the same `group` speak of one capability.  Where the laws of a group were put to the
test several times and some law of it was broken each time, and the broken ones are more than one
and never held, the server lacks the capability: its findings become one, not forty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from troth.conformance.cases.case import Case
from troth.conformance.events import Finding, Step, Taken, worst_first
from troth.conformance.words import said_of_request
from troth.http.exchange import Exchange
from troth.laws.laws import Law, Verdict
from troth.violation import Violation

Facets = frozenset[str]

#: Findings that cost a time limit each time they are seen.
HANGS = frozenset({"transport.timeout", "transport.stalled", "transport.endless"})
#: So many exchanges must have put a capability to the test before it is said to be missing.
_ENOUGH_TRIED = 3
#: A longer text is no word that a server may know.
_LONGEST_WORD = 32
_CAUSAL = frozenset(
    {"request.valid-refused", "response.server-error", "response.unexpected-redirect"}
)
#: What is not there at all is there for no request (RFC 9110 §15.6.2).
_NOT_IMPLEMENTED = 501
#: The peculiarities of a text that are known to break servers.
_PECULIAR = (
    ("NUL", re.compile("\0")),
    ("astral", re.compile("[\U00010000-\U0010ffff]")),
    ("not ASCII", re.compile("[\x80-\uffff]")),
    ("control character", re.compile("[\x01-\x1f]")),
)


# -- rules and causes -----------------------------------------------------------------------------


def is_causal(violation: Violation) -> bool:
    """Whether *violation* names no rule of the request or answer that would tell its cause."""
    # an exception is known by where it was raised
    is_known = violation.rule is not None
    if violation.status == _NOT_IMPLEMENTED:
        return False
    return violation.code in _CAUSAL or (violation.code.startswith("transport.") and not is_known)


def rule_of(violation: Violation) -> tuple[str, ...]:
    """What makes two violations the same rule broken."""
    if violation.location == "stream" or is_causal(violation):
        return (violation.code, violation.operation, violation.schema_pointer)
    return (*violation.key, str(violation.status or ""))


def words_of(violation: Violation, exchange: Exchange) -> str:
    """What *exchange* says of the cause of *violation*, where no rule tells it."""
    return said_of_request(exchange, violation.operation) if is_causal(violation) else ""


def finding_id(rule: tuple[str, ...], cause: Facets | None) -> str:
    """A short name that is the same in every run."""
    text = "\n".join((*rule, *sorted(cause or ())))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def facets(value: Any, minimal: Any) -> Facets:
    """What *value* has and *minimal* has not."""
    return frozenset(_facets(value, "")) - frozenset(_facets(minimal, ""))


def _facets(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{at}:object"
        for name, item in value.items():
            yield from _facets(item, f"{at}/{name}")
    elif isinstance(value, list):
        yield f"{at}:array"
        yield from (f"{at}:at least {count} items" for count in (1, 2, 3) if len(value) >= count)
        for item in value:
            yield from _facets(item, f"{at}/*")
    elif isinstance(value, bool) or value is None:
        yield f"{at}:{value}"
    elif isinstance(value, str):
        yield f"{at}:text"
        yield from (f"{at}:{word}" for word in _facets_of_text(value))
    else:
        yield f"{at}:number"
        if isinstance(value, float):
            yield f"{at}:fraction"
        if value == 0:
            yield f"{at}:zero"
        yield from (f"{at}:beyond 2^{bits}" for bits in (31, 53, 63) if abs(value) >= 2**bits)


def _facets_of_text(text: str) -> Iterator[str]:
    if not text:
        yield "empty text"
    yield from (word for word, pattern in _PECULIAR if pattern.search(text))
    if len(text) > 1000:
        yield "long text"
    # a text of one letter is what shrinking leaves of one that does not matter
    if 1 < len(text) <= _LONGEST_WORD and text.replace("_", "").replace("-", "").isalnum():
        yield f"={text}"


# -- capabilities ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Capability:
    """How one group of laws fared: it *applied* in so many exchanges, and all laws *held* in some.

    *broken* and *kept* are the laws that were broken, and that held, at least once; *refused*
    counts valid requests that were built for the group and refused.
    """

    group: str
    applied: int = 0
    held: int = 0
    refused: int = 0
    broken: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    @property
    def tried(self) -> int:
        """How many exchanges put it to the test."""
        return self.applied + self.refused

    @property
    def is_missing(self) -> bool:
        """Whether the capability as a whole never held."""
        if self.held or self.tried < _ENOUGH_TRIED or self.broken & self.kept:
            return False
        return len(self.broken) + (1 if self.refused else 0) > 1


class Capabilities:
    """How all groups of laws fared that are errors when broken."""

    def __init__(self, laws: Iterable[Law]) -> None:
        self._group = {law.id: law.group for law in laws if law.group and law.severity == "error"}
        self._by_group = {group: Capability(group) for group in self._group.values()}

    def group_of(self, law_id: str | None) -> str | None:
        """The group of the law *law_id*, if it is in one that counts."""
        return self._group.get(law_id) if law_id else None

    def count(self, verdicts: Mapping[str, Verdict]) -> None:
        """Count one exchange by the verdicts of its laws."""
        by_group: dict[str, dict[str, Verdict]] = {}
        for law_id, verdict in verdicts.items():
            group = self._group.get(law_id)
            if group is not None and verdict in ("held", "broken"):
                by_group.setdefault(group, {})[law_id] = verdict
        for group, decided in by_group.items():
            capability = self._by_group[group]
            broken = {law_id for law_id, verdict in decided.items() if verdict == "broken"}
            capability.applied += 1
            capability.held += not broken
            capability.broken |= broken
            capability.kept |= decided.keys() - broken

    def count_refused(self, law_ids: Iterable[str]) -> None:
        """Count one refusal of a valid request that was built to put these laws to the test."""
        for group in {self._group[law_id] for law_id in law_ids if law_id in self._group}:
            self._by_group[group].refused += 1

    def missing(self) -> dict[str, Capability]:
        """The capabilities that never held, by group."""
        return {group: one for group, one in self._by_group.items() if one.is_missing}


# -- the findings of a run ------------------------------------------------------------------------


@dataclass(slots=True)
class _Explained:
    """A finding as far as it is known, with the rule that it breaks and what brings it about.

    *words* are what the answer says of the request, if it does.
    """

    rule: tuple[str, ...]
    cause: Facets | None
    finding: Finding
    words: str = ""


class Findings:
    """The findings of a run as they come in: one per rule or cause.

    *known* are the ids that the user's baseline accepts, *without* the capabilities that the
    server is known to lack.
    """

    def __init__(
        self, *, known: frozenset[str] = frozenset(), without: frozenset[str] = frozenset()
    ) -> None:
        self._known = known
        self._without = without
        self._entries: list[_Explained] = []

    def count_known(
        self, violation: Violation, shown: Facets, exchange: Exchange | None = None
    ) -> bool:
        """Count *violation* with the finding that it shows again; False: it is a new one.

        *shown* are the facets of the request that showed it, in *exchange*.
        """
        rule = rule_of(violation)
        words = words_of(violation, exchange) if exchange is not None else ""
        for entry in self._entries:
            is_explained = entry.cause is None or entry.cause <= shown
            if entry.rule == rule and (is_explained or (words and entry.words == words)):
                entry.finding = replace(entry.finding, times=entry.finding.times + 1)
                return True
        return False

    def add(
        self,
        violation: Violation,
        case: Case,
        *,
        example: Exchange,
        cause: Facets,
        again: int,
        tries: int,
        steps: tuple[Step, ...] = (),
        taken: tuple[Taken, ...] = (),
    ) -> Finding:
        """Enter a new finding, or the better explanation of one that there is."""
        rule = rule_of(violation)
        # what came once and not again has no cause that could be named
        kept = None if not is_causal(violation) else cause if again == tries else frozenset()
        wider = self._explained_with_more(rule, kept)
        if wider is not None:
            wider.cause = kept
            wider.finding = replace(
                wider.finding, times=wider.finding.times + 1, example=example, violation=violation
            )
            return wider.finding
        identity = finding_id(rule, kept)
        finding = Finding(
            id=identity,
            severity=violation.severity,
            violation=violation,
            case_id=case.id,
            about=case.about,
            example=example,
            again=again,
            tries=tries,
            known=identity in self._known,
            phase=case.phase,
            steps=steps,
            taken=taken,
        )
        self._entries.append(_Explained(rule, kept, finding, words_of(violation, example)))
        return finding

    def _explained_with_more(
        self, rule: tuple[str, ...], cause: Facets | None
    ) -> _Explained | None:
        """The finding that *cause* explains with less than it took until now."""
        for entry in self._entries:
            if entry.rule == rule and cause is not None and entry.cause and cause < entry.cause:
                return entry
        return None

    def all(self, capabilities: Capabilities) -> list[Finding]:
        """All findings, worst first; those of a capability that never held as one."""
        missing = capabilities.missing()
        merged: dict[str, list[Finding]] = {}
        findings: list[Finding] = []
        for entry in self._entries:
            group = capabilities.group_of(entry.finding.violation.law)
            if group is not None and group in missing:
                merged.setdefault(group, []).append(entry.finding)
            else:
                findings.append(self._declared(entry.finding, group))
        for group, parts in merged.items():
            findings.append(self._declared(self._missing(missing[group], parts), group))
        return sorted(findings, key=worst_first)

    def _missing(self, capability: Capability, parts: list[Finding]) -> Finding:
        """The one finding that *parts*, about a capability that never held, come to."""
        first, group = parts[0], capability.group
        message = (
            f"{group.replace('-', ' ')}: held in 0 of {capability.tried}; "
            f"for example, {first.violation.message}"
        )
        identity = finding_id(("capability", first.violation.operation, group), None)
        return replace(
            first,
            id=identity,
            severity="error",
            violation=replace(
                first.violation,
                code=f"capability.{group}",
                severity="error",
                law=None,
                message=message,
            ),
            times=sum(finding.times for finding in parts),
            group=group,
            known=identity in self._known,
        )

    def _declared(self, finding: Finding, group: str | None) -> Finding:
        if group in self._without and not finding.known:
            return replace(finding, known=True, group=group)
        return finding
