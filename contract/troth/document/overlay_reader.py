"""Read an overlay: OpenAPI Overlay 1.0 and 1.1.

Only what the overlay says by itself is checked here; what its actions find is `overlay.apply`'s.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from troth import pointer as json_pointer
from troth.document.limits import Limits
from troth.document.source_positions import Marks
from troth.document.spec_errors import BadAction, NotAnOverlay, UnsupportedVersion
from troth.document.text_reader import read_file, read_text
from troth.errors import Place, SpecError, nearest

_FIELDS = ("overlay", "info", "extends", "actions")
_INFO = {"1.0": ("title", "version"), "1.1": ("title", "version", "description")}
_ACTION = {
    "1.0": ("target", "description", "update", "remove"),
    "1.1": ("target", "description", "update", "copy", "remove"),
}


class _Nothing:
    """The type of NOTHING."""

    def __repr__(self) -> str:
        return "NOTHING"


#: The `update` of an action that has none: null is a value.
NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class Action:
    """One Action Object; *place* is where it was written, if it was read."""

    target: str
    description: str = ""
    update: Any = NOTHING
    copy: str | None = None
    remove: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """An overlay as read.

    *version* is `1.0` or `1.1`.  *extends* names the document that it was written for; it is for
    readers, and not compared with the document that the overlay is applied to.
    """

    file: str
    version: str
    title: str
    extends: str | None
    actions: tuple[Action, ...]
    root: dict[str, Any] = field(repr=False)
    marks: Marks = field(repr=False)

    def place(self, pointer: str) -> Place | None:
        """Where the node at *pointer* of the overlay was written."""
        return self.marks.find(self.root, json_pointer.split(pointer))


def read(
    source: str | Path | bytes, *, name: str | None = None, limits: Limits | None = None
) -> Overlay:
    """Read the overlay in the file *source* ("-" is standard input), or in these bytes.

    *name* is what errors call it.  Raises SpecError.
    """
    limits = limits or Limits()
    if isinstance(source, bytes):
        data, file = source, name or "<bytes>"
    elif source == "-":
        data, file = sys.stdin.buffer.read(limits.bytes + 1), name or "<stdin>"
    else:
        data, file = read_file(str(source), limits=limits), name or str(source)
    marks = Marks()
    root = read_text(data, marks, file=file, limits=limits)
    return _Reading(root, marks).overlay(file)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The checks of one overlay's tree."""

    root: Any
    marks: Marks

    def overlay(self, file: str) -> Overlay:
        root = self.root
        if not isinstance(root, dict) or "overlay" not in root:
            raise NotAnOverlay(
                "not an overlay: the field 'overlay' is missing",
                place=self.place(""),
                advice="It names the version. Supported versions: 1.0.x and 1.1.x.",
            )
        written = root["overlay"]
        if not isinstance(written, str) or not re.fullmatch(r"1\.[01]\.[0-9]+", written):
            raise UnsupportedVersion(
                repr(written),
                supported="1.0.x and 1.1.x",
                place=self.place("/overlay"),
                pointer="/overlay",
            )
        version = written[:3]
        self.known(root, "", _FIELDS)
        info = self.typed(root, "", "info", dict)
        self.known(info, "/info", _INFO[version])
        title = self.typed(info, "/info", "title", str)
        self.typed(info, "/info", "version", str)
        extends = self.typed(root, "", "extends", str, required=False)
        listed = self.typed(root, "", "actions", list)
        if not listed:
            raise self.fault("an overlay has at least one action", "/actions")
        actions = tuple(self.action(index, version) for index in range(len(listed)))
        # The schemas of both versions say uniqueItems.
        first: dict[str, int] = {}
        for index, action in enumerate(listed):
            if (same := first.setdefault(json.dumps(action, sort_keys=True), index)) != index:
                raise self.fault(f"repeats actions[{same}]", f"/actions/{index}", index=index)
        return Overlay(file, version, title, extends, actions, root, self.marks)

    def action(self, index: int, version: str) -> Action:
        at = f"/actions/{index}"
        action = self.root["actions"][index]
        if not isinstance(action, dict):
            raise self.fault("an action is an object", at, index=index)
        self.known(action, at, _ACTION[version], index=index)
        target = self.typed(action, at, "target", str, index=index)
        remove = self.typed(action, at, "remove", bool, required=False, index=index)
        copy = self.typed(action, at, "copy", str, required=False, index=index)
        description = self.typed(action, at, "description", str, required=False, index=index)
        if version == "1.1" and not action.keys() & {"update", "copy", "remove"}:
            raise self.fault("has none of update, copy and remove", at, index=index)
        if copy is not None and "update" in action and not remove:
            # 1.1.0 §4.4.3.1: each "has no impact if" the other is there, so neither can be meant.
            raise self.fault("has both update and copy", at + "/copy", index=index)
        return Action(
            target,
            description=description or "",
            update=action.get("update", NOTHING),
            copy=copy,
            remove=bool(remove),
            place=self.place(at),
        )

    def place(self, pointer: str) -> Place | None:
        return self.marks.find(self.root, json_pointer.split(pointer))

    def known(
        self, value: dict[str, Any], at: str, fields: tuple[str, ...], *, index: int | None = None
    ) -> None:
        """Refuse a field that the specification does not have: a typo would change nothing."""
        for name in value:
            if name in fields or name.startswith("x-"):
                continue
            near = nearest(name, fields)
            advice = f"Did you mean {near!r}?" if near else "Extensions start with 'x-'."
            if name == "copy":
                advice = "It is a field of Overlay 1.1: say 'overlay: 1.1.0'."
            pointer = json_pointer.join(at, name)
            raise self.fault(f"unknown field {name!r}", pointer, index=index, advice=advice)

    def typed(
        self,
        value: dict[str, Any],
        at: str,
        name: str,
        kind: type,
        *,
        required: bool = True,
        index: int | None = None,
    ) -> Any:
        """The field *name* of *value*, which must be of *kind*; None if it may be missing."""
        if name not in value and not required:
            return None
        found = value.get(name)
        if not isinstance(found, kind):
            words = {dict: "an object", list: "an array", str: "a string", bool: "true or false"}
            fault = f"{name!r} must be {words[kind]}" if name in value else f"{name!r} is missing"
            raise self.fault(fault, json_pointer.join(at, name), index=index)
        return found

    def fault(
        self, fault: str, pointer: str, *, index: int | None = None, advice: str = ""
    ) -> SpecError:
        """An error of the action *index*, or of the overlay as a whole."""
        place = self.place(pointer)
        if index is not None:
            return BadAction(index, fault, place=place, pointer=pointer, advice=advice)
        return NotAnOverlay(fault, place=place, pointer=pointer, advice=advice)
