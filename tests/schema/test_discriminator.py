"""The discriminator decides: for validation, for what is told, and for what is drawn."""

import json

import pytest

from troth.document import document, overlay
from troth.generation.source import Seeded
from troth.generation.values import synthesize, value
from troth.schema.schema import Schemas
from troth.seed import Seed

IT = "/paths/~1/get/responses/200/content/application~1json/schema"
REF = "#/components/schemas/"


def read(it, openapi="3.0.4", **schemas):
    content = {"content": {"application/json": {"schema": it}}}
    paths = {"/": {"get": {"responses": {"200": {"description": "", **content}}}}}
    root = {"openapi": openapi, "paths": paths, "components": {"schemas": schemas}}
    return document.read(json.dumps(root).encode(), name="it.json")


def schema_of(it, openapi="3.0.4", **schemas):
    return Schemas(read(it, openapi, **schemas)).at(IT)


def told(schema, instance):
    return [(each.keyword, each.instance_pointer, each.message) for each in schema.errors(instance)]


def thing(*required, kind=None, **properties):
    named = {"kind": kind or {"type": "string"}}
    return {"type": "object", "required": ["kind", *required], "properties": named | properties}


def union(*names, word="oneOf", **discriminator):
    branches = [{"$ref": REF + name} for name in names]
    return {word: branches, "discriminator": {"propertyName": "kind", **discriminator}}


CAT = thing("lives", lives={"type": "integer"})
DOG = thing("bark", bark={"type": "boolean"})
# an instance of the one is one of the other, but for its kind
WIDE = {"Cat": thing(lives={"type": "integer"}), "Dog": thing(bark={"type": "boolean"})}
MAPPINGS = {
    "none": ({}, "Cat", "Dog"),
    "pointers": ({"mapping": {"kitty": REF + "Cat", "puppy": REF + "Dog"}}, "kitty", "puppy"),
    "names": ({"mapping": {"kitty": "Cat", "puppy": "Dog"}}, "kitty", "puppy"),
    "of some": ({"mapping": {"kitty": "Cat"}}, "kitty", "Dog"),
}


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
@pytest.mark.parametrize("mapping", MAPPINGS)
def test_the_value_names_the_branch_that_counts(word, mapping):
    written, cat, dog = MAPPINGS[mapping]
    schema = schema_of(union("Cat", "Dog", word=word, **written), **WIDE)
    assert schema.is_valid({"kind": cat, "lives": 1, "bark": "what a cat calls so"})
    assert schema.is_valid({"kind": dog, "bark": True, "lives": "all of them"})
    (mismatch,) = schema.errors({"kind": dog, "bark": 1, "lives": 1})
    assert mismatch.instance_pointer == "/bark"
    assert mismatch.schema_pointer == "/components/schemas/Dog/properties/bark/type"
    assert told(schema, {"kind": "fish", "lives": 1}) == [
        ("discriminator", "/kind", f"'fish' is not one of '{cat}', '{dog}'")
    ]
    drawn = [synthesize(schema, seed=Seed.of(number)) for number in range(20)]
    drawn += [value(schema, Seeded(Seed.of(number))) for number in range(20)]
    assert {each["kind"] for each in drawn} == {cat, dog}
    assert all(schema.is_valid(each) for each in drawn)


def test_an_implicit_name_says_the_same_beside_an_explicit_one():
    schema = schema_of(union("Cat", "Dog", mapping={"kitty": "Cat"}), Cat=CAT, Dog=DOG)
    assert schema.is_valid({"kind": "Cat", "lives": 1})


def test_a_name_that_is_mapped_to_another_is_that_others():
    mapping = {"Dog": REF + "Cat", "Cat": REF + "Dog"}
    schema = schema_of(union("Cat", "Dog", mapping=mapping), Cat=CAT, Dog=DOG)
    assert schema.is_valid({"kind": "Dog", "lives": 1})
    assert not schema.is_valid({"kind": "Dog", "bark": True})


def test_several_names_may_mean_one_schema():
    mapping = {"a": "Cat", "b": "Cat", "c": "Dog"}
    schema = schema_of(union("Cat", "Dog", mapping=mapping), Cat=CAT, Dog=DOG)
    assert all(schema.is_valid({"kind": kind, "lives": 1}) for kind in "ab")
    assert not schema.is_valid({"kind": "c", "lives": 1})


