"""`--set` and `--values`: what belongs where, and what is refused because it fits nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import troth
from troth.cli.given_values import BadValue, doubts, given
from troth.cli.run_options import client_credentials_of

ANSWER = {"responses": {"200": {"description": "it"}}}
ORG = {"name": "X-Org", "in": "header", "schema": {"type": "string"}}
LANG = {"name": "lang", "in": "cookie", "schema": {"type": "string"}}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _body(**properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    return {"content": {"application/json": {"schema": schema}}}


ID = {"name": "task_id", "in": "path", "required": True, "schema": {"type": "integer"}}
PATH = {"type": "object", "properties": {"mode": {"type": "string"}, "x": {"type": "string"}}}
CONTRACT = troth.load(
    json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "1"},
            "paths": {
                "/tasks": {
                    "get": {
                        "operationId": "listTasks",
                        "parameters": [
                            _query("ids", {"type": "array", "items": {"type": "integer"}}),
                            _query("tenant", {"type": "string"}),
                            *(ORG, LANG),
                        ],
                        **ANSWER,
                    },
                    "post": {
                        "operationId": "addTask",
                        "parameters": [_query("tenant", {"type": "string"})],
                        "requestBody": _body(title={"type": "string"}, path=PATH),
                        **ANSWER,
                    },
                },
                "/tasks/{task_id}": {
                    "parameters": [ID],
                    "get": {"operationId": "getTask", **ANSWER},
                },
                "/named/{mode}": {
                    "parameters": [{**ID, "name": "mode", "schema": {"type": "string"}}],
                    "get": {"operationId": "getNamed", **ANSWER},
                },
            },
        }
    ).encode()
)


def placed(*pairs: str, file: Path | None = None) -> dict[str, dict[str, Any]]:
    values = given(CONTRACT, model=None, pairs=pairs, file=str(file) if file else None)
    return {
        name: {**{".".join(key): value for key, value in one.parameters.items()}, **one.members}
        for name, one in values.items()
    }


@pytest.mark.parametrize(
    ("pair", "operations", "value"),
    [
        ("path.task_id=7", ["GET /tasks/{task_id}"], {"path.task_id": 7}),
        ("query.tenant=7", ["GET /tasks", "POST /tasks"], {"query.tenant": "7"}),
        ("query.ids=[1, 2]", ["GET /tasks"], {"query.ids": [1, 2]}),
        ("query.ids=1", ["GET /tasks"], {"query.ids": [1]}),
        ("header.x-org=a", ["GET /tasks"], {"header.X-Org": "a"}),
        ("cookie.lang=en", ["GET /tasks"], {"cookie.lang": "en"}),
        ("title=x", ["POST /tasks"], {"title": "x"}),
        ("/path/x=1", ["POST /tasks"], {"/path/x": 1}),
        # no operation has a path parameter x: it is the member of the body that is called `path`
        ("path.x=y", ["POST /tasks"], {"path.x": "y"}),
        # where both are there, the parameter is meant; the member has its pointer
        ("path.mode=y", ["GET /named/{mode}"], {"path.mode": "y"}),
        ("/path/mode=y", ["POST /tasks"], {"/path/mode": "y"}),
    ],
)
def test_a_value_goes_where_there_is_a_place_for_it(
    pair: str, operations: list[str], value: dict[str, Any]
) -> None:
    assert placed(pair) == dict.fromkeys(operations, value)


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (
            "path.taskid=1",
            "--set path.taskid: no operation has a path parameter 'taskid'; "
            "did you mean 'path.task_id'?",
        ),
        (
            "query.zzzzzz=1",
            "--set query.zzzzzz: no operation has a query parameter 'zzzzzz'; "
            "there is query.ids, query.tenant",
        ),
        ("titel=1", "--set titel: 'titel' is not declared; did you mean 'title'?"),
        ("zzzzzz=1", "--set zzzzzz: 'zzzzzz' is not declared; there is title, path"),
        (
            "tenant=1",
            "--set tenant: no body has a member 'tenant'; a parameter is set as query.tenant",
        ),
        ("title", "--set: 'title' is not NAME=VALUE"),
        ('title={"a', "--set: the value of title is not JSON"),
    ],
)
def test_what_fits_nowhere_is_refused(pair: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        placed(pair)
    assert str(caught.value).startswith(said)


def test_a_file_has_values_by_operation(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(
        "getTask: {path: {task_id: 1}}\n"
        "POST /tasks:\n  query.tenant: b\n  body: {title: from the file, path.x: z}\n"
        "'*': {query: {tenant: a}}\n"
    )
    assert placed("title=from the line", file=file) == {
        "GET /tasks/{task_id}": {"path.task_id": 1},
        "POST /tasks": {"query.tenant": "b", "title": "from the line", "path.x": "z"},
        "GET /tasks": {"query.tenant": "a"},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("getTsk: {path: {}}", ":1: there is no operation 'getTsk'; did you mean 'getTask'?"),
        (
            "getTask:\n  path:\n    task: 1",
            ":3: GET /tasks/{task_id} has no path parameter 'task'; did you mean 'path.task_id'?",
        ),
        ("getTask: 1", ":1: the values of getTask are expected by name: {path: {task_id: 1}}"),
        ("[]", ": operations with their values are expected: {getTask: {path: {…}}}"),
        ("getTask: {title: x}", ":1: GET /tasks/{task_id} has no body"),
        (
            "getTask: {paht: {task_id: 1}}",
            ":1: 'paht' is no table of values for GET /tasks/{task_id}; did you mean 'path'?",
        ),
        (
            "getTask: {params: {task_id: 1}}",
            ":1: 'params' is no table of values for GET /tasks/{task_id}; "
            "there are path, query, header, cookie, body",
        ),
        (
            "'*': {qurey: {tenant: a}}",
            ":1: 'qurey' is no table of values for any operation; did you mean 'query'?",
        ),
        (
            "addTask: {titel: {a: b}}",
            ":1: 'titel' is not declared; did you mean 'title'?",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(text)
    with pytest.raises(BadValue) as caught:
        placed(file=file)
    assert str(caught.value) == f"{file}{said}"


def test_a_value_that_the_document_does_not_allow_is_doubted() -> None:
    values = given(CONTRACT, model=None, pairs=["path.task_id=seven"], file=None)
    (doubt,) = doubts(CONTRACT, values)
    assert doubt.startswith("path.task_id of GET /tasks/{task_id}: 'seven' is not of type")


# -- OAuth 2 of the document ----------------------------------------------------------------------


def test_the_token_url_and_the_scopes_are_those_of_the_document() -> None:
    flow = {"tokenUrl": "/oauth/token", "scopes": {"read": "", "write": ""}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "security": [{"key": []}, {"login": ["read"]}],
        "paths": {
            "/a": {"get": ANSWER},
            "/b": {"get": {"security": [{"login": ["write", "read"]}], **ANSWER}},
            "/c": {"get": {"security": [], **ANSWER}},
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "login": {"type": "oauth2", "flows": {"clientCredentials": flow}},
            }
        },
    }
    contract = troth.load(json.dumps(document).encode())
    assert client_credentials_of(contract) == ("/oauth/token", ("read", "write"))
