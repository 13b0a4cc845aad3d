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

TICKS = 'event: tick\ndata: {"n":1}\n\ndata: two\n\n'
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
        "components": {"examples": {"ticks": {"value": TICKS}}},
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


def test_an_example_is_answered_without_what_is_writeonly() -> None:
    secret = {"type": "string", "writeOnly": True}
    user = {"properties": {"name": {"type": "string"}, "secret": secret}}
    shown = [{"name": "Ada", "secret": "s"}, {"name": "Bob"}]
    content = {"schema": {"type": "array", "items": user}, "example": shown}
    (body,) = set(answered({"application/json": content}))
    assert json.loads(body) == [{"name": "Ada"}, {"name": "Bob"}]


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


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ({"example": TICKS}, TICKS),
        ({"example": TICKS.rstrip()}, TICKS),
        ({"example": "a word"}, "data: a word\n\n"),
        ({"example": {"n": 1}}, 'data: {"n":1}\n\n'),
        ({"example": {"event": "tick", "data": {"n": 1}}}, 'event: tick\ndata: {"n":1}\n\n'),
        ({"example": [{"n": 1}, {"data": "x", "id": "7"}]}, 'data: {"n":1}\n\nid: 7\ndata: x\n\n'),
        ({"examples": {"a": {"serializedValue": TICKS}}}, TICKS),
        ({"examples": {"a": {"dataValue": [{"data": "x"}]}}}, "data: x\n\n"),
        ({"examples": {"a": {"$ref": "#/components/examples/ticks"}}}, TICKS),
        ({"examples": {"a": {"externalValue": "https://example.com/ticks"}}}, "data: {}\n\n"),
        ({}, "data: {}\n\n"),
        (
            {"example": "data: x\n\ndata: END\n\n", "x-speakeasy-sse-sentinel": "END"},
            "data: x\n\ndata: END\n\n",
        ),
    ],
)
def test_an_event_stream_is_the_example_of_the_document(media: Any, expected: str) -> None:
    assert set(answered({"text/event-stream": media})) == {expected.encode()}


def test_an_example_whose_events_do_not_conform_is_not_sent() -> None:
    schema = {"type": "object", "required": ["event"], "properties": {"event": {"const": "tick"}}}
    for body in answered({"text/event-stream": {"itemSchema": schema, "example": "data: x\n\n"}}):
        assert body.startswith(b"event: tick\n")


@pytest.mark.parametrize("kind", ["text/event-stream", "application/jsonl"])
def test_a_schema_says_of_what_the_items_of_a_sequence_are(kind: str) -> None:
    rows = answered({kind: {"schema": {"type": "array", "items": PRICE, "minItems": 2}}})
    for body in rows:
        texts = [line.removeprefix(b"data: ") for line in body.split(b"\n") if line]
        assert len(texts) >= 2
        assert all(json.loads(text).keys() == {"cents"} for text in texts)


def test_each_event_is_of_a_schema_that_is_no_array() -> None:
    for body in answered({"text/event-stream": {"schema": PRICE}}):
        events = body.removesuffix(b"\n\n").split(b"\n\n")
        assert 2 <= len(events) <= 5
        assert all(event.startswith(b'data: {"cents":') for event in events)
    words = answered({"text/event-stream": {"schema": {"type": "string"}}})
    assert not any(b'"' in body for body in words)


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ({"example": '{"cents":5}'}, b'{"cents":5}'),
        ({"examples": {"a": {"serializedValue": '{ "cents": 5 }'}}}, b'{ "cents": 5 }'),
        (
            {"examples": {"a": {"value": {"cents": "x"}}, "b": {"value": {"cents": 6}}}},
            b'{"cents":6}',
        ),
    ],
)
def test_the_example_that_conforms_is_the_answer(media: Any, expected: bytes) -> None:
    assert set(answered({"application/json": {"schema": PRICE, **media}})) == {expected}


