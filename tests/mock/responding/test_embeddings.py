"""Vectors of texts: of the asked size, of length one, alike for like texts, in either form."""

from __future__ import annotations

import base64
import copy
import json
import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import troth
from troth.http.exchange import Request
from troth_mock.reply import Reply
from troth_mock.responding.embeddings import vector
from troth_mock.responding.responder import Responder

NUMBER_OR_TEXT = {"anyOf": [{"type": "string"}, {"type": "array"}]}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Places of words", "version": "1"},
    "paths": {
        "/places": {
            "post": {
                "x-troth-embedding": {
                    "size": 24,
                    "request": {
                        "input": "/of",
                        "model": "/by",
                        "dimensions": "/axes",
                        "encoding": "/as",
                    },
                    "response": {"vectors": "/found/places", "model": "/by", "usage": "/cost"},
                    "vector": {"embedding": "/at", "index": "/number"},
                    "usage": {"prompt": "/words", "total": "/all"},
                },
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["of"],
                                "properties": {"axes": {"type": "integer", "maximum": 10**9}},
                            }
                        }
                    },
                },
                "responses": {
                    "200": {
                        "description": "The places.",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["found", "cost", "kind"],
                                    "properties": {
                                        "kind": {"const": "places"},
                                        "by": {"type": "string"},
                                        "found": {
                                            "type": "object",
                                            "properties": {
                                                "places": {
                                                    "type": "array",
                                                    "items": {"$ref": "#/components/schemas/Place"},
                                                }
                                            },
                                        },
                                        "cost": {"type": "object"},
                                    },
                                }
                            }
                        },
                    },
                    "400": {"description": "Refused."},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Place": {
                "type": "object",
                "required": ["at", "number"],
                "properties": {"at": NUMBER_OR_TEXT, "number": {"type": "integer"}},
            }
        }
    },
}
RESPONDER = Responder(troth.load(json.dumps(DOCUMENT).encode()))
JSON = (("Content-Type", "application/json"),)


def respond(**body: Any) -> Reply:
    request = Request("POST", "/places", JSON, json.dumps(body).encode())
    return RESPONDER.respond(request, now=0)


def answered(**body: Any) -> Any:
    reply = respond(**body)
    assert reply.status == 200, reply.body
    return json.loads(reply.body or b"")


def test_vectors_are_counted_where_the_document_names_no_member_that_does() -> None:
    document: Any = copy.deepcopy(DOCUMENT)
    del document["paths"]["/places"]["post"]["x-troth-embedding"]["vector"]["index"]
    place = document["components"]["schemas"]["Place"]
    place["properties"]["index"] = {"type": "integer"}
    for required in (["at"], ["at", "index"]):
        place["required"] = required
        request = Request("POST", "/places", JSON, json.dumps({"of": ["a", "b", "c"]}).encode())
        for seed in range(4):
            responder = Responder(troth.load(json.dumps(document).encode()), seed=seed)
            places = json.loads(responder.respond(request, now=0).body or b"")["found"]["places"]
            assert [one.get("index", at) for at, one in enumerate(places)] == [0, 1, 2]


def likeness(one: str, other: str) -> float:
    return sum(a * b for a, b in zip(vector(one, 1024), vector(other, 1024), strict=True))


def test_each_text_has_its_vector_where_the_document_says() -> None:
    answer = answered(of=["one cat", "two"], by="m")
    assert (answer["kind"], answer["by"]) == ("places", "m")
    assert answer["cost"] == {"words": 3, "all": 3}
    places = answer["found"]["places"]
    assert [place["number"] for place in places] == [0, 1]
    assert [place["at"] for place in places] == [vector("one cat", 24), vector("two", 24)]
    assert answered(of="one cat", by="m")["found"]["places"] == places[:1]


def test_tokens_are_a_text_too() -> None:
    (one,) = answered(of=[1, 2, 3])["found"]["places"]
    first, second = answered(of=[[1, 2, 3], [4]])["found"]["places"]
    assert one["at"] == first["at"] != second["at"]


def test_the_size_and_the_form_are_those_that_are_asked_for() -> None:
    (place,) = answered(of="a cat", axes=7)["found"]["places"]
    assert len(place["at"]) == 7
    (coded,) = answered(of="a cat", axes=7, **{"as": "base64"})["found"]["places"]
    numbers = struct.unpack("<7f", base64.b64decode(coded["at"]))
    assert numbers == pytest.approx(place["at"], abs=1e-7)


@pytest.mark.parametrize(
    "asked", [{"axes": 10**6}, {"axes": 0}, {"axes": 60_000, "of": ["x"] * 99}]
)
def test_more_than_one_answer_can_hold_is_refused(asked: dict[str, Any]) -> None:
    assert respond(**{"of": "x", **asked}).status == 400


@given(st.text(max_size=50), st.integers(1, 64))
def test_a_vector_has_its_size_and_the_length_one(text: str, size: int) -> None:
    numbers = vector(text, size)
    assert len(numbers) == size
    assert math.hypot(*numbers) == pytest.approx(1, abs=5e-6)


def test_like_texts_have_like_vectors() -> None:
    assert likeness("The weather in Paris", "the weather in paris!") > 0.99
    assert likeness("How do I reset my password?", "My password: how can I reset it?") > 0.6
    assert likeness("cats", "cat") > 0.25
    assert abs(likeness("How do I reset my password?", "Which pasta goes with pesto?")) < 0.15


def test_a_shorter_vector_is_the_beginning_of_a_longer_one() -> None:
    long = vector("a cat on a mat", 64)[:16]
    scale = math.hypot(*long)
    assert vector("a cat on a mat", 16) == pytest.approx([each / scale for each in long], abs=5e-6)
