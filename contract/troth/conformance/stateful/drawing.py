"""Bodies that tell something: with all that they may have, and nothing that goes without saying.

What reads back as null, as its default or as one item of a list might have been lost or kept; so of
several draws each member is taken from the one where its value says most.
"""

from __future__ import annotations

from typing import Any

from troth import pointer as pointers
from troth.conformance.cases.case import Subject
from troth.conformance.stateful.comparison import same
from troth.generation.request_writer import body_type
from troth.generation.source import Unsatisfiable
from troth.generation.values import synthesize
from troth.openapi.schema_view import View, of_content
from troth.seed import Seed

#: So many bodies are drawn for one that tells something.
_DRAWS = 6


def drawn(subject: Subject, *, seed: Seed, is_small: bool, name: str) -> Any:
    """A body of *subject*, or what stands for there being none; *name* is what it is of.

    One that *is_small* has what it must have, and nothing else.
    """
    if subject.made is None:
        return subject.minimal
    schema = subject.made.schema
    try:
        if is_small:
            return subject.overridden(synthesize(schema, seed=seed, optional=False, name=name))
        draws = [synthesize(schema, seed=seed.child(each), name=name) for each in range(_DRAWS)]
    except Unsatisfiable:
        return subject.minimal
    entry = body_type(subject.operation)
    most = _most(draws, of_content((entry,)) if entry is not None else None)
    return subject.overridden(most if subject.made.valid(most) else draws[0])


def _most(draws: list[Any], view: View | None) -> Any:
    """Of each member of *draws* the value that tells most."""
    if not isinstance(draws[0], dict):
        return max(draws, key=lambda value: _weight(value, view))
    members: dict[str, list[Any]] = {}
    for draw in draws:
        for name, value in draw.items() if isinstance(draw, dict) else ():
            members.setdefault(name, []).append(value)
    inner = view.members if view is not None else {}
    return {name: _most(values, inner.get(name)) for name, values in members.items()}


def _weight(value: Any, view: View | None) -> int:
    if value is None or value in ("", [], {}):
        return 0
    if value in (0, False) or any(same(each, value) for each in defaults(view)):
        return 1
    return 2 if isinstance(value, list) and len(value) < 2 else 3


def defaults(view: View | None, pointer: str = "") -> list[Any]:
    """The defaults of what stands at *pointer* in *view*."""
    inner = view.at(pointer) if view is not None and pointers.split(pointer) else view
    return [
        schema["default"] for _, schema in (inner.parts if inner else ()) if "default" in schema
    ]
