"""Answers read back from their bytes, broken ones too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth_mock.inspector.wire import (
    Content,
    SentEvent,
    count_events,
    read_content,
    read_events,
    read_head,
)
from troth_mock.server.heads import chunk

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_head_is_read_from_its_bytes() -> None:
    head = read_head(HEAD + b"rest")
    assert head is not None
    assert (head.status, head.size, head.is_stream, head.is_chunked) == (200, len(HEAD), True, True)
    assert read_head(HEAD[:-2]) is None
    assert read_head(b"not HTTP\r\n\r\n") is None


@given(st.lists(st.binary(min_size=1), max_size=5), st.integers(1, 7))
def test_chunks_are_taken_off_however_they_are_cut(parts: list[bytes], size: int) -> None:
    data = b"".join(map(chunk, parts)) + b"0\r\n\r\n"
    content = Content(is_chunked=True)
    fed = [content.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert b"".join(fed) == b"".join(parts)


def test_what_is_no_chunk_is_shown_as_it_is() -> None:
    head = read_head(HEAD)
    assert head is not None
    broken = HEAD + chunk(b"data: 1\n\n") + b"zz this is not the size of a chunk, whatever it is"
    assert read_content(head, [(0.0, broken)]).endswith(b"whatever it is")


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r"])
def test_events_have_the_time_at_which_their_last_byte_left(end: str) -> None:
    first, second = f"data: 1{end}".encode(), f": no data{end}".encode()
    pieces = [(0.0, HEAD), (1.0, chunk(first + second[:3])), (2.0, chunk(second[3:]))]
    events = list(read_events(pieces))
    assert events == [SentEvent(1.0, first.decode()), SentEvent(2.0, second.decode())]
    assert [one.event and one.event.data for one in events] == ["1", None]


def test_an_event_that_was_cut_is_the_last() -> None:
    pieces = [(0.0, HEAD), (1.0, chunk(b"data: 1\n\n")), (2.0, chunk('data: "é'.encode()[:-1]))]
    assert [one.text for one in read_events(pieces)] == ["data: 1\n\n", 'data: "\ufffd']
    head = read_head(HEAD)
    assert head is not None
    assert count_events(head, pieces) == 2
    assert count_events(head, pieces[:2]) == 1
