"""A shape: what one alternative of a schema asks of a value, with every conjunction merged.

`alternatives` turns a schema into shapes; `generate` makes a value of one.  A shape says what to
build, so nothing has to be drawn and thrown away.  Subschemas of members and items stay
schemas (a *node*) until a value at that place is built: that is what makes recursion finite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from troth.http import json_text

#: A JSON Schema: an object or a boolean.  A conjunction of them is a tuple.
Node = Any
Conjunction = tuple[Node, ...]

#: JSON Schema's types; here `number` means a number that is not an integer.
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
ALL_TYPES = frozenset(TYPES)


def type_of(value: Any) -> str:
    """The type of *value* among TYPES (1.0 is an integer: JSON Schema 2020-12 core §4.2.1)."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
    return "object"


def identity(value: Any) -> bytes:
    """What two JSON values share exactly when they are equal (1 and 1.0 are, 1 and true not)."""
    return json_text.canonical(value)


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A limit of a number: *strict* leaves the limit itself out."""

    value: int | float
    strict: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ObjectPart:
    """What one schema object says of members; *annotates* is false where it stood in a `not`."""

    properties: Mapping[str, Node]
    patterns: tuple[tuple[str, Node], ...] = ()
    additional: Node = True
    declares_additional: bool = False
    annotates: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class ArrayPart:
    """What one schema object says of items."""

    prefix: tuple[Node, ...] = ()
    rest: Node = True
    declares_rest: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Contains:
    """How many items (*low* to *high*) match *node*."""

    node: Node
    low: int = 1
    high: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Everything that one alternative asks; a field that says nothing has its default.

    *values* is the finite set of an enum; *excluded* are values (by `identity`) that are out.
    *duplicates* asks for two equal items, which only the denial of `uniqueItems` does.  *costs*
    are the values of `x-troth-costs`: a server may refuse more than that, valid as it is.
    """

    types: frozenset[str] = ALL_TYPES
    values: tuple[Any, ...] | None = None
    excluded: frozenset[bytes] = frozenset()
    low: Bound | None = None
    high: Bound | None = None
    multiples: tuple[int | float, ...] = ()
    not_multiples: tuple[int | float, ...] = ()
    min_length: int = 0
    max_length: int | None = None
    patterns: tuple[str, ...] = ()
    anti_patterns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    anti_formats: tuple[str, ...] = ()
    content: tuple[Mapping[str, Any], ...] = ()
    min_items: int = 0
    max_items: int | None = None
    arrays: tuple[ArrayPart, ...] = ()
    contains: tuple[Contains, ...] = ()
    unique: bool = False
    duplicates: bool = False
    unevaluated_items: tuple[Node, ...] = ()
    min_properties: int = 0
    max_properties: int | None = None
    required: tuple[str, ...] = ()
    forbidden: frozenset[str] = frozenset()
    objects: tuple[ObjectPart, ...] = ()
    names: tuple[Node, ...] = ()
    unevaluated: tuple[Node, ...] = ()
    examples: tuple[Any, ...] = ()
    costs: tuple[int | float, ...] = ()


ANY = Shape()
_PLAIN = {field.name: field.default for field in fields(Shape)}
_JOINED = frozenset(name for name, default in _PLAIN.items() if default == ())


def meet(one: Shape, other: Shape) -> Shape | None:
    """What both shapes ask together; None when that is plainly nothing."""
    if one is ANY or other is ANY:
        return other if one is ANY else one
    changes: dict[str, Any] = {
        name: getattr(one, name) + getattr(other, name) for name in _JOINED if getattr(other, name)
    }
    changes["types"] = one.types & other.types
    changes["excluded"] = one.excluded | other.excluded
    changes["forbidden"] = one.forbidden | other.forbidden
    changes["required"] = tuple(dict.fromkeys(one.required + other.required))
    for name in ("unique", "duplicates"):
        changes[name] = getattr(one, name) or getattr(other, name)
    for name in ("min_length", "min_items", "min_properties"):
        changes[name] = max(getattr(one, name), getattr(other, name))
    for name in ("max_length", "max_items", "max_properties"):
        limits = [
            limit for limit in (getattr(one, name), getattr(other, name)) if limit is not None
        ]
        changes[name] = min(limits) if limits else None
    changes["low"] = _tighter(one.low, other.low, sign=1)
    changes["high"] = _tighter(one.high, other.high, sign=-1)
    changes["values"] = _common(one.values, other.values)
    return consistent(replace(one, **changes))


def consistent(shape: Shape) -> Shape | None:
    """Drop the types that the shape's own limits leave empty; None when none is left."""
    types = set(shape.types)
    if shape.values is not None:
        values = tuple(v for v in shape.values if type_of(v) in types)
        shape = replace(shape, values=tuple(v for v in values if identity(v) not in shape.excluded))
        types &= {type_of(value) for value in shape.values or ()}
    if _crossed(shape.low, shape.high):
        types -= {"integer", "number"}
    if shape.max_length is not None and shape.min_length > shape.max_length:
        types.discard("string")
    if shape.max_items is not None and shape.min_items > shape.max_items:
        types.discard("array")
    if (shape.max_properties is not None) and (
        max(shape.min_properties, len(shape.required)) > shape.max_properties
    ):
        types.discard("object")
    if shape.forbidden.intersection(shape.required):
        types.discard("object")
    return replace(shape, types=frozenset(types)) if types else None


def member_nodes(shape: Shape, name: str, *, matches: Any) -> Conjunction:
    """The schemas that a member called *name* must satisfy (Core §10.3.2)."""
    found: list[Node] = []
    evaluated = False
    for part in shape.objects:
        known = False
        if name in part.properties:
            known = True
            found.append(part.properties[name])
        for pattern, node in part.patterns:
            if matches(pattern, name):
                known = True
                found.append(node)
        if not known:
            found.append(part.additional)
        evaluated |= part.annotates and (known or part.declares_additional)
    if not evaluated:
        found.extend(shape.unevaluated)
    return conjunction(found)


def item_nodes(shape: Shape, index: int) -> Conjunction:
    """The schemas that the item at *index* must satisfy (Core §10.3.1)."""
    found: list[Node] = []
    evaluated = False
    for part in shape.arrays:
        known = index < len(part.prefix)
        found.append(part.prefix[index] if known else part.rest)
        evaluated |= known or part.declares_rest
    if not evaluated:
        found.extend(shape.unevaluated_items)
    return conjunction(found)


def conjunction(nodes: list[Node]) -> Conjunction:
    """*nodes* without repetitions and without those that ask nothing."""
    if False in nodes:
        return (False,)
    found = [node for node in nodes if node is not True and node]
    if len(found) < 2:
        return tuple(found)
    return tuple({id(node): node for node in found}.values())


def declared_names(shape: Shape) -> Iterator[str]:
    """The names that the shape's schemas list, in their order, each once."""
    yield from dict.fromkeys(
        [*shape.required, *(name for part in shape.objects for name in part.properties)]
    )


def _tighter(one: Bound | None, other: Bound | None, *, sign: int) -> Bound | None:
    if one is None or other is None:
        return one or other
    if one.value == other.value:
        return one if one.strict else other
    return one if (one.value > other.value) == (sign > 0) else other


def _crossed(low: Bound | None, high: Bound | None) -> bool:
    if low is None or high is None:
        return False
    return low.value > high.value or (low.value == high.value and (low.strict or high.strict))


def _common(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    known = {identity(value) for value in other}
    return tuple(value for value in one if identity(value) in known)
