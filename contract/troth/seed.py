"""Randomness as a value: a seed, its children, and what can be drawn from it.

Drawn with blake2b, never `hash()` or `random`, so the same seed gives the same draws on every
platform, Python and PYTHONHASHSEED.  A seed has no state: the same draw with the same label
gives the same value, and different labels give independent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seed:
    """Sixteen bytes from which everything that looks random is derived."""

    key: bytes

    @classmethod
    def of(cls, *parts: bytes | str | int) -> Seed:
        """The seed of *parts*; their boundaries count."""
        digest = blake2b(digest_size=16)
        for part in parts:
            data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
        return cls(digest.digest())

    def child(self, *labels: str | int) -> Seed:
        """An independent seed for the part that *labels* name."""
        return Seed.of(self.key, *labels)

    def number(self, label: str | int = "") -> int:
        """An integer in 0..2**64-1."""
        mark = str(label).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(mark, digest_size=8, key=self.key).digest(), "big")

    def below(self, bound: int, label: str | int = "") -> int:
        """An integer in 0..bound-1; *bound* is at least 1."""
        return self.number(label) % bound

    def between(self, low: int, high: int, label: str | int = "") -> int:
        """An integer in low..high, both included."""
        return low + self.number(label) % (high - low + 1)

    def choice(self, options: Sequence[T], label: str | int = "") -> T:
        """One of *options*, which is not empty."""
        return options[self.number(label) % len(options)]
