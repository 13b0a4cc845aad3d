"""Schemas of large documents: compiled when they are used, and what they refer to once for all."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from troth.document import document
from troth.errors import SpecError
from troth.schema import validators
from troth.schema.schema import Schemas

COMPONENTS = "/components/schemas/"


def mutual(count, **beside):
    """So many schemas of which each refers to others, and all to all in the end."""
    refs = [{"$ref": f"#{COMPONENTS}S{index}"} for index in range(count)]
    components = {
        f"S{index}": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "integer"},
                "next": refs[(index + 1) % count],
                "to0": refs[index * 7 % count],
                "to1": refs[(index * 3 + 2) % count],
                "list": {"type": "array", "items": refs[(index * 5 + 3) % count]},
            },
        }
        for index in range(count)
    }
    root = {"openapi": "3.1.0", "components": {"schemas": components | beside}}
    # as written: reading takes out what cannot stand where it stands
    return Schemas(replace(document.read(json.dumps(root).encode(), name="it.json"), root=root))


@pytest.fixture
def compilations(monkeypatch):
    """How many schemas each compilation began with."""
    counted = []
    compile_ = validators.Engine._compile

    def counting(engine, schema, pointer, **more):
        counted.append(len(schema.get("properties", "1")))
        return compile_(engine, schema, pointer, **more)

    monkeypatch.setattr(validators.Engine, "_compile", counting)
    return counted


@pytest.mark.parametrize("count", [200, 400])
def test_the_schemas_of_a_large_document_are_compiled_together(count, compilations):
    schemas = mutual(count)

    for index in range(count):
        assert schemas.at(f"{COMPONENTS}S{index}").is_valid({"id": 1, "to0": {"id": 2}})
        assert not schemas.at(f"{COMPONENTS}S{index}").is_valid({"id": 1, "to0": {"id": "x"}})

    assert compilations == [count]


def test_inner_schemas_are_compiled_together_once_a_few_were_asked_for(compilations):
    schemas = mutual(200)

    inner = [at for at in schemas if at.endswith("/properties/next")]
    assert all(schemas.at(at).is_valid({"id": 1}) for at in inner)

    assert len(inner) == 200
    assert Counter(compilations) == {200: 1, 1: validators._MOST_OWN, len(list(schemas)): 1}


def test_a_schema_that_shares_its_validator_says_what_one_of_its_own_says(monkeypatch):
    instance = {"id": 1, "to0": {"id": "x", "list": [{"id": 1}, {}]}, "next": 5}
    shared = mutual(200).at(COMPONENTS + "S3")
    monkeypatch.setattr(validators, "MANY", 10**6)
    own = mutual(200).at(COMPONENTS + "S3")

    assert shared.compiled.key is not None
    assert own.compiled.key is None
    assert [each.instance_pointer for each in own.errors(instance)] == [
        "/to0/id",
        "/to0/list/1",
        "/next",
    ]
    assert shared.errors(instance) == own.errors(instance)
    assert shared.errors("x") == own.errors("x")
    assert shared.errors({"id": 1, "\ud800": object()}) == own.errors({"id": 1, "\ud800": object()})


def test_an_unfit_schema_of_a_large_document_is_a_fault_of_those_that_use_it(compilations):
    schemas = mutual(
        200,
        Bad={"properties": {"a": {"maxLength": "1"}, "b": {"$ref": f"#{COMPONENTS}S0"}}},
        Worse={"items": {"minimum": "0"}},
        User={"items": {"$ref": f"#{COMPONENTS}Bad/properties/a"}},
        Beside={"items": {"$ref": f"#{COMPONENTS}Bad/properties/b"}},
    )

    faults = {}
    for name in ("Bad", "Worse", "User"):
        with pytest.raises(SpecError) as caught:
            schemas.at(COMPONENTS + name)
        faults[name] = caught.value.pointer.removeprefix(COMPONENTS)
    assert faults == {
        "Bad": "Bad/properties/a/maxLength",
        "Worse": "Worse/items/minimum",
        "User": "Bad/properties/a/maxLength",
    }
    for name in ("Beside", "S0", "S199"):
        assert schemas.at(COMPONENTS + name).is_valid([] if name == "Beside" else {"id": 1})
    assert len(compilations) < 300
