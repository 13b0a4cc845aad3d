"""What a list shows of the items that are kept, and what it tells of its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from troth import pointer
from troth.generation.values import Unsatisfiable, fit
from troth.http.exchange import Fields
from troth.openapi.listing import is_total
from troth.openapi.names import named, words_of
from troth.openapi.operation import DeclaredResponse, MediaType, Operation, Parameter
from troth.openapi.resource import Listing, Resource
from troth.pointer import put
from troth.schema.schema import Schema
from troth_mock.responding.echo import with_said
from troth_mock.responding.identifiers import cursor_behind
from troth_mock.responding.kept import Asked, addresses, linked, public_target
from troth_mock.responding.resource_store import Found
from troth_mock.storage.listing import Page, page_of
from troth_mock.storage.views import NOTHING, Members, first_valid, members_at, shown


@dataclass(slots=True)
class ItemList:
    """The lists that *operation* answers with: the array of items stands *at* a place of them."""

    operation: Operation
    resource: Resource
    declared: DeclaredResponse | None
    listing: Listing
    at: str
    members: dict[Schema, Members] = field(default_factory=dict)

    def page(self, rows: Mapping[str, Found], sent: Mapping[str, Any]) -> Page:
        """The page of *rows* that is asked for by the query parameters *sent*."""
        return page_of(
            [(key, found.item.value) for key, found in rows.items()],
            self.listing,
            {**_defaults(self.operation, self.listing), **sent},
            first_page=_first_page(self.operation, self.listing),
            mark=partial(cursor_behind, parameter=self._parameter(self.listing.cursor)),
        )

    def _parameter(self, name: str | None) -> Parameter | None:
        """The query parameter that is called *name*."""
        in_query = (each for each in self.operation.parameters if each.location == "query")
        return next((each for each in in_query if each.name == name), None)

    def show(
        self, entry: MediaType, drawn: Any, *, items: Sequence[Found], page: Page, asked: Asked
    ) -> Any:
        """*drawn* with *items* in its array, and with what tells of the *page*."""
        schema, at = entry.schema, self.at
        is_map = self.declared in self.resource.maps
        held = pointer.find(drawn, at)
        if schema is None or not isinstance(held, dict | list) or isinstance(held, dict) != is_map:
            return drawn
        if schema not in self.members:
            place = pointer.join(at, "any") if is_map else at
            self.members[schema] = members_at(schema, place, is_array=not is_map)
        members = self.members[schema]
        array = list(held.values()) if isinstance(held, dict) else held
        keys = [found.key for found in items]

        def with_items(values: list[Any]) -> Any:
            whole = dict(zip(keys, values, strict=False)) if is_map else values
            return put(drawn, at, whole)

        def is_valid(one: Any) -> bool:
            return schema.is_valid(with_items([one, *array[1:]]))

        values = []
        for index, found in enumerate(items):
            item = found.item
            known = item.shown.get((schema, at, "list"))
            if known is None:
                plain = members.of(item.value) if isinstance(item.value, dict) else item.value
                like = array[index % len(array)] if array else {}
                known = plain if is_valid(plain) else shown(item, like, members, is_valid)
                item.shown[schema, at, "list"] = known
            urls = addresses(found, self.resource, asked)[::-1]
            values.append(linked(known, urls, is_valid))
        body = with_items(values)
        if not schema.is_valid(body):
            with suppress(Unsatisfiable):
                return fit(schema, body, seed=asked.seed)
            return drawn
        return self._told(schema, body, page, asked)

    def _told(self, schema: Schema, body: Any, page: Page, asked: Asked) -> Any:
        """*body* with what it tells of the *page* beside its items."""
        listing, at = self.listing, self.at
        if not at:
            return body
        empty = put(body, at, {} if self.declared in self.resource.maps else [])
        if schema.is_valid(empty):
            query = {name: str(one) for name, one in _defaults(self.operation, listing).items()}
            query |= asked.said.query
            said = with_said(schema, empty, replace(asked.said, path={}, query=query, body=None))
            body = put(said, at, pointer.find(body, at))
        if listing.total is not None:
            body = first_valid(schema, body, listing.total, (page.total, str(page.total)))
        if listing.pages is not None:
            pages = -(-page.total // page.size) if page.size else 1
            body = first_valid(schema, body, listing.pages, (pages,))
            number = f"{listing.pages.rpartition('/')[0]}/number"
            if listing.page is not None and isinstance(pointer.find(body, number), int):
                first = _first_page(self.operation, listing)
                own = first + (page.start // page.size if page.size else 0)
                body = first_valid(schema, body, number, (own,))
        if listing.more is not None:
            is_more = page.start + len(page.rows) < page.total
            body = first_valid(schema, body, listing.more, (is_more,))
        if listing.next is not None:
            body = first_valid(schema, body, listing.next, _next(body, listing, page, asked))
        for at, values in _beside(body, listing.more or listing.next or listing.total, page):
            body = first_valid(schema, body, at, values)
        if listing.next is not None:
            for at, values in _beside_next(body, listing.next, page, asked):
                body = first_valid(schema, body, at, values)
        return body

    def fields(self, page: Page, asked: Asked) -> Fields:
        """The header fields that tell of *page*: where the next one is, how many there are."""
        listing, declared = self.listing, self.declared
        is_paged = listing.page or listing.offset or listing.cursor
        links = [f'<{url}>; rel="next"' for url in _urls(asked, page.after)] if page.after else [""]
        totals = [one.name for one in declared.headers if is_total(one.name)] if declared else []
        return (
            *(("Link", link) for link in links if is_paged),
            *((name, str(page.total)) for name in totals),
        )


#: What may be said of a page that is not there.
_NO_PAGE: tuple[Any, ...] = (None, NOTHING, "")
#: Flags that tell whether there are items before those of a page, and whether there are none.
_BEFORE = named("has_prev has_previous has_prev_page has_previous_page has_less")
_IS_FIRST = named("first is_first first_page is_first_page")
#: Flags that tell that there are none behind.
_IS_LAST = named("last is_last last_page is_last_page done is_done end is_end end_of_list finished")
#: How the name of the cursor of the page before begins, and how it ends.
_PREVIOUS, _CURSORS = named("prev previous"), named("cursor iterator token")
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


def _beside(body: Any, at: str | None, page: Page) -> Iterator[tuple[str, Sequence[Any]]]:
    """Where something is told beside *at* of what is before a page, and what may be said there."""
    above = pointer.split(at or "")[:-1]
    holder = pointer.find(body, pointer.of(above))
    for name, value in holder.items() if isinstance(holder, dict) else ():
        where, words = pointer.of((*above, name)), words_of(name)
        if isinstance(value, bool) and words in _BEFORE:
            yield where, (page.start > 0,)
        elif isinstance(value, bool) and words in _IS_FIRST:
            yield where, (page.start == 0,)
        elif isinstance(value, bool) and words in _IS_LAST:
            yield where, (not page.after,)
        elif isinstance(value, str) and words[:1] in _PREVIOUS and words[-1:] in _CURSORS:
            yield where, _NO_PAGE  # there is none that leads back
        elif words == ("start", "cursor") and isinstance(value, str) and page.rows:
            yield where, (page.rows[0][0],)


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
    path, _, query = public_target(asked.request).partition("?")
    pairs = [
        one for one in query.split("&") if one and unquote(one.partition("=")[0]) not in changed
    ]
    pairs += [f"{quote(name)}={quote(text, safe='')}" for name, text in changed.items() if text]
    target = f"{path}?{'&'.join(pairs)}" if pairs else path
    host = next(iter(asked.fields.get("host", ())), "")
    return [f"http://{host}{target}", target] if host else [target]


def _defaults(operation: Operation, listing: Listing) -> dict[str, Any]:
    """The defaults of what bounds a page."""
    names = (listing.limit, listing.page, listing.offset)
    asked = (one for one in operation.parameters if one.location == "query" and one.name in names)
    prepared = {one.name: one.schema.prepared for one in asked if one.schema is not None}
    return {
        name: schema["default"]
        for name, schema in prepared.items()
        if isinstance(schema, dict) and "default" in schema
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
