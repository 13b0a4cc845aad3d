"""Answers that are many values one after the other: events of a stream, JSON texts in a row.

They are the document's example, or items of its schema: of `itemSchema`, or of a `schema` that
says of the whole what an array of the items would be, or of one item what each of them is.
"""

from __future__ import annotations

from typing import Any

from troth.generation.values import synthesize
from troth.http import json_text, sse
from troth.openapi.operation import Example, MediaType
from troth.seed import Seed
from troth_mock.reply import EventFraming, Stream, framing, is_field_value

#: How many items a stream has that nothing else fills: from two to this many.
MOST_ITEMS = 5
EVENT_FIELDS = frozenset({"data", "event", "id", "retry"})


class Events:
    """The event streams of one media type."""

    def __init__(self, entry: MediaType) -> None:
        self._entry = entry
        self._framing: EventFraming = framing(entry)

    def stream(self, example: Example | None, seed: Seed) -> Stream:
        """The stream of *example*, or of items that *seed* draws."""
        framing = self._framing
        if example is not None:
            frames = [sse.encode(event) for event in _events_of(example)]
            if frames and frames[-1] == framing.end:
                frames.pop()
        elif framing.schema is not None:
            frames = [framing.frame(synthesize(framing.schema, seed=part)) for part in _parts(seed)]
        else:
            items = items_of(self._entry, None, seed)
            frames = [sse.encode(_event(item)) for item in items]
        return framing.stream(frames, [1] * len(frames))


def items_of(entry: MediaType, example: Example | None, seed: Seed) -> list[Any]:
    """The items of *example*, or such as *seed* draws."""
    if example is not None:
        return example.value if isinstance(example.value, list) else [example.value]
    if entry.item is not None:
        return [synthesize(entry.item, seed=part) for part in _parts(seed)]
    if entry.schema is None:
        return [{}]
    first = synthesize(entry.schema, seed=seed)
    if isinstance(first, list):
        return first
    return [first, *(synthesize(entry.schema, seed=part) for part in _parts(seed)[1:])]


def are_items(entry: MediaType, example: Example) -> bool:
    """Whether the items of *example* conform."""
    if entry.is_stream:
        instances: list[Any] = [_fields(event) for event in _events_of(example)]
        return bool(instances) and (entry.item is None or all(map(entry.item.is_valid, instances)))
    if example.text is not None or not isinstance(example.value, list):
        return False
    return (entry.item is None or all(map(entry.item.is_valid, example.value))) and (
        entry.schema is None or entry.schema.is_valid(example.value)
    )


def _parts(seed: Seed) -> list[Seed]:
    """A seed for each item of a stream that nothing else fills."""
    return [seed.child("item", index) for index in range(seed.between(2, MOST_ITEMS, "items"))]


def _events_of(example: Example) -> list[sse.Event]:
    """The events that *example* shows: as text, as a list of them, or a single one."""
    value = example.value if example.text is None else example.text
    if isinstance(value, str):
        decoder = sse.Decoder()
        events = decoder.feed(value.encode("utf-8", "replace").rstrip(b"\n") + b"\n\n")
        # a text without a field is the data of an event
        return events or ([_event(value)] if value else [])
    return [_event(item) for item in (value if isinstance(value, list) else [value])]


def _event(value: Any) -> sse.Event:
    """The event that *value* is, by its fields, or else the data of which it is."""
    if not isinstance(value, dict) or not value.keys() or not value.keys() <= EVENT_FIELDS:
        value = {"data": value}
    data, kind, name = (value.get(field) for field in ("data", "event", "id"))
    text = data if isinstance(data, str) else json_text.encode(data).decode()
    retry = value.get("retry")
    return sse.Event(
        kind if isinstance(kind, str) and is_field_value(kind) else None,
        text,
        name if isinstance(name, str) and is_field_value(name) else None,
        int(retry) if isinstance(retry, (int, float)) and retry >= 0 else None,
    )


def _fields(event: sse.Event) -> dict[str, Any]:
    """*event* as `itemSchema` sees it (OpenAPI 3.2 §4.14.4.2)."""
    fields = {"event": event.type, "data": event.data, "id": event.id, "retry": event.retry}
    return {name: value for name, value in fields.items() if value is not None}
