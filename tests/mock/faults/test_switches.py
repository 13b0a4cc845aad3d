"""Which faults come to which request, and what an error that was asked for looks like."""

from __future__ import annotations

from typing import Any

import pytest

from troth.http import json_text
from troth.loading import load
from troth.openapi.contract import Contract
from troth_mock.faults.fault import Effect
from troth_mock.faults.grammar import BadFault, parse
from troth_mock.faults.refusals import error_text, refusal
from troth_mock.faults.switches import MOST_SESSIONS, Switches
from troth_mock.faults.wire import before


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    text = {"schema": {"type": "string"}}
    limit = {"name": "x", "schema": {"type": "integer"}}
    error = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
    error["additionalProperties"] = False

    def operation(name: str, **more: Any) -> dict[str, Any]:
        return {
            "operationId": name,
            "tags": ["Things"],
            "responses": {
                "200": {"description": "", "content": {"text/plain": text}},
                "default": {"description": "", "content": {"application/json": {"schema": error}}},
                **more,
            },
        }

    told = {
        "description": "",
        "headers": {
            "X-Quota-RateLimit-Remaining": {"schema": limit["schema"]},
            "X-Quota-RateLimit-Reset": {"schema": {"type": "string", "pattern": "^[0-9]+s$"}},
        },
    }
    paths = {
        "/api/things": {"get": operation("listThings"), "post": operation("makeThing")},
        "/api/other": {"get": operation("other", **{"429": told})},
    }
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    file = tmp_path_factory.mktemp("faults") / "api.json"
    file.write_bytes(json_text.encode(root))
    return load(file)


def switched(contract: Contract, *texts: str, seed: int = 0) -> Switches:
    return Switches(contract, texts, seed=seed)


def statuses(switches: Switches, contract: Contract, name: str, count: int = 1, **more: Any) -> str:
    """The statuses that faults answer *count* requests with, `.` for none."""
    told = []
    for _ in range(count):
        chosen = before(switches.chances(contract.operation(name), **more))
        told.append(str(chosen.effects[0].status) if chosen else ".")
    return " ".join(told)


def test_a_fault_is_about_one_operation_tag_or_end_of_a_path(contract: Contract) -> None:
    for word in ("listThings", "GET /api/things", "GET /things", "/api/things", "* /things"):
        switches = switched(contract, f"503 on {word}")
        assert statuses(switches, contract, "listThings") == "503"
        assert statuses(switches, contract, "other") == "."
    assert statuses(switched(contract, "503 on Things"), contract, "other") == "503"
    assert before(switched(contract, "503 on Things").chances(None)) is None
    assert before(switched(contract, "503").chances(None)) is not None


def test_an_operation_that_there_is_not_is_told(contract: Contract) -> None:
    with pytest.raises(BadFault) as caught:
        switched(contract, "429; 503 on listThing")
    assert str(caught.value) == (
        "fault '503 on listThing': the document has no operation 'listThing'. "
        "Did you mean 'listThings'?"
    )


def test_each_session_counts_for_itself(contract: Contract) -> None:
    switches = switched(contract, "503 first 2")
    assert statuses(switches, contract, "other", 3) == "503 503 ."
    assert statuses(switches, contract, "other", 3, session="one") == "503 503 ."
    switches.reset("one")
    assert statuses(switches, contract, "other", 1, session="one") == "503"
    assert statuses(switches, contract, "other", 1) == "."
    switches.reset()
    assert statuses(switches, contract, "other", 1) == "503"


def test_a_session_may_have_faults_of_its_own(contract: Contract) -> None:
    switches = switched(contract, "503")
    switches.put(["429"], session="one")
    assert (switches.texts("one"), switches.texts("two"), switches.texts()) == (
        ("429",), ("503",), ("503",),
    )  # fmt: skip
    assert statuses(switches, contract, "other", session="one") == "429"
    switches.put([])
    assert not switches.is_idle
    switches.put([], session="one")
    assert switches.is_idle
    switches.reset("one")
    assert switches.texts("one") == ()
    switches.reset()
    assert switches.texts("one") == ("503",)


def test_what_a_request_asks_for_itself_is_all_that_it_gets(contract: Contract) -> None:
    switches = switched(contract, "503")
    own = [parse("429 once")]
    assert statuses(switches, contract, "other", 2, faults=own) == "429 ."


