"""The sentences in which a schema's keyword says what it found and what it expected.

Pure words: what a value is called, how it is shown (short, on one line, whatever it holds), and
one sentence per keyword of JSON Schema.  Which keyword to speak for is `explain`'s business.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from troth.schema.data_model import FORMATS, identity, type_of

_LONGEST = 80
_MOST = 12
_MOST_COMPARED = 10_000


def a(type_name: str) -> str:
    """A JSON type with its article: a string, an object, null."""
    if type_name == "null":
        return type_name
    return f"an {type_name}" if type_name[0] in "aio" else f"a {type_name}"


def show(value: Any, longest: int = _LONGEST) -> str:
    """*value* on one line of about *longest* characters, with nothing unprintable in it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _text(value, longest)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return _container(value.items(), longest, brackets="{}", entry=_member)
    if isinstance(value, (list, tuple)):
        return _container(value, longest, brackets="[]", entry=show)
    return repr(value)[:longest]


def _text(value: str, longest: int) -> str:
    if len(value) <= longest:
        return repr(value)
    return f"{value[: max(longest - 4, 1)]!r}… ({len(value)} characters)"


def excerpt(value: Any, longest: int = 40) -> str:
    """A string's beginning."""
    if not isinstance(value, str) or len(value) <= longest:
        return show(value)
    return f"{value[: longest - 1]!r}…"


def _integer(value: int) -> str:
    # int → str is quadratic, and refused by Python above 4300 digits.
    if value.bit_length() <= 256:
        return str(value)
    return f"an integer of about {int(value.bit_length() * 0.30103) + 1} digits"


def _member(item: tuple[Any, Any], longest: int) -> str:
    name, value = item
    key = name if isinstance(name, str) and name.isidentifier() and len(name) < 40 else show(name)
    return f"{key}: {show(value, max(longest - len(key) - 2, 8))}"


def _container(
    items: Iterable[Any], longest: int, *, brackets: str, entry: Callable[[Any, int], str]
) -> str:
    parts: list[str] = []
    room = longest - 2
    for item in items:
        if room < 8:
            parts.append("…")
            break
        part = entry(item, min(room, max(longest // 2, 8)))
        parts.append(part)
        room -= len(part) + 2
    return brackets[0] + ", ".join(parts) + brackets[1]


def options(values: Sequence[Any]) -> str:
    """The values that would do, comma-separated, the first dozen of them."""
    shown = ", ".join(show(value, 40) for value in values[:_MOST])
    more = len(values) - _MOST
    return f"{shown} and {more} more" if more > 0 else shown


def either(words: Sequence[str], conjunction: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def names(words: Sequence[str]) -> str:
    """Member names, quoted: `'a', 'b' and 'c'`, the first few of them."""
    shown = [show(word, 40) for word in words[:5]]
    if len(words) > 5:
        shown = [*shown[:5], f"{len(words) - 5} more"]
    return either(shown, "and")


def not_of_type(value: Any, types: Sequence[str]) -> str:
    """`'abc' is not of type integer; it is a string`."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{show(value)} is not a JSON value"
    sentence = f"{show(value)} is not of type {either(types)}"
    return sentence if value is None else f"{sentence}; it is {a(type_of(value))}"


def not_one_of(value: Any, values: Sequence[Any]) -> str:
    """`'developer' is not one of 'system', 'user'`."""
    if len(values) == 1:
        return f"{show(value)} is not {show(values[0])}"
    return f"{show(value)} is not one of {options(values)}"


def sentence(keyword: str, expected: Any, value: Any) -> str:
    """What *keyword*, whose value in the schema is *expected*, says of the instance *value*."""
    speak = _SENTENCES.get(keyword)
    if speak is not None:
        try:
            return speak(expected, value)
        except (TypeError, ValueError):  # a schema whose nested $id hides what it says
            pass
    return f"{show(value)} does not satisfy '{keyword}'"


def _count(number: Any, noun: str) -> str:
    return f"{show(number)} {noun}" + ("" if number == 1 else "s")


def _too(adjective: str, noun: str, subject: str = "") -> Callable[[Any, Any], str]:
    """The sentence on the size of a value: a string is named by its beginning."""
    limit = "at most {} allowed" if adjective in ("long", "large") else "at least {} needed"

    def sentence(expected: Any, value: Any) -> str:
        size = f"{_count(len(value), noun)}, {limit.format(show(expected))}"
        return f"{subject or excerpt(value)} is too {adjective}: {size}"

    return sentence


def _format(expected: Any, value: Any) -> str:
    known = FORMATS.get(expected)
    return f"{show(value)} is not {known.noun if known else f'a {expected}'}"


def out_of_format(name: str, value: Any, limit: int) -> str:
    """`1099511627776 is not an int32: it is above 2147483647`."""
    side = "above" if value > limit else "below"
    article = "a" if name.startswith("u") else "an"
    return f"{show(value)} is not {article} {name}: it is {side} {limit}"


def _repeated(_: Any, value: Any) -> str:
    seen: dict[Hashable, int] = {}
    for index, item in enumerate(value[:_MOST_COMPARED]):
        first = seen.setdefault(identity(item), index)
        if first != index:
            return f"items {first} and {index} are equal ({show(item, 40)}); items must be unique"
    return "two items are equal; items must be unique"


def _forbidden(expected: Any, value: Any) -> str:
    if isinstance(expected, Mapping) and len(expected) == 1:
        (keyword, what), *_ = expected.items()
        if keyword == "type":
            types = [what] if isinstance(what, str) else list(what)
            return f"{show(value)} is of type {either(types)}, which is forbidden"
        if keyword == "const" or (keyword == "enum" and isinstance(what, list)):
            return f"{show(value)} is forbidden"
        if keyword == "required" and isinstance(what, list):
            return f"{names(what)} must not be present" + (" together" if len(what) > 1 else "")
    return f"{show(value)} matches the schema under 'not', which forbids it"


def _false(_: Any, value: Any) -> str:
    return f"no value is allowed here; {show(value)} was found"


_SENTENCES: dict[str, Callable[[Any, Any], str]] = {
    "type": lambda e, v: not_of_type(v, [e] if isinstance(e, str) else list(e)),
    "enum": lambda e, v: not_one_of(v, e),
    "const": lambda e, v: not_one_of(v, [e]),
    "minimum": lambda e, v: f"{show(v)} is below the minimum of {show(e)}",
    "maximum": lambda e, v: f"{show(v)} is above the maximum of {show(e)}",
    "exclusiveMinimum": lambda e, v: f"{show(v)} is not above {show(e)}",
    "exclusiveMaximum": lambda e, v: f"{show(v)} is not below {show(e)}",
    "multipleOf": lambda e, v: f"{show(v)} is not a multiple of {show(e)}",
    "minLength": _too("short", "character"),
    "maxLength": _too("long", "character"),
    "pattern": lambda e, v: f"{show(v)} does not match the pattern {show(e)}",
    "format": _format,
    "minItems": _too("short", "item", "the array"),
    "maxItems": _too("long", "item", "the array"),
    "uniqueItems": _repeated,
    "contains": lambda e, v: "no item of the array is what 'contains' asks for",
    "minContains": lambda e, v: f"fewer than {_count(e, 'item')} are what 'contains' asks for",
    "maxContains": lambda e, v: f"more than {_count(e, 'item')} are what 'contains' asks for",
    "minProperties": _too("small", "member", "the object"),
    "maxProperties": _too("large", "member", "the object"),
    "not": _forbidden,
    "false": _false,
}

#: The keywords that have a sentence of their own.
KEYWORDS = frozenset(_SENTENCES)
