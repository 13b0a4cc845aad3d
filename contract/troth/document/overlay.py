"""OpenAPI Overlays 1.0 and 1.1: read some, apply them to a document, write one.

An overlay changes the document as it was read: other files are bundled already, under
`$['x-troth-bundled']`.  Every node that an action inserts cites the overlay's file and line; what
`copy` inserts keeps the place that it was copied from.  A relative `$ref` in an update leads from
the document's folder, as it would had it been written there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from troth import pointer as pointers
from troth.document import json_path
from troth.document.document import Document, build
from troth.document.json_path import InvalidQuery, Location
from troth.document.source import Limits, Positions, renumber
from troth.document.spec_errors import (
    BadAction,
    DanglingReference,
    DuplicateKey,
    Faults,
    NotAnOverlay,
    NoTarget,
    UnsupportedVersion,
)
from troth.document.text_reader import read_source, read_text
from troth.document.yaml_writer import dump_yaml
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
    positions: Positions = field(repr=False)

    def place(self, pointer: str) -> Place | None:
        """Where the node at *pointer* of the overlay was written."""
        return self.positions.find(self.root, pointer)


def read(
    source: str | Path | bytes, *, name: str | None = None, limits: Limits | None = None
) -> Overlay:
    """Read the overlay in the file *source* ("-" is standard input), or in these bytes.

    *name* is what errors call it.  Raises SpecError.
    """
    positions = Positions()
    limits = limits or Limits()
    data, file = read_source(source, name=name, limits=limits)
    root = read_text(data, positions, file=file, limits=limits)
    return _Reading(root, positions).overlay(file)


def apply(
    document: Document, sources: Sequence[str | Path | bytes | Overlay], *, strict: bool = True
) -> Document:
    """Apply overlays to *document*, in order, each action to the result of the one before.

    An action that selects nothing is refused, since it is nearly always one that the document has
    outgrown; the specification lets it pass, and so does *strict=False*.  Raises SpecError.
    """
    if not sources:
        return document
    positions = Positions(top=document.positions.top)
    files = {
        number: positions.add_file(file) for number, file in enumerate(document.positions.files)
    }
    root = positions.copy(document.root, document.positions, files)
    removed: list[tuple[Location, str]] = []
    for source in sources:
        overlay = source if isinstance(source, Overlay) else read(source, limits=document.limits)
        into = {
            number: positions.add_file(file) for number, file in enumerate(overlay.positions.files)
        }
        tree = Tree(root, positions)
        application = _Application(tree, overlay, strict, files=into, limits=document.limits)
        application.run()
        removed += application.removed
    # what was wrong with the text stays so; what is wrong with the tree may have been mended
    faults = Faults(fault for fault in document.faults if isinstance(fault, DuplicateKey))
    limits = document.limits
    made = build(document.file, root, positions, path=document.path, limits=limits, faults=faults)
    ours = positions.files[len(document.positions.files) :]
    for fault in made.faults:
        if isinstance(fault, DanglingReference):
            # what refers to it was written by others: the action that took it away is the news
            tokens = pointers.split(unquote(fault.reference.partition("#")[2]))
            for location, action in removed:
                if tuple(map(str, location)) == tokens[: len(location)]:
                    fault.advice = f"{action} removed it."
                    raise fault
        if fault.place is not None and fault.place.file in ours:
            raise fault  # an overlay is written for its effect
    return made


def write(
    actions: Sequence[Action],
    *,
    title: str = "Proposed changes",
    version: str = "1.0.0",
    extends: str | None = None,
) -> str:
    """Write an overlay of *actions*, as YAML that `read` gives the same actions of.

    It is of version 1.0 as long as no action needs 1.1: a `copy`, or an `update` with a primitive.
    """
    newer = any(
        action.copy is not None
        or (action.update is not NOTHING and kind_of(action.update) == "primitive")
        for action in actions
    )
    root: dict[str, Any] = {"overlay": "1.1.0" if newer else "1.0.0"}
    root["info"] = {"title": title, "version": version}
    if extends is not None:
        root["extends"] = extends
    root["actions"] = [_written(action) for action in actions]
    return dump_yaml(root)


def _written(action: Action) -> dict[str, Any]:
    fields: dict[str, Any] = {"target": action.target}
    if action.description:
        fields["description"] = action.description
    if action.update is not NOTHING:
        fields["update"] = action.update
    if action.copy is not None:
        fields["copy"] = action.copy
    if action.remove:
        fields["remove"] = True
    return fields


@dataclass(frozen=True, slots=True)
class _Reading:
    """The checks of one overlay's tree."""

    root: Any
    positions: Positions

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
        self.known("", root, _FIELDS)
        info = self.typed("", "info", dict)
        self.known("/info", info, _INFO[version])
        title = self.typed("/info", "title", str)
        self.typed("/info", "version", str)
        extends = self.typed("", "extends", str, required=False)
        listed = self.typed("", "actions", list)
        if not listed:
            raise self.fault("an overlay has at least one action", "/actions")
        actions = tuple(
            self.action(f"/actions/{index}", action, version) for index, action in enumerate(listed)
        )
        # The schemas of both versions say uniqueItems.
        first: dict[str, int] = {}
        for index, action in enumerate(listed):
            if (same := first.setdefault(json.dumps(action, sort_keys=True), index)) != index:
                raise self.fault(f"repeats actions[{same}]", f"/actions/{index}")
        return Overlay(file, version, title, extends, actions, root, self.positions)

    def action(self, at: str, action: Any, version: str) -> Action:
        if not isinstance(action, dict):
            raise self.fault("an action is an object", at)
        self.known(at, action, _ACTION[version])
        target = self.typed(at, "target", str)
        remove = self.typed(at, "remove", bool, required=False)
        copy = self.typed(at, "copy", str, required=False)
        description = self.typed(at, "description", str, required=False)
        if version == "1.1" and not action.keys() & {"update", "copy", "remove"}:
            raise self.fault("has none of update, copy and remove", at)
        if copy is not None and "update" in action and not remove:
            # 1.1.0 §4.4.3.1: each "has no impact if" the other is there, so neither can be meant.
            raise self.fault("has both update and copy", at + "/copy")
        return Action(
            target,
            description=description or "",
            update=action.get("update", NOTHING),
            copy=copy,
            remove=bool(remove),
            place=self.place(at),
        )

    def place(self, pointer: str) -> Place | None:
        return self.positions.find(self.root, pointer)

    def known(self, at: str, value: dict[str, Any], fields: tuple[str, ...]) -> None:
        """Refuse a field that the specification does not have: a typo would change nothing."""
        for name in value:
            if name in fields or name.startswith("x-"):
                continue
            near = nearest(name, fields)
            advice = f"Did you mean {near!r}?" if near else "Extensions start with 'x-'."
            if name == "copy":
                advice = "It is a field of Overlay 1.1: say 'overlay: 1.1.0'."
            raise self.fault(f"unknown field {name!r}", pointers.join(at, name), advice)

    def typed(self, at: str, name: str, kind: type, *, required: bool = True) -> Any:
        """The field *name* of the object at *at*, of *kind*; None if it may be missing, and is."""
        value = pointers.resolve(self.root, at)
        if name not in value and not required:
            return None
        if not isinstance(value.get(name), kind):
            words = {dict: "an object", list: "an array", str: "a string", bool: "true or false"}
            fault = f"{name!r} must be {words[kind]}" if name in value else f"{name!r} is missing"
            raise self.fault(fault, pointers.join(at, name))
        return value[name]

    def fault(self, fault: str, pointer: str, advice: str = "") -> SpecError:
        """The fault of what is at *pointer*: of an action, or of the overlay as a whole."""
        place = self.place(pointer)
        if pointer.startswith("/actions/"):
            index = int(pointer.split("/")[2])
            return BadAction(index, fault, place=place, pointer=pointer, advice=advice)
        return NotAnOverlay(fault, place=place, pointer=pointer, advice=advice)


