"""Answers in every media type: never JSON by another name, and read as what they are."""

from __future__ import annotations

import csv
import gzip
import io
import json
import urllib.error
import urllib.request
import zlib
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from troth.document import document
from troth.generation.files import FILES
from troth.generation.request_writer import assemble
from troth.http.exchange import Exchange, Request, Response
from troth.openapi.reader import compile as compiled
from troth.validation import validator
from troth_mock.reply import Reply
from troth_mock.responding.responder import Responder
from troth_mock.server.announcement import first_request
from troth_mock.server.serving import serving

BYTES = {"type": "string", "format": "binary"}
COUNT = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
}
PET = {
    "type": "object",
    "xml": {"name": "pet"},
    "required": ["id", "tags"],
    "properties": {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "tags": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "xml": {"name": "tag"}},
            "xml": {"wrapped": True},
        },
    },
}


def answer(
    content: dict[str, Any], *, accept: str = "", headers: dict[str, Any] | None = None
) -> Reply:
    """What the mock answers: no violation in it."""
    response = {"description": "ok", "content": content, "headers": headers or {}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": {"responses": {"200": response}}}},
    }
    contract = compiled(document.read(json.dumps(root).encode(), name="a.json"))
    request = Request("GET", "/a", (("Accept", accept),) if accept else ())
    reply = Responder(contract).respond(request, now=0)
    if reply.status == 200:
        body = reply.body or b"" if reply.stream is None else b"".join(reply.stream.frames)
        exchange = Exchange(request, Response(reply.status, reply.fields, body))
        assert validator.validate(contract, exchange) == ()
    return reply


def body_of(content: dict[str, Any], **more: Any) -> bytes:
    reply = answer(content, **more)
    assert reply.fields[0][1].partition(";")[0] in content
    return reply.body or b""


def test_xml_is_xml() -> None:
    root = ElementTree.fromstring(body_of({"application/xml": {"schema": PET}}))
    assert (root.tag, root.attrib["id"].isdigit()) == ("pet", True)
    tags = root.find("tags")
    assert tags is not None
    assert {child.tag for child in tags} == {"tag"}


def test_csv_has_a_header_and_a_row_for_each_object() -> None:
    schema = {"type": "array", "minItems": 2, "items": COUNT}
    rows = list(csv.DictReader(io.StringIO(body_of({"text/csv": {"schema": schema}}).decode())))
    assert len(rows) >= 2
    assert all(row["a"].lstrip("-").isdigit() for row in rows)


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("application/x-www-form-urlencoded", b"a="),
        ("application/yaml", b"a: "),
        ("text/plain", b"a: "),
        ("multipart/form-data", b"--"),
    ],
)
def test_an_object_is_written_as_its_media_type_has_it(kind: str, start: bytes) -> None:
    assert body_of({kind: {"schema": COUNT}}).startswith(start)


def test_html_is_a_page_where_that_is_allowed() -> None:
    assert body_of({"text/html": {"schema": {"type": "string"}}}).startswith(b"<!DOCTYPE html>")
    short = {"type": "string", "maxLength": 8}
    assert b"<" not in body_of({"text/html": {"schema": short}})


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("schema", [{"schema": BYTES}, {"schema": {}}, {}])
def test_bytes_are_a_file_of_their_type(kind: str, schema: dict[str, Any]) -> None:
    assert body_of({kind: schema}) == FILES[kind]


def test_a_file_that_cannot_be_made_comes_after_an_example_and_another_type() -> None:
    alone = answer({"image/tiff": {"schema": BYTES | {"minLength": 12}}})
    assert (alone.status, alone.fields) == (200, (("Content-Type", "image/tiff"),))
    assert len(alone.body or b"") >= 12
    assert body_of({"image/tiff": {"schema": BYTES, "example": "II*\0"}}) == b"II*\0"
    two = {"image/tiff": {"schema": BYTES}, "application/json": {"schema": COUNT}}
    assert answer(two).fields[0] == ("Content-Type", "application/json")
    assert answer(two, accept="image/tiff").fields[0] == ("Content-Type", "image/tiff")
    table = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert answer({"application/msgpack": {"schema": table}}).status == 406


@pytest.mark.parametrize("kind", ["epub+zip", "vnd.oasis.opendocument.text", "java-archive"])
def test_an_archive_can_be_opened(kind: str) -> None:
    body = body_of({f"application/{kind}": {"schema": BYTES}})
    assert body.startswith(b"PK") is (kind != "java-archive")


def test_of_a_range_the_type_answers_of_which_there_is_a_file() -> None:
    reply = answer({"image/*": {"schema": BYTES}}, accept="image/avif,image/webp,*/*;q=0.8")
    assert reply.fields[0] == ("Content-Type", "image/webp")
    assert reply.body == FILES["image/webp"]


def test_a_text_comes_after_what_can_be_an_object_unless_it_is_asked_for() -> None:
    content = {kind: {"schema": COUNT} for kind in ("text/plain", "application/json")}
    assert answer(content).fields[0] == ("Content-Type", "application/json")
    assert answer(content, accept="text/plain").fields[0] == ("Content-Type", "text/plain")


def test_an_example_may_be_written_out() -> None:
    shown = '<pet id="7"><tags><tag>x</tag></tags></pet>'
    assert body_of({"application/xml": {"schema": PET, "example": shown}}) == shown.encode()
    wrong = '<pet id="x"/>'
    assert body_of({"application/xml": {"schema": PET, "example": wrong}}) != wrong.encode()


