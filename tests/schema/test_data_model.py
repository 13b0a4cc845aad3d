"""Types, equality and formats are those of JSON Schema."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from troth.schema.data_model import FORMATS, INTEGERS, identity, same, type_of

VALUES: list[Any] = [
    *(None, True, False, 0, 1, 1.0, -0.0, 1.5, 2**70, 1e16, 10**16, "", "1", "true"),
    *([], [1], [1.0], [True], [[1]], {}, {"a": 1}, {"a": 1.0}, {"a": True}),
    *({"a": 1, "b": 2}, {"b": 2, "a": 1}, "\ud800", [1, 2], [2, 1]),
]


def id_of(value: Any) -> str:
    return ascii(value)


@pytest.mark.parametrize("left", VALUES, ids=id_of)
def test_equality_is_that_of_the_engine_and_identity_agrees(left: Any) -> None:
    for right in VALUES:
        equal = same(left, right)
        assert (identity(left) == identity(right)) == equal, (left, right)
        if "\ud800" not in (left, right):
            assert jsonschema_rs.is_valid({"const": left}, right) == equal, (left, right)


@pytest.mark.parametrize("value", [value for value in VALUES if value != "\ud800"], ids=id_of)
def test_the_type_of_a_value_is_that_of_the_engine(value: Any) -> None:
    assert jsonschema_rs.is_valid({"type": type_of(value)}, value)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_engine_asserts_each_format(name: str) -> None:
    schema = {"format": name}
    fits = jsonschema_rs.validator_for(schema, validate_formats=True).is_valid
    assert fits(FORMATS[name].example)
    assert not fits(FORMATS[name].counterexample)


def test_the_ranges_of_integers_are_those_of_their_bits() -> None:
    for name, (low, high) in INTEGERS.items():
        bits = int(name.removeprefix("u").removeprefix("int"))
        assert high - low == 2**bits - 1
        assert low == (0 if name.startswith("u") else -(2 ** (bits - 1)))
