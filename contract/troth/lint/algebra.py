"""Proofs about the schemas of a document, for rules that must not guess.

Every answer that accuses is proved, or checked on a witness; "not proved" is silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
from jsonschema_rs import canonical

from troth import dialect
from troth.schema import Schemas


@dataclass(frozen=True, slots=True, eq=False)
class Algebra:
    schemas: Schemas
    _canonical: dict[str, Any] = field(default_factory=dict)

    def is_empty(self, pointer: str, also: dict[str, Any]) -> bool:
        made = self._make({"allOf": [also, _ref(pointer)]})
        return made is not None and made.satisfiability() == canonical.Satisfiability.NO

    def empty_parts(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        return iter(())

    def overlap(self, one: str, other: str) -> tuple[Any] | None:
        return None

    def _make(self, schema: dict[str, Any]) -> Any:
        try:
            return jsonschema_rs.canonicalize(schema, registry=self.schemas.engine.registry)
        except ValueError:
            return None


def _ref(pointer: str) -> dict[str, Any]:
    return {"$ref": f"{dialect.BASE}#{dialect.fragment(pointer)}"}
