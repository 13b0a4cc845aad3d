"""The token rule: text in pieces, the same ones that are counted, streamed and given logprobs.

A token is a word with the space before it (a long word is cut every twelve characters), a run of
spaces, a line break, or a single other character, it too with the space before it.  The first
tokens of a text are those of the text that they make.  Joined, all are the text again, and none
ends inside a grapheme (Unicode Standard Annex #29): a letter keeps its combining marks, an emoji
its modifiers and what a ZERO WIDTH JOINER ties to it, CR its LF, a flag both its halves.

Where the annex is subtle we join more than it asks for, which is always safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from troth.seed import Seed
from troth_mock.chat.corpus import lists

# Letters and digits of the scripts that put spaces between words; the others go one by one.
_WORDLY = "0-9A-Za-z\u00aa-\u02af\u0370-\u0e30\u10a0-\u10ff\u1200-\u1fff\u2c00-\u2dff\ua640-\uabff"

_ASCII = re.compile(r" ?[A-Za-z0-9]{1,12}+|\r\n| +(?=\s|\Z)| ?[^A-Za-z0-9\s]|[\s\S]")


def _class(ranges: Iterable[str]) -> str:
    parts = (part.partition("-") for part in ranges)
    return "".join(
        chr(int(low, 16)) + (f"-{chr(int(high, 16))}" if high else "") for low, _, high in parts
    )


def _compile() -> re.Pattern[str]:
    ranges = lists("combining_marks.txt")
    extending, linking = (f"[{_class(ranges[name])}]" for name in ("extending", "linking"))
    # GB9, GB9a, GB9c, GB11: marks stay, and a joiner or a virama ties what follows
    # GB5: but never a control, or CR would be torn from its LF
    visible = "[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
    tail = f"(?>{linking}{extending}*+{visible}|{extending})*+"
    # GB9b: a prepended mark belongs to what follows; GB6: so does a leading jamo
    prepended = (
        "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u1100-\u115f\ua960-\ua97f"
        "\U000110bd\U000110cd\U000111c2\U000111c3\U0001193f\U00011941\U00011a3a"
        "\U00011a84-\U00011a89\U00011d46\U00011f02]++"
    )
    flag = "[\U0001f1e6-\U0001f1ff]{2}"
    return re.compile(
        rf" ?(?:[{_WORDLY}]{tail}){{1,12}}+|\r\n| +(?=\s|\Z)"
        rf"| ?(?:{prepended}{visible}?|{flag}|(?!{linking}|{extending})\S){tail}"
        rf"|.{tail}",
        re.DOTALL,
    )


_LONG = 10_000

_compiled: list[re.Pattern[str]] = []


def tokens(text: str) -> list[str]:
    """Split *text* into its tokens."""
    if text.isascii():
        return _ASCII.findall(text)
    if not _compiled:  # most processes never meet such text, and compiling takes milliseconds
        _compiled.append(_compile())
    return _compiled[0].findall(text)


def count(value: Any) -> int:
    """How many tokens the strings of a JSON value have, names of members not counted."""
    texts: list[str] = []
    waiting = [value]
    while waiting:
        part = waiting.pop()
        kind = type(part)
        if kind is str:
            texts.append(part)
        elif kind is dict:
            waiting += part.values()
        elif kind is list:
            waiting += part
    return sum([_size(text) if len(text) < _LONG else _size_of_long(text) for text in texts])


def _size_of_long(text: str) -> int:
    # half the time of a list that nobody reads
    return _ASCII.subn("", text)[1] if text.isascii() else len(tokens(text))


@lru_cache(maxsize=1024)
def _size(text: str) -> int:
    # roles, a system's message and what was said before come with every request
    return len(tokens(text))


_MASK = (1 << 64) - 1
# What else might have stood there; more than anyone can ask for, so that one can be left out.
_OTHERS = (
    " the", " a", " and", " of", " to", ",", ".", " in", " is", " that", " for", " it", " with",
    " as", " on", " this", " are", " be", " or", " from", " an", "\n",
)  # fmt: skip


def logprob_entries(tokens: Sequence[str], seed: Seed, *, top: int) -> list[dict[str, Any]]:
    """One entry for each of *tokens*, with *top* alternatives, the token itself first."""
    state = int.from_bytes(seed.key[:8], "big")
    entries = []
    for token in tokens:
        # Knuth's MMIX generator; the high bits are the good ones
        state = (state * 6364136223846793005 + 1442695040888963407) & _MASK
        drawn = state >> 44
        logprob = -(drawn % 4000 + 1) / 10000
        entry = _entry(token, logprob)
        entry["top_logprobs"] = [_entry(token, logprob)][:top]
        others = [other for other in _OTHERS if other != token]
        for place in range(top - 1):
            logprob = round(logprob - 0.75 - (drawn >> place & 7) / 16, 6)
            entry["top_logprobs"].append(_entry(others[(drawn + place) % len(others)], logprob))
        entries.append(entry)
    return entries


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
