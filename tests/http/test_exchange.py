"""The values of an exchange, and how a violation reads."""

from __future__ import annotations

import dataclasses

import pytest

from troth.errors import Place
from troth.http.exchange import Exchange, Request, Response, values
from troth.violation import Violation

FIELDS = (("Set-Cookie", "a=1"), ("X-Empty", ""), ("set-cookie", "b=2"))


def test_field_names_compare_without_case_and_the_first_one_counts() -> None:
    assert Response(200, FIELDS).field("SET-COOKIE") == "a=1"
    assert values(FIELDS, "set-Cookie") == ("a=1", "b=2")


def test_an_empty_field_is_not_a_missing_one() -> None:
    response = Response(200, FIELDS)
    assert (response.field("x-empty"), response.field("x-none")) == ("", None)
    assert (response.values("x-empty"), response.values("x-none")) == (("",), ())


@pytest.mark.parametrize("kind", [Request("GET", "/", FIELDS), Response(200, FIELDS)])
def test_requests_and_responses_find_their_fields(kind: Request | Response) -> None:
    assert (kind.field("set-cookie"), kind.content_type) == ("a=1", None)
    assert kind.values("set-cookie") == ("a=1", "b=2")


def test_exchanges_are_values() -> None:
    one = Exchange(Request("GET", "/", (("A", "1"),), b"x"), Response(200))
    other = Exchange(Request("GET", "/", (("A", "1"),), b"x"), Response(200))
    assert (one, hash(one)) == (other, hash(other))
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.fault = "reset"  # type: ignore[misc]  # that it cannot be set is the test


WHOLE = Violation(
    code="response-body.required",
    operation="POST /chat",
    location="response-body",
    message="'message' is missing",
    instance_pointer="/choices/0",
    schema_pointer="/components/schemas/Choice/required",
    place=Place("api.yaml", 588, 7),
    status=200,
    content_type="application/json",
)


def test_a_violation_reads_in_three_lines() -> None:
    assert str(WHOLE) == (
        "response-body.required  POST /chat  200  application/json\n"
        "  at  /choices/0  'message' is missing\n"
        "  by  api.yaml:588:7 #/components/schemas/Choice/required"
    )


def test_what_a_violation_lacks_leaves_no_hole() -> None:
    bare = Violation("request.path-undeclared", "GET /x", "request", "there is no such path")
    assert str(bare) == "request.path-undeclared  GET /x\n  at  /  there is no such path"
    nowhere = dataclasses.replace(WHOLE, place=None, status=None, content_type=None)
    assert str(nowhere).splitlines()[::2] == [
        "response-body.required  POST /chat",
        "  by  #/components/schemas/Choice/required",
    ]


def test_two_violations_are_one_finding_when_the_rule_is_the_same() -> None:
    elsewhere = dataclasses.replace(WHOLE, instance_pointer="/choices/9", message="'x' is missing")
    assert elsewhere.key == WHOLE.key
    for change in ({"code": "response-body.type"}, {"schema_pointer": "/a"}, {"law": "a"}):
        assert dataclasses.replace(WHOLE, **change).key != WHOLE.key
