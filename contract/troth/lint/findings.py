"""What lint says: a finding, its code and severity, and the overlay action that would mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from troth.errors import Place

Severity = Literal["error", "warning", "info"]

#: Every code, with its severity.  The words are public and stable; docs/LINT.md explains each.
CODES: dict[str, Severity] = {
    "ambiguous-path": "error",
    "bad-pattern": "error",
    "bad-schema": "error",
    "constant-missing": "error",
    "count-without-minimum": "warning",
    "dead-keyword": "error",
    "default-invalid": "error",
    "default-undecided": "info",
    "duplicate-operation-id": "error",
    "duplicate-sample": "info",
    "enum-needs-member": "warning",
    "example-invalid": "error",
    "example-undeclared-member": "warning",
    "example-undecided": "info",
    "foreign-keyword": "warning",
    "format-annotation": "info",
    "inert-keyword": "warning",
    "operation-without-id": "warning",
    "operation-without-success": "warning",
    "malformed": "error",
    "open-objects": "info",
    "path-parameter-undeclared": "error",
    "path-parameter-unused": "error",
    "path-without-slash": "error",
    "prose-constraint": "warning",
    "prose-contradiction": "error",
    "prose-dependency": "warning",
    "prose-mismatch": "warning",
    "prose-only-value": "warning",
    "prose-relation": "warning",
    "response-without-content": "warning",
    "sample-invalid": "error",
    "shared-union": "info",
    "sibling-lacks-members": "warning",
    "stream-undeclared": "error",
    "success-without-content": "info",
    "unbounded": "info",
    "undeclared-member": "error",
    "undeclared-tag": "info",
    "union-overlap": "error",
    "unknown-extension": "error",
    "unknown-security-scheme": "error",
    "unportable-pattern": "error",
    "unsatisfiable": "error",
    "unusable": "error",
    "unused-component": "info",
    "unused-tag": "info",
}


@dataclass(frozen=True, slots=True)
class Fix:
    """One proposed change: set the node at *pointer* to *value*, merge it in, or remove the node.

    `replace` takes the place of what is there (an overlay can only merge, so that is written as a
    removal and an update); `merge` adds members to an object; `append` adds items to an array
    member, making it when there is none.
    """

    kind: Literal["replace", "merge", "remove"]
    pointer: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of the document: what is wrong, where, and how it could be mended.

    *message* is one sentence without the place.  *fix* is empty when the document does not say
    what was meant.
    """

    severity: Severity
    code: str
    message: str
    pointer: str
    place: Place
    fix: tuple[Fix, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.place}: {self.severity} [{self.code}] {self.message} (#{self.pointer})"
