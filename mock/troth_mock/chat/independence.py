"""Whether a part of an instance can be any value at all, as far as a schema is concerned.

`is_free` proves that the verdict on an instance does not depend on what stands in one place, so
that one validation holds for every value there.  It gives up on any keyword that it does not
know: no proof is not a proof of the contrary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from troth.schema.applicators import IN_PLACE, below, resolve
from troth.schema.data_model import INTEGERS

#: What may be put in place: any string, or any integer from 0 to MOST.
Kind = Literal["string", "count"]
MOST = (1 << 31) - 1

Way = tuple[str | int, ...]

# JSON Schema 2020-12 §10.2: what these say is made of the verdicts of their subschemas
_LOGIC = tuple(keyword for keyword in IN_PLACE if keyword != "dependentSchemas")
# They say nothing of a value (§9, and OpenAPI's own), or of its size, its type or its names alone.
_SILENT = frozenset(
    """
    $comment $defs contentEncoding contentMediaType definitions default deprecated description
    discriminator example examples externalDocs readOnly title writeOnly xml
    type required minProperties maxProperties propertyNames dependentRequired minItems maxItems
    """.split()  # noqa: SIM905 - a list of words reads better than quoted words
)
_KNOWN = frozenset({"$ref", "properties", "additionalProperties", "items", *_LOGIC})
_OF_NUMBERS = frozenset({"multipleOf", "exclusiveMinimum", "exclusiveMaximum", "format"})
_OF_STRINGS = frozenset({"minLength", "maxLength", "pattern", "format", "contentSchema"})


def is_free(root: Any, schema: Any, way: Way, *, kind: Kind) -> bool:
    """Whether the schema's verdict on an instance is the same for every value at *way* in it.

    *schema* is a part of *root*, prepared as JSON Schema 2020-12; *way* are names of members and
    places in arrays.
    """
    return _Proof(root, kind).holds(schema, way)


class _Proof:
    def __init__(self, root: Any, kind: Kind) -> None:
        self._root = root
        self._kind = kind
        self._assumed: set[tuple[str, Way]] = set()

    def holds(self, schema: Any, way: Way) -> bool:
        if isinstance(schema, bool):
            return True
        if not isinstance(schema, Mapping):
            return False
        return all(self._is_silent(name, schema, way) for name in schema) and all(
            self.holds(inner, rest) if inner is not None else self._follows(schema, way)
            for inner, rest in _inner(schema, way)
        )

    def _is_silent(self, name: str, schema: Mapping[str, Any], way: Way) -> bool:
        if name in _SILENT or name in _KNOWN or name.startswith("x-"):
            return True
        if way:
            # numbers and strings hold nothing: what speaks of them alone does not look inside
            return name in _OF_NUMBERS or name in _OF_STRINGS or name in ("minimum", "maximum")
        if self._kind == "string":
            return name in ("minimum", "maximum") or name in _OF_NUMBERS - {"format"}
        bound = schema[name]
        if name == "minimum":
            return isinstance(bound, int | float) and bound <= 0
        if name == "maximum":
            return isinstance(bound, int | float) and bound >= MOST
        if name == "format":
            return bound in INTEGERS
        return name in _OF_STRINGS

    def _follows(self, schema: Any, way: Way) -> bool:
        target = resolve(self._root, schema)
        if target is None:
            return False
        if (target[0], way) in self._assumed:
            # a schema that comes back to itself at the same place adds nothing
            return True
        self._assumed.add((target[0], way))
        return self.holds(target[1], way)


def _inner(schema: Mapping[str, Any], way: Way) -> Iterator[tuple[Any, Way]]:
    """The subschemas that see what is at *way*, each with the way from there; None: a reference."""
    if "$ref" in schema:
        yield None, way
    for keyword in _LOGIC:
        for _, inner in below(schema, keyword):
            yield inner, way
    if not way:
        return
    step, rest = way[0], way[1:]
    if isinstance(step, int):
        if "items" in schema:
            yield schema["items"], rest
    elif step in (members := schema.get("properties", {})):
        yield members[step], rest
    elif "additionalProperties" in schema:
        yield schema["additionalProperties"], rest
