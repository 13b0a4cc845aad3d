"""Faults at the door: rare requests that crash, broken ones that are taken, credentials, statuses.

Most are one condition on the request, so they stand in tables: a name and when it strikes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from servers.chat import TOKEN, Chat, Completion, Refusal
from servers.faults import FAULTS, Body, Fault, fault
from servers.wire import Answer, Asked

When = Callable[[Body], bool]


def _messages(request: Body) -> list[Body]:
    messages = request.get("messages")
    found = messages if isinstance(messages, list) else []
    return [message for message in found if isinstance(message, dict)]


def _contents(request: Body) -> list[Any]:
    return [message["content"] for message in _messages(request) if "content" in message]


def _parts(request: Body) -> list[Any]:
    return [part for content in _contents(request) if isinstance(content, list) for part in content]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _any_char(request: Body, low: int, high: int) -> bool:
    return any(low <= ord(char) <= high for text in _texts(request) for char in text)


def _has(name: str, *values: Any) -> When:
    def when(request: Body) -> bool:
        return name in request and any(
            request[name] == value and type(request[name]) is type(value) for value in values
        )

    return when


def _size(value: Any, name: str) -> int:
    found = value.get(name)
    return len(found) if isinstance(found, list | str | dict) else 0


def _offers(request: Body) -> list[Any]:
    tools = request.get("tools")
    return tools if isinstance(tools, list) else []


def _format(request: Body) -> Any:
    wanted = request.get("response_format")
    return wanted.get("type") if isinstance(wanted, dict) else None


#: When the server fails with a 500.
CRASHES: dict[str, When] = {
    "CrashOnDeveloper": lambda r: any(m.get("role") == "developer" for m in _messages(r)),
    "CrashOnToolMessageWithoutId": lambda r: any(
        m.get("role") == "tool" and "tool_call_id" not in m for m in _messages(r)
    ),
    "CrashOnNoMessages": lambda r: r.get("messages") == [],
    "CrashOnEmptyContent": lambda r: "" in _contents(r),
    "CrashOnEmptyParts": lambda r: [] in _contents(r),
    "CrashOnAbsentContent": lambda r: any("content" not in m for m in _messages(r)),
    "CrashOnFloatForInteger": lambda r: any(
        isinstance(r.get(name), float) for name in ("n", "max_tokens", "max_completion_tokens")
    ),
    "CrashOnHugeInteger": lambda r: any(
        isinstance(value, int) and abs(value) >= 2**63 for value in r.values()
    ),
    "CrashOnInt32Overflow": lambda r: any(
        isinstance(r.get(name), int) and abs(r[name]) >= 2**31 for name in ("n", "max_tokens")
    ),
    "CrashOnNullTools": _has("tools", None),
    "CrashOnNoTools": _has("tools", []),
    "CrashOnNullStop": _has("stop", None),
    "CrashOnEmptyStop": lambda r: isinstance(r.get("stop"), list) and "" in r["stop"],
    "CrashOnNoStops": _has("stop", []),
    "CrashOnFourStops": lambda r: _size(r, "stop") == 4,
    "CrashOnFiveStops": lambda r: _size(r, "stop") > 4,
    "CrashOnManyMessages": lambda r: _size(r, "messages") > 200,
    "CrashOnManyTools": lambda r: _size(r, "tools") > 100,
    "CrashOnLongText": lambda r: any(len(text) > 10_000 for text in _texts(r)),
    "CrashOnCombining": lambda r: _any_char(r, 0x300, 0x36F),
    "CrashOnRightToLeft": lambda r: _any_char(r, 0x590, 0x6FF),
    "CrashOnControl": lambda r: _any_char(r, 0x01, 0x08),
    "CrashOnNoncharacter": lambda r: _any_char(r, 0xFFFE, 0xFFFF),
    "CrashOnExtraMember": lambda r: any(name.startswith("extra") for name in r),
    "CrashOnLogitBias": lambda r: _size(r, "logit_bias") > 0,
    "CrashOnNullLogitBias": _has("logit_bias", None),
    "CrashOnNullUser": _has("user", None),
    "CrashOnEmptyUser": _has("user", ""),
    "CrashOnEmptyModel": _has("model", ""),
    "CrashOnImage": lambda r: any(
        isinstance(part, dict) and part.get("type") == "image_url" for part in _parts(r)
    ),
    "CrashOnTwoParts": lambda r: any(isinstance(c, list) and len(c) > 1 for c in _contents(r)),
    "CrashOnPastCalls": lambda r: any(m.get("tool_calls") for m in _messages(r)),
    "CrashOnUnknownFormat": lambda r: (
        _format(r) not in (None, "text", "json_object", "json_schema")
    ),
    "CrashOnSchemaWithoutSchema": lambda r: (
        _format(r) == "json_schema"
        and not isinstance(r["response_format"].get("json_schema"), dict)
    ),
    "CrashOnUsageUnstreamed": lambda r: bool(r.get("stream_options")) and not r.get("stream"),
    "CrashOnNullStreamOptions": lambda r: bool(
        r.get("stream") is True and "stream_options" in r and r["stream_options"] is None
    ),
    "CrashOnNegativeN": lambda r: isinstance(r.get("n"), int) and r["n"] < 0,
    "CrashOnZeroTokens": _has("max_tokens", 0),
    "CrashOnHotTemperature": lambda r: r.get("temperature") == 2,
    "CrashOnZeroTopP": lambda r: "top_p" in r and r["top_p"] == 0 and r["top_p"] is not False,
    "CrashOnNegativeSeed": lambda r: isinstance(r.get("seed"), int) and r["seed"] < 0,
    "CrashOnNegativePenalty": lambda r: (
        isinstance(r.get("presence_penalty"), int | float) and r["presence_penalty"] < 0
    ),
    "CrashOnUnknownTier": lambda r: isinstance(r.get("service_tier"), str),
    "CrashOnLegacyFunctions": lambda r: bool(r.get("functions")),
    "CrashOnToolWithoutParameters": lambda r: any(
        isinstance(tool, dict)
        and isinstance(tool.get("function"), dict)
        and not tool["function"].get("parameters")
        for tool in _offers(r)
    ),
    "CrashOnForcedAbsentTool": lambda r: (
        isinstance(r.get("tool_choice"), dict) and not r.get("tools")
    ),
    "CrashOnNullMessage": lambda r: isinstance(r.get("messages"), list) and None in r["messages"],
    "CrashOnMessagesObject": lambda r: isinstance(r.get("messages"), dict),
    "CrashOnNamedMessage": lambda r: any(m.get("name") for m in _messages(r)),
    "CrashOnNullName": lambda r: any("name" in m and m["name"] is None for m in _messages(r)),
    "CrashOnSystemLast": lambda r: bool(_messages(r)) and _messages(r)[-1].get("role") == "system",
    # two features at once
    "CrashOnToolsAndLogprobs": lambda r: bool(r.get("tools")) and r.get("logprobs") is True,
    "CrashOnSeveralWithStop": lambda r: (
        isinstance(r.get("n"), int) and r["n"] > 1 and bool(r.get("stop"))
    ),
    "CrashOnJsonStreamed": lambda r: _format(r) == "json_object" and r.get("stream") is True,
    "CrashOnSeveralStreamed": lambda r: (
        isinstance(r.get("n"), int) and r["n"] > 1 and r.get("stream") is True
    ),
    "CrashOnLimitAndSchema": lambda r: (
        _format(r) == "json_schema" and bool(r.get("max_tokens") or r.get("max_completion_tokens"))
    ),
}


class _When(Chat):
    """A server with a condition on the decoded request."""

    when: When

    def strikes(self, request: Body) -> bool:
        return type(self).when(request)


class _CrashWhen(_When):
    def validate(self, request: Body) -> None:
        if self.strikes(request):
            raise Refusal(500, "internal error")
        super().validate(request)


for _name, _when in CRASHES.items():
    _server = type(_name, (_CrashWhen,), {"when": staticmethod(_when)})
    FAULTS[_name] = Fault("crash", _server, ("response.server-error",))


def _bytes_crash(name: str, when: Callable[[Asked], bool], kind: str = "crash") -> None:
    class Crash(Chat):
        def decode(self, asked: Asked) -> Body:
            if when(asked):
                raise Refusal(500, "internal error")
            return super().decode(asked)

    FAULTS[name] = Fault(kind, Crash, ("response.server-error",))


def _deep(asked: Asked) -> bool:
    return b"[" * 50 in asked.body


_bytes_crash("CrashOnMinusZero", lambda asked: b":-0" in asked.body.replace(b" ", b""))
_bytes_crash("CrashOnDeepNesting", _deep)
_bytes_crash("CrashOnLoneSurrogate", lambda asked: b"\\ud800" in asked.body)
_bytes_crash("CrashOnBadUtf8", lambda asked: b"\xff" in asked.body)
_bytes_crash("CrashOnEmptyBody", lambda asked: not asked.body.strip())
_bytes_crash("CrashOnByteOrderMark", lambda asked: asked.body.startswith(b"\xef\xbb\xbf"))
_bytes_crash("CrashOnTwiceMember", lambda asked: asked.body.count(b'"model"') > 1)
_bytes_crash("CrashOnLongNumber", lambda asked: b"9" * 4301 in asked.body)
_bytes_crash("CrashOnExponent", lambda asked: b"1e400" in asked.body)
_bytes_crash("CrashOnNoContentType", lambda asked: "content-type" not in asked.fields)
_bytes_crash("CrashOnUnknownCharset", lambda asked: "zzz" in asked.fields.get("content-type", ""))
_bytes_crash("CrashOnUnknownCoding", lambda asked: "content-encoding" in asked.fields)
_bytes_crash("CrashOnCsvAccepted", lambda asked: "csv" in asked.fields.get("accept", ""))
_bytes_crash("CrashOnNoAccept", lambda asked: "accept" not in asked.fields)


@fault("crash", "response.server-error")
class CrashOnUnknownPath(Chat):
    def route(self, asked: Asked) -> None:
        try:
            super().route(asked)
        except Refusal as refusal:
            raise Refusal(500, "no handler") from refusal


@fault("crash", "response.server-error")
class CrashOnSchemeAlone(Chat):
    def authorize(self, asked: Asked) -> None:
        if asked.fields.get("authorization", "").lower() == "bearer":
            raise Refusal(500, "list index out of range")
        super().authorize(asked)


@fault("crash", "response.server-error")
class CrashOnLongToken(Chat):
    def authorize(self, asked: Asked) -> None:
        if len(asked.fields.get("authorization", "")) > 1000:
            raise Refusal(500, "value too long")
        super().authorize(asked)


@fault("crash", "transport.timeout", "transport.stalled")
class HangsOnLongText(Chat):
    def __call__(self, asked: Asked) -> Answer:
        answer = super().__call__(asked)
        return Answer(hang_before=True) if len(asked.body) > 10_000 else answer


@fault("crash", "transport.empty-reply", "transport.reset")
class DiesOnDeepNesting(Chat):
    def __call__(self, asked: Asked) -> Answer:
        return Answer(raw_head=b"", abort_after=0) if _deep(asked) else super().__call__(asked)


# -- invalid input accepted ----------------------------------------------------------------------


def _each(request: Body, mend: Callable[[Body], None]) -> None:
    for message in _messages(request):
        mend(message)


def _content_text(message: Body) -> None:
    if isinstance(message.get("content"), int | float | dict):
        message["content"] = str(message["content"])


def _past_calls(message: Body) -> None:
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        kept = [call for call in calls if isinstance(call, dict)]
        message["tool_calls"] = []
        if len(kept) < len(calls):
            message["tool_calls"] = calls


def _named(request: Body, name: str, kinds: type | tuple[type, ...], value: Any) -> None:
    if name in request and isinstance(request[name], kinds):
        request[name] = value


def _whole(request: Body, name: str) -> None:
    if isinstance(request.get(name), float):
        request[name] = int(request[name])


def _drop(message: Body, name: str, kinds: type | tuple[type, ...]) -> None:
    if isinstance(message.get(name), kinds):
        del message[name]


def _image_text(request: Body) -> None:
    for part in _parts(request):
        if isinstance(part, dict) and isinstance(part.get("image_url"), str):
            part["image_url"] = {"url": part["image_url"]}


def _schema_name(request: Body) -> None:
    wanted = request.get("response_format")
    schema = wanted.get("json_schema") if isinstance(wanted, dict) else None
    if isinstance(schema, dict):
        schema.setdefault("name", "schema")


def _options(request: Body) -> None:
    options = request.get("stream_options")
    if isinstance(options, dict):
        _named(options, "include_usage", (str, int), True)


def _bias(request: Body) -> None:
    bias = request.get("logit_bias")
    if isinstance(bias, dict):
        request["logit_bias"] = {
            name: 1 if isinstance(value, str | list | dict) or value is None else value
            for name, value in bias.items()
        }


def _choice(request: Body) -> None:
    choice = request.get("tool_choice")
    if isinstance(choice, str) and choice not in ("none", "auto"):
        request["tool_choice"] = "auto"


def _choice_name(request: Body) -> None:
    choice = request.get("tool_choice")
    if isinstance(choice, dict) and "name" not in (choice.get("function") or {}):
        del request["tool_choice"]


def _tool_function(request: Body) -> None:
    request["tools"] = [
        tool for tool in _offers(request) if not isinstance(tool, dict) or "function" in tool
    ] or None


def _parameters(request: Body) -> None:
    for tool in _offers(request):
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict) and isinstance(function.get("parameters"), str | list):
            function["parameters"] = {}


#: How a lenient server mends what the document rejects, before it looks at it.
LENIENT: dict[str, Callable[[Body], None]] = {
    "MessagesAsText": lambda r: _named(
        r, "messages", (str, dict), [{"role": "user", "content": "?"}]
    ),
    "RoleOptional": lambda r: _each(r, lambda m: m.setdefault("role", "user") and None),
    "RoleOfAnyCase": lambda r: _each(
        r, lambda m: m.update(role=m["role"].lower()) if isinstance(m.get("role"), str) else None
    ),
    "ContentOfAnyType": lambda r: _each(r, _content_text),
    "PastCallsUnread": lambda r: _each(r, lambda m: _drop(m, "tool_calls", (str, int, dict))),
    "CallsOfAnyShape": lambda r: _each(r, _past_calls),
    "NameOfAnyType": lambda r: _each(r, lambda m: _drop(m, "name", (int, list, dict))),
    "CallIdAsNumber": lambda r: _each(r, lambda m: _drop(m, "tool_call_id", int)),
    "BooleanAsCount": lambda r: _named(r, "n", bool, 1),
    "FractionAsCount": lambda r: _whole(r, "max_tokens"),
    "FractionAsSeed": lambda r: _whole(r, "seed"),
    "SeedAsText": lambda r: _named(r, "seed", str, 1),
    "StopAsText": lambda r: _named(r, "stop", str, ["?"]),
    "UserAsNumber": lambda r: _named(r, "user", (int, float), "7"),
    "ModelNull": lambda r: _named(r, "model", type(None), "m"),
    "ModelAsNumber": lambda r: _named(r, "model", (int, float), "m"),
    "BiasOfAnyValue": _bias,
    "BiasAsList": lambda r: _named(r, "logit_bias", list, {}),
    "ToolsAsObject": lambda r: _named(r, "tools", dict, []),
    "ToolWithoutFunction": _tool_function,
    "ParametersOfAnyType": _parameters,
    "FormatAsText": lambda r: _named(r, "response_format", str, {"type": "text"}),
    "FormatUnknown": lambda r: _named(r, "response_format", dict, {"type": "text"}),
    "SchemaWithoutName": _schema_name,
    "StreamOptionsAsBoolean": lambda r: _named(r, "stream_options", (bool, str), None),
    "IncludeUsageAsText": _options,
    "ToolChoiceAnyWord": _choice,
    "ToolChoiceWithoutName": _choice_name,
    "ImageAsText": _image_text,
    "ParallelAsText": lambda r: _named(r, "parallel_tool_calls", (str, int), True),
    "LogprobsTyped": lambda r: _named(r, "top_logprobs", str, None),
    "TierOfAnyType": lambda r: _named(r, "service_tier", (int, list, dict), None),
    "TemperatureUnbounded": lambda r: _named(r, "temperature", (int, float), 1),
    "CountsUnbounded": lambda r: _named(r, "top_logprobs", int, None),
    "TooManyStops": lambda r: _named(r, "stop", list, []),
}


class _MendWhen(Chat):
    mend: Callable[[Body], None]

    def validate(self, request: Body) -> None:
        with contextlib.suppress(TypeError, AttributeError):
            type(self).mend(request)
        super().validate(request)


for _name, _mend in LENIENT.items():
    _lenient = type(_name, (_MendWhen,), {"mend": staticmethod(_mend)})
    FAULTS[_name] = Fault("invalid accepted", _lenient, ("request.invalid-accepted",))


class _Rewrites(Chat):
    """A server whose parser takes more than JSON."""

    def rewrite(self, text: str) -> str:
        raise NotImplementedError

    def decode(self, asked: Asked) -> Body:
        try:
            json.loads(asked.body)
        except (ValueError, RecursionError):
            text = self.rewrite(asked.body.decode("utf-8", "replace"))
            asked = Asked(asked.method, asked.target, asked.fields, text.encode(), asked.number)
        return super().decode(asked)


@fault("invalid accepted", "request.invalid-accepted")
class TakesTrailingComma(_Rewrites):
    def rewrite(self, text: str) -> str:
        return text.replace(",}", "}")


@fault("invalid accepted", "request.invalid-accepted")
class TakesComments(_Rewrites):
    def rewrite(self, text: str) -> str:
        return text.removeprefix("/* */")


@fault("invalid accepted", "request.invalid-accepted")
class TakesSingleQuotes(_Rewrites):
    def rewrite(self, text: str) -> str:
        return text.replace("'", '"')


@fault("invalid accepted", "request.invalid-accepted")
class TakesBadUtf8(_Rewrites):
    def rewrite(self, text: str) -> str:
        return text


@fault("invalid accepted", "request.invalid-accepted")
class TakesUnclosed(_Rewrites):
    def rewrite(self, text: str) -> str:
        return text + "}"


@fault("invalid accepted", "request.invalid-accepted")
class TakesNaN(_Rewrites):
    def decode(self, asked: Asked) -> Body:
        body = asked.body.replace(b"NaN", b"0").replace(b"-Infinity", b"0")
        return super().decode(Asked(asked.method, asked.target, asked.fields, body, asked.number))

    def rewrite(self, text: str) -> str:
        return text


@fault("invalid accepted", "request.invalid-accepted")
class TakesAnyContentType(Chat):
    def decode(self, asked: Asked) -> Body:
        fields = {**asked.fields, "content-type": "application/json"}
        return super().decode(Asked(asked.method, asked.target, fields, asked.body, asked.number))


@fault("invalid accepted", "request.method-accepted")
class TakesGet(Chat):
    def __call__(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(200, {"Content-Type": "application/json"}, [b'{"object": "list"}'])
        return super().__call__(asked)


@fault("invalid accepted", "request.invalid-accepted")
class StreamSkipsValidation(Chat):
    """Only the unstreamed way checks the request."""

    def validate(self, request: Body) -> None:
        try:
            super().validate(request)
        except Refusal:
            if request.get("stream") is not True:
                raise
            request.clear()
            request.update(model="m", messages=[{"role": "user", "content": "?"}], stream=True)


@fault("invalid accepted", "request.invalid-accepted", "response-body.required")
class ErrorsAreOk(Chat):
    """Every refusal is a 200 with an error in it."""

    def refuse(self, refusal: Refusal) -> Answer:
        answer = super().refuse(refusal)
        if answer.status == 400:
            answer.status = 200
        return answer


# -- authentication ------------------------------------------------------------------------------


@fault("authentication", "security.not-enforced")
class NoAuthenticationOnStreams(Chat):
    def authorize(self, asked: Asked) -> None:
        if b'"stream":true' not in asked.body.replace(b" ", b""):
            super().authorize(asked)


@fault("authentication over time", "security.not-enforced")
class OpenAfterHundred(Chat):
    def authorize(self, asked: Asked) -> None:
        if self.successes < 100:
            super().authorize(asked)


@fault("authentication", "security.not-enforced")
class TokenWithoutScheme(Chat):
    def authorize(self, asked: Asked) -> None:
        if asked.fields.get("authorization") != TOKEN:
            super().authorize(asked)


@fault("authentication", "security.not-enforced")
class SchemeRunTogether(Chat):
    def authorize(self, asked: Asked) -> None:
        if asked.fields.get("authorization", "").lower().removeprefix("bearer").strip() != TOKEN:
            super().authorize(asked)


@fault("authentication", "security.wrong-token-accepted")
class TokenOfAnyCase(Chat):
    def authorize(self, asked: Asked) -> None:
        if asked.fields.get("authorization", "").lower() != f"bearer {TOKEN}".lower():
            super().authorize(asked)


@fault("authentication", "security.wrong-token-accepted", "security.not-enforced")
class AnyTokenOfThatLength(Chat):
    def authorize(self, asked: Asked) -> None:
        if len(asked.fields.get("authorization", "")) != len(f"Bearer {TOKEN}"):
            super().authorize(asked)


@fault("authentication", "security.wrong-status")
class BadRequestInstead(Chat):
    def authorize(self, asked: Asked) -> None:
        try:
            super().authorize(asked)
        except Refusal:
            raise Refusal(400, "no token") from None


@fault("authentication", "response.server-error")
class WrongTokenFails(Chat):
    def authorize(self, asked: Asked) -> None:
        super_token = asked.fields.get("authorization", "").partition(" ")[2]
        if super_token and super_token != TOKEN:
            raise Refusal(500, "token service failed")
        super().authorize(asked)


@fault("authentication", "security.not-enforced", "security.*")
class RefusedWithOk(Chat):
    """No token: a 200 that says so."""

    def refuse(self, refusal: Refusal) -> Answer:
        answer = super().refuse(refusal)
        answer.status = 200 if answer.status == 401 else answer.status
        return answer


# -- statuses, header fields, content types ------------------------------------------------------


class _Plain(Chat):
    """A server that changes the answer around an unstreamed body."""

    def around(self, answer: Answer) -> Answer:
        raise NotImplementedError

    def plain(self, request: Body, completion: Completion) -> Answer:
        return self.around(super().plain(request, completion))


def _around(name: str, change: Callable[[Answer], Answer | None], *codes: str) -> None:
    class Around(_Plain):
        def around(self, answer: Answer) -> Answer:
            return change(answer) or answer

    FAULTS[name] = Fault("content type and status", Around, codes)


_around("NoContent", lambda _: Answer(204), "response.status-undeclared")
_around("Accepted", lambda a: Answer(202, a.fields, a.pieces), "response.status-undeclared")
_around("NotModified", lambda _: Answer(304), "response.unexpected-redirect", "response.*")
_around(
    "TextLabel",
    lambda a: a.fields.update({"Content-Type": "text/plain; charset=utf-8"}),
    "response.content-type-undeclared",
)
_around(
    "StreamLabel",
    lambda a: a.fields.update({"Content-Type": "text/event-stream"}),
    "response.content-type-condition",
    "stream.*",
)
_around(
    "EmptyLabel",
    lambda a: a.fields.update({"Content-Type": ""}),
    "response.content-type-missing",
    "response.content-type-undeclared",
)
_around(
    "LengthTooLong",
    lambda a: Answer(a.status, a.fields, a.pieces, length=5000, abort_after=1),
    "transport.truncated",
)
_around(
    "LengthTooShort",
    lambda a: Answer(a.status, {**a.fields, "Connection": "close"}, a.pieces, length=40),
    "response-body.syntax",
    "response-body.truncated",
    "transport.*",
)
_around(
    "NotGzip",
    lambda a: a.fields.update({"Content-Encoding": "gzip"}),
    "transport.framing",
)
_around(
    "BodyCutShort",
    lambda a: Answer(a.status, a.fields, [a.pieces[0][:-1]]),
    "response-body.syntax",
    "response-body.truncated",
)
_around(
    "BodyAsText",
    lambda a: Answer(a.status, a.fields, [json.dumps(a.pieces[0].decode()).encode()]),
    "response-body.type",
)
_around("BodyNull", lambda a: Answer(a.status, a.fields, [b"null"]), "response-body.type")
_around(
    "BodyInList", lambda a: Answer(a.status, a.fields, [b"[%s]" % a.pieces[0]]), "response-body.*"
)
_around(
    "Utf16",
    lambda a: Answer(a.status, a.fields, [a.pieces[0].decode().encode("utf-16")]),
    "response-body.*",
)
_around(
    "NulAtEnd",
    lambda a: Answer(a.status, a.fields, [a.pieces[0] + b"\0"]),
    "response-body.*",
)
_around(
    "BadChunk",
    lambda a: Answer(
        raw_head=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        pieces=a.pieces,
    ),
    "transport.*",
)
_around(
    "Garbage",
    lambda _: Answer(raw_head=b"\x15\x03\x01 this is no HTTP\r\n\r\n"),
    "transport.not-http",
    "transport.*",
)


class _Refusing(Chat):
    """A server that changes how it refuses."""

    def alter(self, answer: Answer) -> None:
        raise NotImplementedError

    def refuse(self, refusal: Refusal) -> Answer:
        answer = super().refuse(refusal)
        if answer.status == 400:
            self.alter(answer)
        return answer


def _refusing(name: str, change: Callable[[Answer], object], *codes: str) -> None:
    class Refuses(_Refusing):
        def alter(self, answer: Answer) -> None:
            change(answer)

    FAULTS[name] = Fault("content type and status", Refuses, codes)


def _piece(text: bytes) -> Callable[[Answer], object]:
    return lambda answer: setattr(answer, "pieces", [text])


_refusing(
    "RefusesInHtml",
    lambda a: a.fields.update({"Content-Type": "text/html"}),
    "response.content-type-undeclared",
)
_refusing("RefusesWithDetail", _piece(b'{"detail": "no"}'), "response-body.required")
_refusing("RefusesWithText", _piece(b'{"error": "no"}'), "response-body.type")
_refusing("RefusesWithoutMessage", _piece(b'{"error": {"code": 7}}'), "response-body.required")
_refusing("RefusesWithNothing", _piece(b""), "response-body.empty", "response-body.syntax")
_refusing("RefusesWithTeapot", lambda a: setattr(a, "status", 418), "response.status-undeclared")
_refusing("RefusesWithRedirect", lambda a: setattr(a, "status", 302), "response.*")
_refusing("RefusesWith501", lambda a: setattr(a, "status", 501), "response.server-error")
_refusing("RefusesWith503", lambda a: setattr(a, "status", 503), "response.server-error")


#: Valid requests that a server refuses, by when it does.
FUSSY: dict[str, When] = {
    "RefusesFloatForm": lambda r: any(
        isinstance(r.get(name), float) for name in ("n", "max_tokens", "seed")
    ),
    "RefusesNullMembers": lambda r: any(value is None for value in r.values()),
    "RefusesExtraMembers": lambda r: any(name.startswith("extra") for name in r),
    "RefusesParts": lambda r: bool(_parts(r)),
    "RefusesStop": lambda r: bool(r.get("stop")),
    "RefusesSeed": lambda r: "seed" in r,
    "RefusesZeroTemperature": lambda r: "temperature" in r and r["temperature"] == 0,
    "RefusesTwoSystems": lambda r: sum(m.get("role") == "system" for m in _messages(r)) > 0,
    "RefusesStreamFalse": _has("stream", False),
    "RefusesAstral": lambda r: _any_char(r, 0x10000, 0x10FFFF),
    "RefusesAuto": _has("tool_choice", "auto"),
    "RefusesNames": lambda r: any(m.get("name") for m in _messages(r)),
    "RefusesUsageChoice": lambda r: isinstance(r.get("stream_options"), dict),
    "RefusesIntegerTemperature": lambda r: type(r.get("temperature")) is int,
}


class _Fussy(_When):
    def validate(self, request: Body) -> None:
        super().validate(request)
        if self.strikes(request):
            raise Refusal(400, "not supported")


for _name, _when in FUSSY.items():
    _fussy = type(_name, (_Fussy,), {"when": staticmethod(_when)})
    FAULTS[_name] = Fault("valid refused", _fussy, ("request.valid-refused", "capability.*"))


@fault("valid refused", "request.valid-refused")
class RefusesWhiteSpace(Chat):
    def decode(self, asked: Asked) -> Body:
        if asked.body[:1].isspace():
            raise Refusal(400, "starts with white space")
        return super().decode(asked)


@fault("valid refused", "request.valid-refused")
class RefusesCharset(Chat):
    def decode(self, asked: Asked) -> Body:
        if asked.fields.get("content-type") != "application/json":
            raise Refusal(415, "send application/json")
        return super().decode(asked)


@fault("valid refused", "request.valid-refused")
class RefusesAnyAccept(Chat):
    def route(self, asked: Asked) -> None:
        super().route(asked)
        if asked.fields.get("accept", "application/json") == "*/*":
            raise Refusal(406, "say what you accept")


@fault("valid refused", "request.valid-refused")
class RefusesEscapedNames(Chat):
    def decode(self, asked: Asked) -> Body:
        if b'"model"' not in asked.body:
            raise Refusal(400, "no model")
        return super().decode(asked)
