"""A request, its response, and the bytes and times of both, as frozen values.

Nothing here interprets: bodies stay bytes, header fields stay in order with their names as sent.
Field names compare case-insensitively (RFC 9110 §5.1).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

Fields = tuple[tuple[str, str], ...]

#: A token (RFC 9110 §5.6.2): the name of a field, a method, a scheme of authentication …
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
#: A quoted string, in which a backslash makes the next character literal (RFC 9110 §5.6.4).
QUOTED_STRING = r'"(?:[^"\\]|\\.)*+"'


def _first(fields: Fields, name: str) -> str | None:
    """The value of the first field called *name*, or None."""
    wanted = name.lower()
    # a generator takes twice the time, and this is read for every request
    for key, value in fields:
        if key.lower() == wanted:
            return value
    return None


def values(fields: Fields, name: str) -> tuple[str, ...]:
    """The values of all fields called *name*, in order."""
    wanted = name.lower()
    return tuple([value for key, value in fields if key.lower() == wanted])


def without(fields: Fields, names: Collection[str]) -> Fields:
    """Those of *fields* that are called as none of *names*, which are in lower case."""
    return tuple([pair for pair in fields if pair[0].lower() not in names])


def url_of(base: str, target: str) -> str:
    """Where *target* is below *base*; one that is a whole URL is itself (RFC 9112 §3.2.2)."""
    return target if target.startswith(("http://", "https://")) else base + target


@dataclass(frozen=True, slots=True)
class Request:
    """A request: *target* in origin form (path and query), *body* as sent."""

    method: str
    target: str
    fields: Fields = ()
    body: bytes = b""

    def field(self, name: str) -> str | None:
        """The value of the first header field called *name*, or None."""
        return _first(self.fields, name)

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all header fields called *name*, in order."""
        return values(self.fields, name)

    @property
    def content_type(self) -> str | None:
        """The Content-Type field, as sent."""
        return _first(self.fields, "content-type")

    def having(self, *fields: tuple[str, str]) -> Request:
        """The same with *fields* in the place of those that are called alike."""
        kept = without(self.fields, {name.lower() for name, _ in fields})
        return replace(self, fields=(*kept, *fields))


@dataclass(frozen=True, slots=True)
class Response:
    """A response: *body* is the whole content, transfer coding removed, content coding not.

    *arrivals* are the pieces in which a body arrived, each with its time in seconds after the
    request was sent (monotonic); empty where nobody measured.
    """

    status: int
    fields: Fields = ()
    body: bytes = b""
    arrivals: tuple[tuple[float, bytes], ...] = ()

    def field(self, name: str) -> str | None:
        """The value of the first header field called *name*, or None."""
        return _first(self.fields, name)

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all header fields called *name*, in order."""
        return values(self.fields, name)

    @property
    def content_type(self) -> str | None:
        """The Content-Type field, as sent."""
        return _first(self.fields, "content-type")


#: How a transport can fail to give a whole answer, and what that says of the answer.
FAULTS: Mapping[str, str] = {
    "timeout": "no complete answer came in time",
    "stalled": "the answer stalled",
    "reset": "the connection was reset",
    "empty-reply": "no answer came",
    "truncated": "the answer was cut short",
    "endless": "the answer does not end",
    "bomb": "the answer unpacks to more than the cap",
    "not-http": "what came back is not HTTP",
    "framing": "the answer's content coding is broken",
    "tls": "TLS failed",
    "unreachable": "the server could not be reached",
    "exception": "the application raised an exception",
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what came back: a response, or (in a live run) a *fault* of the transport.

    *fault* is a word of FAULTS, and may stand beside a partial response; the first line of
    *fault_detail* says more, and a traceback may follow it.  *seconds* is
    the whole exchange's duration.
    """

    request: Request
    response: Response | None = None
    fault: str | None = None
    fault_detail: str = ""
    seconds: float = 0.0
