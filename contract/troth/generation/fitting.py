"""Make a given value conform, changing as little as the schema lets it.

What the schema accepts stays; a member that it forbids goes; what it requires is drawn; a value
that it rejects is replaced by the nearest one that it takes.
"""

from __future__ import annotations

from typing import Any

from troth.generation import drawing
from troth.generation.fast_source import Dead, Dice
from troth.generation.node_shapes import type_of
from troth.generation.nodes import Node

_DEEPEST = 64


def fit(node: Node, value: Any, dice: Dice, depth: int = 0, hint: str = "") -> Any:
    """The value nearest to *value* that *node* accepts.  Raises Dead when none was found."""
    if node.dead is not None:
        raise Dead(node.dead)
    if node.accepts(value) and not node.resolved:
        return value
    dice.spend()
    if depth > _DEEPEST:
        raise Dead("it nests without end")
    found = (
        _branch(node, value, dice, depth, hint)
        if node.shape.choices
        else _typed(node, value, dice, depth, hint)
    )
    if not node.accepts(found):
        found = node.draw(dice, depth, hint)
    return found


def _branch(node: Node, value: Any, dice: Dice, depth: int, hint: str) -> Any:
    best: tuple[int, Any] | None = None
    last = Dead("its schemas exclude one another")
    for branch in node.alternatives():
        try:
            found = fit(branch, value, dice, depth + 1, hint)
        except Dead as fault:
            last = fault
            continue
        if node.accepts(found):
            distance = _distance(value, found)
            if best is None or distance < best[0]:
                best = (distance, found)
    if best is None:
        raise last
    return best[1]


def _typed(node: Node, value: Any, dice: Dice, depth: int, hint: str) -> Any:
    shape = node.shape
    kind = type_of(value)
    if shape.enum is not None:
        return _nearest(node, value)
    if kind not in shape.types and not (kind == "integer" and "number" in shape.types):
        return node.draw(dice, depth, hint)
    if kind == "object":
        return _object(node, value, dice, depth)
    if kind == "array":
        return _array(node, value, dice, depth, hint)
    if kind == "string":
        most = shape.highest.get("maxLength")
        cut = value if most is None else value[:most]
        return cut if node.accepts(cut) else node.draw(dice, depth, hint)
    if kind in ("integer", "number"):
        return drawing.numbers(node, whole="number" not in shape.types).clamp(value)
    return value


def _nearest(node: Node, value: Any) -> Any:
    offered = node.examples
    if not offered:
        raise Dead("none of its enum's values conforms")
    same_type = [one for one in offered if type_of(one) == type_of(value)]
    if isinstance(value, str) and same_type:
        return max(same_type, key=lambda one: _alike(value, one))
    return (same_type or offered)[0]


def _alike(left: str, right: str) -> int:
    """How many leading characters two words share, letter case aside."""
    count = 0
    for one, other in zip(left.casefold(), right.casefold(), strict=False):
        if one != other:
            break
        count += 1
    return count


def _object(node: Node, value: dict[str, Any], dice: Dice, depth: int) -> dict[str, Any]:
    shape = node.shape
    found: dict[str, Any] = {}
    for name, child in value.items():
        try:
            found[name] = fit(node.member(name), child, dice, depth + 1, name)
        except Dead:
            if name in shape.required:
                raise
    needed = dict.fromkeys(shape.required)
    for name, others in shape.dependent:
        if name in found:
            needed.update(dict.fromkeys(others))
    for name in needed:
        if name not in found:
            found[name] = node.member(name).draw(dice, depth + 1, name)
    most = shape.highest.get("maxProperties")
    for name in reversed(list(found)):
        if most is not None and len(found) > most and name not in needed:
            del found[name]
    drawing.reach(node, found, dice, depth)
    return found


def _array(node: Node, value: list[Any], dice: Dice, depth: int, hint: str) -> list[Any]:
    shape = node.shape
    most = shape.highest.get("maxItems", len(value))
    found: list[Any] = []
    for index, child in enumerate(value[:most]):
        try:
            found.append(fit(node.item(index), child, dice, depth + 1, hint))
        except Dead:
            if len(value) <= shape.lowest.get("minItems", 0):
                raise
    while len(found) < shape.lowest.get("minItems", 0):
        found.append(node.item(len(found)).draw(dice, depth + 1, hint))
    return found


def _distance(left: Any, right: Any) -> int:
    """How many scalars, members and items differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        names = left.keys() | right.keys()
        return sum(
            _distance(left[name], right[name]) if name in left and name in right else 4
            for name in names
        )
    if isinstance(left, list) and isinstance(right, list):
        pairs = zip(left, right, strict=False)
        return sum(_distance(a, b) for a, b in pairs) + 4 * abs(len(left) - len(right))
    if type(left) is type(right):
        return 0 if left == right else 1
    return 8
