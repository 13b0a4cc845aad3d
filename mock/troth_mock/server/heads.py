"""The heads of HTTP/1.1 messages: of requests, those that came before, and of answers, their bytes.

A client sends the same head with each request, its length perhaps aside.  The first time aiohttp
parses it, with all its strictness, and every guard looks at it; what came of that is kept under
the head's very bytes.  Nothing of a body or of an answer is kept.

Of an answer everything that it carries whatever it says is settled here: Date, a request id, CORS,
framing and the fate of the connection.  It is laid out so that a whole answer leaves in one write.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from time import time  # noqa: TID251 - the edge of the house: behind it, time is an argument
from typing import NamedTuple

from multidict import MultiMapping, istr

from troth.http.exchange import Fields, Request
from troth_mock.inspector.journal import Origin
from troth_mock.reply import PHRASES, SET_BY_SERVER, Reply, has_content
from troth_mock.responding.compiled_responder import CompiledResponse, RespondToBody
from troth_mock.responding.problems import Problem
from troth_mock.server.guards import Origins, is_token

# RFC 9110 §5.5: CR, LF and NUL in a value are invalid and dangerous; other controls go with them.
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
# No cache may keep a stream, and no proxy may hold it back (nginx reads the second).
_STREAM_FIELDS: Fields = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST_CHUNK = b"0\r\n\r\n"

_END = b"\r\n\r\n"
_CONTENT_LENGTH = istr("Content-Length")
_TRANSFER_ENCODING = istr("Transfer-Encoding")
_MOST_KEPT = 256
_LONGEST = 4096


# The heads of answers.


class Delivery(NamedTuple):
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


class ResponseHeads:
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
        # RFC 9110 §8.6: none in a 204, and of what is not sent only the length that is known
        is_unknown = reply.body is None and (delivery.method == "HEAD" or reply.status == 304)
        is_left_out = is_unknown or reply.status == 204
        framing = b"" if is_left_out else b"Content-Length: %d\r\n" % len(body)
        head = self._head(opening(reply.status, reply.fields), framing, delivery)
        return head + body if has_content(delivery.method, reply.status) else head

    def stream(self, reply: Reply, delivery: Delivery) -> bytes:
        """The head of a body of unknown length."""
        framing = _CHUNKED if delivery.is_chunked else b""
        return self._head(opening(reply.status, stream_fields(reply.fields)), framing, delivery)

    def compiled(self, response: CompiledResponse, delivery: Delivery) -> bytes:
        """The head of a compiled answer; see `with_content`."""
        status, fields, content, is_stream = response
        if not is_stream:
            framing = b"Content-Length: %d\r\n" % len(content)
            return self._head(_known_opening(status, fields), framing, delivery)
        framing = _CHUNKED if delivery.is_chunked else b""
        return self._head(_known_opening(status, _known_stream_fields(fields)), framing, delivery)

    def problem(self, problem: Problem, method: str = "") -> bytes:
        """The whole answer to what is no request, if one of *method*: its connection's last."""
        return self.whole(problem.reply(), Delivery(method))

    def _head(self, begin: bytes, framing: bytes, delivery: Delivery) -> bytes:
        self._count += 1
        return b"%b%bDate: %b\r\nX-Request-Id: req-%08x\r\n%b%b\r\n" % (
            begin,
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


def with_content(head: bytes, response: CompiledResponse, delivery: Delivery) -> bytes:
    """*head* and the content of *response*, whose head it is."""
    content = response.content
    if not response.is_stream or not delivery.is_chunked:
        return head + content
    # a stream is long: copied once
    return b"%b%x\r\n%b\r\n%b" % (head, len(content), content, LAST_CHUNK)


def wall_clock() -> int:
    """The time in seconds since 1970."""
    return int(time())


def framed(data: bytes, delivery: Delivery) -> bytes:
    """*data* as a part of a body of unknown length."""
    return chunk(data) if delivery.is_chunked else data


def stream_fields(fields: Fields) -> Fields:
    """*fields* and what a stream needs beside them."""
    for _, value in fields:
        if len(value) > _LONGEST:
            return _stream_fields(fields)
    return _known_stream_fields(fields)


def _stream_fields(fields: Fields) -> Fields:
    named = {name.lower() for name, _ in fields}
    return (*fields, *((name, text) for name, text in _STREAM_FIELDS if name.lower() not in named))


_known_stream_fields = lru_cache(maxsize=64)(_stream_fields)


def opening(status: int, fields: Fields) -> bytes:
    """The status line and *fields*, without the blank line.

    Fields that could break the framing are left out, and controls in values become a space.
    """
    # a value of megabytes, which a template can make, is not remembered
    for _, value in fields:
        if len(value) > _LONGEST:
            return _opening(status, fields)
    return _known_opening(status, fields)


def _opening(status: int, fields: Fields) -> bytes:
    # RFC 9112 §4: the phrase may be empty, the space before it not.
    lines = [f"HTTP/1.1 {status} {PHRASES.get(status, '')}"]
    for name, value in fields:
        if is_token(name) and name.lower() not in SET_BY_SERVER:
            lines.append(f"{name}: {_CONTROLS.sub(' ', value).strip()}")
    lines.append("Server: troth\r\n")
    return "\r\n".join(lines).encode("utf-8", "replace")


_known_opening = lru_cache(maxsize=512)(_opening)


def lines(fields: Fields) -> bytes:
    """*fields* as header lines; the caller vouches for their names."""
    return "".join(f"{name}: {_CONTROLS.sub(' ', value)}\r\n" for name, value in fields).encode(
        "utf-8", "replace"
    )


def chunk(data: bytes) -> bytes:
    """*data* as one chunk (RFC 9112 §7.1); nothing for no data, since that would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def date(now: int) -> bytes:
    """*now*, in seconds since 1970, as an HTTP date (RFC 9110 §5.6.7)."""
    return formatdate(now, usegmt=True).encode("ascii")


# The heads of requests.


class RequestHead(NamedTuple):
    """A request's head, whoever read it; *keep_alive*: its client wants the connection kept."""

    method: str
    target: str
    version: tuple[int, int]
    headers: MultiMapping[str]
    keep_alive: bool

    def request(self, body: bytes = b"") -> Request:
        """The request that this head and *body* make."""
        return Request(self.method, self.target, tuple(self.headers.items()), body)


class KnownHead(NamedTuple):
    """What a head says: the *length* of the body, what answers it, how the answer travels.

    *origin* is what the journal hears of it.
    """

    length: int
    respond: RespondToBody
    delivery: Delivery
    origin: Origin


def sent_again(
    respond: RespondToBody, delivery: Delivery, now: int, head: bytes, body: bytes
) -> bytes:
    """What was sent with *head* to the request of *body*, which *respond* answered at *now*."""
    response = respond(body, now)
    return head if response is None else with_content(head, response, delivery)


class KnownHeads:
    """The heads that came before, a bounded number of them."""

    def __init__(self) -> None:
        self._heads: dict[bytes, KnownHead] = {}

    def find(self, data: bytes) -> tuple[KnownHead, bytes] | None:
        """The known head that *data* is a whole request of, and its body."""
        end = data.find(_END)
        known = self._heads.get(data[:end])
        if known is None or len(data) != end + 4 + known.length:
            return None
        return known, data[end + 4 :]

    def learn(self, data: bytes, known: KnownHead) -> None:
        """Keep what the head of *data*, a whole request, says."""
        end = data.find(_END)
        if end <= _LONGEST:
            if len(self._heads) >= _MOST_KEPT:
                # the oldest goes
                del self._heads[next(iter(self._heads))]
            self._heads[data[:end]] = known

    def forget(self) -> None:
        """Forget all of them: what they say of the connection holds no longer."""
        self._heads.clear()


def is_whole(data: bytes, head: RequestHead) -> bool:
    """Whether *data* is the bytes of *head* and its body, to the last one."""
    length = head.headers.getall(_CONTENT_LENGTH, ())
    if _TRANSFER_ENCODING in head.headers or len(length) != 1 or not length[0].isdecimal():
        return False
    end = data.find(_END)
    return end > 0 and len(data) == end + len(_END) + int(length[0][:20])
