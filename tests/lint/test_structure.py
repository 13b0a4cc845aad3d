"""What OpenAPI's own schemas reject, told where it is and once."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import time
from typing import Any

import pytest

from troth import pointer as pointers
from troth.document import document
from troth.lint import lint, metaschema

GOOD: dict[str, Any] = {
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/a/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "get": {"operationId": "a", "responses": {"200": {"description": "good"}}},
        }
    },
    "components": {"securitySchemes": {"k": {"type": "apiKey", "name": "x", "in": "query"}}},
}


def malformed(version: str, root: dict[str, Any]) -> list[tuple[str, str]]:
    read = document.read(json.dumps({"openapi": version, **root}).encode(), name="t.json")
    return [(each.pointer, each.message) for each in lint(read) if each.code == "malformed"]


def changed(*way: str | int, to: Any) -> dict[str, Any]:
    root = copy.deepcopy(GOOD)
    node: Any = root
    for step in way[:-1]:
        node = node[step]
    if to is None:
        del node[way[-1]]
    else:
        node[way[-1]] = to
    return root


ITEM = ("paths", "/a/{id}")
VERSIONS = pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])


@VERSIONS
def test_a_good_document_is_not_accused(version: str) -> None:
    assert malformed(version, GOOD) == []


@VERSIONS
@pytest.mark.parametrize(
    ("way", "to", "found"),
    [
        (("info", "version"), None, [("/info", "'version' is missing.")]),
        (("inof",), {}, [("/inof", "No member 'inof' is declared there (did you mean 'info'?).")]),
        (
            (*ITEM, "get", "reponses"),
            {},
            [
                (
                    "/paths/~1a~1{id}/get/reponses",
                    "No member 'reponses' is declared there (did you mean 'responses'?).",
                )
            ],
        ),
        (
            (*ITEM, "parameters", 0, "colour"),
            "red",
            [("/paths/~1a~1{id}/parameters/0/colour", "No member 'colour' is declared there.")],
        ),
        (
            (*ITEM, "get", "responses", "200", "description"),
            None,
            [("/paths/~1a~1{id}/get/responses/200", "'description' is missing.")],
        ),
        (
            ("components", "securitySchemes", "k", "in"),
            None,
            [("/components/securitySchemes/k", "'in' is missing.")],
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_is_and_nothing_else(
    version: str, way: tuple[str | int, ...], to: Any, found: list[tuple[str, str]]
) -> None:
    if version == "3.2.0" and way[-1] == "description":
        found = []  # OpenAPI 3.2: a response has a summary, or a description, or neither
    assert malformed(version, changed(*way, to=to)) == found


def test_what_another_rule_says_is_not_said_again() -> None:
    root = changed(*ITEM, "parameters", 0, "required", to="yes")
    assert malformed("3.1.0", root) == [
        (
            "/paths/~1a~1{id}/parameters/0/required",
            "Expected a boolean, found a string.",
        )
    ]


def test_extensions_are_free() -> None:
    assert malformed("3.1.0", changed("x-anything", to={"at": ["all"]})) == []


def test_the_items_of_a_stream_may_be_described_in_any_version() -> None:
    content = {"text/event-stream": {"itemSchema": {"type": "object"}}}
    root = changed(
        *ITEM, "get", "responses", to={"200": {"description": "good", "content": content}}
    )
    assert malformed("3.1.0", root) == []


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_deep_and_wide_document_is_told_of_in_bounded_time(version: str) -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(90):
        deep = {"type": "object", "properties": {"a": deep}}
    many = {f"S{number}": {"type": "object"} for number in range(500)}
    root = {**GOOD, "inof": 1, "components": {"schemas": {"Deep": deep, **many}}}
    before = time.process_time()
    assert ("/inof", "No member 'inof' is declared there (did you mean 'info'?).") in malformed(
        version, root
    )
    assert time.process_time() - before < 10


RESPONSES = (*ITEM, "get", "responses")
MEDIA = {"schema": {"type": "object"}, "examples": {"a": {"value": {}, "bogus": 1}}}
GOOD_ANSWER = {"description": "good"}


@VERSIONS
@pytest.mark.parametrize(
    ("way", "to", "at", "sentence"),
    [
        ((*RESPONSES,), {"2xx": GOOD_ANSWER}, "/2xx", "`2xx` has to be written `2XX`"),
        ((*RESPONSES, "5Xx"), GOOD_ANSWER, "", "`5Xx` has to be written `5XX`"),
        ((*RESPONSES,), {"OK": GOOD_ANSWER}, "/OK", "'OK' is no status"),
        (("info", "contact"), None, "", "`contact` has to be an object, not null"),
        (("info", "title"), 7, "", "`title` has to be a string, not an integer"),
        (("tags",), [{"name": "a", "externalDocs": {}}], "/0/externalDocs", "'url' is missing"),
        (
            (*ITEM, "parameters", 0),
            {"name": "id", "in": "path", "required": True},
            "",
            "'schema' or 'content' is missing",
        ),
        (
            (*ITEM, "parameters", 0),
            {"name": "id", "in": "path", "required": False, "schema": {}},
            "/required",
            "`required` has to be true, not false",
        ),
        (RESPONSES, {}, "", "`responses` has no member, and needs one"),
        (
            (*RESPONSES, "200", "content"),
            {"application/json": MEDIA},
            "/application~1json/examples/a/bogus",
            "No member 'bogus' is declared there",
        ),
        (
            (*RESPONSES, "200", "content"),
            {"application/json": {"example": {}, "examples": {"a": {"value": {}}}}},
            "/application~1json",
            "'example' and 'examples' exclude each other",
        ),
        (
            ("components", "securitySchemes", "o"),
            {"type": "oauth2", "flows": {"implicit": {"scopes": {}}}},
            "/flows/implicit",
            "'authorizationUrl' is missing",
        ),
        (
            ("components", "securitySchemes", "k", "in"),
            "body",
            "",
            '`in` has to be "',
        ),
    ],
)
def test_each_fault_is_told_once_and_at_the_innermost_place(
    version: str, way: tuple[str | int, ...], to: Any, at: str, sentence: str
) -> None:
    if version == "3.1.0" and "exclude" in sentence:
        return  # the schema of OpenAPI 3.1 leaves this open
    root = copy.deepcopy(GOOD)
    node: Any = root
    for step in way[:-1]:
        node = node[step]
    node[way[-1]] = to
    ((place, message),) = malformed(version, root)
    assert place == pointers.of(way) + at
    assert message.startswith(sentence)
    assert "None" not in message


@pytest.mark.parametrize(
    "way", [("tags",), ("paths", "/a/{id}", "get", "responses", "200", "description")]
)
def test_a_note_that_is_not_there_is_a_warning(way: tuple[str, ...]) -> None:
    to = [{"name": "a", "description": None}] if way == ("tags",) else None
    root = {"openapi": "3.1.0", **changed(*way, to=to)}
    read = document.read(json.dumps(root).encode(), name="t.json")
    assert [each.severity for each in lint(read) if each.code == "malformed"] == ["warning"]


def test_a_rule_about_a_schema_does_not_hide_a_fault_around_it() -> None:
    root = changed("info", to=None)
    root["components"] = {"schemas": {"A": {"type": "string", "default": 1}}}
    assert malformed("3.1.0", root) == [("", "'info' is missing.")]


RESOURCE: dict[str, Any] = {
    "/jobs": {
        "x-troth-resource": {"listing": {"limit": "n", "filters": {"state": "/state"}}},
        "get": {
            "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "good"}},
        },
        "post": {"responses": {"201": {"description": "good"}}},
    },
    "/jobs/{id}/close": {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {}}],
        "post": {
            "x-troth-resource": {"path": "/job/{id}", "collection": "/works", "role": "delete"},
            "responses": {"200": {"description": "good"}},
        },
    },
}


def told_of_resources(paths: dict[str, Any]) -> list[tuple[int, str, str]]:
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    read = document.read(json.dumps(root, indent=1).encode(), name="t.json")
    found = (each for each in lint(read) if each.code == "unknown-extension")
    return [(each.place.line, pointers.split(each.pointer)[-1], each.message) for each in found]


def test_what_a_resource_is_said_to_have_has_to_be_there() -> None:
    assert told_of_resources(RESOURCE) == [
        (13, "state", "There is no parameter in query 'state' here, so that this does nothing."),
        (
            52,
            "path",
            "There is no path '/job/{id}' here (did you mean '/jobs/{id}/close'?),"
            " so that this does nothing.",
        ),
        (53, "collection", "There is no path '/works' here, so that this does nothing."),
    ]


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("page[size]", {"name": "page", "in": "query", "schema": {"type": "object"}}),
        ("page[size]", {"name": "page[size]", "in": "query", "schema": {"type": "integer"}}),
        ("size", {"name": "q", "in": "querystring", "content": {"a/b": {"schema": {}}}}),
        ("size", {"$ref": "#/paths/~1other/parameters/0"}),
        (None, {"name": "q", "in": "query", "schema": {}}),
    ],
)
def test_a_parameter_of_a_list_is_found_however_it_is_declared(name: Any, declared: Any) -> None:
    size = {"name": "size", "in": "query", "schema": {"type": "integer"}}
    get = {
        "responses": {"200": {"description": "good"}},
        "parameters": [declared],
        "x-troth-resource": {"listing": {"limit": name}, "collection": None, "path": "/jobs"},
    }
    assert told_of_resources({"/jobs": {"get": get}, "/other": {"parameters": [size]}}) == []


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_the_schema_of_openapi_is_read_as_its_library_publishes_it(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = metaschema._schema.__wrapped__
    assert read(version) == metaschema.published(version)
    monkeypatch.setattr(metaschema, "find_spec", lambda name: None)  # it is in no folder
    assert read(version) == metaschema.published(version)


def test_what_lints_a_valid_document_loads_no_library_that_it_does_not_need() -> None:
    script = (
        "import sys\nfrom troth.document import document\nfrom troth.lint import lint\n"
        "lint(document.read(sys.argv[1].encode(), name='a.json'))\n"
        "print({'jsonschema', 'openapi_spec_validator', 'pydantic'} & sys.modules.keys())"
    )
    text = json.dumps({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}})
    done = subprocess.run([sys.executable, "-c", script, text], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
