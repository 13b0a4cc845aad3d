"""More faults of answers and streams: what only some requests bring about, and what comes late."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from servers.chat import Chat, Completion, Refusal
from servers.faults import FAULTS, Body, Fault, _Body, fault
from servers.semantic_faults import _Finished
from servers.stream_faults import _Chunks, _deltas, _Wire
from servers.wire import Answer

# -- the response's schema, deep and optional ----------------------------------------------------


def _body(name: str, change: Callable[[Body, Body], object], *codes: str) -> None:
    class Changed(_Body):
        def change(self, body: Body, request: Body) -> None:
            change(body, request)

    FAULTS[name] = Fault("response schema", Changed, codes)


def _calls(body: Body) -> list[Body]:
    return [call for c in body["choices"] for call in c["message"].get("tool_calls") or ()]


def _entries(body: Body) -> list[Body]:
    return [e for c in body["choices"] for e in (c.get("logprobs") or {}).get("content") or ()]


def _set(
    where: Callable[[Body], list[Body]], name: str, value: Any
) -> Callable[[Body, Body], None]:
    def change(body: Body, request: Body) -> None:
        for one in where(body):
            one[name] = value

    return change


def _del(where: Callable[[Body], list[Body]], name: str) -> Callable[[Body, Body], None]:
    def change(body: Body, request: Body) -> None:
        for one in where(body):
            one.pop(name, None)

    return change


def _self(body: Body) -> list[Body]:
    return [body]


def _choices(body: Body) -> list[Body]:
    return list(body["choices"])


def _message(body: Body) -> list[Body]:
    return [choice["message"] for choice in body["choices"]]


def _functions(body: Body) -> list[Body]:
    return [call["function"] for call in _calls(body)]


def _usage(body: Body) -> list[Body]:
    return [body["usage"]]


def _tops(body: Body) -> list[Body]:
    return [top for entry in _entries(body) for top in entry["top_logprobs"]]


TYPE = ("response-body.type", "response-body.oneOf")
MISSING = ("response-body.required", "response-body.oneOf", "response-body.type")
_body("WithoutModel", _del(_self, "model"), *MISSING)
_body("WithoutChoices", _del(_self, "choices"), *MISSING)
_body("WithoutMessage", _del(_choices, "message"), *MISSING)
_body("WithoutRole", _del(_message, "role"), *MISSING)
_body("ModelNullInAnswer", _set(_self, "model", None), *TYPE)
_body("IdAsNumber", _set(_self, "id", 7), *TYPE)
_body("FingerprintAsObject", _set(_self, "system_fingerprint", {}), *TYPE)
_body("TierAsNumber", _set(_self, "service_tier", 1), *TYPE)
_body("UsageAsList", _set(_self, "usage", []), *TYPE)
_body("UsageAsText", _set(_self, "usage", "12"), *TYPE)
_body("CreatedBeyondInt64", _set(_self, "created", 2**70), "response-body.*", "law.*")
_body("IndexAsFraction", _set(_choices, "index", 0.5), *TYPE)
_body("IndexBeyondInt32", _set(_choices, "index", 2**40), "response-body.*", "law.*")
_body("ContentAsNumber", _set(_message, "content", 42), *TYPE)
_body("ContentAsObject", _set(_message, "content", {"text": "x"}), *TYPE)
_body("PartsWithoutType", _set(_message, "content", [{"text": "x"}]), *MISSING)
_body("RefusalAsBoolean", _set(_message, "refusal", False), *TYPE)
_body("NameAsNumber", _set(_message, "name", 3), *TYPE)
_body(
    "ToolCallsAsObject",
    lambda b, r: [
        m.update(tool_calls=m["tool_calls"][0]) for m in _message(b) if m.get("tool_calls")
    ],
    *TYPE,
)
_body("CallTypeMissing", _del(_calls, "type"), *MISSING)
_body("CallTypeOther", _set(_calls, "type", "tool"), "response-body.const", "response-body.enum")
_body("FunctionNameMissing", _del(_functions, "name"), *MISSING, "law.*")
_body("ArgumentsMissing", _del(_functions, "arguments"), *MISSING, "law.*")
_body("ArgumentsNull", _set(_functions, "arguments", None), *TYPE)
_body(
    "LogprobsAsList",
    lambda b, r: [
        c.update(logprobs=c["logprobs"]["content"]) for c in _choices(b) if c.get("logprobs")
    ],
    *TYPE,
)
_body("TopLogprobsMissing", _del(_entries, "top_logprobs"), *MISSING)
_body("TopTokenMissing", _del(_tops, "token"), *MISSING)
_body("TopBytesAsText", _set(_tops, "bytes", "x"), *TYPE)
_body("BytesAsFractions", _set(_entries, "bytes", [0.5]), *TYPE)
_body("DetailsIncomplete", _set(_usage, "prompt_tokens_details", {"audio_tokens": 0}), *MISSING)
_body(
    "DetailsNegative",
    _set(_usage, "prompt_tokens_details", {"audio_tokens": -1, "cached_tokens": 0}),
    "response-body.minimum",
    "response-body.oneOf",
)
_body("CountWithFraction", _set(_usage, "completion_tokens", 1.5), *TYPE)
_body("CountNull", _set(_usage, "prompt_tokens", None), *TYPE)
_body(
    "LogprobsWithoutWhenLimited",
    lambda b, r: (
        [c.update(finish_reason=["length"]) for c in _choices(b)] if r.get("max_tokens") else None
    ),
    *TYPE,
)
_body(
    "WrongOnlyForJson",
    lambda b, r: (
        b.pop("created") if (r.get("response_format") or {}).get("type") == "json_object" else None
    ),
    *MISSING,
)
_body(
    "WrongOnlyForSeveral",
    lambda b, r: b["choices"][-1].pop("message") if len(b["choices"]) > 2 else None,
    *MISSING,
)


@fault("json", "response-body.*")
class TwiceInAnswer(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        text = json.dumps(self.body(request, completion))
        text = '{"model": "another", ' + text[1:]
        return Answer(200, {"Content-Type": "application/json"}, [text.encode()])


@fault("json", "response-body.*")
class DeepAnswer(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        text = json.dumps(self.body(request, completion))
        text = text[:-1] + ', "deep": ' + "[" * 6000 + "]" * 6000 + "}"
        return Answer(200, {"Content-Type": "application/json"}, [text.encode()])


@fault("json", "response-body.*")
class SingleQuotesInAnswer(Chat):
    def plain(self, request: Body, completion: Completion) -> Answer:
        text = repr(self.body(request, completion))
        return Answer(200, {"Content-Type": "application/json"}, [text.encode()])


# -- streams -------------------------------------------------------------------------------------


def _wire(name: str, change: Callable[[bytes], bytes], *codes: str) -> None:
    class Changed(_Wire):
        def wire(self, data: bytes) -> bytes:
            return change(data)

    FAULTS[name] = Fault("stream framing", Changed, codes)


DONE = b"data: [DONE]\n\n"
ENDLESS = ("stream.empty", "stream.sentinel-missing", "stream.unfinished", "stream.data-not-json")
_wire("NoColon", lambda d: d.replace(b"data: ", b"data "), *ENDLESS, "stream.*")
_wire("OtherField", lambda d: d.replace(b"data: ", b"message: "), *ENDLESS)
_wire("SentinelFirst", lambda d: DONE + d.replace(DONE, b""), "stream.after-sentinel")
_wire("SentinelQuoted", lambda d: d.replace(b"[DONE]", b'"[DONE]"'), "stream.*")
_wire("SentinelPadded", lambda d: d.replace(b"[DONE]", b"[DONE] ok"), "stream.*")
_wire("LastNotEnded", lambda d: d.removesuffix(b"\n\n"), "stream.unfinished", "stream.sentinel-*")
_wire("StreamTwice", lambda d: d + d, "stream.after-sentinel", "stream.sentinel-repeated")
_wire("CutInsideJson", lambda d: d[: len(d) // 2], *ENDLESS, "stream.*")
_wire("CutAfterFirst", lambda d: d[: d.index(b"\n\n") + 2], "stream.sentinel-missing")
_wire("EmptyEvents", lambda d: b"data:\n\n" + d, "stream.data-not-json")
_wire("NothingAtAll", lambda d: b"", "stream.empty")
_wire("OnlySentinel", lambda d: DONE, "law.*", "stream-body.*", "stream.*")
_wire("HeadTwice", lambda d: d[: d.index(b"\n\n") + 2] + d, "law.*")
_wire("Pretty", lambda d: d.replace(b"{", b"{\n"), "stream.*")
_wire("JsonNaN", lambda d: d.replace(b'"created": ', b'"x": NaN, "created": '), "stream.*")
_wire("CarriageReturnInside", lambda d: d.replace(b'", "', b'",\r "'), "stream.*")
_wire("NulBetween", lambda d: d.replace(b"\n\n", b"\n\n\0"), "stream.*")
_wire(
    "ErrorAtEnd",
    lambda d: d.replace(DONE, b'data: {"error": {"message": "late"}}\n\n' + DONE),
    "stream.error-event",
    "stream.required",
)


@fault("stream framing", "stream.*", "law.*", "run.*")
class TruncatedLatin(_Wire):
    """A text of another charset."""

    def wire(self, data: bytes) -> bytes:
        return re.sub(rb'("content": ")(\w)', lambda m: m[1] + b"\xe9" + m[2], data)


@fault("stream framing", "response.content-type-undeclared")
class NdjsonStream(Chat):
    def stream(self, request: Body, completion: Completion) -> Answer:
        answer = super().stream(request, completion)
        answer.fields["Content-Type"] = "application/x-ndjson"
        return answer


@fault("stream framing", "response.content-type-condition", "response-body.type")
class ListOfChunks(Chat):
    def stream(self, request: Body, completion: Completion) -> Answer:
        text = json.dumps(self.chunks(request, completion)).encode()
        return Answer(200, {"Content-Type": "application/json"}, [text])


def _answer(name: str, change: Callable[[Answer], object], *codes: str) -> None:
    class Changed(Chat):
        def stream(self, request: Body, completion: Completion) -> Answer:
            answer = super().stream(request, completion)
            change(answer)
            return answer

    FAULTS[name] = Fault("stream stall", Changed, codes)


_answer("NeverBegins", lambda a: setattr(a, "hang_before", True), "transport.timeout")
_answer("HeadThenNothing", lambda a: setattr(a, "hang_after", 0), "transport.stalled")
_answer(
    "HangsBeforeSentinel",
    lambda a: setattr(a, "hang_after", len(a.pieces) - 1),
    "transport.stalled",
)
_answer(
    "Drips",
    lambda a: (setattr(a, "pause", 0.3), setattr(a, "pieces", a.pieces[:1] * 100)),
    "transport.timeout",
)
_answer(
    "CommentsForever",
    lambda a: (setattr(a, "pieces", [*a.pieces[:2], b": wait\n\n"]), setattr(a, "endless", True)),
    "transport.endless",
    "transport.timeout",
)
_answer("CutAfterHead", lambda a: setattr(a, "abort_after", 0), "transport.truncated")
_answer(
    "CutBeforeSentinel",
    lambda a: setattr(a, "abort_after", len(a.pieces) - 1),
    "transport.truncated",
)
_answer(
    "CutAfterSentinel", lambda a: setattr(a, "abort_after", len(a.pieces)), "transport.truncated"
)


def _chunks(
    name: str, change: Callable[[list[Body], Body], list[Body] | None], kind: str, *codes: str
) -> None:
    class Changed(_Chunks):
        def change(self, chunks: list[Body], request: Body) -> list[Body]:
            found = change(chunks, request)
            return chunks if found is None else found

    FAULTS[name] = Fault(kind, Changed, codes)


def _of_chunks(where: str, name: str, value: Any) -> Callable[[list[Body], Body], None]:
    def change(chunks: list[Body], request: Body) -> None:
        places = {
            "chunk": chunks,
            "choice": [choice for chunk in chunks for choice in chunk["choices"]],
            "delta": _deltas(chunks),
            "call": [call for delta in _deltas(chunks) for call in delta.get("tool_calls") or ()],
        }
        for one in places[where]:
            if value is None:
                one.pop(name, None)
            else:
                one[name] = value

    return change


def _fragments(chunks: list[Body]) -> list[Body]:
    return [call for delta in _deltas(chunks) for call in delta.get("tool_calls") or ()]


def _last_fragment(chunks: list[Body], request: Body) -> None:
    for call in _fragments(chunks)[-1:]:
        call["function"]["arguments"] = ""


def _other_ids(chunks: list[Body], request: Body) -> None:
    for at, call in enumerate(_fragments(chunks)):
        call["id"] = f"call_{at}"


def _finish_first(chunks: list[Body], request: Body) -> None:
    reasons = [c for chunk in chunks for c in chunk["choices"] if c["finish_reason"]]
    for choice in (c for chunk in chunks[:1] for c in chunk["choices"]):
        choice["finish_reason"] = reasons[0]["finish_reason"] if reasons else "stop"
    for choice in reasons:
        if choice["index"] == 0:
            choice["finish_reason"] = None


def _running_usage(chunks: list[Body], request: Body) -> None:
    if (request.get("stream_options") or {}).get("include_usage"):
        for at, chunk in enumerate(chunks[:-1]):
            chunk["usage"] = {"prompt_tokens": 1, "completion_tokens": at, "total_tokens": at + 1}


def _usage_early(chunks: list[Body], request: Body) -> list[Body]:
    return [chunks[-1], *chunks[:-1]] if not chunks[-1]["choices"] else chunks


def _usage_sum(chunks: list[Body], request: Body) -> None:
    if chunks[-1].get("usage"):
        chunks[-1]["usage"]["total_tokens"] += 1


def _stop_for_length(chunks: list[Body], request: Body) -> None:
    for chunk in chunks:
        for choice in chunk["choices"]:
            if choice["finish_reason"] == "length":
                choice["finish_reason"] = "stop"


def _role_late(chunks: list[Body], request: Body) -> None:
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    if len(deltas) > 3:
        deltas[0].pop("role", None)
        deltas[2]["role"] = "assistant"


_chunks(
    "ObjectOfBody", _of_chunks("chunk", "object", "chat.completion"), "stream items", "stream.const"
)
_chunks("ChunkIdMissing", _of_chunks("chunk", "id", None), "stream items", "stream.required")
_chunks("CreatedMissing", _of_chunks("chunk", "created", None), "stream items", "stream.required")
_chunks("CreatedText", _of_chunks("chunk", "created", "now"), "stream items", "stream.type")
_chunks("ChoicesMissing", _of_chunks("chunk", "choices", None), "stream items", "stream.required")
_chunks("ContentList", _of_chunks("delta", "content", []), "stream items", "stream.type")
_chunks(
    "ReasonBoolean", _of_chunks("choice", "finish_reason", False), "stream items", "stream.type"
)
_chunks("LogprobsText", _of_chunks("choice", "logprobs", "x"), "stream items", "stream.*")
_chunks(
    "CallTypeText", _of_chunks("call", "type", "fn"), "stream items", "stream.const", "stream.*"
)
_chunks(
    "ArgumentsInStreamObject",
    _of_chunks("call", "function", {"arguments": {}}),
    "stream items",
    "stream.*",
)
_chunks("StreamUsageText", _of_chunks("chunk", "usage", "x"), "stream items", "stream.*")
_chunks(
    "StreamModelOther", _of_chunks("chunk", "model", "house"), "stream law", "law.model-as-asked"
)
_chunks("LastFragmentLost", _last_fragment, "stream law", "law.*")
_chunks("CallIdsChange", _other_ids, "stream law", "law.stream-tool-call-starts")
_chunks(
    "CallIndexFromOne",
    _of_chunks("call", "index", 1),
    "stream law",
    "law.stream-tool-calls-numbered",
)
_chunks("FinishesFirst", _finish_first, "stream law", "law.*")
_chunks("RunningUsage", _running_usage, "stream law", "law.*")
_chunks("UsageEarly", _usage_early, "stream law", "law.*")
_chunks("StreamUsageSum", _usage_sum, "stream law", "law.usage-adds-up")
_chunks("StreamStopForLength", _stop_for_length, "stream law", "law.*")
_chunks("RoleLate", _role_late, "stream law", "law.stream-role-first")
_chunks(
    "RoleUser",
    lambda c, r: [d.update(role="user") for d in _deltas(c) if "role" in d] and None,
    "stream law",
    "stream-body.*",
    "stream.*",
    "law.*",
)
_chunks(
    "OneChoiceStreamed",
    lambda c, r: [k for k in c if not k["choices"] or k["choices"][0]["index"] == 0],
    "stream law",
    "law.choices-as-asked",
)


def _texts(chunks: list[Body]) -> list[Body]:
    return [delta for delta in _deltas(chunks) if delta.get("content")]


def _lose(at: int) -> Callable[[list[Body], Body], None]:
    def change(chunks: list[Body], request: Body) -> None:
        if len(_texts(chunks)) > 2 and not request.get("logprobs"):
            _texts(chunks)[at]["content"] = ""

    return change


def _twice(chunks: list[Body], request: Body) -> None:
    for delta in _texts(chunks)[1:2]:
        delta["content"] *= 2


def _swap(chunks: list[Body], request: Body) -> None:
    texts = _texts(chunks)
    if len(texts) > 3:
        texts[1]["content"], texts[2]["content"] = texts[2]["content"], texts[1]["content"]


class _Same(_Chunks):
    """A server that gives one text to a request, streamed or not."""

    def choice(self, request: Body, index: int, digest: str) -> tuple[Body, list[str]]:
        return super().choice(request, index, "5eed0123456789abcdef01" + str(index))


def _differs(name: str, change: Callable[[list[Body], Body], object]) -> None:
    class Changed(_Same):
        def change(self, chunks: list[Body], request: Body) -> list[Body]:
            change(chunks, request)
            return chunks

    FAULTS[name] = Fault("stream and body", Changed, ("run.stream-differs", "law.*"))


_differs("LastPieceLost", _lose(-1))
_differs("FirstPieceLost", _lose(0))
_differs("MiddlePieceLost", _lose(2))
_differs("PieceTwice", _twice)
_differs("PiecesSwapped", _swap)


# -- semantics -----------------------------------------------------------------------------------


def _finished(
    name: str, change: Callable[[Completion, Body], object], *codes: str, kind: str = "semantics"
) -> None:
    class Changed(_Finished):
        def change(self, completion: Completion, request: Body) -> None:
            change(completion, request)

    FAULTS[name] = Fault(kind, Changed, codes or ("law.*",))


def _each_call(completion: Completion, change: Callable[[Body], None]) -> None:
    for at, choice in enumerate(completion.choices):
        for call in choice["message"].get("tool_calls") or ():
            change(call["function"])
            completion.pieces[at] = [call["function"]["arguments"]]


def _no_arguments(completion: Completion, request: Body) -> None:
    _each_call(completion, lambda f: f.update(arguments="{}"))


def _more_arguments(completion: Completion, request: Body) -> None:
    def more(function: Body) -> None:
        value = json.loads(function["arguments"])
        if isinstance(value, dict):
            function["arguments"] = json.dumps({**value, "extra": 1})

    if not request.get("max_tokens") and not request.get("max_completion_tokens"):
        _each_call(completion, more)


def _first_tool(completion: Completion, request: Body) -> None:
    for choice in completion.choices:
        for call in choice["message"].get("tool_calls") or ():
            call["function"]["name"] = request["tools"][0]["function"]["name"]


def _two_calls(completion: Completion, request: Body) -> None:
    if request.get("stream"):
        return
    for choice in completion.choices:
        calls = choice["message"].get("tool_calls")
        if calls:
            calls.append({**calls[0], "id": calls[0]["id"] + "b"})


def _same_call_ids(completion: Completion, request: Body) -> None:
    if request.get("stream"):
        return
    for choice in completion.choices:
        calls = choice["message"].get("tool_calls")
        if calls:
            calls.append(dict(calls[0]))


def _no_counts(completion: Completion, request: Body) -> None:
    completion.usage.update(prompt_tokens=0, completion_tokens=0, total_tokens=0)


def _positive_logprobs(completion: Completion, request: Body) -> None:
    for choice in completion.choices:
        for entry in (choice.get("logprobs") or {}).get("content") or ():
            entry["logprob"] = 0.9
            for top in entry["top_logprobs"]:
                top["logprob"] = 0.9


def _fewer_logprobs(completion: Completion, request: Body) -> None:
    for choice in completion.choices:
        entries = (choice.get("logprobs") or {}).get("content")
        if entries and not request.get("stream"):
            del entries[len(entries) // 2 :]


def _other_case(completion: Completion, request: Body) -> None:
    completion.model = completion.model.swapcase()


def _call_reason(completion: Completion, request: Body) -> None:
    for choice in completion.choices:
        if choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "function_call"


_finished("NoArguments", _no_arguments)
_finished("MoreArguments", _more_arguments)
_finished("AlwaysFirstTool", _first_tool)
_finished("TwoCallsAtOnce", _two_calls, "law.tool-calls-one-at-a-time")
_finished("SameCallIds", _same_call_ids, "law.tool-call-ids-differ", "law.*")
_finished("NoCounts", _no_counts)
_finished("PositiveLogprobs", _positive_logprobs)
_finished("FewerLogprobs", _fewer_logprobs, "law.logprobs-*", "law.*")
_finished("ModelInOtherCase", _other_case, "law.model-as-asked")
_finished(
    "CreatedInMilliseconds",
    lambda c, r: setattr(c, "created", c.created * 1000),
    "law.created-in-seconds",
)
_finished("CreatedNegative", lambda c, r: setattr(c, "created", -5), "law.created-in-seconds")
_finished("CreatedZero", lambda c, r: setattr(c, "created", 0), "law.created-in-seconds")
_finished("CallReasonOther", _call_reason, "law.tool-call-finishes")
_finished(
    "WrongModelOnlyForSeveral",
    lambda c, r: setattr(c, "model", "x") if len(c.choices) > 1 else None,
    "law.model-as-asked",
)
_finished(
    "WrongTotalOnlyForTools",
    lambda c, r: c.usage.update(total_tokens=1) if r.get("tools") else None,
    "law.usage-adds-up",
)
_finished(
    "WrongTotalOnlyWhenSmall",
    lambda c, r: c.usage.update(total_tokens=1) if 0 < (r.get("max_tokens") or 0) < 4 else None,
    "law.usage-adds-up",
)


@fault("semantics", "law.*")
class LimitPlusOne(Chat):
    def limit(self, request: Body) -> int | None:
        limit = super().limit(request)
        return None if limit is None else limit + 1


@fault("semantics", "law.*")
class LimitIgnoredWhenStreamed(Chat):
    def limit(self, request: Body) -> int | None:
        return None if request.get("stream") else super().limit(request)


@fault("semantics", "law.*")
class LimitIgnoredForSeveral(Chat):
    def limit(self, request: Body) -> int | None:
        return None if (request.get("n") or 1) > 1 else super().limit(request)


@fault("semantics", "law.stop-is-absent")
class OnlyFirstStop(Chat):
    def stopped(self, request: Body, pieces: list[str], reason: str) -> tuple[list[str], str]:
        short = {**request, "stop": (request.get("stop") or [])[:1]}
        return super().stopped(short, pieces, reason)


@fault("semantics", "law.stop-is-absent")
class StopIgnoredForSeveral(Chat):
    def stopped(self, request: Body, pieces: list[str], reason: str) -> tuple[list[str], str]:
        many = (request.get("n") or 1) > 1
        return (pieces, reason) if many else super().stopped(request, pieces, reason)


@fault("semantics", "law.*", "capability.*")
class ListForJsonObject(Chat):
    def text(self, request: Body, digest: str) -> str:
        wanted = (request.get("response_format") or {}).get("type")
        return "[1, 2]" if wanted == "json_object" else super().text(request, digest)


@fault("semantics", "law.*", "capability.*")
class JsonWithPreamble(Chat):
    def text(self, request: Body, digest: str) -> str:
        text = super().text(request, digest)
        wanted = (request.get("response_format") or {}).get("type")
        return "Here it is: " + text if wanted in ("json_object", "json_schema") else text


@fault("semantics", "law.*", "capability.*")
class JsonOnlyUnstreamed(Chat):
    def text(self, request: Body, digest: str) -> str:
        plain = {**request, "response_format": None} if request.get("stream") else request
        return super().text(plain, digest)


@fault("semantics", "law.*", "capability.*")
class SchemaWithoutRequired(Chat):
    def text(self, request: Body, digest: str) -> str:
        wanted = (request.get("response_format") or {}).get("type")
        return "{}" if wanted == "json_schema" else super().text(request, digest)


# -- state ---------------------------------------------------------------------------------------


class _Remembers(Chat):
    """A server that keeps something of the request before."""

    last: Body | None = None

    def complete(self, request: Body) -> Completion:
        completion = self.altered(request, super().complete(request))
        self.last = json.loads(json.dumps(request))
        return completion

    def altered(self, request: Body, completion: Completion) -> Completion:
        raise NotImplementedError


@fault("state", "run.leak", "law.*")
class TellsOthersMessages(_Remembers):
    """The answer quotes what another client asked."""

    def altered(self, request: Body, completion: Completion) -> Completion:
        if self.last is not None and not request.get("response_format"):
            quoted = str(self.last["messages"][-1].get("content"))
            for at, choice in enumerate(completion.choices):
                if choice["finish_reason"] == "stop" and not request.get("stop"):
                    choice["message"]["content"] += quoted
                    completion.pieces[at].append(quoted)
                    completion.usage["completion_tokens"] += 1
                    completion.usage["total_tokens"] += 1
        return completion


@fault("state", "law.model-as-asked", "run.*")
class ModelOfLastRequest(_Remembers):
    def altered(self, request: Body, completion: Completion) -> Completion:
        if self.last is not None:
            completion.model = str(self.last["model"])
        return completion


@fault("state", "law.*")
class ChoicesOfLastRequest(_Remembers):
    def altered(self, request: Body, completion: Completion) -> Completion:
        many = int((self.last or {}).get("n") or 1)
        del completion.choices[many:], completion.pieces[many:]
        return completion


@fault("state", "response.content-type-condition")
class StreamsOnceStreamed(Chat):
    """After a few streams everything is a stream."""

    streamed = 0

    def streams(self, request: Body) -> bool:
        self.streamed += super().streams(request)
        return self.streamed > 20 or super().streams(request)


@fault("state", "run.id-repeated")
class IdOfTheSecond(Chat):
    def complete(self, request: Body) -> Completion:
        completion = super().complete(request)
        completion.id = f"chatcmpl-{self.number // 10}"
        return completion


@fault("state", "run.id-repeated")
class StreamsShareAnId(Chat):
    def complete(self, request: Body) -> Completion:
        completion = super().complete(request)
        if request.get("stream"):
            completion.id = "chatcmpl-stream"
        return completion


@fault("state", "response.server-error", "run.*", "transport.*")
class BrokenByHangUp(Chat):
    """A client that goes away in mid-stream takes the others with it."""

    gone = False

    def hung_up(self) -> None:
        self.gone = True

    def stream(self, request: Body, completion: Completion) -> Answer:
        answer = super().stream(request, completion)
        answer.pause = 0.002
        return answer

    def validate(self, request: Body) -> None:
        super().validate(request)
        if self.gone:
            raise Refusal(500, "broken pipe")


@fault("state", "response-body.*", "law.*", "response.server-error")
class ForgetsUsageLate(Chat):
    def body(self, request: Body, completion: Completion) -> Body:
        body = super().body(request, completion)
        if self.number > 300:
            body["usage"] = {**body["usage"], "total_tokens": None}
        return body
