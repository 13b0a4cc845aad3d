"""What the body of a request refers to is there when it is sent, or nobody is accused."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import troth
from servers.conduct import conduct
from servers.wire import Answer, Asked

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
DOCUMENT = {
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

    def __init__(self) -> None:
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
                item["owner_id"] = body["owner_id"]
                ids = [one["id"] for one in self.items["owners"]]
                if isinstance(item["owner_id"], bool) or item["owner_id"] not in ids:
                    return Answer(422)
        except (ValueError, KeyError, TypeError, RecursionError):
            return Answer(422)
        self.items[name].append(item)
        return _json(item, 201)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, JSON, [json.dumps(value).encode()])


def _none(text: str) -> Any:
    raise ValueError(text)


def test_a_pet_is_sent_for_an_owner_that_there_is() -> None:
    pets = Pets()
    phases = ("examples", "boundary", "protocol", "random")
    found = conduct(pets, troth.load(json.dumps(DOCUMENT).encode()), phases=phases)
    assert [told for told in found.told if told.startswith("error")] == []
    assert len(pets.items["pets"]) >= 10


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
