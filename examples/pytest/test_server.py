"""Both ways in pytest: a whole run in one test, and tests of your own on the contract.

Run them with one of

    pytest examples/pytest                                     # against a mock
    pytest examples/pytest --troth-url http://127.0.0.1:8000   # and a test for each check
"""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings

import troth

CONTRACT = troth.load()
OPERATION = "POST /v1/chat/completions"


def send(url: str, request: troth.Request) -> troth.Exchange:
    """Send a request with the client that you test; here it is Python's own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    fields = dict(request.fields)
    connection.request(request.method, request.target, request.body, fields)
    answer = connection.getresponse()
    response = troth.Response(answer.status, tuple(answer.getheaders()), answer.read())
    connection.close()
    return troth.Exchange(request, response)


def test_the_server_conforms(conformance, mock_server):
    conformance(mock_server.url, phase=["examples"], strict=True).assert_conforms()


@given(request=CONTRACT.strategy(OPERATION))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_valid_is_answered_as_declared(mock_server, request):
    exchange = send(mock_server.url, request)
    assert exchange.response.status == 200
    assert [one for one in CONTRACT.validate(exchange) if one.severity == "error"] == []


@given(request=CONTRACT.strategy(OPERATION, valid=False))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_broken_is_refused(mock_server, request):
    assert 400 <= send(mock_server.url, request).response.status < 500


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_of_your_own_client_is_held_to_the_contract(contract, mock_server, stream):
    body = b'{"model": "m", "messages": [{"role": "user", "content": "Hello!"}], "stream": %s}'
    fields = (("Content-Type", "application/json"), ("Authorization", "Bearer any"))
    text = b"true" if stream else b"false"
    request = troth.Request("POST", "/v1/chat/completions", fields, body % text)
    assert contract.validate(send(mock_server.url, request)) == ()
