"""Changes to a document's tree, with the places of its nodes kept.

What the Overlay specification says of `update`, `copy` and `remove`, one node at a time.  A tree
that is changed here shares no container with another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from troth import pointer as json_pointer
from troth.document.json_path import Location
from troth.document.source_positions import Marks, renumber


class Incompatible(Exception):
    """A value cannot be merged into another; *pointer* is where, inside the new value."""

    def __init__(self, pointer: str, found: str, given: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer
        self.found = found
        self.given = given


@dataclass(frozen=True, slots=True)
class Material:
    """A value of another tree, to be copied into this one.

    *mark* is where the value itself was written; *files* renumbers the files of *marks*.
    """

    value: Any
    mark: int
    marks: Marks
    files: dict[int, int]

    def mark_of(self, container: Any, key: str | int) -> int:
        """Where a member of the value was written."""
        mark = self.marks.of.get(id(container), {}).get(key)
        return self.mark if mark is None else renumber(mark, self.files)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that may be changed, and its marks."""

    root: Any
    marks: Marks

    def at(self, location: Location) -> Any:
        """The node at *location*."""
        value = self.root
        for key in location:
            value = value[key]
        return value

    def merge(self, target: dict[str, Any], material: Material, *, null_is_nothing: bool) -> None:
        """Merge an object into the object *target*, recursively.

        Raises Incompatible.  *null_is_nothing*: a null leaves an object or array as it is.
        """
        self._merge(target, material.value, material, "", null_is_nothing)

    def _merge(
        self,
        target: dict[str, Any],
        value: dict[str, Any],
        material: Material,
        pointer: str,
        null_is_nothing: bool,
    ) -> None:
        noted = self.marks.of.setdefault(id(target), {})
        for key, new in value.items():
            mark = material.mark_of(value, key)
            at = json_pointer.join(pointer, key)
            old = target.get(key)
            if key not in target or (kind_of(old) == kind_of(new) == "primitive"):
                target[key] = self._copied(new, material, mark)
                noted[key] = mark
            elif isinstance(old, dict) and isinstance(new, dict):
                self._merge(old, new, material, at, null_is_nothing)
            elif isinstance(old, list) and isinstance(new, list):
                self._extend(old, new, material)
            elif not (null_is_nothing and new is None):
                raise Incompatible(at, kind_of(old), kind_of(new))

    def concatenate(self, target: list[Any], material: Material) -> None:
        """Append the items of an array to the array *target*."""
        self._extend(target, material.value, material)

    def append(self, target: list[Any], material: Material) -> None:
        """Append one value to the array *target*."""
        self.marks.of.setdefault(id(target), {})[len(target)] = material.mark
        target.append(self._copied(material.value, material, material.mark))

    def replace(self, location: Location, material: Material) -> None:
        """Put a value in the place of the node at *location*, which is not the root."""
        holder, key = self.at(location[:-1]), location[-1]
        holder[key] = self._copied(material.value, material, material.mark)
        self.marks.of.setdefault(id(holder), {})[key] = material.mark

    def remove(self, locations: Iterable[Location]) -> None:
        """Remove the nodes at *locations*, none of them the root, whatever their order."""
        doomed: dict[int, tuple[Any, list[Any]]] = {}
        for location in locations:
            holder = self.at(location[:-1])
            doomed.setdefault(id(holder), (holder, []))[1].append(location[-1])
        for holder, keys in doomed.values():
            noted = self.marks.of.setdefault(id(holder), {})
            for key in sorted(keys, reverse=True):
                del holder[key]
                noted.pop(key, None)
            if isinstance(holder, list):
                # The items after a removed one have moved up.
                rest = [noted[index] for index in sorted(noted)]
                noted.clear()
                noted.update(enumerate(rest))

    def _extend(self, target: list[Any], items: list[Any], material: Material) -> None:
        noted = self.marks.of.setdefault(id(target), {})
        # A list may be copied onto itself.
        for index, item in enumerate(tuple(items)):
            mark = material.mark_of(items, index)
            noted[len(target)] = mark
            target.append(self._copied(item, material, mark))

    def _copied(self, value: Any, material: Material, mark: int) -> Any:
        return self.marks.copy(value, material.marks, material.files, default=mark)


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
