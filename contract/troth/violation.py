"""A broken rule of an exchange, as a value, and the codes that name the rules.

A violation's `code` is public and stable: `LOCATION.RULE`, kebab-case, where the rule is a JSON
Schema keyword (`request-body.required`) or one of troth's own words (`response.status-undeclared`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from troth.errors import Place

Severity = Literal["error", "warning", "hint"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that one exchange broke (or, of severity `hint`, a likely slip).

    *operation* is `METHOD /path/template`; *location* is where in the exchange, by what its
    code begins with (`request-query`, `response-body` …; a law's and a transport's has its own);
    *instance_pointer* points into that location's value; *schema_pointer* into the document, and
    *place* is its file and line.  *message* says what was found and what was expected, without the
    pointers.  *law* is the id of the law that was broken; *rule* the code of the rule that a
    request broke and that the server let pass; of an exception, where it was raised.
    """

    code: str
    operation: str
    location: str
    message: str
    instance_pointer: str = ""
    schema_pointer: str = ""
    place: Place | None = None
    severity: Severity = "error"
    status: int | None = None
    content_type: str | None = None
    law: str | None = None
    rule: str | None = None

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes two violations the same finding: the rule, not the instance."""
        return (self.code, self.operation, self.schema_pointer, self.law or "", self.rule or "")

    def __str__(self) -> str:
        head = "  ".join(
            str(part)
            for part in (self.code, self.operation, self.status, self.content_type)
            if part
        )
        place = f"{self.place} " if self.place else ""
        by = f"\n  by  {place}#{self.schema_pointer}" if self.schema_pointer else ""
        return f"{head}\n  at  {self.instance_pointer or '/'}  {self.message}{by}"
