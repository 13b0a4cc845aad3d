"""`x-troth-completion` as a value: only the pointers that the document names."""

from __future__ import annotations

from typing import Any

import troth
from troth.openapi import chat_completion
from troth.openapi.chat_completion import ChatCompletion, ModelList

SMALLEST = {"dialect": "chat", "response": {"choices": "/c"}, "choice": {"content": "/text"}}


def read(**more: Any) -> ChatCompletion:
    completion = chat_completion.read({**SMALLEST, **more})
    assert completion is not None
    return completion


def test_what_the_document_leaves_out_is_empty():
    completion = read()
    assert (completion.request, completion.token_limits, completion.usage) == ({}, (), {})
    assert (completion.id_prefix, completion.base_path, completion.models) == ("", "", None)


def test_every_member_is_read():
    completion = read(
        **{"id-prefix": "c-", "base-path": "/v1/", "models": {"operation": "list", "ids": "/d/*"}},
        request={"stop": "/stop", "token-limits": ["/max", ""], "messages": ""},
        usage={"total": "/all"},
    )
    # the empty pointer is the whole, and no part of it
    assert (completion.request, completion.token_limits) == ({"stop": "/stop"}, ("/max",))
    assert (completion.id_prefix, completion.base_path) == ("c-", "/v1")
    assert completion.models == ModelList("list", "/d/*")
    assert completion.usage == {"total": "/all"}


def test_what_the_document_does_not_say_the_dialect_does():
    usual = read()
    assert usual.instructions == ("system", "developer")
    assert usual.annotation["type"] == "url_citation"
    own = read(instructions=["boss"], annotation={"href": "{url}"})
    assert (own.instructions, own.annotation) == (("boss",), {"href": "{url}"})


def test_an_answer_that_is_all_choices_is_none():
    assert chat_completion.read({**SMALLEST, "response": {"choices": ""}}) is None
    assert chat_completion.read({**SMALLEST, "choice": {"content": ""}}) is None


def test_the_first_choice_holds_the_parts():
    completion = read()
    assert completion.of_first_choice({"c": [{"text": "a"}, {"text": "b"}]}, "content") == "a"
    for body in ({"c": []}, {"c": [{}]}, {}, [], None, "c"):
        assert completion.of_first_choice(body, "content") is None
    assert completion.of_first_choice({"c": [{"index": 1}]}, "index") is None


def test_the_bundled_document_has_one():
    completions = {op.name: op.completion for op in troth.load().operations if op.completion}
    assert list(completions) == ["POST /v1/chat/completions"]
    assert completions["POST /v1/chat/completions"].base_path == "/v1"
