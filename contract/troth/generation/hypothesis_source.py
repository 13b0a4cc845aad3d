"""Hypothesis: the dice that it throws, and the strategies made of them.

The user of a strategy sees values and their shrinking; what could make Hypothesis complain (slow
or filtered generation) is avoided by building values outright.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from hypothesis import strategies as st

from troth.generation.source import Dice

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]


class Drawn:
    """Dice thrown by Hypothesis, which shrinks each throw towards the simplest answer."""

    __slots__ = ("_draw",)

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
        """Nothing: Hypothesis bounds its own draws."""


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


def drawing(build: Callable[[Dice], T]) -> st.SearchStrategy[T]:
    """The strategy of what *build* makes with dice."""

    @st.composite
    def built(draw: Draw) -> T:
        return build(Drawn(draw))

    return built()
