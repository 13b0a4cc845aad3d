"""Heads of requests that have come before: what they say, looked up instead of read again.

A client sends the same head with each request, its length perhaps aside.  The first time aiohttp
parses it, with all its strictness, and every guard looks at it; what came of that is kept under
the head's very bytes.  Nothing of a body or of an answer is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from multidict import MultiMapping, istr

from troth_mock.responding.compiled_responder import CompiledResponse
from troth_mock.server.response_heads import Delivery

Answer = Callable[[bytes, int], CompiledResponse | None]

_END = b"\r\n\r\n"
_CONTENT_LENGTH = istr("Content-Length")
_TRANSFER_ENCODING = istr("Transfer-Encoding")
_MOST_KEPT = 256
_LONGEST = 4096


class Head(NamedTuple):
    """A request's head, whoever read it; *keep_alive*: its client wants the connection kept."""

    method: str
    target: str
    version: tuple[int, int]
    headers: MultiMapping[str]
    keep_alive: bool


class Known(NamedTuple):
    """What a head says: the *length* of the body, what answers it, how the answer travels."""

    length: int
    answer: Answer
    delivery: Delivery


class KnownHeads:
    """The heads that came before, a bounded number of them."""

    def __init__(self) -> None:
        self._found: dict[bytes, Known] = {}

    def find(self, data: bytes) -> tuple[Known, bytes] | None:
        """The known head that *data* is a whole request of, and its body."""
        end = data.find(_END)
        known = self._found.get(data[:end])
        if known is None or len(data) != end + 4 + known.length:
            return None
        return known, data[end + 4 :]

    def learn(self, data: bytes, known: Known) -> None:
        """Keep what the head of *data*, a whole request, says."""
        end = data.find(_END)
        if end <= _LONGEST:
            if len(self._found) >= _MOST_KEPT:
                # the oldest goes
                del self._found[next(iter(self._found))]
            self._found[data[:end]] = known

    def forget(self) -> None:
        """Forget all of them: what they say of the connection holds no longer."""
        self._found.clear()


def is_whole(data: bytes, head: Head) -> bool:
    """Whether *data* is the bytes of *head* and its body, to the last one."""
    length = head.headers.getall(_CONTENT_LENGTH, ())
    if _TRANSFER_ENCODING in head.headers or len(length) != 1 or not length[0].isdecimal():
        return False
    end = data.find(_END)
    return end > 0 and len(data) == end + len(_END) + int(length[0][:20])
