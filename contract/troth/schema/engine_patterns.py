r"""Expressions of ECMA-262, written for the engine that matches them.

The engine (jsonschema-rs: fancy-regex) differs in what `.`, `\b` and `\w` are, in classes within
classes, in references to groups that took no part, and in surrogates; what is written for it uses
none of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import jsonschema_rs

from troth.schema.ecma import (
    CLASSES,
    LAST,
    Back,
    Cased,
    Choice,
    Edge,
    Group,
    Look,
    NotEcma,
    Part,
    Repeat,
    Sequence,
    Set,
    parse,
)

_WORD = "[0-9A-Z_a-z]"
_HEAVY = 1000
# The engine's texts have no surrogates: `validators.legible` puts these in their place.
_SURROGATES, _STAND_INS = (0xD800, 0xDFFF), 0xF0000 - 0xD800

#: How much work one pattern may be: its automaton in bytes, its steps on one string.
LIMITS = jsonschema_rs.FancyRegexOptions(
    backtrack_limit=100_000, size_limit=1 << 20, dfa_size_limit=1 << 20
)


@lru_cache(maxsize=4096)
def written(pattern: str) -> str:
    """The same as *pattern* for the engine.

    Raises NotEcma, also for what cannot be said there, and (without a part) where it is too much.
    """
    part = parse(pattern).part
    text = _Writer(frozenset(_referred(part))).text(part)
    # the engine would say so as well, but of all the schemas that use it
    if _weight(part) > _HEAVY:
        try:
            jsonschema_rs.Draft202012Validator({"pattern": text}, pattern_options=LIMITS)
        except (ValueError, jsonschema_rs.ValidationError):
            raise NotEcma("", "it is too large to run, or has a script that is none") from None
    return text


def _weight(part: Part) -> int:
    """About how many states an automaton of *part* has."""
    if isinstance(part, Set):
        return 1 + sum(_HEAVY if "=" in name else 100 for name in part.classes if "{" in name)
    inner = sum(map(_weight, _inner(part)))
    return inner * max(part.high or part.low, 1) if isinstance(part, Repeat) else inner


def _referred(part: Part) -> Iterator[int]:
    """The numbers of the groups that are referred to."""
    if isinstance(part, Back):
        yield from part.numbers
    for inner in _inner(part):
        yield from _referred(inner)


def _inner(part: Part) -> tuple[Part, ...]:
    match part:
        case Sequence(parts):
            return parts
        case Choice(branches):
            return branches
        case Repeat() | Group() | Cased() | Look():
            return (part.part,)
    return ()


class _Writer:
    """Writes an expression for the engine; *referred* are the groups that have to be groups.

    There a reference to a group that took no part fails.  So wherever such a group may be passed
    by, an empty group is set in its place, and the reference is to one of them.
    """

    def __init__(self, referred: frozenset[int]) -> None:
        self._referred = referred
        self._written = 0
        # for each group, the engine's numbers of what may be set for it
        self._numbers: dict[int, list[int]] = {}
        self._closed: set[int] = set()

    def text(self, part: Part) -> str:
        match part:
            case Set():
                return _set(part)
            case Sequence(parts):
                return "".join([self._grouped(each, Choice) for each in parts])
            case Choice(branches):
                return self._choice(branches)
            case Repeat():
                return self._repeat(part)
            case Group(inner, number):
                return self._group(inner, number)
            case Cased(inner, ignored):
                return f"(?{'i' if ignored else '-i'}:{self.text(inner)})"
            case Look():
                mark = ("<" if part.behind else "") + ("!" if part.negated else "=")
                return f"(?{mark}{self.text(part.part)})"
            case Back(numbers):
                return self._back(numbers)
            case Edge(kind):
                return _EDGES[kind]

    def _grouped(self, part: Part, *kinds: type) -> str:
        text = self.text(part)
        return f"(?:{text})" if isinstance(part, kinds) else text

    def _choice(self, branches: tuple[Part, ...]) -> str:
        groups = [frozenset(_groups(branch)) & self._referred for branch in branches]
        texts = []
        for branch, own in zip(branches, groups, strict=True):
            others = sorted(frozenset().union(*groups) - own)
            absent = "".join([self._absent(number) for number in others])
            texts.append(absent + self.text(branch))
        return "|".join(texts)

    def _absent(self, number: int) -> str:
        """An empty group for one that takes no part here."""
        self._written += 1
        self._numbers.setdefault(number, []).append(self._written)
        return "()"

    def _repeat(self, part: Repeat) -> str:
        if isinstance(part.part, Look):
            # asked twice it answers the same
            return self.text(part.part) if part.low else ""
        own = sorted(frozenset(_groups(part.part)) & self._referred)
        low, high = part.low, part.high
        if high not in (0, 1) and self._referred.intersection(_optional(part.part)):
            # ECMA-262 §22.2.2.3.1: each time round the groups inside begin anew
            raise NotEcma("a reference into what is repeated", "the engine forgets no group")
        inner = self._grouped(part.part, Sequence, Choice, Repeat)
        if inner in ("", "(?:)"):
            return ""
        lazy = "?" if part.lazy else ""
        if not own or low:
            return inner + _count(low, high) + lazy
        if high == 0:
            return "".join([self._absent(number) for number in own])
        absent = "".join([self._absent(number) for number in own])
        several = inner + _count(1, high) + lazy
        return f"(?:{absent}|{several})" if part.lazy else f"(?:{several}|{absent})"

    def _group(self, inner: Part, number: int) -> str:
        if number not in self._referred:
            return f"(?:{self.text(inner)})"
        self._written += 1
        mine = self._written
        text = self.text(inner)
        self._closed.add(number)
        self._numbers.setdefault(number, []).insert(0, mine)
        return f"({text})"

    def _back(self, numbers: tuple[int, ...]) -> str:
        # a group that is open, or yet to come, has matched nothing so far
        known = [
            each
            for number in numbers
            if number in self._closed
            for each in self._numbers.get(number, ())
        ]
        return f"(?:{'|'.join(f'(?:{_BACKSLASH}{each})' for each in known)})" if known else ""


_BACKSLASH = "\\"
_EDGES = {
    "^": "^",
    "$": "$",
    "m^": r"(?<![^\n\r\u{2028}\u{2029}])",
    "m$": r"(?![^\n\r\u{2028}\u{2029}])",
    "b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}


def _groups(part: Part) -> Iterator[int]:
    if isinstance(part, Group):
        yield part.number
    for inner in _inner(part):
        yield from _groups(inner)


def _optional(part: Part) -> Iterator[int]:
    """The groups in *part* that may take no part in a match of it."""
    if isinstance(part, Choice) or (isinstance(part, Repeat) and not part.low):
        yield from _groups(part)
    for inner in _inner(part):
        yield from _optional(inner)


def _count(low: int, high: int | None) -> str:
    short = {(0, None): "*", (1, None): "+", (0, 1): "?", (1, 1): ""}.get((low, high))
    if short is not None:
        return short
    return f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"


def _set(part: Set) -> str:
    ranges = [span for each in part.ranges for span in _without_surrogates(*each)]
    if not part.negated and not part.classes and len(ranges) == 1 and len(set(ranges[0])) == 1:
        return _char(ranges[0][0])
    if len(part.classes) == 1 and part.classes[0][0] in "pP" and not part.ranges:
        name = part.classes[0]
        return f"\\{name}" if not part.negated else f"[^\\{name}]"
    inside = "".join([_span(*each) for each in ranges] + [_class(name) for name in part.classes])
    if not inside:
        return r"[^\u{0}-\u{10FFFF}]" if not part.negated else r"[\u{0}-\u{10FFFF}]"
    return f"[{'^' if part.negated else ''}{inside}]"


def _class(name: str) -> str:
    if name[0] in "pP":
        return f"\\{name}"
    spans = CLASSES[name.lower()]
    if name.isupper():
        edges = [-1, *(edge for span in spans for edge in span), LAST + 1]
        spans = tuple(
            (low + 1, high - 1)
            for low, high in zip(edges[::2], edges[1::2], strict=True)
            if low + 1 < high
        )
    return "".join([_span(low, high) for low, high in spans])


def _without_surrogates(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The range without surrogates, and what stands for those that it has."""
    first, last = _SURROGATES
    if high < first or low > last:
        yield low, high
        return
    if low < first:
        yield low, first - 1
    if high > last:
        yield last + 1, high
    yield max(low, first) + _STAND_INS, min(high, last) + _STAND_INS


def _span(low: int, high: int) -> str:
    # the engine has no surrogates to end a range with
    low = 0xE000 if 0xD800 <= low <= 0xDFFF else low
    high = 0xD7FF if 0xD800 <= high <= 0xDFFF else high
    return _char(low) if low == high else f"{_char(low)}-{_char(high)}"


def _char(code: int) -> str:
    char = chr(code)
    if char.isascii() and (char.isalnum() or char in " _\"'<>=:;,!@%`/"):
        return char
    if 32 < code < 127:
        return f"\\{char}"
    return f"\\u{{{code:X}}}"
