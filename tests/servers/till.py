"""A till in the manner of payment APIs: forms, prefixed identifiers, pages after an item, keys.

What refers to a customer is called `customer`; errors are all the document's `default`; 400 stands
for what is not there in a body, for a state that does not allow a thing, and for what is there
already.  FAULTS change one thing each: its code, and the operation at which it shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl, unquote

from jsonschema import Draft202012Validator

from servers.wire import Answer, Asked

_ONE, _CARDS = "/v1/customers/{customer}", "/v1/customers/{customer}/cards"
FAULTS: dict[str, tuple[str, str]] = {
    "note is cut": ("resource.reads-back-other", "POST /v1/customers"),
    "tag of the handle": ("resource.etag-unchanged", f"POST {_ONE}"),
    "counted up alone": ("resource.count-wrong", f"GET {_ONE}"),
    "all are counted": ("resource.count-wrong", f"GET {_ONE}"),
    "handle twice at once": ("resource.race", "POST /v1/customers"),
    "key of another body": ("resource.key-confused", f"POST {_CARDS}"),
    "key twice at once": ("resource.race", "POST /v1/charges"),
    "moment ignored": ("list.filter-ignored", "GET /v1/charges"),
    "customer ignored": ("list.filter-ignored", "GET /v1/charges"),
    "skips one": ("list.page-skips", "GET /v1/charges"),
    "says no more": ("list.page-skips", f"GET {_CARDS}"),
    "total of all": ("list.total-wrong", "GET /v1/charges"),
    "one kind": ("list.filter-loses", "GET /v1/charges"),
}
STATUSES, KINDS = ["pending", "captured", "canceled"], ["sale", "fee", "tip"]
_FORM = "application/x-www-form-urlencoded"
#: All that was created within one second.
_NOW = 1_700_000_000


def _text(most: int = 200, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": most, **more}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_WHOLE = {"type": "integer", "minimum": 1, "maximum": 99_999}
_EXPAND = {"type": "array", "items": _text()}
SENT: dict[str, tuple[dict[str, Any], list[str]]] = {
    "customers": (
        {
            "handle": _text(40, pattern="^[a-z]+[0-9]*$"),
            "name": _text(80, minLength=1),
            "note": _text(600, minLength=1),
        },
        ["handle"],
    ),
    "cards": ({"label": _text(60, minLength=1)}, ["label"]),
    "charges": (
        {
            "amount": _WHOLE,
            "customer": _text(),
            "memo": _text(minLength=1),
            "kind": {"enum": KINDS},
            "expand": _EXPAND,
        },
        ["amount", "customer"],
    ),
}
ITEMS: dict[str, dict[str, Any]] = {
    "customers": {
        "id": _text(),
        "handle": _text(),
        "name": _or_null(_text()),
        "note": _or_null(_text(600)),
        "card_count": {"type": "integer"},
    },
    "cards": {"id": _text(), "customer": _text(), "label": _text()},
    "charges": {
        "id": _text(),
        "amount": {"type": "integer"},
        "customer": {"anyOf": [_text(), {"$ref": "#/components/schemas/customers"}]},
        "memo": _or_null(_text()),
        "kind": {"enum": KINDS},
        "status": {"enum": STATUSES},
        "created": {"type": "integer"},
    },
}


def _query(name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, **more}


_BOUNDS = {"type": "object", "properties": {name: {"type": "integer"} for name in ("gte", "lt")}}
_DEEP = {"style": "deepObject", "explode": True}
_KINDS = {"type": "array", "items": {"enum": KINDS}}
PAGED = [
    _query("limit", {"type": "integer", "minimum": 1, "maximum": 50}),
    _query("starting_after", _text()),
    _query("ending_before", _text()),
    _query("expand", _EXPAND, **_DEEP),
]
CHOSEN = [
    _query("customer", _text()),
    _query("kind", _KINDS),
    _query("created", _BOUNDS, **_DEEP),
]
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "It comes once; with other parameters than before it is an error.",
    "schema": _text(64, minLength=1),
}


def spec() -> dict[str, Any]:
    """The document."""

    def answers(schema: dict[str, Any]) -> dict[str, Any]:
        content = {"application/json": {"schema": schema}}
        failed = {"description": "no", "content": {"application/json": {"schema": {}}}}
        return {"200": {"description": "it", "content": content}, "default": failed}

    def sends(kind: str, required: list[str]) -> dict[str, Any]:
        properties = dict(SENT[kind][0])
        schema = {"type": "object", "properties": properties, "additionalProperties": False}
        content = {
            _FORM: {"schema": {**schema, "required": required}, "encoding": {"expand": _DEEP}}
        }
        return {"required": bool(required), "content": content}

    paths: dict[str, Any] = {}
    for kind, base in {"customers": "", "cards": "/customers/{customer}", "charges": ""}.items():
        item = {"$ref": f"#/components/schemas/{kind}"}
        about = {"has_more": {"type": "boolean"}, "total": {"type": "integer"}}
        page = {"data": {"type": "array", "items": item}, **about}
        listed = {"type": "object", "required": list(page), "properties": page}
        path, one = f"/v1{base}/{kind}", "id" if kind == "cards" else kind[:-1]
        gone = {"type": "object", "required": ["id"], "properties": {"id": _text(), "deleted": {}}}
        paths[path] = {
            "get": {
                "parameters": [*PAGED, *(CHOSEN if kind == "charges" else ())],
                "responses": answers(listed),
            },
            "post": {
                "parameters": [_KEY],
                "requestBody": sends(kind, SENT[kind][1]),
                "responses": answers(item),
            },
        }
        paths[f"{path}/{{{one}}}"] = {
            "get": {"responses": answers(item)},
            "delete": {"responses": answers(gone)},
        }
        if kind == "customers":
            changed = {"requestBody": sends(kind, []), "responses": answers(item)}
            paths[f"{path}/{{{one}}}"]["post"] = changed
    for verb in ("capture", "cancel"):
        done = {"responses": answers({"$ref": "#/components/schemas/charges"})}
        paths[f"/v1/charges/{{charge}}/{verb}"] = {"post": done}
    for path, held in paths.items():
        names = [part[1:-1] for part in path.split("/") if part[:1] == "{"]
        held["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": _text()} for name in names
        ]
    schemas = {
        kind: {"type": "object", "required": list(held), "properties": held}
        for kind, held in ITEMS.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Till", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


class _Refused(Exception):
    """What is answered with an error: its status, and what it says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Till:
    """The server, with *faults* by name."""

    def __init__(self, faults: Collection[str] = ()) -> None:
        self.faults = frozenset(faults)
        self.items: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in ITEMS}
        self.keys: dict[str, tuple[Any, dict[str, Any]]] = {}
        self.number = 0
        self.counted: dict[str, int] = {}

    def __call__(self, asked: Asked) -> Answer:
        path, _, query = asked.target.partition("?")
        parts = [unquote(part) for part in path.strip("/").split("/")[1:]]
        try:
            allowed = self._allowed(parts)
            if asked.method not in allowed:
                return Answer(405, {"Allow": ", ".join(allowed)})
            return self._answer(asked, parts, query)
        except _Refused as refusal:
            return _with_json({"error": str(refusal)}, refusal.status)

    def _allowed(self, parts: list[str]) -> list[str]:
        match parts:
            case ["customers" | "charges"] | ["customers", _, "cards"]:
                return ["GET", "POST"]
            case ["customers", _]:
                return ["GET", "POST", "DELETE"]
            case ["charges", _] | ["customers", _, "cards", _]:
                return ["GET", "DELETE"]
            case ["charges", _, "capture" | "cancel"]:
                return ["POST"]
        raise _Refused(404, "there is no such URL")

    def _answer(self, asked: Asked, parts: list[str], query: str) -> Answer:
        kind = "cards" if "cards" in parts[2:3] else parts[0]
        above = self._found("customers", parts[1]) if kind == "cards" else None
        name = parts[3:4] if kind == "cards" else parts[1:2]
        known = [*PAGED, *(CHOSEN if kind == "charges" else [])]
        given = {each["name"]: each["schema"] for each in known if asked.method == "GET"}
        sent = self._read(query, given if not name else {}, [])
        if not name and asked.method == "GET":
            return _with_json(self._listed(kind, sent, above))
        if not name:
            body = self._form(asked, kind, SENT[kind][1])
            return self._created(kind, body, above, asked.fields.get("idempotency-key"))
        item = self._found(kind, name[0])
        if above is not None and item["customer"] != above["id"]:
            raise _Refused(404, "no such card")
        if asked.method == "DELETE":
            self._drop(kind, item)
            return _with_json({"id": item["id"], "deleted": True})
        if asked.method == "POST" and kind == "charges":
            self._moved(item, parts[2])
        elif asked.method == "POST":
            body = self._form(asked, kind, [])
            self._is_free(body.get("handle"), but=item["id"])
            item.update(body)
        return _with_json(self._shown(kind, item), ETag=self._tag(kind, item))

    def _form(self, asked: Asked, kind: str, required: list[str]) -> dict[str, Any]:
        media = asked.fields.get("content-type", "").partition(";")[0].strip().lower()
        if asked.body and media != _FORM:
            raise _Refused(415, "send a form")
        try:
            text = asked.body.decode("ascii")
        except UnicodeDecodeError:
            raise _Refused(400, "no form") from None
        return self._read(text, SENT[kind][0], required)

    def _read(self, text: str, known: dict[str, Any], required: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        try:
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise _Refused(400, "no UTF-8") from None
        for name, value in pairs:
            outer, _, inner = name.partition("[")
            schema = known.get(outer)
            if schema is None:
                raise _Refused(400, f"unknown parameter {name}")
            if schema.get("type") == "array":
                found.setdefault(outer, []).append(value)
            elif schema.get("type") == "object" and inner:
                key = inner.removesuffix("]")
                is_known = key in schema["properties"]
                found.setdefault(outer, {})[key] = _number(value) if is_known else value
            else:
                found[outer] = _number(value) if schema.get("type") == "integer" else value
        for name, value in found.items():
            if not Draft202012Validator(known[name]).is_valid(value):
                raise _Refused(400, f"invalid {name}")
        for name in required:
            if name not in found:
                raise _Refused(400, f"{name} is missing")
        for name in found.pop("expand", []):
            if name not in ("customer", "data.customer"):
                raise _Refused(400, f"cannot expand {name}")
        return found

    def _found(self, kind: str, name: str) -> dict[str, Any]:
        if name not in self.items[kind]:
            raise _Refused(404, f"no such {kind[:-1]}: {name}")
        return self.items[kind][name]

    def _is_free(self, handle: str | None, but: str = "") -> None:
        others = self.items["customers"].values()
        if any(one["handle"] == handle and one["id"] != but for one in others):
            raise _Refused(400, "the handle is taken")

    def _created(
        self, kind: str, body: dict[str, Any], above: dict[str, Any] | None, key: str | None
    ) -> Answer:
        if key is not None and not 0 < len(key) <= 64:
            raise _Refused(400, "invalid Idempotency-Key")
        if key in self.keys:
            same, known = self.keys[key]
            if same != [kind, body] and "key of another body" not in self.faults:
                raise _Refused(400, "the key was that of something else")
            return _with_json(known)
        if kind == "customers":
            self._is_free(body["handle"])
        if kind == "charges":
            self._found("customers", body["customer"])

        def make() -> Answer:
            self.number += 1
            item = {name: None for name in ITEMS[kind]} | {"id": f"{kind[:2]}_{self.number}a"}
            item |= body | ({"customer": above["id"]} if above else {})
            if kind == "charges":
                item |= {"status": "pending", "created": _NOW, "kind": body.get("kind", "sale")}
            if "note is cut" in self.faults and item.get("note"):
                item["note"] = item["note"][:255]
            self.items[kind][item["id"]] = item
            owner = str(item.get("customer"))
            self.counted[owner] = self.counted.get(owner, 0) + (kind == "cards")
            if key is not None:
                self.keys[key] = ([kind, body], self._shown(kind, item))
            return _with_json(self._shown(kind, item))

        late = {"customers": "handle twice at once", "charges": "key twice at once"}.get(kind)
        return Answer(delay=0.02, then=make) if late in self.faults else make()

    def _drop(self, kind: str, item: dict[str, Any]) -> None:
        del self.items[kind][item["id"]]
        cards = self.items["cards"]
        for one in [one for one in cards.values() if one["customer"] == item["id"]]:
            del cards[one["id"]]

    def _moved(self, charge: dict[str, Any], verb: str) -> None:
        if charge["status"] != "pending":
            raise _Refused(400, f"it is {charge['status']}")
        charge["status"] = "captured" if verb == "capture" else "canceled"

    def _shown(self, kind: str, item: dict[str, Any]) -> dict[str, Any]:
        if kind != "customers":
            return item
        cards = self.items["cards"].values()
        count = sum(one["customer"] == item["id"] for one in cards)
        count = self.counted.get(item["id"], 0) if "counted up alone" in self.faults else count
        return {**item, "card_count": len(cards) if "all are counted" in self.faults else count}

    def _tag(self, kind: str, item: dict[str, Any]) -> str:
        of = item.get("handle") if "tag of the handle" in self.faults else self._shown(kind, item)
        return f'"{hashlib.sha256(json.dumps(of).encode()).hexdigest()[:12]}"'

    def _listed(
        self, kind: str, sent: dict[str, Any], above: dict[str, Any] | None
    ) -> dict[str, Any]:
        found = list(self.items[kind].values())[::-1]
        found = [one for one in found if above is None or one["customer"] == above["id"]]
        total = len(found)
        if "customer" in sent and "customer ignored" not in self.faults:
            found = [one for one in found if one["customer"] == sent["customer"]]
        if "kind" in sent:
            wanted = sent["kind"][:1] if "one kind" in self.faults else sent["kind"]
            found = [one for one in found if one["kind"] in wanted]
        bounds = sent.get("created", {}) if "moment ignored" not in self.faults else {}
        found = [one for one in found if bounds.get("gte", 0) <= one.get("created", 0)]
        found = [one for one in found if one.get("created", 0) < bounds.get("lt", 2 * _NOW)]
        total = total if "total of all" in self.faults else len(found)
        names = [one["id"] for one in found]
        limit, start, end = sent.get("limit", 10), 0, len(found)
        for name in ("starting_after", "ending_before"):
            if name in sent and sent[name] not in names:
                raise _Refused(404, f"no such {kind[:-1]}: {sent[name]}")
        if "starting_after" in sent:
            start = names.index(sent["starting_after"]) + 1 + ("skips one" in self.faults)
        elif "ending_before" in sent:
            end = names.index(sent["ending_before"])
            start = max(0, end - limit)
        page = [self._shown(kind, one) for one in found[start:end][:limit]]
        more = end - start > limit and "says no more" not in self.faults
        return {"data": page, "has_more": more, "total": total}


def _number(text: str) -> int:
    if not text.removeprefix("-").isdigit() or not text.isascii() or len(text) > 20:
        raise _Refused(400, f"{text!r} is no number")
    return int(text)


def _with_json(value: Any, status: int = 200, **fields: str) -> Answer:
    body = json.dumps(value).encode()
    return Answer(status, {"Content-Type": "application/json", **fields}, [body])
