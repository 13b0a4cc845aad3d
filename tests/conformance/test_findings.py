"""The findings of a run: which violations are one, how they are counted, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundled import CONTRACT
from troth.conformance.cases import Case
from troth.conformance.events import Finding, counts
from troth.conformance.findings import (
    Capabilities,
    Facets,
    Findings,
    facets,
    finding_id,
    is_causal,
    rule_of,
)
from troth.http.exchange import Exchange, Request
from troth.violation import Violation

FAILED = Violation("response.server-error", "POST /x", "response", "it failed", status=500)
BROKEN = Violation(
    "response-body.type", "POST /x", "response-body", "no", "/a", "#/a/type", status=200
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def test_a_violation_of_a_schema_is_known_by_its_rule() -> None:
    assert not is_causal(BROKEN)
    assert rule_of(BROKEN) == rule_of(replace(BROKEN, message="in other words"))
    for other in (
        replace(BROKEN, code="response-body.enum"),
        replace(BROKEN, status=400),
        replace(BROKEN, operation="GET /x"),
        replace(BROKEN, schema_pointer="#/b/type"),
    ):
        assert rule_of(other) != rule_of(BROKEN)


def test_a_failure_is_known_by_what_brought_it_about() -> None:
    assert is_causal(FAILED)
    assert is_causal(replace(FAILED, code="transport.reset"))
    assert is_causal(replace(FAILED, code="request.valid-refused"))
    assert rule_of(FAILED) == rule_of(replace(FAILED, message="again", status=502))


def test_in_a_stream_the_place_of_an_item_does_not_matter() -> None:
    one = replace(BROKEN, code="stream.type", location="stream", instance_pointer="/3/data")
    assert rule_of(one) == rule_of(replace(one, instance_pointer="/9/data"))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": None}, {"/a:None"}),
        ({"a": True}, {"/a:True"}),
        ({"a": 0}, {"/a:number", "/a:zero"}),
        ({"a": -0.5}, {"/a:number", "/a:fraction"}),
        ({"a": 2**31}, {"/a:number", "/a:beyond 2^31"}),
        ({"a": -(2**53)}, {"/a:number", "/a:beyond 2^31", "/a:beyond 2^53"}),
        ({"a": ""}, {"/a:text", "/a:empty text"}),
        ({"a": "x"}, {"/a:text"}),
        ({"a": "json_object"}, {"/a:text", "/a:=json_object"}),
        ({"a": "a\0b c"}, {"/a:text", "/a:NUL"}),
        ({"a": "\x1b b"}, {"/a:text", "/a:control character"}),
        ({"a": "\u00e9 \u05d0"}, {"/a:text", "/a:not ASCII"}),
        ({"a": "\U0001f600"}, {"/a:text", "/a:astral"}),
        ({"a": "long " * 300}, {"/a:text", "/a:long text"}),
        ({"a": []}, {"/a:array"}),
        (
            {"a": [{}, {}]},
            {"/a:array", "/a:at least 1 items", "/a:at least 2 items", "/a/*:object"},
        ),
    ],
)
def test_facets_are_what_a_request_has_beyond_the_smallest(value: object, found: set[str]) -> None:
    assert facets(value, {}) == found


@given(JSON)
def test_a_request_has_nothing_beyond_itself(value: object) -> None:
    assert facets(value, value) == frozenset()


@given(JSON, JSON)
def test_more_members_are_never_fewer_facets(value: object, other: object) -> None:
    assert facets({"a": value}, {}) <= facets({"a": value, "b": other}, {})


def test_the_id_of_a_finding_is_the_same_in_every_run() -> None:
    one = finding_id(rule_of(FAILED), frozenset({"/b:x", "/a:y"}))
    assert one == finding_id(rule_of(FAILED), frozenset({"/a:y", "/b:x"})) == "fb5e21def2"
    assert one != finding_id(rule_of(FAILED), None)
    assert finding_id(("\ud800",), None)


# -- one finding or another -----------------------------------------------------------------------

NONE = Capabilities(())


def enter(
    findings: Findings, violation: Violation, *facets: str, again: int = 1, tries: int = 1
) -> Finding:
    return findings.add(
        violation,
        Case("examples/one", "examples", "POST /x", Request("POST", "/x"), about="one"),
        example=Exchange(Request("POST", "/x", body=" ".join(facets).encode())),
        cause=frozenset(facets),
        again=again,
        tries=tries,
    )


def told(findings: Findings) -> list[Finding]:
    return findings.all(NONE)


def shown(*facets: str) -> Facets:
    return frozenset(facets)


def test_what_has_all_that_brought_a_failure_about_is_the_same_failure() -> None:
    findings = Findings()
    enter(findings, FAILED, "/tools:array")
    assert findings.count_known(FAILED, shown("/tools:array", "/n:number"))
    assert not findings.count_known(FAILED, shown("/n:number"))
    assert [one.times for one in told(findings)] == [2]


def test_a_rule_is_the_same_whatever_the_request_has() -> None:
    findings = Findings()
    enter(findings, BROKEN, "/tools:array")
    assert findings.count_known(BROKEN, shown("/n:number"))
    assert not findings.count_known(replace(BROKEN, schema_pointer="#/b/type"), shown())


def test_an_explanation_with_less_takes_the_place_of_one_with_more() -> None:
    findings = Findings()
    first = enter(findings, FAILED, "/a:x", "/b:y")
    better = enter(findings, FAILED, "/a:x")
    assert (better.id, better.times, better.example.request.body) == (first.id, 2, b"/a:x")
    assert findings.count_known(FAILED, shown("/a:x", "/c:z"))
    assert len(told(findings)) == 1


def test_other_causes_are_other_findings() -> None:
    findings = Findings()
    ids = {enter(findings, FAILED, "/a:x").id, enter(findings, FAILED, "/b:y").id}
    assert {one.id for one in told(findings)} == ids
    assert len(ids) == 2


def test_what_does_not_come_again_is_flaky_and_has_no_cause() -> None:
    findings = Findings()
    found = enter(findings, FAILED, "/a:x", again=1, tries=5)
    assert found.flaky
    assert findings.count_known(FAILED, shown("/quite:other"))
    assert errors_and_warnings(told(findings)) == (1, 0)


def test_known_findings_do_not_count() -> None:
    known = enter(Findings(), BROKEN).id
    findings = Findings(known=frozenset({known}))
    assert enter(findings, BROKEN).known
    assert errors_and_warnings(told(findings)) == (0, 0)


def test_the_worst_is_told_first() -> None:
    findings = Findings()
    mild = enter(findings, replace(BROKEN, severity="warning"))
    flaky = enter(findings, replace(BROKEN, schema_pointer="#/f"), again=1, tries=5)
    rare = enter(findings, replace(BROKEN, schema_pointer="#/r"))
    often = enter(findings, replace(BROKEN, schema_pointer="#/o"))
    findings.count_known(replace(BROKEN, schema_pointer="#/o"), shown())
    assert [one.id for one in told(findings)] == [often.id, rare.id, flaky.id, mild.id]
    assert errors_and_warnings(told(findings)) == (3, 1)


# -- capabilities ---------------------------------------------------------------------------------

LAWS = CONTRACT.operations[0].laws
TOOLS = [law.id for law in LAWS if law.group == "tools" and law.severity == "error"]
ONE, TWO = TOOLS[0], TOOLS[1]
MILD = next(law.id for law in LAWS if law.severity == "warning" and law.group)


def errors_and_warnings(findings: Sequence[Finding]) -> tuple[int, int]:
    number = counts(findings)
    return number["errors"], number["warnings"]


def counted_laws(*judged: dict[str, Any], refused: int = 0) -> Capabilities:
    capabilities = Capabilities(LAWS)
    for verdicts in judged:
        capabilities.count(verdicts)
    for _ in range(refused):
        capabilities.count_refused((ONE,))
    return capabilities


@pytest.mark.parametrize(
    ("capabilities", "missing"),
    [
        (counted_laws(*[{ONE: "broken", TWO: "broken"}] * 3), True),
        (counted_laws(*[{ONE: "broken"}] * 3, refused=1), True),
        (counted_laws(refused=3), False),  # a refusal is told as what it is
        (counted_laws(*[{ONE: "broken"}] * 3), False),  # a law, not a capability
        (counted_laws(*[{ONE: "broken", TWO: "broken"}] * 2), False),  # too little to say so
        (counted_laws(*[{ONE: "broken", TWO: "broken"}] * 3, {ONE: "held"}), False),
        (counted_laws(*[{ONE: "broken", TWO: "held"}] * 3), False),
        (counted_laws({ONE: "held"}, {TWO: "broken"}, {TWO: "broken"}), False),
        # each was broken once and kept once: none of the exchanges was right as a whole
        (counted_laws(*[{ONE: "broken", TWO: "held"}, {ONE: "held", TWO: "broken"}] * 2), False),
        (counted_laws(*[{ONE: "not-applicable", TWO: "undecided"}] * 9), False),
        (counted_laws(*[{MILD: "broken"}] * 9), False),
    ],
)
def test_a_capability_is_missing_when_it_never_held(
    capabilities: Capabilities, missing: bool
) -> None:
    assert list(capabilities.missing()) == (["tools"] if missing else [])


def broken_law(law: str) -> Violation:
    return Violation(f"law.{law}", "POST /x", "response", f"{law} is broken", law=law)


def findings_of(*laws: str, without: frozenset[str] = frozenset()) -> Findings:
    findings = Findings(without=without)
    for law in laws:
        findings.add(
            broken_law(law),
            Case(law, "examples", "POST /x", Request("POST", "/x")),
            example=Exchange(Request("POST", "/x")),
            cause=frozenset(),
            again=1,
            tries=1,
        )
    return findings


def test_the_findings_of_a_missing_capability_become_one() -> None:
    capabilities = counted_laws(*[{ONE: "broken", TWO: "broken"}] * 3, refused=2)
    (found,) = findings_of(ONE, TWO).all(capabilities)
    assert (found.code, found.severity, found.group) == ("capability.tools", "error", "tools")
    assert found.violation.message == f"tools: held in 0 of 5; for example, {ONE} is broken"
    assert errors_and_warnings([found]) == (1, 0)


def test_a_capability_that_is_declared_to_be_missing_does_not_count() -> None:
    capabilities = counted_laws(*[{ONE: "broken", TWO: "broken"}] * 3)
    found = findings_of(ONE, TWO, without=frozenset({"tools"})).all(capabilities)
    assert [(one.code, one.known) for one in found] == [("capability.tools", True)]
    assert errors_and_warnings(found) == (0, 0)


def test_one_broken_law_of_a_capability_is_told_as_that_law() -> None:
    capabilities = counted_laws(*[{ONE: "broken", TWO: "held"}] * 3)
    assert [one.code for one in findings_of(ONE).all(capabilities)] == [f"law.{ONE}"]
