"""What the members that are being drawn belong to: whose facts they tell, and in what number.

`Subject` goes in and out with the objects of one answer and keeps what they share; the texts and
numbers themselves are those of `natural_values`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from troth.generation import natural_values, strings
from troth.generation.graph import Graph, Node
from troth.generation.natural_strings import FORMATS
from troth.generation.natural_values import Record, Telling, telling
from troth.generation.shape import Shape, number_fits, properties
from troth.generation.source import Source
from troth.openapi.names import words_of
from troth.schema.data_model import is_number, type_of

_TURNS = 64
_MOMENTS = frozenset({"date", "date-time"})


class Subject:
    """What is being told of: its *owner*, by name, the record of its facts, what was given out."""

    __slots__ = ("_record", "_taken", "given", "node", "owner")

    def __init__(self) -> None:
        self.owner = ""
        # what is known beforehand of that which is told of first
        self.given: Mapping[str, Any] = {}
        # that of the value that is drawn
        self.node: Node | None = None
        self._record = Record()
        # the identifiers that were given out, by what they identify
        self._taken: dict[tuple[str, str], set[Any]] = {}

    def enter(self, name: str) -> tuple[str, Record]:
        """Go into the object called *name*, or by its schema; what comes back is for `leave`."""
        before = (self.owner, self._record)
        schema = self.node.described[0] if self.node is not None else ""
        self.owner, is_other = natural_values.owner_inside(self.owner, name, schema)
        if is_other:
            self._record = Record(self._record.shared)
        return before

    def begin(self) -> tuple[str, Record]:
        """Go on to the next of a list; what comes back is for `leave`."""
        before = (self.owner, self._record)
        self._record = Record(self._record.shared)
        return before

    def leave(self, before: tuple[str, Record]) -> None:
        """Go back to where one was *before*."""
        self.owner, self._record = before

    def is_main(self, name: str) -> bool:
        """Whether a list called *name* is the one that it is all about."""
        words = words_of(name)
        return natural_values.owner_of(name, self.owner) == self.owner or (
            words[-1:] != () and words[-1] in natural_values.table().words["lists"]
        )

    def text(self, shape: Shape, source: Source, name: str) -> str | None:
        """What the member *name* is likely to hold, if *shape* asks for no other."""
        formats = shape.formats
        description = self.node.described[1] if self.node is not None else ""
        for told in _tellings(name, self.owner, formats, description):
            for text, form in self._record.texts(told, source):
                if strings.suits(shape, text) and (
                    not formats
                    or all(natural_values.has_format(form, wanted) for wanted in formats)
                ):
                    if not _is_unique(name, self.owner):
                        return text
                    return str(self.untaken(text, source, name, partial(strings.suits, shape)))
        return None

    def likely(self, source: Source, name: str) -> str | None:
        """What the member *name* is likely to hold, whatever is asked for."""
        told = telling(name, self.owner)
        first = None if told is None else next(self._record.texts(told, source), None)
        return first[0] if first else None

    def number(self, shape: Shape, source: Source, name: str) -> int | float | None:
        """The number that the member *name* is likely to hold, if *shape* asks for no other."""
        told = telling(name, self.owner)
        if told is None and self.node is not None:
            told = telling(natural_values.hint(self.node.described[1]))
        number = None if told is None else self._record.number(told, source)
        if number is None:
            return None
        if "number" not in shape.types:
            number = round(number)
        if not _is_of(shape, number):
            return None
        other: int | float = self.untaken(number, source, name, partial(_is_of, shape))
        return other

    def learn(self, graph: Graph, shape: Shape) -> None:
        """Let the facts of an object of *shape* be those of its members' examples."""
        key = ("taught", self.owner)
        taught: list[tuple[str, str]] | None = shape.derived.get(key)
        if taught is None:
            taught = shape.derived[key] = [
                (name, node.examples[0])
                for name in properties(shape)
                if (told := telling(name, self.owner)) is not None and told.kind.is_fact
                if len((node := graph.node(graph.member(shape, name))).examples) == 1
                if isinstance(node.examples[0], str)
            ]
        if not self.given and not taught:
            return
        given, self.given = self.given, {}
        for name, example in (*given.items(), *taught):
            told = telling(name, self.owner)
            if told is None or not told.kind.is_fact or not isinstance(example, str):
                continue
            if example not in self._taken.get((self.owner, name), ()):
                self._record.learn(told, example)

    def allows(self, graph: Graph, shape: Shape) -> bool:
        """Whether an object of *shape* may have those of the members given that it chooses from."""
        choices = (
            (value, graph.node(graph.member(shape, name)).shape.values)
            for name, value in self.given.items()
            if name in properties(shape)
        )
        return all(not values or value in values for value, values in choices)

    def example(self, node: Node, example: Any, source: Source, name: str) -> Any:
        """*example* at *node* for the member *name*, or what is like it, where it came before."""
        told = telling(name, self.owner)
        if told is None or not (told.kind.unique or told.kind.vary):
            return example
        if type(example) not in (str, int):
            return example
        if told.kind.vary:
            shown = self._taken.setdefault((self.owner, name), set())
            text = self.text(node.shape, source, name) if example in shown else None
            if text is not None and node.accepts(text):
                return text
            shown.add(example)
        return self.untaken(example, source, name, node.accepts) if told.kind.unique else example

    def untaken(self, value: Any, source: Source, name: str, accepts: Callable[[Any], bool]) -> Any:
        """*value* for the member *name*, or another if it is an identifier that was given out."""
        if not _is_unique(name, self.owner) or type(value) not in (str, int):
            return value
        taken = self._taken.setdefault((self.owner, name), set())
        for turn in range(1, _TURNS if value in taken else 1):
            other = natural_values.another(value, source, turn)
            if other not in taken and accepts(other):
                value = other
                break
        taken.add(value)
        return value

    def tell_apart(self, node: Node, example: dict[str, Any], source: Source, name: str) -> None:
        """Vary the identifiers of *example*, an object called *name*, that were given out."""
        before = self.enter(name)
        for key, member in example.items():

            def accepts(value: Any, key: str = key) -> bool:
                return node.accepts({**example, key: value})

            example[key] = self.untaken(member, source, key, accepts)
        self.leave(before)


