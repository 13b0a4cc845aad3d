"""One run: its phases, in order, between its first event and its last.

What a run sends in a phase is made in `cases`, or by the probes of `checks.over_time`; one
exchange is the session's affair.  The order of requests follows from the document, the settings
and the seed alone, as long as the server gives the same answers and there is one worker.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from troth import pointer as pointers
from troth.conformance import cases
from troth.conformance.budget import Inconclusive, Unreachable
from troth.conformance.cases import Case, Subject
from troth.conformance.cases.case import request_key
from troth.conformance.checks import leaks, over_time
from troth.conformance.coverage import declared
from troth.conformance.credentials import Credentials
from troth.conformance.events import (
    Finding,
    Finished,
    Found,
    PhaseStarted,
    Started,
    Verdict,
    counts,
)
from troth.conformance.selection import SAFE_METHODS
from troth.conformance.session import Session
from troth.conformance.settings import Settings
from troth.conformance.stateful import methods, sequences
from troth.conformance.transport import Sender
from troth.http import json_text
from troth.openapi.chat_completion import ModelList
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.seed import Seed

#: Asks one question about several answers, and enters what it finds.
Probe = Callable[[Session, Subject], Awaitable[None]]
#: A part of a phase that is gone through as a whole.
Step = Callable[[], Awaitable[None]]

#: So many cases of a phase are laid out before the first of them is sent, for so many seconds:
#: enough to know how many there are of most documents, and no long wait for any.
_AHEAD = 1000
_LAYOUT = 1.0
#: What is told of a law.
_LAW = ("id", "group", "severity", "says")
#: So many errors of earlier runs are named.
_TOLD = 6
#: The exit code of each verdict that is not about findings.
_EXIT_CODES: Mapping[Verdict, int] = {"unreachable": 3, "inconclusive": 3, "interrupted": 130}


class Run:
    """A run through the phases of *session*'s settings; its `emit` is told each event."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._planned = 0
        self._tried = 0
        self._left: list[str] = []
        self._end = ""
        # of the phases that are no lists of cases: what is to be gone through yet
        self._steps: Mapping[str, list[Step]] = {
            "resources": sequences.steps(session),
            "stateful": self._probes(),
        }

    async def go(self, *, at: str) -> Finished:
        """Run all phases; *at* is the start as ISO 8601 in UTC.  The last event is returned."""
        self._session.emit(self._started(at))
        verdict: Verdict = "conforms"
        reason = ""
        try:
            await self._until_stopped()
            await self._clean_up()
            budget, outcomes = self._session.budget, self._session.outcomes
            if not budget.requests and not budget.seconds_left:
                raise Inconclusive("the time was over before anything was sent: try --max-time")
            if not budget.requests and self._session.values.held_back:
                raise Inconclusive(
                    "nothing was sent: it would all change what this run has not made "
                    "(--allow-destructive sends it)"
                )
            if not budget.requests:
                raise Inconclusive("nothing was sent: no operation has a request in these phases")
            if outcomes.hopeless and not outcomes.failed:
                raise Inconclusive(self._session.reason())
        except Unreachable as fault:
            verdict, reason = "unreachable", str(fault)
        except Inconclusive as fault:
            verdict, reason = "inconclusive", str(fault)
        except asyncio.CancelledError:
            verdict, reason = "interrupted", "interrupted"
        return self._finish(verdict, reason)

    # -- phases -------------------------------------------------------------------------------

    async def _until_stopped(self) -> None:
        try:
            await self._phases()
        except asyncio.CancelledError:
            if not self._session.settings.continuous:
                raise
            self._end = "stopped"  # as such a run ends

    async def _phases(self) -> None:
        session = self._session
        for phase in session.settings.phases:
            self._give(phase)
            if session.budget.spent or not await self._phase(phase):
                self._left.append(phase)
        session.budget.give()
        for phase in [each for each in self._left if each in self._steps]:
            # what others have left of theirs
            if not session.budget.spent and await self._phase(phase):
                self._left.remove(phase)
        if session.settings.exhaustive and "random" in session.settings.phases:
            spared = session.values.is_spared
            subjects = session.subjects.values()
            further = cases.further_cases(
                [one for one in subjects if not spared(one.operation, one.operation.method)],
                Seed.of("further", session.settings.seed, session.sent.number),
                is_new=lambda case: session.sent.add(request_key(case)),
            )
            if not session.budget.spent and await self._attempt_all("random", further, ahead=0):
                self._end = "cases"

    def _give(self, phase: str) -> None:
        """Give *phase* its share of what is left."""
        session, settings = self._session, self._session.settings
        tested, budget = session.subjects.values(), session.budget
        budget.give(
            requests=cases.share(phase, tested, settings=settings, spent=budget.requests),
            seconds=budget.seconds_left * cases.part(phase, tested, settings=settings),
        )

    async def _phase(self, phase: str) -> bool:
        """Go through *phase*, or on with it; whether to its end."""
        steps = self._steps.get(phase)
        if steps is None:
            return await self._attempt_all(phase, self._planned_of(phase))
        self._session.emit(PhaseStarted(phase, 0))
        while steps and not self._session.budget.share_spent:
            await steps[0]()
            if not self._session.budget.share_spent:
                del steps[0]  # one that was cut short is gone through again, if there is room
        return not steps

    def _probes(self) -> list[Step]:
        """What is asked of each operation once all else was sent, what is seldom wrong last."""
        session = self._session
        health = over_time.Health(session)
        if not {"resources", "stateful"}.isdisjoint(session.settings.phases):
            session.observers.append(over_time.Promises(session).observe)
        if "stateful" in session.settings.phases:
            session.observers.append(health.observe)

        async def after_success(session: Session, subject: Subject) -> None:
            success = await health.probe(session, subject)
            await methods.head_as_get(session, subject, success=success)
            await over_time.credentials_after_success(session, subject, success=success)

        probes: tuple[Probe, ...] = (
            over_time.laws_that_repeat,
            over_time.forgotten,
            over_time.came_round,
            leaks.later,
            after_success,
            leaks.at_once,
            over_time.streams_agree,
            over_time.hang_up,
        )
        return [partial(self._probe, probe, name) for probe in probes for name in session.subjects]

    async def _probe(self, probe: Probe, name: str) -> None:
        await probe(self._session, self._session.subjects[name])

    def _planned_of(self, phase: str) -> Iterator[Case]:
        """The cases of *phase* that no phase before has sent, nor a run that this one goes on from.

        What failed before is sent before all else, and again; what is repeated on purpose, and what
        was made for a law, is so within a run.
        """
        session = self._session
        planned = cases.cases_of(
            phase,
            session.subjects.values(),
            settings=session.settings,
            spent=session.budget.requests,
            sent=session.sent,
            remembered=session.memory.bodies if session.settings.database else None,
        )
        return (
            case
            for case in planned
            if case.is_remembered or not session.sent.is_of_earlier(request_key(case))
        )

    async def _attempt_all(
        self, phase: str, planned: Iterator[Case], *, ahead: int = _AHEAD
    ) -> bool:
        """Send the cases *planned*, made as they are needed; whether the last was reached."""
        session, budget = self._session, self._session.budget
        first, is_all = self._laid_out(planned, ahead)
        session.emit(PhaseStarted(phase, len(first) if is_all else 0))
        self._planned += len(first)
        waiting = chain(first, self._counted(planned))
        is_whole = True

        async def work() -> None:
            nonlocal is_whole
            for case in waiting:
                if budget.share_spent:
                    is_whole = False
                    return
                session.sent.add(request_key(case))
                # awaited first: other workers count meanwhile
                sent = await session.attempt(case) is not None
                self._tried += sent

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(max(1, session.settings.workers)):
                    group.create_task(work())
        except ExceptionGroup as faults:
            # one worker's word that there is no going on is the run's
            raise faults.exceptions[0] from None
        return is_whole

    def _laid_out(self, planned: Iterator[Case], ahead: int) -> tuple[list[Case], bool]:
        """The first of *planned*, as far as they are quickly made; and whether those are all."""
        budget = self._session.budget
        until = budget.seconds + _LAYOUT
        first: list[Case] = []
        while len(first) < ahead and budget.seconds < until and not budget.spent:
            case = next(planned, None)
            if case is None:
                return first, True
            first.append(case)
        return first, False

    def _counted(self, planned: Iterator[Case]) -> Iterator[Case]:
        for case in planned:
            self._planned += 1
            yield case

    async def _clean_up(self) -> None:
        """Delete what this run has made and nobody has deleted, what is nested first.

        The number of requests is a limit of that only where the user gave it.
        """
        session, values, budget = self._session, self._session.values, self._session.budget
        is_limited = session.settings.exhaustive
        for name, operation in session.subjects.operations.items():
            if not _deletes(operation) or not values.made(operation):
                continue
            subject = session.subjects[name]
            about = "deleting what this run has made"
            case = subject.case("stateful", "clean-up", subject.minimal, about=about)
            while left := values.made(operation):
                if not (budget.affords(1) if is_limited else budget.seconds_left):
                    return
                try:
                    exchange = await session.probe(case)
                except (Inconclusive, Unreachable):
                    return  # what there is to say of the server has been said
                if exchange.response is not None and exchange.response.status in (404, 410):
                    values.forget(exchange.request)  # so that the others have their turn
                if values.made(operation) == left:
                    break

    # -- the beginning and the end --------------------------------------------------------------

    def _started(self, at: str) -> Started:
        settings, tested = self._session.settings, self._session.subjects.operations
        every = self._session.contract.operations
        operations = {one.name: one for one in every if one.name in tested}
        document = self._session.contract.document
        info = document.root.get("info") or {}
        return Started(
            target=settings.url,
            document=document.file,
            digest=document.digest,
            title=str(info.get("title", "")),
            version=str(info.get("version", "")),
            at=at,
            seed=settings.seed,
            operations=tuple(operations),
            settings=settings.shown(),
            laws=tuple(
                {**{each: getattr(law, each) for each in _LAW}, "operation": name}
                for name, operation in operations.items()
                for law in (
                    *operation.laws,
                    *(law for law in self._session.contract.laws if law.after == name),
                )
            ),
            declared={name: declared(one) for name, one in operations.items()},
            excluded=self._excluded(),
        )

    def _excluded(self) -> dict[str, str]:
        """The operations to which nothing is sent, with the reason."""
        session = self._session
        excluded = {}
        for operation in session.contract.operations:
            if operation.name in session.subjects.operations:
                continue
            excluded[operation.name] = (
                "--safe sends GET, HEAD and OPTIONS alone"
                if session.settings.safe and operation.method not in SAFE_METHODS
                else "left out by --only or --exclude"
            )
        return excluded

    def _finish(self, verdict: Verdict, reason: str) -> Finished:
        session = self._session
        findings = session.findings.all(session.capabilities)
        for finding in findings:
            session.emit(Found(finding))
        number = counts(findings)
        code = _EXIT_CODES.get(verdict, 0)
        if verdict == "conforms" and (
            number["errors"] or (session.settings.strict and number["warnings"])
        ):
            verdict, code = "violations", 1
        elif verdict == "unreachable" and number["errors"]:
            code = 1  # what was found before the server went away was found
        reason = reason or self._of_earlier_runs(findings, verdict)
        finished = Finished(
            verdict=verdict,
            exit_code=code,
            reason=reason,
            requests=session.budget.requests,
            planned=self._planned,
            not_run=max(0, self._planned - self._tried - session.withheld),
            seconds=session.budget.seconds,
            findings=number["errors"],
            warnings=number["warnings"],
            held_back=dict(session.values.held_back),
            spent=self._end or session.budget.spent_on,
            phases_left=tuple(self._left),
            impossible={
                name: f"no valid request can be made: {one.fault}"
                for name, one in session.subjects.made.items()
                if one.fault
            },
            tokens=session.budget.tokens,
            left_behind={
                one.name: left
                for one in session.contract.operations
                if _deletes(one) and (left := session.values.made(one))
            },
            sent_before=session.sent.number,
        )
        session.emit(finished)
        return finished

    def _of_earlier_runs(self, findings: Sequence[Finding], verdict: Verdict) -> str:
        """What a run that goes on from earlier ones cannot speak for: it repeats nothing."""
        session, settings = self._session, self._session.settings
        looks, is_seen = session.looks, session.has_looked
        before = session.earlier.left(findings, looks=looks, is_seen=is_seen)
        sent = session.sent.number
        if not settings.continuous or not sent or verdict not in ("conforms", "violations"):
            return ""
        known = Counter(f"{one.code} {one.operation}" for one in before)
        words = ", ".join(list(known)[:_TOLD]) + (", …" if len(known) > _TOLD else "")
        said = f"errors that this one did not come to: {words}" if known else "no error"
        return f"in what this run tried; earlier ones sent {sent} other requests, and found {said}"


