"""The styles of OpenAPI: what is read, and that it is what is written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parameter_documents import (
    COLOUR,
    INTEGERS,
    STYLES,
    compiled,
    parameter,
    send,
    violations_of,
    written,
)
from troth.generation.request_writer import assemble
from troth.openapi.operation import Parameter
from troth.validation import styles
from troth.validation.parameters import check_parameters


@pytest.mark.parametrize(("where", "style", "explode", "array", "object_"), STYLES)
def test_every_style_is_read_and_held_to_its_schema(where, style, explode, array, object_):
    path = "/a/{p}" if where == "path" else "/a"
    for schema, text, member in ((INTEGERS, array, "/1"), (COLOUR, object_, "/G")):
        if text is None:
            continue
        declared = [parameter(schema, where=where, style=style, explode=explode)]
        target, fields = send(where, text)
        assert violations_of(declared, target, path=path, fields=fields) == []
        target, fields = send(where, text[::-1].replace("2", "x", 1)[::-1])
        assert violations_of(declared, target, path=path, fields=fields) == [
            (f"request-{where}.type", f"/p{member}")
        ]


@pytest.mark.parametrize(
    ("where", "style", "explode", "text"),
    [
        ("path", "label", False, "1,2"),
        ("path", "matrix", False, "p=1"),
        ("path", "matrix", False, ";q=1"),
        ("path", "matrix", True, ";R"),
        ("path", "simple", False, "R,1,G"),
        ("path", "simple", True, "R=1,G"),
        ("path", "simple", False, "R,%ff"),
        ("query", "form", False, "p=R,1,G"),
        ("query", "form", False, "p=R,%zz"),
        ("query", "deepObject", True, "p[]=1"),
        ("query", "deepObject", True, "p" + "[R]" * 50_000 + "=1"),
        ("query", "deepObject", True, "p[R=1"),
        ("query", "deepObject", True, "p[R]x=1"),
        ("query", "deepObject", True, "p[R]=1&p[R][S]=1"),
        ("query", "deepObject", True, "p[R][S]=1&p[R]=1"),
        ("query", "spaceDelimited", True, "p=1"),
    ],
)
def test_what_does_not_have_the_form_of_its_style_is_malformed(where, style, explode, text):
    declared = [parameter(COLOUR, where=where, style=style, explode=explode)]
    target, fields = send(where, text)
    path = "/a/{p}" if where == "path" else "/a"
    if (style, explode) == ("spaceDelimited", True):  # it has no form for objects: never there
        assert violations_of(declared, target, path=path) == []
    else:
        assert violations_of(declared, target, path=path, fields=fields) == [
            (f"request-{where}.malformed", "/p")
        ]


@pytest.mark.parametrize(
    ("where", "style", "own"),
    [("query", "curly", "form"), ("path", "form", "simple"), ("cookie", "matrix", "form")],
)
def test_a_style_that_its_location_cannot_have_is_read_and_written_as_the_locations_own(
    where, style, own
):
    value = {"R": 1, "G": 2}
    path = "/a/{p}" if where == "path" else "/a"
    requests = []
    for name in (style, own):
        declared = [parameter(COLOUR, where=where, style=name, explode=False)]
        contract = compiled(written(declared, path=path))
        requests.append(assemble(contract.operations[0], parameters={(where, "p"): value}))
        assert check_parameters(contract.match("GET", requests[-1].target), requests[-1]) == ()
    assert requests[0] == requests[1]


def test_the_style_cookie_is_not_percent_encoded_either_way():
    cookie = Parameter("p", "cookie", "", style="cookie", explode=False)
    assert styles.write_pairs(cookie, ["a%", "é"]) == ["p=a%,é"]
    assert styles.divide_pairs(cookie, [("p", "a%,é")], "array") == ["a%", "é"]


@pytest.mark.parametrize(
    ("schema", "text", "rule"),
    [
        ({"type": "integer"}, "5", None),
        ({"type": "integer"}, "5.0", None),
        ({"type": "integer"}, "5.5", "type"),
        ({"type": "integer"}, "05", "type"),
        ({"type": "integer"}, "1_0", "type"),
        ({"type": "integer"}, "%D9%A1", "type"),
        ({"type": "integer"}, "%205", "type"),
        ({"type": "integer"}, "", "type"),
        ({"type": "integer", "minimum": 6}, "5", "minimum"),
        ({"type": "integer"}, "9" * 400, None),
        ({"type": "integer"}, "9" * 5000, "type"),
        ({"type": "integer", "format": "int32"}, str(2**40), "format"),
        ({"type": "number"}, "-1e3", None),
        ({"type": "number"}, "nan", "type"),
        ({"type": "number"}, "1e999", "type"),
        ({"type": "boolean"}, "true", None),
        ({"type": "boolean"}, "True", "type"),
        ({"type": "boolean"}, "1", "type"),
        ({"type": "string"}, "5", None),
        ({"type": "string", "pattern": "^a b$"}, "a+b", None),
        ({"type": "string", "pattern": "^a b$"}, "a%20b", None),
        ({"type": "string", "maxLength": 1}, "%C3%A9", None),
        ({"type": "string", "minLength": 1}, "", "minLength"),
        ({"enum": [1, "1a"]}, "1", None),
        ({"enum": [1, "1a"]}, "1a", None),
        ({"enum": [1, "1a"]}, "2", "enum"),
        ({"const": True}, "true", None),
        ({"type": ["integer", "null"]}, "", None),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": ["boolean", "string"], "maxLength": 4}, "false", None),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "true", None),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "x", "type"),
        ({"oneOf": [{"type": "integer"}, {"type": "string", "minLength": 3}]}, "7", None),
        ({"allOf": [{"$ref": "#/components/schemas/Count"}, {"maximum": 9}]}, "9", None),
        ({"allOf": [{"$ref": "#/components/schemas/Count"}, {"maximum": 9}]}, "10", "maximum"),
        ({"$ref": "#/components/schemas/Count"}, "-1", "minimum"),
        ({}, "anything", None),
        (True, "anything", None),
    ],
)
def test_a_text_stands_for_the_value_that_its_schema_asks_for(schema, text, rule):
    expected = [] if rule is None else [(f"request-query.{rule}", "/p")]
    assert violations_of([parameter(schema)], f"/a?p={text}") == expected


@pytest.mark.parametrize(
    ("schema", "query", "rules"),
    [
        ({"anyOf": [INTEGERS, {"type": "string", "pattern": "^all$"}]}, "p=1,2", []),
        ({"anyOf": [INTEGERS, {"type": "string", "pattern": "^all$"}]}, "p=all", []),
        (INTEGERS, "p=", []),
        ({**INTEGERS, "minItems": 3}, "p=1,2", ["/p"]),
        (
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}]},
            "p=1,true",
            [],
        ),
        ({"type": "array", "items": {"type": "string"}}, "p=a%2Cb,c", []),
        ({"type": "array", "maxItems": 2}, "p=a%2Cb,c", []),
        ({"type": "array", "maxItems": 1}, "p=a%2Cb,c", ["/p"]),
    ],
)
def test_arrays_divide_before_they_are_decoded(schema, query, rules):
    declared = [parameter(schema, explode=False)]
    assert [at for _, at in violations_of(declared, "/a?" + query)] == rules


def test_nested_deep_objects_and_lists_are_read():
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "object", "properties": {"b": {"type": "integer"}}},
            "l": INTEGERS,
        },
    }
    declared = [parameter(schema, style="deepObject", explode=True)]
    assert violations_of(declared, "/a?p[a][b]=1&p[l][]=1&p[l][]=2") == []
    assert violations_of(declared, "/a?p[a][b]=x&p[l]=1&p[l]=y") == [
        ("request-query.type", "/p/a/b"),
        ("request-query.type", "/p/l/1"),
    ]


def test_an_exploded_object_leaves_to_others_what_is_theirs():
    declared = [parameter(COLOUR), parameter({"type": "string"}, name="q")]
    assert violations_of(declared, "/a?R=1&q=x&utm=y") == []
    assert violations_of(declared, "/a?q=x&G=1") == [("request-query.required", "/p")]
    assert violations_of(declared, "/a?q=x") == []


def test_a_name_that_nothing_declares_does_not_make_an_object():
    is_open = {"type": "object", "properties": {"R": {}, "G": {}}, "required": ["R"]}
    is_map = {"type": "object", "additionalProperties": {"type": "integer"}}
    for where in ("query", "cookie"):
        target, fields = send(where, "session=x")
        declared = [parameter(is_open, where=where, explode=True)]
        assert violations_of(declared, target, fields=fields) == []
        declared = [parameter(is_map, where=where, explode=True)]
        assert violations_of(declared, target, fields=fields) == [
            (f"request-{where}.type", "/p/session")
        ]
        target, fields = send(where, "G=x")
        declared = [parameter(is_open, where=where, explode=True)]
        assert violations_of(declared, target, fields=fields) == [
            (f"request-{where}.required", "/p")
        ]


# What parts the words of a style cannot be part of one, however it is encoded.
AMBIGUOUS = {"spaceDelimited": " ", "pipeDelimited": "|", "label": "."}


@pytest.mark.parametrize("reserved", [False, True])
@pytest.mark.parametrize(
    ("where", "style", "explode"), sorted({row[:3] for row in STYLES if row[0] != "header"})
)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_what_a_style_writes_it_reads_as_well(where, style, explode, reserved, data):
    marks = set("ab,.;=&|% +é/") - set(AMBIGUOUS.get(style, "")) - set(",&;+" if reserved else "")
    words = st.text(sorted(marks), min_size=1, max_size=4)
    objects = st.fixed_dictionaries({"R": words, "G": words})
    lists = st.lists(words, min_size=2, max_size=3)
    value = data.draw(objects if style == "deepObject" else words | lists | objects)
    schema = {"const": value, "properties": {"R": {}, "G": {}}}
    # OpenAPI: only a parameter of the query may leave reserved characters as they are
    more = {"allowReserved": True} if reserved and where == "query" else {}
    declared = [parameter(schema, where=where, style=style, explode=explode, **more)]
    path = "/a/{p}" if where == "path" else "/a"
    contract = compiled(written(declared, path=path))
    request = assemble(contract.operations[0], parameters={(where, "p"): value})
    assert check_parameters(contract.match("GET", request.target), request) == ()


def test_header_fields_are_written_as_they_are_read():
    for explode, text in ((False, "R,1,G,2"), (True, "R=1,G=2")):
        header = Parameter("X", "header", "", style="simple", explode=explode)
        assert styles.write_field(header, {"R": 1, "G": 2}) == text
        assert styles.write_field(header, ["a b", True, None]) == "a b,true,null"
        assert styles.write_field(header, None) == ""
