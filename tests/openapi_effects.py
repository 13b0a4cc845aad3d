"""For each field of OpenAPI and keyword of JSON Schema that is honoured: what it changes.

An effect is a document and an exchange with a fault that is seen because of the field: without it,
or with another value, the verdict is another.  Keywords of JSON Schema are shown with a schema, an
instance that is valid by the keyword and one that is not.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import troth
from troth import pointer as pointers
from troth.errors import TrothError
from troth.http.exchange import Exchange, Request, Response

JSON = "application/json"
INTEGER = {"type": "integer"}
REMOVED = object()


@dataclass(frozen=True)
class Effect:
    """The *exchange* breaks *document*; with *instead* at *at* (removed, by default) it does not.

    Or it breaks it in another way: the verdict differs.
    """

    document: dict[str, Any]
    at: str
    exchange: Exchange
    instead: Any = REMOVED

    def verdicts(self, folder: Path) -> tuple[set[str], set[str]]:
        """What is said with the field, and what without it."""
        other = copy.deepcopy(self.document)
        *way, last = pointers.split(self.at)
        node: Any = other
        for token in way:
            node = node[int(token)] if isinstance(node, list) else node[token]
        key: Any = int(last) if isinstance(node, list) else last
        if self.instead is REMOVED:
            del node[key]
        else:
            node[key] = self.instead
        return verdict(self.document, self.exchange, folder), verdict(other, self.exchange, folder)


def verdict(document: dict[str, Any], exchange: Exchange, folder: Path) -> set[str]:
    """The codes of what *exchange* breaks, or the name of the error that it is."""
    file = folder / "api.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        violations = troth.load(file).validate(exchange)
    except TrothError as fault:
        return {type(fault).__name__}
    return {each.code for each in violations if each.severity != "hint"}


# -- documents and exchanges --------------------------------------------------------------------


def document(
    operation: Any = None, *, path: str = "/a", method: str = "get", **members: Any
) -> Any:
    """A document with one operation at one path."""
    version = members.pop("version", "3.2.0")
    item = {method: operation or answering(INTEGER), **members.pop("item", {})}
    info = {"title": "t", "version": "1"}
    return {"openapi": version, "info": info, "paths": {path: item}, **members}


def answering(schema: Any, *, kind: str = JSON, **members: Any) -> dict[str, Any]:
    return {
        "responses": {"200": {"description": "it", "content": {kind: {"schema": schema}}}}
    } | members


def asking(schema: Any = None, *, kind: str = JSON, **entry: Any) -> dict[str, Any]:
    held = entry if schema is None else {"schema": schema, **entry}
    return {"requestBody": {"required": True, "content": {kind: held}}, "responses": DONE}


DONE = {"200": {"description": "it"}}


def taking(**parameter: Any) -> dict[str, Any]:
    return {"parameters": [parameter], "responses": DONE}


def got(
    target: str = "/a",
    body: Any = None,
    *,
    status: int = 200,
    kind: str | None = JSON,
    method: str = "GET",
    asked: tuple[tuple[str, str], ...] = (),
    fields: tuple[tuple[str, str], ...] = (),
) -> Exchange:
    """An exchange whose answer is *body* (text is sent as it is)."""
    answered = fields
    data = b""
    if body is not None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        answered = (*fields, ("Content-Type", kind or JSON))
    return Exchange(Request(method, target, asked), Response(status, answered, data))


def sent(body: Any, *, kind: str = JSON, target: str = "/a", method: str = "POST") -> Exchange:
    """An exchange whose request has *body*."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(Request(method, target, (("Content-Type", kind),), data), Response(200))


WRONG = got(body='"x"')
POINT = "/paths/~1a/get"
RESPONSE = f"{POINT}/responses/200"
MEDIA = f"{RESPONSE}/content/application~1json"
PARAMETER = f"{POINT}/parameters/0"
BODY = "/paths/~1a/post/requestBody"
QUERY = {"name": "q", "in": "query", "schema": INTEGER}
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}


