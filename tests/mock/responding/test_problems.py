"""What an error says: in its own form, and in whatever members a document declares."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.http import json_text
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.schema.schema import Schema
from troth.schema.untrusted_schema import embedded
from troth_mock.responding.problems import Problem, instance_of

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
MESSAGE = "/n: 0 is less than 1 (2 violations in all, see errors)"
BAD = Problem(
    400,
    MESSAGE,
    "request-body.minimum",
    "/n",
    (
        {"code": "request-body.minimum", "pointer": "/n", "message": "0 is less than 1"},
        {"code": "request-body.type", "pointer": "/tags/0", "message": "3 is no string"},
    ),
)
LOST = Problem(404, "there is no such pet")


def closed(*required: str, **properties: Any) -> Schema:
    return embedded(
        {
            "type": "object",
            "properties": properties,
            "required": required or list(properties),
            "additionalProperties": False,
        }
    )


def array(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def some(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def test_an_error_has_one_form_of_its_own() -> None:
    assert LOST.envelope == {
        "error": {
            "message": "there is no such pet",
            "type": "not_found_error",
            "param": None,
            "code": "not_found",
        }
    }
    assert BAD.envelope["errors"] == list(BAD.errors)


@pytest.mark.parametrize(
    ("schema", "problem", "says"),
    [
        (closed(code=WHOLE, message=TEXT), BAD, {"code": 400, "message": MESSAGE}),
        (closed(code=TEXT, reason=TEXT), LOST, {"code": "not_found", "reason": LOST.message}),
        (closed(title=TEXT), LOST, {"title": LOST.message}),
        (closed(status=TEXT, detail=TEXT), LOST, {"status": "404", "detail": LOST.message}),
        (
            closed(status={"enum": ["ok", "error"]}, description=TEXT),
            LOST,
            {"status": "error", "description": LOST.message},
        ),
        (
            closed(statusCode=WHOLE, message={"anyOf": [array(TEXT), TEXT]}, error=TEXT),
            LOST,
            {"statusCode": 404, "message": [LOST.message], "error": "not_found"},
        ),
        (
            closed(error={"enum": ["invalid_client", "invalid_request"]}, error_description=TEXT),
            BAD,
            {"error": "invalid_request", "error_description": MESSAGE},
        ),
        (closed(code={"enum": ["BAD_REQUEST", "NOT_FOUND"]}), LOST, {"code": "NOT_FOUND"}),
        (closed(message={"type": "string", "maxLength": 8}), LOST, {"message": "there is"}),
        (closed(status={"const": 500}), LOST, {"status": 500}),
        (
            closed(success={"type": "boolean"}, error=TEXT),
            LOST,
            {"success": False, "error": LOST.message},
        ),
        (closed(errors=array(TEXT)), BAD, {"errors": ["0 is less than 1", "3 is no string"]}),
        (closed(errors=array(TEXT, minItems=1)), LOST, {"errors": [LOST.message]}),
        (
            closed(detail=array(some(loc=array({"anyOf": [TEXT, WHOLE]}), msg=TEXT))),
            BAD,
            {
                "detail": [
                    {"loc": ["body", "n"], "msg": "0 is less than 1"},
                    {"loc": ["body", "tags", 0], "msg": "3 is no string"},
                ]
            },
        ),
        (
            closed(errors={"type": "object", "additionalProperties": array(TEXT)}),
            BAD,
            {"errors": {"n": ["0 is less than 1"], "0": ["3 is no string"]}},
        ),
        (
            closed(error=some(code=WHOLE, message=TEXT)),
            LOST,
            {"error": {**LOST.envelope["error"], "code": 404}},
        ),
        (embedded(TEXT), LOST, LOST.message),
        (embedded(array(some(message=TEXT))), LOST, [{"message": LOST.message}]),
        (embedded({}), BAD, BAD.envelope),
    ],
)  # fmt: skip
def test_a_declared_shape_says_the_same_in_its_own_members(
    schema: Schema, problem: Problem, says: Any
) -> None:
    assert instance_of(schema, problem) == says


def test_problem_details_are_those_of_the_status() -> None:
    # RFC 9457 §4.2.1: with about:blank the title is the status's phrase
    uri = {"type": "string", "format": "uri-reference"}
    members = {"type": uri, "title": TEXT, "status": WHOLE, "detail": TEXT, "instance": uri}
    schema = embedded({"type": "object", "properties": members})
    assert instance_of(schema, LOST) == {
        **LOST.envelope,
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": LOST.message,
    }


SCALARS = st.sampled_from([TEXT, WHOLE, {"type": "boolean"}, {"enum": ["A", 4]}, {"maxLength": 3}])
NAMES = st.sampled_from(
    "code message title detail status type error errors loc param source ok other".split()  # noqa: SIM905 - reads better
)
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: (
        st.dictionaries(NAMES, inner, max_size=4).map(lambda members: some(**members))
        | inner.map(array)
        | st.lists(inner, min_size=1, max_size=2).map(lambda choices: {"anyOf": choices})
    ),
    max_leaves=8,
)


@settings(max_examples=100)
@given(SCHEMAS, st.sampled_from([BAD, LOST]))
def test_what_is_told_conforms_whatever_is_declared(schema: Any, problem: Problem) -> None:
    declared = embedded(schema)
    assert declared.is_valid(instance_of(declared, problem))


def declaring(content: dict[str, Schema | None], status: str = "default") -> Operation:
    entries = tuple(MediaType(name, "", schema) for name, schema in content.items())
    response = DeclaredResponse(status, "", content=entries)
    return Operation("GET", "/", "", responses=(response,))


@pytest.mark.parametrize(
    ("content", "kind", "body"),
    [
        ({}, "application/json", LOST.envelope),
        ({"application/json": closed(message=TEXT)}, "application/json", {"message": LOST.message}),
        (
            {"application/problem+json": closed(detail=TEXT)},
            "application/problem+json",
            {"detail": LOST.message},
        ),
        ({"*/*": closed(message=TEXT)}, "application/json", {"message": LOST.message}),
        ({"font/woff": None}, "application/json", LOST.envelope),
        (
            {"text/plain": None, "application/json": closed(message=TEXT)},
            "application/json",
            {"message": LOST.message},
        ),
    ],
)  # fmt: skip
def test_an_error_has_the_declared_media_type_and_shape(
    content: dict[str, Schema | None], kind: str, body: Any
) -> None:
    reply = LOST.reply(declaring(content))
    assert (reply.status, reply.fields) == (404, (("Content-Type", kind),))
    assert json_text.decode(reply.body or b"") == body


def test_where_only_text_is_declared_the_error_is_its_sentence() -> None:
    reply = LOST.reply(declaring({"text/plain": embedded(TEXT)}))
    assert reply.fields == (("Content-Type", "text/plain; charset=utf-8"),)
    assert reply.body == LOST.message.encode()


PAGE = f"<!DOCTYPE html>\n<title>Not Found</title>\n<p>{LOST.message}</p>\n".encode()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("text/html", "text/html; charset=utf-8"),
        ("application/json, application/xml;q=0.5", "application/xml"),
        ("image/png", "application/problem+json"),
    ],
)
def test_an_error_comes_in_the_declared_type_that_accept_likes_best(
    accept: str | None, kind: str
) -> None:
    content: dict[str, Schema | None] = {
        "application/xml": closed(message=TEXT),
        "text/html": embedded(TEXT),
        "application/problem+json": closed(detail=TEXT),
    }
    reply = LOST.reply(declaring(content), accept=accept)
    assert reply.fields == (("Content-Type", kind),)


@pytest.mark.parametrize(
    ("kind", "schema", "body"),
    [
        ("text/html", None, PAGE),
        ("text/html", embedded(TEXT), PAGE),
        ("text/html", embedded({"type": "string", "maxLength": 60}), LOST.message.encode()),
        ("application/x-www-form-urlencoded", closed(status=WHOLE), b"status=404"),
        ("text/csv", None, LOST.message.encode()),
        ("application/octet-stream", None, LOST.message.encode()),
    ],
)
def test_an_error_is_written_in_the_type_that_is_declared_for_it(
    kind: str, schema: Schema | None, body: bytes
) -> None:
    reply = LOST.reply(declaring({kind: schema}))
    assert reply.fields[0][1].partition(";")[0] == kind
    assert reply.body == body


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("text/event-stream", b"data: ", b"\n\n"),
        ("application/x-ndjson", b"", b"\n"),
        ("application/json-seq", b"\x1e", b"\n"),
    ],
)
def test_an_error_that_is_declared_as_items_in_a_row_is_one_of_them(
    kind: str, before: bytes, after: bytes
) -> None:
    told = before + json_text.encode({"code": 404, "message": LOST.message}) + after
    reply = LOST.reply(declaring({kind: closed(code=WHOLE, message=TEXT)}))
    assert (reply.fields, reply.body) == ((("Content-Type", kind),), told)
    both = declaring({kind: None, "application/json": closed(message=TEXT)})
    assert LOST.reply(both).fields == (("Content-Type", "application/json"),)
    assert LOST.reply(both, accept=kind).fields == (("Content-Type", kind),)


def test_an_error_that_is_declared_as_xml_is_xml() -> None:
    reply = LOST.reply(declaring({"application/xml": closed(message=TEXT, code=WHOLE)}))
    head, _, body = (reply.body or b"").decode().partition("\n")
    assert head == '<?xml version="1.0" encoding="UTF-8"?>'
    assert body == f"<root><code>404</code><message>{LOST.message}</message></root>"


def test_a_problem_below_the_documents_reach_has_the_declared_shape_too() -> None:
    problem = Problem(
        415, "no", "unsupported_content_encoding", fields=(("Accept-Encoding", "identity"),)
    )
    operation = declaring({"application/json": closed(code=WHOLE, message=TEXT)}, "4XX")
    reply = problem.reply(operation)
    assert reply.status == 415
    assert reply.fields[1:] == (("Accept-Encoding", "identity"),)
    assert json_text.decode(reply.body or b"") == {"code": 415, "message": "no"}
    assert json_text.decode(problem.reply().body or b"")["error"]["message"] == "no"
