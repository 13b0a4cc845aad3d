"""Make a given value conform, changing as little as the schema lets it.

What the schema accepts stays; a member that it forbids goes; what it requires is drawn; a value
that it rejects is replaced by the nearest one that it takes.
"""

from __future__ import annotations

from typing import Any

from troth.generation.generator import Generator, Natural
from troth.generation.graph import Graph, Node
from troth.generation.numbers import number_range
from troth.generation.source import Source, Unsatisfiable
from troth.schema.data_model import type_of

_DEEPEST = 64


class Fitter:
    """Fits values to the nodes of *graph*; what is missing is drawn from *source*."""

    __slots__ = ("_generator", "_policy", "_source")

    def __init__(self, graph: Graph, policy: Natural, source: Source) -> None:
        self._generator = Generator(graph, policy)
        self._policy = policy
        self._source = source

    def fit(self, node: Node, value: Any, depth: int = 0, name: str = "") -> Any:
        """The value nearest to *value* that *node* accepts, for a member.  Raises Unsatisfiable."""
        if node.reason is not None:
            raise Unsatisfiable(node.reason)
        if node.accepts(value) and not node.made:
            return value
        self._source.spend()
        if depth > _DEEPEST:
            raise Unsatisfiable("it nests without end")
        fitted = (
            self._branch(node, value, depth, name)
            if node.choices
            else self._typed(node, value, depth, name)
        )
        return fitted if node.accepts(fitted) else self._draw(node, depth, name)

    def _draw(self, node: Node, depth: int, name: str) -> Any:
        return self._policy.draw(self._generator, node, self._source, depth, name)

    def _branch(self, node: Node, value: Any, depth: int, name: str) -> Any:
        best: tuple[int, Any] | None = None
        last = Unsatisfiable("its schemas exclude one another")
        for branch in node.alternatives():
            try:
                fitted = self.fit(branch, value, depth + 1, name)
            except Unsatisfiable as fault:
                last = fault
                continue
            if node.accepts(fitted):
                distance = _distance(value, fitted)
                if best is None or distance < best[0]:
                    best = (distance, fitted)
        if best is None:
            raise last
        return best[1]

    def _typed(self, node: Node, value: Any, depth: int, name: str) -> Any:
        shape = node.shape
        kind = type_of(value)
        if shape.values is not None:
            return _nearest(node, value)
        if kind not in shape.types and not (kind == "integer" and "number" in shape.types):
            return self._draw(node, depth, name)
        if kind == "object":
            return self._object(node, value, depth)
        if kind == "array":
            return self._array(node, value, depth, name)
        if kind == "string":
            cut = value if shape.max_length is None else value[: shape.max_length]
            return cut if node.accepts(cut) else self._draw(node, depth, name)
        if kind in ("integer", "number"):
            return number_range(shape, "number").clamp(value)
        return value

    def _object(self, node: Node, value: dict[str, Any], depth: int) -> dict[str, Any]:
        shape = node.shape
        members: dict[str, Any] = {}
        for name, child in value.items():
            try:
                members[name] = self.fit(node.member(name), child, depth + 1, name)
            except Unsatisfiable:
                if name in shape.required:
                    raise
        needed = dict.fromkeys(shape.required)
        for name, others in shape.dependent:
            if name in members:
                needed.update(dict.fromkeys(others))
        for name in needed:
            if name not in members:
                members[name] = self._draw(node.member(name), depth + 1, name)
        most = shape.max_properties
        for name in reversed(list(members)):
            if most is not None and len(members) > most and name not in needed:
                del members[name]
        self._generator.extend(shape, members, self._source, depth)
        return members

    def _array(self, node: Node, value: list[Any], depth: int, name: str) -> list[Any]:
        shape = node.shape
        items: list[Any] = []
        for index, child in enumerate(value[: shape.max_items]):
            try:
                items.append(self.fit(node.item(index), child, depth + 1, name))
            except Unsatisfiable:
                if len(value) <= shape.min_items:
                    raise
        while len(items) < shape.min_items:
            items.append(self._draw(node.item(len(items)), depth + 1, name))
        return items


def _nearest(node: Node, value: Any) -> Any:
    """The value of the enum at *node* that is most like *value*."""
    offered = node.examples
    if not offered:
        raise Unsatisfiable("none of its enum's values conforms")
    same_type = [one for one in offered if type_of(one) == type_of(value)]
    if isinstance(value, str) and same_type:
        return max(same_type, key=lambda one: _alike(value, one))
    return (same_type or offered)[0]


def _alike(left: str, right: str) -> int:
    """How many leading characters two words share, letter case aside."""
    count = 0
    for one, other in zip(left.casefold(), right.casefold(), strict=False):
        if one != other:
            break
        count += 1
    return count


def _distance(left: Any, right: Any) -> int:
    """How many scalars, members and items differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        names = left.keys() | right.keys()
        return sum(
            _distance(left[name], right[name]) if name in left and name in right else 4
            for name in names
        )
    if isinstance(left, list) and isinstance(right, list):
        pairs = zip(left, right, strict=False)
        return sum(_distance(a, b) for a, b in pairs) + 4 * abs(len(left) - len(right))
    if type(left) is type(right):
        return 0 if left == right else 1
    return 8
