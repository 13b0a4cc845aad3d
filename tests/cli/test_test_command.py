"""`troth test`: what is asked, what is refused before anything is sent, and what is told."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import troth
from bundled import CONTRACT
from servers.chat import TOKEN, Chat
from servers.faults import FAULTS
from servers.wire import Answer, Asked, Server
from troth.cli import main, test_command
from troth.conformance import baseline
from troth.conformance.settings import BadTarget, base_url, is_local

ROOT: Any = CONTRACT.document.root
#: Enough to meet the first cases, and little enough to be quick.
QUICK = ("--phase", "examples", "--max-requests", "40")
OAUTH = ("--oauth-client-id", "a", "--oauth-client-secret", "b", "--oauth-token-url")

SMALL = """
openapi: 3.1.0
info: {title: Small, version: '1'}
paths:
  /ready:
    get:
      operationId: ready
      responses:
        '200':
          description: It is ready.
          content:
            application/json: {schema: {type: object, required: [ready]}}
        '404': {description: No such path.}
        '405': {description: Not that method.}
"""


def _ready(asked: Asked) -> Answer:
    if asked.target.partition("?")[0] != "/ready":
        return Answer(404, {}, [], length=0)
    if asked.method not in ("GET", "HEAD"):
        return Answer(405, {"Allow": "GET"}, [], length=0)
    body = b'{"ready": true}'
    return Answer(200, {"Content-Type": "application/json"}, [body], length=len(body))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server(Chat(ROOT)) as serving:
        yield serving.url


@pytest.fixture(scope="module")
def faulty() -> Iterator[str]:
    with Server(FAULTS["UsageWithoutTotal"].server(ROOT)) as serving:
        yield serving.url


@pytest.fixture
def nobody() -> str:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()  # no configuration but the test's own
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TROTH")]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def command(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main.main(["test", *args])
        out, err = capfd.readouterr()
        code = caught.value.code
        assert isinstance(code, int)
        return code, out, err

    return command


Run = Callable[..., tuple[int, str, str]]

# -- the URL ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        (" HTTPS://Example.com/api/ ", "https://example.com/api"),
        ("http://[::1]:8080/a//", "http://[::1]:8080/a"),
        (
            "http://bücher.example/ü x/%C3%BC".replace(" x", ""),
            "http://xn--bcher-kva.example/%C3%BC/%C3%BC",
        ),
    ],
)
def test_a_url_is_joined_with_whatever_path_it_has(given: str, base: str) -> None:
    assert base_url(given) == base


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "'': a URL begins with http:// or https://"),
        (
            "localhost:8000",
            "localhost:8000: a URL begins with http:// or https://\nDid you mean http://localhost:8000?",
        ),
        (
            "[::1]:80",
            "[::1]:80: a URL begins with http:// or https://\nDid you mean http://[::1]:80?",
        ),
        ("ftp://a", "ftp://a: 'ftp' is no scheme that can be tested: http or https"),
        (
            "unix:///run/a.sock",
            "unix:///run/a.sock: Unix sockets are not supported\n"
            "Let the server listen on 127.0.0.1, and give that URL.",
        ),
        (
            "http+unix://%2Frun",
            "http+unix://%2Frun: Unix sockets are not supported\n"
            "Let the server listen on 127.0.0.1, and give that URL.",
        ),
        (
            "http://a/?key=s3cret",
            "http://a/: paths are appended to this URL, so it cannot have a query\n"
            "Give what every request needs with --header, or leave it out.",
        ),
        (
            "http://a/#top",
            "http://a/: paths are appended to this URL, so it cannot have a fragment\n"
            "Give what every request needs with --header, or leave it out.",
        ),
        (
            "http://me:s3cret@a/",
            "http://…@a/: a URL with credentials in it ends up in logs\n"
            "Give them with --token, TROTH_TOKEN or --header.",
        ),
        ("http://a:99999", "http://a:99999: not a URL: Port out of range 0-65535"),
        ("http://a:0", "http://a:0: 0 is no port"),
        ("http://", "'http://': not a URL: there is no host in it, or there are blanks"),
        ("http://a b", "'http://a b': not a URL: there is no host in it, or there are blanks"),
        ("http://[::1", "http://[::1: not a URL: Invalid IPv6 URL"),
    ],
)
def test_what_is_no_url_is_refused_with_what_would_do(given: str, said: str) -> None:
    with pytest.raises(BadTarget) as caught:
        base_url(given)
    assert str(caught.value) == said
    assert caught.value.exit_code == 2


def test_this_machine_is_known() -> None:
    urls = ("http://127.0.0.1:1", "http://localhost", "http://[::1]:2", "http://a.localhost")
    assert all(map(is_local, urls))
    assert not is_local("http://example.com")


# -- before anything is sent ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["--only", "streem"],
            "--only: 'streem' is no operation, tag, path, method or code; did you mean 'stream'?",
        ),
        (["--without", "tols"], "--without: there is no capability 'tols'; did you mean 'tools'?"),
        (["--header", "s3cret"], "--header: a field is written 'Name: value'"),
        (["--header", "A: s3\ncret"], "--header: the value of A has a control character in it"),
        (
            ["--token", "s3cret\n"],
            "--token: it has a control character in it (a line feed at its end?)",
        ),
        (["--token", "s3\udcffcret"], "--token: it is not UTF-8"),
        (["--header", "a: s3\udcffcret"], "--header: it is not UTF-8"),
        (["--set", "stop"], "--set: 'stop' is not NAME=VALUE"),
        (["--safe"], "--safe: it leaves no operation to be tested"),
        (["--exclude", "/v1/*"], "--exclude: it leaves no operation to be tested"),
        (
            ["--token", "a", "--auth-command", "b"],
            "--token: a credential comes from one place, and --auth-command gives one too; "
            "leave one out, in the environment and the file too",
        ),
        (
            ["--oauth-client-id", "a"],
            "--oauth-client-id: it needs --oauth-client-secret; set TROTH_TEST_OAUTH_CLIENT_SECRET",
        ),
        (
            ["--oauth-client-id", "a", "--oauth-client-secret", "b"],
            "--oauth-client-id: no security scheme of the document has the flow "
            "clientCredentials; say where to ask: --oauth-token-url URL",
        ),
        (["--oauth-scope", "a"], "--oauth-scope: it needs --oauth-client-id"),
        (
            [*OAUTH, "http://me:it@127.0.0.1/token"],
            "--oauth-token-url: a URL with credentials in it ends up in logs; leave them out",
        ),
        ([*OAUTH, "http://[::1/token"], "--oauth-token-url: not a URL: Invalid IPv6 URL"),
        ([*OAUTH, "mailto:me"], "--oauth-token-url: 'mailto:me' is not the URL of a server"),
        (["--update-baseline"], "--update-baseline: it needs --baseline FILE"),
        (
            ["--baseline", "none.json"],
            "none.json: there is no such file; --update-baseline makes one",
        ),
        (["--report", "json=.git"], ".git cannot be written: it is a directory"),
        (["--report", "json=a", "--journal", "a"], "--report: two of the outputs go to a"),
        (["--json", "--report", "har=-"], "--report: two of the outputs go to standard output"),
        (["--document", "none.yaml"], "cannot read none.yaml: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_sent(
    run: Run, nobody: str, args: list[str], said: str
) -> None:
    assert run(nobody, *args) == (2, "", f"troth: {said}\n")


def test_what_the_environment_alone_has_is_told_to_be_from_there(
    run: Run, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROTH_TEST_OAUTH_CLIENT_SECRET", "s3cret")
    said = (
        "--oauth-client-secret: it needs --oauth-client-id "
        "(it is set by TROTH_TEST_OAUTH_CLIENT_SECRET)"
    )
    assert run(nobody) == (2, "", f"troth: {said}\n")


def test_the_kind_of_an_option_is_checked(run: Run, nobody: str) -> None:
    for args in (["--seed", "x"], ["--rate", "inf"], ["--workers", "0"], ["--phase", "dock"]):
        code, out, err = run(nobody, *args)
        assert (code, out) == (2, "")
        assert args[0] in err


def test_without_a_url_nothing_is_taken_from_the_document(run: Run) -> None:
    code, _, err = run()
    assert code == 2
    assert "give the URL of the server under test" in err


def test_a_dry_run_prints_every_request_and_opens_no_socket(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    secret = "a-very-secret-token"
    args = ["--dry-run", "--phase", "examples", "--phase", "protocol", "--token", secret]
    code, out, err = run("http://127.0.0.1:9", *args)
    assert (code, err) == (0, "")
    assert secret not in out
    last = out.splitlines()[-1]
    found = re.fullmatch(
        r"(\d+) requests planned for http://127\.0\.0\.1:9 \(examples (\d+), protocol (\d+)\), "
        r"at most 1000 requests, 300 s; nothing was sent now",
        last,
    )
    assert found is not None
    total, examples, protocol = map(int, found.groups())
    assert (
        total
        == examples + protocol
        == len(re.findall(r"^(?:examples|protocol)/\S+  \w", out, re.M))
    )
    assert run("http://127.0.0.1:9", *args) == (code, out, err)


# -- the run ----------------------------------------------------------------------------------


def test_a_server_that_conforms_is_told_so(run: Run, server: str) -> None:
    code, out, err = run(server, "--token", TOKEN, *QUICK)
    assert code == 0
    assert out.startswith(f"testing {server} against spec/atoma.yaml: at most 40 requests\n")
    assert f"{server} conforms\n0 errors, 0 warnings" in out
    # how many there are is told where that is known at once, which a busy machine is too slow for
    assert err.startswith("examples")


def test_a_finding_is_told_and_how_to_go_on(run: Run, faulty: str, tmp_path: Path) -> None:
    args = ["--token", TOKEN, *QUICK, "--journal", "out/run.ndjson", "--report", "json=out/r.json"]
    code, out, err = run(faulty, *args)
    assert code == 1
    assert "response-body.required" in out
    assert "'total_tokens' is missing" in out
    on = r"go on with: troth explain (response-body\.required|law\.\S+), "
    assert re.search(on + r"troth report out/run\.ndjson\n$", out)
    assert "response-body.required" not in err  # it is told once
    assert TOKEN not in out + err + (tmp_path / "out/run.ndjson").read_text()
    assert json.loads((tmp_path / "out/r.json").read_text())["verdict"] == "violations"


def test_json_on_standard_output_is_nothing_but_json(run: Run, faulty: str) -> None:
    code, out, err = run(faulty, "--token", TOKEN, *QUICK, "--json")
    assert code == 1
    assert json.loads(out)["counts"]["errors"] >= 1
    assert "does not conform" in err


def test_quiet_is_one_line(run: Run, server: str) -> None:
    code, out, err = run(server, "--token", TOKEN, *QUICK, "--quiet")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"conforms, 0 errors, 0 warnings, \d+ requests, \d+\.\d s\n", out)


def test_nobody_there_is_one_line_and_exit_3(run: Run, nobody: str) -> None:
    code, out, _ = run(nobody)
    assert code == 3
    assert re.search(
        rf"\nunreachable \({nobody}: connection refused\), 0 errors, .* 1 request, \d\.\d s\n$", out
    )


def test_a_wrong_token_is_the_reason_and_not_a_wall_of_findings(run: Run, server: str) -> None:
    code, out, _ = run(server, "--token", "another-token", "--quiet")
    assert code == 3
    assert out.startswith("inconclusive (authentication failed: give a token that the server takes")


def test_a_server_that_always_fails_is_no_pass(run: Run) -> None:
    for status in (500, 503, 429, 400, 200):

        def answer(asked: Asked, status: int = status) -> Answer:
            fields = {"Content-Type": "application/json"}
            return Answer(status, fields | {"Retry-After": "1000000000"}, [b"{}"], length=2)

        with Server(answer) as serving:
            code, _, _ = run(serving.url, *QUICK, "--quiet")
        assert code in (1, 3), status


def test_the_token_comes_from_the_environment_and_the_command_line_wins(
    run: Run, server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "troth.toml").write_text(
        f'[test]\nurl = "{server}"\ntoken = "file"\n'
        'phase = ["examples"]\nmax-requests = 40\nquiet = true\n'
    )
    assert run()[0] == 3
    monkeypatch.setenv("TROTH_TOKEN", TOKEN)
    assert run()[0] == 0
    monkeypatch.setenv("TROTH_TEST_MAX_REQUESTS", "20")
    code, out, _ = run()
    assert (code, "20 requests" in out) == (0, True)
    code, out, _ = run("--max-requests", "14")
    assert (code, "14 requests" in out) == (0, True)
    assert run("--token", "other")[0] == 3


def test_several_values_are_lines_of_a_variable(
    run: Run, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROTH_TEST_HEADER", "X-One: a b\nX-Two c")
    assert run(nobody) == (2, "", "troth: --header: a field is written 'Name: value'\n")


def test_a_mistake_in_the_file_stops_everything(run: Run, nobody: str, tmp_path: Path) -> None:
    (tmp_path / "troth.toml").write_text("[test]\nseeds = 1\n")
    code, out, err = run(nobody)
    assert (code, out) == (2, "")
    assert err.endswith("troth.toml: test.seeds: there is no such key; did you mean 'seed'?\n")


def test_a_model_is_asked_for_by_name(run: Run) -> None:
    asked: list[Any] = []
    chat = Chat(ROOT)

    def answer(request: Asked) -> Answer:
        asked.append(json.loads(request.body).get("model"))
        return chat(request)

    with Server(answer) as serving:
        args = [
            serving.url,
            "--token",
            TOKEN,
            "--phase",
            "examples",
            "--max-requests",
            "12",
            "--quiet",
        ]
        run(*args, "--model", "llama-8b")
        run(*args, "--set", "model=llama-8b")
        run(*args, "--set", '/model="llama-8b"')
    assert set(asked) == {"llama-8b"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("modle=x", "--set modle: 'modle' is not declared; did you mean 'model'?"),
        (
            "stream_options.include_usag=true",
            "--set stream_options.include_usag: 'include_usag' is not declared; "
            "did you mean 'include_usage'?",
        ),
        (
            "path.model=x",
            "--set path.model: no operation has a path parameter 'model'; there is none",
        ),
    ],
)
def test_what_no_request_has_a_place_for_is_refused(
    run: Run, nobody: str, given: str, said: str
) -> None:
    code, out, err = run(nobody, "--set", "/stop=[]", "--set", given)
    assert (code, out, err.strip()) == (2, "", f"troth: {said}")


# -- the baseline -----------------------------------------------------------------------------


def test_what_is_accepted_does_not_fail_and_what_is_new_does(
    run: Run, faulty: str, server: str, tmp_path: Path
) -> None:
    args = ["--token", TOKEN, *QUICK, "--baseline", "known.json"]
    code, out, _ = run(faulty, *args, "--update-baseline")
    assert code == 0
    assert "known.json accepts 2 findings from now on" in out
    code, out, _ = run(faulty, *args)
    assert code == 0
    assert "known, and not counted: 2\n" in out
    file = tmp_path / "known.json"
    accepted = json.loads(file.read_text())
    file.write_text(json.dumps({**accepted, "findings": accepted["findings"][:1]}))
    assert run(faulty, *args)[0] == 1


def test_entries_that_did_not_come_again_are_told_after_a_whole_run_only(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    gone = baseline.Baseline({"0": baseline.Accepted("0", "stream.empty")})
    baseline.write(tmp_path / "known.json", gone)
    with Server(_ready) as serving:
        args = [serving.url, "--document", "small.yaml", "--baseline", "known.json"]
        assert "did not come again" not in run(*args, "--phase", "examples")[1]
        code, out, _ = run(*args)
        assert "1 of known.json did not come again (stream.empty)" in out
        assert code == 0
        assert baseline.read(tmp_path / "known.json") == gone
        run(*args, "--update-baseline")
    assert baseline.read(tmp_path / "known.json").accepted == {}


def test_a_run_that_says_nothing_writes_no_baseline(run: Run, nobody: str, tmp_path: Path) -> None:
    code, out, _ = run(nobody, "--baseline", "known.json", "--update-baseline")
    assert code == 3
    assert "known.json is not written" in out
    assert not (tmp_path / "known.json").exists()


# -- as a process -----------------------------------------------------------------------------


def _process(args: Sequence[str], **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "troth", "test", *args]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )


def test_an_interruption_gives_what_there_is_and_exit_130(faulty: str, tmp_path: Path) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        journal = tmp_path / f"{number}.ndjson"
        args = [faulty, "--token", TOKEN, "--rate", "20", "--journal", str(journal)]
        process = _process([*args, "--report", f"json={tmp_path}/r.json"])
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("examples"):
                break
        process.send_signal(number)
        if number == signal.SIGINT:
            process.send_signal(number)  # twice, quickly
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, err
        assert "interrupted" in out
        assert "Traceback" not in err
        assert "Warning" not in err
        assert '"interrupted"' in journal.read_text().splitlines()[-1]
        assert json.loads((tmp_path / "r.json").read_text())["verdict"] == "interrupted"


def test_an_interruption_before_the_first_request_gives_the_reports_too(
    server: str,
    tmp_path: Path,
    run: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(contract: troth.Contract) -> tuple[str, ...]:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return ()

    monkeypatch.setattr(test_command, "_document_faults", interrupted)
    code, out, err = run(server, "--token", TOKEN, "--report", f"json={tmp_path}/r.json")
    assert code == 130
    assert "Traceback" not in err
    assert f"{server} was not tested to the end (interrupted)\n0 errors, 0 warnings, " in out
    told = json.loads((tmp_path / "r.json").read_text())
    assert (told["verdict"], told["exit_code"], told["findings"]) == ("interrupted", 130, [])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_journal_that_the_disk_cannot_take_costs_the_journal_alone(
    server: str, tmp_path: Path
) -> None:
    import resource

    args = [server, "--token", TOKEN, *QUICK, "--journal", "run.ndjson"]
    process = _process(
        [*args, "--report", "github=out.txt"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, err
    assert " conforms\n" in out
    assert err.endswith("troth: run.ndjson cannot be written: File too large\n")
    assert "Warning" not in err
    assert (tmp_path / "out.txt").exists()
    assert (tmp_path / "run.ndjson").stat().st_size <= 40_000


def test_a_reader_that_leaves_is_no_fault(server: str) -> None:
    process = _process([server, "--token", TOKEN, "--phase", "examples", "--max-requests", "12"])
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(20) == 0
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


def test_what_lint_lets_pass_is_no_fault_of_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = SMALL.replace("required: [ready]", "required: [ready], default: 7")
    (tmp_path / "small.yaml").write_text(wrong, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with Server(_ready) as serving:
        for settings, told in (("", True), ("[lint.severity]\ndefault-invalid = 'warning'", False)):
            (tmp_path / "troth.toml").write_text(settings, encoding="utf-8")
            with pytest.raises(SystemExit):
                main.main(["test", serving.url, "--document", "small.yaml", *QUICK])
            assert ("default-invalid" in capsys.readouterr().out) is told


def test_a_document_without_operations_is_no_pass(run: Run, tmp_path: Path) -> None:
    document = tmp_path / "api.json"
    document.write_text(
        json.dumps({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}})
    )
    code, _, err = run("http://127.0.0.1:9", "--document", str(document))
    assert (code, "there is no operation to test" in err) == (2, True)
