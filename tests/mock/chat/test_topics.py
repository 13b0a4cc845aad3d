"""What a message is about, as a phrase that can stand behind "about"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth_mock.chat import topics
from troth_mock.chat.topics import READ, gerund, topic_of, words


@pytest.mark.parametrize(
    ("message", "topic"),
    [
        ("how do tides work?", "tides"),
        ("What is the capital of France?", "the capital of France"),
        ("Why is the sky blue?", "the sky"),
        ("How can I center a div in CSS?", "centering a div in CSS"),
        ("How do I sort a list in Python?", "sorting a list in Python"),
        ("Write a haiku about autumn", "a haiku about autumn"),
        ("How does photosynthesis convert light into energy?", "photosynthesis"),
        ("why do cats purr", "cats"),
        ("how do vaccines work in children", "vaccines"),
        ("how is glass made", "glass"),
        ("how is the weather in Paris", "the weather in Paris"),
        ("What does entropy mean?", "entropy"),
        ("What's the difference between TCP and UDP?", "the difference between TCP and UDP"),
        ("Who wrote Hamlet?", "Hamlet"),
        ("Can you help me with my homework?", "your homework"),
        ("Is it safe to eat raw eggs?", "eating raw eggs"),
        ("I want to learn Spanish", "learning Spanish"),
        ("Translate 'good morning' into French", "translating good morning into French"),
        (
            "Translate this sentence to German: I like trains.",
            "translating this sentence to German",
        ),
        ("Fix this bug: TypeError: cannot read properties of undefined", "fixing this bug"),
        ("please explain quantum computing", "quantum computing"),
        ("can you summarise The Great Gatsby for me please", "the Great Gatsby"),
        ("What programming language should I learn first?", "programming language"),
        ("Tell me a joke", "a joke"),
        ("Give me three ideas for a birthday party", "three ideas for a birthday party"),
        ("What are the best restaurants in Rome?", "the best restaurants in Rome"),
        ("I'm feeling sad today.", "feeling sad today"),
        ("My dog ate chocolate. What should I do?", "your dog ate chocolate"),
        ("Which is faster, a list or a tuple?", "a list or a tuple"),
        ("Should I use React or Vue for my project?", "React or Vue for your project"),
        ("¿Cómo funciona la fotosíntesis?", "la fotosíntesis"),
        ("Wie funktioniert ein Automotor?", "ein Automotor"),
        ("Qu'est-ce que la photosynthèse ?", "la photosynthèse"),
        ("什么是潮汐?", "什么是潮汐"),
        ("ما هي عاصمة فرنسا؟", "ما هي عاصمة فرنسا"),
        ("why?", ""),
        ("What can you do?", ""),
        ("Who are you?", ""),
        ("Thanks a lot!", ""),
        ("Explain what a monad is", "a monad"),
        ("When was the Eiffel Tower built?", "the Eiffel Tower"),
        ("Where can I buy cheap flights to Lisbon?", "buying cheap flights to Lisbon"),
        ("how to boil an egg", "boiling an egg"),
        ("Do you know any good books about history?", "good books about history"),
        ("What is 2 + 2?", "2 + 2"),
        ("Does coffee dehydrate you?", "coffee"),
        ("Why does my code crash on startup?", "your code"),
        ("What does this code do?\n```python\nfor i in range(3): print(i)\n```", "this code"),
        ("Refactor this function please", "refactoring this function"),
        ("Compare Paris and Rome", "comparing Paris and Rome"),
        (
            "I have to write a cover letter for a new job",
            "a cover letter for a new job",
        ),
        ("Let's plan a trip to Japan", "planning a trip to Japan"),
        ("Say hello in French", "French"),
        ("how do you make coffee", "coffee"),
        ("where do bears sleep in winter", "bears"),
        ("Say this is a test", "a test"),
        ("Hello!", ""),
        ("what is python's GIL", "python's GIL"),
        ("Is JavaScript single-threaded?", "JavaScript"),
        ("Why are my tests failing?", "your tests"),
        ("what's up", ""),
        ("Who was the first person on the moon?", "the first person on the moon"),
        ("How does a car engine work?", "a car engine"),
        ("how far is the moon from the earth", "the moon from the earth"),
        ("what happens when you divide by zero", "dividing by zero"),
        ("Hello!\n\n~~~\nsome code\n~~~\nWhy does it hang?", "hang"),
        ("Why does `list.sort()` return None?", "list.sort"),
        ("Was ist ein Vertrag?", "ein Vertrag"),
        ("fix: `TypeError: x is not a function`", "TypeError"),
        ("I have two cats and a dog. How can I make them get along?", "two cats and a dog"),
        ("Read this first. How do tides work?", "tides"),
        ("left \u202eright", "left right"),
    ],
)
def test_the_topic_is_a_phrase_for_what_is_asked(message: str, topic: str) -> None:
    assert topic_of(message) == topic


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("write", "writing"), ("sort", "sorting"), ("run", "running"), ("see", "seeing"),
        ("lie", "lying"), ("fix", "fixing"), ("debug", "debugging"), ("boil", "boiling"),
        ("play", "playing"), ("eat", "eating"), ("install", "installing"), ("try", "trying"),
    ],
)  # fmt: skip
def test_a_gerund_is_spelt_as_english_does(verb: str, form: str) -> None:
    assert gerund(verb) == form


SMALL = """
    how why what who do does is are can i you it to a the this my list write sort cats purr
    , ; ? of in
""".split()  # noqa: SIM905 - one word list reads better than quoted words


@given(st.text(max_size=400) | st.lists(st.sampled_from(SMALL)).map(" ".join))
def test_a_topic_never_ends_in_a_small_word_or_a_mark(message: str) -> None:
    found = topic_of(message).split(" ")
    assert not any(one in ",;()?" for one in found if one)
    assert len(found) <= 12
    if found != [""]:
        assert found[-1].lower() not in {"a", "an", "the", "of", "in", "to"}


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert topic_of("x" * (READ * 100)) == "x" * READ
    assert len(words("a b " * 100_000)) == 80


@given(st.text("ab. \n\t!?:\r\x1c\x0b,", max_size=12))
def test_sentences_of_ascii_end_where_those_of_any_text_do(text: str) -> None:
    assert topics._ASCII_END.split(text) == topics._END.split(text)


@given(st.text(st.characters(max_codepoint=127) | st.sampled_from("ab'.(),"), max_size=12))
def test_words_of_ascii_are_those_of_any_text(text: str) -> None:
    assert topics._ASCII_TOKEN.findall(text) == topics._TOKEN.findall(text)


@given(
    st.lists(st.sampled_from(["What", "is", "the", "C++", "it's", "(a)", ",", "```", "né", ".\n"]))
    .map(" ".join)
    .flatmap(lambda text: st.sampled_from([text, text * 30]))
)
def test_what_is_read_once_is_what_would_be_read_each_time(message: str) -> None:
    known = topics.read(message)
    assert set(known.words) - topics.BREAKS == set(words(message[:READ].lower()))
    assert topic_of(message, known=known) == topic_of(message)
