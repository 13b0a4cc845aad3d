"""The declared life of an event stream: its framing, its items, its end, and the body it makes.

Works on the raw bytes of a response (with their arrival times where somebody measured them) and
on a Media Type Object whose `itemSchema` describes one event (OpenAPI 3.2 §4.14).  Nothing is
checked that the document does not describe: without an `itemSchema` the items are `unchecked`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troth import pointer
from troth.errors import Place
from troth.http import json_text, sse
from troth.http.exchange import Response
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.openapi.stream_assembly import fold
from troth.schema.schema import Mismatch
from troth.violation import Severity, Violation

#: How many misfits of items are reported for one stream: a fault repeats in every chunk.
MOST_TOLD = 20
#: How a schema says of an event that its data is no JSON.
_NOT_JSON = ("contentMediaType", "/data")


@dataclass(frozen=True, slots=True)
class Item:
    """One event of a stream that is not the sentinel.

    *value* is the JSON that its data holds, or None where *fault* says why there is none.  *at*
    is when its last byte arrived, in seconds after the request, or None.
    """

    event: sse.Event
    value: Any
    fault: json_text.BadJson | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A stream, read: *items* before the sentinel, *sentinels* and what came *after* the first.

    *unfinished* is the text of an event that the stream broke off, or None; *overflow* says which
    limit of the decoder was passed; *bad_utf8* is the offset of the first byte that is not UTF-8.
    """

    items: tuple[Item, ...]
    sentinels: int = 0
    after: tuple[sse.Event, ...] = ()
    unfinished: bool = False
    overflow: str | None = None
    bad_utf8: int | None = None
    notes: tuple[sse.Note, ...] = ()

    @property
    def values(self) -> list[Any]:
        """The items' data, in order: the `events` of the laws."""
        return [item.value for item in self.items if item.fault is None]


def read(media_type: MediaType, response: Response) -> Reading:
    """Decode the body of *response* as the event stream that *media_type* describes."""
    decoder = sse.Decoder()
    arrivals = response.arrivals or ((None, response.body),)
    timed: list[tuple[float | None, sse.Event]] = []
    for at, data in arrivals:
        timed.extend((at, event) for event in decoder.feed(data))
    unfinished = decoder.finish()
    ends = [index for index, (_, event) in enumerate(timed) if event.data == media_type.sentinel]
    first = ends[0] if ends else len(timed)
    return Reading(
        items=tuple(_item(event, at) for at, event in timed[:first]),
        sentinels=len(ends),
        after=tuple(event for _, event in timed[first + 1 :]),
        unfinished=unfinished is not None,
        overflow=None if decoder.overflow is None else str(decoder.overflow),
        bad_utf8=_bad_utf8(response.body),
        notes=tuple(decoder.notes),
    )


def violations(
    operation: Operation,
    declared: DeclaredResponse,
    media_type: MediaType,
    reading: Reading,
    *,
    place: Place | None = None,
) -> Iterator[Violation]:
    """Everything in which *reading* departs from what the document says of the stream.

    *place* is where the document says it: that of *media_type*.
    """
    report = _Report(operation, declared, media_type, place)
    yield from report.framing(reading)
    yield from report.items(reading)
    yield from report.end(reading)


def texts(body: bytes) -> Iterator[bytes]:
    """The JSON texts of a body that holds them in a row."""
    # RFC 7464 §2.1: a record separator begins each; it cannot stand inside one.  Without them a
    # line is a text, and an empty one is none (NDJSON §3.1).
    parts = body.split(b"\x1e") if body.lstrip().startswith(b"\x1e") else body.split(b"\n")
    return (part for part in parts if part.strip())


def assemble(media_type: MediaType, reading: Reading) -> Any:
    """The body that the stream folds to, or None where the document does not say how."""
    if media_type.assembly is None:
        return None
    return fold(media_type.assembly, reading.values)


def _item(event: sse.Event, at: float | None) -> Item:
    try:
        value, faults = json_text.decode_lenient(event.data.encode("utf-8", "surrogatepass"))
    except json_text.BadJson as fault:
        return Item(event, None, fault, at)
    return Item(event, value, None if not faults else _fatal(faults), at)


