"""The features of a chat completion's request, whose values depend on one another.

Switched on by the document's `x-troth-completion` (dialect `chat`), which says where each part of
a request is; only the dialect's own words (`role`, `tool_calls`, …) are known here.  A forced
function is one that is offered, usage is asked for in a stream, a tool's result follows its call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import groupby
from operator import itemgetter
from typing import Any

from troth import pointer as pointers
from troth.document.source import data_beside
from troth.document.vocabulary import RequestPart
from troth.generation.features import Build, Factor, Level
from troth.generation.locations import put
from troth.generation.source import Source
from troth.openapi.chat_completion import ChatCompletion

_SAMPLES: dict[str, Any] = data_beside(__file__, "chat_samples.yaml")
#: Tools that a caller may offer: the name, the JSON Schema of the parameters, and an instance.
EMBEDDED: tuple[tuple[str, dict[str, Any], Any], ...] = tuple(
    (tool["name"], tool["parameters"], tool["arguments"]) for tool in _SAMPLES["tools"]
)
_PROMPTS: tuple[str, ...] = tuple(_SAMPLES["prompts"])
_STOPS = (["\n"], [" the "], ["\n\n", "END"], ["zzzz"], [".", ",", "!", "?"])
# One transparent pixel: an image that nobody has to fetch.
_IMAGE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8"
    "AAAAASUVORK5CYII="
)


class Chat:
    """Where the parts of a chat request are, and the factors that vary them."""

    def __init__(self, completion: ChatCompletion) -> None:
        self.completion = completion

    def tokens(self, part: RequestPart) -> tuple[str, ...] | None:
        """Where *part* is, or None when the document does not say."""
        where = self.completion.request.get(part)
        return None if where is None else pointers.split(where)

    def covers(self, name: str) -> bool:
        """Whether the member *name* of the body belongs to one of the parts."""
        places = (*self.completion.request.values(), *self.completion.token_limits)
        return any(pointers.split(where)[:1] == (name,) for where in places)

    def set(self, body: Any, part: RequestPart, value: Any) -> Any:
        """*body* with *value* as its *part*; as it is when the document has no such part."""
        tokens = self.tokens(part)
        return body if tokens is None else put(body, tokens, deepcopy(value))

    def get(self, body: Any, part: RequestPart) -> Any:
        """The value of *part* in *body*, or None."""
        try:
            return pointers.resolve(body, self.completion.request[part])
        except (KeyError, ValueError):
            return None

    def plain(self, body: Any, *, text: str = _PROMPTS[0]) -> Any:
        """*body* with one short message, *text*."""
        return self.set(body, "messages", [_user(text)])

    def factors(self) -> Iterator[Factor]:
        """What can vary, each with its levels; those that the document has no place for are out."""
        rows = [row for row in self._levels() if self.tokens(row[1]) is not None]
        for factor, levels in groupby(rows, key=itemgetter(0)):
            yield Factor(factor, tuple(Level(name, build) for _, _, name, build in levels))
        yield Factor(
            "token limit",
            tuple(
                Level(f"{where} {count}", _setting(pointers.split(where), count))
                for where in self.completion.token_limits
                for count in (5, 1, 40)
            ),
        )

    def _levels(self) -> tuple[tuple[str, RequestPart, str, Build], ...]:
        """The levels, each behind its factor and the part that has to be there."""

        def drawn(part: RequestPart, draw: Callable[[Source], Any]) -> Build:
            return lambda body, source: self.set(body, part, draw(source))

        def instructed(role: str) -> Build:
            message = {"role": role, "content": "Answer briefly."}
            return lambda body, source: self._messages(body, [message], [])

        return (
            ("roles", "messages", "a system message", instructed("system")),
            ("roles", "messages", "a developer message", instructed("developer")),
            ("roles", "messages", "a dialogue", self._dialogue),
            ("content", "messages", "content parts", self._parts),
            ("content", "messages", "an image part", self._image),
            ("tools", "tools", "tools offered", self.offered),
            ("tools", "tools", "a forced tool", self.forced),
            ("tools", "tools", "tools and tool choice none", self._none),
            ("tools", "tools", "tools, one call at most", self._one_call),
            ("tools", "tools", "a tool's result", self._answered),
            ("response format", "response-format", "json_schema", self._json_schema),
            ("response format", "response-format", "json_object", self._json_object),
            ("response format", "response-format", "text", self._text),
            ("stop", "stop", "stop", drawn("stop", lambda source: source.choice(_STOPS))),
            ("choices", "choices", "two choices", drawn("choices", _two)),
            ("log probabilities", "logprobs", "logprobs", drawn("logprobs", lambda source: True)),
            ("log probabilities", "logprobs", "logprobs and top_logprobs", self._top_logprobs),
        )

    def _messages(self, body: Any, before: list[Any], after: list[Any]) -> Any:
        messages = self.get(body, "messages")
        messages = messages if isinstance(messages, list) else []
        return self.set(body, "messages", [*before, *messages, *after])

    def _dialogue(self, body: Any, source: Source) -> Any:
        answer = {"role": "assistant", "content": "Hello! How can I help you today?"}
        return self._messages(
            body,
            [_user(source.choice(_PROMPTS)), answer],
            [{**answer, "content": "Gladly."}, _user("Go on.")],
        )

    def _parts(self, body: Any, source: Source) -> Any:
        parts = [
            {"type": "text", "text": source.choice(_PROMPTS)},
            {"type": "text", "text": "Thanks."},
        ]
        return self._messages(body, [], [{"role": "user", "content": parts[: 1 + source.below(2)]}])

    def _image(self, body: Any, source: Source) -> Any:
        image = {"type": "image_url", "image_url": {"url": _IMAGE}}
        parts = [{"type": "text", "text": "What is this?"}, image]
        return self._messages(body, [], [{"role": "user", "content": parts}])

    def offered(self, body: Any, source: Source) -> Any:
        """*body* with one to three tools."""
        first = source.below(len(EMBEDDED))
        chosen = [EMBEDDED[(first + step) % len(EMBEDDED)] for step in range(1 + source.below(3))]
        tools = [
            {
                "type": "function",
                "function": {"name": name, "description": f"Call {name}.", "parameters": schema},
            }
            for name, schema, _ in chosen
        ]
        return self.set(body, "tools", tools)

    def forced(self, body: Any, source: Source) -> Any:
        """*body* with tools, one of which has to be called."""
        body = self.offered(body, source)
        tool = source.choice(self.get(body, "tools"))
        choice = {"type": "function", "function": {"name": tool["function"]["name"]}}
        return self.set(body, "tool-choice", choice)

    def _none(self, body: Any, source: Source) -> Any:
        return self.set(self.offered(body, source), "tool-choice", "none")

    def _one_call(self, body: Any, source: Source) -> Any:
        return self.set(self.offered(body, source), "parallel-tool-calls", False)

    def _answered(self, body: Any, source: Source) -> Any:
        body = self.offered(body, source)
        name = self.get(body, "tools")[0]["function"]["name"]
        arguments = next(instance for known, _, instance in EMBEDDED if known == name)
        call = {
            "id": "call_0001",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        result = {"role": "tool", "tool_call_id": "call_0001", "content": '{"ok": true}'}
        return self._messages(body, [], [{"role": "assistant", "tool_calls": [call]}, result])

    def _json_schema(self, body: Any, source: Source) -> Any:
        name, schema, _ = source.choice(EMBEDDED)
        wanted: dict[str, Any] = {"name": name, "schema": schema}
        if source.chance(50):
            wanted["strict"] = True
        return self.set(body, "response-format", {"type": "json_schema", "json_schema": wanted})

    def _text(self, body: Any, source: Source) -> Any:
        return self.set(body, "response-format", {"type": "text"})

    def _json_object(self, body: Any, source: Source) -> Any:
        body = self.set(body, "response-format", {"type": "json_object"})
        # Servers may ask for the word in the prompt before they turn the mode on.
        return self._messages(body, [], [_user("Answer with a JSON object.")])

    def _top_logprobs(self, body: Any, source: Source) -> Any:
        return self.set(self.set(body, "logprobs", True), "top-logprobs", _two(source))

    def with_usage(self, body: Any) -> Any:
        """*body* asking for the usage of a stream."""
        where = self.completion.request.get("include-usage")
        return body if where is None else pointers.put(body, where, True)


def _two(source: Source) -> int:
    return 2 + source.below(2)


def _setting(tokens: tuple[str, ...], value: Any) -> Any:
    return lambda body, source: put(body, tokens, value)


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}
