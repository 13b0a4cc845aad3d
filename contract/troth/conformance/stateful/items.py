"""What a trial has at hand, as values: answers, what they tell, items that it made, lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from troth import pointer as pointers
from troth.conformance.cases.case import Case
from troth.generation.request_writer import UNSET
from troth.http.exchange import Exchange, Response
from troth.openapi.names import words_of
from troth.openapi.operation import Operation
from troth.openapi.paths import shape_of
from troth.openapi.resources import Resource
from troth.pointer import put as put
from troth.violation import Violation

#: What says that there is nothing: RFC 9110 §15.5.5, §15.5.11.
_MISSING = frozenset({404, 410})


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one request of a trial was answered with.

    *body* is its JSON value, *item* the item in it; UNSET where there is none.  *sources* tell
    which texts of the request came from which answer, and by which runtime expression.  *before*
    are how many answers there were when it was sent: those that came then were in flight with it.
    """

    case: Case
    operation: Operation
    exchange: Exchange
    body: Any = UNSET
    item: Any = UNSET
    sources: tuple[tuple[Answer, str, str], ...] = ()
    before: int = 0

    @property
    def status(self) -> int:
        """Its status."""
        return self.response.status

    @property
    def succeeded(self) -> bool:
        """Whether it was done; 202 only says that it will be."""
        return 200 <= self.status < 300 and self.status != 202

    @property
    def is_missing(self) -> bool:
        """Whether it says that there is nothing of this name."""
        return self.status in _MISSING

    @property
    def response(self) -> Response:
        """The response; there is one, or there would be no answer."""
        assert self.exchange.response is not None
        return self.exchange.response

    def field(self, name: str) -> str | None:
        """The value of a header field of the answer."""
        return self.response.field(name)

    @property
    def line(self) -> str:
        """`GET /tasks/7`, as a sentence names it."""
        return f"{self.exchange.request.method} {self.exchange.request.target}"


@dataclass(slots=True, eq=False)
class Item:
    """An item that a trial has made: *values* are those of the variables of its path.

    *sent* is the item as it was sent, *created* the answer to that.  *readings* are the answers
    that had it, the last one last, since something was done with it.  *is_shown* says whether the
    server lets another user have it in a list, or what it is below; None: it does not tell.
    """

    resource: Resource
    values: dict[str, Any]
    identifier: Any
    sent: Any
    created: Answer
    expressions: dict[str, tuple[Answer, str]] = field(default_factory=dict)
    readings: list[Answer] = field(default_factory=list)
    is_gone: bool = False
    is_spoiled: bool = False
    is_shown: bool | None = None

    @property
    def current(self) -> Any:
        """The item as it was last read or answered; UNSET where it never was."""
        return self.readings[-1].item if self.readings else UNSET

    def moved(self, parent: Item) -> Item:
        """This item as if it were below *parent*."""
        own, above = shape_of(self.resource.path)[1], shape_of(parent.resource.path)[1]
        pairs = list(zip(own, above, strict=False))
        given = {name: parent.values[other] for name, other in pairs}
        sources = {
            name: parent.expressions[other] for name, other in pairs if other in parent.expressions
        }
        return replace(
            self,
            values={**self.values, **given},
            expressions={**self.expressions, **sources},
            readings=[],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The *items* of a list, from the *answers* of its pages; not all of them unless *is_whole*.

    *keys* are what they are called by, where they stand in no array.
    """

    answers: tuple[Answer, ...]
    items: tuple[Any, ...]
    is_whole: bool
    keys: tuple[str, ...] = ()

    @property
    def last(self) -> Answer:
        """The answer of the last page."""
        return self.answers[-1]

    def having(self, item: Item) -> list[Any]:
        """Those of its items that have the identifier of *item*."""
        path = self.last.operation.path
        wanted = [item.identifier, *(item.values.get(name) for name in _open(item.resource, path))]
        return [
            each
            for each, names in zip(self.items, self._names(item), strict=True)
            if UNSET not in names and all(map(same_id, names, wanted))
        ]

    def is_named(self, item: Item) -> bool:
        """Whether its items, as far as there are any, have what *item* is called by."""
        return not any(UNSET in names for names in self._names(item))

    def _names(self, item: Item) -> list[list[Any]]:
        """What each of its items is called by, in itself or by its key."""
        path = self.last.operation.path
        names = [names_in(each, item.resource, path) for each in self.items]
        for own, key in zip(names, self.keys, strict=False):
            own[0] = key if own[0] is UNSET else own[0]
        return names


def _open(resource: Resource, path: str) -> list[str]:
    """The variables of the path of an item, but the last, that *path* does not tell."""
    own, names = shape_of(resource.path)
    shape = shape_of(path)[0]
    ends = [index + 1 for index, part in enumerate(own) if part == "{}"]
    pairs = zip(names[:-1], ends, strict=False)
    return [name for name, end in pairs if shape[:end] != own[:end]]


def names_in(entry: Any, resource: Resource, path: str) -> list[Any]:
    """What *entry* of the list at *path* is called by: its identifier, and what that is below.

    UNSET is what it does not tell.
    """
    beside = at(entry, pointers.of(pointers.split(resource.identifier or "")[:-1]))
    members = beside if isinstance(beside, dict) else {}
    found = [UNSET if resource.identifier is None else at(entry, resource.identifier)]
    for name in _open(resource, path):
        words = words_of(name)
        found.append(next((one for key, one in members.items() if words_of(key) == words), UNSET))
    return [UNSET if one is None else one for one in found]


def is_part(resource: Resource) -> bool:
    """Whether *resource* is the only one of its kind below an item: its photo, its settings."""
    is_single = resource.parameter is None and resource.collection is None
    return is_single and resource.parent is not None and resource.parent.parameter is not None


def alike_named(one: Item, other: Item) -> bool:
    """Whether two items are called the same, below the same."""
    names = shape_of(one.resource.path)[1]
    return same_id(one.identifier, other.identifier) and all(
        same_id(one.values.get(name), other.values.get(name)) for name in names
    )


def texts_of(operation: Operation) -> Iterator[str]:
    """What the document says of *operation* in words, and of what it refuses."""
    yield operation.summary
    node = pointers.find(operation.document.root, operation.pointer) if operation.document else {}
    text = node.get("description") if isinstance(node, dict) else None
    yield text if isinstance(text, str) else ""
    yield from (each.description for each in operation.responses if each.status in ("403", "404"))


def same_id(one: Any, other: Any) -> bool:
    """Whether two identifiers are the same: a number may be a text, a name the path to it."""
    first, second = str(one), str(other)
    if ("/" in first) is not ("/" in second):
        first, second = first.rpartition("/")[2], second.rpartition("/")[2]
    return first == second


def at(value: Any, pointer: str | None) -> Any:
    """What stands at *pointer* of *value*; UNSET where nothing does."""
    if pointer is None or value is UNSET:
        return UNSET
    try:
        return pointers.resolve(value, pointer)
    except (KeyError, ValueError):
        return UNSET


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A violation that a check told, the answer that shows it, and those *among* which it arose."""

    violation: Violation
    answer: Answer
    among: tuple[Answer, ...] = ()
