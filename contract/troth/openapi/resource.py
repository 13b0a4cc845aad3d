"""Resources as values: what is created, read, listed, changed and deleted by the same operations.

`resources.resources` infers them from a contract; the mock and the conformance run read them, and
guess nothing themselves.  Places in bodies are JSON Pointers, "" the whole body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troth.document import vocabulary
from troth.openapi.operation import DeclaredResponse, Operation, RequestBody
from troth.openapi.runtime_expression import Expression

#: What an operation does with a resource.  A *search* lists some of the items, chosen by what it
#: is sent; an *action* is whatever else is done with an item or with the collection.
Role = vocabulary.ResourceRole


@dataclass(frozen=True, slots=True)
class Listing:
    """What the query parameters of a list do, by their names; None where there is no such one.

    *next*, *total*, *pages* and *more* are places in the answer: of the next cursor or URL, of the
    number of all items and of all pages, and of whether there are others behind.  *filters* are the
    places, in an item, of the members that parameters choose by, *least* and *most* of those that
    parameters bound.
    """

    limit: str | None = None
    offset: str | None = None
    page: str | None = None
    cursor: str | None = None
    next: str | None = None
    total: str | None = None
    pages: str | None = None
    more: str | None = None
    sort: str | None = None
    order: str | None = None
    search: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, str] = field(default_factory=dict)
    most: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filling:
    """How a parameter is filled from the answer of another operation.

    The parameter is *name* in *location*; in a `body`, *name* is a pointer.  *source* answered
    with *status*; *expression* says where the value stands.  With *items* that is so in any
    element of the array there, and the pointer of *expression* leads on from the element.
    """

    location: str
    name: str
    source: Operation
    status: str
    expression: Expression
    items: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """What several operations are about.

    *path* is that of an item (of a singleton its only one, of what has no items to address that
    of the collection); *collection* is None for a singleton.  *parameter* identifies an item in
    the path; *identifier* is its place inside an item, None where only `Location` or the client
    says it.  With *is_client_named* an item may be created under an identifier that the client
    chose: by PUT or POST of its path.

    *operations* of a role have those of the resource's own paths first.  *listing* is that of the
    first list, *listings* has those of all that list or search.  Of the answers of lists the *maps*
    have, in the place of an array of items, an object of items by what they are called.

    *batches* are the operations that make many items at once, with where a request holds those;
    where their answers do is among the *array_places*.

    *apart* is where an item has what is told of it, apart from what it is called by (the attributes
    of JSON:API), "" where there is no such place; the bodies that are *bare* hold that alone.
    """

    name: str
    path: str
    collection: str | None
    parent: Resource | None = None
    parameter: str | None = None
    identifier: str | None = None
    is_client_named: bool = False
    operations: Mapping[Role, tuple[Operation, ...]] = field(default_factory=dict, repr=False)
    listing: Listing | None = None
    listings: Mapping[Operation, Listing] = field(default_factory=dict, repr=False)
    item_places: Mapping[DeclaredResponse, str] = field(default_factory=dict, repr=False)
    array_places: Mapping[DeclaredResponse, str] = field(default_factory=dict, repr=False)
    sent_places: Mapping[RequestBody, str] = field(default_factory=dict, repr=False)
    maps: frozenset[DeclaredResponse] = field(default=frozenset(), repr=False)
    batches: Mapping[Operation, str] = field(default_factory=dict, repr=False)
    apart: str = ""
    bare: frozenset[RequestBody] = frozenset()

    def item(self, operation: Operation, status: int) -> str | None:
        """Where the item stands in the answer of *operation* with *status*, if it holds one."""
        response = operation.response(status)
        return None if response is None else self.item_places.get(response)

    def items(self, operation: Operation, status: int) -> str | None:
        """Where the array (or map) of items stands in the answer of a list, if it holds one."""
        response = operation.response(status)
        return None if response is None else self.array_places.get(response)

    def is_map(self, operation: Operation, status: int) -> bool:
        """Whether the answer of a list has its items by what they are called, and in no array."""
        return operation.response(status) in self.maps

    def sent(self, operation: Operation) -> str | None:
        """Where the item stands in the body of a request, if it holds one."""
        body = operation.request_body
        return None if body is None else self.sent_places.get(body)

    def is_bare(self, operation: Operation) -> bool:
        """Whether the body of a request holds only what an item has apart."""
        return operation.request_body in self.bare

    def sent_at(self, operation: Operation, at: str) -> str:
        """Where the body of a request has what stands *at* a place of the item that it holds."""
        own = at.removeprefix(self.apart) if self.is_bare(operation) else at
        return (self.sent(operation) or "") + own


@dataclass(frozen=True, slots=True, eq=False)
class Resources:
    """The resources of a contract, in the order of its paths, and which operation is of which."""

    all: tuple[Resource, ...]
    owners: Mapping[Operation, tuple[Resource, Role]]
    filled: Mapping[Operation, tuple[Filling, ...]] = field(repr=False)

    def of(self, operation: Operation) -> Resource | None:
        """The resource that *operation* is about."""
        owner = self.owners.get(operation)
        return None if owner is None else owner[0]

    def role(self, operation: Operation) -> Role | None:
        """What *operation* does with its resource."""
        owner = self.owners.get(operation)
        return None if owner is None else owner[1]

    def fillings(self, operation: Operation) -> tuple[Filling, ...]:
        """How the parameters of *operation* are filled from other answers, the best first."""
        return self.filled.get(operation, ())
