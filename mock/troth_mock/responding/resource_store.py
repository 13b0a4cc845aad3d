"""Where the items of a contract's resources are: what there is at the start, and who sees what.

At the start a collection has what its list would answer without a store, and the things that the
document's examples name; so what is listed can be read.  Where nothing tells a client which
identifiers there are, every one names a thing, until it is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from troth import pointer
from troth.generation.graph import node_of
from troth.openapi.names import words_of
from troth.openapi.operation import DeclaredResponse, Operation
from troth.openapi.paths import shape_of
from troth.openapi.resource import Resource
from troth.openapi.resources import resources
from troth.pointer import put
from troth.seed import Seed
from troth_mock.responding.identifiers import (
    examples_at,
    key_of,
    named,
    naming,
    own_parameter,
    variables,
)
from troth_mock.responding.negotiation import success
from troth_mock.storage.sessions import (
    Collection,
    Item,
    Place,
    Session,
    Sessions,
    all_items,
    text_of,
)
from troth_mock.storage.views import members_at

#: So many things that examples name are there at the start.
_MOST_NAMED = 20
#: What is in so many things is looked at by a list of what is in any.
_MOST_PARENTS = 200
#: A list of which there are pages has so many items at the start.
_PAGED = 12


class Drawn(NamedTuple):
    """What an operation answers without a store: the *value* of its body, drawn from *seed*."""

    value: Any
    seed: Seed


#: What draws the answer to a plain request of an operation, for the texts of its path's variables;
#: a list of so many items, if it can be.
Draw = Callable[[Operation, tuple[str, ...], int | None], Drawn | None]

#: So many things are looked for at the start where names of some are wanted.
_MOST_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a *session*, and the *credentials* that were sent, by scheme."""

    session: Session
    credentials: Mapping[str, str]


class Lost(NamedTuple):
    """A thing that is not there, in which others were to be; it *is_gone* if it was deleted."""

    resource: Resource
    key: str
    is_gone: bool = False


class Found(NamedTuple):
    """An item, and where it is."""

    place: Place
    key: str
    item: Item


