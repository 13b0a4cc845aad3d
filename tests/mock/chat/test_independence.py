"""Whether a schema's verdict depends on what stands in one place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.schema.untrusted_schema import embedded
from troth_mock.chat.independence import MOST, Kind, is_free

FREE: list[tuple[Any, tuple[str | int, ...], Kind]] = [
    (True, ("a",), "string"),
    ({"type": "string", "minimum": 3}, (), "string"),
    ({"type": ["string", "null"], "description": "text"}, (), "string"),
    ({"type": "integer", "minimum": 0, "maximum": MOST, "format": "int32"}, (), "count"),
    (
        {"properties": {"a": {"type": "string"}, "b": {"const": 1}}, "required": ["a"]},
        ("a",),
        "string",
    ),
    ({"additionalProperties": {"type": "string"}}, ("a",), "string"),
    ({"items": {"properties": {"a": {}}}, "minItems": 1}, (0, "a"), "string"),
    ({"oneOf": [{"type": "null"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {}}}, (), "string"),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}, (), "string"),
]
BOUND: list[tuple[Any, tuple[str | int, ...], Kind]] = [
    ({"minLength": 1}, (), "string"),
    ({"properties": {"a": {"pattern": "b"}}}, ("a",), "string"),
    ({"additionalProperties": {"enum": ["b"]}}, ("a",), "string"),
    ({"patternProperties": {"a": {"const": "b"}}}, ("a",), "string"),
    ({"const": {"a": "b"}}, ("a",), "string"),
    ({"enum": [{"a": "b"}]}, ("a",), "string"),
    ({"items": {"not": {"maxLength": 3}}}, (0,), "string"),
    ({"uniqueItems": True}, (0,), "string"),
    ({"contains": {"const": "b"}}, (0,), "string"),
    ({"prefixItems": [{"const": "b"}]}, (0,), "string"),
    ({"anyOf": [{}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"format": "date"}}}, (), "string"),
    ({"$ref": "#/$defs/none"}, (), "string"),
    ({"$ref": "https://elsewhere/"}, (), "string"),
    ({"$dynamicRef": "#a"}, (), "string"),
    ({"dependentSchemas": {"a": {"properties": {"a": False}}}}, ("a",), "string"),
    ({"minimum": 1}, (), "count"),
    ({"maximum": 100}, (), "count"),
    ({"multipleOf": 2}, (), "count"),
    ({"if": {"multipleOf": 2}, "then": False}, (), "count"),
]


@pytest.mark.parametrize(("schema", "way", "kind"), FREE)
def test_a_place_that_nothing_speaks_of_is_free(
    schema: Any, way: tuple[str | int, ...], kind: Kind
) -> None:
    assert is_free(schema, schema, way, kind=kind)


@pytest.mark.parametrize(("schema", "way", "kind"), BOUND)
def test_a_place_that_something_may_speak_of_is_not(
    schema: Any, way: tuple[str | int, ...], kind: Kind
) -> None:
    assert not is_free(schema, schema, way, kind=kind)


KEYWORDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "object", ["string", "null"]]),
        "minLength": st.integers(0, 3),
        "pattern": st.sampled_from(["a", "^b"]),
        "minimum": st.integers(-2, 2),
        "maximum": st.sampled_from([5, MOST]),
        "required": st.just(["a"]),
        "maxProperties": st.integers(0, 2),
        "description": st.just("text"),
    },
)
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | KEYWORDS,
    lambda inner: st.tuples(
        KEYWORDS,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
                "additionalProperties": inner,
                "items": inner,
                "anyOf": st.lists(inner, min_size=1, max_size=2),
                "oneOf": st.lists(inner, min_size=1, max_size=2),
                "not": inner,
                "if": inner,
                "then": inner,
                "else": inner,
            },
        ),
    ).map(lambda pair: {**pair[0], **pair[1]}),
    max_leaves=6,
)


@given(SCHEMAS, st.text("abc", max_size=4), st.text("abc", max_size=4))
def test_where_a_place_is_free_every_string_there_gets_the_same_verdict(
    schema: Any, one: str, other: str
) -> None:
    if is_free(schema, schema, ("a", 0), kind="string"):
        check = embedded(schema).is_valid
        assert check({"a": [one], "b": 1}) == check({"a": [other], "b": 1})


@given(SCHEMAS, st.integers(0, MOST), st.integers(0, MOST))
def test_where_a_place_is_free_every_count_there_gets_the_same_verdict(
    schema: Any, one: int, other: int
) -> None:
    if is_free(schema, schema, ("a",), kind="count"):
        check = embedded(schema).is_valid
        assert check({"a": one}) == check({"a": other})
