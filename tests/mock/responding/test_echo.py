"""What a request says is in its answer: the thing of its path, what it sent, as many as asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from troth.document import document
from troth.http.exchange import Request
from troth.openapi import reader
from troth_mock.responding.responder import Responder

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}
TASK = {
    "type": "object",
    "required": ["id", "title", "state", "owner", "tags"],
    "properties": {
        "id": INTEGER,
        "title": TEXT,
        "state": {"enum": ["open", "done"]},
        "owner": {
            "type": "object",
            "required": ["id", "name"],
            "properties": {"id": INTEGER, "name": TEXT},
        },
        "tags": {"type": "array", "items": TEXT},
    },
}


def answering(
    path: str,
    schema: Any,
    *,
    method: str = "get",
    parameters: Any = (),
    taken: str = "application/json",
    stateless: bool = False,
    **media: Any,
) -> Responder:
    """The mock of one operation."""
    named = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    operation = {
        "parameters": [
            *({"name": n, "in": "path", "required": True, "schema": TEXT} for n in named),
            *({"name": n, "in": "query", "schema": each} for n, each in dict(parameters).items()),
        ],
        "responses": {
            "200": {
                "description": "",
                "content": {"application/json": {"schema": schema, **media}},
            }
        },
    }
    if method != "get":
        members = {"tags": TASK["properties"]["tags"], "title": TEXT}
        body = {"schema": {"properties": members} if taken != "application/json" else {}}
        operation["requestBody"] = {"content": {taken: body}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {path: {method: operation}},
    }
    contract = reader.compile(document.read(json.dumps(root).encode(), name="api.json"))
    return Responder(contract, stateless=stateless)


def ask(responder: Responder, target: str, body: Any = None, *, method: str = "GET") -> Any:
    fields = () if body is None else (("Content-Type", "application/json"),)
    data = b"" if body is None else json.dumps(body).encode()
    reply = responder.respond(Request(method, target, fields, data), now=0)
    assert reply.status == 200, reply.body
    value = json.loads(reply.body or b"")
    operation = responder.contract.operations[0]
    schema = operation.response(200).content[0].schema
    assert schema.errors(value) == ()
    return value


@pytest.mark.parametrize("name", ["id", "taskId", "task_id"])
def test_the_thing_of_the_path_is_the_one_that_answers(name: str) -> None:
    made = ask(answering(f"/tasks/{{{name}}}", TASK), "/tasks/7")
    assert made["id"] == 7
    assert made["owner"]["id"] != 7


def test_an_identifier_that_is_a_text_stays_one() -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": TEXT}}
    assert ask(answering("/things/{id}", schema), "/things/0042")["id"] == "0042"
    assert ask(answering("/things/{id}", schema), "/things/a%20b")["id"] == "a b"


def test_what_would_break_the_answer_is_not_repeated() -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": INTEGER}}
    assert type(ask(answering("/things/{id}", schema), "/things/abc")["id"]) is int
    schema["properties"]["id"] = {"type": "integer", "maximum": 5}
    assert ask(answering("/things/{id}", schema), "/things/7")["id"] <= 5


def test_every_item_of_a_list_below_a_thing_belongs_to_it() -> None:
    item = {**TASK, "required": ["id", "userId"], "properties": {"id": TEXT, "userId": TEXT}}
    made = ask(
        answering("/users/{userId}/tasks", {"type": "array", "items": item}), "/users/9/tasks"
    )
    assert {one["userId"] for one in made} == {"9"}
    by_id = ask(answering("/users/{id}/tasks", {"type": "array", "items": item}), "/users/9/tasks")
    assert "9" not in {one["id"] for one in by_id}


def test_the_thing_is_also_found_in_what_wraps_it() -> None:
    for wrapper in ("data", "task"):
        schema = {"type": "object", "required": [wrapper], "properties": {wrapper: TASK}}
        assert ask(answering("/tasks/{taskId}", schema), "/tasks/7")[wrapper]["id"] == 7
    meta = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    schema = {
        "type": "object",
        "required": ["metadata", "spec"],
        "properties": {"metadata": meta, "spec": meta},
    }
    made = ask(answering("/jobs/{name}", schema), "/jobs/backup")
    assert made["metadata"]["name"] == "backup" != made["spec"]["name"]


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_what_is_sent_comes_back(method: str) -> None:
    sent = {"title": "Mow", "state": "done", "owner": {"name": "Jo"}, "tags": ["a", "b", "c"]}
    responder = answering("/tasks/{id}", TASK, method=method)
    made = ask(responder, "/tasks/7", {**sent, "id": 3, "other": 1}, method=method.upper())
    assert (made["id"], made["title"], made["state"]) == (7, "Mow", "done")
    assert made["owner"]["name"] == "Jo"
    assert made["owner"].keys() == {"id", "name"}
    assert made["tags"] == ["a", "b", "c"]
    assert "other" not in made


def test_a_member_that_would_be_invalid_stays_as_it_was_and_the_others_come_back() -> None:
    responder = answering("/tasks", TASK, method="post")
    made = ask(responder, "/tasks", {"title": "Mow", "state": "unknown"}, method="POST")
    assert made["title"] == "Mow"
    assert made["state"] in ("open", "done")


def test_what_is_sent_comes_back_through_a_wrapper_on_either_side() -> None:
    wrapped = {"type": "object", "required": ["task"], "properties": {"task": TASK}}
    plain, inside = {"title": "Mow"}, {"task": {"title": "Mow"}}
    for schema, sent in ((wrapped, plain), (wrapped, inside), (TASK, inside)):
        made = ask(answering("/tasks", schema, method="post"), "/tasks", sent, method="POST")
        assert made.get("task", made)["title"] == "Mow"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("application/x-www-form-urlencoded", b"title=Mow+it&tags=a&tags=b&other=1"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nMow it\r\n'
            b'--x\r\nContent-Disposition: form-data; name="tags"\r\n\r\na\r\n'
            b'--x\r\nContent-Disposition: form-data; name="tags"\r\n\r\nb\r\n--x--\r\n',
        ),
    ],
)
def test_a_form_comes_back_like_any_other_body(kind: str, data: bytes) -> None:
    responder = answering("/tasks", TASK, method="post", taken=kind.partition(";")[0])
    reply = responder.respond(Request("POST", "/tasks", (("Content-Type", kind),), data), now=0)
    made = json.loads(reply.body or b"")
    assert (made["title"], made["tags"]) == ("Mow it", ["a", "b"])


@pytest.mark.parametrize("name", ["limit", "per_page", "pageSize", "size"])
def test_a_list_is_as_long_as_it_is_asked_to_be(name: str) -> None:
    tasks = {"type": "array", "items": TASK}
    page = {
        "type": "object",
        "required": ["total"],
        "properties": {"data": tasks, "total": INTEGER},
    }
    for length in (0, 1, 7, 30):
        for schema in (tasks, page):
            made = ask(
                answering("/tasks", schema, parameters={name: INTEGER}), f"/tasks?{name}={length}"
            )
            items = made["data"] if isinstance(made, dict) else made
            assert len(items) == length
            assert len({one["id"] for one in items}) == length
            assert isinstance(made, list) or made["total"] == length
    limited = answering("/tasks", {**tasks, "maxItems": 4}, parameters={name: INTEGER})
    assert len(ask(limited, f"/tasks?{name}=30")) == 4


def test_a_page_is_the_one_that_was_asked_for_and_a_filter_holds() -> None:
    tasks = {"type": "array", "items": TASK, "minItems": 2}
    schema = {"type": "object", "properties": {"data": tasks, "page": INTEGER}}
    parameters = {"page": INTEGER, "state": TEXT}
    responder = answering("/tasks", schema, parameters=parameters, stateless=True)
    made = ask(responder, "/tasks?page=3&state=done")
    assert made["page"] == 3
    assert {one["state"] for one in made["data"]} == {"done"}


def test_the_example_of_the_thing_that_is_asked_for_goes_before_others() -> None:
    schema = {"type": "object", "properties": {"id": INTEGER, "title": TEXT}}
    examples = {
        f"the {number}": {"value": {"id": number, "title": str(number)}} for number in (1, 2, 3)
    }
    responder = answering("/tasks/{id}", schema, examples=examples)
    for number, title in ((2, "2"), (3, "3"), (9, "1")):
        assert ask(responder, f"/tasks/{number}") == {"id": number, "title": title}
    request = Request("GET", "/tasks/9", (("Prefer", 'example="the 2"'),), b"")
    reply = responder.respond(request, now=0)
    assert json.loads(reply.body or b"") == {"id": 2, "title": "2"}


@pytest.mark.parametrize("form", [None, "uri-reference", "uri"])
def test_what_was_made_is_where_it_says(form: str | None) -> None:
    header = {"schema": {"type": "string", **({"format": form} if form else {})}}
    content = {"application/json": {"schema": TASK}}
    made = {"201": {"description": "", "content": content, "headers": {"Location": header}}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "servers": [{"url": "/v1"}],
        "paths": {"/tasks": {"post": {"responses": made}}},
    }
    responder = Responder(reader.compile(document.read(json.dumps(root).encode(), name="a.json")))
    reply = responder.respond(Request("POST", "/v1/tasks?x=1", (), b""), now=0)
    own = json.loads(reply.body or b"")["id"]
    host = "https://example.com" if form == "uri" else ""
    assert ("Location", f"{host}/v1/tasks/{own}") in reply.fields


def test_a_path_is_about_the_last_thing_that_it_names() -> None:
    schema = {"type": "object", "required": ["total", "tax", "subtotal", "items", "name"]}
    amounts = {name: {"type": "number"} for name in ("total", "tax", "subtotal")}
    items = {"type": "array", "items": {"type": "object"}, "minItems": 1}
    schema["properties"] = {**amounts, "items": items, "name": TEXT}
    orders = answering("/users/{userId}/orders", {"type": "array", "items": schema, "minItems": 2})
    for one in ask(orders, "/users/9/orders"):
        assert one["total"] == pytest.approx(one["subtotal"] + one["tax"])
    found = ask(answering("/users/findByStatus", schema), "/users/findByStatus")
    assert found["name"].istitle()


def test_what_a_405_allows_is_what_else_its_path_has() -> None:
    def refused(*methods: str) -> str:
        answer = {"responses": {"405": {"description": "not now"}}}
        root = {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {"/a": dict.fromkeys(methods, answer), "/b": {"delete": answer}},
        }
        contract = reader.compile(document.read(json.dumps(root).encode(), name="api.json"))
        reply = Responder(contract).respond(Request("GET", "/a"), now=0)
        assert reply.status == 405
        return dict(reply.fields)["Allow"]

    assert [refused("get", "put", "post"), refused("get")] == ["POST, PUT", ""]
