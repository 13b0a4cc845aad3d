"""The checks of a life: what was created is there, as it was sent, listed, under a name of its own,
until it is deleted, and then no more.

None of them goes by a status that has to come.  A 202 promises nothing yet; what is deleted may be
kept and marked; a list may be one of few.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from troth import pointer as pointers
from troth.conformance.reports.text import counted
from troth.conformance.stateful.comparison import (
    Difference,
    changed_to,
    differences,
    is_always_computed,
    is_computed,
    same,
)
from troth.conformance.stateful.drawing import defaults, odder
from troth.conformance.stateful.items import (
    Answer,
    Item,
    Listed,
    alike_named,
    at,
    same_id,
    texts_of,
)
from troth.conformance.stateful.trial import LIST_PATIENCE, Check, Trial
from troth.conformance.stateful.volatile import lasting
from troth.generation.request_writer import UNSET
from troth.http import media_type
from troth.openapi.names import in_singular, words_of
from troth.openapi.operation import Operation
from troth.openapi.paths import shape_of
from troth.openapi.schema_view import View, of_answer, of_request
from troth.violation import Severity

#: So many other members of an item are tried for its name before it is said not to be there.
_OTHER_NAMES = 5
#: Where a schema stands that holds of some instances only.
_BRANCH = re.compile(r"/(?:oneOf|anyOf|then|else|dependentSchemas)/")
#: By so many items it is seen whether what was sent is kept: one may be right by chance.
_ITEMS = 2
#: So many differences are named in a sentence.
_NAMED = 3
#: So many others are made before it is said that an item outlasts them.
_OTHERS = 128
#: The status of what was there once (RFC 9110 §15.5.11).
_GONE = 410


# -- created, and there ---------------------------------------------------------------------------


async def readable(trial: Trial) -> None:
    """What was created can be read."""
    item = await trial.item()
    answer = await trial.read(item) if item is not None else None
    if item is None or answer is None or not answer.is_missing:
        if item is not None and answer is not None:
            same_name(trial, item, answer, of=answer)
        return
    if await trial.patience():
        answer = await trial.read(item)
        if answer is None or not answer.is_missing:
            return
    if await _has_other_name(trial, item):
        return
    message = f"{item.created.line} created it, and {answer.line} answers {answer.status}"
    trial.tell("resource.not-readable", message, by=answer)


def same_name(trial: Trial, item: Item, answer: Answer, *, of: Answer) -> None:
    """Tell of *answer*, which reads *item*, if it calls it otherwise than its creation did."""
    place = item.resource.identifier
    before, name = at(item.created.item, place), at(answer.item, place)
    if UNSET in (before, name) or same_id(before, name) or not same_id(before, item.identifier):
        return
    message = f"{answer.line} reads an item that calls itself {name!r}"
    trial.tell("resource.id-changed", message, by=answer, of=of)


async def _has_other_name(trial: Trial, item: Item) -> bool:
    """Whether *item* is read by another of its members than the one that was taken for its name.

    That was our mistake, and the item is called so from now on.
    """
    name = item.resource.parameter
    subject = trial.subject("read")
    if name is None or subject is None or item.created.item is UNSET:
        return False
    declared = {each.name: each for each in subject.operation.parameters}
    schema = declared[name].schema if name in declared else None
    identifier = item.identifier
    others = [
        (member, value)
        for member, value in item.created.item.items()
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""
        if not same_id(value, identifier) and "/" not in str(value)
        if schema is None or schema.is_valid(value)
    ]
    for member, value in others[:_OTHER_NAMES]:
        item.values[name] = value
        answer = await trial.read(item)
        if answer is not None and answer.succeeded:
            item.identifier = value
            place = item.resource.item(item.created.operation, item.created.status) or ""
            source = f"$response.body#{pointers.join(place, member)}"
            item.expressions[name] = (item.created, source)
            return True
    item.values[name] = identifier
    return False


async def reads_back(trial: Trial) -> None:
    """What was created reads back as it was sent."""
    for number in range(_ITEMS):
        made_already = trial.items()
        item = made_already[number] if number < len(made_already) else await trial.create()
        if item is None or await reads_back_other(trial, item):
            return


async def reads_back_odd(trial: Trial) -> None:
    """So does what has letters of other scripts, and moments in a zone that is not the server's."""
    shared, subject = await trial.item(), trial.subject("create")
    if shared is None or subject is None or subject.made is None or shared.sent is UNSET:
        return
    place = shared.resource.sent(subject.operation) or ""
    body = await trial.drawn("create")
    odd = odder(subject, body, place, but=own_name(shared))
    made = await trial.create_of(odd) if odd != body else None
    if isinstance(made, Item):
        await reads_back_other(trial, made)


