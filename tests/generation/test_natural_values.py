"""Members hold what they are called: by data, in agreement, and no identifier twice."""

from __future__ import annotations

import re
from typing import Any

import pytest

from troth.generation import natural_values
from troth.generation.source import Quick
from troth.generation.values import synthesize
from troth.openapi.names import words_of
from troth.schema.untrusted_schema import embedded
from troth.seed import Seed

PERSON = r"[A-Z][a-z]+ [A-Z][a-z]+"
TEXT = {"type": "string"}
NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}


def drawn(schema: dict[str, Any], *, name: str = "", seed: int = 1) -> Any:
    return synthesize(embedded(schema), seed=Seed.of(seed), name=name)


def members(seed: int = 1, owner: str = "", /, **schemas: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": [*schemas], "properties": schemas}
    instance: dict[str, Any] = drawn(schema, name=owner, seed=seed)
    return instance


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("author", PERSON),
        ("displayName", PERSON),
        ("full_name", PERSON),
        ("customerName", PERSON),
        ("username", r"[a-z]+\.[a-z]+"),
        ("userName", r"[a-z]+\.[a-z]+"),
        ("clusterName", r"[a-z]+-cluster"),
        ("file-name", r"[\w-]+\.\w+"),
        ("filename", r"[\w-]+\.\w+"),
        ("hostname", r"[a-z]+\.example\.com"),
        ("eventName", r"[A-Z][\w ]+"),
        ("projectName", r"[A-Z][a-z]+ project"),
        ("shippingCity", "[A-Z][a-z]+"),
        ("countryCode", "[A-Z]{2}"),
        ("timezone", "[A-Z][a-z]+/[A-Z][a-z]+"),
        ("unitPrice", r"\d+\.\d\d"),
        ("avatarUrl", r"https://example\.com/images/\w+\.jpg"),
        ("contentType", r"\w+/\w+"),
        ("ipAddress", r"192\.0\.2\.\d+"),
        ("appVersion", r"\d\.\d\.\d"),
        ("phoneNumber", r"\+1 202 555 01\d\d"),
        ("createdAt", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        ("birthDate", r"(19|20)\d\d-\d\d-\d\d"),
        ("fileSize", r"\d+ KB"),
        ("commitSha", "[0-9a-f]{40}"),
    ],
)
def test_a_string_is_what_its_name_says(name: str, pattern: str) -> None:
    for seed in range(5):
        text = members(seed, **{name: TEXT})[name]
        assert re.fullmatch(pattern, text), text
    unbroken = drawn({"type": "object", "required": [name], "properties": {name: TEXT}})
    assert re.fullmatch(pattern, unbroken[name])


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("count", 1, 99), ("totalItems", 1, 99), ("limit", 20, 20), ("currentPage", 1, 1),
        ("age", 18, 80), ("releaseYear", 2010, 2024), ("port", 1024, 9999), ("quantity", 1, 12),
        ("percentage", 1, 99), ("latitude", -90, 90), ("rating", 1, 5), ("statusCode", 200, 200),
    ],
)  # fmt: skip
def test_a_number_is_in_the_range_of_what_it_counts(name: str, low: int, high: int) -> None:
    for seed in range(5):
        assert low <= members(seed, **{name: NUMBER})[name] <= high


def test_what_is_counted_is_whole_and_what_is_paid_has_two_decimals_at_most() -> None:
    for seed in range(10):
        made = members(seed, count=NUMBER, total=NUMBER, limit=NUMBER, price=NUMBER, amount=NUMBER)
        assert all(type(made[name]) is int for name in ("count", "total", "limit"))
        assert all(round(made[name], 2) == made[name] > 1 for name in ("price", "amount"))


