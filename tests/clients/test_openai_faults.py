"""The official openai SDK when things go wrong: what it does, and what the verdict says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

MODEL = "meta-llama/Llama-3.3-70B-Instruct"
ASK: list[Any] = [{"role": "user", "content": "What is the weather like in Lisbon today?"}]


@pytest.fixture(scope="module")
def server(mock_servers: Any) -> Any:
    return mock_servers()


@pytest.fixture
def client(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAI]:
    """A client with its own two retries, which does not wait where it is told nothing."""
    server.reset()
    with OpenAI(base_url=server.base_url, api_key="any") as made:
        waited = made._calculate_retry_timeout

        def timeout(*args: Any) -> float:
            headers = args[2] if len(args) > 2 else None
            is_told = made._parse_retry_after_header(headers) is not None
            return waited(*args) if is_told else 0.06

        monkeypatch.setattr(made, "_calculate_retry_timeout", timeout)
        yield made


def ask(client: OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(model=MODEL, messages=ASK, **more)


def read(client: OpenAI, messages: Any = ASK) -> Iterator[str]:
    stream = client.chat.completions.create(model=MODEL, messages=messages, stream=True)
    for chunk in stream:
        for choice in chunk.choices:
            yield choice.delta.content or ""


def text_of(client: OpenAI) -> str:
    return str(ask(client).choices[0].message.content)


def test_it_waits_as_long_as_a_429_says(server: Any, client: OpenAI) -> None:
    server.fail("429 once")
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=ASK)
    assert raw.retries_taken == 1
    assert server.verdict().outcomes == ("retried",)
    assert "Retry-After was 1 s" in str(server.verdict())
    first, second = server.journal
    assert (first.status, first.faults) == (429, ("429 once",))
    assert (second.status, second.faults) == (200, ())
    assert dict(first.fields)["RateLimit-Remaining"] == "0"


def test_one_that_does_not_wait_is_told_from_one_that_does(
    server: Any, client: OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_calculate_retry_timeout", lambda *args: 0.0)
    server.fail("503 first 2")
    assert text_of(client)
    verdict = server.verdict()
    assert verdict.outcomes == ("hammered", "hammered")
    with pytest.raises(AssertionError, match="the client did badly after 2 of 2 faults"):
        verdict.assert_ok()


@pytest.mark.parametrize(
    "fault",
    ["500 twice", "refuse twice", "reset before the answer twice", "drop before the answer"],
)
def test_it_asks_again_when_the_server_fails(server: Any, client: OpenAI, fault: str) -> None:
    server.fail(f"{fault} twice")
    assert text_of(client)
    assert server.verdict().outcomes == ("retried", "retried")
    assert server.verdict().ok


def test_it_gives_up_after_its_retries(server: Any, client: OpenAI) -> None:
    server.fail("500")
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client)
    assert caught.value.body["code"] == "server_error"  # type: ignore[index]  # it is JSON
    assert server.verdict().outcomes == ("retried", "retried", "gave-up")


def test_what_it_is_refused_for_good_it_does_not_ask_again(server: Any, client: OpenAI) -> None:
    server.fail("403")
    with pytest.raises(openai.PermissionDeniedError):
        ask(client)
    assert server.verdict().outcomes == ("gave-up",)


def test_an_idempotency_key_that_changes_is_told(server: Any, client: OpenAI) -> None:
    for keys, outcome in ((("k", "k"), "retried"), (("k", "l"), "changed-key")):
        server.reset()
        server.fail("drop before the answer once")
        lone = client.with_options(max_retries=0)
        with pytest.raises(openai.APIConnectionError):
            ask(lone, extra_headers={"Idempotency-Key": keys[0]})
        ask(lone, extra_headers={"Idempotency-Key": keys[1]})
        assert server.verdict().outcomes == (outcome,)


@pytest.mark.parametrize("fault", ["drop", "reset", "cut", "cut in character"])
def test_a_stream_that_breaks_off_is_an_error(server: Any, client: OpenAI, fault: str) -> None:
    server.fail(f"{fault} after 6 events")
    parts: list[str] = []
    with pytest.raises(openai.APIConnectionError):
        parts.extend(read(client))
    assert len(parts) == 6
    server.fail()
    # an app that goes on with what it has
    history = [*ASK, {"role": "assistant", "content": "".join(parts)}, *ASK]
    assert list(read(client, history))
    assert server.verdict().outcomes == ("took-for-whole",)


def test_a_stream_that_only_looks_whole_is_taken_for_it(server: Any, client: OpenAI) -> None:
    whole = "".join(read(client))
    server.fail("truncate after 6 events")
    part = "".join(read(client))
    assert whole.startswith(part)
    assert part != whole
    assert server.verdict().outcomes == ("gave-up",)


@pytest.mark.parametrize("fault", ["crlf", "comments", "split into 5 bytes", "no sentinel"])
def test_what_changes_no_event_changes_nothing(server: Any, client: OpenAI, fault: str) -> None:
    whole = "".join(read(client))
    server.fail(fault)
    assert "".join(read(client)) == whole
    assert server.verdict().outcomes == ("read-on",)


def test_lost_doubled_and_reordered_events_change_the_text(server: Any, client: OpenAI) -> None:
    whole = list(read(client))
    told = {"lose": whole[:5] + whole[6:], "double": whole[:6] + whole[5:]}
    told["reorder"] = [*whole[:5], whole[6], whole[5], *whole[7:]]
    for fault, parts in told.items():
        server.fail(f"{fault} after 5 events")
        assert "".join(read(client)) == "".join(parts)


def test_an_error_in_a_stream_is_raised(server: Any, client: OpenAI) -> None:
    server.fail("error event after 3 events")
    with pytest.raises(openai.APIError, match="the stream ends here"):
        list(read(client))


@pytest.mark.parametrize("fault", ["malformed after 3 events", "malformed", "empty"])
def test_json_that_is_none_is_an_error(server: Any, client: OpenAI, fault: str) -> None:
    server.fail(fault)
    with pytest.raises((openai.APIError, ValueError, AttributeError)):
        _ = list(read(client)) if "events" in fault else text_of(client)


def test_a_finish_reason_is_what_was_asked_for(server: Any, client: OpenAI) -> None:
    server.fail("finish reason content_filter")
    assert ask(client).choices[0].finish_reason == "content_filter"
    *_, last = client.chat.completions.create(model=MODEL, messages=ASK, stream=True)
    assert last.choices[0].finish_reason == "content_filter"


def test_a_client_leaves_a_server_that_says_nothing(server: Any, client: OpenAI) -> None:
    server.fail("hang once")
    patient = client.with_options(timeout=0.5)
    assert text_of(patient)
    assert server.verdict().outcomes == ("retried",)
    server.reset()
    server.fail("stall after 2 events")
    with (
        pytest.raises(openai.APITimeoutError),
        patient.chat.completions.create(model=MODEL, messages=ASK, stream=True) as stream,
    ):
        list(stream)
    assert server.verdict().outcomes == ("left",)
    assert server.verdict(patience=0.1).outcomes == ("hung",)