class ResourceStore:
    """The sessions of a mock, and what *contract*'s resources begin with."""

    def __init__(self, contract: Any, *, draw: Draw) -> None:
        self.sessions = Sessions()
        self.resources = resources(contract)
        self._by_shape = {
            shape_of(each.path)[0]: each for each in self.resources.all if each.parameter
        }
        self._draw = draw
        self._named: dict[Resource, tuple[str, ...]] = {}
        self._listed: dict[Resource, bool] = {}

    def collection(self, resource: Resource, place: Place, asker: Asker) -> Collection:
        """The collection at *place*, with what it has at the start."""

        def start() -> Collection:
            is_filled = "create" in resource.operations
            if is_filled and self._is_in_made(resource, place[1], asker):
                return Collection()
            return self._start(resource, place[1])

        return asker.session.collection(place, start)

    def _is_in_made(self, resource: Resource, above: tuple[str, ...], asker: Asker) -> bool:
        """Whether one of the things *above* was made by a client: it began with nothing in it."""
        for parent in _line(resource)[:-1]:
            count = depth(parent.path)
            if parent.parameter is not None and 0 < count <= len(above):
                held = asker.session.collections.get((parent.path, above[: count - 1]))
                found = held.find(above[count - 1], asker.credentials) if held else None
                if found is not None and found[1].is_made:
                    return True
        return False

    def find(self, resource: Resource, place: Place, key: str, asker: Asker) -> Found | None:
        """The item *key* at *place*; one that nobody could know of is drawn, but not yet kept."""
        if self._is_missing(resource, place, key, asker):
            return None
        known = self.collection(resource, place, asker).find(key, asker.credentials)
        if known is not None:
            return Found(place, *known)
        item = self._named_item(resource, (*place[1], key) if resource.parameter else place[1])
        return None if item is None else Found(place, key, item)

    def _is_missing(self, resource: Resource, place: Place, key: str, asker: Asker) -> bool:
        collection = self.collection(resource, place, asker)
        return collection.find(key, asker.credentials) is None and (
            self.is_listed(resource)
            or collection.is_gone(key)
            or self.is_elsewhere(resource, place, key, asker)
        )

    def is_elsewhere(self, resource: Resource, place: Place, key: str, asker: Asker) -> bool:
        """Whether *key* is that of a thing which a client made in another than *place*."""
        own = (resource.path, place[1])
        return any(
            at[0] == resource.path and at != own and key in one.items and one.items[key].is_made
            for at, one in asker.session.collections.items()
        )

    def is_listed(self, resource: Resource) -> bool:
        """Whether a client can know which items there are, so that an unknown one is none."""
        known = self._listed.get(resource)
        if known is None:
            creating = resource.operations.get("create", ())
            # of what is made nobody knows where, any name may be that of one
            is_told = all(_is_placed(resource, each) for each in creating)
            known = self._listed[resource] = is_told and any(_tells(resource))
        return known

    def everywhere(self, resource: Resource, asker: Asker) -> Iterator[Found]:
        """The items of *resource* in whatever they are, as far as a client can know of those."""
        above: list[tuple[str, ...]] = [()]
        for parent in _line(resource)[:-1]:
            if parent.parameter is not None:
                count = depth(parent.path) - 1
                above = [
                    (*texts, key)
                    for texts in above
                    if len(texts) == count
                    for key in self.collection(parent, (parent.path, texts), asker).items
                ][:_MOST_PARENTS]
        made_in = (at[1] for at in tuple(asker.session.collections) if at[0] == resource.path)
        at_start: set[str] = set()
        for texts in dict.fromkeys((*above, *made_in)):
            place = (resource.path, texts)
            collection = self.collection(resource, place, asker)
            for key, item in all_items(collection, asker.credentials):
                # what examples name is at the start of each
                if item.is_made or key not in at_start:
                    yield Found(place, key, item)
                at_start |= set() if item.is_made else {key}

    def addresses(self, operation: Operation, session: str) -> list[Mapping[str, str]]:
        """What stands in the path of *operation*, by name, for each thing that *session* has.

        What a client made comes first, the last of it before all; nothing is begun by asking.
        """
        resource = self.resources.of(operation)
        while resource is not None and own_parameter(resource, operation) is None:
            if resource.parent is None:
                break
            resource = resource.parent
        names = () if resource is None else variables(resource.path, operation.path)
        if resource is None or not any(names):
            return []
        looked, known = Session(), self.sessions.named().get(session)
        looked.collections.update(known.collections if known is not None else {})
        for _ in islice(self.everywhere(resource, Asker(looked, {})), _MOST_LOOKED_AT):
            pass  # what there is at the start is there now
        made: list[tuple[str, ...]] = []
        others: list[tuple[str, ...]] = []
        for (path, above), collection in looked.collections.items():
            if path == resource.path and len(above) == len(names) - 1:
                for key, item in collection.items.items():
                    (made if item.is_made else others).append((*above, key))
        found = (
            {name: text for name, text in zip(names, texts, strict=True) if name is not None}
            for texts in (*reversed(made), *others)
            if not texts[-1].startswith("#")  # it has no identifier
        )
        return list({tuple(texts.values()): texts for texts in found}.values())

    def lost_parent(self, resource: Resource, values: Sequence[str], asker: Asker) -> Lost | None:
        """The first thing among those that *values* name which is not there to be in.

        What was made in a thing shows that it is there, unless it was deleted.
        """
        lost: Lost | None = None
        for parent in _line(resource)[:-1]:
            count = depth(parent.path)
            if parent.parameter is None or not 0 < count <= len(values):
                continue
            place, key = (parent.path, tuple(values[: count - 1])), values[count - 1]
            collection = self.collection(parent, place, asker)
            found = collection.find(key, asker.credentials)
            if found is None and collection.is_gone(key):
                return Lost(parent, key, is_gone=True)
            if found is not None and found[1].is_made:
                lost = None
            elif found is None and lost is None and self.is_listed(parent):
                lost = Lost(parent, key)
        own = asker.session.collections.get((resource.path, tuple(values))) if lost else None
        is_made = own is not None and any(
            item.is_made for _, item in all_items(own, asker.credentials)
        )
        return None if is_made else lost

    def lost_beside(
        self, others: Sequence[Resource], texts: Sequence[str], asker: Asker
    ) -> Lost | None:
        """The thing that is not there among *others*, which *texts* of the path name."""
        for other in others:
            count = depth(other.path)
            place, key = (other.path, tuple(texts[: count - 1])), texts[count - 1]
            if self._is_missing(other, place, key, asker):
                return Lost(other, key, self.collection(other, place, asker).is_gone(key))
        return None

    def beside(self, operation: Operation, resource: Resource) -> tuple[Resource, ...]:
        """The resources whose items the path of *operation* is below, and *resource* is not in.

        A dispute may be made below a charge, and be one of all disputes.
        """
        above, line = shape_of(operation.path)[0][:-1], _line(resource)
        found = (self._by_shape.get(above[: end + 1]) for end in range(len(above)))
        return tuple(other for other in found if other is not None and other not in line)

    def drawn(self, operation: Operation, texts: tuple[str, ...]) -> Drawn | None:
        """What *operation* answers without a store, for *texts* in its path; None: nothing."""
        if len(operation.template.names) != len(texts):
            return None
        return self._draw(operation, texts, None)

    def _start(self, resource: Resource, above: tuple[str, ...]) -> Collection:
        collection = Collection()
        values: list[Any] = []
        for operation in resource.operations.get("list", ())[:1]:
            if len(operation.template.names) != len(above):
                continue  # it lists what is in any of them
            is_paged = any(
                one.limit or one.page or one.offset or one.cursor
                for one in resource.listings.values()
            )
            drawn = self._draw(operation, above, _PAGED if is_paged else None)
            at = resource.items(operation, _status(operation))
            array = None if drawn is None or at is None else pointer.find(drawn.value, at)
            is_map = resource.is_map(operation, _status(operation))
            by_key = array if is_map and isinstance(array, dict) else {}
            keys = list(by_key)
            values = array if isinstance(array, list) else list(by_key.values())
            for index, value in enumerate(values):
                assert drawn is not None
                assert at is not None
                seed = drawn.seed.child("item", index)
                place = pointer.join(at, keys[index] if keys else str(index))
                value = _addressable(value, resource, operation, Drawn(drawn.value, seed), place)
                item = Item(value, seed)
                key = key_of(resource, value) or (keys[index] if keys else f"#{index}")
                collection.items.setdefault(key, item)
        if self.is_listed(resource):
            for key in self._names(resource):
                named = self._named_item(resource, (*above, key))
                if named is not None:
                    named.is_example = True
                    named.value = _called(key, named.value, resource, like=values[:1])
                    collection.items.setdefault(key, named)
        return collection

    def _named_item(self, resource: Resource, values: tuple[str, ...]) -> Item | None:
        """The item that a path with these *values* names, as it would be read without a store."""
        is_told = False
        for operation in resource.operations.get("read", ()):
            at = resource.item(operation, _status(operation))
            is_told = is_told or at is not None
            drawn = self.drawn(operation, values) if at is not None else None
            if at is not None and drawn is not None:
                return Item(pointer.find(drawn.value, at), drawn.seed)
        # what no answer holds as a value (a picture, say) is there without one
        return None if is_told else Item({}, Seed.of(resource.path, *values))

    def _names(self, resource: Resource) -> tuple[str, ...]:
        """The identifiers that the document's examples name."""
        names = self._named.get(resource)
        if names is None:
            found = dict.fromkeys(_examples(resource))
            names = self._named[resource] = tuple(found)[:_MOST_NAMED]
        return names


