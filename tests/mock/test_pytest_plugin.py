"""The fixtures: a server for each document, and none before a test asks."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


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


def asked(url: str, method: str = "GET", **fields: str) -> Any:
    data = b'{"name": "x"}' if method == "POST" else None
    named = {"Content-Type": "application/json", **fields}
    request = urllib.request.Request(url, data, headers=named, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def test_what_a_server_was_given_it_forgets_when_it_is_reset(
    mock_servers: Callable[..., Any], tmp_path: Path
) -> None:
    thing = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string"}},
    }

    def of(schema: Any) -> Any:
        return {"content": {"application/json": {"schema": schema}}}

    got = {"200": {"description": "", **of({"type": "array", "items": thing})}}
    made = {"201": {"description": "", **of(thing)}}
    things = {"get": {"responses": got}, "post": {"requestBody": of(thing), "responses": made}}
    document = tmp_path / "things.json"
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/things": things},
    }
    item = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    read = {"200": {"description": "", **of(thing)}}
    root["paths"] |= {"/things/{id}": {"parameters": [item], "get": {"responses": read}}}
    document.write_text(json.dumps(root))
    server = mock_servers(document)
    things = server.url + "/things"
    before = asked(things)
    one = {"Troth-Session": "one"}
    for fields in ({}, one):
        assert asked(things, "POST", **fields)["name"] == "x"
        assert len(asked(things, **fields)) == len(before) + 1
    asked(server.url + "/_troth/reset", "POST")
    assert (asked(things), len(asked(things, **one))) == (before, len(before) + 1)
    asked(server.url + "/_troth/reset?all", "POST")
    assert asked(things, **one) == before
    asked(things, "POST")
    server.reset()
    assert asked(things) == before


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, troth_mock.pytest_plugin; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"aiohttp", "yaml", "jsonschema_rs"} & set(said)


def test_a_misspelt_keyword_is_told_with_those_that_there_are(
    mock_servers: Callable[..., Any],
) -> None:
    told = (
        "no keyword 'scenarios'; did you mean 'scenario'? There are overlays, .*seed, .*stateless"
    )
    with pytest.raises(TypeError, match=told.replace("?", "[?]")):
        mock_servers(scenarios="scenes.yaml")


def test_what_goes_wrong_is_said_once_and_judged_from_the_journal(
    mock_servers: Callable[..., Any],
) -> None:
    server = mock_servers(fail=["503 as html once", "429 no retry-after the 2nd"], seed=3)
    url = server.url + "/v1/models"
    told = [status(url) for _ in range(4)]
    assert told[:2] == [503, 429]
    assert [one.status for one in server.journal] == told
    assert server.journal[0].labels == {"fault": "503 as html once"}
    assert server.verdict().outcomes == ("hammered", "retried")
    assert "Retry-After was 1 s" in repr(server.verdict())
    server.reset()
    assert (server.journal, server.verdict().items) == ((), ())
    assert status(url) == 503


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code
