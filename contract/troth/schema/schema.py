"""One compiled schema of a document: is an instance valid, and if not, why.

`Schemas` prepares a document once (see `dialect`) and compiles the schema at a pointer when it is
first asked for; `Schema` is what comes out.  Nothing is ever retrieved.  Instances come from
`json_text`, whose limit on depth also bounds the validator's recursion.

Patterns are ECMA-262 regular expressions on an engine whose steps are limited; those without
look-around and back-references run in linear time.  A pattern that is none, or whose automaton
outgrows its budget, makes the schemas that use it a SpecError, and no others.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import jsonschema_rs

from troth import pointer as pointers
from troth.errors import Place, SpecError
from troth.http import json_text
from troth.schema import dialect, messages, validators
from troth.schema import misspellings as hints
from troth.schema import string_content as content
from troth.schema.bounded_errors import failures
from troth.schema.explanation import Explainer
from troth.schema.mismatch import Mismatch
from troth.schema.untrusted_schema import Budget, UnusableSchema, draft_of, has_many_patterns

__all__ = ["Budget", "Mismatch", "Schema", "Schemas", "Source", "UnusableSchema", "embedded"]


class Source(Protocol):
    """What schemas stand in: a `Document`, or a schema that arrived by itself."""

    @property
    def root(self) -> Any:
        """The tree, as written."""

    @property
    def openapi(self) -> str:
        """The version of OpenAPI; "" for a schema that stands alone."""

    def place(self, pointer: str) -> Place | None:
        """Where the node at *pointer* was written."""


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A compiled schema; safe to share between threads.

    *source* is the schema as the document writes it, *prepared* the JSON Schema 2020-12 that it
    means, *place* where it was written; *schemas* compiles its neighbours.  *is_valid* is the
    fast answer.
    """

    pointer: str
    source: Any
    prepared: Any
    place: Place | None
    is_valid: Callable[[Any], bool]
    schemas: Schemas = field(repr=False)
    _validator: jsonschema_rs.Validator = field(repr=False)

    def errors(self, instance: Any) -> tuple[Mismatch, ...]:
        """Every way in which *instance* departs from the schema, in the order of the instance."""
        return self.schemas.explain(self._validator, self.pointer, instance)

    def hints(self, instance: Any) -> tuple[Mismatch, ...]:
        """Members that are probably misspelt: legal, since the object is open, but telling."""
        return self.schemas.hints(self.pointer, instance)


