"""What a run is going to send, and what of it may be varied."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import troth
from bundled import CONTRACT
from troth.conformance.cases import (
    Case,
    cases_of,
    further_cases,
    random_cases,
    subjects,
    subjects_under_test,
)
from troth.conformance.cases.boundary import boundary
from troth.conformance.cases.case import request_key
from troth.conformance.cases.parameter_cases import parameter_cases
from troth.conformance.selection import selection
from troth.conformance.settings import Settings
from troth.seed import Seed

SETTINGS = Settings(url="http://127.0.0.1:1")
NAME = "POST /v1/chat/completions"
SUBJECTS = subjects_under_test(CONTRACT, SETTINGS)
SUBJECT = SUBJECTS[NAME]
MINIMAL: dict[str, Any] = SUBJECT.minimal


def ids(phase: str, settings: Settings = SETTINGS, **more: Any) -> list[str]:
    return [case.id for case in cases_of(phase, SUBJECTS.values(), settings=settings, **more)]


def test_a_clean_run_fits_its_budget() -> None:
    count = sum(len(ids(phase)) for phase in ("examples", "boundary", "protocol", "random"))
    assert 700 <= count <= 900
    assert ids("stateful") == []


def test_every_case_has_a_name_of_its_own() -> None:
    names = [
        name for phase in ("examples", "boundary", "protocol", "random") for name in ids(phase)
    ]
    assert len(names) == len(set(names))


def test_the_seed_decides_the_random_cases_alone() -> None:
    def bodies(phase: str, seed: int) -> list[bytes]:
        settings = replace(SETTINGS, seed=seed)
        return [case.request.body for case in cases_of(phase, SUBJECTS.values(), settings=settings)]

    assert bodies("random", 1) == bodies("random", 1) != bodies("random", 2)
    assert bodies("boundary", 1) == bodies("boundary", 2)


def test_a_small_budget_leaves_room_to_confirm() -> None:
    alone = replace(SETTINGS, phases=("random",), max_requests=50)
    assert len(ids("random", alone)) == 45


def test_a_run_that_goes_on_repeats_nothing_and_ends_when_there_is_nothing_new() -> None:
    taken: set[Any] = set()

    def is_new(case: Case) -> bool:
        key = request_key(case)
        if key in taken or len(taken) == 900:
            return False
        taken.add(key)
        return True

    further = list(further_cases(SUBJECTS.values(), Seed.of(1), is_new=is_new))
    assert len(further) == len(taken) == 900
    assert {case.phase for case in further} == {"boundary", "random"}
    ids = [case.id for case in further]
    assert not set(ids) & {f"random/{SUBJECT.slug}/{number:04}-valid" for number in range(121)}


def test_only_chooses_operations_or_codes() -> None:
    by_id = CONTRACT.operations[0].operation_id or ""
    assert list(subjects_under_test(CONTRACT, replace(SETTINGS, only=(by_id,)))) == [NAME]
    chosen = selection(CONTRACT, replace(SETTINGS, only=(NAME, "law", by_id)))
    assert chosen.codes == ("law",)
    assert list(subjects_under_test(CONTRACT, replace(SETTINGS, only=("law",)))) == [NAME]


def test_what_is_remembered_comes_first_and_in_the_first_phase_only() -> None:
    bodies = [{**MINIMAL, "n": 1}, {**MINIMAL, "n": 2}]
    planned = cases_of(
        "examples", SUBJECTS.values(), settings=SETTINGS, remembered=lambda _: bodies
    )
    first = list(islice(planned, 3))
    assert [case.value for case in first[:2]] == bodies
    assert [case.is_remembered for case in first[:3]] == [True, True, False]
    assert not any("remembered" in name for name in ids("boundary", remembered=lambda _: bodies))


def test_a_case_is_varied_only_into_one_of_the_same_kind() -> None:
    case = SUBJECT.case("examples", "x", {**MINIMAL, "n": 2}, about="x")
    assert case.is_variable
    smaller = SUBJECT.varied(case, MINIMAL)
    assert smaller is not None
    assert (smaller.id, smaller.value) == (case.id, MINIMAL)
    assert SUBJECT.varied(case, {**MINIMAL, "n": "2"}) is None
    assert not replace(case, phase="protocol").is_variable
    assert not replace(case, value=None).is_variable


def test_no_phase_makes_again_what_another_has_sent(tmp_path: Path) -> None:
    sent: set[Any] = set()
    tested = subjects(of_paths(tmp_path))
    for phase in ("examples", "boundary", "protocol", "random"):
        for case in cases_of(phase, tested, settings=SETTINGS, sent=sent):
            key = request_key(case)
            assert key not in sent or case.is_again or case.laws
            sent.add(key)


def test_what_differs_in_its_item_alone_is_not_drawn(tmp_path: Path) -> None:
    contract = of_paths(tmp_path)
    tested = subjects(contract)
    drawn = islice(random_cases(tested, Seed.of(1)), 9)
    assert {case.operation for case in drawn} == {"POST /boats", "GET /boats"}


def test_a_walk_begins_with_all_values_at_their_limits(tmp_path: Path) -> None:
    (create,) = (one for one in subjects(of_paths(tmp_path)) if one.made is not None)
    upper, lower, *others = boundary(create, limit=12)
    assert upper.value == {"name": "x" * 30, "length": 20, "built": "2024-02-29"}
    assert lower.value == {"name": "x", "length": 3}
    assert {upper.intent, lower.intent} == {"valid"}
    # one of each kind before a second of any
    kinds = [case.about.partition(": ")[2].partition(" instead of ")[0] for case in others[:-1]]
    assert len(kinds) == len(set(kinds)) == 9


def test_a_parameter_is_tried_where_most_servers_fail_first(tmp_path: Path) -> None:
    listing = next(one for one in subjects(of_paths(tmp_path)) if one.operation.parameters)
    walks = dict(parameter_cases(listing))
    first = [case.id.rpartition("/")[2] for case in islice(walks["query", "q"], 7)]
    assert first == [
        *("above-maxLength", "at-maxLength", "hard-characters", "empty"),
        *("a-NUL", "very-long", "given-twice"),
    ]
    first = [case.id.rpartition("/")[2] for case in islice(walks["query", "limit"], 6)]
    assert first == [
        *("below-minimum", "above-maximum", "at-maximum", "empty"),
        *("string-instead-of-integer", "a-fraction-instead-of-an-integer"),
    ]


def test_a_value_that_becomes_a_text_has_no_inner_places_any_more(tmp_path: Path) -> None:
    # at its limit an account is a text, and what it holds is put in after that
    holder = {"holder": {"type": "string", "maxLength": 9}}
    account = {
        "anyOf": [
            {"type": "string", "maxLength": 7},
            {"type": "object", "required": ["holder"], "properties": holder},
        ]
    }
    schema = {"type": "object", "required": ["account"], "properties": {"account": account}}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    paths = {"/payers": {"post": {"requestBody": body, "responses": {"204": {"description": ""}}}}}
    document = {"openapi": "3.1.0", "info": {"title": "", "version": "1"}, "paths": paths}
    (tmp_path / "payers.json").write_text(json.dumps(document))
    (create,) = subjects(troth.load(tmp_path / "payers.json"))
    assert [case.intent for case in boundary(create, limit=4)]


def of_paths(directory: Path) -> troth.Contract:
    """A list that is searched, and what is in it."""
    boat: dict[str, Any] = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 30},
            "length": {"type": "integer", "minimum": 3, "maximum": 20},
            "built": {"type": "string", "format": "date"},
        },
        "required": ["name", "length"],
    }
    kept = {"allOf": [boat, {"properties": {"id": {"type": "integer"}}, "required": ["id"]}]}
    item = {"200": {"description": "it", "content": {"application/json": {"schema": kept}}}}
    query = [
        {"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 40}},
        {
            "name": "limit",
            "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": 50},
        },
    ]
    named = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    body = {"required": True, "content": {"application/json": {"schema": boat}}}
    listed = {"type": "array", "items": kept}
    page = {"200": {"description": "all", "content": {"application/json": {"schema": listed}}}}
    paths = {
        "/boats": {
            "get": {"parameters": query, "responses": page},
            "post": {"requestBody": body, "responses": {"201": item["200"]}},
        },
        "/boats/{id}": {
            "parameters": [named],
            "get": {"responses": item},
            "delete": {"responses": {"204": {"description": "gone"}}},
        },
    }
    file = directory / "boats.json"
    info = {"title": "Boats", "version": "1"}
    file.write_text(json.dumps({"openapi": "3.1.0", "info": info, "paths": paths}))
    return troth.load(file)
