"""Two documents, a chat and some pets, and scenarios for them that are written in the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from stages import PETS, Stage
from troth import loading
from troth.openapi.contract import Contract


@pytest.fixture(scope="package")
def pets() -> Contract:
    return loading.load(PETS.encode())


@pytest.fixture(scope="package")
def chat() -> Contract:
    return loading.load(None)


Staged = Callable[[str], Stage]


def _staged(contract: Contract, tmp_path: Path) -> Staged:
    def stage(written: str) -> Stage:
        path = tmp_path / "scenes.yaml"
        path.write_text(dedent(written), encoding="utf-8")
        made = Stage(contract, path)
        made.scenarios.open()
        return made

    return stage


@pytest.fixture
def of_pets(pets: Contract, tmp_path: Path) -> Staged:
    return _staged(pets, tmp_path)


@pytest.fixture
def of_chat(chat: Contract, tmp_path: Path) -> Staged:
    return _staged(chat, tmp_path)
