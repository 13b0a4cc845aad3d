"""Faults of the document itself, found by general rules: what `troth lint` says.

A rule is a function from a `Survey` to findings; it knows no path, name or field of any
particular document.  Leaves to others: writing findings down (`lint.report`), making an overlay
of what they propose (`lint.mending`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from troth.document.document import Document
from troth.lint import (
    code_samples,
    dependencies,
    examples,
    keywords,
    metaschema,
    paths,
    prose,
    ranges,
    recursion,
    relations,
    server_urls,
    shapes,
    streams,
    unions,
    unknown_extensions,
    usage,
)
from troth.lint import structure as forms
from troth.lint.findings import CODES, Finding, Fix
from troth.lint.survey import Survey, surveyed

__all__ = ["CODES", "Finding", "Fix", "lint"]

RULES: tuple[Callable[[Survey], Iterator[Finding]], ...] = (
    forms.malformed,
    paths.paths,
    paths.operations,
    paths.path_parameters,
    paths.contents,
    server_urls.servers,
    usage.tags,
    usage.components,
    usage.security,
    usage.duplicate_samples,
    keywords.dead_names,
    keywords.unsatisfiable,
    recursion.endless,
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
    code_samples.wrong_samples,
    shapes.constants,
    shapes.payloads,
    shapes.siblings,
    shapes.open_objects,
    shapes.formats,
    ranges.counts,
    ranges.unbounded,
    unknown_extensions.unknown_extensions,
)


def lint(document: Document) -> tuple[Finding, ...]:
    """Find what is wrong with *document*, in the order of its files and lines, each once."""
    survey = surveyed(document)
    found = [finding for rule in RULES for finding in rule(survey)]
    if not any(finding.code == "malformed" for finding in found):
        # what is not of OpenAPI's form has no meaning that compiling could miss
        found += unknown_extensions.unusable(survey, found)
    found += metaschema.rejected(survey, found)
    distinct = {(finding.code, finding.pointer, finding.message): finding for finding in found}
    return tuple(sorted(distinct.values(), key=_order))


def _order(finding: Finding) -> tuple[str, int, int, str, str, str]:
    place = finding.place
    return (place.file, place.line, place.column, finding.pointer, finding.code, finding.message)
