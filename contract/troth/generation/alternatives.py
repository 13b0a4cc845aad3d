"""From a schema to its alternatives: the shapes of which each valid value has one.

A bounded disjunctive normal form.  `anyOf`, `oneOf`, `if` and the dependencies branch;
everything else merges.  What must *not* hold (the other branches of a `oneOf`, a failed `if`, a
`not`) is turned into shapes too, by `denials`: a missing member, a value beyond the limit, another
type.  Members and items are followed only when a value is built, so recursion ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from troth import pointer
from troth.errors import TrothError
from troth.generation import keywords
from troth.generation.shape import (
    ANY,
    Conjunction,
    Node,
    Shape,
    conjunction,
    consistent,
    item_nodes,
    meet,
    member_nodes,
    type_of,
)

Shapes = tuple[Shape, ...]
Memo = dict[tuple[int, tuple[int, ...]], bool]

# So many alternatives of one place are kept, spread evenly over all that there are.
_KEPT = 48
_MET = 512
_REMEMBERED = 20_000


class Unsupported(TrothError):
    """A schema uses what the compiler does not build: another generator has to."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"cannot construct values of a schema with {self.what}"


class Alternatives:
    """The alternatives of every schema below *root*, each worked out once.

    *root* is what `#/…` references point into, in JSON Schema 2020-12 (`dialect.prepare`);
    *matches* says whether a pattern (ECMA-262) matches a text.
    """

    def __init__(self, root: Any, *, matches: Callable[[str, str], bool]) -> None:
        self.root = root
        self.matches = matches
        self._of: dict[int, Shapes] = {}
        self._not: dict[int, Shapes] = {}
        self._all: dict[tuple[int, ...], Shapes] = {}
        self._negated: dict[int, Node] = {}
        self._targets: dict[str, Node] = {}
        self._members: dict[tuple[int, str], tuple[Shape, Conjunction]] = {}
        self._open: set[int] = set()
        self._lock = threading.RLock()
        # Identities are keys, so what was seen must stay alive.
        self._kept: list[Any] = []

    def of(self, nodes: Conjunction) -> Shapes:
        """The alternatives of a conjunction of schemas; empty when nothing satisfies it."""
        if len(nodes) == 1:
            return self.one(nodes[0])
        key = tuple(map(id, nodes))
        if key not in self._all:
            with self._lock:
                self._kept.append(nodes)
                self._all[key] = self._every(self.one(node) for node in nodes)
        return self._all[key]

    def one(self, node: Node) -> Shapes:
        """The alternatives of one schema."""
        if isinstance(node, bool):
            return (ANY,) if node else ()
        key = id(node)
        found = self._of.get(key)
        if found is not None:
            return found
        with self._lock:
            if key in self._open:
                # A schema that applies itself in place adds no value (the least fixed point).
                return ()
            self._open.add(key)
            self._kept.append(node)
            try:
                self._of[key] = self._compute(node)
            finally:
                self._open.discard(key)
            return self._of[key]

    def denials(self, node: Node) -> Shapes:
        """The alternatives of a value that does not satisfy *node*: one per way to break it."""
        if isinstance(node, bool):
            return () if node else (ANY,)
        key = id(node)
        with self._lock:
            if key not in self._not:
                if ~key in self._open:
                    return ()
                self._open.add(~key)
                self._kept.append(node)
                try:
                    self._not[key] = tuple(self._deny(node))
                finally:
                    self._open.discard(~key)
            return self._not[key]

    def negated(self, node: Node) -> Node:
        """The schema `{"not": node}`, always the same one for the same *node*."""
        if isinstance(node, bool):
            return not node
        if id(node) not in self._negated:
            self._kept.append(node)
            self._negated[id(node)] = {"not": node}
        return self._negated[id(node)]

    def target(self, reference: str) -> Node:
        """The schema that `$ref` or `$dynamicRef` names inside *root*."""
        if reference not in self._targets:
            fragment = pointer.from_fragment(reference.removeprefix("#"))
            try:
                if not reference.startswith("#"):
                    raise KeyError(reference)
                found = (
                    pointer.resolve(self.root, fragment)
                    if fragment.startswith("/") or not fragment
                    else _anchored(self.root, fragment)
                )
            except KeyError:
                raise Unsupported(f"the reference {reference!r}") from None
            self._targets[reference] = found
        return self._targets[reference]

    def admits(self, nodes: Conjunction, value: Any, memo: Memo | None = None) -> bool:
        """Whether *value* has one of the alternatives (formats aside).

        *memo* remembers the answers for arrays and objects, as long as they live.
        """
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
        if type_of(value) not in shape.types or not keywords.plain_fit(
            shape, value, matches=self.matches
        ):
            return False
        if isinstance(value, dict):
            return all(
                self.admits(self.member(shape, name), member, memo)
                and (not shape.names or self.admits(conjunction(list(shape.names)), name))
                for name, member in value.items()
            )
        if isinstance(value, list):
            return all(
                self.admits(item_nodes(shape, index), item, memo)
                for index, item in enumerate(value)
            ) and all(self._contained(value, rule) for rule in shape.contains)
        return True

    def member(self, shape: Shape, name: str) -> Conjunction:
        """The schemas of the member called *name*, worked out once for each shape."""
        key = (id(shape), name)
        found = self._members.get(key)
        if found is None or found[0] is not shape:
            nodes = member_nodes(shape, name, matches=self.matches)
            if len(self._members) > _REMEMBERED:
                self._members.clear()
            found = self._members[key] = (shape, nodes)
        return found[1]

    def _contained(self, value: list[Any], rule: Any) -> bool:
        count = sum(self.admits((rule.node,), item) for item in value)
        return rule.low <= count and (rule.high is None or count <= rule.high)

    def _compute(self, node: Mapping[str, Any]) -> Shapes:
        own = keywords.own_shape(node)
        parts: list[Shapes] = [(own,) if own else ()]
        for reference in (node.get("$ref"), node.get("$dynamicRef"), node.get("$recursiveRef")):
            if isinstance(reference, str):
                parts.append(self.one(self.target(reference)))
        parts.extend(self.one(branch) for branch in node.get("allOf", ()))
        if "anyOf" in node:
            parts.append(tuple(shape for branch in node["anyOf"] for shape in self.one(branch)))
        if "oneOf" in node:
            parts.append(self._exactly_one(node["oneOf"]))
        if "not" in node:
            parts.append(self.denials(node["not"]))
        if "if" in node:
            parts.append(self._conditional(node))
        parts.extend(self._dependencies(node))
        return self._every(parts)

    def _every(self, parts: Iterable[Shapes]) -> Shapes:
        met: Shapes = (ANY,)
        for shapes in parts:
            pairs = ((one, other) for one in met for other in shapes)
            found = []
            for one, other in pairs:
                shape = meet(one, other)
                if shape is not None and self._satisfiable(shape, one, other):
                    found.append(shape)
                if len(found) >= _MET:
                    break
            met = _spread(found)
        return met

    def _satisfiable(self, shape: Shape, one: Shape, other: Shape) -> bool:
        """Whether the members that both sides speak of, and that must be there, can be."""
        if shape is one or shape is other:
            return True
        if shape.types == {"object"} and one.objects and other.objects:
            for name in shape.required:
                nodes = member_nodes(shape, name, matches=self.matches)
                busy = self._open.intersection(map(id, nodes))
                if len(nodes) > 1 and not busy and not self.of(nodes):
                    return False
        return shape.values is None or any(self.fits(shape, value) for value in shape.values)

    def _exactly_one(self, branches: list[Node]) -> Shapes:
        found: list[Shape] = []
        for index, branch in enumerate(branches):
            shapes = self.one(branch)
            for other in branches[:index] + branches[index + 1 :]:
                # Most branches exclude each other by a type or a constant: then there is nothing
                # to add.
                if shapes and self._every([shapes, self.one(other)]):
                    shapes = self._every([shapes, self.denials(other)])
            found.extend(shapes)
        return tuple(found)

    def _conditional(self, node: Mapping[str, Any]) -> Shapes:
        condition = node["if"]
        return (
            *self._every([self.denials(condition), self.one(node.get("else", True))]),
            *self._every([self.one(condition), self.one(node.get("then", True))]),
        )

    def _dependencies(self, node: Mapping[str, Any]) -> Iterable[Shapes]:
        for name, needed in keywords.dependencies(node):
            absent = replace(ANY, forbidden=frozenset([name]))
            other = consistent(replace(ANY, types=ANY.types - {"object"}))
            present = replace(ANY, types=frozenset(["object"]), required=(name,))
            then = (
                (replace(ANY, required=tuple(needed)),)
                if isinstance(needed, list)
                else self.one(needed)
            )
            objects = replace(absent, types=frozenset(["object"]))
            yield (
                objects,
                *self._every([(present,), then]),
                *((other,) if other else ()),
            )

    def _deny(self, node: Mapping[str, Any]) -> Iterable[Shape]:
        yield from keywords.own_denials(node, self)
        for reference in (node.get("$ref"), node.get("$dynamicRef"), node.get("$recursiveRef")):
            if isinstance(reference, str):
                yield from self.denials(self.target(reference))
        for branch in node.get("allOf", ()):
            yield from self.denials(branch)
        if "anyOf" in node:
            yield from self._every(self.denials(branch) for branch in node["anyOf"])
        if "oneOf" in node:
            yield from self._not_exactly_one(node["oneOf"])
        if "not" in node:
            yield from self.one(node["not"])
        if "if" in node:
            yield from self._every([self.one(node["if"]), self.denials(node.get("then", True))])
            yield from self._every([self.denials(node["if"]), self.denials(node.get("else", True))])

    def _not_exactly_one(self, branches: list[Node]) -> Iterable[Shape]:
        yield from self._every(self.denials(branch) for branch in branches)
        for index, branch in enumerate(branches):
            for other in branches[index + 1 :]:
                yield from self._every([self.one(branch), self.one(other)])


def _spread(shapes: list[Shape]) -> Shapes:
    if len(shapes) <= _KEPT:
        return tuple(shapes)
    return tuple(shapes[index * len(shapes) // _KEPT] for index in range(_KEPT))


def _anchored(root: Any, name: str) -> Node:
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            if name in (value.get("$anchor"), value.get("$dynamicAnchor")):
                return value
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    raise KeyError(name)