def component(kind: str, value: Any, operation: Any, **members: Any) -> dict[str, Any]:
    return document(operation, components={kind: {"It": value}}, **members)


def reference(kind: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/It"}


def secured(scheme: dict[str, Any], requirement: Any = None) -> dict[str, Any]:
    needs = [{"key": []}] if requirement is None else requirement
    return document(answering({}, security=needs), components={"securitySchemes": {"key": scheme}})


def multipart(*parts: tuple[str, str]) -> bytes:
    texts = [f"--b\r\n{head}\r\n\r\n{body}\r\n" for head, body in parts]
    return ("".join(texts) + "--b--\r\n").encode()


def part(name: str, body: str, *fields: str) -> tuple[str, str]:
    return "\r\n".join([f'Content-Disposition: form-data; name="{name}"', *fields]), body


FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"


def form(schema: Any, **encoding: Any) -> dict[str, Any]:
    return document(asking(schema, kind=FORM, encoding={"a": encoding}), method="post")


def parts(schema: Any, **encoding: Any) -> dict[str, Any]:
    return document(asking(schema, kind="multipart/form-data", **encoding), method="post")


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


FORM_AT = f"{BODY}/content/application~1x-www-form-urlencoded/encoding"
PARTS_AT = f"{BODY}/content/multipart~1form-data"
ARRAY = {"type": "array", "items": INTEGER}


def xml(schema: Any, text: str, word: str, **more: Any) -> Effect:
    """An answer in XML that is right by the XML Object of the member a."""
    made = document(answering(of(a=schema), kind="application/xml"))
    at = (
        f"{RESPONSE}/content/application~1xml/schema/properties/a{more.get('below', '')}/xml/{word}"
    )
    return Effect(made, at, got(body=text, kind="application/xml"))


PET = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"type": "string"}},
}
CAT = {**PET, "required": ["kind", "lives"]}
DOG = {**PET, "required": ["kind", "bark"]}


def pets(**discriminator: Any) -> dict[str, Any]:
    union = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}
    made = document(answering({**union, "discriminator": discriminator}))
    return made | {"components": {"schemas": {"Cat": CAT, "Dog": DOG}}}


SCHEMA = f"{MEDIA}/schema"
EVENTS = "text/event-stream"


def effects() -> Iterator[tuple[str, Effect]]:
    """Each by the object and field that it shows."""
    yield from of_the_document()
    yield from of_operations()
    yield from of_parameters()
    yield from of_bodies()
    yield from of_schemas()
    yield from of_security()


