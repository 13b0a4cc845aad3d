"""Requests to an operation: parameters, a body, and what depends on one another in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from troth import pointer as pointers
from troth.generation import features
from troth.generation.chat_consistency import is_consistent, made_consistent
from troth.generation.chat_features import Chat
from troth.generation.features import Factor, Level
from troth.generation.locations import put
from troth.generation.mutations import NothingToBreak, broken
from troth.generation.request_writer import (
    UNSET,
    assemble,
    body_type,
    carries,
    unreadable,
    whatever,
)
from troth.generation.source import Smallest, Source
from troth.generation.values import generator_of, synthesize
from troth.generation.values import value as value_of
from troth.http import json_text
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation, Parameter
from troth.schema.data_model import TYPES
from troth.schema.schema import Schema
from troth.seed import Seed

_TRIES = 24


def request(
    contract: Contract,
    operation: Operation,
    source: Source,
    *,
    valid: bool = True,
    overrides: Mapping[str, Any] | None = None,
) -> Request:
    """A request to *operation* that the document allows, or (*valid* false) forbids.

    Raises NothingToBreak when it allows everything.
    """
    values = parameters(operation, source)
    made = composition(operation, overrides=overrides)
    if made is None:
        return _without_schema(operation, values, source, valid=valid)
    value = _carried(made, body(made, source, overrides=overrides or {}), source)
    if valid:
        return assemble(operation, parameters=values, body=value)
    try:
        return assemble(operation, parameters=values, body=_broken(made, value, source))
    except NothingToBreak:
        return _otherwise_broken(operation, values, value, source)


def _without_schema(
    operation: Operation, values: Mapping[tuple[str, str], Any], source: Source, *, valid: bool
) -> Request:
    """A request whose body, if there is one, may be anything of its media type.

    Raises NothingToBreak.
    """
    entry = body_type(operation)
    needed = operation.request_body is not None and operation.request_body.required
    value = whatever(entry) if entry is not None and (needed or source.chance(50)) else UNSET
    if not valid:
        return _otherwise_broken(operation, values, value, source)
    return assemble(operation, parameters=values, body=value)


def _carried(made: Composition, value: Any, source: Source) -> Any:
    """*value*, or another valid one, that comes back from what its media type makes of it."""
    entry = body_type(made.operation)
    if entry is None or entry.is_json:
        return value
    for attempt in range(_TRIES):
        for candidate in (value, _tamed(value)):
            if made.schema.is_valid(candidate) and carries(entry, candidate):
                return candidate
        value = value_of(made.schema, source.anew("body", attempt))
    return made.minimal


def _broken(made: Composition, value: Any, source: Source) -> Any:
    """*value* with a defect that shows on the wire: a form's 7 may be read as "7".

    Raises NothingToBreak.
    """
    entry = body_type(made.operation)
    if entry is None or entry.is_json:
        return broken(made.schema, value, source)
    for attempt in range(_TRIES):
        # a source that always answers alike would break it alike again
        tries = source if attempt < 2 else source.anew("broken", attempt)
        candidate = broken(made.schema, value, tries)
        if carries(entry, candidate) is False:
            return candidate
    raise NothingToBreak(made.operation.name)


def _otherwise_broken(
    operation: Operation, values: Mapping[tuple[str, str], Any], value: Any, source: Source
) -> Request:
    """A request whose parameters are broken, or whose body none can read, or is missing.

    Raises NothingToBreak.
    """
    try:
        broken_values = broken_parameters(operation, values, source)
    except NothingToBreak:
        entry = body_type(operation)
        raw = None if entry is None else unreadable(entry)
        if raw is not None:
            return assemble(operation, parameters=values, raw=raw)
        if operation.request_body is None or not operation.request_body.required:
            raise
        return assemble(operation, parameters=values)
    return assemble(operation, parameters=broken_values, body=value)


def body_schema(operation: Operation) -> Schema | None:
    """The schema of the body that is sent, if there is one."""
    entry = body_type(operation)
    return entry.schema if entry else None


@dataclass(frozen=True, slots=True, eq=False)
class Composition:
    """What bodies of one operation are made of: a minimal one, and what can vary in it.

    *streamed* is the minimal body whose answer is a stream, None where there is none.  *marked* is
    the operation whose `x-troth-` fields were read.
    """

    operation: Operation
    marked: Operation
    schema: Schema
    minimal: Any
    chat: Chat | None
    factors: tuple[Factor, ...]
    streamed: Any

    def valid(self, body: Any) -> bool:
        """Whether the schema accepts *body*."""
        return self.schema.is_valid(body)

    def usual(self, body: Any) -> bool:
        """Whether nothing beyond the schema gives a server a reason to refuse *body*.

        A deployment has its own models, and may look at what a schema cannot say.
        """
        if self.chat is None:
            return True
        model = self.chat.get(self.minimal, "model")
        return self.chat.get(body, "model") == model and is_consistent(self.chat, body)


# Operations are values that compare by identity, and live as long as their contract.
_compositions: dict[tuple[int, int, bytes], Composition] = {}
_MOST_KEPT = 256


def composition(
    operation: Operation,
    *,
    overrides: Mapping[str, Any] | None = None,
    marked: Operation | None = None,
) -> Composition | None:
    """What the operation's bodies are made of; None when it takes none.

    *overrides*, by JSON Pointer or dotted name, are in the minimal body.  *marked* is the same
    operation of another document, where that one says what the parts of a request are.
    """
    schema = body_schema(operation)
    if schema is None:
        return None
    if len(_compositions) > _MOST_KEPT:
        _compositions.clear()
    marks = marked or operation
    key = (id(operation), id(marks), json_text.canonical(dict(overrides or {})))
    if key not in _compositions:
        _compositions[key] = _compose((operation, marks), schema, overrides or {})
    return _compositions[key]


def _compose(
    operations: tuple[Operation, Operation], schema: Schema, overrides: Mapping[str, Any]
) -> Composition:
    operation, marked = operations
    chat = Chat(marked.completion) if marked.completion else None
    smallest = _smallest(schema)
    if chat is not None and schema.is_valid(chat.plain(smallest)):
        smallest = _trimmed(schema, chat.plain(smallest))
    smallest = overridden(schema, smallest, overrides)
    fixed = {tokens_of(name)[0] for name in overrides if tokens_of(name)}
    streamed = features.streaming(marked, schema, smallest)
    switches = set(streamed) - set(smallest) if isinstance(streamed, dict) else set()

    def skip(name: str) -> bool:
        return name in fixed | switches or (chat is not None and chat.covers(name))

    factors = [
        _usable(schema, smallest, factor)
        for factor in (
            *(chat.factors() if chat else ()),
            *features.member_factors(schema, skip=skip),
        )
    ]
    if streamed is not None:
        factors.insert(0, _streaming(schema, chat, smallest, streamed))
    kept = tuple(factor for factor in factors if factor.levels)
    return Composition(operation, marked, schema, smallest, chat, kept, streamed)


def _smallest(schema: Schema) -> Any:
    """A valid value with nothing in it that need not be, made of examples where there are any."""
    return _trimmed(schema, synthesize(schema, seed=Seed.of("minimal"), optional=False))


def _trimmed(schema: Schema, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    # The members that came last were drawn for the sake of earlier ones, so they go first.
    for name in reversed(list(value)):
        rest = {key: item for key, item in value.items() if key != name}
        if schema.is_valid(rest):
            value = rest
    return value


def _usable(schema: Schema, smallest: Any, factor: Factor) -> Factor:
    """*factor* with those of its levels that the schema accepts."""
    source = Smallest()
    levels = (level for level in factor.levels if schema.is_valid(level.build(smallest, source)))
    return Factor(factor.name, tuple(levels))


def _streaming(schema: Schema, chat: Chat | None, smallest: Any, streamed: Any) -> Factor:
    switch = {name: item for name, item in streamed.items() if smallest.get(name) != item}

    def stream(body: Any, source: Source) -> Any:
        return {**body, **switch}

    levels = [Level("stream", stream)]
    if chat is not None and schema.is_valid(chat.with_usage(streamed)):
        levels.append(
            Level("stream with usage", lambda body, source: chat.with_usage(stream(body, source)))
        )
    return Factor("stream", tuple(levels))


def varied(made: Composition, row: Sequence[int], source: Source) -> Any:
    """The minimal body with the levels of *row* (0: absent), each that leaves it valid."""
    value = made.minimal
    for factor, level in zip(made.factors, row, strict=True):
        if level:
            value = _kept(made.schema, value, factor.levels[level - 1].build(value, source))
    return value


def body(made: Composition, source: Source, *, overrides: Mapping[str, Any]) -> Any:
    """A valid body: sometimes anything that the schema allows, mostly features that go together."""
    schema, chat = made.schema, made.chat
    if chat is None:
        return overridden(schema, value_of(schema, source), overrides)
    if source.below(10) >= 6:
        value = value_of(schema, source)
        value = _kept(schema, value, made_consistent(chat, value, source))
    else:
        value = varied(made, [_level(factor, source) for factor in made.factors], source)
        if source.chance(50):
            value = _with_others(made, chat, value, source)
    model = chat.get(made.minimal, "model")
    if model is not None:
        value = _kept(schema, value, chat.set(value, "model", model))
    return overridden(schema, value, overrides)


def _with_others(made: Composition, chat: Chat, value: Any, source: Source) -> Any:
    """*value* with drawn values for members that are no part of a chat."""
    drawn = value_of(made.schema, source)
    for name, item in drawn.items() if isinstance(drawn, dict) else ():
        if not chat.covers(name) and name not in made.minimal:
            value = _kept(made.schema, value, {**value, name: item})
    return value


def _kept(schema: Schema, value: Any, candidate: Any) -> Any:
    return candidate if schema.is_valid(candidate) else value


def _level(factor: Factor, source: Source) -> int:
    return 1 + source.below(len(factor.levels)) if source.chance(30) else 0


def overridden(schema: Schema, value: Any, overrides: Mapping[str, Any]) -> Any:
    """*value* with each of *overrides* that leaves it valid, or that it was invalid without."""
    for name, replacement in overrides.items():
        tokens = tokens_of(name)
        try:
            candidate = put(value, tokens, replacement)
        except (IndexError, TypeError, ValueError):
            continue
        if schema.is_valid(candidate) or not schema.is_valid(value):
            value = candidate
    return value


def tokens_of(name: str) -> tuple[str, ...]:
    """The tokens of a JSON Pointer, or of a dotted name."""
    return pointers.split(name) if name.startswith("/") else tuple(name.split("."))


def parameters(operation: Operation, source: Source) -> dict[tuple[str, str], Any]:
    """Values for the operation's parameters: the required ones, and some of the others."""
    values: dict[tuple[str, str], Any] = {}
    for parameter in operation.parameters:
        if parameter.required or source.chance(40):
            value = parameter_value(parameter, source)
            if value is not UNSET:
                values[parameter.location, parameter.name] = value
    return values


