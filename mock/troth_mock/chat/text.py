"""Natural answers to a message: made from the frozen corpus, chosen by the seed.

An answer picks up the topic of the question, greets when greeted, has the form that is asked for
(`form`), and reports a tool's result when there is one.  Different *index*es of one request give
different answers.

An answer is made of a few phrases out of the corpus and one topic out of the question.  Cutting
the whole text into tokens, and writing each as JSON, costs more than everything else that an
answer needs, so the phrases are cut ahead of time and only the topic is cut here.  The tokens are
those of `tokens.tokens(text)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from troth import pointer
from troth.generation.values import synthesize
from troth.http import json_text
from troth.schema.untrusted_schema import embedded
from troth.seed import Seed
from troth_mock.chat import corpus, topics
from troth_mock.chat.corpus import SENTENCES, Answer
from troth_mock.chat.form import Form, form_of
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

    NUL stands between two of them: one value is read in less time than many.  *size* counts them.
    *topic* is how the topic is written: " t" in the sentence, " T" or "T" with a capital, "" where
    there is none.
    """

    text: str
    size: int
    before: bytes
    topic: str
    after: bytes


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

    def has_links(self) -> bool:
        """Whether it may have links."""
        return any("](" in phrase.text for phrase in self.phrases)

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

    def encoded(self, most: int | None = None) -> bytes:
        """The tokens of the text as JSON, or the first *most* of them; NUL stands between two."""
        topic = self.topic
        if not topic.isascii():
            # a mark may tie what stands around the topic to it
            return b"\0".join([json_text.encode(token) for token in tokens(self.text())[:most]])
        parts: list[bytes] = []
        size = 0
        for phrase in self.phrases:
            size += phrase.size
            parts.append(phrase.before)
            how = phrase.topic
            if how:
                written = topic[:1].upper() + topic[1:] if how[-1] == "T" else topic
                cut = tokens(how[:-1] + written)
                size += len(cut)
                parts += [json_text.encode(token) for token in cut]
                parts.append(phrase.after)
            if most is not None and size >= most:
                break
        whole = b"\0".join(filter(None, parts))
        return whole if most is None or size <= most else _first(whole, most, size)


def _first(tokens: bytes, count: int, size: int) -> bytes:
    """The first *count* of so many *tokens* with NUL between them."""
    if size - count < count:
        return tokens.rsplit(b"\0", size - count)[0]
    return b"\0".join(tokens.split(b"\0", count)[:count])


def phrases(texts: Iterable[str], *, after: str = "") -> tuple[Phrase, ...]:
    """The phrases of *texts*, which stand behind *after*.

    A text has the topic once at most.  Sound where neither an edge of it nor what stands around
    the topic is a combining mark, or a space beside white space: what is cut apart is then cut as
    it would be in the whole.
    """
    return tuple(_phrase(after + text) for text in texts)


def _phrase(text: str) -> Phrase:
    before, *rest = _TOPIC.split(text)
    space, letter, behind = rest or ("", "", "")
    head, tail = ([json_text.encode(token) for token in tokens(part)] for part in (before, behind))
    size = len(head) + len(tail)
    return Phrase(text, size, b"\0".join(head), space + letter, b"\0".join(tail))


_OPENINGS = phrases(SENTENCES["openings"])
_THOUGHTS = phrases(SENTENCES["first thoughts"])
_THINKING = phrases(SENTENCES["thoughts"], after=" ")
# those that are one sentence
_SINGLE = tuple(opening for opening in _OPENINGS if "?" not in opening.text)
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
_FOLLOWING = phrases((*SENTENCES["details"], *SENTENCES["examples"]), after=" ")
_ITEMS = {before: phrases(SENTENCES["points"], after=before) for before in ("\n\n- ", "\n- ")}
_SOURCES = phrases(SENTENCES["sources"], after=" ")
_ENDS = (".", "!", "?", "\u3002", "\uff01", "\uff1f")
# Coprime to the number of combinations of every list above, so that indexes never repeat one.
_STRIDE = 7919


def answer(
    message: str, *, number: int, index: int = 0, brief: bool = False, system: str = ""
) -> str:
    """Answer *message*; *number* is the request's draw, *index* that of the choice.

    With *brief*, in two sentences; else as *system*, the message of a system, wants it.
    """
    return compose(message, number=number + index * _STRIDE, brief=brief, system=system).text()


def compose(message: str, *, number: int, brief: bool = False, system: str = "") -> Speech:
    """The answer to *message* in phrases; see `answer`."""
    known = topics.read(message)
    words = known.words
    if len(message) <= _LONGEST_SMALL_TALK and not _TALKING.isdisjoint(words):
        talk = _small_talk(words, number)
        if talk is not None:
            return Speech(talk, "")
    form = None if brief else form_of(message, words, system=system)
    topic = _topic(message, known) if form is None else _topic(form.rest)
    topic = topic or _usual_topic(form, number)
    if form is not None:
        # what is no code may be quoted in some
        return Speech(_formed(form, number), topic.replace("\\", "/"))
    if brief:
        return Speech(_combine(_BRIEF, number), topic)
    return Speech(_free(number), topic)


