import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_lane import reference_verdict
from troth.document import document
from troth.generation.request_writer import assemble
from troth.http.exchange import Request, Response
from troth.openapi import reader
from troth.openapi.operation import Parameter
from troth.validation import styles
from troth.validation.bodies import check_form, decode_form
from troth.validation.parameters import check_headers, check_parameters
from troth.validation.security import check_security
from troth.validation.styles import Malformed

SCHEMAS = {
    "Count": {"type": "integer", "minimum": 0},
    "Colour": {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in "RGB"},
        "required": ["R"],
        "additionalProperties": False,
    },
}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "oauth": {"type": "oauth2", "flows": {}},
    "mutual": {"type": "mutualTLS"},
}
INTEGERS = {"type": "array", "items": {"type": "integer"}}
COLOUR = {"$ref": "#/components/schemas/Colour"}


def written(parameters=(), *, path="/a", version="3.1.0", method="get", **operation):
    responses = {"200": {"description": "fine"}}
    operation = {"parameters": list(parameters), "responses": responses, **operation}
    return {
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "paths": {path: {method: operation}},
        "components": {"schemas": SCHEMAS, "securitySchemes": SCHEMES},
    }


def compiled(root):
    return reader.compile(document.read(json.dumps(root).encode(), name="d.json"))


def parameter(schema, *, where="query", name="p", **more):
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, "schema": schema, **required, **more}


def found(parameters, target, *, path="/a", fields=(), version="3.1.0"):
    contract = compiled(written(parameters, path=path, version=version))
    request = Request("GET", target, fields)
    violations = check_parameters(contract.match("GET", target), request)
    return [(violation.code, violation.instance_pointer) for violation in violations]


# Each row of OpenAPI's table of styles (3.1.1 §4.8.12.4), for an array and an object: where,
# style, explode, how [1, 2] is sent, how {R: 1, G: 2} is sent; None where the style has no form.
STYLES = [
    ("path", "simple", False, "1,2", "R,1,G,2"),
    ("path", "simple", True, "1,2", "R=1,G=2"),
    ("path", "label", False, ".1,2", ".R,1,G,2"),
    ("path", "label", True, ".1.2", ".R=1.G=2"),
    ("path", "matrix", False, ";p=1,2", ";p=R,1,G,2"),
    ("path", "matrix", True, ";p=1;p=2", ";R=1;G=2"),
    ("query", "form", False, "p=1,2", "p=R,1,G,2"),
    ("query", "form", True, "p=1&p=2", "R=1&G=2"),
    ("query", "spaceDelimited", False, "p=1%202", "p=R%201%20G%202"),
    ("query", "spaceDelimited", True, "p=1&p=2", None),
    ("query", "pipeDelimited", False, "p=1|2", "p=R|1|G|2"),
    ("query", "pipeDelimited", False, "p=1%7C2", "p=R%7c1%7cG%7c2"),
    ("query", "deepObject", True, None, "p[R]=1&p%5BG%5D=2"),
    ("header", "simple", False, "1, 2", "R,1,G,2"),
    ("header", "simple", True, "1,2", "R=1,G=2"),
    ("cookie", "form", False, "p=1,2", "p=R,1,G,2"),
    ("cookie", "form", True, "p=1; p=2", "R=1; G=2"),
]


def send(where, text):
    if where == "path":
        return "/a/" + text, ()
    if where == "query":
        return "/a?" + text, ()
    return "/a", (("P" if where == "header" else "Cookie", text),)


@pytest.mark.parametrize(("where", "style", "explode", "array", "object_"), STYLES)
def test_every_style_is_read_and_held_to_its_schema(where, style, explode, array, object_):
    path = "/a/{p}" if where == "path" else "/a"
    for schema, text, member in ((INTEGERS, array, "/1"), (COLOUR, object_, "/G")):
        if text is None:
            continue
        declared = [parameter(schema, where=where, style=style, explode=explode)]
        target, fields = send(where, text)
        assert found(declared, target, path=path, fields=fields) == []
        target, fields = send(where, text[::-1].replace("2", "x", 1)[::-1])
        assert found(declared, target, path=path, fields=fields) == [
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
        ("query", "curly", False, "p=R,1"),
    ],
)
def test_what_does_not_have_the_form_of_its_style_is_malformed(where, style, explode, text):
    declared = [parameter(COLOUR, where=where, style=style, explode=explode)]
    target, fields = send(where, text)
    path = "/a/{p}" if where == "path" else "/a"
    if (style, explode) == ("spaceDelimited", True):  # it has no form for objects: never there
        assert found(declared, target, path=path) == []
    else:
        assert found(declared, target, path=path, fields=fields) == [
            (f"request-{where}.malformed", "/p")
        ]


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
    assert found([parameter(schema)], f"/a?p={text}") == expected


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
    assert [at for _, at in found(declared, "/a?" + query)] == rules


