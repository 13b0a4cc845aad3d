"""Every rule of lint: the smallest document that shows it, and a near miss that does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.document import document
from troth.errors import SpecError
from troth.lint import CODES, Fix, lint

# What a complaint about something else would be: only the code under test is looked at.
OBJECT = {"type": "object"}


def api(**members: Any) -> dict[str, Any]:
    """A document with nothing to complain about, and what the test adds."""
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, **members}


def operation(**members: Any) -> dict[str, Any]:
    return {"operationId": "op", "responses": {"204": {"description": "done"}}, **members}


def at(path: str = "/things", method: str = "post", **members: Any) -> dict[str, Any]:
    return api(paths={path: {method: operation(**members)}})


def json_body(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def answer(schema: Any, description: str = "ok") -> dict[str, Any]:
    return {"200": {"description": description, **json_body(schema)}}


def asked(schema: Any, **members: Any) -> dict[str, Any]:
    return at(requestBody=json_body(schema), **members)


def answered(schema: Any, **members: Any) -> dict[str, Any]:
    return at(responses=answer(schema), **members)


def properties(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members}


def schemas(**members: Any) -> dict[str, Any]:
    return api(components={"schemas": members})


def read(value: dict[str, Any]) -> document.Document:
    return document.read(json.dumps(value).encode(), name="api.json")


def found(value: dict[str, Any], code: str) -> list[str]:
    """The pointers at which lint finds *code* in the document *value*."""
    return [finding.pointer for finding in lint(read(value)) if finding.code == code]


def said(text: str, **schema: Any) -> dict[str, Any]:
    return {"description": text, **schema}


THINGS = "/paths/~1things/post"
BODY = f"{THINGS}/requestBody/content/application~1json/schema"
MEMBER = f"{BODY}/properties"
REPLY = f"{THINGS}/responses/200/content/application~1json/schema"
TO_A = {"$ref": "#/components/schemas/A"}
LOOP = {"type": "object", "required": ["a"], "properties": {"a": TO_A}}
TOLD = {"type": "object", "required": ["kind"]}


def kind(*values: str) -> dict[str, Any]:
    return {"properties": {"kind": {"enum": list(values)}}}


NULLABLE_TEXT = {"type": ["string", "null"]}
TAGGED = [
    {"type": "object", "required": ["role"], "properties": {"role": {"enum": [role]}}}
    for role in ("user", "tool")
]
FREE = [
    {
        "type": "object",
        "required": ["type", name],
        "properties": {"type": {"type": "string"}, name: {"type": "string"}},
    }
    for name in ("text", "image")
]


def messages(reply: Any) -> dict[str, Any]:
    request = properties(message={"$ref": "#/components/schemas/Message"})
    return {
        **at(requestBody=json_body(request), responses=answer(properties(message=reply))),
        "components": {"schemas": {"Message": {"oneOf": TAGGED}}},
    }


def with_tag_const(branch: dict[str, Any], value: str) -> dict[str, Any]:
    return {**branch, "properties": {**branch["properties"], "type": {"const": value}}}


def payload(**more: Any) -> dict[str, Any]:
    return {
        "required": ["type"],
        **properties(type={"enum": ["text", "image"]}, image=OBJECT),
        **more,
    }


def entry(*names: str) -> dict[str, Any]:
    top = {"type": "array", "items": {"$ref": "#/components/schemas/LogProb"}}
    members = {name: {"type": "string"} for name in names}
    return schemas(
        LogProb=properties(token={"type": "string"}, logprob={"type": "number"}),
        LogProbsContent=properties(top_logprobs=top, **members),
    )


def tie(**more: Any) -> dict[str, Any]:
    text = "Only set this when you set stream: true."
    member = {"type": "object", "description": text}
    return asked({**properties(options=member, stream={"type": "boolean"}), **more})


def needs_logprobs(**more: Any) -> dict[str, Any]:
    text = "logprobs must be set to true if this parameter is used."
    return asked(properties(top={"type": "integer", "description": text}, **more))


def switch(promise: str, **more: Any) -> dict[str, Any]:
    stream = {"type": "boolean", "description": "Whether to stream. Must be false for this type."}
    return asked(properties(stream=stream), description=promise, **more)


def sample(source: str, lang: str = "python") -> dict[str, Any]:
    body = {"required": ["n"], **properties(n={"type": "integer"}, s={"type": "string"})}
    return asked(body, **{"x-codeSamples": [{"lang": lang, "source": source}]})


def total(**more: Any) -> dict[str, Any]:
    member = {"type": "integer", "description": "All of them (left + right)."}
    usage = properties(total=member, left_count={"type": "integer"}, right={"type": "integer"})
    return answered(usage, **more)


LIMITED = {"description": "How many to return at one time (max 100)"}
STREAMS = {
    "200": {
        "description": "ok",
        "content": {"text/event-stream": {"itemSchema": OBJECT}, "application/json": {}},
    }
}
LAW = {
    "id": "adds-up",
    "says": "All of them",
    "message": "it does not add up",
    "holds": "response.total == response.left_count + response.right",
}

# code: the document that shows it, where, and the near miss.
CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "unused-ignore",
        api(**{"x-troth-ignore": "unused-tag"}),
        "/x-troth-ignore",
        api(**{"x-troth-ignore": "unused-tag", "tags": [{"name": "a"}]}),
    ),
    (
        "ambiguous-path",
        api(paths={"/a/{x}": {"get": operation()}, "/a/{y}": {"get": operation()}}),
        "/paths/~1a~1{y}",
        api(paths={"/a/{x}": {"get": operation()}, "/a/b": {"get": operation()}}),
    ),
    (
        "ambiguous-path",
        api(paths={"/{x}/b": {"get": operation()}, "/a/{y}": {"get": operation()}}),
        "/paths/~1a~1{y}",
        api(paths={"/{x}/b": {"get": operation()}, "/a/{y}": {"post": operation()}}),
    ),
    (
        "ambiguous-path",
        api(paths={"/a": {"get": operation()}, "/a#b": {"get": operation()}}),
        "/paths/~1a#b",
        api(paths={"/a": {"get": operation()}, "/a#b": {"post": operation()}}),
    ),
    (
        "bad-pattern",
        schemas(A={"pattern": "["}),
        "/components/schemas/A/pattern",
        schemas(A={"pattern": r"^(?=a)(a+)\1$"}),
    ),
    (
        "bad-pattern",
        schemas(A=properties(b={"pattern": "(?P<year>[0-9]+)"})),
        "/components/schemas/A/properties/b/pattern",
        schemas(A=properties(b={"pattern": "(?<year>[0-9]+)"})),
    ),
    (
        "bad-pattern",
        schemas(A={"pattern": "(a{1,9999}){1,999}"}),
        "/components/schemas/A/pattern",
        schemas(A={"pattern": "(a{1,9}){1,9}"}),
    ),
    (
        "bad-pattern",
        schemas(A={"pattern": r"a\Z"}),
        "/components/schemas/A/pattern",
        schemas(A={"pattern": r"a\\Z"}),
    ),
    (
        "loose-pattern",
        schemas(A={"patternProperties": {r"^\-": {}}}),
        r"/components/schemas/A/patternProperties/^\-",
        schemas(A={"patternProperties": {r"^[\-]": {}}}),
    ),
    (
        "bad-pattern",
        schemas(A={"pattern": "/^a$/"}),
        "/components/schemas/A/pattern",
        schemas(A={"pattern": "^/a/$"}, B={"pattern": "/a/"}),
    ),
    (
        "bad-pattern",
        schemas(A={"pattern": r"/[0-9]+$/i"}),
        "/components/schemas/A/pattern",
        schemas(A={"pattern": r"/[0-9]+\$/"}),
    ),
    (
        "bad-schema",
        schemas(A={"type": "text"}),
        "/components/schemas/A/type",
        schemas(A={"type": "string"}),
    ),
    (
        "constant-missing",
        schemas(
            ChatCompletion={
                "required": ["object"],
                **properties(
                    object=said("The chat completion.", type="string", example="chat.completion")
                ),
            }
        ),
        "/components/schemas/ChatCompletion/properties/object",
        schemas(
            ChatCompletion={
                "required": ["name"],
                **properties(
                    name=said("The chat completion.", type="string", example="chat.completion")
                ),
            }
        ),
    ),
    (
        "count-without-minimum",
        answered(properties(a=said("Number of tokens.", type="integer"))),
        f"{REPLY}/properties/a",
        answered(properties(a=said("Number of tokens.", type="integer", minimum=0))),
    ),
    (
        "dead-keyword",
        schemas(A={"type": "object", "propertyNames": {"type": "integer"}}),
        "/components/schemas/A/propertyNames",
        schemas(A={"type": "object", "propertyNames": {"type": ["integer", "string"]}}),
    ),
    (
        "default-invalid",
        schemas(A={"type": "array", "default": "[]"}),
        "/components/schemas/A/default",
        schemas(A={"anyOf": [{"type": "array", "default": None}, {"type": "null"}]}),
    ),
    (
        "bad-reference",
        schemas(A={"items": {"$ref": "#/components/schemas/B"}}),
        "/components/schemas/A/items",
        schemas(A={"items": {"$ref": "#/components/schemas/A"}}),
    ),
    (
        "bad-reference",
        schemas(
            A={
                "oneOf": [{"$ref": "#/components/schemas/B"}],
                "discriminator": {"propertyName": "k", "mapping": {"c": "C"}},
            },
            B=properties(k={"type": "string"}),
        ),
        "/components/schemas/A/discriminator/mapping/c",
        schemas(
            A={
                "oneOf": [{"$ref": "#/components/schemas/B"}],
                "discriminator": {
                    "propertyName": "k",
                    "mapping": {"b": "B", "c": "#/components/schemas/B"},
                },
            },
            B=properties(k={"type": "string"}),
        ),
    ),
    (
        "duplicate-operation-id",
        api(paths={"/a": {"get": operation(), "put": operation()}}),
        "/paths/~1a/put/operationId",
        api(paths={"/a": {"get": operation(), "put": operation(operationId="other")}}),
    ),
    (
        "duplicate-sample",
        at(**{"x-codeSamples": [{"lang": "c", "source": "a"}] * 2}),
        f"{THINGS}/x-codeSamples/1",
        at(**{"x-codeSamples": [{"lang": "c", "source": "a"}, {"lang": "c", "source": "b"}]}),
    ),
    (
        "enum-needs-member",
        schemas(A=payload()),
        "/components/schemas/A",
        schemas(
            A=payload(
                **{"if": {"properties": {"type": {"const": "image"}}}},
                then={"required": ["image"]},
            )
        ),
    ),
    (
        "example-invalid",
        schemas(A={"type": "integer", "examples": [1, "2"]}),
        "/components/schemas/A/examples/1",
        schemas(A=properties(example={"type": "integer"}, examples={"type": "string"})),
    ),
    (
        "example-invalid",
        at(
            requestBody={
                "content": {"application/json": {"schema": OBJECT, "example": ["not an object"]}}
            }
        ),
        f"{THINGS}/requestBody/content/application~1json/example",
        at(requestBody={"content": {"application/json": {"schema": OBJECT, "example": "{}"}}}),
    ),
    (
        "example-invalid",
        at(
            parameters=[
                {
                    "name": "n",
                    "in": "query",
                    "schema": {"type": "integer"},
                    "examples": {"one": {"value": "many"}},
                }
            ]
        ),
        f"{THINGS}/parameters/0/examples/one/value",
        at(
            parameters=[
                {
                    "name": "n",
                    "in": "query",
                    "schema": {"type": "array"},
                    "examples": {"one": {"value": "a,b"}},
                }
            ]
        ),
    ),
    (
        "example-undeclared-member",
        schemas(A={**properties(a={"type": "string"}), "example": {"b": 1}}),
        "/components/schemas/A/example",
        schemas(
            A={
                **properties(a={"type": "string"}),
                "example": {"b": 1},
                "additionalProperties": True,
            }
        ),
    ),
    (
        "foreign-keyword",
        schemas(A={"type": "string", "nullable": True}),
        "/components/schemas/A/nullable",
        {**schemas(A={"type": "string", "nullable": True}), "openapi": "3.0.3"},
    ),
    (
        "foreign-keyword",
        {**schemas(A={"const": 1}), "openapi": "3.0.3"},
        "/components/schemas/A/const",
        schemas(A={"const": 1}),
    ),
    ("format-annotation", schemas(A={"format": "int32"}), "", schemas(A={"format": "date"})),
    (
        "inert-keyword",
        schemas(A={"type": "integer", "minLength": 1}),
        "/components/schemas/A",
        schemas(A={"type": ["integer", "string"], "minLength": 1}),
    ),
    (
        "malformed",
        at(parameters=[{"in": "query"}]),
        f"{THINGS}/parameters/0",
        at(parameters=[{"name": "a", "in": "query", "schema": {}}]),
    ),
    (
        "malformed",
        at(tags="a"),
        f"{THINGS}/tags",
        at(tags=["a"]),
    ),
    (
        "operation-without-id",
        api(paths={"/a": {"get": {"responses": {"204": {"description": "done"}}}}}),
        "/paths/~1a/get",
        api(webhooks={"a": {"get": {"responses": {"204": {"description": "done"}}}}}),
    ),
    (
        "operation-without-success",
        at(responses={"400": {"description": "bad", **json_body(OBJECT)}}),
        THINGS,
        at(responses={"2XX": {"description": "good", **json_body(OBJECT)}}),
    ),
    (
        "open-objects",
        schemas(A=properties(a={"type": "string"})),
        "",
        schemas(A={**properties(a={"type": "string"}), "additionalProperties": False}),
    ),
    (
        "path-parameter-undeclared",
        at("/{id}"),
        "/paths/~1{id}/post",
        at("/{id}", parameters=[{"name": "id", "in": "path", "required": True, "schema": {}}]),
    ),
    (
        "path-parameter-unused",
        at(parameters=[{"name": "id", "in": "path", "required": True, "schema": {}}]),
        f"{THINGS}/parameters/0",
        at(parameters=[{"name": "id", "in": "query", "schema": {}}]),
    ),
    ("path-without-slash", at("things"), "/paths/things", at("/things/")),
    (
        "prose-constraint",
        asked(properties(t=said("What to use, between 0 and 2", type="number"))),
        f"{MEMBER}/t",
        asked(
            properties(t=said("What to use, between 0 and 2", type="number", minimum=0, maximum=2))
        ),
    ),
    (
        "prose-constraint",
        asked(properties(t=said("Up to 4 sequences where it stops.", type="array"))),
        f"{MEMBER}/t",
        asked(
            {
                "allOf": [
                    properties(t=said("Up to 4 sequences where it stops.", type="array")),
                    properties(t={"maxItems": 4}),
                ]
            }
        ),
    ),
    (
        "prose-constraint",
        asked(
            properties(
                bias=said(
                    "Maps each to a bias value from -100 to 100.",
                    type="object",
                    additionalProperties={"type": "number"},
                )
            )
        ),
        f"{MEMBER}/bias/additionalProperties",
        asked(
            properties(
                bias=said(
                    "Values between -1 and 1 should change little.",
                    type="object",
                    additionalProperties={"type": "number"},
                )
            )
        ),
    ),
    (
        "prose-constraint",
        at(parameters=[{"name": "n", "in": "query", **LIMITED, "schema": {"type": "integer"}}]),
        f"{THINGS}/parameters/0/schema",
        at(parameters=[{"name": "n", "in": "query", **LIMITED, "schema": {"maximum": 100}}]),
    ),
    (
        "prose-contradiction",
        switch("Answers with a stream of server-sent events.", responses=STREAMS),
        f"{MEMBER}/stream",
        switch("Answers with one object."),
    ),
    (
        "prose-contradiction",
        schemas(A=said("The type, which is always `cat`.", type="string", enum=["dog"])),
        "/components/schemas/A",
        schemas(A=said("The type, which is always `cat`.", type="string", enum=["cat"])),
    ),
    (
        "prose-dependency",
        tie(),
        f"{MEMBER}/options",
        tie(dependentRequired={"options": ["stream"]}),
    ),
    (
        "prose-mismatch",
        schemas(A=said("Between 1 and 5.", type="integer", minimum=1, maximum=6)),
        "/components/schemas/A",
        schemas(A=said("For small ones, between 1 and 5.", type="integer", minimum=1, maximum=6)),
    ),
    (
        "prose-only-value",
        schemas(A=properties(type=said("Currently, only function is supported.", type="string"))),
        "/components/schemas/A/properties/type",
        schemas(A=properties(type=said("Only supported when it rains.", type="string"))),
    ),
    (
        "prose-only-value",
        schemas(A=said('It must be one of "a", "b" or "c".', type="string")),
        "/components/schemas/A",
        schemas(A=said('It may be "a", "b" or "c".', type="string")),
    ),
    ("prose-relation", total(), f"{REPLY}/properties/total", total(**{"x-troth-laws": [LAW]})),
    (
        "response-without-content",
        at(responses={"204": {"description": "done"}, "400": {"description": "bad"}}),
        f"{THINGS}/responses/400",
        at(responses={"204": {"description": "done"}, "304": {"description": "same"}}),
    ),
    (
        "sample-invalid",
        sample("client.create(n='one')"),
        f"{THINGS}/x-codeSamples/0",
        sample("client.create(s='the SDK adds n')"),
    ),
    (
        "sample-invalid",
        sample('curl https://x -d \'{"s": "there is no n"}\'', "shell"),
        f"{THINGS}/x-codeSamples/0",
        sample("curl https://x -d '{\"n\": 1}'", "shell"),
    ),
    (
        "sample-invalid",
        sample("await sdk.create({n: 'one'});", "typescript"),
        f"{THINGS}/x-codeSamples/0",
        sample("await sdk.create({n: 1});", "typescript"),
    ),
    (
        "shared-union",
        messages({"$ref": "#/components/schemas/Message"}),
        f"{REPLY}/properties/message",
        messages({"$ref": "#/components/schemas/Message/oneOf/1"}),
    ),
    (
        "shared-union",
        messages({"$ref": "#/components/schemas/Message"}),
        f"{REPLY}/properties/message",
        messages(
            {
                "allOf": [
                    {"$ref": "#/components/schemas/Message"},
                    properties(role={"const": "tool"}),
                ]
            }
        ),
    ),
    (
        "sibling-lacks-members",
        entry(),
        "/components/schemas/LogProbsContent",
        entry("token"),
    ),
    (
        "stream-undeclared",
        at(
            description="Returns:\n- A streaming SSE connection\n- One JSON response",
            responses=answer(OBJECT),
        ),
        f"{THINGS}/responses/200",
        at(description="It does not answer with SSE.", responses=answer(OBJECT)),
    ),
    (
        "stream-undeclared",
        asked(
            properties(stream=said("If set, sent as server-sent events.", type="boolean")),
            responses=answer(OBJECT),
        ),
        f"{THINGS}/responses/200",
        asked(
            properties(stream=said("If set, sent as server-sent events.", type="boolean")),
            responses=STREAMS,
        ),
    ),
    (
        "success-without-content",
        at(responses={"200": {"description": "ok"}}),
        f"{THINGS}/responses/200",
        at(method="head", responses={"200": {"description": "ok"}}),
    ),
    (
        "unbounded",
        asked({"required": ["m"], **properties(m={"type": "array"})}),
        f"{MEMBER}/m",
        asked({"required": ["m"], **properties(m={"type": "array", "minItems": 0})}),
    ),
    (
        "undeclared-member",
        needs_logprobs(),
        BODY,
        needs_logprobs(logprobs={"type": "boolean"}),
    ),
    (
        "undeclared-tag",
        {**at(tags=["b"]), "tags": [{"name": "a"}]},
        THINGS,
        {**at(tags=["a"]), "tags": [{"name": "a"}]},
    ),
    (
        "union-overlap",
        schemas(A={"oneOf": FREE}),
        "/components/schemas/A/oneOf",
        schemas(A={"oneOf": [with_tag_const(b, v) for b, v in zip(FREE, "ab", strict=True)]}),
    ),
    (
        "union-overlap",
        schemas(A={**TOLD, "oneOf": [kind("a"), kind("a", "b")]}),
        "/components/schemas/A/oneOf",
        schemas(A={**TOLD, "oneOf": [kind("a"), kind("b")]}),
    ),
    (
        "unknown-extension",
        at(**{"x-troth-lawz": []}),
        f"{THINGS}/x-troth-lawz",
        at(**{"x-trothful": []}),
    ),
    (
        "unknown-security-scheme",
        at(security=[{"nobody": []}]),
        f"{THINGS}/security/0",
        {
            **at(security=[{}, {"key": []}]),
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        },
    ),
    (
        "unportable-pattern",
        schemas(A={"pattern": r"^\p{L}$"}),
        "/components/schemas/A/pattern",
        schemas(A={"pattern": r"^\\p{1}$"}),
    ),
    (
        "unsatisfiable",
        schemas(A=properties(a={"type": "string", "minLength": 3, "maxLength": 2})),
        "/components/schemas/A/properties/a",
        schemas(A=properties(a={"type": "string", "minLength": 2, "maxLength": 2})),
    ),
    (
        "unsatisfiable",
        schemas(A=LOOP, B=properties(a=TO_A)),
        "/components/schemas/A",
        schemas(A={**LOOP, "type": ["object", "null"]}),
    ),
    (
        "unsatisfiable",
        schemas(A={"allOf": [{"type": "array", "minItems": 1, "items": TO_A}]}),
        "/components/schemas/A",
        schemas(A={"anyOf": [{"type": "array", "minItems": 1, "items": TO_A}, {"type": "null"}]}),
    ),
    (
        "unsatisfiable",
        schemas(A={"enum": []}, B=properties(a=TO_A), C=TO_A),
        "/components/schemas/A",
        schemas(A={"enum": [1]}, B=properties(a=TO_A), C=TO_A),
    ),
    (
        "malformed",
        api(servers=[{"url": "https://{a}.x/v1"}]),
        "/servers/0/url",
        api(servers=[{"url": "https://{a}.x/v1", "variables": {"a": {"default": "b"}}}]),
    ),
    (
        "malformed",
        at(servers=[{"url": "http://[::1/v1"}]),
        f"{THINGS}/servers/0/url",
        at(servers=[{"url": "//[::1]/v1"}, {"url": "/v1"}, {"url": "."}]),
    ),
    (
        "malformed",
        api(servers=[{"url": "/{a}", "variables": {"a": {"default": "b", "enum": ["c"]}}}]),
        "/servers/0/variables/a/default",
        api(servers=[{"url": "/{a}", "variables": {"a": {"default": "c", "enum": ["c"]}}}]),
    ),
    (
        "unsatisfiable",
        schemas(A={"const": 1, "enum": [2]}),
        "/components/schemas/A",
        schemas(A=properties(a=False, b={"not": {}})),
    ),
    (
        "unsatisfiable",
        schemas(A={"type": "integer", "minimum": 2, "maximum": 1}),
        "/components/schemas/A",
        schemas(A={"if": {"const": 1, "enum": [2]}, "then": {"type": "string"}}),
    ),
    (
        "unusable",
        at(**{"x-troth-laws": [{**LAW, "holds": "1 +"}]}),
        f"{THINGS}/x-troth-laws/0/holds",
        at(**{"x-troth-laws": [{**LAW, "holds": "1 + 1 == 2"}]}),
    ),
    (
        "law-inapplicable",
        at(**{"x-troth-laws": [{**LAW, "holds": "query.limit == 1"}]}),
        f"{THINGS}/x-troth-laws/0",
        at(**{"x-troth-laws": [{**LAW, "holds": "header.limit == null"}]}),
    ),
    (
        "unused-component",
        {
            **asked(OBJECT),
            "components": {"schemas": {"A": properties(a={"$ref": "#/components/schemas/A"})}},
        },
        "/components/schemas/A",
        {
            **asked({"$ref": "#/components/schemas/A/properties/b"}),
            "components": {"schemas": {"A": properties(b=OBJECT)}},
        },
    ),
    (
        "unused-tag",
        {**at(tags=["a"]), "tags": [{"name": "a"}, {"name": "b"}]},
        "/tags",
        {**at(tags=["a"]), "tags": [{"name": "a"}]},
    ),
]


@pytest.mark.parametrize(("code", "shows", "pointer", "misses"), CASES, ids=[c[0] for c in CASES])
def test_a_rule_finds_what_it_is_for_and_nothing_near_it(
    code: str, shows: dict[str, Any], pointer: str, misses: dict[str, Any]
) -> None:
    assert pointer in found(shows, code)
    assert found(misses, code) == []


def test_every_code_has_a_case() -> None:
    undecided = {"default-undecided", "example-undecided"}
    # no value has a key twice: that is of the text alone
    assert {case[0] for case in CASES} == set(CODES) - undecided - {"duplicate-key"}


def test_a_key_that_is_given_twice_is_found_with_both_lines() -> None:
    text = b"openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {}\npaths: {}\n"
    (finding,) = lint(document.read(text, name="a.yaml"))
    assert str(finding) == (
        "a.yaml:4:1: error [duplicate-key] The key 'paths' was already given in line 3. "
        "Remove or rename one of the two (lines 3 and 4). (#/paths)"
    )


def test_an_example_that_takes_a_pattern_too_long_is_undecided_and_not_wrong() -> None:
    value = schemas(A={"pattern": r"^(?:(?=a)a|(?=a)aa)+$", "example": "a" * 60 + "!"})
    assert found(value, "example-undecided") == ["/components/schemas/A/example"]
    assert found(value, "example-invalid") == []


def test_an_empty_document_has_nothing_to_complain_about() -> None:
    assert lint(read(api())) == ()


def test_nullable_and_exclusive_bounds_of_openapi_3_0_are_read_as_it_means_them() -> None:
    value = schemas(
        A={"type": "string", "nullable": True, "default": None},
        B={"type": "number", "minimum": 0, "exclusiveMinimum": True, "example": 0},
    )
    value["openapi"] = "3.0.3"
    assert found(value, "default-invalid") == []
    assert found(value, "example-invalid") == ["/components/schemas/B/example"]


def test_a_required_member_of_the_other_direction_may_be_missing_from_an_example() -> None:
    thing = {
        "required": ["id", "name"],
        **properties(id={"type": "string", "readOnly": True}, name={"type": "string"}),
    }
    assert found(schemas(A={**thing, "example": {"name": "a"}}), "example-invalid") == []
    wrong = found(schemas(A={**thing, "example": {"id": "1"}}), "example-invalid")
    assert wrong == ["/components/schemas/A/example"]


def test_an_example_of_an_answer_may_not_hold_what_is_writeonly() -> None:
    thing = properties(id={"type": "string", "readOnly": True}, word={"writeOnly": True})
    shown = {"schema": thing, "example": {"word": "a"}}
    content = {"content": {"application/json": shown}}
    answer = {"responses": {"200": {"description": "ok", **content}}}
    value = {"openapi": "3.0.4", "paths": {"/a": {"post": {"requestBody": content, **answer}}}}
    at = "/paths/~1a/post/responses/200/content/application~1json/example"
    assert found(value, "example-invalid") == [at]


def test_a_finding_cites_the_line_that_it_is_about() -> None:
    text = (
        "openapi: 3.1.0\n"
        "info: {title: t, version: '1'}\n"
        "components:\n"
        "  schemas:\n"
        "    A:\n"
        "      type: integer\n"
        "      default: one\n"
    )
    findings = lint(document.read(text.encode(), name="api.yaml"))
    assert [str(finding.place) for finding in findings if finding.severity == "error"] == [
        "api.yaml:7:7"
    ]


def test_what_one_schema_of_a_shape_says_holds_for_its_twin_once() -> None:
    def tool(text: str) -> dict[str, Any]:
        members = properties(type=said(text, type="string"), function=OBJECT)
        return {"required": ["type", "function"], **members}

    value = schemas(
        Call=tool("Currently, only function is supported."),
        Tool=tool("Currently, only function is supported."),
        Choice=tool("The type."),
        Other={"required": ["type"], **properties(type={"type": "string"})},
    )
    assert found(value, "prose-only-value") == [
        f"/components/schemas/{name}/properties/type" for name in ("Call", "Tool", "Choice")
    ]


def test_a_discriminator_says_what_would_tell_overlapping_branches_apart() -> None:
    def pet(**more: Any) -> dict[str, Any]:
        return {"allOf": [{"$ref": "#/components/schemas/Pet"}, properties(**more)]}

    value = schemas(
        Pet={"required": ["kind"], **properties(kind={"type": "string"})},
        Cat=pet(lives={"type": "integer"}),
        Dog=pet(bark={"type": "string"}),
        Any={
            "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Cat", "Dog")],
            "discriminator": {
                "propertyName": "kind",
                "mapping": {"dog": "#/components/schemas/Dog"},
            },
        },
    )
    value["openapi"] = "3.0.3"
    (overlap,) = [each for each in lint(read(value)) if each.code == "union-overlap"]
    assert overlap.fix == (
        Fix("merge", "/components/schemas/Cat", {"properties": {"kind": {"enum": ["Cat"]}}}),
        Fix("merge", "/components/schemas/Dog", {"properties": {"kind": {"enum": ["dog"]}}}),
    )


def test_what_a_rule_says_is_not_said_again_as_unusable() -> None:
    value = at(security=[{"nobody": []}])
    assert [each.code for each in lint(read(value)) if each.severity == "error"] == [
        "unknown-security-scheme"
    ]


def test_the_law_that_is_proposed_for_a_total_leads_from_the_answer_to_it() -> None:
    text = "All of them (left + right)."
    count = {"type": "integer"}
    usage = properties(total={**count, "description": text}, left=count, right=count)
    value = answered(properties(usage={"oneOf": [{"type": "null"}, usage]}))
    (relation,) = [each for each in lint(read(value)) if each.code == "prose-relation"]
    law = {
        "id": "usage-total-adds-up",
        "says": text,
        "message": "total is not the sum of left and right",
        "when": "response.usage != null",
        "holds": "response.usage.total == response.usage.left + response.usage.right",
    }
    assert relation.fix == (Fix("merge", THINGS, {"x-troth-laws": [law]}),)


JUNK = st.sampled_from(
    [None, True, -1, 1.5, "", "x", "[", [], [None], {}, {"": {}}, [{}], ["a"], "\ud800"]
)
SINKS = [case[1] for case in CASES]


@given(st.sampled_from(SINKS), st.integers(0, 10_000), JUNK)
@settings(max_examples=100)
def test_a_malformed_document_is_refused_or_linted_and_never_a_crash(
    value: dict[str, Any], where: int, junk: Any
) -> None:
    broken = json.loads(json.dumps(value))
    holders = list(places(broken))
    holder, key = holders[where % len(holders)]
    holder[key] = junk
    try:
        source = read(broken)
    except SpecError:
        return
    assert all(finding.code in CODES for finding in lint(source))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and item of *value*, as its holder and its key."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key])


@pytest.mark.parametrize("beside", [{"properties": 3}, {"allOf": {}}, {"required": 3}])
def test_what_stands_beside_a_reference_of_3_0_may_be_anything(beside: dict[str, Any]) -> None:
    named = {"A": {"type": "object"}, "B": {**TO_A, **beside}}
    assert found({**schemas(**named), "openapi": "3.0.3"}, "unused-component") == [
        "/components/schemas/A",
        "/components/schemas/B",
    ]


def test_a_long_chain_of_references_is_linted_without_the_algebra() -> None:
    names = [f"S{index}" for index in range(3000)]
    chain = {
        name: properties(a={"$ref": f"#/components/schemas/{following}"})
        for name, following in zip(names, [*names[1:], names[0]], strict=True)
    }
    impossible = {"type": "string", "minLength": 3, "maxLength": 2}
    assert found(schemas(**chain, Alone=impossible), "unsatisfiable") == [
        "/components/schemas/Alone"
    ]


@pytest.mark.parametrize("junk", [None, True, 1, [], {}])
def test_what_is_no_name_among_the_required_ones_is_told_and_no_crash(junk: Any) -> None:
    one, other = FREE
    value = schemas(A={"oneOf": [{**one, "required": [junk, "text"]}, other]})
    codes = {finding.code for finding in lint(read(value))}
    assert codes == {"bad-schema", "open-objects", "unused-component"}


def test_a_branch_that_extends_another_is_given_no_tag_to_contradict_it() -> None:
    base = {"required": ["kind"], **properties(kind={"type": "string"})}
    more = {"allOf": [{"$ref": "#/components/schemas/Base"}, properties(more={"type": "string"})]}
    union = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Base", "More")],
        "discriminator": {"propertyName": "kind"},
    }
    value = schemas(Base=base, More=more, Any=union)
    (overlap,) = [each for each in lint(read(value)) if each.code == "union-overlap"]
    assert overlap.fix == ()


def severities(value: dict[str, Any], code: str) -> list[str]:
    return [each.severity for each in lint(read(value)) if each.code == code]


def variable(name: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def got(*parameters: Any, **members: Any) -> dict[str, Any]:
    return {"get": operation(parameters=list(parameters), **members)}


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"type": "string"}, ["warning"]),
        ({"type": "string", "pattern": "^[a-z]+$"}, ["warning"]),
        ({"type": ["integer", "string"]}, ["warning"]),
        ({}, ["warning"]),
        ({"type": "integer"}, []),
        ({"type": "string", "format": "uuid"}, []),
        ({"type": "string", "pattern": "^[0-9]+$"}, []),
        ({"enum": ["red", "blue"]}, []),
    ],
)
def test_templates_that_cross_are_told_where_types_leave_it_open(
    schema: dict[str, Any], found: list[str]
) -> None:
    value = api(
        paths={
            "/issues/{number}/labels": got(variable("number", **schema)),
            "/issues/comments/{id}": got(variable("id", type="string")),
        }
    )
    assert severities(value, "ambiguous-path") == found


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("/chat", {"/chat#stream": got()}, ["error"]),
        ("/chat", {"/chat#stream": got({"name": "a", "in": "query", "schema": {}})}, ["warning"]),
        ("/chat", {"/chat#stream": got(requestBody=json_body(OBJECT))}, ["warning"]),
        ("/chat", {"/chat#stream": got(responses=answer(OBJECT))}, ["warning"]),
        ("/chat", {"/chat?beta=true": got()}, ["warning"]),
        ("/chat", {"/chat#stream": {"put": operation()}}, []),
        ("/{a}", {"/{b}": got(variable("b", type="string"))}, ["error"]),
        ("/{a}", {"/{b}": got(variable("b", type="integer"))}, ["warning"]),
        ("/{a}", {"/{b}": got(variable("b", type="string"), responses=answer({}))}, ["error"]),
    ],
)
def test_one_url_with_two_operations_is_an_error_where_nothing_tells_them_apart(
    one: str, other: dict[str, Any], found: list[str]
) -> None:
    first = got(variable("a", type="string")) if "{" in one else got()
    assert severities(api(paths={one: first, **other}), "ambiguous-path") == found


@pytest.mark.parametrize("path", ["/a/{id*}", "/a/{.id}", "/a{;id}", "/a/{id}{?q}"])
def test_an_expression_of_rfc_6570_is_told_once_and_is_no_error(path: str) -> None:
    value = api(paths={path: got(variable("id", type="string"))})
    assert severities(value, "path-parameter-undeclared") == ["warning"]
    assert severities(value, "path-parameter-unused") == []


def test_a_name_that_holds_another_is_no_expression() -> None:
    value = api(paths={"/{userid}/{id}": got(variable("id", type="string"))})
    assert severities(value, "path-parameter-undeclared") == ["error"]


A = {"type": "object", "properties": {"a": {"type": "string"}}}
B = {"type": "object", "properties": {"b": {"type": "string"}}}
KIND = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}


def of(*branches: Any, **members: Any) -> dict[str, Any]:
    """A document with one union, whose branches A and B may be referred to."""
    return schemas(A=A, B=B, U={"oneOf": list(branches), **members})


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        # every value of the one is one of the other
        (of(reference("A"), reference("B")), ["error"]),
        (of({"type": "string"}, {"enum": ["a"]}), ["error"]),
        (of({"type": "integer"}, {"type": "number"}), ["error"]),
        # which of the two is meant is said
        (of(reference("A"), reference("B"), discriminator={"propertyName": "kind"}), ["warning"]),
        # only what nobody sends is shared
        (
            of({"type": "array", "items": A}, {"type": "array", "items": {"type": "integer"}}),
            ["warning"],
        ),
        (of({"type": ["null", "string"]}, {"type": ["null", "integer"]}), ["warning"]),
        (of(reference("A"), {"$recursiveRef": "#"}), []),
        # this is what oneOf is for
        (of({**A, "required": ["a"]}, {**B, "required": ["b"]}), []),
        (of({"required": ["a"]}, {"required": ["b"]}, type="object"), []),
        # what stands beside the branches counts
        (of({"type": "string"}, {"enum": ["a"]}, maxLength=0), []),
    ],
)
def test_an_overlap_is_an_error_where_usual_values_are_rejected(
    value: dict[str, Any], found: list[str]
) -> None:
    assert severities(value, "union-overlap") == found


def test_a_discriminator_of_the_parent_tells_branches_apart_too() -> None:
    pet = {**KIND, "discriminator": {"propertyName": "kind"}}
    value = schemas(
        Pet=pet,
        Cat={"allOf": [reference("Pet"), A]},
        Dog={"allOf": [reference("Pet"), B]},
        U={"oneOf": [reference("Cat"), reference("Dog")]},
    )
    assert severities(value, "union-overlap") == ["warning"]


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        (properties(a={"type": "string", "default": None}), ["warning"]),
        ({**properties(a={"type": "string", "default": None}), "required": ["a"]}, ["error"]),
        (properties(a={"type": "string", "default": 1}), ["error"]),
        ({"type": "string", "format": "uri", "default": ""}, ["warning"]),
        ({"type": "string", "format": "uri", "minLength": 1, "default": ""}, ["error"]),
    ],
)
def test_a_default_that_does_no_harm_is_a_warning(schema: dict[str, Any], found: list[str]) -> None:
    assert severities(schemas(A=schema), "default-invalid") == found


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"type": "string", "enum": ["open"]}, ["warning"]),
        ({"type": "string", "enum": ["open", None]}, []),
        ({"allOf": [{"type": "string"}]}, ["warning"]),
        ({"oneOf": [{"type": "string"}, {"type": "number"}]}, ["warning"]),
        ({"oneOf": [{"type": "string"}, {"enum": [None]}]}, []),
        ({"type": "string"}, []),
        ({}, []),
    ],
)
def test_nullable_that_the_letter_gives_no_effect_is_a_warning_and_is_believed(
    schema: dict[str, Any], found: list[str]
) -> None:
    state = {**schema, "nullable": True}
    value = schemas(A={**properties(state=state), "example": {"state": None}})
    value["openapi"] = "3.0.3"
    assert severities(value, "inert-keyword") == found
    assert severities(value, "example-invalid") == []


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"type": "string", "format": "binary"}, []),
        ({"type": "string", "contentMediaType": "image/png"}, []),
        ({"type": "array", "items": {"type": "string", "format": "binary"}}, []),
        ({"type": "array", "items": {"type": "string"}}, ["info"]),
        ({"type": "string"}, ["info"]),
    ],
)
def test_files_need_no_bounds(schema: dict[str, Any], found: list[str]) -> None:
    form = {"multipart/form-data": {"schema": {**properties(a=schema), "required": ["a"]}}}
    assert severities(at(requestBody={"content": form}), "unbounded") == found


WRONG_BODY = json_body({"type": "integer", "default": "one"})


@pytest.mark.parametrize(
    "value",
    [
        api(webhooks={"sent": {"post": {"requestBody": WRONG_BODY, "responses": {}}}}),
        at(callbacks={"sent": {"{$request.body#/url}": {"post": {"requestBody": WRONG_BODY}}}}),
        api(
            components={
                "callbacks": {
                    "sent": {"{$request.body#/url}": {"post": {"requestBody": WRONG_BODY}}}
                }
            }
        ),
    ],
)
def test_what_an_api_sends_is_looked_at_and_not_held_to_the_rules_of_what_it_serves(
    value: dict[str, Any],
) -> None:
    assert severities(value, "default-invalid") == ["error"]
    assert severities(value, "operation-without-id") == []


def test_a_tag_that_holds_others_is_used() -> None:
    inner = {"name": "inner", "parent": "outer"}
    value = {**at(tags=["inner"]), "openapi": "3.2.0", "tags": [{"name": "outer"}, inner]}
    assert found(value, "unused-tag") == []
    del inner["parent"]
    assert found(value, "unused-tag") == ["/tags"]


@pytest.mark.parametrize("word", ["$recursiveRef", "$recursiveAnchor"])
def test_a_keyword_of_an_earlier_draft_is_told(word: str) -> None:
    value = schemas(A={word: "#" if word == "$recursiveRef" else True})
    assert found(value, "foreign-keyword") == [f"/components/schemas/A/{word}"]
    assert found(value, "bad-schema") == []
