"""Questions about one member of an object: what its schemas allow, and what they already say.

A description may stand on a property, on a branch of its `oneOf`, or on the target of its `$ref`;
the keyword that says the same may stand in any schema of the same instance.  Where a document
leaves room, these answers err towards "it is said already", so that a rule stays silent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troth.lint.survey import Survey
from troth.lint.walk import IN_PLACE, Node

_CONDITIONS = ("if", "dependentRequired", "dependentSchemas", "dependencies")


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A declared property: the object that declares it, its name, and its schema."""

    owner: Node
    name: str
    schema: Node


def member_of(node: Node) -> Member | None:
    """Find the property that *node*, or a schema around it on the same instance, declares."""
    current: Node | None = node
    while current is not None and current.role == "schema":
        if current.is_property and current.parent is not None:
            return Member(current.parent, current.name, current)
        if not current.edge or current.edge[0] not in IN_PLACE:
            return None
        current = current.parent
    return None


def in_place(survey: Survey, node: Node) -> Iterator[Node]:
    """*node* and all schemas below it that look at the same instance."""
    met: set[str] = set()
    pending = [node]
    while pending:
        part = pending.pop()
        if part.pointer in met:
            continue
        met.add(part.pointer)
        yield part
        pending.extend(survey.referred(part))
        for keyword in IN_PLACE:
            held = survey.child(part, keyword)
            pending.extend([held] if held else survey.children(part, keyword))


def says(survey: Survey, node: Node, *keywords: str) -> bool:
    """Whether any schema of the instance that *node* describes has one of *keywords*.

    A property is also looked up in the other schemas of its object: a part of an `allOf` may
    constrain what another part describes.
    """
    return any(part[keyword] is not None for part in every(survey, node) for keyword in keywords)


def every(survey: Survey, node: Node) -> Iterator[Node]:
    """All schemas that may constrain the instance that *node* describes."""
    yield from in_place(survey, node)
    member = member_of(node)
    if member is None:
        return
    for relative in survey.family(member.owner):
        declared = survey.child(relative, "properties", member.name)
        if declared is not None:
            yield from in_place(survey, declared)


def types(survey: Survey, node: Node) -> set[str]:
    """The JSON types that *node* names, itself or through what it refers to."""
    found: set[str] = set()
    for part in in_place(survey, node):
        named = part["type"]
        found.update([named] if isinstance(named, str) else named or ())
        if part["nullable"] is True:
            found.add("null")
    return found


def conditional(survey: Survey, owner: Node, *names: str) -> bool:
    """Whether a condition of the object *owner*, or a law about it, speaks of all of *names*."""
    for relative in survey.family(owner):
        for keyword in _CONDITIONS:
            if relative[keyword] is not None:
                # `then` and `else` say what the `if` asks for
                words = _words([relative[keyword], relative["then"], relative["else"]])
                if words.issuperset(names):
                    return True
        if _mutually_chosen(relative, names):
            return True
    return law_about(survey, owner, *names)


def _mutually_chosen(node: Node, names: tuple[str, ...]) -> bool:
    # alternatives that each ask for other members are a condition in another form
    return any(
        isinstance(node[keyword], list)
        and any(_words(branch).issuperset(names) for branch in node[keyword])
        for keyword in ("oneOf", "anyOf", "not")
    )


def _words(value: Any) -> set[str]:
    """Every key and string of *value*."""
    if isinstance(value, dict):
        return set(value).union(*(_words(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_words(item) for item in value))
    return {value} if isinstance(value, str) else set()


def law_about(survey: Survey, owner: Node, *names: str) -> bool:
    """Whether a law of an operation that uses *owner* speaks of all of *names*."""
    for use in survey.uses.get(owner.pointer, ()):
        laws = survey.by_pointer[use.operation]["x-troth-laws"]
        for law in laws if isinstance(laws, list) else ():
            text = json.dumps(law)
            if all(name in text for name in names):
                return True
    return False
