"""How an item is shown by an answer, and how a request changes it: values in, values out.

An answer shows what is known of an item, in the members that its schema has; what is not known is
drawn.  A member that the client may set, and did not, is left out where the schema lets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from troth import pointer
from troth.errors import TrothError
from troth.generation.graph import Node, node_of
from troth.generation.shape import properties
from troth.pointer import put
from troth.schema.schema import Schema
from troth_mock.storage.sessions import Item

#: So many alternatives of a union are looked into for the members that they declare.
_MOST_BRANCHES = 64
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Members:
    """The members that the schema of a place speaks of; *is_open* where any may be there.

    *barred* are those that do not travel in its direction; *defaults* are given by the document,
    and so are the only values that some may have (*choices*).
    """

    names: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()
    is_open: bool = True
    defaults: tuple[tuple[str, Any], ...] = ()
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def of(self, value: dict[str, Any]) -> dict[str, Any]:
        """*value* without what the schema does not speak of."""
        return {name: one for name, one in value.items() if self.is_open or name in self.names}

    def has_other_choices(self, value: Any, known: Any) -> bool:
        """Whether *value* has another choice somewhere than *known* has, which could be there."""
        return (
            isinstance(value, dict)
            and isinstance(known, dict)
            and any(
                name in known and known[name] in choices and value.get(name) != known[name]
                for name, choices in self.choices.items()
            )
        )


def members_at(schema: Schema | None, place: str, *, is_array: bool = False) -> Members:
    """The members of what stands at *place* in an instance of *schema*, or in the array there."""
    if schema is None:
        return Members()
    nodes = [node_of(schema)]
    for token in pointer.split(place):
        nodes = [_part(each, token) for each in _leaves(nodes)]
    if is_array:
        nodes = [each.item(0) for each in _leaves(nodes)]
    names: set[str] = set()
    barred: set[str] = set()
    defaults: dict[str, Any] = {}
    choices: dict[str, tuple[Any, ...]] = {}
    leaves = _leaves(nodes)
    for leaf in leaves:
        for name in properties(leaf.shape):
            member = leaf.member(name)
            if member.reason is not None:
                barred.add(name)
                continue
            names.add(name)
            inner = _leaves([member])
            given = list(_defaults(member)) or [each for one in inner for each in _defaults(one)]
            if given and all(each == given[-1] for each in given):
                defaults[name] = given[-1]
            for one in inner:
                choices[name] = (*choices.get(name, ()), *(one.shape.values or ()))
    is_open = not leaves or any(map(_is_open, leaves))
    return Members(
        frozenset(names),
        frozenset(barred - names),
        is_open,
        tuple(defaults.items()),
        {name: values for name, values in choices.items() if values},
    )


def _part(node: Node, token: str) -> Node:
    is_array = token.isdecimal() and "object" not in node.shape.types
    return node.item(int(token)) if is_array else node.member(token)


def _is_open(node: Node) -> bool:
    """Whether any member may be at *node*: it is a map, or says nothing of members.

    An object that lists some leaves others open too; yet few servers keep what they do not know.
    """
    return not properties(node.shape) or any(
        part.patterns or (part.declares_additional and part.additional is not False)
        for part in node.shape.objects
    )


def _leaves(nodes: Sequence[Node]) -> list[Node]:
    """The alternatives of *nodes* in which every choice is made, a bounded number of them."""
    return list(islice((leaf for node in nodes for leaf in _chosen(node, 0)), _MOST_BRANCHES))


def _chosen(node: Node, depth: int) -> Iterator[Node]:
    if node.reason is not None:
        return
    if not node.choices or depth > _DEEPEST:
        yield node
        return
    for branch in node.alternatives():
        yield from _chosen(branch, depth + 1)


def _defaults(node: Node) -> Iterator[Any]:
    """The default of *node*, if there is a good one."""
    try:
        for each in node.graph.conjuncts(node.nodes):
            if isinstance(each, dict) and "default" in each and node.accepts(each["default"]):
                yield each["default"]
    except TrothError:
        return


# What answers show.


def shown(item: Item, drawn: Any, members: Members, is_valid: Callable[[Any], bool]) -> Any:
    """*item* in the place of *drawn*, of *members*; what is not valid there stays as drawn."""
    if not isinstance(item.value, dict) or not isinstance(drawn, dict):
        return item.value if is_valid(item.value) else drawn
    known = {
        name: one
        for name, one in item.value.items()
        if members.is_open or name in members.names or name in drawn
    }
    whole = {name: one for name, one in drawn.items() if name not in item.absent}
    whole.update(known)
    if is_valid(whole):
        return whole
    value = dict(drawn)
    for name, one in known.items():
        _put(value, name, one, is_valid)
    # in the order of the answer: what is put back stands last, and a set has an order of its own
    for name in [name for name in drawn if name in item.absent and name not in known]:
        before = value.pop(name)
        if not is_valid(value):
            value[name] = None
            if not is_valid(value):
                value[name] = before
    return value


def _put(value: dict[str, Any], name: str, known: Any, is_valid: Callable[[Any], bool]) -> None:
    """Let the member *name* of *value* be *known*, or as much of that as may be there."""
    was_there, before = name in value, value.get(name)
    for one in (known, _overlaid(before, known)) if was_there else (known,):
        value[name] = one
        if is_valid(value):
            return
    if isinstance(known, dict) and isinstance(before, dict):
        # what of it may be there
        inner = value[name] = dict(before)
        for each, part in known.items():
            _put(inner, each, part, lambda _: is_valid(value))
        return
    del value[name]
    # what is null for the client may be nothing for the answer
    if was_there and not (known is None and is_valid(value)):
        value[name] = before


def _overlaid(drawn: Any, known: Any) -> Any:
    """*known*, with what *drawn* has beside it: an array of new things gets their ids so."""
    if isinstance(drawn, dict) and isinstance(known, dict):
        both = {name: _overlaid(drawn.get(name), one) for name, one in known.items()}
        return {**drawn, **both}
    if isinstance(drawn, list) and isinstance(known, list) and drawn:
        return [_overlaid(drawn[min(at, len(drawn) - 1)], one) for at, one in enumerate(known)]
    return known


# What requests change.


def merged(before: Any, change: Any, *, removes: bool) -> Any:
    """*before* with the members of *change*; null *removes* one (RFC 7396), or is a value."""
    if not isinstance(change, dict) or not isinstance(before, dict):
        return deepcopy(change)
    after = dict(before)
    for name, one in change.items():
        if one is None and removes:
            after.pop(name, None)
        else:
            after[name] = merged(before.get(name), one, removes=removes)
    return after


class Unpatchable(TrothError):
    """An operation of a JSON Patch cannot be carried out; *index* is its place."""

    index: int
    reason: str

    def __str__(self) -> str:
        return f"operation {self.index} of the patch cannot be carried out: {self.reason}"


def patched(before: Any, patch: Any) -> Any:
    """*before* with the JSON Patch *patch* (RFC 6902), all or nothing.  Raises Unpatchable."""
    whole = [deepcopy(before)]
    for index, step in enumerate(patch if isinstance(patch, list) else []):
        try:
            _carry_out(whole, step)
        except (KeyError, IndexError, ValueError, TypeError) as fault:
            raise Unpatchable(index, f"{fault.args[0] if fault.args else fault}") from None
    return whole[0]


def _carry_out(whole: list[Any], step: dict[str, Any]) -> None:
    op, at = step["op"], step["path"]
    if op == "test":
        if pointer.resolve(whole[0], at) != step["value"]:
            raise ValueError(f"{at!r} has another value")
        return
    if op in ("move", "copy"):
        value = deepcopy(pointer.resolve(whole[0], step["from"]))
        if op == "move":
            _remove(whole, step["from"])
    elif op != "remove":
        value = step["value"]
    if op in ("remove", "replace"):
        pointer.resolve(whole[0], at)
        _remove(whole, at)
    if op != "remove":
        _add(whole, at, value)


def _holder(whole: list[Any], at: str) -> tuple[Any, Any]:
    """What holds the place *at*, and under which name or index."""
    *above, last = ("0", *pointer.split(at))
    holder = pointer.resolve(whole, pointer.of(above))
    if isinstance(holder, list):
        return holder, len(holder) if last == "-" else int(last)
    if not isinstance(holder, dict):
        raise KeyError(at)
    return holder, last


def _remove(whole: list[Any], at: str) -> None:
    holder, last = _holder(whole, at)
    del holder[last]


def _add(whole: list[Any], at: str, value: Any) -> None:
    holder, last = _holder(whole, at)
    if isinstance(holder, dict):
        holder[last] = deepcopy(value)
    elif 0 <= last <= len(holder):
        holder.insert(last, deepcopy(value))
    else:
        raise IndexError(f"{at!r} is beyond the end")


# Places in values.

#: Stands for no value at all.
NOTHING = object()


def first_valid(schema: Schema, body: Any, at: str, values: Sequence[Any]) -> Any:
    """*body* with the first of *values* at *at* that may be there."""
    for value in values:
        changed = without(body, at) if value is NOTHING else put(body, at, value)
        if schema.is_valid(changed):
            return changed
    return body


def without(whole: Any, at: str) -> Any:
    """*whole* without the member at *at*."""
    *above, last = pointer.split(at)
    holder = pointer.find(whole, pointer.of(above))
    if not isinstance(holder, dict):
        return whole
    return put(whole, pointer.of(above), {k: one for k, one in holder.items() if k != last})