async def reads_back_other(trial: Trial, item: Item) -> bool:
    """Tell of *item* if it does not read back as it was sent; whether it is told."""
    is_another = any(may_be_one(one, item) for one in trial.namesakes(item))
    is_told = item.sent is not UNSET and not is_another
    answer = await current(trial, item) if is_told else None
    found = different(item, item.sent, answer) if answer is not None else []
    if answer is None or not (found := await lasting(trial, item, found, by=answer)):
        return False
    made, at_first = item.created, found[0].pointer
    reading = "" if answer is made else f"{answer.line} "
    message = f"{made.line} took it, and {reading}answers otherwise: {named(found)}"
    code, severity = "resource.reads-back-other", severity_of(found)
    trial.tell(code, message, by=answer, of=made, severity=severity, pointer=at_first)
    return True


async def default_taken(trial: Trial) -> None:
    """What was not sent, and has a default in the document, is that; or else is not told."""
    item = await trial.item()
    small = await trial.create(is_small=True) if item is not None else None
    answer = await current(trial, small) if small is not None else None
    view = of_request(small.created.operation) if small is not None else None
    if small is None or answer is None or view is None or not isinstance(small.sent, dict):
        return
    if any(may_be_one(one, small) for one in trial.namesakes(small)):
        return
    inner = view.at(small.resource.sent(small.created.operation) or "")
    unsent = {
        name: values[0]
        for name, member in (_of_all(inner).items() if inner is not None else ())
        if name not in small.sent and len(values := defaults(member)) == 1 and values[0] is not None
    }
    found = [one for one in different(small, unsent, answer) if one.kind != "absent"]
    if found := await lasting(trial, small, found, by=answer):
        message = f"{small.created.line} left to its default what is otherwise: {named(found)}"
        code, place = "resource.default-ignored", found[0].pointer
        made = small.created
        trial.tell(code, message, by=answer, of=made, severity="warning", pointer=place)


async def same_bytes(trial: Trial) -> None:
    """A file reads back with the bytes that it was sent with."""
    item = await trial.item()
    if item is None or item.sent is not UNSET or not trial.can("read"):
        return
    sent = item.created.case.request
    if item.created.operation.path != item.resource.path or not sent.body:
        return
    answer = await trial.read(item)
    if answer is None or not answer.succeeded or answer.status == 204:
        return
    kind, came = sent.content_type or "", answer.response
    if media_type.is_json(kind) or sent.body == came.body:
        return
    if media_type.essence(kind) == media_type.essence(came.content_type or ""):
        sizes = f"{len(sent.body)} bytes were sent, {len(came.body)} others came"
        message = f"{item.created.line} took a file, and {answer.line} answers another: {sizes}"
        # an image may be made smaller on purpose
        trial.tell(
            "resource.reads-back-other", message, by=answer, of=item.created, severity="warning"
        )


async def current(trial: Trial, item: Item) -> Answer | None:
    """The answer that has *item* as it is now."""
    is_answered = bool(item.readings) and item.readings[-1] is item.created
    if not item.readings or (is_answered and trial.can("read") and not trial.is_small):
        answer = await trial.read(item)
        if answer is None and item.readings:
            return item.readings[-1]
        return answer if answer is not None and answer.succeeded and item.readings else None
    return item.readings[-1]


def different(item: Item, meant: Any, answer: Answer) -> list[Difference]:
    """Where the item in *answer* is other than it was *meant*."""
    declared = declared_in(item, answer)
    found = differences(
        *(meant, answer.item),
        but=own_name(item),
        declared=list(declared),
        computed=is_always_computed if is_told_apart(item, declared) else is_computed,
    )
    found = [one for one in found if not (one.kind == "absent" and _is_default(one, declared))]
    return sayable(item, found, answer)


def sayable(item: Item, found: list[Difference], answer: Answer) -> list[Difference]:
    """What of *found* the document lets *answer* tell as it was meant.

    A request may take what no answer can show: who shows something else then does as he is told.
    """
    response = answer.operation.response(answer.status)
    entry = response.media_type(answer.response.content_type or "") if response else None
    schema = entry.schema if entry is not None else None
    if not found or schema is None or not schema.is_valid(answer.body):
        return found
    place = item.resource.item(answer.operation, answer.status) or ""
    return [
        one
        for one in found
        if schema.is_valid(pointers.put(answer.body, place + one.pointer, one.meant))
    ]


