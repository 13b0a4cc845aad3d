"""Making a value smaller while it shows what it shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.generation.shrinking import Shrinker

BODY = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Answer briefly."},
        {"role": "user", "content": "hello \u202e world", "name": "x"},
    ],
    "n": 17,
    "temperature": 0.77,
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"a": [1, 2, 3]}}}],
}
MINIMAL = {"model": "m", "messages": [{"role": "user", "content": "Hello!"}]}


def simplify(value, is_still_failing, *, budget=200, target=None):
    """The smallest value found within *budget* questions that *is_still_failing* says yes to."""
    shrinker = Shrinker(value, target=target)
    for _ in range(budget):
        if shrinker.finished:
            break
        shrinker.tell(is_still_failing(shrinker.candidate))
    return shrinker.value


def test_only_the_member_that_matters_is_left_beside_the_minimal_body():
    found = simplify(BODY, lambda value: value.get("n", 1) > 4, target=MINIMAL)
    assert found == {**MINIMAL, "n": 5}


def test_what_matters_deep_inside_stays_and_the_rest_goes():
    def failing(value):
        messages = value.get("messages", [])
        return any(
            "\u202e" in dict(message).get("content", "")
            for message in messages
            if message != str(message)
        )

    found = simplify(BODY, failing, target=MINIMAL)
    assert found == {"model": "m", "messages": [{"content": "\u202e"}]}


def test_two_members_that_matter_together_both_stay():
    found = simplify(
        {name: 1 for name in "abcdefghijklmnop"}, lambda value: {"c", "n"} <= set(value)
    )
    assert found == {"c": 0, "n": 0}


@pytest.mark.parametrize(
    ("value", "failing", "smallest"),
    [
        (list(range(50)), lambda value: 37 in value, [37]),
        ("x" * 40 + "!" + "y" * 40, lambda value: "!" in value, "!"),
        (1_000_000, lambda value: value >= 1000, 1000),
        (12.75, lambda value: value > 3, 4),
        ({"a": {"b": {"c": True}}}, lambda value: "b" in str(value), {"a": {"b": {}}}),
        ("\U0001f469é", lambda value: len(value) > 1, "aa"),
        ([[[[]]]], lambda value: isinstance(value, list), []),
    ],
)
def test_values_of_every_type_get_small(value, failing, smallest):
    assert simplify(value, failing, budget=2000) == smallest


def test_a_value_that_needs_all_it_has_stays():
    assert simplify(BODY, lambda value: value == BODY) == BODY


def test_no_more_questions_are_asked_than_the_budget_allows():
    asked = []
    simplify(BODY, lambda value: asked.append(value) or False, budget=7)
    assert len(asked) == 7


def test_the_shrinker_proposes_and_is_told():
    shrinker = Shrinker([3, 4])
    proposed = []
    while not shrinker.finished:
        proposed.append(shrinker.candidate)
        shrinker.tell(4 in shrinker.candidate)
    assert shrinker.value == [4]
    assert [] in proposed
    assert shrinker.candidate is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_shrinking_ends_and_never_asks_twice(value):
    asked = []

    def failing(candidate):
        asked.append(repr(candidate))
        return isinstance(candidate, type(value))

    found = simplify(value, failing, budget=5000)
    assert isinstance(found, type(value))
    assert len(asked) == len(set(asked)) < 5000
