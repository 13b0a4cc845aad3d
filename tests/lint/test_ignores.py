"""What a user lets pass: by a word in the document, in troth.toml, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from troth.cli.config import BadConfig
from troth.cli.lint_command import lint as command
from troth.document import document
from troth.lint import Ignored, lint

WRONG: dict[str, Any] = {"type": "integer", "default": "one"}


def api(**members: Any) -> dict[str, Any]:
    """A document with two faults of one code, one below a path and one in a component."""
    body = {"content": {"application/json": {"schema": dict(WRONG)}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/things/{id}": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "put": {
                    "operationId": "put",
                    "requestBody": body,
                    "responses": {"204": {"description": "done"}},
                },
            }
        },
        "components": {"schemas": {"A": dict(WRONG)}},
        **members,
    }


BELOW = "/paths/~1things~1{id}/put/requestBody/content/application~1json/schema"
COMPONENT = "/components/schemas/A"


def found(value: dict[str, Any], *ignored: Ignored) -> list[tuple[str, str, str]]:
    read = document.read(json.dumps(value).encode(), name="api.json")
    return [
        (each.severity, each.code, each.pointer)
        for each in lint(read, ignored=ignored)
        if each.code in ("default-invalid", "unused-ignore", "unknown-extension", "malformed")
    ]


BOTH = [
    ("error", "default-invalid", f"{COMPONENT}/default"),
    ("error", "default-invalid", f"{BELOW}/default"),
]


def test_nothing_is_ignored_by_itself() -> None:
    assert sorted(found(api())) == sorted(BOTH)


@pytest.mark.parametrize(
    "word",
    [
        "default-invalid",
        ["default-invalid"],
        {"default-invalid": "the server turns it into a number"},
    ],
)
def test_the_word_of_an_object_holds_for_all_below(word: Any) -> None:
    value = api()
    value["paths"]["/things/{id}"]["x-troth-ignore"] = word
    assert found(value) == BOTH[:1]


@pytest.mark.parametrize(
    "way",
    [
        (),
        ("paths",),
        ("paths", "/things/{id}", "put"),
        ("paths", "/things/{id}", "put", "requestBody"),
        ("paths", "/things/{id}", "put", "requestBody", "content", "application/json"),
        (*("paths", "/things/{id}", "put", "requestBody", "content", "application/json"), "schema"),
    ],
)
def test_the_word_may_stand_in_any_object_around_the_fault(way: tuple[str, ...]) -> None:
    value = api()
    node = value
    for step in way:
        node = node[step]
    node["x-troth-ignore"] = "default-invalid"
    assert BOTH[1] not in found(value)
    assert [each[1] for each in found(value) if each[1] != "default-invalid"] == []


def test_the_word_stands_in_objects_that_hold_no_schemas_too() -> None:
    value = api(tags=[{"name": "a"}, {"name": "b", "x-troth-ignore": "unused-tag"}])
    value["info"]["x-troth-ignore"] = "unused-tag"
    assert [each[2] for each in found(value) if each[1] == "unused-ignore"] == [
        "/info/x-troth-ignore",
        "/tags/1/x-troth-ignore",
    ]


def test_a_word_that_ignores_nothing_is_told() -> None:
    value = api()
    value["components"]["schemas"]["A"]["x-troth-ignore"] = ["default-invalid", "bad-pattern"]
    assert ("warning", "unused-ignore", f"{COMPONENT}/x-troth-ignore") in found(value)


def test_data_and_names_are_no_words() -> None:
    value = api()
    value["components"]["schemas"]["A"] = {
        "type": "object",
        "properties": {"x-troth-ignore": {"type": "string"}},
        "example": {"x-troth-ignore": "default-invalid"},
    }
    assert found(value) == BOTH[1:]


def test_a_word_of_another_form_is_malformed() -> None:
    value = api(**{"x-troth-ignore": 7})
    assert ("error", "unknown-extension", "/x-troth-ignore") in found(value)


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        (Ignored(), []),
        (Ignored(("default-invalid",)), []),
        (Ignored(("bad-pattern",)), BOTH),
        (Ignored(path="/things/{id}"), BOTH[:1]),
        (Ignored(path="/things/*"), BOTH[:1]),
        (Ignored(path="/**"), BOTH[:1]),
        (Ignored(path="/*"), BOTH),
        (Ignored(path="#/components"), BOTH[1:]),
        (Ignored(path="#/components/schemas/*/default"), BOTH[1:]),
        (Ignored(path="#/comp"), BOTH),
        (Ignored(file="api.json"), []),
        (Ignored(file="*.json"), []),
        (Ignored(file="*.yaml"), BOTH),
        (Ignored(path="#/components", file="*.yaml"), BOTH),
    ],
)
def test_codes_paths_and_files_say_what_is_left_out(
    ignored: Ignored, left: list[tuple[str, str, str]]
) -> None:
    assert sorted(found(api(), ignored)) == sorted(left)


def test_the_last_exception_counts() -> None:
    every, one = Ignored(), Ignored(path="#/components", level="warning")
    assert found(api(), every, one) == [("warning", "default-invalid", f"{COMPONENT}/default")]
    assert found(api(), one, every) == []


def run(folder: Path, settings: str, *options: str) -> Result:
    file = folder / "api.json"
    file.write_text(json.dumps(api()), encoding="utf-8")
    settled = folder / "troth.toml"
    settled.write_text(settings, encoding="utf-8")
    arguments = [str(file), "--config", str(settled), "--format", "json", *options]
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def codes(result: Result) -> dict[str, str]:
    return {each["code"]: each["severity"] for each in json.loads(result.stdout)["findings"]}


@pytest.mark.parametrize(
    ("settings", "options", "code"),
    [
        ("", (), 1),
        ("", ("--severity", "default-invalid=warning"), 0),
        ("", ("--severity", "default-invalid=warning", "--strict"), 1),
        ("", ("--severity", "default-invalid=info", "--fail-on", "info"), 1),
        ("", ("--fail-on", "off"), 0),
        ("[lint]\nfail-on = 'off'", (), 0),
        ("[lint]\nfail-on = 'off'", ("--fail-on", "error"), 1),
        ("[lint]\nfail-on = 'off'", ("--strict",), 1),
        ("[lint.severity]\ndefault-invalid = 'info'", (), 0),
        ("[lint.severity]\ndefault-invalid = 'info'", ("--severity", "default-invalid=error"), 1),
        ("[[lint.ignore]]\ncode = 'default-invalid'\nreason = 'old'", (), 0),
        ("[[lint.ignore]]\ncode = 'default-invalid'\nfile = 'else.json'", (), 1),
        ("[[lint.ignore]]\npath = '/things/*'", (), 1),
        ("[[lint.ignore]]\npath = '#/'\nseverity = 'warning'", (), 1),
    ],
)
def test_the_exit_code_follows_the_severities(
    tmp_path: Path, settings: str, options: tuple[str, ...], code: int
) -> None:
    assert run(tmp_path, settings, *options).return_value == code


def test_an_entry_of_the_file_that_ignores_nothing_is_told_and_one_for_another_file_is_not(
    tmp_path: Path,
) -> None:
    entry = "[[lint.ignore]]\ncode = 'bad-pattern'\n"
    assert codes(run(tmp_path, entry))["unused-ignore"] == "warning"
    assert "unused-ignore" not in codes(run(tmp_path, f"{entry}file = 'else.json'"))
    # a severity for all documents is no promise that each has such a finding
    assert "unused-ignore" not in codes(run(tmp_path, "[lint.severity]\nbad-pattern = 'off'"))


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ("[lint.severity]\nbad-patern = 'off'", "did you mean 'bad-pattern'?"),
        ("[lint.severity]\nbad-pattern = 'no'", "'no' is none; known are error, warning, info"),
        ("[[lint.ignore]]\ncode = 'bad-patern'", "did you mean 'bad-pattern'?"),
        ("[[lint.ignore]]\npaht = '/a'", "lint.ignore.0.paht: there is no such key"),
        ("[lint]\nignore = 'bad-pattern'", "an array of tables is expected"),
        ("[lint]\nfail-on = 'never'", "'never' is none"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, settings: str, fault: str) -> None:
    raised = run(tmp_path, settings).exception
    assert isinstance(raised, BadConfig)
    assert fault in str(raised)


@pytest.mark.parametrize("option", ["bad-patern=off", "bad-pattern=none", "bad-pattern"])
def test_a_mistake_on_the_command_line_is_told(tmp_path: Path, option: str) -> None:
    raised = run(tmp_path, "", "--severity", option).exception
    assert isinstance(raised, click.BadParameter)
    assert raised.param_hint == "--severity"
