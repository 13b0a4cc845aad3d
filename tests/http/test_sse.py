import itertools
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from troth.http import sse
from troth.http.sse import Decoder, Event, Limits

CASES = json.loads((Path(__file__).parents[1] / "golden" / "sse-cases.json").read_text("utf-8"))

WORDS = "\n|\r|\r\n|:| |data|data:|data: |event: |event:|id: |id|retry: |retry:|12|x|\0|other: "
ODD = [
    b"\xef\xbb\xbf",
    b"\xe2\x82",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"\xd9\xa1",
]
PIECES = st.sampled_from(WORDS.encode().split(b"|")) | st.sampled_from(ODD)
STREAMS = st.lists(PIECES, max_size=24).map(b"".join)


def reference(stream):
    """Follow the HTML standard, "Parsing an event stream", one sentence after another."""
    text = stream.decode("utf-8", "replace")
    text = text[1:] if text[:1] == "\ufeff" else text
    lines, line, position = [], "", 0
    while position < len(text):
        if text[position] in "\r\n":
            lines.append(line)
            line = ""
            if text[position : position + 2] == "\r\n":
                position += 1
        else:
            line += text[position]
        position += 1
    events, data_buffer, type_buffer, id_buffer = [], "", "", ""
    last_event_id, retry = "", None
    for line in lines:
        if line == "":
            last_event_id = id_buffer
            if data_buffer == "":
                type_buffer = ""
                continue
            events.append((type_buffer or "message", data_buffer.removesuffix("\n")))
            data_buffer, type_buffer = "", ""
            continue
        if line[0] == ":":
            continue
        if ":" in line:
            field, value = line.split(":", 1)
            value = value[1:] if value[:1] == " " else value
        else:
            field, value = line, ""
        if field == "event":
            type_buffer = value
        elif field == "data":
            data_buffer += value + "\n"
        elif field == "id" and "\0" not in value:
            id_buffer = value
        elif field == "retry" and value and set(value) <= set("0123456789"):
            retry = int(value)
    return events, last_event_id, retry


def pieces(stream, cuts):
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


def decoded(chunks, **settings):
    decoder = Decoder(**settings)
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events, decoder.finish(), decoder


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_streams_as_servers_send_them(case):
    events, _, _ = decoded([chunk.encode("latin-1") for chunk in case["chunks"]])
    assert [[event.type, event.data] for event in events] == case["events"]


@given(STREAMS)
@example(b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n")
@example("data: a\u2028b\u0085c\x0b\x0c\n\n".encode())
@example(b"retry: 12")
@settings(max_examples=300)
def test_events_are_those_of_the_standard(stream):
    events, _, decoder = decoded([stream])
    told = [(event.type or "message", event.data) for event in events]
    assert (told, decoder.last_event_id, decoder.retry) == reference(stream)


@given(STREAMS, st.lists(st.integers(0, 200), max_size=8))
@example(b"data: x\r\n\r\n", [8, 9, 10])
@example(b"\xef\xbb\xbfdata: x\n\n", [1, 2])
@example(b"\r\ndata: x", [1])
@settings(max_examples=300)
def test_how_the_bytes_are_split_changes_nothing(stream, cuts):
    whole, lost, decoder = decoded([stream])
    for chunks in (pieces(stream, cuts), [stream[i : i + 1] for i in range(len(stream))]):
        again, lost_again, other = decoded(chunks)
        assert again == whole
        assert lost_again == lost
        assert (other.last_event_id, other.retry) == (decoder.last_event_id, decoder.retry)


@given(STREAMS, st.lists(st.integers(0, 200), max_size=8))
@settings(max_examples=150)
def test_limits_cut_at_the_same_place_however_the_bytes_are_split(stream, cuts):
    limits = Limits(line=9, event=6)
    whole, lost, decoder = decoded([stream], limits=limits)
    again, lost_again, other = decoded(pieces(stream, cuts), limits=limits)
    assert (again, lost_again, str(other.overflow)) == (whole, lost, str(decoder.overflow))
    assert all(len(event.data.replace("\n", "").encode()) <= 6 for event in again)


def test_an_event_keeps_its_own_id_and_retry():
    events, _, decoder = decoded([b"id: 7\nretry: 30\nevent: e\ndata: a\n\ndata: b\n\nid\n\n"])
    assert events == [Event("e", "a", "7", 30), Event(None, "b")]
    assert (decoder.last_event_id, decoder.retry) == ("", 30)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\ndata: b", Event(None, "b")),
        (b"data: a\n\nevent: e\ndata: b\n", Event("e", "b")),
        (b"data: a\r\n\r\nid: 1", Event(None, "", "1")),
        (b"data: a\n\ndat", Event()),
        (b"data: a\n\n: bye", None),
        (b"data: a\n\n", None),
        (b"\xef\xbb", Event()),
        (b"\xef\xbb\xbf", None),
        (b"", None),
    ],
)
def test_the_end_tells_what_was_lost(stream, expected):
    assert decoded([stream])[1] == expected


