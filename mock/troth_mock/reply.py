"""What the mock sends back, as values: a `Reply`, and the `Stream` that it may hold.

A `Wire` is a reply whose bytes are settled, and a `Script` what is done with these: when each of
them leaves, and how the connection is left.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from troth.generation.values import Unsatisfiable, synthesize
from troth.http import content_coding, json_text, sse
from troth.http.exchange import TOKEN, Fields, without
from troth.openapi.operation import DeclaredResponse, MediaType, Parameter
from troth.schema.schema import Schema
from troth.seed import Seed
from troth.validation.styles import write_field

JSON: Fields = (("Content-Type", "application/json"),)
#: What a field cannot carry (a comma in an item, a line end) is drawn again so many times.
_TRIES = 16

#: The names of the fields by which a request says what it gets, in lower case, begin so.
CONTROL_PREFIX = "x-troth-"
#: Framing and connection are decided per exchange, never by a document or by who wrote an answer.
SET_BY_SERVER = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
)
_NAME = re.compile(TOKEN)
#: What each registered status is called.
PHRASES = {status.value: status.phrase for status in HTTPStatus}


def why_unsaid(name: str) -> str | None:
    """Why no answer that somebody writes can have a field of this *name*; None if it can."""
    if _NAME.fullmatch(name) is None:
        return f"{name[:80]!r} is no name of a header field"
    if name.lower() in SET_BY_SERVER:
        return (
            f"{name} is the server's to set, and cannot be said here; "
            "what goes wrong with it is a fault: `wrong length`, `drop` …"
        )
    return None


@dataclass(frozen=True, slots=True)
class Stream:
    """The frames of an event stream, encoded, the sentinel among them.

    *tokens* says for each frame how many tokens it carries, for pacing; a frame with none follows
    the one before it at once.  *times*, where there are some, say when each frame is due, in
    seconds after the request, whatever the pace is.
    """

    frames: tuple[bytes, ...]
    tokens: tuple[int, ...]
    times: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: it has a *body*, or a *stream*, or neither.

    *tokens* are those that a model says before it has a whole *body*, for pacing.
    """

    status: int
    fields: Fields
    body: bytes | None
    stream: Stream | None = None
    tokens: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """The answer of another server whose body is still to come, in *pieces* as they come.

    They raise ConnectionError where it breaks off.
    """

    status: int
    fields: Fields
    pieces: AsyncGenerator[bytes, None]


def parting(fields: Fields) -> Callable[[bytes], list[bytes]]:
    """What cuts the content of an answer with these *fields* behind each event, or each line."""
    kind = next((value for name, value in fields if name.lower() == "content-type"), "")
    return _parted_lines if MediaType(kind, "").is_sequence else sse.parted


def _parted_lines(data: bytes) -> list[bytes]:
    return re.split(rb"(?<=\n)", data)


async def gathered(passed: Passed, clock: Callable[[], float]) -> Reply:
    """*passed* once all of its stream has come: its events, each due when it came by *clock*."""
    began, rest = clock(), b""
    parted = parting(passed.fields)
    frames: list[bytes] = []
    times: list[float] = []
    async with aclosing(passed.pieces) as pieces:
        async for piece in pieces:
            *events, rest = parted(rest + piece)
            frames += events
            times += [clock() - began] * len(events)
    if rest:
        frames.append(rest)
        times.append(clock() - began)
    stream = Stream(tuple(frames), (1,) * len(frames), tuple(times))
    return Reply(passed.status, passed.fields, None, stream)


#: How an answer ends: whole, so that the connection may be kept; with the connection closed, or
#: reset; or not at all: nothing more comes, and the connection stays open.
End = Literal["complete", "close", "reset", "stall"]


@dataclass(frozen=True, slots=True)
class Wire:
    """An answer as it is about to be sent: its *head*, and its content in *pieces*.

    Each piece is due so many seconds after the request (*due*).  *frame* makes of a piece what
    stands on the wire, and *end* ends the content: chunks, or nothing of the kind.
    """

    status: int
    head: bytes
    pieces: tuple[bytes, ...]
    due: tuple[float, ...]
    is_stream: bool
    frame: Callable[[bytes], bytes]
    end: bytes


@dataclass(frozen=True, slots=True)
class Script:
    """What is done for one answer: in each of *steps* some seconds are waited, then bytes sent.

    *faults* are those that it owes this to, in the words in which they were asked for; nobody can
    connect for *away* seconds after it.
    """

    steps: tuple[tuple[float, bytes], ...]
    end: End = "complete"
    faults: tuple[str, ...] = ()
    away: float = 0.0


def script(wire: Wire) -> Script:
    """How *wire* is sent when nothing goes wrong."""
    # of what is no stream the head waits for the body
    start = wire.due[0] if wire.due and not wire.is_stream else 0.0
    times = (start, *wire.due, wire.due[-1] if wire.due else 0.0)
    return Script(timed((wire.head, *map(wire.frame, wire.pieces), wire.end), times))


