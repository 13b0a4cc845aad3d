"""What a user settles about findings: which are left out or count for less, and where.

By `x-troth-ignore` in the document, for the object in which it stands and all below; or by
exceptions from outside (those of a troth.toml), for codes, paths and files.  One that matches
nothing is a finding itself: what it was for has been mended, or it is misspelt.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from troth import pointer as pointers
from troth.document.document import Document
from troth.document.grammar import MEMBERS
from troth.errors import Place, nearest
from troth.lint.diagnostics import CODES, Diagnostic, Severity
from troth.lint.survey import Node, Survey

#: What a finding may be made; `off` leaves it out.
Level = Literal["error", "warning", "info", "off"]

WORD = "x-troth-ignore"
# Members that hold data, in which nothing is said about the document itself.
_DATA = frozenset("example examples default enum const value dataValue mapping scopes".split())  # noqa: SIM905 - a list of words


@dataclass(frozen=True, slots=True)
class Ignored:
    """One exception: findings of *codes* (of all, when empty) get the severity *level*.

    *path* is a path of the API or, after a `#`, a JSON Pointer: it stands for what is there and
    below; `*` is any part of a segment, `**` anything.  *file* is a pattern too.  *place* is where
    it is said; without one nobody is told that it matches nothing.
    """

    codes: tuple[str, ...] = ()
    path: str = ""
    file: str = ""
    level: Level = "off"
    place: Place | None = None
    #: The object of the document in which it stands; it speaks of nothing outside.
    within: str | None = None

    def concerns(self, file: str) -> bool:
        """Whether it speaks of findings in *file*: its pattern fits the end of the path."""
        path = os.path.abspath(file).replace(os.sep, "/")
        return not self.file or bool(_pattern(f"**/{self.file.removeprefix('./')}").fullmatch(path))

    def matches(self, diagnostic: Diagnostic) -> bool:
        """Whether it speaks of *diagnostic*."""
        if self.codes and diagnostic.code not in self.codes:
            return False
        return self.concerns(diagnostic.place.file) and self._covers(diagnostic.pointer)

    def _covers(self, pointer: str) -> bool:
        if self.within is not None:
            return pointers.is_within(pointer, self.within)
        if not self.path:
            return True
        if self.path.startswith("#"):
            return bool(_pattern(self.path[1:], below=True).fullmatch(pointer))
        tokens = pointers.split(pointer)
        named = tokens[1] if len(tokens) > 1 and tokens[0] in ("paths", "webhooks") else None
        return named is not None and bool(_pattern(self.path).fullmatch(named))


@cache
def _pattern(glob: str, *, below: bool = False) -> re.Pattern[str]:
    """The texts that *glob* stands for; with *below*, what follows them after a slash too."""
    words = {"**": ".*", "*": "[^/]*"}
    parts = (words.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*)", glob))
    return re.compile("".join(parts) + ("(?:/.*)?" if below else ""), re.DOTALL)


def settle(
    survey: Survey, diagnostics: Sequence[Diagnostic], ignored: Sequence[Ignored]
) -> Iterator[Diagnostic]:
    """Leave out what is to be ignored, and change what has another severity.

    Of several exceptions the last counts; what the document says of itself comes after *ignored*.
    """
    every = (*ignored, *_written(survey))
    unused = [_unused(survey.document, each, diagnostics) for each in every]
    for diagnostic in (*diagnostics, *filter(None, unused)):
        level: Level = diagnostic.severity
        for each in every:
            if each.matches(diagnostic):
                level = each.level
        if level != "off":
            yield replace(diagnostic, severity=level)


def _unused(
    document: Document, ignored: Ignored, diagnostics: Sequence[Diagnostic]
) -> Diagnostic | None:
    if ignored.place is None or any(map(ignored.matches, diagnostics)):
        return None
    files = {document.file, *(each.place.file for each in diagnostics)}
    if not any(map(ignored.concerns, files)):
        return None  # it is for another document
    at = "" if ignored.within is None else pointers.join(ignored.within, WORD)
    message = f"This ignores nothing: {_what(ignored)}."
    return Diagnostic(_SEVERITY, _UNUSED, message, at, ignored.place)


_UNUSED = "unused-ignore"
_SEVERITY: Severity = CODES[_UNUSED]


def _what(ignored: Ignored) -> str:
    unknown = [code for code in ignored.codes if code not in CODES]
    if unknown:
        near = nearest(unknown[0], CODES)
        return f"there is no code {unknown[0]!r}" + (f" (did you mean {near!r}?)" if near else "")
    codes = f"no {' or '.join(ignored.codes)}" if ignored.codes else "nothing"
    where = " here" if ignored.within is not None else f" at {ignored.path}" if ignored.path else ""
    return f"{codes} is found{where}"


def _written(survey: Survey) -> Iterator[Ignored]:
    """What the document says of its own findings, in its order."""
    for node in survey.nodes:
        for pointer, value in _around(node) if isinstance(node.value, dict) else ():
            place = survey.document.place(pointers.join(pointer, WORD))
            listed = [value] if isinstance(value, str) else value
            # each code by itself, so that one that is of no use any more is told
            for code in listed if isinstance(listed, (list, dict)) else ():
                yield Ignored((str(code),), place=place, within=pointer)


def _around(node: Node) -> Iterator[tuple[str, Any]]:
    """Each `x-troth-ignore` in *node*, and in its parts that are no nodes themselves."""
    pending: list[tuple[str, Any]] = [(node.pointer, node.value)]
    while pending:
        pointer, value = pending.pop()
        if isinstance(value, dict) and WORD in value:
            yield pointer, value[WORD]
        parts = _nodes_left_out(node, value) if value is node.value else _members(value)
        pending += reversed([(pointers.join(pointer, name), item) for name, item in parts])


def _members(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, list):
        yield from enumerate(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in _DATA and not name.startswith("x-"):
                yield name, item


def _nodes_left_out(node: Node, value: Any) -> Iterator[tuple[str | int, Any]]:
    """The members of *node* that hold no nodes; of a map of nodes what it says of itself."""
    held = MEMBERS.get(node.role, {})
    for name, item in _members(value) if node.role != "callback" else ():
        if name not in held:
            yield name, item
        elif held[str(name)].shape == "patterned" and isinstance(item, dict) and WORD in item:
            yield name, {WORD: item[WORD]}
