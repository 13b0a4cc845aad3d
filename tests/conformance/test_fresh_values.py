"""Values that nothing has yet: what is taken for unique, and what is sent in its place."""

from __future__ import annotations

import json
from typing import Any

import troth
from troth.conformance.fresh_values import TakenValues
from troth.http.exchange import Exchange, Request, Response
from troth.openapi.resources import resources
from troth.seed import Seed

ARTICLE = {
    "type": "object",
    "required": ["type", "slug"],
    "properties": {
        "type": {"const": "articles"},
        "slug": {"type": "string", "maxLength": 14, "pattern": "^[a-z-]+$"},
        "title": {"type": "string", "maxLength": 5},
        "code": {"type": "string", "pattern": "^[ab]{3}$"},
    },
}
BODY = {"content": {"application/json": {"schema": ARTICLE}}}
ANSWERS = {"201": {"description": "", **BODY}, "409": {"description": ""}}
ROOT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {"/articles": {"post": {"requestBody": BODY, "responses": ANSWERS}}},
}
CONTRACT = troth.load(json.dumps(ROOT).encode())
POST = CONTRACT.operation("POST /articles")


def exchange(sent: Any, status: int, answer: bytes = b"") -> Exchange:
    fields = (("Content-Type", "application/json"),)
    request = Request("POST", "/articles", fields, json.dumps(sent).encode())
    return Exchange(request, Response(status, fields, answer))


def test_what_has_one_value_is_not_unique_and_what_is_sent_instead_is_good() -> None:
    taken = TakenValues(resources(CONTRACT), seed=Seed.of("taken"))
    article = {"type": "articles", "slug": "willow-quartz"}
    taken.keep(POST, exchange(article, 201))
    taken.keep(POST, exchange(article, 409, b'{"title": "conflict"}'))
    assert taken.repeated(article, POST) == {"slug"}
    # also in a body that another member breaks
    for value in (article, {**article, "title": "too long"}):
        changed = taken.apart(value, POST)
        assert {**changed, "slug": ""} == {**value, "slug": ""}
        assert changed["slug"] != article["slug"]
        schema = POST.request_body.content[0].schema if POST.request_body else None
        assert schema is not None
        assert schema.is_valid({**article, "slug": changed["slug"]})


def test_a_name_that_is_sent_instead_is_good_where_few_are() -> None:
    taken = TakenValues(resources(CONTRACT), seed=Seed.of("taken"))
    article = {"type": "articles", "slug": "willow", "code": "aab"}
    taken.keep(POST, exchange(article, 201))
    taken.keep(POST, exchange(article, 409, b'{"title": "the code exists"}'))
    assert taken.repeated(article, POST) == {"code"}
    changed = taken.apart({**article, "title": "too long"}, POST)
    assert set(changed["code"]) <= {"a", "b"}