def of_the_document() -> Iterator[tuple[str, Effect]]:
    nullable = document(answering({"type": "string", "nullable": True}), version="3.1.0")
    null = got(body="null")
    yield "OpenAPI/openapi", Effect(nullable, "/openapi", null, "3.0.4")
    own = answering({"$ref": "https://example.com/api#/components/schemas/It"})
    itself = component("schemas", INTEGER, own) | {"$self": "https://example.com/api"}
    yield "OpenAPI/$self", Effect(itself, "/$self", WRONG)
    variable = {"default": "v1", "enum": ["v3"]}
    server = document(servers=[{"url": "https://example.com/{v}", "variables": {"v": variable}}])
    below = got("/v1/a", '"x"')
    yield "OpenAPI/servers", Effect(server, "/servers", below)
    yield "Server/url", Effect(server, "/servers/0/url", below, "https://example.com/v2")
    yield "Server/variables", Effect(server, "/servers/0/variables/v", below, {"enum": ["v2"]})
    default = "/servers/0/variables/v/default"
    yield "Server Variable/default", Effect(server, default, below, "v2")
    several = copy.deepcopy(server)
    several["servers"][0]["variables"]["v"]["enum"] = ["v1", "v3"]
    enum = "/servers/0/variables/v/enum"
    yield "Server Variable/enum", Effect(several, enum, got("/v3/a", '"x"'), ["v1"])
    yield "OpenAPI/paths", Effect(document(), "/paths/~1a", WRONG)
    yield "Paths/{path}", Effect(document(), "/paths/~1a", WRONG)
    yield (
        "OpenAPI/components",
        Effect(
            component("schemas", INTEGER, answering(reference("schemas"))), "/components", WRONG
        ),
    )
    keyed = secured(KEY)
    del keyed["paths"]["/a"]["get"]["security"]
    yield "OpenAPI/security", Effect(keyed | {"security": [{"key": []}]}, "/security", got())
    yield (
        "Components/schemas",
        Effect(
            component("schemas", INTEGER, answering(reference("schemas"))),
            "/components/schemas",
            WRONG,
        ),
    )
    response = {"description": "it", "content": {JSON: {"schema": INTEGER}}}
    by_reference = {"responses": {"200": reference("responses")}}
    yield (
        "Components/responses",
        Effect(component("responses", response, by_reference), "/components/responses", WRONG),
    )
    yield (
        "Reference/$ref",
        Effect(
            component("responses", response, by_reference), f"{RESPONSE}/$ref", WRONG, "#/nowhere"
        ),
    )
    yield (
        "Components/parameters",
        Effect(
            component(
                "parameters", QUERY, {"parameters": [reference("parameters")], "responses": DONE}
            ),
            "/components/parameters",
            got("/a?q=x"),
        ),
    )
    body = {"content": {JSON: {"schema": INTEGER}}, "required": True}
    yield (
        "Components/requestBodies",
        Effect(
            component(
                *("requestBodies", body),
                {"requestBody": reference("requestBodies"), "responses": DONE},
                method="post",
            ),
            "/components/requestBodies",
            sent("x"),
        ),
    )
    with_header = {"200": {"description": "it", "headers": {"X-A": reference("headers")}}}
    yield (
        "Components/headers",
        Effect(
            component("headers", {"schema": INTEGER}, {"responses": with_header}),
            "/components/headers",
            got(fields=(("X-A", "x"),)),
        ),
    )
    yield "Components/securitySchemes", Effect(secured(KEY), "/components/securitySchemes", got())
    shared = {"get": answering(INTEGER)}
    item = document() | {"components": {"pathItems": {"It": shared}}}
    item["paths"] = {"/a": reference("pathItems")}
    yield "Components/pathItems", Effect(item, "/components/pathItems", WRONG)
    yield "Path Item/$ref", Effect(item, "/paths/~1a/$ref", WRONG)
    entry = {
        "responses": {"200": {"description": "it", "content": {JSON: reference("mediaTypes")}}}
    }
    yield (
        "Components/mediaTypes",
        Effect(
            component("mediaTypes", {"schema": INTEGER}, entry), "/components/mediaTypes", WRONG
        ),
    )
    for method in ("get", "put", "post", "delete", "options", "patch", "trace", "query"):
        wrong = got(body='"x"', method=method.upper())
        yield f"Path Item/{method}", Effect(document(method=method), f"/paths/~1a/{method}", wrong)
    head = {"responses": {"200": {"description": "it", "headers": {"X-A": {"schema": INTEGER}}}}}
    said = got(method="HEAD", fields=(("X-A", "x"),))
    yield "Path Item/head", Effect(document(head, method="head"), "/paths/~1a/head", said)
    other = document(item={"additionalOperations": {"COPY": answering(INTEGER)}})
    copied = got(body='"x"', method="COPY")
    at = "/paths/~1a/additionalOperations"
    yield "Path Item/additionalOperations", Effect(other, at, copied)
    served = document(item={"servers": [{"url": "/v1"}]})
    yield "Path Item/servers", Effect(served, "/paths/~1a/servers", below)
    given = document({"responses": DONE}, item={"parameters": [QUERY]})
    yield "Path Item/parameters", Effect(given, "/paths/~1a/parameters", got("/a?q=x"))


