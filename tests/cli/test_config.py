"""What troth.toml settles, and how a mistake in it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from troth.cli import config, run_options
from troth.cli.config import KEYS, BadConfig, Config
from troth.conformance import reports
from troth.conformance.settings import PHASES

DOCS = Path(__file__).parents[2] / "docs"


def read(folder: Path, text: str, **environ: str) -> Config:
    file = folder / "troth.toml"
    file.write_text(text, encoding="utf-8")
    return config.load(file, environ=environ)


def fault(folder: Path, text: str, **environ: str) -> str:
    with pytest.raises(BadConfig) as caught:
        read(folder, text, **environ)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(f"{folder}/", "")


def test_every_kind_of_key_becomes_what_the_command_line_would_have(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        [test]
        url = "http://127.0.0.1:8000"
        document = "api.yaml"
        overlay = ["fix.yaml", "atoma"]
        strict = true
        max-requests = 5
        rate = 2.5
        without = ["tools", "logprobs"]
        header = { X-Tenant = "a" }
        set = { model = "llama", "/stop" = ["x", 1] }
        report = { junit = "out/junit.xml", json = "-" }
        """,
    )
    assert found.section("test") == {
        "url": "http://127.0.0.1:8000",
        "document": str(tmp_path / "api.yaml"),
        "overlay": [str(tmp_path / "fix.yaml"), "atoma"],
        "strict": True,
        "max_requests": 5,
        "rate": 2.5,
        "without": ["tools", "logprobs"],
        "header": ["X-Tenant: a"],
        "set": ['model="llama"', '/stop=["x", 1]'],
        "report": [f"junit={tmp_path}/out/junit.xml", "json=-"],
    }


def test_variables_of_the_environment_stand_for_any_scalar(tmp_path: Path) -> None:
    text = """
    [test]
    token = "${KEY}"
    model = "${MODEL:-llama}-8b"
    seed = "${SEED}"
    rate = "${RATE}"
    strict = "${STRICT}"
    set = { note = "$${KEY}" }
    """
    found = read(tmp_path, text, KEY="k", SEED="7", RATE="1.5", STRICT="true")
    assert found.section("test") == {
        "token": "k",
        "model": "llama-8b",
        "seed": 7,
        "rate": 1.5,
        "strict": True,
        "set": ['note="${KEY}"'],
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [("${A:-b}", "b"), ("${A:-}", ""), ("${A}", ""), ("${B:-c}", "d"), ("${C:-c}", "c")],
)
def test_a_default_stands_for_a_variable_that_is_empty_or_not_set(
    written: str, value: str, tmp_path: Path
) -> None:
    found = read(tmp_path, f"[test]\nmodel = '{written}'", A="", B="d")
    assert found.section("test") == {"model": value}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[test]\nmax-request = 5",
            "troth.toml: test.max-request: there is no such key; did you mean 'max-requests'?",
        ),
        (
            "[tset]\nseed = 1",
            "troth.toml: tset: there is no such section; did you mean 'test'?",
        ),
        ("[test]\nseed = 'x'", "troth.toml: test.seed: an integer is expected, not the string 'x'"),
        ("[test]\nseed = true", "troth.toml: test.seed: an integer is expected, not a boolean"),
        (
            "[test]\nrate = inf",
            "troth.toml: test.rate: a number is expected, not one that is not finite",
        ),
        ("[test]\nurl = 1", "troth.toml: test.url: a string is expected, not an integer"),
        ("[test]\nurl = []", "troth.toml: test.url: a string is expected, not an array"),
        ("[test]\nworkers = 0", "troth.toml: test.workers: 0 is too small: 1 is the least"),
        ("[test]\nheader = ['a: b']", "troth.toml: test.header: a table is expected, not an array"),
        (
            "[test]\nheader = {a = 1}",
            "troth.toml: test.header.a: a string is expected, not an integer",
        ),
        (
            "[test]\nreport = {xml = 'a'}",
            "troth.toml: test.report.xml: there is no such key; known are json, junit, html, "
            "sarif, har, github, markdown",
        ),
        (
            "[test]\nphase = 'dock'",
            "troth.toml: test.phase: 'dock' is none; known are examples, resources, boundary, "
            "protocol, random, stateful",
        ),
        (
            "[test]\ntoken = '${KEY}'",
            "troth.toml: test.token: the variable KEY is not set; set it, or write ${KEY:-default}",
        ),
        (
            "[test]\nset = {a = 2024-01-01}",
            "troth.toml: test.set.a: the value cannot be written as JSON",
        ),
        ("test = 1", "troth.toml: test: a table is expected, not an integer"),
        (
            "[test",
            "troth.toml: not TOML: Expected ']' at the end of a table declaration (at end of "
            "document)",
        ),
    ],
)
def test_a_mistake_names_its_file_its_key_and_what_would_do(
    tmp_path: Path, text: str, said: str
) -> None:
    assert fault(tmp_path, text) == said


