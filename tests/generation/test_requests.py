"""Requests put together: parameters in their styles, bodies in their types, the credential."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import troth
from bundled import CONTRACT
from troth.generation import requests
from troth.generation.chat_consistency import is_consistent, made_consistent
from troth.generation.chat_features import EMBEDDED, Chat
from troth.generation.features import Factor, Level, pairwise
from troth.generation.mutations import mutations
from troth.generation.parameters import parameter_value
from troth.generation.raw_json import Written, read, write
from troth.generation.request_writer import (
    BASIC_CREDENTIAL,
    assemble,
    with_credential,
    without_credential,
)
from troth.generation.source import Seeded, Smallest
from troth.generation.values import value as value_of
from troth.http.exchange import Exchange, Request
from troth.openapi.operation import Parameter
from troth.schema.untrusted_schema import embedded
from troth.seed import Seed

OPERATION = CONTRACT.operations[0]
MADE = requests.composition(OPERATION)


def pet_store(tmp_path, parameters, path="/x", **operation):
    source = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
                "field": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "prefixed": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": 'with required prefix "Token"',
                },
                "query": {"type": "apiKey", "in": "query", "name": "key"},
                "digest": {"type": "http", "scheme": "Digest"},
                "oauth": {"type": "oauth2", "flows": {}},
                "openid": {"type": "openIdConnect", "openIdConnectUrl": "https://h"},
                "mutual": {"type": "mutualTLS"},
            }
        },
        "paths": {
            path: {
                "post": {
                    "parameters": parameters,
                    "responses": {"200": {"description": "ok"}},
                    **operation,
                }
            }
        },
    }
    file = tmp_path / "t.json"
    file.write_text(json.dumps(source))
    return troth.load(file)


STYLES = [
    ("query", "form", True, ["a", "b"], "p=a&p=b"),
    ("query", "form", False, ["a", "b"], "p=a,b"),
    ("query", "form", True, {"k": 1, "l": True}, "k=1&l=true"),
    ("query", "form", False, {"k": 1}, "p=k,1"),
    ("query", "spaceDelimited", False, ["a", "b"], "p=a%20b"),
    ("query", "pipeDelimited", False, ["a", "b"], "p=a%7Cb"),
    ("query", "deepObject", True, {"k": "v w"}, "p%5Bk%5D=v%20w"),
    ("query", "form", True, "a&b=c é", "p=a%26b%3Dc%20%C3%A9"),
    ("path", "simple", False, ["a", "b"], "a,b"),
    ("path", "simple", True, {"k": "v"}, "k=v"),
    ("path", "simple", False, {"k": "v"}, "k,v"),
    ("path", "label", True, ["a", "b"], ".a.b"),
    ("path", "label", False, ["a", "b"], ".a,b"),
    ("path", "matrix", True, ["a", "b"], ";p=a;p=b"),
    ("path", "matrix", False, ["a", "b"], ";p=a,b"),
    ("path", "matrix", True, {"k": "v"}, ";k=v"),
    ("path", "simple", False, "a/b", "a%2Fb"),
]


@pytest.mark.parametrize(("location", "style", "explode", "value", "written"), STYLES)
def test_parameters_are_written_in_their_style(tmp_path, location, style, explode, value, written):
    parameter = {
        "name": "p",
        "in": location,
        "required": True,
        "style": style,
        "explode": explode,
        "schema": {},
    }
    path = "/x/{p}" if location == "path" else "/x"
    operation = pet_store(tmp_path, [parameter], path).operations[0]
    target = assemble(operation, parameters={(location, "p"): value}).target
    assert target == (f"/x/{written}" if location == "path" else f"/x?{written}")


def test_header_and_cookie_parameters_are_fields(tmp_path):
    parameters = [
        {"name": "X-List", "in": "header", "schema": {"type": "array"}},
        {"name": "theme", "in": "cookie", "schema": {"type": "string"}},
    ]
    operation = pet_store(tmp_path, parameters).operations[0]
    request = assemble(
        operation, parameters={("header", "X-List"): ["a", "b"], ("cookie", "theme"): "dark"}
    )
    assert request.fields == (("Accept", "*/*"), ("X-List", "a,b"), ("Cookie", "theme=dark"))


@pytest.mark.parametrize(
    ("scheme", "secret", "field"),
    [
        ("basic", "user:pass", ("Authorization", "Basic dXNlcjpwYXNz")),
        ("basic", "user", ("Authorization", "Basic dXNlcjo=")),
        ("cookie", "s3cret", ("Cookie", "sid=s3cret")),
        ("field", "s3cret", ("X-Key", "s3cret")),
        ("field", None, ("X-Key", "TROTH_TOKEN")),
        ("prefixed", "s3cret", ("Authorization", "Token s3cret")),
        ("prefixed", "Token s3cret", ("Authorization", "Token s3cret")),
        ("oauth", "bearer s3cret", ("Authorization", "Bearer s3cret")),
        ("basic", None, ("Authorization", f"Basic {BASIC_CREDENTIAL}")),
    ],
)
def test_the_secret_takes_the_placeholders_place(tmp_path, scheme, secret, field):
    contract = pet_store(tmp_path, [], security=[{scheme: []}])
    request = assemble(contract.operations[0])
    assert field in with_credential(request, secret).fields
    assert contract.validate(Exchange(request)) == ()
    assert secret is None or secret not in repr(request)


def test_a_scheme_without_a_credential_gets_none():
    request = Request("GET", "/", (("Authorization", "Token "),))
    assert with_credential(request, "Token s3cret") == request


@pytest.mark.parametrize(
    ("security", "fields"),
    [
        ([{"oauth": []}], [("Authorization", "Bearer TROTH_TOKEN")]),
        ([{"openid": ["a"]}], [("Authorization", "Bearer TROTH_TOKEN")]),
        ([{"digest": []}], [("Authorization", "Digest TROTH_TOKEN")]),
        ([{"mutual": []}], []),
        ([{}, {"basic": []}], []),
        ([{"mutual": [], "field": []}], [("X-Key", "TROTH_TOKEN")]),
        ([{"oauth": [], "openid": []}], [("Authorization", "Bearer TROTH_TOKEN")]),
        ([{"oauth": [], "basic": []}, {"field": []}], [("X-Key", "TROTH_TOKEN")]),
        (
            [{"cookie": [], "query": [], "oauth": []}],
            [("Authorization", "Bearer TROTH_TOKEN"), ("Cookie", "sid=TROTH_TOKEN; a=1; b=2")],
        ),
    ],
)
def test_credentials_are_those_of_an_alternative_that_one_request_can_meet(
    tmp_path, security, fields
):
    crumbs = [{"name": name, "in": "cookie", "schema": {"type": "integer"}} for name in "ab"]
    contract = pet_store(tmp_path, crumbs, security=security)
    has_cookie = "cookie" in security[0]
    values = {("cookie", "a"): 1, ("cookie", "b"): 2} if has_cookie else {}
    request = assemble(contract.operations[0], parameters=values)
    assert list(request.fields[1:]) == fields
    assert contract.validate(Exchange(request)) == ()
    bare = without_credential(request)
    assert bare.field("Cookie") == ("a=1; b=2" if has_cookie else None)
    needs = {} not in security and security != [{"mutual": []}]
    assert (contract.validate(Exchange(bare)) != ()) is needs


def test_a_secret_in_a_target_is_quoted():
    request = Request("GET", "/x?k=TROTH_TOKEN")
    assert with_credential(request, "a&b").target == "/x?k=a%26b"


def body_of(tmp_path, content_type, value):
    contract = pet_store(
        tmp_path, [], requestBody={"content": {content_type: {"schema": {"type": "object"}}}}
    )
    return assemble(contract.operations[0], body=value)


def test_bodies_are_encoded_in_their_type(tmp_path):
    form = body_of(tmp_path, "application/x-www-form-urlencoded", {"a b": ["x", "é"], "n": 1})
    assert form.body == b"a%20b=x&a%20b=%C3%A9&n=1"
    assert body_of(tmp_path, "text/plain", "hé").body == "hé".encode()
    assert body_of(tmp_path, "*/*", {"a": 1}).content_type == "application/json"
    parts = body_of(tmp_path, "multipart/form-data", {'q"': "x", "o": {"a": 1}, "l": ["1", "2"]})
    boundary = parts.content_type.partition("boundary=")[2]
    assert parts.body.decode().split(f"--{boundary}\r\n")[1:] == [
        'Content-Disposition: form-data; name="q%22"\r\n\r\nx\r\n',
        'Content-Disposition: form-data; name="o"\r\nContent-Type: application/json\r\n\r\n'
        '{"a":1}\r\n',
        'Content-Disposition: form-data; name="l"\r\n\r\n1\r\n',
        f'Content-Disposition: form-data; name="l"\r\n\r\n2\r\n--{boundary}--\r\n',
    ]


def test_a_parameters_value_survives_its_text(tmp_path):
    schema = {"type": "array", "items": {"type": "string"}, "minItems": 2}
    parameter = Parameter("p", "path", "", required=True, schema=embedded(schema), style="simple")
    for number in range(20):
        value = parameter_value(parameter, Seeded(Seed.of(number)))
        assert all(item and item.isascii() for item in value)
        assert len(value) >= 2


@pytest.mark.parametrize("where", ["path", "query", "header", "cookie"])
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "email"},
        {"type": "string", "pattern": "^[,;]{3}$"},
        {"type": "array", "items": {"type": "string", "format": "date-time"}, "minItems": 2},
    ],
)
def test_what_is_not_plain_is_drawn_as_far_as_it_is_read_as_it_was_meant(tmp_path, schema, where):
    declared = {"name": "p", "in": where, "required": True, "schema": schema}
    contract = pet_store(tmp_path, [declared], path="/x/{p}" if where == "path" else "/x")
    (operation,) = contract.operations
    for number in range(5):
        request = requests.request(contract, operation, Seeded(Seed.of(number)))
        assert contract.validate(Exchange(request)) == ()


def test_examples_of_parameters_are_drawn(tmp_path):
    declared = [
        {
            "name": "a",
            "in": "path",
            "required": True,
            "example": "b/c",
            "schema": {"type": "string"},
        },
        {
            "name": "s",
            "in": "query",
            "required": True,
            "schema": {"type": "integer", "example": 77},
        },
        {
            "name": "X-Where",
            "in": "header",
            "required": True,
            "content": {"application/json": {"schema": {}, "examples": {"x": {"value": {"y": 1}}}}},
        },
    ]
    contract = pet_store(tmp_path, declared, path="/x/{a}")
    (operation,) = contract.operations
    smallest = requests.request(contract, operation, Smallest())
    assert (smallest.target, smallest.field("X-Where")) == ("/x/b%2Fc?s=77", '{"y":1}')
    drawn = [requests.request(contract, operation, Seeded(Seed.of(n))).target for n in range(40)]
    assert 1 < sum("s=77" in target for target in drawn) < 40


def test_the_minimal_body_has_what_is_required_and_no_more():
    assert MADE.minimal == {
        "messages": [{"role": "user", "content": "Hello!"}],
        "model": "meta-llama/Llama-3.3-70B-Instruct",
    }
    assert MADE.streamed == {**MADE.minimal, "stream": True}


def test_overrides_are_given_by_pointer_or_dotted_name():
    made = requests.composition(OPERATION, overrides={"model": "a", "/stop": ["x"]})
    assert made.minimal == {**MADE.minimal, "model": "a", "stop": ["x"]}
    refused = requests.composition(OPERATION, overrides={"model": 7})
    assert refused.minimal == MADE.minimal


def test_each_feature_is_valid_and_consistent_alone():
    for factor in MADE.factors:
        for level in factor.levels:
            body = level.build(MADE.minimal, Smallest())
            assert MADE.valid(body), level.name
            assert is_consistent(MADE.chat, body), level.name
            assert body != MADE.minimal


def test_what_is_embedded_has_its_instance():
    for _, schema, instance in EMBEDDED:
        assert embedded(schema).is_valid(instance)


TOOL = {"type": "function", "function": {"name": "f"}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    "change",
    [
        {"tool_choice": {"type": "function", "function": {"name": "g"}}, "tools": [TOOL]},
        {"tools": [TOOL, TOOL]},
        {"tools": [{"type": "function", "function": {"name": "a b"}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": 7}}}]},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
        {"stop": [""]},
        {"messages": [{"role": "tool", "tool_call_id": "c", "content": "x"}]},
        {"messages": [{"role": "assistant", "tool_calls": [CALL]}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
    ],
)
def test_what_a_close_reader_may_refuse_is_not_consistent(change):
    assert not is_consistent(Chat(OPERATION.completion), {**MADE.minimal, **change})


@given(st.integers(0, 10_000))
def test_settling_makes_names_and_calls_agree(number):
    source = Seeded(Seed.of(number))
    drawn = value_of(MADE.schema, source)
    body = made_consistent(MADE.chat, drawn, source)
    names = [tool["function"]["name"] for tool in body.get("tools") or []]
    assert len(set(names)) == len(names)
    if isinstance(body.get("tool_choice"), dict):
        assert body["tool_choice"]["function"]["name"] in names
    waiting = []
    for message in body["messages"]:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0)
        else:
            assert waiting == []
            waiting = [call["id"] for call in message.get("tool_calls", ())]
    assert waiting == []


@given(st.lists(st.integers(1, 4), min_size=2, max_size=6))
def test_every_two_levels_of_two_factors_meet(sizes):
    factors = [
        Factor(str(index), tuple(Level(str(level), lambda b, d: b) for level in range(size)))
        for index, size in enumerate(sizes)
    ]
    rows = pairwise(factors, most=1000)
    met = {(i, row[i], j, row[j]) for row in rows for i in range(len(sizes)) for j in range(i)}
    wanted = {
        (i, a, j, b)
        for i in range(len(sizes))
        for j in range(i)
        for a in range(1, sizes[i] + 1)
        for b in range(1, sizes[j] + 1)
    }
    assert wanted <= met
    assert len(rows) <= len(wanted)


def test_texts_are_written_as_they_stand():
    value = {"a": Written("1.0", 1), "b": [Written('"\\ud800"', "\ud800"), "é"], "c": None}
    assert write(value) == '{"a":1.0,"b":["\\ud800","é"],"c":null}'.encode()
    assert read(value) == {"a": 1, "b": ["\ud800", "é"], "c": None}


LIMITED = embedded(
    {
        "type": "object",
        "required": ["n"],
        "properties": {
            "n": {"type": "integer", "minimum": 2, "maximum": 5},
            "tag": {"enum": ["x", "y"]},
            "list": {"type": "array", "items": {"type": "null"}, "minItems": 1, "maxItems": 2},
            "text": {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^a"},
        },
        "additionalProperties": False,
    }
)


def test_mutations_stand_on_both_sides_of_each_limit():
    value = {"n": 3, "tag": "x", "list": [None], "text": "ab"}
    found = {
        f"{one.pointer} {one.about}": LIMITED.is_valid(read(one.value))
        for one in mutations(LIMITED, value)
    }
    expected = {
        "/n below minimum": False,
        "/n at minimum": True,
        "/n at maximum": True,
        "/n above maximum": False,
        "/n absent": False,
        "/n an integer written as a float": True,
        "/n a fraction instead of an integer": False,
        "/n null": False,
        "/n string instead of integer": False,
        "/tag outside the enum": False,
        "/tag the enum's 'y'": True,
        "/tag absent": True,
        "/list an empty array": False,
        "/list at maxItems": True,
        "/list above maxItems": False,
        "/list/0 string instead of null": False,
        "/text below minLength": False,
        "/text above maxLength": False,
        "/text not the pattern ^a": False,
        " an extra member": False,
    }
    assert {key: found.get(key) for key in expected} == expected


def test_each_mutation_changes_one_place_and_is_the_same_again():
    value = {"n": 3, "list": [None]}
    first, again = ([*mutations(LIMITED, value)] for _ in range(2))
    assert [repr(one.value) for one in first] == [repr(one.value) for one in again]
    assert value == {"n": 3, "list": [None]}
    for one in first:
        if one.pointer == "/n" and isinstance(one.value, dict):
            assert one.value["list"] == [None]