class Schemas:
    """The schemas of one document, compiled when first used."""

    def __init__(self, document: Source, *, draft: str = validators.LATEST) -> None:
        self.document = document
        if document.openapi:
            self.prepared = dialect.prepare(document.root, document.openapi)
            patterns = validators.PATTERNS
        else:
            self.prepared = dialect.prepare_schema(document.root)
            patterns = validators.SMALL_PATTERNS
        self.draft = draft
        try:
            self.engine = validators.Engine(self.prepared, draft=draft, patterns=patterns)
        except validators.Uncompilable as fault:
            raise self._spec_error(fault) from fault
        self._explainer = Explainer(
            document.root, self.prepared.root, place=document.place, content=self._in_content
        )
        self._hinter = hints.Hinter(self.prepared.root)
        self._content = {"contentSchema": content.keyword(self._is_fit)}
        self._compiled: dict[tuple[str, bool], Schema] = {}
        self._lock = threading.RLock()

    def at(self, pointer: str, *, content: bool = False) -> Schema:
        """The schema at *pointer*, compiled.

        With *content*, a string that `contentMediaType` calls JSON is parsed and held to its
        `contentSchema` as well (which JSON Schema 2020-12 §8 leaves to the application).  Raises
        SpecError when it is no schema, or uses a pattern that cannot be compiled.
        """
        found = self._compiled.get((pointer, content))
        if found is None:
            with self._lock:
                found = self._compiled.get((pointer, content)) or self._compile(pointer, content)
                self._compiled[pointer, content] = found
        return found

    def __iter__(self) -> Iterator[str]:
        """The pointers of all Schema Objects of the document, inner ones included."""
        return iter(self.prepared.pointers)

    def content_schema(self, pointer: str, *, member: str = "data") -> Schema | None:
        """What the JSON in the string *member* of the schema at *pointer* is held to, if one is.

        For callers who parse that string once themselves.  None where there is no such schema,
        or where a branch or a condition may hold the string to another one as well.
        """
        found = content.of_member(self.prepared.root, pointer, member)
        return None if found is None else self.at(found, content=True)

    def faults(self) -> Iterator[SpecError]:
        """What makes a schema of the document unusable, for every schema, used or not."""
        for fault in self.engine.faults():
            yield self._spec_error(fault)

    def explain(
        self, validator: jsonschema_rs.Validator, pointer: str, instance: Any
    ) -> tuple[Mismatch, ...]:
        """What *validator*, of the schema at *pointer*, says against *instance*."""
        errors = failures(validator, instance)
        if errors is None:
            said = f"{messages.show(instance)} is not a JSON value"
            return (Mismatch("type", "", pointer, said, self.document.place(pointer)),)
        return self._explainer.explain(errors, instance) if errors else ()

    def hints(self, pointer: str, instance: Any) -> tuple[Mismatch, ...]:
        """The hints for *instance* of the schema at *pointer*."""
        return tuple(
            Mismatch(
                "properties",
                pointers.of(hint.instance),
                hint.schema_pointer,
                hints.sentence(hint),
                self.document.place(hint.schema_pointer),
            )
            for hint in self._hinter.find(pointer, instance)
        )

    def _compile(self, pointer: str, content: bool) -> Schema:
        place = self.document.place(pointer)
        try:
            source = pointers.resolve(self.document.root, pointer)
            prepared = pointers.resolve(self.prepared.root, pointer)
            keywords = self._content if content else None
            validator = self.engine.compile(pointer, keywords=keywords)
        except KeyError:
            raise SpecError("there is no such schema", pointer=pointer, place=place) from None
        except validators.Uncompilable as fault:
            raise self._spec_error(fault) from fault
        is_valid = validators.answer(validator)
        return Schema(pointer, source, prepared, place, is_valid, self, validator)

    def _spec_error(self, fault: validators.Uncompilable) -> SpecError:
        place = self.document.place(fault.pointer)
        return SpecError(fault.fault, pointer=fault.pointer, place=place)

    def _is_fit(self, pointer: str, text: str) -> bool:
        try:
            value = content.parse(text)
        except json_text.BadJson:
            return False
        return self.at(pointer, content=True).is_valid(value)

    def _in_content(self, pointer: str, text: str) -> tuple[Mismatch, ...]:
        try:
            value = content.parse(text)
        except json_text.BadJson as fault:
            by = f"{pointer.rpartition('/')[0]}/contentMediaType"
            said = f"the string does not hold JSON: {fault}"
            return (Mismatch("contentMediaType", "", by, said, self.document.place(by)),)
        return self.at(pointer, content=True).errors(value)


@dataclass(frozen=True, slots=True)
class _Alone:
    """A schema that no document holds."""

    root: Any
    openapi: str = ""

    def place(self, pointer: str) -> Place | None:
        """Nowhere: it came in a message."""
        return None


_embedded: OrderedDict[bytes, Schema] = OrderedDict()
_embedded_lock = threading.Lock()
_MOST_EMBEDDED = 64


def embedded(schema: Any, *, budget: Budget | None = None) -> Schema:
    """Compile a JSON Schema that arrived by itself (a tool's parameters, a json_schema).

    Its references stay inside it; drafts 4, 6, 7, 2019-09 and 2020-12 are spoken.  The same
    schema, whatever the order of its members, is compiled once, in canonical order: what is made
    from it does not depend on who sent it first.  Raises UnusableSchema.
    """
    draft = draft_of(schema, budget or Budget())
    try:
        key = json_text.canonical(schema)
        ordered = json_text.decode(key)
    except (ValueError, TypeError, json_text.BadJson) as error:
        said = "the schema holds what JSON cannot (a lone surrogate, say)"
        raise UnusableSchema("not-a-schema", said) from error
    with _embedded_lock:
        found = _embedded.get(key)
        if found is not None:
            _embedded.move_to_end(key)
            return found
    found = _compile_embedded(ordered, draft)
    if has_many_patterns(ordered):
        return found  # a megabyte or more of automata
    with _embedded_lock:
        _embedded[key] = found
        while len(_embedded) > _MOST_EMBEDDED:
            _embedded.popitem(last=False)
    return found


def _compile_embedded(schema: Any, draft: str) -> Schema:
    try:
        schemas = Schemas(_Alone(schema), draft=draft)
        fault = next(schemas.engine.faults(), None)
        if fault is not None:
            raise fault
        return schemas.at("")
    except (validators.Uncompilable, SpecError) as fault:
        raise _unusable(fault.fault, fault.pointer) from fault


def _unusable(fault: str, pointer: str) -> UnusableSchema:
    reason = "bad-pattern" if fault.startswith("the pattern") else "not-a-schema"
    return UnusableSchema(reason, fault, pointer=pointer)
