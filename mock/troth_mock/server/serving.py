"""Run the mock: in this process until it is told to stop, or beside it on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from troth import loading
from troth.errors import TrothError, nearest
from troth.openapi.contract import Contract
from troth_mock.control import Control
from troth_mock.faults.switches import Switches
from troth_mock.responding.responder import Responder
from troth_mock.server.application import App, Settings
from troth_mock.server.heads import wall_clock
from troth_mock.server.pages import base_path, url_of

if TYPE_CHECKING:  # loaded when somebody asks: most servers do without
    from troth_mock.faults.verdict import Seen, Verdict

LOG = logging.getLogger("troth.mock")
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOT_OURS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_ADVICE = {
    False: "Give another port with --port, or --port 0 for any free one.",
    True: "Give an address of this machine with --host, or leave it out for 127.0.0.1.",
}


class AddressUnavailable(TrothError):
    """The address cannot be listened on; *is_of_host*: on no port of it."""

    exit_code = 3

    host: str
    port: int
    reason: str
    is_of_host: bool = False

    def __str__(self) -> str:
        what = f"cannot listen on {self.host} port {self.port}: {self.reason}"
        return f"{what}\n{_ADVICE[self.is_of_host]}"


@dataclass(frozen=True, slots=True)
class MockServer:
    """A mock that is serving *contract* at *url* (no trailing slash).

    Of one that runs in this process, *app* is known, and *on_loop* does something where it runs.
    """

    url: str
    contract: Contract = field(repr=False)
    app: App | None = field(default=None, repr=False, compare=False)
    on_loop: Callable[[Callable[[], Any]], Any] = field(
        default=lambda work: work(), repr=False, compare=False
    )

    @property
    def base_url(self) -> str:
        """What an SDK takes as its base URL: *url* and the path that the document names for it."""
        return self.url + base_path(self.contract)

    @property
    def journal(self) -> tuple[Seen, ...]:
        """The exchanges that it had, oldest first; the last thousand of them."""
        from troth_mock.inspector.decoding import exchanges

        journal = self._app.journal
        if journal is None:
            return ()
        found: tuple[Seen, ...] = self.on_loop(lambda: exchanges(journal, self._app.contract))
        return found

    def verdict(self, session: str | None = None, *, patience: float = 30.0) -> Verdict:
        """What the client made of the faults that befell it, in *session* or in all.

        It hangs if it waits longer than *patience* seconds for the next byte.
        """
        from troth_mock.inspector.decoding import verdict_on

        journal, contract = self._app.journal, self._app.contract
        if journal is None:
            raise TypeError("without a journal there is no verdict: inspector=True keeps one")
        found: Verdict = self.on_loop(
            lambda: verdict_on(journal, contract, session=session, patience=patience)
        )
        return found

    def fail(self, *texts: str, session: str | None = None) -> None:
        """Let go wrong what *texts* say, and nothing else: as `--fail`.  Raises BadFault.

        With *session* only there.
        """
        self.on_loop(lambda: self._app.control.put_faults(texts, session=session))

    def reset(self, session: str | None = None) -> None:
        """Let it be as it was when it started, for *session* or for all.

        It forgets what it was given and what it was asked; its faults are those of the start.
        """
        self.on_loop(lambda: self._app.reset(session))

    @property
    def _app(self) -> App:
        if self.app is None:
            raise TypeError(f"the mock at {self.url} does not run in this process")
        return self.app


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run *main* on the fastest loop that there is."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


async def serve(
    app: App,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[str], None],
    meanwhile: Sequence[Coroutine[Any, Any, None]] = (),
    shared: bool = False,
) -> None:
    """Serve *app* until SIGINT or SIGTERM; *ready* is told the URL, *meanwhile* runs beside it.

    A second signal does not wait for open answers.  A *shared* port others may listen on too.
    Raises AddressUnavailable.
    """
    loop = asyncio.get_running_loop()
    stop, hurry = asyncio.Event(), asyncio.Event()
    # before anybody can connect: whoever sees the mock up may stop it at once
    for number in _STOP_SIGNALS:
        # Windows' loops have no signal handlers: there Ctrl-C cancels this coroutine
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, lambda: (hurry if stop.is_set() else stop).set())
    url = await _start(app, host, port, shared=shared)
    ready(url)
    beside = [asyncio.ensure_future(each) for each in meanwhile]
    for each in beside:
        each.add_done_callback(_tell_fault)
    try:
        await stop.wait()
    finally:
        for each in beside:
            each.cancel()
        stopping = asyncio.ensure_future(app.stop())
        hurried = asyncio.ensure_future(hurry.wait())
        await asyncio.wait({stopping, hurried}, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not stopping.done():
            app.hurry()
        await stopping


@contextlib.contextmanager
def serving(
    contract: Contract,
    *,
    responder: Responder | None = None,
    settings: Settings | None = None,
    control: Control | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[MockServer]:
    """Serve *contract* on a thread with a loop of its own, for as long as the block runs.

    Raises AddressUnavailable.
    """
    responder = responder or Responder(contract)
    app = App(contract, responder, settings=settings, control=control)
    started: Future[str] = Future()
    stops: list[Callable[[], object]] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def main() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        loops.append(loop)
        try:
            started.set_result(await _start(app, host, port))
        except BaseException as fault:
            # whatever it is, it is raised where the server was to be started
            started.set_exception(fault)
            return
        await stop.wait()
        await app.stop()

    thread = threading.Thread(target=lambda: run(main()), name="troth-mock", daemon=True)
    thread.start()
    with contextlib.ExitStack() as stack:
        stack.callback(thread.join)
        url = started.result()
        stack.callback(stops[0])
        yield MockServer(url, contract, app, lambda work: _done_on(loops[0], work))


def _done_on(loop: asyncio.AbstractEventLoop, work: Callable[[], Any]) -> Any:
    """What *work* returns, done on *loop* once all is done that was due there when it was asked."""
    done: Future[Any] = Future()

    def do() -> None:
        try:
            done.set_result(work())
        except BaseException as fault:
            # whatever it is, it is raised where it was asked for
            done.set_exception(fault)

    # what a client has just read may have been noted in the round after it was sent
    loop.call_soon_threadsafe(loop.call_soon, loop.call_soon, do)
    return done.result()


def start_in(
    stack: contextlib.ExitStack,
    document: str | Path | Contract | None = None,
    *,
    overlays: Sequence[str | Path] | None = None,
    settings: Settings | None = None,
    fail: str | Sequence[str] = (),
    scenario: str | Path | None = None,
    **options: Any,
) -> MockServer:
    """Serve *document* (a file, a contract, or None for the bundled one) until *stack* closes.

    To the bundled one *overlays* are added, by name (`openai`) or as files; none at all is as it
    was published.  *fail* is what goes wrong, as `--fail` says it, *scenario* a file of scenarios
    or a folder of such; *options* are `Responder`'s.
    """
    _check_keywords(options)
    if not isinstance(document, Contract):
        if overlays:
            overlays = loading.with_bundled_overlays(document, overlays)
        document = loading.load(document, overlays=overlays)
    responder = Responder(document, **options)
    texts = (fail,) if isinstance(fail, str) else tuple(fail)
    control = Control(
        document,
        pace=settings.pace if settings is not None else None,
        faults=Switches(document, texts, seed=options.get("seed", 0)),
    )
    control.follow(
        None if scenario is None else Path(scenario),
        problem=responder.problem,
        clock=wall_clock,
        told=LOG.warning,
    )
    return stack.enter_context(
        serving(document, responder=responder, settings=settings, control=control)
    )


def _check_keywords(options: Mapping[str, Any]) -> None:
    """Raise TypeError, which names all that there are, for a keyword that there is not."""
    made_by = (start_in, Responder)
    parameters = [each for one in made_by for each in signature(one).parameters.values()]
    known = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            close = nearest(name, known)
            meant = f"; did you mean {close!r}?" if close else "."
            raise TypeError(f"there is no keyword {name!r}{meant} There are {', '.join(known)}.")


async def _start(app: App, host: str, port: int, *, shared: bool = False) -> str:
    asyncio.get_running_loop().set_exception_handler(_one_line)
    with address_faults(host, port):
        return url_of(*await app.start(host, port, shared=shared))


@contextlib.contextmanager
def address_faults(host: str, port: int) -> Iterator[None]:
    """Raise AddressUnavailable for what keeps the block from listening on *host* and *port*."""
    try:
        yield
    except (OSError, OverflowError) as fault:
        number = getattr(fault, "errno", None)
        is_unknown = isinstance(fault, socket.gaierror)
        reason = getattr(fault, "strerror", None) or str(fault)
        if number is not None and not is_unknown:
            reason = os.strerror(number)  # asyncio puts a sentence of its own around it
        is_of_host = is_unknown or number in _NOT_OURS
        raise AddressUnavailable(host, port, reason, is_of_host=is_of_host) from fault


def _tell_fault(task: asyncio.Future[None]) -> None:
    """Say what ended *task*, which nobody waits for."""
    fault = None if task.cancelled() else task.exception()
    if fault is not None:
        LOG.warning("what runs beside the mock has ended: %r", fault)


def _one_line(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say in one line what asyncio would show with a traceback."""
    fault = context.get("exception")
    if not isinstance(fault, ConnectionError):
        LOG.warning("%s%s", context.get("message", ""), f" ({fault!r})" if fault else "")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
