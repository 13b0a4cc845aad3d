"""A shape: what one alternative of a schema asks of a value, with every conjunction merged.

A shape says what to build, so nothing has to be drawn and thrown away.  `own_shape` reads the
assertions of one schema object, `denials` the ways to break them, `meet` merges two shapes; what
applies other schemas in place (`allOf`, `if`, `$ref`, …) is the graph's to do.  Subschemas of
members and items stay schemas until a value at that place is built: that is what makes recursion
finite.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import partial
from typing import Any

from troth.generation.patterns import matches
from troth.generation.source import Unsatisfiable
from troth.schema.data_model import (
    ALL_TYPES,
    ENCODINGS,
    FORMATS,
    INTEGERS,
    identity,
    is_number,
    type_of,
)

#: A JSON Schema: an object or a boolean; or what one means, already worked out, as a `Shape`.
Subschema = Any
#: Schemas that hold together.
Conjunction = tuple[Subschema, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A limit of a number: *strict* leaves the limit itself out."""

    value: int | float
    strict: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ObjectPart:
    """What one schema object says of members; *annotates* is false where it stood in a `not`."""

    properties: Mapping[str, Subschema]
    patterns: tuple[tuple[str, Subschema], ...] = ()
    additional: Subschema = True
    declares_additional: bool = False
    annotates: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class ArrayPart:
    """What one schema object says of items."""

    prefix: tuple[Subschema, ...] = ()
    rest: Subschema = True
    declares_rest: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Contains:
    """How many items (*low* to *high*) match *schema*."""

    schema: Subschema
    low: int = 1
    high: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Everything that one alternative asks; a field that says nothing has its default.

    *types* are JSON Schema's; here `number` means a number that is not an integer.  *values* is
    the finite set of an enum; *excluded* are values (by `identity`) that are out.
    *duplicates* asks for two equal items, which only the denial of `uniqueItems` does.  *costs*
    are the values of `x-troth-costs`: a server may refuse more than that, valid as it is.
    *denied* are schemas that must not hold, and that nobody has turned into shapes yet.
    *content* are the schemas of what a string holds as JSON, *encodings* how it holds that (or
    anything else, where no schema tells).  *derived* remembers what others work
    out of the shape.
    """

    types: frozenset[str] = ALL_TYPES
    values: tuple[Any, ...] | None = None
    excluded: frozenset[Hashable] = frozenset()
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
    content: tuple[Subschema, ...] = ()
    encodings: tuple[str, ...] = ()
    min_items: int = 0
    max_items: int | None = None
    arrays: tuple[ArrayPart, ...] = ()
    contains: tuple[Contains, ...] = ()
    unique: bool = False
    duplicates: bool = False
    unevaluated_items: tuple[Subschema, ...] = ()
    min_properties: int = 0
    max_properties: int | None = None
    required: tuple[str, ...] = ()
    forbidden: frozenset[str] = frozenset()
    dependent: tuple[tuple[str, tuple[str, ...]], ...] = ()
    objects: tuple[ObjectPart, ...] = ()
    names: tuple[Subschema, ...] = ()
    unevaluated: tuple[Subschema, ...] = ()
    examples: tuple[Any, ...] = ()
    costs: tuple[int | float, ...] = ()
    denied: tuple[Subschema, ...] = ()
    derived: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)


ANY = Shape()
_DEFAULTS = {
    entry.name: None if entry.name == "derived" else entry.default for entry in fields(Shape)
}


def meet(one: Shape, other: Shape) -> Shape | None:
    """What both shapes ask together; None when that is plainly nothing."""
    if one is ANY or other is ANY:
        return other if one is ANY else one
    return shape_with(merged(one, other))


def merged(one: Shape, other: Shape) -> dict[str, Any]:
    """The constraints of both shapes together, whether or not they contradict each other."""
    constraints = dict(_constraints(one))
    for name, value in _constraints(other).items():
        constraints[name] = (
            _MERGED[name](constraints[name], value) if name in constraints else value
        )
    return constraints


def shape_with(constraints: dict[str, Any]) -> Shape | None:
    """The shape that has *constraints*, without types that they leave empty; None if all are."""
    get = constraints.get
    types = set(get("types", ALL_TYPES))
    if get("values") is not None:
        excluded = get("excluded", ())
        values = tuple(
            value
            for value in constraints["values"]
            if type_of(value) in types and not (excluded and identity(value) in excluded)
        )
        types &= {type_of(value) for value in values}
        constraints = {**constraints, "values": values}
    if _crossed(get("low"), get("high")):
        types -= {"integer", "number"}
    most = get("max_length")
    if most is not None and get("min_length", 0) > most:
        types.discard("string")
    most = get("max_items")
    if most is not None and get("min_items", 0) > most:
        types.discard("array")
    if get("unique") and get("duplicates"):
        types.discard("array")
    most = get("max_properties")
    if most is not None and max(get("min_properties", 0), len(get("required", ()))) > most:
        types.discard("object")
    if "forbidden" in constraints and constraints["forbidden"].intersection(get("required", ())):
        types.discard("object")
    return Shape(**{**constraints, "types": frozenset(types)}) if types else None


def contradiction(constraints: Mapping[str, Any]) -> str:
    """Why no shape has *constraints*."""
    get = constraints.get
    for word in ("length", "items"):
        most = get(f"max_{word}")
        if most is not None and get(f"min_{word}", 0) > most:
            things = "characters" if word == "length" else word
            return f"it asks for more {things} than it allows"
    most = get("max_properties")
    if most is not None and max(get("min_properties", 0), len(get("required", ()))) > most:
        return f"it requires more than its {most} members"
    if _crossed(get("low"), get("high")):
        return "no number lies within its bounds"
    return "its schemas exclude one another"


def _constraints(shape: Shape) -> dict[str, Any]:
    """The fields of *shape* that say something."""
    constraints: dict[str, Any] | None = shape.derived.get("constraints")
    if constraints is None:
        constraints = shape.derived["constraints"] = {
            name: value
            for name, default in _DEFAULTS.items()
            if name != "derived" and (value := getattr(shape, name)) != default
        }
    return constraints


def member_nodes(shape: Shape, name: str) -> Conjunction:
    """The schemas that a member called *name* must satisfy (Core §10.3.2)."""
    nodes: list[Subschema] = []
    evaluated = False
    for part in shape.objects:
        known = False
        if name in part.properties:
            known = True
            nodes.append(part.properties[name])
        for pattern, node in part.patterns:
            if matches(pattern, name):
                known = True
                nodes.append(node)
        if not known:
            nodes.append(part.additional)
        evaluated |= part.annotates and (known or part.declares_additional)
    if not evaluated:
        nodes.extend(shape.unevaluated)
    return conjunction(nodes)


def item_nodes(shape: Shape, index: int) -> Conjunction:
    """The schemas that the item at *index* must satisfy (Core §10.3.1)."""
    nodes: list[Subschema] = []
    evaluated = False
    for part in shape.arrays:
        known = index < len(part.prefix)
        nodes.append(part.prefix[index] if known else part.rest)
        evaluated |= known or part.declares_rest
    if not evaluated:
        nodes.extend(shape.unevaluated_items)
    return conjunction(nodes)


def conjunction(nodes: list[Subschema]) -> Conjunction:
    """*nodes* without repetitions and without those that ask nothing."""
    if False in nodes:
        return (False,)
    telling = [node for node in nodes if node is not True and node]
    if len(telling) < 2:
        return tuple(telling)
    return tuple({id(node): node for node in telling}.values())


def declared_names(shape: Shape) -> Iterator[str]:
    """The names that the shape's schemas list, the required ones first, each once."""
    yield from dict.fromkeys((*shape.required, *properties(shape)))