def test_a_name_is_that_of_what_it_is_a_name_of() -> None:
    thing = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    made = members(author=thing, company=thing, product=thing, city=thing, cluster=thing)
    table = natural_values.table()
    assert re.fullmatch(PERSON, made["author"]["name"])
    assert made["company"]["name"] in table.pools["company"]
    assert made["product"]["name"] in table.pools["product"]
    assert made["city"]["name"] in {place["city"] for place in table.places}
    assert re.fullmatch("[a-z]+-cluster", made["cluster"]["name"])
    assert re.fullmatch(PERSON, drawn(thing, name="users")["name"])
    assert not set(drawn(thing, name="things")["name"].split()) & set(table.pools["last"])


def test_the_facts_of_one_thing_agree() -> None:
    parts = ("firstName", "lastName", "name", "city", "country", "countryCode", "timezone")
    for seed in range(8):
        made = members(seed, "user", email=TEXT, **dict.fromkeys(parts, TEXT))
        assert made["name"] == f"{made['firstName']} {made['lastName']}"
        assert made["email"] == made["name"].lower().replace(" ", ".") + "@example.com"
        place, *_ = [p for p in natural_values.table().places if p["city"] == made["city"]]
        assert (made["country"], made["countryCode"], made["timezone"]) == (
            place["country"], place["code"], place["zone"],
        )  # fmt: skip


def test_two_people_of_one_thing_are_two() -> None:
    made = [members(seed, authorName=TEXT, editor_name=TEXT, authorEmail=TEXT) for seed in range(9)]
    assert all(
        one["authorEmail"].startswith(one["authorName"].split()[0].lower() + ".") for one in made
    )
    assert any(one["authorName"] != one["editor_name"] for one in made)


def test_moments_follow_one_another_in_every_form() -> None:
    order = ["birthDate", "createdAt", "updated_at", "endDate", "deletedAt", "expiresAt"]
    moment = {"type": "string", "format": "date-time"}
    for seed in range(20):
        texts = members(seed, **dict.fromkeys(reversed(order), moment))
        assert [texts[name] for name in order] == sorted(texts.values())
        stamps = members(seed, **dict.fromkeys(reversed(order), INTEGER))
        assert [stamps[name] for name in order] == sorted(stamps.values())
        bounds = members(seed, end=INTEGER, start=INTEGER)
        assert bounds["start"] < bounds["end"]


@pytest.mark.parametrize(
    "identifier",
    [
        TEXT,
        INTEGER,
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "uuid", "example": "7e9a3c1f-0d2b-4c6e-9f11-2b3c4d5e6f70"},
        {"type": "string", "example": "prd_01h1s5z6vf2mm1mz3hevnn9va7"},
        {"type": "string", "example": "A-17", "pattern": "^A-[0-9]+$"},
        {"type": "integer", "example": 10},
    ],
)
def test_no_identifier_comes_twice_and_all_are_of_one_style(identifier: dict[str, Any]) -> None:
    item = {"type": "object", "required": ["id"], "properties": {"id": identifier}}
    for minimum in (3, 12):
        things = drawn({"type": "array", "items": item, "minItems": minimum}, name="things")
        found = [thing["id"] for thing in things]
        assert len(set(found)) == len(found) >= minimum
        example = identifier.get("example")
        if isinstance(example, str):
            start = example.partition("_")[0] if "_" in example else ""
            assert found[0] == example
            assert all(one.startswith(start) for one in found)
            assert "pattern" in identifier or {len(one) for one in found} == {len(example)}


def test_examples_of_whole_items_are_told_apart_by_their_identifiers() -> None:
    item = {"type": "object", "example": {"id": 7, "kind": "cat"}}
    found = drawn({"type": "array", "items": item, "minItems": 3})
    assert len({one["id"] for one in found}) == len(found)
    assert {one["kind"] for one in found} == {"cat"}


