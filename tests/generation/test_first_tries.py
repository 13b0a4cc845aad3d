"""How often the first value that is built is right, before anything is tried again.

What is tried again when a value is not valid hides a bound that the generator reads wrongly, so
the first tries are counted here by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import troth
from troth.generation.generator import Generator, Natural
from troth.generation.graph import node_of
from troth.generation.source import Quick, Seeded, Unsatisfiable
from troth.generation.values import generator_of, synthesize
from troth.generation.values import value as value_of
from troth.openapi.contract import Contract
from troth.schema.schema import Schema
from troth.schema.untrusted_schema import embedded
from troth.seed import Seed

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
#: Beyond these a document takes long, and says nothing new.
LARGEST = 500_000
SCHEMAS_EACH = 150
# What the keywords mean that the corpus seldom uses.
SCHEMAS: dict[str, Any] = {
    "above an integer": {"type": "integer", "exclusiveMinimum": 6, "maximum": 7},
    "below an integer": {"type": "integer", "minimum": 6, "exclusiveMaximum": 7},
    "above a fraction": {"type": "integer", "exclusiveMinimum": 6.5, "exclusiveMaximum": 8},
    "above a multiple": {
        "type": "integer", "multipleOf": 5, "exclusiveMinimum": 10, "exclusiveMaximum": 20,
    },
    "above and beyond": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.01},
    "multiples between": {
        "type": "number", "multipleOf": 0.5, "exclusiveMinimum": 1, "exclusiveMaximum": 2,
    },
    "far above": {"type": "integer", "exclusiveMinimum": 2**40},
    "far below": {"type": "integer", "exclusiveMaximum": -(2**40)},
    "int32": {"type": "integer", "format": "int32", "exclusiveMinimum": 2**31 - 2},
    "length": {"type": "string", "minLength": 7, "maxLength": 7},
    "items": {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4},
    "different items": {
        "type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 3,
    },
    "members": {"type": "object", "minProperties": 3, "maxProperties": 3},
    "few members": {
        "type": "object",
        "required": ["c"],
        "properties": {name: {"type": "integer"} for name in "abcd"},
        "maxProperties": 2,
    },
    "overlapping": {
        "oneOf": [
            {"type": "object", "required": ["id"], "properties": {"bark": {"type": "boolean"}}},
            {"type": "object", "required": ["id"], "properties": {"meow": {"type": "string"}}},
        ]
    },
    "where one asks for another": {
        "type": "object",
        "properties": {"card": {"type": "integer"}, "address": {"type": "string"}},
        "required": ["card"],
        "dependentRequired": {"card": ["address"]},
    },
    "if": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["a", "b"]}},
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["x"]},
        "else": {"properties": {"y": {"const": 1}}, "required": ["y"]},
    },
    "not": {"type": "integer", "minimum": 0, "not": {"maximum": 5}},
    "repeated": {"type": "string", "pattern": "^(ab|cd)-\\1$"},
}  # fmt: skip


def naturally(schema: Schema, seed: Seed, *, rich: int = 256) -> Any:
    node = node_of(schema)
    policy = Natural(rich=rich)
    return policy.draw(Generator(node.graph, policy), node, Quick(seed))


def at_the_edges(schema: Schema, seed: Seed) -> Any:
    return generator_of(schema).value((schema.prepared,), Seeded(seed))


def sparingly(schema: Schema, seed: Seed) -> Any:
    return naturally(schema, seed, rich=0)


POLICIES = pytest.mark.parametrize("draw", [naturally, sparingly, at_the_edges])
Draw = Callable[[Schema, Seed], Any]


def is_right(draw: Draw, schema: Schema, number: int) -> bool:
    try:
        return schema.is_valid(draw(schema, Seed.of(number)))
    except Unsatisfiable:
        return False


@POLICIES
@pytest.mark.parametrize("name", SCHEMAS)
def test_the_first_try_is_right_whatever_the_keyword(name: str, draw: Draw) -> None:
    schema = embedded(SCHEMAS[name])
    assert [number for number in range(40) if not is_right(draw, schema, number)] == []


@POLICIES
def test_the_first_try_is_right_for_the_bundled_document(draw: Draw) -> None:
    for contract in (troth.load(), troth.load().published):
        schemas = list(schemas_of(contract))
        assert len(schemas) >= 2
        tries = [is_right(draw, schema, number) for schema in schemas for number in range(40)]
        assert all(tries)


def documents() -> list[Path]:
    files = CORPUS.iterdir() if CORPUS.is_dir() else ()
    return sorted(file for file in files if file.stat().st_size < LARGEST and file.suffix != ".md")


@pytest.fixture(scope="module")
def schemas_of_others() -> list[Schema]:
    """The schemas of other documents that have values, some of each."""
    return [
        schema
        for file in documents()
        for schema in list(schemas_of(troth.load(file)))[:SCHEMAS_EACH]
        if has_values(schema)
    ]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of other documents is not here")
@POLICIES
def test_ninety_nine_of_a_hundred_first_tries_are_right_for_documents_of_others(
    draw: Draw, schemas_of_others: list[Schema]
) -> None:
    right = count = 0
    for schema in schemas_of_others:
        tries = [is_right(draw, schema, number) for number in range(4)]
        right, count = right + sum(tries), count + len(tries)
    assert count > 1000
    assert right / count >= 0.99


def has_values(schema: Schema) -> bool:
    try:
        value_of(schema, Seeded(Seed.of("any")))
    except Unsatisfiable:
        return False
    return True


def schemas_of(contract: Contract) -> Iterator[Schema]:
    """The schemas of parameters, and of the bodies of requests and responses."""
    found: dict[str, Schema | None] = {}
    for operation in contract.operations:
        media = [*operation.request_body.content] if operation.request_body else []
        media += [entry for response in operation.responses for entry in response.content]
        schemas = [entry.schema for entry in media]
        schemas += [parameter.schema for parameter in operation.parameters]
        found.update({schema.pointer: schema for schema in schemas if schema is not None})
    yield from (schema for schema in found.values() if schema is not None)


@pytest.mark.parametrize("name", SCHEMAS)
def test_where_every_try_fails_the_smallest_value_is_the_last_resort(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> Any:
        raise Unsatisfiable("it is tried out")

    monkeypatch.setattr(Natural, "draw", fail)
    schema = embedded(SCHEMAS[name])
    smallest = synthesize(schema, seed=Seed.of(1))
    assert schema.is_valid(smallest)
    assert synthesize(schema, seed=Seed.of(2)) == smallest
    assert json.dumps(smallest)


def test_where_there_is_no_last_resort_either_the_reason_is_that_of_the_first_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema = embedded({"type": "string", "pattern": "^(?=long)(?!long)"})
    with pytest.raises(Unsatisfiable, match="no string was found that matches"):
        synthesize(schema, seed=Seed.of(1))
