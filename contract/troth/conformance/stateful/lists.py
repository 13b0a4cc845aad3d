"""Checks of lists: limits, pages, filters and searches that do nothing, numbers of items that are
wrong, items as they were before, or of another.  Orders are `orders`' affair.

What a parameter of a list does is told from its name (`openapi.listing`), so that these are
warnings.  Only what no reading of the parameter explains is told: a server may give less than was
asked for, match a part of a text, read a number as a bound, sort as its language does, and know
nothing yet of what was just created.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from troth import pointer as pointers
from troth.conformance.stateful import paging
from troth.conformance.stateful.changes import change
from troth.conformance.stateful.comparison import Difference, differences, same
from troth.conformance.stateful.items import Answer, Item, Listed, at, names_in, same_id
from troth.conformance.stateful.life_cycle import current, named, own_name
from troth.conformance.stateful.trial import LIST_PATIENCE, Check, Trial
from troth.conformance.stateful.volatile import lasting
from troth.generation.request_writer import UNSET
from troth.http import json_text
from troth.openapi.listing import is_total
from troth.openapi.names import words_of
from troth.openapi.operation import Operation, Parameter
from troth.openapi.resources import Listing, Role
from troth.openapi.schema_view import is_list, values_of
from troth.violation import Severity

_NUMERIC = re.compile(r"[+-]?\d+(?:\.\d*)?")

#: So many items there are when a list is looked at, if they can be made.
_ITEMS = 4
#: A list that is longer than this is looked at no closer.
_LONGEST = 100
#: So many pages a list is cut into, and so many are followed at most.
_CUT, _PAGES = 3, 8
#: So many filters and orders of one list are tried.
TRIED = 8
#: What no item is expected to have in it.
NOWHERE = "qzxvkwj"
#: A link that leads here leads somewhere else than to a page.
_DEAD = frozenset({400, 404, 405, 410, 422})


async def known_list(trial: Trial) -> tuple[Item | None, Listed | None]:
    """One of some items that were made, and the list that they are in."""
    made = await trial.several(_ITEMS) if trial.can("create") else []
    item = made[0] if made else None
    if item is None and "{" in (trial.resource.collection or ""):
        return None, None  # nobody knows what it would be below
    return item, await trial.listed(item, pages=_PAGES)


def query_parameter(operation: Operation, name: str | None) -> Parameter | None:
    """The query parameter of *operation* that is called *name*."""
    for each in operation.parameters:
        if (each.location, each.name) == ("query", name):
            return each
    return None


def takes(parameter: Parameter, value: Any) -> bool:
    """Whether the document lets *parameter* be *value*."""
    return parameter.schema is None or parameter.schema.is_valid(value)


def _name(trial: Trial, entry: Any) -> bytes:
    """What tells an entry of a list from the others."""
    names = _own_names(trial, entry)
    if UNSET in names:
        return json_text.canonical(entry)
    return json_text.canonical(names if len(names) > 1 else names[0])


def _own_names(trial: Trial, entry: Any) -> list[Any]:
    subject = trial.subject("list")
    path = subject.operation.path if subject is not None else trial.resource.path
    return names_in(entry, trial.resource, path)


def _have_names(trial: Trial, page: Sequence[Any]) -> bool:
    """Whether each entry of *page* tells what it is called by."""
    return not any(UNSET in _own_names(trial, entry) for entry in page)


def _names(trial: Trial, page: Sequence[Any]) -> list[bytes]:
    return [_name(trial, entry) for entry in page]


# -- pages ----------------------------------------------------------------------------------------


async def pages(trial: Trial) -> None:
    """A list gives so many items as it is asked for, and every page others than the one before."""
    listing = trial.resource.listing
    item, whole = await known_list(trial)
    if listing is None or whole is None:
        return
    _twice(trial, whole)
    await _stray(trial, whole, listing)
    query, limit = _cut(whole, listing)
    if limit is None and len(whole.answers) < 2:
        await _steps(trial, item, whole=whole, listing=listing)
        return
    walk = await trial.listed(item, query=query, pages=_PAGES) if limit is not None else whole
    if walk is None:
        return
    if walk is not whole:
        await _stray(trial, walk, listing)
    broken = _refused(trial, walk, listing)
    found = [page for page in map(trial.page, walk.answers) if page is not None]
    if limit is not None and _too_many(trial, walk, found, limit=limit):
        return
    if broken is not None:
        _dead(trial, broken, walk.last)
    elif not _repeats(trial, walk, found) and not _is_endless(trial, walk, found, listing):
        await _lost(trial, item, whole=whole, walk=walk, limit=limit)


def _twice(trial: Trial, whole: Listed) -> None:
    """Tell of an item that one page has twice."""
    for answer in whole.answers:
        page = trial.page(answer) or []
        if not _have_names(trial, page):
            return
        names = _names(trial, page)
        for index, name in enumerate(names):
            if name in names[:index] and page[index] == page[names.index(name)]:
                message = f"{answer.line} has the item {name.decode()} twice"
                trial.tell("list.item-repeated", message, by=answer, severity="warning")
                return


def _cut(whole: Listed, listing: Listing) -> tuple[dict[str, Any], int | None]:
    """The query that asks for pages of a few items each, and how many those are."""
    count = len(whole.items)
    parameter = query_parameter(whole.last.operation, listing.limit)
    if parameter is None or count < 2:
        return {}, None
    fewest = max(1, -(-min(count, _LONGEST) // _CUT)) if count > _CUT else 1
    for size in range(fewest, min(count, _LONGEST)):
        if takes(parameter, size):
            return {parameter.name: size}, size
    return {}, None


async def _stray(trial: Trial, walk: Listed, listing: Listing) -> None:
    """Tell of a link to the next page that leads past what the server stands below."""
    for answer in walk.answers[:1]:
        link = paging.next_link(answer.response, answer.body, listing)
        url = await paging.strays(trial, link, answer) if link is not None else None
        if url is not None:
            message = f"{answer.line} says that the next page is {link!r}: at {url} there is none"
            trial.tell("list.next-dead", message, by=answer, severity="warning")


def _refused(trial: Trial, walk: Listed, listing: Listing) -> Answer | None:
    """The last answer, if it refuses the page that the one before it says that there is."""
    last, before = trial.answers[-1], walk.last
    if last is before or last.operation is not before.operation:
        return None
    if last.status not in _DEAD and last.status < 500:
        return None
    if _leads_away(trial, before, listing, last):
        return None
    # behind the last page there may be nothing, and a server may say so
    return last if _says_more(before, listing, seen=len(walk.items)) else None


def _is_endless(trial: Trial, walk: Listed, found: list[list[Any]], listing: Listing) -> bool:
    """Tell of a last page that is its own next one, and of pages of nothing without an end."""
    last, target = walk.last, walk.last.case.request.target
    if listing.more is not None and at(last.body, listing.more) is False:
        return False  # a feed says where to go on when there is more
    link = paging.next_link(last.response, last.body, listing)
    is_itself = link is not None and paging.own_target(trial.session, link, target) == target
    token = at(last.body, listing.next)
    is_token = token not in (UNSET, None, "")
    asked_for = dict(parse_qsl(target.partition("?")[2])).get(listing.cursor or "")
    if is_itself or (is_token and asked_for == str(token)):
        message = f"{last.line} says that the next page is itself"
    elif len(found) > 2 and is_token and not any(found[-2:]):
        message = f"{last.line} has nothing, as the page before, and says that there is a next one"
    else:
        return False
    trial.tell("list.next-dead", message, by=last, severity="warning")
    return True


def _leads_away(trial: Trial, before: Answer, listing: Listing, last: Answer) -> bool:
    """Whether the link of *before*, which led to *last*, is one of another server's paths.

    A gateway in front of the server under test may have other paths than that itself.
    """
    link = paging.next_link(before.response, before.body, listing)
    paths = {one.case.request.target.partition("?")[0] for one in (before, last)}
    return link is not None and paging.is_elsewhere(trial.session, link) and len(paths) > 1


def _says_more(answer: Answer, listing: Listing, *, seen: int) -> bool:
    """Whether *answer* itself says that there is more than was *seen*."""
    if paging.next_link(answer.response, answer.body, listing) is not None:
        return True
    total = at(answer.body, listing.total)
    is_counted = isinstance(total, int) and total > seen
    return is_counted or at(answer.body, listing.next) not in (UNSET, None, "")


def _dead(trial: Trial, broken: Answer, before: Answer) -> None:
    """Tell that what the answer *before* said of the next page leads to *broken*."""
    message = f"what {before.line} says of the next page leads to {broken.line}: {broken.status}"
    trial.tell("list.next-dead", message, by=broken, severity="warning", alone=True)


def _too_many(trial: Trial, walk: Listed, found: list[list[Any]], *, limit: int) -> bool:
    for answer, page in zip(walk.answers, found, strict=False):
        if len(page) > limit:
            message = f"{answer.line} has {len(page)} items: it was asked for at most {limit}"
            trial.tell("list.limit-ignored", message, by=answer, severity="warning")
            return True
    return False


def _repeats(trial: Trial, walk: Listed, found: list[list[Any]]) -> bool:
    """Tell of a page that has items of the page before it."""
    for answer, before, page in zip(walk.answers[1:], found, found[1:], strict=False):
        names, others = _names(trial, page), _names(trial, before)
        # what is taken for a name may be that of something else: the same item is the same all over
        again = [
            name
            for name, entry in zip(names, page, strict=True)
            if name in others and entry in before
        ]
        is_same = len(again) == len(names) and names == others
        # what has no name may be like another
        is_sure = _have_names(trial, page) or (is_same and len(set(names)) > 1)
        if again and is_sure:
            count = len(again)
            what = "is the page before it once more" if is_same else f"has {count} of its items"
            message = f"{answer.line}, the page after {walk.answers[0].line}, {what}"
            trial.tell("list.page-repeated", message, by=answer, severity="warning")
            return True
    return False


async def _lost(
    trial: Trial, item: Item | None, *, whole: Listed, walk: Listed, limit: int | None
) -> None:
    """Tell of items that the list has in one piece, and in none of its pages."""
    listing = trial.resource.listing
    if listing is None or whole is walk:
        return
    start, count = walk.answers[0], len(whole.items)
    total, page = at(start.body, listing.total), trial.page(start) or []
    is_number = isinstance(total, int) and not isinstance(total, bool)
    if whole.is_whole and is_number and 0 < total < count and total <= len(page):
        message = f"{start.line} says that there are {total}: there are {count}"
        place = listing.total or ""
        trial.tell("list.total-wrong", message, by=start, severity="warning", pointer=place)
        return
    if is_number and total < count:
        return  # it counts no further, and who believed it has read no further
    seen = set(_names(trial, walk.items))
    missing = [name for name in _names(trial, whole.items) if name not in seen]
    is_over = trial.answers[-1] is walk.last and 1 < len(walk.answers) < _PAGES
    # a page that is shorter than asked for is the last one, or as long as pages ever are
    is_sure = len(page) == limit or _says_more(start, listing, seen=len(page))
    if not (missing and is_over and is_sure):
        return
    if await _begins_at_zero(trial, item, listing=listing, walk=walk):
        return
    again = await trial.listed(item, pages=_PAGES)
    if again is None or _names(trial, again.items) != _names(trial, whole.items):
        return  # it has no order, so that nobody can say what comes next
    message = (
        f"the pages that begin with {walk.answers[0].line} lack {missing[0].decode()}, "
        f"which {whole.answers[0].line} has"
    )
    trial.tell("list.page-skips", message, by=walk.last, severity="warning")


async def _begins_at_zero(
    trial: Trial, item: Item | None, *, listing: Listing, walk: Listed
) -> bool:
    """Whether the second page may have been taken for the third: pages may count from 0."""
    if listing.page is None or at(walk.answers[0].body, listing.next) not in (UNSET, None, ""):
        return False
    query = {listing.page: 1}
    if listing.limit is not None:
        query[listing.limit] = len(trial.page(walk.answers[0]) or ()) or 1
    first = await trial.listed(item, query=query, pages=1)
    return first is None or _names(trial, first.items) != _names(
        trial, trial.page(walk.answers[0]) or ()
    )


async def _steps(trial: Trial, item: Item | None, *, whole: Listed, listing: Listing) -> None:
    """A list that has one page all the same begins later where it is asked to."""
    page, steps = trial.page(whole.answers[0]) or [], {listing.offset: 1, listing.page: 2}
    for name, value in steps.items():
        parameter = query_parameter(whole.last.operation, name)
        if parameter is None or len(page) < 2 or not takes(parameter, value):
            continue
        later = await trial.listed(item, query={parameter.name: value}, pages=1)
        if later is not None and later.items and list(later.items) == page:
            message = f"{later.last.line} has the same items as {whole.answers[0].line}"
            trial.tell("list.page-repeated", message, by=later.last, severity="warning")


# -- filters and searches -------------------------------------------------------------------------


async def filters(trial: Trial) -> None:
    """A list that is asked for items of one kind has those, and no others."""
    listing = trial.resource.listing
    bounds = [*listing.least.items(), *listing.most.items()] if listing is not None else []
    if listing is None or not (listing.filters or listing.search or bounds):
        return
    item, whole = await known_list(trial)
    if whole is None or len(whole.items) < 2:
        return
    for name, place in list(listing.filters.items())[:TRIED]:
        parameter = query_parameter(whole.last.operation, name)
        if parameter is not None:
            await _filter(trial, item, whole=whole, parameter=parameter, place=place)
    for name, place in bounds[:TRIED]:
        parameter = query_parameter(whole.last.operation, name)
        if parameter is not None:
            sign = 1 if name in listing.least else -1
            await _bound(trial, item, whole=whole, parameter=parameter, place=place, sign=sign)
    parameter = query_parameter(whole.last.operation, listing.search)
    if parameter is not None and takes(parameter, NOWHERE):
        found = await trial.listed(item, query={parameter.name: NOWHERE}, pages=1)
        page = trial.page(whole.answers[0])
        if found is not None and list(found.items) == page:
            message = f"{found.last.line} has every item, and none of them has {NOWHERE!r} in it"
            trial.tell("list.search-ignored", message, by=found.last, severity="warning")


async def _filter(
    trial: Trial, item: Item | None, *, whole: Listed, parameter: Parameter, place: str
) -> None:
    value = _told_apart(whole, place, parameter)
    if value is UNSET and item is not None and at(item.sent, place) is not UNSET:
        if await _add_other(trial, item, parameter=parameter, place=place, whole=whole):
            whole = await trial.listed(item, pages=_PAGES) or whole
        value = _told_apart(whole, place, parameter)
    if value is UNSET:
        return
    found, wrong = await _others(trial, item, value=value, parameter=parameter, place=place)
    if found is None:
        return
    # one that is true may let others in, one that is false may be as good as none
    if wrong and isinstance(value, bool):
        _, more = await _others(trial, item, value=not value, parameter=parameter, place=place)
        wrong = wrong if more else []
    if wrong:
        message = f"{found.last.line} has an item of which {place} is {shown(wrong[0])}"
        trial.tell("list.filter-ignored", message, by=found.last, severity="warning")
    elif not found.items and found.is_whole and _is_choice(parameter, value):
        message = f"{found.last.line} has nothing, and {whole.answers[0].line} has such items"
        trial.tell("list.filter-loses", message, by=found.last, severity="warning")


async def _bound(
    trial: Trial, item: Item | None, *, whole: Listed, parameter: Parameter, place: str, sign: int
) -> None:
    """A list of what has at least so much, or at the most, has nothing that is beyond it."""
    sizes = _sizes([at(one, place) for one in whole.items])
    known = sorted({size: value for _, size, value in sizes}.items(), key=lambda one: one[0])
    if len(known) < 2 or len({kind for kind, _, _ in sizes}) > 1:
        return
    size, bound = known[len(known) // 2] if sign > 0 else known[(len(known) - 1) // 2]
    if not takes(parameter, bound):
        return
    found = await trial.listed(item, query={parameter.name: bound}, pages=_PAGES)
    there = [at(one, place) for one in found.items] if found is not None else []
    beyond = [
        value
        for kind, own, value in _sizes(there)
        if kind == sizes[0][0] and _is_beyond(own, size, sign)
    ]
    # "after" the last one there is nothing
    is_inside = any(_is_beyond(size, own, sign) for own, _ in known)
    if found is not None and beyond:
        message = f"{found.last.line} has an item of which {place} is {shown(beyond[0])}"
        trial.tell("list.filter-ignored", message, by=found.last, severity="warning")
    elif found is not None and found.is_whole and not there and is_inside:
        message = f"{found.last.line} has nothing, and {whole.answers[0].line} has such items"
        trial.tell("list.filter-loses", message, by=found.last, severity="warning")


def _sizes(values: list[Any]) -> list[tuple[str, Any, Any]]:
    """How much each of *values* is, and of what kind: a number, in a text too, or a moment."""
    found: list[tuple[str, Any, Any]] = []
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            continue
        if _NUMERIC.fullmatch(text := str(value)):
            found.append(("number", Decimal(text), value))
        elif isinstance(value, str):
            with suppress(ValueError):
                moment = datetime.fromisoformat(value)
                found.append(("local" if moment.tzinfo is None else "zoned", moment, value))
    return found


def _is_beyond(one: Any, bound: Any, sign: int) -> bool:
    """Whether *one* is below *bound* (with a *sign* of -1: above); moments by a second at least."""
    gap = bound - one if sign > 0 else one - bound
    return gap >= timedelta(seconds=1) if isinstance(gap, timedelta) else bool(gap > 0)


async def _add_other(
    trial: Trial, item: Item, *, parameter: Parameter, place: str, whole: Listed
) -> bool:
    """Make an item like *item* but for another of the few values at *place* than *whole* has.

    Whether it was made.
    """
    there, values = at(whole.items[0], place), values_of(parameter)
    other = next((value for value in values if not _matches(there, value)), UNSET)
    if other is UNSET or not any(_matches(there, value) for value in values):
        return False
    but = {place: other}
    # where two may not be alike in something else, another that is drawn will do
    made = await trial.create(like=item, but=but) or await trial.create(but=but)
    return made is not None


async def _others(
    trial: Trial, item: Item | None, *, value: Any, parameter: Parameter, place: str
) -> tuple[Listed | None, list[Any]]:
    """The list that is asked for *value*, and what it has at *place* that is not meant by that."""
    found = await trial.listed(item, query={parameter.name: asked(parameter, value)}, pages=1)
    return found, _wrong(found.items if found is not None else (), place, value)


def asked(parameter: Parameter, value: Any) -> Any:
    """*value* as *parameter* has it: by itself, or as the only one of a list."""
    return [value] if is_list(parameter) else value


def _wrong(items: Sequence[Any], place: str, value: Any) -> list[Any]:
    """What *items* have at *place* that no reading of a filter by *value* lets in."""
    there = [at(one, place) for one in items]
    wrong = [one for one in there if one is not UNSET and not _matches(one, value)]
    return wrong if _is_no_bound(wrong, value) else []


async def searches(trial: Trial) -> None:
    """What is searched by a member has that member, as in `GET /pets/findByStatus?status=sold`."""
    item = await trial.item() if trial.can("create") else None
    for operation in trial.resource.operations.get("search", ()):
        listing = trial.resource.listings.get(operation)
        for name, place in (listing.filters if listing is not None else {}).items():
            parameter = query_parameter(operation, name)
            if operation.method == "GET" and parameter is not None:
                await _search(trial, item, operation=operation, parameter=parameter, place=place)


async def _search(
    trial: Trial, item: Item | None, *, operation: Operation, parameter: Parameter, place: str
) -> None:
    values = list(values_of(parameter))[:_CUT]
    if not values and item is not None:
        values = [value for value in [at(item.current, place)] if isinstance(value, str) and value]
    for value in values:
        if not takes(parameter, asked(parameter, value)):
            continue
        query = {parameter.name: asked(parameter, value)}
        answer = await trial.send(operation, item=item, query=query)
        wrong = _wrong(trial.page(answer) or (), place, value)
        if answer is not None and wrong:
            message = f"{answer.line} has an item of which {place} is {shown(wrong[0])}"
            trial.tell("list.filter-ignored", message, by=answer, severity="warning")
            return


def _told_apart(whole: Listed, place: str, parameter: Parameter) -> Any:
    """A value that some items have at *place* and others have not; UNSET where there is none."""
    values = [at(entry, place) for entry in whole.items]
    known = [value for value in values if value is not UNSET and value is not None]
    for value in known:
        chosen = value[0] if isinstance(value, list) and value else value
        if isinstance(chosen, (list, dict)) or chosen == "":
            continue
        others = [other for other in known if not _matches(other, chosen)]
        is_taken = takes(parameter, asked(parameter, chosen))
        if others and is_taken and _is_no_bound(others, chosen):
            return chosen
    return UNSET


def _is_choice(parameter: Parameter, value: Any) -> bool:
    """Whether *value* is one of a few, so that it can only mean what items have."""
    return isinstance(value, bool) or value in values_of(parameter)


def _matches(there: Any, wanted: Any) -> bool:
    """Whether an item that has *there* may be meant by *wanted*: texts may match in part."""
    if isinstance(there, list):
        return any(_matches(each, wanted) for each in there)
    if isinstance(there, str) and isinstance(wanted, str):
        one, other = " ".join(there.casefold().split()), " ".join(wanted.casefold().split())
        return one in other or other in one or bool({*one.split()} & {*other.split()})
    return str(there).casefold() == str(wanted).casefold()


def _is_no_bound(others: Sequence[Any], value: Any) -> bool:
    """Whether *others* cannot be those from *value* on, or up to it, as a bound would have them."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return True
    if isinstance(value, str):
        is_moment = len(value) >= 10 and value[:4].isdigit() and value[4:5] == "-"
        if not is_moment:
            return True
        others = [other for other in others if isinstance(other, str)]
    else:
        others = [one for one in others if isinstance(one, (int, float)) and one is not True]
    return any(other < value for other in others) and any(other > value for other in others)


