"""Overlays: every rule of update, copy and remove, in both versions."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from overlays import ITEMS, applied, document, refused, written
from troth.document import overlay
from troth.document.spec_errors import BadAction, DanglingReference, NoTarget


def test_update_merges_objects_recursively() -> None:
    base = "x-a: {keep: 1, change: 2, deep: {keep: [1], list: [1]}, type: text}\n"
    actions = (
        "  - target: $['x-a']\n"
        "    update: {change: three, deep: {list: [2, [3]], new: {a: []}}, type: null, more: 1}\n"
    )
    assert applied(base, actions)["x-a"] == {
        "keep": 1,
        "change": "three",
        "deep": {"keep": [1], "list": [1, 2, [3]], "new": {"a": []}},
        "type": None,
        "more": 1,
    }


@pytest.mark.parametrize(
    ("update", "inside", "fault"),
    [
        ("{a: {b: {c: 1}}}", "/a/b", "merges an object into a primitive"),
        ("{a: {d: 1}}", "/a/d", "merges a primitive into an array"),
        ("{a: 1}", "/a", "merges a primitive into an object"),
        ("{a: []}", "/a", "merges an array into an object"),
        ("{a: null}", "/a", "merges a primitive into an object"),
        ("{a: {d: {}}}", "/a/d", "merges an object into an array"),
        ("1", "", "puts a primitive into an object"),
        ("[1]", "", "puts an array into an object"),
    ],
)
def test_incompatible_values_are_refused_where_they_stand(
    update: str, inside: str, fault: str
) -> None:
    actions = (
        f"  - target: $.info.title\n    update: x\n  - target: $['x-a']\n    update: {update}\n"
    )
    error = refused("x-a: {a: {b: 1, d: []}}\n", actions, BadAction)
    assert error.fault == f"actions[1] {fault}"
    assert (error.index, error.pointer) == (1, "/actions/1/update" + inside)
    assert error.place is not None
    assert (error.place.file, error.place.line) == ("<bytes>", 8)


def test_overlay_1_0_appends_the_value_to_an_array_and_1_1_concatenates_arrays() -> None:
    actions = "  - target: $['x-a']\n    update: [2, 3]\n"
    assert applied("x-a: [1]\n", actions, "1.1.0")["x-a"] == [1, 2, 3]
    assert applied("x-a: [1]\n", actions, "1.0.0")["x-a"] == [1, [2, 3]]


@pytest.mark.parametrize("value", ["2", "null", "{b: 1}", "text"])
def test_an_object_or_primitive_is_appended_to_an_array(value: str) -> None:
    actions = f"  - target: $['x-a']\n    update: {value}\n"
    result = applied(f"x-a: [1]\nx-b: {value}\n", actions)
    assert result["x-a"] == [1, result["x-b"]]


def test_a_primitive_is_replaced_by_a_primitive_in_1_1_only() -> None:
    actions = "  - target: $['x-a'][*]\n    update: null\n"
    assert applied("x-a: [1, two, 3.0]\n", actions)["x-a"] == [None, None, None]
    error = refused("x-a: [1]\n", actions, BadAction, "1.0.0")
    assert error.pointer == "/actions/0/target"
    assert "overlay: 1.1.0" in error.advice
    error = refused("x-a: [1]\n", "  - {target: \"$['x-a'][0]\", update: {}}\n", BadAction)
    assert error.fault == "actions[0] puts an object into a primitive"


def test_targets_of_several_kinds_are_refused_in_1_1() -> None:
    actions = "  - target: $['x-a'][*]\n    update: {c: 1}\n"
    error = refused("x-a: [{}, []]\n", actions, BadAction)
    assert error.fault == "actions[0] selects nodes of different kinds (array, object)"
    assert applied("x-a: [{}, []]\n", actions, "1.0.0")["x-a"] == [{"c": 1}, [{"c": 1}]]


def test_each_target_gets_a_copy_of_its_own() -> None:
    actions = (
        "  - target: $['x-a'][*]\n    update: &v {list: [1]}\n"
        "  - target: $['x-a'][0].list\n    update: 2\n"
    )
    assert applied("x-a: [{}, {}]\n", actions)["x-a"] == [{"list": [1, 2]}, {"list": [1]}]


def test_an_alias_of_the_document_is_a_copy_to_an_overlay() -> None:
    base = "x-a: &a {list: [1]}\nx-b: *a\n"
    result = applied(base, "  - target: $['x-a'].list\n    update: 2\n")
    assert result == {"x-a": {"list": [1, 2]}, "x-b": {"list": [1]}}


def test_nested_targets_are_all_updated() -> None:
    base = "x-a: {n: {n: {}}}\n"
    actions = "  - target: $..n\n    update: {seen: true}\n"
    assert applied(base, actions)["x-a"] == {"n": {"n": {"seen": True}, "seen": True}}


def test_the_document_that_an_overlay_was_applied_to_is_left_as_it_was() -> None:
    base = document(ITEMS)
    before, place = copy.deepcopy(base.root), base.place("/paths/~1items")
    result = overlay.apply(base, [written("  - target: $.paths\n    update: {/b: {}}\n")])
    assert (base.root, base.place("/paths/~1items")) == (before, place)
    assert result.digest != base.digest
    assert overlay.apply(base, []) is base


@pytest.mark.parametrize(
    ("target", "left"),
    [
        ("$['x-a'][0]", [2, 3, 4]),
        ("$['x-a'][-1]", [1, 2, 3]),
        ("$['x-a'][0,2]", [2, 4]),
        ("$['x-a'][2,0,2]", [2, 4]),
        ("$['x-a'][::2]", [2, 4]),
        ("$['x-a'][*]", []),
    ],
)
@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_items_are_removed_whatever_their_order(target: str, left: Any, version: str) -> None:
    actions = f'  - target: "{target}"\n    remove: true\n'
    assert applied("x-a: [1, 2, 3, 4]\n", actions, version)["x-a"] == left


def test_a_target_inside_another_target_is_removed_with_it() -> None:
    actions = "  - target: $..n\n    remove: true\n"
    assert applied("x-a: {n: {n: {n: 1}}, m: [{n: 1}]}\n", actions)["x-a"] == {"m": [{}]}


def test_remove_false_removes_nothing() -> None:
    assert applied("x-a: 1\n", "  - target: $['x-a']\n    remove: false\n") == {"x-a": 1}
    actions = "  - target: $['x-a']\n    remove: false\n    update: 2\n"
    assert applied("x-a: 1\n", actions) == {"x-a": 2}


def test_remove_true_wins_over_update_and_copy() -> None:
    actions = "  - {target: \"$['x-a']\", remove: true, update: {b: 1}, copy: $.info}\n"
    assert applied("x-a: {}\n", actions) == {}


def test_the_whole_document_is_not_removed() -> None:
    error = refused("", "  - target: $\n    remove: true\n", BadAction)
    assert error.fault == "actions[0] removes the whole document"


def test_an_action_sees_what_the_one_before_left() -> None:
    actions = (
        "  - {target: \"$['x-a']\", remove: true}\n  - {target: $, update: {x-a: [1]}}\n"
        "  - {target: \"$['x-a']\", update: 2}\n"
    )
    assert applied("x-a: {b: 1}\n", actions) == {"x-a": [1, 2]}


def test_copy_follows_the_rules_of_update() -> None:
    base = "x-a: [1]\nx-b: [2]\nx-c: {d: [3]}\nx-e: text\n"
    assert applied(base, "  - {target: \"$['x-a']\", copy: \"$['x-b']\"}\n")["x-a"] == [1, 2]
    assert applied(base, "  - {target: \"$['x-a']\", copy: \"$['x-c']\"}\n")["x-a"] == [
        1,
        {"d": [3]},
    ]
    assert applied(base, "  - {target: \"$['x-e']\", copy: \"$['x-a'][0]\"}\n")["x-e"] == 1
    error = refused(base, "  - {target: \"$['x-c']\", copy: \"$['x-a']\"}\n", BadAction)
    assert error.fault == "actions[0] puts an array into an object"


def test_a_node_may_be_copied_into_itself_or_its_parent() -> None:
    base = "x-a: {b: {c: [1]}}\n"
    assert applied(base, "  - {target: \"$['x-a']\", copy: \"$['x-a'].b\"}\n")["x-a"] == {
        "b": {"c": [1]},
        "c": [1],
    }
    assert applied(base, "  - {target: \"$['x-a'].b\", copy: \"$['x-a']\"}\n")["x-a"] == {
        "b": {"c": [1], "b": {"c": [1]}}
    }
    assert applied(base, "  - {target: \"$['x-a'].b.c\", copy: \"$['x-a'].b.c\"}\n")["x-a"] == {
        "b": {"c": [1, 1]}
    }


@pytest.mark.parametrize(("source", "count"), [("$.none", 0), ("$.info.*", 2)])
def test_copy_has_one_source(source: str, count: int) -> None:
    error = refused("x-a: {}\n", f"  - {{target: \"$['x-a']\", copy: {source}}}\n", BadAction)
    assert f"selects {count} nodes and not one" in error.fault
    assert error.pointer == "/actions/0/copy"


def test_copy_is_a_field_of_1_1() -> None:
    error = refused("x-a: {}\n", "  - {target: \"$['x-a']\", copy: $.info}\n", BadAction, "1.0.0")
    assert error.fault == "actions[0] unknown field 'copy'"
    assert "overlay: 1.1.0" in error.advice


def test_a_target_that_selects_nothing_is_refused_unless_told_otherwise() -> None:
    actions = (
        "  - target: $.info\n    update: {x-a: 1}\n"
        "  - target: $.paths['/itms'].get\n    remove: true\n"
    )
    error = refused(ITEMS, actions, NoTarget)
    assert str(error) == (
        "<bytes>:7:5: actions[1] selects nothing: $.paths['/itms'].get (at /actions/1/target)\n"
        "$['paths'] exists, and has no '/itms'. Did you mean '/items'?"
    )
    assert (error.index, error.target) == (1, "$.paths['/itms'].get")
    assert applied(ITEMS, actions, strict=False)["paths"].keys() == {"/items", "/some-items"}


@pytest.mark.parametrize(
    "target", ["paths", "$.", "$.x-a", "$['a", "$[?]", "$.a b", "$[01]", "$ .a.", "", "$[?f(@)]"]
)
def test_a_target_that_is_no_jsonpath_is_refused(target: str) -> None:
    error = refused("", f'  - target: "{target}"\n    remove: true\n', BadAction)
    assert (error.index, error.pointer) == (0, "/actions/0/target")
    assert "is not a JSONPath" in error.fault


def test_what_an_action_removed_is_missed_with_the_name_of_the_action() -> None:
    base = "paths: {/a: {get: {responses: {'200': {$ref: '#/components/responses/Ok'}}}}}\n"
    base += "components: {responses: {Ok: {description: ok}}}\n"
    action = "  - target: $.components.responses\n    remove: true\n"
    error = refused(base, "  - target: $.info\n    update: {x-a: 1}\n" + action, DanglingReference)
    assert error.reference == "#/components/responses/Ok"
    assert error.advice == "actions[1] (<bytes>:7:5) removed it."
