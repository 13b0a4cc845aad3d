"""What is inferred of real documents, beside what a person says of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import troth
from troth.openapi.contract import Contract
from troth.openapi.resources import resources

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
EXPECTED = yaml.safe_load(Path(__file__).with_name("resources_of_corpus.yaml").read_bytes())
_METHODS = {
    "list": "GET",
    "create": "POST",
    "read": "GET",
    "replace": "PUT",
    "update": "PATCH",
    "delete": "DELETE",
}
Facts = dict[str, Any]


def told(said: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a person says, fact by fact: what each operation does, and where things stand."""
    for name in said.get("none", ()):
        yield name, None
    for path, each in said.items():
        if path == "none":
            continue
        collection = each.get("in", path)
        for roles, at in ((each.get("all", ""), collection), (each.get("own", ""), path)):
            for role in roles.split():
                yield f"{_METHODS[role]} {at}", (path, role)
        for name, role in each.get("other", {}).items():
            yield name, (path, role)
        for fact in ("id", "array", "under", "named"):
            if fact in each:
                yield f"{fact} of {path}", each[fact]


def inferred(contract: Contract) -> Facts:
    found = resources(contract)
    facts: Facts = {}
    for operation in contract.operations:
        resource, role = found.of(operation), found.role(operation)
        facts[operation.name] = (resource.path, role) if resource is not None else None
    for resource in found.all:
        parent = resource.parent
        facts[f"id of {resource.path}"] = resource.identifier
        facts[f"under of {resource.path}"] = parent.path if parent is not None else None
        facts[f"named of {resource.path}"] = resource.is_client_named
        for operation in resource.operations.get("list", ())[:1]:
            statuses = [int(each.status) for each in operation.responses if each.status[0] == "2"]
            facts[f"array of {resource.path}"] = resource.items(operation, statuses[0])
    return facts


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus is not at {CORPUS}")
@pytest.mark.parametrize("name", EXPECTED)
def test_a_person_says_the_same(name: str) -> None:
    said = dict(told(EXPECTED[name]))
    contract = troth.load(CORPUS / name, overlays=[])
    assert {each.name for each in contract.operations} <= said.keys()
    facts = inferred(contract)
    assert {fact: facts.get(fact, "nothing") for fact in said} == said
