"""Forms, read to the object that their schema describes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
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
    body = b"&".join(b"x%d=1" % number for number in range(50_000))
    value, codes = form(URLENCODED, b"n=1&" + body)
    assert (len(value), codes) == (50_001, [])


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
@settings(max_examples=60, deadline=None)
def test_no_form_raises_more_than_malformed(body):
    for content_type in (URLENCODED, "multipart/form-data; boundary=b0"):
        value, codes = form(content_type, b"--b0\r\n" + body + b"\r\n--b0--")
        assert (value is None) is (codes == [("request-body.malformed", "")])
