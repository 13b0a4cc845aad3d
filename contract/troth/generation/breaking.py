"""Broken values and broken parameters: one to three mutations, and invalid beyond doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.errors import TrothError
from troth.generation import bodies
from troth.generation.locations import Site, put, sites
from troth.generation.mutations import Defect, defects
from troth.generation.raw_json import Written
from troth.generation.shape import TYPES
from troth.generation.source import Dice
from troth.openapi.operation import Operation, Parameter
from troth.schema.schema import Schema

_MOST = 3
_TRIES = 8
_SIMPLE: tuple[Any, ...] = (None, [], {}, "", 0, True, 0.5, "text", -1, [None], {"": None})


class NothingToBreak(TrothError):
    """Every value is valid here, so none can be invalid."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name} accepts whatever is sent: there is no invalid request to build"


def broken(schema: Schema, value: Any, dice: Dice) -> Any:
    """An invalid value: *value*, which is valid, with one to three mutations.

    Raises NothingToBreak when the schema takes everything that we know to try.
    """
    generator = bodies.generator_of(schema)
    found, struck = value, 0
    wanted = 1 + dice.below(_MOST)
    for _ in range(_TRIES):
        places = list(sites(generator.alternatives, (schema.prepared,), value))
        if not places:
            break
        # The whole value seldom: another type there tells little, and hides what else is struck.
        first = 1 if len(places) > 1 and not dice.chance(3) else 0
        site = dice.choice(places[first:])
        options = [one for one in defects(generator, site, thorough=False) if _plain(one)]
        struck_out = _struck(found, site, dice.choice(options)) if options else found
        if not schema.is_valid(struck_out):
            found, struck = struck_out, struck + 1
        if struck >= wanted:
            return found
    return found if struck else _certainly(schema, value)


def _plain(defect: Defect) -> bool:
    # Members that the schema does not know, and texts, are no defects where all may be added.
    return defect.legal == "computed" and not isinstance(defect.replacement, Written)


def _struck(value: Any, site: Site, defect: Defect) -> Any:
    """*value* with the defect; a place that an earlier mutation took away stays away."""
    try:
        return put(value, site.tokens, defect.replacement)
    except (IndexError, TypeError, ValueError, KeyError):
        return value


def _certainly(schema: Schema, value: Any) -> Any:
    generator = bodies.generator_of(schema)
    for site in sites(generator.alternatives, (schema.prepared,), value):
        for defect in defects(generator, site, thorough=False):
            candidate = put(value, site.tokens, defect.replacement)
            if _plain(defect) and not schema.is_valid(candidate):
                return candidate
    for candidate in _SIMPLE:
        if not schema.is_valid(candidate):
            return candidate
    raise NothingToBreak(f"the schema at #{schema.pointer}")


def broken_parameters(
    operation: Operation, values: Mapping[tuple[str, str], Any], dice: Dice
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
    return dice.choice(options)


def rejected_text(parameter: Parameter) -> str | None:
    """A text that *parameter* rejects however it is read, or None."""
    schema = parameter.schema
    if schema is None or parameter.content is not None:
        return None
    shapes = bodies.generator_of(schema).alternatives.one(schema.prepared)
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
