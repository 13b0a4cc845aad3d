"""The styles of OpenAPI: how the values of parameters are written, and how texts divide.

Both ways go by the parameter's row in `operation.STYLES`.  Reading: everything is cut while it is
still percent-encoded, so that an encoded comma is not a separator, and decoded leaf by leaf
afterwards (RFC 6570 §1.4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
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


class Repeated(Malformed):
    """What takes one value is given several; the argument says so."""

    def __init__(self, count: int, name: str = "", *, asks: str = "takes one value") -> None:
        of_member = f"has {name!r}, which " if name else ""
        super().__init__(f"{of_member}is given {count} times, and {asks}")


def write_path(parameter: Parameter, value: Any) -> str:
    """*value* as the segment of a path that *parameter* stands for."""
    style = parameter.layout
    # RFC 6570 §3.2.5 leaves a dot as it is, where it would part the words of a label
    parts = parameter.explode and style.exploded == "."

    def encode(text: str) -> str:
        return encoded(text).replace(".", "%2E") if parts else encoded(text)

    is_scalar = not isinstance(value, list | dict)
    words = _words(value, explode=parameter.explode, encode=encoded if is_scalar else encode)
    if style.is_named:
        pieces = _named(parameter, value, words, style)
        return "".join(style.prefix + piece for piece in pieces)
    return style.prefix + (style.exploded if parameter.explode else style.separator).join(words)


def write_pairs(parameter: Parameter, value: Any) -> list[str]:
    """*value* as the pairs `name=value` of a query or a Cookie field, percent-encoded."""
    style = parameter.layout
    is_structured = isinstance(value, list | dict)
    # a reserved character in a member would be read as the end of it, as a comma in an item
    reserved = parameter.allow_reserved and not (
        isinstance(value, dict) or (is_structured and not parameter.explode)
    )
    encode = partial(encoded, reserved=reserved) if style.is_encoded else str
    if style.is_nested and is_structured:
        nested = _nested_pairs(encoded(parameter.name), value)
        return [f"{name}={encode(text)}" for name, text in nested]
    return _named(parameter, value, _words(value, explode=parameter.explode, encode=encode), style)


def _nested_pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """The names and texts of *value*, `[member]` for each step; what is empty has an empty text.

    Items are `[]`, or by their indexes where there is something in them.
    """
    if not isinstance(value, list | dict) or not value:
        yield name, text_of(value) if not isinstance(value, list | dict) else ""
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _nested_pairs(f"{name}%5B{encoded(key)}%5D", item)
    elif any(isinstance(item, list | dict) for item in value):
        for index, item in enumerate(value):
            yield from _nested_pairs(f"{name}%5B{index}%5D", item)
    else:
        yield from ((f"{name}%5B%5D", text_of(item)) for item in value)


def write_field(parameter: Parameter, value: Any) -> str:
    """*value* as the text of a header field, in which nothing is encoded (RFC 9110 §5.5)."""
    if parameter.content is not None and parameter.content.is_json:
        return json_text.encode_ascii(value).decode()
    if not isinstance(value, list | dict):
        return "" if value is None else text_of(value)
    separator = parameter.layout.separator
    return separator.join(_words(value, explode=parameter.explode, encode=str))


def text_of(value: Any) -> str:
    """A scalar as it is sent: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json_text.encode(value).decode()


def encoded(text: str, *, reserved: bool = False) -> str:
    """Percent-encode *text*, but *reserved* characters where they are allowed and part nothing.

    OpenAPI 3.1 §4.8.12.2: a query cannot have `#[]` at all, and `&+` mean something else in it.
    """
    return quote(text.encode("utf-8", "surrogatepass"), safe=":/?@!$'()*,;=" * reserved)


