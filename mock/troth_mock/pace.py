"""How fast a stream runs: when each of its frames is due, as a value, without a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast streams run: seconds to the first token, then tokens a second (None: at once)."""

    ttft: float = 0.0
    tokens_per_second: float | None = None

    @property
    def is_set(self) -> bool:
        """Whether anything is paced at all."""
        return self.ttft > 0 or self.tokens_per_second is not None

    def schedule(self, tokens: Sequence[int]) -> tuple[float, ...]:
        """Seconds after the request at which each frame is due, given the tokens in each.

        A frame is due when its last token is: the first token at `ttft`, the others one by one
        after it.  Frames without tokens (a role, a finish reason) go with the token before them.
        """
        interval = 1 / self.tokens_per_second if self.tokens_per_second else 0.0
        due, so_far = [], 0
        for count in tokens:
            so_far += count
            due.append(self.ttft + max(0, so_far - 1) * interval)
        return tuple(due)
