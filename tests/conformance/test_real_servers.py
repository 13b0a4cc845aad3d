"""Servers that others wrote, where they are installed: what is true of them is found, and no more.

Each was looked at by hand.  They keep what they are given in a folder of the test's own, and speak
to nobody.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import troth
from listening import free_port
from servers.conduct import against


@dataclass(frozen=True)
class Real:
    """How a server is started (`{port}` and `{folder}` are filled in), and what is known of it.

    *found* are faults that it has, as (code, operation); *clean* the codes that would be false.
    """

    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    found: frozenset[tuple[str, str]] = frozenset()
    clean: tuple[str, ...] = ("resource.", "run.", "security.", "stream.")


SERVERS = {
    "chroma": Real(
        command=("chroma", "run", "--path", "{folder}", "--host", "127.0.0.1", "--port", "{port}"),
        found=frozenset(
            {
                # an object where the document has a text
                ("response-body.type", "GET /api/v2/healthcheck"),
                # the worker panics, and the connection is closed
                ("transport.empty-reply", "GET /api/v2/collections/{crn}"),
            }
        ),
        # it takes whoever comes, though its document asks for a token
        clean=("resource.", "run.", "stream."),
    ),
    "phoenix": Real(
        command=("phoenix", "serve"),
        variables={
            "PHOENIX_WORKING_DIR": "{folder}",
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": "{port}",
            "PHOENIX_GRPC_PORT": "{other}",
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
        found=frozenset(
            {
                # HEAD is answered by the page of the user interface
                ("response.head-differs", "GET /v1/datasets"),
                ("response.server-error", "PUT /v1/annotation_configs/{config_id}"),
            }
        ),
    ),
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_real_server_is_told_what_is_true_of_it(name: str, tmp_path: Path) -> None:
    real = SERVERS[name]
    if shutil.which(real.command[0]) is None:
        pytest.skip(f"{real.command[0]} is not installed")
    with running(real, tmp_path) as url:
        file = tmp_path / "openapi.json"
        file.write_bytes(_read(f"{url}/openapi.json"))
        conducted = against(url, troth.load(file), max_requests=2500, max_seconds=240.0)
    told = {(one.code, one.violation.operation) for one in conducted.findings}
    assert real.found <= told, conducted.told
    errors = [one for one in conducted.of("error") if one.code.startswith(real.clean)]
    assert errors == [], conducted.told


@contextmanager
def running(real: Real, folder: Path) -> Iterator[str]:
    """The server *real*, once it answers; it is stopped at the end."""
    values = {"port": str(free_port()), "other": str(free_port()), "folder": str(folder / "kept")}
    command = [word.format(**values) for word in real.command]
    variables = {key: word.format(**values) for key, word in real.variables.items()}
    url = f"http://127.0.0.1:{values['port']}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=log, stderr=log, cwd=folder
        )
        try:
            _wait(process, int(values["port"]))
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Until it listens: each try waits by itself for a second."""
    for _ in range(120):
        assert process.poll() is None, "it ended before it listened"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            with socket.create_server(("127.0.0.1", 0)) as nobody:  # a second without sleep
                nobody.settimeout(1)
                try:
                    nobody.accept()
                except TimeoutError:
                    continue
    pytest.fail("it does not listen")


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
        return body
