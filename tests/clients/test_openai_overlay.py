"""What OpenAI's clients send beyond the bundled document, with `--overlay openai`."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pydantic
import pytest
from openai import OpenAI

import troth
from troth import loading
from troth.document import overlay
from troth.http.exchange import Exchange, Request, Response
from troth.lint import lint
from troth.testing import run
from troth_mock.responding.responder import Responder

MODEL = "gpt-4o"
ASK: list[Any] = [{"role": "user", "content": "What is the weather like in Lisbon today?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
SCRIPT = Path(__file__).with_name("openai_overlay.mjs")
NODE = shutil.which("node")
PACKAGES = ("openai", "ai", "@ai-sdk/openai", "@ai-sdk/openai-compatible")
#: What the script asks, and what comes of it.
ASKED = {
    "models": True,
    "model": "model",
    "embeddings": [1536, 1536],
    "stop": False,
    "required": "tool_calls",
    "reasoning": True,
    "both limits": 400,
    "SDK required": ["tool-calls", "weather", "string"],
    "SDK stream": True,
    "SDK object": "string",
    "SDK reasoning": [True, True],
    "SDK embeddings": [64, 64],
}


SCENARIOS = """
scenarios:
  - when: {user: forbidden}
    answer: {refusal: "I am sorry, I cannot help with that."}
  - when: {user: cited}
    answer:
      text: Cited.
      annotations:
        - type: url_citation
          url_citation: {url: "https://example.com/a", title: A, start_index: 0, end_index: 5}
