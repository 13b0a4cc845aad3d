"""One run: cases out, answers judged, findings confirmed and shrunk, all told as events.

Nothing here opens a socket or reads a clock: the transport and the clock are given.  The order of
requests follows from the document, the settings and the seed alone, as long as the server gives
the same answers and there is one worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from troth.conformance import checks, overtime, plan
from troth.conformance.asking import addressed, expectation, readable, shown
from troth.conformance.budget import Budget, retry_after
from troth.conformance.capabilities import Tallies
from troth.conformance.cases import Case
from troth.conformance.causes import Facets, facets, rule_of
from troth.conformance.coverage import covered
from troth.conformance.events import (
    Event,
    Exchanged,
    Finished,
    Found,
    PhaseStarted,
    Started,
    Verdict,
)
from troth.conformance.ledger import HANGS, Ledger, counted
from troth.conformance.settings import Settings
from troth.conformance.transport import Transport
from troth.contract import Contract
from troth.exchange import Exchange
from troth.strategies import Shrinker
from troth.violation import Violation

#: A new finding is sent again so often before it is called flaky.
_REPETITIONS = 5
#: A finding may cost so many requests on its way to the smallest request that shows it.
_SHRINKING = 40
_ALL_SHRINKING = 400
#: Each request that hangs costs a whole time limit, so few are spent on making it smaller.
_SHRINKING_HANGS = 4
#: After so many valid requests without one success, going on tells nothing more.
_ENOUGH_REFUSALS = 12
_STALE = ("empty-reply", "reset")


@dataclass(slots=True)
class _Successes:
    """How valid requests fared: what tells a run that says something from one that does not."""

    tried: int = 0
    answered: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def hopeless(self) -> bool:
        return not self.answered and self.tried >= _ENOUGH_REFUSALS


class _Inconclusive(Exception):
    """The run cannot say anything; the reason is a sentence."""


class _Unreachable(Exception):
    """There is nobody at the other end; the reason is a sentence."""


class Run:
    """A run of *contract* against the server behind *transport*; `emit` is told each event.

    *known* are the ids of findings that the user accepts.  *second* is the overlaid document
    where *contract* is the published one, so that what the two do not agree on accuses nobody.
    """

    def __init__(
        self,
        contract: Contract,
        transport: Transport,
        settings: Settings,
        *,
        emit: Callable[[Event], None],
        clock: Callable[[], float],
        known: frozenset[str] = frozenset(),
        second: Contract | None = None,
    ) -> None:
        self.contract = contract
        self.second = second
        self.settings = settings
        self.emit = emit
        self.clock = clock
        self.transport = transport
        self.budget = Budget(
            requests=settings.max_requests,
            seconds=settings.max_seconds,
            rate=settings.rate,
            clock=clock,
        )
        self.ledger = Ledger(known=known, without=settings.without)
        self.tallies = Tallies(law for op in contract.operations for law in op.laws)
        self.successes = _Successes()
        self.answers: dict[str, Any] = {}
        self.memory = overtime.Memory({})
        self.first_seconds: dict[str, list[float]] = {}
        self.subjects = plan.subjects(contract, settings)
        self.planned = 0
        self.tried = 0
        self._shrinking = _ALL_SHRINKING
        self._after_failure = False

    async def go(self, *, at: str) -> Finished:
        """Run all phases; *at* is the start as ISO 8601 in UTC.  The last event is returned."""
        self.emit(self._started(at))
        verdict: Verdict = "conforms"
        reason = ""
        try:
            await self._phases()
            if self.successes.hopeless:
                raise _Inconclusive(self._likeliest_reason())
        except _Unreachable as fault:
            verdict, reason = "unreachable", str(fault)
        except _Inconclusive as fault:
            verdict, reason = "inconclusive", str(fault)
        except asyncio.CancelledError:
            verdict, reason = "interrupted", "interrupted"
        return self._finish(verdict, reason)

    # -- phases -------------------------------------------------------------------------------

    async def _phases(self) -> None:
        for phase in self.settings.phases:
            if phase == "time":
                self.emit(PhaseStarted(phase, 0))
                await overtime.phase(self)
                continue
            planned = plan.cases(self.subjects.values(), phase, self.settings)
            self.planned += len(planned)
            self.emit(PhaseStarted(phase, len(planned)))
            await self._phase(planned)

    async def _phase(self, planned: list[Case]) -> None:
        waiting: Iterator[Case] = iter(planned)

        async def work() -> None:
            for case in waiting:
                if self.budget.spent:
                    return
                await self.attempt(case)

        workers = max(1, self.settings.workers)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(work())
        except ExceptionGroup as faults:
            # one worker's word that there is no going on is the run's
            raise faults.exceptions[0] from None

    async def attempt(self, case: Case) -> Exchange | None:
        """Send *case* (or what it derives to), judge the answer, and follow up what is new."""
        made = case.derive(self.answers) if case.derive else case
        if made is None or self.ledger.hangs(self._facets(made)):
            return None
        self.tried += 1
        exchange = await self.send(made)
        violations = self.judge(made, exchange, purpose="case")
        self._keep(made, exchange)
        await self.follow(made, exchange, violations)
        return exchange

    # -- one exchange -------------------------------------------------------------------------

    async def send(self, case: Case, *, fresh: bool = False) -> Exchange:
        """Send a case, waiting where the server asks for it, once more where a pool went stale."""
        request = addressed(case.request, self.settings)
        for _ in range(3):
            await self.budget.turn()
            exchange = await self.transport.send(request, fresh=fresh)
            if exchange.fault in _STALE and self._after_failure and not fresh:
                # the connection died of the failure before: that has been told
                await self.budget.turn()
                exchange = await self.transport.send(request, fresh=True)
            self._after_failure = _ends_connections(exchange)
            wait = retry_after(exchange.response)
            if wait is None or wait > min(self.settings.patience, self.budget.seconds_left):
                break
            await asyncio.sleep(wait)
        if exchange.fault in ("unreachable", "tls") and not self.successes.tried:
            raise _Unreachable(f"{self.settings.url}: {exchange.fault_detail}")
        if exchange.fault == "not-http" and not self.successes.tried:
            raise _Unreachable(f"{self.settings.url}: what answers there does not speak HTTP")
        return exchange

    def judge(self, case: Case, exchange: Exchange, *, purpose: str) -> tuple[Violation, ...]:
        """What is wrong with *exchange*; told as an event."""
        ask = self.ask(case)
        if ask is None:
            return ()
        plain = replace(exchange, request=readable(case.request))
        violations = (
            () if _waits(exchange) else checks.check(self.contract, ask, plain, second=self.second)
        )
        verdicts = checks.verdicts(self.second or self.contract, ask, plain)
        if purpose == "case":
            self._count(case, ask, exchange, verdicts)
        self.emit(
            Exchanged(
                case_id=case.id,
                operation=case.operation,
                phase=case.phase,
                about=case.about,
                intent=ask.expectation,
                purpose=purpose,
                exchange=exchange,
                violations=violations,
                laws=verdicts if purpose == "case" else {},
                covers=covered(self.subjects.get(case.operation), case.value)
                if purpose == "case"
                else (),
            )
        )
        return violations

    def ask(self, case: Case) -> checks.Ask | None:
        """What the documents expect of the answer to *case*."""
        subject = self.subjects.get(case.operation) or next(iter(self.subjects.values()), None)
        if subject is None:
            return None
        return checks.Ask(subject.operation, expectation(self.contract, case, self.second))

    def _count(
        self,
        case: Case,
        ask: checks.Ask,
        exchange: Exchange,
        verdicts: dict[str, Any],
    ) -> None:
        self.tallies.judged(verdicts)
        if ask.expectation != "accepted" or _waits(exchange):
            return
        self.successes.tried += 1
        response = exchange.response
        if response is not None and response.status < 400:
            self.successes.answered += 1
            if case.value is not None and not self._facets(case) and not case.derive:
                samples = self.first_seconds.setdefault(case.operation, [])
                if len(samples) < overtime.SAMPLES:
                    samples.append(exchange.seconds)
        else:
            word = str(response.status) if response else exchange.fault or ""
            self.successes.refused[word] = self.successes.refused.get(word, 0) + 1
            if response is not None and response.status < 500:
                self.tallies.refused(case.laws)
        if self.successes.hopeless and set(self.successes.refused) <= {"401", "403", "404", "405"}:
            raise _Inconclusive(self._likeliest_reason())

    def _keep(self, case: Case, exchange: Exchange) -> None:
        """Remember what later cases and the last phase ask for."""
        body = overtime.body_of(self.contract, case, exchange)
        if body is None:
            return
        self.answers[case.id] = body
        repeated = self.memory.note(self.contract, case, body)
        if repeated is not None:
            self.enter(case, exchange, overtime.id_violation(case, repeated))

    def enter(self, case: Case, exchange: Exchange, violation: Violation) -> None:
        """Enter a finding that no repetition of one request could confirm."""
        if self._wanted(violation) and not self.ledger.seen(violation, self._facets(case)):
            finding = self.ledger.add(
                violation,
                case_id=case.id,
                about=case.about,
                phase=case.phase,
                example=exchange,
                cause=self._facets(case),
                again=0,
                tries=0,
            )
            self.emit(Found(finding))

    # -- a new finding ------------------------------------------------------------------------

    async def follow(self, case: Case, exchange: Exchange, violations: Iterable[Violation]) -> None:
        """Count what is known; confirm, shrink and enter what is new."""
        shown_by = self._facets(case)
        told: set[tuple[str, ...]] = set()
        for violation in violations:
            rule = rule_of(violation)
            if violation.severity == "hint" or rule in told or not self._wanted(violation):
                continue
            told.add(rule)
            if self.ledger.seen(violation, shown_by):
                continue
            again, tries = await self._confirm(case, rule)
            small, smallest = case, exchange
            if tries and again == tries:
                small, smallest, violation = await self._shrink(case, exchange, violation)
                if small is not case and self.ledger.seen(violation, self._facets(small)):
                    continue
            finding = self.ledger.add(
                violation,
                case_id=case.id,
                about=case.about,
                phase=case.phase,
                example=smallest,
                cause=self._facets(small),
                again=again,
                tries=tries,
            )
            self.emit(Found(finding))

    async def _confirm(self, case: Case, rule: tuple[str, ...]) -> tuple[int, int]:
        """Send *case* again on fresh connections: how often it showed the same, of how often."""
        again = tries = 0
        while tries < _REPETITIONS and not self.budget.spent:
            exchange = await self.send(case, fresh=True)
            tries += 1
            shown_again = self.judge(case, exchange, purpose="repeat")
            again += any(rule_of(violation) == rule for violation in shown_again)
            if again == tries:
                break
        return again, tries

    async def _shrink(
        self, case: Case, exchange: Exchange, violation: Violation
    ) -> tuple[Case, Exchange, Violation]:
        """The smallest case that still breaks the same rule, its exchange and violation."""
        subject = self.subjects.get(case.operation)
        found = case, exchange, violation
        if subject is None or not plan.shrinks(case):
            return found
        shrinker = Shrinker(case.value, target=subject.minimal)
        rule, spent = rule_of(violation), 0
        most = _SHRINKING_HANGS if violation.code in HANGS else _SHRINKING
        while not shrinker.finished and spent < most and self._shrinking > 0:
            candidate = plan.varied(subject, case, shrinker.candidate)
            if candidate is None or self.budget.spent:
                shrinker.tell(False)
                if self.budget.spent:
                    break
                continue
            spent += 1
            self._shrinking -= 1
            tried = await self.send(candidate, fresh=exchange.fault is not None)
            broken = [
                one
                for one in self.judge(candidate, tried, purpose="shrink")
                if rule_of(one) == rule
            ]
            if broken:
                found = candidate, tried, broken[0]
            shrinker.tell(bool(broken))
        return found

    def _facets(self, case: Case) -> Facets:
        subject = self.subjects.get(case.operation)
        minimal = subject.minimal if subject else None
        extra = () if plan.shrinks(case) else (case.about,)
        return facets(case.value, minimal) | frozenset(extra)

    def _wanted(self, violation: Violation) -> bool:
        codes = plan.codes(self.contract, self.settings)
        return not codes or any(
            violation.code == code or violation.code.startswith(code + ".") for code in codes
        )

    # -- the beginning and the end --------------------------------------------------------------

    def _started(self, at: str) -> Started:
        document = self.contract.document
        title = document.root.get("info") or {}
        return Started(
            target=self.settings.url,
            document=document.file,
            digest=document.digest,
            title=str(title.get("title", "")),
            version=str(title.get("version", "")),
            at=at,
            seed=self.settings.seed,
            operations=tuple(self.subjects),
            settings=shown(self.settings),
            laws=tuple(
                {"id": law.id, "group": law.group, "severity": law.severity, "says": law.says}
                for subject in self.subjects.values()
                for law in subject.operation.laws
            ),
        )

    def _finish(self, verdict: Verdict, reason: str) -> Finished:
        findings = list(self.ledger.findings(self.tallies))
        for finding in findings:
            self.emit(Found(finding))
        errors, warnings = counted(findings)
        code = {"unreachable": 3, "inconclusive": 3, "interrupted": 130}.get(verdict, 0)
        if verdict == "conforms" and (errors or (self.settings.strict and warnings)):
            verdict, code = "violations", 1
        finished = Finished(
            verdict=verdict,
            exit_code=code,
            reason=reason,
            requests=self.budget.requests,
            planned=self.planned,
            not_run=max(0, self.planned - self.tried),
            seconds=self.budget.seconds,
            findings=errors,
            warnings=warnings,
        )
        self.emit(finished)
        return finished

    def _likeliest_reason(self) -> str:
        refused = self.successes.refused
        most = max(refused, key=lambda word: refused[word], default="")
        reasons = {
            "401": "authentication failed: give a token that the server takes (--token)",
            "403": "the server forbids it: give a token that may do this (--token)",
            "404": "nothing was found there: check the base path of the URL, and the model's name "
            "(--model NAME, --set NAME=VALUE)",
            "405": "the server does not take these methods there: check the base path of the URL",
            "429": "the server is limiting the rate: try --rate, or later",
            "400": "the server refuses every valid request: check --model, --set and the document",
        }
        told = reasons.get(most, f"hardly any valid request succeeded (mostly {most})")
        return f"{told}; 0 of {self.successes.tried} valid requests succeeded"


def _waits(exchange: Exchange) -> bool:
    """Whether the server asked for patience instead of answering: nothing can be said then."""
    response = exchange.response
    return response is not None and (
        response.status == 429 or (response.status == 503 and retry_after(response) is not None)
    )


def _ends_connections(exchange: Exchange) -> bool:
    response = exchange.response
    if response is None:
        return True
    return response.status >= 500 or (response.field("Connection") or "").lower() == "close"
