"""What makes connections, knows those that are open, and ends them.

`answer` is run by aiohttp for each request; `answer_at_once` answers one that came whole, without
a task, and returns whether the connection may be kept; `say` answers one whose head is known, if
it is plain.  Without the fast path `answer` is all that is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from troth_mock.server import fast_path
from troth_mock.server.connection import LOG, Connection
from troth_mock.server.guards import Limits, Problem
from troth_mock.server.known_heads import Head, Known, KnownHeads
from troth_mock.server.response_heads import framed
from troth_mock.server.wire import LAST_CHUNK

# How long what is left of a refused body is read and thrown away before the connection closes.
_LINGER = 2.0


class Listener(web.Server):
    """What makes connections, and keeps the set of those that are open."""

    def __init__(
        self,
        answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        answer_at_once: Callable[[Head, bytes, Connection, bytes], bool],
        say: Callable[[Known, bytes, Connection], bool],
        may_answer_at_once: bool,
        error: Callable[[Problem], bytes],
        limits: Limits,
    ) -> None:
        # handler_cancellation: a client that goes away ends its coroutine (aiohttp's default lets
        # it run).  auto_decompress: a small body could unpack to gigabytes on the loop.
        super().__init__(answer, handler_cancellation=True)
        self.loop = asyncio.get_running_loop()
        self.error = error
        self.answer_at_once = answer_at_once
        self.say = say
        self.known = KnownHeads()
        self.is_fast = fast_path.IS_AVAILABLE
        self.may_answer_at_once = may_answer_at_once
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
