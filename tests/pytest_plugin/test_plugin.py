"""The plugin as its users meet it: pytest runs of their own, in a folder of their own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import bundled
from bundled import CONTRACT
from servers.chat import TOKEN
from servers.faults import FAULTS
from servers.wire import Answer, Asked, Server
from troth.conformance import transport  # noqa: F401 - once, not per run
from troth.conformance.events import Finding
from troth.http.exchange import Exchange, Request
from troth.pytest_plugin import items, session_run
from troth.violation import Severity, Violation

ROOT: Any = CONTRACT.document.root
OPERATION = "troth::POST /v1/chat/completions"
# what a careful project has: every mistake of a plugin would show
INI = """[pytest]
addopts = --strict-markers --strict-config -p no:randomly
filterwarnings = error
"""
#: Enough to find what is wrong, and quick.
QUICK = ("--troth-phase", "examples", "--troth-max-requests", "60")

Pytest = Callable[..., tuple[int, str]]

pytest_plugins = ["pytester"]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    (pytester.path / ".git").mkdir()
    (pytester.path / "pytest.ini").write_text(INI)
    # a run inside of this one is no worker of it, and takes nothing from our environment
    for name in [name for name in os.environ if name.startswith(("TROTH", "PYTEST_XDIST"))]:
        monkeypatch.delenv(name)
    return pytester.path


@pytest.fixture
def run(pytester: pytest.Pytester, project: Path, monkeypatch: pytest.MonkeyPatch) -> Pytest:
    def command(*args: str, process: bool = False, **more: str) -> tuple[int, str]:
        with monkeypatch.context() as patch:
            for name, value in more.items():
                patch.setenv(name, value)
            bundled.read_once(patch)
            made = pytester.runpytest_subprocess if process else pytester.runpytest_inprocess
            result = made(*args)
        return int(result.ret), result.stdout.str() + result.stderr.str()

    return command


class Counting:
    """A server that counts what it is asked."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.answer = answer
        self.requests = 0

    def __call__(self, asked: Asked) -> Answer:
        self.requests += 1
        return self.answer(asked)


@pytest.fixture(scope="module")
def faulty() -> Iterator[tuple[str, Counting]]:
    counting = Counting(FAULTS["UsageWithoutTotal"].server(ROOT))
    with Server(counting) as serving:
        yield serving.url, counting


def test_without_a_url_the_plugin_adds_nothing_and_imports_nothing_heavy(
    run: Pytest, project: Path
) -> None:
    (project / "test_own.py").write_text(
        "import sys\n"
        "def test_own():\n"
        "    heavy = {'aiohttp', 'jinja2', 'jsonschema_rs', 'cel', 'openapi_core', 'click'}\n"
        "    assert not heavy & set(sys.modules)\n"
        "    assert 'troth.openapi.contract' not in sys.modules\n"
        "    assert 'troth.document.yaml_reader' not in sys.modules\n"
    )
    code, out = run("-q", "-p", "no:anyio", process=True)
    assert (code, "1 passed" in out) == (0, True), out


def test_collecting_lists_readable_ids_and_opens_no_socket(
    run: Pytest, faulty: tuple[str, Counting]
) -> None:
    url, server = faulty
    before = server.requests
    code, out = run("--collect-only", "-q", "--troth-url", url)
    assert code == 0, out
    listed = out.split("\n\n")[0].splitlines()
    assert listed[:5] == [
        f"{OPERATION}::{check}"
        for check in ("requests", "security", "statuses", "bodies", "streams")
    ]
    assert f"{OPERATION}::laws[tools]" in listed
    assert listed[-3:] == [f"{OPERATION}::{check}" for check in ("transport", "resources", "time")]
    assert f"{len(listed)} tests collected" in out
    assert server.requests == before


def test_a_finding_is_the_text_of_the_failure_and_no_secret_is_in_it(
    run: Pytest, faulty: tuple[str, Counting]
) -> None:
    url, _ = faulty
    code, out = run("--troth-url", url, "--troth-token", TOKEN, *QUICK, "-p", "no:cacheprovider")
    assert code == 1
    # pytest 8.0 has no reason on that line
    failed = re.findall(rf"^FAILED {OPERATION}::(\S+)(?: - .*)?$", out, re.M)
    assert failed == ["bodies", "laws[usage]"]
    assert "at /usage: 'total_tokens' is missing" in out
    assert "curl -isS" in out
    assert "$TROTH_TOKEN" in out
    assert TOKEN not in out
    assert "Traceback" not in out
    assert ".py:" not in out.partition("= FAILURES =")[2]
    assert re.search(r"^troth: violations, 2 errors, .* requests, ", out, re.M)


