"""What is another's, what is counted, what is sorted: faults are found, legal manners accused of
nothing."""

from __future__ import annotations

import json

import pytest

import troth
from servers.archive import FAULTS, LEGAL, Archive, Body, spec
from servers.conduct import Conducted, conduct
from servers.wire import Answer
from troth.openapi.contract import Contract

#: However many checks came before, so many requests show any of these faults.
MOST_STEPS = 9


def loaded(manner: str) -> Contract:
    return troth.load(json.dumps(spec(manner)).encode(), overlays=[])


def lived(manner: str, *until: str) -> Conducted:
    given = {"phases": ("resources",), "strict": True}
    return conduct(Archive(manner), loaded(manner), until=until, **given)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_an_archive_does_wrong_is_told(fault: str) -> None:
    code, severity = FAULTS[fault]
    found = lived(fault, code)
    assert {(one.code, one.severity) for one in found.findings} == {(code, severity)}
    assert all(one.again == one.tries == 1 for one in found.findings)
    assert [len(one.steps) for one in found.findings if len(one.steps) > MOST_STEPS] == []


@pytest.mark.parametrize("manner", LEGAL)
def test_an_archive_of_a_legal_manner_is_accused_of_nothing(manner: str) -> None:
    found = lived(manner)
    assert found.told == []
    statuses = [
        one.exchange.response.status
        for one in found.exchanges
        if one.exchange.request.method == "PATCH" and one.exchange.response
    ]
    assert statuses.count(200) > 1
    assert set(statuses) <= {200, 404}  # the latter of what was deleted


def test_a_json_patch_that_a_schema_alone_knows_may_be_refused() -> None:
    only = ("PATCH /loans/{loan_id}", "POST /loans", "POST /museums")
    found = conduct(Archive(), loaded(""), only=only, max_requests=150, strict=True)
    assert found.told == []


def test_what_is_forgotten_is_told_unless_the_document_says_that_it_expires() -> None:
    document = spec()
    given = {"phases": ("examples", "boundary", "stateful"), "max_requests": 300}
    forgetful = "the oldest are forgotten"
    found = conduct(Archive(forgetful), loaded(""), **given)
    assert {(one.code, one.severity) for one in found.findings} == {("run.forgotten", "warning")}
    (one,) = found.findings
    # it is shown anew by what led to it: as many others as it takes, made after it
    made = [step for step in one.steps if step.exchange.request.method == "POST"]
    assert (one.phase, len(made), one.taken[0].step) == ("resources", 5, 0)
    document["paths"]["/museums"]["post"]["description"] = "The oldest expire."
    passing = troth.load(json.dumps(document).encode(), overlays=[])
    assert conduct(Archive(forgetful), passing, **given).told == []
    assert conduct(Archive(), loaded(""), **given).told == []


class CrashesOnce(Archive):
    """Of two that are created at once one fails, once."""

    busy = 0
    has_crashed = False

    def created(self, kind: str, value: Body, owner: Body) -> Answer:
        answer = super().created(kind, value, owner)
        if self.busy and not self.has_crashed:
            self.has_crashed = True
            return Answer(500)
        self.busy += 1

        def then() -> Answer:
            self.busy -= 1
            return answer

        return Answer(delay=0.01, then=then)


def test_a_race_that_does_not_come_again_is_told_with_what_was_in_flight() -> None:
    found = conduct(CrashesOnce(), loaded(""), phases=("resources",))
    (finding,) = [one for one in found.findings if one.code == "response.server-error"]
    assert (finding.again, finding.severity) == (0, "warning")
    steps = [one.exchange.request for one in finding.steps]
    assert [(one.method, one.target) for one in steps] == [("POST", "/museums")] * 3


class LosesSome(Archive):
    """Of every second title there is the beginning alone, whoever else is asking."""

    def created(self, kind: str, value: Body, owner: Body) -> Answer:
        if sum(map(ord, value.get("title", "b"))) % 2 == 0:
            value = {**value, "title": "aaa"}
        return super().created(kind, value, owner)


def test_what_is_lost_of_some_items_whoever_else_asks_is_no_race() -> None:
    found = conduct(LosesSome(), loaded(""), phases=("resources",))
    assert {one.code for one in found.findings} == {"resource.reads-back-other"}


def test_what_was_there_before_is_not_deleted_in_the_place_of_what_was_made() -> None:
    server = Archive()
    at = "2026-04-01T00:00:00Z"
    server.kept["museums"][999] = {"id": 999, "created_at": at, "name": "old", "city": "old"}
    found = conduct(server, loaded(""), phases=("examples",), max_requests=100)
    assert list(server.kept["museums"]) == [999]
    assert found.finished.left_behind == {}
