"""How findings are written down, and the command that prints them."""

from __future__ import annotations

import json
from pathlib import Path
from unicodedata import category

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.cli.lint_command import lint as command
from troth.errors import Place, SpecError
from troth.lint import Diagnostic, Fix, report

DEFAULT = Diagnostic(
    "error",
    "default-invalid",
    "The default breaks its schema: '[]' is not of type array.",
    "/components/schemas/A/default",
    Place("api.yaml", 7, 5),
    (Fix("replace", "/components/schemas/A/default", []),),
)
TAGS = Diagnostic("info", "unused-tag", "1 of 2 tags are unused: b.", "/tags", Place("api.yaml", 3))
MINIMAL = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}


def test_text_is_grouped_by_severity_and_code() -> None:
    assert report.text([TAGS, DEFAULT], file="api.yaml") == (
        "error default-invalid\n"
        "  api.yaml:7:5  (fix proposed)\n"
        "    #/components/schemas/A/default\n"
        "    The default breaks its schema: '[]' is not of type array.\n"
        "\n"
        "info unused-tag\n"
        "  api.yaml:3:1\n"
        "    #/tags\n"
        "    1 of 2 tags are unused: b.\n"
        "\n"
        "api.yaml: 1 error, 1 info; 1 with a proposed fix\n"
    )


def test_text_says_so_when_nothing_is_found() -> None:
    assert report.text([], file="api.yaml") == "api.yaml: nothing found\n"


def test_json_holds_everything_that_a_finding_knows() -> None:
    assert json.loads(report.as_json([DEFAULT], file="api.yaml")) == {
        "file": "api.yaml",
        "counts": {"error": 1, "warning": 0, "info": 0},
        "findings": [
            {
                "severity": "error",
                "code": "default-invalid",
                "message": "The default breaks its schema: '[]' is not of type array.",
                "pointer": "/components/schemas/A/default",
                "file": "api.yaml",
                "line": 7,
                "column": 5,
                "fix": [
                    {"kind": "replace", "pointer": "/components/schemas/A/default", "value": []}
                ],
            }
        ],
    }


def test_github_gets_one_workflow_command_for_each_finding() -> None:
    assert report.github([DEFAULT, TAGS]) == (
        "::error file=api.yaml,line=7,col=5,title=default-invalid::The default breaks its schema: "
        "'[]' is not of type array. (#/components/schemas/A/default)\n"
        "::notice file=api.yaml,line=3,col=1,title=unused-tag::1 of 2 tags are unused: b."
        " (#/tags)\n"
    )


HOSTILE = "a%0A\r\n::set-output name=x::y\x1b[31m,b:c\u202e\x00"


def test_a_hostile_document_cannot_write_a_workflow_command_of_its_own() -> None:
    hostile = Diagnostic("error", "bad-schema", HOSTILE, HOSTILE, Place(HOSTILE, 1))
    written = report.github([hostile])
    assert written.count("\n") == 1
    assert written.startswith(
        "::error file=a%250A%0D%0A%3A%3Aset-output name=x%3A%3Ay\\u001b[31m%2C"
    )


texts = st.text(max_size=40) | st.sampled_from(["\n::error::x", "\x1b]8;;", "\ud800", "%0A"])


@given(texts, texts, texts)
@settings(max_examples=100)
def test_no_text_of_a_document_reaches_the_terminal_as_a_control(
    message: str, pointer: str, file: str
) -> None:
    finding = Diagnostic("warning", "bad-schema", message, pointer, Place(file, 1))
    for written in (report.text([finding], file=file), report.github([finding])):
        written.encode("utf-8")
        assert {category(char) for char in written.replace("\n", "")}.isdisjoint({"Cc", "Cs"})
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069").intersection(
            written
        )
    assert report.github([finding]).count("\n") == 1
    # every annotation is ours: nothing before the first newline, nothing after it
    assert [line[:10] for line in report.github([finding]).splitlines()] == ["::warning "]


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    file = tmp_path / "clean.json"
    file.write_text(json.dumps(MINIMAL))
    return file


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    file = tmp_path / "faulty.yaml"
    file.write_text(
        "openapi: 3.1.0\n"
        "info: {title: t, version: '1'}\n"
        "components:\n"
        "  schemas:\n"
        "    A:\n"
        "      type: array\n"
        "      default: '[]'\n"
    )
    return file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], standalone_mode=False)


def test_a_clean_document_ends_with_0(clean: Path) -> None:
    result = run(clean)
    assert (result.return_value, result.output) == (0, f"{clean}: nothing found\n")


def test_an_error_ends_with_1(faulty: Path) -> None:
    result = run(faulty, "--format", "github")
    assert result.return_value == 1
    assert result.output == (
        f"::error file={faulty},line=7,col=7,title=default-invalid::The default breaks its schema: "
        "'[]' is not of type array; it is a string; as an array it would be valid. "
        "(#/components/schemas/A/default)\n"
    )


def test_strict_makes_a_warning_end_with_1(tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    schema = {"type": "integer", "minLength": 1}
    file.write_text(json.dumps({**MINIMAL, "components": {"schemas": {"A": schema}}}))
    assert run(file).return_value == 0
    assert run(file, "--strict").return_value == 1


def test_a_document_that_cannot_be_used_is_no_finding(tmp_path: Path) -> None:
    file = tmp_path / "api.yaml"
    file.write_text("- 1\n")
    assert isinstance(run(file).exception, SpecError)
    assert SpecError.exit_code == 2


def test_the_overlay_of_fixes_mends_the_document(faulty: Path, tmp_path: Path) -> None:
    file = tmp_path / "fix.yaml"
    result = run(faulty, "--fix-overlay", file)
    assert f"2 actions written to {file}" in result.output
    assert run(faulty, "--overlay", file).return_value == 0


def test_no_overlay_is_written_when_there_is_nothing_to_propose(
    clean: Path, tmp_path: Path
) -> None:
    file = tmp_path / "fix.yaml"
    result = run(clean, "--fix-overlay", file)
    assert "no change to propose" in result.output
    assert not file.exists()


def test_the_bundled_document_is_the_default_with_its_overlay() -> None:
    assert run().return_value == 0
    assert run("--published").return_value == 1
