"""Resources: what a document's paths and schemas say of what hangs together."""

from __future__ import annotations

import json
from typing import Any

import pytest

import troth
from troth.http.exchange import Exchange, Request, Response
from troth.openapi import fillings, runtime_expression
from troth.openapi.contract import Contract
from troth.openapi.resource import Filling, Listing, Resource
from troth.openapi.resources import resources

TASK = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "title": {"type": "string"},
        "status": {"enum": ["open", "closed"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "owner": {"type": "object", "properties": {"id": {"type": "string"}}},
    },
}


def contract(paths: dict[str, Any], **schemas: Any) -> Contract:
    root = {
        "openapi": "3.1.0",
        "info": {"title": "Tasks", "version": "1"},
        "paths": paths,
        "components": {"schemas": {"Task": TASK, **schemas}},
    }
    return troth.load(json.dumps(root).encode(), overlays=[])


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def many(name: str) -> dict[str, Any]:
    return {"type": "array", "items": ref(name)}


def held(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members}


def operation(
    status: str = "200", answer: Any = None, sent: Any = None, **query: Any
) -> dict[str, Any]:
    response: dict[str, Any] = {"description": ""}
    if answer is not None:
        response["content"] = {"application/json": {"schema": answer}}
    made: dict[str, Any] = {"responses": {status: response}}
    if sent is not None:
        made["requestBody"] = {"content": {"application/json": {"schema": sent}}}
    made["parameters"] = [
        {"name": name, "in": "query", "schema": schema} for name, schema in query.items()
    ]
    return made


def path(*names: str, **operations: Any) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}
        for name in names
    ]
    return {"parameters": parameters, **operations}


def roles(resource: Resource) -> dict[str, list[str]]:
    return {role: [each.name for each in found] for role, found in resource.operations.items()}


def only(paths: dict[str, Any], **schemas: Any) -> Resource:
    found = resources(contract(paths, **schemas))
    assert len(found.all) == 1, [each.path for each in found.all]
    return found.all[0]


TASKS = {
    "/tasks": {
        "get": operation(answer=many("Task"), limit={"type": "integer"}),
        "post": operation("201", ref("Task"), ref("Task")),
    },
    "/tasks/{task_id}": path(
        "task_id",
        get=operation(answer=ref("Task")),
        put=operation(answer=ref("Task"), sent=ref("Task")),
        patch=operation(answer=ref("Task"), sent=ref("Task")),
        delete=operation("204"),
    ),
    "/tasks/{id}/close": path("id", post=operation(answer=ref("Task"))),
}


def test_a_resource_is_what_its_paths_have_in_common() -> None:
    whole = contract(TASKS)
    (tasks,) = resources(whole).all
    assert (tasks.name, tasks.path, tasks.collection) == ("tasks", "/tasks/{task_id}", "/tasks")
    assert (tasks.parameter, tasks.identifier, tasks.parent) == ("task_id", "/id", None)
    assert not tasks.is_client_named
    assert roles(tasks) == {
        "list": ["GET /tasks"],
        "create": ["POST /tasks"],
        "read": ["GET /tasks/{task_id}"],
        "replace": ["PUT /tasks/{task_id}"],
        "update": ["PATCH /tasks/{task_id}"],
        "delete": ["DELETE /tasks/{task_id}"],
        "action": ["POST /tasks/{id}/close"],
    }
    create, close = whole.operation("POST /tasks"), whole.operation("POST /tasks/{id}/close")
    assert resources(whole).of(close) is tasks
    assert resources(whole).role(create) == "create"
    assert (tasks.item(create, 201), tasks.item(create, 200), tasks.sent(create)) == ("", None, "")
    assert tasks.items(whole.operation("GET /tasks"), 200) == ""
    assert tasks.listing == Listing(limit="limit")


