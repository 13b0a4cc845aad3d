"""The corpus's sentences, cut into tokens ahead of time.

An answer is made of a few phrases out of the corpus and one topic out of the question.  Cutting
the whole text into tokens, and writing each as JSON, costs more than everything else that an
answer needs; here only the topic is cut.  The tokens are those of `tokens.tokens(text)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from troth.http import json_text
from troth_mock.chat.tokens import tokens

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
        found: list[bytes] = []
        for phrase in self.phrases:
            found += phrase.before
            how = phrase.topic
            if how:
                said = topic[:1].upper() + topic[1:] if how[-1] == "T" else topic
                found += [json_text.encode(one) for one in tokens(how[:-1] + said)]
                found += phrase.after
        return found


def phrases(texts: Iterable[str], *, after: str = "") -> tuple[Phrase, ...]:
    """The phrases of *texts*, which stand behind *after*.

    A text has the topic once at most.  Sound for ASCII: a token ends before every space and after
    every mark, so that what is cut apart is cut as it would be in the whole.
    """
    return tuple(_phrase(after + text) for text in texts)


def _phrase(text: str) -> Phrase:
    before, *found = _TOPIC.split(text)
    space, letter, behind = found or ("", "", "")
    head, tail = _cut(before), _cut(behind)
    return Phrase(text, len(head) + len(tail), head, space + letter, tail)


def _cut(text: str) -> tuple[bytes, ...]:
    # copied: what orjson hands out sits in the room of its buffer, a kilobyte or more each
    return tuple(bytes(memoryview(json_text.encode(token))) for token in tokens(text))
