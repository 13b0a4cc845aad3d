"""`troth mock` as a process: what it says, what it serves, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from troth.cli.main import main
from troth_mock import wiring

COMMAND = [sys.executable, "-m", "troth", "mock"]
#: Seconds to wait on a busy machine; what is waited for takes a fraction of one.
PATIENCE = 60.0
PETS = """
openapi: 3.1.0
info: {title: pets, version: '1'}
paths:
  /pets/{name}:
    get:
      operationId: pet
      parameters:
        - {name: name, in: path, required: true, schema: {type: string, minLength: 1}}
        - {name: limit, in: query, required: true, schema: {type: integer, minimum: 1}}
      responses:
        '200':
          description: a pet
          content:
            application/json:
              schema:
                type: object
                required: [name]
                properties: {name: {type: string}}
"""


class Process:
    """A running `troth mock`, and the lines that it says."""

    def __init__(self, *options: str) -> None:
        self.running = subprocess.Popen(
            [*COMMAND, "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    @property
    def out(self) -> IO[str]:
        assert self.running.stdout is not None
        return self.running.stdout

    def said(self) -> dict[str, Any]:
        """The one line of --json."""
        line = self.out.readline()
        assert line, self.running.communicate()[1]
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and what went to standard error."""
        self.running.send_signal(number)
        _, complaints = self.running.communicate(timeout=PATIENCE)
        return self.running.returncode, complaints


@pytest.fixture
def mock() -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(*options: str) -> Process:
        started.append(Process(*options))
        return started[-1]

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.running.kill()
        process.running.communicate()


def test_the_json_line_says_where_and_what(mock: Callable[..., Process]) -> None:
    process = mock("--json")
    said = process.said()
    assert said["pid"] == process.running.pid
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", said["url"])
    assert said["base_url"] == said["url"] + "/v1"
    assert said["operations"] == ["POST /v1/chat/completions"]
    with urllib.request.urlopen(said["url"] + "/readyz") as answer:
        assert json.load(answer) == {"status": "ready"}
    assert process.end() == (0, "")


def test_the_curl_line_works_when_it_is_pasted(mock: Callable[..., Process]) -> None:
    process = mock()
    lines: list[str] = []
    while not any("OPENAI_BASE_URL" in line for line in lines):
        lines.append(process.out.readline())
        assert lines[-1], process.running.communicate()[1]
    text = "".join(lines)
    url = re.search(r"http://127\.0\.0\.1:\d+", text)
    assert url is not None
    assert "POST /v1/chat/completions" in text
    assert f"export OPENAI_BASE_URL={url[0]}/v1\n" in text
    curl = next(line.strip() for line in lines if line.strip().startswith("curl "))
    answer = json.loads(pasted(curl))
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"]
    assert process.end(signal.SIGINT) == (0, "")


def pasted(curl: str) -> bytes:
    """What *curl*, run by a shell, answers; done by hand, since curl may not be installed."""
    words = shlex.split(curl)
    request = urllib.request.Request(words[1])
    for option, text in zip(words[2::2], words[3::2], strict=True):
        if option == "-H":
            request.add_header(*text.split(": ", 1))
        elif option == "-d":
            request.data = text.encode()
        else:
            assert option == "-X"
            request.method = text
    with urllib.request.urlopen(request) as answer:
        body: bytes = answer.read()
        return body


def test_another_document_has_its_own_curl_line(
    mock: Callable[..., Process], tmp_path: Path
) -> None:
    document = tmp_path / "pets.yaml"
    document.write_text(PETS)
    said = mock(str(document), "--json").said()
    assert said["operations"] == ["GET /pets/{name}"]
    assert said["base_url"] == said["url"]
    assert isinstance(json.loads(pasted(said["curl"]))["name"], str)


def test_a_stop_ends_open_streams_and_leaves_no_noise(mock: Callable[..., Process]) -> None:
    process = mock("--json", "--ttft", "0", "--tokens-per-second", "0.1", "--grace", "0.1")
    said = process.said()
    body = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": "Hello!"}], "stream": True}
    ).encode()
    host, port = said["url"].removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(20):
            client = stack.enter_context(
                socket.create_connection((host, int(port)), timeout=PATIENCE)
            )
            client.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                b"Authorization: Bearer any\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body
            )
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
            clients.append(client)
        assert process.end() == (0, "")
        for client in clients:
            rest = b""
            while data := client.recv(65536):
                rest += data
            assert b"server_stopping" in rest
            assert b"[DONE]" not in rest


#: What `troth mock` with these options ends with: code, output, complaints.
Refused = Callable[..., tuple[int, str, str]]


