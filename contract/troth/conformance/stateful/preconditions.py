"""Checks of conditional requests, where the document declares them: If-None-Match and If-Match.

A server need not know them (RFC 9110 §13).  One whose document has the field or the status of it
says that it does; one that only sends a tag does not.
"""

from __future__ import annotations

from troth.conformance.stateful.access import has_credential
from troth.conformance.stateful.changes import change
from troth.conformance.stateful.comparison import changed_to
from troth.conformance.stateful.items import Answer, Item
from troth.conformance.stateful.life_cycle import current
from troth.conformance.stateful.trial import Check, Trial
from troth.generation.request_writer import UNSET
from troth.openapi.operation import Operation

#: An entity tag that nothing has.
_NO_TAG = '"troth-no-such-version"'
#: So many members are changed, each by itself, to see whether the tag follows.
_MEMBERS = 2
#: A token that nobody was given.
_NOBODYS = "troth-nobody-has-this-token"


def _declares(operation: Operation, field: str, status: str) -> bool:
    """Whether *operation* has the header field as a parameter, or the status that comes of it."""
    is_asked = any(
        each.location == "header" and each.name.lower() == field for each in operation.parameters
    )
    return is_asked or any(each.status == status for each in operation.responses)


async def _tagged(trial: Trial) -> tuple[Item, Answer, str] | None:
    """An item, the answer that has it as it is now, and its entity tag, where it has one."""
    item = await trial.item()
    answer = await current(trial, item) if item is not None else None
    tag = answer.field("ETag") if answer is not None else None
    return (item, answer, tag) if item is not None and answer is not None and tag else None


async def not_modified(trial: Trial) -> None:
    """A reading with the tag of what is there answers 304 (RFC 9110 §13.1.2)."""
    known, subject = await _tagged(trial), trial.subject("read")
    if known is None or subject is None:
        return
    item, answer, tag = known
    declared = _declares(subject.operation, "if-none-match", "304")
    again = await trial.read(item, fields=(("If-None-Match", tag),))
    if again is None or again.status not in (200, 304):
        return
    if again.status == 200 and again.field("ETag") == tag:
        message = f"{again.line} with If-None-Match {tag} answers all of it, with the same tag"
        if declared:
            trial.tell("resource.not-modified-ignored", message, by=again)
    elif again.status == 200 and again.body == answer.body and answer is not item.created:
        message = f"{again.line} answers the same as before, with the tag {again.field('ETag')}"
        trial.tell("resource.etag-unstable", message, by=again, severity="warning")
    elif again.status == 304:
        other = await trial.read(item, fields=(("If-None-Match", _NO_TAG),))
        if other is not None and other.status == 304:
            message = f"{other.line} with If-None-Match {_NO_TAG} answers 304: nothing has this tag"
            trial.tell("resource.not-modified-wrong", message, by=other)


async def not_modified_for_all(trial: Trial) -> None:
    """A tag opens no door: who may not read is not told that nothing has changed."""
    known, subject = await _tagged(trial), trial.subject("read")
    if known is None or subject is None or not has_credential(trial, subject):
        return
    item, _, tag = known
    plain = await trial.read(item, token=_NOBODYS)
    if plain is None or plain.status not in (401, 403):
        return
    again = await trial.read(item, token=_NOBODYS, fields=(("If-None-Match", tag),))
    if again is not None and (again.succeeded or again.status == 304):
        message = f"{again.line} with a token that is nobody's answers {plain.status}, "
        message += f"and with If-None-Match {tag} {again.status}"
        trial.tell("security.not-enforced", message, by=again)


async def tag_of_each(trial: Trial) -> None:
    """What has another value for any member has another strong tag (RFC 9110 §8.8.1)."""
    known = await _tagged(trial)
    if known is None or known[2].startswith("W/"):
        return
    item, before, tag = known
    tried: list[str] = []
    for _ in range(_MEMBERS):
        made = await change(trial, item, but=tried)
        answer = await trial.update(item, made.body) if made is not None else None
        after = await trial.read(item) if answer is not None and answer.succeeded else None
        if made is None:
            return
        tried += made.names
        if answer is None or after is None or after.item is UNSET:
            continue
        if after.field("ETag") == tag and changed_to(before.item, after.item):
            names = ", ".join(made.names)
            message = f"{answer.line} changed {names}, and its tag is {tag} as before"
            trial.tell("resource.etag-unchanged", message, by=after, of=answer)
            return
        before, tag = after, after.field("ETag") or ""


async def match(trial: Trial) -> None:
    """A change is made where its If-Match names what is there, and only there."""
    subject = trial.subject("update")
    if subject is None or not _declares(subject.operation, "if-match", "412"):
        return
    known = await _tagged(trial)
    if known is None:
        return
    item, before, tag = known
    first = await _change_with(trial, item, tag)
    if first is None:
        return
    if first.status == 412:
        after = await trial.read(item)
        # a weak tag never matches (RFC 9110 §8.8.3.2), nor does one of what has changed since
        if not tag.startswith("W/") and after is not None and after.field("ETag") == tag:
            message = f"{first.line} with If-Match {tag} is refused, and that is its tag"
            trial.tell("resource.match-refused", message, by=first)
        return
    after = await trial.read(item) if first.succeeded else None
    if after is None or after.item == before.item:
        return
    if after.field("ETag") == tag:
        return  # which is told of each member
    for stale in (tag, _NO_TAG):
        second = await _change_with(trial, item, stale)
        if second is not None and second.succeeded:
            message = f"{second.line} with If-Match {stale} is done, and its tag is another"
            trial.tell("resource.match-ignored", message, by=second)
            return


async def match_of_deletion(trial: Trial) -> None:
    """Nothing is deleted whose version is another than that of the If-Match."""
    subject = trial.subject("delete")
    if subject is None or not _declares(subject.operation, "if-match", "412"):
        return
    known = await _tagged(trial)
    if known is None:
        return
    item = known[0]
    trial.spoil(item)
    answer = await trial.delete(item, fields=(("If-Match", _NO_TAG),))
    if answer is not None and answer.succeeded:
        message = f"{answer.line} with If-Match {_NO_TAG} is done, and its tag is another"
        trial.tell("resource.match-ignored", message, by=answer)


async def _change_with(trial: Trial, item: Item, tag: str) -> Answer | None:
    if not item.readings:
        await trial.read(item)
    made = await change(trial, item)
    if made is None:
        return None
    return await trial.update(item, made.body, fields=(("If-Match", tag),))


CHECKS: tuple[Check, ...] = (
    Check("not-modified", not_modified, frozenset({"create", "read"})),
    Check("not-modified-for-all", not_modified_for_all, frozenset({"create", "read"})),
    Check("match-of-deletion", match_of_deletion, frozenset({"create", "read", "delete"})),
    Check("tag-of-each", tag_of_each, frozenset({"create", "read", "update"})),
    Check("match", match, frozenset({"create", "read", "update"})),
)
