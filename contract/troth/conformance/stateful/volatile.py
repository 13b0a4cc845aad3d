"""What of an item changes by itself: a counter, an age, a state that is reached in the end.

That such a member is another than it was is nobody's fault.  So before a difference is told, the
item is read again, with nothing done to it, and so is another one that nobody has touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, starmap
from typing import Any

from troth.conformance.stateful.comparison import Difference, same
from troth.conformance.stateful.items import Answer, Item, at
from troth.conformance.stateful.trial import Trial
from troth.generation.request_writer import UNSET


async def lasting(
    trial: Trial, item: Item, found: Sequence[Difference], *, by: Answer
) -> list[Difference]:
    """Those of *found*, differences of *item* in *by*, which are not of what changes by itself."""
    if not found or not trial.can("read"):
        return list(found)
    untouched = await _untouched(trial, item) if trial.is_patient else None
    items = [item] if untouched is None else [item, untouched]
    readings = {each: [await trial.read(each)] for each in items}
    readings[item].insert(0, by)
    await trial.patience()
    for each in items:
        readings[each].append(await trial.read(each))
    told = [[one.item for one in answers if one is not None] for answers in readings.values()]
    return [
        one
        for one in found
        if _is_late(one, told[0]) or not any(_moves(one, each) for each in told)
    ]


async def _untouched(trial: Trial, item: Item) -> Item | None:
    """Another item like *item*, which is for nothing else."""
    other = await trial.create(like=item) or await trial.create()
    if other is not None:
        trial.spoil(other)
    return other


def _is_late(one: Difference, items: Sequence[Any]) -> bool:
    """Whether the member of *one* comes to be what it was meant to be: it does not by itself."""
    values = [at(each, one.pointer) for each in items]
    others = [value for value in values if not same(one.meant, value)]
    return len(others) < len(values) and not any(starmap(_differ, pairwise(others)))


def _moves(one: Difference, items: Sequence[Any]) -> bool:
    """Whether the readings *items* do not agree on the member of *one*."""
    values = [value for each in items if (value := at(each, one.pointer)) is not UNSET]
    return any(starmap(_differ, pairwise(values)))


def _differ(before: Any, after: Any) -> bool:
    if isinstance(before, (list, dict)):
        return not same(before, after)  # a set may come in any order
    return bool(before != after)
