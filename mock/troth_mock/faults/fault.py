"""A fault as a value: what goes wrong, with which requests, and where in an answer.

`KINDS` is the one list of what can go wrong: the grammar, its messages and docs/FAULTS.md are made
of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from troth.seed import Seed

#: What a fault is done to: no answer yet, an event stream, a body of known length.
Target = Literal["request", "stream", "body"]
Clause = Literal["place", "duration", "retry", "form", "amount"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: how it is *written*, *what* it does, to what, and which clauses it takes."""

    written: str
    what: str
    targets: tuple[Target, ...]
    clauses: tuple[Clause, ...] = ()


_EITHER: tuple[Target, ...] = ("stream", "body")

#: What can go wrong, by name.
KINDS: Mapping[str, Kind] = {
    "status": Kind(
        "429 [retry after 2 s | no retry-after] [as html | as text | as nothing]",
        "answers with this status (400 to 599, declared or not) before anything is done",
        ("request",),
        ("retry", "form"),
    ),
    "slow": Kind("slow 2 s", "waits before anything of the answer is sent", ("request",)),
    "refuse": Kind(
        "refuse [for 3 s]",
        "resets the connection before anything is done; nobody can connect for the time, if told",
        ("request",),
        ("duration",),
    ),
    "drop": Kind(
        "drop [after 5 events | after 100 bytes | before the answer]",
        "closes the connection: the answer has no end",
        _EITHER,
        ("place",),
    ),
    "reset": Kind(
        "reset [after 5 events | after 100 bytes | before the answer]",
        "resets the connection (RST)",
        _EITHER,
        ("place",),
    ),
    "stall": Kind(
        "stall [after 5 events | after 100 bytes | before the answer] [for 3 s]",
        "sends nothing more and keeps the connection; with a time, goes on after it",
        _EITHER,
        ("place", "duration"),
    ),
    "cut": Kind(
        "cut [after 5 events]",
        "closes the connection in the middle of the next event's JSON, or of the body",
        _EITHER,
        ("place",),
    ),
    "cut in character": Kind(
        "cut in character [after 5 events]",
        "closes the connection between two bytes of one character",
        _EITHER,
        ("place",),
    ),
    "truncate": Kind(
        "truncate [after 5 events | after 100 bytes]",
        "ends the answer early, and as if it were whole: its framing is in order",
        _EITHER,
        ("place",),
    ),
    "malformed": Kind(
        "malformed [after 5 events]",
        "breaks the JSON of the next event, or of the body, and goes on",
        _EITHER,
        ("place",),
    ),
    "wrong length": Kind(
        "wrong length [by 10 bytes]",
        "announces so many bytes more (with a minus, fewer) than come: of the body, or a chunk",
        _EITHER,
        ("amount", "place"),
    ),
    "empty": Kind("empty", "sends no content at all", _EITHER),
    "split": Kind(
        "split [into 7 bytes]",
        "sends the content in pieces of so many bytes, each by itself",
        _EITHER,
        ("amount",),
    ),
    "lose": Kind("lose [after 5 events]", "leaves the next event out", ("stream",), ("place",)),
    "double": Kind(
        "double [after 5 events]", "sends the next event twice", ("stream",), ("place",)
    ),
    "reorder": Kind(
        "reorder [after 5 events]",
        "sends the next two events in each other's place",
        ("stream",),
        ("place",),
    ),
    "no sentinel": Kind("no sentinel", "leaves out what says that a stream is over", ("stream",)),
    "double sentinel": Kind("double sentinel", "says twice that a stream is over", ("stream",)),
    "error event": Kind(
        "error event [500] [after 5 events]",
        "sends an error, in the document's form, as the last event; no sentinel follows",
        ("stream",),
        ("place",),
    ),
    "comments": Kind("comments", "puts a comment before each event", ("stream",)),
    "crlf": Kind("crlf", "ends the lines of events with CR and LF", ("stream",)),
    "finish reason": Kind(
        "finish reason length", "gives another reason why each choice ends", _EITHER
    ),
    "no finish reason": Kind("no finish reason", "leaves out why the choices end", _EITHER),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an answer: after so many of *unit*, or before all of it (`answer`)."""

    count: int
    unit: Literal["events", "bytes", "answer"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that goes wrong.

    *seconds* are of a wait, or of Retry-After (None: as is usual, below 0: no such field); *form*
    is how an error is written, or a finish reason.
    """

    kind: str
    status: int = 0
    seconds: float | None = None
    place: Place | None = None
    amount: int | None = None
    form: str = ""

    @property
    def is_before(self) -> bool:
        """Whether it happens before there is an answer."""
        return KINDS[self.kind].targets == ("request",)


@dataclass(frozen=True, slots=True)
class When:
    """Which requests a fault comes to: from *first* to *last*, every so-manieth, by chance."""

    first: int = 1
    last: int | None = None
    every: int = 1
    rate: float = 1.0

    def holds(self, turn: int, seed: Seed) -> bool:
        """Whether it comes to the request that is number *turn*."""
        if turn < self.first or (self.last is not None and turn > self.last):
            return False
        if (turn - self.first + 1) % self.every:
            return False
        return self.rate >= 1 or seed.number("rate") < self.rate * 2**64


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a script: what goes wrong (nothing: all is well), and with which requests."""

    effects: tuple[Effect, ...]
    when: When = When()


@dataclass(frozen=True, slots=True)
class Fault:
    """What was asked for, in the words of who asked: a *step*, or several, one after the other.

    *operation* is the word for the operations that it is about, None where it is about all;
    *is_repeated*: after the last step comes the first again.
    """

    text: str
    steps: tuple[Step, ...]
    operation: str | None = None
    is_repeated: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All that can go wrong by it."""
        return tuple(effect for step in self.steps for effect in step.effects)

    @property
    def is_before(self) -> bool:
        """Whether something of it happens before there is an answer."""
        return any(effect.is_before for effect in self.effects)

    def at(self, turn: int, seed: Seed) -> tuple[Effect, ...]:
        """What goes wrong with request number *turn* (they count from 1)."""
        *bounded, last = self.steps
        lengths = [step.when.last or 1 for step in (*bounded, last)]
        if self.is_repeated:
            turn = (turn - 1) % sum(lengths) + 1
        for step, length in zip(bounded, lengths, strict=False):
            if turn <= length:
                return step.effects if step.when.holds(turn, seed) else ()
            turn -= length
        return last.effects if last.when.holds(turn, seed) else ()
