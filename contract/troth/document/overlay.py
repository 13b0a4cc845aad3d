"""OpenAPI Overlays 1.0 and 1.1: apply some to a document, write one.

An overlay changes the document as it was read: other files are bundled already, under
`$['x-troth-bundled']`.  Every node that an action inserts cites the overlay's file and line; what
`copy` inserts keeps the place that it was copied from.  A relative `$ref` in an update leads from
the document's folder, as it would had it been written there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from troth import pointer as pointers
from troth.document import json_path
from troth.document.document import Document, build
from troth.document.json_path import InvalidQuery, Location
from troth.document.limits import Limits
from troth.document.overlay_reader import NOTHING, Action, Overlay, read
from troth.document.source_positions import Marks, renumber
from troth.document.spec_errors import BadAction, DanglingReference, NoTarget
from troth.document.tree_edits import Incompatible, Material, Tree, kind_of, measure
from troth.document.yaml_writer import dump_yaml

__all__ = ["NOTHING", "Action", "Overlay", "apply", "read", "write"]


def apply(
    document: Document,
    sources: Sequence[str | Path | bytes | Overlay],
    *,
    strict: bool = True,
) -> Document:
    """Apply overlays to *document*, in order, each action to the result of the one before.

    An action that selects nothing is refused, since it is nearly always one that the document has
    outgrown; the specification lets it pass, and so does *strict=False*.  Raises SpecError.
    """
    if not sources:
        return document
    marks = Marks(top=document.marks.top)
    files = {number: marks.add_file(file) for number, file in enumerate(document.marks.files)}
    root = marks.copy(document.root, document.marks, files)
    removed: list[tuple[Location, str]] = []
    for source in sources:
        overlay = source if isinstance(source, Overlay) else read(source, limits=document.limits)
        into = {number: marks.add_file(file) for number, file in enumerate(overlay.marks.files)}
        tree = Tree(root, marks)
        application = _Application(tree, overlay, strict, files=into, limits=document.limits)
        application.run()
        removed += application.removed
    try:
        return build(document.file, root, marks, path=document.path, limits=document.limits)
    except DanglingReference as error:
        # what refers to it was written by others: the action that took it away is the news
        tokens = pointers.split(unquote(error.reference.partition("#")[2]))
        for location, action in removed:
            if tuple(map(str, location)) == tokens[: len(location)]:
                error.advice = f"{action} removed it."
        raise


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
        mark = overlay.marks.of[id(action)]["update"]
        return Material(value, renumber(mark, self.files), overlay.marks, self.files)

    def copied(self, index: int, query: str) -> Material:
        """The one node that `copy` selects, as it is before the action."""
        sources = self.select(index, query, "copy")
        if len(sources) != 1:
            fault = f"copies from {query!r}, which selects {len(sources)} nodes and not one"
            advice = "" if sources else json_path.advise(self.tree.root, query)
            raise self.wrong(index, fault, "copy", advice=advice)
        marks, location = self.tree.marks, sources[0]
        same = {number: number for number in range(len(marks.files))}
        mark = marks.top or 0
        if location:
            mark = marks.of.get(id(self.tree.at(location[:-1])), {}).get(location[-1], mark)
        value = marks.copy(self.tree.at(location), marks, same, default=mark)
        return Material(value, mark, marks, same)

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
                self.tree.merge(node, material, null_is_nothing=not newer)
            except Incompatible as error:
                fault = f"merges {_a(error.given)} into {_a(error.found)}"
                raise self.wrong(index, fault, member, inside=error.pointer) from None
        elif kinds == ("array", "array") and newer:
            self.tree.concatenate(node, material)
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
