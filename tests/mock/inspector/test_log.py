"""The line of an exchange, for people and for machines."""

from __future__ import annotations

import json
from typing import Any

import pytest

import troth
from troth.http.exchange import Request
from troth_mock.inspector.exchanges import Exchanges
from troth_mock.inspector.journal import Journal
from troth_mock.inspector.log import Log
from troth_mock.server.guards import Origins

PINGS = """
openapi: 3.1.0
info: {title: Pings, version: '1'}
paths:
  /pings/{id}:
    get:
      operationId: ping
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
      responses: {'200': {description: pong}}
"""
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\ndata: 2\n\n"


def answer(status: int, body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n\r\n%b" % (status, body)


@pytest.fixture
def written() -> list[str]:
    return []


@pytest.fixture
def journal() -> Journal:
    return Journal(clock=lambda: 10.25, epoch=0.0)


def log(journal: Journal, written: list[str], **form: Any) -> None:
    contract = troth.load(PINGS.encode(), name="pings.yaml")
    exchanges = Exchanges(contract, journal, secrets=["s3cret-s3cret"], allows=Origins().allows)
    options = {"as_json": False, "colour": False} | form
    journal.listeners.append(Log(exchanges, written.append, **options).heard)


def get(target: str, **fields: str) -> Request:
    return Request("GET", target, tuple(fields.items()), b"")


def lines(written: list[str]) -> list[str]:
    return [line[10:] for line in "".join(written).splitlines()]


def test_a_line_says_what_was_asked_and_what_came_of_it(
    journal: Journal, written: list[str]
) -> None:
    log(journal, written)
    journal.add(10.0, get("/pings/1"), b"", answer(200), None)
    journal.add(10.0, get("/pings/1?token=s3cret-s3cret"), b"", STREAM, None)
    assert lines(written) == [
        "200  GET /pings/1  (GET /pings/{id})  52 B  250.0 ms",
        "200  GET /pings/1?token=[Filtered]  (GET /pings/{id})  2 events  250.0 ms",
    ]


def test_a_refusal_says_why_and_where_that_is_written(journal: Journal, written: list[str]) -> None:
    log(journal, written)
    journal.add(10.0, get("/pings/x"), b"", answer(400), None)
    journal.add(10.0, get("/nowhere"), b"", answer(404, b'{"error": {"message": "no"}}'), None)
    assert lines(written)[1].startswith("/id: 'x' is not of type integer")
    assert lines(written)[1].endswith("(pings.yaml:9:57)")
    assert lines(written)[2:] == ["404  GET /nowhere  78 B  250.0 ms", "no"]


@pytest.mark.parametrize("origin", ["https://app.example", "null"])
def test_a_page_that_is_not_let_in_is_told_how_it_would_be(
    journal: Journal, written: list[str], origin: str
) -> None:
    log(journal, written)
    journal.add(10.0, get("/pings/1", Origin=origin), b"", answer(200), None)
    journal.add(10.0, get("/pings/1", Origin="http://localhost:5173"), b"", answer(200), None)
    assert f"--cors-origin {origin}" in lines(written)[1]
    assert len(lines(written)) == 3


def test_what_was_done_on_purpose_is_said(journal: Journal, written: list[str]) -> None:
    log(journal, written)
    entry = journal.begin(10.0, get("/pings/1"), b"", None, labels={"fault": "drop"})
    assert written == []
    journal.sent(entry, answer(200))
    journal.end(entry, "close")
    assert lines(written)[0].endswith("250.0 ms  closed  fault: drop")


def test_nothing_that_a_client_sends_writes_on_the_terminal(
    journal: Journal, written: list[str]
) -> None:
    log(journal, written)
    journal.add(10.0, get("/a\x1b[2J\u202e\n"), b"", answer(404, b'"\x1b[31m"'), None)
    assert not set("".join(written)) & {"\x1b", "\u202e"}
    assert len(lines(written)) == 2


def test_on_a_terminal_it_is_in_colour(journal: Journal, written: list[str]) -> None:
    log(journal, written, colour=True)
    journal.add(10.0, get("/pings/1"), b"", answer(500), None)
    assert "\x1b[31m500\x1b[0m" in written[0]


def test_for_machines_each_is_a_line_of_json(journal: Journal, written: list[str]) -> None:
    log(journal, written, as_json=True)
    journal.add(10.0, get("/pings/x"), b"", answer(400), None)
    (line,) = written
    assert line.endswith("}\n")
    told = json.loads(line)
    assert (told["status"], told["operation"], told["violations"]) == (400, "GET /pings/{id}", 1)
