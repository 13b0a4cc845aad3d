"""Parameters of requests and fields of responses, held to their declarations."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parameter_documents import COLOUR, INTEGERS, compiled, parameter, send, violations_of, written
from troth.http.exchange import Request, Response
from troth.validation.parameters import check_headers, check_parameters
from troth.validation.security import check_security


@pytest.mark.parametrize(
    ("where", "code"),
    [("query", "request-query"), ("header", "request-header"), ("cookie", "request-cookie")],
)
def test_what_is_required_must_be_there(where, code):
    declared = [
        parameter({"type": "string"}, where=where, required=True),
        parameter({"type": "string"}, where=where, name="q"),
    ]
    assert violations_of(declared, "/a") == [(f"{code}.required", "/p")]


def test_a_parameter_of_the_path_is_required_whatever_it_says():
    declared = {"name": "p", "in": "path", "schema": {}}
    # the server's URL has a place for it, and a bare path has none
    contract = compiled(written([declared], servers=[{"url": "/{p}"}]))
    codes = [
        [
            each.code
            for each in check_parameters(contract.match("GET", target), Request("GET", target))
        ]
        for target in ("/1/a", "/a")
    ]
    assert codes == [[], ["request-path.required"]]


def test_a_parameter_for_which_the_path_has_no_place_is_asked_of_nobody():
    declared = {"name": "p", "in": "path", "required": True, "schema": {}}
    for path in ("/a", "/a#{p}", "/a{?p}"):
        assert violations_of([declared], "/a", path=path) == []
        (told,) = compiled(written([declared], path=path)).faults
        assert told.fault == f"the path {path!r} has no place for the parameter 'p'"


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
    assert violations_of([declared], target, path=path, fields=fields) == expected


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
    assert violations_of(declared, "/a?" + query, version="3.2.0") == expected


def test_a_plus_is_a_plus_where_reserved_characters_are_allowed():
    schema = {"type": "string", "pattern": "^a\\+b$"}
    assert violations_of([parameter(schema, allowReserved=True)], "/a?p=a+b") == []
    assert violations_of([parameter(schema)], "/a?p=a+b") == [("request-query.pattern", "/p")]


@pytest.mark.parametrize("query", ["debug=", "debug", "x=1&debug=", ""])
@pytest.mark.parametrize("schema", [{"type": "boolean"}, INTEGERS, {"enum": ["a"]}])
def test_an_empty_value_is_fine_where_the_document_allows_it(schema, query):
    declared = parameter(schema, name="debug")
    assert violations_of([{**declared, "allowEmptyValue": True}], "/a?" + query) == []
    assert violations_of([{**declared, "allowEmptyValue": True}], "/a?debug=&debug=b") != []
    refuses = "debug" in query and schema != INTEGERS
    assert bool(violations_of([declared], "/a?" + query)) is refuses


def test_content_that_is_not_json_is_read_by_its_schema():
    content = {"text/plain": {"schema": {"type": "integer"}}}
    declared = [{"name": "p", "in": "query", "content": content}]
    assert violations_of(declared, "/a?p=5") == []
    assert violations_of(declared, "/a?p=x") == [("request-query.type", "/p")]
    assert violations_of(declared, "/a?p=5&p=6") == [("request-query.repeated", "/p")]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("%7B%22R%22:1%7D", []),
        ("%7B%22R%22:%22x%22%7D", ["request-query.type"]),
        ("R=1", ["request-query.syntax"]),
    ],
)
def test_a_whole_query_string_can_be_json(query, codes):
    declared = {
        "name": "p",
        "in": "querystring",
        "content": {"application/json": {"schema": COLOUR}},
    }
    found = violations_of([declared], "/a?" + query, version="3.2.0")
    assert [code for code, _ in found] == codes


def test_a_whole_query_string_is_without_what_belongs_to_a_credential():
    form = {"application/x-www-form-urlencoded": {"schema": COLOUR}}
    declared = [{"name": "p", "in": "querystring", "content": form}]
    contract = compiled(written(declared, security=[{"query": []}], version="3.2.0"))
    target = "/a?R=1&key=secret"
    assert check_parameters(contract.match("GET", target), Request("GET", target)) == ()


def test_fields_of_cookies_are_put_together_again():
    declared = [
        parameter({"type": "integer"}, where="cookie", name="a", required=True),
        parameter({"type": "integer"}, where="cookie", name="b c", required=True),
        parameter({"type": "string", "const": "a=1; b%20c=2"}, where="header", name="Cookie"),
    ]
    assert violations_of(declared, "/a", fields=(("Cookie", "a=1"), ("cookie", "b%20c=2"))) == []
    assert violations_of(declared, "/a", fields=(("Cookie", "a=1; a=2; b%20c=2"),))[0] == (
        "request-cookie.repeated",
        "/a",
    )


@pytest.mark.parametrize("schema", [{"pattern": "^a"}, {"maxLength": 1}])
def test_what_is_said_of_a_text_holds_without_a_type(schema):
    assert violations_of([parameter(schema, name="q")], "/a?q=a") == []
    (violation,) = violations_of([parameter(schema, name="q")], "/a?q=55")
    assert violation[1] == "/q"


def test_header_names_compare_without_case_and_lines_combine():
    declared = [parameter(INTEGERS, where="header", name="X-Ids")]
    assert violations_of(declared, "/a", fields=(("x-ids", "1"), ("X-IDS", "2, x"))) == [
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


def test_each_set_cookie_field_is_held_to_its_declaration():
    headers = {"Set-Cookie": {"required": True, "schema": {"type": "string", "pattern": "^a="}}}
    root = written(responses={"200": {"description": "fine", "headers": headers}})
    operation = compiled(root).operations[0]

    def codes(*values):
        fields = tuple(("set-cookie", value) for value in values)
        violations = check_headers(operation, operation.response(200), Response(200, fields))
        return [each.code for each in violations]

    assert codes("a=1", "a=2, 3") == []
    assert codes("a=1", "b=2", "c=3") == ["response-header.pattern"] * 2
    assert codes() == ["response-header.required"]


EXPIRING = "a=1; Expires=Wed, 09 Jun 2021 10:18:14 GMT"
TWO_LINES = {"type": "string", "pattern": "^a=[^\\n]*\\nb=[^\\n]*$"}


@pytest.mark.parametrize(
    ("header", "bad"),
    [
        ({"schema": {"type": "array", "items": {"pattern": "^[ab]="}, "minItems": 2}}, "c=1"),
        (
            {
                "explode": True,
                "schema": {
                    "type": "object",
                    "properties": {"b": {"type": "integer"}, "a": {"type": "string"}},
                    "required": ["a", "b"],
                },
            },
            "b=x",
        ),
        ({"content": {"text/plain": {"schema": TWO_LINES}}}, "c=1"),
        (
            {"content": {"text/plain": {"schema": {"type": "string", "pattern": "^[ab]=.*$"}}}},
            "c=1",
        ),
    ],
)
def test_set_cookie_fields_are_items_members_or_lines(header, bad):
    root = written(responses={"200": {"description": "fine", "headers": {"Set-Cookie": header}}})
    operation = compiled(root).operations[0]

    def codes(*values):
        fields = tuple(("Set-Cookie", value) for value in values)
        return check_headers(operation, operation.response(200), Response(200, fields))

    assert codes(EXPIRING, "b=2") == ()
    assert codes(EXPIRING, bad) != ()


@pytest.mark.parametrize(
    ("schema", "explode", "good", "bad"),
    [
        ({"type": "boolean"}, False, "true", "yes"),
        ({"type": "number"}, False, "-1.5", "1,5"),
        (INTEGERS, False, "1, 2 ,3", "1, b"),
        (COLOUR, False, "R,1,G,2", "R,1,G"),
        (COLOUR, True, "R=1, G=2", "R=1,Z=2"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, True, "a=b==", "a"),
        ({"type": ["integer", "null"]}, False, "", "x"),
        ({"allOf": [{"type": "integer"}, {"minimum": 2}]}, False, "2", "1"),
    ],
)
def test_fields_of_responses_may_be_of_any_type(schema, explode, good, bad):
    headers = {"X": {"schema": schema, "explode": explode}}
    root = written(responses={"200": {"description": "fine", "headers": headers}})
    operation = compiled(root).operations[0]
    for text, is_good in ((good, True), (bad, False)):
        response = Response(200, (("x", text),))
        assert (check_headers(operation, operation.response(200), response) == ()) is is_good


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
@settings(max_examples=100)
def test_nothing_that_is_sent_raises(query, field, cookie):
    target = "/a?" + query
    request = Request("GET", target, (("X-H", field), ("Cookie", cookie), ("Authorization", field)))
    violations = check_parameters(WHOLE.match("GET", target), request)
    violations += check_security(WHOLE.operations[0], request)
    assert all(each.code.startswith(each.location + ".") for each in violations)
