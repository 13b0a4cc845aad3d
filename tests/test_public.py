"""The public API: pinned, so that a change to it is one that somebody decided."""

from __future__ import annotations

import subprocess
import sys

import pytest

import troth


def test_the_public_names_are_these() -> None:
    assert troth.__all__ == [
        "Contract",
        "Document",
        "Exchange",
        "Match",
        "MethodNotAllowed",
        "NoSuchOperation",
        "NoSuchPath",
        "Operation",
        "Place",
        "Request",
        "Response",
        "SpecError",
        "TrothError",
        "Violation",
        "load",
    ]


@pytest.mark.parametrize("name", troth.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(troth, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'troth' has no attribute 'lode'"):
        troth.lode  # noqa: B018 - the access is the act


def test_importing_troth_imports_no_heavy_library() -> None:
    script = (
        "import sys, troth\n"
        "heavy = {'hypothesis', 'openapi_core', 'aiohttp', 'jsonschema', 'pytest', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
