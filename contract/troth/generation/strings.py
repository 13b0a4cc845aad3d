"""Strings that a shape describes: patterns, formats, lengths, and the denials of these.

Where a shape leaves a text free, `natural` draws one as a mock should, `edgy` as a test should.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from troth.generation import patterns
from troth.generation.natural_strings import FORMATS, word
from troth.generation.shape import Shape
from troth.generation.source import Source, Unsatisfiable
from troth.schema import data_model
from troth.schema.untrusted_schema import UnusableSchema, embedded

# A text that must be longer than this repeats itself.
_LONG = 256
_LONGEST = 1_000_000
_TRIES = 24
# Pieces of plain text.
_PLAIN = tuple(
    "abcdefghijklmnopqrstuvwxyz 0123456789.,?!'-ABCDEFGHIJKLMNOPQRSTUVWXYZ_/:\"\\{}[]<>&%"
)
# Pieces that programs trip over: NUL and other controls, combining, right-to-left, joined emoji,
# astral, separators, a byte order mark, the highest code points, a replacement character.
_HARD = (
    "é", "\u0301", "ß", "中", "שלום", "العربية", "\u202e", "\u200d",
    "👩\u200d👩\u200d👧", "🏳️\u200d🌈", "\U0001d4b3", "\U0010fffd", "\u2028", "\ufeff", "\ufffd",
    "\x00", "\x1b[31m", "\x7f", "\t", "\r\n", "İ", "ﬁ",
)  # fmt: skip
_PHRASES = (
    "Hello!", "What is the capital of France?", "Tell me a short story about a fox.", "ok", "",
    "List three prime numbers.", "data: [DONE]", "null",
)  # fmt: skip


def natural(shape: Shape, source: Source, told: str | None = None) -> str:
    """A text as long as *shape* asks for: *told* if it will do, or a word."""
    least, most = shape.min_length, shape.max_length
    text = word(source) if told is None else told
    while len(text) < least:
        text += f" {word(source)}" * max(1, (least - len(text)) // 16)
    if most is None or len(text) <= most:
        return text
    cut = text[:most].strip()
    return cut if cut and len(cut) >= least else text[:most]


def edgy(shape: Shape, source: Source) -> str:
    """A text as long as *shape* asks for: a phrase, plain pieces, or now and then hard ones."""
    low, most = shape.min_length, shape.max_length
    manner = source.below(10)
    if manner < 6:
        phrase = source.choice(_PHRASES)
        if manner and is_long_enough(shape, phrase):
            return phrase
    if low > _LONG:
        piece = source.text(_PLAIN, 16, 16)
        return (piece * (low // 16 + 1))[:low]
    high = max(low, min(low + 24, most if most is not None else low + 24))
    if manner < 9:
        return source.text(_PLAIN, low, high)
    # A hard piece may be several characters: as many pieces as surely fit.
    text = source.text(_HARD, max(low, 1) if high else 0, max(high // 6, low, 1) if high else 0)
    return text if most is None or len(text) <= most else text[:most]


def is_long_enough(shape: Shape, text: str) -> bool:
    """Whether *text* is as long as *shape* asks for, and no longer."""
    return shape.min_length <= len(text) and (
        shape.max_length is None or len(text) <= shape.max_length
    )


def is_free(shape: Shape) -> bool:
    """Whether *shape* asks nothing of a text, except that it may not be too long."""
    constraints = (shape.min_length, shape.content, shape.encodings, shape.patterns, shape.formats)
    return not any((*constraints, shape.anti_patterns, shape.anti_formats))


def encoded(shape: Shape, text: str) -> str:
    """*text* as `contentEncoding` asks."""
    for name in shape.encodings:
        write, _ = data_model.ENCODINGS[name]
        text = write(text.encode("utf-8", "replace")).decode("ascii")
    return text


def string(shape: Shape, source: Source, free: Callable[[], str]) -> str:
    """A text that *shape* describes; *free* draws one of any length.  Raises Unsatisfiable."""
    if shape.min_length > _LONGEST:
        raise Unsatisfiable(
            f"it asks for {shape.min_length} characters, which is more than troth draws"
        )
    source.spend(shape.min_length // 256)
    if shape.patterns and not shape.formats:
        return _patterned(shape, source)
    if shape.anti_formats:
        broken = data_model.FORMATS[shape.anti_formats[0]].counterexample
        if is_long_enough(shape, broken):
            return broken
    if shape.formats and (formatted := _formatted(shape, source)) is not None:
        return formatted
    if shape.patterns:
        text = _patterned(shape, source)
        return text if _has_formats(shape, text) else _joined(shape, source) or text
    for _ in range(_TRIES if shape.anti_patterns else 1):
        text = free()
        if not any(patterns.matches(pattern, text) for pattern in shape.anti_patterns):
            return text
    return _off_pattern(shape)


def _formatted(shape: Shape, source: Source) -> str | None:
    """A text of the formats of *shape* that is the rest of what it asks for, if one is found."""
    drawing = [FORMATS[name] for name in shape.formats if name in FORMATS]
    for attempt in range(_TRIES if drawing else 0):
        text = drawing[0](source if attempt < 2 else source.anew("format", attempt))
        if suits(shape, text):
            return text
    return None


def _has_formats(shape: Shape, text: str) -> bool:
    check: Callable[[str], bool] | None = shape.derived.get("has formats")
    if check is None:
        check = embedded({"allOf": [{"format": name} for name in shape.formats]}).is_valid
        shape.derived["has formats"] = check
    return check(text)


def _joined(shape: Shape, source: Source) -> str | None:
    """A text of the format of *shape* whose end, or start, is what its pattern asks for."""
    drawing = [FORMATS[name] for name in shape.formats if name in FORMATS]
    makers = [maker for maker in map(patterns.generator, shape.patterns) if maker is not None]
    for attempt in range(_TRIES if drawing and makers else 0):
        tries = source if attempt < 2 else source.anew("joined", attempt)
        text, part = drawing[0](tries), makers[attempt % len(makers)](tries, attempt % 4)
        cuts = range(len(text) + 1)
        ends, starts = (
            (text[: len(text) - cut] + part for cut in cuts),
            (part + text[cut:] for cut in cuts),
        )
        for whole in (*ends, *starts):
            if suits(shape, whole) and _has_formats(shape, whole):
                return whole
    return None


def by_another(shape: Shape, source: Source) -> str | None:
    """A text that *shape* describes, as another generator draws it, where ours finds none."""
    others: list[str] | None = shape.derived.get("by another")
    if others is None:
        # Hypothesis takes a quarter of a second to import, and hardly a schema needs it
        from troth.generation.independent import instances

        schema: dict[str, Any] = {"type": "string", "minLength": shape.min_length}
        if shape.max_length is not None:
            schema["maxLength"] = shape.max_length
        asked = [{"pattern": pattern} for pattern in shape.patterns]
        asked += [{"format": name} for name in shape.formats]
        schema |= asked[0] if len(asked) == 1 else {"allOf": asked}
        try:
            check = embedded(schema).is_valid
        except UnusableSchema:
            others = []
        else:
            others = instances(schema, lambda text: suits(shape, text) and check(text))
        shape.derived["by another"] = others
    return source.choice(others) if others else None


def _patterned(shape: Shape, source: Source) -> str:
    """A text that matches all patterns and is as long as asked for, in a bounded number of tries.

    One pattern's text may happen to match the others; else all of them one after the other.
    """
    makers = [maker for maker in map(patterns.generator, shape.patterns) if maker is not None]
    for attempt in range(_TRIES * 3 if makers else 0):
        several = len(makers) > 1 and attempt >= 8 and attempt % 2 == 1
        at = (attempt // 2 if several else attempt) % len(makers)
        grow = 3 if attempt < 8 else 3 + attempt % _TRIES
        if attempt >= _TRIES * 2:
            grow = max(shape.min_length, 1)
        tries = source if attempt < _TRIES else source.anew("text", attempt)
        parts = makers[at:] + makers[:at] if several else makers[at : at + 1]
        text = "".join([part(tries, 0 if several else grow) for part in parts])
        if len(text) < shape.min_length:
            text = _stretched(shape, text)
        if suits(shape, text):
            return text
    raise Unsatisfiable(f"no string was found that matches {shape.patterns[0]!r}")


def suits(shape: Shape, text: str) -> bool:
    """Whether *text* is what *shape* asks for, formats aside."""
    if not (shape.patterns or shape.anti_patterns):
        return is_long_enough(shape, text)
    return (
        is_long_enough(shape, text)
        and all(patterns.matches(pattern, text) for pattern in shape.patterns)
        and not any(patterns.matches(pattern, text) for pattern in shape.anti_patterns)
    )


def _stretched(shape: Shape, text: str) -> str:
    missing = shape.min_length - len(text)
    for filler in ("a", "0", " ", text[-1:] or "a", text[:1] or "a"):
        for longer in (text + filler * missing, filler * missing + text):
            if all(patterns.matches(pattern, longer) for pattern in shape.patterns):
                return longer
    return text


def _off_pattern(shape: Shape) -> str:
    for text in ("", " ", "!", "0", "a", "\n", "é", "A", "~~~~", "-1", "a b"):
        longer = text if len(text) >= shape.min_length else (text or "!") * shape.min_length
        if suits(shape, longer):
            return longer
    raise Unsatisfiable(f"no string was found that does not match {shape.anti_patterns[0]!r}")
