"""From texts to JSON values: what a schema makes of `5`, `true` and `a,b`.

A request carries texts; the schema says which values they stand for.  Where it allows several
(`type: [integer, string]`, `anyOf`), the first reading that is valid counts; where none is, the
reading that explains itself best, so that the schema's own error says what was wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from troth import pointer as pointers
from troth.http import json_text
from troth.http.json_text import BadJson
from troth.schema import branches
from troth.schema.applicators import COMBINATORS, applying
from troth.schema.data_model import ALL_TYPES, type_of
from troth.schema.schema import Schema, Schemas
from troth.validation.styles import Kind, Malformed, Repeated, Texts

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}", re.ASCII)
_MEANT = {"properties": "object", "items": "array"}
_MEANT |= dict.fromkeys(("pattern", "minLength", "maxLength"), "string")
_Nodes = tuple[tuple[str, Mapping[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found out about the schemas of one document: as much as it has pointers."""

    types: dict[str, frozenset[str]] = field(default_factory=dict)
    reachable: dict[tuple[str, ...], _Nodes] = field(default_factory=dict)


_known: WeakKeyDictionary[Schemas, _Known] = WeakKeyDictionary()


def kinds(schema: Schema | None) -> tuple[Kind, ...]:
    """The shapes that a value of *schema* can have, in the order in which to try them."""
    if schema is None or (types := types_of(schema)) == ALL_TYPES:
        # Nothing is said of the type: a text is a text, and several are several.
        return ("scalar", "array")
    structured: tuple[Kind, ...] = ("object", "array")
    possible = tuple(kind for kind in structured if kind in types)
    if not types <= {"object", "array"}:
        return (*possible, "scalar")
    # members or items may be described without a word on the type, and then anything else is valid
    others: tuple[Kind, ...] = ("scalar", "array", "object") if schema.is_valid("") else ()
    return tuple(dict.fromkeys((*possible, *others)))


def types_of(schema: Schema | None) -> frozenset[str]:
    """The types that *schema* leaves open, `$ref` and branches followed.

    Where it says nothing of types and describes members, items or a text, it is theirs that is
    meant.
    """
    return ALL_TYPES if schema is None else _types_at(schema.schemas, schema.pointer)


def _types_at(schemas: Schemas, pointer: str) -> frozenset[str]:
    known = _known.setdefault(schemas, _Known())
    if pointer not in known.types:
        root = schemas.prepared.root
        types = branches.taken(root, pointers.find(root, pointer)) or ALL_TYPES
        if types == ALL_TYPES:
            nodes = [node for _, node in _reachable(schemas, (pointer,))]
            hints = (of for word, of in _MEANT.items() if any(word in node for node in nodes))
            types = frozenset({hint}) if (hint := next(hints, None)) else types
        known.types[pointer] = types
    return known.types[pointer]


def is_array(schema: Schema | None) -> bool:
    """Whether a value of *schema* is an array, null aside."""
    return types_of(schema) - {"null"} == {"array"}


def read_first(schema: Schema | None, divide: Callable[[Kind], Texts | None]) -> tuple[Any, bool]:
    """The value of what *divide* makes of each shape that *schema* allows, and whether it is there.

    The first that is valid counts, or else the first.  Raises Malformed where no shape has a form.
    """
    readings: list[Any] = []
    fault: Malformed | None = None
    for kind in kinds(schema):
        try:
            texts = divide(kind)
            if texts is None:
                continue
            if schema is None:
                return texts, True
            value = read(schema, texts)
        except Malformed as malformed:
            fault = fault or malformed
            continue
        if schema.is_valid(value):
            return value, True
        readings.append(value)
    if fault is not None and not readings:
        raise fault
    return (readings[0], True) if readings else (None, False)


def read(schema: Schema, texts: Texts) -> Any:
    """The value that *texts* stand for under *schema*."""
    value = _read(schema.schemas, (schema.pointer,), texts)
    # One empty text may also be an array without items: no style can write those apart.
    return [] if texts == [""] and not schema.is_valid(value) else value


def member(schema: Schema | None, name: str) -> Schema | None:
    """The schema of the member *name*, if there is one; the first, where branches differ."""
    if schema is None:
        return None
    at = _member(schema.schemas, (schema.pointer,), name)
    return schema.schemas.at(at[0]) if at else None


def items(schema: Schema | None, index: int = 0) -> Schema | None:
    """The schema of item *index*, if there is one; the first, where branches differ."""
    if schema is None:
        return None
    at = _items(schema.schemas, (schema.pointer,), index)
    return schema.schemas.at(at[0]) if at else None


def declared(schema: Schema | None) -> tuple[str, ...]:
    """The members that *schema*, or a branch of it, declares."""
    return tuple(dict.fromkeys(name for node in _nodes(schema) for name in _properties(node)))


def declares(schema: Schema | None, name: str) -> bool:
    """Whether *schema*, or a branch of it, declares the member *name*."""
    return any(name in _properties(node) for node in _nodes(schema))


def says(schema: Schema | None, keyword: str) -> Iterator[Any]:
    """The values of *keyword* in *schema* and its branches."""
    return (node[keyword] for node in _nodes(schema) if keyword in node)


