"""Values of parameters and forms that survive as texts, and texts that are refused.

What a parameter says of itself is the schema's; that a text has no null, no nesting and, in most
places, is not empty, is said beside it as a shape, so that hardly a value is drawn in vain.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote

from troth.generation import values
from troth.generation.request_writer import UNSET, assemble
from troth.generation.shape import ArrayPart, ObjectPart, Shape
from troth.generation.source import Source, Unsatisfiable
from troth.openapi.operation import Match, Operation, Parameter
from troth.pointer import mapped
from troth.schema.data_model import ALL_TYPES, TYPES
from troth.schema.schema import Schema
from troth.validation import coercion
from troth.validation.parameters import check_parameters
from troth.validation.styles import Kind

_TRIES = 24
# After so many tries for a plain value, any that is read as it was meant will do.
_PLAIN_TRIES = 2

_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_WORD = Shape(types=_SCALARS, min_length=1)
_TYPES: dict[Kind, frozenset[str]] = {
    "scalar": _SCALARS,
    "array": frozenset({"array"}),
    "object": frozenset({"object"}),
}
_WRITTEN = ALL_TYPES - {"null"}
#: What a form says: no null, and no array without an item.
FORM = Shape(
    types=frozenset({"object"}),
    objects=(
        ObjectPart(
            {},
            additional=Shape(
                types=_WRITTEN, min_items=1, arrays=(ArrayPart(rest=Shape(types=_WRITTEN)),)
            ),
            annotates=False,
        ),
    ),
)


def parameters(
    operation: Operation,
    source: Source,
    *,
    needed: bool = True,
    but: Collection[tuple[str, str]] = (),
) -> dict[tuple[str, str], Any]:
    """Values for the operation's parameters: the required ones, and some of the others.

    There are none for those in *but*.  Raises Unsatisfiable where a required one has no value,
    unless it is not *needed*.
    """
    chosen: dict[tuple[str, str], Any] = {}
    for parameter in operation.parameters:
        if (parameter.location, parameter.name) in but:
            continue
        if parameter.required or source.chance(40):
            try:
                value = parameter_value(parameter, source)
            except Unsatisfiable:
                if parameter.required and needed:
                    raise
                continue
            if value is not UNSET:
                chosen[parameter.location, parameter.name] = value
    return chosen


def schema_of(parameter: Parameter) -> Schema | None:
    """The schema of the value of *parameter*, wherever it is given."""
    return parameter.content.schema if parameter.content else parameter.schema


def parameter_value(parameter: Parameter, source: Source) -> Any:
    """A value for one parameter that survives being written as text."""
    schema = schema_of(parameter)
    if schema is None:
        return "text"
    known = examples(parameter)
    # what shrinks, and what is smallest, is an example too
    if known and not source.chance(70):
        return source.choice(known)
    texts = _texts(coercion.kinds(schema), nested=parameter.layout.is_nested)
    beside = () if parameter.content else (texts,)
    unlikely = readable = UNSET
    for attempt in range(_TRIES):
        # A source that always answers alike would give the same value again.
        tries = source if attempt < 2 else source.anew(parameter.name, attempt)
        if attempt == _TRIES // 3:
            beside = ()  # what is nested, or empty, has a text too
        try:
            value = values.value(schema, tries, beside=beside)
        except Unsatisfiable:
            if not beside:
                raise
            beside = ()
            continue
        plain = tamed(value)
        for candidate in (value, plain) if parameter.content is None else (value,):
            is_fit = _is_plain(parameter, candidate) and schema.is_valid(candidate)
            if is_fit and is_read(parameter, candidate):
                return candidate
        if readable is UNSET and is_read(parameter, value):
            readable = value
        if readable is not UNSET and attempt >= _PLAIN_TRIES:
            return readable
        unlikely = value
    text = next((text for text in ("text", "a", "1") if schema.is_valid(text)), UNSET)
    # An array of nulls has a text too, though what it says is the reader's to find.
    return unlikely if text is UNSET and parameter.required else text


@lru_cache(maxsize=1024)
def examples(parameter: Parameter) -> tuple[Any, ...]:
    """The valid values that the document shows for *parameter*, of itself or of its schema."""
    schema = schema_of(parameter)
    if schema is None:
        return ()
    entry = parameter.content
    shown = [each.value for each in (parameter.examples if entry is None else entry.examples)]
    graph = values.generator_of(schema).graph
    shown += [value for shape in graph.one(schema.prepared) for value in graph.examples(shape)]
    return tuple(
        value
        for value in shown
        if value not in (None, "") and schema.is_valid(value) and is_read(parameter, value)
    )


def is_read(parameter: Parameter, value: Any) -> bool:
    """Whether *value*, written as *parameter* is, is read as a value that it allows."""
    is_path = parameter.location == "path"
    path = "/{" + parameter.name + "}" if is_path else "/"
    alone = Operation("GET", path, "", parameters=(replace(parameter, required=True),))
    request = assemble(alone, parameters={(parameter.location, parameter.name): value})
    path, _, query = request.target.partition("?")
    if "%00" in request.target or path in ("/.", "/..") or (is_path and path == "/"):
        return False  # what no server is sure to see as it was sent
    if not all(text.isascii() and text.isprintable() for _, text in request.fields):
        return False
    match = Match(alone, {parameter.name: path[1:]} if is_path else {}, query)
    return not check_parameters(match, request)


@cache
def _texts(kinds: tuple[Kind, ...], *, nested: bool) -> Shape:
    """The values of *kinds* that a text says: no null, nothing empty, and what is in them too.

    Where the style is *nested* there is more inside than scalars.
    """
    inner = _texts(("scalar", "array", "object"), nested=False) if nested else _WORD
    return Shape(
        types=frozenset[str]().union(*(_TYPES[kind] for kind in kinds)),
        min_length=1,
        min_items=1,
        arrays=(ArrayPart(rest=inner),),
        min_properties=1,
        objects=(ObjectPart({}, additional=inner, annotates=False),),
    )


def tamed(value: Any) -> Any:
    """*value* with nothing but letters and digits in its texts."""
    return mapped(lambda one: _plain_text(one) if isinstance(one, str) else one, value)


def _plain_text(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "a" for char in text) or "a"


def _is_plain(parameter: Parameter, value: Any) -> bool:
    """Whether *value* has nothing in it that servers and proxies trip over."""
    if parameter.content is not None:
        return True
    if isinstance(value, (list, dict)):
        items = value if isinstance(value, list) else [*value, *value.values()]
        return bool(items) and all(
            (parameter.layout.is_nested or not isinstance(item, (list, dict)))
            and _is_plain(parameter, item)
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


def rejected_text(parameter: Parameter) -> str | None:
    """A text that *parameter* rejects however it is read, or None."""
    schema = parameter.schema
    if schema is None or parameter.content is not None:
        return None
    shapes = values.generator_of(schema).graph.one(schema.prepared)
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
