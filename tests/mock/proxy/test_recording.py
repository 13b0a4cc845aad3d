"""What a real server answers becomes scenarios, which then answer without it."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from stages import PETS, Stage, replied
from troth import loading
from troth.http import sse
from troth.http.exchange import Exchange, Request, Response
from troth.openapi.contract import Contract
from troth_mock.control import Control
from troth_mock.faults.grammar import parse_all
from troth_mock.faults.switches import Switches
from troth_mock.pace import Pace
from troth_mock.proxy import recording
from troth_mock.proxy.forwarding import NoServer, Upstream
from troth_mock.proxy.recording import Recorder
from troth_mock.reply import Passed, Reply, Wire
from troth_mock.server.application import Settings
from troth_mock.server.pacing import beginning
from troth_mock.server.serving import MockServer, serving, start_in

TOKEN = "sk-a1b2c3d4e5f6"
JSON = (("Content-Type", "application/json"),)
CHAT = (*JSON, ("Authorization", f"Bearer {TOKEN}"))


@pytest.fixture(scope="module")
def pets() -> Contract:
    return loading.load(PETS.encode())


@pytest.fixture(scope="module")
def chat() -> Contract:
    return loading.load(None)


def recorder(contract: Contract, folder: Path) -> tuple[Recorder, list[str]]:
    told: list[str] = []
    return Recorder(contract, folder, url="http://127.0.0.1:1/v1", told=told.append), told


def replayed(contract: Contract, folder: Path) -> Stage:
    stage = Stage(contract, folder)
    stage.scenarios.open()
    return stage


def test_an_exchange_is_answered_again_as_it_was(pets: Contract, tmp_path: Path) -> None:
    record, told = recorder(pets, tmp_path)
    request = Request("GET", "/pets?kind=cat&token=abcdef", ())
    body = b'[{"id": 1, "name": "{{ Tom }}"}]'
    fields = (*JSON, ("X-RateLimit-Left", "3"), ("Set-Cookie", "a=b"), ("X-Powered-By", "us"))
    record.write(Exchange(request, Response(200, fields, body, ((0.25, body),))))
    (path,) = tmp_path.iterdir()
    assert told == [f"recorded {path}"]
    assert "abcdef" not in path.read_text()
    stage = replayed(pets, tmp_path)
    choice = stage.send(request)
    assert choice.reply is not None
    assert choice.pace == Pace(ttft=0.25)
    assert json.loads(choice.reply.body or b"") == json.loads(body)
    assert ("X-RateLimit-Left", "3") in choice.reply.fields
    assert not {"Set-Cookie", "X-Powered-By"} & {name for name, _ in choice.reply.fields}
    assert stage.ask("GET", "/pets?kind=dog").scenario == ""


def test_the_same_request_with_another_answer_makes_a_sequence(
    pets: Contract, tmp_path: Path
) -> None:
    record, _ = recorder(pets, tmp_path)
    request = Request("GET", "/pets/1", ())
    for status, body in (
        (404, b'{"code": "x", "message": "y"}'),
        (200, b'{"id": 1, "name": "A"}'),
        (200, b'{"id": 1, "name": "A"}'),
    ):
        record.write(Exchange(request, Response(status, JSON, body)))
    stage = replayed(pets, tmp_path)
    statuses = [stage.ask("GET", "/pets/1").reply for _ in range(3)]
    assert [reply.status for reply in statuses if reply] == [404, 200, 200]


def test_what_the_document_does_not_allow_is_recorded_all_the_same(
    pets: Contract, tmp_path: Path
) -> None:
    record, _ = recorder(pets, tmp_path)
    request = Request("POST", "/pets", JSON, b'{"nme": "Rex"}')
    record.write(Exchange(request, Response(400, JSON, b'{"no": true}')))
    record.write(Exchange(Request("GET", "/pets"), Response(200, JSON, b'{"odd": 1}')))
    photo = Response(200, (("Content-Type", "image/png"),), b"\x89PNG")
    record.write(Exchange(Request("GET", "/pets/1/photo"), photo))
    record.write(Exchange(Request("DELETE", "/pets/1"), Response(204)))
    stage = replayed(pets, tmp_path)
    refused = stage.send(request).reply
    assert refused is not None
    assert (refused.status, refused.body) == (400, b'{"no":true}')
    listed, image, gone = (
        stage.ask(*one).reply
        for one in (("GET", "/pets"), ("GET", "/pets/1/photo"), ("DELETE", "/pets/1"))
    )
    assert (listed and listed.body, image and image.body) == (b'{"odd":1}', b"\x89PNG")
    assert gone is not None
    assert gone.status == 204


def test_what_is_no_operation_and_what_broke_off_is_not_recorded(
    pets: Contract, tmp_path: Path
) -> None:
    record, told = recorder(pets, tmp_path)
    record.write(Exchange(Request("GET", "/nothing"), Response(200, JSON, b"{}")))
    record.write(Exchange(Request("GET", "/pets"), Response(200, JSON, b"["), fault="truncated"))
    record.write(Exchange(Request("GET", "/pets"), fault="timeout"))
    assert told == []


def test_secrets_are_taken_out_wherever_they_stand(chat: Contract, tmp_path: Path) -> None:
    record, _ = recorder(chat, tmp_path)
    said = {"role": "user", "content": f"is {TOKEN} good?"}
    body = json.dumps({"model": "m", "messages": [said], "user": "me"}).encode()
    request = Request("POST", "/v1/chat/completions", CHAT, body)
    answer = {"error": {"message": f"{TOKEN} is not", "type": "a", "param": None, "code": "b"}}
    record.write(Exchange(request, Response(401, JSON, json.dumps(answer).encode())))
    (path,) = tmp_path.iterdir()
    assert TOKEN not in path.read_text()
    choice = replayed(chat, tmp_path).send(request)
    assert choice.written is not None
    assert choice.written.status == 401


def test_what_the_mock_was_given_in_secret_is_not_written(pets: Contract) -> None:
    answer = Response(200, JSON, b'[{"id": 1, "name": "is sk-0123456789"}]')
    made = recording.recorded(
        pets, Exchange(Request("GET", "/pets"), answer), secrets=["sk-0123456789"]
    )
    assert made is not None
    assert made.answer["body"] == [{"id": 1, "name": "is [Filtered]"}]


def test_what_a_client_sends_in_secret_is_not_written(pets: Contract, tmp_path: Path) -> None:
    record, _ = recorder(pets, tmp_path)
    body = b'{"name": "Rex", "newPassword": "hunter2!", "apiKey": "ab"}'
    answer = b'{"id": 1, "name": "hunter2! at http://me:pw99@a.example"}'
    record.write(Exchange(Request("POST", "/pets", JSON, body), Response(201, JSON, answer)))
    (path,) = tmp_path.iterdir()
    assert not [each for each in ("hunter2", '"ab"', "ab\n", "pw99") if each in path.read_text()]


def test_a_password_in_the_url_of_the_server_is_sent_and_not_told(pets: Contract) -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def main() -> list[Reply | Passed]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        upstream = Upstream(f"http://me:pw99@127.0.0.1:{port}/v1", record=lambda _: None)
        asked = [
            Request("GET", "/pets"),
            Request("GET", "http://other.example/pets", (("Authorization", "Bearer own"),)),
            Request("GET", "/pets", (("X-A", "a\r\nX-B: c"),)),
        ]
        replies = [await upstream.forward(one) for one in asked]
        server.close()
        return [*replies, await upstream.forward(asked[0])]

    replies = asyncio.run(main())
    assert [one.status for one in replies] == [204, 204, 400, 502]
    assert [one.partition(b" HTTP")[0] for one in heard] == [b"GET /v1/pets"] * 2
    assert [b"Basic bWU6cHc5OQ==" in one for one in heard] == [True, True]
    assert not any("pw99" in str(one) for one in replies)


# -- with servers


@pytest.fixture(scope="module")
def servers(
    chat: Contract, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[MockServer, MockServer, Path]]:
    folder = tmp_path_factory.mktemp("recorded")
    with ExitStack() as stack:
        # longer than is asserted: the kernel tells in steps of milliseconds when a request came
        settings = Settings(pace=Pace(ttft=0.05, tokens_per_second=500))
        real = start_in(stack, chat, seed=9, settings=settings)
        control = Control(chat)
        recorder = Recorder(chat, folder, url=real.url, told=lambda sentence: None)
        control.forward = Upstream(real.base_url, record=recorder.write).forward
        yield real, stack.enter_context(serving(chat, control=control)), folder


def tell(server: MockServer, **members: Any) -> tuple[Any, bytes]:
    said = [{"role": "user", "content": "Tell me of rust."}]
    body = json.dumps({"model": "m", "messages": said, **members}).encode()
    url = f"{server.base_url}/chat/completions"
    request = urllib.request.Request(url, body, dict(CHAT))
    with urllib.request.urlopen(request) as answer:
        return answer.headers, answer.read()


def test_a_server_is_asked_what_no_scenario_answers_and_then_no_more(
    servers: tuple[MockServer, MockServer, Path], chat: Contract
) -> None:
    real, passing, folder = servers
    came = {stream: tell(passing, stream=stream)[1] for stream in (False, True)}
    assert came[False] == tell(real, stream=False)[1]
    assert came[True] == tell(real, stream=True)[1]
    assert [seen.request.field("Authorization") for seen in real.journal[:1]] == [f"Bearer {TOKEN}"]
    assert passing.journal[0].labels["record"] == "passed on"
    assert all(TOKEN not in path.read_text() for path in folder.iterdir())
    with ExitStack() as stack:
        alone = start_in(stack, chat, scenario=folder)
        fields, body = tell(alone, stream=False)
        assert json.loads(body) == json.loads(came[False])
        assert fields["X-Troth-Scenario"].startswith("chat-completions-create-")
        assert tell(alone, stream=True)[1] == came[True]
        assert len(alone.journal) == 2


def test_a_stream_is_passed_on_as_it_comes(servers: tuple[MockServer, MockServer, Path]) -> None:
    _, passing, folder = servers
    tell(passing, stream=True, max_tokens=6)
    times = [
        json.loads(line.partition(":")[2])
        for path in folder.iterdir()
        for line in path.read_text().splitlines()
        if line.startswith("      times:")
    ]
    assert times
    assert all(each == sorted(each) and each[0] >= 0.02 for each in times)
    (stream,) = [seen for seen in passing.journal if b'"max_tokens": 6' in seen.body]
    assert stream.state == "complete"


def test_what_goes_wrong_goes_wrong_with_a_stream_that_is_passed_on(
    servers: tuple[MockServer, MockServer, Path],
) -> None:
    real, passing, _ = servers
    whole = tell(real, stream=True)[1]
    passing.fail("drop after 3 events first 1")
    with pytest.raises(IncompleteRead) as raised:
        tell(passing, stream=True)
    assert raised.value.partial == b"".join(f + b"\n\n" for f in whole.split(b"\n\n")[:3])
    assert passing.journal[-1].labels == {
        "record": "passed on",
        "fault": "drop after 3 events first 1",
    }
    assert tell(passing, stream=True)[1] == whole
    passing.fail()


def test_a_fault_befalls_a_stream_that_is_passed_on_at_its_event(pets: Contract) -> None:
    frames = [b"data: %d\n\n" % number for number in range(8)]
    come = {"first": asyncio.Event(), "rest": asyncio.Event()}

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield frames[0] + frames[1]
        await come["first"].wait()
        yield b"".join(frames[2:4]) + frames[4][:3]
        yield frames[4][3:] + frames[5]
        await come["rest"].wait()
        yield frames[6] + frames[7]

    async def forward(request: Request) -> Passed:
        return Passed(200, (("Content-Type", "text/event-stream"),), pieces())

    def ask(fault: str) -> bytes:
        come.update(first=asyncio.Event(), rest=asyncio.Event())
        server.fail(fault)
        connection = HTTPConnection(server.url.removeprefix("http://"), timeout=30)
        connection.request("GET", "/watch")
        answer = connection.getresponse()
        # no more has come from the server that is passed on
        got = answer.read(len(frames[0]) * 2)
        assert got == frames[0] + frames[1]
        server.on_loop(come["first"].set)
        if fault.startswith("lose"):
            got += answer.read(len(frames[0]) * 3)
        server.on_loop(come["rest"].set)
        try:
            got += answer.read()
        except IncompleteRead as cut:
            got += cut.partial
        connection.close()
        return got

    control = Control(pets)
    control.forward = forward
    with serving(pets, control=control) as server:
        assert ask("drop after 3 events") == b"".join(frames[:3])
        assert ask("lose after 3 events") == b"".join(frames[:3] + frames[4:])
        assert ask("drop after 2 events the 9th") == b"".join(frames)
        assert ask("slow 10 ms") == b"".join(frames)
        assert ask("drop after 9 events") == b"".join(frames)
        assert [one.labels.get("fault") for one in server.journal] == [
            *("drop after 3 events", "lose after 3 events"),
            *(None, "slow 10 ms", None),
        ]


def test_the_seed_chooses_where_a_fault_befalls_a_stream_that_is_passed_on() -> None:
    frames = [b"data: %d\n\n" % number for number in range(40)]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    wire = Wire(200, head, (), (), True, bytes, b"")

    async def passed(count: int, fault: str) -> bytes:
        """What is sent of so many events; of all of them the end never comes."""

        async def pieces() -> AsyncGenerator[bytes, None]:
            for frame in frames[:count]:
                yield frame
            if count == len(frames):
                await asyncio.Event().wait()

        came: list[bytes] = []
        more = pieces()
        chances = switches.chances(None, faults=parse_all(fault))
        script, is_more = await beginning(wire, more, sse.parted, chances, came.append)
        assert script is not None
        assert script.faults == (fault,)
        rest = [frame async for frame in more] if is_more else []
        return b"".join((*came, *(data for _, data in script.steps), *rest))

    switches = Switches(loading.load())
    lengths = set()
    for _ in range(20):
        whole = asyncio.run(passed(len(frames), "drop"))
        lengths.add(whole.count(b"\n\n"))
        assert whole == b"".join(frames[: whole.count(b"\n\n")])
    assert len(lengths) > 5
    assert max(lengths) <= 16
    for count in (2, 3, 9):
        lost = {asyncio.run(passed(count, "lose")) for _ in range(20)}
        assert {one.count(b"\n\n") for one in lost} == {count - 1}


def test_what_has_no_place_holds_back_nothing_of_what_is_passed_on() -> None:
    wire = Wire(200, b"", (), (), True, bytes, b"")

    async def sent(*faults: str) -> list[int]:
        """How many events have been sent when each of six is asked for."""
        came: list[bytes] = []
        counts: list[int] = []

        async def pieces() -> AsyncGenerator[bytes, None]:
            for number in range(6):
                counts.append(len(came))
                yield b"data: %d\n\n" % number

        parsed = tuple(one for fault in faults for one in parse_all(fault))
        chances = Switches(loading.load()).chances(None, faults=parsed)
        await beginning(wire, pieces(), sse.parted, chances, came.append)
        return counts

    alone = asyncio.run(sent("drop after 5 events"))
    assert (
        asyncio.run(sent("slow 1 s", "drop after 5 events"))
        == alone
        == [0, 1, 2, 3, 4, 5][: len(alone)]
    )


def test_lines_are_recorded_with_their_times(tmp_path: Path) -> None:
    contract = loading.load(
        b"""
