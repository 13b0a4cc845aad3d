"""What one exchange cannot show: ids that come again, and streams that say nearly the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import troth
from troth.conformance.cases import Case, subjects
from troth.conformance.checks.answers import Answers, body_of
from troth.conformance.checks.over_time import likeness
from troth.http.exchange import Exchange, Request, Response

CONTRACT = troth.load()
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
