"""Which parts of a request's schema there are, and which a request exercises."""

from __future__ import annotations

from typing import Any

from bundled import CONTRACT
from troth.conformance.cases import cases_of, subjects
from troth.conformance.coverage import covered, declared
from troth.conformance.settings import Settings

SETTINGS = Settings(url="http://127.0.0.1:1")
(SUBJECT,) = subjects(CONTRACT)
MINIMAL: dict[str, Any] = SUBJECT.minimal


def test_a_request_exercises_its_members_branches_and_keywords() -> None:
    found = covered(SUBJECT, {**MINIMAL, "n": 2, "unheard-of": {"a": 1}})
    request = "/components/schemas/ChatCompletionRequest/properties"
    assert {"", "/model", "/messages", "/messages/*", "/messages/*/role", "/n"} <= set(found)
    assert f"keyword:{request}/n/minimum" in found
    assert f"keyword:{request}/stop/maxItems" not in found
    assert "branch:/components/schemas/ChatCompletionMessage/oneOf/1" in found
    assert "branch:/components/schemas/ChatCompletionMessage/oneOf/0" not in found
    assert len(found) == len(set(found))
    # a boolean is no number to be compared
    assert f"keyword:{request}/n/minimum" not in covered(SUBJECT, {**MINIMAL, "n": True})


def test_what_is_exercised_is_among_what_is_declared() -> None:
    there = declared(SUBJECT.operation)
    assert there["statuses"] == ["200", "400", "401", "500"]
    known = {*there["members"]}
    known |= {f"branch:{one}" for one in there["branches"]}
    known |= {f"keyword:{one}" for one in there["keywords"]}
    for case in cases_of("examples", [SUBJECT], settings=SETTINGS):
        assert set(covered(SUBJECT, case.value)) <= known


def test_nothing_is_exercised_without_a_body() -> None:
    assert covered(None, {}) == covered(SUBJECT, None) == ()
