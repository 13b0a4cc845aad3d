"""The document of the marina: boats and what belongs to them, in each of several legal manners.

Written as people write such documents.  What a manner changes for clients the document says; what
it leaves open, a server is free to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Body = dict[str, Any]


@dataclass(frozen=True)
class Manner:
    """A legal way to behave: what identifies, what is answered, how lists are read, how strict."""

    ids: Literal["integer", "uuid", "slug"] = "integer"
    envelope: bool = False
    created: Literal["item", "location", "ok", "accepted"] = "item"
    updated: Literal["item", "nothing"] = "item"
    deleted: Literal["nothing", "item", "gone", "always", "accepted"] = "nothing"
    paging: Literal["offset", "page", "cursor", "link"] = "offset"
    cap: int | None = None  # the document gives limits no maximum, the server has one
    tidies: bool = False  # texts are trimmed, names in lower case
    strict: bool = False  # unknown query parameters are refused
    late_list: bool = False  # a list knows of changes only when it is asked again
    head: Literal["as get", "refused", "unknown"] = "as get"
    problem: bool = False  # errors are problem+json
    slash: Literal["refused", "redirected", "taken"] = "refused"
    foreign: Literal[403, 404] = 404  # the status for what belongs to somebody else
    validates_first: bool = False  # the body before the existence of what it is for
    unique: bool = False  # two boats of one name are a conflict
    precondition: Literal["optional", "required", "none"] = "optional"
    extras: bool = False  # members that nobody declared
    bad_id: Literal[404, 422] = 422
    lenient_numbers: bool = False  # " 7", "+7" and "07" are numbers
    newest_first: bool = False
    weak_tags: bool = False
    mapped: bool = False  # the list of berths is an object of them by code
    invalid: Literal[400, 422] = 422  # the status for a body or parameter that breaks the document


def _schema(name: str) -> Body:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Body) -> Body:
    return {"application/json": {"schema": schema}}


def _query(name: str, schema: Body, **more: Any) -> Body:
    return {"name": name, "in": "query", "schema": schema, **more}


def _path(name: str, schema: Body) -> Body:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_TAG = {"schema": {"type": "string"}}
_LOCATION = {"schema": {"type": "string", "format": "uri-reference"}, "required": True}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 60, "pattern": "\\S"}
_LENGTH = {"type": "number", "minimum": 1, "maximum": 120}
_TAGS = {
    "type": "array",
    "maxItems": 5,
    "items": {"type": "string", "minLength": 1, "maxLength": 20, "pattern": "^[a-z0-9-]+$"},
}
KINDS = ["sail", "motor", "rowing"]
STATUSES = ["ashore", "afloat"]
SORTS = ["name", "-name", "length", "-length"]


def _boat(manner: Manner) -> dict[str, Body]:
    given: Body = {
        "name": _TEXT,
        "kind": {"enum": KINDS, "type": "string"},
        "length": _LENGTH,
        "status": {"enum": STATUSES, "type": "string", "default": "ashore"},
        "tags": {**_TAGS, "default": []},
        "notes": {"type": ["string", "null"], "maxLength": 200, "default": None},
        "launched_on": {"type": ["string", "null"], "format": "date", "default": None},
        "contact": {"type": ["string", "null"], "format": "email", "default": None},
        "pin": {"type": "string", "pattern": "^[0-9]{4}$", "writeOnly": True},
    }
    made: Body = {
        "id": {**_identifier(manner), "readOnly": True},
        "created_at": {"type": "string", "format": "date-time", "readOnly": True},
        "updated_at": {"type": "string", "format": "date-time", "readOnly": True},
    }
    required = ["name", "kind", "length"]
    shown = {name: held for name, held in given.items() if name != "pin"}
    return {
        "NewBoat": {
            "type": "object",
            "properties": given,
            "required": required,
            "additionalProperties": False,
        },
        "BoatChange": {
            "type": "object",
            "properties": given,
            "minProperties": 1,
            "additionalProperties": False,
        },
        "Boat": {
            "type": "object",
            "properties": {**made, **shown},
            "required": [*made, *shown],
        },
    }


def _trip(manner: Manner) -> dict[str, Body]:
    given: Body = {
        "destination": _TEXT,
        "crew": {"type": "integer", "minimum": 1, "maximum": 12},
        "departs": {"type": "string", "format": "date-time"},
        "distance": {"type": ["number", "null"], "minimum": 0},
        "skipper": {
            "type": "object",
            "properties": {
                "name": _TEXT,
                "licence": {"type": ["string", "null"], "maxLength": 20},
                "years": {"type": "integer", "minimum": 0, "maximum": 60},
            },
        },
        "marks": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 9}},
    }
    made: Body = {
        "id": {**_identifier(manner), "readOnly": True},
        "boat_id": {**_identifier(manner), "readOnly": True},
    }
    return {
        "NewTrip": {"type": "object", "properties": given, "required": ["destination", "crew"]},
        "TripChange": {"type": "object", "properties": given},
        "Trip": {
            "type": "object",
            "properties": {**made, **given},
            "required": [*made, "destination", "crew"],
        },
    }


def _others(manner: Manner) -> dict[str, Body]:
    error: Body = {
        "type": "object",
        "properties": {"error": {"type": "string"}},
        "required": ["error"],
    }
    problem: Body = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "status": {"type": "integer"}},
        "required": ["title", "status"],
    }
    return {
        "Berth": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "readOnly": True},
                "depth": {"type": "number", "exclusiveMinimum": 0, "maximum": 30},
                "lit": {"type": "boolean", "default": False},
            },
            "required": ["code", "depth"],
        },
        "Settings": {
            "type": "object",
            "properties": {
                "theme": {"type": "string", "enum": ["light", "dark"]},
                "newsletter": {"type": "boolean"},
            },
            "required": ["theme", "newsletter"],
        },
        "Paper": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "title": {"type": "string"},
                "size": {"type": "integer", "minimum": 0},
            },
            "required": ["id", "title", "size"],
        },
        "Weather": {
            "type": "object",
            "properties": {
                "harbour": {"type": "string"},
                "units": {"type": "string"},
                "days": {"type": "array", "items": {"type": "number"}},
            },
            "required": ["harbour", "units", "days"],
        },
        "Error": problem if manner.problem else error,
    }


def _identifier(manner: Manner) -> Body:
    if manner.ids == "integer":
        return {"type": "integer", "minimum": 1}
    if manner.ids == "uuid":
        return {"type": "string", "format": "uuid"}
    return {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 80}


def _enveloped(manner: Manner, schema: Body) -> Body:
    if not manner.envelope:
        return schema
    return {"type": "object", "properties": {"data": schema}, "required": ["data"]}


def document(manner: Manner) -> Body:
    """The document of a marina that behaves in this *manner*."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Marina", "version": "1.0.0"},
        "security": [{"token": []}],
        "paths": {
            "/boats": _boats_path(manner),
            "/boats/{boat_id}": _boat_path(manner),
            "/boats/{boat_id}/launch": _launch_path(manner),
            "/boats/{boat_id}/trips": _trips_path(manner),
            "/boats/{boat_id}/trips/{trip_id}": _trip_path(manner),
            "/boats/{boat_id}/photo": _photo_path(manner),
            "/boats/{boat_id}/papers": _papers_path(manner),
            "/berths": _berths_path(manner),
            "/berths/{code}": _berth_path(manner),
            "/me/settings": _settings_path(),
            "/feedback": _feedback_path(),
            "/weather/{harbour}": _weather_path(),
        },
        "components": {
            "schemas": {**_boat(manner), **_trip(manner), **_others(manner)},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": _refusals(manner),
        },
    }


