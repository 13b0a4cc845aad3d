"""Which operations are about the same thing, read from a contract: its resources.

The paths say most of it: what ends in a variable is an item, and the path before it the
collection.  Schemas tell a list from a single answer, where an item stands in an envelope, and
which member identifies it.  Nothing goes by the name of one API; what a document has otherwise
stands in its `x-troth-resource`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from troth.openapi import envelopes, fillings, listing
from troth.openapi.contract import Contract
from troth.openapi.names import CREATING, in_singular, is_word_of, named, words_of
from troth.openapi.operation import DeclaredResponse, Operation, RequestBody
from troth.openapi.paths import shape_of, stands_in
from troth.openapi.resource import Filling, Listing, Resource, Resources, Role
from troth.openapi.schema_view import View, alike, of_content, of_parameter, of_request

__all__ = ["Filling", "Listing", "Resource", "Resources", "Role", "resources"]

_Shape = tuple[str, ...]

_VERSION = re.compile(r"v\d+(?:[._]\d+)*(?:(?:alpha|beta|preview)\d*)?|\d{4}-\d{2}(?:-\d{2})?")

#: Members of `x-troth-resource` that are about the whole resource.
_OF_RESOURCE = frozenset(("name", "collection", "identifier", "client-named"))

_SEARCHES = frozenset(named("search query find filter lookup fetch list searches queries"))
#: What begins the name of a procedure, which is no thing.
_VERBS = _SEARCHES | frozenset(
    named(
        "get list fetch read show create add insert update edit set put patch delete remove"
        " destroy check validate verify is has do run execute send start stop cancel login logout"
        " contains count export import upload download"
    )
)

_ABOUT_NOTHING = ("HEAD", "OPTIONS", "TRACE", "CONNECT")
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

    @property
    def word(self) -> str:
        """The last part of the paths, "" of the root."""
        return self.shape[-1] if self.shape else ""

    @cached_property
    def answer(self) -> View | None:
        """What GET answers with here."""
        return next(filter(None, map(envelopes.answer, self.by("GET"))), None)

    @cached_property
    def array(self) -> View | None:
        """The array of objects that GET answers with, alone or in an envelope."""
        found = envelopes.array_in(self.answer, self.word) if self.answer else None
        return found[1] if found is not None else None

    @property
    def lists(self) -> bool:
        """Whether GET answers with an array of objects."""
        return self.array is not None

    @property
    def item(self) -> View | None:
        """What the objects in that array are."""
        return self.array.item if self.array is not None else None

    @property
    def collects(self) -> bool:
        """Whether it may be a collection: what GET answers with is no single thing."""
        is_one = self.answer is not None and self.answer.is_object and not self.lists
        return bool(self.by("POST")) or not (is_one and self.by("PUT", "PATCH"))

    def answers_as(self, other: Place | None) -> bool:
        """Whether GET answers here with the very thing that it answers with at *other*."""
        if other is None or self.answer is None or other.answer is None:
            return False
        return self.answer.target == other.answer.target


@dataclass(eq=False)
class _Draft:
    """A resource that is still being put together: its *shape* is that of an item."""

    shape: _Shape
    collection: _Shape | None
    parent: _Draft | None = None
    operations: dict[Role, list[Operation]] = field(default_factory=dict)

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
        #: what the document says of the resource of a path in so many words
        self.told: dict[_Shape, dict[str, Any]] = {}
        self.denied: set[_Shape] = set()
        self.collected: dict[_Shape, _Draft] = {}
        self.by_words: dict[tuple[str, ...], list[_Draft]] | None = None
        self.views: dict[_Draft, View | None] = {}

    def resources(self) -> Resources:
        self.read_told()
        for shape in self.places:
            for end in range(1, len(shape) + 1):
                if shape[end - 1] == "{}" and self.is_item(shape[:end]):
                    above = self.places.get(shape[: end - 1])
                    collection = above.shape if above is not None and above.collects else None
                    self.drafts.setdefault(shape[:end], _Draft(shape[:end], collection))
        for shape in self.places:
            if self.is_own(shape):
                self.drafts[shape] = _Draft(shape, shape if self.is_collection(shape) else None)
        for shape, says in self.told.items():
            draft = self.drafts.setdefault(shape, _Draft(shape, None))
            if "collection" in says:
                named = says["collection"]
                if named is None or self.is_there(named):
                    draft.collection = shape_of(named)[0] if named is not None else None
        self.by_words = None  # those that the document tells are among them from now on
        self.settle_homes()
        for draft in self.drafts.values():
            draft.parent = self.draft_above(draft.shape[:-1])
            if draft.collection is not None:
                self.collected[draft.collection] = draft
        for place in self.places.values():
            for operation in place.operations:
                self.assign(operation, place)
        return self.finished()

    def read_told(self) -> None:
        """Read what the document itself says of its resources (`x-troth-resource`)."""
        for place in self.places.values():
            says = [each.resource for each in place.operations]
            if says and all(each is False for each in says):
                self.denied.add(place.shape)
            for each in says:
                if isinstance(each, Mapping) and each.keys() & _OF_RESOURCE:
                    path = each.get("path", place.operations[0].path)
                    if self.is_there(path):
                        shape = shape_of(path)[0]
                        self.told.setdefault(shape, {}).update(each)

    def is_there(self, path: str) -> bool:
        """Whether some operation has a path of the shape of *path*, or below one of that."""
        return stands_in(path, (each.path for each in self.contract.operations))

    def settle_homes(self) -> None:
        """Give items without a collection the one elsewhere in which alone they are created."""
        makers: dict[_Draft, list[Place]] = {}
        for place in self.places.values():
            is_free = place.shape not in self.drafts and (*place.shape, "{}") not in self.drafts
            home = self.home(place) if is_free and place.by("POST") else None
            if home is not None and home.collection is None:
                makers.setdefault(home, []).append(place)
        for draft, found in makers.items():
            if len(found) == 1:
                draft.collection = found[0].shape
                self.views.pop(draft, None)

    # --- which paths are those of resources ---

    def is_item(self, shape: _Shape) -> bool:
        """Whether *shape*, which ends in a variable, is that of items."""
        own, above = self.places.get(shape), self.places.get(shape[:-1])
        if shape in self.told or shape in self.denied:
            return shape in self.told
        has_collection = above is not None and bool(above.by("POST", "GET"))
        if own is None:
            # nothing is done with an item itself, but with what stands below it
            made = above is not None and (above.lists or bool(above.by("POST")))
            return made and not self.is_procedure(shape[:-1]) and not self.is_half(shape)
        if own.by("PUT", "PATCH", "DELETE"):
            return True
        if own.by("GET"):
            if (own.lists and not self.has_one(own)) or own.answers_as(above):
                return False
            return has_collection or (self.is_shown(own) and not self.is_procedure(shape[:-1]))
        return bool(own.operations) and above is not None and above.lists

    def is_half(self, shape: _Shape) -> bool:
        """Whether *shape* is only ever followed by another variable: both name the item."""
        end = len(shape)
        return all(each[end] == "{}" for each in self.places if each[:end] == shape)

    def is_shown(self, place: Place) -> bool:
        """Whether GET answers with an object, or with a file."""
        answers = (each for op in place.by("GET") for each in envelopes.successes(op))
        kinds = [each.is_json for answer in answers for each in answer.content]
        return (place.answer is not None and place.answer.is_object) or False in kinds

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
        if last == "{}" or last.startswith(":") or _VERSION.fullmatch(last):
            return False
        if any("{" in each and each != "{}" for each in shape):
            return False  # a part of a segment is variable, so that there is more than one
        items = self.drafts.get((*shape, "{}"))
        if (
            (items is not None and items.collection == shape)
            or shape in self.denied
            or self.home(place) is not None
        ):
            return False
        written = place.by("PUT", "PATCH", "DELETE")
        if not place.by("GET"):
            return self.is_made_only(place)
        if written:
            return True
        # beside the items of a collection stands what is told of all of them
        is_beside = (*shape[:-1], "{}") in self.drafts and not place.by("POST")
        return place.lists and not is_beside and not self.is_procedure(shape)

    def is_collection(self, shape: _Shape) -> bool:
        """Whether *shape*, which is that of a resource, is that of a collection."""
        place = self.places[shape]
        if not place.by("GET"):
            return True
        return place.lists and not self.is_whole(place)

    def is_whole(self, place: Place) -> bool:
        """Whether what GET answers with at *place* is put there as a whole: it is one thing."""
        answer = place.answer
        whole = next(filter(None, map(of_request, place.by("PUT", "PATCH"))), None)
        if whole is None or answer is None or place.by("POST"):
            return False
        return (whole.is_array and answer.is_array) or alike(whole, answer)

    def is_made_only(self, place: Place) -> bool:
        """Whether things are created at *place*, and never seen again."""
        words = words_of(place.word)
        if in_singular(words) == words or self.is_procedure(place.shape):
            return False
        for operation in place.operations if len(place.operations) == 1 else ():
            made, sent = envelopes.answer(operation), of_request(operation)
            if operation.method == "POST" and made is not None and sent is not None:
                return made.is_object and sent.is_object and alike(made, sent)
        return False

    def is_procedure(self, shape: _Shape) -> bool:
        """Whether the last word of *shape* says what is done, and names no thing."""
        return bool(shape) and words_of(shape[-1])[:1] in _VERBS

    def called(self, word: str) -> list[_Draft]:
        """The resources with addressed items that *word* says one or many of."""
        if self.by_words is None:
            self.by_words = {}
            for draft in self.drafts.values():
                if draft.is_addressed:
                    words = in_singular(words_of(draft.word))
                    self.by_words.setdefault(words, []).append(draft)
        return self.by_words.get(in_singular(words_of(word)), []) if words_of(word) else []

    def home(self, place: Place) -> _Draft | None:
        """The resource elsewhere that the items listed or created at *place* are of.

        It is the one of the collection above, or one whose collection ends with the same word;
        or what answers `register` as a user does, which nothing else creates.
        """
        if place.by("PUT", "PATCH", "DELETE"):
            return None
        posted = next(filter(None, map(envelopes.answer, place.by("POST"))), None)
        about = place.item or envelopes.many_made(place.by("POST"), place.word) or posted
        if about is None or not about.is_object:
            return None
        found: list[tuple[tuple[bool, bool, int], _Draft]] = []
        above = place.shape[:-1]
        beside = self.collected.get(above) or self.drafts.get((*above, "{}"))
        same = self.called(place.word)
        if not same and set(words_of(place.word)) & CREATING and "{}" not in place.shape:
            free = [draft for draft in self.drafts.values() if draft.collection is None]
            same = [draft for draft in free if self.is_very(about, self.item_view(draft))]
        for draft in [*same, *([beside] if beside and beside not in same else [])]:
            shape = draft.shape
            is_above = draft is beside and draft.collection == above
            is_same = shape[:-1] != place.shape and draft in same
            if not draft.is_addressed or not (is_same or (is_above and place.item is not None)):
                continue
            own = self.item_view(draft)
            if own is not None and self.holds(about, own, draft):
                is_other = without_version(shape[:-1]) != without_version(place.shape)
                found.append(((is_other, not is_above, shape.count("{}")), draft))
        return min(found, key=lambda each: each[0])[1] if found else None

    def is_very(self, about: View, own: View | None) -> bool:
        """Whether *about* is described by the very schema of *own*."""
        return own is not None and about.target == own.target

    def holds(self, about: View, own: View, draft: _Draft) -> bool:
        """Whether *about* is an item as *own* is, an item of *draft*, or an envelope of one."""
        at = envelopes.item_in(about, "", draft.word, known=own)
        inner = about.at(at) if at else about
        return inner is not None and alike(inner, own)

    def draft_above(self, shape: _Shape) -> _Draft | None:
        """The resource whose item, or whose only one, *shape* is or stands below."""
        ends = range(len(shape), 0, -1)
        return next((self.drafts[shape[:end]] for end in ends if shape[:end] in self.drafts), None)

    def item_view(self, draft: _Draft) -> View | None:
        """What an item of *draft* is, as it is read, created or listed."""
        if draft not in self.views:
            self.views[draft] = self.found_view(draft)
        return self.views[draft]

    def found_view(self, draft: _Draft) -> View | None:
        own = self.places.get(draft.shape)
        collection = self.places.get(draft.collection) if draft.collection is not None else None
        item = collection.item if collection is not None else None
        if item is not None and not draft.is_addressed:
            return item
        reads = own.by("GET", "PUT", "PATCH") if own is not None else ()
        makes = collection.by("POST") if collection is not None else ()
        adds = own.by("POST") if own is not None and item is None else ()
        for operation in (*reads, *makes, *adds):
            answer = envelopes.answer(operation)
            names = shape_of(operation.path)[1]
            name = names[-1] if draft.is_addressed and names else ""
            if answer is not None:
                at = envelopes.item_in(answer, name, draft.word, known=item)
                found = answer.at(at) if at is not None else None
                if found is not None and (operation in reads or item is None):
                    return found
        return item

    # --- which operation does what ---

    def assign(self, operation: Operation, place: Place) -> None:
        says = operation.resource
        if operation.method in _ABOUT_NOTHING or says is False:
            return
        owner = self.owner(operation, place)
        if isinstance(says, Mapping):
            at = shape_of(says["path"])[0] if "path" in says else None
            draft = self.drafts.get(at) if at is not None else owner[0] if owner else None
            if draft is not None:
                owner = draft, says.get("role") or (owner[1] if owner else "action")
        if owner is not None:
            owner[0].operations.setdefault(owner[1], []).append(operation)

    def owner(self, operation: Operation, place: Place) -> tuple[_Draft, Role] | None:
        """The resource that *operation*, at *place*, is about, and what it does with it."""
        collected, own = self.collected.get(place.shape), self.drafts.get(place.shape)
        if collected is not None:
            return collected, self.collection_role(operation, collected)
        if own is not None:
            return own, self.item_role(operation, own, place)
        home = self.home(place)
        if home is not None and operation.method in ("GET", "POST"):
            return home, self.role_away(operation, place, home)
        for end in range(len(place.shape) - 1, 0, -1):
            above = place.shape[:end]
            draft = self.drafts.get(above) or self.drafts.get((*above, "{}"))
            if draft is not None:
                return draft, "search" if self.is_search(operation, place, draft) else "action"
        return None

    def item_role(self, operation: Operation, draft: _Draft, place: Place) -> Role:
        if operation.method != "POST":
            return _OF_ITEM.get(operation.method, "action")
        if not draft.is_addressed:
            return "create" if place.by("PUT", "PATCH") else "update"
        collection = self.places.get(draft.collection) if draft.collection else None
        says_so = any(each.status == "201" for each in operation.responses)
        if not (collection and collection.by("POST")) and not place.by("GET", "PUT", "PATCH"):
            return "create" if says_so or not operation.request_body else "update"
        says = operation.request_body or any(p.location == "query" for p in operation.parameters)
        return "action" if place.by("PUT", "PATCH") or not says else "update"

    def collection_role(self, operation: Operation, draft: _Draft) -> Role:
        sent = of_request(operation)
        if operation.method == "GET":
            return "search" if draft.is_addressed and self.asks_which(operation) else "list"
        if operation.method == "QUERY":
            return "search"
        if operation.method == "POST":
            item = self.item_view(draft)
            at = envelopes.many_sent(operation, draft.word, item) if item is not None else None
            return "action" if at or (sent is not None and sent.is_array) else "create"
        if operation.method in ("PUT", "PATCH") and sent is not None and sent.is_object:
            item = self.item_view(draft)
            if draft.is_addressed and item is not None and alike(sent, item):
                return _OF_ITEM[operation.method]
        return "action"

    def asks_which(self, operation: Operation) -> bool:
        """Whether a list has to be told which items are meant, by identifiers or by words."""
        needed = [each for each in operation.parameters if each.required]
        words = [words_of(each.name) for each in needed if each.location == "query"]
        return any(each[-1:] == ("ids",) or each in listing.SEARCHES for each in words)

    def role_away(self, operation: Operation, place: Place, home: _Draft) -> Role:
        """What *operation* does with the items of *home*, at a path away from theirs."""
        if operation.method == "POST":
            is_one = envelopes.many_made((operation,), place.word) is None
            return "create" if is_one and is_word_of(home.word, place.word) else "action"
        if self.asks_which(operation):
            return "search"
        # of all parents, or of another version, it lists the same things
        lists_all = place.shape.count("{}") < home.shape.count("{}") - 1
        is_version = without_version((*place.shape, "{}")) == without_version(home.shape)
        return "list" if lists_all or is_version or self.is_many_of(place, home) else "search"

    def is_many_of(self, place: Place, home: _Draft) -> bool:
        """Whether *place* is the list of *home* beside it, called by many: `/tags`, `/tag/{id}`."""
        own = self.places.get(home.shape[:-1])
        is_beside = place.shape[:-1] == home.shape[:-2] and is_word_of(home.word, place.word)
        return is_beside and not (own is not None and own.by("GET"))

    def is_search(self, operation: Operation, place: Place, draft: _Draft) -> bool:
        """Whether *operation*, below *draft*, lists the items that it is asked for."""
        view = envelopes.answer(operation)
        if view is None or words_of(place.word.lstrip(":"))[:1] not in _SEARCHES:
            return False
        own = self.item_view(draft)
        array = envelopes.array_in(view, draft.word, known=own)
        if array is None or draft.collection != place.shape[:-1]:
            return False
        item = array[1].item
        return own is None or item is None or not item.members or alike(item, own)

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
        if item is not None and parameter is not None:
            declared = self.declared(draft, parameter)
            identifier = envelopes.identifier_in(item, parameter, name, declared)
        elif item is not None and collection is not None and "create" not in draft.operations:
            # what is only listed has a name all the same
            identifier = envelopes.identifier_in(item, "id", name)
        elif item is None and parameter is not None and self.is_untold(draft):
            identifier = envelopes.usual_identifier(parameter)
        own = {path, collection}
        operations: dict[Role, tuple[Operation, ...]] = {
            role: tuple(sorted(found, key=lambda each: each.path not in own))
            for role, found in draft.operations.items()
        }
        says = self.told.get(draft.shape, {})
        made = Resource(
            says.get("name", name),
            path,
            collection,
            parent=parent,
            parameter=parameter,
            identifier=says.get("identifier", identifier),
            is_client_named=says.get("client-named", self.is_client_named(draft, operations)),
            operations=operations,
        )
        return self.with_places(made, item)

    def is_untold(self, draft: _Draft) -> bool:
        """Whether the document declares bodies of *draft*, and says of none what it holds."""
        answers = (
            of_content(response.content)
            for role in ("create", "read")
            for operation in draft.operations.get(role, ())
            for response in envelopes.successes(operation)
        )
        views = [view for view in answers if view is not None]
        return bool(views) and all(map(envelopes.is_untold, views))

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
        """*resource* with the places of its items in bodies, and with what its list takes."""
        items: dict[DeclaredResponse, str] = {}
        arrays: dict[DeclaredResponse, str] = {}
        sent: dict[RequestBody, str] = {}
        maps: set[DeclaredResponse] = set()
        batches = dict(batches_of(resource, item)) if item is not None else {}
        every = (each for operations in resource.operations.values() for each in operations)
        own = next(filter(None, map(_told_item, every)), item)
        apart = envelopes.attributes_in(own) if own is not None else ""
        bare: set[RequestBody] = set()
        for role, operations in resource.operations.items():
            for operation in operations:
                says = operation.resource if isinstance(operation.resource, Mapping) else {}
                body = operation.request_body
                view = of_request(operation)
                if body is not None and role not in ("search", "action") and view is not None:
                    sent[body] = says.get("sent", envelopes.sent_in(view, resource.name, item))
                    if envelopes.is_bare(view.at(sent[body]), own):
                        bare.add(body)
                for response in envelopes.successes(operation):
                    is_list = role in ("list", "search")
                    told = says.get("items" if is_list else "item")
                    at = told if told is not None else place_in(response, resource, item, role)
                    if at is not None:
                        (arrays if is_list else items)[response] = at
                    if at is not None and is_list and envelopes.is_map(response, at):
                        maps.add(response)
                    if operation in batches and item is not None:
                        many = many_told_in(response, resource, item)
                        arrays.update(many)
                        # what makes one thing or many tells as much as it was sent
                        items.update(many if role == "create" and many.get(response) == "" else {})
        listings = {
            operation: listing_of(operation, item)
            for role in ("list", "search")
            for operation in resource.operations.get(role, ())
        }
        main = next(iter(resource.operations.get("list", ())), None)
        return replace(
            resource,
            item_places=items,
            array_places=arrays,
            sent_places=sent,
            maps=frozenset(maps),
            apart=apart,
            bare=frozenset(bare),
            batches=batches,
            listing=listings[main] if main is not None else None,
            listings=listings,
        )


def _told_item(operation: Operation) -> View | None:
    """What an item is where the document says in so many words where *operation* answers it."""
    says = operation.resource if isinstance(operation.resource, Mapping) else {}
    answer = envelopes.answer(operation) if "item" in says else None
    return answer.at(says["item"]) if answer is not None else None


def batches_of(resource: Resource, item: View) -> Iterator[tuple[Operation, str]]:
    """The operations that make many items of *resource*, with where these stand in a request."""
    for role in ("create", "action") if resource.collection is not None else ():
        for operation in resource.operations.get(role, ()):
            is_of_one = len(shape_of(operation.path)[1]) >= len(shape_of(resource.path)[1])
            at = envelopes.many_sent(operation, resource.name, item)
            if at is not None and not (is_of_one and resource.parameter is not None):
                yield operation, at


def many_told_in(
    response: DeclaredResponse, resource: Resource, item: View
) -> dict[DeclaredResponse, str]:
    """Where *response* has all that was made, if it tells them."""
    view = of_content(response.content)
    at = None
    if view is not None:
        at = envelopes.many_told(view, resource.name, item, resource.identifier)
    return {} if at is None else {response: at}


def listing_of(operation: Operation, item: View | None) -> Listing:
    """What the query parameters of the list *operation* do, as its names or the document say."""
    read = listing.of(operation, item, envelopes.answer(operation))
    says = operation.resource if isinstance(operation.resource, Mapping) else {}
    return replace(read, **says.get("listing", {}))


def place_in(
    response: DeclaredResponse, resource: Resource, item: View | None, role: Role
) -> str | None:
    """Where *response* holds an item of *resource*, or of a list the array of them."""
    view = of_content(response.content)
    if view is None:
        return None
    if envelopes.is_untold(view):
        # what a document says nothing of is most often the thing itself
        return "" if role in ("list", "create", "read", "update", "replace") else None
    if role in ("list", "search"):
        array = envelopes.array_in(view, resource.name, known=item)
        if array is None:
            return envelopes.map_in(view, resource.name, known=item)
        return array[0]
    at = envelopes.item_in(view, resource.parameter or "", resource.name, known=item)
    found = view.at(at) if at is not None else None
    if at is None or found is None or item is None:
        return None
    # what answers an action is often about something else, and so is what tells of a job (202)
    has_identifier = resource.identifier is not None and found.at(resource.identifier) is not None
    is_direct = role in ("create", "read") and response.status != "202"
    return at if alike(found, item) or (is_direct and has_identifier) else None


def without_version(shape: _Shape) -> _Shape:
    """*shape* without its version and the word `api`."""
    return tuple(each for each in shape if each != "api" and not _VERSION.fullmatch(each))