def test_nested_deep_objects_and_lists_are_read():
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "object", "properties": {"b": {"type": "integer"}}},
            "l": INTEGERS,
        },
    }
    declared = [parameter(schema, style="deepObject", explode=True)]
    assert found(declared, "/a?p[a][b]=1&p[l][]=1&p[l][]=2") == []
    assert found(declared, "/a?p[a][b]=x&p[l]=1&p[l]=y") == [
        ("request-query.type", "/p/a/b"),
        ("request-query.type", "/p/l/1"),
    ]


def test_an_exploded_object_leaves_to_others_what_is_theirs():
    declared = [parameter(COLOUR), parameter({"type": "string"}, name="q")]
    assert found(declared, "/a?R=1&q=x&utm=y") == []
    assert found(declared, "/a?q=x&G=1") == [("request-query.required", "/p")]
    assert found(declared, "/a?q=x") == []


def test_a_name_that_nothing_declares_does_not_make_an_object():
    is_open = {"type": "object", "properties": {"R": {}, "G": {}}, "required": ["R"]}
    is_map = {"type": "object", "additionalProperties": {"type": "integer"}}
    for where in ("query", "cookie"):
        target, fields = send(where, "session=x")
        declared = [parameter(is_open, where=where, explode=True)]
        assert found(declared, target, fields=fields) == []
        declared = [parameter(is_map, where=where, explode=True)]
        assert found(declared, target, fields=fields) == [(f"request-{where}.type", "/p/session")]
        target, fields = send(where, "G=x")
        declared = [parameter(is_open, where=where, explode=True)]
        assert found(declared, target, fields=fields) == [(f"request-{where}.required", "/p")]


@pytest.mark.parametrize(
    ("where", "code"),
    [("query", "request-query"), ("header", "request-header"), ("cookie", "request-cookie")],
)
def test_what_is_required_must_be_there(where, code):
    declared = [
        parameter({"type": "string"}, where=where, required=True),
        parameter({"type": "string"}, where=where, name="q"),
    ]
    assert found(declared, "/a") == [(f"{code}.required", "/p")]


def test_a_violation_says_everything():
    contract = compiled(written([parameter({"type": "integer"}, name="a/b", required=True)]))
    first, second = (
        check_parameters(contract.match("GET", target), Request("GET", target))[0]
        for target in ("/a", "/a?a/b=x")
    )
    assert (first.code, first.operation, first.location) == (
        "request-query.required",
        "GET /a",
        "request-query",
    )
    assert first.message == "the query parameter 'a/b' is missing"
    assert (first.instance_pointer, first.schema_pointer) == (
        "/a~1b",
        "/paths/~1a/get/parameters/0",
    )
    assert first.place == contract.document.place(first.schema_pointer)
    assert second.schema_pointer == "/paths/~1a/get/parameters/0/schema/type"


