"""Limits and only values that prose states and no keyword does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.lint import english
from troth.lint.english import Bound
from troth.lint.findings import Finding, Fix
from troth.lint.members import every, member_of, says, types
from troth.lint.streams import contradicting_operation
from troth.lint.survey import Survey, text_of
from troth.lint.walk import Node

_LOW = {"number": "minimum", "string": "minLength", "array": "minItems", "object": "minProperties"}
_HIGH = {"number": "maximum", "string": "maxLength", "array": "maxItems", "object": "maxProperties"}
_CLOSED = ("enum", "const", "pattern", "format")


def limits(survey: Survey) -> Iterator[Finding]:
    """Find the limits ("between 0 and 2", "up to 4") that no keyword enforces."""
    for text, node in readings(survey):
        met: set[str] = set()
        for bound in english.bounds(text):
            target, kind = _bounded(survey, node, bound)
            if target is None:
                continue
            yield from _mismatch(survey, target, bound, kind)
            missing = _missing(survey, target, bound, kind)
            if missing and not met.intersection(missing):
                met.update(missing)
                keywords = " and ".join(f"`{keyword}: {missing[keyword]}`" for keyword in missing)
                yield survey.finding(
                    "prose-constraint",
                    target,
                    f"The description says “{bound.quote}”, and no keyword does: {keywords} would.",
                    Fix("merge", target.pointer, missing),
                )


def only_values(survey: Survey) -> Iterator[Finding]:
    """Find strings and booleans whose prose names the values that may be, and the schema not."""
    met: set[str] = set()
    for text, node in readings(survey):
        stated = english.only_value(text)
        listed = english.one_of(text)
        if stated is None and listed is None:
            continue
        if says(survey, node, "const", "enum"):
            continue
        value: Any = stated[0] if stated else list(listed[0]) if listed else None
        quote = stated[1] if stated else listed[1] if listed else ""
        sample = value[0] if isinstance(value, list) else value
        if not _may_be(survey, node, sample) or contradicting_operation(survey, node, value):
            continue
        said = {"enum": value} if isinstance(value, list) else survey.exactly(value)
        keyword = next(iter(said))
        code = "prose-only-value" if isinstance(sample, str) else "prose-constraint"
        yield survey.finding(
            code,
            node,
            f"The description says “{quote}”, and any other value passes: "
            f"`{keyword}: {text_of(said[keyword])}` would say it.",
            Fix("merge", node.pointer, said),
        )
        if not isinstance(value, list):
            for finding in _alike(survey, node, value):
                if finding.pointer not in met:
                    met.add(finding.pointer)
                    yield finding


def _alike(survey: Survey, node: Node, value: Any) -> Iterator[Finding]:
    """Free strings of the same name in objects of the same shape: what is said of one holds."""
    member = member_of(node)
    if member is None or not isinstance(value, str):
        return
    shape = _shape(member.owner)
    if member.name not in shape or len(shape) < 2:
        return
    for other in survey.of("schema"):
        if other.pointer == member.owner.pointer or not shape & _shape(other) > {member.name}:
            continue
        twin = survey.child(other, "properties", member.name)
        if twin is None or types(survey, twin) != {"string"} or twin.pointer == node.pointer:
            continue
        if not _same_tagged(shape, _shape(other), member.name, value):
            continue
        if says(survey, twin, *_CLOSED) or english.only_value(twin.description):
            continue
        yield survey.finding(
            "prose-only-value",
            twin,
            f"An object of the same shape says of its `{member.name}` that it is always "
            f"{text_of(value)} (#{node.pointer}); here any string passes: `const` would say it.",
            Fix("merge", twin.pointer, survey.exactly(value)),
        )


def _same_tagged(one: set[str], other: set[str], tag: str, value: str) -> bool:
    # the tag's value names the member that it announces: `type: function` beside `function`
    return value in one and value in other and tag in other


def _shape(node: Node) -> set[str]:
    required = node["required"]
    return set(required) if isinstance(required, list) else set()


def described(survey: Survey) -> Iterator[Node]:
    """Every schema that has a description of its own."""
    for node in survey.of("schema"):
        # OpenAPI 3.0.4 §4.7.23.2: what stands beside a `$ref` is ignored
        if node.description and not (survey.is_3_0 and node.reference is not None):
            yield node


def readings(survey: Survey) -> Iterator[tuple[str, Node]]:
    """Every description of a value, and the schema of that value."""
    for node in described(survey):
        yield node["description"], node
    for parameter in survey.of("parameter", "header"):
        schema = survey.child(parameter, "schema")
        if not parameter.description or schema is None:
            continue
        if not (survey.is_3_0 and schema.reference is not None):
            yield parameter["description"], schema


def _may_be(survey: Survey, node: Node, value: Any) -> bool:
    named = types(survey, node)
    kinds = {bool: "boolean", str: "string", type(None): "null", int: "integer", float: "number"}
    return kinds[type(value)] in named and named <= {kinds[type(value)], "null"}


def _bounded(survey: Survey, node: Node, bound: Bound) -> tuple[Node | None, str]:
    """The schema that *bound* is about, and the kind of value that it counts."""
    named = types(survey, node) - {"null"}
    if named and named <= {"integer", "number"}:
        return (None if bound.counts_characters else node), "number"
    if named == {"string"}:
        return (node if bound.counts_characters else None), "string"
    if named == {"array"}:
        counted = bound.unit and not bound.counts_characters and bound.unit not in _NOT_ITEMS
        return (node if counted else None), "array"
    if named == {"object"} and not bound.unit:
        # "maps tokens to a bias value from -100 to 100": the limit is on the values
        values = survey.child(node, "additionalProperties")
        if values is not None and "value" in bound.quote.lower():
            return _bounded(survey, values, bound)
    return None, ""


_NOT_ITEMS = frozenset(
    "and or of in on at to for from with by as is are tokens words bytes kb mb gb times percent"  # noqa: SIM905 - a list of forty quoted words reads worse
    " dimensions milliseconds seconds minutes hours days weeks months years".split()
)


def _missing(survey: Survey, node: Node, bound: Bound, kind: str) -> dict[str, Any]:
    """The keywords that would say *bound* and that no schema of the instance has."""
    if any(part["const"] is not None or part["enum"] is not None for part in every(survey, node)):
        return {}
    missing: dict[str, Any] = {}
    for limit, names in ((bound.low, _LOW), (bound.high, _HIGH)):
        keyword = names[kind]
        exclusive = "exclusive" + keyword.capitalize()
        if limit is None or (keyword == "minLength" and limit == 0):
            continue
        if says(survey, node, keyword, exclusive):
            continue
        if bound.exclusive and kind == "number":
            missing[exclusive] = limit
        elif bound.exclusive:
            missing[keyword] = limit + (1 if names is _LOW else -1)
        else:
            missing[keyword] = limit
    return missing


def _mismatch(survey: Survey, node: Node, bound: Bound, kind: str) -> Iterator[Finding]:
    """A keyword that sets another limit than the prose: one of the two is wrong."""
    if bound.exclusive:
        return
    for limit, names in ((bound.low, _LOW), (bound.high, _HIGH)):
        keyword = names[kind]
        set_limits = {
            part[word]
            for part in every(survey, node)
            for word in (keyword, "exclusive" + keyword.capitalize())
            if isinstance(part[word], (int, float))
        }
        if limit is not None and len(set_limits) == 1 and limit not in set_limits:
            yield survey.finding(
                "prose-mismatch",
                node,
                f"The description says “{bound.quote}”, and the schema says "
                f"{text_of(set_limits.pop())}.",
            )
