"""Hypothesis' strategies of values and requests that a document allows, and such as it forbids.

Values are built outright, with choices that Hypothesis makes: the user of a strategy sees values
and their shrinking, and what could make Hypothesis complain (slow or filtered generation) is
avoided.  This is the door to Hypothesis: it costs a quarter of a second to import, so nobody
imports it before a strategy is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from hypothesis import strategies as st

from troth.generation import requests, values
from troth.generation.mutations import broken
from troth.generation.source import Seeded, Source
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.schema.schema import Schema
from troth.seed import Seed

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]


def strategy(schema: Schema, *, valid: bool = True) -> st.SearchStrategy[Any]:
    """A strategy of the values that *schema* accepts, or (*valid* false) rejects."""

    def build(source: Source) -> Any:
        value = values.value(schema, source)
        return value if valid else broken(schema, value, source)

    return drawn_by(build)


def operation_strategy(
    contract: Contract,
    operation: Operation,
    *,
    valid: bool = True,
    overrides: Mapping[str, Any] | None = None,
) -> st.SearchStrategy[Request]:
    """A strategy of requests to *operation* that the document allows, or forbids.

    *overrides* are values that every body gets, by JSON Pointer or dotted name: what a deployment
    needs (`{"/model": "tiny"}`).  A request's credential is the placeholder CREDENTIAL.
    """

    def build(source: Source) -> Request:
        return requests.request(contract, operation, source, valid=valid, overrides=overrides or {})

    return drawn_by(build)


class Drawn:
    """A source that Hypothesis answers, and shrinks towards the smallest answer."""

    __slots__ = ("_draw",)
    fuel = 1  # Hypothesis bounds its own draws

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def below(self, bound: int) -> int:
        """An integer in 0..bound-1."""
        return int(self._draw(_integers(0, bound - 1))) if bound > 1 else 0

    def between(self, low: int, high: int) -> int:
        """An integer in low..high."""
        return int(self._draw(_integers(low, high))) if low < high else low

    def choice(self, options: Sequence[T]) -> T:
        """One of *options*, which is not empty."""
        return options[self.below(len(options))]

    def chance(self, percent: int) -> bool:
        """True in about *percent* of a hundred."""
        return bool(self._draw(_chance(percent))) if 0 < percent < 100 else percent > 0

    def text(self, alphabet: Sequence[str], low: int, high: int) -> str:
        """A text of low..high pieces of *alphabet*."""
        return str(self._draw(_texts(tuple(alphabet), low, high)))

    def spend(self, count: int = 1) -> None:
        """Nothing."""

    def anew(self, *labels: str | int) -> Source:
        """The source of the seed that *labels* name: what does not depend on Hypothesis."""
        return Seeded(Seed.of(*labels))


@lru_cache(maxsize=4096)
def _integers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


class _Weighted(st.SearchStrategy[bool]):
    """A boolean that is true in so many of a hundred: two answers, however unlike their odds.

    An integer below a bound would do, but then Hypothesis takes a hundred numbers for a hundred
    examples, where there are two.
    """

    def __init__(self, percent: int) -> None:
        super().__init__()
        self.percent = percent

    def do_draw(self, data: Any) -> bool:
        """Draw with the weight, which no public strategy offers."""
        if hasattr(data, "draw_boolean"):
            return bool(data.draw_boolean(self.percent / 100))
        # Should Hypothesis rename it: the same odds, more slowly; False has the simpler numbers.
        return bool(data.draw(_integers(0, 99)) >= 100 - self.percent)


@lru_cache(maxsize=128)
def _chance(percent: int) -> st.SearchStrategy[bool]:
    return _Weighted(percent)


@lru_cache(maxsize=1024)
def _texts(alphabet: tuple[str, ...], low: int, high: int) -> st.SearchStrategy[str]:
    if all(len(piece) == 1 for piece in alphabet):
        return st.text(alphabet="".join(alphabet), min_size=low, max_size=high)
    pieces = st.lists(st.sampled_from(alphabet), min_size=low, max_size=high)
    return pieces.map("".join)


def drawn_by(build: Callable[[Source], T]) -> st.SearchStrategy[T]:
    """The strategy of what *build* makes with a source of choices."""

    @st.composite
    def built(draw: Draw) -> T:
        return build(Drawn(draw))

    return built()