def is_told_apart(item: Item, declared: Mapping[str, View]) -> bool:
    """Whether the document says by two schemas what a client sends and what a server answers.

    Then what a client may send is what it decides.  Where one schema stands for both, much of it
    may be the server's.
    """
    view = of_request(item.created.operation)
    inner = view.at(item.resource.sent(item.created.operation) or "") if view else None
    members = inner.members if inner is not None else {}
    return bool(set(declared) - set(members)) and not set(own_name(item)) & set(members)


def severity_of(found: list[Difference]) -> Severity:
    """A warning where all that was *found* is what many a server sets itself."""
    names = [pointers.split(one.pointer)[0] for one in found]
    return "warning" if all(map(is_computed, names)) else "error"


def own_name(item: Item) -> tuple[str, ...]:
    """The member that has the identifier of *item*."""
    return pointers.split(item.resource.identifier or "")[:1]


def declared_in(item: Item, answer: Answer) -> dict[str, View]:
    """The members that the document says the item in *answer* has, whatever branch it is of."""
    view = of_answer(answer.operation, answer.status)
    inner = view.at(item.resource.item(answer.operation, answer.status) or "") if view else None
    return _of_all(inner) if inner is not None else {}


def _of_all(view: View) -> dict[str, View]:
    """The members of *view* that are of no branch of it."""
    # a branch may be a reference: then the place of a member does not tell that it is of one
    of_some = view.in_some_branches
    members = {name: one for name, one in view.members.items() if name not in of_some}
    return {name: one for name, one in members.items() if not _BRANCH.search(one.pointer)}


def _is_default(one: Difference, declared: dict[str, View]) -> bool:
    """Whether the value that is not there is what goes without saying."""
    known = defaults(declared.get(pointers.split(one.pointer)[0]))
    return one.meant in (0, False) or any(same(each, one.meant) for each in known)


def named(found: list[Difference]) -> str:
    """The first of what was *found* different, in words."""
    more = f", and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return "; ".join(map(str, found[:_NAMED])) + more


async def own_names(trial: Trial) -> None:
    """What is created second has another identifier than what was created first."""
    first = await trial.item()
    others = trial.items()[1:]
    second = others[0] if others else await trial.create()
    if first is None or second is None or not alike_named(first, second):
        return
    if first.identifier == "" or at(second.sent, second.resource.identifier) is not UNSET:
        return  # it has no name, or the one that the client gave it
    if first.created.sources != second.created.sources:
        return  # below other parents the same name is another's
    if may_be_one(first, second) or second.created.case.request.method != "POST":
        return  # the same again may be the same item
    if same_id(at(second.sent, second.resource.identifier), second.identifier):
        return  # its client called it so, and may have put it in the place of the first
    # a 200 may say that there is one like it already
    severity: Severity = "error" if second.created.status == 201 else "warning"
    message = f"what was created first and what was created second are both {second.identifier!r}"
    trial.tell("resource.id-repeated", message, by=second.created, severity=severity)


def may_be_one(one: Item, other: Item) -> bool:
    """Whether a server may take two for one thing: what has to be said of them is the same.

    Many make no second one of a name, and answer with the first.
    """
    if one.sent == other.sent or UNSET in (one.sent, other.sent):
        return True
    view, place = of_request(one.created.operation), one.resource.sent(one.created.operation)
    inner = view.at(place or "") if view is not None else None
    needed = [pointers.join("", name) for name in sorted(inner.required)] if inner else []
    return bool(needed) and all(same(at(one.sent, each), at(other.sent, each)) for each in needed)


async def names_after_deletion(trial: Trial) -> None:
    """What is created after a deletion takes the name of nothing that is there."""
    first = await trial.create()
    second = await trial.create() if first is not None and first.identifier != "" else None
    if first is None or second is None:
        return
    earlier, later = first, second  # the name may be that of one that was made before
    if not alike_named(first, second):
        gone = await trial.delete(first)
        third = await trial.create() if gone is not None and gone.succeeded else None
        if third is None:
            return
        earlier, later = second, third
    is_named = at(later.sent, later.resource.identifier) is not UNSET
    if is_named or not alike_named(earlier, later):
        return
    if not may_be_one(earlier, later) and later.created.status == 201:
        name = later.identifier
        message = f"after a deletion what is created is {name!r}, which is there already"
        trial.tell("resource.id-repeated", message, by=later.created)


