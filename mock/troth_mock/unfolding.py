"""The rules of `x-troth-assembly`, read backwards: from a body to an item that folds to it.

`fold(assembly, [unfold(assembly.members, body)])` is the body again, but for members that are
null (which an item cannot say) and those that the rules drop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.assembly import Rule

_LAST = Rule()


def unfold(rules: Mapping[str, Rule], body: Mapping[str, Any]) -> dict[str, Any]:
    """The one item that says all of *body*; what is constant is left to the item's schema."""
    names = inverse(rules)
    item: dict[str, Any] = {}
    for name, value in body.items():
        member, rule = names.get(name, (name, rules.get(name, _LAST)))
        if value is not None and rule.how not in ("const", "drop"):
            item[member] = _value(rule, value)
    return item


def inverse(rules: Mapping[str, Rule]) -> dict[str, tuple[str, Rule]]:
    """For each member of the body that *rules* name, the item's member and its rule."""
    return {rule.name or member: (member, rule) for member, rule in rules.items()}


def locate(rules: Mapping[str, Rule], names: tuple[str, ...]) -> tuple[tuple[str, ...], Rule]:
    """Where in an item the part is that *names* lead to in the body, and the rule that it has.

    Goes into objects only, not into the entries of arrays.
    """
    found: list[str] = []
    rule = _LAST
    for name in names:
        member, rule = inverse(rules).get(name, (name, rules.get(name, _LAST)))
        found.append(member)
        rules = rule.members
    return tuple(found), rule


def _value(rule: Rule, value: Any) -> Any:
    if rule.how == "merge" and isinstance(value, dict):
        return unfold(rule.members, value)
    if rule.how == "keyed" and isinstance(value, list):
        return [_entry(rule, index, entry) for index, entry in enumerate(value)]
    return value


def _entry(rule: Rule, index: int, entry: Any) -> Any:
    if not isinstance(entry, dict) or rule.key is None:
        return entry
    item = unfold(rule.members, entry)
    if rule.drops_key or rule.key not in item:
        item = {rule.key: index, **{name: part for name, part in item.items() if name != rule.key}}
    return item
