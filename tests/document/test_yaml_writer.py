"""Writing: whatever is written is read back, by its place too."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from troth.document.document import read
from troth.document.yaml_writer import dump_json, dump_yaml

ROOT = Path(__file__).parents[2]


CORPUS = ROOT.parent / "shared" / "corpus"
#: Of what is larger, some is written.
LARGE = 1_000_000


def sampled(root: dict[str, Any]) -> dict[str, Any]:
    """*root* with some of its paths and schemas, from all over it."""
    components = root["components"]
    schemas = dict(islice(components["schemas"].items(), 0, None, 8))
    paths = dict(islice(root["paths"].items(), 0, None, 8))
    return {**root, "paths": paths, "components": {**components, "schemas": schemas}}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of other projects' documents is absent")
@pytest.mark.parametrize(
    "name",
    [
        "atoma-proxy-full-with-streams.yml",
        "media-type-examples-32.yaml",
        "museum-31.yaml",
        "openai.yaml",
        "parameters-style-31.json",
        "petstore-expanded-30.yaml",
        "polymorphism-30.yaml",
        "schema-circular-30.json",
        "webhook-31.yaml",
    ],
)
def test_real_documents_load_and_survive_being_written(name: str) -> None:
    document = read(CORPUS / name)
    if (CORPUS / name).stat().st_size > LARGE:
        document = read(json.dumps(sampled(document.root)).encode(), name="sampled.json")
    again = read(dump_yaml(document.root).encode(), name="again.yaml")
    assert json.dumps(again.root) == json.dumps(document.root)
    assert again.digest == document.digest


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.from_regex(r"\A[-+.0-9eExo:_~ntfyNTFY#'\"|>%@!&*{}\[\], \n]{1,9}\Z")
)


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@settings(max_examples=100)
@given(VALUES)
@example("a\n")
@example("a\n\n")
@example("\n")
@example(" a\nb")
@example("a\n  b \n\n c")
@example("a\n\tb")
@example("\u2028\n\x85")
@example({"k" * 2000: {"a": [[1], {"b": []}]}, "multi\nline": "\ufeff"})
def test_whatever_is_written_is_read_back(value: Any) -> None:
    root = {"openapi": "3.1.0", "x-value": value}
    for text, name in ((dump_yaml(root), "a.yaml"), (dump_json(root), "a.json")):
        again = read(text.encode(), name=name).root
        assert json.dumps(again) == json.dumps(root)


@given(VALUES)
def test_every_node_has_the_place_where_its_text_starts(value: Any) -> None:
    root = {"openapi": "3.1.0", "x-value": {"mark": value}}
    for text, name in ((dump_yaml(root), "a.yaml"), (dump_json(root), "a.json")):
        place = read(text.encode(), name=name).place("/x-value/mark")
        assert place is not None
        line = text.split("\n")[place.line - 1][place.column - 1 :]
        assert line.lstrip('"').startswith("mark")
