"""What each fault makes of the bytes of an answer, and that nothing else is made of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.http import json_text, sse
from troth.http.exchange import Request
from troth.loading import load
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.seed import Seed
from troth_mock.faults.fault import KINDS
from troth_mock.faults.grammar import parse_all
from troth_mock.faults.switches import Chance, Chosen
from troth_mock.faults.wire import broken
from troth_mock.reply import Script, Wire
from troth_mock.responding.responder import Responder

T = TypeVar("T")

DONE = b"data: [DONE]\n\n"
EVENTS = [b'data: {"n":%d,"t":"a%d"}\n\n' % (number, number) for number in range(6)]
FRAMES = (*EVENTS, DONE)
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
BODY = b'{"name":"Ada","born":1815,"city":"London"}'
BODY_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: %b\r\n\r\n"


def head(length: int, kind: bytes = b"application/json") -> bytes:
    return BODY_HEAD % (length, kind)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(*frames: bytes, end: bytes = b"0\r\n\r\n") -> Wire:
    frames = frames or FRAMES
    return Wire(200, HEAD, frames, (0.0,) * len(frames), True, chunk if end else bytes, end)


def plain(body: bytes = BODY, kind: bytes = b"application/json") -> Wire:
    pieces = (body,) if body else ()
    return Wire(200, head(len(body), kind), pieces, (0.0,) * len(pieces), False, bytes, b"")


EVENT_STREAM = MediaType("text/event-stream", "", sentinel="[DONE]")
STREAMING = Operation(
    "POST", "/", "", responses=(DeclaredResponse("200", "", "", (EVENT_STREAM,)),)
)


def _same(value: T) -> T:
    return value


def chances(text: str, seed: int = 0, operation: Operation = STREAMING) -> list[Chance]:
    """What comes to the first request."""
    seeds = Seed.of("test", seed)
    found = []
    for fault in parse_all(text):
        effects = fault.at(1, seeds)
        chosen = Chosen(fault, effects, seeds) if effects else None
        found.append(Chance(fault, partial(_same, chosen), partial(_same, seeds), operation))
    return found


def done(text: str, wire: Wire | None = None, seed: int = 0) -> Script | None:
    return broken(wire or stream(), chances(text, seed))


def script(text: str, wire: Wire | None = None, seed: int = 0) -> Script:
    made = done(text, wire, seed)
    assert made is not None, f"{text!r} was not done"
    return made


def sent(made: Script) -> bytes:
    return b"".join(data for _, data in made.steps)


def content(made: Script) -> bytes:
    """The content of a chunked answer, as far as its framing is in order."""
    _, _, rest = sent(made).partition(b"\r\n\r\n")
    whole = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        whole, rest = whole + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return whole


def is_ended(made: Script) -> bool:
    return sent(made).endswith(b"\r\n0\r\n\r\n")


def data(made: Script) -> list[str]:
    return [event.data for event in sse.Decoder().feed(content(made))]


ALL = [event[6:-2].decode() for event in FRAMES]


@pytest.mark.parametrize(
    ("text", "end"),
    [("drop", "close"), ("reset", "reset"), ("stall", "stall")],
)
def test_a_stream_stops_after_so_many_events(text: str, end: str) -> None:
    made = script(f"{text} after 2 events")
    assert (data(made), made.end, is_ended(made)) == (ALL[:2], end, False)
    told = done(f"{text} after 2 events")
    assert told is not None
    assert told.faults == (f"{text} after 2 events",)
    assert sent(script(f"{text} after 0 events")) == HEAD
    assert data(script(f"{text} after 6 events")) == ALL[:6]
    assert done(f"{text} after 7 events", stream()) is None


def test_where_a_stream_stops_is_drawn_if_it_is_not_told() -> None:
    lengths = {len(data(script("drop", seed=seed))) for seed in range(40)}
    assert lengths <= {1, 2, 3, 4, 5}
    assert len(lengths) > 3
    assert script("drop", seed=7) == script("drop", seed=7)


def test_bytes_are_counted_over_all_events() -> None:
    made = script("drop after 30 bytes")
    assert content(made) == b"".join(FRAMES)[:30]
    assert sent(script("reset after 10 bytes", plain())) == head(len(BODY)) + BODY[:10]


def test_nothing_at_all_may_come_of_an_answer() -> None:
    assert script("reset before the answer") == Script((), "reset", ("reset before the answer",))
    assert script("hang", plain()) == Script((), "stall", ("hang",))
    assert script("refuse for 2 s") == Script((), "reset", ("refuse for 2 s",), 2.0)


def test_a_pause_ends() -> None:
    made = script("stall after 2 events for 3 s")
    assert (data(made), made.end, is_ended(made)) == (ALL, "complete", True)
    assert [wait for wait, _ in made.steps] == [0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    whole = script("stall before the answer for 2 s", plain())
    assert [wait for wait, _ in whole.steps] == [2.0, 0.0]
    assert [wait for wait, _ in script("slow 300 ms").steps][:2] == [0.3, 0.0]


def test_a_cut_is_inside_of_an_event() -> None:
    made = script("cut after 2 events")
    assert made.end == "close"
    assert data(made) == ALL[:2]
    rest = content(made).removeprefix(b"".join(EVENTS[:2]))
    assert EVENTS[2].startswith(rest)
    with pytest.raises(json_text.BadJson):
        json_text.decode(rest.removeprefix(b"data: "))
    body = sent(script("cut", plain())).removeprefix(head(len(BODY)))
    assert BODY.startswith(body)
    assert 0 < len(body) < len(BODY)


@pytest.mark.parametrize("text", ["é", "€uro", "a😀b", "plain"])
def test_a_cut_may_be_inside_of_a_character(text: str) -> None:
    frame = b"data: %b\n\n" % json_text.encode({"t": text})
    for answer, more in ((stream(frame, DONE), " at event 1"), (plain(frame[6:-2]), "")):
        made = script(f"cut in character{more}", answer)
        whole = content(made) if answer.is_stream else sent(made)
        with pytest.raises(UnicodeDecodeError, match="unexpected end of data"):
            whole.decode()


def test_a_truncated_answer_looks_whole() -> None:
    made = script("truncate after 3 events")
    assert (data(made), made.end, is_ended(made)) == (ALL[:3], "complete", True)
    short = script("truncate after 5 bytes", plain())
    assert (sent(short), short.end) == (head(5) + BODY[:5], "complete")
    assert sent(script("empty", plain())) == head(0)
    assert (content(script("empty")), is_ended(script("empty"))) == (b"", True)


@pytest.mark.parametrize("seed", range(8))
def test_malformed_json_is_of_the_right_length(seed: int) -> None:
    texts = data(script("malformed after 2 events", seed=seed))
    assert [*texts[:2], *texts[3:]] == [*ALL[:2], *ALL[3:]]
    head, _, body = sent(script("malformed", plain(), seed)).partition(b"\r\n\r\n")
    assert b"Content-Length: %d\r\n" % len(body) in head
    for text in (texts[2].encode(), body):
        with pytest.raises(json_text.BadJson):
            json_text.decode(text)


def test_what_is_no_json_is_not_malformed() -> None:
    assert done("malformed", plain(b"hi", b"text/plain")) is None


def test_a_length_may_be_wrong() -> None:
    made = script("wrong length", plain())
    assert (sent(made), made.end) == (head(len(BODY) + 10) + BODY, "close")
    assert sent(script("wrong length by -3 bytes", plain())) == head(len(BODY) - 3) + BODY
    chunks = sent(script("wrong length after 2 events"))
    assert b"\r\n%x\r\n%b" % (len(EVENTS[2]) + 10, EVENTS[2]) in chunks
    assert done("wrong length", stream(end=b"")) is None


def test_events_are_lost_doubled_and_reordered() -> None:
    assert data(script("lose after 2 events")) == [*ALL[:2], *ALL[3:]]
    assert data(script("double after 2 events")) == [*ALL[:3], *ALL[2:]]
    assert data(script("reorder after 2 events")) == [*ALL[:2], ALL[3], ALL[2], *ALL[4:]]
    assert done("reorder after 5 events", stream()) is None
    assert done("lose; double; reorder; crlf; comments; no sentinel", plain()) is None


def test_the_sentinel_is_lost_and_doubled() -> None:
    assert data(script("no sentinel")) == ALL[:-1]
    assert data(script("double sentinel")) == [*ALL, ALL[-1]]
    without = stream(*EVENTS)
    assert done("no sentinel; double sentinel", without) is None


def test_an_error_ends_a_stream() -> None:
    made = script("error event 429 after 2 events")
    *before, last = data(made)
    assert (before, made.end, is_ended(made)) == (ALL[:2], "complete", True)
    assert json_text.decode(last.encode())["error"]["code"] == "rate_limit_exceeded"


def test_comments_and_line_ends_change_no_event() -> None:
    made = script("crlf and comments")
    assert data(made) == ALL
    assert content(made).count(b": keep-alive\r\n\r\n") == len(FRAMES)
    assert b"\n" not in content(made).replace(b"\r\n", b"")


def test_a_split_stream_has_the_same_content() -> None:
    made = script("split into 5 bytes")
    assert content(made) == b"".join(FRAMES)
    assert {len(piece) for _, piece in made.steps[1:-1]} <= {len(chunk(b"x" * n)) for n in range(6)}
    assert len(script("split").steps) == 3 * len(FRAMES) + 2
    body = script("split into 10 bytes", plain())
    assert [piece for _, piece in body.steps[1:]] == [
        BODY[at : at + 10] for at in range(0, len(BODY), 10)
    ]
    assert all(wait for wait, _ in body.steps[2:])


@pytest.mark.parametrize("kind", [b"application/x-ndjson", b"application/json-seq"])
def test_texts_in_a_row_are_events_too(kind: bytes) -> None:
    before = b"\x1e" if kind.endswith(b"seq") else b""
    lines = [before + b'{"n":%d}\n' % number for number in range(4)]
    wire = plain(b"".join(lines), kind)

    def content_of(text: str) -> bytes:
        return sent(script(text, wire)).partition(b"\r\n\r\n")[2]

    assert content_of("drop after 2 events") == b"".join(lines[:2])
    assert content_of("truncate after 1 event") == lines[0]
    assert content_of("lose after 1 event") == b"".join([lines[0], *lines[2:]])
    assert content_of("reorder after 1 event") == b"".join([lines[0], lines[2], lines[1], lines[3]])
    assert content_of("cut after 1 event") == lines[0] + before + b'{"n'
    *_, last = content_of("error event after 1 event").splitlines()
    assert json_text.decode(last.removeprefix(before))["error"]["code"] == "server_error"
    assert content_of("malformed after 3 events").count(b"\n") == 4
    assert done("drop after 5 events", wire) is None


def test_faults_come_together_and_are_told_together() -> None:
    told = done("crlf; drop after 3 events; lose after 1 event; reset after 1 event")
    assert told is not None
    assert data(told) == [ALL[0], ALL[2], ALL[3]]
    assert told.end == "close"
    assert told.faults == ("lose after 1 event", "crlf", "drop after 3 events")


def test_what_cannot_be_done_is_not_counted() -> None:
    drawn = []
    (chance,) = chances("drop after 3 events")

    def draw() -> Chosen | None:
        drawn.append(True)
        return chance.draw()

    counted = [replace(chance, draw=draw)]
    assert broken(plain(), counted) is None
    assert broken(stream(*EVENTS[:2], DONE), counted) is None
    assert drawn == []
    assert broken(stream(), counted) is not None
    assert drawn == [True]


def test_finish_reasons_are_where_the_document_says() -> None:
    contract = load(None)
    responder = Responder(contract)
    operation = next(one for one in contract.operations if one.completion is not None)
    asked: dict[str, Any] = {"model": "m", "n": 2, "messages": [{"role": "user", "content": "Hi"}]}
    for streams in (True, False):
        body = json_text.encode({**asked, "stream": streams})
        fields = (("Content-Type", "application/json"), ("Authorization", "Bearer x"))
        reply = responder.respond(Request("POST", operation.path, fields, body), now=0)
        frames = reply.stream.frames if reply.stream is not None else (reply.body or b"",)
        wire = stream(*frames, end=b"") if streams else plain(frames[0])
        for text, value in (("finish reason odd", b'"odd"'), ("no finish reason", b"null")):
            told = broken(wire, chances(text, operation=operation))
            assert told is not None
            before, after = b"".join(frames), sent(told).partition(b"\r\n\r\n")[2]
            assert after == before.replace(b'"finish_reason":"stop"', b'"finish_reason":' + value)
            assert after != before


TEXTS = [
    "slow 1 s" if name == "slow" else "finish reason x" if name == "finish reason" else name
    for name in KINDS
    if name != "status"
]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4, unique=True),
    st.lists(st.text(max_size=5), max_size=5),
    st.integers(0, 9),
    st.booleans(),
)
def test_any_faults_of_any_answer_make_a_script(
    texts: list[str], words: list[str], seed: int, is_ended: bool
) -> None:
    frames = [b"data: %b\n\n" % json_text.encode({"t": word}) for word in words]
    body = json_text.encode(words)
    for wire in (stream(*frames, *[DONE] * is_ended), plain(body), plain(b"")):
        made = done("; ".join(texts), wire, seed)
        if made is not None:
            assert set(made.faults) <= set(texts)
            assert all(wait >= 0 for wait, _ in made.steps)
            assert made == done("; ".join(texts), wire, seed)
