"""One exchange after another: what is followed up, and what is left as it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bundled import CONTRACT
from troth.conformance import budget as budgets
from troth.conformance.cases import subjects
from troth.conformance.events import Event, Exchanged, Found, Waited
from troth.conformance.session import Session
from troth.conformance.settings import Settings
from troth.http.exchange import Exchange, Request, Response

SETTINGS = Settings(url="http://127.0.0.1:1")
MODEL = subjects(CONTRACT)[0].minimal["model"]
GOOD: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello."},
            "finish_reason": "stop",
        }
    ],
}


class Scripted:
    """A transport without a socket: it gives the answers of a script, the last one for ever."""

    def __init__(self, *script: tuple[int, Any], wait: str | None = None) -> None:
        self._script: Iterator[tuple[int, Any]] = iter(script)
        self._last = script[-1]
        self._fields = () if wait is None else (("Retry-After", wait),)

    async def send(self, request: Request, *, fresh: bool = False) -> Exchange:
        status, body = next(self._script, self._last)
        fields = (("Content-Type", "application/json"), *self._fields)
        return Exchange(request, Response(status, fields, json.dumps(body).encode()))


def attempted(*script: tuple[int, Any], wait: str | None = None) -> list[Event]:
    """The events of one case, the smallest request with a member more."""
    events: list[Event] = []
    transport: Any = Scripted(*script, wait=wait)
    session = Session(CONTRACT, transport, SETTINGS, emit=events.append, clock=lambda: 0.0)
    (subject,) = session.subjects.values()
    case = subject.case("examples", "one", {**subject.minimal, "temperature": 1}, about="")
    asyncio.run(session.attempt(case))
    return events


def purposes(events: list[Event]) -> list[str]:
    return [each.purpose for each in events if isinstance(each, Exchanged)]


def findings(events: list[Event]) -> list[tuple[str, int, int]]:
    told = [each.finding for each in events if isinstance(each, Found)]
    return [(finding.code, finding.again, finding.tries) for finding in told]


def test_what_comes_again_each_time_is_made_smaller() -> None:
    events = attempted((500, {}))
    assert purposes(events) == ["case", "repeat", "shrink"]
    assert findings(events) == [("response.server-error", 1, 1)]


def test_what_does_not_come_again_each_time_is_left_as_it_is() -> None:
    events = attempted((500, {}), (200, GOOD), (500, {}), (200, GOOD))
    assert purposes(events) == ["case", *["repeat"] * 5]
    assert findings(events) == [("response.server-error", 1, 5)]


def test_what_no_repetition_shows_is_a_warning() -> None:
    for script, severity in (((500, {}), (200, GOOD)), "warning"), (((500, {}),), "error"):
        events = attempted(*script)
        told = [each.finding for each in events if isinstance(each, Found)]
        failed = [one for one in told if one.code == "response.server-error"]
        assert [one.severity for one in failed] == [severity]


class Crowded(Scripted):
    """It fails while it has something else to do."""

    def __init__(self) -> None:
        super().__init__((200, GOOD))
        self.busy = 0

    async def send(self, request: Request, *, fresh: bool = False) -> Exchange:
        self.busy += 1
        await asyncio.sleep(0)
        exchange = await super().send(request)
        failed = Response(503, (("Content-Type", "text/plain"),), b"busy")
        exchange = Exchange(request, failed) if self.busy > 2 else exchange
        await asyncio.sleep(0)
        self.busy -= 1
        return exchange


def test_what_shows_among_others_alone_says_how_many_there_were() -> None:
    events: list[Event] = []
    transport: Any = Crowded()
    session = Session(CONTRACT, transport, SETTINGS, emit=events.append, clock=lambda: 0.0)
    (subject,) = session.subjects.values()
    case = subject.case("stateful", "one", subject.minimal, about="several at once")

    async def at_once() -> None:
        await asyncio.gather(*(session.attempt(case) for _ in range(3)))

    asyncio.run(at_once())
    found = [event.finding for event in events if isinstance(event, Found)]
    assert len(found) == 1
    assert found[0].violation.message.endswith("'busy', while 2 others had no answer yet")


@pytest.mark.parametrize(
    ("wait", "slept", "status"),
    [("2", [2.0], 200), ("10", [10.0], 200), ("11", [], 503), ("3600", [], 503)],
)
def test_a_server_is_waited_for_as_long_as_patience_lasts(
    wait: str, slept: list[float], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float] = []

    async def sleep(seconds: float) -> None:
        told.append(seconds)

    monkeypatch.setattr(budgets.asyncio, "sleep", sleep)
    *waits, event = attempted((503, {}), (200, {**GOOD, "model": MODEL}), wait=wait)
    assert waits == [Waited("POST /v1/chat/completions", 503, seconds) for seconds in slept]
    assert isinstance(event, Exchanged)
    assert event.exchange.response is not None
    assert (told, event.exchange.response.status) == (slept, status)


class Hanging:
    """A transport to a server that does not answer the requests of these numbers."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers
        self.count = 0

    async def send(self, request: Request, *, fresh: bool = False) -> Exchange:
        self.count += 1
        if self.count in self._numbers:
            return Exchange(request, None, "timeout", "no complete answer within 30 s")
        fields = (("Content-Type", "application/json"),)
        body = {**GOOD, "model": MODEL, "id": f"chatcmpl-{self.count}"}
        return Exchange(request, Response(200, fields, json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("numbers", "sent", "is_given_up"),
    [((1, 2), 2, True), ((1, 3, 9), 12, False), ((2, 3), 3, True), ((), 9, False)],
)
def test_an_operation_is_given_up_when_it_hangs_again(
    numbers: tuple[int, ...], sent: int, is_given_up: bool
) -> None:
    transport: Any = Hanging(*numbers)
    events: list[Event] = []
    session = Session(CONTRACT, transport, SETTINGS, emit=events.append, clock=lambda: 0.0)
    (subject,) = session.subjects.values()
    for index in range(9 if is_given_up or not numbers else 2):
        value = {**subject.minimal, "temperature": index / 10}
        case = subject.case("examples", str(index), value, about=str(index))
        asyncio.run(session.attempt(case))
    assert session.is_given_up(subject.operation.name) is is_given_up
    if not numbers:
        assert findings(events) == []
        return
    told = [each.finding for each in events if isinstance(each, Found)]
    assert {one.code for one in told} >= {"transport.timeout"}
    assert any("nothing more" in one.violation.message for one in told) is is_given_up
    if is_given_up:
        assert transport.count == sent
