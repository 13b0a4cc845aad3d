"""Links, actions, uploads and what a server decides itself: each fault is found, no manner told."""

from __future__ import annotations

import json
import os

import pytest

import troth
from servers.conduct import Conducted, conduct
from servers.depot import BASE, FAULTS, MANNERS, Depot, spec
from troth.openapi.contract import Contract

#: Faults that do not hide one another are tried at once, and manners that one server may have.
TOGETHER: tuple[tuple[str, ...], ...] = (
    (
        *("location without base", "link without base", "report without base", "takes an owner"),
        *("restores nothing", "no item for HEAD", "size", "name breaks a field", "anybody adds"),
        "count is lost",
    ),
    (
        *("next without base", "report is lost", "publishes nothing", "takes a moment"),
        *("all for HEAD", "type", "content is cut", "content for all", "files stay"),
        "restores less",
    ),
    ("publish revives", "content as text", "mask ignored"),
    ("read once deleted",),
)
MANNERS_TOGETHER: tuple[tuple[str, ...], ...] = (
    (),
    ("without base too", "strict", "no HEAD"),
    ("another host", "shows what is deleted", "late reports", "renames files", "HEAD unknown"),
)
if os.environ.get("TROTH_EVERY_FAULT"):  # each by itself
    TOGETHER = tuple((fault,) for fault in FAULTS)
    MANNERS_TOGETHER = tuple((manner,) for manner in MANNERS)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return troth.load(json.dumps(spec()).encode(), overlays=[])


def life(server: Depot, contract: Contract) -> Conducted:
    """A run of the resources alone, as one user beside another."""
    return conduct(
        server,
        contract,
        base=BASE,
        token="ann:secret",
        second_token="bo:secret",
        phases=("resources",),
        max_requests=1000,
    )


@pytest.mark.parametrize("faults", TOGETHER)
def test_each_fault_of_a_depot_is_found(faults: tuple[str, ...], contract: Contract) -> None:
    run = life(Depot(faults), contract)
    found = {(one.code, one.violation.operation) for one in run.findings}
    assert found == {FAULTS[fault] for fault in faults}, run.told


@pytest.mark.parametrize("manners", MANNERS_TOGETHER)
def test_no_manner_of_a_depot_is_accused(manners: tuple[str, ...], contract: Contract) -> None:
    run = life(Depot(manners=manners), contract)
    assert run.told == []
    assert run.finished.verdict == "conforms"


def test_an_action_behind_many_others_is_followed_where_there_is_a_state_to_tell() -> None:
    document = spec()
    first = document["paths"]["/crates/{crate}/restore"]
    verbs = ("restore", "weigh", "pack", "count")
    others = {f"/crates/{{crate}}/{verb}": first for verb in verbs}
    document["paths"] = {**others, **document["paths"]}
    contract = troth.load(json.dumps(document).encode(), overlays=[])
    run = life(Depot(("publishes nothing",)), contract)
    told = [(one.code, one.violation.operation) for one in run.findings]
    assert told == [FAULTS["publishes nothing"]]


def test_all_that_a_depot_may_do_wrong_is_tried() -> None:
    assert {fault for faults in TOGETHER for fault in faults} == set(FAULTS)
    assert {manner for manners in MANNERS_TOGETHER for manner in manners} == set(MANNERS)
