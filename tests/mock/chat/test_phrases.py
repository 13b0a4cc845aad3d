"""Answers out of phrases that were cut ahead: the tokens of the whole text."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from troth_mock.chat import corpus
from troth_mock.chat.text import answer, compose, phrases
from troth_mock.chat.tokens import tokens

NUMBERS = st.integers(0, 2**64 - 1)
MESSAGES = st.one_of(
    st.text(max_size=50),
    st.text("abc +-e\u0301\u00e4\U0001f468\u200d", max_size=30),
    st.lists(st.sampled_from(["What", "is", "the", "C++", "a_b", "x" * 30, "of", "No.5"])).map(
        " ".join
    ),
)


@given(MESSAGES, NUMBERS, st.booleans())
def test_a_speech_has_the_tokens_of_its_text(message: str, number: int, brief: bool) -> None:
    said = compose(message, number=number, brief=brief)
    text = said.text()
    cut = tokens(text)
    assert text == answer(message, number=number, brief=brief)
    every = said.encoded().split(b"\0") if cut else []
    assert (said.size(), [json.loads(one) for one in every]) == (len(cut), cut)
    for most in (3, number % (len(cut) + 2), len(cut) - 1):
        assert said.encoded(most) == b"\0".join(every[:most])


def test_the_corpus_is_ascii_and_names_a_topic_once_in_a_sentence() -> None:
    texts = [text for section in corpus.SENTENCES.values() for text in section]
    assert len(texts) > 100
    assert [text for text in texts if not text.isascii()] == []
    assert [text for text in texts if text.lower().count("{topic}") > 1] == []


def test_a_phrase_is_cut_where_its_topic_stands() -> None:
    (phrase,) = phrases(["I like {topic}, too."], after=" ")
    assert phrase == (
        " I like {topic}, too.",
        5,
        b'" I"\0" like"',
        " t",
        b'","\0" too"\0"."',
    )
