"""Draw a value of each JSON type from a node whose choices are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from troth.generation import natural_strings, patterns
from troth.generation.fast_source import Dead, Dice
from troth.generation.node_shapes import Shape, same
from troth.generation.numbers import Range
from troth.http import json_text

if TYPE_CHECKING:
    from troth.generation.nodes import Node

_LONGEST_STRING = 200_000
_MOST_ITEMS = 10_000


def value(node: Node, dice: Dice, depth: int, hint: str) -> Any:
    """Draw a value of one of the types that *node* allows.  Raises Dead when none was found."""
    draws = node.children.get("draws")
    if draws is None:
        draws = node.children["draws"] = [_BY_TYPE[name] for name in _types(node.shape)]
    excluded = node.shape.excluded
    last = Dead("no type is left")
    for draw in draws:
        for _ in range(8 if excluded else 1):
            try:
                found = draw(node, dice, depth, hint)
            except Dead as fault:
                last = fault
                break
            if not excluded or not any(same(found, no) for no in excluded):
                return found
    raise last


def _types(shape: Shape) -> list[str]:
    """The types to try, the most telling first."""
    telling = []
    if shape.properties or shape.required or shape.pattern_properties or shape.names:
        telling.append("object")
    if shape.items or shape.prefix or shape.contains or "minItems" in shape.lowest:
        telling.append("array")
    if shape.patterns or shape.content or "minLength" in shape.lowest:
        telling.append("string")
    if shape.numbers:
        telling += ["integer", "number"]
    usual = ["string", "object", "array", "number", "integer", "boolean", "null"]
    if shape.types >= {"number", "integer"}:
        # `number` draws integers too
        telling = [name for name in telling if name != "integer"]
        usual.remove("integer")
    return [name for name in dict.fromkeys(telling + usual) if name in shape.types]


def _object(node: Node, dice: Dice, depth: int, hint: str) -> dict[str, Any]:
    shape = node.shape
    sparing = node.sparing(dice, depth)
    most = shape.highest.get("maxProperties", _MOST_ITEMS)
    optional: list[str] = []
    for name in shape.properties:
        if name not in shape.required and not sparing and dice.below(256) < dice.rich:
            optional.append(name)
    wanted = dict.fromkeys([*shape.required, *optional])
    if len(wanted) > most:
        wanted = dict.fromkeys([*shape.required, *optional[: max(0, most - len(shape.required))]])
    found: dict[str, Any] = {}
    for name in dict.fromkeys([*shape.properties, *wanted]):
        if name in wanted:
            _member(node, found, name, dice, depth)
    for name, needed in shape.dependent * 2 if shape.dependent else ():
        if name in found:
            for other in needed:
                if other not in found:
                    found[other] = node.member(other).draw(dice, depth + 1, other)
    reach(node, found, dice, depth)
    if len(found) > most:
        raise Dead(f"it requires more than its {most} members")
    return found


def _member(node: Node, found: dict[str, Any], name: str, dice: Dice, depth: int) -> None:
    required = name in node.shape.required
    try:
        found[name] = node.member(name).draw(dice, depth + 1, name)
    except Dead as fault:
        if required:
            raise Dead(f"{fault} (at the required member {name!r})") from None


def reach(node: Node, found: dict[str, Any], dice: Dice, depth: int) -> None:
    """Add members until there are as many as `minProperties` asks for."""
    shape = node.shape
    least = shape.lowest.get("minProperties", 0)
    rich = not node.sparing(dice, depth) and _is_map(shape) and dice.rich
    target = max(least, 2 if rich else 0)
    if len(found) >= target:
        return
    if least > _MOST_ITEMS:
        raise Dead(f"it asks for {least} members, which is more than troth draws")
    names = [name for name in shape.properties if name not in found]
    for attempt in range(target * 8 + 8):
        if len(found) >= target:
            return
        name = names[attempt] if attempt < len(names) else _new_name(node, dice, attempt)
        if name in found:
            continue
        try:
            found[name] = node.member(name).draw(dice, depth + 1, name)
        except Dead:
            continue
    if len(found) < least:
        raise Dead(f"no names were found for the {least} members that it asks for")


def _is_map(shape: Shape) -> bool:
    """Whether an object without declared members is a map, rather than simply open."""
    if shape.properties:
        return False
    typed = any(isinstance(c.source, dict) and c.source for c in shape.closed)
    return typed or bool(shape.pattern_properties)


def _new_name(node: Node, dice: Dice, attempt: int) -> str:
    shape = node.shape
    if shape.names and (attempt % 2 == 0 or not shape.pattern_properties):
        drawn = node.world.node(shape.names).draw(dice, 1, "name")
        if isinstance(drawn, str):
            return drawn
    if shape.pattern_properties:
        pattern = dice.choice(shape.pattern_properties)[0]
        draw = _pattern(node, pattern)
        if draw is not None:
            return draw(dice, 2 + attempt // 4)
    found = natural_strings.word(dice)
    return found if attempt < 16 else f"{found}{attempt}"


def _array(node: Node, dice: Dice, depth: int, hint: str) -> list[Any]:
    shape = node.shape
    least = shape.lowest.get("minItems", 0)
    most = shape.highest.get("maxItems", _MOST_ITEMS)
    musts = [(source, low) for source, low, _ in shape.contains if low > 0]
    needed = max(least, sum(low for _, low in musts))
    if needed > _MOST_ITEMS:
        raise Dead(f"it asks for {needed} items, which is more than troth draws")
    if needed > most:
        raise Dead("it asks for more items than it allows")
    count = needed
    if not node.sparing(dice, depth) and dice.rich:
        count = min(most, max(needed, len(shape.prefix), 1 + dice.below(3)))
    held = [source for source, low in musts for _ in range(low)]
    singular = hint[:-1] if hint.endswith("s") else hint
    found: list[Any] = []
    for index in range(count):
        # contained items come last, where no prefixItems speaks about them
        extra = held[index - count + len(held)] if index >= count - len(held) else None
        one = node.item(index)
        if extra is not None:
            one = node.world.node((*one.sources, extra))
        try:
            _append(found, one, dice, depth, singular, unique=shape.unique)
        except Dead:
            if len(found) < needed:
                raise
            break
    return found


def _append(
    found: list[Any], one: Node, dice: Dice, depth: int, hint: str, *, unique: bool
) -> None:
    for _ in range(24 if unique else 1):
        item = one.draw(dice, depth + 1, hint)
        if not unique or not any(same(item, other) for other in found):
            found.append(item)
            return
    for item in one.examples if unique else ():
        if not any(same(item, other) for other in found):
            found.append(item)
            return
    raise Dead("there are too few different items for uniqueItems")


def _string(node: Node, dice: Dice, depth: int, hint: str) -> str:
    shape = node.shape
    least = shape.lowest.get("minLength", 0)
    most = shape.highest.get("maxLength", _LONGEST_STRING)
    if least > _LONGEST_STRING:
        raise Dead(f"it asks for {least} characters, which is more than troth draws")
    if least > most:
        raise Dead("it asks for more characters than it allows")
    dice.spend(least // 256)
    if shape.content is not None:
        inner = node.world.node((shape.content,)).draw(dice, depth + 1, hint)
        return json_text.encode(inner).decode()
    if shape.patterns:
        return _matching(node, dice, least, most)
    for name in shape.formats:
        natural = natural_strings.FORMATS.get(name)
        if natural is not None:
            return natural(dice)
    draw = node.children.get(("named", hint))
    if draw is None:
        draw = node.children["named", hint] = natural_strings.named(hint)
    found: str = draw(dice)
    while len(found) < least:
        found += f" {natural_strings.word(dice)}" * max(1, (least - len(found)) // 16)
    return found if len(found) <= most else found[:most].strip() or found[:most]


def _pattern(node: Node, pattern: str) -> Callable[[Dice, int], str] | None:
    key = ("pattern", pattern)
    if key not in node.children:
        node.children[key] = patterns.generator(pattern)
    found: Callable[[Dice, int], str] | None = node.children[key]
    return found


def _matching(node: Node, dice: Dice, least: int, most: int) -> str:
    """A string that matches all patterns and is as long as asked for."""
    wanted = node.shape.patterns
    search = [node.world.search(pattern) for pattern in wanted]
    for attempt in range(40):
        # one pattern's string may happen to match the others; else all of them one after the other
        several = attempt >= 8 and attempt % 2 == 1
        at = (attempt // 2 if several else attempt) % len(wanted)
        parts = (*wanted[at:], *wanted[:at]) if several else wanted[at : at + 1]
        draws = [draw for draw in (_pattern(node, part) for part in parts) if draw is not None]
        if not draws:
            continue
        grow = 3 if attempt < 8 else (0, 1, 8, least + 4)[attempt % 4]
        found = "".join([draw(dice, grow) for draw in draws])
        if len(found) < least and not parts[-1].endswith("$"):
            found += "a" * (least - len(found))
        if least <= len(found) <= most and all(matches(found) for matches in search):
            return found
    for name in node.shape.formats:
        natural = natural_strings.FORMATS.get(name)
        if natural is not None:
            found = natural(dice)
            if all(matches(found) for matches in search):
                return found
    raise Dead(f"no string was found that matches {node.shape.patterns[0]!r}")


def _whole(node: Node, dice: Dice, depth: int, hint: str) -> int | float:
    return numbers(node, whole=True).draw(dice)


def _number(node: Node, dice: Dice, depth: int, hint: str) -> int | float:
    return numbers(node, whole="number" not in node.shape.types).draw(dice)


def numbers(node: Node, *, whole: bool) -> Range:
    """The numbers that *node* allows."""
    found: Range | None = node.children.get(("range", whole))
    if found is None:
        found = Range(node.shape.numbers, formats=node.shape.formats, whole=whole)
        node.children["range", whole] = found
    return found


def _boolean(node: Node, dice: Dice, depth: int, hint: str) -> bool:
    return dice.below(2) == 1


def _null(node: Node, dice: Dice, depth: int, hint: str) -> None:
    return None


_BY_TYPE: dict[str, Callable[[Node, Dice, int, str], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _whole,
    "number": _number,
    "boolean": _boolean,
    "null": _null,
}
