"""Status, media type and example: Prefer, the document's conditions, Accept, in this order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.laws.condition import parse
from troth.openapi.operation import DeclaredResponse, Example, MediaType, Operation
from troth_mock.responding.negotiation import (
    BadPreference,
    Chooser,
    NotAcceptable,
    Preferences,
    named_example,
    preferences,
    preferred,
    success,
)


def entry(content_type: str, when: str | None = None) -> MediaType:
    return MediaType(content_type, "", when=None if when is None else parse(when))


JSON = entry("application/json", "request.stream != true")
EVENTS = entry("text/event-stream", "request.stream == true")
BOTH = DeclaredResponse("200", "", content=(JSON, EVENTS))
OPEN = DeclaredResponse("200", "", content=(entry("text/csv"), entry("application/json")))


@pytest.mark.parametrize("accept", [(), ("*/*",), ("text/csv",), ("text/event-stream",)])
def test_a_condition_that_holds_decides_whatever_accept_says(accept):
    chooser = Chooser(BOTH)
    assert chooser.choose({"stream": True}, accept) is EVENTS
    assert chooser.choose({"stream": False}, accept) is JSON
    assert chooser.choose({"stream": None}, accept) is JSON
    assert chooser.choose({}, accept) is JSON


def test_what_was_decided_of_one_value_is_not_taken_for_another():
    chooser = Chooser(
        DeclaredResponse(
            "200", "", content=(entry("a/a", "request.x == true"), entry("b/b", "request.x == 1"))
        )
    )
    found = [chooser.choose({"x": value}, ()) for value in (True, 1, True, 1)]
    assert [one.content_type for one in found if one] == ["a/a", "b/b", "a/a", "b/b"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ((), "text/csv"),
        (("*/*",), "text/csv"),
        (("application/json",), "application/json"),
        (("text/csv;q=0.1, application/json",), "application/json"),
        (("text/csv;q=0.1", "application/*"), "application/json"),
    ],
)
def test_accept_chooses_where_no_condition_does(accept, expected):
    chosen = Chooser(OPEN).choose({}, accept)
    assert chosen is not None
    assert chosen.content_type == expected


def test_an_accept_that_takes_nothing_is_told_what_there_is():
    with pytest.raises(NotAcceptable) as caught:
        Chooser(OPEN).choose({}, ("image/png",))
    assert str(caught.value) == "Accept 'image/png' takes none of text/csv, application/json"


def test_no_content_needs_no_accept():
    assert Chooser(DeclaredResponse("204", "")).choose(None, ("image/png",)) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], Preferences()),
        (["code=404"], Preferences(code=404)),
        (['code=200, example="a b"', "dynamic=true"], Preferences(200, "a b", True)),
        (["respond-async, wait=10"], Preferences()),
        (["Code=201; foo=bar"], Preferences(code=201)),
        (["code=200, code=500"], Preferences(code=200)),
        (["dynamic"], Preferences(dynamic=True)),
        (["dynamic=false"], Preferences(dynamic=False)),
        (['example=""'], "example"),
        (["code=999"], "code=999"),
        (["code=abc"], "code=abc"),
        (["code"], "code="),
        (["code=\u0661\u0660\u0660"], Preferences()),
        (["dynamic=maybe"], "dynamic=maybe"),
    ],
)
def test_preferences_are_read_as_rfc_7240_writes_them(fields, expected):
    if isinstance(expected, Preferences):
        assert preferences(fields) == expected
    else:
        with pytest.raises(BadPreference) as caught:
            preferences(fields)
        assert str(caught.value).startswith(f"Prefer: {expected}: ")


@given(st.lists(st.text(max_size=40), max_size=3))
def test_any_prefer_is_read_or_refused(fields):
    try:
        found = preferences(fields)
    except BadPreference:
        return
    assert preferences([found.applied]) == found


def declared(*statuses: str) -> Operation:
    return Operation("GET", "/", "", responses=tuple(DeclaredResponse(one, "") for one in statuses))


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("400", "201", "200"), 200),
        (("204", "404"), 204),
        (("2XX", "404"), 200),
        (("default",), 200),
        (("302", "404"), 302),
        (("4XX",), 400),
        (("404",), 404),
        (("500", "403"), 403),
        (("3XX", "5XX"), 302),
        (("302", "default"), 302),
        (("404", "default"), 200),
        (("304", "default"), 200),
        (("304",), 304),
        (("2XX", "201"), 201),
        (("100",), 200),
        ((), 200),
    ],
)
def test_all_being_well_the_lowest_success_answers(statuses, expected):
    assert success(declared(*statuses))[0] == expected


def test_a_preferred_status_must_be_declared():
    operation = declared("200", "4XX")
    assert preferred(operation, 418).status == "4XX"
    with pytest.raises(BadPreference, match="it declares 200, 4XX"):
        preferred(operation, 500)


def test_examples_go_by_their_names():
    media = MediaType(
        "a/b",
        "",
        examples=(Example(1, "/components/examples/shared/value", "one/two"), Example(2, "/x")),
    )
    assert named_example(media, "one/two").value == 1
    with pytest.raises(BadPreference, match="it has one/two, example"):
        named_example(media, "three")
