"""The heads of answers: what every one of them carries, whatever it says.

Date, a request id, CORS, framing and the fate of the connection are settled here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from time import time  # noqa: TID251 - the edge of the house: behind it, time is an argument

from troth.http.exchange import Fields
from troth_mock.reply import Reply, has_content
from troth_mock.responding.compiled_responder import CompiledResponse
from troth_mock.server.cors import Origins
from troth_mock.server.guards import Problem
from troth_mock.server.wire import LAST_CHUNK, chunk, date, lines, opening

# No cache may keep a stream, and no proxy may hold it back (nginx reads the second).
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_STREAM_FIELDS: Fields = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one answer travels, as its request wants it."""

    method: str = "GET"
    version: tuple[int, int] = (1, 1)
    origin: str | None = None
    keep_alive: bool = False

    @property
    def is_chunked(self) -> bool:
        """Whether a body of unknown length is chunked; HTTP/1.0 can only close at its end."""
        return self.version >= (1, 1)

    @property
    def end(self) -> bytes:
        """What ends a body of unknown length."""
        return LAST_CHUNK if self.is_chunked else b""


class Heads:
    """The head writer of one server: it numbers the answers, and knows the time to the second."""

    def __init__(self, origins: Origins, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._count = 0
        self._date = b""
        self._date_until = float("-inf")
        # one of this server's own: a key that holds its origins is slow to hash
        self._cors = lru_cache(maxsize=256)(lambda origin: lines(origins.fields(origin)))

    def whole(self, reply: Reply, delivery: Delivery) -> bytes:
        """An answer of known length, head and body."""
        body = reply.body or b""
        # RFC 9110 §8.6: no Content-Length in a 204
        framing = b"" if reply.status == 204 else b"Content-Length: %d\r\n" % len(body)
        head = self._head(reply.status, reply.fields, framing, delivery)
        return head + body if has_content(delivery.method, reply.status) else head

    def stream(self, reply: Reply, delivery: Delivery) -> bytes:
        """The head of a body of unknown length."""
        framing = _CHUNKED if delivery.is_chunked else b""
        return self._head(reply.status, stream_fields(reply.fields), framing, delivery)

    def said(self, said: CompiledResponse, delivery: Delivery) -> bytes:
        """An answer of the compiled lane, head and content."""
        status, fields, content, is_stream = said
        if not is_stream:
            framing = b"Content-Length: %d\r\n" % len(content)
            return self._head(status, fields, framing, delivery) + content
        if delivery.version < (1, 1):
            return self._head(status, stream_fields(fields), b"", delivery) + content
        head = self._head(status, stream_fields(fields), _CHUNKED, delivery)
        # a stream is long: copied once
        return b"%b%x\r\n%b\r\n%b" % (head, len(content), content, LAST_CHUNK)

    def problem(self, problem: Problem) -> bytes:
        """The whole answer to what is no request: the last one of its connection."""
        return self.whole(problem.reply(), Delivery())

    def _head(self, status: int, fields: Fields, framing: bytes, delivery: Delivery) -> bytes:
        self._count += 1
        return b"%b%bDate: %b\r\nX-Request-Id: req-%08x\r\n%b%b\r\n" % (
            opening(status, fields),
            framing,
            self._now(),
            self._count,
            self._cors(delivery.origin),
            b"" if delivery.keep_alive else b"Connection: close\r\n",
        )

    def _now(self) -> bytes:
        now = self._clock()
        if now >= self._date_until:
            self._date = date(wall_clock())
            self._date_until = now + 0.5
        return self._date


def wall_clock() -> int:
    """The time in seconds since 1970."""
    return int(time())


def framed(data: bytes, delivery: Delivery) -> bytes:
    """*data* as a part of a body of unknown length."""
    return chunk(data) if delivery.is_chunked else data


@lru_cache(maxsize=64)
def stream_fields(fields: Fields) -> Fields:
    """*fields* and what a stream needs beside them."""
    named = {name.lower() for name, _ in fields}
    return (*fields, *((name, text) for name, text in _STREAM_FIELDS if name.lower() not in named))
