"""What the chat knows of language, as data: sentences to answer with, and words to listen for.

`data/sentences.md` has the sentences by heading, `data/words.txt` lists of small words by name,
`data/combining_marks.txt` the characters that join others.  All are ours, and frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
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


SENTENCES = _sentences()
WORDS = {name: frozenset(words) for name, words in lists("words.txt").items()}

ARTICLES = WORDS["articles"]
LINKS = ARTICLES | WORDS["links"]
STOP_WORDS = WORDS["stop words"]
#: Words that may stand in small talk beside those that greet or thank.
SMALL_TALK = STOP_WORDS | WORDS["small talk"]
#: Used as the topic when a question has no word that could be one.
FALLBACK_TOPICS = SENTENCES["fallback topics"]
