"""Tool calls: whether one is due, of which tools, with which arguments.

The rule.  A named choice is always called; `required` calls a tool always.  With `auto`, or
without a choice, a tool is called when the last message is a user's and shares a word with the
tool's name or description (words of three letters or more; `get_weather` has two).  All tools
whose name shares one are called, at most four; if none does, the one whose description shares
most; one only where parallel calls are switched off.  When a tool's result came after the last
user message the answer is final, so that agent loops end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from troth.http import json_text
from troth.seed import Seed
from troth_mock.chat import text
from troth_mock.chat.corpus import STOP_WORDS
from troth_mock.chat.request import ChatRequest, Tool, instance, last_user_text, usable
from troth_mock.chat.tokens import tokens

MOST_CALLS = 4

_WORD = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}|[^\W\d_a-zA-Z]{2,}")


@dataclass(frozen=True, slots=True)
class Call:
    """A call: *pieces* are the tokens of the JSON text of its arguments."""

    id: str
    name: str
    pieces: list[str]

    @property
    def value(self) -> dict[str, Any]:
        """The call as it stands in a message."""
        arguments = "".join(self.pieces)
        return {
            "id": self.id,
            "type": "function",
            "function": {"name": self.name, "arguments": arguments},
        }


def due_tools(request: ChatRequest) -> tuple[Tool, ...]:
    """The tools that the answer to *request* calls; none: it is a text."""
    if not request.tools:
        return ()
    if request.force:
        return tuple(tool for tool in request.tools if tool.name == request.force)[:1]
    question = last_user_text(request.messages)
    if request.force is None and not _is_users_turn(request.messages):
        return ()
    tools = _matching(request.tools, question)
    if not tools and request.force == "":
        tools = request.tools[:1]
    return tools if request.parallel else tools[:1]


def call_tools(
    tools: Sequence[Tool], seed: Seed, *, subject: str = "", limit: int | None = None
) -> tuple[list[Call], bool]:
    """Call each of *tools*; the flag says that *limit*, in tokens of the arguments, was reached.

    *subject* is what the question names; an argument takes it up where it may.  Raises Refused
    for parameters that cannot be used or met.
    """
    calls: list[Call] = []
    for index, tool in enumerate(tools):
        owner = f"the tool {tool.name[:64]!r}"
        part = seed.child("call", index)
        schema = usable(tool.parameters, tool.at, owner)
        arguments = instance(schema, part, at=tool.at, owner=owner)
        if subject:
            arguments = _with_subject(subject, arguments, tool.parameters, schema.is_valid)
        pieces = tokens(json_text.encode(arguments).decode())
        identity = f"call_{part.key.hex()[:24]}"
        if limit is not None:
            if len(pieces) >= limit:
                return [*calls, Call(identity, tool.name, pieces[:limit])], True
            limit -= len(pieces)
        calls.append(Call(identity, tool.name, pieces))
    return calls, False


def _with_subject(
    subject: str, arguments: Any, parameters: Any, is_valid: Callable[[Any], bool]
) -> Any:
    """*arguments* with *subject* as the first required string that can take it."""
    required = parameters.get("required") if type(parameters) is dict else None
    if type(arguments) is not dict or type(required) is not list:
        return arguments
    for name in required:
        if type(name) is str and type(arguments.get(name)) is str:
            changed = {**arguments, name: subject}
            if is_valid(changed):
                return changed
    return arguments


def tool_results(messages: Sequence[Any]) -> list[tuple[str, str]]:
    """The results of tools that came after the last user message: each tool's name and text."""
    results: list[tuple[str, str]] = []
    names: dict[Any, str] = {}
    start = next(
        (at for at in range(len(messages) - 1, -1, -1) if _role(messages[at]) == "user"), -1
    )
    for message in messages[start + 1 :]:
        role = _role(message)
        if role == "assistant":
            names.update(_names(message.get("tool_calls")))
        elif role in ("tool", "function"):
            key, name = message.get("tool_call_id"), message.get("name")
            known = names.get(key, "") if type(key) is str else ""
            results.append(
                (known or (name if type(name) is str else ""), text.text_of(message.get("content")))
            )
    return results


def _names(raw: Any) -> dict[str, str]:
    names = {}
    for call in raw if type(raw) is list else ():
        function = call.get("function") if type(call) is dict else None
        name = function.get("name") if type(function) is dict else None
        if type(name) is str and type(call.get("id")) is str:
            names[call["id"]] = name
    return names


def _is_users_turn(messages: Sequence[Any]) -> bool:
    return bool(messages) and _role(messages[-1]) == "user"


def _role(message: Any) -> Any:
    return message.get("role") if type(message) is dict else None


def _matching(tools: Sequence[Tool], question: str) -> tuple[Tool, ...]:
    words = set(text.words_of(question))
    by_name = [tool for tool in tools if words & _words(tool.name)]
    if by_name:
        return tuple(by_name[:MOST_CALLS])
    scored = [(len(words & _words(tool.description)), tool) for tool in tools]
    best = max(scored, key=lambda pair: pair[0])
    return (best[1],) if best[0] else ()


def _words(text: str) -> set[str]:
    words = {word.lower() for word in _WORD.findall(text[:2000])}
    return {word for word in words if len(word) > 2 and word not in STOP_WORDS}
