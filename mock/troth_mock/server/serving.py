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
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from troth import loading
from troth.errors import TrothError
from troth.openapi.contract import Contract
from troth_mock.responding.responder import Responder
from troth_mock.server.application import App, Settings

LOG = logging.getLogger("troth.mock")
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOT_OURS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_ADVICE = {
    False: "Give another port with --port, or --port 0 for any free one.",
    True: "Give an address of this machine with --host, or leave it out for 127.0.0.1.",
}
_UNSPECIFIED = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class AddressUnavailable(TrothError):
    """The address cannot be listened on; *is_of_host*: on no port of it."""

    exit_code = 3

    def __init__(self, host: str, port: int, reason: str, *, is_of_host: bool = False) -> None:
        super().__init__(host, port, reason)
        self.is_of_host = is_of_host
        self.host = host
        self.port = port
        self.reason = reason

    def __str__(self) -> str:
        what = f"cannot listen on {self.host} port {self.port}: {self.reason}"
        return f"{what}\n{_ADVICE[self.is_of_host]}"


@dataclass(frozen=True, slots=True)
class MockServer:
    """A mock that is serving *contract* at *url* (no trailing slash)."""

    url: str
    contract: Contract
    responder: Responder | None = field(default=None, repr=False, compare=False)

    def reset(self, session: str | None = None) -> None:
        """Let it forget what *session* was given, or what all were: as `POST /_troth/reset`."""
        if self.responder is not None:
            self.responder.reset(session)

    @property
    def base_url(self) -> str:
        """What an SDK takes as its base URL: *url* and the path that the document names for it."""
        return self.url + base_path(self.contract)


def base_path(contract: Contract) -> str:
    """The `base-path` of the first completion that names one, or ""."""
    completions = (operation.completion for operation in contract.operations)
    return next((each.base_path for each in completions if each and each.base_path), "")


def url_of(host: str, port: int) -> str:
    """The URL at which a server bound to *host* is reached from this machine."""
    host = _UNSPECIFIED.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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
) -> None:
    """Serve *app* until SIGINT or SIGTERM; *ready* is told the URL, *meanwhile* runs beside it.

    A second signal does not wait for open answers.  Raises AddressUnavailable.
    """
    loop = asyncio.get_running_loop()
    stop, hurry = asyncio.Event(), asyncio.Event()
    # before anybody can connect: whoever sees the mock up may stop it at once
    for number in _STOP_SIGNALS:
        # Windows' loops have no signal handlers: there Ctrl-C cancels this coroutine
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, lambda: (hurry if stop.is_set() else stop).set())
    url = await _start(app, host, port)
    ready(url)
    beside = [asyncio.ensure_future(each) for each in meanwhile]
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
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[MockServer]:
    """Serve *contract* on a thread with a loop of its own, for as long as the block runs.

    Raises AddressUnavailable.
    """
    responder = responder or Responder(contract)
    app = App(contract, responder, settings=settings)
    started: Future[str] = Future()
    stops: list[Callable[[], object]] = []

    async def main() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
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
        yield MockServer(url, contract, responder)


def start_in(
    stack: contextlib.ExitStack,
    document: str | Path | Contract | None = None,
    *,
    overlays: Sequence[str | Path] | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> MockServer:
    """Serve *document* (a file, a contract, or None for the bundled one) until *stack* closes.

    To the bundled one *overlays* are added, by name (`openai`) or as files; none at all is as it
    was published.
    *options* are `Responder`'s.
    """
    if not isinstance(document, Contract):
        if overlays:
            overlays = loading.with_bundled_overlays(document, overlays)
        document = loading.load(document, overlays=overlays)
    responder = Responder(document, **options)
    return stack.enter_context(serving(document, responder=responder, settings=settings))


async def _start(app: App, host: str, port: int) -> str:
    asyncio.get_running_loop().set_exception_handler(_one_line)
    try:
        return url_of(*await app.start(host, port))
    except (OSError, OverflowError) as fault:
        number = getattr(fault, "errno", None)
        is_unknown = isinstance(fault, socket.gaierror)
        reason = getattr(fault, "strerror", None) or str(fault)
        if number is not None and not is_unknown:
            reason = os.strerror(number)  # asyncio puts a sentence of its own around it
        is_of_host = is_unknown or number in _NOT_OURS
        raise AddressUnavailable(host, port, reason, is_of_host=is_of_host) from fault


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
