"""Which findings are one: the rule that was broken, and for what names no rule, its cause.

A schema violation names its rule.  "The server failed" does not: there the cause is what the
smallest request that shows it has beyond the minimal one, written as facets (`/tools:array`).
A later request that has all these facets shows the same finding.
"""

from __future__ import annotations

import re
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


_PECULIAR = (
    ("NUL", re.compile("\0")),
    ("astral", re.compile("[\U00010000-\U0010ffff]")),
    ("not ASCII", re.compile("[\x80-\uffff]")),
    ("control character", re.compile("[\x01-\x1f]")),
)


def _words_of(text: str) -> Iterator[str]:
    """The peculiarities of a text that are known to break servers."""
    if not text:
        yield "empty text"
    yield from (word for word, pattern in _PECULIAR if pattern.search(text))
    if len(text) > 1000:
        yield "long text"
    # a text of one letter is what shrinking leaves of one that does not matter
    if 1 < len(text) <= _LONGEST and text.replace("_", "").replace("-", "").isalnum():
        yield f"={text}"
