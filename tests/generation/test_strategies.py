"""Hypothesis at the one door: strategies that are valid, that break, that shrink, and never nag."""

import json

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from bundled import CONTRACT
from troth.generation.requests import body_schema
from troth.generation.strategies import operation_strategy, strategy
from troth.http.exchange import Exchange, Request
from troth.schema.untrusted_schema import embedded

OPERATION = CONTRACT.operations[0]
SCHEMA = body_schema(OPERATION)
#: Every health check counts, for users must never meet one, but that of a busy machine's speed.
STRICT = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@STRICT
@given(operation_strategy(CONTRACT, OPERATION))
def test_requests_of_the_operation_are_valid(request):
    assert request.method == "POST"
    assert request.target == "/v1/chat/completions"
    assert dict(request.fields)["Authorization"] == "Bearer TROTH_TOKEN"
    assert SCHEMA.is_valid(json.loads(request.body))


@STRICT
@given(operation_strategy(CONTRACT, OPERATION, valid=False))
def test_broken_requests_of_the_operation_are_invalid(request):
    assert not SCHEMA.is_valid(json.loads(request.body))


@settings(max_examples=15)
@given(CONTRACT.strategy(OPERATION.name))
def test_the_contract_gives_the_same_and_the_validator_agrees(request):
    found = CONTRACT.validate(Exchange(request))
    assert [one for one in found if one.severity == "error"] == []


@settings(max_examples=10)
@given(operation_strategy(CONTRACT, OPERATION, overrides={"model": "tiny", "/seed": 7}))
def test_overrides_are_in_every_body(request):
    body = json.loads(request.body)
    assert (body["model"], body["seed"]) == ("tiny", 7)


def test_shrinking_leaves_the_few_members_that_matter():
    found = find(
        operation_strategy(CONTRACT, OPERATION),
        lambda request: json.loads(request.body).get("n", 1) not in (None, 1),
        settings=settings(max_examples=500),
    )
    assert json.loads(found.body) == {
        "messages": [{"role": "user", "content": "Hello!"}],
        "model": "meta-llama/Llama-3.3-70B-Instruct",
        "n": 2,
    }


def test_a_schema_shrinks_to_the_simplest_value():
    schema = embedded(
        {
            "type": "object",
            "required": ["a"],
            "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        }
    )
    found = find(strategy(schema), lambda value: value["a"] > 3, settings=settings())
    assert found == {"a": 4}


RECURSIVE = embedded(
    {
        "type": "object",
        "required": ["value"],
        "properties": {
            "value": {"type": "string", "format": "uuid"},
            "children": {"type": "array", "items": {"$ref": "#"}},
        },
        "additionalProperties": False,
    }
)


@STRICT
@given(strategy(RECURSIVE), strategy(RECURSIVE, valid=False))
def test_recursive_schemas_end(value, other):
    assert RECURSIVE.is_valid(value)
    assert not RECURSIVE.is_valid(other)


BACK_REFERENCE = embedded({"type": "string", "pattern": "^(a|b)\\1$"})


@settings(max_examples=10)
@given(strategy(BACK_REFERENCE))
def test_what_a_pattern_repeats_is_repeated(value):
    assert BACK_REFERENCE.is_valid(value)


@pytest.mark.parametrize(
    "feature",
    [
        lambda body: (body.get("stream_options") or {}).get("include_usage"),
        lambda body: isinstance(body.get("tool_choice"), dict),
        lambda body: (body.get("response_format") or {}).get("type") == "json_schema",
        lambda body: body.get("top_logprobs") and body.get("stop"),
        lambda body: any(message["role"] == "tool" for message in body["messages"]),
    ],
    ids=["usage", "forced", "json_schema", "logprobs and stop", "tool result"],
)
def test_the_features_that_matter_are_found(feature):
    try:
        find(
            operation_strategy(CONTRACT, OPERATION),
            lambda request: bool(feature(json.loads(request.body))),
            settings=settings(max_examples=300, phases=[Phase.generate]),
        )
    except NoSuchExample:
        pytest.fail("not among 300 requests")


@settings(max_examples=5)
@given(st.data())
def test_a_strategy_gives_requests(data):
    assert isinstance(data.draw(CONTRACT.strategy(OPERATION, valid=False)), Request)
