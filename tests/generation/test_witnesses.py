"""Witnesses: small instances that show that a schema has values, or that two share some."""

import json
from pathlib import Path

import pytest

from troth.document import document
from troth.generation import witnesses
from troth.generation.witnesses import Overlap, Witness
from troth.schema.schema import Schemas
from troth.schema.untrusted_schema import embedded

BUNDLED = Path(__file__).parents[2] / "spec" / "atoma.yaml"
COMPONENTS = "/components/schemas/"


def schemas_of(**components):
    root = {"openapi": "3.1.0", "components": {"schemas": components}}
    return Schemas(document.read(json.dumps(root).encode(), name="it.json"))


@pytest.fixture(scope="module")
def bundled():
    return Schemas(document.read(BUNDLED))


def test_the_branches_of_a_content_part_overlap_with_a_witness(bundled):
    at = COMPONENTS + "MessageContentPart/oneOf"

    assert witnesses.overlap(bundled, f"{at}/0", f"{at}/1") == Overlap(
        "yes", Witness({"image_url": {"url": ""}, "text": "", "type": ""})
    )


def test_the_branches_of_a_message_are_disjoint(bundled):
    at = COMPONENTS + "ChatCompletionMessage/oneOf"

    pairs = [(one, other) for one in range(4) for other in range(one)]
    assert {witnesses.overlap(bundled, f"{at}/{one}", f"{at}/{other}") for one, other in pairs} == {
        Overlap("no")
    }


def test_every_schema_of_the_bundled_document_has_a_witness(bundled):
    for name in bundled.document.root["components"]["schemas"]:
        found = witnesses.witness(bundled, COMPONENTS + name)
        assert found is not None
        assert bundled.at(COMPONENTS + name).is_valid(found.instance)
        assert witnesses.satisfiability(bundled, COMPONENTS + name) == "yes"


@pytest.mark.parametrize(
    ("schema", "verdict"),
    [
        (True, "yes"),
        (False, "no"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "no"),
        ({"type": "integer", "format": "int32", "minimum": 2**31}, "no"),
        ({"allOf": [{"$ref": "#/components/schemas/Number"}, {"type": "string"}]}, "no"),
        ({"type": "object", "required": ["a"], "properties": {"a": False}}, "no"),
        ({"oneOf": [{"type": "integer"}, {"type": "integer"}]}, "no"),
        ({"enum": [1], "type": "string"}, "no"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/It"}}, "yes"),
        ({"type": "object", "required": ["a", "b"], "minProperties": 4}, "yes"),
        ({"type": "string", "format": "uuid"}, "yes"),
        ({"type": "integer", "multipleOf": 7, "minimum": 8, "maximum": 15}, "yes"),
        ({"type": "array", "contains": {"const": 3}, "minItems": 3, "uniqueItems": True}, "yes"),
        ({"oneOf": [{"type": "integer"}, {"minimum": 1}]}, "yes"),
        ({"not": {"type": "string"}}, "yes"),
        ({"type": "object", "propertyNames": {"pattern": "^x-"}, "minProperties": 1}, "yes"),
        ({"type": "object", "minProperties": 2, "additionalProperties": {"const": 5}}, "yes"),
    ],
)
def test_satisfiability_is_proved_and_a_yes_has_a_witness(schema, verdict):
    schemas = schemas_of(It=schema, Number={"type": "number"})

    assert witnesses.satisfiability(schemas, COMPONENTS + "It") == verdict
    assert (witnesses.witness(schemas, COMPONENTS + "It") is not None) is (verdict == "yes")


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ({"type": "string"}, {"type": "integer"}, "no"),
        ({"type": "null"}, {"enum": [None, 1]}, "yes"),
        ({"type": "integer"}, {"minimum": 1}, "yes"),
        ({"type": "array", "items": {"type": "string"}}, {"type": "array", "minItems": 1}, "yes"),
        ({"required": ["a"]}, {"properties": {"a": False}, "type": "object"}, "no"),
    ],
)
def test_an_overlap_is_shown_or_disproved(one, other, verdict):
    schemas = schemas_of(One=one, Other=other)

    found = witnesses.overlap(schemas, COMPONENTS + "One", COMPONENTS + "Other")

    assert found.verdict == verdict
    if found.witness is not None:
        assert schemas.at(COMPONENTS + "One").is_valid(found.witness.instance)
        assert schemas.at(COMPONENTS + "Other").is_valid(found.witness.instance)
    assert (found.witness is not None) is (verdict == "yes")


