"""Forms, references by a bare name, pages after an item, keys: faults are found, nothing else."""

from __future__ import annotations

import json
import os

import pytest

import troth
from servers.conduct import Conducted, conduct
from servers.till import FAULTS, Till, spec
from troth.openapi.contract import Contract

#: Faults that do not hide one another are tried at once.
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("note is cut", "counted up alone", "key of another body", "moment ignored", "says no more"),
    ("tag of the handle", "all are counted", "handle twice at once", "customer ignored"),
    ("key twice at once", "skips one", "total of all"),
    ("one kind",),
)
if os.environ.get("TROTH_EVERY_FAULT"):  # each by itself
    TOGETHER = tuple((fault,) for fault in FAULTS)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return troth.load(json.dumps(spec()).encode(), overlays=[])


def run(server: Till, contract: Contract, **settings: object) -> Conducted:
    return conduct(server, contract, token=None, allow_destructive=False, **settings)


def test_a_till_is_accused_of_nothing_and_reached_everywhere(contract: Contract) -> None:
    found = run(Till(), contract, max_requests=1000)
    assert found.told == []
    assert found.finished.verdict == "conforms"
    taken = {
        one.operation
        for one in found.exchanges
        if one.exchange.response is not None and one.exchange.response.status == 200
    }
    assert taken >= {operation.name for operation in contract.operations}


@pytest.mark.parametrize("faults", TOGETHER)
def test_each_fault_of_a_till_is_found(faults: tuple[str, ...], contract: Contract) -> None:
    found = run(Till(faults), contract, phases=("resources",), max_requests=1000)
    codes = {(one.code, one.violation.operation) for one in found.findings}
    assert codes >= {FAULTS[fault] for fault in faults}, found.told


def test_all_that_a_till_may_do_wrong_is_tried() -> None:
    assert {fault for faults in TOGETHER for fault in faults} == set(FAULTS)
