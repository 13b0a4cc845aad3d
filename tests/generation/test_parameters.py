"""Parameters of any schema, in any style: what is drawn conforms, and the mock answers it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from troth.document import document
from troth.generation import requests
from troth.generation.source import Seeded, Unsatisfiable
from troth.http.exchange import Exchange
from troth.openapi import reader
from troth.openapi.operation import STYLES
from troth.seed import Seed
from troth.validation import validator
from troth_mock.responding.responder import Responder

SCALARS: list[Any] = [
    {"type": "integer", "minimum": 5},
    {"type": "number"},
    {"type": "boolean"},
    {"type": "string", "minLength": 3},
    {"type": "string", "format": "date-time"},
    {"type": "string", "pattern": "^[a-z.|]{2,4}$"},
    {"enum": ["a", "b,c", "d e"]},
    {"const": True},
    {"type": ["integer", "null"]},
    {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
    {"allOf": [{"type": "string"}, {"maxLength": 4}]},
    {},
]
NAMES = ["a", "b", "x-y", "e.f"]


def structures(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    kind = {"type": st.just("object")}
    members = st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=3)
    required = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)
    objects = st.fixed_dictionaries({"properties": members, "required": required}, optional=kind)
    arrays = st.fixed_dictionaries(
        {"items": inner}, optional={"type": st.just("array"), "minItems": st.integers(1, 2)}
    )
    branches = st.lists(inner, min_size=2, max_size=2)
    return objects | arrays | st.builds(lambda two: {"anyOf": two}, branches)


SCHEMAS = st.recursive(st.sampled_from(SCALARS), structures, max_leaves=4)
#: Each style in each location that may have it.
PLACES = [(where, name) for name, style in STYLES.items() for where in style.locations]


@st.composite
def declared(draw: st.DrawFn, name: str) -> dict[str, Any]:
    where, style = draw(st.sampled_from(PLACES))
    parameter = {"name": name, "in": where, "required": where == "path" or draw(st.booleans())}
    schema = draw(SCHEMAS)
    if draw(st.integers(0, 7)) == 7:
        return {**parameter, "content": {"application/json": {"schema": schema}}}
    more = {"allowReserved": draw(st.booleans())} if where == "query" else {}
    return {**parameter, "schema": schema, "style": style, "explode": draw(st.booleans()), **more}


@given(first=declared("p"), second=declared("q"), number=st.integers(0, 9))
def test_what_is_drawn_conforms_whatever_the_parameters_are(
    first: dict[str, Any], second: dict[str, Any], number: int
) -> None:
    both = (first, second)
    path = "/x" + "".join(f"/{{{each['name']}}}" for each in both if each["in"] == "path")
    get = {"parameters": both, "responses": {"200": {"description": "ok"}}}
    root = {
        "openapi": "3.2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {path: {"get": get}},
    }
    contract = reader.compile(document.read(json.dumps(root).encode(), name="t.json"))
    try:
        request = requests.request(contract, contract.operations[0], Seeded(Seed.of(number)))
    except Unsatisfiable:
        return  # of a union of what no text says, or of what is no schema of any value
    assert validator.validate(contract, Exchange(request)) == ()
    assert Responder(contract).respond(request, now=0).status == 200
