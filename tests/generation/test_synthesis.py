"""Instances of schemas: conforming, deterministic, bounded, examples first."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.document import document
from troth.generation.values import Unsatisfiable, fit, synthesize
from troth.schema.schema import Schemas
from troth.schema.untrusted_schema import embedded
from troth.seed import Seed

# Every kind of keyword, alone and in the company that makes it hard.
SATISFIABLE: dict[str, Any] = {
    "anything": {},
    "true": True,
    "null": {"type": "null"},
    "enum": {"enum": ["a", 1, None]},
    "const object": {"const": {"a": [1]}},
    "types": {"type": ["integer", "null"]},
    "integer bounds": {"type": "integer", "minimum": 3, "exclusiveMaximum": 5},
    "multiple": {"type": "integer", "multipleOf": 7, "minimum": 50, "maximum": 60},
    "fraction": {"type": "number", "multipleOf": 0.25, "exclusiveMinimum": 1, "maximum": 1.5},
    "huge bounds": {"type": "integer", "minimum": 2**60},
    "length": {"type": "string", "minLength": 40, "maxLength": 41},
    "pattern": {"type": "string", "pattern": "^[a-z]{3}-[0-9]{4}$"},
    "loose pattern": {"type": "string", "pattern": "ab+c", "minLength": 12},
    "two patterns": {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "z$"}]},
    "unicode pattern": {"type": "string", "pattern": "^\\p{Lu}\\p{Ll}+$"},
    "date-time": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "uuid": {"type": "string", "format": "uuid"},
    "end of a format": {"type": "string", "format": "email", "pattern": "@example\\.org$"},
    "start of a format": {"type": "string", "format": "email", "pattern": "^admin"},
    "many different texts": {
        "type": "array",
        "items": {"type": "string"},
        "uniqueItems": True,
        "minItems": 600,
    },
    "uri": {"type": "string", "format": "uri"},
    "ipv6": {"type": "string", "format": "ipv6"},
    "required undeclared": {"type": "object", "required": ["x", "y"]},
    "closed": {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    },
    "names": {
        "type": "object",
        "propertyNames": {"pattern": "^x-"},
        "additionalProperties": {"type": "integer"},
        "minProperties": 2,
    },
    "pattern properties": {
        "type": "object",
        "patternProperties": {"^n_": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 1,
    },
    "dependent": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "required": ["a"],
        "dependentRequired": {"a": ["b"]},
    },
    "conditional": {
        "type": "object",
        "properties": {"kind": {"enum": ["x", "y"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "x"}}},
        "then": {"required": ["size"], "properties": {"size": {"type": "integer"}}},
        "else": {"required": ["name"], "properties": {"name": {"type": "string"}}},
    },
    "unique": {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"enum": [1, 2, 3]}},
    "tuple": {"type": "array", "prefixItems": [{"type": "integer"}], "items": False, "minItems": 1},
    "contains": {"type": "array", "contains": {"const": 7}, "minContains": 2, "maxItems": 3},
    "one of overlapping": {
        "oneOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
            {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}},
        ]
    },
    "all of": {
        "allOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"minimum": 3}}},
            {"properties": {"a": {"type": "integer", "maximum": 3}}},
        ]
    },
    "not": {"type": "integer", "minimum": 0, "maximum": 3, "not": {"enum": [0, 1, 2]}},
    "unevaluated": {
        "type": "object",
        "allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}],
        "unevaluatedProperties": False,
    },
    "tree": {
        "$defs": {
            "node": {
                "type": "object",
                "required": ["value", "children"],
                "properties": {
                    "value": {"type": "integer"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
            }
        },
        "$ref": "#/$defs/node",
    },
}

UNSATISFIABLE: dict[str, Any] = {
    "false": False,
    "empty enum": {"enum": []},
    "crossed bounds": {"type": "integer", "minimum": 3, "maximum": 2},
    "crossed lengths": {"type": "string", "minLength": 3, "maxLength": 2},
    "endless": {
        "$defs": {
            "n": {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/$defs/n"}}}
        },
        "$ref": "#/$defs/n",
    },
    "no integer": {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
    "too few values": {
        "type": "array",
        "minItems": 3,
        "uniqueItems": True,
        "items": {"type": "boolean"},
    },
}


@pytest.mark.parametrize("name", SATISFIABLE)
def test_an_instance_conforms_by_the_verdict_of_both_oracles(name: str) -> None:
    schema = SATISFIABLE[name]
    compiled = embedded(schema)
    for number in range(20):
        instance = synthesize(compiled, seed=Seed.of(number))
        assert jsonschema_rs.is_valid(schema, instance, validate_formats=True), instance
        if "\\p" not in json.dumps(schema):  # the oracle's engine has no \p
            assert jsonschema.Draft202012Validator(schema).is_valid(instance), instance


@pytest.mark.parametrize("name", UNSATISFIABLE)
def test_a_schema_without_instances_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(Unsatisfiable) as refusal:
        synthesize(embedded(UNSATISFIABLE[name]), seed=Seed.of(1))
    assert refusal.value.reason


def test_what_is_proved_to_have_no_instance_is_called_unsatisfiable() -> None:
    reasons = {}
    for name in ("false", "crossed bounds", "no integer"):
        with pytest.raises(Unsatisfiable) as refusal:
            synthesize(embedded(UNSATISFIABLE[name]), seed=Seed.of(1))
        reasons[name] = refusal.value.reason
    assert reasons == {
        "false": "it is unsatisfiable (a schema here is `false`)",
        "crossed bounds": "it is unsatisfiable (no number lies within its bounds)",
        "no integer": "it is unsatisfiable (no number lies within its bounds)",
    }


@given(seed=st.integers(0, 2**64 - 1), name=st.sampled_from(sorted(SATISFIABLE)))
def test_the_same_seed_gives_the_same_instance(seed: int, name: str) -> None:
    first = synthesize(embedded(SATISFIABLE[name]), seed=Seed.of(seed))
    again = synthesize(embedded(SATISFIABLE[name]), seed=Seed.of(seed))
    assert json.dumps(first) == json.dumps(again)


def test_a_valid_example_comes_first_and_an_invalid_one_is_never_served() -> None:
    schema = {
        "type": "object",
        "required": ["good", "bad"],
        "properties": {
            "good": {"type": "string", "examples": ["as documented"]},
            "bad": {"type": "array", "items": {"type": "string"}, "examples": ["[]"]},
        },
    }
    instance = synthesize(embedded(schema), seed=Seed.of(1))
    assert instance["good"] == "as documented"
    assert isinstance(instance["bad"], list)


def test_required_members_alone_are_drawn_on_request() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {}, "b": {}, "c": {}}}
    assert list(synthesize(embedded(schema), seed=Seed.of(1), optional=False)) == ["a"]


def test_a_value_is_made_to_fit_with_as_little_change_as_will_do() -> None:
    schema = {
        "type": "object",
        "required": ["region", "reason", "text"],
        "properties": {
            "region": {"enum": ["north", "south"]},
            "reason": {"enum": ["done", "cut"]},
            "text": {"type": "string"},
        },
    }
    fitted = fit(embedded(schema), {"text": "kept", "reason": "cut"}, seed=Seed.of(1))
    assert fitted["text"] == "kept"
    assert fitted["reason"] == "cut"
    assert fitted["region"] in ("north", "south")


def test_a_value_is_made_to_fit_the_branch_that_is_nearest() -> None:
    text = {"type": "string"}
    note = {"type": "object", "required": ["text"], "properties": {"text": text}}
    page = {**note, "required": ["text", "url"], "properties": {"text": text, "url": text}}
    for branches in ([note, page], [page, note]):
        fitted = fit(embedded({"anyOf": branches}), {"text": 1, "kept": [2]}, seed=Seed.of(1))
        assert fitted == {"text": fitted["text"], "kept": [2]}


@pytest.mark.parametrize("overlays", [None, []])
def test_every_schema_of_the_bundled_document_has_instances(overlays: list[str] | None) -> None:
    from troth import loading

    _, effective = loading.read(overlays=overlays)
    schemas = Schemas(effective)
    for name in effective.root["components"]["schemas"]:
        schema = schemas.at(f"/components/schemas/{name}")
        for number in range(10):
            assert schema.is_valid(synthesize(schema, seed=Seed.of(number)))


def test_recursion_is_bounded() -> None:
    drawn = json.dumps(synthesize(embedded(SATISFIABLE["tree"]), seed=Seed.of(3)))
    assert len(drawn) < 20_000


def test_a_document_schema_resolves_its_references() -> None:
    read = document.read(
        json.dumps(
            {
                "openapi": "3.1.0",
                "info": {"title": "t", "version": "1"},
                "paths": {},
                "components": {
                    "schemas": {
                        "A": {"type": "array", "items": {"$ref": "#/components/schemas/B"}},
                        "B": {"type": "integer", "minimum": 4, "maximum": 4},
                    }
                },
            }
        ).encode(),
        name="api.json",
    )
    drawn = synthesize(Schemas(read).at("/components/schemas/A"), seed=Seed.of(2))
    assert set(drawn) <= {4}
