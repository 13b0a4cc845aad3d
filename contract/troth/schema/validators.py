"""Compiled validators of one prepared root, and the faults that keep one from being compiled.

The one place that compiles with jsonschema-rs: a root stands in a registry that retrieves
nothing, and a validator is a reference into it, so that errors cite pointers of the root.  What a
reference leads to is compiled once a validator, so that those of a large root share one: schemas
that refer to one another would otherwise be copied into each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple, NoReturn

import jsonschema_rs

from troth import pointer as pointers
from troth.document.grammar import JSON_SCHEMA_2020_12
from troth.schema import messages
from troth.schema.dialect import BASE, Edited, Prepared, copy_of
from troth.schema.ecma import NotEcma, parse
from troth.schema.engine_patterns import LIMITS

#: How much work one pattern may be.
PATTERNS = LIMITS
#: The same for a pattern that a stranger wrote.
SMALL_PATTERNS = jsonschema_rs.FancyRegexOptions(
    backtrack_limit=100_000, size_limit=1 << 18, dfa_size_limit=1 << 18
)


class Draft(NamedTuple):
    """A draft: what compiles its schemas, and the engine's own number of it."""

    validator: type[jsonschema_rs.Validator]
    number: int


#: The drafts that the engine speaks, by the URI of their meta-schema.
DRAFTS = {
    JSON_SCHEMA_2020_12: Draft(jsonschema_rs.Draft202012Validator, jsonschema_rs.Draft202012),
    "https://json-schema.org/draft/2019-09/schema": Draft(
        jsonschema_rs.Draft201909Validator, jsonschema_rs.Draft201909
    ),
    "http://json-schema.org/draft-07/schema": Draft(
        jsonschema_rs.Draft7Validator, jsonschema_rs.Draft7
    ),
    "http://json-schema.org/draft-06/schema": Draft(
        jsonschema_rs.Draft6Validator, jsonschema_rs.Draft6
    ),
    "http://json-schema.org/draft-04/schema": Draft(
        jsonschema_rs.Draft4Validator, jsonschema_rs.Draft4
    ),
}

#: A root of more schemas than this is large: its schemas are compiled when they are first used.
MANY = 1000
#: So many schemas of a large root that refer to others are compiled each for itself.
_MOST_OWN = 4

#: An instance of more values than this is cut down, its containers to so many entries.
LARGE = 5000
KEPT = 100

_Kind = jsonschema_rs.ValidationErrorKind
#: What is said of a container whatever becomes of the values inside it.
_SHALLOW = (_Kind.Type, _Kind.Required, _Kind.AdditionalProperties)

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_BAD_PATTERN = "the pattern {} is not an ECMA-262 regular expression, or it is too large to run"


def _is_regex_text(text: str) -> bool:
    try:
        return parse(text).loose is None
    except NotEcma:
        return False


#: The formats that the engine reads otherwise than the standard has them.
_FORMATS: dict[str, Callable[[str], bool]] = {"regex": _is_regex_text}


class Uncompilable(Exception):
    """The schema cannot be compiled; *pointer* is the node at fault, in the root."""

    def __init__(self, fault: str, pointer: str) -> None:
        super().__init__(fault)
        self.fault = fault
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class Compiled:
    """A validator of one schema; or of several, each held to the member *key* of an instance."""

    validator: jsonschema_rs.Validator
    key: str | None = None


