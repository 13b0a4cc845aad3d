"""Serving until a signal says to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from troth_mock.server.serving import serve


class SignalledApp:
    """Gets *early* signals as soon as it listens, and *late* ones when it is told to stop."""

    def __init__(self, *, early: int, late: int = 0) -> None:
        self.early, self.late = early, late
        self.calls: list[str] = []
        self.hurried = asyncio.Event()

    async def start(self, host: str, port: int, *, shared: bool = False) -> tuple[str, int]:
        for _ in range(self.early):
            signal.raise_signal(signal.SIGTERM)
        return host, 8000

    async def stop(self) -> None:
        self.calls.append("stop")
        for _ in range(self.late):
            signal.raise_signal(signal.SIGTERM)
        if self.late:
            await self.hurried.wait()

    def hurry(self) -> None:
        self.calls.append("hurry")
        self.hurried.set()


@pytest.fixture
def unhandled() -> Iterator[list[int]]:
    """The signals that would have ended the process."""
    signals: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: signals.append(number))
    yield signals
    signal.signal(signal.SIGTERM, before)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no loop of Windows handles signals")
@pytest.mark.parametrize(
    ("app", "calls"),
    [
        (SignalledApp(early=1), ["stop"]),
        (SignalledApp(early=1, late=1), ["stop", "hurry"]),
    ],
)
def test_signals_are_handled_before_anybody_can_connect(
    app: Any, calls: list[str], unhandled: list[int]
) -> None:
    urls: list[str] = []

    async def main() -> None:
        async with asyncio.timeout(30):
            await serve(app, host="127.0.0.1", port=0, ready=urls.append)

    asyncio.run(main())
    assert (app.calls, urls, unhandled) == (calls, ["http://127.0.0.1:8000"], [])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no loop of Windows handles signals")
def test_what_runs_beside_a_mock_does_not_end_unheard(
    unhandled: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
        raise OSError("no such watch")

    async def main() -> None:
        app: Any = SignalledApp(early=0)
        async with asyncio.timeout(30):
            await serve(app, host="127.0.0.1", port=0, ready=lambda url: None, meanwhile=[fail()])

    asyncio.run(main())
    assert caplog.messages == ["what runs beside the mock has ended: OSError('no such watch')"]
