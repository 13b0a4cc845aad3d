"""Checks of changes: PATCH changes what it names and nothing else, PUT puts all of it in its place.

What a server computes, and how it normalises, is `comparison`'s to say.  A change that is refused
says nothing: the state of an item may be the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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
from troth.generation.request_writer import UNSET, body_type
from troth.generation.requests import body_schema
from troth.http import media_type
from troth.openapi.envelopes import attributes_in
from troth.openapi.listing import field_mask
from troth.openapi.names import words_of
from troth.openapi.operation import Operation
from troth.openapi.resources import Role
from troth.openapi.schema_view import View, of_answer, of_request, view_of
from troth.violation import Severity

#: What refuses the same PUT again for having been sent before.
_NOT_AGAIN = frozenset({400, 404, 405, 409, 410, 422})
SENDING: tuple[Role, ...] = ("create", "update", "replace")
#: What changes, of what there is, what it names, however deep that stands.
_MERGE_PATCH = "application/merge-patch+json"
#: What is as if it were not there.
_NOTHING: tuple[Any, ...] = (None, "", [], {}, 0)
#: So many objects of an item are changed in part.
_PARTS = 2
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


async def masked(trial: Trial) -> None:
    """A field mask lets a change touch what it names, and nothing else that is sent."""
    subject = trial.subject("update")
    mask = field_mask(subject.operation) if subject is not None else None
    item = await trial.item() if mask is not None else None
    before = await current(trial, item) if item is not None else None
    made = await change(trial, item, most=True) if item is not None and before else None
    if mask is None or item is None or before is None or made is None or len(made.names) < 2:
        return
    first, *others = made.names
    if mask.schema is not None and not mask.schema.is_valid(first):
        return
    answer = await trial.update(item, made.body, query={mask.name: first})
    after = await trial.read(item) if answer is not None and answer.succeeded else None
    if answer is None or after is None:
        return
    places = [pointers.join(made.inside, name) for name in others]
    taken = [one for one in places if same(at(made.members, one), at(after.item, one))]
    if taken:
        message = f"{answer.line} was to change {first!r} alone, and {after.line} then has "
        message += f"{', '.join(taken)} as it was sent, too"
        trial.tell("resource.update-resets", message, by=after, of=answer, pointer=taken[0])


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
        body = changing(subject, item, {name: None})
        if subject.made is not None and subject.made.valid(body):
            place = pointers.join(made.inside, name)
            await _taken_away(trial, item, body, place=place, value=at(made.members, place))
            return


async def _taken_away(trial: Trial, item: Item, body: Any, *, place: str, value: Any) -> None:
    """Tell if what has null at *place* in the change *body* is the *value* that it was before."""
    answer = await trial.update(item, body)
    after = await trial.read(item) if answer is not None and answer.succeeded else None
    if answer is None or after is None or after.item is UNSET:
        return
    if _is_default(item, place, value) or not same(value, at(after.item, place)):
        return
    is_merged = _is_merged(answer.operation)
    if _may_be_null(item, after, place) or (is_merged and _may_be_absent(item, after, place)):
        message = f"{answer.line} named {place} with null, and it is {value!r} as before"
        # many a server takes null for nothing said; of a merge patch RFC 7396 says what it is
        severity: Severity = "error" if is_merged else "warning"
        trial.tell("resource.update-lost", message, by=after, of=answer, severity=severity)


def _may_be_null(item: Item, answer: Answer, place: str) -> bool:
    """Whether the document lets what is at *place* of the item in *answer* be null.

    What never is cannot be taken away, however optional it is in a change.
    """
    inside = item.resource.item(answer.operation, answer.status) or ""
    return _may_be(answer, put(answer.body, inside + place, None))


def _may_be_absent(item: Item, answer: Answer, place: str) -> bool:
    """Whether the document lets the item in *answer* do without what is at *place* of it."""
    *above, name = pointers.split(
        (item.resource.item(answer.operation, answer.status) or "") + place
    )
    holder = pointers.of(above)
    kept = {key: one for key, one in at(answer.body, holder).items() if key != name}
    return _may_be(answer, put(answer.body, holder, kept))


def _may_be(answer: Answer, body: Any) -> bool:
    """Whether *answer* might have had the body *body*, as far as the document says."""
    entry = answer.operation.answer_type(answer.response)
    return entry is None or entry.schema is None or entry.schema.is_valid(body)


# -- in part of a part ----------------------------------------------------------------------------


def _is_merged(operation: Operation) -> bool:
    """Whether the body of *operation* is a merge patch (RFC 7396): the standard says what it does.

    What a PATCH of plain JSON does with an object in an object is every server's own.
    """
    entry = body_type(operation)
    return entry is not None and media_type.essence(entry.content_type) == _MERGE_PATCH


async def merged(trial: Trial) -> None:
    """Of an object in the item a merge patch changes what it names, and takes away what is null."""
    item = await trial.item()
    subject = trial.subject("update")
    if item is None or subject is None or not _is_merged(subject.operation):
        return
    there = await current(trial, item)
    for part in list(_parts(trial, item, subject))[:_PARTS] if there is not None else ():
        if not await _is_merged_in(trial, item, subject, part=part):
            return
        for name, value in part.others.items():
            body = changing(subject, item, part.whole({name: None}))
            if subject.made is not None and subject.made.valid(body):
                place = pointers.join(part.place, name)
                await _taken_away(trial, item, body, place=place, value=value)
                break


async def _is_merged_in(trial: Trial, item: Item, subject: Subject, *, part: _Part) -> bool:
    """Whether a change of *part* of *item* was taken, and changed nothing else; told if not."""
    answer = await trial.update(item, changing(subject, item, part.whole(part.changed)))
    if answer is None or not answer.succeeded:
        return False
    after = await _kept(trial, item, put({}, part.place, part.changed), by=answer)
    if after is None:
        return False
    others = changed_to(part.others, at(after.item, part.place))
    others = [replace(one, pointer=part.place + one.pointer) for one in others]
    reset = [one for one in others if _is_reset(item, one)]
    # one that goes with another may follow it; where nothing is left, the object was put anew
    if len(reset) < len(part.others) or not await lasting(trial, item, reset, by=after):
        return True
    names = ", ".join(part.changed)
    message = f"{answer.line} named {names} of {part.place} alone, and then {named(reset)}"
    trial.tell("resource.update-resets", message, by=after, of=answer, pointer=part.place)
    return False


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """An object at *place* of an item: what is *changed* of it, *others* that then stay.

    *needed* is what any change of it has to have.
    """

    place: str
    changed: dict[str, Any]
    others: dict[str, Any]
    needed: dict[str, Any]

    def whole(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """What a change of *members* has of the item, beside what any has to have."""
        return {pointers.split(self.place)[-1]: {**self.needed, **members}}


def _parts(trial: Trial, item: Item, subject: Subject) -> Iterator[_Part]:
    """Of each object in *item* a member that a change may name, and leave out others."""
    view, inside = _members_sent(item, subject)
    known, made = at(item.current, inside), subject.made
    if view is None or made is None or not isinstance(known, dict):
        return
    for name, member in view.members.items():
        value = known.get(name)
        if name in own_name(item) or is_computed(name) or not isinstance(value, dict):
            continue
        place = pointers.join(inside, name)
        needed = {key: value[key] for key in member.required if key in value}
        views = {key: one for key in value if (one := member.members.get(key) or member.entries)}
        told = [key for key in _in_order(views, but=()) if value[key] not in _NOTHING]
        for key in told:
            seed = trial.seed(place)
            new = other_value(value[key], views[key], name=key, schema=made.schema, seed=seed)
            others = {
                one: value[one]
                for one in told
                if one != key and one not in needed
                if not _is_default(item, pointers.join(place, one), value[one])
            }
            part = _Part(place, {key: new}, others, needed)
            is_seen = _is_another(new, value[key], most=False)
            if others and is_seen and made.valid(changing(subject, item, part.whole(part.changed))):
                yield part
                break


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


async def change(
    trial: Trial, item: Item, *, most: bool = False, but: Collection[str] = ()
) -> Change | None:
    """A change in part of *item* as it was last read; None where none was found.

    It is one of a single member, or of as many as possible with *most*, and of none in *but*.
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
    for name in _in_order(view.members, but=(*own_name(item), *but)):
        before = current.get(name, UNSET)
        values = [each[name] for each in drawn if isinstance(each, dict) and name in each]
        if isinstance(before, bool):
            values.append(not before)  # no draw may have it: of two one says more
        for value in values:
            if not _is_another(value, before, most=most):
                continue
            changed = {**members, name: value}
            body = _operations(changed, inside) if is_patch else changing(subject, item, changed)
            if subject.made.valid(body):
                members, found = changed, Change(body, put({}, inside, changed), inside)
                if not most:
                    return found
                break
    return found


