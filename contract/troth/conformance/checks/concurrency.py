"""Requests that meet: several at once, and one whose client goes away.

Each of the requests at once has a mark of its own in its message.  An answer that holds the mark
of another request was made of what somebody else sent.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from troth.conformance.cases import Case, Subject
from troth.conformance.cases.feature_cases import streamed_form
from troth.conformance.checks.exchange_bodies import run_violation
from troth.conformance.outgoing_request import addressed
from troth.http import json_text
from troth.http.exchange import Exchange

if TYPE_CHECKING:
    from troth.conformance.runner import Run

_AT_ONCE = 8
#: A server has so many seconds to notice that a client is gone.
_NOTICED = 0.1


async def at_once(run: Run, subject: Subject) -> None:
    """Several requests at the same time, streamed and not: each must be answered for itself."""
    if not run.budget.affords(_AT_ONCE):
        return
    marks = [_mark(run.settings.seed, index) for index in range(_AT_ONCE)]
    cases = [_marked(subject, index, mark) for index, mark in enumerate(marks)]
    answers = await asyncio.gather(*(run.attempt(case) for case in cases))
    for index, (case, exchange) in enumerate(zip(cases, answers, strict=True)):
        others = [mark for at, mark in enumerate(marks) if at != index]
        found = next((mark for mark in others if exchange and _holds(exchange, mark)), None)
        if found is not None and exchange is not None:
            message = f"the answer holds {found!r}, which only another request had"
            run.following.enter(case, exchange, run_violation(case, "run.leak", message))


async def hang_up(run: Run, subject: Subject, minimal: Case) -> None:
    """A client that goes away in the middle of a stream must not hurt the next one."""
    made = subject.made
    if made is None or made.streamed is None or not run.budget.affords(2):
        return
    case = subject.case("stateful", "hang-up", made.streamed, about="a client that hangs up")
    await run.budget.turn()
    request = addressed(case.request, run.settings)
    await run.transport.send(request, fresh=True, hang_up_after=1)
    await asyncio.sleep(_NOTICED)
    for name in ("after-hang-up", "after-hang-up-2"):
        await run.attempt(replace(minimal, id=f"stateful/{name}", about="after a client hung up"))


def _marked(subject: Subject, index: int, mark: str) -> Case:
    """The request *index* of those at once: every second streamed, every third for two choices."""
    value = subject.minimal
    made = subject.made
    if made is not None and made.chat is not None:
        value = _valid(subject, made.chat.plain(value, text=f"Tell me about {mark}."), value)
        if index % 3 == 2:
            value = _valid(subject, made.chat.set(value, "choices", 2), value)
    if made is not None and made.streamed is not None and index % 2:
        value = streamed_form(made, value) or made.streamed
    return subject.case("stateful", f"at-once-{index}", value, about="several at once")


def _valid(subject: Subject, value: Any, otherwise: Any) -> Any:
    made = subject.made
    return value if made is not None and made.valid(value) else otherwise


def _mark(seed: int, index: int) -> str:
    return "m" + blake2b(f"{seed} {index}".encode(), digest_size=6).hexdigest()


def _holds(exchange: Exchange, mark: str) -> bool:
    """Whether the answer holds *mark*, be it cut into the pieces of a stream."""
    response = exchange.response
    if response is None:
        return False
    return mark.encode() in response.body or mark in _joined(response.body)


def _joined(body: bytes) -> str:
    """The texts of a stream's items one after the other: a mark may be cut anywhere."""
    found: list[str] = []
    for line in body.splitlines():
        if line.startswith(b"data:"):
            try:
                _collect(json_text.decode_lenient(line[5:].strip())[0], found)
            except json_text.BadJson:
                continue
    return "".join(found)


def _collect(value: Any, found: list[str], name: str = "") -> None:
    # what is the same in every item (id, model, role) stands between the pieces of a text
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(item, str) or key in ("content", "text", "arguments"):
                _collect(item, found, key)
    elif isinstance(value, list):
        for item in value:
            _collect(item, found, name)
    elif isinstance(value, str) and name:
        found.append(value)
