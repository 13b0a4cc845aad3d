"""Build a value of a schema, member by member: one builder, and two policies for it.

`Generator` knows how objects, arrays, strings and numbers are put together.  A policy decides
what the schema leaves open: `Natural` (examples first, natural texts, all members: for the mock),
or `Edges` (few members at a time, limits, hard texts: for tests and runs).  With a `Smallest`
source, `Edges` builds the simplest value.

Constructive: nothing is drawn and thrown away, except where two patterns, or a pattern and a
length, have to be met at once, items have to differ, or a value is excluded; those few tries are
counted.
"""

from __future__ import annotations

from collections.abc import Hashable
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeVar

from troth.generation import natural_values, patterns, strings
from troth.generation.graph import Graph, Node
from troth.generation.natural_strings import word
from troth.generation.numbers import number_range
from troth.generation.shape import (
    Conjunction,
    Shape,
    conjunction,
    declared_names,
    is_map,
    properties,
    simple_values,
    telling_types,
    whole_limits,
)
from troth.generation.source import Source, Unsatisfiable, first_built
from troth.generation.subjects import Subject, agree
from troth.http import json_text
from troth.openapi.names import singular
from troth.schema.data_model import ALL_TYPES, TYPES, identity

T = TypeVar("T")

#: How deep a value nests at will; beyond, only what its schema forces.
DEPTH = 6
_DEEPEST = 48
_MOST = 10_000
_EXTRA_NAMES = ("extra", "note", "x-trace", "Größe", "0", "$id", "a b")
_TRIES = 8
_UNIQUE_TRIES = 24
# Among so many different items, one that came before is varied: words run out.
_MANY = 200
_NULL = frozenset(["null"])
_NOTHING = (False,)


