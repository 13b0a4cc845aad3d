"""What a generator asks chance for, and who answers: a seed, or always the smallest answer.

A `Source` answers a few questions, so that one generator serves the mock, the deterministic run,
the smallest value, and the property-based test with its shrinking (`strategies`).  0,
False and the first option are the smallest answers.  Where there are too many options to look at
them all, `spread` and `strewn` choose from all over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import gcd
from typing import Any, Protocol, TypeVar

from troth.errors import TrothError
from troth.seed import Seed

T = TypeVar("T")

_MASK = (1 << 64) - 1
# Steps of this part of a whole fall everywhere, however few they are.
_GOLDEN = 0.618


class Unsatisfiable(TrothError):
    """No value of a schema was found; *reason* says what stands in the way.

    *pointer* is that of the schema which was asked for, "" while one is still looking further in.
    """

    reason: str
    pointer: str = ""

    def __str__(self) -> str:
        return f"no value satisfies the schema at #{self.pointer}: {self.reason}"


class Source(Protocol):
    """A source of choices."""

    @property
    def fuel(self) -> int:
        """How many more values should be drawn; none when it is not positive."""

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

    def anew(self, *labels: str | int) -> Source:
        """A source for the next try, after tries whose answers would not do.

        One whose answers may always be the same gives way to the seed that *labels* name.
        """


class Quick:
    """A source for one instance: quick, since it answers hundreds of questions; and it runs out.

    A `Seed` costs a hash for each answer, which is right where answers must be independent by
    name.  These come from a 64-bit linear congruential generator that the seed starts (Knuth's
    MMIX constants; the high bits are used).  *fuel* counts values: when it is used up only what is
    required should be drawn, and far below that the instance is given up.
    """

    __slots__ = ("fuel", "state")

    def __init__(self, seed: Seed) -> None:
        self.state = int.from_bytes(seed.key[:8], "big")
        self.fuel = 400

    def below(self, bound: int) -> int:
        """An integer in 0..bound-1; *bound* is at least 1."""
        self.state = state = (self.state * 6364136223846793005 + 1442695040888963407) & _MASK
        if bound > 0x7FFFFFFF:
            # one draw does not cover it: three do, with 30 bits each
            wide = self.below(1 << 30) << 60
            return (wide | (self.below(1 << 30) << 30) | self.below(1 << 30)) % bound
        return (state >> 33) % bound

    def between(self, low: int, high: int) -> int:
        """An integer in low..high, each as often as any other."""
        return low + self.below(high - low + 1)

    def choice(self, options: Sequence[T]) -> T:
        """One of *options*, which is not empty."""
        return options[self.below(len(options))]

    def chance(self, percent: int) -> bool:
        """True in about *percent* of a hundred."""
        return self.below(2) == 1 if percent == 50 else self.below(100) < percent

    def text(self, alphabet: Sequence[str], low: int, high: int) -> str:
        """A text of low..high pieces of *alphabet*."""
        return "".join([self.choice(alphabet) for _ in range(self.between(low, high))])

    def spend(self, count: int = 1) -> None:
        """Count *count* values.  Raises Unsatisfiable when what is required has become too much."""
        self.fuel -= count
        if self.fuel < -20_000:
            raise Unsatisfiable("it needs too many values")

    def anew(self, *labels: str | int) -> Source:
        """Itself: its next answers are others."""
        return self


class Seeded:
    """A source that a seed answers: the same seed, the same answers in the same order."""

    __slots__ = ("_count", "_seed")
    fuel = 1  # a seed has no end

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._count = 0

    def below(self, bound: int) -> int:
        """An integer in 0..bound-1."""
        self._count += 1
        return self._seed.below(bound, self._count)

    def between(self, low: int, high: int) -> int:
        """An integer in low..high, one of the two in about one of eight answers."""
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
        """Nothing."""

    def anew(self, *labels: str | int) -> Source:
        """The source of the seed that *labels* name."""
        return Seeded(Seed.of(*labels))


class Smallest:
    """A source that always gives the smallest answer."""

    __slots__ = ()
    fuel = 1  # there is nothing to run out of

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
        """Nothing."""

    def anew(self, *labels: str | int) -> Source:
        """The source of the seed that *labels* name: the smallest answer would not do."""
        return Seeded(Seed.of(*labels))


def first_built(build: Callable[[T], Any], options: Sequence[T]) -> Any:
    """What *build* makes of the first of *options*, of which there are some, that has a value.

    Raises Unsatisfiable, as the last of them does, when none has.
    """
    *others, last = options
    for option in others:
        try:
            return build(option)
        except Unsatisfiable:
            continue
    return build(last)


def spread(several: tuple[T, ...], kept: int) -> tuple[T, ...]:
    """*kept* of *several*, from all over them."""
    if len(several) <= kept:
        return several
    return tuple(several[index * len(several) // kept] for index in range(kept))


def strewn(several: tuple[T, ...]) -> Iterator[T]:
    """All of *several*, such that the first few are from all over them."""
    count = len(several)
    step = max(1, round(count * _GOLDEN))
    while gcd(step, count) > 1:
        step += 1
    return (several[index * step % count] for index in range(count))
