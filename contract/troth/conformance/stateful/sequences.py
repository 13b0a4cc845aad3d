"""Runs the checks of each resource, and makes of what they tell findings that can be seen again.

A check is run on items that all share, so that a right server costs few requests.  What it tells is
not believed before it has shown again on items of its own; of the ways to show it again, the one
with the fewest steps is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from troth.conformance.cases.case import Case, slug
from troth.conformance.events import Step
from troth.conformance.findings import rule_of
from troth.conformance.session import Session, among
from troth.conformance.stateful import (
    access,
    at_once,
    changes,
    decided,
    filters,
    life_cycle,
    links,
    lists,
    methods,
    orders,
    preconditions,
    states,
    uploads,
)
from troth.conformance.stateful.addressing import in_flight, steps_in_flight, steps_to
from troth.conformance.stateful.items import Told
from troth.conformance.stateful.trial import Check, Trial
from troth.openapi.resources import Resource, Resources, resources
from troth.violation import Violation

#: What is asked of each resource before anything more is asked of any: each in the order of a life,
#: what deletes last, and what another may do done to items that nobody else needs.
_FIRST = (
    *life_cycle.READING,
    *links.CHECKS,
    *uploads.CHECKS,
    *changes.CHECKS,
    *decided.CHECKS,
    *access.CHECKS,
    *at_once.PUTTING,
    *life_cycle.DELETING,
)
#: Of each resource after that what its list does, and after that all the rest: what is asked of
#: one for long leaves nothing for the others.
_LISTING = (*lists.CHECKS, *filters.CHECKS, *orders.CHECKS, *preconditions.CHECKS)
_FURTHER = (*methods.CHECKS, *states.CHECKS, *at_once.CHECKS)
CHECKS: tuple[Check, ...] = (*_FIRST, *_LISTING, *_FURTHER)
#: What is tried, whatever the check.
_ABOUT = "several requests to one resource"
#: So many requests are spent on doing without some of the checks before.
_SHORTENING = 200


@dataclass(frozen=True, slots=True, eq=False)
class _Suspicion:
    """What a check told, which others ran *before* it on the same items."""

    check: Check
    before: tuple[Check, ...]
    told: Told
    first: Trial


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A trial of some checks, and what it showed."""

    checks: tuple[Check, ...]
    told: Told
    trial: Trial


def steps(session: Session) -> list[Callable[[], Awaitable[None]]]:
    """What is done to try all resources, by their order: each runs the checks of one."""
    known = resources(session.contract)
    return [
        partial(_try, session, known, resource, checks=checks)
        for checks, resource in product((_FIRST, _LISTING, _FURTHER), known.all)
    ]


async def _try(
    session: Session, known: Resources, resource: Resource, *, checks: tuple[Check, ...]
) -> None:
    """Run *checks* on *resource*, and enter what they find."""
    for suspicion in await _suspicions(session, known, resource, checks=checks):
        await _follow(session, known, suspicion)


async def _suspicions(
    session: Session, known: Resources, resource: Resource, *, checks: tuple[Check, ...]
) -> list[_Suspicion]:
    trial = Trial(session, known, resource)
    found: list[_Suspicion] = []
    ran: list[Check] = []
    try:
        for check in checks:
            if session.budget.share_spent:
                break
            if not all(map(trial.can, check.needs)):
                continue
            count = len(trial.told)
            await _run(check, trial)
            session.looked.add(_identity(trial, (check,)))
            found += [_Suspicion(check, tuple(ran), one, trial) for one in trial.told[count:]]
            ran.append(check)
    finally:
        await trial.clean_up()
    return found


async def _run(check: Check, trial: Trial) -> None:
    trial.about = check.name
    await check.run(trial)


# -- what is told is seen again -------------------------------------------------------------------


async def _follow(session: Session, known: Resources, suspicion: _Suspicion) -> None:
    """Enter what *suspicion* comes to, if it is new."""
    told = suspicion.told
    if not session.is_new(_sequence_of(told), told.violation):
        return
    resource, check = suspicion.first.resource, suspicion.check
    tries = 0
    for checks in dict.fromkeys(((check,), (*suspicion.before, check))):
        tries += 1
        shown = await _shown(session, known, resource, checks=checks, rule=rule_of(told.violation))
        if shown is not None:
            shown = await _shortest(session, known, shown)
            _enter(session, shown, again=1, tries=1)
            return
    first = _Shown((check,), told, suspicion.first)
    steps = steps_in_flight(told.answer, suspicion.first.answers, told.among)
    _enter(session, first, again=0, tries=tries, steps=steps)


