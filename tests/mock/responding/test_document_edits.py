"""The mock follows the document: edit it, and the answers are others, with no code the wiser."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from troth import loading
from troth.document import document
from troth.http import sse
from troth.http.exchange import Request
from troth.openapi import reader
from troth.openapi.contract import Contract
from troth.openapi.stream_assembly import fold
from troth_mock.reply import Reply
from troth_mock.responding.responder import Responder

BUNDLED = loading.read()[1].root
PATH = "/v1/chat/completions"
FIELDS = (("Authorization", "Bearer abc"), ("Content-Type", "application/json"))
ASKED = {"model": "m", "messages": [{"role": "user", "content": "How is the weather in Paris?"}]}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def compiled(root: Any) -> Contract:
    return reader.compile(document.read(json.dumps(root).encode(), name="edited.json"))


def edited(edit: Callable[[Any, Any], None]) -> Responder:
    """The mock of the bundled document after *edit* has changed its schemas, or its operation."""
    root = copy.deepcopy(BUNDLED)
    edit(root["components"]["schemas"], root["paths"][PATH]["post"])
    return Responder(compiled(root))


def ask(responder: Responder, path: str = PATH, method: str = "POST", **body: Any) -> Reply:
    data = json.dumps({**ASKED, **body}).encode() if method == "POST" else b""
    return responder.respond(Request(method, path, FIELDS, data), now=0)


def both(
    responder: Responder, *, folds: bool = True, **asked: Any
) -> tuple[dict[str, Any], list[Any]]:
    """The body, and the chunks of the same request: each conforms, and the fold of the chunks."""
    operation = responder.contract.operations[0]
    declared = operation.response(200)
    assert declared is not None
    whole, events = (
        declared.media_type("application/json"),
        declared.media_type("text/event-stream"),
    )
    reply = ask(responder, **asked)
    assert reply.status == 200, reply.body
    body = json.loads(reply.body or b"")
    assert whole.schema.errors(body) == ()
    stream = ask(responder, **asked, stream=True).stream
    assert stream is not None
    decoder = sse.Decoder()
    found = [json.loads(event.data) for event in decoder.feed(b"".join(stream.frames))[:-1]]
    for chunk in found:
        assert responder.contract.schemas.content_schema(events.item.pointer).errors(chunk) == ()
    folded = fold(events.assembly, found)
    assert not folds or whole.schema.errors({**folded, "usage": body.get("usage")}) == ()
    return body, found


def test_the_bundled_document_as_it_is_is_the_measure():
    body, chunks = both(edited(lambda schemas, operation: None))
    assert body["choices"][0]["finish_reason"] == "stop"
    assert len(chunks) > 10


def test_a_new_required_member_of_the_response_is_there():
    def edit(schemas: Any, operation: Any) -> None:
        response = schemas["ChatCompletionResponse"]
        response["required"].append("region")
        response["properties"]["region"] = {"type": "string", "enum": ["eu-west", "us-east"]}
        message = schemas["ChatCompletionChoice"]
        message["required"].append("score")
        message["properties"]["score"] = {"type": "number", "minimum": 1}

    body, chunks = both(edited(edit))
    assert body["region"] in ("eu-west", "us-east")
    assert body["choices"][0]["score"] >= 1
    assert body["choices"][0]["message"]["content"]
    assert (
        "".join(one["choices"][0]["delta"].get("content", "") for one in chunks)
        == (body["choices"][0]["message"]["content"])
    )


def test_a_required_member_that_may_be_null_is_not_made_up():
    def edit(schemas: Any, operation: Any) -> None:
        choice = schemas["ChatCompletionChoice"]
        choice["required"] = ["index", "message", "logprobs", "finish_reason"]
        schemas["ChatCompletionResponse"]["properties"]["choices"].pop("example")
        choice["properties"]["message"] = {
            "type": "object",
            "required": ["role", "content", "refusal"],
            "properties": {
                "role": {"type": "string"},
                "content": {"type": ["string", "null"]},
                "refusal": {"type": ["string", "null"]},
            },
        }

    responder = edited(edit)
    body, _ = both(responder, folds=False)  # a chunk cannot say null
    choice = body["choices"][0]
    assert choice["logprobs"] is None
    assert choice["message"]["refusal"] is None
    assert choice["message"]["content"]
    body, _ = both(responder, folds=False, tools=[TOOL])
    assert body["choices"][0]["message"]["content"] == ""
    assert body["choices"][0]["logprobs"] is None


def test_another_enum_of_finish_reason_is_kept_to():
    def edit(schemas: Any, operation: Any) -> None:
        for name in ("ChatCompletionChoice", "ChatCompletionChunkChoice"):
            schemas[name]["properties"]["finish_reason"] = {"enum": ["stopped", "cut", None]}

    body, chunks = both(edited(edit))
    assert body["choices"][0]["finish_reason"] == "stopped"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stopped"


def test_a_const_in_the_place_of_the_content_is_kept_to():
    def edit(schemas: Any, operation: Any) -> None:
        choice = schemas["ChatCompletionChoice"]["properties"]
        choice["message"] = {
            "type": "object",
            "required": ["role", "content"],
            "properties": {"role": {"const": "bot"}, "content": {"const": "Hello."}},
        }

    body, chunks = both(edited(edit))
    assert body["choices"][0]["message"] == {"role": "bot", "content": "Hello."}
    said = [one["choices"][0]["delta"].get("content") for one in chunks]
    assert said == ["", "Hello", ".", None]


def test_a_text_that_is_not_free_is_cut_all_the_same():
    def edit(schemas: Any, operation: Any) -> None:
        delta = schemas["ChatCompletionChunkDelta"]["properties"]
        delta["content"] = {"type": "string", "pattern": "^[^0-9]*$"}

    body, chunks = both(edited(edit), max_tokens=12)
    said = "".join(one["choices"][0]["delta"].get("content", "") for one in chunks)
    assert said == body["choices"][0]["message"]["content"]


def test_content_is_empty_beside_calls_where_it_may_not_be_absent():
    def edit(schemas: Any, operation: Any) -> None:
        choice = schemas["ChatCompletionChoice"]["properties"]
        choice["message"] = {
            "type": "object",
            "required": ["role", "content"],
            "properties": {"role": {"type": "string"}, "content": {"type": "string"}},
        }

    body, _ = both(edited(edit), tools=[TOOL])
    message = body["choices"][0]["message"]
    assert message["content"] == ""
    assert message["tool_calls"][0]["function"]["name"] == "weather"


def test_a_new_required_member_of_the_chunks_is_in_every_one():
    def edit(schemas: Any, operation: Any) -> None:
        chunk = schemas["ChatCompletionChunk"]
        chunk["required"].append("obfuscation")
        chunk["properties"]["obfuscation"] = {"type": "string", "minLength": 3}

    _, chunks = both(edited(edit))
    assert all(len(one["obfuscation"]) >= 3 for one in chunks)


def test_another_choice_of_tools_is_understood():
    def edit(schemas: Any, operation: Any) -> None:
        choice = schemas["ChatCompletionRequest"]["properties"]
        choice["tool_choice"] = {"enum": ["none", "auto", "required"]}

    responder = edited(edit)
    hello = [{"role": "user", "content": "Hello"}]
    body, _ = both(responder, messages=hello, tools=[TOOL], tool_choice="required")
    assert body["choices"][0]["finish_reason"] == "tool_calls"
    assert ask(responder, tool_choice="required").status == 400


def test_required_fields_of_the_response_are_sent():
    def edit(schemas: Any, operation: Any) -> None:
        operation["responses"]["200"]["headers"] = {
            "X-Remaining": {"required": True, "schema": {"type": "integer", "minimum": 1}},
            "X-Maybe": {"schema": {"type": "integer"}},
        }

    responder = edited(edit)
    for stream in (False, True):
        fields = dict(ask(responder, stream=stream).fields)
        assert int(fields["X-Remaining"]) >= 1
        assert "X-Maybe" not in fields


def test_a_renamed_path_is_the_only_one_that_answers():
    root = copy.deepcopy(BUNDLED)
    root["paths"]["/v2/chat"] = root["paths"].pop(PATH)
    responder = Responder(compiled(root))
    assert ask(responder, "/v2/chat").status == 200
    assert ask(responder).status == 404


def test_renamed_members_are_filled_where_the_document_now_has_them():
    def edit(schemas: Any, operation: Any) -> None:
        text = json.dumps(schemas["ChatCompletionResponse"]).replace('"choices"', '"answers"')
        schemas["ChatCompletionResponse"] = json.loads(text)
        operation["x-troth-completion"]["response"]["choices"] = "/answers"
        content = operation["responses"]["200"]["content"]
        rules = content["text/event-stream"]["x-troth-assembly"]["members"]
        rules["choices"]["as"] = "answers"

    body, chunks = both(edited(edit))
    assert body["answers"][0]["message"]["content"]
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"


def test_choices_may_lie_deeper_and_still_come_in_pieces():
    def edit(schemas: Any, operation: Any) -> None:
        for name in ("ChatCompletionResponse", "ChatCompletionChunk"):
            schema = schemas[name]
            choices = schema["properties"].pop("choices")
            schema["properties"]["result"] = {
                "type": "object",
                "required": ["choices"],
                "properties": {"choices": choices},
            }
            schema["required"] = ["id", "result"]
        operation["x-troth-completion"]["response"]["choices"] = "/result/choices"
        content = operation["responses"]["200"]["content"]
        rules = content["text/event-stream"]["x-troth-assembly"]["members"]
        rules["result"] = {"members": {"choices": rules.pop("choices")}}

    body, chunks = both(edited(edit), stream_options=None)
    assert body["result"]["choices"][0]["message"]["content"]
    assert len(chunks) > 5
    assert chunks[0]["result"]["choices"][0]["delta"]["role"] == "assistant"


def test_the_status_of_a_refusal_is_the_one_that_the_document_declares():
    def edit(schemas: Any, operation: Any) -> None:
        operation["responses"]["422"] = operation["responses"].pop("400")

    responder = edited(edit)
    assert ask(responder, n=0).status == 422
    assert ask(responder, n=1000).status == 422


def test_without_a_completion_the_schemas_alone_speak():
    responder = edited(lambda schemas, operation: operation.pop("x-troth-completion"))
    reply = ask(responder)
    assert reply.status == 200
    assert reply.body is not None
    stream = ask(responder, stream=True).stream
    assert stream is not None
    assert stream.frames[-1] == b"data: [DONE]\n\n"
    assert len(stream.frames) > 2


@pytest.mark.parametrize("stream", [False, True])
def test_the_document_as_published_is_answered_too(stream):
    responder = Responder(loading.load(overlays=()))
    reply = ask(responder, stream=stream)
    assert reply.status == 200
    assert reply.stream is None
    developer = [{"role": "developer", "content": "Hi"}]
    assert ask(responder, messages=developer).status == 400


CRUD = {
    "openapi": "3.1.0",
    "info": {"title": "Trees", "version": "1"},
    "paths": {
        "/trees/{id}": {
            "get": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
                ],
                "responses": {
                    "200": {
                        "description": "A tree",
                        "headers": {"X-Rate": {"required": True, "schema": {"type": "integer"}}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Tree"}},
                            "text/plain": {"schema": {"type": "string"}},
                        },
                    },
                    "404": {
                        "description": "None",
                        "content": {
                            "application/problem+json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["title", "status"],
                                    "properties": {
                                        "title": {"type": "string"},
                                        "status": {"const": 404},
                                    },
                                    "additionalProperties": False,
                                }
                            }
                        },
                    },
                },
            },
            "delete": {"responses": {"204": {"description": "Gone"}}},
        },
        "/ticks": {
            "get": {
                "responses": {
                    "200": {
                        "description": "Ticks",
                        "content": {
                            "text/event-stream": {
                                "itemSchema": {
                                    "type": "object",
                                    "required": ["event", "data"],
                                    "properties": {
                                        "event": {"const": "tick"},
                                        "data": {"type": "string", "pattern": "^[a-z]{3}$"},
                                    },
                                }
                            }
                        },
                    }
                }
            }
        },
    },
    "components": {
        "schemas": {
            "Tree": {
                "type": "object",
                "required": ["name", "children"],
                "properties": {
                    "name": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
                },
            }
        }
    },
}
TREES = Responder(compiled(CRUD))


def get(target: str, *fields: tuple[str, str], method: str = "GET") -> Reply:
    return TREES.respond(Request(method, target, fields), now=0)


def test_any_operation_of_any_document_is_answered():
    reply = get("/trees/7")
    tree = TREES.contract.schemas.at("/components/schemas/Tree")
    assert tree.is_valid(json.loads(reply.body or b""))
    assert [name for name, _ in reply.fields] == ["Content-Type", "X-Rate"]
    assert get("/trees/7") == reply
    assert get("/trees/8") != reply
    assert get("/trees/7", method="DELETE") == Reply(204, (), None)


def test_parameters_are_checked():
    reply = get("/trees/seven")
    assert reply.status == 400
    error = json.loads(reply.body or b"")["error"]
    assert error["code"].startswith("request-path.")
    assert "integer" in error["message"]


def test_all_violations_of_a_request_are_told_together():
    root = copy.deepcopy(BUNDLED)
    root["paths"][PATH]["post"]["parameters"] = [
        {"name": "page", "in": "query", "schema": {"type": "integer"}}
    ]
    reply = ask(Responder(compiled(root)), PATH + "?page=x", n=0)
    told = json.loads(reply.body or b"")
    assert [one["location"] for one in told["errors"]] == ["request-query", "request-body"]


def test_accept_and_prefer_choose_among_what_is_declared():
    assert get("/trees/7", ("Accept", "text/plain")).fields[0] == ("Content-Type", "text/plain")
    refused = get("/trees/7", ("Accept", "image/png"))
    assert refused.status == 406
    wished = get("/trees/7", ("Prefer", "code=404"))
    assert wished.status == 404
    assert dict(wished.fields)["Content-Type"] == "application/problem+json"
    assert dict(wished.fields)["Preference-Applied"] == "code=404"
    problem = json.loads(wished.body or b"")
    assert (problem.keys(), problem["status"]) == ({"title", "status"}, 404)
    for bad in ("code=500", "code=999", "example=absent"):
        reply = get("/trees/7", ("Prefer", bad))
        assert reply.status == 400
        assert json.loads(reply.body or b"")["error"]["param"] == "Prefer"


def test_a_stream_of_items_is_drawn_from_their_schema():
    reply = get("/ticks")
    assert reply.stream is not None
    events = sse.Decoder().feed(b"".join(reply.stream.frames))
    assert len(events) == len(reply.stream.frames) >= 2
    assert {event.type for event in events} == {"tick"}
    assert all(event.data.isalpha() and len(event.data) == 3 for event in events)
