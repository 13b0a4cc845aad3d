"""The bundled document under lint: as published, as mended by what lint proposes, and in effect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from troth import loading
from troth.document import document, overlay
from troth.document.document import Document
from troth.lint import Diagnostic, lint, report
from troth.lint.diagnostics import actions

GOLDEN = Path(__file__).parents[1] / "golden" / "lint-atoma.txt"
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

POST = "/paths/~1v1~1chat~1completions/post"
S = "/components/schemas"
ASKED = f"{S}/ChatCompletionRequest"
MEMBER = f"{ASKED}/properties"

# What is known to be wrong with the published document, row by row: severity, code, pointers.
KNOWN: list[tuple[str, str, list[str]]] = [
    ("error", "default-invalid", [f"{MEMBER}/stop/default"]),
    (
        "error",
        "example-invalid",
        [
            f"{MEMBER}/stop/example",
            f"{MEMBER}/logit_bias/example",
            f"{S}/ChatCompletionResponse/properties/choices/example",
        ],
    ),
    ("error", "dead-keyword", [f"{MEMBER}/logit_bias/propertyNames"]),
    (
        "warning",
        "prose-constraint",
        [
            f"{MEMBER}/temperature",
            f"{MEMBER}/frequency_penalty",
            f"{MEMBER}/presence_penalty",
            f"{MEMBER}/top_logprobs",
            f"{MEMBER}/logit_bias/additionalProperties",
            f"{MEMBER}/stop",
        ],
    ),
    ("warning", "prose-dependency", [f"{MEMBER}/top_logprobs", f"{MEMBER}/stream_options"]),
    (
        "error",
        "prose-contradiction",
        [f"{S}/CreateChatCompletionRequest/allOf/1/properties/stream"],
    ),
    ("error", "undeclared-member", [ASKED]),
    ("error", "stream-undeclared", [f"{POST}/responses/200"]),
    (
        "warning",
        "response-without-content",
        [f"{POST}/responses/{status}" for status in (400, 401, 500)],
    ),
    ("error", "sample-invalid", [f"{POST}/x-codeSamples/{index}" for index in range(7)]),
    ("info", "shared-union", [f"{S}/ChatCompletionChoice/properties/message"]),
    ("error", "union-overlap", [f"{S}/MessageContentPart/oneOf"]),
    (
        "warning",
        "prose-only-value",
        [
            f"{S}/{name}/properties/type"
            for name in (
                "ToolCall",
                "ChatCompletionToolsParam",
                "ChatCompletionNamedToolChoiceParam",
            )
        ],
    ),
    ("warning", "enum-needs-member", [f"{S}/ResponseFormat"]),
    ("error", "constant-missing", [f"{S}/ChatCompletionResponse/properties/object"]),
    ("warning", "sibling-lacks-members", [f"{S}/ChatCompletionLogProbsContent"]),
    (
        "warning",
        "count-without-minimum",
        [
            f"{S}/CompletionUsage/properties/{name}_tokens"
            for name in ("prompt", "completion", "total")
        ],
    ),
    ("warning", "prose-relation", [f"{S}/CompletionUsage/properties/total_tokens"]),
    (
        "info",
        "unbounded",
        [
            f"{MEMBER}/{name}"
            for name in (
                "messages",
                "n",
                "max_tokens",
                "max_completion_tokens",
                "top_p",
                "model",
            )
        ],
    ),
    ("info", "format-annotation", [""]),
    ("info", "unused-tag", ["/tags"]),
    ("info", "open-objects", [""]),
    ("info", "duplicate-sample", [f"{POST}/x-codeSamples/{index}" for index in (2, 4, 6)]),
]


@pytest.fixture(scope="module")
def published() -> Document:
    source = loading.bundled_document().read_bytes()
    return document.read(source, name="spec/atoma.yaml")


@pytest.fixture(scope="module")
def findings(published: Document) -> tuple[Diagnostic, ...]:
    return lint(published)


def test_the_published_document_has_exactly_the_known_faults(
    findings: tuple[Diagnostic, ...],
) -> None:
    known = {(severity, code, at) for severity, code, pointers in KNOWN for at in pointers}
    assert {(each.severity, each.code, each.pointer) for each in findings} == known
    assert len(findings) == len(known)


def test_the_findings_read_as_the_golden_file_says(findings: tuple[Diagnostic, ...]) -> None:
    assert report.text(findings, file="spec/atoma.yaml") == GOLDEN.read_text(encoding="utf-8")


def test_the_formats_are_counted(findings: tuple[Diagnostic, ...]) -> None:
    (counted,) = [each.message for each in findings if each.code == "format-annotation"]
    assert "14 int32/int64, 6 float/double" in counted


def test_the_document_in_effect_has_no_error_and_no_warning() -> None:
    _, effective = loading.read()
    assert [str(each) for each in lint(effective) if each.severity != "info"] == []


def test_lint_says_the_same_every_time(
    published: Document, findings: tuple[Diagnostic, ...]
) -> None:
    assert lint(published) == findings


def mended(source: Document, found: tuple[Diagnostic, ...]) -> Document:
    text = overlay.write(actions(source, found), title="Proposed")
    return overlay.apply(source, [text.encode()])


def test_what_lint_proposes_applies_and_mends_what_it_is_proposed_for(
    published: Document, findings: tuple[Diagnostic, ...]
) -> None:
    after = lint(mended(published, findings))
    left = {(each.code, each.pointer) for each in after}
    assert [each for each in findings if each.fix and (each.code, each.pointer) in left] == []
    # and breaks nothing that was whole
    before = {(each.code, each.pointer) for each in findings}
    assert left <= before


#: To lint larger documents twice takes longer than all others together (GitHub's alone more than a
#: minute), and the whole suite has five minutes on two cores.
LARGE = 300_000


def corpus() -> Iterator[Path]:
    if CORPUS.is_dir():
        yield from sorted(path for path in CORPUS.iterdir() if path.suffix in (".yaml", ".json"))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of other documents is not here")
def test_what_lint_proposes_for_other_documents_applies_and_mends_too() -> None:
    for file in corpus():
        if file.stat().st_size > LARGE:
            continue
        source = document.read(file)
        found = lint(source)
        if not any(each.fix for each in found):
            continue
        left = {(each.code, each.pointer) for each in lint(mended(source, found))}
        unmended = [each for each in found if each.fix and (each.code, each.pointer) in left]
        assert unmended == [], file.name


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of other documents is not here")
@pytest.mark.parametrize(
    "name",
    [
        "media-type-examples-32.yaml",
        "museum-31.yaml",
        "petstore-expanded-30.yaml",
        "webhook-31.yaml",
    ],
)
def test_a_clean_document_has_no_error(name: str) -> None:
    found = lint(document.read(CORPUS / name))
    assert [str(each) for each in found if each.severity == "error"] == []