def may_have(schema: Schema | None, name: str) -> bool:
    """Whether an object of *schema* may have the member *name*."""
    if schema is None or declares(schema, name):
        return True
    words = ("additionalProperties", "unevaluatedProperties")
    return not any(node.get(word) is False for node in _nodes(schema) for word in words)


def is_map(schema: Schema | None) -> bool:
    """Whether *schema* says that its objects have members which it does not name, or names none."""
    words = ("additionalProperties", "patternProperties")
    return (
        schema is None
        or any(node.get(word) for node in _nodes(schema) for word in words)
        or not any(node.get("properties") for node in _nodes(schema))
    )


def _nodes(schema: Schema | None) -> Iterator[Mapping[str, Any]]:
    reachable = _reachable(schema.schemas, (schema.pointer,)) if schema is not None else ()
    return (node for _, node in reachable)


def _properties(node: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = node.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _read(schemas: Schemas, at: tuple[str, ...], texts: Texts | None) -> Any:
    if texts is None:
        return None
    types = frozenset[str]().union(*(_types_at(schemas, each) for each in at)) if at else ALL_TYPES
    if isinstance(texts, str):
        readings: Iterable[Any] = _readings(schemas, at, texts, types)
    elif isinstance(texts, list):
        readings = ([_read(schemas, _items(schemas, at, i), text) for i, text in enumerate(texts)],)
    else:
        readings = _structures(schemas, at, texts, types)
    readings = iter(readings)
    first = next(readings)
    if not at or _is_valid(schemas, at, first):
        return first
    return next((each for each in readings if _is_valid(schemas, at, each)), first)


def _is_valid(schemas: Schemas, at: tuple[str, ...], value: Any) -> bool:
    return any(schemas.at(each).is_valid(value) for each in at)


def _readings(
    schemas: Schemas, at: tuple[str, ...], text: str, types: frozenset[str]
) -> Iterator[Any]:
    """What *text* can mean, the most telling first; it can always be a string."""
    if types & {"integer", "number"} and _NUMBER.fullmatch(text):
        # More digits than a number may have, or an infinity: a text.
        with suppress(BadJson):
            yield json_text.decode(text.encode("ascii"))
    if "boolean" in types and text in ("true", "false"):
        yield text == "true"
    if "null" in types and text in ("null", ""):
        yield None
    is_structure = types <= {"array", "object"}
    if not is_structure:
        yield text
    if text[:1] in ("[", "{") and types & {"array", "object"}:
        # No style says how to write what is in a member: JSON is what is commonly sent.
        with suppress(BadJson):
            value = json_text.decode(text.encode("utf-8", "surrogatepass"))
            if type_of(value) in types:
                yield value
    if "array" in types:
        yield [] if not text else [_read(schemas, _items(schemas, at, 0), text)]
    if "object" in types and not text:
        yield {}
    if is_structure:
        yield text


def _structures(
    schemas: Schemas, at: tuple[str, ...], texts: Mapping[str, Any], types: frozenset[str]
) -> Iterator[Any]:
    """What *texts* by name can mean: an object, or an array whose indexes are the names."""
    if "array" in types and all(_INDEX.fullmatch(name) for name in texts):
        items = (texts[name] for name in sorted(texts, key=int))
        yield [_read(schemas, _items(schemas, at, i), item) for i, item in enumerate(items)]
    members: dict[str, Any] = {}
    for name, text in texts.items():
        below = _member(schemas, at, name)
        is_array = not below or any("array" in _types_at(schemas, each) for each in below)
        if isinstance(text, list) and len(text) > 1 and not is_array:
            raise Repeated(len(text), name)
        members[name] = _read(schemas, below, text)
    yield members


def _member(schemas: Schemas, at: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The schemas that the member *name* of an object of the schemas *at* has to fit."""
    members: list[str] = []
    for pointer, node in _reachable(schemas, at):
        properties = node.get("properties")
        if isinstance(properties, Mapping) and name in properties:
            members.append(pointers.join(pointer, "properties", name))
        elif isinstance(node.get("additionalProperties"), Mapping):
            members.append(pointer + "/additionalProperties")
    return tuple(members)


def _items(schemas: Schemas, at: tuple[str, ...], index: int) -> tuple[str, ...]:
    items: list[str] = []
    for pointer, node in _reachable(schemas, at):
        first = node.get("prefixItems")
        if isinstance(first, list) and index < len(first):
            items.append(f"{pointer}/prefixItems/{index}")
        elif isinstance(node.get("items"), Mapping):
            items.append(pointer + "/items")
    return tuple(items)


def _reachable(schemas: Schemas, at: tuple[str, ...]) -> _Nodes:
    """The schemas *at*, and those that they apply to the same instance."""
    known = _known.setdefault(schemas, _Known())
    if at not in known.reachable:
        root = schemas.prepared.root
        starts = [(pointer, pointers.find(root, pointer)) for pointer in at]
        known.reachable[at] = tuple(applying(root, starts, keywords=COMBINATORS))
    return known.reachable[at]
