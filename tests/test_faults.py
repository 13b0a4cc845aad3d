"""A fault in one place stops that place: each beside an operation that has to go on working.

One good document, and a table of what is written into it: where, what, where that is told, and in
which words.  The good operation is validated, drawn from and answered all the same, lint tells the
fault, and a strict load refuses the document for it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import troth
from troth import loading
from troth import pointer as pointers
from troth.document.document import read
from troth.errors import Place
from troth.http.exchange import Exchange, Request, Response
from troth.lint import lint
from troth.openapi import reader
from troth_mock.responding.responder import Responder

UUID = "a3bb189e-8bf9-3888-9912-ace4e6543002"
THING = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string", "format": "uuid"}, "size": {"type": "integer"}},
}
GOOD_GET = {
    "operationId": "good",
    "parameters": [
        {"name": "n", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "q", "in": "query", "schema": {"type": "string", "minLength": 2}},
    ],
    "responses": {
        "200": {"description": "ok", "content": {"application/json": {"schema": THING}}},
    },
}
BAD = "/paths/~1bad/post"
PARTS = "/components"


def base() -> dict[str, Any]:
    """The document that the faults are written into: the bad operation has some of everything."""
    answer = {
        "description": "ok",
        "headers": {"X-Rate": {"schema": {"type": "integer"}}},
        "content": {
            "application/json": {"schema": {"type": "object", "properties": {"a": {}, "b": {}}}}
        },
        "links": {"next": {"operationId": "good"}},
    }
    bad = {
        "operationId": "bad",
        "parameters": [
            {"name": "one", "in": "query", "schema": {"type": "integer"}},
            {"name": "two", "in": "header", "schema": {"type": "integer"}},
        ],
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {"type": "object", "properties": {"a": {"type": "string"}}},
                    "examples": {"e": {"value": {}}},
                },
                "multipart/form-data": {"schema": {"type": "object"}, "encoding": {"a": {}}},
            }
        },
        "responses": {"200": answer},
        "callbacks": {"done": {"{$request.body#/url}": {"post": {"responses": {}}}}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/good/{n}": {"get": copy.deepcopy(GOOD_GET)}, "/bad": {"post": bad}},
        "webhooks": {"news": {"post": {"operationId": "news", "responses": {}}}},
        "components": {
            "schemas": {"S": {"type": "object"}, "U": {"oneOf": [{"type": "string"}, {}]}},
            "parameters": {"P": {"name": "p", "in": "query", "schema": {}}},
            "responses": {"R": {"description": "r"}},
            "headers": {"H": {"schema": {}}},
            "examples": {"E": {"value": 1}},
            "links": {"L": {"operationId": "good"}},
            "requestBodies": {"B": {"content": {}}},
            "callbacks": {"C": {"{$url}": {"post": {"responses": {}}}}},
            "pathItems": {"I": {"get": {"responses": {}}}},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        },
    }


GONE = {"$ref": "#/components/nothing"}
NOWHERE = "'#/components/nothing' points nowhere"
REMOTE = {"$ref": "http://169.254.169.254/latest#/a"}
FILE = {"$ref": "file:///etc/passwd"}
OBJECT, ARRAY, STRING = ("expected an object", "expected an array", "expected a string")
SCHEMA = f"{BAD}/responses/200/content/application~1json/schema"
A = f"{SCHEMA}/properties/a"

#: Where a value is written, the value, and in which words that is told.
FAULTS: list[tuple[str, Any, str]] = [
    # references
    (f"{BAD}/parameters/0", GONE, NOWHERE),
    (f"{BAD}/parameters/0", REMOTE, "is a remote reference, and none is ever opened"),
    (f"{BAD}/parameters/0", FILE, "is a file: address, and none is ever opened"),
    (f"{BAD}/parameters/0", {"$ref": "#/info/title"}, "leads to what is no parameter"),
    (f"{BAD}/parameters/0", {"$ref": "../up.yaml"}, "leads outside the document's folder"),
    (f"{BAD}/parameters/0", {"$ref": 7}, "a $ref must be a string"),
    (f"{BAD}/requestBody", GONE, NOWHERE),
    (f"{BAD}/responses/200", GONE, NOWHERE),
    (f"{BAD}/responses/200/headers/X-Rate", GONE, NOWHERE),
    (f"{BAD}/responses/200/links/next", GONE, NOWHERE),
    (f"{BAD}/responses/200/content/application~1json/schema", GONE, NOWHERE),
    (f"{BAD}/responses/200/content/application~1json/schema", {"$ref": "http://["}, "is no URI"),
    (f"{A}", {"$ref": "no-such-file.yaml"}, "'no-such-file.yaml' points nowhere"),
    (f"{A}", {"items": {"$ref": "#/components/schemas/s"}}, "'#/components/schemas/s' points"),
    (f"{A}", {"not": GONE}, NOWHERE),
    (f"{A}", {"oneOf": [{"type": "string"}, GONE]}, NOWHERE),
    (f"{A}", {"if": GONE, "then": {"type": "string"}}, NOWHERE),
    (f"{A}", {"$dynamicRef": "#nobody"}, "'#nobody' points nowhere"),
    (f"{A}", {"$ref": A.replace("/paths", "#/paths")}, "unproductive cycle"),
    (f"{BAD}/requestBody/content/application~1json/examples/e", GONE, NOWHERE),
    (f"{BAD}/callbacks/done", GONE, NOWHERE),
    (f"{BAD}/callbacks/done/{{$request.body#~1url}}", GONE, NOWHERE),
    ("/paths/~1bad", GONE, NOWHERE),
    ("/webhooks/news", GONE, NOWHERE),
    (f"{PARTS}/schemas/S", GONE, NOWHERE),
    (f"{PARTS}/schemas/S", {"$ref": "#/components/schemas/S"}, "unproductive cycle"),
    (f"{PARTS}/schemas/S", {"allOf": [{"$ref": "#/components/schemas/S"}]}, "unproductive cycle"),
    (f"{PARTS}/parameters/P", {"$ref": "#/components/parameters/P"}, "unproductive cycle"),
    (f"{PARTS}/responses/R", GONE, NOWHERE),
    (f"{PARTS}/headers/H", REMOTE, "is a remote reference"),
    (f"{PARTS}/examples/E", GONE, NOWHERE),
    (f"{PARTS}/links/L", FILE, "is a file: address"),
    (f"{PARTS}/requestBodies/B", GONE, NOWHERE),
    (f"{PARTS}/callbacks/C", GONE, NOWHERE),
    (f"{PARTS}/pathItems/I", GONE, NOWHERE),
    (f"{PARTS}/securitySchemes/key", GONE, NOWHERE),
    # references where OpenAPI has none
    (BAD, {"$ref": "#/paths/~1good~1{n}/get"}, "OpenAPI has no $ref here"),
    (BAD, {"$ref": "#/paths/~1bad/post"}, "leads round in a circle"),
    (BAD, GONE, NOWHERE),
    (f"{BAD}/responses", {"$ref": "#/paths/~1good~1{n}/get/responses"}, "OpenAPI has no $ref here"),
    (f"{SCHEMA}/properties", {"$ref": f"#{PARTS}/schemas"}, "OpenAPI has no $ref here"),
    (f"{SCHEMA}/properties", {"$ref": "#/components"}, "OpenAPI has no $ref here"),
    (f"{SCHEMA}/properties", {"$ref": "#"}, "leads round in a circle"),
    (f"{PARTS}/headers", GONE, NOWHERE),
    # objects and arrays that are none
    (f"{BAD}/parameters", None, ARRAY),
    (f"{BAD}/parameters", {}, ARRAY),
    (f"{BAD}/parameters/0", None, OBJECT),
    (f"{BAD}/parameters/0", "id", OBJECT),
    (f"{BAD}/parameters/0/schema", "integer", "expected an object or a boolean"),
    (f"{BAD}/requestBody", [], OBJECT),
    (f"{BAD}/requestBody/content", None, OBJECT),
    (f"{BAD}/requestBody/content/application~1json", None, OBJECT),
    (f"{BAD}/requestBody/content/application~1json/examples", [], OBJECT),
    (f"{BAD}/requestBody/content/multipart~1form-data/encoding", [], OBJECT),
    (f"{BAD}/responses", None, OBJECT),
    (f"{BAD}/responses/200", None, OBJECT),
    (f"{BAD}/responses/200/headers", [], OBJECT),
    (f"{BAD}/responses/200/headers/X-Rate", None, OBJECT),
    (f"{BAD}/callbacks", None, OBJECT),
    (f"{BAD}/callbacks/done", [], OBJECT),
    (f"{BAD}/servers", {"url": "/"}, ARRAY),
    (f"{BAD}/servers", [None], OBJECT),
    (f"{BAD}/tags", "a", ARRAY),
    (f"{BAD}/security", {"key": []}, ARRAY),
    (f"{BAD}/security", None, ARRAY),
    (BAD, None, OBJECT),
    (BAD, "later", OBJECT),
    ("/paths/~1bad", None, OBJECT),
    ("/paths/~1bad/parameters", {}, ARRAY),
    ("/webhooks", [], OBJECT),
    ("/webhooks/news/post", None, OBJECT),
    ("/servers", "https://a.example", ARRAY),
    ("/servers", [{"url": None}], STRING),
    ("/tags", {}, ARRAY),
    (f"{PARTS}/schemas", None, OBJECT),
    (f"{PARTS}/schemas/S", None, "expected an object or a boolean"),
    (f"{PARTS}/schemas/S", [], "expected an object or a boolean"),
    (f"{PARTS}/parameters/P", True, OBJECT),
    (f"{PARTS}/securitySchemes", [], OBJECT),
    (PARTS, None, OBJECT),
    # members of another type
    (f"{BAD}/operationId", 7, STRING),
    (f"{BAD}/parameters/0/name", 7, STRING),
    (f"{BAD}/parameters/0/in", ["query"], STRING),
    (f"{BAD}/parameters/0/required", "true", "expected a boolean"),
    (f"{BAD}/parameters/0/explode", 1, "expected a boolean"),
    (f"{BAD}/parameters/0/style", 1, STRING),
    (f"{BAD}/requestBody/required", "no", "expected a boolean"),
    (f"{PARTS}/securitySchemes/key/type", 1, STRING),
    # keywords of schemas
    (f"{A}/required", True, "expected an array of different strings, found a boolean"),
    (f"{A}/required", False, "expected an array of different strings"),
    (f"{A}/required", ["a", "a"], "expected an array of different strings"),
    (f"{A}/type", "any", 'found "any"'),
    (f"{A}/type", "file", 'found "file"'),
    (f"{A}/type", ["string", "foo"], 'found ["string", "foo"]'),
    (f"{A}/type", None, "expected one of object, array"),
    (f"{A}/type", ["string", None], "expected one of object, array"),
    (f"{A}/type", "String", 'found "String"'),
    (f"{A}/type", [], "expected one of object, array"),
    (f"{A}/minimum", "0", "expected a number"),
    (f"{A}/maximum", None, "expected a number"),
    (f"{A}/exclusiveMinimum", "1", "expected a number"),
    (f"{A}/multipleOf", 0, "expected a number greater than 0"),
    (f"{A}/maxLength", "5", "expected a whole number"),
    (f"{A}/minItems", -1, "expected a whole number that is not negative, found -1"),
    (f"{A}/uniqueItems", "true", "expected a boolean"),
    (f"{A}/pattern", 7, STRING),
    (f"{A}/pattern", "(", "the pattern '('"),
    (f"{A}/format", ["date"], STRING),
    (f"{A}/description", None, STRING),
    (f"{A}/enum", None, ARRAY),
    (f"{A}/enum", "a, b", ARRAY),
    (f"{A}/properties", None, OBJECT),
    (f"{A}/properties", [], OBJECT),
    (f"{A}/properties", ["id"], OBJECT),
    (f"{A}/items", [], "expected an object or a boolean"),
    (f"{A}/items", [{"type": "string"}], "expected an object or a boolean"),
    (f"{A}/items", None, "expected an object or a boolean"),
    (f"{A}/additionalProperties", None, "expected an object or a boolean"),
    (f"{A}/allOf", {}, ARRAY),
    (f"{A}/allOf", [], "expected an array with items in it"),
    (f"{A}/oneOf", [{"type": "integer"}, None], "expected an object or a boolean"),
    (f"{A}/not", None, "expected an object or a boolean"),
    (f"{A}/discriminator", "kind", OBJECT),
    (f"{A}/dependentRequired", {"a": "b"}, "expected an object of arrays of strings"),
    (f"{A}/$schema", "https://example.com/dialect", "the JSON Schema dialect"),
    (A, None, "expected an object or a boolean"),
    (A, "string", "expected an object or a boolean"),
    # what has no meaning
    ("/openapi", "3.1", "version '3.1' lacks its patch number: read as 3.1.0"),
    ("/openapi", 3.1, "version 3.1 lacks its patch number: read as 3.1.0"),
    (f"{BAD}/operationId", "good", "the operationId 'good' is also that of"),
    (f"{BAD}/parameters/0", {"in": "query"}, "the member 'name' is missing"),
    (f"{BAD}/parameters/0", {"name": "a"}, "the member 'in' is missing"),
    (f"{BAD}/parameters/0/in", "body", "'body' is not where a parameter can be"),
    (f"{BAD}/parameters/0/style", "matrix", "'matrix' is no style of a parameter in query"),
    (f"{BAD}/parameters/0/style", "wavy", "'wavy' is no style"),
    (f"{BAD}/security", [{"nope": []}], "the security scheme 'nope' is not declared"),
    ("/security", [{"nope": []}], "the security scheme 'nope' is not declared"),
    (f"{BAD}/parameters/0/in", "path", "the path '/bad' has no place for the parameter 'one'"),
    (f"{BAD}/responses/2xx", {"description": "ok"}, "`2xx` has to be written `2XX`"),
    (f"{BAD}/responses/2000", {"description": "ok"}, "'2000' is no status"),
    (f"{BAD}/responses/99", {"description": "ok"}, "'99' is no status"),
    (f"{BAD}/responses/OK", {"description": "ok"}, "'OK' is no status"),
    (f"{BAD}/responses/200/headers/X Y", {"schema": {}}, "no header can be called 'X Y'"),
    (f"{BAD}/parameters/1/name", "X Y", "no header can be called 'X Y'"),
    (f"{BAD}/parameters/1", {"name": "a;b", "in": "cookie"}, "no cookie can be called 'a;b'"),
    (f"{BAD}/parameters/1", {"name": "one", "in": "query"}, "is given twice"),
    (f"{BAD}/responses/200/content/json", {}, "'json' is no media type"),
    ("/paths/~1bad/GET", {"responses": {}}, "`GET` has to be written `get`"),
    (A, {"$ref": "#"}, "'#' leads to what is no schema"),
    (f"{BAD}/responses/200", {"$ref": "#/components/schemas/S"}, "leads to what is no response"),
    ("/paths/bad2", {"get": {"responses": {}}}, "the path 'bad2' does not begin with a slash"),
]


def patched(at: str, value: Any) -> dict[str, Any]:
    root = base()
    *way, last = pointers.split(at)
    node: Any = root
    for token in way:
        node = node[int(token)] if isinstance(node, list) else node[token]
    node[int(last) if isinstance(node, list) else last] = value
    return root


def request_of(contract: troth.Contract, name: str) -> list[Request]:
    drawn: list[Request] = []

    @settings(
        max_examples=3,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(contract.strategy(name))
    def draw(request: Request) -> None:
        drawn.append(request)

    draw()
    return drawn


def check_good(contract: troth.Contract) -> None:
    """The good operation is validated, drawn from and answered as if nothing was wrong."""
    request = Request("GET", "/good/1?q=ab")
    fields = (("Content-Type", "application/json"),)
    answer = Response(200, fields, json.dumps({"id": UUID}).encode())
    assert contract.validate(Exchange(request, answer)) == ()
    wrong = Exchange(Request("GET", "/good/x?q=a"), Response(200, fields, b'{"id": 1}'))
    assert [each.code for each in contract.validate(wrong)] == [
        "request-path.type",
        "request-query.minLength",
        "response-body.type",
    ]
    responder = Responder(contract)
    for drawn in [request, *request_of(contract, "good")]:
        reply = responder.respond(drawn, now=0)
        assert reply.status == 200
        response = Response(reply.status, reply.fields, reply.body or b"")
        assert contract.validate(Exchange(drawn, response)) == ()


@pytest.mark.parametrize(("at", "value", "words"), FAULTS, ids=[f"{at}-{v}" for at, v, _ in FAULTS])
def test_a_fault_stops_its_place_and_nothing_else(
    tmp_path: Path, at: str, value: Any, words: str
) -> None:
    file = tmp_path / "api.json"
    file.write_text(json.dumps(patched(at, value)))
    contract = troth.load(file)
    told = [fault for fault in contract.faults if words in fault.fault]
    assert told, [str(fault) for fault in contract.faults]
    assert all(pointers.overlap(fault.pointer, at) for fault in contract.faults), contract.faults
    assert told[0].place is not None
    assert len({(each.pointer, each.fault) for each in contract.faults}) == len(contract.faults)
    check_good(contract)
    if any(operation.operation_id == "bad" for operation in contract.operations):
        for request in request_of(contract, "bad"):
            assert contract.validate(Exchange(request, None)) == ()
            reply = Responder(contract).respond(request, now=0)
            assert reply.status < 500
    with pytest.raises(troth.SpecError) as caught:
        troth.load(file, strict=True)
    assert str(caught.value) == str(contract.faults[0])
    assert any(pointers.overlap(one.pointer, told[0].pointer) for one in lint(contract.document))


def places(value: Any, at: str = "") -> Iterator[str]:
    """The pointers of all that may be damaged: not the good operation, nor the version."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        here = pointers.join(at, key)
        if here in ("/openapi", "/paths/~1good~1{n}"):
            continue
        if here != "/paths":
            yield here
        if isinstance(item, (dict, list)):
            yield from places(item, here)


