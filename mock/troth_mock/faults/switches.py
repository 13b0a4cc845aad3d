"""Which of the faults that were asked for come to a request: counted, and drawn from a seed.

A fault counts the requests that it is about, those of each session by themselves.  One that only
touches an answer counts the answers that it can be done to: `drop after 5 events first 2` waits for
two streams of five events, whatever else is asked in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from troth.errors import similar
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.seed import Seed
from troth_mock.faults.fault import Effect, Fault
from troth_mock.faults.grammar import BadFault, parse_all

#: So many sessions are told apart, and so many faults counted in each.
MOST_SESSIONS = 100
MOST_COUNTED = 1000
#: At most so many faults are switched on at a time, each of at most so many characters.
MOST_FAULTS = 100
LONGEST = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What goes wrong with one request by *fault*: its *effects*, and a seed for what is open."""

    fault: Fault
    effects: tuple[Effect, ...]
    seed: Seed


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """A fault that a request to *operation* may meet: *draw* counts it, and tells what comes.

    *seed* tells what it is drawn from, and counts nothing.
    """

    fault: Fault
    draw: Callable[[], Chosen | None]
    seed: Callable[[], Seed]
    operation: Operation | None = None


@dataclass(slots=True, eq=False)
class _Session:
    """The faults of one session (None: those of all), and how often each was asked for."""

    faults: tuple[Fault, ...] | None = None
    turns: dict[str, int] = field(default_factory=dict)

    def turn(self, fault: Fault) -> int:
        turn = self.turns.pop(fault.text, 0) + 1
        if len(self.turns) >= MOST_COUNTED:
            del self.turns[next(iter(self.turns))]
        self.turns[fault.text] = turn
        return turn


class Switches:
    """The faults that are switched on, for all sessions or for one, and what has come of them.

    *texts* are those at the start.  Raises BadFault.
    """

    def __init__(self, contract: Contract, texts: Sequence[str] = (), *, seed: int = 0) -> None:
        self._contract = contract
        self._seed = Seed.of("faults", seed)
        self._sessions: dict[str, _Session] = {}
        self._meant: dict[str, frozenset[str]] = {}
        self._faults = self._at_start = self.read(texts)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is switched on, for anybody."""
        return not self._faults and not any(one.faults for one in self._sessions.values())

    def read(self, texts: Sequence[str]) -> tuple[Fault, ...]:
        """The faults that *texts* say, of operations that there are.  Raises BadFault."""
        for text in texts:
            if len(text) > LONGEST:
                raise BadFault(text, f"it is longer than {LONGEST} characters")
        faults = tuple(fault for text in texts for fault in parse_all(text))
        if len(faults) > MOST_FAULTS:
            raise BadFault("; ".join(texts), f"there are more than {MOST_FAULTS} faults")
        for fault in faults:
            word = fault.operation
            if word is not None and not self._meant_by(word):
                from troth.conformance.selection import names

                near = similar(word, names(self._contract))
                advice = f"Did you mean {near[0]!r}?" if near else "troth show lists them."
                raise BadFault(fault.text, f"the document has no operation {word!r}", advice)
        return faults

    def read_one(self, text: str) -> tuple[Fault, ...]:
        """The faults of one *text*.  Raises BadFault."""
        return self.read((text,))

    def use(self, contract: Contract) -> None:
        """Speak of *contract* from now on; a fault of what it does not have comes no more."""
        self._contract = contract
        self._meant.clear()

    def put(self, texts: Sequence[str], *, session: str | None = None) -> None:
        """Switch what *texts* say on, and all else off; they count anew.  Raises BadFault."""
        faults = self.read(texts)
        if session is None:
            self._faults = faults
            for one in self._sessions.values():
                one.turns.clear()
        else:
            self._sessions.pop(session, None)
            self._session(session).faults = faults

    def texts(self, session: str | None = None) -> tuple[str, ...]:
        """What is switched on for *session*, in the words in which it was asked for."""
        return tuple(fault.text for fault in self._on(session))

    def reset(self, session: str | None = None) -> None:
        """Be as at the start, for *session* or for all, and count anew."""
        if session is None:
            self._sessions.clear()
            self._faults = self._at_start
        else:
            self._sessions.pop(session, None)

    def chances(
        self,
        operation: Operation | None,
        *,
        session: str = "",
        faults: Sequence[Fault] = (),
        seed: int | None = None,
    ) -> tuple[Chance, ...]:
        """What may go wrong with a request to *operation*: *faults*, or else what is switched on.

        What happens before the answer is counted and drawn here; everything else once the answer
        is known, since not every answer can meet it.  Where the request names a *seed*, *faults*
        come each time as they first come to a mock with that one.
        """
        own = None if seed is None or not faults else Seed.of("faults", seed)
        found = []
        for fault in faults or self._on(session):
            if not self._is_about(fault, operation):
                continue
            chance = self._chance(fault, session, operation, own)
            if fault.is_before:
                chosen = chance.draw()
                if chosen is None:
                    continue
                chance = Chance(fault, _always(chosen), _always(chosen.seed), operation)
            found.append(chance)
        return tuple(found)

    def _chance(
        self, fault: Fault, session: str, operation: Operation | None, own: Seed | None
    ) -> Chance:
        def drawn_at(turn: int) -> Seed:
            base, count = (self._seed, turn) if own is None else (own, 1)
            return base.child(fault.text, count)

        def draw() -> Chosen | None:
            turn = self._session(session).turn(fault)
            drawn = drawn_at(turn)
            effects = fault.at(turn, drawn)
            return Chosen(fault, effects, drawn) if effects else None

        def seed() -> Seed:
            return drawn_at(self._session(session).turns.get(fault.text, 0) + 1)

        return Chance(fault, draw, seed, operation)

    def _on(self, session: str | None) -> tuple[Fault, ...]:
        one = self._sessions.get(session) if session is not None else None
        return self._faults if one is None or one.faults is None else one.faults

    def _session(self, name: str) -> _Session:
        session = self._sessions.pop(name, None) or _Session()
        if len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        # the most recently used is the last
        self._sessions[name] = session
        return session

    def _is_about(self, fault: Fault, operation: Operation | None) -> bool:
        if fault.operation is None:
            return True
        return operation is not None and operation.name in self._meant_by(fault.operation)

    def _meant_by(self, word: str) -> frozenset[str]:
        """The names of the operations that *word* means; a path may be the end of theirs."""
        meant = self._meant.get(word)
        if meant is None:
            from troth.conformance.selection import named_by  # slow to load, and few faults ask

            method, space, path = word.rpartition(" ")
            if method == "*":
                word, method, space = path, "", ""
            ending = f"{method}{space}*{path}" if path.startswith("/") else word
            meant = named_by(self._contract, word) or named_by(self._contract, ending)
            if len(self._meant) >= MOST_COUNTED:
                self._meant.clear()
            self._meant[word] = meant
        return meant


def _always(value: T) -> Callable[[], T]:
    return lambda: value
