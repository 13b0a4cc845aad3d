"""What the tests of commands share."""

from __future__ import annotations

import pytest

import bundled


@pytest.fixture(autouse=True)
def _bundled_document_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled.read_once(monkeypatch)
