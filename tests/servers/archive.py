"""An archive: museums, and loans that belong to them, with one fault at a time or one legal manner.

A loan is created by itself and says in its body whose it is; the path of a list says it again.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qs

from servers.wire import Answer, Asked

Body = dict[str, Any]
TOKEN = "good-token"
_TEXT: Body = {"type": "string", "minLength": 3, "maxLength": 30, "pattern": "^[a-z]+$"}


def _of(schema: Body) -> Body:
    return {"content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> Body:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(name: str, status: int, schema: Body | None = None, **more: Any) -> Body:
    answer = {"description": "it", **(_of(schema) if schema else {})}
    others = {str(each): {"description": "no"} for each in (304, 400, 401, 404, 405, 409, 415, 422)}
    return {"operationId": name, "responses": {str(status): answer, **others}, **more}


def _sent(schema: Body, kind: str = "application/json") -> Body:
    return {"required": True, "content": {kind: {"schema": schema}}}


def _query(name: str, **schema: Any) -> Body:
    return {"name": name, "in": "query", "schema": {"type": "string", **schema}}


def _variable(name: str) -> Body:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}


def spec(manner: str = "") -> Body:
    """The document; loans are created below their museum where they are *nested*."""
    made = {"id": {"type": "integer"}, "created_at": {"type": "string", "format": "date-time"}}
    museum: Body = {"name": _TEXT, "city": _TEXT}
    number = {"type": "integer", "minimum": 1, "maximum": 9999}
    loan: Body = {"title": _TEXT, "insured": number, "days": number}
    owner: Body = {"museum_id": {"type": "integer"}}
    shown = {**made, **loan, **owner, "premium": {"type": "integer"}}
    is_nested = manner in NESTED
    given = loan if is_nested else {**loan, **owner}
    page: Body = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": _ref("Museum")},
            "total": {"type": "integer"},
        },
    }
    operation: Body = {
        "type": "object",
        "properties": {"op": {"type": "string"}, "path": {"type": "string"}, "value": {}},
        "required": ["op", "path"],
    }
    patch = {"type": "array", "items": operation, "minItems": 1}
    sort = _query("sort", pattern="^-?(name|city)$")
    create = _operation("addLoan", 201, _ref("Loan"), requestBody=_sent(_ref("NewLoan")))
    loans: Body = {
        "parameters": [_variable("museum_id")],
        "get": _operation(
            "listLoans",
            200,
            {"type": "array", "items": _ref("Loan")},
            parameters=[_query("order", enum=["asc", "desc"])],
        ),
    }
    paths: Body = {
        "/museums": {
            "get": _operation("listMuseums", 200, page, parameters=[sort]),
            "post": _operation(
                "addMuseum", 201, _ref("Museum"), requestBody=_sent(_ref("NewMuseum"))
            ),
        },
        "/museums/{museum_id}": {
            "parameters": [_variable("museum_id")],
            "get": _operation("getMuseum", 200, _ref("Museum")),
            "put": _operation(
                "putMuseum", 200, _ref("Museum"), requestBody=_sent(_ref("NewMuseum"))
            ),
            "delete": _operation("deleteMuseum", 204),
        },
        "/museums/{museum_id}/loans": loans,
        "/loans/{loan_id}": {
            "parameters": [_variable("loan_id")],
            "get": _operation("getLoan", 200, _ref("Loan")),
            "put": _operation("putLoan", 200, _ref("Loan"), requestBody=_sent(_ref("NewLoan"))),
            "patch": _operation(
                "patchLoan",
                200,
                _ref("Loan"),
                requestBody=_sent(patch, "application/json-patch+json"),
            ),
            "delete": _operation("deleteLoan", 204),
        },
    }
    if is_nested:
        loans["post"] = create
    else:
        paths["/loans"] = {"post": create}
    schemas = {
        "NewMuseum": _closed(museum),
        "Museum": {"type": "object", "properties": {**made, **museum}, "required": ["id"]},
        "NewLoan": _closed(given),
        "Loan": {"type": "object", "properties": shown, "required": ["id"]},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Archive", "version": "1"},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _closed(properties: Body) -> Body:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


#: In these manners a loan is created below its museum.
NESTED = (
    "nested",
    "the list is of yesterday",
    "the list insures nothing",
    "the order is ignored",
    "loans of all museums",
    "all within a second",
)


class Refused(Exception):
    """A request comes to nothing, with a status."""


class Archive:
    """The server; what is *otherwise* is a fault or a legal manner, by name."""

    def __init__(self, otherwise: str = "") -> None:
        self.otherwise = otherwise
        self.kept: dict[str, dict[int, Body]] = {"museums": {}, "loans": {}}
        self.first: dict[int, Body] = {}
        self.number = 0
        self.counted: list[int] = []

    def __call__(self, asked: Asked) -> Answer:
        path, _, query = asked.target.partition("?")
        parts = path.strip("/").split("/")
        try:
            name = self.operation(asked.method, parts)
            self.authorize(asked, parts)
            return self.perform(name, asked, parts, parse_qs(query))
        except Refused as refused:
            status, fields = refused.args
            if status == 304:
                return Answer(status, fields)
            return Answer(status, {"Content-Type": "text/plain", **fields}, [b"no"])

    def operation(self, method: str, parts: list[str]) -> str:
        shape = "/".join("{}" if re.fullmatch(r"-?\d+", part) else part for part in parts)
        is_nested = self.otherwise in NESTED
        methods = {
            "museums": ("GET", "POST"),
            "museums/{}": ("GET", "PUT", "DELETE"),
            "museums/{}/loans": ("GET", "POST") if is_nested else ("GET",),
            "loans": () if is_nested else ("POST",),
            "loans/{}": ("GET", "PUT", "PATCH", "DELETE"),
        }.get(shape, ())
        if not methods:
            named = len(parts) in (2, 3) and parts[0] in self.kept
            raise Refused(422 if named and parts[1] else 404, {})
        if method not in methods:
            raise Refused(405, {"Allow": ", ".join(methods)})
        return shape

    def authorize(self, asked: Asked, parts: list[str]) -> None:
        known = asked.fields.get("if-none-match")
        if self.otherwise == "the tag before the door" and known and len(parts) == 2:
            kept = self.kept[parts[0]].get(int(parts[1]))
            if kept is not None and self.tag(kept) == known:
                raise Refused(304, {"ETag": known})
        scheme, _, token = asked.fields.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token.strip() != TOKEN:
            raise Refused(401, {"WWW-Authenticate": "Bearer"})

    def perform(
        self, shape: str, asked: Asked, parts: list[str], query: dict[str, list[str]]
    ) -> Answer:
        kind = "loans" if "loans" in parts else "museums"
        if asked.method == "POST":
            owner = {"museum_id": self.found("museums", parts[1])["id"]} if len(parts) > 1 else {}
            return self.created(kind, self.read(asked, kind), owner)
        if shape == "museums":
            return self.museums(query)
        if shape == "museums/{}/loans":
            return self.loans(self.found("museums", parts[1]), query)
        kept = self.found(kind, parts[1])
        if asked.method == "GET":
            if asked.fields.get("if-none-match") == self.tag(kept):
                raise Refused(304, {"ETag": self.tag(kept)})
            return self.shown(kept)
        if asked.method == "DELETE":
            del self.kept[kind][kept["id"]]
            return Answer(204)
        change = self.patched(asked, kept) if asked.method == "PATCH" else self.read(asked, kind)
        every = self.otherwise == "put changes them all" and asked.method == "PUT"
        for one in list(self.kept[kind].values()) if every else [kept]:
            one |= change
            one |= {} if self.otherwise == "the premium stays" else self.premium(one)
        return self.shown(kept)

    def found(self, kind: str, text: str) -> Body:
        if not text.lstrip("-").isdigit():
            raise Refused(422, {})  # `1.0` is an integer to JSON Schema, and none here
        kept = self.kept[kind].get(int(text))
        if kept is None:
            raise Refused(404, {})
        return kept

    def created(self, kind: str, value: Body, owner: Body) -> Answer:
        self.number += 1
        second = 0 if self.otherwise == "all within a second" else self.number % 60
        at = f"2026-05-01T00:{self.number // 60 % 60:02}:{second:02}Z"
        kept = {"id": self.number, "created_at": at, **owner, **value, **self.premium(value)}
        self.kept[kind][self.number] = kept
        self.first[self.number] = dict(kept)
        if self.otherwise == "the oldest are forgotten" and len(self.kept[kind]) > 3:
            del self.kept[kind][next(iter(self.kept[kind]))]
        return self.shown(kept, 201)

    def premium(self, loan: Body) -> Body:
        return {"premium": loan["insured"] * loan["days"]} if "days" in loan else {}

    def read(self, asked: Asked, kind: str) -> Body:
        value = self.json(asked, "application/json")
        nested = self.otherwise in NESTED
        every = {"museums": ["name", "city"], "loans": ["title", "insured", "days", "museum_id"]}
        names = [name for name in every[kind] if not (nested and name == "museum_id")]
        if not isinstance(value, dict) or sorted(value) != sorted(names):
            raise Refused(422, {})
        for name, one in value.items():
            self.check(name, one)
        if "museum_id" in value:
            self.found("museums", str(value["museum_id"]))
        return value

    def check(self, name: str, one: Any) -> None:
        is_number = isinstance(one, (int, float)) and not isinstance(one, bool) and one == int(one)
        if name in ("insured", "days", "museum_id"):
            if not is_number or (name != "museum_id" and not 1 <= one <= 9999):
                raise Refused(422, {})
        elif not isinstance(one, str) or not re.fullmatch("[a-z]{3,30}", one):
            raise Refused(422, {})

    def patched(self, asked: Asked, kept: Body) -> Body:
        operations = self.json(asked, "application/json-patch+json")
        changed: Body = {}
        if not isinstance(operations, list) or not operations:
            raise Refused(422, {})
        for one in operations:
            if not isinstance(one, dict) or one.get("op") != "replace" or "value" not in one:
                raise Refused(422, {})
            name = str(one.get("path")).removeprefix("/")
            if name not in kept or name in ("id", "created_at", "museum_id", "premium"):
                raise Refused(422, {})
            self.check(name, one["value"])
            changed[name] = one["value"]
        return {} if self.otherwise == "a patch does nothing" else changed

    def json(self, asked: Asked, kind: str) -> Any:
        if asked.fields.get("content-type", "").partition(";")[0].strip().lower() != kind:
            raise Refused(415, {})
        try:
            return json.loads(asked.body.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise Refused(400, {}) from None

    def museums(self, query: dict[str, list[str]]) -> Answer:
        by = query.get("sort", [""])
        if (by[0] and not re.fullmatch("-?(name|city)", by[0])) or len(by) > 1:
            raise Refused(422, {})
        found = list(self.kept["museums"].values())
        if by[0] and self.otherwise != "the sort is ignored":
            name = by[0].removeprefix("-")
            found.sort(key=lambda one: str(one[name]), reverse=by[0].startswith("-"))
        self.counted.append(len(found))
        total = len(found)
        if self.otherwise == "the total is cached":
            total = self.counted[len(self.counted) // 40 * 40]
        if self.otherwise == "the total only grows":
            total = max(self.counted)
        if self.otherwise == "the total comes later":
            total = self.counted[-2] if len(self.counted) > 1 else total
        return self.json_answer({"items": found, "total": total})

    def loans(self, museum: Body, query: dict[str, list[str]]) -> Answer:
        way = query.get("order", ["asc"])
        if way[0] not in ("asc", "desc") or len(way) > 1:
            raise Refused(422, {})
        found = list(self.kept["loans"].values())
        if self.otherwise not in ("loans are everybody's", "loans of all museums"):
            found = [one for one in found if one["museum_id"] == museum["id"]]
        by = "created_at" if self.otherwise == "all within a second" else "id"
        if self.otherwise == "the list insures nothing":
            found = [{**one, "insured": 1} for one in found]
        if self.otherwise == "the list is of yesterday":
            found = [{**one, **self.first[one["id"]]} for one in found]
        if self.otherwise != "the order is ignored":
            found.sort(key=lambda one: str(one[by]).zfill(9), reverse=way[0] == "desc")
        return self.json_answer(found)

    def shown(self, kept: Body, status: int = 200) -> Answer:
        answer = self.json_answer(kept, status)
        answer.fields["ETag"] = self.tag(kept)
        return answer

    def tag(self, kept: Body) -> str:
        return f'"{hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:12]}"'

    def json_answer(self, value: Any, status: int = 200) -> Answer:
        return Answer(status, {"Content-Type": "application/json"}, [json.dumps(value).encode()])


def _refuse(text: str) -> Any:
    raise ValueError(text)


#: What is told of each fault: its code, and how grave it is.
FAULTS = {
    "loans are everybody's": ("list.other-parent", "error"),
    "loans of all museums": ("list.other-parent", "error"),
    "the sort is ignored": ("list.order-ignored", "warning"),
    "the order is ignored": ("list.order-ignored", "warning"),
    "the total is cached": ("list.total-wrong", "warning"),
    "the total only grows": ("list.total-wrong", "warning"),
    "the list insures nothing": ("list.item-differs", "warning"),
    "the list is of yesterday": ("list.item-outdated", "warning"),
    "put changes them all": ("resource.neighbour-changed", "error"),
    "the tag before the door": ("security.not-enforced", "error"),
    "the premium stays": ("resource.update-lost", "warning"),
    "a patch does nothing": ("resource.update-lost", "error"),
}
#: What no server is accused of.
LEGAL = ("", "nested", "all within a second", "the total comes later")
