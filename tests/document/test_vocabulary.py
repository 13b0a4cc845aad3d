"""The fields that troth reads: where they stand, what they hold, and what a typo is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from troth.document import document, overlay, vocabulary

SPEC = Path(__file__).parents[2] / "spec"


def operation(**members: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {}, "paths": {"/a": {"post": members}}}


def test_the_bundled_document_uses_the_vocabulary_well() -> None:
    bundled = overlay.apply(document.read(SPEC / "atoma.yaml"), [SPEC / "atoma.overlay.yaml"])
    assert vocabulary.check(bundled.root) == []


def test_every_field_is_documented_for_authors() -> None:
    text = (SPEC / "README.md").read_text(encoding="utf-8")
    for name in vocabulary.EXTENSIONS:
        assert f"`{name}`" in text
    for name in re.findall(r"`(x-troth-[a-z-]+[a-z])`", text):
        assert name in vocabulary.EXTENSIONS


def test_the_members_of_a_resource_are_documented_for_authors_and_no_others() -> None:
    text = (SPEC / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## x-troth-resource\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", section, re.M)
    properties = vocabulary.EXTENSIONS["x-troth-resource"].schema["properties"]
    assert re.findall(r"`([a-z-]+)`", " ".join(rows)) == list(properties)
    listing = next(line for line in section.splitlines() if line.startswith("| `listing`"))
    assert set(properties["listing"]["properties"]) <= set(re.findall(r"`([a-z-]+)`", listing))


def test_the_parts_of_a_chat_completion_are_documented_for_authors_and_no_others() -> None:
    text = (SPEC / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## x-troth-completion\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", section, re.M))
    properties = vocabulary.EXTENSIONS["x-troth-completion"].schema["properties"]
    assert list(rows) == list(properties)
    for name in ("request", "response", "choice", "usage"):
        parts = re.findall("`([a-z-]+)`", rows[name])
        assert sorted(parts) == sorted(properties[name]["properties"])


def test_an_unknown_field_is_told_the_nearest_one() -> None:
    found = vocabulary.check(operation(**{"x-troth-lawz": [], "x-other": 1}))
    assert found == [
        (
            "/paths/~1a/post/x-troth-lawz",
            "troth knows no field 'x-troth-lawz'; did you mean 'x-troth-laws'?",
        )
    ]


@pytest.mark.parametrize("side", ["info", "externalDocs"])
def test_a_field_on_an_object_that_holds_none_is_seen(side: str) -> None:
    found = vocabulary.check({"openapi": "3.1.0", side: {"x-troth-when": "true"}})
    assert found == [
        (
            f"/{side}/x-troth-when",
            "'x-troth-when' has no effect here: it stands in a Media Type Object",
        )
    ]


def test_fields_in_lists_and_at_the_root_are_seen() -> None:
    found = vocabulary.check(
        {"x-troth-costs": 1, "tags": [{}, {"x-troth-x": 1}], "x-troth-bundled": {"a": 1}}
    )
    assert [at for at, _ in found] == ["/x-troth-costs", "/tags/1/x-troth-x"]


def test_data_that_looks_like_a_field_is_left_alone() -> None:
    schema = {
        "properties": {"x-troth-when": {"type": "string"}},
        "example": {"x-troth-zzz": 1},
        "x-troth-costs": 3,
    }
    body = {"content": {"application/json": {"schema": schema}}}
    assert vocabulary.check(operation(requestBody=body)) == []


@pytest.mark.parametrize(
    ("name", "value", "faults"),
    [
        ("x-troth-when", "request.n == 1", []),
        ("x-troth-when", " ", [("", '" " does not match "\\S" (in x-troth-when)')]),
        ("x-troth-when", True, [("", 'true is not of type "string" (in x-troth-when)')]),
        ("x-speakeasy-sse-sentinel", "[DONE]", []),
        ("x-troth-costs", "8", [("", '"8" is not of type "number" (in x-troth-costs)')]),
        ("x-troth-laws", [{"id": "a", "says": "b", "message": "c", "holds": "d"}], []),
        (
            "x-troth-laws",
            [{"id": "a", "say": "b", "message": "c", "holds": "d"}],
            [
                ("/0", '"says" is a required property (in x-troth-laws)'),
                ("/0/say", "'say' means nothing in x-troth-laws (did you mean 'says'?)"),
            ],
        ),
        (
            "x-troth-assembly",
            {"body": "a/b", "members": {"c": {"members": {"d": {"drop_key": True}}}}},
            [
                (
                    "/members/c/members/d/drop_key",
                    "'drop_key' means nothing in x-troth-assembly (did you mean 'drop-key'?)",
                )
            ],
        ),
        (
            "x-troth-completion",
            {"dialect": "chat", "response": {"choices": "choices"}, "choice": {"content": "/c"}},
            [
                (
                    "/response/choices",
                    '"choices" does not match "^(/([^~/]|~[01])*)*$" (in x-troth-completion)',
                )
            ],
        ),
        (
            "x-troth-completion",
            {
                "dialect": "chat",
                "request": {"message": "/m"},
                "response": {"choices": "/c"},
                "choice": {"content": "/c"},
            },
            [
                (
                    "/request/message",
                    "'message' means nothing in x-troth-completion (did you mean 'messages'?)",
                )
            ],
        ),
    ],
)
def test_the_value_of_a_field_has_a_schema(name: str, value: Any, faults: Any) -> None:
    assert list(vocabulary.misfits(name, value)) == faults