def properties(shape: Shape) -> dict[str, None]:
    """The names that the shape's schemas have properties for, in the order of the document."""
    return {name: None for part in shape.objects for name in part.properties}


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


_MERGED: dict[str, Callable[[Any, Any], Any]] = {
    **{name: operator.add for name, default in _DEFAULTS.items() if default == ()},
    **dict.fromkeys(("excluded", "forbidden", "unique", "duplicates"), operator.or_),
    **dict.fromkeys(("min_length", "min_items", "min_properties"), max),
    **dict.fromkeys(("max_length", "max_items", "max_properties"), min),
    "types": operator.and_,
    "required": lambda one, other: tuple(dict.fromkeys(one + other)),
    "low": partial(_tighter, sign=1),
    "high": partial(_tighter, sign=-1),
    "values": _common,
}


_NUMERIC = frozenset(["integer", "number"])
_ASSERTIONS = frozenset(
    # One word list reads better than thirty quoted lines.
    "type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength"  # noqa: SIM905 - words
    " maxLength pattern format contentSchema contentEncoding minItems maxItems items prefixItems"
    " contains uniqueItems unevaluatedItems minProperties maxProperties required properties"
    " dependentRequired dependencies patternProperties additionalProperties propertyNames"
    " unevaluatedProperties"
    " example examples default x-troth-costs".split()
)


