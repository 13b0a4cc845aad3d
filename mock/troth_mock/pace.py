"""How fast a stream runs: when each of its frames is due, as a value, without a clock.

A model reads the request before it says anything, says its tokens at a rate that varies, and now
and then several at once or none for a while.  `PROFILES` has such paces by name; `read` reads what
a user writes: a profile, or figures, or a profile with other figures (`slow ttft=3`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from troth.errors import TrothError, nearest
from troth.seed import Seed

#: A token of a request is about so many bytes of it.
_BYTES_PER_TOKEN = 4
_MASK = (1 << 64) - 1
#: Nothing is waited for longer, in seconds.
_LONGEST = 3600.0


class UnknownPace(TrothError):
    """A text is no pace: *part* is what cannot be read in it, *advice* what can."""

    part: str
    advice: str

    def __str__(self) -> str:
        return f"{self.part!r} is no pace: {self.advice}"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast streams run: seconds to the first token, then tokens a second (None: at once).

    The first token waits longer by what it takes to read the request, at *reading* tokens a second
    (None: no time).  *jitter*, from 0 to 1, is how much the intervals vary about their mean.
    Tokens come in bursts of *burst* on average, and once in *pause_every* tokens there is a pause
    of *pause* seconds.  *seed* is that of the draws.
    """

    ttft: float = 0.0
    tokens_per_second: float | None = None
    reading: float | None = None
    jitter: float = 0.0
    burst: int = 1
    pause: float = 0.0
    pause_every: int = 0
    seed: int = 0

    @property
    def is_set(self) -> bool:
        """Whether anything is paced at all."""
        return self.ttft > 0 or self.tokens_per_second is not None or self.reading is not None

    @property
    def is_even(self) -> bool:
        """Whether nothing of it is drawn."""
        return not (self.jitter or self.burst > 1 or (self.pause and self.pause_every))

    def schedule(self, tokens: Sequence[int], *, request: bytes = b"") -> tuple[float, ...]:
        """Seconds after the request at which each frame is due, given the tokens in each.

        *request* is the body that is answered: its length tells how long it is read, and the same
        one gets the same intervals.  A frame is due when its last token is: the first token at
        `ttft`, the others one by one after it.  Frames without tokens (a role, a finish reason) go
        with the token before them.
        """
        first = self.ttft
        if self.reading:
            first += len(request) / _BYTES_PER_TOKEN / self.reading
        if self.is_even:
            interval = 1 / self.tokens_per_second if self.tokens_per_second else 0.0
            due, so_far = [], 0
            for count in tokens:
                so_far += count
                due.append(first + max(0, so_far - 1) * interval)
            return tuple(due)
        return self._drawn(tokens, first, Seed.of("pace", self.seed, request))

    def _drawn(self, tokens: Sequence[int], first: float, seed: Seed) -> tuple[float, ...]:
        draws = _draws(seed)
        if self.jitter:
            first *= 1 + self.jitter * (next(draws) - 0.5)
        due, at, said = [], first, 0
        intervals = self._intervals(draws)
        for count in tokens:
            for _ in range(count):
                if said:
                    at += next(intervals)
                said += 1
            due.append(at)
        return tuple(due)

    def _intervals(self, draws: Iterator[float]) -> Iterator[float]:
        """The seconds between one token and the next, on average those of the rate."""
        mean = 1 / self.tokens_per_second if self.tokens_per_second else 0.0
        left = self._burst(draws)
        waited = mean * left
        while True:
            left -= 1
            interval = 0.0
            if left <= 0:
                # mostly a little under the mean, and now and then well over it
                varied = -math.log(1 - next(draws)) if self.jitter else 1.0
                interval = waited * (1 - self.jitter + self.jitter * varied)
                left = self._burst(draws)
                waited = mean * left
            if self.pause and self.pause_every and next(draws) * self.pause_every < 1:
                interval += self.pause * (0.5 + next(draws))
            yield interval

    def _burst(self, draws: Iterator[float]) -> int:
        return 1 + int(next(draws) * (2 * self.burst - 1)) if self.burst > 1 else 1


def _draws(seed: Seed) -> Iterator[float]:
    """Numbers from 0 up to 1, without an end."""
    state = int.from_bytes(seed.key[:8], "big")
    while True:
        # Knuth's MMIX generator; the high bits are the good ones
        state = (state * 6364136223846793005 + 1442695040888963407) & _MASK
        yield (state >> 11) / (1 << 53)


PROFILES: Mapping[str, Pace] = {
    "fast": Pace(ttft=0.15, tokens_per_second=150, reading=20_000, jitter=0.2),
    "typical": Pace(ttft=0.4, tokens_per_second=50, reading=5_000, jitter=0.4),
    "slow": Pace(ttft=1.5, tokens_per_second=12, reading=1_000, jitter=0.5),
    "bursty": Pace(
        *(0.6, 40, 5_000), jitter=0.6, burst=8, pause=0.8, pause_every=60
    ),
}  # fmt: skip

_WHOLE = ("burst", "pause_every", "seed")
_FIGURES = {field.name.replace("_", "-"): field.name for field in fields(Pace)}


def read(text: str, *, seed: int = 0) -> Pace:
    """The pace that *text* says: `slow`, `ttft=1 tokens-per-second=20`, `typical jitter=0`.

    `off` is none.  Raises UnknownPace.
    """
    pace = Pace(seed=seed)
    for index, word in enumerate(text.replace(",", " ").split()):
        name, sign, value = word.partition("=")
        if sign:
            pace = replace(pace, **_figure(name, value, word))
        elif index == 0 and name in PROFILES:
            pace = replace(PROFILES[name], seed=seed)
        elif index:
            raise UnknownPace(word, "a profile comes first, and only one")
        elif name != "off":
            close = nearest(name, PROFILES)
            known = ", ".join(PROFILES)
            raise UnknownPace(word, f"did you mean {close!r}?" if close else f"there are {known}")
    return pace


def text_of(pace: Pace) -> str:
    """*pace* in the words that `read` takes."""
    if not pace.is_set:
        return "off"
    for name, profile in PROFILES.items():
        if replace(profile, seed=pace.seed) == pace:
            return name
    usual = Pace()
    return " ".join(
        f"{name}={getattr(pace, field):g}"
        for name, field in _FIGURES.items()
        if getattr(pace, field) != getattr(usual, field) and field != "seed"
    )


def _figure(name: str, value: str, word: str) -> dict[str, Any]:
    field = _FIGURES.get(name)
    if field is None:
        close = nearest(name, _FIGURES)
        known = ", ".join(_FIGURES)
        raise UnknownPace(word, f"did you mean {close!r}?" if close else f"figures are {known}")
    try:
        number = int(value) if field in _WHOLE else float(value)
    except ValueError:
        raise UnknownPace(word, f"{name} is a number") from None
    is_rate = field in ("tokens_per_second", "reading")
    least = 1 / _LONGEST if is_rate else float(field == "burst")
    most = {"jitter": 1, "ttft": _LONGEST, "pause": _LONGEST}.get(field, math.inf)
    if field != "seed" and not (least <= number <= most and number < math.inf):
        limit = f" to {most:g}" if most < math.inf else ""
        raise UnknownPace(word, f"{name} is a number from {least:g}{limit}")
    return {field: number}
