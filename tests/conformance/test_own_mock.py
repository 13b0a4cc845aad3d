"""Our own mock is held to the contract that it serves, on every run of the tests."""

from __future__ import annotations

import json
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
    # half of a whole run: it is the same mock as above, and the suite has five minutes
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


ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
RULE = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": {"type": "string"},
        "enforcement": {"enum": ["active"]},
    },
}
TOLD = {**RULE, "required": ["id", "name", "enforcement"]}


def taking(schema: Any, status: str, *, sent: Any = None, parameters: Any = ()) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    made: dict[str, Any] = {"responses": {status: {"description": "", "content": content}}}
    body = {"required": True, "content": {"application/json": {"schema": sent}}}
    return {**made, "parameters": list(parameters), **({"requestBody": body} if sent else {})}


RULES = {
    "/rules": {"post": taking(TOLD, "201", sent=TOLD)},
    "/rules/{id}": {
        "get": taking(TOLD, "200", parameters=[ID]),
        "put": taking(TOLD, "200", sent=RULE, parameters=[ID]),
    },
}


def test_what_a_rule_begins_with_is_not_taken_for_what_it_was_before(
    conformance: Conform, mock_servers: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "api.json"
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": RULES}
    path.write_text(json.dumps(root))
    contract = troth.load(path)
    server = mock_servers(contract)
    run = {"phase": ["examples", "resources"], "strict": True}
    outcome = conformance(server.url, contract=contract, **run)
    assert outcome.findings == ()
