"""What a run is going to send, and what of it may be varied."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import troth
from troth.conformance import plan
from troth.conformance.checks import over_time, stream_equivalence
from troth.conformance.checks.exchange_bodies import body_of
from troth.conformance.coverage import covered, declared
from troth.conformance.settings import Settings
from troth.generation.example_database import Memory
from troth.http.exchange import Exchange, Request, Response

CONTRACT = troth.load()
SETTINGS = Settings(url="http://127.0.0.1:1")
NAME = "POST /v1/chat/completions"
SUBJECTS = plan.subjects(CONTRACT, SETTINGS)
SUBJECT = SUBJECTS[NAME]
MINIMAL: dict[str, Any] = SUBJECT.minimal


def ids(phase: str, settings: Settings = SETTINGS, **more: Any) -> list[str]:
    return [case.id for case in plan.cases(SUBJECTS.values(), phase, settings, **more)]


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
        return [case.request.body for case in plan.cases(SUBJECTS.values(), phase, settings)]

    assert bodies("random", 1) == bodies("random", 1) != bodies("random", 2)
    assert bodies("boundary", 1) == bodies("boundary", 2)


def test_a_small_budget_leaves_room_to_confirm() -> None:
    assert len(ids("random", replace(SETTINGS, max_requests=50))) == 45


def test_only_chooses_operations_or_codes() -> None:
    by_id = CONTRACT.operations[0].operation_id or ""
    assert list(plan.subjects(CONTRACT, replace(SETTINGS, only=(by_id,)))) == [NAME]
    assert plan.codes(CONTRACT, replace(SETTINGS, only=(NAME, "law", by_id))) == ["law"]
    assert list(plan.subjects(CONTRACT, replace(SETTINGS, only=("law",)))) == [NAME]


def test_what_is_remembered_comes_first_and_in_the_first_phase_only() -> None:
    bodies = [{**MINIMAL, "n": 1}, {**MINIMAL, "n": 2}]
    first = plan.cases(SUBJECTS.values(), "examples", SETTINGS, remembered=lambda _: bodies)
    assert [case.value for case in first[:2]] == bodies
    assert [plan.is_remembered(case) for case in first[:3]] == [True, True, False]
    assert not any("remembered" in name for name in ids("boundary", remembered=lambda _: bodies))


def test_a_case_is_varied_only_into_one_of_the_same_kind() -> None:
    case = SUBJECT.case("examples", "x", {**MINIMAL, "n": 2}, about="x")
    assert plan.shrinks(case)
    smaller = plan.varied(SUBJECT, case, MINIMAL)
    assert smaller is not None
    assert (smaller.id, smaller.value) == (case.id, MINIMAL)
    assert plan.varied(SUBJECT, case, {**MINIMAL, "n": "2"}) is None
    assert not plan.shrinks(replace(case, phase="protocol"))
    assert not plan.shrinks(replace(case, value=None))


# -- the account of what was exercised ------------------------------------------------------------


def test_a_request_exercises_its_members_branches_and_keywords() -> None:
    found = covered(SUBJECT, {**MINIMAL, "n": 2, "unheard-of": {"a": 1}})
    request = "/components/schemas/ChatCompletionRequest/properties"
    assert {"", "/model", "/messages", "/messages/*", "/messages/*/role", "/n"} <= set(found)
    assert f"keyword:{request}/n/minimum" in found
    assert f"keyword:{request}/stop/maxItems" not in found
    assert "branch:/components/schemas/ChatCompletionMessage/oneOf/1" in found
    assert "branch:/components/schemas/ChatCompletionMessage/oneOf/0" not in found
    assert len(found) == len(set(found))


def test_what_is_exercised_is_among_what_is_declared() -> None:
    there = declared(SUBJECT)
    assert there["statuses"] == ["200", "400", "401", "500"]
    known = {*there["members"]}
    known |= {f"branch:{one}" for one in there["branches"]}
    known |= {f"keyword:{one}" for one in there["keywords"]}
    for case in plan.cases(SUBJECTS.values(), "examples", SETTINGS):
        assert set(covered(SUBJECT, case.value)) <= known


def test_nothing_is_exercised_without_a_body() -> None:
    assert covered(None, {}) == covered(SUBJECT, None) == ()


# -- memory ---------------------------------------------------------------------------------------


def test_memory_gives_back_what_was_kept_smallest_first(tmp_path: Any) -> None:
    memory = Memory.of(str(tmp_path / "db"), "digest")
    for value in ({"a": [1, 2, 3]}, {"b": 1.0, "a": "\u00e9"}, {}):
        memory.keep("POST /x", value)
        memory.keep("POST /x", value)
    again = Memory.of(str(tmp_path / "db"), "digest")
    assert list(again.bodies("POST /x")) == [{}, {"a": [1, 2, 3]}, {"a": "\u00e9", "b": 1}]
    assert list(again.bodies("GET /x")) == []
    assert list(Memory.of(str(tmp_path / "db"), "another").bodies("POST /x")) == []
    again.forget("POST /x", {})
    assert list(memory.bodies("POST /x")) == [{"a": [1, 2, 3]}, {"a": "\u00e9", "b": 1}]


def test_memory_leaves_what_it_cannot_write(tmp_path: Any) -> None:
    memory = Memory.of(str(tmp_path), "digest")
    for value in ("\ud800", "x" * 100_000):
        memory.keep("POST /x", value)
    assert list(memory.bodies("POST /x")) == []


def test_without_a_directory_nothing_is_remembered() -> None:
    memory = Memory.of(None, "digest")
    memory.keep("POST /x", {})
    memory.forget("POST /x", {})
    assert list(memory.bodies("POST /x")) == []


# -- what is read over time ------------------------------------------------------------------------


def answer(**body: Any) -> Exchange:
    text = json.dumps(body).encode()
    fields = (("Content-Type", "application/json"),)
    return Exchange(Request("POST", "/"), Response(200, fields, text))


def test_an_id_may_come_again_for_the_same_request_only() -> None:
    ids_of = over_time.Ids({})
    one = SUBJECT.case("examples", "one", MINIMAL, about="")
    same = SUBJECT.case("examples", "same", dict(reversed(MINIMAL.items())), about="")
    streamed = SUBJECT.case("examples", "streamed", {**MINIMAL, "stream": True}, about="")
    other = SUBJECT.case("examples", "other", {**MINIMAL, "n": 2}, about="")
    body = body_of(CONTRACT, one, answer(id="a"))
    assert body == {"id": "a"}
    assert ids_of.note(CONTRACT, one, body) is None
    assert ids_of.note(CONTRACT, same, body) is None
    assert ids_of.note(CONTRACT, streamed, body) is None
    assert ids_of.note(CONTRACT, other, {"id": "b"}) is None
    assert ids_of.note(CONTRACT, other, {"id": 7}) is None
    assert ids_of.note(CONTRACT, other, {}) is None
    assert ids_of.note(CONTRACT, other, body) == "a"


def test_a_stream_is_nearly_the_body_when_pieces_are_lost_doubled_or_moved() -> None:
    text = "the slow boats come home"
    assert stream_equivalence.likeness(text, text) == "equal"
    for near in (
        "the slow boats come",
        "slow boats come home",
        "the boats come home",
        "theslowboatscomehome",
        "the slow slow boats come home",
        "the boats slow come home",
    ):
        assert stream_equivalence.likeness(text, near) == "near"
        assert stream_equivalence.likeness(near, text) == "near"
    for other in ("", "the", "quite another answer", "a dog barks at the moon all night"):
        assert stream_equivalence.likeness(text, other) == "other"
