"""hypothesis-jsonschema works with the Hypothesis that is installed, or is done without."""

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from troth.generation import foreign
from troth.schema.untrusted_schema import embedded

OBJECT = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "string"}}},
    "additionalProperties": False,
    "patternProperties": {"^x-": {"type": "boolean"}},
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(foreign.from_schema(OBJECT))
def test_hypothesis_jsonschema_works_with_the_hypothesis_that_is_installed(value):
    assert embedded(OBJECT).is_valid(value)


def test_hypothesis_jsonschema_draws_optional_members_too():
    names = set()

    @settings(max_examples=300, database=None, phases=[Phase.generate])
    @given(foreign.from_schema(OBJECT))
    def gather(value):
        names.update(name[:2] for name in value)

    gather()
    assert {"b", "x-"} <= names


def test_values_can_be_searched_for_whatever_the_libraries_allow():
    schema = embedded(OBJECT)
    assert schema.is_valid(find(foreign.values(schema), lambda value: True))


def test_values_are_synthesized_where_the_libraries_do_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hypothesis.internal.conjecture import utils

    foreign.library.cache_clear()
    try:
        monkeypatch.delattr(utils, "many")
        assert foreign.library() is None
        schema = embedded(OBJECT)
        assert foreign.from_schema(OBJECT) is None
        assert schema.is_valid(find(foreign.values(schema), lambda value: True))
    finally:
        foreign.library.cache_clear()
