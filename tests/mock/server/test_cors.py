"""Who may address the mock, and which pages may read its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth_mock.reply import Reply
from troth_mock.server.guards import Hosts, Origins

Start = Callable[..., Any]
PAGE = "http://localhost:5173"


def test_a_preflight_names_every_header_that_was_asked_for(start: Start) -> None:
    client = (
        start()
        .connect()
        .ask(
            "OPTIONS",
            "/v1/chat",
            Origin=PAGE,
            Access_Control_Request_Method="POST",
            Access_Control_Request_Headers="authorization,content-type,x-stainless-lang,bad name",
            Access_Control_Request_Private_Network="true",
        )
    )
    status, fields, _ = client.response()
    assert status == 204
    assert {key: text for key, text in fields.items() if key.startswith("access-control")} == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type, x-stainless-lang",
        "access-control-allow-private-network": "true",
        "access-control-max-age": "600",
        "access-control-expose-headers": "x-request-id, retry-after, www-authenticate, allow, "
        "location, etag, link, x-total-count, x-troth-scenario",
    }
    assert "Origin" in fields["vary"]
    assert "content-length" not in fields


def test_a_preflight_from_elsewhere_allows_nothing(start: Start) -> None:
    client = (
        start()
        .connect()
        .ask(
            "OPTIONS",
            "/v1/chat",
            Origin="https://evil.example",
            Access_Control_Request_Method="POST",
        )
    )
    status, fields, _ = client.response()
    assert status == 204
    assert not [key for key in fields if key.startswith("access-control")]


def test_errors_and_streams_can_be_read_too(start: Start, stream_of: Callable[..., Reply]) -> None:
    mock = start(stream_of(b"data: 1\n\n"))
    client = mock.connect()
    assert (
        client.ask("POST", "/v1/chat", Origin=PAGE).response()[1]["access-control-allow-origin"]
        == PAGE
    )
    for refused in (
        client.ask("POST", "/nowhere", Origin=PAGE).response(),
        client.ask("POST", "/v1/chat", Origin=PAGE, Content_Encoding="gzip").response(),
    ):
        assert refused[0] in (404, 415)
        assert refused[1]["access-control-allow-origin"] == PAGE


def test_another_origin_reads_nothing_and_credentials_are_never_allowed(start: Start) -> None:
    fields = start().connect().ask("POST", "/v1/chat", Origin="https://evil.example").response()[1]
    assert not [key for key in fields if key.startswith("access-control")]
    assert fields["vary"] == "Origin"


@pytest.mark.parametrize(
    ("origin", "allowed", "expected"),
    [
        ("http://localhost", (), True),
        ("https://app.localhost:8443", (), True),
        ("http://127.0.0.1:3000", (), True),
        ("http://[::1]:3000", (), True),
        ("http://localhost.evil.example", (), False),
        ("http://127.0.0.1.evil.example", (), False),
        ("http://evil.example", (), False),
        ("null", (), False),
        ("file://localhost", (), False),
        ("https://app.example", ("https://app.example/",), True),
        ("https://app.example:444", ("https://app.example",), False),
        ("https://evil.example", ("*",), True),
    ],
)
def test_origins(origin: str, allowed: tuple[str, ...], expected: bool) -> None:
    assert Origins(allowed).allows(origin) is expected


@pytest.mark.parametrize(
    ("authority", "hosts", "expected"),
    [
        ("localhost:8000", Hosts(), True),
        ("LOCALHOST", Hosts(), True),
        ("localhost.", Hosts(), True),
        ("127.8.9.1:80", Hosts(), True),
        ("[::1]:8000", Hosts(), True),
        ("evil.example", Hosts(), False),
        ("127.0.0.1.evil.example", Hosts(), False),
        ("localhost@evil.example", Hosts(), False),
        ("localhost:8000:1", Hosts(), False),
        ("", Hosts(), False),
        ("evil.example", Hosts("::1"), False),
        ("mock.test:8000", Hosts("127.0.0.1", ("mock.test",)), True),
        ("mock.test:8000", Hosts("127.0.0.1", ("mock.test:8000",)), True),
        ("mock.test:9000", Hosts("127.0.0.1", ("mock.test:8000",)), False),
        ("evil.example", Hosts("127.0.0.1", ("*",)), True),
        ("anything.example", Hosts("0.0.0.0"), True),
        ("evil.example", Hosts("0.0.0.0", ("mock.test",)), False),
        ("192.0.2.7:8000", Hosts("192.0.2.7", ("mock.test",)), True),
    ],
)
def test_hosts(authority: str, hosts: Hosts, expected: bool) -> None:
    assert hosts.accepts(authority) is expected


@given(st.text(max_size=40))
def test_no_text_makes_the_checks_raise(text: str) -> None:
    assert Origins().allows(text) in (True, False)
    assert Hosts().accepts(text) in (True, False)
