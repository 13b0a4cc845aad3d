"""Servers that look wrong and are not: their documents, or HTTP, leave them free to do it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

import jsonschema_rs
import orjson

from servers.wire import Answer, Asked, Handler

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Right:
    """A server, the document that it keeps, and the overlay where it has one."""

    document: dict[str, Any]
    handler: Handler
    overlay: dict[str, Any] | None = None


RIGHT: dict[str, Callable[[], Right]] = {}


def right(make: Callable[[], Right]) -> Callable[[], Right]:
    """Enter *make*, whose docstring says why its server is right."""
    RIGHT[make.__name__] = make
    return make


def document(paths: dict[str, Any], **members: Any) -> dict[str, Any]:
    info = {"title": "t", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": paths, **members}


def described(**responses: Any) -> dict[str, Any]:
    return {name[1:]: {"description": "it", **held} for name, held in responses.items()}


def with_json(value: Any, status: int = 200, **fields: str) -> Answer:
    return Answer(status, {**JSON, **fields}, [json.dumps(value).encode()])


OBJECT = {"application/json": {"schema": {"type": "object"}}}
ANSWERS = described(_204={}, _400={}, _415={})
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


@right
def only_404() -> Right:
    """The only answer that the document declares is 404."""
    gone = {"get": {"operationId": "gone", "responses": described(_404={})}}
    return Right(document({"/gone": gone}), lambda asked: Answer(404))


@right
def only_4xx() -> Right:
    """The only answers that the document declares are refusals, as a class."""
    gone = {"get": {"operationId": "gone", "responses": described(_4XX={})}}
    return Right(document({"/gone": gone}), lambda asked: Answer(410))


@right
def only_interim_answers() -> Right:
    """Of the answer that follows an interim one the document says nothing."""
    wait = {"get": {"operationId": "wait", "responses": described(_102={})}}
    return Right(document({"/wait": wait}), lambda asked: Answer(*_by_method(asked, 204)))


@right
def only_501() -> Right:
    """The only answer that the document declares says that there is nothing yet."""
    later = {"get": {"operationId": "later", "responses": described(_501={})}}
    return Right(document({"/later": later}), lambda asked: Answer(*_by_method(asked, 501)))


def _by_method(asked: Asked, status: int) -> tuple[int, dict[str, str]]:
    is_known = asked.method == "GET" and asked.target.count("/") == 1
    return (status, {}) if is_known else (404, {})


@right
def only_307() -> Right:
    """The only answer that the document declares is a redirection."""
    location = {"Location": {"schema": {"type": "string"}, "required": True}}
    responses = described(_307={"headers": location})
    moved = {"get": {"operationId": "moved", "responses": responses}}
    answer = Answer(307, {"Location": "/elsewhere"})
    return Right(document({"/moved": moved}), lambda asked: answer)


@right
def declared_redirect() -> Right:
    """A redirection is declared beside a success."""
    responses = described(_200={"content": OBJECT}, _3XX={})
    moved = {"get": {"operationId": "moved", "responses": responses}}
    answer = Answer(302, {"Location": "/elsewhere"})
    return Right(document({"/moved": moved}), lambda asked: answer)


@right
def unknown_ids() -> Right:
    """What a path names need not exist: 404 is declared for that."""
    responses = described(_200={"content": OBJECT}, _404={}, _400={})
    paths = {
        "/things/{id}": {
            "parameters": [ID],
            "get": {"operationId": "get", "responses": responses},
            "delete": {"operationId": "delete", "responses": described(_204={}, _4XX={})},
        },
        "/things": {
            "get": {"operationId": "list", "responses": described(_200={"content": OBJECT})}
        },
    }

    def answer(asked: Asked) -> Answer:
        path = asked.target.partition("?")[0]
        if asked.method not in ("GET", "DELETE") or (asked.method != "GET" and path == "/things"):
            return Answer(405, {"Allow": "GET" if path == "/things" else "GET, DELETE"})
        if path == "/things":
            return with_json({})
        text = path.removeprefix("/things/")
        return Answer(404 if text.lstrip("-").isdigit() else 400)

    return Right(document(paths), answer)


VALIDATED = described(_201={"content": OBJECT}, _422={})


@right
def unknown_ids_undeclared() -> Right:
    """As frameworks document themselves: without the 404 of a path, and the 400 for garbage."""
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    put = {"operationId": "put", "requestBody": body, "responses": VALIDATED}
    get = {"operationId": "get", "responses": described(_200={"content": OBJECT}, _422={})}
    paths = {"/things/{id}": {"parameters": [ID], "get": get, "put": put}}

    def answer(asked: Asked) -> Answer:
        path = asked.target.partition("?")[0].removeprefix("/things/")
        if asked.method not in ("GET", "PUT"):
            return Answer(405, {"Allow": "GET, PUT"})
        if "/" in path:
            return Answer(404)
        if asked.method == "PUT":
            kind = asked.fields.get("content-type", "").partition(";")[0].lower()
            if not _is_json(asked.body):
                return Answer(400)
            if not _is_object(asked.body) or kind not in ("", "application/json"):
                return Answer(422)
        return Answer(404 if path.lstrip("-").isdigit() else 422)

    return Right(document(paths), answer)


@right
def declared_refusals_of_state() -> Right:
    """What is declared as a refusal of what there is may come of a request that is fine."""
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    responses = described(_200={"content": OBJECT}, _400={}, _409={}, _423={}, _402={})
    paths = {
        f"/{word}/{{id}}": {
            "parameters": [name],
            "get": {"operationId": word, "responses": responses},
        }
        for word in ("400", "409", "423", "402")
    }

    def answer(asked: Asked) -> Answer:
        parts = asked.target.partition("?")[0].split("/")
        if asked.method != "GET":
            return Answer(405, {"Allow": "GET"})
        if len(parts) != 3 or not parts[1].isdigit():
            return with_json({}) if parts == ["", ""] else Answer(404)
        return Answer(int(parts[1]))

    listed = {"/": {"get": {"operationId": "all", "responses": described(_200={})}}}
    return Right(document({**paths, **listed}), answer)


@right
def refuses_what_refers_to_nothing() -> Right:
    """An identifier that nobody has is well formed, and may be refused for all that."""
    uuid = {"type": "string", "format": "uuid"}
    members = {"title": {"type": "string"}, "fleet_limit_id": uuid, "owner": uuid}
    schema = {"type": "object", "required": ["title"], "properties": members}
    content = {"application/json": {"schema": schema}}
    posted = {
        "operationId": "make",
        "requestBody": {"required": True, "content": content},
        "responses": described(_201={"content": OBJECT}, _400={}, _409={}, _422={}),
    }
    is_plan = jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid

    def answer(asked: Asked) -> Answer:
        if asked.target.partition("?")[0] != "/plans":
            return Answer(404)
        if asked.method != "POST":
            return Answer(405, {"Allow": "POST"})
        if not asked.fields.get("content-type", "").lower().startswith("application/json"):
            return Answer(415)
        try:
            value = orjson.loads(asked.body)
        except ValueError:
            return Answer(400)
        if not is_plan(value):
            return Answer(422)
        if "fleet_limit_id" in value:
            return Answer(404)
        return Answer(409) if "owner" in value else with_json({}, 201)

    return Right(document({"/plans": {"post": posted}}), answer)


@right
def gives_no_secret_away() -> Right:
    """A blank or a mask in the place of what is writeOnly holds nothing of it."""
    secret = {"type": ["string", "null"], "writeOnly": True}
    members = {"key": secret, "password": secret, "name": {"type": "string"}}
    content = {"application/json": {"schema": {"type": "object", "properties": members}}}
    read = {"operationId": "read", "responses": described(_200={"content": content})}

    def answer(asked: Asked) -> Answer:
        if asked.target.partition("?")[0] != "/settings":
            return Answer(404)
        if asked.method != "GET":
            return Answer(405, {"Allow": "GET"})
        return with_json({"key": None, "password": "**********", "name": "amber"})

    return Right(document({"/settings": {"get": read}}), answer)


@right
def stands_in_a_site() -> Right:
    """What has no route is the page of the site, whose framework takes %2F for a slash."""
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    dropped = {"operationId": "drop", "responses": described(_204={}, _404={})}
    read = {"operationId": "read", "responses": described(_200={"content": OBJECT}, _404={})}
    paths = {
        "/keys/{id}": {"parameters": [name], "delete": dropped},
        "/boats/{id}": {"parameters": [name], "get": read},
    }

    def answer(asked: Asked) -> Answer:
        parts = unquote(asked.target.partition("?")[0]).strip("/").split("/")
        kind = parts[0] if len(parts) == 2 else ""
        if kind == "boats" and asked.method in ("GET", "HEAD"):
            return with_json({})
        if kind == "keys" and asked.method == "DELETE":
            return Answer(404)
        if asked.method in ("GET", "HEAD"):
            return Answer(200, {"Content-Type": "text/html"}, [b"<html>Boats</html>"])
        return Answer(405, {"Allow": "DELETE" if kind == "keys" else "GET, HEAD"})

    return Right(document(paths), answer)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body.decode())
    except (ValueError, RecursionError):
        return False
    return True


@right
def no_responses() -> Right:
    """The document says nothing of answers, so that none is undeclared."""

    def answer(asked: Asked) -> Answer:
        return with_json({}, 202) if asked.method == "POST" else Answer(405, {"Allow": "POST"})

    return Right(document({"/it": {"post": {"operationId": "it"}}}), answer)


def optional_body(status: int) -> Right:
    body = {"content": {"application/json": {"schema": {"type": "object"}}}}
    it = {"operationId": "it", "requestBody": body, "responses": ANSWERS}

    def answer(asked: Asked) -> Answer:
        if asked.method != "PATCH":
            return Answer(405, {"Allow": "PATCH"})
        if not asked.body.strip():
            return Answer(status if asked.fields.get("content-type") else 204)
        kind = asked.fields.get("content-type", "").partition(";")[0].lower()
        if kind not in ("", "application/json"):
            return Answer(415)
        return Answer(204 if _is_object(asked.body) else 400)

    return Right(document({"/it": {"patch": it}}), answer)


def _is_object(body: bytes) -> bool:
    def refused(word: str) -> Any:
        raise ValueError(word)

    try:
        return isinstance(json.loads(body.decode(), parse_constant=refused), dict)
    except (ValueError, RecursionError):
        return False


@right
def takes_an_empty_optional_body() -> Right:
    """A body is optional, and there is none."""
    return optional_body(204)


@right
def refuses_an_empty_json_text() -> Right:
    """A Content-Type promises JSON, and no content is no JSON text."""
    return optional_body(400)


@right
def closes_idle_connections() -> Right:
    """A connection that is kept may be closed at any time (RFC 9112 §9.3.1)."""
    it = {"get": {"operationId": "it", "responses": described(_200={"content": OBJECT})}}

    def answer(asked: Asked) -> Answer:
        is_declared = asked.method == "GET" and asked.target.partition("?")[0] == "/it"
        made = with_json({}) if is_declared else Answer(404 if asked.method == "GET" else 405)
        made.fields |= {"Allow": "GET"} if made.status == 405 else {}
        made.forgets = True
        return made

    return Right(document({"/it": it}), answer)


@right
def keeps_what_the_overlay_mends() -> Right:
    """The published document rejects what its overlay mends: only the overlay counts there."""
    schema = {
        "type": "object",
        "properties": {
            "bias": {"type": "object", "propertyNames": {"type": "integer"}},
            "size": {"type": "integer"},
        },
    }
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    it = {"operationId": "it", "requestBody": body, "responses": ANSWERS}
    mended = "$.paths['/it'].post.requestBody.content['application/json'].schema.properties"
    overlay = {
        "overlay": "1.0.0",
        "info": {"title": "t", "version": "1"},
        "actions": [
            {"target": f"{mended}.bias.propertyNames", "remove": True},
            {"target": f"{mended}.bias", "update": {"additionalProperties": {"maximum": 100}}},
        ],
    }

    def answer(asked: Asked) -> Answer:
        if asked.method != "POST":
            return Answer(405, {"Allow": "POST"})
        kind = asked.fields.get("content-type", "").partition(";")[0].lower()
        if kind not in ("", "application/json"):
            return Answer(415)
        if not _is_object(asked.body):
            return Answer(400)
        value = json.loads(asked.body)
        size, bias = value.get("size", 0), value.get("bias", {})
        whole = (isinstance(size, int) or (isinstance(size, float) and size.is_integer())) and (
            not isinstance(size, bool)
        )
        return Answer(204 if whole and isinstance(bias, dict) else 400)

    return Right(document({"/it": {"post": it}}), answer, overlay)


@right
def shows_all_that_was_said() -> Right:
    """What is posted is added to a list, and what is put takes the place of what all share.

    To ask for the last of it is a POST, too.
    """
    schema = {
        "type": "object",
        "properties": {"text": {"type": "string", "minLength": 1}},
        "required": ["text"],
    }
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    asks = {"required": True, "content": OBJECT}
    answers = described(_200={"content": {"application/json": {}}}, _400={}, _415={})
    paths = {
        "/board": {"post": {"operationId": "say", "requestBody": body, "responses": answers}},
        "/motto": {"put": {"operationId": "set", "requestBody": body, "responses": answers}},
        "/search": {"post": {"operationId": "find", "requestBody": asks, "responses": answers}},
    }
    notes: list[str] = []

    def answer(asked: Asked) -> Answer:
        path = asked.target.partition("?")[0]
        method = {"/board": "POST", "/motto": "PUT", "/search": "POST"}.get(path)
        if asked.method != method:
            return Answer(405, {"Allow": method}) if method else Answer(404)
        kind = asked.fields.get("content-type", "").partition(";")[0].lower()
        if kind not in ("", "application/json"):
            return Answer(415)
        if path == "/search":
            return with_json(notes[-3:]) if _is_object(asked.body) else Answer(400)
        value = json.loads(asked.body) if _is_object(asked.body) else {}
        text = value.get("text")
        if not isinstance(text, str) or not text or re.search("[\ud800-\udfff]", text):
            return Answer(400)
        notes.append(text)

        def then() -> Answer:
            return with_json(notes if path == "/board" else notes[-1])

        return Answer(delay=0.005, then=then)

    return Right(document(paths), answer)


def _store(item: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The paths of a store of *item*s that *change* changes, as the document of a test has them."""

    def body(schema: dict[str, Any]) -> dict[str, Any]:
        return {"required": True, "content": {"application/json": {"schema": schema}}}

    kept = {"type": "object", "required": ["id"], "properties": {"id": ID["schema"], **item}}
    given = {"type": "object", "required": list(item), "properties": item}
    one = {"content": {"application/json": {"schema": kept}}}
    changed = {"type": "object", "properties": change}
    responses = described(_200=one, _400={}, _404={}, _415={})
    return {
        "/things": {
            "post": {
                "operationId": "add",
                "requestBody": body(given),
                "responses": described(_201=one, _202=one, _400={}, _415={}),
            }
        },
        "/things/{id}": {
            "parameters": [ID],
            "get": {"operationId": "read", "responses": responses},
            "patch": {
                "operationId": "change",
                "requestBody": body(changed),
                "responses": responses,
            },
        },
    }