def _words(value: Any, *, explode: bool, encode: Callable[[str], str]) -> list[str]:
    if isinstance(value, list):
        return [encode(text_of(item)) for item in value]
    if isinstance(value, dict):
        members = [(name, item) for name, item in value.items()]
        if explode:
            # OpenAPI leaves open what is in a member; names that come again are read everywhere
            each = (
                (name, one)
                for name, item in members
                for one in (item if isinstance(item, list) and item else [item])
            )
            return [f"{encode(name)}={encode(text_of(item))}" for name, item in each]
        return [encode(text_of(word)) for member in members for word in member]
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
    if len(cut) > 1:
        raise Repeated(len(cut))
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
        return _nested(parameter.name, sent, kind, leaf)
    if kind == "object" and parameter.explode:
        return _gathered((name, leaf(text)) for name, text in sent) or None
    texts = [text for name, text in sent if name == parameter.name]
    if not texts:
        return None
    if kind == "array" and parameter.explode:
        return [leaf(text) for text in texts]
    if len(texts) > 1:
        asks = (
            "takes one value"
            if kind == "scalar"
            else f"has all in one, {style.separator!r} between"
        )
        raise Repeated(len(texts), asks=asks)
    return leaf(texts[0]) if kind == "scalar" else _divided(parameter, kind, texts[0], decode=leaf)


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
    members = _members(pieces, text, style, joined=parameter.explode)
    return _gathered((decode(name), decode(value)) for name, value in members)


def _members(
    pieces: list[str], text: str, style: Style, *, joined: bool
) -> Iterable[tuple[str, str]]:
    """The members of an object; refuses a name without a value."""
    if joined:
        if not all("=" in piece for piece in pieces):
            form = f"'name=value{style.exploded}…'"
            raise Malformed(f"an exploded object reads {form}, not {text[:60]!r}")
        return [(name, value) for name, _, value in (piece.partition("=") for piece in pieces)]
    if len(pieces) % 2:
        form = f"'name{style.separator}value{style.separator}…'"
        raise Malformed(f"an object reads {form}, not {text[:60]!r}")
    return zip(pieces[::2], pieces[1::2], strict=True)


def _gathered(members: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The members by name; a name that comes again has a list of texts."""
    gathered: dict[str, Any] = {}
    for name, text in members:
        gathered[name] = _put(gathered.get(name), (), text)
    return gathered


def _nested(name: str, sent: Pairs, kind: Kind, leaf: Callable[[str], str]) -> Texts | None:
    """`a[b]=1&a[c][d]=2` as nested objects; `a[b][]`, and a repeated name, as arrays.

    OpenAPI leaves all but the first level undefined; this is what clients that nest do send.  An
    array that is written by its indexes stays an object with these names: the schema says which.
    """
    tree: Any = None
    for key, text in sent:
        if key != name and not key.startswith(name + "["):
            continue
        segments = _SEGMENT.findall(key[len(name) :])
        if "".join((name, *(f"[{segment}]" for segment in segments))) != key:
            raise Malformed(f"{key[:60]!r} is not '{name}[member]'")
        if len(segments) > _DEEPEST:
            raise Malformed(f"{key[:60]!r} is nested more than {_DEEPEST} levels deep")
        if kind == "object" and not any(segments[:1]):
            raise Malformed(f"{key[:60]!r} is not '{name}[member]'")
        tree = _put(tree, segments, leaf(text))
    if kind == "scalar" and isinstance(tree, list) and len(tree) > 1:
        raise Repeated(len(tree))
    if kind == "scalar" and isinstance(tree, list | dict):
        raise Malformed(f"it takes one value, not '{name}[…]'")
    return [tree] if kind == "array" and isinstance(tree, str) else tree


def _put(node: Any, segments: Sequence[str], text: str) -> Any:
    """*node*, a part of a tree of texts, with *text* at *segments*; None is a part without any."""
    if not segments:
        if isinstance(node, dict):
            raise Malformed(f"{text[:40]!r} stands where members are")
        if isinstance(node, list):
            node.append(text)
        return text if node is None else node if isinstance(node, list) else [node, text]
    first, rest = segments[0], segments[1:]
    if first:
        node = {} if node is None else node
        if not isinstance(node, dict):
            raise Malformed(f"{first[:40]!r} is a member of what is a value or an array")
        node[first] = _put(node.get(first), rest, text)
        return node
    items = node if isinstance(node, list) else [] if node is None else [node]
    if isinstance(node, dict):
        raise Malformed("an array is written with indexes and without")
    # members of one object follow one another, until one of them comes again
    if rest and items and isinstance(items[-1], dict) and not _has(items[-1], rest):
        _put(items[-1], rest, text)
    else:
        items.append(_put(None, rest, text))
    return items


def _has(node: Any, segments: Sequence[str]) -> bool:
    """Whether *node* has a value at *segments*; an array can always have one more."""
    for segment in segments:
        if not segment or not isinstance(node, dict) or segment not in node:
            return False
        node = node[segment]
    return True