def shown(value: Any) -> str:
    """*value* as a sentence has it."""
    text = json_text.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}…"


# -- how many there are -------------------------------------------------------------------------


async def totals(trial: Trial) -> None:
    """The number of all items follows what is created and what is deleted."""
    before = await _counted(trial, await trial.item())
    item = await trial.create() if before is not None else None
    after = await _counted(trial, item) if item is not None else None
    if item is None or before is None or after is None or not after[0].having(item):
        return
    if _is_stale(trial, before, after) and await trial.patience(LIST_PATIENCE):
        after = await _counted(trial, item) or after
    if _tell_stale(trial, before, after) or not trial.can("delete"):
        return
    gone = await trial.delete(item)
    others = trial.items()
    left = await _counted(trial, others[0]) if gone is not None and others else None
    if left is None or gone is None or not gone.succeeded or left[0].having(item):
        return
    if _is_stale(trial, after, left) and await trial.patience(LIST_PATIENCE):
        left = await _counted(trial, others[0]) or left
    _tell_stale(trial, after, left)


_Counted = tuple[Listed, int]


async def _counted(trial: Trial, item: Item | None) -> _Counted | None:
    """A list that is known whole, and the number of all items that it tells."""
    found = await trial.listed(item, pages=_PAGES) if item is not None else None
    if found is None or len(found.answers) > 1 or not _have_names(trial, found.items):
        return None
    answer, listing = found.last, trial.resource.listing
    total = at(answer.body, listing.total) if listing is not None else UNSET
    for name, text in answer.response.fields:
        if total is UNSET and is_total(name) and text.strip().isdigit():
            total = int(text)
    is_number = isinstance(total, int) and not isinstance(total, bool)
    return (found, total) if is_number and found.items else None


