"""What a Schema Object means in JSON Schema 2020-12, and what is none of its business."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from troth import pointer as pointers
from troth.document import document
from troth.errors import SpecError
from troth.generation.values import synthesize
from troth.schema.dialect import prepare
from troth.schema.schema import Schemas
from troth.seed import Seed

BUNDLED = Path(__file__).parents[2] / "spec" / "atoma.yaml"
INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}


def prepared(schema, openapi="3.1.0"):
    root = {"openapi": openapi, "components": {"schemas": {"It": schema}}}
    before = deepcopy(root)
    made = prepare(root, openapi).root["components"]["schemas"]["It"]
    assert root == before
    return made


def valid(schema, *instances, openapi="3.1.0"):
    root = {"openapi": openapi, "components": {"schemas": {"It": schema}}}
    schemas = Schemas(document.read(json.dumps(root).encode(), name="it.json"))
    is_valid = schemas.at("/components/schemas/It").is_valid
    return [is_valid(instance) for instance in instances]


def test_integer_formats_become_bounds():
    assert prepared({"type": "integer", "format": "int32"}) == {
        "type": "integer",
        "format": "int32",
        **INT32,
    }
    assert prepared({"format": "int64"})["maximum"] == 2**63 - 1


def test_bounds_of_a_format_only_ever_tighten():
    written = {"format": "int32", "minimum": 0, "maximum": 2**40, "exclusiveMaximum": 5}

    assert prepared(written) == {**written, "maximum": 2**31 - 1}


def test_an_integer_format_rejects_only_integers_out_of_range():
    schema = {"type": ["integer", "null"], "format": "int32"}

    assert valid(schema, None, 1, 1.0, 2**31 - 1, -(2**31)) == [True] * 5
    assert valid(schema, 2**31, -(2**31) - 1, 1.5, "1", 2.0**31) == [False] * 5
    assert valid({"format": "int32"}, "2147483648", [2**40]) == [True, True]


def test_int64_is_exact_at_its_ends():
    schema = {"type": "integer", "format": "int64"}

    assert valid(schema, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1) == [True, True, False, False]


def test_formats_of_json_schema_are_asserted_and_those_of_openapi_are_annotations():
    for name, wrong in [("date-time", "x"), ("uuid", "x"), ("email", "x"), ("uri", ":")]:
        assert valid({"format": name}, wrong, 5) == [False, True]
    for name in ("byte", "binary", "password", "float", "double", "made-up"):
        assert valid({"format": name}, "!", 1e300) == [True, True]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"nullable": True}, {}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"exclusiveMaximum": True}, {}),
        ({"$ref": "#/components/schemas/It", "minLength": 3}, {"$ref": "#/components/schemas/It"}),
        ({"const": 1, "type": "integer"}, {"type": "integer"}),
        ({"x-a": {"nullable": True}}, {"x-a": {"nullable": True}}),
        (
            {"type": "object", "properties": {"nullable": {"type": "string", "nullable": True}}},
            {"type": "object", "properties": {"nullable": {"type": ["string", "null"]}}},
        ),
        (
            {"items": {"not": {"type": "integer", "nullable": True}}},
            {"items": {"not": {"type": ["integer", "null"]}}},
        ),
    ],
)
def test_openapi_30_is_read_as_what_it_means(written, meant):
    assert prepared(written, "3.0.3") == meant


@pytest.mark.parametrize(
    ("written", "value", "wrong"),
    [
        ({"type": "string", "enum": ["a", "b"]}, "a", "c"),
        ({"enum": ["a", "b"]}, "a", "c"),
        ({"allOf": [{"$ref": "#/components/schemas/Text"}]}, "abc", 1),
        ({"type": "string", "allOf": [{"$ref": "#/components/schemas/Text"}]}, "abc", "a"),
        ({"allOf": [{"$ref": "#/components/schemas/Text"}, {"maxLength": 3}]}, "abc", "abcd"),
        ({"allOf": [{"type": "string"}, {"description": "so"}]}, "abc", 1),
        ({"anyOf": [{"$ref": "#/components/schemas/Text"}]}, "abc", 1),
        ({"oneOf": [{"$ref": "#/components/schemas/Text"}, {"type": "number"}]}, 1.5, "a"),
        ({"oneOf": [{"$ref": "#/components/schemas/Text"}, {"enum": [None]}]}, "abc", "a"),
        ({"$ref": "#/components/schemas/Text"}, "abc", 1),
        ({"$ref": "#/components/schemas/Chosen"}, "abc", 1),
    ],
)
def test_in_openapi_30_nullable_is_believed_and_null_is_not_drawn_where_it_says_nothing(
    written, value, wrong
):
    text = {"type": "string", "minLength": 2}
    components = {"Text": text, "Chosen": {"allOf": [{"$ref": "#/components/schemas/Text"}]}}
    holder = {"type": "object", "required": ["it"], "properties": {"it": written}}
    for nullable in (False, True):
        held = {**holder, "properties": {"it": {**written, "nullable": nullable}}}
        root = {"openapi": "3.0.3", "components": {"schemas": {**components, "It": held}}}
        schema = Schemas(document.read(json.dumps(root).encode(), name="it.json")).at(
            "/components/schemas/It"
        )
        assert schema.is_valid({"it": None}) is (
            nullable or {"enum": [None]} in written.get("oneOf", ())
        )
        assert schema.is_valid({"it": value})
        (mismatch,) = schema.errors({"it": wrong})[:1]
        assert pointers.find(root, mismatch.schema_pointer) is not None
    drawn = [synthesize(schema, seed=Seed.of(number))["it"] for number in range(30)]
    assert None not in drawn or {"enum": [None]} in written.get("oneOf", ())


def test_in_openapi_31_nullable_says_nothing_and_ref_has_siblings():
    assert prepared({"type": "string", "nullable": True}) == {"type": "string", "nullable": True}
    written = {"$ref": "#/components/schemas/It", "minLength": 3}
    assert prepared(written) == written


def test_a_boolean_exclusive_bound_left_over_from_30_is_read_as_it_was_meant():
    assert prepared({"minimum": 0, "exclusiveMinimum": True}) == {"exclusiveMinimum": 0}


@pytest.mark.parametrize("keyword", ["example", "default", "const", "x-extension", "examples"])
def test_values_are_never_rewritten(keyword):
    value = {"type": "integer", "format": "int32", "nullable": True, "$schema": "urn:x"}
    value = [value] if keyword == "examples" else value

    assert prepared({keyword: value}) == {keyword: value}
    assert prepared({"enum": [value]}) == {"enum": [value]}


def test_every_place_of_a_schema_in_a_document_is_found():
    schema = {"type": "integer", "format": "int32"}
    media = {
        "schema": schema,
        "itemSchema": schema,
        "encoding": {"a": {"headers": {"h": {"schema": schema}}}},
    }
    operation = {
        "parameters": [{"schema": schema}, {"content": {"application/json": media}}],
        "requestBody": {"content": {"application/json": media}},
        "responses": {"200": {"headers": {"h": {"schema": schema}}, "content": {"a/b": media}}},
        "callbacks": {"c": {"{$url}": {"post": {"requestBody": {"content": {"a/b": media}}}}}},
    }
    root = {
        "openapi": "3.2.0",
        "paths": {"/a": {"get": operation, "parameters": [{"schema": schema}]}},
        "webhooks": {"w": {"query": operation}},
        "components": {"parameters": {"p": {"schema": schema}}, "mediaTypes": {"m": media}},
    }

    made = prepare(root, "3.2.0")

    count = json.dumps(root).count('"int32"')
    assert json.dumps(made.root).count('"maximum": 2147483647') == count
    assert len(made.pointers) == count


def test_a_schema_that_only_a_reference_reaches_is_one():
    root = {
        "openapi": "3.1.0",
        "components": {"schemas": {"It": {"$ref": "#/x-shared/Number"}}},
        "x-shared": {"Number": {"format": "int32"}, "Other": {"format": "int32"}},
    }

    made = prepare(root, "3.1.0")

    assert made.root["x-shared"]["Number"] == {"format": "int32", **INT32}
    assert made.root["x-shared"]["Other"] == {"format": "int32"}
    assert made.pointers == ("/components/schemas/It", "/x-shared/Number")


def test_other_dialects_are_refused_and_openapis_own_are_not():
    for fine in (
        "https://spec.openapis.org/oas/3.1/dialect/base",
        "https://json-schema.org/draft/2020-12/schema",
    ):
        root = {"jsonSchemaDialect": fine, "components": {"schemas": {"It": {"$schema": fine}}}}
        assert prepare(root, "3.1.0").root["components"]["schemas"]["It"] == {}
    with pytest.raises(SpecError) as caught:
        prepare({"jsonSchemaDialect": "http://json-schema.org/draft-07/schema#"}, "3.1.0")
    assert caught.value.pointer == "/jsonSchemaDialect"
    with pytest.raises(SpecError) as caught:
        prepared({"items": {"$schema": "urn:mine"}})
    assert caught.value.pointer == "/components/schemas/It/items/$schema"


def test_the_schema_of_the_document_itself_is_not_that_of_its_schemas():
    for uri in ("https://spec.openapis.org/oas/3.1/schema/2022-10-07", "urn:any"):
        root = {
            "$schema": uri,
            "$id": "http://example.com/api",
            "openapi": "3.1.0",
            "components": {"schemas": {"It": {"prefixItems": [{"type": "integer"}]}}},
        }
        schemas = Schemas(document.read(json.dumps(root).encode(), name="it.json"))
        assert not schemas.at("/components/schemas/It").is_valid(["x"])


def test_pointers_of_the_prepared_root_are_those_of_the_document():
    root = document.read(BUNDLED).root

    made = prepare(root, "3.1.0")

    def same_shape(left, right):
        if isinstance(left, dict):
            added = set(right) - set(left)
            assert added <= {"minimum", "maximum"}
            for name, value in left.items():
                same_shape(value, right[name])
        elif isinstance(left, list):
            assert len(left) == len(right)
            for one, other in zip(left, right, strict=True):
                same_shape(one, other)
        else:
            assert left == right

    same_shape(root, made.root)
    assert len(made.pointers) == len(set(made.pointers))
