"""Values of a compiled schema, by dice: always valid, whatever the schema is like.

One compiled generator per document, kept as long as its schemas.  What it builds is valid by
construction; each value is checked all the same, once, and one that is not (a keyword that the
compiler reads more loosely than the validator does) is replaced by a value that is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from troth.errors import SpecError
from troth.generation.alternatives import Alternatives, Unsupported
from troth.generation.generate import Generator
from troth.generation.source import Dice, Seeded
from troth.generation.synthesis import synthesize
from troth.schema.schema import Schema, Schemas
from troth.schema.untrusted_schema import UnusableSchema, embedded
from troth.seed import Seed

_generators: WeakKeyDictionary[Schemas, Generator] = WeakKeyDictionary()
_TRIES = 3


def generator_of(schema: Schema) -> Generator:
    """The generator of the document that *schema* belongs to."""
    found = _generators.get(schema.schemas)
    if found is None:
        alternatives = Alternatives(schema.schemas.prepared.root, matches=matches)
        found = _generators[schema.schemas] = Generator(alternatives)
    return found


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> Callable[[Any], bool]:
    try:
        return embedded({"pattern": pattern}).is_valid
    except (UnusableSchema, SpecError):
        return lambda text: False


def matches(pattern: str, text: str) -> bool:
    """Whether *pattern* (ECMA-262, not anchored) matches *text*, as the validator sees it."""
    return _pattern(pattern)(text)


def buildable(schema: Schema) -> bool:
    """Whether the compiler itself builds values of *schema*, without anyone's help."""
    generator = generator_of(schema)
    try:
        return all(
            schema.is_valid(generator.value((schema.prepared,), Seeded(Seed.of("probe", index))))
            for index in range(_TRIES)
        )
    except (Unsupported, RecursionError):
        return False


def value(schema: Schema, dice: Dice) -> Any:
    """A valid value of *schema*.

    Raises synthesis.Unsatisfiable when there is none.
    """
    generator = generator_of(schema)
    for _ in range(_TRIES):
        try:
            found = generator.value((schema.prepared,), dice)
        except (Unsupported, RecursionError):
            continue
        if schema.is_valid(found):
            return found
    return synthesize(schema, seed=Seed.of(dice.below(1 << 16)))
