"""Checks of changes: PATCH changes what it names and nothing else, PUT puts all of it in its place.

What a server computes, and how it normalises, is `comparison`'s to say.  A change that is refused
says nothing: the state of an item may be the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from troth import pointer as pointers
from troth.conformance.cases.case import Subject
from troth.conformance.stateful.comparison import (
    Difference,
    changed_to,
    created_anew,
    differences,
    is_always_computed,
    is_computed,
    same,
)
from troth.conformance.stateful.drawing import defaults, other_value, with_name
from troth.conformance.stateful.items import Answer, Item, at, put, same_id
from troth.conformance.stateful.life_cycle import (
    current,
    declared_in,
    different,
    named,
    not_found,
    own_name,
    same_name,
    sayable,
)
from troth.conformance.stateful.trial import Check, Trial
from troth.conformance.stateful.volatile import lasting
from troth.generation.request_writer import UNSET
from troth.generation.requests import body_schema
from troth.openapi.envelopes import attributes_in
from troth.openapi.names import words_of
from troth.openapi.resources import Role
from troth.openapi.schema_view import View, of_request, view_of
from troth.violation import Severity

#: What refuses the same PUT again for having been sent before.
_NOT_AGAIN = frozenset({400, 404, 405, 409, 410, 422})
_SENDING: tuple[Role, ...] = ("create", "update", "replace")
#: So many bodies are drawn for a value that is another than what there is.
_DRAWS = 3


# -- in part --------------------------------------------------------------------------------------


async def updated(trial: Trial) -> None:
    """A change in part is kept, and changes nothing else."""
    item = await trial.item()
    before = await current(trial, item) if item is not None else None
    made = await change(trial, item) if item is not None else None
    if item is None or before is None or made is None:
        return
    answer = await trial.update(item, made.body)
    if answer is None or not answer.succeeded:
        if answer is not None and answer.is_missing:
            await not_found(trial, item, answer)
        return
    after = await _kept(trial, item, made.members, by=answer)
    if after is None:
        return
    same_name(trial, item, after, of=answer)
    others = changed_to(made.beside(before.item), after.item, but=own_name(item))
    reset = [one for one in others if _is_reset(item, one)]
    if reset := await lasting(trial, item, reset, by=after):
        message = f"{answer.line} named {', '.join(made.names)} alone, and then {named(reset)}"
        trial.tell("resource.update-resets", message, by=after, of=answer, pointer=reset[0].pointer)
        return
    is_one = before.operation is after.operation  # which writes a moment as it does
    anew = created_anew(before.item, after.item) if is_one else []
    if anew := await lasting(trial, item, anew, by=after):
        code, place = "resource.update-resets", anew[0].pointer
        message = f"{answer.line} changed what was created before, and then {named(anew)}"
        trial.tell(code, message, by=after, of=answer, severity="warning", pointer=place)


async def _kept(trial: Trial, item: Item, members: dict[str, Any], *, by: Answer) -> Answer | None:
    """The answer that has *members* of *item* as *by* took them; None: nothing has them so."""
    after = await trial.read(item)
    lost = _lost(item, members, after)
    if lost and await trial.patience():
        after = await trial.read(item) or after
        lost = _lost(item, members, after)
    if after is None:
        return None
    if after.is_missing:
        message = f"{by.line} was answered {by.status}, and {after.line} answers {after.status}"
        trial.tell("resource.not-found", message, by=after, of=by)
        return None
    if after.item is UNSET:
        return None
    if lost := await lasting(trial, item, lost, by=after):
        message = f"{by.line} was answered {by.status}, and then {named(lost)}"
        trial.tell("resource.update-lost", message, by=after, of=by, pointer=lost[0].pointer)
        return None
    # an answer may have a part of the item
    stale = [one for one in _lost(item, members, by) if one.kind == "changed"]
    if stale := await lasting(trial, item, stale, by=after):
        message = f"{by.line} answers otherwise than {after.line} then: {named(stale)}"
        trial.tell("resource.answer-stale", message, by=by, pointer=stale[0].pointer)
    return after


def _lost(item: Item, members: dict[str, Any], answer: Answer | None) -> list[Difference]:
    if answer is None or answer.item is UNSET:
        return []
    # what an answer is not said to have may be told by another alone
    declared = list(declared_in(item, answer) or members)
    lost = differences(members, answer.item, declared=declared, computed=is_always_computed)
    # some servers leave out what goes without saying
    lost = [one for one in lost if not (one.kind == "absent" and one.meant in (0, False))]
    return sayable(item, lost, answer)


async def updated_all(trial: Trial) -> None:
    """Each member that may be changed is changed; null takes away what may be null."""
    item = await trial.item()
    subject = trial.subject("update")
    if item is None or subject is None or await current(trial, item) is None:
        return
    made = await change(trial, item, most=True)
    answer = await trial.update(item, made.body) if made is not None else None
    if made is None or answer is None or not answer.succeeded:
        return
    if await _kept(trial, item, made.members, by=answer) is None:
        return
    for name in made.names:
        body = _changing(subject, item, {name: None})
        if subject.made is None or not subject.made.valid(body):
            continue
        answer = await trial.update(item, body)
        after = await trial.read(item) if answer is not None and answer.succeeded else None
        if answer is None or after is None or after.item is UNSET:
            return
        at_name = pointers.join(made.inside, name)
        value, there = at(made.members, at_name), at(after.item, at_name)
        if same(value, there) and _may_be_null(item, after, at_name):
            message = f"{answer.line} named {name} with null, and it is {value!r} as before"
            # many a server takes null for nothing said
            trial.tell("resource.update-lost", message, by=after, of=answer, severity="warning")
        return


def _may_be_null(item: Item, answer: Answer, place: str) -> bool:
    """Whether the document lets what is at *place* of the item in *answer* be null.

    What never is cannot be taken away, however optional it is in a change.
    """
    entry = answer.operation.answer_type(answer.response)
    if entry is None or entry.schema is None:
        return True
    inside = item.resource.item(answer.operation, answer.status) or ""
    return entry.schema.is_valid(put(answer.body, inside + place, None))


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A *body* that changes members of an item, and the item's *members* as they are then.

    They stand *inside* the item: a resource object of JSON:API has them in its attributes.
    """

    body: Any
    members: dict[str, Any]
    inside: str = ""

    @property
    def names(self) -> list[str]:
        """What is changed."""
        return list(at(self.members, self.inside))

    def beside(self, item: Any) -> Any:
        """*item* without what is changed."""
        members = at(item, self.inside)
        if not isinstance(members, dict):
            return item
        kept = {name: value for name, value in members.items() if name not in self.names}
        return put(item, self.inside, kept)


