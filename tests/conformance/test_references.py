"""What a request refers to is there, and what is there once not yet, or nobody is accused."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

import troth
from servers.conduct import conduct
from servers.wire import Answer, Asked
from troth.conformance import references
from troth.openapi.schema_view import of_request

JSON = {"Content-Type": "application/json"}


def _item(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _answers(status: str, schema: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    refused = {each: {"description": "no"} for each in ("400", "415", "422")}
    return {status: {"description": "it", "content": content}, **refused}


def _path(item: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": sent}}
    return {
        "get": {"responses": _answers("200", {"type": "array", "items": item})},
        "post": {
            "requestBody": {"required": True, "content": content},
            "responses": _answers("201", item),
        },
    }


NUMBER, TEXT = {"type": "integer"}, {"type": "string", "minLength": 1}
OWNER = _item(id=NUMBER, name=TEXT)
PET = _item(id=NUMBER, name=TEXT, owner_id=NUMBER)
ONE = [{"name": "owner_id", "in": "path", "required": True, "schema": NUMBER}]
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "paths": {
        # in this order: what is referred to comes after
        "/pets": _path(PET, _item(name=TEXT, owner_id=NUMBER)),
        "/owners": _path(OWNER, _item(name=TEXT)),
        "/owners/{owner_id}": {
            "parameters": ONE,
            "get": {"responses": {**_answers("200", OWNER), "404": {"description": "none"}}},
        },
    },
}


class Pets:
    """Takes a pet only for an owner that there is: 422 otherwise."""

    def __init__(self, member: str = "owner_id") -> None:
        self.member = member
        self.items: dict[str, list[dict[str, Any]]] = {"pets": [], "owners": []}

    def __call__(self, asked: Asked) -> Answer:
        name, _, number = asked.target.partition("?")[0].strip("/").partition("/")
        if name not in self.items or (number and name == "pets"):
            return Answer(404)
        allowed = ("GET",) if number else ("GET", "POST")
        if asked.method not in allowed:
            return Answer(405, {"Allow": ", ".join(allowed)})
        if number:
            found = [one for one in self.items[name] if str(one["id"]) == number]
            if not number.lstrip("-").isdigit():
                return Answer(422)
            return _json(found[0]) if found else Answer(404)
        return _json(self.items[name]) if asked.method == "GET" else self._add(name, asked)

    def _add(self, name: str, asked: Asked) -> Answer:
        if asked.fields.get("content-type", "").partition(";")[0].lower() != "application/json":
            return Answer(415)
        try:
            body = json.loads(asked.body.decode("utf-8"), parse_constant=_none)
            item = {"id": len(self.items[name]) + 70_001, "name": body["name"]}
            if not isinstance(item["name"], str) or not item["name"]:
                return Answer(422)
            if name == "pets":
                given = item[self.member] = body[self.member]
                ids = [one["id"] for one in self.items["owners"]]
                owners = given if self.member.endswith("s") else [given]
                if not isinstance(owners, list) or not owners:
                    return Answer(422)
                if any(isinstance(owner, bool) or owner not in ids for owner in owners):
                    return Answer(422)
        except (ValueError, KeyError, TypeError, RecursionError):
            return Answer(422)
        self.items[name].append(item)
        return _json(item, 201)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, JSON, [json.dumps(value).encode()])


def _none(text: str) -> Any:
    raise ValueError(text)


@pytest.mark.parametrize(
    ("member", "schema"),
    [
        ("owner_id", NUMBER),
        ("owner", NUMBER),
        ("owners", {"type": "array", "minItems": 1, "items": NUMBER}),
        ("ownerIds", {"type": "array", "minItems": 1, "items": NUMBER}),
    ],
)
def test_a_pet_is_sent_for_an_owner_that_there_is(member: str, schema: dict[str, Any]) -> None:
    pet = _item(id=NUMBER, name=TEXT, **{member: schema})
    sent = _item(name=TEXT, **{member: schema})
    document = {**DOCUMENT, "paths": {**DOCUMENT["paths"], "/pets": _path(pet, sent)}}
    pets = Pets(member)
    phases = ("examples", "boundary", "protocol", "random")
    found = conduct(pets, troth.load(json.dumps(document).encode(), overlays=[]), phases=phases)
    assert [told for told in found.told if told.startswith("error")] == []
    assert len(pets.items["pets"]) >= 10


def test_a_text_that_is_called_as_what_there_is_one_of_refers_to_it() -> None:
    body = {"name": "x", "owner": "/owners/7", "vet_id": 7, "tags": ["a"]}
    assert list(references.in_body(body)) == [("vet_id", 7)]
    found = references.in_body(body, things={("owner",), ("tag",)})
    assert list(found) == [("owner", "/owners/7"), ("vet_id", 7), ("tags", "a")]


@pytest.mark.parametrize(
    ("path", "body", "said", "errors"),
    [
        ("/auth/verify", {"token": TEXT}, "VERIFY_USER_BAD_TOKEN", 0),
        ("/auth/jwt/login", {"username": TEXT, "password": TEXT}, "LOGIN_BAD_CREDENTIALS", 0),
        ("/auth/register", {"username": TEXT, "password": TEXT}, "no such password", 1),
        ("/auth/verify", {"token": TEXT, "kind": TEXT}, "the kind is unknown", 1),
    ],
)
def test_what_only_others_know_may_be_refused(
    path: str, body: dict[str, Any], said: str, errors: int
) -> None:
    paths = {path: {"post": _path(OWNER, _item(**body))["post"]}}
    contract = troth.load(json.dumps({**DOCUMENT, "paths": paths}).encode(), overlays=[])

    def server(asked: Asked) -> Answer:
        if asked.target.partition("?")[0] != path or asked.method != "POST":
            return Answer(404 if asked.method == "POST" else 405, {"Allow": "POST"})
        return _json({"detail": said}, 400)

    found = conduct(server, contract, phases=("examples",))
    assert len([told for told in found.told if told.startswith("error")]) == errors


@pytest.mark.parametrize(
    ("others", "found"),
    [({}, ["b", "e"]), ({"additionalProperties": True}, ["e"])],
)
def test_a_member_that_a_schema_has_no_word_of_is_left_open(
    others: dict[str, Any], found: list[str]
) -> None:
    inner = _item(d=NUMBER)
    schema = {**_item(a=NUMBER, c={"type": "array", "items": inner}), **others}
    document = {**DOCUMENT, "paths": {"/pets": _path(PET, schema)}}
    contract = troth.load(json.dumps(document).encode(), overlays=[])
    view = of_request(contract.operation("POST /pets"))
    sent = {"a": 1, "b": 2, "c": [{"d": 1, "e": 2}]}
    assert list(references.undeclared(sent, view)) == found


CHIP = {"type": "string", "pattern": "^[a-z]{1,12}$"}
CHIPPED = _item(id=NUMBER, chip=CHIP, kind=TEXT)


def chips(refusal: Answer) -> tuple[list[str], int, int]:
    """The errors told of a server with unique chips, and how often it refused one, and took one.

    It ends for a chip of more than eight letters, and takes some that are no text.
    """
    paths = {"/pets": _path(CHIPPED, _item(chip=CHIP, kind=TEXT))}
    contract = troth.load(json.dumps({**DOCUMENT, "paths": paths}).encode(), overlays=[])
    items: list[dict[str, Any]] = []
    refused = 0

    def server(asked: Asked) -> Answer:
        nonlocal refused
        if asked.target.partition("?")[0] != "/pets" or asked.method not in ("GET", "POST"):
            return Answer(404 if asked.method == "POST" else 405, {"Allow": "GET, POST"})
        if asked.method == "GET":
            return _json(items)
        sent = tuple(asked.fields.items())
        request = troth.Request("POST", asked.target, sent, asked.body)
        broken = contract.validate(troth.Exchange(request))
        if any(one.instance_pointer != "/kind" for one in broken):
            return Answer(422)
        body = json.loads(asked.body)
        if any(one["chip"] == body["chip"] for one in items):
            refused += 1
            return refusal
        if len(body["chip"]) > 8:
            return Answer(400, JSON, [b'{"detail": "chip is too long"}'])
        items.append({"id": len(items) + 1, **body, "kind": str(body["kind"]) or "none"})
        return _json(items[-1], 201)

    found = conduct(server, contract, phases=("examples", "boundary", "random"))
    errors = [told for told in found.told if told.startswith("error")]
    return errors, refused, len(items)


@pytest.mark.parametrize(
    "refusal",
    [
        _json({"chip": ["pet with this chip already exists."]}, 400),
        _json({"detail": "PET_ALREADY_REGISTERED"}, 422),
        Answer(400, JSON, [b'{"detail": "Duplicate"}']),
    ],
)
def test_what_must_be_unique_is_sent_once_and_nobody_is_accused_of_it(refusal: Answer) -> None:
    errors, refused, taken = chips(refusal)
    assert [one for one in errors if "already" in one.lower()] == []
    # what is wrong beside it shows each time, since it is sent with a chip of its own
    assert {" ".join(one.split()[1:3]) for one in errors} == {
        "request.valid-refused 1/1",
        "request.invalid-accepted 1/1",
    }
    assert (refused <= 4, taken >= 40) == (True, True)


def test_what_is_sent_to_a_name_that_was_made_up_may_be_refused_for_it() -> None:
    """A 400 for a name that is none says nothing of the body beside it."""
    document = json.loads(json.dumps(DOCUMENT))
    content = {"application/json": {"schema": {"type": "object"}}}
    document["paths"]["/crates/{crate}/open"] = {
        "parameters": [{**ONE[0], "name": "crate", "schema": {"type": "string"}}],
        "post": {
            "requestBody": {"required": True, "content": content},
            "responses": _answers("200", OWNER),
        },
    }
    pets = Pets()

    def server(asked: Asked) -> Answer:
        return Answer(400) if asked.target.startswith("/crates/") else pets(asked)

    contract = troth.load(json.dumps(document).encode(), overlays=[])
    phases = ("examples", "boundary")
    found = conduct(server, contract, phases=phases, allow_destructive=False)
    assert any("/crates/troth-none-" in one.exchange.request.target for one in found.exchanges)
    assert [told for told in found.told if told.startswith("error")] == []


DAY = {"type": "string", "format": "date"}
STAY = _item(
    check_in={**DAY, "examples": ["2026-05-01"]},
    check_out={**DAY, "examples": ["2026-05-04"]},
    guests={"type": "integer", "minimum": 1, "maximum": 9},
)
STAYS = {
    "openapi": "3.1.0",
    "info": {"title": "Stays", "version": "1"},
    "paths": {"/stays": {"post": _path(STAY, STAY)["post"]}},
}


def stays(*, most: int) -> list[str]:
    """The errors told of a server that takes a stay of 1 to 30 nights, for *most* guests."""
    contract = troth.load(json.dumps(STAYS).encode(), overlays=[])

    def server(asked: Asked) -> Answer:
        if asked.target.partition("?")[0] != "/stays" or asked.method != "POST":
            return Answer(404 if asked.method == "POST" else 405, {"Allow": "POST"})
        sent = tuple(asked.fields.items())
        request = troth.Request("POST", asked.target, sent, asked.body)
        if contract.validate(troth.Exchange(request)):
            return Answer(422)
        stay = json.loads(asked.body)
        if stay["guests"] > most:
            return Answer(422, JSON, [b'{"detail": "guests is too high"}'])
        first, last = (date.fromisoformat(stay[name]) for name in ("check_in", "check_out"))
        if not 1 <= (last - first).days <= 30:
            return Answer(422, JSON, [b'{"detail": "the stay is 1 to 30 nights long"}'])
        return _json(stay, 201)

    found = conduct(server, contract, phases=("examples", "boundary", "random"))
    return [told for told in found.told if told.startswith("error")]


def test_an_end_that_was_drawn_before_its_beginning_may_be_refused() -> None:
    assert stays(most=9) == []
    assert stays(most=8) != []
