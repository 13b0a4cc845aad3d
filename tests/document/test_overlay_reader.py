"""The overlay itself: what is one, and how one is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlays import applied, document, refused
from troth.document import json_path, overlay
from troth.document.overlay import NOTHING, Action
from troth.document.spec_errors import (
    BadAction,
    DuplicateKey,
    NotAnOverlay,
    UnreadableDocument,
    UnsupportedVersion,
)
from troth.errors import Place, SpecError

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


TREES = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "error", "fault", "pointer"),
    [
        ("[a]", NotAnOverlay, "not an overlay: the field 'overlay' is missing", ""),
        ("openapi: 3.1.0", NotAnOverlay, "not an overlay: the field 'overlay' is missing", ""),
        ("overlay: 1.0", UnsupportedVersion, "version 1.0 is not supported", "/overlay"),
        ("overlay: 1.2.0", UnsupportedVersion, "version '1.2.0' is not supported", "/overlay"),
        ("overlay: 2.0.0", UnsupportedVersion, "version '2.0.0' is not supported", "/overlay"),
        ("overlay: 1.0.0", NotAnOverlay, "'info' is missing", "/info"),
        ("{overlay: 1.0.0, info: x}", NotAnOverlay, "'info' must be an object", "/info"),
        ("{overlay: 1.0.0, info: {}}", NotAnOverlay, "'title' is missing", "/info/title"),
        (
            "{overlay: 1.0.0, info: {title: a}}",
            NotAnOverlay,
            "'version' is missing",
            "/info/version",
        ),
        (
            "{overlay: 1.0.0, info: {title: a, version: 1}}",
            NotAnOverlay,
            "'version' must be a string",
            "/info/version",
        ),
        (
            "{overlay: 1.0.0, info: {title: a, version: b, description: c}}",
            NotAnOverlay,
            "unknown field 'description'",
            "/info/description",
        ),
        (
            "{overlay: 1.1.0, info: {title: a, version: b, description: c}}",
            NotAnOverlay,
            "'actions' is missing",
            "/actions",
        ),
        (
            "{overlay: 1.1.0, info: {title: a, version: b}, actions: []}",
            NotAnOverlay,
            "an overlay has at least one action",
            "/actions",
        ),
        (
            "{overlay: 1.1.0, info: {title: a, version: b}, extends: 1, actions: []}",
            NotAnOverlay,
            "'extends' must be a string",
            "/extends",
        ),
        (
            "{overlay: 1.1.0, info: {title: a, version: b}, action: []}",
            NotAnOverlay,
            "unknown field 'action'",
            "/action",
        ),
    ],
)
def test_what_is_no_overlay_is_refused(
    text: str, error: type[SpecError], fault: str, pointer: str
) -> None:
    with pytest.raises(error) as caught:
        overlay.read(text.encode(), name="o.yaml")
    assert (caught.value.fault, caught.value.pointer) == (fault, pointer)
    assert caught.value.place is not None


@pytest.mark.parametrize(
    ("action", "fault", "pointer"),
    [
        ("text", "an action is an object", ""),
        ("{update: {}}", "'target' is missing", "/target"),
        ("{target: 1}", "'target' must be a string", "/target"),
        ("{target: $, remove: 1}", "'remove' must be true or false", "/remove"),
        ("{target: $, updat: {}}", "unknown field 'updat'", "/updat"),
        ("{target: $, copy: 1}", "'copy' must be a string", "/copy"),
        ("{target: $}", "has none of update, copy and remove", ""),
        ("{target: $, copy: $, update: {}}", "has both update and copy", "/copy"),
        ("{target: $, update: {x-a: 1}}", "repeats actions[0]", ""),
        ("{target: $, description: 1}", "'description' must be a string", "/description"),
    ],
)
def test_a_bad_action_is_refused_with_its_index(action: str, fault: str, pointer: str) -> None:
    actions = f"  - {{target: $, update: {{x-a: 1}}}}\n  - {action}\n"
    error = refused("", actions, BadAction)
    assert (error.index, error.fault) == (1, f"actions[1] {fault}")
    assert error.pointer == "/actions/1" + pointer
    assert error.place is not None
    assert error.place.line == 6


def test_actions_that_differ_in_a_type_alone_are_no_repetition() -> None:
    actions = "  - {target: \"$['x-a']\", update: 1}\n  - {target: \"$['x-a']\", update: true}\n"
    assert applied("x-a: []\n", actions)["x-a"] == [1, True]


def test_extensions_are_no_unknown_fields() -> None:
    read_back = overlay.read(
        b"{overlay: 1.0.7, x-a: 1, info: {title: t, version: v, x-b: 2}, extends: ./a.yaml,"
        b" actions: [{target: $, x-c: 3, description: why}]}",
        name="o.yaml",
    )
    assert (read_back.version, read_back.title, read_back.extends) == ("1.0", "t", "./a.yaml")
    assert read_back.actions == (Action("$", description="why"),)
    assert read_back.actions[0].update is NOTHING


def test_an_overlay_is_read_under_the_guards_of_a_document(tmp_path: Path) -> None:
    with pytest.raises(DuplicateKey):
        overlay.read(b"overlay: 1.0.0\noverlay: 1.1.0\n")
    with pytest.raises(UnreadableDocument):
        overlay.read(tmp_path / "none.yaml")


def test_a_json_overlay_is_an_overlay() -> None:
    text = b'{"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": ['
    text += b'{"target": "$", "update": {"x-a": {"b": 1}}}]}'
    result = overlay.apply(document(""), [text])
    assert result.root["x-a"] == {"b": 1}
    assert result.place("/x-a/b") == Place("<bytes>", 1, text.index(b'"b"') + 1)


ACTIONS = st.builds(
    lambda key, description, rest: Action(
        json_path.write(("x-a", key)), description=description, **rest
    ),
    KEYS,
    KEYS,
    st.one_of(
        st.fixed_dictionaries({"update": TREES | st.none()}),
        st.just({"copy": "$.info"}),
        st.just({"remove": True}),
    ),
)


@given(st.lists(ACTIONS, min_size=1, max_size=4, unique_by=repr))
def test_written_actions_are_read_back(actions: list[Action]) -> None:
    text = overlay.write(actions, title="Fixes: all", version="1", extends="a b.yaml")
    found = overlay.read(text.encode())
    assert found.actions == tuple(actions)
    assert (found.title, found.extends) == ("Fixes: all", "a b.yaml")


def test_a_written_overlay_is_of_the_oldest_version_that_says_it() -> None:
    old = [Action("$", update={"x-a": 1}), Action("$.info.title", remove=True)]
    assert overlay.write(old, title="Fixes") == (
        "overlay: '1.0.0'\ninfo:\n  title: Fixes\n  version: '1.0.0'\nactions:\n"
        "  - target: $\n    update:\n      x-a: 1\n  - target: $.info.title\n    remove: true\n"
    )
    assert "1.1.0" in overlay.write([Action("$.info.title", update="x")])
    assert "1.1.0" in overlay.write([Action("$.info", copy="$.paths")])
