"""Credentials: who is let in, and what the others are told."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.openapi.operation import DeclaredResponse, Operation, SecurityScheme
from troth_mock.responding.credentials import LONGEST, gate
from troth_mock.responding.problems import Problem

BEARER = SecurityScheme("bearerAuth", "http", "", scheme="bearer")
BASIC = SecurityScheme("basicAuth", "http", "", scheme="basic")
KEY = SecurityScheme("key", "apiKey", "", location="header", parameter="X-Key")
QUERY = SecurityScheme("query", "apiKey", "", location="query", parameter="key")
COOKIE = SecurityScheme("cookie", "apiKey", "", location="cookie", parameter="key")
OAUTH = SecurityScheme("oauth", "oauth2", "")


def judge(
    *schemes: tuple[SecurityScheme, ...],
    tokens: tuple[str, ...] = (),
    query: str = "",
    **fields: list[str],
) -> Problem | None:
    decide = gate(Operation("GET", "/", "", security=schemes), tokens)
    assert decide is not None
    named = {name.replace("_", "-"): values for name, values in fields.items()}
    return decide(named, query)


@pytest.mark.parametrize(
    "sent", ["Bearer abc", "bearer abc", "BEARER a.b-c_d~e+f/g==", "Bearer   abc ", " Bearer abc"]
)
def test_a_bearer_of_the_right_form_is_let_in(sent):
    assert judge((BEARER,), authorization=[sent]) is None
    assert judge((OAUTH,), authorization=[sent]) is None


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer "],
        ["Basic abc"],
        ["abc"],
        ["Bearer a b"],
        ["Bearer é"],
        ["Bearer a\r\nb"],
        ["Bearer " + "a" * (LONGEST + 1)],
        ["Bearer abc", "Bearer abc"],
        ["Bearer \udcff"],
    ],
)
def test_anything_else_is_challenged_and_never_echoed(sent):
    denied = judge((BEARER,), **({"authorization": sent} if sent else {}))
    assert denied is not None
    ((name, challenge),) = denied.fields
    assert name == "WWW-Authenticate"
    assert challenge == 'Bearer realm="mock"' + (', error="invalid_token"' if sent else "")
    assert "abc" not in denied.message
    assert denied.message.isprintable()


@given(st.text(max_size=30))
def test_any_authorization_is_decided(sent):
    for scheme in (BEARER, BASIC, KEY):
        denied = judge((scheme,), authorization=[sent], x_key=[sent])
        assert denied is None or denied.message


def test_where_tokens_are_named_only_they_are_good():
    named = ("sesame", "open")
    assert judge((BEARER,), tokens=named, authorization=["Bearer open"]) is None
    denied = judge((BEARER,), tokens=named, authorization=["Bearer secret-guess"])
    assert denied is not None
    assert denied.message == "the credential is not one of those that this server was given"


@pytest.mark.parametrize(
    ("pair", "is_known"),
    [("sesame:", True), (":sesame", True), ("me:sesame", True), ("sesame:other", False)],
)
def test_a_key_is_a_user_without_a_password(pair: str, is_known: bool):
    sent = base64.b64encode(pair.encode()).decode()
    denied = judge((BASIC,), tokens=("sesame",), authorization=[f"Basic {sent}"])
    assert (denied is None) == is_known


def test_basic_is_a_user_and_a_password():
    good = base64.b64encode(b"user:sesame").decode()
    assert judge((BASIC,), authorization=[f"Basic {good}"]) is None
    assert judge((BASIC,), tokens=("sesame",), authorization=[f"Basic {good}"]) is None
    assert judge((BASIC,), tokens=("other",), authorization=[f"Basic {good}"]) is not None
    for bad in ("%%%", base64.b64encode(b"no colon").decode()):
        denied = judge((BASIC,), authorization=[f"Basic {bad}"])
        assert denied is not None
        assert denied.fields == (("WWW-Authenticate", 'Basic realm="mock", charset="UTF-8"'),)


def test_keys_are_looked_for_where_the_document_puts_them():
    assert judge((KEY,), x_key=["abc"]) is None
    assert judge((KEY,), x_key=["abc", "abc"]) is not None
    assert judge((KEY,), authorization=["Bearer abc"]) is not None
    assert judge((QUERY,), query="a=1&key=abc") is None
    assert judge((QUERY,), query="key=") is not None
    assert judge((COOKIE,), cookie=["a=1; key=abc"]) is None
    assert judge((COOKIE,), cookie=["a=1"]) is not None


def test_one_alternative_is_enough_and_all_of_it_is_needed():
    either, both = ((BEARER,), (KEY,)), ((BEARER, KEY),)
    assert judge(*either, x_key=["abc"]) is None
    assert judge(*both, x_key=["abc"]) is not None
    assert judge(*both, x_key=["abc"], authorization=["Bearer abc"]) is None


def test_nothing_is_asked_where_anonymous_is_fine():
    assert gate(Operation("GET", "/", ""), ()) is None
    assert gate(Operation("GET", "/", "", security=((BEARER,), ())), ()) is None


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (["200", "403"], 403),
        (["401", "403"], 401),
        (["403", "4XX"], 401),
        (["403", "default"], 401),
        (["200"], 401),
    ],
)
def test_who_may_not_come_in_gets_the_answer_that_is_declared(statuses, status):
    responses = tuple(DeclaredResponse(each, "", "") for each in statuses)
    decide = gate(Operation("GET", "/", "", responses=responses, security=((BEARER,),)), ())
    assert decide is not None
    problem = decide({}, "")
    assert problem is not None
    assert (problem.status, bool(problem.fields)) == (status, status == 401)
