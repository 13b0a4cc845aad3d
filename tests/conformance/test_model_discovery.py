"""The model that a deployment has, asked for before the run."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import troth
from servers.wire import Answer, Asked, Server
from troth.conformance.runner import with_model
from troth.conformance.settings import Settings
from troth.conformance.transport import Transport

API = """\
openapi: 3.1.0
info: {title: Chat, version: '1'}
paths:
  /models:
    get:
      operationId: listModels
      responses: {'200': {description: The models.}}
  /chat:
    post:
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [model]
              properties: {model: {type: string}}
      responses: {'200': {description: An answer.}}
      x-troth-completion:
        dialect: chat
        models: {operation: listModels, ids: /data/*/id}
        request: {model: /model}
        response: {choices: /choices}
        choice: {content: /message/content}
"""


def asked(answer: Answer, tmp_path: Path, **given: Any) -> tuple[Mapping[str, Any], list[str]]:
    """The overrides of a run against a server that tells its models so, and what it was asked."""
    seen: list[str] = []

    def handler(request: Asked) -> Answer:
        seen.append(f"{request.method} {request.target}")
        return answer

    document = tmp_path / "api.yaml"
    document.write_text(API)
    with Server(handler) as server:
        settings = Settings(url=server.url, **given)

        async def go() -> Settings:
            transport = Transport(settings.url, caps=settings.caps, clock=time.monotonic)
            async with transport:
                return await with_model(troth.load(document), transport, settings)

        return asyncio.run(go()).overrides, seen


def listing(body: Any, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, [json.dumps(body).encode()])


def test_the_first_model_of_the_list_is_in_every_request(tmp_path: Path) -> None:
    models = listing({"data": [{"id": "tiny"}, {"id": "large"}]})
    assert asked(models, tmp_path) == ({"/model": "tiny"}, ["GET /models"])


@pytest.mark.parametrize("place", ["/model", "model"])
def test_a_model_that_the_user_names_is_not_asked_for(tmp_path: Path, place: str) -> None:
    models = listing({"data": [{"id": "tiny"}]})
    assert asked(models, tmp_path, overrides={place: "mine"}) == ({place: "mine"}, [])


@pytest.mark.parametrize(
    "answer",
    [
        listing({"data": []}),
        listing({"data": [{"id": 3}]}),
        listing([]),
        listing({"data": [{"id": "tiny"}]}, status=401),
        Answer(200, {}, [b"{"]),
    ],
)
def test_a_list_that_names_none_changes_nothing(tmp_path: Path, answer: Answer) -> None:
    assert asked(answer, tmp_path) == ({}, ["GET /models"])
