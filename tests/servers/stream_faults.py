"""Faults of streams: framing, items, laws, endings, stalls."""

from __future__ import annotations

import json

from servers.chat import Chat, Completion
from servers.faults import Body, fault
from servers.wire import Answer


class _Chunks(Chat):
    """A server that changes the chunks of a stream."""

    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        raise NotImplementedError

    def chunks(self, request: Body, completion: Completion) -> list[Body]:
        chunks = json.loads(json.dumps(super().chunks(request, completion)))
        return self.change(chunks, request)


class _Wire(Chat):
    """A server that changes the bytes of a stream."""

    def wire(self, data: bytes) -> bytes:
        raise NotImplementedError

    def stream(self, request: Body, completion: Completion) -> Answer:
        answer = super().stream(request, completion)
        answer.pieces = [self.wire(b"".join(answer.pieces))]
        return answer


def _deltas(chunks: list[Body]) -> list[Body]:
    return [choice["delta"] for chunk in chunks for choice in chunk["choices"]]


# -- framing and endings -------------------------------------------------------------------------


@fault("stream framing", "stream.sentinel-missing")
class NoSentinel(_Wire):
    def wire(self, data: bytes) -> bytes:
        return data.replace(b"data: [DONE]\n\n", b"")


@fault("stream framing", "stream.sentinel-repeated")
class TwoSentinels(_Wire):
    def wire(self, data: bytes) -> bytes:
        return data + b"data: [DONE]\n\n"


@fault("stream framing", "stream.after-sentinel")
class ChunkAfterSentinel(_Wire):
    def wire(self, data: bytes) -> bytes:
        first = data.partition(b"\n\n")[0]
        return data + first + b"\n\n"


@fault("stream framing", "stream.sentinel-missing", "stream.data-not-json")
class SentinelInLowerCase(_Wire):
    def wire(self, data: bytes) -> bytes:
        return data.replace(b"[DONE]", b"[done]")


@fault("stream framing", "stream.unfinished", "stream.sentinel-missing", "stream.data-not-json")
class SingleNewlines(_Wire):
    def wire(self, data: bytes) -> bytes:
        return data.replace(b"\n\n", b"\n")


@fault("stream framing", "stream.empty", "stream.sentinel-missing", "stream.unfinished")
class BareJsonLines(_Wire):
    def wire(self, data: bytes) -> bytes:
        return data.replace(b"data: ", b"")


@fault("stream framing", "stream.data-not-json")
class CutJson(_Wire):
    def wire(self, data: bytes) -> bytes:
        return data.replace(b"}]}\n\n", b"}]\n\n", 1)


@fault("stream framing", "stream.utf-8")
class BadUtf8(_Wire):
    def wire(self, data: bytes) -> bytes:
        return data.replace(b'"model": "', b'"model": "\xff', 1)


