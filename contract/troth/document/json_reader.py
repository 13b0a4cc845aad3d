"""JSON text to plain values, with the place of every node (RFC 8259).

The standard library's reader keeps neither places nor duplicate keys, and takes NaN.  Strings are
its scanner's; the rest is here.  Leaves to others: what the values mean.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # the C scanner; typeshed omits it
from typing import Any

from troth import pointer
from troth.document.source import MAX_NUMBER_LENGTH, Limits, Positions, pack
from troth.document.spec_errors import BadSyntax, Doubled, DuplicateKey, TooLarge, double
from troth.errors import Place, SpecError

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[-+]?[A-Za-z_][A-Za-z_0-9]*")
_CONSTANTS = {"null": None, "true": True, "false": False}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity", "+Infinity")


def read_json(
    text: str, positions: Positions, *, file: int, limits: Limits, doubled: Doubled | None = None
) -> Any:
    """Read the one JSON value of *text*.

    Of a name that is given twice the last counts, and *doubled* gets the fault; without it is
    raised.  Raises SpecError: BadSyntax, DuplicateKey, TooLarge.
    """
    return _Reader(text, positions, file, limits, doubled).document()


@dataclass(eq=False)
class _Reader:
    """The reading of one text: how far, and how deep."""

    text: str
    positions: Positions
    file: int
    limits: Limits
    doubled: Doubled | None
    depth: int = 0
    at: int = 0

    def __post_init__(self) -> None:
        self.lines = [0, *(end.end() for end in re.finditer(r"\n|\r(?!\n)", self.text))]

    def document(self) -> Any:
        char = self.skip()
        if self.positions.top is None:
            self.positions.top = self.position(self.at)
        value = self.value(char)
        if self.skip():
            raise self.wrong("text goes on after the end of the JSON value")
        return value

    def position(self, offset: int) -> int:
        line = bisect_right(self.lines, offset) - 1
        return pack(self.file, line, offset - self.lines[line])

    def place(self, offset: int) -> Place:
        return self.positions.place(self.position(offset))

    def wrong(self, fault: str, *, advice: str = "", offset: int | None = None) -> SpecError:
        at = self.at if offset is None else offset
        return BadSyntax(f"not valid JSON: {fault}", place=self.place(at), advice=advice)

    def skip(self, pattern: re.Pattern[str] = _SPACE) -> str:
        """Step over white space; the character after it, "" at the end."""
        char = self.text[self.at : self.at + 1]
        if char > " ":
            return char
        self.at = end = pattern.match(self.text, self.at).end()  # type: ignore[union-attr]  # the pattern matches the empty string
        return self.text[end : end + 1]

    def value(self, char: str) -> Any:
        if char == '"':
            return self.string()
        if char == "{" or char == "[":
            self.depth += 1
            if self.depth > self.limits.depth:
                raise TooLarge(
                    f"nested deeper than {self.limits.depth} levels", place=self.place(self.at)
                )
            self.at += 1
            value = self.object() if char == "{" else self.array()
            self.depth -= 1
            return value
        if match := _NUMBER.match(self.text, self.at):
            return self.number(match)
        return self.word(char)

    def string(self) -> str:
        start = self.at
        value: str
        try:
            value, self.at = scanstring(self.text, start + 1, True)
        except JSONDecodeError as error:
            raise self.wrong(error.msg[:1].lower() + error.msg[1:], offset=error.pos) from None
        if "\\u" in self.text[start : self.at]:
            try:
                value.encode()
            except UnicodeEncodeError:
                # RFC 8259 §8.2: half a surrogate pair is no character, and cannot be sent.
                raise self.wrong("half a surrogate pair in a string", offset=start) from None
        return value

    def number(self, match: re.Match[str]) -> int | float:
        text = match[0]
        if len(text) > MAX_NUMBER_LENGTH:
            raise self.wrong(f"a number of {len(text)} digits; {MAX_NUMBER_LENGTH} are the limit")
        number = float(text) if match[1] or match[2] else int(text)
        if number in (float("inf"), float("-inf")):
            raise self.wrong(f"{text} is too large for a number")
        self.at = match.end()
        return number

    def word(self, char: str) -> Any:
        word = _WORD.match(self.text, self.at)
        if word and word[0] in _CONSTANTS:
            self.at = word.end()
            return _CONSTANTS[word[0]]
        if word and word[0] in _NOT_FINITE:
            raise self.wrong(f"{word[0]} is not a JSON value", advice="Quote it if it is text.")
        raise self.wrong(f"expected a value, found {_name(char)}")

    def array(self) -> list[Any]:
        items: list[Any] = []
        noted: dict[Any, int] = {}
        self.positions.of[id(items)] = noted
        if (char := self.skip()) == "]":
            self.at += 1
            return items
        try:
            while True:
                noted[len(items)] = self.position(self.at)
                items.append(self.value(char))
                if (following := self.more("]")) is None:
                    return items
                char = following
        except SpecError as error:
            error.pointer = pointer.of([len(items)]) + error.pointer
            raise

    def object(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        noted: dict[Any, int] = {}
        self.positions.of[id(members)] = noted
        key: str | None = None
        if (char := self.skip()) == "}":
            self.at += 1
            return members
        try:
            while True:
                key, start = None, self.at
                if char != '"':
                    raise self.wrong(f'expected a member name in ", found {_name(char)}')
                key = self.string()
                if key in noted:
                    first = self.positions.place(noted[key])
                    fault = DuplicateKey(key, first=first, place=self.place(start))
                    double(fault, members, self.doubled)
                noted[key] = self.position(start)
                if (char := self.skip()) != ":":
                    raise self.wrong(f"expected ':', found {_name(char)}")
                self.at += 1
                members[key] = self.value(self.skip())
                if (following := self.more("}")) is None:
                    return members
                char = following
        except SpecError as error:
            error.pointer = pointer.of([] if key is None else [key]) + error.pointer
            raise

    def more(self, end: str) -> str | None:
        """Step over a comma, to the character after it; None if *end* was there instead."""
        char = self.skip()
        comma = self.at
        self.at += 1
        if char == end:
            return None
        if char != ",":
            self.at = comma
            raise self.wrong(f"expected ',' or '{end}', found {_name(char)}")
        if (char := self.skip()) == end:
            raise self.wrong(f"a comma before '{end}'", advice="Remove it.", offset=comma)
        return char


def _name(char: str) -> str:
    return repr(char) if char else "the end of the text"
