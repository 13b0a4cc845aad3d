"""What a validator says against an instance, in bounded time, whatever the instance is.

jsonschema-rs makes every error at once, at some ten microseconds each: fifty thousand bad items
would take seconds.  So a large instance is cut down first.  What is said of values that the cut
left whole is as true of the instance; of the rest, the first error alone is told.
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs

#: An instance of more values than this is cut down, its containers to so many entries.
LARGE = 5000
KEPT = 100

_Kind = jsonschema_rs.ValidationErrorKind
#: What is said of a container whatever becomes of the values inside it.
_SHALLOW = (_Kind.Type, _Kind.Required, _Kind.AdditionalProperties)


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
    found = [error for error in validator.iter_errors(small) if _holds(error, small, cut)]
    return found or _first(validator, instance)


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
        node = node[token]
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
