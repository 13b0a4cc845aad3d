"""From a request on a connection to the bytes of its answer.

What the answer says is the responder's.  Here the request is read under limits, and the answer is
written: at once, or paced.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import cast

from aiohttp import web
from multidict import istr

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth_mock.pace import Pace
from troth_mock.reply import Reply, Stream, has_content
from troth_mock.responding.compiled_responder import RespondToBody
from troth_mock.responding.kept import session_of
from troth_mock.responding.problems import Problem
from troth_mock.responding.responder import Responder
from troth_mock.server.connection import LAST, SENT, Connection, Listener
from troth_mock.server.guards import (
    Hosts,
    Limits,
    Origins,
    head_problem,
    is_preflight,
    path_of,
    preflight,
    too_large,
    too_slow,
)
from troth_mock.server.heads import (
    Delivery,
    KnownHead,
    RequestHead,
    ResponseHeads,
    framed,
    wall_clock,
)
from troth_mock.server.pacing import Turns
from troth_mock.server.pages import Pages

_ORIGIN = istr("Origin")
_STOPPING = Problem(503, "the mock is stopping", "server_stopping")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the mock behaves as a server; *grace* is how long a stop waits for open answers."""

    origins: Origins = field(default_factory=Origins)
    hosts: Hosts = field(default_factory=Hosts)
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)
    grace: float = 5.0