"""


@pytest.fixture(scope="module")
def server(mock_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    scenarios = tmp_path_factory.mktemp("scenarios") / "openai.yaml"
    scenarios.write_text(SCENARIOS)
    return mock_servers(overlays=["openai"], scenario=scenarios)


def said(client: OpenAI, text: str, **members: Any) -> tuple[Any, list[Any]]:
    """The message that answers *text*, and the deltas of the stream that does."""
    asked: Any = {"model": MODEL, "messages": [{"role": "user", "content": text}], **members}
    whole = client.chat.completions.create(**asked).choices[0].message
    chunks = client.chat.completions.create(**asked, stream=True)
    return whole, [chunk.choices[0].delta for chunk in chunks]


@pytest.fixture(scope="module")
def client(server: Any) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as made:
        yield made


def test_models_are_listed_and_retrieved(client: OpenAI) -> None:
    models = client.models.list().data
    assert MODEL in [model.id for model in models]
    assert all(client.models.retrieve(model.id) == model for model in models)
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_texts_get_unit_vectors_of_the_asked_size(client: OpenAI) -> None:
    # the client asks for base64, and undoes it
    answer = client.embeddings.create(model="m", input=["a cat", "a dog", "a cat"], dimensions=256)
    vectors = [item.embedding for item in answer.data]
    assert [len(vector) for vector in vectors] == [256] * 3
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1] * 3, abs=1e-5)
    assert vectors[0] == vectors[2] != vectors[1]
    plain = client.embeddings.create(
        model="m", input="a cat", dimensions=256, encoding_format="float"
    )
    assert plain.data[0].embedding == pytest.approx(vectors[0], abs=1e-6)


def test_vectors_conform_to_the_document_and_its_laws() -> None:
    contract = troth.load(overlays=loading.with_bundled_overlays(None, ["openai"]))
    responder = Responder(contract)
    fields = (("Content-Type", "application/json"), ("Authorization", "Bearer any"))
    for members in ({}, {"dimensions": 256}, {"encoding_format": "base64"}):
        for given in ("one", ["one", "two", "three"], [1, 2, 3], [[1, 2], [3]]):
            body = json.dumps({"model": "m", "input": given, **members}).encode()
            request = Request("POST", "/v1/embeddings", fields, body)
            reply = responder.respond(request, now=0)
            response = Response(reply.status, reply.fields, reply.body or b"")
            assert contract.validate(Exchange(request, response)) == ()


def test_a_stop_sequence_may_be_a_string(client: OpenAI) -> None:
    answer = client.chat.completions.create(model=MODEL, messages=ASK, stop="e")
    assert "e" not in (answer.choices[0].message.content or "")


def test_a_tool_may_be_required(client: OpenAI) -> None:
    asked: Any = [{"role": "user", "content": "Tell me a joke."}]
    answer = client.chat.completions.create(
        model=MODEL, messages=asked, tools=[WEATHER], tool_choice="required"
    )
    assert answer.choices[0].finish_reason == "tool_calls"


def test_reasoning_is_asked_for_and_streamed_before_the_answer(client: OpenAI) -> None:
    chunks = client.chat.completions.create(
        model=MODEL, messages=ASK, reasoning_effort="low", stream=True
    )
    deltas = [chunk.choices[0].delta for chunk in chunks]
    thinks = [getattr(delta, "reasoning_content", None) is not None for delta in deltas]
    speaks = [bool(delta.content) for delta in deltas]
    assert thinks.index(True) < speaks.index(True)
    assert not any(one and other for one, other in zip(thinks, speaks, strict=True))


@pytest.mark.parametrize(
    "text", ["What is new in Lisbon?", "Give me links on Lisbon", "In a word?"]
)
def test_what_a_search_found_is_cited(client: OpenAI, text: str) -> None:
    message, deltas = said(client, text, web_search_options={})
    assert message.annotations
    for one in message.annotations:
        cited = one.url_citation
        link = message.content[cited.start_index : cited.end_index]
        assert cited.title in link
        assert f"]({cited.url}" in link
    told = [delta.annotations for delta in deltas if getattr(delta, "annotations", None)]
    assert told == [[one.to_dict() for one in message.annotations]]
    # the text is there by then
    assert "".join(delta.content or "" for delta in deltas) == message.content
    assert deltas[-2].annotations


def test_what_has_no_links_has_no_annotations(client: OpenAI) -> None:
    message, deltas = said(client, "In a word?")
    assert message.annotations is None
    assert not any(hasattr(delta, "annotations") for delta in deltas)


def test_a_scenario_says_what_is_cited(client: OpenAI) -> None:
    message, _ = said(client, "cited, please")
    assert [one.url_citation.title for one in message.annotations] == ["A"]


def test_a_refusal_has_no_content_and_comes_in_pieces(client: OpenAI) -> None:
    message, deltas = said(client, "something forbidden")
    assert message.content is None
    assert message.refusal == "I am sorry, I cannot help with that."
    pieces = [delta.refusal for delta in deltas if delta.refusal]
    assert "".join(pieces) == message.refusal
    assert len(pieces) > 5
    assert not any(delta.content for delta in deltas)


def test_a_refusal_is_what_a_typed_answer_may_be(client: OpenAI) -> None:
    asked: Any = [{"role": "user", "content": "something forbidden"}]
    answer = client.chat.completions.parse(model=MODEL, messages=asked, response_format=Place)
    assert answer.choices[0].message.parsed is None
    assert answer.choices[0].message.refusal


def test_two_limits_at_once_are_refused(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(
            model=MODEL, messages=ASK, max_tokens=4, max_completion_tokens=4
        )


def test_too_many_requests_say_when_to_come_again(client: OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        client.models.list(extra_headers={"Prefer": "code=429"})
    fields = caught.value.response.headers
    assert fields["retry-after"] == "1"
    assert fields["x-ratelimit-limit-requests"] == "60"
    assert fields["x-ratelimit-reset-tokens"] == "6m0s"


def test_the_contract_has_no_finding_of_lint() -> None:
    chosen = loading.with_bundled_overlays(None, ["openai"])
    _, effective = loading.read(overlays=chosen)
    assert [each for each in lint(effective) if each.severity != "info"] == []


def test_its_own_mock_keeps_what_it_promises(server: Any) -> None:
    # other tests hold chats to their document; a run asks for a thousand vectors at once, which
    # takes a minute to judge
    left_out = ["POST /v1/chat/completions", "POST /v1/embeddings"]
    outcome = run(server.url, overlay=["openai"], max_requests=80, exclude=left_out)
    assert outcome.findings == ()


def test_every_action_says_why() -> None:
    actions = overlay.read(loading.shipped_overlays()["openai"]).actions
    assert len(actions) > 10
    assert [each.target for each in actions if len(each.description) < 30] == []


class Place(pydantic.BaseModel):
    """What a typed answer is to be."""

    city: str


def is_there() -> bool:
    if NODE is None:
        return False
    asked = [NODE, "-e", ";".join(f"require('{name}')" for name in PACKAGES)]
    return subprocess.run(asked, cwd=SCRIPT.parent, capture_output=True).returncode == 0


def test_the_clients_of_npm_find_what_they_expect(server: Any) -> None:
    if not is_there():
        pytest.skip(f"not installed: npm install {' '.join(PACKAGES)}, and NODE_PATH to them")
    said = subprocess.run(
        [str(NODE), str(SCRIPT), server.base_url], capture_output=True, text=True, timeout=60
    )
    assert said.returncode == 0, said.stderr
    assert dict(json.loads(line) for line in said.stdout.splitlines()) == ASKED
