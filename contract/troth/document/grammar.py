"""Which members of an OpenAPI document hold which objects.

A `$ref` is a reference only where an object may stand that can be one: under `properties`, in an
example, in an extension it is data.  Names of kinds are the specification's, without "Object".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
        servers="items server",
        paths="patterned path-item",
        webhooks="names path-item",
        components="one components",
        security="items security-requirement",
    ),
    "server": _members(variables="names server-variable"),
    "server-variable": {},
    "security-requirement": {},
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
        servers="items server",
        parameters="items parameter",
    ),
    "operation": _members(
        parameters="items parameter",
        requestBody="one request-body",
        responses="patterned response",
        callbacks="names callback",
        security="items security-requirement",
        servers="items server",
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
REFERABLE = frozenset(MEMBERS) - {
    *("openapi", "components", "server", "server-variable", "security-requirement"),
    *("operation", "encoding"),
}


class Form(NamedTuple):
    """What a member that holds no objects has to be: in words, as a test, and what helps.

    *each* is the form of the items of an array.  *meant* is what another value was meant to be,
    where it can mean one thing only; None where it cannot.
    """

    words: str
    fits: Callable[[Any], bool]
    advice: str = ""
    each: Form | None = None
    meant: Callable[[Any], Any] | None = None


def is_text(value: Any) -> bool:
    """Whether *value* is a string."""
    return isinstance(value, str)


def is_texts(value: Any) -> bool:
    """Whether *value* is an array of strings."""
    return _is_list(value) and all(map(is_text, value))


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


TEXT = Form("a string", is_text)
FLAG = Form("a boolean", lambda value: isinstance(value, bool))
MAP = Form("an object", lambda value: isinstance(value, dict))
LIST = Form("an array", _is_list)
MAPS = Form("an array", _is_list, each=MAP)
TEXTS = Form("an array", _is_list, each=TEXT)
#: What to do about a number that is text.
UNQUOTED = "Write it without quotes."
_NUMBER = Form("a number", lambda value: type(value) in (int, float), UNQUOTED)
_COUNT = Form(
    "a whole number that is not negative",
    lambda value: type(value) in (int, float) and value >= 0 and value == int(value),
    UNQUOTED,
)
# since OpenAPI 3.1 a bound of its own; before, a flag of the bound beside it
_EXCLUSIVE = Form("a number", lambda value: type(value) in (int, float, bool))

#: JSON Schema's types.
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")


def _are_types(value: Any) -> bool:
    if _is_list(value):
        return bool(value) and is_texts(value) and set(value) <= set(TYPES) and _are_names(value)
    return is_text(value) and value in TYPES


def _are_names(value: Any) -> bool:
    names = list(filter(is_text, value)) if _is_list(value) else []
    return _is_list(value) and len(set(names)) == len(names)


def _names_meant(value: Any) -> Any:
    return list(dict.fromkeys(value)) if is_texts(value) else None


def _types_meant(value: Any) -> Any:
    """The types that were meant by *value*: YAML's null is no string, and case is a slip."""
    if _is_list(value):
        meant = [_types_meant(item) if not _is_list(item) else None for item in value]
        return list(dict.fromkeys(meant)) if meant and None not in meant else None
    if value is None:
        return "null"
    return value.lower() if is_text(value) and value.lower() in TYPES else None


_SCHEMA_FORMS: dict[str, Form] = {
    **dict.fromkeys(("title", "description", "format", "pattern", "$comment"), TEXT),
    **dict.fromkeys(("$id", "$anchor", "$dynamicAnchor", "$schema"), TEXT),
    **dict.fromkeys(("contentEncoding", "contentMediaType"), TEXT),
    **dict.fromkeys(("minimum", "maximum"), _NUMBER),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), _EXCLUSIVE),
    "multipleOf": Form(
        "a number greater than 0", lambda value: type(value) in (int, float) and value > 0
    ),
    **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems"), _COUNT),
    **dict.fromkeys(("maxProperties", "minProperties", "maxContains", "minContains"), _COUNT),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly", "nullable"), FLAG),
    "type": Form(
        f"one of {', '.join(TYPES)}, or an array of these",
        _are_types,
        "Without it a value of any type will do.",
        meant=_types_meant,
    ),
    "required": Form(
        "an array of different strings",
        _are_names,
        "It names members of the object that it stands in.",
        each=TEXT,
        meant=_names_meant,
    ),
    "enum": LIST,
    "examples": LIST,
    "dependentRequired": Form(
        "an object of arrays of strings",
        lambda value: isinstance(value, dict) and all(map(is_texts, value.values())),
    ),
    "dependencies": Form(
        "an object of schemas and arrays of strings",
        lambda value: (
            isinstance(value, dict)
            and all(is_texts(item) or fits(item, "schema") for item in value.values())
        ),
    ),
    **dict.fromkeys(("xml", "externalDocs"), MAP),
    "discriminator": Form(MAP.words, MAP.fits, "Write {propertyName: NAME}."),
}

#: The members that hold no objects of a kind, and yet are read.
FORMS: dict[str, dict[str, Form]] = {
    "openapi": {"info": MAP, "tags": MAPS},
    "server": {"url": TEXT},
    "server-variable": {"default": TEXT, "enum": TEXTS},
    "operation": {
        "operationId": TEXT,
        "summary": TEXT,
        "tags": TEXTS,
        "x-codeSamples": MAPS,
    },
    "parameter": {
        "style": TEXT,
        "explode": FLAG,
        "name": TEXT,
        "in": TEXT,
        "required": FLAG,
        "allowReserved": FLAG,
        "allowEmptyValue": FLAG,
    },
    "header": {"style": TEXT, "explode": FLAG, "required": FLAG},
    "encoding": {
        "contentType": TEXT,
        "style": TEXT,
        "explode": FLAG,
        "allowReserved": FLAG,
    },
    "media-type": {
        "x-speakeasy-sse-sentinel": Form(
            "a string that is not empty", lambda value: is_text(value) and value != ""
        ),
    },
    "schema": _SCHEMA_FORMS,
    "request-body": {"required": FLAG},
    "response": {"description": TEXT},
    "security-scheme": {"type": TEXT, "scheme": TEXT, "in": TEXT, "name": TEXT},
}


def fits(value: Any, kind: str) -> bool:
    """Whether *value* is an object, or a boolean where a schema stands."""
    return isinstance(value, dict) or (kind == "schema" and isinstance(value, bool))


def kind_of(tokens: Sequence[str]) -> str | None:
    """The kind of the object of a document at the pointer of *tokens*; None where it is data."""
    kind, ahead = "openapi", iter(tokens)
    for token in ahead:
        member = MEMBERS[kind].get(token)
        if kind == "callback" and not token.startswith("x-"):
            kind = "path-item"
        elif member is None or (member.shape != "one" and next(ahead, None) is None):
            return None
        else:
            kind = member.kind
    return kind


def expected(kind: str) -> str:
    """What has to stand where an object of *kind* stands, in words."""
    return "an object or a boolean" if kind == "schema" else "an object"


def children(value: dict[str, Any], pointer: str, kind: str) -> Iterator[tuple[Any, str, str, str]]:
    """The objects that *value*, of *kind* and at *pointer*, holds: value, pointer, kind, member.

    What is no object or array where it must be one holds nothing: `mending` has told it.
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
            for index, item in enumerate(held if isinstance(held, list) else ()):
                yield item, f"{at}/{index}", of, name
        elif isinstance(held, dict):
            for key, item in held.items():
                if shape == "names" or not key.startswith("x-"):
                    yield item, f"{at}/{escape(key)}", of, name
