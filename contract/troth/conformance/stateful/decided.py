"""What a server decides itself: a client that sends it has no say in it.

Who owns a thing, when it began, what it may: told by schemas that answers alone have, or by
`readOnly`.  Where such a member is taken from a request, whoever adds it decides (mass assignment).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from troth import pointer as pointers
from troth.conformance.cases.case import Subject
from troth.conformance.stateful.changes import SENDING, changing, sent_view
from troth.conformance.stateful.comparison import same
from troth.conformance.stateful.drawing import other_value
from troth.conformance.stateful.items import Answer, Item, at, put
from troth.conformance.stateful.life_cycle import current, own_name
from troth.conformance.stateful.trial import Check, Trial
from troth.generation.request_writer import UNSET
from troth.openapi.envelopes import attributes_in
from troth.openapi.schema_view import view_of
from troth.violation import Severity


@dataclass(frozen=True, slots=True, eq=False)
class _Decided:
    """A member at *pointer* of an item that no request has, and two values that it has not.

    It *is_open* where there are so many that a server gives neither by chance.
    """

    pointer: str
    values: tuple[Any, Any]
    is_read_only: bool
    is_open: bool


async def decided(trial: Trial) -> None:
    """What answers alone have, or the document calls readOnly, is not what a client sends for it.

    Told when it is so with both values: one may be what the server comes to by itself.
    """
    item = await trial.create()
    before = await current(trial, item) if item is not None else None
    subject = trial.subject("create")
    if item is None or before is None or not isinstance(before.item, dict):
        return
    trial.spoil(item)
    members = _decided(trial, item, before)
    update = trial.subject("update")
    if members and update is not None and update.is_json and not update.is_json_patch:
        body = changing(update, item, {})
        if await _takes(trial, item, update, body=body, members=members):
            return
    if members and subject is not None and subject.is_json:
        await _takes(trial, None, subject, body=await trial.drawn("create"), members=members)


#: So many members that a client has no say in are sent at once; and one by one, if those are
#: refused.
_AT_ONCE, _ALONE = 8, 5
#: What is taken is sent again, with its other value; of few values a server may come to each by
#: itself, and not to all of these in turn.
_AGAIN = (1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0)


def _decided(trial: Trial, item: Item, answer: Answer) -> list[_Decided]:
    entry = answer.operation.answer_type(answer.response)
    view = view_of(entry.schema) if entry is not None else None
    view = view.at(item.resource.item(answer.operation, answer.status) or "") if view else None
    if view is None or entry is None or entry.schema is None:
        return []
    inside = attributes_in(view)
    asked: set[str] = set()
    for role in SENDING:
        subject = trial.subject(role)
        sent = sent_view(item, subject)[0] if subject is not None else None
        sent = sent.at(attributes_in(sent)) if sent is not None else None
        asked |= set(sent.members) if sent is not None else set()
    found: list[_Decided] = []
    inner = view.at(inside)
    for name, member in inner.members.items() if inner is not None else ():
        place = pointers.join(inside, name)
        before, seed = at(answer.item, place), trial.seed(name)
        if name in asked or before is UNSET or not member.is_scalar or not member.types:
            continue
        first: Any = not before
        second: Any = before
        if not isinstance(before, bool):
            another = partial(other_value, before, member, name=name, schema=entry.schema)
            first = another(seed=seed)
            second = another(seed=seed.child("2"), but=[first])
        if not any(same(first, each) for each in (before, second)):
            is_told = any(schema.get("readOnly") is True for _, schema in member.parts)
            is_open = not isinstance(before, bool) and not member.values
            found.append(_Decided(place, (first, second), is_told, is_open))
    # what it is called by, the last: nobody finds what is called otherwise
    last = pointers.join("", *own_name(item))
    return sorted(found, key=lambda each: (each.pointer == last, not each.is_read_only))


async def _takes(
    trial: Trial,
    item: Item | None,
    subject: Subject,
    *,
    body: Any,
    members: Sequence[_Decided],
) -> bool:
    """Tell if *subject* takes values of *members* from a client, for *item* or for a new one."""
    tried = [members[:_AT_ONCE], *([one] for one in members[:_ALONE] if len(members) > 1)]
    for chosen in tried:
        answer, after = await _having(trial, item, subject, body=body, members=chosen)
        if answer is None or not answer.succeeded:
            continue
        if after is None or after.item is UNSET:
            return item is not None and _tell_gone(trial, answer, after, chosen)
        kept = [one for one in chosen if _is_taken(one, after, 0)]
        for number, which in enumerate(_AGAIN):
            if not kept or (number and all(one.is_open for one in kept)):
                break
            # what a server comes to by itself may hang on what is sent: each time with another
            body = body if item is not None else await trial.drawn("create")
            answer, after = await _having(
                trial, item, subject, body=body, members=kept, which=which
            )
            kept = [one for one in kept if after is not None and _is_taken(one, after, which)]
        if kept and answer is not None and after is not None:
            names = ", ".join(one.pointer for one in kept)
            message = f"{answer.line} was sent {names}, which no client decides, and "
            message += f"{after.line} answers what was sent"
            severity: Severity = "error" if any(one.is_read_only for one in kept) else "warning"
            code, place = "resource.decided-by-client", kept[0].pointer
            trial.tell(code, message, by=after, of=answer, severity=severity, pointer=place)
        return bool(kept)
    return False


def _tell_gone(
    trial: Trial, answer: Answer, after: Answer | None, members: Sequence[_Decided]
) -> bool:
    if after is None or not after.is_missing:
        return False
    names = ", ".join(one.pointer for one in members)
    message = f"{answer.line} was sent {names}, which no client decides, and then {after.line} "
    message += f"answers {after.status}"
    trial.tell("resource.decided-by-client", message, by=after, of=answer, severity="warning")
    return True


def _is_taken(one: _Decided, after: Answer, which: int) -> bool:
    there = at(after.item, one.pointer)
    is_same_text = isinstance(there, str) and isinstance(one.values[which], str)
    return bool(there == one.values[which]) or (is_same_text and same(one.values[which], there))


async def _having(
    trial: Trial,
    item: Item | None,
    subject: Subject,
    *,
    body: Any,
    members: Sequence[_Decided],
    which: int = 0,
) -> tuple[Answer | None, Answer | None]:
    """The answer to *body* with *members* in it, and a reading then of what it is about."""
    for one in members:
        at_body = trial.resource.sent_at(subject.operation, one.pointer)
        body = put(body, at_body, one.values[which])
    if item is not None:
        answer = await trial.update(item, body)
        after = await trial.read(item) if answer is not None and answer.succeeded else None
    else:
        made = await trial.create_of(body)
        if not isinstance(made, Item):
            return made, None
        answer, after = made.created, await trial.read(made)
    return answer, after


CHECKS: tuple[Check, ...] = (Check("decided", decided, frozenset({"create", "read"})),)