async def change(trial: Trial, item: Item, *, most: bool = False) -> Change | None:
    """A change in part of *item* as it was last read; None where none was found.

    It is one of a single member, or of as many as possible with *most*.
    """
    subject = trial.subject("update")
    if subject is None or subject.made is None or not isinstance(item.current, dict):
        return None
    is_patch = subject.is_json_patch
    # a JSON Patch says nothing of the item that it is for: what creates or replaces one does
    role: Role = "update" if not is_patch else "replace" if trial.can("replace") else "create"
    source = trial.subject(role)
    view, inside = _members_sent(item, source) if source is not None else (None, "")
    current = at(item.current, inside)
    if source is None or view is None or not isinstance(current, dict):
        return None
    place = item.resource.sent_at(source.operation, inside)
    drawn = [at(await trial.drawn(role), place) for _ in range(_DRAWS)]
    members: dict[str, Any] = {}
    found: Change | None = None
    for name in _in_order(view.members, but=own_name(item)):
        before = current.get(name, UNSET)
        values = [each[name] for each in drawn if isinstance(each, dict) and name in each]
        if isinstance(before, bool):
            values.append(not before)  # no draw may have it: of two one says more
        for value in values:
            if not _is_another(value, before, most=most):
                continue
            changed = {**members, name: value}
            body = _operations(changed, inside) if is_patch else _changing(subject, item, changed)
            if subject.made.valid(body):
                members, found = changed, Change(body, put({}, inside, changed), inside)
                if not most:
                    return found
                break
    return found