@lru_cache(maxsize=8192)
def _tellings(
    name: str, owner: str, formats: tuple[str, ...], description: str
) -> tuple[Telling, ...]:
    """What tells of a text: its *name*, its *formats*, or what is said of it, the first first."""
    # an unknown format is a name; of the known ones an email address belongs to somebody
    forms = [form for form in formats if form not in FORMATS or form == "email"]
    if name and not _MOMENTS.isdisjoint(formats):
        # `arrival` may be a place; as a date it is the day of it
        forms = [f"{name}_date", f"{name}_time"]
    told = (telling(each, owner) for each in (name, *forms, natural_values.hint(description)))
    return tuple(each for each in told if each is not None)


@lru_cache(maxsize=8192)
def _is_unique(name: str, owner: str) -> bool:
    """Whether the member *name* of an *owner* identifies it."""
    told = telling(name, owner)
    return told is not None and told.kind.unique


def _is_of(shape: Shape, number: int | float) -> bool:
    return type_of(number) in shape.types and number_fits(shape, number)


def agree(graph: Graph, shape: Shape, members: dict[str, Any], owner: str) -> None:
    """Let the *members* of an *owner* agree with one another, and with what is inside them."""
    if len(members) < 2:
        return
    inner = {name: each for name, each in members.items() if isinstance(each, (dict, list))}
    if inner:
        _link(graph, shape, members, owner, inner)
    _add_up(graph, shape, members, owner)
    if inner:
        _count_lists(graph, shape, members, owner)


