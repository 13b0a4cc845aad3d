"""From a compiled `Schema` to its node: one world per document, kept as long as its schemas."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from troth.errors import SpecError
from troth.generation.nodes import Node, World
from troth.schema import proofs
from troth.schema.schema import Schema, Schemas
from troth.schema.untrusted_schema import UnusableSchema, embedded

_worlds: WeakKeyDictionary[Schemas, World] = WeakKeyDictionary()


def node_of(schema: Schema) -> Node:
    """The node for *schema*, compiled once."""
    return world_of(schema.schemas).node((schema.prepared,))


def world_of(schemas: Schemas) -> World:
    """The world of the document that *schemas* compiles."""
    found = _worlds.get(schemas)
    if found is None:
        root = schemas.prepared.root

        def at(where: str) -> Callable[[Any], bool]:
            try:
                return schemas.at(where).is_valid
            except SpecError:
                return _nothing

        found = _worlds[schemas] = World(root, at=at, search=search)
    return found


@lru_cache(maxsize=1024)
def search(pattern: str) -> Callable[[Any], bool]:
    """Whether a string matches *pattern*, by the engine of the validator (ECMA, bounded)."""
    try:
        return embedded({"pattern": pattern}).is_valid
    except UnusableSchema:
        return _nothing


def _nothing(value: Any) -> bool:
    return False


def witness(schema: Schema) -> tuple[tuple[Any] | None, bool]:
    """An instance that the schema algebra finds, in a tuple, and whether it proves there is none.

    A tuple, since the instance may be null.
    """
    found = proofs.witness(schema.schemas, schema.pointer)
    if found is not None:
        return (found.instance,), False
    return None, proofs.satisfiability(schema.schemas, schema.pointer) == "no"
