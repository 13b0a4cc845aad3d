"""The form that a message asks its answer to have: code, a table, a language, three sentences.

What calls for which answer stands in the heads of the corpus's files; here is how a message is
searched for it.  The small words of sizes ("short", "in 3 sentences", "five reasons") are English.
What a system's message asks for holds where the user's asks for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from troth_mock.chat import corpus, topics
from troth_mock.chat.corpus import Answer

#: More sentences or points than these are not said.
MOST_SENTENCES = 20
MOST_POINTS = 10
_USUAL_POINTS = 3
# three points have numbers
_USUAL_BULLETS = 4
#: What names the answer counts for more than any phrase of two words.
_WEIGHT_OF_NAMES = 2.5
_WEIGHT_OF_FORM = 2
_WORDS_OF_SENTENCE = 12
_MOST_KEYS = 50

_NUMBERS = {
    name: number
    for number, name in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(),  # noqa: SIM905 - reads better
        1,
    )
} | {"a": 1, "single": 1}
_COUNT = rf"(?P<count>[1-9][0-9]?|{'|'.join(_NUMBERS)})"
_SENTENCES = re.compile(
    rf"[,;]?\s*\b(?:in|with|using)\s+(?:\w+\s+)??{_COUNT}\s+(?:\w+\s+)?sentences?\b", re.IGNORECASE
)
_THINGS = "bullets|points|tips|ideas|reasons|ways|things|items|examples"
_POINTS = re.compile(rf"\b{_COUNT}\s+(?:\w+\s+)?(?:{_THINGS})\b", re.IGNORECASE)
_LISTED = re.compile(rf"\b(?:list(?:\s+of)?|top|name|suggest)\s+{_COUNT}\s+(?=\w)", re.IGNORECASE)
_SPOKEN = re.compile(
    r"[,;]?\s*\b(?:(?:in|with|of)\s+)?(?P<count>[1-9][0-9]{0,3})\s+words\b", re.IGNORECASE
)
_BULLETS = re.compile(
    r"\b(?:(?:in|as|with|using|use)\s+)?(?:an?\s+)?bullet(?:s|ed|\s+points?|(?:ed)?\s+list)*\b"
    r"(?:\s+(?:to|of|about|on|for)\b)?",
    re.IGNORECASE,
)
_KEY = r"[\"'`]?[A-Za-z_][\w-]*[\"'`]?"
_KEYS = re.compile(
    r"\b(?:keys?|fields|properties|members|attributes)(?:\s+(?:named|called))?:?\s+"
    rf"(?P<keys>{_KEY}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*){_KEY})*)",
    re.IGNORECASE,
)
_NO_KEY = re.compile(r"\band\b|[^\w-]+", re.IGNORECASE)
_LISTS = corpus.WORDS["lists"]
_WORD = re.compile(
    r"[^\s.,;:!?()\"\u00a1\u00ab\u00bb\u00bf\u201c-\u201f\u3001\u3002\uff0c\uff1f\u061f]+"
)
# "a table of": what it is a table of is the topic
_OF = r"(?:of|about|on|for|comparing|between)"
_ABOUT = re.compile(rf"\s+(?:{_OF}|to)\s+(?=\w)")


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked for: one of *answers*, so many *sentences* or *points*, an object of *keys*.

    *rest* is the message without the words that ask for it.
    """

    rest: str
    answers: tuple[Answer, ...] = ()
    sentences: int = 0
    points: int = 0
    keys: tuple[str, ...] = ()


def form_of(message: str, words: Iterable[str], *, system: str = "") -> Form | None:
    """The form that *message* asks for; *words* are its words in lower case.

    If it asks for none, that which *system*, the message of a system, asks for of all; else None.
    """
    form = _form_of(message, words)
    if form is None and system:
        usual = _usual(system[: topics.READ])
        return None if usual is None else replace(usual, rest=message)
    return form


@lru_cache(maxsize=64)
def _usual(system: str) -> Form | None:
    """How *system* wants every answer to be: in a language, as JSON, so short."""
    if found := _SENTENCES.search(system):
        return Form("", sentences=min(_number(found), MOST_SENTENCES))
    spoken = _spoken(system)
    scores = _scores(spoken, least=2)
    chosen = tuple(_best((score, answer) for score, answer in scores if answer.is_alone))
    return _chosen(system, "", chosen) if chosen else None


