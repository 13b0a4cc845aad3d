"""What a server may not have thought of: the same again, actions done twice, lists of nothing,
other parents, neighbours, and what is done to what is gone.

Most of it accuses a server of nothing but failing (5xx), which is told by itself.
"""

from __future__ import annotations

from troth import pointer as pointers
from troth.conformance.stateful.changes import change
from troth.conformance.stateful.comparison import changed_to, same
from troth.conformance.stateful.items import Answer, Item, at, same_id
from troth.conformance.stateful.life_cycle import current, named, own_name
from troth.conformance.stateful.trial import Check, Trial
from troth.conformance.stateful.volatile import lasting
from troth.generation.request_writer import UNSET
from troth.openapi.resources import Role
from troth.violation import Severity


async def same_again(trial: Trial) -> None:
    """What is like an item that is there already may be refused, and must not be a crash."""
    item = await trial.create()
    if item is not None and item.created.case.request.method == "POST":
        await trial.create(like=item)


async def acted_twice(trial: Trial) -> None:
    """An action may be done twice to an item, and the item deleted after that."""
    actions = list(trial.actions())
    # as it is by default: what can be done to it depends on its state
    item = await trial.create(is_small=True) if actions else None
    if item is None:
        return
    trial.spoil(item)
    for operation in actions:
        for _ in range(2):
            await trial.send(operation, item=item)
    await trial.delete(item)


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
    Check("same-again", same_again, _needs()),
    Check("acted-twice", acted_twice, _needs()),
    Check("nothing-below", nothing_below, _needs()),
    Check("other-parent", other_parent, _needs("read")),
    Check("neighbours", neighbours, _needs("read")),
    Check("after-deletion", after_deletion, _needs("read", "delete")),
)
