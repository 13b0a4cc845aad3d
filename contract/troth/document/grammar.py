"""Which members of an OpenAPI document hold which objects.

A `$ref` is a reference only where an object may stand that can be one: under `properties`, in an
example, in an extension it is data.  Names of kinds are the specification's, without "Object".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from troth.pointer import escape

#: How a member holds objects: itself, as items, under any name, or under any name but `x-…`.
Shape = Literal["one", "items", "names", "patterned"]


#: The dialects of JSON Schema that a document may declare; those of OpenAPI end with a date.
JSON_SCHEMA_2020_12 = "https://json-schema.org/draft/2020-12/schema"
OPENAPI_DIALECTS = ("https://spec.openapis.org/oas/3.1/", "https://spec.openapis.org/oas/3.2/")


class Member(NamedTuple):
    """What one member of an object holds."""

    shape: Shape
    kind: str


class Applicator(NamedTuple):
    """Where a keyword of JSON Schema holds subschemas.

    *in_place*: they see the same instance as their schema (2020-12 §10.2).
    """

    shape: Shape
    in_place: bool = False


#: The keywords that hold subschemas: a new one is a row here (`schema.applicators` walks them).
APPLICATORS: dict[str, Applicator] = {
    "allOf": Applicator("items", in_place=True),
    "anyOf": Applicator("items", in_place=True),
    "oneOf": Applicator("items", in_place=True),
    "then": Applicator("one", in_place=True),
    "else": Applicator("one", in_place=True),
    "if": Applicator("one", in_place=True),
    "dependentSchemas": Applicator("names", in_place=True),
    "not": Applicator("one", in_place=True),
    "properties": Applicator("names"),
    "patternProperties": Applicator("names"),
    "additionalProperties": Applicator("one"),
    "propertyNames": Applicator("one"),
    "unevaluatedProperties": Applicator("one"),
    "prefixItems": Applicator("items"),
    "items": Applicator("one"),
    "additionalItems": Applicator("one"),
    "contains": Applicator("one"),
    "unevaluatedItems": Applicator("one"),
    "contentSchema": Applicator("one"),
    "$defs": Applicator("names"),
    "definitions": Applicator("names"),
}

#: The keywords whose subschemas see the same instance as their schema.
IN_PLACE = tuple(keyword for keyword, row in APPLICATORS.items() if row.in_place)


def _members(**members: str) -> dict[str, Member]:
    table: dict[str, Member] = {}
    for name, text in members.items():
        shape, _, kind = text.partition(" ")
        table[name] = Member(shape, kind)  # type: ignore[arg-type]  # the literals below are Shapes
    return table


_PARAMETER = _members(schema="one schema", content="names media-type", examples="names example")
_METHODS = "get put post delete options head patch trace query"

MEMBERS: dict[str, dict[str, Member]] = {
    "openapi": _members(
        paths="patterned path-item", webhooks="names path-item", components="one components"
    ),
    "components": _members(
        schemas="names schema",
        responses="names response",
        parameters="names parameter",
        examples="names example",
        requestBodies="names request-body",
        headers="names header",
        securitySchemes="names security-scheme",
        links="names link",
        callbacks="names callback",
        pathItems="names path-item",
        mediaTypes="names media-type",
    ),
    "path-item": _members(
        **dict.fromkeys(_METHODS.split(), "one operation"),
        additionalOperations="names operation",
        parameters="items parameter",
    ),
    "operation": _members(
        parameters="items parameter",
        requestBody="one request-body",
        responses="patterned response",
        callbacks="names callback",
    ),
    "parameter": _PARAMETER,
    "header": _PARAMETER,
    "request-body": _members(content="names media-type"),
    "response": _members(headers="names header", content="names media-type", links="names link"),
    "media-type": _members(
        schema="one schema",
        itemSchema="one schema",
        examples="names example",
        encoding="names encoding",
        prefixEncoding="items encoding",
        itemEncoding="one encoding",
    ),
    "encoding": _members(
        headers="names header",
        encoding="names encoding",
        prefixEncoding="items encoding",
        itemEncoding="one encoding",
    ),
    "callback": {},
    "example": {},
    "link": {},
    "security-scheme": {},
    "schema": {keyword: Member(row.shape, "schema") for keyword, row in APPLICATORS.items()},
}

#: The kinds that may be a Reference Object instead, or have a `$ref` of their own.
REFERABLE = frozenset(MEMBERS) - {"openapi", "components", "operation", "encoding"}


class Misfit(Exception):
    """The value at *pointer* is not what may stand there."""

    def __init__(self, pointer: str, expected: str, found: Any) -> None:
        super().__init__(pointer)
        self.pointer = pointer
        self.expected = expected
        self.found = found


def check(value: Any, pointer: str, kind: str) -> None:
    """Raise Misfit unless *value* is an object, or a boolean where a schema stands."""
    if isinstance(value, dict) or (kind == "schema" and isinstance(value, bool)):
        return
    raise Misfit(pointer, "an object or a boolean" if kind == "schema" else "an object", value)


def children(value: dict[str, Any], pointer: str, kind: str) -> Iterator[tuple[Any, str, str, str]]:
    """The objects that *value*, of *kind* and at *pointer*, holds: value, pointer, kind, member.

    Raises Misfit for a member that is no object or array where it must be one.
    """
    if kind == "callback":
        # Its members are named by runtime expressions (OpenAPI 3.1 §4.8.18).
        for name, item in value.items():
            if not name.startswith("x-"):
                yield item, f"{pointer}/{escape(name)}", "path-item", name
        return
    members = MEMBERS[kind]
    for name, held in value.items():
        member = members.get(name)
        if member is None:
            continue
        at = f"{pointer}/{name}"
        shape, of = member
        if shape == "one":
            yield held, at, of, name
        elif shape == "items":
            if not isinstance(held, list):
                raise Misfit(at, "an array", held)
            for index, item in enumerate(held):
                yield item, f"{at}/{index}", of, name
        else:
            if not isinstance(held, dict):
                raise Misfit(at, "an object", held)
            for key, item in held.items():
                if shape == "names" or not key.startswith("x-"):
                    yield item, f"{at}/{escape(key)}", of, name
