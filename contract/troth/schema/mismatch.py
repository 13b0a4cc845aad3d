"""A way in which an instance departs from a schema, and what makes two of them one.

Order and ranking of mismatches; their words are `wording`'s, their meaning `explain`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troth.errors import Place

Tokens = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One way in which an instance departs from a schema.

    *keyword* is the JSON Schema keyword that failed, or `undecided` where a pattern took too many
    steps to tell.  *schema_pointer* addresses that keyword in the document, *place* is its file
    and line.
    """

    keyword: str
    instance_pointer: str
    schema_pointer: str
    message: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A mismatch before it is placed: tokens instead of pointers."""

    keyword: str
    instance: Tokens
    schema: Tokens
    message: str


def likelihood(found: Sequence[Found], depth: int) -> tuple[int, int, int]:
    """The less of this, the likelier the branch was meant: few faults, and those deep inside."""
    deepest = max((len(each.instance) for each in found), default=0)
    return (sum(len(each.instance) == depth for each in found), len(found), -deepest)


def rivals(one: Sequence[Found], best: Sequence[Found]) -> bool:
    """Whether *one* is as likely as *best*, and as easily said: one fault, of the same value."""
    return one is best or (len(one) == len(best) == 1 and one[0].instance == best[0].instance)


def in_all(found: Found, branches: Sequence[Sequence[Found]]) -> bool:
    """Whether all *branches* say what *found* says."""
    return all(any(_alike(found, other) for other in branch) for branch in branches)


def _alike(one: Found, other: Found) -> bool:
    return (one.instance, one.keyword, one.message) == (
        other.instance,
        other.keyword,
        other.message,
    )


def once(found: list[Found]) -> list[Found]:
    """*found* without what is said twice of the same instance (by two branches of an allOf)."""
    seen: dict[tuple[Tokens, str, str], Found] = {}
    for each in found:
        said = "" if each.keyword == "type" else each.message
        seen.setdefault((each.instance, each.keyword, said), each)
    return list(seen.values())


def in_order(found: list[Found], instance: Any) -> list[Found]:
    """*found* in the order in which a reader of the instance meets it."""
    positions: dict[int, dict[Any, int]] = {}

    def key(each: Found) -> list[int]:
        order: list[int] = []
        node = instance
        for token in each.instance:
            if isinstance(node, dict):
                known = positions.get(id(node))
                if known is None:
                    known = positions[id(node)] = {name: i for i, name in enumerate(node)}
                order.append(known.get(token, len(known)))
                node = node.get(token)
            elif isinstance(node, (list, tuple)) and isinstance(token, int):
                order.append(token)
                node = node[token] if token < len(node) else None
            else:
                break
        return order

    return sorted(found, key=key)