JUNK: list[Any] = [
    *(None, True, 0, -1.5, "", "x", [], {}, [None], ["a"], [[]], [{}], {"x-a": 1}, {"": None}),
    *(GONE, REMOTE, {"$ref": "#"}, {"$ref": 5}, {"type": "any"}, {"oneOf": [GONE]}, {"200": None}),
    *({"get": None}, {"name": "a", "in": "query"}, {"required": True}, {"schema": None}, 10**40),
    *({"$ref": "#/components/schemas/S"}, {"properties": {"$ref": "#/components"}}),
]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(list(places(base()))), st.sampled_from(JUNK)), min_size=1)
)
def test_whatever_is_damaged_the_good_operation_works(damages: list[tuple[str, Any]]) -> None:
    root = base()
    for at, value in damages:
        around, _, last = at.rpartition("/")
        owner, key = pointers.find(root, around), pointers.split(f"/{last}")[0]
        if isinstance(owner, dict):
            owner[key] = copy.deepcopy(value)
    read_back = read(json.dumps(root).encode(), name="api.json")
    contract = reader.compile(read_back, verbs=loading._VERBS)
    request, fields = Request("GET", "/good/1?q=ab"), (("Content-Type", "application/json"),)
    answer = Response(200, fields, json.dumps({"id": UUID}).encode())
    assert contract.validate(Exchange(request, answer)) == ()
    assert Responder(contract).respond(request, now=0).status == 200
    lint(read_back)


