"""A small server that keeps things, with faults of its life cycle to switch on one at a time.

It is written for `spec()` below: books on shelves.  *manner* changes what it may do otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from servers.wire import Answer, Asked

TOKENS = {"Bearer first": "ada", "Bearer second": "bob"}

BOOK = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "title": {"type": "string", "minLength": 1, "maxLength": 60},
        "note": {"type": "string", "maxLength": 60},
        "pages": {"type": "integer", "minimum": 1, "maximum": 5000},
        "lent": {"type": "boolean", "default": False},
        "tags": {"type": "array", "items": {"type": "string"}},
        "createdAt": {"type": "string", "format": "date-time", "readOnly": True},
        "updatedAt": {"type": "string", "format": "date-time", "readOnly": True},
    },
}


def spec(**changes: Any) -> dict[str, Any]:
    """The document; *changes* are parts of `components.x` that a test wants otherwise."""
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": _BOOK}}}}
    patch = {"required": True, "content": {"application/json": {"schema": _without_required()}}}
    book = {"description": "it", "content": {"application/json": {"schema": {"$ref": _BOOK}}}}
    many = {"type": "array", "items": {"$ref": _BOOK}}
    page = {"type": "object", "properties": {"items": many, "total": {"type": "integer"}}}
    failed = {"description": "no", "content": {"application/json": {"schema": {"type": "object"}}}}
    other = {"400": failed, "401": failed, "404": failed, "412": failed}
    tag = {"ETag": {"schema": {"type": "string"}}}
    one = {"parameters": [_path("book_id")]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shelves", "version": "1", "description": changes.get("says", "")},
        "security": [{"bearer": []}],
        "paths": {
            "/books": {
                "get": {
                    "operationId": "listBooks",
                    "parameters": [_query("limit", 50), _query("offset", 10000)],
                    "responses": {"200": _answer(page), **other},
                },
                "post": {
                    "operationId": "addBook",
                    "parameters": [
                        {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}
                    ],
                    "requestBody": body,
                    "responses": {
                        "200": book,
                        "201": {**book, "headers": {"Location": {"schema": {"type": "string"}}}},
                        "202": book,
                        **other,
                    },
                },
            },
            "/books/{book_id}": {
                **one,
                "get": {
                    "operationId": "getBook",
                    "responses": {
                        "200": {**book, "headers": tag},
                        "304": {"description": "same"},
                        **other,
                    },
                },
                "patch": {
                    "operationId": "changeBook",
                    "requestBody": patch,
                    "responses": {"200": book, **other},
                },
                "put": {
                    "operationId": "putBook",
                    "requestBody": body,
                    "responses": {"200": book, **other},
                },
                "delete": {
                    "operationId": "dropBook",
                    "responses": {"204": {"description": "gone"}, **other},
                },
            },
        },
        "components": {
            "schemas": {"Book": BOOK},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


_BOOK = "#/components/schemas/Book"


def _without_required() -> dict[str, Any]:
    return {"type": "object", "properties": BOOK["properties"], "minProperties": 1}


def _answer(schema: Any) -> dict[str, Any]:
    return {"description": "all", "content": {"application/json": {"schema": schema}}}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}


def _query(name: str, most: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0 if name == "offset" else 1, "maximum": most}
    return {"name": name, "in": "query", "schema": schema}


class Shelves:
    """The server: *fault* is what is wrong with it, *manner* what is otherwise, and right."""

    def __init__(self, fault: str = "", manner: str = "") -> None:
        self.fault = fault
        self.manner = manner
        self.books: dict[int, dict[str, Any]] = {}
        self.owners: dict[int, str] = {}
        self.number = 0
        self.clock = 0
        self.seen: dict[int, int] = {}
        self.keys: dict[str, int] = {}

    def __call__(self, asked: Asked) -> Answer:
        path, _, query = asked.target.partition("?")
        user = TOKENS.get(asked.fields.get("authorization", ""))
        if user is None:
            return _said(401, {"error": "who are you?"}, {"WWW-Authenticate": "Bearer"})
        given = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
        parts = path.strip("/").split("/")
        if parts[0] != "books" or len(parts) > 2:
            return _said(404, {})
        if len(parts) == 1:
            route = {"GET": self.list, "POST": self.add}.get(asked.method)
            return route(asked, user, given) if route else _said(405, {}, {"Allow": "GET, POST"})
        if not parts[1].isdecimal():
            return _said(404, {})
        return self.one(asked, user, int(parts[1]))

    def list(self, asked: Asked, user: str, given: dict[str, str]) -> Answer:
        books = [one for key, one in self.books.items() if self.may(user, key)]
        if self.fault == "not listed" and books:
            books = books[:-1]
        if self.fault == "still listed":
            books = [*books, *getattr(self, "gone", [])]
        try:
            limit, offset = int(given.get("limit", 10)), int(given.get("offset", 0))
        except ValueError:
            return _said(400, {})
        if not 0 < limit <= 50 or not 0 <= offset <= 10000:
            return _said(400, {})
        cap = 2 if self.manner == "caps" else 50
        if self.manner == "hides":
            books = [one for one in books if one not in getattr(self, "gone", [])]
        if self.fault == "list forgets":
            books = [{**one, "pages": 1} for one in books]
        page = books[offset : offset + min(limit, cap)]
        return _said(200, {"items": [self.shown(one) for one in page], "total": len(books)})

    def may(self, user: str, key: int) -> bool:
        return self.manner == "shared" or self.owners.get(key) == user

    def add(self, asked: Asked, user: str, given: dict[str, str]) -> Answer:
        book = self.read_body(asked)
        if book is None or "title" not in book:
            return _said(400, {"error": "no book"})
        sent = asked.fields.get("idempotency-key", "")
        if sent in self.keys and self.fault != "key":
            known = self.keys[sent]
            return _said(201, self.shown(self.books[known]), {"Location": f"/books/{known}"})
        if self.fault != "id twice" or not self.number:
            self.number += 1
        key = self.number
        if sent:
            self.keys[sent] = key
        if self.manner == "one of a title":
            for known, one in self.books.items():
                if one["title"] == book["title"] and self.owners[known] == user:
                    return _said(201, self.shown(one), {"Location": f"/books/{known}"})
        if self.fault == "drops a member":
            book.pop("note", None)
        if self.fault == "cuts a text" and "title" in book:
            book["title"] = book["title"][:1]
        if self.fault == "letters":
            book["title"] = book["title"].encode("latin-1", "replace").decode("latin-1")
        if self.fault == "zone" and "due" in book:
            book["due"] = book["due"][:19] + "Z"
        if self.manner == "UTC" and "due" in book:
            moment = datetime.fromisoformat(book["due"].replace("Z", "+00:00"))
            book["due"] = moment.astimezone(UTC).isoformat()
        if self.manner == "normalises":
            book["title"] = f" {book['title'].upper()} ".strip()
            book["tags"] = sorted(set(book.get("tags", [])))
        lent, at = self.fault == "default", self.now()
        stored = {"lent": lent, **book, "id": key, "createdAt": at, "updatedAt": at}
        if self.fault != "not kept":
            self.books[key], self.owners[key] = stored, user
        location = f"/books/{key}" if self.fault != "location" else f"/shelves/books/{key + 7}x"
        status = {"later": 202, "200": 200}.get(self.manner, 201)
        return _said(status, self.shown(stored), {"Location": location})

    def one(self, asked: Asked, user: str, key: int) -> Answer:
        book = self.books.get(key)
        was_there = book is None and key <= self.number
        if was_there and self.fault == "deleted twice" and asked.method == "DELETE":
            return _said(500, {})
        reads_all = self.fault == "other reads" and asked.method == "GET"
        changes_all = self.fault == "other changes" and asked.method in ("PATCH", "PUT")
        deletes_all = self.fault == "other deletes" and asked.method == "DELETE"
        allowed = self.may(user, key) or reads_all or changes_all or deletes_all
        if book is None or not allowed:
            return _said(404, {"error": "no such book"})
        if self.fault == "unknown to put" and asked.method == "PUT":
            return _said(404, {})
        if self.manner == "slow" and self.seen.setdefault(key, 0) < 1 and asked.method == "GET":
            self.seen[key] += 1
            return _said(404, {"error": "not yet"})
        tag = self.tag(book)
        wanted = asked.fields.get("if-match")
        if wanted not in (None, "*", tag) and self.fault != "if-match":
            return _said(412, {})
        route: dict[str, Callable[..., Answer]] = {
            "GET": self.get,
            "PATCH": self.patch,
            "PUT": self.put,
            "DELETE": self.drop,
        }
        if asked.method not in route:
            return _said(405, {}, {"Allow": "GET, PATCH, PUT, DELETE"})
        return route[asked.method](asked, key, book)

    def get(self, asked: Asked, key: int, book: dict[str, Any]) -> Answer:
        self.seen[key] = self.seen.get(key, 0) + 1
        if self.manner == "note expires" and self.seen[key] > 1:
            book["note"] = ""
        tag = self.tag(book)
        if asked.fields.get("if-none-match") == tag and self.fault != "if-none-match":
            return Answer(304, {"ETag": tag})
        return _said(200, self.shown(book), {"ETag": tag})

    def patch(self, asked: Asked, key: int, book: dict[str, Any]) -> Answer:
        patch = self.read_body(asked)
        if not patch:
            return _said(400, {})
        if self.fault == "update lost":
            return _said(200, self.shown({**book, **patch}))
        if self.fault == "update resets":
            at = book["createdAt"]
            book.clear()
            book |= {"title": "?", "lent": False, "id": key, "createdAt": at}
        if self.fault == "false stays":
            patch = {name: value for name, value in patch.items() if value}
        book |= {**patch, "id": key, "createdAt": book["createdAt"], "updatedAt": self.now()}
        if self.fault == "created anew":
            book["createdAt"] = self.now()
        return _said(200, self.shown(book))

    def put(self, asked: Asked, key: int, book: dict[str, Any]) -> Answer:
        new = self.read_body(asked)
        if new is None or "title" not in new:
            return _said(400, {})
        again = book.get("title") == new["title"]
        if self.fault == "put lost":
            new["title"] = book["title"]
        kept = {"id": key, "createdAt": book["createdAt"], "updatedAt": self.now()}
        if self.fault != "put keeps":
            book.clear()
        book |= {"lent": False, **new, **kept}
        if self.fault == "put adds" and again:
            book["tags"] = [*new.get("tags", []), "again"]
        return _said(200, self.shown(book))

    def drop(self, asked: Asked, key: int, book: dict[str, Any]) -> Answer:
        if self.manner == "marks":
            book["note"] = "deleted"
            return Answer(204)
        if self.fault == "still there":
            return Answer(204)
        if self.manner == "hides":  # from lists; who knows its name reads it as it was
            self.gone = [*getattr(self, "gone", []), book]
            return Answer(204)
        self.gone = [*getattr(self, "gone", []), self.books.pop(key)]
        return Answer(204)

    def read_body(self, asked: Asked) -> dict[str, Any] | None:
        try:
            book = json.loads(asked.body)
        except ValueError:
            return None
        if not isinstance(book, dict):
            return None
        return {name: value for name, value in book.items() if name in (*BOOK["properties"], "due")}

    def shown(self, book: dict[str, Any]) -> dict[str, Any]:
        if self.manner == "forgets":  # what goes without saying, it does not say
            return {name: value for name, value in book.items() if value not in (False, [])}
        if self.manner == "pages wear off" and book.get("pages", 1) > 1:
            book["pages"] -= 1
        return dict(book)

    def tag(self, book: dict[str, Any]) -> str:
        text = "same" if self.fault == "etag" else json.dumps(book, sort_keys=True)
        return f'"{hash(text) & 0xFFFFFFFF:x}"'

    def now(self) -> str:
        self.clock += 1
        return f"2026-01-01T00:{self.clock // 60 % 60:02}:{self.clock % 60:02}Z"


class Remembering:
    """*server*, where it asks for a key with each new book and does once what comes under one."""

    def __init__(self, server: Shelves) -> None:
        self.server = server
        self.answers: dict[tuple[str, str], tuple[bytes, Answer]] = {}

    @staticmethod
    def document() -> dict[str, Any]:
        """That of the shelves, with the key and what is answered for want of a good one."""
        document = spec()
        post = document["paths"]["/books"]["post"]
        key = {
            "type": "string",
            "format": "uuid",
            "example": "a3f1c7de-0b52-4d7e-9c61-5f2f0d6a1b34",
        }
        post["parameters"] = [
            {"name": "Idempotency-Key", "in": "header", "required": True, "schema": key}
        ]
        post["responses"]["422"] = post["responses"]["400"]
        return document

    def __call__(self, asked: Asked) -> Answer:
        if asked.method != "POST":
            return self.server(asked)
        key = asked.fields.get("idempotency-key", "")
        user = asked.fields.get("authorization", "")
        if user in TOKENS and not key:
            return _said(400, {"error": "no key"})
        known = self.answers.get((user, key))
        if known is not None:
            return known[1] if known[0] == asked.body else _said(422, {"error": "another book"})
        answer = self.server(asked)
        if answer.status < 300:
            self.answers[user, key] = asked.body, answer
        return answer


def _said(status: int, body: Any, fields: dict[str, str] | None = None) -> Answer:
    head = {"Content-Type": "application/json", **(fields or {})}
    return Answer(status, head, [json.dumps(body).encode()])
