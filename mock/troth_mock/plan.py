"""What one request gets beyond what the document says of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from troth.http.exchange import Request
from troth_mock.faults.fault import Fault
from troth_mock.faults.switches import Chance
from troth_mock.pace import Pace
from troth_mock.reply import Reply
from troth_mock.responding.written_answers import WrittenAnswer

#: The labels that say where an answer came from.
_ANSWERS = frozenset({"scenario", "next"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for; where a member is None or empty, nothing was.

    *written* says what the responder is to answer, *reply* takes its place, and *request* the
    request's own.  *seed* and *pace* are other ones than the mock's, *faults* what goes wrong with
    the answer, and *chances* what may, by faults that are switched on too.  *labels* say in the
    journal what did it: `scenario`, `fault`, `next` and so on; *near* are the scenarios that nearly
    answered.  *undo* is what to call where the answer is not given after all, and nothing may have
    been counted for it.
    """

    written: WrittenAnswer | None = None
    reply: Reply | None = None
    request: Request | None = None
    seed: int | None = None
    pace: Pace | None = None
    faults: tuple[Fault, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    chances: tuple[Chance, ...] = ()
    near: tuple[Any, ...] = ()
    undo: tuple[Callable[[], None], ...] = ()

    @property
    def has_answer(self) -> bool:
        """Whether it says what is answered."""
        return self.written is not None or self.reply is not None

    def before(self, other: Plan) -> Plan:
        """This plan, and what *other* has to say where it says nothing."""
        if other is NOTHING:
            return self
        return Plan(
            self.written if self.has_answer else other.written,
            self.reply if self.has_answer else other.reply,
            self.request or other.request,
            other.seed if self.seed is None else self.seed,
            other.pace if self.pace is None else self.pace,
            self.faults or other.faults,
            {**other.labels, **self.labels},
            self.chances,
            self.near or other.near,
            (*self.undo, *other.undo),
        )

    def undone(self) -> Plan:
        """This plan without the answer, for which nothing is counted any more."""
        for undo in self.undo:
            undo()
        labels = {name: text for name, text in self.labels.items() if name not in _ANSWERS}
        return replace(self, written=None, reply=None, labels=labels, near=(), undo=())


#: Nothing was asked for.
NOTHING = Plan()
