"""From one page of a list to the next, as its document and its answers say.

Whether pages are as they should be is for checks to say; here they are only followed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from troth import pointer as pointers
from troth.conformance.cases.case import Subject
from troth.conformance.stateful.items import Answer, Item, Listed, at
from troth.generation.request_writer import UNSET
from troth.http.exchange import Response
from troth.openapi.listing import begins_after
from troth.openapi.operation import Operation
from troth.openapi.resources import Listing

if TYPE_CHECKING:
    from troth.conformance.session import Session
    from troth.conformance.stateful.trial import Trial

#: So many items a page are asked for, where the document does not say how many there may be.
_ON_A_PAGE = 100
#: No server gives fewer items than this on a page that has more after it.
_LEAST = 5
# RFC 8288 §3: one link of a Link field, its target and its parameters
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[^,;]+)*)")
_NEXT = re.compile(r";\s*rel\s*=\s*\"?(?:[^\";]*\s)?next(?:\s[^\";]*)?\"?\s*(?:;|$)", re.IGNORECASE)


def most(operation: Operation, name: str) -> int:
    """How many items a page is asked for: as many as the document allows, within reason."""
    for parameter in operation.parameters:
        if (parameter.location, parameter.name) == ("query", name) and parameter.schema:
            for count in (_ON_A_PAGE, 50, 25, 20, 10, 5):
                if parameter.schema.is_valid(count):
                    return count
    return _ON_A_PAGE


def next_link(response: Response, body: Any, listing: Listing) -> str | None:
    """The URL of the next page, where the answer has one: in a Link field, or in its body."""
    for field in response.values("Link"):
        for match in _LINK.finditer(field):
            if _NEXT.search(match[2]):
                return match[1]
    value = pointers.find(body, listing.next) if listing.next else None
    return value if isinstance(value, str) and _is_url(value) else None


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://", "/", "?"))


def next_query(
    given: Mapping[str, Any],
    listing: Listing,
    *,
    body: Any,
    page: Sequence[Any],
    before: int,
    last: Any = None,
) -> dict[str, Any] | None:
    """The query of the next page, where there is one; *before* are the items up to its end.

    Behind the one that is called *last* it begins where the parameter says so itself.  None where
    nothing says that there is more.
    """
    cursor = pointers.find(body, listing.next) if listing.next else None
    if isinstance(cursor, (str, int)) and not isinstance(cursor, bool) and cursor != "":
        if listing.cursor is not None:
            return {**given, listing.cursor: cursor}
        if listing.page is not None and str(cursor).isdigit():
            return {**given, listing.page: int(cursor)}
    total = pointers.find(body, listing.total) if listing.total else None
    is_counted = isinstance(total, int) and not isinstance(total, bool)
    size = given.get(listing.limit) if listing.limit else None
    more = before < (total or 0) if is_counted else is_capped(page, size)
    says_more = pointers.find(body, listing.more) if listing.more else None
    if begins_after(listing) and isinstance(last, (str, int)) and page:
        return {**given, listing.cursor or "": last} if says_more in (True, None) and more else None
    if not more or not page:
        return None
    if listing.offset is not None:
        return {**given, listing.offset: before}
    if listing.page is not None and isinstance(given.get(listing.page, 1), int):
        return {**given, listing.page: given.get(listing.page, 1) + 1}
    return None


def is_all(body: Any, listing: Listing, *, page: Sequence[Any], seen: int, size: Any) -> bool:
    """Whether nothing says that there is more than was *seen*, the last of it on *page*."""
    total = pointers.find(body, listing.total) if listing.total else None
    is_of_page = (listing.total or "").endswith("/count") and total == len(page)
    if isinstance(total, int) and not isinstance(total, bool) and not is_of_page:
        return seen >= total
    return not is_capped(page, size)


def is_capped(page: Sequence[Any], size: Any) -> bool:
    """Whether *page*, of which *size* items were asked for, may be no more than a server gives.

    It has as many as that, or a number such as people choose for what is the most of a page.
    """
    count = len(page)
    is_usual = count >= _LEAST and (count % 5 == 0 or count in (8, 12, 16, 24, 32, 48, 64))
    return is_usual or (isinstance(size, int) and count >= size)


def target_of(link: str, current: str, *, base: str = "") -> str | None:
    """The target below *base* of a *link* in an answer to *current*; None where it has none.

    Only its path and its query count: what host a server takes itself for is its own affair, and
    whether it knows that it stands below *base*.
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    path = parts.path or urlsplit(current).path
    if not path.startswith("/"):
        path = current.partition("?")[0].rpartition("/")[0] + "/" + path
    if f"{path}/".startswith(f"{base}/"):
        path = path[len(base) :]
    return f"{path}?{parts.query}" if parts.query else path


