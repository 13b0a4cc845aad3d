"""Faults between the request and the answer, faults of state, and slowness."""

from __future__ import annotations

import json

from servers.chat import Chat, Completion, Refusal
from servers.faults import Body, fault
from servers.wire import Answer, Asked


class _Finished(Chat):
    """A server that changes the finished completion, streamed or not."""

    def change(self, completion: Completion, request: Body) -> None:
        raise NotImplementedError

    def complete(self, request: Body) -> Completion:
        completion = super().complete(request)
        self.change(completion, request)
        return completion


@fault("semantics", "law.*")
class TotalIsNotTheSum(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        completion.usage["total_tokens"] += 1


@fault("semantics", "law.*", "response-body.minimum")
class NegativeCount(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        completion.usage.update(
            prompt_tokens=-1, total_tokens=completion.usage["completion_tokens"] - 1
        )


@fault("semantics", "law.*")
class OneChoiceTooFew(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        del completion.choices[1:], completion.pieces[1:]


@fault("semantics", "law.*")
class IndexesAllZero(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        for choice in completion.choices:
            choice["index"] = 0


@fault("semantics", "law.*")
class AnotherModel(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        completion.model = "house-model"


@fault("semantics", "law.*")
class IgnoresMaxTokens(Chat):
    def limit(self, request: Body) -> int | None:
        return None


@fault("semantics", "law.*")
class IgnoresMaxCompletionTokens(Chat):
    def limit(self, request: Body) -> int | None:
        return super().limit({**request, "max_completion_tokens": None})


@fault("semantics", "law.*")
class StopAtLimitSaysStop(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        for choice in completion.choices:
            if choice["finish_reason"] == "length":
                choice["finish_reason"] = "stop"


@fault("semantics", "law.*")
class IgnoresStop(Chat):
    def stopped(self, request: Body, pieces: list[str], reason: str) -> tuple[list[str], str]:
        return pieces, reason


@fault("semantics", "law.*")
class IncludesStop(Chat):
    def stopped(self, request: Body, pieces: list[str], reason: str) -> tuple[list[str], str]:
        kept, why = super().stopped(request, pieces, reason)
        if kept == pieces:
            return kept, why
        text = "".join(pieces)
        cut = len("".join(kept))
        stops = [stop for stop in request["stop"] if stop and text.startswith(stop, cut)]
        return [*kept, stops[0]] if stops else kept, why


@fault("semantics", "law.*")
class IgnoresForcedTool(Chat):
    def forced(self, request: Body) -> Body | None:
        return None


@fault("semantics", "law.*")
class CallsAnotherTool(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        for choice in completion.choices:
            for call in choice["message"].get("tool_calls") or ():
                call["function"]["name"] += "_v2"


@fault("semantics", "law.*")
class ArgumentsBreakSchema(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        for at, choice in enumerate(completion.choices):
            for call in choice["message"].get("tool_calls") or ():
                call["function"]["arguments"] = "[]"
                completion.pieces[at] = ["[]"]


@fault("semantics", "law.*")
class ArgumentsAreNotJson(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        for at, choice in enumerate(completion.choices):
            for call in choice["message"].get("tool_calls") or ():
                call["function"]["arguments"] = "{city: north}"
                completion.pieces[at] = ["{city:", " north}"]


@fault("semantics", "law.*")
class CallsThoughNone(Chat):
    def forced(self, request: Body) -> Body | None:
        if request.get("tool_choice") == "none" and request.get("tools"):
            tool: Body = request["tools"][0]
            return tool
        return super().forced(request)


@fault("semantics", "law.*")
class IgnoresJsonMode(Chat):
    def text(self, request: Body, digest: str) -> str:
        return super().text({**request, "response_format": None}, digest)


@fault("semantics", "law.*")
class JsonInFences(Chat):
    def text(self, request: Body, digest: str) -> str:
        text = super().text(request, digest)
        wanted = (request.get("response_format") or {}).get("type")
        return f"```json\n{text}\n```" if wanted in ("json_object", "json_schema") else text


@fault("semantics", "law.*")
class JsonOfAnotherSchema(Chat):
    def text(self, request: Body, digest: str) -> str:
        wanted = (request.get("response_format") or {}).get("type")
        return "[]" if wanted == "json_schema" else super().text(request, digest)


@fault("semantics", "law.*")
class NoLogprobs(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        for choice in completion.choices:
            choice.pop("logprobs", None)


@fault("semantics", "law.*")
class LogprobsUnasked(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        for choice in completion.choices:
            choice.setdefault("logprobs", {"content": [self.logprob(request, "word")]})


@fault("semantics", "law.*")
class TopLogprobsTooFew(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        for choice in completion.choices:
            for entry in (choice.get("logprobs") or {}).get("content") or ():
                entry["top_logprobs"] = entry["top_logprobs"][:-1]


# -- over time -----------------------------------------------------------------------------------


@fault("state", "run.id-repeated", "law.*")
class SameIdForAll(_Finished):
    def change(self, completion: Completion, request: Body) -> None:
        completion.id = "chatcmpl-1"


@fault("state", "response.server-error", "run.unhealthy", "transport.*")
class RotsAfterManyRequests(Chat):
    def __call__(self, asked: Asked) -> Answer:
        if self.number > 150:
            self.number += 1
            return self.refuse(Refusal(500, "too many open files"))
        return super().__call__(asked)


@fault("slowness", "run.slower")
class SlowsDown(Chat):
    #: What it has put forward the run's clock, instead of making anybody wait.
    late = 0.0

    def __call__(self, asked: Asked) -> Answer:
        if len(asked.body) < 95 and self.number >= 90:
            self.late += 20.0
        return super().__call__(asked)


@fault("state", "response.server-error", "run.*")
class FailsEverySeventh(Chat):
    """Flaky: now and then a valid request gets a 500."""

    def __call__(self, asked: Asked) -> Answer:
        answer = super().__call__(asked)
        return self.refuse(Refusal(500, "sometimes")) if self.number % 7 == 0 else answer


@fault("state", "law.*", "run.*", "warning")
class SeedIgnored(Chat):
    """Best effort, so a warning: the same seed gives another answer."""

    def text(self, request: Body, digest: str) -> str:
        return f"answer number {self.number} " + super().text(request, digest)


@fault("state", "response-body.*")
class BreaksAfterStreams(Chat):
    streamed = 0

    def stream(self, request: Body, completion: Completion) -> Answer:
        self.streamed += 1
        return super().stream(request, completion)

    def body(self, request: Body, completion: Completion) -> Body:
        body = super().body(request, completion)
        if self.streamed > 5:
            body = json.loads(json.dumps(body))
            body["choices"][0]["message"].pop("role")
        return body
