"""Checks of access: what one user has made, another may neither read nor change nor delete.

No document says whose an item is, and much is meant for all: a catalogue, a team's board.  So a
second token proves something only beside what the server itself makes of it.  A list that leaves
the item out for the other user says that it is not theirs; one that has it says that all share it.
Where there is no list, it counts what the document says: a 403, or words such as "your own".
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Literal, TypeGuard

from troth import pointer as pointers
from troth.conformance.cases.case import Subject
from troth.conformance.known_values import absent_value
from troth.conformance.stateful.addressing import identified
from troth.conformance.stateful.changes import change
from troth.conformance.stateful.comparison import changed_to, same
from troth.conformance.stateful.drawing import drawn
from troth.conformance.stateful.items import Answer, Item, at, same_id, texts_of
from troth.conformance.stateful.life_cycle import current, declared_in, own_name
from troth.conformance.stateful.trial import Check, Trial
from troth.conformance.stateful.uploads import CONTENTS
from troth.conformance.stateful.volatile import lasting
from troth.generation.request_writer import BASIC_CREDENTIAL, CREDENTIAL, UNSET
from troth.openapi.names import words_of
from troth.openapi.resources import Role
from troth.violation import Severity

#: What the server and its document make of an item for another user.
Sharing = Literal["apart", "unknown", "shared"]

#: What says nothing of whose it is.
_NOTHING: tuple[Any, ...] = (None, "", 0, False, True, [], {})
#: So many parts of an item are asked for with another token.
_PARTS = 4
_OWN = re.compile(
    r"\b(?:your own|(?:belong\w*|owned|visible|accessible|available)(?: only)? (?:to|by) "
    r"(?:the )?(?:you|owner|user|caller|current|authenticated)|(?:current|authenticated|logged-in|"
    r"signed-in|calling) user|only the owner|not the owner|(?:someone|somebody) else's)\b",
    re.IGNORECASE,
)
_SHARED = re.compile(
    r"\b(?:shared (?:by|with|among|between) (?:all|every)|all users|every user|everyone|everybody|"
    r"any user|public(?:ly)?|world-readable|shared)\b",
    re.IGNORECASE,
)


async def read_by_other(trial: Trial) -> None:
    """Another's token does not read what the first one's made."""
    token, item = await _given(trial)
    if item is None or token is None:
        return
    sharing = await _sharing(trial, item, token=token, role="read")
    answer = await trial.read(item, token=token)
    if answer is not None and answer.status in (401, 403, 404):
        await _listed_only(trial, item, token=token, answer=answer)
        if answer.status != 401:
            await _below_only(trial, item, token=token, answer=answer)
    if sharing == "shared" or answer is None or not answer.succeeded or answer.item is UNSET:
        return
    if await _is_given(trial, item, answer, token=token) and await _is_again(trial, token=token):
        message = f"{answer.line} gives the second token what the first one's user made"
        trial.tell("resource.read-by-other", message, by=answer, severity=_severity(sharing))


async def _is_given(
    trial: Trial, item: Item, answer: Answer, *, token: str, moved: Item | None = None
) -> bool:
    """Whether *answer* gives the user of *token* that *item*, asked for where it was *moved* to.

    A server may have something for every name that it is asked for.
    """
    if changed_to(item.current, answer.item) or not _tells_of(item, answer):
        return False
    name, operation, place = item.resource.parameter, answer.operation, moved or item
    names = operation.template.names
    if name is None or not names:
        return True  # it is asked for by no name
    made_up = absent_value(operation, names[-1], trial.seed("none"))
    if made_up is UNSET:
        return True
    expressions = {key: one for key, one in place.expressions.items() if key != name}
    values = {**place.values, name: made_up}
    nobodys = replace(place, values=values, expressions=expressions, readings=[])
    other = await trial.read(nobodys, token=token)
    return other is None or not other.succeeded or not _tells_of(item, other)


async def _is_again(trial: Trial, *, token: str) -> bool:
    """Whether the user of *token* is given another one, too: one may be like any by chance."""
    item = await trial.create()
    mine = await current(trial, item) if item is not None else None
    answer = await trial.read(item, token=token) if item is not None and mine is not None else None
    if item is None or answer is None or not answer.succeeded or answer.item is UNSET:
        return answer is None  # there cannot be another
    return await _is_given(trial, item, answer, token=token)


def _tells_of(item: Item, answer: Answer) -> bool:
    """Whether *answer* shows more of *item* than its name and what all have."""
    theirs = answer.item
    if not isinstance(theirs, dict):
        return True
    usual = {
        name
        for name, one in declared_in(item, answer).items()
        if one.values or any("const" in schema for _, schema in one.parts)
    }
    for ours in (item.sent, item.current):
        members = ours if isinstance(ours, dict) else {}
        told = members.keys() & theirs.keys() - usual - set(own_name(item))
        found = [name for name in told if members[name] not in _NOTHING]
        if found:
            return any(same(members[name], theirs[name]) for name in found)
    return False


def _says(body: Any) -> bool:
    """Whether *body* has anything that may be somebody's: no count of 0 alone, say."""
    parts = [part for _, part in pointers.places(body)]
    return any(not isinstance(part, (dict, list)) and part not in _NOTHING for part in parts)


