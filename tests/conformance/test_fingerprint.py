"""Which violations are one finding: the rule that was broken, or what the request has in common."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.conformance.fingerprint import facets, finding_id, is_causal, rule_of
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
