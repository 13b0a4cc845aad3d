"""The graph of a document's schemas: at each place the shapes that a value there may have.

Two readings of one compilation.  `Graph.of` gives all alternatives of a place outright, a bounded
disjunctive normal form: `anyOf`, `oneOf`, `if` and the dependencies branch, everything else
merges.  A `Node` has made none of its choices yet and offers them one after the other, which
costs nothing where a place has thousands of alternatives.  What must *not* hold (the other
branches of a `oneOf`, a failed `if`, a `not`) is turned into shapes too, by `denials`: a missing
member, a value beyond the limit, another type.  Members and items are followed only when a value
is built, so recursion ends.

A member that does not travel in a direction (`readOnly`, `writeOnly`) is `False` in its schema by
then (`schema.direction`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, islice, product
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from troth.errors import SpecError
from troth.generation.places import Places
from troth.generation.shape import (
    ANY,
    Conjunction,
    Shape,
    Subschema,
    conjunction,
    contradiction,
    dependencies,
    item_nodes,
    meet,
    member_nodes,
    merged,
    own_denials,
    own_fields,
    own_shape,
    plain_fit,
)
from troth.generation.source import Unsatisfiable, spread, strewn
from troth.schema.data_model import ALL_TYPES, identity, type_of
from troth.schema.discriminator import DRAWN, UNDRAWN
from troth.schema.schema import Schema, Schemas

Shapes = tuple[Shape, ...]
Memo = dict[tuple[int, tuple[int, ...]], bool]
Check = Callable[[Any], bool]
Key = int | tuple[int, ...]
T = TypeVar("T")

# So many alternatives of one place are kept, spread evenly over all that there are.
_KEPT = 48
_MET = 512
# Beyond so many branches, fewer alternatives of each are kept.
_FEW = 4
# So many pairs are looked at for one that excludes nothing.
_MOST_PAIRS = 2304
# So many branches of one choice are offered.
_BRANCHES = 64
# The deepest nesting that a schema may force.
_DEEPEST = 24
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_OBJECT = frozenset(["object"])

_graphs: WeakKeyDictionary[Schemas, Graph] = WeakKeyDictionary()


def graph_of(schemas: Schemas) -> Graph:
    """The graph of the document that *schemas* compiles, kept as long as they are."""
    schemas = schemas.drawn
    graph = _graphs.get(schemas)
    if graph is None:

        def at(where: str) -> Check:
            try:
                return schemas.at(where).is_valid
            except SpecError:
                return _nothing

        graph = _graphs[schemas] = Graph(schemas.prepared.root, at=at)
    return graph


def node_of(schema: Schema, beside: Conjunction = ()) -> Node:
    """The node of *schema*, and of what else holds *beside* it."""
    graph = graph_of(schema.schemas)
    graph.places.note(schema.prepared, schema.pointer)
    return graph.node((schema.prepared, *beside))


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A keyword that leaves a choice: each alternative is a list of further schemas that hold.

    *key* identifies it (the schema and the keyword), so that it is made once.
    """

    key: tuple[int, str]
    alternatives: tuple[Conjunction, ...]

    @property
    def is_exclusive(self) -> bool:
        """Whether the alternatives deny one another."""
        return self.key[1] == "oneOf"

    @property
    def is_requirement(self) -> bool:
        """Whether it asks for members where another is: `Shape.dependent` says the same."""
        return self.key[1].startswith("required/")

    @property
    def is_denial(self) -> bool:
        """Whether the alternatives are ways to deny a schema."""
        return self.key[1] == "not"


