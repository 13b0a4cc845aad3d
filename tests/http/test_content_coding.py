"""Content codings: undone under a cap, and put on so that every reader undoes them."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.http.content_coding import BadCoding, coding, pack, undone, unpack

PIECES = st.lists(st.binary(max_size=20) | st.just(b"x" * 70_000), max_size=4)


@given(PIECES)
def test_what_is_packed_is_what_the_libraries_of_python_unpack(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert gzip.decompress(b"".join(pack(pieces, "gzip"))) == whole
    assert zlib.decompress(b"".join(pack(pieces, "deflate"))) == whole
    assert unpack(b"".join(pack(pieces, "x-gzip")), "gzip") == whole


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(BadCoding, match="more than 1000 bytes") as raised:
        unpack(gzip.compress(bytes(10_000_000)), "gzip", most=1000)
    assert (raised.value.reason, len(raised.value.data)) == ("bomb", 1000)


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"plain", "is not gzip"), (gzip.compress(b"x" * 99, mtime=0)[:-9], "ends before its end")],
)
def test_what_is_not_coded_is_told(data: bytes, why: str) -> None:
    with pytest.raises(BadCoding, match=why):
        unpack(data, "gzip")


def test_a_coding_is_read_from_all_its_lines() -> None:
    assert coding((("Content-Encoding", "GZIP"),)) == "gzip"
    assert coding((("content-encoding", "identity"),)) == ""
    assert coding((("Content-Encoding", "gzip"), ("Content-Encoding", "br"))) == "gzip,br"
    assert undone(b"x", ()) == b"x"
    assert undone(b"x", (("Content-Encoding", "br"),)) is None