def test_a_text_is_in_the_charset_that_is_declared() -> None:
    reply = answer({"text/plain; charset=utf-16": {"schema": {"type": "string", "const": "é"}}})
    assert reply.fields == (("Content-Type", "text/plain; charset=utf-16"),)
    assert (reply.body or b"").decode("utf-16") == "é"


def coding(**schema: Any) -> dict[str, Any]:
    return {"Content-Encoding": {"required": True, "schema": {"type": "string", **schema}}}


@pytest.mark.parametrize(
    ("schema", "name"), [({}, "gzip"), ({"enum": ["br", "deflate"]}, "deflate")]
)
def test_a_coding_that_is_promised_is_put_on(schema: dict[str, Any], name: str) -> None:
    content = {"application/json": {"schema": COUNT}}
    reply = answer(content, headers=coding(**schema))
    assert dict(reply.fields)["Content-Encoding"] == name
    undo = gzip.decompress if name == "gzip" else zlib.decompress
    assert set(json.loads(undo(reply.body or b""))) >= {"a"}


def test_brotli_is_put_on_where_nothing_else_is_allowed() -> None:
    content = {"text/plain": {"schema": {"type": "string", "const": "hello"}}}
    reply = answer(content, headers=coding(enum=["br"]))
    assert dict(reply.fields)["Content-Encoding"] == "br"
    assert reply.body == b"\x0c\x20\x00\x08hello\x03"


def test_a_stream_is_coded_piece_by_piece() -> None:
    content = {"text/event-stream": {"itemSchema": {"properties": {"data": {"const": "x"}}}}}
    reply = answer(content, headers=coding())
    assert reply.stream is not None
    unpacker: Any = zlib.decompressobj(wbits=31)
    pieces = [unpacker.decompress(frame) for frame in reply.stream.frames]
    assert len(pieces) == len(reply.stream.tokens)
    assert all(piece.endswith(b"\n\n") for piece in pieces[:-1])
    assert (pieces[-1], unpacker.eof) == (b"", True)


def test_a_coding_that_is_not_known_is_neither_told_nor_put_on() -> None:
    content = {"application/json": {"schema": COUNT}}
    response = {"description": "ok", "content": content, "headers": coding(enum=["compress"])}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": {"responses": {"200": response}}}},
    }
    contract = compiled(document.read(json.dumps(root).encode(), name="a.json"))
    reply = Responder(contract).respond(Request("GET", "/a"), now=0)
    assert reply.fields == (("Content-Type", "application/json"),)
    assert set(json.loads(reply.body or b"")) >= {"a"}


def posted(kind: str, body: bytes, *, key: str = "", required: bool = False) -> Reply:
    """What the mock answers to a thing that is posted: the thing."""
    media = {key or kind.partition(";")[0]: {"schema": COUNT}}
    created = {"description": "ok", "content": {"application/json": {"schema": COUNT}}}
    operation = {
        "requestBody": {"required": required, "content": media},
        "responses": {"201": created, "400": {"description": "bad"}},
    }
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/things": {"post": operation}},
    }
    contract = compiled(document.read(json.dumps(root).encode(), name="a.json"))
    request = Request("POST", "/things", (("Content-Type", kind),), body)
    return Responder(contract).respond(request, now=0)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"a=7&b=x"),
        ("application/xml", b"<thing><b>x</b><a>7</a></thing>"),
        (
            "multipart/form-data; boundary=q",
            b'--q\r\nContent-Disposition: form-data; name="a"\r\n\r\n7\r\n'
            b'--q\r\nContent-Disposition: form-data; name="b"\r\n\r\nx\r\n--q--\r\n',
        ),
    ],
)
def test_what_a_form_or_xml_says_comes_back_and_its_spelling_changes_nothing(
    kind: str, body: bytes
) -> None:
    reply = posted(kind, body, required=True)
    assert json.loads(reply.body or b"") == {"a": 7, "b": "x"}
    if b"--q" in body:
        other = posted(kind.replace("q", "another"), body.replace(b"--q", b"--another"))
        assert other == posted(kind, body)


def test_an_optional_body_may_be_empty_whatever_its_type() -> None:
    for kind in ("application/json", "application/xml", "text/undeclared"):
        assert posted(kind, b"", key="application/json").status == 201
        assert posted(kind, b"", key="application/json", required=True).status != 201


def test_a_body_is_drawn_and_taken_in_the_coding_of_which_the_document_speaks() -> None:
    named = {"name": "Content-Encoding", "in": "header", "required": True}
    post = {
        "parameters": [named | {"schema": {"enum": ["gzip", "deflate"]}}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": COUNT}}},
        "responses": {"202": {"description": "ok"}, "400": {"description": "bad"}},
    }
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/logs": {"post": post}},
    }
    contract = compiled(document.read(json.dumps(root).encode(), name="a.json"))
    coded_as = {("header", "Content-Encoding"): "gzip"}
    request = assemble(contract.operations[0], parameters=coded_as, body={"a": 1})
    assert json.loads(gzip.decompress(request.body)) == {"a": 1}
    assert first_request(contract, Responder(contract), token="") is None
    wrong = replace(request, body=gzip.compress(b'{"a": "x"}'))
    with serving(contract) as server:
        answers = [_status(server.url, each) for each in (request, wrong)]
    assert answers == [202, 400]


def _status(url: str, request: Request) -> int:
    fields = dict(request.fields)
    asked = urllib.request.Request(url + request.target, request.body, fields)
    try:
        with urllib.request.urlopen(asked) as answered:
            return int(answered.status)
    except urllib.error.HTTPError as fault:
        return fault.code
