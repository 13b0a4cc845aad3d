"""What lint says: a diagnostic, its code and severity, and the overlay actions that would mend it.

An overlay can merge and remove, and no more: what takes the place of a value is written as a
removal and an update of the object around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from troth import pointer as pointers
from troth.document import json_path
from troth.document.document import Document
from troth.document.overlay import Action
from troth.errors import Place

Severity = Literal["error", "warning", "info"]

_CODES: dict[Severity, str] = {
    "error": (
        "ambiguous-path bad-pattern bad-reference bad-schema constant-missing dead-keyword"
        " default-invalid duplicate-key duplicate-operation-id example-invalid malformed"
        " path-parameter-undeclared path-parameter-unused path-without-slash"
        " prose-contradiction sample-invalid"
        " stream-undeclared undeclared-member union-overlap unknown-extension"
        " unknown-security-scheme unsatisfiable unusable"
    ),
    "warning": (
        "count-without-minimum enum-needs-member example-undeclared-member foreign-keyword"
        " inert-keyword law-inapplicable loose-pattern operation-without-id"
        " operation-without-success"
        " prose-constraint prose-dependency prose-mismatch prose-only-value prose-relation"
        " response-without-content sibling-lacks-members unportable-pattern unused-ignore"
    ),
    "info": (
        "default-undecided duplicate-sample example-undecided format-annotation open-objects"
        " shared-union success-without-content unbounded undeclared-tag unused-component unused-tag"
    ),
}
#: Every code, with its severity.  The words are public and stable; docs/LINT.md explains each.
CODES: dict[str, Severity] = {
    code: severity for severity, codes in _CODES.items() for code in codes.split()
}


@dataclass(frozen=True, slots=True)
class Fix:
    """One proposed change: set the node at *pointer* to *value*, merge it in, or remove the node.

    `replace` takes the place of what is there; `merge` adds members to an object, and items to
    the arrays that it names.
    """

    kind: Literal["replace", "merge", "remove"]
    pointer: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault of the document: what is wrong, where, and how it could be mended.

    *message* is one sentence without the place.  *fix* is empty when the document does not say
    what was meant.
    """

    severity: Severity
    code: str
    message: str
    pointer: str
    place: Place
    fix: tuple[Fix, ...] = ()

    def __str__(self) -> str:
        return f"{self.place}: {self.severity} [{self.code}] {self.message} (#{self.pointer})"


def inline_json(value: Any) -> str:
    """Write a value as JSON for a message, short and on one line."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."


Location = tuple[str | int, ...]

#: What both JSONPath (RFC 9535 §2.5.1.1, of ASCII only) and CEL select by a dot.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def actions(document: Document, diagnostics: Iterable[Diagnostic]) -> tuple[Action, ...]:
    """Write what *diagnostics* propose as overlay actions, which apply to *document* in this order.

    What an earlier diagnostic replaces or removes, a later one no longer changes.  Items are
    removed from arrays last, from the end, so that no index moves under another action.
    """
    first: list[Action] = []
    last: list[tuple[Location, Action]] = []
    gone: set[str] = set()
    proposed = [(fix, f"[{each.code}] {each.message}") for each in diagnostics for fix in each.fix]
    # a removed whole takes its parts along: outermost first
    proposed.sort(key=lambda pair: (pair[0].kind == "merge", pair[0].pointer.count("/")))
    for fix, reason in proposed:
        if gone.intersection(accumulate(fix.pointer.split("/"), "{}/{}".format)):
            continue
        if fix.kind != "merge":
            gone.add(fix.pointer)
        location = locate(document.root, fix.pointer)
        if fix.kind == "remove" and isinstance(location[-1], int):
            last.append((location, Action(target(location), reason, remove=True)))
        else:
            # two diagnostics may ask for the same
            made = _written(document.root, fix, location, reason)
            first += [each for each in made if not any(_is_same(each, other) for other in first)]
    # what stands further behind goes first, so that the others stay where they are
    last.sort(key=lambda pair: [(-at, "") if isinstance(at, int) else (0, at) for at in pair[0]])
    return (*first, *(action for _, action in last))


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
        f".{key}" if isinstance(key, str) and NAME.fullmatch(key) else json_path.write_segment(key)
        for key in location
    )


def _written(root: Any, fix: Fix, location: Location, reason: str) -> Iterator[Action]:
    if fix.kind == "merge":
        yield Action(target(location), reason, update=fix.value)
        return
    # an item of an array cannot be set in its place: the whole array is
    value = fix.value
    while fix.kind == "replace" and isinstance(location[-1], int):
        items = root
        for key in location[:-1]:
            items = items[key]
        value = [value if index == location[-1] else item for index, item in enumerate(items)]
        location = location[:-1]
    yield Action(target(location), reason, remove=True)
    if fix.kind == "replace":
        yield Action(target(location[:-1]), reason, update={location[-1]: value})


def _is_same(one: Action, other: Action) -> bool:
    return (one.target, one.update, one.remove) == (other.target, other.update, other.remove)
