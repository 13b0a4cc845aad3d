"""The one walk over schemas: what is a subschema, and what describes the same instance."""

from __future__ import annotations

import jsonschema_rs
import pytest
from referencing.jsonschema import DRAFT202012

from troth.schema import applicators

ROOT = {
    "$ref": "#/$defs/base",
    "properties": {"not": {"type": "string"}, "b/c": {"items": {"enum": [{"not": {}}]}}},
    "allOf": [{"title": "first"}, {"anyOf": [True, {"title": "inner"}]}],
    "if": {"title": "if"},
    "not": {"title": "not"},
    "$defs": {"base": {"$ref": "#/$defs/other"}, "other": {"title": "other"}},
    "example": {"properties": {"no": {}}},
}


def one_subschema(keyword: str) -> object:
    shape = applicators.APPLICATORS[keyword].shape
    return {"one": {}, "items": [{}], "names": {"a": {}}}[shape]


@pytest.mark.parametrize("keyword", sorted(applicators.APPLICATORS))
def test_each_keyword_holds_what_the_referencing_library_says(keyword: str) -> None:
    schema = {keyword: one_subschema(keyword)}
    held = [inner for _, inner in applicators.children(schema)]
    if keyword == "additionalItems":  # it went with 2020-12, and documents of before have it
        assert held == [{}]
    else:
        assert held == list(DRAFT202012.subresources_of(schema))


@pytest.mark.parametrize("keyword", applicators.IN_PLACE)
def test_what_is_applied_in_place_sees_the_instance_itself(keyword: str) -> None:
    shape = applicators.APPLICATORS[keyword].shape
    inner = {"const": {"a": 1}} if keyword != "not" else {"const": "other"}
    schema = {keyword: {"one": inner, "items": [inner], "names": {"a": inner}}[shape]}
    if keyword in ("then", "else"):
        schema["if"] = keyword == "then"
    assert jsonschema_rs.is_valid(schema, {"a": 1})


def test_a_walk_meets_every_schema_once_and_no_data() -> None:
    assert [pointer for pointer, _ in applicators.walk(ROOT)] == [
        "",
        "/properties/not",
        "/properties/b~1c",
        "/properties/b~1c/items",
        "/allOf/0",
        "/allOf/1",
        "/allOf/1/anyOf/0",
        "/allOf/1/anyOf/1",
        "/if",
        "/not",
        "/$defs/base",
        "/$defs/other",
    ]


def test_a_walk_may_start_inside() -> None:
    assert [at for at, _ in applicators.walk(ROOT, "/properties/b~1c")] == [
        "/properties/b~1c",
        "/properties/b~1c/items",
    ]


@pytest.mark.parametrize(
    "schema", [True, 3, None, {"allOf": 1, "properties": [], "items": "x", "not": None}]
)
def test_what_is_malformed_holds_nothing(schema: object) -> None:
    assert list(applicators.children(schema)) == []


def test_items_may_be_an_array_as_before_2020() -> None:
    assert list(applicators.children({"items": [{}, True]})) == [
        (("items", 0), {}),
        (("items", 1), True),
    ]


def test_what_may_hold_of_the_same_instance() -> None:
    held = [at for at, _ in applicators.applying(ROOT, [("", ROOT)])]
    assert sorted(held) == [
        "",
        "/$defs/base",
        "/$defs/other",
        "/allOf/0",
        "/allOf/1",
        "/allOf/1/anyOf/1",
        "/if",
    ]


def test_only_through_the_keywords_that_are_wanted() -> None:
    wanted = applicators.applying(ROOT, [("", ROOT)], keywords=("not",))
    assert [at for at, _ in wanted] == ["", "/not", "/$defs/base", "/$defs/other"]


def test_references_are_followed_to_the_end() -> None:
    assert applicators.follow(ROOT, "") == ("/$defs/other", {"title": "other"})


def test_a_circle_of_references_ends() -> None:
    root = {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    assert applicators.follow(root, "/$defs/a") == ("/$defs/a", {"$ref": "#/$defs/b"})


@pytest.mark.parametrize("written", ["#/nowhere", "other.yaml#/a", "#name", 3])
def test_a_reference_that_leads_nowhere_here_is_none(written: object) -> None:
    assert applicators.resolve(ROOT, {"$ref": written}) is None


def test_a_reference_is_a_fragment_of_a_uri() -> None:
    assert applicators.reference({"$ref": "#/a%20b/~1c"}) == "/a b/~1c"
