"""Whole requests, held to the contract as a server receives them: drawn ones and broken ones."""

import json

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from parameter_documents import compiled, parameter, written
from random_documents import documents
from troth.generation import graph, requests
from troth.generation.mutations import NothingToBreak
from troth.generation.shape import meet
from troth.generation.source import Seeded, Smallest, Unsatisfiable
from troth.generation.strategies import operation_strategy
from troth.http.exchange import Exchange
from troth.seed import Seed
from troth.validation.validator import validate


def errors(contract, request):
    return [one for one in validate(contract, Exchange(request)) if one.severity == "error"]


@given(documents(), st.integers(0, 9999))
def test_what_is_drawn_conforms_and_what_is_broken_does_not(root, number):
    contract = compiled(root)
    (operation,) = contract.operations
    try:
        drawn = requests.request(contract, operation, Seeded(Seed.of(number)))
    except Unsatisfiable:
        can_be_asked = False  # as of a path whose variables can only be empty
    else:
        can_be_asked = True
        assert errors(contract, drawn) == []
    try:
        broken = requests.request(contract, operation, Seeded(Seed.of(number)), valid=False)
    except NothingToBreak:
        if not can_be_asked:
            return
        assert not any(one.required and one.location != "path" for one in operation.parameters)
        assert operation.request_body is None
        assert all(scheme.kind == "mutualTLS" for one in operation.security for scheme in one)
    else:
        assert errors(contract, broken) != []


def form(schema, *, content_type="multipart/form-data", **media):
    content = {content_type: {"schema": {"type": "object", **schema}, **media}}
    return compiled(written(method="post", requestBody={"required": True, "content": content}))


def taking(*parameters, **options):
    return compiled(written(parameters, **options))


