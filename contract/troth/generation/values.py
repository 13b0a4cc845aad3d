"""Instances of a schema: total, deterministic, bounded, and always conforming.

`synthesize` draws one natural instance and `fit` makes a given one conform, for the mock; `value`
draws one from any source of choices, for tests and runs.  What is built is valid by construction;
every instance has passed `Schema.is_valid` all the same before it is handed out.  Where building
fails it is tried again with more care, then the smallest instance is looked for, and when there is
none either, `Unsatisfiable` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from troth.generation.fitting import Fitter
from troth.generation.generator import Edges, Generator, Natural
from troth.generation.graph import Node, graph_of, node_of
from troth.generation.shape import Conjunction
from troth.generation.source import Quick, Source, Unsatisfiable
from troth.generation.witnesses import witness
from troth.schema import proofs
from troth.schema.schema import Schema
from troth.seed import Seed

__all__ = ["Unsatisfiable", "fit", "generator_of", "synthesize", "value"]

_ATTEMPTS = 12
_TRIES = 3
_EDGES = Edges()


def synthesize(
    schema: Schema,
    *,
    seed: Seed,
    optional: bool = True,
    name: str = "",
    beside: Conjunction = (),
    length: int | None = None,
    given: Mapping[str, Any] | None = None,
) -> Any:
    """Draw a natural instance of *schema*: the same one for the same *seed*.

    With *optional* false only required members are drawn.  *name* is what it is called, or of what
    it is; *length* how many items its list has, where the schema lets it.  It agrees with the
    members that are *given*, and is what *beside* asks for as well, where there is such a one.
    Raises Unsatisfiable.
    """
    node = node_of(schema, beside)
    if beside and node.reason is not None:
        node = node_of(schema)

    def draw(policy: Natural, source: Quick) -> Any:
        if not policy.checks:
            policy.length, policy.subject.given = length, given or {}
            source.fuel *= 1 + (length or 0) // 4
        return policy.draw(Generator(node.graph, policy), node, source, 0, name)

    drawn, reason = _first(schema, node, draw, seed, rich=256 if optional else 0)
    return _last_resort(schema, reason) if drawn is None else drawn[0]


def fit(schema: Schema, value: Any, *, seed: Seed) -> Any:
    """The instance of *schema* nearest to *value*, which is left as it was; or Unsatisfiable."""
    if schema.is_valid(value):
        return value
    node = node_of(schema)

    def draw(policy: Natural, source: Source) -> Any:
        return Fitter(node.graph, policy, source).fit(node, deepcopy(value))

    drawn, _ = _first(schema, node, draw, seed, rich=0)
    return synthesize(schema, seed=seed, optional=False) if drawn is None else drawn[0]


def value(schema: Schema, source: Source, *, beside: Conjunction = ()) -> Any:
    """A valid value of *schema* (and of *beside*), as tests and runs want it; or Unsatisfiable."""
    generator = generator_of(schema)
    nodes = (schema.prepared, *beside)
    if beside and not generator.graph.of(nodes):
        nodes = (schema.prepared,)
    for _ in range(_TRIES):
        try:
            value = generator.value(nodes, source)
        except (Unsatisfiable, RecursionError):
            continue
        if schema.is_valid(value):
            return value
    return synthesize(schema, seed=Seed.of(source.below(1 << 16)))


def generator_of(schema: Schema) -> Generator:
    """The generator of the values that tests and runs want of *schema* and its neighbours."""
    return Generator(graph_of(schema.schemas), _EDGES)


def _first(
    schema: Schema, node: Node, draw: Callable[[Natural, Quick], Any], seed: Seed, *, rich: int
) -> tuple[tuple[Any] | None, str]:
    """The first instance that is valid (in a tuple: it may be null), and why others were not."""
    reason = node.reason or ""
    for policy, source in _attempts(seed, rich=rich):
        try:
            value = draw(policy, source)
        except (Unsatisfiable, RecursionError) as fault:
            reason = reason or (fault.reason if isinstance(fault, Unsatisfiable) else str(fault))
            continue
        if schema.is_valid(value):
            return (value,), reason
    return None, reason


def _attempts(seed: Seed, *, rich: int) -> Iterator[tuple[Natural, Quick]]:
    """What one attempt after the other is made with: naturally first, then with more care."""
    yield Natural(rich=rich), Quick(seed)
    for attempt in range(1, _ATTEMPTS):
        readiness = (rich, rich // 2, 0)[attempt % 3]
        yield Natural(rich=readiness, checks=True), Quick(seed.child("attempt", attempt))
    yield Natural(rich=0, checks=True, asks=True), Quick(seed.child("another"))


def _last_resort(schema: Schema, reason: str) -> Any:
    """The smallest instance there is.  Raises Unsatisfiable, with the algebra's word on it."""
    smallest = witness(schema.schemas, schema.pointer)
    if smallest is not None:
        return smallest.instance
    unsatisfiable = proofs.satisfiability(schema.schemas, schema.pointer) == "no"
    is_text = isinstance(schema.prepared, dict) and schema.prepared.get("type") == "string"
    if not (unsatisfiable or schema.schemas.document.openapi or is_text):
        # it arrived by itself, and is a JSON Schema that others read; texts have been asked for
        from troth.generation.independent import instances

        others = instances(schema.prepared, schema.is_valid)
        if others:
            return others[0]
    if unsatisfiable:
        reason = "it is unsatisfiable" + (f" ({reason})" if reason else "")
    raise Unsatisfiable(reason or "drawing found no value that conforms", pointer=schema.pointer)
