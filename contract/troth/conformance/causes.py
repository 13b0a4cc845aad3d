"""Which findings are one: the rule that was broken, and for what names no rule, its cause.

A schema violation names its rule.  "The server failed" does not: there the cause is what the
smallest request that shows it has beyond the minimal one, written as facets (`/tools:array`).
A later request that has all these facets shows the same finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from troth.violation import Violation

Facets = frozenset[str]
_LONGEST = 32


def is_causal(violation: Violation) -> bool:
    """Whether *violation* names no rule of the request or answer that would tell its cause."""
    return violation.code in _CAUSAL or violation.code.startswith("transport.")


_CAUSAL = frozenset(
    {"request.valid-refused", "response.server-error", "response.unexpected-redirect"}
)


def rule_of(violation: Violation) -> tuple[str, ...]:
    """What makes two violations the same rule broken."""
    if violation.location == "stream" or is_causal(violation):
        return (violation.code, violation.operation, violation.schema_pointer)
    return (*violation.key, str(violation.status or ""))


def facets(value: Any, minimal: Any) -> Facets:
    """What *value* has and *minimal* has not."""
    return frozenset(_facets(value, "")) - frozenset(_facets(minimal, ""))


def finding_id(rule: tuple[str, ...], cause: Facets | None) -> str:
    """A short name that is the same in every run."""
    text = "\n".join((*rule, *sorted(cause or ())))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def _facets(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{at}:object"
        for name, item in value.items():
            yield from _facets(item, f"{at}/{name}")
    elif isinstance(value, list):
        yield f"{at}:array"
        yield from (f"{at}:at least {count} items" for count in (1, 2, 3) if len(value) >= count)
        for item in value:
            yield from _facets(item, f"{at}/*")
    elif isinstance(value, bool) or value is None:
        yield f"{at}:{value}"
    elif isinstance(value, str):
        yield f"{at}:text"
        yield from (f"{at}:{word}" for word in _words_of(value))
    else:
        yield f"{at}:number"
        if isinstance(value, float):
            yield f"{at}:fraction"
        if value == 0:
            yield f"{at}:zero"
        yield from (f"{at}:beyond 2^{bits}" for bits in (31, 53, 63) if abs(value) >= 2**bits)


def _words_of(text: str) -> Iterator[str]:
    """The peculiarities of a text that are known to break servers."""
    if not text:
        yield "empty text"
    if "\0" in text:
        yield "NUL"
    if any(ord(char) > 0xFFFF for char in text):
        yield "astral"
    if any(0x7F < ord(char) <= 0xFFFF for char in text):
        yield "not ASCII"
    if any(ord(char) < 0x20 and char != "\0" for char in text):
        yield "control character"
    if len(text) > 1000:
        yield "long text"
    # a text of one letter is what shrinking leaves of one that does not matter
    if 1 < len(text) <= _LONGEST and text.replace("_", "").replace("-", "").isalnum():
        yield f"={text}"
