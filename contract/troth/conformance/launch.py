"""From settings to a finished run: the loop, the socket, the signals, and secrets kept.

Leaves the order of things to `runner`, and what becomes of the events to whoever listens: they
are told of redacted events only.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from troth.conformance.citations import Citations
from troth.conformance.events import Event, Finished, Found
from troth.conformance.redaction import Redactor
from troth.conformance.settings import Settings
from troth.openapi.contract import Contract

if TYPE_CHECKING:
    from troth.conformance.in_process import Application
    from troth.conformance.transport import Transport

Tell = Callable[[Event], None]
#: The exit code of a run that was told to stop (128 and the signal's number, as shells have it).
_STOPPED = 128


def launch(
    contract: Contract,
    settings: Settings,
    *,
    tell: Tell,
    known: frozenset[str] = frozenset(),
    second: Contract | None = None,
    prepare: Callable[[], None] | None = None,
) -> tuple[Finished, int]:
    """Run against `settings.url`; *tell* is told each event.  The last event and the exit code.

    *known* and *second* are as `Session` takes them; *prepare* is called before anything is told
    or sent.  SIGINT and SIGTERM end the run with what there is so far, when this is the main
    thread.
    """
    stopped: list[int] = []

    async def conduct() -> Finished:
        with _stopping(stopped):
            if prepare is not None:
                prepare()  # it takes a while too, and is no less part of what is stopped
            return await _run(contract, settings, tell, known, second)

    finished = asyncio.run(conduct())
    return finished, _STOPPED + stopped[0] if stopped else finished.exit_code


def launch_beside(
    contract: Contract,
    settings: Settings,
    *,
    tell: Tell,
    known: frozenset[str] = frozenset(),
    second: Contract | None = None,
) -> Finished:
    """The same on a thread and a loop of its own: for callers who may have a loop running."""
    started: list[Callable[[], object]] = []
    results: list[Finished] = []
    faults: list[BaseException] = []

    async def conduct() -> Finished:
        started.append(_canceller())
        return await _run(contract, settings, tell, known, second)

    def work() -> None:
        try:
            results.append(asyncio.run(conduct()))
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=work, name="troth", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:  # Ctrl-C: the run tells what it has, and the caller gets its own
        for cancel in started:
            cancel()
        thread.join()
        raise
    if faults:
        raise faults[0]
    return results[0]


async def _run(
    contract: Contract,
    settings: Settings,
    tell: Tell,
    known: frozenset[str],
    second: Contract | None,
) -> Finished:
    # aiohttp and the generators take a third of a second to import: not before they are needed
    from troth.conformance.credentials import Credentials, poster
    from troth.conformance.runner import Run, with_model
    from troth.conformance.session import Session

    redactor, citations = Redactor.of(settings), Citations(contract)

    def emit(event: Event) -> None:
        event = Found(citations.cited(event.finding)) if isinstance(event, Found) else event
        tell(redactor.event(event))

    async with _sender(settings) as transport:
        credentials = Credentials(
            *(contract, settings),
            clock=time.monotonic,
            learn=redactor.learn,
            post=poster(settings, transport, clock=time.monotonic),
        )
        await credentials.begin()
        session = Session(
            contract,
            transport,
            await with_model(contract, transport, settings, credentials=credentials),
            emit=emit,
            clock=time.monotonic,
            known=known,
            second=second,
            credentials=credentials,
        )
        return await Run(session).go(at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def _sender(settings: Settings) -> Transport | Application:
    caps, clock = settings.caps, time.monotonic
    if settings.application is not None:
        from troth.conformance.in_process import Application

        return Application(settings.application, url=settings.url, caps=caps, clock=clock)
    from troth.conformance.transport import Transport

    return Transport(
        settings.url,
        caps=caps,
        clock=clock,
        insecure=settings.insecure,
        trust_env=settings.trust_env,
        connections=max(8, settings.workers),
    )


def _canceller() -> Callable[[], object]:
    """What cancels the current task, from whatever thread it is called."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    return lambda: loop.call_soon_threadsafe(task.cancel)


@contextmanager
def _stopping(stopped: list[int]) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM cancel the current task, others nothing.

    A second one must not interrupt the telling of what there is: after a stop SIGINT stays
    ignored, and it is for the caller to care for it again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python has signals in the main thread only
        return
    cancel = _canceller()

    def stop(number: int, frame: object) -> None:
        if not stopped:
            stopped.append(number)
            cancel()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_IGN if stopped else handler)
