"""Which operations are about the same thing, read from a contract: its resources.

The paths say most of it: what ends in a variable is an item, and the path before it the
collection.  Schemas tell a list from a single answer, where an item stands in an envelope, and
which member identifies it.  Nothing goes by the name of one API; what a document has otherwise
stands in its `x-troth-resource`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from troth.openapi import envelopes, fillings, listing
from troth.openapi.contract import Contract
from troth.openapi.names import named, words_of
from troth.openapi.operation import DeclaredResponse, Operation, RequestBody
from troth.openapi.paths import shape_of
from troth.openapi.resource import Filling, Listing, Resource, Resources, Role
from troth.openapi.schema_view import View, alike, of_content, of_parameter

__all__ = ["Filling", "Listing", "Resource", "Resources", "Role", "resources"]

_Shape = tuple[str, ...]

_VERSION = re.compile(r"v\d+(?:[._]\d+)*(?:(?:alpha|beta|preview)\d*)?|\d{4}-\d{2}(?:-\d{2})?")

_SEARCHES = frozenset(named("search query find filter lookup searches queries"))
#: What begins the name of a procedure, which is no thing.
_VERBS = _SEARCHES | frozenset(
    named(
        "get list fetch read show create add insert new update edit set put patch delete remove"
        " destroy check validate verify is has do run execute send start stop cancel login logout"
        " contains count export import upload download"
    )
)

#: The roles of what has the path of an item, and of a singleton, by method.
_OF_ITEM: Mapping[str, Role] = {
    "GET": "read",
    "PUT": "replace",
    "PATCH": "update",
    "DELETE": "delete",
    "POST": "action",
}


@lru_cache(maxsize=8)
def resources(contract: Contract) -> Resources:
    """The resources of *contract*, inferred when they are first asked for."""
    return _Reader(contract).resources()


@dataclass(frozen=True, eq=False)
class Place:
    """All operations whose paths have one shape."""

    shape: _Shape
    operations: tuple[Operation, ...]

    def by(self, *methods: str) -> tuple[Operation, ...]:
        """Those of *methods*, in the order of the methods."""
        return tuple(
            each for method in methods for each in self.operations if each.method == method
        )

    @cached_property
    def answer(self) -> View | None:
        """What GET answers with here."""
        return next(filter(None, map(envelopes.answer, self.by("GET"))), None)

    @cached_property
    def lists(self) -> bool:
        """Whether GET answers with an array of objects, alone or in an envelope."""
        return (
            self.answer is not None and envelopes.array_in(self.answer, self.shape[-1]) is not None
        )


@dataclass(eq=False)
class _Draft:
    """A resource that is still being put together: its *shape* is that of an item."""

    shape: _Shape
    collection: _Shape | None
    parent: _Draft | None = None
    operations: dict[Role, list[Operation]] = field(default_factory=dict)

    def add(self, role: Role, operation: Operation) -> None:
        self.operations.setdefault(role, []).append(operation)

    @property
    def is_addressed(self) -> bool:
        """Whether an item has a path of its own."""
        return self.shape[-1] == "{}"

    @property
    def word(self) -> str:
        """The last part of its path that is no variable."""
        return next((each for each in reversed(self.shape) if each != "{}"), "")


class _Reader:
    """Puts the resources of one contract together."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.places: dict[_Shape, Place] = {}
        by_shape: dict[_Shape, list[Operation]] = {}
        for operation in contract.operations:
            by_shape.setdefault(shape_of(operation.path)[0], []).append(operation)
        self.places = {shape: Place(shape, tuple(each)) for shape, each in by_shape.items()}
        self.drafts: dict[_Shape, _Draft] = {}

    def resources(self) -> Resources:
        for shape in self.places:
            for end in range(1, len(shape) + 1):
                if shape[end - 1] == "{}" and self.is_item(shape[:end]):
                    collection = shape[: end - 1] if shape[: end - 1] in self.places else None
                    self.drafts.setdefault(shape[:end], _Draft(shape[:end], collection))
        for shape in self.places:
            if self.is_own(shape):
                is_list = self.places[shape].lists
                self.drafts[shape] = _Draft(shape, shape if is_list else None)
        for draft in self.drafts.values():
            draft.parent = self.draft_above(draft.shape[:-1])
        for place in self.places.values():
            for operation in place.operations:
                self.assign(operation, place)
        return self.finished()

    # --- which paths are those of resources ---

    def is_item(self, shape: _Shape) -> bool:
        """Whether *shape*, which ends in a variable, is that of items."""
        own, above = self.places.get(shape), self.places.get(shape[:-1])
        has_collection = above is not None and bool(above.by("POST", "GET"))
        if own is None:
            # nothing is done with an item itself, but with what stands below it
            made = above is not None and (above.lists or bool(above.by("POST")))
            return made and not self.is_procedure(shape[:-1])
        if own.by("PUT", "PATCH", "DELETE"):
            return True
        if own.by("GET"):
            if own.lists and not self.has_one(own):
                return False
            return has_collection or (own.answer is not None and own.answer.is_object)
        return bool(own.operations) and above is not None and above.lists

    def has_one(self, place: Place) -> bool:
        """Whether what GET of *place* answers with is an item that has the variable as a member."""
        names = shape_of(place.operations[0].path)[1]
        view = place.answer
        return (
            view is not None
            and envelopes.identifier_in(view, names[-1], place.shape[-2]) is not None
        )

    def is_own(self, shape: _Shape) -> bool:
        """Whether *shape* is that of a singleton, or of a collection without paths of items."""
        place = self.places[shape]
        last = shape[-1] if shape else "{}"
        if last == "{}" or last.startswith(":") or (*shape, "{}") in self.drafts:
            return False
        if not place.by("GET") or self.is_procedure(shape):
            return False
        if place.lists:
            return not self.is_view_of(shape)
        return bool(place.by("PUT", "PATCH", "DELETE"))

    def is_procedure(self, shape: _Shape) -> bool:
        """Whether the last word of *shape* says what is done, and names no thing."""
        words = words_of(shape[-1]) if shape else ()
        return words[:1] in _VERBS

    def is_view_of(self, shape: _Shape) -> bool:
        """Whether the list at *shape* is one more list of what stands above, or elsewhere."""
        return self.draft_listed(self.places[shape]) is not None

    def draft_listed(self, place: Place) -> _Draft | None:
        """The resource that *place*, which has none of its own, lists the items of."""
        if place.answer is None or not place.lists:
            return None
        array = envelopes.array_in(place.answer, place.shape[-1])
        item = array[1].item if array is not None else None
        same = without_version((*place.shape, "{}"))
        for shape, draft in self.drafts.items():
            is_above = draft.collection == place.shape[:-1]
            if not draft.is_addressed or not (is_above or without_version(shape) == same):
                continue
            own = self.item_view(draft)
            if item is not None and own is not None and alike(item, own):
                return draft
        return None

    def draft_above(self, shape: _Shape) -> _Draft | None:
        """The resource whose item, or whose only one, *shape* is or stands below."""
        ends = range(len(shape), 0, -1)
        return next((self.drafts[shape[:end]] for end in ends if shape[:end] in self.drafts), None)

    def item_view(self, draft: _Draft) -> View | None:
        """What an item of *draft* is, as it is read, created or listed."""
        own = self.places.get(draft.shape)
        collection = self.places.get(draft.collection) if draft.collection else None
        listed = collection.answer if collection is not None and collection.lists else None
        array = envelopes.array_in(listed, draft.word) if listed is not None else None
        item = array[1].item if array is not None else None
        if not draft.is_addressed:
            return item or (own.answer if own is not None else None)
        sources = (own, ("GET", "PUT", "PATCH", "POST")), (collection, ("POST",))
        for place, methods in sources:
            for operation in place.by(*methods) if place is not None else ():
                answer = envelopes.answer(operation)
                if answer is not None and answer.is_object:
                    names = shape_of(operation.path)[1]
                    name = names[-1] if draft.is_addressed and names else ""
                    at = envelopes.item_in(answer, name, draft.word, known=item)
                    found = answer.at(at) if at is not None else None
                    if found is not None:
                        return found
        return item

    # --- which operation does what ---

    def assign(self, operation: Operation, place: Place) -> None:
        shape = place.shape
        if operation.method in ("HEAD", "OPTIONS", "TRACE", "CONNECT"):
            return
        own = self.drafts.get(shape)
        if own is not None and own.collection == shape:
            own.add(self.collection_role(operation, own), operation)
        elif own is not None:
            own.add(self.item_role(operation, own, place), operation)
        elif (*shape, "{}") in self.drafts:
            draft = self.drafts[(*shape, "{}")]
            draft.add(self.collection_role(operation, draft), operation)
        else:
            self.assign_other(operation, place)

    def item_role(self, operation: Operation, draft: _Draft, place: Place) -> Role:
        if operation.method != "POST":
            return _OF_ITEM.get(operation.method, "action")
        if not draft.is_addressed:
            return "create" if place.by("PUT", "PATCH") else "update"
        collection = self.places.get(draft.collection) if draft.collection else None
        if not (collection and collection.by("POST")) and not place.by("GET", "PUT", "PATCH"):
            return "create"
        return "action" if place.by("PUT", "PATCH") or not operation.request_body else "update"

    def collection_role(self, operation: Operation, draft: _Draft) -> Role:
        sent = envelopes.sent(operation)
        if operation.method == "GET":
            return "list"
        if operation.method == "QUERY":
            return "search"
        if operation.method == "POST":
            return "action" if sent is not None and sent.is_array else "create"
        if operation.method in ("PUT", "PATCH") and sent is not None and sent.is_object:
            item = self.item_view(draft)
            if draft.is_addressed and item is not None and alike(sent, item):
                return _OF_ITEM[operation.method]
        return "action"

    def assign_other(self, operation: Operation, place: Place) -> None:
        """Assign what stands at a path that is of no resource itself."""
        listed = self.draft_listed(place) if operation.method == "GET" else None
        if listed is not None:
            is_above = listed.collection == place.shape[:-1]
            listed.add("search" if is_above else "list", operation)
            return
        for end in range(len(place.shape) - 1, 0, -1):
            above = place.shape[:end]
            draft = self.drafts.get(above) or self.drafts.get((*above, "{}"))
            if draft is not None:
                is_search = words_of(place.shape[-1])[:1] in _SEARCHES
                draft.add("search" if is_search and self.lists(operation) else "action", operation)
                return

    def lists(self, operation: Operation) -> bool:
        view = envelopes.answer(operation)
        return view is not None and envelopes.array_in(view, "") is not None

    # --- the values ---

    def finished(self) -> Resources:
        made: dict[int, Resource] = {}
        owners: dict[Operation, tuple[Resource, Role]] = {}
        for draft in sorted(self.drafts.values(), key=lambda each: len(each.shape)):
            if draft.operations:
                parent = made.get(id(draft.parent)) if draft.parent else None
                made[id(draft)] = self.resource(draft, parent)
        ordered = tuple(made[id(each)] for each in self.drafts.values() if id(each) in made)
        for resource in ordered:
            for role, operations in resource.operations.items():
                owners.update({operation: (resource, role) for operation in operations})
        filled = fillings.of(self.contract.operations, ordered)
        return Resources(ordered, owners, filled)

    def resource(self, draft: _Draft, parent: Resource | None) -> Resource:
        path = self.path(draft.shape)
        collection = self.path(draft.collection) if draft.collection is not None else None
        names = shape_of(path)[1]
        parameter = names[-1] if draft.is_addressed else None
        item = self.item_view(draft)
        name = draft.word or " ".join(words_of(parameter or "")[:1])
        identifier = None
        if item is not None and draft.is_addressed:
            declared = self.declared(draft, parameter or "")
            identifier = envelopes.identifier_in(item, parameter or "", name, declared)
        own = {path, collection}
        operations: dict[Role, tuple[Operation, ...]] = {
            role: tuple(sorted(found, key=lambda each: each.path not in own))
            for role, found in draft.operations.items()
        }
        made = Resource(
            name,
            path,
            collection,
            parent=parent,
            parameter=parameter,
            identifier=identifier,
            is_client_named=self.is_client_named(draft, operations),
            operations=operations,
        )
        return self.with_places(made, item)

    def path(self, shape: _Shape) -> str:
        """The path of *shape* as the document writes it; of an item without operations its part."""
        place = self.places.get(shape)
        if place is not None:
            return place.operations[0].path.partition("?")[0].partition("#")[0]
        longer = next(each for each in self.places if each[: len(shape)] == shape)
        segments = self.places[longer].operations[0].path.split("/")
        return "/".join(segments[: len(shape) + 1])

    def declared(self, draft: _Draft, name: str) -> View | None:
        """What the document says of the parameter *name* in the path of an item."""
        place = self.places.get(draft.shape)
        for operation in place.operations if place is not None else ():
            for parameter in operation.parameters:
                if parameter.location == "path" and parameter.name == name:
                    return of_parameter(parameter)
        return None

    def is_client_named(
        self, draft: _Draft, operations: Mapping[Role, tuple[Operation, ...]]
    ) -> bool:
        if not draft.is_addressed:
            return False
        own = self.places.get(draft.shape)
        creates = operations.get("create", ())
        if own is None:
            return False
        if any(each in own.operations for each in creates):
            return True
        puts = own.by("PUT")
        says = any(each.status == "201" for put in puts for each in put.responses)
        return bool(puts) and (says or not creates)

    def with_places(self, resource: Resource, item: View | None) -> Resource:
        """*resource* with the places of its items in envelopes."""
        items: dict[DeclaredResponse, str] = {}
        arrays: dict[DeclaredResponse, str] = {}
        sent: dict[RequestBody, str] = {}
        for role, operations in resource.operations.items():
            for operation in operations:
                if operation.request_body is not None and role not in ("search", "action"):
                    view = of_content(operation.request_body.content)
                    if view is not None:
                        sent[operation.request_body] = envelopes.sent_in(view, resource.name, item)
                for response in envelopes.successes(operation):
                    view = of_content(response.content)
                    if view is None:
                        continue
                    if role in ("list", "search"):
                        array = envelopes.array_in(view, resource.name, known=item)
                        if array is not None:
                            arrays[response] = array[0]
                    else:
                        self.item_place(items, response, view, resource, item, role)
        main = next(iter(resource.operations.get("list", ())), None)
        read = listing.of(main, item, envelopes.answer(main)) if main is not None else None
        return replace(
            resource, item_places=items, array_places=arrays, sent_places=sent, listing=read
        )

    def item_place(
        self,
        items: dict[DeclaredResponse, str],
        response: DeclaredResponse,
        view: View,
        resource: Resource,
        item: View | None,
        role: Role,
    ) -> None:
        at = envelopes.item_in(view, resource.parameter or "", resource.name, known=item)
        found = view.at(at) if at is not None else None
        # the answer of an action is often about something else
        if at is None or found is None or item is None:
            return
        if role in ("create", "read") or alike(found, item):
            items[response] = at


def without_version(shape: _Shape) -> _Shape:
    """*shape* without its version and the word `api`."""
    return tuple(each for each in shape if each != "api" and not _VERSION.fullmatch(each))
