"""What a run sends: cases, made of the document alone, without I/O and always the same.

In the order of a run: the deck of each operation, the boundary walk, the transport's cases, then
random ones.  Each phase is free of requests that an earlier case of it sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from troth.conformance.cases.boundary import boundary
from troth.conformance.cases.case import Case, Intent, Subject, deduplicated, subject
from troth.conformance.cases.feature_cases import deck
from troth.conformance.cases.protocol_cases import unknown_paths, wire
from troth.conformance.cases.random_cases import chance
from troth.generation.request_writer import CREDENTIAL
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.seed import Seed

__all__ = [
    "CREDENTIAL",
    "Case",
    "Intent",
    "Subject",
    "boundary_cases",
    "deck_cases",
    "random_cases",
    "subjects",
    "transport_cases",
]

_BOUNDARY = 540


def subjects(
    contract: Contract,
    *,
    operations: Sequence[Operation] | None = None,
    overrides: Mapping[str, Any] | None = None,
    second: Contract | None = None,
) -> tuple[Subject, ...]:
    """The operations under test, each with what its requests are made of.

    *overrides* (by JSON Pointer or dotted name) are member values that a deployment needs.  A
    subject with a *fault* has no cases.  *second* is the overlaid document where *contract* is
    the published one: what only its `x-troth-` fields say helps there too.
    """
    wanted = contract.operations if operations is None else operations
    return tuple(
        subject(contract, operation, overrides=overrides, second=second) for operation in wanted
    )


def sound(tested: Sequence[Subject]) -> list[Subject]:
    """Those of *tested* for which there are valid requests."""
    return [one for one in tested if not one.fault]


def deck_cases(
    tested: Sequence[Subject], *, overrides: Mapping[str, Any] | None = None
) -> list[Case]:
    """The requests that the document implies; pass the *overrides* that the subjects have."""
    return deduplicated([case for one in sound(tested) for case in deck(one, overrides=overrides)])


def boundary_cases(tested: Sequence[Subject], *, limit: int = _BOUNDARY) -> list[Case]:
    """Each member of each body, one step inside and outside its limits; *limit* for all bodies."""
    bodies = max(1, sum(one.made is not None for one in tested))
    return deduplicated(
        [case for one in sound(tested) for case in boundary(one, limit=limit // bodies)]
    )


def transport_cases(tested: Sequence[Subject]) -> list[Case]:
    """Credentials, methods, paths, content types, broken JSON and Accept."""
    cases = [case for one in sound(tested) for case in wire(one)]
    for one in sound(tested)[:1]:
        cases[-1:-1] = list(unknown_paths(one))
    return deduplicated_in_order(cases)


def deduplicated_in_order(cases: Sequence[Case]) -> list[Case]:
    """*cases* deduplicated, except those that repeat an earlier one on purpose."""
    repeated = [case for case in cases if case.id.endswith("-again")]
    return deduplicated([case for case in cases if case not in repeated]) + repeated


def random_cases(
    tested: Sequence[Subject], seed: Seed, *, overrides: Mapping[str, Any] | None = None
) -> Iterator[Case]:
    """Random requests without end, to each operation in turn."""
    streams = [chance(one, seed, overrides=overrides) for one in sound(tested)]
    while streams:
        for stream in streams:
            yield next(stream)
