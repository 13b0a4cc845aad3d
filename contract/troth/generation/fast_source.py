"""Fast draws for one instance: a small generator that a `Seed` starts, and the budget of the run.

A `Seed` costs a hash per draw, which is right where draws must be independent by name.  Inside
one instance hundreds of draws follow one another, so they come from a 64-bit linear congruential
generator (Knuth's MMIX constants; the high bits are used).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from troth.seed import Seed

T = TypeVar("T")

_MASK = (1 << 64) - 1


class Dead(Exception):
    """No value can be drawn here: the caller tries another branch, or leaves the member out."""


class Dice:
    """The draws of one attempt.

    *rich* is how readily optional members are drawn (0 to 256 in 256); *fuel* counts values: when
    it runs out only what is required is drawn, and far below that the attempt is given up.
    *checks* makes nodes check what they drew, which costs time and is left to later attempts.
    """

    __slots__ = ("checks", "failed", "fuel", "most", "rich", "state")

    def __init__(
        self, seed: Seed, *, rich: int = 256, fuel: int = 400, checks: bool = False, most: int = 8
    ) -> None:
        self.state = int.from_bytes(seed.key[:8], "big")
        self.rich = rich
        self.fuel = fuel
        self.checks = checks
        self.most = most
        self.failed: dict[object, int] = {}

    def below(self, bound: int) -> int:
        """An integer in 0..bound-1; *bound* is at least 1."""
        self.state = state = (self.state * 6364136223846793005 + 1442695040888963407) & _MASK
        if bound > 0x7FFFFFFF:
            return self.wide() % bound
        return (state >> 33) % bound

    def wide(self) -> int:
        """An integer of 93 bits, for ranges that one draw does not cover."""
        return (self.below(1 << 30) << 60) | (self.below(1 << 30) << 30) | self.below(1 << 30)

    def between(self, low: int, high: int) -> int:
        """An integer in low..high, both included."""
        return low + self.below(high - low + 1)

    def choice(self, options: Sequence[T]) -> T:
        """One of *options*, which is not empty."""
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All of *options* in another order."""
        found = list(options)
        for index in range(len(found) - 1, 0, -1):
            other = self.below(index + 1)
            found[index], found[other] = found[other], found[index]
        return found

    def spend(self, count: int = 1) -> None:
        """Count *count* values against the budget.

        Raises Dead when even what is required has become too much.
        """
        self.fuel -= count
        if self.fuel < -20_000:
            raise Dead("it needs too many values")