async def _listed_only(trial: Trial, item: Item, *, token: str, answer: Answer) -> None:
    """Tell of a list that gives away what the item's own path refuses to the same user."""
    if item.is_shown is False and trial.parent_of(item) is None:
        return  # the list was looked at, and has it not
    theirs = await trial.listed(item, token=token)
    if theirs is not None and theirs.having(item):
        message = f"{theirs.last.line} lists for the second token what {answer.line} refuses to it"
        trial.tell("resource.read-by-other", message, by=theirs.last)


async def _below_only(trial: Trial, item: Item, *, token: str, answer: Answer) -> None:
    """Tell of a part of *item*, its content say, that is open to who may not read the item."""
    below = trial.resource.path.rstrip("/") + "/"
    for operation in trial.resource.operations.get("action", ())[:_PARTS]:
        subject = trial.session.subjects.get(operation.name)
        is_part = operation.method == "GET" and operation.path.startswith(below)
        if not is_part or subject is None or not has_credential(trial, subject):
            continue
        if any(map(_SHARED.search, texts_of(operation))):
            continue
        theirs = await trial.send(operation, item=item, token=token)
        if theirs is None or not theirs.succeeded:
            continue
        ours = await trial.send(operation, item=item)
        is_same = ours is not None and ours.response.body == theirs.response.body != b""
        if is_same and _says(theirs.body):
            message = f"{theirs.line} gives the second token what is of an item, and {answer.line} "
            message += f"refuses it that: {answer.status}"
            # how far it has come may be for everybody, and what it holds for none of them
            is_content = words_of(operation.path.rpartition("/")[2]) in CONTENTS
            severity: Severity = "error" if is_content else "warning"
            trial.tell("resource.read-by-other", message, by=theirs, severity=severity)


async def created_below_other(trial: Trial) -> None:
    """Another's token creates nothing below what it may not even read."""
    token, item = await _given(trial)
    holder = trial.holder_of(item) if item is not None else None
    subject = trial.subject("create")
    if item is None or holder is None or subject is None:
        return
    above = await trial.read(holder, token=token)
    if above is None or above.status not in (403, 404):
        return
    body = await trial.drawn("create")
    answer = await trial.send(subject.operation, item=holder, body=body, token=token)
    if answer is not None and answer.succeeded:
        message = f"{answer.line} is done for the second token, to which {above.line} answers "
        # a letter box is open to those who may not look into it
        message += str(above.status)
        trial.tell("resource.changed-by-other", message, by=answer, severity="warning")


async def changed_by_other(trial: Trial) -> None:
    """Another's token does not change what the first one's made."""
    token, item = await _given(trial)
    if item is None or token is None:
        return
    made = await change(trial, item)
    sharing = await _sharing(trial, item, token=token, role="update")
    if made is None or sharing == "shared":
        return
    answer = await trial.update(item, made.body, token=token)
    if not _is_done(answer, trial):
        return
    after = await trial.read(item)
    place = pointers.join(made.inside, made.names[0])
    if after is not None and at(after.item, place) == at(made.members, place):
        message = f"{answer.line} with the second token changed what the first one's user made"
        trial.tell("resource.changed-by-other", message, by=answer, severity=_severity(sharing))


async def replaced_by_other(trial: Trial) -> None:
    """Another's token does not put anything in the place of what the first one's made."""
    token, item = await _given(trial)
    if item is None or token is None:
        return
    before, body = item.current, await trial.drawn("replace")
    sharing = await _sharing(trial, item, token=token, role="replace")
    # of names that clients choose, each user may have one of their own
    if sharing == "shared" or trial.resource.is_client_named:
        return
    answer = await trial.replace(item, body, token=token)
    if not _is_done(answer, trial):
        return
    after = await trial.read(item)
    if after is None or after.item is UNSET:
        return
    if await lasting(trial, item, changed_to(before, after.item), by=after):
        message = f"{answer.line} with the second token replaced what the first one's user made"
        trial.tell("resource.changed-by-other", message, by=answer, severity=_severity(sharing))


