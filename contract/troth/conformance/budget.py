"""How much of a run is left, and how fast it may go: requests, seconds, rate, Retry-After."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from troth.http.exchange import Response


class Budget:
    """Counts what a run spends; *clock* is monotonic seconds."""

    def __init__(
        self,
        *,
        requests: int,
        seconds: float,
        rate: float,
        clock: Callable[[], float],
    ) -> None:
        self.most_requests = requests
        self.most_seconds = seconds
        self.requests = 0
        self._rate = rate
        self._clock = clock
        self._began = clock()
        self._next = self._began

    @property
    def seconds(self) -> float:
        """How long the run has been going."""
        return self._clock() - self._began

    @property
    def seconds_left(self) -> float:
        """How long the run may still go; never negative."""
        return max(0.0, self.most_seconds - self.seconds)

    @property
    def spent(self) -> bool:
        """Whether nothing more may be sent."""
        return self.requests >= self.most_requests or self.seconds_left <= 0

    def affords(self, requests: int) -> bool:
        """Whether so many more requests are within the budget."""
        return self.requests + requests <= self.most_requests and self.seconds_left > 0

    async def turn(self) -> None:
        """Count one request, and wait until the rate allows it."""
        self.requests += 1
        if self._rate <= 0:
            return
        now = self._clock()
        due = max(self._next, now)
        self._next = due + 1 / self._rate
        if due > now:
            await asyncio.sleep(due - now)


def retry_after(response: Response | None, *, now: datetime | None = None) -> float | None:
    """Seconds that a 429 or 503 asks to wait (RFC 9110 §10.2.3), or None.

    A field that is neither a delay nor a date is as good as none; a date in the past is 0.
    """
    if response is None or response.status not in (429, 503):
        return None
    text = (response.field("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())