@right
def null_changes_nothing() -> Right:
    """A change may leave out each member by null, and none of them is ever null."""
    name = {"type": "string", "enum": ["ada", "bea", "cleo"]}
    paths = _store(
        {"name": name},
        {"name": {**name, "type": ["string", "null"], "enum": [*name["enum"], None]}},
    )
    things: dict[str, dict[str, Any]] = {}

    def answer(asked: Asked) -> Answer:
        path = asked.target.partition("?")[0]
        number = path.removeprefix("/things/")
        is_item = path != "/things"
        methods = ("GET", "PATCH") if is_item else ("POST",)
        if asked.method not in methods:
            return Answer(405, {"Allow": ", ".join(methods)})
        if is_item and number not in things:
            return Answer(404 if number.lstrip("-").isdigit() else 400)
        if asked.method == "GET":
            return with_json(things[number])
        if asked.fields.get("content-type", "").partition(";")[0].lower() != "application/json":
            return Answer(415)
        sent = json.loads(asked.body) if _is_object(asked.body) else {"name": 0}
        known = name["enum"] if not is_item else [*name["enum"], None]
        if sent.get("name", None if is_item else 0) not in known:
            return Answer(400)
        if not is_item:
            number = str(len(things) + 1)
            things[number] = {"id": int(number)}
        things[number] |= {"name": sent["name"]} if sent.get("name") else {}
        return with_json(things[number], 200 if is_item else 201)

    return Right(document(paths), answer)