def _changing(subject: Subject, item: Item, changed: dict[str, Any]) -> Any:
    """The body that changes what is *changed* of *item*, with what any has to have."""
    whole, place = _sent(item, subject)
    view, inside = _members_sent(item, subject)
    body = put(subject.minimal, place, {})
    for at_item, own in {"": whole, inside: view}.items():
        known = at(item.current, at_item)
        if own is not None and isinstance(known, dict):
            needed = {name: known[name] for name in own.required if name in known}
            body = put(body, item.resource.sent_at(subject.operation, at_item), needed)
    at_body = item.resource.sent_at(subject.operation, inside)
    return put(body, at_body, {**at(body, at_body), **changed})


def _members_sent(item: Item, subject: Subject) -> tuple[View | None, str]:
    """What the body of *subject* says of the members of the item, and where the item has them."""
    view, _ = _sent(item, subject)
    if view is None or item.resource.is_bare(subject.operation):
        return view, item.resource.apart
    inside = attributes_in(view)
    return view.at(inside) if inside else view, inside


def _operations(members: Mapping[str, Any], inside: str) -> list[dict[str, Any]]:
    """The JSON Patch that gives *members* to what has them *inside* already (RFC 6902 §4.3)."""
    return [
        {"op": "replace", "path": pointers.join(inside, name), "value": value}
        for name, value in members.items()
    ]


def _is_another(value: Any, before: Any, *, most: bool) -> bool:
    """Whether *value* is seen beside what was *before*: a plain one, or with *most* any."""
    is_plain = not isinstance(value, dict) and (most or not isinstance(value, list))
    return before is not UNSET and is_plain and value is not None and not same(before, value)


def _in_order(members: Mapping[str, View], *, but: Iterable[str]) -> list[str]:
    """*members* that a client may change, texts first: those that mean nothing to a server.

    What refers to something else may only be what there is.
    """
    own = [name for name in members if name not in but and not is_computed(name)]
    free = [name for name in own if words_of(name)[-1:] not in (("id",), ("ids",), ("key",))]
    return sorted(
        free, key=lambda name: (members[name].types != {"string"}, bool(members[name].values))
    )


def _sent(item: Item, subject: Subject) -> tuple[View | None, str]:
    """What the body of *subject* says of the item in it, and where that stands."""
    place = item.resource.sent(subject.operation) or ""
    view = view_of(body_schema(subject.operation))
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
            place = (item.resource.sent(operation) or "") + pointer
            found += defaults(of_request(operation), place)
    return found


# -- as a whole -----------------------------------------------------------------------------------


async def replaced(trial: Trial) -> None:
    """What is put is what is there then, and once more changes nothing."""
    item = await trial.item()
    subject = trial.subject("replace")
    if item is not None and subject is not None and subject.made is None:
        await trial.replace(item, UNSET)  # a file again: it must not be a crash
        return
    before = await current(trial, item) if item is not None else None
    if item is None or before is None or subject is None:
        return
    body, inner = _whole(trial, subject, item, await _drawn_anew(trial, subject, item))
    if inner is UNSET:
        await trial.replace(item, body)
        return
    answer = await trial.replace(item, body)
    if answer is not None and answer.status in (400, 422):
        # some servers want in the body, too, what the path says
        body = with_name(subject, item.resource, body=body, name=item.identifier)
        answer = await trial.replace(item, body)
    if answer is not None and answer.is_missing:
        # what the body refers to may be what was not found
        body, inner = _whole(trial, subject, item, item.created.case.value)
        is_valid = subject.made is not None and subject.made.valid(body)
        answer = await trial.replace(item, body) if is_valid else None
        if answer is not None and answer.is_missing:
            await not_found(trial, item, answer)
    if answer is None or not answer.succeeded or inner is UNSET:
        return
    after = await trial.read(item)
    if after is None or after.item is UNSET:
        return
    lost = different(item, inner, after)
    if lost and await trial.patience():
        after = await trial.read(item) or after
        lost = different(item, inner, after)
    if lost := await lasting(trial, item, lost, by=after):
        message = f"{answer.line} was answered {answer.status}, and then {named(lost)}"
        trial.tell("resource.update-lost", message, by=after, of=answer, pointer=lost[0].pointer)
        return
    await _once_more(trial, item, body=body, inner=inner, after=after)


