"""Random cases, by a seed: the same seed gives the same requests in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from troth.conformance.cases.case import Case, Subject
from troth.generation import requests
from troth.generation.mutations import NothingToBreak, broken
from troth.generation.source import Seeded
from troth.seed import Seed

# Of ten random requests so many are valid: it takes an answer to break most laws.
_VALID_OF_TEN = 6


def chance(
    subject: Subject, seed: Seed, *, overrides: Mapping[str, Any] | None = None
) -> Iterator[Case]:
    """Random requests to one operation, without end; each draws from *seed* and its number."""
    number = 0
    breakable = True
    while True:
        number += 1
        source = Seeded(seed.child(subject.operation.name, number))
        if subject.made is None:
            request = requests.request(subject.contract, subject.operation, source)
            yield Case(
                id=f"random/{subject.slug}/{number:04}",
                phase="random",
                operation=subject.operation.name,
                request=request,
                published_intent="valid" if subject.is_published else "either",
                about="a random request",
            )
            continue
        value = requests.body(subject.made, source, overrides=overrides or {})
        word = "valid"
        if breakable and number % 10 >= _VALID_OF_TEN:
            try:
                value, word = broken(subject.made.schema, value, source), "broken"
            except NothingToBreak:
                breakable = False
        yield subject.case("random", f"{number:04}-{word}", value, about=f"a random {word} request")