def _fatal(faults: tuple[json_text.BadJson, ...]) -> json_text.BadJson | None:
    # a repeated member name leaves a value that can be judged (RFC 8259 §4: SHOULD be unique)
    return next((fault for fault in faults if fault.reason not in SURVIVABLE), None)


#: Faults of a JSON text after which there still is one value that most readers agree on.
SURVIVABLE = frozenset({"duplicate-key", "lone-surrogate"})


def _bad_utf8(body: bytes) -> int | None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as fault:
        # a body that was cut short may end inside a character: that is told as truncation
        return None if fault.reason == "unexpected end of data" else fault.start
    return None


@dataclass(frozen=True, slots=True)
class _Report:
    operation: Operation
    declared: DeclaredResponse
    media_type: MediaType
    place: Place | None

    def violation(
        self,
        rule: str,
        message: str,
        *,
        at: str = "",
        schema_pointer: str | None = None,
        severity: Severity = "error",
        place: Place | None = None,
    ) -> Violation:
        return Violation(
            code=f"stream.{rule}",
            operation=self.operation.name,
            location="stream",
            message=message,
            instance_pointer=at,
            schema_pointer=self.media_type.pointer if schema_pointer is None else schema_pointer,
            place=place or self.place,
            severity=severity,
            status=int(self.declared.status) if self.declared.status.isdigit() else None,
            content_type=self.media_type.content_type,
        )

    def framing(self, reading: Reading) -> Iterator[Violation]:
        if reading.bad_utf8 is not None:
            yield self.violation(
                "utf-8", f"byte {reading.bad_utf8} is not UTF-8, which an event stream always is"
            )
        if reading.overflow:
            yield self.violation("framing", reading.overflow)
        if reading.unfinished:
            yield self.violation(
                "unfinished",
                "the stream ends inside an event: its last event lacks the blank line that "
                "completes it, so that a client discards it",
            )
        if not reading.items:
            yield self.violation("empty", "the stream has no event before its end")

    def items(self, reading: Reading) -> Iterator[Violation]:
        schema = self.media_type.item
        if schema is None:
            return
        told = 0
        for index, item in enumerate(reading.items):
            instance = _instance(item.event)
            if schema.is_valid(instance):
                continue
            for found in self.explain(index, item, schema.errors(instance)):
                yield found
                told += 1
                if told >= MOST_TOLD:
                    return

    def explain(
        self, index: int, item: Item, mismatches: tuple[Mismatch, ...]
    ) -> Iterator[Violation]:
        at = pointer.join("", index)
        if item.fault is None and self.is_declared_error(item.value):
            yield self.violation(
                "error-event",
                "the stream carries an error instead of an item: "
                + json_text.encode(item.value).decode("utf-8", "replace")[:200],
                at=at + "/data",
            )
            return
        for mismatch in mismatches:
            rule, message = mismatch.keyword, mismatch.message
            # data need not be JSON: only where the schema of this very event says that it is
            if item.fault is not None and (rule, mismatch.instance_pointer) == _NOT_JSON:
                text = item.event.data
                shown = repr(text if len(text) <= 60 else text[:57] + "…")
                rule = "data-not-json"
                message = f"the event's data {shown} is not JSON: {item.fault}"
            yield self.violation(
                rule,
                message,
                at=at + mismatch.instance_pointer,
                schema_pointer=mismatch.schema_pointer,
                place=mismatch.place,
            )

    def is_declared_error(self, value: Any) -> bool:
        """Whether *value* is the error body that the operation declares for some 4xx or 5xx."""
        return any(
            media_type.is_json
            and media_type.schema is not None
            and media_type.schema.is_valid(value)
            # a schema that asks for nothing calls anything an error
            and not media_type.schema.is_valid({})
            for response in self.operation.responses
            if response.status[:1] in "45"
            for media_type in response.content
        )

    def end(self, reading: Reading) -> Iterator[Violation]:
        sentinel = self.media_type.sentinel
        if sentinel is None:
            return
        if not reading.sentinels:
            yield self.violation(
                "sentinel-missing", f"the stream ends without its last event, {sentinel!r}"
            )
        if reading.sentinels > 1:
            yield self.violation(
                "sentinel-repeated", f"{sentinel!r} comes {reading.sentinels} times, not once"
            )
        elif reading.after:
            yield self.violation(
                "after-sentinel", f"{len(reading.after)} more events come after {sentinel!r}"
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