class Engine:
    """Compiles the schemas of one prepared root, which are of *draft*."""

    def __init__(
        self,
        prepared: Prepared,
        *,
        draft: str = JSON_SCHEMA_2020_12,
        patterns: jsonschema_rs.FancyRegexOptions = PATTERNS,
    ) -> None:
        self.prepared = prepared
        self.patterns = patterns
        self.is_large = len(prepared.pointers) > MANY
        self._draft = draft
        self._shared: dict[tuple[bool, bool], Mapping[str, Compiled]] = {}
        self._own = 0
        #: The draft by the engine's own number.
        self._validator, self.draft = DRAFTS[draft]
        self._names = _Names(prepared)

    @cached_property
    def _root(self) -> Any:
        return self._names.written()

    @cached_property
    def registry(self) -> jsonschema_rs.Registry:
        """The root, as references lead into it.  Raises Uncompilable."""
        return _registry(self._root)

    def compile(self, pointer: str, *, keywords: Mapping[str, Any] | None = None) -> Compiled:
        """The validator of the schema at *pointer*; *keywords* are of our own making."""
        if self.is_large and pointer in self._referring:
            kind = (not self._is_outermost(pointer), bool(keywords))
            if kind in self._shared or self._own >= _MOST_OWN:
                shared = self._shared_by(*kind, keywords)
                if pointer in shared:
                    return shared[pointer]
            self._own += 1
        return Compiled(self._compile(self._reference(pointer), pointer, keywords=keywords))

    @cached_property
    def unfit(self) -> Mapping[str, Uncompilable]:
        """The schemas of a large root that cannot be compiled, by pointer, each with its reason."""
        try:
            self._shared[False, False] = self._joined(self.outermost, None)
        except Uncompilable:
            pass
        else:
            return {}
        faults: dict[str, Uncompilable] = {}
        # without references each compiles for itself; what refers to an unfit one is unfit as well
        alone = copy_of(self._root)
        for pointer in self.prepared.pointers:
            if isinstance(schema := pointers.find(alone, self._names.sent(pointer)), dict):
                for keyword in ("$ref", "$dynamicRef"):
                    if isinstance(schema.get(keyword), str):
                        del schema[keyword]
        registry = _registry(alone)
        for pointer in self.outermost:
            try:
                self._compile(self._reference(pointer), pointer, registry=registry)
            except Uncompilable as fault:
                faults.setdefault(fault.pointer, fault)
        users = self.prepared.users(faults)
        return {pointer: faults[at] for pointer, at in users.items()}

    @cached_property
    def outermost(self) -> tuple[str, ...]:
        """The schemas that stand in no other one."""
        return tuple(filter(self._is_outermost, self.prepared.pointers))

    def _is_outermost(self, pointer: str) -> bool:
        up = _parent(pointer)
        return not pointer or self._known.isdisjoint((up, _parent(up)))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.prepared.pointers)

    @cached_property
    def _referring(self) -> frozenset[str]:
        """The schemas that refer to others, themselves or in what they hold."""
        referring: set[str] = set()
        for at in (at for users in self.prepared.referrers.values() for at in users):
            while at and at not in referring:
                referring.add(at)
                at = _parent(at)
        return frozenset(referring)

    def _shared_by(
        self, is_inner: bool, has_keywords: bool, keywords: Mapping[str, Any] | None
    ) -> Mapping[str, Compiled]:
        """What all outermost schemas share, or all schemas if one *is_inner*, but the unfit."""
        shared = self._shared.get((is_inner, has_keywords))
        if shared is None:
            chosen = self.prepared.pointers if is_inner else self.outermost
            try:
                shared = self._joined([at for at in chosen if at not in self.unfit], keywords)
            except Uncompilable:
                shared = {}  # each for itself, then: some are unfit that nobody asks for
            self._shared[is_inner, has_keywords] = shared
        return shared

    def _joined(
        self, chosen: Iterable[str], keywords: Mapping[str, Any] | None
    ) -> Mapping[str, Compiled]:
        """The schemas *chosen*, compiled into one validator."""
        # no digits first: the engine tells such names as numbers
        keys = {pointer: f"s{index}" for index, pointer in enumerate(chosen)}
        members = {key: self._reference(pointer) for pointer, key in keys.items()}
        validator = self._compile({"properties": members}, "", keywords=keywords)
        return {pointer: Compiled(validator, key) for pointer, key in keys.items()}

    def _reference(self, pointer: str) -> dict[str, Any]:
        return {"$ref": f"{BASE}#{pointers.fragment(self._names.sent(pointer))}"}

    def _compile(
        self,
        schema: dict[str, Any],
        pointer: str,
        *,
        keywords: Mapping[str, Any] | None = None,
        registry: jsonschema_rs.Registry | None = None,
    ) -> jsonschema_rs.Validator:
        try:
            return self._validator(
                schema,
                registry=registry or self.registry,
                validate_formats=True,
                pattern_options=self.patterns,
                formats=_FORMATS,
                keywords=dict(keywords) if keywords else None,
            )
        except jsonschema_rs.ValidationError as error:
            raise _uncompilable(error, pointer) from error
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise Uncompilable(_line(str(error)), pointer) from error

    def faults(self) -> Iterator[Uncompilable]:
        """What the meta-schema and the engine of patterns say against the schemas of the root."""
        patterns = self.prepared.patterns
        for at, fault in patterns.unread.items():
            yield Uncompilable(fault, at)
        for at in self.prepared.relics:
            name = at.rpartition("/")[2]
            yield Uncompilable(f"'{name}' is a number since OpenAPI 3.1, not a boolean", at)
        for pointer in self.outermost:
            schema = pointers.resolve(self.prepared.root, pointer)
            for error in _meta(self._draft).iter_errors(schema):
                if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Referencing):
                    continue
                at = pointer + pointers.of(error.instance_path)
                if not _is_regex(error) and at not in patterns.unread:
                    yield _fault(
                        error, pointers.resolve(schema, pointers.of(error.instance_path)), at
                    )

    def path(self, tokens: Sequence[str | int]) -> tuple[str | int, ...]:
        """The path in the prepared root that is *tokens* in what the engine was given."""
        return self._names.read(tokens)