async def listed(trial: Trial) -> None:
    """What was created is in its list."""
    first = await trial.item()
    seen = await trial.listed(first) if first is not None and first.resource.identifier else None
    for item in trial.items():
        if seen is None or seen.having(item):
            continue
        found = await _missing_from(trial, item, seen=seen)
        if found is None:
            continue
        severity: Severity = "error"
        # one that has only what it must: no draft, no archived one
        small = await trial.create(is_small=True)
        if small is not None and await _missing_from(trial, small) is None:
            severity = "warning"
        missing = f"{item.created.line} created {item.identifier!r}"
        message = f"{missing}, and it is in no page of {found.last.line}"
        trial.tell("resource.not-listed", message, by=found.last, severity=severity)
        return


async def _missing_from(trial: Trial, item: Item, *, seen: Listed | None = None) -> Listed | None:
    """The list that *item* is missing from, waited for and asked with each filter that fits it."""
    found = seen or await trial.listed(item)
    if found is None or not found.is_whole or found.having(item) or not found.is_named(item):
        return None
    if not _is_list_of(found.last.operation, item):
        return None
    if await trial.patience(LIST_PATIENCE):
        found = await trial.listed(item)
        if found is None or not found.is_whole or found.having(item):
            return None
    listing = item.resource.listing
    for name, place in (listing.filters if listing is not None else {}).items():
        value = at(item.current, place)
        if value is UNSET or isinstance(value, (dict, list)) or value is None:
            continue
        narrowed = await trial.listed(item, query={name: value})
        if narrowed is not None and narrowed.having(item):
            return None
    answer = await trial.read(item)  # what cannot be read is missing for another reason
    return None if answer is not None and answer.is_missing else found


def _is_list_of(listing: Operation, item: Item) -> bool:
    """Whether *listing* is of what is created where *item* was, and not of what is elsewhere.

    What an organisation gets need not be in the list of a user.
    """
    made = item.created.operation.path
    if listing.path in (made, item.resource.collection):
        return True
    return set(shape_of(listing.path)[1]) == set(shape_of(made)[1])


#: What is one of few values is taken over by chance, and hardly so often.
_TIMES = 12


async def of_another(trial: Trial) -> None:
    """What was not sent is not taken from what was sent before.

    Told when it is so twice, with other values: what a server fills in by itself may be the same.
    """
    known = next(_made_of_less(trial), None) or await _make_of_less(trial)
    taken = await _taken_over(trial, *known) if known is not None else None
    seen = {name: [value] for name, value in taken[0].items()} if taken is not None else {}
    for number in range(2, _TIMES + 1):
        known = await _make_of_less(trial) if seen else None
        taken = await _taken_over(trial, *known) if known is not None else None
        if known is None or taken is None:
            return
        values, answer = taken
        few = {name for name, one in declared_in(known[0], answer).items() if one.values}
        both = {name: [*found, values[name]] for name, found in seen.items() if name in values}
        apart = {name for name, found in both.items() if not all(same(found[0], x) for x in found)}
        for name in sorted(apart if number == _TIMES else apart - few):
            message = f"{name!r} was not sent, and is {values[name]!r}, as in the request before"
            trial.tell("run.leak", message, by=answer, pointer=pointers.join("", name))
            return
        # one of few may be the same again by chance
        seen = {name: found for name, found in both.items() if name in few}


def _made_of_less(trial: Trial) -> Iterator[tuple[Item, Any]]:
    """The items that were made of less than the request before that had, and what that had."""
    for item in trial.items():
        made = item.created
        earlier = trial.answers[: trial.answers.index(made)]
        before = next((one for one in reversed(earlier) if one.operation is made.operation), None)
        sent = at(before.case.value, item.resource.sent(made.operation)) if before else UNSET
        if isinstance(sent, dict) and isinstance(item.sent, dict) and len(sent) > len(item.sent):
            yield item, sent


async def _make_of_less(trial: Trial) -> tuple[Item, Any] | None:
    """An item that is made of little after one that is made of much, and what that one had."""
    whole = await trial.create()
    small = await trial.create(is_small=True) if whole is not None else None
    return (small, whole.sent) if small is not None and whole is not None else None


