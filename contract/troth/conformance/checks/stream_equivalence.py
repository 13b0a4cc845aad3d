"""Whether a stream says what the answer to the same request says without one.

Only where the server shows that it repeats itself: each request is sent twice unstreamed, and the
texts must be equal before the stream is held against them.  A server may still sample anew for a
stream, so a text that has nothing in common with the other accuses nobody.  What tells is a text
that is nearly the other: pieces lost, doubled or out of order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from troth.conformance.cases import Case, Subject
from troth.conformance.cases.feature_cases import merged, streamed_form
from troth.conformance.checks.exchange_bodies import body_of, run_violation
from troth.generation.requests import overridden
from troth.http.exchange import Exchange

if TYPE_CHECKING:
    from troth.conformance.runner import Run

_TEXTS = ("Tell me about the sea.", "Name three rivers, and say where they end.", "Who are you?")
#: Of so many of the texts the stream must say nearly the same before a difference means something.
_ENOUGH = 2
_SHORTEST = 4

Likeness = Literal["equal", "near", "other"]


@dataclass(frozen=True, slots=True)
class _Compared:
    """A text unstreamed and streamed, and what gave the latter."""

    likeness: Likeness
    plain: str
    streamed: str
    case: Case
    exchange: Exchange


async def streams_agree(run: Run, subject: Subject) -> None:
    """Enter a finding if the streams of a server that repeats itself say something else."""
    made = subject.made
    if made is None or made.chat is None or made.streamed is None:
        return
    found = []
    for index, text in enumerate(_TEXTS):
        if not run.budget.affords(3):
            return
        compared = await _compare(run, subject, _asked(run, subject, text), index)
        if compared is None:
            return
        found.append(compared)
    same = [one for one in found if one.likeness != "other"]
    wrong = [one for one in found if one.likeness != "equal"]
    if len(same) >= _ENOUGH and wrong:
        one = wrong[0]
        message = (
            f"streamed, the answer is {one.streamed[:120]!r}; unstreamed it is "
            f"{one.plain[:120]!r}, each time"
        )
        violation = run_violation(one.case, "run.stream-differs", message)
        run.following.enter(one.case, one.exchange, violation)


async def _compare(run: Run, subject: Subject, value: Any, index: int) -> _Compared | None:
    """Ask twice for the body and once for the stream; None when nothing can be compared."""
    made, completion = subject.made, subject.operation.completion
    streamed = streamed_form(made, value) if made is not None else None
    if streamed is None or completion is None:
        return None
    about = "the same request, streamed and not"
    answered: list[tuple[str, Case, Exchange]] = []
    for word, body in (("body", value), ("again", value), ("stream", streamed)):
        case = subject.case("stateful", f"agree-{index + 1}-{word}", body, about=about)
        exchange = await run.attempt(case) if case.intent == "valid" else None
        answer = body_of(run.contract, case, exchange) if exchange is not None else None
        text = completion.of_first_choice(answer, "content")
        if exchange is None or not isinstance(text, str):
            return None
        if word == "again" and text != answered[0][0]:
            return None
        answered.append((text, case, exchange))
    plain, (text, case, exchange) = answered[0][0], answered[2]
    return _Compared(likeness(plain, text), plain, text, case, exchange)


def likeness(one: str, other: str) -> Likeness:
    """Whether two texts are equal, one is the other with pieces lost, doubled or moved, or not."""
    if one == other:
        return "equal"
    short, long = sorted((one, other), key=len)
    if len(short) < _SHORTEST or len(short) * 2 < len(long):
        return "other"
    if sorted(one) == sorted(other) or _is_within(short, long):
        return "near"
    return "other"


def _is_within(short: str, long: str) -> bool:
    """Whether *short* is *long* with some characters left out."""
    rest = iter(long)
    return all(char in rest for char in short)


def _asked(run: Run, subject: Subject, text: str) -> Any:
    """A request for *text* that a server ought to answer in the same way each time."""
    made = subject.made
    assert made is not None
    assert made.chat is not None
    value = made.minimal
    for law in made.marked.laws:
        if law.repeats and not law.variation and law.requests:
            value = overridden(made.schema, merged(value, law.requests[0]), run.settings.overrides)
            break
    asked = made.chat.plain(value, text=text)
    return asked if made.valid(asked) else value
