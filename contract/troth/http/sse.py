"""text/event-stream, without I/O: write events, and decode them from any split of their bytes.

The decoder follows the HTML standard, "Server-sent events", to the letter, so that its events
are those of a browser's EventSource.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, pairwise

from troth.errors import TrothError

_BOM = b"\xef\xbb\xbf"
_END = re.compile(rb"\r\n|\r|\n")
_BREAK = re.compile(r"\r\n|\r|\n")
# HTML, "Server-sent events": a blank line ends an event, whichever way lines end
_BLANK = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")


@dataclass(frozen=True, slots=True)
class Event:
    """An event: *type* None stands for `message`; *id* and *retry* only where it has them."""

    type: str | None = None
    data: str = ""
    id: str | None = None
    retry: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes that a line, and the data of one event, may have."""

    line: int = 4 << 20
    event: int = 16 << 20


class Overflow(TrothError):
    """A line or an event grew past its limit: *part* is `line` or `event`, *limit* in bytes."""

    part: str
    limit: int
    offset: int

    def __str__(self) -> str:
        return (
            f"the {self.part} at byte {self.offset} of the stream is longer than "
            f"{self.limit} bytes; end lines and events sooner"
        )


_DEFAULT = Limits()


def parted(data: bytes) -> list[bytes]:
    """*data* cut behind each blank line, which ends an event; the last part is what is left."""
    ends = [blank.end() for blank in _BLANK.finditer(data)]
    return [data[start:end] for start, end in pairwise((0, *ends, len(data)))]


class Decoder:
    """Bytes in, in any pieces; events out, as soon as the blank line that ends each is there.

    *last_event_id* and *retry* are what a client would reconnect with.  Past a limit *overflow*
    says so, and nothing more is decoded.
    """

    def __init__(self, *, limits: Limits = _DEFAULT) -> None:
        self.last_event_id = ""
        self.retry: int | None = None
        self.overflow: Overflow | None = None
        self._limits = limits
        self._tail = bytearray()  # the line that has not ended yet …
        self._position = 0  # … and where in the stream it began
        self._begun = False  # whether the place for a byte order mark has passed
        self._after_cr = False  # whether a LF now would be the end of a CRLF
        self._data: list[str] = []
        self._held = 0  # bytes in _data
        self._type = ""
        self._id: str | None = None
        self._retry: int | None = None

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes of the stream; return the events that they complete."""
        if self.overflow is not None:
            return []
        if not self._begun:
            chunk = self._without_mark(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk.startswith(b"\n"):
                self._position += 1
                chunk = chunk[1:]
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        if not end:
            self._tail += chunk
            self._check_tail()
            return []
        block = bytes(self._tail) + chunk[:end] if self._tail else chunk[:end]
        self._tail = bytearray(chunk[end:])
        self._after_cr = end == len(chunk) and block.endswith(b"\r")
        lines = _lines(block)
        if len(block) + self._held > min(self._limits.line, self._limits.event):
            lines = self._within_limits(lines, block)
        events = self._interpret(lines)
        self._position += len(block)
        if self.overflow is None:
            self._check_tail()
        return events

    def finish(self) -> Event | None:
        """Say that the stream has ended; what had come of an event that it ended inside, if any.

        Such an event is never dispatched.
        """
        # HTML: a last line without an end is discarded; here it shows what was lost.
        rest = bytes(self._tail).decode("utf-8", "replace")
        self._tail.clear()
        retry = self.retry
        if rest:
            self._field(rest)
        self.retry = retry
        begun = self._is_begun() or rest[:1] not in ("", ":")
        if self.overflow is not None or not begun:
            return None
        lost = Event(self._type or None, "\n".join(self._data), self._id, self._retry)
        self._reset()
        return lost

    def _interpret(self, lines: list[str]) -> list[Event]:
        """Take whole lines (HTML, "interpreting an event stream")."""
        events = self._plain(lines) if not self._is_begun() else []
        if events:
            return events
        data, fresh = self._data, len(self._data)
        for line in lines:
            if line.startswith("data: "):
                data.append(line[6:])
            elif line:
                self._field(line)
            else:
                self._dispatch(events)
                fresh = self._held = 0
        self._held += sum(len(line.encode()) for line in data[fresh:])
        return events

    def _plain(self, lines: list[str]) -> list[Event]:
        """The events of *lines* if each is one line of data and a blank one, as most are; or []."""
        data = lines[::2]
        if len(data) * 2 != len(lines) or any(lines[1::2]):
            return []
        events = [Event(None, line[6:]) for line in data if line.startswith("data: ")]
        return events if len(events) == len(data) else []

    def _is_begun(self) -> bool:
        """Whether lines of an event have come whose blank line has not."""
        return bool(self._data or self._type or self._id is not None or self._retry is not None)

    def _dispatch(self, events: list[Event]) -> None:
        if self._id is not None:
            self.last_event_id = self._id
        if self._data:
            events.append(Event(self._type or None, "\n".join(self._data), self._id, self._retry))
        self._reset()

    def _reset(self) -> None:
        self._data.clear()
        self._type, self._id, self._retry = "", None, None

    def _field(self, line: str) -> None:
        """Take one line that is not blank; one that no rule is for has no effect."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:  # HTML: an id that holds NUL is ignored
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            # int() refuses some thousands of digits; no delay needs as many.
            self._retry = self.retry = int(value[:4000])

    def _without_mark(self, chunk: bytes) -> bytes:
        head = bytes(self._tail) + chunk
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._tail = bytearray(head)
            return b""
        self._tail.clear()
        self._begun = True
        if not head.startswith(_BOM):
            return head
        self._position = len(_BOM)
        return head[len(_BOM) :]

    def _within_limits(self, lines: list[str], block: bytes) -> list[str]:
        """The lines before the first that breaks a limit, which `overflow` then names."""
        held = self._held
        for index, line in enumerate(lines):
            size = len(line.encode())
            if not line:
                held = 0
            name, _, value = line.partition(":")
            if name == "data":
                held += len(value.removeprefix(" ").encode())
            part = "line" if size > self._limits.line else "event"
            limit = getattr(self._limits, part)
            if (size if part == "line" else held) > limit:
                before = next(islice(_END.finditer(block), index - 1, None)).end() if index else 0
                self.overflow = Overflow(part, limit, self._position + before)
                return lines[:index]
        return lines

    def _check_tail(self) -> None:
        if len(self._tail) > self._limits.line:
            self.overflow = Overflow("line", self._limits.line, self._position)


def _lines(block: bytes) -> list[str]:
    """The lines of *block*, which ends with the end of a line."""
    text = block.decode("utf-8", "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")[:-1]


def encode(event: Event) -> bytes:
    """Write *event* in the plainest form: LF, one space after the colon, no mark.

    A line break in the data, of any kind, starts another data line, as it must.  Raises
    ValueError for a type or id that a line cannot hold.
    """
    lines = []
    for name, value in (("event", event.type), ("id", event.id)):
        if value is not None:
            if _BREAK.search(value) or (name == "id" and "\0" in value):
                raise ValueError(f"a line of a stream cannot hold the {name} {value!r}")
            lines.append(f"{name}: {value}\n")
    if event.retry is not None:
        lines.append(f"retry: {event.retry}\n")
    lines += [f"data: {line}\n" for line in _BREAK.split(event.data)]
    return ("".join(lines) + "\n").encode("utf-8", "replace")
