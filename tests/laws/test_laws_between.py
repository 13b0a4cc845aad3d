"""Laws that see path, query and header fields, and two exchanges of different operations."""

from __future__ import annotations

import json
from typing import Any

import pytest

import troth
from troth import testing
from troth.errors import SpecError
from troth.lint import lint

LAW = {"id": "it", "says": "the document says so", "message": "it is not so"}
TASK = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {"id": {"type": "integer"}, "title": {"type": "string"}},
}
NEW = {
    "type": "object",
    "required": ["title"],
    "properties": {"title": {"type": "string", "maxLength": 30}},
    "additionalProperties": False,
}
NUMBER = {"name": "task_id", "in": "path", "required": True, "schema": {"type": "integer"}}
LIMIT = {"name": "page-size", "in": "query", "schema": {"type": "integer", "minimum": 1}}
SAME = {
    **LAW,
    "before": "createTask",
    "after": "GET /tasks/{task_id}",
    "when": "path.task_id == before.response.id",
    "holds": "response.title == before.request.title",
}


def holds(schema: Any) -> dict[str, Any]:
    return {"description": "x", "content": {"application/json": {"schema": schema}}}


def document(*between: dict[str, Any], at_item: Any = (), **laws: list[dict[str, Any]]) -> bytes:
    """A document of tasks: *laws* are those of its operations, by operationId."""
    body = {"required": True, "content": {"application/json": {"schema": NEW}}}
    gone = {"404": {"description": "none"}, "400": {"description": "no"}}
    operations: dict[str, dict[str, Any]] = {
        "createTask": {"requestBody": body, "responses": {"201": holds(TASK), **gone}},
        "listTasks": {
            "parameters": [LIMIT],
            "responses": {"200": holds({"type": "array", "items": TASK}), **gone},
        },
        "getTask": {"responses": {"200": holds(TASK), **gone}},
        "replaceTask": {"requestBody": body, "responses": {"200": holds(TASK), **gone}},
    }
    for name, operation in operations.items():
        operation |= {"operationId": name}
        operation |= {"x-troth-laws": laws[name]} if name in laws else {}
    create, listing, get, replace = operations.values()
    item: dict[str, Any] = {"parameters": [NUMBER], "get": get, "put": replace}
    item |= {"x-troth-laws": at_item} if at_item else {}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/tasks": {"post": create, "get": listing}, "/tasks/{task_id}": item},
    }
    return json.dumps(root | ({"x-troth-laws": list(between)} if between else {})).encode()


def broken(text: bytes, request: troth.Request, response: troth.Response) -> list[str]:
    contract = troth.load(text, name="api.json")
    exchange = troth.Exchange(request, response)
    return [each.code for each in contract.validate(exchange) if each.code.startswith("law.")]


# -- one exchange ------------------------------------------------------------------------------

JSON = ("Content-Type", "application/json")


@pytest.mark.parametrize(
    ("condition", "is_broken"),
    [
        ("response.id == path.task_id", False),
        ("response.id != path.task_id", True),
        ("path.task_id == 7 && header.x_a == null", False),
        ("header['x-tenant'] == 'a, b'", False),
        ("response_header.etag == header['x-tenant']", True),
    ],
)
def test_a_law_sees_the_path_and_the_fields(condition: str, is_broken: bool) -> None:
    text = document(getTask=[{**LAW, "holds": condition}])
    request = troth.Request("GET", "/tasks/7", (("X-Tenant", "a"), ("x-tenant", "b")))
    response = troth.Response(200, (JSON, ("ETag", "1")), b'{"id": 7, "title": "x"}')

    assert broken(text, request, response) == (["law.it"] if is_broken else [])


@pytest.mark.parametrize(
    ("query", "codes"), [("?page-size=2", ["law.it"]), ("?page-size=3", []), ("", [])]
)
def test_a_law_sees_the_query_and_what_is_declared_and_absent_is_null(
    query: str, codes: list[str]
) -> None:
    condition = "query['page-size'] == null || size(response) <= query['page-size']"
    text = document(listTasks=[{**LAW, "holds": condition}])
    tasks = json.dumps([{"id": number, "title": "x"} for number in range(3)]).encode()

    found = broken(
        text, troth.Request("GET", f"/tasks{query}"), troth.Response(200, (JSON,), tasks)
    )

    assert found == codes


# -- two operations ----------------------------------------------------------------------------


