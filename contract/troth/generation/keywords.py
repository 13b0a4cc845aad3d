"""The assertions of one schema object, keyword by keyword: as a shape, and denied.

Only the keywords that stand for themselves; what applies other schemas in place (`allOf`, `if`,
`$ref`, …) is `alternatives`' to do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from troth.generation.shape import (
    ALL_TYPES,
    ANY,
    ArrayPart,
    Bound,
    Contains,
    ObjectPart,
    Shape,
    consistent,
    identity,
)

if TYPE_CHECKING:
    from troth.generation.alternatives import Alternatives

#: The integer formats of OpenAPI are limits (OpenAPI 3.1 §4.4.1): asserted, like anywhere in troth.
INTEGERS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
#: The formats of strings that are asserted; any other is an annotation, which nothing breaks.
ASSERTED = frozenset(
    (
        *("date-time", "date", "time", "duration", "email", "idn-email", "hostname"),
        *("idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference"),
        *("uri-template", "uuid", "json-pointer", "relative-json-pointer", "regex"),
    )
)
_NUMERIC = frozenset(["integer", "number"])


def own_shape(node: Mapping[str, Any]) -> Shape | None:
    """What the assertions of *node* itself ask; None when they contradict each other."""
    types = _types(node)
    values = tuple(node["enum"]) if isinstance(node.get("enum"), list) else None
    if "const" in node:
        values = (node["const"],)
    low, high = _bounds(node)
    shape = Shape(
        types=types,
        values=values,
        low=low,
        high=high,
        multiples=(node["multipleOf"],) if "multipleOf" in node else (),
        min_length=int(node.get("minLength", 0)),
        max_length=_whole(node.get("maxLength")),
        patterns=(node["pattern"],) if "pattern" in node else (),
        formats=(node["format"],) if isinstance(node.get("format"), str) else (),
        min_items=int(node.get("minItems", 0)),
        max_items=_whole(node.get("maxItems")),
        arrays=_arrays(node),
        contains=_contains(node),
        unique=node.get("uniqueItems") is True,
        unevaluated_items=_listed(node, "unevaluatedItems"),
        min_properties=int(node.get("minProperties", 0)),
        max_properties=_whole(node.get("maxProperties")),
        required=tuple(node.get("required", ())) if isinstance(node.get("required"), list) else (),
        objects=_objects(node),
        names=_listed(node, "propertyNames"),
        unevaluated=_listed(node, "unevaluatedProperties"),
        examples=_examples(node),
        costs=(node["x-troth-costs"],) if _is_number(node.get("x-troth-costs")) else (),
    )
    return consistent(shape)


def _types(node: Mapping[str, Any]) -> frozenset[str]:
    written = node.get("type", sorted(ALL_TYPES))
    types = {written} if isinstance(written, str) else set(written)
    if "number" in types:
        types.add("integer")
    return frozenset(types)


def _bounds(node: Mapping[str, Any]) -> tuple[Bound | None, Bound | None]:
    lows, highs = [], []
    if _is_number(node.get("minimum")):
        lows.append(Bound(node["minimum"]))
    if _is_number(node.get("maximum")):
        highs.append(Bound(node["maximum"]))
    if _is_number(node.get("exclusiveMinimum")):
        lows.append(Bound(node["exclusiveMinimum"], True))
    if _is_number(node.get("exclusiveMaximum")):
        highs.append(Bound(node["exclusiveMaximum"], True))
    if node.get("format") in INTEGERS and "integer" in _types(node):
        low, high = INTEGERS[node["format"]]
        lows.append(Bound(low))
        highs.append(Bound(high))
    return (
        max(lows, key=lambda bound: (bound.value, bound.strict), default=None),
        min(highs, key=lambda bound: (bound.value, not bound.strict), default=None),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(value: Any) -> int | None:
    return int(value) if _is_number(value) else None


def _listed(node: Mapping[str, Any], keyword: str) -> tuple[Any, ...]:
    return (node[keyword],) if keyword in node else ()


def _arrays(node: Mapping[str, Any]) -> tuple[ArrayPart, ...]:
    if not ("prefixItems" in node or "items" in node):
        return ()
    return (
        ArrayPart(tuple(node.get("prefixItems", ())), node.get("items", True), "items" in node),
    )


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
        *((node["default"],) if "default" in node else ()),
    )


def dependencies(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each member that asks for something when it is there, with what it asks for."""
    for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
        if isinstance(node.get(keyword), Mapping):
            yield from node[keyword].items()


