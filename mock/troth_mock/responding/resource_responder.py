"""What an operation on a resource does to the items that the mock keeps, and what its answer shows.

`ResourceResponder.respond` settles what can be said before a body is drawn: the thing is not
there, it has changed meanwhile, it is there already.  What it gives otherwise, a `Kept`, takes the
drawn body and shows the items in it; only then anything is kept, since an answer may yet fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import unquote

from troth import pointer
from troth.generation.values import synthesize
from troth.http.exchange import Fields
from troth.openapi.fillings import told_at
from troth.openapi.listing import field_mask
from troth.openapi.names import words_of
from troth.openapi.operation import MediaType, Operation
from troth.openapi.paths import shape_of
from troth.openapi.resource import Listing, Resource, Role
from troth.pointer import put
from troth.schema.schema import Schema
from troth_mock.chat.completion import FIXED_TIME
from troth_mock.reply import Reply
from troth_mock.responding import jobs, preconditions, stored_files
from troth_mock.responding.echo import Said
from troth_mock.responding.identifiers import (
    examples_at,
    key_of,
    own_parameter,
    variables,
)
from troth_mock.responding.item_list import ItemList
from troth_mock.responding.kept import (
    Asked,
    Kept,
    Making,
    addresses,
    credentials_of,
    linked,
    session_of,
    tagged,
)
from troth_mock.responding.list_responder import ListResponder
from troth_mock.responding.negotiation import success
from troth_mock.responding.problems import Problem
from troth_mock.responding.resource_store import (
    Asker,
    Found,
    ResourceStore,
    tells_place,
)
from troth_mock.storage import server_side
from troth_mock.storage.sessions import Item, Place, text_of
from troth_mock.storage.views import (
    NOTHING,
    Members,
    Unpatchable,
    first_valid,
    members_at,
    merged,
    patched,
    shown,
    without,
)


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
        self._apart = resource.apart
        self._own = own_parameter(resource, operation)
        self._beside = store.beside(operation, resource)
        body = operation.request_body
        self._taken = next((one for one in body.content if one.schema), None) if body else None
        self._declared = operation.response(status)
        at = resource.items(operation, status)
        listing = resource.listings.get(operation) or Listing()
        self._list = (
            ListResponder(store, role, ItemList(operation, resource, self._declared, listing, at))
            if at is not None
            else None
        )
        self._gives_files = stored_files.may_be_given(operation, self._declared)
        self._members: dict[tuple[Schema | None, str], Members] = {}

    def respond(self, asked: Asked) -> Problem | Reply | Kept | None:
        """What becomes of the request *asked*; None where nothing that is kept has a part in it."""
        asker = self._asker(asked)
        above = self._above(asked)
        lost = self.store.lost_parent(self.resource, above or (), asker)
        if lost is None and self._beside:
            names = shape_of(self.operation.path)[1]
            texts = [unquote(asked.match.path_parameters.get(name, "")) for name in names]
            lost = self.store.lost_beside(self._beside, texts, asker)
        # what was in it went with it, whether the document has an answer for that or not
        is_gone = lost is not None and lost.is_gone and self.role != "delete"
        if lost is not None and (is_gone or self._declares(404)):
            return self._missing(lost.key, name=lost.resource.name)
        if self.role in ("list", "search"):
            return self._list.respond(asked, above, asker) if self._list is not None else None
        if above is None and self.role == "create" and tells_place(self.resource, self.operation):
            return self._created_somewhere(asked, asker)
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
        unmet = preconditions.unmet(asked, found, self.operation, self.resource)
        return unmet or self._file_of(asked, found, asker) or self._done(asked, found, asker)

    def _file_of(self, asked: Asked, found: Found, asker: Asker) -> Reply | None:
        """The file that *asked* reads: of the thing *found*, or of what that is the content of."""
        resource, parent = self.resource, self.resource.parent
        if not self._gives_files:
            return None
        if found.item.file is None and resource.parameter is None and parent is not None:
            *above, key = found.place[1] or ("",)
            held = self.store.find(parent, (parent.path, tuple(above)), key, asker)
            resource, found = (resource, found) if held is None else (parent, held)
        accept = ", ".join(asked.fields.get("accept", ())) or None
        return stored_files.given_back(
            found, resource, self.operation, status=self.status, accept=accept
        )

    # Who asks for what

    def _asker(self, asked: Asked) -> Asker:
        credentials = credentials_of(self.operation, asked.fields, asked.match.query)
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
        """The item in the body, without what no client can set or its schema does not speak of."""
        at = self.resource.sent(self.operation)
        sent = None if at is None else pointer.find(asked.body, at)
        if isinstance(sent, str) and self.shown_members().names:
            return None  # a file: what is told of it is not its content
        if not isinstance(sent, dict) or self._taken is None:
            return sent
        members = self._members_at(self._taken.schema, at or "")
        barred = members.barred
        if members.is_open and members.names:
            # what answers tell and no request names is the server's, whatever else may be sent
            barred |= self.shown_members().names - members.names
        sent = {name: one for name, one in members.of(sent).items() if name not in barred}
        if not self.resource.is_bare(self.operation):
            return sent
        told = self.shown_members(self._apart).names  # and not the file that came with them
        return put({}, self._apart, {name: one for name, one in sent.items() if name in told})

    def _settable(self, place: str = "") -> tuple[frozenset[str], Mapping[str, Any]]:
        """The members that a client can set, at *place* of the thing, and the defaults of some."""
        at = self.resource.sent(self.operation)
        is_bare = self.resource.is_bare(self.operation)
        if at is None or self._taken is None or (is_bare and not place):
            return frozenset(), {}
        sent_at = self.resource.sent_at(self.operation, place)
        members = self._members_at(self._taken.schema, sent_at)
        return members.names, dict(members.defaults)

    def _in_places(self, value: Any, change: Callable[[Any, str], Any]) -> Any:
        """*value*, a thing, after a *change* of its members, and of those that are told apart."""
        value = change(value, "")
        inner = pointer.find(value, self._apart) if self._apart else None
        return put(value, self._apart, change(inner, self._apart)) if inner is not None else value

    def _members_at(self, schema: Schema | None, at: str) -> Members:
        members = self._members.get((schema, at))
        if members is None:
            members = self._members[schema, at] = members_at(schema, at)
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
        # what is there or not, and says nothing of itself, is put without a body
        is_sent = is_sent or self.operation.request_body is None
        collection = self.store.collection(self.resource, place, asker)
        if key in collection.items:
            return self._hidden(key)
        if self.role == "create":
            return self._created(asked, place, asker, key)
        if self.role == "replace" and (
            self.resource.is_client_named
            or self.resource.parameter is None
            or (is_sent and not (self._declares(404) or collection.is_gone(key)))
        ):
            return self._created(asked, place, asker, key)
        if "*" in asked.fields.get("if-match", ()) and self._names(412):
            return preconditions.changed_meanwhile(self.resource)
        is_gone = collection.is_gone(key)
        # to delete it once more comes to the same, where the document has no other answer
        is_settled = self.role == "delete" and not self._names(410)
        is_lost = is_gone or self.store.is_elsewhere(self.resource, place, key, asker)
        is_told = self._declares(404) or (is_lost and not is_settled)
        return self._missing(key, is_gone=is_gone) if is_told else None

    def _hidden(self, key: str) -> Problem | None:
        """What is said to who asks for a thing that was made under another credential."""
        if self._declares(404):
            return self._missing(key)
        status = next((one for one in (403, 409) if self._names(one)), None)
        if status is None:
            return None
        return Problem(status, f"{self.resource.name}: {key[:200]!r} is another's")

    # What is done

    def _done(self, asked: Asked, found: Found, asker: Asker) -> Problem | Kept | None:
        at = self.resource.sent(self.operation)
        is_file = at is None and stored_files.sent_by(asked.request, self.operation) is not None
        match self.role:
            case "replace" | "update" if is_file:
                same = replace_item(found.item, found.item.value, found.item.absent)
                return self._changed(asked, found, asker, same)
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
            case "action" if self.operation.method not in ("GET", "HEAD"):
                return self._acted(asked, found, asker)
        return self._shown(asked, found)

    def _replaced(self, asked: Asked, before: Item) -> Item:
        """*before* with what was sent in the place of all that a client can set."""
        sent = self._sent(asked)
        if not isinstance(sent, dict) or not isinstance(before.value, dict):
            return replace_item(before, sent, frozenset())

        def replaced(value: Any, place: str) -> Any:
            known = pointer.find(before.value, place)
            if not isinstance(value, dict) or not isinstance(known, dict):
                return value
            names, defaults = self._settable(place)
            rest = {name: one for name, one in known.items() if name not in names}
            return {**rest, **defaults, **value}

        value = self._in_places(sent, replaced)
        return replace_item(before, value, self._settable()[0] - value.keys())

    def _updated(self, asked: Asked, before: Item) -> Item:
        """*before*, changed by what was sent: a part of it, or a patch.  Raises Unpatchable."""
        kind = ",".join(asked.fields.get("content-type", ())).lower()
        if "json-patch+json" in kind:
            value = patched(before.value, asked.body)
        else:
            mask, sent, removes = _mask(asked), self._sent(asked), "merge-patch+json" in kind
            if mask and isinstance(sent, dict):
                # what is named and not given is cleared
                sent, removes = {name: sent.get(name) for name in mask}, True
            value = merged(before.value, sent, removes=removes)
        if not isinstance(value, dict) or not isinstance(before.value, dict):
            return replace_item(before, value, frozenset())
        lost = before.value.keys() - value.keys()
        return replace_item(before, value, (before.absent | lost) - value.keys())

    def _created(self, asked: Asked, place: Place, asker: Asker, key: str | None) -> Kept:
        """An item that is new: *key* is what its client calls it."""
        sent = self._sent(asked)

        def with_defaults(value: Any, place: str) -> Any:
            return {**self._settable(place)[1], **value} if isinstance(value, dict) else value

        value = {} if sent is None else self._in_places(sent, with_defaults)
        absent = self._settable()[0] - value.keys() if isinstance(value, dict) else frozenset()
        if key is not None:
            value = self._identified(value, key, None)
        item = Item(value, asked.seed, absent, owner=asker.credentials, is_made=True)
        item = self._with_file(item, asked)
        self.store.collection(self.resource, place, asker)
        made = Making(self.resource, self.store.sessions, place, asker, item, key)
        status = None
        if self.role != "create" and any(one.status == "201" for one in self.operation.responses):
            status = 201
        return Kept(
            asked.seed,
            self._said_of(asked, sent),
            partial(self._show, made, asked, status),
            partial(self._finish, made, asked),
            partial(self._fields, made, asked, status),
            status,
            made,
        )

    def _with_file(self, item: Item, asked: Asked) -> Item:
        """*item* with the file that *asked* sends, if it sends one, and what answers tell of it."""
        file = stored_files.sent_by(asked.request, self.operation)
        if file is not None:
            sent, known = self._sent(asked), item.value if isinstance(item.value, dict) else {}
            names = self.shown_members().names - (sent.keys() if isinstance(sent, dict) else set())
            item.file, item.value = file, {**known, **stored_files.told_of(file, names)}
        return item

    def _created_somewhere(self, asked: Asked, asker: Asker) -> Kept:
        """A new thing of which the answer tells in what it is, and no request."""
        made: list[Kept] = []
        names = zip(
            shape_of(self.resource.path)[1],
            variables(self.resource.path, self.operation.path),
            strict=True,
        )
        above = [pair for pair in names if pair[0] != self.resource.parameter]

        def show(entry: MediaType, drawn: Any) -> Any:
            told = pointer.find(drawn, self.resource.item(self.operation, self.status) or "")
            texts = [
                text_of(pointer.find(told, told_at(told, name) or "/"))
                if own is None
                else unquote(asked.match.path_parameters.get(own, ""))
                for name, own in above
            ]
            known = tuple(text for text in texts if text)
            if len(known) < len(texts):
                return drawn
            place = (self.resource.path, known)
            made.append(self._created(asked, place, asker, self._key(asked)))
            return made[0].show(entry, drawn)

        said = self._said_of(asked, self._sent(asked))
        return Kept(asked.seed, said, show, fields=lambda: made[0].fields() if made else ())

    def _said_of(self, asked: Asked, sent: Any) -> Said:
        """What *asked* says of a new thing, of which *sent* is what a client can set."""
        at = self.resource.sent(self.operation)
        one = asked.said.of_one
        is_whole = at is None or not isinstance(asked.body, dict) or not isinstance(sent, dict)
        return one if is_whole else replace(one, body=put(asked.body, at or "", sent))

    def _changed(self, asked: Asked, found: Found, asker: Asker, item: Item) -> Kept:
        before = key_of(self.resource, found.item.value)
        item = self._with_file(item, asked)
        value = self._identified(item.value, found.key, found.item.value if before else None)
        item.value = self._touched(value, asked, asker)
        made = Making(self.resource, self.store.sessions, found.place, asker, item, found.key)
        show = partial(self._show, made, asked, None)
        fields = partial(self._fields, made, asked, None)
        return Kept(item.seed, asked.said.of_one, show, made.finish, fields)

    def _identified(self, value: Any, key: str, before: Any) -> Any:
        """*value*, which is to be *key*: what identifies a thing is not changed by what is sent.

        It is as *before*, if there was one, or else what is drawn for the path.
        """
        own = self.resource.identifier
        if not own or not isinstance(value, dict) or key_of(self.resource, value) == key:
            return value
        return without(value, own) if before is None else put(value, own, pointer.find(before, own))

    def _acted(self, asked: Asked, found: Found, asker: Asker) -> Kept | None:
        """What becomes of the thing when something is done to it, which the path names."""
        last = re.split("[/:]", re.split("[?#]", self.operation.path, maxsplit=1)[0])[-1]
        before = found.item.value
        verb = f"un{last}" if self.operation.method == "DELETE" else last
        now = self._now(asked, asker)

        def done(value: Any, place: str) -> Any:
            return server_side.done(value, verb, self.shown_members(place).choices, now)

        value = self._in_places(before, done)
        if value == before and stored_files.sent_by(asked.request, self.operation) is None:
            return self._shown(asked, found)
        lost = value.keys() if isinstance(value, dict) else set()
        item = self._with_file(replace_item(found.item, value, found.item.absent - lost), asked)
        if self.resource.item(self.operation, self.status) is not None:
            return self._changed(asked, found, asker, item)
        item.value = self._touched(item.value, asked, asker)
        made = Making(self.resource, self.store.sessions, found.place, asker, item, found.key)

        def show(entry: MediaType, drawn: Any) -> Any:
            made.finish()
            return drawn

        return Kept(asked.seed, asked.said, show, made.finish)

    def shown_members(self, place: str = "") -> Members:
        """The members that answers tell, at *place* of the thing: the operation's, and a read's."""
        names: set[str] = set()
        choices: dict[str, tuple[Any, ...]] = {}
        for operation in (self.operation, *self.resource.operations.get("read", ())):
            status, declared = success(operation)
            at = self.resource.item(operation, status)
            for entry in declared.content if declared is not None and at is not None else ():
                if entry.schema is not None:
                    members = self._members_at(entry.schema, f"{at}{place}")
                    names |= members.names
                    choices = {**members.choices, **choices}
        return Members(frozenset(names), choices=choices)

    def _now(self, asked: Asked, asker: Asker) -> int:
        """The time: where it is fixed, it goes on by a second with everything that is done."""
        return FIXED_TIME + asker.session.changes if asked.now is None else asked.now

    def _touched(self, value: Any, asked: Asked, asker: Asker) -> Any:
        now = self._now(asked, asker)

        def touched(value: Any, place: str) -> Any:
            return server_side.touched(value, now, settable=self._settable(place)[0])

        return self._in_places(value, touched)

    def _deleted(self, asked: Asked, found: Found, asker: Asker) -> Kept:
        def finish() -> None:
            asker.session.delete(found.place, found.key)

        def show(entry: MediaType, drawn: Any) -> Any:
            finish()
            return self._with_item(entry, drawn, found, asked, self.status)

        return Kept(found.item.seed, asked.said.of_one, show, finish)

    def _shown(self, asked: Asked, found: Found) -> Kept | None:
        """The item as it is, where the answer holds it."""
        if self.resource.item(self.operation, self.status) is None:
            return None

        def show(entry: MediaType, drawn: Any) -> Any:
            return self._with_item(entry, drawn, found, asked, self.status)

        return Kept(
            found.item.seed,
            asked.said if self.role == "read" else asked.said.of_one,
            show,
            fields=partial(tagged, found),
        )

    def _show(
        self, made: Making, asked: Asked, status: int | None, entry: MediaType, drawn: Any
    ) -> Any:
        """*drawn* with the item that is *made*, which has its identifier from there."""
        status = self.status if status is None else status
        at = self.resource.item(self.operation, status)
        if at is not None and made.key is None:
            own, schema = at + (self.resource.identifier or ""), entry.schema

            def fits(key: Any) -> bool:
                return schema is None or schema.is_valid(put(drawn, own, key))

            is_shown = schema is not None and bool(examples_at(schema, own))
            made.name(pointer.find(drawn, own), fits, is_shown=is_shown)
        now, is_new = self._now(asked, made.asker), not (made.item.version or made.is_done)
        if at is not None and not made.item.version:
            if entry.schema is not None and key_of(self.resource, pointer.find(drawn, at)):
                # what its path calls otherwise than its answer
                own = at + (self.resource.identifier or "")
                drawn = first_valid(entry.schema, drawn, own, [made.key])
            drawn = self._as_new(entry, drawn, at, made.item, now)
        if at is not None and self._apart and self.role in ("create", "replace"):
            made.item.value = self._completed(entry, drawn, at, made.item.value)
        made.finish()
        found = Found(made.place, made.key or "", made.item)
        body = self._with_item(entry, drawn, found, asked, status)
        if is_new:
            self._read_ahead(made, now)
        made.keep()
        if is_new and status == 202:
            made.tags = tagged(found)
            self._end(made.item, entry, at or "", now)
        return body

    def _end(self, item: Item, entry: MediaType, at: str, now: int) -> None:
        """Let *item*, that was accepted to be done, be done when it is asked for."""

        def ended(part: Any, place: str) -> Any:
            return jobs.ended(part, self._members_at(entry.schema, at + place), now)

        item.value = self._in_places(item.value, ended)
        item.version += 1
        item.shown.clear()

    def _finish(self, made: Making, asked: Asked) -> None:
        """Keep what is *made*, of which the answer shows nothing."""
        if not made.is_done:
            now = self._now(asked, made.asker)
            made.finish()
            form = self._read_ahead(made, now)
            made.keep()
            if form is not None and self.status == 202:
                self._end(made.item, *form, now)

    def _read_ahead(self, made: Making, now: int) -> tuple[MediaType, str] | None:
        """Settle what the new thing will be read as: what is done to it has to change that.

        It is returned in which media type it is read, and where it stands there.
        """
        item, place = made.item, made.place
        texts = (*place[1], made.key or "") if self.resource.parameter else place[1]
        operation = next(iter(self.resource.operations.get("read", ())), None)
        status, declared = success(operation) if operation is not None else (0, None)
        at = self.resource.item(operation, status) if operation is not None else None
        entry = next((one for one in declared.content if one.is_json), None) if declared else None
        schema = entry.schema if entry is not None else None
        if operation is None or entry is None or schema is None or at is None:
            return None
        members = self._members_at(schema, at)
        known = item.value.keys() if isinstance(item.value, dict) else set()
        drawn = None if members.names <= known | item.absent else self.store.drawn(operation, texts)
        if drawn is not None and isinstance(pointer.find(drawn.value, at), dict):
            body = self._as_new(entry, drawn.value, at, item, now)

            def is_valid(value: Any) -> bool:
                return schema.is_valid(put(body, at, value))

            item.reveal(shown(item, pointer.find(body, at), members, is_valid))
        return entry, at

    def _as_new(self, entry: MediaType, drawn: Any, at: str, item: Item, now: int) -> Any:
        """*drawn*, in which the *item* is new."""
        drawn = self._begun(entry, drawn, at, item, now)
        if self._apart:
            drawn = self._begun(entry, drawn, at, item, now, place=self._apart)
        return drawn

    def _begun(
        self, entry: MediaType, drawn: Any, at: str, item: Item, now: int, *, place: str = ""
    ) -> Any:
        """*drawn*, in which the *item* is new: what nobody sent is not in it, or begins.

        That is so of the members at *place* of the item.
        """
        at, known, schema = at + place, pointer.find(item.value, place), entry.schema
        members, known = pointer.find(drawn, at), {} if known is None else known
        if not isinstance(members, dict) or not isinstance(known, dict) or schema is None:
            return drawn
        absent = self._settable(place)[0] if place else item.absent
        choices = self._members_at(schema, at).choices
        for name, member in members.items():
            if name in known or name in absent:
                continue
            if isinstance(member, list):
                values: list[Any] = [[]] if any(isinstance(one, dict) for one in member) else []
            else:
                states = choices.get(name, ())
                values = list(server_side.at_first(name, member, states, now))
            drawn = first_valid(schema, drawn, pointer.join(at, name), values)
        return drawn

    def _completed(self, entry: MediaType, drawn: Any, at: str, value: Any) -> Any:
        """*value*, a new thing, with what only a server tells of what is told apart in *drawn*."""
        told = pointer.find(drawn, at + self._apart)
        known = pointer.find(value, self._apart)
        if not isinstance(told, dict) or not isinstance(known, dict):
            return value
        names = self._settable(self._apart)[0]
        place = at + self._apart
        body = put(drawn, place, {**told, **known})
        if entry.schema is None or not entry.schema.is_valid(body):
            return value
        for name in [name for name in told if name in names and name not in known]:
            body = first_valid(entry.schema, body, pointer.join(place, name), (NOTHING, None))
        return put(value, self._apart, pointer.find(body, place))

    def _with_item(
        self, entry: MediaType, drawn: Any, found: Found, asked: Asked, status: int
    ) -> Any:
        item = found.item
        at, schema = self.resource.item(self.operation, status), entry.schema
        if at is None or schema is None:
            return drawn
        known = item.shown.get((schema, at))
        place = pointer.find(drawn, at)

        def is_valid(value: Any) -> bool:
            return schema.is_valid(put(drawn, at, value))

        value = known
        if known is None or not is_valid(known):
            members = self._members_at(schema, at)
            value = shown(item, place, members, is_valid)
            if at == "" and members.has_other_choices(value, item.value):
                # it was drawn as another alternative than what it is
                owner = asked.said.owner
                other = synthesize(schema, seed=item.seed, name=owner, given=item.value)
                value = shown(item, other, members, is_valid)
        item.shown[schema, at] = value
        item.reveal(value)
        urls = addresses(found, self.resource, asked)[::-1]
        return put(drawn, at, linked(value, urls, is_valid))

    def _fields(self, made: Making, asked: Asked, status: int | None) -> Fields:
        if made.key is None:
            return ()
        found = Found(made.place, made.key, made.item)
        fields = [*(made.tags or tagged(found))]
        if self.role == "create" or status == 201:
            fields += [("Location", one) for one in addresses(found, self.resource, asked)]
        return tuple(fields)


def replace_item(before: Item, value: Any, absent: frozenset[str]) -> Item:
    """*before* with another *value*: the next version of it."""
    version, owner, file = before.version + 1, before.owner, before.file
    return Item(value, before.seed, absent, version, owner, is_made=before.is_made, file=file)


def _mask(asked: Asked) -> tuple[str, ...]:
    """The members that alone are to be changed, as a field mask in the query names them."""
    mask = field_mask(asked.match.operation)
    texts = [asked.said.query.get(mask.name, "")] if mask is not None else []
    paths = (path.strip() for text in texts for path in text.split(","))
    names = tuple(path.partition(".")[0] for path in paths if path)
    return () if "*" in names else names
