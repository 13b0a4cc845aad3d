"""The declared life of an event stream: its framing, its items, its end, and the body it makes.

Works on the raw bytes of a response and on a Media Type Object whose `itemSchema` describes one
event (OpenAPI 3.2 §4.14).  Nothing is checked that the document does not describe.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from troth import pointer
from troth.http import json_text, sse
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.openapi.stream_assembly import fold
from troth.schema.schema import Schema
from troth.validation.bodies import MOST_MISFITS
from troth.validation.violation_builder import ViolationBuilder
from troth.violation import Violation

#: How a schema says of an event that its data is no JSON.
_NOT_JSON = ("contentMediaType", "/data")


@dataclass(frozen=True, slots=True)
class Item:
    """One event of a stream that is not the sentinel.

    *value* is the JSON that its data holds, or None where *fault* says why there is none.
    """

    event: sse.Event
    value: Any
    fault: json_text.BadJson | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """An event stream, decoded: its *items*, *sentinels*, and the events *after* the first of them.

    *is_unfinished* where it broke off inside an event; *overflow* says which limit of the decoder
    was passed; *bad_utf8* is the offset of the first byte that is not UTF-8.
    """

    items: tuple[Item, ...]
    sentinels: int = 0
    after: int = 0
    is_unfinished: bool = False
    overflow: sse.Overflow | None = None
    bad_utf8: int | None = None

    @property
    def values(self) -> list[Any]:
        """The items' data, in order: the `events` of the laws."""
        return [item.value for item in self.items if item.fault is None]


def read(media_type: MediaType, body: bytes) -> Stream:
    """Decode *body* as the event stream that *media_type* describes."""
    decoder = sse.Decoder()
    events = decoder.feed(body)
    unfinished = decoder.finish()
    ends = [index for index, event in enumerate(events) if event.data == media_type.sentinel]
    first = ends[0] if ends else len(events)
    return Stream(
        items=tuple(map(_item, events[:first])),
        sentinels=len(ends),
        after=len(events[first + 1 :]),
        is_unfinished=unfinished is not None,
        overflow=decoder.overflow,
        bad_utf8=_bad_utf8(body),
    )


def _item(event: sse.Event) -> Item:
    try:
        value, faults = json_text.decode_lenient(event.data.encode("utf-8", "surrogatepass"))
    except json_text.BadJson as fault:
        return Item(event, None, fault)
    # a repeated member name leaves a value that can be judged (RFC 8259 §4: SHOULD be unique)
    return Item(event, value, next((one for one in faults if one.reason not in SURVIVABLE), None))


#: Faults of a JSON text after which there still is one value that most readers agree on.
SURVIVABLE = frozenset({"duplicate-key", "lone-surrogate"})


def _bad_utf8(body: bytes) -> int | None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as fault:
        # a body that was cut short may end inside a character: that is told as truncation
        return None if fault.reason == "unexpected end of data" else fault.start
    return None


def assemble(media_type: MediaType, stream: Stream) -> Any:
    """The body that the stream folds to, or None where the document does not say how."""
    if media_type.assembly is None:
        return None
    return fold(media_type.assembly, stream.values)


def violations(
    operation: Operation, declared: DeclaredResponse, media_type: MediaType, stream: Stream
) -> Iterator[Violation]:
    """Everything in which *stream* departs from what the document says of the stream."""
    builder = ViolationBuilder(
        operation,
        media_type.pointer,
        status=int(declared.status) if declared.status.isdigit() else None,
        content_type=media_type.content_type,
    )
    yield from _framing(builder, stream)
    if media_type.item is not None:
        yield from islice(_items(builder, media_type.item, stream), MOST_MISFITS)
    if media_type.sentinel is not None:
        yield from _end(builder, media_type.sentinel, stream)


def _framing(builder: ViolationBuilder, stream: Stream) -> Iterator[Violation]:
    if stream.bad_utf8 is not None:
        yield builder.violation(
            "stream.utf-8", f"byte {stream.bad_utf8} is not UTF-8, which an event stream always is"
        )
    if stream.overflow:
        yield builder.violation("stream.framing", str(stream.overflow))
    if stream.is_unfinished:
        yield builder.violation(
            "stream.unfinished",
            "the stream ends inside an event: its last event lacks the blank line that "
            "completes it, so that a client discards it",
        )
    if not stream.items:
        yield builder.violation("stream.empty", "the stream has no event before its end")


def _items(builder: ViolationBuilder, schema: Schema, stream: Stream) -> Iterator[Violation]:
    for index, item in enumerate(stream.items):
        instance = _instance(item.event)
        if schema.is_valid(instance):
            continue
        at = pointer.join("", index)
        if item.fault is None and _is_declared_error(builder.operation, item.value):
            shown = json_text.encode(item.value).decode("utf-8", "replace")[:200]
            message = f"the stream carries an error instead of an item: {shown}"
            yield builder.violation("stream.error-event", message, at=at + "/data")
            continue
        for mismatch in schema.errors(instance):
            rule, message = mismatch.keyword, mismatch.message
            # data need not be JSON: only where the schema of this very event says that it is
            if item.fault is not None and (rule, mismatch.instance_pointer) == _NOT_JSON:
                text = item.event.data
                shown = repr(text if len(text) <= 60 else text[:57] + "…")
                rule = "data-not-json"
                message = f"the event's data {shown} is not JSON: {item.fault}"
            yield builder.violation(
                f"stream.{rule}",
                message,
                at=at + mismatch.instance_pointer,
                schema_pointer=mismatch.schema_pointer,
                place=mismatch.place,
            )


def _is_declared_error(operation: Operation, value: Any) -> bool:
    """Whether *value* is the error body that the operation declares for some 4xx or 5xx."""
    return any(
        media_type.is_json
        and media_type.schema is not None
        and media_type.schema.is_valid(value)
        # a schema that asks for nothing calls anything an error
        and not media_type.schema.is_valid({})
        for response in operation.responses
        if response.status[:1] in "45"
        for media_type in response.content
    )


def _end(builder: ViolationBuilder, sentinel: str, stream: Stream) -> Iterator[Violation]:
    if not stream.sentinels:
        yield builder.violation(
            "stream.sentinel-missing", f"the stream ends without its last event, {sentinel!r}"
        )
    if stream.sentinels > 1:
        yield builder.violation(
            "stream.sentinel-repeated", f"{sentinel!r} comes {stream.sentinels} times, not once"
        )
    elif stream.after:
        yield builder.violation(
            "stream.after-sentinel", f"{stream.after} more events come after {sentinel!r}"
        )


def _instance(event: sse.Event) -> dict[str, Any]:
    # OpenAPI 3.2 §4.14.4.2: an event is an object of its fields, those without a value left out
    instance: dict[str, Any] = {"data": event.data}
    if event.type is not None:
        instance["event"] = event.type
    if event.id is not None:
        instance["id"] = event.id
    if event.retry is not None:
        instance["retry"] = event.retry
    return instance
