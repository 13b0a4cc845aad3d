"""The identifiers of what is kept: where they stand in paths, and which are free.

One that the mock gives is such as the bodies take in which it is told, and the paths by which it is
asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

from troth import pointer
from troth.generation import natural_values
from troth.generation.graph import node_of
from troth.generation.source import Quick
from troth.generation.values import Unsatisfiable, synthesize
from troth.openapi.operation import Operation, Parameter
from troth.openapi.paths import shape_of
from troth.openapi.resource import Resource
from troth.schema.schema import Schema
from troth.seed import Seed
from troth_mock.storage.sessions import Collection, text_of

_TURNS = 1000
#: After so many that are free and do not fit, the others are thought not to either.
_MISFITS = 10
_LONGEST_NUMBER = 17


@lru_cache(maxsize=4096)
def variables(resource: str, path: str) -> tuple[str | None, ...]:
    """What the variables of the path *resource* are called in *path*, None where it has not one.

    They stand behind the same segments, or go by a name that no such one has.
    """
    (shape, names), (other, others) = shape_of(resource), shape_of(path)
    ends = [at + 1 for at, segment in enumerate(shape) if segment == "{}"]
    placed = {at: others[at] for at, end in enumerate(ends) if other[:end] == shape[:end]}
    free = set(others) - set(placed.values())
    return tuple(placed.get(at, name if name in free else None) for at, name in enumerate(names))


def own_parameter(resource: Resource, operation: Operation) -> Parameter | None:
    """The parameter by which *operation* says which item it means."""
    if resource.parameter is None:
        return None
    name = variables(resource.path, operation.path)[-1]
    in_path = (each for each in operation.parameters if each.location == "path")
    return next((each for each in in_path if each.name == name), None)


def key_of(resource: Resource, value: Any) -> str | None:
    """What identifies *value*, an item, as it stands in a path."""
    return (
        None if resource.identifier is None else text_of(pointer.find(value, resource.identifier))
    )


def naming(resource: Resource) -> Parameter | None:
    """The parameter by which paths say which item of *resource* is meant, if a schema has it."""
    for operation in (each for role in resource.operations.values() for each in role):
        own = own_parameter(resource, operation)
        if own is not None and own.schema is not None:
            return own
    return None


def is_addressable(value: Any, parameter: Parameter | None) -> bool:
    """Whether *value*, an identifier, can stand in a path where *parameter* says which is meant."""
    text = text_of(value)
    if parameter is None or parameter.schema is None or text is None:
        return True
    is_number = text.isdecimal() and len(text) < _LONGEST_NUMBER
    is_valid = parameter.schema.is_valid
    return is_valid(text) or (is_number and is_valid(int(text)))


def such_as(parameter: Parameter | None, seed: Seed) -> Iterator[Any]:
    """An identifier that *parameter* takes, also as it would be written as another type."""
    if parameter is None or parameter.schema is None:
        return
    with suppress(Unsatisfiable):
        drawn = synthesize(parameter.schema, seed=seed, name=parameter.name)
        yield drawn
        if isinstance(drawn, int):
            yield text_of(drawn)


def named(drawn: Any, parameter: Parameter | None, seed: Seed, fits: Callable[[Any], bool]) -> Any:
    """*drawn*, or one that *parameter* takes where it does not take that, and such a one *fits*."""
    if is_addressable(drawn, parameter):
        return drawn
    return next(filter(fits, such_as(parameter, seed)), drawn)


@lru_cache(maxsize=8192)
def cursor_behind(key: str, parameter: Parameter | None) -> str:
    """The cursor of what is behind the item *key* of a list, such as *parameter* takes."""
    if is_addressable(key, parameter):
        return key
    seed = Seed.of("cursor", key)
    drawn = next(such_as(parameter, seed), None)
    # an example would be that of every item
    other = natural_values.another(drawn, Quick(seed), 1, has_form=True)
    return str(next(filter(partial(is_addressable, parameter=parameter), (other, drawn)), key))


def following(drawn: Any, collection: Collection) -> Any:
    """The number behind all that identify something in *collection*, or *drawn* if that is none."""
    is_number = isinstance(drawn, int) and not isinstance(drawn, bool)
    return collection.highest + 1 if is_number and collection.highest is not None else drawn


def free_key(
    drawn: Any, collection: Collection, seed: Seed, fits: Callable[[Any], bool] = lambda _: True
) -> Any:
    """*drawn*, or an identifier like it that nothing in *collection* has or had; None: no such.

    One that *fits*, if there is any.
    """
    if text_of(drawn) is None:
        return None
    free = None
    for has_form in (False, True):
        source, misfits = Quick(seed.child("another")), 0
        for turn in range(_TURNS):
            value = (
                natural_values.another(drawn, source, turn, has_form=has_form) if turn else drawn
            )
            if collection.is_taken(text_of(value) or ""):
                continue
            if fits(value):
                return value
            free = value if free is None else free
            misfits += 1
            if misfits == _MISFITS:
                break
    return free


def examples_at(schema: Schema, place: str) -> Sequence[Any]:
    """The examples that *schema* has of what stands at *place*."""
    node = node_of(schema)
    for token in pointer.split(place):
        if node.reason is not None:
            return ()
        is_array = token.isdecimal() and "object" not in node.shape.types
        node = node.item(int(token)) if is_array else node.member(token)
    return node.shape.examples if node.reason is None else ()