def test_an_endless_line_stops_at_the_limit():
    decoder = Decoder(limits=Limits(line=1000))
    assert decoder.feed(b"data: a\n\ndata: ") == [Event(None, "a")]
    for _ in range(20):
        assert decoder.feed(b"x" * 100) == []
    assert (decoder.overflow.part, decoder.overflow.limit, decoder.overflow.offset) == (
        "line",
        1000,
        9,
    )
    assert decoder.feed(b"\n\ndata: b\n\n") == []
    assert decoder.finish() is None


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_limit_names_the_byte_where_the_line_begins(end):
    decoder = Decoder(limits=Limits(line=20))
    mark = b"\xef\xbb\xbf"
    for chunk in (mark + b": hi" + end, end, b"data: a" + end + end + b"data: " + b"x" * 20 + end):
        decoder.feed(chunk)
    assert decoder.overflow is not None
    assert decoder.overflow.offset == len(mark + b": hi" + end + end + b"data: a" + end + end)


def test_an_endless_event_stops_at_the_limit():
    decoder = Decoder(limits=Limits(event=1000))
    assert [decoder.feed(b"data: " + b"x" * 100 + b"\n") for _ in range(20)] == [[]] * 20
    assert str(decoder.overflow) == (
        "the event at byte 1070 of the stream is longer than 1000 bytes; "
        "end lines and events sooner"
    )


def test_many_events_in_one_piece_are_not_one_long_event():
    decoder = Decoder(limits=Limits(event=10))
    assert decoder.feed(b"data: 1234567\n\n" * 5) == [Event(data="1234567")] * 5
    assert decoder.overflow is None


def test_a_retry_of_thousands_of_digits_is_no_trouble():
    _, _, decoder = decoded([b"retry: " + b"9" * 5000 + b"\n\n"])
    assert decoder.retry > 10**100


@given(
    st.builds(
        Event,
        type=st.none() | st.text("ab: é", min_size=1),
        data=st.text("ab:é \n\t{}\u2028"),
        id=st.none() | st.text("ab: é"),
        retry=st.none() | st.integers(0, 10**6),
    )
)
def test_what_is_encoded_is_decoded(event):
    assert decoded([sse.encode(event)])[0] == [event]


def test_encoding_is_the_plainest_form():
    event = Event("e", "a\r\nb\rc\n", "7", 5)
    assert sse.encode(event) == (
        b"event: e\nid: 7\nretry: 5\ndata: a\ndata: b\ndata: c\ndata: \n\n"
    )


@pytest.mark.parametrize("event", [Event("a\nb"), Event(id="a\rb"), Event(id="a\0b")])
def test_what_a_line_cannot_hold_is_refused(event):
    with pytest.raises(ValueError, match="a line of a stream cannot hold"):
        sse.encode(event)
