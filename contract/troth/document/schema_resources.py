"""The resources that schemas are parted into: their URIs, their anchors, and dynamic scope.

JSON Schema 2020-12 §8.2: `$id` gives a schema a base URI of its own, `$anchor` a node a plain name.
The outermost resource on the way to a `$dynamicRef` that has a `$dynamicAnchor` of its name decides
where it leads (§8.2.3.2).  Which ways there are is known beforehand: what a resource means depends
on the bindings that it is entered with, and each way in that brings other ones is given a copy of
its own.  A generic page of items becomes a page of pets and one of orders.

A resource is a schema with an `$id`; in a document that has none, each outermost schema counts as
one, as authors mean it who bind a name in two components.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from troth import pointer as pointers


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """A tree that a reference without a path leads into.

    *at* is its pointer in the bundled tree, *path* the file that it is written in, *base* its URI
    if it declares one.  *settled*: its own references are pointers into the bundled tree already.
    """

    value: Any
    at: str
    path: Path | None
    base: str = ""
    settled: bool = False


@dataclass(slots=True, eq=False)
class Identifiers:
    """The `$id`s and anchors met so far."""

    owned: dict[int, Resource] = field(default_factory=dict)
    anchors: dict[int, dict[str, str]] = field(default_factory=dict)
    declaring: list[dict[str, Any]] = field(default_factory=list)

    def own(self, schema: dict[str, Any], at: str, resource: Resource) -> Resource:
        """The resource of *schema*: its own if it has an `$id`, else the one around it."""
        if not isinstance(uri := schema.get("$id"), str) or uri.startswith("#"):
            return resource
        known = self.owned.get(id(schema))
        if known is None:
            try:
                urlsplit(uri)
                base = urldefrag(urljoin(resource.base, uri)).url
            except ValueError:
                return resource  # no URI: nothing can refer to it
            known = self.owned[id(schema)] = Resource(schema, at, resource.path, base)
        return known

    def collect(self, resource: Resource, into: dict[str, Resource]) -> None:
        """Enter the URIs of *resource* and of all schemas inside it."""
        if resource.base:
            into.setdefault(resource.base, resource)
        for value, pointer in dicts(resource.value, ""):
            if "$id" in value and value is not resource.value:
                inner = self.own(value, resource.at + pointer, resource)
                if inner is not resource:
                    self.collect(inner, into)

    def anchors_of(self, resource: Resource) -> dict[str, str]:
        """The plain names of *resource*, and the pointer of each inside it."""
        known = self.anchors.get(id(resource.value))
        if known is None:
            known = self.anchors[id(resource.value)] = {}
            for value, pointer in dicts(resource.value, ""):
                if pointer and isinstance(value.get("$id"), str):
                    continue  # its names are its own
                for keyword in ("$anchor", "$dynamicAnchor"):
                    if isinstance(name := value.get(keyword), str):
                        known.setdefault(name, pointer)
        return known

    def forget(self) -> None:
        """Drop the URIs: under one, a pointer into the whole tree would lead elsewhere."""
        for schema in self.declaring:
            schema.pop("$id", None)


def dicts(value: Any, pointer: str) -> list[tuple[dict[str, Any], str]]:
    """All objects in *value*, itself included, that are not inside a nested `$id`."""
    objects: list[tuple[dict[str, Any], str]] = []
    ahead: list[tuple[Any, str, bool]] = [(value, pointer, True)]
    while ahead:
        item, at, is_top = ahead.pop()
        if isinstance(item, dict):
            objects.append((item, at))
            if not is_top and isinstance(item.get("$id"), str):
                continue
            inner = [
                (held, pointers.join(at, key), False)
                for key, held in item.items()
                if key != "enum" or not isinstance(held, list)  # these are data
            ]
            ahead.extend(reversed(inner))
        elif isinstance(item, list):
            inner = [(held, pointers.join(at, key), False) for key, held in enumerate(item)]
            ahead.extend(reversed(inner))
    return objects


#: What each name is bound to, by the name: pointers.
Bindings = tuple[tuple[str, str], ...]

_DEFINITIONS = ("/$defs/", "/definitions/")


class TooManyWays(Exception):
    """There are more ways through the document than copies are made for."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference in *member* of the schema at *at*, to *target*; *name* if it is a dynamic one."""

    at: str
    member: str
    target: str
    name: str | None = None


