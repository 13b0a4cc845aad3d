"""What a run found, on a terminal: readable, narrow where it must be, and safe from its subject."""

from __future__ import annotations

import io
import re

import pytest

from run_summaries import OPERATION, events, exchange, finding, hostile, large, plain, started
from troth.conformance.reports.console import render, show
from troth.conformance.reports.excerpts import excerpt, json_lines
from troth.conformance.reports.text import disarmed
from troth.conformance.run_summary import summarize
from troth.http.exchange import Exchange, Request


def test_a_finding_is_told_with_its_proof() -> None:
    assert render(plain(), width=80, colour=False) == (
        f"""\
1 of 2 operations had no success
  nothing was sent to it
    GET /v1/tunes/{{id}}

error  response-body.type  0000000000
  {OPERATION}
  at /notes/0/pitch: 'x' is not of type integer; it is a string
  2 other requests showed it too
  sent  POST /v1/tunes?a=1
        {{"bars": 0, … key as usual}}
  came  200 OK, application/json at /notes/0
        {{"pitch": "x"}}
  rule  spec/tunes.yaml:40
  curl  curl -isS 'http://127.0.0.1:8000/api/v1/tunes?a=1' """
        """-H 'Content-Type: application/json' -H "Authorization: Bearer $TROTH_TOKEN" """
        """-H User-Agent: -H Accept: --data-raw '{"key":"C","bars":0}'

http://127.0.0.1:8000/api does not conform
1 error, 0 warnings, 3 requests, 1.5 s, 1 of 2 operations had no success
never put to the test: never-tried
"""
    )


@pytest.mark.parametrize("width", [1, 20, 60, 200])
def test_no_line_but_curl_is_wider_than_the_terminal(width: int) -> None:
    for account in (plain(), hostile()):
        for line in render(account, width=width, colour=False).split("\n"):
            # an escape that keeps a build server from obeying may add a few
            assert len(line) <= max(width, 20) + 10 or line.startswith("  curl  "), line


def test_colour_is_only_where_it_is_asked_for() -> None:
    assert "\x1b" not in render(hostile(), width=80, colour=False)
    coloured = render(plain(), width=80, colour=True)
    assert "\x1b[1;31merror\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(plain(), width=80, colour=False)


def test_a_server_commands_neither_terminal_nor_build() -> None:
    text = render(hostile(), width=60, colour=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066\u2028]", text)
    assert not re.search(r"(?m)^\s*::|##\[", text)


def test_a_terminal_of_ascii_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    show(plain(), stream)
    assert b"... key as usual" in raw.getvalue()


def test_findings_of_one_code_are_told_together() -> None:
    text = render(large(300), width=80, colour=False)
    assert text.count("\n  curl  ") == 3
    assert "response-body.type  POST /v1/tunes: 297 more" in text
    assert "… and 285 more" in text
    # what is answered alike is told apart by what was tried
    assert "pitch: 'x' is not of type integer; it is a string, to" in " ".join(text.split())
    assert len(text) < 20_000


def test_a_run_without_findings_says_so() -> None:
    text = render(summarize(events(verdict="conforms")), width=80, colour=False)
    assert "http://127.0.0.1:8000/api conforms\n0 errors, 0 warnings, 3 requests" in text
    cut = render(summarize([started()]), width=80, colour=False)
    assert "http://127.0.0.1:8000/api was not tested to the end (interrupted)\n" in cut
    assert "the server was not tested to the end" in render(summarize([]), width=80, colour=False)


def test_fields_that_differ_from_the_usual_are_shown() -> None:
    bare = Exchange(Request("POST", "/v1/tunes", (("Content-Type", "text/plain"),), b"{"), None)
    text = render(summarize(events(finding(example=bare))), width=80, colour=False)
    assert (
        "  sent  POST /v1/tunes\n"
        "        Content-Type: text/plain\n"
        "        (no Authorization)\n"
        "        {\n"
        "  came  no answer\n"
    ) in text


@pytest.mark.parametrize(
    ("value", "usual", "keep", "lines"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, (), ['{"b": 2, … a as usual}']),
        ({"a": 1}, {"a": 1}, (), ['{"a": 1}']),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ("a",), ['{"a": 1, "b": 2}']),
        ({"a": 1}, {"a": 1, "b": 2}, (), ["{… a as usual; no b}"]),
        ({"a": 1.0}, {"a": 1}, (), ['{"a": 1.0}']),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, (), ['{"a": […, {"b": 2}]}']),
        ({"a": [1, 2]}, {"a": [{"x": 1}, 2]}, (), ['{"a": [1, …]}']),
        (list(range(9)), None, (), ["[0, 1, 2, 3, … 9 items in all]"]),
        (list(range(9)), None, ("7",), ["[0, 1, 2, 3, … [7] 7, … 9 items in all]"]),
        ("x" * 100, None, (), [f'"{"x" * 36}…{"x" * 35}" (100 characters)']),
        ("\x1b\u202e", None, (), ['"\\u001b\\u202e"']),
        (10**50, None, (), ["… a number of more than 40 digits"]),
        ([[[[[[[[[[1]]]]]]]]]], None, (), ["[[[[[[[[[… 1 item]]]]]]]]]"]),
    ],
)
def test_what_is_as_usual_is_folded(
    value: object, usual: object, keep: tuple[str, ...], lines: list[str]
) -> None:
    if usual is None:
        assert json_lines(value, keep=keep) == lines
    else:
        assert json_lines(value, usual=usual, keep=keep) == lines


def test_an_excerpt_ends_between_characters() -> None:
    assert excerpt("aé😀".encode(), most=5).text == "aé"
    assert excerpt("aé😀".encode(), most=5).note == "7 bytes in all"
    assert excerpt(b"\xff\xfe", most=5).text == "\\xff\\xfe"


def test_commands_are_disarmed_and_nothing_else() -> None:
    assert disarmed("::error::x\n  ::y\na::b #[ ##[c]") == (
        "\\u003a:error::x\n  \\u003a:y\na::b #[ \\u0023#[c]"
    )


def test_an_answer_that_is_not_json_is_shown_as_it_came() -> None:
    odd = exchange(b"", b"line one\nline two\xff", content_type="text/plain")
    text = render(summarize(events(finding(example=odd))), width=80, colour=False)
    assert "  came  200 OK, text/plain\n        line one\n        line two\\xff\n" in text


def test_of_a_stream_the_event_that_matters_is_shown() -> None:
    body = (
        b"".join(b'data: {"n": %d}\n\n' % number for number in range(9)) + b"data: [DONE]\r\n\r\n"
    )
    stream = exchange(b"", body, content_type="text/event-stream; charset=utf-8")

    def shown(location: str, at: str) -> str:
        found = finding(example=stream, location=location, at=at)
        text = render(summarize(events(found)), width=80, colour=False)
        return text.partition("  came  ")[2].partition("  rule  ")[0]

    assert shown("stream", "/4/data/n") == (
        "200 OK, text/event-stream; charset=utf-8\n"
        "        … 4 events\n"
        '        data: {"n": 4}\n'
        "        … 5 events\n"
    )
    assert shown("stream", "") == (
        "200 OK, text/event-stream; charset=utf-8\n"
        '        data: {"n": 0}\n'
        "        … 6 events\n"
        '        data: {"n": 7}\n'
        '        data: {"n": 8}\n'
        "        data: [DONE]\n"
    )
