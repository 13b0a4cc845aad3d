"""One run: cases out, answers judged, findings confirmed and shrunk, all told as events.

Nothing here opens a socket or reads a clock: the transport and the clock are given.  The order of
requests follows from the document, the settings and the seed alone, as long as the server gives
the same answers and there is one worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from troth.conformance import plan
from troth.conformance.budget import Budget, retry_after
from troth.conformance.capabilities import Tallies
from troth.conformance.cases import Case
from troth.conformance.checks import exchange_checks, over_time
from troth.conformance.checks.exchange_bodies import body_of
from troth.conformance.conclusiveness import (
    Inconclusive,
    Successes,
    Unreachable,
    ends_connections,
    waits,
)
from troth.conformance.confirmation import Following
from troth.conformance.coverage import covered, declared
from troth.conformance.events import (
    Event,
    Exchanged,
    Finding,
    Finished,
    Found,
    PhaseStarted,
    Started,
    Verdict,
)
from troth.conformance.findings import Ledger, counted
from troth.conformance.outgoing_request import addressed, expectation, readable, shown
from troth.conformance.settings import Settings
from troth.conformance.transport import Transport
from troth.generation.example_database import Memory
from troth.http.exchange import Exchange, Request
from troth.laws import laws
from troth.openapi.contract import Contract
from troth.violation import Violation

_STALE = ("empty-reply", "reset")

#: What more an exchange says of laws: those that compare it with an earlier one.
Also = Callable[[Exchange], Mapping[str, laws.Verdict]]


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
        self.transport = transport
        self.budget = Budget(
            requests=settings.max_requests,
            seconds=settings.max_seconds,
            rate=settings.rate,
            clock=clock,
        )
        self.subjects = plan.subjects(contract, settings, second=second)
        self.following = Following(self, Ledger(known=known, without=settings.without))
        self.tallies = Tallies(law for op in contract.operations for law in op.laws)
        self.successes = Successes()
        self.answers: dict[str, Any] = {}
        self.ids = over_time.Ids({})
        self.first_seconds: dict[str, list[float]] = {}
        self.memory = Memory.of(settings.database, contract.document.digest)
        self._planned = 0
        self._tried = 0
        self._after_failure = False
        self._speaks = False

    async def go(self, *, at: str) -> Finished:
        """Run all phases; *at* is the start as ISO 8601 in UTC.  The last event is returned."""
        self.emit(self._started(at))
        verdict: Verdict = "conforms"
        reason = ""
        try:
            await self._phases()
            if self.successes.hopeless and not self.successes.failed:
                raise Inconclusive(self.successes.reason())
        except Unreachable as fault:
            verdict, reason = "unreachable", str(fault)
        except Inconclusive as fault:
            verdict, reason = "inconclusive", str(fault)
        except asyncio.CancelledError:
            verdict, reason = "interrupted", "interrupted"
        return self._finish(verdict, reason)

    # -- phases -------------------------------------------------------------------------------

    async def _phases(self) -> None:
        for phase in self.settings.phases:
            if phase == "stateful":
                self.emit(PhaseStarted(phase, 0))
                await over_time.phase(self)
                continue
            planned = plan.cases(
                self.subjects.values(), phase, self.settings, remembered=self.memory.bodies
            )
            self._planned += len(planned)
            self.emit(PhaseStarted(phase, len(planned)))
            await self._phase(planned)

    async def _phase(self, planned: list[Case]) -> None:
        waiting: Iterator[Case] = iter(planned)

        async def work() -> None:
            for case in waiting:
                if self.budget.spent:
                    return
                # awaited first: other workers count meanwhile
                sent = await self.attempt(case) is not None
                self._tried += sent

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(max(1, self.settings.workers)):
                    group.create_task(work())
        except ExceptionGroup as faults:
            # one worker's word that there is no going on is the run's
            raise faults.exceptions[0] from None

    async def attempt(self, case: Case, *, also: Also | None = None) -> Exchange | None:
        """Send *case* (or what it derives to), judge the answer, and follow up what is new.

        *also* gives verdicts of laws that one exchange alone does not give.
        """
        made = case.derive(self.answers) if case.derive else case
        if made is None or self.budget.spent or self.following.known_to_hang(made):
            return None
        exchange = await self.send(made)
        further = also(exchange) if also else {}
        violations = self.judge(made, exchange, purpose="case", further=further)
        self._keep(made, exchange)
        await self.following.follow(made, exchange, violations)
        if plan.is_remembered(made) and not violations and not waits(exchange):
            self.memory.forget(made.operation, made.value)
        await self._measure(made, exchange)
        return exchange

    # -- one exchange -------------------------------------------------------------------------

    async def send(self, case: Case, *, fresh: bool = False) -> Exchange:
        """Send a case, waiting where the server asks for it, once more where a pool went stale."""
        request = addressed(case.request, self.settings)
        for _ in range(3):
            await self.budget.turn()
            exchange = await self.transport.send(request, fresh=fresh)
            stale = exchange.fault in _STALE and self._after_failure and not fresh
            if stale and self.budget.affords(1):
                # the connection died of the failure before: that has been told
                await self.budget.turn()
                exchange = await self.transport.send(request, fresh=True)
            self._after_failure = ends_connections(exchange)
            wait = retry_after(exchange.response)
            if wait is None or wait > min(self.settings.patience, self.budget.seconds_left):
                break
            await asyncio.sleep(wait)
        await self._check_reachable(exchange)
        return exchange

    async def _check_reachable(self, exchange: Exchange) -> None:
        self.successes.heard(exchange)
        url = self.settings.url
        if not self.successes.tried:
            if exchange.fault in ("unreachable", "tls"):
                raise Unreachable(f"{url}: {exchange.fault_detail}")
            if exchange.fault == "not-http" and not self._speaks:
                # one answer may be garbage; a server of another protocol has no other
                other = await self.transport.send(Request("GET", "/"), fresh=True)
                self._speaks = other.response is not None
            if exchange.fault == "not-http" and not self._speaks:
                raise Unreachable(f"{url}: what answers there does not speak HTTP")
        elif self.successes.dead:
            raise Unreachable(f"{url}: it was there, and is no more: {exchange.fault_detail}")

    def judge(
        self,
        case: Case,
        exchange: Exchange,
        *,
        purpose: str,
        further: Mapping[str, laws.Verdict] | None = None,
    ) -> tuple[Violation, ...]:
        """What is wrong with *exchange*; told as an event, with *further* verdicts of laws."""
        ask = self.ask(case)
        if ask is None:
            return ()
        plain = replace(exchange, request=readable(case.request))
        violations, verdicts = exchange_checks.judged(self.contract, ask, plain, second=self.second)
        if waits(exchange) or (exchange.fault == "unreachable" and self.successes.tried):
            violations = ()  # nobody was there to do anything wrong
        violations = tuple(self._placed(violation) for violation in violations)
        counts = purpose == "case"
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
                laws={**verdicts, **(further or {})} if counts else {},
                covers=covered(self.subjects.get(case.operation), case.value) if counts else (),
            )
        )
        if counts:
            self._count(case, ask, exchange, verdicts)
        return violations

    def _placed(self, violation: Violation) -> Violation:
        """*violation* with the file and line of what it points to in the document."""
        if violation.place is not None or not violation.schema_pointer:
            return violation
        place = self.contract.document.place(violation.schema_pointer)
        return replace(violation, place=place)

    def ask(self, case: Case) -> exchange_checks.Ask | None:
        """What the documents expect of the answer to *case*."""
        subject = self.subjects.get(case.operation) or next(iter(self.subjects.values()), None)
        if subject is None:
            return None
        return exchange_checks.Ask(subject.operation, expectation(self.contract, case, self.second))

    def _count(
        self, case: Case, ask: exchange_checks.Ask, exchange: Exchange, verdicts: Mapping[str, Any]
    ) -> None:
        self.tallies.judged(verdicts)
        if ask.expectation != "accepted":
            return
        # a server that only ever asks for patience is no success either
        response, counted = exchange.response, self.successes.count(exchange)
        if not counted and response is not None and response.status < 500 and not waits(exchange):
            self.tallies.refused(case.laws)
        if self.successes.pointless:
            raise Inconclusive(self.successes.reason())

    def _keep(self, case: Case, exchange: Exchange) -> None:
        """Remember what later cases and the last phase ask for."""
        body = body_of(self.second or self.contract, case, exchange)
        if body is None:
            return
        self.answers[case.id] = body
        repeated = self.ids.note(self.second or self.contract, case, body)
        if repeated is not None:
            self.following.enter(case, exchange, over_time.id_violation(case, repeated))

    async def _measure(self, case: Case, exchange: Exchange) -> None:
        """How long the smallest request takes when it first succeeds, for the last phase."""
        subject = self.subjects.get(case.operation)
        if case.operation in self.first_seconds or "stateful" not in self.settings.phases:
            return
        smallest = subject is not None and case.value == subject.minimal
        if not smallest or case.intent != "valid" or over_time.failed(exchange):
            return
        samples = self.first_seconds[case.operation] = [exchange.seconds]
        while len(samples) < over_time.SAMPLES and self.budget.affords(1):
            again = await self.send(case)
            self.judge(case, again, purpose="probe")
            if over_time.failed(again):
                return
            samples.append(again.seconds)

    def remember(self, case: Case, finding: Finding) -> None:
        """Keep what showed *finding* for the runs to come."""
        if finding.severity == "error" and plan.shrinks(case):
            self.memory.keep(case.operation, case.value)

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
                {
                    "id": law.id,
                    "group": law.group,
                    "severity": law.severity,
                    "says": law.says,
                    "operation": name,
                }
                for name, subject in self.subjects.items()
                for law in subject.operation.laws
            ),
            declared={name: declared(subject) for name, subject in self.subjects.items()},
        )

    def _finish(self, verdict: Verdict, reason: str) -> Finished:
        findings = list(self.following.ledger.findings(self.tallies))
        for finding in findings:
            self.emit(Found(finding))
        errors, warnings = counted(findings)
        code = {"unreachable": 3, "inconclusive": 3, "interrupted": 130}.get(verdict, 0)
        if verdict == "conforms" and (errors or (self.settings.strict and warnings)):
            verdict, code = "violations", 1
        elif verdict == "unreachable" and errors:
            code = 1  # what was found before the server went away was found
        finished = Finished(
            verdict=verdict,
            exit_code=code,
            reason=reason,
            requests=self.budget.requests,
            planned=self._planned,
            not_run=max(0, self._planned - self._tried),
            seconds=self.budget.seconds,
            findings=errors,
            warnings=warnings,
        )
        self.emit(finished)
        return finished
