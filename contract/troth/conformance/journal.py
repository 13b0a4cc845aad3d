"""The journal: every event of a run as one line of JSON, written as it happens.

It is the master record: every report is made of it.  The first line names the format and its
version.  Each line is flushed, so what a killed run leaves is readable up to its last whole line.
docs/REPORTS.md documents the lines for others who read them.

An event is a JSON object and back, nothing lost: bodies byte for byte (`{"text": …}` where they are
UTF-8, `{"base64": …}` where not), fields in their order, the pieces in which a body arrived as
their times and lengths.  What is absent, or has its default, is not written; members and events
that this version does not know are passed over.
"""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from troth.conformance.events import (
    Citation,
    Cut,
    Event,
    Exchanged,
    Finding,
    Finished,
    Found,
    PhaseStarted,
    Started,
    Step,
    Taken,
    Waited,
)
from troth.conformance.files import NotWritten, Unwritable, check_writable, lock
from troth.errors import Place, TrothError
from troth.http.exchange import Exchange, Request, Response
from troth.violation import Violation

FORMAT = 1
#: An answer's body of more bytes is cut to so many, with its size and hash told.
LARGEST = 256 * 1024
#: A request is kept whole, to be sent again, unless it is so many times as large.
_REQUESTS = 16


class BadJournal(TrothError):
    """A file is not a journal that this version reads."""

    path: str | Path
    why: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.why}"


