"""jsonschema, the reference implementation in Python, is the oracle of every verdict.

Schemas and instances are drawn together from a small vocabulary, so that most keywords meet values
that they judge.  Left out, because the two are known to differ there for good reasons: multipleOf
of fractions (jsonschema divides binary floats) and patterns (Python's `re` is not ECMA-262).
"""

import json

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS30Validator

from troth.document import document
from troth.schema.schema import Schemas
from troth.schema.untrusted_schema import embedded

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.sampled_from([0.5, 1.0, -2.0, 2.0**31, 2**31, 2**40, -(2**63) - 1, 1e300]),
    st.sampled_from(["", "a", "b", "ab", "abc", "\U0001f600", "é", "2020-01-01", "x@y.z"]),
)
INSTANCES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
COUNTS = st.integers(0, 3)
LIMITS = st.integers(-2, 4)


def keywords(inner):
    """One keyword at a time, each with a value that is allowed for it."""
    return {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(SCALARS, min_size=1, max_size=3),
        "const": INSTANCES,
        "minimum": LIMITS,
        "maximum": LIMITS,
        "exclusiveMinimum": LIMITS,
        "exclusiveMaximum": LIMITS,
        "multipleOf": st.integers(1, 3),
        "minLength": COUNTS,
        "maxLength": COUNTS,
        "minItems": COUNTS,
        "maxItems": COUNTS,
        "uniqueItems": st.booleans(),
        "minProperties": COUNTS,
        "maxProperties": COUNTS,
        "required": st.lists(NAMES, max_size=2, unique=True),
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True)),
        "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "additionalProperties": inner,
        "propertyNames": inner,
        "items": inner,
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "contains": inner,
        "minContains": COUNTS,
        "maxContains": COUNTS,
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=3),
        "oneOf": st.lists(inner, min_size=1, max_size=3),
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "unevaluatedProperties": inner,
        "unevaluatedItems": inner,
        "$ref": st.just("#/components/schemas/Other"),
    }


@st.composite
def objects(draw, inner):
    known = keywords(inner)
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=4, unique=True))
    return {name: draw(known[name]) for name in names}


SCHEMAS = st.recursive(st.booleans() | objects(st.booleans()), objects, max_leaves=6)
# What Other says takes a value apart before it refers on, so that no reference is endless.
OTHERS = st.sampled_from(
    [
        {"type": ["integer", "null"]},
        {"properties": {"a": {"$ref": "#/components/schemas/Other"}}, "required": ["b"]},
        {"type": "array", "items": {"$ref": "#/components/schemas/It"}},
    ]
)
LAW = settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def endless(schema):
    """Whether *schema* refers to Other outside of anything that takes a value apart."""
    return "$ref" in json.dumps(schema)


@given(schema=SCHEMAS, other=OTHERS, instances=st.lists(INSTANCES, min_size=1, max_size=6))
@LAW
def test_the_oracle_gives_the_same_verdict_and_every_no_is_explained(schema, other, instances):
    if other.get("type") == "array" and endless(schema):
        other = {"type": "string"}
    root = {"openapi": "3.1.0", "components": {"schemas": {"It": schema, "Other": other}}}
    schemas = Schemas(document.read(json.dumps(root).encode(), name="it.json"))
    it = schemas.at("/components/schemas/It")
    oracle = Draft202012Validator({**root, "$ref": "#/components/schemas/It"})

    for instance in instances:
        verdict = oracle.is_valid(instance)
        found = it.errors(instance)
        assert it.is_valid(instance) is verdict
        assert (not found) is verdict
        for mismatch in found:
            assert mismatch.message.isprintable()
            assert mismatch.place is not None


@given(schema=SCHEMAS, instances=st.lists(INSTANCES, min_size=1, max_size=6))
@LAW
def test_a_schema_that_arrives_alone_gets_the_same_verdict(schema, instances):
    schema = json.loads(json.dumps(schema).replace("#/components/schemas/Other", "#/$defs/Other"))
    if isinstance(schema, dict):
        schema = {**schema, "$defs": {"Other": {"type": ["string", "array"]}}}
    it = embedded(schema)

    for instance in instances:
        assert it.is_valid(instance) is Draft202012Validator(schema).is_valid(instance)


FORMATS = {
    "int32": (lambda x: -(2**31) <= x < 2**31),
    "int64": (lambda x: -(2**63) <= x < 2**63),
}


@given(
    name=st.sampled_from(sorted(FORMATS)),
    number=st.integers(-(2**66), 2**66)
    | st.sampled_from([2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, 2**63, -(2**63)]),
)
@LAW
def test_integer_formats_hold_exactly_their_range(name, number):
    schema = embedded({"type": ["integer", "null"], "format": name})

    assert schema.is_valid(number) is FORMATS[name](number)
    assert schema.is_valid(None)