@dataclass(slots=True)
class _Application:
    """One overlay on its way into one tree.

    *files* renumbers the overlay's files; *added* counts the nodes that its actions inserted;
    *removed* says what was taken away, and by which action.
    """

    tree: Tree
    overlay: Overlay
    strict: bool
    files: dict[int, int]
    limits: Limits
    added: int = 0
    removed: list[tuple[Location, str]] = field(default_factory=list)

    def run(self) -> None:
        for index, action in enumerate(self.overlay.actions):
            before = self.paths()
            self.act(index, action)
            for path in self.paths() - before:
                # OpenAPI 3.1 §4.8.8.1: a path starts with a slash; anything else is a slip here.
                if not path.startswith(("/", "x-")):
                    fault = f"adds the path {path!r}, which does not start with '/'"
                    raise self.wrong(index, fault)

    def paths(self) -> set[str]:
        paths = self.tree.root.get("paths")
        return set(paths) if isinstance(paths, dict) else set()

    def act(self, index: int, action: Action) -> None:
        targets = self.select(index, action.target, "target")
        if not targets:
            if self.strict:
                raise NoTarget(
                    index,
                    action.target,
                    place=self.overlay.place(f"/actions/{index}/target"),
                    pointer=f"/actions/{index}/target",
                    advice=json_path.advise(self.tree.root, action.target),
                )
        elif action.remove:
            if () in targets:
                raise self.wrong(index, "removes the whole document", "target")
            self.tree.remove(targets)
            place = self.overlay.place(f"/actions/{index}")
            self.removed += [(target, f"actions[{index}] ({place})") for target in targets]
        elif action.copy is not None:
            self.put(index, targets, self.copied(index, action.copy), "copy")
        elif action.update is not NOTHING:
            self.put(index, targets, self.material(index, action.update), "update")

    def select(self, index: int, query: str, member: str) -> list[Location]:
        try:
            return json_path.select(self.tree.root, query)
        except InvalidQuery as error:
            advice = "In RFC 9535 a name with other characters than letters, digits and '_' is"
            advice += " written ['x-name']."
            fault = f"{query!r} is not a JSONPath: {error}"
            raise self.wrong(index, fault, member, advice=advice) from None

    def material(self, index: int, value: Any) -> Material:
        overlay = self.overlay
        action = overlay.root["actions"][index]
        position = overlay.positions.of[id(action)]["update"]
        return Material(value, renumber(position, self.files), overlay.positions, self.files)

    def copied(self, index: int, query: str) -> Material:
        """The one node that `copy` selects, as it is before the action."""
        sources = self.select(index, query, "copy")
        if len(sources) != 1:
            fault = f"copies from {query!r}, which selects {len(sources)} nodes and not one"
            advice = "" if sources else json_path.advise(self.tree.root, query)
            raise self.wrong(index, fault, "copy", advice=advice)
        positions, location = self.tree.positions, sources[0]
        same = {number: number for number in range(len(positions.files))}
        position = positions.top or 0
        if location:
            own = positions.of_member(self.tree.at(location[:-1]), location[-1])
            position = position if own is None else own
        value = positions.copy(self.tree.at(location), positions, same, default=position)
        return Material(value, position, positions, same)

    def put(self, index: int, targets: list[Location], material: Material, member: str) -> None:
        """Merge, append or replace, as the kinds of the targets and of the value say."""
        kinds = {kind_of(self.tree.at(location)) for location in targets}
        if len(kinds) > 1 and self.overlay.version != "1.0":
            fault = f"selects nodes of different kinds ({', '.join(sorted(kinds))})"
            raise self.wrong(index, fault, "target")
        if self.overlay.version == "1.0" and "primitive" in kinds:
            advice = "Overlay 1.0 updates objects and arrays: target the object that holds it,"
            advice += " or say 'overlay: 1.1.0'."
            raise self.wrong(index, "updates a primitive value", "target", advice=advice)
        self.check_size(index, targets, material.value)
        # The nodes, not their locations: an earlier target may hold a later one.
        for node, location in [(self.tree.at(location), location) for location in targets]:
            self.put_one(index, node, location, material, member)

    def check_size(self, index: int, targets: list[Location], value: Any) -> None:
        """Refuse an insertion that multiplies the document: `copy` doubles what it copies."""
        nodes, height = measure(value)
        if max(map(len, targets)) + height > self.limits.depth:
            raise self.wrong(index, f"nests deeper than {self.limits.depth} levels")
        before, self.added = self.added, self.added + nodes * len(targets)
        if self.added > self.limits.free_nodes:
            written = measure(self.tree.root)[0] - before + measure(self.overlay.root)[0]
            if self.added > written * self.limits.amplification:
                times = self.limits.amplification
                raise self.wrong(index, f"makes the document more than {times} times larger")

    def put_one(
        self, index: int, node: Any, location: Location, material: Material, member: str
    ) -> None:
        kinds = (kind_of(node), kind_of(material.value))
        newer = self.overlay.version != "1.0"
        if kinds == ("object", "object"):
            try:
                # The example of 1.0 §4.4.1 has empty members; 1.1 makes them an error.
                self.tree.merge(node, material.value, material, null_is_nothing=not newer)
            except Incompatible as error:
                fault = f"merges {_a(error.new)} into {_a(error.old)}"
                raise self.wrong(index, fault, member, inside=error.pointer) from None
        elif kinds == ("array", "array") and newer:
            self.tree.extend(node, material.value, material)
        elif kinds[0] == "array":
            self.tree.append(node, material)
        elif kinds == ("primitive", "primitive"):
            self.tree.replace(location, material)
        else:
            raise self.wrong(index, f"puts {_a(kinds[1])} into {_a(kinds[0])}", member)

    def wrong(
        self, index: int, fault: str, member: str = "", *, inside: str = "", advice: str = ""
    ) -> BadAction:
        pointer = f"/actions/{index}" + (f"/{member}" if member else "") + inside
        place = self.overlay.place(pointer)
        return BadAction(index, fault, place=place, pointer=pointer, advice=advice)