def is_kept(resource: Resource) -> bool:
    """Whether items of *resource* are kept: not of what can be listed only, and on one page.

    A list that tells of a next page has to say that there is none, even where nothing asks for it.
    """
    return not resource.operations.keys() <= {"list", "search"} or any(
        one.page or one.offset or one.cursor or one.next or one.more
        for one in resource.listings.values()
    )


def _addressable(
    value: Any, resource: Resource, operation: Operation, drawn: Drawn, place: str
) -> Any:
    """*value*, at *place* of what was *drawn*, under an identifier by which it can be asked for.

    It keeps its own where no other would fit there.
    """
    own, declared = resource.identifier, answered(operation)
    before = pointer.find(value, own) if own else None
    if not own or before is None or declared is None:
        return value

    schemas = [each.schema for each in declared.content if each.schema is not None]
    if any(examples_at(each, place + own) for each in schemas):
        return value  # the document shows what they are like

    def fits(key: Any) -> bool:
        body = put(drawn.value, place + own, key)
        return all(each.is_valid(body) for each in schemas)

    key = named(before, naming(resource), drawn.seed.child("identifier"), fits)
    return value if key == before else put(value, own, key)


def _called(key: str, value: Any, resource: Resource, *, like: Sequence[Any]) -> Any:
    """*value* with the identifier *key*, if it has none: a number if those *like* it have one."""
    own = resource.identifier
    if not own or not isinstance(value, dict) or pointer.find(value, own) is not None:
        return value
    is_number = key.isdecimal() and any(isinstance(pointer.find(one, own), int) for one in like)
    return put(value, own, int(key) if is_number else key)


