"""Numbers, strings and arrays without a limit where one goes without saying."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.lint import english
from troth.lint.findings import Finding, Fix
from troth.lint.members import says, types
from troth.lint.survey import Survey
from troth.lint.walk import Node

_NUMERIC = {"integer", "number"}
_CLOSED = ("enum", "const", "pattern", "format", "minLength")


def counts(survey: Survey) -> Iterator[Finding]:
    """Find counts in responses that may be negative."""
    for node in survey.of("schema"):
        if not node.is_property or not survey.used_in(node, "response"):
            continue
        if _is_free_count(survey, node):
            yield survey.finding(
                "count-without-minimum",
                node,
                f"`{node.name}` counts something (“{_opening(node)}”), and -1 passes: no minimum.",
                Fix("merge", node.pointer, {"minimum": 0}),
            )


def unbounded(survey: Survey) -> Iterator[Finding]:
    """Find the members of request bodies that accept the empty, the negative, the absurd."""
    met: set[str] = set()
    for content in survey.of("media-type"):
        schema = survey.child(content, "schema")
        if schema is None or not survey.used_in(schema, "request"):
            continue
        for part in survey.conjuncts(schema):
            for node in survey.children(part, "properties"):
                if node.pointer not in met:
                    met.add(node.pointer)
                    yield from _without_bounds(survey, node, part)


def _without_bounds(survey: Survey, node: Node, owner: Node) -> Iterator[Finding]:
    named = types(survey, node) - {"null"}
    required = node.name in (owner["required"] or ())
    passes, fix = "", {}
    if named == {"array"} and required and not says(survey, node, "minItems"):
        passes, fix = "[]", {"minItems": 1}
    elif named == {"string"} and required and not says(survey, node, *_CLOSED):
        passes, fix = '""', {"minLength": 1}
    elif named and named <= _NUMERIC and not _is_ranged(survey, node):
        # a full 64-bit range is what an identifier or a seed means
        if node["format"] == "int64" or english.bounds(node["description"] or ""):
            return
        passes, fix = "-5", {"minimum": 1} if english.is_count(node.description) else {}
    if passes:
        fixes: tuple[Fix, ...] = (Fix("merge", node.pointer, _plain(fix)),) if fix else ()
        yield survey.finding(
            "unbounded", node, f"`{node.name}` has no bound: {passes} is accepted.", *fixes
        )


def _plain(fix: dict[str, int]) -> dict[str, Any]:
    return dict(fix)


def _is_free_count(survey: Survey, node: Node) -> bool:
    named = types(survey, node) - {"null"}
    numeric = bool(named) and named <= _NUMERIC
    return numeric and english.is_count(node.description) and not _is_ranged(survey, node)


def _is_ranged(survey: Survey, node: Node) -> bool:
    return says(survey, node, "minimum", "exclusiveMinimum", "enum", "const")


def _opening(node: Node) -> str:
    words = node.description.split()
    return " ".join(words[:5]).rstrip(".,") + (" …" if len(words) > 5 else "")