# In the manner of the official suite: what each keyword leaves alone, and where it bites.
SUITE = [
    ({"type": "integer"}, [1.0], [1.5, "1", True]),
    ({"type": "number"}, [1, 1.5], [True, "1", None]),
    ({"const": False}, [False], [0, 0.0, [], None]),
    ({"const": 1}, [1, 1.0], [True, "1"]),
    ({"const": [False]}, [[False]], [[0]]),
    ({"enum": [[0], {"a": 0}]}, [[0], [0.0], {"a": 0}], [[False], {"a": False}]),
    ({"uniqueItems": True}, [[1, True], [[1], [True]], [{"a": 1}, {"a": 2}], "aa"], [[1, 1.0]]),
    ({"maxLength": 2}, ["\U0001f4a9\U0001f4a9", 100], ["abc"]),
    ({"multipleOf": 0.0001}, [0.0075], [0.00751]),
    ({"prefixItems": [{}, {"type": "integer"}], "items": False}, [["x", 1], []], [["x", 1, 2]]),
    ({"contains": {"minimum": 5}, "minContains": 0}, [[1], []], []),
    ({"contains": {"minimum": 5}, "maxContains": 1}, [[5, 1]], [[5, 6], [], [1]]),
    ({"propertyNames": {"maxLength": 1}}, [{"a": 1}, {}, []], [{"ab": 1}]),
    ({"dependentRequired": {"a": ["b"]}}, [{}, {"b": 1}, {"a": 1, "b": 1}, "a"], [{"a": 1}]),
    ({"patternProperties": {"^a": {"type": "integer"}}}, [{"b": "x"}], [{"ba": 1, "ab": "x"}]),
    (
        {"properties": {"a": {}}, "patternProperties": {"b": {}}, "additionalProperties": False},
        [{"a": 1, "xb": 2}],
        [{"c": 1}],
    ),
    (
        {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False},
        [{"a": 1}],
        [{"a": 1, "b": 2}],
    ),
    (
        {
            "anyOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {}],
            "unevaluatedProperties": False,
        },
        [{"a": 1}, {}],
        [{"a": 2}],
    ),
    ({"if": {"const": 0}, "then": False}, [1], [0]),
    ({"then": False, "else": False}, [0, 1], []),
    ({"not": {"type": "integer"}}, ["a", 1.5], [1, 1.0]),
    ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, [1, 2.5], [3, 1.5]),
    ({"minimum": -2}, [-2, -1, "x"], [-2.0001, -3]),
    ({"required": ["__proto__"]}, [{"__proto__": 1}, 5], [{}]),
    ({"format": "date"}, ["2020-02-29", 5], ["2021-02-29", "2020-2-9", "2020-01-01T00:00:00Z"]),
    ({"format": "date-time"}, ["1998-12-31T23:59:60Z"], ["2020-01-01", "2020-01-01 00:00:00"]),
    ({"format": "ipv4"}, ["127.0.0.1"], ["256.0.0.1", "127.0.0.01", "127.1"]),
    (
        {"format": "uuid"},
        ["2EB8AA08-AA98-11EA-B4AA-73B441D16380"],
        ["2eb8aa08aa9811eab4aa73b441d16380"],
    ),
    ({"$ref": "#/components/schemas/It/$defs/a~1b%25", "$defs": {"a/b%": {"const": 1}}}, [1], [2]),
]


@pytest.mark.parametrize(("schema", "fits", "fails"), SUITE, ids=lambda v: json.dumps(v)[:40])
def test_cases_in_the_manner_of_the_official_suite(schema, fits, fails):
    root = {"openapi": "3.1.0", "components": {"schemas": {"It": schema}}}
    schemas = Schemas(document.read(json.dumps(root).encode(), name="it.json"))
    it = schemas.at("/components/schemas/It")

    assert [it.is_valid(instance) for instance in fits] == [True] * len(fits)
    assert [it.is_valid(instance) for instance in fails] == [False] * len(fails)
    assert all(it.errors(instance) for instance in fails)


def test_the_oracle_is_the_one_that_speaks_2020_12():
    assert jsonschema.validators.validator_for({}) is Draft202012Validator


def keywords_30(inner):
    return {
        "type": TYPES.filter(lambda name: name != "null"),
        "nullable": st.booleans(),
        "enum": st.lists(SCALARS.filter(lambda value: value is not None), min_size=1, max_size=3),
        "minimum": LIMITS,
        "maximum": LIMITS,
        "exclusiveMinimum": st.booleans(),
        "exclusiveMaximum": st.booleans(),
        "minLength": COUNTS,
        "maxItems": COUNTS,
        "required": st.lists(NAMES, min_size=1, max_size=2, unique=True),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "additionalProperties": inner | st.booleans(),
        "items": inner,
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "const": SCALARS,
        "prefixItems": st.lists(inner, min_size=1, max_size=1),
    }


@st.composite
def objects_30(draw, inner):
    known = keywords_30(inner)
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=4, unique=True))
    return {name: draw(known[name]) for name in names}


SCHEMAS_30 = st.recursive(objects_30(st.just({})), objects_30, max_leaves=6)


@given(schema=SCHEMAS_30, instances=st.lists(INSTANCES, min_size=1, max_size=6))
@LAW
def test_openapi_30_has_the_verdict_of_its_own_reference(schema, instances):
    root = {"openapi": "3.0.3", "components": {"schemas": {"It": schema}}}
    schemas = Schemas(document.read(json.dumps(root).encode(), name="it.json"))
    it = schemas.at("/components/schemas/It")

    for instance in instances:
        assert it.is_valid(instance) is OAS30Validator(schema).is_valid(instance)
