"""Building the violations of one location of one exchange, so that callers say the rest once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.errors import Place
from troth.openapi.operation import Operation
from troth.schema.schema import Schema
from troth.violation import Severity, Violation


class Teller:
    """What the violations of one location share; calling it makes one of them."""

    def __init__(
        self,
        operation: Operation,
        schema_pointer: str,
        place: Place | None,
        *,
        status: int | None = None,
        content_type: str | None = None,
    ) -> None:
        self._operation = operation
        self._pointer = schema_pointer
        self._place = place
        self._status = status
        self._content_type = content_type

    def __call__(
        self,
        code: str,
        message: str,
        *,
        at: str = "",
        schema: str | None = None,
        place: Place | None = None,
        severity: Severity = "error",
        law: str | None = None,
    ) -> Violation:
        """One violation; what is not given is what the location's share."""
        return Violation(
            code=code,
            operation=self._operation.name,
            location=code.partition(".")[0],
            message=message,
            instance_pointer=at,
            schema_pointer=self._pointer if schema is None else schema,
            place=place or self._place,
            severity=severity,
            status=self._status,
            content_type=self._content_type,
            law=law,
        )

    def mismatches(
        self, location: str, schema: Schema, value: Any, *, at: str = ""
    ) -> Iterator[Violation]:
        """A violation for each way in which *value*, found at *at*, departs from *schema*."""
        for mismatch in schema.errors(value):
            yield self(
                f"{location}.{mismatch.keyword}",
                mismatch.message,
                at=at + mismatch.instance_pointer,
                schema=mismatch.schema_pointer,
                place=mismatch.place,
            )
