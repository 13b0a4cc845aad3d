"""Made-up log probabilities of tokens: plausible, descending, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from troth.seed import Seed

_MASK = (1 << 64) - 1
# What else might have stood there; more than anyone can ask for, so that one can be left out.
_OTHERS = (
    " the", " a", " and", " of", " to", ",", ".", " in", " is", " that", " for", " it", " with",
    " as", " on", " this", " are", " be", " or", " from", " an", "\n",
)  # fmt: skip


def entries(tokens: Sequence[str], seed: Seed, *, top: int) -> list[dict[str, Any]]:
    """One entry for each of *tokens*, with *top* alternatives, the token itself first."""
    state = int.from_bytes(seed.key[:8], "big")
    made = []
    for token in tokens:
        # Knuth's MMIX generator; the high bits are the good ones
        state = (state * 6364136223846793005 + 1442695040888963407) & _MASK
        drawn = state >> 44
        logprob = -(drawn % 4000 + 1) / 10000
        entry = _entry(token, logprob)
        entry["top_logprobs"] = [_entry(token, logprob)][:top]
        others = [other for other in _OTHERS if other != token]
        for place in range(top - 1):
            logprob = round(logprob - 0.75 - (drawn >> place & 7) / 16, 6)
            entry["top_logprobs"].append(_entry(others[(drawn + place) % len(others)], logprob))
        made.append(entry)
    return made


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