def own_target(session: Session, link: str, current: str) -> str | None:
    """The target of *link*, in an answer to *current*, as it is sent: below the URL under test."""
    return target_of(link, current, base=urlsplit(session.settings.url).path.rstrip("/"))


def is_elsewhere(session: Session, link: str) -> bool:
    """Whether *link* names another server than the one under test."""
    host, own = urlsplit(link).netloc, urlsplit(session.settings.url).netloc
    return bool(host) and host.lower() != own.lower()


async def strays(trial: Trial, link: str, answer: Answer) -> str | None:
    """The URL that *link* of *answer* leads a client to, where that is nothing.

    None where it stays below the URL under test, or leads to something: only what is asked for
    where RFC 3986 §5.2 says that it is tells whether a server forgot what it stands below, or a
    gateway puts it right.
    """
    own = trial.session.settings.url.rstrip("/")
    base = urlsplit(own).path
    if not base or is_elsewhere(trial.session, link):
        return None
    try:
        url = urljoin(own + answer.case.request.target, link)
        path = urlsplit(url).path
    except ValueError:
        return None
    if f"{path}/".startswith(f"{base}/"):
        return None
    return url if await trial.is_nothing(url) else None


# -- all pages ------------------------------------------------------------------------------------


async def followed(
    trial: Trial,
    subject: Subject,
    *,
    item: Item | None,
    token: str | None,
    query: Mapping[str, Any],
    pages: int,
) -> Listed | None:
    """The items of the list that *subject* asks for, from at most so many *pages*."""
    listing = trial.resource.listing or Listing()
    given, narrows = _narrowing(subject, item, listing)
    given |= query
    if listing.limit is not None and listing.limit not in given:
        given[listing.limit] = most(subject.operation, listing.limit)
    answers: list[Answer] = []
    items: list[Any] = []
    keys: list[str] = []
    target: str | None = None
    while len(answers) < pages:
        answer = await trial.send(
            subject.operation, item=item, query=given, token=token, target=target
        )
        page = trial.page(answer)
        if answer is None or page is None:
            break
        answers.append(answer)
        items += page
        keys += keys_of(trial, answer)
        link = next_link(answer.response, answer.body, listing)
        if link is not None:
            target = own_target(trial.session, link, answer.case.request.target)
            if target is None or target == answer.case.request.target or not page:
                break
            continue
        if target is not None:  # the last of those that links lead through has none
            return Listed(tuple(answers), tuple(items), not narrows, tuple(keys))
        last = at(page[-1], trial.resource.identifier) if page else None
        more = next_query(given, listing, body=answer.body, page=page, before=len(items), last=last)
        if more is None or more == given:
            size = given.get(listing.limit or "")
            whole = is_all(answer.body, listing, page=page, seen=len(items), size=size)
            return Listed(tuple(answers), tuple(items), whole and not narrows, tuple(keys))
        given = more
    return Listed(tuple(answers), tuple(items), False, tuple(keys)) if answers else None


def keys_of(trial: Trial, answer: Answer) -> list[str]:
    """What the items of a page are called by, where they stand in no array."""
    if not trial.resource.is_map(answer.operation, answer.status):
        return []
    page = at(answer.body, trial.resource.items(answer.operation, answer.status))
    return list(page) if isinstance(page, dict) else []


def _narrowing(
    subject: Subject, item: Item | None, listing: Listing
) -> tuple[dict[str, Any], bool]:
    """Values for what the list must be asked with; whether something may leave *item* out."""
    given: dict[str, Any] = {}
    narrows = False
    steps = {listing.limit, listing.offset, listing.page, listing.cursor}
    paged = steps | {listing.sort, listing.order}
    for parameter in subject.operation.parameters:
        if parameter.location != "query" or not parameter.required or parameter.name in paged:
            continue
        place = listing.filters.get(parameter.name)
        current = item.current if item is not None else UNSET
        value = pointers.find(current, place) if place and current is not UNSET else None
        if value is None:
            narrows = True
        else:
            given[parameter.name] = value
    return given, narrows