class Graph:
    """The shapes of every schema below *root*, each worked out once.

    *root* is what references point into, in JSON Schema 2020-12 (`dialect.prepare`); *at* gives
    the compiled check of the schema at a JSON Pointer.
    """

    def __init__(self, root: Any, *, at: Callable[[str], Check] | None = None) -> None:
        self.root = root
        self.places = Places(root)
        self._at = at
        # by a schema's identity, by its complement where the schema is denied, or by those of many
        self._shapes: dict[Key, Shapes] = {}
        self._own: dict[int, Shape | None] = {}
        self._choices: dict[int, tuple[Choice, ...]] = {}
        self._negated: dict[int, Subschema] = {}
        self._nodes: dict[tuple[tuple[int, ...], frozenset[tuple[int, str]]], Node] = {}
        self._known: dict[int, Node] = {}
        self._checks: dict[int, Check] = {}
        self._heights: dict[tuple[int, ...], int] = {}
        # whether a conjunction has any, where that is all that was asked
        self._possible: dict[tuple[int, ...], bool] = {}
        self._open: set[Key] = set()
        self._lock = threading.RLock()
        # Identities are keys, so what was seen must stay alive.
        self._kept: list[Any] = []

    # What stands where

    def of(self, nodes: Conjunction) -> Shapes:
        """The alternatives of a conjunction of schemas; empty when nothing satisfies it."""
        if len(nodes) == 1:
            return self.one(nodes[0])
        key = tuple(map(id, nodes))
        shapes = self._shapes.get(key)
        if shapes is None:
            shapes = self._once(
                key, nodes, lambda: self._every(map(self.one, nodes), kept=_share(len(nodes)))
            )
        return shapes

    def one(self, node: Subschema) -> Shapes:
        """The alternatives of one schema."""
        if isinstance(node, bool):
            return (ANY,) if node else ()
        if isinstance(node, Shape):
            return (node,)
        shapes = self._shapes.get(id(node))
        if shapes is None:
            shapes = self._once(id(node), node, lambda: self._compute(node))
        return shapes

    def node(self, nodes: Conjunction, made: frozenset[tuple[int, str]] = frozenset()) -> Node:
        """The node of a conjunction of schemas; *made* are the choices made on the way."""
        # the same tuple again, as a shape remembers those of its members: no need to look into it
        if not made and (known := self._known.get(id(nodes))) is not None:
            return known
        key = (tuple(map(id, nodes)), made)
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Node(self, nodes, made)
        if not made and nodes is node.nodes:
            self._known[id(nodes)] = node
        return node

    def denials(self, node: Subschema) -> Shapes:
        """The alternatives of a value that does not satisfy *node*: one per way to break it."""
        if isinstance(node, bool):
            return () if node else (ANY,)
        shapes = self._shapes.get(~id(node))
        if shapes is None:
            shapes = self._once(~id(node), node, lambda: tuple(self._deny(node)))
        return shapes

    def _once(self, key: Key, kept: Any, compute: Callable[[], Shapes]) -> Shapes:
        with self._lock:
            if key in self._open:
                # A schema that applies itself in place adds no value (the least fixed point).
                return ()
            self._open.add(key)
            self._kept.append(kept)
            try:
                self._shapes[key] = compute()
            finally:
                self._open.discard(key)
            return self._shapes[key]

    def negated(self, node: Subschema) -> Subschema:
        """The schema `{"not": node}`, always the same one for the same *node*."""
        if isinstance(node, bool):
            return not node
        if id(node) not in self._negated:
            self._kept.append(node)
            self._negated[id(node)] = {"not": node}
        return self._negated[id(node)]

    def member(self, shape: Shape, name: str) -> Conjunction:
        """The schemas of the member called *name*: `False` among them where none can be."""
        key = ("member", name)
        nodes: Conjunction | None = shape.derived.get(key)
        if nodes is None:
            nodes = member_nodes(shape, name)
            if name in shape.forbidden or (
                shape.names and not self.admits(conjunction(list(shape.names)), name)
            ):
                nodes = (False,)
            shape.derived[key] = nodes
        return nodes

    def item(self, shape: Shape, index: int) -> Conjunction:
        """The schemas of the item at *index*."""
        longest = shape.derived.get("prefix")
        if longest is None:
            longest = max((len(part.prefix) for part in shape.arrays), default=0)
            shape.derived["prefix"] = longest
        key = ("item", min(index, longest))
        nodes: Conjunction | None = shape.derived.get(key)
        if nodes is None:
            nodes = shape.derived[key] = item_nodes(shape, index)
        return nodes

    def height(self, nodes: Conjunction) -> int:
        """The least nesting that a value of *nodes* needs."""
        key = tuple(map(id, nodes))
        if key not in self._heights:
            self._kept.append(nodes)
            self._heights[key] = next(
                (depth for depth in range(_DEEPEST) if self._completes(nodes, depth, {})), _DEEPEST
            )
        return self._heights[key]

    def shape_height(self, shape: Shape) -> int:
        """The least nesting that a value of *shape* needs."""
        if shape.values is not None or shape.types - {"object", "array"}:
            return 0
        return min(
            1 + max((self.height(child) for child in children), default=-1)
            for children in self._forced(shape)
        )

    def _completes(self, nodes: Conjunction, depth: int, seen: dict[Any, bool]) -> bool:
        key = (tuple(map(id, nodes)), depth)
        if key not in seen:
            seen[key] = False
            seen[key] = any(
                shape.values is not None
                or bool(shape.types - {"object", "array"})
                or any(
                    not children
                    or (
                        depth > 0 and all(self._completes(one, depth - 1, seen) for one in children)
                    )
                    for children in self._forced(shape)
                )
                for shape in self.of(nodes)
            )
        return seen[key]

    def _forced(self, shape: Shape) -> list[list[Conjunction]]:
        """What a value of *shape* has inside at least, by each of its two types."""
        forced = []
        if "object" in shape.types:
            forced.append([self.member(shape, name) for name in shape.required])
        if "array" in shape.types:
            needed = max(shape.min_items, *(rule.low for rule in shape.contains), 0)
            children = [self.item(shape, index) for index in range(min(needed, 4))]
            forced.append(children + [(rule.schema,) for rule in shape.contains if rule.low])
        return forced

    # Whether a value fits

    def admits(self, nodes: Conjunction, value: Any, memo: Memo | None = None) -> bool:
        """Whether *value* has an alternative (formats aside); *memo* has answers for its parts."""
        if not nodes:
            return True
        if memo is None or not isinstance(value, (dict, list)):
            return any(self.fits(shape, value, memo) for shape in self.of(nodes))
        key = (id(value), tuple(map(id, nodes)))
        if key not in memo:
            memo[key] = any(self.fits(shape, value, memo) for shape in self.of(nodes))
        return memo[key]

    def fits(self, shape: Shape, value: Any, memo: Memo | None = None) -> bool:
        """Whether *value* is what *shape* asks for (formats aside)."""
        if type_of(value) not in shape.types or not plain_fit(shape, value):
            return False
        if shape.denied and any(self.admits((each,), value, memo) for each in shape.denied):
            return False
        if isinstance(value, dict):
            return all(
                self.admits(self.member(shape, name), member, memo)
                for name, member in value.items()
            )
        if isinstance(value, list):
            return all(
                self.admits(self.item(shape, index), item, memo) for index, item in enumerate(value)
            ) and all(self._contained(value, rule) for rule in shape.contains)
        return True

    def examples(self, shape: Shape) -> tuple[Any, ...]:
        """The document's examples that *shape* really takes."""
        if not shape.examples:
            return ()
        examples: tuple[Any, ...] | None = shape.derived.get("examples")
        if examples is None:
            examples = tuple(value for value in shape.examples if self.fits(shape, value))
            shape.derived["examples"] = examples
        return examples

    def check(self, node: Subschema) -> Check:
        """The compiled check of one schema; that of its shapes where the document has no such."""
        if isinstance(node, bool):
            return _anything if node else _nothing
        check = self._checks.get(id(node))
        if check is None:
            where = self.places.pointer_of(node) if self._at is not None else None
            if where is not None and self._at is not None:
                check = self._at(where)
            else:
                self._kept.append(node)
                check = self._check_of_shapes(node)
            self._checks[id(node)] = check
        return check

    def _check_of_shapes(self, node: Subschema) -> Check:
        if isinstance(node, dict) and node.keys() == {"not"}:
            denied = self.check(node["not"])
            return lambda value: not denied(value)
        return lambda value: self.admits((node,), value)

    def _contained(self, value: list[Any], rule: Any) -> bool:
        count = sum(self.admits((rule.schema,), item) for item in value)
        return rule.low <= count and (rule.high is None or count <= rule.high)

    # Compiling

    def own(self, node: Subschema) -> Shape | None:
        """What the assertions of *node* itself ask; None when they contradict each other."""
        if isinstance(node, Shape):
            return node
        key = id(node)
        if key not in self._own:
            self._kept.append(node)
            self._own[key] = own_shape(node)
        return self._own[key]

    def conjuncts(self, nodes: Iterable[Subschema]) -> Iterator[Subschema]:
        """*nodes* and all that they refer to or have in `allOf`, each once; or Unsatisfiable."""
        waiting = list(nodes)[::-1]
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            if node is False:
                raise Unsatisfiable("a schema here is `false`")
            if node is True or id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            if isinstance(node, dict):
                waiting.extend([*self._joined(node), *node.get("allOf", ())][::-1])

    def choices(self, node: Subschema) -> tuple[Choice, ...]:
        """The choices that *node* itself leaves, in a fixed order."""
        if isinstance(node, Shape):
            return ()
        choices = self._choices.get(id(node))
        if choices is None:
            self._kept.append(node)
            choices = self._choices[id(node)] = tuple(self._choices_of(node))
        return choices

    def _choices_of(self, node: Mapping[str, Any]) -> Iterator[Choice]:
        key = id(node)
        if "anyOf" in node:
            # a parent that is always one of its subtypes has a branch that none is drawn of
            offered = (one for one in node["anyOf"] if isinstance(one, bool) or UNDRAWN not in one)
            yield Choice((key, "anyOf"), tuple((branch,) for branch in offered))
        if "oneOf" in node:
            branches = tuple((branch,) for branch in node["oneOf"])
            yield Choice((key, "oneOf"), branches)
        if "not" in node:
            yield Choice((key, "not"), tuple((shape,) for shape in self.denials(node["not"])))
        if _decides(node):
            holds = (node["if"], node.get("then", True))
            otherwise = node.get("else", True)
            fails = ((shape, otherwise) for shape in self.denials(node["if"]))
            yield Choice((key, "if"), (holds, *fails))
        for name, needed in dependencies(node):
            present = replace(ANY, types=_OBJECT, required=(name,))
            then = replace(ANY, required=tuple(needed)) if isinstance(needed, list) else needed
            other = replace(ANY, types=ALL_TYPES - _OBJECT)
            absent = replace(ANY, types=_OBJECT, forbidden=frozenset([name]))
            word = "required" if isinstance(needed, list) else "schemas"
            yield Choice((key, f"{word}/{name}"), ((absent,), (present, then), (other,)))

    def _referred(self, node: Mapping[str, Any]) -> Iterator[Subschema]:
        for word in _REFERENCES:
            reference = node.get(word)
            if isinstance(reference, str):
                yield self.places.target(reference)

    def _joined(self, node: Mapping[str, Any]) -> Iterator[Subschema]:
        """What *node* refers to, and what values that are drawn have beside."""
        yield from self._referred(node)
        if DRAWN in node:
            yield node[DRAWN]

    def _compute(self, node: Mapping[str, Any]) -> Shapes:
        own = self.own(node)
        parts: list[Shapes] = [(own,) if own else ()]
        parts.extend(self.one(target) for target in self._joined(node))
        parts.extend(self.one(branch) for branch in node.get("allOf", ()))
        for choice in self.choices(node):
            if choice.is_exclusive:
                parts.append(self._exactly_one(node["oneOf"]))
                continue
            alternatives = choice.alternatives
            if choice.key[1] == "if":
                alternatives = (*alternatives[1:], alternatives[0])
            parts.append(
                tuple(
                    shape
                    for nodes in alternatives
                    for shape in (
                        self.one(nodes[0]) if len(nodes) == 1 else self._every(map(self.one, nodes))
                    )
                )
            )
        return self._every(parts)

    def _every(self, parts: Iterable[Shapes], *, kept: int = _KEPT) -> Shapes:
        """What has one of each of *parts*: *kept* alternatives, spread over those that there are.

        Where few are kept, few are looked at, and no more are made; if they exclude one another,
        all are.
        """
        parts = tuple(parts)
        met: Shapes = (ANY,)
        for shapes in parts:
            if kept == _KEPT:
                met = spread(tuple(islice(self._meetings(product(met, shapes)), _MET)), kept)
                continue
            pairs = strewn(tuple(product(met, spread(shapes, kept * 4))))
            met = tuple(islice(self._meetings(pairs), kept))
            if not met:
                return self._every(parts)
        return met

    def _meetings(self, pairs: Iterable[tuple[Shape, Shape]]) -> Iterator[Shape]:
        for one, other in pairs:
            shape = meet(one, other)
            if shape is not None and self._satisfiable(shape, one, other):
                yield shape

    def _satisfiable(self, shape: Shape, one: Shape, other: Shape) -> bool:
        """Whether the members that both sides speak of, and that must be there, can be."""
        if shape is one or shape is other:
            return True
        if shape.types == {"object"} and one.objects and other.objects:
            for name in shape.required:
                nodes = member_nodes(shape, name)
                key = tuple(map(id, nodes))
                busy = self._open.intersection((*key, key))
                if len(nodes) > 1 and not busy and not self._is_possible(key, nodes):
                    return False
        return shape.values is None or any(self.fits(shape, value) for value in shape.values)

    def _is_possible(self, key: tuple[int, ...], nodes: Conjunction) -> bool:
        """Whether *nodes* have an alternative, as far as a search tells that is bounded."""
        if key in self._shapes:
            return bool(self._shapes[key])
        possible = self._possible.get(key)
        if possible is None:
            with self._lock:
                self._kept.append(nodes)
                self._open.add(key)
                try:
                    possible = self._possible[key] = self._meet_anywhere(nodes)
                finally:
                    self._open.discard(key)
        return possible

    def _meet_anywhere(self, nodes: Conjunction) -> bool:
        met: Iterable[Shape] = (ANY,)
        for node in nodes:
            met = self._meetings(islice(_pairs(met, self.one(node)), _MOST_PAIRS))
        return any(True for _ in met)

    def _exactly_one(self, branches: list[Subschema]) -> Shapes:
        own: list[Shape] = []
        for index, branch in enumerate(branches):
            others = (*branches[:index], *branches[index + 1 :])
            shapes = self.one(branch)
            if len(branches) > _FEW:
                # so many pairs take long to tell apart: that is done for what is drawn
                own += filter(None, (meet(shape, Shape(denied=others)) for shape in shapes))
            else:
                own += self._without(shapes, others, kept=_KEPT)
        return tuple(own)

    def settled(self, shape: Shape) -> Shapes:
        """The alternatives of *shape* once what it denies is turned into shapes."""
        if not shape.denied:
            return (shape,)
        settled: Shapes | None = shape.derived.get("settled")
        if settled is None:
            plain = (replace(shape, denied=()),)
            settled = self._without(plain, shape.denied, kept=_share(len(shape.denied)))
            shape.derived["settled"] = settled
        return settled

    def _without(self, shapes: Shapes, others: Iterable[Subschema], *, kept: int) -> Shapes:
        """*shapes* such that none of *others* holds."""
        for other in others:
            # Most schemas exclude each other by a type or a constant: then there is nothing to add.
            if any(True for _ in self._meetings(product(shapes, self.one(other)))):
                shapes = self._every([shapes, self.denials(other)], kept=kept)
        return shapes

    def _deny(self, node: Mapping[str, Any]) -> Iterable[Shape]:
        yield from own_denials(node, negated=self.negated)
        for target in self._referred(node):
            yield from self.denials(target)
        for branch in node.get("allOf", ()):
            yield from self.denials(branch)
        if "anyOf" in node:
            yield from self._every(self.denials(branch) for branch in node["anyOf"])
        if "oneOf" in node:
            yield from self._not_exactly_one(node["oneOf"])
        if "not" in node:
            yield from self.one(node["not"])
        if _decides(node):
            yield from self._every([self.one(node["if"]), self.denials(node.get("then", True))])
            yield from self._every([self.denials(node["if"]), self.denials(node.get("else", True))])

    def _not_exactly_one(self, branches: list[Subschema]) -> Iterable[Shape]:
        kept = _share(len(branches))
        yield from self._every((self.denials(branch) for branch in branches), kept=kept)
        pairs = tuple(combinations(branches, 2))
        for pair in spread(pairs, _KEPT):
            yield from self._every(map(self.one, pair), kept=kept)


