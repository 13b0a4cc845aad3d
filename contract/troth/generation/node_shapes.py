"""What a value at one position has to look like, and how keywords add to it.

What is a matter of choice (`oneOf`, `anyOf`, `if`, `not`, dependencies) is kept apart as choices:
each is a list of alternatives, and each alternative is a list of further schemas to add.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Source = Any  # a schema: an object (dict) or a boolean

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
ALL = frozenset(TYPES)
KEYWORD_TYPE = {
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
    "multipleOf": "number",
    "minLength": "string",
    "maxLength": "string",
    "pattern": "string",
    "format": "string",
    "minItems": "array",
    "maxItems": "array",
    "uniqueItems": "array",
    "required": "object",
    "properties": "object",
    "additionalProperties": "object",
    "propertyNames": "object",
    "minProperties": "object",
    "maxProperties": "object",
}


@dataclass(slots=True)
class Choice:
    """One keyword that leaves a choice: *key* identifies it, so that it is resolved once."""

    key: tuple[int, str]
    alternatives: list[list[Source]]


@dataclass(slots=True)
class Closed:
    """`additionalProperties` (or `unevaluatedProperties`) of one schema, and whom it spares."""

    names: frozenset[str]
    patterns: tuple[str, ...]
    source: Source


@dataclass(slots=True)
class Shape:
    """Everything that a conjunction of schemas demands, merged."""

    types: frozenset[str] = ALL
    enum: list[Any] | None = None
    excluded: list[Any] = field(default_factory=list)
    examples: list[Any] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    numbers: list[tuple[str, Any]] = field(default_factory=list)
    lowest: dict[str, int] = field(default_factory=dict)
    highest: dict[str, int] = field(default_factory=dict)
    properties: dict[str, list[Source]] = field(default_factory=dict)
    pattern_properties: list[tuple[str, Source]] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)
    names: list[Source] = field(default_factory=list)
    required: dict[str, None] = field(default_factory=dict)
    dependent: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    prefix: list[list[Source]] = field(default_factory=list)
    items: list[tuple[int, Source]] = field(default_factory=list)
    contains: list[tuple[Source, int, int | None]] = field(default_factory=list)
    unique: bool = False
    choices: list[Choice] = field(default_factory=list)
    content: Source | None = None
    unevaluated: bool = False


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal (2020-12 §4.2.2: 1 and 1.0 are, 1 and true are not)."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def type_of(value: Any) -> str:
    """The JSON Schema type of *value*; a number without a fraction is an integer."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def merge_scalars(shape: Shape, source: dict[str, Any]) -> None:
    """Add what *source* says of any value, and of numbers and strings."""
    for word in ("const", "enum"):
        if word in source:
            values = [source[word]] if word == "const" else source[word]
            if isinstance(values, list):
                before = shape.enum
                shape.enum = (
                    list(values)
                    if before is None
                    else [one for one in before if any(same(one, other) for other in values)]
                )
    shape.excluded.extend(source.get("troth:excluded", ()))
    if isinstance(source.get("examples"), list):
        shape.examples.extend(source["examples"])
    for word in ("example", "default"):
        if word in source:
            shape.examples.append(source[word])
    if isinstance(source.get("format"), str):
        shape.formats.append(source["format"])
    if isinstance(source.get("pattern"), str):
        shape.patterns.append(source["pattern"])
    for word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
        if word in source:
            shape.numbers.append((word, source[word]))
    for word in ("minLength", "minItems", "minProperties"):
        if word in source:
            shape.lowest[word] = max(shape.lowest.get(word, 0), int(source[word]))
    for word in ("maxLength", "maxItems", "maxProperties"):
        if word in source:
            bound = int(source[word])
            shape.highest[word] = min(shape.highest.get(word, bound), bound)
    if isinstance(source.get("contentSchema"), dict):
        shape.content = source["contentSchema"]


def merge_object(shape: Shape, source: dict[str, Any]) -> None:
    """Add what *source* says of objects."""
    properties = source.get("properties") or {}
    for name, child in properties.items():
        shape.properties.setdefault(name, []).append(child)
    patterns = source.get("patternProperties") or {}
    shape.pattern_properties.extend(patterns.items())
    if "additionalProperties" in source:
        shape.closed.append(
            Closed(frozenset(properties), tuple(patterns), source["additionalProperties"])
        )
    if source.get("unevaluatedProperties", True) is not True:
        shape.unevaluated = True
    if "propertyNames" in source:
        shape.names.append(source["propertyNames"])
    if isinstance(source.get("required"), list):
        shape.required.update(dict.fromkeys(source["required"]))
    for word in ("dependentRequired", "dependencies"):
        for name, needed in (source.get(word) or {}).items():
            if isinstance(needed, list):
                shape.dependent.append((name, tuple(needed)))


def merge_array(shape: Shape, source: dict[str, Any]) -> None:
    """Add what *source* says of arrays."""
    prefix = source.get("prefixItems") or []
    rest = source.get("items")
    if isinstance(rest, list):  # the older spelling of prefixItems
        prefix, rest = rest, source.get("additionalItems")
    for index, child in enumerate(prefix):
        while len(shape.prefix) <= index:
            shape.prefix.append([])
        shape.prefix[index].append(child)
    if rest is not None:
        shape.items.append((len(prefix), rest))
    elif source.get("unevaluatedItems") is False:
        shape.items.append((len(prefix), False))
    if "contains" in source:
        shape.contains.append(
            (source["contains"], int(source.get("minContains", 1)), source.get("maxContains"))
        )
    if source.get("uniqueItems") is True:
        shape.unique = True
