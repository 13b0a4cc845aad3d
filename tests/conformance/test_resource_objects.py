"""What JSON:API says of bodies is known: names, linkage, and attributes that stand apart."""

from __future__ import annotations

import json

import pytest

import troth
from servers.conduct import conduct
from servers.resource_objects import FAULTS, Notes, spec
from troth.openapi.contract import Contract


@pytest.fixture(scope="module")
def contract() -> Contract:
    return troth.load(json.dumps(spec()).encode(), overlays=[])


def test_who_is_as_strict_as_json_api_asks_is_accused_of_nothing(contract: Contract) -> None:
    phases = ("examples", "resources", "boundary", "random")
    run = conduct(Notes(), contract, phases=phases, allow_destructive=False, max_requests=300)
    assert [told for told in run.told if told.startswith("error")] == []
    changed = [one for one in run.exchanges if one.exchange.request.method == "PATCH"]
    assert {one.exchange.response.status for one in changed if one.exchange.response} >= {200, 409}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_in_attributes_is_found(fault: str, contract: Contract) -> None:
    run = conduct(Notes(fault), contract, phases=("resources",))
    found = {(one.code, one.violation.operation) for one in run.findings}
    assert found == {FAULTS[fault]}, run.told


@pytest.fixture(scope="module")
def guarded() -> Contract:
    return troth.load(json.dumps(spec(is_guarded=True)).encode(), overlays=[])


def test_who_insists_on_a_tag_gets_one_with_the_attributes_alone(guarded: Contract) -> None:
    server = Notes(is_guarded=True)
    phases = ("examples", "resources", "boundary", "random")
    run = conduct(server, guarded, phases=phases, allow_destructive=False, max_requests=300)
    assert [told for told in run.told if told.startswith("error")] == []
    changed = [one.exchange for one in run.exchanges if one.exchange.request.method == "PATCH"]
    refused = [one for one in changed if one.response is not None and one.response.status == 428]
    assert len(refused) < len(changed) / 10


@pytest.mark.parametrize("fault", ["lost", "resets", "null kept"])
def test_each_fault_in_attributes_alone_is_found(fault: str, guarded: Contract) -> None:
    run = conduct(Notes(fault, is_guarded=True), guarded, phases=("resources",))
    assert FAULTS[fault] in {(one.code, one.violation.operation) for one in run.findings}, run.told
