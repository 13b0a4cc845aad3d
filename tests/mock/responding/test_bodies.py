"""Answers of any document that are synthesised whole: the validator has nothing against them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from troth.document import document
from troth.http.exchange import Exchange, Request, Response
from troth.openapi.reader import compile as compiled
from troth.validation import validator
from troth_mock.responding.responder import Responder

PRICE = {"type": "object", "required": ["cents"], "properties": {"cents": {"type": "integer"}}}
EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "oneOf": [
        {
            "properties": {
                "event": {"const": "price"},
                "data": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": PRICE,
                },
            }
        },
        {"properties": {"event": {"const": "note"}, "data": {"type": "string", "minLength": 1}}},
    ],
}


def answered(content: dict[str, Any]) -> list[bytes]:
    """The bodies that the mock of a document with this content gives: no violation in any."""
    parameter = {"name": "n", "in": "query", "schema": {"type": "integer"}}
    responses = {"200": {"description": "ok", "content": content}}
    root = {
        "openapi": "3.2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/feed": {"get": {"parameters": [parameter], "responses": responses}}},
    }
    contract = compiled(document.read(json.dumps(root).encode(), name="feed.json"))
    responder = Responder(contract)
    found = []
    for number in range(20):
        request = Request("GET", f"/feed?n={number}", (), b"")
        reply = responder.respond(request, now=0)
        body = reply.body or b"" if reply.stream is None else b"".join(reply.stream.frames)
        exchange = Exchange(request, Response(reply.status, reply.fields, body))
        assert validator.validate(contract, exchange) == ()
        found.append(body)
    return found


def test_an_event_has_the_fields_that_go_with_its_data() -> None:
    bodies = answered({"text/event-stream": {"itemSchema": EVENT}})
    assert all(any(kind in body for body in bodies) for kind in (b"event: price", b"event: note"))


@pytest.mark.parametrize(
    ("kind", "before"),
    [("application/x-ndjson", b""), ("application/jsonl", b""), ("application/json-seq", b"\x1e")],
)
def test_json_texts_in_a_row_are_items_of_their_schema(kind: str, before: bytes) -> None:
    for body in answered({kind: {"itemSchema": PRICE}}):
        texts = body.split(b"\n")[:-1]
        assert len(texts) >= 2
        assert all(text.startswith(before + b'{"cents":') for text in texts)
