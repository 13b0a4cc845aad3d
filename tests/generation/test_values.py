"""Values of a schema: valid by construction, whatever the schema; broken ones invalid."""

import json

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from random_documents import SCHEMAS_OF_ANY_KIND
from troth.generation.graph import Graph
from troth.generation.independent import independent
from troth.generation.mutations import NothingToBreak, broken
from troth.generation.shape import conjunction
from troth.generation.source import Seeded, Smallest
from troth.generation.values import Unsatisfiable, generator_of
from troth.generation.values import value as value_of
from troth.schema.untrusted_schema import embedded
from troth.seed import Seed

TREE = {
    "type": "object",
    "required": ["v"],
    "properties": {
        "v": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
    },
    "additionalProperties": False,
}
PART = {
    "oneOf": [
        {"required": ["type", "text"], "properties": {"text": {"type": "string"}}},
        {"required": ["type", "url"], "properties": {"url": {"type": "string"}}},
    ],
    "type": "object",
}
SCHEMAS = {
    "anything": True,
    "pattern and length": {"type": "string", "pattern": "^[a-z]{3,5}\\d+$", "maxLength": 6},
    "two patterns": {"type": "string", "allOf": [{"pattern": "a"}, {"pattern": "b"}]},
    "look-ahead": {"type": "string", "pattern": "^(?=.*[0-9])[a-z0-9]{4,}$"},
    "unicode class": {"type": "string", "pattern": "^\\p{L}+$"},
    "not a pattern": {"type": "string", "not": {"pattern": "^a"}},
    "exact length": {"type": "string", "minLength": 3, "maxLength": 3},
    "the only multiple": {"type": "integer", "multipleOf": 7, "minimum": 10, "maximum": 20},
    "open interval": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
    "one number": {"type": "number", "minimum": 0.1, "maximum": 0.1},
    "decimal multiples": {"type": "number", "multipleOf": 0.01, "minimum": 1, "maximum": 2},
    "whole number between fractions": {"type": "integer", "minimum": 1.5, "maximum": 2.5},
    "int32": {"type": "integer", "format": "int32"},
    "recursion": {"$defs": {"tree": TREE}, "$ref": "#/$defs/tree"},
    "recursion to an end": {
        "type": "object",
        "required": ["next"],
        "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
    },
    "anchor": {
        "$defs": {"n": {"$anchor": "n", "type": "array", "items": {"$ref": "#n"}}},
        "$ref": "#n",
    },
    "exactly one multiple": {
        "oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 5}]
    },
    "overlapping branches": PART,
    "overlapping ranges": {"type": "integer", "oneOf": [{"minimum": 5}, {"maximum": 10}]},
    "not a type": {"not": {"type": "string"}},
    "not in an enum": {"not": {"enum": [1, 2, None]}},
    "not these types": {"not": {"anyOf": [{"type": "string"}, {"type": "number"}]}},
    "not not": {"not": {"not": {"type": "integer"}}},
    "not with a member": {"type": "object", "not": {"required": ["a"]}, "properties": {"a": {}}},
    "not with that member": {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "not": {"properties": {"a": {"maxLength": 3}}, "required": ["a"]},
    },
    "not unique": {"type": "array", "not": {"uniqueItems": True}, "items": {"type": "integer"}},
    "not all items": {"type": "array", "not": {"items": {"type": "string"}}},
    "not contained": {"type": "array", "not": {"contains": {"type": "integer"}}},
    "not a multiple": {"type": "integer", "not": {"multipleOf": 2}},
    "allOf over one member": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"a": {"minLength": 3}, "b": {"const": 1}}, "required": ["b"]},
        ]
    },
    "if, then, else": {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["x"], "properties": {"x": {"type": "integer"}}},
        "else": {"required": ["y"]},
    },
    "if a type": {"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"type": "integer"}},
    "unevaluated members": {
        "type": "object",
        "allOf": [{"properties": {"a": {"type": "integer"}}}],
        "properties": {"b": {"type": "string"}},
        "unevaluatedProperties": False,
    },
    "unevaluated items": {
        "type": "array",
        "prefixItems": [{"const": 1}],
        "unevaluatedItems": {"type": "string"},
        "minItems": 3,
    },
    "pattern members": {
        "type": "object",
        "patternProperties": {"^x-": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 2,
    },
    "member names": {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Z]+$"},
        "additionalProperties": {"type": "boolean"},
        "minProperties": 1,
        "maxProperties": 3,
    },
    "many members": {"type": "object", "minProperties": 5},
    "a permutation": {
        "type": "array",
        "items": {"enum": [1, 2, 3]},
        "uniqueItems": True,
        "minItems": 3,
    },
    "a tuple": {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": "integer"}],
        "items": False,
        "minItems": 2,
    },
    "contains some": {
        "type": "array",
        "contains": {"const": "x"},
        "minContains": 2,
        "maxContains": 3,
        "items": {"type": "string"},
    },
    "dependent required": {
        "type": "object",
        "dependentRequired": {"a": ["b", "c"]},
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "c": {"type": "null"}},
    },
    "dependent schemas": {
        "type": "object",
        "dependentSchemas": {"a": {"required": ["z"], "properties": {"z": {"type": "null"}}}},
        "properties": {"a": {}},
    },
    "one of two members": {
        "type": "object",
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "additionalProperties": False,
    },
    "a member that cannot be": {
        "type": "object",
        "properties": {"a": False, "b": {"type": "null"}},
    },
    "mixed enum": {"enum": ["a", 1, None, {"x": 1}, [2]]},
    "enum against type": {"type": ["string", "null"], "enum": ["a", None, 3]},
    "constants and a longer text": {
        "oneOf": [{"const": "a"}, {"const": "b"}, {"type": "string", "minLength": 5}]
    },
    "empty": {"type": "string", "maxLength": 0},
    **{
        name: {"type": "string", "format": name}
        for name in ("date-time", "date", "time", "uuid", "email", "ipv4", "ipv6", "uri", "regex")
    },
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_values_are_valid_as_they_are_built(name):
    schema = embedded(SCHEMAS[name])
    generator = generator_of(schema)
    values = [
        generator.value((schema.prepared,), Seeded(Seed.of(name, number))) for number in range(40)
    ]
    assert [value for value in values if not schema.is_valid(value)] == []
    assert schema.is_valid(generator.value((schema.prepared,), Smallest()))


