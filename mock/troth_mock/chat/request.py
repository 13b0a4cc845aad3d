"""A chat request, read once, checked for what no schema can say, and capped.

The request is valid under the document when it gets here, but the document may say little: every
part is checked for its type again, and what makes no sense counts as absent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from troth.errors import TrothError
from troth.generation.values import Unsatisfiable, synthesize
from troth.schema.schema import Schema
from troth.schema.untrusted_schema import UnusableSchema, embedded
from troth.seed import Seed
from troth_mock.chat import text
from troth_mock.chat.members import ChatMembers

#: The most choices, alternatives per token, and offered tools that one request can have.
MOST_CHOICES = 128
MOST_TOP_LOGPROBS = 20
MOST_TOOLS = 1024

_MOST_WRITTEN = 20_000
_MOST_TRIES = 100
_NO_PARAMETERS: Any = {"type": "object", "properties": {}, "additionalProperties": False}


class Refused(TrothError):
    """The request cannot be answered; *param* is the pointer of the member that is to blame."""

    message: str
    param: str | None
    code: str = "invalid_value"

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that was offered: *at* is where in the request."""

    name: str
    description: str
    parameters: Any
    at: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What one request asks for.

    *force* is the name of the tool that must be called, "" for any; None leaves it to the rule.
    *format* is `text`, `json_object` or `json_schema` (then *schema* is compiled).
    *top_logprobs* is None where no logprobs are asked for.  *reasoning* is how many sentences of it
    there are before the answer.  One that *searches* the web has links to what it found; *system*
    is the text that says how to answer.
    """

    model: Any = None
    messages: Sequence[Any] = ()
    choices: int = 1
    limit: int | None = None
    stops: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    force: str | None = None
    parallel: bool = True
    format: str = "text"
    schema: Schema | None = None
    schema_at: str = ""
    top_logprobs: int | None = None
    service_tier: Any = None
    includes_usage: bool = False
    reasoning: int = 0
    searches: bool = False
    system: str = ""


def read_request(members: ChatMembers, body: Any) -> ChatRequest:
    """Read what *body* asks for.  Raises Refused."""
    get = members.request
    messages = get["messages"](body)
    messages = messages if type(messages) is list else ()
    system = system_text(messages, members.instructions)
    if type(body) is dict and members.extras.isdisjoint(body):
        return ChatRequest(
            get["model"](body), messages, reasoning=_reasoning(members, None), system=system
        )
    tools, force = _tools(members, body)
    kind, schema, schema_at = _format(members, get["response-format"](body))
    return ChatRequest(
        model=get["model"](body),
        messages=messages,
        choices=_choices(members, get["choices"](body)),
        limit=_limit(members, body),
        stops=_stops(get["stop"](body)),
        tools=tools,
        force=force,
        parallel=get["parallel-tool-calls"](body) is not False,
        format=kind,
        schema=schema,
        schema_at=schema_at,
        top_logprobs=_top_logprobs(members, body),
        service_tier=get["service-tier"](body),
        includes_usage=get["include-usage"](body) is True,
        reasoning=_reasoning(members, get["reasoning"](body)),
        searches=get["search"](body) not in (None, False),
        system=system,
    )


def whole(value: Any) -> int | None:
    """*value* as an integer; JSON Schema counts 1.0 as one, and true as none."""
    if type(value) is int:
        return value
    return int(value) if type(value) is float and value.is_integer() else None


_EFFORTS = {"none": 0, "minimal": 1, "low": 2, "medium": 4, "high": 8, "xhigh": 12}
_USUAL_EFFORT = 4


def _reasoning(members: ChatMembers, asked: Any) -> int:
    """How many sentences of reasoning are *asked* for; an effort of an unknown name is as usual."""
    if "reasoning" not in members.choice:
        return 0
    if asked is None or asked is False:
        return _USUAL_EFFORT if members.always_reasons else 0
    effort = asked.get("effort") if type(asked) is dict else asked
    return _EFFORTS.get(effort, _USUAL_EFFORT) if type(effort) is str else _USUAL_EFFORT


def _choices(members: ChatMembers, value: Any) -> int:
    if value is None:
        return 1
    count = whole(value)
    if count is None or not 1 <= count <= MOST_CHOICES:
        message = f"this server gives 1 to {MOST_CHOICES} choices, not {_show(value)}"
        raise Refused(message, members.pointers.get("choices"))
    return count


def _limit(members: ChatMembers, body: Any) -> int | None:
    limits: list[int] = []
    for at, get in members.token_limits:
        value = get(body)
        if value is None:
            continue
        limit = whole(value)
        if limit is None or limit < 1:
            raise Refused(f"a token limit is an integer of at least 1, not {_show(value)}", at)
        limits.append(limit)
    return min(limits) if limits else None


def _stops(value: Any) -> tuple[str, ...]:
    """The sequences that end the text; the empty one would end every text, and is left out."""
    if type(value) is str:
        return (value,) if value else ()
    if type(value) is list:
        return tuple(dict.fromkeys(stop for stop in value if type(stop) is str and stop))
    return ()


def _top_logprobs(members: ChatMembers, body: Any) -> int | None:
    top = members.request["top-logprobs"](body)
    count = 0 if top is None else whole(top)
    if count is None or not 0 <= count <= MOST_TOP_LOGPROBS:
        message = f"top_logprobs is an integer from 0 to {MOST_TOP_LOGPROBS}, not {_show(top)}"
        raise Refused(message, members.pointers.get("top-logprobs"))
    return count if members.request["logprobs"](body) is True else None


def _tools(members: ChatMembers, body: Any) -> tuple[tuple[Tool, ...], str | None]:
    """The tools that may be called, and what must be: see ChatRequest.force."""
    offered, choice = members.request["tools"](body), members.request["tool-choice"](body)
    if not offered and choice is None:
        return (), None
    base = members.pointers.get("tools", "/tools")
    tools = tuple(_offered(offered, base)) if type(offered) is list else ()
    at = members.pointers.get("tool-choice")
    if choice == "none":
        return (), None
    if choice == "required":
        if not tools:
            raise Refused("a tool call is required, and no tool is offered", at)
        return tools, ""
    name = _chosen(choice)
    if name is None:
        return tools, None
    if not any(tool.name == name for tool in tools):
        known = ", ".join(repr(tool.name[:64]) for tool in tools[:8]) or "none"
        message = f"the tool {name[:64]!r} is to be called, and is not offered; offered: {known}"
        raise Refused(message, at, "unknown_tool")
    return tools, name


def _offered(offered: list[Any], base: str) -> Iterator[Tool]:
    if len(offered) > MOST_TOOLS:
        raise Refused(f"at most {MOST_TOOLS} tools can be offered, not {len(offered)}", base)
    for index, raw in enumerate(offered):
        function = raw.get("function") if type(raw) is dict else None
        if type(function) is not dict or type(function.get("name")) is not str:
            continue  # a tool of a kind that we cannot call
        description = function.get("description")
        parameters = function.get("parameters")
        yield Tool(
            function["name"],
            description if type(description) is str else "",
            _NO_PARAMETERS if parameters is None else parameters,
            f"{base}/{index}/function/parameters",
        )


def _chosen(choice: Any) -> str | None:
    function = choice.get("function") if type(choice) is dict else None
    name = function.get("name") if type(function) is dict else None
    return name if type(name) is str else None


def _format(members: ChatMembers, value: Any) -> tuple[str, Schema | None, str]:
    if type(value) is not dict:
        return "text", None, ""
    kind = value.get("type")
    if kind == "json_object":
        return "json_object", None, ""
    if kind != "json_schema":
        return "text", None, ""
    at = members.pointers.get("response-format", "/response_format") + "/json_schema"
    holder = value.get("json_schema")
    if type(holder) is not dict:
        raise Refused("response_format json_schema comes with a json_schema", at)
    if "schema" not in holder:
        return "json_object", None, ""
    at += "/schema"
    return "json_schema", usable(holder["schema"], at, "the response format"), at


def usable(schema: Any, at: str, owner: str) -> Schema:
    """Compile a schema that came with the request.  Raises Refused."""
    try:
        return embedded(schema)
    except UnusableSchema as fault:
        message = f"the schema of {owner} cannot be used: {fault.sentence}"
        raise Refused(message, at + fault.pointer, fault.reason.replace("-", "_")) from None


def instance(schema: Schema, seed: Seed, *, at: str, owner: str) -> Any:
    """Draw an instance of a schema that came with the request.  Raises Refused."""
    try:
        return synthesize(schema, seed=seed)
    except Unsatisfiable as fault:
        message = f"the schema of {owner} cannot be met: {fault.reason}"
        raise Refused(message, at, "unsatisfiable_schema") from None


def last_user_text(messages: Sequence[Any]) -> str:
    """The text of the last message of a user, or of the last message when none is a user's."""
    for message in reversed(messages):
        if type(message) is dict and message.get("role") == "user":
            return text.text_of(message.get("content"))
    last = messages[-1] if messages else None
    return text.text_of(last.get("content")) if type(last) is dict else ""


def system_text(messages: Sequence[Any], roles: Sequence[str]) -> str:
    """The text of a message of one of *roles* that *messages* begin with, or nothing."""
    first = messages[0] if messages else None
    if type(first) is dict and first.get("role") in roles:
        return text.text_of(first.get("content"))
    return ""


def written_object(said: str, seed: Seed) -> Any:
    """An instance of the last JSON Schema of an object that stands in a text; None: there is none.

    Clients write it there for models that take none beside it.
    """
    said = said[:_MOST_WRITTEN]
    if "schema" not in said.lower():
        return None
    found, place, tries = None, said.find("{"), 0
    while place >= 0 and tries < _MOST_TRIES:
        tries += 1
        end = place + 1
        with suppress(ValueError, RecursionError):
            value, end = json.JSONDecoder().raw_decode(said, place)
            found = value if type(value.get("properties")) is dict else found
        place = said.find("{", end)
    if found is None:
        return None
    with suppress(UnusableSchema, Unsatisfiable):
        made = synthesize(embedded({**found, "type": "object"}), seed=seed)
        return made if type(made) is dict else None
    return None


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
