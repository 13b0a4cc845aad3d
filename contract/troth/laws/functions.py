"""The functions that laws have beside CEL's own; spec/README.md documents each for authors.

An argument that makes no sense raises Senseless, which CEL takes as an error value: the condition
is then undecided, never broken.  That is also how a function says that it cannot know (a schema
that cannot be used).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth.http import json_text
from troth.laws.declared_members import read
from troth.schema.data_model import identity, is_number
from troth.schema.proofs import satisfiability
from troth.schema.untrusted_schema import UnusableSchema, embedded

Path = tuple[str, ...]

# The CEL library logs every error value that comes from a function, as a warning; here error
# values are ordinary, and a run would print thousands of them.
logging.getLogger("cel").addFilter(
    lambda record: not any(name in record.getMessage() for name in ("Senseless", "Unending"))
)


class Senseless(ValueError):
    """An argument that the function cannot mean anything by."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that laws may call: *least* to *most* arguments, a receiver counted.

    One that *reaches* takes the list that a variable holds as its first argument, and only reads
    some members of it: it is then given the variable's own value, which is never copied into CEL.
    """

    call: Callable[..., Any]
    least: int
    most: int
    reaches: bool = False


def coalesce(*values: Any) -> Any:
    """The first of *values* that is not null."""
    return next((value for value in values if value is not None), None)


def parse_json(text: Any) -> Any:
    """The value of a JSON text; null when it is none (`is_json` tells the two nulls apart)."""
    try:
        return read(json_text.decode(text.encode("utf-8", "surrogatepass")), None)
    except (AttributeError, ValueError, json_text.BadJson):
        return None


def is_json(text: Any) -> Any:
    """Whether *text* is a JSON text (RFC 8259); a non-string is none."""
    try:
        json_text.decode(text.encode("utf-8", "surrogatepass"))
    except (AttributeError, json_text.BadJson):
        return False
    return True


def conforms(value: Any, schema: Any) -> Any:
    """Whether *value* is valid under a JSON Schema that is itself a value."""
    if not isinstance(schema, dict | bool):
        raise Senseless
    try:
        compiled = embedded(schema)
        is_valid = compiled.is_valid(value)
    except (UnusableSchema, ValueError):
        raise Senseless from None
    if not is_valid and satisfiability(compiled.schemas, compiled.pointer) == "no":
        raise Senseless  # nothing at all would do
    return is_valid


def distinct(values: Any) -> Any:
    """*values* without repetitions, the first of each kept."""
    firsts: dict[Hashable, Any] = {}
    for value in _list(values):
        firsts.setdefault(identity(value), value)
    return list(firsts.values())


def sort(values: Any) -> Any:
    """*values* in ascending order: all numbers, or all strings."""
    if _all(values, is_number) or _all(values, _is_text):
        return sorted(values)
    raise Senseless


def total(values: Any) -> Any:
    """The sum of a list of numbers."""
    if not _all(values, is_number):
        raise Senseless
    return sum(values)


def flatten(values: Any) -> Any:
    """The entries of the lists in *values*, in one list; nulls are left out."""
    if not _all(values, lambda value: value is None or isinstance(value, list)):
        raise Senseless
    return [entry for value in values if value is not None for entry in value]


def join(values: Any, separator: Any = "") -> Any:
    """The strings in *values* as one, with *separator* between them."""
    if not _all([separator], _is_text) or not _all(values, _is_text):
        raise Senseless
    return str(separator).join(values)


def characters(text: Any) -> Any:
    """The number of code points of *text* (CEL's own size counts bytes in some libraries)."""
    if not isinstance(text, str):
        raise Senseless
    return len(text)


def range_(bound: Any) -> Any:
    """The integers from 0 to *bound* - 1, at most 100,000 of them."""
    if not isinstance(bound, int) or isinstance(bound, bool) or bound > 100_000:
        raise Senseless
    return list(range(bound))


def present(values: Any) -> Any:
    """*values* without null, "", [] and {}."""
    return [value for value in _list(values) if _is_present(value)]


def first_at(values: Any) -> Any:
    """The index of the first present entry of *values*, or their number when there is none."""
    return next((at for at, value in enumerate(_list(values)) if _is_present(value)), len(values))


def last_at(values: Any) -> Any:
    """The index of the last present entry of *values*, or -1 when there is none."""
    return next((at for at in reversed(range(len(_list(values)))) if _is_present(values[at])), -1)


def pluck(items: Any, path: Any) -> Any:
    """The values at *path* in each of *items*, in order; arrays on the way fan out."""
    (steps,) = _paths([path])
    at = steps[:-1]
    way = _step(at, steps)
    return [_follow(row, way) for row in _rows(_list(items), at)]


def series(items: Any, at: Any, keys: Any, members: Any) -> Any:
    """The entries at *at* in all *items*, grouped by *keys*; each group as columns of *members*.

    Every path starts at the item and may pass through the arrays that *at* passes through: it
    then stays with the same entry of them.  A column is called like the last step of its path.
    """
    (where,), by, wanted = _paths([at]), _paths(keys), _paths(members)
    key_ways = [_step(where, path) for path in by]
    ways = [(path[-1], _step(where, path)) for path in wanted]
    groups: dict[Any, dict[str, list[Any]]] = {}
    for row in _rows(_list(items), where):
        key = tuple([identity(_follow(row, way)) for way in key_ways])
        columns = groups.get(key)
        if columns is None:
            columns = groups[key] = {name: [] for name, _ in ways}
        for name, way in ways:
            columns[name].append(_follow(row, way))
    return list(groups.values())


def _rows(items: Sequence[Any], at: Path) -> list[tuple[Any, ...]]:
    """Each entry at *at*, as the chain of nodes that leads to it: the item comes first."""
    rows: list[tuple[Any, ...]] = [(item,) for item in items]
    for step in at:
        longer: list[tuple[Any, ...]] = []
        for row in rows:
            node = row[-1]
            node = node.get(step) if isinstance(node, dict) else None
            if isinstance(node, list):
                longer.extend((*row, entry) for entry in node)
            elif node is not None:
                longer.append((*row, node))
        rows = longer
    return rows


def _step(at: Path, path: Path) -> tuple[int, Path]:
    """How to follow *path* from a chain along *at*: from which node of it, on by which steps."""
    shared = 0
    while shared < min(len(at), len(path)) and at[shared] == path[shared]:
        shared += 1
    return shared, path[shared:]


def _follow(row: tuple[Any, ...], way: tuple[int, Path]) -> Any:
    depth, steps = way
    node = row[depth]
    for step in steps:
        node = node.get(step) if isinstance(node, dict) else None
    return read(node, None) if isinstance(node, str | dict | list | float | int) else node


def _paths(value: Any) -> list[Path]:
    if not value or not _all(value, _is_text):
        raise Senseless
    return [tuple(path.split(".")) for path in value]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Senseless
    return value


def _all(values: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(values, list) and all(fits(value) for value in values)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_present(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != {}


FUNCTIONS: Mapping[str, Function] = {
    "coalesce": Function(coalesce, 1, 9),
    "parse_json": Function(parse_json, 1, 1),
    "is_json": Function(is_json, 1, 1),
    "conforms": Function(conforms, 2, 2),
    "distinct": Function(distinct, 1, 1),
    "sort": Function(sort, 1, 1),
    "sum": Function(total, 1, 1),
    "flatten": Function(flatten, 1, 1),
    "join": Function(join, 1, 2),
    "characters": Function(characters, 1, 1),
    "range": Function(range_, 1, 1),
    "present": Function(present, 1, 1),
    "first_at": Function(first_at, 1, 1),
    "last_at": Function(last_at, 1, 1),
    "pluck": Function(pluck, 2, 2, reaches=True),
    "series": Function(series, 4, 4, reaches=True),
}