def _free(number: int) -> list[Phrase]:
    """An answer to what asks for no form: of sixteen three are lists, and four are anything."""
    number, kind = divmod(number, 16)
    if kind < 9:
        return _combine(_WHOLE, number * 9 + kind)
    if kind < 12:
        return _listed(number * 3 + kind - 9)
    number, place = divmod(number * 4 + kind - 12, len(_FREE))
    return _told(_FREE[place], number)


def _usual_topic(form: Form | None, number: int) -> str:
    """What an answer in *form* is about where nobody says it."""
    answers = () if form is None else form.answers
    own = answers[number % len(answers)].topic if answers else ""
    return own or corpus.FALLBACK_TOPICS[number % len(corpus.FALLBACK_TOPICS)]


def _formed(form: Form, number: int) -> list[Phrase]:
    if form.keys:
        members = (
            f"  {_as_json(key)}: {_as_json(value)}" for key, value in values_of(form.keys, number)
        )
        return list(phrases(["{\n" + ",\n".join(members) + "\n}"]))
    if form.answers:
        number, place = divmod(number, len(form.answers))
        return _told(form.answers[place], number)
    if form.points:
        return _listed(number, form.points)
    number, place = divmod(number, len(_SINGLE))
    return [_SINGLE[place], *_drawn(number, (_FOLLOWING,) * (form.sentences - 1))]


def values_of(keys: Iterable[str], number: int) -> Iterator[tuple[str, Any]]:
    """A value for each of *keys*, such as its name says."""
    schema = {"type": "object", "properties": {key: {} for key in keys}, "required": list(keys)}
    drawn = synthesize(embedded(schema), seed=Seed.of("keys", number))
    for key in keys:
        value = drawn[key]
        is_number = type(value) is str and _NUMBER.fullmatch(value) is not None
        yield key, json_text.decode(value.encode()) if is_number else value


def _as_json(value: Any) -> str:
    return json_text.encode(value).decode()


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,6})?")


def reasoning(message: str, *, number: int, index: int, sentences: int) -> str:
    """What is thought of *message* before it is answered, in so many *sentences*."""
    number += index * _STRIDE
    about = _topic(message) or corpus.FALLBACK_TOPICS[0]
    number, place = divmod(number, len(_THOUGHTS))
    return Speech([_THOUGHTS[place], *_drawn(number, (_THINKING,) * (sentences - 1))], about).text()


def report(results: Sequence[tuple[str, str]], *, number: int, index: int = 0) -> str:
    """Tell *results*, each the name of a tool and what that gave."""
    number += index * _STRIDE
    kind = "result openings" if len(results) == 1 else "several result openings"
    number, place = divmod(number, len(SENTENCES[kind]))
    opening = SENTENCES[kind][place]
    closing = SENTENCES["result closings"][number % len(SENTENCES["result closings"])]
    if len(results) > 1:
        told = "\n".join(_item(tool, result) for tool, result in results)
        return f"{opening}\n\n{told}\n\n{closing}"
    ((tool, result),) = results
    name = f"`{shortened(tool, 64)}`" if tool else "the tool"
    if opening.startswith("{") and not tool:
        name = "The tool"
    summary = shortened(_readable(result), _MOST_RESULT)
    return f"{opening.replace('{tool}', name)} {summary}\n\n{closing}"


def _item(tool: str, result: str) -> str:
    name = f"`{shortened(tool, 64)}`: " if tool else ""
    told = shortened(_readable(result), _MOST_RESULT).replace("\n", "\n  ")
    return f"- {name}{told}"


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


_LINK = re.compile(
    r"(?P<open>\()?(?<!!)\[(?P<text>[^\[\]\n]+)\]"
    r"\((?P<url>https?://[^\s()]+)(?: \"(?P<title>[^\"\n]+)\")?\)(?(open)\))"
)


def citations(text: str, annotation: Mapping[str, Any]) -> list[Any]:
    """What each link in *text* (Markdown) cites, each as *annotation* with the link's parts."""
    found = []
    for link in _LINK.finditer(text):
        parts = {
            "{start}": link.start(),
            "{end}": link.end(),
            "{title}": link["title"] or link["text"],
            "{url}": link["url"],
        }
        found.append(pointer.mapped(partial(_part, parts), annotation))
    return found


def _part(parts: Mapping[str, Any], value: Any) -> Any:
    return parts.get(value, value) if type(value) is str else value


def with_links(text: str, *, number: int) -> str:
    """*text* with links to where it is from, unless it has some."""
    if _LINK.search(text):
        return text
    links = [phrase.text for phrase in _drawn(number, (_SOURCES, _SOURCES))]
    apart = "" if text.endswith(_ENDS) else "\n\n"
    return f"{text}{apart}{''.join(links)}".replace("\n\n ", "\n\n")


