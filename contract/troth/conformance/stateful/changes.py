"""Checks of changes: PATCH changes what it names and nothing else, PUT puts all of it in its place.

What a server computes, and how it normalises, is `comparison`'s to say.  A change that is refused
says nothing: the state of an item may be the reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.conformance.cases.case import Subject
from troth.conformance.stateful.comparison import (
    Difference,
    changed_to,
    differences,
    is_computed,
    same,
)
from troth.conformance.stateful.drawing import defaults
from troth.conformance.stateful.items import Answer, Item, at, put
from troth.conformance.stateful.life_cycle import current, different, named, not_found, own_name
from troth.conformance.stateful.trial import Check, Trial
from troth.generation.request_writer import UNSET, body_type
from troth.openapi.resources import Role
from troth.openapi.schema_view import View, of_content

_SENDING: tuple[Role, ...] = ("create", "update", "replace")
#: So many bodies are drawn for a value that is another than what there is.
_DRAWS = 3


# -- in part --------------------------------------------------------------------------------------


async def updated(trial: Trial) -> None:
    """A change in part is kept, and changes nothing else."""
    item = await trial.item()
    before = await current(trial, item) if item is not None else None
    if item is None or before is None or before.item is UNSET:
        return
    made = change(trial, item)
    if made is None:
        return
    members = made.members
    answer = await trial.update(item, made.body)
    if answer is None or not answer.succeeded:
        if answer is not None and answer.is_missing:
            await not_found(trial, item, answer)
        return
    after = await trial.read(item)
    if after is None or after.item is UNSET:
        return
    lost = differences(members, after.item, declared=list(members))
    if lost and await trial.patience():
        after = await trial.read(item) or after
        lost = differences(members, after.item, declared=list(members))
    if lost:
        message = f"{answer.line} was answered {answer.status}, and then {named(lost)}"
        trial.tell("resource.update-lost", message, by=after, of=answer, pointer=lost[0].pointer)
        return
    but = (*own_name(item), *members)
    reset = [one for one in changed_to(before.item, after.item, but=but) if _is_reset(item, one)]
    if reset:
        message = f"{answer.line} named {', '.join(members)} alone, and then {named(reset)}"
        trial.tell("resource.update-resets", message, by=after, of=answer, pointer=reset[0].pointer)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A *body* that changes one member of an item, and the *members* of the item that it has."""

    body: Any
    members: dict[str, Any]


def change(trial: Trial, item: Item) -> Change | None:
    """A change in part of *item* as it was last read; None where none was found."""
    subject = trial.subject("update")
    if subject is None or subject.made is None or not isinstance(item.current, dict):
        return None
    view, place = _sent(item, subject)
    if view is None:
        return None
    needed = {name: item.current[name] for name in view.required if name in item.current}
    drawn = [at(trial.drawn("update"), place) for _ in range(_DRAWS)]
    for name in _in_order(view.members, but=own_name(item)):
        if name not in item.current:
            continue
        for value in (each[name] for each in drawn if isinstance(each, dict) and name in each):
            if isinstance(value, (dict, list)) or value is None or same(item.current[name], value):
                continue
            members = {**needed, name: value}
            body = put({}, place, members) if place else members
            if subject.made.valid(body):
                return Change(body, {name: value})
    return None


def _in_order(members: Iterable[str], *, but: Iterable[str]) -> list[str]:
    """*members* that a client may change, those that a server has no opinion of first."""
    return [name for name in members if name not in but and not is_computed(name)]


def _sent(item: Item, subject: Subject) -> tuple[View | None, str]:
    """What the body of *subject* says of the item in it, and where that stands."""
    place = item.resource.sent(subject.operation) or ""
    entry = body_type(subject.operation)
    view = of_content((entry,)) if entry is not None else None
    return view.at(place) if view is not None else None, place


def _is_reset(item: Item, one: Difference) -> bool:
    """Whether *one* is what is left of a member that was taken for absent: nothing, or a default.

    Another value may follow from the one that was changed.
    """
    if one.kind in ("lost", "absent") or one.there in (0, False):
        return True
    return any(same(default, one.there) for default in _defaults(item, one.pointer))