def test_choosing_by_name_and_stopping_at_the_first_and_running_the_last_failures(
    run: Pytest, faulty: tuple[str, Counting]
) -> None:
    url, _ = faulty
    common = ("-q", "--troth-url", url, *QUICK)
    token = {"TROTH_TOKEN": TOKEN}
    code, out = run(*common, "-x", **token)
    assert (code, "1 failed" in out, "laws[usage]" in out) == (1, True, False), out
    code, out = run(*common, "--lf", **token)
    assert (code, "1 failed, 20 deselected" in out) == (1, True), out
    code, out = run(*common, "-m", "troth", "-k", "laws and tools", **token)
    assert (code, "2 passed" in out) == (0, True), out
    code, out = run(*common, "-k", "not laws and not bodies", **token)
    assert (code, "failed" in out) == (0, False), out


def test_a_group_that_needs_little_sends_little(run: Pytest, faulty: tuple[str, Counting]) -> None:
    url, server = faulty
    before = server.requests
    code, out = run("-q", "--troth-url", url, "-k", "security", TROTH_TOKEN=TOKEN)
    assert (code, "1 passed" in out) == (0, True), out
    assert 20 < server.requests - before < 150


def test_the_workers_of_xdist_share_one_run(run: Pytest, faulty: tuple[str, Counting]) -> None:
    url, server = faulty
    common = ("-q", "--troth-url", url, "--troth-token", TOKEN, *QUICK)
    before = server.requests
    _, alone = run(*common)
    sent = server.requests - before
    code, out = run(*common, "-n", "2", process=True)
    assert code == 1, out
    assert server.requests - before == 2 * sent
    failed = re.compile(r"^FAILED (\S+ \S+)", re.M)
    assert sorted(failed.findall(out)) == sorted(failed.findall(alone))
    told = re.compile(r"^troth: violations, 2 errors, \d warnings, \d+ requests", re.M)
    assert told.findall(out) == told.findall(alone)


def test_nobody_there_is_said_once(run: Pytest) -> None:
    code, out = run("-q", "--troth-url", "http://127.0.0.1:1")
    assert code == 1
    assert "1 failed, 20 skipped" in out, out
    assert "troth: unreachable: http://127.0.0.1:1: connection refused" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--troth-url", "127.0.0.1:1"], "a URL begins with http://"),
        (["--troth-url", "http://a", "--troth-seed", "x"], "'x' is not a valid integer"),
        (["--troth-url", "http://a", "--troth-document", "no.yaml"], "cannot read no.yaml"),
        (["--troth-url", "http://a", "--troth-without", "tols"], "did you mean 'tools'?"),
        (["--troth-url", "http://a", "--troth-baseline", "no.json"], "there is no such file"),
        (["--troth-url", "http://a", "--troth-report", "json=.git"], "it is a directory"),
        (["--troth-url", "http://a", "--troth-report", "xml=a"], "no report 'xml=a'"),
    ],
)
def test_an_option_that_cannot_be_used_is_a_usage_error(
    run: Pytest, args: list[str], said: str
) -> None:
    code, out = run("-q", *args)
    assert code == 4
    assert said in out
    assert "Traceback" not in out


def test_a_file_settles_what_the_options_do_not(
    run: Pytest, project: Path, faulty: tuple[str, Counting]
) -> None:
    (project / "troth.toml").write_text(
        f'[test]\ntoken = "{TOKEN}"\nphase = ["examples"]\nmax-requests = 60\n'
        'baseline = "known.json"\n'
    )
    (project / "known.json").write_text('{"baseline": "troth", "format": 1, "findings": []}')
    code, out = run("-q", "--troth-url", faulty[0], "--troth-report", "junit=out/a.xml")
    assert (code, "2 failed" in out) == (1, True), out
    assert "troth: junit report in out/a.xml" in out
    assert (project / "out" / "a.xml").exists()


def test_what_never_came_up_is_skipped_and_not_passed(
    run: Pytest, faulty: tuple[str, Counting]
) -> None:
    asked = ("--troth-phase", "examples", "--troth-max-requests", "12", "-rs", "-v")
    code, out = run("--troth-url", faulty[0], "--troth-token", TOKEN, *asked)
    assert code == 1
    assert f"{OPERATION}::statuses PASSED" in out
    for check in ("time", "laws[structured-output]", "security"):
        assert f"{OPERATION}::{check} SKIPPED" in out
    assert "troth: nothing of this came up in the run" in out