def test_an_example_of_a_person_is_shown_once_and_the_facts_beside_it_agree_with_it() -> None:
    member = {
        "type": "object",
        "required": ["firstName", "lastName", "email", "createdAt", "endsAt"],
    }
    member["properties"] = {
        "firstName": {"type": "string", "example": "George"},
        "lastName": {"type": "string", "example": "Franklin"},
        "email": TEXT,
        "createdAt": {"type": "string", "example": "2031-05-06T07:08:09Z"},
        "endsAt": TEXT,
    }
    first, *others = drawn({"type": "array", "items": member, "minItems": 4})
    assert first["email"] == "george.franklin@example.com"
    assert first["endsAt"] > first["createdAt"]
    assert len({(one["firstName"], one["lastName"]) for one in others}) == len(others)
    assert "George" not in {one["firstName"] for one in others}


def test_what_is_inside_a_thing_says_whose_it_is() -> None:
    visit = {"type": "object", "required": ["id", "petId"]}
    visit["properties"] = {"id": INTEGER, "petId": {"type": "integer", "maximum": 900}}
    pet = {"type": "object", "required": ["visits", "id"]}
    pet["properties"] = {"visits": {"type": "array", "items": visit}, "id": INTEGER}
    for one in drawn({"type": "array", "items": pet, "minItems": 3}, name="pets"):
        assert {visit["petId"] for visit in one["visits"]} <= {one["id"]}


def test_the_name_of_a_schema_tells_what_a_thing_without_a_name_is() -> None:
    name = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    schema = {
        "$defs": {"MenuItem": name, "UserResponse": name},
        "type": "object",
        "required": ["data", "items"],
        "properties": {
            "data": {"$ref": "#/$defs/UserResponse"},
            "items": {"type": "array", "items": {"$ref": "#/$defs/MenuItem"}, "minItems": 1},
        },
    }
    made = drawn(schema)
    assert re.fullmatch(PERSON, made["data"]["name"])
    assert made["items"][0]["name"] in natural_values.table().pools["dish"]


def test_the_values_of_an_enum_are_spread_over_the_items() -> None:
    found = drawn({"type": "array", "minItems": 3, "items": {"enum": ["a", "b", "c"]}})
    assert set(found[:3]) == {"a", "b", "c"}


def test_a_total_is_the_length_of_the_list_beside_it() -> None:
    items = {"type": "array", "items": {"type": "object"}, "minItems": 1}
    for seed in range(5):
        made = members(seed, items=items, total=INTEGER, pageSize=INTEGER)
        assert made["total"] == len(made["items"]) <= made["pageSize"]
        meta = {"type": "object", "required": ["total"], "properties": {"total": INTEGER}}
        made = members(seed, data=items, meta=meta)
        assert made["meta"]["total"] == len(made["data"])
        made = members(seed, comments=items, likes=items, commentCount=INTEGER)
        assert made["commentCount"] == len(made["comments"])


def test_what_the_schema_asks_for_goes_before_what_the_name_says() -> None:
    made = members(
        country={"type": "string", "maxLength": 2},
        count={"type": "integer", "minimum": 5000},
        color={"type": "string", "pattern": "^#[0-9a-f]{6}$"},
        email={"type": "string", "enum": ["none"]},
        createdAt={"type": "string", "format": "date"},
        price={"type": "number", "multipleOf": 5},
    )
    assert len(made["country"]) == 2
    assert made["country"].isupper()
    assert made["email"] == "none"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", made["createdAt"])


def test_texts_are_neither_one_word_nor_endless() -> None:
    for seed in range(10):
        made = members(seed, description=TEXT, title=TEXT)
        assert len(made["description"].split()) >= 4
        assert 2 <= len(made["title"]) <= 60


def test_switches_are_mostly_as_they_mostly_are() -> None:
    switch = {"type": "boolean"}
    made = [members(seed, isActive=switch, deleted=switch) for seed in range(40)]
    assert sum(one["isActive"] for one in made) > 25 > 15 > sum(one["deleted"] for one in made)


