"""One exchange after another: what is followed up, and what is left as it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import troth
from troth.conformance.events import Event, Exchanged, Found
from troth.conformance.session import Session
from troth.conformance.settings import Settings
from troth.http.exchange import Exchange, Request, Response

CONTRACT = troth.load()
SETTINGS = Settings(url="http://127.0.0.1:1")
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

    def __init__(self, *script: tuple[int, Any]) -> None:
        self._script: Iterator[tuple[int, Any]] = iter(script)
        self._last = script[-1]

    async def send(self, request: Request, *, fresh: bool = False) -> Exchange:
        status, body = next(self._script, self._last)
        fields = (("Content-Type", "application/json"),)
        return Exchange(request, Response(status, fields, json.dumps(body).encode()))


def attempted(*script: tuple[int, Any]) -> list[Event]:
    """The events of one case, the smallest request with a member more."""
    events: list[Event] = []
    transport: Any = Scripted(*script)
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
