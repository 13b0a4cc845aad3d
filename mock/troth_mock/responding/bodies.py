"""Answers that are synthesised whole: any schema, any media type, errors, streams of items."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from troth.generation.values import synthesize
from troth.http import json_text, media_type, sse
from troth.http.exchange import Fields
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.seed import Seed
from troth.validation import content
from troth.validation.xml import Unwritable
from troth_mock.reply import (
    JSON,
    PHRASES,
    EventFraming,
    Reply,
    Stream,
    framing,
    headers,
    is_field_value,
)
from troth_mock.responding import negotiation
from troth_mock.responding.negotiation import Preferences
from troth_mock.responding.problems import Problem, conforming
from troth_mock.responding.writing import anything, coded, conforms, natural, written

#: How many items a stream has that nothing else fills: from two to this many.
MOST_ITEMS = 5


class Bodies:
    """The synthesised answers of one operation."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        self.contract = contract
        self.operation = operation
        self._framings: dict[int, EventFraming] = {}

    def reply(
        self,
        status: int,
        declared: DeclaredResponse | None,
        entry: MediaType | None,
        seed: Seed,
        *,
        preferences: Preferences,
        accept: str | None,
    ) -> Reply:
        """Answer with *status*, in another of its media types where *entry* cannot be written.

        Raises BadPreference, Unsatisfiable and Unwritable.
        """
        answer = partial(self._reply, status, declared, preferences=preferences, accept=accept)
        try:
            return coded(answer(entry, seed))
        except Unwritable:
            for other in _others(declared, entry, accept):
                with suppress(Unwritable):
                    return coded(answer(other, seed))
            raise

    def _reply(
        self,
        status: int,
        declared: DeclaredResponse | None,
        entry: MediaType | None,
        seed: Seed,
        *,
        preferences: Preferences,
        accept: str | None,
    ) -> Reply:
        required = headers(declared, seed) if declared is not None else ()
        required = (*required, *self._owed(status))
        if entry is None:
            if preferences.example is not None:
                why = "the answer has no content, and so no examples"
                raise negotiation.BadPreference(f"example={preferences.example[:60]}", why)
            if status >= 400:
                body = json_text.encode(_preferred_problem(status).envelope)
                return Reply(status, (*JSON, *required), body)
            return Reply(status, required, None)
        kind = content.concrete(entry, accept or "")
        fields = (("Content-Type", kind), *required)
        if entry.is_stream and preferences.example is None:
            return Reply(status, fields, None, self._stream(entry, seed))
        if entry.is_sequence and entry.item is not None and preferences.example is None:
            items = [synthesize(entry.item, seed=part) for part in _parts(seed)]
            return Reply(status, fields, b"".join(_framed(item, kind) for item in items))
        value = self._value(status, entry, kind, seed, preferences)
        kind, body = written(entry, kind, value, seed=seed)
        return Reply(status, (("Content-Type", kind), *required), body)

    def _owed(self, status: int) -> Fields:
        """What HTTP demands of *status*, whatever the document says (RFC 9110 §15.5.2, §15.5.6)."""
        if status == 401:
            return (("WWW-Authenticate", 'Bearer realm="mock"'),)
        return (("Allow", self.operation.method),) if status == 405 else ()

    def _value(
        self, status: int, entry: MediaType, kind: str, seed: Seed, preferences: Preferences
    ) -> Any:
        if preferences.example is not None:
            return negotiation.named_example(entry, preferences.example).value
        if not preferences.dynamic:
            for example in entry.examples:
                if conforms(entry, kind, example.value):
                    return example.value
        if status >= 400 and content.form_of(kind) != "bytes":
            value = conforming(entry, _preferred_problem(status))
        elif entry.schema is None:
            value = anything(kind)
        else:
            value = synthesize(entry.schema, seed=seed)
        return natural(entry, kind, value, title=PHRASES.get(status, "answer"))

    def _stream(self, entry: MediaType, seed: Seed) -> Stream:
        events = self._framings.get(id(entry))
        if events is None:
            events = self._framings[id(entry)] = framing(self.contract, entry)
        if events.schema is not None:
            frames = [events.frame(synthesize(events.schema, seed=part)) for part in _parts(seed)]
        else:
            frames = [_event(entry, part) for part in _parts(seed)]
        return events.stream(frames, [1] * len(frames))


def _parts(seed: Seed) -> list[Seed]:
    """A seed for each item of a stream that nothing else fills."""
    return [seed.child("item", index) for index in range(seed.between(2, MOST_ITEMS, "items"))]


def _event(entry: MediaType, seed: Seed) -> bytes:
    """An event whose JSON, if it is any, the document does not describe apart from its fields."""
    event = synthesize(entry.item, seed=seed) if entry.item is not None else {}
    if not isinstance(event, dict):
        event = {"data": event}
    data, kind, name = (event.get(field) for field in ("data", "event", "id"))
    text = data if isinstance(data, str) else json_text.encode(data).decode()
    retry = event.get("retry")
    return sse.encode(
        sse.Event(
            kind if isinstance(kind, str) and is_field_value(kind) else None,
            text,
            name if isinstance(name, str) and is_field_value(name) else None,
            int(retry) if isinstance(retry, (int, float)) and retry >= 0 else None,
        )
    )


def _framed(value: Any, content_type: str) -> bytes:
    """One of the JSON texts in a row of a sequential media type."""
    # RFC 7464 §2.2: a record separator stands before each
    before = b"\x1e" if media_type.essence(content_type).endswith("json-seq") else b""
    return before + json_text.encode(value) + b"\n"


def _others(
    declared: DeclaredResponse | None, entry: MediaType | None, accept: str | None
) -> Iterator[MediaType]:
    """The media types of *declared* that *accept* takes as well as *entry*."""
    entries = [] if declared is None else [one for one in declared.content if one.when is None]
    accepted = media_type.accepts(accept, [one.content_type for one in entries])
    return (one for one in entries if one is not entry and one.content_type in accepted)


def _preferred_problem(status: int) -> Problem:
    """The error that Prefer names by its *status*."""
    phrase = PHRASES.get(status, "error")
    return Problem(status, f"{phrase}: the answer that was asked for with Prefer")
