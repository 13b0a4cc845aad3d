"""`$dynamicRef` made static: where a name is bound more than once, a copy for each way there.

JSON Schema 2020-12 §8.2.3.2: the outermost schema resource on the way to a `$dynamicRef` that has
a `$dynamicAnchor` of its name decides where it leads.  Which ways there are is known beforehand:
what a resource means depends on the bindings that it is entered with, and each way in that brings
other ones is given a copy of its own.  A generic page of items becomes a page of pets and one of
orders.

A resource is a schema with an `$id`; in a document that has none, each outermost schema counts as
one, as authors mean it who bind a name in two components.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from troth import pointer as pointers

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
        """What each reference leads to: its pointer, member, and target, copies included.

        Raises TooManyWays.
        """
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
