"""Several processes that serve one mock on one port: what `--workers` does.

The kernel gives each connection to one of them, and they share nothing, so a mock that keeps
anything between two requests cannot have several.  They are forked once the document is read, which
is then in memory once.  Each stops when its end of a pipe closes: so they end with their parent,
however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NoReturn

from troth.errors import TrothError
from troth_mock.server.pages import url_of
from troth_mock.server.serving import address_faults, run

#: What serves on a host and a port, tells when it does so, and runs something beside it.
Serve = Callable[
    [str, int, Callable[[str], None], list[Coroutine[Any, Any, None]]], Coroutine[Any, Any, None]
]


class WorkerLost(TrothError):
    """A worker ended by itself, with this exit code (negative: the signal that ended it)."""

    exit_code = 3

    code: int

    def __str__(self) -> str:
        how = f"by signal {-self.code}" if self.code < 0 else f"with exit code {self.code}"
        return f"a worker ended {how}, so all were stopped"


def is_possible() -> bool:
    """Whether this system can share a port among processes that are forked."""
    return hasattr(os, "fork") and hasattr(socket, "SO_REUSEPORT")


def serve_by(
    count: int, serve: Serve, *, host: str, port: int, ready: Callable[[str], None]
) -> None:
    """Let *count* processes *serve* until SIGINT or SIGTERM; *ready* is told the URL.

    A second signal does not wait for open answers.  Raises AddressUnavailable and WorkerLost.
    """
    with _reserved(host, port) as (address, number), contextlib.ExitStack() as stack:
        stopping, stop = os.pipe()
        started, start = os.pipe()
        workers = {
            _fork(serve, address, number, stopping, start, closed=(stop, started))
            for _ in range(count)
        }
        for end in (stopping, start):
            os.close(end)
        stack.callback(os.close, started)
        signals = _Signals(workers, stop)
        stack.enter_context(signals)
        # an end of file instead of a byte: one of them ended before it served
        if all(os.read(started, 1) for _ in range(count)):
            ready(url_of(address, number))
        codes = [_wait(workers, signals) for _ in range(count)]
    lost = next((code for code in codes if code), 0)
    if lost:
        raise WorkerLost(lost)


def _wait(workers: set[int], signals: _Signals) -> int:
    """The exit code of the next worker that ends; the others are stopped then."""
    worker, status = os.wait()
    workers.discard(worker)
    signals.stop()
    return os.waitstatus_to_exitcode(status)


class _Signals:
    """What the first and the second signal to the parent do to its workers."""

    def __init__(self, workers: set[int], pipe: int) -> None:
        self._workers = workers
        self._pipe: int | None = pipe
        self._before: dict[int, Any] = {}

    def stop(self) -> None:
        """Let the workers end what they are answering, and stop."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._take)

    def __exit__(self, *_: object) -> None:
        self.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, _: object) -> None:
        is_second = self._pipe is None
        self.stop()
        if is_second:
            for worker in tuple(self._workers):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGTERM)


@contextlib.contextmanager
def _reserved(host: str, port: int) -> Iterator[tuple[str, int]]:
    """The address that *host* and *port* are, kept from others while workers are started."""
    with address_faults(host, port), contextlib.ExitStack() as stack:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # another mock with workers would share its port with us, and half of the answers be its
        with socket.socket(family, kind, protocol) as alone:
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(address)
            found = alone.getsockname()
        held = stack.enter_context(socket.socket(family, kind, protocol))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(found)
        yield found[0], found[1]


def _fork(
    serve: Serve, host: str, port: int, stopping: int, start: int, *, closed: tuple[int, ...]
) -> int:
    """Start a worker, and return its process."""
    sys.stdout.flush()
    sys.stderr.flush()
    worker = os.fork()
    if worker == 0:
        for end in closed:
            os.close(end)
        _work(serve, host, port, stopping, start)
    return worker


def _work(serve: Serve, host: str, port: int, stopping: int, start: int) -> NoReturn:
    """What a worker does, from the fork to its end."""
    code = 3
    try:
        # a Ctrl-C at the terminal is for the parent, who stops its workers in good order
        os.setpgid(0, 0)

        def ready(url: str) -> None:
            os.write(start, b".")
            os.close(start)

        run(serve(host, port, ready, [_until_closed(stopping)]))
        code = 0
    except TrothError as fault:
        print(f"troth: {fault}", file=sys.stderr)
    finally:
        sys.stderr.flush()
        # nothing of what the parent has to do at its end is to be done twice
        os._exit(code)


async def _until_closed(pipe: int) -> None:
    """Stop this process as a signal would, once the other end of *pipe* is closed."""
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()
    loop.add_reader(pipe, closed.set)
    try:
        await closed.wait()
    finally:
        loop.remove_reader(pipe)
    os.kill(os.getpid(), signal.SIGTERM)
