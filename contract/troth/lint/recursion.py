"""Schemas that nest without end: every instance would have to hold another of its own kind.

Only what is certain is told: a schema is endless when each way of meeting it needs an endless
one.  The algebra of schemas leaves this open, since no single keyword contradicts another.
"""

from __future__ import annotations

from collections.abc import Iterator

from troth.lint.findings import Finding
from troth.lint.survey import Survey
from troth.lint.walk import Node

#: Of each group of schemas, one has to have an instance that ends.
Needs = tuple[tuple[str, ...], ...]


def endless(survey: Survey) -> Iterator[Finding]:
    """Find schemas that no finite value meets, once for each cycle."""
    needs = {node.pointer: found for node in survey.of("schema") if (found := _needs(survey, node))}
    left = _endless(needs)
    told: set[str] = set()
    for start in sorted(left):
        chain = [start]
        while (following := _next(needs[chain[-1]], left)) not in chain:
            chain.append(following)
        cycle = chain[chain.index(following) :]
        if not told.intersection(cycle):
            told.update(cycle)
            at = min(cycle, key=lambda pointer: (pointer.count("/"), pointer))
            passed = " -> ".join(f"#{each}" for each in _from(cycle, at))
            yield survey.finding(
                "unsatisfiable",
                at,
                f"No value can be valid here, for it would never end: {passed}. One of these "
                "members has to be optional, or its schema has to allow another value.",
            )


def _endless(needs: dict[str, Needs]) -> set[str]:
    """The pointers that keep a need unmet, however often what ends is taken away."""
    left = set(needs)
    while ending := {
        pointer
        for pointer in left
        if all(any(each not in left for each in group) for group in needs[pointer])
    }:
        left -= ending
    return left


def _next(groups: Needs, left: set[str]) -> str:
    """A schema that keeps the one with these needs from ending."""
    return next(group[0] for group in groups if all(each in left for each in group))


def _from(cycle: list[str], at: str) -> list[str]:
    where = cycle.index(at)
    return [*cycle[where:], *cycle[:where], at]


def _needs(survey: Survey, node: Node) -> Needs:
    if not isinstance(node.value, dict):
        return ()
    groups: list[tuple[str, ...]] = [(each.pointer,) for each in survey.referred(node)]
    if groups and survey.is_3_0:
        return tuple(groups)  # what stands beside a reference is ignored (OpenAPI 3.0.4 §4.7.23.1)
    groups += [(each.pointer,) for each in survey.children(node, "allOf")]
    for union in ("anyOf", "oneOf"):
        if branches := tuple(each.pointer for each in survey.children(node, union)):
            groups.append(branches)
    named = node["type"]
    only = named if isinstance(named, str) else next(iter(named)) if named and not named[1:] else ""
    if only == "object" and not (survey.is_3_0 and node["nullable"] is True):
        held = (survey.child(node, "properties", name) for name in node["required"] or ())
        groups += [(each.pointer,) for each in held if each is not None]
    if only == "array" and _least(node) and not (survey.is_3_0 and node["nullable"] is True):
        first = list(survey.children(node, "prefixItems"))[: _least(node)]
        rest = survey.child(node, "items") if _least(node) > len(first) else None
        groups += [(each.pointer,) for each in [*first, rest] if each is not None]
    return tuple(groups)


def _least(node: Node) -> int:
    least = node["minItems"]
    return int(least) if isinstance(least, (int, float)) and least > 0 else 0
