"""Checks of filters, bounds and searches of lists that do nothing, or lose what they ask for.

What they are is told from names (`openapi.listing`): these are warnings.  A server may match a part
of a text, read a number as a bound, let others in where a flag is set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from troth.conformance.stateful.items import Item, Listed, at, same_id
from troth.conformance.stateful.lists import PAGES, known_list, query_parameter, shown, takes
from troth.conformance.stateful.trial import Check, Trial
from troth.generation.request_writer import UNSET
from troth.openapi.operation import Operation, Parameter
from troth.openapi.schema_view import is_list, values_of

_NUMERIC = re.compile(r"[+-]?\d+(?:\.\d*)?")
#: So many filters and orders of one list are tried.
TRIED = 8
#: What no item is expected to have in it.
NOWHERE = "qzxvkwj"
#: So many values of a search are tried.
_VALUES = 3


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
        sign = 1 if name in listing.least else -1
        await _bound(trial, item, whole=whole, name=name, place=place, sign=sign)
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
            whole = await trial.listed(item, pages=PAGES) or whole
        value = _told_apart(whole, place, parameter)
    if value is UNSET:
        await _new_reference(trial, item, whole=whole, parameter=parameter, place=place)
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
    elif _counts_all(trial, whole, found):
        message = f"{found.last.line} says that there are as many as {whole.answers[0].line} says"
        trial.tell("list.total-wrong", message, by=found.last, severity="warning")
    else:
        await _several(trial, item, whole=whole, parameter=parameter, place=place)


def _counts_all(trial: Trial, whole: Listed, found: Listed) -> bool:
    """Whether the number of all that were *found* is that of the *whole* list, which has others."""
    listing, count = trial.resource.listing, len(whole.items)
    totals = [at(one.body, listing.total) if listing else UNSET for one in (whole.last, found.last)]
    is_one_page = len(whole.answers) == len(found.answers) == 1
    return is_one_page and totals == [count, count] and 0 < len(found.items) < count


async def _several(
    trial: Trial, item: Item | None, *, whole: Listed, parameter: Parameter, place: str
) -> None:
    """A list that is asked for two of a few values has what has the one, and what has the other."""
    there = [at(one, place) for one in whole.items]
    values = [value for value in values_of(parameter) if value in there][:2]
    if len(values) < 2 or not is_list(parameter) or not takes(parameter, values):
        return
    found = await trial.listed(item, query={parameter.name: values}, pages=PAGES)
    if found is None or not found.is_whole or not found.items:
        return
    seen = [at(one, place) for one in found.items]
    if lost := [value for value in values if value not in seen]:
        message = f"{found.last.line} has nothing of which {place} is {shown(lost[0])}, and "
        message += f"{whole.answers[0].line} has"
        trial.tell("list.filter-loses", message, by=found.last, severity="warning")


async def _new_reference(
    trial: Trial, item: Item | None, *, whole: Listed, parameter: Parameter, place: str
) -> None:
    """A list of what refers to something that is new has nothing, as nothing does so yet."""
    there = [at(one, place) for one in whole.items]
    if not any(isinstance(one, (str, int)) for one in there):
        return
    other = await trial.another(whole.last.operation, parameter.name)
    if other is None or any(same_id(one, other.identifier) for one in there):
        return
    query = {parameter.name: asked(parameter, other.identifier)}
    is_taken = takes(parameter, query[parameter.name])
    found = await trial.listed(item, query=query, pages=1) if is_taken else None
    wrong = [at(one, place) for one in found.items] if found is not None else []
    wrong = [one for one in wrong if isinstance(one, (str, int)) and one in there]
    if found is not None and wrong:
        message = f"{found.last.line} has an item of which {place} is {shown(wrong[0])}"
        trial.tell("list.filter-ignored", message, by=found.last, severity="warning")


async def _bound(
    trial: Trial, item: Item | None, *, whole: Listed, name: str, place: str, sign: int
) -> None:
    """A list of what has at least so much, or at the most, has nothing that is beyond it."""
    sizes = _sizes([at(one, place) for one in whole.items])
    known = sorted({size: value for _, size, value in sizes}.items(), key=lambda one: one[0])
    if not known or len({kind for kind, _, _ in sizes}) > 1:
        return
    size, bound = known[len(known) // 2] if sign > 0 else known[(len(known) - 1) // 2]
    if len(known) < 2:
        size, bound = _past(size, bound, sign)
    query = _bounded(whole.last.operation, name, bound)
    if query is None:
        return
    found = await trial.listed(item, query=query, pages=PAGES)
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


def _past(size: Any, value: Any, sign: int) -> tuple[Any, Any]:
    """What is past the *size* that all have, upwards or with a *sign* of -1 down, and as a value.

    What is created within a second has no other to tell it from.
    """
    if isinstance(size, Decimal):
        past = size + sign * 60
        return past, value.__class__(past)
    moment = size + sign * timedelta(days=2)
    text = moment.isoformat()
    if str(value).endswith("Z"):
        text = text.replace("+00:00", "Z")
    return moment, text[: len(value)] if "T" not in value else text


def _bounded(operation: Operation, name: str, bound: Any) -> dict[str, Any] | None:
    """The query that has *bound* for *name*, a parameter or a member of one (`created[gte]`).

    None where the document does not let it be that.
    """
    parameter, asked_for = query_parameter(operation, name), bound
    if parameter is None:
        outer, _, inner = name.partition("[")
        parameter, asked_for = query_parameter(operation, outer), {inner.removesuffix("]"): bound}
    if parameter is None or not takes(parameter, asked_for):
        return None
    return {parameter.name: asked_for}


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
    values = list(values_of(parameter))[:_VALUES]
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


CHECKS: tuple[Check, ...] = (
    Check("filters", filters, frozenset({"list"})),
    Check("searches", searches, frozenset({"search"})),
)
