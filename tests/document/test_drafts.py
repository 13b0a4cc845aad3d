"""Older drafts mean what they mean to an engine of their own; meta-schemas need no network."""

import json

import jsonschema_rs
import pytest

from troth.document import document
from troth.schema.schema import Schemas

COMPONENTS = "/components/schemas/"
URIS = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    8: "https://json-schema.org/draft/2019-09/schema",
}
ENGINES = {
    4: jsonschema_rs.Draft4Validator,
    6: jsonschema_rs.Draft6Validator,
    7: jsonschema_rs.Draft7Validator,
    8: jsonschema_rs.Draft201909Validator,
}
SCHEMAS = [
    {"items": [{"type": "integer"}, {"type": "string"}], "additionalItems": False},
    {"items": [{"type": "integer"}], "additionalItems": {"type": "null"}},
    {"items": {"type": "integer"}, "additionalItems": False},
    {"items": [{"items": [{"type": "string"}]}]},
    {"dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
    {"definitions": {"n": {"type": "null"}}, "properties": {"a": {"$ref": "#/definitions/n"}}},
    {"properties": {"a": {"$ref": "#/definitions/n", "const": 1}}, "definitions": {"n": {}}},
    {"properties": {"a": {"const": 1}}},
    {"contains": {"type": "integer"}},
    {"propertyNames": {"maxLength": 1}},
    {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
    {"dependentRequired": {"a": ["b"]}},
    {"properties": {"a": {}}, "unevaluatedProperties": False},
    {"prefixItems": [{"type": "string"}]},
    {"contains": {"type": "integer"}, "minContains": 2},
    {"allOf": [{"maximum": 3}], "exclusiveMaximum": 3},
]
FOURTH = [
    {"minimum": 1, "exclusiveMinimum": True, "maximum": 3, "exclusiveMaximum": False},
    {"minimum": 1, "exclusiveMinimum": False},
    {"properties": {"a": {"maximum": 2, "exclusiveMaximum": True}}},
]
INSTANCES = [
    *(1, 2, 3, "x", None, [], [1], [1, "a"], [1, "a", 2], [1, None], ["a", "b"], [["a"]], [[1]]),
    *(
        {},
        {"a": 1},
        {"a": None},
        {"a": 2},
        {"a": 1, "b": 2},
        {"c": 1},
        {"c": 1, "d": 1},
        {"long": 1},
    ),
    [1, 2],
]


def read(schema, **more):
    root = {"openapi": "3.1.0", "components": {"schemas": {"It": schema}}, **more}
    return document.read(json.dumps(root).encode(), name="it.json")


def verdicts(schema, draft):
    return [ENGINES[draft](schema).is_valid(value) for value in INSTANCES]


@pytest.mark.parametrize("draft", URIS)
@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_a_draft_means_what_it_means_to_an_engine_of_its_own(schema, draft):
    if draft == 4 and "exclusiveMaximum" in schema:
        return  # a boolean there
    named = {"$schema": URIS[draft], "$id": "https://example.com/it", **schema}
    is_valid = Schemas(read(named)).at(COMPONENTS + "It").is_valid
    assert [is_valid(value) for value in INSTANCES] == verdicts(schema, draft)
    plain = {"$id": "https://example.com/it", **schema}
    whole = Schemas(read(plain, jsonSchemaDialect=URIS[draft])).at(COMPONENTS + "It").is_valid
    assert [whole(value) for value in INSTANCES] == verdicts(schema, draft)


@pytest.mark.parametrize("schema", FOURTH, ids=json.dumps)
def test_in_draft_4_a_bound_has_a_flag(schema):
    is_valid = Schemas(read({"$schema": URIS[4], **schema})).at(COMPONENTS + "It").is_valid
    assert [is_valid(value) for value in INSTANCES] == verdicts(schema, 4)


def test_draft_2019_09_recurs_to_the_outermost():
    tree = {"$id": "tree", "$recursiveAnchor": True, "properties": {"c": {"$recursiveRef": "#"}}}
    strict = {
        "$schema": URIS[8],
        "$id": "https://example.com/strict",
        "$recursiveAnchor": True,
        "$ref": "tree",
        "unevaluatedProperties": False,
        "$defs": {"tree": tree},
    }
    is_valid = Schemas(read(strict)).at(COMPONENTS + "It").is_valid
    engine = jsonschema_rs.Draft201909Validator(strict)
    for value in ({"c": {"c": {}}}, {"c": {"d": 1}}, {"d": 1}):
        assert is_valid(value) == engine.is_valid(value)


def test_an_unknown_dialect_disables_that_schema_and_is_told():
    it = {"properties": {"a": {"$schema": "https://example.com/mine", "type": "null"}}}
    read_it = read({**it, "required": ["a"]})
    (fault,) = read_it.faults
    assert fault.pointer == COMPONENTS + "It/properties/a/$schema"
    is_valid = Schemas(read_it).at(COMPONENTS + "It").is_valid
    assert [is_valid({"a": 1}), is_valid({})] == [True, False]


@pytest.mark.parametrize(
    ("uri", "good", "bad"),
    [
        (URIS[4], {"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": True}),
        (URIS[6], {"const": 1}, {"required": "a"}),
        (URIS[7], {"if": {}}, {"properties": {"a": {"type": "text"}}}),
        (URIS[8], {"$recursiveAnchor": True}, {"properties": {"a": {"type": "text"}}}),
        (
            "https://json-schema.org/draft/2020-12/schema",
            {"prefixItems": [{}]},
            {"properties": {"a": {"type": "text"}}},
        ),
        (
            "https://spec.openapis.org/oas/3.1/dialect/base",
            {"discriminator": {"propertyName": "a"}},
            {"properties": {"a": {"type": "text"}}},
        ),
        (
            "https://spec.openapis.org/oas/3.1/schema/2022-10-07",
            {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}},
            {"openapi": "3.1.0", "paths": {}},
        ),
        (
            "https://spec.openapis.org/oas/3.0/schema/2024-10-18",
            {"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {}},
            {"openapi": "3.0.0", "paths": {}},
        ),
    ],
)
def test_a_meta_schema_needs_no_network(uri, good, bad):
    read_it = read({"$ref": uri})
    assert read_it.faults == ()
    is_valid = Schemas(read_it).at(COMPONENTS + "It").is_valid
    assert [is_valid(good), is_valid(bad)] == [True, False]
    assert not is_valid(1)


def test_what_is_no_meta_schema_is_never_asked_for():
    (fault,) = read({"$ref": "https://json-schema.org/learn/examples/address.json"}).faults
    assert "none is ever opened" in fault.fault
