"""An application in place of a server: ASGI or WSGI, called without a socket.

It is asked as a server would ask it (lifespan, bodies in pieces, a client that goes away), and an
exception that it lets out, or answers with a 5xx and logs, is a fault of the exchange, with its
traceback.  An application that blocks the event loop blocks the run: only a server of its own can
be given up.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import logging
import os
import sysconfig
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from contextvars import ContextVar, copy_context
from copy import copy
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, unquote, unquote_to_bytes, urlsplit

from troth.conformance.settings import Caps
from troth.conformance.transport import Reading
from troth.errors import TrothError
from troth.http.exchange import Exchange, Fields, Request, url_of, values
from troth.openapi.contract import Contract
from troth.openapi.paths import TEMPLATED

Message = MutableMapping[str, Any]
#: What an application tells: a head, a piece of the body, its end, or what it raised.
_Word = tuple[str, Any]

_CLIENT = ("127.0.0.1", 49152)
#: So long an application may go on after its answer is whole, or its client gone: seconds.
_GRACE = 1.0
_ANSWERS_NOTHING = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_WITH_LENGTH = ("POST", "PUT", "PATCH")
#: Code that is not the application's own.
_INSTALLED = ("site-packages", "dist-packages")
#: So many innermost frames of a traceback are told, whosever they are.
_INNERMOST = 2
_STANDARD = sysconfig.get_paths()["stdlib"]


class BadApplication(TrothError):
    """What is to be tested is no application, or one that does not start."""

    why: str
    advice: str = ""

    def __str__(self) -> str:
        return self.why + (f"\n{self.advice}" if self.advice else "")


@dataclass(eq=False, slots=True)
class _Conversation:
    """One request to the application, and what it has told so far, from whatever thread."""

    request: Request
    loop: asyncio.AbstractEventLoop
    words: asyncio.Queue[_Word] = field(default_factory=asyncio.Queue)
    #: set when nobody listens any more
    gone: threading.Event = field(default_factory=threading.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    logged: BaseException | None = None

    def tell(self, kind: str, value: Any = None) -> None:
        with suppress(RuntimeError):  # the run is over, and nobody listens
            self.loop.call_soon_threadsafe(self.words.put_nowait, (kind, value))

    def leave(self) -> None:
        self.gone.set()
        self.left.set()


_current: ContextVar[_Conversation | None] = ContextVar("troth_conversation", default=None)


class _Log(logging.Handler):
    """Notes the exceptions that an application answers by itself, and logs."""

    def emit(self, record: logging.LogRecord) -> None:
        conversation = _current.get()
        if conversation is not None and record.exc_info and record.exc_info[1] is not None:
            conversation.logged = record.exc_info[1]


class Application:
    """The application under test, asked as `transport.Transport` asks a server.

    *url* is where it seems to be.  *clock* is monotonic seconds.
    """

    def __init__(
        self, application: Any, *, url: str, caps: Caps, clock: Callable[[], float]
    ) -> None:
        if not callable(application):
            kind = type(application).__name__
            raise BadApplication(
                f"an ASGI or WSGI application is called, and this {kind} cannot be",
                advice="Give the application itself (FastAPI(), Flask(…), …), or MODULE:NAME.",
            )
        self.url = url.rstrip("/")
        self.caps = caps
        self._application = application
        self._is_asgi = is_asgi(application)
        self._clock = clock
        self._log = _Log(level=logging.ERROR)
        self._tasks: set[asyncio.Task[None]] = set()
        self._lifespan = _Lifespan(application)

    async def __aenter__(self) -> Application:
        if self._is_asgi:
            try:
                async with asyncio.timeout(self.caps.seconds):
                    await self._lifespan.start()
            except TimeoutError:
                raise BadApplication("the application did not start in time") from None
        logging.getLogger().addHandler(self._log)
        return self

    async def __aexit__(self, *fault: object) -> None:
        logging.getLogger().removeHandler(self._log)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._is_asgi:
            await self._lifespan.stop(self.caps.idle)

    def at(self, url: str) -> Application:
        """The same application, asked as if it were at *url*."""
        other = copy(self)
        other.url = url
        return other

    async def send(
        self, request: Request, *, fresh: bool = False, hang_up_after: int | None = None
    ) -> Exchange:
        """Ask the application, and read its answer under caps; as `Transport.send`."""
        conversation = _Conversation(request, asyncio.get_running_loop())
        reading = Reading(self._clock())
        task = self._started(conversation)
        fault: str | None = None
        detail = ""
        try:
            async with asyncio.timeout(self.caps.seconds):
                fault, detail = await self._read(conversation, reading, hang_up_after)
        except TimeoutError:
            fault, detail = "timeout", f"no complete answer within {self.caps.seconds:g} s"
        finally:
            conversation.leave()
        if fault is None:
            raised = await _rest(conversation)
            if reading.status >= 500:
                raised = raised or conversation.logged
            if raised is not None and hang_up_after is None:
                fault, detail = "exception", told(raised)
        elif task is not None:
            task.cancel()
        if fault == "exception" and not reading.status:
            # as servers answer for an application that does not
            reading.status = 500
            reading.fields = (("content-type", "text/plain; charset=utf-8"),)
            reading.add(self._clock() - reading.started, b"Internal Server Error")
        return reading.exchange(request, fault, detail, caps=self.caps, clock=self._clock)

    def _started(self, conversation: _Conversation) -> asyncio.Task[None] | None:
        context = copy_context()
        context.run(_current.set, conversation)
        if self._is_asgi:
            task = asyncio.create_task(self._ask(conversation), context=context)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return task
        thread = threading.Thread(
            target=context.run, args=(_ask_wsgi, self._application, self.url, conversation)
        )
        thread.daemon = True  # one that hangs must not keep the run from ending
        thread.start()
        return None

    async def _ask(self, conversation: _Conversation) -> None:
        asgi = _Asgi(conversation)
        try:
            scope = scope_of(conversation.request, self.url, self._lifespan.state)
            await self._application(scope, asgi.receive, asgi.send)
        except (Exception, SystemExit) as fault:
            conversation.tell("raised", fault)
        else:
            conversation.tell("returned")

    async def _read(
        self, conversation: _Conversation, reading: Reading, hang_up_after: int | None
    ) -> tuple[str | None, str]:
        while True:
            idle = self.caps.idle if reading.status else None
            try:
                async with asyncio.timeout(idle):
                    kind, value = await conversation.words.get()
            except TimeoutError:
                return "stalled", f"nothing came for {self.caps.idle:g} s inside the answer"
            if kind == "head":
                reading.status, reading.fields = value
                if fault := _unsendable(reading.fields):
                    return "not-http", fault
            elif kind == "piece" and value and _has_body(conversation.request, reading.status):
                reading.add(self._clock() - reading.started, value)
                if excess := reading.excess(self.caps):
                    return "endless", excess
                if hang_up_after is not None and len(reading.arrivals) >= hang_up_after:
                    return None, ""
            elif kind == "raised":
                return "exception", told(value)
            elif kind == "end":
                return _cut_short(conversation.request, reading)
            elif kind == "returned":
                detail = "the application returned before its answer was whole"
                return ("truncated" if reading.status else "empty-reply"), detail


async def _rest(conversation: _Conversation) -> BaseException | None:
    """What the application raises behind its answer, if it comes to an end soon."""
    try:
        async with asyncio.timeout(_GRACE):
            while True:
                kind, value = await conversation.words.get()
                if kind in ("raised", "returned"):  # the latter with nothing
                    raised: BaseException | None = value
                    return raised
    except TimeoutError:
        return None  # it works on in the background, as it may


def is_asgi(application: Any) -> bool:
    """Whether *application* is called as ASGI has it, and not as WSGI."""
    call = getattr(application, "__call__", application)  # noqa: B004 - of its class, not whether
    if inspect.iscoroutinefunction(application) or inspect.iscoroutinefunction(call):
        return True
    try:
        kinds = [each.kind for each in inspect.signature(application).parameters.values()]
    except (TypeError, ValueError):
        return False
    # ASGI: scope, receive, send; PEP 3333: environ, start_response
    return kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) == len(("scope", "receive", "send"))


# -- what a server would not send ------------------------------------------------------------------


def _has_body(request: Request, status: int) -> bool:
    return request.method != "HEAD" and status not in _ANSWERS_NOTHING


def _unsendable(fields: Fields) -> str:
    for name, value in fields:
        if not name or any(char in "\r\n\0" for char in name + value):
            return f"no server can send the field {name!r}"
    return ""


def _cut_short(request: Request, reading: Reading) -> tuple[str | None, str]:
    written = values(reading.fields, "content-length")
    if not written or not _has_body(request, reading.status) or written == (str(reading.size),):
        return None, ""
    return "truncated", f"the body has {reading.size} bytes, Content-Length says {written[0]}"


# -- what it raised --------------------------------------------------------------------------------


def told(fault: BaseException) -> str:
    """*fault* in a line with where it was raised, and then its traceback."""
    frames = traceback.extract_tb(fault.__traceback__)
    frames = traceback.StackSummary(frame for frame in frames if frame.filename != __file__)
    own = [frame for frame in frames if not _is_installed(frame.filename)]
    place = ""
    if last := (own or frames)[-1:]:
        place = f" ({_shown(last[0].filename)}:{last[0].lineno}, in {last[0].name})"
    (line, *_) = traceback.format_exception_only(fault)[-1].strip().splitlines() or [""]
    return "\n".join([line + place, *_lines(frames)])


def _lines(frames: Sequence[traceback.FrameSummary]) -> Iterator[str]:
    """*frames* as Python tells them, without those of packages between the application's own."""
    left_out = 0
    for index, frame in enumerate(frames):
        if _is_installed(frame.filename) and index < len(frames) - _INNERMOST:
            left_out += 1
            continue
        if left_out:
            yield f"  … {left_out} of installed packages"
            left_out = 0
        yield f"  {_shown(frame.filename)}:{frame.lineno}, in {frame.name}"
        if frame.line:
            yield f"    {frame.line}"


