"""A depot below `/v1`: crates that are deleted for a while only, files in them, reports.

It has the *faults* of FAULTS that it is given; what is of MANNERS is right.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, quote

from servers.marina import Refusal
from servers.wire import Answer, Asked

BASE = "/v1"
USERS = {"ann:secret": "ann", "bo:secret": "bo"}
#: What each fault is told as, and of which operation.
FAULTS = {
    "location without base": ("resource.location-wrong", "POST /crates"),
    "next without base": ("list.next-dead", "GET /crates"),
    "link without base": ("resource.link-dead", "GET /files/{file}"),
    "report is lost": ("resource.not-readable", "POST /reports"),
    "count is lost": ("resource.not-readable", "POST /crates/{crate}/count"),
    "report without base": ("resource.location-wrong", "POST /reports"),
    "restores nothing": ("resource.action-lost", "POST /crates/{crate}/restore"),
    "restores less": ("resource.action-lost", "POST /crates/{crate}/restore"),
    "publishes nothing": ("resource.action-lost", "POST /crates/{crate}/publish"),
    "publish revives": ("resource.changed-when-gone", "POST /crates/{crate}/publish"),
    "mask ignored": ("resource.update-resets", "PATCH /crates/{crate}"),
    "takes an owner": ("resource.decided-by-client", "PATCH /crates/{crate}"),
    "takes a moment": ("resource.decided-by-client", "POST /crates"),
    "no item for HEAD": ("response.head-differs", "GET /crates/{crate}"),
    "all for HEAD": ("response.head-differs", "GET /crates/{crate}"),
    "size": ("resource.reads-back-other", "POST /crates/{crate}/files"),
    "type": ("resource.reads-back-other", "POST /crates/{crate}/files"),
    "content is cut": ("resource.reads-back-other", "POST /crates/{crate}/files"),
    "content as text": ("resource.reads-back-other", "POST /crates/{crate}/files"),
    "name breaks a field": ("response.server-error", "GET /files/{file}/content"),
    "content for all": ("resource.read-by-other", "GET /files/{file}/content"),
    "anybody adds": ("resource.changed-by-other", "POST /crates/{crate}/files"),
    "files stay": ("resource.still-there", "DELETE /crates/{crate}"),
    "read once deleted": ("resource.still-there", "GET /crates/{crate}"),
}
MANNERS = (
    "without base too",
    "another host",
    "shows what is deleted",
    "late reports",
    "strict",
    "renames files",
    "no HEAD",
    "HEAD unknown",
)
_JSON = {"Content-Type": "application/json"}


def spec() -> dict[str, Any]:
    """The document: what a server decides itself is said by schemas, or by readOnly."""
    text = {"type": "string", "minLength": 1, "maxLength": 40}
    moment = {"type": "string", "format": "date-time", "readOnly": True}
    given = {"name": text, "notes": {"type": ["string", "null"], "maxLength": 80}}
    crate = {
        **given,
        "id": {"type": "integer"},
        "owner": {"type": "string"},
        "created_at": moment,
        "is_published": {"type": "boolean"},
        "deleted_at": {**moment, "type": ["string", "null"]},
    }
    file = {
        "id": {"type": "string", "format": "uuid"},
        "crate_id": {"type": ["integer", "null"]},
        "file_name": {"type": "string"},
        "content_type": {"type": "string"},
        "size": {"type": "integer"},
        "content": {"type": "string", "format": "uri-reference"},
    }
    report = {"id": {"type": "string"}, "state": {"enum": ["pending", "done"]}}
    count = {"status_url": {"type": "string", "format": "uri-reference"}}
    page = {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Crate"}},
        "next": {"type": ["string", "null"]},
    }
    upload = {"file": {"type": "string", "format": "binary"}}
    new = {"type": "object", "required": ["name"], "properties": given}
    schemas = {
        "Crate": {"type": "object", "required": [*crate], "properties": crate},
        "NewCrate": new,
        "File": {"type": "object", "required": [*file], "properties": file},
        "Report": {"type": "object", "required": [*report], "properties": report},
        "Count": {"type": "object", "required": [*count], "properties": count},
        "Page": {"type": "object", "required": ["items"], "properties": page},
    }
    change = {"type": "object", "properties": given}
    form = {"type": "object", "required": ["file"], "properties": upload}
    octets = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    numbers = {"type": "integer", "minimum": 1, "maximum": 50}
    mask = {"type": "string", "pattern": "^(name|notes)(,(name|notes))*$"}
    asks = [{"name": each, "in": "query", "schema": numbers} for each in ("limit", "page")]
    paths = {
        "/crates": {
            "get": _operation("200", "Page", parameters=asks),
            "post": _operation("201", "Crate", body={"application/json": {"schema": new}}),
        },
        "/crates/{crate}": {
            "get": _operation("200", "Crate"),
            "patch": _operation(
                *("200", "Crate"),
                body={"application/json": {"schema": change}},
                parameters=[{"name": "update_mask", "in": "query", "schema": mask}],
            ),
            "delete": _operation("204", description="The crate goes, with all its files."),
        },
        "/crates/{crate}/restore": {"post": _operation("200", "Crate")},
        "/crates/{crate}/publish": {"post": _operation("200", "Crate")},
        "/crates/{crate}/count": {"post": _operation("202", "Count")},
        "/crates/{crate}/files": {
            "post": _operation("201", "File", body={"multipart/form-data": {"schema": form}})
        },
        "/files/{file}": {"get": _operation("200", "File")},
        "/files/{file}/content": {"get": _operation("200", content=octets)},
        "/reports": {"post": _operation("202", "Report")},
        "/reports/{report}": {"get": _operation("200", "Report")},
    }
    for path, item in paths.items():
        names = re.findall(r"{(\w+)}", path)
        kinds = {"crate": {"type": "integer"}}
        item["parameters"] = [
            {"name": one, "in": "path", "required": True, "schema": kinds.get(one, text)}
            for one in names
        ]
    schemes = {"basic": {"type": "http", "scheme": "basic"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Depot", "version": "1"},
        "servers": [{"url": BASE}],
        "security": [{"basic": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }


def _operation(
    status: str, schema: str = "", *, body: Any = None, content: Any = None, **more: Any
) -> dict[str, Any]:
    named = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    held = content or (named if schema else None)
    answer = {"description": "it", **({"content": held} if held else {})}
    refusals = ("400", "401", "404", "409", "415", "422")
    responses = {status: answer, **{each: {"description": "no"} for each in refusals}}
    sent = {"requestBody": {"required": True, "content": body}} if body else {}
    return {"responses": responses, **sent, **more}


class Depot:
    """The server."""

    def __init__(self, faults: Iterable[str] = (), manners: Iterable[str] = ()) -> None:
        self.faults, self.manners = frozenset(faults), frozenset(manners)
        self.crates: dict[int, dict[str, Any]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.reports: dict[str, int] = {}
        self.owners: dict[str, str] = {}
        self.number = 0

    def __call__(self, asked: Asked) -> Answer:
        path, _, query = asked.target.partition("?")
        try:
            if path.startswith(BASE + "/"):
                path = path.removeprefix(BASE)
            elif "without base too" not in self.manners:
                raise Refusal(404, "nothing is here")
            return self.answer(asked, path.strip("/").split("/"), parse_qs(query))
        except Refusal as refusal:
            fields = {**_JSON, **refusal.fields}
            return Answer(refusal.status, fields, [json.dumps(str(refusal)).encode()])

    def answer(self, asked: Asked, path: list[str], query: dict[str, list[str]]) -> Answer:
        is_head = asked.method == "HEAD"
        if is_head and self.manners & {"no HEAD", "HEAD unknown"}:
            status = 405 if "no HEAD" in self.manners else 404
            raise Refusal(status, "no such method", Allow="GET")
        if is_head and len(path) == 2 and path[0] == "crates":
            if "no item for HEAD" in self.faults:
                raise Refusal(404, "no such crate")
            if "all for HEAD" in self.faults:
                return Answer(200, _JSON)
        method = "GET" if is_head else asked.method
        user = self.user(asked)
        match method, path:
            case "GET", ["crates"]:
                return self.list_crates(user, query)
            case "POST", ["crates"]:
                return self.create_crate(user, _body(asked))
            case _, ["crates", name]:
                return self.crate(asked, method, self.crate_of(name, user, method))
            case "POST", ["crates", name, "restore" | "publish" | "weigh" | "pack" as verb]:
                return self.act(verb, self.crate_of(name, user, verb))
            case "POST", ["crates", name, "count"]:
                self.crate_of(name, user, "count")
                return _json(202, {"status_url": self.url("/counts/1")})
            case "GET", ["counts", "1"] if "count is lost" not in self.faults:
                return _json(200, {"files": 0})
            case "POST", ["crates", name, "files"]:
                owner = "" if "anybody adds" in self.faults else user
                return self.add_file(self.crate_of(name, owner, "files"), asked)
            case "GET", ["files", name]:
                return _json(200, self.shown(self.file_of(name, user)))
            case "GET", ["files", name, "content"]:
                owner = "" if "content for all" in self.faults else user
                return self.content(self.file_of(name, owner))
            case "POST", ["reports"]:
                return self.report(user)
            case "GET", ["reports", name]:
                return self.read_report(name, user)
        raise Refusal(404, "nothing is here")

    def user(self, asked: Asked) -> str:
        scheme, _, text = asked.fields.get("authorization", "").partition(" ")
        try:
            user = USERS[base64.b64decode(text, validate=True).decode()]
        except (KeyError, ValueError):
            user = ""
        if scheme.lower() != "basic" or not user:
            raise Refusal(401, "who is it?", WWW_Authenticate="Basic")
        return user

    def url(self, path: str, fault: str = "") -> str:
        host = "https://depot.test" if "another host" in self.manners else ""
        is_bare = fault in self.faults or "without base too" in self.manners
        return f"{host}{'' if is_bare else BASE}{path}"

    # -- crates -----------------------------------------------------------------------------

    def list_crates(self, user: str, query: dict[str, list[str]]) -> Answer:
        texts = [query.get(name, [of])[0] for name, of in (("limit", "20"), ("page", "1"))]
        if not all(each.isascii() and each.isdigit() and 1 <= int(each) <= 50 for each in texts):
            raise Refusal(422, "a number, please")
        limit, page = map(int, texts)
        owned = [one for one in self.crates.values() if one["owner"] == user]
        found = [one for one in owned if one["deleted_at"] is None]
        link = self.url(f"/crates?limit={limit}&page={page + 1}", "next without base")
        more = link if page * limit < len(found) else None
        return _json(200, {"items": found[(page - 1) * limit : page * limit], "next": more})

    def create_crate(self, user: str, body: dict[str, Any]) -> Answer:
        self.number += 1
        own = {"id": self.number, "owner": user, "is_published": False, "deleted_at": None}
        kept = self.taken(body, creating=True)
        moment = f"2026-05-01T10:00:{self.number % 60:02}Z"
        crate = {"created_at": moment, "notes": None, **kept, **own}
        self.crates[self.number] = crate
        where = self.url(f"/crates/{self.number}", "location without base")
        return _json(201, crate, Location=where)

    def taken(self, body: dict[str, Any], *, creating: bool) -> dict[str, Any]:
        known = {"name", "notes"}
        if "strict" in self.manners and set(body) - known:
            raise Refusal(422, "unknown member")
        if creating and "name" not in body:
            raise Refusal(422, "a name, please")
        if not isinstance(body.get("name", "a"), str) or not 1 <= len(body.get("name", "a")) <= 40:
            raise Refusal(422, "name is wrong")
        notes = body.get("notes")
        if notes is not None and (not isinstance(notes, str) or len(notes) > 80):
            raise Refusal(422, "notes are wrong")
        known |= {"created_at"} if creating and "takes a moment" in self.faults else set()
        known |= {"owner"} if not creating and "takes an owner" in self.faults else set()
        return {name: value for name, value in body.items() if name in known}

    def crate_of(self, name: str, user: str, doing: str) -> dict[str, Any]:
        one = self.crates.get(int(name)) if name.isascii() and name.isdigit() else None
        if one is None or user not in ("", one["owner"]):
            raise Refusal(404, "no such crate")
        is_shown = "shows what is deleted" in self.manners or "read once deleted" in self.faults
        seen = {"restore"} | ({"GET"} if is_shown else set())
        seen |= {"publish"} if "publish revives" in self.faults else set()
        if one["deleted_at"] is not None and doing not in seen:
            known = "shows what is deleted" in self.manners and doing in ("PATCH", "DELETE")
            raise Refusal(409 if known else 404, "it is deleted")
        return one

    def crate(self, asked: Asked, method: str, one: dict[str, Any]) -> Answer:
        if method == "GET":
            return _json(200, one)
        if method == "PATCH":
            texts = parse_qs(asked.target.partition("?")[2], keep_blank_values=True)
            mask = texts.get("update_mask", ["name,notes"])[0].split(",")
            if not {*mask} <= {"name", "notes"}:
                raise Refusal(422, "the mask names what there is not")
            mask += ["name", "notes"] if "mask ignored" in self.faults else ["owner"]
            changed = self.taken(_body(asked), creating=False)
            one.update({name: value for name, value in changed.items() if name in mask})
            return _json(200, one)
        if method != "DELETE":
            raise Refusal(405, "no such method", Allow="GET, PATCH, DELETE")
        one["deleted_at"] = "2026-05-02T10:00:00Z"
        for name, file in list(self.files.items()):
            if file["crate"] is one and "files stay" not in self.faults:
                del self.files[name]
        return Answer(204)

    def act(self, verb: str, one: dict[str, Any]) -> Answer:
        if verb == "restore":
            if one["deleted_at"] is None:
                raise Refusal(409, "it is not deleted")
            deleted, one["deleted_at"] = one["deleted_at"], None
            one["name"] = "crate" if "restores less" in self.faults else one["name"]
            answer = _json(200, one)
            one["deleted_at"] = deleted if "restores nothing" in self.faults else None
            return answer
        if verb != "publish":
            return _json(200, one)
        if "publish revives" in self.faults:
            one["deleted_at"] = None
        one["is_published"] = "publishes nothing" not in self.faults
        return _json(200, one)

    # -- files and reports ------------------------------------------------------------------

    def add_file(self, crate: dict[str, Any], asked: Asked) -> Answer:
        name, kind, data = _file(asked)
        kept = data[:-1] if "content is cut" in self.faults else data
        if "content as text" in self.faults:
            kept = data.decode("utf-8", "replace").encode()
        identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, str(len(self.files))))
        is_renamed = "renames files" in self.manners
        self.files[identifier] = {
            "id": identifier,
            "crate": crate,
            "crate_id": crate["id"],
            "file_name": f"{identifier}.dat" if is_renamed else name,
            "content_type": "text/plain" if is_renamed else kind,
            "bytes": kept,
            "size": len(data) // 1024 if is_renamed else len(data),
        }
        if "size" in self.faults:
            self.files[identifier]["size"] = len(data) * 3 + 5
        if "type" in self.faults:
            self.files[identifier]["content_type"] = "multipart/form-data"
        shown = self.shown(self.files[identifier])
        return _json(201, shown, Location=self.url(f"/files/{identifier}"))

    def file_of(self, name: str, user: str) -> dict[str, Any]:
        one = self.files.get(name)
        if one is None or user not in ("", one["crate"]["owner"]):
            raise Refusal(404, "no such file")
        return one

    def shown(self, one: dict[str, Any]) -> dict[str, Any]:
        told = {name: value for name, value in one.items() if name not in ("crate", "bytes")}
        link = self.url(f"/files/{one['id']}/content", "link without base")
        return {**told, "content": link}

    def content(self, one: dict[str, Any]) -> Answer:
        if "name breaks a field" in self.faults and not one["file_name"].isascii():
            raise Refusal(500, "that is no latin-1")
        name = f"attachment; filename*=UTF-8''{quote(one['file_name'], safe='')}"
        fields = {"Content-Type": "application/octet-stream", "Content-Disposition": name}
        return Answer(200, fields, [one["bytes"]])

    def report(self, user: str) -> Answer:
        name = f"r{len(self.reports) + 1}"
        self.reports[name] = 2 if "late reports" in self.manners else 0
        self.owners[name] = user
        where = self.url(f"/reports/{name}", "report without base")
        return _json(202, {"id": name, "state": "pending"}, Location=where)

    def read_report(self, name: str, user: str) -> Answer:
        waits = self.reports.get(name, 0)
        if self.owners.get(name) != user or waits or "report is lost" in self.faults:
            self.reports[name] = max(0, waits - 1)
            raise Refusal(404, "no such report")
        return _json(200, {"id": name, "state": "done"})


def _body(asked: Asked) -> dict[str, Any]:
    if asked.fields.get("content-type", "").partition(";")[0].lower() != "application/json":
        raise Refusal(415, "send JSON")
    try:
        value = json.loads(asked.body.decode())
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(400, "that is no JSON") from None
    if not isinstance(value, dict):
        raise Refusal(422, "an object, please")
    return value


def _json(status: int, value: Any, **fields: str) -> Answer:
    return Answer(status, {**_JSON, **fields}, [json.dumps(value).encode()])


def _file(asked: Asked) -> tuple[str, str, bytes]:
    """The name, the type and the bytes of the only file of a form."""
    kind = asked.fields.get("content-type", "")
    boundary = re.search(r"boundary=\"?([^\";]+)", kind)
    if not kind.lower().startswith("multipart/form-data") or boundary is None:
        raise Refusal(415, "send multipart/form-data")
    files = []
    for part in (b"\r\n" + asked.body).split(b"\r\n--" + boundary[1].encode()):
        head, _, data = part.partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace")
        name = re.search(r'filename="([^"]*)"', text)
        type_ = re.search(r"(?i)content-type: *([^\r\n;]+)", text)
        if name is not None and 'name="file"' in text:
            files.append((name[1], type_[1] if type_ else "text/plain", data))
    if len(files) != 1:
        raise Refusal(422, "one file, please")
    return files[0]