async def show(session: Session, resource: Resource, check: Check, violation: Violation) -> bool:
    """Enter what *check* shows on items of its own, if that breaks the rule of *violation*."""
    known, rule = resources(session.contract), rule_of(violation)
    shown = await _shown(session, known, resource, checks=(check,), rule=rule)
    if shown is not None:
        _enter(session, shown, again=1, tries=1)
    return shown is not None


async def _shortest(session: Session, known: Resources, shown: _Shown) -> _Shown:
    """What shows the same without what it does not take: checks before it, members of items.

    Half of the checks are left out at once, then a quarter: most findings need one of them.
    """
    resource, rule = shown.trial.resource, rule_of(shown.told.violation)
    size, until = len(shown.checks) // 2, session.budget.requests + _SHORTENING
    while size:
        end = len(shown.checks) - 1
        while end > 0 and session.budget.requests < until:
            begin = max(0, end - size)
            rest = shown.checks[:begin] + shown.checks[end:]
            shown = await _shown(session, known, resource, checks=rest, rule=rule) or shown
            end = begin
        size //= 2
    small = await _shown(session, known, resource, checks=shown.checks, rule=rule, is_small=True)
    if small is not None and len(_steps(small)) <= len(_steps(shown)):
        return small
    return shown


def _steps(shown: _Shown) -> Sequence[object]:
    return steps_to(shown.told.answer, shown.trial.answers)


async def _shown(
    session: Session,
    known: Resources,
    resource: Resource,
    *,
    checks: tuple[Check, ...],
    rule: tuple[str, ...],
    is_small: bool = False,
) -> _Shown | None:
    """A new trial of *checks* that breaks *rule*; None if it does not."""
    if session.budget.spent:
        return None
    trial = Trial(session, known, resource, purpose="repeat", is_small=is_small, patient=False)
    told = await _told_by(trial, checks, rule)
    return _Shown(checks, told, trial) if told is not None else None


async def _told_by(trial: Trial, checks: Iterable[Check], rule: tuple[str, ...]) -> Told | None:
    """What breaks *rule* when *checks* are run on *trial*."""
    try:
        for check in checks:
            await _run(check, trial)
    finally:
        await trial.clean_up()
    return next((one for one in trial.told if rule_of(one.violation) == rule), None)


def _enter(
    session: Session,
    shown: _Shown,
    *,
    again: int,
    tries: int,
    steps: Sequence[Step] = (),
) -> None:
    *before, own = steps or steps_to(shown.told.answer, shown.trial.answers)
    violation = shown.told.violation
    if violation.code == "response.server-error":
        # one after the other the steps may show nothing
        violation = among(violation, len(in_flight(shown.told.answer, shown.trial.answers)))
    if tries and not again:
        # what no repetition shows may be anybody's fault, and nobody could look for it
        violation = replace(violation, severity="warning")
    session.enter_sequence(
        _case(shown), own, violation, steps=tuple(before), again=again, tries=tries
    )


def _case(shown: _Shown) -> Case:
    """The case of the finding: its id says which checks show it, so that they can be run again."""
    return replace(_sequence_of(shown.told), id=_identity(shown.trial, shown.checks))


def _identity(trial: Trial, checks: Sequence[Check]) -> str:
    names = "+".join(check.name for check in checks)
    return f"resources/{slug(trial.resource.path)}/{names}"


def _sequence_of(told: Told) -> Case:
    """The case of what was *told*, as one of several: what it has by itself is not the cause."""
    return replace(told.answer.case, value=None, about=_ABOUT)


async def again(session: Session, case_id: str, told: tuple[str, ...]) -> Told | None:
    """Run the checks of the finding with *case_id* anew; what breaks the rule *told* again.

    Raises LookupError where the document has no such resource any more, or there is no such check.
    """
    _, name, names = case_id.split("/", 2)
    known = resources(session.contract)
    resource = next((each for each in known.all if slug(each.path) == name), None)
    named = {check.name: check for check in (*CHECKS, life_cycle.LASTING)}
    if resource is None or not set(names.split("+")) <= named.keys():
        raise LookupError(case_id)
    trial = Trial(session, known, resource, purpose="repeat", patient=False)
    return await _told_by(trial, [named[each] for each in names.split("+")], told)