def _is_installed(file: str) -> bool:
    return _package_path(file) is not None or file.startswith((_STANDARD, "<frozen"))


def _package_path(file: str) -> str | None:
    for name in _INSTALLED:
        _, found, rest = file.rpartition(f"{os.sep}{name}{os.sep}")
        if found:
            return rest
    return None


def _shown(file: str) -> str:
    beside = os.getcwd() + os.sep
    return _package_path(file) or file.removeprefix(beside)


# -- ASGI 3 ----------------------------------------------------------------------------------------


def scope_of(request: Request, url: str, state: Mapping[str, Any]) -> Message:
    """The scope of *request* to the server at *url*."""
    parts = urlsplit(url)
    path, query = _path_and_query(request, parts)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote(path),
        "raw_path": _encoded(path),
        "query_string": _encoded(query),
        "root_path": "",
        "headers": [
            (_encoded(name).lower(), _encoded(value)) for name, value in _sent(request, url)
        ],
        "client": _CLIENT,
        "server": (parts.hostname or "localhost", _port(parts)),
        "state": dict(state),
    }


def _path_and_query(request: Request, parts: SplitResult) -> tuple[str, str]:
    """Those of *request* to the server at the URL of *parts*."""
    whole = url_of(f"{parts.scheme}://{parts.netloc}{parts.path}", request.target)
    path, _, query = whole.partition("://")[2].removeprefix(parts.netloc).partition("?")
    return path, query


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _sent(request: Request, url: str) -> Iterable[tuple[str, str]]:
    """The fields of *request* and those that HTTP/1.1 adds: RFC 9110 §7.2, §8.6."""
    if request.field("host") is None:
        yield "host", urlsplit(url).netloc
    yield from request.fields
    framed = request.field("content-length") or request.field("transfer-encoding")
    if not framed and (request.body or request.method in _WITH_LENGTH):
        yield "content-length", str(len(request.body))


