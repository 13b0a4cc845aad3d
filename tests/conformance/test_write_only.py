"""What is writeOnly comes back to nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

import troth
from troth.conformance.checks import exchange_checks
from troth.http.exchange import Exchange, Request, Response

JSON = (("Content-Type", "application/json"),)
USER = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "password": {"type": "string", "writeOnly": True},
        "pin": {"type": "integer", "writeOnly": True},
    },
}


def told(sent: Any, came: Any, *, declared: Any = None, status: int = 201) -> list[tuple[str, str]]:
    schema = declared or {"type": "object", "properties": {"name": {"type": "string"}}}
    answers = {"description": "", "content": {"application/json": {"schema": schema}}}
    content = {"application/json": {"schema": USER}}
    post = {"requestBody": {"content": content}, "responses": {"201": answers, "400": answers}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "Users", "version": "1"},
        "paths": {"/users": {"post": post}},
    }
    contract = troth.load(json.dumps(root).encode(), overlays=[])
    (operation,) = contract.operations
    request = Request("POST", "/users", JSON, json.dumps(sent).encode())
    response = Response(status, JSON, json.dumps(came).encode())
    exchange = Exchange(request, response)
    expected: exchange_checks.Expectation = "accepted" if status == 201 else "refused"
    checked = exchange_checks.check(contract, exchange, operation=operation, expected=expected)
    return [(each.code, each.instance_pointer) for each in checked.violations]


WHOLE = {"name": "Ada", "password": "tulip-7", "pin": 4711}


@pytest.mark.parametrize(
    ("came", "places"),
    [
        (WHOLE, ["/password", "/pin"]),
        ({"data": [{"password": "tulip-7"}]}, ["/data/0/password"]),
        ({"name": "Ada"}, []),
        ({"password": "*****", "pin": None}, []),
        ({"password": "another", "pin": 1}, []),
        ({"greeting": "tulip-7"}, []),
    ],
)
def test_a_secret_that_an_answer_gives_as_it_was_sent_is_told(came: Any, places: list[str]) -> None:
    assert sorted(told(WHOLE, came)) == [("response-body.writeOnly", each) for each in places]


def test_what_may_be_the_same_by_chance_is_not_told() -> None:
    few = {"password": "abc", "pin": 7}
    assert told(few, few) == []


def test_what_the_answers_schema_has_too_is_given_on_purpose() -> None:
    shown = {"type": "object", "properties": {"password": {"type": "string"}}}
    assert told(WHOLE, {"password": "tulip-7"}, declared=shown) == []


def test_of_one_schema_for_both_it_is_told_once() -> None:
    assert told({"password": "tulip-7"}, {"password": "tulip-7"}, declared=USER) == [
        ("response-body.writeOnly", "/password")
    ]


def test_a_refusal_may_repeat_what_it_refuses() -> None:
    assert told(WHOLE, WHOLE, status=400) == []


def test_what_is_no_secret_may_be_told_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    text = {"type": "string", "writeOnly": True}
    members = {"mode": {"enum": ["full", "fast"], "writeOnly": True}, "owner_id": text}
    monkeypatch.setitem(USER["properties"], "mode", members["mode"])
    monkeypatch.setitem(USER["properties"], "owner_id", text)
    sent = {"mode": "full", "owner_id": "owner-17", "password": "tulip-7"}
    assert told(sent, {"job": {"mode": "full"}, "by": {"owner_id": "owner-17"}}) == []
    # a map says what stands under any name
    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    schema = {"type": "object", "properties": {"labels": labels}}
    assert told(sent, {"labels": {"password": "tulip-7"}}, declared=schema) == []
