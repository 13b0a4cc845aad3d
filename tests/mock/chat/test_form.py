"""The form that a message asks for, and the answers of the folder that have it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth_mock.chat import corpus
from troth_mock.chat.corpus import ANSWERS, Answer, read_answer
from troth_mock.chat.text import answer, compose
from troth_mock.chat.tokens import tokens

NUMBERS = st.integers(0, 2**64 - 1)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\|(?:[^|\n]|\\\|)*\|.*\|$", re.MULTILINE)


def fences(message: str, number: int) -> set[str]:
    return {found[1] for found in FENCE.finditer(answer(message, number=number))}


@given(NUMBERS)
def test_asked_for_code_it_gives_code_of_that_language(number: int) -> None:
    assert "python" in fences("Write a Python function that reverses a string.", number)
    assert fences("Show me some TypeScript code", number) & {"ts", "jsx"}
    assert "sql" in fences("give me an SQL query for the top ten customers", number)
    assert "bash" in fences("A bash one-liner, please", number)
    assert fences("write code that adds two numbers", number)


@pytest.mark.parametrize(
    ("message", "fence"),
    [
        ("Write quicksort in Rust", "rust"),
        ("Write a Go HTTP server", "go"),
        ("Show me a Java class for a stack", "java"),
        ("Write a C++ program that sorts numbers", "cpp"),
        ("A C# method, please", "csharp"),
        ("Write a Ruby function that counts words", "ruby"),
        ("a php function to add two numbers", "php"),
        ("a Kotlin data class", "kotlin"),
        ("a Swift struct for an item", "swift"),
        ("Some TypeScript that fetches a URL", "ts"),
        ("Give me CSS that centres a div", "css"),
        ("a Dockerfile for node", "dockerfile"),
        ("XML for a book", "xml"),
    ],
)
def test_the_code_is_in_the_language_that_is_named(message: str, fence: str) -> None:
    assert all(fences(message, number) == {fence} for number in range(8))


@pytest.mark.parametrize(
    ("message", "count", "topic"),
    [
        ("Give me a list of 5 fruits", 5, "fruits"),
        ("List four planets", 4, "planets"),
        ("Top 10 films", 10, "films"),
        ("Name three colours", 3, "colours"),
        ("Use bullet points to describe Lisbon", 4, "Lisbon"),
        ("Six ideas for dinner as bullet points", 6, "dinner"),
    ],
)
def test_a_list_has_as_many_as_are_asked_for(message: str, count: int, topic: str) -> None:
    said = answer(message, number=0)
    assert len(re.findall(r"^(?:-|\d\.) ", said, re.MULTILINE)) == count
    assert topic in said.partition("\n")[0]
    assert ("\n- " in said) == (count != 3)


@pytest.mark.parametrize(
    ("message", "keys"),
    [
        ("Return JSON with keys name and age", ["name", "age"]),
        ('Reply as JSON with the keys `a`, `b`, and "c_d".', ["a", "b", "c_d"]),
        ("Describe fog as JSON. Fields: topic, is_wet", ["topic", "is_wet"]),
    ],
)
@given(number=NUMBERS)
def test_an_object_has_the_keys_that_are_asked_for(
    message: str, keys: list[str], number: int
) -> None:
    value = json.loads(answer(message, number=number))
    assert list(value) == keys
    assert type(value.get("age", 1)) is int


def test_keys_that_nobody_names_are_none() -> None:
    for message in ("as JSON, with keys for each of them", "JSON whose keys are short", "as JSON"):
        assert set(json.loads(answer(message, number=0))) == {"topic", "summary", "points", "score",
                                                              "complete", "next"}  # fmt: skip


@pytest.mark.parametrize(
    ("system", "is_so"),
    [
        ("Always answer in German.", lambda said: "Motor" not in said and "„" in said),
        ("You are a bot. Reply as JSON.", json.loads),
        ("Answer in one sentence.", lambda said: said.count(".") == 1 and "\n" not in said),
        ("Answer briefly.", lambda said: len(said) < 60),
    ],
)
@given(number=NUMBERS)
def test_a_system_says_how_all_is_answered(system: str, is_so: Any, number: int) -> None:
    assert is_so(answer("What is fog?", number=number, system=system))
    assert fences("Write a Python function", number) == {"python"}


def test_a_user_asks_for_another_form_than_the_system_and_gets_it() -> None:
    said = answer("Show me a table of planets", number=0, system="Always answer in German.")
    assert ROW.search(said)
    plain = answer("What is fog?", number=0)
    assert answer("What is fog?", number=0, system="You know Python and JSON.") == plain


@given(NUMBERS)
def test_asked_for_a_table_it_gives_a_table(number: int) -> None:
    for message in ("Show me a table of planets", "Compare Paris and Rome"):
        rows = ROW.findall(answer(message, number=number))
        assert len(rows) >= 4
        assert re.fullmatch(r"\|(?: ?:?-+:? ?\|)+", rows[1])


@pytest.mark.parametrize(
    "message",
    [
        "Give me JSON about a book, only JSON",
        'Tell me about "C:\\temp\\x" in JSON.',
        "Return a list of three users as JSON",
        "日本について、as JSON",
    ],
)
@given(number=NUMBERS)
def test_asked_for_json_it_gives_nothing_else(message: str, number: int) -> None:
    assert isinstance(json.loads(answer(message, number=number)), (dict, list))


@given(NUMBERS, st.integers(1, 12))
def test_asked_for_sentences_it_gives_so_many(number: int, count: int) -> None:
    said = answer(f"Explain tides in {count} sentences, please", number=number)
    assert len(re.findall(r"[.?](?=\s|$)", said)) == count
    assert "\n" not in said
    assert "sentences" not in said
    assert "tides" in said


@given(NUMBERS)
def test_asked_for_one_sentence_or_few_words_it_says_little(number: int) -> None:
    assert answer("What is fog? In one sentence.", number=number).count(".") == 1
    assert len(answer("Keep it short: what is fog?", number=number)) < 60


@given(NUMBERS, st.integers(1, 12))
def test_asked_for_points_it_gives_so_many(number: int, count: int) -> None:
    said = answer(f"Give me {count} reasons to learn chess", number=number)
    assert len(re.findall(r"^(?:-|\d\.) ", said, re.MULTILINE)) == min(count, 10)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Was ist die Hauptstadt von Frankreich?", "german"),
        ("Pourquoi le ciel est-il bleu ?", "french"),
        ("¿Cómo funciona un motor de combustión?", "spanish"),
        ("Dove si trova il Colosseo e quando è stato costruito?", "italian"),
        ("Você pode explicar como isso funciona?", "portuguese"),
        ("日本の首都はどこですか\uff1f", "japanese"),
        ("请介绍一下北京", "chinese"),
        ("프랑스의 수도는 어디인가요?", "korean"),
        ("ما هي عاصمة فرنسا؟", "arabic"),
        ("מה בירת צרפת?", "hebrew"),
        ("Как работает двигатель?", "russian"),
        ("भारत की राजधानी क्या है?", "hindi"),
        ("What is the capital of France? Answer in German.", "german"),
    ],
)
def test_the_answer_is_in_the_language_of_the_question(message: str, name: str) -> None:
    said = answer(message, number=7)
    (expected,) = (each for each in ANSWERS if each.name == name)
    assert any(said.startswith(text.partition("{")[0]) for text in expected.parts[0])


@pytest.mark.parametrize(
    "message",
    [
        "What does 日本 mean, and who says it where?",
        "How does the heart function?",
        "How do I get to Los Angeles?",
        "What is the dress for a comment on a blog?",
        "How long is a day?",
    ],
)
def test_other_questions_are_answered_in_english_and_freely(message: str) -> None:
    said = {answer(message, number=number).partition("\n")[0] for number in range(64)}
    assert len(said) > 16
    assert sum(line.isascii() or "日本" in line for line in said) == len(said)


def test_free_answers_are_of_every_kind() -> None:
    said = [answer("Tell me about cats", number=number * 7919) for number in range(640)]
    assert min(map(len, said)) < 10
    for part in ("```python", "```mermaid", "|:---", "|---", "> ", "- [x]", "](https://", "$$"):
        assert any(part in text for text in said), part
    for letters in ("\U0001f468\u200d\U0001f469", "世界", "مرحب", "שלום", "e\u0301", "<script>"):
        assert any(letters in text for text in said), letters


@given(st.sampled_from(ANSWERS), NUMBERS, st.sampled_from(["x", "the sea", "naïve", "日本", "é"]))
def test_what_was_cut_ahead_is_cut_as_the_whole_text(
    chosen: Answer, number: int, topic: str
) -> None:
    asked = chosen.asked[number % len(chosen.asked)]
    said = compose(f"{topic} {asked}", number=number)
    cut = tokens(said.text())
    every = said.encoded().split(b"\0")
    assert (said.size(), [json.loads(one) for one in every]) == (len(cut), cut)
    assert said.encoded(5).split(b"\0") == every[:5]


@pytest.mark.parametrize("each", ANSWERS, ids=lambda each: each.name)
def test_a_file_of_the_folder_is_well_formed(each: Answer) -> None:
    assert each.asked, "nobody could ask for it"
    texts = [text for part in each.parts for text in part]
    assert all(texts)
    lines = [line for text in texts for line in text.splitlines()]
    assert [line for line in lines if line.lower().count("{topic}") > 1] == []
    assert all(text.count("```") % 2 == 0 for text in texts)


def test_every_answer_is_given_to_who_asks_for_it_with_its_own_words() -> None:
    for each in ANSWERS:
        first = each.parts[0][0].partition("\n")[0].partition("{")[0]
        for asked in each.asked:
            said = (answer(f"fog {asked}", number=number) for number in range(256))
            assert any(first in text for text in said), (each.name, asked)


def test_a_file_is_read() -> None:
    text = (
        "---\nasked: one, two words\nwords: a b\nscript: 41-42 61-61\nalone: yes\n---\n"
        "First\n<!-- or -->\nOther\n<!-- then -->\nLast\n"
    )
    assert read_answer("x", text) == Answer(
        "x",
        (("First", "Other"), ("Last",)),
        asked=("one", "two words"),
        words=frozenset({"a", "b"}),
        script=(range(0x41, 0x43), range(0x61, 0x62)),
        is_alone=True,
    )


def test_what_an_answer_is_found_by_is_no_word_that_every_message_has() -> None:
    from troth_mock.chat import form

    plain = {"the", "of", "is", "what", "how", "a", "to", "and", "in", "tell", "me", "about"}
    assert form.form_of("What is it", ["what", "is", "it"]) is None
    assert not plain & {word for each in ANSWERS for word in each.words}
    assert corpus.ANSWERS is ANSWERS
