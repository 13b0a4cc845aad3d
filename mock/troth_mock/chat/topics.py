"""What a message is about: a phrase of it that can stand behind "about" in an English sentence.

The rules know English by its small words alone.  A phrase is a run of words that mean something,
with the article before it.  What a "how do I" or a "to" asks to do becomes a gerund ("sorting a
list"); of "why do cats purr" the subject is kept.  What fits no rule is taken as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from troth_mock.chat import corpus

#: How much of a message is read in search of its topic, in characters.
READ = 2000
_MOST_READ = 80
_MOST_WORDS = 5
_MOST_SENTENCES = 8

# A word: no white space, no control (those of direction neither), and punctuation only inside.
_MARKS = (
    r"/\s\x00-\x20\x7f-\x9f\"'`*_#<>()\[\]{}.,;:!?\u2026\u2018-\u201e\u00ab\u00bb\u00bf\u00a1"
    r"\u3001\u3002\u300c\u300d\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\u061f\u060c"
    r"\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
)
WORD = re.compile(rf"[^{_MARKS}]+(?:['\u2019._:/][^{_MARKS}]+)*")
# A word, or what ends a run of them.
_BREAK = r"[,;]|\((?!\))|(?<!\()\)"
_TOKEN = re.compile(rf"{WORD.pattern}|{_BREAK}")
# the same of ASCII, in four fifths of the time
_IN_WORD = r"[0-9A-Za-z$%&+\-=@\\^|~]++"
_ASCII_TOKEN = re.compile(rf"{_IN_WORD}(?:['._:/]{_IN_WORD})*+|{_BREAK}")
_CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)
_END = re.compile(r"(?<=[.!?\u2026:])\s+|\s*\n\s*|(?<=[\u3002\uff01\uff1f])")
# the same of ASCII: what begins with a set of characters is searched for in half the time
_ASCII_END = re.compile(r"\s(?:(?<=[.!?:]\s)\s*|(?<=\n)\s*|\s*\n\s*)")
_QUESTION = ("?", "\uff1f", "\u061f")

_DO, _BE, _MODAL = corpus.WORDS["do"], corpus.WORDS["be"], corpus.WORDS["modal"]
_AUXILIARIES = _DO | _BE | _MODAL
_ASKING = corpus.WORDS["asking"]
_PERSONS = corpus.WORDS["persons"]
_DUMMIES = _PERSONS | corpus.WORDS["dummies"]
_BEFORE_CLAUSES = corpus.WORDS["before clauses"]
_DEMONSTRATIVES = corpus.WORDS["demonstratives"]
_POSSESSIVES = corpus.WORDS["possessives"]
_DETERMINERS = corpus.ARTICLES | _DEMONSTRATIVES | _POSSESSIVES
_LINKS = corpus.LINKS | _DETERMINERS
_NOUNS, _LEADS = corpus.WORDS["nouns"], corpus.WORDS["leads"]
_DOUBLING, _VERBS, _TASKS = corpus.WORDS["doubling"], corpus.WORDS["verbs"], corpus.WORDS["tasks"]
# "built", "made", "written": how something was done, and no part of its name.
_PARTICIPLE = re.compile(r".*(?:ed|en|lt|ade|ound|orn|old|ept|aught)")
BREAKS = frozenset(",;()")
_MEANS_NOTHING = corpus.STOP_WORDS | BREAKS
_VOWELS = "aeiou"


class Read(NamedTuple):
    """The first *words* of a message, in lower case; and what was *found* in it, in its order.

    That has the marks between the words too, which may stand among these; None: it is to be read
    in parts.
    """

    words: list[str]
    found: list[str] | None


def read(message: str) -> Read:
    """Read *message*, once for all that is to be known of its words."""
    text = message[:READ]
    if text.isascii():
        found = _ASCII_TOKEN.findall(text)
        if len(found) <= _MOST_READ:
            return Read([word.lower() for word in found], found)
    return Read(words(text.lower()), None)


def topic_of(message: str, *, known: Read | None = None) -> str:
    """The phrase that the last question, or else the first sentence, is about; or nothing.

    *known* is what `read` gives for *message*.
    """
    text = message[:READ]
    if "```" in text or "~~~" in text:
        text, known = _CODE.sub("\n", text), None
    end = _ASCII_END if text.isascii() else _END
    sentences = [piece for piece in end.split(text) if piece]
    if len(sentences) > 1:
        questions = [piece for piece in sentences if piece.endswith(_QUESTION)]
        sentences = [*questions[:-2:-1], *sentences]
    elif known is not None and known.found is not None:
        return _phrase(known.found, known.words)
    for sentence in sentences[:_MOST_SENTENCES]:
        found = _TOKEN.findall(sentence)[:_MOST_READ]
        phrase = _phrase(found, [word.lower().replace("\u2019", "'") for word in found])
        if phrase:
            return phrase
    return ""


def words(message: str) -> list[str]:
    """The first words of *message*."""
    return WORD.findall(message[:READ])[:_MOST_READ]


def _phrase(words: list[str], lower: list[str]) -> str:
    subject = _subject(lower)
    start, end = subject or _longest(lower, 0, len(lower))
    if start >= end:
        return ""
    if subject is None and start and lower[start - 1] == "it" and "to" in lower[start:end]:
        # "is it safe to": what counts is what is done
        start += lower[start:end].index("to") + 1
    first = lower[start]
    if end == len(lower) == 1 and first in _TASKS:
        return ""  # "Fix: …" is told behind the colon what to fix
    if subject is None and (not start or words[start] == first) and _is_to_do(lower, start):
        return " ".join((gerund(first), *_owned(words[start + 1 : end])))
    phrase = _owned(words[start:end])
    if start and (determiner := _determiner(lower[start - 1])):
        phrase.insert(0, determiner)
    return " ".join(phrase)


def _determiner(word: str) -> str:
    if word in corpus.ARTICLES or word in _DEMONSTRATIVES:
        return word
    return "your" if word in _POSSESSIVES else ""


def _owned(words: Sequence[str]) -> list[str]:
    """What is mine for who asks is yours for who answers."""
    return ["your" if word in _POSSESSIVES else word for word in words]


def _longest(lower: Sequence[str], start: int, stop: int) -> tuple[int, int]:
    """Where the longest run of words begins and ends that means something, links inside."""
    nothing, links, determiners = _MEANS_NOTHING, _LINKS, _DETERMINERS
    articles = corpus.ARTICLES
    best = (start, start)
    best_size = size = end = 0
    before = ""
    for place in range(start, stop):
        word = lower[place]
        # "a list", "the show": what has an article is a noun
        if word not in nothing or (before in articles and word in _NOUNS):
            start = start if size else place
            end, size = place + 1, size + 1
            if size > best_size:
                best_size, best = size, (start, end)
            if size == _MOST_WORDS:
                break
        elif word not in links or (
            place > end and (place > end + 1 or word not in determiners or before in determiners)
        ):
            size = 0
        before = word
    return best


def _subject(lower: Sequence[str]) -> tuple[int, int] | None:
    """Of "how does a car work", "why is the sky blue" and "who wrote it" what they are about."""
    if len(lower) < 3:
        return None
    if lower[0] == "who" and lower[1] not in corpus.STOP_WORDS:
        return _longest(lower, 2, len(lower))
    asks, at = _auxiliary(lower)
    if not at or at >= len(lower) or lower[at] in _DUMMIES:
        return None
    verb = lower[at - 1]
    start, end = _longest(lower, at, len(lower))
    if start >= end or (start > at and (start > at + 1 or not _determiner(lower[at]))):
        return None
    inside = range(start + 1, end)
    if verb not in _BE:
        cut = next((place for place in inside if lower[place] in _VERBS), None)
        if cut is not None:
            return _longest(lower, start, cut)
    has_no_links = not any(lower[place] in _LINKS for place in inside)
    is_over = end == len(lower) or lower[end] not in _LINKS
    if not inside or not has_no_links or not is_over:
        return start, end
    # its last word is what the subject does, or how it is
    if verb in _BE and asks != "why" and not _PARTICIPLE.fullmatch(lower[end - 1]):
        return start, end
    return start, end - 1


def _auxiliary(lower: Sequence[str]) -> tuple[str, int]:
    """The question word of a question, and the place behind its do, is or can; 0: it has none."""
    if lower[0] in _AUXILIARIES:
        # a yes or no is asked for: "is it" and "why is it" are built alike
        return "why", 1
    for place in range(min(3, len(lower) - 1)):
        word, follows = lower[place], lower[place + 1]
        if word in _ASKING:
            if follows in _AUXILIARIES:
                return "why" if word == "how" else word, place + 2
            # "how far is it"
            return word, place + 3 if lower[place + 2 : place + 3] and lower[
                place + 2
            ] in _AUXILIARIES else 0
        if word == "what" and follows in _DO:
            return word, place + 2
    return "", 0


def _is_to_do(lower: Sequence[str], place: int) -> bool:
    """Whether the word at *place* is a verb: something that is to be done."""
    word = lower[place]
    if not (word.isascii() and word.isalpha()) or len(word) < 2 or word.endswith("ing"):
        return False
    before = lower[place - 1] if place else ""
    if before == "to":
        # "to Rome" has a capital; "to people" is too rare to be told apart
        return True
    if before in _PERSONS and place > 1:
        return lower[place - 2] in _DO | _MODAL | _BEFORE_CLAUSES
    return word in _TASKS and (not before or before in _LEADS)


def gerund(verb: str) -> str:
    """The -ing form of *verb*."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and len(verb) > 2 and verb[-2] not in "eoy":
        return verb[:-1] + "ing"
    is_short = sum(letter in _VOWELS for letter in verb) == 1 and len(verb) > 2
    if verb in _DOUBLING or (is_short and verb[-1] not in _VOWELS + "hwxy" and verb[-2] in _VOWELS):
        return verb + verb[-1] + "ing"
    return verb + "ing"
