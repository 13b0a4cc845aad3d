"""Requests to an operation: parameters, a body, and what depends on one another in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from troth import pointer as pointers
from troth.generation import breaking, features
from troth.generation.chat_consistency import is_consistent, made_consistent
from troth.generation.chat_features import Chat
from troth.generation.features import Factor, Level
from troth.generation.locations import put
from troth.generation.parameters import FORM, parameter_value, parameters, tamed
from troth.generation.request_writer import UNSET, Values, assemble, body_type, whatever
from troth.generation.shape import Conjunction
from troth.generation.source import Smallest, Source, Unsatisfiable
from troth.generation.values import generator_of, synthesize
from troth.generation.values import value as value_of
from troth.http import json_text
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.schema.schema import Schema
from troth.seed import Seed
from troth.validation import content
from troth.violation import Violation

_TRIES = 24
# So often a request is drawn again for being taken for another face of its URL.
_FACES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A request and what it was written from: values of parameters, and that of the body."""

    request: Request
    parameters: Values
    body: Any = UNSET


def request(
    contract: Contract,
    operation: Operation,
    source: Source,
    *,
    valid: bool = True,
    overrides: Mapping[str, Any] | None = None,
) -> Request:
    """A request to *operation* that the document allows, or (*valid* false) forbids, as written.

    Raises Unsatisfiable when it allows none that we can write, and NothingToBreak when it allows
    everything.
    """
    if valid:
        return draft(contract, operation, source, overrides=overrides).request
    values = parameters(operation, source, needed=False)
    body = _body_of(operation, overrides or {})
    value = _drawn(operation, body, source, needed=False)
    schema = body.schema if body and value is not UNSET else None
    return breaking.broken_request(
        contract, operation, source, parameters=values, body=value, schema=schema
    )


def draft(
    contract: Contract,
    operation: Operation,
    source: Source,
    *,
    overrides: Mapping[str, Any] | None = None,
    given: Values | None = None,
) -> Draft:
    """A request to *operation* that the document allows as it is written.

    Texts say less than values do, so what is written is held to the contract, and what it refuses
    is drawn again.  *given* are values of parameters that are taken as they are, whatever the
    document says of them.  Raises Unsatisfiable.
    """
    body = _body_of(operation, overrides or {})
    known = given or {}
    drawn = _drafted(operation, body, source, known)
    refused: tuple[Violation, ...] = ()
    for attempt in range(_TRIES):
        if body is not None and _is_certain(contract, operation, drawn.request):
            return drawn
        refused = tuple(
            one
            for one in breaking.refusals(contract, operation, drawn.request)
            if not _is_given(one, known)
        )
        again = source if attempt < 2 else source.anew(operation.name, attempt)
        if refused:
            if body is not None and attempt == _TRIES // 3:
                body = replace(body, beside=())  # what a null or nothing says may be just right
            drawn = _mended(operation, body, drawn, refused, again, known)
        elif attempt >= _FACES or contract.match_request(drawn.request).operation is operation:
            return drawn
        else:
            drawn = _drafted(operation, body, again, known)
    raise Unsatisfiable(
        f"no request was found that the document allows: {refused[0].message}",
        pointer=refused[0].schema_pointer or operation.pointer,
    )


def _is_certain(contract: Contract, operation: Operation, request: Request) -> bool:
    """Whether *request*, which has a body, says what it was written from, as JSON does."""
    entry = body_type(operation)
    if operation.parameters or entry is None or not entry.is_json:
        return False
    return len(contract.matches(request.method, request.target)) == 1


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """What a body is drawn from: *made* of a chat's, *beside* what its media type asks besides."""

    schema: Schema
    beside: Conjunction
    made: Composition | None
    overrides: Mapping[str, Any]

    def draw(self, source: Source) -> Any:
        """A valid value.  Raises Unsatisfiable."""
        if self.made is not None:
            return body(self.made, source, overrides=self.overrides)
        value = value_of(self.schema, source, beside=self.beside)
        return overridden(self.schema, value, self.overrides)


