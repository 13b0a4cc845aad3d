"""Content codings (RFC 9110 §8.4.1): gzip and deflate, undone under a cap and put on; br put on.

What is put on is not made smaller: stored blocks (RFC 1951 §3.2.4, RFC 7932 §9.2) are the same
bytes wherever they are made, which no compressor promises.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from troth.errors import TrothError
from troth.http.exchange import Fields, values

Reason = Literal["framing", "bomb"]

#: The codings that are known here.
CODINGS = ("gzip", "x-gzip", "deflate")
#: Those that can be put on.
PACKED = (*CODINGS, "br")
#: How much content may unpack to where nobody says.
MOST_BYTES = 64 * 1024 * 1024
_MOST_STORED = 0xFFFF


class BadCoding(TrothError):
    """Content is not what its coding makes; *reason* tells the kinds apart, *data* is its start."""

    reason: Reason
    why: str
    data: bytes

    def __str__(self) -> str:
        return self.why


def coding(fields: Fields) -> str:
    """The content coding that *fields* tell, in lower case; "" where it is none."""
    coding = ",".join(values(fields, "content-encoding")).strip().lower()
    return "" if coding == "identity" else coding


def undone(data: bytes, fields: Fields) -> bytes | None:
    """*data* without its coding; None for one that is not known here.  Raises BadCoding."""
    name = coding(fields)
    if name and name not in CODINGS:
        return None
    return unpack(data, name) if name else data


def unpack(data: bytes, coding: str, *, most: int = MOST_BYTES) -> bytes:
    """Undo *coding*, one of CODINGS, if that gives no more than *most* bytes.  Raises BadCoding."""
    unpacked, rest = b"", data
    while rest:  # RFC 1952 §2.2: a gzip file is a series of members
        unpacker: Any = zlib.decompressobj(wbits=47)  # 47: zlib or gzip, by its head
        try:
            unpacked += unpacker.decompress(rest, most + 1 - len(unpacked))
        except zlib.error:
            raise BadCoding("framing", f"the content is not {coding}", data) from None
        if len(unpacked) > most:
            why = f"the content unpacks to more than {most} bytes"
            raise BadCoding("bomb", why, unpacked[:most])
        if not unpacker.eof:
            raise BadCoding("framing", f"the {coding} content ends before its end", data)
        rest = unpacker.unused_data
    return unpacked


def pack(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """*pieces* in *coding*, one of PACKED, each to be read when it has come; then the end."""
    if coding == "br":
        yield from _brotli(pieces)
        return
    is_gzip = coding != "deflate"
    start = b"\x1f\x8b\x08" + bytes(6) + b"\xff" if is_gzip else b"\x78\x01"
    check, size = (0, 0) if is_gzip else (1, 0)
    for piece in pieces:
        size += len(piece)
        check = zlib.crc32(piece, check) if is_gzip else zlib.adler32(piece, check)
        yield start + b"".join(_stored(piece))
        start = b""
    end = check.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")
    yield start + _block(b"", is_last=True) + (end if is_gzip else check.to_bytes(4, "big"))


def _brotli(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # RFC 7932 §9.1, §9.2: the window, and an empty block of metadata to the end of the byte
    start = b"\x0c"
    for piece in pieces:
        parts = [piece[at : at + _MOST_STORED] for at in range(0, len(piece), _MOST_STORED)]
        # not the last block, four digits of its length less one, not compressed
        heads = (((len(part) - 1) << 3 | 1 << 19).to_bytes(3, "little") for part in parts)
        yield start + b"".join(head + part for head, part in zip(heads, parts, strict=True))
        start = b""
    yield start + b"\x03"


def _stored(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _MOST_STORED):
        yield _block(data[start : start + _MOST_STORED], is_last=False)


def _block(data: bytes, *, is_last: bool) -> bytes:
    sizes = (len(data).to_bytes(2, "little"), (len(data) ^ 0xFFFF).to_bytes(2, "little"))
    return b"".join((bytes([is_last]), *sizes, data))
