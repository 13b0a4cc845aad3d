"""Faults of parameters, one at a time, in a server that is right without them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

import troth
from servers.conduct import conduct, plan_once
from servers.right_servers import OBJECT, described, document
from servers.wire import Answer, Asked, Handler
from troth.openapi.contract import Contract

PARAMETERS: list[dict[str, Any]] = [
    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
    {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 0}},
    {"name": "kind", "in": "query", "schema": {"enum": ["new", "used"]}},
    {"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 20}},
    {"name": "note", "in": "query", "schema": {"type": "string"}},
    {"name": "day", "in": "query", "schema": {"type": "string", "format": "date"}},
    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {}, "maxItems": 2}},
    {"name": "deep", "in": "query", "schema": {"type": "boolean"}},
    {"name": "must", "in": "query", "required": True, "schema": {"type": "number"}},
    {"name": "X-Trace", "in": "header", "schema": {"type": "string", "pattern": "^[a-z]{4}$"}},
    {"name": "theme", "in": "cookie", "schema": {"enum": ["light", "dark"]}},
    {"name": "lang", "in": "cookie", "schema": {"type": "string", "maxLength": 20}},
    {"name": "X-Note", "in": "header", "schema": {"type": "string", "maxLength": 20}},
]
GET = {"operationId": "get", "parameters": PARAMETERS}
DOCUMENT = document(
    {"/it/{id}": {"get": {**GET, "responses": described(_200={"content": OBJECT}, _400={})}}}
)


def _number(text: str) -> float:
    return float(text.strip())


def _is(parse: Callable[[str], Any], fits: Callable[[Any], bool]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return fits(parse(text))
        except ValueError:
            return False

    return check


def _whole(text: str) -> int:
    number = _number(text)
    if not number.is_integer():  # nor are an infinity and what is no number
        raise ValueError(text)
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else int(number)


#: What the right server takes, by parameter: as lenient of spellings as frameworks are.
CHECKS: dict[str, Callable[[str], bool]] = {
    "id": _is(_whole, lambda number: number >= 1),
    "limit": _is(_whole, lambda number: 1 <= number <= 100),
    "page": _is(_whole, lambda number: number >= 0),
    "kind": lambda text: text.lower() in ("new", "used"),
    "q": lambda text: len(text) <= 20,
    "note": lambda text: True,
    "day": _is(lambda text: date.fromisoformat(text[:10]), lambda day: True),
    "tags": lambda number: int(number) <= 2,
    "deep": lambda text: text.lower() in ("true", "false", "1", "0", "yes", "no", "on", "off"),
    "must": _is(_number, lambda number: True),
    "X-Trace": lambda text: re.fullmatch("[a-z]{4}", text) is not None,
    "theme": lambda text: text in ("light", "dark"),
    # neither is decoded: a field is bytes, and a cookie what it is
    "lang": lambda text: len(text) <= 20,
    "X-Note": lambda text: len(text.encode()) <= 20,
}


def sent(asked: Asked) -> dict[str, str]:
    """The texts of the parameters, the last of each; an empty one is none.

    Of tags it is how many there are.
    """
    path, _, query = asked.target.partition("?")
    given = parse_qs(query)
    texts = {name: texts[-1] for name, texts in given.items()}
    texts["tags"] = str(len(given.get("tags", ())))
    texts["id"] = unquote(path.removeprefix("/it/"))
    texts |= {name: asked.fields.get(name.lower(), "") for name in ("X-Trace", "X-Note")}
    for crumb in asked.fields.get("cookie", "").split("; "):
        name, _, text = crumb.partition("=")
        texts[name] = text
    return {name: text for name, text in texts.items() if text}


def server(
    *, lets: str = "", fails: Callable[[dict[str, str], Asked], bool] | None = None
) -> Handler:
    """A server that does not look at the parameter *lets*, and *fails* at some requests."""

    def answer(asked: Asked) -> Answer:
        if asked.method != "GET":
            return Answer(405, {"Allow": "GET"})
        if "/" in asked.target.partition("?")[0].removeprefix("/it/"):
            return Answer(404)
        texts = sent(asked)
        if fails is not None and fails(texts, asked):
            return Answer(500)
        checks = {name: check for name, check in CHECKS.items() if name != lets}
        is_fine = "must" in texts or lets == "must"
        is_fine &= all(check(texts[name]) for name, check in checks.items() if name in texts)
        body = json.dumps({}).encode()
        fields = {"Content-Type": "application/json"}
        return Answer(200, fields, [body]) if is_fine else Answer(400)

    return answer


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    file: Path = tmp_path_factory.mktemp("it") / "it.json"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    return troth.load(file)


PLANS: dict[Any, Any] = {}


@pytest.fixture(autouse=True)
def _one_plan_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    plan_once(monkeypatch, PLANS)


def test_a_server_that_reads_as_frameworks_do_is_told_nothing_of(contract: Contract) -> None:
    found = conduct(server(), contract)
    assert found.told == []
    assert found.finished.verdict == "conforms"
    assert len(found.exchanges) < 1000


@pytest.mark.parametrize("name", CHECKS)
def test_a_parameter_that_is_not_looked_at_is_found(name: str, contract: Contract) -> None:
    found = conduct(server(lets=name), contract, phases=("boundary",))
    codes = {(one.code, one.severity) for one in found.findings}
    if name == "note":  # there is nothing to look at
        assert codes == set()
        return
    severity = "warning" if name == "day" else "error"  # JSON Schema calls a format an annotation
    assert codes == {("request.invalid-accepted", severity)}


FAILS: dict[str, Callable[[dict[str, str], Asked], bool]] = {
    "a NUL": lambda texts, asked: "\0" in texts.get("note", ""),
    "astral characters": lambda texts, asked: any(
        ord(char) > 0xFFFF for char in texts.get("q", "")
    ),
    "a quote": lambda texts, asked: "'" in texts.get("note", ""),
    "a parenthesis": lambda texts, asked: "(" in texts.get("q", ""),
    "a long text": lambda texts, asked: len(texts.get("note", "")) > 5000,
    "a leap day": lambda texts, asked: texts.get("day") == "2024-02-29",
    "page 0": lambda texts, asked: texts.get("page") == "0",
    "a huge page": lambda texts, asked: texts.get("page", "").startswith("9223372036854775808"),
    "a huge id": lambda texts, asked: len(texts["id"]) > 18,
    "nothing at all": lambda texts, asked: "limit=&" in asked.target + "&",
    "twice": lambda texts, asked: asked.target.count("limit=") > 1,
    "no UTF-8": lambda texts, asked: "%ff" in asked.target,
    "an infinity": lambda texts, asked: texts.get("must") == "1e400",
    "an unknown one": lambda texts, asked: "troth_unknown" in asked.target,
}


@pytest.mark.parametrize("name", FAILS)
def test_a_text_that_a_server_trips_over_is_found(name: str, contract: Contract) -> None:
    found = conduct(server(fails=FAILS[name]), contract, phases=("boundary",))
    assert {one.code for one in found.findings} == {"response.server-error"}
    assert len(found.findings) <= 3, found.told
