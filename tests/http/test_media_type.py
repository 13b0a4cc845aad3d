import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.http import media_type

HOSTILE = st.text(alphabet='a/*;=",\\ q0.1+jsonchret\t\n\x00é', max_size=60)


def test_the_essence_is_the_type_in_lower_case_without_parameters():
    assert media_type.essence("Application/JSON ; charset=utf-8") == "application/json"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("text/json", True),
        ("application/problem+JSON; charset=utf-8", True),
        ("application/jsonl", False),
        ("application/json-seq", False),
        ("text/event-stream", False),
        ("json", False),
        ("", False),
    ],
)
def test_json_is_told_by_its_name_or_its_suffix(content_type, expected):
    assert media_type.is_json(content_type) is expected


def test_parameters_lose_their_quotes_and_keep_what_was_in_them():
    content_type = 'multipart/form-data; Boundary="a;b\\"c, d"; charset=UTF-8; charset=x; broken'
    assert media_type.parameters(content_type) == {"boundary": 'a;b"c, d', "charset": "UTF-8"}
    assert media_type.charset(content_type) == "utf-8"
    assert media_type.charset("text/plain") is None


@pytest.mark.parametrize(
    ("media_range", "content_type", "expected"),
    [
        ("*/*", "text/plain", True),
        ("text/*", "TEXT/plain; charset=utf-8", True),
        ("text/*", "application/json", False),
        ("application/json", "application/json; charset=utf-8", True),
        ("application/json", "application/vnd.x+json", False),
        ("application/*+json", "application/vnd.x+json", True),
        ("application/*+json", "application/json", False),
        ("application/json; charset=utf-8", "application/json", True),
        ("text/plain; charset=UTF-8", "text/plain;charset=utf-8", True),
        ("text/plain; charset=utf-8", "text/plain", False),
        ("text/plain; format=flowed", 'text/plain; format="flowed"', True),
        ("text/plain; format=flowed", "text/plain; format=fixed", False),
        ("*/plain", "text/plain", False),
        ("nonsense", "nonsense", False),
    ],
)
def test_a_range_takes_what_rfc_9110_says(media_range, content_type, expected):
    assert media_type.matches(media_range, content_type) is expected


def test_specific_ranges_come_before_general_ones():
    ranges = [
        "nonsense",
        "*/*",
        "*/*;a=1",
        "text/*",
        "text/*+xml",
        "text/html",
        "text/html;level=1",
    ]
    assert sorted(ranges, key=media_type.specificity) == ranges


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, ["application/json", "text/event-stream"]),
        ("", ["application/json", "text/event-stream"]),
        ("*/*", ["application/json", "text/event-stream"]),
        ("text/csv", []),
        ("text/event-stream", ["text/event-stream"]),
        ("application/json;q=0.5, text/*", ["text/event-stream", "application/json"]),
        ("*/*;q=0.1, application/json;q=0", ["text/event-stream"]),
        ("text/event-stream;q=1.5, application/json", ["application/json"]),
        ("???", ["application/json", "text/event-stream"]),
        (' , application/json ; x="a,b;q=0" ; Q=0.30 ,', []),
        ("application/json;q=0.3;x=y", ["application/json"]),
    ],
)
def test_accept_chooses_among_what_is_offered(accept, expected):
    assert media_type.accepts(accept, ["application/json", "text/event-stream"]) == expected


def test_the_most_specific_range_gives_the_weight():
    # RFC 9110 §12.5.1, the example with level=1 and format=flowed.
    accept = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, */*;q=0.5"
    offered = ["text/html", "image/jpeg", "text/plain", "text/plain;format=flowed"]
    assert media_type.accepts(accept, offered) == [
        "text/plain;format=flowed",
        "text/plain",
        "image/jpeg",
        "text/html",
    ]


def test_an_offered_range_answers_a_narrower_wish():
    assert media_type.accepts("text/csv", ["application/json", "text/*"]) == ["text/*"]


@given(HOSTILE, HOSTILE)
def test_nothing_that_is_sent_raises(one, other):
    media_type.essence(one)
    media_type.is_json(one)
    media_type.parameters(one)
    media_type.matches(one, other)
    assert media_type.specificity(one) >= -1
    assert set(media_type.accepts(one, [other, "text/plain"])) <= {other, "text/plain"}


@given(st.lists(st.sampled_from(["a/b", "a/*", "*/*;q=0.1", "c/d;q=0"]), max_size=5))
def test_what_is_accepted_keeps_the_order_offered_among_equals(ranges):
    offered = ["a/b", "a/c", "e/f", "c/d"]
    taken = media_type.accepts(", ".join(ranges), offered)
    assert [kind for kind in offered if kind.startswith("a/") and kind in taken] == [
        kind for kind in taken if kind.startswith("a/")
    ]


@pytest.mark.parametrize("text", ['"' * 5000, "a/b" + ";" * 50_000, 'a/b;c="' + "\\" * 50_001])
def test_long_nonsense_is_read_in_linear_time(text):
    assert isinstance(media_type.accepts(text, ["a/b"]), list)