@pytest.mark.parametrize(
    ("schema", "verdict"),
    [
        ({"type": "object", "additionalProperties": False, "required": ["a"]}, "no"),
        (
            {
                "$schema": "http://json-schema.org/draft-04/schema#",
                "type": "number",
                "minimum": 3,
                "maximum": 3,
                "exclusiveMinimum": True,
            },
            "no",
        ),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "definitions": {"n": {"type": "string", "minLength": 2, "maxLength": 1}},
                "$ref": "#/definitions/n",
            },
            "no",
        ),
        ({"properties": {"next": {"$ref": "#"}}, "required": ["next"], "type": "object"}, "no"),
        ({"properties": {"next": {"$ref": "#"}}, "type": "object"}, "yes"),
        (
            {
                "type": "object",
                "required": ["a", "b", "c"],
                "additionalProperties": {"type": "string", "minLength": 1},
            },
            "yes",
        ),
    ],
)
def test_a_strangers_schema_is_proved_whatever_its_draft(schema, verdict):
    compiled = embedded(schema)

    assert witnesses.satisfiability(compiled.schemas, compiled.pointer) == verdict


NEXT = {"anyOf": [{"$ref": "#/components/schemas/One"}, {"type": "null"}]}
LAST = {"anyOf": [{"$ref": "#/components/schemas/Other"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"required": ["a"], "properties": {"a": NEXT}}, {"properties": {"a": LAST}}),
        (
            {"required": ["a"], "properties": {"a": NEXT}, "minProperties": 2},
            {"properties": {"a": {"not": {"$ref": "#/components/schemas/One"}}}},
        ),
        (
            {"properties": {"a": NEXT}, "enum": [{"a": None}, {"a": {"a": None}}]},
            {"properties": {"a": LAST}, "required": ["a"]},
        ),
    ],
    ids=["both", "a denial", "values"],
)
def test_two_schemas_that_recur_in_one_another_overlap(one, other):
    schemas = schemas_of(One={"type": "object", **one}, Other={"type": "object", **other})

    found = witnesses.overlap(schemas, COMPONENTS + "One", COMPONENTS + "Other")

    assert found.verdict == "yes"
    assert schemas.at(COMPONENTS + "One").is_valid(found.witness.instance)
    assert schemas.at(COMPONENTS + "Other").is_valid(found.witness.instance)


def test_a_witness_of_what_recurs_ends_at_once():
    one = {"type": "object", "required": ["a"], "properties": {"a": NEXT}}
    schemas = schemas_of(One=one, Other={**one, "properties": {"a": LAST}})

    assert witnesses.overlap(schemas, COMPONENTS + "One", COMPONENTS + "Other") == Overlap(
        "yes", Witness({"a": None})
    )


def test_branches_that_only_what_stands_beside_them_keeps_apart_do_not_overlap():
    branches = [{"required": ["a"]}, {"required": ["b"]}]
    union = {"type": "object", "oneOf": branches}
    schemas = schemas_of(Open=union, One={**union, "maxProperties": 1})
    one, other = (f"{COMPONENTS}One/oneOf/{index}" for index in (0, 1))

    assert witnesses.overlap(schemas, one, other, union=COMPONENTS + "One") == Overlap("no")
    assert witnesses.overlap(schemas, one, other, union=COMPONENTS + "Open") == Overlap(
        "yes", Witness({"a": {}, "b": {}})
    )
