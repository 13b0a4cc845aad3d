"""The styles of OpenAPI: which texts of a request belong to a parameter, and how they divide.

Everything is cut while it is still percent-encoded, so that an encoded comma is not a separator,
and decoded leaf by leaf afterwards (RFC 6570 §1.4).  openapi-core divides; what it is given here
is one text in the style's own form under the name `p`, because it builds patterns from names.
`deepObject`, where it folds `a[b][c]` into `a[b]` and loses repeated names, is divided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal
from urllib.parse import unquote, unquote_plus

from troth.errors import TrothError
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


class Malformed(TrothError):
    """A text does not have the form that its style gives it; the argument says why."""


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
    if parameter.style == "label":
        if not text.startswith("."):
            raise Malformed(f"a value of style label begins with '.', not {text[:20]!r}")
        key = "." + _NAME + ("*" if parameter.explode else "")
        separator = "." if parameter.explode else ","
        return _divided(parameter, kind, key, text, text[1:], separator)
    if parameter.style == "matrix":
        return _divide_matrix(parameter, text, kind)
    return _divided(parameter, kind, _NAME, text, text, ",")


def divide_field(parameter: Parameter, text: str, kind: Kind) -> Texts:
    """Divide a header field: style simple.  Fields are not percent-encoded (RFC 9110 §5.5)."""
    return _divided(parameter, kind, _NAME, text, text, ",", decode=_stripped)


def divide_pairs(parameter: Parameter, found: Pairs, kind: Kind) -> Texts | None:
    """Divide what *found*, a query or a form, holds for *parameter*; None when that is nothing.

    For an exploded object *found* holds only pairs that may be its members.
    """

    def leaf(text: str) -> str:
        # With allowReserved a plus sign may be sent as it is, so it cannot mean a space.
        return decoded(text, plus=not parameter.allow_reserved)

    if parameter.style == "deepObject":
        return _deep_object(parameter.name, [(name, leaf(text)) for name, text in found])
    if kind == "object" and parameter.explode:
        members = {name: leaf(text) for name, text in found}
        return members or None
    texts = [text for name, text in found if name == parameter.name]
    if not texts:
        return None
    if kind == "scalar":
        return leaf(texts[0])
    if kind == "array" and parameter.explode:
        return [leaf(text) for text in _loads("form", True, kind, _Several(texts))]
    text, separator = texts[0], ","
    if parameter.style == "spaceDelimited":
        text, separator = text.replace("+", "%20"), "%20"
    elif parameter.style == "pipeDelimited":
        text, separator = re.sub("%7c", "|", text, flags=re.IGNORECASE), "|"
    return _divided(parameter, kind, _NAME, text, text, separator, decode=leaf)


def divide_cookie(parameter: Parameter, found: Pairs, kind: Kind) -> Texts | None:
    """Divide what the Cookie field holds for *parameter*."""
    if parameter.style != "cookie":
        return divide_pairs(parameter, found, kind)
    # OpenAPI 3.2 §4.12.2: style cookie is form without percent-encoding
    texts = [text for name, text in found if name == parameter.name]
    if kind == "object" and parameter.explode:
        return dict(found) or None
    if not texts or kind == "scalar":
        return texts[0] if texts else None
    divided: Texts = _loads("form", parameter.explode, kind, _Several(texts))
    return divided


class _Several(dict[str, str]):
    """A location with several texts under one name, in the form that openapi-core asks for."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__({_NAME: texts[0]})
        self._texts = texts

    def getlist(self, _name: str) -> list[str]:
        return self._texts


def _divide_matrix(parameter: Parameter, text: str, kind: Kind) -> Texts:
    if not text.startswith(";"):
        raise Malformed(f"a value of style matrix begins with ';', not {text[:20]!r}")
    key = ";" + _NAME + ("*" if parameter.explode else "")
    cut = [piece.partition("=") for piece in text[1:].split(";")]
    if kind == "object" and parameter.explode:
        return _divided(parameter, kind, key, text, text[1:], ";")
    if any(decoded(name, plus=False) != parameter.name for name, _, _ in cut):
        raise Malformed(f"a value of style matrix reads ';{parameter.name}=…', not {text[:40]!r}")
    named = "".join(f";{_NAME}={value}" for _, _, value in cut)
    value = cut[0][2]
    return _divided(parameter, kind, key, named, value, ";" if parameter.explode else ",")


def _divided(
    parameter: Parameter,
    kind: Kind,
    key: str,
    text: str,
    bare: str,
    separator: str,
    *,
    decode: Callable[[str], str] | None = None,
) -> Texts:
    """Let openapi-core divide *text*; *bare* is *text* without what the style puts before it."""
    decode = decode or (lambda leaf: decoded(leaf, plus=False))
    if kind == "object":
        _check_members(bare, separator, joined=parameter.explode)
    found = _loads(parameter.style, parameter.explode, kind, {key: text})
    if isinstance(found, dict):
        return {decode(name): decode(value) for name, value in found.items()}
    if isinstance(found, list):
        return [decode(value) for value in found]
    return decode(str(found))


def _check_members(text: str, separator: str, *, joined: bool) -> None:
    """Refuse what openapi-core would drop (a name without value) or choke on."""
    pieces = text.split(separator)
    if joined and any(piece.count("=") != 1 for piece in pieces):
        raise Malformed(f"an exploded object reads 'name=value{separator}…', not {text[:60]!r}")
    if not joined and len(pieces) % 2:
        raise Malformed(f"an object reads 'name{separator}value{separator}…', not {text[:60]!r}")


def _loads(style: str, explode: bool, kind: Kind, location: Mapping[str, str]) -> Any:
    loads = _deserializers().get(style)
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


def _stripped(text: str) -> str:
    return text.strip(" \t")


def _deep_object(name: str, found: Iterable[tuple[str, str]]) -> dict[str, Any] | None:
    """`a[b]=1&a[c][d]=2` as nested objects; `a[b][]`, and a repeated name, as arrays.

    OpenAPI leaves all but the first level undefined; this is what clients that nest do send.
    """
    members: dict[str, Any] = {}
    for key, text in found:
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
