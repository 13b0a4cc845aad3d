"""Our own mock is held to the contract that it serves, on every run of the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import troth
from troth.testing import Outcome

Conform = Callable[..., Outcome]

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
#: Documents of others that have things to create, read, list, change and delete.
OF_THINGS = (
    "petstore-expanded-30.yaml",
    "museum-31.yaml",
    "swagger-petstore-304.yaml",
    "cafe-32.yaml",
    "spring-petclinic.yml",
)

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
    outcome = conformance(mock_server.url, strict=True, published=True, max_requests=500)
    outcome.assert_conforms()
    assert outcome.findings == ()


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of other documents is not here")
@pytest.mark.parametrize("name", OF_THINGS)
def test_the_mock_keeps_what_it_is_given_in_documents_of_others(
    conformance: Conform, mock_servers: Callable[..., Any], name: str
) -> None:
    contract = troth.load(CORPUS / name)
    server = mock_servers(contract, tokens=("one", "other"))
    run = {"token": "one", "second_token": "other", "phase": ["examples", "stateful"]}
    outcome = conformance(server.url, contract=contract, allow_destructive=True, strict=True, **run)
    assert outcome.findings == ()