def timed(pieces: Sequence[bytes], times: Sequence[float]) -> tuple[tuple[float, bytes], ...]:
    """The steps that send each of *pieces* at its time, counted from the request."""
    waits = (max(0.0, now - before) for before, now in zip((0.0, *times), times, strict=False))
    return tuple(zip(waits, pieces, strict=True))


def has_content(method: str, status: int) -> bool:
    """Whether a response to *method* with *status* has content (RFC 9110 §6.4.1)."""
    return method != "HEAD" and status >= 200 and status not in (204, 304)


def headers(declared: DeclaredResponse, seed: Seed) -> Fields:
    """The header fields of an answer: required ones, those with an example, and where to go."""
    texts = (
        (header, header_text(header, seed))
        for header in declared.headers
        if header.required or header.examples or _leads_on(header, declared)
    )
    return tuple(
        field
        for header, text in texts
        if text is not None
        for field in _lines(header, text)
        if is_field_value(field[1]) or header.required
    )


def _lines(header: Parameter, text: str) -> Fields:
    if not header.is_set_cookie:
        return ((header.name, text),)
    from troth.validation.parameters import field_lines  # slow to load, and few answers have it

    return field_lines(header, text)


def without_coding(fields: Fields) -> Fields:
    """*fields* but for Content-Encoding."""
    return without(fields, ("content-encoding",))


def header_text(header: Parameter, seed: Seed) -> str | None:
    """The text of a header field; None for a coding that is none of those which can be put on."""
    if header.name.lower() == "content-encoding":
        codings = (*content_coding.PACKED, "identity")
        return next((one for one in codings if _allows(header, one)), None)
    return _field(header, seed)


def _allows(header: Parameter, text: str) -> bool:
    return header.schema is None or header.schema.is_valid(text)


def _leads_on(header: Parameter, declared: DeclaredResponse) -> bool:
    return header.name.lower() == "location" and declared.status[:1] in "23"


def _field(header: Parameter, seed: Seed) -> str:
    """A text for *header* that the document allows: its example, or drawn from *seed*."""
    from troth.validation.parameters import is_field  # slow to load, and few answers have fields

    for example in header.examples or (header.content.examples if header.content else ()):
        text = write_field(header, example.value) if example.text is None else example.text
        if is_field(header, text):
            return text
    # who waits for as long as is drawn waits for long
    text = (
        "1" if header.name.lower() == "retry-after" else write_field(header, _drawn(header, seed))
    )
    for attempt in range(_TRIES):
        if is_field(header, text):
            return text
        text = write_field(header, _drawn(header, seed.child("attempt", attempt)))
    return text


def _drawn(header: Parameter, seed: Seed) -> Any:
    schema = header.schema if header.content is None else header.content.schema
    # it is a place of the web, and no town
    name = "location url" if header.name.lower() == "location" else header.name
    if schema is None:
        return "value"
    return synthesize(schema, seed=seed.child("header", header.name), name=name)


@dataclass(frozen=True, slots=True)
class EventFraming:
    """How the events of one media type are written.

    *before* stands before the JSON of every event, *after* behind it; *end* is the sentinel's
    frame, or empty.  *schema* is what the JSON must conform to, if the document says.
    """

    before: bytes
    after: bytes
    end: bytes
    schema: Schema | None

    def frame(self, value: Any) -> bytes:
        """The frame of one event whose data is the JSON text of *value*."""
        return self.before + json_text.encode(value) + self.after

    def stream(self, frames: Iterable[bytes], tokens: Iterable[int]) -> Stream:
        """The stream of *frames*, which carry so many *tokens*, and of the sentinel if any."""
        if not self.end:
            return Stream(tuple(frames), tuple(tokens))
        return Stream((*frames, self.end), (*tokens, 0))


def framing(media_type: MediaType) -> EventFraming:
    """Read how the events of *media_type* are framed."""
    schema, event = None, None
    if media_type.item is not None:
        schema = media_type.item.schemas.content_schema(media_type.item.pointer)
        event = _event(media_type.item)
    end = (
        b""
        if media_type.sentinel is None
        else sse.encode(sse.Event(None, media_type.sentinel, None, None))
    )
    return EventFraming(_fields(event) + b"data: ", b"\n\n", end, schema)


def _event(item: Schema) -> dict[str, Any]:
    """What an event has to have beside its data."""
    try:
        # without looking into `data`, whose JSON is made apart
        event = synthesize(item, seed=Seed.of("event", item.pointer), optional=False)
    except Unsatisfiable:
        return {}
    return event if isinstance(event, dict) else {}


def _fields(event: dict[str, Any] | None) -> bytes:
    lines = []
    for name in ("event", "id", "retry"):
        value = str(event[name]) if event and event.get(name) is not None else ""
        if value and is_field_value(value):
            lines.append(f"{name}: {value}\n")
    return "".join(lines).encode("utf-8", "replace")


def is_field_value(text: str) -> bool:
    """Whether *text* can be the value of a field of an event other than its data."""
    return not set(text) & set("\r\n\0")
