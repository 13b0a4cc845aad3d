"""A correct chat-completions server that is not the mock, in several manners, all of them legal.

Written from the document alone.  A fault (see faults.py) overrides one of its steps; without one
it must never be accused.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from servers.wire import Answer, Asked

TOKEN = "good-token"
PATH = "/v1/chat/completions"
_TEXT = """the harbour keeps its lights on while slow boats come home and every rope is tied twice
because the wind may turn before morning so the keeper writes down what he saw and waits"""
_WORDS = _TEXT.split()


@dataclass(frozen=True)
class Manner:
    """A legal way to behave: how frames are written, what extras there are, how strict it is."""

    newline: str = "\n"
    comments: bool = False
    split: int = 0
    extras: bool = False
    space: bool = True
    echo_seedless: bool = True
    usage_always_null: bool = True


@dataclass
class Completion:
    """One finished completion, before it is written as a body or as chunks."""

    id: str
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any]
    pieces: list[list[str]] = field(default_factory=list)


class Refusal(Exception):
    """The request is refused with this status."""

    def __init__(self, status: int, message: str, **fields: str) -> None:
        super().__init__(message)
        self.status = status
        self.fields = fields


class Chat:
    """The correct server.  *schema* is the request schema that it enforces, with its root."""

    def __init__(self, root: dict[str, Any], *, manner: Manner | None = None) -> None:
        self.manner = manner or Manner()
        registry = jsonschema_rs.Registry([("urn:document", root)])
        pointer = "/components/schemas/CreateChatCompletionRequest"
        self._request = jsonschema_rs.Draft202012Validator(
            {"$ref": f"urn:document#{pointer}"}, registry=registry
        )
        self.number = 0
        self.successes = 0

    # -- the steps, each of which a fault may override --------------------------------------

    def __call__(self, asked: Asked) -> Answer:
        self.number += 1
        try:
            self.route(asked)
            self.authorize(asked)
            request = self.decode(asked)
            self.validate(request)
            completion = self.complete(request)
        except Refusal as refusal:
            return self.refuse(refusal)
        self.successes += 1
        if self.streams(request):
            return self.stream(request, completion)
        return self.plain(request, completion)

    def route(self, asked: Asked) -> None:
        if asked.target.partition("?")[0] != PATH:
            raise Refusal(404, f"no such path {asked.target[:80]}")
        if asked.method != "POST":
            raise Refusal(405, f"{asked.method} is not allowed", Allow="POST")

    def authorize(self, asked: Asked) -> None:
        scheme, _, token = asked.fields.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token.strip() != TOKEN:
            raise Refusal(401, "give a bearer token", **{"WWW-Authenticate": "Bearer"})

    def decode(self, asked: Asked) -> dict[str, Any]:
        content_type = asked.fields.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise Refusal(415, "send application/json")
        try:
            request = json.loads(asked.body.decode("utf-8"), parse_constant=_no_constant)
            json.dumps(request, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as fault:
            raise Refusal(400, f"not JSON: {type(fault).__name__}") from None
        if not isinstance(request, dict):
            raise Refusal(400, "send an object")
        return request

    def validate(self, request: dict[str, Any]) -> None:
        error = next(iter(self._request.iter_errors(request)), None)
        if error is not None:
            raise Refusal(400, f"/{'/'.join(map(str, error.instance_path))}: {error.message[:200]}")
        for name in ("n", "max_tokens", "max_completion_tokens", "top_logprobs"):
            # int32, as the document's format says
            if isinstance(request.get(name), int | float) and not -(2**31) <= request[name] < 2**31:
                raise Refusal(400, f"/{name} is not an int32")
        if isinstance(request.get("seed"), int) and not -(2**63) <= request["seed"] < 2**63:
            raise Refusal(400, "/seed is not an int64")
        if not request["messages"] or (request.get("n") or 1) < 1:
            raise Refusal(400, "nothing to answer")
        if (request.get("n") or 1) > 8:
            raise Refusal(400, "n is at most 8 here")
        for limit in ("max_tokens", "max_completion_tokens"):
            if request.get(limit) is not None and request[limit] < 1:
                raise Refusal(400, f"{limit} is at least 1")
        choice = request.get("tool_choice")
        offered = [tool["function"]["name"] for tool in request.get("tools") or []]
        if isinstance(choice, dict) and choice["function"]["name"] not in offered:
            raise Refusal(400, "the forced tool is not offered")

    def streams(self, request: dict[str, Any]) -> bool:
        return request.get("stream") is True

    # -- the completion ---------------------------------------------------------------------

    def complete(self, request: dict[str, Any]) -> Completion:
        canonical = json.dumps(request, sort_keys=True).encode()
        digest = hashlib.sha256(canonical).hexdigest()
        pieces = []
        choices = []
        for index in range(int(request.get("n") or 1)):
            choice, parts = self.choice(request, index, f"{digest}{index}")
            choices.append(choice)
            pieces.append(parts)
        prompt = sum(
            len(str(message.get("content") or "").split()) + 3 for message in request["messages"]
        )
        completion = sum(len(parts) for parts in pieces)
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        return Completion(
            f"chatcmpl-{digest[:24]}",
            1700000000 + self.number,
            request["model"],
            choices,
            usage,
            pieces,
        )

    def choice(
        self, request: dict[str, Any], index: int, digest: str
    ) -> tuple[dict[str, Any], list[str]]:
        forced = self.forced(request)
        if forced is not None:
            return self.call(request, index, forced, digest)
        text = self.text(request, digest)
        pieces = re.findall(r"\s*\S+\s*", text) or [text]
        reason = "stop"
        limit = self.limit(request)
        if limit is not None and limit < len(pieces):
            pieces, reason = pieces[:limit], "length"
        pieces, reason = self.stopped(request, pieces, reason)
        choice: dict[str, Any] = {
            "index": index,
            "message": {"role": "assistant", "content": "".join(pieces)},
            "finish_reason": reason,
        }
        if request.get("logprobs") is True:
            choice["logprobs"] = {"content": [self.logprob(request, piece) for piece in pieces]}
        return choice, pieces

    def forced(self, request: dict[str, Any]) -> dict[str, Any] | None:
        choice = request.get("tool_choice")
        if not isinstance(choice, dict):
            return None
        name = choice["function"]["name"]
        return next(tool for tool in request["tools"] if tool["function"]["name"] == name)

    def call(
        self, request: dict[str, Any], index: int, tool: dict[str, Any], digest: str
    ) -> tuple[dict[str, Any], list[str]]:
        arguments = json.dumps(_instance(tool["function"].get("parameters") or {}))
        pieces = [arguments[at : at + 6] for at in range(0, len(arguments), 6)]
        limit = self.limit(request)
        reason = "tool_calls"
        if limit is not None and limit < len(pieces):
            pieces, reason = pieces[:limit], "length"
        call = {
            "id": f"call_{digest[:12]}{index}",
            "type": "function",
            "function": {"name": tool["function"]["name"], "arguments": "".join(pieces)},
        }
        message = {"role": "assistant", "tool_calls": [call]}
        choice: dict[str, Any] = {"index": index, "message": message, "finish_reason": reason}
        if request.get("logprobs") is True:
            choice["logprobs"] = {"content": [self.logprob(request, piece) for piece in pieces]}
        return choice, pieces

    def text(self, request: dict[str, Any], digest: str) -> str:
        wanted = request.get("response_format") or {}
        if wanted.get("type") == "json_object":
            return json.dumps({"answer": digest[:6], "sure": True})
        if wanted.get("type") == "json_schema":
            schema = (wanted.get("json_schema") or {}).get("schema")
            return json.dumps(_instance({} if schema is None else schema))
        start = int(digest[:4], 16) % len(_WORDS)
        return " ".join((_WORDS + _WORDS)[start : start + 8 + int(digest[4], 16)])

    def limit(self, request: dict[str, Any]) -> int | None:
        limits = [request.get(name) for name in ("max_completion_tokens", "max_tokens")]
        given = [int(limit) for limit in limits if limit is not None]
        return min(given) if given else None

    def stopped(
        self, request: dict[str, Any], pieces: list[str], reason: str
    ) -> tuple[list[str], str]:
        text = "".join(pieces)
        found = [text.find(stop) for stop in request.get("stop") or [] if stop]
        cuts = [at for at in found if at >= 0]
        if not cuts:
            return pieces, reason
        text = text[: min(cuts)]
        return re.findall(r"\s*\S+\s*", text) or ([text] if text else []), "stop"

    def logprob(self, request: dict[str, Any], piece: str) -> dict[str, Any]:
        count = int(request.get("top_logprobs") or 0)
        top = [
            {"token": piece if at == 0 else f"{piece}{at}", "logprob": -0.1 - at}
            for at in range(count)
        ]
        return {"token": piece, "logprob": -0.1, "bytes": None, "top_logprobs": top}

    # -- how it is written ------------------------------------------------------------------

    def refuse(self, refusal: Refusal) -> Answer:
        error = {
            "message": str(refusal),
            "type": "invalid_request_error",
            "param": None,
            "code": "refused",
        }
        return Answer(
            refusal.status,
            {"Content-Type": "application/json", **refusal.fields},
            [json.dumps({"error": error}).encode()],
        )

    def plain(self, request: dict[str, Any], completion: Completion) -> Answer:
        body = self.body(request, completion)
        return Answer(200, {"Content-Type": "application/json"}, [json.dumps(body).encode()])

    def body(self, request: dict[str, Any], completion: Completion) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": completion.id,
            "object": "chat.completion",
            "created": completion.created,
            "model": completion.model,
            "choices": completion.choices,
            "usage": completion.usage,
        }
        if self.manner.extras:
            body["x_provider"] = {"region": "north"}
            body["system_fingerprint"] = None
        return body

    def stream(self, request: dict[str, Any], completion: Completion) -> Answer:
        frames = self.frames(request, completion)
        pieces = [frame.encode() for frame in frames]
        if self.manner.split:
            whole, size = b"".join(pieces), self.manner.split
            pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        return Answer(200, {"Content-Type": "text/event-stream"}, pieces, chunked=True)

    def frames(self, request: dict[str, Any], completion: Completion) -> list[str]:
        newline = self.manner.newline
        prefix = "data: " if self.manner.space else "data:"
        frames = [
            f"{prefix}{json.dumps(chunk)}{newline}{newline}"
            for chunk in self.chunks(request, completion)
        ]
        if self.manner.comments:
            frames = [
                part for frame in frames for part in (f": keep-alive{newline}{newline}", frame)
            ]
        return [*frames, f"{prefix}[DONE]{newline}{newline}"]

    def chunks(self, request: dict[str, Any], completion: Completion) -> list[dict[str, Any]]:
        include = (request.get("stream_options") or {}).get("include_usage") is True
        chunks = []
        for choice, pieces in zip(completion.choices, completion.pieces, strict=True):
            for delta, logprobs in self.deltas(choice, pieces):
                chunks.append(
                    self.chunk(completion, choice["index"], delta, None, logprobs, include)
                )
            chunks.append(
                self.chunk(completion, choice["index"], {}, choice["finish_reason"], None, include)
            )
        if include:
            last = self.chunk(completion, 0, {}, None, None, include)
            chunks.append({**last, "choices": [], "usage": completion.usage})
        return chunks

    def deltas(self, choice: dict[str, Any], pieces: list[str]) -> list[tuple[dict[str, Any], Any]]:
        entries = (choice.get("logprobs") or {}).get("content")
        if "tool_calls" not in choice["message"]:
            rows: list[tuple[dict[str, Any], Any]] = [({"role": "assistant", "content": ""}, None)]
            for at, piece in enumerate(pieces):
                rows.append(
                    ({"content": piece}, {"content": entries[at : at + 1]} if entries else None)
                )
            return rows
        call = choice["message"]["tool_calls"][0]
        head = {
            "index": 0,
            "id": call["id"],
            "type": "function",
            "function": {"name": call["function"]["name"], "arguments": ""},
        }
        rows = [({"role": "assistant"}, None), ({"tool_calls": [head]}, None)]
        for at, piece in enumerate(pieces):
            rows.append(
                (
                    {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]},
                    {"content": entries[at : at + 1]} if entries else None,
                )
            )
        return rows

    def chunk(
        self,
        completion: Completion,
        index: int,
        delta: dict[str, Any],
        reason: str | None,
        logprobs: Any,
        include: bool,
    ) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": index, "delta": delta, "finish_reason": reason}
        if logprobs:
            choice["logprobs"] = logprobs
        chunk: dict[str, Any] = {
            "id": completion.id,
            "object": "chat.completion.chunk",
            "created": completion.created,
            "model": completion.model,
            "choices": [choice],
        }
        if include:
            chunk["usage"] = None
        if self.manner.extras:
            chunk["x_provider"] = "north"
        return chunk


def _no_constant(text: str) -> Any:
    raise ValueError(text)


def _instance(schema: Any) -> Any:
    """A value for a caller's schema: plain ones by hand, the rest by troth's synthesis."""
    candidate = _plain(schema)
    try:
        if jsonschema_rs.is_valid(schema, candidate):
            return candidate
    except ValueError:
        raise Refusal(400, "the schema is not a JSON Schema") from None
    from troth.generation.values import Unsatisfiable, synthesize
    from troth.schema.untrusted_schema import UnusableSchema, embedded
    from troth.seed import Seed

    try:
        return synthesize(embedded(schema), seed=Seed.of("server"))
    except (UnusableSchema, Unsatisfiable) as fault:
        raise Refusal(400, f"the schema cannot be met: {type(fault).__name__}") from None


def _plain(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return {}
    if "const" in schema or schema.get("enum"):
        return schema["const"] if "const" in schema else schema["enum"][0]
    if schema.get("type") == "object":
        return {name: _plain(inner) for name, inner in (schema.get("properties") or {}).items()}
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    plain = {"string": "north", "integer": 3, "number": 1.5, "boolean": True, "array": []}
    return plain.get(kind or "", {})
