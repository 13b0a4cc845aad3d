"""What one exchange cannot show: ids, repetition, credentials after a success, health, speed.

The last phase of a run.  Everything it sends is a case that has been sent before, or one made of
it, so what it finds can be sent again like everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from troth import pointer as pointers
from troth.conformance.cases import Case, Subject
from troth.conformance.cases.feature_cases import merged
from troth.conformance.checks import concurrency, stream_equivalence
from troth.conformance.checks.exchange_bodies import body_of, run_violation
from troth.errors import TrothError
from troth.generation.request_writer import CREDENTIAL
from troth.generation.requests import overridden
from troth.http import json_text
from troth.http.exchange import Exchange
from troth.laws import laws
from troth.laws.laws import Law
from troth.openapi.contract import Contract
from troth.violation import Severity, Violation

if TYPE_CHECKING:
    from troth.conformance.runner import Run

#: So many requests tell how fast a server is, at the beginning and at the end.
SAMPLES = 7
#: So much slower than before counts as slower: by this factor, and by these seconds.
_SLOWER = 8.0
_SLOWER_SECONDS = 0.15


@dataclass(slots=True)
class Ids:
    """What is remembered of the answers: which request had which id."""

    ids: dict[str, bytes]

    def note(self, contract: Contract, case: Case, body: Any) -> str | None:
        """Note the id of an answer; the case with another request that had the same id."""
        place = _id_place(contract, case)
        try:
            found = pointers.resolve(body, place) if place else None
        except (KeyError, ValueError):
            return None
        if not isinstance(found, str):
            return None
        sent = _meaning(case, contract)
        first = self.ids.setdefault(found, sent)
        return None if first == sent else found


def failed(exchange: Exchange) -> bool:
    """Whether there is no answer whose time could be taken."""
    response = exchange.response
    return exchange.fault is not None or response is None or response.status >= 400


async def phase(run: Run) -> None:
    """The last phase: everything about time, one question after the other."""
    for subject in run.subjects.values():
        minimal = subject.case("stateful", "minimal", subject.minimal, about="the smallest request")
        await _laws_that_repeat(run, subject)
        await _credentials_after_success(run, minimal)
        await concurrency.at_once(run, subject)
        await stream_equivalence.streams_agree(run, subject)
        await concurrency.hang_up(run, subject, minimal)
        await _health(run, minimal)


async def _laws_that_repeat(run: Run, subject: Subject) -> None:
    """Judge each law that compares two answers to one request."""
    if subject.made is None:
        return
    for law in subject.operation.laws:
        for index, patch in enumerate(law.requests if law.repeats else (), 1):
            if not run.budget.affords(2):
                return
            value = merged(subject.minimal, patch)
            value = overridden(subject.made.schema, value, run.settings.overrides)
            case = subject.case(
                "stateful",
                f"law-{law.id}-{index}",
                value,
                about=f"the law {law.id}",
                laws=(law.id,),
            )
            if case.intent == "valid" and case.published_intent == "valid":
                await _repeat(run, subject, case, law)


async def _repeat(run: Run, subject: Subject, case: Case, law: Law) -> None:
    other = merged(case.value, law.variation) if law.variation else case.value
    again = subject.case("stateful", "again", other, about=case.about, laws=case.laws)
    first = await run.attempt(case)
    before = body_of(run.contract, case, first) if first is not None else None
    if before is None:
        return
    found: dict[str, laws.Verdict] = {}

    def compare(exchange: Exchange) -> Mapping[str, laws.Verdict]:
        after = body_of(run.contract, again, exchange)
        if after is not None and exchange.response is not None:
            facts = {
                "request": case.value,
                "status": exchange.response.status,
                "first": before,
                "again": after,
            }
            found[law.id] = laws.verdict(law, facts)
        return found

    again = replace(again, id=f"{case.id}-again")
    exchange = await run.attempt(again, also=compare)
    run.tallies.judged(found)
    if exchange is not None and found.get(law.id) == "broken":
        told = run_violation(
            case,
            f"law.{law.id}",
            f"{law.message} (the document says: {law.says!r})",
            severity=law.severity,
        )
        told = replace(told, law=law.id, schema_pointer=law.pointer, place=law.place)
        run.following.enter(case, exchange, told)


async def _credentials_after_success(run: Run, minimal: Case) -> None:
    """A good token must not open the door for those without one; a near miss is a miss."""
    fields = minimal.request.fields
    if not any(CREDENTIAL in value for _, value in fields):
        return
    if (await run.attempt(minimal)) is None:
        return
    bare = tuple((name, value) for name, value in fields if CREDENTIAL not in value)
    await run.attempt(
        replace(
            minimal,
            id="stateful/no-credential-after-success",
            phase="protocol",
            about="no credential, after a success",
            request=replace(minimal.request, fields=bare),
            intent="invalid",
            published_intent="invalid",
        )
    )
    if run.settings.token is not None:
        await _near_misses(run, minimal, run.settings.token)


async def _near_misses(run: Run, minimal: Case, token: str) -> None:
    """Tokens that resemble the good one: if some are refused, all must be."""
    wrong = {
        "another token": "x" * len(token),
        "the token without its end": token[:-1],
        "the token with something after it": token + "x",
        "the token in another case": token.swapcase(),
    }
    taken: list[tuple[str, Case, Exchange]] = []
    refused = 0
    for name, text in wrong.items():
        if text in ("", token) or run.budget.spent:
            continue
        fields = tuple(
            (key, value.replace(CREDENTIAL, text)) for key, value in minimal.request.fields
        )
        request = replace(minimal.request, fields=fields)
        case = replace(
            minimal,
            id=f"stateful/{name.replace(' ', '-')}",
            request=request,
            about=name,
            intent="either",
            published_intent="either",
        )
        exchange = await run.send(case)
        run.judge(case, exchange, purpose="probe")
        status = exchange.response.status if exchange.response else 0
        refused += status in (401, 403)
        if 200 <= status < 300:
            taken.append((name, case, exchange))
    for name, case, exchange in taken[:1]:
        # a server that takes any token at all may be meant to: a local model, a mock
        severity: Severity = "error" if refused else "warning"
        also = "" if refused else ", and so is every other"
        message = f"{name} is taken as a good one{also}"
        run.following.enter(
            case,
            exchange,
            run_violation(case, "security.wrong-token-accepted", message, severity=severity),
        )


async def _health(run: Run, minimal: Case) -> None:
    """The server is as fast after the run as it was at its beginning."""
    before = run.first_seconds.get(minimal.operation)
    if not before or not run.budget.affords(SAMPLES):
        return
    for _ in range(2):  # once more before it is said: a machine may have been busy
        after = []
        exchange = None
        for index in range(SAMPLES):
            case = replace(minimal, id=f"stateful/health-{index}", about="health after the run")
            exchange = await run.attempt(case)
            if exchange is None or failed(exchange):
                return
            after.append(exchange.seconds)
        slow, quick = median(after), median(before)
        if slow < quick * _SLOWER or slow - quick < _SLOWER_SECONDS:
            return
    message = (
        f"the smallest request takes {slow * 1000:.0f} ms after the run; it took "
        f"{quick * 1000:.0f} ms at its beginning"
    )
    if exchange is not None:
        run.following.enter(minimal, exchange, run_violation(minimal, "run.slower", message))


def id_violation(case: Case, found: str) -> Violation:
    """Two different requests were answered with the same id."""
    return run_violation(
        case,
        "run.id-repeated",
        f"the answers to different requests have the same id, {found[:80]!r}",
    )


def _meaning(case: Case, contract: Contract) -> bytes:
    """What two requests share that mean the same: order of members and white space aside.

    What only chooses between a body and a stream is left out: both may be one completion.
    """
    body = case.request.body
    try:
        value = json_text.decode_lenient(body)[0]
        if isinstance(value, dict):
            value = {key: value[key] for key in value.keys() - _form_members(contract, case)}
        return json_text.canonical(value)
    except (json_text.BadJson, ValueError, RecursionError):
        return body


def _form_members(contract: Contract, case: Case) -> set[str]:
    """The members of a request that decide the form of the answer, not its meaning."""
    try:
        operation = contract.operation(case.operation)
    except TrothError:
        return set()
    found = {
        name
        for response in operation.responses
        for entry in response.content
        if entry.when is not None
        for name in entry.when.scope.members.get("request", ())
    }
    if operation.completion and (usage := operation.completion.request.get("include-usage")):
        found.add(pointers.split(usage)[0])
    return found


def _id_place(contract: Contract, case: Case) -> str | None:
    try:
        completion = contract.operation(case.operation).completion
    except TrothError:
        return None
    return completion.response.get("id") if completion else None
