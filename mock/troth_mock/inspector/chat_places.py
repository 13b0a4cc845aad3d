"""Where the parts of a conversation stand in an operation's messages, for a client to talk to it.

`x-troth-completion` says it of bodies, `x-troth-assembly` of the chunks of a stream, and a request
that streams is found as a conformance run finds it: by `x-troth-when`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth import pointer
from troth.generation.requests import composition
from troth.openapi.operation import Operation
from troth_mock.chat.chunking import Chunker
from troth_mock.chat.members import Names, compile_members
from troth_mock.reply import framing

_PARTS = {
    "content": "content",
    "reasoning": "reasoning",
    "refusal": "refusal",
    "tool-calls": "tool_calls",
    "finish-reason": "finish_reason",
}


def chat_places(operation: Operation) -> dict[str, Any] | None:
    """A request to *operation*, and JSON Pointers to its parts and its answers'.

    None where the document marks it as no chat completion, or has no place for messages.
    """
    completion = operation.completion
    if completion is None or "messages" not in completion.request:
        return None
    made = composition(operation)
    if made is None:
        return None
    chunk = None if made.streamed is None else _chunk(operation)
    members = compile_members(completion)
    return {
        "whole": made.minimal,
        "streamed": None if chunk is None else made.streamed,
        "messages": completion.request["messages"],
        "model": completion.request.get("model"),
        "instructions": next(iter(completion.instructions), None),
        # what the dialect calls them
        "message": {"role": "/role", "content": "/content"},
        "answer": _places(members.response["choices"], members.choice),
        "chunk": chunk,
    }


def _chunk(operation: Operation) -> dict[str, str] | None:
    """The places in a chunk; None where no stream's chunks fold to choices by a key."""
    assert operation.completion is not None
    members = compile_members(operation.completion)
    for entry in operation.answer_types:
        if not entry.is_stream or entry.assembly is None:
            continue
        chunker = Chunker(entry.assembly, members, framing(entry))
        if "content" in chunker.parts.at:
            choices = chunker.locate(members.response["choices"])
            return _places(choices, chunker.parts.at)
    return None


def _places(choices: Names, parts: Mapping[str, Names]) -> dict[str, str]:
    named = {name: pointer.of(parts[part]) for part, name in _PARTS.items() if part in parts}
    return {"choices": pointer.of(choices), **named}
