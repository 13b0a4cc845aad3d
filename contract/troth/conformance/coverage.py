"""Which parts of a request's schema a request exercises: for the report's account of a run."""

from __future__ import annotations

from typing import Any

from troth.conformance.cases import Subject
from troth.strategies import bodies
from troth.strategies.sites import sites

#: A body may be large; the account of a run need not be.
_MOST = 400


def covered(subject: Subject | None, value: Any) -> tuple[str, ...]:
    """The members that *value* has, as pointers with `*` for any item, without repetition."""
    if subject is None or subject.made is None or value is None:
        return ()
    schema = subject.made.schema
    alternatives = bodies.generator_of(schema).alternatives
    found: dict[str, None] = {}
    for site in sites(alternatives, (schema.prepared,), value):
        tokens = ["*" if isinstance(token, int) else str(token) for token in site.tokens]
        found["/" + "/".join(tokens) if tokens else ""] = None
        if len(found) >= _MOST:
            break
    return tuple(found)
