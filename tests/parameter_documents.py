"""Documents of one operation, with whatever parameters a test of them wants."""

from __future__ import annotations

import json

from troth.document import document
from troth.http.exchange import Request
from troth.openapi import reader
from troth.validation.parameters import check_parameters

SCHEMAS = {
    "Count": {"type": "integer", "minimum": 0},
    "Colour": {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in "RGB"},
        "required": ["R"],
        "additionalProperties": False,
    },
}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "oauth": {"type": "oauth2", "flows": {}},
    "mutual": {"type": "mutualTLS"},
}
INTEGERS = {"type": "array", "items": {"type": "integer"}}
COLOUR = {"$ref": "#/components/schemas/Colour"}


def written(parameters=(), *, path="/a", version="3.1.0", method="get", **operation):
    responses = {"200": {"description": "fine"}}
    operation = {"parameters": list(parameters), "responses": responses, **operation}
    return {
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "paths": {path: {method: operation}},
        "components": {"schemas": SCHEMAS, "securitySchemes": SCHEMES},
    }


def compiled(root):
    return reader.compile(document.read(json.dumps(root).encode(), name="d.json"))


def violations_of(parameters, target, *, path="/a", fields=(), version="3.1.0"):
    contract = compiled(written(parameters, path=path, version=version))
    request = Request("GET", target, fields)
    violations = check_parameters(contract.match("GET", target), request)
    return [(violation.code, violation.instance_pointer) for violation in violations]


def parameter(schema, *, where="query", name="p", **more):
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, "schema": schema, **required, **more}


# Each row of OpenAPI's table of styles (3.1.1 §4.8.12.4), for an array and an object: where,
# style, explode, how [1, 2] is sent, how {R: 1, G: 2} is sent; None where the style has no form.
STYLES = [
    ("path", "simple", False, "1,2", "R,1,G,2"),
    ("path", "simple", True, "1,2", "R=1,G=2"),
    ("path", "label", False, ".1,2", ".R,1,G,2"),
    ("path", "label", True, ".1.2", ".R=1.G=2"),
    ("path", "matrix", False, ";p=1,2", ";p=R,1,G,2"),
    ("path", "matrix", True, ";p=1;p=2", ";R=1;G=2"),
    ("query", "form", False, "p=1,2", "p=R,1,G,2"),
    ("query", "form", True, "p=1&p=2", "R=1&G=2"),
    ("query", "spaceDelimited", False, "p=1%202", "p=R%201%20G%202"),
    ("query", "spaceDelimited", True, "p=1&p=2", None),
    ("query", "pipeDelimited", False, "p=1|2", "p=R|1|G|2"),
    ("query", "pipeDelimited", False, "p=1%7C2", "p=R%7c1%7cG%7c2"),
    ("query", "deepObject", True, None, "p[R]=1&p%5BG%5D=2"),
    ("header", "simple", False, "1, 2", "R,1,G,2"),
    ("header", "simple", True, "1,2", "R=1,G=2"),
    ("cookie", "form", False, "p=1,2", "p=R,1,G,2"),
    ("cookie", "form", True, "p=1; p=2", "R=1; G=2"),
]


def send(where, text):
    if where == "path":
        return "/a/" + text, ()
    if where == "query":
        return "/a?" + text, ()
    return "/a", (("P" if where == "header" else "Cookie", text),)
