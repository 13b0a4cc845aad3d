"""The official openai SDK against the mock, on a real socket: what its users do with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

MODEL = "meta-llama/Llama-3.3-70B-Instruct"
ASK: list[Any] = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the weather like in Lisbon today?"},
]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}

NAMED: Any = {"type": "function", "function": {"name": "get_weather"}}


class Answer(BaseModel):
    """What `.parse()` is asked to return."""

    city: str
    degrees: float
    tags: list[str]


@pytest.fixture(scope="module")
def client(mock_server: Any) -> Iterator[OpenAI]:
    with OpenAI(base_url=mock_server.base_url, api_key="any", max_retries=0) as made:
        yield made


def content(completion: Any, index: int = 0) -> str:
    text = completion.choices[index].message.content
    assert isinstance(text, str)
    return text


def test_a_completion_reads_like_one(client: OpenAI) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=ASK)
    assert completion.object == "chat.completion"
    assert completion.model == MODEL
    choice = completion.choices[0]
    assert (choice.index, choice.finish_reason, choice.message.role) == (0, "stop", "assistant")
    assert choice.message.tool_calls is None
    assert " " in content(completion)
    usage = completion.usage
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0


def test_the_same_request_gets_the_same_completion(client: OpenAI) -> None:
    first = client.chat.completions.create(model=MODEL, messages=ASK)
    assert client.chat.completions.create(model=MODEL, messages=ASK) == first


def test_the_asynchronous_client_gets_the_same(client: OpenAI, mock_server: Any) -> None:
    async def ask() -> tuple[Any, str]:
        async with AsyncOpenAI(base_url=mock_server.base_url, api_key="any") as client:
            whole = await client.chat.completions.create(model=MODEL, messages=ASK)
            stream = await client.chat.completions.create(model=MODEL, messages=ASK, stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
        return whole, "".join(pieces)

    whole, streamed = asyncio.run(ask())
    assert whole == client.chat.completions.create(model=MODEL, messages=ASK)
    assert streamed == content(whole)


def test_a_stream_folds_to_the_completion(client: OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=ASK)
    chunks = list(client.chat.completions.create(model=MODEL, messages=ASK, stream=True))
    assert {(chunk.id, chunk.created, chunk.model) for chunk in chunks} == {
        (whole.id, whole.created, whole.model)
    }
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == content(whole)
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    assert reasons == [None] * (len(chunks) - 1) + ["stop"]
    assert all(chunk.usage is None for chunk in chunks)


def test_the_stream_helper_sees_every_event_and_the_final_completion(client: OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=ASK)
    with client.chat.completions.stream(model=MODEL, messages=ASK) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= set(kinds)
    assert content(final) == content(whole)


def test_usage_comes_last_and_only_when_asked_for(client: OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=ASK)
    *chunks, last = client.chat.completions.create(
        model=MODEL, messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    assert last.choices == []
    assert last.usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks)


def test_parse_gives_an_instance_of_the_model(client: OpenAI) -> None:
    completion = client.chat.completions.parse(model=MODEL, messages=ASK, response_format=Answer)
    parsed = completion.choices[0].message.parsed
    assert isinstance(parsed, Answer)
    assert parsed == Answer.model_validate_json(content(completion))


def test_json_object_gives_an_object(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model=MODEL, messages=ASK, response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(content(completion)), dict)


def check_call(call: Any) -> None:
    assert call.type == "function"
    assert call.function.name == "get_weather"
    arguments = json.loads(call.function.arguments)
    assert set(arguments) == {"city", "unit"}
    assert isinstance(arguments["city"], str)
    assert arguments["unit"] in ("celsius", "fahrenheit")


def test_a_named_tool_is_called_with_arguments_that_conform(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model=MODEL,
        messages=ASK,
        tools=[WEATHER],
        tool_choice=NAMED,
    )
    choice = completion.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    for call in choice.message.tool_calls:
        check_call(call)


def test_none_calls_nothing(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model=MODEL, messages=ASK, tools=[WEATHER], tool_choice="none"
    )
    assert completion.choices[0].message.tool_calls is None
    assert content(completion)


def test_a_streamed_call_joins_to_the_same_arguments(client: OpenAI) -> None:
    asked: dict[str, Any] = {
        "model": MODEL, "messages": ASK, "tools": [WEATHER], "tool_choice": NAMED,
    }  # fmt: skip
    whole = client.chat.completions.create(**asked)
    with client.chat.completions.stream(**asked) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    calls, streamed = whole.choices[0].message.tool_calls, final.choices[0].message.tool_calls
    assert calls is not None
    assert streamed is not None
    assert [(call.id, call.function.arguments) for call in streamed] == [
        (call.id, call.function.arguments)  # type: ignore[union-attr]  # only functions were offered
        for call in calls
    ]


@pytest.mark.parametrize("choice", ["auto", NAMED], ids=["auto", "named"])
def test_an_agent_loop_ends(client: OpenAI, choice: Any) -> None:
    messages = list(ASK)
    calls = 0
    for _ in range(5):
        completion = client.chat.completions.create(
            model=MODEL,
            messages=messages,
            tools=[WEATHER],
            tool_choice=choice if calls == 0 else "auto",
        )
        message = completion.choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        if not message.tool_calls:
            break
        for call in message.tool_calls:
            calls += 1
            check_call(call)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": '{"degrees": 21}'})
    assert messages[-1]["role"] == "assistant"
    assert messages[-1]["content"]
    # a question that the offered tool answers is put to it, in either way
    assert calls >= 1


def test_n_choices_differ_and_are_numbered(client: OpenAI) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=ASK, n=3)
    assert [choice.index for choice in completion.choices] == [0, 1, 2]
    assert len({content(completion, index) for index in range(3)}) == 3


def test_a_stop_sequence_is_not_in_the_content(client: OpenAI) -> None:
    stopped = client.chat.completions.create(model=MODEL, messages=ASK, stop=[" ", "e"])
    assert stopped.choices[0].finish_reason == "stop"
    assert not set(" e") & set(content(stopped))


def test_max_tokens_bounds_the_answer(client: OpenAI) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=3)
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 3


def test_log_probabilities_come_as_asked(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model=MODEL, messages=ASK, max_tokens=5, logprobs=True, top_logprobs=2
    )
    logprobs = completion.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert len(logprobs.content) == 5
    assert all(len(token.top_logprobs) == 2 for token in logprobs.content)
    assert "".join(token.token for token in logprobs.content) == content(completion)


def test_a_broken_request_is_a_bad_request_that_says_where(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=ASK, temperature=99)
    assert caught.value.status_code == 400
    assert caught.value.param == "/temperature"
    assert "99" in caught.value.message
    assert caught.value.type == "invalid_request_error"
    assert caught.value.request_id is not None


def test_a_wrong_token_is_an_authentication_error(mock_servers: Callable[..., Any]) -> None:
    server = mock_servers(tokens=("right",))
    with OpenAI(base_url=server.base_url, api_key="right", max_retries=0) as client:
        assert content(client.chat.completions.create(model=MODEL, messages=ASK))
        with pytest.raises(openai.AuthenticationError) as caught:
            client.with_options(api_key="wrong").chat.completions.create(model=MODEL, messages=ASK)
    assert caught.value.status_code == 401
    assert "wrong" not in caught.value.message


def test_what_the_document_lacks_is_not_found(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model=MODEL, input="text")


def test_a_client_may_leave_a_stream_early(client: OpenAI) -> None:
    stream = client.chat.completions.create(model=MODEL, messages=ASK, stream=True)
    assert next(iter(stream)).choices[0].delta.role == "assistant"
    stream.close()
    assert content(client.chat.completions.create(model=MODEL, messages=ASK))
