"""Natural sentences that answer a message: made from the frozen corpus, chosen by the seed.

An answer picks up the topic of the question, greets when greeted, and reports a tool's result
when there is one.  Different *index*es of one request give different answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from troth import json_text
from troth_mock import corpus
from troth_mock.tokens import tokens

#: How much of a message is read in search of its topic, in characters.
_READ = 2000
_MOST_READ = 80
_LONGEST_WORD = 40
_MOST_WORDS = 5
# A word: no white space, no control, and punctuation only inside.
_MARKS = (
    r"\s\x00-\x20\x7f-\x9f\"'`*_#<>()\[\]{}.,;:!?\u2026\u2018-\u201e\u00ab\u00bb\u00bf\u00a1"
    r"\u3001\u3002\u300c\u300d\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
)
_WORD = re.compile(rf"[^{_MARKS}]+(?:['\u2019._:][^{_MARKS}]+)*")
_MOST_RESULT = 400
_MOST_JSON = 100_000

_NAME = re.compile(r"(?<=[^.!?\s] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")

_BRIEF = (corpus.OPENINGS, corpus.CLOSINGS, corpus.DETAILS)
_PLAIN = (corpus.OPENINGS, corpus.DETAILS, corpus.EXAMPLES, corpus.CLOSINGS)
_GREETING = (corpus.GREETINGS, corpus.OFFERS)
# Coprime to the number of combinations of every list above, so that indexes never repeat one.
_STRIDE = 7919


def answer(message: str, *, number: int, index: int = 0, brief: bool = False) -> str:
    """Answer *message*; *number* is the request's draw, *index* that of the choice.

    With *brief*, in two sentences.
    """
    number += index * _STRIDE
    words = _words(message)
    if _is_greeting(words):
        return _combine(_GREETING, number)
    topic = topic_of(words) or corpus.FALLBACK_TOPICS[number % len(corpus.FALLBACK_TOPICS)]
    if brief:
        text = _combine(_BRIEF, number)
    elif number % 5 == 4:
        text = _listed(number // 5)
    else:
        text = _combine(_PLAIN, number)
    if "{T" in text:
        text = text.replace("{Topic}", topic[:1].upper() + topic[1:])
    return text.replace("{topic}", topic)


def report(tool: str, result: str, *, number: int, index: int = 0) -> str:
    """Tell *result*, which the tool called *tool* gave."""
    number += index * _STRIDE
    opening = corpus.RESULT_OPENINGS[number % len(corpus.RESULT_OPENINGS)]
    number //= len(corpus.RESULT_OPENINGS)
    closing = corpus.RESULT_CLOSINGS[number % len(corpus.RESULT_CLOSINGS)]
    name = f"`{shortened(tool, 64)}`" if tool else "the tool"
    if opening.startswith("{") and not tool:
        name = "The tool"
    said = shortened(_readable(result), _MOST_RESULT)
    return f"{opening.replace('{tool}', name)} {said}\n\n{closing}"


def _readable(result: str) -> str:
    """The members of a JSON object in words; any other result as it is."""
    if not result.startswith("{") or len(result) > _MOST_JSON:
        return result
    try:
        value = json_text.decode(result.encode("utf-8", "surrogatepass"))
    except json_text.BadJson:
        return result
    said = (
        f"{name}: {part if isinstance(part, str) else json_text.encode(part).decode()}"
        for name, part in value.items()
    )
    return ", ".join(said) or result


def topic(message: str) -> str:
    """The phrase that *message* is about, or a word that stands for one."""
    return topic_of(_words(message)) or corpus.FALLBACK_TOPICS[0]


def subject(message: str) -> str:
    """The last name in *message* (words with a capital, not its first), or nothing."""
    found = _NAME.findall(message[:_READ])
    names = [name for name in found if name.lower() not in corpus.STOP_WORDS]
    return names[-1][:_LONGEST_WORD] if names else ""


def topic_of(words: Sequence[str]) -> str:
    """The phrase that the question is about: a few words of it that stand together, or nothing.

    It begins and ends with a word that means something; an article may come before it.
    """
    best: Sequence[str] = ()
    best_size = start = end = size = 0
    stops, links = corpus.STOP_WORDS, corpus.LINKS
    for place, word in enumerate(words):
        lower = word.lower()
        if lower not in stops:
            start = start if size else place
            end, size = place + 1, size + 1
        elif size and lower in links and place - end < 2:
            continue
        else:
            size = 0
        if size > best_size:
            best_size = size
            first = start - 1 if start and words[start - 1].lower() in corpus.ARTICLES else start
            best = words[first:end]
        if size == _MOST_WORDS:
            break
    if best and best[0].lower() in corpus.ARTICLES:
        best = (best[0].lower(), *best[1:])
    return " ".join(best)


def words_of(message: str) -> list[str]:
    """The words that tell what *message* is about, in lower case."""
    found = (word.lower() for word in _words(message))
    return [word for word in found if len(word) > 2 and word not in corpus.STOP_WORDS]


def shortened(text: str, most: int) -> str:
    """At most about *most* characters of *text*, cut between graphemes, with a mark if cut."""
    if len(text) <= most:
        return text
    kept, length = [], 0
    for token in tokens(text[: most * 2]):
        length += len(token)
        if length > most:
            break
        kept.append(token)
    return "".join(kept) + "…"


def plain(value: Any) -> str:
    """The text of a message's content: a string, or the texts of its parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = (part.get("text") for part in value if isinstance(part, dict))
        return " ".join(part for part in parts if isinstance(part, str))
    return ""


def _words(message: str) -> list[str]:
    words = _WORD.findall(message[:_READ])[:_MOST_READ]
    if len(message) <= _LONGEST_WORD:
        return words
    return [
        word if len(word) <= _LONGEST_WORD else shortened(word, _LONGEST_WORD) for word in words
    ]


def _is_greeting(words: Sequence[str]) -> bool:
    if not words or len(words) > 6:
        return False
    lower = [word.lower() for word in words]
    if corpus.GREETING_WORDS.isdisjoint(lower):
        return False
    return all(word in corpus.GREETING_WORDS or word in corpus.SMALL_TALK for word in lower)


def _combine(parts: Sequence[Sequence[str]], number: int) -> str:
    chosen = []
    for options in parts:
        number, place = divmod(number, len(options))
        chosen.append(options[place])
    return " ".join(chosen)


def _listed(number: int) -> str:
    number, place = divmod(number, len(corpus.LIST_OPENINGS))
    opening = corpus.LIST_OPENINGS[place]
    points = list(corpus.POINTS)
    chosen = []
    for _ in range(3):
        number, place = divmod(number, len(points))
        chosen.append(points.pop(place))
    closing = corpus.CLOSINGS[number % len(corpus.CLOSINGS)]
    items = "\n".join(f"{index}. {point}" for index, point in enumerate(chosen, 1))
    return f"{opening}\n\n{items}\n\n{closing}"
