"""Content by media type: what is written is read again, and what cannot be read is told."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parameter_documents import compiled, written
from troth.openapi.operation import MediaType
from troth.validation import content
from troth.validation.forms import Slip
from troth.validation.styles import Malformed


@pytest.mark.parametrize(
    ("key", "accept", "expected"),
    [
        ("text/*", "", "text/plain"),
        ("text/*", "image/png, text/html;q=1", "text/html"),
        ("*/*", "*/*", "application/json"),
        ("image/*", "", "image/png"),
        ("application/*+json", "", "application/vnd.example+json"),
        ("application/json", "text/html", "application/json"),
    ],
)
def test_a_range_is_written_in_a_type_that_it_covers(key: str, accept: str, expected: str) -> None:
    entry = MediaType(key, "")
    assert content.concrete(entry, accept) == expected
    assert entry.content_type == expected or "*" in entry.content_type


def entry_of(content_type: str, media: dict[str, Any], *, version: str = "3.1.0") -> MediaType:
    body = {"content": {content_type: media}}
    root = written(method="post", version=version, requestBody=body)
    declared = compiled(root).operations[0].request_body
    assert declared is not None
    return declared.content[0]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
WORDS = st.text("abc é-_.~", min_size=1)
BYTES = st.binary(max_size=20).map(lambda data: data.decode("latin-1"))
PLAIN = {
    "type": "object",
    "required": ["n"],
    "properties": {
        "n": {"type": "integer"},
        "on": {"type": "boolean"},
        "s": {"type": "string"},
        "ids": {"type": "array", "items": {"type": "integer"}},
        "words": {"type": "array", "items": {"type": "string"}},
        "at": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "string"}}},
        "rows": {"type": "array", "items": {"type": "object"}},
    },
    "additionalProperties": False,
}
VALUES = st.fixed_dictionaries(
    {"n": st.integers()},
    optional={
        "on": st.booleans(),
        "s": TEXTS,
        "ids": st.lists(st.integers(), min_size=1, max_size=3),
        "words": st.lists(WORDS, min_size=1, max_size=3),
        "at": st.fixed_dictionaries({"x": st.integers()}, optional={"y": WORDS}),
        "rows": st.lists(st.dictionaries(WORDS, st.integers(), max_size=2), min_size=1, max_size=2),
    },
)
STYLED: dict[str, Any] = {
    "ids": {"explode": False},
    "words": {"style": "pipeDelimited"},
    "at": {"style": "deepObject"},
    "s": {"allowReserved": True},
}


def comes_back(entry: MediaType, value: Any, *, kind: str = "") -> bytes:
    """*value* is read as it was from what is written; that is returned."""
    sent_as, data = content.write(entry, kind or content.concrete(entry), value)
    slips: list[Slip] = []
    assert content.read(entry, sent_as, data, slips=slips) == value
    assert (slips, list(content.mismatches(entry, value))) == ([], [])
    return data


@settings(max_examples=120)
@given(VALUES, st.sampled_from([{}, STYLED]), st.sampled_from(["3.0.4", "3.1.0", "3.2.0"]))
def test_a_form_that_is_written_is_read_again(value: Any, encoding: Any, version: str) -> None:
    media = {"schema": PLAIN, "encoding": encoding}
    entry = entry_of("application/x-www-form-urlencoded", media, version=version)
    data = comes_back(entry, value)
    # what other readers of forms make of it
    pairs = parse_qsl(data.decode(), keep_blank_values=True, strict_parsing=True)
    assert ("n", str(value["n"])) in pairs
    if "s" in value:
        assert ("s", value["s"]) in pairs


MULTIPART = {
    **PLAIN,
    "properties": {
        **PLAIN["properties"],
        "file": {"type": "string", "format": "binary"},
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "any": {},
        "maybe": {"type": ["object", "null"]},
        "coded": {"type": "string", "contentEncoding": "base64"},
    },
}
WITH_FILES = st.builds(
    lambda value, more: {**value, **more},
    VALUES,
    st.fixed_dictionaries(
        {},
        optional={
            "file": BYTES,
            "files": st.lists(BYTES, min_size=1, max_size=3),
            "any": WORDS,
            "maybe": st.none() | st.dictionaries(WORDS, st.integers(), max_size=2),
            "coded": st.sampled_from(["", "YQ==", "AAAA"]),
        },
    ),
)
PARTS: dict[str, Any] = {
    "file": {"contentType": "image/*"},
    "rows": {"contentType": "application/vnd.row+json, text/csv"},
    "at": {"contentType": "application/xml"},
}


@settings(max_examples=150)
@given(WITH_FILES, st.sampled_from([{}, PARTS]), st.sampled_from(["form-data", "mixed"]))
def test_a_multipart_body_that_is_written_is_read_again(
    value: Any, encoding: Any, subtype: str
) -> None:
    entry = entry_of(f"multipart/{subtype}", {"schema": MULTIPART, "encoding": encoding})
    comes_back(entry, value)


ROW = {
    "type": "object",
    "required": ["n"],
    "properties": {"n": {"type": "integer"}, "s": {"type": "string", "minLength": 1}},
}
ROWS = st.lists(
    st.fixed_dictionaries({"n": st.integers()}, optional={"s": TEXTS.filter(bool)}),
    min_size=1,
    max_size=4,
)
LIST = {"type": "array", "items": ROW}


@settings(max_examples=80)
@given(
    ROWS,
    st.sampled_from(
        [
            ("application/jsonl", {"schema": LIST}),
            ("application/x-ndjson", {"itemSchema": ROW}),
            ("application/vnd.rows+jsonl", {"schema": ROW}),
            ("application/json-seq", {"itemSchema": ROW, "schema": LIST}),
            ("text/csv", {"schema": LIST}),
            ("application/xml", {"schema": LIST}),
            ("application/json", {"schema": LIST}),
            ("multipart/mixed", {"itemSchema": ROW}),
        ]
    ),
)
def test_a_list_that_is_written_is_read_again(value: Any, declared: tuple[str, Any]) -> None:
    kind, media = declared
    comes_back(entry_of(kind, media, version="3.2.0"), value)


@pytest.mark.parametrize(
    ("kind", "schema", "value", "data"),
    [
        ("text/plain", {"type": "string"}, "é", "é".encode()),
        ("text/plain; charset=ISO-8859-1", {"type": "string"}, "é", b"\xe9"),
        ("text/plain; charset=utf-16", {"type": "string"}, "é", "é".encode("utf-16")),
        ("text/plain", {"type": "integer"}, 7, b"7"),
        ("application/octet-stream", {"type": "string", "format": "binary"}, "\xff\0", b"\xff\0"),
        ("image/png", {}, "\x89PNG", b"\x89PNG"),
        ("application/xml; charset=utf-16", {"type": "string"}, "é", None),
        ("text/csv", {"type": "array", "items": {"type": "array"}}, [["a", "b,c"]], b'a,"b,c"\r\n'),
    ],
)
def test_a_text_and_bytes_are_what_they_are(
    kind: str, schema: Any, value: Any, data: bytes | None
) -> None:
    sent = comes_back(entry_of(kind, {"schema": schema}), value)
    assert data is None or sent == data


@pytest.mark.parametrize(
    ("kind", "schema", "data", "why"),
    [
        ("text/plain; charset=klingon", {"type": "string"}, b"x", "charset 'klingon' is not one"),
        ("text/plain; charset=unicode_escape", {"type": "string"}, b"\\q", "is not one that"),
        ("text/plain; charset=hex", {"type": "string"}, b"00", "is not one that"),
        ("text/plain; charset=utf-8", {"type": "string"}, b"a\xff", "byte 1 is not UTF-8"),
        ("text/csv", LIST, b'n\r\n"7', "it is not CSV"),
        ("application/json-seq", LIST, b'{"n":1}\n', "do not begin with a record separator"),
        ("application/x-www-form-urlencoded", ROW, b"n=%zz", "has a '%'"),
    ],
)
def test_what_cannot_be_read_is_told(kind: str, schema: Any, data: bytes, why: str) -> None:
    entry = entry_of(kind, {"schema": schema})
    with pytest.raises(Malformed, match=why):
        content.read(entry, kind, data)


def test_nothing_is_said_of_what_no_media_type_tells_how_to_read() -> None:
    whole = {"type": "object", "required": ["n"]}
    for kind in ("text/plain", "text/html", "application/pdf", "application/yaml"):
        assert content.read(entry_of(kind, {"schema": whole}), kind, b"{}") is content.UNREAD
    document = {"type": "string"}
    xml = "application/xml"
    assert content.read(entry_of(xml, {"schema": document}), xml, b"<a><b/></a>") is content.UNREAD


def test_an_object_in_a_vendors_own_type_is_json_where_its_bytes_do_not_say_otherwise() -> None:
    kind = "application/vnd.example.thing"
    entry = entry_of(kind, {"schema": ROW})
    assert comes_back(entry, {"n": 1}) == b'{"n":1}'
    assert content.read(entry, kind, b"\x93\1") is content.UNREAD
    assert comes_back(entry_of(kind, {"schema": {"type": "string"}}), "diff") == b"diff"


def test_csv_is_what_pythons_reader_reads() -> None:
    value = [{"n": 1, "s": 'a,"b"\r\nc'}, {"n": 2}]
    data = comes_back(entry_of("text/csv", {"schema": LIST}), value)
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert rows == [{"n": "1", "s": 'a,"b"\r\nc'}, {"n": "2", "s": ""}]


def test_a_part_may_be_multipart_itself() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "integer"}}}
    media = {
        "schema": {
            "type": "object",
            "properties": {"one": inner, "two": {"type": "array", "items": {"type": "array"}}},
        },
        "encoding": {
            "one": {"contentType": "multipart/form-data", "encoding": {"a": {}}},
            "two": {"contentType": "multipart/mixed", "itemEncoding": {}},
        },
    }
    value = {"one": {"a": 1}, "two": [["x", "y"], ["z"]]}
    comes_back(entry_of("multipart/form-data", media, version="3.2.0"), value)
