"""hypothesis-jsonschema works with the Hypothesis that is installed, or is done without."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from troth.generation import values
from troth.generation.generator import Natural
from troth.generation.independent import independent, instances, library
from troth.generation.source import Seeded, Unsatisfiable
from troth.generation.strategies import strategy
from troth.generation.values import synthesize
from troth.generation.values import value as value_of
from troth.schema.untrusted_schema import embedded
from troth.seed import Seed

OBJECT = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "string"}}},
    "additionalProperties": False,
    "patternProperties": {"^x-": {"type": "boolean"}},
}


@settings(max_examples=40)
@given(independent(OBJECT))
def test_hypothesis_jsonschema_works_with_the_hypothesis_that_is_installed(value):
    assert embedded(OBJECT).is_valid(value)


def test_hypothesis_jsonschema_draws_optional_members_too():
    names = set()

    @settings(max_examples=100, phases=[Phase.generate])
    @given(independent(OBJECT))
    def gather(value):
        names.update(name[:2] for name in value)

    gather()
    assert {"b", "x-"} <= names


PASSWORD = {"type": "string", "pattern": "^(?=.*\\d)(?=.*[a-z])(?=.*[A-Z]).{8,16}$"}
#: Texts that our own generator does not find.
HARD = {
    "several look-aheads": PASSWORD,
    "a format and its length": {"type": "string", "format": "date-time", "minLength": 22},
    "a format and a pattern": {"type": "string", "format": "ipv4", "pattern": "^10\\."},
    "a member": {"type": "object", "required": ["a"], "properties": {"a": PASSWORD}},
}


@pytest.mark.parametrize("name", HARD)
def test_what_our_generator_does_not_find_is_asked_of_the_other(name):
    schema = embedded(HARD[name])
    found = [synthesize(schema, seed=Seed.of(number)) for number in (1, 2, 1)]
    assert all(map(schema.is_valid, found))
    assert found[0] == found[2]
    assert schema.is_valid(value_of(schema, Seeded(Seed.of(1))))


def test_a_whole_schema_is_asked_of_the_other_when_it_arrived_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: object) -> None:
        raise Unsatisfiable("it is tried out")

    monkeypatch.setattr(Natural, "draw", fail)
    monkeypatch.setattr(values, "witness", lambda schemas, pointer: None)
    schema = embedded(OBJECT)
    assert schema.is_valid(synthesize(schema, seed=Seed.of(1)))


@settings(max_examples=3)
@given(strategy(embedded(PASSWORD)))
def test_the_other_is_asked_inside_of_a_test_as_well(value):
    assert embedded(PASSWORD).is_valid(value)


@settings(max_examples=2)
@given(st.just("^[a-z]{3}$"))
def test_a_test_that_is_running_is_none_of_its_business(pattern):
    assert instances({"type": "string", "pattern": pattern}, bool)


def test_what_neither_can_draw_is_refused_with_the_reason() -> None:
    schema = embedded({"type": "string", "pattern": "^(?=a)(?!a)"})
    with pytest.raises(Unsatisfiable, match="no string was found that matches"):
        synthesize(schema, seed=Seed.of(1))


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
