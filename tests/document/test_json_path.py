"""JSONPath: the walk of plain queries agrees with the library."""

from __future__ import annotations

from typing import Any

import jsonpath_rfc9535
from hypothesis import given
from hypothesis import strategies as st

from troth.document import json_path

KEYS = st.sampled_from("ab") | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


TREES = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(TREES)
def test_every_node_is_selected_by_its_normalized_path(tree: Any) -> None:
    for node in jsonpath_rfc9535.find("$..*", tree):
        query = json_path.write(node.location)
        assert json_path.select(tree, query) == [node.location]
        assert [found.location for found in jsonpath_rfc9535.find(query, tree)] == [node.location]


@given(
    TREES,
    st.lists(
        st.sampled_from(
            [".*", "[*]", "['a']", '["b"]', ".a", "[0]", "[1]", "['b','a']", "[ 0 ,*, 'a' ]"]
        )
    ),
)
def test_plain_queries_select_what_the_library_selects(tree: Any, steps: list[str]) -> None:
    query = "$" + "".join(steps)
    expected = dict.fromkeys(node.location for node in jsonpath_rfc9535.find(query, tree))
    assert json_path.select(tree, query) == list(expected)


def test_a_node_is_selected_once_and_at_any_depth() -> None:
    assert json_path.select({"a": 1}, "$['a','a']") == [("a",)]
    deep: Any = {"end": 1}
    for _ in range(190):
        deep = {"n": deep}
    assert json_path.select(deep, "$..end") == [("n",) * 190 + ("end",)]
