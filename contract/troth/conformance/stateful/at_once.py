"""Checks of several requests at the same time: each must come to what it comes to alone.

What is done one after the other is tried first; only what then differs is a race.  A 5xx is told by
itself.  Requests that are refused, because others were quicker, accuse nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from troth.conformance.stateful.comparison import Difference, differences, is_computed, same
from troth.conformance.stateful.items import Answer, Item, alike_named, at, same_id
from troth.conformance.stateful.items import put as put_at
from troth.conformance.stateful.life_cycle import (
    current,
    different,
    fails_twice,
    may_be_one,
    named,
    own_name,
    reads_back_other,
)
from troth.conformance.stateful.trial import Check, Trial
from troth.conformance.stateful.volatile import lasting
from troth.generation.request_writer import UNSET

_CODE = "resource.race"
#: So many items are created at once.
_MANY = 4
_TWO = 2
#: So many bodies are drawn for new values of two members.
_DRAWS = 5


async def created(trial: Trial) -> None:
    """Items that are created at the same time have names of their own, and their own values."""
    first = await trial.item()  # what is above it is there from now on
    second = await trial.create() if first is not None and first.identifier != "" else None
    if first is None or second is None or same_id(first.identifier, second.identifier):
        return
    if not await _is_its_own(trial, second) or second.created.case.request.method != "POST":
        return
    made = await asyncio.gather(*(trial.create() for _ in range(_MANY)))
    items = [item for item in made if item is not None]
    for one, other in combinations(items, 2):
        if at(other.sent, other.resource.identifier) is not UNSET:
            break  # the client names them
        if alike_named(one, other) and not may_be_one(one, other):
            message = f"of {len(items)} that were created at once two are {one.identifier!r}"
            trial.tell(_CODE, message, by=other.created, among=[one.created])
            return
    for item in items:
        if any(may_be_one(one, item) for one in trial.namesakes(item)):
            continue
        if await _is_its_own(trial, item):
            continue
        answer = item.readings[-1]
        found = different(item, item.sent, answer)
        if not (found := await lasting(trial, item, found, by=answer)):
            continue
        alone = await trial.create(like=item)
        if alone is not None and await reads_back_other(trial, alone):
            return  # it takes no race
        message = (
            f"of {len(items)} that were created at once {answer.line} has what another had: "
            f"{named(found)}"
        )
        trial.tell(_CODE, message, by=answer, among=[each.created for each in items])
        return


async def _is_its_own(trial: Trial, item: Item) -> bool:
    """Whether *item* reads back as it was sent, as far as can be said."""
    answer = await current(trial, item)
    if answer is None or item.sent is UNSET or not item.readings:
        return True
    return not different(item, item.sent, item.readings[-1])


async def read(trial: Trial) -> None:
    """Each of two that are read at the same time is the one that was asked for."""
    first = await trial.item()
    second = await trial.create() if first is not None and first.identifier != "" else None
    if first is None or second is None or same_id(first.identifier, second.identifier):
        return
    items = (first, second) * _TWO
    for one in items[:2]:  # by itself each is what it is called
        answer = await trial.read(one)
        if answer is None or not _is_called(one, answer):
            return
    answers = await asyncio.gather(*(trial.read(item) for item in items))
    for item, answer in zip(items, answers, strict=True):
        if answer is not None and answer.succeeded and not _is_called(item, answer):
            name = at(answer.item, item.resource.identifier)
            message = f"{answer.line}, while others were read, is {name!r}"
            trial.tell(_CODE, message, by=answer)
            return


def _is_called(item: Item, answer: Answer) -> bool:
    name = at(answer.item, item.resource.identifier)
    return answer.succeeded and name is not UNSET and same_id(name, item.identifier)


async def changed(trial: Trial) -> None:
    """Of two changes of different members at the same time none undoes the other."""
    item = await trial.item()
    before = await current(trial, item) if item is not None else None
    changes = await _changes(trial, item) if item is not None and before is not None else None
    if item is None or changes is None:
        return
    first, second = changes
    for members in (first, dict(reversed(first.items()))):  # in either order
        if await _lost(trial, item, members, are_at_once=False) != []:
            return  # it takes no race, or nothing can be said
    lost = await _lost(trial, item, second, are_at_once=True)
    if not lost or not item.readings:
        return
    by, among = item.readings[-1], trial.answers[-_TWO - 1 : -1]
    if lost := await lasting(trial, item, lost, by=by):
        message = f"two changes at once were both answered well, and then {named(lost)}"
        trial.tell(_CODE, message, by=by, severity="warning", among=among)


async def _lost(
    trial: Trial, item: Item, members: Mapping[str, Any], *, are_at_once: bool
) -> list[Difference] | None:
    """What is lost of *members*, each changed by a request of its own; None: it cannot be said."""
    subject = trial.subject("update")
    if subject is None:
        return None
    place = item.resource.sent(subject.operation) or ""
    bodies = [put_at(subject.minimal, place, {name: value}) for name, value in members.items()]
    if are_at_once:
        answers = await asyncio.gather(*(trial.update(item, body) for body in bodies))
    else:
        answers = [await trial.update(item, body) for body in bodies]
    after = await trial.read(item)
    if after is None or any(each is None or not each.succeeded for each in answers):
        return None
    return differences(members, after.item, declared=list(members))


async def _changes(trial: Trial, item: Item) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Twice new values of two members, each of which may be changed alone."""
    subject = trial.subject("update")
    if subject is None or subject.made is None or not isinstance(item.current, dict):
        return None
    place = item.resource.sent(subject.operation) or ""
    drawn = [at(await trial.drawn("update"), place) for _ in range(_DRAWS)]
    found: dict[str, list[Any]] = {}
    for inner in drawn:
        for name, value in inner.items() if isinstance(inner, dict) else ():
            known = [item.current.get(name), *found.get(name, ())]
            is_plain = isinstance(value, (str, int, float)) and name not in own_name(item)
            if not is_plain or is_computed(name) or any(same(each, value) for each in known):
                continue
            body = put_at(subject.minimal, place, {name: value})
            if name in item.current and subject.made.valid(body):
                found.setdefault(name, []).append(value)
    names = [name for name, values in found.items() if len(values) > 1][:2]
    if len(names) < _TWO:
        return None
    return {name: found[name][0] for name in names}, {name: found[name][1] for name in names}