def of_operations() -> Iterator[tuple[str, Effect]]:
    yield (
        "Operation/parameters",
        Effect(document(taking(**QUERY)), f"{POINT}/parameters", got("/a?q=x")),
    )
    posted = document(asking(INTEGER), method="post")
    yield "Operation/requestBody", Effect(posted, BODY, sent("x"))
    yield "Operation/responses", Effect(document(), f"{POINT}/responses", WRONG)
    yield "Operation/security", Effect(secured(KEY), f"{POINT}/security", got())
    served = document(answering(INTEGER, servers=[{"url": "/v1"}]))
    yield "Operation/servers", Effect(served, f"{POINT}/servers", got("/v1/a", '"x"'))
    yield "Request Body/content", Effect(posted, f"{BODY}/content/application~1json", sent("x"))
    bare = Exchange(Request("POST", "/a"), Response(200))
    yield "Request Body/required", Effect(posted, f"{BODY}/required", bare)
    yield "Responses/{status}", Effect(document(), RESPONSE, WRONG, {"description": "it"})
    default = document(
        {"responses": {"default": document()["paths"]["/a"]["get"]["responses"]["200"]}}
    )
    yield "Responses/default", Effect(default, f"{POINT}/responses/default/content", WRONG)
    headed = {"responses": {"200": {"description": "it", "headers": {"X-A": {"schema": INTEGER}}}}}
    said = got(fields=(("X-A", "x"),))
    yield "Response/headers", Effect(document(headed), f"{RESPONSE}/headers", said)
    yield "Response/content", Effect(document(), f"{RESPONSE}/content/application~1json", WRONG)
    yield "Media Type/schema", Effect(document(), f"{MEDIA}/schema", WRONG)
    lines = {
        "200": {"description": "it", "content": {"application/jsonl": {"itemSchema": INTEGER}}}
    }
    at = f"{RESPONSE}/content/application~1jsonl/itemSchema"
    yield (
        "Media Type/itemSchema",
        Effect(document({"responses": lines}), at, got(body='1\n"x"\n', kind="application/jsonl")),
    )
    header = f"{RESPONSE}/headers/X-A"
    yield "Header/schema", Effect(document(headed), f"{header}/schema", said)

    def having(**member: Any) -> dict[str, Any]:
        return document({"responses": {"200": {"description": "it", "headers": {"X-A": member}}}})

    yield (
        "Header/required",
        Effect(having(required=True, schema=INTEGER), f"{header}/required", got()),
    )
    content = having(content={JSON: {"schema": INTEGER}})
    at = f"{header}/content/application~1json/schema"
    yield "Header/content", Effect(content, at, got(fields=(("X-A", '"x"'),)))
    exploded = having(explode=True, schema=of(n=INTEGER))
    yield (
        "Header/explode",
        Effect(exploded, f"{header}/explode", got(fields=(("X-A", "n,x"),)), False),
    )


def of_parameters() -> Iterator[tuple[str, Effect]]:
    bad = got("/a?q=x")
    yield "Parameter/name", Effect(document(taking(**QUERY)), f"{PARAMETER}/name", bad, "r")
    yield "Parameter/in", Effect(document(taking(**QUERY)), f"{PARAMETER}/in", bad, "header")
    needed = document(taking(**QUERY, required=True))
    yield "Parameter/required", Effect(needed, f"{PARAMETER}/required", got())
    yield "Parameter/schema", Effect(document(taking(**QUERY)), f"{PARAMETER}/schema", bad, {})
    content = {"name": "q", "in": "query", "content": {JSON: {"schema": INTEGER}}}
    at = f"{PARAMETER}/content/application~1json/schema"
    yield "Parameter/content", Effect(document(taking(**content)), at, got("/a?q=%22x%22"), {})
    piped = document(
        taking(**QUERY | {"schema": ARRAY, "style": "pipeDelimited", "explode": False})
    )
    yield "Parameter/style", Effect(piped, f"{PARAMETER}/style", got("/a?q=1,2"), "form")
    yield "Parameter/explode", Effect(piped, f"{PARAMETER}/explode", got("/a?q=1&q=2"), True)
    empty = document(taking(**QUERY, allowEmptyValue=True))
    yield "Parameter/allowEmptyValue", Effect(empty, f"{PARAMETER}/allowEmptyValue", got("/a?q="))


