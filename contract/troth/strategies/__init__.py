"""Values and requests that a document allows, and such as it forbids: for tests and for runs.

Schemas are compiled to generators of our own (`alternatives`, `generate`) that build a value
outright, with choices that come from dice: a seed's for a deterministic run, Hypothesis' for a
property-based test.  Hypothesis is imported only when one of its strategies is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from troth.contract import Contract
from troth.exchange import Request
from troth.operation import Operation
from troth.schema import Schema
from troth.strategies import bodies, composing
from troth.strategies.assembling import BASIC_CREDENTIAL, CREDENTIAL, assemble, with_credential
from troth.strategies.breaking import NothingToBreak, broken
from troth.strategies.dice import Dice, Seeded, Simplest
from troth.strategies.mutations import Mutation, mutations
from troth.strategies.simplify import Shrinker, simplify

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = [
    "BASIC_CREDENTIAL",
    "CREDENTIAL",
    "Dice",
    "Mutation",
    "NothingToBreak",
    "Seeded",
    "Shrinker",
    "Simplest",
    "assemble",
    "mutations",
    "operation_strategy",
    "simplify",
    "strategy",
    "with_credential",
]


def strategy(schema: Schema, *, valid: bool = True) -> SearchStrategy[Any]:
    """A Hypothesis strategy of the values that *schema* accepts, or (*valid* false) rejects."""
    from troth.strategies import foreign, search

    if valid and not bodies.buildable(schema):
        return foreign.values(schema)

    def build(dice: Dice) -> Any:
        value = bodies.value(schema, dice)
        return value if valid else broken(schema, value, dice)

    return search.drawing(build)


def operation_strategy(
    contract: Contract,
    operation: Operation,
    *,
    valid: bool = True,
    overrides: Mapping[str, Any] | None = None,
) -> SearchStrategy[Request]:
    """A Hypothesis strategy of requests to *operation* that the document allows, or forbids.

    *overrides* are values that every body gets, by JSON Pointer or dotted name: what a deployment
    needs (`{"/model": "tiny"}`).  A request's credential is the placeholder CREDENTIAL.
    """
    from troth.strategies import search

    def build(dice: Dice) -> Request:
        return composing.request(contract, operation, dice, valid=valid, overrides=overrides or {})

    return search.drawing(build)
