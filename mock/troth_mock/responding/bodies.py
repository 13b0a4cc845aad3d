"""Answers that are synthesised whole: any schema, any media type, errors, streams of items."""

from __future__ import annotations

from typing import Any

from troth.generation.values import synthesize
from troth.http import json_text, media_type, sse
from troth.http.exchange import Fields
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.seed import Seed
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
        """Answer with *status*.  Raises BadPreference and Unsatisfiable."""
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
        kind = negotiation.concrete(entry.content_type, accept)
        fields = (("Content-Type", kind), *required)
        if entry.is_stream and preferences.example is None:
            return Reply(status, fields, None, self._stream(entry, seed))
        if entry.is_sequence and entry.item is not None and preferences.example is None:
            items = [synthesize(entry.item, seed=part) for part in _parts(seed)]
            return Reply(status, fields, b"".join(_framed(item, kind) for item in items))
        return Reply(status, fields, _encoded(self._value(status, entry, seed, preferences), kind))

    def _owed(self, status: int) -> Fields:
        """What HTTP demands of *status*, whatever the document says (RFC 9110 §15.5.2, §15.5.6)."""
        if status == 401:
            return (("WWW-Authenticate", 'Bearer realm="mock"'),)
        return (("Allow", self.operation.method),) if status == 405 else ()

    def _value(self, status: int, entry: MediaType, seed: Seed, preferences: Preferences) -> Any:
        if preferences.example is not None:
            return negotiation.named_example(entry, preferences.example).value
        if not preferences.dynamic:
            for example in entry.examples:
                if entry.schema is None or entry.schema.is_valid(example.value):
                    return example.value
        if status >= 400 and entry.is_json:
            return conforming(entry, _preferred_problem(status))
        return {} if entry.schema is None else synthesize(entry.schema, seed=seed)

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


def _encoded(value: Any, content_type: str) -> bytes:
    if media_type.is_json(content_type) or not isinstance(value, str):
        return json_text.encode(value)
    return value.encode("utf-8", "replace")


def _preferred_problem(status: int) -> Problem:
    """The error that Prefer names by its *status*."""
    phrase = PHRASES.get(status, "error")
    return Problem(status, f"{phrase}: the answer that was asked for with Prefer")
