"""`troth.load`: from a file to a contract with its verbs."""

from __future__ import annotations

from pathlib import Path

import pytest

import troth
from troth import loading
from troth.document import document

API = """\
openapi: 3.1.0
info: {title: Pets, version: '1'}
paths:
  /pets/{id}:
    get:
      operationId: readPet
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: A pet.}}
"""
OVERLAY = """\
overlay: 1.0.0
info: {title: More, version: '1'}
actions:
  - target: $.paths['/pets/{id}'].get.parameters[0].schema
    update: {minimum: 1}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("api.yaml").write_text(API)
    Path("positive.overlay.yaml").write_text(OVERLAY)
    return tmp_path


def codes(contract: troth.Contract, target: str) -> list[str]:
    exchange = troth.Exchange(troth.Request("GET", target))
    return [violation.code for violation in contract.validate(exchange)]


def test_a_document_alone_is_its_own_published_contract() -> None:
    contract = troth.load("api.yaml")
    assert contract.published is contract
    assert [operation.name for operation in contract.operations] == ["GET /pets/{id}"]


def test_an_overlay_changes_the_contract_and_not_the_published_one() -> None:
    contract = troth.load(Path("api.yaml"), overlays=[Path("positive.overlay.yaml")])
    assert codes(contract, "/pets/0") == ["request-path.minimum"]
    assert codes(contract.published, "/pets/0") == []
    assert contract.published.document.digest == document.read("api.yaml").digest


def test_a_parameter_that_moves_up_when_another_is_removed_keeps_its_schema() -> None:
    page = "{name: page, in: query, schema: {type: integer}}"
    sort = "{name: sort, in: query, schema: {enum: [up, down]}}"
    Path("api.yaml").write_text(API.replace("[{name: id", f"[{page}, {sort}, {{name: id"))
    Path("no-page.yaml").write_text(
        OVERLAY.replace("[0].schema", "[0]").replace("update: {minimum: 1}", "remove: true")
    )
    contract = troth.load("api.yaml", overlays=["no-page.yaml"])
    assert codes(contract, "/pets/1?sort=up") == []
    assert codes(contract, "/pets/1?sort=5") == ["request-query.enum"]
    assert codes(contract.published, "/pets/1?sort=5") == ["request-query.enum"]


def test_what_an_overlay_adds_cites_the_overlay() -> None:
    contract = troth.load("api.yaml", overlays=["positive.overlay.yaml"])
    exchange = troth.Exchange(troth.Request("GET", "/pets/0"))
    (violation,) = contract.validate(exchange)
    assert str(violation.place) == "positive.overlay.yaml:5:14"


def test_without_a_document_it_is_the_bundled_one_with_its_overlay() -> None:
    contract = troth.load()
    assert contract.document.file == "spec/atoma.yaml"
    assert contract.published is not contract
    assert [operation.operation_id for operation in contract.operations] == [
        "chat_completions_create"
    ]
    assert contract.published.document.root == troth.load(overlays=[]).document.root


MINE = (
    "overlay: 1.0.0\ninfo: {title: Mine, version: '1'}\n"
    "actions: [{target: $.info, update: {title: Mine}}]\n"
)


def test_overlays_that_are_given_are_all_that_are_applied() -> None:
    Path("mine.yaml").write_text(MINE)
    published, effective = loading.read(overlays=["mine.yaml"])
    assert effective.root == {**published.root, "info": {**published.root["info"], "title": "Mine"}}


def test_what_a_user_names_comes_after_the_bundled_overlay_once() -> None:
    Path("mine.yaml").write_text(MINE)
    chosen = loading.with_bundled_overlays(None, ["mine.yaml"])
    assert chosen == [*loading.bundled_overlays(), "mine.yaml"]
    assert loading.with_bundled_overlays(None, chosen) == chosen
    assert loading.with_bundled_overlays(None, ["atoma"]) == ["atoma"]
    assert loading.with_bundled_overlays(None, ["mine.yaml"], bundled=False) == ["mine.yaml"]
    assert loading.with_bundled_overlays(None, []) is None
    assert loading.with_bundled_overlays("api.yaml", ["mine.yaml"]) == ["mine.yaml"]


def test_an_overlay_that_ships_has_a_name_unless_a_file_has_it() -> None:
    by_name = troth.load(overlays=["atoma"])
    assert by_name.document.root == troth.load().document.root
    assert loading.overlay_name("atoma") == "spec/atoma.overlay.yaml"
    again = troth.load(overlays=[loading.overlay_name("atoma")])
    assert again.document.digest == by_name.document.digest
    Path("atoma").write_text(MINE)
    assert troth.load(overlays=["atoma"]).document.root["info"]["title"] == "Mine"


def test_a_name_that_none_has_is_told_with_the_nearest() -> None:
    with pytest.raises(troth.SpecError, match=r"no overlay 'atma'.*\nDid you mean 'atoma'"):
        troth.load(overlays=["atma"])


def test_the_bundled_files_are_named_the_same_wherever_they_are() -> None:
    contract = troth.load()
    places = [contract.document.place(law.pointer) for law in contract.operations[0].laws]
    assert {str(place).partition(":")[0] for place in places} == {"spec/atoma.overlay.yaml"}


def test_a_law_without_meaning_is_told_with_file_and_line() -> None:
    Path("bad.yaml").write_text(
        "overlay: 1.0.0\ninfo: {title: Bad, version: '1'}\nactions:\n"
        "  - target: $.paths['/pets/{id}'].get\n    update:\n      x-troth-laws:\n"
        "        - {id: a, says: A, message: a, holds: response.a ==}\n"
    )
    with pytest.raises(troth.SpecError) as caught:
        troth.load("api.yaml", overlays=["bad.yaml"])
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.line) == ("bad.yaml", 7)


@pytest.mark.parametrize("valid", [True, False])
def test_a_strategy_draws_requests_of_the_operation(valid: bool) -> None:
    from hypothesis import given, settings

    contract = troth.load("api.yaml", overlays=["positive.overlay.yaml"])

    @settings(max_examples=15)
    @given(contract.strategy("readPet", valid=valid))
    def draws(request: troth.Request) -> None:
        assert isinstance(request, troth.Request)
        assert (contract.validate(troth.Exchange(request)) == ()) is valid

    draws()


def test_a_strategy_of_no_operation_says_which_there_are() -> None:
    with pytest.raises(troth.NoSuchOperation, match=r"it has GET /pets/\{id\}"):
        troth.load("api.yaml").strategy("writePet")


def test_the_overlay_beside_a_document_has_its_name_and_yaml_comes_first() -> None:
    assert loading.overlay_beside("api.yaml") is None
    for suffix in (".json", ".yml", ".yaml"):
        Path(f"api.overlay{suffix}").write_text(OVERLAY)
        Path("other.overlay.yaml").write_text(OVERLAY)
        assert loading.overlay_beside("api.json") == Path(f"api.overlay{suffix}")
