"""Requests that make many things at once: all of them are made, told and kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

import troth
from troth.http.exchange import Exchange, Request, Response
from troth_mock.responding.responder import Responder

NEW: dict[str, Any] = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}},
}
NOTE: dict[str, Any] = {
    "type": "object",
    "required": ["id", "text"],
    "properties": {"id": {"type": "integer"}, **NEW["properties"]},
}


def body(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def answers(status: str, schema: Any = None) -> dict[str, Any]:
    return {status: {"description": "", **({} if schema is None else body(schema))}}


def many(schema: Any) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def held(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": [*members], "properties": members}


COUNTED = held(created={"type": "integer"}, failed={"type": "integer"}, notes=many(NOTE))
EITHER = {"oneOf": [NEW, many(NEW)]}
#: The ways of making many, by path: what is sent, what is answered.
WAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "/notes/bulk": (many(NEW), answers("201", many(NOTE))),
    "/notes:batchCreate": (held(notes=many(NEW)), answers("200", COUNTED)),
    "/bulk/notes": (held(items=many(NEW)), answers("201", held(items=many(NOTE)))),
    "/notes/import": (many(NEW), answers("204")),
    "/notes": (EITHER, answers("201", {"oneOf": [NOTE, many(NOTE)]})),
    "/notes/createWithList": (many(NEW), answers("200", NOTE)),
    "/notes/bulk-delete": (many(NEW), answers("200", many(NOTE))),
    "/notes/labels": (held(notes=many(NEW)), answers("200", many(NOTE))),
}


@pytest.fixture(scope="module")
def contract() -> troth.Contract:
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    read = {"responses": {**answers("200", NOTE), **answers("404")}}
    paths: dict[str, Any] = {"/notes/{id}": {"parameters": [one], "get": read}}
    for path, (sent, told) in WAYS.items():
        paths[path] = {"post": {"requestBody": {"required": True, **body(sent)}, "responses": told}}
    paths["/notes"]["get"] = {"responses": answers("200", many(NOTE))}
    info = {"title": "notes", "version": "1"}
    root = {"openapi": "3.1.0", "info": info, "paths": paths}
    return troth.load(json.dumps(root).encode(), overlays=[])


class Client:
    """Asks a mock of its own, and holds what it answers to the document."""

    def __init__(self, contract: troth.Contract) -> None:
        self.contract = contract
        self.responder = Responder(contract)

    def send(self, method: str, target: str, value: Any = None) -> Any:
        data = b"" if value is None else json.dumps(value).encode()
        fields = (("Content-Type", "application/json"),) if data else ()
        request = Request(method, target, fields, data)
        reply = self.responder.respond(request, now=0)
        answer = Response(reply.status, reply.fields, reply.body or b"")
        assert self.contract.validate(Exchange(request, answer)) == ()
        return json.loads(reply.body) if reply.body else None

    def texts(self) -> list[str]:
        return [one["text"] for one in self.send("GET", "/notes")]


@pytest.fixture
def client(contract: troth.Contract) -> Client:
    return Client(contract)


TEXTS = [{"text": text} for text in "abcde"]


def test_all_that_is_sent_is_told_in_its_order_and_kept(client: Client) -> None:
    before = client.texts()
    made = client.send("POST", "/notes/bulk", TEXTS)
    assert [one["text"] for one in made] == [*"abcde"]
    assert len({one["id"] for one in made}) == len(made)
    assert client.texts() == [*before, *"abcde"]
    assert client.send("GET", f"/notes/{made[3]['id']}") == made[3]
    assert client.send("POST", "/notes/bulk", []) == []


def test_what_is_in_an_object_is_counted_beside(client: Client) -> None:
    told = client.send("POST", "/notes:batchCreate", {"notes": TEXTS})
    assert (told["created"], told["failed"]) == (5, 0)
    assert [one["text"] for one in told["notes"]] == [*"abcde"]


def test_they_may_be_made_beside_the_collection(client: Client) -> None:
    before = client.texts()
    told = client.send("POST", "/bulk/notes", {"items": TEXTS})
    assert [one["text"] for one in told["items"]] == [*"abcde"]
    assert client.texts() == [*before, *"abcde"]


def test_what_is_not_told_is_made_all_the_same(client: Client) -> None:
    before = client.texts()
    assert client.send("POST", "/notes/import", TEXTS) is None
    assert client.send("POST", "/notes/createWithList", TEXTS[:2])["text"] == "a"
    assert client.texts() == [*before, *"abcdeab"]


def test_one_thing_or_many_are_told_as_they_were_sent(client: Client) -> None:
    made = client.send("POST", "/notes", TEXTS[:2])
    alone = client.send("POST", "/notes", TEXTS[2])
    assert [one["text"] for one in (*made, alone)] == [*"abc"]
    assert client.send("GET", f"/notes/{alone['id']}") == alone


def test_what_is_called_otherwise_makes_nothing(client: Client) -> None:
    before = client.texts()
    client.send("POST", "/notes/bulk-delete", TEXTS)
    client.send("POST", "/notes/labels", {"notes": TEXTS})
    assert client.texts() == before


def test_one_that_is_not_allowed_keeps_all_from_being_made(client: Client) -> None:
    before = client.texts()
    fields = (("Content-Type", "application/json"),)
    request = Request("POST", "/notes/bulk", fields, b'[{"text": "a"}, {"text": 1}]')
    assert client.responder.respond(request, now=0).status == 400
    assert client.texts() == before


def test_one_that_is_there_already_keeps_all_from_being_made() -> None:
    tag = held(slug={"type": "string"})
    one = {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}}
    conflict = {"409": {"description": ""}}
    paths: dict[str, Any] = {
        "/tags": {
            "get": {"responses": answers("200", many(tag))},
            "post": {"requestBody": body(tag), "responses": {**answers("201", tag), **conflict}},
        },
        "/tags/bulk": {
            "post": {
                "requestBody": body(many(tag)),
                "responses": {**answers("201", many(tag)), **conflict},
            }
        },
        "/tags/{slug}": {"parameters": [one], "get": {"responses": answers("200", tag)}},
    }
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    client = Client(troth.load(json.dumps(root).encode(), overlays=[]))
    there = client.send("GET", "/tags")
    client.send("POST", "/tags", {"slug": "old"})
    tags = [{"slug": slug} for slug in ("new", "old")]
    request = Request(
        "POST", "/tags/bulk", (("Content-Type", "application/json"),), json.dumps(tags).encode()
    )
    assert client.responder.respond(request, now=0).status == 409
    assert client.send("GET", "/tags") == [*there, {"slug": "old"}]
