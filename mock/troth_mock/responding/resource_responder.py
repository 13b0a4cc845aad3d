"""What an operation on a resource does to the items that the mock keeps, and what its answer shows.

`ResourceResponder.respond` settles what can be said before a body is drawn: the thing is not
there, it has changed meanwhile, it is there already.  What it gives otherwise, a `Kept`, takes the
drawn body and shows the items in it; only then anything is kept, since an answer may yet fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from typing import Any
from urllib.parse import quote, unquote

from troth import pointer
from troth.generation import natural_values
from troth.generation.source import Quick
from troth.generation.values import Unsatisfiable, fit, synthesize
from troth.http.exchange import Fields, Request
from troth.openapi.listing import is_total
from troth.openapi.names import words_of
from troth.openapi.operation import DeclaredResponse, Match, MediaType, Operation
from troth.openapi.paths import path_template, shape_of
from troth.openapi.resource import Listing, Resource, Role
from troth.schema.schema import Schema
from troth.seed import Seed
from troth.validation import security
from troth_mock.reply import Reply
from troth_mock.responding.echo import Said, with_said
from troth_mock.responding.problems import Problem
from troth_mock.responding.resource_store import (
    Asker,
    Found,
    ResourceStore,
    key_of,
    own_parameter,
    variables,
)
from troth_mock.storage.listing import Page, page_of
from troth_mock.storage.sessions import Item, Place, all_items, text_of
from troth_mock.storage.views import Members, Unpatchable, members_at, merged, patched, shown

#: The field, and the cookie, that names a session.
SESSION_FIELD, SESSION_COOKIE = "Troth-Session", "troth-session"
#: The fields, by lower-case name, that are read here.
FIELDS = frozenset({"host", "if-match", "if-none-match"})
_LONGEST_NAME = 200
_TURNS = 1000

HeaderFields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as items are concerned: its decoded *body*, the seed of the *whole*.

    *seed* is that of a list without what is asked of it, of anything else the same.
    """

    match: Match
    request: Request
    body: Any
    fields: HeaderFields
    said: Said
    seed: Seed
    whole: Seed


@dataclass(slots=True)
class Kept:
    """What an answer shows of the items that are kept.

    *show* puts them into a drawn body, and *finish* does what there is to do where there is no
    body.  *fields* gives the header fields that tell of an item, by lower-case name.  *status* is
    None where the usual one answers; *seed* and *said* are what the body is to be drawn from.
    """

    seed: Seed
    said: Said
    show: Callable[[MediaType, Any], Any]
    finish: Callable[[], None] = lambda: None
    fields: Callable[[], Fields] = tuple
    status: int | None = None


