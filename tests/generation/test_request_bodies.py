"""Drawn bodies in every media type: what conforms is accepted, what is broken shows on the wire."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from troth.document import document
from troth.generation import requests
from troth.generation.files import FILES
from troth.generation.source import Seeded
from troth.http import multipart
from troth.http.exchange import Exchange, Request
from troth.openapi.contract import Contract
from troth.openapi.reader import compile as compiled
from troth.seed import Seed
from troth.validation import validator

BYTES = {"type": "string", "format": "binary"}
COUNTED = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
LIST = {"type": "array", "items": COUNTED}
FORM = {
    "type": "object",
    "required": ["ids", "at"],
    "properties": {
        "ids": {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        "at": {"type": "object", "properties": {"x": {"type": "integer"}}},
        "text": {"type": "string"},
    },
    "additionalProperties": False,
}
STYLED = {"ids": {"explode": False}, "at": {"style": "deepObject"}}
PET = {
    "type": "object",
    "required": ["id", "tags"],
    "properties": {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "tags": {"type": "array", "items": {"type": "string"}, "xml": {"wrapped": True}},
        "nick": {"type": ["string", "null"], "xml": {"name": "n", "namespace": "urn:n"}},
    },
}
UPLOAD = {
    "type": "object",
    "required": ["icon", "icons", "meta"],
    "properties": {
        "icon": BYTES,
        "icons": {"type": "array", "items": BYTES, "minItems": 2},
        "meta": {"type": ["object", "null"], "properties": {"a": {"type": "string"}}},
    },
}
FIELD = {"X-Size": {"required": True, "schema": {"type": "integer"}}}
ENCODED = {"icon": {"contentType": "image/png", "headers": FIELD}}

MEDIA: dict[str, tuple[str, dict[str, Any]]] = {
    "a form": ("application/x-www-form-urlencoded", {"schema": FORM}),
    "a styled form": (
        "application/x-www-form-urlencoded",
        {"schema": FORM, "encoding": STYLED},
    ),
    "a form of one text": (
        "application/x-www-form-urlencoded",
        {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
    ),
    "a part of bytes": (
        "multipart/form-data",
        {"schema": {"type": "object", "properties": {"file": BYTES}}},
    ),
    "an upload": ("multipart/form-data", {"schema": UPLOAD, "encoding": ENCODED}),
    "a styled multipart": ("multipart/form-data", {"schema": FORM, "encoding": STYLED}),
    "parts in order": (
        "multipart/related",
        {"schema": {"type": "array", "prefixItems": [COUNTED], "minItems": 1}},
    ),
    "lines": ("application/jsonl", {"schema": LIST}),
    "records": ("application/json-seq", {"schema": LIST}),
    "xml": ("application/xml", {"schema": PET}),
    "csv": ("text/csv", {"schema": LIST}),
    "text": ("text/plain", {"schema": {"type": "string", "maxLength": 5}}),
    "any bytes": ("application/octet-stream", {"schema": BYTES}),
    "bytes that nothing describes": ("image/png", {}),
    "a form that nothing describes": ("application/x-www-form-urlencoded", {}),
    "a document that nothing describes": ("application/xml", {}),
    "json that nothing describes": ("application/json", {}),
}


@cache
def contract_of(name: str) -> Contract:
    kind, media = MEDIA[name]
    body = {"required": True, "content": {kind: media}}
    responses = {"200": {"description": "ok"}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"post": {"requestBody": body, "responses": responses}}},
    }
    return compiled(document.read(json.dumps(root).encode(), name="a.json"))


def drawn(name: str, number: int, *, valid: bool = True) -> Request:
    contract = contract_of(name)
    source = Seeded(Seed.of(name, number))
    return requests.request(contract, contract.operations[0], source, valid=valid)


@pytest.mark.parametrize("name", MEDIA)
def test_what_is_drawn_conforms_and_what_is_broken_does_not(name: str) -> None:
    contract = contract_of(name)
    for number in range(25):
        request = drawn(name, number)
        assert validator.validate(contract, Exchange(request)) == ()
        assert request.content_type is not None
        broken = drawn(name, number, valid=False)
        assert [
            each
            for each in validator.validate(contract, Exchange(broken))
            if each.severity == "error"
        ]


def test_members_are_written_in_the_styles_of_their_encodings() -> None:
    bodies = [drawn("a styled form", number).body.decode() for number in range(20)]
    fields = [field for body in bodies for field in body.split("&")]
    assert sum(field.startswith("ids=") for field in fields) == len(bodies)
    assert any(field.startswith("at%5Bx%5D=") for field in fields)


def test_files_have_names_and_types() -> None:
    request = drawn("an upload", 0)
    parts = multipart.read(request.content_type or "", request.body)
    (icon,) = [part for part in parts if part.name == "icon"]
    assert (icon.filename, icon.content_type) == ("icon.png", "image/png")
    assert icon.data == FILES["image/png"]
    several = [part for part in parts if part.name == "icons"]
    assert len(several) >= 2
    assert {(part.filename, part.content_type) for part in several} == {
        ("icons.bin", "application/octet-stream")
    }


@pytest.mark.parametrize("kind", FILES)
def test_a_file_begins_as_its_type_does(kind: str) -> None:
    starts = (
        b"\x89PNG\r\n",
        b"GIF89a",
        b"\xff\xd8\xff",
        b"RIFF",
        b"<svg",
        b"%PDF-",
        b"PK",
        b"\0\0\0\x14ftyp",
        b"\xff\xfb",
        b"\x1f\x8b",
    )
    assert FILES[kind].startswith(starts) or FILES[kind] == bytes(1024)