@pytest.mark.parametrize(
    "schema",
    [
        {"not": GONE},
        {"oneOf": [{"type": "string"}, GONE]},
        {"oneOf": [{"type": "string"}, None]},
        {"anyOf": [{"type": "integer"}, GONE]},
        {"if": GONE, "then": {"type": "integer"}},
        {"if": GONE, "else": {"type": "integer"}},
        {"allOf": [GONE, {"type": "string"}]},
        {"contains": GONE},
        {"oneOf": [{"not": {"$ref": "http://a.example/"}}, {"type": "integer"}]},
        {"properties": {"not": GONE, "oneOf": GONE}},
        {"not": {"minimum": "0"}},
        {"not": {"properties": {"not": {"type": "any"}}}},
        {"not": {"$ref": "#/components/schemas/U/oneOf/1"}},
        {"oneOf": [{"$ref": "#/components/schemas/U"}, {"type": ["string", "object"]}]},
        {"if": {"allOf": {}}, "then": False},
        {"description": None, "oneOf": [{"type": "string"}, {"type": "object"}]},
    ],
)
def test_what_is_left_out_of_a_schema_refuses_nothing(tmp_path: Path, schema: Any) -> None:
    file = tmp_path / "api.json"
    root = patched(f"{PARTS}/schemas/S", schema)
    root["components"]["schemas"]["U"]["oneOf"][1]["maxLength"] = "5"
    file.write_text(json.dumps(root))
    contract = troth.load(file)
    assert contract.faults
    compiled = contract.schemas.at(f"{PARTS}/schemas/S")
    assert compiled.is_valid("x")
    assert compiled.is_valid({"not": 1, "oneOf": []}) is ("allOf" not in schema)


