"""Texts that are drawn from a regular expression itself, and whether one matches a text.

`schema.ecma` reads the expression.  What cannot be drawn from (look-around) is skipped, so callers
check what they got; `generator` returns None for what is no expression at all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from troth.errors import SpecError
from troth.generation.source import Seeded, Source, Unsatisfiable
from troth.schema import ecma
from troth.schema.untrusted_schema import UnusableSchema, embedded
from troth.seed import Seed

Draw = Callable[[Source, int], str]
# Draws a part of a text; the last argument has the texts of the groups before it.
_Part = Callable[[Source, int, dict[int, str]], str]

_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_WORD = _LOWER + _LOWER.upper() + _DIGITS + "_"
_PRINTABLE = "".join(chr(code) for code in range(32, 127))
# Where any character would do, letters and digits look best.
_PLEASANT = _LOWER + _DIGITS
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": " \t\n"}
_PROPERTIES = {
    **dict.fromkeys(("L", "Letter", "Alphabetic", "Alpha"), _LOWER + _LOWER.upper()),
    **dict.fromkeys(("Lu", "Uppercase_Letter", "Uppercase", "Upper"), _LOWER.upper()),
    **dict.fromkeys(("Ll", "Lowercase_Letter", "Lowercase", "Lower"), _LOWER),
    **dict.fromkeys(("N", "Nd", "Number", "Decimal_Number", "digit"), _DIGITS),
    **dict.fromkeys(("P", "Punctuation", "punct"), "!-.,;:?"),
    **dict.fromkeys(("S", "Symbol"), "+<=>$"),
    **dict.fromkeys(("Z", "Separator", "Zs", "Space_Separator", "White_Space", "space"), " "),
    **dict.fromkeys(("ASCII", "Any", "Assigned", "Latin", "Latn"), _PLEASANT),
    **dict.fromkeys(("Emoji_Presentation", "EPres", "Extended_Pictographic"), "😀🎉🚀"),
    **dict.fromkeys(("Greek", "Grek"), "αβγδ"),
    **dict.fromkeys(("Cyrillic", "Cyrl"), "абвг"),
    **dict.fromkeys(("Han", "Hani"), "中文字"),
    **dict.fromkeys(("Hiragana", "Hira"), "あいう"),
}
_MOST_REPEATS = 4096
#: So many texts are drawn for a long one, their repetitions up to so much beyond their minimum.
_DRAWS, _LONG = 8, 12
#: So many characters of a range are drawn from.
_MOST = 256


class _Undrawable(Exception):
    """The expression has a part that nothing is known to match."""


def matches(pattern: str, text: str) -> bool:
    """Whether *pattern* (ECMA-262, not anchored) matches *text*, as the validator sees it."""
    return _search(pattern)(text)


@lru_cache(maxsize=1024)
def _search(pattern: str) -> Callable[[Any], bool]:
    try:
        return embedded({"pattern": pattern}).is_valid
    except (UnusableSchema, SpecError):
        return lambda text: False


@lru_cache(maxsize=1024)
def generator(pattern: str) -> Draw | None:
    """Compile *pattern* to a function that draws matching strings, or None.

    The function's second argument says how far repetitions should go beyond their minimum.
    """
    try:
        part = _drawing(ecma.parse(pattern).part)
    except (ecma.NotEcma, _Undrawable):
        return None
    # a pattern is searched for, not matched whole (JSON Schema 2020-12 §6.3.3)
    closed = pattern.endswith("$") and not pattern.endswith("\\$")

    def draw(source: Source, grow: int) -> str:
        if closed:
            return part(source, grow, {})
        more = "".join([source.choice(_PLEASANT) for _ in range(source.below(grow + 1))])
        return part(source, grow, {}) + more

    return draw


@lru_cache(maxsize=1024)
def longest(pattern: str) -> str | None:
    """The longest of a few texts that *pattern* matches, each as long as may be; None for none."""
    draw = generator(pattern)
    if draw is None:
        return None
    try:
        drawn = [draw(Seeded(Seed.of("longest", index)), _LONG) for index in range(_DRAWS)]
    except Unsatisfiable:
        return None
    return max((text for text in drawn if matches(pattern, text)), key=len, default=None)


def _drawing(part: ecma.Part) -> _Part:
    match part:
        case ecma.Set():
            return _one_of(_members(part))
        case ecma.Sequence(parts):
            drawn = [
                _drawing(each) for each in parts if not isinstance(each, (ecma.Edge, ecma.Look))
            ]
            return lambda source, grow, groups: "".join(
                [draw(source, grow, groups) for draw in drawn]
            )
        case ecma.Choice(branches):
            offered = [_drawing(branch) for branch in branches]
            return lambda source, grow, groups: source.choice(offered)(source, grow, groups)
        case ecma.Repeat(inner, low, high):
            if low > _MOST_REPEATS:
                raise _Undrawable
            return _repeat(_drawing(inner), low, _MOST_REPEATS if high is None else high)
        case ecma.Group(inner, number):
            return _remembered(_drawing(inner), number)
        case ecma.Cased(inner, _):
            return _drawing(inner)
        case ecma.Back(numbers):
            # ECMA-262 §22.2.2.9: a group that took no part matches the empty text
            return lambda source, grow, groups: next(
                (groups[number] for number in numbers if number in groups), ""
            )
    return lambda source, grow, groups: ""


def _members(part: ecma.Set) -> str:
    """The characters that are drawn of a set."""
    if part.negated and not part.classes and part.ranges in ((), ecma.DOT.ranges):
        return _PLEASANT
    named = [_named(name) for name in part.classes]
    listed = [
        "".join(map(chr, range(low, min(high, low + _MOST - 1) + 1))) for low, high in part.ranges
    ]
    letters = "".join(listed + named)
    letters = _without(letters, part) if part.negated else letters
    if not letters:
        raise _Undrawable
    return letters


def _named(name: str) -> str:
    kind, _, rest = name.partition("{")
    property_name = rest.rstrip("}").rpartition("=")[2]
    members = _PROPERTIES.get(property_name, "") if rest else _CLASSES[kind.lower()]
    if not members:
        raise _Undrawable
    return _without(members) if kind.isupper() else members


def _without(members: str, part: ecma.Set | None = None) -> str:
    ranges = part.ranges if part is not None else ()
    return "".join(
        char
        for char in _PLEASANT + _PRINTABLE
        if char not in members and not any(low <= ord(char) <= high for low, high in ranges)
    )


def _remembered(part: _Part, number: int) -> _Part:
    def draw(source: Source, grow: int, groups: dict[int, str]) -> str:
        text = groups[number] = part(source, grow, groups)
        return text

    return draw


def _one_of(members: str) -> _Part:
    if len(members) == 1:
        return lambda source, grow, groups: members
    return lambda source, grow, groups: members[source.below(len(members))]


def _repeat(part: _Part, low: int, high: int) -> _Part:
    def draw(source: Source, grow: int, groups: dict[int, str]) -> str:
        most = min(high, low + grow)
        count = low + source.below(most - low + 1) if most > low else low
        source.spend(count // 16)
        return "".join([part(source, grow, groups) for _ in range(count)])

    return draw