def of_bodies() -> Iterator[tuple[str, Effect]]:
    plain = form(of(a=ARRAY), explode=False)
    yield "Encoding/explode", Effect(plain, f"{FORM_AT}/a/explode", sent(b"a=1,2", kind=FORM))
    deep = form(of(a=of(n=INTEGER)), style="deepObject")
    yield "Encoding/style", Effect(deep, f"{FORM_AT}/a/style", sent(b"a[n]=x", kind=FORM))
    typed = parts(of(a={}), encoding={"a": {"contentType": "image/png"}})
    shell = sent(multipart(part("a", "x", "Content-Type: application/x-sh")), kind=MULTIPART)
    yield "Encoding/contentType", Effect(typed, f"{PARTS_AT}/encoding/a/contentType", shell)
    yield "Media Type/encoding", Effect(typed, f"{PARTS_AT}/encoding", shell)
    headed = parts(
        of(a={}), encoding={"a": {"headers": {"X-A": {"schema": INTEGER, "required": True}}}}
    )
    bare = sent(multipart(part("a", "x")), kind=MULTIPART)
    yield "Encoding/headers", Effect(headed, f"{PARTS_AT}/encoding/a/headers", bare)

    def mixed(**entry: Any) -> dict[str, Any]:
        return document(asking(kind="multipart/mixed", **entry), method="post")

    at = f"{BODY}/content/multipart~1mixed"
    text = sent(multipart(("Content-Type: text/plain", "x")), kind="multipart/mixed; boundary=b")
    image = {"contentType": "image/png"}
    positional = mixed(schema={"type": "array"}, prefixEncoding=[image])
    yield "Media Type/prefixEncoding", Effect(positional, f"{at}/prefixEncoding", text)
    every = mixed(schema={"type": "array"}, itemEncoding=image)
    yield "Media Type/itemEncoding", Effect(every, f"{at}/itemEncoding", text)
    inner = "--c\r\nContent-Type: text/plain\r\n\r\nx\r\n--c--"
    nested = sent(
        multipart(("Content-Type: multipart/mixed; boundary=c", inner)),
        kind="multipart/mixed; boundary=b",
    )
    outer = {"contentType": "multipart/mixed"}
    array = {"type": "array", "items": {"type": "array"}}
    for word, value in (("itemEncoding", image), ("prefixEncoding", [image])):
        made = mixed(schema=array, itemEncoding={**outer, word: value})
        yield f"Encoding/{word}", Effect(made, f"{at}/itemEncoding/{word}", nested)
    named = (
        "--c\r\n"
        + "\r\n".join(part("n", "x", "Content-Type: text/plain")).replace(
            "text/plain\r\nx", "text/plain\r\n\r\nx"
        )
        + "\r\n--c--"
    )
    inside = {"contentType": "multipart/form-data", "encoding": {"n": image}}
    made = mixed(schema={"type": "array", "items": of(n={})}, itemEncoding=inside)
    yield (
        "Encoding/encoding",
        Effect(
            made,
            f"{at}/itemEncoding/encoding",
            sent(
                multipart(("Content-Type: multipart/form-data; boundary=c", named)),
                kind="multipart/mixed; boundary=b",
            ),
        ),
    )


