"""Of any document every operation answers every valid request, and every answer conforms."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import troth
from troth.document import document
from troth.generation import requests
from troth.generation.source import Seeded, Unsatisfiable
from troth.http import media_type
from troth.http.exchange import Exchange, Request, Response
from troth.openapi import reader
from troth.openapi.operation import Operation
from troth.seed import Seed
from troth.validation import validator
from troth_mock.responding import negotiation
from troth_mock.responding.responder import Responder

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
# Of documents that are larger than this, so many operations are sampled: to compile one of theirs
# takes up to a second, there are thousands, and the whole suite has five minutes on two cores.
LARGE = 300_000
SAMPLED = 6

NAMES = st.sampled_from(
    ["id", "name", "createdAt", "updated_at", "price", "count", "total", "items", "email", "tags",
     "city", "user", "status", "x-y", "größe", "a b", "url", "limit", "data", "type"]
)  # fmt: skip
STRINGS = st.one_of(
    st.builds(lambda form: {"format": form}, st.sampled_from(
        ["date-time", "date", "email", "uri", "uuid", "hostname", "ipv4", "byte", "color", "phone"]
    )),
    st.builds(lambda low, more: {"minLength": low, "maxLength": low + more},
              st.integers(0, 12), st.integers(0, 30)),
    st.sampled_from([{}, {"pattern": "^[A-Z]{2}$"}, {"pattern": "^[a-z0-9_-]+$"},
                     {"enum": ["open", "done"]}, {"const": "x"}, {"example": "prd_01h1s5"},
                     {"default": "none"}, {"examples": ["one", "two"]}]),
).map(lambda rest: {"type": "string", **rest})  # fmt: skip
NUMBERS = st.builds(
    lambda kind, low, more, rest: {"type": kind, **rest, **low, **({
        "maximum": low["minimum"] + more} if low and more else {})},
    st.sampled_from(["integer", "number"]),
    st.sampled_from([{}, {"minimum": 0}, {"minimum": -5}, {"minimum": 1000}]),
    st.sampled_from([0, 7, 500]),
    st.sampled_from([{}, {"format": "int64"}, {"example": 10}, {"multipleOf": 5}]),
).filter(lambda schema: schema.get("maximum", 9) - schema.get("minimum", 0) >= 7)  # fmt: skip
LEAVES = st.one_of(
    STRINGS,
    NUMBERS,
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}, {}]),
    st.just({"$ref": "#/components/schemas/Tree"}),
)


def objects(members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda properties, dropped, rest: {
            "type": "object",
            "properties": properties,
            "required": [name for index, name in enumerate(properties) if index not in dropped],
            **rest,
        },
        st.dictionaries(NAMES, members, max_size=5),
        st.sets(st.integers(0, 4)),
        st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": True}]),
    )


def arrays(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda each, low, rest: {"type": "array", "items": each, "minItems": low, **rest},
        items,
        st.integers(0, 3),
        st.sampled_from([{}, {"maxItems": 5}]),
    )


SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        objects(inner),
        arrays(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches}),
        objects(inner).map(lambda one: {"allOf": [one, {"type": "object"}]}),
        inner.map(lambda each: {"type": "object", "additionalProperties": each}),
    ),
    max_leaves=8,
)
TREE = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
}
CONTENTS = st.one_of(
    SCHEMAS.map(lambda schema: {"application/json": {"schema": schema}}),
    SCHEMAS.map(
        lambda schema: {
            "application/json": {"schema": schema},
            "text/plain": {"schema": {"type": "string"}},
        }
    ),
    SCHEMAS.map(lambda schema: {"application/problem+json": {"schema": schema}}),
    SCHEMAS.map(lambda schema: {"application/jsonl": {"itemSchema": schema}}),
    arrays(LEAVES).map(lambda schema: {"application/x-ndjson": {"schema": schema}}),
    SCHEMAS.map(lambda schema: {"text/event-stream": {"schema": schema}}),
    st.sampled_from([
        {"text/event-stream": {"example": "data: x\n\n"}},
        {"text/event-stream": {"itemSchema": {"type": "object", "required": ["data", "id"]}}},
        {"application/json": {"example": {"id": 7}}},
        {"image/png": {}}, {"text/csv": {"schema": {"type": "string"}}}, {},
    ]),
)  # fmt: skip
STATUSES = st.sampled_from(
    ["200", "201", "202", "204", "205", "2XX", "2xx", "default", "301", "304", "307", "400", "404",
     "422", "4XX", "500", "503"]
)  # fmt: skip
RESPONSES = st.dictionaries(
    STATUSES,
    st.builds(
        lambda content, headers: {"description": "", "content": content, "headers": headers},
        CONTENTS,
        st.sampled_from([
            {}, {"X-Total-Count": {"required": True, "schema": {"type": "integer"}}},
            {"Location": {"schema": {"type": "string"}}},
        ]),
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip
SIMPLE = st.sampled_from(
    [{"type": "integer", "minimum": 1}, {"type": "boolean"}, {"type": "string"},
     {"type": "string", "enum": ["a", "b"]},
     {"type": "array", "items": {"type": "integer"}, "minItems": 1}]
)  # fmt: skip
QUERIES = st.dictionaries(st.sampled_from(["limit", "page", "q", "status", "X-Trace"]), SIMPLE)
METHODS = st.sampled_from(["get", "head", "post", "put", "patch", "delete"])
PATHS = st.sampled_from(
    ["/", "/things", "/things/{id}", "/users/{user}/things/{thingId}", "/a.{b}"]
)


@st.composite
def operations(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    path, method = draw(PATHS), draw(METHODS)
    named = [part.partition("}")[0] for part in path.split("{")[1:]]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": draw(SIMPLE)} for name in named
    ]
    for name, schema in draw(QUERIES).items():
        where = "header" if name.startswith("X-") else "query"
        parameters.append({"name": name, "in": where, "schema": schema})
    operation = {"parameters": parameters, "responses": draw(RESPONSES)}
    if method in ("post", "put", "patch"):
        content = {"application/json": {"schema": draw(SCHEMAS)}}
        operation["requestBody"] = {"content": content, "required": draw(st.booleans())}
    return path, method, operation


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for path, method, operation in draw(st.lists(operations(), min_size=1, max_size=4)):
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.2.0",
        "info": {"title": "any", "version": "1"},
        "paths": paths,
        "components": {"schemas": {"Tree": TREE}},
    }


def with_head(get: dict[str, Any], head: dict[str, Any]) -> dict[str, Any]:
    """A document whose HEAD is declared by itself: each by the media types of its responses."""
    methods = {
        method: {
            "responses": {
                status: {"description": "", "content": {kind: {"schema": {"type": "string"}}}}
                for status, kind in responses.items()
            }
        }
        for method, responses in {"get": get, "head": head}.items()
    }
    info = {"title": "any", "version": "1"}
    return {"openapi": "3.2.0", "info": info, "paths": {"/things": methods}}


JSON, PROBLEM = "application/json", "application/problem+json"


#: What a mock that keeps things may answer to a valid request about one that it does not have.
OF_STATE = (304, 404, 409, 410, 412)


def drawn(contract: troth.Contract, operation: Operation, *, count: int) -> list[Request]:
    """So many valid requests to *operation*, but for those that cannot be."""
    found = []
    for number in range(count):
        with suppress(Unsatisfiable):
            source = Seeded(Seed.of(operation.name, number))
            found.append(requests.request(contract, operation, source))
    return found


def answers(
    responder: Responder,
    operation: Operation,
    asked: list[Request],
    *,
    others: tuple[int, ...] = (),
) -> list[tuple[Request, Response]]:
    """Those *asked* that are valid, and their answers, which conform and are the success.

    Or of one of the *others*, statuses that the document declares.
    """
    contract = responder.contract
    found = []
    for request in asked:
        reply = responder.respond(request, now=0)
        body = reply.body or b"" if reply.stream is None else b"".join(reply.stream.frames)
        response = Response(reply.status, reply.fields, body)
        violations = validator.validate(contract, Exchange(request, response))
        errors = [one for one in violations if one.severity == "error"]
        if any(one.location.startswith("request") for one in errors):
            continue  # the request is none of those that this is about
        if others and reply.status == 404 and operation.response(404) is None:
            continue  # what was deleted is gone, whatever the document declares
        if reply.status not in others or operation.response(reply.status) is None:
            assert reply.status == negotiation.success(operation)[0], (request, reply.body)
        assert errors == [], (request, response)
        found.append((request, response))
    return found


def holds(root: Any, operation: Operation, response: Response) -> bool:
    """Whether jsonschema, too, has nothing against a JSON answer."""
    declared = operation.response(response.status)
    kind = response.content_type
    entry = declared.media_type(kind) if declared is not None and kind is not None else None
    if entry is None or entry.schema is None or not media_type.is_json(kind or ""):
        return True
    whole = {**root, "$ref": f"#{entry.schema.pointer}"}
    return jsonschema.Draft202012Validator(whole).is_valid(json.loads(response.body))


@given(documents())
@example(with_head({"200": PROBLEM}, {"200": JSON}))
@example(with_head({"200": JSON}, {"default": PROBLEM}))
@example(with_head({"200": JSON}, {"201": JSON, "default": JSON}))
@example(with_head({"404": JSON}, {"200": JSON, "4XX": JSON}))
@settings(suppress_health_check=list(HealthCheck))
def test_every_answer_to_a_valid_request_is_the_success_and_conforms(root: dict[str, Any]) -> None:
    contract = reader.compile(document.read(json.dumps(root).encode(), name="any.json"))
    keeping, forgetful = Responder(contract), Responder(contract, stateless=True)
    for operation in contract.operations:
        asked = drawn(contract, operation, count=3)
        good = answers(forgetful, operation, asked)
        kept = answers(keeping, operation, asked, others=(*OF_STATE, 200, 201))
        for request, response in (*good, *kept):
            if request.method != "HEAD" and response.body:
                assert holds(root, operation, response), response


def is_interim(operation: Operation) -> bool:
    return bool(operation.responses) and all(one.status[0] == "1" for one in operation.responses)


def corpus() -> list[Path]:
    files = CORPUS.iterdir() if CORPUS.is_dir() else ()
    return sorted(file for file in files if file.suffix != ".md")


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of other documents is not here")
@pytest.mark.parametrize("file", corpus(), ids=lambda file: file.name)
def test_every_answer_conforms_in_documents_of_others(file: Path) -> None:
    contract = troth.load(file)
    # what is only ever answered in between is answered by no mock
    chosen = [one for one in contract.operations if not is_interim(one)]
    if file.stat().st_size > LARGE:
        # by seed: the same each time, all over the document
        order = sorted(chosen, key=lambda operation: Seed.of("sample", operation.name).number())
        chosen = order[:SAMPLED]
    keeping, forgetful = Responder(contract), Responder(contract, stateless=True)
    for operation in chosen:
        asked = drawn(contract, operation, count=2)
        answers(forgetful, operation, asked)
        answers(keeping, operation, asked, others=(*OF_STATE, 201))