@pytest.fixture
def refused(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refused:
    """`troth mock` with options that it refuses, in this process: to start one is most of it."""
    monkeypatch.setattr(wiring, "_settle", lambda: None)  # which is for a process of its own

    def late(*_: object) -> None:
        raise TimeoutError(f"it serves for {PATIENCE} s already")

    def command(*options: str) -> tuple[int, str, str]:
        before = signal.signal(signal.SIGALRM, late)
        signal.alarm(int(PATIENCE))  # one that is not refused would serve for ever
        try:
            with pytest.raises(SystemExit) as ended:
                main(["mock", *options])
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capfd.readouterr()

    return command


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=PATIENCE
        )
    assert done.returncode == 3
    assert f"port {port}" in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--ttft", "nan"),
        ("--tokens-per-second", "0"),
        ("--write-timeout", "inf"),
        ("--port", "70000"),
        ("--published", "--overlay", "x.yaml"),
        ("no-such-document.yaml",),
        ("--host", "no.such.host.invalid", "--port", "0"),
        ("--cors-origin", "app.example"),
        ("--allow-host", "http://mock.example/"),
        ("--fail", "503 on GET /no-such-path"),
        ("--record", "ftp://api.example.com"),
        ("--record", "http://localhost:8000/v1"),
        ("--record-to", "recorded"),
        ("--record", "http://127.0.0.1:1", "--record-to", "/dev/null/recorded"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(refused: Refused, options: tuple[str, ...]) -> None:
    code, out, complaints = refused(*options)
    assert code in (2, 3)
    assert complaints.strip()
    assert "Traceback" not in complaints
    assert "goes to" not in complaints  # nothing is announced that is refused
    assert out == ""


def test_a_host_that_is_not_ours_is_answered_with_advice_on_the_host(refused: Refused) -> None:
    code, _, complaints = refused("--host", "192.0.2.1", "--port", "0")
    assert code == 3
    assert complaints.splitlines()[1].startswith("Give an address of this machine with --host")


def test_a_server_that_everyone_can_reach_says_so_loudly(mock: Callable[..., Process]) -> None:
    process = mock("--host", "0.0.0.0", "--json")
    said = process.said()
    assert said["url"].startswith("http://127.0.0.1:")
    code, complaints = process.end()
    assert code == 0
    assert complaints.startswith("WARNING: listening on 0.0.0.0")


def test_a_document_that_is_edited_is_served_anew(
    mock: Callable[..., Process], tmp_path: Path
) -> None:
    document = tmp_path / "pets.yaml"
    document.write_text(PETS, encoding="utf-8")
    process = mock(str(document), "--watch", "--json")
    url = process.said()["url"]
    assert process.running.stderr is not None
    document.write_text(PETS.replace("title: pets", "title: [pets"), encoding="utf-8")
    assert process.running.stderr.readline().startswith(f"troth: {document}:3:")
    assert process.running.stderr.readline() == "The last good version is still served.\n"
    document.write_text(PETS.replace("/pets/", "/cats/"), encoding="utf-8")
    line = f"troth: read {document} anew: 1 operations\n"
    assert process.running.stderr.readline() == line
    with urllib.request.urlopen(f"{url}/cats/tom?limit=1") as answer:
        assert json.load(answer)["name"] == "tom"
    assert process.end() == (0, "")


def test_several_processes_serve_one_port_and_end_together(mock: Callable[..., Process]) -> None:
    process = mock("--workers", "2", "--stateless", "--no-inspector", "--json")
    url = process.said()["url"]
    answers = set()
    for _ in range(8):  # the kernel chooses who answers: each a connection of its own
        with urllib.request.urlopen(f"{url}/openapi.json") as answer:
            answers.add(answer.read())
    assert len(answers) == 1
    # the port is theirs alone, though they share it
    number = url.rpartition(":")[2]
    other = mock("--workers", "2", "--stateless", "--no-inspector", "--port", number)
    assert other.running.wait(timeout=PATIENCE) == 3
    assert process.end() == (0, "")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/healthz")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "--workers: processes share nothing, so say --stateless and --no-inspector too"),
        (("--stateless",), "--workers: processes share nothing, so say --no-inspector too"),
    ],
)
def test_what_several_processes_would_have_to_share_is_refused(
    refused: Refused, options: tuple[str, ...], told: str
) -> None:
    code, _, complaints = refused("--workers", "2", *options)
    assert (code, complaints.splitlines()[-1]) == (2, f"Error: {told}")


def test_the_log_for_machines_has_a_line_for_each_request(mock: Callable[..., Process]) -> None:
    process = mock("--json", "--log", "json", "--quiet")
    said = process.said()
    assert said["inspector"] == said["url"] + "/_troth/"
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(said["url"] + "/nowhere")
    refusal.value.close()
    told = json.loads(process.out.readline())
    assert (told["status"], told["target"]) == (404, "/nowhere")
    assert process.end() == (0, "")


def test_quiet_says_nothing(mock: Callable[..., Process]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = mock("--quiet", "--port", str(port))
    until = time.monotonic() + PATIENCE
    while process.running.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
            break
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.running.wait(0.02)
    assert process.end() == (0, "")
    assert process.out.closed or process.out.read() == ""


def test_starting_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, troth, troth_mock.cli\n"
            "import troth_mock.server.serving, troth_mock.server.announcement\n"
            "troth.load()\n"
            "print(*sorted({name.partition('.')[0] for name in sys.modules}))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"hypothesis", "openapi_core", "jsonschema", "rich", "jinja2", "pytest"}
    assert not heavy & set(done.stdout.split())
