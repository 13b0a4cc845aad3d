"""A capability that a server lacks is one finding, and one law that it breaks is not that."""

from __future__ import annotations

from typing import Any

import pytest

import troth
from troth.conformance.capabilities import Tallies
from troth.conformance.findings import Ledger, counted
from troth.http.exchange import Exchange, Request
from troth.violation import Violation

LAWS = troth.load().operations[0].laws
TOOLS = [law.id for law in LAWS if law.group == "tools" and law.severity == "error"]
ONE, TWO = TOOLS[0], TOOLS[1]
MILD = next(law.id for law in LAWS if law.severity == "warning" and law.group)


def tallied(*judged: dict[str, Any], refused: int = 0) -> Tallies:
    tallies = Tallies(LAWS)
    for verdicts in judged:
        tallies.judged(verdicts)
    for _ in range(refused):
        tallies.refused((ONE,))
    return tallies


@pytest.mark.parametrize(
    ("tallies", "missing"),
    [
        (tallied(*[{ONE: "broken", TWO: "broken"}] * 3), True),
        (tallied(*[{ONE: "broken"}] * 3, refused=1), True),
        (tallied(refused=3), False),  # a refusal is told as what it is
        (tallied(*[{ONE: "broken"}] * 3), False),  # a law, not a capability
        (tallied(*[{ONE: "broken", TWO: "broken"}] * 2), False),  # too little to say so
        (tallied(*[{ONE: "broken", TWO: "broken"}] * 3, {ONE: "held"}), False),
        (tallied(*[{ONE: "broken", TWO: "held"}] * 3), False),
        (tallied({ONE: "held"}, {TWO: "broken"}, {TWO: "broken"}), False),
        (tallied(*[{ONE: "not-applicable", TWO: "undecided"}] * 9), False),
        (tallied(*[{MILD: "broken"}] * 9), False),
    ],
)
def test_a_capability_is_missing_when_it_never_held(tallies: Tallies, missing: bool) -> None:
    assert [tally.group for tally in tallies.missing()] == (["tools"] if missing else [])


def broken_law(law: str) -> Violation:
    return Violation(f"law.{law}", "POST /x", "response", f"{law} is broken", law=law)


def ledger_of(*laws: str, without: frozenset[str] = frozenset()) -> Ledger:
    ledger = Ledger(without=without)
    for law in laws:
        ledger.add(
            broken_law(law),
            case_id=law,
            about="",
            phase="examples",
            example=Exchange(Request("POST", "/x")),
            cause=frozenset(),
            again=1,
            tries=1,
        )
    return ledger


def test_the_findings_of_a_missing_capability_become_one() -> None:
    tallies = tallied(*[{ONE: "broken", TWO: "broken"}] * 3, refused=2)
    (found,) = ledger_of(ONE, TWO).findings(tallies)
    assert (found.code, found.severity, found.group) == ("capability.tools", "error", "tools")
    assert found.violation.message == f"tools: held in 0 of 5; for example, {ONE} is broken"
    assert counted([found]) == (1, 0)


def test_a_capability_that_is_declared_to_be_missing_does_not_count() -> None:
    tallies = tallied(*[{ONE: "broken", TWO: "broken"}] * 3)
    found = list(ledger_of(ONE, TWO, without=frozenset({"tools"})).findings(tallies))
    assert [(one.code, one.known) for one in found] == [("capability.tools", True)]
    assert counted(found) == (0, 0)


def test_one_broken_law_of_a_capability_is_told_as_that_law() -> None:
    tallies = tallied(*[{ONE: "broken", TWO: "held"}] * 3)
    assert [one.code for one in ledger_of(ONE).findings(tallies)] == [f"law.{ONE}"]