def declaring(responses: Any, method: str = "get") -> Responder:
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/it": {method: {"responses": responses}}},
        "components": {"examples": {"shared": {"value": {"cents": 8}}}},
    }
    return Responder(compiled(document.read(json.dumps(root).encode(), name="it.json")))


def asked(responder: Responder, method: str = "GET", **fields: str) -> tuple[int, Any, bytes]:
    request = Request(method, "/it", tuple(fields.items()), b"")
    reply = responder.respond(request, now=0)
    exchange = Exchange(request, Response(reply.status, reply.fields, reply.body or b""))
    if reply.status != 400:
        assert validator.validate(responder.contract, exchange) == ()
    return reply.status, dict(reply.fields), reply.body or b""


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308", "3XX", "3xx"])
def test_a_redirection_says_where_to(status: str) -> None:
    for headers in ({}, {"Location": {"schema": {"type": "string", "format": "uri"}}}):
        code, fields, body = asked(declaring({status: {"description": "", "headers": headers}}))
        assert code == (302 if status.lower() == "3xx" else int(status))
        assert fields["Location"].startswith("https://example.com/")
        assert body == b""


@pytest.mark.parametrize("status", ["404", "4XX", "503"])
def test_what_declares_failures_only_fails(status: str) -> None:
    error = {"type": "object", "required": ["message"], "properties": {"message": {}}}
    content = {"application/json": {"schema": error}}
    code, _, body = asked(declaring({status: {"description": "", "content": content}}))
    assert str(code)[0] == status[0]
    assert "no other answer" in json.loads(body)["message"]


@pytest.mark.parametrize("status", ["204", "205", "304"])
def test_what_has_no_content_has_none_whatever_the_document_declares(status: str) -> None:
    content = {"application/json": {"schema": PRICE}}
    code, _, body = asked(declaring({status: {"description": "", "content": content}}))
    assert (code, body) == (int(status), b"")


@pytest.mark.parametrize("responses", [["2XX"], ["2xx"], ["default"], []])
def test_what_declares_no_status_of_its_own_is_well(responses: Any) -> None:
    declared = {status: {"description": ""} for status in responses}
    responder = declaring(declared)
    assert asked(responder)[0] == 200


def test_head_is_answered_as_it_is_declared() -> None:
    assert asked(declaring({"200": {"description": ""}}, "head"), "HEAD")[0] == 200


def test_a_preferred_example_is_found_by_its_own_name_and_by_reference() -> None:
    media = {
        "schema": PRICE,
        "examples": {
            "cheap": {"$ref": "#/components/examples/shared"},
            "dear": {"value": {"cents": 9}},
        },
    }
    content = {"application/json": media}
    responder = declaring({"200": {"description": "", "content": content}})
    assert asked(responder, Prefer="example=cheap")[2] == b'{"cents":8}'
    assert asked(responder, Prefer="example=dear")[2] == b'{"cents":9}'
    status, _, body = asked(responder, Prefer="example=free")
    assert status == 400
    assert b"it has cheap, dear" in body
    status, _, body = asked(responder, Prefer="code=404")
    assert status == 400
    assert b"it declares 200" in body


def test_a_field_is_the_example_of_the_document() -> None:
    number = {"type": "integer"}
    headers = {
        "X-Count": {"schema": number, "example": 7},
        "X-Wrong": {"schema": number, "required": True, "examples": {"a": {"value": "x"}}},
        "X-Named": {"schema": number, "examples": {"a": {"value": 8}, "b": {"value": 9}}},
        "X-Split": {"schema": {"type": "string"}, "example": "a\nb"},
        "X-Written": {"schema": number, "examples": {"a": {"serializedValue": "10"}}},
        "X-Other": {"schema": number},
        "X-Json": {"content": {"application/json": {"example": {"a": 1}}}, "required": True},
    }
    _, fields, _ = asked(declaring({"200": {"description": "", "headers": headers}}))
    assert int(fields.pop("X-Wrong")) >= 0
    assert "\n" not in fields.pop("X-Split")
    assert fields == {"X-Count": "7", "X-Named": "8", "X-Written": "10", "X-Json": '{"a":1}'}
