"""Compiled responders: to the byte what `respond` answers, or nothing at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import troth
from bundled import CONTRACT
from troth import loading
from troth.document import document
from troth.http.exchange import Request
from troth.openapi import reader
from troth.openapi.contract import Contract
from troth_mock.responding.compiled_responder import CompiledResponse
from troth_mock.responding.responder import Responder

PATH = "/v1/chat/completions"
FIELDS = (("Content-Type", "application/json"), ("Authorization", "Bearer one"))
RESPONDERS = {clock: Responder(CONTRACT, clock=clock) for clock in ("fixed", "wall")}
HELLO = [{"role": "user", "content": "Tell me of sailing."}]

TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "hello",
            "What is C++?",
            "Answer in one sentence, in German.",
            "as JSON with keys a and b",
            "a 100% %(id)b",
            "Erzähl von der Nordsee",
            "x" * 90,
            "\ud83d\ude00",
        ]
    ),
    st.lists(
        st.sampled_from(
            ["the", "sea", "of", "Trees", "it's", "a-b", "12345", "internationalization"]
        )
    ).map(" ".join),
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "developer"]), "content": TEXTS}
    ),
    max_size=3,
).flatmap(lambda before: TEXTS.map(lambda said: [*before, {"role": "user", "content": said}]))
BODIES = st.fixed_dictionaries(
    {"model": st.sampled_from(["m", "a/b", 'q"%d\\', "Ä"]), "messages": MESSAGES},
    optional={
        "stream": st.sampled_from([True, False, None]),
        "stream_options": st.sampled_from(
            [{"include_usage": True}, {"include_usage": False}, None]
        ),
        "max_tokens": st.sampled_from([1, 3, 40, 500, None]),
        "max_completion_tokens": st.sampled_from([2, 5, 60, 7.0]),
        "temperature": st.sampled_from([0, 0.5, 1.0]),
    },
)


def asked(body: bytes, fields: tuple[tuple[str, str], ...] = FIELDS) -> Request:
    return Request("POST", PATH, fields, body)


def said(
    body: Any, responder: Responder = RESPONDERS["fixed"], *, now: int = 7
) -> CompiledResponse | None:
    answer = responder.compiled(asked(b""))
    assert answer is not None
    return answer(body if isinstance(body, bytes) else json.dumps(body).encode(), now)


def answered(
    body: Any, responder: Responder = RESPONDERS["fixed"], *, now: int = 7
) -> CompiledResponse:
    """What `respond` answers, laid out as a compiled responder's."""
    reply = responder.respond(asked(json.dumps(body).encode()), now=now)
    content = reply.body if reply.stream is None else b"".join(reply.stream.frames)
    return CompiledResponse(reply.status, reply.fields, content or b"", reply.stream is not None)


@settings(max_examples=150)
@given(BODIES, st.sampled_from(["fixed", "wall"]), st.integers(0, 2**31 - 1))
def test_what_is_compiled_is_what_respond_answers(body: Any, clock: str, now: int) -> None:
    responder = RESPONDERS[clock]
    found = said(body, responder, now=now)
    assert found is None or found == answered(body, responder, now=now)


def test_links_that_are_annotated_are_left_to_respond() -> None:
    responder = Responder(troth.load(overlays=loading.with_bundled_overlays(None, ["openai"])))
    is_said = []
    for text in ("Tell me of sailing.", "hello", "give me links on sailing"):
        body = {"model": "m", "messages": [{"role": "user", "content": text}]}
        found, whole = said(body, responder), answered(body, responder)
        assert found in (None, whole)
        is_said.append(found is not None)
        assert (b"annotations" in whole.content) == (b"](http" in whole.content)
    assert is_said == [True, True, False]


@settings(max_examples=40)
@given(BODIES)
def test_every_plain_request_is_compiled(body: Any) -> None:
    # JSON Schema takes 7.0 for an integer, and the way for all requests reads it as one
    plain = body.get("max_completion_tokens") != 7.0 and answered(body).status == 200
    assert (said(body) is not None) == plain


@pytest.mark.parametrize("stream", [False, True])
def test_a_limit_that_the_text_just_reaches_ends_it_as_respond_ends_it(stream: bool) -> None:
    body = {"model": "m", "messages": HELLO}
    whole = json.loads(answered(body).content)
    size, text = whole["usage"]["completion_tokens"], whole["choices"][0]["message"]["content"]
    for limit, finish in ((size - 1, "length"), (size, "length"), (size + 1, "stop")):
        limited = {**body, "max_tokens": limit}
        choice = json.loads(answered(limited).content)["choices"][0]
        assert (choice["message"]["content"] == text) == (limit >= size)
        assert choice["finish_reason"] == finish
        assert said({**limited, "stream": stream}) == answered({**limited, "stream": stream})


