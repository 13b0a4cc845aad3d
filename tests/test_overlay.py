"""Overlays: every rule of OpenAPI Overlay 1.0 and 1.1, and the places of what they insert."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth import json_path, overlay
from troth.document import Document, read
from troth.errors import Place, SpecError
from troth.overlay import NOTHING, Action
from troth.spec_errors import (
    BadAction,
    DanglingReference,
    DuplicateKey,
    NotAnOverlay,
    NoTarget,
    UnproductiveCycle,
    UnreadableDocument,
    UnsupportedVersion,
)
from troth.yaml_writer import dump_yaml

ROOT = Path(__file__).parents[1]
HEAD = "openapi: 3.1.0\ninfo:\n  title: Example API\n  version: 1.0.0\n"


def document(text: str) -> Document:
    return read((HEAD + text).encode(), name="api.yaml")


def written(actions: str, version: str = "1.1.0") -> bytes:
    """An overlay whose first action stands in line 5."""
    head = (
        f"overlay: {version}\ninfo: {{title: o, version: 1.0.0}}\nextends: ./api.yaml\nactions:\n"
    )
    return (head + actions).encode()


def applied(base: str, actions: str, version: str = "1.1.0", strict: bool = True) -> Any:
    """The root without its head."""
    result = overlay.apply(document(base), [written(actions, version)], strict=strict)
    return {key: value for key, value in result.root.items() if key not in ("openapi", "info")}


def refused(base: str, actions: str, error: type[SpecError], version: str = "1.1.0") -> Any:
    with pytest.raises(error) as caught:
        applied(base, actions, version)
    return caught.value


# The specification's own examples.

ITEMS = """paths:
  /items:
    get:
      responses:
        200:
          description: OK
  /some-items:
    delete:
      responses:
        200:
          description: OK
"""
OK = {"responses": {"200": {"description": "OK"}}}


def test_structured_example() -> None:
    base = (
        "paths: {'/': {get: {operationId: root}}, '/pets': {}}\ntags: [{name: a}]\ncomponents: {}\n"
    )
    actions = """
  - target: '$' # Root of document
    update:
      info:
        x-overlay-applied: structured-overlay
      paths:
        '/':
          summary: 'The root resource'
          get:
            summary: 'Retrieve the root resource'
            x-rate-limit: 100
        '/pets':
          get:
            summary: 'Retrieve a list of pets'
            x-rate-limit: 100
      components:
      tags:
"""
    result = overlay.apply(document(base), [written(actions, "1.0.0")]).root
    assert result["info"]["x-overlay-applied"] == "structured-overlay"
    assert result["paths"] == {
        "/": {
            "get": {
                "operationId": "root",
                "summary": "Retrieve the root resource",
                "x-rate-limit": 100,
            },
            "summary": "The root resource",
        },
        "/pets": {"get": {"summary": "Retrieve a list of pets", "x-rate-limit": 100}},
    }
    assert (result["tags"], result["components"]) == ([{"name": "a"}], {})


def test_targeted_example() -> None:
    base = "paths: {/foo: {get: {description: a}}, /bar: {get: {description: b}}}\n"
    actions = """
  - target: $.paths['/foo'].get.description
    update: This is the new description
  - target: $.paths['/bar'].get.description
    update: This is the updated description
  - target: $.paths['/bar']
    update:
      post:
        description: This is an updated description of a child object
        x-safe: false
"""
    assert applied(base, actions)["paths"] == {
        "/foo": {"get": {"description": "This is the new description"}},
        "/bar": {
            "get": {"description": "This is the updated description"},
            "post": {
                "description": "This is an updated description of a child object",
                "x-safe": False,
            },
        },
    }


def test_wildcard_example() -> None:
    base = """paths:
  /a: {get: {parameters: [{name: filter, in: query}, {name: filter, in: header}]}}
  /b: {get: {parameters: [{name: other, in: query}]}, put: {}}
components: {schemas: {filterSchema: {}}}
"""
    actions = """
  - target: $.paths.*.get
    update:
      x-safe: true
  - target: $.paths.*.get.parameters[?@.name=='filter' && @.in=='query']
    update:
      schema:
        $ref: '#/components/schemas/filterSchema'
"""
    schema = {"$ref": "#/components/schemas/filterSchema"}
    assert applied(base, actions, "1.0.0")["paths"] == {
        "/a": {
            "get": {
                "parameters": [
                    {"name": "filter", "in": "query", "schema": schema},
                    {"name": "filter", "in": "header"},
                ],
                "x-safe": True,
            }
        },
        "/b": {
            "get": {"parameters": [{"name": "other", "in": "query"}], "x-safe": True},
            "put": {},
        },
    }


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_array_examples(version: str) -> None:
    base = "paths: {/a: {get: {parameters: [{name: dummy}, {name: b}, {name: dummy}]}}}\n"
    actions = """
  - target: $.paths.*.get.parameters
    update:
      name: newParam
      in: query
  - target: $.paths.*.get.parameters[?@.name == 'dummy']
    remove: true
