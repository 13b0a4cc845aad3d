"""What a schema declares, so that laws can read every declared member, present or not.

A law says `request.n == null` of a request that never heard of `n`.  `Shape.read` gives the
instance with its declared but absent members as null, and makes every value one that CEL can
hold: it follows the schema lazily along the instance and judges nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from troth import pointer as pointers
from troth.schema.applicators import applying, below

#: How deep a value may nest: the CEL library recurses on the C stack, without a guard.
DEPTH = 256


class TooDeep(ValueError):
    """A value nests deeper than DEPTH."""


class Shapes:
    """The shapes of one document, each made once; *root* is the document's JSON value."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._made: dict[tuple[int, ...], Shape] = {}

    def at(self, *schema_pointers: str) -> Shape:
        """The shape of the schemas at *schema_pointers*: what any of them declares."""
        nodes = [pointers.find(self.root, pointer) for pointer in schema_pointers]
        return self.of(node for node in nodes if node is not None)

    def of(self, schemas: Iterable[Any]) -> Shape:
        """The shape of *schemas*, nodes of the document."""
        nodes = tuple(schemas)
        # the nodes live as long as the document does, so their ids name them
        key = tuple(id(node) for node in nodes)
        made = self._made.get(key)
        if made is None:
            made = self._made.setdefault(key, Shape(self, nodes))
        return made

    def expand(self, nodes: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
        """*nodes* with all that they refer to and branch into, each once."""
        return (node for _, node in applying(self.root, (("", node) for node in nodes)))


def _objects(node: Mapping[str, Any], keyword: str) -> list[Any]:
    """The schemas of *keyword* that say more than true or false."""
    return [inner for _, inner in below(node, keyword) if isinstance(inner, Mapping)]


class Shape:
    """What a set of schemas declares: members by name, the entries of arrays, other members."""

    __slots__ = ("_declared", "_shapes", "nodes")

    def __init__(self, shapes: Shapes, nodes: tuple[Any, ...]) -> None:
        self._shapes = shapes
        self.nodes = nodes
        self._declared: tuple[Mapping[str, Shape], Shape | None, Shape | None] | None = None

    def declared(self) -> tuple[Mapping[str, Shape], Shape | None, Shape | None]:
        """The declared members, the shape of array entries, the shape of any other member."""
        if self._declared is None:
            members: dict[str, list[Any]] = {}
            entries: list[Any] = []
            others: list[Any] = []
            for node in self._shapes.expand(self.nodes):
                properties = node.get("properties")
                if isinstance(properties, Mapping):
                    for name, schema in properties.items():
                        members.setdefault(name, []).append(schema)
                entries += (inner for _, inner in below(node, "prefixItems"))
                entries += _objects(node, "items")
                others += _objects(node, "additionalProperties")
            self._declared = (
                {name: self._shapes.of(found) for name, found in members.items()},
                self._shapes.of(entries) if entries else None,
                self._shapes.of(others) if others else None,
            )
        return self._declared

    def member(self, name: str) -> Shape | None:
        """The shape of the member *name* of an object."""
        members, _, others = self.declared()
        return members.get(name, others)


def read(value: Any, shape: Shape | None, depth: int = DEPTH) -> Any:
    """*value* as laws see it: declared but absent members are null, all of it fit for CEL.

    An integral float becomes an integer (JSON Schema 2020-12 §6.1.1 counts 1.0 as one), because
    CEL does not add the two, and one beyond 64 bits becomes a float; a lone surrogate becomes
    U+FFFD.  Raises TooDeep.
    """
    if isinstance(value, str):
        return value if value.isascii() else _scalar_values(value)
    if isinstance(value, dict):
        if depth == 0:
            raise TooDeep
        return _read_object(value, shape, depth - 1)
    if isinstance(value, list):
        if depth == 0:
            raise TooDeep
        entry = shape.declared()[1] if shape else None
        return [read(part, entry, depth - 1) for part in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return math.inf if value.bit_length() > 1023 else float(value)
    return value


def _read_object(value: dict[str, Any], shape: Shape | None, depth: int) -> dict[str, Any]:
    if shape is None:
        return {read(name, None): read(part, None, depth) for name, part in value.items()}
    members, _, others = shape.declared()
    seen = {
        read(name, None): read(part, members.get(name, others), depth)
        for name, part in value.items()
    }
    for name in members:
        if name not in seen:
            seen[name] = None
    return seen


def _scalar_values(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
