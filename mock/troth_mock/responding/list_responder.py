"""What a request for a list gets: items that are kept, or such as it asks for.

A list that nobody can add to, and that has to be asked for something, finds what was always there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from troth import pointer
from troth.openapi.operation import MediaType
from troth.openapi.paths import shape_of
from troth.openapi.resource import Listing, Role
from troth.pointer import put
from troth.seed import Seed
from troth_mock.responding.identifiers import free_key, key_of, variables
from troth_mock.responding.item_list import ItemList
from troth_mock.responding.kept import Asked, Kept
from troth_mock.responding.resource_store import Asker, Found, ResourceStore
from troth_mock.storage.sessions import Collection, Item, Place, all_items


@dataclass(frozen=True, slots=True)
class ListResponder:
    """The lists of *listed* out of *store*, of an operation that lists or searches (its *role*)."""

    store: ResourceStore
    role: Role
    listed: ItemList

    def respond(self, asked: Asked, above: tuple[str, ...] | None, asker: Asker) -> Kept | None:
        """What the list shows that *asked* is for: of items in what is *above*, or in anything."""
        listed = self.listed
        from troth.validation.parameters import read_parameters  # slow to load

        sent = read_parameters(asked.match, asked.request, "query")
        if self.role == "search" and not self._is_understood(sent, listed.listing):
            return None
        rows = {
            f"{one.place}{one.key}" if above is None else one.key: one
            for one in self._rows(above, asker)
        }
        page = listed.page(rows, sent)
        is_chosen = not page.total and not sent.keys().isdisjoint(listed.listing.filters)
        if is_chosen and above is not None and self._is_found_only(above, asker):
            return self._more_of(asked, (self.listed.resource.path, above), listed.at, asker)
        items = [rows[key] for key, _ in page.rows]
        # what a list is drawn from does not depend on the query: its items are there already
        return Kept(
            asked.seed,
            asked.said.of_one,
            partial(listed.show, items=items, page=page, asked=asked),
            fields=partial(listed.fields, page, asked),
        )

    def _is_found_only(self, above: tuple[str, ...], asker: Asker) -> bool:
        """Whether there may be items that nobody knows of yet: no client can make one, or list all.

        Once one is deleted, none comes from nowhere.
        """
        resource = self.listed.resource
        is_makeable = resource.is_client_named or "create" in resource.operations
        gone = self.store.collection(resource, (resource.path, above), asker).gone
        return not gone and not (is_makeable and "list" in resource.operations)

    def _more_of(self, asked: Asked, place: Place, at: str, asker: Asker) -> Kept:
        """Items such as are asked for, which nobody knows of yet: they were always there."""
        collection = self.store.collection(self.listed.resource, place, asker)

        def show(entry: MediaType, drawn: Any) -> Any:
            array, values = pointer.find(drawn, at), []
            for index, value in enumerate(array if isinstance(array, list) else ()):
                seed = asked.whole.child("item", index)
                own = self._another(value, collection, seed)
                key = key_of(self.listed.resource, own)
                if key is None or key in collection.items:
                    continue
                values.append(own)
                asker.session.put(place, key, Item(own, seed))
            self.store.sessions.make_room()
            body = put(drawn, at, values)
            return body if entry.schema is None or entry.schema.is_valid(body) else drawn

        return Kept(asked.whole, asked.said, show)

    def _another(self, value: Any, collection: Collection, seed: Seed) -> Any:
        """*value* under an identifier that is free."""
        own = self.listed.resource.identifier
        drawn = pointer.find(value, own) if own else None
        key = free_key(drawn, collection, seed)
        return value if key is None or not own else put(value, own, key)

    def _rows(self, above: tuple[str, ...] | None, asker: Asker) -> Iterator[Found]:
        """All items that a list may show: those in one thing, or in any."""
        if above is None:
            yield from self.store.everywhere(self.listed.resource, asker)
            return
        place = (self.listed.resource.path, above)
        collection = self.store.collection(self.listed.resource, place, asker)
        for key, item in all_items(collection, asker.credentials):
            yield Found(place, key, item)

    def _is_understood(self, sent: Mapping[str, Any], listing: Listing) -> bool:
        """Whether everything is known by which a search chooses."""
        known = {*listing.filters, listing.limit, listing.offset, listing.page, listing.cursor}
        known |= {listing.sort, listing.order, listing.search, *listing.least, *listing.most}
        known |= {(name or "").partition("[")[0] for name in known}
        own = shape_of(self.listed.operation.path)[1]
        above = variables(self.listed.resource.path, self.listed.operation.path)
        return (
            sent.keys() <= known
            and set(own) <= set(above)
            and not self.listed.operation.request_body
        )
