"""What one exchange cannot show: ids that come again, and streams that say nearly the same."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest

import troth
from bundled import CONTRACT
from servers.conduct import conduct
from servers.wire import Answer, Asked
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

    def __init__(self, *seconds: float, size: int = 0) -> None:
        self.size = size
        self.subjects = {SUBJECT.operation.name: SUBJECT}
        self.budget = self
        self.found: list[str] = []
        self._seconds = iter(seconds)

    def affords(self, requests: int) -> bool:
        return True

    async def attempt(self, case: Case) -> Exchange:
        return replace(answer(id="a" * self.size), seconds=next(self._seconds))

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


@pytest.mark.parametrize(
    ("size", "before", "after", "count"),
    [
        (0, 0.02, 0.3, 1),
        (900, 0.02, 0.3, 1),
        (4000, 0.02, 0.3, 1),
        (20_000, 0.02, 0.3, 0),
        # six times as long, ten times as slow
        (6000, 0.1, 1.0, 0),
    ],
)
def test_an_answer_may_take_as_much_longer_as_it_is(
    size: int, before: float, after: float, count: int
) -> None:
    session: Any = Quiet(*[before] * 2, *[after] * 9)
    health = Health(session)
    smallest = SUBJECT.case("examples", "minimal", MINIMAL, about="")

    async def run() -> None:
        await health.observe(smallest, replace(answer(id="a"), seconds=before))
        session.size = size
        await health.probe(session, SUBJECT)

    asyncio.run(run())
    assert len(session.found) == count


# -- names, and what a 202 says where to look ----------------------------------------------------

_TEXT = {"type": "string", "minLength": 1, "maxLength": 20, "pattern": "^[a-z]+$"}
_NOTE = {"type": "object", "properties": {"id": {"type": "integer"}, "title": _TEXT}}
_NEW = {
    "type": "object",
    "required": ["title"],
    "properties": {"title": _TEXT, "pages": {"type": "integer", "minimum": 1, "maximum": 99}},
    "additionalProperties": False,
}


def _of(status: str, schema: Any = None, **more: Any) -> dict[str, Any]:
    held = {"content": {"application/json": {"schema": schema}}} if schema else {}
    refused = {each: {"description": "no"} for each in ("400", "404", "405", "422")}
    return {"responses": {status: {"description": "it", **held}, **refused}, **more}


_SENT = {"required": True, "content": {"application/json": {"schema": _NEW}}}
_IDENTIFIER = {"name": "note", "in": "path", "required": True, "schema": {"type": "integer"}}
NOTES = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {
        "/notes": {"post": _of("201", _NOTE, requestBody=_SENT)},
        "/notes/{note}": {
            "parameters": [_IDENTIFIER],
            "get": _of("200", _NOTE),
            "delete": _of("202"),
        },
        "/notes/{note}/print": {"parameters": [_IDENTIFIER], "post": _of("202")},
    },
}


class Notes:
    """Keeps notes, and prints them in its own time; otherwise where it has that *manner*."""

    def __init__(self, manner: str = "") -> None:
        self.manner = manner
        self.notes: dict[int, Any] = {}
        self.number = 0
        self.waits = 2

    def __call__(self, asked: Asked) -> Answer:
        path = asked.target.partition("?")[0].strip("/").split("/")
        match asked.method, path:
            case "POST", ["notes"]:
                return self.create(asked)
            case "GET", ["prints", "1"] if self.manner != "prints nothing":
                self.waits -= 1
                return Answer(200 if self.waits < 0 else 404)
            case _, ["notes", name, *rest] if name.isascii() and name.isdigit():
                return self.done(asked.method, int(name), rest)
        return Answer(404)

    def create(self, asked: Asked) -> Answer:
        try:
            body = json.loads(asked.body.decode())
            is_valid = jsonschema_rs.is_valid(_NEW, body)  # no text has half a surrogate pair
        except ValueError:
            return Answer(400)
        if not is_valid:
            return Answer(422)
        self.number += 1
        name = self.number
        if self.manner == "comes round":
            name = self.number % 7 + 1
        if self.manner == "one of a title":
            same = (one for one, held in self.notes.items() if held["title"] == body["title"])
            name = next(same, name)
        self.notes[name] = {"id": name, "title": body["title"]}
        return self.json(201, self.notes[name])

    def done(self, method: str, name: int, rest: list[str]) -> Answer:
        if name not in self.notes:
            return Answer(404)
        if method == "POST" and rest == ["print"]:
            return Answer(202, {"Location": "/prints/1"})
        if rest or method not in ("GET", "DELETE"):
            return Answer(405, {"Allow": "POST" if rest else "GET, DELETE"})
        note = self.json(200, self.notes[name])
        if method == "DELETE":
            del self.notes[name]
            return Answer(202, {"Location": f"/notes/{name}"})
        return note

    def json(self, status: int, value: Any) -> Answer:
        return Answer(status, {"Content-Type": "application/json"}, [json.dumps(value).encode()])


@pytest.mark.parametrize(
    ("manner", "told"),
    [
        ("", []),
        ("one of a title", []),
        ("comes round", [("error", "resource.id-repeated", "POST /notes")]),
        ("prints nothing", [("warning", "resource.not-readable", "POST /notes/{note}/print")]),
    ],
)
def test_what_is_made_has_a_name_of_its_own_and_what_is_promised_is_there(
    manner: str, told: list[tuple[str, str, str]]
) -> None:
    contract = troth.load(json.dumps(NOTES).encode(), overlays=[])
    phases = ("examples", "boundary", "stateful")
    run = conduct(Notes(manner), contract, phases=phases, patience=0.01, max_requests=180)
    found = [(one.severity, one.code, one.violation.operation) for one in run.findings]
    assert found == told, run.told
    assert all(len(one.steps) == 1 for one in run.findings)
