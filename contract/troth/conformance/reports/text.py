"""Text of strangers, made safe to show: every character of it visible, and no more than a reader
wants.

What a server sends may move a cursor, reorder a line, hide text or command a build server; what
comes out of here can do none of that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from troth.conformance.events import Cut

# C0 and C1 controls, surrogates, and what reorders or hides text (Unicode bidi controls, zero
# widths, tags); the zero-width joiner stays, since emoji are made with it
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNSAFE_BUT_LINES = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
# `::error::` at the start of a line, `##[error]` anywhere: GitHub's runner obeys both
_COMMAND = re.compile(r"(?m)^(\s*):(?=:)|#(?=#\[)")


def plain(value: str) -> str:
    """*value* on one line, controls and what hides text as escapes."""
    return _UNSAFE.sub(_escape, value)


def lines(value: str) -> str:
    """*value* with its line feeds and tabs, everything else as in `plain`."""
    return _UNSAFE_BUT_LINES.sub(_escape, value.replace("\r\n", "\n"))


def disarmed(value: str) -> str:
    """*value* without anything that a build server would take for a command in its log."""
    return _COMMAND.sub(
        lambda match: match[1] + "\\u003a" if match[1] is not None else "\\u0023",
        value,
    )


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is shown of a body: *text* as it came, and a *note* of what is not shown."""

    text: str
    note: str = ""


def excerpt(body: bytes, *, most: int, cut: Cut | None = None) -> Excerpt:
    """The first *most* bytes of *body* as text; *cut* tells of one that was cut before."""
    shown = body[:most]
    text = shown.decode("utf-8", "backslashreplace")
    if len(shown) < len(body):
        # a character that lies across the end is no fault of the server's
        text = _whole(shown).decode("utf-8", "backslashreplace")
    size = cut.size if cut else len(body)
    if size <= len(shown):
        return Excerpt(text)
    told = f"{size:,} bytes in all"
    return Excerpt(text, f"{told}, SHA-256 {cut.sha256}" if cut else told)


def _whole(data: bytes) -> bytes:
    """*data* without the beginning of a UTF-8 character at its end."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return data[:-back] if length > back else data
    return data


def shortened(value: str, most: int) -> str:
    """*value* in at most *most* characters, the middle left out."""
    if len(value) <= most:
        return value
    half = (most - 1) // 2
    return f"{value[: most - 1 - half]}…{value[len(value) - half :]}"


def counted(number: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"
