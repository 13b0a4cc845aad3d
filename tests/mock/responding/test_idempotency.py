"""What is sent twice under one key is done once, and answered twice."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from bundled import CONTRACT
from troth.document import document
from troth.http.exchange import Request
from troth.openapi import reader
from troth.openapi.names import is_idempotency_key
from troth_mock.reply import Reply
from troth_mock.responding.responder import Responder
from troth_mock.storage import sessions

TEXT: dict[str, Any] = {"type": "string"}
ORDER = {
    "type": "object",
    "required": ["id", "item"],
    "properties": {"id": {"type": "integer", "readOnly": True}, "item": TEXT},
}
KEY = {"name": "Idempotency-Key", "in": "header", "schema": TEXT}
ORDER_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def answer(schema: Any = None) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"description": "", **({} if schema is None else {"content": content})}


BODY = {"required": True, **{k: v for k, v in answer(ORDER).items() if k == "content"}}
PATHS: dict[str, Any] = {
    "/orders": {
        "get": {"responses": {"200": answer({"type": "array", "items": ORDER})}},
        "post": {
            "parameters": [KEY],
            "requestBody": BODY,
            "responses": {"201": answer(ORDER), "409": answer(), "422": answer()},
        },
    },
    "/orders/{id}": {
        "parameters": [ORDER_ID],
        "get": {"responses": {"200": answer(ORDER), "404": answer()}},
        "patch": {"requestBody": BODY, "responses": {"200": answer(ORDER), "404": answer()}},
        "delete": {"responses": {"204": answer(), "404": answer()}},
    },
    # nothing is kept of what it does
    "/quotes": {
        "post": {"parameters": [KEY], "requestBody": BODY, "responses": {"200": answer(ORDER)}}
    },
}
EMMA, PERSUASION = {"item": "Emma"}, {"item": "Persuasion"}


class Client:
    """Asks a mock of *paths*."""

    def __init__(self, paths: dict[str, Any] = PATHS, **options: Any):
        root = {
            "openapi": "3.1.0",
            "info": {"title": "Orders", "version": "1"},
            "security": [{"bearer": []}],
            "paths": paths,
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        }
        contract = reader.compile(document.read(json.dumps(root).encode(), name="orders.json"))
        self.responder = Responder(contract, **options)

    def reply(self, method: str, target: str, body: Any = None, **fields: str) -> Reply:
        given = {"authorization": "Bearer ada", "content-type": "application/json", **fields}
        named = tuple((name.replace("_", "-"), text) for name, text in given.items())
        data = b"" if body is None else json.dumps(body).encode()
        return self.responder.respond(Request(method, target, named, data), now=0)

    def order(self, body: Any, key: str, **fields: str) -> Reply:
        return self.reply("POST", "/orders", body, idempotency_key=key, **fields)

    def items(self) -> list[str]:
        kept = json.loads(self.reply("GET", "/orders").body or b"")
        return [one["item"] for one in kept if one["item"] in ("Emma", "Persuasion")]


def test_the_same_request_under_one_key_is_done_once_and_answered_alike() -> None:
    mock = Client()
    first, second = mock.order(EMMA, "k1"), mock.order(EMMA, "k1")
    assert (first.status, second) == (201, first)
    assert mock.items() == ["Emma"]
    # as JSON it is the same, however it is written
    named = (("Authorization", "Bearer ada"), ("Content-Type", "application/json"))
    spaced = Request("POST", "/orders", (*named, ("IDEMPOTENCY-KEY", "k1")), b'{ "item":"Emma" }')
    assert mock.responder.respond(spaced, now=99) == first
    assert mock.order(EMMA, "k2") != first
    assert mock.reply("POST", "/orders", EMMA).status == 201
    assert mock.items() == ["Emma"] * 3


def test_it_is_answered_alike_whatever_has_become_of_what_was_made() -> None:
    mock = Client()
    first = mock.order(EMMA, "k1")
    path = f"/orders/{json.loads(first.body or b'')['id']}"
    assert mock.reply("PATCH", path, PERSUASION).status == 200
    assert mock.order(EMMA, "k1") == first
    assert mock.items() == ["Persuasion"]
    assert mock.reply("DELETE", path).status == 204
    assert mock.order(EMMA, "k1") == first
    assert mock.reply("GET", path).status == 404


def test_a_key_is_its_users_its_sessions_and_its_operations_own() -> None:
    mock = Client()
    first = mock.order(EMMA, "k1")
    assert mock.order(PERSUASION, "k1", authorization="Bearer bob").status == 201
    assert mock.order(PERSUASION, "k1", troth_session="other").status == 201
    assert mock.reply("POST", "/quotes", PERSUASION, idempotency_key="k1").status == 200
    assert mock.order(EMMA, "k1") == first


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        (["422", "409", "400"], 422),
        (["409", "400"], 409),
        (["400"], 400),
        (["4XX"], 422),
        ([], 422),
    ],
)
def test_another_request_under_the_same_key_is_refused(declared: list[str], status: int) -> None:
    paths = deepcopy(PATHS)
    paths["/orders"]["post"]["responses"] = {
        "201": answer(ORDER),
        **{each: answer(TEXT) for each in declared},
    }
    mock = Client(paths)
    first = mock.order(EMMA, "k1")
    refused = mock.order(PERSUASION, "k1")
    assert refused.status == status
    assert b"another request was sent under this key" in (refused.body or b"")
    assert (mock.items(), mock.order(EMMA, "k1")) == (["Emma"], first)


def test_what_was_refused_may_be_mended_and_sent_again_under_its_key() -> None:
    mock = Client()
    assert mock.order({"item": 7}, "k1").status == 422
    assert mock.order(EMMA, "k1").status == 201


def test_an_answer_that_was_asked_for_is_given_and_not_kept() -> None:
    mock = Client()
    assert mock.order(EMMA, "k1", prefer="code=409").status == 409
    first = mock.order(EMMA, "k1")
    assert first.status == 201
    assert mock.order(EMMA, "k1", prefer="code=409").status == 409


def test_what_keeps_nothing_else_keeps_its_answer_too() -> None:
    mock = Client()
    asked = {"body": EMMA, "idempotency_key": "k1"}
    assert mock.reply("POST", "/quotes", **asked) == mock.reply("POST", "/quotes", **asked)
    other = mock.reply("POST", "/quotes", PERSUASION, idempotency_key="k1")
    assert other.status == 422


def test_keys_are_forgotten_by_a_reset_and_there_are_none_without_a_store() -> None:
    mock = Client()
    first = mock.order(EMMA, "k1")
    mock.responder.reset("")
    assert mock.order(PERSUASION, "k1").status == 201
    assert mock.items() == ["Persuasion"]
    again, plain = Client(), Client(stateless=True)
    assert again.order(EMMA, "k1") == first
    assert {plain.order(one, "k1").status for one in (EMMA, PERSUASION)} == {201}


def test_another_document_knows_nothing_of_what_was_answered_under_the_first() -> None:
    mock = Client()
    mock.order(EMMA, "k1")
    mock.responder = mock.responder.of(mock.responder.contract)
    assert mock.order(PERSUASION, "k1").status == 201
    assert mock.items() == ["Emma", "Persuasion"]


def test_the_oldest_answers_go_where_there_are_too_many(monkeypatch: Any) -> None:
    mock = Client()
    monkeypatch.setattr(sessions, "MOST_ANSWERS", 2)
    mock.order(EMMA, "k1")
    for key in ("k2", "k3"):
        mock.order(PERSUASION, key)
    # k1 is free again, and k3 is known
    assert [mock.order(PERSUASION, key).status for key in ("k3", "k1")] == [201, 201]
    assert mock.items() == ["Emma", *["Persuasion"] * 3]
    session = mock.responder.sessions()[""]
    assert session.size_of_answers == sum(one.size for one in session.answers.values())
    monkeypatch.setattr(sessions, "MOST_BYTES", 10)
    mock.reply("POST", "/quotes", EMMA, idempotency_key="k4")
    assert (session.answers, session.size_of_answers) == ({}, 0)


@pytest.mark.parametrize(
    ("name", "is_key"),
    [
        ("Idempotency-Key", True),
        ("idempotency-key", True),
        ("X-Idempotency-Key", True),
        ("Idempotent-Key", True),
        ("Idempotence-Key", True),
        ("X-Idempotency-Token", True),
        ("Acme-Idempotency-Id", True),
        ("IdempotencyKey", True),
        ("Idempotency", True),
        ("Idempotency-Replayed", False),
        ("Idempotency-Key-Expiry", False),
        ("X-Request-Id", False),
        ("API-Key", False),
    ],
)
def test_a_key_is_known_by_its_name(name: str, is_key: bool) -> None:
    assert is_idempotency_key(name) is is_key


def test_a_chat_whose_key_is_declared_is_answered_again_too() -> None:
    root = json.loads(json.dumps(CONTRACT.document.root))
    root["paths"]["/v1/chat/completions"]["post"]["parameters"] = [KEY]
    keyed = reader.compile(document.read(json.dumps(root).encode(), name="chat.json"))
    responder = Responder(keyed, clock="wall")

    def ask(text: str, now: int, *, is_stream: bool = False) -> Reply:
        body = {"model": "m", "messages": [{"role": "user", "content": text}], "stream": is_stream}
        fields = (
            ("Authorization", "Bearer any"),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", f"k{is_stream}"),
        )
        data = json.dumps(body).encode()
        return responder.respond(Request("POST", "/v1/chat/completions", fields, data), now=now)

    for is_stream in (False, True):
        first = ask("Hello", 1, is_stream=is_stream)
        assert first.status == 200
        # also the time at which it was created
        assert ask("Hello", 2, is_stream=is_stream) == first
        assert ask("Goodbye", 3, is_stream=is_stream).status in (400, 422)
