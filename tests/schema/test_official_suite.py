"""The official tests of JSON Schema 2020-12, by troth's own way from a document to a verdict.

Left out: what needs the suite's own server (nothing is ever fetched), and `format.json`, where
formats are annotations (here they are asserted, by choice: docs/VALIDATION.md).
"""

import json
from pathlib import Path

import pytest

from troth.document import document
from troth.schema.schema import Schemas

SUITE = Path(__file__).parents[3] / "shared" / "json-schema-suite" / "tests" / "draft2020-12"
#: What is in `optional/` for good reasons: a `$id` in what is no schema counts here.
KNOWN = {"$id inside an unknown keyword is not a real identifier"}

pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason="the official suite is not here")


def groups(*files):
    for file in files:
        for group in json.loads(file.read_text(encoding="utf-8")):
            if "localhost:1234" not in json.dumps(group):
                yield file, group


def wrong(group):
    """What troth says otherwise than the suite."""
    schema = group["schema"]
    if isinstance(schema, dict):
        # in a document '#' is the document
        schema = {"$id": "https://suite.example/schema", **schema}
    root = {"openapi": "3.1.0", "components": {"schemas": {"It": schema}}}
    read = document.read(json.dumps(root).encode(), name="it.json")
    it = Schemas(read).at("/components/schemas/It")
    tests = group["tests"]
    return [
        *map(str, read.faults),
        *(test["description"] for test in tests if it.is_valid(test["data"]) != test["valid"]),
        *(test["description"] for test in tests if bool(it.errors(test["data"])) == test["valid"]),
    ]


def test_every_verdict_of_the_suite_is_ours():
    files = [file for file in sorted(SUITE.glob("*.json")) if file.name != "format.json"]
    count, differing = 0, []
    for file, group in groups(*files):
        count += len(group["tests"])
        differing += [(file.name, group["description"], each) for each in wrong(group)]
    assert differing == []
    assert count == 1109


def test_so_is_every_verdict_on_formats_and_what_is_optional():
    optional = sorted((SUITE / "optional").glob("*.json"))
    files = [*optional, *sorted((SUITE / "optional" / "format").glob("*.json"))]
    count, differing = 0, []
    for file, group in groups(*files):
        count += len(group["tests"])
        if group["description"] not in KNOWN:
            differing += [(file.name, group["description"], each) for each in wrong(group)]
    assert differing == []
    assert count > 900