class Journal:
    """A journal that is being written, "-" to standard output; use it as a context manager.

    Events are redacted before; what is too large of them is cut here (`capped`).
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._stream: BinaryIO | None = None

    def __enter__(self) -> Journal:
        check_writable(self.path)
        self._stream = sys.stdout.buffer if str(self.path) == "-" else self._opened()
        try:
            self._line({"journal": "troth", "format": FORMAT, "troth": version("troth")})
        except NotWritten:
            self._close()
            raise
        return self

    def _opened(self) -> BinaryIO:
        try:
            # not truncated before it is ours: another run may be writing it
            stream = open(self.path, "ab")  # noqa: SIM115 - __exit__ closes it
        except OSError as fault:
            raise Unwritable(self.path, fault.strerror or str(fault)) from fault
        if not lock(stream, wait=False):
            stream.close()
            raise Unwritable(self.path, "another run is writing it")
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):  # a device cannot be made shorter
            stream.truncate(0)
        return stream

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._stream is not None and self._stream is not sys.stdout.buffer:
            # what a full disk did not take is tried once more: that it fails has been told
            with suppress(OSError):
                self._stream.close()
        self._stream = None

    def write(self, event: Event) -> None:
        """Write one event.  Raises NotWritten when the disk is full."""
        self._line(to_json(capped(event)))

    def _line(self, value: Mapping[str, Any]) -> None:
        assert self._stream is not None, "use the journal as a context manager"
        try:
            self._stream.write(encode(value))
            self._stream.flush()
        except OSError as fault:
            raise NotWritten(self.path, fault.strerror or str(fault)) from fault


def encode(value: Mapping[str, Any]) -> bytes:
    """One line of a journal: ASCII, so that no server's bytes can break a line or a terminal."""
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def read(path: str | Path) -> Iterator[Event]:
    """The events of the journal in the file *path* ("-" is standard input), in order.

    A last line that was cut short is passed over.  Raises BadJournal.
    """
    if str(path) == "-":
        yield from _events(sys.stdin.buffer, path)
        return
    try:
        stream = open(path, "rb")  # noqa: SIM115 - closed below; opening alone is tried here
    except (OSError, ValueError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else str(fault)
        raise BadJournal(path, f"cannot be read: {why}") from fault
    with stream:
        yield from _events(stream, path)


def _events(lines: io.BufferedIOBase | Any, path: str | Path) -> Iterator[Event]:
    first = True
    for number, line in enumerate(lines, 1):
        whole = line.endswith(b"\n")
        try:
            raw = json.loads(line)
            if first:
                _check_head(raw, path)
                first = False
                continue
            event = of_json(raw)
        except BadJournal:
            raise
        except (ValueError, TypeError, KeyError, RecursionError, AttributeError) as fault:
            if not whole:
                return  # the run was killed while it wrote this line
            what = "not a journal of troth" if first else f"no event of a journal ({fault})"
            raise BadJournal(path, what, line=number) from fault
        if event is not None:
            yield event
    if first:
        raise BadJournal(path, "not a journal of troth: it is empty")


def _check_head(raw: Any, path: str | Path) -> None:
    if not isinstance(raw, dict) or raw.get("journal") != "troth":
        raise BadJournal(path, "not a journal of troth: its first line does not say so", line=1)
    found = raw.get("format")
    if not isinstance(found, int) or found > FORMAT:
        why = f"written in format {found!r} by a newer troth; this one reads {FORMAT}"
        raise BadJournal(path, why, line=1)


def capped(event: Event, *, largest: int = LARGEST) -> Event:
    """*event* with an answer of at most *largest* bytes; what was cut tells its size and hash."""
    if isinstance(event, Exchanged):
        exchange, cuts = _cut(event.exchange, largest)
        return replace(event, exchange=exchange, cuts={**event.cuts, **cuts}) if cuts else event
    if isinstance(event, Found):
        finding = event.finding
        example, cuts = _cut(finding.example, largest)
        steps = tuple(_cut_step(step, largest) for step in finding.steps)
        if cuts or steps != finding.steps:
            cuts = {**finding.cuts, **cuts}
            return Found(replace(finding, example=example, cuts=cuts, steps=steps))
    return event


def _cut_step(step: Step, largest: int) -> Step:
    exchange, cuts = _cut(step.exchange, largest)
    return replace(step, exchange=exchange, cuts={**step.cuts, **cuts}) if cuts else step


def _cut(exchange: Exchange, largest: int) -> tuple[Exchange, dict[str, Cut]]:
    cuts: dict[str, Cut] = {}
    request, response = exchange.request, exchange.response
    if len(request.body) > largest * _REQUESTS:
        cuts["request"] = _cut_of(request.body)
        request = replace(request, body=request.body[: largest * _REQUESTS])
    if response is not None and len(response.body) > largest:
        cuts["response"] = _cut_of(response.body)
        kept, left = [], largest
        for at, piece in response.arrivals:
            if left <= 0:
                break
            kept.append((at, piece[:left]))
            left -= len(piece)
        response = replace(response, body=response.body[:largest], arrivals=tuple(kept))
    return (replace(exchange, request=request, response=response) if cuts else exchange), cuts


def _cut_of(body: bytes) -> Cut:
    return Cut(len(body), sha256(body).hexdigest())


# -- events as JSON ---------------------------------------------------------------------------

_KINDS: dict[str, type[Any]] = {
    "started": Started,
    "phase": PhaseStarted,
    "exchanged": Exchanged,
    "waited": Waited,
    "found": Found,
    "finished": Finished,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_json(event: Event) -> dict[str, Any]:
    """*event* as a JSON object; its kind is the member `event`."""
    name = _NAMES[type(event)]
    value = _members(event.finding if isinstance(event, Found) else event)
    return {"event": name, **value}


def of_json(raw: Mapping[str, Any]) -> Event | None:
    """The event in *raw*; None for a kind that this version does not know.

    Raises ValueError, TypeError or KeyError for what no version wrote.
    """
    kind = _KINDS.get(raw["event"])
    if kind is None:
        return None
    if kind is Found:
        return Found(_read(Finding, raw))
    event: Event = _read(kind, raw)
    return event


def body_json(body: bytes) -> dict[str, str]:
    """*body* as text if it is UTF-8, else in Base64."""
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode("ascii")}


def body_of(raw: Mapping[str, Any]) -> bytes:
    """The body that `body_json` wrote."""
    if "base64" in raw:
        return b64decode(raw["base64"], validate=True)
    return str(raw["text"]).encode("utf-8")


def _members(value: Any) -> dict[str, Any]:
    """A value of ours as a JSON object, without the members that have their defaults."""
    written: dict[str, Any] = {}
    for one in fields(value):
        item = getattr(value, one.name)
        if one.default is MISSING or item != one.default:
            written[one.name] = _WRITE.get(one.name, _same)(item)
    return written


def _read(kind: type[Any], raw: Mapping[str, Any]) -> Any:
    members: dict[str, Any] = {}
    for one in fields(kind):
        if one.name in raw:
            # annotations are strings here (PEP 563)
            plain: Callable[[Any], Any] = tuple if str(one.type).startswith("tuple") else _same
            members[one.name] = _READ.get(one.name, plain)(raw[one.name])
    return kind(**members)


def _same(value: Any) -> Any:
    return value


def _exchange_json(exchange: Exchange) -> dict[str, Any]:
    written: dict[str, Any] = {
        "request": {
            "method": exchange.request.method,
            "target": exchange.request.target,
            "fields": exchange.request.fields,
            "body": body_json(exchange.request.body),
        }
    }
    if exchange.response is not None:
        written["response"] = _response_json(exchange.response)
    if exchange.fault is not None:
        written["fault"] = exchange.fault
    if exchange.fault_detail:
        written["fault_detail"] = exchange.fault_detail
    written["seconds"] = exchange.seconds
    return written


def _response_json(response: Response) -> dict[str, Any]:
    written: dict[str, Any] = {
        "status": response.status,
        "fields": response.fields,
        "body": body_json(response.body),
    }
    if response.arrivals:
        is_whole = b"".join(piece for _, piece in response.arrivals) == response.body
        told: Callable[[bytes], Any] = len if is_whole else body_json
        written["arrivals"] = [[at, told(piece)] for at, piece in response.arrivals]
    return written


def _exchange_of(raw: Mapping[str, Any]) -> Exchange:
    request, response = raw["request"], raw.get("response")
    return Exchange(
        Request(request["method"], request["target"], _fields(request), body_of(request["body"])),
        _response_of(response) if response is not None else None,
        raw.get("fault"),
        raw.get("fault_detail", ""),
        raw.get("seconds", 0.0),
    )


def _response_of(raw: Mapping[str, Any]) -> Response:
    body = body_of(raw["body"])
    arrivals: list[tuple[float, bytes]] = []
    offset = 0
    for at, piece in raw.get("arrivals", ()):
        if isinstance(piece, int):
            arrivals.append((at, body[offset : offset + piece]))
            offset += piece
        else:
            arrivals.append((at, body_of(piece)))
    return Response(raw["status"], _fields(raw), body, tuple(arrivals))


def _fields(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in raw["fields"])


#: Members whose values are values of ours: how they are written, and how they are read.
_WRITE: dict[str, Callable[[Any], Any]] = {
    "exchange": _exchange_json,
    "example": _exchange_json,
    "violation": _members,
    "violations": lambda items: [_members(item) for item in items],
    "place": lambda place: None if place is None else [place.file, place.line, place.column],
    "citation": lambda citation: None if citation is None else _members(citation),
    "cuts": lambda cuts: {name: _members(cut) for name, cut in cuts.items()},
    "steps": lambda items: [_members(item) for item in items],
    "taken": lambda items: [_members(item) for item in items],
}
_READ: dict[str, Callable[[Any], Any]] = {
    "exchange": _exchange_of,
    "example": _exchange_of,
    "violation": lambda raw: _read(Violation, raw),
    "violations": lambda items: tuple(_read(Violation, item) for item in items),
    "place": lambda raw: None if raw is None else Place(*raw),
    "citation": lambda raw: None if raw is None else _read(Citation, raw),
    "cuts": lambda raw: {name: _read(Cut, cut) for name, cut in raw.items()},
    "steps": lambda raw: tuple(_read(Step, item) for item in raw),
    "taken": lambda raw: tuple(_read(Taken, item) for item in raw),
}