class _Names:
    """The patterns of a root that the engine needs written otherwise.

    They may be the names of `patternProperties`, and so stand in pointers.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        # by the pointer of a `patternProperties`, the engine's name for each of ours
        self._sent: dict[str, dict[str, str]] = {}
        self._read: dict[str, dict[str, str]] = {}

    def written(self) -> Any:
        """The root as the engine is given it."""
        edited = Edited(self._prepared.root)
        for at, text in self._prepared.patterns.written.items():
            holder, _, name = at.rpartition("/")
            if name == "pattern":
                if isinstance(pointers.find(edited.root, holder), dict):
                    edited.node(holder)["pattern"] = text
            else:
                key = pointers.split(at)[-1]
                self._sent.setdefault(holder, {})[key] = text
        for holder in sorted(self._sent, key=len, reverse=True):
            if isinstance(pointers.find(edited.root, holder), dict):
                self._rename(edited, holder)
        for target, referrers in self._prepared.referrers.items() if self._sent else ():
            if (sent := self.sent(target)) != target:
                for at in referrers:
                    edited.node(self.sent(at))["$ref"] = f"#{pointers.fragment(sent)}"
        return edited.root

    def _rename(self, edited: Edited, holder: str) -> None:
        named = edited.node(holder)
        sent = self._sent[holder]
        names: dict[str, str] = {}
        for key in named:
            name = sent.get(key, key)
            while name in names:
                name += "(?:)"  # two patterns that the engine writes alike
            names[name] = key
        self._read[holder] = names
        self._sent[holder] = {key: name for name, key in names.items()}
        members = {name: named[key] for name, key in names.items()}
        named.clear()
        named.update(members)

    def sent(self, pointer: str) -> str:
        """The engine's pointer for *pointer*."""
        at, sent = "", ""
        for token in pointers.split(pointer) if self._sent else ():
            name = self._sent.get(at, {}).get(token, token)
            at, sent = pointers.join(at, token), pointers.join(sent, name)
        return sent if self._sent else pointer

    def read(self, tokens: Sequence[str | int]) -> tuple[str | int, ...]:
        """Our path for the engine's *tokens*."""
        if not self._read:
            return tuple(tokens)
        at, read = "", []
        for token in tokens:
            read.append(self._read.get(at, {}).get(str(token), token))
            at = pointers.join(at, read[-1])
        return tuple(read)


def _registry(root: Any) -> jsonschema_rs.Registry:
    try:
        return jsonschema_rs.Registry([(BASE, root)], retriever=refuse)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise Uncompilable(_line(str(error)), "") from error


def _parent(pointer: str) -> str:
    return pointer.rpartition("/")[0]


def answer(compiled: Compiled) -> Callable[[Any], bool]:
    """`is_valid` of one schema, for values that only Python can hold as well."""
    check = compiled.validator.is_valid
    if (key := compiled.key) is not None:
        shared = check

        def check(instance: Any) -> bool:
            return shared({key: instance})

    def is_valid(instance: Any) -> bool:
        try:
            return check(instance)
        except ValueError:
            pass
        try:
            return check(legible(instance))
        except (ValueError, TypeError):
            return False

    return is_valid


def refuse(uri: str) -> NoReturn:
    """Retrieve nothing."""
    raise LookupError(f"{uri} is not part of the document, and nothing is ever fetched")