def parameter_value(parameter: Parameter, source: Source) -> Any:
    """A value for one parameter that survives being written as text."""
    schema = parameter.content.schema if parameter.content else parameter.schema
    if schema is None:
        return "text"
    for attempt in range(_TRIES):
        # A source that always answers alike would give the same value again.
        tries = source if attempt < 2 else source.anew(parameter.name, attempt)
        value = value_of(schema, tries)
        if parameter.content is not None or _survives(parameter, value):
            return value
        tamed = _tamed(value)
        if schema.is_valid(tamed) and _survives(parameter, tamed):
            return tamed
    return next((text for text in ("text", "a", "1") if schema.is_valid(text)), UNSET)


def _tamed(value: Any) -> Any:
    """*value* with nothing but letters and digits in its texts."""
    if isinstance(value, str):
        return "".join(char if char.isascii() and char.isalnum() else "a" for char in value) or "a"
    if isinstance(value, list):
        return [_tamed(item) for item in value]
    if isinstance(value, dict):
        return {name: _tamed(item) for name, item in value.items()}
    return value


def _survives(parameter: Parameter, value: Any) -> bool:
    """Whether *value* comes back from its text: no controls in a field, no empty segment."""
    if isinstance(value, (list, dict)):
        items = value if isinstance(value, list) else [*value, *value.values()]
        return bool(items) and all(
            not isinstance(item, (list, dict, type(None))) and _survives(parameter, item)
            for item in items
        )
    if not isinstance(value, str):
        return value is not None
    if parameter.location in ("header", "cookie", "path"):
        # RFC 9110 §5.5: what a field's value may hold; and delimiters would split it.
        return (
            bool(value)
            and all(char.isalnum() or char in "-_" for char in value)
            and (value.isascii())
        )
    # What separates the items of an array would split this one.
    return bool(value) and not set(value) & set(",|\x00" + unquote(parameter.layout.separator))


