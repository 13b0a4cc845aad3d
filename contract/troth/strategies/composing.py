"""Requests to an operation, by dice: parameters, a body, and what depends on one another in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth import pointer as pointers
from troth.contract import Contract
from troth.exchange import Request
from troth.operation import Operation, Parameter
from troth.schema import Schema
from troth.strategies import bodies
from troth.strategies.assembling import assemble, body_type
from troth.strategies.breaking import NothingToBreak, broken, broken_parameters
from troth.strategies.dice import Dice
from troth.strategies.sites import put

_UNSET = object()


def request(
    contract: Contract,
    operation: Operation,
    dice: Dice,
    *,
    valid: bool = True,
    overrides: Mapping[str, Any] | None = None,
) -> Request:
    """A request to *operation* that the document allows, or (*valid* false) forbids.

    Raises NothingToBreak when it allows everything.
    """
    values = parameters(operation, dice)
    schema = body_schema(operation)
    if schema is None:
        if not valid:
            values = broken_parameters(operation, values, dice)
        return assemble(operation, parameters=values)
    value = body(operation, schema, dice, overrides=overrides or {})
    if not valid:
        try:
            value = broken(schema, value, dice)
        except NothingToBreak:
            values = broken_parameters(operation, values, dice)
    return assemble(operation, parameters=values, body=value)


def body_schema(operation: Operation) -> Schema | None:
    """The schema of the body that is sent, if there is one."""
    entry = body_type(operation)
    return entry.schema if entry else None


def body(operation: Operation, schema: Schema, dice: Dice, *, overrides: Mapping[str, Any]) -> Any:
    """A valid body, with *overrides* where they leave it valid."""
    return overridden(schema, bodies.value(schema, dice), overrides)


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


def parameters(operation: Operation, dice: Dice) -> dict[tuple[str, str], Any]:
    """Values for the operation's parameters: the required ones, and some of the others."""
    values: dict[tuple[str, str], Any] = {}
    for parameter in operation.parameters:
        if parameter.required or dice.chance(40):
            value = parameter_value(parameter, dice)
            if value is not _UNSET:
                values[parameter.location, parameter.name] = value
    return values


def parameter_value(parameter: Parameter, dice: Dice) -> Any:
    """A value for one parameter that survives being written as text."""
    schema = parameter.content.schema if parameter.content else parameter.schema
    if schema is None:
        return "text"
    for _ in range(8):
        value = bodies.value(schema, dice)
        if parameter.content is not None or _survives(parameter, value):
            return value
    plain = next(
        (text for text in ("text", "a", "1") if schema.is_valid(text)), bodies.value(schema, dice)
    )
    return plain if parameter.required or _survives(parameter, plain) else _UNSET


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
    return bool(value) and "," not in value and "\x00" not in value
