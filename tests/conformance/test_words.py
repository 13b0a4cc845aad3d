"""What an answer says of the request that it refuses: two in the same words have one cause."""

from __future__ import annotations

import json
from typing import Any

import pytest

from troth.conformance.cases.case import Case
from troth.conformance.findings import Findings, facets
from troth.conformance.words import message_of, names_choice, names_others, said_of_request
from troth.http.exchange import Exchange, Request, Response
from troth.violation import Violation

POST = "POST /shops/{shop}/things"


def exchange(
    sent: Any, came: Any, *, status: int = 400, target: str = "/shops/7/things"
) -> Exchange:
    fields = (("Content-Type", "application/json"), ("X-Version", "twelve"))
    request = Request("POST", target, fields, json.dumps(sent).encode())
    body = came.encode() if isinstance(came, str) else json.dumps(came).encode()
    return Exchange(request, Response(status, (("Content-Type", "application/json"),), body))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # a text of the request, a number, and the whole of it as JSON or as Python writes it
        ("the name 'amber' is taken", "the name 'birch' is taken"),
        ("9 is too many for amber", "77 is too many for birch"),
        ({"msg": "no", "input": {"name": "amber"}}, {"msg": "no", "input": {"name": "birch"}}),
        ("bad: {'name': 'amber'}", "bad: {'name': 'birch'}"),
        ('bad: {"name":"amber"}', 'bad: {"name":"birch"}'),
        ("name: got 'amber', 3 at least", "name: at least 3, got ''"),
    ],
)
def test_what_is_repeated_makes_no_two_causes(one: Any, other: Any) -> None:
    words = {
        said_of_request(exchange({"name": name}, {"error": said}), POST)
        for name, said in (("amber", one), ("birch", other))
    }
    assert len(words) == 1
    assert words != {""}


@pytest.mark.parametrize(
    ("said", "is_told"),
    [
        ("name must be one word", True),
        ("a shop has three letters", True),
        ("an X-Version has three numbers", True),
        ("Bad Request", False),
        ("", False),
        ("something went wrong", False),
        ("something went wrong with the things", False),
    ],
)
def test_words_that_name_nothing_of_the_request_tell_no_cause(said: str, is_told: bool) -> None:
    asked = exchange({"name": "amber"}, {"message": said})
    assert bool(said_of_request(asked, POST)) is is_told


def test_a_server_that_failed_has_to_repeat_what_it_failed_of() -> None:
    sent = {"name": "amber"}
    assert said_of_request(exchange(sent, {"error": "no name"}, status=500), POST) == ""
    assert said_of_request(exchange(sent, {"error": "no amber"}, status=500), POST) == "…"


def refused(sent: Any, said: str, *, status: int = 400) -> tuple[Violation, Exchange]:
    code = "request.valid-refused" if status < 500 else "response.server-error"
    violation = Violation(
        code=code, operation=POST, location="response", message="refused", status=status
    )
    return violation, exchange(sent, {"error": said}, status=status)


def found(*answers: tuple[Violation, Exchange]) -> int:
    """How many findings come of *answers*, each to a request that no other explains."""
    findings, number = Findings(), 0
    for violation, one in answers:
        sent = json.loads(one.request.body)
        if findings.count_known(violation, facets(sent, {}), one):
            continue
        number += 1
        case = Case("boundary/1", POST, "boundary", "", one.request, value=sent)
        findings.add(violation, case, example=one, cause=facets(sent, {}), again=1, tries=1)
    return number


def test_refusals_in_the_same_words_are_one_finding() -> None:
    same = [refused({"name": name}, f"no name: {name}") for name in ("amber", "birch")]
    assert found(*same) == 1
    assert found(*same, refused({"size": 3}, "size is too small")) == 2
    assert found(refused({"name": "amber"}, "no"), refused({"name": "birch"}, "no")) == 2


def test_what_is_not_implemented_is_so_for_all_requests() -> None:
    assert found(*(refused({"name": name}, "not yet", status=501) for name in ("amber", "it"))) == 1


@pytest.mark.parametrize(
    ("said", "others"),
    [
        ("no such owner", False),
        ("not found", False),
        ("the name is too long", True),
        ("X-Version has three numbers", True),
        ("the name of the owner is unknown", False),
    ],
)
def test_a_refusal_may_speak_of_what_is_referred_to_or_of_something_else(
    said: str, others: bool
) -> None:
    asked = exchange({"name": "amber", "owner_id": "1"}, {"detail": said})
    assert names_others(asked, frozenset({"owner_id"})) is others


PAGE = (
    "<!doctype html><title>Exception</title><script src='a.js'>var a = 1;</script>\n<h1>No such CRS"
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"code": "Wrong", "description": "No such CRS"}', "No such CRS"),
        ('{"title": "Wrong", "description": "No such CRS"}', "No such CRS"),
        ('{"error": "wrong", "error_description": "No such CRS"}', "No such CRS"),
        (PAGE, "Exception No such CRS"),
        (f"<style>{'a{b: c} ' * 200}</style>{PAGE}", "Exception No such CRS"),
        ("a < b", "a < b"),
    ],
)
def test_the_words_of_an_answer_are_what_a_person_would_read(body: str, words: str) -> None:
    assert message_of(Response(400, (), body.encode())) == words


STATES = ("draft", "in_review", "published")


@pytest.mark.parametrize(
    ("said", "is_of_state"),
    [
        ("cannot be changed: it is published", True),
        ("status is in_review", True),
        ("no value for name", False),
        # what the request has itself, or what lists all that there are, is no state of the thing
        ("draft is no value of state", False),
        ("one of draft, in_review, published", False),
    ],
)
def test_a_refusal_may_speak_of_a_state_that_was_not_sent(said: str, is_of_state: bool) -> None:
    assert names_choice(exchange({"state": "draft"}, {"detail": said}), STATES) is is_of_state