def tasks(*, shortens: bool = False, ignores_put: bool = False) -> Any:
    """A WSGI application of tasks, which may read other titles than were sent."""
    kept: dict[int, str] = {}

    def answer(method: str, number: int | None, title: str) -> tuple[int, Any]:
        if number is None and method == "POST":
            number = len(kept) + 1
            kept[number] = title[:2] if shortens else title
            return 201, {"id": number, "title": title}
        if number is None:
            return 200, [{"id": each, "title": kept[each]} for each in kept]
        if number not in kept:
            return 404, None
        if method == "PUT" and not ignores_put:
            kept[number] = title
        return 200, {"id": number, "title": title if method == "PUT" else kept[number]}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].strip("/").split("/")
        status, value, title = 400, None, ""
        if method not in ("GET", "POST", "PUT") or (method == "POST") == (len(path) == 2):
            status = 405 if path[0] == "tasks" else 404
        elif path[0] != "tasks" or len(path) > 2:
            status = 404
        else:
            try:
                number = int(path[1]) if len(path) == 2 else None
                if method != "GET":
                    body = json.loads(environ["wsgi.input"].read())
                    title = body["title"]
                    if body.keys() != {"title"} or type(title) is not str or len(title) > 30:
                        raise ValueError
                    title.encode()
                status, value = answer(method, number, title)
            except (ValueError, KeyError, TypeError, RecursionError):
                status, value = 400, None
        start_response(f"{status} x", [JSON])
        return [json.dumps(value).encode()]

    return application


def findings(application: Any, text: bytes) -> list[Any]:
    outcome = testing.run(
        application, contract=troth.load(text, name="api.json"), max_requests=400, seed=1
    )
    return [one for one in outcome.findings if one.code == "law.it"]


def test_what_post_took_get_gives() -> None:
    text = document(SAME)

    assert findings(tasks(), text) == []
    (finding, *_) = findings(tasks(shortens=True), text)

    assert finding.violation.operation == "GET /tasks/{task_id}"
    assert [step.exchange.request.method for step in finding.steps] == ["POST"]
    assert (finding.again, finding.tries) == (1, 1)


def test_at_a_path_item_methods_name_the_operations() -> None:
    text = document(
        at_item=[{**SAME, "before": "put", "after": "get", "when": "true"}],
    )

    assert findings(tasks(), text) == []
    assert findings(tasks(ignores_put=True), text)


def test_nothing_is_said_where_a_change_came_between() -> None:
    # what was put is read, and not what was posted
    text = document({**SAME, "holds": "before.request.title == response.title"})

    assert findings(tasks(), text) == []


def test_a_law_between_operations_is_known_to_a_contract_from_the_cache(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("troth.document.cache.LARGE", 0)

    found = [troth.load(document(SAME), name="api.json").laws for _ in range(2)]

    assert [[(law.id, law.before, law.after) for law in each] for each in found] == [
        [("it", "POST /tasks", "GET /tasks/{task_id}")]
    ] * 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (document({**SAME, "before": "createTsk"}), "no operation here is called 'createTsk'"),
        (document({**LAW, "holds": "true"}), "a law here is between two operations"),
        (document({**SAME, "repeats": True}), "a law here is between two operations"),
        (document(getTask=[SAME]), "a law between two operations stands at the root"),
    ],
)
def test_what_has_no_meaning_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(SpecError, match=why):
        troth.load(text, name="api.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (document(getTask=[{**LAW, "holds": "path.id == 7"}]), "has no parameter 'id' in path"),
        (document(getTask=[{**LAW, "holds": "request == 1"}]), "has no request body"),
        (document(getTask=[{**LAW, "holds": "before.status == 1"}]), "not between two operations"),
        (document(getTask=[{**LAW, "holds": "first == null"}]), "it does not repeat"),
        (document(getTask=[{**LAW, "holds": "size(events) > 0"}]), "declares no stream"),
        (document({**SAME, "holds": "query.x == null"}), "has no parameter 'x' in query"),
        (document(SAME), ""),
    ],
)
def test_lint_tells_a_law_that_says_nothing(text: bytes, said: str) -> None:
    from troth.document import document as reading

    told = lint(reading.read(text, name="api.json"))
    messages = [each.message for each in told if each.code == "law-inapplicable"]

    assert len(messages) == bool(said)
    assert all(said in message for message in messages)