def _form_of(message: str, words: Iterable[str]) -> Form | None:
    if _TELLING.isdisjoint(words) and (message.isascii() or not _is_foreign(message)):
        return None
    message = message[: topics.READ]
    if found := _SENTENCES.search(message):
        return Form(_without(message, found), sentences=min(_number(found), MOST_SENTENCES))
    spoken = _spoken(message)
    if chosen := tuple(_best(_scores(spoken))):
        return _chosen(message, _unasked(message, chosen), chosen)
    if found := _SPOKEN.search(message):
        count = -(-int(found["count"]) // _WORDS_OF_SENTENCE)
        return Form(_behind(message, found), sentences=min(count, MOST_SENTENCES))
    if found := _BULLETS.search(message):
        rest = _without(message, found)
        counted = _POINTS.search(rest)
        count = min(_number(counted), MOST_POINTS) if counted else _USUAL_BULLETS
        return Form(_behind(rest, counted) if counted else rest, points=count)
    if found := _LISTED.search(message):
        return Form(message[found.end() :], points=min(_number(found), MOST_POINTS))
    if found := _POINTS.search(message):
        return Form(_behind(message, found), points=min(_number(found), MOST_POINTS))
    if not _LISTS.isdisjoint(spoken):
        return Form(message, points=_USUAL_POINTS)
    every = set(spoken)
    small = every & corpus.STOP_WORDS
    chosen = tuple(_best(_likeness(answer, message, every, small) for answer in _LANGUAGES))
    return Form(message, answers=chosen) if chosen else None


def _spoken(message: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(message)]


def _chosen(message: str, rest: str, answers: tuple[Answer, ...]) -> Form:
    """One of *answers*, or what has the keys that *message* asks for if it is to have keys."""
    keys = keys_of(message) if any(answer.has_keys for answer in answers) else ()
    return Form(rest, keys=keys) if keys else Form(rest, answers=answers)


def keys_of(message: str) -> tuple[str, ...]:
    """The keys that *message* asks an object to have."""
    found = _KEYS.search(message)
    keys = _NO_KEY.split(found["keys"]) if found else ()
    named = tuple(dict.fromkeys(key for key in keys if key))
    is_named = named and named[0].lower() not in corpus.STOP_WORDS - {"a", "i"}
    return named[:_MOST_KEYS] if is_named else ()


Score = tuple[float, Answer]


def _best(scores: Iterable[Score]) -> Iterator[Answer]:
    """The answers of the highest score above nothing."""
    scored = list(scores)
    most = max((score for score, _ in scored), default=0)
    return (answer for score, answer in scored if most and score == most)


def _scores(spoken: Sequence[str], *, least: int = 1) -> Iterator[Score]:
    """How much of what *spoken* says calls for each answer, in phrases of *least* words."""
    said = set()
    for place, word in enumerate(spoken):
        for size in range(1, _LONGEST.get(word, 0) + 1):
            phrase = " ".join(spoken[place : place + size])
            if phrase in _CALLS:
                said.add(phrase)
    scores: dict[int, float] = {}
    for phrase in said:
        for place, weight in _CALLS[phrase]:
            if weight >= least:
                scores[place] = scores.get(place, 0) + weight
    for place in sorted(scores):
        answer = corpus.ANSWERS[place]
        # what says how the whole answer is goes before what it is about
        yield scores[place] + (_WEIGHT_OF_FORM if answer.is_alone else 0), answer


def _called() -> Mapping[str, list[tuple[int, float]]]:
    """What calls for which answers, by their places, and how loudly."""
    calls: dict[str, list[tuple[int, float]]] = {}
    for place, answer in enumerate(corpus.ANSWERS):
        for asked in answer.asked:
            calls.setdefault(asked, []).append((place, len(asked.split(" "))))
        for name in answer.names:
            calls.setdefault(name, []).append((place, _WEIGHT_OF_NAMES))
    return calls


_CALLS = _called()
#: How many words the longest phrase has that begins with a word.
_LONGEST: dict[str, int] = {}
for _phrase in _CALLS:
    _first, *_others = _phrase.split(" ")
    _LONGEST[_first] = max(_LONGEST.get(_first, 0), 1 + len(_others))
_LANGUAGES = tuple(answer for answer in corpus.ANSWERS if answer.script or answer.words)


def _likeness(answer: Answer, message: str, words: Set[str], small: Set[str]) -> Score:
    """How much of *message* is in the language of *answer*; 0: it is in another one.

    It has these *words*, of which those are *small*.
    """
    if answer.script:
        if message.isascii():
            return 0, answer
        codes = [ord(letter) for letter in message if letter.isalpha()]
        count = sum(any(code in span for span in answer.script) for code in codes)
        is_written = any(code in answer.script[0] for code in codes)
        return (count / len(codes) if is_written and count * 2 >= len(codes) else 0), answer
    count = len(words & answer.words)
    others = len(small - answer.words) if count > 1 else 0
    return (count if count > max(1, others) else 0), answer


def _is_foreign(message: str) -> bool:
    """Whether *message* may be in a script of one of the answers."""
    letters = (ord(letter) for letter in message[: topics.READ] if letter > "\u036f")
    return any(letter in span for letter in letters for span in _SCRIPTS)


def _number(found: re.Match[str]) -> int:
    text = found["count"].lower()
    return _NUMBERS[text] if text in _NUMBERS else int(text)


def _without(message: str, found: re.Match[str]) -> str:
    return f"{message[: found.start()]} {message[found.end() :]}".strip()


def _behind(message: str, found: re.Match[str]) -> str:
    """What *message* says behind what was *found*, if that is what it is about."""
    about = _ABOUT.match(message, found.end())
    return message[about.end() :] if about else message


def _unasked(message: str, answers: Sequence[Answer]) -> str:
    """*message* without the words that ask for one of *answers*, where more is said."""
    for answer in answers:
        for asked in answer.asked:
            phrase = re.escape(asked)
            message = re.sub(rf"^\W*{phrase}\s*[,:]\s*(?=\w)", "", message, flags=re.IGNORECASE)
            if asked.startswith(("in ", "as ", "with ", "at ", "to ", "into ")):
                message = re.sub(rf"[,;]?\s*\b{phrase}(?!\w)", "", message, flags=re.IGNORECASE)
            else:
                pattern = rf"^.{{0,80}}?\b{phrase}\s+{_OF}\s+(?=\w)"
                message = re.sub(pattern, "", message, flags=re.IGNORECASE)
    return message.strip()


def _telling() -> Iterator[str]:
    """Words of which a message has one at least, if it asks for any form."""
    yield from (*_LISTS, "sentence", "sentences", "words", "top", "name", "suggest")
    yield from _THINGS.split("|")
    for answer in corpus.ANSWERS:
        yield from answer.words
        for asked in (*answer.asked, *answer.names):
            every = topics.words(asked)  # as the words of a message are read
            yield max([word for word in every if word not in corpus.STOP_WORDS] or every, key=len)


_TELLING = frozenset(_telling())
_SCRIPTS = frozenset(span for answer in corpus.ANSWERS for span in answer.script)