def test_what_branches_enumerate_themselves_stays_theirs():
    """Many documents have a discriminator without a mapping, and constants of their own."""
    cat, dog = ({**each, "properties": {**each["properties"]}} for each in (CAT, DOG))
    cat["properties"]["kind"] = {"type": "string", "enum": ["cat"]}
    dog["properties"]["kind"] = {"type": "string", "enum": ["dog"]}
    schema = schema_of(union("Cat", "Dog"), Cat=cat, Dog=dog)
    assert schema.is_valid({"kind": "cat", "lives": 1})
    assert not schema.is_valid({"kind": "Cat", "lives": 1})


def test_a_list_that_branches_share_is_divided_by_the_mapping():
    kind = {"type": "string", "enum": ["a", "b"]}
    schemas = {
        "A": thing("x", kind=kind, x={"type": "array"}),
        "B": thing("x", kind=kind, x={"type": "object"}),
    }
    schema = schema_of(union("A", "B", mapping={"a": "A", "b": "B"}), **schemas)
    assert not schema.is_valid({"kind": "a", "x": {}})
    assert told(schema, {"kind": "a", "x": {}}) == [
        ("type", "/x", "{} is not of type array; it is an object")
    ]


def test_a_branch_without_a_name_takes_what_it_takes():
    it = union("Cat")
    it["oneOf"] += [{"type": "object", "required": ["other"]}, {"enum": [None], "nullable": True}]
    schema = schema_of(it, Cat=CAT)
    assert schema.is_valid({"kind": "anything", "other": 1})
    assert schema.is_valid(None)
    assert not schema.is_valid({"kind": "anything", "lives": 1})


def test_a_missing_discriminator_is_told():
    schemas = {name: {**each, "required": []} for name, each in WIDE.items()}
    schema = schema_of(union("Cat", "Dog"), **schemas)
    ((keyword, at, message),) = told(schema, {})
    assert (keyword, at) == ("discriminator", "")
    assert message.startswith("'kind' is missing: {} matches 2 branches of 'oneOf', Cat and Dog")
    assert all("kind" in synthesize(schema, seed=Seed.of(number)) for number in range(10))
    required = schema_of(union("Cat", "Dog"), Cat=CAT, Dog=DOG)
    assert ("required", "", "'kind' is missing") in told(required, {"lives": 1})


def test_a_default_mapping_is_for_what_names_nothing():
    it = union("Cat", "Dog", mapping={"kitty": "Cat"}, defaultMapping="Dog")
    cat, dog = ({**each, "required": each["required"][1:]} for each in (CAT, DOG))
    schema = schema_of(it, "3.2.0", Cat=cat, Dog=dog)
    assert schema.is_valid({"bark": True})
    assert schema.is_valid({"kind": "unheard of", "bark": True})
    assert schema.is_valid({"kind": "kitty", "lives": 1})
    assert not schema.is_valid({"kind": "kitty", "bark": True})
    assert not schema.is_valid({"lives": 1})


def test_a_name_that_no_branch_may_have_is_drawn_of_none():
    closed = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    schema = schema_of(union("Closed", "Dog"), Closed=closed, Dog=DOG)
    assert schema.is_valid({"a": 1})
    assert all(schema.is_valid(synthesize(schema, seed=Seed.of(number))) for number in range(10))


# --- a parent that others extend by allOf ---


def extending(parent, **properties):
    inner = {"type": "object", "required": list(properties), "properties": properties}
    return {"allOf": [{"$ref": REF + parent}, inner]}


PET = {**thing("name", name={"type": "string"}), "discriminator": {"propertyName": "kind"}}
HIERARCHY = {
    "Pet": PET,
    "Bird": extending("Pet", wings={"type": "integer"}),
    "Parrot": extending("Bird", says={"type": "string"}),
    "Lizard": extending("Pet", rocks={"type": "boolean"}),
}


