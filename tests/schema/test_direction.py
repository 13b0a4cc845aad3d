"""readOnly and writeOnly, as requests and answers are held to them."""

import json

import pytest

from troth.document import document
from troth.generation.values import synthesize
from troth.schema.schema import Schemas
from troth.seed import Seed

COMPONENTS = "/components/schemas/"
NUMBER = {"type": "integer", "readOnly": True}
SECRET = {"type": "string", "writeOnly": True}


def schemas_of(openapi="3.0.4", **schemas):
    root = {"openapi": openapi, "components": {"schemas": schemas}}
    return Schemas(document.read(json.dumps(root).encode(), name="it.json"))


def owning(**more):
    """An object with a member of each direction, which asks for all it has."""
    properties = {"id": NUMBER, "name": {"type": "string"}, "secret": SECRET}
    return {"type": "object", "required": ["id", "name", "secret"], "properties": properties} | more


WHOLE = {"id": 1, "name": "a", "secret": "s"}
SENT = {"name": "a", "secret": "s"}
ANSWER = {"id": 1, "name": "a"}
HOLDERS = {
    "itself": (owning(), lambda value: value),
    "by reference": ({"$ref": "#/components/schemas/Owner"}, lambda value: value),
    "an item": ({"type": "array", "items": owning()}, lambda value: [value]),
    "a member of a map": ({"additionalProperties": owning()}, lambda value: {"x": value}),
    "nested": ({"properties": {"it": owning()}}, lambda value: {"it": value}),
    "below allOf": (
        {"allOf": [{"$ref": "#/components/schemas/Owner"}, {"minProperties": 1}]},
        lambda value: value,
    ),
    "below oneOf": (
        {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/Owner"}]},
        lambda value: value,
    ),
    "asked for beside": (
        {
            "type": "object",
            "required": ["id", "name", "secret"],
            "allOf": [owning(required=[])],
        },
        lambda value: value,
    ),
    "asked for in a part": (
        {"allOf": [{"required": ["id", "name", "secret"]}, owning(required=[])]},
        lambda value: value,
    ),
    "said by what it refers to": (
        owning(
            properties={
                "id": {"$ref": "#/components/schemas/Number"},
                "name": {"type": "string"},
                "secret": {"allOf": [{"$ref": "#/components/schemas/Secret"}]},
            }
        ),
        lambda value: value,
    ),
}


@pytest.mark.parametrize("openapi", ["3.0.4", "3.1.1", "3.2.0"])
@pytest.mark.parametrize("holder", HOLDERS)
def test_what_is_of_one_direction_is_asked_for_there_only(openapi, holder):
    schema, held = HOLDERS[holder]
    schemas = schemas_of(openapi, It=schema, Owner=owning(), Number=NUMBER, Secret=SECRET)
    request = schemas.at(COMPONENTS + "It", direction="request")
    response = schemas.at(COMPONENTS + "It", direction="response")

    # a client ought not to send what is readOnly, and nobody is to refuse it for that
    assert request.is_valid(held(SENT))
    assert request.is_valid(held(WHOLE))
    assert not request.is_valid(held({"secret": "s"}))
    assert not request.is_valid(held({"name": "a"}))
    assert response.is_valid(held(ANSWER))
    assert not response.is_valid(held({"name": "a"}))
    assert not response.is_valid(held(WHOLE))
    for number in range(20):
        drawn = json.dumps(synthesize(request, seed=Seed.of(number)))
        assert '"id"' not in drawn
        answer = synthesize(response, seed=Seed.of(number))
        assert response.is_valid(answer)
        assert '"secret"' not in json.dumps(answer)


def test_what_nobody_asks_for_is_not_sent_either():
    schemas = schemas_of(It={"type": "object", "properties": {"id": NUMBER, "name": {}}})
    request = schemas.at(COMPONENTS + "It", direction="request")
    assert request.is_valid({"id": 1})
    assert request.leaves_open({"id": 1})
    assert all("id" not in synthesize(request, seed=Seed.of(number)) for number in range(20))


def test_a_writeonly_member_of_an_answer_is_told_in_its_own_words():
    schemas = schemas_of(It=owning(), Map={"additionalProperties": SECRET})
    (mismatch,) = schemas.at(COMPONENTS + "It", direction="response").errors(WHOLE)
    assert (mismatch.keyword, mismatch.instance_pointer) == ("writeOnly", "/secret")
    assert mismatch.message == "'secret' is writeOnly, and no response may hold what is"
    assert mismatch.schema_pointer == COMPONENTS + "It/properties/secret"
    (mismatch,) = schemas.at(COMPONENTS + "Map", direction="response").errors({"a": "b"})
    assert (mismatch.keyword, mismatch.schema_pointer) == (
        "writeOnly",
        COMPONENTS + "Map/additionalProperties",
    )


def test_beside_a_reference_it_counts_since_3_1():
    it = owning(properties={"id": {"$ref": "#/components/schemas/Plain", "readOnly": True}})
    it["required"] = ["id"]
    for openapi, is_heard in (("3.0.4", False), ("3.1.1", True)):
        schemas = schemas_of(openapi, It=it, Plain={"type": "integer"})
        assert schemas.at(COMPONENTS + "It", direction="request").is_valid({}) is is_heard


def test_what_another_schema_asks_for_by_itself_stays_asked_for():
    base = {"required": ["id"], "properties": {"id": {"type": "integer"}}}
    parts = [{"$ref": "#/components/schemas/Base"}, {"properties": {"id": NUMBER}}]
    schemas = schemas_of(Base=base, It={"allOf": parts})
    assert not schemas.at(COMPONENTS + "Base", direction="request").is_valid({})
    request = schemas.at(COMPONENTS + "It", direction="request")
    assert "id" in synthesize(request, seed=Seed.of(1))


def test_under_not_and_if_less_would_mean_more():
    schema = {
        "if": {"required": ["id"], "properties": {"id": NUMBER}},
        "then": {"required": ["name"]},
        "not": {"required": ["secret"], "properties": {"secret": SECRET}},
    }
    schemas = schemas_of("3.1.0", It=schema)
    assert schemas.at(COMPONENTS + "It", direction="request").is_valid({})
    assert not schemas.at(COMPONENTS + "It", direction="request").is_valid({"id": 1})
    assert schemas.at(COMPONENTS + "It", direction="response").is_valid({})


def test_then_and_else_ask_for_what_travels():
    schema = {
        "properties": {"kind": {}, "id": NUMBER},
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["kind", "id"]},
    }
    schemas = schemas_of("3.1.0", It=schema)
    request = schemas.at(COMPONENTS + "It", direction="request")
    assert request.is_valid({"kind": "a"})
    assert not schemas.at(COMPONENTS + "It", direction="response").is_valid({"kind": "a"})


