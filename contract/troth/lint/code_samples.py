"""Code samples that would send a request which the document rejects."""

from __future__ import annotations

from collections.abc import Iterator

from troth import pointer as pointers
from troth.errors import SpecError
from troth.http import media_type
from troth.lint.findings import Finding
from troth.lint.survey import Survey
from troth.lint.walk import Node
from troth.openapi.code_samples import requests_in
from troth.schema.schema import Mismatch

_WORDS = ("x-codeSamples", "x-code-samples")
# What a sample in these languages shows is the body itself; in any other an SDK may add members.
_VERBATIM = frozenset({"json", "shell", "bash", "sh", "curl", "zsh", "console", "http"})


def wrong_samples(survey: Survey) -> Iterator[Finding]:
    """Validate the request of every code sample against its operation's body."""
    for operation in survey.of("operation"):
        schema = _body_schema(survey, operation)
        if schema is None:
            continue
        members = _members(survey, schema)
        for word in _WORDS:
            for index, sample in enumerate(operation[word] or ()):
                if isinstance(sample, dict):
                    at = pointers.join(operation.pointer, word, index)
                    yield from _wrong(survey, at, sample, schema, members)


def _wrong(
    survey: Survey, at: str, sample: dict[str, object], schema: Node, members: set[str]
) -> Iterator[Finding]:
    language = str(sample.get("lang", "")).lower()
    for request in requests_in(sample, members=members):
        try:
            found = survey.schemas.at(schema.pointer).errors(request)
        except (SpecError, ValueError):
            return
        wrong = [each for each in found if language in _VERBATIM or not _left_to_sdk(each)]
        if wrong:
            label = sample.get("label")
            name = " ".join(str(word) for word in (language, label) if word)
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            message = wrong[0].message.rstrip(".")
            yield survey.finding(
                "sample-invalid",
                at,
                f"The code sample ({name}) sends what the schema rejects: "
                f"{wrong[0].instance_pointer or 'the body'}: {message}{more}.",
            )
            return


def _left_to_sdk(mismatch: Mismatch) -> bool:
    return mismatch.keyword == "required" and mismatch.instance_pointer == ""


def _body_schema(survey: Survey, operation: Node) -> Node | None:
    written = survey.child(operation, "requestBody")
    body = survey.resolve(written) if written else None
    for content in survey.children(body, "content") if body else ():
        if media_type.is_json(content.name):
            return survey.child(content, "schema")
    return None


def _members(survey: Survey, schema: Node) -> set[str]:
    names: set[str] = set()
    for part in survey.conjuncts(schema):
        names.update(part["properties"] or ())
        names |= survey.declared(part)
    return names