@pytest.mark.parametrize("openapi", ["3.0.4", "3.1.1"])
def test_who_refers_to_the_parent_means_any_that_extend_it(openapi):
    schema = schema_of({"type": "array", "items": {"$ref": REF + "Pet"}}, openapi, **HIERARCHY)
    bird = {"kind": "Bird", "name": "a", "wings": 2}
    assert schema.is_valid([bird, {"kind": "Lizard", "name": "b", "rocks": True}])
    assert schema.is_valid([{"kind": "Parrot", "name": "a", "wings": 2, "says": "x"}])
    assert schema.is_valid([{"kind": "Pet", "name": "itself"}])
    assert told(schema, [{"kind": "Bird", "name": "a"}]) == [
        ("required", "/0", "'wings' is missing")
    ]
    assert told(schema, [{"kind": "Parrot", "name": "a", "wings": 2}]) == [
        ("required", "/0", "'says' is missing")
    ]
    (mismatch,) = schema.errors([bird, {"kind": "fish", "name": "a"}])
    assert (mismatch.keyword, mismatch.instance_pointer) == ("discriminator", "/1/kind")
    assert mismatch.schema_pointer == "/components/schemas/Pet/discriminator"
    assert mismatch.message == "'fish' is not one of 'Bird', 'Lizard', 'Parrot', 'Pet'"
    one = schema_of({"$ref": REF + "Pet"}, openapi, **HIERARCHY)
    drawn = [synthesize(one, seed=Seed.of(number)) for number in range(40)]
    assert {each["kind"] for each in drawn} == {"Bird", "Lizard", "Parrot"}
    drawn = [value(one, Seeded(Seed.of(number))) for number in range(40)]
    assert {each["kind"] for each in drawn} == {"Bird", "Lizard", "Parrot"}
    assert all(one.is_valid(each) for each in drawn)


def test_who_refers_to_one_of_them_means_it_and_those_that_extend_it():
    schema = schema_of({"$ref": REF + "Bird"}, **HIERARCHY)
    assert schema.is_valid({"kind": "Parrot", "name": "a", "wings": 2, "says": "x"})
    assert not schema.is_valid({"kind": "Parrot", "name": "a", "wings": 2})
    assert not schema.is_valid({"kind": "Lizard", "name": "a", "wings": 2})
    leaf = schema_of({"$ref": REF + "Lizard"}, **HIERARCHY)
    assert told(leaf, {"kind": "Bird", "name": "a", "rocks": True}) == [
        ("discriminator", "/kind", "'Bird' is not 'Lizard'")
    ]
    assert synthesize(leaf, seed=Seed.of(1))["kind"] == "Lizard"


def test_the_parent_maps_names_too():
    mapping = {"lizard": REF + "Lizard", "bird": "Bird"}
    pet = {**PET, "discriminator": {"propertyName": "kind", "mapping": mapping}}
    schema = schema_of({"$ref": REF + "Pet"}, **{**HIERARCHY, "Pet": pet})
    assert not schema.is_valid({"kind": "bird", "name": "a"})
    drawn = {synthesize(schema, seed=Seed.of(number))["kind"] for number in range(40)}
    assert drawn == {"bird", "lizard", "Parrot"}


def test_a_parent_whose_values_all_name_others_is_always_one_of_these():
    kinds = {"type": "string", "enum": ["BIRD", "LIZARD"]}
    mapping = {"BIRD": REF + "Bird", "LIZARD": REF + "Lizard"}
    discriminator = {"propertyName": "kind", "mapping": mapping}
    pet = {"type": "object", "required": ["kind"], "properties": {"kind": kinds}}
    schemas = {
        "Pet": {**pet, "discriminator": discriminator},
        "Bird": extending("Pet", wings={"type": "integer"}),
        "Lizard": extending("Pet", tail={"type": "string"}),
    }
    schema = schema_of({"$ref": REF + "Pet"}, **schemas)
    assert schema.is_valid({"kind": "BIRD", "wings": 2})
    assert schema.is_valid({"kind": "LIZARD", "tail": "long"})
    assert not schema.is_valid({"kind": "LIZARD", "tail": 2})


def test_a_reference_to_a_reference_names_by_either():
    schemas = {**WIDE, "Kitten": {"$ref": REF + "Cat"}}
    schema = schema_of(union("Kitten", "Dog"), **schemas)
    assert schema.is_valid({"kind": "Kitten", "lives": 7})
    assert schema.is_valid({"kind": "Cat", "lives": 7})
    assert not schema.is_valid({"kind": "Kitten", "lives": "seven"})
    assert not schema.is_valid({"kind": "Puppy"})
    drawn = {synthesize(schema, seed=Seed.of(number))["kind"] for number in range(20)}
    assert drawn == {"Kitten", "Dog"}


def test_a_union_of_subtypes_is_told_apart_by_their_parent():
    it = {"oneOf": [{"$ref": REF + "Bird"}, {"$ref": REF + "Lizard"}]}
    schemas = {**HIERARCHY, "Lizard": extending("Pet")}
    schema = schema_of(it, **schemas)
    assert schema.is_valid({"kind": "Bird", "name": "a", "wings": 2})


