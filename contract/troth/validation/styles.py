"""The styles of OpenAPI: how the values of parameters are written, and how texts divide.

Both ways go by the parameter's row in `operation.STYLES`.  Reading: everything is cut while it is
still percent-encoded, so that an encoded comma is not a separator, and decoded leaf by leaf
afterwards (RFC 6570 §1.4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Literal
from urllib.parse import quote, unquote, unquote_plus

from troth.errors import TrothError
from troth.http import json_text
from troth.openapi.operation import Parameter, Style

Kind = Literal["array", "object", "scalar"]
#: Names and values, as they stand in a query or a form: percent-encoded.
Pairs = Sequence[tuple[str, str]]
#: Texts, decoded, in the structure that the style gives them.
Texts = str | list[Any] | dict[str, Any]

_DEEPEST = 32
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Malformed(TrothError):
    """A text does not have the form that its style gives it; the argument says why."""


def write_path(parameter: Parameter, value: Any) -> str:
    """*value* as the segment of a path that *parameter* stands for."""
    style = parameter.layout
    words = _words(value, explode=parameter.explode, encode=encoded)
    if style.is_named:
        pieces = _named(parameter, value, words, style)
        return "".join(style.prefix + piece for piece in pieces)
    return style.prefix + (style.exploded if parameter.explode else style.separator).join(words)


def write_pairs(parameter: Parameter, value: Any) -> list[str]:
    """*value* as the pairs `name=value` of a query or a Cookie field, percent-encoded."""
    style = parameter.layout
    if style.is_nested and isinstance(value, dict):
        name = encoded(parameter.name)
        return [f"{name}%5B{encoded(k)}%5D={encoded(text_of(v))}" for k, v in value.items()]
    # a reserved character in a member would be read as the end of it
    reserved = parameter.allow_reserved and not isinstance(value, dict)
    encode = partial(encoded, reserved=reserved) if style.is_encoded else str
    words = _words(value, explode=parameter.explode, encode=encode)
    return _named(parameter, value, words, style)


def write_field(parameter: Parameter, value: Any, *, encode: Callable[[str], str] = str) -> str:
    """*value* as the text of a header field; *encode* is done to the words of a structured one."""
    if not isinstance(value, list | dict):
        return "" if value is None else text_of(value)
    return ",".join(_words(value, explode=parameter.explode, encode=encode))


def text_of(value: Any) -> str:
    """A scalar as it is sent: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json_text.encode(value).decode()


def encoded(text: str, *, reserved: bool = False) -> str:
    """Percent-encode *text*; RFC 3986 §2.2: *reserved* characters stand where they are allowed."""
    return quote(text.encode("utf-8", "surrogatepass"), safe=":/?#[]@!$&'()*+,;=" * reserved)


def _words(value: Any, *, explode: bool, encode: Callable[[str], str]) -> list[str]:
    if isinstance(value, list):
        return [encode(text_of(item)) for item in value]
    if isinstance(value, dict):
        members = [(encode(name), encode(text_of(item))) for name, item in value.items()]
        if explode:
            return [f"{name}={text}" for name, text in members]
        return [word for member in members for word in member]
    return [encode("" if value is None else text_of(value))]


def _named(parameter: Parameter, value: Any, words: list[str], style: Style) -> list[str]:
    if parameter.explode and isinstance(value, dict):
        return words
    name = encoded(parameter.name)
    if parameter.explode and isinstance(value, list):
        return [f"{name}={word}" for word in words]
    # RFC 3986 §3.4: a bar is none of the characters of a query
    return [f"{name}={quote(style.separator, safe='%,').join(words)}"]


def pairs(text: str) -> list[tuple[str, str]]:
    """Cut a query or a urlencoded form at `&` and the first `=`; nothing is decoded but names."""
    cut = (piece.partition("=") for piece in text.split("&") if piece)
    return [(unquote_plus(name), value) for name, _, value in cut]


def decoded(text: str, *, plus: bool) -> str:
    """Undo percent-encoding, and *plus* for space as in a form; raises Malformed."""
    if _BAD_ESCAPE.search(text):
        raise Malformed(f"{text[:60]!r} has a '%' that no two hexadecimal digits follow")
    try:
        return unquote(text.replace("+", " ") if plus else text, errors="strict")
    except UnicodeDecodeError:
        raise Malformed(f"{text[:60]!r} does not decode to UTF-8") from None


