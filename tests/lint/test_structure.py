"""What OpenAPI's own schemas reject, told where it is and once."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest

from troth.document import document
from troth.lint import lint

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
    start = f"OpenAPI {version[:3]}'s own schema rejects this: "
    return [
        (each.pointer, each.message.removeprefix(start))
        for each in lint(read)
        if each.code == "malformed"
    ]


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
        (("inof",), {}, [("/inof", "no member 'inof' is declared there.")]),
        (
            (*ITEM, "get", "reponses"),
            {},
            [("/paths/~1a~1{id}/get/reponses", "no member 'reponses' is declared there.")],
        ),
        (
            (*ITEM, "parameters", 0, "colour"),
            "red",
            [("/paths/~1a~1{id}/parameters/0/colour", "no member 'colour' is declared there.")],
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
    assert ("/inof", "no member 'inof' is declared there.") in malformed(version, root)
    assert time.process_time() - before < 10
