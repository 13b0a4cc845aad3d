"""Bodies for readers: what matters of them, long things cut short and what is usual only named."""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troth.conformance.events import Cut
from troth.conformance.reports.text import counted, listed, shortened, visible

# -- bytes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is shown of a body: *text* as it came, and a *note* of what is not shown."""

    text: str
    note: str = ""


def excerpt(body: bytes, *, most: int, cut: Cut | None = None) -> Excerpt:
    """The first *most* bytes of *body* as text; *cut* tells of one that was cut before."""
    shown = body[:most]
    # a character that lies across the end of what is shown is no fault of the server's
    decoder = getincrementaldecoder("utf-8")("backslashreplace")
    text = decoder.decode(shown, final=len(shown) == len(body))
    size = cut.size if cut else len(body)
    return Excerpt(text, size_note(size, cut) if size > len(shown) else "")


def size_note(size: int, cut: Cut | None) -> str:
    """What is said of a body of *size* bytes that is not shown to its end."""
    return f"{size:,} bytes in all" + (f", SHA-256 {cut.sha256}" if cut else "")


# -- event streams ----------------------------------------------------------------------------

# the line ends of the HTML standard's §9.2.6: a blank line ends an event
_BLANK = re.compile(r"(?:\r\n|\r|\n){2,}")
_FIRST, _LAST = 1, 3


def stream_lines(body: bytes, *, event: int | None, width: int) -> list[str]:
    """The events of *body* that a reader wants, each cut to about two lines of *width*.

    *event* is the number of the one that matters; without it, they are the first and the last.
    """
    text = body.decode("utf-8", "backslashreplace")
    events = [block for block in _BLANK.split(text) if block.strip()]
    if event is None or not 0 <= event < len(events):
        shown = [*range(min(_FIRST, len(events)))]
        shown += range(max(_FIRST, len(events) - _LAST), len(events))
    else:
        shown = [event]
    lines: list[str] = []
    before = -1
    for number in shown:
        if number > before + 1:
            lines.append(f"… {counted(number - before - 1, 'event')}")
        # where lines were ended by single line feeds, a block is many events: its end counts too
        lines += shortened(events[number], 4 * width).replace("\r\n", "\n").split("\n")
        before = number
    if before + 1 < len(events):
        lines.append(f"… {counted(len(events) - before - 1, 'event')}")
    return lines


# -- JSON -------------------------------------------------------------------------------------

_LONGEST_TEXT = 72
_ITEMS = 4
_MEMBERS = 24
_DEEPEST = 8
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class _Node:
    """A value on its way to text: its opening, its entries, its closing."""

    opening: str
    entries: tuple[tuple[str, _Node], ...] = ()
    closing: str = ""

    def flat(self) -> str:
        inside = ", ".join(label + entry.flat() for label, entry in self.entries)
        return f"{self.opening}{inside}{self.closing}"

    def laid_out(self, width: int, indent: int = 0, label: str = "") -> list[str]:
        flat = " " * indent + label + self.flat()
        if len(flat) <= width or not self.entries:
            return [flat]
        lines = [" " * indent + label + self.opening]
        for number, (name, entry) in enumerate(self.entries, 1):
            inner = entry.laid_out(width - 1, indent + 2, name)
            if number < len(self.entries) and not self.entries[number][1].opening.startswith("…"):
                inner[-1] += ","
            lines += inner
        return [*lines, " " * indent + self.closing]


def json_lines(
    value: Any, *, usual: Any = _NOTHING, keep: Sequence[str] = (), width: int = 80
) -> list[str]:
    """*value* in lines of about *width* characters; *keep* are the tokens of what must be seen.

    It is shown beside the *usual* one, that of any request: what is the same is only named.
    """
    if value == usual:
        usual = _NOTHING  # all of it as usual: then it is the request itself that matters
    return _node(value, usual, tuple(keep), 0).laid_out(width)


def _node(value: Any, usual: Any, keep: tuple[str, ...], depth: int) -> _Node:
    if isinstance(value, dict) and value:
        if depth >= _DEEPEST:
            return _Node(f"{{… {counted(len(value), 'member')}}}")
        return _object(value, usual, keep, depth)
    if isinstance(value, list) and value:
        if depth >= _DEEPEST:
            return _Node(f"[… {counted(len(value), 'item')}]")
        return _array(value, usual, keep, depth)
    return _Node(_scalar(value))


def _object(value: dict[str, Any], usual: Any, keep: tuple[str, ...], depth: int) -> _Node:
    entries: list[tuple[str, _Node]] = []
    same: list[str] = []
    known = usual if isinstance(usual, dict) else {}
    wanted, inner = (keep[0] if keep else None), keep[1:]
    for name, item in value.items():
        if name != wanted and name in known and _equal(known[name], item):
            same.append(name)
        elif len(entries) < _MEMBERS or name == wanted:
            below = inner if name == wanted else ()
            node = _node(item, known.get(name, _NOTHING), below, depth + 1)
            entries.append((f"{_string(name)}: ", node))
    left = len(value) - len(entries) - len(same)
    notes = [f"{_names(same)} as usual"] if same else []
    notes += [f"{left} more"] if left else []
    gone = [name for name in known if name not in value]
    notes += [f"no {_names(gone)}"] if gone else []
    if notes:
        entries.append(("", _Node(f"… {'; '.join(notes)}")))
    return _Node("{", tuple(entries), "}")


def _array(value: list[Any], usual: Any, keep: tuple[str, ...], depth: int) -> _Node:
    known = usual if isinstance(usual, list) else []
    wanted = int(keep[0]) if keep and keep[0].isdecimal() else -1
    entries: list[tuple[str, _Node]] = []
    left = 0
    for index, item in enumerate(value):
        if index >= _ITEMS and index != wanted:
            left += 1
            continue
        beside = known[index] if index < len(known) else _NOTHING
        if _equal(beside, item) and index != wanted:
            entries.append(("", _Node("…")))
            continue
        node = _node(item, beside, keep[1:] if index == wanted else (), depth + 1)
        entries.append((f"… [{index}] " if index == wanted and left else "", node))
    if left:
        entries.append(("", _Node(f"… {counted(len(value), 'item')} in all")))
    return _Node("[", tuple(entries), "]")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**40:
        return f"{'-' if value < 0 else ''}… a number of more than 40 digits"
    return json.dumps(value)


def _string(text: str) -> str:
    shown = json.dumps(visible(shortened(text, _LONGEST_TEXT)), ensure_ascii=False)
    # the escapes that `visible` made read as the escapes of JSON
    shown = shown.replace("\\\\u", "\\u").replace("\\\\U", "\\U")
    return f"{shown} ({len(text):,} characters)" if len(text) > _LONGEST_TEXT else shown


def _names(names: Sequence[str]) -> str:
    return listed([visible(shortened(name, 40)) for name in names], 6)


def _equal(one: Any, other: Any) -> bool:
    # 1, 1.0 and true are different things to send
    return type(one) is type(other) and bool(one == other)
