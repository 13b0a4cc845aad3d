"""Instances of a schema: total, deterministic, bounded, and always conforming.

`synthesize` draws an instance, `fit` makes a given one conform.  Valid examples come first, then
natural values for formats and telling names.  Every instance has passed `Schema.is_valid` before
it is handed out; where drawing fails, the schema algebra is asked for a witness, and when that
has none either, `Unsatisfiable` says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from troth.errors import TrothError
from troth.generation.fast_source import Dead, Dice
from troth.generation.fitting import fit as _fit
from troth.generation.worlds import node_of, witness
from troth.schema.schema import Schema
from troth.seed import Seed

__all__ = ["Unsatisfiable", "fit", "synthesize"]

_ATTEMPTS = 12


class Unsatisfiable(TrothError):
    """No instance of the schema was found; *reason* says what stands in the way."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(pointer, reason)
        self.pointer = pointer
        self.reason = reason

    def __str__(self) -> str:
        return f"no value satisfies the schema at #{self.pointer}: {self.reason}"


def synthesize(schema: Schema, *, seed: Seed, optional: bool = True) -> Any:
    """Draw an instance of *schema*: the same one for the same *seed*.

    With *optional* false only required members are drawn.  Raises Unsatisfiable.
    """
    node = node_of(schema)
    reason = node.dead or ""
    for dice in _attempts(seed, rich=256 if optional else 0):
        try:
            found = node.draw(dice)
        except (Dead, RecursionError) as fault:
            reason = reason or str(fault)
            continue
        if schema.is_valid(found):
            return found
    return _last_resort(schema, reason)


def fit(schema: Schema, value: Any, *, seed: Seed) -> Any:
    """The instance of *schema* nearest to *value*, which is left as it was.

    Raises Unsatisfiable.
    """
    if schema.is_valid(value):
        return value
    node = node_of(schema)
    reason = node.dead or ""
    for dice in _attempts(seed, rich=0):
        try:
            found = _fit(node, deepcopy(value), dice)
        except (Dead, RecursionError) as fault:
            reason = reason or str(fault)
            continue
        if schema.is_valid(found):
            return found
    return synthesize(schema, seed=seed, optional=False)


def _attempts(seed: Seed, *, rich: int) -> Iterator[Dice]:
    """Dice for one attempt after the other: first as natural as can be, then more careful."""
    yield Dice(seed, rich=rich)
    for attempt in range(1, _ATTEMPTS):
        readiness = (rich, rich // 2, 0)[attempt % 3]
        yield Dice(seed.child("attempt", attempt), rich=readiness, checks=True)


def _last_resort(schema: Schema, reason: str) -> Any:
    found, proved = witness(schema)
    if found is not None and schema.is_valid(found[0]):
        return found[0]
    if proved:
        reason = "it is unsatisfiable" + (f" ({reason})" if reason else "")
    raise Unsatisfiable(schema.pointer, reason or "drawing found no value that conforms")