_REFUSALS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    415: "UnsupportedMediaType",
    422: "Unprocessable",
    428: "PreconditionRequired",
}


def _refusals(manner: Manner) -> Body:
    kind = "application/problem+json" if manner.problem else "application/json"
    return {
        name: {"description": name, "content": {kind: {"schema": _schema("Error")}}}
        for name in _REFUSALS.values()
    }


def _operation(
    name: str, answers: dict[int, Body], *refusals: int, body: Body | None = None, **more: Any
) -> Body:
    responses: Body = {
        str(status): {"description": "it", **held} for status, held in answers.items()
    }
    for status in (400, 401, *refusals, 422):
        responses[str(status)] = {"$ref": f"#/components/responses/{_REFUSALS[status]}"}
    operation: Body = {"operationId": name, **more, "responses": responses}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _existing(manner: Manner) -> tuple[int, ...]:
    """How a request for what is not there, or belongs to somebody else, is refused."""
    return (403, 404, *([410] if manner.deleted == "gone" else []))


def _changing(manner: Manner) -> tuple[list[Body], tuple[int, ...]]:
    if manner.precondition == "none":
        return [], ()
    needed = manner.precondition == "required"
    condition: Body = {"name": "If-Match", "in": "header", "schema": {"type": "string"}}
    return [condition], (412, *([428] if needed else []))


# -- lists ----------------------------------------------------------------------------------------


def _paging(manner: Manner) -> list[Body]:
    size: Body = {"type": "integer", "minimum": 1, "default": 20}
    if manner.cap is None:
        size = {**size, "maximum": 100}
    match manner.paging:
        case "page":
            first: Body = {"type": "integer", "minimum": 1, "default": 1}
            return [_query("page", first), _query("per_page", size)]
        case "cursor":
            return [_query("cursor", {"type": "string", "maxLength": 200}), _query("limit", size)]
        case _:
            start: Body = {"type": "integer", "minimum": 0, "default": 0}
            return [_query("offset", start), _query("limit", size)]