@pytest.mark.parametrize(
    ("openapi", "value", "is_open"),
    [("3.0.4", SENT, False), ("3.0.4", WHOLE, True), ("3.1.0", SENT, True), ("3.1.0", WHOLE, True)],
)
def test_a_server_may_refuse_what_it_has_a_reason_to(openapi, value, is_open):
    schemas = schemas_of(openapi, It=owning(), Other={"type": "object"})
    assert schemas.at(COMPONENTS + "It", direction="request").leaves_open(value) is is_open
    assert not schemas.at(COMPONENTS + "Other", direction="request").leaves_open(value)


def test_an_example_is_drawn_without_what_does_not_travel():
    schemas = schemas_of(It=owning(example=WHOLE))
    drawn = synthesize(schemas.at(COMPONENTS + "It", direction="request"), seed=Seed.of(1))
    assert drawn == SENT
    drawn = synthesize(schemas.at(COMPONENTS + "It", direction="response"), seed=Seed.of(1))
    assert drawn == ANSWER


def test_a_readonly_discriminator_is_sent_all_the_same():
    def thing(**properties):
        kind = {"kind": {"type": "string", "readOnly": True}}
        return {"type": "object", "required": ["kind"], "properties": kind | properties}

    refs = [{"$ref": f"#/components/schemas/{name}"} for name in ("Cat", "Dog")]
    it = {"oneOf": refs, "discriminator": {"propertyName": "kind"}}
    schemas = schemas_of(It=it, Cat=thing(id=NUMBER), Dog=thing(secret=SECRET))
    request = schemas.at(COMPONENTS + "It", direction="request")
    drawn = [synthesize(request, seed=Seed.of(number)) for number in range(20)]
    assert {each["kind"] for each in drawn} == {"Cat", "Dog"}
    assert not any("id" in each for each in drawn)


