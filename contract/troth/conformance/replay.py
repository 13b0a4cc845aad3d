"""One finding of a journal once more: its request as it was sent, its answer judged as then.

A finding that took several requests is shown by new items or not at all: its checks are run again.

Leaves to the command line which finding is meant, and how what comes of it is told.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from troth import loading
from troth.conformance.cases.case import PLACEHOLDER
from troth.conformance.checks.exchange_checks import Expectation, check
from troth.conformance.events import Event, Exchanged, Finding, Started
from troth.conformance.findings import rule_of
from troth.conformance.redaction import MARK, MARKS, with_token
from troth.conformance.run_summary import RunSummary
from troth.conformance.session import Session
from troth.conformance.settings import Settings
from troth.conformance.stateful import sequences
from troth.conformance.transport import Transport
from troth.errors import TrothError
from troth.generation.request_writer import basic_credential
from troth.http.exchange import Exchange, Fields, Request
from troth.openapi.contract import Contract
from troth.violation import Violation


class CannotReplay(TrothError):
    """A finding cannot be sent again; *why* says what is missing."""

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer shows now: *shows* is None where one answer cannot tell."""

    shows: bool | None
    violations: tuple[Violation, ...]


def chosen(run: RunSummary, wanted: str | None) -> Finding:
    """The finding that *wanted* means: the beginning of its id, or its code.

    Raises CannotReplay with those that there are.
    """
    findings = run.findings
    if wanted is None:
        if not findings:
            raise CannotReplay("the run found nothing, so that there is nothing to show again")
        if len(findings) == 1:
            return findings[0]
        raise CannotReplay(f"say which finding: {_listed(findings)}")
    exact = [one for one in findings if wanted in (one.id, one.code)]
    near = exact or [one for one in findings if one.id.startswith(wanted)]
    if not near:
        raise CannotReplay(f"no finding {wanted!r} in this journal; it has {_listed(findings)}")
    return near[0]


def _listed(findings: Sequence[Finding]) -> str:
    if not findings:
        return "none"
    shown = "".join(f"\n  {one.id}  {one.code}  {one.violation.operation}" for one in findings[:20])
    return shown + (f"\n  … and {len(findings) - 20} more" if len(findings) > 20 else "")


def restored(
    finding: Finding, *, token: str | None, fields: Fields, own_fields: Sequence[str]
) -> Request:
    """The request of *finding*'s example as it was sent: with the user's secrets in it again.

    *own_fields* are the names of the header fields that the user gave to the run.  Raises
    CannotReplay for a request that was not kept whole, or that needs a secret that is not there.
    """
    request = finding.example.request
    if "request" in finding.cuts:
        raise CannotReplay("the request is too large: the journal has only its beginning")
    own = {name.lower(): value for name, value in fields}
    named = {name.lower() for name in own_fields}
    sent = []
    for name, value in request.fields:
        if name.lower() in own and (name.lower() not in named or MARK in value):
            sent.append((name, own[name.lower()]))
        elif name.lower() in named and any(mark in value for mark in MARKS):
            raise CannotReplay(f"the run had a secret field {name}: give it again with --header")
        else:
            sent.append((name, _field(value, token)))
    target, body = request.target, request.body
    if MARK in target:
        target = target.replace(MARK, quote(_needed(token), safe=""))
    if MARK.encode() in body:
        body = body.replace(MARK.encode(), _needed(token).encode())
    return replace(request, target=target, fields=tuple(sent), body=body)


def _field(value: str, token: str | None) -> str:
    if not any(mark in value for mark in MARKS):
        return value
    secret = _needed(token)
    if value.lower().startswith("basic "):
        # of the coded form, part of a group of four characters may be left behind the mark
        return value[: len("basic ")] + basic_credential(secret)
    return with_token(value, secret)


def _needed(token: str | None) -> str:
    if token is None:
        raise CannotReplay("the request had a credential: give it with --token or TROTH_TOKEN")
    return token


