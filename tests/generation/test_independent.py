"""hypothesis-jsonschema works with the Hypothesis that is installed, or is done without."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from troth.generation.independent import independent, library
from troth.schema.untrusted_schema import embedded

OBJECT = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "string"}}},
    "additionalProperties": False,
    "patternProperties": {"^x-": {"type": "boolean"}},
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(independent(OBJECT))
def test_hypothesis_jsonschema_works_with_the_hypothesis_that_is_installed(value):
    assert embedded(OBJECT).is_valid(value)


def test_hypothesis_jsonschema_draws_optional_members_too():
    names = set()

    @settings(max_examples=300, database=None, phases=[Phase.generate])
    @given(independent(OBJECT))
    def gather(value):
        names.update(name[:2] for name in value)

    gather()
    assert {"b", "x-"} <= names


def test_there_is_no_second_opinion_where_the_libraries_do_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hypothesis.internal.conjecture import utils

    library.cache_clear()
    try:
        monkeypatch.delattr(utils, "many")
        assert library() is None
        assert independent(OBJECT) is None
    finally:
        library.cache_clear()