def _defaults(item: Item, pointer: str) -> list[Any]:
    """The defaults of the member at *pointer*, as any request to the resource has them."""
    found: list[Any] = []
    for role in _SENDING:
        for operation in item.resource.operations.get(role, ()):
            declared = operation.request_body
            view = of_content(declared.content) if declared is not None else None
            found += defaults(view, (item.resource.sent(operation) or "") + pointer)
    return found


# -- as a whole -----------------------------------------------------------------------------------


async def replaced(trial: Trial) -> None:
    """What is put is what is there then, and once more changes nothing."""
    item = await trial.item()
    before = await current(trial, item) if item is not None else None
    subject = trial.subject("replace")
    if item is None or before is None or subject is None:
        return
    body, inner = _whole(trial, subject, item, trial.drawn("replace"))
    if inner is UNSET:
        return
    answer = await trial.replace(item, body)
    if answer is None or not answer.succeeded:
        if answer is not None and answer.is_missing:
            await not_found(trial, item, answer)
        return
    after = await trial.read(item)
    if after is None or after.item is UNSET:
        return
    lost = different(item, inner, after)
    if lost and await trial.patience():
        after = await trial.read(item) or after
        lost = different(item, inner, after)
    if lost:
        message = f"{answer.line} was answered {answer.status}, and then {named(lost)}"
        trial.tell("resource.update-lost", message, by=after, of=answer, pointer=lost[0].pointer)
        return
    await _once_more(trial, item, body=body, after=after)


def _whole(trial: Trial, subject: Subject, item: Item, drawn: Any) -> tuple[Any, Any]:
    """*drawn* as a body of *item*: with its own name, and with what the server computed of it."""
    place = item.resource.sent(subject.operation) or ""
    inner = at(drawn, place)
    if not isinstance(inner, dict):
        return drawn, UNSET
    known = item.current if isinstance(item.current, dict) else {}
    kept = {
        name: known[name]
        for name in inner
        if name in known and (is_computed(name) or name in own_name(item))
    }
    body = put(drawn, place, {**inner, **kept})
    if subject.made is not None and subject.made.valid(body):
        return body, at(body, place)
    return drawn, inner


async def _once_more(trial: Trial, item: Item, *, body: Any, after: Answer) -> None:
    """The same PUT again comes to the same (RFC 9110 §9.2.2)."""
    again = await trial.replace(item, body)
    if again is None or not again.succeeded:
        return
    later = await trial.read(item)
    if later is None or later.item is UNSET:
        return
    found = changed_to(after.item, later.item, but=own_name(item))
    if not found:
        return
    third = await trial.read(item)  # what changes by itself was not changed by the second PUT
    moving = changed_to(later.item, third.item, but=own_name(item)) if third is not None else found
    if not moving:
        message = f"{again.line} was sent twice, and then {named(found)}"
        trial.tell(
            "resource.put-not-idempotent", message, by=later, of=again, pointer=found[0].pointer
        )


async def replaced_by_less(trial: Trial) -> None:
    """What a PUT leaves out is not there any more, as far as the document lets it be left out."""
    item = await trial.item()
    before = await current(trial, item) if item is not None else None
    subject = trial.subject("replace")
    if item is None or before is None or subject is None or before.item is UNSET:
        return
    body, inner = _whole(trial, subject, item, trial.drawn("replace", is_small=True))
    view, _ = _sent(item, subject)
    if inner is UNSET or view is None:
        return
    left_out = {
        name: value
        for name, value in before.item.items()
        if name in view.members and name not in inner and not is_computed(name)
        if name not in own_name(item) and value not in (None, "", [], {}, 0, False)
    }
    left_out = {
        name: value
        for name, value in left_out.items()
        if not any(same(value, one) for one in _defaults(item, pointers.join("", name)))
    }
    answer = await trial.replace(item, body) if left_out else None
    if answer is None or not answer.succeeded:
        return
    after = await trial.read(item)
    if after is None or after.item is UNSET:
        return
    kept = [name for name, value in left_out.items() if after.item.get(name) == value]
    if kept:
        message = f"{answer.line} had no {', '.join(kept)}, and {after.line} still has it"
        trial.tell("resource.replace-keeps", message, by=after, of=answer, severity="warning")


CHECKS: tuple[Check, ...] = (
    Check("updated", updated, frozenset({"create", "read", "update"})),
    Check("replaced", replaced, frozenset({"create", "read", "replace"})),
    Check("replaced-by-less", replaced_by_less, frozenset({"create", "read", "replace"})),
)