def test_an_overlay_mends_what_was_left_out_and_is_not_told(tmp_path: Path) -> None:
    file, overlay = tmp_path / "api.json", tmp_path / "fix.json"
    file.write_text(json.dumps(patched(f"{A}/required", True)))
    target = "$.paths['/bad'].post.responses['200'].content['application/json'].schema.properties.a"
    actions = [{"target": f"{target}.required", "remove": True}]
    info = {"title": "o", "version": "1"}
    overlay.write_text(json.dumps({"overlay": "1.0.0", "info": info, "actions": actions}))
    contract = troth.load(file, overlays=[overlay], strict=True)
    assert contract.faults == ()
    assert len(contract.published.faults) == 1


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        (
            {"type": "apikey", "in": "header", "name": "X-Key"},
            "'apikey' is no type of a security scheme",
        ),
        ({"type": "basic"}, "'basic' is no type of a security scheme"),
        ({"type": "apiKey", "in": "body", "name": "key"}, "'body' is not where a key can be"),
        ({"type": "apiKey", "in": "header", "name": "X Key"}, "no header can be called 'X Key'"),
        ({"type": "apiKey", "in": "header"}, "the member 'name' is missing"),
        ({"type": "apiKey", "name": "X-Key"}, "the member 'in' is missing"),
        ({"type": "http"}, "the member 'scheme' is missing"),
    ],
)
def test_a_scheme_that_no_request_can_meet_is_told_and_not_asked_for(
    tmp_path: Path, scheme: dict[str, str], words: str
) -> None:
    root = patched(f"{PARTS}/securitySchemes/key", scheme)
    root["security"] = [{"key": []}]
    file = tmp_path / "api.json"
    file.write_text(json.dumps(root))
    contract = troth.load(file)
    (fault,) = contract.faults
    assert words in fault.fault
    check_good(contract)
    at = f"{PARTS}/securitySchemes/key"
    assert len([one for one in lint(contract.document) if pointers.is_within(one.pointer, at)]) == 1


