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
from troth.schema.applicators import applying, resolve

#: How deep a value may nest: the CEL library recurses on the C stack, without a guard.
DEPTH = 256

_BRANCHES = ("allOf", "oneOf", "anyOf", "then", "else")


class TooDeep(ValueError):
    """A value nests deeper than DEPTH."""


class Shapes:
    """The shapes of one document, each made once; *root* is the document's JSON value."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._made: dict[tuple[int, ...], Shape] = {}

    def of(self, schemas: Iterable[Any]) -> Shape:
        """The shape of *schemas*, nodes of the document."""
        nodes = tuple(schemas)
        # the nodes live as long as the document does, so their ids name them
        key = tuple(id(node) for node in nodes)
        made = self._made.get(key)
        if made is None:
            made = self._made.setdefault(key, Shape(self, nodes))
        return made

    def applying(self, nodes: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
        """*nodes* with all that they refer to and branch into, each once."""
        starts = [("", node) for node in nodes]
        return (node for _, node in applying(self.root, starts, keywords=_BRANCHES))


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
            for node in self._shapes.applying(self.nodes):
                properties = node.get("properties")
                if isinstance(properties, Mapping):
                    for name, schema in properties.items():
                        members.setdefault(name, []).append(schema)
                prefix = node.get("prefixItems")
                entries.extend(prefix if isinstance(prefix, list) else ())
                entries.extend(
                    node[key] for key in ("items",) if isinstance(node.get(key), Mapping)
                )
                if isinstance(node.get("additionalProperties"), Mapping):
                    others.append(node["additionalProperties"])
            self._declared = (
                {name: self._shapes.of(schemas) for name, schemas in members.items()},
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


def shapes_of(root: Any, operation: str) -> dict[str, Shape]:
    """What the schemas of the operation at the pointer *operation* declare of each variable."""
    node, shapes = pointers.resolve(root, operation), Shapes(root)
    requests = [entry["schema"] for entry in _content(root, node.get("requestBody"), "schema")]
    responses: list[Any] = []
    items: list[Any] = []
    declared = node.get("responses")
    for status, response in declared.items() if isinstance(declared, Mapping) else ():
        if status.startswith(("2", "default")):
            responses += [entry["schema"] for entry in _content(root, response, "schema")]
            for entry in _content(root, response, "itemSchema"):
                items += _data(shapes, entry["itemSchema"])
    events = [{"type": "array", "items": item} for item in items]
    described = {"request": requests, "response": responses, "events": events}
    described |= {"first": responses, "again": responses}
    return {name: shapes.of(nodes) for name, nodes in described.items() if nodes}


def _content(root: Any, node: Any, member: str) -> Iterator[Mapping[str, Any]]:
    """The media types of a body or response, its references followed, that have *member*."""
    while (target := resolve(root, node)) is not None:
        node = target[1]
    content = node.get("content") if isinstance(node, Mapping) else None
    for entry in content.values() if isinstance(content, Mapping) else ():
        if isinstance(entry, Mapping) and member in entry:
            yield entry


def _data(shapes: Shapes, item: Any) -> Iterator[Any]:
    """What the JSON in the data of an event, held to *item*, is held to itself."""
    for node in shapes.applying([item]):
        data = (node.get("properties") or {}).get("data")
        for inner in shapes.applying([data]):
            if "contentSchema" in inner:
                yield inner["contentSchema"]
