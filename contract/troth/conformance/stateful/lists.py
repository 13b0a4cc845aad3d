"""Checks of lists: limits and pages that do nothing, numbers of items that are wrong, items as they
were before, or of another.  What chooses items is `filters`' affair, and `orders`' how they stand.

What a parameter of a list does is told from its name (`openapi.listing`), so that these are
warnings.  Only what no reading of the parameter explains is told: a server may give less than was
asked for, and know nothing yet of what was just created.  It may count others than it lists, as
long as it counts as many more as it lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from troth.openapi.names import in_singular, words_of
from troth.openapi.operation import Operation, Parameter
from troth.openapi.resources import Listing, Role
from troth.violation import Severity

#: So many items there are when a list is looked at, if they can be made.
_ITEMS = 4
#: A list that is longer than this is looked at no closer.
_LONGEST = 100
#: So many pages a list is cut into, and so many are followed at most.
_CUT, PAGES = 3, 8
#: A link that leads here leads somewhere else than to a page.
_DEAD = frozenset({400, 404, 405, 410, 422})


async def known_list(trial: Trial) -> tuple[Item | None, Listed | None]:
    """One of some items that were made, and the list that they are in."""
    made = await trial.several(_ITEMS) if trial.can("create") else []
    item = made[0] if made else None
    if item is None and "{" in (trial.resource.collection or ""):
        return None, None  # nobody knows what it would be below
    return item, await trial.listed(item, pages=PAGES)


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
    walk = await trial.listed(item, query=query, pages=PAGES) if limit is not None else whole
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
    elif limit is not None and _breaks_off(trial, walk, found, limit=limit):
        return
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


def _breaks_off(trial: Trial, walk: Listed, found: list[list[Any]], *, limit: int) -> bool:
    """Tell of a page by offset that is shorter than the first, and than what is behind it.

    Who goes on by as many as he asked for misses what it left out.
    """
    listing = trial.resource.listing
    is_by_offset = listing is not None and listing.offset is not None and listing.next is None
    sizes = [len(page) for page in found]
    for at_page, size in enumerate(sizes[1:-1], 1):
        if is_by_offset and sizes[0] == limit > size and sizes[at_page + 1]:
            answer = walk.answers[at_page]
            message = f"{answer.line} has {size} of {limit} items, and there are more behind them"
            trial.tell("list.page-skips", message, by=answer, severity="warning")
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
    is_last = listing.more is not None and at(walk.last.body, listing.more) is False
    is_over = trial.answers[-1] is walk.last and len(walk.answers) < PAGES
    is_over = is_over and (len(walk.answers) > 1 or is_last)
    # a page that is shorter than asked for is the last one, or as long as pages ever are
    is_sure = len(page) == limit or _says_more(start, listing, seen=len(page))
    if not (missing and is_over and is_sure):
        return
    if await _begins_at_zero(trial, item, listing=listing, walk=walk):
        return
    again = await trial.listed(item, pages=PAGES)
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
    found = await trial.listed(item, pages=PAGES) if item is not None else None
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


# -- how many there are, as what they are below says ----------------------------------------------

#: Words of a number of things, beside that of the things.
_NUMBERS = frozenset({"count", "number", "num", "total", "of", "n", "nr", "no"})


@dataclass(frozen=True, slots=True)
class _Number:
    """The *number* that the member *name* of an item has of what is below it: *listed* are."""

    name: str
    number: int
    listed: int
    answer: Answer


async def counted_above(trial: Trial) -> None:
    """A number of what is below an item follows what is created and deleted there."""
    item = await trial.item()
    parent = trial.parent_of(item) if item is not None else None
    first = await _number_of(trial, parent) if parent is not None else None
    if parent is not None and first is None and _name_of(trial, parent.current):
        # so many may be as many as the list ever has: of one more it is known
        await trial.create()
        first = await _number_of(trial, parent)
    other = await trial.create() if first is not None else None
    if parent is None or first is None or other is None:
        return
    second = await _follows(trial, parent, first)
    if second is None:
        return
    gone = await trial.delete(other) if trial.can("delete") else None
    if gone is not None and gone.succeeded:
        await _follows(trial, parent, second)
    sibling = await trial.sibling(parent)
    if sibling is not None and not same_id(sibling.identifier, parent.identifier):
        # there is nothing below what is new
        await _follows(trial, sibling, _Number(first.name, 0, 0, first.answer))


async def _follows(trial: Trial, parent: Item, before: _Number) -> _Number | None:
    """How many there are below *parent* now; None, and told, where the number does not follow."""
    found = await _number_of(trial, parent)
    if found is not None and _is_other(before, found) and await trial.patience():
        found = await _number_of(trial, parent)
    if found is None or not _is_other(before, found):
        return found
    message = f"{found.answer.line} says that {found.name!r} is {found.number}, and was "
    message += f"{before.number}: there are {found.listed}, and were {before.listed}"
    code, place = "resource.count-wrong", pointers.join("", found.name)
    trial.tell(code, message, by=found.answer, severity="warning", pointer=place)
    return None


def _is_other(before: _Number, after: _Number) -> bool:
    return after.number - before.number != after.listed - before.listed


async def _number_of(trial: Trial, parent: Item) -> _Number | None:
    """What *parent* says of how many there are below it, and how many its list has."""
    answer = await trial.read(parent)
    name = _name_of(trial, answer.item) if answer is not None else None
    listed = await trial.listed(parent) if name is not None else None
    if answer is None or name is None or listed is None or not listed.is_whole:
        return None
    return _Number(name, answer.item[name], len(listed.items), answer)


def _name_of(trial: Trial, entry: Any) -> str | None:
    """The member of *entry*, an item, that is a number of what is below it, as its name says."""
    one = in_singular(words_of(trial.resource.name))
    for name, value in entry.items() if isinstance(entry, dict) else ():
        words = words_of(name)
        rest = tuple(word for word in words if word not in _NUMBERS)
        if len(rest) < len(words) and in_singular(rest) == one and type(value) is int:
            return str(name)
    return None


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
    Check("as-read", as_read, frozenset({"create", "read", "list"})),
    Check("up-to-date", up_to_date, frozenset({"create", "read", "update", "list"})),
    Check("totals", totals, frozenset({"create", "list"})),
    Check("counted-above", counted_above, frozenset({"create", "list"})),
    Check("below-other", below_other, frozenset({"create"})),
)