def plain_fit(shape: Shape, value: Any, *, matches: Callable[[str, str], bool]) -> bool:
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
            return _number_fits(shape, value)
    return True


def _number_fits(shape: Shape, value: int | float) -> bool:
    low, high = shape.low, shape.high
    return (
        (low is None or (value > low.value if low.strict else value >= low.value))
        and (high is None or (value < high.value if high.strict else value <= high.value))
        and all(is_multiple(value, of) for of in shape.multiples)
        and not any(is_multiple(value, of) for of in shape.not_multiples)
    )


def is_multiple(value: int | float, of: int | float) -> bool:
    """Whether *value* is a multiple of *of*, each taken as the decimal that it is written as."""
    return (Fraction(str(value)) / Fraction(str(of))).denominator == 1


def _within(count: int, low: int, high: int | None) -> bool:
    return low <= count and (high is None or count <= high)


def own_denials(node: Mapping[str, Any], alternatives: Alternatives) -> Iterable[Shape]:
    """The ways to break an assertion of *node*, one shape for each."""
    for types, changes in (
        *_value_denials(node),
        *_array_denials(node, alternatives),
        *_object_denials(node, alternatives),
    ):
        shape = consistent(replace(ANY, types=frozenset(types), **changes))
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
    if node.get("format") in ASSERTED:
        yield ["string"], {"anti_formats": (node["format"],)}


def _array_denials(node: Mapping[str, Any], alternatives: Alternatives) -> Iterator[_Change]:
    array = ["array"]
    if node.get("minItems", 0) > 0:
        yield array, {"max_items": int(node["minItems"]) - 1}
    if "maxItems" in node:
        yield array, {"min_items": int(node["maxItems"]) + 1}
    if node.get("uniqueItems") is True:
        yield array, {"duplicates": True, "min_items": 2}
    prefix = node.get("prefixItems", [])
    for index, item in enumerate(prefix):
        places = (*(True,) * index, alternatives.negated(item))
        yield array, {"min_items": index + 1, "arrays": (ArrayPart(places),)}
    if "items" in node:
        places = (*(True,) * len(prefix), alternatives.negated(node["items"]))
        yield array, {"min_items": len(prefix) + 1, "arrays": (ArrayPart(places),)}
    if "contains" in node and node.get("minContains", 1) > 0:
        yield array, {"arrays": (ArrayPart((), alternatives.negated(node["contains"])),)}


def _object_denials(node: Mapping[str, Any], alternatives: Alternatives) -> Iterator[_Change]:
    kind = ["object"]
    for name in node.get("required", ()) if isinstance(node.get("required"), list) else ():
        yield kind, {"forbidden": frozenset([name])}
    if node.get("minProperties", 0) > 0:
        yield kind, {"max_properties": int(node["minProperties"]) - 1}
    if "maxProperties" in node:
        yield kind, {"min_properties": int(node["maxProperties"]) + 1}
    for name, member in node.get("properties", {}).items():
        if member is not True:
            yield kind, _broken_member(name, alternatives.negated(member))
    if node.get("additionalProperties", True) is not True:
        negated = alternatives.negated(node["additionalProperties"])
        known, patterns = node.get("properties", {}), node.get("patternProperties", {})
        for name in ("extra", "extra_member", "another"):
            if name not in known and not any(
                alternatives.matches(pattern, name) for pattern in patterns
            ):
                yield kind, _broken_member(name, negated)
                break
    for name, needed in dependencies(node):
        if isinstance(needed, list):
            for other in needed:
                yield kind, {"required": (name,), "forbidden": frozenset([other])}


def _broken_member(name: str, node: Any) -> dict[str, Any]:
    return {"required": (name,), "objects": (ObjectPart({name: node}, annotates=False),)}
