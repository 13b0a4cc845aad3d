"""What a generator asks chance for, answered by a seed, or always with the simplest answer.

`troth.strategies.search` answers the same questions with Hypothesis' draws, so that one generator
serves the deterministic run, the minimal value, and the property-based test with its shrinking.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from troth.seed import Seed

T = TypeVar("T")


class Dice(Protocol):
    """A source of choices; 0, False and the first option are the simplest answers."""

    def below(self, bound: int) -> int:
        """An integer in 0..bound-1."""

    def between(self, low: int, high: int) -> int:
        """An integer in low..high, the limits themselves more often than others."""

    def choice(self, options: Sequence[T]) -> T:
        """One of *options*, which is not empty."""

    def chance(self, percent: int) -> bool:
        """True in about *percent* of a hundred."""

    def text(self, alphabet: Sequence[str], low: int, high: int) -> str:
        """A text of low..high pieces of *alphabet*."""

    def spend(self, count: int = 1) -> None:
        """Be told that *count* values were drawn."""


class Seeded:
    """Dice that a seed throws: the same seed, the same throws in the same order."""

    __slots__ = ("_count", "_seed")

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._count = 0

    def below(self, bound: int) -> int:
        """An integer in 0..bound-1."""
        self._count += 1
        return self._seed.below(bound, self._count)

    def between(self, low: int, high: int) -> int:
        """An integer in low..high, one of the two in about one of eight throws."""
        edge = self.below(16)
        if edge < 2:
            return high if edge else low
        return low + self.below(high - low + 1)

    def choice(self, options: Sequence[T]) -> T:
        """One of *options*, which is not empty."""
        return options[self.below(len(options))]

    def chance(self, percent: int) -> bool:
        """True in about *percent* of a hundred."""
        return percent > 0 and self.below(100) < percent

    def text(self, alphabet: Sequence[str], low: int, high: int) -> str:
        """A text of low..high pieces of *alphabet*."""
        return "".join(alphabet[self.below(len(alphabet))] for _ in range(self.between(low, high)))

    def spend(self, count: int = 1) -> None:
        """Nothing: a seed has no end."""


class Simplest:
    """Dice that always fall on the simplest answer."""

    __slots__ = ()

    def below(self, bound: int) -> int:
        """Zero."""
        return 0

    def between(self, low: int, high: int) -> int:
        """The number of the range that is nearest to zero."""
        return min(max(low, 0), high)

    def choice(self, options: Sequence[T]) -> T:
        """The first of *options*."""
        return options[0]

    def chance(self, percent: int) -> bool:
        """Whether it is certain."""
        return percent >= 100

    def text(self, alphabet: Sequence[str], low: int, high: int) -> str:
        """The shortest text of the first piece."""
        return alphabet[0] * low if alphabet else ""

    def spend(self, count: int = 1) -> None:
        """Nothing: there is nothing to run out of."""
