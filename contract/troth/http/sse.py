"""text/event-stream, without I/O: write events, and decode them from any split of their bytes.

The decoder follows the HTML standard, "Server-sent events", to the letter, so that its events
are those of a browser's EventSource.  Forms that are legal and yet trip real clients are noted
beside the events; whether they matter is for others to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from troth.errors import TrothError

_BOM = b"\xef\xbb\xbf"
_END = re.compile(rb"\r\n|\r|\n")
_BREAK = re.compile(r"\r\n|\r|\n")
_FORM = {
    "crlf": re.compile(rb"\r\n"),
    "cr": re.compile(rb"\r(?!\n)"),
    "lf": re.compile(rb"(?<!\r)\n"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """An event: *type* None stands for `message`; *id* and *retry* only where it has them."""

    type: str | None = None
    data: str = ""
    id: str | None = None
    retry: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A legal but fragile form: *offset* is the byte where it first stood, *count* how often."""

    form: str
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a stream left when it ended inside an event, which is then never dispatched.

    *event* is what had come of it, its last line included; *offset* is where it began.
    """

    event: Event
    offset: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes that a line, and the data of one event, may have."""

    line: int = 4 << 20
    event: int = 16 << 20


class Overflow(TrothError):
    """A line or an event grew past its limit: *part* is `line` or `event`, *limit* in bytes."""

    def __init__(self, part: str, limit: int, offset: int) -> None:
        super().__init__(part, limit, offset)
        self.part = part
        self.limit = limit
        self.offset = offset

    def __str__(self) -> str:
        return (
            f"the {self.part} at byte {self.offset} of the stream is longer than "
            f"{self.limit} bytes; end lines and events sooner"
        )