class ResourceResponder:
    """What one operation, which has this *role* for *resource*, does to what *store* holds."""

    def __init__(
        self,
        operation: Operation,
        *,
        resource: Resource,
        role: Role,
        status: int,
        store: ResourceStore,
    ) -> None:
        self.operation = operation
        self.resource = resource
        self.role = role
        self.status = status
        self.store = store
        self._own = own_parameter(resource, operation)
        body = operation.request_body
        self._taken = next((one for one in body.content if one.schema), None) if body else None
        self._declared = operation.response(status)
        self._members: dict[tuple[Schema | None, str, bool], Members] = {}

    def respond(self, asked: Asked) -> Problem | Reply | Kept | None:
        """What becomes of the request *asked*; None where nothing that is kept has a part in it."""
        asker = self._asker(asked)
        above = self._above(asked)
        lost = self.store.lost_parent(self.resource, above or (), asker)
        if lost is not None and self._declares(404):
            return self._missing(lost.key, name=lost.resource.name)
        if self.role in ("list", "search"):
            return self._listed(asked, above, asker)
        if above is None:
            return None
        place, key = (self.resource.path, above), self._key(asked)
        if self.role == "create" and key is None:
            return self._created(asked, place, asker, None)
        if key is None:
            return None
        found = self.store.find(self.resource, place, key, asker)
        if found is None:
            return self._unfound(asked, place, asker, key)
        return self._unmet(asked, found) or self._done(asked, found, asker)

    # Who asks for what

    def _asker(self, asked: Asked) -> Asker:
        credentials: dict[str, str] = {}
        for scheme in (each for schemes in self.operation.security for each in schemes):
            sent = security.read(
                scheme, lambda field: asked.fields.get(field.lower(), ()), asked.match.query
            )
            if sent is not None and sent.fault is None and sent.values:
                # what was sent is not kept
                secret = sent.values[0].encode("utf-8", "surrogatepass")
                credentials[scheme.name] = blake2b(secret, digest_size=16).hexdigest()
        return Asker(self.store.sessions.session(session_of(asked.request)), credentials)

    def _above(self, asked: Asked) -> tuple[str, ...] | None:
        """What identifies the things that the item is in; None where the request does not say.

        What the path does not say may stand in the body or in the query, under the same name.
        """
        texts = []
        names = shape_of(self.resource.path)[1]
        for name, own in zip(
            names, variables(self.resource.path, self.operation.path), strict=True
        ):
            if name == self.resource.parameter and name == names[-1]:
                break
            if own is not None:
                texts.append(unquote(asked.match.path_parameters.get(own, "")))
                continue
            words = words_of(name)
            said = (one for key, one in asked.said.members.items() if words_of(key) == words)
            text = text_of(next(said, None))
            if text is None:
                return None
            texts.append(text)
        return tuple(texts)

    def _key(self, asked: Asked) -> str | None:
        """What says which item is meant: the path, or else what is sent."""
        resource = self.resource
        if resource.parameter is None:
            return "" if resource.collection is None else None
        if self._own is not None:
            return unquote(asked.match.path_parameters.get(self._own.name, ""))
        sent = self._sent(asked)
        return None if resource.identifier is None else key_of(resource, sent)

    def _sent(self, asked: Asked) -> Any:
        """The item in the body of the request, but for what no client can set."""
        at = self.resource.sent(self.operation)
        sent = None if at is None else pointer.find(asked.body, at)
        if not isinstance(sent, dict) or self._taken is None:
            return sent
        barred = self._members_at(self._taken.schema, at or "").barred
        return {name: one for name, one in sent.items() if name not in barred}

    def _settable(self) -> tuple[frozenset[str], Mapping[str, Any]]:
        """The members that a client can set, and the defaults of those that have one."""
        at = self.resource.sent(self.operation)
        if at is None or self._taken is None:
            return frozenset(), {}
        members = self._members_at(self._taken.schema, at)
        return members.names, dict(members.defaults)

    def _members_at(self, schema: Schema | None, at: str, *, is_array: bool = False) -> Members:
        key = (schema, at, is_array)
        members = self._members.get(key)
        if members is None:
            members = self._members[key] = members_at(schema, at, is_array=is_array)
        return members

    # What cannot be done

    def _declares(self, status: int) -> bool:
        """Whether the document has an answer of *status*: `default` is one, if no success."""
        response = self.operation.response(status)
        return response is not None and response is not self._declared

    def _names(self, status: int) -> bool:
        """Whether the document has this very *status*, or a range that it is in."""
        response = self.operation.response(status)
        return response is not None and response.status != "default"

    def _missing(self, key: str, *, name: str = "", is_gone: bool = False) -> Problem:
        exact = {response.status for response in self.operation.responses}
        status = 410 if is_gone and "410" in exact else 404
        message = f"{key[:200]!r} was deleted" if is_gone else f"there is no {key[:200]!r}"
        return Problem(status, f"{name or self.resource.name}: {message}", "not_found")

    def _unfound(
        self, asked: Asked, place: Place, asker: Asker, key: str
    ) -> Problem | Reply | Kept | None:
        """What becomes of a request about the thing *key*, which is not there."""
        is_sent = self.resource.sent(self.operation) is not None
        if self.role == "create":
            return self._created(asked, place, asker, key)
        if (
            self.role == "replace"
            and is_sent
            and (self.resource.is_client_named or not self._declares(404))
        ):
            return self._created(asked, place, asker, key)
        if "*" in asked.fields.get("if-match", ()) and self._names(412):
            return self._changed_meanwhile()
        collection = self.store.collection(self.resource, place, asker)
        is_gone = collection.is_gone(key)
        return self._missing(key, is_gone=is_gone) if is_gone or self._declares(404) else None

    def _unmet(self, asked: Asked, found: Found) -> Problem | Reply | None:
        """The answer where a precondition of *asked* does not hold (RFC 9110 §13.1)."""
        tags = ",".join(asked.fields.get("if-match", ())).strip()
        others = ",".join(asked.fields.get("if-none-match", ())).strip()
        if not (tags or others):
            return None
        tag = etag(found)
        is_read = self.operation.method in ("GET", "HEAD")
        if tags and tags != "*" and tag not in map(str.strip, tags.split(",")):
            return self._changed_meanwhile() if self._names(412) else None
        weak = {one.strip().removeprefix("W/") for one in others.split(",")}
        if not others or (others != "*" and tag not in weak):
            return None
        if is_read:
            exact = any(response.status == "304" for response in self.operation.responses)
            return Reply(304, (("ETag", tag),), None) if exact else None
        return self._changed_meanwhile() if self._names(412) else None

    def _changed_meanwhile(self) -> Problem:
        message = f"{self.resource.name}: it is not as the request expects it to be"
        return Problem(412, message, "precondition_failed")

    # What is done

    def _done(self, asked: Asked, found: Found, asker: Asker) -> Problem | Kept | None:
        at = self.resource.sent(self.operation)
        match self.role:
            case "create":
                if self._names(409) and not found.item.is_example:
                    message = f"{self.resource.name}: {found.key[:200]!r} is there already"
                    return Problem(409, message, "already_exists")
                return self._changed(asked, found, asker, self._replaced(asked, found.item))
            case "replace" if at is not None:
                return self._changed(asked, found, asker, self._replaced(asked, found.item))
            case "update" if at is not None:
                try:
                    changed = self._updated(asked, found.item)
                except Unpatchable as fault:
                    status = next((one for one in (409, 422, 400) if self._names(one)), 400)
                    return Problem(status, str(fault), "unpatchable")
                return self._changed(asked, found, asker, changed)
            case "delete":
                return self._deleted(asked, found, asker)
        return self._shown(asked, found)

    def _replaced(self, asked: Asked, before: Item) -> Item:
        """*before* with what was sent in the place of all that a client can set."""
        sent = self._sent(asked)
        if not isinstance(sent, dict) or not isinstance(before.value, dict):
            return replace_item(before, sent, frozenset())
        names, defaults = self._settable()
        rest = {name: one for name, one in before.value.items() if name not in names}
        value = {**rest, **{name: one for name, one in defaults.items()}, **sent}
        return replace_item(before, value, names - value.keys())

    def _updated(self, asked: Asked, before: Item) -> Item:
        """*before*, changed by what was sent: a part of it, or a patch.  Raises Unpatchable."""
        kind = ",".join(asked.fields.get("content-type", ())).lower()
        if "json-patch+json" in kind:
            value = patched(before.value, asked.body)
        else:
            value = merged(before.value, self._sent(asked), removes="merge-patch+json" in kind)
        if not isinstance(value, dict) or not isinstance(before.value, dict):
            return replace_item(before, value, frozenset())
        lost = before.value.keys() - value.keys()
        return replace_item(before, value, (before.absent | lost) - value.keys())

    def _created(self, asked: Asked, place: Place, asker: Asker, key: str | None) -> Kept:
        """An item that is new: *key* is what its client calls it."""
        names, defaults = self._settable()
        sent = self._sent(asked)
        value = {**defaults, **sent} if isinstance(sent, dict) else sent if sent is not None else {}
        absent = names - value.keys() if isinstance(value, dict) else frozenset()
        if key is not None:
            value = self._identified(value, key, None)
        item = Item(value, asked.seed, absent, owner=asker.credentials)
        self.store.collection(self.resource, place, asker)
        made = _Making(self, place, asker, item, key)
        status = None
        if self.role != "create" and any(one.status == "201" for one in self.operation.responses):
            status = 201
        return Kept(
            asked.seed,
            asked.said.of_one,
            partial(self._show, made, status),
            made.finish,
            partial(self._fields, made, asked, status),
            status,
        )

    def _changed(self, asked: Asked, found: Found, asker: Asker, item: Item) -> Kept:
        before = key_of(self.resource, found.item.value)
        item.value = self._identified(item.value, found.key, found.item.value if before else None)
        made = _Making(self, found.place, asker, item, found.key)
        show = partial(self._show, made, None)
        fields = partial(self._fields, made, asked, None)
        return Kept(item.seed, asked.said.of_one, show, made.finish, fields)

    def _identified(self, value: Any, key: str, before: Any) -> Any:
        """*value*, which is to be *key*: what identifies a thing is not changed by what is sent.

        It is as *before*, if there was one, or else what is drawn for the path.
        """
        own = self.resource.identifier
        if not own or not isinstance(value, dict) or key_of(self.resource, value) == key:
            return value
        return (
            without(value, own) if before is None else placed(value, own, pointer.find(before, own))
        )

    def _deleted(self, asked: Asked, found: Found, asker: Asker) -> Kept:
        def finish() -> None:
            asker.session.delete(found.place, found.key)

        def show(entry: MediaType, drawn: Any) -> Any:
            finish()
            return self._with_item(entry, drawn, found.item, self.status)

        return Kept(found.item.seed, asked.said.of_one, show, finish)

    def _shown(self, asked: Asked, found: Found) -> Kept | None:
        """The item as it is, where the answer holds it."""
        if self.resource.item(self.operation, self.status) is None:
            return None

        def show(entry: MediaType, drawn: Any) -> Any:
            return self._with_item(entry, drawn, found.item, self.status)

        return Kept(
            found.item.seed,
            asked.said if self.role == "read" else asked.said.of_one,
            show,
            fields=lambda: (("ETag", etag(found)),),
        )

    def _show(self, made: _Making, status: int | None, entry: MediaType, drawn: Any) -> Any:
        """*drawn* with the item that is *made*, which has its identifier from there."""
        status = self.status if status is None else status
        at = self.resource.item(self.operation, status)
        if at is not None and made.key is None:
            made.name(pointer.find(drawn, pointer_of(at, self.resource.identifier)))
        if at is not None and not made.item.version:
            drawn = self._emptied(entry, drawn, at, made.item)
        made.finish()
        body = self._with_item(entry, drawn, made.item, status)
        made.keep()
        return body

    def _emptied(self, entry: MediaType, drawn: Any, at: str, item: Item) -> Any:
        """*drawn* without the things in a new one: there are none yet that nobody sent."""
        place = pointer.find(drawn, at)
        if not isinstance(place, dict) or not isinstance(item.value, dict) or entry.schema is None:
            return drawn
        for name, member in place.items():
            is_full = isinstance(member, list) and any(isinstance(one, dict) for one in member)
            if is_full and name not in item.value:
                emptied = placed(drawn, pointer.join(at, name), [])
                drawn = emptied if entry.schema.is_valid(emptied) else drawn
        return drawn

    def _with_item(self, entry: MediaType, drawn: Any, item: Item, status: int) -> Any:
        at, schema = self.resource.item(self.operation, status), entry.schema
        if at is None or schema is None:
            return drawn
        known = item.shown.get((schema, at))
        place = pointer.find(drawn, at)

        def is_valid(value: Any) -> bool:
            return schema.is_valid(placed(drawn, at, value))

        value = (
            known
            if known is not None
            else shown(item, place, self._members_at(schema, at), is_valid)
        )
        if known is not None and not is_valid(known):
            value = shown(item, place, self._members_at(schema, at), is_valid)
        item.shown[schema, at] = value
        item.reveal(value)
        return placed(drawn, at, value)

    def _fields(self, made: _Making, asked: Asked, status: int | None) -> Fields:
        fields: list[tuple[str, str]] = []
        if made.key is None:
            return ()
        fields.append(("ETag", etag(Found(made.place, made.key, made.item))))
        if self.role == "create" or status == 201:
            fields += [("Location", one) for one in self._locations(made, asked)]
        return tuple(fields)

    def _locations(self, made: _Making, asked: Asked) -> list[str]:
        """Where the item that was made is: as a path, and as a URL."""
        texts = asked.match.path_parameters
        template = self.operation.template
        own = template.filled(texts)
        base = asked.said.at.removesuffix(own.rstrip("/")) if own != "/" else asked.said.at
        target = path_template(
            self.resource.path, template.declared | {self.resource.parameter or ""}
        )
        values = [*made.place[1], made.key or ""]
        named = {
            name: quote(text, safe="") for name, text in zip(target.names, values, strict=False)
        }
        path = base + target.filled(named)
        host = next(iter(asked.fields.get("host", ())), "example.com")
        return [path, f"http://{host}{path}"]

    # Lists

    def _listed(self, asked: Asked, above: tuple[str, ...] | None, asker: Asker) -> Kept | None:
        at = self.resource.items(self.operation, self.status)
        if at is None:
            return None
        from troth.validation.parameters import read_parameters  # slow to load

        sent = read_parameters(asked.match, asked.request, "query")
        listing = self.resource.listings.get(self.operation) or Listing()
        if self.role == "search" and not self._is_understood(sent, listing):
            return None
        rows = {
            f"{one.place}{one.key}" if above is None else one.key: one.item
            for one in self._rows(above, asker)
        }
        page = page_of(
            [(key, item.value) for key, item in rows.items()],
            listing,
            {**_defaults(self.operation, listing), **sent},
            first_page=_first_page(self.operation, listing),
        )
        items = [rows[key] for key, _ in page.rows]
        is_chosen = not page.total and bool(rows) and not sent.keys().isdisjoint(listing.filters)
        if is_chosen and above is not None and not self._is_makeable():
            return self._more_of(asked, (self.resource.path, above), at, asker)

        def show(entry: MediaType, drawn: Any) -> Any:
            return self._with_items(entry, drawn, at, items, page, asked)

        # what a list is drawn from does not depend on the query: its items are there already
        fields = partial(_fields_of_page, self._declared, listing, page, asked)
        return Kept(asked.seed, asked.said.of_one, show, fields=fields)

    def _is_makeable(self) -> bool:
        """Whether a client can make such an item."""
        return self.resource.is_client_named or "create" in self.resource.operations

    def _more_of(self, asked: Asked, place: Place, at: str, asker: Asker) -> Kept:
        """Items such as are asked for, of which no client can make one: they were always there."""
        collection = self.store.collection(self.resource, place, asker)

        def show(_: MediaType, drawn: Any) -> Any:
            array = pointer.find(drawn, at)
            for index, value in enumerate(array if isinstance(array, list) else ()):
                key = key_of(self.resource, value)
                if key is not None and key not in collection.items:
                    asker.session.put(place, key, Item(value, asked.whole.child("item", index)))
            self.store.sessions.make_room()
            return drawn

        return Kept(asked.whole, asked.said, show)

    def _rows(self, above: tuple[str, ...] | None, asker: Asker) -> Iterator[Found]:
        """All items that a list may show: those in one thing, or in any."""
        if above is None:
            yield from self.store.everywhere(self.resource, asker)
            return
        place = (self.resource.path, above)
        collection = self.store.collection(self.resource, place, asker)
        for key, item in all_items(collection, asker.credentials):
            yield Found(place, key, item)

    def _is_understood(self, sent: Mapping[str, Any], listing: Listing) -> bool:
        """Whether everything is known by which a search chooses."""
        known = {*listing.filters, listing.limit, listing.offset, listing.page, listing.cursor}
        known |= {listing.sort, listing.order, listing.search}
        own = shape_of(self.operation.path)[1]
        above = variables(self.resource.path, self.operation.path)
        return sent.keys() <= known and set(own) <= set(above) and not self.operation.request_body

    def _with_items(
        self,
        entry: MediaType,
        drawn: Any,
        at: str,
        items: Sequence[Item],
        page: Page,
        asked: Asked,
    ) -> Any:
        """*drawn* with *items* in its array at *at*, and with what tells of the *page*."""
        schema, array = entry.schema, pointer.find(drawn, at)
        if schema is None or not isinstance(array, list):
            return drawn
        members = self._members_at(schema, at, is_array=True)

        def is_valid(one: Any) -> bool:
            return schema.is_valid(placed(drawn, at, [one, *array[1:]]))

        values = []
        for index, item in enumerate(items):
            known = item.shown.get((schema, at, "list"))
            if known is None:
                plain = members.of(item.value) if isinstance(item.value, dict) else item.value
                like = array[index % len(array)] if array else {}
                known = plain if is_valid(plain) else shown(item, like, members, is_valid)
                item.shown[schema, at, "list"] = known
            values.append(known)
        body = placed(drawn, at, values)
        if not schema.is_valid(body):
            with suppress(Unsatisfiable):
                return fit(schema, body, seed=asked.seed)
            return drawn
        return self._told(schema, body, at, page, asked)

    def _told(self, schema: Schema, body: Any, at: str, page: Page, asked: Asked) -> Any:
        """*body* with what it tells of the *page* beside its items."""
        listing = self.resource.listings.get(self.operation)
        if not at or listing is None:
            return body
        empty = placed(body, at, [])
        if schema.is_valid(empty):
            said = with_said(schema, empty, replace(asked.said, path={}, body=None))
            body = placed(said, at, pointer.find(body, at))
        if listing.total is not None:
            body = _first_valid(schema, body, listing.total, (page.total, str(page.total)))
        if listing.pages is not None:
            pages = -(-page.total // page.size) if page.size else 1
            body = _first_valid(schema, body, listing.pages, (pages,))
        if listing.more is not None:
            body = _first_valid(schema, body, listing.more, (bool(page.after),))
        if listing.next is not None:
            body = _first_valid(schema, body, listing.next, _next(body, listing, page, asked))
            for at, values in _beside_next(body, listing.next, page, asked):
                body = _first_valid(schema, body, at, values)
        return body


@dataclass(slots=True)
class _Making:
    """An item that is being made or changed, and what it is kept as once it has a *key*."""

    responder: ResourceResponder
    place: Place
    asker: Asker
    item: Item
    key: str | None
    is_done: bool = field(default=False)

    def name(self, drawn: Any) -> None:
        """Take *drawn* as the identifier, or one like it where that is taken."""
        resource = self.responder.resource
        collection = self.asker.session.collections[self.place]
        source = Quick(self.item.seed.child("another"))
        for turn in range(_TURNS):
            value = natural_values.another(drawn, source, turn) if turn else drawn
            key = text_of(value)
            if key is not None and not collection.is_taken(key):
                self.key = key
                if resource.identifier and isinstance(self.item.value, dict):
                    self.item.value = placed(dict(self.item.value), resource.identifier, value)
                return

    def finish(self) -> None:
        """Keep the item, once."""
        if self.is_done:
            return
        if self.key is None:
            self.name(self._drawn())
        if self.key is None:
            # nothing is like it: it cannot be addressed, and is listed all the same
            self.key = f"#{len(self.asker.session.collections[self.place].items)}"
        self.is_done = True
        self.keep()

    def keep(self) -> None:
        """Keep the item as it is now."""
        if self.key is not None:
            self.asker.session.put(self.place, self.key, self.item)
            self.responder.store.sessions.make_room()

    def _drawn(self) -> Any:
        """An identifier such as the path of an item takes."""
        for operations in self.responder.resource.operations.values():
            for operation in operations:
                own = own_parameter(self.responder.resource, operation)
                if own is not None and own.schema is not None:
                    with suppress(Unsatisfiable):
                        seed = self.item.seed.child("identifier")
                        return synthesize(own.schema, seed=seed, name=own.name)
        return self.item.seed.key.hex()[:12]


def session_of(request: Request) -> str:
    """The name of the session that *request* belongs to: that of its field, or of its cookie."""
    name = request.field(SESSION_FIELD)
    if name is None:
        cookies = security.cookies(request.values("Cookie"))
        name = next((text for key, text in cookies if key == SESSION_COOKIE), "")
    return name[:_LONGEST_NAME]


def replace_item(before: Item, value: Any, absent: frozenset[str]) -> Item:
    """*before* with another *value*: the next version of it."""
    return Item(value, before.seed, absent, before.version + 1, before.owner)


def etag(found: Found) -> str:
    """The entity tag of an item as it is now."""
    text = f"{found.place}{found.key}{found.item.version}".encode("utf-8", "surrogatepass")
    return f'"{blake2b(text, key=found.item.seed.key, digest_size=8).hexdigest()}"'


def placed(whole: Any, at: str, value: Any) -> Any:
    """*whole* with *value* at *at*: what is on the way is copied, and made where it is missing."""
    tokens = pointer.split(at)
    if not tokens:
        return value
    first, rest = tokens[0], pointer.of(tokens[1:])
    if isinstance(whole, list) and first.isdigit() and int(first) < len(whole):
        index = int(first)
        return [*whole[:index], placed(whole[index], rest, value), *whole[index + 1 :]]
    inner = whole if isinstance(whole, dict) else {}
    return {**inner, first: placed(inner.get(first), rest, value)}


def pointer_of(at: str, inside: str | None) -> str:
    """The place *inside* what stands at *at*."""
    return at + (inside or "")


def _first_valid(schema: Schema, body: Any, at: str, values: Sequence[Any]) -> Any:
    """*body* with the first of *values* at *at* that may be there."""
    for value in values:
        changed = without(body, at) if value is _NOTHING else placed(body, at, value)
        if schema.is_valid(changed):
            return changed
    return body


_NOTHING = object()


def without(whole: Any, at: str) -> Any:
    """*whole* without the member at *at*."""
    *above, last = pointer.split(at)
    holder = pointer.find(whole, pointer.of(above))
    if not isinstance(holder, dict):
        return whole
    return placed(whole, pointer.of(above), {k: one for k, one in holder.items() if k != last})


#: What may be said of a page that is not there.
_NO_PAGE: tuple[Any, ...] = (None, _NOTHING, "")
#: What a link beside that to the next page leads to, by the words of its name.
_LINKS = {
    words: kind
    for kind, names in {
        "self": "self current", "first": "first", "last": "last", "prev": "prev previous back",
    }.items()
    for name in names.split()
    for words in (words_of(name), *(words_of(f"{name}_{end}") for end in ("url", "page", "link")))
}  # fmt: skip


def _next(body: Any, listing: Listing, page: Page, asked: Asked) -> Sequence[Any]:
    """What may be said of the page behind *page*, best first."""
    if not page.after:
        return _NO_PAGE
    ((name, text),) = page.after.items()
    urls = _urls(asked, page.after)
    tokens: list[Any] = [text, *([int(text)] if text.isdecimal() else [])]
    before = pointer.find(body, listing.next or "")
    is_url = _is_url(before) or name != listing.cursor
    return [*urls, *tokens] if is_url else [*tokens, *urls]


def _beside_next(
    body: Any, at: str, page: Page, asked: Asked
) -> Iterator[tuple[str, Sequence[Any]]]:
    """Where there are links to other pages beside the one at *at*, and what may be said there."""
    tokens = pointer.split(at)
    inner = ("href",) if tokens[-1] == "href" and len(tokens) > 1 else ()
    above = tokens[: -1 - len(inner)]
    holder = pointer.find(body, pointer.of(above))
    for name in tuple(holder) if isinstance(holder, dict) else ():
        kind, where = _LINKS.get(words_of(name)), pointer.of((*above, name, *inner))
        if kind is None or not _is_url(pointer.find(body, where)):
            continue
        leads = {} if kind == "self" else page.others.get(kind, {})
        if leads is not None:
            yield where, _urls(asked, leads)
        else:
            yield pointer.of((*above, name)), _NO_PAGE


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and ("://" in value or value.startswith("/"))


def _urls(asked: Asked, changed: Mapping[str, str]) -> list[str]:
    """Where the list is with the parameters *changed*, best first; without those that are ""."""
    path, _, query = asked.request.target.partition("?")
    pairs = [one for one in query.split("&") if one and one.partition("=")[0] not in changed]
    pairs += [f"{quote(name)}={quote(text, safe='')}" for name, text in changed.items() if text]
    target = f"{path}?{'&'.join(pairs)}" if pairs else path
    host = next(iter(asked.fields.get("host", ())), "")
    return [f"http://{host}{target}", target] if host else [target]


def _fields_of_page(
    declared: DeclaredResponse | None, listing: Listing, page: Page, asked: Asked
) -> Fields:
    """The header fields that tell of *page*: where the next one is, how many items there are."""
    is_paged = listing.page or listing.offset or listing.cursor
    links = [f'<{url}>; rel="next"' for url in _urls(asked, page.after)] if page.after else [""]
    totals = [one.name for one in declared.headers if is_total(one.name)] if declared else []
    return (
        *(("Link", link) for link in links if is_paged),
        *((name, str(page.total)) for name in totals),
    )


def _defaults(operation: Operation, listing: Listing) -> dict[str, Any]:
    """The defaults of what bounds a page."""
    names = (listing.limit, listing.page, listing.offset)
    return {
        each.name: each.schema.prepared["default"]
        for each in operation.parameters
        if each.location == "query"
        and each.name in names
        and each.schema is not None
        and isinstance(each.schema.prepared, dict)
        and "default" in each.schema.prepared
    }


def _first_page(operation: Operation, listing: Listing) -> int:
    """The number of the first page: 0 where that may be asked for."""
    page = next(
        (each for each in operation.parameters if each.name == listing.page and each.schema), None
    )
    return 0 if page is not None and page.schema is not None and _may_be_zero(page.schema) else 1


def _may_be_zero(schema: Schema) -> bool:
    """Whether the document speaks of a page 0: its limit or its default is that."""
    prepared = schema.prepared if isinstance(schema.prepared, dict) else {}
    return bool(prepared.get("default", prepared.get("minimum", 1)) == 0)


def fields_of(declared: DeclaredResponse | None, fields: Fields, own: Fields) -> Fields:
    """*fields* with those of *own* that *declared* has a header for, the first that it takes.

    One that says nothing takes away what there is.
    """
    from troth.validation.parameters import is_field  # slow to load, and few answers have fields

    for header in declared.headers if declared is not None else ():
        texts = [text for name, text in own if name.lower() == header.name.lower()]
        good = next((text for text in texts if text and is_field(header, text)), None)
        rest = tuple(each for each in fields if each[0].lower() != header.name.lower())
        if good is not None:
            fields = (*rest, (header.name, good))
        elif texts == [""] and not header.required:
            fields = rest
    return fields