def test_a_document_without_directions_has_one_reading():
    schemas = schemas_of(It={"type": "object"}, Other=owning())
    assert schemas.at(COMPONENTS + "It", direction="request") is schemas.at(COMPONENTS + "It")
    plain = schemas_of(It={"properties": {"readOnly": {"type": "boolean"}}})
    assert plain.at(COMPONENTS + "It", direction="response") is plain.at(COMPONENTS + "It")


def test_a_member_that_others_refer_to_stays_what_it_is_for_them():
    other = {"$ref": "#/components/schemas/It/properties/secret"}
    schemas = schemas_of(It=owning(), Other={"properties": {"x": other}})
    response = schemas.at(COMPONENTS + "It", direction="response")
    (mismatch,) = response.errors(WHOLE)
    assert mismatch.keyword == "writeOnly"


def test_a_member_of_one_direction_inside_another_is_left_out_with_it():
    inner = {
        **owning(properties={"id": NUMBER}, required=["id"], example={"id": 1}),
        "readOnly": True,
    }
    outer = {"type": "object", "required": ["it"], "properties": {"it": inner}}
    schemas = schemas_of(Outer=outer)
    asked = schemas.at(COMPONENTS + "Outer", direction="request")
    answered = schemas.at(COMPONENTS + "Outer", direction="response")
    assert (asked.is_valid({}), answered.is_valid({})) == (True, False)
    assert answered.is_valid({"it": {"id": 1}})


def test_what_does_not_travel_may_hold_what_does_not_either():
    inner = {"type": "object", "required": ["code"], "properties": {"code": SECRET}}
    outer = {"properties": {"login": inner | {"writeOnly": True}, "name": {"type": "string"}}}
    answers = schemas_of(Owner=outer).at(COMPONENTS + "Owner", direction="response")

    assert answers.is_valid({"name": "Ada"})
    assert not answers.is_valid({"login": {}})


@pytest.mark.parametrize("openapi", ["3.0.4", "3.1.1"])
def test_what_may_be_null_as_well_has_the_direction_of_what_it_refers_to(openapi):
    reference = {"$ref": "#/components/schemas/Number"}
    member = (
        {"allOf": [reference], "nullable": True}
        if openapi == "3.0.4"
        else {"anyOf": [reference, {"type": "null"}]}
    )
    it = {"type": "object", "required": ["id"], "properties": {"id": member}}
    schemas = schemas_of(openapi, It=it, Number=NUMBER)
    assert schemas.at(COMPONENTS + "It", direction="request").is_valid({})
    answer = schemas.at(COMPONENTS + "It", direction="response")
    assert [answer.is_valid(value) for value in ({}, {"id": 1}, {"id": None})] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("openapi", ["3.0.4", "3.1.1"])
def test_branches_that_only_what_does_not_travel_tells_apart_may_both_match(openapi):
    token = {"type": "object", "required": ["token"], "properties": {"token": SECRET}}
    it = {"oneOf": [owning(), token]}
    schemas = schemas_of(openapi, It=it)
    assert not schemas.at(COMPONENTS + "It", direction="response").errors(ANSWER)
    request = schemas.at(COMPONENTS + "It", direction="request")
    assert not request.errors({"token": "t"})
