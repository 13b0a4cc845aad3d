"""What a run sends: cases, made of the document alone, without I/O and always the same.

In the order of a run: what each operation's document implies, the boundary walk, the cases of the
protocol, then random ones.  Each phase is free of requests that an earlier case of it sends.
`case` has what they are made of; each other module makes the cases of one phase.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from math import inf
from typing import Any

from troth.conformance.cases.boundary import boundary
from troth.conformance.cases.case import Case, Intent, Subject, distinct, request_key, subject
from troth.conformance.cases.feature_cases import feature_cases
from troth.conformance.cases.parameter_cases import parameter_cases
from troth.conformance.cases.protocol_cases import (
    asks_for_credentials,
    smallest_case,
    unknown_paths,
    without_credentials,
)
from troth.conformance.cases.protocol_cases import protocol_cases as protocol_cases_of
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
    "further_cases",
    "part",
    "protocol_cases",
    "random_cases",
    "share",
    "subjects",
    "subjects_under_test",
]

#: How many cases of the boundary walk one body has, and a document of one operation.
_BOUNDARY = 540
#: How many random cases the phase has: those before have told most by then.  A run that is to
#: spend all that it was given goes on with `further_cases`.
_RANDOM = 120
#: Of the requests of a phase so many in a hundred are planned; the rest confirms and shrinks what
#: is found.
_PLANNED = 90
#: Of what a run begins with, so many in a hundred may be what tries the credentials.
_OPENING = 75
#: So many requests the first phase has at the most before the others, however long a run is.
_MOST_OPENING = 10_000


@dataclass(frozen=True, slots=True)
class _Share:
    """What a phase gets of a run: its *weight* beside the others, and what it takes at the most.

    That is so many requests *in_all* and *for_each* operation.
    """

    weight: int
    in_all: int = 0
    for_each: int = 0


_SHARES: Mapping[str, _Share] = {
    "examples": _Share(17, in_all=140, for_each=8),
    "resources": _Share(64, for_each=25),
    "boundary": _Share(40, in_all=_BOUNDARY, for_each=40),
    "protocol": _Share(7, for_each=65),
    "random": _Share(3, in_all=_RANDOM),
    "stateful": _Share(10, in_all=30, for_each=16),
}
#: So many cases further on another operation begins with what is the same for all.
_STEP = 7
#: How the cases of the walk are shared out: to a body, to a parameter that no operation before has,
#: and to one of a name that others have; what reads an identifier reads it for all of them.
_BODY, _FIRST, _AGAIN, _AGAIN_IN_PATH = 7, 7, 3, 1
#: How many cases of the boundary walk one body has where a run is to spend all that it was given.
_FURTHER = 500
#: After so many requests in a row that were all sent before, an operation has no new ones.
_EXHAUSTED = 100
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
) -> Tested:
    """The operations that *settings* choose, by name; *second* as `subjects` has it."""

    def make(operation: Operation) -> Subject:
        given = settings.given(operation)
        members, parameters = given.members, given.parameters
        return subject(contract, operation, overrides=members, given=parameters, second=second)

    return Tested(in_order(contract, selection(contract, settings).operations), make)


class Tested(Mapping[str, Subject]):
    """The operations under test, by name: each subject is made when it is first asked for.

    Those of a thousand operations take seconds, and a run may be over before it needs them.
    """

    def __init__(
        self, operations: Iterable[Operation], make: Callable[[Operation], Subject]
    ) -> None:
        self.operations = {operation.name: operation for operation in operations}
        self.made: dict[str, Subject] = {}
        self._make = make

    def __getitem__(self, name: str) -> Subject:
        if name not in self.made:
            self.made[name] = self._make(self.operations[name])
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.operations)

    def __len__(self) -> int:
        return len(self.operations)


# -- what is sent ---------------------------------------------------------------------------------


def cases_of(
    phase: str,
    tested: Collection[Subject],
    *,
    settings: Settings,
    spent: int = 0,
    sent: Container[Any] = (),
    remembered: Callable[[str], Iterable[Any]] | None = None,
) -> Iterator[Case]:
    """The cases of one *phase*, in the order in which they are sent, made as they are asked for.

    So many requests are *spent* already: of those that are left the phase has its `share`.  Those
    whose `request_key` is in *sent* are not made again, but for what is repeated on purpose and
    what was made for a law.

    *remembered* gives the bodies, by operation, that showed something in earlier runs: they are
    sent before all else.
    """
    whole = share(phase, tested, settings=settings, spent=spent)
    room = whole * _PLANNED / 100
    begins = "protocol" in settings.phases and phase in (settings.phases[0], "protocol")
    beginning = min(_MOST_OPENING, share(settings.phases[0], tested, settings=settings))
    first = islice(opening(tested), int(beginning * _OPENING / 100) if begins else 0)
    begun: set[str] = set()

    def is_new(case: Case) -> bool:
        is_made_for = case.is_again or case.laws
        return bool(is_made_for or (request_key(case) not in sent and case.id not in begun))

    if phase == settings.phases[0]:
        if remembered is not None:
            yield from _remembered(tested, remembered)
        for case in filter(is_new, first):
            begun.add(case.id)
            yield case
        room, whole = max(0, room - len(begun)), max(0, whole - len(begun))
    match phase:
        case "examples":
            limit = whole if len(settings.phases) == 1 else room
            yield from example_cases(tested, limit=limit, is_new=is_new)
        case "boundary":
            wanted = _SHARES[phase].in_all + _SHARES[phase].for_each * (len(tested) - 1)
            yield from boundary_cases(tested, limit=int(min(wanted, room)), is_new=is_new)
        case "protocol":
            begun |= {case.id for case in first}
            yield from protocol_cases(tested, limit=room, is_new=is_new)
        case "random":
            seed = Seed.of("random", settings.seed)
            drawn: Iterable[Case] = random_cases(tested, seed)
            if phase == settings.phases[0]:
                # nothing before has asked those where nothing is to be drawn
                others = (one for one in _sound(tested) if not _is_drawn(one))
                drawn = chain((next(_random_cases(one, seed)) for one in others), drawn)
            yield from islice(filter(is_new, drawn), int(min(_RANDOM, room)))


def share(phase: str, tested: Collection[Subject], *, settings: Settings, spent: int = 0) -> float:
    """How many of the requests that are left *phase* has: so many *spent* already are not.

    The others that are to come have theirs, by their weights; what they do not want is its own.
    """
    left = max(0, settings.max_requests - spent)
    wanted = _wanted(phase, tested, settings)
    rivals = {each: want for each, want in wanted.items() if each != phase}
    while left < inf:
        each = left / sum(_SHARES[name].weight for name in (phase, *rivals))
        content = [name for name in rivals if rivals[name] <= each * _SHARES[name].weight]
        if not content:
            return each * _SHARES[phase].weight
        left -= sum(rivals.pop(name) for name in content)
    return left


def part(phase: str, tested: Collection[Subject], *, settings: Settings) -> float:
    """How much of the time that is left *phase* has, as a part of one."""
    coming = _wanted(phase, tested, settings).keys() | {phase}
    return _SHARES[phase].weight / sum(_SHARES[name].weight for name in coming)


def _wanted(phase: str, tested: Collection[Subject], settings: Settings) -> dict[str, float]:
    """How many requests the phases from *phase* on take at the most, those that take any."""
    coming = settings.phases[settings.phases.index(phase) :]
    wanted: dict[str, float] = {
        name: _SHARES[name].in_all + _SHARES[name].for_each * len(tested) for name in coming
    }
    anyone = next(iter(tested), None)
    if anyone is None or not resources(anyone.contract).all:
        wanted.pop("resources", None)
    return wanted


def _in_turns(each: Iterable[Iterator[Case]], limit: float) -> Iterable[Iterable[Case]]:
    """At most *limit* cases of *each*: one of each in turn, as long as they have any."""
    if limit == inf:
        return each
    streams = list(islice(each, int(limit)))  # of more than there is room for nothing is made
    taken: list[list[Case]] = [[] for _ in streams]
    left = list(range(len(streams)))
    while left and (room := int(limit) - sum(map(len, taken))) > 0:
        for index in left[:room]:
            case = next(streams[index], None)
            if case is None:
                left = [other for other in left if other != index]
            else:
                taken[index].append(case)
    return taken


def _remembered(
    tested: Iterable[Subject], bodies: Callable[[str], Iterable[Any]]
) -> Iterator[Case]:
    for one in tested:
        if one.made is not None:
            for index, value in enumerate(bodies(one.operation.name), 1):
                yield one.remembered(index, value)


#: When what is done to a resource comes, by its role: there has to be something to be read.
_ORDER: Mapping[Role | None, int] = {
    "create": 0,
    "update": 2,
    "replace": 2,
    "action": 2,
    "delete": 3,
}


def in_order(contract: Contract, operations: Iterable[Operation]) -> list[Operation]:
    """*operations* in the order of a life: what creates comes first, what deletes comes last.

    What is nested is created after what it is nested in, and deleted before it.
    """
    known = resources(contract)

    def place(operation: Operation) -> tuple[int, int, bool]:
        when = _ORDER.get(known.role(operation), 3 if operation.method == "DELETE" else 1)
        depth = {0: 1, 3: -1}.get(when, 0) * len(operation.template.names)
        # what refers to others comes after them
        refers = when == 0 and any(one.location == "body" for one in known.fillings(operation))
        return when, depth, refers

    return sorted(operations, key=place)


def opening(tested: Collection[Subject]) -> Iterator[Case]:
    """What a run begins with: requests without credentials, to things that are there by then.

    What creates and what lists comes before: of what is not there a 404 would prove nothing.
    """
    anyone = next(_sound(tested), None)
    if anyone is None or not any(map(asks_for_credentials, anyone.contract.operations)):
        return
    for one in _sound(tested):
        if resources(one.contract).role(one.operation) in ("create", "list"):
            yield smallest_case(one)
    for one in _sound(tested):
        yield from without_credentials(one)


def _sound(tested: Iterable[Subject]) -> Iterator[Subject]:
    """Those of *tested* for which there are valid requests."""
    return (one for one in tested if not one.fault)


#: Whether a case is to be sent, for all that was sent before.
_IsNew = Callable[[Case], bool]


def _any(_: Case) -> bool:
    return True


def example_cases(
    tested: Collection[Subject], *, limit: float = inf, is_new: _IsNew = _any
) -> Iterator[Case]:
    """The requests that the document implies, about *limit*: each operation has its share."""

    def of(one: Subject) -> Iterator[Case]:
        return filter(is_new, feature_cases(one))

    if limit == inf:
        # time may end such a run anywhere: first comes what reaches each operation
        first = (islice(of(one), 1) for one in _sound(tested))
        return distinct(chain(first, map(of, _sound(tested))))
    return distinct(_in_turns((distinct([of(one)]) for one in _sound(tested)), limit))


def boundary_cases(
    tested: Collection[Subject], *, limit: int = _BOUNDARY, is_new: _IsNew = _any
) -> Iterator[Case]:
    """Each member of each body and each parameter, one step inside and outside its limits.

    *limit* is for all: each parameter has its share, and what it leaves others have.
    """
    sound = list(_sound(tested))
    tried: set[Any] = set()  # what reads a parameter often reads it for several operations
    known: set[Any] = set()

    def weighted(one: Subject, turn: int) -> Iterator[tuple[int, Iterator[Case]]]:
        for key, cases in parameter_cases(one, turn=turn, tried=tried):
            again = _AGAIN if key[0] in ("query", "header", "cookie") else _AGAIN_IN_PATH
            yield (again if key in known else _FIRST), filter(is_new, cases)
            known.add(key)

    walks = [[*weighted(one, turn)] for turn, one in enumerate(sound)]
    weights = sum(weight for walk in walks for weight, _ in walk)
    weights += _BODY * sum(one.made is not None for one in sound)
    chosen: list[list[Case]] = []
    for walk in walks:
        chosen.append([])
        for weight, cases in walk:
            taken = [*islice(cases, limit * weight // max(1, weights))]
            chosen[-1] += taken
            limit -= len(taken)
            weights -= weight

    def with_body(turn: int, one: Subject, others: list[Case]) -> Iterator[Case]:
        nonlocal limit, weights
        if one.made is not None:
            most = limit * _BODY // max(1, weights)
            for case in boundary(one, limit=most, turn=turn, tried=tried, is_new=is_new):
                if is_new(case):
                    limit -= 1
                    yield case
            weights -= _BODY
        yield from others

    return distinct(map(with_body, range(len(sound)), sound, chosen))


def protocol_cases(
    tested: Collection[Subject], *, limit: float = inf, is_new: _IsNew = _any
) -> Iterator[Case]:
    """Credentials, methods, paths, content types, broken JSON and Accept; about *limit*."""
    repeated: list[Case] = []  # on purpose, once all else has been sent

    def first_time(cases: Iterable[Case]) -> Iterator[Case]:
        for case in cases:
            if case.is_again:
                repeated.append(case)
            else:
                yield case

    turned = (filter(is_new, _turned(index, one)) for index, one in enumerate(_sound(tested)))
    walks = _in_turns(turned, limit)
    unknown = (filter(is_new, unknown_paths(one)) for one in islice(_sound(tested), 1))
    yield from distinct(chain(map(first_time, walks), unknown))
    yield from repeated


def _turned(turn: int, one: Subject) -> Iterator[Case]:
    """The cases of the protocol of *one*, each kind of them from another on with each turn.

    How a server reads what it is sent is mostly its framework's affair, and need not be tried whole
    for each operation.  First comes what is the operation's own: that it asks for credentials.
    """
    kinds: dict[str, list[Case]] = {"own": [], "method": [], "text": [], "credential": []}
    again: list[Case] = []
    for case in protocol_cases_of(one):
        word = case.id.rpartition("/")[2].partition("-")[0]
        kind = again if case.is_again else kinds[_PROTOCOL_KINDS.get(word, "credential")]
        kind.append(case)
    own = kinds.pop("own")
    for name, cases in kinds.items():
        start = turn * _STEP % max(1, len(cases))
        kinds[name] = [*cases[start:], *cases[:start]]
    # one of each kind, then the next of each
    turns = (case for each in zip_longest(*kinds.values()) for case in each if case is not None)
    yield from (*own, *turns, *again)


#: What cases of the protocol are about, by the first word of their names; the others spoil a
#: credential.
_PROTOCOL_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("valid", "no"), "own"),
    "method": "method",
    **dict.fromkeys(("content", "json", "accept"), "text"),
}


def random_cases(tested: Collection[Subject], seed: Seed) -> Iterator[Case]:
    """Random requests without end, to each operation in turn that has anything to be drawn."""
    streams = [_random_cases(one, seed) for one in _sound(tested) if _is_drawn(one)]
    while streams:
        for stream in streams:
            yield next(stream)


def _is_drawn(one: Subject) -> bool:
    """Whether two random requests of *one* differ in more than in which resource they are about."""
    filled = {
        each.name
        for each in resources(one.contract).fillings(one.operation)
        if each.location == "path"
    }
    return one.made is not None or any(
        parameter.location != "path" or parameter.name not in filled
        for parameter in one.operation.parameters
    )


def further_cases(
    tested: Collection[Subject], seed: Seed, *, is_new: Callable[[Case], bool]
) -> Iterator[Case]:
    """What a run goes on with: the rest of the boundary walk and random requests, by turns.

    Each operation has its turn until it has none that *is_new*.
    """
    streams = [
        stream
        for one in _sound(tested)
        for stream in (
            boundary(one, limit=_FURTHER),
            *(cases for _, cases in parameter_cases(one)),
            _random_cases(one, seed, number=_RANDOM),
        )
    ]
    while streams:
        going = []
        for stream in streams:
            case = next((case for case in islice(stream, _EXHAUSTED) if is_new(case)), None)
            if case is not None:
                going.append(stream)
                yield case
        streams = going


def _random_cases(tested: Subject, seed: Seed, *, number: int = 0) -> Iterator[Case]:
    """Random requests to one operation, without end; each draws from *seed* and its number.

    The first one's is the next after *number*.
    """
    breakable = True
    while True:
        number += 1
        source = Seeded(seed.child(tested.operation.name, number))
        if tested.made is None:
            contract, operation = tested.contract, tested.operation
            try:
                drawn = requests.draft(contract, operation, source, given=tested.given)
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
