"""Faults on a real socket: each is seen there as it was asked for, and nothing else is."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from troth_mock.server.application import Settings
from troth_mock.server.serving import MockServer, start_in

Connect = Callable[[str], Any]
MODEL = "meta-llama/Llama-3.3-70B-Instruct"
QUESTION = {"model": MODEL, "messages": [{"role": "user", "content": "Where is Zürich?"}]}


@pytest.fixture(scope="module")
def shared(mock_servers: Callable[..., MockServer]) -> MockServer:
    return mock_servers()


@pytest.fixture
def server(shared: MockServer) -> Iterator[MockServer]:
    shared.reset()
    yield shared
    shared.reset()


def ask(client: Any, *, stream: bool = False, **fields: str) -> Any:
    body = json.dumps({**QUESTION, "stream": stream}).encode()
    named = {"Content_Type": "application/json", "Authorization": "Bearer x", **fields}
    return client.ask("POST", "/v1/chat/completions", body, **named)


def rest(client: Any) -> tuple[bytes, str]:
    """What comes until the end, and whether that is a `close` or a `reset`."""
    data = client.received
    while True:
        try:
            piece = client.socket.recv(65536)
        except ConnectionResetError:
            return data, "reset"
        if not piece:
            return data, "close"
        data += piece


def frames(server: MockServer, connect_to: Connect) -> list[bytes]:
    """The frames of the stream, when nothing goes wrong."""
    body = ask(connect_to(server.url), stream=True).response()[2]
    return [frame + b"\n\n" for frame in body.split(b"\n\n")[:-1]]


@pytest.mark.parametrize(("fault", "end"), [("drop", "close"), ("reset", "reset")])
def test_a_stream_ends_without_its_end(
    server: MockServer, connect_to: Connect, fault: str, end: str
) -> None:
    whole = frames(server, connect_to)
    server.fail(f"{fault} after 3 events")
    client = ask(connect_to(server.url), stream=True)
    assert client.head()[0] == 200
    sent = b"".join(b"%x\r\n%b\r\n" % (len(frame), frame) for frame in whole[:3])
    # what a reset overtakes is lost with it
    came, how = rest(client)
    assert how == end
    assert sent.startswith(came)
    assert end == "reset" or came == sent
    entry = server.journal[-1]
    assert (entry.faults, entry.state) == (
        (f"{fault} after 3 events",),
        f"{end}d".replace("td", "t"),
    )


def test_a_whole_answer_is_cut(server: MockServer, connect_to: Connect) -> None:
    whole = ask(connect_to(server.url)).response()[2]
    server.fail("drop after 10 bytes")
    client = ask(connect_to(server.url))
    status, fields = client.head()
    assert (status, int(fields["content-length"])) == (200, len(whole))
    assert rest(client) == (whole[:10], "close")


def test_not_a_byte_comes(server: MockServer, connect_to: Connect) -> None:
    for fault, end in (("refuse", "reset"), ("reset before the answer", "reset")):
        server.fail(fault)
        assert rest(ask(connect_to(server.url))) == (b"", end)
    server.fail("drop before the answer")
    assert rest(ask(connect_to(server.url))) == (b"", "close")


def test_a_stall_sends_nothing_more_and_stays(server: MockServer, connect_to: Connect) -> None:
    server.fail("stall after 2 events")
    client = ask(connect_to(server.url), stream=True)
    assert client.head()[0] == 200
    client.until(b"data: ")
    client.until(b"data: ")
    client.until(b"\n\n\r\n")
    client.socket.settimeout(0.15)
    with pytest.raises(TimeoutError):
        client.socket.recv(1)
    assert server.verdict().outcomes == ("waiting",)


def test_a_stall_of_a_time_goes_on(server: MockServer, connect_to: Connect) -> None:
    whole = b"".join(frames(server, connect_to))
    server.fail("stall after 2 events for 150 ms")
    began = time.monotonic()
    client = ask(connect_to(server.url), stream=True)
    assert client.response()[2] == whole
    assert time.monotonic() - began >= 0.14
    # the connection is as good as before
    server.fail("slow 100 ms")
    assert ask(client).response()[0] == 200
    assert time.monotonic() - began >= 0.24


def test_a_status_is_answered_before_anything_else(server: MockServer, connect_to: Connect) -> None:
    server.fail("429 retry after 2 s twice")
    client = connect_to(server.url)
    for _ in range(2):
        status, fields, body = ask(client).response()
        assert (status, fields["retry-after"], fields["ratelimit-remaining"]) == (429, "2", "0")
        assert json.loads(body)["error"]["code"] == "rate_limit_exceeded"
    assert ask(client).response()[0] == 200


def test_framing_may_be_wrong(server: MockServer, connect_to: Connect) -> None:
    whole = ask(connect_to(server.url)).response()[2]
    server.fail("wrong length by 7 bytes")
    client = ask(connect_to(server.url))
    assert int(client.head()[1]["content-length"]) == len(whole) + 7
    assert rest(client) == (whole, "close")
    server.fail("wrong length after 1 event")
    client = ask(connect_to(server.url), stream=True)
    client.head()
    with pytest.raises((AssertionError, ValueError, EOFError)):
        client.chunks()


def test_pages_and_preflights_are_spared(server: MockServer, connect_to: Connect) -> None:
    server.fail("503; drop before the answer")
    client = connect_to(server.url)
    assert client.ask("GET", "/healthz").response()[0] == 200
    asked = {"Origin": "http://localhost:5173", "Access_Control_Request_Method": "POST"}
    assert client.ask("OPTIONS", "/v1/chat/completions", **asked).response()[0] == 204
    assert ask(client).response()[0] == 503


def test_what_is_refused_was_not_done_and_what_is_lost_was(
    mock_servers: Callable[..., MockServer], connect_to: Connect, tmp_path: Any
) -> None:
    item = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string"}},
    }

    def of(schema: Any) -> Any:
        return {"description": "", "content": {"application/json": {"schema": schema}}}

    listed = {"responses": {"200": of({"type": "array", "items": item})}}
    make = {"requestBody": of(item), "responses": {"201": of(item)}}
    del make["requestBody"]["description"]
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/things": {"get": listed, "post": make}},
    }
    file = tmp_path / "things.json"
    file.write_text(json.dumps(root))
    server = mock_servers(file)

    def names() -> list[str]:
        body = connect_to(server.url).ask("GET", "/things").response()[2]
        return [one["name"] for one in json.loads(body)]

    def post(name: str) -> Any:
        body = json.dumps({"name": name}).encode()
        return connect_to(server.url).ask("POST", "/things", body, Content_Type="application/json")

    for fault, is_done in (("503", False), ("refuse", False), ("reset before the answer", True)):
        server.fail(f"{fault} on POST /things")
        name = fault.replace(" ", "-")
        rest(post(name)) if fault != "503" else post(name).response()
        assert (name in names()) is is_done


def test_nobody_can_connect_for_a_while(server: MockServer, connect_to: Connect) -> None:
    open_one = connect_to(server.url)
    server.fail("refuse for 200 ms once")
    assert rest(ask(connect_to(server.url))) == (b"", "reset")
    with pytest.raises(ConnectionRefusedError):
        connect_to(server.url)
    # who is connected stays so
    assert ask(open_one).response()[0] == 200
    until = time.monotonic() + 20
    while True:
        try:
            client = connect_to(server.url)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < until, "it never came back"
    assert ask(client).response()[0] == 200
    assert server.verdict().outcomes == ("retried",)


def test_without_faults_every_byte_is_as_before(
    server: MockServer, mock_servers: Callable[..., MockServer], connect_to: Connect
) -> None:
    plain = mock_servers()

    def told(one: MockServer, stream: bool) -> bytes:
        client = ask(connect_to(one.url), stream=stream, Connection="close")
        data = rest(client)[0]
        *lines, body = data.partition(b"\r\n\r\n")
        own = (b"Date", b"X-Req")
        kept = [line for line in lines[0].split(b"\r\n") if not line.startswith(own)]
        return b"\n".join([*kept, body])

    for stream in (False, True):
        before = told(plain, stream)
        server.fail("drop after 5000 events; lose after 5000 events; 500 the 9th")
        assert told(server, stream) == before
        assert server.journal[-1].faults == ()
        server.fail()
        assert told(server, stream) == before


def test_a_stop_does_not_wait_for_an_answer_that_never_ends(connect_to: Connect) -> None:
    with ExitStack() as stack:
        server = start_in(stack, fail="stall after 10 bytes", settings=Settings(grace=60))
        whole, stalled = ask(connect_to(server.url)), ask(connect_to(server.url), stream=True)
        for client in (whole, stalled):
            client.until(b"\r\n\r\n")
        began = time.monotonic()
    assert time.monotonic() - began < 30
    # and says nothing that was not to be said
    assert len(rest(whole)[0]) == 10
    assert rest(stalled) == (b'a\r\ndata: {"id\r\n', "close")


def test_a_request_may_say_itself_what_goes_wrong(server: MockServer, connect_to: Connect) -> None:
    server.fail("500")
    client = connect_to(server.url)
    told = [ask(client, X_Troth_Fail="503 first 2").response()[0] for _ in range(3)]
    assert told == [503, 503, 200]
    assert ask(client).response()[0] == 500
    status, _, body = ask(client, X_Troth_Fail="503 on GET /nothing").response()
    assert status == 400
    assert "the document has no operation 'GET /nothing'" in json.loads(body)["error"]["message"]
    assert [one.faults for one in server.journal][:2] == [("503 first 2",)] * 2


def linger() -> bytes:
    return struct.pack("ii", 1, 0)


def test_a_client_that_leaves_a_stall_is_noticed(server: MockServer, connect_to: Connect) -> None:
    server.fail("hang")
    client = ask(connect_to(server.url))
    until = time.monotonic() + 20
    while server.verdict().outcomes != ("waiting",):
        assert time.monotonic() < until
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger())
    client.socket.close()
    while server.verdict().outcomes != ("left",):
        assert time.monotonic() < until
