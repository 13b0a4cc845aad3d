"""Applications that are asked in process: ASGI and WSGI, as a server asks them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from troth.conformance.in_process import (
    Application,
    BadApplication,
    document_of,
    environ_of,
    is_asgi,
    scope_of,
)
from troth.conformance.settings import Caps
from troth.http.exchange import Exchange, Request

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
URL = "http://localhost/v1"
JSON = [(b"Content-Type", b"application/json")]
POST = Request("POST", "/a%2Fb/%C3%A4?q=%20", (("X-A", "1"), ("X-A", "2")), b"{}")
GET = Request("GET", "/things")


def asked(application: Any, *requests: Request, caps: Caps | None = None, **how: Any) -> list[Any]:
    async def go() -> list[Exchange]:
        sender = Application(application, url=URL, caps=caps or Caps(seconds=20), clock=monotonic)
        async with sender:
            return [await sender.send(request, **how) for request in requests]

    return asyncio.run(go())


def answering(*messages: dict[str, Any]) -> Any:
    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError("no lifespan here")
        for message in messages:
            await send(message)

    return application


def head(status: int = 200, fields: Any = ()) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(fields)}


def piece(body: bytes = b"", *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def seen(application: Any) -> str:
    (exchange,) = asked(application, GET)
    return f"{exchange.fault}: {exchange.fault_detail}"


# -- ASGI --------------------------------------------------------------------------------------


def test_an_answer_in_pieces_is_read_whole() -> None:
    application = answering(head(201, JSON), piece(b"{", more=True), piece(b"}"))

    (exchange,) = asked(application, GET)

    assert exchange.fault is None
    assert exchange.response.status == 201
    assert exchange.response.fields == (("Content-Type", "application/json"),)
    assert exchange.response.body == b"{}"
    assert [data for _, data in exchange.response.arrivals] == [b"{", b"}"]


def test_a_request_arrives_as_from_a_server() -> None:
    scopes: list[Any] = []
    bodies: list[Any] = []

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        scopes.append(scope)
        bodies.append(await receive())
        await send(head(200))
        await send(piece())

    asked(application, POST)

    assert bodies == [{"type": "http.request", "body": b"{}", "more_body": False}]
    (scope,) = scopes
    assert (scope["path"], scope["raw_path"]) == ("/v1/a/b/ä", b"/v1/a%2Fb/%C3%A4")
    assert (scope["query_string"], scope["method"]) == (b"q=%20", "POST")
    assert scope["headers"] == [
        *((b"host", b"localhost"), (b"x-a", b"1"), (b"x-a", b"2")),
        (b"content-length", b"2"),
    ]
    assert scope["server"] == ("localhost", 80)


def test_the_lifespan_surrounds_the_requests_and_gives_them_its_state() -> None:
    told: list[str] = []

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            told.append((await receive())["type"])
            scope["state"]["db"] = "open"
            await send({"type": "lifespan.startup.complete"})
            told.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
            return
        told.append(scope["state"]["db"])
        await send(head())
        await send(piece())

    asked(application, GET, GET)

    assert told == ["lifespan.startup", "open", "open", "lifespan.shutdown"]


def test_an_application_that_does_not_start_is_told() -> None:
    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    before = list(logging.getLogger().handlers)
    with pytest.raises(BadApplication, match="the application does not start: no database"):
        asked(application, GET)
    assert logging.getLogger().handlers == before


def test_what_it_raises_is_a_fault_with_a_traceback_and_the_answer_a_server_gives() -> None:
    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            failing({})

    (exchange,) = asked(application, GET)

    assert (exchange.fault, exchange.response.status) == ("exception", 500)
    first, *lines = exchange.fault_detail.splitlines()
    assert first.startswith("KeyError: 'x' (tests")
    assert first.endswith(", in failing)")
    assert next(line.strip() for line in lines if "failing(" in line) == "failing({})"
    assert "conformance/in_process.py" not in exchange.fault_detail


def failing(members: dict[str, int]) -> int:
    return members["x"]


def test_what_it_raises_behind_its_answer_or_within_is_told_beside_the_answer() -> None:
    def application(*messages: dict[str, Any]) -> Any:
        async def call(scope: dict[str, Any], receive: Receive, send: Send) -> None:
            await answering(*messages)(scope, receive, send)
            raise RuntimeError("late")

        return call

    behind, within = (
        asked(application(head(500), piece(b"sorry", more=more)), GET)[0] for more in (False, True)
    )

    assert [each.fault for each in (behind, within)] == ["exception", "exception"]
    assert [each.response.body for each in (behind, within)] == [b"sorry", b"sorry"]
    assert "late" in behind.fault_detail


def test_an_exception_that_is_answered_with_a_5xx_and_logged_is_one_as_well() -> None:
    def logging_application(status: int) -> Any:
        async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                try:
                    failing({})
                except KeyError:
                    logging.getLogger("theirs").exception("oh")
                await send(head(status))
                await send(piece())

        return application

    faults = [asked(logging_application(status), GET)[0].fault for status in (500, 404)]

    assert faults == ["exception", None]


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], "empty-reply: the application returned before its answer was whole"),
        ([head()], "truncated: the application returned before its answer was whole"),
        ([head(), piece(b"a", more=True)], "truncated: the application returned before"),
        ([head(200, [(b"content-length", b"5")]), piece(b"a")], "truncated: the body has 1 bytes"),
        ([head(200, [(b"x", b"a\nb")]), piece(b"a")], "not-http: no server can send the field 'x'"),
        ([piece(b"a")], "exception: RuntimeError: the message 'http.response.body' is not"),
    ],
)
def test_what_is_no_whole_answer_is_told(messages: list[dict[str, Any]], told: str) -> None:
    assert seen(answering(*messages)).startswith(told)


def test_an_answer_without_an_end_and_one_that_never_comes_are_given_up() -> None:
    async def endless(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await send(head())
        while True:
            await send(piece(b"x" * 1000, more=True))

    async def silent(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await send(head())
        await asyncio.Event().wait()

    async def late(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.Event().wait()

    caps = Caps(body_bytes=10_000, seconds=30, idle=30)
    assert asked(endless, GET, caps=caps)[0].fault == "endless"
    assert asked(silent, GET, caps=replace(caps, idle=0.1))[0].fault == "stalled"
    assert asked(late, GET, caps=replace(caps, seconds=0.3))[0].fault == "timeout"


def test_a_client_that_goes_away_is_told_so() -> None:
    told: list[str] = []

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        await receive()
        await send(head())
        await send(piece(b"a", more=True))
        told.append((await receive())["type"])
        await send(piece(b"b"))

    asked(application, GET, hang_up_after=1)

    assert told == ["http.disconnect"]


# -- WSGI --------------------------------------------------------------------------------------


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH", 0)))
    start_response("201 Created", [("Content-Type", "text/plain")])
    yield b"got "
    yield body


def test_a_wsgi_application_is_asked_on_a_thread_of_its_own() -> None:
    threads: list[int] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        threads.append(threading.get_ident())
        return wsgi(environ, start_response)

    (exchange,) = asked(application, POST)

    assert (exchange.response.status, exchange.response.body) == (201, b"got {}")
    assert [data for _, data in exchange.response.arrivals] == [b"got ", b"{}"]
    assert threads != [threading.get_ident()]


def test_its_environment_is_that_of_a_server() -> None:
    environ = environ_of(POST, URL)

    assert environ["PATH_INFO"].encode("latin-1").decode() == "/v1/a/b/ä"
    assert (environ["QUERY_STRING"], environ["HTTP_X_A"]) == ("q=%20", "1,2")
    assert (environ["CONTENT_LENGTH"], environ["HTTP_HOST"]) == ("2", "localhost")


def test_what_a_wsgi_application_raises_is_a_fault_before_and_inside_its_answer() -> None:
    def at_once(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise ValueError("no")

    def inside(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"a"
        raise ValueError("late")

    def silent(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return [b"a"]

    exchanges = [asked(each, GET)[0] for each in (at_once, inside, silent)]

    assert [each.fault for each in exchanges] == ["exception"] * 3
    assert [each.response.status for each in exchanges] == [500, 200, 500]
    assert "start_response was not called" in exchanges[2].fault_detail


def test_a_wsgi_answer_is_closed_when_the_client_goes_away() -> None:
    closed = threading.Event()

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x"

        def close(self) -> None:
            closed.set()

    def application(environ: dict[str, Any], start_response: Any) -> Pieces:
        start_response("200 OK", [])
        return Pieces()

    asked(application, GET, hang_up_after=1)

    assert closed.wait(10)


# -- what it is, and what it says of itself ------------------------------------------------------


def test_asgi_and_wsgi_are_told_apart() -> None:
    class Asgi:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def wrapped(scope: Any, receive: Any, send: Any) -> Any:
        return Asgi()(scope, receive, send)

    class Wsgi:
        def __call__(self, environ: Any, start_response: Any) -> Any: ...

    assert [is_asgi(each) for each in (Asgi(), wrapped, answering(), Wsgi(), wsgi, dict)] == (
        [True, True, True, False, False, False]
    )


def test_what_cannot_be_called_is_no_application() -> None:
    with pytest.raises(BadApplication, match="this str cannot be"):
        asked("main:app", GET)
    with pytest.raises(BadApplication, match="this dict cannot be"):
        document_of({})


def test_the_document_is_the_one_that_it_makes_or_answers() -> None:
    class Making:
        def __call__(self, environ: Any, start_response: Any) -> Any: ...

        def openapi(self) -> dict[str, Any]:
            return {"openapi": "3.1.0"}

    answers = answering(head(200, JSON), piece(b'{"openapi":"3.1.0"}'))
    in_yaml = answering(head(200), piece(b"openapi: 3.1.0"))

    assert [document_of(each) for each in (Making(), answers, in_yaml)] == [
        b'{\n "openapi": "3.1.0"\n}',
        b'{\n "openapi": "3.1.0"\n}',
        b"openapi: 3.1.0",
    ]
    with pytest.raises(BadApplication, match=r"no document at /openapi\.json"):
        document_of(answering(head(404), piece()))


def test_a_document_that_cannot_be_made_is_told_with_its_place() -> None:
    class Failing:
        def __call__(self, environ: Any, start_response: Any) -> Any: ...

        def openapi(self) -> dict[str, Any]:
            raise ValueError("no schema for a callable")

    said = r"cannot make its document: ValueError: no schema for a callable \(.*:\d+, in openapi\)"
    with pytest.raises(BadApplication, match=said):
        document_of(Failing())


def test_a_scope_says_where_the_application_seems_to_be() -> None:
    scope = scope_of(GET, "https://api.example:8443", {})

    assert (scope["scheme"], scope["server"]) == ("https", ("api.example", 8443))


def test_a_whole_url_is_asked_for_where_it_leads() -> None:
    beside = Request("GET", "https://api.example:8443/things?q=1")
    url = "https://api.example:8443/v1"
    assert scope_of(beside, url, {})["path"] == "/things"
    assert scope_of(GET, url, {})["path"] == "/v1/things"
    assert environ_of(beside, url)["PATH_INFO"] == "/things"
