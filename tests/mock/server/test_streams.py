"""Streams on a real socket: framing, pace, and clients that come and go."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from troth_mock.pace import Pace
from troth_mock.reply import JSON, Reply

Start = Callable[..., Any]
StreamOf = Callable[..., Reply]
FRAMES = (b"data: 1\n\n", b"data: 2\n\n", b"data: [DONE]\n\n")
PACED = {"pace": Pace(tokens_per_second=200)}
SLOW = {"pace": Pace(ttft=30)}


def test_an_unpaced_stream_is_one_chunk_that_nobody_may_hold_back(
    start: Start, stream_of: StreamOf
) -> None:
    client = start(stream_of(*FRAMES)).connect().ask("POST", "/v1/chat", Accept_Encoding="gzip")
    status, fields, body = client.response()
    assert (status, body) == (200, b"".join(FRAMES))
    assert fields["content-type"] == "text/event-stream"
    assert fields["transfer-encoding"] == "chunked"
    assert fields["cache-control"] == "no-store"
    assert fields["x-accel-buffering"] == "no"
    assert "content-encoding" not in fields
    assert "content-length" not in fields


@pytest.mark.parametrize("settings", [{}, PACED])
def test_the_connection_serves_on_after_a_stream(
    start: Start, stream_of: StreamOf, settings: dict[str, Any]
) -> None:
    client = start(stream_of(*FRAMES), **settings).connect()
    for _ in range(3):
        assert client.ask("POST", "/v1/chat").response()[2] == b"".join(FRAMES)


@pytest.mark.parametrize("settings", [{}, PACED])
def test_http_1_0_gets_a_stream_that_ends_by_closing(
    start: Start, stream_of: StreamOf, settings: dict[str, Any]
) -> None:
    client = start(stream_of(*FRAMES), **settings).connect()
    client.send(b"POST /v1/chat HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    status, fields = client.head()
    assert (status, fields["connection"]) == (200, "close")
    assert "transfer-encoding" not in fields
    assert client.rest() == b"".join(FRAMES)


def test_connection_close_is_heeded(start: Start, stream_of: StreamOf) -> None:
    client = start(stream_of(*FRAMES)).connect().ask("POST", "/v1/chat", Connection="close")
    assert client.response()[1]["connection"] == "close"
    assert client.rest() == b""


def test_a_paced_stream_comes_frame_by_frame(start: Start, stream_of: StreamOf) -> None:
    client = start(stream_of(*FRAMES), **PACED).connect().ask("POST", "/v1/chat")
    assert client.head()[0] == 200
    assert client.until(b"\r\n") == b"9\r\n"
    assert client.exactly(11) == FRAMES[0] + b"\r\n"
    assert client.until(b"0\r\n\r\n").count(b"data:") == 2


def test_the_head_of_a_paced_stream_does_not_wait_for_the_first_token(
    start: Start, stream_of: StreamOf
) -> None:
    client = start(stream_of(*FRAMES), **SLOW).connect().ask("POST", "/v1/chat")
    assert client.head()[0] == 200


def test_a_whole_answer_takes_as_long_as_its_tokens(start: Start) -> None:
    said = Reply(200, JSON, b"{}", tokens=11)
    client = start(said, pace=Pace(ttft=0.05, tokens_per_second=100)).connect()
    began = time.monotonic()
    assert client.ask("POST", "/v1/chat").response()[2] == b"{}"
    # less than it takes: the kernel tells in steps of milliseconds when a request came
    assert time.monotonic() - began >= 0.14


def test_what_no_model_says_comes_at_once(start: Start) -> None:
    client = start(Reply(200, JSON, b"{}"), **SLOW).connect()
    assert client.ask("GET", "/v1/models").response()[2] == b"{}"


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("settings", [SLOW, {"pace": Pace(tokens_per_second=0.1)}])
def test_a_client_that_goes_away_ends_its_stream_at_once(
    start: Start,
    stream_of: StreamOf,
    leave: str,
    settings: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    mock = start(stream_of(*FRAMES), **settings)
    client = mock.connect().ask("POST", "/v1/chat")
    client.head()
    if leave == "close":
        client.socket.close()
    else:
        client.reset()
    mock.eventually(lambda: len(mock.open) == 0, within=5.0)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("settings", [{}, PACED, {"pace": Pace(ttft=0.4)}])
def test_a_client_that_half_closes_still_gets_the_whole_stream(
    start: Start, stream_of: StreamOf, settings: dict[str, Any]
) -> None:
    mock = start(stream_of(*FRAMES), **settings)
    client = mock.connect().ask("POST", "/v1/chat")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.response()[2] == b"".join(FRAMES)
    assert client.rest() == b""
    mock.eventually(lambda: len(mock.open) == 0)


def test_a_client_that_never_reads_meets_the_write_timeout(
    start: Start, stream_of: StreamOf
) -> None:
    frame = b"data: " + b"x" * 100_000 + b"\n\n"
    mock = start(
        stream_of(*[frame] * 300), limits={"write": 0.1}, pace=Pace(tokens_per_second=100_000)
    )
    client = mock.connect().ask("POST", "/v1/chat")
    mock.eventually(lambda: len(mock.open) == 1)
    wire = next(iter(mock.open)).wire
    waiting = [0]

    def is_cut_off() -> bool:
        waiting.append(wire.get_write_buffer_size())
        return len(mock.open) == 0

    mock.eventually(is_cut_off)
    assert max(waiting) < 10 * len(frame)
    client.socket.close()


def test_a_client_that_reads_late_gets_everything(start: Start, stream_of: StreamOf) -> None:
    frame = b"data: " + b"x" * 100_000 + b"\n\n"
    mock = start(stream_of(*[frame] * 100), pace=Pace(tokens_per_second=100_000))
    client = mock.connect().ask("POST", "/v1/chat")
    mock.eventually(lambda: any(connection.writing_paused for connection in mock.open))
    assert client.response()[2] == frame * 100


def test_a_stop_cuts_a_stream_with_an_error_and_without_its_sentinel(
    start: Start, stream_of: StreamOf
) -> None:
    import asyncio

    mock = start(stream_of(*FRAMES), pace=Pace(tokens_per_second=0.1), grace=0.05)
    client = mock.connect().ask("POST", "/v1/chat")
    client.until(FRAMES[0] + b"\r\n")
    asyncio.run_coroutine_threadsafe(mock.app.stop(), mock.app._loop)
    body = client.chunks()
    assert body.startswith(b'data: {"error":{')
    assert b"server_stopping" in body
    assert b"[DONE]" not in body
    assert client.rest() == b""


def test_a_stop_lets_a_stream_end_within_the_grace(start: Start, stream_of: StreamOf) -> None:
    import asyncio

    mock = start(stream_of(*FRAMES), pace=Pace(tokens_per_second=50), grace=5.0)
    client = mock.connect().ask("POST", "/v1/chat")
    client.head()
    asyncio.run_coroutine_threadsafe(mock.app.stop(), mock.app._loop)
    assert client.chunks() == b"".join(FRAMES)


def test_many_streams_at_once_keep_their_own_pace(start: Start, stream_of: StreamOf) -> None:
    mock = start(stream_of(*FRAMES), **PACED)
    clients = [mock.connect().ask("POST", "/v1/chat") for _ in range(50)]
    assert {client.response()[2] for client in clients} == {b"".join(FRAMES)}
    for client in clients:
        client.socket.close()
    mock.eventually(lambda: len(mock.open) == 0)
