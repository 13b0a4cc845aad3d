"""Explanations, read as whole sentences."""

import json
import time
from pathlib import Path

import pytest
import yaml

from troth.document import document
from troth.errors import Place
from troth.schema.schema import Mismatch, Schemas

CASES = yaml.safe_load((Path(__file__).parents[1] / "golden" / "explanations.yaml").read_text())
BUNDLED = Path(__file__).parents[2] / "spec" / "atoma.yaml"
REQUEST = "/components/schemas/CreateChatCompletionRequest"


def schema_of(schema, **beside):
    root = {"openapi": "3.1.0", "components": {"schemas": {"It": schema, **beside}}}
    schemas = Schemas(document.read(json.dumps(root).encode(), name="it.json"))
    return schemas.at("/components/schemas/It")


@pytest.fixture(scope="module")
def bundled():
    return Schemas(document.read(BUNDLED))


def said(mismatch):
    by = mismatch.schema_pointer.replace("/components/schemas/It", "")
    by = by.replace("/components/schemas/", "#") or "/"
    at = mismatch.instance_pointer or "/"
    return f"{mismatch.keyword} at {at} by {by}: {mismatch.message}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["given"])[:40])
def test_what_is_said_is_what_was_read_and_found_good(case):
    schema = schema_of(case["schema"], **case.get("beside", {}))

    assert [said(each) for each in schema.errors(case["given"])] == case["says"]
    assert schema.is_valid(case["given"]) is (not case["says"])


def test_the_role_of_no_message_is_said_at_the_role(bundled):
    body = {"model": "m", "messages": [{"role": "developer", "content": "x"}]}

    (mismatch,) = bundled.at(REQUEST).errors(body)

    assert mismatch == Mismatch(
        "enum",
        "/messages/0/role",
        "/components/schemas/ChatCompletionMessage/oneOf",
        "'developer' is not one of 'system', 'user', 'assistant', 'tool'",
        Place(str(BUNDLED), 647, 7),
    )


def test_mismatches_come_in_the_order_of_the_instance(bundled):
    body = {
        "temperature": "hot",
        "messages": [{"role": "user"}, {"role": "tool", "content": 1}, {"role": "x"}],
        "n": 2**31,
        "stop": "x",
    }

    found = [(each.keyword, each.instance_pointer) for each in bundled.at(REQUEST).errors(body)]

    assert found == [
        ("required", ""),
        ("type", "/temperature"),
        ("type", "/messages/1/content"),
        ("enum", "/messages/2/role"),
        ("format", "/n"),
        ("type", "/stop"),
    ]


def test_a_part_that_fits_two_branches_is_told_which_member_belongs_to_which(bundled):
    part = {"type": "x", "text": "a", "image_url": {"url": "u"}}

    (mismatch,) = bundled.at("/components/schemas/MessageContentPart").errors(part)

    assert mismatch.keyword == "oneOf"
    assert mismatch.message == (
        "{type: 'x', text: 'a', image_url: {url: 'u'}} matches 2 branches of 'oneOf', "
        "branch 0 and branch 1, and only one may match; "
        "'text' belongs to branch 0 and 'image_url' belongs to branch 1"
    )


HOSTILE = [
    "\x00\x1b[31m\u202e\ud800",
    {"\ud800": 1, "\x00": "\udfff"},
    2**70,
    10**5000,
    -(10**5000),
    float("inf"),
    float("nan"),
    1e308,
    "x" * 10**6,
    {"x" * 10**6: 1},
    [[[[[[[]]]]]]] * 1000,
    {1: 2},
    b"bytes",
    (1, 2),
    object,
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"v": {"type": "boolean"}}, "required": ["v"]},
        {"properties": {"v": {"enum": ["a", {"b": 1}]}}, "required": ["v"]},
        {"properties": {"v": {"oneOf": [{"const": 1}, {"pattern": "^a", "type": "string"}]}}},
        {"properties": {"v": {"not": {}}}},
        {"additionalProperties": False},
        {"propertyNames": {"maxLength": 0}, "properties": {"v": {"uniqueItems": True}}},
        {"properties": {"v": {"multipleOf": 3, "maxLength": 1, "maxItems": 1}}},
    ],
)
def test_nothing_that_an_instance_holds_makes_an_explanation_crash_or_grow(schema, value):
    schema = schema_of(schema)

    for instance in (value, {"v": value}, [value]):
        found = schema.errors(instance)
        assert schema.is_valid(instance) is (not found)
        for mismatch in found:
            assert len(mismatch.message) < 1000
            assert mismatch.message.isprintable()


