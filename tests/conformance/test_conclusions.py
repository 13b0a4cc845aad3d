"""What a run comes to: one cause at many operations is one, and what was not reached is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import troth
from run_summaries import exchange, finding
from servers.conduct import Conducted, conduct
from servers.wire import Answer, Asked
from troth.conformance.conclusions import Tried, causes, unreached
from troth.conformance.events import Exchanged, Finished, Waited
from troth.conformance.reports import console
from troth.conformance.run_summary import RunSummary, summarize
from troth.conformance.words import message_of
from troth.http.exchange import Exchange, Request, Response

THINGS = ("apples", "pears", "plums", "quinces")


def document(folder: Path) -> troth.Contract:
    """A list and a POST of each of THINGS; each answer has a field that is required."""

    def answer(schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "description": "ok",
            "headers": {"X-Request-Id": {"required": True, "schema": {"type": "string"}}},
            "content": {"application/json": {"schema": schema}},
        }

    thing = {"$ref": "#/components/schemas/Thing"}
    body = {"required": True, "content": {"application/json": {"schema": thing}}}
    refused = {"400": {"description": "no"}}
    paths = {
        f"/{name}": {
            "get": {"responses": {"200": answer({"type": "array", "items": thing})}},
            "post": {"requestBody": body, "responses": {"201": answer(thing), **refused}},
        }
        for name in THINGS
    }
    paths["/things/{id}"] = {
        "parameters": [
            {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}}
        ],
        "get": {"responses": {"200": answer(thing), "404": {"description": "gone"}}},
    }
    members = {"name": {"type": "string", "maxLength": 9}, "size": {"type": "integer"}}
    schemas = {"Thing": {"type": "object", "required": ["name", "size"], "properties": members}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    file = folder / "things.json"
    file.write_text(json.dumps(root))
    return troth.load(file)


def answered(status: int, value: Any) -> Answer:
    fields = {"Content-Type": "application/json"}
    return Answer(status, fields, [json.dumps(value).encode()])


def shared_handler(asked: Asked) -> Answer:
    """Never the field; a body that cannot be used ends in the handler of all errors."""
    path = asked.target.partition("?")[0].strip("/")
    if path.startswith("things/"):
        return answered(404, {"detail": "no such thing"})
    if path not in THINGS or asked.method not in ("GET", "POST"):
        return answered(405 if path in THINGS else 404, {"detail": "no"})
    if asked.method == "GET":
        return answered(200, [])
    try:
        value = json.loads(asked.body)
        kept = {"name": value["name"][:9] + "", "size": value["size"] + 0}
        return answered(201, kept)
    except (KeyError, RecursionError):
        return answered(422, {"error": "unprocessable"})
    except (ValueError, TypeError, AttributeError):
        return answered(500, {"error": "internal"})


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Conducted:
    contract = document(tmp_path_factory.mktemp("things"))
    return conduct(shared_handler, contract, token=None, phases=("examples", "boundary"))


@pytest.fixture(scope="module")
def summary(faulty: Conducted) -> RunSummary:
    return summarize(faulty.events)


def test_a_field_that_is_missing_everywhere_is_one_finding(summary: RunSummary) -> None:
    (cause,) = [one for one in summary.causes if one.first.code == "response-header.required"]
    assert len(cause.operations) == 2 * len(THINGS)
    text = console.render(summary, width=100, colour=False)
    assert text.count("error  response-header.required") == 1
    assert "also at " in text


def test_a_status_that_nobody_declares_is_one_finding(summary: RunSummary) -> None:
    (cause,) = [one for one in summary.causes if one.first.code == "response.status-undeclared"]
    assert set(cause.operations) == {f"POST /{name}" for name in THINGS}


def test_who_does_not_look_at_credentials_is_told_so_once() -> None:
    """What is refused there for another reason than credentials is no cause of its own."""
    told = (("/b", "wrong-status"), ("/a", "wrong-status"), ("/a", "not-enforced"))
    found = [
        finding(number, code=f"security.{word}", operation=f"GET {path}", message=word)
        for number, (path, word) in enumerate(told)
    ]
    ids = [[one.id for one in cause.findings] for cause in causes(found)]
    assert ids == [[found[0].id], [found[2].id, found[1].id]]


def test_a_random_request_that_fails_as_another_did_has_no_cause_of_its_own() -> None:
    failed = exchange(answer=b"Internal Server Error", status=500)
    silent = exchange(answer=b"out of memory", status=500)
    found = [
        replace(
            finding(number, code="response.server-error", example=each), phase=phase, about=about
        )
        for number, (each, phase, about) in enumerate(
            [
                (failed, "random", "a random request"),
                (failed, "boundary", "query parameter q: a NUL"),
                (failed, "boundary", "/name: empty"),
                (failed, "boundary", "query parameter q: empty"),
                (silent, "random", "a random request"),
            ]
        )
    ]
    ids = [{int(one.id, 16) for one in cause.findings} for cause in causes(found)]
    assert ids == [{0, 1, 3}, {2}, {4}]


def test_one_rule_that_answers_of_several_statuses_break_is_one_cause() -> None:
    undeclared = finding(code="response.content-type-undeclared")
    found = [
        replace(undeclared, id=str(each), violation=replace(undeclared.violation, status=each))
        for each in (400, 404, 422)
    ]
    assert [len(cause.findings) for cause in causes(found)] == [3]


def test_the_ids_of_a_cause_are_those_of_its_findings(summary: RunSummary) -> None:
    ids = [finding.id for cause in summary.causes for finding in cause.findings]
    assert sorted(ids) == sorted(finding.id for finding in summary.findings)
    assert len(set(ids)) == len(ids)


def test_what_was_not_reached_is_told_first(summary: RunSummary) -> None:
    (one,) = summary.unreached
    assert (one.operation, one.kind) == ("GET /things/{id}", "unknown-id")
    text = console.render(summary, width=100, colour=False)
    assert text.startswith(
        "1 of 9 operations had no success\n  404 to all valid requests; give ids"
    )


def finished(**more: Any) -> Finished:
    return Finished("conforms", 0, "", 9, 9, 0, 1.0, 0, 0, **more)


@pytest.mark.parametrize(
    ("valid", "kind", "words"),
    [
        (
            {"401": 4},
            "credentials",
            "401 to all valid requests; give a token that it takes (--token); "
            "the first said: no name",
        ),
        ({"404": 3, "422": 1}, "unknown-id", "404 to 3, 422 to 1 of the valid requests; give ids"),
        ({"422": 2}, "refused", "422 to all valid requests; the first said: no name"),
        ({"500": 2, "503": 1}, "failed", "500 to 2, 503 to 1 of the valid requests; it failed"),
        ({"timeout": 2}, "hang", "timeout to all valid requests; given up"),
        ({"429": 1}, "busy", "429 to all valid requests; it asks to be asked later"),
        ({}, "budget", "the requests were used up before its turn came: try --max-requests"),
    ],
)
def test_the_likeliest_reason_is_told(valid: dict[str, int], kind: str, words: str) -> None:
    tried = {"GET /a/{id}": Tried(valid, valid, "no name")}
    (one,) = unreached(tried, None, finished(spent="requests"))
    assert one.kind == kind
    assert one.reason.startswith(words)


def test_refusals_of_what_ought_to_be_refused_are_no_reason() -> None:
    tried = {"GET /a": Tried({"401": 2}, {}), "GET /b": Tried({"401": 1, "500": 3}, {})}
    found = unreached(tried, None, finished(spent="requests"))
    assert [(one.kind, one.reason) for one in found] == [
        (
            "budget",
            "no valid request had an answer: the requests were used up before its turn came: "
            "try --max-requests",
        ),
        ("failed", "401 to 1, 500 to 3 of the requests; it failed"),
    ]


def test_an_operation_that_succeeds_in_its_own_way_is_reached() -> None:
    from run_summaries import started

    declared = {"GET /a": {"statuses": ["302"]}, "GET /b": {"statuses": ["404"]}}
    tried = {
        "GET /a": Tried({"302": 1}, {}),
        "GET /b": Tried({"404": 1}, {}),
        "GET /c": Tried({"204": 1, "500": 9}, {}),
    }
    assert unreached(tried, started(declared=declared), None) == ()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"detail":[{"loc":["a"],"msg":"too long"}]}', "too long"),
        (b'{"error":{"code":7,"message":"no  such\\nmodel"}}', "no such model"),
        (b"<html><h1>Bad Gateway</h1></html>", "Bad Gateway"),
        (b'{"exceptionMessage":"too long","input":{"title":"no"}}', "too long"),
        (b"", ""),
    ],
)
def test_the_words_of_a_refusal_are_found(body: bytes, words: str) -> None:
    assert message_of(Response(400, (), body)) == words


def test_a_run_that_had_nothing_to_send_proves_nothing() -> None:
    def never(asked: Asked) -> Answer:
        raise AssertionError(asked)

    body = {"required": True, "content": {"application/json": {"schema": False}}}
    post = {"requestBody": body, "responses": {"200": {"description": ""}}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "One way", "version": "1"},
        "paths": {"/pears": {"post": post}},
    }
    contract = troth.load(json.dumps(root).encode(), overlays=[])
    finished = conduct(never, contract, token=None, phases=("boundary", "random")).finished
    assert (finished.verdict, finished.exit_code) == ("inconclusive", 3)
    assert finished.reason == "nothing was sent: no operation has a request in these phases"


def test_waits_are_told_and_cost_no_requests(tmp_path: Path) -> None:
    turn = [0]

    def busy(asked: Asked) -> Answer:
        turn[0] += 1
        if turn[0] % 2:
            return Answer(429, {"Retry-After": "0"}, [b""])
        return answered(200, [])

    found = conduct(busy, document(tmp_path), token=None, only=("GET /pears",), phases=("random",))
    waits = [event for event in found.events if isinstance(event, Waited)]
    assert len(waits) == found.finished.requests
    text = console.render(summarize(found.events), width=100, colour=False)
    assert f"429 came {len(waits)} times with a time to wait" in text
    assert "8 operations not tested\n" in text


def test_what_was_held_back_is_not_reached_for_that() -> None:
    why = "it would change what this run has not made"
    over = finished(held_back={"PUT /mode": why})
    (one,) = unreached({"PUT /mode": Tried({}, {})}, None, over)
    assert (one.kind, one.reason) == (
        *("held-back", f"held back: {why} (--allow-destructive sends it)"),
    )


def test_what_head_got_is_no_success_of_a_put() -> None:
    given = (("HEAD", "PUT /settings"), ("PUT", "PUT /limits"))
    told = [
        Exchanged(
            case_id=f"protocol/{operation}",
            operation=operation,
            phase="protocol",
            about="",
            intent="either",
            purpose="case",
            exchange=Exchange(Request(method, operation[4:]), Response(200, (), b"")),
        )
        for method, operation in given
    ]
    run = summarize(told)
    assert [one.operation for one in run.unreached] == ["PUT /settings"]