_DEFAULT = Limits()


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
        self._forms: dict[str, tuple[int, int]] = {}
        self._tail = bytearray()  # the line that has not ended yet …
        self._position = 0  # … and where in the stream it began
        self._begun = False  # whether the place for a byte order mark has passed
        self._after_cr = False  # whether a LF now would be the end of a CRLF
        self._data: list[str] = []
        self._held = 0  # bytes in _data
        self._type = ""
        self._id: str | None = None
        self._retry: int | None = None
        self._event_start = 0

    @property
    def notes(self) -> tuple[Note, ...]:
        """The fragile forms seen so far, in the order of their first places."""
        forms = dict(self._forms)
        ends = [forms[end] for end in ("lf", "crlf", "cr") if end in forms]
        forms.pop("lf", None)
        if len(ends) > 1:
            # Where the second kind came up; as often as there were ends of another kind.
            second = sorted(offset for offset, _ in ends)[1]
            others = sum(count for _, count in ends) - min(ends)[1]
            forms["mixed-line-ends"] = (second, others)
        notes = [Note(form, offset, count) for form, (offset, count) in forms.items()]
        return tuple(sorted(notes, key=lambda note: (note.offset, note.form)))

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes of the stream; return the events that they complete."""
        if self.overflow is not None:
            return []
        if not self._begun:
            chunk = self._without_mark(chunk)
        if self._after_cr and chunk:
            chunk = self._settle_cr(chunk)
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        if not end:
            self._tail += chunk
            self._check_tail()
            return []
        block = bytes(self._tail) + chunk[:end] if self._tail else chunk[:end]
        self._tail = bytearray(chunk[end:])
        self._after_cr = end == len(chunk) and block.endswith(b"\r")
        lines = self._lines(block)
        if len(block) + self._held > min(self._limits.line, self._limits.event):
            lines = self._within_limits(lines, block)
        events = self._interpret(lines, block)
        self._position += len(block)
        if self.overflow is None:
            self._check_tail()
        return events

    def finish(self) -> Unfinished | None:
        """Say that the stream has ended; return the event that it ended inside, if any."""
        if self._after_cr:
            self._note("cr", self._position - 1)
            self._after_cr = False
        # HTML: a last line without an end is discarded; here it shows what was lost.
        rest = bytes(self._tail).decode("utf-8", "replace")
        self._tail.clear()
        if rest:
            self._field(rest)
        begun = self._is_begun() or rest[:1] not in ("", ":")
        if self.overflow is not None or not begun:
            return None
        self._note("unfinished-event", self._event_start)
        lost = Event(self._type or None, "\n".join(self._data), self._id, self._retry)
        self._reset()
        return Unfinished(lost, self._event_start)

    def _interpret(self, lines: list[str], block: bytes) -> list[Event]:
        """Take whole lines (HTML, "interpreting an event stream")."""
        events = self._plain(lines) if not self._is_begun() else []
        if events:
            self._event_start = self._position + len(block)
            return events
        data, fresh, blank = self._data, len(self._data), -1
        for index, line in enumerate(lines):
            if line.startswith("data: "):
                data.append(line[6:])
            elif line:
                self._note_line(self._field(line), block, index)
            else:
                self._dispatch(events, block, index)
                blank, fresh = index, 0
        if blank >= 0:
            self._held = 0
            self._event_start = self._position + _line_start(block, blank + 1, len(lines))
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

    def _dispatch(self, events: list[Event], block: bytes, index: int) -> None:
        data = self._data
        if self._id is not None:
            self.last_event_id = self._id
        if data:
            events.append(Event(self._type or None, "\n".join(data), self._id, self._retry))
            if len(data) > 1:
                self._note_line("several-data-lines", block, index)
        elif self._type:
            self._note_line("event-without-data", block, index)
        self._reset()

    def _reset(self) -> None:
        self._data.clear()
        self._type, self._id, self._retry = "", None, None

    def _field(self, line: str) -> str:
        """Take one line that is not blank; return the fragile form that it shows, or ""."""
        name, _, value = line.partition(":")
        if not name:
            return "comment"
        form = "" if value.startswith(" ") or not value else "no-space-after-colon"
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id":
            # HTML: an id that holds NUL is ignored.
            if "\0" in value:
                return "nul-in-id"
            self._id = value
        elif name == "retry":
            if not (value.isascii() and value.isdigit()):
                return "retry-without-number"
            # int() refuses some thousands of digits; no delay needs as many.
            self._retry = self.retry = int(value[:4000])
        else:
            return "unknown-field"
        return form

    def _lines(self, block: bytes) -> list[str]:
        """The lines of *block*, which ends with the end of a line, and notes on their form."""
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError as error:
            text = block.decode("utf-8", "replace")
            bad = text.count("\ufffd") - block.count(b"\xef\xbf\xbd")
            self._note("bad-utf-8", self._position + error.start, bad)
        if "\r" in text:
            self._note_ends(block)
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        else:
            self._note("lf", self._position + block.find(b"\n"), block.count(b"\n"))
        return text.split("\n")[:-1]

    def _note_ends(self, block: bytes) -> None:
        if self._after_cr:
            block = block[:-1]  # Whether that CR is one, or half a CRLF, shows later.
        counts = {"crlf": block.count(b"\r\n")}
        counts["cr"] = block.count(b"\r") - counts["crlf"]
        counts["lf"] = block.count(b"\n") - counts["crlf"]
        for form, count in counts.items():
            if count and (first := _FORM[form].search(block)):
                self._note(form, self._position + first.start(), count)

    def _settle_cr(self, chunk: bytes) -> bytes:
        """Tell a CRLF in two pieces from a CR; return what is left of *chunk*."""
        self._after_cr = False
        if not chunk.startswith(b"\n"):
            self._note("cr", self._position - 1)
            return chunk
        self._note("crlf", self._position - 1)
        if self._event_start == self._position:
            self._event_start += 1
        self._position += 1
        return chunk[1:]

    def _without_mark(self, chunk: bytes) -> bytes:
        head = bytes(self._tail) + chunk
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._tail = bytearray(head)
            return b""
        self._tail.clear()
        self._begun = True
        if not head.startswith(_BOM):
            return head
        self._note("byte-order-mark", 0)
        self._position = self._event_start = len(_BOM)
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
                start = self._position + _line_start(block, index, len(lines))
                self.overflow = Overflow(part, limit, start)
                return lines[:index]
        return lines

    def _check_tail(self) -> None:
        if len(self._tail) > self._limits.line:
            self.overflow = Overflow("line", self._limits.line, self._position)

    def _note_line(self, form: str, block: bytes, index: int) -> None:
        if form in self._forms:
            self._note(form, 0)
        elif form:
            self._note(form, self._position + _line_start(block, index, -1))

    def _note(self, form: str, offset: int, count: int = 1) -> None:
        first, before = self._forms.get(form, (offset, 0))
        self._forms[form] = (first, before + count)


def _line_start(block: bytes, index: int, lines: int) -> int:
    """The offset in *block* of its line *index*; *lines* is how many it has, when known."""
    if index == 0 or index == lines:
        return len(block) if index else 0
    return next(islice(_END.finditer(block), index - 1, None)).end()


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


def data_frames(payloads: Iterable[bytes]) -> bytes:
    """Write an event for each payload, which holds no line break (compact JSON never does)."""
    frames = list(payloads)
    return b"data: " + b"\n\ndata: ".join(frames) + b"\n\n" if frames else b""
