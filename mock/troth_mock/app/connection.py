"""One client's connection: aiohttp's protocol, and what it leaves open.

aiohttp parses, queues pipelined requests and runs our coroutine for each.  Added here: a deadline
for a request's head, a client that half-closes, one that takes nothing of what is sent, and one
line instead of a traceback for bytes that are not HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from aiohttp import web

from troth_mock.app.heads import Delivery, framed
from troth_mock.guards import Limits, Problem
from troth_mock.pacing import Sending
from troth_mock.wire import LAST_CHUNK

LOG = logging.getLogger("troth.mock")
# Two bounds of aiohttp's parser, told by their words: it has one exception for both.
_TOO_LONG = "bytes when reading"
_LINGER = 2.0
_SLOW_HEAD = Problem(408, "request_timeout", "the head of the request came too slowly")


class Connection(web.RequestHandler):
    """A connection, with the state that its deadlines need.

    *busy*: a request is being answered.  *heard*: when the first byte of a head that is not
    complete yet came.  *half_closed*: the client sends no more, but may still read.
    """

    __slots__ = (
        "body", "busy", "delivery", "half_closed", "heard", "sending", "server", "taken",
        "taken_at", "wire", "written",
    )  # fmt: skip

    def __init__(self, server: Server, **options: Any) -> None:
        super().__init__(server, **options)
        self.server = server
        self.wire: asyncio.Transport | None = None
        self.busy = False
        self.half_closed = False
        self.heard: float | None = None
        self.body: Any = None
        self.sending: Sending | None = None
        self.delivery = Delivery()
        self.written = 0
        self.taken = 0
        self.taken_at = 0.0

    def begin(self, body: Any) -> None:
        """Note that a request's head is complete, and that *body* is to come."""
        self.busy = True
        self.heard = None
        self.body = body

    def end(self) -> None:
        """Note that the request has been answered."""
        self.busy = False
        self.body = None

    def send(self, data: bytes) -> None:
        """Write *data*; a client that has gone is noticed elsewhere and costs nothing here."""
        if self.wire is not None and not self.wire.is_closing():
            self.written += len(data)
            self.wire.write(data)

    async def pace(self, pieces: Sequence[bytes], due: Sequence[float], delivery: Delivery) -> None:
        """Send each of *pieces* when it is due, on the loop's clock."""
        self.delivery = delivery
        self.sending = Sending(pieces, due, write=self.send, loop=self.server.loop)
        try:
            if self.writing_paused:
                self.sending.pause()
            else:
                self.sending.start()
            if self.half_closed:
                self.sending.probe()
            await self.sending.finished
        finally:
            self.sending.stop()
            self.sending = None

    def abort(self) -> None:
        """Close at once, whatever still waits to be sent."""
        if self.wire is not None:
            self.wire.abort()

    def review(self, now: float, limits: Limits) -> None:
        """Close the connection when its client is too slow to ask, or to take its answer."""
        wire = self.wire
        if wire is None:
            return
        waiting = wire.get_write_buffer_size()
        taken = self.written - waiting
        if not waiting or taken != self.taken:
            self.taken, self.taken_at = taken, now
        elif now - self.taken_at >= limits.write:
            # RFC 9112 §9.5 leaves the time to us; closing would wait for the very same client
            wire.abort()
            return
        if self.heard is not None and not self.busy and now - self.heard >= limits.head:
            self.send(
                self.server.error(Problem(408, "request_timeout", "the head came too slowly"))
            )
            self.force_close()

    # What asyncio and aiohttp call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, also as our own: aiohttp drops its reference while data waits."""
        # uvloop's transport is one without being a subclass
        self.wire = cast(asyncio.Transport, transport)
        self.server.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End everything that was on its way; aiohttp cancels the coroutine."""
        super().connection_lost(exc)
        if self.sending is not None:
            self.sending.stop()
        self.wire = None
        self.server.lost(self)

    def data_received(self, data: bytes) -> None:
        """Start the head's clock at its first byte, and see a body's framing break."""
        if self.heard is None and not self.busy:
            self.heard = self.server.loop.time()
        super().data_received(data)
        if self.body is not None and self._messages and not self.body.is_eof():
            # Nothing can follow a body that has not ended but the parser's complaint about it,
            # which aiohttp would keep until the body has been read: for ever.
            self.body.set_exception(web.RequestPayloadError("it is not chunked as it says"))

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Do nothing where nothing is held back: aiohttp parses once more after each read."""
        if self._reading_paused or self._buffer_paused:
            super().resume_reading(resume_parser)

    def eof_received(self) -> bool:  # type: ignore[override]  # aiohttp declares no result, asyncio does
        """Keep the connection while there is something to answer: a half-close is no goodbye."""
        self.half_closed = True
        if self.busy:
            if self.body is not None and not self.body.is_eof():
                self.body.set_exception(web.RequestPayloadError("the body ended before its length"))
            if self.sending is not None:
                self.sending.probe()
            return True
        if self.heard is None:
            return False
        # a whole head may be queued, its coroutine about to start
        self.server.loop.call_later(0.02, self._close_if_idle)
        return True

    def pause_writing(self) -> None:
        """Hold a paced stream while the client does not read."""
        super().pause_writing()
        if self.sending is not None:
            self.sending.pause()

    def resume_writing(self) -> None:
        """Let a paced stream go on."""
        super().resume_writing()
        if self.sending is not None:
            self.sending.resume()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what aiohttp refuses (and a fault of ours, as 500) in the one error form."""
        if self.written and self.heard is None and not self.busy and status >= 500:
            raise ConnectionResetError
        problem = _malformed(message or "") if status < 500 else _fault(exc)
        LOG.log(
            logging.DEBUG if status < 500 and not self.written else logging.WARNING,
            "%d %s: %s", status, problem.code, problem.message,
        )  # fmt: skip
        self.send(self.server.error(problem))
        return LAST

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Say in one line what aiohttp would show with a traceback."""
        fault = options.get("exc_info")
        if not isinstance(fault, (web.RequestPayloadError, ConnectionError)):
            LOG.warning("%s", one_line(f"{args[0] if args else ''} ({fault!r})"))

    def _close_if_idle(self) -> None:
        if not self.busy:
            self.force_close()