def _body_of(operation: Operation, overrides: Mapping[str, Any]) -> _Body | None:
    schema = body_schema(operation)
    if schema is None:
        return None
    made = composition(operation, overrides=overrides) if operation.completion else None
    return _Body(schema, _beside(operation), made, overrides)


def _is_given(violation: Violation, given: Values) -> bool:
    """Whether *violation* is about a value of *given*."""
    name = "".join(pointers.split(violation.instance_pointer)[:1])
    return (violation.location.removeprefix("request-"), name) in given


def _drafted(operation: Operation, body: _Body | None, source: Source, given: Values) -> Draft:
    values = {**parameters(operation, source, but=given), **given}
    value = _drawn(operation, body, source)
    return Draft(assemble(operation, parameters=values, body=value), values, value)


def _mended(
    operation: Operation,
    body: _Body | None,
    drawn: Draft,
    refused: Iterable[Violation],
    source: Source,
    given: Values,
) -> Draft:
    """*drawn* with other values for what is *refused* of it."""
    blamed = {(one.location, *pointers.split(one.instance_pointer)[:1]) for one in refused}
    values = {**_parameters_again(operation, drawn.parameters, blamed, source), **given}
    value = drawn.body
    if body is not None and any(where[0] == "request-body" for where in blamed):
        value = _body_again(body, value, blamed, source)
    return Draft(assemble(operation, parameters=values, body=value), values, value)


def _drawn(operation: Operation, body: _Body | None, source: Source, *, needed: bool = True) -> Any:
    """A value of the body; none at all where the operation can do without."""
    declared, entry = operation.request_body, body_type(operation)
    if declared is None or entry is None:
        return UNSET
    if body is None:
        return whatever(entry) if declared.required or source.chance(50) else UNSET
    try:
        return body.draw(source)
    except Unsatisfiable:
        if needed and declared.required:
            raise
        return UNSET


def _parameters_again(
    operation: Operation, values: Values, blamed: Set[tuple[str, ...]], source: Source
) -> dict[tuple[str, str], Any]:
    """*values* without the optional ones that are *blamed*, and with others of the required."""
    kept = dict(values)
    for parameter in operation.parameters:
        key = (parameter.location, parameter.name)
        where: tuple[str, ...] = (f"request-{parameter.location}", parameter.name)
        if parameter.location == "querystring":
            where = ("request-query",)
        is_lost = parameter.location == "path" and ("request",) in blamed
        if not is_lost and where not in blamed:
            continue
        if parameter.required:
            kept[key] = parameter_value(parameter, source)
        else:
            kept.pop(key, None)
    return kept


def _body_again(body: _Body, value: Any, blamed: Set[tuple[str, ...]], source: Source) -> Any:
    """*value* without the members that are *blamed*, if it can do without them, or another."""
    names = {where[1] for where in blamed if where[0] == "request-body" and len(where) > 1}
    if isinstance(value, dict) and names:
        rest = {name: item for name, item in value.items() if name not in names}
        if len(rest) < len(value) and body.schema.is_valid(rest):
            return rest
    plain = tamed(value)
    if plain != value and body.schema.is_valid(plain):
        return plain
    return body.draw(source)


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
    smallest = _smallest(schema, _beside(operation))
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


def _beside(operation: Operation) -> Conjunction:
    """What the media type of a body asks of a value beside the schema."""
    entry = body_type(operation)
    is_form = entry and content.form_of(entry.content_type) in ("urlencoded", "multipart")
    return (FORM,) if is_form else ()


def _smallest(schema: Schema, beside: Conjunction) -> Any:
    """A valid value with nothing in it that need not be, made of examples where there are any."""
    seed = Seed.of("minimal")
    smallest = synthesize(schema, seed=seed, optional=False)
    if not all(generator_of(schema).graph.fits(shape, smallest) for shape in beside):
        smallest = synthesize(schema, seed=seed, optional=False, beside=beside)
    return _trimmed(schema, smallest)


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
        return overridden(
            schema, value_of(schema, source, beside=_beside(made.operation)), overrides
        )
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
