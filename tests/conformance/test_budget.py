"""What a run may spend, and for how long a server may ask it to wait."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from troth.conformance import budget as budgets
from troth.conformance.budget import Budget, Outcomes, retry_after
from troth.http.exchange import Exchange, Request, Response

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


def test_a_wait_that_the_server_asked_for_is_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()

    async def sleep(seconds: float) -> None:
        clock.now += seconds

    async def turn_and_wait(budget: Budget) -> None:
        await budget.turn()
        await budget.wait(8)

    monkeypatch.setattr(budgets.asyncio, "sleep", sleep)
    free = Budget(requests=2, seconds=10, rate=0, clock=clock, waits_cost_time=False)
    asyncio.run(turn_and_wait(free))
    assert (free.requests, free.seconds_left) == (0, 10)
    asyncio.run(turn_and_wait(free))
    # for as long again as the run may take, and no longer: it comes to its end
    assert free.seconds_left == 4
    given = Budget(requests=2, seconds=10, rate=0, clock=clock)
    asyncio.run(turn_and_wait(given))
    assert (given.requests, given.seconds_left) == (0, 2)


def test_what_is_used_up_is_named() -> None:
    clock = Clock()
    budget = Budget(requests=1, seconds=10, tokens=5, rate=0, clock=clock)
    assert budget.spent_on == ""
    clock.now += 10
    assert budget.spent_on == "time"
    budget.tokens = 7
    assert budget.spent_on == "tokens"
    asyncio.run(budget.turn())
    assert budget.spent_on == "requests"


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


# -- whether a run says anything ------------------------------------------------------------------


def outcomes_of(*statuses: int, fault: str | None = None) -> Outcomes:
    outcomes = Outcomes()
    for status in statuses:
        outcomes.count(Exchange(Request("GET", "/"), Response(status), fault))
    return outcomes


@pytest.mark.parametrize("status", [401, 403, 404, 405, 429, 503])
def test_what_refuses_everything_for_a_lasting_reason_is_asked_no_more(status: int) -> None:
    assert not outcomes_of(*[status] * 11).pointless
    assert outcomes_of(*[status] * 12).pointless
    assert not outcomes_of(*[status] * 12, 200).pointless
    assert not outcomes_of(*[status] * 12, 400).pointless


def test_a_run_needs_one_success_in_twenty() -> None:
    assert not outcomes_of(*[400] * 11).hopeless
    assert outcomes_of(*[400] * 20, 200).hopeless
    assert not outcomes_of(*[400] * 19, 200).hopeless
    assert outcomes_of(*[400] * 20, 200).reason() == (
        "the server refuses every valid request: check --model, --set and the document; "
        "1 of 21 valid requests succeeded"
    )


def test_a_server_that_fails_most_requests_has_failed_itself() -> None:
    assert outcomes_of(500, 500, 400).failed
    assert outcomes_of(200, 200, fault="truncated").failed
    assert not outcomes_of(500, 400).failed
    assert not outcomes_of(503, 503, 400).failed


def test_a_server_that_says_nothing_five_times_is_dead() -> None:
    gone = Exchange(Request("GET", "/"), None, "unreachable")
    outcomes = Outcomes()
    for _ in range(4):
        outcomes.count_silence(gone)
    assert not outcomes.dead
    outcomes.count_silence(Exchange(Request("GET", "/"), Response(500)))
    for _ in range(5):
        assert not outcomes.dead
        outcomes.count_silence(gone)
    assert outcomes.dead
