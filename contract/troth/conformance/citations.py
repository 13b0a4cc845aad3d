"""The words of the document that a finding is about: the lines around the rule that was broken.

Kept with the finding, since a report may be made when the document has changed or is elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from troth import loading
from troth import pointer as pointers
from troth.conformance.events import Citation, Finding
from troth.openapi.contract import Contract
from troth.violation import Violation

#: So many lines are shown before the rule, and so many after it.
_BEFORE, _AFTER = 3, 6
_LONGEST = 160
_LARGEST_VALUE = 4000


class Citations:
    """Cites *contract*'s document, whose files are read when they are first cited."""

    def __init__(self, contract: Contract) -> None:
        self._document = contract.document
        self._lines = cache(self._read)
        self._known: Mapping[str, Path] = {
            f"spec/{file.name}": file
            for file in (loading.bundled_document(), *loading.shipped_overlays().values())
        }

    def cited(self, finding: Finding) -> Finding:
        """*finding* with the words of the document that it is about, where there are any."""
        if finding.citation is not None or finding.violation.place is None:
            return finding
        return replace(finding, citation=self.of(finding.violation))

    def of(self, violation: Violation) -> Citation | None:
        """The words of the document that *violation* is about, where there are any."""
        place = violation.place
        if place is None:
            return None
        lines = self._lines(place.file)
        if place.line > len(lines) or len(lines[place.line - 1]) > _LONGEST:
            # there is no such file any more, or it has no lines to speak of
            return self._value(violation.schema_pointer)
        first = max(1, place.line - _BEFORE)
        shown = [line[:_LONGEST] for line in lines[first - 1 : place.line + _AFTER]]
        return Citation(tuple(_dedented(shown)), first, place.line)

    def _read(self, file: str) -> tuple[str, ...]:
        document = self._document
        near = [document.path.parent / file] if document.path else []
        own = [document.path] if document.path and file == document.file else []
        known = [self._known[file]] if file in self._known else []
        for path in (*own, *known, Path(file), *near):
            try:
                return tuple(path.read_text(encoding="utf-8-sig").splitlines())
            except (OSError, ValueError):
                continue
        return ()

    def _value(self, pointer: str) -> Citation | None:
        """What stands at *pointer*, laid out."""
        try:
            value = pointers.resolve(self._document.root, pointer)
        except (KeyError, ValueError):
            return None
        name = (pointers.split(pointer) or ("",))[-1]
        text = f"{json.dumps(name)}: {json.dumps(value, indent=2, ensure_ascii=False)}"
        lines = text[:_LARGEST_VALUE].splitlines()[: _BEFORE + _AFTER + 1]
        return Citation(tuple(line[:_LONGEST] for line in lines))


def _dedented(lines: list[str]) -> list[str]:
    """*lines* without the indentation that all of them have."""
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    return [line[min(indents, default=0) :].rstrip() for line in lines]
