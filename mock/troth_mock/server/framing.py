"""Where the requests on a connection end, and whether one breaks the rules of chunks on its way.

aiohttp refuses a broken chunk, but where it says so publicly nobody hears of it before the body
has been read, which would be never.  So the chunks are followed here beside its parser.  Heads are
only searched for what frames the body: in one that is wrong in any way, the parser's word counts.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*\bchunked[ \t]*(?=\r\n)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,20})[ \t]*(?=\r\n)", re.IGNORECASE)
_UPGRADE = re.compile(rb"\r\nupgrade:|^CONNECT ", re.IGNORECASE)
# RFC 9112 §7.1: each line of a chunked body, and what may be there of it before its end came
_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_SIZE_SO_FAR = re.compile(rb"(?:[0-9a-fA-F]{1,16}[ \t]*(?:;[^\r\n]*)?)?\r?")
_CHUNK_END = re.compile(rb"\r\n")
_CHUNK_END_SO_FAR = re.compile(rb"\r?")
_TRAILER = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n]*)?\r\n")
_TRAILER_SO_FAR = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?::[^\r\n]*)?)?\r?")
_ANYTHING = re.compile(rb".*", re.DOTALL)
_HEAD = re.compile(rb".*?\r\n\r\n", re.DOTALL)
# a line of more than that is refused before it ends
_LONGEST = 64 * 1024


class _Broken(Exception):
    """A chunk is not one."""


class _Lost(Exception):
    """What follows can be anything."""


class RequestFraming:
    """One connection's requests from segment to segment; *is_broken*: nothing more can be told."""

    def __init__(self) -> None:
        self.is_broken = False
        self._data = bytearray()
        self._requests: Iterator[None] | None = self._follow()

    def feed(self, data: bytes) -> None:
        """Follow *data*, the next bytes that came."""
        if self._requests is None:
            return
        self._data += data
        try:
            next(self._requests)
        except (_Broken, _Lost) as end:
            self.is_broken = isinstance(end, _Broken)
            self._requests = None
            self._data.clear()

    def _follow(self) -> Generator[None, None, None]:
        while True:
            # RFC 9112 §2.2: empty lines before a request are to be ignored
            while self._data[:2] == b"\r\n":
                del self._data[:2]
            head = yield from self._line(_HEAD, _ANYTHING)
            if _UPGRADE.search(head):
                raise _Lost
            if _CHUNKED.search(head):
                yield from self._chunks()
            elif length := _LENGTH.search(head):
                yield from self._skip(int(length[1]))

    def _chunks(self) -> Generator[None, None, None]:
        while size := int((yield from self._line(_SIZE, _SIZE_SO_FAR)).partition(b";")[0], 16):
            yield from self._skip(size)
            yield from self._line(_CHUNK_END, _CHUNK_END_SO_FAR)
        while (yield from self._line(_TRAILER, _TRAILER_SO_FAR)) != b"\r\n":
            pass

    def _line(
        self, whole: re.Pattern[bytes], so_far: re.Pattern[bytes]
    ) -> Generator[None, None, bytes]:
        """Take what *whole* matches; Broken as soon as *so_far* shows that it never will."""
        while (match := whole.match(self._data)) is None:
            if not so_far.fullmatch(self._data):
                raise _Broken
            if len(self._data) > _LONGEST:
                raise _Lost
            yield
        line = match[0]
        del self._data[: len(line)]
        return line

    def _skip(self, size: int) -> Generator[None, None, None]:
        while len(self._data) < size:
            size -= len(self._data)
            self._data.clear()
            yield
        del self._data[:size]