def contracts(started: Started | None, *, strict: bool = False) -> tuple[Contract, Contract | None]:
    """The documents of the run: the one that it was held to, and the overlaid one beside it.

    Raises TrothError for a document that cannot be read any more.
    """
    file = started.document if started else ""
    overlays = list(started.overlays) if started else []
    bundled = loading.bundled_document()
    if file == f"spec/{bundled.name}":
        names = [loading.overlay_name(one) for one in loading.bundled_overlays()]
        chosen = None if overlays in ([], names) else overlays
        contract = loading.load(overlays=chosen, strict=strict)
        if started and contract.document.digest != started.digest:
            published = contract.published
            if published.document.digest == started.digest:
                return published, contract
        return contract, None
    return loading.load(file, overlays=overlays, strict=strict), None


def judged(
    contract: Contract,
    second: Contract | None,
    run: RunSummary,
    finding: Finding,
    exchange: Exchange,
) -> Judgement:
    """Whether the answer in *exchange* still shows *finding*."""
    violation = finding.violation
    if violation.code == "security.wrong-token-accepted":
        # no document says which tokens are good: that this one is not was known when it was made
        taken = exchange.response is not None and 200 <= exchange.response.status < 300
        return Judgement(taken, (violation,) if taken else ())
    expectation = _expectation(run, finding)
    # what took steps, its request alone would not show
    is_of_several = violation.code.startswith("run.") or bool(finding.steps)
    if expectation is None or is_of_several or finding.group is not None:
        return Judgement(None, ())
    operation = contract.find_operation(violation.operation)
    if operation is None:
        return Judgement(None, ())
    of_several = (*(law for law in operation.laws if law.repeats), *contract.laws)
    if any(law.id == violation.law for law in of_several):
        return Judgement(None, ())
    plain = replace(exchange, request=_readable(finding.example.request))
    violations = check(
        contract, plain, operation=operation, expected=expectation, second=second
    ).violations
    shows = any(rule_of(one) == rule_of(violation) for one in violations)
    return Judgement(shows, violations)


def takes_steps(finding: Finding) -> bool:
    """Whether *finding* is one of a resource: its request alone would show nothing."""
    return finding.phase == "resources"


async def repeated(
    contract: Contract,
    second: Contract | None,
    finding: Finding,
    *,
    transport: Transport,
    settings: Settings,
) -> tuple[tuple[Exchange, ...], Judgement]:
    """What comes of the checks that showed *finding*, run anew on new items: all exchanges of it.

    Raises CannotReplay where the document has no such resource any more.
    """
    told: list[Exchanged] = []

    def emit(event: Event) -> None:
        if isinstance(event, Exchanged) and event.purpose == "repeat":
            told.append(event)

    session = Session(contract, transport, settings, emit=emit, clock=time.monotonic, second=second)
    try:
        again = await sequences.again(session, finding.case_id, rule_of(finding.violation))
    except LookupError:
        raise CannotReplay(f"the document has no resource for {finding.case_id!r}") from None
    violations = (again.violation,) if again is not None else ()
    exchanges = tuple(event.exchange for event in told)
    return exchanges, Judgement(bool(violations), violations)


def _expectation(run: RunSummary, finding: Finding) -> Expectation | None:
    """What the run expected of the answer: told with the exchange."""
    request = finding.example.request
    same = [one for one in run.exchanges if one.case_id == finding.case_id]
    exact = [one for one in same if one.exchange.request == request]
    for one in exact or same:
        return one.intent  # type: ignore[return-value]  # a run writes no other words
    return None


def _readable(request: Request) -> Request:
    """*request* with an ordinary token in the place of each secret: for judging."""
    return replace(
        request,
        target=request.target.replace(MARK, PLACEHOLDER),
        fields=tuple((name, _field(value, PLACEHOLDER)) for name, value in request.fields),
    )