async def acted_on_by_other(trial: Trial) -> None:
    """Another's token does nothing to what the first one's made."""
    actions = list(trial.actions())
    # what an action needs to be in, is mostly what it is in when nothing else is said
    token, item = await _given(trial, is_small=True) if actions else (None, None)
    if item is None or token is None:
        return
    sharing = await _sharing(trial, item, token=token, role="read")
    theirs = await trial.read(item, token=token)
    # a check in is open to all, who may read what it is about
    if sharing == "shared" or theirs is None or theirs.succeeded:
        return
    for operation in actions:
        answer = await trial.send(operation, item=item, token=token)
        if _is_done(answer, trial):
            message = f"{answer.line} is done for the second token, which may not even read it"
            # to join a group, or to report it, is open to those who are not in it
            trial.tell("resource.changed-by-other", message, by=answer, severity="warning")


async def deleted_by_other(trial: Trial) -> None:
    """Another's token does not delete what the first one's made."""
    token, item = await _given(trial)
    if item is None or token is None:
        return
    sharing = await _sharing(trial, item, token=token, role="delete")
    if sharing == "shared":
        return
    answer = await trial.delete(item, token=token)
    if not _is_done(answer, trial):
        return
    after = await trial.read(item)
    if after is not None and after.is_missing:
        item.is_gone = True
        message = f"{answer.line} with the second token deleted what the first one's user made"
        trial.tell("resource.deleted-by-other", message, by=answer, severity=_severity(sharing))


async def below_own(trial: Trial) -> None:
    """Another's token does not get at an item below something that its user has made.

    What it is refused under its own path it may be given under one that is in order: where the
    parent in the path is looked at, and the item by its own identifier alone.
    """
    token, item = await _given(trial)
    parent = trial.parent_of(item) if item is not None else None
    if item is None or token is None or parent is None or parent.resource.parameter is None:
        return
    reads = trial.resource.operations.get("read", ())
    texts = [text for operation in reads for text in texts_of(operation)]
    if any(map(_SHARED.search, texts)) and not any(map(_OWN.search, texts)):
        return  # it is open to all, who need not be let into what it stands below
    direct = await trial.read(item, token=token)
    is_shut = direct is not None and direct.status in (403, 404)
    own = await _own(trial, parent, token=token) if is_shut else None
    if own is None or direct is None:
        return
    says = f"with the second token, to which {direct.line} answers {direct.status}"
    if not same_id(own.identifier, parent.identifier):
        await _reached(trial, item, item.moved(own), token=token, says=says)
    await trial.delete(own, token=token)


async def _own(trial: Trial, like: Item, *, token: str) -> Item | None:
    """Something *like* an item, made by the user of *token*; None: it cannot be."""
    operation = like.created.operation
    subject = trial.session.subjects.get(operation.name)
    if subject is None or operation.method != "POST":
        return None
    body = drawn(subject, seed=trial.seed("own"), is_small=False, name=like.resource.name)
    answer = await trial.send(operation, item=like, body=body, token=token)
    if answer is None or not answer.succeeded:
        return None
    own = {name: one for name, one in like.values.items() if name != like.resource.parameter}
    made = Item(like.resource, own, None, UNSET, answer)
    return made if identified(made, answer, is_named=False) else None


async def _reached(trial: Trial, item: Item, moved: Item, *, token: str, says: str) -> None:
    """Tell what the user of *token* can do to *item* where it is *moved* to."""
    answer = await trial.read(moved, token=token)
    if answer is not None and answer.succeeded and answer.item is not UNSET:
        if await _is_given(trial, item, answer, moved=moved, token=token):
            message = f"{answer.line} reads what is below another {says}"
            trial.tell("resource.read-by-other", message, by=answer)
        return
    made = await change(trial, item)
    answer = await trial.update(moved, made.body, token=token) if made is not None else None
    after = await trial.read(item) if _is_done(answer, trial) else None
    if made is not None and answer is not None and after is not None:
        place = pointers.join(made.inside, made.names[0])
        if at(after.item, place) == at(made.members, place):
            message = f"{answer.line} changes what is below another {says}"
            trial.tell("resource.changed-by-other", message, by=answer)
    answer = await trial.delete(moved, token=token)
    after = await trial.read(item) if _is_done(answer, trial) else None
    if answer is not None and after is not None and after.is_missing:
        item.is_gone = True
        message = f"{answer.line} deletes what is below another {says}"
        trial.tell("resource.deleted-by-other", message, by=answer)