def own_shape(node: Mapping[str, Any]) -> Shape | None:
    """What the assertions of *node* itself ask; None when they contradict each other."""
    return ANY if _ASSERTIONS.isdisjoint(node) else shape_with(own_fields(node))


def own_fields(node: Mapping[str, Any]) -> dict[str, Any]:
    """What the assertions of *node* itself ask, field by field."""
    values = tuple(node["enum"]) if isinstance(node.get("enum"), list) else None
    if "const" in node:
        values = _common((node["const"],), values)
    low, high = _bounds(node)
    constraints = {
        "types": _types(node),
        "values": values,
        "low": low,
        "high": high,
        "multiples": _listed(node, "multipleOf"),
        "min_length": int(node.get("minLength", 0)),
        "max_length": _whole(node.get("maxLength")),
        "patterns": _listed(node, "pattern"),
        "formats": (node["format"],) if isinstance(node.get("format"), str) else (),
        "encodings": _encodings(node),
        "content": (node["contentSchema"],) if isinstance(node.get("contentSchema"), dict) else (),
        "min_items": int(node.get("minItems", 0)),
        "max_items": _whole(node.get("maxItems")),
        "arrays": _arrays(node),
        "contains": _contains(node),
        "unique": node.get("uniqueItems") is True,
        "unevaluated_items": _listed(node, "unevaluatedItems"),
        "min_properties": int(node.get("minProperties", 0)),
        "max_properties": _whole(node.get("maxProperties")),
        "required": _required(node),
        "dependent": tuple(
            (name, tuple(needed)) for name, needed in dependencies(node) if isinstance(needed, list)
        ),
        "objects": _objects(node),
        "names": _listed(node, "propertyNames"),
        "unevaluated": _listed(node, "unevaluatedProperties"),
        "examples": _examples(node),
        "costs": (node["x-troth-costs"],) if is_number(node.get("x-troth-costs")) else (),
    }
    return {name: value for name, value in constraints.items() if value != _DEFAULTS[name]}


def _encodings(node: Mapping[str, Any]) -> tuple[str, ...]:
    written = str(node.get("contentEncoding", "")).lower()
    return (written,) if written in ENCODINGS else ()


def _required(node: Mapping[str, Any]) -> tuple[str, ...]:
    written = node.get("required")
    # what is no text is no name: that the schema is malformed is told elsewhere
    return tuple(
        name for name in (written if isinstance(written, list) else ()) if isinstance(name, str)
    )


def _types(node: Mapping[str, Any]) -> frozenset[str]:
    written = node.get("type", sorted(ALL_TYPES))
    types = {written} if isinstance(written, str) else set(written)
    if "number" in types:
        types.add("integer")
    return frozenset(types)


def _bounds(node: Mapping[str, Any]) -> tuple[Bound | None, Bound | None]:
    lows, highs = [], []
    if is_number(node.get("minimum")):
        lows.append(Bound(node["minimum"]))
    if is_number(node.get("maximum")):
        highs.append(Bound(node["maximum"]))
    if is_number(node.get("exclusiveMinimum")):
        lows.append(Bound(node["exclusiveMinimum"], True))
    if is_number(node.get("exclusiveMaximum")):
        highs.append(Bound(node["exclusiveMaximum"], True))
    if node.get("format") in INTEGERS and "integer" in _types(node):
        low, high = INTEGERS[node["format"]]
        lows.append(Bound(low))
        highs.append(Bound(high))
    return (
        max(lows, key=lambda bound: (bound.value, bound.strict), default=None),
        min(highs, key=lambda bound: (bound.value, not bound.strict), default=None),
    )


def _whole(value: Any) -> int | None:
    return int(value) if is_number(value) else None


def _listed(node: Mapping[str, Any], keyword: str) -> tuple[Any, ...]:
    return (node[keyword],) if keyword in node else ()


def _arrays(node: Mapping[str, Any]) -> tuple[ArrayPart, ...]:
    prefix, rest = items_of(node)
    if not prefix and rest is None:
        return ()
    return (ArrayPart(tuple(prefix), True if rest is None else rest, rest is not None),)


def items_of(node: Mapping[str, Any]) -> tuple[Sequence[Subschema], Subschema | None]:
    """The schemas of the first items, and that of the others, if there is one."""
    if isinstance(node.get("items"), list):  # the older spelling of prefixItems
        return node["items"], node.get("additionalItems")
    return node.get("prefixItems", ()), node.get("items")


def _contains(node: Mapping[str, Any]) -> tuple[Contains, ...]:
    if "contains" not in node:
        return ()
    low = int(node.get("minContains", 1))
    return (Contains(node["contains"], low, _whole(node.get("maxContains"))),)