"""
    assert applied(base, actions, version)["paths"]["/a"]["get"]["parameters"] == [
        {"name": "b"},
        {"name": "newParam", "in": "query"},
    ]


def test_primitive_item_example() -> None:
    base = "paths: {/a: {get: {tags: [a, dummy, b, dummy]}}}\n"
    actions = "  - target: $.paths.*.get.tags[?@ == 'dummy']\n    remove: true\n"
    assert applied(base, actions)["paths"]["/a"]["get"]["tags"] == ["a", "b"]


def test_traits_example() -> None:
    base = """paths:
  /items: {get: {x-oai-traits: ['paged'], responses: {}}}
  /items/{id}/subitems:
    get: {x-oai-traits: ['paged'], parameters: [{name: id}], responses: {}}
  /other: {get: {responses: {}}}
"""
    actions = """
  - target: $.paths[?(@.get['x-oai-traits'][?(@ == 'paged')])].get
    update:
      parameters:
        - name: top
        - name: skip
"""
    paths = applied(base, actions, "1.0.0")["paths"]
    assert paths["/items"]["get"]["parameters"] == [{"name": "top"}, {"name": "skip"}]
    assert [
        parameter["name"] for parameter in paths["/items/{id}/subitems"]["get"]["parameters"]
    ] == [
        "id",
        "top",
        "skip",
    ]
    assert paths["/other"] == {"get": {"responses": {}}}


def test_simple_copy_example() -> None:
    actions = """  - target: '$.paths["/some-items"]'
    copy: '$.paths["/items"]'
    description: copies recursively
"""
    assert applied(ITEMS, actions)["paths"] == {
        "/items": {"get": OK},
        "/some-items": {"delete": OK, "get": OK},
    }


def test_move_example() -> None:
    actions = """
  - target: '$.paths'
    update: { "/new-items": {} }
  - target: '$.paths["/new-items"]'
    copy: '$.paths["/items"]'
  - target: '$.paths["/items"]'
    remove: true
    description: 'moves (renames) the "items" path item to "new-items"'
