"""How grave is what: each rule of severity and expectation, and a near miss beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import troth
from bundled import CONTRACT as OVERLAID
from troth.conformance.cases import Subject, subjects_under_test
from troth.conformance.cases.case import Case, addressed, readable
from troth.conformance.checks.exchange_checks import (
    Checked,
    Expectation,
    check,
    expectation,
    outcome,
)
from troth.conformance.settings import Settings
from troth.generation.mutations import LONE_SURROGATE
from troth.http.exchange import Exchange, Request, Response

PUBLISHED = OVERLAID.published
OPERATION = OVERLAID.operations[0]
SETTINGS = Settings(url="http://127.0.0.1:1", token="good")
SUBJECT = next(iter(subjects_under_test(OVERLAID, SETTINGS).values()))
PLAIN = {"model": "m", "messages": [{"role": "user", "content": "Hi."}]}
BODY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}}],
}
JSON = "application/json"
SSE = "text/event-stream"
ERROR = {"error": {"message": "no"}}
Told = list[tuple[str, str]]


def asked(value: Any = PLAIN, **more: Any) -> Request:
    body = value if isinstance(value, bytes) else json.dumps({**value, **more}).encode()
    fields = (("Authorization", "Bearer t"), ("Content-Type", JSON))
    return Request("POST", "/v1/chat/completions", fields, body)


def answered(status: int, value: Any, kind: str | None = JSON, **fields: str) -> Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    named = {name.replace("_", "-"): text for name, text in fields.items()}
    head = {"Content-Type": kind, **named} if kind is not None else named
    return Response(status, tuple(head.items()), body)


def told(
    response: Response | None,
    expected: Expectation = "accepted",
    *,
    request: Request | None = None,
    published: bool = False,
    fault: str | None = None,
) -> Told:
    exchange = Exchange(request or asked(), response, fault, "why" if fault else "")
    if published:
        checked = check(
            PUBLISHED, exchange, operation=OPERATION, expected=expected, second=OVERLAID
        )
    else:
        checked = check(OVERLAID, exchange, operation=OPERATION, expected=expected)
    return [(one.severity, one.code) for one in checked.violations if one.severity != "hint"]


def frames(*items: Any, done: bool = True) -> bytes:
    texts = [json.dumps(item) for item in items] + (["[DONE]"] if done else [])
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def chunk(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {**BODY, "object": "chat.completion.chunk", "choices": [choice]}


WHOLE = frames(chunk(role="assistant"), chunk(content="Hello."), chunk("stop"))


def refusal(status: int, value: Any = ERROR, **fields: str) -> Response:
    return answered(status, value, **fields)


def test_a_good_answer_is_told_nothing_of() -> None:
    assert told(answered(200, BODY)) == []
    assert told(answered(200, BODY, "Application/JSON; charset=utf-8")) == []
    assert told(answered(200, WHOLE, SSE), request=asked(stream=True)) == []
    assert told(answered(200, WHOLE, SSE), request=asked(stream=True), published=True) == []


@pytest.mark.parametrize("expected", ["accepted", "refused", "unauthorized", "no-path", "either"])
@pytest.mark.parametrize("status", [500, 501, 503, 599])
def test_a_5xx_is_an_error_whatever_was_sent(expected: Expectation, status: int) -> None:
    assert told(answered(status, b"", None), expected) == [("error", "response.server-error")]


@pytest.mark.parametrize("fault", ["timeout", "reset", "empty-reply", "truncated", "endless"])
@pytest.mark.parametrize("expected", ["accepted", "refused", "either"])
def test_no_whole_answer_is_an_error_whatever_was_sent(fault: str, expected: Expectation) -> None:
    assert told(None, expected, fault=fault) == [("error", f"transport.{fault}")]


def test_what_came_of_a_stream_before_it_was_cut_is_judged_but_for_its_end() -> None:
    half = frames(chunk(role="assistant"), {**chunk(content="H"), "created": "now"}, done=False)
    found = told(answered(200, half, SSE), request=asked(stream=True), fault="stalled")
    assert found == [("error", "transport.stalled"), ("error", "stream.type")]


def test_what_no_line_of_the_document_says_has_no_place() -> None:
    exchange = Exchange(asked(), refusal(400))
    (violation,) = check(OVERLAID, exchange, operation=OPERATION, expected="accepted").violations
    assert (violation.code, violation.place) == ("request.valid-refused", None)


@pytest.mark.parametrize("body", [b'{"id": 1', b'{"id": 1}', b'{"id": "\xc3'])
def test_a_body_that_did_not_come_whole_is_not_judged(body: bytes) -> None:
    assert told(answered(200, body), fault="truncated") == [("error", "transport.truncated")]


def test_what_unpacks_to_more_than_the_cap_is_not_judged() -> None:
    wrong = frames({**chunk(content="H"), "created": "now"})
    for kind, body in ((SSE, wrong), (JSON, {})):
        answer = answered(200, body, kind)
        assert told(answer, request=asked(stream=True), fault="bomb") == [
            ("error", "transport.bomb")
        ]


@pytest.mark.parametrize(
    ("status", "expected", "found"),
    [
        (400, "accepted", [("error", "request.valid-refused")]),
        (400, "either", []),
        (400, "refused", []),
        (403, "accepted", [("error", "response.status-undeclared")]),
        (404, "accepted", [("error", "request.valid-refused")]),
        (404, "refused", []),
        (413, "refused", []),
        (422, "refused", [("error", "response.status-undeclared")]),
        (418, "either", [("error", "response.status-undeclared")]),
        (307, "accepted", [("error", "response.unexpected-redirect")]),
        (307, "either", [("error", "response.unexpected-redirect")]),
        (400, "unauthorized", [("error", "security.wrong-status")]),
        (403, "unauthorized", [("error", "response.status-undeclared")]),
    ],
)
def test_statuses_are_held_to_what_is_expected(
    status: int, expected: Expectation, found: Told
) -> None:
    assert told(refusal(status), expected) == found


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("/base/no-such-thing/", []),
        ("http://h/no-such-thing/?a=1", []),
        ("/login", [("error", "response.unexpected-redirect")]),
    ],
)
def test_what_nobody_has_may_lead_to_itself_with_a_slash(location: str, found: Told) -> None:
    request = Request("POST", "/no-such-thing?a=1", (), b"{}")
    assert told(Response(301, (("Location", location),), b""), "no-path", request=request) == found


@pytest.mark.parametrize(
    ("target", "status", "found"),
    [
        ("/pets?page=9", 404, []),
        ("/pets?skip=900", 404, []),
        ("/pets?page=9", 400, [("error", "request.valid-refused")]),
        ("/pets", 404, [("error", "request.valid-refused")]),
    ],
)
def test_behind_the_last_page_there_may_be_none(target: str, status: int, found: Told) -> None:
    number = {"in": "query", "schema": {"type": "integer"}}
    pet = {"type": "object", "properties": {"id": {"type": "integer"}}}
    answer = {"schema": {"type": "array", "items": pet}}
    get = {
        "parameters": [{"name": "page", **number}, {"name": "skip", **number}],
        "responses": {"200": {"description": "", "content": {JSON: answer}}},
    }
    paths = {"/pets": {"get": get}}
    held = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    contract = troth.load(json.dumps(held).encode(), overlays=[])
    exchange = Exchange(Request("GET", target), Response(status, (), b""))
    checked = check(contract, exchange, operation=contract.operations[0], expected="accepted")
    assert [(one.severity, one.code) for one in checked.violations] == found


@pytest.mark.parametrize(
    ("method", "status", "body", "found"),
    [
        ("POST", 409, b'{"to": "x"}', []),
        ("POST", 400, b'{"to": "x"}', ["request.valid-refused"]),
        ("POST", 400, b" {} ", []),
        ("POST", 403, b"", []),
        ("DELETE", 400, b"", []),
        ("GET", 400, b"", ["request.valid-refused"]),
    ],
)
def test_a_default_is_declared_for_what_state_is_the_cause_of(
    method: str, status: int, body: bytes, found: list[str]
) -> None:
    number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    sent = {"content": {JSON: {"schema": {"type": "object"}}}}
    answers = {each: {"description": "it"} for each in ("200", "default")}
    does = {"parameters": [number], "responses": answers}
    held = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/orders/{id}": {"get": does, "delete": does},
            "/orders/{id}/cancel": {"post": {**does, "requestBody": sent}},
        },
    }
    contract = troth.load(json.dumps(held).encode(), overlays=[])
    target = "/orders/7/cancel" if method == "POST" else "/orders/7"
    request = Request(method, target, (("Content-Type", JSON),) if body else (), body)
    operation = contract.match(method, target).operation
    exchange = Exchange(request, Response(status, (), b""))
    checked = check(contract, exchange, operation=operation, expected="accepted", exists=True)
    assert [one.code for one in checked.violations] == found


@pytest.mark.parametrize(
    ("column", "found"),
    [({"type": "string"}, []), ({"enum": ["a", "b"]}, ["request.valid-refused"])],
)
def test_a_text_in_a_parameter_that_is_json_may_be_one_that_nobody_knows(
    column: dict[str, Any], found: list[str]
) -> None:
    schema = {"type": "object", "properties": {"order_column": column}}
    chosen = {"name": "q", "in": "query", "content": {JSON: {"schema": schema}}}
    get = {
        "parameters": [chosen],
        "responses": {each: {"description": ""} for each in ("200", "400")},
    }
    held = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": get}},
    }
    contract = troth.load(json.dumps(held).encode(), overlays=[])
    target = "/a?q=%7B%22order_column%22%3A%22a%22%7D"
    exchange = Exchange(Request("GET", target), Response(400, (), b""))
    checked = check(contract, exchange, operation=contract.operations[0], expected="accepted")
    assert [one.code for one in checked.violations] == found


def test_a_401_must_say_how_to_do_better() -> None:
    missing = [("error", "response.www-authenticate-missing")]
    assert told(refusal(401), "unauthorized") == missing
    assert told(refusal(401, WWW_Authenticate="Bearer"), "unauthorized") == []


@pytest.mark.parametrize(
    ("status", "declared", "is_open"),
    [
        (401, ("200", "400"), True),
        (401, ("200", "403"), True),  # a 403 is for those who are known
        (403, ("200", "400"), True),
        (403, ("200", "401"), False),
        (403, ("200", "4XX"), True),
    ],
)
def test_what_comes_without_credentials_goes_without_saying(
    status: int, declared: tuple[str, ...], is_open: bool, tmp_path: Path
) -> None:
    get = {"responses": {each: {"description": "x"} for each in declared}, "security": [{"k": []}]}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": get}},
    }
    scheme = {"type": "http", "scheme": "bearer"}
    root["components"] = {"securitySchemes": {"k": scheme}}
    (tmp_path / "t.json").write_text(json.dumps(root))
    contract = troth.load(tmp_path / "t.json")
    refused = Response(status, (("WWW-Authenticate", "Bearer"),), b"")
    exchange = Exchange(Request("GET", "/a"), refused)
    operation = contract.operations[0]
    found = check(contract, exchange, operation=operation, expected="unauthorized").violations
    undeclared = [one.code for one in found if one.code == "response.status-undeclared"]
    assert undeclared == ([] if is_open else ["response.status-undeclared"])


def test_nobody_gets_in_without_credentials() -> None:
    assert told(answered(200, BODY), "unauthorized") == [("error", "security.not-enforced")]
    assert told(answered(200, BODY), "either") == []


@pytest.mark.parametrize("status", [200, 400])
def test_what_was_wrong_with_credentials_is_said_since_they_are_not_shown(status: int) -> None:
    fields = (("Authorization", "t"), ("Content-Type", JSON))
    exchange = Exchange(replace(asked(), fields=fields), answered(status, BODY))
    found = check(OVERLAID, exchange, operation=OPERATION, expected="unauthorized").violations
    message = next(one.message for one in found if one.code.startswith("security."))
    assert message.endswith("401: the Authorization field is not of the scheme Bearer")


def test_a_405_must_name_the_methods_that_would_do() -> None:
    request = Request("GET", "/v1/chat/completions")
    assert told(refusal(405), "no-method", request=request) == [("error", "response.allow-missing")]
    assert told(refusal(405, Allow="POST"), "no-method", request=request) == []
    assert told(refusal(404), "no-method", request=request) == []
    assert told(answered(200, {}), "no-method", request=request) == [
        ("error", "request.method-accepted")
    ]


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        (asked(model=7), [("error", "request.invalid-accepted")]),
        (asked(b"{"), [("error", "request.invalid-accepted")]),
        (asked(temperature=9), [("warning", "request.invalid-accepted")]),
        (asked(messages=[]), [("warning", "request.invalid-accepted")]),
        (asked(json.dumps(PLAIN)[:-1].encode() + b',"x":NaN}'), "warning"),
        (asked(json.dumps(PLAIN)[:-1].encode() + b',"model":"m"}'), []),
        (asked(json.dumps(PLAIN).encode("utf-16")), []),
        (asked(temperature=1), []),
    ],
)
def test_taking_what_the_published_document_rejects_is_graver(
    request_: Request, found: Any
) -> None:
    expected = [("warning", "request.invalid-accepted")] if found == "warning" else found
    assert told(answered(200, BODY), "refused", request=request_) == expected


def test_another_content_type_may_be_taken_with_a_warning() -> None:
    request = Request(
        "POST",
        "/v1/chat/completions",
        (("Authorization", "Bearer t"), ("Content-Type", "text/plain")),
        json.dumps(PLAIN).encode(),
    )
    assert told(answered(200, BODY), "refused", request=request) == [
        ("warning", "request.invalid-accepted")
    ]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"created": "now"}, [("error", "response-body.type")]),
        ({"object": "text_completion"}, [("warning", "response-body.const")]),
        ({"usage": None}, []),
        ({"more": 1}, []),
    ],
)
def test_breaking_what_only_the_overlay_says_of_an_answer_is_a_warning(
    change: dict[str, Any], found: Told
) -> None:
    assert told(answered(200, {**BODY, **change})) == found


def test_a_refusal_in_a_form_that_only_the_overlay_describes_is_a_warning() -> None:
    assert told(refusal(400, {"detail": "no"}), "refused") == [
        ("warning", "response-body.required")
    ]
    assert told(refusal(400, {"detail": "no"}), "refused", published=True) == []


def test_a_broken_law_has_its_own_severity() -> None:
    assert told(answered(200, {**BODY, "model": "n"})) == [("error", "law.model-as-asked")]
    assert told(answered(200, {**BODY, "created": 0})) == [("warning", "law.created-in-seconds")]


def test_laws_are_not_held_against_the_answer_to_a_broken_request() -> None:
    wrong = answered(200, {**BODY, "model": "n"})
    assert told(wrong, "either", request=asked(model=7)) == []
    assert told(wrong, "either") == [("error", "law.model-as-asked")]


def test_of_a_stream_that_cannot_be_read_only_that_is_told() -> None:
    cut = WHOLE[: len(WHOLE) // 2]
    codes = {code for _, code in told(answered(200, cut, SSE), request=asked(stream=True))}
    assert "stream.unfinished" in codes
    assert not any(code.startswith(("law.", "stream-body.")) for code in codes)


def test_the_verdicts_of_the_laws_come_with_the_violations() -> None:
    def checked(exchange: Exchange) -> Checked:
        return check(OVERLAID, exchange, operation=OPERATION, expected="accepted")

    good = checked(Exchange(asked(), answered(200, BODY)))
    assert good.violations == ()
    assert good.verdicts["model-as-asked"] == "held"
    assert good.verdicts["tool-choice-none"] == "inapplicable"
    assert checked(Exchange(asked(), None, "reset")).verdicts == {}


def test_a_law_asks_nothing_of_the_answer_to_a_broken_request() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 9}
    answer = answered(200, {**BODY, "usage": usage})
    broken = ("error", "law.usage-adds-up")
    assert broken in told(answer, "either")
    assert broken not in told(answer, "either", request=asked(temperature=99))
    assert broken not in told(answer, "refused", request=asked(temperature=99))


# -- what is expected of a case -----------------------------------------------------------------


def case(value: Any, subject: Subject = SUBJECT, phase: str = "boundary") -> Case:
    return subject.case(phase, "x", value, about="x")


PUBLISHED_SUBJECT = next(iter(subjects_under_test(PUBLISHED, SETTINGS, second=OVERLAID).values()))


@pytest.mark.parametrize(
    ("change", "overlaid", "published"),
    [
        ({}, "accepted", "accepted"),
        ({"model": 7}, "refused", "refused"),
        ({"temperature": 1}, "accepted", "accepted"),
        # only the overlay rejects it: to take it is a warning there, and nothing as published
        ({"temperature": 9}, "refused", "either"),
        # only the published document rejects it: neither may be held against a server
        ({"logit_bias": {"5": 1}}, "either", "either"),
        ({"messages": [{"role": "developer", "content": "x"}]}, "either", "either"),
        # what costs a server too much it may cap
        ({"n": 8}, "accepted", "accepted"),
        ({"n": 500}, "either", "either"),
    ],
)
def test_what_is_expected_follows_both_documents(
    change: dict[str, Any], overlaid: str, published: str
) -> None:
    value = {**SUBJECT.minimal, **change}
    assert expectation(OVERLAID, case(value)) == overlaid
    assert expectation(PUBLISHED, case(value, PUBLISHED_SUBJECT), OVERLAID) == published


def faced(stream: bool) -> dict[str, Any]:
    members = {"stream": {"const": stream}, "n": {"type": "integer"}}
    schema = {"type": "object", "required": ["stream"], "properties": members}
    return {
        "post": {
            "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
            "responses": {"200": {"description": "ok"}, "400": {"description": "no"}},
        }
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"stream": False}, "accepted"),
        ({"stream": False, "n": "x"}, "refused"),
        # the other face of the URL takes it
        ({"stream": True}, "either"),
        ({"stream": True, "n": "x"}, "refused"),
    ],
)
def test_what_one_face_of_a_url_rejects_another_may_take(
    value: Any, expected: str, tmp_path: Path
) -> None:
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}
    root["paths"] = {"/chat": faced(stream=False), "/chat#stream": faced(stream=True)}
    (tmp_path / "t.json").write_text(json.dumps(root))
    contract = troth.load(tmp_path / "t.json")
    whole, streamed = subjects_under_test(contract, SETTINGS).values()
    assert expectation(contract, case(value, whole)) == expected
    assert expectation(contract, case({"stream": True}, streamed)) == "accepted"


def test_a_token_stands_where_the_placeholder_was() -> None:
    made = case(PLAIN)
    settings = Settings(url="http://x", token="s3cret", fields=(("X-Tenant", "a"),))
    sent = addressed(made.request, settings)
    assert sent.field("Authorization") == "Bearer s3cret"
    assert (sent.field("X-Tenant"), sent.field("User-Agent")) == ("a", "troth")
    assert "s3cret" not in str(made.request)
    assert readable(made.request).field("Authorization") == "Bearer troth-placeholder-token"


def test_a_field_of_the_users_takes_the_place_of_ours() -> None:
    settings = Settings(url="http://x", fields=(("authorization", "Bearer mine"),))
    sent = addressed(case(PLAIN).request, settings)
    assert [value for name, value in sent.fields if name.lower() == "authorization"] == [
        "Bearer mine"
    ]


@pytest.mark.parametrize(
    ("status", "unknown", "known"),
    [
        (404, "unknown", ""),
        (410, "unknown", ""),
        (409, "unknown", "unknown"),
        (422, "", ""),
        (500, "", ""),
        (302, "", ""),
        (200, "", ""),
    ],
)
def test_a_404_of_what_the_run_has_made_is_no_answer(
    status: int, unknown: str, known: str, tmp_path: Path
) -> None:
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    responses = {str(each): {"description": "it"} for each in (200, 409, 422, 500)}
    get = {"parameters": [name], "responses": responses}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}
    file = tmp_path / "api.json"
    file.write_text(json.dumps({**document, "paths": {"/things/{id}": {"get": get}}}))
    operation = troth.load(file).operations[0]
    assert outcome(operation, status) == unknown
    assert outcome(operation, status, exists=True) == known


@pytest.mark.parametrize(("length", "codes"), [(9000, []), (90, ["request.valid-refused"])])
def test_a_head_longer_than_http_asks_for_may_be_refused(length: int, codes: list[str]) -> None:
    request = asked()
    fields = (*request.fields, ("X-Long", "x" * length))
    exchange = Exchange(replace(request, fields=fields), refusal(431))
    found = check(OVERLAID, exchange, operation=OPERATION, expected="accepted").violations
    assert [one.code for one in found if one.severity == "error"] == codes


def test_what_the_overlay_has_mended_is_judged_by_the_overlay_alone() -> None:
    # the published document rejects every name, for a name is never an integer
    for bias, said in (({"1": -100.01}, "-100.01"), ({"x": 1}, "'x' does not match")):
        exchange = Exchange(asked(logit_bias=bias), answered(200, BODY))
        (violation,) = check(OVERLAID, exchange, operation=OPERATION, expected="refused").violations
        assert (violation.severity, violation.code) == ("warning", "request.invalid-accepted")
        assert said in violation.message
        assert "null" not in violation.message


FORCED = {"type": "function", "function": {"name": "f"}}
NOTHING = {"type": "object", "required": ["a"], "properties": {"a": False}}
CONTRADICTORY: list[dict[str, Any]] = [
    {"tool_choice": FORCED},
    {"tool_choice": FORCED, "tools": [{"type": "function", "function": {"name": "g"}}]},
    {"tool_choice": "required"},
    {"tool_choice": "required", "tools": []},
    *(
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": one}}}
        for one in (False, NOTHING, {"type": "object", "not": {}})
    ),
]


@pytest.mark.parametrize("members", CONTRADICTORY)
@pytest.mark.parametrize("status", [200, 400, 422])
@pytest.mark.parametrize("published", [False, True])
def test_nobody_is_held_to_a_request_that_contradicts_itself(
    members: dict[str, Any], status: int, published: bool
) -> None:
    said = {**BODY, "choices": [{"index": 0, "message": {"role": "assistant", "content": "{}"}}]}
    response = answered(status, said if status == 200 else ERROR)
    found = told(response, request=asked(**members), published=published)
    assert [one for one in found if not one[1].startswith("response")] == []


def test_a_head_longer_than_http_asks_for_may_be_refused_in_any_words() -> None:
    words = answered(400, b"Got more than 8190 bytes", "text/plain")
    long = replace(asked(), fields=(*asked().fields, ("X-Long", "a" * 8190)))
    assert told(words, "either", request=long) == []
    assert told(words, "either") != []
    assert told(answered(500, b"", "text/plain"), "either", request=long) != []


def test_a_lone_surrogate_that_a_run_sends_itself_accuses_nobody() -> None:
    body = json.dumps({**BODY, "id": "?"})
    codes = {
        half: told(answered(200, body.replace("?", half).encode()))
        for half in (LONE_SURROGATE, "\\ud83d")
    }
    assert codes == {
        LONE_SURROGATE: [],
        "\\ud83d": [("warning", "response-body.lone-surrogate")],
    }


@pytest.mark.parametrize(
    ("scheme", "severity"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "warning"),
        ({"type": "http", "scheme": "bearer"}, "error"),
        (None, "warning"),  # a log-in with a wrong password
    ],
)
def test_a_key_that_is_no_scheme_of_http_has_no_challenge(
    scheme: dict[str, str] | None, severity: str
) -> None:
    get: dict[str, Any] = {"responses": {"401": {"description": "no"}}}
    get |= {"security": [{"it": []}]} if scheme else {}
    held = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": get}},
        "components": {"securitySchemes": {"it": scheme} if scheme else {}},
    }
    contract = troth.load(json.dumps(held).encode(), overlays=[])
    exchange = Exchange(Request("GET", "/a"), Response(401, (), b""))
    operation = contract.operations[0]
    found = check(contract, exchange, operation=operation, expected="unauthorized").violations
    assert [(one.severity, one.code) for one in found] == [
        (severity, "response.www-authenticate-missing")
    ]


REMOTE = {"$ref": "https://example.com/elsewhere.json"}


def takes(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {JSON: {"schema": schema}}}}


@pytest.mark.parametrize(
    ("operation", "is_accused"),
    [
        ({"requestBody": {"content": {JSON: {"schema": REMOTE}}}}, False),
        (
            {"requestBody": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/A"}}}}},
            False,
        ),
        ({"requestBody": {"$ref": "#/components/requestBodies/None"}}, False),
        ({"parameters": [REMOTE]}, False),
        # what the answers refer to is another matter
        ({"responses": {"200": REMOTE, "400": {"description": "no"}}}, True),
        (
            {"requestBody": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/B"}}}}},
            True,
        ),
    ],
)
def test_nobody_knows_which_requests_are_valid_where_a_reference_leads_to_nothing(
    operation: dict[str, Any], is_accused: bool
) -> None:
    responses = {"200": {"description": "it"}, "400": {"description": "no"}}
    schemas = {"A": {"properties": {"b": {"items": REMOTE}}}, "B": {"type": "object"}}
    held = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"post": {"responses": responses, **operation}}},
        "components": {"schemas": schemas},
    }
    contract = troth.load(json.dumps(held).encode(), overlays=[])
    request = Request("POST", "/a", (("Content-Type", JSON),), b"{}")
    exchange = Exchange(request, Response(400, (), b""))
    checked = check(contract, exchange, operation=contract.operations[0], expected="accepted")
    codes = [one.code for one in checked.violations]
    assert codes == (["request.valid-refused"] if is_accused else [])


@pytest.mark.parametrize(
    ("query", "is_accused"),
    [
        ("of=a,b&of=zz", False),  # the first is read
        ("of=zz&x=1&of=b", False),  # the last is read
        ("of=zz&of=a,yy", True),
        ("of=zz", True),
    ],
)
def test_of_a_list_in_one_text_that_is_given_twice_one_may_be_read(
    query: str, is_accused: bool
) -> None:
    schema = {"type": "array", "items": {"enum": ["a", "b"]}}
    of = {"name": "of", "in": "query", "explode": False, "schema": schema}
    get = {"parameters": [of], "responses": {"200": {"description": "it"}}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}
    held = {**document, "paths": {"/a": {"get": get}}}
    contract = troth.load(json.dumps(held).encode(), overlays=[])
    exchange = Exchange(Request("GET", f"/a?{query}"), Response(200, (), b""))
    checked = check(contract, exchange, operation=contract.operations[0], expected="refused")
    codes = [one.code for one in checked.violations]
    assert codes == (["request.invalid-accepted"] if is_accused else [])