def _objects(node: Mapping[str, Any]) -> tuple[ObjectPart, ...]:
    if not any(key in node for key in ("properties", "patternProperties", "additionalProperties")):
        return ()
    return (
        ObjectPart(
            node.get("properties", {}),
            tuple(node.get("patternProperties", {}).items()),
            node.get("additionalProperties", True),
            "additionalProperties" in node,
        ),
    )


def _examples(node: Mapping[str, Any]) -> tuple[Any, ...]:
    listed = node.get("examples")
    return (
        *((node["example"],) if "example" in node else ()),
        *(listed if isinstance(listed, list) else ()),
        # an empty default says that nothing is there, which shows nothing
        *((node["default"],) if node.get("default", "") not in ("", [], {}) else ()),
    )


def dependencies(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each member that asks for something when it is there, with what it asks for."""
    for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
        if isinstance(node.get(keyword), Mapping):
            yield from node[keyword].items()


def plain_fit(shape: Shape, value: Any) -> bool:
    """Whether *value*, of a type that *shape* takes, keeps the limits that need no subschema."""
    if shape.values is not None and identity(value) not in map(identity, shape.values):
        return False
    if shape.excluded and identity(value) in shape.excluded:
        return False
    match value:
        case str():
            return (
                _within(len(value), shape.min_length, shape.max_length)
                and all(matches(pattern, value) for pattern in shape.patterns)
                and not any(matches(pattern, value) for pattern in shape.anti_patterns)
            )
        case list():
            distinct = len({identity(item) for item in value}) == len(value)
            return _within(len(value), shape.min_items, shape.max_items) and not (
                (shape.unique and not distinct) or (shape.duplicates and distinct)
            )
        case dict():
            return (
                _within(len(value), shape.min_properties, shape.max_properties)
                and all(name in value for name in shape.required)
                and not shape.forbidden.intersection(value)
            )
        case int() | float() if not isinstance(value, bool):
            return number_fits(shape, value)
    return True


def number_fits(shape: Shape, value: int | float) -> bool:
    """Whether *value* keeps the limits of *shape*."""
    low, high = shape.low, shape.high
    return (
        (low is None or (value > low.value if low.strict else value >= low.value))
        and (high is None or (value < high.value if high.strict else value <= high.value))
        and all(is_multiple(value, of) for of in shape.multiples)
        and not any(is_multiple(value, of) for of in shape.not_multiples)
    )


def is_multiple(value: int | float, of: int | float) -> bool:
    """Whether *value* is a multiple of *of*."""
    return (exact(value) / exact(of)).denominator == 1


def exact(value: int | float) -> Fraction:
    """The decimal that *value* was written as.  Raises Unsatisfiable for an infinity."""
    if isinstance(value, int):
        return Fraction(value)
    try:
        return Fraction(str(value))
    except ValueError:
        raise Unsatisfiable("a bound is not a finite number") from None


def whole_limits(shape: Shape) -> tuple[int | None, int | None]:
    """The least and the greatest integer within the limits of *shape*."""
    low = high = None
    if shape.low is not None:
        low = math.ceil(shape.low.value)
        low += shape.low.strict and low == shape.low.value
    if shape.high is not None:
        high = math.floor(shape.high.value)
        high -= shape.high.strict and high == shape.high.value
    return low, high


def _within(count: int, low: int, high: int | None) -> bool:
    return low <= count and (high is None or count <= high)


def own_denials(
    node: Mapping[str, Any], *, negated: Callable[[Subschema], Subschema]
) -> Iterable[Shape]:
    """A shape for each way to break an assertion of *node*; *negated* denies a schema."""
    for types, changes in (
        *_value_denials(node),
        *_array_denials(node, negated),
        *_object_denials(node, negated),
    ):
        shape = shape_with({"types": frozenset(types), **changes})
        if shape is not None:
            yield shape


_Change = tuple[Iterable[str], dict[str, Any]]


def _value_denials(node: Mapping[str, Any]) -> Iterator[_Change]:
    if "type" in node:
        yield ALL_TYPES - _types(node), {}
    for values in ([node["const"]] if "const" in node else None, node.get("enum")):
        if isinstance(values, list):
            yield ALL_TYPES, {"excluded": frozenset(map(identity, values))}
    low, high = _bounds(node)
    if low is not None:
        yield _NUMERIC, {"high": Bound(low.value, not low.strict)}
    if high is not None:
        yield _NUMERIC, {"low": Bound(high.value, not high.strict)}
    if "multipleOf" in node:
        yield _NUMERIC, {"not_multiples": (node["multipleOf"],)}
    if node.get("minLength", 0) > 0:
        yield ["string"], {"max_length": math.ceil(node["minLength"]) - 1}
    if "maxLength" in node:
        yield ["string"], {"min_length": int(node["maxLength"]) + 1}
    if "pattern" in node:
        yield ["string"], {"anti_patterns": (node["pattern"],)}
    if isinstance(node.get("format"), str) and node["format"] in FORMATS:
        yield ["string"], {"anti_formats": (node["format"],)}


def _array_denials(
    node: Mapping[str, Any], negated: Callable[[Subschema], Subschema]
) -> Iterator[_Change]:
    array = ["array"]
    if node.get("minItems", 0) > 0:
        yield array, {"max_items": int(node["minItems"]) - 1}
    if "maxItems" in node:
        yield array, {"min_items": int(node["maxItems"]) + 1}
    if node.get("uniqueItems") is True:
        yield array, {"duplicates": True, "min_items": 2}
    prefix, rest = items_of(node)
    for index, item in enumerate(prefix):
        places = (*(True,) * index, negated(item))
        yield array, {"min_items": index + 1, "arrays": (ArrayPart(places),)}
    if rest is not None:
        places = (*(True,) * len(prefix), negated(rest))
        yield array, {"min_items": len(prefix) + 1, "arrays": (ArrayPart(places),)}
    if "contains" in node and node.get("minContains", 1) > 0:
        yield array, {"arrays": (ArrayPart((), negated(node["contains"])),)}


def _object_denials(
    node: Mapping[str, Any], negated: Callable[[Subschema], Subschema]
) -> Iterator[_Change]:
    kind = ["object"]
    for name in _required(node):
        yield kind, {"forbidden": frozenset([name])}
    if node.get("minProperties", 0) > 0:
        yield kind, {"max_properties": int(node["minProperties"]) - 1}
    if "maxProperties" in node:
        yield kind, {"min_properties": int(node["maxProperties"]) + 1}
    for name, member in node.get("properties", {}).items():
        if member is not True:
            yield kind, _broken_member(name, negated(member))
    if node.get("additionalProperties", True) is not True:
        broken = negated(node["additionalProperties"])
        known, patterns = node.get("properties", {}), node.get("patternProperties", {})
        for name in ("extra", "extra_member", "another"):
            if name not in known and not any(matches(pattern, name) for pattern in patterns):
                yield kind, _broken_member(name, broken)
                break
    for name, needed in dependencies(node):
        if isinstance(needed, list):
            for other in needed:
                yield kind, {"required": (name,), "forbidden": frozenset([other])}


def _broken_member(name: str, node: Any) -> dict[str, Any]:
    return {"required": (name,), "objects": (ObjectPart({name: node}, annotates=False),)}


def is_map(shape: Shape) -> bool:
    """Whether an object without declared members is a map, rather than simply open."""
    if any(part.properties for part in shape.objects):
        return False
    return any(
        part.patterns or (isinstance(part.additional, dict) and part.additional)
        for part in shape.objects
    )


def telling_types(shape: Shape) -> list[str]:
    """The types to try, the most telling first."""
    telling = []
    if (
        shape.required
        or shape.names
        or any(one.properties or one.patterns for one in shape.objects)
    ):
        telling.append("object")
    if shape.arrays or shape.contains or shape.min_items:
        telling.append("array")
    if shape.patterns or shape.content or shape.min_length:
        telling.append("string")
    if shape.low or shape.high or shape.multiples:
        telling += ["integer", "number"]
    usual = ["string", "object", "array", "number", "integer", "boolean", "null"]
    if shape.types >= {"number", "integer"}:
        # `number` draws integers too
        telling = [name for name in telling if name != "integer"]
        usual.remove("integer")
    return [name for name in dict.fromkeys(telling + usual) if name in shape.types]


def simple_values(shapes: tuple[Shape, ...]) -> Iterator[Any]:
    """Plain values of the types of *shapes*, which may or may not conform."""
    for shape in shapes:
        low, high = whole_limits(shape)
        start = low if low is not None else (high - 300 if high is not None else 0)
        yield from shape.values or ()
        if "string" in shape.types:
            yield from (f"{'x' * max(shape.min_length - 3, 0)}{index}" for index in range(1000))
            yield from ("none of these"[: shape.max_length], "~" * max(shape.min_length, 1))
        if "integer" in shape.types:
            yield from range(start, start + 300)
        if "number" in shape.types:
            yield from (start + index / 8 for index in range(1, 300))
        yield from (True, False, None, {}, [], {"a": 1}, [0], [1])
