"""What one exchange cannot show: ids that come again, and streams that say nearly the same."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

import troth
from bundled import CONTRACT
from troth.conformance.cases import Case, subjects
from troth.conformance.checks.answers import Answers, body_of
from troth.conformance.checks.over_time import Health, likeness
from troth.http.exchange import Exchange, Request, Response

(SUBJECT,) = subjects(CONTRACT)
MINIMAL: dict[str, Any] = SUBJECT.minimal


def answer(**body: Any) -> Exchange:
    text = json.dumps(body).encode()
    fields = (("Content-Type", "application/json"),)
    return Exchange(Request("POST", "/"), Response(200, fields, text))


def test_an_id_may_come_again_for_the_same_request_only() -> None:
    answers = Answers(CONTRACT)

    def repeated(case: Case, **body: Any) -> str | None:
        violation = answers.keep(case, answer(**body))
        return violation.message if violation else None

    one = SUBJECT.case("examples", "one", MINIMAL, about="")
    same = SUBJECT.case("examples", "same", dict(reversed(MINIMAL.items())), about="")
    streamed = SUBJECT.case("examples", "streamed", {**MINIMAL, "stream": True}, about="")
    other = SUBJECT.case("examples", "other", {**MINIMAL, "n": 2}, about="")
    assert body_of(CONTRACT, one, answer(id="a")) == {"id": "a"}
    assert [repeated(case, id="a") for case in (one, same, streamed)] == [None] * 3
    assert repeated(other, id="b") is None
    assert repeated(other, id=7) is None
    assert repeated(other) is None
    told = "the answers to different requests have the same id, 'a'"
    assert repeated(other, id="a") == told
    assert answers.bodies[other.id] == {"id": "a"}


def test_what_is_no_success_is_no_answer() -> None:
    case = SUBJECT.case("examples", "one", MINIMAL, about="")
    good = answer(id="a")
    assert good.response is not None
    refused = replace(good, response=replace(good.response, status=400))
    for exchange in (None, replace(good, fault="reset"), replace(good, response=None), refused):
        assert body_of(CONTRACT, case, exchange) is None


def test_a_stream_is_nearly_the_body_when_pieces_are_lost_doubled_or_moved() -> None:
    text = "the slow boats come home"
    assert likeness(text, text) == "equal"
    for near in (
        "the slow boats come",
        "slow boats come home",
        "the boats come home",
        "theslowboatscomehome",
        "the slow slow boats come home",
        "the boats slow come home",
    ):
        assert likeness(text, near) == "near"
        assert likeness(near, text) == "near"
    for other in ("", "the", "quite another answer", "a dog barks at the moon all night"):
        assert likeness(text, other) == "other"


class Quiet:
    """What Health needs of a session: the smallest request takes as long as it is told."""

    def __init__(self, *seconds: float) -> None:
        self.subjects = {SUBJECT.operation.name: SUBJECT}
        self.budget = self
        self.found: list[str] = []
        self._seconds = iter(seconds)

    def affords(self, requests: int) -> bool:
        return True

    async def attempt(self, case: Case) -> Exchange:
        return replace(answer(id="a"), seconds=next(self._seconds))

    probe = attempt

    def enter(self, case: Case, exchange: Exchange, violation: troth.Violation) -> None:
        self.found.append(violation.message)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            0.1,
            1.0,
            [
                "the smallest request takes 1000 ms after the run; at its beginning none took more "
                "than 100 ms"
            ],
        ),
        (0.1, 0.7, []),
        (0.01, 0.15, []),
        (
            0.01,
            0.17,
            [
                "the smallest request takes 170 ms after the run; at its beginning none took more "
                "than 10 ms"
            ],
        ),
    ],
)
def test_a_server_is_slower_by_a_factor_and_by_a_time_that_a_person_notices(
    before: float, after: float, told: list[str]
) -> None:
    session: Any = Quiet(*[before] * 2, *[after] * 9)
    health = Health(session)
    smallest = SUBJECT.case("examples", "minimal", MINIMAL, about="")

    async def run() -> None:
        await health.observe(smallest, replace(answer(id="a"), seconds=before))
        await health.probe(session, SUBJECT)

    asyncio.run(run())
    assert session.found == told
