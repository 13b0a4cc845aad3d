"""Whether what a scenario answers is an answer of the document: what is wrong with it, and where.

A completion is held as the mock would send it, everything else as what arrives: status, fields and
content of a response, by the validator itself.  What a template stands for is known with a request
only, so that what is wrong with its text alone is not told here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from troth import pointer as pointers
from troth.errors import TrothError
from troth.http.exchange import Request, Response
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.seed import Seed
from troth_mock.chat.completion import FIXED_TIME, Completions, Message
from troth_mock.chat.members import ChatMembers
from troth_mock.chat.request import ChatRequest
from troth_mock.chat.responder import ChatResponder
from troth_mock.reply import Reply, has_content, headers
from troth_mock.responding import negotiation
from troth_mock.responding.bodies import Due
from troth_mock.responding.negotiation import Chooser
from troth_mock.responding.written_answers import AnswerWriter, WrittenAnswer


class Fault(NamedTuple):
    """What is wrong with an answer, and the pointer into it of what is to blame.

    What cannot be said at all *is_final*: no force makes it an answer.
    """

    sentence: str
    at: str
    is_final: bool = False


_SAMPLE = Seed.of("sample")


# The parts of a message that a document may have no place for, and what it calls that.
_PLACED = {name: name for name in ("reasoning", "refusal", "annotations")} | {"calls": "tool-calls"}


class Holder:
    """Holds answers to the operations of one contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._chats: dict[int, ChatResponder | None] = {}

    def faults(
        self, operation: Operation, answer: WrittenAnswer, *, templates: Sequence[str] = ()
    ) -> Iterator[Fault]:
        """What keeps *answer* from being one of *operation*; *templates* are pointers into it."""
        status, declared = _answered(operation, answer.status)
        is_unknown = declared is None and status >= 400 and operation.response(status) is None
        if is_unknown and answer.message is None and answer.example is None:
            return  # servers fail as they fail: of such an error the document says nothing
        if answer.message is not None:
            said = self._said(operation, declared, answer.message)
            found: Iterator[Fault] = chain(said, _of_fields(operation, status, declared, answer))
        elif answer.example is not None:
            found = _no_example(declared, answer.example)
        elif answer.events is not None and not _has_stream(declared):
            found = iter([Fault("it has no stream that could have events", "/events", True)])
        else:
            found = self._sent(operation, status, declared, answer)
        for fault in found:
            if not any(pointers.is_within(fault.at, where) for where in templates):
                yield fault

    def examples(self, operation: Operation, status: int | None) -> Iterator[str]:
        """The names of the examples that *operation* has of its answer with *status*."""
        return _examples(_answered(operation, status)[1])

    def _chat(self, operation: Operation) -> ChatResponder | None:
        if id(operation) not in self._chats:
            declared = negotiation.success(operation)[1]
            self._chats[id(operation)] = ChatResponder.of(self.contract, operation, declared)
        return self._chats[id(operation)]

    def _said(
        self, operation: Operation, declared: DeclaredResponse | None, message: Message
    ) -> Iterator[Fault]:
        chat = self._chat(operation)
        if chat is None or not chat.completions:
            sentence = "it has no x-troth-completion, and so says nothing; use `body`"
            yield Fault(sentence, _of_message(message), True)
            return
        if declared is None or declared is not negotiation.success(operation)[1]:
            sentence = "only a success is a completion; `body` says what an error is"
            yield Fault(sentence, "/status", True)
            return
        completions = next(iter(chat.completions.values()))
        members = chat.members
        for part, name in _PLACED.items():
            if getattr(message, part) and name not in members.choice:
                sentence = (
                    f"the document does not say where {part} would stand; "
                    f"x-troth-completion has a place for it, choice.{name}"
                )
                yield Fault(sentence, f"/{part}", True)
                return
        yield from _misfits(completions, members, message)

    def _sent(
        self,
        operation: Operation,
        status: int,
        declared: DeclaredResponse | None,
        answer: WrittenAnswer,
    ) -> Iterator[Fault]:
        if not answer.has_content and declared is not None:
            # the content is the document's own
            yield from _of_fields(operation, status, declared, answer)
            return
        entry = _entry(declared, answer)
        if entry is None and declared is not None and answer.has_content:
            if has_content("GET", status):
                if answer.data is None and declared.content:
                    yield Fault("it has no media type that could say it", _at(answer))
                    return
            else:
                yield Fault(f"a {status} has no content", _at(answer), True)
                return
        try:
            due = Due(status, declared, entry, _SAMPLE, negotiation.Preferences())
            writer = AnswerWriter(self._chat(operation))
            reply = writer.reply(answer, due, request={}, created=None)
        except TrothError as fault:
            yield Fault(str(fault), _at(answer), True)
            return
        yield from _violations(operation, reply, answer)


