"""Heads that came before are looked up, and the answers are those of heads that are read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bundled import CONTRACT
from troth.http.exchange import Request
from troth_mock.inspector.journal import Origin
from troth_mock.pace import Pace
from troth_mock.responding.responder import Responder
from troth_mock.server import fast_path
from troth_mock.server import serving as room
from troth_mock.server.application import App, Settings
from troth_mock.server.heads import Delivery, KnownHead, KnownHeads

PATH = "/v1/chat/completions"
VARYING = {"date", "x-request-id"}
ORIGIN = Origin(Request("POST", "/", (), b""), None, 0)
Answer = tuple[int, dict[str, str], bytes]


class CountingResponder(Responder):
    """Counts the heads that it was asked about."""

    heads = 0

    def compiled(self, request: Request) -> Any:
        self.heads += 1
        return super().compiled(request)


@dataclass
class Mock:
    """A mock of the bundled document, which counts the heads that it is asked about."""

    responder: CountingResponder
    connect: Callable[[], Any]


@pytest.fixture
def mock(connect_to: Callable[[str], Any]) -> Iterator[Mock]:
    responder = CountingResponder(CONTRACT)
    with room.serving(CONTRACT, responder=responder) as server:
        yield Mock(responder, lambda: connect_to(server.url))


def request(number: int, *, stream: bool = False, head: str = "", **members: object) -> bytes:
    said = f"Tell me of {number:04}."
    body = {"model": "m", "messages": [{"role": "user", "content": said}], "stream": stream}
    data = json.dumps({**body, **members}).encode()
    lines = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer one\r\nContent-Length: {len(data)}\r\n{head}\r\n"
    )
    return lines.encode() + data


def answer(client: Any) -> Answer:
    status, fields, content = client.response()
    return status, {name: said for name, said in fields.items() if name not in VARYING}, content


def fresh(mock: Mock, data: bytes) -> Answer:
    """The answer of a connection that goes the way for all requests: the body comes later."""
    head, end, body = data.partition(b"\r\n\r\n")
    client = mock.connect()
    client.send(head + end)
    return answer(client.send(body))


@pytest.mark.parametrize("stream", [False, True])
def test_a_head_is_read_once_and_its_answers_are_the_same(mock: Mock, stream: bool) -> None:
    client, other = mock.connect(), mock.connect()
    datas = [request(number, stream=stream) for number in range(5)]
    found = [answer(client.send(data)) for data in datas]
    found.append(answer(other.send(datas[0])))
    known = mock.responder.heads
    assert [answer(client.send(data)) for data in datas] == found[:5]
    assert mock.responder.heads == known <= 3
    assert len({content for _, _, content in found}) == 5
    assert found == [fresh(mock, data) for data in [*datas, datas[0]]]


def test_what_is_not_plain_is_answered_under_a_known_head(mock: Mock) -> None:
    client = mock.connect()
    plain, more = request(1), request(2, n=2)
    wrong = plain.replace(b'"model"', b'"mobel"')
    broken = plain[:-1] + b" "
    datas = [plain, plain, wrong, plain, broken, plain, more, more]
    assert [answer(client.send(data)) for data in datas] == [fresh(mock, data) for data in datas]


def test_pipelined_and_torn_requests_keep_their_order_after_known_heads(mock: Mock) -> None:
    client = mock.connect()
    one, two, three = request(1), request(2, stream=True), request(3)
    expected = [answer(client.send(data)) for data in (one, two, three)]
    client.send(one + two + three)
    assert [answer(client) for _ in range(3)] == expected
    client.send(one + two[:50])
    assert answer(client) == expected[0]
    client.send(two[50:])
    assert answer(client) == expected[1]
    for place in (10, 90, len(three) - 1):
        client.send(three[:place])
        # another client's whole request is no part of it
        assert answer(mock.connect().send(two)) == expected[1]
        assert answer(client.send(three[place:])) == expected[2]


def test_a_request_that_looks_whole_inside_another_ones_body_is_no_request(mock: Mock) -> None:
    client = mock.connect()
    inner = request(1)
    first = answer(client.send(inner))
    assert answer(client.send(inner)) == first
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer one\r\nContent-Length: {len(inner)}\r\n\r\n"
    )
    client.send(head.encode())
    # the body of that request, which is not JSON
    client.send(inner)
    status, _, content = answer(client)
    assert (status, json.loads(content)["error"]["code"]) == (400, "request-body.syntax")
    assert answer(client.send(inner)) == first


def test_a_head_that_closes_its_connection_does_so_each_time(mock: Mock) -> None:
    data = request(1, head="Connection: close\r\n")
    for _ in range(3):
        client = mock.connect()
        assert answer(client.send(data))[0] == 200
        assert client.rest() == b""


def test_origins_of_known_heads_are_told(mock: Mock) -> None:
    client = mock.connect()
    datas = [
        request(1, head=f"Origin: http://{host}\r\n") for host in ("localhost", "evil.example")
    ]
    for _ in range(2):
        here, there = (answer(client.send(data))[1] for data in datas)
        assert here["access-control-allow-origin"] == "http://localhost"
        assert "access-control-allow-origin" not in there


def test_another_credential_is_another_head(connect_to: Callable[[str], Any]) -> None:
    with room.serving(CONTRACT, responder=Responder(CONTRACT, tokens=["one"])) as server:
        client = connect_to(server.url)
        good = request(1)
        bad = good.replace(b"Bearer one", b"Bearer two")
        assert [answer(client.send(data))[0] for data in (good, good, bad, good, bad)] == [
            200, 200, 401, 200, 401,
        ]  # fmt: skip


def test_paced_streams_stay_paced(connect_to: Callable[[str], Any]) -> None:
    settings = replace(Settings(), pace=Pace(0.001, 2000.0))
    with room.serving(CONTRACT, settings=settings) as server:
        client = connect_to(server.url)
        found = []
        for _ in range(2):
            client.send(request(1, stream=True, max_tokens=3))
            client.head()
            # a chunk for each frame, or for those that were due together
            found.append(client.chunks())
        assert found[0] == found[1]


def test_a_client_that_does_not_read_gets_one_answer_under_a_known_head(way: str) -> None:
    async def main() -> list[int]:
        app = App(CONTRACT, Responder(CONTRACT))
        await app.start("127.0.0.1", 0)
        connection, transport = app._connections(), fast_path._Memory()
        connection.connection_made(transport)

        async def answers(requests: int) -> int:
            """How many answers have been written after so many more requests."""
            for _ in range(requests):
                connection.data_received(request(1))
            # more rounds than aiohttp's task needs for what waits
            for _ in range(100):
                await asyncio.sleep(0)
            return transport.written.count(b"HTTP/1.1 200 ")

        counts = [await answers(0), await answers(2)]
        connection.pause_writing()
        counts += [await answers(1), await answers(3)]
        connection.resume_writing()
        counts += [await answers(0), await answers(2)]
        connection.connection_lost(None)
        await app.stop()
        return counts

    # the answer that fills the buffer is written; those after it wait until there is room
    assert asyncio.run(main()) == [0, 2, 3, 3, 6, 8]


def test_the_oldest_head_goes_when_there_are_too_many() -> None:
    heads = KnownHeads()
    known = KnownHead(2, lambda body, now: None, Delivery(), ORIGIN)
    datas = [b"POST /%d HTTP/1.1\r\nHost: a\r\n\r\n{}" % number for number in range(300)]
    for data in datas:
        heads.learn(data, known)
    found = [heads.find(data) is not None for data in datas]
    assert found == [False] * 44 + [True] * 256
    assert heads.find(datas[-1]) == (known, b"{}")
    assert heads.find(datas[-1] + b" ") is None
    heads.forget()
    assert heads.find(datas[-1]) is None


def test_a_very_long_head_is_not_kept() -> None:
    heads = KnownHeads()
    data = b"POST / HTTP/1.1\r\nA: %b\r\n\r\n{}" % (b"a" * 5000)
    heads.learn(data, KnownHead(2, lambda body, now: None, Delivery(), ORIGIN))
    assert heads.find(data) is None


def test_the_journal_tells_what_was_sent_whenever_somebody_looks(way: str) -> None:
    async def main() -> tuple[list[bytes], list[list[bytes]]]:
        app = App(CONTRACT, Responder(CONTRACT, clock="wall"))
        journal = app.journal
        assert journal is not None
        await app.start("127.0.0.1", 0)
        connection, transport = app._connections(), fast_path._Memory()
        connection.connection_made(transport)
        sent: list[bytes] = []

        async def ask(number: int, stream: bool) -> None:
            before = len(transport.written)
            connection.data_received(request(number, stream=stream))
            for _ in range(100):
                await asyncio.sleep(0)
            sent.append(transport.written[before:])

        def kept() -> list[bytes]:
            return [b"".join(data for _, data in one.pieces) for one in journal.newest_first()]

        for number in range(6):
            await ask(number, stream=number % 2 == 0)
        looks = [kept()]
        for number in range(6):
            await ask(number, stream=number % 2 == 0)
        # what is looked at later was answered by a contract that is gone
        app.use(CONTRACT)
        looks.append(kept())
        journal.listeners.append(lambda what, entry: None)
        await ask(1, stream=False)
        looks.append(kept())
        connection.connection_lost(None)
        await app.stop()
        return sent, looks

    sent, looks = asyncio.run(main())
    assert looks == [sent[:6][::-1], sent[:12][::-1], sent[::-1]]
