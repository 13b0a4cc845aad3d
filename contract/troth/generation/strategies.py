"""Values and requests that a document allows, and such as it forbids: for tests and for runs.

Schemas are compiled to generators of our own (`alternatives`, `generate`) that build a value
outright, with choices that come from dice: a seed's for a deterministic run, Hypothesis' for a
property-based test.  Hypothesis is imported only when one of its strategies is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from troth.generation import bodies, requests
from troth.generation.breaking import NothingToBreak, broken
from troth.generation.mutations import Mutation, mutations
from troth.generation.request_writer import BASIC_CREDENTIAL, CREDENTIAL, assemble, with_credential
from troth.generation.shrinking import Shrinker, simplify
from troth.generation.source import Dice, Seeded, Simplest
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.schema.schema import Schema

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
    from troth.generation import foreign, hypothesis_source

    if valid and not bodies.buildable(schema):
        return foreign.values(schema)

    def build(dice: Dice) -> Any:
        value = bodies.value(schema, dice)
        return value if valid else broken(schema, value, dice)

    return hypothesis_source.drawing(build)


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
    from troth.generation import hypothesis_source

    def build(dice: Dice) -> Request:
        return requests.request(contract, operation, dice, valid=valid, overrides=overrides or {})

    return hypothesis_source.drawing(build)
