"""The rules of `x-troth-assembly`, read backwards: from a body to an item that folds to it.

`fold(assembly, [unfold(inverse(assembly.members), body)])` is the body again, but for members
that are null (which an item cannot say) and those that the rules drop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troth.openapi.stream_assembly import Rule

_LAST = Rule()


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where a member of the body comes from: the item's *member*, its *rule*, what is inside."""

    member: str
    rule: Rule
    inner: Inverse


Inverse = Mapping[str, Origin]


def inverse(rules: Mapping[str, Rule]) -> Inverse:
    """The origin of each member of the body that *rules* name."""
    return {
        rule.name or member: Origin(member, rule, inverse(rule.members))
        for member, rule in rules.items()
    }


def unfold(inverse: Inverse, body: Mapping[str, Any]) -> dict[str, Any]:
    """The one item that says all of *body*; what is constant is left to the item's schema.

    Its objects and keyed arrays are new; everything else is shared with *body*.
    """
    item: dict[str, Any] = {}
    for name, value in body.items():
        if value is None:
            continue
        origin = inverse.get(name)
        if origin is None:
            item[name] = value
            continue
        how = origin.rule.how
        if how == "merge" and type(value) is dict:
            item[origin.member] = unfold(origin.inner, value)
        elif how == "keyed" and type(value) is list:
            item[origin.member] = [
                _entry(origin, index, entry) for index, entry in enumerate(value)
            ]
        elif how not in ("const", "drop"):
            item[origin.member] = value
    return item


def locate(inverse: Inverse, names: tuple[str, ...]) -> tuple[tuple[str, ...], Rule]:
    """Where in an item the part is that *names* lead to in the body, and the rule that it has.

    Goes into objects only, not into the entries of arrays.
    """
    found: list[str] = []
    rule = _LAST
    for name in names:
        origin = inverse.get(name)
        found.append(name if origin is None else origin.member)
        rule, inverse = (_LAST, {}) if origin is None else (origin.rule, origin.inner)
    return tuple(found), rule


def find(inverse: Inverse, names: tuple[str, ...]) -> Origin | None:
    """The origin of the member of the body that *names* lead to, or None."""
    origin = None
    for name in names:
        origin = inverse.get(name)
        if origin is None:
            return None
        inverse = origin.inner
    return origin


def _entry(origin: Origin, index: int, entry: Any) -> Any:
    key = origin.rule.key
    if type(entry) is not dict or key is None:
        return entry
    item = unfold(origin.inner, entry)
    if origin.rule.drops_key or key not in item:
        item.pop(key, None)
        return {key: index, **item}
    return item