def of_schemas() -> Iterator[tuple[str, Effect]]:
    null = document(answering({"type": "string", "nullable": True}), version="3.0.4")
    yield "Schema/nullable", Effect(null, f"{SCHEMA}/nullable", got(body="null"), False)
    dog = got(body={"kind": "Cat", "bark": 1})
    yield "Schema/discriminator", Effect(pets(propertyName="kind"), f"{SCHEMA}/discriminator", dog)
    name = f"{SCHEMA}/discriminator/propertyName"
    yield "Discriminator/propertyName", Effect(pets(propertyName="kind"), name, dog, "lives")
    mapped = pets(propertyName="kind", mapping={"kitty": "Cat", "puppy": "Dog"})
    kitty = got(body={"kind": "kitty", "bark": 1})
    at = f"{SCHEMA}/discriminator/mapping/kitty"
    yield "Discriminator/mapping", Effect(mapped, at, kitty, "Dog")
    rest = pets(propertyName="kind", mapping={"puppy": "Dog"}, defaultMapping="Cat")
    unknown = got(body={"kind": "else", "bark": 1})
    at = f"{SCHEMA}/discriminator/defaultMapping"
    yield "Discriminator/defaultMapping", Effect(rest, at, unknown, "Dog")
    other = {**INTEGER, "xml": {"name": "b"}}
    yield (
        "Schema/xml",
        Effect(
            document(answering(of(a=other), kind="application/xml")),
            f"{RESPONSE}/content/application~1xml/schema/properties/a/xml",
            got(body="<it><b>x</b></it>", kind="application/xml"),
        ),
    )
    yield "XML/name", xml(other, "<it><b>x</b></it>", "name")
    uri = "https://example.com/"
    spaced = {**INTEGER, "xml": {"namespace": uri}}
    yield "XML/namespace", xml(spaced, f'<it xmlns:p="{uri}2"><p:a>x</p:a></it>', "namespace")
    yield "XML/attribute", xml({**INTEGER, "xml": {"attribute": True}}, '<it a="x"/>', "attribute")
    wrapped = {**ARRAY, "xml": {"wrapped": True}}
    yield "XML/wrapped", xml(wrapped, "<it><a>x</a></it>", "wrapped")
    yield (
        "XML/nodeType",
        xml({**INTEGER, "xml": {"nodeType": "attribute"}}, '<it a="x"/>', "nodeType"),
    )


def of_security() -> Iterator[tuple[str, Effect]]:
    at = "/components/securitySchemes/key"
    bare, basic = got(), got(asked=(("Authorization", "Basic YTpi"),))
    yield "Security Requirement/{name}", Effect(secured(KEY), f"{POINT}/security/0", bare, {})
    yield "Security Scheme/type", Effect(secured(KEY), f"{at}/type", bare, "mutualTLS")
    given = got(asked=(("X-Other", "k"),))
    yield "Security Scheme/name", Effect(secured(KEY), f"{at}/name", given, "X-Other")
    queried = got("/a?X-Key=k")
    yield "Security Scheme/in", Effect(secured(KEY), f"{at}/in", queried, "query")
    bearer = secured({"type": "http", "scheme": "bearer"})
    yield "Security Scheme/scheme", Effect(bearer, f"{at}/scheme", basic, "basic")


# -- JSON Schema --------------------------------------------------------------------------------

NODE = {
    "$id": "https://example.com/node",
    "$dynamicAnchor": "T",
    "properties": {"next": {"$dynamicRef": "#T"}},
}

