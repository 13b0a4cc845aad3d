"""Build a value of a schema: of one of its alternatives, member by member, asking dice.

Constructive: nothing is drawn and thrown away, except where two patterns, or a pattern and a
length, have to be met at once; those few tries are counted.  Depth is bounded by a budget: when it
is spent, only alternatives that can be completed within it are taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from troth.generation import scalars
from troth.generation.alternatives import Alternatives, Unsupported
from troth.generation.shape import (
    ALL_TYPES,
    TYPES,
    Conjunction,
    Shape,
    conjunction,
    declared_names,
    identity,
    item_nodes,
)
from troth.generation.source import Dice, Seeded
from troth.seed import Seed

#: How deep a value may nest beyond what its schema forces.
DEPTH = 6
# The deepest nesting that a schema may force.
_DEEPEST = 24
_EXTRA_NAMES = ("extra", "note", "x-trace", "Größe", "0", "$id", "a b")
_MOST = 100_000
# So many alternatives are tried when one cannot be built.
_TURNS = 8


class Generator:
    """Makes values of the schemas that *alternatives* knows.

    *rich* is the percentage of optional members that an object gets when it has few of them.
    """

    def __init__(self, alternatives: Alternatives, *, rich: int = 40) -> None:
        self.alternatives = alternatives
        self.rich = rich
        self._heights: dict[tuple[int, ...], int] = {}
        self._examples: dict[int, tuple[Any, ...]] = {}
        self._usable: dict[tuple[int, str], Conjunction | None] = {}
        # Identities are keys, so what was seen must stay alive.
        self._kept: list[Shape] = []

    def value(self, nodes: Conjunction, dice: Dice, *, depth: int = DEPTH, name: str = "") -> Any:
        """A value that every schema of *nodes* accepts; *name* is the member that it is for.

        Raises Unsupported when there is no such value, or none that we can build.
        """
        shapes = self.alternatives.of(nodes)
        if not shapes:
            raise Unsupported("no value at all")
        if depth <= 0:
            height = self.height(nodes)
            shapes = tuple(one for one in shapes if self._shape_height(one) <= height) or shapes
        first = dice.below(len(shapes)) if len(shapes) > 1 else 0
        for turn in range(len(shapes)):
            try:
                return self.shaped(
                    shapes[(first + turn) % len(shapes)], dice, depth=depth, name=name
                )
            except Unsupported:
                if turn + 1 == min(len(shapes), _TURNS):
                    raise
        raise Unsupported("no alternative that can be built")

    def shaped(self, shape: Shape, dice: Dice, *, depth: int = DEPTH, name: str = "") -> Any:
        """A value that *shape* describes."""
        if shape.values is not None:
            fitting = [value for value in shape.values if self.alternatives.fits(shape, value)]
            if not fitting:
                raise Unsupported("an enum of which no value satisfies the rest")
            return fitting[dice.below(len(fitting))] if len(fitting) > 1 else fitting[0]
        examples = self.examples(shape)
        if examples and dice.chance(35):
            return dice.choice(examples)
        kind = self._kind(shape, dice, depth)
        try:
            return self._of_kind(shape, kind, dice, depth, name)
        except Unsupported:
            others = shape.types - {kind}
            if not others:
                raise
            return self.shaped(replace(shape, types=others), dice, depth=depth, name=name)

    def _of_kind(self, shape: Shape, kind: str, dice: Dice, depth: int, name: str) -> Any:
        if kind == "object":
            found: Any = self._object(shape, dice, depth)
        elif kind == "array":
            found = self._array(shape, dice, depth, name)
        elif kind == "string":
            found = scalars.string(shape, dice, self.alternatives.matches, name)
        elif kind in ("integer", "number"):
            found = scalars.number(shape, kind, dice)
        else:
            found = None if kind == "null" else dice.chance(50)
        return self._not_excluded(shape, found, dice, kind)

    def examples(self, shape: Shape) -> tuple[Any, ...]:
        """The document's examples that *shape* really takes."""
        if not shape.examples:
            return ()
        if id(shape) not in self._examples:
            self._examples[id(shape)] = tuple(
                value for value in shape.examples if self.alternatives.fits(shape, value)
            )
            self._kept.append(shape)
        return self._examples[id(shape)]

    def height(self, nodes: Conjunction) -> int:
        """The least nesting that a value of *nodes* needs."""
        key = tuple(map(id, nodes))
        if key not in self._heights:
            self._heights[key] = next(
                (depth for depth in range(_DEEPEST) if self._completes(nodes, depth, {})), _DEEPEST
            )
        return self._heights[key]

    def _completes(self, nodes: Conjunction, depth: int, seen: dict[Any, bool]) -> bool:
        key = (tuple(map(id, nodes)), depth)
        if key not in seen:
            seen[key] = False
            seen[key] = any(
                self._shape_completes(shape, depth, seen) for shape in self.alternatives.of(nodes)
            )
        return seen[key]

    def _shape_completes(self, shape: Shape, depth: int, seen: dict[Any, bool]) -> bool:
        if shape.values is not None or shape.types - {"object", "array"}:
            return True
        return any(
            not children
            or (depth > 0 and all(self._completes(c, depth - 1, seen) for c in children))
            for children in self._forced(shape)
        )

    def _forced(self, shape: Shape) -> list[list[Conjunction]]:
        forced = []
        if "object" in shape.types:
            forced.append([self._member(shape, name) or (False,) for name in shape.required])
        if "array" in shape.types:
            needed = max(shape.min_items, *(rule.low for rule in shape.contains), 0)
            children = [item_nodes(shape, index) for index in range(min(needed, 4))]
            forced.append(children + [(rule.node,) for rule in shape.contains if rule.low])
        return forced

    def _shape_height(self, shape: Shape) -> int:
        if shape.values is not None or shape.types - {"object", "array"}:
            return 0
        return min(
            1 + max((self.height(child) for child in children), default=-1)
            for children in self._forced(shape)
        )

    def _kind(self, shape: Shape, dice: Dice, depth: int) -> str:
        kinds = [kind for kind in TYPES if kind in shape.types]
        if shape.types == ALL_TYPES and not depth:
            return "string"
        if depth <= 0 and shape.types - {"object", "array"}:
            kinds = [kind for kind in kinds if kind not in ("object", "array")]
        if "number" in kinds and "integer" in kinds:
            kinds.remove("integer")
        if len(kinds) > 1 and kinds[-1] == "null":
            # null is legal in many places and tells little: seldom.
            kinds = ["null"] if dice.chance(12) else kinds[:-1]
        return kinds[dice.below(len(kinds))] if len(kinds) > 1 else kinds[0]

    def _object(self, shape: Shape, dice: Dice, depth: int) -> dict[str, Any]:
        chosen = list(shape.required)
        most = _MOST if shape.max_properties is None else shape.max_properties
        optional = [
            name
            for name in declared_names(shape)
            if name not in shape.required and self._member(shape, name) is not None
        ]
        # Few of many, most of few: a request with all its members at once tests nothing apart.
        percent = min(self.rich, max(self.rich // 3, 500 // (len(optional) or 1)))
        for name in optional:
            missing = shape.min_properties - len(chosen)
            if len(chosen) < most and (missing > 0 or (depth > 0 and dice.chance(percent))):
                chosen.append(name)
        found = {}
        order = {name: index for index, name in enumerate(declared_names(shape))}
        for name in sorted(chosen, key=lambda name: order.get(name, len(order))):
            nodes = self._member(shape, name)
            if nodes is None:
                raise Unsupported(f"a required member {name!r} that cannot be")
            found[name] = self.value(nodes, dice, depth=depth - 1, name=name)
        return self._with_extras(shape, found, dice, depth)

    def _with_extras(
        self, shape: Shape, found: dict[str, Any], dice: Dice, depth: int
    ) -> dict[str, Any]:
        most = _MOST if shape.max_properties is None else shape.max_properties
        missing = shape.min_properties - len(found)
        declared = any(part.properties for part in shape.objects)
        wanted = 0
        if depth > 0 and dice.chance(3 if declared else 60):
            wanted = 1 if declared else 1 + dice.below(3)
        for attempt in range(max(wanted, missing) * 4 if max(wanted, missing) > 0 else 0):
            if len(found) >= min(most, max(shape.min_properties, len(found) + 1)) or (
                attempt and len(found) >= max(shape.min_properties, wanted)
            ):
                break
            # Dice that always fall alike would name the same member again.
            throws = dice if attempt < 2 else Seeded(Seed.of("extra", attempt, len(found)))
            name = self._extra_name(shape, throws, found)
            nodes = None if name is None else self._member(shape, name)
            if name is None or nodes is None:
                if attempt >= 8:
                    break
                continue
            found[name] = self.value(nodes, dice, depth=depth - 1, name=name)
        if len(found) < shape.min_properties:
            raise Unsupported("more members than we can name")
        return found

    def _extra_name(self, shape: Shape, dice: Dice, found: dict[str, Any]) -> str | None:
        patterns = [pattern for part in shape.objects for pattern, _ in part.patterns]
        taken = {*found, *(name for part in shape.objects for name in part.properties)}
        for attempt in range(12):
            if attempt == 2:
                dice = Seeded(Seed.of("name", len(found)))
            if shape.names:
                name = self.value(conjunction(list(shape.names)), dice, depth=1)
            elif patterns and dice.chance(70):
                one = Shape(types=frozenset(["string"]), patterns=(dice.choice(patterns),))
                name = scalars.string(one, dice, self.alternatives.matches, "")
            else:
                index = dice.below(len(_EXTRA_NAMES))
                name = _EXTRA_NAMES[index] if not index else f"{_EXTRA_NAMES[index]}{len(found)}"
                name = name if name not in taken else f"extra{len(taken) + dice.below(100)}"
            if isinstance(name, str) and name not in taken and name not in shape.forbidden:
                return name
        return None

    def _member(self, shape: Shape, name: str) -> Conjunction | None:
        """The schemas of a member, or None when no such member can be."""
        key = (id(shape), name)
        if key not in self._usable:
            nodes: Conjunction | None = self.alternatives.member(shape, name)
            named = not shape.names or self.alternatives.admits(
                conjunction(list(shape.names)), name
            )
            if name in shape.forbidden or not named or not self.alternatives.of(nodes or ()):
                nodes = None
            self._usable[key] = nodes
            self._kept.append(shape)
        return self._usable[key]

    def _array(self, shape: Shape, dice: Dice, depth: int, name: str) -> list[Any]:
        most = _MOST if shape.max_items is None else shape.max_items
        extra = dice.below(3) if depth > 0 else 0
        needed = sum(rule.low for rule in shape.contains)
        low = max(shape.min_items, needed)
        count = min(most, max(low, low + extra))
        items: list[Any] = []
        seen: set[bytes] = set()
        wanted = [rule.node for rule in shape.contains for _ in range(rule.low)]
        barred = [rule for rule in shape.contains if rule.high is not None]
        for index in range(count):
            nodes = list(item_nodes(shape, index))
            if wanted:
                both = conjunction([*nodes, wanted[0]])
                if self.alternatives.of(both):
                    wanted.pop(0)
                    nodes = list(both)
            elif barred:
                nodes += [self.alternatives.negated(rule.node) for rule in barred]
            places = conjunction(nodes)
            if not self.alternatives.of(places):
                break
            item = self._item(places, dice, depth, name, seen if shape.unique else None)
            if item is _NONE:
                break
            items.append(item)
        if wanted:
            raise Unsupported("items that it must contain and may not have")
        if shape.duplicates and items:
            items = [items[0], *items[: max(1, most - 1)]]
        if len(items) < shape.min_items:
            raise Unsupported("more distinct items than we can build")
        return items

    def _item(
        self, nodes: Conjunction, dice: Dice, depth: int, name: str, seen: set[bytes] | None
    ) -> Any:
        for attempt in range(1 if seen is None else 24):
            if attempt == 2:
                dice = Seeded(Seed.of("item", len(seen or ())))
            item = self.value(nodes, dice, depth=depth - 1, name=name)
            if seen is None:
                return item
            if identity(item) not in seen:
                seen.add(identity(item))
                return item
        return scalars.another(self.alternatives, nodes, seen or set(), default=_NONE)

    def _not_excluded(self, shape: Shape, found: Any, dice: Dice, kind: str) -> Any:
        if not shape.excluded or identity(found) not in shape.excluded:
            return found
        other = scalars.another(
            self.alternatives, (), set(shape.excluded), default=_NONE, shape=shape
        )
        if other is _NONE:
            raise Unsupported("nothing but values that are excluded")
        return other


_NONE = object()