def _link(
    graph: Graph, shape: Shape, members: dict[str, Any], owner: str, within: dict[str, Any]
) -> None:
    """Let what is *within* an *owner* say whose it is: the `petId` of the visits of a pet."""
    for name, member in within.items():
        if isinstance(member, dict) and type(member.get("id")) in (str, int):
            for key in (f"{name}Id", f"{name}_id"):
                if type(members.get(key)) is type(member["id"]):
                    node = graph.node(graph.member(shape, key))
                    if not node.examples and node.accepts(member["id"]):
                        members[key] = member["id"]
    own = members.get("id")
    wanted = (*owner.split()[-1:], "id")
    if type(own) not in (str, int) or len(wanted) < 2:
        return
    for name, member in within.items():
        inner = [
            each
            for each in (member if isinstance(member, list) else [member])
            if isinstance(each, dict)
        ]
        # in the order of the members: a set has an order of its own
        keys = dict.fromkeys(
            key
            for each in inner
            for key in each
            if words_of(key) == wanted and type(each[key]) is type(own)
        )
        for key in keys:
            node = graph.node(graph.member(shape, name))
            parts = [node, node.item(0)] if isinstance(member, list) else [node]
            if any(part.choices or part.examples for part in parts):
                continue  # as the document has it, or of who knows which branch
            if parts[-1].member(key).accepts(own):
                for each in inner:
                    each[key] = own


def _add_up(graph: Graph, shape: Shape, members: dict[str, Any], owner: str) -> None:
    """Let the total of an *owner* be the sum of what it is made of: a subtotal, and fees."""
    roles = _roles(tuple(members), owner)
    sums: list[int | float] = []
    total = ""
    for name, role in roles:
        member = members[name]
        if not is_number(member):
            continue
        if role == "subtotal":
            sums.insert(0, member)
        elif role == "total":
            total = total or name
        else:
            sums.append(-member if role == "discount" else member)
    if total and len(sums) > 1:
        node = graph.node(graph.member(shape, total))
        whole = round(sum(sums), 2)
        if not node.examples and node.accepts(whole):
            members[total] = whole


@lru_cache(maxsize=4096)
def _roles(names: tuple[str, ...], owner: str) -> tuple[tuple[str, str], ...]:
    """The part of each of *names* in a sum: none has one unless it comes out."""
    roles: list[tuple[str, str]] = []
    for name in names:
        told = telling(name, owner)
        if told is None or told.kind.name not in ("amount", "fee"):
            continue
        if told.words in (("subtotal",), ("sub", "total")):
            roles.append((name, "subtotal"))
        elif told.kind.name == "fee":
            roles.append((name, "discount" if "discount" in told.words else "fee"))
        elif "total" in told.words:
            roles.append((name, "total"))
    is_sum = any(role == "total" for _, role in roles)
    return tuple(roles) if is_sum and any("sub" in name.lower() for name in names) else ()


def _count_lists(graph: Graph, shape: Shape, members: dict[str, Any], owner: str) -> None:
    """Let the totals of an *owner*, or in an object that is about it, be those of its lists."""
    lists = {name: len(each) for name, each in members.items() if isinstance(each, list)}
    if not lists:
        return
    for name, member in members.items():
        if isinstance(member, dict):
            if not natural_values.is_thing(natural_values.owner_of(name)):
                node = graph.node(graph.member(shape, name))
                for inner, value in member.items() if not node.choices else ():
                    counted = natural_values.counted(inner, name) if is_number(value) else None
                    _count(member, inner, counted, lists, node.member)
        elif is_number(member):
            counted = natural_values.counted(name, owner)
            _count(members, name, counted, lists, partial(_member, graph, shape))


def _member(graph: Graph, shape: Shape, name: str) -> Node:
    return graph.node(graph.member(shape, name))


def _count(
    members: dict[str, Any],
    name: str,
    counted: str | None,
    lists: Mapping[str, int],
    node_of: Callable[[str], Node],
) -> None:
    if counted is None:
        return
    sizes = [size for each, size in lists.items() if natural_values.is_called(each, counted)]
    if not sizes and natural_values.is_called("", counted):
        sizes = [
            size
            for each, size in lists.items()
            if len(lists) == 1 or each.lower() in natural_values.table().words["lists"]
        ]
    if len(sizes) == 1:
        node = node_of(name)
        if not node.examples and node.accepts(sizes[0]):
            members[name] = sizes[0]