class Generator:
    """Makes values of the schemas of *graph*, as *policy* likes them.

    A policy says what to do where a schema leaves something open: which alternative (`value`) and
    which type (`shaped`), which members (`members`), how many more (`size`) and by what name
    (`new_name`), how many items (`count`), and which `text` and `number`.
    """

    __slots__ = ("graph", "policy")

    def __init__(self, graph: Graph, policy: Policy) -> None:
        self.graph = graph
        self.policy = policy

    def value(self, nodes: Conjunction, source: Source, *, depth: int = 0, name: str = "") -> Any:
        """A value that every schema of *nodes* accepts; *name* is the member that it is for.

        Raises Unsatisfiable when there is no such value, or none that we can build.
        """
        return self.policy.value(self, nodes, source, depth, name)

    def shaped(self, shape: Shape, source: Source, *, depth: int = 0, name: str = "") -> Any:
        """A value that *shape* describes.  Raises Unsatisfiable."""
        return self.policy.shaped(self, shape, source, depth, name)

    def of_kind(self, shape: Shape, kind: str, source: Source, depth: int, name: str) -> Any:
        """A value of the type *kind* that *shape* describes.  Raises Unsatisfiable."""
        if not shape.excluded:
            return self._of_kind(shape, kind, source, depth, name)
        for _ in range(_TRIES):
            value = self._of_kind(shape, kind, source, depth, name)
            if identity(value) not in shape.excluded:
                return value
        return self._another((shape,), shape.excluded)

    def _of_kind(self, shape: Shape, kind: str, source: Source, depth: int, name: str) -> Any:
        if kind == "string":
            return self._string(shape, source, depth, name)
        if kind == "object":
            return self._object(shape, source, depth)
        if kind == "array":
            return self._array(shape, source, depth, name)
        if kind in ("integer", "number"):
            return self.policy.number(shape, kind, source, name)
        return None if kind == "null" else self.policy.boolean(source, name)

    def _object(self, shape: Shape, source: Source, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        graph, value = self.graph, self.policy.value
        for name in self.policy.members(self, shape, source, depth):
            try:
                members[name] = value(self, graph.member(shape, name), source, depth + 1, name)
            except Unsatisfiable as fault:
                if name in shape.required:
                    reason = f"{fault.reason} (at the required member {name!r})"
                    raise Unsatisfiable(reason) from None
        # twice, since what one member asks for may ask for another
        for name, needed in shape.dependent * 2 if shape.dependent else ():
            if name in members:
                for other in needed:
                    if other not in members:
                        nodes = graph.member(shape, other)
                        members[other] = value(self, nodes, source, depth + 1, other)
        self.extend(shape, members, source, depth)
        if shape.max_properties is not None and len(members) > shape.max_properties:
            raise Unsatisfiable(f"it requires more than its {shape.max_properties} members")
        return members

    def extend(self, shape: Shape, members: dict[str, Any], source: Source, depth: int) -> None:
        """Add to *members* until there are as many as there should be."""
        least = shape.min_properties
        target = max(least, self.policy.size(shape, len(members), source, depth))
        if shape.max_properties is not None:
            target = min(target, shape.max_properties)
        if len(members) >= target:
            return
        if least > _MOST:
            raise Unsatisfiable(f"it asks for {least} members, which is more than troth draws")
        for attempt in range(target * 8 + 8):
            if len(members) >= target:
                return
            # A source that always answers alike would name the same member again.
            tries = source if attempt < 2 else source.anew("extra", attempt, len(members))
            name = self.policy.new_name(self, shape, members, tries, attempt)
            if name is None or name in members:
                continue
            try:
                nodes = self.graph.member(shape, name)
                members[name] = self.value(nodes, source, depth=depth + 1, name=name)
            except Unsatisfiable:
                continue
        if len(members) < least:
            raise Unsatisfiable(f"no names were found for the {least} members that it asks for")

    def _array(self, shape: Shape, source: Source, depth: int, name: str) -> list[Any]:
        needed = shape.min_items
        if shape.contains:
            needed = max(needed, sum(rule.low for rule in shape.contains))
        if shape.max_items is not None and needed > shape.max_items:
            raise Unsatisfiable("it asks for more items than it allows")
        count = self.policy.count(shape, needed, source, depth, name)
        if shape.max_items is not None:
            count = min(count, shape.max_items)
        wanted = [rule.schema for rule in shape.contains for _ in range(rule.low)]
        barred = [
            self.graph.negated(rule.schema) for rule in shape.contains if rule.high is not None
        ]
        one = singular(name)
        items: list[Any] = []
        seen: set[Hashable] | None = set() if shape.unique else None
        for index in range(count):
            nodes = self.graph.item(shape, index)
            if wanted:
                both = conjunction([*nodes, wanted[0]])
                if self.graph.of(both):
                    wanted.pop(0)
                    nodes = both
            elif barred:
                nodes = conjunction([*nodes, *barred])
            try:
                is_needed = len(items) < needed
                items.append(self._item(nodes, source, depth, one, seen, is_needed=is_needed))
            except Unsatisfiable:
                if len(items) < needed:
                    raise
                break
        if wanted:
            raise Unsatisfiable("it must contain items that it may not have")
        if shape.duplicates and items:
            items = [items[0], *items[: max(1, (shape.max_items or _MOST) - 1)]]
        return items

    def _item(
        self,
        nodes: Conjunction,
        source: Source,
        depth: int,
        name: str,
        seen: set[Hashable] | None,
        *,
        is_needed: bool,
    ) -> Any:
        if seen is None:
            return self.policy.item(self, nodes, source, depth + 1, name)
        for attempt in range(_UNIQUE_TRIES):
            if attempt == 2:
                source = source.anew("item", len(seen))
            item = self.policy.item(self, nodes, source, depth + 1, name)
            if identity(item) not in seen:
                seen.add(identity(item))
                return item
            if len(seen) >= _MANY:
                item = natural_values.another(item, source, len(seen))
                if identity(item) not in seen and self.graph.node(nodes).accepts(item):
                    seen.add(identity(item))
                    return item
        if not is_needed:
            raise Unsatisfiable("there are too few different values")
        item = self._another(self.graph.of(nodes), seen)
        seen.add(identity(item))
        return item

    def _string(self, shape: Shape, source: Source, depth: int, name: str) -> str:
        told = self.policy.told(shape, source, name)
        if told is not None:
            return told
        is_free = shape.derived.get("is free text")
        if is_free is None:
            is_free = shape.derived["is free text"] = strings.is_free(shape)
        if is_free:
            return self.policy.text(shape, source, name)
        if shape.content:
            inner = self.value(shape.content, source, depth=depth + 1, name=name)
            return strings.encoded(shape, json_text.encode(inner).decode())
        if shape.encodings and not (shape.patterns or shape.formats or shape.anti_formats):
            words = strings.encoded(shape, self.policy.text(shape, source, name))
            if strings.is_long_enough(shape, words):
                return words
        if self.policy.asks and (text := strings.by_another(shape, source)) is not None:
            return text
        return strings.string(shape, source, lambda: self.policy.text(shape, source, name))

    def _another(
        self, shapes: tuple[Shape, ...], taken: set[Hashable] | frozenset[Hashable]
    ) -> Any:
        """A simple value that is not among *taken*, tried in a fixed order."""
        for value in simple_values(shapes):
            if identity(value) not in taken and any(
                self.graph.fits(shape, value) for shape in shapes
            ):
                return value
        raise Unsatisfiable("there are too few different values")


class Natural:
    """For a mock: documented examples, natural texts, and all members as long as it is readable.

    *rich* is how readily optional members are drawn (0 to 256 in 256).  *checks* makes each value
    on the way be checked, which costs time and is left to later attempts; one that *asks* takes
    texts from another generator, which is for the last.  *length* is that of the list which it is
    all about, where there is one.
    """

    __slots__ = ("_turns", "asks", "checks", "failed", "length", "rich", "subject")

    def __init__(self, *, rich: int = 256, checks: bool = False, asks: bool = False) -> None:
        self.asks = asks
        self.rich = rich
        self.length: int | None = None
        self.checks = checks
        # where drawing ran out of depth, and from which depth on
        self.failed: dict[Node, int] = {}
        # what the members that are drawn belong to
        self.subject = Subject()
        # which of several examples was taken last
        self._turns: dict[Node, int] = {}

    def value(
        self, generator: Generator, nodes: Conjunction, source: Source, depth: int, name: str
    ) -> Any:
        """A value of *nodes*: an example if there is one."""
        return self.draw(generator, generator.graph.node(nodes), source, depth, name)

    def draw(
        self, generator: Generator, node: Node, source: Source, depth: int = 0, name: str = ""
    ) -> Any:
        """A value at *node*.  Raises Unsatisfiable."""
        if node.reason is not None:
            raise Unsatisfiable(node.reason)
        source.spend()
        if depth > _DEEPEST or (self.failed and self.failed.get(node, _DEEPEST + 1) <= depth):
            raise Unsatisfiable("it nests without end")
        self.subject.node = node
        try:
            examples = node.examples
            if examples and (source.fuel > 0 or node.shape.values is not None):
                return self._example(node, examples, source, name)
            if node.shape.values is not None:
                raise Unsatisfiable("none of its enum's values conforms")
            if not self.checks:
                return self._drawn(generator, node, source, depth, name)
            for _ in range(6):
                value = self._drawn(generator, node, source, depth, name)
                if node.accepts(value):
                    return value
            raise Unsatisfiable("no value was found that satisfies it")
        except Unsatisfiable:
            if self._is_sparing(source, depth):
                self.failed[node] = min(depth, self.failed.get(node, depth))
            raise

    def _example(self, node: Node, examples: list[Any], source: Source, name: str) -> Any:
        """One of *examples*, each in its turn; an identifier that was given out is varied."""
        turn = source.below(len(examples))
        if len(examples) > 1:
            if node in self._turns:
                turn = (self._turns[node] + 1) % len(examples)
            self._turns[node] = turn
        example = examples[turn]
        if node.shape.values is None and not isinstance(example, (dict, list)):
            return self.subject.example(node, example, source, name)
        if isinstance(example, (dict, list)):
            example = deepcopy(example)
            if isinstance(example, dict):
                self.subject.tell_apart(node, example, source, name)
        return example

    def item(
        self, generator: Generator, nodes: Conjunction, source: Source, depth: int, name: str
    ) -> Any:
        """A value of *nodes*, which has facts of its own."""
        before = self.subject.begin()
        try:
            return self.value(generator, nodes, source, depth, name)
        finally:
            self.subject.leave(before)

    def _drawn(
        self, generator: Generator, node: Node, source: Source, depth: int, name: str
    ) -> Any:
        if node.choices:
            return self._branch(generator, node, source, depth, name)
        return self.shaped(generator, node.shape, source, depth, name)

    def _is_sparing(self, source: Source, depth: int) -> bool:
        """Whether only what is required should be drawn from here on."""
        return depth >= DEPTH or source.fuel <= 0

    def _branch(
        self, generator: Generator, node: Node, source: Source, depth: int, name: str
    ) -> Any:
        branches = [one for one in node.alternatives() if one.reason is None]
        if not branches:
            raise Unsatisfiable("its schemas exclude one another")
        # what is denied is denied in the first way that there is: others are more far-fetched
        if len(branches) > 1 and not node.choices[0].is_denial:
            start = source.below(len(branches))
            branches = branches[start:] + branches[:start]
            sparing = self._is_sparing(source, depth)
            # a null is for where nothing else fits, or to end a recursion
            branches.sort(key=lambda one: (one.shape.types == _NULL) is not sparing)
            if self.subject.given:
                branches.sort(key=lambda one: not self.subject.allows(generator.graph, one.shape))

        def built(branch: Node) -> Any:
            value = self.draw(generator, branch, source, depth, name)
            if not node.choices[0].is_exclusive or node.accepts(value):
                return value
            # it happens to be of another branch as well, which has to be denied then
            return self._of_shapes(generator, node, source, depth, name)

        return first_built(built, branches)

    def _of_shapes(
        self, generator: Generator, node: Node, source: Source, depth: int, name: str
    ) -> Any:
        """A value of one of the alternatives of *node*, which deny what must not hold."""
        self.subject.node = node
        shapes = generator.graph.of(node.nodes)
        start = source.below(len(shapes) or 1)
        # a member that is missing is less far-fetched than one that is there to be wrong
        ranked = sorted(
            shapes[start:] + shapes[:start],
            key=lambda shape: sum(not part.annotates for part in shape.objects),
        )
        if not ranked:
            raise Unsatisfiable("its schemas exclude one another")
        return first_built(
            lambda shape: self.shaped(generator, shape, source, depth, name), ranked[:_TRIES]
        )

    def shaped(
        self, generator: Generator, shape: Shape, source: Source, depth: int, name: str
    ) -> Any:
        """A value of the first type, the most telling one, that will do."""
        kinds = shape.derived.get("kinds")
        if kinds is None:
            kinds = shape.derived["kinds"] = telling_types(shape)
        if len(kinds) == 1:
            if kinds[0] != "object":
                return generator.of_kind(shape, kinds[0], source, depth, name)
            return self._object(generator, shape, source, depth, name)
        return first_built(
            lambda kind: self._of_kind(generator, shape, kind, source, depth, name), kinds
        )

    def _of_kind(
        self, generator: Generator, shape: Shape, kind: str, source: Source, depth: int, name: str
    ) -> Any:
        if kind == "object":
            return self._object(generator, shape, source, depth, name)
        return generator.of_kind(shape, kind, source, depth, name)

    def _object(
        self, generator: Generator, shape: Shape, source: Source, depth: int, name: str
    ) -> Any:
        """An object whose members know what they belong to, and agree with one another."""
        before = self.subject.enter(name)
        try:
            self.subject.learn(generator.graph, shape)
            members = generator.of_kind(shape, "object", source, depth, name)
            agree(generator.graph, shape, members, self.subject.owner)
        finally:
            self.subject.leave(before)
        return members

    def members(self, generator: Generator, shape: Shape, source: Source, depth: int) -> list[str]:
        """The required members, and as many of the others as *rich* says, in document order."""
        plan = shape.derived.get("natural members")
        if plan is None:
            declared = properties(shape)
            plan = shape.derived["natural members"] = (
                [*declared, *(name for name in shape.required if name not in declared)],
                [
                    name
                    for name in declared
                    if name not in shape.required
                    and generator.graph.member(shape, name) != _NOTHING
                ],
            )
        names, offered = plan
        if not offered:
            return names
        optional: list[str] = []
        if not self._is_sparing(source, depth):
            rich, below = self.rich, source.below
            optional = [name for name in offered if below(256) < rich]
            if shape.max_properties is not None:
                optional = optional[: max(0, shape.max_properties - len(shape.required))]
            if len(optional) == len(offered):
                return names
        wanted = {*shape.required, *optional}
        return [name for name in names if name in wanted]

    def size(self, shape: Shape, count: int, source: Source, depth: int) -> int:
        """Two members for a map that is still empty."""
        is_one = shape.derived.get("is map")
        if is_one is None:
            is_one = shape.derived["is map"] = is_map(shape)
        return 2 if is_one and self.rich and not self._is_sparing(source, depth) else 0

    def new_name(
        self,
        generator: Generator,
        shape: Shape,
        members: dict[str, Any],
        source: Source,
        attempt: int,
    ) -> str | None:
        """A declared name, then one that the patterns ask for, then a word."""
        declared = [*properties(shape)]
        if attempt < len(declared):
            return declared[attempt]
        expressions = [pattern for part in shape.objects for pattern, _ in part.patterns]
        if shape.names and (attempt % 2 == 0 or not expressions):
            names = conjunction(list(shape.names))
            drawn = self.value(generator, names, source, 1, "")
            if isinstance(drawn, str):
                return drawn
        if expressions:
            draw = patterns.generator(source.choice(expressions))
            if draw is not None:
                return draw(source, 2 + attempt // 4)
        name = word(source)
        return name if attempt < 16 else f"{name}{attempt}"

    def count(self, shape: Shape, needed: int, source: Source, depth: int, name: str) -> int:
        """One to three items, and as many as prefixItems speak of."""
        if needed > _MOST:
            raise Unsatisfiable(f"it asks for {needed} items, which is more than troth draws")
        if self._is_sparing(source, depth) or not self.rich:
            return needed
        if self.length is not None and (not depth or (depth <= 2 and self.subject.is_main(name))):
            length, self.length = self.length, None
            return max(needed, length)
        prefix = max((len(part.prefix) for part in shape.arrays), default=0)
        return max(needed, prefix, 1 + source.below(3))

    def told(self, shape: Shape, source: Source, name: str) -> str | None:
        """What a member called *name* is likely to hold, if that is what *shape* asks for."""
        return self.subject.text(shape, source, name)

    def text(self, shape: Shape, source: Source, name: str) -> str:
        """What a member called *name* is likely to hold, cut down or drawn out."""
        return strings.natural(shape, source, self.subject.likely(source, name))

    def number(self, shape: Shape, kind: str, source: Source, name: str) -> int | float:
        """A number as a member called *name* is likely to hold, or a small one."""
        number = self.subject.number(shape, source, name)
        return number_range(shape, kind).natural(source) if number is None else number

    def boolean(self, source: Source, name: str) -> bool:
        """What a switch called *name* is mostly."""
        return source.chance(natural_values.flag(name))


class Edges:
    """For tests and runs: few optional members at a time, limits and hard texts among the others.

    *rich* is the percentage of optional members that an object gets when it has few of them.
    From *depth* on the alternative that ends first is taken.
    """

    __slots__ = ("depth", "rich")
    asks = False

    def __init__(self, *, rich: int = 40, depth: int = DEPTH) -> None:
        self.rich = rich
        self.depth = depth

    def value(
        self, generator: Generator, nodes: Conjunction, source: Source, depth: int, name: str
    ) -> Any:
        """A value of any alternative of *nodes*; where it is deep, of the one that ends first."""
        graph = generator.graph
        shapes = graph.of(nodes)
        if not shapes:
            raise Unsatisfiable("its schemas exclude one another")
        if depth >= self.depth:
            height = graph.height(nodes)
            shapes = tuple(one for one in shapes if graph.shape_height(one) <= height) or shapes
        first = source.below(len(shapes)) if len(shapes) > 1 else 0
        if len(shapes) == 1:
            return self.shaped(generator, shapes[0], source, depth, name)
        return first_built(
            lambda shape: self.shaped(generator, shape, source, depth, name),
            (shapes[first:] + shapes[:first])[:_TRIES],
        )

    def shaped(
        self, generator: Generator, shape: Shape, source: Source, depth: int, name: str
    ) -> Any:
        """A value of any type that *shape* has; now and then a documented example."""
        graph = generator.graph
        if shape.denied:
            settled = graph.settled(shape)
            if not settled:
                raise Unsatisfiable("its schemas exclude one another")
            first = source.below(len(settled))
            return first_built(
                lambda one: self.shaped(generator, one, source, depth, name),
                (settled[first:] + settled[:first])[:_TRIES],
            )
        if shape.values is not None:
            fitting = [value for value in shape.values if graph.fits(shape, value)]
            if not fitting:
                raise Unsatisfiable("none of its enum's values conforms")
            return fitting[source.below(len(fitting))] if len(fitting) > 1 else fitting[0]
        examples = graph.examples(shape)
        if examples and source.chance(35):
            return source.choice(examples)
        kind = self._kind(shape, source, depth)
        try:
            return generator.of_kind(shape, kind, source, depth, name)
        except Unsatisfiable:
            others = shape.types - {kind}
            if not others:
                raise
            return self.shaped(generator, replace(shape, types=others), source, depth, name)

    def _kind(self, shape: Shape, source: Source, depth: int) -> str:
        kinds = [kind for kind in TYPES if kind in shape.types]
        if shape.types == ALL_TYPES and depth == DEPTH:
            return "string"
        if depth >= DEPTH and shape.types - {"object", "array"}:
            kinds = [kind for kind in kinds if kind not in ("object", "array")]
        if "number" in kinds and "integer" in kinds:
            kinds.remove("integer")
        if len(kinds) > 1 and kinds[-1] == "null":
            # null is legal in many places and tells little: seldom.
            kinds = ["null"] if source.chance(12) else kinds[:-1]
        return kinds[source.below(len(kinds))] if len(kinds) > 1 else kinds[0]

    def members(self, generator: Generator, shape: Shape, source: Source, depth: int) -> list[str]:
        """Few of many optional members, most of few: with all at once, nothing is tested apart."""
        graph = generator.graph
        plan = shape.derived.get("members")
        if plan is None:
            declared = [*declared_names(shape)]
            plan = shape.derived["members"] = (
                declared,
                [
                    name
                    for name in declared
                    if name not in shape.required and graph.of(graph.member(shape, name))
                ],
            )
        declared, optional = plan
        percent = min(self.rich, max(self.rich // 3, 500 // (len(optional) or 1)))
        chosen = list(shape.required)
        for name in optional:
            missing = shape.min_properties - len(chosen)
            is_full = shape.max_properties is not None and len(chosen) >= shape.max_properties
            if not is_full and (missing > 0 or (depth < DEPTH and source.chance(percent))):
                chosen.append(name)
        wanted = set(chosen)
        return [name for name in declared if name in wanted]

    def size(self, shape: Shape, count: int, source: Source, depth: int) -> int:
        """Now and then one member more than are declared; some where none are."""
        declared = any(part.properties for part in shape.objects)
        if depth < DEPTH and source.chance(3 if declared else 60):
            wanted = 1 if declared else 1 + source.below(3)
            return max(wanted, count + 1)
        return 0

    def new_name(
        self,
        generator: Generator,
        shape: Shape,
        members: dict[str, Any],
        source: Source,
        attempt: int,
    ) -> str | None:
        """A name that no property has."""
        expressions = [pattern for part in shape.objects for pattern, _ in part.patterns]
        taken = {*members, *properties(shape)}
        for turn in range(12):
            if turn == 2:
                source = source.anew("name", len(members))
            if shape.names:
                names = conjunction(list(shape.names))
                name = self.value(generator, names, source, DEPTH - 1, "")
            elif expressions and source.chance(70):
                pattern = source.choice(expressions)
                one = Shape(types=frozenset(["string"]), patterns=(pattern,))
                name = strings.string(one, source, str)
            else:
                index = source.below(len(_EXTRA_NAMES))
                name = _EXTRA_NAMES[index] if not index else f"{_EXTRA_NAMES[index]}{len(members)}"
                name = name if name not in taken else f"extra{len(taken) + source.below(100)}"
            if isinstance(name, str) and name not in taken and name not in shape.forbidden:
                return name
        return None

    def count(self, shape: Shape, needed: int, source: Source, depth: int, name: str) -> int:
        """Up to two items more than it must have."""
        return needed + (source.below(3) if depth < DEPTH else 0)

    def item(
        self, generator: Generator, nodes: Conjunction, source: Source, depth: int, name: str
    ) -> Any:
        """A value like any other."""
        return self.value(generator, nodes, source, depth, name)

    def told(self, shape: Shape, source: Source, name: str) -> str | None:
        """Nothing: names tell what is usual."""
        return None

    def boolean(self, source: Source, name: str) -> bool:
        """One or the other."""
        return source.chance(50)

    def text(self, shape: Shape, source: Source, name: str) -> str:
        """A phrase, plain pieces, or hard ones."""
        return strings.edgy(shape, source)

    def number(self, shape: Shape, kind: str, source: Source, name: str) -> int | float:
        """A number that is often a limit."""
        if kind == "number" and "integer" in shape.types and not shape.multiples:
            low, high = whole_limits(shape)
            # a schema says `number` where integers will do: now and then it gets one
            if source.chance(30) and (low is None or high is None or low <= high):
                kind = "integer"
        return number_range(shape, kind).edgy(source, costs=shape.costs)


#: What decides where a schema leaves something open.
Policy = Natural | Edges
