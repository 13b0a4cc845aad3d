"""Numbers within bounds, exact: the arithmetic is done in fractions, never in floats."""

from __future__ import annotations

import math
from fractions import Fraction

from troth.generation.shape import Shape, exact, number_fits, whole_limits
from troth.generation.source import Source, Unsatisfiable

# An integer without limits stays small: servers may cap what costs them.
_USUAL = 100
_WIDE = 2**31 - 1
_TRIES = 24
_DIGITS = (2, 4, 8, 15, 30)


class Range:
    """The numbers that limits leave: worked out once, drawn from often.

    *whole* leaves integers only; *fractions* numbers that are no integers.
    """

    __slots__ = (
        "_natural", "fractions", "high", "limits", "low", "open_high", "open_low", "step", "whole",
    )  # fmt: skip

    def __init__(self, limits: Shape, *, whole: bool, fractions: bool = False) -> None:
        self.limits = limits
        # what `natural` draws from: its bounds, and the first and the last step between them
        self._natural: tuple[Fraction, Fraction, int, int] | None = None
        self.whole = whole
        self.fractions = fractions
        self.low = None if limits.low is None else exact(limits.low.value)
        self.high = None if limits.high is None else exact(limits.high.value)
        self.open_low = limits.low is not None and limits.low.strict
        self.open_high = limits.high is not None and limits.high.strict
        self.step = Fraction(1) if whole else None
        for of in limits.multiples:
            step = exact(of)
            if step > 0:
                self.step = step if self.step is None else _common(self.step, step)

    def natural(self, source: Source) -> int | float:
        """A number of the range, small where it may be.  Raises Unsatisfiable."""
        if self._natural is None:
            low, high = self._window()
            steps = self._steps(low, high, self.step) if self.step is not None else (0, 0)
            self._natural = (low, high, *steps)
        low, high, first, last = self._natural
        if self.step is not None:
            if first > last:
                raise Unsatisfiable("no number lies within its bounds")
            return self._allowed(self._number((first + source.below(last - first + 1)) * self.step))
        if low == high and not (self.open_low or self.open_high):
            return self._number(low)
        if low >= high:
            raise Unsatisfiable("no number lies within its bounds")
        exactly = low + (high - low) * Fraction(1 + source.below(999), 1000)
        rounded = Fraction(round(exactly * 100), 100)
        return self._allowed(self._number(rounded if low < rounded < high else exactly))

    def edgy(self, source: Source, *, costs: tuple[int | float, ...] = ()) -> int | float:
        """A number of the range, often one of its limits.  Raises Unsatisfiable.

        *costs* are what a server may cap: an integer without another limit stays below.
        """
        if self.limits.multiples:
            return self._multiple(source)
        if not self.whole:
            return self._allowed(self._fraction(source))
        low, high = whole_limits(self.limits)
        if costs and (low is None or low <= min(costs)):
            cap = math.floor(min(costs))
            high = cap if high is None else min(high, cap)
        if low is None and high is None:
            low, high = -_USUAL, _USUAL
        elif low is None:
            assert high is not None
            low = high - _USUAL
        elif high is None:
            high = low + _USUAL
        if high - low >= _WIDE:
            # int32 and the like: the format is a limit of the machine, not a range to explore.
            low, high = max(low, -_USUAL), min(high, max(low, 0) + _USUAL)
        if low > high:
            raise Unsatisfiable("no number lies within its bounds")
        return self._allowed(source.between(low, high))

    def clamp(self, value: int | float) -> int | float:
        """The number nearest to *value*, as far as its limits are part of the range."""
        wanted = exact(value)
        if self.low is not None and wanted < self.low and not self.open_low:
            wanted = self.low
        if self.high is not None and wanted > self.high and not self.open_high:
            wanted = self.high
        if self.step is not None:
            wanted = round(wanted / self.step) * self.step
        return self._number(wanted)

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

    def _steps(self, low: Fraction, high: Fraction, step: Fraction) -> tuple[int, int]:
        """The first and the last multiple of *step* from *low* to *high*, counted in steps."""
        first = math.floor(low / step) + 1 if self.open_low else math.ceil(low / step)
        last = math.ceil(high / step) - 1 if self.open_high else math.floor(high / step)
        return first, last

    def _multiple(self, source: Source) -> int | float:
        assert self.step is not None
        span = 2 * _USUAL * self.step
        low, high = self.low, self.high
        if low is None:
            last = _USUAL if high is None else math.floor(high / self.step)
            low = last * self.step - span
        if high is None:
            high = math.ceil(low / self.step) * self.step + span
        first, last = self._steps(low, high, self.step)
        if first > last:
            raise Unsatisfiable("no multiple lies within its bounds")
        count = min(last - first, 10**6) + 1
        start = source.between(0, count - 1)
        for turn in range(min(count, _TRIES + 1)):
            multiple = (first + (start + turn) % count) * self.step
            if not any((multiple / exact(of)).denominator == 1 for of in self.limits.not_multiples):
                return int(multiple) if multiple.denominator == 1 else float(multiple)
        raise Unsatisfiable("every multiple is one of another number as well")

    def _fraction(self, source: Source) -> float:
        low, high = self.low, self.high
        if low is None:
            low = Fraction(-_USUAL) if high is None else high - _USUAL
        if high is None:
            high = low + (2 * _USUAL if self.low is None else _USUAL)
        for digits in _DIGITS:
            scale = 10**digits
            first, last = self._steps(low, high, Fraction(1, scale))
            if self.fractions and first == last and first % scale == 0:
                continue
            if first <= last:
                number = source.between(first, last)
                if self.fractions and number % scale == 0:
                    number += 1 if number < last else -1
                return float(Fraction(number, scale))
        raise Unsatisfiable("no number lies within its bounds")

    def _number(self, value: Fraction) -> int | float:
        if self.whole or (self.step is not None and value.denominator == 1):
            return int(value)
        try:
            return float(value)
        except OverflowError:
            raise Unsatisfiable("its numbers are beyond a double") from None

    def _allowed(self, number: int | float) -> int | float:
        """*number*, or one nearby that is no multiple where it must not be one."""
        if not self.limits.not_multiples:
            return number
        for step in (0, 1, -1, 0.5, -0.5, 0.01, 0.001):
            other = number + step
            if not (self.whole and isinstance(other, float)) and number_fits(self.limits, other):
                return other
        raise Unsatisfiable("every number is a multiple of another")


def number_range(shape: Shape, kind: str) -> Range:
    """The numbers of the type *kind* that *shape* allows, worked out once."""
    whole = kind == "integer" or "number" not in shape.types
    interval: Range | None = shape.derived.get(("range", whole))
    if interval is None:
        interval = Range(shape, whole=whole, fractions="integer" not in shape.types)
        shape.derived["range", whole] = interval
    return interval


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The least number that is a multiple of both."""
    top = math.lcm(one.numerator * other.denominator, other.numerator * one.denominator)
    return Fraction(top, one.denominator * other.denominator)
