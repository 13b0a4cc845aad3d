"""From a request on a connection to the bytes of its answer.

What the answer says is the responder's.  Here the request is read under limits, and the answer is
written: at once, or paced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import accumulate
from time import monotonic, time  # noqa: TID251 - the edge of the house: behind it, time is an argument
from typing import TYPE_CHECKING, cast

from aiohttp import web
from multidict import istr

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http import media_type
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth_mock.control import Control
from troth_mock.faults.wire import broken, placed, wait
from troth_mock.inspector.journal import Journal, Note, Origin, size_of
from troth_mock.pace import Pace
from troth_mock.plan import Plan
from troth_mock.reply import End, Passed, Reply, Script, Wire, gathered, has_content, parting
from troth_mock.reply import script as in_time
from troth_mock.responding.compiled_responder import RespondToBody
from troth_mock.responding.kept import session_of
from troth_mock.responding.problems import Problem
from troth_mock.responding.responder import Responder
from troth_mock.responding.written_answers import WrittenAnswer
from troth_mock.scenario.sources import FieldSource
from troth_mock.server.connection import LAST, LOG, SENT, Connection, Listener
from troth_mock.server.guards import (
    Hosts,
    Limits,
    Origins,
    head_problem,
    is_preflight,
    path_of,
    preflight,
    token_problem,
    too_large,
    too_slow,
)
from troth_mock.server.heads import (
    Delivery,
    KnownHead,
    RequestHead,
    ResponseHeads,
    framed,
    sent_again,
    wall_clock,
    with_content,
)
from troth_mock.server.inspection import OWN, Inspection
from troth_mock.server.pacing import Turns, beginning
from troth_mock.server.pages import Pages

if TYPE_CHECKING:  # slow to load, and most runs do without
    from troth_mock.inspector.exchanges import Exchanges

_ORIGIN = istr("Origin")
#: An answer that stalls does so for so many seconds, if its client has the patience.
_LONGEST_STALL = 3600.0
_STOPPING = Problem(503, "the mock is stopping", "server_stopping")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the mock behaves as a server; *grace* is how long a stop waits for open answers.

    Without the *inspector* nothing is kept of what was asked, and nobody is told.  Who knows the
    *control_token* may be told from anywhere; without one only this machine may.  *secrets* are
    taken out of what is told.
    """

    origins: Origins = field(default_factory=Origins)
    hosts: Hosts = field(default_factory=Hosts)
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)
    grace: float = 5.0
    inspector: bool = True
    control_token: str | None = None
    secrets: tuple[str, ...] = ()


def _journal() -> Journal:
    return Journal(clock=monotonic, epoch=time() - monotonic())