@pytest.mark.parametrize(
    ("one", "all_", "sent", "places"),
    [
        (ref("Task"), many("Task"), ref("Task"), ("", "", "")),
        (held(data=ref("Task")), held(data=many("Task")), ref("Task"), ("/data", "/data", "")),
        (
            held(task=ref("Task")),
            held(tasks=many("Task"), meta=held(total={"type": "integer"})),
            held(task=ref("Task")),
            ("/task", "/tasks", "/task"),
        ),
        (
            ref("Task"),
            held(_embedded=held(tasks=many("Task")), page=held(size={"type": "integer"})),
            ref("Task"),
            ("", "/_embedded/tasks", ""),
        ),
    ],
)
def test_an_item_is_found_in_its_envelope(
    one: Any, all_: Any, sent: Any, places: tuple[str, str, str]
) -> None:
    whole = contract(
        {
            "/tasks": {"get": operation(answer=all_), "post": operation("201", one, sent)},
            "/tasks/{id}": path("id", get=operation(answer=one)),
        }
    )
    (tasks,) = resources(whole).all
    create, read, listed = map(whole.operation, ("POST /tasks", "GET /tasks/{id}", "GET /tasks"))
    assert (tasks.item(read, 200), tasks.items(listed, 200), tasks.sent(create)) == places
    assert tasks.item(create, 201) == tasks.item(read, 200)
    assert tasks.identifier == "/id"


@pytest.mark.parametrize(
    ("parameter", "members", "identifier"),
    [
        ("id", {"id": "integer", "name": "string"}, "/id"),
        ("task_id", {"id": "integer", "name": "string"}, "/id"),
        ("taskId", {"task_id": "integer", "id": "integer"}, "/task_id"),
        ("taskUid", {"uid": "integer", "name": "string"}, "/uid"),
        ("uidOrKey", {"key": "integer", "uid": "integer"}, "/uid"),
        ("task", {"id": "integer", "title": "string"}, "/id"),
        ("name", {"title": "string", "name": "integer"}, "/name"),
        ("id", {"_id": "integer", "v": "string"}, "/_id"),
        ("id", {"task_id": "integer", "title": "string"}, "/task_id"),
        ("code", {"id": "integer", "title": "string"}, None),
        ("colour", {"id": "integer", "title": "string"}, None),
    ],
)
def test_an_identifier_is_the_member_that_the_path_means(
    parameter: str, members: dict[str, str], identifier: str | None
) -> None:
    item = held(**{name: {"type": kind} for name, kind in members.items()})
    tasks = only(
        {
            "/tasks": {"post": operation("201", item, item)},
            f"/tasks/{{{parameter}}}": path(parameter, get=operation(answer=item)),
        }
    )
    assert tasks.identifier == identifier


def test_an_identifier_may_stand_in_the_head_of_an_item() -> None:
    job = held(metadata=held(name={"type": "string"}), spec=held(image={"type": "string"}))
    named = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    jobs = only(
        {
            "/jobs": {"post": operation("201", job, job)},
            "/jobs/{name}": {"parameters": [named], "get": operation(answer=job)},
        }
    )
    assert jobs.identifier == "/metadata/name"


def filled(filling: Filling) -> tuple[str, str, str, str | None]:
    return filling.name, filling.source.name, str(filling.expression), filling.items


def test_the_parameters_of_what_is_nested_are_filled_from_one_answer() -> None:
    nested = {
        "/projects": {"post": operation("201", ref("Project"), ref("Project"))},
        "/projects/{project_id}": path("project_id", get=operation(answer=ref("Project"))),
        "/projects/{p}/tasks": path(
            "p", get=operation(answer=many("Task")), post=operation("201", ref("Task"), ref("Task"))
        ),
        "/projects/{project_id}/tasks/{task_id}": path(
            "project_id", "task_id", get=operation(answer=ref("Task"))
        ),
    }
    project = held(id={"type": "integer"}, name={"type": "string"})
    whole = contract(nested, Project=project)
    found = resources(whole)
    tasks = found.of(whole.operation("GET /projects/{project_id}/tasks/{task_id}"))
    assert tasks is not None
    assert tasks.parent is not None
    assert tasks.parent.name == "projects"
    read = whole.operation("GET /projects/{project_id}/tasks/{task_id}")
    create, listed = "POST /projects/{p}/tasks", "GET /projects/{p}/tasks"
    assert [filled(each) for each in found.fillings(read)] == [
        ("task_id", create, "$response.body#/id", None),
        (
            "task_id",
            create,
            "$response.header.Location as /projects/{project_id}/tasks/{task_id} (task_id)",
            None,
        ),
        ("project_id", create, "$request.path.p", None),
        ("task_id", listed, "$response.body#/id", ""),
        ("project_id", listed, "$request.path.p", None),
        ("project_id", "POST /projects", "$response.body#/id", None),
        (
            "project_id",
            "POST /projects",
            "$response.header.Location as /projects/{project_id} (project_id)",
            None,
        ),
    ]