def _listed(manner: Manner) -> Body:
    boats: Body = {"type": "array", "items": _schema("Boat")}
    if manner.paging == "link":
        links: Body = {"schema": {"type": "string"}}
        total: Body = {"schema": {"type": "integer"}}
        return {"content": _json(boats), "headers": {"Link": links, "X-Total-Count": total}}
    count: Body = {"total": {"type": "integer", "minimum": 0}}
    about = {"next_cursor": {"type": ["string", "null"]}} if manner.paging == "cursor" else count
    if manner.envelope:
        meta: Body = {"type": "object", "properties": about, "required": [*about]}
        members: Body = {"data": boats, "meta": meta}
    else:
        members = {"items": boats, **about}
    return {"content": _json({"type": "object", "properties": members, "required": [*members]})}


def _created(manner: Manner, name: str) -> dict[int, Body]:
    item: Body = {"content": _json(_enveloped(manner, _schema(name)))}
    headers: Body = {"Location": _LOCATION}
    match manner.created:
        case "item":
            return {201: {**item, "headers": headers}}
        case "ok":
            return {200: item}
        case "location":
            return {201: {"headers": headers}}
        case _:
            return {202: {"headers": headers}}


def _boats_path(manner: Manner) -> Body:
    filters = [
        _query("status", {"type": "string", "enum": STATUSES}),
        _query("kind", {"type": "string", "enum": KINDS}),
        _query("q", {"type": "string", "maxLength": 50}, description="Part of the name."),
        _query("sort", {"type": "string", "enum": SORTS}),
    ]
    conflict = (409,) if manner.unique else ()
    return {
        "get": _operation(
            "listBoats", {200: _listed(manner)}, parameters=[*_paging(manner), *filters]
        ),
        "post": _operation(
            "createBoat", _created(manner, "Boat"), *conflict, 415, body=_json(_schema("NewBoat"))
        ),
    }


# -- one boat -------------------------------------------------------------------------------------


def _updated(manner: Manner, name: str) -> dict[int, Body]:
    if manner.updated == "nothing":
        return {204: {}}
    item: Body = {"content": _json(_enveloped(manner, _schema(name)))}
    has_tag = name == "Boat" and manner.precondition != "none"
    return {200: {**item, "headers": {"ETag": _TAG}} if has_tag else item}


def _deleted(manner: Manner, name: str) -> dict[int, Body]:
    if manner.deleted == "item":
        return {200: {"content": _json(_enveloped(manner, _schema(name)))}}
    return {202: {}} if manner.deleted == "accepted" else {204: {}}


def _boat_path(manner: Manner) -> Body:
    conditions, refusals = _changing(manner)
    conflict = (409,) if manner.unique else ()
    there = _existing(manner)
    read: dict[int, Body] = {200: {"content": _json(_enveloped(manner, _schema("Boat")))}}
    asking: list[Body] = []
    if conditions:
        read = {200: {**read[200], "headers": {"ETag": _TAG}}, 304: {}}
        asking = [{"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}]
    changing = {
        name: _operation(
            operation_id,
            _updated(manner, "Boat"),
            *(*there, *conflict, *refusals, 415),
            parameters=conditions,
            body=_json(_schema(schema)),
        )
        for name, operation_id, schema in (
            ("put", "replaceBoat", "NewBoat"),
            ("patch", "changeBoat", "BoatChange"),
        )
    }
    return {
        "parameters": [_path("boat_id", _identifier(manner))],
        "get": _operation("getBoat", read, *there, parameters=asking),
        **changing,
        "delete": _operation(
            "deleteBoat", _deleted(manner, "Boat"), *there, *refusals, parameters=conditions
        ),
    }


def _launch_path(manner: Manner) -> Body:
    item: dict[int, Body] = {200: {"content": _json(_enveloped(manner, _schema("Boat")))}}
    return {
        "parameters": [_path("boat_id", _identifier(manner))],
        "post": _operation("launchBoat", item, *_existing(manner), 409),
    }


# -- what belongs to a boat -----------------------------------------------------------------------


def _trips_path(manner: Manner) -> Body:
    trips: Body = {"type": "array", "items": _schema("Trip")}
    following: Body = {"type": ["string", "null"], "format": "uri-reference"}
    page: Body = {
        "type": "object",
        "properties": {"trips": trips, "next": following},
        "required": ["trips", "next"],
    }
    asking = [
        _query("after", {"type": "string", "maxLength": 200}, description="Where a page begins."),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}),
        _query("destination", {"type": "string", "maxLength": 60}),
        _query("departs_after", {"type": "string", "format": "date"}),
    ]
    return {
        "parameters": [_path("boat_id", _identifier(manner))],
        "get": _operation(
            "listTrips", {200: {"content": _json(page)}}, *_existing(manner), parameters=asking
        ),
        "post": _operation(
            "createTrip",
            _created(manner, "Trip"),
            *_existing(manner),
            415,
            body=_json(_schema("NewTrip")),
        ),
    }