class _Asgi:
    """The two callables that one request gives an ASGI application."""

    def __init__(self, conversation: _Conversation) -> None:
        self._conversation = conversation
        self._state = "nothing"
        self._is_read = False

    async def receive(self) -> Message:
        """The request's body; then, once nobody listens any more, that the client is gone."""
        if not self._is_read:
            self._is_read = True
            body = self._conversation.request.body
            return {"type": "http.request", "body": body, "more_body": False}
        await self._conversation.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the answer; raises RuntimeError for what no server takes."""
        kind = message["type"]
        # so that the other side of the loop is heard between two pieces of an endless body
        await asyncio.sleep(0)
        if self._conversation.left.is_set():
            return  # as servers do: whoever cares asks `receive`
        if kind == "http.response.start" and self._state == "nothing":
            self._state = "head"
            fields = tuple(
                (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
                for name, value in message.get("headers", ())
            )
            self._conversation.tell("head", (int(message["status"]), fields))
        elif kind == "http.response.body" and self._state == "head":
            self._conversation.tell("piece", bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                self._state = "whole"
                self._conversation.tell("end")
        else:
            raise RuntimeError(f"the message {kind!r} is not expected here")


class _Lifespan:
    """The start and the end of an ASGI application; many know of neither."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.state: dict[str, Any] = {}
        self._asked: asyncio.Queue[str] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it.  Raises BadApplication where it says that it cannot."""
        self._task = asyncio.create_task(self._live())
        answer = await self._answer("startup")
        if answer.get("type") == "lifespan.startup.failed":
            why = str(answer.get("message", "")).strip() or "it does not say why"
            raise BadApplication(f"the application does not start: {why}")

    async def stop(self, seconds: float) -> None:
        """Let it end, for so many seconds at the most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._answer("shutdown")
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _answer(self, word: str) -> Message:
        assert self._task is not None
        self._asked.put_nowait(f"lifespan.{word}")
        answer = asyncio.create_task(self._answers.get())
        await asyncio.wait({answer, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        return {}  # it has raised, or returned: it does without

    async def _live(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        # whatever it raises, it says that it knows of no lifespan
        with suppress(Exception):
            await self._application(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        return {"type": await self._asked.get()}

    async def _send(self, message: Message) -> None:
        if not str(message.get("type")).startswith("lifespan."):
            raise RuntimeError("nothing was requested")  # it takes every scope for a request
        self._answers.put_nowait(message)


# -- WSGI (PEP 3333) -------------------------------------------------------------------------------


def environ_of(request: Request, url: str) -> dict[str, Any]:
    """The environment of *request* to the server at *url*."""
    parts = urlsplit(url)
    path, query = _path_and_query(request, parts)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": _encoded(query).decode("latin-1"),
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(_port(parts)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": _CLIENT[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for name, value in _sent(request, url):
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = _encoded(value).decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def _ask_wsgi(application: Any, url: str, conversation: _Conversation) -> None:
    """Ask a WSGI *application*, on a thread of its own."""
    wsgi = _Wsgi(conversation)
    try:
        pieces = application(environ_of(conversation.request, url), wsgi.start_response)
        try:
            for piece in pieces:
                wsgi.write(piece)
                if conversation.gone.is_set():
                    break
            wsgi.write(b"")
            conversation.tell("end")
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
    except (Exception, SystemExit) as fault:
        conversation.tell("raised", fault)
    else:
        conversation.tell("returned")


class _Wsgi:
    """The head of a WSGI application's answer, which is told with the first piece of its body."""

    def __init__(self, conversation: _Conversation) -> None:
        self._conversation = conversation
        self._head: tuple[int, Fields] | None = None
        self._is_told = False

    def start_response(
        self, status: str, fields: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """Take the head; a second one may only replace it before anything was sent."""
        if exc_info is not None and self._is_told:
            raise exc_info[1].with_traceback(exc_info[2])
        if exc_info is None and self._head is not None:
            raise AssertionError("start_response was called twice")
        self._head = int(status.split(" ", 1)[0]), tuple((str(n), str(v)) for n, v in fields)
        return self.write

    def write(self, piece: bytes) -> None:
        """Tell a piece of the body, and the head before the first."""
        if self._head is None:
            raise AssertionError("start_response was not called")
        if not self._is_told:
            self._is_told = True
            self._conversation.tell("head", self._head)
        self._conversation.tell("piece", bytes(piece))


#: Where an application seems to be of which nobody says where it is.
HOST = "http://localhost"


# -- the application's own document ----------------------------------------------------------------

_DOCUMENT = "/openapi.json"
_GIVE_ONE = "Give one with --document."


def document_of(application: Any) -> bytes:
    """The OpenAPI document that *application* makes of itself, or answers at /openapi.json.

    Raises BadApplication.
    """
    sender = Application(application, url=HOST, caps=Caps(), clock=monotonic)
    make = getattr(application, "openapi", None)
    if callable(make):
        try:
            return _in_lines(make())
        except Exception as fault:
            why = f"the application cannot make its document: {told(fault).splitlines()[0]}"
            raise BadApplication(why, advice=_GIVE_ONE) from fault
    (exchange,) = _asked(sender, [Request("GET", _DOCUMENT)])
    response = exchange.response
    if response is None or response.status != HTTPStatus.OK:
        why = f"the application publishes no document at {_DOCUMENT}"
        raise BadApplication(why, advice=_GIVE_ONE)
    try:
        return _in_lines(json.loads(response.body))
    except ValueError:
        return response.body  # YAML, perhaps


def _in_lines(document: Any) -> bytes:
    # findings cite lines
    return json.dumps(document, indent=1).encode()


def _asked(sender: Application, requests: Sequence[Request]) -> list[Exchange]:
    """What the application answers to *requests* before there is a run."""
    found: list[Exchange] = []

    async def ask() -> None:
        for request in requests:
            found.append(await sender.send(request))

    # on a thread of its own: the caller may have a loop running
    thread = threading.Thread(target=asyncio.run, args=(ask(),))
    thread.start()
    thread.join()
    return found


# -- where it seems to be --------------------------------------------------------------------------

#: So many operations are asked for under each base path, each for so long: seconds.
_SIGNS = 5
_PATIENCE = 2.0


def address_of(application: Any, contract: Contract, *, is_own: bool) -> str:
    """The URL at which *application* seems to be, with the base path under which it has its paths.

    Those that the document's servers have, or none: an application may have it in its routes, or
    leave it to the server before it.  Where its answers do not tell, its own document (*is_own*)
    has the paths as they are, and one that was given says where they are.
    """
    every = [base for operation in contract.operations for base in operation.base_paths]
    bases = [base for base in dict.fromkeys(every) if base and "{" not in base]
    if not bases:
        return HOST
    sender = Application(application, url=HOST, caps=Caps(seconds=_PATIENCE), clock=monotonic)
    signs = sorted(
        contract.operations, key=lambda one: (len(one.template.names), one.method != "GET")
    )[:_SIGNS]

    def signs_of(base: str) -> int:
        # what is safe: a router that has the path and not the method says 405
        exchanges = _asked(
            sender.at(HOST + base),
            [
                Request("GET" if one.method == "GET" else "OPTIONS", TEMPLATED.sub("1", one.path))
                for one in signs
            ],
        )
        answers = [each.response for each in exchanges]
        return sum(one is not None and one.status != HTTPStatus.NOT_FOUND for one in answers)

    return HOST + max(("", *bases) if is_own else (*bases, ""), key=signs_of)