def broken_parameters(
    operation: Operation, values: Mapping[tuple[str, str], Any], source: Source
) -> dict[tuple[str, str], Any]:
    """*values* with one parameter missing that must be there, or of a value that it rejects.

    Raises NothingToBreak when no parameter can be broken.
    """
    options: list[dict[tuple[str, str], Any]] = []
    for parameter in operation.parameters:
        key = (parameter.location, parameter.name)
        if parameter.required and parameter.location != "path":
            options.append({name: value for name, value in values.items() if name != key})
        text = rejected_text(parameter)
        if text is not None:
            options.append({**values, key: text})
    if not options:
        raise NothingToBreak(operation.name)
    return source.choice(options)


def rejected_text(parameter: Parameter) -> str | None:
    """A text that *parameter* rejects however it is read, or None."""
    schema = parameter.schema
    if schema is None or parameter.content is not None:
        return None
    shapes = generator_of(schema).graph.one(schema.prepared)
    types = frozenset[str]().union(*(shape.types for shape in shapes))
    if not types or types & {"array", "object"} or types >= set(TYPES):
        return None
    for text in ("not-a-value", "banana", "!", "-1", "0", "99999999999999999999", "x" * 300):
        if not any(schema.is_valid(reading) for reading in _readings(text)):
            return text
    return None


def _readings(text: str) -> list[Any]:
    readings: list[Any] = [text]
    if text.lstrip("-").isdigit():
        readings.append(int(text))
    return readings
