"""HEAD beside GET: of an item that is there, and of what no item is needed for.

Without credentials HEAD must find the same door shut as GET.
"""

from __future__ import annotations

from dataclasses import replace

from troth.conformance.cases.case import Case, Subject
from troth.conformance.checks.answers import run_violation
from troth.conformance.checks.methods import head_violations
from troth.conformance.session import Session
from troth.conformance.stateful.items import Item
from troth.conformance.stateful.trial import Check, Trial
from troth.generation.request_writer import without_credential
from troth.http.exchange import Exchange

_SHUT = frozenset({401, 403})
_CODE = "response.head-differs"


async def head_of_item(trial: Trial) -> None:
    """HEAD of an item is its GET without content (RFC 9110 §9.3.2)."""
    item, subject = await trial.item(), trial.subject("read")
    if item is None or subject is None or subject.operation.method != "GET":
        return
    before = await trial.send(subject.operation, item=item)
    head = await trial.send(subject.operation, item=item, method="HEAD")
    if before is None or head is None:
        return
    if head.is_missing and before.succeeded and await _knows_head(trial, item):
        message = f"HEAD answers {head.status}, and GET {before.status}: its list is there for HEAD"
        trial.tell(_CODE, message, by=head, severity="warning")
    if not any(head_violations(before.response, head.response, before.response)):
        return
    after = await trial.send(subject.operation, item=item)  # may be another each time
    if after is None:
        return
    for severity, message in head_violations(before.response, head.response, after.response):
        trial.tell(_CODE, message, by=head, severity=severity)


async def _knows_head(trial: Trial, item: Item) -> bool:
    """Whether HEAD is done for the list of *item*: some routers answer 404 to it everywhere."""
    subject = trial.subject("list")
    if subject is None or subject.operation.method != "GET":
        return False
    answer = await trial.send(subject.operation, item=item, method="HEAD")
    return answer is not None and answer.succeeded


CHECKS: tuple[Check, ...] = (Check("head", head_of_item, frozenset({"create", "read"})),)


async def head_as_get(session: Session, subject: Subject, *, success: Exchange | None) -> None:
    """The same of a GET that succeeds without an item of ours; and HEAD needs what GET needs.

    The *success* is that of the smallest request, where there was one right before.
    """
    if subject.operation.method != "GET" or not session.budget.affords(5):
        return
    get = subject.case("stateful", "get", subject.minimal, about="GET, beside HEAD")
    head = _as_head(get, "head", "HEAD, beside GET")
    before = success or await session.probe(get)
    if before.response is None or before.response.status >= 300:
        return
    beside = await session.attempt(head)
    if beside is None or beside.response is None:
        return
    if any(head_violations(before.response, beside.response, before.response)):
        after = await session.probe(get)  # what is another each time is no difference
        if after.response is None:
            return
        for severity, message in head_violations(before.response, beside.response, after.response):
            session.enter(head, beside, run_violation(head, _CODE, message, severity=severity))
    if beside.response.status < 300:
        await _without_credential(session, get)


async def _without_credential(session: Session, get: Case) -> None:
    bare = get.unsure(
        id=f"{get.id}-bare",
        about="GET without a credential, beside HEAD",
        request=without_credential(get.request),
    )
    if bare.request == get.request:
        return
    head = _as_head(bare, "head-bare", "HEAD without a credential")
    beside = await session.probe(head)
    if beside.response is None or beside.response.status >= 300:
        return
    door = await session.probe(bare)
    if door.response is not None and door.response.status in _SHUT:
        statuses = f"{door.response.status}, and HEAD {beside.response.status}"
        message = f"without credentials GET answers {statuses}"
        session.enter(head, beside, run_violation(head, "security.not-enforced", message))


def _as_head(case: Case, name: str, about: str) -> Case:
    return case.unsure(
        id=f"{case.id.rpartition('/')[0]}/{name}",
        about=about,
        request=replace(case.request, method="HEAD"),
    )
