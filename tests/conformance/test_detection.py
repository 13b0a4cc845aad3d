"""Every faulty server is found, with the right code and without a wall of findings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest

from bundled import CONTRACT
from servers.catalogue import FAULTS
from servers.conduct import CAPS, SHORT, conduct, matches, plan_once
from troth.conformance.settings import PHASES

ROOT = CONTRACT.document.root
#: Where each class of faults shows first: the run stops there, so the order saves most of it.
FIRST: Mapping[str, tuple[str, ...]] = {
    "crash": ("boundary", "protocol", "examples"),
    "invalid accepted": ("boundary", "protocol"),
    "valid refused": ("boundary", "protocol"),
    "authentication": ("protocol", "stateful"),
    "state": PHASES,
    "slowness": ("examples", "stateful"),
    "stream and body": ("stateful",),
}


#: The cases of every phase, once they are laid out.
PLANS: dict[Any, Any] = {}


@pytest.fixture(autouse=True)
def _one_plan_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    plan_once(monkeypatch, PLANS)


def _chosen() -> list[str]:
    """Some of each class; all of them where TROTH_EVERY_FAULT is set, which takes minutes."""
    if os.environ.get("TROTH_EVERY_FAULT"):
        return list(FAULTS)
    kinds: dict[str, list[str]] = {}
    for name, fault in FAULTS.items():
        kinds.setdefault(fault.kind, []).append(name)
    return [name for names in kinds.values() for name in names[::_ONE_IN]]


#: Of the faults of one class every so many are tried each time.
_ONE_IN = 12


@pytest.mark.parametrize("name", _chosen())
def test_a_faulty_server_is_found(name: str) -> None:
    fault = FAULTS[name]
    first = FIRST.get(fault.kind, ("examples",))
    phases = (*first, *(phase for phase in PHASES if phase not in first))
    hangs = any(code.startswith("transport.") for code in fault.codes)
    found = conduct(
        fault.server(ROOT),
        CONTRACT,
        until=fault.codes,
        phases=phases,
        caps=SHORT if hangs else CAPS,
    )
    codes = [one.code for one in found.findings]
    assert any(matches(code, fault.codes) for code in codes), (found.finished, found.told)
    assert len(found.of("error")) <= 8, found.told
