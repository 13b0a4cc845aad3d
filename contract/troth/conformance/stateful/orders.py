"""Checks of the orders of lists: what is asked for is kept, and both directions are not the same.

An order is told from the values of a parameter, from a pattern that the names of members fit, or
from a direction that stands alone.  Languages differ on how texts are sorted, and so may servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from troth import pointer as pointers
from troth.conformance.stateful.comparison import is_always_computed
from troth.conformance.stateful.filters import NOWHERE, TRIED, asked
from troth.conformance.stateful.items import Item, Listed, at
from troth.conformance.stateful.lists import known_list, query_parameter, shown, takes
from troth.conformance.stateful.trial import Check, Trial
from troth.generation.request_writer import UNSET
from troth.openapi.envelopes import APART
from troth.openapi.names import words_of
from troth.openapi.operation import Parameter
from troth.openapi.resources import Listing
from troth.openapi.schema_view import of_answer, of_parameter, values_of


async def orders(trial: Trial) -> None:
    """A list that is asked for an order that the document names has its items in it."""
    listing = trial.resource.listing
    if listing is None or (listing.sort is None and listing.order is None):
        return
    item, whole = await known_list(trial)
    if whole is None or len(whole.items) < 2 or whole.keys:
        return  # the members of an object have no order
    if listing.sort is None:
        await _order_alone(trial, item, whole=whole, listing=listing)
        return
    for ways in list(_ways(whole, listing))[: TRIED // 2]:
        await _order(trial, item, ways=ways, is_ranked=_is_ranked(trial, whole, ways[0]))


def _is_ranked(trial: Trial, whole: Listed, place: str) -> bool:
    """Whether items have one of a few words at *place*, whose order the server alone knows.

    `low` comes before `medium`, and `high` after it.
    """
    answer = whole.answers[0]
    view = of_answer(answer.operation, answer.status)
    items = view.at(trial.resource.items(answer.operation, answer.status) or "") if view else None
    member = items.item.at(place) if items is not None and items.item is not None else None
    return member is not None and any(isinstance(value, str) for value in member.values)


#: Two queries that ask for the two directions of an order, and the place that it is by.
_Way = tuple[str, list[dict[str, Any]]]


def _ways(whole: Listed, listing: Listing) -> Iterator[_Way]:
    """The orders that the document names, by members of which the items have several values."""
    operation = whole.last.operation
    sort = query_parameter(operation, listing.sort)
    order = query_parameter(operation, listing.order)
    if sort is None:
        return
    members = {name: place for one in whole.items for name, place in _places(one)}
    by_place = _by_place(sort, members)
    directions = of_parameter(order) if order is not None else None
    for place, texts in by_place.items():
        values = [value for one in whole.items if (value := at(one, place)) is not UNSET]
        if len(set(map(shown, values))) < 2:
            continue
        if order is not None and directions is not None and len(texts) == 1:
            both = _two_ways(list(map(str, directions.values)))
            by = asked(sort, texts[0])
            yield place, [{sort.name: by, order.name: way} for way in both]
        else:
            yield place, [{sort.name: asked(sort, text)} for text in _two_ways(texts)]


#: How people write that a list is to be sorted by a member, upwards or down.
_WAYS = tuple(f"{mark}{way}" for mark in ":, _." for way in ("asc", "desc"))
_WRITTEN = ("{}", "-{}", "+{}", *(f"{{}}{way}" for way in _WAYS))


def _by_place(sort: Parameter, members: Mapping[str, str]) -> dict[str, list[str]]:
    """What *sort* may be, by the place of the member of items that the order is by then.

    It says so by its values; or by a pattern that the name of a member fits, and not any word.
    """
    values = [str(each) for each in values_of(sort)]
    places = {words_of(name): place for name, place in members.items()}
    found: dict[str, list[str]] = {}
    for text in values:
        place = places.get(_plain(text))
        if place is not None:
            found.setdefault(place, []).append(text)
    if values or takes(sort, asked(sort, NOWHERE)):
        return found
    for name, place in members.items():
        texts = [each.format(name) for each in _WRITTEN]
        fitting = [text for text in texts if takes(sort, asked(sort, text))]
        if fitting:
            found[place] = fitting
    return found


async def _order_alone(trial: Trial, item: Item | None, *, whole: Listed, listing: Listing) -> None:
    """A direction of which nobody says what it is of turns the list round."""
    order = query_parameter(whole.last.operation, listing.order)
    view = of_parameter(order) if order is not None else None
    ways = _two_ways(list(map(str, view.values))) if view is not None else []
    above = [words_of(name) for name in whole.last.operation.template.names]
    if order is None or len(ways) < 2:
        return
    found = [await trial.listed(item, query={order.name: way}, pages=1) for way in ways]
    first, second = found
    if first is None or second is None or len(first.items) < 2:
        return
    if first.items == second.items and _is_told_apart(first.items, but=above):
        message = f"{second.last.line} has the same order as {first.last.line}"
        trial.tell("list.order-ignored", message, by=second.last, severity="warning")


def _is_told_apart(items: Sequence[Any], *, but: Sequence[tuple[str, ...]]) -> bool:
    """Whether *items* differ in all that a list may be sorted by where nobody says by what.

    What was created within a second, or has one rank, may stay as it is either way round.  What
    all are below, which *but* has the words of, they have in common.
    """
    if not all(isinstance(one, dict) for one in items):
        return False
    values: dict[str, set[str]] = {}
    for one in items:
        for name, value in one.items():
            if words_of(name) in but:
                continue
            if is_always_computed(name) or isinstance(value, (int, float)):
                values.setdefault(name, set()).add(shown(value))
    return bool(values) and all(len(each) > 1 for each in values.values())


def _two_ways(texts: Sequence[str]) -> list[str]:
    """One of *texts* that says to go up and one that says to go down, where there are both."""
    down = [text for text in texts if text.startswith("-") or words_of(text)[-1:] == ("desc",)]
    others = [text for text in texts if text not in down]
    up = sorted(others, key=lambda text: words_of(text)[-1:] != ("asc",))
    return [*up[:1], *down[:1]]


def _places(entry: Any) -> Iterator[tuple[str, str]]:
    """The members of *entry* and their places: those that stand apart from its name, its own."""
    members = entry if isinstance(entry, dict) else {}
    for apart in APART:
        inner = members.get(apart)
        for name in inner if isinstance(inner, dict) else ():
            yield name, pointers.join(pointers.join("", apart), name)
    for name in members:
        yield name, pointers.join("", name)


def _plain(text: str) -> tuple[str, ...]:
    """The words of the member that an order is by: of `-name` and `name:desc` it is `name`."""
    words = words_of(text)
    return words[:-1] if len(words) > 1 and words[-1] in ("asc", "desc") else words


async def _order(trial: Trial, item: Item | None, *, ways: _Way, is_ranked: bool) -> None:
    place, queries = ways
    seen: list[tuple[Listed, list[Any]]] = []
    for query in queries:
        found = await trial.listed(item, query=query, pages=1)
        if found is None:
            return
        values = [at(one, place) for one in found.items]
        values = [value for value in values if value is not UNSET and value is not None]
        if not (is_ranked or _is_ordered(values)):
            message = f"{found.last.line} has {place} in no order: {_several(values)}"
            trial.tell("list.order-ignored", message, by=found.last, severity="warning")
            return
        if _says_up(query) and not (is_ranked or _is_ordered(values, down=False)):
            message = f"{found.last.line} has {place} from the last to the first: "
            message += _several(values)
            trial.tell("list.order-ignored", message, by=found.last, severity="warning")
            return
        seen.append((found, values))
    if len(seen) < 2 or seen[0][1] != seen[1][1] or len(set(map(shown, seen[0][1]))) < 2:
        return
    first, second = (found.answers[0].line for found, _ in seen)
    message = f"{second} has the same order as {first}: {_several(seen[0][1])}"
    trial.tell("list.order-ignored", message, by=seen[1][0].last, severity="warning")


def _several(values: Sequence[Any]) -> str:
    return ", ".join(map(shown, values[:5])) + (", …" if len(values) > 5 else "")


def _says_up(query: dict[str, Any]) -> bool:
    """Whether *query* says in a word that the first comes first."""
    return any(words_of(str(text))[-1:] in (("asc",), ("ascending",)) for text in query.values())


def _is_ordered(values: Sequence[Any], *, down: bool = True) -> bool:
    """Whether *values* are in some order that somebody may call theirs, up, or *down* as well."""
    keys: tuple[Callable[[Any], Any], ...]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        keys = (lambda value: Decimal(str(value)),)
    elif all(isinstance(value, str) and value.isascii() and value.isalpha() for value in values):
        keys = (str, str.casefold)
    else:
        return True  # languages differ on the rest
    for key in keys:
        line = [key(value) for value in values]
        if line == sorted(line) or (down and line == sorted(line, reverse=True)):
            return True
    return False


CHECKS: tuple[Check, ...] = (Check("orders", orders, frozenset({"list"})),)
