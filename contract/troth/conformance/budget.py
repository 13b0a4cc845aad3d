"""Whether a run goes on: what is left of it, how fast it may go, whether it still says anything.

Requests, seconds, tokens, rate and Retry-After on the one side; on the other how valid requests
fared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf

from troth.http.exchange import Exchange, Response

#: After so many valid requests without one success, going on tells nothing more.
_ENOUGH_REFUSALS = 12
#: Of so many valid requests one must succeed, or the run has seen too little to say anything.
_ONE_IN = 20
#: What refuses for reasons that the next request will have as well: it need not be sent.
_LASTING = frozenset({"401", "403", "404", "405", "429", "503"})
#: So many in a row that found nobody, and the server is taken for dead.
_ENOUGH_SILENCE = 5
_REASONS = {
    "401": "authentication failed: give a token that the server takes (--token)",
    "403": "the server forbids it: give a token that may do this (--token)",
    "404": "nothing was found there: check the base path of the URL, and the model's name "
    "(--model NAME, --set NAME=VALUE)",
    "405": "the server does not take these methods there: check the base path of the URL",
    "429": "the server is limiting the rate: try --rate, or later",
    "400": "the server refuses every valid request: check --model, --set and the document",
    "503": "the server says that it is not available: try again later",
}


class Budget:
    """Counts what a run spends; *clock* is monotonic seconds.

    A request that the server answered by asking for patience was none.  The time that it was
    waited for counts where *waits_cost_time*: a time that the user has set is the clock's.
    """

    def __init__(
        self,
        *,
        requests: float,
        seconds: float,
        rate: float,
        clock: Callable[[], float],
        tokens: float = inf,
        waits_cost_time: bool = True,
    ) -> None:
        self.requests = 0
        self.tokens = 0
        self._most_tokens = tokens
        self._waits_cost_time = waits_cost_time
        self._waited = 0.0
        self._most_requests = requests
        self._most_seconds = seconds
        self._rate = rate
        self._clock = clock
        self._began = clock()
        self._next = self._began
        self._share_requests = self._share_seconds = inf

    @property
    def seconds(self) -> float:
        """How long the run has been going."""
        return self._clock() - self._began

    @property
    def seconds_left(self) -> float:
        """How long the run may still go; never negative."""
        given_back = 0.0 if self._waits_cost_time else min(self._waited, self._most_seconds)
        return max(0.0, self._most_seconds + given_back - self.seconds)

    def give(self, *, requests: float = inf, seconds: float = inf) -> None:
        """Begin a share of the run, of so many requests and seconds from now on.

        What is begun within it is brought to its end: a finding is confirmed, an item deleted.
        """
        self._share_requests = self.requests + requests
        self._share_seconds = self.seconds + seconds

    @property
    def share_spent(self) -> bool:
        """Whether nothing new is to be begun within the share that was given."""
        is_late = self.seconds >= self._share_seconds
        return self.spent or is_late or self.requests >= self._share_requests

    @property
    def spent(self) -> bool:
        """Whether nothing more may be sent."""
        return bool(self.spent_on)

    @property
    def spent_on(self) -> str:
        """What is used up: `requests`, `time` or `tokens`; empty while nothing is."""
        if self.requests >= self._most_requests:
            return "requests"
        if self.tokens >= self._most_tokens:
            return "tokens"
        return "time" if self.seconds_left <= 0 else ""

    @property
    def counts_tokens(self) -> bool:
        """Whether anybody asks how many tokens the answers took."""
        return self._most_tokens < inf

    def affords(self, requests: int) -> bool:
        """Whether so many more requests are within the budget."""
        return self.requests + requests <= self._most_requests and not self.spent

    async def wait(self, seconds: float) -> None:
        """Do what the server asked for instead of answering the last request."""
        self.requests -= 1
        self._waited += seconds
        if not self._waits_cost_time:
            self._share_seconds += seconds
        await asyncio.sleep(seconds)

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


class Inconclusive(Exception):
    """The run cannot say anything; the reason is a sentence."""


class Unreachable(Exception):
    """There is nobody at the other end; the reason is a sentence."""


@dataclass(slots=True)
class Outcomes:
    """How valid requests fared: what tells a run that says something from one that does not."""

    tried: int = 0
    answered: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    silent: int = 0

    @property
    def hopeless(self) -> bool:
        """Whether hardly any valid request succeeded."""
        return self.tried >= _ENOUGH_REFUSALS and self.answered * _ONE_IN < self.tried

    @property
    def failed(self) -> bool:
        """Whether the server itself failed most of them: a finding, and not a mistake of ours."""
        broke = sum(count for word, count in self.refused.items() if not _is_refusal(word))
        return broke * 2 > sum(self.refused.values())

    @property
    def pointless(self) -> bool:
        """Whether more requests would only be refused for the same reason."""
        return (
            self.tried >= _ENOUGH_REFUSALS and not self.answered and set(self.refused) <= _LASTING
        )

    @property
    def dead(self) -> bool:
        """Whether there is nobody any more."""
        return self.silent >= _ENOUGH_SILENCE

    def count(self, exchange: Exchange, *, meant: bool = False) -> bool:
        """Count the answer to a valid request; whether it succeeded, or *meant* to end so."""
        self.tried += 1
        response = exchange.response
        succeeded = response is not None and (response.status < 400 or meant)
        if succeeded and exchange.fault is None:
            self.answered += 1
            return True
        word = str(response.status) if response and not exchange.fault else exchange.fault or ""
        self.refused[word] = self.refused.get(word, 0) + 1
        return False

    def count_silence(self, exchange: Exchange) -> None:
        """Note whether anybody was there at all."""
        self.silent = self.silent + 1 if exchange.fault == "unreachable" else 0

    def reason(self, base_paths: Iterable[str] = ()) -> str:
        """The likeliest reason why hardly any valid request succeeded.

        *base_paths* are those of the document's servers that the URL has not.
        """
        most = max(self.refused, key=lambda word: self.refused[word], default="")
        reason = _REASONS.get(most, f"hardly any valid request succeeded (mostly {most})")
        if most in ("404", "405") and (others := " or ".join(base_paths)):
            reason += f"; by the document's servers it is {others}"
        return f"{reason}; {self.answered} of {self.tried} valid requests succeeded"


def _is_refusal(word: str) -> bool:
    # a 5xx is the server's failure, and so is an answer that never came whole; 503 is its word
    # that it is not there for us
    return word == "503" or (word.isdigit() and word < "500")


def waits(exchange: Exchange) -> bool:
    """Whether the server asked for patience instead of answering: nothing can be said then."""
    response = exchange.response
    return response is not None and (
        response.status == 429 or (response.status == 503 and retry_after(response) is not None)
    )
