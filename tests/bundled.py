"""The contract of the bundled document: compiled once for all tests of a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import troth
import troth.lint
from troth import loading
from troth.document.document import Document

CONTRACT = troth.load()

_load, _lint = loading.load, troth.lint.lint


def read_once(patch: pytest.MonkeyPatch) -> None:
    """Give the contract to the commands that run in this process, and what lint finds in it.

    To read, compile and lint the document takes as long as all requests of a short run.
    """
    patch.setattr(loading, "load", _loaded)
    patch.setattr(troth.lint, "lint", _linted)


def _loaded(
    source: Any = None, *, overlays: Sequence[str | Path] | None = None, **more: Any
) -> troth.Contract:
    if source is None and overlays in (None, list(loading.bundled_overlays())):
        return CONTRACT
    return _load(source, overlays=overlays, **more)


def _linted(document: Document, *, ignored: Sequence[Any] = ()) -> tuple[Any, ...]:
    if document is CONTRACT.document and not ignored:
        return _found()
    return _lint(document, ignored=ignored)


@cache
def _found() -> tuple[Any, ...]:
    return _lint(CONTRACT.document)