@pytest.mark.parametrize("name", SCHEMAS)
def test_broken_values_are_invalid(name):
    schema = embedded(SCHEMAS[name])
    for number in range(8):
        source = Seeded(Seed.of(name, number))
        value = value_of(schema, source)
        if name == "anything":
            continue
        assert not schema.is_valid(broken(schema, value, source))


@pytest.mark.parametrize("name", [n for n in SCHEMAS if "$ref" not in json.dumps(SCHEMAS[n])])
def test_what_is_built_to_deny_a_schema_does(name):
    schema, denied = embedded(SCHEMAS[name]), embedded({"not": SCHEMAS[name]})
    generator = generator_of(denied)
    if name == "anything":
        with pytest.raises(Unsatisfiable):
            generator.value((denied.prepared,), Smallest())
        return
    values = [
        generator.value((denied.prepared,), Seeded(Seed.of(name, number))) for number in range(10)
    ]
    assert [value for value in values if schema.is_valid(value)] == []


def test_where_everything_is_valid_nothing_can_be_broken():
    schema = embedded({})
    with pytest.raises(NothingToBreak, match="accepts whatever is sent"):
        broken(schema, 1, Smallest())


def test_a_schema_without_values_says_so():
    schema = embedded({"type": "string", "allOf": [{"type": "integer"}]})
    with pytest.raises(Unsatisfiable):
        value_of(schema, Smallest())


def test_the_same_seed_builds_the_same_value():
    schema = embedded(SCHEMAS["recursion"])
    first, again = (
        [value_of(schema, Seeded(Seed.of(number))) for number in range(30)] for _ in range(2)
    )
    assert first == again
    assert len({json.dumps(value) for value in first}) > 15


def test_schemas_that_apply_each_other_in_place_have_the_values_that_end_it():
    root = {
        "a": {"anyOf": [{"type": "string"}, {"$ref": "#/b"}]},
        "b": {"anyOf": [{"type": "integer"}, {"$ref": "#/a"}]},
        "c": {"allOf": [{"$ref": "#/c"}]},
    }
    graph = Graph(root)
    kinds = {kind for shape in graph.one(root["a"]) for kind in shape.types}
    assert kinds == {"string", "integer"}
    assert graph.one(root["c"]) == ()


def test_an_impossible_pattern_with_its_length_is_left_to_the_fallback():
    schema = embedded({"type": "string", "pattern": "^(ab)+$", "minLength": 3, "maxLength": 4})
    assert value_of(schema, Smallest()) == "abab"


DISTINCT = {"type": "array", "uniqueItems": True}


@settings(max_examples=150)
@example({"oneOf": [{**DISTINCT, "items": False}, {**DISTINCT, "items": {"type": "string"}}]}, 1)
@given(SCHEMAS_OF_ANY_KIND, st.integers(0, 99))
def test_any_schema_gives_a_valid_value_or_is_refused(source, number):
    schema = embedded(source)
    generator = generator_of(schema)
    try:
        value = generator.value((schema.prepared,), Seeded(Seed.of(number)))
    except Unsatisfiable:
        return
    assert schema.is_valid(value)
    assert any(
        generator.graph.fits(shape, value)
        for shape in generator.graph.of(conjunction([schema.prepared]))
    )


# What hypothesis-jsonschema takes, and gives nothing for but values that conform.
INDEPENDENT = sorted(
    SCHEMAS.keys()
    - {
        # it takes no recursion, and does not know how to resolve a reference that it is in
        *("recursion", "recursion to an end", "anchor"),
        # it ignores a keyword, or reads one otherwise than ECMA-262 and JSON Schema 2020-12 do
        *("pattern and length", "unicode class", "decimal multiples", "unevaluated members"),
        *("unevaluated items", "a tuple", "contains some", "dependent required"),
        *("dependent schemas", "uuid", "regex"),
        # it draws anything, and throws it away
        "not unique",
    }
)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_what_an_independent_generator_makes_is_valid_and_has_one_of_our_shapes(name):
    schema = embedded(SCHEMAS[name])
    graph = generator_of(schema).graph

    @seed(1)
    # the library filters what it draws: how much is no concern of ours
    @settings(
        max_examples=15,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(independent(schema.prepared))
    def each(value):
        assert schema.is_valid(value)
        assert graph.admits((schema.prepared,), value)

    each()