def _is_stale(trial: Trial, before: _Counted, after: _Counted) -> bool:
    """Whether the number is what it was, and the items are others.

    It was right before, so that it is of nothing else: of pages, of an estimate.
    """
    names, others = (set(_names(trial, each[0].items)) for each in (before, after))
    was_right = before[1] == len(before[0].items) == len(names)
    return was_right and after[1] == before[1] and abs(len(names ^ others)) == 1


def _tell_stale(trial: Trial, before: _Counted, after: _Counted) -> bool:
    if not _is_stale(trial, before, after):
        return False
    answer, count = after[0].last, len(after[0].items)
    message = f"{answer.line} says that there are {after[1]}, as before: there are {count}"
    trial.tell("list.total-wrong", message, by=answer, severity="warning")
    return True


# -- what it has of an item -----------------------------------------------------------------------


async def up_to_date(trial: Trial) -> None:
    """A list has an item as it is, and not as it was before a change."""
    item = await trial.item()
    if item is None or await current(trial, item) is None:
        return
    before, made = item.current, await change(trial, item)
    answer = await trial.update(item, made.body) if made is not None else None
    after = await trial.read(item) if answer is not None and answer.succeeded else None
    if made is None or after is None or after.item is UNSET:
        return
    changed = [
        name
        for name in made.members
        if name in after.item and not same(before[name], after.item[name])
    ]
    found = await _outdated(trial, item, before=before, changed=changed)
    if found is not None and await trial.patience():
        found = await _outdated(trial, item, before=before, changed=changed)
    if found is not None:
        listed, name = found
        message = f"{listed.line} has {name} as it was before a change: {shown(before[name])}"
        trial.tell("list.item-outdated", message, by=listed, severity="warning")


