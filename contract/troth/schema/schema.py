"""One compiled schema of a document: is an instance valid, and if not, why.

`Schemas` prepares a document once (see `dialect`) and compiles the schema at a pointer when it is
first asked for; `Schema` is what comes out.  Nothing is ever retrieved.  Instances come from
`json_text`, whose limit on depth also bounds the validator's recursion.

Patterns are ECMA-262 regular expressions on an engine whose steps are limited; those without
look-around and back-references run in linear time.  A pattern that is none, or whose automaton
outgrows its budget, asks for nothing, and is told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from troth import pointer as pointers
from troth.document.grammar import JSON_SCHEMA_2020_12
from troth.document.spec_errors import UnportablePattern
from troth.errors import Place, SpecError
from troth.http import json_text, media_type
from troth.schema import dialect, messages, misspellings, validators
from troth.schema.applicators import IN_PLACE, applying
from troth.schema.data_model import ENCODINGS
from troth.schema.direction import Direction, toward
from troth.schema.discriminator import SUBTYPES
from troth.schema.explanation import Explainer, Mismatch

__all__ = ["Mismatch", "Schema", "Schemas", "Source"]


#: Encodings that leave a text as it is (RFC 2045 §6.2); any other hides the JSON from us.
_PLAIN = frozenset({None, "7bit", "8bit", "binary"})
_COMPUTED = frozenset({"prepared", "place", "is_valid", "compiled"})
_BRANCHING = frozenset({*IN_PLACE, "patternProperties"} - {"allOf"})


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
    """A schema, compiled when it is first needed; safe to share between threads.

    *source* is the schema as the document writes it, *prepared* the JSON Schema 2020-12 that it
    means, *place* where it was written; *schemas* compiles its neighbours.  *is_valid* is the
    fast answer.
    """

    pointer: str
    source: Any
    schemas: Schemas = field(repr=False)
    content: bool = False
    prepared: Any = field(init=False, repr=False)
    place: Place | None = field(init=False, repr=False)
    is_valid: Callable[[Any], bool] = field(init=False, repr=False)
    compiled: validators.Compiled = field(init=False, repr=False)

    def __getattr__(self, name: str) -> Any:
        # Python asks here for a slot that is still empty; once filled it costs nothing
        if name not in _COMPUTED:
            raise AttributeError(name)
        value = self.schemas.compute(self, name)
        object.__setattr__(self, name, value)
        return value

    def errors(self, instance: Any) -> tuple[Mismatch, ...]:
        """Every way in which *instance* departs from the schema, in the order of the instance."""
        return self.schemas.explain(self.compiled, instance, pointer=self.pointer)

    def leaves_open(self, instance: Any) -> bool:
        """Whether a server may refuse *instance*, valid as it is: readOnly members make it so."""
        return self.schemas.leaves_open(self.pointer, instance)

    def undeclared(self, tokens: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
        """The first of *tokens* into an instance that is not declared, and what is there."""
        return self.schemas.undeclared(self.pointer, tokens)

    def hints(self, instance: Any) -> tuple[Mismatch, ...]:
        """Members that are probably misspelt: legal, since the object is open, but telling."""
        return self.schemas.hints(self.pointer, instance)


class Schemas:
    """The schemas of one document, compiled when first used.

    *published* are those of the document before its overlays: what no overlay touched is compiled
    once for both.  *prepared* and *unfit* are for who has had them made already.  *drawn* are these
    schemas as values are drawn from them: with nothing that
    ought not to be sent.
    """

    def __init__(
        self,
        document: Source,
        *,
        draft: str = JSON_SCHEMA_2020_12,
        published: Schemas | None = None,
        prepared: dialect.Prepared | None = None,
        unfit: Mapping[str, validators.Uncompilable] | None = None,
    ) -> None:
        self.document = document
        self.prepared = prepared or _prepared(document)
        patterns = validators.PATTERNS if document.openapi else validators.SMALL_PATTERNS
        self.draft = draft
        self.engine = validators.Engine(self.prepared, draft=draft, patterns=patterns)
        if unfit is not None:  # found out before
            self.engine.unfit = unfit
        if prepared is None:  # else it is a variant of one that could be read
            try:
                self.engine.registry  # noqa: B018 - made now, so that what is wrong is told
            except validators.Uncompilable as fault:
                raise self._spec_error(fault) from fault
        self._explainer = Explainer(
            document.root,
            self.prepared.root,
            place=document.place,
            path=self.engine.path,
            content=self._in_content,
        )
        self._misspellings = misspellings.Misspellings(self.prepared.root)
        self._content = {"contentSchema": _content_keyword(self._is_fit)}
        self.drawn = self
        self._published = published
        self._directed: dict[Direction, Schemas] = {}
        self._shared = frozenset[str]() if published is None else _untouched(published, self)
        self._compiled: dict[tuple[str, bool], Schema] = {}
        self._lock = threading.RLock()

    def at(
        self, pointer: str, *, content: bool = False, direction: Direction | None = None
    ) -> Schema:
        """The schema at *pointer*, compiled, as messages in *direction* are held to it.

        With *content*, a string that `contentMediaType` calls JSON is parsed and held to its
        `contentSchema` as well (which JSON Schema 2020-12 §8 leaves to the application).  Raises
        SpecError when it is no schema.
        """
        if direction is not None and (directed := self._toward(direction)) is not self:
            return directed.at(pointer, content=content)
        schema = self._compiled.get((pointer, content))
        if schema is None:
            with self._lock:
                schema = self._compiled.get((pointer, content)) or self._made(pointer, content)
                self._compiled[pointer, content] = schema
        return schema

    def __iter__(self) -> Iterator[str]:
        """The pointers of all Schema Objects of the document, inner ones included."""
        return iter(self.prepared.pointers)

    def content_schema(self, pointer: str, *, member: str = "data") -> Schema | None:
        """What the JSON in the string *member* of the schema at *pointer* is held to, if one is.

        For callers who parse that string once themselves.  None where there is no such schema,
        or where a branch or a condition may hold the string to another one as well.
        """
        inner = _content_schema_of(self.prepared.root, pointer, member)
        return None if inner is None else self.at(inner, content=True)

    def told(self) -> Iterator[SpecError]:
        """The patterns that ask for nothing, or are read otherwise than JSON Schema asks."""
        for at, fault in self.prepared.patterns.unread.items():
            advice = "It asks for nothing until it is one that ECMA-262 has."
            yield SpecError(fault, pointer=at, place=self.document.place(at), advice=advice)
        for at, part in self.prepared.patterns.loose.items():
            fault = f"the pattern is ECMA-262 only without the u flag ({part!r}), and is read so"
            yield UnportablePattern(fault, pointer=at, place=self.document.place(at))

    def faults(self) -> Iterator[SpecError]:
        """What makes a schema of the document unusable, for every schema, used or not."""
        for fault in self.engine.faults():
            yield self._spec_error(fault)

    def explain(
        self, compiled: validators.Compiled, instance: Any, *, pointer: str
    ) -> tuple[Mismatch, ...]:
        """What *compiled*, of the schema at *pointer*, says against *instance*."""
        if compiled.key is not None:
            instance = {compiled.key: instance}
        errors = validators.failures(compiled.validator, instance)
        if errors is None:
            message = f"{messages.show(instance)} is not a JSON value"
            return (Mismatch("type", "", pointer, message, self.document.place(pointer)),)
        outside = 0 if compiled.key is None else 1
        return self._explainer.explain(errors, instance, outside=outside) if errors else ()

    def undeclared(self, pointer: str, tokens: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
        """The same of the schema at *pointer*."""
        return self._misspellings.undeclared(pointer, tokens)

    def hints(self, pointer: str, instance: Any) -> tuple[Mismatch, ...]:
        """The hints for *instance* of the schema at *pointer*."""
        return tuple(
            Mismatch(
                "properties",
                pointers.of(hint.instance),
                hint.schema_pointer,
                misspellings.sentence(hint),
                self.document.place(hint.schema_pointer),
            )
            for hint in self._misspellings.find(pointer, instance)
        )

    def compute(self, schema: Schema, name: str) -> Any:
        """What the slot *name* of *schema* holds.  Raises SpecError if it cannot be compiled."""
        if name == "is_valid":
            return validators.answer(schema.compiled)
        if name == "place":
            return self.document.place(schema.pointer)
        if name == "prepared":
            return pointers.resolve(self.drawn.prepared.root, schema.pointer)
        with self._lock:
            try:
                keywords = self._content if schema.content else None
                return self.engine.compile(schema.pointer, keywords=keywords)
            except validators.Uncompilable as fault:
                raise self._spec_error(fault) from fault

    def _toward(self, direction: Direction) -> Schemas:
        """These schemas for one *direction*: themselves where the document knows none."""
        if not self.prepared.one_way:
            return self
        with self._lock:
            if direction not in self._directed:
                self._directed[direction] = self._rewritten(direction)
            return self._directed[direction]

    def _rewritten(self, direction: Direction) -> Schemas:
        forbidding = toward(self.prepared, direction, forbids=True)
        if forbidding is self.prepared:
            return self
        sent = Schemas(self.document, draft=self.draft, published=self, prepared=forbidding)
        if direction == "response":
            return sent
        lenient = toward(self.prepared, direction, forbids=False)
        taken = Schemas(self.document, draft=self.draft, published=self, prepared=lenient)
        taken.drawn = sent
        # what is taken alike is yet drawn otherwise: without what does not travel
        taken._shared &= sent._shared
        return taken

    def leaves_open(self, pointer: str, instance: Any) -> bool:
        """Whether a server may refuse *instance*, valid as it is, of the schema at *pointer*."""
        if self.drawn is self or self._published is None:
            return False
        # OpenAPI 3.1 and 3.2 make no exception for `required`: both readings are fair
        strict = [] if self.document.openapi.startswith("3.0.") else [self._published]
        return not all(each.at(pointer).is_valid(instance) for each in (self.drawn, *strict))

    def _made(self, pointer: str, content: bool) -> Schema:
        if self._published is not None and pointer in self._shared:
            return self._published.at(pointer, content=content)
        try:
            # what a discriminator stands for is written nowhere
            source = pointers.find(self.document.root, pointer)
            pointers.resolve(self.prepared.root, pointer)
        except KeyError:
            place = self.document.place(pointer)
            raise SpecError("there is no such schema", pointer=pointer, place=place) from None
        schema = Schema(pointer, source, self, content)
        if not self.engine.is_large:
            schema.is_valid  # noqa: B018 - compiled now, so that what is wrong with it is told
        elif pointer in self._unfit:
            raise self._spec_error(self._unfit[pointer])
        return schema

    @property
    def _unfit(self) -> Mapping[str, validators.Uncompilable]:
        if self._published is not None and self._published.document is self.document:
            return self._published.engine.unfit  # no direction makes a schema unfit
        return self.engine.unfit

    def _spec_error(self, fault: validators.Uncompilable) -> SpecError:
        place = self.document.place(fault.pointer)
        return SpecError(fault.fault, pointer=fault.pointer, place=place)

    def _is_fit(self, pointer: str, text: str) -> bool:
        try:
            value = self._parse(pointer, text)
        except (json_text.BadJson, ValueError):
            return False
        return self.at(pointer, content=True).is_valid(value)

    def _in_content(self, pointer: str, text: str) -> tuple[Mismatch, ...]:
        try:
            value = self._parse(pointer, text)
        except (json_text.BadJson, ValueError) as fault:
            is_json = isinstance(fault, json_text.BadJson)
            word = "contentMediaType" if is_json else "contentEncoding"
            by = f"{pointer.rpartition('/')[0]}/{word}"
            message = f"the string does not hold JSON: {fault}"
            if not is_json:
                message = f"{messages.show(text)} is not {pointers.find(self.document.root, by)}"
            return (Mismatch(word, "", by, message, self.document.place(by)),)
        return self.at(pointer, content=True).errors(value)

    def _parse(self, pointer: str, text: str) -> Any:
        """The JSON in *text*, the content of which is held to the schema at *pointer*.

        Raises json_text.BadJson, or ValueError where it is not encoded as it says.
        """
        data = text.encode("utf-8", "surrogatepass")
        holder = pointers.find(self.prepared.root, pointer.rpartition("/")[0])
        encoding = holder.get("contentEncoding") if isinstance(holder, dict) else None
        if encoding not in _PLAIN:
            _, read = ENCODINGS[str(encoding).lower()]
            data = read(data)
        return json_text.decode(data)


def _untouched(published: Schemas, overlaid: Schemas) -> frozenset[str]:
    """The pointers of the schemas that are in both documents, with all that they refer to."""
    before, after = published.document, overlaid.document
    if before.openapi != after.openapi:
        return frozenset()
    prepared = overlaid.prepared
    # two directions of one document share what both see alike, as an overlaid one shares its tree
    roots = before.root, after.root
    if before is after:
        roots = published.prepared.root, prepared.root
    changed = list(_differences(*roots))
    unions = [each.prepared.root.get(SUBTYPES, {}) for each in (published, overlaid)]
    for parent in unions[1]:
        if unions[0].get(parent) != unions[1][parent]:
            changed += prepared.referrers[pointers.of([SUBTYPES, parent])]
    # what holds something that changed has changed, and so has what refers to it
    kept = set(prepared.pointers) & set(published.prepared.pointers)
    return frozenset(kept - prepared.users(changed).keys())


def _differences(before: Any, after: Any) -> Iterator[str]:
    """The pointers at which two trees differ: of what was replaced, all that it holds now."""
    missing = object()
    waiting = [(before, after, "")]
    while waiting:
        one, other, at = waiting.pop()
        old, new = _entries(one), _entries(other)
        if _is_another(one, other):
            yield at
            old = {}
        for token in old.keys() - new.keys():
            yield pointers.join(at, token)
        for token, value in new.items():
            if value is not old.get(token, missing):
                waiting.append((old.get(token, missing), value, pointers.join(at, token)))


def _entries(value: Any) -> Mapping[Any, Any]:
    if isinstance(value, dict):
        return value
    return dict(enumerate(value)) if isinstance(value, list) else {}


def _is_another(one: Any, other: Any) -> bool:
    """Whether *other* is not *one* with, at most, some members changed."""
    if type(one) is not type(other):
        return True
    if isinstance(other, list):
        # items that stand behind one that was taken out, or put in, have moved
        return len(one) != len(other)
    return not isinstance(other, dict) and bool(one != other)


def _prepared(document: Source) -> dialect.Prepared:
    if document.openapi:
        return dialect.prepare(document.root, document.openapi)
    return dialect.prepare_schema(document.root)


class Unfit(ValueError):
    """The content of a string is not what its contentSchema asks for."""


def _content_keyword(is_fit: Callable[[str, str], bool]) -> type:
    """A `contentSchema` keyword for jsonschema-rs that asks *is_fit(pointer, text)*."""

    class ContentSchema:
        """Holds the content of a string to the schema at one pointer."""

        def __init__(
            self, parent_schema: dict[str, Any], value: Any, schema_path: list[str | int]
        ) -> None:
            self._pointer = pointers.of(schema_path) if _holds_json(parent_schema) else None

        def validate(self, instance: Any) -> None:
            """Raise Unfit for a string whose content does not fit; other types hold no content."""
            pointer = self._pointer
            if pointer is not None and isinstance(instance, str) and not is_fit(pointer, instance):
                raise Unfit

    return ContentSchema


def _holds_json(schema: Mapping[str, Any]) -> bool:
    """Whether *schema* says that its strings hold JSON, encoded in a way that can be read."""
    content_type, encoding = schema.get("contentMediaType"), schema.get("contentEncoding")
    return (
        isinstance(content_type, str)
        and media_type.is_json(content_type)
        and (encoding in _PLAIN or (isinstance(encoding, str) and encoding.lower() in ENCODINGS))
    )


def _content_schema_of(root: Any, pointer: str, member: str) -> str | None:
    """The pointer of the only contentSchema that holds for *member* of the schema at *pointer*.

    None where there is none or more than one, or where a branch or a condition may add another.
    """
    values = _parts(root, [pointer])
    if values is None:
        return None
    properties = [
        pointers.join(at, "properties", member)
        for at, schema in values
        if isinstance(schema.get("properties"), dict) and member in schema["properties"]
    ]
    parts = _parts(root, properties)
    holders = [
        at
        for at, schema in parts or ()
        if "contentSchema" in schema
        and _holds_json(schema)
        and schema.get("contentEncoding") in _PLAIN  # who asks parses the string itself
    ]
    return f"{holders[0]}/contentSchema" if len(holders) == 1 else None


def _parts(root: Any, to_see: list[str]) -> list[tuple[str, Mapping[str, Any]]] | None:
    """The schemas at the pointers *to_see* and what they always include; None if any branches."""
    starts = [(at, pointers.resolve(root, at)) for at in to_see]
    parts = list(applying(root, starts, keywords=("allOf",)))
    return None if any(schema.keys() & _BRANCHING for _, schema in parts) else parts
