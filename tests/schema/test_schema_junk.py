"""Whatever stands where a schema should: a fault of the document, and never a crash of ours."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from troth.document import document
from troth.errors import SpecError
from troth.generation.witnesses import witness
from troth.schema import proofs
from troth.schema.schema import Schemas
from troth.schema.untrusted_schema import UnusableSchema, embedded

ROOT = document.read(Path(__file__).parents[2] / "spec" / "atoma.yaml").root
REQUEST = "/components/schemas/CreateChatCompletionRequest"
BROKEN = {
    "model": 5,
    "messages": [{"role": "developer"}, {"role": "tool", "content": [{"type": "text"}]}, 5, {}],
    "tools": [{"type": "function", "function": {"nam": "f"}}],
    "temperature": "x",
    "logit_bias": {"5": 1},
    "tool_choice": {"type": 5},
}
KEYWORDS = st.sampled_from(
    [
        "oneOf",
        "anyOf",
        "allOf",
        "not",
        "if",
        "then",
        "properties",
        "required",
        "enum",
        "const",
        "items",
        "prefixItems",
        "format",
        "type",
        "nullable",
        "discriminator",
        "$id",
        "$anchor",
        "$ref",
        "contentSchema",
        "patternProperties",
        "propertyNames",
        "dependentRequired",
        "exclusiveMinimum",
        "additionalProperties",
        "pattern",
    ]
)
JUNK = st.sampled_from(
    [None, 5, -1, 1.5, "x", "[", "#/nope", [], [1], {}, {"a": []}, True, {"type": "null"}]
)


@dataclass(frozen=True)
class Written:
    root: Any
    openapi: str

    def place(self, pointer):
        return None


def dicts(node):
    if isinstance(node, dict):
        yield node
    for inner in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from dicts(inner)


@given(
    where=st.lists(st.integers(0, 10_000), min_size=1, max_size=3),
    keyword=KEYWORDS,
    junk=JUNK,
    openapi=st.sampled_from(["3.0.3", "3.1.0", "3.2.0"]),
)
@example(where=[1], keyword="if", junk="x", openapi="3.1.0")
@example(where=[1], keyword="if", junk=None, openapi="3.1.0")
def test_junk_in_a_schema_is_a_fault_of_the_document_or_a_schema(where, keyword, junk, openapi):
    root = copy.deepcopy(ROOT)
    nodes = list(dicts(root["components"]["schemas"]))
    for index in where:
        nodes[index % len(nodes)][keyword] = copy.deepcopy(junk)

    try:
        schemas = Schemas(Written(root, openapi))
        schema = schemas.at(REQUEST)
    except SpecError:
        return
    found = schema.errors(BROKEN)
    assert schema.is_valid(BROKEN) is (not found)
    schema.hints(BROKEN)
    list(schemas.faults())
    proofs.unsatisfiable_parts(schemas, REQUEST)
    shown = witness(schemas, REQUEST)
    assert shown is None or schema.is_valid(shown.instance)


@given(keyword=KEYWORDS, junk=JUNK, beside=KEYWORDS, other=JUNK)
@settings(max_examples=100)
def test_junk_from_a_stranger_is_unusable_or_a_schema(keyword, junk, beside, other):
    written = {"properties": {"a": {keyword: junk}}, beside: other}

    try:
        schema = embedded(written)
    except UnusableSchema:
        return
    assert schema.is_valid({"a": 1}) is (not schema.errors({"a": 1}))
