"""The bytes of a response's head and framing: nothing that a document says can break them."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from hypothesis import example, given
from hypothesis import strategies as st

from troth_mock.reply import has_content
from troth_mock.server import heads


@given(
    st.integers(200, 599),
    st.lists(st.tuples(st.text(max_size=12), st.text(max_size=20)), max_size=5),
)
@example(200, [("X-A", "1\r\nSet-Cookie: a=b")])
@example(200, [("Content-Length", "5"), ("TRANSFER-ENCODING", "chunked"), ("Connection", "x")])
@example(200, [("X-A", "\ud800\0\x85\u2028")])
def test_an_opening_has_one_line_a_field_and_no_framing(
    status: int, fields: list[tuple[str, str]]
) -> None:
    opened = heads.opening(status, tuple(fields))
    assert opened.endswith(b"\r\n")
    first, *lines = opened[:-2].split(b"\r\n")
    assert first.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r" not in opened.replace(b"\r\n", b"")
    assert b"\n" not in opened.replace(b"\r\n", b"")
    names = [line.split(b":")[0].lower() for line in lines]
    assert not {b"content-length", b"transfer-encoding", b"connection"} & set(names)
    assert len(lines) <= len(fields) + 1
    assert lines[-1] == b"Server: troth"


@given(st.binary(max_size=100))
def test_a_chunk_holds_its_data(data: bytes) -> None:
    size, _, rest = heads.chunk(data).partition(b"\r\n")
    if data:
        assert int(size, 16) == len(data)
        assert rest == data + b"\r\n"
    else:
        # a chunk of nothing would end the body
        assert heads.chunk(data) == b""


def test_a_date_is_an_http_date() -> None:
    assert heads.date(0) == b"Thu, 01 Jan 1970 00:00:00 GMT"
    assert parsedate_to_datetime(heads.date(4_000_000_000).decode()).timestamp() == 4_000_000_000


def test_statuses_without_content() -> None:
    assert [status for status in (200, 204, 304, 404) if not has_content("GET", status)] == [
        204,
        304,
    ]
    assert not has_content("HEAD", 200)
