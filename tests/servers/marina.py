"""A correct marina: boats, their trips, photos and papers, berths that clients name, settings.

Written from its document alone (marina_document), in the manner that it is given.  A fault (see
marina_faults) overrides one of its steps; without one it must never be accused.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote_to_bytes

import jsonschema_rs

from servers.marina_document import Body, Manner, document
from servers.wire import Answer, Asked

#: The members of the marina: who a token belongs to.
MEMBERS = {"good-token": "ann", "second-token": "bo"}


class Refusal(Exception):
    """The request is refused with this status."""

    def __init__(self, status: int, message: str, **fields: str) -> None:
        super().__init__(message)
        self.status = status
        self.fields = {name.replace("_", "-"): value for name, value in fields.items()}


@dataclass
class Kept:
    """One thing that the marina keeps, whose it is, and what it has of its own."""

    item: Body
    owner: str
    version: int = 1
    number: int = 0
    waits: int = 0  # so many requests for it find nothing yet
    unlisted: int = 0  # so many lists do not know of it yet
    is_deleted: bool = False
    trips: dict[str, Kept] = field(default_factory=dict)
    photo: bytes | None = None
    papers: list[Body] = field(default_factory=list)


Shelf = dict[str, Kept]


@dataclass
class Call:
    """A request that has found its operation: *name* the operation, *path* and *query* as text."""

    asked: Asked
    name: str
    route: str
    operation: Body
    path: dict[str, str]
    query: dict[str, list[str]]
    user: str = ""
    values: dict[str, Any] = field(default_factory=dict)


_METHODS = ("get", "put", "post", "delete", "patch")


@lru_cache(maxsize=64)
def _written(manner: Manner) -> Body:
    return document(manner)


@lru_cache(maxsize=256)
def _validator(manner: Manner, text: str) -> Any:
    registry = jsonschema_rs.Registry([("urn:marina", _written(manner))])
    schema = json.loads(text.replace('"#/', '"urn:marina#/'))
    return jsonschema_rs.Draft202012Validator(schema, registry=registry, validate_formats=True)


class Marina:
    """The correct server."""

    def __init__(self, manner: Manner | None = None) -> None:
        self.manner = manner or Manner()
        self.document = _written(self.manner)
        self.boats: Shelf = {}
        self.berths: Shelf = {}
        self.settings: dict[str, Body] = {}
        self.number = 0
        self.moment = 0
        self.requests = 0

    # -- from a request to its answer -------------------------------------------------------

    def __call__(self, asked: Asked) -> Answer:
        self.requests += 1
        try:
            call = self.route(asked)
            self.authorize(call)
            self.check_parameters(call)
            return self.perform(call)
        except Refusal as refusal:
            return self.refuse(refusal)
        except (LookupError, TypeError, ValueError):
            # a fault of ours, told as frameworks do
            return self.refuse(Refusal(500, "Internal Server Error"))

    def perform(self, call: Call) -> Answer:
        step: Callable[[Call], Answer] = getattr(self, call.name)
        return step(call)

    def route(self, asked: Asked) -> Call:
        text, _, query = asked.target.partition("?")
        if text.endswith("/") and self.manner.slash == "redirected":
            raise Refusal(308, "without the slash", Location=text.rstrip("/") or "/")
        if self.manner.slash == "taken":
            text = text.rstrip("/")
        for template, item in self.document["paths"].items():
            held = _matched(template, text)
            if held is not None:
                name = self.method(asked, item)
                operation = item[name]
                asks = parse_qs(query, keep_blank_values=True, errors="replace", separator="&")
                called = _words(operation["operationId"])
                return Call(asked, called, template, operation, held, asks)
        raise Refusal(404, "no such path")

    def method(self, asked: Asked, item: Body) -> str:
        name = asked.method.lower()
        if name == "head" and self.manner.head == "as get":
            name = "get"
        if name == "head" and self.manner.head == "unknown":
            raise Refusal(404, "no such path")
        if name in item and name in _METHODS:
            return name
        raise Refusal(405, "no such method", Allow=self.allowed(item))

    def allowed(self, item: Body) -> str:
        names = [name.upper() for name in _METHODS if name in item]
        has_head = self.manner.head == "as get" and "GET" in names
        return ", ".join([*names, "HEAD"] if has_head else names)

    def authorize(self, call: Call) -> None:
        if call.operation.get("security") == []:
            return
        scheme, _, token = call.asked.fields.get("authorization", "").partition(" ")
        user = MEMBERS.get(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise Refusal(401, "give a bearer token", WWW_Authenticate="Bearer")
        call.user = user

    def refuse(self, refusal: Refusal) -> Answer:
        kind = "application/json"
        body: Body = {"error": str(refusal)}
        if self.manner.problem:
            kind, body = "application/problem+json", {"title": str(refusal)}
            body["status"] = refusal.status
        fields = {"Content-Type": kind, **refusal.fields}
        return Answer(refusal.status, fields, [json.dumps(body).encode()])

    # -- parameters -------------------------------------------------------------------------

    def check_parameters(self, call: Call) -> None:
        item = self.document["paths"][call.route]
        parameters = [*item.get("parameters", ()), *call.operation.get("parameters", ())]
        known = {one["name"] for one in parameters if one["in"] == "query"}
        if self.manner.strict and set(call.query) - known:
            raise Refusal(400, "an unknown parameter")
        for one in parameters:
            texts = self.texts(call, one)
            if not texts:
                self.check_absent(one)
                continue
            call.values[one["name"]] = self.read(one, texts, self.schema_of(one))

    def check_absent(self, parameter: Body) -> None:
        if parameter.get("required"):
            raise Refusal(self.manner.invalid, f"{parameter['name']} is missing")

    def schema_of(self, parameter: Body) -> Body:
        """What the value of *parameter* is held to."""
        schema: Body = parameter["schema"]
        return schema

    def texts(self, call: Call, parameter: Body) -> list[str]:
        name = parameter["name"]
        match parameter["in"]:
            case "path":
                return [call.path[name]]
            case "query":
                return call.query.get(name, [])
            case "header":
                text = call.asked.fields.get(name.lower())
            case _:
                cookies = call.asked.fields.get("cookie", "").split(";")
                pairs = dict(one.strip().partition("=")[::2] for one in cookies if "=" in one)
                text = pairs.get(name)
        return [] if text is None else [text]

    def read(self, parameter: Body, texts: list[str], schema: Body) -> Any:
        is_list = schema.get("type") == "array"
        status = self.manner.invalid
        if parameter["in"] == "path" and parameter["name"].endswith("_id"):
            status = self.manner.bad_id
        if len(texts) > 1 and not is_list:
            raise Refusal(status, f"{parameter['name']} comes twice")
        kind = (schema["items"] if is_list else schema).get("type")
        values = [self.typed(text, kind) for text in texts]
        value = values if is_list else values[0]
        if not _validator(self.manner, json.dumps(schema)).is_valid(value):
            raise Refusal(status, f"{parameter['name']} is not as declared")
        return value

    def typed(self, text: str, kind: Any) -> Any:
        if kind != "integer":
            return text
        if self.manner.lenient_numbers:
            text = text.strip().removeprefix("+").lstrip("0") or "0"
        if re.fullmatch(r"-?(0|[1-9][0-9]{0,30})", text) is None:
            return text
        return int(text)

    # -- bodies -----------------------------------------------------------------------------

    def sent(self, call: Call) -> Body:
        """The JSON object of the request, which its schema accepts."""
        content = call.operation["requestBody"]["content"]
        kind = call.asked.fields.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in content:
            raise Refusal(415, f"send {', '.join(content)}")
        try:
            value = json.loads(call.asked.body.decode("utf-8"), parse_constant=_refused)
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (ValueError, RecursionError):
            raise Refusal(400, "not JSON") from None
        if call.name == "put_berth" and isinstance(value, dict):
            value["code"] = call.path["code"]  # read-only: nobody need send it
        self.check_body(value, content[kind]["schema"])
        return dict(value)

    def check_body(self, value: Any, schema: Body) -> None:
        if not _validator(self.manner, json.dumps(schema)).is_valid(value):
            raise Refusal(self.manner.invalid, "the body is not as declared")

    def tidied(self, value: Body) -> Body:
        """What is kept of what was sent: read-only members never are."""
        taken = {name: held for name, held in value.items() if name not in _MADE}
        if not self.manner.tidies:
            return taken
        names = ("name", "destination", "notes")
        return {
            name: held.strip().lower() if isinstance(held, str) and name in names else held
            for name, held in taken.items()
        }

    # -- what is kept -----------------------------------------------------------------------

    def new_id(self, name: str) -> Any:
        self.number += 1
        match self.manner.ids:
            case "integer":
                return self.number
            case "uuid":
                return str(uuid.uuid5(uuid.NAMESPACE_URL, str(self.number)))
            case _:
                words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
                return f"{words or 'it'}-{self.number}"

    def now(self) -> str:
        self.moment += 1
        hours, rest = divmod(self.moment, 3600)
        days, hours = divmod(hours, 24)
        return f"2026-05-{1 + days:02}T{hours:02}:{rest // 60:02}:{rest % 60:02}Z"

    def keep(self, shelf: Shelf, kept: Kept, identifier: Any) -> None:
        kept.waits = 1 if self.manner.created == "accepted" else 0
        kept.unlisted = 1 if self.manner.late_list else 0
        kept.number = self.number
        shelf[str(identifier)] = kept

    def find(self, call: Call, shelf: Shelf, identifier: Any) -> Kept:
        kept = shelf.get(str(identifier))
        if kept is None:
            raise Refusal(404, "there is no such thing")
        if not self.may_see(call, kept):
            raise Refusal(self.manner.foreign, "it is not yours")
        if kept.is_deleted:
            raise Refusal(410, "it is gone")
        if kept.waits:
            kept.waits -= 1
            raise Refusal(404, "there is no such thing yet")
        return kept

    def may_see(self, call: Call, kept: Kept) -> bool:
        return kept.owner == call.user

    def boat(self, call: Call) -> Kept:
        return self.find(call, self.boats, call.values["boat_id"])

    def trip(self, call: Call) -> tuple[Kept, Kept]:
        boat = self.boat(call)
        return boat, self.find(call, boat.trips, call.values["trip_id"])

    def body_for(self, call: Call, find: Callable[[Call], Any]) -> tuple[Any, Body]:
        """What is there, and what was sent for it, checked in the order of the manner."""
        if self.manner.validates_first:
            value = self.sent(call)
            return find(call), value
        found = find(call)
        return found, self.sent(call)

    def remove(self, call: Call, shelf: Shelf, identifier: Any) -> None:
        if self.manner.deleted == "gone":
            shelf[str(identifier)].is_deleted = True
        else:
            del shelf[str(identifier)]

    # -- answers ----------------------------------------------------------------------------

    def shown(self, kept: Kept) -> Body:
        item = {name: held for name, held in kept.item.items() if name != "pin"}
        return {**item, "x_internal": kept.number} if self.manner.extras else item

    def json(self, status: int, value: Any, **fields: str) -> Answer:
        named = {name.replace("_", "-"): text for name, text in fields.items()}
        head = {"Content-Type": "application/json", **named}
        return Answer(status, head, [json.dumps(value).encode()])

    def enveloped(self, value: Any) -> Any:
        return {"data": value} if self.manner.envelope else value

    def created(self, kept: Kept, location: str) -> Answer:
        item = self.enveloped(self.shown(kept))
        match self.manner.created:
            case "item":
                return self.json(201, item, Location=location)
            case "ok":
                return self.json(200, item)
            case "location":
                return Answer(201, {"Location": location})
            case _:
                return Answer(202, {"Location": location})

    def updated(self, kept: Kept, **fields: str) -> Answer:
        if self.manner.updated == "nothing":
            return Answer(204)
        return self.json(200, self.enveloped(self.shown(kept)), **fields)

    def deleted(self, kept: Kept) -> Answer:
        if self.manner.deleted == "item":
            return self.json(200, self.enveloped(self.shown(kept)))
        return Answer(202 if self.manner.deleted == "accepted" else 204)

    def missing_is_deleted(self, refusal: Refusal) -> Answer:
        """What a DELETE of what is not there gets."""
        if self.manner.deleted == "always" and refusal.status == 404:
            return Answer(204)
        raise refusal

    def tag(self, kept: Kept) -> str:
        text = hashlib.sha256(json.dumps(kept.item, sort_keys=True).encode()).hexdigest()[:16]
        return f'W/"{text}"' if self.manner.weak_tags else f'"{text}"'

    def tags(self, kept: Kept) -> dict[str, str]:
        return {} if self.manner.precondition == "none" else {"ETag": self.tag(kept)}

    def check_condition(self, call: Call, kept: Kept) -> None:
        condition = call.asked.fields.get("if-match")
        if self.manner.precondition == "none":
            return
        if condition is None:
            if self.manner.precondition == "required":
                raise Refusal(428, "say which state you know: If-Match")
            return
        if condition.strip() != "*" and not _has_tag(condition, self.tag(kept)):
            raise Refusal(412, "it has changed since")

    # -- boats ------------------------------------------------------------------------------

    def create_boat(self, call: Call) -> Answer:
        value = self.tidied(self.sent(call))
        self.check_unique(call, value, None)
        kept = self.new_boat(call, value)
        self.keep(self.boats, kept, kept.item["id"])
        return self.created(kept, self.location(call, kept))

    def new_boat(self, call: Call, value: Body) -> Kept:
        now = self.now()
        item = {
            "id": self.new_id(value["name"]),
            "created_at": now,
            "updated_at": now,
            **self.defaults(),
            **value,
        }
        return Kept(item, call.user)

    def defaults(self) -> Body:
        return {"status": "ashore", "tags": [], "notes": None, "launched_on": None, "contact": None}

    def location(self, call: Call, kept: Kept) -> str:
        path = call.asked.target.partition("?")[0].rstrip("/")
        return f"{path}/{quote(str(kept.item['id']), safe='')}"

    def check_unique(self, call: Call, value: Body, itself: Kept | None) -> None:
        if not self.manner.unique or "name" not in value:
            return
        for kept in self.boats.values():
            is_other = kept is not itself and not kept.is_deleted and kept.owner == call.user
            if is_other and kept.item["name"] == value["name"]:
                raise Refusal(409, "there is a boat of that name")

    def get_boat(self, call: Call) -> Answer:
        kept = self.boat(call)
        tags = self.tags(kept)
        known = call.asked.fields.get("if-none-match")
        if tags and known is not None and self.is_known(known, tags["ETag"]):
            return Answer(304, tags)
        return self.json(200, self.enveloped(self.shown(kept)), **tags)

    def is_known(self, condition: str, tag: str) -> bool:
        return condition.strip() == "*" or _has_tag(condition, tag)

    def replace_boat(self, call: Call) -> Answer:
        kept, value = self.body_for(call, self.boat)
        self.check_condition(call, kept)
        value = self.tidied(value)
        self.check_unique(call, value, kept)
        self.write(kept, self.replaced(kept, value))
        return self.updated(kept, **self.tags(kept))

    def replaced(self, kept: Kept, value: Body) -> Body:
        made = {name: kept.item[name] for name in ("id", "created_at")}
        pin = {"pin": kept.item["pin"]} if "pin" in kept.item else {}
        return {**made, **pin, **self.defaults(), **value, "updated_at": self.now()}

    def change_boat(self, call: Call) -> Answer:
        kept, value = self.body_for(call, self.boat)
        self.check_condition(call, kept)
        value = self.tidied(value)
        self.check_unique(call, value, kept)
        self.write(kept, {**self.changed(kept, value), "updated_at": self.now()})
        return self.updated(kept, **self.tags(kept))

    def changed(self, kept: Kept, value: Body) -> Body:
        return {**kept.item, **value}

    def write(self, kept: Kept, item: Body) -> None:
        kept.item = item
        kept.version += 1

    def delete_boat(self, call: Call) -> Answer:
        try:
            kept = self.boat(call)
        except Refusal as refusal:
            return self.missing_is_deleted(refusal)
        self.check_condition(call, kept)
        self.remove(call, self.boats, kept.item["id"])
        return self.deleted(kept)

    def launch_boat(self, call: Call) -> Answer:
        kept = self.boat(call)
        if kept.item["status"] == "afloat":
            raise Refusal(409, "it is afloat")
        self.write(kept, {**kept.item, "status": "afloat", "updated_at": self.now()})
        return self.json(200, self.enveloped(self.shown(kept)))

    # -- lists ------------------------------------------------------------------------------

    def listed(self, call: Call, shelf: Shelf) -> list[Kept]:
        found = []
        for kept in shelf.values():
            if not self.may_see(call, kept) or kept.is_deleted or kept.waits:
                continue
            if kept.unlisted:
                kept.unlisted -= 1
                continue
            found.append(kept)
        return found[::-1] if self.manner.newest_first else found

    def list_boats(self, call: Call) -> Answer:
        boats = self.ordered(call, self.filtered(call, self.listed(call, self.boats)))
        return self.page(call, boats)

    def filtered(self, call: Call, boats: list[Kept]) -> list[Kept]:
        for name in ("status", "kind"):
            wanted = call.values.get(name)
            boats = [one for one in boats if wanted is None or one.item[name] == wanted]
        text = call.values.get("q")
        return boats if text is None else self.searched(boats, text)

    def searched(self, boats: list[Kept], text: str) -> list[Kept]:
        return [one for one in boats if text.lower() in one.item["name"].lower()]

    def ordered(self, call: Call, boats: list[Kept]) -> list[Kept]:
        by = call.values.get("sort")
        if by is None:
            return boats
        name = by.removeprefix("-")
        return sorted(boats, key=lambda one: one.item[name], reverse=by.startswith("-"))

    def size(self, call: Call) -> int:
        name = "per_page" if self.manner.paging == "page" else "limit"
        size = int(call.values.get(name, 20))
        return size if self.manner.cap is None else min(size, self.manner.cap)

    def start(self, call: Call, size: int) -> int:
        match self.manner.paging:
            case "page":
                return (int(call.values.get("page", 1)) - 1) * size
            case "cursor":
                return self.from_cursor(call.values.get("cursor"))
            case _:
                return int(call.values.get("offset", 0))

    def from_cursor(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        if re.fullmatch("at-[0-9]{1,9}", cursor) is None:
            raise Refusal(400, "no such cursor")
        return int(cursor.removeprefix("at-"))

    def window(self, call: Call, boats: list[Kept]) -> tuple[list[Kept], int]:
        """The items of the page that was asked for, and where the next one begins."""
        size = self.size(call)
        start = self.start(call, size)
        return boats[start : start + size], start + size

    def total(self, call: Call, boats: list[Kept]) -> int:
        return len(boats)

    def page(self, call: Call, boats: list[Kept]) -> Answer:
        window, end = self.window(call, boats)
        items = [self.shown(one) for one in window]
        following = end if end < len(boats) else None
        total = self.total(call, boats)
        if self.manner.paging == "link":
            return self.linked(call, items, total, following)
        about: Body = {"total": total}
        if self.manner.paging == "cursor":
            about = {"next_cursor": None if following is None else f"at-{following}"}
        if self.manner.envelope:
            return self.json(200, {"data": items, "meta": about})
        return self.json(200, {"items": items, **about})

    def linked(self, call: Call, items: list[Body], total: int, following: int | None) -> Answer:
        answer = self.json(200, items, X_Total_Count=str(total))
        if following is not None:
            keep = "&".join(
                f"{name}={quote(one)}"
                for name, texts in call.query.items()
                for one in texts
                if name != "offset"
            )
            answer.fields["Link"] = f'</boats?{keep}&offset={following}>; rel="next"'
        return answer

    # -- trips ------------------------------------------------------------------------------

    def create_trip(self, call: Call) -> Answer:
        boat, value = self.body_for(call, self.boat)
        kept = self.new_trip(call, boat, self.tidied(value))
        self.keep(boat.trips, kept, kept.item["id"])
        return self.created(kept, self.location(call, kept))

    def new_trip(self, call: Call, boat: Kept, value: Body) -> Kept:
        made = {"id": self.new_id(value["destination"]), "boat_id": boat.item["id"]}
        return Kept({**made, **value}, call.user)

    def list_trips(self, call: Call) -> Answer:
        trips = self.listed(call, self.boat(call).trips)
        wanted = call.values.get("destination")
        if wanted is not None:
            trips = [one for one in trips if one.item["destination"] == wanted]
        day = call.values.get("departs_after")
        if day is not None:
            trips = [one for one in trips if one.item.get("departs", "")[:10] > day]
        limit = int(call.values.get("limit", 10))
        start = self.from_cursor(call.values.get("after"))
        following = f"at-{start + limit}" if start + limit < len(trips) else None
        items = [self.shown(one) for one in trips[start : start + limit]]
        return self.json(200, {"trips": items, "next": self.next_link(call, following)})

    def next_link(self, call: Call, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        path = call.asked.target.partition("?")[0]
        kept = {name: texts[0] for name, texts in call.query.items() if name != "after"}
        asks = "&".join(f"{name}={quote(text)}" for name, text in {**kept, "after": cursor}.items())
        return f"{path}?{asks}"

    def get_trip(self, call: Call) -> Answer:
        return self.json(200, self.enveloped(self.shown(self.trip(call)[1])))

    def change_trip(self, call: Call) -> Answer:
        (_, kept), value = self.body_for(call, self.trip)
        self.write(kept, self.changed_trip(kept, self.tidied(value)))
        return self.updated(kept)

    def changed_trip(self, kept: Kept, value: Body) -> Body:
        return self.merged(kept.item, value)

    def merged(self, item: Body, value: Body) -> Body:
        """RFC 7396: null removes a member, unless its schema has a place for null."""
        return {**item, **{name: self.merged_member(item, name, value[name]) for name in value}}

    def merged_member(self, item: Body, name: str, value: Any) -> Any:
        before = item.get(name)
        both = isinstance(before, dict) and isinstance(value, dict)
        return self.merged(before, value) if both else value

    def delete_trip(self, call: Call) -> Answer:
        try:
            boat, kept = self.trip(call)
        except Refusal as refusal:
            return self.missing_is_deleted(refusal)
        self.remove(call, boat.trips, kept.item["id"])
        return self.deleted(kept)

    # -- photos and papers ------------------------------------------------------------------

    def get_photo(self, call: Call) -> Answer:
        photo = self.boat(call).photo
        if photo is None:
            raise Refusal(404, "it has no photo")
        return Answer(200, {"Content-Type": "image/png"}, [photo] if photo else [])

    def put_photo(self, call: Call) -> Answer:
        boat = self.boat(call)
        kind = call.asked.fields.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "image/png":
            raise Refusal(415, "send image/png")
        if not call.asked.body:
            raise Refusal(400, "there is no picture")
        self.keep_photo(boat, call.asked.body)
        return Answer(204)

    def keep_photo(self, boat: Kept, photo: bytes) -> None:
        boat.photo = photo

    def delete_photo(self, call: Call) -> Answer:
        boat = self.boat(call)
        if boat.photo is None and self.manner.deleted != "always":
            raise Refusal(404, "it has no photo")
        boat.photo = None
        return Answer(204)

    def add_paper(self, call: Call) -> Answer:
        boat = self.boat(call)
        parts = _parts(call.asked)
        title, content = parts.get("title"), parts.get("file")
        if title is None or content is None:
            raise Refusal(self.manner.invalid, "title and file are needed")
        text = title.decode("utf-8", errors="replace")
        if not 1 <= len(text) <= 80:
            raise Refusal(self.manner.invalid, "the title is of 1 to 80 characters")
        paper = {"id": len(boat.papers) + 1, "title": text, "size": len(content)}
        boat.papers.append(paper)
        return self.json(201, paper)

    def list_papers(self, call: Call) -> Answer:
        return self.json(200, self.boat(call).papers)

    # -- berths, settings, feedback, weather ------------------------------------------------

    def list_berths(self, call: Call) -> Answer:
        berths = [self.shown(one) for one in self.listed(call, self.berths)]
        if self.manner.mapped:
            return self.json(200, {one.pop("code"): one for one in berths})
        return self.json(200, berths)

    def berth(self, call: Call) -> Kept:
        return self.find(call, self.berths, f"{call.user}/{call.values['code']}")

    def get_berth(self, call: Call) -> Answer:
        return self.json(200, self.shown(self.berth(call)))

    def put_berth(self, call: Call) -> Answer:
        value = self.tidied(self.sent(call))
        code = call.values["code"]
        key = f"{call.user}/{code}"
        item = {"code": code, "lit": False, **value}
        known = self.berths.get(key)
        if known is not None and not known.is_deleted:
            self.write(known, item)
            return self.json(200, self.shown(known))
        kept = Kept(item, call.user)
        self.keep(self.berths, kept, key)
        kept.waits = 0
        return self.json(201, self.shown(kept))

    def delete_berth(self, call: Call) -> Answer:
        try:
            self.berth(call)
        except Refusal as refusal:
            return self.missing_is_deleted(refusal)
        self.remove(call, self.berths, f"{call.user}/{call.values['code']}")
        return Answer(204)

    def get_settings(self, call: Call) -> Answer:
        usual = {"theme": "light", "newsletter": False}
        return self.json(200, self.settings.get(call.user, usual))

    def put_settings(self, call: Call) -> Answer:
        value = self.sent(call)
        self.settings[call.user] = {name: value[name] for name in ("theme", "newsletter")}
        return self.json(200, self.settings[call.user])

    def give_feedback(self, call: Call) -> Answer:
        kind = call.asked.fields.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise Refusal(415, "send a form")
        try:
            pairs = parse_qsl(call.asked.body.decode(), keep_blank_values=True, errors="strict")
        except ValueError:
            raise Refusal(400, "not a form") from None
        form: Body = {}
        for name, text in pairs:
            if name in form:
                raise Refusal(self.manner.invalid, f"{name} comes twice")
            form[name] = self.typed(text, "integer" if name == "rating" else "string")
        content = call.operation["requestBody"]["content"]
        self.check_body(form, content[kind]["schema"])
        return Answer(204)

    def get_weather(self, call: Call) -> Answer:
        values = call.values
        forecast = {
            "harbour": values["harbour"],
            "units": values.get("units", "metric"),
            "days": [20.5] * values.get("days", 1),
        }
        return self.json(200, forecast)


_MADE = ("id", "boat_id", "created_at", "updated_at", "code")


def _matched(template: str, text: str) -> dict[str, str] | None:
    ours, theirs = template.split("/"), text.split("/")
    if len(ours) != len(theirs):
        return None
    held: dict[str, str] = {}
    for name, part in zip(ours, theirs, strict=True):
        given = unquote_to_bytes(part).decode("utf-8", errors="replace")
        if name.startswith("{"):
            if not given:
                return None
            held[name[1:-1]] = given
        elif name != given:
            return None
    return held


def _words(name: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _refused(word: str) -> Any:
    raise ValueError(word)


def _has_tag(condition: str, tag: str) -> bool:
    tags = [one.strip().removeprefix("W/") for one in condition.split(",")]
    return tag.removeprefix("W/") in tags


def _parts(asked: Asked) -> dict[str, bytes]:
    """The parts of a form by name."""
    kind = asked.fields.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "multipart/form-data":
        raise Refusal(415, "send multipart/form-data")
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", errors="replace")
    message = email.message_from_bytes(head + asked.body, policy=email.policy.HTTP)
    if not message.is_multipart():
        raise Refusal(400, "not a form")
    parts: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            parts[name] = content
    return parts