def divide_path(parameter: Parameter, text: str, kind: Kind) -> Texts:
    """Divide a path segment: style simple, label or matrix."""
    style = parameter.layout
    if not text.startswith(style.prefix):
        what = f"a value of style {parameter.style} begins with {style.prefix!r}"
        raise Malformed(f"{what}, not {text[:20]!r}")
    rest = text[len(style.prefix) :]
    if not style.is_named or (kind == "object" and parameter.explode):
        return _divided(parameter, kind, rest)
    cut = [piece.partition("=") for piece in rest.split(style.exploded)]
    if any(decoded(name, plus=False) != parameter.name for name, _, _ in cut):
        raise Malformed(f"a value of style matrix reads ';{parameter.name}=…', not {text[:40]!r}")
    if kind == "array" and parameter.explode:
        return [decoded(value, plus=False) for _, _, value in cut]
    return _divided(parameter, kind, rest.partition("=")[2])


def divide_field(parameter: Parameter, text: str, kind: Kind) -> Texts:
    """Divide a header field: style simple.  Fields are not percent-encoded (RFC 9110 §5.5)."""
    return _divided(parameter, kind, text, decode=lambda leaf: leaf.strip(" \t"))


def divide_pairs(parameter: Parameter, sent: Pairs, kind: Kind) -> Texts | None:
    """Divide what *sent*, a query, a form or a Cookie field, holds for *parameter*, if anything.

    For an exploded object *sent* holds only pairs that may be its members.
    """
    style = parameter.layout

    def leaf(text: str) -> str:
        # With allowReserved a plus sign may be sent as it is, so it cannot mean a space.
        return decoded(text, plus=not parameter.allow_reserved) if style.is_encoded else text

    if style.is_nested:
        return _deep_object(parameter.name, [(name, leaf(text)) for name, text in sent])
    if kind == "object" and parameter.explode:
        members = {name: leaf(text) for name, text in sent}
        return members or None
    texts = [text for name, text in sent if name == parameter.name]
    if not texts:
        return None
    if kind == "scalar":
        return leaf(texts[0])
    if kind == "array" and parameter.explode:
        return [leaf(text) for text in texts]
    return _divided(parameter, kind, texts[0], decode=leaf)


def _divided(
    parameter: Parameter,
    kind: Kind,
    text: str,
    *,
    decode: Callable[[str], str] = lambda leaf: decoded(leaf, plus=False),
) -> Texts:
    """Divide *text*, which stands behind what the style puts before a value."""
    style = parameter.layout
    if kind == "scalar":
        return decode(text)
    separator = style.exploded if parameter.explode else style.separator
    for other in style.alternatives:
        text = text.replace(other, separator)
    pieces = text.split(separator)
    if kind == "array":
        return [decode(piece) for piece in pieces]
    members = dict(_members(pieces, text, style, joined=parameter.explode))
    return {decode(name): decode(value) for name, value in members.items()}


def _members(
    pieces: list[str], text: str, style: Style, *, joined: bool
) -> Iterable[tuple[str, str]]:
    """The members of an object; refuses a name without value, or with two."""
    if joined:
        if any(piece.count("=") != 1 for piece in pieces):
            form = f"'name=value{style.exploded}…'"
            raise Malformed(f"an exploded object reads {form}, not {text[:60]!r}")
        return [(name, value) for name, _, value in (piece.partition("=") for piece in pieces)]
    if len(pieces) % 2:
        form = f"'name{style.separator}value{style.separator}…'"
        raise Malformed(f"an object reads {form}, not {text[:60]!r}")
    return zip(pieces[::2], pieces[1::2], strict=True)


def _deep_object(name: str, sent: Iterable[tuple[str, str]]) -> dict[str, Any] | None:
    """`a[b]=1&a[c][d]=2` as nested objects; `a[b][]`, and a repeated name, as arrays.

    OpenAPI leaves all but the first level undefined; this is what clients that nest do send.
    """
    members: dict[str, Any] = {}
    for key, text in sent:
        if not key.startswith(name + "["):
            continue
        segments = _SEGMENT.findall(key[len(name) :])
        if not segments or not segments[0] or f"{name}[{']['.join(segments)}]" != key:
            raise Malformed(f"{key[:60]!r} is not '{name}[member]'")
        if len(segments) > _DEEPEST:
            raise Malformed(f"{key[:60]!r} is nested more than {_DEEPEST} levels deep")
        is_list = segments[-1] == "" and len(segments) > 1
        _put(members, segments[:-1] if is_list else segments, text, is_list=is_list)
    return members or None


def _put(members: dict[str, Any], segments: Sequence[str], text: str, *, is_list: bool) -> None:
    for segment in segments[:-1]:
        inner = members.setdefault(segment, {})
        if not isinstance(inner, dict):
            raise Malformed(f"{segment!r} is a value and an object at once")
        members = inner
    last = segments[-1]
    before = members.get(last)
    if isinstance(before, dict):
        raise Malformed(f"{last!r} is a value and an object at once")
    if isinstance(before, list):
        before.append(text)
    elif before is not None:
        members[last] = [before, text]
    else:
        members[last] = [text] if is_list else text
