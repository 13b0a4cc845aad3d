"""Numbers within bounds, exact: the arithmetic is done in fractions, never in floats."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Any

from troth.generation.fast_source import Dead, Dice

_FORMAT_BOUNDS = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
}


class Range:
    """The numbers that bounds and divisors leave: compiled once, drawn from often."""

    __slots__ = ("high", "low", "open_high", "open_low", "step", "whole")

    def __init__(self, bounds: list[tuple[str, Any]], *, formats: list[str], whole: bool) -> None:
        self.low: Fraction | None = None
        self.high: Fraction | None = None
        self.open_low = self.open_high = False
        self.step: Fraction | None = None
        self.whole = whole
        for word, value in bounds:
            self._narrow(word, exact(value))
        for name in formats:
            if whole and name in _FORMAT_BOUNDS:
                low, high = _FORMAT_BOUNDS[name]
                self._narrow("minimum", Fraction(low))
                self._narrow("maximum", Fraction(high))
        if whole:
            self.step = _common(self.step or Fraction(1), Fraction(1))

    def _narrow(self, word: str, value: Fraction) -> None:
        if word == "multipleOf":
            if value > 0:
                self.step = value if self.step is None else _common(self.step, value)
        elif word in ("minimum", "exclusiveMinimum"):
            if self.low is None or value > self.low:
                self.low, self.open_low = value, False
            if word == "exclusiveMinimum" and value == self.low:
                self.open_low = True
        else:
            if self.high is None or value < self.high:
                self.high, self.open_high = value, False
            if word == "exclusiveMaximum" and value == self.high:
                self.open_high = True

    def draw(self, dice: Dice) -> int | float:
        """A number of the range, small where it may be.  Raises Dead when there is none."""
        low, high = self._window()
        if self.step is not None:
            first = floor(low / self.step) + 1 if self.open_low else ceil(low / self.step)
            last = ceil(high / self.step) - 1 if self.open_high else floor(high / self.step)
            if first > last:
                raise Dead("no number lies within its bounds")
            return self._number((first + dice.below(last - first + 1)) * self.step)
        if low == high and not (self.open_low or self.open_high):
            return self._number(low)
        if low >= high:
            raise Dead("no number lies within its bounds")
        exactly = low + (high - low) * Fraction(1 + dice.below(999), 1000)
        rounded = Fraction(round(exactly * 100), 100)
        return self._number(rounded if low < rounded < high else exactly)

    def _window(self) -> tuple[Fraction, Fraction]:
        width = Fraction(100) * max(self.step or 1, 1)
        low, high = self.low, self.high
        if low is None and high is None:
            return Fraction(0), width
        if low is None:
            assert high is not None
            low = Fraction(0) if high > 0 else high - width
        elif high is None:
            high = low + width
        elif high - low > width and low <= 0 < high:
            # a wide range (int32, say) is no reason for a number with ten digits
            low, high = Fraction(0), min(high, width)
        elif high - low > 10 * width:
            high = low + width
        return low, high

    def _number(self, value: Fraction) -> int | float:
        if self.whole or (self.step is not None and value.denominator == 1):
            return int(value)
        try:
            return float(value)
        except OverflowError:
            raise Dead("its numbers are beyond a double") from None

    def clamp(self, value: int | float) -> int | float | None:
        """The number nearest to *value*, or None where a draw does better."""
        wanted = exact(value)
        if self.low is not None and wanted < self.low and not self.open_low:
            wanted = self.low
        if self.high is not None and wanted > self.high and not self.open_high:
            wanted = self.high
        if self.step is not None:
            wanted = round(wanted / self.step) * self.step
        return self._number(wanted)


def exact(value: int | float) -> Fraction:
    """The decimal that *value* was written as: 0.1 is a tenth here.

    Raises Dead for an infinity.
    """
    if isinstance(value, int):
        return Fraction(value)
    try:
        return Fraction(Decimal(repr(value)))
    except (ValueError, OverflowError, ArithmeticError):
        raise Dead("a bound is not a finite number") from None


def _common(left: Fraction, right: Fraction) -> Fraction:
    top = lcm(left.numerator * right.denominator, right.numerator * left.denominator)
    bottom = left.denominator * right.denominator
    shared = gcd(top, bottom)
    return Fraction(top // shared, bottom // shared)
