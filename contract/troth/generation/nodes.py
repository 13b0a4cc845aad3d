"""One position of a schema, compiled: what can be drawn there, and whether a value fits.

A `Node` stands for a conjunction of schemas.  A `World` holds the nodes of one document; nodes
compile on first use and keep nothing of the draws, so that an instance depends on its seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from troth import pointer
from troth.generation import drawing
from troth.generation.fast_source import Dead, Dice
from troth.generation.merging import Merger
from troth.generation.node_shapes import Shape, Source, same, type_of

Check = Callable[[Any], bool]
_NATURAL_DEPTH = 6
_DEEPEST = 48


class World:
    """The nodes of one document (or of one embedded schema).

    *at* gives the check of the schema at a JSON Pointer; *search* that of a regular expression.
    """

    def __init__(
        self, root: Any, *, at: Callable[[str], Check], search: Callable[[str], Check]
    ) -> None:
        self.root = root
        self.merger = Merger(root)
        self.search = search
        self._at = at
        self._nodes: dict[tuple[Any, ...], Node] = {}
        self._checks: dict[int, Check] = {}
        self._pointers: dict[int, str] | None = None

    def node(
        self, sources: Sequence[Source], resolved: frozenset[tuple[int, str]] = frozenset()
    ) -> Node:
        """The node for *sources* together; *resolved* are the choices made on the way."""
        key = (tuple(map(id, sources)), resolved)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(self, tuple(sources), resolved)
        return found

    def check(self, source: Source) -> Check:
        """The check of one schema; a synthetic one, which has no place, takes anything."""
        if isinstance(source, bool):
            return _ANYTHING if source else _NOTHING
        found = self._checks.get(id(source))
        if found is None:
            if self._pointers is None:
                self._pointers = dict(_pointers(self.root))
            at = self._pointers.get(id(source))
            found = self._checks[id(source)] = _ANYTHING if at is None else self._at(at)
        return found


class Node:
    """The conjunction of *sources*, and what can be drawn from it."""

    __slots__ = ("_examples", "_kept", "children", "dead", "resolved", "shape", "sources", "world")

    def __init__(
        self, world: World, sources: tuple[Source, ...], resolved: frozenset[tuple[int, str]]
    ) -> None:
        self.world = world
        self.sources = sources
        self.resolved = resolved
        self.dead: str | None = None
        self.children: dict[Any, Any] = {}
        self._examples: list[Any] | None = None
        self._kept: tuple[Check, ...] | None = None
        try:
            self.shape = world.merger.merge(sources, resolved)
        except Dead as fault:
            self.dead = str(fault)
            self.shape = Shape()

    def accepts(self, value: Any) -> bool:
        """Whether *value* fits every schema of the conjunction."""
        if self._kept is None:
            checks = (self.world.check(source) for source in self.sources)
            self._kept = tuple(check for check in checks if check is not _ANYTHING)
        return all(check(value) for check in self._kept)

    @property
    def examples(self) -> list[Any]:
        """The examples (`example`, `examples`, `default`) that conform, or the enum's values."""
        if self._examples is None:
            shape = self.shape
            offered = shape.examples if shape.enum is None else shape.enum
            offered = [one for one in offered if type_of(one) in shape.types]
            offered = [one for one in offered if not any(same(one, no) for no in shape.excluded)]
            self._examples = [one for one in offered if self.accepts(one)]
        return self._examples

    def draw(self, dice: Dice, depth: int = 0, hint: str = "") -> Any:
        """Draw a value.  Raises Dead when none was found.

        *hint* is the name of the member that the value is for.
        """
        if self.dead is not None:
            raise Dead(self.dead)
        dice.spend()
        if depth > _DEEPEST:
            raise Dead("it nests without end")
        if dice.failed.get(self, _DEEPEST + 1) <= depth:
            raise Dead("it nests without end")
        try:
            if self.examples and (dice.fuel > 0 or self.shape.enum is not None):
                found = self.examples[dice.below(len(self.examples))]
                return deepcopy(found) if isinstance(found, (dict, list)) else found
            if self.shape.enum is not None:
                raise Dead("none of its enum's values conforms")
            if not dice.checks:
                return (
                    self._branch(dice, depth, hint)
                    if self.shape.choices
                    else drawing.value(self, dice, depth, hint)
                )
            return self._checked(dice, depth, hint)
        except Dead:
            if self.sparing(dice, depth):
                dice.failed[self] = min(depth, dice.failed.get(self, depth))
            raise

    def sparing(self, dice: Dice, depth: int) -> bool:
        """Whether only what is required should be drawn from here on."""
        return depth >= _NATURAL_DEPTH or dice.fuel <= 0

    def _checked(self, dice: Dice, depth: int, hint: str) -> Any:
        draw = self._branch if self.shape.choices else None
        for _ in range(6):
            found = draw(dice, depth, hint) if draw else drawing.value(self, dice, depth, hint)
            if self.accepts(found):
                return found
        raise Dead("no value was found that satisfies it")

    def alternatives(self) -> list[Node]:
        """The nodes that resolve the first open choice, in the document's order."""
        found: list[Node] | None = self.children.get("alternatives")
        if found is None:
            choice = self.shape.choices[0]
            resolved = self.resolved | {choice.key}
            found = [
                self.world.node((*self.sources, *extra), resolved)
                for extra in choice.alternatives[:64]
            ]
            self.children["alternatives"] = found
        return found

    def _branch(self, dice: Dice, depth: int, hint: str) -> Any:
        alternatives = [node for node in self.alternatives() if node.dead is None]
        if not alternatives:
            raise Dead("its schemas exclude one another")
        if len(alternatives) > 1:
            start = dice.below(len(alternatives))
            ranked = alternatives[start:] + alternatives[:start]
            sparing = self.sparing(dice, depth)
            # a null is for where nothing else fits, or to end a recursion
            ranked.sort(key=lambda node: (node.shape.types == _NULL) is not sparing)
            alternatives = ranked
        last: Dead | None = None
        for node in alternatives:
            try:
                return node.draw(dice, depth, hint)
            except Dead as fault:
                last = fault
        raise last or Dead("")

    def member(self, name: str) -> Node:
        """The node of the member *name* of an object here."""
        key = ("member", name)
        found: Node | None = self.children.get(key)
        if found is None:
            found = self.children[key] = self.world.node(self._member_sources(name))
        return found

    def _member_sources(self, name: str) -> list[Source]:
        shape, search = self.shape, self.world.search
        sources = list(shape.properties.get(name, ()))
        sources += [source for pattern, source in shape.pattern_properties if search(pattern)(name)]
        for closed in shape.closed:
            if name not in closed.names and not any(search(p)(name) for p in closed.patterns):
                sources.append(closed.source)
        if any(not self.world.check(source)(name) for source in shape.names):
            sources.append(False)
        return sources

    def item(self, index: int) -> Node:
        """The node of the item at *index* of an array here."""
        shape = self.shape
        index = min(index, max([len(shape.prefix), *(start for start, _ in shape.items)]))
        key = ("item", index)
        found: Node | None = self.children.get(key)
        if found is None:
            sources = list(shape.prefix[index]) if index < len(shape.prefix) else []
            sources += [source for start, source in shape.items if index >= start]
            found = self.children[key] = self.world.node(sources)
        return found


_NULL = frozenset(["null"])


def _ANYTHING(value: Any) -> bool:
    return True


def _NOTHING(value: Any) -> bool:
    return False


def _pointers(root: Any) -> Iterator[tuple[int, str]]:
    waiting = [("", root)]
    while waiting:
        at, node = waiting.pop()
        if isinstance(node, dict):
            yield id(node), at
            waiting.extend((pointer.join(at, key), child) for key, child in node.items())
        elif isinstance(node, list):
            waiting.extend((pointer.join(at, index), child) for index, child in enumerate(node))
