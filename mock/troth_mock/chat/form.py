"""The form that a message asks its answer to have: code, a table, a language, three sentences.

What calls for which answer stands in the heads of the corpus's files; here is how a message is
searched for it.  The small words of sizes ("short", "in 3 sentences", "five reasons") are English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from troth_mock.chat import corpus, topics
from troth_mock.chat.corpus import Answer

#: More sentences or points than these are not said.
MOST_SENTENCES = 20
MOST_POINTS = 10
_USUAL_POINTS = 3

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
_LISTS = corpus.WORDS["lists"]
_WORD = re.compile(
    r"[^\s.,;:!?()\"\u00a1\u00ab\u00bb\u00bf\u201c-\u201f\u3001\u3002\uff0c\uff1f\u061f]+"
)
# "a table of": what it is a table of is the topic
_OF = r"(?:of|about|on|for|comparing|between)"
_ABOUT = re.compile(rf"\s+(?:{_OF}|to)\s+(?=\w)")


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked for: one of *answers*, or so many *sentences* or *points*.

    *rest* is the message without the words that ask for it.
    """

    rest: str
    answers: tuple[Answer, ...] = ()
    sentences: int = 0
    points: int = 0


def form_of(message: str, words: Iterable[str]) -> Form | None:
    """The form that *message* asks for; *words* are its words in lower case.

    None where it asks for none.
    """
    if _TELLING.isdisjoint(words) and (message.isascii() or not _is_foreign(message)):
        return None
    message = message[: topics.READ]
    if found := _SENTENCES.search(message):
        return Form(_without(message, found), sentences=min(_number(found), MOST_SENTENCES))
    spoken = [word.lower() for word in _WORD.findall(message)]
    if chosen := tuple(_best(_score(answer, spoken) for answer in corpus.ANSWERS)):
        return Form(_unasked(message, chosen), answers=chosen)
    if found := _POINTS.search(message):
        return Form(_behind(message, found), points=min(_number(found), MOST_POINTS))
    if not _LISTS.isdisjoint(spoken):
        return Form(message, points=_USUAL_POINTS)
    chosen = tuple(_best(_likeness(answer, message, spoken) for answer in corpus.ANSWERS))
    return Form(message, answers=chosen) if chosen else None


Score = tuple[float, Answer]


def _best(scores: Iterable[Score]) -> Iterator[Answer]:
    """The answers of the highest score above nothing."""
    scored = list(scores)
    most = max((score for score, _ in scored), default=0)
    return (answer for score, answer in scored if most and score == most)


def _score(answer: Answer, spoken: Sequence[str]) -> Score:
    """How many words of what *spoken* says call for *answer*."""
    text = f" {' '.join(spoken)} "
    count = sum(len(asked.split(" ")) for asked in answer.asked if f" {asked} " in text)
    # what says how the whole answer is goes before what it is about
    return count + (0.5 if count and answer.is_alone else 0), answer


def _likeness(answer: Answer, message: str, spoken: Sequence[str]) -> Score:
    """How much of *message* is in the language of *answer*; 0: it is in another one."""
    if answer.script:
        codes = [ord(letter) for letter in message if letter.isalpha()]
        count = sum(any(code in span for span in answer.script) for code in codes)
        is_written = any(code in answer.script[0] for code in codes)
        return (count / len(codes) if is_written and count * 2 >= len(codes) else 0), answer
    words = set(spoken)
    count = len(words & answer.words)
    others = len((words & corpus.STOP_WORDS) - answer.words)
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
            if asked.startswith(("in ", "as ", "with ", "at ")):
                message = re.sub(rf"[,;]?\s*\b{phrase}(?!\w)", "", message, flags=re.IGNORECASE)
            else:
                pattern = rf"^.{{0,80}}?\b{phrase}\s+{_OF}\s+(?=\w)"
                message = re.sub(pattern, "", message, flags=re.IGNORECASE)
    return message.strip()


def _telling() -> Iterator[str]:
    """Words of which a message has one at least, if it asks for any form."""
    yield from (*_LISTS, "sentence", "sentences", *_THINGS.split("|"))
    for answer in corpus.ANSWERS:
        yield from answer.words
        for asked in answer.asked:
            rare = [word for word in asked.split(" ") if word not in corpus.STOP_WORDS]
            yield max(rare or asked.split(" "), key=len)


_TELLING = frozenset(_telling())
_SCRIPTS = frozenset(span for answer in corpus.ANSWERS for span in answer.script)
