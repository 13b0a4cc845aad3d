"""One compiled schema of a document: is an instance valid, and if not, why.

`Schemas` prepares a document once (see `dialect`) and compiles the schema at a pointer when it is
first asked for; `Schema` is what comes out.  Nothing is ever retrieved.  Instances come from
`json_text`, whose limits on depth also keep the validator's recursion bounded.

Patterns are ECMA-262 regular expressions on an engine whose steps are limited; most run in linear
time.  A pattern that is none, or whose automaton outgrows its budget, makes the schemas that use it
a SpecError, and no others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import jsonschema_rs

from troth import dialect
from troth import pointer as pointers
from troth.errors import Place, SpecError
from troth.explain import Explainer, Mismatch

if TYPE_CHECKING:
    from troth.document import Document

__all__ = ["Mismatch", "Schema", "Schemas"]

_PATTERNS = jsonschema_rs.FancyRegexOptions(
    backtrack_limit=100_000, size_limit=1 << 20, dfa_size_limit=1 << 20
)


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A compiled schema; safe to share between threads.

    *source* is the schema as the document writes it, *prepared* the JSON Schema 2020-12 that it
    means, *place* where it was written.  *is_valid* is the fast answer.
    """

    pointer: str
    source: Any
    prepared: Any
    place: Place | None
    is_valid: Callable[[Any], bool]
    schemas: Schemas = field(repr=False)
    _errors: Callable[[Any], tuple[Mismatch, ...]] = field(repr=False)
    _hints: Callable[[Any], tuple[Mismatch, ...]] = field(repr=False)

    def errors(self, instance: Any) -> tuple[Mismatch, ...]:
        """Every way in which *instance* departs from the schema, in the order of the instance."""
        return self._errors(instance)

    def hints(self, instance: Any) -> tuple[Mismatch, ...]:
        """Members that are probably misspelt: legal, since the object is open, but telling."""
        return self._hints(instance)


class Schemas:
    """The schemas of one document, compiled when first used."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.prepared = dialect.prepare(document.root, document.openapi)
        self.registry = jsonschema_rs.Registry(
            [(dialect.BASE, self.prepared.root)], retriever=_refuse
        )
        self._explainer = Explainer(document.root, self.prepared.root, place=document.place)
        self._compiled: dict[tuple[str, bool], Schema] = {}
        self._lock = threading.Lock()

    def at(self, pointer: str, *, content: bool = False) -> Schema:
        """The schema at *pointer*, compiled.

        Raises SpecError when it is no schema, or uses a pattern that cannot be compiled.
        """
        found = self._compiled.get((pointer, content))
        if found is None:
            with self._lock:
                found = self._compiled.get((pointer, content)) or self._compile(pointer, content)
                self._compiled[pointer, content] = found
        return found

    def __iter__(self) -> Iterator[str]:
        """The pointers of all Schema Objects of the document, inner ones included."""
        return iter(self.prepared.schema_pointers)

    def _compile(self, pointer: str, content: bool) -> Schema:
        source = pointers.resolve(self.document.root, pointer)
        validator = self._validator(pointer)
        explain = self._explainer.explain
        return Schema(
            pointer=pointer,
            source=source,
            prepared=pointers.resolve(self.prepared.root, pointer),
            place=self.document.place(pointer),
            is_valid=validator.is_valid,
            schemas=self,
            _errors=lambda instance: explain(validator.iter_errors(instance), instance),
            _hints=lambda instance: (),
        )

    def _validator(self, pointer: str) -> jsonschema_rs.Validator:
        try:
            return jsonschema_rs.Draft202012Validator(
                {"$ref": f"{dialect.BASE}#{dialect.fragment(pointer)}"},
                registry=self.registry,
                validate_formats=True,
                pattern_options=_PATTERNS,
            )
        except (jsonschema_rs.ValidationError, ValueError) as error:
            raise SpecError(
                str(error), pointer=pointer, place=self.document.place(pointer)
            ) from error


def _refuse(uri: str) -> NoReturn:
    raise LookupError(f"{uri} is not part of the document, and nothing is ever fetched")
