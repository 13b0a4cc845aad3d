"""Which items a list shows: filters, search, order, and pages, as its query parameters ask.

What a parameter does, `openapi.resources` says; here it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth import pointer
from troth.openapi.names import words_of
from troth.openapi.resource import Listing
from troth.validation.styles import text_of

_DESCENDING = frozenset({"desc", "descending", "-1", "dsc", "down", "reverse"})
_ASCENDING = frozenset({"asc", "ascending", "1", "up"})

#: A filter that lets everything through, where nothing is called so.
_ANY = ("all", "any", "*")

#: A page that can be followed by another has no more than this.
MOST_ITEMS = 100

#: An item of a list: its identifier as it stands in a path, and its value.
Row = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """The *rows* of a page, of *total*; *after* tells what parameters ask for the next one.

    *size* is how many a page may have, None where all are on the one, and *start* how many are
    before it.  *others* has the parameters for the `first`, the `last` and the previous (`prev`)
    one, None where there is no such page.
    """

    rows: Sequence[Row]
    total: int
    size: int | None
    start: int
    after: Mapping[str, str]
    others: Mapping[str, Mapping[str, str] | None]


def page_of(
    rows: Sequence[Row],
    listing: Listing,
    asked: Mapping[str, Any],
    *,
    first_page: int = 1,
    mark: Callable[[str], str] = str,
) -> Page:
    """The page of *rows* that a query has *asked* for; *first_page* is the number of the first.

    *mark* makes of an identifier the cursor of what is behind it.
    """
    bounded = {name: one for name, one in asked.items() if isinstance(one, dict)}
    inner = {f"{name}[{key}]": one for name, own in bounded.items() for key, one in own.items()}
    for name, place in listing.filters.items():
        if name in asked and name not in bounded:
            chosen = [row for row in rows if _is(pointer.find(row[1], place), asked[name])]
            rows = chosen or ([] if asked[name] not in _ANY else rows)
    for bounds, sign in ((listing.least, 1), (listing.most, -1)):
        for name, place in bounds.items():
            bound = asked.get(name, inner.get(name))
            if bound is not None:
                rows = [one for one in rows if _is_within(one[1], place, bound, sign)]
    wanted = asked.get(listing.search or "")
    if isinstance(wanted, str) and wanted:
        rows = [row for row in rows if wanted.casefold() in _said(row[1])]
    rows = _ordered(rows, listing, asked)
    return _cut(rows, listing, asked, first_page=first_page, mark=mark)


def _is(member: Any, wanted: Any) -> bool:
    """Whether *member* is what is *wanted*, or one of several."""
    if isinstance(wanted, list):
        return any(_is(member, one) for one in wanted)
    if isinstance(member, list):
        return any(_is(one, wanted) for one in member)
    if isinstance(wanted, dict) or isinstance(member, dict) or member is None:
        return bool(member == wanted)
    return text_of(member) == text_of(wanted)


def _is_within(value: Any, place: str, bound: Any, sign: int) -> bool:
    """Whether *value* has at *place* no less than *bound*, or with a negative *sign* no more."""
    there = pointer.find(value, place)
    if there is None:
        return False
    one, other = _rank(there), _rank(bound)
    return bool(one[0] == other[0] and (one >= other if sign > 0 else one <= other))


def _said(value: Any) -> str:
    """All the texts of *value*."""
    return "\n".join(one.casefold() for one in pointer.parts(value) if isinstance(one, str))


def _ordered(rows: Sequence[Row], listing: Listing, asked: Mapping[str, Any]) -> Sequence[Row]:
    wanted = asked.get(listing.sort or "")
    keys = [one for one in (wanted if isinstance(wanted, list) else [wanted]) if one]
    order = str(asked.get(listing.order or "", "")).lower()
    if not keys and order in _DESCENDING:
        return rows[::-1]
    for key in reversed(list(_keys(keys))):
        name, descends = _direction(str(key))
        place = _place(rows, name)
        if place is not None:
            descends = descends if descends is not None else order in _DESCENDING
            ranks = {id(row): _rank(pointer.find(row[1], place)) for row in rows}
            rows = sorted(rows, key=lambda row: ranks[id(row)], reverse=descends)
    return rows


def _keys(keys: Sequence[Any]) -> Iterator[str]:
    """The keys that *keys* are: `name,-age` are two, `name,desc` is one."""
    for key in keys:
        parts = [part.strip() for part in str(key).split(",")]
        for part, behind in zip(parts, [*parts[1:], ""], strict=True):
            if part and part.lower() not in _DESCENDING | _ASCENDING:
                yield f"{part}:{behind}" if behind.lower() in _DESCENDING | _ASCENDING else part


def _direction(key: str) -> tuple[str, bool | None]:
    """The member that *key* names, and whether it asks for a descending order, if it says."""
    if key[:1] in "+-":
        return key[1:], key[0] == "-"
    for mark in (":", " ", ".", "_", "-"):
        name, found, direction = key.rpartition(mark)
        if found and direction.lower() in _DESCENDING | _ASCENDING:
            return name, direction.lower() in _DESCENDING
    return key, None


def _place(rows: Sequence[Row], name: str) -> str | None:
    """Where *rows* have the member *name*, in whatever style: of an object in them, if need be."""
    words = words_of(name)
    values = [value for _, value in rows if isinstance(value, dict)]
    for member in (each for value in values for each in value):
        if words_of(member) == words:
            return pointer.of((member,))
    for value in values:
        for outer, inner in value.items():
            for member in inner if isinstance(inner, dict) else ():
                if words in (words_of(member), words_of(f"{outer} {member}")):
                    return pointer.of((outer, member))
    return None


def _rank(value: Any) -> tuple[int, Any]:
    """Sort key of any value: numbers, then texts in any letter case, then the rest."""
    if isinstance(value, (int, float)):
        return 0, value
    return (1, value.casefold()) if isinstance(value, str) else (2, 0)


def _cut(
    rows: Sequence[Row],
    listing: Listing,
    asked: Mapping[str, Any],
    *,
    first_page: int,
    mark: Callable[[str], str],
) -> Page:
    """The part of *rows* that limit, offset, page or cursor ask for."""
    total = len(rows)
    limit = _count(asked.get(listing.limit or ""))
    if listing.page or listing.offset or listing.cursor:
        limit = MOST_ITEMS if limit is None else min(limit, MOST_ITEMS)
    start = 0
    number = _count(asked.get(listing.page or ""))
    cursor = asked.get(listing.cursor or "")
    if listing.offset is not None and listing.offset in asked:
        start = _count(asked[listing.offset]) or 0
    elif number is not None:
        start = max(0, number - first_page) * (limit or 0)
    elif cursor:
        start = _behind(rows, str(cursor), mark)
    end = total if limit is None else min(total, start + limit)
    part = rows[start:end]
    after: dict[str, str] = {}
    is_last = end >= total or not part
    others: dict[str, dict[str, str] | None] = {"prev": None}
    if listing.cursor is not None:
        others["first"] = {listing.cursor: ""}
        own_mark = "" if is_last else mark(part[-1][0])
        # one that is also that of an earlier item would lead back
        is_good = own_mark != "" and _behind(rows, own_mark, mark) == end
        after = {listing.cursor: own_mark} if is_good else {}
    elif listing.page is not None:
        own = first_page if number is None else number
        last = first_page + max(0, (total - 1) // (limit or 1))
        after = {} if is_last else {listing.page: str(own + 1)}
        others["first"], others["last"] = {listing.page: str(first_page)}, {listing.page: str(last)}
        others["prev"] = {listing.page: str(min(own - 1, last))} if own > first_page else None
    elif listing.offset is not None:
        last = max(0, (total - 1) // (limit or 1)) * (limit or 1)
        after = {} if is_last else {listing.offset: str(end)}
        others["first"], others["last"] = {listing.offset: "0"}, {listing.offset: str(last)}
        others["prev"] = {listing.offset: str(max(0, start - (limit or 0)))} if start else None
    return Page(part, total, limit, start, after, others)


def _behind(rows: Sequence[Row], cursor: str, mark: Callable[[str], str]) -> int:
    """Where in *rows* that is which stands behind *cursor*: at their end, if nothing has that."""
    keys = [key for key, _ in rows]
    if cursor in keys:
        return keys.index(cursor) + 1
    return next((at for at, key in enumerate(keys, 1) if mark(key) == cursor), len(rows))


def _count(value: Any) -> int | None:
    """*value* as a number of things, if it is one."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return max(0, int(value)) if is_number else None