def _of_fields(
    operation: Operation, status: int, declared: DeclaredResponse | None, answer: WrittenAnswer
) -> Iterator[Fault]:
    """What is wrong with the header fields of *answer*, whose content is held elsewhere."""
    if not answer.fields or declared is None:
        return
    reply = answer.over(Reply(status, headers(declared, _SAMPLE), None))
    yield from (
        fault for fault in _violations(operation, reply, answer) if fault.at.startswith("/fields")
    )


def _violations(operation: Operation, reply: Reply, answer: WrittenAnswer) -> Iterator[Fault]:
    from troth.validation.responses import ResponseValidator  # slow to load, and few mocks need it

    body = b"".join(reply.stream.frames) if reply.stream is not None else reply.body or b""
    response = Response(reply.status, reply.fields, body)
    request = Request(operation.method, operation.path)
    at = _at(answer)
    for violation in ResponseValidator(operation, request, response).violations():
        if violation.severity != "error" or violation.law is not None:
            continue
        if violation.code == "response.content-type-condition":
            continue  # a condition looks at the request
        where = violation.location
        if where.startswith("response-header"):
            inner = "/fields" + _spelt(answer, violation.instance_pointer)
        elif answer.data is None and violation.code.startswith("response.content-type"):
            named = _spelt(answer, "/content-type")
            inner = f"/fields{named}" if named else at
        elif where in ("response-body", "stream", "stream-body"):
            inner = at + (violation.instance_pointer if answer.data is None else "")
        else:
            inner = "/status" if answer.status is not None else at
        place = f" ({violation.place})" if violation.place else ""
        yield Fault(f"{violation.message}{place}", inner)


def _spelt(answer: WrittenAnswer, name: str) -> str:
    """The pointer *name*, of a field in lower case, as *answer* writes it; "" if it has none."""
    spelt = (pointers.of((each,)) for each, _ in answer.fields)
    return next((each for each in spelt if pointers.is_within(name, each.lower())), "")


def _entry(declared: DeclaredResponse | None, answer: WrittenAnswer) -> MediaType | None:
    """The media type in which *answer* can be judged: the whole body where there is the choice."""
    if declared is None or not declared.content:
        return None
    if answer.events is not None:
        streams = (entry for entry in declared.content if entry.is_stream)
        return next(streams, next((one for one in declared.content if one.is_sequence), None))
    whole = [entry for entry in declared.content if not entry.is_stream]
    first = Chooser(declared).otherwise(())
    return first if first in whole or not whole else whole[0]


def _has_stream(declared: DeclaredResponse | None) -> bool:
    entries = declared.content if declared is not None else ()
    return any(entry.is_stream or entry.is_sequence for entry in entries)


def _answered(operation: Operation, status: int | None) -> tuple[int, DeclaredResponse | None]:
    """The answer of *operation* with *status*, by default its success."""
    usual, declared = negotiation.success(operation)
    if status is None or status == usual:
        return usual, declared
    return status, operation.response(status)


def _examples(declared: DeclaredResponse | None) -> Iterator[str]:
    entries = declared.content if declared is not None else ()
    return (example.name for entry in entries for example in entry.examples)


def _no_example(declared: DeclaredResponse | None, name: str) -> Iterator[Fault]:
    examples = dict.fromkeys(_examples(declared))
    if name not in examples:
        has = f"it has {', '.join(examples)}" if examples else "it has none"
        yield Fault(f"it has no example of that name; {has}", "/example", True)


def _at(answer: WrittenAnswer) -> str:
    """Where in an answer its content stands."""
    if answer.data is not None:
        return "/file"
    return "/events" if answer.events is not None else "/body"


def _of_message(message: Message) -> str:
    return next((f"/{part}" for part in ("text", *_PLACED) if getattr(message, part)), "/finish")


def _misfits(completions: Completions, members: ChatMembers, message: Message) -> Iterator[Fault]:
    """What is wrong with the completion that says *message*."""
    schema = completions.schema
    if schema is None:
        return
    request = ChatRequest(model="model")
    completed = completions.complete(request, _SAMPLE, created=FIXED_TIME, message=message)
    parts = {"finish-reason": "/finish", "content": "/text"}
    parts |= {name: f"/{part}" for part, name in _PLACED.items()}
    choice = pointers.of((*members.response["choices"], "0"))
    for mismatch in schema.errors(completed.body):
        inner = next(
            (
                at
                for name, at in parts.items()
                if name in members.choice
                and pointers.is_within(
                    mismatch.instance_pointer, choice + pointers.of(members.choice[name])
                )
            ),
            "",
        )
        place = f" ({mismatch.place})" if mismatch.place else ""
        yield Fault(f"{mismatch.message}{place}", inner)
