"""A whole run against a server of ours, in this process, with everything that it told."""

from __future__ import annotations

import asyncio
import fnmatch
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from servers.chat import TOKEN
from servers.wire import Handler, Server
from troth.conformance import cases, session
from troth.conformance.events import Event, Exchanged, Finding, Finished, Found
from troth.conformance.runner import Run
from troth.conformance.session import Session
from troth.conformance.settings import Caps, Settings
from troth.conformance.transport import Transport
from troth.openapi.contract import Contract

#: A machine may be busy: what is right must not be late.
CAPS = Caps(seconds=20.0, idle=10.0, connect=5.0, body_bytes=2 * 1024 * 1024, events=2000)
#: Ours do late what they do late by the number of requests, and never by the clock.
PATIENCE = 0.01
#: For servers that hang: each time costs a test this long.
SHORT = replace(CAPS, seconds=1.0, idle=0.5)


@dataclass(frozen=True)
class Conducted:
    """A run that is over: its last event, its findings as they stood then, and all events."""

    finished: Finished
    findings: tuple[Finding, ...]
    events: tuple[Event, ...]

    @property
    def exchanges(self) -> list[Exchanged]:
        return [event for event in self.events if isinstance(event, Exchanged)]

    @property
    def told(self) -> list[str]:
        """Each finding in a line: what a failing assertion ought to show."""
        return [
            f"{one.severity} {one.code} {one.again}/{one.tries} {one.case_id}: "
            f"{one.violation.message[:200]}"
            for one in self.findings
            if not one.known
        ]

    def of(self, severity: str) -> list[Finding]:
        return [one for one in self.findings if one.severity == severity and not one.known]


def conduct(
    handler: Handler,
    contract: Contract,
    *,
    second: Contract | None = None,
    until: Iterable[str] = (),
    cancel_after: int | None = None,
    base: str = "",
    **settings: Any,
) -> Conducted:
    """Run *contract* against *handler*, below the path *base* of its server.

    The run is interrupted as soon as a finding has one of the codes *until* (with wildcards), or
    after so many exchanges.
    """
    with Server(handler) as server:
        # the server is ours: there is nothing to be careful of
        given = {
            "token": TOKEN,
            "caps": CAPS,
            "allow_destructive": True,
            "patience": PATIENCE,
            **settings,
        }
        return asyncio.run(
            _go(
                Settings(url=server.url + base, **given),
                contract,
                second,
                tuple(until),
                cancel_after,
                clock=lambda: time.monotonic() + getattr(handler, "late", 0.0),
            )
        )


def plan_once(monkeypatch: pytest.MonkeyPatch, plans: dict[Any, Any]) -> None:
    """Lay out the cases of a contract once, in *plans*, for all servers that it is run against.

    They are the same for every server, and to lay them out takes as long as to send them.
    """
    planned, chosen = cases.cases_of, cases.subjects_under_test

    def subjects(contract: Contract, settings: Settings, **more: Any) -> Any:
        key = ("subjects", contract)
        if key not in plans:
            plans[key] = chosen(contract, settings, **more)
        return plans[key]

    def cases_of(phase: str, tested: Any, *, settings: Settings, **_: Any) -> Any:
        key = (phase, frozenset(settings.phases), *map(id, tested))
        if key not in plans:
            plans[key] = list(planned(phase, tested, settings=settings))
        return iter(plans[key])

    monkeypatch.setattr(cases, "cases_of", cases_of)
    monkeypatch.setattr(session, "subjects_under_test", subjects)


def against(url: str, contract: Contract, **settings: Any) -> Conducted:
    """Run *contract* against a server that is not ours, at *url*."""
    given = Settings(url=url, **{"caps": CAPS, **settings})
    return asyncio.run(_go(given, contract, None, (), None))


async def _go(
    settings: Settings,
    contract: Contract,
    second: Contract | None,
    until: tuple[str, ...],
    cancel_after: int | None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Conducted:
    events: list[Event] = []
    loop = asyncio.get_running_loop()

    def emit(event: Event) -> None:
        events.append(event)
        wanted = isinstance(event, Found) and matches(event.finding.code, until)
        count = sum(isinstance(one, Exchanged) for one in events) if cancel_after else 0
        if (wanted or (cancel_after and count == cancel_after)) and not stopped:
            stopped.append(True)
            # soon, not now: what is found at the very end must not undo the end
            loop.call_soon(lambda: running[0].cancel())

    stopped: list[bool] = []
    running: list[asyncio.Task[Finished]] = []
    async with Transport(settings.url, caps=settings.caps, clock=clock) as transport:
        session = Session(contract, transport, settings, emit=emit, clock=clock, second=second)
        running.append(asyncio.create_task(Run(session).go(at="2026-01-01T00:00:00Z")))
        finished = await running[0]
    latest = {event.finding.id: event.finding for event in events if isinstance(event, Found)}
    final = _last_found(events) or latest
    return Conducted(finished, tuple(final.values()), tuple(events))


def _last_found(events: list[Event]) -> dict[str, Finding]:
    """The findings that the end of the run told, once there was nothing more to send."""
    last = max((at for at, event in enumerate(events) if isinstance(event, Exchanged)), default=-1)
    return {
        event.finding.id: event.finding for event in events[last + 1 :] if isinstance(event, Found)
    }


def matches(code: str, patterns: Iterable[str]) -> bool:
    """Whether *code* is one of *patterns*, which may have wildcards."""
    return any(fnmatch.fnmatchcase(code, pattern) for pattern in patterns)
