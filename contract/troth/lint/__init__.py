"""Faults of the document itself, found by general rules: what `troth lint` says.

A rule is a function from a `Survey` to findings; it knows no path, name or field of any
particular document.  Leaves to others: writing findings down (`lint.report`), making an overlay
of what they propose (`lint.mending`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from troth.document import Document
from troth.lint import (
    addresses,
    dependencies,
    endless,
    examples,
    forms,
    keywords,
    official,
    prose,
    ranges,
    relations,
    samples,
    shapes,
    streams,
    structure,
    unions,
    usage,
    words,
)
from troth.lint.findings import CODES, Finding, Fix
from troth.lint.survey import Survey, surveyed

__all__ = ["CODES", "Finding", "Fix", "lint"]

RULES: tuple[Callable[[Survey], Iterator[Finding]], ...] = (
    forms.malformed,
    structure.paths,
    structure.operations,
    structure.path_parameters,
    structure.contents,
    addresses.servers,
    usage.tags,
    usage.components,
    usage.security,
    usage.duplicate_samples,
    keywords.dead_names,
    keywords.unsatisfiable,
    endless.endless,
    keywords.inert,
    keywords.foreign,
    keywords.unreadable,
    keywords.unportable,
    examples.wrong_values,
    unions.overlaps,
    unions.shared,
    prose.limits,
    prose.only_values,
    relations.relations,
    dependencies.dependencies,
    streams.undeclared_streams,
    streams.contradictions,
    samples.wrong_samples,
    shapes.constants,
    shapes.payloads,
    shapes.siblings,
    shapes.open_objects,
    shapes.formats,
    ranges.counts,
    ranges.unbounded,
    words.unknown_extensions,
)


def lint(document: Document) -> tuple[Finding, ...]:
    """Find what is wrong with *document*, in the order of its files and lines, each once."""
    survey = surveyed(document)
    found = [finding for rule in RULES for finding in rule(survey)]
    if not any(finding.code == "malformed" for finding in found):
        # what is not of OpenAPI's form has no meaning that compiling could miss
        found += words.unusable(survey, found)
    found += official.rejected(survey, found)
    distinct = {(finding.code, finding.pointer, finding.message): finding for finding in found}
    return tuple(sorted(distinct.values(), key=_order))


def _order(finding: Finding) -> tuple[str, int, int, str, str, str]:
    place = finding.place
    return (place.file, place.line, place.column, finding.pointer, finding.code, finding.message)
