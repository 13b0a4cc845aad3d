"""Requests on a real socket: what gets through, what is refused below the document's reach."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from troth.http.exchange import Request
from troth_mock.pace import Pace
from troth_mock.reply import Reply

JSON = (("Content-Type", "application/json"),)
Start = Callable[..., Any]


def code(body: bytes) -> str:
    error = json.loads(body)["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    return str(error["code"])


def test_the_responder_gets_the_request_as_it_was_sent(start: Start) -> None:
    mock = start()
    client = mock.connect().ask("POST", "/v1/chat?a=%2f", b'{"x": 1}', X_Twice="1", x_twice="2")
    assert client.response()[0] == 200
    asked = mock.responder.asked[0]
    assert (asked.method, asked.target, asked.body) == ("POST", "/v1/chat?a=%2f", b'{"x": 1}')
    assert ("X-Twice", "1") in asked.fields
    assert ("x-twice", "2") in asked.fields


def test_an_answer_has_its_fields_and_framing(start: Start) -> None:
    reply = Reply(
        201, (*JSON, ("Content-Length", "999"), ("X-A", "b\r\nSet-Cookie: c")), b"{}", None
    )
    status, fields, body = start(reply).connect().ask("POST", "/v1/chat").response()
    assert (status, body) == (201, b"{}")
    assert fields.pop("date").endswith("GMT")
    assert fields.pop("x-request-id").startswith("req-")
    assert fields == {
        "content-type": "application/json",
        "content-length": "2",
        "x-a": "b Set-Cookie: c",
        "server": "troth",
        "vary": "Origin",
    }


def test_request_ids_differ_and_bodies_do_not(start: Start) -> None:
    client = start().connect()
    first = client.ask("POST", "/v1/chat").response()
    second = client.ask("POST", "/v1/chat").response()
    assert first[1]["x-request-id"] != second[1]["x-request-id"]
    assert first[2] == second[2]


def test_pipelined_requests_are_answered_in_order(start: Start) -> None:
    mock = start(lambda request: Reply(200, JSON, request.body))
    client = mock.connect()
    one = b"POST /v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"
    client.send(one + b"1" + one + b"2" + one + b"3")
    assert [client.response()[2] for _ in range(3)] == [b"1", b"2", b"3"]


def test_a_body_in_pieces_and_chunks_arrives_whole(start: Start) -> None:
    mock = start(lambda request: Reply(200, JSON, request.body))
    client = mock.connect()
    client.send(b"POST /v1/chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.send(b"3\r\nabc\r\n")
    client.send(b"2\r\nde\r\n0\r\n\r\n")
    assert client.response()[2] == b"abcde"
    assert client.ask("POST", "/v1/chat", b"again").response()[2] == b"again"


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("is_paced", [False, True])
@pytest.mark.parametrize("is_burst", [False, True])
def test_requests_in_any_segments_are_answered_and_followed_by_others(
    start: Start, *, is_chunked: bool, is_paced: bool, is_burst: bool
) -> None:
    pace = Pace(tokens_per_second=1e6 if is_paced else None)
    mock = start(lambda request: Reply(200, JSON, request.body), pace=pace)
    client = mock.connect()
    mock.eventually(lambda: len(mock.open) == 1)
    (connection,) = mock.open
    framing, body = b"Content-Length: 4", b"body"
    if is_chunked:
        framing, body = b"Transfer-Encoding: chunked", b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"
    head = b"POST /v1/chat HTTP/1.1\r\nHost: localhost\r\n" + framing + b"\r\n\r\n"
    whole = head + body
    ends = range(len(head) - 3, len(whole))
    for cuts in [(end,) for end in ends] + [tuple(ends), (5, len(head) - 1, len(head) + 1)]:
        pieces = [whole[begin:end] for begin, end in itertools.pairwise((0, *cuts, len(whole)))]

        def receive(pieces: list[bytes] = pieces) -> None:
            # as a loop that reads several segments before it runs a task, or one that does not
            connection.data_received(pieces.pop(0))
            if pieces and is_burst:
                receive(pieces)
            elif pieces:
                connection.listener.loop.call_soon(receive, pieces)

        connection.listener.loop.call_soon_threadsafe(receive)
        assert client.response()[2] == b"body", cuts
        assert client.ask("POST", "/v1/chat", b"next").response()[2] == b"next", cuts


@pytest.mark.parametrize("expected", [b"100-continue", b"100-Continue"])
def test_expect_100_continue_is_told_to_continue(expected: bytes, start: Start) -> None:
    mock = start(lambda request: Reply(200, JSON, request.body))
    client = mock.connect()
    client.send(
        b"POST /v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        b"Expect: " + expected + b"\r\n\r\n"
    )
    assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert client.send(b"ok").response()[2] == b"ok"


@pytest.mark.parametrize(
    ("fields", "limits", "status", "word"),
    [
        ({"Content_Length": "65"}, {"body_bytes": 64}, 413, "body_too_large"),
        ({"Content_Length": "9" * 4000}, {}, 413, "body_too_large"),
        ({"Content_Encoding": "gzip", "Content_Length": "3"}, {}, 415, None),
        ({"Content_Encoding": "zzz", "Content_Length": "3"}, {}, 415, None),
        ({"Expect": "a-miracle", "Content_Length": "3"}, {}, 417, "expectation_failed"),
        ({"Host": "evil.example", "Content_Length": "3"}, {}, 421, "misdirected_request"),
    ],
)
def test_a_head_at_fault_is_answered_before_the_body(
    start: Start, fields: dict[str, str], limits: dict[str, Any], status: int, word: str | None
) -> None:
    mock = start(limits=limits)
    client = mock.connect().ask("POST", "/v1/chat", **fields)
    found, answered, body = client.response()
    if "9" * 4000 in fields.values():
        # more digits than any size has: the parser may refuse it first
        assert found in (400, 413)
    else:
        assert found == status
        assert code(body) == (word or "unsupported_content_encoding")
    assert answered["connection"] == "close"
    assert mock.responder.asked == []


def test_a_compressed_body_is_never_unpacked(start: Start) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    client = start().connect().ask("POST", "/v1/chat", bomb, Content_Encoding="gzip")
    status, fields, body = client.response()
    assert (status, code(body)) == (415, "unsupported_content_encoding")
    assert fields["accept-encoding"] == "identity"


def test_a_chunked_body_over_the_limit_is_refused_while_it_comes(start: Start) -> None:
    client = start(limits={"body_bytes": 100}).connect()
    client.send(b"POST /v1/chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.send(b"64\r\n" + b"x" * 100 + b"\r\n1\r\n")
    client.send(b"y\r\n")
    status, fields, body = client.response()
    assert (status, code(body), fields["connection"]) == (413, "body_too_large", "close")


def test_a_body_that_stops_half_way_times_out(start: Start) -> None:
    client = start(limits={"body": 0.05}).connect()
    client.ask("POST", "/v1/chat", Content_Length="10")
    client.send(b"abc")
    status, fields, body = client.response()
    assert (status, code(body), fields["connection"]) == (408, "request_timeout", "close")


def test_a_body_that_ends_before_its_length_is_a_fault(start: Start) -> None:
    import socket

    client = start().connect().ask("POST", "/v1/chat", Content_Length="10")
    client.send(b"abc").socket.shutdown(socket.SHUT_WR)
    status, _, body = client.response()
    assert (status, code(body)) == (400, "malformed_body")
    assert client.rest() == b""


def test_a_slow_head_is_given_up_and_others_are_served(start: Start) -> None:
    mock = start(limits={"head": 0.05})
    slow = mock.connect().send(b"POST /v1/chat HTTP/1.1\r\nHos")
    assert mock.connect().ask("POST", "/v1/chat").response()[0] == 200
    assert slow.response()[0] == 408
    assert slow.rest() == b""


def test_an_idle_connection_is_closed(start: Start) -> None:
    mock = start(limits={"idle": 0.05})
    assert mock.connect().rest() == b""
    used = mock.connect().ask("POST", "/v1/chat")
    assert used.response()[0] == 200
    assert used.rest() == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        b"GET /\r\n\r\n",
        b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40,
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 9000 + b"\r\n\r\n",
        b"GET /" + b"y" * 1_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_not_http_gets_400_and_a_closed_connection(
    start: Start, sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    mock = start()
    client = mock.connect()
    try:
        client.send(sent)
        status, fields, body = client.response()
        assert status in (400, 431)
        assert code(body) in ("malformed_request", "header_fields_too_large", "bad_host")
        assert fields["connection"] == "close"
        assert client.rest() == b""
    except ConnectionError:
        # refused while it was still being sent
        assert len(sent) > 100_000
    assert mock.connect().ask("POST", "/v1/chat").response()[0] == 200
    assert capfd.readouterr().err.count("\n") <= 1


@pytest.mark.parametrize("is_read_apart", [False, True])
def test_a_broken_chunk_is_a_fault_and_no_traceback(
    start: Start, is_read_apart: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    mock = start()
    client = mock.connect()
    head = b"POST /v1/chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    if is_read_apart:
        client.send(head)
        mock.eventually(lambda: any(connection.busy for connection in mock.open))
        client.send(b"zz\r\n")
    else:
        client.send(head + b"zz\r\n")
    status, fields, body = client.response()
    assert (status, fields["connection"]) == (400, "close")
    assert code(body) == ("malformed_body" if is_read_apart else "malformed_request")
    assert client.rest() == b""
    assert capfd.readouterr().err == ""


def test_a_responder_that_fails_costs_one_line(start: Start, caplog: Any) -> None:
    def fail(request: Request) -> Reply:
        raise ValueError("not\nfound")

    mock = start(fail)
    status, _, body = mock.connect().ask("POST", "/v1/chat").response()
    assert (status, code(body)) == (500, "internal_error")
    assert [record.getMessage().count("\n") for record in caplog.records] == [0]


def test_options_names_the_methods_that_the_document_declares(start: Start) -> None:
    mock = start()
    status, fields, _ = mock.connect().ask("OPTIONS", "/v1/chat").response()
    assert (status, fields["allow"]) == (204, "POST, OPTIONS")
    assert mock.connect().ask("OPTIONS", "/nowhere").response()[0] == 404
    assert mock.connect().ask("OPTIONS", "*").response()[0] == 204


def test_an_options_of_the_documents_own_is_the_documents(start: Start) -> None:
    mock = start(Reply(200, JSON, b"{}"), ("OPTIONS", "/v1/chat"))
    assert mock.connect().ask("OPTIONS", "/v1/chat").response()[2] == b"{}"


def test_head_is_a_get_without_content(start: Start) -> None:
    mock = start(Reply(200, JSON, b"12345"))
    client = mock.connect().ask("HEAD", "/v1/thing")
    status, fields, _ = client.response(has_content=False)
    assert (status, fields["content-length"]) == (200, "5")
    assert mock.responder.asked[0].method == "GET"
    assert client.ask("HEAD", "/v1/chat").response(has_content=False)[0] == 405


def test_a_head_that_cannot_be_read_gets_no_content(start: Start) -> None:
    mock = start()
    data = mock.connect().send(b"HEAD /%b HTTP/1.1\r\n" % (b"a" * 20_000)).rest()
    assert data.startswith(b"HTTP/1.1 4")
    assert data.endswith(b"\r\n\r\n")


def test_a_path_below_ours_that_the_document_declares_is_the_documents(start: Start) -> None:
    mock = start(Reply(200, JSON, b"7"), ("GET", "/_troth/mine/{id}"), ("GET", "/_troth/metrics"))
    client = mock.connect()
    assert client.ask("GET", "/_troth/mine/3").response()[2] == b"7"
    assert client.ask("GET", "/_troth/metrics").response()[2] == b"7"
    assert client.ask("GET", "/_troth/api/pace").response()[0] == 200
    status, fields, _ = client.ask("GET", "/_troth").response()
    assert (status, fields["location"]) == (308, "/_troth/")


@pytest.mark.parametrize("target", ["/nowhere", "//v1/chat", "/v1%2fchat", "/v1/../v1/chat"])
def test_what_the_document_does_not_have_is_not_found(start: Start, target: str) -> None:
    mock = start()
    assert mock.connect().ask("POST", target).response()[0] == 404
    assert mock.connect().ask("POST", "/v1/chat").response()[0] == 200


@pytest.mark.parametrize("method", ["TRACE", "DELETE"])
def test_other_methods_are_the_responders(start: Start, method: str) -> None:
    status, fields, _ = start().connect().ask(method, "/v1/chat").response()
    assert (status, fields["allow"]) == (405, "POST")


def test_connect_is_refused(start: Start) -> None:
    mock = start()
    client = mock.connect().send(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.response()[0] in (400, 404, 405, 501)
    assert mock.connect().ask("POST", "/v1/chat").response()[0] == 200


@pytest.mark.parametrize("wish", ["websocket", "h2c"])
def test_an_upgrade_is_not_granted_and_the_request_answered(start: Start, wish: str) -> None:
    client = start().connect()
    client.ask("POST", "/v1/chat", b"{}", Connection="Upgrade", Upgrade=wish)
    assert client.response()[0] == 200


def test_an_absolute_target_is_matched_by_its_path(start: Start) -> None:
    client = start().connect()
    assert client.ask("POST", "http://localhost/v1/chat", b"{}").response()[0] == 200
    assert client.ask("GET", "http://localhost/healthz?x").response()[2] == b'{"status":"ok"}'


def test_the_authority_of_an_absolute_target_stands_in_for_the_host(start: Start) -> None:
    client = start().connect()
    status, _, body = client.ask("GET", "http://evil.example/healthz", Host="localhost").response()
    assert (status, code(body)) == (421, "misdirected_request")


def test_what_the_parser_complains_of_is_told_without_the_bytes(start: Start) -> None:
    client = start().connect().send(b"GET /v1/x HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n")
    message = json.loads(client.response()[2])["error"]["message"]
    assert message.startswith("this is not a well-formed HTTP/1.1 request: ")
    assert "^" not in message
    assert "b'" not in message


@pytest.mark.parametrize("wish", [b"", b"Connection: keep-alive\r\n"])
def test_http_1_0_is_answered_and_closed(start: Start, wish: bytes) -> None:
    client = start().connect()
    client.send(b"POST /v1/chat HTTP/1.0\r\nContent-Length: 0\r\n" + wish + b"\r\n")
    assert client.response()[1]["connection"] == "close"
    assert client.rest() == b""


def test_the_mocks_own_pages(start: Start) -> None:
    client = start().connect()
    assert client.ask("GET", "/healthz").response()[::2] == (200, b'{"status":"ok"}')
    assert client.ask("GET", "/readyz").response()[::2] == (200, b'{"status":"ready"}')
    status, fields, body = client.ask("GET", "/openapi.json").response()
    assert (status, fields["content-type"]) == (200, "application/json")
    assert json.loads(body) == {"openapi": "3.1.0", "paths": {}}
    tag = fields["etag"]
    status, fields, body = client.ask("GET", "/openapi.yaml").response()
    assert fields["etag"] == tag
    assert (status, fields["content-type"]) == (200, "application/yaml")
    assert body == b"openapi: 3.1.0\npaths: {}\n"
    status, fields, _ = client.ask("DELETE", "/healthz").response()
    assert (status, fields["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert client.ask("HEAD", "/healthz").response(has_content=False)[0] == 200


def test_a_page_that_the_document_declares_is_the_documents(start: Start) -> None:
    mock = start(Reply(200, JSON, b'"mine"'), ("GET", "/healthz"))
    assert mock.connect().ask("GET", "/healthz").response()[2] == b'"mine"'


def test_a_client_that_takes_nothing_is_cut_off(start: Start) -> None:
    mock = start(Reply(200, JSON, b"x" * 30_000_000), limits={"write": 0.1})
    client = mock.connect().ask("POST", "/v1/chat")
    mock.eventually(lambda: len(mock.open) == 1)
    mock.eventually(lambda: len(mock.open) == 0)
    with pytest.raises((ConnectionError, EOFError)):
        client.response()


def test_answers_in_flight_are_finished_when_the_server_stops(start: Start) -> None:
    mock = start()
    idle = mock.connect().ask("POST", "/v1/chat")
    assert idle.response()[0] == 200
    mock.app.draining = True
    status, fields, body = idle.ask("GET", "/readyz").response()
    assert (status, body) == (503, b'{"status":"draining"}')
    assert fields["connection"] == "close"
