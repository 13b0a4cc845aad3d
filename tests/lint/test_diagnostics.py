"""What diagnostics propose, as actions of an overlay; and their codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from troth import pointer
from troth.document import document, json_path, overlay
from troth.errors import Place
from troth.lint import CODES, Diagnostic, Fix
from troth.lint.diagnostics import actions, locate, target

MINIMAL = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}


def test_an_item_of_an_array_is_replaced_with_its_array() -> None:
    root = {"schema": {"examples": [1, "2", 3]}}
    source = written(root)
    diagnostic = made(Fix("replace", "/schema/examples/1", 2))
    assert [(each.target, each.update, each.remove) for each in actions(source, [diagnostic])] == [
        ("$.schema.examples", overlay.NOTHING, True),
        ("$.schema", {"examples": [1, 2, 3]}, False),
    ]


def test_items_are_removed_from_the_end_and_after_everything_else() -> None:
    source = written({"list": [0, 1, 2], "other": {"a": 1}})
    diagnostics = [made(Fix("remove", f"/list/{index}")) for index in (0, 2)]
    diagnostics.append(made(Fix("remove", "/other/a")))
    assert [each.target for each in actions(source, diagnostics)] == [
        "$.other.a",
        "$.list[2]",
        "$.list[0]",
    ]


def test_what_is_removed_as_a_whole_is_not_changed_in_its_parts() -> None:
    source = written({"a": {"b": {"c": 1}}})
    diagnostics = [made(Fix("merge", "/a/b", {"d": 2})), made(Fix("remove", "/a"))]
    assert [(each.target, each.remove) for each in actions(source, diagnostics)] == [("$.a", True)]


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_a_target_selects_the_node_of_its_pointer_alone(names: list[str]) -> None:
    root: object = 1
    for name in reversed(names):
        root = {name: root, name + "x": [root]}
    location = locate(root, pointer.of(names))
    assert json_path.select(root, target(location)) == [tuple(names)]


def written(extra: dict[str, object]) -> document.Document:
    return document.read(json.dumps({**MINIMAL, **extra}).encode(), name="api.json")


def made(*fixes: Fix) -> Diagnostic:
    return Diagnostic("error", "bad-schema", "It is wrong.", "", Place("api.json", 1), fixes)


def test_every_code_is_explained_with_its_severity() -> None:
    text = (Path(__file__).parents[2] / "docs" / "LINT.md").read_text(encoding="utf-8")
    explained = {
        code: severity
        for heading in re.findall(r"^### (.+)$", text, re.MULTILINE)
        for codes, severity in re.findall(r"((?:`[a-z-]+`(?:, )?)+) \((\w+)\)", heading)
        for code in re.findall(r"`([a-z-]+)`", codes)
    }
    assert explained == CODES
