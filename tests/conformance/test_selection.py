"""What `--only`, `--exclude` and `--safe` choose of a document."""

from __future__ import annotations

from typing import Any

import pytest

import troth
import troth.http.json_text
import troth.loading
from troth.conformance.selection import is_known, selection
from troth.conformance.settings import Settings


def _operation(name: str, *tags: str) -> dict[str, Any]:
    return {"operationId": name, "tags": list(tags), "responses": {"200": {"description": "x"}}}


ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
CONTRACT = troth.loading.load(
    troth.http.json_text.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "1"},
            "paths": {
                "/tasks": {
                    "get": _operation("listTasks", "tasks"),
                    "post": _operation("addTask", "tasks"),
                },
                "/tasks/{id}": {
                    "parameters": [ID],
                    "get": _operation("getTask", "tasks"),
                    "delete": _operation("deleteTask", "tasks", "danger"),
                },
                "/users": {"get": _operation("listUsers")},
            },
        }
    )
)


def chosen(**settings: Any) -> list[str | None]:
    made = Settings(url="http://127.0.0.1:1", **settings)
    return [operation.operation_id for operation in selection(CONTRACT, made).operations]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("getTask", ["getTask"]),
        ("DELETE /tasks/{id}", ["deleteTask"]),
        ("danger", ["deleteTask"]),
        ("/tasks", ["listTasks", "addTask"]),
        ("/tasks/*", ["getTask", "deleteTask"]),
        ("get", ["listTasks", "getTask", "listUsers"]),
        ("GET /tasks*", ["listTasks", "getTask"]),
        ("/users", ["listUsers"]),
        ("*", ["listTasks", "addTask", "getTask", "deleteTask", "listUsers"]),
        ("GET *", ["listTasks", "getTask", "listUsers"]),
        ("*/{id}", ["getTask", "deleteTask"]),
    ],
)
def test_a_word_is_an_operation_a_tag_a_path_or_a_method(word: str, meant: list[str]) -> None:
    rest = [name for name in chosen() if name not in meant]
    assert (chosen(only=(word,)), chosen(exclude=(word,))) == (meant, rest)


def test_several_words_add_up_and_what_is_excluded_is_out() -> None:
    assert chosen(only=("tasks", "listUsers"), exclude=("danger", "POST")) == [
        *("listTasks", "getTask", "listUsers")
    ]


def test_a_safe_run_has_no_operation_that_changes_anything() -> None:
    assert chosen(safe=True) == ["listTasks", "getTask", "listUsers"]


def test_a_code_chooses_findings_not_operations() -> None:
    only, exclude = ("response",), ("response.server-error",)
    made = Settings(url="http://127.0.0.1:1", only=only, exclude=exclude)
    chosen = selection(CONTRACT, made)
    assert len(chosen.operations) == 5
    assert [
        chosen.wants(code)
        for code in ("response.server-error", "response.status-undeclared", "response-body.type")
    ] == [False, True, False]


def test_a_word_that_means_nothing_is_told_from_one_that_does() -> None:
    assert [is_known(CONTRACT, word) for word in ("danger", "request", "/tusks", "PATCH")] == [
        *(True, True, False, False)
    ]
