"""Natural sentences that answer a message: made from the frozen corpus, chosen by the seed.

An answer picks up the topic of the question, greets when greeted, and reports a tool's result
when there is one.  Different *index*es of one request give different answers.

An answer is made of a few phrases out of the corpus and one topic out of the question.  Cutting
the whole text into tokens, and writing each as JSON, costs more than everything else that an
answer needs, so the phrases are cut ahead of time and only the topic is cut here.  The tokens are
those of `tokens.tokens(text)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from troth.http import json_text
from troth_mock.chat import corpus, topics
from troth_mock.chat.corpus import SENTENCES
from troth_mock.chat.tokens import tokens

_LONGEST_WORD = 40
_LONGEST_SMALL_TALK = 60
_LONGEST_TOPIC = 120
_MOST_RESULT = 400
_MOST_JSON = 100_000

_NAME = re.compile(r"(?<=[^.!?\s] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")

_TOPIC = re.compile(r"( ?)\{([tT])opic\}")


class Phrase(NamedTuple):
    """One phrase: *text* with `{topic}`, the tokens before the topic, and those behind it as JSON.

    *size* counts them.  *topic* is how the topic is written: " t" in the sentence, " T" or "T"
    with a capital, "" where there is none.
    """

    text: str
    size: int
    before: tuple[bytes, ...]
    topic: str
    after: tuple[bytes, ...]


class Speech(NamedTuple):
    """A text as the phrases that it is made of, and its topic."""

    phrases: Sequence[Phrase]
    topic: str

    def text(self) -> str:
        """The text."""
        text, topic = "".join([phrase.text for phrase in self.phrases]), self.topic
        if "{T" in text:
            text = text.replace("{Topic}", topic[:1].upper() + topic[1:])
        return text.replace("{topic}", topic)

    def first(self, most: int) -> str:
        """The first *most* tokens of the text."""
        return "".join(tokens(self.text())[:most])

    def size(self) -> int:
        """How many tokens the text has."""
        topic = self.topic
        if not topic.isascii():
            return len(tokens(self.text()))
        size = topics = 0
        for phrase in self.phrases:
            size += phrase.size
            if phrase.topic:
                topics += 1
        return size + topics * len(tokens(topic)) if topics else size

    def encoded(self) -> list[bytes]:
        """The tokens of the text, each as JSON."""
        topic = self.topic
        if not topic.isascii():
            # a mark may tie what stands around the topic to it
            return [json_text.encode(token) for token in tokens(self.text())]
        encoded: list[bytes] = []
        for phrase in self.phrases:
            encoded += phrase.before
            how = phrase.topic
            if how:
                written = topic[:1].upper() + topic[1:] if how[-1] == "T" else topic
                encoded += [json_text.encode(token) for token in tokens(how[:-1] + written)]
                encoded += phrase.after
        return encoded


def phrases(texts: Iterable[str], *, after: str = "") -> tuple[Phrase, ...]:
    """The phrases of *texts*, which stand behind *after*.

    A text has the topic once at most.  Sound for ASCII: a token ends before every space and after
    every mark, so that what is cut apart is cut as it would be in the whole.
    """
    return tuple(_phrase(after + text) for text in texts)


def _phrase(text: str) -> Phrase:
    before, *rest = _TOPIC.split(text)
    space, letter, behind = rest or ("", "", "")
    head, tail = _cut(before), _cut(behind)
    return Phrase(text, len(head) + len(tail), head, space + letter, tail)


def _cut(text: str) -> tuple[bytes, ...]:
    # copied: what orjson hands out sits in the room of its buffer, a kilobyte or more each
    return tuple(bytes(memoryview(json_text.encode(token))) for token in tokens(text))


_OPENINGS = phrases(SENTENCES["openings"])
_DETAILS = phrases(SENTENCES["details"], after=" ")
_EXAMPLES = phrases(SENTENCES["examples"], after=" ")
_CLOSINGS = phrases(SENTENCES["closings"], after=" ")
_BRIEF = (_OPENINGS, _CLOSINGS, _DETAILS)
_WHOLE = (_OPENINGS, _DETAILS, _EXAMPLES, _CLOSINGS)
_GREETING = (phrases(SENTENCES["greetings"]), phrases(SENTENCES["offers"], after=" "))
_WELCOME = (phrases(SENTENCES["welcomes"]), phrases(SENTENCES["offers"], after=" "))
_LIST_OPENINGS = phrases(SENTENCES["list openings"])
_POINTS = tuple(
    phrases(SENTENCES["points"], after=f"{before}{index}. ")
    for index, before in enumerate(("\n\n", "\n", "\n"), 1)
)
_LIST_CLOSINGS = phrases(SENTENCES["closings"], after="\n\n")
# Coprime to the number of combinations of every list above, so that indexes never repeat one.
_STRIDE = 7919


def answer(message: str, *, number: int, index: int = 0, brief: bool = False) -> str:
    """Answer *message*; *number* is the request's draw, *index* that of the choice.

    With *brief*, in two sentences.
    """
    return compose(message, number=number + index * _STRIDE, brief=brief).text()


def compose(message: str, *, number: int, brief: bool = False) -> Speech:
    """The answer to *message* in phrases; see `answer`."""
    kind = _small_talk(message) if len(message) <= _LONGEST_SMALL_TALK else None
    if kind is not None:
        return Speech(_combine(kind, number), "")
    topic = _topic(message) or corpus.FALLBACK_TOPICS[number % len(corpus.FALLBACK_TOPICS)]
    if brief:
        return Speech(_combine(_BRIEF, number), topic)
    if number % 5 == 4:
        return Speech(_listed(number // 5), topic)
    return Speech(_combine(_WHOLE, number), topic)


def report(tool: str, result: str, *, number: int, index: int = 0) -> str:
    """Tell *result*, which the tool called *tool* gave."""
    number += index * _STRIDE
    opening = SENTENCES["result openings"][number % len(SENTENCES["result openings"])]
    number //= len(SENTENCES["result openings"])
    closing = SENTENCES["result closings"][number % len(SENTENCES["result closings"])]
    name = f"`{shortened(tool, 64)}`" if tool else "the tool"
    if opening.startswith("{") and not tool:
        name = "The tool"
    summary = shortened(_readable(result), _MOST_RESULT)
    return f"{opening.replace('{tool}', name)} {summary}\n\n{closing}"


def _readable(result: str) -> str:
    """The members of a JSON object in words; any other result as it is."""
    if not result.startswith("{") or len(result) > _MOST_JSON:
        return result
    try:
        value = json_text.decode(result.encode("utf-8", "surrogatepass"))
    except json_text.BadJson:
        return result
    members = (
        f"{name}: {part if isinstance(part, str) else json_text.encode(part).decode()}"
        for name, part in value.items()
    )
    return ", ".join(members) or result


def topic(message: str) -> str:
    """The phrase that *message* is about, or a word that stands for one."""
    return _topic(message) or corpus.FALLBACK_TOPICS[0]


def subject(message: str) -> str:
    """The last name in *message* (words with a capital, not its first), or nothing."""
    names = _NAME.findall(message[: topics.READ])
    names = [name for name in names if name.lower() not in corpus.STOP_WORDS]
    return names[-1][:_LONGEST_WORD] if names else ""


def words_of(message: str) -> list[str]:
    """The words that tell what *message* is about, in lower case."""
    words = (word.lower() for word in topics.words(message))
    return [word for word in words if len(word) > 2 and word not in corpus.STOP_WORDS]


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


def text_of(value: Any) -> str:
    """The text of a message's content: a string, or the texts of its parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = (part.get("text") for part in value if isinstance(part, dict))
        return " ".join(part for part in parts if isinstance(part, str))
    return ""


