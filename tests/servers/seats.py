"""Seats, which a row and a number name together, and vessels that are moored where nobody told.

A number is given per row, so that lists have each number many times.  A vessel is created in a
fleet and read in its harbour, which its answer does not name.  `taken_from` has what was changed
or deleted of what was there before.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from servers.wire import Answer, Asked

_SEAT = {
    "type": "object",
    "required": ["row"],
    "properties": {
        "row": {"type": "string", "pattern": "^[A-Z]$"},
        "number": {"type": "integer", "readOnly": True},
        "taken": {"type": "boolean"},
    },
}
_VESSEL = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "crew": {"type": "integer"}},
}


def spec() -> dict[str, Any]:
    def operation(status: str, schema: Any = None, *, sends: bool = False) -> dict[str, Any]:
        content = {"application/json": {"schema": schema}}
        answers: dict[str, Any] = {code: {"description": "no"} for code in ("400", "404")}
        answers[status] = {"description": "yes", **({"content": content} if schema else {})}
        body = {"requestBody": {"required": True, "content": content}} if sends else {}
        return {"responses": answers, **body}

    def named(**names: str) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "path", "required": True, "schema": {"type": kind}}
            for name, kind in names.items()
        ]

    steps = [
        {"name": name, "in": "query", "schema": {"type": "integer", "minimum": 0}}
        for name in ("limit", "offset")
    ]
    seat, vessel = ({"$ref": f"#/components/schemas/{name}"} for name in ("Seat", "Vessel"))
    seats = operation("200", {"type": "array", "items": seat}) | {"parameters": steps}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Seats", "version": "1"},
        "components": {"schemas": {"Seat": _SEAT, "Vessel": _VESSEL}},
        "paths": {
            "/seats": {"get": seats, "post": operation("201", seat, sends=True)},
            "/seats/{row}/{number}": {
                "parameters": named(row="string", number="integer"),
                "get": operation("200", seat),
                "delete": operation("204"),
            },
            "/fleets/{fleet}/vessels": {
                "parameters": named(fleet="string"),
                "post": operation("201", vessel, sends=True),
            },
            "/vessels/{harbour}/{vessel}": {
                "parameters": named(harbour="string", vessel="string"),
                "get": operation("200", vessel),
                "delete": operation("204"),
            },
        },
    }


class Seats:
    """The server, which does what its document says."""

    def __init__(self) -> None:
        self.seats: dict[tuple[str, int], Any] = {}
        self.taken_from: list[str] = []
        self.numbers: dict[str, int] = {}
        for row in "ABCD":
            for _ in range(3):
                self.add({"row": row})
        self.before = frozenset(self.seats)

    def add(self, seat: Any) -> Any:
        row = seat["row"]
        number = self.numbers[row] = self.numbers.get(row, 0) + 1
        self.seats[row, number] = {"taken": False, **seat, "number": number}
        return self.seats[row, number]

    def __call__(self, asked: Asked) -> Answer:
        path, _, query = asked.target.partition("?")
        match asked.method, path.strip("/").split("/"):
            case "GET", ["seats"]:
                given = {name: int(texts[0]) for name, texts in parse_qs(query).items()}
                start = given.get("offset", 0)
                return _json(200, [*self.seats.values()][start:][: given.get("limit", 50)])
            case "POST", ["seats"]:
                return _json(201, self.add(json.loads(asked.body)))
            case "POST", ["fleets", _, "vessels"]:
                return _json(201, json.loads(asked.body))
            case method, ["seats", row, number] if number.isdigit():
                return self.one(method, (row, int(number)))
        return _json(404, {})

    def one(self, method: str, name: tuple[str, int]) -> Answer:
        if name not in self.seats:
            return _json(404, {})
        if method != "DELETE":
            return _json(200, self.seats[name])
        if name in self.before:
            self.taken_from.append(f"{name[0]}{name[1]}")
        del self.seats[name]
        return Answer(204, {}, [])


def _json(status: int, body: Any) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, [json.dumps(body).encode()])