def test_the_fixtures_run_inside_of_a_loop_and_fail_with_findings(
    run: Pytest, project: Path, faulty: tuple[str, Counting]
) -> None:
    (project / "test_own.py").write_text(
        "import asyncio\n"
        "import pytest\n"
        f"TOKEN = {TOKEN!r}\n"
        "def test_contract(contract):\n"
        "    assert contract.operations[0].method == 'POST'\n"
        "def test_conforms(conformance, mock_server):\n"
        "    async def inside():\n"
        "        return conformance(mock_server.url, phase=('examples',), max_requests=30)\n"
        "    asyncio.run(inside()).assert_conforms()\n"
        "def test_departs(conformance):\n"
        f"    found = conformance({faulty[0]!r}, token=TOKEN, phase=('examples',),\n"
        "                        max_requests=30, header={'X-A': 'b'},\n"
        "                        set={'model': 'm'}, without='tools')\n"
        "    assert not found.conforms\n"
        "    assert 'response-body.required' in {one.code for one in found.findings}\n"
        "    with pytest.raises(TypeError, match='no argument .phases.; it has '):\n"
        "        conformance('http://a', phases=())\n"
        "    found.assert_conforms()\n"
    )
    code, out = run("-q")
    assert code == 1
    assert "1 failed, 2 passed" in out, out
    assert "does not conform" in out
    assert "Traceback" not in out


def finding(code: str, operation: str, **more: Any) -> Finding:
    violation = Violation(code, operation, code.partition(".")[0], "", **more)
    return Finding("a", "error", violation, "", "", Exchange(Request("GET", "/")))


def test_every_finding_has_an_item() -> None:
    checks = {
        "GET /a": ("requests", "statuses", "laws", "laws[tools]", "time"),
        "GET /b": ("requests", "statuses"),
    }
    groups = {"x": "tools", "y": None}
    places = [
        session_run.place_of(one, checks, groups)
        for one in (
            finding("law.x", "GET /a", law="x"),
            finding("law.y", "GET /a", law="y"),
            finding("capability.tools", "GET /a"),
            finding("run.slower", "GET /a"),
            finding("stream.empty", "GET /b"),
            finding("response.status-undeclared", "GET /none"),
        )
    ]
    assert places == [
        ("GET /a", "laws[tools]"),
        ("GET /a", "laws"),
        ("GET /a", "laws[tools]"),
        ("GET /a", "time"),
        ("GET /b", "requests"),
        ("GET /a", "statuses"),
    ]


@pytest.mark.parametrize(
    ("severity", "strict", "fails"),
    [("error", False, True), ("warning", False, False), ("warning", True, True)],
)
def test_a_warning_fails_its_item_in_a_strict_run_only(
    severity: Severity, strict: bool, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sections: list[tuple[str, str, str]] = []
    outcome = SimpleNamespace(
        findings=(replace(finding("stream.empty", "GET /a"), severity=severity),),
        verdict="violations",
        in_words=lambda findings: f"{len(findings)} found",
    )
    run = SimpleNamespace(
        outcome=lambda selected: outcome,
        place_of=lambda one: ("GET /a", "streams"),
        settings=SimpleNamespace(strict=strict),
    )
    monkeypatch.setattr(session_run, "of", lambda config: run)
    item: Any = SimpleNamespace(
        config=None,
        operation="GET /a",
        check="streams",
        _selected=list,
        add_report_section=lambda *section: sections.append(section),
    )
    if fails:
        with pytest.raises(items.Departs, match="1 found"):
            items.Check.runtest(item)
    else:
        items.Check.runtest(item)
    assert sections == ([] if fails else [("call", "warnings", "1 found")])


def test_what_is_not_understood_of_the_document_is_told_once_in_the_header(
    run: Pytest, project: Path
) -> None:
    (project / "api.yaml").write_text(
        "openapi: 3.1.0\n"
        "info: {title: T, version: '1'}\n"
        "paths:\n"
        "  /a: {get: {parameters: , responses: {'200': {description: ok}}}}\n"
    )
    document = ("--troth-document", "api.yaml", "--troth-url", "http://127.0.0.1:9")
    code, out = run("--collect-only", *document)
    assert code == 0, out
    (line,) = [line for line in out.splitlines() if "warning" in line]
    assert line.startswith("troth: warning: api.yaml:4:14: expected an array, found null")


def test_an_application_is_tested_in_process_by_its_name_and_by_the_fixture(
    run: Pytest, project: Path
) -> None:
    (project / "theirs.py").write_text(
        f"import sys; sys.path.append({str(Path(__file__).parents[1])!r})\n"
        "from test_testing import application, good, lying\n"
        "app = application(lying)\n"
    )
    (project / "test_own.py").write_text(
        "from theirs import app, application, good\n"
        "def test_conforms(conformance):\n"
        "    few = {'phase': ('examples',), 'max_requests': 20}\n"
        "    conformance(application(good), **few).assert_conforms()\n"
        "    assert not conformance(app, **few).conforms\n"
    )
    code, out = run("-q", "--troth-app", "theirs:app", "--troth-phase", "examples")

    assert code == 1, out
    assert "response-body.type" in out
    assert "GET /double::bodies" in out
    assert "test_own.py" not in out.partition("short test summary")[2]