async def _taken_over(
    trial: Trial, small: Item, before: Any
) -> tuple[dict[str, Any], Answer] | None:
    """What *small*, an item that was made of little, has of what the request *before* had."""
    answer = await current(trial, small)
    if answer is None:
        return None
    if not all(isinstance(each, dict) for each in (before, small.sent, small.current)):
        return None
    unsent = {name: value for name, value in before.items() if name not in small.sent}
    # the very value: what a server fills in by itself (`{}`, a mask, an address) is like any
    taken = {
        name: value
        for name, value in unsent.items()
        if value and value is not True and small.current.get(name) == value
    }
    return taken, answer


# -- deleted, and gone ----------------------------------------------------------------------------


async def deleted(trial: Trial) -> None:
    """What was deleted is not there any more, and to delete it again is no crash."""
    item = await trial.item()
    before = await current(trial, item) if item is not None else None
    if item is not None and before is None and item.sent is UNSET:
        before = await trial.read(item)
        before = before if before is not None and before.succeeded else None
    answer = await trial.delete(item) if item is not None else None
    if item is None or answer is None:
        return
    if answer.is_missing and before is not None and trial.can("read"):
        await not_found(trial, item, answer)
    if not answer.succeeded:
        return
    after = await trial.read(item)
    if after is not None and after.succeeded:
        await _still_there(trial, item, before=before, after=after, by=answer)
    elif after is not None and after.is_missing:
        await _still_listed(trial, item, by=answer)
    again = await trial.delete(item)
    if again is not None and again.is_missing and after is not None and before is not None:
        await _only_marked(trial, item, before=before, after=after, by=again)
    fails_twice(trial, answer, again)
    if after is not None and after.is_missing and after.operation.method == "GET":
        head = await trial.send(after.operation, item=item, method="HEAD")
        if head is not None and head.succeeded:
            message = f"{head.line} answers {head.status}, and GET {after.status}"
            trial.tell("response.head-differs", message, by=head, severity="warning")


def fails_twice(trial: Trial, first: Answer | None, again: Answer | None) -> bool:
    """Tell if the deletion of what is gone fails the server; whether it is told."""
    if first is None or first.status >= 500 or again is None or again.status < 500:
        return False
    message = f"{again.line} a second time answers {again.status}: "
    message += f"the first answered {first.status}"
    trial.tell("resource.deleted-twice", message, by=again, alone=True)
    return True


async def deleted_with_parent(trial: Trial) -> None:
    """What was below something is not there any more when that is deleted, and not found."""
    item = await trial.item()
    parent = trial.holder_of(item) if item is not None else None
    before = await _seen(trial, item) if item is not None and parent is not None else None
    gone = await trial.delete(parent) if parent is not None and before is not None else None
    if item is None or parent is None or gone is None or not gone.succeeded:
        return
    above = await trial.read(parent)
    after = await _seen(trial, item) if above is not None and above.is_missing else None
    if after is not None and await trial.patience():
        after = await _seen(trial, item)
    is_said = _takes_along(gone, item)
    # by a path of its own it may go on by itself, unless the document says otherwise
    if after is not None and (is_said or trial.parent_of(item) is not None):
        message = f"{gone.line} answered {gone.status}, and {after.line} still has what was in it"
        # whoever reads by the last name alone finds what nobody tidied up yet
        severity: Severity = "error" if is_said else "warning"
        trial.tell("resource.still-there", message, by=after, of=gone, severity=severity)


#: How a document says that what is below something goes with it.
_ALONG = re.compile(
    r"\b(cascad\w*|recursively|along with|(?:and|with) (?:all|everything|its|their|the)\b)", re.I
)


def _takes_along(gone: Answer, item: Item) -> bool:
    """Whether the document says that what *gone* deleted goes with what *item* is one of."""
    words = words_of(item.resource.name)[-1:]
    for text in texts_of(gone.operation):
        told = _ALONG.search(text)
        rest = words_of(text[told.start() :]) if told is not None else ()
        if {*words, *in_singular(words), "everything", "content", "contents"} & {*rest}:
            return True
    return False


async def _seen(trial: Trial, item: Item) -> Answer | None:
    """The answer that has *item*: where it cannot be read, its list."""
    if trial.can("read"):
        answer = await trial.read(item)
        return answer if answer is not None and answer.succeeded else None
    found = await trial.listed(item)
    return found.last if found is not None and found.having(item) else None


