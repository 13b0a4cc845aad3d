"""The correct server with one fault at a time: each a small override of one of its steps.

`FAULTS` maps a name to the class of the fault, the server's class, and the codes of which at
least one must be found (a fault may show itself in more than one way).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from servers.chat import TOKEN, Chat, Completion, Refusal
from servers.wire import Answer, Asked

Body = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """A faulty server: *kind* is its class of fault, *codes* what a run may call it."""

    kind: str
    server: type[Chat]
    codes: tuple[str, ...]


FAULTS: dict[str, Fault] = {}


def fault(kind: str, *codes: str) -> Callable[[type[Chat]], type[Chat]]:
    """Register a class as the fault that its name says."""

    def register(server: type[Chat]) -> type[Chat]:
        FAULTS[server.__name__] = Fault(kind, server, codes)
        return server

    return register


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# -- the response's schema ----------------------------------------------------------------------


class _Body(Chat):
    """A server that changes the finished body."""

    def change(self, body: Body, request: Body) -> None:
        raise NotImplementedError

    def body(self, request: Body, completion: Completion) -> Body:
        body = json.loads(json.dumps(super().body(request, completion)))
        self.change(body, request)
        return body


@fault("response schema", "response-body.required")
class WithoutId(_Body):
    def change(self, body: Body, request: Body) -> None:
        del body["id"]


@fault("response schema", "response-body.required")
class ChoiceWithoutIndex(_Body):
    def change(self, body: Body, request: Body) -> None:
        for choice in body["choices"]:
            del choice["index"]


@fault("response schema", "response-body.type")
class CreatedAsText(_Body):
    def change(self, body: Body, request: Body) -> None:
        body["created"] = str(body["created"])


@fault("response schema", "response-body.type")
class CreatedWithFraction(_Body):
    def change(self, body: Body, request: Body) -> None:
        body["created"] += 0.25


@fault("response schema", "response-body.type")
class ChoicesAsObject(_Body):
    def change(self, body: Body, request: Body) -> None:
        body["choices"] = body["choices"][0]


@fault("response schema", "response-body.required", "response-body.oneOf", "response-body.type")
class UsageWithoutTotal(_Body):
    def change(self, body: Body, request: Body) -> None:
        del body["usage"]["total_tokens"]


@fault("response schema", "response-body.type", "response-body.oneOf")
class TokenCountAsText(_Body):
    def change(self, body: Body, request: Body) -> None:
        body["usage"]["prompt_tokens"] = str(body["usage"]["prompt_tokens"])


@fault("response schema", "response-body.type", "response-body.oneOf")
class ToolCallsNull(_Body):
    def change(self, body: Body, request: Body) -> None:
        for choice in body["choices"]:
            choice["message"].setdefault("tool_calls", None)


@fault("response schema", "response-body.type", "response-body.required", "response-body.oneOf")
class ArgumentsAsObject(_Body):
    """An optional member that only some requests bring about."""

    def change(self, body: Body, request: Body) -> None:
        for choice in body["choices"]:
            for call in choice["message"].get("tool_calls") or ():
                call["function"]["arguments"] = {"as": "object"}


@fault("response schema", "response-body.required", "response-body.oneOf")
class CallWithoutId(_Body):
    def change(self, body: Body, request: Body) -> None:
        for choice in body["choices"]:
            for call in choice["message"].get("tool_calls") or ():
                call.pop("id", None)


@fault("response schema", "response-body.required", "response-body.oneOf", "response-body.type")
class LogprobAsText(_Body):
    def change(self, body: Body, request: Body) -> None:
        for choice in body["choices"]:
            for entry in (choice.get("logprobs") or {}).get("content") or ():
                for top in entry["top_logprobs"]:
                    top["logprob"] = str(top["logprob"])


@fault("response schema", "response-body.enum", "response-body.const", "response-body.oneOf")
class RoleBot(_Body):
    def change(self, body: Body, request: Body) -> None:
        for choice in body["choices"]:
            choice["message"]["role"] = "bot"


@fault("response schema", "response-body.type")
class FinishReasonAsNumber(_Body):
    def change(self, body: Body, request: Body) -> None:
        body["choices"][-1]["finish_reason"] = 1


@fault("response schema", "response-body.const")
class ObjectOfAnotherApi(_Body):
    def change(self, body: Body, request: Body) -> None:
        body["object"] = "text_completion"


# -- what the JSON text itself may do ------------------------------------------------------------


@fault("json", "response-body.nan", "response-body.syntax")
class NotANumber(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        text = json.dumps(self.body(request, completion)).replace(
            '"usage": {', '"nan": NaN, "usage": {'
        )
        return Answer(200, {"Content-Type": "application/json"}, [text.encode()])


@fault("json", "response-body.utf-8")
class Latin1(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        body = self.body(request, completion) | {"note": "café"}
        text = json.dumps(body, ensure_ascii=False).encode("latin-1", "replace")
        return Answer(200, {"Content-Type": "application/json"}, [text])


@fault("json", "response-body.syntax", "response-body.empty", "response-body.trailing")
class TwoBodies(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        text = json.dumps(self.body(request, completion)).encode()
        return Answer(200, {"Content-Type": "application/json"}, [text + text])


@fault("json", "response-body.empty", "response-body.syntax")
class EmptyBody(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        return Answer(200, {"Content-Type": "application/json"}, [b""])


# -- rare inputs that crash ----------------------------------------------------------------------


class _Crash(Chat):
    def crashes(self, request: Body) -> bool:
        raise NotImplementedError

    def validate(self, request: Body) -> None:
        if self.crashes(request):
            raise Refusal(500, "internal error")
        super().validate(request)


@fault("crash", "response.server-error")
class CrashOnNul(_Crash):
    def crashes(self, request: Body) -> bool:
        return "\\u0000" in json.dumps(request)


@fault("crash", "response.server-error")
class CrashOnAstral(_Crash):
    def crashes(self, request: Body) -> bool:
        return any(ord(char) > 0xFFFF for char in json.dumps(request, ensure_ascii=False))


@fault("crash", "response.server-error")
class CrashOnContentParts(_Crash):
    def crashes(self, request: Body) -> bool:
        messages = request.get("messages")
        return isinstance(messages, list) and any(
            isinstance(message, dict) and isinstance(message.get("content"), list)
            for message in messages
        )


@fault("crash", "response.server-error")
class CrashOnNullContent(_Crash):
    def crashes(self, request: Body) -> bool:
        messages = request.get("messages")
        return isinstance(messages, list) and any(
            isinstance(message, dict) and "content" in message and message["content"] is None
            for message in messages
        )


@fault("crash", "response.server-error")
class CrashOnZeroTemperature(_Crash):
    def crashes(self, request: Body) -> bool:
        return request.get("temperature") == 0 and request.get("temperature") is not False


@fault("crash", "response.server-error")
class CrashOnBigSeed(_Crash):
    def crashes(self, request: Body) -> bool:
        return isinstance(request.get("seed"), int) and abs(request["seed"]) > 2**53


@fault("crash", "response.server-error")
class CrashOnNotAnObject(Chat):
    def decode(self, asked: Asked) -> Body:
        try:
            if not isinstance(json.loads(asked.body), dict):
                raise Refusal(500, "AttributeError")
        except (ValueError, RecursionError):
            pass
        return super().decode(asked)


@fault("crash", "response.server-error")
class CrashOnBadJson(Chat):
    def decode(self, asked: Asked) -> Body:
        try:
            return super().decode(asked)
        except Refusal as refusal:
            raise Refusal(500, "JSONDecodeError") from refusal


@fault("crash", "transport.reset", "transport.empty-reply", "transport.truncated")
class DiesOnStopAndStream(Chat):
    def __call__(self, asked: Asked) -> Answer:
        answer = super().__call__(asked)
        if answer.chunked and b'"stop"' in asked.body and b'"stop":null' not in asked.body:
            return Answer(raw_head=b"", abort_after=0)
        return answer


# -- invalid input accepted ----------------------------------------------------------------------


class _Lenient(Chat):
    """A server that mends a request before it checks it."""

    def mend(self, request: Body) -> None:
        raise NotImplementedError

    def validate(self, request: Body) -> None:
        self.mend(request)
        super().validate(request)


@fault("invalid accepted", "request.invalid-accepted")
class ModelOptional(_Lenient):
    def mend(self, request: Body) -> None:
        request.setdefault("model", "default")


@fault("invalid accepted", "request.invalid-accepted")
class StreamAsText(_Lenient):
    def mend(self, request: Body) -> None:
        if isinstance(request.get("stream"), str):
            request["stream"] = request["stream"] == "true"


@fault("invalid accepted", "request.invalid-accepted")
class NumbersAsText(_Lenient):
    def mend(self, request: Body) -> None:
        for name in ("temperature", "top_p", "presence_penalty"):
            if isinstance(request.get(name), str):
                request[name] = 1.0


@fault("invalid accepted", "request.invalid-accepted")
class AnyRole(_Lenient):
    def mend(self, request: Body) -> None:
        for message in _list(request.get("messages")):
            if isinstance(message, dict) and isinstance(message.get("role"), str):
                known = ("system", "user", "assistant", "tool", "developer")
                message["role"] = message["role"] if message["role"] in known else "user"


@fault("invalid accepted", "request.invalid-accepted")
class StopOfNumbers(_Lenient):
    def mend(self, request: Body) -> None:
        if isinstance(request.get("stop"), list):
            request["stop"] = [stop for stop in request["stop"] if isinstance(stop, str)]


@fault("invalid accepted", "request.invalid-accepted")
class ToolWithoutName(_Lenient):
    def mend(self, request: Body) -> None:
        for tool in _list(request.get("tools")):
            if isinstance(tool, dict) and isinstance(tool.get("function"), dict):
                tool["function"].setdefault("name", "unnamed")


@fault("invalid accepted", "request.invalid-accepted")
class ValidatesNothing(Chat):
    def validate(self, request: Body) -> None:
        try:
            super().validate(request)
        except Refusal:
            request.clear()
            request.update(model="m", messages=[{"role": "user", "content": "?"}])


@fault("invalid accepted", "request.invalid-accepted", "request.malformed-accepted")
class TakesTrailingText(Chat):
    def decode(self, asked: Asked) -> Body:
        try:
            value, _ = json.JSONDecoder().raw_decode(asked.body.decode())
        except (ValueError, RecursionError):
            return super().decode(asked)
        return value if isinstance(value, dict) else super().decode(asked)


# -- authentication ------------------------------------------------------------------------------


@fault("authentication", "security.not-enforced")
class NoAuthentication(Chat):
    def authorize(self, asked: Asked) -> None:
        return


@fault("authentication", "security.not-enforced")
class EmptyTokenAccepted(Chat):
    def authorize(self, asked: Asked) -> None:
        if asked.fields.get("authorization", "").strip().lower() != "bearer":
            super().authorize(asked)


@fault("authentication", "security.not-enforced")
class AnySchemeAccepted(Chat):
    def authorize(self, asked: Asked) -> None:
        if not asked.fields.get("authorization", "").endswith(TOKEN):
            super().authorize(asked)


@fault("authentication", "security.not-enforced")
class OpenAfterSuccess(Chat):
    def authorize(self, asked: Asked) -> None:
        if not self.successes:
            super().authorize(asked)


@fault("authentication", "security.not-enforced", "security.wrong-token-accepted")
class TokenByPrefix(Chat):
    def authorize(self, asked: Asked) -> None:
        if not asked.fields.get("authorization", "").lower().startswith(f"bearer {TOKEN[:4]}"):
            super().authorize(asked)


@fault("authentication", "request.valid-refused", "security.scheme-case")
class SchemeCaseMatters(Chat):
    def authorize(self, asked: Asked) -> None:
        super().authorize(asked)
        if not asked.fields["authorization"].startswith("Bearer "):
            raise Refusal(401, "give a bearer token", **{"WWW-Authenticate": "Bearer"})


@fault("authentication", "response.status-undeclared", "security.wrong-status")
class ForbiddenInstead(Chat):
    def authorize(self, asked: Asked) -> None:
        try:
            super().authorize(asked)
        except Refusal:
            raise Refusal(403, "forbidden") from None


@fault("authentication", "response.www-authenticate-missing")
class NoChallenge(Chat):
    def authorize(self, asked: Asked) -> None:
        try:
            super().authorize(asked)
        except Refusal:
            raise Refusal(401, "give a bearer token") from None


# -- content types and statuses ------------------------------------------------------------------


@fault("content type", "response.content-type-undeclared")
class HtmlLabel(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        answer = super().plain(request, completion)
        answer.fields["Content-Type"] = "text/html"
        return answer


@fault("content type", "response.content-type-missing")
class NoLabel(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        answer = super().plain(request, completion)
        del answer.fields["Content-Type"]
        return answer


@fault("content type", "response.content-type-condition", "response-body.syntax")
class StreamLabelledJson(Chat):
    def stream(self, request: Body, completion: Completion) -> Answer:
        answer = super().stream(request, completion)
        answer.fields["Content-Type"] = "application/json"
        return answer


@fault("content type", "response.content-type-condition")
class NeverStreams(Chat):
    def streams(self, request: Body) -> bool:
        return False


@fault("content type", "response.content-type-condition")
class AlwaysStreams(Chat):
    def streams(self, request: Body) -> bool:
        return True


@fault("status", "response.status-undeclared")
class Created201(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        answer = super().plain(request, completion)
        answer.status = 201
        return answer


@fault("status", "response.status-undeclared")
class Unprocessable(Chat):
    def validate(self, request: Body) -> None:
        try:
            super().validate(request)
        except Refusal as refusal:
            raise Refusal(422, str(refusal)) from None


@fault("status", "response.unexpected-redirect", "response.status-undeclared")
class Redirects(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        return Answer(307, {"Location": "https://example.com/elsewhere"}, [b""])


@fault("status", "response.allow-missing")
class NoAllow(Chat):
    def route(self, asked: Asked) -> None:
        try:
            super().route(asked)
        except Refusal as refusal:
            raise Refusal(refusal.status, str(refusal)) from None


@fault("status", "request.valid-refused")
class RefusesLongConversations(Chat):
    def validate(self, request: Body) -> None:
        super().validate(request)
        if len(request["messages"]) > 2:
            raise Refusal(400, "at most two messages")


@fault("status", "request.valid-refused")
class RefusesUser(Chat):
    def validate(self, request: Body) -> None:
        super().validate(request)
        if request.get("user"):
            raise Refusal(400, "user is not supported")
