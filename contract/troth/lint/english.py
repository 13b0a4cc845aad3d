"""What a description promises, read with a few careful patterns of English (english.yaml).

Pure text: nothing here knows a schema.  A sentence that hedges ("typically", "values between 0 and
1 should …") promises nothing and gives nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troth.document.source import data_beside

Number = int | float

_DATA: dict[str, Any] = data_beside(__file__)
_WORDS: list[str] = _DATA["numbers"]
_NUMBER = r"([-+]?\d[\d,]*(?:\.\d+)?|" + "|".join(_WORDS) + r")(?![\w%]|\.\d|:\d|/\d)"
_NO_ITEMS = frozenset(_DATA["no_items"])
_PARTS = {**_DATA["parts"], "number": _NUMBER}
_CASE_MATTERS = ("needs", "needed", "sum")


def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(re.sub(r"(?<!\?P)<(\w+)>", lambda part: _PARTS[part[1]], pattern), flags)


_PHRASES = {
    name: [_compiled(each, 0 if name in _CASE_MATTERS else re.IGNORECASE) for each in patterns]
    for name, patterns in _DATA["phrases"].items()
}
#: What each pattern's numbers are: a range, its low or high end, or what is out of it.
_BOUNDS = [
    (_compiled(pattern + "<unit>", re.IGNORECASE), kind)
    for kind, patterns in _DATA["bounds"].items()
    for pattern in patterns
]


def _find(phrase: str, text: str) -> re.Match[str] | None:
    """Find the first phrase of a kind in *text*."""
    return next((match for each in _PHRASES[phrase] if (match := each.search(text))), None)


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit that prose sets, itself allowed if not *exclusive*; *unit* is the word after it."""

    quote: str
    low: Number | None = None
    high: Number | None = None
    exclusive: bool = False
    unit: str = ""

    @property
    def counts_characters(self) -> bool:
        """Whether it limits a length of text."""
        return self.unit.startswith(("char", "letter"))

    @property
    def counts_items(self) -> bool:
        """Whether it may limit a number of items: its unit is a plain noun."""
        return bool(self.unit) and self.unit not in _NO_ITEMS and not self.counts_characters


@dataclass(frozen=True, slots=True)
class Dependency:
    """A member that prose ties to this one.

    With *needs*, using this member asks for *other* (to be *value*, unless that is None);
    otherwise *other* being *value* asks for this member.
    """

    other: str
    value: Any
    quote: str
    needs: bool = True


def sentences(text: str) -> list[str]:
    """Split *text* at the ends of sentences and at list items."""
    flat = re.sub(r"\s*\n\s*[-*]\s+", ". ", text)
    flat = " ".join(flat.split())
    return [part for part in re.split(r"(?<=[.!?;])(?<!e\.g\.)(?<!i\.e\.)\s+(?=\S)", flat) if part]


def bounds(text: str) -> list[Bound]:
    """List the limits that *text* sets on the value that it describes."""
    distinct: dict[tuple[object, ...], Bound] = {}
    for sentence in sentences(text):
        for bound in _sentence_bounds(sentence):
            # two patterns may read the same words
            distinct.setdefault((sentence, bound.low, bound.high, bound.exclusive), bound)
    return list(distinct.values())


def _sentence_bounds(sentence: str) -> Iterator[Bound]:
    for pattern, kind in _BOUNDS:
        for match in pattern.finditer(sentence):
            end = match.end(len(match.groups()) - 1)  # of the last number
            after = (sentence[end:], sentence[match.end("unit") :])
            if _find("hedge", sentence[: match.start()]) or any(
                _find("effect", each) for each in after
            ):
                continue
            numbers = [_number(group) for group in match.groups()[:-1]]
            low = numbers[0] if kind in ("range", "low", "above") else None
            high = numbers[-1] if kind in ("range", "high", "below") else None
            if low is not None and high is not None and low > high:
                continue
            quote = sentence[match.start() : end].strip(" ,(")
            unit = (match["unit"] or "").lower()
            yield Bound(quote, low, high, kind in ("below", "above"), unit)
    sign = _find("sign", sentence)
    if sign and not _find("hedge", sentence[: sign.start()]):
        yield Bound(sign[0], low=0, exclusive=sign[1].lower() == "positive")


def _number(text: str) -> Number:
    if text.lower() in _WORDS:
        return _WORDS.index(text.lower()) + 1
    value = float(text.replace(",", ""))
    return int(value) if value.is_integer() and abs(value) < 1 << 53 else value


def only_value(text: str) -> tuple[Any, str] | None:
    """Find the only value that *text* allows, and the words that say so."""
    for sentence in sentences(text):
        match = _find("only", sentence)
        if match and not _find("conditional", sentence) and not _find("exception", sentence):
            word = next(group for group in match.groups() if group is not None)
            return literal(word), match[0].strip(" ,(")
    return None


def one_of(text: str) -> tuple[tuple[str, ...], str] | None:
    """Find the closed list of quoted values that *text* allows, and the words that say so."""
    for sentence in sentences(text):
        match = _find("listing", sentence)
        if match and _find("closed", match[0]) and not _find("conditional", sentence):
            items = re.findall(_PARTS["item"], match["list"])
            return tuple(word[1:-1] for word in items), match[0]
    return None


def dependencies(text: str) -> list[Dependency]:
    """List the members that *text* ties to the one that it describes."""
    return [
        Dependency(
            match["quoted"] or match["plain"],
            None if match["value"] is None else literal(_bare(match["value"])),
            match[0].strip(" ."),
            needs=phrase == "needs",
        )
        for sentence in sentences(text)
        for phrase in ("needs", "needed")
        for pattern in _PHRASES[phrase]
        for match in pattern.finditer(sentence)
    ]


def _bare(word: str) -> str:
    return word[1:-1] if word[0] in "`\"'" else word


def literal(word: str) -> Any:
    """Read *word* as a JSON boolean, null or number, or else as the text that it is."""
    try:
        value = json.loads(word)
    except ValueError:
        return word.strip("\"'")
    return word if isinstance(value, (dict, list)) else value


def sum_of(text: str) -> tuple[tuple[str, ...], str] | None:
    """Find the terms of the sum that *text* says it describes: `total (prompt + completion)`."""
    match = _find("sum", text)
    terms = tuple(re.findall(r"\w+", " ".join(match.groups()))) if match else ()
    return (terms, match[0].strip("( )")) if match and len(set(terms)) > 1 else None


def is_count(text: str) -> bool:
    """Whether *text* describes a number of things, which cannot be negative."""
    return _find("count", text) is not None


def stream_promise(text: str) -> str | None:
    """Find the sentence of *text* that promises an event stream."""
    for sentence in sentences(text):
        match = _find("stream", sentence)
        if match is None or _find("negation", sentence[: match.start()]):
            continue
        if not _find("elsewhere", sentence):
            return sentence.strip(" -*")
    return None
