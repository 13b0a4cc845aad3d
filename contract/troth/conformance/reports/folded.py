"""JSON for readers: the members that matter, the rest folded; long things cut short.

A value is shown beside the *usual* one, that of any request: what is the same is only named.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troth.conformance.reports.text import counted, plain, shortened

_TEXT = 72
_ITEMS = 4
_MEMBERS = 24
_DEEPEST = 8
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class _Node:
    """A value on its way to text: its opening, its parts, its closing."""

    opening: str
    parts: tuple[tuple[str, _Node], ...] = ()
    closing: str = ""

    def flat(self) -> str:
        inside = ", ".join(label + part.flat() for label, part in self.parts)
        return f"{self.opening}{inside}{self.closing}"

    def laid_out(self, width: int, indent: int = 0, label: str = "") -> list[str]:
        flat = " " * indent + label + self.flat()
        if len(flat) <= width or not self.parts:
            return [flat]
        lines = [" " * indent + label + self.opening]
        for number, (name, part) in enumerate(self.parts, 1):
            inner = part.laid_out(width - 1, indent + 2, name)
            if number < len(self.parts) and not self.parts[number][1].opening.startswith("…"):
                inner[-1] += ","
            lines += inner
        return [*lines, " " * indent + self.closing]


def folded(
    value: Any, *, usual: Any = _NOTHING, keep: Sequence[str] = (), width: int = 80
) -> list[str]:
    """*value* in lines of about *width* characters; *keep* are the tokens of what must be seen."""
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
    parts: list[tuple[str, _Node]] = []
    same: list[str] = []
    known = usual if isinstance(usual, dict) else {}
    wanted, inner = (keep[0] if keep else None), keep[1:]
    for name, item in value.items():
        if name != wanted and name in known and _equal(known[name], item):
            same.append(name)
        elif len(parts) < _MEMBERS or name == wanted:
            below = inner if name == wanted else ()
            node = _node(item, known.get(name, _NOTHING), below, depth + 1)
            parts.append((f"{_string(name)}: ", node))
    left = len(value) - len(parts) - len(same)
    notes = [f"{_names(same)} as usual"] if same else []
    notes += [f"{left} more"] if left else []
    gone = [name for name in known if name not in value]
    notes += [f"no {_names(gone)}"] if gone else []
    if notes:
        parts.append(("", _Node(f"… {'; '.join(notes)}")))
    return _Node("{", tuple(parts), "}")


def _array(value: list[Any], usual: Any, keep: tuple[str, ...], depth: int) -> _Node:
    known = usual if isinstance(usual, list) else []
    wanted = int(keep[0]) if keep and keep[0].isdecimal() else -1
    parts: list[tuple[str, _Node]] = []
    left = 0
    for index, item in enumerate(value):
        if index >= _ITEMS and index != wanted:
            left += 1
            continue
        beside = known[index] if index < len(known) else _NOTHING
        if _equal(beside, item) and index != wanted:
            parts.append(("", _Node("…")))
            continue
        node = _node(item, beside, keep[1:] if index == wanted else (), depth + 1)
        parts.append((f"… [{index}] " if index == wanted and left else "", node))
    if left:
        parts.append(("", _Node(f"… {counted(len(value), 'item')} in all")))
    return _Node("[", tuple(parts), "]")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**40:
        return f"{'-' if value < 0 else ''}… a number of more than 40 digits"
    return json.dumps(value)


def _string(text: str) -> str:
    shown = json.dumps(plain(shortened(text, _TEXT)), ensure_ascii=False)
    # the escapes that `plain` made read as the escapes of JSON
    shown = shown.replace("\\\\u", "\\u").replace("\\\\U", "\\U")
    return f"{shown} ({len(text):,} characters)" if len(text) > _TEXT else shown


def _names(names: Sequence[str]) -> str:
    shown = [plain(shortened(name, 40)) for name in names[:6]]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(shown) + more


def _equal(one: Any, other: Any) -> bool:
    # 1, 1.0 and true are different things to send
    return type(one) is type(other) and bool(one == other)
