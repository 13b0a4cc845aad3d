"""What the chat knows of language, as data: what to answer with, and words to listen for.

`data/sentences.md` has sentences by heading, `data/words.txt` lists of small words by name,
`data/combining_marks.txt` the characters that join others.  All are ours, and frozen.

`data/answers` has whole answers, a Markdown file each; a new file is a new answer.  Its head says
when it is given: `asked`, the words and phrases of a question that call for it, and `names`, those
that leave no doubt; `words`, small words of the language that it is in, and `script`, the ranges of
characters of that (one of the first has to be there); `topic`, what it is about where the question
does not say.  With `keys` it is an object that has the keys which are asked for, with `only-asked`
nobody else gets it, and with `alone` no sentence stands around it.  The text may have alternatives,
`<!-- or -->` between them, and parts one after the other, `<!-- then -->` between them; a line has
`{topic}` once at most.  Behind `<!-- greeted -->` and `<!-- thanked -->` is what is said to nothing
but a word of `greeting` or `thanking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_DATA = Path(__file__).with_name("data")


def lists(name: str) -> Mapping[str, tuple[str, ...]]:
    """The lists of words in the file *name*: `name: word word …`, one a paragraph."""
    text = (_DATA / name).read_text("utf-8")
    paragraphs = ("\n".join(filter(_is_data, each.split("\n"))) for each in text.split("\n\n"))
    named = (each.partition(":") for each in paragraphs if each)
    return {title: tuple(words.split()) for title, _, words in named}


def _is_data(line: str) -> bool:
    return not line.startswith("#")


def _sentences() -> Mapping[str, tuple[str, ...]]:
    """The items of sentences.md by the heading that they stand under."""
    _, *sections = (_DATA / "sentences.md").read_text("utf-8").split("\n## ")
    parted = (section.partition("\n") for section in sections)
    return {
        heading: tuple(line[2:] for line in items.split("\n") if line.startswith("- "))
        for heading, _, items in parted
    }


Parts = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A file of the folder: its *parts* have the texts of each, of which one is said.

    So have *talk*'s, which answer the small talk of those words.
    """

    name: str
    parts: Parts
    asked: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    topic: str = ""
    words: frozenset[str] = frozenset()
    script: tuple[range, ...] = ()
    is_only_asked: bool = False
    is_alone: bool = False
    has_keys: bool = False
    talk: tuple[tuple[frozenset[str], Parts], ...] = ()


def read_answer(name: str, text: str) -> Answer:
    """The answer that the file *name* holds."""
    _, head, body = text.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    ranges = (span.split("-") for span in fields.get("script", "").split())
    body, _, talk = body.partition("<!-- greeted -->")
    said = dict(zip(("greeting", "thanking"), talk.split("<!-- thanked -->"), strict=False))
    return Answer(
        name,
        _parts(body),
        asked=tuple(filter(None, fields.get("asked", "").split(", "))),
        names=tuple(filter(None, fields.get("names", "").split(", "))),
        topic=fields.get("topic", ""),
        words=frozenset(fields.get("words", "").split()),
        script=tuple(range(int(low, 16), int(high, 16) + 1) for low, high in ranges),
        is_only_asked="only-asked" in fields,
        is_alone="alone" in fields,
        has_keys="keys" in fields,
        talk=tuple(
            (frozenset(fields[kind].split()), _parts(text))
            for kind, text in said.items()
            if kind in fields
        ),
    )


def _parts(text: str) -> Parts:
    return tuple(
        tuple(each.strip() for each in part.split("<!-- or -->"))
        for part in text.split("<!-- then -->")
    )


def _answers() -> tuple[Answer, ...]:
    files = sorted((_DATA / "answers").glob("*.md"))
    return tuple(read_answer(file.stem, file.read_text("utf-8")) for file in files)


ANSWERS = _answers()
SENTENCES = _sentences()
WORDS = {name: frozenset(words) for name, words in lists("words.txt").items()}

ARTICLES = WORDS["articles"]
LINKS = ARTICLES | WORDS["links"]
STOP_WORDS = WORDS["stop words"]
#: Words that may stand in small talk beside those that greet or thank.
SMALL_TALK = STOP_WORDS | WORDS["small talk"]
#: Used as the topic when a question has no word that could be one.
FALLBACK_TOPICS = SENTENCES["fallback topics"]
