"""Faults of the document itself, found by general rules: what `troth lint` says.

A rule is a function from a `Survey` of the document (its objects, what refers to what, who uses
what) to `Diagnostic`s (a code, a sentence, the overlay actions that mend).  It knows no path, name
or field of any particular document.  A new rule is a function in the module of its family and a
line in `RULES`; a new code stands in `diagnostics` and in docs/LINT.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from troth.document.document import Document
from troth.lint import (
    examples,
    keywords,
    metaschema,
    operations,
    prose,
    shapes,
    streams,
    structure,
    unions,
)
from troth.lint.diagnostics import CODES, Diagnostic, Fix
from troth.lint.ignores import Ignored, settle
from troth.lint.survey import Survey, survey_of

__all__ = ["CODES", "Diagnostic", "Fix", "Ignored", "lint"]

RULES: tuple[Callable[[Survey], Iterator[Diagnostic]], ...] = (
    structure.not_understood,
    structure.malformed,
    structure.unknown_extensions,
    structure.unmet_resources,
    operations.paths,
    operations.operations,
    operations.path_parameters,
    operations.contents,
    operations.servers,
    operations.tags,
    operations.components,
    operations.security,
    keywords.dead_names,
    keywords.unsatisfiable,
    keywords.endless,
    keywords.inert,
    keywords.foreign,
    keywords.unreadable,
    keywords.delimited,
    keywords.unportable,
    examples.wrong_values,
    examples.wrong_samples,
    examples.duplicate_samples,
    unions.overlaps,
    unions.shared,
    unions.mappings,
    prose.limits,
    prose.only_values,
    prose.relations,
    prose.dependencies,
    prose.counts,
    prose.unbounded,
    streams.undeclared_streams,
    streams.contradictions,
    shapes.constants,
    shapes.payloads,
    shapes.siblings,
    shapes.open_objects,
    shapes.formats,
)


def lint(document: Document, *, ignored: Sequence[Ignored] = ()) -> tuple[Diagnostic, ...]:
    """Find what is wrong with *document*, in the order of its files and lines, each once.

    What *ignored* and the document's own `x-troth-ignore` settle is left out or counts for less.
    """
    survey = survey_of(document)
    diagnostics = [diagnostic for rule in RULES for diagnostic in rule(survey)]
    diagnostics += structure.unusable(survey, diagnostics)
    diagnostics += metaschema.rejected(survey, diagnostics)
    distinct = {(each.code, each.pointer, each.message): each for each in diagnostics}
    return tuple(sorted(settle(survey, tuple(distinct.values()), ignored), key=_order))


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, str, str, str]:
    place = diagnostic.place
    return (
        place.file,
        place.line,
        place.column,
        diagnostic.pointer,
        diagnostic.code,
        diagnostic.message,
    )
