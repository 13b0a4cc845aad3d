"""The graph of schemas: large unions, and what it need not look at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from troth.document import document
from troth.generation import graph, values
from troth.generation.source import Seeded
from troth.schema.schema import Schema, Schemas
from troth.seed import Seed

COUNT = 40


def schema_of(it: Any, **others: Any) -> Schema:
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {"schemas": {"It": it, **others}},
    }
    schemas = Schemas(document.read(json.dumps(root).encode(), name="it.json"))
    return schemas.at("/components/schemas/It")


def overlapping(number: int) -> dict[str, Any]:
    """One of many objects that all take `{}`, and that differ in an optional member alone."""
    kinds = {"type": "string", "enum": [f"m{number}", f"x{number}"]}
    more = {f"f{number}": {"type": "string"}, "account": {"type": "string"}}
    return {"type": "object", "properties": {"type": kinds, **more}}


UNION = {"oneOf": [overlapping(number) for number in range(COUNT)]}


def drawn(schema: Schema, count: int) -> list[Any]:
    return [values.value(schema, Seeded(Seed.of(number))) for number in range(count)]


def test_of_a_large_union_only_what_is_drawn_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [0]
    meet = graph.meet

    def counted(one: Any, other: Any) -> Any:
        made[0] += 1
        return meet(one, other)

    monkeypatch.setattr(graph, "meet", counted)

    drawn(schema_of(UNION), 1)

    # forty branches have 1,560 pairs, each of which takes several
    assert made[0] < 1000


def test_all_branches_of_a_large_union_are_drawn_and_each_value_has_one() -> None:
    schema = schema_of(UNION)

    found = drawn(schema, 300)

    assert all(map(schema.is_valid, found))
    assert len({value["type"] for value in found if "type" in value}) > COUNT


def test_a_value_of_two_branches_is_none_of_a_large_union() -> None:
    schema = schema_of(UNION)
    made = graph.graph_of(schema.schemas)
    instances: list[Any] = [{}, {"type": "m7"}, {"type": "m7", "f9": "x"}, {"type": "m7", "f7": 1}]

    admitted = [made.admits((schema.prepared,), instance) for instance in instances]

    assert admitted == [schema.is_valid(instance) for instance in instances]
    assert admitted == [False, True, True, False]


def test_a_branch_that_is_inside_another_is_left_out_of_a_large_union() -> None:
    inside = {"type": "object", "required": ["type"], **overlapping(3)}
    schema = schema_of({"oneOf": [*UNION["oneOf"], inside]})

    assert all(map(schema.is_valid, drawn(schema, 100)))


def test_a_draw_looks_at_the_schemas_that_it_needs_and_no_others() -> None:
    schema = schema_of(
        {"required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/A"}}},
        A={"type": "array", "items": {"type": "string", "examples": ["x"]}, "minItems": 1},
        Other={"type": "object", "properties": {"b": {"type": "integer"}}},
    )

    values.synthesize(schema, seed=Seed.of(1))
    drawn(schema, 5)

    made = graph.graph_of(schema.schemas)
    assert not any("Other" in at for at in made.places.known.values())
    assert made.places.known