async def as_read(trial: Trial) -> None:
    """A list has an item as it is read: of what it has of it, nothing is null, or another number.

    It may have less of it, and a text in short.
    """
    item = await trial.item()
    answer = await current(trial, item) if item is not None else None
    found = await _otherwise(trial, item) if item is not None and answer is not None else None
    if found is not None and await trial.patience():
        found = await _otherwise(trial, item) if item is not None else None
    if item is None or found is None or answer is None or answer.operation is found[0].operation:
        return
    listed, others = found
    if others := await lasting(trial, item, others, by=answer):
        message = f"{listed.line} has an item otherwise than {answer.line}: {named(others)}"
        trial.tell("list.item-differs", message, by=listed, severity="warning")


async def _otherwise(trial: Trial, item: Item) -> tuple[Answer, list[Difference]] | None:
    """The answer of a list that has *item* otherwise than it was read, and where."""
    found = await trial.listed(item)
    for entry in found.having(item) if found is not None else ():
        others = [
            one
            for one in differences(item.current, entry, but=own_name(item))
            if one.kind == "lost" or isinstance(one.meant, (bool, int, float))
        ]
        if found is not None and others:
            return found.last, others
    return None


async def _outdated(
    trial: Trial, item: Item, *, before: Any, changed: Sequence[str]
) -> tuple[Answer, str] | None:
    """The answer of a list that has *item* as it was *before*, and the member that shows it."""
    found = await trial.listed(item) if changed else None
    entries = found.having(item) if found is not None else []
    for name in changed:
        if found is not None and any(
            at(one, pointers.join("", name)) == before[name] for one in entries
        ):
            return found.last, name
    return None


