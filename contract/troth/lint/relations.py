"""Totals that prose makes the sum of other members: a law that no schema can say."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Any

from troth.lint import english
from troth.lint.findings import Finding, Fix
from troth.lint.members import in_place, law_about, member_of, types
from troth.lint.prose import described
from troth.lint.streams import json_answers
from troth.lint.survey import Survey
from troth.lint.walk import Node

# So deep a total is looked for in an answer: beyond it a law would be hard to read.
_DEPTH = 4
# What a CEL expression can select by a dot.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def relations(survey: Survey) -> Iterator[Finding]:
    """Find totals that prose makes the sum of other members, with no law behind it."""
    for node in described(survey):
        member = member_of(node)
        stated = english.sum_of(node.description)
        if member is None or stated is None or not types(survey, node) & {"integer", "number"}:
            continue
        names = sorted(survey.declared(member.owner) - {member.name})
        terms = [_named(term, names) for term in stated[0]]
        known = [term for term in terms if term is not None]
        if len(known) != len(terms) or law_about(survey, member.owner, member.name, *known):
            continue
        words = (member.name, *known)
        yield survey.finding(
            "prose-relation",
            node,
            f"The description makes `{member.name}` the sum of {' and '.join(known)} "
            f"(“{stated[1]}”), and nothing holds it to that: a law (`x-troth-laws`) would.",
            *_laws(survey, member.owner, words, node.description),
        )


def _named(term: str, names: list[str]) -> str | None:
    if term in names:
        return term
    starting = [name for name in names if name.startswith(term + "_")]
    shortest = sorted(starting, key=len)[:1]
    return shortest[0] if shortest else None


def _laws(survey: Survey, owner: Node, words: tuple[str, ...], says: str) -> Iterator[Fix]:
    """A law for each operation whose answer holds the total."""
    if not all(_NAME.fullmatch(word) for word in words):
        return
    for use in sorted(survey.uses.get(owner.pointer, ())):
        operation = survey.by_pointer[use.operation]
        path = _path(survey, operation, owner) if use.direction == "response" else None
        if path is not None:
            law = _law(path, words, says)
            yield Fix("merge", operation.pointer, {"x-troth-laws": [law]})


def _law(path: tuple[str, ...], words: tuple[str, ...], says: str) -> dict[str, Any]:
    whole = ["response"]
    for name in path:
        whole.append(f"{whole[-1]}.{name}")
    total, *terms = (f"{whole[-1]}.{word}" for word in words)
    law = {
        "id": "-".join(re.findall(r"[a-z0-9]+", " ".join((*path, words[0])).lower())) + "-adds-up",
        "says": says,
        "message": f"{words[0]} is not the sum of {' and '.join(words[1:])}",
    }
    if path:
        law["when"] = " && ".join(f"{place} != null" for place in whole[1:])
    law["holds"] = f"{total} == {' + '.join(terms)}"
    return law


def _path(survey: Survey, operation: Node, owner: Node) -> tuple[str, ...] | None:
    """The members that lead from an answer of *operation* to *owner*, without any array."""
    pending: deque[tuple[Node, tuple[str, ...]]] = deque(
        (schema, ()) for schema in json_answers(survey, operation)
    )
    met: set[str] = set()
    while pending:
        node, path = pending.popleft()
        for part in in_place(survey, node):
            if part.pointer == owner.pointer:
                return path
            if part.pointer in met or len(path) == _DEPTH:
                continue
            met.add(part.pointer)
            pending.extend(
                (member, (*path, member.name))
                for member in survey.children(part, "properties")
                if _NAME.fullmatch(member.name)
            )
    return None
