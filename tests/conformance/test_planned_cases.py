"""What a run is going to send, and what of it may be varied."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

from bundled import CONTRACT
from troth.conformance.cases import Case, cases_of, further_cases, subjects_under_test
from troth.conformance.cases.case import request_key
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