def _deletes(operation: Operation) -> bool:
    """Whether *operation* deletes one item."""
    return operation.method == "DELETE" and operation.path.endswith("}")


# -- the model that a deployment has --------------------------------------------------------------


async def with_model(
    contract: Contract,
    transport: Sender,
    settings: Settings,
    *,
    credentials: Credentials | None = None,
) -> Settings:
    """*settings* with a model that the server says it has, where the user has named none.

    Nothing is asked where no `x-troth-completion` tells of a list of models, and an answer that
    cannot be read changes nothing: the run itself will tell what is wrong with it.
    """
    overrides: dict[str, Any] = {}
    credentials = credentials or Credentials(contract, settings, clock=lambda: 0.0)
    for operation in contract.operations:
        completion = operation.completion
        if completion is None or completion.models is None:
            continue
        place = completion.request.get("model")
        if place is None or _is_given(place, {**overrides, **settings.given(operation).members}):
            continue
        model = await _first_model(contract, transport, credentials, completion.models)
        if model is not None:
            overrides[place] = model
    return replace(settings, overrides={**overrides, **settings.overrides})


def _is_given(place: str, overrides: Mapping[str, Any]) -> bool:
    return place in overrides or ".".join(pointers.split(place)) in overrides


async def _first_model(
    contract: Contract, transport: Sender, credentials: Credentials, models: ModelList
) -> str | None:
    operation = contract.find_operation(models.operation)
    if operation is None:
        return None
    (subject,) = cases.subjects(contract, operations=[operation])
    case = subject.case("examples", "models", subject.minimal, about="the models that there are")
    exchange = await transport.send(await credentials.addressed(case))
    if exchange.response is None or exchange.response.status != 200:
        return None
    body = json_text.value_of(exchange.response.body)
    return next((text for text in _texts_at(body, pointers.split(models.ids)) if text), None)


def _texts_at(value: Any, tokens: tuple[str, ...]) -> list[str]:
    """The texts that *tokens* lead to, `*` standing for any item."""
    if not tokens:
        return [value] if isinstance(value, str) else []
    if tokens[0] == "*":
        items = value if isinstance(value, list) else []
        return [text for item in items for text in _texts_at(item, tokens[1:])]
    inner = value.get(tokens[0]) if isinstance(value, dict) else None
    return _texts_at(inner, tokens[1:])
