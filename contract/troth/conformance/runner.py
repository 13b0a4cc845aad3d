"""One run: its phases, in order, between its first event and its last.

What a run sends in a phase is made in `cases`, or by the probes of `checks.over_time`; one
exchange is the session's affair.  The order of requests follows from the document, the settings
and the seed alone, as long as the server gives the same answers and there is one worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from troth import pointer as pointers
from troth.conformance import cases
from troth.conformance.budget import Inconclusive, Unreachable
from troth.conformance.cases import Case, Subject
from troth.conformance.cases.case import addressed
from troth.conformance.checks import over_time
from troth.conformance.coverage import declared
from troth.conformance.events import (
    Finished,
    Found,
    PhaseStarted,
    Started,
    Verdict,
    counts,
)
from troth.conformance.session import Session
from troth.conformance.settings import Settings
from troth.conformance.transport import Sender
from troth.errors import TrothError
from troth.http import json_text
from troth.openapi.chat_completion import ModelList
from troth.openapi.contract import Contract

#: Asks one question about several answers, and enters what it finds.
Probe = Callable[[Session, Subject], Awaitable[None]]

#: The exit code of each verdict that is not about findings.
_EXIT_CODES: Mapping[Verdict, int] = {"unreachable": 3, "inconclusive": 3, "interrupted": 130}


class Run:
    """A run through the phases of *session*'s settings; its `emit` is told each event."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._planned = 0
        self._tried = 0

    async def go(self, *, at: str) -> Finished:
        """Run all phases; *at* is the start as ISO 8601 in UTC.  The last event is returned."""
        self._session.emit(self._started(at))
        verdict: Verdict = "conforms"
        reason = ""
        try:
            await self._phases()
            budget, outcomes = self._session.budget, self._session.outcomes
            if not budget.requests and not budget.seconds_left:
                raise Inconclusive("the time was over before anything was sent: try --max-time")
            if outcomes.hopeless and not outcomes.failed:
                raise Inconclusive(outcomes.reason())
        except Unreachable as fault:
            verdict, reason = "unreachable", str(fault)
        except Inconclusive as fault:
            verdict, reason = "inconclusive", str(fault)
        except asyncio.CancelledError:
            verdict, reason = "interrupted", "interrupted"
        return self._finish(verdict, reason)

    # -- phases -------------------------------------------------------------------------------

    async def _phases(self) -> None:
        session = self._session
        subjects = session.subjects.values()
        health = over_time.Health(session)
        probes: tuple[Probe, ...] = (
            over_time.laws_that_repeat,
            over_time.credentials_after_success,
            over_time.at_once,
            over_time.streams_agree,
            over_time.hang_up,
            health.probe,
        )
        if "stateful" in session.settings.phases:
            session.observers.append(health.observe)
        for phase in session.settings.phases:
            if not session.budget.seconds_left:
                return  # of a large document even to lay out what will not be sent takes long
            if phase == "stateful":
                session.emit(PhaseStarted(phase, 0))
                for subject in subjects:
                    for probe in probes:
                        await probe(session, subject)
                continue
            planned = cases.cases_of(
                phase, subjects, settings=session.settings, remembered=session.memory.bodies
            )
            self._planned += len(planned)
            session.emit(PhaseStarted(phase, len(planned)))
            await self._attempt_all(planned)

    async def _attempt_all(self, planned: list[Case]) -> None:
        waiting: Iterator[Case] = iter(planned)

        async def work() -> None:
            for case in waiting:
                if self._session.budget.spent:
                    return
                # awaited first: other workers count meanwhile
                sent = await self._session.attempt(case) is not None
                self._tried += sent

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(max(1, self._session.settings.workers)):
                    group.create_task(work())
        except ExceptionGroup as faults:
            # one worker's word that there is no going on is the run's
            raise faults.exceptions[0] from None

    # -- the beginning and the end --------------------------------------------------------------

    def _started(self, at: str) -> Started:
        settings, subjects = self._session.settings, self._session.subjects
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
            operations=tuple(subjects),
            settings=settings.shown(),
            laws=tuple(
                {
                    "id": law.id,
                    "group": law.group,
                    "severity": law.severity,
                    "says": law.says,
                    "operation": name,
                }
                for name, subject in subjects.items()
                for law in subject.operation.laws
            ),
            declared={name: declared(subject) for name, subject in subjects.items()},
        )

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
        finished = Finished(
            verdict=verdict,
            exit_code=code,
            reason=reason,
            requests=session.budget.requests,
            planned=self._planned,
            not_run=max(0, self._planned - self._tried),
            seconds=session.budget.seconds,
            findings=number["errors"],
            warnings=number["warnings"],
        )
        session.emit(finished)
        return finished


# -- the model that a deployment has --------------------------------------------------------------


async def with_model(contract: Contract, transport: Sender, settings: Settings) -> Settings:
    """*settings* with a model that the server says it has, where the user has named none.

    Nothing is asked where no `x-troth-completion` tells of a list of models, and an answer that
    cannot be read changes nothing: the run itself will tell what is wrong with it.
    """
    overrides: dict[str, Any] = {}
    for operation in contract.operations:
        completion = operation.completion
        if completion is None or completion.models is None:
            continue
        place = completion.request.get("model")
        if place is None or place in overrides or _is_given(place, settings.overrides):
            continue
        model = await _first_model(contract, transport, settings, completion.models)
        if model is not None:
            overrides[place] = model
    return replace(settings, overrides={**overrides, **settings.overrides})


def _is_given(place: str, overrides: Mapping[str, Any]) -> bool:
    return place in overrides or ".".join(pointers.split(place)) in overrides


async def _first_model(
    contract: Contract, transport: Sender, settings: Settings, models: ModelList
) -> str | None:
    try:
        operation = contract.operation(models.operation)
    except TrothError:
        return None
    (subject,) = cases.subjects(contract, operations=[operation])
    exchange = await transport.send(addressed(subject.request(subject.minimal), settings))
    if exchange.response is None or exchange.response.status != 200:
        return None
    try:
        body = json_text.decode_lenient(exchange.response.body)[0]
    except json_text.BadJson:
        return None
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
