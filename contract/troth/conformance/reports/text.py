"""Text of strangers, made safe to show: every character of it visible.

What a server sends may move a cursor, reorder a line, hide text or command a build server; what
comes out of here can do none of that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

# C0 and C1 controls, surrogates, and what reorders or hides text (Unicode bidi controls, zero
# widths, tags); the zero-width joiner stays, since emoji are made with it
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNSAFE_BUT_LINES = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
# `::error::` at the start of a line, `##[error]` anywhere: GitHub's runner obeys both
_COMMAND = re.compile(r"(?m)^(\s*):(?=:)|#(?=#\[)")


def visible(value: str) -> str:
    """*value* on one line, controls and what hides text as escapes."""
    return _UNSAFE.sub(_escape, value)


def visible_lines(value: str) -> str:
    """*value* with its line feeds and tabs, everything else as in `visible`."""
    return _UNSAFE_BUT_LINES.sub(_escape, value.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def disarmed(value: str) -> str:
    """*value* without anything that a build server would take for a command in its log."""
    return _COMMAND.sub(
        lambda match: match[1] + "\\u003a" if match[1] is not None else "\\u0023",
        value,
    )


def as_json(value: Any) -> str:
    """*value* as a JSON document in ASCII: what a server hides in its texts stays visible."""
    return json.dumps(legible(value), indent=1) + "\n"


def legible(value: Any) -> Any:
    """The JSON *value* without lone surrogates, which no JSON text may hold (RFC 8259 §8.2)."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {legible(name): legible(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [legible(item) for item in value]
    return value


def shortened(value: str, most: int) -> str:
    """*value* in at most *most* characters, the middle left out."""
    if len(value) <= most:
        return value
    half = (most - 1) // 2
    return f"{value[: most - 1 - half]}…{value[len(value) - half :]}"


def listed(words: Sequence[str], most: int, *, link: str = " and ") -> str:
    """The first *most* of *words*, and how many more there are."""
    left = len(words) - most
    return ", ".join(words[:most]) + (f"{link}{left:,} more" if left > 0 else "")


def counted(number: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"