async def _given(trial: Trial, *, is_small: bool = False) -> tuple[str | None, Item | None]:
    """The second token, and an item that the first one's user has made and can read.

    No other check has it, and it is the same as long as all that was tried with it was refused; one
    that *is_small* is another.
    """
    token = _second(trial)
    if token is None:
        return None, None
    item = trial.guarded
    if is_small or item is None or item.is_gone:
        item = trial.guarded = await trial.create(is_small=is_small)
    if item is not None:
        trial.spoil(item)
    return token, item if item is not None and await current(trial, item) is not None else None


def has_credential(trial: Trial, subject: Subject) -> bool:
    """Whether a request of *subject* has a credential that another can take the place of."""
    return bool(_credentials(trial, subject))


def _credentials(trial: Trial, subject: Subject) -> set[str]:
    """The header fields, in lower case, in which a request of *subject* says whose it is."""
    own = {name.lower() for name, _ in trial.session.settings.fields}
    fields = subject.request(subject.minimal).fields
    # a field that the user gives himself goes with every request, whoever's it is
    return {
        name.lower()
        for name, value in fields
        for mark in (CREDENTIAL, BASIC_CREDENTIAL)
        if mark in value and name.lower() not in own
    }


def _is_done(answer: Answer | None, trial: Trial) -> TypeGuard[Answer]:
    """Whether what *answer* is to was done; no other check gets the item if it was not refused."""
    if answer is None or not 400 <= answer.status < 500:
        trial.guarded = None
    return answer is not None and answer.succeeded


def _second(trial: Trial) -> str | None:
    """The second token, where a request can have it in the first one's place."""
    settings = trial.session.settings
    token = settings.second_token
    subject = trial.subject("read") or trial.subject("list")
    if token is None or token == settings.token or subject is None:
        return None
    asking, create = _credentials(trial, subject), trial.subject("create")
    making = _credentials(trial, create) if create is not None else set()
    # a key and an access token do not tell whether they are of one user
    return token if asking and (not making or asking & making) else None


async def _sharing(trial: Trial, item: Item, *, token: str, role: Role) -> Sharing:
    """What the server and its document make of *item*, and of its *role*, for another user."""
    operations = trial.resource.operations.get(role, ())
    texts = [text for operation in operations for text in texts_of(operation)]
    if any(map(_OWN.search, texts)):
        return "apart"
    if item.is_shown is None:
        item.is_shown = await _is_shown(trial, item, token=token)
    if item.is_shown is not None:
        return "shared" if item.is_shown else "apart"
    if any(map(_SHARED.search, texts)):
        return "shared"
    is_forbidden = any(each.status == "403" for one in operations for each in one.responses)
    return "apart" if is_forbidden else "unknown"


async def _is_shown(trial: Trial, item: Item, *, token: str) -> bool | None:
    """Whether a list, or what *item* is below, is open to the other user; None: nothing tells."""
    parent = trial.holder_of(item)
    above = await trial.read(parent, token=token) if parent is not None else None
    if above is not None and above.status in (401, 403, 404):
        return above.status == 401
    theirs = await trial.listed(item, token=token)
    if theirs is None:
        # the token may be none that opens anything, and proves nothing
        return True if trial.can("list") else None
    if theirs.having(item):
        return True
    ours = await trial.listed(item) if theirs.is_whole and theirs.is_named(item) else None
    return False if ours is not None and ours.having(item) else None


def _severity(sharing: Sharing) -> Severity:
    return "error" if sharing == "apart" else "warning"


CHECKS: tuple[Check, ...] = (
    Check("read-by-other", read_by_other, frozenset({"create", "read"})),
    Check("created-below-other", created_below_other, frozenset({"create"})),
    Check("changed-by-other", changed_by_other, frozenset({"create", "read", "update"})),
    Check("replaced-by-other", replaced_by_other, frozenset({"create", "read", "replace"})),
    Check("acted-on-by-other", acted_on_by_other, frozenset({"create", "read"})),
    Check("below-own", below_own, frozenset({"create", "read"})),
    Check("deleted-by-other", deleted_by_other, frozenset({"create", "read", "delete"})),
)