@lru_cache(maxsize=4096)
def depth(path: str) -> int:
    """How many variables *path* has."""
    return len(shape_of(path)[1])


def _line(resource: Resource) -> list[Resource]:
    """What *resource* is in, the outermost first, and itself."""
    line = [resource]
    while line[0].parent is not None:
        line.insert(0, line[0].parent)
    return line


def answered(operation: Operation) -> DeclaredResponse | None:
    """The answer of *operation* when all is well."""
    return success(operation)[1]


def _status(operation: Operation) -> int:
    return success(operation)[0]


def _tells(resource: Resource) -> Iterator[bool]:
    """Whether one operation or the other tells an identifier, or lets the client choose it."""
    yield resource.is_client_named
    for operation in resource.operations.get("create", ()):
        if not _is_placed(resource, operation):
            continue  # where the thing is, nobody knows
        declared = answered(operation)
        yield declared is not None and any(
            header.name.lower() == "location" for header in declared.headers
        )
        yield resource.identifier is not None and None not in (
            resource.item(operation, _status(operation)),
            resource.parameter,
        )
    for operation in resource.operations.get("list", ()):
        at = resource.items(operation, _status(operation))
        yield at is not None and None not in (resource.identifier, resource.parameter)


def tells_place(resource: Resource, operation: Operation) -> bool:
    """Whether the answer of *operation* tells in what the thing is, where its request does not."""
    return _is_placed(resource, operation) and not _is_placed(resource, operation, told=False)


def _is_placed(resource: Resource, operation: Operation, *, told: bool = True) -> bool:
    """Whether *operation* says in what a thing is: its request does, or (*told*) its answer."""
    names, own = shape_of(resource.path)[1], variables(resource.path, operation.path)
    above = dict(zip(names, own, strict=True))
    if names and names[-1] == resource.parameter:
        del above[names[-1]]
    entries = operation.request_body.content if operation.request_body else ()
    sent = {
        words_of(name)
        for entry in entries
        if entry.schema is not None
        for name in members_at(entry.schema, "").names
    }
    sent |= {words_of(each.name) for each in operation.parameters if each.location == "query"}
    declared, at = answered(operation), resource.item(operation, _status(operation))
    for entry in declared.content if told and declared is not None and at is not None else ():
        if entry.schema is not None:
            sent |= set(map(words_of, members_at(entry.schema, at or "").names))
    return all(one is not None or words_of(name) in sent for name, one in above.items())


def _examples(resource: Resource) -> Iterator[str]:
    """The identifiers that examples name: of parameters, of answers, of the member itself."""
    for role in ("read", "update", "replace", "delete", "create"):
        for operation in resource.operations.get(role, ()):
            parameter = own_parameter(resource, operation)
            values = [] if parameter is None else [one.value for one in parameter.examples]
            if parameter is not None and parameter.schema is not None and not values:
                values = node_of(parameter.schema).examples
            declared, at = answered(operation), resource.item(operation, _status(operation))
            for entry in declared.content if declared is not None and at is not None else ():
                place = (at or "") + (resource.identifier or "")
                if resource.identifier is not None:
                    values = [*values, *(pointer.find(one.value, place) for one in entry.examples)]
                    values += [] if entry.schema is None else examples_at(entry.schema, place)
            yield from filter(None, map(text_of, values))
