"""A contract made by hand, a responder that answers as told, and a client that speaks raw bytes."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http.exchange import Request
from troth.openapi.contract import Contract, routes
from troth.openapi.operation import Operation
from troth_mock.reply import Reply, Stream
from troth_mock.server import fast_path
from troth_mock.server.application import Settings
from troth_mock.server.guards import Limits
from troth_mock.server.serving import serving

JSON = (("Content-Type", "application/json"),)
OK = Reply(200, JSON, b'{"ok":true}')
EVENTS = (("Content-Type", "text/event-stream"),)


@dataclass
class ToldResponder:
    """Answers with what `reply` says, and keeps what it was asked."""

    contract: Contract
    reply: Callable[[Request], Reply]
    asked: list[Request] = field(default_factory=list)

    def compiled(self, request: Request) -> None:
        return None

    def respond(self, request: Request, *, now: int, answer: Any = None) -> Reply:
        self.asked.append(request)
        try:
            self.contract.match(request.method, request.target)
        except NoSuchPath:
            return Reply(404, JSON, b'{"error":{"code":"not_found"}}')
        except MethodNotAllowed as refusal:
            allow = ("Allow", ", ".join(refusal.allowed))
            return Reply(405, (*JSON, allow), b'{"error":{"code":"method_not_allowed"}}')
        return self.reply(request)


class RawClient:
    """One socket: what is sent is what the test says, what comes back is looked at as bytes."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").rsplit(":", 1)
        self.host = f"{host}:{port}"
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=30)
        self.received = b""

    def send(self, data: bytes) -> RawClient:
        self.socket.sendall(data)
        return self

    def ask(self, method: str, target: str, body: bytes = b"", **fields: str) -> RawClient:
        """Send a well-formed request; `_` in a field's name stands for `-`."""
        named = {"Host": self.host, **{key.replace("_", "-"): text for key, text in fields.items()}}
        if body:
            named.setdefault("Content-Length", str(len(body)))
        lines = "".join(f"{key}: {text}\r\n" for key, text in named.items())
        return self.send(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body)

    def until(self, mark: bytes) -> bytes:
        """Read up to and including *mark*, and leave the rest for later."""
        while mark not in self.received:
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError(f"closed before {mark!r}; got {self.received!r}")
            self.received += piece
        before, _, self.received = self.received.partition(mark)
        return before + mark

    def head(self) -> tuple[int, dict[str, str]]:
        """Read a response's head: its status, and its fields by lower-case name."""
        first, *lines = self.until(b"\r\n\r\n").decode("latin-1").strip().split("\r\n")
        found: dict[str, str] = {}
        for line in lines:
            name, _, text = line.partition(":")
            name = name.lower()
            found[name] = f"{found[name]}, {text.strip()}" if name in found else text.strip()
        return int(first.split()[1]), found

    def response(self, *, has_content: bool = True) -> tuple[int, dict[str, str], bytes]:
        """Read a whole response, by its own framing."""
        status, fields = self.head()
        if not has_content or status == 204:
            return status, fields, b""
        if fields.get("transfer-encoding") == "chunked":
            return status, fields, self.chunks()
        if "content-length" in fields:
            return status, fields, self.exactly(int(fields["content-length"]))
        return status, fields, self.rest()

    def chunks(self) -> bytes:
        whole = b""
        while size := int(self.until(b"\r\n"), 16):
            whole += self.exactly(size)
            assert self.exactly(2) == b"\r\n"
        assert self.exactly(2) == b"\r\n"
        return whole

    def exactly(self, size: int) -> bytes:
        while len(self.received) < size:
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError(f"closed after {len(self.received)} of {size} bytes")
            self.received += piece
        data, self.received = self.received[:size], self.received[size:]
        return data

    def rest(self) -> bytes:
        """Read until the server closes."""
        while piece := self.socket.recv(65536):
            self.received += piece
        data, self.received = self.received, b""
        return data

    def reset(self) -> None:
        """Close with a RST: linger for no time."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()


@dataclass
class Mock:
    """A mock in reach of a test: its address, its responder, and a maker of clients."""

    url: str
    responder: ToldResponder
    app: Any
    connect: Callable[[], RawClient]

    @property
    def open(self) -> set[Any]:
        """The connections that the server holds."""
        return self.app._connections.open

    def eventually(self, holds: Callable[[], bool], *, within: float = 30.0) -> None:
        """Wait until *holds*: what happens on the server's thread is not ours to order."""
        until = time.monotonic() + within
        while not holds():
            assert time.monotonic() < until, "it never came true"
            time.sleep(0.002)


def made_contract(*operations: tuple[str, str]) -> Contract:
    made = tuple(Operation(method=method, path=path, pointer="") for method, path in operations)
    document = SimpleNamespace(root={"openapi": "3.1.0", "paths": {}}, digest="0")
    return Contract(document, None, made, routes(made))  # type: ignore[arg-type]  # by hand


# an aiohttp that the fast path does not fit has only one
WAYS = ("fast", "public") if fast_path.IS_AVAILABLE else ("public",)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The way that requests go through aiohttp; what comes of them is the same."""
    way: str = request.param
    monkeypatch.setattr(fast_path, "IS_AVAILABLE", way == "fast")
    return way


@pytest.fixture
def start(way: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Mock]]:
    """Start mocks that answer as told; all sockets and servers are closed at the end."""
    from troth_mock.server import serving as room

    apps: list[Any] = []

    class KeptApp(room.App):
        def __init__(self, *positional: Any, **named: Any) -> None:
            super().__init__(*positional, **named)
            apps.append(self)

    monkeypatch.setattr(room, "App", KeptApp)
    with contextlib.ExitStack() as stack:

        def start(
            reply: Callable[[Request], Reply] | Reply = OK,
            *operations: tuple[str, str],
            limits: dict[str, Any] | None = None,
            **settings: Any,
        ) -> Mock:
            contract = made_contract(*(operations or (("POST", "/v1/chat"), ("GET", "/v1/{id}"))))
            answer = reply if callable(reply) else lambda request: reply
            responder = ToldResponder(contract, answer)
            chosen = replace(Settings(grace=0.5), **settings)
            chosen = replace(chosen, limits=replace(Limits(), **(limits or {})))
            made = stack.enter_context(
                serving(contract, responder=responder, settings=chosen)  # type: ignore[arg-type]  # a fake
            )

            def connect() -> RawClient:
                client = RawClient(made.url)
                stack.callback(client.socket.close)
                return client

            return Mock(made.url, responder, apps[-1], connect)

        yield start


@pytest.fixture
def stream_of() -> Callable[..., Reply]:
    """A streaming reply of the given frames, one token each."""

    def reply(*frames: bytes, tokens: tuple[int, ...] | None = None) -> Reply:
        return Reply(200, EVENTS, None, Stream(frames, tokens or (1,) * len(frames)))

    return reply


@pytest.fixture
def connect_to(way: str) -> Iterator[Callable[[str], RawClient]]:
    """Connect to the server at a URL; the clients are closed at the end."""
    with contextlib.ExitStack() as stack:

        def connect(url: str) -> RawClient:
            client = RawClient(url)
            stack.callback(client.socket.close)
            return client

        yield connect
