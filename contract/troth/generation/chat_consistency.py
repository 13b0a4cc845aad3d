"""Whether the parts of a chat request agree with one another, and making them agree.

What a schema cannot say, and any server may insist on: a function that is named is offered, what
stands for a schema is one, a tool's result follows its call.  The parts are where the document's
`x-troth-completion` says; the words inside them are the chat dialect's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from troth.errors import TrothError
from troth.generation.chat_features import EMBEDDED, Chat
from troth.generation.source import Source
from troth.schema.proofs import satisfiability
from troth.schema.untrusted_schema import embedded

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADDRESS = ("https://", "http://", "data:image/")


def is_consistent(chat: Chat, body: Any) -> bool:
    """Whether a server that reads closely would take *body*, which its schema accepts."""
    if not isinstance(body, dict):
        return True
    tools = chat.get(body, "tools") or []
    names = [_function(tool).get("name") for tool in tools]
    choice = chat.get(body, "tool-choice")
    stop = chat.get(body, "stop") or []
    return (
        len(set(map(str, names))) == len(names)
        and all(isinstance(name, str) and _NAME.fullmatch(name) for name in names)
        and all(_is_schema(_function(tool).get("parameters")) for tool in tools)
        and (not isinstance(choice, dict) or _function(choice).get("name") in names)
        and (choice in (None, "none", "auto") or bool(tools))
        and _answerable(chat.get(body, "response-format"))
        and all(stop)
        and _follows(chat.get(body, "messages"))
    )


def _function(tool: Any) -> dict[str, Any]:
    function = tool.get("function") if isinstance(tool, dict) else None
    return function if isinstance(function, dict) else {}


def _is_schema(schema: Any) -> bool:
    if schema is None:
        return True
    try:
        compiled = embedded(schema)
    except TrothError:
        return False
    if satisfiability(compiled.schemas, compiled.pointer) == "no":
        return False  # there is no answer that would do
    return isinstance(schema, dict) and schema.get("type", "object") == "object"


def _answerable(wanted: Any) -> bool:
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return True
    holder = wanted.get("json_schema")
    if not isinstance(holder, dict) or not _NAME.fullmatch(str(holder.get("name", ""))):
        return False
    return isinstance(holder.get("schema"), dict) and _is_schema(holder["schema"])


def _follows(messages: Any) -> bool:
    if not isinstance(messages, list):
        return True
    waiting: set[str] = set()
    for message in messages:
        if not isinstance(message, dict):
            return True
        if message.get("role") == "tool":
            identifier = message.get("tool_call_id")
            if identifier not in waiting or not _says_something(message):
                return False
            waiting.discard(identifier)
            continue
        if waiting:
            return False
        calls = message.get("tool_calls") if message.get("role") == "assistant" else None
        if not calls and not _says_something(message):
            return False
        for call in calls or []:
            waiting.add(str(call.get("id")))
            if not call.get("id") or not _NAME.fullmatch(str(_function(call).get("name"))):
                return False
            if not _is_json(_function(call).get("arguments")):
                return False
        if len(waiting) != len(calls or []):
            return False
    return bool(messages) and not waiting


def _says_something(message: dict[str, Any]) -> bool:
    content = message.get("content")
    if isinstance(content, list):
        return bool(content) and all(_fetchable(part) for part in content)
    return bool(content)


def _fetchable(part: Any) -> bool:
    if not isinstance(part, dict):
        return False
    image = part.get("image_url")
    if isinstance(image, dict):
        address = str(image.get("url"))
        return address.startswith(_ADDRESS) and image.get("detail") in (None, "auto", "low", "high")
    return bool(part.get("text"))


def _is_json(text: Any) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, TypeError):
        return False


def made_consistent(chat: Chat, body: Any, source: Source) -> Any:
    """*body* with the values that depend on one another made to agree.

    A function that is named is offered, what stands for a schema is one, a tool's result follows
    its call.
    """
    if not isinstance(body, dict):
        return body
    tools = chat.get(body, "tools")
    if isinstance(tools, list) and tools:
        first = source.below(len(EMBEDDED))
        offered = [_consistent_tool(tool, first + index) for index, tool in enumerate(tools)]
        body = chat.set(body, "tools", offered)
    choice = chat.get(body, "tool-choice")
    if isinstance(choice, dict):
        body = _consistent_choice(chat, body, choice, source)
    wanted = chat.get(body, "response-format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        body = _consistent_format(chat, body, wanted, source)
    messages = chat.get(body, "messages")
    if isinstance(messages, list):
        body = chat.set(body, "messages", list(_consistent_messages(messages)))
    return body


def _consistent_tool(tool: Any, index: int) -> Any:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict):
        return tool
    name, schema, _ = EMBEDDED[index % len(EMBEDDED)]
    # No two functions share a name: a call says by name which one it means.
    name = name if index < len(EMBEDDED) else f"{name}_{index}"
    return {**tool, "function": {**function, "name": name, "parameters": schema}}


def _consistent_choice(chat: Chat, body: Any, choice: dict[str, Any], source: Source) -> Any:
    tools = chat.get(body, "tools")
    if not tools:
        return chat.forced(body, source)
    names = [tool["function"]["name"] for tool in tools if isinstance(tool.get("function"), dict)]
    if not names:
        return body
    return chat.set(body, "tool-choice", {**choice, "function": {"name": source.choice(names)}})


def _consistent_format(chat: Chat, body: Any, wanted: dict[str, Any], source: Source) -> Any:
    name, schema, _ = source.choice(EMBEDDED)
    holder = wanted.get("json_schema")
    holder = {**(holder if isinstance(holder, dict) else {}), "name": name, "schema": schema}
    return chat.set(body, "response-format", {**wanted, "json_schema": holder})


def _consistent_messages(messages: list[Any]) -> Iterator[Any]:
    """*messages*, each tool result after the call that it answers, and each call answered."""
    waiting: list[str] = []
    count = 0
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        if role == "tool" and not waiting:
            count += 1
            yield _call(f"call_{count:04}")
            waiting = [f"call_{count:04}"]
        if role == "tool":
            yield {**message, "tool_call_id": waiting.pop(0)}
            continue
        for identifier in waiting:
            yield {"role": "tool", "tool_call_id": identifier, "content": "ok"}
        waiting = []
        calls = message.get("tool_calls") if role == "assistant" else None
        if isinstance(calls, list) and calls:
            numbered = []
            for call in calls:
                count += 1
                waiting.append(f"call_{count:04}")
                numbered.append(_call(waiting[-1])["tool_calls"][0] | {"type": call["type"]})
            message = {**message, "tool_calls": numbered}
        elif isinstance(calls, list):
            message = {name: item for name, item in message.items() if name != "tool_calls"}
        yield message
    for identifier in waiting:
        yield {"role": "tool", "tool_call_id": identifier, "content": "ok"}


def _call(identifier: str) -> dict[str, Any]:
    name, _, instance = EMBEDDED[0]
    function = {"name": name, "arguments": json.dumps(instance)}
    call = {"id": identifier, "type": "function", "function": function}
    return {"role": "assistant", "tool_calls": [call]}