def test_a_wrong_secret_is_not_told(tmp_path: Path) -> None:
    assert "hunter2" not in fault(tmp_path, "[test]\nseed = '${KEY}'\ntoken = ['hunter2']", KEY="x")


def test_a_byte_order_mark_is_passed_over_and_other_encodings_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "troth.toml"
    file.write_bytes(b"\xef\xbb\xbf[test]\nseed = 3\n")
    assert config.load(file).section("test") == {"seed": 3}
    file.write_bytes(b"[test]\nmodel = '\xe4'\n")
    with pytest.raises(BadConfig, match=r"troth\.toml: byte 16 is not UTF-8"):
        config.load(file)
    with pytest.raises(BadConfig, match="cannot be read: No such file"):
        config.load(tmp_path / "none.toml")


def test_the_own_file_wins_over_pyproject_and_the_nearest_folder_over_those_above(
    tmp_path: Path,
) -> None:
    inner = tmp_path / "repo" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "troth.toml").write_text("")
    (tmp_path / "repo" / ".git").mkdir()
    assert config.find(inner) is None  # a repository does not look out of its root
    project = tmp_path / "repo" / "pyproject.toml"
    project.write_text("[tool.other]\nname = 'troth'\n")
    assert config.find(inner) is None
    project.write_text("[tool.troth.test]\nseed = 4\n")
    assert config.find(inner) == project
    assert config.load(project).section("test") == {"seed": 4}
    own = tmp_path / "repo" / "troth.toml"
    own.write_text("[test]\nseed = 5\n")
    assert config.find(inner) == own


def test_a_key_of_pyproject_is_told_with_its_whole_path(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.troth.test]\nsede = 4\n")
    with pytest.raises(BadConfig, match=r"tool\.troth\.test\.sede: .* did you mean 'seed'"):
        config.load(file)
    file.write_text("[tool]\ntroth = 4\n")
    with pytest.raises(BadConfig, match=r"tool\.troth: a table is expected"):
        config.load(file)


def test_a_working_folder_that_is_gone_has_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert config.load() == Config()


def test_the_schema_for_editors_is_the_one_that_the_keys_make() -> None:
    file = DOCS / "troth.schema.json"
    assert file.read_text() == config.schema_text(), (
        "write docs/troth.schema.json anew: it is what troth.cli.config.schema_text() gives"
    )


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"test": {"seed": 1, "without": "tools", "set": {"a": [1]}}}, True),
        ({"test": {"seed": "${SEED}", "phase": ["examples"]}}, True),
        ({"test": {"seed": "one"}}, False),
        ({"test": {"sede": 1}}, False),
        ({"tset": {}}, False),
        ({"test": {"phase": "dock"}}, False),
        ({"test": {"report": {"xml": "a"}}}, False),
    ],
)
def test_the_schema_for_editors_takes_what_troth_takes(value: Any, good: bool) -> None:
    schema = json.loads(config.schema_text())
    jsonschema.Draft7Validator.check_schema(schema)
    assert jsonschema.Draft7Validator(schema).is_valid(value) is good


def test_the_table_of_keys_knows_all_phases_and_forms() -> None:
    by_name = {key.name: key for key in KEYS}
    assert by_name["phase"].choices == PHASES
    assert by_name["report"].names == reports.FORMS


def test_a_misspelt_variable_is_refused_with_the_name_that_was_meant() -> None:
    known, prefix = [key.variable for key in KEYS], "TROTH_TEST_"
    fine = {"TROTH_TEST_MAX_REQUESTS": "5", "TROTH_TOKEN": "x", "PATH": "y"}
    run_options.check_environment(fine, known, prefix=prefix)
    with pytest.raises(run_options.UnknownVariable) as caught:
        run_options.check_environment({"TROTH_TEST_MAX_REQUEST": "5"}, known, prefix=prefix)
    assert str(caught.value) == (
        "TROTH_TEST_MAX_REQUEST: there is no option for this variable; "
        "did you mean TROTH_TEST_MAX_REQUESTS?"
    )
