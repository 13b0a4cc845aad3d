"""The sender that keeps to the schedule of a paced stream (`pace` says when each piece is due).

Schedules are absolute on the loop's monotonic clock: a late piece never delays the next one, and a
jump of the system's clock changes nothing.  A stream that another server sends has no schedule:
what may go wrong with it is waited for (`beginning`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from troth_mock.faults.switches import Chance
from troth_mock.faults.wire import begun, broken, placed, reach, takes_place
from troth_mock.reply import Script, Wire

# When a client half-closes, seconds between the probes that tell it from one that is gone.
_PROBES = (0.05, 0.25, 0.5)

# Bytes written before the transport is asked again whether its client keeps up.
_AT_ONCE = 64 * 1024

# Of a stream that others send so many events wait for the next, so that some are left for what goes
# wrong if it ends before the place that the seed chose: one, and what may say that it is over.
_KEPT_BACK = 2


class Turns:
    """Work that is done one piece in each round of the loop, first come, first served.

    Between two pieces the loop looks at its timers and sockets: a burst of requests neither delays
    the streams that are on their way, nor makes the last of them seem to have come later.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for one's turn."""
        turn = self._loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._next)
        await turn

    def _next(self) -> None:
        turn = self._waiting.popleft()
        if not turn.done():  # a client may have gone in the meantime
            turn.set_result(None)
        if self._waiting:
            self._loop.call_soon(self._next)


class Sending:
    """One stream on its way: *pieces* written each at its time, from timers and without a task.

    A client that does not read parks the stream (`pause`), and it catches up after `resume`.
    """

    __slots__ = (
        "_due", "_handle", "_loop", "_next", "_parked", "_pieces", "_probe", "_torn", "_write",
        "finished",
    )  # fmt: skip

    def __init__(
        self,
        pieces: Sequence[bytes],
        due: Sequence[float],
        *,
        write: Callable[[bytes], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._pieces = list(pieces)
        self._due = due
        self._write = write
        self._loop = loop
        self._next = 0
        self._parked = False
        self._torn = False
        self._handle: asyncio.TimerHandle | None = None
        self._probe: asyncio.TimerHandle | None = None
        self.finished: asyncio.Future[None] = loop.create_future()

    def start(self) -> None:
        """Send what is due by now, and set the timer for the rest."""
        self._tick()

    @property
    def sent(self) -> int:
        """How many pieces have been handed to the transport."""
        return self._next

    @property
    def is_silent(self) -> bool:
        """Whether nothing more will come, though it goes on."""
        return not any(self._pieces[self._next :]) and not self.finished.done()

    def pause(self) -> None:
        """Send nothing until `resume`: the client takes nothing at present."""
        self._parked = True
        self._cancel_timer()

    def resume(self) -> None:
        """Go on, and send at once what came due in the meantime."""
        self._parked = False
        self._cancel_timer()
        self._tick()

    def stop(self, last_words: bytes = b"") -> None:
        """End early, with *last_words* where they can follow what was sent."""
        self._cancel_timer()
        if self._probe is not None:
            self._probe.cancel()
        self._next = len(self._pieces)
        if not self.finished.done():
            if last_words and not self._torn:
                self._write(last_words)
            self.finished.set_result(None)

    def probe(self, *, attempt: int = 0) -> None:
        """Find out whether a client that sends no more still listens.

        Its FIN looks the same whether it half-closed or is gone, and only the answer to something
        sent tells (a RST, RFC 9293 §3.10.7).  So a byte or two of the next piece leave early.
        """
        if attempt == len(_PROBES) or self.finished.done():
            return
        piece = self._pieces[self._next]
        if self.is_silent:
            # who sends no more has had enough of it
            self.stop()
            return
        if not self._parked and len(piece) > 1:
            self._pieces[self._next] = piece[1:]
            self._torn = True
            self._write(piece[:1])
        self._probe = self._loop.call_later(
            _PROBES[attempt], lambda: self.probe(attempt=attempt + 1)
        )

    def _tick(self) -> None:
        self._handle = None
        if self._parked or self.finished.done():
            return
        # half a millisecond early rather than a timer for it
        now = self._loop.time() + 0.0005
        first = last = self._next
        size = 0
        while last < len(self._pieces) and self._due[last] <= now and size < _AT_ONCE:
            size += len(self._pieces[last])
            last += 1
        # counted before it is written: a full buffer parks the stream from within the write
        self._next = last
        if last > first:
            self._torn = False
            self._write(b"".join(self._pieces[first:last]))
        if last == len(self._pieces):
            if not self.finished.done():
                self.finished.set_result(None)
        elif not self._parked:
            self._handle = self._loop.call_at(self._due[last], self._tick)

    def _cancel_timer(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


async def beginning(
    wire: Wire,
    pieces: AsyncIterator[bytes],
    parted: Callable[[bytes], list[bytes]],
    chances: Sequence[Chance],
    send: Callable[[bytes], None],
) -> tuple[Script | None, bool]:
    """Send of *pieces*, which *parted* cuts into events, what comes before anything can go wrong.

    What is to be done then, and whether the others follow; *wire* is the answer without content.
    """
    known = placed(chances) or ()
    bounds = reach(known)
    if bounds is None:
        return None, True
    untouched, needed = bounds
    effects = (one for chance in chances for one in chance.fault.effects)
    is_drawn = any(one.place is None and takes_place(one) for one in effects)
    kept_back = _KEPT_BACK if is_drawn else 0
    events: list[bytes] = []
    sent, rest = 0, b""
    async for piece in pieces:
        *found, rest = parted(rest + piece)
        events += found
        goes = min(len(events) - kept_back, untouched)
        for event in events[sent : max(sent, goes)]:
            send(wire.frame(event))
        sent = max(sent, goes)
        if len(events) >= needed:
            break
    # however many came at once
    rest = b"".join((*events[needed:], rest))
    events = events[:needed]
    is_more = len(events) == needed
    if not is_more and rest:
        events, rest = [*events, rest], b""
    here = replace(wire, pieces=tuple(events), due=(0.0,) * len(events))
    if is_more:
        script, is_more = begun(here, known)
    else:
        # where it ends before the place that was drawn, what is left has to do
        most = max(sent, len(events) - _KEPT_BACK)
        script = broken(here, placed(chances, least=sent, most=most) or ())
    last = [(0.0, wire.frame(rest))] if rest and is_more else []
    if script is None:
        steps = [(0.0, wire.frame(event)) for event in events[sent:]]
        return Script((*steps, *last)), True
    # its first step is the head
    return replace(script, steps=(*script.steps[1 + sent :], *last)), is_more
