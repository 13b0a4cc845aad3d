"""What each fault makes of the bytes of an answer, and that nothing else is made of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.http import json_text, sse
from troth.loading import load
from troth.seed import Seed
from troth_mock.faults.fault import KINDS
from troth_mock.faults.grammar import parse_all
from troth_mock.faults.switches import Chance, Chosen
from troth_mock.faults.wire import Answer, Script, broken

DONE = b"data: [DONE]\n\n"
EVENTS = [b'data: {"n":%d,"t":"a%d"}\n\n' % (number, number) for number in range(6)]
FRAMES = (*EVENTS, DONE)
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = b'{"name":"Ada","born":1815,"city":"London"}'
BODY_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: application/json\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(*frames: bytes, **members: Any) -> Answer:
    told = {"is_stream": True, "sentinel": DONE, "frame": chunk, "end": b"0\r\n\r\n", **members}
    return Answer(HEAD, frames or FRAMES, (0.0,) * len(frames or FRAMES), **told)


def plain(body: bytes = BODY, **members: Any) -> Answer:
    return Answer(BODY_HEAD % len(body), (body,), content_type="application/json", **members)


def chances(text: str, seed: int = 0) -> list[Chance]:
    """What comes to the first request."""
    seeds = Seed.of("test", seed)
    found = []
    for fault in parse_all(text):
        effects = fault.at(1, seeds)
        chosen = Chosen(fault, effects, seeds) if effects else None
        found.append(Chance(fault, lambda chosen=chosen: chosen))  # type: ignore[misc]  # bound early
    return found


def script(text: str, answer: Answer | None = None, seed: int = 0) -> Script:
    made = broken(answer or stream(), chances(text, seed))
    assert made is not None, f"{text!r} was not done"
    return made


def sent(made: Script) -> bytes:
    return b"".join(data for _, data in made.pieces)


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
    assert made.done == (f"{text} after 2 events",)
    assert sent(script(f"{text} after 0 events")) == HEAD
    assert data(script(f"{text} after 6 events")) == ALL[:6]
    assert broken(stream(), chances(f"{text} after 7 events")) is None


def test_where_a_stream_stops_is_drawn_if_it_is_not_told() -> None:
    lengths = {len(data(script("drop", seed=seed))) for seed in range(40)}
    assert lengths <= {1, 2, 3, 4, 5}
    assert len(lengths) > 3
    assert script("drop", seed=7) == script("drop", seed=7)


def test_bytes_are_counted_over_all_events() -> None:
    made = script("drop after 30 bytes")
    assert content(made) == b"".join(FRAMES)[:30]
    assert sent(script("reset after 10 bytes", plain())) == BODY_HEAD % len(BODY) + BODY[:10]


def test_nothing_at_all_may_come_of_an_answer() -> None:
    assert script("reset before the answer") == Script((), "reset", ("reset before the answer",))
    assert script("hang", plain()) == Script((), "stall", ("hang",))
    assert script("refuse").pieces == ()


def test_a_pause_ends() -> None:
    made = script("stall after 2 events for 3 s")
    assert (data(made), made.end, is_ended(made)) == (ALL, "complete", True)
    assert [wait for wait, _ in made.pieces] == [0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    whole = script("stall before the answer for 2 s", plain())
    assert [wait for wait, _ in whole.pieces] == [2.0, 0.0]
    assert [wait for wait, _ in script("slow 300 ms").pieces][:2] == [0.3, 0.0]


def test_a_cut_is_inside_of_an_event() -> None:
    made = script("cut after 2 events")
    assert made.end == "close"
    assert data(made) == ALL[:2]
    rest = content(made).removeprefix(b"".join(EVENTS[:2]))
    assert EVENTS[2].startswith(rest)
    with pytest.raises(json_text.BadJson):
        json_text.decode(rest.removeprefix(b"data: "))
    body = sent(script("cut", plain())).removeprefix(BODY_HEAD % len(BODY))
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
    assert (sent(short), short.end) == (BODY_HEAD % 5 + BODY[:5], "complete")
    assert sent(script("empty", plain())) == BODY_HEAD % 0
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
    text = Answer(BODY_HEAD % 2, (b"hi",), content_type="text/plain")
    assert broken(text, chances("malformed")) is None


def test_a_length_may_be_wrong() -> None:
    made = script("wrong length", plain())
    assert (sent(made), made.end) == (BODY_HEAD % (len(BODY) + 10) + BODY, "close")
    assert sent(script("wrong length by -3 bytes", plain())) == BODY_HEAD % (len(BODY) - 3) + BODY
    chunks = sent(script("wrong length after 2 events"))
    assert b"\r\n%x\r\n%b" % (len(EVENTS[2]) + 10, EVENTS[2]) in chunks
    assert broken(stream(frame=bytes, end=b""), chances("wrong length")) is None


def test_events_are_lost_doubled_and_reordered() -> None:
    assert data(script("lose after 2 events")) == [*ALL[:2], *ALL[3:]]
    assert data(script("double after 2 events")) == [*ALL[:3], *ALL[2:]]
    assert data(script("reorder after 2 events")) == [*ALL[:2], ALL[3], ALL[2], *ALL[4:]]
    assert broken(stream(), chances("reorder after 5 events")) is None
    assert broken(plain(), chances("lose; double; reorder; crlf; comments; no sentinel")) is None


def test_the_sentinel_is_lost_and_doubled() -> None:
    assert data(script("no sentinel")) == ALL[:-1]
    assert data(script("double sentinel")) == [*ALL, ALL[-1]]
    without = stream(*EVENTS, sentinel=b"")
    assert broken(without, chances("no sentinel; double sentinel")) is None


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
    assert {len(piece) for _, piece in made.pieces[1:-1]} <= {
        len(chunk(b"x" * n)) for n in range(6)
    }
    assert len(script("split").pieces) == 3 * len(FRAMES) + 2
    body = script("split into 10 bytes", plain())
    assert [piece for _, piece in body.pieces[1:]] == [
        BODY[at : at + 10] for at in range(0, len(BODY), 10)
    ]
    assert all(wait for wait, _ in body.pieces[2:])


def test_faults_come_together_and_are_told_together() -> None:
    made = script("crlf; drop after 3 events; lose after 1 event; reset after 1 event")
    assert data(made) == [ALL[0], ALL[2], ALL[3]]
    assert made.end == "close"
    assert made.done == ("lose after 1 event", "crlf", "drop after 3 events")


def test_what_cannot_be_done_is_not_counted() -> None:
    drawn = []
    (chance,) = chances("drop after 3 events")

    def draw() -> Chosen | None:
        drawn.append(True)
        return chance.draw()

    counted = [Chance(chance.fault, draw)]
    assert broken(plain(), counted) is None
    assert broken(stream(*EVENTS[:2], DONE), counted) is None
    assert drawn == []
    assert broken(stream(), counted) is not None
    assert drawn == [True]


def test_finish_reasons_are_where_the_document_says() -> None:
    from troth.http.exchange import Request
    from troth_mock.faults.wire import answer
    from troth_mock.responding.responder import Responder

    contract = load(None)
    responder = Responder(contract)
    operation = next(one for one in contract.operations if one.completion is not None)
    asked: dict[str, Any] = {"model": "m", "n": 2, "messages": [{"role": "user", "content": "Hi"}]}
    for streams in (True, False):
        body = json_text.encode({**asked, "stream": streams})
        fields = (("Content-Type", "application/json"), ("Authorization", "Bearer x"))
        reply = responder.respond(Request("POST", operation.path, fields, body), now=0)
        whole = answer(reply, operation, head=HEAD)
        assert (whole.sentinel == DONE) is streams
        before = b"".join(whole.pieces)
        for text, value in (("finish reason odd", b'"odd"'), ("no finish reason", b"null")):
            after = sent(script(text, whole)).removeprefix(HEAD)
            assert after == before.replace(b'"finish_reason":"stop"', b'"finish_reason":' + value)
            assert after != before


TEXTS = [
    "slow 1 s" if name == "slow" else "finish reason x" if name == "finish reason" else name
    for name in KINDS
    if name != "status"
]


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
    streamed = Answer(
        HEAD, (*frames, *[DONE] * is_ended), is_stream=True, sentinel=DONE, frame=chunk, end=b"0"
    )
    for answer in (streamed, plain(body), Answer(HEAD, (b"",))):
        made = broken(answer, chances("; ".join(texts), seed))
        if made is not None:
            assert set(made.done) <= set(texts)
            assert all(wait >= 0 for wait, _ in made.pieces)
            assert made == broken(answer, chances("; ".join(texts), seed))
