"""Resources: what a document's paths and schemas say of what hangs together."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

import troth
from troth.errors import SpecError
from troth.http.exchange import Exchange, Request, Response
from troth.openapi import fillings, names, runtime_expression
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
        "rank": {"type": "integer"},
        "made_at": {"type": "string", "format": "date-time"},
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
    code: str = "200", answer: Any = None, sent: Any = None, **query: Any
) -> dict[str, Any]:
    response: dict[str, Any] = {"description": ""}
    if answer is not None:
        response["content"] = {"application/json": {"schema": answer}}
    made: dict[str, Any] = {"responses": {code: response}}
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
        ("task", {"id": "integer", "task": "string"}, "/id"),
        ("colour", {"id": "integer", "title": "string"}, None),
        ("pk", {"name": "string", "id": "integer"}, "/id"),
        ("tsk", {"name": "integer", "text": "string"}, "/name"),
        ("ask", {"name": "integer", "text": "string"}, None),
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


def test_what_has_the_bare_name_of_a_resource_is_filled_by_it() -> None:
    text = {"type": "string"}
    person = held(id=text, name=text)
    sent = held(customer=text, name=text)
    paths = {
        "/customers": {"post": operation("201", ref("Person"), ref("Person"))},
        "/customers/{customer_id}": path("customer_id", get=operation(answer=ref("Person"))),
        "/orders": {
            "post": operation("201", held(id=text), sent),
            "get": operation(answer={"type": "array", "items": held(id=text)}, customer=text),
        },
    }
    paths["/customers/{customer_id}"]["parameters"][0]["schema"] = text
    whole = contract(paths, Person=person)
    found = resources(whole)
    create, listed = whole.operation("POST /orders"), whole.operation("GET /orders")
    place = ("POST /customers", "$response.body#/id", None)
    assert ("/customer", *place) in map(filled, found.fillings(create))
    assert ("customer", *place) in map(filled, found.fillings(listed))
    assert not any(each.name == "/name" for each in found.fillings(create))


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
    assert fillings.values(by_body, created, {}) == [(7, None)]
    assert fillings.values(by_location, created, {}) == [("a/b", None)]
    listed = Exchange(
        Request("GET", "/tasks"), Response(200, (), json.dumps([{"id": 1}, {}, {"id": 2}]).encode())
    )
    assert [value for value, _ in fillings.values(by_list, listed, {})] == [1, 2]
    assert fillings.values(by_list, created, {}) == []
    for odd in (b"5", b"true", b'"text"', b"{}", b'{"items": 5}', b"null"):
        told = replace(listed, response=replace(listed.response, body=odd))
        assert fillings.values(by_list, told, {}) == [], odd


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
    assert fillings.values(found.fillings(read)[0], created, {}) == [("o1", None)]
    assert fillings.values(found.fillings(close)[0], created, {}) == [("t9", None)]
    assert fillings.values(found.fillings(close)[1], created, {}) == [({"title": "x"}, None)]


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


def told(says: Any, *, of_path: Any = None, **others: Any) -> dict[str, Any]:
    """The tasks; closing one says *says* of its resource, the path of an item *of_path*."""
    close = {**operation(answer=ref("Task")), "x-troth-resource": says}
    item = dict(TASKS["/tasks/{task_id}"])
    if of_path is not None:
        item["x-troth-resource"] = of_path
    return {
        **TASKS,
        "/tasks/{task_id}": item,
        "/tasks/{id}/close": path("id", post=close),
        **others,
    }


def test_the_document_may_say_what_an_operation_is_about() -> None:
    tasks = only(told({"role": "delete"}))
    assert roles(tasks)["delete"] == ["DELETE /tasks/{task_id}", "POST /tasks/{id}/close"]
    assert "action" not in roles(only(told(False)))
    login = {
        **operation("201", ref("Task")),
        "x-troth-resource": {"path": "/tasks/{id}", "role": "create"},
    }
    tasks = only(told(False, **{"/do": {"post": login}}))
    assert roles(tasks)["create"] == ["POST /tasks", "POST /do"]


def test_the_document_may_say_what_a_resource_is() -> None:
    says = {"name": "jobs", "identifier": "/title", "client-named": True, "collection": None}
    tasks = only({"/tasks/{task_id}": told(None, of_path=says)["/tasks/{task_id}"]})
    assert (tasks.name, tasks.identifier, tasks.collection) == ("jobs", "/title", None)
    assert tasks.is_client_named
    assert resources(contract({"/tasks": TASKS["/tasks"]})).all[0].parameter is None
    assert resources(contract({"/t/{id}": told(None, of_path=False)["/tasks/{task_id}"]})).all == ()


def test_the_document_may_say_where_things_stand() -> None:
    answer = held(a=held(b=many("Task"), more={"type": "string"}))
    listed = operation(answer=answer, n={"type": "integer"})
    listing = {"limit": "n", "next": "/a/more", "filters": {"n": "/id"}}
    listed["x-troth-resource"] = {"items": "/a/b", "listing": listing}
    created = operation("201", held(x=ref("Task")), held(y=ref("Task"), z={"type": "string"}))
    created["x-troth-resource"] = {"item": "/x", "sent": "/y"}
    whole = contract({**TASKS, "/tasks": {"get": listed, "post": created}})
    (tasks,) = resources(whole).all
    create, list_ = whole.operation("POST /tasks"), whole.operation("GET /tasks")
    assert (tasks.item(create, 201), tasks.sent(create)) == ("/x", "/y")
    assert tasks.items(list_, 200) == "/a/b"
    assert tasks.listing == Listing(limit="n", next="/a/more", filters={"n": "/id"})


@pytest.mark.parametrize("says", [True, {"rôle": "x"}, {"role": "make"}, {"identifier": "id"}])
def test_what_the_document_says_of_a_resource_has_to_mean_something(says: Any) -> None:
    with pytest.raises(SpecError, match="x-troth-resource"):
        contract(told(says))


def test_paths_that_say_what_is_done_have_no_resources() -> None:
    one = {"parameters": [{"name": "id", "in": "query", "schema": {"type": "integer"}}]}
    procedures = {
        "/getTasks": {"get": operation(answer=many("Task"))},
        "/getTask": {"get": {**operation(answer=ref("Task")), **one}},
        "/createTask": {"post": operation("201", ref("Task"), ref("Task"))},
        "/deleteTask": {"post": operation("204", sent=held(id={"type": "integer"}))},
        "/tasks.list": {"post": operation(answer=many("Task"), sent=held(x={"type": "string"}))},
        "/search": {"get": operation(answer=many("Task"), q={"type": "string"})},
        "/rpc": {"post": operation(answer=held(result={}), sent=held(method={"type": "string"}))},
        "/login": {"post": operation(answer=held(token={"type": "string"}), sent=ref("Task"))},
        "/health": {"get": operation(answer=held(status={"type": "string"}))},
    }
    assert resources(contract(procedures)).all == ()


def test_what_else_is_done_with_a_collection_and_an_item_neither_creates_nor_lists() -> None:
    ids = held(ids={"type": "array", "items": {"type": "integer"}})
    paths = {
        **{f"/v1{path}": item for path, item in TASKS.items()},
        "/v1/tasks/search": {"post": operation(answer=many("Task"), sent=held(q={}))},
        "/v1/tasks:batchDelete": {"post": operation("204", sent=ids)},
        "/v1/tasks/bulk": {"post": operation("201", many("Task"), many("Task"))},
        "/v1/tasks/overdue": {"get": operation(answer=many("Task"))},
        "/v1/tasks/stats": {"get": operation(answer=held(count={"type": "integer"}))},
        "/v1/tasks/{id}:cancel": path("id", post=operation(answer=ref("Task"))),
    }
    found = roles(only(paths))
    assert found["create"] == ["POST /v1/tasks"]
    assert found["list"] == ["GET /v1/tasks"]
    assert found["search"] == ["POST /v1/tasks/search", "GET /v1/tasks/overdue"]
    assert found["action"] == [
        "POST /v1/tasks/{id}/close",
        "POST /v1/tasks:batchDelete",
        "POST /v1/tasks/bulk",
        "GET /v1/tasks/stats",
        "POST /v1/tasks/{id}:cancel",
    ]


def test_one_thing_that_is_put_and_read_is_a_resource_without_a_collection() -> None:
    settings = held(theme={"type": "string"}, size={"type": "integer"})
    paths = {
        "/users/{id}": path("id", get=operation(answer=ref("Task"))),
        "/users/{id}/settings": path(
            "id", get=operation(answer=settings), put=operation(answer=settings, sent=settings)
        ),
    }
    users, found = resources(contract(paths)).all
    assert (found.name, found.path, found.collection) == ("settings", "/users/{id}/settings", None)
    assert (found.parameter, found.parent) == (None, users)
    assert roles(found).keys() == {"read", "replace"}


def test_what_put_creates_has_the_name_that_the_client_gives_it() -> None:
    paths = {"/tasks/{name}": path("name", put=operation("201", sent=ref("Task")))}
    assert only(paths).is_client_named
    paths = {**TASKS, "/tasks/{task_id}": path("task_id", put=operation("200", sent=ref("Task")))}
    assert not only(paths).is_client_named


def test_items_may_be_created_below_one_thing_and_read_by_themselves() -> None:
    paths = {
        "/projects/{project_id}/tasks": path(
            "project_id",
            get=operation(answer=many("Task")),
            post=operation("201", ref("Task"), ref("Task")),
        ),
        "/tasks/{task_id}": path("task_id", get=operation(answer=ref("Task"))),
    }
    tasks = only(paths)
    assert tasks.collection == "/projects/{project_id}/tasks"
    assert roles(tasks).keys() == {"list", "create", "read"}


def test_what_is_created_elsewhere_may_stand_in_an_envelope() -> None:
    task = held(data=ref("Task"))
    paths = {
        "/projects/{id}/tasks": path("id", post=operation("201", task, ref("Task"))),
        "/tasks/{task_id}": path("task_id", get=operation(answer=task), delete=operation("204")),
    }
    tasks = only(paths)
    assert tasks.collection == "/projects/{id}/tasks"
    assert roles(tasks).keys() == {"create", "read", "delete"}


def test_an_identifier_is_found_by_its_name_wherever_it_is_asked_for() -> None:
    comment = held(task_id={"type": "integer"}, text={"type": "string"})
    paths = {
        **TASKS,
        "/comments": {
            "post": operation("204", sent=comment),
            "get": operation(answer=held(), task_id={"type": "integer"}),
        },
    }
    whole = contract(paths)
    found = resources(whole)
    for method, name, location in (("POST", "/task_id", "body"), ("GET", "task_id", "query")):
        first = found.fillings(whole.operation(f"{method} /comments"))[0]
        assert (first.location, *filled(first)) == (
            location,
            name,
            "POST /tasks",
            "$response.body#/id",
            None,
        )


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (held(task=held(id={"type": "integer"})), "/task/id"),
        # the resource linkage of JSON:API, which says by its type what it is to
        (
            held(
                data=held(
                    relationships=held(
                        about=held(
                            data={
                                "oneOf": [
                                    {"type": "null"},
                                    held(type={"const": "tasks"}, id={"type": "integer"}),
                                ]
                            }
                        )
                    )
                )
            ),
            "/data/relationships/about/data/id",
        ),
    ],
)
def test_a_body_refers_to_what_an_object_in_it_is_called_by(body: Any, place: str) -> None:
    whole = contract({**TASKS, "/comments": {"post": operation("204", sent=body)}})
    first = resources(whole).fillings(whole.operation("POST /comments"))[0]
    assert (first.location, *filled(first)) == (
        "body",
        place,
        "POST /tasks",
        "$response.body#/id",
        None,
    )


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("statuses", "status"),
        ("warehouses", "warehouse"),
        ("causes", "cause"),
        ("boxes", "box"),
        ("companies", "company"),
        ("series", "series"),
    ],
)
def test_one_of_many_is_called_as_people_do(many: str, one: str) -> None:
    assert names.singular(many) == one


def test_what_a_202_answers_tells_of_the_job_that_is_watched_elsewhere() -> None:
    job = held(data=held(id={"type": "integer"}, state={"type": "string"}))
    paths = {
        **TASKS,
        "/tasks/{id}/export": path("id", post=operation("202", job)),
        "/jobs/{job_id}": path("job_id", get=operation(answer=job)),
    }
    whole = contract(paths)
    found = resources(whole).fillings(whole.operation("GET /jobs/{job_id}"))
    assert [(each.source.name, each.expression.text) for each in found] == [
        ("POST /tasks/{id}/export", "$response.body#/data/id")
    ]


@pytest.mark.parametrize("status", ["202", "200"])
def test_what_is_created_is_no_job_however_like_one_it_is(status: str) -> None:
    state = {"id": {"type": "integer"}, "state": {"type": "string"}}
    export = held(**state, format={"type": "string"})
    job = {"$ref": "#/components/schemas/Job"}
    paths = {
        **TASKS,
        "/tasks/{id}/import": path("id", post=operation(status, job)),
        "/jobs/{job_id}": path("job_id", get=operation(answer=job)),
        "/exports": {"post": operation("202", export, export)},
        "/exports/{export_id}": path("export_id", get=operation(answer=export)),
    }
    whole = contract(paths, Job=held(**state, steps={"type": "integer"}))
    found = resources(whole).fillings(whole.operation("GET /jobs/{job_id}"))
    assert [each.source.name for each in found] == ["POST /tasks/{id}/import"]


def test_who_registers_makes_what_nothing_else_makes() -> None:
    user = {"$ref": "#/components/schemas/User"}
    paths = {
        "/auth/register": {"post": operation("201", user, user)},
        "/auth/login": {"post": operation("200", user, user)},
        "/users/{id}": path("id", get=operation(answer=user), delete=operation("204")),
    }
    whole = contract(paths, User=held(id={"type": "integer"}, email={"type": "string"}))
    (users,) = (each for each in resources(whole).all if each.parameter)
    assert [each.name for each in users.operations["create"]] == ["POST /auth/register"]
    assert [names.registers(each.path) for each in whole.operations] == [True, False, False, False]


def test_what_tells_of_a_job_holds_no_item() -> None:
    job = held(job_id={"type": "string"}, state={"type": "string"})
    paths = {**TASKS, "/tasks": {"post": operation("202", job, ref("Task"))}}
    whole = contract(paths)
    (tasks,) = resources(whole).all
    assert tasks.item(whole.operation("POST /tasks"), 202) is None


@pytest.mark.parametrize(
    ("query", "answer", "listing"),
    [
        (
            {"page": "integer", "per_page": "integer", "status": "string", "q": "string"},
            held(items=many("Task"), total={"type": "integer"}),
            Listing(
                limit="per_page",
                page="page",
                search="q",
                total="/total",
                filters={"status": "/status"},
            ),
        ),
        (
            {"offset": "integer", "pageSize": "integer", "sort_by": "string", "tag": "string"},
            many("Task"),
            Listing(limit="pageSize", offset="offset", sort="sort_by", filters={"tag": "/tags"}),
        ),
        (
            {
                "min_rank": "integer",
                "rank[lte]": "integer",
                "made_since": "string",
                "max": "number",
            },
            held(items=many("Task"), total_size={"type": "integer"}),
            Listing(
                total="/total_size",
                least={"min_rank": "/rank", "made_since": "/made_at"},
                most={"rank[lte]": "/rank"},
            ),
        ),
        (
            {"page[size]": "integer", "filter[owner_id]": "string", "tags": "string"},
            held(data=many("Task"), links=held(next=held(href={"type": "string"}))),
            Listing(
                limit="page[size]",
                next="/links/next/href",
                filters={"filter[owner_id]": "/owner/id", "tags": "/tags"},
            ),
        ),
        (
            {"first": "integer", "after": "string", "fields": "string", "created_after": "string"},
            held(results=many("Task"), paging=held(endCursor={"type": "string"})),
            Listing(limit="first", cursor="after", next="/paging/endCursor"),
        ),
        (
            {"count": "string", "page": "string", "status": "boolean"},
            many("Task"),
            Listing(),
        ),
    ],
)
def test_what_the_parameters_of_a_list_do_is_told_from_their_names(
    query: dict[str, str], answer: Any, listing: Listing
) -> None:
    given = {name: {"type": kind} for name, kind in query.items()}
    paths = {**TASKS, "/tasks": {"get": operation(answer=answer, **given)}}
    assert only(paths).listing == listing


def test_the_ways_of_an_order_are_told_from_its_values() -> None:
    given = {"order": {"enum": ["asc", "desc"]}, "sort": {"type": "string"}}
    found = only({**TASKS, "/tasks": {"get": operation(answer=many("Task"), **given)}}).listing
    assert found == Listing(sort="sort", order="order")
    given = {"order": {"enum": ["title", "id"]}}
    found = only({**TASKS, "/tasks": {"get": operation(answer=many("Task"), **given)}}).listing
    assert found == Listing(sort="order")


def test_of_what_the_document_does_not_describe_the_usual_is_taken() -> None:
    task = held(title={"type": "string"})
    paths = {
        "/tasks/": {"get": operation(answer={}), "post": operation("200", {}, task)},
        "/tasks/{task_id}/": path("task_id", get=operation(answer={}), delete=operation("204")),
    }
    whole = contract(paths)
    (tasks,) = resources(whole).all
    assert (tasks.path, tasks.collection) == ("/tasks/{task_id}/", "/tasks/")
    assert tasks.identifier == "/id"
    create, listed = whole.operation("POST /tasks/"), whole.operation("GET /tasks/")
    assert (tasks.item(create, 200), tasks.items(listed, 200)) == ("", "")
    slug = {
        "/t": {"post": operation("201", {})},
        "/t/{slug}": path("slug", get=operation("200", {})),
    }
    assert only(slug).identifier == "/slug"


@pytest.mark.parametrize(
    ("url", "template", "found"),
    [
        ("/tasks/7", "/tasks/{id}/", "7"),
        ("https://h/api/tasks/7/", "/tasks/{id}", "7"),
        ("tasks/7?x=1", "/tasks/{id}", "7"),
        ("/jobs/7", "/tasks/{id}", None),
        ("/projects/a/tasks/b", "/projects/{p}/tasks/{id}", "b"),
    ],
)
def test_an_identifier_is_found_in_a_url(url: str, template: str, found: str | None) -> None:
    assert runtime_expression.in_url(url, template, "id") == found


def test_what_is_called_a_code_is_not_called_by_its_code() -> None:
    code = held(id={"type": "string"}, code={"type": "string"})
    named = {"name": "promotion_code", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/promotion_codes": {"post": operation("201", code, code)},
        "/promotion_codes/{promotion_code}": {"parameters": [named], "get": operation("200", code)},
    }
    assert only(paths).identifier == "/id"


def test_one_thing_above_others_is_not_their_collection() -> None:
    user = held(id={"type": "integer"}, name={"type": "string"})
    paths = {
        "/user": {"get": operation("200", user), "patch": operation("200", user, user)},
        "/user/{account_id}": path("account_id", get=operation("200", user)),
    }
    others, own = resources(contract(paths)).all
    assert (others.path, others.collection) == ("/user/{account_id}", None)
    assert roles(own) == {"read": ["GET /user"], "update": ["PATCH /user"]}


def test_what_two_variables_name_is_no_resource_by_the_first_alone() -> None:
    seat = held(row={"type": "string"}, number={"type": "integer"})
    paths = {
        "/seats": {"get": operation(answer=many("Seat")), "post": operation("201", ref("Seat"))},
        "/seats/{row}/{number}": path("row", "number", get=operation(answer=ref("Seat"))),
    }
    found = only(paths, Seat=seat)
    assert (found.path, found.collection) == ("/seats/{row}/{number}", "/seats")


def test_what_has_to_be_told_which_is_searched_for_and_does_not_list_all() -> None:
    search = operation(answer=held(items=many("Task")), q={"type": "string"})
    search["parameters"][0]["required"] = True
    paths = {
        "/boards/{board}/tasks": path("board", get=operation(answer=many("Task"))),
        "/boards/{board}/tasks/{id}": path("board", "id", get=operation(answer=ref("Task"))),
        "/search/tasks": {"get": search},
    }
    assert roles(only(paths))["search"] == ["GET /search/tasks"]


def test_what_is_called_by_many_lists_what_is_called_by_one_beside_it() -> None:
    paths = {
        "/task": {"post": operation("201", ref("Task"), ref("Task"))},
        "/task/{id}": path("id", get=operation(answer=ref("Task"))),
        "/tasks": {"get": operation(answer=many("Task"))},
    }
    assert roles(only(paths))["list"] == ["GET /tasks"]


@pytest.mark.parametrize("at", ["", "/tasks"])
def test_a_list_may_be_an_object_of_items_by_what_they_are_called(at: str) -> None:
    by_id = {"type": "object", "additionalProperties": ref("Task")}
    listed = operation(answer=held(tasks=by_id) if at else by_id)
    paths = {**TASKS, "/tasks": {**TASKS["/tasks"], "get": listed}}
    tasks = only(paths)
    (get,) = tasks.operations["list"]
    assert (tasks.items(get, 200), tasks.is_map(get, 200)) == (at, True)
    # how many there are of each kind is no list of them
    counts = {"type": "object", "additionalProperties": {"type": "integer"}}
    paths["/tasks"]["get"] = operation(answer=counts)
    (get,) = (tasks := only(paths)).operations["list"]
    assert (tasks.items(get, 200), tasks.is_map(get, 200)) == (None, False)


def test_a_variable_may_be_the_first_letter_of_what_it_names() -> None:
    paths = {**TASKS, "/tasks/{t}": path("t", get=operation(answer=ref("Task")))}
    paths.pop("/tasks/{id}", None)
    assert only(paths).identifier == "/id"


@pytest.mark.parametrize("name", ["@odata.nextLink", "next_page_uri"])
def test_the_next_page_goes_by_other_names_too(name: str) -> None:
    page = held(value=many("Task"), **{name: {"type": "string"}})
    found = only({"/tasks": {"get": operation(answer=page)}}).listing
    assert found is not None
    assert found.next == f"/{name}"


@pytest.mark.parametrize("says", [{"path": "/no/{id}", "name": "x"}, {"collection": "/no"}])
def test_what_is_said_of_a_path_that_is_not_there_says_nothing(says: dict[str, Any]) -> None:
    read = operation(answer=ref("Task")) | {"x-troth-resource": says}
    found = resources(contract({**TASKS, "/tasks/{task_id}": path("task_id", get=read)}))
    assert "/no" not in {found.all[0].path, found.all[0].collection}


def test_what_is_variable_in_a_part_of_its_path_is_no_single_thing() -> None:
    one = {"get": operation(answer=ref("Task")), "put": operation(answer=ref("Task"))}
    paths = {
        "/stock/{warehouse},{sku}": path("warehouse", "sku", **one),
        "/people/@{name}": path("name", **one),
        "/people/@{name}/address": path("name", **one),
    }
    assert resources(contract(paths)).all == ()


@pytest.mark.parametrize(
    ("where", "sent", "told", "at"),
    [
        ("/tasks/bulk", many("New"), many("Task"), ""),
        ("/tasks:batchCreate", held(tasks=many("New"), dry={"type": "boolean"}), None, "/tasks"),
        ("/tasks/import", many("New"), held(imported={"type": "integer"}), ""),
        ("/batch/tasks", held(items=many("New")), held(items=many("Task")), "/items"),
        # only what they are called, something else, and something else to be done
        ("/tasks/bulk", many("Id"), many("Task"), None),
        ("/tasks/bulk", held(filters=many("Filter")), many("Task"), None),
        ("/tasks/batch-update", many("Task"), many("Task"), None),
        ("/tasks/reorder", many("Task"), many("Task"), None),
        ("/tasks/{id}/import", many("New"), many("Task"), None),
    ],
)
def test_what_makes_many_at_once_is_known_by_what_it_is_sent(
    where: str, sent: Any, told: Any, at: str | None
) -> None:
    names = ("id",) if "{" in where else ()
    paths = {
        "/tasks": path(get=operation(answer=many("Task")), post=operation("201", ref("Task"))),
        "/tasks/{id}": path("id", get=operation(answer=ref("Task"))),
        where: path(*names, post=operation("201", told, sent)),
    }
    schemas = {
        "New": held(title={"type": "string"}),
        "Id": held(id={"type": "integer"}),
        "Filter": held(member={"type": "string"}, value={"type": "string"}),
    }
    found = next(each for each in resources(contract(paths, **schemas)).all if each.name == "tasks")
    expected = {} if at is None else {f"POST {where}": at}
    assert {each.name: at for each, at in found.batches.items()} == expected
