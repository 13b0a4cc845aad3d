"""A client of a mock in process, and the parts of the documents that are served to it."""

from __future__ import annotations

import json
from typing import Any

from troth.document import document
from troth.http.exchange import Exchange, Request, Response
from troth.openapi import reader
from troth.validation import validator
from troth_mock.reply import Reply
from troth_mock.responding.responder import Responder

TEXT, INTEGER = {"type": "string"}, {"type": "integer"}
BOOK = {
    "type": "object",
    "required": ["id", "title", "addedAt"],
    "properties": {
        "id": {**INTEGER, "readOnly": True},
        "title": TEXT,
        "pages": {"type": "integer", "minimum": 1},
        "lent": {"type": "boolean", "default": False},
        "tags": {"type": "array", "items": TEXT},
        "publisher": {
            "type": "object",
            "required": ["id", "city"],
            "properties": {"id": {**INTEGER, "readOnly": True}, "city": TEXT},
        },
        "note": {"type": ["string", "null"]},
        "secret": {**TEXT, "writeOnly": True},
        "addedAt": {**TEXT, "format": "date-time", "readOnly": True},
    },
}
REVIEW = {
    "type": "object",
    "required": ["id", "stars"],
    "properties": {
        "id": {**TEXT, "format": "uuid", "readOnly": True},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    },
}
PROBLEM = {
    "description": "",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["title", "status"],
                "properties": {"title": TEXT, "status": INTEGER, "detail": TEXT},
            }
        }
    },
}


def answer(schema: Any = None, **more: Any) -> dict[str, Any]:
    made = {"description": "", **more}
    return made if schema is None else {**made, "content": {"application/json": {"schema": schema}}}


def sent(schema: Any, *kinds: str) -> dict[str, Any]:
    content = {kind: {"schema": schema} for kind in kinds or ("application/json",)}
    return {"required": True, "content": content}


def query(**schemas: Any) -> list[Any]:
    return [{"name": name, "in": "query", "schema": one} for name, one in schemas.items()]


def operation(*responses: str, body: Any = None, query: Any = (), **answers: Any) -> dict[str, Any]:
    known = {status: PROBLEM for status in responses}
    named = {name.lstrip("_"): one for name, one in answers.items()}
    made: dict[str, Any] = {"responses": {**named, **known}, "parameters": list(query)}
    return made if body is None else {**made, "requestBody": body}


class Client:
    """Asks a mock of *paths*; every answer conforms to the document."""

    def __init__(
        self, paths: dict[str, Any], schemas: dict[str, Any] | None = None, **options: Any
    ):
        root = {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": paths,
            "components": {"schemas": {"Book": BOOK, "Review": REVIEW, **(schemas or {})}},
        }
        self.contract = reader.compile(document.read(json.dumps(root).encode(), name="api.json"))
        self.responder = Responder(self.contract, **options)
        self.fields: tuple[tuple[str, str], ...] = ()

    def reply(self, method: str, target: str, body: Any = None, **fields: str) -> Reply:
        kind = fields.pop("kind", "application/json")
        named = [(name.replace("_", "-"), text) for name, text in fields.items()]
        named += [("Host", "localhost:8000"), *self.fields]
        data = b""
        if body is not None:
            named.append(("Content-Type", kind))
            data = json.dumps(body).encode()
        request = Request(method, target, tuple(named), data)
        reply = self.responder.respond(request, now=0)
        if reply.status < 400:
            exchange = Exchange(request, Response(reply.status, reply.fields, reply.body or b""))
            assert validator.validate(self.contract, exchange) == ()
        return reply

    def ask(self, method: str, target: str, body: Any = None, **fields: str) -> Any:
        reply = self.reply(method, target, body, **fields)
        assert reply.status < 400, reply.body
        return json.loads(reply.body) if reply.body else None

    def status(self, method: str, target: str, body: Any = None, **fields: str) -> int:
        return self.reply(method, target, body, **fields).status
