"""HTTP/1.1 by hand on asyncio streams, so that a test decides every byte that is sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


@dataclass
class Asked:
    """A request as it was read."""

    method: str
    target: str
    fields: dict[str, str]
    body: bytes
    number: int = 0


@dataclass
class Answer:
    """What is sent back: *pieces* are written one by one, with a *pause* (seconds) after each."""

    status: int = 200
    fields: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    chunked: bool = False
    length: int | None = None
    abort_after: int | None = None
    hang_after: int | None = None
    raw_head: bytes | None = None
    endless: bool = False
    delay: float = 0.0
    pause: float = 0.0
    hang_before: bool = False
    closes: bool = False
    forgets: bool = False  # the connection is closed when the next request comes over it
    then: Callable[[], Answer] | None = None  # after the delay, what is answered instead


Handler = Callable[[Asked], Answer]


class Server:
    """Serves *handler* on a port of its own, on a thread of its own, until closed."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._count = 0
        self._serving: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = self._listening = await asyncio.start_server(
            self._connection, "127.0.0.1", 0, limit=1 << 22
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        for _ in range(5):  # asyncio leaks what it has accepted and not yet handed over
            await asyncio.sleep(0)
        self._listening.close()
        me = {asyncio.current_task()}
        while others := asyncio.all_tasks() - me:
            for task in self._serving:  # asyncio's own, which accept, would leak what they hold
                task.cancel()
            await asyncio.wait(others, timeout=0.1)
        for writer in self._writers:
            writer.transport.abort()
        for _ in range(5):  # what was told to close does so soon, not at once
            await asyncio.sleep(0)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self._writers.append(writer)
        try:
            while True:
                asked = await self._read(reader)
                if asked is None:
                    break
                answer = self._handler(asked)
                if not await self._answer(answer, asked, writer):
                    break
                if answer.forgets:
                    await self._read(reader)
                    break
        except ConnectionError:
            # a handler may care for clients that go away
            getattr(self._handler, "hung_up", lambda: None)()
        except asyncio.IncompleteReadError:
            pass
        except asyncio.CancelledError:
            writer.transport.abort()  # what nobody reads any more must not be waited for
        finally:
            self._serving.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Asked | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return None
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        fields: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                fields[name.lower()] = value.strip()
        length = int(fields.get("content-length", "0"))
        body = await reader.readexactly(length) if length else b""
        self._count += 1
        return Asked(method, target, fields, body, self._count)

    async def _answer(self, answer: Answer, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        if answer.closes:  # the door, for good: this answer still goes out
            self._listening.close()
            answer.fields = {**answer.fields, "Connection": "close"}
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.then is not None:  # others were served meanwhile
            answer = answer.then()
        if answer.hang_before:
            await self._stop.wait()
        writer.write(answer.raw_head if answer.raw_head is not None else self._head(answer))
        pieces = answer.pieces if asked.method != "HEAD" else []
        for index, piece in enumerate(pieces):
            if await self._broken_off(answer, index, writer):
                return False
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if answer.chunked else piece)
            await writer.drain()
            if answer.pause:
                await asyncio.sleep(answer.pause)
        if await self._broken_off(answer, len(pieces), writer):
            return False
        while answer.endless:
            piece = pieces[-1] * 64
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if answer.chunked else piece)
            await writer.drain()
        if answer.chunked and asked.method != "HEAD":  # RFC 9110 §9.3.2: nothing follows the head
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return (
            answer.fields.get("Connection") != "close"
            and answer.raw_head is None
            and asked.fields.get("connection", "").lower() != "close"
        )

    async def _broken_off(self, answer: Answer, index: int, writer: asyncio.StreamWriter) -> bool:
        if answer.hang_after == index:
            await self._stop.wait()
        if answer.abort_after == index:
            await writer.drain()
            return True
        return False

    def _head(self, answer: Answer) -> bytes:
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Answer')}"]
        lines += [f"{name}: {value}" for name, value in answer.fields.items()]
        if answer.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif answer.status not in (204, 304):
            length = sum(map(len, answer.pieces)) if answer.length is None else answer.length
            lines.append(f"Content-Length: {length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
