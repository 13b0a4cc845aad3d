"""A curl line, pasted into bash, sends the very bytes of the request."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from listening import Listener
from run_summaries import finding, sequence
from troth.conformance import curl
from troth.http.exchange import Exchange, Request

TOKEN = "sk-1$`\"'!\\ é"
PATH_OF_CURL = shutil.which("curl")

pytestmark = pytest.mark.skipif(
    PATH_OF_CURL is None or shutil.which("bash") is None, reason="curl or bash is not installed"
)
HEAD = (("Content-Type", "application/json"), ("Accept", "*/*"), ("User-Agent", "troth"))


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as running:
        yield running


def sent_by(line: str, listener: Listener, *, token: str = TOKEN) -> tuple[str, bytes, bytes]:
    """What bash and curl make of *line*: the first line, the head, and the body of the request."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc"],
        input=line.encode("utf-8", "surrogateescape") + b"\n",
        env={"PATH": "/usr/bin:/bin", "TROTH_TOKEN": token, "TROTH_X_ORG": "org 7"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return listener.last()


BODIES = [
    b"",
    b"{}",
    b"@/etc/passwd",
    b'it\'s "quoted" `id` $(id) ${HOME} !! !x \\n \\',
    b"a\nb\r\nc\td\n",
    b"\xff\xfe\x80 not UTF-8",
    b"\0a\0%s%%\0'",
    "é 😀 \u202e rtl \u2028".encode(),
    b"##[error] ::error::x",
    b"\x1b[31m\x07",
    b"-d @x",
    b"x" * 9000,
]


@pytest.mark.parametrize("body", BODIES, ids=repr)
def test_bash_and_curl_send_the_same_body(body: bytes, listener: Listener) -> None:
    line = curl.line(Request("POST", "/v1/x", HEAD, body), listener.url)
    assert "\n" not in line
    assert sent_by(line, listener)[2] == body


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
@example(body=b"'\\''")
def test_any_bytes_are_sent_as_they_are(body: bytes, listener: Listener) -> None:
    line = curl.line(Request("PUT", "/", HEAD, body), listener.url)
    assert sent_by(line, listener)[2] == body


@pytest.mark.parametrize("body", [b"\xfe" * 30_000, b"ab" * 100_000, b"\0" * 40_000])
def test_a_long_body_is_printed_or_lies_in_a_file(
    body: bytes, listener: Listener, tmp_path: Path
) -> None:
    request = Request("POST", "/", HEAD, body)
    assert sent_by(curl.line(request, listener.url), listener)[2] == body
    found = finding(1, example=Exchange(request))
    folder = tmp_path / "it's a run.bodies"
    curl.write_bodies([found], folder)
    line = curl.of(found, listener.url, folder=folder)
    assert len(line) < 400 + len(str(tmp_path))
    assert sent_by(line, listener)[2] == body


def test_the_head_is_the_same(listener: Listener) -> None:
    fields = (
        ("Content-Type", ""),
        ("X-Odd", "a'b\"c$d`e!f\\g"),
        ("Authorization", "Bearer [Filtered]"),
        ("X-Org", "[Filtered]"),
        ("x-both", "a [Filtered] b$"),
    )
    request = Request("POST", "/a/../b?x=[1]&y={z}", fields, b"{}")
    line = curl.line(request, listener.url, own_fields=["X-Org"])
    assert "$TROTH_TOKEN" in line
    first, head, body = sent_by(line, listener)
    assert (first, body) == ("POST /a/../b?x=[1]&y={z} HTTP/1.1", b"{}")
    sent = [name_and_value.split(b": ", 1) for name_and_value in head.split(b"\r\n")]
    names = [pair[0].rstrip(b":").decode() for pair in sent]
    assert names == ["Host", *[name for name, _ in fields], "Content-Length"]
    values = {pair[0].rstrip(b":"): (pair[1:] or [b""])[0] for pair in sent}
    assert values[b"X-Odd"] == b"a'b\"c$d`e!f\\g"
    assert values[b"Authorization"] == b"Bearer " + TOKEN.encode()
    assert values[b"X-Org"] == b"org 7"
    assert values[b"x-both"] == b"a " + TOKEN.encode() + b" b$"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"])
def test_the_method_is_the_same_and_no_field_is_added(method: str, listener: Listener) -> None:
    first, head, body = sent_by(curl.line(Request(method, "/m"), listener.url), listener)
    assert first == f"{method} /m HTTP/1.1"
    assert body == b""
    names = {line.split(b":")[0].decode() for line in head.split(b"\r\n")}
    assert names <= {"Host", "Content-Length"}


@pytest.mark.parametrize(("token", "sent"), [("u:p", b"Basic dTpw"), ("dTpw", b"Basic dTpw")])
def test_basic_credentials_are_put_together_by_the_line(
    token: str, sent: bytes, listener: Listener
) -> None:
    request = Request("GET", "/", (("Authorization", "Basic [Filtered]"),))
    head = sent_by(curl.line(request, listener.url), listener, token=token)[1]
    assert b"Authorization: " + sent in head


@pytest.mark.parametrize(
    ("mark", "sent"),
    [
        ("[Filtered without its end]", b"Bearer sk-Live-1"),
        ("[Filtered in another case]", b"Bearer SK-lIVE-12"),
        ("[Filtered]x", b"Bearer sk-Live-12x"),
    ],
)
@pytest.mark.parametrize("beside", ["", "$"])
def test_a_wrong_token_is_made_of_the_good_one(
    mark: str, sent: bytes, beside: str, listener: Listener
) -> None:
    request = Request("GET", "/", (("Authorization", f"Bearer {mark}{beside}"),))
    line = curl.line(request, listener.url)
    head = sent_by(line, listener, token="sk-Live-12")[1]
    assert b"Authorization: " + sent + beside.encode() in head.split(b"\r\n")


def test_a_line_is_short_where_nothing_is_special() -> None:
    fields = (("Content-Type", "application/json"), ("Authorization", "Bearer [Filtered]"))
    line = curl.line(Request("POST", "/v1/x", fields, b'{"a": 1}'), "http://h:1", stream=True)
    assert line == (
        "curl -isSN http://h:1/v1/x -H 'Content-Type: application/json' "
        '-H "Authorization: Bearer $TROTH_TOKEN" -H User-Agent: -H Accept: '
        "--data-raw '{\"a\": 1}'"
    )


@given(body=st.binary(max_size=40), value=st.text(max_size=20))
def test_a_line_is_one_line_of_visible_text(body: bytes, value: str) -> None:
    line = curl.line(Request("POST", "/", (("X", value),), body), "http://h")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|##\\[", line)


def test_what_an_answer_gave_is_read_out_of_the_new_answer(tmp_path: Path) -> None:
    """The first step of these lines gets another id and another tag than the run got."""
    answer = r'HTTP/1.1 201 Created\r\netag: "y 2"\r\n\r\n{"tune":{"id":"b-8"}}'
    stand_in = tmp_path / "curl"
    stand_in.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$*\" >&2\nprintf '{answer}'\n")
    stand_in.chmod(0o755)
    lines = curl.of(sequence(), "http://127.0.0.1:1")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc"],
        input=lines,
        env={
            "PATH": f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "TROTH_TOKEN": TOKEN,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    first, second, third = done.stderr.strip().split("\n")
    assert "/v1/tunes -H" in first
    assert "/v1/tunes -H" in second
    assert "/v1/tunes/b-8?a=a-7x" in third
    assert 'If-Match: "y 2"' in third