@pytest.mark.parametrize(
    "members",
    [
        {"n": 2},
        {"stop": "a"},
        {"tools": []},
        {"logprobs": True},
        {"response_format": {"type": "json_object"}},
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "hello"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]},
        {"model": 5},
        {"max_tokens": 0},
    ],
    ids=lambda members: json.dumps(members),
)
def test_what_asks_for_more_or_is_wrong_is_left(members: dict[str, Any]) -> None:
    assert said({"model": "m", "messages": HELLO, **members}) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model":"m","model":"m","messages":[]}'])
def test_what_is_no_request_is_left(body: bytes) -> None:
    assert said(body) is None


@pytest.mark.parametrize(
    ("dropped", "added"),
    [
        ("Authorization", ()),
        ("Authorization", (("Authorization", "Basic eDp5"),)),
        ("Content-Type", ()),
        ("Content-Type", (("Content-Type", "text/plain"),)),
        ("", (("Content-Type", "application/json"),)),
        ("", (("Prefer", "code=400"),)),
    ],
)
def test_a_head_that_is_not_plain_is_not_compiled(
    dropped: str, added: tuple[tuple[str, str], ...]
) -> None:
    fields = tuple(field for field in FIELDS if field[0] != dropped) + added
    assert RESPONDERS["fixed"].compiled(asked(b"", fields)) is None


@pytest.mark.parametrize("target", ["/v1/models", "/v1/chat/completions?a=b", "/nowhere"])
def test_what_is_no_chat_is_not_compiled(target: str) -> None:
    assert RESPONDERS["fixed"].compiled(Request("POST", target, FIELDS)) is None


@pytest.mark.parametrize("accept", ["text/csv", "text/event-stream", "*/*"])
@pytest.mark.parametrize("has_conditions", [True, False])
def test_accept_says_what_it_says_everywhere(accept: str, has_conditions: bool) -> None:
    responder = RESPONDERS["fixed"]
    if not has_conditions:
        responder = Responder(edited(lambda schemas: None, conditions=False))
    fields = (*FIELDS, ("Accept", accept))
    answer = responder.compiled(asked(b"", fields))
    assert answer is not None
    for stream in (False, True):
        body = {"model": "m", "messages": HELLO, "stream": stream}
        reply = responder.respond(asked(json.dumps(body).encode(), fields), now=7)
        found = answer(json.dumps(body).encode(), 7)
        assert (found is None) == (reply.status == 406)
        assert found is None or found.fields == reply.fields


def edited(change: Callable[[Any], None], *, conditions: bool = True) -> Contract:
    """The bundled contract, its schemas changed by *change*; or with Accept alone to choose by."""
    root = copy.deepcopy(CONTRACT.document.root)
    change(root["components"]["schemas"])
    if not conditions:
        for entry in root["paths"][PATH]["post"]["responses"]["200"]["content"].values():
            entry.pop("x-troth-when", None)
    return reader.compile(document.read(json.dumps(root).encode(), name="edited.json"))


def _long_content(schemas: dict[str, Any]) -> None:
    schemas["ChatCompletionResponseMessage"]["properties"]["content"]["minLength"] = 5


def _short_id(schemas: dict[str, Any]) -> None:
    schemas["ChatCompletionResponse"]["properties"]["id"]["maxLength"] = 20


def _few_tokens(schemas: dict[str, Any]) -> None:
    schemas["CompletionUsage"]["properties"]["total_tokens"]["maximum"] = 100


def _early(schemas: dict[str, Any]) -> None:
    schemas["ChatCompletionChunk"]["properties"]["created"]["minimum"] = 1_000_000_000


def _narrow(schemas: dict[str, Any]) -> None:
    schemas["ChatCompletionResponse"]["not"] = {"properties": {"id": {"pattern": "0$"}}}


@pytest.mark.parametrize("change", [_long_content, _short_id, _few_tokens, _early, _narrow])
def test_a_document_that_asks_more_of_a_hole_gets_no_template_there(
    change: Callable[[Any], None],
) -> None:
    responder = Responder(edited(change))
    bodies = [{"model": "m", "messages": HELLO, "stream": stream} for stream in (False, True)]
    found = [said(body, responder) for body in bodies]
    assert None in found
    for body, what in zip(bodies, found, strict=True):
        assert what is None or what == answered(body, responder)


def test_another_member_that_is_required_stands_in_compiled_answers() -> None:
    def change(schemas: dict[str, Any]) -> None:
        schemas["ChatCompletionResponse"]["required"].append("region")
        schemas["ChatCompletionResponse"]["properties"]["region"] = {"const": "100% north"}

    responder = Responder(edited(change))
    body = {"model": "m", "messages": HELLO}
    found = said(body, responder)
    assert found == answered(body, responder)
    assert found is not None
    assert json.loads(found.content)["region"] == "100% north"