openapi: 3.2.0
info: {title: t, version: '1'}
paths:
  /log:
    get:
      operationId: log
      responses:
        '200': {description: d, content: {application/x-ndjson: {itemSchema: {type: object}}}}
"""
    )
    kind = (("Content-Type", "application/x-ndjson"),)
    pieces = ((0.01, b'{"a":1}\n{"da'), (0.02, b'ta":2}\n'), (0.03, b'{"c":3}'))
    body = b"".join(piece for _, piece in pieces)
    record, _ = recorder(contract, tmp_path)
    record.write(Exchange(Request("GET", "/log"), Response(200, kind, body, pieces)))
    (path,) = tmp_path.iterdir()
    assert "times: [0.01,0.02,0.03]" in path.read_text()
    assert "force" not in path.read_text()
    reply = replied(replayed(contract, tmp_path).ask("GET", "/log"))
    assert reply.stream is not None
    assert reply.stream.times == (0.01, 0.02, 0.03)
    assert [json.loads(frame) for frame in reply.stream.frames] == [{"a": 1}, {"data": 2}, {"c": 3}]


def test_what_is_remembered_of_requests_is_bounded(
    pets: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_MOST_REQUESTS", 3)
    monkeypatch.setattr(recording, "_MOST_BYTES", 100)
    record, _ = recorder(pets, tmp_path)
    for name in "aaaabbbbcc":
        for number in range(5):
            body = b'{"id": %d, "name": "%b"}' % (number, name.encode())
            record.write(Exchange(Request("GET", f"/pets/{ord(name)}"), Response(200, JSON, body)))
            assert len(record._answers) <= 3
            assert len(record._answers) == 1 or sum(record._sizes.values()) <= 100
    assert record._answers.keys() == record._sizes.keys()
    assert len(list(tmp_path.iterdir())) == 3


def test_the_head_of_a_stream_is_passed_on_without_content(pets: Contract) -> None:
    with ExitStack() as stack:
        real = start_in(stack, pets)
        control = Control(pets)
        control.forward = Upstream(real.base_url, record=lambda exchange: None).forward
        passing = stack.enter_context(serving(pets, control=control))
        connection = HTTPConnection(passing.url.removeprefix("http://"), timeout=30)
        kinds = []
        for method in ("HEAD", "GET"):
            connection.request(method, "/watch")
            answer = connection.getresponse()
            kinds.append((answer.getheader("Content-Type"), bool(answer.read())))
        connection.close()
    assert kinds == [("text/event-stream", False), ("text/event-stream", True)]


def test_who_cannot_write_says_so_and_answers_all_the_same(pets: Contract, tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    folder.write_text("this is a file")
    record, told = recorder(pets, folder)
    record.write(Exchange(Request("GET", "/pets"), Response(200, JSON, b"[]")))
    (sentence,) = told
    assert sentence.startswith(f"cannot record {folder}")


def test_what_is_recorded_is_not_written_through_a_link(pets: Contract, tmp_path: Path) -> None:
    (folder := tmp_path / "folder").mkdir()
    record, _ = recorder(pets, folder)
    exchange = Exchange(Request("GET", "/pets"), Response(200, JSON, b"[]"))
    record.write(exchange)
    (path,) = folder.iterdir()
    path.unlink()
    (other := tmp_path / "other").write_text("other")
    for name in (path.name, f".{path.name}.part"):
        (folder / name).symlink_to(other)
    record.write(exchange)
    assert other.read_text() == "other"
    assert not path.is_symlink()


def test_the_same_question_is_not_recorded_for_ever(
    pets: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_MOST_ANSWERS", 2)
    record, _ = recorder(pets, tmp_path)
    for number in range(5):
        body = b'{"id": %d, "name": "A"}' % number
        record.write(Exchange(Request("GET", "/pets/1"), Response(200, JSON, body)))
    (path,) = tmp_path.iterdir()
    assert path.read_text().count("id:") == 2


def test_a_server_that_is_not_there_is_a_bad_gateway(chat: Contract) -> None:
    control = Control(chat)
    url = "http://us:swordfish@127.0.0.1:1/v1"
    control.forward = Upstream(url, record=lambda exchange: None).forward
    with serving(chat, control=control) as server, pytest.raises(urllib.error.HTTPError) as raised:
        tell(server)
    with raised.value as refused:
        assert refused.code == 502
        message = refused.read().decode()
        assert "http://127.0.0.1:1 gives no answer" in message
        assert "swordfish" not in message


def test_a_place_of_the_server_leads_back_to_the_mock() -> None:
    upstream = Upstream("https://a.example/v1", record=lambda exchange: None)
    at = (("Location", "https://a.example/v1/pets/7"), ("Content-Location", "https://b.example/"))
    for target, place in (("/v1/pets", "/v1/pets/7"), ("/pets", "/pets/7")):
        fields = dict(upstream._led_back(Request("POST", target), at))
        assert fields == {"Location": place, "Content-Location": "https://b.example/"}


def test_a_target_goes_below_the_path_of_the_server_once() -> None:
    server = Upstream("https://api.example.com/v1/", record=lambda exchange: None)
    for target in ("/v1/models?a=1", "/models?a=1"):
        assert server.url(target) == "https://api.example.com/v1/models?a=1"


def test_fields_that_every_client_knows_are_recorded_too(pets: Contract, tmp_path: Path) -> None:
    with ExitStack() as stack:
        real = start_in(stack, pets)
        control = Control(pets)
        recorder = Recorder(pets, tmp_path, url=real.url, told=lambda sentence: None)
        control.forward = Upstream(real.url, record=recorder.write).forward
        passing = stack.enter_context(serving(pets, control=control))
        asked = urllib.request.Request(
            f"{passing.url}/pets", b'{"name": "Rex"}', {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked) as answer:
            assert answer.headers["Location"].startswith("/pets/")
    (path,) = tmp_path.iterdir()
    assert "Location" in path.read_text()


@pytest.mark.parametrize(
    "url",
    ["api.example.com", "ftp://a", "http://", "http://a/?b=1", "http://[::1", "http://a:99999"],
)
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(NoServer, match="is no URL of a server"):
        Upstream(url, record=lambda exchange: None)
