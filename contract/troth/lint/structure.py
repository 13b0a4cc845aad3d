"""Objects that are not of OpenAPI's form: a member of the wrong type, or one that is missing.

Only what nothing can be read without.  Which members an object may have beyond these is left to
the specification's own schemas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from troth import pointer as pointers
from troth.lint.findings import Finding
from troth.lint.survey import Survey
from troth.lint.walk import Node

Form = tuple[str, Callable[[Any], bool]]


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_maps(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


TEXT: Form = ("a string", lambda value: isinstance(value, str))
FLAG: Form = ("a boolean", lambda value: isinstance(value, bool))
MAP: Form = ("an object", _is_map)
MAPS: Form = ("an array of objects", _is_maps)
TEXTS: Form = ("an array of strings", _is_texts)
SCHEMA: Form = ("an object or a boolean", lambda value: isinstance(value, (dict, bool)))
OBJECTS: Form = (
    "an object of objects",
    lambda value: (
        isinstance(value, dict)
        and all(isinstance(item, dict) or name.startswith("x-") for name, item in value.items())
    ),
)
NEEDS: Form = (
    "an array of objects whose members are arrays of strings",
    lambda value: (
        _is_maps(value) and all(_is_texts(scopes) for each in value for scopes in each.values())
    ),
)

_PARAMETER: Mapping[str, Form] = {
    "schema": SCHEMA,
    "content": OBJECTS,
    "examples": OBJECTS,
    "style": TEXT,
    "explode": FLAG,
}
FORMS: Mapping[str, Mapping[str, Form]] = {
    "openapi": {
        "paths": OBJECTS,
        "webhooks": OBJECTS,
        "components": OBJECTS,
        "servers": MAPS,
        "tags": MAPS,
        "security": NEEDS,
    },
    "path-item": {
        **dict.fromkeys("get put post delete options head patch trace query".split(), MAP),  # noqa: SIM905 - a list of words
        "additionalOperations": OBJECTS,
        "parameters": MAPS,
        "servers": MAPS,
    },
    "operation": {
        "operationId": TEXT,
        "summary": TEXT,
        "parameters": MAPS,
        "requestBody": MAP,
        "responses": OBJECTS,
        "callbacks": OBJECTS,
        "security": NEEDS,
        "servers": MAPS,
        "tags": TEXTS,
        "x-codeSamples": MAPS,
    },
    "parameter": {**_PARAMETER, "name": TEXT, "in": TEXT, "required": FLAG},
    "header": _PARAMETER,
    "request-body": {"content": OBJECTS, "required": FLAG},
    "response": {"description": TEXT, "content": OBJECTS, "headers": OBJECTS},
    "media-type": {
        "schema": SCHEMA,
        "itemSchema": SCHEMA,
        "examples": OBJECTS,
        "encoding": OBJECTS,
        "x-speakeasy-sse-sentinel": TEXT,
    },
    "security-scheme": {"type": TEXT, "scheme": TEXT, "in": TEXT, "name": TEXT},
    "components": dict.fromkeys(
        ("responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes"),
        OBJECTS,
    ),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {"parameter": ("name", "in"), "security-scheme": ("type",)}
_LOCATIONS = ("path", "query", "header", "cookie", "querystring")


def malformed(survey: Survey) -> Iterator[Finding]:
    """Find members of the wrong type, and objects that lack what they are found by."""
    for node in survey.nodes:
        # a Reference Object has nothing else to it
        if node.role in FORMS and "$ref" not in node.value:
            yield from _members(survey, node)
            yield from _missing(survey, node)


def _members(survey: Survey, node: Node) -> Iterator[Finding]:
    for name, (kind, fits) in FORMS[node.role].items():
        if name in node.value and not fits(node.value[name]):
            yield survey.finding(
                "malformed",
                pointers.join(node.pointer, name),
                f"`{name}` of {_called(node.role)} has to be {kind}.",
            )


def _missing(survey: Survey, node: Node) -> Iterator[Finding]:
    for name in _NEEDED.get(node.role, ()):
        if name not in node.value:
            called = _called(node.role)
            yield survey.finding("malformed", node, f"{called.capitalize()} needs `{name}`.")
    if node.role == "parameter" and node["in"] is not None and node["in"] not in _LOCATIONS:
        known = ", ".join(_LOCATIONS)
        yield survey.finding("malformed", node, f"A parameter is in one of {known}.")


def _called(role: str) -> str:
    words = role.replace("-", " ")
    return (
        "the document"
        if role == "openapi"
        else f"an {words}"
        if role[0] in "aeiou"
        else f"a {words}"
    )
