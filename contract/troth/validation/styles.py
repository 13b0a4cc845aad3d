"""The styles of OpenAPI: how the values of parameters are written, and how texts divide.

One table has every style, for both ways.  Reading: everything is cut while it is still
percent-encoded, so that an encoded comma is not a separator, and decoded leaf by leaf afterwards
(RFC 6570 §1.4).  openapi-core divides; what it is given here is one text in the style's own form
under the name `p`, because it builds patterns from names.  `deepObject`, where it folds `a[b][c]`
into `a[b]` and loses repeated names, is divided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal
from urllib.parse import quote, unquote, unquote_plus

from troth.errors import TrothError
from troth.http import json_text
from troth.openapi.operation import Parameter

Kind = Literal["array", "object", "scalar"]
#: Names and values, as they stand in a query or a form: percent-encoded.
Pairs = Sequence[tuple[str, str]]
#: Texts, decoded, in the structure that the style gives them.
Texts = str | list[Any] | dict[str, Any]

_NAME = "p"
_DEEPEST = 32
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Style:
    """A row of OpenAPI's table of styles (3.1 §4.8.12.2).

    *prefix* begins the text, *separator* parts its words, *exploded* those of an exploded value.
    A style that *is_named* writes `name=value`, a pair for each word of an exploded one.
    """

    prefix: str = ""
    separator: str = ","
    exploded: str = ","
    is_named: bool = False


STYLES: Mapping[str, Style] = {
    "simple": Style(),
    "label": Style(prefix=".", exploded="."),
    "matrix": Style(prefix=";", exploded=";", is_named=True),
    "form": Style(exploded="&", is_named=True),
    "cookie": Style(exploded="; ", is_named=True),
    "spaceDelimited": Style(separator="%20", exploded="&", is_named=True),
    "pipeDelimited": Style(separator="%7C", exploded="&", is_named=True),
    "deepObject": Style(exploded="&", is_named=True),
}


class Malformed(TrothError):
    """A text does not have the form that its style gives it; the argument says why."""


def write_path(parameter: Parameter, value: Any) -> str:
    """*value* as the segment of a path that *parameter* stands for."""
    style = STYLES[parameter.style if parameter.style in ("label", "matrix") else "simple"]
    words = _words(value, explode=parameter.explode, encode=encoded)
    if style.is_named:
        pieces = _named(parameter, value, words, style)
        return "".join(style.prefix + piece for piece in pieces)
    return style.prefix + (style.exploded if parameter.explode else style.separator).join(words)


def write_pairs(parameter: Parameter, value: Any) -> list[str]:
    """*value* as the pairs `name=value` of a query or a Cookie field, percent-encoded."""
    if parameter.style == "deepObject" and isinstance(value, dict):
        name = encoded(parameter.name)
        return [f"{name}%5B{encoded(k)}%5D={encoded(text_of(v))}" for k, v in value.items()]
    # a reserved character in a member would be read as the end of it
    reserved = parameter.allow_reserved and not isinstance(value, dict)
    encode = partial(encoded, reserved=reserved)
    words = _words(value, explode=parameter.explode, encode=encode)
    return _named(parameter, value, words, STYLES.get(parameter.style, STYLES["form"]))


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
    return [f"{name}={style.separator.join(words)}"]


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
    style = STYLES.get(parameter.style, STYLES["simple"])
    if not text.startswith(style.prefix):
        what = f"a value of style {parameter.style} begins with {style.prefix!r}"
        raise Malformed(f"{what}, not {text[:20]!r}")
    if parameter.style == "matrix" and not (kind == "object" and parameter.explode):
        return _divide_matrix(parameter, text, kind)
    return _divided(parameter, kind, text)


def divide_field(parameter: Parameter, text: str, kind: Kind) -> Texts:
    """Divide a header field: style simple.  Fields are not percent-encoded (RFC 9110 §5.5)."""
    return _divided(parameter, kind, text, decode=lambda leaf: leaf.strip(" \t"))


def divide_pairs(parameter: Parameter, sent: Pairs, kind: Kind) -> Texts | None:
    """Divide what *sent*, a query, a form or a Cookie field, holds for *parameter*, if anything.

    For an exploded object *sent* holds only pairs that may be its members.
    """

    def leaf(text: str) -> str:
        if parameter.style == "cookie":
            return text  # OpenAPI 3.2 §4.12.2: it is form without percent-encoding
        # With allowReserved a plus sign may be sent as it is, so it cannot mean a space.
        return decoded(text, plus=not parameter.allow_reserved)

    if parameter.style == "deepObject":
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
    text = texts[0]
    if parameter.style == "spaceDelimited":
        text = text.replace("+", "%20")
    elif parameter.style == "pipeDelimited":
        text = re.sub("%7c", "|", text, flags=re.IGNORECASE)
    return _divided(parameter, kind, text, decode=leaf)


def _divide_matrix(parameter: Parameter, text: str, kind: Kind) -> Texts:
    cut = [piece.partition("=") for piece in text[1:].split(";")]
    if any(decoded(name, plus=False) != parameter.name for name, _, _ in cut):
        raise Malformed(f"a value of style matrix reads ';{parameter.name}=…', not {text[:40]!r}")
    named = "".join(f";{_NAME}={value}" for _, _, value in cut)
    return _divided(parameter, kind, named, bare=cut[0][2])


def _divided(
    parameter: Parameter,
    kind: Kind,
    text: str,
    *,
    bare: str | None = None,
    decode: Callable[[str], str] = lambda leaf: decoded(leaf, plus=False),
) -> Texts:
    """Let openapi-core divide *text*; *bare* is *text* without what the style puts before it."""
    style = STYLES.get(parameter.style, STYLES["simple"])
    separator = style.separator
    if style.prefix and parameter.explode:
        separator = style.exploded
    if parameter.style == "pipeDelimited":
        separator = "|"
    if kind == "object":
        bare = text[len(style.prefix) :] if bare is None else bare
        _check_members(bare, separator, joined=parameter.explode)
    key = style.prefix + _NAME + ("*" if style.prefix and parameter.explode else "")
    divided = _loads(parameter.style, parameter.explode, kind, {key: text})
    if isinstance(divided, dict):
        return {decode(name): decode(value) for name, value in divided.items()}
    if isinstance(divided, list):
        return [decode(value) for value in divided]
    return decode(str(divided))


def _check_members(text: str, separator: str, *, joined: bool) -> None:
    """Refuse what openapi-core would drop (a name without value) or choke on."""
    pieces = text.split(separator)
    if joined and any(piece.count("=") != 1 for piece in pieces):
        raise Malformed(f"an exploded object reads 'name=value{separator}…', not {text[:60]!r}")
    if not joined and len(pieces) % 2:
        raise Malformed(f"an object reads 'name{separator}value{separator}…', not {text[:60]!r}")


def _loads(style: str, explode: bool, kind: Kind, location: Mapping[str, str]) -> Any:
    loads = _deserializers().get("form" if style == "cookie" else style)
    if loads is None:
        raise Malformed(f"style {style!r} is none of OpenAPI's")
    try:
        return loads(explode, _NAME, "string" if kind == "scalar" else kind, location)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise Malformed(f"style {style!r} cannot carry this value") from error


@cache
def _deserializers() -> Mapping[str, Callable[..., Any]]:
    # Imported when first needed: openapi-core takes 0.4 s, and many documents have no parameters.
    from openapi_core.deserializing.styles import style_deserializers

    return style_deserializers


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