def _topic(message: str) -> str:
    phrase = topics.topic_of(message)
    if len(phrase) <= _LONGEST_WORD:
        return phrase
    words = (
        word if len(word) <= _LONGEST_WORD else shortened(word, _LONGEST_WORD)
        for word in phrase.split(" ")
    )
    return shortened(" ".join(words), _LONGEST_TOPIC)


def _small_talk(message: str) -> Sequence[Sequence[Phrase]] | None:
    """What answers a greeting or thanks; None: the message is neither."""
    words = {word.lower() for word in topics.words(message)}
    for kind, answers in (
        (corpus.WORDS["greeting"], _GREETING),
        (corpus.WORDS["thanking"], _WELCOME),
    ):
        if not kind.isdisjoint(words) and words <= kind | corpus.SMALL_TALK:
            return answers
    return None


def _combine(parts: Sequence[Sequence[Phrase]], number: int) -> list[Phrase]:
    chosen = []
    for options in parts:
        number, place = divmod(number, len(options))
        chosen.append(options[place])
    return chosen


def _listed(number: int) -> list[Phrase]:
    number, place = divmod(number, len(_LIST_OPENINGS))
    chosen = [_LIST_OPENINGS[place]]
    left = list(range(len(SENTENCES["points"])))
    for points in _POINTS:
        number, place = divmod(number, len(left))
        chosen.append(points[left.pop(place)])
    return [*chosen, _LIST_CLOSINGS[number % len(_LIST_CLOSINGS)]]