class Server(web.Server):
    """What makes connections, and keeps the set of those that are open."""

    def __init__(
        self,
        answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        error: Callable[[Problem], bytes],
        limits: Limits,
    ) -> None:
        # handler_cancellation: a client that goes away ends its coroutine (aiohttp's default lets
        # it run).  auto_decompress: a small body could unpack to gigabytes on the loop.
        super().__init__(answer, handler_cancellation=True)
        self.loop = asyncio.get_running_loop()
        self.error = error
        self.open: set[Connection] = set()
        self.emptied: asyncio.Future[None] | None = None
        self.hurried: asyncio.Future[None] = self.loop.create_future()
        self._options: dict[str, Any] = {
            "loop": self.loop,
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": limits.idle,
            "lingering_time": min(_LINGER, limits.body),
            "max_line_size": limits.line_bytes,
            "max_field_size": limits.line_bytes,
            "max_headers": limits.field_count,
            "logger": LOG,
        }

    def __call__(self) -> web.RequestHandler:
        """Make the protocol of a new connection."""
        return Connection(self, **self._options)

    async def drain(self, grace: float, *, last_words: bytes) -> None:
        """Let what is being answered end within *grace* seconds, and end the rest.

        A stream that is cut short says *last_words*, and never its sentinel.
        """
        self.emptied = self.loop.create_future()
        for connection in tuple(self.open):
            if connection.busy or connection.heard is not None:
                connection.close()
            else:
                connection.force_close()
        await self._until_emptied(grace)
        for connection in tuple(self.open):
            if connection.sending is not None:
                end = LAST_CHUNK if connection.delivery.is_chunked else b""
                connection.sending.stop(framed(last_words, connection.delivery) + end)
        await self._until_emptied(0.25)
        for connection in tuple(self.open):
            connection.abort()
        await self.shutdown(0.25)

    def hurry(self) -> None:
        """Wait no longer for what is being answered."""
        if not self.hurried.done():
            self.hurried.set_result(None)

    async def _until_emptied(self, seconds: float) -> None:
        if self.open and self.emptied is not None:
            await asyncio.wait(
                [self.emptied, self.hurried],
                timeout=seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )

    def lost(self, connection: Connection) -> None:
        """Forget *connection*."""
        self.open.discard(connection)
        if not self.open and self.emptied is not None and not self.emptied.done():
            self.emptied.set_result(None)


class Sent(web.StreamResponse):
    """What tells aiohttp that an answer has left already, and whether to keep the connection."""

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        self._keep_alive = keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Do nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing."""


SENT = Sent(keep_alive=True)
LAST = Sent(keep_alive=False)


def one_line(text: str) -> str:
    """*text* on one line of printable characters, shortened."""
    flat = " ".join(text.split())[:300]
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in flat)


def _malformed(message: str) -> Problem:
    says = one_line(message) or "this is not an HTTP/1.1 request"
    if _TOO_LONG in says:
        return Problem(431, "header_fields_too_large", "the request line or a field is too long")
    return Problem(400, "malformed_request", f"this is not a well-formed HTTP/1.1 request: {says}")


def _fault(exc: BaseException | None) -> Problem:
    return Problem(500, "internal_error", one_line(f"the mock failed: {exc!r}"))