@right
def what_is_accepted_never_comes() -> Right:
    """A 202 promises nothing: what it names may not be there yet, or ever."""
    made: list[int] = []
    paths = _store({}, {})
    del paths["/things/{id}"]["patch"]

    def answer(asked: Asked) -> Answer:
        path = asked.target.partition("?")[0]
        method = "POST" if path == "/things" else "GET"
        if asked.method != method:
            return Answer(405, {"Allow": method})
        if method == "GET":
            return Answer(404 if path.removeprefix("/things/").lstrip("-").isdigit() else 400)
        if asked.fields.get("content-type", "").partition(";")[0].lower() != "application/json":
            return Answer(415)
        if not _is_object(asked.body):
            return Answer(400)
        made.append(1)
        return with_json({"id": len(made)}, 202)

    return Right(document(paths), answer)


@right
def reads_any_text_as_a_form() -> Right:
    """Half a JSON text is a form of one field that nobody knows: what is there stays as it is."""
    text = {"type": "string", "minLength": 1}
    schema = {"type": "object", "minProperties": 1, "properties": {"text": text}}
    form = "application/x-www-form-urlencoded"
    body = {"content": {form: {"schema": schema}}}
    answers = described(_200={"content": OBJECT}, _400={}, _415={})
    paths = {"/motto": {"put": {"operationId": "set", "requestBody": body, "responses": answers}}}
    motto = {"text": "none"}

    def answer(asked: Asked) -> Answer:
        if asked.target.partition("?")[0] != "/motto":
            return Answer(404)
        if asked.method != "PUT":
            return Answer(405, {"Allow": "PUT"})
        if asked.body and asked.fields.get("content-type", "").partition(";")[0].lower() != form:
            return Answer(415)
        given = parse_qs(asked.body.decode("utf-8", "replace"), keep_blank_values=True)
        if len(given.get("text", [])) > 1 or not given.get("text", ["x"])[0]:
            return Answer(400)
        motto.update({name: texts[0] for name, texts in given.items() if name == "text"})
        return with_json(motto)

    return Right(document(paths), answer)