"""
    assert applied(ITEMS, actions)["paths"] == {
        "/some-items": {"delete": OK},
        "/new-items": {"get": OK},
    }


# Update.


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


# Remove.


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


# Copy.


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


# Targets.


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


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
TREES = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_every_node_is_selected_by_its_normalized_path(tree: Any) -> None:
    import jsonpath_rfc9535

    for node in jsonpath_rfc9535.find("$..*", tree):
        query = json_path.write(node.location)
        assert json_path.select(tree, query) == [node.location]
        assert [found.location for found in jsonpath_rfc9535.find(query, tree)] == [node.location]


@settings(max_examples=60, deadline=None)
@given(TREES, st.lists(st.sampled_from([".*", "[*]", "['a']", '["b"]', ".a", "[0]", "[1]"])))
def test_plain_queries_select_what_the_library_selects(tree: Any, steps: list[str]) -> None:
    import jsonpath_rfc9535

    query = "$" + "".join(steps)
    expected = [node.location for node in jsonpath_rfc9535.find(query, tree)]
    assert json_path.select(tree, query) == expected


def test_a_node_is_selected_once_and_at_any_depth() -> None:
    assert json_path.select({"a": 1}, "$['a','a']") == [("a",)]
    deep: Any = {"end": 1}
    for _ in range(190):
        deep = {"n": deep}
    assert json_path.select(deep, "$..end") == [("n",) * 190 + ("end",)]


# The overlay itself.


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
    actions = "  - {target: $.tags, update: 1}\n  - {target: $.tags, update: true}\n"
    assert applied("tags: []\n", actions)["tags"] == [1, True]


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


# Places and checks of the result.


def test_what_an_action_inserts_cites_the_overlay(tmp_path: Path) -> None:
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    first.write_bytes(
        written(
            "  - target: $.paths['/items'].get\n    update:\n      summary: new\n"
            "      responses:\n        200: {description: changed}\n"
            "        404: {description: no}\n"
            "  - target: $.paths['/some-items']\n    copy: $.paths['/items']\n"
        )
    )
    second.write_bytes(
        written(
            "  - target: $.paths['/items'].get.summary\n    update: newer\n"
            "  - target: $\n    update: {tags: [{name: a}]}\n"
            "  - target: $.tags\n    update: {name: b}\n"
            "  - target: $.tags[0]\n    remove: true\n"
        )
    )
    result = overlay.apply(document(ITEMS), [first, str(second)])
    assert result.root["paths"]["/items"]["get"]["summary"] == "newer"
    get = "/paths/~1items/get"
    places = {
        get: Place("api.yaml", 7, 5),
        get + "/summary": Place(str(second), 6, 5),
        get + "/responses": Place("api.yaml", 8, 7),
        get + "/responses/200": Place("api.yaml", 9, 9),
        get + "/responses/200/description": Place(str(first), 9, 15),
        get + "/responses/404": Place(str(first), 10, 9),
        "/paths/~1some-items/get": Place("api.yaml", 7, 5),
        "/paths/~1some-items/get/responses/404": Place(str(first), 10, 9),
        "/paths/~1some-items/delete": Place("api.yaml", 12, 5),
        "/tags": Place(str(second), 8, 14),
        "/tags/0": Place(str(second), 10, 5),
        "/tags/0/name": Place(str(second), 10, 14),
        "": Place("api.yaml", 1, 1),
    }
    assert {pointer: result.place(pointer) for pointer in places} == places


def test_the_result_is_checked_and_its_faults_cite_the_overlay() -> None:
    actions = "  - target: $\n    update:\n      components: {schemas: {A: {$ref: '#/none'}}}\n"
    error = refused("", actions, DanglingReference)
    assert error.place == Place("<bytes>", 7, 34)
    itself = "{A: {$ref: '#/components/schemas/A'}}"
    actions = f"  - target: $\n    update: {{components: {{schemas: {itself}}}}}\n"
    refused("", actions, UnproductiveCycle)
    refused("", "  - {target: $.openapi, update: 4.0.0}\n", UnsupportedVersion)
    base = "components: {schemas: {A: {$ref: '#/components/schemas/B'}, B: {}}}\n"
    refused(base, "  - {target: $.components.schemas.B, remove: true}\n", DanglingReference)


def test_copies_of_copies_are_bounded() -> None:
    action = "  - {target: \"$['x-b']\", copy: \"$['x-b']\", description: '%d'}\n"
    error = refused("x-b: [1, 2]\n", "".join(action % n for n in range(60)), BadAction)
    assert error.fault == "actions[13] makes the document more than 10 times larger"
    assert error.index == 13
    inner = "['x']" * 149
    base = "x-a: " + "{x: " * 149 + "{}" + "}" * 149 + "\n"
    action = f"  - {{target: \"$['x-a']{inner}\", copy: \"$['x-a']\"}}\n"
    error = refused(base, action, BadAction)
    assert error.fault == "actions[0] nests deeper than 200 levels"


def test_a_new_path_without_a_slash_is_refused() -> None:
    actions = (
        "  - {target: $.paths, update: {/new: {}, x-ok: 1}}\n"
        "  - {target: $.paths, update: {pets: {}}}\n"
    )
    error = refused(ITEMS, actions, BadAction)
    assert error.fault == "actions[1] adds the path 'pets', which does not start with '/'"
    assert error.index == 1


def test_an_overlay_reaches_bundled_files_and_adds_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("A: {$ref: '#/B'}\nB: {type: string}\n")
    (tmp_path / "b.yaml").write_text("type: integer\n")
    main = tmp_path / "main.yaml"
    main.write_text(HEAD + "components: {schemas: {A: {$ref: 'a.yaml#/A'}}}\n")
    actions = (
        "  - target: $['x-troth-bundled']['a.yaml'].B\n    update: {minLength: 1}\n"
        "  - target: $.components.schemas\n"
        "    update: {B: {$ref: b.yaml}, C: {$ref: 'a.yaml#/A'}}\n"
    )
    result = overlay.apply(read(main), [written(actions)])
    assert result.root["components"]["schemas"] == {
        "A": {"$ref": "#/x-troth-bundled/a.yaml/A"},
        "B": {"$ref": "#/x-troth-bundled/b.yaml"},
        "C": {"$ref": "#/x-troth-bundled/a.yaml/A"},
    }
    assert result.root["x-troth-bundled"] == {
        "a.yaml": {
            "A": {"$ref": "#/x-troth-bundled/a.yaml/B"},
            "B": {"type": "string", "minLength": 1},
        },
        "b.yaml": {"type": "integer"},
    }
    assert result.place("/x-troth-bundled/b.yaml/type") == Place(str(tmp_path / "b.yaml"), 1, 1)
    assert result.place("/x-troth-bundled/a.yaml/B/minLength") == Place("<bytes>", 6, 14)


# Writing, speed.

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


@settings(max_examples=60, deadline=None)
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


def test_reading_the_bundled_document_and_sixty_actions_is_fast() -> None:
    target = "$.components.schemas.ChatCompletionRequest.properties"
    actions = [
        Action(target, description="a reason " * 20, update={f"new{n}": {"type": "string"}})
        for n in range(60)
    ]
    data = overlay.write(actions).encode()
    start = time.process_time()
    result = overlay.apply(read(ROOT / "spec" / "atoma.yaml"), [data])
    assert time.process_time() - start < 0.12
    assert "new59" in dump_yaml(result.root)