# -- below a parent -----------------------------------------------------------------------------


_LISTING: tuple[Role, ...] = ("list", "search")


def _lists_below(trial: Trial) -> Iterator[Operation]:
    """What lists items of the resource, or some of them, below an item of another."""
    for role in _LISTING:
        for operation in trial.resource.operations.get(role, ()):
            if operation.method == "GET" and operation.template.names:
                yield operation


async def _page_of(trial: Trial, operation: Operation, item: Item) -> list[Any] | None:
    """The first page of the list *operation* below *item*, as long as may be."""
    listing = trial.resource.listings.get(operation)
    limit = listing.limit if listing is not None else None
    query = {limit: paging.most(operation, limit)} if limit is not None else None
    return trial.page(await trial.send(operation, item=item, query=query))


async def below_other(trial: Trial) -> None:
    """A list below one item has nothing of what is below another."""
    item = await trial.item()
    place = trial.resource.identifier
    if item is None or place is None:
        return
    for operation in _lists_below(trial):
        parent = trial.above(operation)
        page = await _page_of(trial, operation, parent) if parent is not None else None
        own = [one for one in page or () if same_id(at(one, place), item.identifier)]
        other = await trial.sibling(parent) if own and parent is not None else None
        if parent is None or other is None or same_id(other.identifier, parent.identifier):
            continue
        theirs = await _page_of(trial, operation, other)
        wrong = [one for one in theirs or () if one in own]
        if wrong:
            answer = trial.answers[-1]
            message = f"{answer.line} has {shown(at(wrong[0], place))}, which is below another"
            named = _says_parent(wrong[0], operation, parent.identifier)
            severity: Severity = "error" if named else "warning"
            trial.tell("list.other-parent", message, by=answer, severity=severity)


def _says_parent(entry: Any, operation: Operation, identifier: Any) -> bool:
    """Whether *entry* itself says that it belongs to what *identifier* names."""
    words = words_of(operation.template.names[-1])
    return isinstance(entry, dict) and any(
        words_of(name) == words and same_id(value, identifier) for name, value in entry.items()
    )


CHECKS: tuple[Check, ...] = (
    Check("pages", pages, frozenset({"list"})),
    Check("filters", filters, frozenset({"list"})),
    Check("searches", searches, frozenset({"search"})),
    Check("as-read", as_read, frozenset({"create", "read", "list"})),
    Check("up-to-date", up_to_date, frozenset({"create", "read", "update", "list"})),
    Check("totals", totals, frozenset({"create", "list"})),
    Check("below-other", below_other, frozenset({"create"})),
)
