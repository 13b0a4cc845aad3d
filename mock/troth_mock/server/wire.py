"""Bytes of an HTTP/1.1 response: its head, and the framing of a body of unknown length.

Everything that the mock sends is laid out here, so that a whole answer leaves in one write.
No I/O and no clock: the caller gives the Date.
"""

from __future__ import annotations

import re
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from troth.http.exchange import TOKEN, Fields

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_TOKEN = re.compile(TOKEN)
# RFC 9110 §5.5: CR, LF and NUL in a value are invalid and dangerous; other controls go with them.
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
# Framing and connection are decided per exchange, never by a document's header declarations.
_OURS = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
)

LAST_CHUNK = b"0\r\n\r\n"


def is_token(text: str) -> bool:
    """Whether *text* is a token (RFC 9110 §5.6.2), as methods and field names are."""
    return _TOKEN.fullmatch(text) is not None


@lru_cache(maxsize=512)
def opening(status: int, fields: Fields) -> bytes:
    """The status line and *fields*, without the blank line.

    Fields that could break the framing are left out, and controls in values become a space.
    """
    # RFC 9112 §4: the phrase may be empty, the space before it not.
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, '')}"]
    for name, value in fields:
        if is_token(name) and name.lower() not in _OURS:
            lines.append(f"{name}: {_CONTROLS.sub(' ', value).strip()}")
    lines.append("Server: troth\r\n")
    return "\r\n".join(lines).encode("utf-8", "replace")


def lines(fields: Fields) -> bytes:
    """*fields* as header lines; the caller vouches for their names."""
    return "".join(f"{name}: {_CONTROLS.sub(' ', value)}\r\n" for name, value in fields).encode(
        "utf-8", "replace"
    )


def chunk(data: bytes) -> bytes:
    """*data* as one chunk (RFC 9112 §7.1); nothing for no data, since that would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def date(now: int) -> bytes:
    """*now*, in seconds since 1970, as an HTTP date (RFC 9110 §5.6.7)."""
    return formatdate(now, usegmt=True).encode("ascii")
