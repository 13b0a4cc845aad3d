"""From the changes that findings propose to the actions of an overlay that makes them.

An overlay can merge and remove, and no more: what takes the place of a value is written as a
removal and an update of the object around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from troth import pointer as pointers
from troth.document import json_path
from troth.document.document import Document
from troth.document.overlay import Action
from troth.lint.findings import Finding, Fix

Location = tuple[str | int, ...]

# RFC 9535 §2.5.1.1, of ASCII only
_SHORTHAND = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def actions(document: Document, findings: Iterable[Finding]) -> tuple[Action, ...]:
    """Write what *findings* propose as overlay actions, which apply to *document* in this order.

    What an earlier finding replaces or removes, a later one no longer changes.  Items are
    removed from arrays last, from the end, so that no index moves under another action.
    """
    first: list[Action] = []
    last: list[tuple[Location, Action]] = []
    gone: list[str] = []
    proposed = [(fix, finding) for finding in findings for fix in finding.fix]
    # a removed whole takes its parts along: outermost first
    proposed.sort(key=lambda pair: (pair[0].kind == "merge", pair[0].pointer.count("/")))
    for fix, finding in proposed:
        if any(fix.pointer == above or fix.pointer.startswith(above + "/") for above in gone):
            continue
        if fix.kind != "merge":
            gone.append(fix.pointer)
        location = locate(document.root, fix.pointer)
        if fix.kind == "remove" and isinstance(location[-1], int):
            last.append((location, _removal(location, _reason(finding))))
        else:
            first += _written(document.root, fix, location, _reason(finding))
    last.sort(key=lambda pair: _descending(pair[0]))
    return (*_distinct(first), *(action for _, action in last))


def locate(root: Any, pointer: str) -> Location:
    """The member names and item indexes that *pointer* spells in *root*."""
    location: list[str | int] = []
    for token in pointers.split(pointer):
        key: str | int = int(token) if isinstance(root, list) else token
        location.append(key)
        try:
            root = root[key]
        except (KeyError, IndexError, TypeError):
            root = None
    return tuple(location)


def target(location: Location) -> str:
    """The query that selects *location* alone, with names in shorthand where RFC 9535 has one."""
    return "$" + "".join(
        f".{key}"
        if isinstance(key, str) and _SHORTHAND.fullmatch(key)
        else json_path.write_segment(key)
        for key in location
    )


def _written(root: Any, fix: Fix, location: Location, reason: str) -> Iterator[Action]:
    if fix.kind == "merge":
        yield Action(target(location), reason, update=fix.value)
        return
    # an item of an array cannot be set in its place: the whole array is
    value = fix.value
    while fix.kind == "replace" and isinstance(location[-1], int):
        items = list(_at(root, location[:-1]))
        items[location[-1]] = value
        location, value = location[:-1], items
    yield _removal(location, reason)
    if fix.kind == "replace":
        yield Action(target(location[:-1]), reason, update={location[-1]: value})


def _removal(location: Location, reason: str) -> Action:
    return Action(target(location), reason, remove=True)


def _at(root: Any, location: Location) -> Any:
    for key in location:
        root = root[key]
    return root


def _reason(finding: Finding) -> str:
    return f"[{finding.code}] {finding.message}"


def _descending(location: Location) -> tuple[tuple[int, str], ...]:
    return tuple((-key, "") if isinstance(key, int) else (0, key) for key in location)


def _distinct(made: list[Action]) -> Iterator[Action]:
    """Each change once: two findings may ask for the same."""
    met: list[tuple[str, Any, bool]] = []
    for action in made:
        key = (action.target, action.update, action.remove)
        if key not in met:
            met.append(key)
            yield action
