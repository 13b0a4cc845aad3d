"""Members that begin with `x-troth-` and are none of troth's words: most likely a typo."""

from __future__ import annotations

from collections.abc import Iterator

from troth import vocabulary
from troth.lint.findings import Finding
from troth.lint.survey import Survey


def unknown_extensions(survey: Survey) -> Iterator[Finding]:
    """Find words in troth's own namespace that it does not know, or that say it wrongly."""
    for pointer, sentence in vocabulary.check(survey.document.root):
        said = sentence[:1].upper() + sentence[1:]
        yield survey.finding("unknown-extension", pointer, said.rstrip(".") + ".")