def test_a_reference_without_its_beginning_is_told_with_what_was_meant(tmp_path: Path) -> None:
    for reference in (
        "components/schemas/S",
        "#components/schemas/S",
        "/components/schemas/S",
        "S",
    ):
        file = tmp_path / "api.json"
        file.write_text(json.dumps(patched(A, {"$ref": reference})))
        (fault,) = troth.load(file).faults
        assert fault.fault in (
            f"{reference!r} points nowhere",
            f"{reference!r} leads outside the document's folder",
        )
        if reference[0] != "/":
            assert fault.advice == "Did you mean '#/components/schemas/S'?"


def test_a_body_that_nobody_understands_refuses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    for content in (None, [], {}, {"json": {"schema": {"type": "integer"}}}):
        at = f"{BAD}/requestBody"
        file.write_text(json.dumps(patched(at, {"required": True, "content": content})))
        fields = (("Content-Type", "application/json"), ("X-Key", "k"))
        request = Request("POST", "/bad", fields, b'{"a": 1}')
        assert troth.load(file).validate(Exchange(request, None)) == ()


def test_references_that_stand_for_what_they_lead_to_do_not_multiply_for_ever() -> None:
    to_next = "{a: {properties: {$ref: '#/x/%d'}}, b: {properties: {$ref: '#/x/%d'}}}"
    lines = [f"  '{n}': {to_next % (n + 1, n + 1)}" for n in range(40)]
    text = "openapi: 3.1.0\nx:\n" + "\n".join(lines) + "\n  '40': {}\n"
    text += "components: {schemas: {A: {properties: {$ref: '#/x/0'}}}}\n"
    with pytest.raises(troth.SpecError, match="10 times larger than its text"):
        read(text.encode())


