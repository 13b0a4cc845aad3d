"""The client under every answer that a server can give, byte for byte, and under none."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import time
import zlib
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from troth.conformance.settings import Caps
from troth.conformance.transport import Reading, Transport
from troth.http.exchange import Exchange, Request

CAPS = Caps(body_bytes=64 * 1024, head_bytes=8 * 1024, events=50, seconds=30, idle=15, connect=10)
#: What is waited for in vain is not waited for long; all else, as long as a busy machine takes.
PATIENCE = {"timeout": replace(CAPS, seconds=0.6), "stalled": replace(CAPS, idle=0.2)}
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def exchanged(serve: Serve, *, count: int = 1, caps: Caps = CAPS, **options: Any) -> list[Exchange]:
    """What *count* requests to a server give whose every connection is served by *serve*."""

    async def go() -> list[Exchange]:
        open_ones: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            open_ones.add(task)
            try:
                await reader.readuntil(b"\r\n\r\n")
                await serve(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        async with Transport(url, caps=caps, clock=time.monotonic) as transport:
            found = [await transport.send(Request("GET", "/x"), **options) for _ in range(count)]
        server.close()
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)
        return found

    return asyncio.run(go())


def writes(*pieces: bytes, reset: bool = False) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if reset:  # a linger of 0 seconds makes the close a reset
            ends = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ends)

    return serve


def forever(first: bytes, piece: bytes, *, pause: float = 0) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return serve


def silent(*pieces: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
        await writer.drain()
        await asyncio.Event().wait()

    return serve


def seen(exchange: Exchange) -> tuple[str | None, int | None, bytes | None]:
    """What there is of an answer: the fault, the status, the body."""
    response = exchange.response
    return (
        exchange.fault,
        response.status if response else None,
        response.body if response else None,
    )


def whole(body: bytes, head: bytes = HEAD) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def test_a_whole_answer_is_kept_as_it_came() -> None:
    raw = b"HTTP/1.1 418 Short\r\nX-One: a\r\nx-one: b\r\nContent-Length: 2\r\n\r\nhi"
    (found,) = exchanged(writes(raw))
    assert seen(found) == (None, 418, b"hi")
    assert found.response is not None
    assert found.response.fields == (("X-One", "a"), ("x-one", "b"), ("Content-Length", "2"))
    assert b"".join(data for _, data in found.response.arrivals) == b"hi"


def test_arrivals_tell_when_each_piece_of_a_stream_came() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE + chunked(b"data: 1\n\n"))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(chunked(b"data: 2\n\n") + b"0\r\n\r\n")

    (found,) = exchanged(serve)
    assert seen(found) == (None, 200, b"data: 1\n\ndata: 2\n\n")
    assert found.response is not None
    (first, one), (second, two) = found.response.arrivals
    assert (one, two) == (b"data: 1\n\n", b"data: 2\n\n")
    assert second - first >= 0.04


#: Answers that are over, or never come: the fault, what was kept of the answer.
ANSWERS: dict[str, tuple[Serve, tuple[str | None, int | None, bytes | None]]] = {
    "a connection closed unanswered": (writes(), ("empty-reply", None, None)),
    "a connection reset unanswered": (writes(reset=True), ("reset", None, None)),
    "nothing ever": (silent(), ("timeout", None, None)),
    "a head that never ends": (silent(b"HTTP/1.1 200 OK\r\n"), ("timeout", None, None)),
    "a head and then nothing": (
        silent(HEAD + b"Content-Length: 5\r\n\r\n"),
        ("stalled", 200, b""),
    ),
    "half a body and then nothing": (
        silent(HEAD + b"Content-Length: 5\r\n\r\nhe"),
        ("stalled", 200, b"he"),
    ),
    "a body shorter than its length": (
        writes(HEAD + b"Content-Length: 5\r\n\r\nhe"),
        ("truncated", 200, b"he"),
    ),
    "a chunked body without its end": (
        writes(SSE + chunked(b"data: 1\n\n")),
        ("truncated", 200, b"data: 1\n\n"),
    ),
    "a chunk cut short": (writes(SSE + b"ff\r\ndata: 1\n\n"), ("truncated", 200, b"data: 1\n\n")),
    "garbage": (writes(b"\x16\x03\x01\x02 nothing like HTTP\r\n\r\n"), ("not-http", None, None)),
    "another version": (writes(b"HTTP/9.9 200 OK\r\n\r\n"), ("not-http", None, None)),
    "a status of letters": (writes(b"HTTP/1.1 OK fine\r\n\r\n"), ("not-http", None, None)),
    "a field without a colon": (
        writes(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"),
        ("not-http", None, None),
    ),
    "a length that is no number": (
        writes(HEAD + b"Content-Length: many\r\n\r\n{}"),
        ("not-http", None, None),
    ),
    "a head larger than the cap": (
        writes(HEAD + b"X-Large: " + b"a" * 20_000 + b"\r\n\r\n"),
        ("not-http", None, None),
    ),
    "early hints first": (
        writes(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + whole(b"{}")),
        (None, 200, b"{}"),
    ),
    "a redirect": (
        writes(b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:9/\r\n\r\n"),
        (None, 307, b""),
    ),
    "a body until the connection ends": (writes(HEAD + b"\r\n{}"), (None, 200, b"{}")),
    "an answer of HTTP/1.0": (writes(b"HTTP/1.0 200 OK\r\n\r\n{}"), (None, 200, b"{}")),
    "no content with content": (
        writes(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi"),
        # the content can only be read as the beginning of another response
        ("not-http", None, None),
    ),
    "a coding that was never asked for": (
        writes(whole(b"hi", HEAD + b"Content-Encoding: br\r\n")),
        ("framing", 200, b"hi"),
    ),
    "gzip that is none": (
        writes(whole(b"hi", HEAD + b"Content-Encoding: gzip\r\n")),
        ("framing", 200, b"hi"),
    ),
    "gzip": (
        writes(whole(gzip.compress(b"hi"), HEAD + b"Content-Encoding: gzip\r\n")),
        (None, 200, b"hi"),
    ),
    "deflate": (
        writes(whole(zlib.compress(b"hi"), HEAD + b"Content-Encoding: Deflate\r\n")),
        (None, 200, b"hi"),
    ),
    "identity": (
        writes(whole(b"hi", HEAD + b"Content-Encoding: identity\r\n")),
        (None, 200, b"hi"),
    ),
    "a gzip bomb": (
        writes(whole(gzip.compress(b"\0" * 5_000_000), HEAD + b"Content-Encoding: gzip\r\n")),
        ("bomb", 200, b"\0" * CAPS.body_bytes),
    ),
    "gzip of two members": (
        writes(
            whole(gzip.compress(b"h") + gzip.compress(b"i"), HEAD + b"Content-Encoding: gzip\r\n")
        ),
        (None, 200, b"hi"),
    ),
    "gzip cut short": (
        writes(whole(gzip.compress(b"hello")[:-4], HEAD + b"Content-Encoding: gzip\r\n")),
        ("framing", 200, gzip.compress(b"hello")[:-4]),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_becomes_an_exchange(name: str) -> None:
    serve, expected = ANSWERS[name]
    (found,) = exchanged(serve, caps=PATIENCE.get(expected[0], CAPS))
    assert seen(found) == expected
    assert (found.fault is None) == (found.fault_detail == "")


ENDLESS: dict[str, tuple[Serve, str]] = {
    "events": (forever(SSE, chunked(b"data: 1\n\n")), "events"),
    "events in CRLF": (forever(SSE, chunked(b"data: 1\r\n\r\n")), "events"),
    "events in CR": (forever(SSE, chunked(b"data: 1\r\r")), "events"),
    "a line": (forever(SSE, chunked(b"x" * 8192)), "bytes"),
    "a body": (forever(HEAD + b"\r\n", b"[" * 8192), "bytes"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_cut_by_a_cap(name: str) -> None:
    serve, word = ENDLESS[name]
    (found,) = exchanged(serve)
    assert found.fault == "endless"
    assert word in found.fault_detail
    assert found.response is not None
    assert 0 < len(found.response.body) <= 4 * CAPS.body_bytes


def test_endless_header_fields_are_no_http() -> None:
    (found,) = exchanged(forever(HEAD, b"X-More: 1\r\n"))
    assert found.response is None
    assert found.fault in ("not-http", "timeout")


def test_a_slow_drip_meets_the_deadline_though_it_never_falls_silent() -> None:
    caps = PATIENCE["timeout"]
    (found,) = exchanged(forever(SSE, chunked(b":"), pause=0.02), caps=caps)
    assert found.fault == "timeout"
    assert found.response is not None
    assert found.response.body.startswith(b"::")
    assert found.seconds < caps.seconds + 10


def test_a_connection_reset_in_mid_body_keeps_what_came() -> None:
    (found,) = exchanged(writes(SSE + chunked(b"data: 1\n\n"), reset=True))
    assert found.fault in ("reset", "truncated")


def test_a_chunk_size_that_is_none_is_told() -> None:
    (found,) = exchanged(writes(SSE + b"zz\r\ndata"))
    assert seen(found) == ("not-http", None, None)


def test_nobody_there_is_told_within_the_time_for_a_connection() -> None:
    async def go() -> Exchange:
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close()
        await server.wait_closed()
        async with Transport(url, caps=CAPS, clock=time.monotonic) as transport:
            return await transport.send(Request("GET", "/"))

    found = asyncio.run(go())
    assert (found.fault, found.fault_detail) == ("unreachable", "connection refused")
    assert found.response is None


def test_plain_http_to_a_client_of_tls_is_a_fault_of_tls() -> None:
    async def go() -> Exchange:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Transport(url, caps=CAPS, clock=time.monotonic) as transport:
            found = await transport.send(Request("GET", "/"))
        server.close()
        return found

    assert asyncio.run(go()).fault == "tls"


def test_a_client_that_hangs_up_takes_what_it_has() -> None:
    (found,) = exchanged(forever(SSE, chunked(b"data: 1\n\n"), pause=0.01), hang_up_after=1)
    assert found.fault is None
    assert found.response is not None
    assert found.response.body.startswith(b"data: 1\n\n")


def test_connections_are_kept_unless_a_fresh_one_is_asked_for() -> None:
    def counting(connections: list[int]) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.append(1)
            while True:
                writer.write(whole(b"{}"))
                await writer.drain()
                await reader.readuntil(b"\r\n\r\n")

        return serve

    kept: list[int] = []
    fresh: list[int] = []
    assert [seen(one) for one in exchanged(counting(kept), count=3)] == [(None, 200, b"{}")] * 3
    exchanged(counting(fresh), count=3, fresh=True)
    assert (len(kept), len(fresh)) == (1, 3)


def test_the_request_goes_out_as_it_is() -> None:
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readexactly(4))
        writer.write(whole(b"{}"))

    async def go() -> None:
        heads: list[bytes] = []

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            await serve(reader, writer)
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/"
        async with Transport(url, caps=CAPS, clock=time.monotonic) as transport:
            fields = (("X-A", "1"), ("X-A", "2"))
            await transport.send(Request("POST", "/a%2Fb?q=%20", fields=fields, body=b"\x00\xffab"))
        server.close()
        lines = heads[0].decode().split("\r\n")
        assert lines[0] == "POST /api/a%2Fb?q=%20 HTTP/1.1"
        names = [line.partition(":")[0] for line in lines[1:] if line]
        assert sorted(names) == ["Content-Length", "Host", "X-A", "X-A"]

    asyncio.run(go())
    assert got == [b"\x00\xffab"]


def test_proxies_of_the_environment_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    (found,) = exchanged(writes(whole(b"{}")))
    assert seen(found) == (None, 200, b"{}")


def test_no_cap_is_passed_by_what_is_just_within_it() -> None:
    caps = replace(CAPS, body_bytes=10, events=2)
    (found,) = exchanged(writes(whole(b"0123456789")), caps=caps)
    assert seen(found) == (None, 200, b"0123456789")
    (found,) = exchanged(writes(whole(b"a\n\nb\n\n")), caps=caps)
    assert seen(found) == (None, 200, b"a\n\nb\n\n")
    (found,) = exchanged(writes(whole(b"0123456789x")), caps=caps)
    assert found.fault == "endless"


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_events_are_counted_however_their_bytes_are_cut(size: int, end: bytes) -> None:
    body = (b"data: 1" + end) * 3 + b"data: 2"
    reading = Reading(0.0)
    for at in range(0, len(body), size):
        reading.add(0.0, body[at : at + size])
    assert (reading.events, reading.size) == (3, len(body))
