"""Strings that match a regular expression, drawn from the expression itself.

Reads the dialect that JSON Schema recommends (ECMA-262 without the exotic).  What it cannot draw
from (look-around, back-references) it skips, so callers check what they got; `generator` returns
None for what it cannot read at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from troth.generation.fast_source import Dice

Draw = Callable[[Dice, int], str]

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
        found, self.at = self.text[self.at : end], end + len(mark)
        return found

    def alternation(self) -> Draw:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _Unreadable
        branches = [self.sequence()]
        while self.take("|"):
            branches.append(self.sequence())
        self.depth -= 1
        if len(branches) == 1:
            return branches[0]
        return lambda dice, grow: dice.choice(branches)(dice, grow)

    def sequence(self) -> Draw:
        parts: list[Draw] = []
        while self.peek() not in ("", "|", ")"):
            part = self.atom()
            low, high = self.quantifier()
            if part is None:
                continue
            parts.append(part if (low, high) == (1, 1) else _repeat(part, low, high))
        if len(parts) == 1:
            return parts[0]
        return lambda dice, grow: "".join([part(dice, grow) for part in parts])

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

    def atom(self) -> Draw | None:
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
                raise _Unreadable
            return _one_of(self.escape())
        if char in "*+?":
            raise _Unreadable
        return lambda dice, grow: char

    def group(self) -> Draw | None:
        looks = any(self.take(mark) for mark in ("?=", "?!", "?<=", "?<!"))
        if not looks and self.take("?"):
            if not (self.take("<") or self.take("P<") or self.take(":")):
                raise _Unreadable
            if self.text[self.at - 1] == "<":
                self.until(">")
        inner = self.alternation()
        if not self.take(")"):
            raise _Unreadable
        return None if looks else inner

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
        found = self.text[self.at : self.at + digits]
        self.at += digits
        try:
            return chr(int(found, 16))
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
        found = "".join(members)
        found = _without(found) if negated else found
        if not found:
            raise _Unreadable
        return found

    def member(self) -> str:
        char = self.peek()
        self.at += 1
        if char == "\\":
            if self.take("b"):
                return "\b"
            return self.escape()
        return char


def generator(pattern: str) -> Draw | None:
    """Compile *pattern* to a function that draws matching strings, or None.

    The function's second argument says how far repetitions should go beyond their minimum.
    """
    reader = _Reader(pattern)
    try:
        draw = reader.alternation()
    except (_Unreadable, IndexError, ValueError, OverflowError):
        return None
    if reader.at != len(pattern):
        return None
    # a pattern is searched for, not matched whole (JSON Schema 2020-12 §6.3.3)
    closed = pattern.endswith("$") and not pattern.endswith("\\$")
    return draw if closed else _open_ended(draw)


def _open_ended(draw: Draw) -> Draw:
    def drawn(dice: Dice, grow: int) -> str:
        more = "".join([dice.choice(_PLEASANT) for _ in range(dice.below(grow + 1))])
        return draw(dice, grow) + more

    return drawn


def _without(members: str) -> str:
    return "".join(char for char in _PLEASANT + _PRINTABLE if char not in members)


def _one_of(members: str) -> Draw:
    if len(members) == 1:
        return lambda dice, grow: members
    return lambda dice, grow: members[dice.below(len(members))]


def _repeat(part: Draw, low: int, high: int) -> Draw:
    def draw(dice: Dice, grow: int) -> str:
        most = min(high, low + grow)
        count = low + dice.below(most - low + 1) if most > low else low
        dice.spend(count // 16)
        return "".join([part(dice, grow) for _ in range(count)])

    return draw
