"""The fast path is used where it fits the installed aiohttp; without it the bytes are the same."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from importlib.metadata import version
from typing import Any

import pytest
from aiohttp import http

from bundled import CONTRACT
from troth_mock.server import fast_path
from troth_mock.server import serving as room
from troth_mock.server.framing import RequestFraming

_ASKED = {"model": "m", "messages": [{"role": "user", "content": "Tell me of bytes."}]}
_VARYING = re.compile(rb"(?m)^(Date|X-Request-Id): .*\r\n")
_CHAT = "POST /v1/chat/completions HTTP/1.1"
_FIELDS = "Host: localhost\r\nAuthorization: Bearer one\r\nContent-Type: application/json\r\n"


def asked(first: str = _CHAT, fields: str = "", **members: object) -> bytes:
    body = json.dumps({**_ASKED, **members}).encode()
    return f"{first}\r\n{_FIELDS}Content-Length: {len(body)}\r\n{fields}\r\n".encode() + body


def bare(first: str, fields: str = _FIELDS) -> bytes:
    return f"{first}\r\n{fields}\r\n".encode()


_UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
CHUNKED = bare(_CHAT, f"{_FIELDS}Transfer-Encoding: chunked\r\n")
BYE = asked(fields="Connection: close\r\n")
#: Requests on one connection, the last of which end it.
TALKS = {
    "plain, twice": asked() + asked() + BYE,
    "a stream": asked(stream=True) + BYE,
    "several": asked() + asked(stream=True) + asked(n=2) + asked(model=1) + BYE,
    "HTTP/1.0": asked("POST /v1/chat/completions HTTP/1.0", stream=True),
    "no content": bare("HEAD /v1/models HTTP/1.1") + bare("OPTIONS /v1/models HTTP/1.1") + BYE,
    "nowhere": bare("GET /nowhere?a=%20b HTTP/1.1") + bare("OPTIONS * HTTP/1.1") + BYE,
    "an origin": asked(fields="Origin: http://localhost:3000\r\n") + BYE,
    "nothing after the end": BYE + asked(),
    "chunks": CHUNKED + b"2\r\n{}\r\n0\r\n\r\n" + BYE,
    "broken chunks": CHUNKED + b"2\r\n{}\r\nzz\r\n",
    "a compressed body": asked(fields="Content-Encoding: gzip\r\n") + BYE,
    "an upgrade": bare("GET / HTTP/1.1", _FIELDS + _UPGRADE) + BYE,
    "another host": bare("GET / HTTP/1.1", "Host: elsewhere.example\r\n") + BYE,
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
    "a long field": bare("GET / HTTP/1.1", f"Host: localhost\r\nX: {'y' * 9000}\r\n"),
}


@pytest.mark.skipif(
    tuple(map(int, version("aiohttp").split(".")[:3])) < (3, 14, 4),
    reason="younger than what the fast path was made for",
)
def test_the_fast_path_fits_the_aiohttp_that_was_tried() -> None:
    assert fast_path.IS_AVAILABLE


@pytest.mark.skipif(not fast_path.IS_AVAILABLE, reason="this aiohttp has no fast path")
def test_what_is_missing_or_behaves_otherwise_shuts_the_fast_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert fast_path._look()
    with monkeypatch.context() as patch:
        patch.setattr(fast_path, "_TOUCHED", (*fast_path._TOUCHED, "_not_there"))
        assert not fast_path._look()
    with monkeypatch.context() as patch:
        patch.delattr(http, "RawRequestMessage")
        assert not fast_path._look()
    with monkeypatch.context() as patch:
        patch.setattr(fast_path, "take", lambda protocol: None)
        assert not fast_path._look()
    with monkeypatch.context() as patch:
        patch.setattr(fast_path.Sent, "keep_alive", False)
        assert not fast_path._look()


def test_it_can_be_looked_for_while_a_loop_runs() -> None:
    async def main() -> bool:
        return fast_path._look()

    assert asyncio.run(main()) == fast_path.IS_AVAILABLE


@pytest.mark.skipif(not fast_path.IS_AVAILABLE, reason="this aiohttp has no fast path")
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("talk", TALKS)
def test_both_ways_give_the_same_bytes(
    talk: str, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for way in (True, False):
        monkeypatch.setattr(fast_path, "IS_AVAILABLE", way)
        with room.serving(CONTRACT) as server:
            found.append(heard(server.url, TALKS[talk], at_once=at_once))
    assert found[0] == found[1]
    assert found[0].startswith(b"HTTP/1.1 ")


def heard(url: str, data: bytes, *, at_once: bool) -> bytes:
    """All that the server sends for *data*, with what differs from day to day left out."""
    host, port = url.removeprefix("http://").split(":")
    said = b""
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # it may have closed before the last piece, or not read what it refused
        with contextlib.suppress(ConnectionError):
            for piece in (data,) if at_once else (data[:70], data[70:-3], data[-3:]):
                client.sendall(piece)
        with contextlib.suppress(ConnectionError):
            while piece := client.recv(65536):
                said += piece
    return _VARYING.sub(b"", said)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_chunks_are_followed_over_any_segments(size: int) -> None:
    data = (
        b"\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
        b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"
        b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n\r\n\rGET / HTTP/1.1\r\n\r\n"
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    )
    for wrong in (b"g", b" 1\r\n", b"1\r\nab", b"\r\n", b"0\r\nno field\r\n", b"-1\r\n", b"5\n"):
        framing = RequestFraming()
        for start in range(0, len(data), size):
            framing.feed(data[start : start + size])
        assert not framing.is_broken
        framing.feed(wrong)
        assert framing.is_broken, wrong
        framing.feed(b"0\r\n\r\n")
        assert framing.is_broken


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000,
    ],
)
def test_what_cannot_be_followed_is_never_called_broken(data: bytes) -> None:
    framing: Any = RequestFraming()
    for piece in (data, b"g", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\ng"):
        framing.feed(piece)
    assert not framing.is_broken