class App:
    """One contract's mock, serving on one loop: `start`, then `stop`."""

    def __init__(
        self, contract: Contract, responder: Responder, *, settings: Settings | None = None
    ) -> None:
        self.contract = contract
        self.responder = responder
        self.settings = settings or Settings()
        self.draining = False
        self._pages = Pages(contract, is_ready=lambda: not self.draining)

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen on *host* and *port* (0: any free one) and return both as they are.

        Raises OSError when the address cannot be had.
        """
        self._loop = asyncio.get_running_loop()
        limits = self.settings.limits
        self._heads = ResponseHeads(self.settings.origins, clock=self._loop.time)
        self._turns = Turns(self._loop)
        self._connections = Listener(
            self._respond,
            respond_at_once=self._respond_at_once,
            respond_compiled=self._respond_compiled,
            may_respond_at_once=not self.settings.pace.is_set,
            error=self._heads.problem,
            limits=limits,
        )
        self._sockets = await self._loop.create_server(self._connections, host, port, backlog=1024)
        self._review_every = max(0.01, min(1.0, limits.head / 4, limits.write / 4))
        self._reviewing = self._loop.call_later(self._review_every, self._review)
        address = self._sockets.sockets[0].getsockname()
        return address[0], address[1]

    async def stop(self) -> None:
        """Take no more requests, let the open ones end within the grace, and end the rest."""
        self.draining = True
        self._sockets.close()
        await self._connections.drain(
            self.settings.grace, last_words=b"data: %b\n\n" % (_STOPPING.reply().body or b"")
        )
        self._reviewing.cancel()

    def hurry(self) -> None:
        """Make `stop` wait no longer for open answers."""
        self._connections.hurry()

    def _review(self) -> None:
        now = self._loop.time()
        for connection in tuple(self._connections.open):
            connection.review(now, self.settings.limits)
        self._reviewing = self._loop.call_later(self._review_every, self._review)

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request that aiohttp runs a coroutine for."""
        connection = cast(Connection, request.protocol)
        connection.begin(request.content)
        head = RequestHead(
            request.method, request.raw_path, request.version, request.headers, request.keep_alive
        )
        try:
            content = self._head_problem(head) or await self._body(request, connection)
            received = 0.0
            if self.settings.pace.is_set:
                received = connection.came()
                await self._turns.take()
            # what is left of an unread body cannot be told from the next request
            is_read = isinstance(content, bytes) or request.content.is_eof()
            delivery = self._delivery(head, connection, is_read=is_read)
            reply = self._write(head, content, connection, delivery)
            if reply is not None:
                body = content if isinstance(content, bytes) else b""
                await self._pace(reply, connection, delivery, body=body, received=received)
            if connection.writing_paused:
                await request.writer.drain()
            return SENT if delivery.keep_alive and not connection.half_closed else LAST
        except ConnectionError:
            return LAST
        finally:
            connection.end()

    def _respond_at_once(
        self, head: RequestHead, body: bytes, connection: Connection, data: bytes
    ) -> bool:
        """Answer a request that came whole, and return whether to keep the connection.

        *data* are the bytes that it was, if they were nothing else.
        """
        delivery = self._delivery(head, connection, is_read=True)
        content = self._head_problem(head) or self._bounded(body)
        respond = None if isinstance(content, Problem) else self._compiled(head)
        if respond is not None:
            known = KnownHead(len(body), respond, delivery)
            if data and delivery.keep_alive:
                self._connections.known.learn(data, known)
            if self._respond_compiled(known, body, connection):
                return delivery.keep_alive
        self._write(head, content, connection, delivery)
        return delivery.keep_alive

    def _compiled(self, head: RequestHead) -> RespondToBody | None:
        """What answers plain bodies with this head; see `Responder.compiled`."""
        if head.target.partition("?")[0] in self._pages:
            return None
        return self.responder.compiled(head.request())

    def _respond_compiled(self, known: KnownHead, body: bytes, connection: Connection) -> bool:
        """Answer a plain request; False where it was none."""
        response = known.respond(body, wall_clock())
        if response is None:
            return False
        connection.send(self._heads.compiled(response, known.delivery))
        return True

    def _write(
        self,
        head: RequestHead,
        content: bytes | Problem,
        connection: Connection,
        delivery: Delivery,
    ) -> Reply | None:
        """Send the answer, or return the reply whose stream is yet to be paced."""
        if isinstance(content, Problem):
            refusal = content.reply(self._operation(head))
            connection.send(self._heads.whole(refusal, delivery))
            return None
        reply = self._reply(head.request(content))
        stream = reply.stream
        if stream is None:
            connection.send(self._heads.whole(reply, delivery))
        elif not has_content(delivery.method, reply.status):
            connection.send(self._heads.stream(reply, delivery))
        elif self.settings.pace.is_set:
            return reply
        else:
            frames = framed(b"".join(stream.frames), delivery)
            connection.send(self._heads.stream(reply, delivery) + frames + delivery.end)
        return None

    def _head_problem(self, head: RequestHead) -> Problem | None:
        settings = self.settings
        return head_problem(
            head.headers,
            target=head.target,
            version=head.version,
            hosts=settings.hosts,
            limits=settings.limits,
            may_be_coded=lambda: self._may_be_coded(head),
        )

    def _may_be_coded(self, head: RequestHead) -> bool:
        """Whether the operation that a request means has a parameter for the coding of its body."""
        operation = self._operation(head)
        return operation is not None and any(
            (parameter.location, parameter.name.lower()) == ("header", "content-encoding")
            for parameter in operation.parameters
        )

    def _operation(self, head: RequestHead) -> Operation | None:
        """The operation that a request means, which may say in what form its errors are."""
        for method in (head.method, "GET") if head.method == "HEAD" else (head.method,):
            with suppress(NoSuchPath, MethodNotAllowed):
                return self.contract.match(method, head.target).operation
        return None

    def _bounded(self, body: bytes) -> bytes | Problem:
        limits = self.settings.limits
        return body if len(body) <= limits.body_bytes else too_large(limits)

    async def _body(self, request: web.BaseRequest, connection: Connection) -> bytes | Problem:
        content, limits = request.content, self.settings.limits
        pieces, size = [], 0
        if "Expect" in request.headers and request.version >= (1, 1):
            connection.go_on()
        try:
            async with asyncio.timeout(limits.body):
                while piece := await content.readany():
                    size += len(piece)
                    if size > limits.body_bytes:
                        return too_large(limits)
                    pieces.append(piece)
        except TimeoutError:
            return too_slow(limits)
        except web.RequestPayloadError as fault:
            return Problem(400, f"the body's framing is broken: {fault}"[:300], "malformed_body")
        return b"".join(pieces)

    def _delivery(self, head: RequestHead, connection: Connection, *, is_read: bool) -> Delivery:
        keep_alive = (
            head.keep_alive
            # HTTP/1.0 has no chunks: there a stream's end is the connection's
            and head.version >= (1, 1)
            and is_read
            and not (self.draining or connection.half_closed)
        )
        return Delivery(head.method, head.version, head.headers.get(_ORIGIN), keep_alive)

    def _reply(self, request: Request) -> Reply:
        path = path_of(request.target)
        if path in self._pages:
            return self._page(request, path)
        if request.method == "OPTIONS":
            return self._options(request)
        if request.method == "HEAD" and "HEAD" not in self._methods(request.target):
            # RFC 9110 §9.3.2: as GET, without the content
            request = replace(request, method="GET")
        return self.responder.respond(request, now=wall_clock())

    def _page(self, request: Request, path: str) -> Reply:
        methods = self._pages.methods(path)
        if request.method == "OPTIONS":
            return self._options(request, allowed=methods)
        if request.method in methods:
            if request.method == "POST":
                query = request.target.partition("?")[2]
                self.responder.reset(None if query == "all" else session_of(request))
            status, fields, body = self._pages.render(path)
            return Reply(status, fields, body)
        allow = (("Allow", ", ".join((*methods, "OPTIONS"))),)
        return Problem(405, f"{path} takes {' and '.join(methods)} only", fields=allow).reply()

    def _options(self, request: Request, *, allowed: tuple[str, ...] = ()) -> Reply:
        """A preflight, the methods that there are, or what the document says of its OPTIONS."""
        if request.target == "*":
            # RFC 9110 §9.3.7: a question to the server as a whole
            return Reply(204, (), None)
        methods = allowed or self._methods(request.target)
        if is_preflight(request):
            fields = preflight(request, self.settings.origins, allowed=methods)
            return Reply(204, fields, None)
        if not methods or "OPTIONS" in methods:
            return self.responder.respond(request, now=wall_clock())
        return Reply(204, (("Allow", ", ".join((*methods, "OPTIONS"))),), None)

    def _methods(self, target: str) -> tuple[str, ...]:
        """The methods that the document declares for *target*."""
        try:
            # no document declares this method, so the answer is in the refusal
            self.contract.match("", target)
        except MethodNotAllowed as refusal:
            return refusal.allowed
        except NoSuchPath:
            pass
        return ()

    async def _pace(
        self,
        reply: Reply,
        connection: Connection,
        delivery: Delivery,
        *,
        body: bytes,
        received: float,
    ) -> None:
        stream = cast(Stream, reply.stream)
        connection.send(self._heads.stream(reply, delivery))
        pieces = [framed(frame, delivery) for frame in stream.frames]
        schedule = self.settings.pace.schedule(stream.tokens, request=body)
        due = [received + wait for wait in schedule]
        end = due[-1] if due else received
        await connection.pace([*pieces, delivery.end], [*due, end], delivery)
