"""What is proved of schemas, on the facts known of the published document."""

import json
from pathlib import Path

import pytest

from troth.document import document
from troth.schema import proofs
from troth.schema.proofs import Unsatisfiable
from troth.schema.schema import Schemas

BUNDLED = Path(__file__).parents[2] / "spec" / "atoma.yaml"
COMPONENTS = "/components/schemas/"


def schemas_of(**components):
    root = {"openapi": "3.1.0", "components": {"schemas": components}}
    return Schemas(document.read(json.dumps(root).encode(), name="it.json"))


@pytest.fixture(scope="module")
def bundled():
    return Schemas(document.read(BUNDLED))


def test_logit_bias_rejects_every_object_with_a_member(bundled):
    at = COMPONENTS + "ChatCompletionRequest/properties/logit_bias"

    assert proofs.unsatisfiable_parts(bundled, at) == (
        Unsatisfiable(
            at + "/propertyNames",
            "no member name satisfies it, since names are strings: only {} is accepted",
            (at + "/propertyNames",),
        ),
    )
    assert proofs.unsatisfiable_parts(bundled, COMPONENTS + "ChatCompletionMessage") == ()


def test_what_is_empty_inside_a_schema_is_named_with_what_conflicts():
    schema = {
        "properties": {
            "a": {"type": "string", "minLength": 3, "maxLength": 1},
            "b": {"allOf": [{"$ref": "#/components/schemas/Number"}, {"type": "string"}]},
            "c": False,
            "d": {"type": "integer"},
            "e": {"items": {"enum": [1], "type": "string"}},
        }
    }
    schemas = schemas_of(It=schema, Number={"type": "number"})
    it = COMPONENTS + "It/properties"

    found = {part.pointer: part for part in proofs.unsatisfiable_parts(schemas, COMPONENTS + "It")}

    assert found == {
        f"{it}/a": Unsatisfiable(
            f"{it}/a",
            "no value satisfies 'type', 'minLength', 'maxLength' together",
            (f"{it}/a/type", f"{it}/a/minLength", f"{it}/a/maxLength"),
        ),
        f"{it}/b": Unsatisfiable(
            f"{it}/b",
            "no value satisfies '$ref', 'type' together",
            (f"{it}/b/allOf/0/$ref", f"{it}/b/allOf/1/type"),
        ),
        f"{it}/c": Unsatisfiable(f"{it}/c", "it is written as false"),
        f"{it}/e/items": Unsatisfiable(
            f"{it}/e/items",
            "no value satisfies 'type', 'enum' together",
            (f"{it}/e/items/type", f"{it}/e/items/enum"),
        ),
    }
