"""The overlay mends the document, and spec/README.md is enough to write another one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from troth import lint, pointer
from troth.document import document, overlay
from troth.laws import laws
from troth.laws.condition import Scope, parse
from troth.laws.declared_members import shapes_of
from troth.openapi import stream_assembly
from troth.schema.schema import Schemas

SPEC = Path(__file__).parents[1] / "spec"
PUBLISHED = document.read(SPEC / "atoma.yaml")
INTENDED = overlay.apply(PUBLISHED, [SPEC / "atoma.overlay.yaml"])
S = "/components/schemas/"
REQUEST = S + "CreateChatCompletionRequest"
RESPONSE = S + "ChatCompletionResponse"
BEFORE, AFTER = Schemas(PUBLISHED), Schemas(INTENDED)
USER = {"role": "user", "content": "Hi"}


def asked(**members: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [USER], **members}


def answered(**members: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Hi"}
    return {
        "id": "a",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        **members,
    }


def test_every_action_names_the_defect_that_it_mends() -> None:
    actions = overlay.read(SPEC / "atoma.overlay.yaml").actions
    assert actions
    for action in actions:
        assert action.description, action.target


def test_the_published_document_has_defects_and_the_intended_one_none() -> None:
    assert "error" in {finding.severity for finding in lint.lint(PUBLISHED)}
    assert [finding for finding in lint.lint(INTENDED) if finding.severity != "info"] == []


@pytest.mark.parametrize(
    "request_",
    [
        asked(),
        asked(messages=[{"role": "developer", "content": "Be kind."}, USER]),
        asked(messages=[{"role": "user", "content": [{"type": "text", "text": "x"}]}]),
        asked(
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": "data:x", "detail": None}}
                    ],
                }
            ]
        ),
        asked(
            messages=[
                USER,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}
                    ],
                },
                {"role": "tool", "tool_call_id": "a", "content": "3"},
            ]
        ),
        asked(
            n=None,
            stop=None,
            stream=None,
            logprobs=None,
            top_logprobs=None,
            stream_options=None,
            temperature=None,
            tools=None,
            tool_choice=None,
            response_format=None,
            logit_bias=None,
            max_tokens=None,
            max_completion_tokens=None,
            seed=None,
            user=None,
        ),
        asked(stream=True, stream_options={"include_usage": True}, extra={"x": 1}),
        asked(logprobs=True, top_logprobs=20, logit_bias={"50256": -100}),
        asked(n=1.0, temperature=2, top_p=0, stop=["a", "b", "c", "d"], max_tokens=1),
        asked(response_format={"type": "json_schema", "json_schema": {"name": "x"}}),
        asked(response_format={"type": "text", "json_schema": None}),
        asked(
            tools=[{"type": "function", "function": {"name": "f", "parameters": None}}],
            tool_choice={"type": "function", "function": {"name": "f"}},
        ),
    ],
)
def test_what_clients_send_is_accepted(request_: dict[str, Any]) -> None:
    assert AFTER.at(REQUEST).errors(request_) == ()


@pytest.mark.parametrize(
    ("members", "at", "keyword"),
    [
        ({"temperature": 2.1}, "/temperature", "maximum"),
        ({"frequency_penalty": -2.5}, "/frequency_penalty", "minimum"),
        ({"presence_penalty": 3}, "/presence_penalty", "maximum"),
        ({"top_logprobs": 21, "logprobs": True}, "/top_logprobs", "maximum"),
        ({"top_logprobs": 1}, "", "required"),
        ({"top_logprobs": 1, "logprobs": False}, "/logprobs", "const"),
        ({"logprobs": 3}, "/logprobs", "type"),
        ({"stream_options": {}}, "", "required"),
        ({"stream_options": {}, "stream": False}, "/stream", "const"),
        ({"stop": list("abcde")}, "/stop", "maxItems"),
        ({"logit_bias": {"1": 101}}, "/logit_bias/1", "maximum"),
        ({"logit_bias": {"x": 1}}, "/logit_bias", "propertyNames"),
        ({"messages": []}, "/messages", "minItems"),
        ({"n": 0}, "/n", "minimum"),
        ({"max_tokens": 0}, "/max_tokens", "minimum"),
        ({"max_completion_tokens": -1}, "/max_completion_tokens", "minimum"),
        ({"top_p": 1.5}, "/top_p", "maximum"),
        ({"response_format": {"type": "json_schema"}}, "/response_format", "required"),
        ({"tools": [{"type": "x", "function": {"name": "f"}}]}, "/tools/0/type", "const"),
        (
            {"messages": [{"role": "user", "content": [{"type": "banana", "text": "x"}]}]},
            "/messages/0/content/0/type",
            "enum",
        ),
    ],
)
def test_what_prose_alone_forbade_is_refused(
    members: dict[str, Any], at: str, keyword: str
) -> None:
    if members not in ({"logit_bias": {"1": 101}}, {"logit_bias": {"x": 1}}):
        assert BEFORE.at(REQUEST).errors(asked(**members)) == ()
    found = AFTER.at(REQUEST).errors(asked(**members))
    assert [(error.instance_pointer, error.keyword) for error in found][:1] == [(at, keyword)]


@pytest.mark.parametrize(
    "wrong",
    [
        answered(object="chat.completion.chunk"),
        answered(choices=[{"index": 0, "message": {"role": "system", "content": "x"}}]),
        answered(choices=[{"index": 0, "message": {"role": "assistant", "tool_calls": None}}]),
        answered(usage={"prompt_tokens": -1, "completion_tokens": 1, "total_tokens": 0}),
    ],
)
def test_what_is_no_answer_is_refused(wrong: dict[str, Any]) -> None:
    assert not AFTER.at(RESPONSE).is_valid(wrong)


def test_an_answer_in_full_is_accepted() -> None:
    whole = answered(
        usage={
            "prompt_tokens": 1,
            "completion_tokens": 2,
            "total_tokens": 3,
            "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
        },
        service_tier=None,
        system_fingerprint="fp",
    )
    assert AFTER.at(RESPONSE).errors(whole) == ()
    assert AFTER.at(RESPONSE).errors(answered(usage=None)) == ()


@pytest.mark.parametrize(
    ("error", "valid"),
    [
        ({"error": {"message": "m", "code": "c"}}, True),
        ({"error": {"message": "m", "type": "t", "param": None, "code": None}}, True),
        ({"error": {"message": "m", "code": 400, "violations": []}, "more": 1}, True),
        ({"error": {"code": "c"}}, False),
        ({"error": "m"}, False),
        ({"message": "m"}, False),
    ],
)
def test_one_error_body_serves_both_families_of_clients(error: Any, valid: bool) -> None:
    for status in ("400", "401", "500"):
        at = f"/paths/~1v1~1chat~1completions/post/responses/{status}/content/application~1json"
        assert AFTER.at(at + "/schema").is_valid(error) is valid


def test_an_event_of_the_stream_is_held_to_the_schema_of_its_chunk() -> None:
    at = "/paths/~1v1~1chat~1completions/post/responses/200/content/text~1event-stream/itemSchema"
    event = AFTER.at(at, content=True)
    good = '{"id":"a","object":"chat.completion.chunk","created":1,"model":"m","choices":[%s]}'
    call = '{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"x"}}]}}'
    assert event.errors({"data": good % ""}) == ()
    assert event.errors({"data": good % call, "id": "7", "retry": 3}) == ()
    assert not event.is_valid({"data": good % '{"index":0}'})
    assert not event.is_valid({"data": good.replace(".chunk", "") % ""})
    assert not event.is_valid({"data": "[DONE]"})
    assert not event.is_valid({"event": "ping"})


# -- A document that is not about chat, written with spec/README.md alone

README = (SPEC / "README.md").read_text(encoding="utf-8")
SURVEYS = document.read(
    re.search(r"```yaml\n(.*?)```", README, re.DOTALL)[1].encode(),  # type: ignore[index]  # it is there
    name="surveys.yaml",
)
POST = "/paths/~1surveys/post"
EVENTS = [
    {"station": "x", "log": ["go"], "areas": [{"area": "south", "found": 1, "note": "a"}]},
    {"log": ["on"], "areas": [{"area": "north", "found": 2, "first_seen": "mon"}]},
    {"areas": [{"area": "south", "found": 3, "note": "b"}, {"area": "north", "first_seen": "tue"}]},
    {"total": 5},
]


def survey_laws() -> dict[str, laws.Law]:
    raw = pointer.resolve(SURVEYS.root, POST + "/x-troth-laws")
    found = laws.parse(raw, POST + "/x-troth-laws", SURVEYS)
    return {law.id: law for law in found}


def survey_body(events: list[Any]) -> dict[str, Any]:
    at = POST + "/responses/200/content/text~1event-stream/x-troth-assembly"
    return stream_assembly.fold(
        stream_assembly.parse(pointer.resolve(SURVEYS.root, at), at), events
    )


def test_the_example_of_the_readme_is_a_clean_document() -> None:
    found = [item for item in lint.lint(SURVEYS) if item.severity == "error"]
    assert found == []


def test_the_stream_of_another_document_folds_by_its_own_rules() -> None:
    body = survey_body(EVENTS)
    assert body == {
        "kind": "survey",
        "log": ["go", "on"],
        "total": 5,
        "areas": [
            {"area": "north", "found": 2, "first_seen": "mon"},
            {"area": "south", "found": 3, "notes": "ab"},
        ],
    }
    assert Schemas(SURVEYS).at("/components/schemas/Survey").errors(body) == ()


@pytest.mark.parametrize(
    ("law", "facts", "verdict"),
    [
        ("total-adds-up", {}, "held"),
        ("total-adds-up", {"response": {"total": 1, "areas": []}}, "broken"),
        ("total-adds-up", {"response": {"total": 1}}, "undecided"),
        ("total-adds-up", {"status": 404}, "inapplicable"),
        ("areas-as-asked", {}, "held"),
        ("areas-as-asked", {"request": {"areas": ["north"]}}, "broken"),
        ("progress-only-grows", {}, "held"),
        ("progress-only-grows", {"events": EVENTS[::-1]}, "broken"),
        ("deeper-finds-no-less", {}, "inapplicable"),
        ("deeper-finds-no-less", {"first": {"total": 2}, "again": {"total": 2}}, "held"),
        ("deeper-finds-no-less", {"first": {"total": 2}, "again": {"total": 1}}, "broken"),
        (
            "deeper-finds-no-less",
            {"request": {"areas": []}, "first": {"total": 2}, "again": {"total": 1}},
            "inapplicable",
        ),
    ],
)
def test_the_laws_of_another_document_are_judged(
    law: str, facts: dict[str, Any], verdict: str
) -> None:
    known = {
        "request": {"areas": ["south", "north"], "depth": 1},
        "status": 200,
        "streamed": True,
        "events": EVENTS,
        "response": survey_body(EVENTS),
        **facts,
    }
    assert laws.verdict(survey_laws()[law], known) == verdict


def test_absent_members_of_events_are_null_too() -> None:
    scope = Scope(shapes_of(SURVEYS.root, POST))
    condition = parse("events.all(e, e.total == null || e.areas == null)", scope=scope)
    assert condition.holds({"events": EVENTS}) is True
    assert parse(condition.source).holds({"events": EVENTS}) is None


def test_laws_that_speak_of_events_are_for_streams_only() -> None:
    law = survey_laws()["progress-only-grows"]
    assert laws.verdict(law, {"request": {}, "response": {}, "status": 200}) == "inapplicable"


def test_a_law_carries_what_a_run_needs_of_it() -> None:
    law = survey_laws()["deeper-finds-no-less"]
    assert (law.severity, law.group, law.repeats, law.variation) == (
        "warning",
        "depth",
        True,
        {"depth": 2},
    )
    assert law.requests == ({"areas": ["north"], "depth": 1},)
    assert law.variables == {"request", "first", "again"}
    assert str(law.place).startswith("surveys.yaml:")
