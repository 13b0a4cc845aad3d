"""The laws of the bundled overlay on exchanges written by hand, and the engine below them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from troth import pointer
from troth.document import document, overlay
from troth.errors import SpecError
from troth.laws import laws
from troth.laws.condition import Facts
from troth.openapi import stream_assembly
from troth.schema.schema import Schemas

SPEC = Path(__file__).parents[2] / "spec"
DOCUMENT = overlay.apply(document.read(SPEC / "atoma.yaml"), [SPEC / "atoma.overlay.yaml"])
SCHEMAS = Schemas(DOCUMENT)
OPERATION = "/paths/~1v1~1chat~1completions/post"
LAWS = laws.parse(
    pointer.resolve(DOCUMENT.root, OPERATION + "/x-troth-laws"),
    OPERATION + "/x-troth-laws",
    DOCUMENT,
)
STREAM = OPERATION + "/responses/200/content/text~1event-stream"
ASSEMBLY = stream_assembly.parse(pointer.resolve(DOCUMENT.root, STREAM + "/x-troth-assembly"))
WHOLE = "/components/schemas/ChatCompletionResponse"
CHUNK = "/components/schemas/ChatCompletionChunk"
REQUEST = "/components/schemas/CreateChatCompletionRequest"

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "clock",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}},
    },
}
BARE = {"type": "function", "function": {"name": "bare"}}
FORCED = {"type": "function", "function": {"name": "weather"}}
CITY = {
    "type": "json_schema",
    "json_schema": {
        "name": "city",
        "schema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    },
}


def asked(**members: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **members}


def call(name: str, arguments: str, *, id: str = "call_1") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def choice(index: int = 0, content: Any = "Hello there.", **members: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    message.update(members.pop("message", {}))
    return {"index": index, "message": message, "finish_reason": "stop", **members}


def body(*choices: dict[str, Any], usage: Any = (3, 4), **members: Any) -> dict[str, Any]:
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "m",
        "choices": list(choices) or [choice()],
        **members,
    }
    if usage is not None:
        whole["usage"] = count(*usage)
    return whole


def count(prompt: int, completion: int, total: int | None = None) -> dict[str, Any]:
    total = prompt + completion if total is None else total
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


def chunk(*choices: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "m",
        "choices": list(choices),
        **members,
    }


def piece(index: int = 0, finish: Any = None, **delta: Any) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": finish}


def said(text: str = "Hello there.", index: int = 0) -> list[dict[str, Any]]:
    """The chunks of one choice in the commonest manner."""
    words = [chunk(piece(index, content=part)) for part in text.split()]
    return [chunk(piece(index, role="assistant", content="")), *words, chunk(piece(index, "stop"))]


def called(*fragments: dict[str, Any], finish: str = "tool_calls") -> list[dict[str, Any]]:
    return [
        chunk(piece(role="assistant", content=None)),
        *(chunk(piece(tool_calls=[fragment])) for fragment in fragments),
        chunk(piece(0, finish)),
    ]


def fragment(arguments: str, *, index: int = 0, id: Any = None, name: Any = None) -> dict[str, Any]:
    function: dict[str, Any] = {"arguments": arguments}
    if name is not None:
        function["name"] = name
    found: dict[str, Any] = {"index": index, "function": function}
    if id is not None:
        found |= {"id": id, "type": "function"}
    return found


def tokens(*texts: str, top: int = 0) -> dict[str, Any]:
    best = [{"token": "x", "logprob": -1.5}] * top
    return {"content": [{"token": text, "logprob": -0.5, "top_logprobs": best} for text in texts]}


def likely(logprobs: dict[str, Any], logprob: float) -> dict[str, Any]:
    """*logprobs*, of one token, with another number where its deepest one stands."""
    entry = logprobs["content"][0]
    target = [*entry["top_logprobs"], entry][0]
    changed = {**target, "logprob": logprob}
    whole = changed if target is entry else {**entry, "top_logprobs": [changed]}
    return {"content": [whole]}


def facts(request: dict[str, Any], answer: Any, again: Any = None) -> dict[str, Any]:
    """The variables of an exchange whose answer is a body, or the chunks of a stream."""
    if again is not None:
        return {"request": request, "first": folded(answer), "again": folded(again)}
    found = {"request": request, "status": 200, "streamed": isinstance(answer, list)}
    found["response"] = folded(answer)
    return {**found, "events": answer} if isinstance(answer, list) else found


def folded(answer: Any) -> Any:
    return stream_assembly.fold(ASSEMBLY, answer) if isinstance(answer, list) else answer


def verdicts(known: Mapping[str, Any]) -> dict[str, str]:
    judged = Facts(known, LAWS[0].scope)
    found = {law.id: laws.verdict(law, judged) for law in LAWS}
    # shared or not, the facts are the same
    assert found == {law.id: laws.verdict(law, known) for law in LAWS}
    return found


def broken(known: Mapping[str, Any]) -> set[str]:
    return {law for law, verdict in verdicts(known).items() if verdict == "broken"}


USAGE = {"stream": True, "stream_options": {"include_usage": True}}
COUNTED = [dict(part, usage=None) for part in said()]

GOOD: dict[str, tuple[Any, ...]] = {
    "plain": (asked(), body()),
    "least": (asked(), {**body(usage=None), "service_tier": None}),
    "nulls": (
        asked(n=None, stop=None, tools=None, response_format=None, stream_options=None),
        body(choice(logprobs=None, message={"refusal": None}), usage=None),
    ),
    "usage null": (asked(max_tokens=2), {**body(usage=None), "usage": None}),
    "snapshot of the model": (asked(), body(model="m-2026-01-01")),
    "several choices": (asked(n=2), body(choice(0, "a"), choice(1, "b"))),
    "choices in another order": (asked(n=2), body(choice(1, "a"), choice(0, "b"))),
    "more choices than is cheap": (asked(n=100), body()),
    "a choice count that the published document lets pass": (asked(n=0), body()),
    "cut": (asked(max_tokens=4), body(choice(finish_reason="length"))),
    "cut within a sentence": (
        asked(max_tokens=4),
        body(choice(content="Hello there and", finish_reason="length")),
    ),
    "several cut": (
        asked(max_completion_tokens=2, n=2),
        body(choice(finish_reason="length"), choice(1, finish_reason="length")),
    ),
    "the newer limit wins": (asked(max_completion_tokens=9, max_tokens=1), body()),
    "stop": (asked(stop=["x", "", "\n"]), body(choice(content="Hello"))),
    "no stop": (asked(stop=[]), body()),
    "content parts": (asked(stop=["x"]), body(choice(content=[{"type": "text", "text": "x"}]))),
    "a call": (
        asked(tools=[WEATHER, CLOCK], tool_choice="auto"),
        body(
            choice(
                content=None,
                finish_reason="tool_calls",
                message={"tool_calls": [call("weather", '{"location": "Paris"}')]},
            )
        ),
    ),
    "a forced call that says stop": (
        asked(tools=[WEATHER], tool_choice=FORCED, parallel_tool_calls=False),
        body(choice(content=None, message={"tool_calls": [call("weather", '{"location": "P"}')]})),
    ),
    "a refused call": (
        asked(tools=[WEATHER], tool_choice=FORCED),
        body(choice(content=None, message={"refusal": "No."})),
    ),
    "a call cut short": (
        asked(tools=[WEATHER], tool_choice=FORCED, max_tokens=4),
        body(
            choice(
                content=None,
                finish_reason="length",
                message={"tool_calls": [call("weather", '{"loc')]},
            )
        ),
    ),
    "a call without parameters": (
        asked(tools=[BARE]),
        body(
            choice(
                content="",
                finish_reason="tool_calls",
                message={"tool_calls": [call("bare", "{}")]},
            )
        ),
    ),
    "two calls": (
        asked(tools=[WEATHER, CLOCK]),
        body(
            choice(
                content=None,
                finish_reason="tool_calls",
                message={
                    "tool_calls": [
                        call("weather", '{"location": "P"}'),
                        call("clock", "{}", id="call_2"),
                    ]
                },
            )
        ),
    ),
    "no call though there are tools": (asked(tools=[WEATHER]), body()),
    "tools switched off": (asked(tools=[WEATHER], tool_choice="none"), body()),
    "an empty list of calls": (
        asked(tools=[WEATHER], tool_choice="none"),
        body(choice(message={"tool_calls": []})),
    ),
    "json": (asked(response_format={"type": "json_object"}), body(choice(content='{"a": 1}'))),
    "json cut short": (
        asked(response_format={"type": "json_object"}, max_tokens=4),
        body(choice(content='{"a', finish_reason="length")),
    ),
    "json refused": (
        asked(response_format=CITY),
        body(choice(content=None, message={"refusal": "No."})),
    ),
    "json schema": (asked(response_format=CITY), body(choice(content=' {"n": 1.0}\n'))),
    "json schema without a schema": (
        asked(response_format={"type": "json_schema", "json_schema": {"name": "x"}}),
        body(),
    ),
    "logprobs": (
        asked(logprobs=True, top_logprobs=2),
        body(choice(content="a b", logprobs=tokens("a", " b", top=2)), usage=(1, 2)),
    ),
    "logprobs whose last token is not shown": (
        asked(logprobs=True),
        body(choice(content="a b", logprobs=tokens("a", " b")), usage=(1, 3)),
    ),
    "logprobs of parts of a character": (
        asked(logprobs=True),
        body(choice(content="🙂", logprobs=tokens("\\xf0\\x9f", "\\x99\\x82")), usage=(1, 2)),
    ),
    "logprobs beside reasoning": (
        asked(logprobs=True),
        body(
            choice(content="a", logprobs=tokens("a"), message={"reasoning_content": "Hm."}),
            usage=(1, 9),
        ),
    ),
    "logprobs beside hidden reasoning": (
        asked(logprobs=True),
        {
            **body(choice(content="a", logprobs=tokens("a")), usage=None),
            "usage": {**count(1, 9), "completion_tokens_details": {"reasoning_tokens": 8}},
        },
    ),
    "logprobs of no content": (
        asked(logprobs=True),
        body(choice(content="", logprobs={"content": []}), usage=None),
    ),
    "logprobs as null content": (asked(), body(choice(logprobs={"content": None}))),
    "the same seed": (asked(seed=1), body(), body(id="chatcmpl-2")),
    "another system": (
        asked(seed=1),
        body(system_fingerprint="a"),
        body(choice(content="x"), system_fingerprint="b"),
    ),
    "no seed": (asked(), body(), body(choice(content="x"))),
    "cut, then whole": (
        asked(max_tokens=1),
        body(choice(content="Hello", finish_reason="length")),
        body(choice(content="Hello there")),
    ),
    "stream": (asked(stream=True), said()),
    "stream with content in its first chunk": (
        asked(stream=True),
        [chunk(piece(0, "stop", role="assistant", content="Hello"))],
    ),
    "stream of two": (
        asked(stream=True, n=2),
        [part for pair in zip(said(), said(index=1), strict=True) for part in pair],
    ),
    "stream of two, in the same chunks": (
        asked(stream=True, n=2),
        [
            chunk(piece(0, role="assistant"), piece(1, role="assistant")),
            chunk(piece(0, content="a"), piece(1, content="b")),
            chunk(piece(0, "stop"), piece(1, "stop")),
        ],
    ),
    "stream with usage": (asked(**USAGE), [*COUNTED, chunk(usage=count(1, 2))]),
    "stream with usage, its nulls left out": (asked(**USAGE), [*said(), chunk(usage=count(1, 2))]),
    "stream behind a filter": (
        asked(stream=True),
        [chunk(id="", model="", created=0, prompt_filter_results=[]), *said(), chunk()],
    ),
    "stream with empty ends": (
        asked(stream=True),
        [*said()[:-1], chunk(piece(content="")), chunk(piece(0, "stop", content=""))],
    ),
    "stream of a call": (
        asked(stream=True, tools=[WEATHER], tool_choice=FORCED),
        called(
            fragment("", id="call_1", name="weather"),
            fragment('{"locat'),
            fragment('ion": "P"}'),
        ),
    ),
    "stream of a call that repeats its id": (
        asked(stream=True, tools=[CLOCK]),
        called(fragment("{", id="call_1", name="clock"), fragment("}", id="call_1", name="")),
    ),
    "stream of two calls": (
        asked(stream=True, tools=[WEATHER, CLOCK]),
        called(
            fragment('{"location": "P"}', id="call_1", name="weather"),
            fragment("{}", index=1, id="call_2", name="clock"),
        ),
    ),
    "stream of reasoning": (
        asked(stream=True),
        [said()[0], chunk(piece(reasoning_content="Hm.")), *said()[1:]],
    ),
}

BAD: dict[str, tuple[set[str], tuple[Any, ...]]] = {
    "usage": ({"usage-adds-up"}, (asked(), body(usage=(3, 4, 8)))),
    "usage of a stream": (
        {"usage-adds-up"},
        (asked(**USAGE), [*COUNTED, chunk(usage=count(1, 2, 4))]),
    ),
    "too few choices": ({"choices-as-asked"}, (asked(n=2), body())),
    "too many choices": ({"choices-as-asked"}, (asked(), body(choice(), choice(1)))),
    "one index twice": ({"choices-numbered"}, (asked(n=2), body(choice(), choice()))),
    "indexes from one": ({"choices-numbered"}, (asked(), body(choice(1)))),
    "another model": ({"model-as-asked"}, (asked(), body(model="n"))),
    "no tokens counted": ({"usage-counts-tokens"}, (asked(), body(usage=(3, 0)))),
    "no time at all": ({"created-in-seconds"}, (asked(), body(created=0))),
    "milliseconds": ({"created-in-seconds"}, (asked(), body(created=1700000000000))),
    "beyond max_tokens": ({"limit-bounds-completion"}, (asked(max_tokens=3), body())),
    "beyond max_completion_tokens": (
        {"limit-bounds-completion"},
        (asked(max_completion_tokens=1, max_tokens=50), body(usage=(1, 2))),
    ),
    "at the limit": ({"limit-gives-length"}, (asked(max_tokens=4), body())),
    "at the limit, within a sentence": (
        {"limit-mid-sentence"},
        (asked(max_completion_tokens=4), body(choice(content="Hello there and"))),
    ),
    "cut": (
        {"cut-gives-length"},
        (
            asked(max_tokens=2),
            body(choice(content="One two")),
            body(choice(content="One two three")),
        ),
    ),
    "a stop sequence": ({"stop-is-absent"}, (asked(stop=["z", "lo"]), body())),
    "a stop sequence across chunks": (
        {"stop-is-absent"},
        (
            asked(stream=True, stop=["ell"]),
            [*said()[:1], chunk(piece(content="He")), chunk(piece(0, "stop", content="llo"))],
        ),
    ),
    "no forced call": (
        {"tool-choice-named"},
        (asked(tools=[WEATHER], tool_choice=FORCED), body()),
    ),
    "another call than the forced": (
        {"tool-choice-named"},
        (
            asked(tools=[WEATHER, CLOCK], tool_choice=FORCED),
            body(choice(message={"tool_calls": [call("clock", "{}")]})),
        ),
    ),
    "a call though switched off": (
        {"tool-choice-none"},
        (
            asked(tools=[CLOCK], tool_choice="none"),
            body(choice(finish_reason="tool_calls", message={"tool_calls": [call("clock", "{}")]})),
        ),
    ),
    "a call of nothing offered": (
        {"tool-was-offered"},
        (
            asked(),
            body(choice(finish_reason="tool_calls", message={"tool_calls": [call("clock", "{}")]})),
        ),
    ),
    "arguments that are no JSON": (
        {"tool-arguments-parse"},
        (
            asked(tools=[CLOCK]),
            body(choice(finish_reason="tool_calls", message={"tool_calls": [call("clock", "{")]})),
        ),
    ),
    "arguments that do not conform": (
        {"tool-arguments-conform"},
        (
            asked(tools=[CLOCK]),
            body(
                choice(
                    finish_reason="tool_calls",
                    message={"tool_calls": [call("clock", '{"zone":1}')]},
                )
            ),
        ),
    ),
    "strict arguments that do not conform": (
        {"tool-arguments-strict"},
        (
            asked(tools=[WEATHER]),
            body(
                choice(finish_reason="tool_calls", message={"tool_calls": [call("weather", "{}")]})
            ),
        ),
    ),
    "a call that says stop": (
        {"tool-call-finishes"},
        (asked(tools=[CLOCK]), body(choice(message={"tool_calls": [call("clock", "{}")]}))),
    ),
    "two calls at once": (
        {"tool-calls-one-at-a-time"},
        (
            asked(tools=[CLOCK], parallel_tool_calls=False),
            body(
                choice(
                    finish_reason="tool_calls",
                    message={"tool_calls": [call("clock", "{}"), call("clock", "{}", id="c")]},
                )
            ),
        ),
    ),
    "two calls of one id": (
        {"tool-call-ids-differ"},
        (
            asked(tools=[CLOCK]),
            body(
                choice(
                    finish_reason="tool_calls",
                    message={"tool_calls": [call("clock", "{}"), call("clock", "{}")]},
                )
            ),
        ),
    ),
    "a gap between calls": (
        {"stream-tool-calls-numbered"},
        (
            asked(stream=True, tools=[CLOCK]),
            called(
                fragment("{}", id="a", name="clock"), fragment("{}", index=2, id="b", name="clock")
            ),
        ),
    ),
    "prose for a JSON object": (
        {"json-object-parses"},
        (asked(response_format={"type": "json_object"}), body()),
    ),
    "an array for a JSON object": (
        {"json-object-parses"},
        (asked(response_format={"type": "json_object"}), body(choice(content="[]"))),
    ),
    "fenced JSON": (
        {"json-schema-conforms"},
        (asked(response_format=CITY), body(choice(content='```json\n{"n": 1}\n```'))),
    ),
    "JSON of another schema": (
        {"json-schema-conforms"},
        (asked(response_format=CITY), body(choice(content='{"n": "1"}'))),
    ),
    "no logprobs": ({"logprobs-when-asked"}, (asked(logprobs=True), body())),
    "logprobs unasked": (
        {"logprobs-only-when-asked"},
        (asked(), body(choice(logprobs=tokens("Hello", " there.")))),
    ),
    "too few logprobs": (
        {"logprobs-per-token", "logprobs-spell-content"},
        (
            asked(logprobs=True),
            body(choice(content="a b c", logprobs=tokens("a")), usage=(1, 3)),
        ),
    ),
    "more logprobs than tokens": (
        {"logprobs-per-token"},
        (
            asked(logprobs=True),
            body(choice(content="a b", logprobs=tokens("a", " b")), usage=(1, 1)),
        ),
    ),
    "logprobs of another text": (
        {"logprobs-spell-content"},
        (
            asked(logprobs=True),
            body(choice(content="a b", logprobs=tokens("a", " c")), usage=(1, 2)),
        ),
    ),
    "too few of the most likely": (
        {"top-logprobs-as-asked"},
        (
            asked(logprobs=True, top_logprobs=2),
            body(choice(content="a", logprobs=tokens("a", top=1)), usage=(1, 1)),
        ),
    ),
    "a log probability above 0": (
        {"logprobs-not-positive"},
        (
            asked(logprobs=True),
            body(choice(content="a", logprobs=likely(tokens("a"), 0.9)), usage=(1, 1)),
        ),
    ),
    "a likeliest token above 0": (
        {"logprobs-not-positive"},
        (
            asked(logprobs=True, top_logprobs=1),
            body(choice(content="a", logprobs=likely(tokens("a", top=1), 0.9)), usage=(1, 1)),
        ),
    ),
    "another answer to the same seed": (
        {"seed-repeats"},
        (asked(seed=1), body(choice(content="x")), body(choice(content="y"))),
    ),
    "another id": (
        {"stream-id-constant"},
        (asked(stream=True), [*said()[:-1], chunk(piece(0, "stop"), id="y")]),
    ),
    "another model midway": (
        {"stream-model-constant"},
        (asked(stream=True), [chunk(piece(role="assistant"), model="x"), *said()[1:]]),
    ),
    "another created": (
        {"stream-created-constant"},
        (asked(stream=True), [*said()[:-1], chunk(piece(0, "stop"), created=1700000001)]),
    ),
    "the role in each chunk": (
        {"stream-role-once"},
        (asked(stream=True), [said()[0], chunk(piece(0, "stop", role="assistant", content="a"))]),
    ),
    "no role": ({"stream-role-once"}, (asked(stream=True), said()[1:])),
    "no role for the second choice": (
        {"stream-role-once"},
        (asked(stream=True, n=2), [*said(), *said(index=1)[1:]]),
    ),
    "the role after the content": (
        {"stream-role-first"},
        (asked(stream=True), [said()[1], said()[0], *said()[2:]]),
    ),
    "no finish_reason": ({"stream-finishes-once"}, (asked(stream=True), said()[:-1])),
    "two finish_reasons": ({"stream-finishes-once"}, (asked(stream=True), [*said(), said()[-1]])),
    "content after the end": (
        {"stream-ends-at-finish"},
        (asked(stream=True), [*said(), chunk(piece(content="!"))]),
    ),
    "a call after the end": (
        {"stream-ends-at-finish", "tool-call-finishes"},
        (
            asked(stream=True, tools=[CLOCK]),
            [*said(), chunk(piece(tool_calls=[fragment("{}", id="c", name="clock")]))],
        ),
    ),
    "a choice that was not asked for": (
        {"stream-index-below-n", "choices-as-asked"},
        (asked(stream=True), [*said(), *said(index=1)]),
    ),
    "a call without an id": (
        {"stream-tool-call-starts"},
        (asked(stream=True, tools=[CLOCK]), called(fragment("{}", name="clock"))),
    ),
    "a call that is named late": (
        {"stream-tool-call-starts"},
        (
            asked(stream=True, tools=[CLOCK]),
            called(fragment("{", id="c"), fragment("}", name="clock")),
        ),
    ),
    "a call whose id changes": (
        {"stream-tool-call-starts"},
        (
            asked(stream=True, tools=[CLOCK]),
            called(fragment("{", id="c", name="clock"), fragment("}", id="d")),
        ),
    ),
    "fragments that are lost": (
        {"tool-arguments-parse"},
        (
            asked(stream=True, tools=[CLOCK]),
            called(fragment('{"zone": ', id="c", name="clock")),
        ),
    ),
    "no usage": ({"stream-usage-last"}, (asked(**USAGE), said())),
    "usage before the end": (
        {"stream-usage-last"},
        (asked(**USAGE), [*said()[:-1], chunk(usage=count(1, 2)), said()[-1]]),
    ),
    "usage beside a choice": (
        {"stream-usage-alone"},
        (asked(**USAGE), [*said()[:-1], {**said()[-1], "usage": count(1, 2)}]),
    ),
    "usage twice": (
        {"stream-usage-null-elsewhere"},
        (asked(**USAGE), [*said(), chunk(usage=count(1, 1)), chunk(usage=count(1, 2))]),
    ),
    "usage unasked": (
        {"stream-usage-only-when-asked"},
        (asked(stream=True), [*said(), chunk(usage=count(1, 2))]),
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_no_law_accuses_a_correct_answer(name: str) -> None:
    assert broken(facts(*GOOD[name])) == set()


@pytest.mark.parametrize("name", GOOD)
def test_the_correct_answers_conform_to_the_schemas(name: str) -> None:
    _, *answers = GOOD[name]
    for answer in answers:
        whole, items = folded(answer), answer if isinstance(answer, list) else []
        assert SCHEMAS.at(WHOLE).errors(whole) == ()
        assert [SCHEMAS.at(CHUNK).errors(item) for item in items] == [()] * len(items)


@pytest.mark.parametrize("name", BAD)
def test_a_faulty_answer_breaks_its_law_and_no_other(name: str) -> None:
    expected, exchange = BAD[name]
    assert broken(facts(*exchange)) == expected


def test_every_law_is_held_by_some_good_answer_and_broken_by_some_bad_one() -> None:
    ids = {law.id for law in LAWS}
    found = [verdicts(facts(*exchange)) for exchange in GOOD.values()]
    held = {law for known in found for law, verdict in known.items() if verdict == "held"}
    assert held == ids
    assert set().union(*(expected for expected, _ in BAD.values())) == ids


@pytest.mark.parametrize("name", GOOD)
def test_a_correct_answer_leaves_no_law_undecided(name: str) -> None:
    assert "undecided" not in verdicts(facts(*GOOD[name])).values()


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396, as its own pseudocode has it."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merged(target.get(name), value)
    return target


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.id)
def test_a_law_quotes_the_document_and_its_requests_are_valid(law: laws.Law) -> None:
    texts = set()
    waiting: list[Any] = [DOCUMENT.root["paths"], DOCUMENT.root["components"]]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            texts.add(" ".join(str(node.get("description", "")).split()))
            waiting.extend(value for name, value in node.items() if name != "x-troth-laws")
        elif isinstance(node, list):
            waiting.extend(node)
    assert any(" ".join(law.says.split()) in text for text in texts)
    assert law.requests
    for patch in law.requests:
        request = merged(asked(), copy.deepcopy(patch))
        assert SCHEMAS.at(REQUEST).errors(request) == ()
        if law.when is not None and law.when.variables == {"request"}:
            assert law.when.holds({"request": request}) is True
        if law.variation is not None:
            again = merged(request, law.variation)
            assert SCHEMAS.at(REQUEST).errors(again) == ()
            assert again != request


RAW = {"id": "a", "says": "b", "message": "c", "holds": "true"}


@pytest.mark.parametrize(
    ("raw", "at", "fault"),
    [
        ({"id": "a"}, "", '{"id":"a"} is not of type "array"'),
        ([{**RAW, "severity": "fatal"}], "/0/severity", '"fatal" is not one of'),
        ([{**RAW, "sayz": "x"}], "/0/sayz", "did you mean 'says'"),
        ([RAW, {**RAW, "holds": "false"}], "/1/id", "two laws of one operation are called 'a'"),
        ([{**RAW, "holds": "request.n = 1"}], "/0/holds", "this is no CEL expression"),
        ([{**RAW, "when": "reqest.n == 1"}], "/0/when", "'reqest' is no variable"),
    ],
)
def test_a_law_without_a_meaning_is_refused_where_it_stands(raw: Any, at: str, fault: str) -> None:
    base = OPERATION + "/x-troth-laws"
    with pytest.raises(SpecError) as caught:
        laws.parse(raw, base, DOCUMENT)
    assert caught.value.pointer == base + at
    assert fault in caught.value.fault
    assert caught.value.place == DOCUMENT.place(base + at)


def test_an_operation_without_laws_has_none() -> None:
    assert laws.parse((), "/paths/~1x/get/x-troth-laws", DOCUMENT) == ()
    assert laws.parse([], "/paths/~1x/get/x-troth-laws", DOCUMENT) == ()


def test_laws_say_where_they_were_written() -> None:
    for law in LAWS:
        assert law.place is not None
        assert law.place.file.endswith("atoma.overlay.yaml")


@pytest.mark.parametrize(
    ("status", "holds", "verdict"),
    [
        (200, "response.n == 2", "broken"),
        (299, "response.n == 2", "broken"),
        (300, "response.n == 2", "inapplicable"),
        (404, "response.n == 2", "inapplicable"),
        (404, "status == 400 || response.n == 2", "broken"),
        (404, "status == 404 && response.n == 1", "held"),
    ],
)
def test_a_law_is_about_success_unless_it_names_the_status(
    status: int, holds: str, verdict: laws.Verdict
) -> None:
    (law,) = laws.parse([{**RAW, "holds": holds}], OPERATION + "/x-troth-laws", DOCUMENT)
    answered = {"request": {}, "status": status, "response": {"n": 1}}
    assert laws.verdict(law, answered) == verdict
