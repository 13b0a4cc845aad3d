"""No server is accused of what it is free to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import troth
from servers.conduct import conduct
from servers.right_servers import RIGHT
from servers.wire import Answer, Asked


@pytest.mark.parametrize("name", RIGHT)
def test_a_server_that_only_looks_wrong_is_told_nothing_of(name: str, tmp_path: Path) -> None:
    right = RIGHT[name]()
    file, overlay = tmp_path / "api.json", tmp_path / "api.overlay.json"
    file.write_text(json.dumps(right.document), encoding="utf-8")
    overlay.write_text(json.dumps(right.overlay or {}), encoding="utf-8")
    contract = troth.load(file, overlays=[overlay] if right.overlay else [])
    found = conduct(right.handler, contract)
    assert len(found.exchanges) > 5
    # what only the overlay rejects is a warning, and that is what it is there for
    assert found.of("error") == [], found.told
    assert right.overlay is not None or found.told == []
    assert found.finished.verdict == ("conforms")


def test_a_connection_that_is_closed_on_every_request_is_a_finding(tmp_path: Path) -> None:
    right = RIGHT["closes_idle_connections"]()
    answer = right.handler

    def dies(asked: Asked) -> Answer:
        made = answer(asked)
        made.abort_after, made.raw_head = 0, b""
        return made

    file = tmp_path / "api.json"
    file.write_text(json.dumps(right.document), encoding="utf-8")
    contract = troth.load(file)
    assert "transport.empty-reply" in {one.code for one in conduct(dies, contract).findings}
