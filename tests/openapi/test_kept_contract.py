"""A contract that is found in the cache is the contract that was compiled."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import troth
from random_documents import documents
from troth import loading
from troth.document import cache, document
from troth.openapi import kept_contract, reader
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.schema.schema import Schema

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
SMALL = 300_000

T = "#/components/schemas/T"
ODD: dict[str, Any] = {
    "openapi": "3.2.0",
    "info": {"title": "t", "version": "1"},
    "servers": [{"url": "/v1"}, {"url": "https://h/{v}", "variables": {"v": {"default": "v2"}}}],
    "paths": {
        "/things/{id}": {
            "$ref": "#/components/pathItems/Thing",
        },
        "additionalOperations": {"get": {"responses": {"200": {"description": "no slash"}}}},
        "/more?kind={kind}": {
            "parameters": [{"name": "kind", "in": "query", "schema": {"type": "string"}}],
            "additionalOperations": {
                "get": {"operationId": "lower", "responses": {"200": {"description": "x"}}},
                "COPY": {"operationId": "lower", "responses": {"200": {"description": "x"}}},
            },
            "get": {"servers": [{"url": "/own"}], "responses": {"2xx": {"description": "x"}}},
        },
    },
    "components": {
        "pathItems": {
            "Thing": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "bad", "in": "nowhere", "schema": {}},
                ],
                "put": {
                    "security": [{"nobody": []}],
                    "requestBody": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/T"}}
                        }
                    },
                    "responses": {"200": {"description": "x"}},
                },
            }
        },
        "schemas": {
            "T": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "integer", "readOnly": True},
                    "name": {"type": "string", "pattern": "\\p{L}["},
                    "kind": {"type": "any"},
                },
            }
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TROTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "LARGE", 0)
    return tmp_path / "cache"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    (tmp_path / "odd.json").write_text(json.dumps(ODD, indent=1))
    return tmp_path / "odd.json"


def whole(value: Any) -> Any:
    """All that *value* says, as plain values that can be compared."""
    if isinstance(value, Schema):
        return value.pointer, value.source, value.prepared, value.content, str(value.place)
    if isinstance(value, document.Document):
        return value.digest
    if is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in fields(value) if not each.name.startswith("_")]
        return type(value).__name__, [(name, whole(getattr(value, name))) for name in names]
    if isinstance(value, (list, tuple)):
        return [whole(each) for each in value]
    if isinstance(value, dict):
        return [(key, whole(each)) for key, each in value.items()]
    return value


def told(contract: Contract) -> Any:
    """What a contract says of itself, but its verbs."""
    faults = [(type(each), vars(each)) for each in contract.faults]
    places = [[text for text, _ in routes] for routes in shapes(contract)]
    templates = [operation.template for operation in contract.operations]
    return whole(contract.operations), faults, places, templates, contract.document.digest


def shapes(contract: Contract) -> Iterator[list[tuple[str, Any]]]:
    routes = contract.routes
    yield [(path, None) for path in routes.literal]
    yield [
        (route.template.shape, sorted(route.faces))
        for count in routes.templated
        for route in routes.templated[count]
    ]


def judged(contract: Contract) -> list[str]:
    """What is said of a wrong exchange with each operation."""
    return [
        str(violation)
        for operation in contract.operations
        for target in [re.sub(r"\{[^}]*\}", "1", operation.path)]
        for exchange in [
            troth.Exchange(
                troth.Request(operation.method, target, (("content-type", "application/json"),)),
                troth.Response(200, (("content-type", "application/json"),), b'{"a": 1}'),
            )
        ]
        for violation in contract.validate(exchange)
    ]


def compile_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **more: Any) -> None:
        raise AssertionError("it was compiled")

    monkeypatch.setattr(reader, "compile", refuse)


def names() -> list[str]:
    found = CORPUS.iterdir() if CORPUS.is_dir() else ()
    return sorted(
        each.name
        for each in found
        if each.suffix in (".json", ".yaml", ".yml") and each.stat().st_size < SMALL
    )


@pytest.mark.parametrize("name", names())
def test_documents_of_others_are_found_as_they_were_compiled(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = troth.load(CORPUS / name)
    expected = told(cold), judged(cold)
    compile_nothing(monkeypatch)

    warm = troth.load(CORPUS / name)

    assert (told(warm), judged(warm)) == expected


@pytest.mark.parametrize("is_large", [False, True])
def test_faults_and_what_was_read_otherwise_are_kept(
    is_large: bool, folder: Path, odd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_large:
        monkeypatch.setattr("troth.schema.validators.MANY", 0)
    cold = troth.load(odd)
    expected = told(cold), judged(cold)
    assert len(cold.faults) > 5
    compile_nothing(monkeypatch)

    warm = troth.load(odd)

    assert (told(warm), judged(warm)) == expected
    assert [operation.method for operation in warm.operations].count("get") == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(root=documents())
def test_any_document_is_found_as_it_was_compiled(
    root: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TROTH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(cache, "LARGE", 0)
        text = json.dumps(root).encode()
        cold, warm = (
            kept_contract.compile(document.read(text, name="it.json"), verbs=loading._VERBS)
            for _ in range(2)
        )
        assert (told(warm), judged(warm)) == (told(cold), judged(cold))


def test_an_operation_is_read_when_it_is_used(
    folder: Path, odd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    troth.load(odd)
    read: list[str] = []
    members = reader.members
    monkeypatch.setattr(
        reader, "members", lambda *given: read.append(given[2].pointer) or members(*given)
    )

    contract = troth.load(odd)
    contract.match("GET", "/v1/additionalOperations")
    put = contract.operation("PUT /things/{id}")
    before = list(read)
    threads = [threading.Thread(target=lambda: put.parameters) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (before, read) == ([], [put.pointer])
    assert put.parameters[0] is put.parameters[0]


def test_an_operation_with_other_members_is_found_by_them(folder: Path, odd: Path) -> None:
    put = [troth.load(odd) for _ in range(2)][1].match("PUT", "/v1/things/7").operation

    other = replace(put, parameters=())

    assert (put.outline.in_path, other.outline.in_path) == (frozenset({"id"}), frozenset())


@pytest.mark.parametrize("suffix", [".contract", ".schemas"])
@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: data[:-1], None])
def test_what_is_damaged_or_of_another_document_is_as_good_as_none(
    suffix: str, spoil: Any, folder: Path, odd: Path
) -> None:
    expected = told(troth.load(odd))
    (kept,) = folder.glob(f"*{suffix}")
    (entry,) = folder.glob("*.document")
    good = kept.read_bytes()
    if spoil is None:
        cache.keep_beside(cache.Entry(entry, b"another"), suffix, [[], [], []])
    else:
        kept.write_bytes(spoil(good))

    contract = troth.load(odd)

    assert told(contract) == expected
    assert suffix == ".schemas" or kept.read_bytes() == good


def test_an_overlay_meets_the_contract_that_was_kept(folder: Path, odd: Path) -> None:
    mending = odd.with_name("it.overlay.json")
    action = {"target": "$.components.schemas.T", "update": {"required": ["name"]}}
    mending.write_text(
        json.dumps(
            {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": [action]}
        )
    )

    cold, warm = (troth.load(odd, overlays=[mending]) for _ in range(2))

    assert (told(warm), judged(warm)) == (told(cold), judged(cold))
    assert told(warm.published) == told(cold.published)


def test_a_contract_by_itself_is_compiled_as_ever(folder: Path) -> None:
    read = document.read(json.dumps(ODD).encode(), name="odd.json")

    found = [kept_contract.compile(replace(read, entry=None)) for _ in range(2)]

    assert told(found[0]) == told(found[1])
    assert all(isinstance(each, Operation) for each in found[0].operations)
