"""What is done with aiohttp's protocol that aiohttp does not publish, here and nowhere else.

aiohttp runs a task for each connection, wakes it for each request and runs another task for the
answer, which costs more than most answers do.  The functions below feed a protocol's parser while
its task sleeps on, and take a request that came whole out of its queue: it can be answered at
once, and the task hears of those only that cannot.

`IS_AVAILABLE` is settled when this module is imported: everything that is touched is there, and
one request went this way and another the public one, to the right bytes.  Where it is false none
of these functions may be called, and aiohttp's public way answers everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

from aiohttp import http, web

from troth_mock.server.heads import RequestHead

Waiter = asyncio.Future[None] | None


class Sent(web.StreamResponse):
    """What aiohttp is given for an answer that has left already, whichever way it went.

    It says whether to keep the connection, and writes nothing.
    """

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        self._is_last = not keep_alive

    @property
    def keep_alive(self) -> bool:
        """Whether to keep the connection."""
        return not self._is_last

    async def prepare(self, request: web.BaseRequest) -> None:
        """Do nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing."""


_TOUCHED = (
    "_buffer_paused", "_close", "_force_close", "_keepalive_timeout", "_loop", "_messages",
    "_next_keepalive_close_time", "_parser", "_paused", "_reading_paused", "_waiter",
)  # fmt: skip


def is_idle(protocol: web.RequestHandler) -> bool:
    """Whether no request waits on *protocol*, and it is ready for more."""
    waiter = protocol._waiter
    return not (
        waiter is None
        or waiter.done()
        or protocol._close
        or protocol._force_close
        or protocol._paused
    )


def parse(protocol: web.RequestHandler, data: bytes) -> Waiter:
    """Feed *data* to aiohttp's parser, and return what wakes its task, which sleeps on."""
    waiter, protocol._waiter = protocol._waiter, None
    try:
        web.RequestHandler.data_received(protocol, data)
    finally:
        protocol._waiter = waiter
    return waiter


def is_queued(protocol: web.RequestHandler) -> bool:
    """Whether a request, or the parser's complaint, waits to be taken."""
    return bool(protocol._messages)


def sole(protocol: web.RequestHandler) -> RequestHead | None:
    """The head of the one request that waits, if it is one, and a plain one."""
    queue = protocol._messages
    if len(queue) != 1:
        return None
    message: Any = queue[0][0]
    # what stands for the parser's complaint is of another type
    if not isinstance(message, http.RawRequestMessage) or message.upgrade:
        return None
    return RequestHead(
        message.method, message.path, message.version, message.headers, not message.should_close
    )


def take(protocol: web.RequestHandler) -> Any:
    """Take the one request that waits out of the queue and return its body, if that is whole."""
    content = protocol._messages[0][1]
    if not content.is_eof():
        return None
    protocol._messages.clear()
    if protocol._parser is not None:
        protocol._parser.message_consumed()
    return content


def renew(protocol: web.RequestHandler) -> bool:
    """Let an idle connection live as long again; False for one that is to be closed."""
    if protocol._close:
        return False
    protocol._next_keepalive_close_time = protocol._loop.time() + protocol._keepalive_timeout
    return True


def is_held_back(protocol: web.RequestHandler) -> bool:
    """Whether anything that the client sends waits until it is resumed."""
    return protocol._reading_paused or protocol._buffer_paused


# The self-test.

_REQUEST = b"POST /%d?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class _Memory(asyncio.Transport):
    """A transport that leads nowhere, and keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def _gives(protocol: web.RequestHandler) -> bool:
    """Whether a request can be taken from *protocol*, which is idle again afterwards."""
    parse(protocol, _REQUEST % 1)
    head = sole(protocol)
    content = take(protocol)
    return (
        head is not None
        and head[:3] == ("POST", "/1?a=b", (1, 1))
        and head.headers.get("hOST") == "x"
        and head.keep_alive
        and content.read_nowait() == b"hi"
        and not is_queued(protocol)
        and renew(protocol)
        and is_idle(protocol)
        and not is_held_back(protocol)
    )


async def _behaves() -> bool:
    """Whether a request can be taken from aiohttp, and the next one be left to it."""
    requests: list[tuple[str, bytes]] = []
    done = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        requests.append((request.raw_path, await request.content.read()))
        transport.write(_ANSWER)
        done.set()
        return Sent(keep_alive=True)

    server = web.Server(answer, handler_cancellation=True)
    protocol, transport = server(), _Memory()
    protocol.connection_made(transport)
    try:
        await asyncio.sleep(0)
        is_ready = all(hasattr(protocol, name) for name in _TOUCHED) and is_idle(protocol)
        is_taken = _gives(protocol)
        # for an ordinary request the task is woken, and sleeps again afterwards
        waiter = parse(protocol, _REQUEST % 2)
        if not (is_ready and is_taken and waiter is not None and is_queued(protocol)):
            return False
        waiter.set_result(None)
        async with asyncio.timeout(1):
            await done.wait()
            while not is_idle(protocol):
                await asyncio.sleep(0)
        is_left = requests == [("/2?a=b", b"hi")] and transport.written == _ANSWER
        return is_left and not transport.closed
    finally:
        protocol.connection_lost(None)
        await asyncio.sleep(0)


def _look() -> bool:
    verdict: list[bool] = []

    def run() -> None:
        with contextlib.suppress(Exception):
            verdict.append(asyncio.run(_behaves()))

    # on a thread of its own: where this is imported, a loop may be running
    thread = threading.Thread(target=run, name="troth-mock-self-test", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # no more threads are to be had
        return False
    thread.join()
    # whatever was amiss, the public way does without it
    return verdict == [True]


IS_AVAILABLE = _look()