@dataclass(slots=True, eq=False)
class Scopes:
    """The references of one tree, and the copies that settle them.

    *schemas* are the pointers of all schemas, *resources* of those that have an `$id`; *anchors*
    are the pointers that each dynamic name is bound at.  *copy* takes the pointer of a schema and
    gives that of a copy of it.
    """

    root: Any
    schemas: Collection[str]
    resources: Collection[str]
    anchors: Mapping[str, list[str]]
    copy: Callable[[str], str]
    most: int = 500
    _units: dict[str, str] = field(default_factory=dict)
    _placed: dict[tuple[str, Bindings], str] = field(default_factory=dict)
    _waiting: list[tuple[str, Bindings, str]] = field(default_factory=list)

    def settle(self, references: Collection[Reference]) -> Iterator[tuple[str, str, str]]:
        """What each reference leads to: pointer, member and target.  Raises TooManyWays."""
        of_unit: dict[str, list[Reference]] = {}
        for reference in references:
            of_unit.setdefault(self.unit(reference.at), []).append(reference)
        for unit in sorted({self.unit(at) for at in self.schemas}, key=len):
            self._place(unit, self._inherited(unit), unit)
        while self._waiting:
            unit, bindings, here = self._waiting.pop()
            for reference in of_unit.get(unit, ()):
                target = self._target(reference, dict(bindings))
                inner = self.unit(target)
                there = self._entered(inner, bindings) + target[len(inner) :]
                yield here + reference.at[len(unit) :], reference.member, there

    def unit(self, at: str) -> str:
        """The resource, or the outermost schema, that the schema at *at* belongs to."""
        unit = self._units.get(at)
        if unit is None:
            outermost, found, here = "", "", ""
            for token in pointers.split(at):
                here = pointers.join(here, token)
                if here in self.resources:
                    found = here
                outermost = outermost or (here if here in self.schemas else "")
            unit = self._units[at] = found or outermost
        return unit

    def _own(self, unit: str) -> dict[str, str]:
        return {
            name: at
            for name, listed in self.anchors.items()
            for at in reversed(listed)
            if self.unit(at) == unit
        }

    def _enter(self, unit: str, bindings: Bindings) -> Bindings:
        """The bindings inside *unit*: what is bound already stays."""
        return tuple(sorted({**self._own(unit), **dict(bindings)}.items()))

    def _inherited(self, unit: str) -> Bindings:
        """The bindings of *unit* where it stands: those around it, unless it is only defined."""
        around = self.unit(unit.rpartition("/")[0]) if unit in self.resources else ""
        between = unit[len(around) :]
        if not around or around == unit or any(word in between for word in _DEFINITIONS):
            return self._enter(unit, ())
        return self._enter(unit, self._inherited(around))

    def _place(self, unit: str, bindings: Bindings, here: str) -> None:
        self._placed.setdefault((unit, bindings), here)
        self._waiting.append((unit, bindings, here))

    def _target(self, reference: Reference, bound: Mapping[str, str]) -> str:
        if reference.name is None:
            return reference.target
        initial = pointers.find(self.root, reference.target)
        is_dynamic = isinstance(initial, dict) and initial.get("$dynamicAnchor") == reference.name
        return bound.get(reference.name, reference.target) if is_dynamic else reference.target

    def _entered(self, unit: str, bindings: Bindings) -> str:
        """Where *unit* stands for whoever enters it with *bindings*."""
        inside = self._enter(unit, bindings)
        here = self._placed.get((unit, inside))
        if here is None:
            if len(self._placed) > self.most + len(self._units):
                raise TooManyWays
            here = self.copy(unit)
            self._place(unit, inside, here)
            for inner in {self.unit(at) for at in self.schemas if at.startswith(f"{unit}/")}:
                if inner != unit:
                    around = self._enter(inner, inside)
                    self._waiting.append((inner, around, here + inner[len(unit) :]))
        return here
