"""`troth show`: what is printed is a document again, and the same one."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from troth import loading
from troth.cli.show_command import show
from troth.document import document

API = """\
openapi: 3.1.0
info: {title: Pets, version: '1.10'}
paths:
  /pets: {get: {responses: {'200': {description: "no: yes"}}}}
"""
OVERLAY = """\
overlay: 1.0.0
info: {title: More, version: '1'}
actions:
  - target: $.info
    update: {title: %s}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("api.yaml").write_text(API)
    Path("one.yaml").write_text(OVERLAY % "One")
    Path("two.yaml").write_text(OVERLAY % "Two")
    return tmp_path


def shown(*args: str, given: str = "") -> Any:
    done = CliRunner().invoke(show, args, input=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return document.read(done.stdout.encode(), name="shown").root


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("published", [True, False])
def test_the_bundled_document_survives_being_shown(form: str, published: bool) -> None:
    flags = ["--published"] if published else []
    of = loading.read(overlays=[] if published else None)[1]
    assert shown("--format", form, *flags) == of.root


def test_overlays_apply_in_the_order_in_which_they_are_given(folder: Path) -> None:
    plain = document.read("api.yaml").root
    assert shown("api.yaml") == plain
    for order, title in ((("one", "two"), "Two"), (("two", "one"), "One")):
        options = [word for name in order for word in ("--overlay", f"{name}.yaml")]
        assert shown("api.yaml", *options) == {**plain, "info": {"title": title, "version": "1.10"}}


def test_a_minus_is_standard_input(folder: Path) -> None:
    assert shown("-", given=API) == document.read("api.yaml").root


def test_json_is_json(folder: Path) -> None:
    done = CliRunner().invoke(show, ["api.yaml", "--format", "json"])
    assert json.load(io.StringIO(done.stdout)) == document.read("api.yaml").root
    assert done.stdout.endswith("}\n")


def test_published_and_overlays_exclude_each_other(folder: Path) -> None:
    done = CliRunner().invoke(show, ["api.yaml", "--overlay", "one.yaml", "--published"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--published and --overlay exclude each other" in done.stderr


def test_a_document_of_ones_own_gets_no_overlay_of_ours(folder: Path) -> None:
    Path("atoma.yaml").write_bytes(loading.bundled_document().read_bytes())
    assert shown("atoma.yaml") == loading.read(overlays=[])[1].root


TASKS = """\
openapi: 3.1.0
info: {title: Tasks, version: '1'}
paths:
  /tasks:
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
        - {name: after, in: query, schema: {type: string}}
        - {name: status, in: query, schema: {type: string}}
      responses:
        '200':
          description: some
          content:
            application/json:
              schema:
                type: object
                properties:
                  next_cursor: {type: string}
                  data:
                    type: array
                    items: &task
                      type: object
                      properties: {id: &string {type: string}, status: *string}
    post:
      requestBody: {content: {application/json: {schema: *task}}}
      responses: {'201': {description: made, content: {application/json: {schema: *task}}}}
  /tasks/{task_id}:
    parameters: [{name: task_id, in: path, required: true, schema: *string}]
    get: {responses: {'200': {description: one, content: {application/json: {schema: *task}}}}}
    delete: {responses: {'204': {description: gone}}}
  /health: {get: {responses: {'200': {description: well}}}}
"""


def test_resources_are_shown_to_people() -> None:
    done = CliRunner().invoke(show, ["-", "--resources"], input=TASKS, catch_exceptions=False)
    assert (
        done.stdout
        == """\
tasks  /tasks/{task_id}
  in /tasks
  identified by task_id: /id of an item
  task_id is told by POST /tasks: $response.body#/id
  the list takes limit, cursor: after, next: /next_cursor, filters: status
  list    GET /tasks               items at /data
  create  POST /tasks
  read    GET /tasks/{task_id}
  delete  DELETE /tasks/{task_id}
"""
    )


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_resources_are_shown_to_programs(form: str) -> None:
    given = ["-", "--resources", "--format", form]
    done = CliRunner().invoke(show, given, input=TASKS, catch_exceptions=False)
    tree = yaml.safe_load(done.stdout)
    (tasks,) = tree["resources"]
    assert tree["none"] == ["GET /health"]
    assert tasks["listing"]["filters"] == {"status": "/status"}
    assert tasks["operations"][0] == {"operation": "GET /tasks", "role": "list", "items": "/data"}
    assert tasks["operations"][2]["filled"][0] == {
        "in": "path",
        "name": "task_id",
        "from": "POST /tasks",
        "status": "201",
        "by": "$response.body#/id",
    }


def test_what_has_no_resources_is_told_so() -> None:
    done = CliRunner().invoke(show, ["-", "--resources"], input=API, catch_exceptions=False)
    assert done.stdout == "The document has no resources.\n"