def test_what_wraps_the_parent_where_it_is_used_extends_nothing():
    it = {"properties": {"pet": {"allOf": [{"$ref": REF + "Pet"}], "nullable": True}}}
    schema = schema_of(it, **HIERARCHY)
    assert not schema.is_valid({"pet": {"kind": "Bird", "name": "a"}})
    assert schema.is_valid({"pet": {"kind": "Bird", "name": "a", "wings": 1}})


def test_a_subtype_may_hold_its_parent():
    schemas = {**HIERARCHY, "Lizard": extending("Pet", friend={"$ref": REF + "Pet"})}
    schema = schema_of({"$ref": REF + "Pet"}, **schemas)
    lizard = {"kind": "Lizard", "name": "a"}
    assert not schema.is_valid({**lizard, "friend": {"kind": "Bird", "name": "b"}})
    assert schema.is_valid({**lizard, "friend": {"kind": "Bird", "name": "b", "wings": 2}})


def test_a_subtype_that_an_overlay_adds_is_one_of_the_family():
    plain = read({"$ref": REF + "Pet"}, **HIERARCHY)
    published = Schemas(plain)
    action = {"target": "$.components.schemas", "update": {"Fish": extending("Pet")}}
    text = {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": [action]}
    mending = overlay.read(json.dumps(text).encode(), name="o.json")
    overlaid = Schemas(overlay.apply(plain, [mending]), published=published)
    fish = {"kind": "Fish", "name": "a"}
    assert not published.at(IT).is_valid(fish)
    assert overlaid.at(IT).is_valid(fish)


@pytest.mark.parametrize("order", [("Pet", "Bird", "Owl"), ("Owl", "Bird", "Pet")])
def test_a_subtype_may_have_subtypes_that_another_member_tells_apart(order):
    discriminator = {"propertyName": "species", "mapping": {"owl": REF + "Owl", "bird": "Bird"}}
    schemas = {
        "Pet": {
            **PET,
            "discriminator": {"propertyName": "kind", "mapping": {"bird": "Bird", "liz": "Lizard"}},
        },
        "Bird": {
            **extending("Pet", species={"type": "string"}),
            "discriminator": discriminator,
        },
        "Owl": extending("Bird", hoots={"type": "boolean"}),
        "Lizard": extending("Pet", rocks={"type": "boolean"}),
    }
    schemas = {name: schemas[name] for name in (*order, "Lizard")}
    schema = schema_of({"$ref": REF + "Pet"}, **schemas)
    owl = {"kind": "bird", "name": "a", "species": "owl"}
    assert schema.is_valid({**owl, "hoots": True})
    assert schema.is_valid({**owl, "species": "bird"})
    assert schema.is_valid({"kind": "liz", "name": "a", "rocks": True})
    assert told(schema, owl) == [("required", "", "'hoots' is missing")]
    assert not schema.is_valid({**owl, "species": "fish", "hoots": True})
    assert not schema_of({"$ref": REF + "Bird"}, **schemas).is_valid(owl)
    drawn = [synthesize(schema, seed=Seed.of(number)) for number in range(60)]
    assert all(schema.is_valid(each) for each in drawn)
    assert {(each["kind"], each.get("species")) for each in drawn} == {
        ("bird", "owl"),
        ("bird", "bird"),
        ("liz", None),
    }


@pytest.mark.parametrize("outer", ["All", "Zoo"])
@pytest.mark.parametrize("kind", ["union", "family"])
def test_the_same_member_may_tell_apart_what_a_branch_offers(kind, outer):
    inner = union("Pug", "Poodle", mapping={"pug": "Pug", "poodle": "Poodle"})
    schemas = {"Pug": DOG, "Poodle": thing("curls", curls={"type": "integer"})}
    if kind == "family":
        inner = thing() | {"discriminator": inner["discriminator"]}
        schemas = {
            "Pug": extending("Nice", bark={"type": "boolean"}),
            "Poodle": extending("Nice", curls={"type": "integer"}),
        }
    # what is about the other comes first by its name, or last
    schema = schema_of(
        {"$ref": REF + outer}, **{outer: union("Cat", "Nice"), "Cat": CAT, "Nice": inner}, **schemas
    )

    assert schema.is_valid({"kind": "poodle", "curls": 1})
    assert schema.is_valid({"kind": "Cat", "lives": 9})
    assert not schema.is_valid({"kind": "poodle", "curls": "many"})
    assert not schema.is_valid({"kind": "Bear"})
    drawn = [synthesize(schema, seed=Seed.of(number)) for number in range(20)]
    assert all(map(schema.is_valid, drawn))
    assert {each["kind"] for each in drawn} == {"Cat", "pug", "poodle"}
