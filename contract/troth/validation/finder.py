"""Violations of the parts of a request that are not its JSON body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from troth.errors import Place
from troth.openapi.operation import MediaType, Operation, Parameter
from troth.schema.schema import Schema
from troth.violation import Violation


@dataclass(frozen=True, slots=True)
class Finder:
    """Where violations are found: all that they have in common.

    *at* is the pointer, into the location's value, of what is looked at; *pointer* is that of the
    object of the document that declares it.
    """

    operation: Operation
    location: str
    at: str
    pointer: str
    status: int | None = None
    content_type: str | None = None

    def fault(self, rule: str, message: str) -> Violation:
        """One violation of the declaration itself."""
        return self._violation(rule, message, "", self.pointer, None)

    def mismatches(self, schema: Schema, value: Any) -> Iterator[Violation]:
        """The violations of *schema* by *value*."""
        if schema.is_valid(value):
            return
        for found in schema.errors(value):
            yield self._violation(
                found.keyword,
                found.message,
                found.instance_pointer,
                found.schema_pointer,
                found.place,
            )

    def under(self, at: str) -> Finder:
        """The same, for what stands at *at*."""
        return replace(self, at=self.at + at)

    def _violation(
        self, rule: str, message: str, instance: str, schema: str, place: Place | None
    ) -> Violation:
        return Violation(
            code=f"{self.location}.{rule}",
            operation=self.operation.name,
            location=self.location,
            message=message,
            instance_pointer=self.at + instance,
            schema_pointer=schema,
            place=place or place_of(self.operation, schema),
            status=self.status,
            content_type=self.content_type,
        )


def place_of(operation: Operation, pointer: str) -> Place | None:
    """Where *pointer* was written, as far as the schemas of *operation* know their document."""
    schema = next(_schemas(operation), None)
    return schema.schemas.document.place(pointer) if schema is not None else None


def _schemas(operation: Operation) -> Iterator[Schema]:
    body = operation.request_body
    entries: list[MediaType] = list(body.content) if body is not None else []
    declared: list[Parameter] = list(operation.parameters)
    for response in operation.responses:
        entries += response.content
        declared += response.headers
    for each in declared:
        if each.schema is not None:
            yield each.schema
        if each.content is not None:
            entries.append(each.content)
    for entry in entries:
        if entry.schema is not None:
            yield entry.schema
        if entry.item is not None:
            yield entry.item
