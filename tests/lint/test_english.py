"""What lint's patterns read out of descriptions, and what they leave alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.lint import english
from troth.lint.english import Bound, Dependency


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("Number between -2.0 and 2.0. Positive is more.", Bound("between -2.0 and 2.0", -2, 2)),
        ("What to use, between 0 and 2", Bound("between 0 and 2", 0, 2)),
        (
            "An integer between 0 and 20 specifying how many.",
            Bound("between 0 and 20", 0, 20, unit="specifying"),
        ),
        ("A bias value from -100 to 100.", Bound("value from -100 to 100", -100, 100)),
        ("A score ranging from 0.5 to 1.", Bound("score ranging from 0.5 to 1", 0.5, 1)),
        ("In the range 1-10.", Bound("range 1-10", 1, 10)),
        ("Up to 4 sequences that end it", Bound("Up to 4", high=4, unit="sequences")),
        ("There can be up to 1,000 items.", Bound("can be up to 1,000", high=1000, unit="items")),
        ("At most 64 characters.", Bound("At most 64", high=64, unit="characters")),
        ("Holds words, no more than three.", Bound("no more than three", high=3)),
        (
            "The maximum length is 512 characters.",
            Bound("maximum length is 512", high=512, unit="characters"),
        ),
        ("How many to return (max 100)", Bound("max 100", high=100)),
        ("Must not exceed 10.", Bound("Must not exceed 10", high=10)),
        ("It must be at least 1.", Bound("must be at least 1", low=1)),
        ("Must be greater than 0.", Bound("Must be greater than 0", low=0, exclusive=True)),
        ("Must be greater than or equal to 0.", Bound("Must be greater than or equal to 0", low=0)),
        ("Must be less than 8.", Bound("Must be less than 8", high=8, exclusive=True)),
        ("It must be positive.", Bound("must be positive", low=0, exclusive=True)),
        ("It must be non-negative.", Bound("must be non-negative", low=0)),
    ],
)
def test_a_limit_in_prose_is_read(text: str, bound: Bound) -> None:
    assert english.bounds(text) == [bound]


@pytest.mark.parametrize(
    "text",
    [
        "Values between -1 and 1 should decrease the likelihood.",
        "We recommend between 1 and 5 of them.",
        "Typically between 1 and 5.",
        "For example, between 1 and 5.",
        "The difference between 1 and 2 is small.",
        "Between 9:00 and 17:00 it is busy.",
        "Takes up to 30 seconds to settle.",
        "Renamed from 1 to 2 in March.",
        "Higher values like 0.8 make it random.",
        "If the size is big, at most 5.",
        "Between 10% and 20% of them.",
        "Must be greater than the other one.",
        "The maximum length is 1000 characters for one model and 32000 for another.",
        "Version 1.2 and 1.3 differ.",
    ],
)
def test_a_sentence_that_sets_no_limit_gives_none(text: str) -> None:
    assert english.bounds(text) == []


@pytest.mark.parametrize(
    ("text", "value", "quote"),
    [
        (
            "The type. Currently, only function is supported.",
            "function",
            "Currently, only function is supported",
        ),
        ("Currently only `file` is supported", "file", "Currently only `file` is supported"),
        ("Only 'png' is allowed.", "png", "Only 'png' is allowed"),
        ("The object type, which is always `list`.", "list", "is always `list`"),
        ("Always `user`", "user", "Always `user`"),
        ("Must be false for this request type.", False, "Must be false"),
        ("Must be true.", True, "Must be true"),
        ('It must be the string "v1".', "v1", 'must be the string "v1"'),
        ('The only supported value is "a".', "a", 'only supported value is "a"'),
    ],
)
def test_the_only_value_in_prose_is_read(text: str, value: object, quote: str) -> None:
    assert english.only_value(text) == (value, quote)


@pytest.mark.parametrize(
    "text",
    [
        "Image input is only supported when using the big model.",
        "It must be true if the other is set.",
        "Must be `a` or `b`.",
        "Only one is allowed.",
        "It is not always `list` that comes back here, see there.",
        "Only the owner is allowed to do so.",
        "The result is always sorted.",
    ],
)
def test_prose_that_leaves_a_choice_names_no_only_value(text: str) -> None:
    assert english.only_value(text) is None


def test_a_closed_list_of_values_is_read() -> None:
    assert english.one_of("Is either `owner` or `member`.") == (
        ("owner", "member"),
        "Is either `owner` or `member`.",
    )
    assert english.one_of("The role is `owner` or `member` if you are lucky.") is None


@pytest.mark.parametrize(
    ("text", "tie"),
    [
        (
            "logprobs must be set to true if this parameter is used.",
            Dependency("logprobs", True, "logprobs must be set to true if this parameter is used"),
        ),
        (
            "Only set this when you set stream: true.",
            Dependency("stream", True, "Only set this when you set stream: true"),
        ),
        (
            "Only set this when you set `stream: true`.",
            Dependency("stream", True, "Only set this when you set `stream: true`"),
        ),
        (
            "Only applicable when `mode` is `fast`.",
            Dependency("mode", "fast", "Only applicable when `mode` is `fast`"),
        ),
        (
            "Required if `kind` is `card`.",
            Dependency("kind", "card", "Required if `kind` is `card`", needs=False),
        ),
    ],
)
def test_a_tie_between_members_is_read(text: str, tie: Dependency) -> None:
    assert english.dependencies(text) == [tie]


@pytest.mark.parametrize(
    "text",
    [
        "Image input is only supported when using the big model.",
        "Set this when you like it.",
        "Only applicable if `file_ids` is non-empty.",
        "If the token must be set to expire, say so.",
    ],
)
def test_prose_without_a_tie_gives_none(text: str) -> None:
    assert english.dependencies(text) == []


def test_a_sum_names_its_terms() -> None:
    assert english.sum_of("Total number used (prompt + completion).") == (
        ("prompt", "completion"),
        "prompt + completion",
    )
    assert english.sum_of("The sum of `a` and `b`.") == (("a", "b"), "sum of `a` and `b`")
    assert english.sum_of("A number (C++ int).") is None


def test_a_promise_of_a_stream_is_a_sentence_that_does_not_deny_it() -> None:
    assert english.stream_promise("One body.\n\n- A streaming SSE connection\n- JSON") == (
        "A streaming SSE connection."
    )
    assert english.stream_promise("It does not use server-sent events.") is None
    assert english.stream_promise("It streams back partial progress.") is None


@pytest.mark.parametrize(
    "text",
    [
        "Results arrive by long-polling or SSE.",
        "Subscribe with webhooks or SSE.",
        "For updates as server-sent events see the guide.",
        "Use `/events` to receive server-sent events.",
        "Server-sent events are on GET /v1/events/{id}.",
        "A separate endpoint sends SSE.",
        "Creates an event stream.",
        "Sets the SSE key of the bucket.",
        "The object is stored using SSE with an encryption key of the customer.",
        "Server-sent events are not supported here.",
        "Server-sent events are currently not supported.",
        "Returns the event stream with the given id.",
        "Lists event streams of the tenant.",
    ],
)
def test_what_is_said_of_another_way_or_place_promises_no_stream(text: str) -> None:
    assert english.stream_promise(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Returns an event stream.",
        "If set, tokens are sent as data-only server-sent events.",
        "The answer is text/event-stream.",
        "Progress is sent over SSE and/or JSON.",
        "Sends the answer as a live event-stream.",
    ],
)
def test_what_is_said_of_this_answer_promises_a_stream(text: str) -> None:
    assert english.stream_promise(text) == text


@given(st.text(max_size=200))
@settings(max_examples=100)
def test_any_text_can_be_read(text: str) -> None:
    english.bounds(text)
    english.only_value(text)
    english.one_of(text)
    english.dependencies(text)
    english.sum_of(text)
    english.stream_promise(text)


@given(st.integers(-999, 999), st.integers(0, 999))
@settings(max_examples=50)
def test_every_range_is_read_with_its_numbers(low: int, width: int) -> None:
    (bound,) = english.bounds(f"A number between {low} and {low + width}.")
    assert (bound.low, bound.high) == (low, low + width)


def test_a_long_text_is_read_in_little_time() -> None:
    # `1 1 1 …` and `a a a …` are what patterns with nested repetition choke on
    for text in ("between 1 " * 5_000, "`a` " * 5_000, "must be " * 5_000, "(a + " * 5_000):
        assert english.bounds(text) == []
        assert english.only_value(text) is None
        assert english.sum_of(text) is None
