"""Cutting a completion: what is spliced is what would have been written chunk by chunk."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundled import CONTRACT
from troth.openapi.stream_assembly import fold
from troth.seed import Seed
from troth_mock.chat.chunking import Chunker
from troth_mock.chat.completion import Completions
from troth_mock.chat.members import compile_members
from troth_mock.chat.request import read_request
from troth_mock.reply import framing

OPERATION = CONTRACT.operation("POST /v1/chat/completions")
DECLARED = OPERATION.response(200)
assert DECLARED is not None
assert OPERATION.completion is not None
DIALECT = compile_members(OPERATION.completion)
WHOLE, EVENTS = DECLARED.media_type("application/json"), DECLARED.media_type("text/event-stream")
assert WHOLE is not None
assert EVENTS is not None
assert EVENTS.assembly is not None
COMPLETIONS = Completions(DIALECT, WHOLE.schema, digest="0")
FRAMING = framing(EVENTS)
CUTTER = Chunker(EVENTS.assembly, DIALECT, FRAMING)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def body_of(*contents: str | None, usage: bool = True) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": 'm"\\ark',
        "choices": [
            {
                "index": index,
                "message": {"role": "assistant", "content": said},
                "finish_reason": "stop",
            }
            for index, said in enumerate(contents)
        ],
    }
    if usage:
        body["usage"] = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    return body


@given(TEXTS, st.integers(1, 3), st.booleans(), st.binary(min_size=4, max_size=4))
def test_spliced_frames_are_those_of_the_chunks_one_by_one(question, n, usage, seed):
    asked = read_request(
        DIALECT, {"model": 'm"\n', "messages": [{"role": "user", "content": question}], "n": n}
    )
    completed = COMPLETIONS.complete(asked, Seed.of(seed), created=1)
    stream = CUTTER.stream(completed, includes_usage=usage)
    chunks = CUTTER.cut(completed.body, includes_usage=usage)
    assert list(stream.frames) == [*map(FRAMING.frame, chunks), b"data: [DONE]\n\n"]
    assert len(stream.frames) == len(stream.tokens)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_the_chunks_of_any_text_fold_to_its_body(contents):
    body = body_of(*contents)
    assert fold(EVENTS.assembly, CUTTER.cut(body, includes_usage=True)) == body


def test_a_body_is_left_as_it_was():
    body = body_of("Hello, world", "Bye")
    before = json.dumps(body)
    CUTTER.cut(body)
    assert json.dumps(body) == before


def test_choices_take_turns():
    chunks = CUTTER.cut(body_of("a b c", "d"))
    turns = [chunk["choices"][0]["index"] for chunk in chunks]
    assert turns == [0, 1, 0, 1, 0, 1, 0, 0]


def test_the_usage_is_a_chunk_of_its_own_and_null_in_the_others():
    *others, last = CUTTER.cut(body_of("Hello"), includes_usage=True)
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 3)
    assert [chunk["usage"] for chunk in others] == [None] * 3
    assert not any("usage" in chunk for chunk in CUTTER.cut(body_of("Hello")))


def test_no_choice_still_is_a_stream():
    assert CUTTER.cut(body_of()) == []
    (chunk,) = CUTTER.cut(body_of(), includes_usage=True)
    assert chunk["choices"] == []


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([["Hel", "lo"]], ["", "Hel", "lo", None]),
        ([["no"]], ["", "Hello", None]),
        ([], ["", "Hello", None]),
    ],
)
def test_pieces_that_do_not_join_to_the_text_are_not_taken(pieces, said):
    chunks = CUTTER.cut(body_of("Hello"), pieces=pieces)
    assert [chunk["choices"][0]["delta"].get("content") for chunk in chunks] == said