async def deleted(trial: Trial) -> None:
    """Two that delete the same at the same time break nothing."""
    item = await trial.create()
    if item is None or item.identifier == "":
        return
    answers = await asyncio.gather(trial.delete(item), trial.delete(item))
    is_failed = any(answer is not None and answer.status >= 500 for answer in answers)
    another = await trial.create() if is_failed else None
    if another is not None:
        one_by_one = [await trial.delete(another) for _ in range(_TWO)]
        if fails_twice(trial, *one_by_one):  # it takes no race
            trial.told = [one for one in trial.told if one.answer not in answers]


async def put(trial: Trial) -> None:
    """Two that put the same at the same time, where there was nothing, break nothing."""
    item = await trial.create() if trial.resource.is_client_named else None
    body = await trial.drawn("replace") if item is not None else UNSET
    gone = await trial.delete(item) if item is not None and body is not UNSET else None
    if item is None or gone is None or not gone.succeeded:
        return
    answers = await asyncio.gather(*(trial.replace(item, body) for _ in range(_TWO)))
    item.is_gone = not any(each is not None and each.succeeded for each in answers)


#: Few resources have names that clients give, and of those it is what goes wrong.
PUTTING: tuple[Check, ...] = (
    Check("put-at-once", put, frozenset({"create", "replace", "delete"})),
)
CHECKS: tuple[Check, ...] = (
    Check("read-at-once", read, frozenset({"create", "read"})),
    Check("created-at-once", created, frozenset({"create", "read"})),
    Check("changed-at-once", changed, frozenset({"create", "read", "update"})),
    Check("deleted-at-once", deleted, frozenset({"create", "delete"})),
)
