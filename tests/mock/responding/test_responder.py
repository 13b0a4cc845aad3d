"""The responder is total: whatever comes in, a reply in one form goes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bundled import CONTRACT
from troth.http.exchange import Request
from troth_mock.reply import Reply
from troth_mock.responding.problems import Problem
from troth_mock.responding.responder import Responder

RESPONDER = Responder(CONTRACT)
PATH = "/v1/chat/completions"
BEARER = ("Authorization", "Bearer abc")
JSON = ("Content-Type", "application/json")
BODY = b'{"model":"m","messages":[{"role":"user","content":"Hello"}]}'


def respond(
    body: bytes = BODY, *fields: tuple[str, str], method: str = "POST", target: str = PATH
) -> Reply:
    return RESPONDER.respond(Request(method, target, fields or (BEARER, JSON), body), now=0)


def error_of(reply: Reply) -> dict[str, Any]:
    assert reply.status >= 400
    assert reply.stream is None
    told = json.loads(reply.body or b"")
    assert told["error"].keys() == {"message", "type", "param", "code"}
    assert all(isinstance(told["error"][name], str) for name in ("message", "type", "code"))
    assert dict(reply.fields)["Content-Type"] == "application/json"
    return told


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"{", "syntax"),
        (b"null", "type"),
        (b"[]", "type"),
        (b'"x"', "type"),
        (b"{}x", "trailing"),
        (b"{}{}", "trailing"),
        (b"{}", "required"),
        (b"\xff\xfe{\x00}\x00", "encoding"),
        (b'{"a":"\xff"}', "utf-8"),
        (b'{"a":"\\ud800"}', "lone-surrogate"),
        (b'{"a":NaN}', "nan"),
        (b'{"a":-Infinity}', "nan"),
        (b'{"a":1e999}', "number"),
        (b'{"a":' + b"1" * 5000 + b"}", "number"),
        (b"[" * 100_000, "depth"),
        (b'{"stream":true,"stream":false}', "duplicate-key"),
    ],
)
def test_what_is_no_request_is_a_400_that_says_why(body, code):
    reply = respond(body)
    assert reply.status == 400
    told = error_of(reply)
    assert told["error"]["code"] == f"request-body.{code}"
    assert told["errors"][0]["code"] == f"request-body.{code}"
    assert told["errors"][0]["document"].startswith("spec/")


def test_the_message_names_the_first_violation_and_their_number():
    told = error_of(respond(b'{"model":"m","messages":[{"role":"user"}],"n":0,"top_p":9}'))
    assert told["error"]["message"] == (
        "/n: 0 is below the minimum of 1 (2 violations in all, see errors)"
    )
    assert told["error"]["param"] == "/n"
    assert [one["pointer"] for one in told["errors"]] == ["/n", "/top_p"]
    assert [one["code"] for one in told["errors"]] == [
        "request-body.minimum",
        "request-body.maximum",
    ]


def test_a_missing_member_is_named_as_the_parameter():
    assert error_of(respond(b'{"model":"m"}'))["error"]["param"] == "/messages"
    told = error_of(respond(b'{"model":"m","messages":[{"content":"x"}]}'))
    assert told["error"]["param"] == "/messages/0/role"


@pytest.mark.parametrize(
    ("value", "status"), [(b"1.0", 200), (b"true", 400), (b'"1"', 400), (b"null", 200)]
)
def test_a_float_may_be_an_integer_and_a_boolean_never_is(value, status):
    assert respond(BODY[:-1] + b',"n":' + value + b"}").status == status


@pytest.mark.parametrize("value", [b"9223372036854775807", b"-0.0", b"null"])
def test_large_and_odd_numbers_are_taken(value):
    assert respond(BODY[:-1] + b',"seed":' + value + b"}").status == 200


@pytest.mark.parametrize("value", [b"9223372036854775808", b"1180591620717411303424", b"1e400"])
def test_numbers_beyond_their_format_are_refused(value):
    assert respond(BODY[:-1] + b',"seed":' + value + b"}").status == 400


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ("application/json;charset=utf8", 200),
        ("application/vnd.x+json", 200),
        ("application/json; charset=zzz", 415),
        ("application/json; charset=utf-16", 415),
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
        ("/", 415),
    ],
)
def test_only_the_declared_media_types_are_read(content_type, status):
    reply = respond(BODY, BEARER, ("Content-Type", content_type))
    assert reply.status == status
    if status == 415:
        assert dict(reply.fields)["Accept"] == "application/json"
        assert error_of(reply)["error"]["param"] == "Content-Type"


def test_a_body_without_a_type_is_not_guessed():
    assert respond(BODY, BEARER).status == 415
    assert respond(b"", BEARER).status == 400
    assert respond(BODY, BEARER, JSON, JSON).status == 400


def test_an_unknown_path_names_those_that_are_near():
    for target in ("/chat/completions", "/v1/chat/completion", "/v1//chat/completions"):
        reply = respond(target=target)
        assert reply.status == 404
        assert f"did you mean {PATH}?" in error_of(reply)["error"]["message"]
    for target in ("/", "*", "/../etc/passwd", "/%2e%2e/x", "", "/v1%2fchat%2fcompletions"):
        assert respond(target=target).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "TRACE", "CONNECT", "post", "BREW"])
def test_a_wrong_method_is_told_the_right_ones(method):
    reply = respond(method=method)
    assert reply.status == 405
    assert dict(reply.fields)["Allow"] == "POST"
    assert error_of(reply)["error"]["code"] == "method_not_allowed"


def test_credentials_come_before_everything_that_the_body_says():
    reply = respond(b"{", JSON)
    assert reply.status == 401
    assert dict(reply.fields)["WWW-Authenticate"] == 'Bearer realm="mock"'
    assert error_of(reply)["error"]["type"] == "authentication_error"
    named = Responder(CONTRACT, tokens=("sesame",))
    sent = Request("POST", PATH, (BEARER, JSON), BODY)
    assert named.respond(sent, now=0).status == 401
    assert b"abc" not in (named.respond(sent, now=0).body or b"")


def test_accept_is_not_asked_where_the_request_decides():
    for accept in ("text/csv", "text/event-stream", "*/*", "garbage;;;"):
        assert respond(BODY, BEARER, JSON, ("Accept", accept)).status == 200


def test_preferences_of_others_are_passed_over_and_bad_ones_named():
    assert respond(BODY, BEARER, JSON, ("Prefer", "respond-async, wait=10")).status == 200
    for bad in ("code=999", "code=abc", "code=600", "example=missing", "dynamic=perhaps"):
        reply = respond(BODY, BEARER, JSON, ("Prefer", bad))
        assert reply.status == 400
        assert bad in error_of(reply)["error"]["message"]


def test_a_preferred_error_conforms_to_what_the_document_declares():
    reply = respond(BODY, BEARER, JSON, ("Prefer", "code=500"))
    assert reply.status == 500
    assert ("Preference-Applied", "code=500") in reply.fields
    declared = CONTRACT.operations[0].response(500)
    assert declared is not None
    assert declared.content[0].schema is not None
    assert declared.content[0].schema.is_valid(error_of(reply))


def test_a_preferred_401_has_its_challenge():
    reply = respond(BODY, BEARER, JSON, ("Prefer", "code=401"))
    assert (reply.status, dict(reply.fields)["WWW-Authenticate"]) == (401, 'Bearer realm="mock"')


def test_a_preference_for_dynamic_values_leaves_a_chat_a_chat():
    reply = respond(BODY, BEARER, JSON, ("Prefer", "dynamic=true"))
    assert json.loads(reply.body or b"") == json.loads(respond().body or b"")


def test_every_declared_error_conforms_to_its_schema():
    for reply in (respond(b"{}"), respond(b"{", JSON)):
        declared = CONTRACT.operations[0].response(reply.status)
        assert declared is not None
        assert declared.content[0].schema is not None
        assert declared.content[0].schema.is_valid(error_of(reply))


def test_a_refusal_is_in_the_form_of_all_errors():
    told = error_of(Problem(413, "too large", fields=(("Connection", "close"),)).reply())
    assert told == {
        "error": {
            "message": "too large",
            "type": "invalid_request_error",
            "param": None,
            "code": "request_too_large",
        }
    }


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    ["model", "messages", "n", "stop", "tools", "tool_choice", "response_format", "logprobs",
     "top_logprobs", "stream", "stream_options", "max_tokens", "service_tier", "x"]
)  # fmt: skip
NAMES = st.sampled_from(["authorization", "Content-Type", "Accept", "PREFER", "X"])


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["POST", "GET", ""]) | st.text(max_size=5),
    st.sampled_from([PATH, PATH + "?a=%", PATH + "#x"]) | st.text(max_size=20),
    st.lists(st.tuples(NAMES, st.text(max_size=20)), max_size=4),
    st.binary(max_size=60) | st.builds(lambda part: BODY[:-1] + part, st.binary(max_size=20)),
)
@example(
    "POST", PATH, [BEARER, JSON], b'{"model":"m","messages":[{"role":"user","content":"\x00"}]}'
)
def test_any_bytes_get_a_reply(method, target, fields, body):
    for sent in (tuple(fields), (BEARER, JSON, *fields)):
        reply = RESPONDER.respond(Request(method, target, sent, body), now=0)
        assert reply.status < 500
        assert all(text.isprintable() or text == "" for _, text in reply.fields)
        if reply.status != 200:
            error_of(reply)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(MEMBERS, JSON_VALUES, max_size=5))
def test_any_json_gets_a_reply(extra):
    asked = {"model": "m", "messages": [{"role": "user", "content": "x"}], **extra}
    assert respond(json.dumps(asked).encode()).status in (200, 400)


def test_another_process_with_another_hash_seed_answers_the_same_bytes():
    script = (
        "import sys, troth; from troth.http.exchange import Request; "
        "from troth_mock.responding.responder import Responder; "
        f"sent = Request('POST', {PATH!r}, ({BEARER!r}, {JSON!r}), {BODY!r}); "
        "sys.stdout.buffer.write(Responder(troth.load()).respond(sent, now=0).body)"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert found.stdout == respond().body