class App:
    """One contract's mock, serving on one loop: `start`, then `stop`."""

    def __init__(
        self,
        contract: Contract,
        responder: Responder,
        *,
        settings: Settings | None = None,
        control: Control | None = None,
    ) -> None:
        self.contract = contract
        self.responder = responder
        self.settings = settings or Settings()
        self.control = control or Control(contract, pace=self.settings.pace)
        self.control.fields = self.control.fields or FieldSource(self.control.faults.read_one)
        self.journal: Journal | None = None
        if self.settings.inspector:
            self.journal = _journal()
        self._inspection: Inspection | None = None
        self.draining = False
        self._away: asyncio.Task[None] | None = None
        self._is_idle = self.control.is_idle
        self._pages = Pages(contract, is_ready=lambda: not self.draining)

    def use(self, contract: Contract) -> None:
        """Answer by *contract* from the next request on; what clients made and changed stays."""
        if self.journal is not None:
            self.journal.settle()
        self.contract = contract
        self.responder = self.responder.of(contract)
        self._pages = Pages(contract, is_ready=lambda: not self.draining)
        self.control.use(contract)

    async def start(self, host: str, port: int, *, shared: bool = False) -> tuple[str, int]:
        """Listen on *host* and *port* (0: any free one) and return both as they are.

        A *shared* port others may listen on too.  Raises OSError when the address cannot be had.
        """
        self._loop = asyncio.get_running_loop()
        limits = self.settings.limits
        self._heads = ResponseHeads(self.settings.origins, clock=self._loop.time)
        self._turns = Turns(self._loop)
        self._connections = Listener(
            self._respond,
            respond_at_once=self._respond_at_once,
            respond_compiled=self._respond_compiled,
            may_respond_at_once=self._may_respond_at_once,
            error=self._heads.problem,
            limits=limits,
        )
        self._is_idle = self.control.is_idle
        self.control.when_changed.append(self._switch)
        self._listen = partial(
            self._loop.create_server, self._connections, backlog=1024, reuse_port=shared or None
        )
        self._sockets = await self._listen(host, port)
        self._review_every = max(0.01, min(1.0, limits.head / 4, limits.write / 4))
        self._reviewing = self._loop.call_later(self._review_every, self._review)
        address = self._sockets.sockets[0].getsockname()
        self._address = (host, address[1])
        if self.settings.inspector and self.journal is not None:
            self._inspection = Inspection(self, self.journal, self._heads, *address[:2])
        return address[0], address[1]

    def _go_away(self, seconds: float) -> None:
        """Let nobody connect for so many *seconds*, as a server that is started anew."""
        if self._away is None and not self.draining:
            self._sockets.close()
            self._away = self._loop.create_task(self._come_back(seconds))

    async def _come_back(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._away = None
        try:
            self._sockets = await self._listen(*self._address)
        except OSError as fault:
            LOG.warning("cannot listen on %s port %d again: %s", *self._address, fault.strerror)

    async def stop(self) -> None:
        """Take no more requests, let the open ones end within the grace, and end the rest."""
        self.draining = True
        if self._away is not None:
            self._away.cancel()
        if self._inspection is not None:
            self._inspection.stop()
        self._sockets.close()
        await self._connections.drain(
            self.settings.grace, last_words=b"data: %b\n\n" % (_STOPPING.reply().body or b"")
        )
        self._reviewing.cancel()

    def reset(self, session: str | None) -> None:
        """Be as at the start, for *session* or for all: what was given, asked, and switched on."""
        self.responder.reset(session)
        self.control.reset(session)
        if self.journal is not None and session is None:
            self.journal.forget()
        elif self.journal is not None:
            self.journal.forget(lambda entry: entry.session == session)

    def log(self, write: Callable[[str], None], *, as_json: bool, colour: bool) -> None:
        """Write a line for each exchange with *write*."""
        from troth_mock.inspector.log import Log

        if self.journal is None:
            self.journal = _journal()
        log = Log(self.exchanges, write, as_json=as_json, colour=colour)
        self.journal.listeners.append(log.heard)

    @cached_property
    def exchanges(self) -> Exchanges:
        """What is known of the exchanges that it had; there is a journal."""
        from troth_mock.inspector.exchanges import Exchanges

        assert self.journal is not None, "nothing is kept"
        settings = self.settings
        secrets = filter(None, (*settings.secrets, settings.control_token))
        allows = settings.origins.allows
        exchanges = Exchanges(self.contract, self.journal, secrets=secrets, allows=allows)
        self.control.when_read.append(exchanges.use)
        return exchanges

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        return len(self._connections.open)

    def hurry(self) -> None:
        """Make `stop` wait no longer for open answers."""
        self._connections.hurry()

    def _review(self) -> None:
        now = self._loop.time()
        for connection in tuple(self._connections.open):
            connection.review(now, self.settings.limits)
        self._reviewing = self._loop.call_later(self._review_every, self._review)

    def _switch(self) -> None:
        """Take notice of what is switched on: what is not idle is asked about every request."""
        self._is_idle = self.control.is_idle
        self._connections.known.forget()

    def _may_respond_at_once(self, head: RequestHead) -> bool:
        """Whether nothing but the document has a say in the answer."""
        return (
            self._is_idle
            and not head.target.startswith(OWN.rstrip("/"))
            and not self.control.is_asked_by_request(head.target, head.headers)
        )

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request that aiohttp runs a coroutine for."""
        connection = cast(Connection, request.protocol)
        connection.begin(request.content)
        began = monotonic()
        end: End
        head = RequestHead(
            request.method, request.raw_path, request.version, request.headers, request.keep_alive
        )
        try:
            content = self._head_problem(head) or await self._body(request, connection)
            # what is left of an unread body cannot be told from the next request
            is_read = isinstance(content, bytes) or request.content.is_eof()
            delivery = self._delivery(head, connection, is_read=is_read)
            if self._inspection is not None and self._inspection.serves(head.target):
                end = await self._inspection.respond(head, content, connection, delivery)
            elif self._may_respond_at_once(head):
                self._write(head, content, connection, delivery, began)
                end = "complete"
            else:
                drain = request.writer.drain
                end = await self._answer(head, content, connection, delivery, began, drain)
            if connection.writing_paused:
                await request.writer.drain()
            is_kept = end == "complete" and delivery.keep_alive and not connection.half_closed
            return SENT if is_kept else LAST
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
        began = monotonic()
        delivery = self._delivery(head, connection, is_read=True)
        content = self._head_problem(head) or self._bounded(body)
        request = head.request()
        respond = None if isinstance(content, Problem) else self._compiled(request)
        if respond is not None:
            name = None if self.journal is None else self._name(head)
            again = partial(sent_again, respond, delivery)
            origin = Origin(request, name, size_of(request), again)
            known = KnownHead(len(body), respond, delivery, origin)
            if data and delivery.keep_alive:
                self._connections.known.learn(data, known)
            if self._respond_compiled(known, body, connection):
                return delivery.keep_alive
        self._write(head, content, connection, delivery, began)
        return delivery.keep_alive

    def _compiled(self, request: Request) -> RespondToBody | None:
        """What answers plain bodies with the head of *request*; see `Responder.compiled`."""
        if request.target.partition("?")[0] in self._pages:
            return None
        return self.responder.compiled(request)

    def _respond_compiled(self, known: KnownHead, body: bytes, connection: Connection) -> bool:
        """Answer a plain request; False where it was none."""
        began, now = monotonic(), wall_clock()
        response = known.respond(body, now)
        if response is None:
            return False
        head = self._heads.compiled(response, known.delivery)
        data = with_content(head, response, known.delivery)
        connection.send(data)
        journal = self.journal
        if journal is not None:
            origin = known.origin
            if journal.listeners:
                journal.add(began, origin.request, body, data, origin.operation)
            else:
                # its answer is made again if somebody looks: thousands of them are in no cache
                journal.add_again(began, origin, body, head, now, len(data))
        return True

    def _write(
        self,
        head: RequestHead,
        content: bytes | Problem,
        connection: Connection,
        delivery: Delivery,
        began: float,
    ) -> None:
        """Send the answer that the document says, all of it at once."""
        if isinstance(content, Problem):
            reply = content.reply(self._operation(head))
        else:
            reply = self._reply(head.request(content))
        data = self._whole(reply, delivery)
        connection.send(data)
        if self.journal is not None and path_of(head.target) not in self._pages:
            body = b"" if isinstance(content, Problem) else content
            self.journal.add(began, head.request(), body, data, self._name(head))

    def _whole(self, reply: Reply, delivery: Delivery) -> bytes:
        """The bytes of *reply*, head and content."""
        stream = reply.stream
        if stream is None:
            return self._heads.whole(reply, delivery)
        head = self._heads.stream(reply, delivery)
        if not has_content(delivery.method, reply.status):
            return head
        return head + framed(b"".join(stream.frames), delivery) + delivery.end

    async def _answer(
        self,
        head: RequestHead,
        content: bytes | Problem,
        connection: Connection,
        delivery: Delivery,
        began: float,
        drain: Callable[[], Awaitable[None]],
    ) -> End:
        """Answer a request that may get more than what the document says, and return its end."""
        received = connection.came()
        if self.control.pace.is_set:
            await self._turns.take()
        request = head.request(content if isinstance(content, bytes) else b"")
        if (
            isinstance(content, Problem)
            or path_of(head.target) in self._pages
            or is_preflight(request)
        ):
            self._write(head, content, connection, delivery, began)
            return "complete"
        plan = self.control.plan(request)
        reply, asked = plan.reply, plan.request or request
        passed: Passed | None = None
        if reply is None and plan.written is None and self.control.forward is not None:
            answer = await self.control.forward(asked)
            if isinstance(answer, Passed) and placed(plan.chances) is None:
                # what may go wrong with it is done to all of it
                answer = await gathered(answer, self._loop.time)
                received = self._loop.time()
            plan = replace(plan, labels={**plan.labels, "record": "passed on"})
            passed, reply = (answer, None) if isinstance(answer, Passed) else (None, answer)
        if reply is None and passed is None:
            reply = self._reply(asked, answer=plan.written, seed=plan.seed)
        note = Note(self.journal, began, request, plan, self._name(asked))
        try:
            if reply is None:
                assert passed is not None
                return await self._pass_on(passed, plan, connection, delivery, note, drain)
            return await self._play(reply, plan, connection, delivery, received, note)
        finally:
            note.end()

    async def _pass_on(
        self,
        passed: Passed,
        plan: Plan,
        connection: Connection,
        delivery: Delivery,
        note: Note,
        drain: Callable[[], Awaitable[None]],
    ) -> End:
        """Send what another server answers, piece by piece as it comes; *drain* waits for room.

        What *plan* lets go wrong goes wrong at its event.
        """

        def send(data: bytes) -> None:
            connection.send(data)
            note.sent(data)

        head = self._heads.stream(Reply(passed.status, passed.fields, None), delivery)
        slow = wait(plan.chances)
        if slow.faults:
            note.label(slow.faults)
            await self._follow(slow, self._loop.time(), connection, delivery, note)
            note.how = "gone"
        send(head)
        wire = Wire(
            passed.status, head, (), (), True, lambda frame: framed(frame, delivery), delivery.end
        )
        async with aclosing(passed.pieces) as pieces:
            script, is_more = await beginning(
                wire, pieces, parting(passed.fields), plan.chances, send
            )
            end: End = "complete"
            if script is not None:
                note.label(script.faults)
                end = await self._follow(script, self._loop.time(), connection, delivery, note)
            if not is_more:
                return end
            note.how = "gone"
            async for piece in pieces:
                send(framed(piece, delivery))
                if connection.writing_paused:
                    await drain()
        send(delivery.end)
        note.how = "complete"
        return "complete"

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

    def _name(self, head: RequestHead | Request) -> str | None:
        """The name of the operation that a request means."""
        operation = self._operation(head)
        return None if operation is None else operation.name

    def _operation(self, head: RequestHead | Request) -> Operation | None:
        """The operation that a request means, which may say in what form its errors are."""
        for method in (head.method, "GET") if head.method == "HEAD" else (head.method,):
            try:  # every request comes by
                return self.contract.match(method, head.target).operation
            except (NoSuchPath, MethodNotAllowed):
                continue
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

    def _reply(
        self, request: Request, *, answer: WrittenAnswer | None = None, seed: int | None = None
    ) -> Reply:
        path = path_of(request.target)
        if path in self._pages:
            return self._page(request, path)
        if request.method == "OPTIONS":
            return self._options(request)
        if request.method == "HEAD" and "HEAD" not in self._methods(request.target):
            # RFC 9110 §9.3.2: as GET, without the content
            request = replace(request, method="GET")
        responder = self.responder if seed is None else self.responder.seeded(seed)
        return responder.respond(request, now=wall_clock(), answer=answer)

    def _page(self, request: Request, path: str) -> Reply:
        methods = self._pages.methods(path)
        if request.method == "OPTIONS":
            return self._options(request, allowed=methods)
        if request.method in methods:
            if request.method == "POST":
                origin = request.field("origin")
                if origin is not None and not self.settings.origins.allows(origin):
                    message = f"the page at {origin[:200]} may not reset this: see --cors-origin"
                    return Problem(403, message, "other_site").reply()
                problem = token_problem(request, self.settings.control_token)
                if problem is not None:
                    return problem.reply()
                query = request.target.partition("?")[2]
                session = None if query == "all" else session_of(request)
                self.responder.reset(session)
                self.control.reset(session)
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

    async def _play(
        self,
        reply: Reply,
        plan: Plan,
        connection: Connection,
        delivery: Delivery,
        received: float,
        note: Note,
    ) -> End:
        """Send *reply* in its time, or what *plan* makes of it, and return how it ended."""
        script = self._script(reply, plan, delivery, body=note.body)
        if script is None:
            data = self._whole(reply, delivery)
            connection.send(data)
            note.sent(data)
            note.how = "complete"
            return "complete"
        note.label(script.faults)
        # what is no stream of events has no event that says why it ends
        is_sse = any(media_type.is_event_stream(value) for _, value in reply.fields)
        may_say_more = reply.stream is not None and is_sse and not script.faults
        return await self._follow(
            script, received, connection, delivery, note, may_say_more=may_say_more
        )

    async def _follow(
        self,
        script: Script,
        received: float,
        connection: Connection,
        delivery: Delivery,
        note: Note,
        *,
        may_say_more: bool = False,
    ) -> End:
        """Do what *script* says, whose times count from *received*, and return how that ended."""
        pieces = [data for _, data in script.steps]
        due = [received + at for at in accumulate(wait for wait, _ in script.steps)]
        if script.end == "stall":
            pieces.append(b"")
            due.append((due or [received])[-1] + _LONGEST_STALL)
            # a client that gives up is what a stall is for
            note.how = "stall"
        await connection.pace(pieces, due, delivery, sent=note.sent, may_say_more=may_say_more)
        if script.end == "reset":
            connection.reset()
        if script.away:
            self._go_away(script.away)
        note.how = script.end
        return script.end

    def _script(
        self, reply: Reply, plan: Plan, delivery: Delivery, *, body: bytes
    ) -> Script | None:
        """How *reply* is sent where it is not sent at once; *body* is that of its request."""
        pace = self.control.pace if plan.pace is None else plan.pace
        stream = reply.stream if has_content(delivery.method, reply.status) else None
        is_said = stream is not None or reply.tokens > 0
        is_paced = plan.pace is not None or bool(
            (is_said and pace.is_set) or (stream is not None and stream.times)
        )
        if not (plan.chances or is_paced):
            return None
        wire = self._wire(reply, pace, delivery, body=body, is_own=plan.pace is not None)
        return broken(wire, plan.chances) or (in_time(wire) if is_paced else None)

    def _wire(
        self, reply: Reply, pace: Pace, delivery: Delivery, *, body: bytes, is_own: bool
    ) -> Wire:
        """*reply* as it goes over the wire, at *pace* for the request of this *body*.

        What no model says comes at once, unless the pace *is_own* to the request.
        """
        stream = reply.stream
        if not has_content(delivery.method, reply.status):
            return Wire(reply.status, self._whole(reply, delivery), (), (), False, bytes, b"")
        if stream is None:
            whole, content = self._heads.whole(reply, delivery), reply.body or b""
            head = whole[: len(whole) - len(content)]
            is_waited_for = is_own or reply.tokens > 0
            # all of it comes when a stream would have come to its last token
            due = pace.schedule((max(1, reply.tokens),), request=body) if is_waited_for else (0.0,)
            pieces = (content,) if content else ()
            return Wire(reply.status, head, pieces, due[: len(pieces)], False, bytes, b"")
        return Wire(
            reply.status,
            self._heads.stream(reply, delivery),
            stream.frames,
            # the pace that was asked for counts before the one that was recorded
            (not is_own and stream.times) or pace.schedule(stream.tokens, request=body),
            True,
            lambda frame: framed(frame, delivery),
            delivery.end,
        )
