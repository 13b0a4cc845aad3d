"""A server that speaks as JSON:API asks: resource objects, linkage, and a 409 for another's name.

*fault* is one of FAULTS.  It is strict: a note of nobody's, or one that calls itself otherwise than
its path, is refused.  One that is *guarded* takes of a change the attributes alone (RFC 7396), and
only with the tag of what is changed (428, 412).
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from servers.wire import Answer, Asked

FAULTS = {
    "lost": ("resource.update-lost", "PATCH /notes/{note}"),
    "resets": ("resource.update-resets", "PATCH /notes/{note}"),
    "null kept": ("resource.update-lost", "PATCH /notes/{note}"),
    "link": ("resource.location-wrong", "GET /notes/{note}"),
    "kind ignored": ("list.filter-ignored", "GET /notes"),
    "sort ignored": ("list.order-ignored", "GET /notes"),
}
_TYPE = "application/vnd.api+json"
_KINDS = ("idea", "task")
_SORTS = ("title", "-title")


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    named = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**named, "required": list(required)}


def _resource(kind: str, attributes: Any, *more: str, **others: Any) -> dict[str, Any]:
    return _object("type", *more, type={"const": kind}, attributes=attributes, **others)


def spec(*, is_guarded: bool = False) -> dict[str, Any]:
    document = _spec()
    if is_guarded:
        operation = document["paths"]["/notes/{note}"]["patch"]
        (entry,) = operation["requestBody"]["content"].values()
        part = entry["schema"]["properties"]["data"]["properties"]["attributes"]
        operation["requestBody"]["content"] = {"application/merge-patch+json": {"schema": part}}
        operation["parameters"] = [{"name": "If-Match", "in": "header", "schema": {}}]
        operation["responses"] |= {code: {"description": "no"} for code in ("412", "428")}
    return document


def _spec() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": 40}
    identifier = {"id": {"type": "string"}}
    members = {
        "title": text,
        "kind": {"enum": list(_KINDS)},
        "remark": {"type": ["string", "null"], "maxLength": 40},
    }
    linkage = _object("type", "id", type={"const": "people"}, **identifier)
    relationships = _object(author=_object("data", data={"oneOf": [{"type": "null"}, linkage]}))
    linked = {"relationships": relationships}
    whole, part = _object("title", **members), _object(**members)
    note = _resource("notes", whole, "id", "attributes", **identifier, **linked)
    note["properties"]["links"] = _object("self", self={"type": "string"})
    person = _resource("people", _object("name", name=text), "id", **identifier)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Notes", "version": "1"},
        "paths": {
            "/people": {"post": _operation("201", person, _without_id(person))},
            "/people/{person}": {**_named("person"), "get": _operation("200", person)},
            "/notes": {
                "get": _operation("200", {"type": "array", "items": note}, kind=_KINDS),
                "post": _operation("201", note, _without_id(note)),
            },
            "/notes/{note}": {
                **_named("note"),
                "get": _operation("200", note),
                "patch": _operation("200", note, _resource("notes", part, **identifier, **linked)),
            },
        },
    }


def _without_id(resource: dict[str, Any]) -> dict[str, Any]:
    given = resource["properties"].items()
    kept = {name: one for name, one in given if name not in ("id", "links")}
    return {**resource, "properties": kept, "required": ["type", "attributes"]}


def _named(name: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": schema}]}


def _operation(
    status: str, answer: dict[str, Any], sent: Any = None, *, kind: tuple[str, ...] = ()
) -> dict[str, Any]:
    def held(schema: dict[str, Any]) -> dict[str, Any]:
        return {_TYPE: {"schema": _object("data", data=schema)}}

    responses: dict[str, Any] = {status: {"description": "it", "content": held(answer)}}
    responses |= {code: {"description": "no"} for code in ("400", "404", "409", "415", "422")}
    made: dict[str, Any] = {"responses": responses}
    if sent is not None:
        if sent["properties"].keys() >= {"id"}:
            sent = {**sent, "required": ["type", "id"]}
        made["requestBody"] = {"required": True, "content": held(sent)}
    if kind:
        given = {"filter[kind]": list(kind), "sort": list(_SORTS)}
        made["parameters"] = [
            {"name": name, "in": "query", "schema": {"enum": values}}
            for name, values in given.items()
        ]
    return made


class Notes:
    def __init__(self, fault: str = "", *, is_guarded: bool = False) -> None:
        self.fault = fault
        self.is_guarded = is_guarded
        self.items: dict[str, dict[str, Any]] = {}

    def __call__(self, asked: Asked) -> Answer:
        path, _, query = asked.target.partition("?")
        kind, _, name = path.strip("/").partition("/")
        there = self.items.get(path)
        if kind not in ("people", "notes") or (name and there is None):
            return Answer(404)
        if asked.method == "POST" and not name:
            return self._sent(asked, kind, None)
        if asked.method == "PATCH" and kind == "notes" and there is not None:
            return self._sent(asked, kind, there)
        if asked.method != "GET" or path == "/people":
            return Answer(405, {"Allow": "GET, PATCH" if name else "GET, POST"})
        asks = dict(parse_qsl(query, keep_blank_values=True))
        listed = self._listed(asks.get("filter[kind]"), asks.get("sort"))
        return _answer(200, listed if there is None else there)

    def _listed(self, kind: str | None, sort: str | None) -> Any:
        if (kind is not None and kind not in _KINDS) or (sort is not None and sort not in _SORTS):
            return None
        notes = [one for path, one in self.items.items() if path.startswith("/notes/")]
        chosen = kind is None or self.fault == "kind ignored"
        notes = [one for one in notes if chosen or one["attributes"].get("kind") == kind]
        if sort is not None and self.fault != "sort ignored":
            notes.sort(key=lambda one: str(one["attributes"]["title"]), reverse=sort[0] == "-")
        return notes

    def _sent(self, asked: Asked, kind: str, there: dict[str, Any] | None) -> Answer:
        is_bare = self.is_guarded and there is not None
        wanted = "application/merge-patch+json" if is_bare else _TYPE
        if asked.fields.get("content-type", "").partition(";")[0].lower() != wanted:
            return Answer(415)
        if is_bare and asked.fields.get("if-match", "") not in ("*", _tag(there)):
            return Answer(412 if "if-match" in asked.fields else 428)
        try:
            body = json.loads(asked.body.decode(), parse_constant=_none)
            if is_bare and there is not None:
                body = {"data": {"type": kind, "id": there["id"], "attributes": body}}
            data = body["data"]
            attributes = data["attributes"] if there is None else data.get("attributes", {})
            linked = data.get("relationships", {})
            author = linked.get("author", {"data": None})["data"]
            refused = _refused(kind, attributes, is_new=there is None)
            extra = {*body, *data} - {"data", "type", "id", "attributes", "relationships"}
            extra |= {*linked, *linked.get("author", ())} - {"author", "data"}
            if author is not None:
                extra |= {*author} - {"type", "id"}
                refused |= author["type"] != "people" or f"/people/{author['id']}" not in self.items
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Answer(422)
        is_other = ("id" in data) if there is None else data.get("id") != there["id"]
        if data.get("type") != kind or is_other:
            return Answer(409)
        if refused or extra or (linked and kind == "people"):
            return Answer(422)
        if there is None:
            number = f"{kind[0]}-{len(self.items) + 1}"
            own = f"/{kind}/{'0' if self.fault == 'link' else number}"
            there = {"type": kind, "id": number, "attributes": attributes}
            there |= {"links": {"self": own}} if kind == "notes" else {}
            self.items[f"/{kind}/{number}"] = there
        elif self.fault == "lost":
            return _answer(200, {**there, "attributes": {**there["attributes"], **attributes}})
        else:
            self._change(there, attributes)
        if linked:
            there["relationships"] = {**there.get("relationships", {}), **linked}
        return _answer(201 if asked.method == "POST" else 200, there)

    def _change(self, there: dict[str, Any], attributes: dict[str, Any]) -> None:
        if self.fault == "null kept":
            attributes = {name: one for name, one in attributes.items() if one is not None}
        reset = {"kind": "idea", "remark": None} if self.fault == "resets" else {}
        there["attributes"] = {**there["attributes"], **reset, **attributes}


def _refused(kind: str, attributes: dict[str, Any], *, is_new: bool) -> bool:
    first = "name" if kind == "people" else "title"
    texts = [attributes.get(first, None if is_new else "x")]
    remark = attributes.get("remark")
    texts += [] if remark in (None, "") else [remark]
    return any(not isinstance(one, str) or not 1 <= len(one) <= 40 for one in texts) or (
        attributes.get("kind", "idea") not in _KINDS
        or not attributes.keys() <= {first, *(("kind", "remark") if kind == "notes" else ())}
    )


def _answer(status: int, data: Any) -> Answer:
    if data is None:
        return Answer(400)
    fields = {"Content-Type": _TYPE, "ETag": _tag(data)}
    return Answer(status, fields, [json.dumps({"data": data}).encode()])


def _tag(data: Any) -> str:
    return f'"{sha256(json.dumps(data).encode()).hexdigest()[:16]}"'


def _none(text: str) -> Any:
    raise ValueError(text)