async def not_found(trial: Trial, item: Item, answer: Answer) -> None:
    """Tell of *answer* that it found nothing, if the item can be read all the same."""
    after = await trial.read(item)
    if after is not None and after.succeeded:
        message = f"{answer.line} answers {answer.status}, and GET reads what is there"
        trial.tell("resource.not-found", message, by=answer)


async def _still_there(
    trial: Trial, item: Item, *, before: Answer | None, after: Answer, by: Answer
) -> None:
    if before is None or _shows(after) != _shows(before):
        return  # it says of itself that it is deleted
    if await trial.patience():
        again = await trial.read(item)
        if again is None or not again.succeeded or _shows(again) != _shows(before):
            return
        after = again
    left = await trial.listed(item)
    severity: Severity = "error"
    if left is not None and left.is_whole and left.is_named(item) and not left.having(item):
        if "410" not in {each.status for each in after.operation.responses}:
            return  # it is out of the way, and kept for who knows its name
        severity = "warning"  # the document has a word for what is deleted, and this is not it
    message = f"{by.line} answered {by.status}, and {after.line} still reads it"
    trial.tell("resource.still-there", message, by=after, of=by, severity=severity)


#: What a document says where what is deleted can still be read.
_KEPT = re.compile(
    r"\b(soft|still|keeps?|kept|remain\w*|tombstone|mark\w*|flag\w*|readable|retained?)\b", re.I
)


async def _only_marked(
    trial: Trial, item: Item, *, before: Answer, after: Answer, by: Answer
) -> None:
    """Tell if all that is done to *item* but to read it answers that it is not there.

    What is deleted may be shown as such; then it is there, for a change as for a reading.
    """
    if not after.succeeded or after.item is UNSET or changed_to(before.item, after.item):
        return
    operations = [after.operation, by.operation]
    if any(map(_KEPT.search, (text for each in operations for text in texts_of(each)))):
        return
    if "404" not in {each.status for each in after.operation.responses}:
        return
    body = await trial.drawn("update", is_small=True)
    change = await trial.update(item, body) if trial.can("update") else by
    if change is not None and change.is_missing:
        message = f"{by.line} answers {by.status} once it is deleted, and {after.line} reads it"
        trial.tell("resource.still-there", message, by=by, of=after, severity="warning")


def _shows(answer: Answer) -> Any:
    """What *answer* shows of the item: itself, or the bytes of a file."""
    return answer.response.body if answer.item is UNSET else answer.item


async def _still_listed(trial: Trial, item: Item, *, by: Answer) -> None:
    found = await trial.listed(item)
    if found is None or not found.having(item):
        return
    if await trial.patience():
        found = await trial.listed(item)
        if found is None or not found.having(item):
            return
    message = f"{by.line} answered {by.status}, and {found.last.line} still lists it"
    trial.tell("resource.still-listed", message, by=found.last)


async def lasts(trial: Trial) -> None:
    """What was created, and nobody has touched since, is there when many others were made."""
    first, due = await trial.create(), 1
    for others in range(1, _OTHERS + 1):
        if first is None or await trial.create() is None:
            return
        if others < due:
            continue
        due *= 2
        answer = await trial.read(first)
        if answer is None or answer.is_missing:
            break
    else:
        return
    if answer is not None:
        message = (
            f"{first.created.line} made it, nobody has touched it since, and {answer.line} answers "
            f"{answer.status} once {counted(others, 'other')} had been made"
        )
        # a server may have said elsewhere for how long it keeps things
        trial.tell("run.forgotten", message, by=answer, severity="warning")


READING: tuple[Check, ...] = (
    Check("readable", readable, frozenset({"create", "read"})),
    Check("reads-back", reads_back, frozenset({"create"})),
    Check("reads-back-odd", reads_back_odd, frozenset({"create"})),
    Check("default-taken", default_taken, frozenset({"create"})),
    Check("same-bytes", same_bytes, frozenset({"create", "read"})),
    Check("own-names", own_names, frozenset({"create"})),
    Check("of-another", of_another, frozenset({"create"})),
    Check("listed", listed, frozenset({"create", "list"})),
)
DELETING: tuple[Check, ...] = (
    Check("deleted", deleted, frozenset({"create", "delete"})),
    Check("names-after-deletion", names_after_deletion, frozenset({"create", "delete"})),
    # the last: nothing of the trial is where it was, then
    Check("deleted-with-parent", deleted_with_parent, frozenset({"create"})),
)
#: Takes many items: it is run where something was seen to be forgotten.
LASTING = Check("lasting", lasts, frozenset({"create", "read"}))
