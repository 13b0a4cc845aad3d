"""An answer before it is sent: whether it has content, and how its events are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from troth.document import document
from troth.http.exchange import Exchange, Request, Response
from troth.loading import load
from troth.openapi import reader
from troth_mock.reply import EventFraming, Stream, framing, has_content
from troth_mock.responding.responder import Responder

EVENTS = """openapi: 3.2.0
info: {title: t, version: '1'}
paths:
  /a:
    get:
      responses:
        '200':
          description: ok
          content:
            text/event-stream:
              x-speakeasy-sse-sentinel: '[DONE]'
              itemSchema:
                type: object
                required: [data, event, id]
                properties:
                  data: {type: string}
                  event: {const: EVENT}
                  id: {const: ID}
"""


@pytest.mark.parametrize(
    ("method", "status", "has"),
    [
        ("GET", 200, True),
        ("POST", 404, True),
        ("HEAD", 200, False),
        ("GET", 103, False),
        ("GET", 204, False),
        ("GET", 205, True),
        ("GET", 304, False),
    ],
)
def test_heads_and_some_statuses_have_no_content(method: str, status: int, has: bool) -> None:
    assert has_content(method, status) is has


def test_the_sentinel_comes_last_and_carries_no_token() -> None:
    ended = EventFraming(b"data: ", b"\n\n", b"data: [DONE]\n\n", None)
    endless = EventFraming(b"data: ", b"\n\n", b"", None)
    frames = [ended.frame({"a": 1}), ended.frame([])]
    assert frames == [b'data: {"a":1}\n\n', b"data: []\n\n"]
    assert ended.stream(frames, [0, 1]) == Stream((*frames, b"data: [DONE]\n\n"), (0, 1, 0))
    assert endless.stream(frames, [0, 1]) == Stream(tuple(frames), (0, 1))


@pytest.mark.parametrize(
    ("kind", "identity", "before"),
    [
        ("told", "7", b"event: told\nid: 7\ndata: "),
        ("two\\nlines", "7", b"id: 7\ndata: "),
        ("told", "7\\0", b"event: told\ndata: "),
        ("a\\rb", "", b"data: "),
    ],
)
def test_an_event_has_the_fields_that_it_must_have_if_a_line_can_hold_them(
    kind: str, identity: str, before: bytes
) -> None:
    text = EVENTS.replace("EVENT}", f'"{kind}"}}').replace("ID}", f'"{identity}"}}')
    contract = reader.compile(document.read(text.encode(), name="api.yaml"))
    (declared,) = contract.operations[0].responses
    framed = framing(declared.content[0])
    assert (framed.before, framed.after, framed.end) == (before, b"\n\n", b"data: [DONE]\n\n")


TEXT = {"type": "string"}
FIELDS = {
    "Array": {
        "type": "array",
        "items": {"type": "string", "pattern": "^[\\s\\S]{2}$"},
        "minItems": 2,
    },
    "Object": {
        "type": "object",
        "properties": {"a": TEXT, "b": {"type": "integer"}},
        "minProperties": 1,
    },
    "Nested": {"type": "object", "required": ["o"], "properties": {"o": {"type": "object"}}},
    "Nullable": {"type": ["integer", "null"]},
    "Union": {"anyOf": [{"type": "array", "items": {"type": "integer"}}, TEXT]},
    "Text": {"type": "string", "pattern": "^[\\s\\S]{1,3}$"},
}


def test_fields_of_any_type_are_read_as_what_the_document_allows(tmp_path: Path) -> None:
    headers: dict[str, Any] = {
        f"{name}-{explode}": {"required": True, "schema": schema, "explode": explode}
        for name, schema in FIELDS.items()
        for explode in (False, True)
    }
    content = {"application/json": {"schema": FIELDS["Nested"]}}
    headers["Json"] = {"required": True, "content": content}
    cookies = {"type": "array", "minItems": 2, "items": {"pattern": "^[a-z]+=[0-9]+$"}}
    headers["Set-Cookie"] = {"required": True, "schema": cookies}
    answer = {"200": {"description": "ok", "headers": headers}}
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}
    root |= {"paths": {"/a/{n}": {"get": {"responses": answer}}}}
    (tmp_path / "d.json").write_text(json.dumps(root))
    contract = load(tmp_path / "d.json")
    responder = Responder(contract)
    for number in range(30):
        request = Request("GET", f"/a/{number}")
        reply = responder.respond(request, now=0)
        assert len(reply.fields) > len(headers)
        assert sum(name == "Set-Cookie" for name, _ in reply.fields) > 1
        response = Response(reply.status, reply.fields, reply.body or b"")
        assert contract.validate(Exchange(request, response)) == ()
