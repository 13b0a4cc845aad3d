"""What a run may spend, and for how long a server may ask it to wait."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from troth.conformance import budget as budgets
from troth.conformance.budget import Budget, retry_after
from troth.http.exchange import Response

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(status: int, value: str | None) -> Response:
    return Response(status, (("Retry-After", value),) if value is not None else (), b"")


def test_requests_and_seconds_are_both_bounds() -> None:
    clock = Clock()
    budget = Budget(requests=2, seconds=10, rate=0, clock=clock)
    assert (budget.spent, budget.affords(2), budget.affords(3)) == (False, True, False)
    asyncio.run(budget.turn())
    assert (budget.requests, budget.spent, budget.affords(1)) == (1, False, True)
    asyncio.run(budget.turn())
    assert (budget.spent, budget.affords(1)) == (True, False)
    other = Budget(requests=9, seconds=10, rate=0, clock=clock)
    clock.now += 9.5
    assert (other.spent, other.seconds_left) == (False, 0.5)
    clock.now += 1
    assert (other.spent, other.seconds_left, other.seconds) == (True, 0.0, 10.5)


def test_a_rate_spreads_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        clock.now += seconds

    monkeypatch.setattr(budgets.asyncio, "sleep", sleep)
    budget = Budget(requests=9, seconds=10, rate=4, clock=clock)

    async def three() -> None:
        await budget.turn()
        await budget.turn()
        clock.now += 0.2
        await budget.turn()
        clock.now += 5
        await budget.turn()

    asyncio.run(three())
    assert slept == [0.25, 0.05]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        (" 0 ", 0.0),
        ("000012", 12.0),
        ("Thu, 01 Jan 2026 12:00:05 GMT", 5.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("9" * 40, 999999999999.0),
        ("-1", None),
        ("1.5", None),
        ("\u0663", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(asked(429, value), now=NOW) == seconds
    assert retry_after(asked(503, value), now=NOW) == seconds


def test_only_429_and_503_ask_to_wait() -> None:
    assert [retry_after(asked(status, "3")) for status in (200, 301, 500, 502)] == [None] * 4
    assert retry_after(None) is None
