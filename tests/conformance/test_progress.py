"""What is seen while a run goes on."""

from __future__ import annotations

import io

import pytest

from troth.conformance.events import Event, Exchanged, Finding, Finished, Found, PhaseStarted
from troth.conformance.progress import Live, is_live, say
from troth.http.exchange import Exchange, Request
from troth.violation import Violation

EXCHANGE = Exchange(Request("POST", "/a"))


def exchanged(purpose: str = "case") -> Event:
    return Exchanged("id", "POST /a", "examples", "about", "accepted", purpose, EXCHANGE)


def found(name: str, message: str = "is wrong", *, known: bool = False) -> Event:
    violation = Violation("response-body.type", "POST /a", "response-body", message)
    return Found(Finding(name, "error", violation, "id", "about", EXCHANGE, known=known))


FINISHED = Finished("violations", 1, "", 2, 2, 0, 1.0, 1, 0)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        self.now += 0.25
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("tells_findings", [True, False])
def test_elsewhere_each_phase_is_a_line_and_each_new_finding_of_a_run_without_end(
    tells_findings: bool,
) -> None:
    stream = io.StringIO()
    live = Live(stream, clock=Clock(), live=False, tells_findings=tells_findings)
    events = [
        PhaseStarted("examples", 2),
        exchanged(),
        found("a"),
        found("a"),
        found("b", known=True),
        PhaseStarted("stateful", 0),
        FINISHED,
    ]
    for event in events:
        live.tell(event)
    told = (
        "  error: response-body.type  POST /a  is wrong\n"
        "  known: response-body.type  POST /a  is wrong\n"
    )
    # the end tells them, once
    assert stream.getvalue() == f"examples: 2 requests\n{told if tells_findings else ''}stateful\n"


def test_words_of_a_server_command_neither_a_terminal_nor_a_build_server() -> None:
    stream = io.StringIO()
    live = Live(stream, clock=Clock(), live=False, tells_findings=True)
    live.tell(found("a", "\x1b[2J\n::error::x\n##[error]y"))
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert "##[" not in line


def test_on_a_terminal_one_line_is_written_again_and_taken_away_at_the_end() -> None:
    stream = Terminal()
    live = Live(stream, clock=Clock(), live=True, width=80)
    for event in (
        PhaseStarted("examples", 2),
        exchanged(),
        exchanged("repeat"),
        found("a"),
        FINISHED,
    ):
        live.tell(event)
    written = stream.getvalue()
    assert "\n" not in written
    lines = written.split("\r\x1b[K")
    assert lines[0] == lines[-1] == ""
    assert lines[-2] == "examples 1/2  2 requests/s  1 error  0 warnings"


def test_a_narrow_terminal_gets_no_line_that_would_wrap() -> None:
    stream = Terminal()
    live = Live(stream, clock=Clock(), live=True, width=20)
    live.tell(PhaseStarted("examples", 2))
    assert all(len(line) < 20 for line in stream.getvalue().split("\r\x1b[K"))


def test_a_stream_that_is_gone_is_left_alone() -> None:
    stream = io.StringIO()
    live = Live(stream, clock=Clock(), live=False)
    stream.close()
    live.tell(PhaseStarted("examples", 2))
    live.tell(PhaseStarted("stateful", 0))
    say(stream, "anything")


@pytest.mark.parametrize(
    ("encoding", "written"), [("ascii", b"na\\xefve...\n"), ("latin-1", b"na\xefve...\n")]
)
def test_what_cannot_be_encoded_is_escaped(encoding: str, written: bytes) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    say(stream, "naïve…\n")
    assert raw.getvalue() == written


@pytest.mark.parametrize(
    ("environ", "live"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "CI": "true"}, False),
    ],
)
def test_a_line_is_rewritten_only_where_it_can_be(environ: dict[str, str], live: bool) -> None:
    assert is_live(Terminal(), environ) is live
    assert not is_live(io.StringIO(), environ)
