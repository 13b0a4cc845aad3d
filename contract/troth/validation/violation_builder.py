"""Building violations: what those of one object of the document share is said once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from troth.errors import Place
from troth.openapi.operation import Operation
from troth.schema.schema import Schema
from troth.violation import Severity, Violation


@dataclass(slots=True)
class ViolationBuilder:
    """Builds violations of the object at *pointer* of the document.

    *at* is the pointer, into the location's value, of what the object describes.  Places are
    looked up only for what is told, since that costs more than finding nothing to tell.
    """

    operation: Operation
    pointer: str
    at: str = ""
    status: int | None = None
    content_type: str | None = None
    tells_place: bool = True

    def violation(
        self,
        code: str,
        message: str,
        *,
        at: str = "",
        schema_pointer: str | None = None,
        place: Place | None = None,
        severity: Severity = "error",
        law: str | None = None,
    ) -> Violation:
        """One violation; its location is what *code* begins with.

        *at* is below the builder's; without *schema_pointer* it is the object itself that is
        broken, and without *place* that of the object is told.
        """
        return Violation(
            code=code,
            operation=self.operation.name,
            location=code.partition(".")[0],
            message=message,
            instance_pointer=self.at + at,
            schema_pointer=self.pointer if schema_pointer is None else schema_pointer,
            place=place or self._place(),
            severity=severity,
            status=self.status,
            content_type=self.content_type,
            law=law,
        )

    def mismatches(
        self, location: str, schema: Schema, value: Any, *, at: str = ""
    ) -> Iterable[Violation]:
        """A violation for each way in which *value*, found at *at*, departs from *schema*."""
        # no generator is made for a value that conforms, as most do
        return () if schema.is_valid(value) else self._mismatches(location, schema, value, at)

    def _mismatches(
        self, location: str, schema: Schema, value: Any, at: str
    ) -> Iterator[Violation]:
        for mismatch in schema.errors(value):
            yield self.violation(
                f"{location}.{mismatch.keyword}",
                mismatch.message,
                at=at + mismatch.instance_pointer,
                schema_pointer=mismatch.schema_pointer,
                place=mismatch.place,
            )

    def _place(self) -> Place | None:
        document = self.operation.document
        return document.place(self.pointer) if document and self.tells_place else None
