"""Chat completions of the bundled document: every promise, as JSON and as a stream."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import troth
from bundled import CONTRACT
from troth.http.exchange import Exchange, Request, Response
from troth.openapi.stream_assembly import fold
from troth_mock.chat.tokens import tokens
from troth_mock.reply import Reply
from troth_mock.responding.responder import Responder

RESPONDER = Responder(CONTRACT, seed=7)
OPERATION = CONTRACT.operation("POST /v1/chat/completions")
DECLARED = OPERATION.response(200)
assert DECLARED is not None
WHOLE, EVENTS = DECLARED.media_type("application/json"), DECLARED.media_type("text/event-stream")
assert WHOLE is not None
assert WHOLE.schema is not None
assert EVENTS is not None
assert EVENTS.assembly is not None
FIELDS = (("Authorization", "Bearer sesame"), ("Content-Type", "application/json"))

WEATHER = {
    "type": "object",
    "properties": {
        "location": {"type": "string", "minLength": 2},
        "unit": {"enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
    },
    "required": ["location", "unit"],
    "additionalProperties": False,
}
TREE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#"}},
    },
    "required": ["name"],
}


def tool(name: str, schema: Any, description: str = "") -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": schema},
    }


TOOLS = [
    tool("get_weather", WEATHER, "The weather of a place"),
    tool("plantTree", TREE, "Plants a sapling in a garden"),
    tool("noop", {"type": "object"}),
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.sampled_from(
        ["Hello!", "What is the capital of France?", "How is the weather in Paris?", "plant a tree",
         "a sapling, please", "\U0001f469\u200d\U0001f467 \u05e9\u05dc\u05d5\u05dd e\u0301"]
    ),
)  # fmt: skip
MESSAGES = st.lists(
    st.one_of(
        st.builds(lambda role, said: {"role": role, "content": said},
                  st.sampled_from(["system", "user", "assistant", "developer"]), TEXTS),
        st.builds(lambda said: {"role": "tool", "tool_call_id": "call_1", "content": said}, TEXTS),
    ),
    min_size=1, max_size=4,
)  # fmt: skip
FORMATS = st.sampled_from(
    [
        {"type": "text"},
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "weather", "schema": WEATHER}},
        {"type": "json_schema", "json_schema": {"name": "tree", "schema": TREE, "strict": True}},
    ]
)
CALL = {"type": "function", "function": {"name": "plantTree"}}
CHOICES = st.sampled_from(["none", "auto", CALL])
LIMITS = st.integers(1, 80)
ASKED = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["llama", "m"])
        | st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        "messages": MESSAGES,
    },
    optional={
        "n": st.sampled_from([1, 2, 3, 9]),
        "max_tokens": LIMITS,
        "max_completion_tokens": LIMITS,
        "stop": st.lists(st.sampled_from([" the", ".", "e", "\n", '"', ""]), max_size=4),
        "response_format": FORMATS,
        "service_tier": st.sampled_from(["auto", "default", "flex"]),
        "reasoning_effort": st.sampled_from(["none", "low", "high", None]),
        "seed": st.integers(0, 3),
        "temperature": st.floats(0, 2),
        "user": TEXTS,
    },
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    body = draw(ASKED)
    if draw(st.booleans()):
        body["tools"] = TOOLS[: draw(st.integers(2, 3))]
        if draw(st.booleans()):
            body["tool_choice"] = draw(CHOICES)
        if draw(st.booleans()):
            body["parallel_tool_calls"] = draw(st.booleans())
    if draw(st.booleans()):
        body["logprobs"] = True
        if draw(st.booleans()):
            body["top_logprobs"] = draw(st.sampled_from([0, 1, 2, 20]))
    return body


def respond(body: dict[str, Any], *, now: int = 0) -> Reply:
    return RESPONDER.respond(
        Request("POST", "/v1/chat/completions", FIELDS, json.dumps(body).encode()), now=now
    )


def answered(body: dict[str, Any]) -> dict[str, Any]:
    reply = respond(body)
    assert (reply.status, reply.stream) == (200, None), reply.body
    return json.loads(reply.body or b"")


def chunks(reply: Reply) -> list[Any]:
    assert reply.stream is not None, reply.body
    *frames, end = reply.stream.frames
    assert end == b"data: [DONE]\n\n"
    assert len(reply.stream.tokens) == len(frames) + 1
    for frame in frames:
        assert frame.startswith(b"data: {")
        assert frame.endswith(b"}\n\n")
        assert frame.count(b"\n") == 2
    return [json.loads(frame[6:]) for frame in frames]


def oracle(schema_pointer: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**CONTRACT.document.root, "$ref": f"#{schema_pointer}"})


@settings(suppress_health_check=list(HealthCheck))
@given(requests())
@example({"model": "m", "messages": [{"role": "user", "content": "x"}], "stop": ["e", "\n"]})
@example({"model": "mark-", "messages": [{"role": "user", "content": '"mark-"'}], "n": 3})
@example(
    {
        "model": "m",
        "messages": [{"role": "tool", "tool_call_id": "c", "content": "}1R\u00eb"}],
        "max_tokens": 9,
    }
)
def test_every_answer_conforms_and_keeps_what_the_document_promises(asked):
    body = answered(asked)
    assert WHOLE.schema.errors(body) == ()
    assert oracle(WHOLE.schema.pointer).is_valid(body)
    keeps_the_promises(asked, body)


def keeps_the_promises(asked: dict[str, Any], body: dict[str, Any]) -> None:
    choices, usage = body["choices"], body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert [choice["index"] for choice in choices] == list(range(asked.get("n", 1)))
    assert body["model"] == asked["model"]
    limits = [asked[name] for name in ("max_tokens", "max_completion_tokens") if name in asked]
    limit = min(limits, default=None)
    total = 0
    for choice in choices:
        message = choice["message"]
        assert message["role"] == "assistant"
        assert ("tool_calls" in message) == (choice["finish_reason"] == "tool_calls") or limit
        assert message.get("content", "") is not None
        thinks = asked.get("reasoning_effort") in ("low", "high")
        assert ("reasoning_content" in message) == thinks
        size = len(tokens(message.get("reasoning_content", "")))
        if limit is not None and size >= limit:
            assert message["content"] == ""
        elif "tool_calls" in message:
            size += keeps_calls(asked, message["tool_calls"], choice["finish_reason"])
        else:
            size += keeps_content(asked, choice)
        assert limit is None or size <= limit
        assert (choice["finish_reason"] == "length") == (limit is not None and size >= limit)
        total += size
    assert total == usage["completion_tokens"]
    tier = {"auto": "default"}.get(asked.get("service_tier", ""), asked.get("service_tier"))
    assert body.get("service_tier") == tier


def keeps_calls(asked: dict[str, Any], calls: list[Any], finish: str) -> int:
    assert asked.get("tool_choice") != "none"
    offered = {one["function"]["name"]: one["function"]["parameters"] for one in asked["tools"]}
    if asked.get("parallel_tool_calls") is False or isinstance(asked.get("tool_choice"), dict):
        assert len(calls) == 1
    if isinstance(asked.get("tool_choice"), dict):
        assert calls[0]["function"]["name"] == "plantTree"
    assert len({call["id"] for call in calls}) == len(calls)
    for call in calls if finish == "tool_calls" else calls[:-1]:
        arguments = json.loads(call["function"]["arguments"])
        jsonschema.validate(arguments, offered[call["function"]["name"]])
    return sum(len(tokens(call["function"]["arguments"])) for call in calls)


def keeps_content(asked: dict[str, Any], choice: dict[str, Any]) -> int:
    content = choice["message"]["content"]
    assert isinstance(asked.get("tool_choice"), dict) is False
    stops = [stop for stop in asked.get("stop", ()) if stop]
    assert not any(stop in content for stop in stops)
    wanted = asked.get("response_format", {})
    if wanted.get("type", "text") != "text" and choice["finish_reason"] == "stop" and not stops:
        value = json.loads(content)
        assert isinstance(value, dict)
        jsonschema.validate(value, wanted.get("json_schema", {}).get("schema", {}))
    pieces = tokens(content)
    assert ("logprobs" in choice) == (asked.get("logprobs") is True)
    if "logprobs" in choice:
        entries = choice["logprobs"]["content"]
        assert "".join(entry["token"] for entry in entries) == content
        assert all(bytes(entry["bytes"]).decode() == entry["token"] for entry in entries)
        top = asked.get("top_logprobs", 0)
        for entry in entries:
            alternatives = [one["token"] for one in entry["top_logprobs"]]
            assert len(set(alternatives)) == len(alternatives) == top
            ranked = [one["logprob"] for one in entry["top_logprobs"]]
            assert ranked == sorted(ranked, reverse=True)
        return len(entries)
    return len(pieces)


@settings(suppress_health_check=list(HealthCheck))
@given(requests(), st.sampled_from([None, True, False]))
def test_a_stream_folds_to_the_body_of_the_same_request(asked, usage):
    options = {} if usage is None else {"stream_options": {"include_usage": usage}}
    reply = respond({**asked, "stream": True, **options})
    found = chunks(reply)
    schema = CONTRACT.schemas.content_schema(EVENTS.item.pointer)
    assert schema is not None
    judge = oracle(schema.pointer)
    for chunk in found:
        assert schema.errors(chunk) == ()
    assert all(judge.is_valid(chunk) for chunk in (found[0], found[-1]))
    body = answered(asked)
    folded = fold(EVENTS.assembly, found)
    if usage is not True:
        del body["usage"]
    assert folded == body
    has_the_form_of_a_stream(found, asked.get("n", 1), includes_usage=usage is True)
    assert sum(reply.stream.tokens) == answered(asked)["usage"]["completion_tokens"]


def has_the_form_of_a_stream(found: list[Any], n: int, *, includes_usage: bool) -> None:
    assert len({(one["id"], one["model"], one["created"], one["object"]) for one in found}) == 1
    if includes_usage:
        *found, last = found
        assert last["choices"] == []
        assert last["usage"]["total_tokens"] > 0
        assert all(one["usage"] is None for one in found)
    else:
        assert not any("usage" in one for one in found)
    for index in range(n):
        own = [part for one in found for part in one["choices"] if part["index"] == index]
        first, *rest = own
        assert first["delta"]["role"] == "assistant"
        assert not any("role" in part["delta"] for part in rest)
        assert [part["finish_reason"] is None for part in own] == [True] * (len(own) - 1) + [False]
        assert own[-1]["delta"] == {}
        seen: set[int] = set()
        for call in (call for part in own for call in part["delta"].get("tool_calls", ())):
            assert {"id", "type"} <= call.keys() or call["index"] in seen
            assert ("name" in call["function"]) == (call["index"] not in seen)
            seen.add(call["index"])


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(requests(), st.booleans())
def test_the_validator_and_its_laws_find_nothing_to_say(asked, streamed):
    body = {**asked, "stream": streamed}
    if asked.get("response_format", {}).get("type", "text") != "text":
        body.pop("stop", None)  # what stops at a letter is no JSON: both cannot be kept
    reply = respond(body)
    sent = Request("POST", "/v1/chat/completions", FIELDS, json.dumps(body).encode())
    data = b"".join(reply.stream.frames) if reply.stream else reply.body
    got = Response(reply.status, reply.fields, data or b"")
    found = CONTRACT.validate(Exchange(sent, got))
    assert [str(one) for one in found if one.severity == "error"] == []


def test_text_comes_in_pieces_and_arguments_too():
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    pieces = [one["choices"][0]["delta"].get("content") for one in chunks(respond(asked))]
    assert pieces[0] == ""
    assert pieces[-1] is None
    assert pieces[1:-1] == tokens("".join(pieces[1:-1]))
    asked |= {"tools": TOOLS, "tool_choice": CALL}
    parts = [
        call["function"]["arguments"]
        for one in chunks(respond(asked))
        for call in one["choices"][0]["delta"].get("tool_calls", ())
    ]
    assert parts[0] == ""
    assert len(parts) > 4


@pytest.mark.parametrize(
    ("said", "called"),
    [
        ("How is the weather in Paris?", ["get_weather"]),
        ("Plant something, and look at the weather", ["get_weather", "plantTree"]),
        ("I want a sapling", ["plantTree"]),
        ("Hello", []),
    ],
)
def test_auto_calls_the_tools_that_the_question_speaks_of(said, called):
    asked = {"model": "m", "messages": [{"role": "user", "content": said}], "tools": TOOLS}
    for choice in ({}, {"tool_choice": "auto"}):
        message = answered({**asked, **choice})["choices"][0]["message"]
        names = [call["function"]["name"] for call in message.get("tool_calls", ())]
        assert names == called
        # there, though empty: generated clients insist on the member
        assert bool(message["content"]) == (not called)


def test_an_argument_takes_up_what_the_question_names():
    said = [{"role": "user", "content": "How is the weather in New York?"}]
    message = answered({"model": "m", "messages": said, "tools": TOOLS})["choices"][0]["message"]
    arguments = json.loads(message["tool_calls"][0]["function"]["arguments"])
    assert arguments["location"] == "New York"


def test_an_agent_loop_ends_with_an_answer_that_uses_the_result():
    messages: list[Any] = [{"role": "user", "content": "How is the weather in Paris?"}]
    asked = {"model": "m", "messages": messages, "tools": TOOLS}
    message = answered(asked)["choices"][0]["message"]
    messages.append(message)
    for call in message["tool_calls"]:
        result = {"role": "tool", "tool_call_id": call["id"], "content": '{"temperature": 21.5}'}
        messages.append(result)
    choice = answered(asked)["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert "temperature: 21.5" in choice["message"]["content"]
    assert "`get_weather`" in choice["message"]["content"]


def test_a_limit_cuts_the_same_answer_short():
    asked = {"model": "m", "messages": [{"role": "user", "content": "Tell me of the sea"}]}
    long = answered(asked)["choices"][0]["message"]["content"]
    short = answered({**asked, "max_tokens": 5})["choices"][0]
    assert short["message"]["content"] == "".join(tokens(long)[:5])
    assert short["finish_reason"] == "length"
    stopped = answered({**asked, "stop": [tokens(long)[7]]})["choices"][0]
    assert long.startswith(stopped["message"]["content"])
    assert stopped["finish_reason"] == "stop"


def test_a_limit_that_the_answer_just_reaches_ends_it():
    said = [{"role": "user", "content": "How is the weather in Paris?"}]
    calling = {"model": "m", "messages": said, "tools": TOOLS}
    (call,) = answered(calling)["choices"][0]["message"]["tool_calls"]
    arguments = call["function"]["arguments"]
    size = len(tokens(arguments))
    found = {}
    for limit in (size - 1, size, size + 1):
        choice = answered({**calling, "max_tokens": limit})["choices"][0]
        (cut,) = choice["message"]["tool_calls"]
        found[limit] = cut["function"]["arguments"], choice["finish_reason"]
    assert found == {
        size - 1: ("".join(tokens(arguments)[:-1]), "length"),
        size: (arguments, "length"),
        size + 1: (arguments, "tool_calls"),
    }


def refused(body: dict[str, Any]) -> dict[str, Any]:
    reply = respond(body)
    assert (reply.status, reply.stream) == (400, None)
    return json.loads(reply.body or b"")["error"]


USER = [{"role": "user", "content": "How is the weather?"}]
ABSENT = {"type": "function", "function": {"name": "absent"}}
NEVER = {"type": "object", "required": ["a"], "properties": {"a": False}}
EMPTY = {"type": "integer", "minimum": 3, "maximum": 2}
REMOTE = {"$ref": "http://127.0.0.1:9/x.json"}
FOREIGN = {"$schema": "https://example.com/draft"}
PARAMETERS, SCHEMA = "/tools/0/function/parameters", "/response_format/json_schema/schema"


def formatted(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}


@pytest.mark.parametrize(
    ("extra", "param", "code"),
    [
        ({"n": 129}, "/n", "invalid_value"),
        ({"n": 10**9}, "/n", "invalid_value"),
        ({"tool_choice": ABSENT, "tools": TOOLS}, "/tool_choice", "unknown_tool"),
        ({"tool_choice": ABSENT}, "/tool_choice", "unknown_tool"),
        ({"tool_choice": "required"}, "/tool_choice", "request-body.enum"),
        ({"tools": [tool("weather", NEVER)]}, PARAMETERS, "unsatisfiable_schema"),
        ({"tools": [tool("weather", REMOTE)]}, PARAMETERS + "/$ref", "remote_reference"),
        ({"tools": [tool("weather", {"$ref": "#"})]}, PARAMETERS, "endless_reference"),
        ({"response_format": formatted(EMPTY)}, SCHEMA, "unsatisfiable_schema"),
        ({"response_format": formatted(False)}, SCHEMA, "unsatisfiable_schema"),
        ({"response_format": formatted(FOREIGN)}, SCHEMA + "/$schema", "unknown_draft"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_met_is_a_400_that_names_it(extra, param, code, stream):
    error = refused({"model": "m", "messages": USER, "stream": stream, **extra})
    assert (error["param"], error["code"]) == (param, code)
    assert error["type"] == "invalid_request_error"


OLD = "http://json-schema.org/draft-04/schema#"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "patternProperties": {"^(a+)+$": {}}, "minProperties": 1},
        {"type": "string", "pattern": "^(a|a)*b$"},
        {"type": "array", "items": {"$ref": "#"}},
        {"$schema": OLD, "type": "integer", "minimum": 3, "exclusiveMinimum": True},
        True,
        {},
        {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(300)}},
    ],
)
def test_schemas_that_only_look_hostile_are_met(schema):
    body = answered({"model": "m", "messages": USER, "response_format": formatted(schema)})
    value = json.loads(body["choices"][0]["message"]["content"])
    assert jsonschema.validators.validator_for(schema)(schema).is_valid(value)


def test_json_that_a_stop_would_cut_is_drawn_without_it():
    for stop in (" the", "answer", "topic"):
        asked = {"model": "m", "messages": USER, "response_format": {"type": "json_object"}}
        content = answered({**asked, "stop": [stop]})["choices"][0]["message"]["content"]
        assert isinstance(json.loads(content), dict)
        assert stop not in content


def test_the_largest_request_that_is_taken_gets_a_bounded_answer():
    asked = {"model": "m", "messages": USER, "n": 128, "logprobs": True, "top_logprobs": 20}
    reply = respond(asked)
    assert reply.status == 200
    assert len(reply.body or b"") < 16_000_000
    said = [choice["message"]["content"] for choice in json.loads(reply.body or b"")["choices"]]
    assert len(set(said)) == 128


ONE = Request(
    "POST",
    "/v1/chat/completions",
    FIELDS,
    json.dumps({"model": "m", "messages": USER}).encode(),
)


def told(responder: Responder, *, now: int = 0) -> dict[str, Any]:
    return json.loads(responder.respond(ONE, now=now).body or b"")


def test_the_fixed_clock_stands_still_and_the_wall_clock_goes():
    assert [told(RESPONDER, now=now)["created"] for now in (1, 2)] == [1_700_000_000] * 2
    wall = Responder(CONTRACT, clock="wall")
    assert [told(wall, now=now)["created"] for now in (1, 2)] == [1, 2]


def test_another_seed_gives_another_answer_with_the_same_fingerprint():
    one, other = (told(Responder(CONTRACT, seed=seed)) for seed in (1, 2))
    assert one["id"] != other["id"]
    assert one["choices"] != other["choices"]
    assert one["system_fingerprint"] == other["system_fingerprint"]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(requests(), st.randoms(use_true_random=False))
def test_key_order_and_white_space_change_nothing(asked, random):
    names = list(asked)
    random.shuffle(names)
    plain = json.dumps(asked).encode()
    other = json.dumps({name: asked[name] for name in names}, indent=2, ensure_ascii=False).encode()
    found = [
        RESPONDER.respond(Request("POST", "/v1/chat/completions", FIELDS, data), now=0)
        for data in (plain, other)
    ]
    assert found[0] == found[1]
    assert found[0] == Responder(CONTRACT, seed=7).respond(
        Request("POST", "/v1/chat/completions", FIELDS, plain), now=5
    )


def test_reasoning_comes_before_the_answer_where_it_is_asked_for_and_counts_for_the_limit():
    def ask(**members):
        question = {"role": "user", "content": "What is a contract?"}
        return answered({"model": "m", "messages": [question], **members})

    asked = ask(reasoning_effort="high")
    message = asked["choices"][0]["message"]
    assert "a contract" in message["reasoning_content"]
    assert asked["usage"]["completion_tokens"] == len(
        tokens(message["reasoning_content"]) + tokens(message["content"])
    )
    for effort in (None, "none"):
        assert "reasoning_content" not in ask(reasoning_effort=effort)["choices"][0]["message"]
    cut = ask(reasoning_effort="high", max_tokens=5, n=2)
    assert cut["usage"]["completion_tokens"] == 10
    assert [(each["message"]["content"], each["finish_reason"]) for each in cut["choices"]] == [
        ("", "length")
    ] * 2


def test_where_nothing_asks_for_reasoning_every_answer_has_some(tmp_path):
    overlay = tmp_path / "always.yaml"
    overlay.write_text(
        "overlay: 1.0.0\ninfo: {title: a, version: '1'}\nactions:\n"
        "  - target: $.paths.*.post['x-troth-completion'].request.reasoning\n    remove: true\n"
    )
    responder = Responder(troth.load(overlays=["atoma", overlay]))
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    request = Request("POST", "/v1/chat/completions", FIELDS, json.dumps(body).encode())
    assert responder.compiled(request) is None
    message = json.loads(responder.respond(request, now=0).body)["choices"][0]["message"]
    assert message["reasoning_content"]


@pytest.mark.parametrize("role", ["system", "user"])
def test_an_object_is_as_the_messages_say_it(role: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 7}},
              "required": ["n"], "additionalProperties": False}  # fmt: skip
    example = 'Of the schema {"properties": {"a": {"type": "array"}}} {"a": []} is an instance.'
    for said, keys in (
        (f"{example} The JSON schema: ```{json.dumps(schema)}``` Answer in JSON.", ["n"]),
        ("Answer in JSON with the keys city and people.", ["city", "people"]),
        ("The schema is {broken", ["topic", "answer", "confidence"]),
        ('The schema is {"properties": {"a": false}, "required": ["a"]}', ["topic", "answer",
                                                                          "confidence"]),
    ):  # fmt: skip
        asked = [{"role": role, "content": said}]
        body = {"model": "m", "messages": asked, "response_format": {"type": "json_object"}}
        request = Request("POST", "/v1/chat/completions", FIELDS, json.dumps(body).encode())
        whole = json.loads(RESPONDER.respond(request, now=0).body or b"")
        told = json.loads(whole["choices"][0]["message"]["content"])
        assert list(told) == keys
        assert told.get("n", 7) >= 7
