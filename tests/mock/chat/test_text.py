"""Answers in natural language: they pick up the topic, greet, report, and differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth_mock.chat import corpus
from troth_mock.chat.request import system_text
from troth_mock.chat.text import (
    answer,
    citations,
    report,
    shortened,
    subject,
    text_of,
    topic,
    words_of,
)  # fmt: skip


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("What is the capital of France?", "the capital of France"),
        ("Write a haiku about the sea", "a haiku about the sea"),
        ("please explain quantum computing", "quantum computing"),
        ("can you summarise The Great Gatsby for me please", "the Great Gatsby"),
        ("日本の首都", "日本の首都"),
        ("ما هي عاصمة فرنسا؟", "ما هي عاصمة فرنسا"),
        ("why?", corpus.FALLBACK_TOPICS[0]),
        ("\x00\x01", corpus.FALLBACK_TOPICS[0]),
    ],
)
def test_the_topic_is_the_phrase_that_the_question_is_about(message, expected):
    assert topic(message) == expected


@given(st.integers(0, 2**64 - 1), st.integers(0, 127))
def test_an_answer_speaks_of_the_topic_in_several_sentences_or_is_short(number, index):
    said = answer("What is the capital of France?", number=number, index=index)
    if len(said) > 60:
        assert "capital of France" in said.replace("The", "the")
        assert "\n\n" in said or said.count(".") + said.count("?") >= 3
    assert "{topic}" not in said.lower()


@given(st.integers(0, 2**64 - 1))
def test_who_greets_is_greeted(number):
    for greeting in ("Hello!", "hi there", "Good morning, how are you today?"):
        said = answer(greeting, number=number)
        assert said.startswith(corpus.SENTENCES["greetings"])
        assert said.endswith(corpus.SENTENCES["offers"])


@given(st.integers(0, 2**64 - 1))
def test_who_thanks_is_welcome(number):
    for thanks in ("Thanks!", "thank you so much for your help"):
        assert answer(thanks, number=number).startswith(corpus.SENTENCES["welcomes"])


@pytest.mark.parametrize(
    ("message", "begins"),
    [
        ("Hallo!", "Hallo Guten"),
        ("Wie geht's?", "Hallo Guten"),
        ("Danke schön!", "Gern Keine"),
        ("Bonjour", "Bonjour Ravi"),
        ("¿Qué tal?", "¡Hola ¡Buenas"),
        ("Olá, tudo bem?", "Olá Oi"),
        ("Come stai?", "Ciao Buongiorno"),
        ("こんにちは", "こ よ"),
        ("谢谢", "不 很"),
        ("안녕하세요!", "안녕 반갑"),
        ("مرحبا", "م أ"),
        ("תודה רבה", "ב"),
        ("Привет!", "Здравствуйте Привет"),
        ("नमस्ते", "न"),
    ],
)
def test_small_talk_is_answered_in_its_language(message: str, begins: str) -> None:
    said = {answer(message, number=number) for number in range(12)}
    assert all(one.startswith(tuple(begins.split())) for one in said)
    assert len(said) > 1


def test_who_greets_and_asks_gets_an_answer() -> None:
    said = answer("Hola, ¿cómo funciona un motor?", number=0)
    assert "un motor" in said
    assert not said.startswith("¡Hola")


@given(st.integers(0, 2**64 - 1), st.sampled_from(["Hello", "Tell me of sea salt", "", "why?"]))
def test_all_choices_of_one_request_differ(number, message):
    for brief in (False, True):
        said = [answer(message, number=number, index=index, brief=brief) for index in range(128)]
        assert len(set(said)) == 128
    told = [report([("tool", "result")], number=number, index=index) for index in range(128)]
    assert len(set(told)) == 128


@given(st.text(max_size=300), st.integers(0, 2**64 - 1))
def test_any_message_is_answered_within_bounds(message, number):
    said = answer(message, number=number)
    assert 0 < len(said) < 6000


def test_a_word_of_ten_megabytes_is_shortened_in_the_answer():
    assert len(answer("x" * 10_000_000, number=3)) < 2000


def test_a_report_holds_the_result_and_names_the_tool():
    said = report([("get_weather", '{"temperature": 21}')], number=5)
    assert "`get_weather`" in said
    assert "21" in said


def test_a_report_reads_the_members_of_a_json_result():
    result = '{"city": "Paris", "temperature": 21.5, "dry": true}'
    said = report([("get_weather", result)], number=5)
    assert "city: Paris, temperature: 21.5, dry: true" in said


def test_a_report_of_several_results_is_a_list_of_them():
    said = report([("get_weather", '{"dry": true}'), ("", "two\nlines")], number=5)
    assert "\n\n- `get_weather`: dry: true\n- two\n  lines\n\n" in said


def test_a_report_of_an_unnamed_tool_still_is_a_sentence():
    for number in range(50):
        assert "{tool}" not in report([("", "ok")], number=number)


@given(st.text(max_size=200), st.integers(1, 50))
def test_what_is_shortened_is_a_beginning_of_the_text(text, most):
    cut = shortened(text, most)
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]) and len(cut) <= most + 1)


def test_the_text_of_a_message_is_that_of_its_parts():
    parts = [{"type": "text", "text": "one"}, {"type": "image_url"}, "x", {"text": "two"}]
    assert [text_of("a"), text_of(parts), text_of(None), text_of(3)] == ["a", "one two", "", ""]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("How is the weather in New York today?", "New York"),
        ("Compare Paris and Rome", "Rome"),
        ("What? Should I go", ""),
        ("hello", ""),
    ],
)
def test_the_subject_is_the_last_name(message, expected):
    assert subject(message) == expected


def test_words_of_a_message_are_those_that_tell_something():
    assert words_of("What's the Weather in Paris?") == ["weather", "paris"]


def test_a_link_is_cited_as_the_document_has_it():
    annotation = {"kind": "page", "at": ["{start}", "{end}"], "page": {"is": "{url}", "of": 7}}
    assert citations("See [a](https://e.example/b).", annotation) == [
        {"kind": "page", "at": [4, 28], "page": {"is": "https://e.example/b", "of": 7}}
    ]


def test_who_says_how_to_answer_has_a_role_that_the_document_names():
    messages = [{"role": "boss", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert system_text(messages, ("boss",)) == "Be brief."
    assert system_text(messages, ("system",)) == ""
