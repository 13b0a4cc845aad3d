"""The fixtures: a server for each document, and none before a test asks."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_the_server_of_the_session_serves_the_bundled_document(mock_server: Any) -> None:
    with urllib.request.urlopen(mock_server.url + "/openapi.json") as answer:
        served = json.load(answer)
    assert served == mock_server.contract.document.root
    assert mock_server.base_url == mock_server.url + "/v1"


def test_another_document_gets_another_server(
    mock_servers: Callable[..., Any], tmp_path: Path
) -> None:
    document = tmp_path / "ping.yaml"
    document.write_text(
        "openapi: 3.1.0\ninfo: {title: ping, version: '1'}\npaths:\n  /ping:\n    get:\n"
        "      responses:\n        '200':\n          description: pong\n          content:\n"
        "            application/json:\n              schema: {const: pong}\n"
    )
    server = mock_servers(document)
    with urllib.request.urlopen(server.url + "/ping") as answer:
        assert json.load(answer) == "pong"


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, troth_mock.pytest_plugin; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"aiohttp", "yaml", "jsonschema_rs"} & set(said)