@fault("stream framing", "stream.data-not-json")
class PythonRepr(Chat):
    def frames(self, request: Body, completion: Completion) -> list[str]:
        chunks = self.chunks(request, completion)
        return [f"data: {chunk!r}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]


@fault("stream framing", "transport.truncated", "stream.sentinel-missing")
class CutShort(Chat):
    def stream(self, request: Body, completion: Completion) -> Answer:
        answer = super().stream(request, completion)
        answer.abort_after = 2
        return answer


@fault("stream stall", "transport.stalled", "transport.timeout")
class HangsMidStream(Chat):
    def stream(self, request: Body, completion: Completion) -> Answer:
        answer = super().stream(request, completion)
        answer.hang_after = 2
        return answer


@fault("stream stall", "transport.stalled", "transport.timeout")
class HangsAfterSentinel(Chat):
    def stream(self, request: Body, completion: Completion) -> Answer:
        answer = super().stream(request, completion)
        answer.hang_after = len(answer.pieces)
        return answer


@fault("stream stall", "transport.endless", "transport.timeout")
class Endless(Chat):
    def stream(self, request: Body, completion: Completion) -> Answer:
        answer = super().stream(request, completion)
        answer.pieces, answer.endless = answer.pieces[:2], True
        return answer


# -- items ---------------------------------------------------------------------------------------


@fault("stream items", "stream.required")
class ChunkWithoutModel(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        del chunks[1]["model"]
        return chunks


@fault("stream items", "stream.required")
class DeltaMissing(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for choice in chunks[-1]["choices"]:
            del choice["delta"]
        return chunks


@fault("stream items", "stream.type")
class IndexAsText(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for chunk in chunks:
            for choice in chunk["choices"]:
                choice["index"] = str(choice["index"])
        return chunks


@fault("stream items", "stream.type", "stream.required", "stream.oneOf")
class FragmentWithoutIndex(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for delta in _deltas(chunks):
            for call in delta.get("tool_calls") or ():
                del call["index"]
        return chunks


@fault("stream items", "stream.error-event", "stream.required")
class ErrorMidStream(_Wire):
    def wire(self, data: bytes) -> bytes:
        error = b'data: {"error": {"message": "overloaded", "type": "x", "code": "y"}}\n\n'
        first, blank, rest = data.partition(b"\n\n")
        return first + blank + error + rest


# -- laws across chunks --------------------------------------------------------------------------


@fault("stream law", "law.*")
class IdChanges(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for at, chunk in enumerate(chunks):
            chunk["id"] += str(at)
        return chunks


@fault("stream law", "law.*")
class CreatedChanges(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        chunks[-1]["created"] += 1
        return chunks


@fault("stream law", "law.*")
class ModelChanges(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        chunks[-1]["model"] = "another"
        return chunks


@fault("stream law", "law.*")
class RoleInEveryChunk(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for delta in _deltas(chunks):
            delta["role"] = "assistant"
        return chunks


@fault("stream law", "law.*", "stream-body.*")
class RoleNever(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for delta in _deltas(chunks):
            delta.pop("role", None)
        return chunks


@fault("stream law", "law.*")
class ContentAfterFinish(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        with_reason = [c for c in chunks if c["choices"] and c["choices"][0]["finish_reason"]]
        last = json.loads(json.dumps(with_reason[-1]))
        last["choices"][0].update(delta={"content": " more"}, finish_reason=None)
        at = chunks.index(with_reason[-1]) + 1
        return [*chunks[:at], last, *chunks[at:]]


@fault("stream law", "law.*")
class TwoFinishReasons(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        with_reason = [c for c in chunks if c["choices"] and c["choices"][0]["finish_reason"]]
        at = chunks.index(with_reason[-1]) + 1
        return [*chunks[:at], with_reason[-1], *chunks[at:]]


@fault("stream law", "law.*")
class NoFinishReason(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for chunk in chunks:
            for choice in chunk["choices"]:
                choice["finish_reason"] = None
        return chunks


@fault("stream law", "law.*")
class OnlyFirstChoiceFinishes(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for chunk in chunks:
            for choice in chunk["choices"]:
                if choice["index"] > 0:
                    choice["finish_reason"] = None
        return chunks


@fault("stream law", "law.*")
class ChoiceIndexTooHigh(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for chunk in chunks:
            for choice in chunk["choices"]:
                choice["index"] += 1
        return chunks


@fault("stream law", "law.*")
class UsageMissing(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        return [chunk for chunk in chunks if chunk["choices"]]


@fault("stream law", "law.*")
class UsageUnasked(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        if not (request.get("stream_options") or {}).get("include_usage"):
            counts = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            chunks.append({**chunks[-1], "choices": [], "usage": counts})
        return chunks


@fault("stream law", "law.*")
class UsageOnLastContent(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        if chunks[-1]["choices"]:
            return chunks
        usage = chunks.pop()["usage"]
        chunks[-1]["usage"] = usage
        return chunks


@fault("stream law", "law.*")
class FragmentsDoNotJoin(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        fragments = [
            call["function"]
            for delta in _deltas(chunks)
            for call in delta.get("tool_calls") or ()
            if call["function"].get("arguments")
        ]
        for function in fragments[:1]:
            function["arguments"] = function["arguments"][1:]
        return chunks


@fault("stream law", "law.*", "stream-body.*")
class CallWithoutName(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for delta in _deltas(chunks):
            for call in delta.get("tool_calls") or ():
                call["function"].pop("name", None)
        return chunks


@fault("stream law", "law.*")
class StreamIgnoresStop(Chat):
    def stopped(self, request: Body, pieces: list[str], reason: str) -> tuple[list[str], str]:
        return (
            (pieces, reason) if self.streams(request) else super().stopped(request, pieces, reason)
        )


@fault("stream law", "law.*", "run.*")
class StreamLosesSpaces(_Chunks):
    """Folds to another text than the unstreamed answer."""

    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for delta in _deltas(chunks):
            if isinstance(delta.get("content"), str):
                delta["content"] = delta["content"].strip()
        return chunks


@fault("stream law", "law.*")
class StreamWithoutLogprobs(_Chunks):
    def change(self, chunks: list[Body], request: Body) -> list[Body]:
        for chunk in chunks:
            for choice in chunk["choices"]:
                choice.pop("logprobs", None)
        return chunks
