"""How items fold into a body."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from troth import pointer
from troth.document import document, overlay
from troth.errors import Place, SpecError
from troth.openapi.stream_assembly import Assembly, Rule, fold, parse

SPEC = Path(__file__).parents[2] / "spec"
BUNDLED = overlay.apply(document.read(SPEC / "atoma.yaml"), [SPEC / "atoma.overlay.yaml"])
AT = "/paths/~1v1~1chat~1completions/post/responses/200/content/text~1event-stream/x-troth-assembly"
CHAT = parse(pointer.resolve(BUNDLED.root, AT), AT)


def rules(**members: Any) -> Assembly:
    return parse({"body": "application/json", "members": members})


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ("last", [1, 2, None], {"m": 2}),
        ("first", [None, 1, 2], {"m": 1}),
        ("concatenate", ["a", None, "", "b"], {"m": "ab"}),
        ("concatenate", ["", None], {"m": ""}),
        ("concatenate", ["a", 1, {}], {"m": "a"}),
        ("concatenate", [1, 2], {"m": 2}),
        ("append", [[1], None, [], [2, 3]], {"m": [1, 2, 3]}),
        ("append", ["x"], {"m": "x"}),
        ("drop", [1], {}),
        ("last", [None], {}),
        ("last", [], {}),
        ({"rule": "first", "as": "n"}, [1, 2], {"n": 1}),
        ({"as": "n"}, [1, 2], {"n": 2}),
        ({}, [1, 2], {"m": 2}),
        ({"const": None}, [1], {"m": None}),
        ({"const": {"a": 1}}, [], {"m": {"a": 1}}),
        ({"const": 1, "as": "n"}, [None], {"n": 1}),
        (
            {"members": {"a": "concatenate"}},
            [{"a": "x", "b": 1}, {"a": "y"}],
            {"m": {"a": "xy", "b": 1}},
        ),
        ({"members": {"a": "concatenate"}}, [{"a": None}, 3], {"m": {}}),
        ({"members": {}}, ["x"], {"m": "x"}),
        (
            {"by": "i"},
            [[{"i": 1, "a": 1}, {"i": 0}], [{"i": 1, "a": 2}]],
            {"m": [{"i": 0}, {"i": 1, "a": 2}]},
        ),
        ({"by": "i"}, [[]], {"m": []}),
        (
            {"by": "i"},
            [[{"i": 10}, {"i": 9}, {"i": 1.0}, {"i": 1, "a": 1}]],
            {"m": [{"i": 1, "a": 1}, {"i": 9}, {"i": 10}]},
        ),
        (
            {"by": "i"},
            [[{"i": "b"}, {"i": "a"}, {"i": 3}]],
            {"m": [{"i": 3}, {"i": "a"}, {"i": "b"}]},
        ),
        ({"by": "i"}, [[{"a": 1}, {"a": 2}], [{"b": 1}]], {"m": [{"a": 1, "b": 1}, {"a": 2}]}),
        ({"by": "i"}, [["x", {"i": 0}], 3], {"m": [{"i": 0}]}),
        ({"by": "i"}, [3], {"m": 3}),
        ({"by": "i", "drop-key": True}, [[{"i": 0, "a": 1}]], {"m": [{"a": 1}]}),
        ({"by": "i", "drop-key": True, "members": {"i": {"as": "j"}}}, [[{"i": 0}]], {"m": [{}]}),
        (
            {"by": "i", "members": {"t": "concatenate"}},
            [[{"i": 0, "t": "a"}], [{"i": 0, "t": "b"}]],
            {"m": [{"i": 0, "t": "ab"}]},
        ),
    ],
)
def test_a_rule_says_what_becomes_of_a_member(rule: Any, values: list[Any], expected: Any) -> None:
    assert fold(rules(m=rule), [{"m": value} for value in values]) == expected


def test_members_that_no_rule_names_are_last_and_stand_where_they_first_came() -> None:
    body = fold(rules(b="first", k={"const": 1}), [{"a": 1, "b": 2}, {"c": 3, "b": 4, "a": 5}])
    assert list(body.items()) == [("a", 5), ("b", 2), ("c", 3), ("k", 1)]


def test_items_that_are_no_objects_contribute_nothing() -> None:
    assert fold(rules(m="last"), [None, 3, "x", [], {"m": 1}]) == {"m": 1}


def test_nothing_folds_to_the_constants() -> None:
    assert fold(CHAT, []) == {"object": "chat.completion"}


def test_rules_are_read_into_values() -> None:
    read = rules(a="append", b={"by": "i", "drop-key": True, "members": {"c": "drop"}, "as": "d"})
    assert read == Assembly(
        "application/json",
        {
            "a": Rule("append"),
            "b": Rule("keyed", "d", None, "i", True, {"c": Rule("drop")}),
        },
        "",
    )


@pytest.mark.parametrize(
    ("raw", "at", "fault"),
    [
        (3, "", "x-troth-assembly is an object with 'body' and 'members'"),
        ({}, "/body", "'body' names the content type of the response that the items fold to"),
        (
            {"body": "a/b", "members": 3},
            "/members",
            "'members' is an object: each member's name with its rule",
        ),
        (
            {"body": "a/b", "member": {}},
            "/member",
            "'member' means nothing here; known are body, members",
        ),
        (
            {"body": "a/b", "members": {"x/y": "lst"}},
            "/members/x~1y",
            "'lst' is no rule: last, first, concatenate, append, drop",
        ),
        (
            {"body": "a/b", "members": {"x": 3}},
            "/members/x",
            "a rule is one of last, first, concatenate, append, drop, or an object",
        ),
        (
            {"body": "a/b", "members": {"x": {"const": 1, "by": "i"}}},
            "/members/x",
            "a rule has 'const' or 'by', not both",
        ),
        (
            {"body": "a/b", "members": {"x": {"members": {"y": {"rule": "first", "members": {}}}}}},
            "/members/x/members/y",
            "a rule has 'rule' or 'members', not both",
        ),
        (
            {"body": "a/b", "members": {"x": {"as": ""}}},
            "/members/x/as",
            "'as' names a member",
        ),
        (
            {"body": "a/b", "members": {"x": {"drop-key": True}}},
            "/members/x/drop-key",
            "'drop-key' is true or false, beside 'by'",
        ),
        (
            {"body": "a/b", "members": {"x": {"as": "y"}, "y": "last"}},
            "/members/y",
            "'y' and 'x' would both become 'y' of the body",
        ),
    ],
)
def test_a_rule_without_a_meaning_is_refused(raw: Any, at: str, fault: str) -> None:
    place = Place("api.yaml", 3)
    with pytest.raises(SpecError) as caught:
        parse(raw, "/base", place)
    error = caught.value
    assert (error.fault, error.pointer, error.place) == (fault, "/base" + at, place)


def test_a_misspelt_rule_is_told_the_nearest_one() -> None:
    with pytest.raises(SpecError, match="Did you mean 'concatenate'"):
        rules(m="concat")


# -- Properties


def pieces(text: str, cuts: list[int]) -> list[str]:
    edges = [0, *sorted({cut % (len(text) + 1) for cut in cuts}), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


CUTS = st.lists(st.integers(0, 100), max_size=6)


@given(st.text(), st.text(max_size=20), CUTS, CUTS, st.booleans())
def test_however_a_message_is_cut_it_folds_to_the_same_body(
    content: str, arguments: str, cuts: list[int], more: list[int], nulls: bool
) -> None:
    def chunk(delta: Any, finish: Any = None, **members: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {"id": "c", "object": "chat.completion.chunk", "choices": [choice], **members}

    def call(index: int, **members: Any) -> dict[str, Any]:
        return {"tool_calls": [{"index": index, **members}]}

    extra = {"usage": None} if nulls else {}
    items = [
        chunk({"role": "assistant", "content": None if nulls else ""}, **extra),
        *(chunk({"content": part}, **extra) for part in pieces(content, cuts)),
        chunk(call(1, id="b", function={"name": "g", "arguments": ""})),
        chunk(call(0, id="a", function={"name": "f"})),
        *(chunk(call(0, function={"arguments": part})) for part in pieces(arguments, more)),
        chunk({}, "tool_calls", **extra),
        {"id": "c", "choices": [], "usage": {"total_tokens": 3}},
    ]
    assert fold(CHAT, items) == {
        "id": "c",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": content,
                    "tool_calls": [
                        {"id": "a", "function": {"name": "f", "arguments": arguments}},
                        {"id": "b", "function": {"name": "g", "arguments": ""}},
                    ],
                },
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {"total_tokens": 3},
    }


NAMES = st.sampled_from(["choices", "index", "delta", "content", "tool_calls", "function", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)


@given(st.lists(JSON, max_size=5))
@example(
    [{"choices": [{"index": float("nan")}, {"index": {}}, {"index": True}, {"index": "\ud800"}]}]
)
def test_folding_never_raises_and_gives_json(items: list[Any]) -> None:
    before = json.dumps(items)
    body = fold(CHAT, items)
    json.dumps(body)
    assert body["object"] == "chat.completion"
    assert json.dumps(items) == before