@pytest.mark.parametrize(
    ("where", "text", "expected"),
    [
        ("query", quote('{"R": 1}'), []),
        ("query", quote('{"R": "x"}'), [("request-query.type", "/p/R")]),
        ("query", quote("{R}"), [("request-query.syntax", "/p")]),
        ("query", quote('{"R": 1, "R": 2}'), [("request-query.duplicate-key", "/p")]),
        ("query", "%ff", [("request-query.malformed", "/p")]),
        ("header", '{"R": 1}', []),
        ("header", "{", [("request-header.syntax", "/p")]),
        ("cookie", quote('{"R": 1}'), []),
        ("path", quote('{"G": 1}'), [("request-path.required", "/p")]),
    ],
)
def test_a_parameter_described_by_content_is_read_as_its_media_type(where, text, expected):
    declared = {"name": "p", "in": where, "content": {"application/json": {"schema": COLOUR}}}
    declared |= {"required": True} if where == "path" else {}
    target, fields = send(where, text if where in ("path", "header") else f"p={text}")
    path = "/a/{p}" if where == "path" else "/a"
    assert found([declared], target, path=path, fields=fields) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("R=1&G=2", []),
        ("G=2", [("request-query.required", "")]),
        ("R=x", [("request-query.type", "/R")]),
        ("", [("request-query.required", "")]),
    ],
)
def test_a_whole_query_string_can_be_one_form(query, expected):
    form = {"application/x-www-form-urlencoded": {"schema": COLOUR}}
    declared = [{"name": "p", "in": "querystring", "required": True, "content": form}]
    assert found(declared, "/a?" + query, version="3.2.0") == expected


def test_a_plus_is_a_plus_where_reserved_characters_are_allowed():
    schema = {"type": "string", "pattern": "^a\\+b$"}
    assert found([parameter(schema, allowReserved=True)], "/a?p=a+b") == []
    assert found([parameter(schema)], "/a?p=a+b") == [("request-query.pattern", "/p")]


def test_header_names_compare_without_case_and_lines_combine():
    declared = [parameter(INTEGERS, where="header", name="X-Ids")]
    assert found(declared, "/a", fields=(("x-ids", "1"), ("X-IDS", "2, x"))) == [
        ("request-header.type", "/X-Ids/2")
    ]


def test_response_fields_are_held_to_their_declarations():
    headers = {
        "X-Left": {"required": True, "schema": {"type": "integer"}},
        "X-Tags": {"schema": {"type": "array", "items": {"enum": ["a", "b"]}}},
    }
    root = written(responses={"200": {"description": "fine", "headers": headers}})
    operation = compiled(root).operations[0]

    def codes(*fields):
        declared = operation.response(200)
        violations = check_headers(operation, declared, Response(200, fields))
        return [(each.code, each.instance_pointer, each.status) for each in violations]

    assert codes(("x-left", "5"), ("X-Tags", "a, b")) == []
    assert codes(("X-Tags", "a,c")) == [
        ("response-header.required", "/X-Left", 200),
        ("response-header.enum", "/X-Tags/1", 200),
    ]


AUTHORIZATION = [
    ("bearer", (), "missing"),
    ("bearer", (("Authorization", "Bearer abc.def=="),), None),
    ("bearer", (("authorization", "bEARER  x"),), None),
    ("bearer", (("Authorization", "Bearer"),), "malformed"),
    ("bearer", (("Authorization", "Bearer "),), "malformed"),
    ("bearer", (("Authorization", "Basic YTpi"),), "malformed"),
    ("bearer", (("Authorization", "Bearer a b"),), "malformed"),
    ("bearer", (("Authorization", "Bearer é"),), "malformed"),
    ("bearer", (("Authorization", "Bearer a\r\nX: y"),), "malformed"),
    ("bearer", (("Authorization", "secret"),), "malformed"),
    ("bearer", (("Authorization", ""),), "malformed"),
    ("bearer", (("Authorization", "Bearer a"), ("Authorization", "Bearer a")), "malformed"),
    ("bearer", (("Authorization", "Bearer " + "x" * 8192),), None),
    ("oauth", (("Authorization", "Bearer x"),), None),
    ("oauth", (), "missing"),
    ("basic", (("Authorization", "Basic YTpi"),), None),
    ("basic", (("Authorization", "Basic YWI="),), "malformed"),
    ("basic", (("Authorization", "Basic !!"),), "malformed"),
    ("header", (("x-key", "k"),), None),
    ("header", (("x-key", " "),), "malformed"),
    ("header", (), "missing"),
    ("query", (), "missing"),
    ("cookie", (("Cookie", "a=b; sid=5"),), None),
    ("cookie", (("Cookie", "a=b; sid="),), "malformed"),
    ("cookie", (("Cookie", "sidd=5"),), "missing"),
    ("mutual", (), None),
]