def test_rates_are_those_of_the_seed_and_the_count(contract: Contract) -> None:
    one, same, other = (switched(contract, "500 50 %", seed=seed) for seed in (1, 1, 2))
    told = [statuses(each, contract, "other", 60) for each in (one, same, other)]
    assert told[0] == told[1] != told[2]
    assert 15 < told[0].count("500") < 45


def test_what_is_remembered_is_bounded(contract: Contract) -> None:
    switches = switched(contract, "503 once")
    for number in range(MOST_SESSIONS + 1):
        assert statuses(switches, contract, "other", session=str(number)) == "503"
    assert statuses(switches, contract, "other", session=str(MOST_SESSIONS)) == "."
    assert statuses(switches, contract, "other", session="0") == "503"
    with pytest.raises(BadFault, match="longer than 500 characters"):
        switches.read(["429 " + "x" * 500])
    with pytest.raises(BadFault, match="more than 100 faults"):
        switches.read(["429"] * 101)


Made = tuple[int, dict[str, str], Any]


def made(contract: Contract, text: str, name: str = "listThings") -> Made:
    effect = parse(text).effects[0]
    reply = refusal(effect, contract.operation(name), text=text)
    return reply.status, dict(reply.fields), reply.body


def test_an_error_has_the_form_of_the_document(contract: Contract) -> None:
    assert made(contract, "503 first 2") == (
        503,
        {"Content-Type": "application/json", "Retry-After": "1"},
        b'{"detail":"Service Unavailable: asked for by the fault \'503 first 2\'"}',
    )
    assert made(contract, "418")[:2] == (418, {"Content-Type": "application/json"})


def test_the_fields_that_belong_to_an_error_come_with_it(contract: Contract) -> None:
    assert made(contract, "429 retry after 7 s")[1] == {
        "Content-Type": "application/json",
        "Retry-After": "7",
        "RateLimit-Limit": "60",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "7",
    }
    assert "Retry-After" not in made(contract, "429 no retry-after")[1]
    assert made(contract, "500 retry after 3 s")[1]["Retry-After"] == "3"
    assert made(contract, "401")[1]["WWW-Authenticate"] == 'Bearer realm="mock"'
    assert "Allow" in made(contract, "405")[1]


def test_a_request_that_names_a_seed_meets_its_fault_alike_each_time(contract: Contract) -> None:
    switches = switched(contract)
    faults = switches.read_one("drop")
    chances = [switches.chances(None, faults=faults, seed=seed)[0] for seed in (7, 7, 8, None)]
    drawn = [chance.draw() for chance in (*chances, chances[-1])]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[3] != drawn[4]
    assert switched(contract, "drop", seed=7).chances(None)[0].draw() == drawn[0]


def test_a_limit_is_told_in_the_fields_of_the_document(contract: Contract) -> None:
    fields = made(contract, "429", "other")[1]
    assert fields["X-Quota-RateLimit-Remaining"] == "0"
    assert fields["X-Quota-RateLimit-Reset"] == "1s"
    assert "RateLimit-Limit" not in fields


def test_what_stands_before_a_server_answers_in_its_own_form(contract: Contract) -> None:
    status, fields, body = made(contract, "502 as html")
    assert (status, fields) == (502, {"Content-Type": "text/html"})
    assert b"<h1>502 Bad Gateway</h1>" in body
    assert made(contract, "504 as text")[2] == b"504 Gateway Timeout\n"
    assert made(contract, "503 as nothing")[1:] == ({"Retry-After": "1"}, None)


def test_an_error_of_a_stream_is_one_event(contract: Contract) -> None:
    text = error_text(500, contract.operation("listThings"))
    assert text == b'{"detail":"Internal Server Error: the stream ends here"}'
    assert b'"code":"server_error"' in error_text(500, None)
    assert refusal(Effect("status", 500), None, text="500").status == 500


def test_a_document_that_is_read_anew_may_lack_what_a_fault_is_about(contract: Contract) -> None:
    switches = switched(contract, "503 on other; 500 on listThings")
    switches.use(load(None))
    assert statuses(switches, contract, "other") == "."
    switches.use(contract)
    assert statuses(switches, contract, "other") == "503"