def test_whole_maps_and_operations_in_other_files_are_read_where_they_stand(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "paths.yaml").write_text("/a: {get: {$ref: get.yaml}}\n")
    (parts / "get.yaml").write_text(
        "operationId: a\nresponses: {200: {$ref: 'get.yaml#/x-ok'}}\n"
        "x-ok: {description: ok, content: {application/json: {schema: {$ref: schemas.yaml#/S}}}}\n"
    )
    (parts / "schemas.yaml").write_text("S: {items: {$ref: '#/T'}}\nT: {type: integer}\n")
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {$ref: parts/paths.yaml}\n"
        "components: {schemas: {$ref: parts/schemas.yaml}}\n"
    )
    contract = troth.load(tmp_path / "api.yaml")
    assert [fault.fault.partition(";")[0] for fault in contract.faults] == [
        "OpenAPI has no $ref here"
    ] * 3
    assert contract.operation("a").pointer == "/paths/~1a/get"
    schema = contract.operation("a").responses[0].content[0].schema
    assert schema is not None
    assert [schema.is_valid(value) for value in ([1], ["x"])] == [True, False]
    assert contract.schemas.at("/components/schemas/S").is_valid(["x"]) is False
    place = contract.document.place("/components/schemas/T/type")
    assert place == Place(str(parts / "schemas.yaml"), 2, 5)


@pytest.mark.parametrize(
    ("schema", "accepted"),
    [
        # a type that was not written, beside what was
        ({"type": None, "minimum": 1}, [2, "text", None]),
        ({"type": None, "description": "Its name."}, ["text", None]),
        ({"anyOf": [{"type": "string"}, {"type": None}]}, ["text", None]),
    ],
)
def test_a_type_that_was_left_empty_accuses_nobody(
    tmp_path: Path, schema: dict[str, Any], accepted: list[Any]
) -> None:
    root = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {},
        "components": {"schemas": {"It": schema}},
    }
    file = tmp_path / "api.json"
    file.write_text(json.dumps(root))
    contract = troth.load(file)
    compiled = contract.schemas.at("/components/schemas/It")
    assert [compiled.is_valid(each) for each in accepted] == [True] * len(accepted)
    assert compiled.is_valid(7) == ("anyOf" not in schema)
    assert len(contract.faults) == 1