@pytest.mark.parametrize(("scheme", "fields", "rule"), AUTHORIZATION)
def test_credentials_have_the_form_of_their_scheme(scheme, fields, rule):
    contract = compiled(written(security=[{scheme: []}]))
    violations = check_security(contract.operations[0], Request("GET", "/a", fields))
    assert [each.code for each in violations] == ([f"request-security.{rule}"] if rule else [])
    for each in violations:
        assert each.schema_pointer == f"/components/securitySchemes/{scheme}"
        assert each.place == contract.document.place(each.schema_pointer)
        assert "secret" not in each.message


@pytest.mark.parametrize(
    ("target", "rule"), [("/a?k%65y=1", None), ("/a?key=", "malformed"), ("/a#?key=1", "missing")]
)
def test_a_key_may_be_in_the_query(target, rule):
    contract = compiled(written(security=[{"query": []}]))
    violations = check_security(contract.operations[0], Request("GET", target))
    assert [each.code for each in violations] == ([f"request-security.{rule}"] if rule else [])


def test_alternatives_are_an_or_of_ands():
    root = written(security=[{"bearer": [], "header": []}, {"cookie": []}])
    operation = compiled(root).operations[0]

    def told(*fields):
        return [each.message for each in check_security(operation, Request("GET", "/a", fields))]

    assert told(("Cookie", "sid=1")) == []
    assert told(("Authorization", "Bearer x"), ("X-Key", "k")) == []
    assert told(("Authorization", "Bearer x")) == [
        "the request has no header field X-Key, which carries the key"
    ]
    assert told() == ["the request has no cookie sid, which carries the key"]


def test_an_empty_alternative_lets_anyone_in():
    for security in ([], [{"bearer": []}, {}]):
        operation = compiled(written(security=security)).operations[0]
        assert check_security(operation, Request("GET", "/a")) == ()


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
    operation = compiled(written(method="post", requestBody={"content": {key: media}})).operations[
        0
    ]
    declared = operation.request_body.media_type(content_type)
    request = Request("POST", "/a", (("Content-Type", content_type),), body)
    violations = check_form(operation, declared, request)
    codes = [(each.code, each.instance_pointer) for each in violations]
    try:
        return decode_form(declared, request), codes
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


ALL = [
    parameter(INTEGERS, name="i", explode=False),
    parameter(COLOUR, name="o", style="deepObject", explode=True),
    parameter({"type": "boolean"}, name="b"),
    parameter(INTEGERS, name="s", style="pipeDelimited", explode=False),
    parameter({"type": "string"}, name="X-H", where="header"),
    parameter(INTEGERS, name="c", where="cookie", explode=False),
    {"name": "j", "in": "query", "content": {"application/json": {"schema": COLOUR}}},
]
WHOLE = compiled(written(ALL, security=[{"bearer": []}]))
HOSTILE = st.text('abcijosRGB[]=&|,%20fz+{}":1;. \x00é\ud800', max_size=30)


@given(HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=100, deadline=None)
def test_nothing_that_is_sent_raises(query, field, cookie):
    target = "/a?" + query
    request = Request("GET", target, (("X-H", field), ("Cookie", cookie), ("Authorization", field)))
    violations = check_parameters(WHOLE.match("GET", target), request)
    violations += check_security(WHOLE.operations[0], request)
    assert all(each.code.startswith(each.location + ".") for each in violations)


# What parts the words of a style cannot be part of one, however it is encoded.
AMBIGUOUS = {"spaceDelimited": " ", "pipeDelimited": "|", "label": "."}


@pytest.mark.parametrize("reserved", [False, True])
@pytest.mark.parametrize(
    ("where", "style", "explode"), sorted({row[:3] for row in STYLES if row[0] != "header"})
)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_what_a_style_writes_it_reads_as_well(where, style, explode, reserved, data):
    marks = set("ab,.;=&|% +é/") - set(AMBIGUOUS.get(style, "")) - set(",&;+" if reserved else "")
    words = st.text(sorted(marks), min_size=1, max_size=4)
    value = data.draw(words | st.lists(words, min_size=2, max_size=3))
    if style == "deepObject":
        value = {"R": str(value), "a b": "é"}
    # OpenAPI: only a parameter of the query may leave reserved characters as they are
    more = {"allowReserved": True} if reserved and where == "query" else {}
    declared = [parameter({"const": value}, where=where, style=style, explode=explode, **more)]
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
@settings(max_examples=100, deadline=None)
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
