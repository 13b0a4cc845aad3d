"""Answers that somebody wrote, in the form that is due to a request.

A `WrittenAnswer` says what, and never how: the same text is a completion to one client and a stream
to another, the same events are a stream or the body that they fold to, a value is JSON, XML or a
form as the document has it.  What it leaves out is the document's.  Nothing is held to the document
here: that is for those who read such answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from troth.http import json_text
from troth.http.exchange import Fields, without
from troth.openapi.operation import DeclaredResponse, Example, MediaType
from troth.openapi.stream_assembly import fold
from troth.seed import Seed
from troth.validation import content
from troth.validation.xml import Unwritable
from troth_mock.chat.completion import Completed, Message
from troth_mock.chat.request import read_request
from troth_mock.chat.responder import ChatResponder
from troth_mock.reply import JSON, Reply, Stream, has_content, headers
from troth_mock.responding.bodies import Due
from troth_mock.responding.sequences import EVENT_FIELDS, Events
from troth_mock.responding.writing import coded, written

#: The body of an answer that says nothing of it; null is a body too.
ABSENT: Any = object()


@dataclass(frozen=True, slots=True, eq=False)
class WrittenAnswer:
    """How one request is answered; what is not given is as the document, or the mock, has it.

    What is said is a *message* of a chat, a *body*, the *events* of a stream (sent at *times*, in
    seconds after the request), or *data*, bytes as they are.  *example* is the name of one of the
    document's.  One that *is_for_refused* answers what the document does not allow as well.
    """

    status: int | None = None
    fields: Fields = ()
    message: Message | None = None
    body: Any = ABSENT
    events: tuple[Any, ...] | None = None
    times: tuple[float, ...] = ()
    data: bytes | None = None
    example: str | None = None
    is_for_refused: bool = False

    @property
    def has_content(self) -> bool:
        """Whether it says what the answer's content is."""
        whole = (self.message, self.events, self.data)
        return self.body is not ABSENT or any(part is not None for part in whole)

    def says_otherwise(self, status: int) -> bool:
        """Whether it asks for another answer than the one of *status* that is due."""
        is_other = self.status not in (None, status) or self.example is not None
        return self.has_content or is_other

    def over(self, reply: Reply) -> Reply:
        """*reply* with the fields of this answer in the place of its own."""
        if not self.fields:
            return reply
        kept = without(reply.fields, {name.lower() for name, _ in self.fields})
        return replace(reply, fields=(*kept, *self.fields))


class AnswerWriter:
    """Writes such answers for one operation; *chat* is what answers its chats."""

    def __init__(self, chat: ChatResponder | None) -> None:
        self._chat = chat
        self._events: dict[int, Events] = {}

    def reply(self, answer: WrittenAnswer, due: Due, *, request: Any, created: int | None) -> Reply:
        """*answer* to a *request*, as it is *due*.  Raises Refused, Unsatisfiable, Unwritable."""
        status, declared, entry, seed = due.status, due.declared, due.entry, due.seed
        if answer.message is not None:
            return answer.over(self._said(answer.message, due, request, created))
        required = () if declared is None else headers(declared, seed)
        if not (answer.has_content and has_content("GET", status)) or status == 205:
            return answer.over(Reply(status, required, None))
        if answer.data is not None:
            return answer.over(coded(Reply(status, required, answer.data)))
        body = answer.body
        if answer.events is not None:
            body = _data(answer.events)
            if entry is None or not entry.is_stream:
                stream = next(_assembled(declared), None)
                if stream is not None and stream.assembly is not None:
                    body = fold(stream.assembly, body)
                elif entry is None or not entry.is_sequence:
                    entry = next(_streams(declared), entry)
        if entry is not None and entry.is_stream:
            fields = (("Content-Type", entry.content_type), *required)
            sent = self._stream(answer, entry, body, request)
            return answer.over(coded(Reply(status, fields, None, sent)))
        if entry is None:
            return answer.over(Reply(status, (*JSON, *required), json_text.encode(body)))
        kind, data = written(entry, content.concrete(entry), body, seed=seed)
        if answer.times and answer.events is not None and entry.is_sequence:
            fields = (("Content-Type", kind), *required)
            lines = tuple(data.splitlines(keepends=True))
            sent = Stream(lines, (1,) * len(lines), _times(answer.times, len(lines)))
            return answer.over(coded(Reply(status, fields, None, sent)))
        # a token has a byte at least
        size = 0 if self._chat is None else min(self._chat.size_of(body), len(data))
        fields = (("Content-Type", kind), *required)
        return answer.over(coded(Reply(status, fields, data, tokens=size)))

    def _said(self, message: Message, due: Due, request: Any, created: int | None) -> Reply:
        assert self._chat is not None, "a message is said in a chat only"
        entry, seed, status = due.entry, due.seed, due.status
        if entry is None:
            raise Unwritable(f"no completion can be written with the status {status}")
        if not self._chat.can_answer(entry):
            raise Unwritable(f"no completion can be written as {entry.content_type}")
        return self._chat.reply(
            entry, request, seed, text_seed=seed, created=created, status=status, message=message
        )

    def _stream(self, answer: WrittenAnswer, entry: MediaType, body: Any, request: Any) -> Stream:
        """The stream of the events of *answer*, or the one that folds to its *body*."""
        chunker = None if self._chat is None else self._chat.chunkers.get(id(entry))
        if answer.events is None and chunker is not None and isinstance(body, dict):
            assert self._chat is not None
            asked = read_request(self._chat.members, request)
            whole = Completed(body, (), "")
            return chunker.stream(whole, includes_usage=asked.includes_usage)
        events = self._events.setdefault(id(entry), Events(entry))
        items = answer.events if answer.events is not None else _items(body)
        # an object may have the members of an event and be the data of one
        told = [item if _is_event(item) else {"data": item} for item in items]
        stream = events.stream(Example(told, ""), Seed.of("events"))
        return Stream(stream.frames, stream.tokens, _times(answer.times, len(stream.frames)))


def _items(body: Any) -> Sequence[Any]:
    return body if isinstance(body, list) else [body]


def _data(events: Iterable[Any]) -> list[Any]:
    """The data of *events*, each of which may be nothing else."""
    return [event["data"] if _is_event(event) else event for event in events]


def _is_event(value: Any) -> bool:
    return isinstance(value, dict) and "data" in value and value.keys() <= EVENT_FIELDS


def _times(times: tuple[float, ...], count: int) -> tuple[float, ...]:
    """A time for each of *count* frames: the sentinel follows the last event at once."""
    return (*times, *times[-1:] * count)[:count]


def _streams(declared: DeclaredResponse | None) -> Iterator[MediaType]:
    return (entry for entry in (declared.content if declared else ()) if entry.is_stream)


def _assembled(declared: DeclaredResponse | None) -> Iterator[MediaType]:
    """The streams of *declared* whose events fold to a body."""
    return (entry for entry in _streams(declared) if entry.assembly is not None)
