"""Regular expressions: whether one matches a text, and texts drawn from the expression itself.

Reads the dialect that JSON Schema recommends (ECMA-262 without the exotic).  What it cannot draw
from (look-around) it skips, so callers check what they got; `generator` returns
None for what it cannot read at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from troth.errors import SpecError
from troth.generation.source import Source
from troth.schema.untrusted_schema import UnusableSchema, embedded

Draw = Callable[[Source, int], str]
# Draws a part of a text; the last argument has the texts of the groups before it.
_Part = Callable[[Source, int, dict[str, str]], str]

_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_WORD = _LOWER + _LOWER.upper() + _DIGITS + "_"
_PRINTABLE = "".join(chr(code) for code in range(32, 127))
# Where any character would do, letters and digits look best.
_PLEASANT = _LOWER + _DIGITS
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": " \t\n"}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_PROPERTIES = {
    "L": _LOWER + _LOWER.upper(),
    "Letter": _LOWER + _LOWER.upper(),
    "Alphabetic": _LOWER + _LOWER.upper(),
    "Lu": _LOWER.upper(),
    "Uppercase_Letter": _LOWER.upper(),
    "Ll": _LOWER,
    "Lowercase_Letter": _LOWER,
    "N": _DIGITS,
    "Nd": _DIGITS,
    "Number": _DIGITS,
    "P": "!-.,;:?",
    "Punctuation": "!-.,;:?",
    "S": "+<=>$",
    "Z": " ",
}
_MOST_REPEATS = 4096
_DEEPEST = 60


class _Unreadable(Exception):
    """The expression is broken, or beyond what we draw from."""


@dataclass(slots=True)
class _Reader:
    """A recursive-descent reader of one expression; each part becomes a drawing function."""

    text: str
    at: int = 0
    depth: int = 0
    groups: int = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, word: str) -> bool:
        if self.text.startswith(word, self.at):
            self.at += len(word)
            return True
        return False

    def until(self, mark: str) -> str:
        end = self.text.find(mark, self.at)
        if end < 0:
            raise _Unreadable
        skipped, self.at = self.text[self.at : end], end + len(mark)
        return skipped

    def alternation(self) -> _Part:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _Unreadable
        branches = [self.sequence()]
        while self.take("|"):
            branches.append(self.sequence())
        self.depth -= 1
        if len(branches) == 1:
            return branches[0]
        return lambda source, grow, groups: source.choice(branches)(source, grow, groups)

    def sequence(self) -> _Part:
        parts: list[_Part] = []
        while self.peek() not in ("", "|", ")"):
            part = self.atom()
            low, high = self.quantifier()
            if part is None:
                continue
            parts.append(part if (low, high) == (1, 1) else _repeat(part, low, high))
        if len(parts) == 1:
            return parts[0]
        return lambda source, grow, groups: "".join([part(source, grow, groups) for part in parts])

    def quantifier(self) -> tuple[int, int]:
        bounds = (1, 1)
        if self.take("*"):
            bounds = (0, _MOST_REPEATS)
        elif self.take("+"):
            bounds = (1, _MOST_REPEATS)
        elif self.take("?"):
            bounds = (0, 1)
        elif self.peek() == "{":
            start = self.at
            self.at += 1
            low, comma, high = self.until("}").partition(",")
            if not low.isdigit() or (high and not high.isdigit()):
                self.at = start
                return bounds
            most = int(high) if high else _MOST_REPEATS if comma else int(low)
            bounds = (int(low), most)
        if bounds[0] > _MOST_REPEATS or bounds[0] > bounds[1]:
            raise _Unreadable
        self.take("?")
        return bounds

    def atom(self) -> _Part | None:
        char = self.text[self.at]
        self.at += 1
        if char in "^$":
            return None
        if char == ".":
            return _one_of(_PLEASANT)
        if char == "[":
            return _one_of(self.bracket())
        if char == "(":
            return self.group()
        if char == "\\":
            if self.peek() in ("b", "B"):
                self.at += 1
                return None
            if self.peek() == "k" or self.peek() in tuple("123456789"):
                return self.back_reference()
            return _one_of(self.escape())
        if char in "*+?":
            raise _Unreadable
        return lambda source, grow, groups: char

    def group(self) -> _Part | None:
        looks = any(self.take(mark) for mark in ("?=", "?!", "?<=", "?<!"))
        names: list[str] = []
        if not looks and self.take("?"):
            if not (self.take("<") or self.take("P<") or self.take(":")):
                raise _Unreadable
            if self.text[self.at - 1] == "<":
                names.append(self.until(">"))
        if not looks and (names or self.text[self.at - 1] == "("):
            self.groups += 1
            names.append(str(self.groups))
        inner = self.alternation()
        if not self.take(")"):
            raise _Unreadable
        if looks:
            return None
        return _remembered(inner, names) if names else inner

    def back_reference(self) -> _Part:
        if self.take("k<"):
            name = self.until(">")
        else:
            start = self.at
            while self.peek().isdigit():
                self.at += 1
            name = self.text[start : self.at]
        # ECMA-262 §22.2.2.9: a group that took no part matches the empty text
        return lambda source, grow, groups: groups.get(name, "")

    def escape(self) -> str:
        char = self.peek()
        self.at += 1
        if char in ("p", "P"):
            if not self.take("{"):
                raise _Unreadable
            name = self.until("}").rpartition("=")[2]
            members = _PROPERTIES.get(name)
            if members is None:
                raise _Unreadable
            return members if char == "p" else _without(members)
        if char in _CLASSES:
            return _CLASSES[char]
        if char and char in "DWS":
            return _without(_CLASSES[char.lower()])
        if char == "x":
            return self.code(2)
        if char == "u":
            return chr(int(self.until("}")[1:], 16)) if self.peek() == "{" else self.code(4)
        if char == "c":
            self.at += 1
            return chr(ord(self.text[self.at - 1 : self.at] or "@") % 32)
        if not char:
            raise _Unreadable
        return _CONTROLS.get(char, char)

    def code(self, digits: int) -> str:
        hexadecimal = self.text[self.at : self.at + digits]
        self.at += digits
        try:
            return chr(int(hexadecimal, 16))
        except ValueError:
            raise _Unreadable from None

    def bracket(self) -> str:
        negated = self.take("^")
        members: list[str] = []
        first = True
        while first or self.peek() != "]":
            if first and self.peek() == "]":
                break
            first = False
            if not self.peek():
                raise _Unreadable
            low = self.member()
            if len(low) == 1 and self.peek() == "-" and self.text[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                high = self.member()
                if len(high) != 1 or high < low:
                    raise _Unreadable
                last = min(ord(high), ord(low) + 255)
                low = "".join(map(chr, range(ord(low), last + 1)))
            members.append(low)
        self.at += 1
        letters = "".join(members)
        letters = _without(letters) if negated else letters
        if not letters:
            raise _Unreadable
        return letters

    def member(self) -> str:
        char = self.peek()
        self.at += 1
        if char == "\\":
            if self.take("b"):
                return "\b"
            return self.escape()
        return char


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
    reader = _Reader(pattern)
    try:
        part = reader.alternation()
    except (_Unreadable, IndexError, ValueError, OverflowError):
        return None
    if reader.at != len(pattern):
        return None
    # a pattern is searched for, not matched whole (JSON Schema 2020-12 §6.3.3)
    closed = pattern.endswith("$") and not pattern.endswith("\\$")

    def draw(source: Source, grow: int) -> str:
        if closed:
            return part(source, grow, {})
        more = "".join([source.choice(_PLEASANT) for _ in range(source.below(grow + 1))])
        return part(source, grow, {}) + more

    return draw


def _remembered(part: _Part, names: list[str]) -> _Part:
    def draw(source: Source, grow: int, groups: dict[str, str]) -> str:
        text = part(source, grow, groups)
        groups.update(dict.fromkeys(names, text))
        return text

    return draw


def _without(members: str) -> str:
    return "".join(char for char in _PLEASANT + _PRINTABLE if char not in members)


def _one_of(members: str) -> _Part:
    if len(members) == 1:
        return lambda source, grow, groups: members
    return lambda source, grow, groups: members[source.below(len(members))]


def _repeat(part: _Part, low: int, high: int) -> _Part:
    def draw(source: Source, grow: int, groups: dict[str, str]) -> str:
        most = min(high, low + grow)
        count = low + source.below(most - low + 1) if most > low else low
        source.spend(count // 16)
        return "".join([part(source, grow, groups) for _ in range(count)])

    return draw
