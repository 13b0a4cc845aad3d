"""What a run is going to send: the cases of each phase, as many as the settings allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from troth.conformance.cases import (
    Case,
    Subject,
    boundary_cases,
    deck_cases,
    random_cases,
    transport_cases,
)
from troth.conformance.cases import subjects as all_subjects
from troth.conformance.settings import Settings
from troth.generation.requests import overridden
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.seed import Seed

#: How many random cases a run has at the most: the deck and the walk have told most by then.
_RANDOM = 120
#: Of the requests that a run may send, so many in a hundred are planned; the rest confirms and
#: shrinks what is found.
_PLANNED = 90
_REMEMBERED = "remembered-"


def subjects(
    contract: Contract, settings: Settings, *, second: Contract | None = None
) -> dict[str, Subject]:
    """The operations under test by name, as `only` chooses them.

    *second* is the overlaid document where *contract* is the published one.
    """
    wanted = {word for word in settings.only if word in _names(contract)}
    operations = [
        operation
        for operation in contract.operations
        if (not wanted or wanted & {operation.name, operation.operation_id})
        and not _is_shadowed(contract, operation)
    ]
    found = all_subjects(
        contract, operations=operations, overrides=settings.overrides, second=second
    )
    return {one.operation.name: one for one in found}


def codes(contract: Contract, settings: Settings) -> list[str]:
    """The codes that `only` keeps; none: all."""
    return [word for word in settings.only if word not in _names(contract)]


def cases(
    tested: Iterable[Subject],
    phase: str,
    settings: Settings,
    *,
    remembered: Callable[[str], Iterable[Any]] = lambda operation: (),
) -> list[Case]:
    """The cases of one *phase*, in the order in which they are sent.

    *remembered* gives the bodies, by operation, that showed something in earlier runs: they are
    sent before all else.
    """
    chosen = tuple(tested)
    known = _remembered(chosen, settings, remembered) if phase == settings.phases[0] else ()
    return [*known, *_cases(chosen, phase, settings)]


def _remembered(
    tested: Iterable[Subject], settings: Settings, remembered: Callable[[str], Iterable[Any]]
) -> Iterator[Case]:
    for subject in tested:
        if subject.made is None:
            continue
        for index, value in enumerate(remembered(subject.operation.name), 1):
            value = overridden(subject.made.schema, value, settings.overrides)
            about = "a request that showed something in an earlier run"
            yield subject.case("examples", f"{_REMEMBERED}{index}", value, about=about)


def is_remembered(case: Case) -> bool:
    """Whether *case* is one of an earlier run."""
    return case.id.rpartition("/")[2].startswith(_REMEMBERED)


def _cases(chosen: tuple[Subject, ...], phase: str, settings: Settings) -> list[Case]:
    overrides = settings.overrides
    if phase == "examples":
        return deck_cases(chosen, overrides=overrides)
    if phase == "boundary":
        return boundary_cases(chosen)
    if phase == "protocol":
        return transport_cases(chosen)
    if phase == "random" and chosen:
        drawn = random_cases(chosen, Seed.of("random", settings.seed), overrides=overrides)
        return list(islice(drawn, min(_RANDOM, settings.max_requests * _PLANNED // 100)))
    return []


def shrinks(case: Case) -> bool:
    """Whether *case* is one whose body may be varied: a JSON value that was sent as such."""
    return case.value is not None and case.phase != "protocol" and bool(case.request.body)


def varied(subject: Subject, case: Case, value: Any) -> Case | None:
    """*case* with the body *value*, or None if the documents then expect something else."""
    candidate = subject.case(case.phase, "smaller", value, about=case.about)
    if (candidate.intent, candidate.published_intent) != (case.intent, case.published_intent):
        return None
    return replace(candidate, id=case.id, laws=case.laws)


def _is_shadowed(contract: Contract, operation: Operation) -> bool:
    """Whether another operation answers at the same method and path, but for a fragment."""
    path, mark, _ = operation.path.partition("#")
    if not mark:
        return False
    return any(
        other is not operation and (other.method, other.path) == (operation.method, path)
        for other in contract.operations
    )


def _names(contract: Contract) -> set[str]:
    found = {operation.name for operation in contract.operations}
    return found | {op.operation_id for op in contract.operations if op.operation_id}