def _decides(node: Mapping[str, Any]) -> bool:
    """Whether *node* has an `if` that decides: of one alone no engine reads what it holds."""
    return "if" in node and ("then" in node or "else" in node)


class Node:
    """A place of the graph whose choices are open: what its schemas ask of any value there.

    *shape* is everything but the choices; *reason* says why nothing satisfies the schemas, None
    as long as that is not plain.
    """

    __slots__ = (
        "_alternatives", "_checks", "_described", "_examples",
        "choices", "graph", "made", "nodes", "reason", "shape",
    )  # fmt: skip

    def __init__(self, graph: Graph, nodes: Conjunction, made: frozenset[tuple[int, str]]) -> None:
        self.graph = graph
        self.nodes = nodes
        self.made = made
        self.reason: str | None = None
        self.shape = ANY
        self.choices: tuple[Choice, ...] = ()
        self._alternatives: list[Node] | None = None
        self._checks: tuple[Check, ...] | None = None
        self._described: tuple[str, str] | None = None
        self._examples: list[Any] | None = None
        try:
            self._compile()
        except Unsatisfiable as fault:
            self.reason = fault.reason

    def _compile(self) -> None:
        choices: list[Choice] = []
        for node in self.graph.conjuncts(self.nodes):
            own = self.graph.own(node)
            if own is None:
                raise Unsatisfiable(contradiction(own_fields(node)))
            shape = meet(self.shape, own)
            if shape is None:
                raise Unsatisfiable(contradiction(merged(self.shape, own)))
            self.shape = shape
            choices.extend(
                one
                for one in self.graph.choices(node)
                if one.key not in self.made and not one.is_requirement
            )
        self.choices = tuple(choices)

    @property
    def described(self) -> tuple[str, str]:
        """What the schemas of the place are called (by reference or title), and what they say."""
        if self._described is None:
            schemas = [each for each in self.nodes if isinstance(each, dict)]
            texts = {
                word: [text for each in schemas if isinstance(text := each.get(word), str)]
                for word in ("$ref", "title", "description")
            }
            names = [*(name.rpartition("/")[2] for name in texts["$ref"]), *texts["title"], ""]
            self._described = names[0], " ".join(texts["description"])[:300]
        return self._described

    def accepts(self, value: Any) -> bool:
        """Whether *value* fits every schema of the place."""
        if self._checks is None:
            checks = map(self.graph.check, self.nodes)
            self._checks = tuple(check for check in checks if check is not _anything)
        return all(check(value) for check in self._checks)

    @property
    def examples(self) -> list[Any]:
        """The examples (`example`, `examples`, `default`) that conform, or the enum's values."""
        if self._examples is None:
            shape = self.shape
            offered = shape.examples if shape.values is None else shape.values
            self._examples = [
                one
                for one in offered
                if type_of(one) in shape.types
                and (not shape.excluded or identity(one) not in shape.excluded)
                and self.accepts(one)
            ]
        return self._examples

    def alternatives(self) -> list[Node]:
        """The nodes in which the first open choice is made, in the document's order."""
        if self._alternatives is None:
            choice = self.choices[0]
            made = self.made | {choice.key}
            self._alternatives = []
            for branch in choice.alternatives[:_BRANCHES]:
                if choice.key[0] in map(id, self.graph.conjuncts(branch)):
                    continue  # a schema that applies itself in place adds no value
                self._alternatives.append(self.graph.node((*self.nodes, *branch), made))
        return self._alternatives

    def member(self, name: str) -> Node:
        """The node of the member *name* of an object here."""
        return self.graph.node(self.graph.member(self.shape, name))

    def item(self, index: int) -> Node:
        """The node of the item at *index* of an array here."""
        return self.graph.node(self.graph.item(self.shape, index))


def _anything(value: Any) -> bool:
    return True


def _nothing(value: Any) -> bool:
    return False


def _pairs(ones: Iterable[T], others: Iterable[T]) -> Iterator[tuple[T, T]]:
    """The product of both, of which *ones* are made as they are needed."""
    return ((one, other) for one in ones for other in others)


def _share(count: int) -> int:
    """How many alternatives each of *count* branches has a share in."""
    return _KEPT if count <= _FEW else max(2, _KEPT // count)
