"""What the options of a run mean: the documents that a server is held to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from test_loading import API, OVERLAY
from troth import loading
from troth.cli import run_options


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("api.yaml").write_text(API)
    return tmp_path


def options(**given: Any) -> dict[str, Any]:
    return {
        "app": None,
        "document": None,
        "overlay": (),
        "published": False,
        "no_bundled_overlay": False,
        "strict_document": False,
        **given,
    }


def test_a_document_alone_is_held_to_itself() -> None:
    contract, second = run_options.contracts_of(options(document="api.yaml"))
    assert (contract.published is contract, second) == (True, None)


def test_an_overlay_beside_the_document_is_a_second_opinion_and_changes_nothing_else() -> None:
    Path("api.overlay.yaml").write_text(OVERLAY)
    contract, second = run_options.contracts_of(options(document="api.yaml"))
    assert second is not None
    assert contract.published is contract
    assert contract.document.digest == loading.load("api.yaml").document.digest
    assert second.published is contract


def test_an_overlay_that_is_named_is_applied_and_one_beside_it_is_not_looked_for() -> None:
    Path("api.overlay.yaml").write_text("not: [an overlay")
    Path("other.overlay.yaml").write_text(OVERLAY)
    given = options(document="api.yaml", overlay=("other.overlay.yaml",))
    contract, second = run_options.contracts_of(given)
    assert (contract.published is contract, second) == (False, None)


def test_overlays_are_added_to_the_bundled_one_unless_it_is_dropped() -> None:
    Path("other.overlay.yaml").write_text(
        "overlay: 1.0.0\ninfo: {title: o, version: '1'}\n"
        "actions: [{target: $.info, update: {title: Other}}]\n"
    )
    given = options(overlay=("other.overlay.yaml",))
    added, _ = run_options.contracts_of(given)
    assert added.document.root["info"]["title"] == "Other"
    assert added.operations[0].laws
    assert run_options.overlays_of(given) == ("spec/atoma.overlay.yaml", "other.overlay.yaml")
    given["no_bundled_overlay"] = True
    alone, _ = run_options.contracts_of(given)
    assert alone.document.root["info"]["title"] == "Other"
    assert not alone.operations[0].laws
    assert run_options.overlays_of(given) == ("other.overlay.yaml",)


def test_the_bundled_document_is_held_to_its_overlay_or_as_published() -> None:
    contract, second = run_options.contracts_of(options())
    assert (contract.published is contract, second) == (False, None)
    published, overlaid = run_options.contracts_of(options(published=True))
    assert overlaid is not None
    assert published is overlaid.published
