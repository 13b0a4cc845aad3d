"""`troth report` and `troth replay`: what can be had of a journal after the run."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import troth
from listening import Listener
from run_summaries import events, finding
from servers import shelves
from servers.chat import TOKEN, Chat
from servers.faults import FAULTS
from servers.wire import Server
from troth.cli.main import main
from troth.cli.main import troth as command_line
from troth.conformance import replay, reports
from troth.conformance.cases.case import addressed
from troth.conformance.events import Cut, Event
from troth.conformance.journal import Journal, encode, read, to_json
from troth.conformance.redaction import Redactor
from troth.conformance.reports import console
from troth.conformance.run_summary import RunSummary, summarize
from troth.conformance.runner import Run
from troth.conformance.session import Session
from troth.conformance.settings import Settings
from troth.conformance.transport import Transport
from troth.generation.request_writer import BASIC_CREDENTIAL
from troth.http.exchange import Exchange, Request, Response


def run(contract: troth.Contract, url: str, path: Path) -> RunSummary:
    """A short run against *url*, written down in *path*."""
    told: list[Event] = []
    settings = Settings(url=url, token=TOKEN, phases=("examples",), max_requests=150)
    redactor = Redactor.of(settings)

    async def go() -> None:
        transport = Transport(url, caps=settings.caps, clock=time.monotonic)
        async with transport:
            session = Session(
                contract,
                transport,
                settings,
                emit=lambda event: told.append(redactor.event(event)),
                clock=time.monotonic,
            )
            await Run(session).go(at="2026-01-01T00:00:00Z")

    asyncio.run(go())
    with Journal(path) as journal:
        for event in told:
            journal.write(event)
    return summarize(told)


@pytest.fixture(scope="module")
def contract() -> troth.Contract:
    return troth.load()


@pytest.fixture(scope="module")
def faulty(
    contract: troth.Contract, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, RunSummary]]:
    """A server with one fault, still running, and the journal of a run against it."""
    path = tmp_path_factory.mktemp("run") / "run.ndjson"
    with Server(FAULTS["LogprobAsText"].server(contract.document.root)) as server:
        yield server.url, path, run(contract, server.url, path)


def invoke(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(command_line, arguments, standalone_mode=False)
    if done.exception is not None:
        return 2, done.stdout, str(done.exception)
    return int(done.return_value or 0), done.stdout, done.stderr


def test_a_finding_that_still_shows_is_told_with_exit_1(
    faulty: tuple[str, Path, RunSummary],
) -> None:
    _, path, account = faulty
    found = account.findings[0]
    code, out, _ = invoke("replay", str(path), found.id[:4], "--token", TOKEN)
    assert code == 1, out
    assert "200 OK" in out
    assert out.rstrip().endswith("it still shows")
    assert TOKEN not in out
    assert TOKEN not in path.read_text()


def test_a_finding_that_shows_no_more_is_told_with_exit_0(
    contract: troth.Contract, faulty: tuple[str, Path, RunSummary]
) -> None:
    _, path, account = faulty
    with Server(Chat(contract.document.root)) as server:
        code, out, _ = invoke(
            "replay", str(path), account.findings[0].code, "--token", TOKEN, "--url", server.url
        )
    assert (code, out.rstrip().split("\n")[-1]) == (0, "it does not show any more")


def test_a_server_that_has_gone_is_told_with_exit_3(
    faulty: tuple[str, Path, RunSummary],
) -> None:
    _, path, account = faulty
    code, out, _ = invoke(
        "replay", account.findings[0].id, "--journal", str(path), "--token", TOKEN,
        "--url", "http://127.0.0.1:9",
    )  # fmt: skip
    assert code == 3
    assert "nobody answered" in out


def test_another_document_is_told(faulty: tuple[str, Path, RunSummary], tmp_path: Path) -> None:
    _, path, account = faulty
    lines = path.read_text().split("\n")
    started = json.loads(lines[1])
    lines[1] = json.dumps({**started, "digest": "00"})
    changed = tmp_path / "changed.ndjson"
    changed.write_text("\n".join(lines))
    code, out, _ = invoke("replay", str(changed), account.findings[0].id, "--token", TOKEN)
    assert code == 1
    assert "note: the document has changed since: spec/atoma.yaml" in out


def test_the_request_is_sent_from_its_raw_bytes(tmp_path: Path) -> None:
    body = b"\xff\x00[Filtered]\r\n not JSON"
    fields = (
        ("content-TYPE", "x/y; a=B"),
        ("Authorization", "Basic [Filtered]"),
        ("X-Org", "[Filtered]"),
        ("X-Both", "<[Filtered]>"),
    )
    example = Exchange(Request("POST", "/x//y?k=[Filtered]&b=%2f", fields, body), Response(200))
    path = tmp_path / "run.ndjson"
    with Journal(path) as journal:
        for event in events(finding(example=example)):
            journal.write(event)
    with Listener() as listener:
        code, out, _ = invoke(
            "replay", str(path), "--url", listener.url + "/base", "--token", "u:p/w",
            "--header", "x-org: seven",
        )  # fmt: skip
        first, head, sent = listener.last()
    assert first == "POST /base/x//y?k=u%3Ap%2Fw&b=%2f HTTP/1.1"
    assert sent == body.replace(b"[Filtered]", b"u:p/w")
    assert {
        b"content-TYPE: x/y; a=B",
        b"Authorization: Basic dTpwL3c=",
        b"X-Org: seven",
        b"X-Both: <u:p/w>",
    } <= set(head.split(b"\r\n"))
    assert code == 0
    # spec/tunes.yaml is no file any more
    assert "it cannot be judged, the document is gone" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the request had a credential: give it with --token or TROTH_TOKEN"),
        (["ffff"], "no finding 'ffff' in this journal; it has"),
        (["--token", "x", "--header", "nonsense"], "write NAME: VALUE"),
    ],
)
def test_what_is_missing_is_told(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TROTH_TOKEN", raising=False)
    path = tmp_path / "run.ndjson"
    with Journal(path) as journal:
        for event in events(finding()):
            journal.write(event)
    code, _, told = invoke("replay", str(path), *arguments)
    assert code == 2
    assert sentence in told


def test_a_secret_field_must_be_given_again() -> None:
    example = Exchange(Request("GET", "/", (("X-Org", "[Filtered]"),)))
    with pytest.raises(replay.CannotReplay, match="a secret field X-Org: give it again"):
        replay.restored(finding(example=example), token="t", fields=(), own_fields=["x-org"])


@pytest.mark.parametrize("token", ["sk-Live-12", "user:sk-Live-12"])
def test_basic_credentials_are_sent_as_the_run_sent_them(token: str) -> None:
    settings = Settings(url="http://127.0.0.1:9", token=token)
    sent = addressed(
        Request("GET", "/", (("Authorization", f"Basic {BASIC_CREDENTIAL}"),)), settings
    )
    example = Redactor.of(settings).exchange(Exchange(sent))
    assert token not in repr(example)
    assert replay.restored(finding(example=example), token=token, fields=(), own_fields=[]) == sent


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ("Bearer [Filtered]", "Bearer sk-Live-12"),
        ("Bearer [Filtered without its end]", "Bearer sk-Live-1"),
        ("Bearer [Filtered in another case]", "Bearer SK-lIVE-12"),
    ],
)
def test_a_wrong_token_is_sent_wrong_again(told: str, sent: str) -> None:
    example = Exchange(Request("GET", "/", (("Authorization", told),)))
    request = replay.restored(
        finding(example=example), token="sk-Live-12", fields=(), own_fields=["x-org"]
    )
    assert request.fields == (("Authorization", sent),)


@pytest.mark.parametrize(("status", "shows"), [(200, True), (401, False)])
def test_a_wrong_token_still_shows_while_it_opens_the_door(
    contract: troth.Contract, status: int, shows: bool
) -> None:
    operation = contract.operations[0].name
    one = finding(code="security.wrong-token-accepted", operation=operation)
    told = one.violation
    answer = Exchange(one.example.request, Response(status))
    found = replay.judged(contract, None, summarize(events(one)), one, answer)
    assert found == replay.Judgement(shows, (told,) if shows else ())


def test_one_answer_cannot_tell_whether_answers_repeat(contract: troth.Contract) -> None:
    operation = contract.operations[0]
    law = next(law for law in operation.laws if law.repeats)
    one = finding(code=f"law.{law.id}", operation=operation.name, law=law.id)
    answer = Exchange(one.example.request, Response(200))
    found = replay.judged(contract, None, summarize(events(one)), one, answer)
    assert found == replay.Judgement(None, ())


def test_a_request_that_was_cut_cannot_be_replayed() -> None:
    with pytest.raises(replay.CannotReplay, match="has only its beginning"):
        replay.restored(
            finding(cuts={"request": Cut(9, "00")}), token="t", fields=(), own_fields=[]
        )


def test_reports_are_made_of_a_journal(
    faulty: tuple[str, Path, RunSummary], tmp_path: Path
) -> None:
    _, path, account = faulty
    wanted = [f"--report={form}={tmp_path / 'out' / form}" for form in reports.FORMS]
    assert invoke("report", str(path), *wanted) == (0, "", "")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == sorted(reports.FORMS)
    assert json.loads((tmp_path / "out" / "json").read_text())["counts"]["errors"] == 1
    code, out, _ = invoke("report", str(path))
    assert code == 0
    assert out.startswith(f"error  {account.findings[0].code}")
    assert "\x1b" not in out


def test_standard_output_has_the_report_and_nothing_else(
    faulty: tuple[str, Path, RunSummary],
) -> None:
    code, out, _ = invoke("report", str(faulty[1]), "--report", "json=-")
    assert code == 0
    assert json.loads(out)["tool"]["name"] == "troth"


def test_what_cannot_be_written_is_told_before_anything_else(tmp_path: Path) -> None:
    code, out, told = invoke("report", "no-such-journal", "--report", f"json={tmp_path}")
    assert (code, out) == (2, "")
    assert told == f"{tmp_path} cannot be written: it is a directory"


@pytest.mark.parametrize("journal", ["no-such-file", __file__])
def test_what_is_no_journal_is_told_in_one_line(
    journal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        main(["report", journal])
    assert done.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("troth: ")
    assert told.count("\n") == 1


def test_no_report_tells_a_secret(tmp_path: Path) -> None:
    secret = "sk-very-secret-0123456789"
    said = f'{{"error":"{secret}"}}'.encode()
    fields = (("Authorization", f"Bearer {secret}"), ("Content-Type", "application/json"))
    example = Exchange(
        Request("POST", f"/v1/tunes?api_key={secret}", fields, secret.encode()),
        Response(500, (("X-Echo", secret), ("Set-Cookie", "sid=0123456789")), said),
    )
    redactor = Redactor([secret])
    told = [redactor.event(one) for one in events(finding(example=example, message=secret))]
    account = summarize(told)
    texts = [reports.render(form, account) for form in reports.FORMS]
    texts += [console.render(account, width=80, colour=False)]
    texts += [encode(to_json(event)).decode() for event in told]
    for text in texts:
        assert secret not in text
        assert "0123456789" not in text.replace("sha256", "")


@pytest.mark.parametrize("environment", [{"LANG": "C", "PYTHONIOENCODING": "ascii"}, {"TZ": "x"}])
def test_reports_work_in_a_poor_environment(
    environment: dict[str, str], faulty: tuple[str, Path, RunSummary]
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "troth", "report", str(faulty[1])],
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "20", **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"1 error" in done.stdout


def test_a_reader_that_goes_away_is_no_fault(faulty: tuple[str, Path, RunSummary]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "troth", "report", str(faulty[1]), "--report", "har=-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        done.stdout.read(10)
        done.stdout.close()
        assert done.stderr.read() == b""


def test_a_journal_without_an_end_is_reported(
    faulty: tuple[str, Path, RunSummary], tmp_path: Path
) -> None:
    half = tmp_path / "half.ndjson"
    whole = faulty[1].read_bytes()
    half.write_bytes(whole[: len(whole) * 2 // 3])
    account = summarize(read(half))
    assert account.verdict == "interrupted"
    assert account.requests > 10
    for form in reports.FORMS:
        assert reports.render(form, account) or form == "github"


def test_a_finding_that_took_several_requests_is_shown_on_new_items(tmp_path: Path) -> None:
    document, journal = tmp_path / "shelves.json", tmp_path / "run.ndjson"
    document.write_text(json.dumps(shelves.spec()))
    server = shelves.Shelves("update lost")
    with Server(server) as running:
        command_of_run = [running.url, "--document", str(document), "--phase", "resources"]
        code, _, _ = invoke("test", *command_of_run, "--token", "first", "--journal", str(journal))
        assert code == 1
        assert server.books == {}
        again = [str(journal), "resource.update-lost", "--token", "first"]
        code, told, _ = invoke("replay", *again)
        assert code == 1
        lines = [line.partition(" {")[0].partition(" →")[0] for line in told.splitlines()]
        number = server.number
        assert [line for line in lines if line.startswith(("POST", "GET", "PATCH"))] == [
            "POST /books",
            f"GET /books/{number}",
            f"PATCH /books/{number}",
            # and twice more: what changes by itself is no finding
            *[f"GET /books/{number}"] * 3,
        ]
        assert told.endswith("it still shows\n")
        server.fault = ""
        code, told, _ = invoke("replay", *again)
        assert (code, told.splitlines()[-1]) == (0, "it does not show any more")
        assert server.books == {}
    assert invoke("replay", *again)[0] == 3