def test_every_kind_of_the_table_can_be_written() -> None:
    table = natural_values.table()
    for name, kind in {**table.kinds, **table.things}.items():
        told = natural_values.Telling(tuple(name.split()), kind, "owner")
        source = Quick(Seed.of(name))
        record = natural_values.Record()
        texts = [text for text, _ in record.texts(told, source)]
        assert texts, name
        assert all(texts), name
        assert not any(mark in text for text in texts for mark in "{}"), name
        record.number(told, source)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("userID", ("user", "id")), ("user_ids", ("user", "ids")), ("URLs", ("urls",)),
        ("HTTPStatus", ("http", "status")), ("x-rate-limit", ("x", "rate", "limit")),
        ("address2", ("address2",)), ("", ()), ("größe", ("gr", "öß", "e")),
    ],
)  # fmt: skip
def test_a_name_is_read_in_every_manner_of_writing(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


def test_a_date_of_what_is_mostly_no_date_is_the_day_of_it() -> None:
    moment = {"type": "string", "format": "date-time"}
    order = {"to": moment, "arrival": moment, "departure": moment, "from": moment}
    for seed in range(10):
        made = members(seed, **order)
        assert made["from"] <= made["to"]
        assert made["departure"] <= made["arrival"]
    assert "T" not in members(arrival=TEXT)["arrival"]


def test_where_a_name_says_nothing_its_description_may() -> None:
    made = members(
        first_seen={**INTEGER, "description": "When it came, as a Unix timestamp."},
        val={**TEXT, "description": "Three letters of ISO 4217."},
        x={**TEXT, "description": "Nothing that is known."},
        city={**TEXT, "description": "The URL of a city."},
    )
    assert made["first_seen"] > 1_600_000_000
    assert made["val"] in natural_values.table().pools["currency"]
    assert made["x"].isalpha()
    assert "/" not in made["city"]


def test_texts_of_a_list_differ_as_long_as_there_are_others() -> None:
    item = {"type": "object", "required": ["title"], "properties": {"title": TEXT}}
    found = drawn({"type": "array", "items": item, "minItems": 5}, name="tasks")
    assert len({one["title"] for one in found}) == 5


def test_an_order_adds_up_and_a_page_counts() -> None:
    items = {"type": "array", "items": {"type": "object"}, "minItems": 2}
    for seed in range(8):
        sums = members(seed, "orders", items=items, subtotal=NUMBER, tax=NUMBER, total=NUMBER)
        assert sums["total"] == pytest.approx(sums["subtotal"] + sums["tax"])
        less = members(seed, "carts", discount=NUMBER, sub_total=NUMBER, totalAmount=NUMBER)
        assert less["totalAmount"] == pytest.approx(less["sub_total"] - less["discount"])
        page = members(seed, "pages", items=items, total=NUMBER)
        assert page["total"] == len(page["items"])


def test_what_refers_to_the_thing_beside_it_names_it() -> None:
    product = {"type": "object", "required": ["id"], "properties": {"id": INTEGER}}
    made = members(1, "orders", productId=INTEGER, product=product)
    assert made["productId"] == made["product"]["id"]


def test_what_is_drawn_agrees_with_what_is_given() -> None:
    names = ("firstName", "lastName", "email", "city", "country", "createdAt", "updatedAt")
    schema = embedded(
        {"type": "object", "required": names, "properties": dict.fromkeys(names, TEXT)}
    )
    given = {
        "firstName": "Jo",
        "lastName": "Li",
        "city": "Paris",
        "createdAt": "2031-01-02T03:04:05Z",
    }
    made = synthesize(schema, seed=Seed.of(1), given=given)
    assert (made["email"], made["country"]) == ("jo.li@example.com", "France")
    assert made["updatedAt"] > given["createdAt"]


@pytest.mark.parametrize("due", ["0001-01-01", "9999-12-31"])
def test_what_is_given_at_the_ends_of_time_has_nothing_before_or_after_it(due: str) -> None:
    names = ("dueDate", "birthDate", "createdAt", "closedAt")
    schema = embedded(
        {"type": "object", "required": names, "properties": dict.fromkeys(names, TEXT)}
    )
    made = synthesize(schema, seed=Seed.of(1), given={"dueDate": due})
    assert made["createdAt"][:2] == made["closedAt"][:2] == "20"
