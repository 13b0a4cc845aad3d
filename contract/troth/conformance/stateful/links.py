"""Checks of where a server sends its clients: Location, and the links of an item.

A link is followed where RFC 3986 says that it leads, and also below the URL under test, which the
server need not know that it stands below.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth import pointer as pointers
from troth.conformance.stateful import paging
from troth.conformance.stateful.items import Answer, Item, at, same_id
from troth.conformance.stateful.life_cycle import current, declared_in
from troth.conformance.stateful.trial import Check, Trial
from troth.generation.request_writer import UNSET
from troth.openapi import runtime_expression

#: So many links of an item are looked at.
_LINKS = 6
#: Formats of texts that lead somewhere.
_URLS = frozenset({"uri", "uri-reference", "iri", "iri-reference", "url"})


async def location(trial: Trial) -> None:
    """The Location of a creation leads to what was created (RFC 9110 §15.3.2)."""
    item = await trial.item()
    created = item.created if item is not None else next(iter(trial.unnamed), None)
    text = created.field("Location") if created is not None else None
    parameter, subject = trial.resource.parameter, trial.subject("read")
    if created is None or not text or created.status not in (201, 202):
        return
    if parameter is None or subject is None:
        return
    found = runtime_expression.in_url(text, trial.resource.path, parameter)
    target = paging.own_target(trial.session, text, created.case.request.target)
    if item is not None and found and same_id(found, item.identifier):
        if url := await paging.strays(trial, text, created):
            message = f"the Location of {created.line} is {text!r}: at {url} there is nothing"
            trial.tell("resource.location-wrong", message, by=created)
        return
    if (
        created.status == 202
        or target is None
        or (not found and paging.is_elsewhere(trial.session, text))
    ):
        return  # a 202 may lead to whatever watches over it
    says = f"the Location of {created.line} is {text!r}, and"
    sent_to = created.case.request.target.partition("?")[0]
    if not found and target.partition("?")[0].rstrip("/") == sent_to.rstrip("/"):
        message = f"{says} that is the collection"
        trial.tell("resource.location-wrong", message, by=created)
        return
    answer = await trial.send(subject.operation, item=item, target=target)
    name = at(answer.item, trial.resource.identifier) if answer is not None else UNSET
    if answer is not None and answer.is_missing:
        trial.tell(
            "resource.location-wrong", f"{says} there is nothing there", by=answer, of=created
        )
    elif item is not None and name is not UNSET and not same_id(name, item.identifier):
        message = f"{says} there is {name!r}: what was created is {item.identifier!r}"
        trial.tell("resource.location-wrong", message, by=answer or created, of=created)


async def own_link(trial: Trial) -> None:
    """The link that an item calls its own (HAL, JSON:API) does not lead to nothing."""
    item = await trial.item()
    answer = await current(trial, item) if item is not None else None
    subject = trial.subject("read")
    link = own_link_of(answer.item) if answer is not None else None
    if item is None or answer is None or subject is None or link is None:
        return
    target = (
        None
        if paging.is_elsewhere(trial.session, link)
        else paging.own_target(trial.session, link, answer.case.request.target)
    )
    named = runtime_expression.in_url(link, trial.resource.path, trial.resource.parameter or "")
    if target is None or (named and same_id(named, item.identifier)):
        return
    there = await trial.send(subject.operation, item=item, target=target)
    if there is not None and there.is_missing:
        message = f"{answer.line} calls itself {link!r}, and there is nothing there"
        trial.tell("resource.location-wrong", message, by=there, of=answer, severity="warning")


def own_link_of(item: Any) -> str | None:
    """The target of the link `self` of *item*, if it has one."""
    for name in ("links", "_links"):
        link = at(item, f"/{name}/self")
        link = at(link, "/href") if isinstance(link, dict) else link
        if isinstance(link, str) and link and "{" not in link:
            return link
    return None


async def links(trial: Trial) -> None:
    """No link of an item leads past what the server stands below (`/v1`), where there is nothing.

    Told of what is there below it alone: a picture that an item names may be made later.
    """
    item = await trial.item()
    answer = await current(trial, item) if item is not None else None
    if item is None or answer is None:
        return
    sent = set(item.sent) if isinstance(item.sent, dict) else set()
    for pointer, link in list(_links(answer, item))[:_LINKS]:
        if pointers.split(pointer)[0] in sent:
            continue
        target = paging.own_target(trial.session, link, answer.case.request.target)
        if target is None or not link.startswith(("/", "http")):
            continue
        url = await paging.strays(trial, link, answer)
        own = trial.session.settings.url.rstrip("/") + target
        if url is not None and not await trial.is_nothing(own):
            message = f"{answer.line} has {pointer} {link!r}: at {url} there is nothing"
            trial.tell(
                "resource.link-dead", message, by=answer, severity="warning", pointer=pointer
            )
            return


def _links(answer: Answer, item: Item) -> Iterator[tuple[str, str]]:
    """The links in the item of *answer*, by place: what is declared as such, or called `links`."""
    declared = declared_in(item, answer)
    members = answer.item if isinstance(answer.item, dict) else {}
    for name, value in members.items():
        place = pointers.join("", name)
        if name in ("links", "_links") and isinstance(value, dict):
            for key, link in value.items():
                target = link.get("href") if isinstance(link, dict) else link
                if isinstance(target, str) and "{" not in target:
                    yield pointers.join(place, key), target
        elif isinstance(value, str) and name in declared and declared[name].formats & _URLS:
            yield place, value


CHECKS: tuple[Check, ...] = (
    Check("location", location, frozenset({"create", "read"})),
    Check("own-link", own_link, frozenset({"create", "read"})),
    Check("links", links, frozenset({"create", "read"})),
)
