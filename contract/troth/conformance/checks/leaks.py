"""A text that only one request had, in the answer to another: at the same time, or later.

Each request has a mark of its own in its body.  What a server keeps it may show again to whoever
asks for it; so nobody is blamed for a mark in an answer about the very thing that was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from troth.conformance.cases.case import Case, Subject
from troth.conformance.cases.protocol_cases import unknown_paths
from troth.conformance.checks.answers import run_violation
from troth.conformance.session import Session
from troth.generation.locations import Token, put
from troth.http.exchange import Exchange

_AT_ONCE = 8
#: So many where no mark in an answer would tell anything, and only a failure does.
_FEW = 3
#: Of one body so many texts are marked at the most.
_MARKED = 12


async def at_once(session: Session, subject: Subject) -> None:
    """Several requests at the same time, streamed and not: each must be answered for itself.

    Each has a mark of its own in its message.  An answer that holds the mark of another request
    was made of what somebody else sent.
    """
    count = _AT_ONCE if _is_of_another(subject, is_own=False) else _FEW
    if not session.budget.affords(count):
        return
    marks = [_mark(session.settings.seed, subject, index) for index in range(count)]
    cases = [_one_of_many(subject, index, mark) for index, mark in enumerate(marks)]
    exchanges = await asyncio.gather(*(session.attempt(case) for case in cases))
    for own, case, exchange in zip(marks, cases, exchanges, strict=True):
        if exchange is None or exchange.response is None:
            continue
        # a stream may have cut a mark anywhere, what it folds to has not
        texts = _texts_of(exchange) + repr(session.answers.bodies.get(case.id)).encode()
        leaked = next((mark for mark in marks if mark != own and mark.encode() in texts), None)
        if leaked is not None and _is_of_another(subject, is_own=own.encode() in texts):
            _tell(session, case, exchange, leaked)


def _is_of_another(subject: Subject, *, is_own: bool) -> bool:
    """Whether an answer with another's mark, and with its own if *is_own*, was made of another's.

    What changes one thing that all share may show who changed it last, and what adds to a list
    may show all of it.
    """
    if subject.made is not None and subject.made.chat is not None:
        return True
    operation = subject.operation
    return operation.method == "POST" and not operation.template.names and not is_own


async def later(session: Session, subject: Subject) -> None:
    """What was sent must not come back to a request that asks for something else."""
    if subject.made is None or not session.budget.affords(6):
        return
    shown: list[tuple[Case, Exchange, str]] = []
    for index in range(2):  # by accident nothing happens twice
        mark = _mark(session.settings.seed, subject, _AT_ONCE + index)
        case = _marked(subject, f"before-{index + 1}", mark, about="a request with a mark")
        if mark.encode() not in case.request.body:
            return
        await session.probe(case)
        found = None
        for other in _of_nothing(subject, case, index):
            exchange = await session.probe(other)
            if mark.encode() in _texts_of(exchange):
                found = found or (other, exchange, mark)
        if found is None:
            return
        shown.append(found)
    _tell(session, *shown[-1])


def _of_nothing(subject: Subject, case: Case, index: int) -> Iterator[Case]:
    """Requests whose answers can have nothing to do with *case*."""
    for other in list(unknown_paths(subject))[-1:]:
        yield replace(other, id=f"stateful/{subject.slug}/after-{index + 1}-nowhere")
    if not subject.is_json:
        return  # it is a whole text, or a form of what nobody knows: it may show what is there
    broken = replace(case.request, body=b"{")
    yield replace(
        case,
        id=f"stateful/{subject.slug}/after-{index + 1}-broken",
        request=broken,
        value=None,
        about="half a body, after a request with a mark",
    )


def _tell(session: Session, case: Case, exchange: Exchange, mark: str) -> None:
    message = f"the answer holds {mark!r}, which only another request had"
    session.enter(case, exchange, run_violation(case, "run.leak", message))


def _texts_of(exchange: Exchange) -> bytes:
    """All that an answer says."""
    if exchange.response is None:
        return b""
    fields = (value for _, value in exchange.response.fields)
    return "\n".join(fields).encode("latin-1", "replace") + exchange.response.body


# -- requests with a mark -------------------------------------------------------------------------


def _mark(seed: int, subject: Subject, index: int) -> str:
    # what one operation keeps another may show
    text = f"{seed} {subject.slug} {index}"
    return "m" + blake2b(text.encode(), digest_size=6).hexdigest()


def _one_of_many(subject: Subject, index: int, mark: str) -> Case:
    """The request *index* of those at once: every second streamed, every third for two choices."""
    value, made = subject.minimal, subject.made
    if made is None or made.chat is None:
        return _marked(subject, f"at-once-{index}", mark, about="several at once")
    asking = made.chat.plain(value, text=f"Tell me about {mark}.")
    value = asking if made.valid(asking) else value
    if index % 3 == 2:
        two = made.chat.set(value, "choices", 2)
        value = two if made.valid(two) else value
    if subject.streamed is not None and index % 2:
        value = subject.streamed_form(value) or subject.streamed
    return subject.case("stateful", f"at-once-{index}", value, about="several at once")


def _marked(subject: Subject, name: str, mark: str, *, about: str) -> Case:
    """The smallest request with *mark* for each text that may be any.

    A server may know more of its texts than the document says, and refuse it.
    """
    value, made = subject.minimal, subject.made
    places = list(_places(value)) if made is not None else []
    for place in places[:_MARKED]:
        marked = put(value, place, mark)
        if made is not None and made.valid(marked) and made.usual(marked):
            value = marked
    case = subject.case("stateful", name, value, about=about)
    return case if value is subject.minimal else case.unsure()


def _places(value: Any, tokens: tuple[Token, ...] = ()) -> Iterator[tuple[Token, ...]]:
    """Where *value* has texts."""
    inner: Iterable[tuple[Token, Any]] = ()
    if isinstance(value, str):
        yield tokens
    elif isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for token, member in inner:
        yield from _places(member, (*tokens, token))
