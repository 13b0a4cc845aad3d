"""openapi-core as the oracle: both lanes give one verdict."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parameter_documents import COLOUR, INTEGERS, compiled, parameter, send, written
from reference_lane import reference_verdict
from troth.http.exchange import Request
from troth.validation.parameters import check_parameters

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
# openapi-core as the oracle, where it does what OpenAPI says.  It does not for: texts that Python
# takes for numbers and OpenAPI does not ("1_0", " 5"), other words for true ("yes"), style matrix
# with explode, several lines of one header field, and encoded separators.
SCALARS = {
    "integer": st.integers(-5, 5).map(str) | st.sampled_from(["x", "5.5", "true"]),
    "number": st.sampled_from(["1", "-2.5", "1e3", "x", "true"]),
    "boolean": st.sampled_from(["true", "false", "x"]),
    "string": st.text("abc1", min_size=1, max_size=3),
}
KINDS = st.sampled_from(sorted(SCALARS))


@st.composite
def judged(draw):
    kind = draw(KINDS)
    where = draw(st.sampled_from(["query", "header", "cookie", "path"]))
    schema = {"type": kind} | draw(st.sampled_from([{}, {"enum": [1, "a", True]}]))
    explode = draw(st.booleans())
    texts = [draw(SCALARS[kind])]
    if draw(st.booleans()):
        schema = {"type": "array", "items": schema, "maxItems": 2}
        texts = draw(st.lists(SCALARS[kind], min_size=1, max_size=3))
    exploded = explode and where == "query"
    text = "&".join(f"p={each}" for each in texts) if exploded else ",".join(texts)
    name = "" if exploded or where in ("header", "path") else "p="
    if where == "cookie":
        explode = False
    return parameter(schema, where=where, explode=explode), *send(where, name + text), where


@given(judged())
@settings(max_examples=100)
def test_verdicts_are_those_of_openapi_core(drawn):
    declared, target, fields, where = drawn
    root = written([declared], path="/a/{p}" if where == "path" else "/a")
    request = Request("GET", target, fields)
    ours = check_parameters(compiled(root).match("GET", target), request)
    assert (ours == ()) is reference_verdict(root, request)


# Styles whose objects openapi-core reads as OpenAPI says.  For label and matrix it asks for another
# path template, exploded objects of a query it does not find, and %20 it looks for after decoding.
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("where", "style", "explode", "form"),
    [
        ("path", "simple", False, "{0},{1}"),
        ("path", "simple", True, "{0}={1}"),
        ("header", "simple", False, "{0},{1}"),
        ("header", "simple", True, "{0}={1}"),
        ("query", "form", False, "p={0},{1}"),
        ("query", "pipeDelimited", False, "p={0}|{1}"),
        ("query", "deepObject", True, "p[{0}]={1}"),
        ("cookie", "form", False, "p={0},{1}"),
    ],
)
def test_objects_get_the_verdicts_of_openapi_core(where, style, explode, form, version):
    declared = [parameter(COLOUR, where=where, style=style, explode=explode)]
    path = "/a/{p}" if where == "path" else "/a"
    root = written(declared, path=path, version=version)
    contract = compiled(root)
    verdicts = []
    for member, value in (("R", "1"), ("R", "x"), ("G", "1"), ("Z", "1")):
        target, fields = send(where, form.format(member, value))
        request = Request("GET", target, fields)
        ours = check_parameters(contract.match("GET", target), request) == ()
        assert reference_verdict(root, request) is ours
        verdicts.append(ours)
    assert verdicts == [True, False, False, False]


TEXTS = {"type": "array", "items": {"type": "string"}}
ROLE = {"properties": {"role": {"type": "string"}}, "required": ["role"]}
IN_JSON = {"name": "p", "in": "query", "content": {"application/json": {"schema": COLOUR}}}


@pytest.mark.parametrize(
    ("declared", "query", "expected"),
    [
        (parameter(ROLE), "p=x", True),
        (parameter({"items": {"type": "string"}}), "p=x&p=y", True),
        (parameter(COLOUR, required=True), "q=1", False),
        (parameter({"type": "boolean"}), "p=", False),
        (parameter(TEXTS, style="spaceDelimited", explode=False), "p=a%20b", True),
        (parameter({"allOf": [{"type": "integer"}, {"minimum": 2}]}), "p=1", False),
        (parameter({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}), "p=true", True),
        (IN_JSON, "p=%7B%22R%22:1%7D", True),
        (IN_JSON, "p=%7B%22R%22:true%7D", False),
    ],
)
def test_types_that_are_not_plain_get_the_verdicts_of_openapi_core(declared, query, expected):
    root = written([declared])
    request = Request("GET", "/a?" + query)
    ours = check_parameters(compiled(root).match("GET", request.target), request) == ()
    assert ours is reference_verdict(root, request) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b'{"n": 1}', True), (b'{"n": "x"}', False), (b"{}", False), (b"{", False), (b"", False)],
)
def test_the_reference_judges_bodies_too(body, expected):
    content = {"application/json": {"schema": FORM}}
    root = written(method="post", requestBody={"required": True, "content": content})
    request = Request("POST", "/a", (("Content-Type", "application/json"),), body)
    assert reference_verdict(root, request) is expected


def test_the_reference_judges_security_servers_and_what_it_does_not_know():
    root = written(security=[{"basic": []}]) | {"servers": [{"url": "https://x.example/v1"}]}
    good = (("Authorization", "basic YTpi"),)
    assert reference_verdict(root, Request("GET", "/v1/a", good)) is True
    assert reference_verdict(root, Request("GET", "/a", good)) is True
    assert reference_verdict(root, Request("GET", "/a")) is False
    assert reference_verdict(root, Request("GET", "/b", good)) is None
    assert reference_verdict(root, Request("PUT", "/a", good)) is None
    assert reference_verdict({"openapi": "3.1.0"}, Request("GET", "/a")) is None


def test_the_reference_retrieves_nothing():
    schema = {"$ref": "http://127.0.0.1:9/schema.json"}
    root = written([parameter(schema)])
    assert reference_verdict(root, Request("GET", "/a?p=1")) is None


def test_the_reference_knows_openapi_3_0():
    root = written([parameter({"type": "integer", "nullable": True})], version="3.0.3")
    assert reference_verdict(root, Request("GET", "/a?p=1")) is True
    assert reference_verdict(root, Request("GET", "/a?p=x")) is False
