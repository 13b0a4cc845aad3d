"""Scenarios, control fields and sessions of a running mock, over a socket."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from stages import PETS
from troth import loading
from troth.openapi.contract import Contract
from troth_mock.control import Control
from troth_mock.responding.responder import Responder
from troth_mock.server.serving import MockServer, serving, start_in

SCENES = """
scenarios:
  - name: seven
    when: {operation: getPet, path: {petId: 7}}
    answers:
      - {status: 404}
      - {body: {id: 7, name: Seven}}
  - name: slow
    when: {operation: getPet, path: {petId: 8}}
    answer: {body: {id: 8, name: Eight}, pace: ttft=0.001}
  - name: broken
    when: {operation: getPet, path: {petId: 9}}
    answer: {body: {id: 9, name: Nine}, fail: 503}
"""


@pytest.fixture(scope="module")
def contract() -> Contract:
    return loading.load(PETS.encode())


@pytest.fixture(scope="module")
def mock(contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    path = tmp_path_factory.mktemp("scenes") / "pets.yaml"
    path.write_text(SCENES)
    with ExitStack() as stack:
        yield start_in(stack, contract, scenario=path)


class Answer:
    def __init__(self, status: int, fields: Any, data: bytes) -> None:
        self.status, self.fields, self.data = status, fields, data

    @property
    def json(self) -> Any:
        return json.loads(self.data)


Get = Callable[..., Answer]


def ask(url: str, body: Any = None, *, method: str = "", **named: str) -> Answer:
    fields = {name.replace("_", "-"): value for name, value in named.items()}
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        fields["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data, fields, method=method or None)
    try:
        with urllib.request.urlopen(request) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.headers, refused.read())


def test_scenarios_answer_in_each_session_by_themselves(mock: MockServer) -> None:
    one, other = (f"{mock.url}/_troth/session/{name}/pets/7" for name in ("one", "other"))
    assert [ask(one).status, ask(one).status, ask(other).status] == [404, 200, 404]
    assert ask(f"{mock.url}/pets/7", Troth_Session="other").json == {"id": 7, "name": "Seven"}
    assert ask(other).fields["X-Troth-Scenario"] == "seven"
    assert ask(f"{mock.url}/_troth/session/other/_troth/reset", {}).status == 204
    assert [ask(one).status, ask(other).status] == [200, 404]


def test_a_fault_in_the_place_of_an_answer_leaves_it_to_the_next_request(mock: MockServer) -> None:
    pet = f"{mock.url}/_troth/session/faulty/pets/7"
    failed = ask(pet, X_Troth_Fail="503")
    named = ask(pet, X_Troth_Fail="503", X_Troth_Scenario="seven")
    assert (failed.status, named.status) == (503, 503)
    assert [ask(pet).status for _ in range(2)] == [404, 200]
    assert [dict(one.labels) for one in mock.journal if one.session == "faulty"] == [
        {"fault": "503"}, {"fault": "503"}, {"scenario": "seven"}, {"scenario": "seven"},
    ]  # fmt: skip


def test_what_is_stored_in_a_session_is_there_only_and_links_lead_back(mock: MockServer) -> None:
    base = f"{mock.url}/_troth/session/shop"
    made = ask(f"{base}/pets", {"name": "Rex"})
    assert made.status == 201
    assert made.fields["Location"] == f"/_troth/session/shop/pets/{made.json['id']}"
    assert ask(mock.url + made.fields["Location"]).json == made.json
    assert made.json in ask(f"{base}/pets").json
    assert made.json not in ask(f"{mock.url}/pets").json


def test_the_journal_knows_the_session_the_scenario_and_those_that_were_near(
    mock: MockServer,
) -> None:
    ask(f"{mock.url}/_troth/session/look/pets/7")
    (seen,) = [one for one in mock.journal if one.session == "look"]
    assert seen.labels["scenario"] == "seven"
    url = f"{mock.url}/_troth/api/exchanges?session=look"
    (listed,) = ask(url).json["exchanges"]
    assert (listed["session"], listed["labels"]["scenario"]) == ("look", "seven")
    ask(f"{mock.url}/_troth/session/near/pets/70")
    (listed,) = ask(f"{mock.url}/_troth/api/exchanges?session=near").json["exchanges"]
    near = ask(f"{mock.url}/_troth/api/exchanges/{listed['id']}").json["near"]
    assert near[0]["scenario"] == "seven"
    assert near[0]["reason"] == "the path parameter petId is '70', not '7'"


def test_an_answer_has_the_pace_and_the_faults_of_its_scenario(mock: MockServer) -> None:
    assert ask(f"{mock.url}/pets/8").json == {"id": 8, "name": "Eight"}
    broken = ask(f"{mock.url}/pets/9")
    assert broken.status == 503


def test_head_gets_the_fields_of_a_scenario_and_no_content(mock: MockServer) -> None:
    told = ask(f"{mock.url}/pets/8", method="HEAD")
    assert (told.status, told.data, told.fields["X-Troth-Scenario"]) == (200, b"", "slow")


def test_the_control_api_shows_scenarios_and_chooses_among_them(mock: MockServer) -> None:
    url = f"{mock.url}/_troth/api/scenarios"
    shown = ask(url).json
    assert shown["active"] == ["seven", "slow", "broken"]
    assert [one["line"] for one in shown["files"][0]["scenarios"]] == [3, 8, 11]
    assert ask(url, {"active": ["slow"]}, method="PUT").json["active"] == ["slow"]
    assert "X-Troth-Scenario" not in ask(f"{mock.url}/pets/7").fields
    assert ask(url, {"active": ["none"]}, method="PUT").status == 409
    assert len(ask(url, {"active": None, "reload": True}, method="PUT").json["active"]) == 3


def test_a_request_says_what_it_gets(mock: MockServer, contract: Contract) -> None:
    url = f"{mock.url}/pets/8"
    named = ask(f"{mock.url}/pets/123", X_Troth_Scenario="slow")
    assert named.json == {"id": 8, "name": "Eight"}
    assert ask(url, X_Troth_Fail="418").status == 418
    assert ask(url, Prefer="code=404").status == 404, "who prefers something has said what"
    drawn = ask(f"{mock.url}/pets", X_Troth_Seed="5", Prefer="dynamic")
    seeded = Responder(contract, seed=5)
    with serving(contract, responder=seeded) as other:
        assert drawn.data == ask(f"{other.url}/pets", Prefer="dynamic").data


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("X-Troth-Seed", "one", "a seed is an integer of 40 characters at most, not 'one'"),
        ("X-Troth-Pace", "slwo", "did you mean 'slow'?"),
        ("X-Troth-Fail", "dorp", "'dorp'"),
        ("X-Troth-Scenario", "sevn", "did you mean 'seven'?"),
        ("X-Troth-Sede", "1", "there is no such field; did you mean X-Troth-Seed?"),
    ],
)
def test_a_control_field_that_cannot_be_met_is_told(
    mock: MockServer, name: str, value: str, told: str
) -> None:
    refused = ask(f"{mock.url}/pets/1", **{name: value})
    assert refused.status == 400
    assert told in json.dumps(refused.json, ensure_ascii=False)


def test_a_control_field_says_one_thing(mock: MockServer) -> None:
    for values, status in (("5 5", 200), ("5 6", 400)):
        connection = HTTPConnection(mock.url.removeprefix("http://"), timeout=30)
        connection.putrequest("GET", "/pets")
        for value in values.split():
            connection.putheader("X-Troth-Seed", value)
        connection.endheaders()
        with connection.getresponse() as response:
            assert response.status == status
        connection.close()


def test_a_field_that_is_none_of_ours_is_no_business_of_ours(mock: MockServer) -> None:
    assert ask(f"{mock.url}/pets", X_Troth_Unknown="1").status == 200


def test_without_control_fields_requests_say_nothing_and_sessions_stay(contract: Contract) -> None:
    responder = Responder(contract, preferences=False)
    control = Control(contract)
    control.follow(
        None, problem=responder.problem, clock=lambda: 0, told=lambda sentence: None, fields=False
    )
    with serving(contract, responder=responder, control=control) as quiet:
        plain = ask(f"{quiet.url}/pets")
        for fields in ({"X_Troth_Fail": "503"}, {"Prefer": "code=200"}, {"X_Troth_Nothing": "1"}):
            told = ask(f"{quiet.url}/pets", **fields)
            assert (told.status, told.data) == (200, plain.data)
            assert "Preference-Applied" not in told.fields
        assert ask(f"{quiet.url}/_troth/session/a/pets").status == 200


def test_a_page_of_another_origin_may_send_control_fields(mock: MockServer) -> None:
    allowed = ask(
        f"{mock.url}/_troth/session/a/pets",
        method="OPTIONS",
        Origin="http://localhost:3000",
        Access_Control_Request_Method="GET",
        Access_Control_Request_Headers="troth-session,x-troth-scenario",
    )
    assert allowed.status == 204
    assert "x-troth-scenario" in allowed.fields["Access-Control-Allow-Headers"]


def test_the_fixture_takes_scenarios(mock_servers: Any, tmp_path: Path) -> None:
    path = tmp_path / "scenes.yaml"
    path.write_text("scenarios: [{answer: {text: Scripted.}}]")
    server = mock_servers(scenario=path)
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    told = ask(f"{server.base_url}/chat/completions", body, Authorization="Bearer any")
    assert told.json["choices"][0]["message"]["content"] == "Scripted."
