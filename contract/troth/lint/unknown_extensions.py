"""Troth's own words in a document: misspelt, misplaced, or without a meaning."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from troth.document import vocabulary
from troth.errors import SpecError
from troth.lint.findings import Finding
from troth.lint.survey import Survey
from troth.openapi import reader


def unknown_extensions(survey: Survey) -> Iterator[Finding]:
    """Find words in troth's own namespace that it does not know, or that say it wrongly."""
    for pointer, sentence in vocabulary.check(survey.document.root):
        said = sentence[:1].upper() + sentence[1:]
        yield survey.finding("unknown-extension", pointer, said.rstrip(".") + ".")


def unusable(survey: Survey, found: Collection[Finding]) -> Iterator[Finding]:
    """Find what keeps troth from compiling the document, unless a finding says it already.

    A law may be no expression of CEL, or have the name of another.
    """
    try:
        reader.compile(survey.document)
    except SpecError as fault:
        said = [each.pointer for each in found if each.severity == "error" and each.pointer]
        if not any((fault.pointer + "/").startswith(pointer + "/") for pointer in said):
            sentence = " ".join(fault.fault.split())
            yield survey.finding("unusable", fault.pointer, f"Troth cannot use this: {sentence}.")
