"""What a description promises, read with a few careful patterns of English.

Pure text: nothing here knows a schema.  Each pattern is narrow on purpose; a sentence that hedges
("typically", "values between 0 and 1 should …") promises nothing and gives nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Number = int | float

_WORDS = tuple(
    "one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 - readable
)
_NUMBER = r"([-+]?\d[\d,]*(?:\.\d+)?|" + "|".join(_WORDS) + r")(?![\w%]|\.\d|:\d|/\d)"
_UNIT = r"(?:\s+(?P<unit>[a-z]+(?:-[a-z]+)*))?"
_QUOTED = r"(?:`([^`\n]{1,60})`|\"([^\"\n]{1,60})\"|(?<!\w)'([^'\n]{1,60})'(?!\w))"
_HEDGE = re.compile(
    r"\b(?:typical(?:ly)?|usual(?:ly)?|recommend\w*|suggest\w*|e\.g\.|for example|such as|"
    r"default\w*|generally|often|approximately|about|prefer\w*|unless|^for\b.*,|"
    r"(?:if|when)\b(?! (?:\w+ )?(?:set|specified|provided|present|given|used),))",
    re.IGNORECASE,
)
_EFFECT = re.compile(
    # what such values do, or a limit for one case of several
    r"\s*(?:should|will|would|may|might|can|could|tends?|results?|increases?|decreases?|"
    r"for|when|if|unless|except)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit that prose sets; *unit* is the word after it ("sequences"), *quote* the words.

    An exclusive limit is not itself allowed.
    """

    quote: str
    low: Number | None = None
    high: Number | None = None
    exclusive: bool = False
    unit: str = ""

    @property
    def counts_characters(self) -> bool:
        """Whether it limits a length of text."""
        return self.unit.startswith(("character", "char", "letter"))


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


# Each pattern: which groups hold the low and the high limit, and whether they are exclusive.
_BOUNDS: tuple[tuple[re.Pattern[str], str, bool], ...] = tuple(
    (re.compile(pattern + _UNIT, re.IGNORECASE), shape, exclusive)
    for pattern, shape, exclusive in (
        (rf"(?<!difference )\bbetween {_NUMBER} and {_NUMBER}", "range", False),
        (
            rf"\b(?:values?|numbers?|integers?|scores?|scale)(?: \w+){{0,2}} from {_NUMBER} to "
            rf"{_NUMBER}",
            "range",
            False,
        ),
        (
            rf"\brang(?:e|es|ing)(?: is| are)?(?: of| from|:)? {_NUMBER}"
            rf" ?(?:to|-|\u2013|and) ?{_NUMBER}",
            "range",
            False,
        ),
        (
            r"(?:^|(?:can|may|must) be |accepts? |supports? |provide |specify |contains? |allows? )"
            rf"up to {_NUMBER}",
            "high",
            False,
        ),
        (
            rf"(?:^|(?:be|is|are|has|have|contains?|with|,) )(?:at most|no more than|not more than)"
            rf" {_NUMBER}",
            "high",
            False,
        ),
        (rf"\b(?:must|can|may)(?: not|not) exceed {_NUMBER}", "high", False),
        (
            rf"\b(?:maximum|max)(?: (?:length|value|size))?(?: is| of|:) {_NUMBER}",
            "high",
            False,
        ),
        (rf"\((?:maximum|max) {_NUMBER}(?=\))", "high", False),
        (rf"\b(?:must|should) be less than or equal to {_NUMBER}", "high", False),
        (rf"\bmust be (?:less|smaller) than(?! or) {_NUMBER}", "high", True),
        (rf"\bmust (?:be|have|contain)(?: a value of)? at least {_NUMBER}", "low", False),
        (rf"\bminimum(?: (?:length|value|size))?(?: is| of|:) {_NUMBER}", "low", False),
        (rf"\b(?:must|should) be greater than or equal to {_NUMBER}", "low", False),
        (rf"\bmust be (?:greater|larger|more) than(?! or) {_NUMBER}", "low", True),
    )
)


def bounds(text: str) -> list[Bound]:
    """List the limits that *text* sets on the value that it describes."""
    found: dict[tuple[object, ...], Bound] = {}
    for sentence in sentences(text):
        for bound in _sentence_bounds(sentence):
            # two patterns may read the same words
            found.setdefault((sentence, bound.low, bound.high, bound.exclusive), bound)
    return list(found.values())


def _sentence_bounds(sentence: str) -> Iterator[Bound]:
    for pattern, shape, exclusive in _BOUNDS:
        for match in pattern.finditer(sentence):
            before, after = sentence[: match.start()], sentence[match.end("unit") :]
            numbers = [_number(group) for group in match.groups()[:-1] if group]
            rest = sentence[_end_of_numbers(match) :]
            if _HEDGE.search(before) or any(_EFFECT.match(part) for part in (rest, after)):
                continue
            low = numbers[0] if shape in ("range", "low") else None
            high = numbers[-1] if shape in ("range", "high") else None
            if low is not None and high is not None and low > high:
                continue
            unit = (match["unit"] or "").lower()
            quote = sentence[match.start() : _end_of_numbers(match)].strip(" ,(")
            yield Bound(quote, low, high, exclusive, unit)
    positive = re.search(r"\bmust be (?:a )?(positive|non-?negative)\b", sentence, re.IGNORECASE)
    if positive and not _HEDGE.search(sentence[: positive.start()]):
        yield Bound(positive[0], low=0, exclusive=positive[1].lower() == "positive")


def _end_of_numbers(match: re.Match[str]) -> int:
    last = len(match.groups()) - 1
    return max(match.end(group) for group in range(1, last + 1))


def _number(text: str) -> Number:
    if text.lower() in _WORDS:
        return _WORDS.index(text.lower()) + 1
    text = text.replace(",", "")
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 1 << 53 else value