def _topic(message: str, known: topics.Read | None = None) -> str:
    phrase = topics.topic_of(message, known=known)
    if len(phrase) <= _LONGEST_WORD:
        return phrase
    words = (
        word if len(word) <= _LONGEST_WORD else shortened(word, _LONGEST_WORD)
        for word in phrase.split(" ")
    )
    return shortened(" ".join(words), _LONGEST_TOPIC)


def _small_talk(said: Iterable[str], number: int) -> list[Phrase] | None:
    """What answers a greeting or thanks; None: a message in which this is *said* is neither."""
    words = set(said) - topics.BREAKS
    for kind, answers in (
        (corpus.WORDS["greeting"], _GREETING),
        (corpus.WORDS["thanking"], _WELCOME),
    ):
        if not kind.isdisjoint(words) and words <= kind | corpus.SMALL_TALK:
            return _combine(answers, number)
    for answer in corpus.ANSWERS:
        every = answer.words.union(corpus.SMALL_TALK, *(kind for kind, _ in answer.talk))
        for kind, parts in answer.talk:
            if not kind.isdisjoint(words) and words <= every:
                return _one_of_each(parts, number)
    return None


_TALKING = corpus.WORDS["greeting"].union(
    corpus.WORDS["thanking"], *(kind for answer in corpus.ANSWERS for kind, _ in answer.talk)
)


def _combine(parts: Sequence[Sequence[Phrase]], number: int) -> list[Phrase]:
    chosen = []
    for options in parts:
        number, place = divmod(number, len(options))
        chosen.append(options[place])
    return chosen


def _listed(number: int, count: int = len(_POINTS)) -> list[Phrase]:
    """A list of *count* points; three, which is what is said unasked, have numbers."""
    if count == len(_POINTS):
        number, place = divmod(number, len(_LIST_OPENINGS))
        opening, points = _LIST_OPENINGS[place], _POINTS
    else:
        number, place = divmod(number, len(_OPENINGS))
        first, *others = ("\n\n- ", *["\n- "] * (count - 1))
        opening, points = _OPENINGS[place], tuple(_ITEMS[each] for each in (first, *others))
    number, place = divmod(number, len(_LIST_CLOSINGS))
    return [opening, *_drawn(number, points), _LIST_CLOSINGS[place]]


def _drawn(number: int, rows: Sequence[Sequence[Phrase]]) -> list[Phrase]:
    """One of each of *rows*, which have the same in the same places: none comes twice."""
    left = list(range(len(rows[0]) if rows else 0))
    chosen = []
    for row in rows:
        number, place = divmod(number, len(left))
        chosen.append(row[left.pop(place)])
    return chosen


class _Said(NamedTuple):
    """A text of an answer's part, as it stands behind another: in its line, or apart."""

    is_block: bool
    inline: tuple[Phrase, ...]
    apart: tuple[Phrase, ...]


_WIDE = re.compile(r"[\W_]*[\u3000-\u9fff\uff00-\uffef]")


@cache
def _cut_parts(parts: corpus.Parts) -> tuple[tuple[_Said, ...], ...]:
    """The texts of *parts*, cut when they are first said: some have letters that take long."""

    def said(text: str, *, is_first: bool) -> _Said:
        # full-width marks have their space in them
        space = "" if is_first or _WIDE.match(text) else " "
        return _Said("\n" in text, _by_line(space + text), _by_line("\n\n" + text))

    return tuple(
        tuple(said(text, is_first=index == 0) for text in part) for index, part in enumerate(parts)
    )


def _by_line(text: str) -> tuple[Phrase, ...]:
    """*text* in phrases that have the topic once each: a line has."""
    joined: list[str] = [""]
    for line in re.split(r"(?=\n)", text):
        if _TOPIC.search(joined[-1]) and _TOPIC.search(line):
            joined.append(line)
        else:
            joined[-1] += line
    return phrases(joined)


_FREE = tuple(answer for answer in corpus.ANSWERS if not answer.is_only_asked)


def _told(answer: Answer, number: int) -> list[Phrase]:
    """What *answer* says, with a sentence before and behind it where it takes any."""
    said: list[Phrase] = []
    if not answer.is_alone:
        number, place = divmod(number, len(_OPENINGS))
        said.append(_OPENINGS[place])
    said += _one_of_each(answer.parts, number, is_apart=bool(said))
    if not answer.is_alone:
        for part in answer.parts:
            number //= len(part)
        said.append(_LIST_CLOSINGS[number % len(_LIST_CLOSINGS)])
    return said


def _one_of_each(parts: corpus.Parts, number: int, *, is_apart: bool = False) -> list[Phrase]:
    """A text of each of *parts*, behind others if it *is_apart*."""
    said: list[Phrase] = []
    is_block = is_apart
    for part in _cut_parts(parts):
        number, place = divmod(number, len(part))
        text = part[place]
        is_own = (said or is_apart) and (is_block or text.is_block)
        said += text.apart if is_own else text.inline
        is_block = text.is_block
    return said