def test_a_lone_surrogate_is_a_string_like_others():
    two = {"\ud800": 1, chr(0xD801): "\udc00"}

    assert schema_of({"type": "string", "maxLength": 1}).is_valid("\ud800")
    assert not schema_of({"enum": ["a", "\ufffd"]}).is_valid("\ud800")
    assert schema_of({"type": "object", "minProperties": 2}).is_valid(two)


def test_a_body_of_fifty_thousand_faults_is_explained_at_once(bundled):
    body = {"model": "m", "messages": [{"role": "developer"}] * 50_000, "temperature": "x"}
    before = time.process_time()

    found = bundled.at(REQUEST).errors(body)

    assert time.process_time() - before < 2
    assert len(found) == 101
    assert found[0].instance_pointer == "/messages/0/role"
    assert found[-1].instance_pointer == "/temperature"


def test_a_large_body_may_have_members_that_are_called_by_numbers():
    schema = schema_of({"additionalProperties": {"items": {"type": "string"}}})

    (mismatch,) = schema.errors({"200": ["x"] * 50 + [1], "404": ["x"] * 10_000})

    assert mismatch.instance_pointer == "/200/50"


def test_the_one_fault_at_the_end_of_a_large_body_is_found(bundled):
    good = [{"role": "user", "content": "x"}] * 9_999
    body = {"model": "m", "messages": [*good, {"role": "developer"}]}

    assert [each.instance_pointer for each in bundled.at(REQUEST).errors(body)] == [
        "/messages/9999/role"
    ]


def test_a_large_body_is_not_accused_of_what_cutting_it_would_cause():
    schema = schema_of(
        {
            "minItems": 6_000,
            "contains": {"const": 6_500},
            "items": {"type": "integer", "maximum": 6_998},
        }
    )

    assert [each.instance_pointer for each in schema.errors(list(range(7_000)))] == ["/6999"]


def test_a_large_object_is_not_accused_of_lacking_what_was_cut_off():
    schema = schema_of({"required": ["m149", "n"], "properties": {"m149": {"type": "integer"}}})
    body = {f"m{index}": [0] * 50 for index in range(149)}

    assert schema.errors({**body, "m149": 1, "n": 1}) == ()
    assert [each.message for each in schema.errors({**body, "m149": 1})] == ["'n' is missing"]


def test_an_undecided_pattern_is_a_mismatch_and_quick():
    schema = schema_of({"pattern": r"(x+x+)+\1y"})
    before = time.process_time()

    (mismatch,) = schema.errors("x" * 60)

    assert mismatch.keyword == "undecided"
    assert time.process_time() - before < 1


def test_what_a_response_expects_is_read_below_the_number_of_its_status():
    schema = {"properties": {"404": {"type": "integer", "minimum": 0}}}
    responses = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    root = {"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": responses}}}}
    schemas = Schemas(document.read(json.dumps(root).encode(), name="api.json"))
    answer = schemas.at("/paths/~1a/get/responses/200/content/application~1json/schema")

    assert [
        (each.instance_pointer, each.message)
        for value in (-1, "x")
        for each in answer.errors({"404": value})
    ] == [
        ("/404", "-1 is below the minimum of 0"),
        ("/404", "'x' is not of type integer; it is a string"),
    ]
