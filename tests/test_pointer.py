import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth import pointer

TOKENS = st.lists(st.text("ab/~01%é- ", max_size=4) | st.integers(0, 99), max_size=5)
# RFC 6901 §5
DOCUMENT = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", DOCUMENT),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_pointers_of_the_rfc_lead_where_it_says(text, expected):
    assert pointer.resolve(DOCUMENT, text) == expected


@pytest.mark.parametrize(
    ("text", "walked"),
    [
        ("/foo/2", "/foo/2"),
        ("/foo/01", "/foo/01"),
        ("/foo/-", "/foo/-"),
        ("/foo/\u0661", "/foo/\u0661"),
        ("/foo/0/x/y", "/foo/0/x"),
        ("/m~1n/x", "/m~1n"),
        ("/Foo", "/Foo"),
    ],
)
def test_a_pointer_to_nothing_says_how_far_it_got(text, walked):
    with pytest.raises(KeyError) as caught:
        pointer.resolve(DOCUMENT, text)
    assert caught.value.args == (walked,)


def test_an_escaped_tilde_escapes_nothing_behind_it():
    # RFC 6901 §4: ~1 is replaced first, so that ~01 is ~1 and not /
    assert pointer.split("/~01/~001/a~1~0b") == ("~1", "~01", "a/~b")


def test_a_pointer_that_does_not_begin_with_a_slash_is_none():
    with pytest.raises(ValueError, match="starts with '/'"):
        pointer.split("foo")


@given(TOKENS)
def test_what_is_joined_splits_again(tokens):
    assert pointer.split(pointer.of(tokens)) == tuple(str(token) for token in tokens)


@given(TOKENS, TOKENS)
def test_joining_appends(first, second):
    assert pointer.join(pointer.of(first), *second) == pointer.of([*first, *second])


@given(TOKENS)
def test_every_pointer_leads_to_what_was_put_there(tokens):
    value = "here"
    for token in reversed(tokens):
        value = {str(token): value}
    assert pointer.resolve(value, pointer.of(tokens)) == "here"


def test_a_fragment_is_percent_decoded():
    assert pointer.from_fragment("/c%25d/%C3%A9") == "/c%d/é"