def _trip_path(manner: Manner) -> Body:
    item: dict[int, Body] = {200: {"content": _json(_enveloped(manner, _schema("Trip")))}}
    merge = {"application/merge-patch+json": {"schema": _schema("TripChange")}}
    there = _existing(manner)
    return {
        "parameters": [
            _path("boat_id", _identifier(manner)),
            _path("trip_id", _identifier(manner)),
        ],
        "get": _operation("getTrip", item, *there),
        "patch": _operation("changeTrip", _updated(manner, "Trip"), *there, 415, body=merge),
        "delete": _operation("deleteTrip", _deleted(manner, "Trip"), *there),
    }


def _photo_path(manner: Manner) -> Body:
    there = _existing(manner)
    picture: Body = {"image/png": {}}
    return {
        "parameters": [_path("boat_id", _identifier(manner))],
        "get": _operation("getPhoto", {200: {"content": picture}}, *there),
        "put": _operation("putPhoto", {204: {}}, *there, 415, body=picture),
        "delete": _operation("deletePhoto", {204: {}}, *there),
    }


def _papers_path(manner: Manner) -> Body:
    form: Body = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 1, "maxLength": 80},
            "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        },
        "required": ["title", "file"],
    }
    papers: Body = {"type": "array", "items": _schema("Paper")}
    there = _existing(manner)
    return {
        "parameters": [_path("boat_id", _identifier(manner))],
        "get": _operation("listPapers", {200: {"content": _json(papers)}}, *there),
        "post": _operation(
            "addPaper",
            {201: {"content": _json(_schema("Paper"))}},
            *there,
            415,
            body={"multipart/form-data": {"schema": form}},
        ),
    }


# -- the rest -------------------------------------------------------------------------------------

_CODE: Body = {"type": "string", "pattern": "^[A-Z]{1,2}[0-9]{1,3}$"}


def _berths_path(manner: Manner) -> Body:
    berths: Body = {"type": "array", "items": _schema("Berth")}
    if manner.mapped:
        # of which each is called as its key is
        berth = _others(manner)["Berth"]
        members = {name: one for name, one in berth["properties"].items() if name != "code"}
        named = {**berth, "properties": members, "required": ["depth"]}
        berths = {"type": "object", "additionalProperties": named}
    return {"get": _operation("listBerths", {200: {"content": _json(berths)}})}


def _berth_path(manner: Manner) -> Body:
    item: Body = {"content": _json(_schema("Berth"))}
    gone = (404, 410) if manner.deleted == "gone" else (404,)
    return {
        "parameters": [_path("code", _CODE)],
        "get": _operation("getBerth", {200: item}, *gone),
        "put": _operation(
            "putBerth", {200: item, 201: item}, *gone, 415, body=_json(_schema("Berth"))
        ),
        "delete": _operation("deleteBerth", {204: {}}, *gone),
    }


def _settings_path() -> Body:
    item: dict[int, Body] = {200: {"content": _json(_schema("Settings"))}}
    return {
        "get": _operation("getSettings", item),
        "put": _operation("putSettings", item, 415, body=_json(_schema("Settings"))),
    }


def _feedback_path() -> Body:
    form: Body = {
        "type": "object",
        "properties": {
            "message": {"type": "string", "minLength": 1, "maxLength": 500},
            "rating": {"type": "integer", "minimum": 1, "maximum": 5},
        },
        "required": ["message", "rating"],
    }
    body: Body = {"application/x-www-form-urlencoded": {"schema": form}}
    return {"post": _operation("giveFeedback", {204: {}}, 415, body=body)}


def _weather_path() -> Body:
    asking = [
        _path("harbour", {"type": "string", "minLength": 2, "maxLength": 30}),
        _query("at", {"type": "string", "format": "date"}, required=True),
        _query("days", {"type": "integer", "minimum": 1, "maximum": 14, "default": 1}),
        _query("units", {"type": "string", "enum": ["metric", "imperial"], "default": "metric"}),
        _query("hours", {"type": "array", "items": {"type": "integer"}, "maxItems": 3}),
        {"name": "X-Request-Id", "in": "header", "schema": {"type": "string", "format": "uuid"}},
        {"name": "X-Depth", "in": "header", "schema": {"type": "integer", "maximum": 9}},
        {"name": "lang", "in": "cookie", "schema": {"type": "string", "enum": ["en", "nl"]}},
    ]
    forecast: dict[int, Body] = {200: {"content": _json(_schema("Weather"))}}
    return {"get": _operation("getWeather", forecast, parameters=asking, security=[])}
