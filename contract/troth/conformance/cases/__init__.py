"""What a run sends: cases, made of the document alone, without I/O and always the same.

In the order of a run: what each operation's document implies, the boundary walk, the cases of the
protocol, then random ones.  Each phase is free of requests that an earlier case of it sends.
`case` has what they are made of; each other module makes the cases of one phase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from troth.conformance.cases.boundary import boundary
from troth.conformance.cases.case import Case, Intent, Subject, deduplicated, subject
from troth.conformance.cases.feature_cases import feature_cases
from troth.conformance.cases.protocol_cases import protocol_cases as protocol_cases_of
from troth.conformance.cases.protocol_cases import (
    smallest_case,
    unknown_paths,
    without_credentials,
)
from troth.conformance.selection import selection
from troth.conformance.settings import Settings
from troth.generation import requests
from troth.generation.mutations import NothingToBreak, broken
from troth.generation.request_writer import CREDENTIAL
from troth.generation.source import Seeded, Unsatisfiable
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.openapi.resources import Role, resources
from troth.seed import Seed

__all__ = [
    "CREDENTIAL",
    "Case",
    "Intent",
    "Subject",
    "boundary_cases",
    "cases_of",
    "example_cases",
    "protocol_cases",
    "random_cases",
    "subjects",
    "subjects_under_test",
]

#: How many cases of the boundary walk a run has for all bodies.
_BOUNDARY = 540
#: One in so many requests may be spent on what a run begins with.
_OPENING = 4
#: How many random cases a run has at the most: the phases before have told most by then.
_RANDOM = 120
#: Of the requests that a run may send, so many in a hundred are planned; the rest confirms and
#: shrinks what is found.
_PLANNED = 90
#: Of ten random requests so many are valid: it takes an answer to break most laws.
_VALID_OF_TEN = 6


# -- what is tested -------------------------------------------------------------------------------


def subjects(
    contract: Contract,
    *,
    operations: Sequence[Operation] | None = None,
    overrides: Mapping[str, Any] | None = None,
    second: Contract | None = None,
) -> tuple[Subject, ...]:
    """The *operations* (all of them), each with what its requests are made of.

    *overrides* (by JSON Pointer or dotted name) are member values that a deployment needs.  A
    subject with a *fault* has no cases.  *second* is the overlaid document where *contract* is
    the published one: what only its `x-troth-` fields say helps there too.
    """
    return tuple(
        subject(contract, operation, overrides=overrides, second=second)
        for operation in (contract.operations if operations is None else operations)
    )


def subjects_under_test(
    contract: Contract, settings: Settings, *, second: Contract | None = None
) -> dict[str, Subject]:
    """The operations that *settings* choose, by name; *second* as `subjects` has it."""
    made = {}
    for operation in selection(contract, settings).operations:
        given = settings.given(operation)
        made[operation.name] = subject(
            *(contract, operation),
            overrides=given.members,
            given=given.parameters,
            second=second,
        )
    return made


# -- what is sent ---------------------------------------------------------------------------------


def cases_of(
    phase: str,
    tested: Iterable[Subject],
    *,
    settings: Settings,
    remembered: Callable[[str], Iterable[Any]] = lambda operation: (),
) -> list[Case]:
    """The cases of one *phase*, in the order in which they are sent.

    *remembered* gives the bodies, by operation, that showed something in earlier runs: they are
    sent before all else.
    """
    chosen = in_order(tested)
    known: list[Case] = []
    first = opening(chosen, most=settings.max_requests // _OPENING)
    first = first if "protocol" in settings.phases else []
    if phase == settings.phases[0]:
        known = [
            one.remembered(index, value)
            for one in chosen
            if one.made is not None
            for index, value in enumerate(remembered(one.operation.name), 1)
        ] + first
    match phase:
        case "examples":
            return known + example_cases(chosen)
        case "boundary":
            return known + boundary_cases(chosen)
        case "protocol":
            sent = {case.id for case in first}
            return known + [case for case in protocol_cases(chosen) if case.id not in sent]
        case "random":
            drawn = random_cases(chosen, Seed.of("random", settings.seed))
            most = min(_RANDOM, settings.max_requests * _PLANNED // 100)
            return known + list(islice(drawn, most))
    return known


#: When what is done to a resource comes, by its role: there has to be something to be read.
_ORDER: Mapping[Role | None, int] = {
    "create": 0,
    "update": 2,
    "replace": 2,
    "action": 2,
    "delete": 3,
}


def in_order(tested: Iterable[Subject]) -> tuple[Subject, ...]:
    """*tested* in the order of a life: what creates comes first, what deletes comes last.

    What is nested is created after what it is nested in, and deleted before it.
    """

    def place(one: Subject) -> tuple[int, int]:
        operation = one.operation
        known = resources(one.contract)
        when = _ORDER.get(known.role(operation), 3 if operation.method == "DELETE" else 1)
        depth = len(operation.template.names)
        return when, depth if when == 0 else -depth if when == 3 else 0

    return tuple(sorted(tested, key=place))


def opening(tested: Sequence[Subject], *, most: int) -> list[Case]:
    """What a run begins with: requests without credentials, to things that are there by then.

    What creates and what lists comes before: of what is not there a 404 would prove nothing.
    """
    sound = _sound(tested)
    bare = [case for one in sound for case in without_credentials(one)]
    if not bare:
        return []
    roles = {one.slug: resources(one.contract).role(one.operation) for one in sound}
    makers = [one for one in sound if roles[one.slug] in ("create", "list")]
    return [*map(smallest_case, makers), *bare][:most]


def _sound(tested: Iterable[Subject]) -> list[Subject]:
    """Those of *tested* for which there are valid requests."""
    return [one for one in tested if not one.fault]


def example_cases(tested: Sequence[Subject]) -> list[Case]:
    """The requests that the document implies."""
    return deduplicated([case for one in _sound(tested) for case in feature_cases(one)])


def boundary_cases(tested: Sequence[Subject], *, limit: int = _BOUNDARY) -> list[Case]:
    """Each member of each body, one step inside and outside its limits; *limit* for all bodies."""
    share = limit // max(1, sum(one.made is not None for one in tested))
    return deduplicated([case for one in _sound(tested) for case in boundary(one, limit=share)])


def protocol_cases(tested: Sequence[Subject]) -> list[Case]:
    """Credentials, methods, paths, content types, broken JSON and Accept."""
    sound = _sound(tested)
    cases = [case for one in sound for case in protocol_cases_of(one)]
    for one in sound[:1]:
        cases[-1:-1] = unknown_paths(one)
    # some repeat an earlier one on purpose, at the end
    repeated = [case for case in cases if case.id.endswith("-again")]
    return deduplicated([case for case in cases if case not in repeated]) + repeated


def random_cases(tested: Sequence[Subject], seed: Seed) -> Iterator[Case]:
    """Random requests without end, to each operation in turn."""
    streams = [_random_cases(one, seed) for one in _sound(tested)]
    while streams:
        for stream in streams:
            yield next(stream)


def _random_cases(tested: Subject, seed: Seed) -> Iterator[Case]:
    """Random requests to one operation, without end; each draws from *seed* and its number."""
    number = 0
    breakable = True
    while True:
        number += 1
        source = Seeded(seed.child(tested.operation.name, number))
        if tested.made is None:
            try:
                drawn = requests.draft(
                    tested.contract, tested.operation, source, given=tested.given
                )
                request, parameters = drawn.request, drawn.parameters
            except Unsatisfiable:  # there is one at least, since it is tested
                request, parameters = tested.request(None), tested.parameters
            yield Case(
                id=f"random/{tested.slug}/{number:04}",
                phase="random",
                operation=tested.operation.name,
                request=request,
                published_intent="valid" if tested.is_published else "either",
                about="a random request",
                parameters={key: parameters[key] for key in parameters if key[0] == "path"},
            )
            continue
        value = requests.body(tested.made, source, overrides=tested.overrides)
        word = "valid"
        if breakable and number % 10 >= _VALID_OF_TEN:
            try:
                value, word = broken(tested.made.schema, value, source), "broken"
            except NothingToBreak:
                breakable = False
        yield tested.case("random", f"{number:04}-{word}", value, about=f"a random {word} request")
