"""`troth.testing`: an application is held to its document from a test, without a socket."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import troth
from troth import testing
from troth.cli.main import main

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/double": {
            "get": {
                "parameters": [
                    {"name": "n", "in": "query", "required": True, "schema": {"type": "integer"}}
                ],
                "responses": {
                    "200": {
                        "description": "twice",
                        "content": {"application/json": {"schema": {"type": "integer"}}},
                    },
                    "400": {"description": "no"},
                },
            }
        }
    },
}
FEW: dict[str, Any] = {"phase": ("examples", "random"), "max_requests": 30}


def application(double: Callable[[int], Any], **more: Any) -> Any:
    """A WSGI application that answers with what *double* makes of a number."""

    def call(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        fields = [("Content-Type", "application/json")]
        if environ["PATH_INFO"] == "/openapi.json":
            start_response("200 OK", fields)
            return [json.dumps(DOCUMENT).encode()]
        is_path = environ["PATH_INFO"] == "/double"
        name, _, text = environ["QUERY_STRING"].partition("=")
        if not is_path or environ["REQUEST_METHOD"] != "GET" or name != "n":
            start_response("400 Bad Request" if is_path else "404 Not Found", [])
            return [b""]
        try:
            number = int(text)
        except ValueError:
            start_response("400 Bad Request", [])
            return [b""]
        body = json.dumps(double(number)).encode()
        start_response("200 OK", fields)
        return [body]

    return call


def good(number: int) -> int:
    return 2 * number


def breaking(number: int) -> int:
    return good(number) if number < 7 else good({}[number])


def lying(number: int) -> str:
    return str(good(number))


def codes(outcome: testing.Outcome) -> set[str]:
    return {finding.code for finding in outcome.findings if finding.severity == "error"}


def test_these_names_are_public() -> None:
    assert testing.__all__ == ["NotConforming", "Outcome", "run"]
    assert all(getattr(testing, name).__doc__ for name in testing.__all__)


def test_a_good_application_conforms_to_the_document_that_it_publishes() -> None:
    outcome = testing.run(application(good), **FEW)

    outcome.assert_conforms()
    assert outcome.conforms
    assert outcome.finished is not None
    assert outcome.finished.requests > 10


def test_one_that_departs_fails_with_the_report_as_its_text() -> None:
    outcome = testing.run(application(lying), **FEW)

    with pytest.raises(testing.NotConforming, match=r"response-body\.type"):
        outcome.assert_conforms()
    assert codes(outcome) == {"response-body.type"}


def test_an_exception_is_a_finding_with_its_place_and_its_traceback() -> None:
    outcome = testing.run(application(breaking), **FEW)

    assert codes(outcome) == {"transport.exception"}
    (finding,) = [one for one in outcome.findings if one.code == "transport.exception"]
    assert "KeyError" in finding.violation.message
    assert finding.violation.message.endswith(", in breaking)")
    assert "return good(number) if number < 7 else good({}[number])" in str(outcome)


def test_a_document_or_a_contract_is_taken_where_one_is_given(tmp_path: Path) -> None:
    other = json.loads(json.dumps(DOCUMENT))
    content = other["paths"]["/double"]["get"]["responses"]["200"]["content"]
    content["application/json"]["schema"] = {"type": "string"}
    file = tmp_path / "api.json"
    file.write_text(json.dumps(other))

    by_file = testing.run(application(lying), document=file, **FEW)
    by_contract = testing.run(application(lying), contract=troth.load(file), **FEW)

    assert (codes(by_file), codes(by_contract)) == (set(), set())


@pytest.mark.parametrize("base", ["/api", ""])
def test_an_application_is_asked_under_the_base_path_at_which_it_answers(
    base: str, tmp_path: Path
) -> None:
    inner = application(good)

    def outer(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        is_below = path.startswith(f"{base}/")
        within = path.removeprefix(base) if is_below else "/nothing"
        return inner(environ | {"PATH_INFO": within}, start_response)

    file = tmp_path / "api.json"
    file.write_text(json.dumps(DOCUMENT | {"servers": [{"url": "https://api.example/api"}]}))
    outcome = testing.run(outer, document=file, **FEW)

    assert outcome.verdict == "conforms"
    assert outcome.account.started is not None
    assert outcome.account.started.target == f"http://localhost{base}"
    given = testing.run(outer, document=file, url="http://localhost/elsewhere", **FEW)
    assert given.verdict == "inconclusive"
    assert given.finished is not None
    assert "by the document's servers it is /api" in given.finished.reason


def test_all_options_of_a_run_are_arguments() -> None:
    outcome = testing.run(application(good), header={"X-A": "b"}, seed=7, **FEW)

    assert outcome.account.started is not None
    assert outcome.account.started.seed == 7
    with pytest.raises(TypeError, match="no argument 'phases'; it has "):
        testing.run(application(good), phases=())


def test_the_token_url_of_an_application_is_seen_from_where_it_seems_to_be() -> None:
    words = {"oauth_client_id": "me", "oauth_client_secret": "s3cret", "oauth_token_url": "token"}
    with pytest.raises(troth.TrothError, match="http://localhost/token gives no token"):
        testing.run(application(good), **words, **FEW)


def test_a_url_is_what_is_tested_whatever_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TROTH_TEST_APP", "no_such_module:app")
    file = tmp_path / "api.json"
    file.write_text(json.dumps(DOCUMENT))
    assert testing.run("http://127.0.0.1:9", document=file, **FEW).verdict == "unreachable"


def test_a_run_in_process_is_repeated_on_no_server_that_nobody_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], module: str
) -> None:
    journal = str(tmp_path / "run.ndjson")
    few = ("--phase", "examples", "--max-requests", "20", "--journal", journal)
    for words in (["test", "--app", f"{module}:make()", *few], ["replay", journal]):
        with pytest.raises(SystemExit) as exited:
            main(words)
    assert exited.value.code == 2
    assert "the run asked an application in process: give" in capsys.readouterr().err


def test_what_is_no_application_is_told() -> None:
    with pytest.raises(troth.TrothError, match="publishes no document"):
        testing.run(lambda environ, start_response: start_response("404 Not Found", []) or [])


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"theirs_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(
        "from test_testing import application, good, lying\n"
        "app = application(good)\n"
        "def make():\n"
        "    return application(lying)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setattr(sys, "path", [*sys.path])
    return name


@pytest.mark.parametrize(("name", "code"), [("app", 0), ("make()", 1)])
def test_the_command_line_takes_the_name_of_an_application(
    name: str, code: int, module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["test", "--app", f"{module}:{name}", "--phase", "examples", "--max-requests", "20"]

    with pytest.raises(SystemExit) as exited:
        main(words)

    assert exited.value.code == code
    assert f"testing {module}:{name} against openapi.json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("main", "'main' is not MODULE:NAME; such as `main:app`"),
        ("no_such_module:app", "no_such_module:app cannot be had: No module named"),
        ("json:app", "json:app cannot be had: module 'json' has no attribute 'app'"),
    ],
)
def test_what_cannot_be_imported_is_told(
    text: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["test", "--app", text])

    assert exited.value.code == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("app = (", "cannot be had: '(' was never closed (broken.py, line 1)"),
        ("import os\nos.environ['NO_SUCH']", "KeyError: 'NO_SUCH' (broken.py:2, in <module>)"),
    ],
)
def test_a_module_that_goes_wrong_is_no_fault_of_troth(
    text: str,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "broken.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    with pytest.raises(SystemExit) as exited:
        main(["test", "--app", "broken:app"])

    assert exited.value.code == 2
    assert "--app: broken:app cannot be had: " in (said := capsys.readouterr().err)
    assert why in said


def test_a_framework_of_asgi_and_one_of_wsgi() -> None:
    why = "not installed, and not among what the tests need: pip install fastapi flask"
    fastapi = pytest.importorskip("fastapi", reason=why)
    flask = pytest.importorskip("flask", reason=why)
    asgi = fastapi.FastAPI()
    asgi.get("/double")(lambda n: 2 * int(n))
    wsgi = flask.Flask("it")
    wsgi.get("/openapi.json")(lambda: DOCUMENT)
    wsgi.get("/double", endpoint="double")(lambda: str(2 * int(flask.request.args["n"])))

    found = [testing.run(each, **FEW) for each in (asgi, wsgi)]

    assert ["transport.exception" in codes(each) for each in found] == [True, True]
