"""The command line: which commands there are, and what every fault comes to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from troth.cli import main
from troth.cli.options import warnings
from troth.errors import MethodNotAllowed, NoSuchPath, Place, SpecError, TrothError

COMMANDS = ("explain", "lint", "mock", "replay", "report", "show", "test")


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main.main(list(args))
    said = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, said.out, said.err


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"troth {version('troth')}\n", "")


def test_help_names_every_command_and_the_mocks_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, errors = run(capsys, "--help")
    listed = [line.split()[0] for line in said.partition("Commands:\n")[2].splitlines()]
    assert (code, errors) == (0, "")
    assert tuple(word for word in listed if word in COMMANDS) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, said, errors = run(capsys, command, "-h")
    assert (code, errors) == (0, "")
    assert said.startswith(f"Usage: troth {command} ")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_by_itself_too(name: str) -> None:
    # click keeps what help is called when a command is first used, by whomever
    command = main.troth.get_command(click.Context(main.troth), name)
    assert command is not None
    alone = CliRunner().invoke(command, ["-h"])
    assert (alone.exit_code, alone.output.partition(" ")[0]) == (0, "Usage:")


def test_help_imports_no_command_of_ours() -> None:
    # the mock is another package's: its line can only be had by importing it
    script = (
        "import sys, troth.cli.main\n"
        "try: troth.cli.main.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('troth.lint', 'troth.conformance', 'hypothesis', 'openapi_core')"
        " if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == "[]\n"


def test_without_a_command_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, errors = run(capsys)
    assert code == 2
    assert "Usage: troth [OPTIONS] COMMAND" in said + errors


def test_a_slip_in_a_commands_name_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, errors = run(capsys, "lnt")
    assert (code, said) == (2, "")
    assert "No such command 'lnt'" in errors
    assert "'lint'" in errors


def test_what_resembles_no_command_gets_no_guess(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, errors = run(capsys, "frobnicate")
    assert code == 2
    assert "Did you mean" not in errors


def failing(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """Make the command `show` fail with *fault*."""

    @click.command()
    def show() -> None:
        raise fault

    monkeypatch.setattr("troth.cli.show_command.show", show)


SPEC = SpecError(
    "the key 'a' was already given",
    place=Place("a.yaml", 3, 5),
    pointer="/paths",
    advice="Remove one.",
)
UNREACHABLE = type("Unreachable", (TrothError,), {"exit_code": 3, "__str__": lambda _: "gone"})


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (
            SPEC,
            2,
            "troth: a.yaml:3:5: the key 'a' was already given (at /paths)\nRemove one.\n",
        ),
        (NoSuchPath("/x"), 2, "troth: the document has no path that matches '/x'\n"),
        (
            MethodNotAllowed("PUT", "/x", ("GET",)),
            2,
            "troth: PUT is not declared for '/x'; GET would do\n",
        ),
        (UNREACHABLE(), 3, "troth: gone\n"),
        (
            PermissionError(13, "Permission denied", "out.html"),
            3,
            "troth: out.html: Permission denied\n",
        ),
        (OSError("odd"), 3, "troth: odd\n"),
        (
            RuntimeError("oops"),
            3,
            "troth: this is a fault of troth itself: RuntimeError: oops\n"
            "Run it again as `troth --debug …` for the details, and please report them.\n",
        ),
        (KeyboardInterrupt(), 130, ""),
        (click.UsageError("no"), 2, "Error: no\n"),
    ],
)
def test_a_fault_is_told_in_a_line_with_its_code(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException,
    code: int,
    said: str,
) -> None:
    failing(monkeypatch, fault)
    found, out, errors = run(capsys, "show")
    assert (found, out) == (code, "")
    assert errors.lstrip("\n").endswith(said)
    assert "Traceback" not in errors


def test_debug_shows_the_traceback_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, RuntimeError("oops"))
    code, _, errors = run(capsys, "--debug", "show")
    assert code == 3
    assert "Traceback" in errors
    assert "RuntimeError: oops" in errors


@pytest.mark.parametrize("value", [None, 0, 1, 7])
def test_what_a_command_returns_is_the_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: int | None
) -> None:
    @click.command()
    def show() -> int | None:
        return value

    monkeypatch.setattr("troth.cli.show_command.show", show)
    assert run(capsys, "show") == (value or 0, "", "")


TWICE = "openapi: 3.1.0\npaths: {}\npaths: {}\n"
TWICE_TOLD = (
    "no-such.yaml:3:1: the key 'paths' was already given in line 2 (at /paths). "
    "Remove or rename one of the two (lines 2 and 3)."
)


@pytest.mark.parametrize("command", ["explain --document", "show"])
def test_what_of_a_document_is_not_understood_is_a_warning_and_refused_if_strict(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("no-such.yaml").write_text(TWICE)
    code, out, errors = run(capsys, *command.split(), "no-such.yaml")
    assert (code, bool(out), errors) == (0, True, f"warning: {TWICE_TOLD}\n")
    code, out, errors = run(capsys, *command.split(), "no-such.yaml", "--strict-document")
    assert (code, out, errors.split(" (")[0]) == (2, "", f"troth: {TWICE_TOLD.split(' (')[0]}")


@pytest.mark.parametrize("command", ["lint", "mock", "test http://127.0.0.1:9 --document"])
def test_a_strict_document_is_refused_by_every_command(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("no-such.yaml").write_text(TWICE)
    code, out, errors = run(capsys, *command.split(), "no-such.yaml", "--strict-document")
    assert (code, out, errors.split(" (")[0]) == (2, "", f"troth: {TWICE_TOLD.split(' (')[0]}")


@pytest.mark.parametrize(
    ("content", "told", "line"),
    [
        (None, "cannot read api.yaml: No such file or directory", 1),
        ("", "not an OpenAPI document (got nothing)", 1),
        ("openapi: 2.0\n", "version 2.0 is not supported", 1),
        ("a: [\n", "not valid YAML: ", 2),
        ("a: &a [*a]\n", "recursive alias: *a", 1),
    ],
)
def test_lint_reports_a_document_that_it_cannot_read_in_the_form_that_was_asked_for(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str | None,
    told: str,
    line: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("api.yaml").write_text(content)
    code, out, errors = run(capsys, "lint", "--format", "json", "api.yaml")
    written = json.loads(out)
    assert (code, written["file"], written["counts"]["error"]) == (2, "api.yaml", 1)
    (finding,) = written["findings"]
    assert (finding["code"], finding["file"], finding["line"]) == ("unusable", "api.yaml", line)
    assert finding["message"].lower().startswith(told.lower())
    assert told in errors
    code, out, errors = run(capsys, "lint", "--format", "github", "api.yaml")
    assert (code, out.count("\n")) == (2, 1)
    assert out.startswith(f"::error file=api.yaml,line={line},")


def test_lint_reports_every_fault_in_one_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("api.yaml").write_text(
        "openapi: 3.1\ninfo: {title: t, version: '1'}\npaths:\n  /a:\n    get:\n"
        "      operationId: a\n      operationId: b\n      parameters:\n"
        "      security: [{nope: []}]\n      responses:\n"
        "        2xx: {description: ok, content: {application/json: {schema: {$ref: '#/no'}}}}\n"
        "        '404': {$ref: 'http://a.example/b'}\n"
        "components: {schemas: {A: {required: true, type: any, minimum: '0', $ref: '#/no'}}}\n"
    )
    code, out, errors = run(capsys, "lint", "--format", "json", "api.yaml")
    assert (code, errors) == (1, "")
    errors_told = [each for each in json.loads(out)["findings"] if each["severity"] == "error"]
    assert [(each["line"], each["code"]) for each in errors_told] == [
        (1, "malformed"),
        (7, "duplicate-key"),
        (8, "malformed"),
        (9, "unknown-security-scheme"),
        (11, "malformed"),
        (11, "bad-reference"),
        (12, "bad-reference"),
        *[(13, "bad-schema")] * 3,
        (13, "bad-reference"),
    ]


def test_many_warnings_are_grouped() -> None:
    faults = [SpecError(f"fault {n % 30}", pointer=f"/{n}", advice="Mend it.") for n in range(60)]
    lines = list(warnings(faults, document="a.yaml"))
    assert lines[0] == "warning: fault 0 (at /0), and in 1 other place. Mend it."
    assert lines[-1] == "warning: 10 other things are not understood: troth lint a.yaml tells them"
    assert len(lines) == 21


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no-such.yaml"),
        ("", "not an OpenAPI document (got nothing)"),
        ("- a\n", "not an OpenAPI document (got list)"),
        ("openapi: 2.0\n", "no-such.yaml:1:1: version 2.0 is not supported"),
        ("a: [\n", "no-such.yaml:2:1: "),
    ],
)
@pytest.mark.parametrize("command", ["lint", "show", "mock"])
def test_a_document_that_cannot_be_used_ends_every_command_alike(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    content: str | None,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("no-such.yaml").write_text(content)
    code, out, errors = run(capsys, command, "no-such.yaml")
    assert (code, out) == (2, "")
    assert told in errors
    assert "Traceback" not in errors


def test_python_m_troth_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "troth", "--version"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"troth {version('troth')}\n", "")


@pytest.mark.parametrize("args", [["--debug", "show"], ["show", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    failing(monkeypatch, SPEC)
    code, said, errors = run(capsys, *args)
    assert (code, said) == (2, "")
    assert errors.startswith("Traceback (most recent call last):\n")
    assert errors.endswith(f"troth: {SPEC}\n")


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes it")
def test_a_closed_output_changes_no_exit_code(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n")
    done = subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m troth lint a.yaml >&-"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