def _a(kind: str) -> str:
    return f"a {kind}" if kind == "primitive" else f"an {kind}"


class Incompatible(Exception):
    """A value cannot be merged into another; *pointer* is where, inside the new value."""

    def __init__(self, pointer: str, old: str, new: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer
        self.old = old
        self.new = new


@dataclass(frozen=True, slots=True)
class Material:
    """A value of another tree, to be copied into this one.

    *position* is where the value itself was written; *files* renumbers the files of *positions*.
    """

    value: Any
    position: int
    positions: Positions
    files: dict[int, int]

    def position_of(self, container: Any, key: str | int) -> int:
        """Where a member of the value was written."""
        position = self.positions.of_member(container, key)
        return self.position if position is None else renumber(position, self.files)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that may be changed, its places kept; it shares no container with another one."""

    root: Any
    positions: Positions

    def at(self, location: Location) -> Any:
        """The node at *location*."""
        value = self.root
        for key in location:
            value = value[key]
        return value

    def merge(
        self,
        target: dict[str, Any],
        value: dict[str, Any],
        material: Material,
        *,
        null_is_nothing: bool,
        pointer: str = "",
    ) -> None:
        """Merge *value*, which is at *pointer* of the material, into *target*, recursively.

        Raises Incompatible.  *null_is_nothing*: a null leaves an object or array as it is.
        """
        noted = self.positions.of.setdefault(id(target), {})
        for key, new in value.items():
            position = material.position_of(value, key)
            at = pointers.join(pointer, key)
            old = target.get(key)
            if key not in target or (kind_of(old) == kind_of(new) == "primitive"):
                target[key] = self._copied(new, material, position)
                noted[key] = position
            elif isinstance(old, dict) and isinstance(new, dict):
                self.merge(old, new, material, null_is_nothing=null_is_nothing, pointer=at)
            elif isinstance(old, list) and isinstance(new, list):
                self.extend(old, new, material)
            elif not (null_is_nothing and new is None):
                raise Incompatible(at, kind_of(old), kind_of(new))

    def append(self, target: list[Any], material: Material) -> None:
        """Append one value to the array *target*."""
        self.positions.of.setdefault(id(target), {})[len(target)] = material.position
        target.append(self._copied(material.value, material, material.position))

    def replace(self, location: Location, material: Material) -> None:
        """Put a value in the place of the node at *location*, which is not the root."""
        holder, key = self.at(location[:-1]), location[-1]
        holder[key] = self._copied(material.value, material, material.position)
        self.positions.of.setdefault(id(holder), {})[key] = material.position

    def remove(self, locations: Iterable[Location]) -> None:
        """Remove the nodes at *locations*, none of them the root, whatever their order."""
        doomed: dict[int, tuple[Any, list[Any]]] = {}
        for location in locations:
            holder = self.at(location[:-1])
            doomed.setdefault(id(holder), (holder, []))[1].append(location[-1])
        for holder, keys in doomed.values():
            noted = self.positions.of.setdefault(id(holder), {})
            for key in sorted(keys, reverse=True):
                del holder[key]
                noted.pop(key, None)
            if isinstance(holder, list):
                # The items after a removed one have moved up.
                rest = [noted[index] for index in sorted(noted)]
                noted.clear()
                noted.update(enumerate(rest))

    def extend(self, target: list[Any], items: list[Any], material: Material) -> None:
        """Append *items*, which are of the material, to *target*."""
        noted = self.positions.of.setdefault(id(target), {})
        # A list may be copied onto itself.
        for index, item in enumerate(tuple(items)):
            position = material.position_of(items, index)
            noted[len(target)] = position
            target.append(self._copied(item, material, position))

    def _copied(self, value: Any, material: Material, position: int) -> Any:
        return self.positions.copy(value, material.positions, material.files, default=position)


def measure(value: Any) -> tuple[int, int]:
    """How many nodes *value* has, and how many levels of containers."""
    nodes, height = 0, 0
    level = [value]
    while level:
        nodes += len(level)
        containers = [item for item in level if isinstance(item, (dict, list))]
        height += bool(containers)
        level = [
            inner
            for item in containers
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return nodes, height


def kind_of(value: Any) -> str:
    """What the specification calls *value*: object, array or primitive."""
    return (
        "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "primitive"
    )
