"""The places of a value with what the schema asks of each: where a mutation can strike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.generation.graph import Graph, Memo
from troth.generation.shape import Conjunction, Shape, conjunction, declared_names, item_nodes

Token = str | int
_DEEPEST = 12
# Items beyond these have the same schemas again, and a long array would only repeat them.
_ITEMS = 8


class Absent:
    """The mark of a member that is taken out."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


#: What a reference has that says nothing of a value beside what it refers to.
_REFERENCE = frozenset({"$ref", "description", "title", "summary", "example", "examples"})


@dataclass(frozen=True, slots=True, eq=False)
class Location:
    """A place of a value: *nodes* are its schemas, *shape* the alternative that *value* has.

    *required* says that the member must be there; *label* tells places with the same schemas
    apart: the member's name where the schema declares it, `*` for others, `#` for items.
    """

    tokens: tuple[Token, ...]
    nodes: Conjunction
    shape: Shape
    value: Any
    required: bool = True
    label: str = ""

    @property
    def pointer(self) -> str:
        """The JSON Pointer of the place."""
        return pointers.of(self.tokens)


def locations(
    graph: Graph,
    nodes: Conjunction,
    value: Any,
    *,
    tokens: tuple[Token, ...] = (),
    required: bool = True,
    label: str = "",
    memo: Memo | None = None,
) -> Iterator[Location]:
    """Every place of *value*, outer ones first; *value* satisfies *nodes*."""
    # The walk holds the value, so what is remembered of its parts by identity stays true.
    memo = {} if memo is None else memo
    shape = shape_of(graph, nodes, value, memo)
    if shape is None or len(tokens) > _DEEPEST:
        return
    yield Location(tokens, nodes, shape, value, required, label)
    if isinstance(value, dict):
        declared = set(declared_names(shape))
        for name, member in value.items():
            inner = graph.member(shape, name)
            if not inner and name not in declared:
                continue  # anything goes here and further in: nothing to break
            yield from locations(
                graph,
                inner,
                member,
                tokens=(*tokens, name),
                required=name in shape.required,
                label=name if name in declared else "*",
                memo=memo,
            )
    elif isinstance(value, list):
        for index, item in enumerate(value[:_ITEMS]):
            inner = item_nodes(shape, index)
            if inner and shape.arrays:
                yield from locations(
                    graph, inner, item, tokens=(*tokens, index), label="#", memo=memo
                )


def shape_of(
    graph: Graph, nodes: Conjunction, value: Any, memo: Memo | None = None
) -> Shape | None:
    """The alternative that *value* has, the one that says most of its members."""
    memo = {} if memo is None else memo
    fitting = [shape for shape in graph.of(nodes) if graph.fits(shape, value, memo)]
    if isinstance(value, dict) and len(fitting) > 1:
        return max(fitting, key=lambda shape: sum(name in shape.required for name in value))
    return fitting[0] if fitting else None


def resolved(graph: Graph, nodes: Conjunction) -> tuple[int, ...]:
    """What two places with the same schemas share, however they refer to them."""
    branches: list[Any] = []
    for node in nodes:
        seen = 0
        while isinstance(node, dict) and "$ref" in node and node.keys() <= _REFERENCE and seen < 32:
            node, seen = graph.places.target(node["$ref"]), seen + 1
        branches.append(node)
    return tuple(id(node) for node in conjunction(branches))


def put(value: Any, tokens: Sequence[Token], replacement: Any) -> Any:
    """A copy of *value* in which the place at *tokens* holds *replacement* (or nothing).

    Raises LookupError, TypeError or ValueError where *value* has no such place.
    """
    if not tokens:
        return replacement
    head, rest = tokens[0], tokens[1:]
    if isinstance(value, dict):
        if not rest and replacement is ABSENT:
            return {name: item for name, item in value.items() if name != head}
        return {**value, str(head): put(value.get(str(head), {}), rest, replacement)}
    if not isinstance(value, list):
        raise TypeError(head)  # a text is a sequence too, and holds no places
    items, index = list(value), int(head)
    if not rest and replacement is ABSENT:
        return items[:index] + items[index + 1 :]
    items[index] = put(items[index], rest, replacement)
    return items