def changing(subject: Subject, item: Item, changed: dict[str, Any]) -> Any:
    """The body that changes what is *changed* of *item*, with what any has to have."""
    whole, place = sent_view(item, subject)
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
    view, _ = sent_view(item, subject)
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


def sent_view(item: Item, subject: Subject) -> tuple[View | None, str]:
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
    return _is_default(item, one.pointer, one.there)


def _is_default(item: Item, pointer: str, value: Any) -> bool:
    """Whether *value* is a default of the member at *pointer*."""
    return any(same(value, default) for default in _defaults(item, pointer))


def _defaults(item: Item, pointer: str) -> list[Any]:
    """The defaults of the member at *pointer*, as any request to the resource has them."""
    found: list[Any] = []
    for role in SENDING:
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
    view, _ = sent_view(item, subject)
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
        if not _is_default(item, pointers.join("", name), value)
    }
    answer = await trial.replace(item, body) if left_out else None
    if answer is None or not answer.succeeded:
        return
    after = await trial.read(item)
    if after is None or after.item is UNSET:
        return
    kept = [name for name, value in left_out.items() if after.item.get(name) == value]
    if kept := [name for name in kept if not _has_to_be_one_of_few(item, after, name)]:
        them = "it" if len(kept) == 1 else "them"
        message = f"{answer.line} left out {', '.join(kept)}, and {after.line} still has {them}"
        trial.tell("resource.replace-keeps", message, by=after, of=answer, severity="warning")


def _has_to_be_one_of_few(item: Item, answer: Answer, name: str) -> bool:
    """Whether *answer* cannot do without the member *name*, and what it begins with may be so."""
    view = of_answer(answer.operation, answer.status)
    inner = view.at(item.resource.item(answer.operation, answer.status) or "") if view else None
    if inner is None or name not in inner.required or name not in inner.members:
        return False
    member = inner.members[name]
    return bool(member.values) or member.types <= {"boolean", "null"}


CHECKS: tuple[Check, ...] = (
    Check("updated", updated, frozenset({"create", "read", "update"})),
    Check("updated-all", updated_all, frozenset({"create", "read", "update"})),
    Check("masked", masked, frozenset({"create", "read", "update"})),
    Check("merged", merged, frozenset({"create", "read", "update"})),
    Check("replaced", replaced, frozenset({"create", "read", "replace"})),
    Check("replaced-by-less", replaced_by_less, frozenset({"create", "read", "replace"})),
)
