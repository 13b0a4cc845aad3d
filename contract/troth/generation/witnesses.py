"""Small instances that show something: that a schema has values, that two schemas share some.

Candidates are built by the one generator with the smallest choices; whatever is handed out has
been validated.  Where there is none the algebra of `proofs` may say why, and it is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from troth.generation.generator import Edges, Generator
from troth.generation.graph import graph_of
from troth.generation.shape import Conjunction
from troth.generation.source import Smallest, Unsatisfiable
from troth.schema import proofs
from troth.schema.proofs import Verdict
from troth.schema.schema import Schemas

#: The types of candidates, the smallest first.
_KINDS = ("null", "boolean", "integer", "number", "string", "array", "object")


@dataclass(frozen=True, slots=True)
class Witness:
    """An instance that shows something; a value of its own, since the instance may be null."""

    instance: Any


@dataclass(frozen=True, slots=True)
class Overlap:
    """Whether two schemas share a value; *witness* is one, when the verdict is "yes"."""

    verdict: Verdict
    witness: Witness | None = None


def witness(schemas: Schemas, pointer: str) -> Witness | None:
    """A small instance of the schema at *pointer*; None where none was found."""
    schema = schemas.at(pointer)
    return _first(schemas, (schema.prepared,), schema.is_valid)


def satisfiability(schemas: Schemas, pointer: str) -> Verdict:
    """Whether any value satisfies the schema at *pointer*."""
    verdict = proofs.satisfiability(schemas, pointer)
    if verdict == "unknown" and witness(schemas, pointer) is not None:
        return "yes"
    return verdict


def overlap(schemas: Schemas, one: str, other: str, *, union: str | None = None) -> Overlap:
    """Whether a value satisfies both the schema at *one* and the one at *other*.

    If they are branches of the schema at *union*, it has to satisfy what stands beside them too.
    """
    beside = None if union is None else proofs.beside(schemas, union)
    are_disjoint = proofs.are_disjoint(schemas, one, other, beside=beside)
    if are_disjoint is not False:
        return Overlap("no" if are_disjoint else "unknown")
    first, second = schemas.at(one), schemas.at(other)
    nodes = (first.prepared, second.prepared)

    def fits(value: Any) -> bool:
        return (
            first.is_valid(value)
            and second.is_valid(value)
            and (beside is None or beside.fits(value))
        )

    whole = nodes if beside is None else (*nodes, beside.schema)
    shown = next(filter(None, (_first(schemas, each, fits) for each in (whole, *zip(nodes)))), None)
    return Overlap("yes", shown) if shown else Overlap("unknown")


def _first(schemas: Schemas, nodes: Conjunction, fits: Callable[[Any], bool]) -> Witness | None:
    return next((Witness(one) for one in instances(schemas, nodes) if fits(one)), None)


def instances(schemas: Schemas, nodes: Conjunction) -> Iterator[Any]:
    """Candidates for a value that all of *nodes* accept, smallest first."""
    graph = graph_of(schemas)
    generator = Generator(graph, Edges(depth=1))
    try:
        shapes = graph.of(nodes)
    except Unsatisfiable:
        return
    for shape in shapes:
        yield from shape.values or ()
    for kind in _KINDS:
        for shape in shapes:
            if shape.values is None and kind in shape.types:
                try:
                    yield _plain(generator.of_kind(shape, kind, Smallest(), 0, ""))
                except (Unsatisfiable, RecursionError):
                    continue


def _plain(value: Any) -> Any:
    """*value* in its simplest writing: names in order, whole numbers without a fraction."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