@cache
def _meta(draft: str) -> jsonschema_rs.Validator:
    """The validator of the schemas of *draft*."""
    return DRAFTS[draft].validator(
        {"$ref": draft}, validate_formats=True, pattern_options=PATTERNS, offline=True
    )


def _uncompilable(error: jsonschema_rs.ValidationError, pointer: str) -> Uncompilable:
    at = pointers.of(error.instance_path)
    return _fault(error, error.instance, at or pointer)


def _is_regex(error: jsonschema_rs.ValidationError) -> bool:
    kind = error.kind
    return isinstance(kind, jsonschema_rs.ValidationErrorKind.Format) and kind.format == "regex"


def _fault(error: jsonschema_rs.ValidationError, value: Any, at: str) -> Uncompilable:
    kind = error.kind
    if _is_regex(error):
        return Uncompilable(_BAD_PATTERN.format(messages.show(value)), at)
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Type):
        return Uncompilable(
            f"not a JSON Schema: {messages.not_of_type(value, sorted(kind.types))}", at
        )
    if at.endswith("/type") and isinstance(kind, jsonschema_rs.ValidationErrorKind.AnyOf):
        fault = f"{messages.show(value)} is not one of {', '.join(_TYPES)}, nor an array of these"
        return Uncompilable(f"not a JSON Schema: {fault}", at)
    return Uncompilable(f"not a JSON Schema: {_line(error.message)}", at)


def _line(text: str) -> str:
    first = text.partition("\n")[0]
    return first if len(first) <= 200 else first[:199] + "…"


def failures(validator: jsonschema_rs.Validator, instance: Any) -> list[Any] | None:
    """The errors of *instance*; None when it is no JSON value at all."""
    try:
        return _failures(validator, instance)
    except ValueError:
        pass
    try:
        return _failures(validator, legible(instance))
    except (ValueError, TypeError):
        return None


def _failures(validator: jsonschema_rs.Validator, instance: Any) -> list[Any]:
    if not _is_large(instance):
        return list(validator.iter_errors(instance))
    cut: set[int] = set()
    small = _cut(instance, cut)
    errors = [error for error in validator.iter_errors(small) if _holds(error, small, cut)]
    return errors or _first(validator, instance)


def _first(validator: jsonschema_rs.Validator, instance: Any) -> list[Any]:
    try:
        validator.validate(instance)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


def _holds(error: jsonschema_rs.ValidationError, small: Any, cut: set[int]) -> bool:
    """Whether an error of the cut instance is one of the whole one as well."""
    node = small
    for token in error.instance_path:
        # the engine tells a member that is named 200 as the number
        node = node[str(token) if isinstance(node, dict) else token]
    if id(node) not in cut:
        return True
    return isinstance(error.kind, _SHALLOW) and len(node) < KEPT


def _is_large(instance: Any) -> bool:
    count = 0
    level = [instance]
    while level:
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                below += node.values()
            elif type(node) is list:
                below += node
        count += len(below)
        if count > LARGE:
            return True
        level = [node for node in below if type(node) is dict or type(node) is list]
    return False


def _cut(node: Any, cut: set[int]) -> Any:
    """*node* with at most KEPT entries in each container; *cut* gets the ids of those affected."""
    if isinstance(node, dict):
        kept: Any = {}
        for name, value in node.items():
            kept[name] = _cut(value, cut)
            if len(kept) == KEPT:
                break
        inside = kept.values()
    elif isinstance(node, (list, tuple)):
        kept = inside = [_cut(value, cut) for value in node[:KEPT]]
    else:
        return node
    if len(kept) < len(node) or any(id(value) in cut for value in inside):
        cut.add(id(kept))
    return kept


def legible(value: Any) -> Any:
    r"""*value* with each lone surrogate as a character of its own, which UTF-8 can hold.

    The engine reads UTF-8, in which "\ud800" cannot be written; a private-use character has the
    same length, equals no letter that a pattern or an enum would name, and keeps names distinct.
    """
    if isinstance(value, str):
        if value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value):
            return value
        return "".join(
            chr(0xF0000 + ord(char) - 0xD800) if "\ud800" <= char <= "\udfff" else char
            for char in value
        )
    if isinstance(value, dict):
        return {legible(name): legible(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [legible(item) for item in value]
    return value
