"""What a server may not have thought of: actions done twice, lists of nothing,
other parents, neighbours, and what is done to what is gone.

Most of it accuses a server of nothing but failing (5xx), which is told by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from troth import pointer as pointers
from troth.conformance.stateful.changes import change
from troth.conformance.stateful.comparison import (
    Derivation,
    changed_to,
    derivations,
    is_always_computed,
    same,
)
from troth.conformance.stateful.items import (
    Answer,
    Item,
    at,
    same_id,
    texts_of,
)
from troth.conformance.stateful.life_cycle import current, declared_in, named, own_name
from troth.conformance.stateful.trial import Check, Trial
from troth.conformance.stateful.volatile import lasting
from troth.generation.request_writer import UNSET
from troth.http import json_text
from troth.openapi.envelopes import APART
from troth.openapi.names import words_of
from troth.openapi.operation import Operation
from troth.openapi.resources import Role
from troth.openapi.schema_view import View
from troth.violation import Severity


async def acted_twice(trial: Trial) -> None:
    """An action may be done twice to an item, and the item deleted after that."""
    actions = list(trial.actions())
    item = await trial.create(is_small=True) if actions else None
    if item is None:
        return
    trial.spoil(item)
    for operation in actions:
        for _ in range(2):
            await trial.send(operation, item=item)
    await trial.delete(item)


#: So many actions are tried of which the document has a state to tell.
_TOLD_ACTIONS = 8


async def done(trial: Trial) -> None:
    """An action after whose name the document has a state brings an item into that state."""
    actions = list(trial.actions(most=_TOLD_ACTIONS))
    shared = await trial.item() if any(map(_verb, actions)) else None
    known = await current(trial, shared) if shared is not None else None
    if shared is None or known is None:
        return
    for operation in actions:
        verb = _verb(operation)
        is_told = any(True for _ in _telling(shared, known, verb))
        # as it is by default: what can be done to it depends on its state
        item = await trial.create(is_small=True) if is_told else None
        before = await current(trial, item) if item is not None else None
        if item is None or before is None or not _lacks(item, before, verb):
            continue
        trial.spoil(item)
        answer = await trial.send(operation, item=item)
        after = await trial.read(item) if answer is not None and answer.succeeded else None
        if after is not None and _is_as_before(before, after) and await trial.patience():
            after = await trial.read(item)
        if answer is not None and after is not None and _is_as_before(before, after):
            lacks = ", ".join(_lacks(item, after, verb))
            message = f"{answer.line} answers {answer.status}, and {lacks}, as before"
            trial.tell("resource.action-lost", message, by=after, of=answer, severity="warning")


def _verb(operation: Operation) -> str:
    """What *operation* does, as its path calls it: `archive` of `POST /notes/{id}/archive`."""
    words = words_of(operation.path.rpartition("/")[2])
    return words[0] if len(words) == 1 and not operation.path.endswith("}") else ""


def _is_as_before(before: Answer, after: Answer) -> bool:
    """Whether two readings of an item are the same, but for the moments that they tell."""

    def told(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        kept = {name: one for name, one in value.items() if not is_always_computed(name)}
        return {name: told(one) for name, one in kept.items()}

    return after.item is not UNSET and bool(told(before.item) == told(after.item))


#: What follows the word of a state in the name of a member: `published_at`, `approved_by`.
_MOMENTS = frozenset({"at", "on", "by", "date", "time"})


def _telling(item: Item, answer: Answer, verb: str) -> Iterator[tuple[str, Any, bool]]:
    """The members of the item in *answer* that say whether *verb* was done, and whether they do."""
    forms = {f"{verb}ed", f"{verb}d", f"{verb}{verb[-1:]}ed", f"{verb[:-1]}ied"}
    views: Mapping[str, View] = declared_in(item, answer)
    members = answer.item
    for apart in APART:
        if apart in views and isinstance(members.get(apart), dict):
            views, members = views[apart].members, members[apart]
    for name, view in views.items() if verb else ():
        words, value = [word for word in words_of(name) if word != "is"], members.get(name, UNSET)
        is_state = any(str(one).lower() in forms for one in view.values)
        is_said = bool(words) and words[0] in forms and not set(words[1:]) - _MOMENTS
        if value is not UNSET and (is_state or is_said):
            yield name, value, str(value).lower() in forms if is_state else bool(value)


def _lacks(item: Item, answer: Answer, verb: str) -> list[str]:
    """What says that *verb* was not done, if nothing says that it was."""
    told = list(_telling(item, answer, verb))
    if any(is_done for _, _, is_done in told):
        return []
    return [f"{name!r} is {json_text.encode(value).decode()}" for name, value, _ in told]


#: What brings back what was deleted.
_RESTORING = frozenset({"restore", "undelete", "recover", "untrash", "reinstate", "revive"})
#: What may do so, among other things.
_REVIVING = re.compile(
    r"^(?:re|un)|^(?:activate|enable|undo|bring|put|open|start|resume)$|restor|undelet|recover|trash",
    re.IGNORECASE,
)


def _may_revive(operation: Operation) -> bool:
    words = (_verb(operation), *texts_of(operation))
    return not words[0] or any(map(_REVIVING.search, words))


async def restored(trial: Trial) -> None:
    """What was deleted is there again when it is restored, and only then."""
    actions = sorted(trial.actions(), key=lambda each: _verb(each) in _RESTORING)
    item = await trial.create() if actions else None
    before = await current(trial, item) if item is not None else None
    gone = await trial.delete(item) if item is not None else None
    after = await trial.read(item) if item and gone is not None and gone.succeeded else None
    if item is None or after is None or not after.is_missing:
        return
    for operation in actions:
        answer = await trial.send(operation, item=item)
        there = await trial.read(item) if answer is not None and answer.succeeded else None
        if answer is None or there is None:
            continue
        name = at(answer.item, item.resource.identifier)
        if name is not UNSET and not same_id(name, item.identifier):
            return  # it has come back as another
        item.is_gone = there.is_missing
        is_restoring = _verb(operation) in _RESTORING
        if is_restoring and there.is_missing and await trial.patience():
            there = await trial.read(item) or there
        if is_restoring and there.is_missing:
            message = f"{answer.line} answers {answer.status}, and {there.line} {there.status}"
            trial.tell("resource.action-lost", message, by=there, of=answer)
        elif not is_restoring and there.succeeded and not _may_revive(operation):
            message = f"{answer.line} is done, and what had been deleted is there again"
            trial.tell("resource.changed-when-gone", message, by=there, of=answer)
        if not there.is_missing:
            if is_restoring and before is not None and before.item is not UNSET:
                await _tell_less(trial, item, before, there, by=answer)
            return


async def _tell_less(
    trial: Trial, item: Item, before: Answer, there: Answer, *, by: Answer
) -> None:
    """Tell of what a client had set, and is another after what was deleted is restored."""
    asked = set(_sent_names(item.sent))
    found = [
        one
        for one in changed_to(before.item, there.item, but=own_name(item))
        if pointers.split(one.pointer)[-1] in asked
    ]
    if found := await lasting(trial, item, found, by=there):
        message = f"{by.line} brings back what was deleted, and then {named(found)}"
        trial.tell("resource.action-lost", message, by=there, of=by, pointer=found[0].pointer)


def _sent_names(sent: Any) -> Iterator[str]:
    """The members of what was *sent*, and of what it has apart."""
    for name, value in sent.items() if isinstance(sent, dict) else ():
        yield name
        yield from value if name in APART and isinstance(value, dict) else ()


async def nothing_below(trial: Trial) -> None:
    """The lists below an item may be asked for before there is anything in them."""
    item = await trial.create() if list(trial.below("list")) else None
    for operation in trial.below("list") if item is not None else ():
        await trial.send(operation, item=item)


async def other_parent(trial: Trial) -> None:
    """An item is not read below a parent that it does not belong to."""
    item = await trial.item()
    parent = trial.parent_of(item) if item is not None else None
    subject = trial.subject("read")
    if item is None or parent is None or subject is None:
        return
    other = await trial.sibling(parent)
    if other is None or same_id(other.identifier, parent.identifier):
        return
    moved = item.moved(other)
    answer = await trial.send(subject.operation, item=moved)
    name = at(answer.item, item.resource.identifier) if answer is not None else UNSET
    if answer is not None and answer.succeeded and same_id(name, item.identifier):
        made = item.created.line
        message = f"{answer.line} reads what was created by {made}, below another parent"
        # where identifiers are unique, the path above may be for people
        trial.tell("resource.other-parent", message, by=answer, severity="warning")
    elif answer is not None and answer.is_missing:
        await _changed_below(trial, item, moved)


async def _changed_below(trial: Trial, item: Item, moved: Item) -> None:
    """Tell of an item that is changed below a parent below which it is not read."""
    made = await change(trial, item) if await current(trial, item) is not None else None
    answer = await trial.update(moved, made.body) if made is not None else None
    if made is None or answer is None or not answer.succeeded:
        return
    after = await trial.read(item)
    if after is not None and not changed_to(made.members, after.item):
        message = f"{answer.line} changes what is not read there, but below another parent"
        trial.tell("resource.other-parent", message, by=answer, severity="warning")


async def neighbours(trial: Trial) -> None:
    """To change or delete one item leaves the others as they are."""
    first = await trial.create()
    second = await trial.create() if first is not None else None
    if first is None or second is None or await current(trial, second) is None:
        return
    if same_id(first.identifier, second.identifier):
        return  # which is told of as such
    await current(trial, first)
    made = await change(trial, first) if trial.can("update") else None
    answer = await trial.update(first, made.body) if made is not None else None
    if made is not None and answer is not None and answer.succeeded:
        await _unchanged(trial, second, by=answer, members=tuple(made.members))
    body = await trial.drawn("replace") if trial.can("replace") else UNSET
    answer = await trial.replace(first, body) if body is not UNSET else None
    if answer is not None and answer.succeeded:
        place = first.resource.sent(answer.operation)
        await _not_put(trial, second, by=answer, inner=at(body, place))
    answer = await trial.delete(first) if trial.can("delete") else None
    if answer is None or not answer.succeeded:
        return
    await _unchanged(trial, second, by=answer)


async def _unchanged(
    trial: Trial, item: Item, *, by: Answer, members: tuple[str, ...] = ()
) -> None:
    before, after = item.current, await trial.read(item)
    if after is None:
        return
    if after.is_missing:
        message = f"{by.line} was answered {by.status}, and {after.line} answers {after.status}"
        trial.tell("resource.neighbour-changed", message, by=after, of=by)
    elif after.item is not UNSET:
        # there may be one first, one default and one place for each, which moves when others do
        found = [
            one
            for one in changed_to(before, after.item, but=own_name(item))
            if isinstance(one.meant, (str, list)) or pointers.split(one.pointer)[0] in members
        ]
        if found := await lasting(trial, item, found, by=after):
            message = f"after {by.line}, {after.line} has changed: {named(found)}"
            trial.tell("resource.neighbour-changed", message, by=after, of=by)


async def _not_put(trial: Trial, item: Item, *, by: Answer, inner: object) -> None:
    """Tell if *item* has become what was put in the place of another, as far as it was not yet."""
    before, after = item.current, await trial.read(item)
    if after is None or after.item is UNSET or not isinstance(inner, dict):
        return
    found = [
        one
        for one in changed_to(before, after.item, but=own_name(item))
        if isinstance(one.there, (str, list)) and one.pointer.count("/") == 1
        if same(inner.get(pointers.split(one.pointer)[0]), one.there)
    ]
    if found := await lasting(trial, item, found, by=after):
        message = f"after {by.line}, {after.line} has what was put there: {named(found)}"
        trial.tell("resource.neighbour-changed", message, by=after, of=by)


#: So many items tell whether a number of theirs is worked out of others.
_SOME = 3


def _has_own_number(item: Item) -> bool:
    """Whether *item* was created with a number that its client did not send."""
    told, sent = item.created.item, item.sent
    members = told.items() if isinstance(told, dict) and isinstance(sent, dict) else ()
    is_number = (name for name, one in members if type(one) in (int, float) and name not in sent)
    return any(name not in own_name(item) for name in is_number)


async def derived(trial: Trial) -> None:
    """What a server works out of what it was sent it works out anew when that is changed."""
    shared, creating = await trial.item(), trial.subject("create")
    if shared is not None and len(trial.items()) < _SOME and _has_own_number(shared):
        await trial.several(_SOME)
    place = trial.resource.sent(creating.operation) if creating is not None else None
    # also of those that are there no more: of what has little nothing is worked out
    made = [
        each
        for each in trial.answers
        if creating is not None and each.operation is creating.operation
        if each.succeeded and isinstance(each.item, dict)
    ]
    bodies = [at(each.case.value, place) for each in made]
    sent = {name for each in bodies if isinstance(each, dict) for name in each}
    known = derivations([each.item for each in made], sent=sent)
    item = await trial.create() if known else None
    before = await current(trial, item) if item is not None else None
    if item is None or before is None:
        return
    trial.spoil(item)
    body = await trial.drawn("replace") if trial.can("replace") else UNSET
    answer = await trial.replace(item, body) if body is not UNSET else None
    if (answer is None or not answer.succeeded) and trial.can("update"):
        anew = await change(trial, item, most=True)
        answer = await trial.update(item, anew.body) if anew is not None else None
    after = await trial.read(item) if answer is not None and answer.succeeded else None
    if after is not None and _stale(known, before, after) and await trial.patience():
        after = await trial.read(item)
    if answer is None or after is None:
        return
    for each in _stale(known, before, after)[:1]:
        message = (
            f"{answer.line} was answered {answer.status}, and {each.name!r} is "
            f"{after.item[each.name]} as before: {each} is {each.value(after.item)} now"
        )
        place = pointers.join("", each.name)
        trial.tell(
            *("resource.update-lost", message),
            by=after,
            of=answer,
            severity="warning",
            pointer=place,
        )


def _stale(known: list[Derivation], before: Answer, after: Answer) -> list[Derivation]:
    """What of *known* is in *after* as it was *before*, and is not what it is derived from."""
    if not isinstance(before.item, dict) or not isinstance(after.item, dict):
        return []
    return [
        each
        for each in known
        if each.is_told(before.item) and not each.holds(after.item)
        if after.item.get(each.name) == before.item[each.name]
    ]


# -- what is done to what is gone -----------------------------------------------------------------


async def after_deletion(trial: Trial) -> None:
    """What is deleted is neither changed nor put back, and nothing is created below it."""
    item = await trial.create()
    if item is None or await current(trial, item) is None:
        return
    made = await change(trial, item) if trial.can("update") else None
    whole = await trial.drawn("replace") if trial.can("replace") else UNSET
    gone = await trial.delete(item)
    after = await trial.read(item) if gone is not None and gone.succeeded else None
    if after is None or not after.is_missing:
        return
    for answer in (
        await trial.update(item, made.body) if made is not None else None,
        await trial.replace(item, whole) if whole is not UNSET and not _creates(trial) else None,
    ):
        if answer is not None and answer.succeeded:
            message = f"{answer.line} is done, and {after.line} had answered {after.status}"
            severity: Severity = "error" if answer.case.request.method == "PATCH" else "warning"
            trial.tell("resource.changed-when-gone", message, by=answer, severity=severity)
    for operation in trial.below("list"):
        await trial.send(operation, item=item)
    for operation in trial.below("create"):
        answer = await trial.send(operation, item=item)
        if answer is not None and answer.succeeded:
            message = f"{answer.line} is done, and what it is below was deleted"
            trial.tell("resource.created-below-nothing", message, by=answer, severity="warning")


def _creates(trial: Trial) -> bool:
    """Whether PUT may create what is not there, under a name that the client chose."""
    resource, subject = trial.resource, trial.subject("replace")
    names = subject.operation.template.names if subject is not None else ()
    return resource.is_client_named or resource.parameter not in names


def _needs(*roles: Role) -> frozenset[Role]:
    return frozenset({"create", *roles})


CHECKS: tuple[Check, ...] = (
    Check("acted-twice", acted_twice, _needs()),
    Check("done", done, _needs("read")),
    Check("restored", restored, _needs("read", "delete")),
    Check("nothing-below", nothing_below, _needs()),
    Check("other-parent", other_parent, _needs("read")),
    Check("neighbours", neighbours, _needs("read")),
    Check("derived", derived, _needs("read")),
    Check("after-deletion", after_deletion, _needs("read", "delete")),
)
