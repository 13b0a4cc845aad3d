"""JSON Pointers of `x-troth-completion`, compiled to functions that get, put and remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from troth import pointer

Getter = Callable[[Any], Any]


def getter(at: str) -> Getter:
    """What reads the value at the pointer *at*; None where there is none, never raising."""
    names = pointer.split(at)
    if len(names) == 1:
        (name,) = names
        return lambda value: value.get(name) if type(value) is dict else None
    return lambda value: get(value, names)


def get(value: Any, names: Iterable[str]) -> Any:
    """The member that *names* lead to, or None."""
    for name in names:
        if type(value) is not dict:
            return None
        value = value.get(name)
    return value


def put(value: dict[str, Any], names: tuple[str, ...], part: Any) -> None:
    """Set the member that *names* lead to, making the objects on the way."""
    *way, last = names
    for name in way:
        inner = value.get(name)
        if type(inner) is not dict:
            inner = value[name] = {}
        value = inner
    value[last] = part


def remove(value: dict[str, Any], names: tuple[str, ...]) -> None:
    """Remove the member that *names* lead to, if it is there."""
    *way, last = names
    inner = get(value, way)
    if type(inner) is dict:
        inner.pop(last, None)
