"""What was sent, read back from its bytes: status, fields, content, and the events of a stream.

An answer may have been broken on purpose: what cannot be read as chunks any more is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from troth.http import media_type, sse
from troth.http.exchange import Fields

_END = b"\r\n\r\n"
_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
#: The longest line that can be the size of a chunk.
_LONGEST_SIZE = 32

Pieces = Iterable[tuple[float, bytes]]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer, which took *size* bytes."""

    status: int
    fields: Fields
    size: int

    def field(self, name: str) -> str:
        """The first value of the field *name*, or ""."""
        return next((value for key, value in self.fields if key.lower() == name), "")

    @property
    def is_stream(self) -> bool:
        """Whether the content is a stream of events."""
        return media_type.is_event_stream(self.field("content-type"))

    @property
    def is_chunked(self) -> bool:
        """Whether the content is framed in chunks."""
        return "chunked" in self.field("transfer-encoding").lower()


def read_head(data: bytes) -> Head | None:
    """The head that *data* begin with; None where that is none."""
    end = data.find(_END)
    first, *lines = data[: max(end, 0)].decode("utf-8", "replace").split("\r\n")
    words = first.split(" ", 2)
    if end < 0 or len(words) < 2 or not words[1].isdecimal():
        return None
    pairs = (line.partition(":") for line in lines)
    fields = tuple((name, value.strip()) for name, _, value in pairs)
    return Head(int(words[1]), fields, end + len(_END))


class Content:
    """Takes the pieces of an answer after its head, and gives its content without the chunks."""

    def __init__(self, *, is_chunked: bool) -> None:
        self._is_chunked = is_chunked
        self._left = 0
        self._waiting = b""

    def feed(self, data: bytes) -> bytes:
        """The content that *data*, the next bytes, hold."""
        if not self._is_chunked:
            return data
        data, self._waiting = self._waiting + data, b""
        content, at = [], 0
        while at < len(data):
            if self._left:
                content.append(data[at : at + self._left])
                self._left -= len(content[-1])
                at += len(content[-1])
            elif data.startswith(b"\r\n", at):
                at += 2
            elif (size := _SIZE.match(data, at)) is not None:
                self._left = int(size[1], 16)
                at = size.end()
            elif len(data) - at < _LONGEST_SIZE:
                self._waiting = data[at:]
                break
            else:
                # whatever comes from here on is no chunk
                self._is_chunked = False
                content.append(data[at:])
                break
        return b"".join(content)


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event of a stream as it was sent, so many seconds after the request (*at*)."""

    at: float
    text: str

    @property
    def event(self) -> sse.Event | None:
        """What a client reads; None of a comment, and of what is none."""
        events = sse.Decoder().feed(self.text.rstrip("\r\n").encode() + b"\n\n")
        return events[0] if events else None


class Events:
    """Takes the pieces of an answer as they leave, and gives the events that they complete."""

    def __init__(self) -> None:
        self._before: bytes | None = b""
        self._content: Content | None = None
        self._waiting = b""
        self._at = 0.0

    def feed(self, at: float, data: bytes) -> list[SentEvent]:
        """The events that *data*, which left *at* that time, complete."""
        self._at = at
        if self._content is None:
            if self._before is None:
                return []  # it is no stream
            data = self._before = self._before + data
            head = read_head(data)
            if head is None or not head.is_stream:
                self._before = None if head is not None else data
                return []
            self._content, self._before = Content(is_chunked=head.is_chunked), b""
            data = data[head.size :]
        *events, self._waiting = sse.parted(self._waiting + self._content.feed(data))
        return [SentEvent(at, event.decode("utf-8", "replace")) for event in events]

    def rest(self) -> list[SentEvent]:
        """What was begun and never ended, as the last event."""
        text = self._waiting.decode("utf-8", "replace")
        return [SentEvent(self._at, text)] if text else []


def read_content(head: Head, pieces: Pieces) -> bytes:
    """The content of the answer with this *head*, without the framing of its chunks."""
    data = b"".join(piece for _, piece in pieces)
    return Content(is_chunked=head.is_chunked).feed(data[head.size :])


def read_events(pieces: Pieces) -> Iterator[SentEvent]:
    """The events of the stream that left in *pieces*."""
    events = Events()
    for at, data in pieces:
        yield from events.feed(at, data)
    yield from events.rest()


def count_events(head: Head, pieces: Pieces) -> int:
    """How many events left in *pieces*, the answer with this *head*."""
    *events, rest = sse.parted(read_content(head, pieces))
    return len(events) + bool(rest)
