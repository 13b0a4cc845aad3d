"""A correct API of shelves with books on them, some of which were there before anybody came."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from servers.wire import Answer, Asked

JSON = {"Content-Type": "application/json"}
TOKEN = "the-good-token"


def _answers(*statuses: str, of: dict[str, Any] | None = None) -> dict[str, Any]:
    described: dict[str, Any] = {each: {"description": "it"} for each in statuses}
    if of is not None:
        described[statuses[0]]["content"] = {"application/json": {"schema": of}}
    described["401"] = {"description": "who?"}
    return described


def _variable(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def _sends(name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/New{name}"}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


SHELF: dict[str, Any] = {"$ref": "#/components/schemas/Shelf"}
BOOK: dict[str, Any] = {"$ref": "#/components/schemas/Book"}
_TITLE = {"type": "string", "minLength": 1, "maxLength": 20}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Shelves", "version": "1"},
    "security": [{"bearer": []}],
    "paths": {
        "/shelves": {
            "get": {
                "operationId": "listShelves",
                "responses": _answers("200", of={"type": "array", "items": SHELF}),
            },
            "post": {
                "operationId": "addShelf",
                "requestBody": _sends("Shelf"),
                "responses": _answers("201", "400", "415", "422", of=SHELF),
            },
        },
        "/shelves/{shelf_id}": {
            "parameters": [_variable("shelf_id", "string")],
            "get": {"operationId": "getShelf", "responses": _answers("200", "404", of=SHELF)},
            "delete": {"operationId": "removeShelf", "responses": _answers("204", "404")},
        },
        "/shelves/{shelf_id}/books": {
            "parameters": [_variable("shelf_id", "string")],
            "get": {
                "operationId": "listBooks",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}}
                ],
                "responses": _answers("200", "404", "422", of={"type": "array", "items": BOOK}),
            },
            "post": {
                "operationId": "addBook",
                "requestBody": _sends("Book"),
                "responses": _answers("201", "400", "404", "415", "422", of=BOOK),
            },
        },
        "/shelves/{shelf_id}/books/{book_id}": {
            "parameters": [_variable("shelf_id", "string"), _variable("book_id", "integer")],
            "get": {"operationId": "getBook", "responses": _answers("200", "404", "422", of=BOOK)},
            "put": {
                "operationId": "putBook",
                "requestBody": _sends("Book"),
                "responses": _answers("200", "400", "404", "415", "422", of=BOOK),
            },
            "delete": {"operationId": "removeBook", "responses": _answers("204", "404", "422")},
        },
        "/mode": {
            "get": {"operationId": "getMode", "responses": _answers("200", of={"type": "object"})},
            "put": {"operationId": "setMode", "responses": _answers("204")},
        },
    },
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "NewShelf": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": _TITLE},
            },
            "Shelf": {
                "type": "object",
                "required": ["id", "name"],
                "properties": {"id": {"type": "string"}, "name": _TITLE},
            },
            "NewBook": {
                "type": "object",
                "required": ["title"],
                "properties": {"title": _TITLE},
            },
            "Book": {
                "type": "object",
                "required": ["id", "title"],
                "properties": {"id": {"type": "integer"}, "title": _TITLE},
            },
        },
    },
}


class Refused(Exception):
    """A request comes to nothing: *args* are the status and header fields."""


@dataclass
class Shelves:
    """Keeps shelves and books; *touched* are what was there before and has been changed.

    *token* is the one that is taken now; *seen* are the methods and targets of what was taken.
    """

    token: str = TOKEN
    is_open_to_delete: bool = False
    shelves: dict[str, dict[str, Any]] = field(default_factory=dict)
    books: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    touched: list[str] = field(default_factory=list)
    seen: list[tuple[str, str, int]] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        self.shelves["old"] = {"id": "old", "name": "Old"}
        self.books["old"] = {1: {"id": 1, "title": "First"}, 2: {"id": 2, "title": "Second"}}

    def __call__(self, asked: Asked) -> Answer:
        """Answer *asked*."""
        try:
            answer = self._answer(asked)
        except Refused as refused:
            status, *fields = refused.args
            answer = Answer(status, {**JSON, **dict(fields)}, [b'{"detail": "no"}'])
        self.seen.append((asked.method, asked.target, answer.status))
        return answer

    def _answer(self, asked: Asked) -> Answer:
        path, _, query = asked.target.partition("?")
        parts = path.strip("/").split("/")
        names = {0: "", 1: "shelf", 2: "shelf", 3: "book"}
        allowed = {
            (1, "shelves"): ("GET", "POST"),
            (2, "shelves"): ("GET", "DELETE"),
            (3, "shelves"): ("GET", "POST"),
            (4, "shelves"): ("GET", "PUT", "DELETE"),
            (1, "mode"): ("GET", "PUT"),
        }.get((len(parts), parts[0]))
        if allowed is None or (len(parts) > 2 and parts[2] != "books") or not names:
            raise Refused(404)
        if asked.method not in allowed:
            raise Refused(405, ("Allow", ", ".join(allowed)))
        self._authenticate(asked)
        if parts[0] == "mode":
            return self._mode(asked)
        if len(parts) == 1:
            return self._all(self.shelves) if asked.method == "GET" else self._add_shelf(asked)
        shelf = self.shelves.get(parts[1])
        if shelf is None:
            raise Refused(404)
        if len(parts) == 2:
            return self._shelf(asked, shelf)
        if len(parts) == 3:
            return self._books(asked, shelf["id"], query)
        return self._book(asked, shelf["id"], parts[3])

    def _authenticate(self, asked: Asked) -> None:
        if self.is_open_to_delete and asked.method == "DELETE":
            return
        scheme, _, token = asked.fields.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token != self.token:
            raise Refused(401, ("WWW-Authenticate", "Bearer"))

    def _mode(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return _json({})
        self.touched.append("mode")
        return Answer(204)

    def _all(self, items: dict[Any, dict[str, Any]], most: int | None = None) -> Answer:
        return _json(list(items.values())[:most])

    def _add_shelf(self, asked: Asked) -> Answer:
        name = _text(asked, "name")
        self.made += 1
        made = {"id": f"s{self.made}", "name": name}
        self.shelves[made["id"]], self.books[made["id"]] = made, {}
        return _json(made, 201)

    def _shelf(self, asked: Asked, shelf: dict[str, Any]) -> Answer:
        if asked.method == "GET":
            return _json(shelf)
        if shelf["id"] == "old":
            self.touched.append("old")
        del self.shelves[shelf["id"]]
        return Answer(204)

    def _books(self, asked: Asked, shelf: str, query: str) -> Answer:
        books = self.books[shelf]
        if asked.method == "GET":
            limits = [pair[6:] for pair in query.split("&") if pair.startswith("limit=")]
            if not all(re.fullmatch("[1-9][0-9]*", limit) for limit in limits):
                raise Refused(422)
            return self._all(books, int(limits[0]) if limits else None)
        title = _text(asked, "title")
        self.made += 1
        books[100 + self.made] = {"id": 100 + self.made, "title": title}
        return _json(books[100 + self.made], 201)

    def _book(self, asked: Asked, shelf: str, text: str) -> Answer:
        books = self.books[shelf]
        if not re.fullmatch("-?[0-9]+", text):
            raise Refused(422)
        number = int(text)
        if number not in books:
            raise Refused(404)
        if asked.method == "GET":
            return _json(books[number])
        if asked.method == "PUT":
            title = _text(asked, "title")
            books[number] = {"id": number, "title": title}
        if number < 100:
            self.touched.append(f"{shelf}/{number}")
        if asked.method == "PUT":
            return _json(books[number])
        del books[number]
        return Answer(204)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, JSON, [json.dumps(value).encode()])


def _text(asked: Asked, name: str) -> str:
    """The member *name* of the body of *asked*.  Raises Refused."""
    if (
        asked.fields.get("content-type", "").partition(";")[0].strip().lower()
        != JSON["Content-Type"]
    ):
        raise Refused(415)
    try:
        value = json.loads(asked.body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Refused(400) from None
    text = value.get(name) if isinstance(value, dict) else None
    if not isinstance(text, str) or not 1 <= len(text) <= 20:
        raise Refused(422)
    return text


def _refuse(text: str) -> Any:
    raise ValueError(text)
