"""Forms, read to the object that their schema describes."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parameter_documents import COLOUR, INTEGERS, compiled, written
from troth.http.exchange import Request
from troth.validation import content
from troth.validation.bodies import check_body
from troth.validation.styles import Malformed

FORM = {
    "type": "object",
    "required": ["n"],
    "properties": {
        "n": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}},
        "colour": COLOUR,
        "file": {"type": "string", "format": "binary"},
        "ids": INTEGERS,
    },
}
URLENCODED = "application/x-www-form-urlencoded"


def form(content_type, body, *, encoding=None, schema=FORM):
    key = content_type.partition(";")[0]
    media = {"schema": schema, **({"encoding": encoding} if encoding else {})}
    body_object = {"required": True, "content": {key: media}}
    operation = compiled(written(method="post", requestBody=body_object)).operations[0]
    declared = operation.request_body.media_type(content_type)
    request = Request("POST", "/a", (("Content-Type", content_type),), body)
    violations = check_body(operation, request)
    codes = [(each.code, each.instance_pointer) for each in violations]
    try:
        return content.read(declared, content_type, body), codes
    except Malformed:
        return None, codes


def test_a_form_of_very_many_members_is_read_in_linear_time():
    body = b"&".join(b"x%d=1" % number for number in range(20_000))
    value, codes = form(URLENCODED, b"n=1&" + body)
    assert (len(value), codes) == (20_001, [])


def multipart(*parts, boundary="b0"):
    lines = []
    for head, data in parts:
        lines += [f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode(), data]
        lines.append(b"\r\n")
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"n=1&tags=a&tags=b+c&x=%C3%A9", ({"n": 1, "tags": ["a", "b c"], "x": "é"}, [])),
        (b"n=1&colour=%7B%22R%22%3A1%7D", ({"n": 1, "colour": {"R": 1}}, [])),
        (b"tags=a", ({"tags": ["a"]}, [("request-body.required", "")])),
        (b"n=x&tags=abcd", None),
        (b"n=1&colour=red", (None, [("request-body.malformed", "")])),
        (b"n=%ff", (None, [("request-body.malformed", "")])),
        (b"n=\xff", (None, [("request-body.malformed", "")])),
        (b"", ({}, [("request-body.required", "")])),
        (b"n=1&x=1&x=2", ({"n": 1, "x": ["1", "2"]}, [])),
    ],
)
def test_a_urlencoded_form_becomes_the_object_that_its_schema_describes(body, expected):
    value, codes = form(URLENCODED, body)
    if expected is None:
        assert value == {"n": "x", "tags": ["abcd"]}
        assert sorted(codes) == [("request-body.maxLength", "/tags/0"), ("request-body.type", "/n")]
    else:
        assert (value, codes) == expected


def test_the_encoding_of_a_member_says_how_it_is_written():
    encoding = {
        "ids": {"style": "pipeDelimited", "explode": False},
        "colour": {"style": "deepObject", "explode": True},
        "tags": {"contentType": "application/json"},
    }
    body = b"n=1&ids=1|2&colour[R]=5&tags=%5B%22a%22%5D"
    assert form(URLENCODED, body, encoding=encoding) == (
        {"n": 1, "ids": [1, 2], "colour": {"R": 5}, "tags": ["a"]},
        [],
    )


def test_a_form_may_have_its_commas_encoded_where_they_part_something():
    encoding = {name: {"style": "form", "explode": False} for name in ("ids", "tags", "colour")}
    body = b"n=1&ids=1%2C2&tags=a%2Cb&colour=R%2c1"
    assert form(URLENCODED, body, encoding=encoding) == (
        # a comma is part of a text where that is one
        {"n": 1, "ids": [1, 2], "tags": ["a,b"], "colour": {"R": 1}},
        [],
    )


def test_a_multipart_form_becomes_the_object_that_its_schema_describes():
    body = multipart(
        ('name="n"', b"7"),
        ('name="tags"', b"a"),
        ('name="tags"', b"b"),
        ('name="ids"', b"1"),
        ('name="colour"', b'{"R": 1}'),
        ('name="file"; filename="x"', b"\x00\xff\r\n\x80"),
        ('name="é"', "ü".encode()),
    )
    assert form("multipart/form-data; boundary=b0", body) == (
        {
            "n": 7,
            "tags": ["a", "b"],
            "ids": [1],
            "colour": {"R": 1},
            "file": "\x00\xff\r\n\x80",
            "é": "ü",
        },
        [],
    )


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", multipart(('name="n"', b"1"))),
        ("multipart/form-data; boundary=b1", multipart(('name="n"', b"1"))),
        ("multipart/form-data; boundary=b0", b"n=1"),
        ("multipart/form-data; boundary=b0", b"--b0\r\n\r\n1\r\n"),
        ("multipart/form-data; boundary=b0", multipart(("x=y", b"1"))),
        ("multipart/form-data; boundary=b0", multipart(('name="colour"', b"{"))),
    ],
)
def test_a_broken_multipart_form_is_malformed(content_type, body):
    assert form(content_type, body) == (None, [("request-body.malformed", "")])


@given(st.binary(max_size=60))
def test_no_form_raises_more_than_malformed(body):
    for content_type in (URLENCODED, "multipart/form-data; boundary=b0"):
        value, codes = form(content_type, b"--b0\r\n" + body + b"\r\n--b0--")
        assert (value is None) is (codes == [("request-body.malformed", "")])


FILES = {
    "type": "object",
    "properties": {
        "icon": {"type": "string", "format": "binary"},
        "icons": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "meta": {"type": ["object", "null"], "properties": {"a": {"type": "integer"}}},
    },
}
ICON = {
    "contentType": "image/png, image/x-*",
    "headers": {"X-Size": {"required": True, "schema": {"type": "integer", "maximum": 9}}},
}


def part_codes(head, data, *, name="icon"):
    body = multipart((f'name="{name}"{head}', data))
    encoding = {"icon": ICON, "icons": {"contentType": "image/*"}}
    return form("multipart/form-data; boundary=b0", body, encoding=encoding, schema=FILES)[1]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("\r\nContent-Type: image/png\r\nX-Size: 3", []),
        ("\r\nContent-Type: IMAGE/PNG; q=1\r\nx-size: 3", []),
        ("\r\nX-Size: 3", []),
        ("\r\nContent-Type: application/x-sh\r\nX-Size: 3", ["request-body.content-type /icon"]),
        ("\r\nContent-Type: image/png", ["request-body.required /icon"]),
        ("\r\nX-Size: 10", ["request-body.maximum /icon"]),
        ("\r\nX-Size: big", ["request-body.type /icon"]),
    ],
)
def test_a_part_has_the_type_and_the_fields_that_its_encoding_asks_for(head, expected):
    assert [f"{code} {at}" for code, at in part_codes(head, b"\x89PNG")] == expected


def test_each_of_several_files_is_told_apart():
    parts = [(f'name="icons"\r\nContent-Type: {kind}', b"") for kind in ("image/gif", "text/html")]
    body = multipart(*parts)
    encoding = {"icons": {"contentType": "image/*"}}
    value, codes = form("multipart/form-data; boundary=b0", body, encoding=encoding, schema=FILES)
    assert (value, codes) == ({"icons": ["", ""]}, [("request-body.content-type", "/icons/1")])


@pytest.mark.parametrize(
    ("head", "data", "meta"),
    [
        ("", b'{"a": 1}', {"a": 1}),
        ("\r\nContent-Type: application/json", b'{"a": 1}', {"a": 1}),
        ("", b"null", None),
        ("", b"", None),
    ],
)
def test_an_object_that_may_be_null_is_json(head, data, meta):
    body = multipart((f'name="meta"{head}', data))
    value, codes = form("multipart/form-data; boundary=b0", body, schema=FILES)
    assert (value, codes) == ({"meta": meta}, [])


@pytest.mark.parametrize(
    ("coding", "schema", "expected"),
    [
        ("base64", {"type": "string", "format": "binary"}, "\xff"),
        ("base64", {"type": "string", "contentEncoding": "base64"}, "/w=="),
        ("quoted-printable", {"type": "string"}, "/w"),
        ("binary", {"type": "string"}, "/w=="),
    ],
)
def test_a_part_in_a_transfer_encoding_is_decoded_unless_its_schema_speaks_of_it(
    coding, schema, expected
):
    body = multipart(
        (
            f'name="x"\r\nContent-Transfer-Encoding: {coding}',
            b"/w=\r\n" if coding == "quoted-printable" else b"/w==",
        )
    )
    schema = {"type": "object", "properties": {"x": schema}}
    assert form("multipart/form-data; boundary=b0", body, schema=schema) == ({"x": expected}, [])


def test_a_members_style_is_that_of_parameters_in_both_kinds_of_forms():
    encoding = {"ids": {"style": "form", "explode": False}, "colour": {"style": "deepObject"}}
    body = multipart(('name="n"', b"1"), ('name="ids"', b"1,2"), ('name="colour[R]"', b"5"))
    expected = ({"n": 1, "ids": [1, 2], "colour": {"R": 5}}, [])
    assert form("multipart/form-data; boundary=b0", body, encoding=encoding) == expected
    assert form(URLENCODED, b"n=1&ids=1,2&colour[R]=5", encoding=encoding) == expected


def test_the_members_of_an_exploded_object_are_fields_of_their_own():
    encoding = {"colour": {"style": "form", "explode": True}}
    assert form(URLENCODED, b"n=1&R=5&G=6", encoding=encoding) == (
        {"n": 1, "colour": {"R": 5, "G": 6}},
        [],
    )


def sent(media, content_type, body, *, fields=(), required=True):
    key = content_type.partition(";")[0]
    root = written(method="post", requestBody={"required": required, "content": {key: media}})
    request = Request("POST", "/a", (("Content-Type", content_type), *fields), body)
    return [
        f"{each.code} {each.instance_pointer} {each.message}"
        for each in check_body(compiled(root).operations[0], request)
    ]


ROW = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


@pytest.mark.parametrize(
    "media", [{"schema": {"type": "array", "items": ROW}}, {"itemSchema": ROW}, {"schema": ROW}]
)
def test_a_line_that_is_no_json_is_told_by_its_number(media):
    body = b'{"n": 1}\n\nhello\n{"n": "x"}\n'
    for kind in ("application/jsonl", "application/x-ndjson", "application/json-lines"):
        told = sent(media, kind, body)
        assert told[0] == (
            "request-body.syntax /1 line 3, column 1 is not JSON: unexpected 'hello'"
        )
        assert [line.split()[:2] for line in told[1:]] in (
            [],
            [["request-body.type", "/2/n"]],
        )
        assert sent(media, kind, b'{"n": 1}\n{"n": 2}') == []


def test_a_fault_that_repeats_in_every_line_is_told_a_few_times():
    told = sent({"itemSchema": ROW}, "application/jsonl", b"x\n" * 1000)
    assert len(told) == 20


def test_lines_may_be_described_as_the_text_that_they_are():
    text = {"schema": {"type": "string"}}
    assert sent(text, "application/x-ndjson", b'{"n": 1}\n{"n": 2}\n') == []
    assert sent(text, "application/x-ndjson", b"hello\n")[0].startswith("request-body.syntax /0")
    (told,) = sent({"itemSchema": {"type": "string"}}, "application/x-ndjson", b'{"n": 1}\n')
    assert told.startswith("request-body.type /0")


def test_an_array_of_lines_is_held_to_its_own_schema():
    media = {"schema": {"type": "array", "maxItems": 1, "items": ROW}}
    (told,) = sent(media, "application/json-seq", b'\x1e{"n": 1}\n\x1e{"n":\n 2}\n')
    assert told.startswith("request-body.maxItems ")


def test_no_body_is_fine_where_none_is_required():
    media = {"schema": ROW}
    for kind in ("application/json", URLENCODED, "application/xml"):
        assert sent(media, kind, b"", required=False) == []
        assert sent(media, kind, b"") != []


@pytest.mark.parametrize(
    ("kind", "data"),
    [("application/json", b'{"n": 1}'), (URLENCODED, b"n=1"), ("application/jsonl", b'{"n": 1}')],
)
def test_a_content_coding_is_undone(kind, data):
    for coding, coded in (("gzip", gzip.compress(data)), ("deflate", zlib.compress(data))):
        field = (("Content-Encoding", coding),)
        assert sent({"schema": ROW}, kind, coded, fields=field) == []
        (told,) = sent({"schema": ROW}, kind, data, fields=field) or [""]
        assert kind == "application/json" or f"the content is not {coding}" in told
        # of a coding that is not known here nothing is said
        assert sent({"schema": ROW}, kind, coded, fields=(("Content-Encoding", "br"),)) == []


def test_xml_is_held_to_its_schema_like_json():
    media = {"schema": {**ROW, "xml": {"name": "row"}}}
    assert sent(media, "application/xml", b"<row><n>1</n></row>") == []
    (told,) = sent(media, "application/xml", b"<row><n>x</n></row>")
    assert told.startswith("request-body.type /n ")
    (told,) = sent(media, "application/xml", b"<row>")
    assert told.startswith("request-body.malformed  the XML cannot be read: it is not well-formed")
    bomb = b'<!DOCTYPE row [<!ENTITY a "b">]><row>&a;</row>'
    (told,) = sent({}, "application/xml", bomb)
    assert "it declares the entity 'a', and entities are never expanded" in told
    assert sent({}, "application/xml", b"<any/>") == []


def test_an_entry_for_any_type_holds_json_to_its_schema():
    root = written(method="post", requestBody={"content": {"*/*": {"schema": ROW}}})
    operation = compiled(root).operations[0]
    for kind, data in (
        ("application/json", b'{"n": "x"}'),
        ("application/xml", b"<a><n>x</n></a>"),
    ):
        request = Request("POST", "/a", (("Content-Type", kind),), data)
        assert [each.code for each in check_body(operation, request)] == ["request-body.type"]
