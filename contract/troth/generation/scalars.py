"""Strings and numbers within their limits: mostly plain, now and then hard."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from troth.generation import natural_strings, patterns
from troth.generation.alternatives import Unsupported
from troth.generation.keywords import is_multiple, plain_fit
from troth.generation.shape import Conjunction, Shape, identity
from troth.generation.source import Dice, Seeded
from troth.seed import Seed

if TYPE_CHECKING:
    from troth.generation.alternatives import Alternatives
    from troth.generation.fast_source import Dice as Throws

#: Pieces of plain text.
PLAIN = tuple(
    "abcdefghijklmnopqrstuvwxyz 0123456789.,?!'-ABCDEFGHIJKLMNOPQRSTUVWXYZ_/:\"\\{}[]<>&%"
)
#: Pieces that programs trip over: NUL and other controls, combining, right-to-left, joined emoji,
#: astral, separators, a byte order mark, the highest code points, a replacement character.
HARD = (
    "é",
    "\u0301",
    "ß",
    "中",
    "שלום",
    "العربية",
    "\u202e",
    "\u200d",
    "👩‍👩‍👧",
    "🏳️‍🌈",
    "\U0001d4b3",
    "\U0010fffd",
    "\u2028",
    "\ufeff",
    "\ufffd",
    "\x00",
    "\x1b[31m",
    "\x7f",
    "\t",
    "\r\n",
    "İ",
    "ﬁ",
)
_PHRASES = (
    "Hello!",
    "What is the capital of France?",
    "Tell me a short story about a fox.",
    "ok",
    "",
    "List three prime numbers.",
    "data: [DONE]",
    "null",
)
#: Texts that are not of a format, where "not one" would be.
NO_FORMAT = {
    "regex": "[",
    "json-pointer": "a",
    "uri-reference": "http://[",
    "iri-reference": "http://[",
    "uri-template": "{",
    "hostname": "not a host",
    "idn-hostname": "not a host",
}
# A text that must be longer than this repeats itself.
_LONG = 256
_TRIES = 24
# An integer without limits stays small: servers may cap what costs them.
_USUAL = 100
_WIDE = 2**31 - 1


def string(shape: Shape, dice: Dice, matches: Callable[[str, str], bool], name: str) -> str:
    """A text that *shape* describes."""
    if shape.patterns:
        return _patterned(shape, dice, matches)
    if shape.anti_formats:
        found = NO_FORMAT.get(shape.anti_formats[0], "not one")
        if _long_enough(shape, found):
            return found
    if shape.formats:
        made = natural_strings.FORMATS.get(shape.formats[0])
        if made is not None:
            found = made(cast("Throws", dice))
            if _long_enough(shape, found):
                return found
    for _ in range(_TRIES if shape.anti_patterns else 1):
        found = _free(shape, dice)
        if not any(matches(pattern, found) for pattern in shape.anti_patterns):
            return found
    return _off_pattern(shape, matches)


def _long_enough(shape: Shape, text: str) -> bool:
    return shape.min_length <= len(text) and (
        shape.max_length is None or len(text) <= shape.max_length
    )


def _free(shape: Shape, dice: Dice) -> str:
    low, most = shape.min_length, shape.max_length
    manner = dice.below(10)
    if manner < 6:
        phrase = dice.choice(_PHRASES)
        if manner and _long_enough(shape, phrase):
            return phrase
    if low > _LONG:
        piece = dice.text(PLAIN, 16, 16)
        return (piece * (low // 16 + 1))[:low]
    high = max(low, min(low + 24, most if most is not None else low + 24))
    if manner < 9:
        return dice.text(PLAIN, low, high)
    # A hard piece may be several characters: as many pieces as surely fit.
    text = dice.text(HARD, max(low, 1) if high else 0, max(high // 6, low, 1) if high else 0)
    return text if most is None or len(text) <= most else text[:most]


def _patterned(shape: Shape, dice: Dice, matches: Callable[[str, str], bool]) -> str:
    drawn = [patterns.generator(pattern) for pattern in shape.patterns]
    makers = [draw for draw in drawn if draw is not None]
    if not makers:
        raise Unsupported(f"the pattern {shape.patterns[0]!r}")
    for attempt in range(_TRIES * 3):
        grow = 3 + attempt % _TRIES if attempt < _TRIES * 2 else max(shape.min_length, 1)
        # Dice that always fall alike never get further, so other ones are thrown in the end.
        throws = dice if attempt < _TRIES else Seeded(Seed.of("text", attempt))
        text = makers[attempt % len(makers)](cast("Throws", throws), grow)
        if len(text) < shape.min_length:
            text = _stretched(shape, text, matches)
        if (
            _long_enough(shape, text)
            and all(matches(pattern, text) for pattern in shape.patterns)
            and not any(matches(pattern, text) for pattern in shape.anti_patterns)
        ):
            return text
    raise Unsupported(f"the pattern {shape.patterns[0]!r} together with its other limits")


def _stretched(shape: Shape, text: str, matches: Callable[[str, str], bool]) -> str:
    missing = shape.min_length - len(text)
    for filler in ("a", "0", " ", text[-1:] or "a", text[:1] or "a"):
        for longer in (text + filler * missing, filler * missing + text):
            if all(matches(pattern, longer) for pattern in shape.patterns):
                return longer
    return text


def _off_pattern(shape: Shape, matches: Callable[[str, str], bool]) -> str:
    for text in ("", " ", "!", "0", "a", "\n", "é", "A", "~~~~", "-1", "a b"):
        longer = text if len(text) >= shape.min_length else (text or "!") * shape.min_length
        if _long_enough(shape, longer) and not any(
            matches(pattern, longer) for pattern in shape.anti_patterns
        ):
            return longer
    raise Unsupported(f"not the pattern {shape.anti_patterns[0]!r}")


def number(shape: Shape, kind: str, dice: Dice) -> int | float:
    """A number that *shape* describes: an integer, or (*kind* `number`) perhaps a fraction."""
    if shape.multiples:
        return _multiple(shape, kind, dice)
    whole = kind == "integer" or ("integer" in shape.types and dice.chance(30))
    low, high = whole_limits(shape)
    if whole and low is not None and high is not None and low > high:
        whole = False
    if whole:
        if shape.costs and (low is None or low <= min(shape.costs)):
            cap = math.floor(min(shape.costs))
            high = cap if high is None else min(high, cap)
        return _not_multiple(shape, _integer(low, high, dice), dice)
    return _not_multiple(shape, _fraction(shape, dice), dice)


def whole_limits(shape: Shape) -> tuple[int | None, int | None]:
    """The least and the greatest integer that the limits allow."""
    low = high = None
    if shape.low is not None:
        low = math.ceil(shape.low.value)
        low += shape.low.strict and low == shape.low.value
    if shape.high is not None:
        high = math.floor(shape.high.value)
        high -= shape.high.strict and high == shape.high.value
    return low, high


def _integer(low: int | None, high: int | None, dice: Dice) -> int:
    if low is None and high is None:
        low, high = -_USUAL, _USUAL
    elif low is None:
        low = cast("int", high) - _USUAL
    elif high is None:
        high = low + _USUAL
    assert low is not None
    assert high is not None
    if high - low >= _WIDE:
        # int32 and the like: the format is a limit of the machine, not a range to explore.
        low, high = max(low, -_USUAL), min(high, max(low, 0) + _USUAL)
    return dice.between(low, high)


def _fraction(shape: Shape, dice: Dice) -> float:
    low = _exact(shape.low.value if shape.low else (shape.high.value - 100 if shape.high else -100))
    high = _exact(shape.high.value if shape.high else (shape.low.value + 100 if shape.low else 100))
    for digits in (2, 4, 8, 15, 30):
        scale = 10**digits
        first, last = math.ceil(low * scale), math.floor(high * scale)
        first += bool(shape.low and shape.low.strict and first == low * scale)
        last -= bool(shape.high and shape.high.strict and last == high * scale)
        if "integer" not in shape.types and first == last and first % scale == 0:
            continue
        if first <= last:
            found = dice.between(first, last)
            if "integer" not in shape.types and found % scale == 0:
                found += 1 if found < last else -1
            return found / scale
    raise Unsupported("no number between its limits")


def _exact(value: int | float) -> Fraction:
    """*value* as the decimal that it is written as."""
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def _multiple(shape: Shape, kind: str, dice: Dice) -> int | float:
    step = Fraction(1) if kind == "integer" or "number" not in shape.types else None
    for of in shape.multiples:
        other = _exact(of)
        step = other if step is None else _common(step, other)
    assert step is not None
    low = _exact(shape.low.value) if shape.low else None
    high = _exact(shape.high.value) if shape.high else None
    first = -_USUAL if low is None else math.ceil(low / step)
    last = first + 2 * _USUAL if high is None else math.floor(high / step)
    if low is None and high is not None:
        first = last - 2 * _USUAL
    if shape.low and shape.low.strict and first * step == low:
        first += 1
    if shape.high and shape.high.strict and last * step == high:
        last -= 1
    if first > last:
        raise Unsupported("no multiple between its limits")
    span = min(last - first, 10**6)
    start = dice.between(0, span)
    for turn in range(min(span, _TRIES) + 1):
        found = (first + (start + turn) % (span + 1)) * step
        if not any((found / _exact(of)).denominator == 1 for of in shape.not_multiples):
            return int(found) if found.denominator == 1 else float(found)
    raise Unsupported("no multiple that is not another's as well")


def _common(one: Fraction, other: Fraction) -> Fraction:
    numerator = math.lcm(one.numerator * other.denominator, other.numerator * one.denominator)
    return Fraction(numerator, one.denominator * other.denominator)


def _not_multiple(shape: Shape, found: int | float, dice: Dice) -> int | float:
    if not shape.not_multiples:
        return found
    for step in (0, 1, -1, 0.5, -0.5, 0.01, 0.001):
        other = found + step
        if isinstance(other, float) and "number" not in shape.types:
            continue
        if not any(is_multiple(other, of) for of in shape.not_multiples) and plain_fit(
            shape, other, matches=lambda pattern, text: True
        ):
            return other
    raise Unsupported("no number that is not a multiple")


def another(
    alternatives: Alternatives,
    nodes: Conjunction,
    taken: set[bytes],
    *,
    default: Any,
    shape: Shape | None = None,
) -> Any:
    """A simple value that is not among *taken*, tried in a fixed order."""
    shapes = alternatives.of(nodes) if shape is None else (shape,)
    for value in _simple_values(shapes):
        if identity(value) not in taken and any(alternatives.fits(one, value) for one in shapes):
            return value
    return default


def _simple_values(shapes: tuple[Shape, ...]) -> Any:
    for shape in shapes:
        low, high = whole_limits(shape)
        start = low if low is not None else (high - 300 if high is not None else 0)
        yield from shape.values or ()
        if "string" in shape.types:
            yield from (f"{'x' * max(shape.min_length - 3, 0)}{index}" for index in range(1000))
            yield from ("none of these"[: shape.max_length], "~" * max(shape.min_length, 1))
        if "integer" in shape.types:
            yield from range(start, start + 300)
        if "number" in shape.types:
            yield from (start + index / 8 for index in range(1, 300))
        yield from (True, False, None, {}, [], {"a": 1}, [0], [1])