_WORD = r"([A-Za-z_][\w.-]*\w|\w)"
_ONLY = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:currently|at present|for now),? only (?:{_QUOTED}|{_WORD}) is supported",
        rf"(?:^|[,(] ?)only (?:{_QUOTED}|(?!one\b){_WORD}) is (?:currently )?"
        r"(?:supported|allowed|valid)",
        rf"\bonly (?:supported|allowed|valid|possible) value (?:is|for \w+ is):? {_QUOTED}",
        rf"\b(?:is|must) always(?: be)?(?: set to)?:? {_QUOTED}",
        rf"\balways {_QUOTED}[).]?$",
        rf"\bmust be(?: set to)?(?: the (?:string|value|literal))?:? {_QUOTED}"
        r"(?=[.)]?$| for (?:this|now)\b)",
        r"\bmust be(?: set to)? (true|false|null)(?=[.]?$| for this\b)",
    )
)


def only_value(text: str) -> tuple[Any, str] | None:
    """Find the only value that *text* allows, and the words that say so."""
    for sentence in sentences(text):
        for pattern in _ONLY:
            match = pattern.search(sentence)
            if match and not re.search(r"\b(?:if|when|unless)\b", sentence, re.IGNORECASE):
                word = next(group for group in match.groups() if group is not None)
                return literal(word), match[0].strip(" ,(")
    return None


def one_of(text: str) -> tuple[tuple[str, ...], str] | None:
    """Find the closed list of quoted values that *text* allows, and the words that say so."""
    item = r"(?:`[^`\n]{1,60}`|\"[^\"\n]{1,60}\")"
    listing = rf"{item}(?:,? (?:or |and )?{item}|, {item})+"
    opening = r"(?:must be|can only be|has to be|is)(?: either)?(?: one of)?:?"
    pattern = rf"\b{opening} (?P<list>{listing})[.)]?$"
    for sentence in sentences(text):
        match = re.search(pattern, sentence, re.IGNORECASE)
        closed = match and re.search(r"must|only|has to|one of|either", match[0], re.IGNORECASE)
        if match and closed and not re.search(r"\b(?:if|when)\b", sentence, re.IGNORECASE):
            return tuple(word[1:-1] for word in re.findall(item, match["list"])), match[0]
    return None


_THIS = r"this (?:parameter|field|option|property|setting|value)"
_NAME = r"(?:`(?P<quoted>[A-Za-z_][\w.]*)`|`?(?P<plain>[a-z][a-z0-9]*(?:_[a-z0-9]+)*))"
# a bare word could be an adjective ("is non-empty"): a value is a JSON literal or is quoted
_VALUE = r"(?P<value>`[^`\n]{1,60}`|\"[^\"\n]{1,60}\"|'[^'\n]{1,60}'|true|false|null|\d+)`?"
_NEEDS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_NAME} must be (?:set to |enabled|provided|present|specified)(?:{_VALUE})?"
        rf",? (?:if|when|for) {_THIS}(?: is (?:used|set|provided|specified|present))?",
        rf"(?i:only set this) (?:if|when) (?:you set |setting )?{_NAME}(?:: | is (?:set to )?| to )"
        rf"{_VALUE}(?=[.,;)]|$)",
        r"(?i:only (?:allowed|valid|used|applicable|applies|relevant|supported|available|has"
        rf" (?:an )?effect)) (?:if|when) {_NAME} is (?:set to )?{_VALUE}(?=[.,;)]|$)",
    )
)
_NEEDED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?i:required) (?:if|when) (?:the )?{_NAME} is (?:set to )?{_VALUE}(?=[.,;)]|$)",
        r"(?i:must be (?:provided|set|present|specified)) (?:if|when) (?:the )?"
        rf"{_NAME} is (?:set to )?{_VALUE}(?=[.,;)]|$)",
    )
)


def dependencies(text: str) -> list[Dependency]:
    """List the members that *text* ties to the one that it describes."""
    found = []
    for sentence in sentences(text):
        for needs, patterns in ((True, _NEEDS), (False, _NEEDED)):
            for pattern in patterns:
                for match in pattern.finditer(sentence):
                    name = match["quoted"] or match["plain"]
                    value = None if match["value"] is None else literal(_bare(match["value"]))
                    quote = match[0].strip(" .")
                    found.append(Dependency(name, value, quote, needs))
    return found


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
    match = re.search(r"\(\s*`?(\w+)`?((?:\s*\+\s*`?\w+`?)+)\s*\)", text)
    if match:
        terms = (match[1], *re.findall(r"\w+", match[2]))
    else:
        match = re.search(r"\bsum of `(\w+)`(?: and|,) `(\w+)`", text)
        terms = match.groups() if match else ()
    return (terms, match[0].strip("( )")) if match and len(set(terms)) > 1 else None


def is_count(text: str) -> bool:
    """Whether *text* describes a number of things, which cannot be negative."""
    return bool(
        re.match(
            r"(?:the |a )?(?:total |maximum |minimum |max |min |overall |combined )*number of\b|"
            r"(?:the )?(?:total )?count of\b|how many\b",
            text,
            re.IGNORECASE,
        )
    )


_STREAM = re.compile(
    r"\bserver[- ]sent[- ]events?\b|\bSSE\b|\btext/event-stream\b|\bevent[- ]stream\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"\b(?:not|no|never|without|unlike|instead of|non)\b", re.IGNORECASE)


def stream_promise(text: str) -> str | None:
    """Find the sentence of *text* that promises an event stream."""
    for sentence in sentences(text):
        match = _STREAM.search(sentence)
        if match and not _NEGATION.search(sentence[: match.start()]):
            return sentence.strip(" -*")
    return None
