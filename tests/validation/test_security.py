"""The form of credentials, and alternatives of them."""

from __future__ import annotations

import pytest

from parameter_documents import compiled, written
from troth.http.exchange import Request
from troth.validation.security import check_security

AUTHORIZATION = [
    ("bearer", (), "missing"),
    ("bearer", (("Authorization", "Bearer abc.def=="),), None),
    ("bearer", (("authorization", "bEARER  x"),), None),
    ("bearer", (("Authorization", "Bearer"),), "malformed"),
    ("bearer", (("Authorization", "Bearer "),), "malformed"),
    ("bearer", (("Authorization", "Basic YTpi"),), "malformed"),
    ("bearer", (("Authorization", "Bearer a b"),), "malformed"),
    ("bearer", (("Authorization", "Bearer é"),), "malformed"),
    ("bearer", (("Authorization", "Bearer a\r\nX: y"),), "malformed"),
    ("bearer", (("Authorization", "secret"),), "malformed"),
    ("bearer", (("Authorization", ""),), "malformed"),
    ("bearer", (("Authorization", "Bearer a"), ("Authorization", "Bearer a")), "malformed"),
    ("bearer", (("Authorization", "Bearer " + "x" * 8192),), None),
    ("oauth", (("Authorization", "Bearer x"),), None),
    ("oauth", (), "missing"),
    ("basic", (("Authorization", "Basic YTpi"),), None),
    ("basic", (("Authorization", "Basic YWI="),), "malformed"),
    ("basic", (("Authorization", "Basic !!"),), "malformed"),
    ("header", (("x-key", "k"),), None),
    ("header", (("x-key", " "),), "malformed"),
    ("header", (), "missing"),
    ("query", (), "missing"),
    ("cookie", (("Cookie", "a=b; sid=5"),), None),
    ("cookie", (("Cookie", "a=b; sid="),), "malformed"),
    ("cookie", (("Cookie", "sidd=5"),), "missing"),
    ("mutual", (), None),
]


@pytest.mark.parametrize(("scheme", "fields", "rule"), AUTHORIZATION)
def test_credentials_have_the_form_of_their_scheme(scheme, fields, rule):
    contract = compiled(written(security=[{scheme: []}]))
    violations = check_security(contract.operations[0], Request("GET", "/a", fields))
    assert [each.code for each in violations] == ([f"request-security.{rule}"] if rule else [])
    for each in violations:
        assert each.schema_pointer == f"/components/securitySchemes/{scheme}"
        assert each.place == contract.document.place(each.schema_pointer)
        assert "secret" not in each.message


@pytest.mark.parametrize(
    ("target", "rule"), [("/a?k%65y=1", None), ("/a?key=", "malformed"), ("/a#?key=1", "missing")]
)
def test_a_key_may_be_in_the_query(target, rule):
    contract = compiled(written(security=[{"query": []}]))
    violations = check_security(contract.operations[0], Request("GET", target))
    assert [each.code for each in violations] == ([f"request-security.{rule}"] if rule else [])


def test_alternatives_are_an_or_of_ands():
    root = written(security=[{"bearer": [], "header": []}, {"cookie": []}])
    operation = compiled(root).operations[0]

    def told(*fields):
        return [each.message for each in check_security(operation, Request("GET", "/a", fields))]

    assert told(("Cookie", "sid=1")) == []
    assert told(("Authorization", "Bearer x"), ("X-Key", "k")) == []
    assert told(("Authorization", "Bearer x")) == [
        "the request has no header field X-Key, which carries the key"
    ]
    assert told() == ["the request has no cookie sid, which carries the key"]


def test_an_empty_alternative_lets_anyone_in():
    for security in ([], [{"bearer": []}, {}]):
        operation = compiled(written(security=security)).operations[0]
        assert check_security(operation, Request("GET", "/a")) == ()
