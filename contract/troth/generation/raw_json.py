"""JSON as it is written, where the text matters and not only the value: `1.0`, `-0`, `\\ud800`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troth.http import json_text
from troth.pointer import mapped, parts


@dataclass(frozen=True, slots=True)
class Written:
    """A JSON *text*, put into a body as it stands; *value* is what a reader makes of it."""

    text: str
    value: Any = None


def write(value: Any) -> bytes:
    """Encode *value*, each `Written` inside it as its own text (compact, key order kept)."""
    try:
        return json_text.encode(value)  # which knows no `Written`, and looks faster than we do
    except TypeError:
        return _write(value).encode("utf-8", "surrogatepass")


def read(value: Any) -> Any:
    """*value* as its reader sees it: each `Written` replaced by its value."""
    return mapped(lambda one: one.value if isinstance(one, Written) else one, value)


def has_written(value: Any) -> bool:
    """Whether there is a `Written` anywhere in *value*."""
    return any(isinstance(part, Written) for part in parts(value))


def _write(value: Any) -> str:
    if isinstance(value, Written):
        return value.text
    if isinstance(value, dict):
        members = (f"{_write(name)}:{_write(item)}" for name, item in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_write, value)) + "]"
    return json_text.encode(value).decode()
