"""Of an API that keeps what it is given every fault is found, and no legal manner is accused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cache

import pytest

import troth
from servers import marina_request_faults
from servers.conduct import CAPS, SHORT, Conducted, conduct, matches
from servers.marina import Marina
from servers.marina_document import Manner, document
from servers.marina_faults import Fault
from troth.conformance.settings import PHASES
from troth.openapi.contract import Contract

Contracts = Callable[[Manner], Contract]
#: All of them: those of requests stand in the same table.
FAULTS = marina_request_faults.FAULTS

#: Legal manners: each has something that a careless check would accuse.
MANNERS = {
    "plain": Manner(),
    "enveloped": Manner(
        envelope=True, paging="page", problem=True, ids="uuid", invalid=400, bad_id=404
    ),
    "location alone": Manner(
        created="location",
        updated="nothing",
        paging="cursor",
        foreign=403,
        slash="redirected",
        strict=True,
        tidies=True,
    ),
    "in its own time": Manner(
        created="accepted",
        deleted="accepted",
        late_list=True,
        head="refused",
        paging="link",
        slash="taken",
        lenient_numbers=True,
    ),
    "remembering": Manner(
        created="ok",
        deleted="gone",
        ids="slug",
        cap=10,
        precondition="required",
        weak_tags=True,
        extras=True,
    ),
    "forgiving": Manner(
        deleted="always",
        newest_first=True,
        validates_first=True,
        precondition="none",
        envelope=True,
        paging="cursor",
        cap=5,
        head="unknown",
    ),
    "giving back": Manner(
        deleted="item", ids="uuid", tidies=True, bad_id=404, paging="page", mapped=True
    ),
}


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Contracts:
    @cache
    def loaded(manner: Manner) -> Contract:
        file = tmp_path_factory.mktemp("marina") / "marina.json"
        file.write_text(json.dumps(document(manner)), encoding="utf-8")
        return troth.load(file)

    return loaded


@pytest.mark.parametrize("name", MANNERS)
def test_a_legal_manner_is_accused_of_nothing(name: str, contracts: Contracts) -> None:
    manner = MANNERS[name]
    found = conduct(Marina(manner), contracts(manner), strict=True, **SETTINGS)
    assert found.told == []
    assert found.finished.verdict == "conforms"


#: What a person who tests an API of 26 operations gives; less where time is short.
SETTINGS: dict[str, object] = {
    "max_requests": 3000 if os.environ.get("TROTH_EVERY_FAULT") else 1200,
    "second_token": "second-token",
}
#: Where each class of faults shows first: the run stops there, so the order saves most of it.
FIRST: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("life cycle", "crash in a state", "list", "location", "etag", "second user", "race"),
        ("resources",),
    ),
    **dict.fromkeys(
        ("parameter unchecked", "parameter crashes", "parameter refused"),
        ("examples", "boundary", "protocol"),
    ),
    "protocol": ("resources", "protocol"),
    "leak": ("stateful",),
}


def held(fault: Fault, contract: Contract) -> Conducted:
    """A run against a server with *fault*, until it is found."""
    first = FIRST.get(fault.kind, ())
    return conduct(
        fault.server(fault.manner),
        contract,
        until=fault.codes,
        caps=SHORT if fault.hangs else CAPS,
        phases=(*first, *(phase for phase in PHASES if phase not in first)),
        **SETTINGS,
    )


def _chosen() -> list[str]:
    """Some of each class; all of them where TROTH_EVERY_FAULT is set, which takes minutes."""
    if os.environ.get("TROTH_EVERY_FAULT"):
        return list(FAULTS)
    kinds: dict[str, list[str]] = {}
    for name in FAULTS:
        kinds.setdefault(FAULTS[name].kind, []).append(name)
    chosen = [name for of_kind in kinds.values() for name in of_kind[::_ONE_IN]]
    return list(dict.fromkeys((*chosen, *_ALONE)))


#: Of the faults of one class every so many are tried each time.
_ONE_IN = 15
#: Each is all that some check is there for.
_ALONE = ("PatchReplacesTheMarks", "ReadsTripsOfOthersBelowOwn", "DeletedBerthsStayInTheMap")


@pytest.mark.parametrize("name", _chosen())
def test_a_faulty_marina_is_found(name: str, contracts: Contracts) -> None:
    fault = FAULTS[name]
    found = held(fault, contracts(fault.manner))
    codes = [one.code for one in found.findings]
    assert any(matches(code, fault.codes) for code in codes), (found.finished, found.told)


def test_what_fails_only_at_once_is_told_so(contracts: Contracts) -> None:
    fault = FAULTS["CreatesAtOnceCrash"]
    found = held(fault, contracts(fault.manner))
    assert any(
        "while 3 others had no answer yet" in one.violation.message for one in found.findings
    )


def test_to_try_all_resources_takes_few_requests(contracts: Contracts) -> None:
    found = conduct(Marina(), contracts(Manner()), phases=("resources",), max_requests=3000)
    assert found.told == []
    assert 200 < len(found.exchanges) < 600
