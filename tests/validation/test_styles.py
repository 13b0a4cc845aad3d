"""The styles of OpenAPI: what is read, and that it is what is written."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
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
from troth.http.exchange import Request
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


TEXTS = {"type": "array", "items": {"type": "string"}}
PRICED = {"type": "object", "properties": {"price": {"type": "integer"}, "tags": TEXTS}}


@pytest.mark.parametrize(
    ("schema", "query", "value"),
    [
        ({"type": "object", "properties": {"by": TEXTS}}, "p[by]=title", {"by": ["title"]}),
        (
            {"type": "object", "properties": {"by": TEXTS}},
            "p[by][]=a&p[by][]=b",
            {"by": ["a", "b"]},
        ),
        (
            {"type": "object", "properties": {"by": TEXTS}},
            "p[by][1]=b&p[by][0]=a",
            {"by": ["a", "b"]},
        ),
        ({"type": "object", "properties": {"by": TEXTS}}, "p[by]=a&p[by]=b", {"by": ["a", "b"]}),
        (TEXTS, "p[]=a&p[]=b", ["a", "b"]),
        (TEXTS, "p%5B%5D=a", ["a"]),
        (TEXTS, "p[0]=a", ["a"]),
        (TEXTS, "p[10]=b&p[9]=a", ["a", "b"]),
        (TEXTS, "p=a&p=b", ["a", "b"]),
        (INTEGERS, "p=", []),
        (
            {"type": "array", "items": PRICED},
            "p[0][price]=1&p[1][price]=2",
            [{"price": 1}, {"price": 2}],
        ),
        (
            {"type": "array", "items": PRICED},
            "p[][price]=1&p[][tags][]=a&p[][tags][]=b&p[][price]=2",
            [{"price": 1, "tags": ["a", "b"]}, {"price": 2}],
        ),
        (
            {"type": "object", "properties": {"items": {"type": "array", "items": PRICED}}},
            "p[items][0][price]=1&p[items][0][tags]=x",
            {"items": [{"price": 1, "tags": ["x"]}]},
        ),
        ({"type": "object", "properties": {"1": {"type": "integer"}}}, "p[1]=5", {"1": 5}),
        ({"allOf": [{"type": "object"}, {"properties": {"l": INTEGERS}}]}, "p[l]=5", {"l": [5]}),
        ({"anyOf": [{"type": "string"}, INTEGERS]}, "p[0]=5", [5]),
        ({"anyOf": [{"type": "string"}, INTEGERS]}, "p=x", "x"),
        ({"type": ["object", "null"], "properties": {"a": {}}}, "p[a]=1", {"a": 1}),
    ],
)
def test_nested_names_are_read_as_the_arrays_and_objects_that_clients_mean(schema, query, value):
    for explode in (True, False):
        same = {**schema, "const": value}
        declared = [parameter(same, style="deepObject", explode=explode, required=True)]
        assert violations_of(declared, "/a?" + query) == []


@pytest.mark.parametrize(
    ("schema", "query", "code"),
    [
        (TEXTS, "p[x]=a", "request-query.type"),
        (TEXTS, "p[0]=a&p[]=b", "request-query.malformed"),
        (TEXTS, "p[]=a&p[0]=b", "request-query.malformed"),
        (TEXTS, "p[0=a", "request-query.malformed"),
        ({"type": "string"}, "p[a]=1", "request-query.malformed"),
        ({"type": "string"}, "p=1&p=2", "request-query.repeated"),
        (COLOUR, "p=1", "request-query.malformed"),
        (COLOUR, "p[R]=1&p[R]=2", "request-query.repeated"),
    ],
)
def test_nested_names_that_mean_nothing_are_refused(schema, query, code):
    declared = [parameter(schema, style="deepObject", explode=True)]
    assert [found for found, _ in violations_of(declared, "/a?" + query)] == [code]


def test_a_parameter_whose_name_has_brackets_is_not_another_ones_member():
    integer, text = {"type": "integer"}, {"type": "string"}
    declared = [
        parameter(
            {"type": "object", "additionalProperties": integer}, name="f", style="deepObject"
        ),
        parameter(text, name="f[x]"),
        parameter(TEXTS, name="ids[]"),
    ]
    assert violations_of(declared, "/a?f[x]=a&f[y]=1&ids[]=1&ids%5B%5D=2") == []
    assert violations_of(declared, "/a?f[x]=a&f[y]=b") == [("request-query.type", "/f/y")]
    declared[0] = parameter({"type": "object", "additionalProperties": integer}, name="f")
    assert violations_of(declared, "/a?f[x]=a&y=1&ids[]=1") == []


@pytest.mark.parametrize(
    ("style", "explode", "schema", "query"),
    [
        ("form", True, {"enum": ["open", "closed"]}, "p=open&p=bogus"),
        ("form", True, {"type": "integer"}, "p=1&p=1"),
        ("form", True, COLOUR, "R=1&R=2"),
        ("form", False, INTEGERS, "p=1,2&p=3"),
        ("form", False, COLOUR, "p=R,1,R,2"),
        ("pipeDelimited", False, INTEGERS, "p=1&p=2"),
    ],
)
def test_what_takes_one_value_is_not_given_several(style, explode, schema, query):
    declared = [parameter(schema, style=style, explode=explode)]
    assert [code for code, _ in violations_of(declared, "/a?" + query)] == [
        "request-query.repeated"
    ]


def test_a_repetition_is_told_in_a_sentence_of_its_own():
    contract = compiled(written([parameter({"enum": ["open"]}, name="state"), parameter(COLOUR)]))
    target = "/a?state=open&state=bogus&R=1&R=2"
    violations = check_parameters(contract.match("GET", target), Request("GET", target))
    assert [violation.message for violation in violations] == [
        "the query parameter 'state' is given 2 times, and takes one value",
        "the query parameter 'p' has 'R', which is given 2 times, and takes one value",
    ]


def test_members_of_an_exploded_object_may_be_arrays_and_json():
    inner = {"type": "object", "properties": {"x": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"l": INTEGERS, "o": inner}}
    assert violations_of([parameter(schema)], "/a?l=1&l=2&o=%7B%22x%22:1%7D") == []
    assert violations_of([parameter(schema)], "/a?l=1&o=%7B%22x%22:%22y%22%7D") == [
        ("request-query.type", "/p/o/x")
    ]


@pytest.mark.parametrize(
    ("schema", "query"),
    [
        ({"properties": {"role": {"type": "string"}}, "required": ["role"]}, "role=admin"),
        ({"properties": {"role": {"type": "string"}}, "required": ["role"]}, "p=anything"),
        ({"items": {"type": "string"}}, "p=a&p=b"),
        ({"items": {"type": "integer"}}, "p=1"),
        ({"allOf": [{"type": "string"}, {"items": {"type": "integer"}}]}, "p=a"),
        ({"allOf": [{"properties": {"a": {}}}, {"type": "string", "minLength": 2}]}, "p=ab"),
        ({}, "p=a&p=b"),
        ({"maxItems": 2}, "p=a&p=b"),
        (True, "p=a&p=b"),
    ],
)
def test_a_schema_that_does_not_name_its_type_takes_what_it_does_not_forbid(schema, query):
    assert violations_of([parameter(schema, required=True)], "/a?" + query) == []


def test_an_exploded_object_takes_what_nothing_else_claims():
    is_map = {"type": "object", "additionalProperties": {"type": "integer"}}
    declared = [parameter(is_map, required=True), parameter({"type": "string"}, name="q")]
    root = written(declared, path="/a?beta=true", security=[{"query": []}])
    contract = compiled(root)

    def codes(query):
        target = "/a?beta=true&key=secret&" + query
        violations = check_parameters(contract.match("GET", target), Request("GET", target))
        return [(each.code, each.instance_pointer) for each in violations]

    assert codes("q=x&n=1") == []
    assert codes("q=x&n=y") == [("request-query.type", "/p/n")]
    assert codes("q=x") == [("request-query.required", "/p")]
    free = [parameter({"type": "object"}, required=True)]
    assert violations_of(free, "/a?anything=1") == []
    assert violations_of(free, "/a") == [("request-query.required", "/p")]


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


# What parts the words of a style cannot be part of one, where nothing or everything is encoded.
UNWRITABLE = {
    "spaceDelimited": " ",
    "pipeDelimited": "|",
    "simple": ",= ",  # of header fields
    "cookie": ',;=" \\é',
}


def typed(value):
    """A schema of nothing but *value*, which says the type of everything in it."""
    schema = {"const": value}
    if isinstance(value, dict):
        members = {name: typed(item) for name, item in value.items()}
        return schema | {"type": "object", "properties": members}
    if isinstance(value, list):
        return schema | {"type": "array", "prefixItems": [typed(item) for item in value]}
    types = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return schema | {"type": types[type(value)]}


@st.composite
def values(draw, *, marks, nested):
    texts = st.text(sorted(marks), max_size=4)
    names = st.text(sorted(marks - set("[]")), min_size=1, max_size=3)
    scalars = texts | st.integers(-9, 9) | st.booleans() | st.sampled_from([1.5, -0.25])

    def structures(inner):
        return st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)

    inner = st.recursive(scalars, structures, max_leaves=6) if nested else scalars
    return draw(scalars | structures(inner).filter(bool))


WRITTEN = {row[:3] for row in STYLES} | {("cookie", "cookie", True), ("cookie", "cookie", False)}


@pytest.mark.parametrize(
    ("where", "style", "explode", "reserved"),
    # OpenAPI: only a parameter of the query may leave reserved characters as they are
    [
        (*way, reserved)
        for way in sorted(WRITTEN)
        for reserved in sorted({False, way[0] == "query"})
    ],
)
@given(data=st.data())
@settings(max_examples=30)
def test_what_a_style_writes_is_read_as_the_same_value(where, style, explode, reserved, data):
    is_encoded = where in ("path", "query") or style == "form"
    plain = style in ("spaceDelimited", "pipeDelimited") or not is_encoded
    marks = set("ab1,.;=&|%+é/ ?#[]-") - set(UNWRITABLE[style] if plain else "")
    value = data.draw(values(marks=marks, nested=style == "deepObject"))
    more = {"allowReserved": True} if reserved else {}
    declared = [parameter(typed(value), where=where, style=style, explode=explode, **more)]
    path = "/a/{p}" if where == "path" else "/a"
    contract = compiled(written(declared, path=path))
    request = assemble(contract.operations[0], parameters={(where, "p"): value})
    # no segment of a path is empty, and two of them mean others
    assume(request.target not in ("/a/", "/a/.", "/a/.."))
    assert check_parameters(contract.match("GET", request.target), request) == ()
    if where == "query":
        # RFC 3986 §3.4: all that a query may hold
        assert re.fullmatch(r"/a\?(?:[-._~0-9a-zA-Z!$&'()*+,;=:@/?]|%[0-9A-F]{2})+", request.target)


def test_header_fields_are_written_as_they_are_read():
    for explode, text in ((False, "R,1,G,2"), (True, "R=1,G=2")):
        header = Parameter("X", "header", "", style="simple", explode=explode)
        assert styles.write_field(header, {"R": 1, "G": 2}) == text
        assert styles.write_field(header, ["a b", True, None]) == "a b,true,null"
        assert styles.write_field(header, None) == ""
