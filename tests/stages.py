"""A mock's scenarios without a server: what they are asked, and what they answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth_mock.reply import Reply
from troth_mock.responding.responder import Responder
from troth_mock.scenario.scenarios import Choice, Scenarios

PETS = """
openapi: 3.1.0
info: {title: Pets, version: '1'}
paths:
  /pets:
    get:
      operationId: listPets
      parameters: [{name: kind, in: query, schema: {type: string}}]
      responses:
        '200':
          description: ok
          content:
            application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}
    post:
      operationId: createPet
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/NewPet'}}}
      responses:
        '201':
          description: made
          headers: {Location: {schema: {type: string}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}
        '409':
          description: taken
          content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}
  /pets/{petId}:
    parameters: [{name: petId, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: getPet
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Pet'}
              examples: {cat: {value: {id: 7, name: Tom}}}
        '404':
          description: none
          content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}
    delete:
      operationId: deletePet
      responses: {'204': {description: gone}}
  /pets/{petId}/photo:
    parameters: [{name: petId, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: getPhoto
      responses: {'200': {description: ok, content: {image/png: {}}}}
  /watch:
    get:
      operationId: watchPets
      responses:
        '200':
          description: ok
          content: {text/event-stream: {}}
components:
  schemas:
    NewPet: {type: object, required: [name], properties: {name: {type: string}}}
    Pet:
      type: object
      required: [id, name]
      properties: {id: {type: integer}, name: {type: string}, kind: {enum: [cat, dog]}}
    Error:
      type: object
      required: [code, message]
      properties: {code: {type: string}, message: {type: string}}
"""


class Stage:
    """A mock's scenarios, and what they answer."""

    def __init__(self, contract: Contract, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self.responder = Responder(contract)
        self.scenarios = Scenarios(contract, self.responder.problem, path, self.told.append)

    def send(self, request: Request, *, session: str = "", **named: Any) -> Choice:
        choice = self.scenarios.choose(request, session=session, **named)
        if choice.written is None:
            return choice
        reply = self.responder.respond(request, now=0, answer=choice.written)
        return replace(choice, reply=reply)

    def ask(self, method: str, target: str, body: Any = None, **fields: str) -> Choice:
        named = [(name.replace("_", "-"), value) for name, value in fields.items()]
        if body is not None:
            named.append(("Content-Type", "application/json"))
        data = b"" if body is None else json.dumps(body).encode()
        return self.send(Request(method, target, tuple(named), data))

    def say(self, *messages: Any, session: str = "", **members: Any) -> Choice:
        """The answer to a chat of *messages*; a text is one of the user."""
        told = [
            {"role": "user", "content": one} if isinstance(one, str) else one for one in messages
        ]
        body = json.dumps({"model": "small", "messages": told, **members}).encode()
        fields = (("Content-Type", "application/json"), ("Authorization", "Bearer any"))
        return self.send(Request("POST", "/v1/chat/completions", fields, body), session=session)


def content(choice: Choice) -> Any:
    """The decoded body of what was chosen."""
    assert choice.reply is not None, choice.near
    assert choice.reply.body is not None
    return json.loads(choice.reply.body)


def text(choice: Choice) -> Any:
    """What the message of a completion says."""
    return content(choice)["choices"][0]["message"]["content"]


def message(choice: Choice) -> str:
    """What the error that was chosen says."""
    return str(content(choice)["error"]["message"])


def status(choice: Choice) -> int:
    return replied(choice).status


def replied(choice: Choice) -> Reply:
    assert choice.reply is not None, choice.near
    return choice.reply
