"""Laws between two operations: an exchange of one is held to an earlier one of the other.

Both are of one thing where the parameters that their paths share are alike; what else makes them a
pair, the law itself says (`when`).  Nothing is said where anything may have changed between them:
another change of what the later one addresses, of what is below it, or of all that is above.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from troth.conformance.selection import SAFE_METHODS
from troth.http.exchange import Exchange
from troth.laws.laws import Law, Verdict, verdict
from troth.openapi.contract import Contract
from troth.openapi.operation import Match
from troth.validation.responses import facts_of
from troth.violation import Violation

#: So many exchanges of an operation are remembered, and so many changes of anything.
_KEPT = 64
_CHANGES = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Noted:
    """One exchange of a run, in its order."""

    number: int
    exchange: Exchange
    match: Match
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> tuple[str, ...]:
        """The segments that it addresses."""
        return _segments(self.exchange.request.target)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What *law* says of an exchange and the *earlier* one that it was held to."""

    law: Law
    verdict: Verdict
    earlier: Noted

    def violation(self, exchange: Exchange) -> Violation:
        """The violation that it is, if the law is broken."""
        law, response = self.law, exchange.response
        return Violation(
            code=f"law.{law.id}",
            operation=law.after or "",
            location="response",
            message=f"{law.message} (the document says: {law.says!r})",
            schema_pointer=law.pointer,
            place=law.place,
            severity=law.severity,
            status=response.status if response else None,
            content_type=response.content_type if response else None,
            law=law.id,
        )


class LawsBetween:
    """The laws between operations of *contract*, and the exchanges of a run that they speak of."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._laws = contract.laws
        self._ends = {name for law in self._laws for name in (law.before, law.after)}
        self._kept: dict[str, deque[Noted]] = {}
        self._changes: deque[tuple[int, str, tuple[str, ...]]] = deque(maxlen=_CHANGES)
        self._number = 0

    def note(self, exchange: Exchange) -> Noted | None:
        """Remember *exchange*; None where no law speaks of it."""
        if not self._laws:
            return None
        self._number += 1
        request, response = exchange.request, exchange.response
        refused = response is not None and 400 <= response.status < 500
        if request.method not in SAFE_METHODS and not refused:
            self._changes.append((self._number, request.method, _segments(request.target)))
        match = self._contract.find_match(request)
        if match is None or response is None or exchange.fault:
            return None
        if match.operation.name not in self._ends:
            return None
        facts = facts_of(match, request, response)
        noted = Noted(self._number, exchange, match, facts)
        self._kept.setdefault(match.operation.name, deque(maxlen=_KEPT)).append(noted)
        return noted

    def judge(self, later: Noted) -> Iterator[Judged]:
        """The verdicts on *later*, which was noted, each with what it was held to."""
        for law in self._laws:
            if law.after != later.match.operation.name:
                continue
            for earlier in reversed(self._kept.get(law.before or "", ())):
                if earlier.number >= later.number or not _share(earlier, later):
                    continue
                if self._has_changed(earlier, later):
                    break
                found = _verdict(law, earlier, later)
                if found != "inapplicable":
                    yield Judged(law, found, earlier)
                    break

    def _has_changed(self, earlier: Noted, later: Noted) -> bool:
        """Whether what *later* addresses may be another thing than it was after *earlier*."""
        here = later.path
        for number, method, path in self._changes:
            if not earlier.number < number < later.number:
                continue
            shorter = min(len(path), len(here))
            # to create something above changes nothing of what is below
            if path[:shorter] == here[:shorter] and (len(path) >= len(here) or method != "POST"):
                return True
        return False


def _verdict(law: Law, earlier: Noted, later: Noted) -> Verdict:
    members = law.scope.members.get("before", frozenset())
    if earlier.facts["status"] // 100 != 2 and "status" not in members:
        return "inapplicable"
    return verdict(law, {**later.facts, "before": earlier.facts})


def _share(one: Noted, other: Noted) -> bool:
    """Whether the parameters that both paths have are alike."""
    mine, others = one.match.path_parameters, other.match.path_parameters
    return all(others.get(name, value) == value for name, value in mine.items())


def _segments(target: str) -> tuple[str, ...]:
    return tuple(target.partition("?")[0].strip("/").split("/"))
