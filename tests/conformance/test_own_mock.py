"""Our own mock is held to the contract that it serves, on every run of the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from troth.testing import Outcome

Conform = Callable[..., Outcome]

# the two runs share what is imported and compiled, so one worker does both
pytestmark = pytest.mark.xdist_group("own-mock")


def test_the_mock_keeps_every_promise_of_the_bundled_document(
    conformance: Conform, mock_server: Any
) -> None:
    outcome = conformance(mock_server.url, strict=True)
    outcome.assert_conforms()
    assert outcome.findings == ()
    assert outcome.account.requests <= 1000
    laws = [law for operation in outcome.account.operations for law in operation.laws]
    assert len(laws) > 30
    never = {law.id for law in laws if law.state == "never applied"}
    # a few can say nothing of a server whose answers happen to end by themselves
    assert len(never) <= 3, never


def test_the_mock_keeps_every_promise_of_the_document_as_published(
    conformance: Conform, mock_server: Any
) -> None:
    outcome = conformance(mock_server.url, strict=True, published=True)
    outcome.assert_conforms()
    assert outcome.findings == ()