async def _drawn_anew(trial: Trial, subject: Subject, item: Item) -> Any:
    """A body in whose place *item* has other texts: what is the same may be kept or lost."""
    place = item.resource.sent(subject.operation) or ""
    known = item.current if isinstance(item.current, dict) else {}
    body = await trial.drawn("replace")
    for _ in range(_DRAWS):
        inner = at(body, place)
        members = inner.items() if isinstance(inner, dict) else ()
        if not any(isinstance(one, str) and known.get(name) == one for name, one in members):
            break
        body = await trial.drawn("replace")
    return body


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
    parameter = item.resource.parameter
    if parameter is not None and parameter not in subject.operation.template.names:
        # what is replaced is named in the body alone
        body = with_name(subject, item.resource, body=body, name=item.identifier)
        if not same_id(at(body, place + (item.resource.identifier or "")), item.identifier):
            return drawn, UNSET
    if subject.made is not None and subject.made.valid(body):
        return body, at(body, place)
    return drawn, inner


def _is_outdated(inner: Any, after: Answer) -> bool:
    """Whether *inner* names a version, or whatever the server counts, that is not there any more.

    Then the same again is a conflict: somebody who had read the earlier version would send it.
    """
    return isinstance(inner, dict) and any(
        is_computed(name) and name in after.item and not same(value, after.item[name])
        for name, value in inner.items()
    )


async def _once_more(trial: Trial, item: Item, *, body: Any, inner: Any, after: Answer) -> None:
    """The same PUT again comes to the same (RFC 9110 §9.2.2)."""
    again = await trial.replace(item, body)
    if again is not None and again.status == 409 and _is_outdated(inner, after):
        return
    if again is not None and (again.status in _NOT_AGAIN or again.status >= 500):
        message = f"{again.line} a second time answers {again.status}: the first was taken"
        trial.tell("resource.put-not-idempotent", message, by=again, alone=True)
    if again is None or not again.succeeded:
        return
    later = await trial.read(item)
    if later is None or later.item is UNSET:
        return
    found = changed_to(after.item, later.item, but=own_name(item))
    if found := await lasting(trial, item, found, by=later):
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
    body, inner = _whole(trial, subject, item, await trial.drawn("replace", is_small=True))
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
        them = "it" if len(kept) == 1 else "them"
        message = f"{answer.line} left out {', '.join(kept)}, and {after.line} still has {them}"
        trial.tell("resource.replace-keeps", message, by=after, of=answer, severity="warning")


# -- what the server decides ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Decided:
    """A member at *pointer* of an item that no request has, and two values that it has not."""

    pointer: str
    values: tuple[Any, Any]
    is_read_only: bool


async def decided(trial: Trial) -> None:
    """What answers alone have, or the document calls readOnly, is not what a client sends for it.

    Told when it is so with two values: one may be what the server comes to by itself.
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
        body = _changing(update, item, {})
        if await _takes(trial, item, update, body=body, members=members):
            return
    if members and subject is not None and subject.is_json:
        await _takes(trial, None, subject, body=await trial.drawn("create"), members=members)


#: So many members that a client has no say in are sent at once; and one by one, if those are
#: refused.
_AT_ONCE, _ALONE = 8, 5


def _decided(trial: Trial, item: Item, answer: Answer) -> list[_Decided]:
    entry = answer.operation.answer_type(answer.response)
    view = view_of(entry.schema) if entry is not None else None
    view = view.at(item.resource.item(answer.operation, answer.status) or "") if view else None
    if view is None or entry is None or entry.schema is None:
        return []
    inside = attributes_in(view)
    asked: set[str] = set()
    for role in _SENDING:
        subject = trial.subject(role)
        sent = _sent(item, subject)[0] if subject is not None else None
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
            found.append(_Decided(place, (first, second), is_told))
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
        if kept:  # once more, with other values
            answer, after = await _having(trial, item, subject, body=body, members=kept, which=1)
            kept = [one for one in kept if after is not None and _is_taken(one, after, 1)]
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


CHECKS: tuple[Check, ...] = (
    Check("updated", updated, frozenset({"create", "read", "update"})),
    Check("updated-all", updated_all, frozenset({"create", "read", "update"})),
    Check("replaced", replaced, frozenset({"create", "read", "replace"})),
    Check("decided", decided, frozenset({"create", "read"})),
    Check("replaced-by-less", replaced_by_less, frozenset({"create", "read", "replace"})),
)
