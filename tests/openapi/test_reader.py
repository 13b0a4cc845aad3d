"""Compiling: what an operation inherits, what references stand for, and what has no meaning."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from troth import pointer
from troth.document import document
from troth.errors import SpecError
from troth.openapi import reader
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation, SecurityScheme

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
OK = {"responses": {"200": {"description": "good"}}}


def compiled(root: Any) -> Contract:
    return reader.compile(document.read(json.dumps(root).encode(), name="t.json"))


def rooted(paths: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "openapi": "3.2.0",
        "info": {"title": "t", "version": "1"},
        "paths": paths,
        **members,
    }


def sole(root: Any) -> Operation:
    (operation,) = compiled(root).operations
    return operation


# inheritance


def test_an_operation_replaces_the_parameters_of_its_path_item_by_name_and_place() -> None:
    item = {
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "page", "in": "query", "schema": {"type": "string"}},
            {"name": "page", "in": "header", "schema": {"type": "string"}},
        ],
        "get": {**OK, "parameters": [{"name": "page", "in": "query", "required": True}]},
    }
    operation = sole(rooted({"/a/{id}": item}))
    at = "/paths/~1a~1{id}"
    assert [
        (each.name, each.location, each.required, each.pointer) for each in operation.parameters
    ] == [
        ("id", "path", True, at + "/parameters/0"),
        ("page", "query", True, at + "/get/parameters/0"),
        ("page", "header", False, at + "/parameters/2"),
    ]


def test_parameters_named_like_framework_fields_are_ignored_in_headers_only() -> None:
    names = ("Accept", "CONTENT-TYPE", "Authorization", "X-Other")
    parameters = [{"name": name, "in": "header"} for name in names]
    parameters.append({"name": "accept", "in": "query"})
    operation = sole(rooted({"/a": {"get": {**OK, "parameters": parameters}}}))
    assert [each.name for each in operation.parameters] == ["X-Other", "accept"]


@pytest.mark.parametrize(
    ("location", "style", "explode"),
    [
        ("path", "simple", False),
        ("header", "simple", False),
        ("query", "form", True),
        ("cookie", "form", True),
    ],
)
def test_a_style_that_is_not_named_depends_on_the_place(
    location: str, style: str, explode: bool
) -> None:
    given = [{"name": "a", "in": location}]
    (parameter,) = sole(rooted({"/{a}": {"get": {**OK, "parameters": given}}})).parameters
    assert (parameter.style, parameter.explode) == (style, explode)


SCHEMES = {
    "key": {"type": "apiKey", "in": "query", "name": "k"},
    "token": {"type": "http", "scheme": "Bearer"},
    "alias": {"$ref": "#/components/securitySchemes/token"},
}
AT = "/components/securitySchemes/"
KEY = SecurityScheme("key", "apiKey", AT + "key", location="query", parameter="k")
TOKEN = SecurityScheme("token", "http", AT + "token", scheme="bearer")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, ((KEY,),)),
        ({"security": []}, ()),
        ({"security": [{}]}, ((),)),
        ({"security": [{"key": [], "token": []}, {"token": []}]}, ((KEY, TOKEN), (TOKEN,))),
        (
            {"security": [{"alias": []}]},
            ((SecurityScheme("alias", "http", AT + "token", scheme="bearer"),),),
        ),
        ({"security": [{"#/components/securitySchemes/key": []}]}, ((KEY,),)),
        ({"security": [{"#" + AT + "to%6Ben": [], "key": []}]}, ((TOKEN, KEY),)),
    ],
)
def test_an_operation_has_the_documents_security_unless_it_has_its_own(
    own: dict[str, Any], expected: Any
) -> None:
    root = rooted(
        {"/a": {"get": {**OK, **own}}},
        security=[{"key": []}],
        components={"securitySchemes": SCHEMES},
    )
    assert sole(root).security == expected


@pytest.mark.parametrize(
    ("description", "word"),
    [
        ('Token-based authentication with required prefix "Token"', "Token"),
        ('JWT in the header. Example: "Authorization: Bearer {token}"', "Bearer"),
        ("JWT Authorization header using the Bearer scheme. Enter 'Bearer' [space] it", "Bearer"),
        ("Send `ApiKey <key>`", "ApiKey"),
        ("Your token, as the page Token (settings) shows it; no prefix", ""),
    ],
)
def test_the_description_of_a_key_in_authorization_has_the_word_before_it(
    description: str, word: str
) -> None:
    key = {"type": "apiKey", "in": "header", "name": "Authorization", "description": description}
    root = rooted(
        {"/a": {"get": {**OK, "security": [{"key": []}, {"other": []}]}}},
        components={"securitySchemes": {"key": key, "other": {**key, "name": "X-Key"}}},
    )
    (first,), (second,) = sole(root).security
    assert (first.scheme, second.scheme) == (word, "")


def test_a_security_scheme_may_be_in_another_file(tmp_path: Path) -> None:
    uris = ("./one.json", "all.json#/of/key", "d.json#/components/securitySchemes/key", "./no.json")
    root = rooted(
        {"/a": {"get": {**OK, "security": [{uri: [], "token": []} for uri in uris]}}},
        components={"securitySchemes": SCHEMES},
    )
    for name, value in (
        ("d.json", root),
        ("one.json", SCHEMES["token"]),
        ("all.json", {"of": {"key": SCHEMES["key"]}}),
    ):
        (tmp_path / name).write_text(json.dumps(value))
    contract = reader.compile(document.read(tmp_path / "d.json"))
    (operation,) = contract.operations
    alternatives = [[scheme.kind for scheme in schemes] for schemes in operation.security]
    assert alternatives == [["http", "http"], ["apiKey", "http"], ["apiKey", "http"]]
    (told,) = contract.faults
    assert "'./no.json' is not declared" in str(told)


def test_an_unknown_security_scheme_is_told_with_those_that_there_are() -> None:
    root = rooted(
        {"/a": {"get": {**OK, "security": [{"key": [], "keys": []}]}}},
        components={"securitySchemes": SCHEMES},
    )
    contract = compiled(root)
    (told,) = contract.faults
    at = "/paths/~1a/get/security/0/keys"
    assert str(told) == (
        f"{told.place}: the security scheme 'keys' is not declared in "
        f"components/securitySchemes (at {at})\n"
        "Declare it there, or use one that is declared (alias, key, token)."
    )


UNCLEAR = {
    "typeless": {"scheme": "basic"},
    "basic": {"type": "basic"},
    "schemeless": {"type": "http"},
    "nameless": {"type": "apiKey", "in": "header"},
    "in body": {"type": "apiKey", "in": "body", "name": "k"},
    "spaced": {"type": "apiKey", "in": "header", "name": "My Key"},
}


@pytest.mark.parametrize(
    ("security", "asked"),
    [
        ([{"keys": []}, {"key": []}], [["key"]]),
        ([{"keys": []}, {}], [[]]),
        ([{"keys": [], "key": []}], [["key"]]),
        ([{"keys": []}], [[]]),
        ([{"typeless": []}, {"key": []}], [["key"]]),
        ([{"basic": []}, {"key": []}], [["key"]]),
        ([{"nameless": []}, {"key": []}], [["key"]]),
        ([{"schemeless": []}, {"key": []}], [["key"]]),
        ([{"in body": []}, {"key": []}], [["key"]]),
        ([{"spaced": []}, {"key": []}], [["key"]]),
    ],
)
def test_an_alternative_with_an_unknown_scheme_is_never_met_where_there_is_another(
    security: list[Any], asked: list[list[str]]
) -> None:
    root = rooted(
        {"/a": {"get": {**OK, "security": security}}},
        components={"securitySchemes": SCHEMES | UNCLEAR},
    )
    told = compiled(root).faults
    assert len(told) == 1
    alternatives = sole(root).security
    assert [[scheme.name for scheme in schemes] for schemes in alternatives] == asked


# references


def test_references_are_followed_wherever_components_may_stand() -> None:
    ref = {name: {"$ref": f"#/components/{name}/a"} for name in (
        "parameters", "requestBodies", "responses", "headers", "examples", "mediaTypes",
        "pathItems", "schemas",
    )}  # fmt: skip
    components = {
        "pathItems": {
            "a": {
                "parameters": [ref["parameters"]],
                "post": {
                    "requestBody": ref["requestBodies"],
                    "responses": {"4xx": ref["responses"], "x-own": 1},
                },
            }
        },
        "parameters": {"a": {"name": "q", "in": "query", "schema": ref["schemas"]}},
        "requestBodies": {"a": {"required": True, "content": {"text/json": ref["mediaTypes"]}}},
        "mediaTypes": {"a": {"schema": ref["schemas"], "examples": {"one": ref["examples"]}}},
        "examples": {"a": {"dataValue": 7}},
        "responses": {"a": {"description": "bad", "headers": {"X-A": ref["headers"]}}},
        "headers": {"a": {"required": True, "schema": ref["schemas"]}},
        "schemas": {"a": {"type": "integer"}},
    }
    operation = sole(rooted({"/p": ref["pathItems"]}, components=components))
    (parameter,) = operation.parameters
    assert (operation.name, operation.pointer) == ("POST /p", "/components/pathItems/a/post")
    assert (parameter.name, parameter.pointer) == ("q", "/components/parameters/a")
    body = operation.request_body
    assert body is not None
    (entry,) = body.content
    assert (body.required, entry.content_type, entry.pointer) == (
        True,
        "text/json",
        "/components/mediaTypes/a",
    )
    assert [(each.value, each.pointer) for each in entry.examples] == [
        (7, "/components/examples/a/dataValue")
    ]
    assert entry.schema is not None
    assert entry.schema.is_valid(3)
    assert not entry.schema.is_valid("3")
    (response,) = operation.responses
    assert (response.status, response.description, response.pointer) == (
        "4XX",
        "bad",
        "/components/responses/a",
    )
    (header,) = response.headers
    assert (header.name, header.required, header.location) == ("X-A", True, "header")


def test_extensions_are_no_paths_and_no_statuses_but_media_types_may_begin_with_x() -> None:
    responses = {
        "200": {"description": "", "content": {"x-world/x-vrml": {}}},
        "x-note": "not a response",
    }
    operation = sole(rooted({"/a": {"get": {"responses": responses}}, "x-paths": "no path"}))
    assert [
        (response.status, [entry.content_type for entry in response.content])
        for response in operation.responses
    ] == [("200", ["x-world/x-vrml"])]


def test_a_response_header_named_content_type_is_ignored() -> None:
    headers: dict[str, Any] = {"content-Type": {}, "X-A": {}}
    operation = sole(
        rooted({"/a": {"get": {"responses": {"200": {"description": "", "headers": headers}}}}})
    )
    assert [header.name for header in operation.responses[0].headers] == ["X-A"]


def test_a_document_without_paths_compiles_to_no_operations() -> None:
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "components": {}}
    assert compiled(root).operations == ()


# what has no meaning


@pytest.mark.parametrize(
    ("operation", "at", "fault"),
    [
        ({"parameters": [{"in": "query"}]}, "/parameters/0", "the member 'name' is missing"),
        ({"parameters": [{"name": "a"}]}, "/parameters/0", "the member 'in' is missing"),
        (
            {"parameters": [{"name": ["a"], "in": "query"}]},
            "/parameters/0/name",
            "expected a string, found an array",
        ),
        (
            {"parameters": [{"name": "a", "in": "body"}]},
            "/parameters/0/in",
            "'body' is not where a parameter can be",
        ),
        (
            {"parameters": [{"name": "a", "in": "query", "required": "true"}]},
            "/parameters/0/required",
            "expected a boolean, found a string",
        ),
        ({"parameters": {}}, "/parameters", "expected an array, found an object"),
        ({"parameters": [3]}, "/parameters/0", "expected an object, found a number"),
        ({"security": {}}, "/security", "expected an array, found an object"),
        ({"security": ["a"]}, "/security/0", "expected an object, found a string"),
        ({"servers": ["/v1"]}, "/servers/0", "expected an object, found a string"),
        ({"servers": [{"url": 1}]}, "/servers/0/url", "expected a string, found a number"),
        (
            {"servers": [{"url": "/{a}", "variables": {"a": {"enum": ["x", 1]}}}]},
            "/servers/0/variables/a/enum/1",
            "expected a string, found a number",
        ),
        ({"operationId": ["a"]}, "/operationId", "expected a string, found an array"),
        ({"requestBody": "x"}, "/requestBody", "expected an object, found a string"),
        ({"responses": []}, "/responses", "expected an object, found an array"),
        ({"responses": {"200": None}}, "/responses/200", "expected an object, found null"),
        ({"x-codeSamples": ["x"]}, "/x-codeSamples/0", "expected an object, found a string"),
    ],
)
def test_what_has_no_meaning_is_told_with_its_place(
    operation: dict[str, Any], at: str, fault: str
) -> None:
    contract = compiled(rooted({"/a": {"get": {**OK, **operation}}, "/b": {"get": OK}}))
    assert [each.name for each in contract.operations] == ["GET /a", "GET /b"]
    (told,) = contract.faults
    assert (told.pointer, told.fault) == ("/paths/~1a/get" + at, fault)
    assert told.place is not None
    assert told.place.file == "t.json"


@pytest.mark.parametrize("item", [None, 3, "x", [], True, {"get": "x"}, {"get": []}])
def test_a_path_item_or_operation_that_is_no_object_is_left_out(item: Any) -> None:
    contract = compiled(rooted({"/a": item, "/b": {"get": OK}}))
    assert [each.name for each in contract.operations] == ["GET /b"]
    (told,) = contract.faults
    assert told.pointer.startswith("/paths/~1a")
    assert told.fault.startswith("expected an object, found ")


@pytest.mark.parametrize(
    "member", [{"get": {"x-troth-completion": 3}}, {"get": {"x-troth-laws": [{"id": 3}]}}]
)
def test_a_field_of_troth_that_says_nothing_sensible_is_refused(member: dict[str, Any]) -> None:
    with pytest.raises(SpecError) as caught:
        compiled(rooted({"/a": member}))
    assert caught.value.pointer.startswith("/paths/~1a/get/x-troth-")


def test_prose_of_the_wrong_type_stops_nothing() -> None:
    responses = {"200": {"description": ["many"]}}
    operation = sole(rooted({"/a": {"get": {"summary": 404, "responses": responses}}}))
    assert (operation.summary, operation.responses[0].description) == ("", "")


WHOLE = rooted(
    {
        "/a/{b}": {
            "parameters": [{"name": "b", "in": "path", "required": True, "style": "label"}],
            "servers": [{"url": "/{v}", "variables": {"v": {"default": "1", "enum": ["1"]}}}],
            "post": {
                "operationId": "one",
                "summary": "One",
                "security": [{"key": []}],
                "parameters": [
                    {"name": "q", "in": "query", "content": {"application/json": {"schema": {}}}}
                ],
                "requestBody": {
                    "content": {"multipart/form-data": {"encoding": {"a": {"style": "form"}}}}
                },
                "responses": {
                    "200": {
                        "description": "good",
                        "headers": {"X-A": {"schema": {"type": "string"}, "explode": True}},
                        "content": {
                            "text/event-stream": {
                                "itemSchema": {"type": "object"},
                                "x-troth-when": "request.stream == true",
                                "x-speakeasy-sse-sentinel": "[DONE]",
                                "examples": {"one": {"value": 1}},
                            }
                        },
                    }
                },
                "x-codeSamples": [{"lang": "python", "source": "print()"}],
                "x-troth-laws": [
                    {"id": "a", "says": "A", "message": "a", "holds": "status == 200"}
                ],
            },
        }
    },
    components={"securitySchemes": SCHEMES},
    servers=[{"url": "https://h"}],
    security=[],
)


def pointers(value: Any, at: str = "") -> Iterator[str]:
    members = value.items() if isinstance(value, dict) else ()
    for name, inner in members if isinstance(value, dict) else enumerate(value):
        yield pointer.join(at, name)
        if isinstance(inner, (dict, list)):
            yield from pointers(inner, pointer.join(at, name))


def test_the_document_that_is_broken_below_is_whole() -> None:
    assert sole(WHOLE).name == "POST /a/{b}"


JUNK = st.sampled_from([None, True, 3, "x", [], {}, ["x"], [[]], [None], [{}], {"x": 1}])


@settings(max_examples=300)
@given(st.sampled_from(list(pointers(WHOLE))), JUNK)
def test_junk_anywhere_is_a_fault_of_the_document_or_nothing(at: str, junk: Any) -> None:
    root = copy.deepcopy(WHOLE)
    *way, last = pointer.split(at)
    owner = pointer.resolve(root, pointer.of(way))
    owner[int(last) if isinstance(owner, list) else last] = junk
    try:
        compiled(root)
        return
    except SpecError as caught:
        fault = caught
    assert fault.place is not None
    assert fault.pointer.startswith("/")


# the real world


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of others' documents is not here")
@pytest.mark.parametrize(
    "name",
    [
        "atoma-proxy-full-with-streams.yml",
        "media-type-examples-32.yaml",
        "museum-31.yaml",
        "parameters-style-31.json",
        "petstore-expanded-30.yaml",
        "polymorphism-30.yaml",
        "schema-circular-30.json",
        "webhook-31.yaml",
    ],
)
def test_documents_of_others_compile_to_all_their_operations(name: str) -> None:
    raw = yaml.load((CORPUS / name).read_bytes(), yaml.BaseLoader)
    methods = {"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}
    expected = [
        f"{method.upper()} {path}"
        for path, item in raw.get("paths", {}).items()
        for method in item
        if method in methods
    ]
    contract = reader.compile(document.read(CORPUS / name))
    assert sorted(operation.name for operation in contract.operations) == sorted(expected)
