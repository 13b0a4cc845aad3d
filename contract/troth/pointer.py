"""JSON values and their places: JSON Pointers (RFC 6901), and walks over all that a value holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote, unquote


def escape(token: str | int) -> str:
    """Escape one reference token (RFC 6901 §4)."""
    return str(token).replace("~", "~0").replace("/", "~1")


def join(base: str, *tokens: str | int) -> str:
    """Append *tokens* to the pointer *base*."""
    for token in tokens:
        base = f"{base}/{escape(token)}"
    return base


def of(tokens: Iterable[str | int]) -> str:
    """Write the pointer that *tokens* spell."""
    return join("", *tokens)


def split(pointer: str) -> tuple[str, ...]:
    """Split a pointer into its unescaped tokens; the empty pointer has none."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"a JSON Pointer is empty or starts with '/', not {pointer!r}")
    tokens = pointer[1:].split("/")
    if "~" not in pointer:  # as most are
        return tuple(tokens)
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens)


def is_within(pointer: str, whole: str) -> bool:
    """Whether *pointer* is *whole*, or leads to a part of what that points to."""
    return (pointer + "/").startswith(whole + "/")


def overlap(one: str, other: str) -> bool:
    """Whether one of two pointers leads to the other's value, or to a part of it."""
    return is_within(one, other) or is_within(other, one)


def fragment(pointer: str) -> str:
    """*pointer* as the fragment of a URI reference (RFC 6901 §6)."""
    return quote(pointer, safe="/~!$&'()*+,;=:@")


def from_fragment(fragment: str) -> str:
    """Decode the fragment of a URI reference, without its '#' (RFC 6901 §6)."""
    return unquote(fragment)


def resolve(value: Any, pointer: str) -> Any:
    """Follow *pointer* into *value*.

    Raises KeyError with the first pointer that leads nowhere.  An array index is a
    decimal without leading zeros (RFC 6901 §4); "-" names no value.
    """
    tokens = split(pointer)
    for depth, token in enumerate(tokens, start=1):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and _is_index(token) and int(token) < len(value):
            value = value[int(token)]
        else:
            raise KeyError(of(tokens[:depth]))
    return value


def find(value: Any, pointer: str) -> Any:
    """What *pointer* leads to in *value*; None where it leads nowhere."""
    try:
        return resolve(value, pointer)
    except (KeyError, ValueError):
        return None


def put(whole: Any, at: str, value: Any) -> Any:
    """*whole* with *value* at *at*: what is on the way is copied, and made where it is missing."""
    tokens = split(at)
    if not tokens:
        return value
    first, rest = tokens[0], of(tokens[1:])
    if isinstance(whole, list) and first.isdigit() and int(first) < len(whole):
        index = int(first)
        return [*whole[:index], put(whole[index], rest, value), *whole[index + 1 :]]
    inner = whole if isinstance(whole, dict) else {}
    return {**inner, first: put(inner.get(first), rest, value)}


def _is_index(token: str) -> bool:
    return token == "0" or (token.isascii() and token.isdigit() and not token.startswith("0"))


def parts(value: Any) -> Iterator[Any]:
    """*value* and all that it holds, parents first, in their order."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, dict):
            waiting += reversed(part.values())
        elif isinstance(part, list):
            waiting += reversed(part)


def places(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """*value*, which is *at* a place, and all that it holds, each with its pointer; as `parts`."""
    waiting = [(at, value)]
    while waiting:
        here, part = waiting.pop()
        yield here, part
        if isinstance(part, (dict, list)):
            items = part.items() if isinstance(part, dict) else enumerate(part)
            waiting += reversed([(join(here, key), item) for key, item in items])


def mapped(change: Callable[[Any], Any], value: Any) -> Any:
    """A copy of *value* with what *change* makes of each part that holds no others."""
    if isinstance(value, dict):
        return {name: mapped(change, item) for name, item in value.items()}
    if isinstance(value, list):
        return [mapped(change, item) for item in value]
    return change(value)