TEXT = {"type": "string"}
NULL = {"type": "null"}
ROLE = {"properties": {"role": TEXT}, "required": ["role"]}
META = {"type": ["object", "null"], "properties": {"a": TEXT}}
#: Operations of which a value of the schema is easily one that no text can say.
HARD = {
    "an object without a type in a path": taking(
        parameter(ROLE, where="path"),
        parameter({"items": TEXT}, name="q"),
        path="/a/{p}",
    ),
    "an object in a query that has only optional members": taking(
        parameter({"type": "object", "properties": {"page": {"type": "integer"}}}, required=True)
    ),
    "an array of nulls": taking(parameter({"type": "array", "items": NULL}, required=True)),
    "a form that must have an array": form(
        {"required": ["tags"], "properties": {"tags": {"type": "array", "items": TEXT}}},
        content_type="application/x-www-form-urlencoded",
    ),
    "a part that may be null": form({"required": ["meta"], "properties": {"meta": META}}),
    "a path with a content type": taking(
        {"name": "p", "in": "path", "required": True, "content": {"text/plain": {"schema": TEXT}}},
        path="/a/{p}",
    ),
    "a body of which nothing is said": compiled(
        written(
            method="post",
            requestBody={"required": True, "content": {"application/octet-stream": {}}},
        )
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_a_text_says_what_it_was_written_from(name):
    contract = HARD[name]
    for number in range(40):
        drawn = requests.request(contract, contract.operations[0], Seeded(Seed.of(number)))
        assert errors(contract, drawn) == []


def test_a_path_parameter_does_not_lead_to_another_operation():
    root = written([parameter({"enum": ["me", "you"]}, where="path")], path="/a/{p}")
    responses = {"200": {"description": "fine"}}
    root["paths"]["/a/me"] = {"get": {"responses": responses}}
    contract = compiled(root)
    operation = contract.operation("GET /a/{p}")
    targets = {
        requests.request(contract, operation, Seeded(Seed.of(number))).target
        for number in range(20)
    }
    assert targets == {"/a/you"}


def test_what_no_request_can_say_is_told_with_the_rule_that_stands_in_the_way():
    contract = taking(parameter({"const": ""}, where="path"), path="/a/{p}")
    with pytest.raises(Unsatisfiable, match="no path that matches '/a/'"):
        requests.request(contract, contract.operations[0], Seeded(Seed.of(1)))


BINARY = {"type": "string", "format": "binary"}
#: Operations for which most wrong values are right when they are written.
LENIENT = {
    "a form of a text": form(
        {"properties": {"a": TEXT}}, content_type="application/x-www-form-urlencoded"
    ),
    "a part of bytes": form({"properties": {"file": BINARY}}),
    "a query of a text": taking(parameter(TEXT, required=True)),
    "a field of a nullable text": taking(
        parameter({"type": ["string", "null"]}, where="header", required=True)
    ),
    "a query of any text": taking(parameter(TEXT)),
    "a query of anything": taking(parameter({})),
    "a path of any text": taking(parameter(TEXT, where="path"), path="/a/{p}"),
    "a cookie of any text": taking(parameter(TEXT, where="cookie")),
    "an object in a field": taking(
        parameter({"type": "object", "properties": {"a": TEXT}}, where="header"),
        parameter(TEXT, where="header", name="q"),
    ),
    "plain text": compiled(
        written(method="post", requestBody={"content": {"text/plain": {"schema": TEXT}}})
    ),
    "bytes": compiled(
        written(method="post", requestBody={"content": {"application/octet-stream": {}}})
    ),
    "nothing but a credential": compiled(written(security=[{"bearer": []}])),
    "any JSON": compiled(
        written(method="patch", requestBody={"content": {"application/json": {"schema": {}}}})
    ),
}


@pytest.mark.parametrize("name", LENIENT)
def test_what_is_broken_is_broken_as_it_is_written(name):
    contract = LENIENT[name]
    for number in range(30):
        source = Seeded(Seed.of(number))
        broken = requests.request(contract, contract.operations[0], source, valid=False)
        assert errors(contract, broken) != []


def test_a_form_is_broken_in_more_ways_than_one():
    member = {"n": {"type": "integer"}, "e": {"enum": ["x"]}}
    contract = form({"required": ["n"], "properties": member})
    codes = {
        error.code
        for number in range(60)
        for error in errors(
            contract,
            requests.request(
                contract, contract.operations[0], Seeded(Seed.of(number)), valid=False
            ),
        )
    }
    assert {"request-body.required", "request-body.type", "request-body.enum"} <= codes
    assert codes & {"request.content-type", "request-body.malformed", "request-body.missing"}


def test_parameters_are_broken_beside_a_body():
    contract = compiled(
        written(
            [parameter({"type": "integer"}, required=True)],
            method="post",
            requestBody={"content": {"application/json": {"schema": {"type": "object"}}}},
        )
    )
    locations = {
        error.location
        for number in range(40)
        for error in errors(
            contract,
            requests.request(
                contract, contract.operations[0], Seeded(Seed.of(number)), valid=False
            ),
        )
    }
    assert locations == {"request-query", "request-body"}


def test_where_everything_is_allowed_there_is_nothing_to_break():
    contract = taking()
    with pytest.raises(NothingToBreak, match="GET /a accepts whatever is sent"):
        requests.request(contract, contract.operations[0], Smallest(), valid=False)


def test_a_union_of_many_is_worked_out_in_few_steps(monkeypatch):
    def member(number):
        kinds = [f"m{number}", f"x{number}"]
        names = {"type": {"enum": kinds}, f"f{number}": TEXT, "shared": TEXT}
        return {"type": "object", "properties": names}

    union = {"oneOf": [member(number) for number in range(40)]}
    contract = compiled(
        written(method="post", requestBody={"content": {"application/json": {"schema": union}}})
    )
    met = []
    monkeypatch.setattr(graph, "meet", lambda one, other: met.append(1) or meet(one, other))
    bodies = {
        requests.request(contract, contract.operations[0], Seeded(Seed.of(number))).body
        for number in range(20)
    }
    assert len(bodies) > 10
    assert len(met) < 40_000


def test_what_is_broken_shrinks_to_one_thing():
    member = {"n": {"type": "integer"}, "t": {"type": "string", "maxLength": 3}}
    content = {"application/json": {"schema": {"type": "object", "properties": member}}}
    contract = compiled(written(method="post", requestBody={"content": content}))
    found = find(
        operation_strategy(contract, contract.operations[0], valid=False),
        lambda request: b'"n"' in request.body,
        settings=settings(max_examples=300),
    )
    assert list(json.loads(found.body)) == ["n"]