def test_the_root_of_an_api_is_no_resource() -> None:
    both = {"get": operation(answer=many("Task")), "post": operation("201", ref("Task"), TASK)}
    only = {"get": operation(answer={"type": "string"})}
    assert [resources(contract({"/": each})).all for each in (both, only)] == [(), ()]


def test_a_filling_is_evaluated_against_an_exchange() -> None:
    whole = contract(TASKS)
    read = whole.operation("GET /tasks/{task_id}")
    by_body, by_location, by_list = resources(whole).fillings(read)
    sent = Request("POST", "/tasks", (), b'{"title": "x"}')
    fields = (("Location", "https://example.org/base/tasks/a%2Fb?x=1"),)
    created = Exchange(sent, Response(201, fields, b'{"id": 7, "title": "x"}'))
    assert fillings.values(by_body, created, {}) == [7]
    assert fillings.values(by_location, created, {}) == ["a/b"]
    listed = Exchange(
        Request("GET", "/tasks"), Response(200, (), json.dumps([{"id": 1}, {}, {"id": 2}]).encode())
    )
    assert fillings.values(by_list, listed, {}) == [1, 2]
    assert fillings.values(by_list, created, {}) == []


def test_what_a_link_says_comes_first() -> None:
    create = operation("201", ref("Task"), ref("Task"))
    create["responses"]["201"]["links"] = {
        "read": {
            "operationId": "readTask",
            "parameters": {"path.task_id": "$response.body#/owner/id", "nobody": "$url"},
        },
        "close": {
            "operationRef": "#/paths/~1tasks~1{id}~1close/post",
            "parameters": {"id": "$response.header.X-Task", "nothing": "no expression"},
            "requestBody": "$request.body",
        },
        "elsewhere": {"operationId": "nowhere"},
    }
    read = {**operation(answer=ref("Task")), "operationId": "readTask"}
    paths = {
        **TASKS,
        "/tasks": {"post": create},
        "/tasks/{task_id}": path("task_id", get=read),
    }
    whole = contract(paths)
    found = resources(whole)
    read, close = whole.operation("readTask"), whole.operation("POST /tasks/{id}/close")
    name = "POST /tasks"
    assert filled(found.fillings(read)[0]) == ("task_id", name, "$response.body#/owner/id", None)
    assert [filled(each) for each in found.fillings(close)[:2]] == [
        ("id", name, "$response.header.X-Task", None),
        ("", name, "$request.body", None),
    ]
    sent = Request("POST", "/tasks?at=b%20c", (("A", "1"),), b'{"title": "x"}')
    fields = (("X-Task", "t9"),)
    created = Exchange(sent, Response(201, fields, b'{"id": 7, "owner": {"id": "o1"}}'))
    assert fillings.values(found.fillings(read)[0], created, {}) == ["o1"]
    assert fillings.values(found.fillings(close)[0], created, {}) == ["t9"]
    assert fillings.values(found.fillings(close)[1], created, {}) == [{"title": "x"}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$url", "/tasks/a%2Fb?at=b%20c"),
        ("$method", "POST"),
        ("$statusCode", 201),
        ("$request.path.id", "a/b"),
        ("$request.query.at", "b c"),
        ("$request.header.a", "1"),
        ("$request.body#/x~1y", 3),
        ("$response.body#/none", None),
        ("$response.header.location", "/tasks/7"),
    ],
)
def test_a_runtime_expression_is_evaluated(text: str, value: Any) -> None:
    sent = Request("POST", "/tasks/a%2Fb?at=b%20c", (("A", "1"),), b'{"x/y": 3}')
    exchange = Exchange(sent, Response(201, (("Location", "/tasks/7"),), b"no JSON"))
    expression = runtime_expression.parse(text)
    assert expression is not None
    assert runtime_expression.evaluate(expression, exchange, {"id": "a%2Fb"}) == value


@pytest.mark.parametrize("text", ["x", "$request", "$request.cookie.a", "{$url}", "$response.path"])
def test_what_is_no_runtime_expression_is_none(text: str) -> None:
    assert runtime_expression.parse(text) is None