#: By keyword: a schema, an instance that it accepts and one that it rejects.
KEYWORDS: dict[str, tuple[Any, Any, Any]] = {
    "$anchor": ({"$ref": "#it", "$defs": {"a": {"$anchor": "it", "type": "integer"}}}, 1, "x"),
    "$defs": ({"$ref": "#/components/schemas/It/$defs/a", "$defs": {"a": INTEGER}}, 1, "x"),
    "$dynamicAnchor": (
        {"$dynamicRef": "#it", "$defs": {"a": {"$dynamicAnchor": "it", "type": "integer"}}},
        *(1, "x"),
    ),
    "$dynamicRef": (
        {**NODE, "type": "object"},
        *({"next": {"next": {}}}, {"next": {"next": 1}}),
    ),
    "$id": (
        {
            "$ref": "https://example.com/a",
            "$defs": {"a": {"$id": "https://example.com/a", **INTEGER}},
        },
        *(1, "x"),
    ),
    "$ref": ({"$ref": "#/components/schemas/It/$defs/a", "$defs": {"a": INTEGER}}, 1, "x"),
    "additionalProperties": ({"additionalProperties": INTEGER}, {"a": 1}, {"a": "x"}),
    "allOf": ({"allOf": [INTEGER, {"minimum": 2}]}, 2, 1),
    "anyOf": ({"anyOf": [INTEGER, {"type": "null"}]}, None, "x"),
    "const": ({"const": 1}, 1, 2),
    "contains": ({"contains": INTEGER}, [1], ["x"]),
    "dependentRequired": ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
    "dependentSchemas": (
        {"dependentSchemas": {"a": {"maxProperties": 1}}},
        {"a": 1},
        {"a": 1, "b": 1},
    ),
    "else": ({"if": INTEGER, "else": {"type": "null"}}, None, "x"),
    "enum": ({"enum": [1, 2]}, 2, 3),
    "exclusiveMaximum": ({"exclusiveMaximum": 2}, 1, 2),
    "exclusiveMinimum": ({"exclusiveMinimum": 2}, 3, 2),
    "format": ({"type": "string", "format": "date"}, "2024-01-31", "x"),
    "if": ({"if": INTEGER, "then": {"minimum": 2}}, 2, 1),
    "items": ({"items": INTEGER}, [1], ["x"]),
    "maxContains": ({"contains": INTEGER, "maxContains": 1}, [1], [1, 2]),
    "maxItems": ({"maxItems": 1}, [1], [1, 2]),
    "maxLength": ({"maxLength": 1}, "a", "ab"),
    "maxProperties": ({"maxProperties": 1}, {"a": 1}, {"a": 1, "b": 1}),
    "maximum": ({"maximum": 2}, 2, 3),
    "minContains": ({"contains": INTEGER, "minContains": 2}, [1, 2], [1]),
    "minItems": ({"minItems": 1}, [1], []),
    "minLength": ({"minLength": 1}, "a", ""),
    "minProperties": ({"minProperties": 1}, {"a": 1}, {}),
    "minimum": ({"minimum": 2}, 2, 1),
    "multipleOf": ({"multipleOf": 2}, 4, 3),
    "not": ({"not": INTEGER}, "x", 1),
    "oneOf": ({"oneOf": [INTEGER, {"type": "number"}]}, 1.5, 1),
    "pattern": ({"pattern": "^a"}, "a", "b"),
    "patternProperties": ({"patternProperties": {"^a": INTEGER}}, {"a": 1}, {"a": "x"}),
    "prefixItems": ({"prefixItems": [INTEGER]}, [1, "x"], ["x"]),
    "properties": (of(a=INTEGER), {"a": 1}, {"a": "x"}),
    "propertyNames": ({"propertyNames": {"maxLength": 1}}, {"a": 1}, {"ab": 1}),
    "required": ({"required": ["a"]}, {"a": 1}, {}),
    "then": ({"if": INTEGER, "then": {"minimum": 2}}, "x", 1),
    "type": (INTEGER, 1, "x"),
    "unevaluatedItems": ({"prefixItems": [INTEGER], "unevaluatedItems": False}, [1], [1, 2]),
    "unevaluatedProperties": (
        {"allOf": [of(a=INTEGER)], "unevaluatedProperties": False},
        *({"a": 1}, {"a": 1, "b": 1}),
    ),
    "uniqueItems": ({"uniqueItems": True}, [1, 2], [1, 1]),
    "writeOnly": (of(a={"writeOnly": True}), {}, {"a": 1}),
    "definitions": (
        {"$ref": "#/components/schemas/It/definitions/a", "definitions": {"a": INTEGER}},
        *(1, "x"),
    ),
    "dependencies": ({"dependencies": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
    "readOnly": (of(a={"readOnly": True, **INTEGER}), {"a": 1}, {"a": "x"}),
}
