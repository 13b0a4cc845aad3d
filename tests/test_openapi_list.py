"""docs/OPENAPI.md: complete by the official meta-schemas, and what it calls honoured is."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import troth
from openapi_effects import (
    KEYWORDS,
    answering,
    component,
    document,
    effects,
    got,
    reference,
    verdict,
)
from openapi_fields import CONSUMERS, DOCS, JSON_SCHEMA, WORDS, every_field, page, rows
from troth.http.exchange import Exchange, Response
from troth_mock.responding.responder import Responder

ROWS = rows()
EFFECTS = dict(effects())
ROOT = Path(__file__).parents[1]


def test_no_row_is_missing_and_none_is_superfluous() -> None:
    listed = {name: tuple(row["versions"].split()) for name, row in ROWS.items()}
    assert listed == every_field()


def test_every_row_says_what_each_does_with_the_field() -> None:
    for name, row in ROWS.items():
        assert len(row["does"]) == len(CONSUMERS), name
        assert set(row["does"]) <= WORDS.keys(), name
        # what nothing is done with has a reason
        assert "h" in row["does"] or row.get("note"), name


def test_the_page_is_that_of_the_list() -> None:
    assert (DOCS / "OPENAPI.md").read_text(encoding="utf-8") == page(), (
        "write docs/OPENAPI.md anew: it is what tests/openapi_fields.py gives as page()"
    )


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def is_shown(name: str, row: dict[str, Any]) -> bool:
    """Whether the test that the row names exists, or there is an effect of its name."""
    file, _, function = row.get("test", "").partition("::")
    if file:
        return function in functions(file)
    owner, _, word = name.partition("/")
    return name in EFFECTS or (owner == JSON_SCHEMA and word in KEYWORDS)


def test_what_is_honoured_has_a_test() -> None:
    unshown = [name for name, row in ROWS.items() if "h" in row["does"] and not is_shown(name, row)]
    assert unshown == []


def test_what_is_not_yet_honoured_is_told_by_load() -> None:
    # there is none: a row that is, is told through the document's faults, and tested here
    assert [name for name, row in ROWS.items() if "n" in row["does"]] == []


@pytest.mark.parametrize("name", EFFECTS)
def test_a_field_decides_what_an_exchange_breaks(name: str, tmp_path: Path) -> None:
    effect = EFFECTS[name]
    with_it, without = effect.verdicts(tmp_path)
    assert with_it != without


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_a_keyword_accepts_and_rejects(keyword: str, tmp_path: Path) -> None:
    schema, good, bad = KEYWORDS[keyword]
    made = component("schemas", schema, answering(reference("schemas")))
    assert verdict(made, got(body=json.dumps(good)), tmp_path) == set()
    assert verdict(made, got(body=json.dumps(bad)), tmp_path) != set()


def keyword_documents() -> dict[str, dict[str, Any]]:
    """A document for each keyword, which stands in its request and in its answer."""
    found = {}
    for keyword, (schema, _, _) in KEYWORDS.items():
        body = {"required": True, "content": {"application/json": {"schema": reference("schemas")}}}
        operation = answering(reference("schemas"), requestBody=body)
        found[keyword] = document(operation, method="post", components={"schemas": {"It": schema}})
    return found


DOCUMENTS = {name: effect.document for name, effect in EFFECTS.items()} | keyword_documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_drawn_is_accepted_and_what_the_mock_answers_conforms(
    name: str, tmp_path: Path
) -> None:
    file = tmp_path / "api.json"
    file.write_text(json.dumps(DOCUMENTS[name]), encoding="utf-8")
    contract = troth.load(file)
    responder = Responder(contract)
    (operation, *_) = contract.operations

    @settings(
        max_examples=5,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def conforms(data: st.DataObject) -> None:
        request = data.draw(contract.strategy(operation))
        assert contract.validate(Exchange(request)) == ()
        reply = responder.respond(request, now=0)
        body = b"".join(reply.stream.frames) if reply.stream else reply.body
        answer = Response(reply.status, reply.fields, body or b"")
        broken = contract.validate(Exchange(request, answer))
        assert [each.code for each in broken if each.severity != "hint"] == []

    conforms()


def test_an_operation_is_found_by_its_operation_id(tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    file.write_text(json.dumps(document({**answering({}), "operationId": "it"})), encoding="utf-8")
    contract = troth.load(file)
    assert contract.operation("it") is contract.operation("GET /a")
