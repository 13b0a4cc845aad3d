"""The clients' connections: what makes and ends them, and what aiohttp's protocol leaves open.

aiohttp parses, queues pipelined requests and runs our coroutine for each.  Added here: a deadline
for a request's head, a client that half-closes, one that takes nothing of what is sent, and one
line instead of a traceback for bytes that are not HTTP.  What aiohttp publishes is enough for all
of that; what it does not is `fast_path`'s, which may be missing.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from struct import error as StructError
from struct import pack, unpack_from
from typing import Any, cast

from aiohttp import web

from troth_mock.responding.problems import Problem
from troth_mock.server import fast_path
from troth_mock.server.framing import RequestFraming
from troth_mock.server.guards import Limits, internal, malformed, one_line
from troth_mock.server.heads import (
    LAST_CHUNK,
    Delivery,
    KnownHead,
    KnownHeads,
    RequestHead,
    framed,
    is_whole,
)
from troth_mock.server.pacing import Sending

LOG = logging.getLogger("troth.mock")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_TOO_SHORT = "the body ended before its length"
_NOT_CHUNKED = "it is not chunked as it says"
_SLOW_HEAD = Problem(408, "the head of the request came too slowly", "request_timeout")
# How long what is left of a refused body is read and thrown away before the connection closes.
_LINGER = 2.0


# Linux's struct tcp_info: tcpi_last_data_recv stands at this offset.
_TCP_INFO = getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
_LAST_DATA_RECEIVED = 52


class Listener(web.Server):
    """What makes connections, keeps the set of those that are open, and ends them.

    aiohttp runs *respond* for each request.  On the fast path *respond_at_once* answers one that
    came whole, without a task, and returns whether the connection may be kept;
    *respond_compiled* answers one whose head is known, if it is plain.
    """

    def __init__(
        self,
        respond: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        respond_at_once: Callable[[RequestHead, bytes, Connection, bytes], bool],
        respond_compiled: Callable[[KnownHead, bytes, Connection], bool],
        may_respond_at_once: Callable[[RequestHead], bool],
        error: Callable[[Problem, str], bytes],
        limits: Limits,
    ) -> None:
        # handler_cancellation: a client that goes away ends its coroutine (aiohttp's default lets
        # it run).  auto_decompress: a small body could unpack to gigabytes on the loop.
        super().__init__(respond, handler_cancellation=True)
        self.loop = asyncio.get_running_loop()
        self.error = error
        self.respond_at_once = respond_at_once
        self.respond_compiled = respond_compiled
        self.known = KnownHeads()
        self.is_fast = fast_path.IS_AVAILABLE
        self.may_respond_at_once = may_respond_at_once
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
        self.known.forget()
        for connection in tuple(self.open):
            if connection.sending is not None and connection.sending.is_silent:
                connection.sending.stop()
            if connection.busy or connection.heard is not None:
                connection.close()
            else:
                connection.force_close()
        await self._until_emptied(grace)
        for connection in tuple(self.open):
            if connection.sending is not None:
                end = LAST_CHUNK if connection.delivery.is_chunked else b""
                words = framed(last_words, connection.delivery) + end
                connection.sending.stop(words if connection.may_say_more else b"")
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
                [self.emptied, self.hurried], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )

    def lost(self, connection: Connection) -> None:
        """Forget *connection*."""
        self.open.discard(connection)
        if not self.open and self.emptied is not None and not self.emptied.done():
            self.emptied.set_result(None)


class Connection(web.RequestHandler):
    """A connection, with the state that its deadlines need.

    *busy*: a request is being answered.  *begun*: the answer's first byte is out.  *heard*: when
    the first byte of a head that is not complete yet came, and *asks_head*: it is one of HEAD.
    *half_closed*: the client sends no more, but may still read.  *clean*: aiohttp's parser has had
    whole requests only, and waits for the first byte of another.  *framing*: what follows the bytes
    where there is no fast path.
    """

    __slots__ = (
        "asks_head", "begun", "body", "busy", "clean", "delivery", "framing", "half_closed",
        "heard", "listener", "may_say_more", "opened", "sending", "taken", "taken_at", "wire",
        "written",
    )  # fmt: skip

    def __init__(self, listener: Listener, **options: Any) -> None:
        super().__init__(listener, **options)
        self.listener = listener
        self.opened = listener.loop.time()
        self.wire: asyncio.Transport | None = None
        self.busy = False
        self.begun = False
        self.half_closed = False
        self.asks_head = False
        self.clean = True
        self.framing = None if listener.is_fast else RequestFraming()
        self.heard: float | None = None
        self.body: Any = None
        self.sending: Sending | None = None
        self.delivery = Delivery()
        self.may_say_more = False
        self.written = 0
        self.taken = 0
        self.taken_at = 0.0

    def begin(self, body: Any) -> None:
        """Note that a request's head is complete, and that *body* is to come."""
        self.busy = True
        self.begun = False
        self.heard = None
        self.body = body
        if self.half_closed:
            self._cut_body(_TOO_SHORT)
        self._check_body()

    def came(self) -> float:
        """When the last bytes came, on the loop's clock.

        In a burst of requests that is a while ago, and only the kernel knows how long; where it
        does not tell, they came just now.
        """
        now = self.listener.loop.time()
        wire = self.wire.get_extra_info("socket") if self.wire is not None else None
        if _TCP_INFO is None or wire is None:
            return now
        try:
            tcp_info = wire.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _LAST_DATA_RECEIVED + 4)
            (milliseconds,) = unpack_from("=I", tcp_info, _LAST_DATA_RECEIVED)
        except (OSError, StructError):
            # gone already, or an emulation that tells less
            return now
        return now - float(milliseconds) / 1000

    def end(self) -> None:
        """Note that the request has been answered."""
        self.busy = False
        self.body = None

    def send(self, data: bytes) -> None:
        """Write *data*; a client that has gone is noticed elsewhere and costs nothing here."""
        if self.wire is not None and not self.wire.is_closing():
            self.begun = True
            self.written += len(data)
            self.wire.write(data)

    def go_on(self) -> None:
        """Tell a client that waits with its body to send it (RFC 9110 §15.2.1)."""
        self.send(_CONTINUE)
        self.begun = False

    async def pace(
        self,
        pieces: Sequence[bytes],
        due: Sequence[float],
        delivery: Delivery,
        *,
        sent: Callable[[bytes], None],
        may_say_more: bool,
    ) -> None:
        """Send each of *pieces* when it is due, on the loop's clock; *sent* hears of each.

        A stream that is cut short *may_say_more* than that; anything else has its length.
        """
        self.delivery = delivery
        self.may_say_more = may_say_more

        def write(data: bytes) -> None:
            self.send(data)
            sent(data)

        self.sending = Sending(pieces, due, write=write, loop=self.listener.loop)
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

    def reset(self) -> None:
        """Close at once with a RST, as a server that crashed: linger for no time."""
        wire = self.wire.get_extra_info("socket") if self.wire is not None else None
        if wire is not None:
            with suppress(OSError):
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        self.abort()

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
        if self.busy:
            return
        if self.heard is not None and now - self.heard >= limits.head:
            self.send(self.listener.error(_SLOW_HEAD, "HEAD" if self.asks_head else ""))
            self.force_close()
        elif self.heard is None and not self.written and now - self.opened >= limits.idle:
            # not every aiohttp sets its own clock before the first request
            self.force_close()

    # What asyncio and aiohttp call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, also as our own: aiohttp drops its reference while data waits."""
        # uvloop's transport is one without being a subclass
        self.wire = cast(asyncio.Transport, transport)
        self.listener.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End everything that was on its way; aiohttp cancels the coroutine."""
        super().connection_lost(exc)
        if self.sending is not None:
            self.sending.stop()
        self.wire = None
        self.listener.lost(self)

    def data_received(self, data: bytes) -> None:
        """Answer a request that came whole and alone at once, and leave the others to aiohttp.

        A plain one whose head came before is not even parsed.
        """
        if self.framing is None and self.clean and self._is_known(data):
            return
        if self.heard is None and not self.busy:
            self.heard = self.listener.loop.time()
            self.asks_head = data.startswith(b"HEAD ")
        if self.framing is None:
            self._receive(data)
        else:
            super().data_received(data)
            self.framing.feed(data)
            self._check_body()

    def _receive(self, data: bytes) -> None:
        """Take *data* the fast way."""
        clean, self.clean = self.clean, False
        waiter = fast_path.parse(self, data)
        head = fast_path.sole(self)
        self.clean = clean and head is not None and is_whole(data, head)
        if waiter is None:
            self._check_body()
        elif (
            fast_path.is_queued(self)
            and not waiter.done()
            and (head is None or not self._is_answered_at_once(head, data))
        ):
            # once aiohttp's task is woken, the message is its own: the rest of a body may come
            # before the task gets its turn
            waiter.set_result(None)

    def _is_known(self, data: bytes) -> bool:
        """Answer *data* if it is a plain request whose head came before."""
        if not fast_path.is_idle(self):
            return False
        listener = self.listener
        known = listener.known.find(data)
        try:
            if known is None or not listener.respond_compiled(*known, self):
                return False
        except Exception:
            # the way for all requests meets the same fault, and reports it
            return False
        fast_path.renew(self)
        return True

    def _is_answered_at_once(self, head: RequestHead, data: bytes) -> bool:
        if self.writing_paused or not self.listener.may_respond_at_once(head):
            return False
        content = fast_path.take(self)
        if content is None:
            return False
        self.begin(content)
        try:
            keep_alive = self.listener.respond_at_once(
                head, content.read_nowait(), self, data if self.clean else b""
            )
        except Exception as fault:
            problem = internal(fault)
            LOG.warning("500 %s: %s", problem.code, problem.message)
            self.send(self.listener.error(problem, head.method))
            keep_alive = False
        self.end()
        if not (keep_alive and fast_path.renew(self)):
            self.force_close()
        return True

    def resume_reading(self, *options: Any, **named: Any) -> None:
        """Do nothing where nothing is held back: aiohttp parses once more after each read."""
        if self.framing is not None or fast_path.is_held_back(self):
            super().resume_reading(*options, **named)

    def eof_received(self) -> bool:  # type: ignore[override]  # aiohttp declares no result, asyncio does
        """Keep the connection while there is something to answer: a half-close is no goodbye."""
        self.half_closed = True
        if self.busy:
            self._cut_body(_TOO_SHORT)
            if self.sending is not None:
                self.sending.probe()
            return True
        if self.heard is None:
            return False
        # a whole head may be queued, its coroutine about to start
        self.listener.loop.call_later(0.02, self._close_if_idle)
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
        if status >= 500 and self.begun:
            # too late to say so
            raise ConnectionResetError
        problem = malformed(message or "") if status < 500 else internal(exc)
        LOG.log(
            logging.DEBUG if status < 500 and not self.written else logging.WARNING,
            "%d %s: %s", status, problem.code, problem.message,
        )  # fmt: skip
        # RFC 9110 §9.3.2: whatever else is wrong with it, HEAD gets no content
        self.send(self.listener.error(problem, "HEAD" if self.asks_head else ""))
        return LAST

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Say in one line what aiohttp would show with a traceback."""
        fault = options.get("exc_info")
        if not isinstance(fault, (web.RequestPayloadError, ConnectionError)):
            LOG.warning("%s", one_line(f"{args[0] if args else ''} ({fault!r})"))

    def _check_body(self) -> None:
        # Nothing can follow a body that has not ended but the parser's complaint about it, which
        # aiohttp would keep until the body has been read: for ever.
        if fast_path.is_queued(self) if self.framing is None else self.framing.is_broken:
            self._cut_body(_NOT_CHUNKED)

    def _cut_body(self, fault: str) -> None:
        if self.body is not None and not self.body.is_eof():
            self.body.set_exception(web.RequestPayloadError(fault))

    def _close_if_idle(self) -> None:
        if not self.busy:
            self.force_close()


SENT = fast_path.Sent(keep_alive=True)
LAST = fast_path.Sent(keep_alive=False)
