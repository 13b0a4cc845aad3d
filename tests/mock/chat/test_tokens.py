"""The token rule: pieces that join to the text and never split what a reader sees as one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from troth_mock.chat.tokens import count, tokens

ZWJ = "\u200d"
FAMILY = f"\U0001f468{ZWJ}\U0001f469{ZWJ}\U0001f467"
PARTS = st.sampled_from(
    [" ", "  ", "\n", "\r\n", "\r", "\t", "a", "word", "Z" * 30, "1", ".", "e\u0301", FAMILY,
     "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea", "\U0001f1eb", "שלום", "نص", "क्षि",
     "한국", "字",
     "\u1112\u1161\u11ab", "\x00", "\u2028", "\ufe0f", ZWJ, "\u0301", "\U0010ffff", "กำ", "ä"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(PARTS, max_size=25).map("".join))


@given(TEXTS)
@example("")
@example("\U0001f1e9" * 5)
@example("a" * 100)
def test_the_pieces_join_to_the_text_and_none_is_empty(text):
    pieces = tokens(text)
    assert "".join(pieces) == text
    assert all(pieces)


@given(TEXTS)
@example("0\u200d\r\n")
@example("\u0600\r\n")
def test_no_piece_begins_with_what_belongs_to_the_character_before_it(text):
    for before, piece in zip(tokens(text), tokens(text)[1:], strict=False):
        first = piece[0]
        if {unicodedata.category(before[-1]), unicodedata.category(first)} & {"Cc", "Zl", "Zp"}:
            continue  # GB4, GB5: a control ends everything
        assert unicodedata.category(first) not in ("Mn", "Me"), (before, piece)
        assert first not in (ZWJ, "\ufe0f")
        # a joiner ties what it stands between; one that nothing stands before ties nothing
        assert before[-1] != ZWJ or unicodedata.category(before[0])[0] in "MC"
    assert "\r\n" not in [
        a[-1] + b[0] for a, b in zip(tokens(text), tokens(text)[1:], strict=False)
    ]


@given(TEXTS)
@example("say }1R\u00eb")
@example("a   b  \nc  ")
@example("  \u5b57")
def test_the_first_pieces_are_those_of_the_text_that_they_make(text):
    pieces = tokens(text)
    for number in range(len(pieces)):
        assert tokens("".join(pieces[:number])) == pieces[:number]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hello, world!", ["Hello", ",", " world", "!"]),
        ("a  b", ["a", " ", " b"]),
        ("x\r\ny", ["x", "\r\n", "y"]),
        ("internationalisation", ["internationa", "lisation"]),
        (f"{FAMILY}!", [FAMILY, "!"]),
        (
            "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
            ["\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"],
        ),
        ("cafe\u0301 au lait", ["cafe\u0301", " au", " lait"]),
        ("字が", ["字", "が"]),
    ],
)
def test_tokens_are_words_with_the_space_before_them(text, pieces):
    assert tokens(text) == pieces


def test_the_strings_of_a_message_are_counted_wherever_they_are():
    message = {"role": "user", "content": [{"type": "text", "text": "Hello, world!"}], "n": 3}
    assert count([message]) == 1 + 1 + 4
    assert count(None) == 0


@given(st.lists(TEXTS | st.text(" \r\n\ta1.", max_size=8), max_size=5))
@example(["a ", " b", "\r", "\n", "", "c  "])
def test_what_is_counted_together_is_counted_apart(texts):
    told = [{"role": text} for text in texts]
    assert count(told) == sum(len(tokens(text)) for text in texts)


def test_a_long_text_is_counted_as_a_short_one_is():
    for text in ("Hello, world! ", "a  b\r\n", "x" * 13):
        assert count(text * 2000) == len(tokens(text * 2000))


def test_a_ten_megabyte_word_is_split_in_linear_time():
    assert count("a" * 10_000_000) == 833_334
    assert len(tokens("é" * 100_000)) == 8_334
