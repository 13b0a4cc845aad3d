"""Schedules, which are arithmetic, and the sender, on a loop whose time we turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from troth_mock.server.pacing import Sending, Turns


class TurnedLoop:
    """A loop's clock and timers, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None], TurnedTimer]] = []

    def time(self) -> float:
        return self.now

    def create_future(self) -> Future[None]:
        return Future()

    def call_at(self, when: float, callback: Callable[[], None]) -> TurnedTimer:
        timer = TurnedTimer()
        self.timers.append((when, callback, timer))
        return timer

    def call_later(self, delay: float, callback: Callable[[], None]) -> TurnedTimer:
        return self.call_at(self.now + delay, callback)

    def turn(self, until: float) -> None:
        while due := sorted(
            (entry for entry in self.timers if entry[0] <= until), key=lambda entry: entry[0]
        ):
            self.timers.remove(due[0])
            self.now = max(self.now, due[0][0])
            if not due[0][2].cancelled:
                due[0][1]()
        self.now = until


class TurnedTimer:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture
def loop() -> TurnedLoop:
    return TurnedLoop()


@dataclass
class Written:
    """What a stream of three pieces wrote, and when."""

    loop: TurnedLoop
    stream: Sending = field(init=False)
    pieces: list[tuple[float, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stream = Sending(
            (b"one", b"two", b"three"),
            (1.0, 2.0, 3.0),
            write=lambda data: self.pieces.append((self.loop.now, data)),
            loop=self.loop,  # type: ignore[arg-type]  # what Sending needs of a loop
        )
        self.stream.start()


@pytest.fixture
def written(loop: TurnedLoop) -> Written:
    return Written(loop)


def test_each_piece_leaves_at_its_time(loop: TurnedLoop, written: Written) -> None:
    loop.turn(10)
    assert written.pieces == [(1.0, b"one"), (2.0, b"two"), (3.0, b"three")]
    assert written.stream.finished.done()


def test_a_late_piece_does_not_delay_the_next(loop: TurnedLoop, written: Written) -> None:
    written.stream.pause()
    loop.turn(2.5)
    written.stream.resume()
    loop.turn(10)
    assert written.pieces == [(2.5, b"onetwo"), (3.0, b"three")]


def test_a_probe_sends_bytes_that_are_due_anyway(loop: TurnedLoop, written: Written) -> None:
    written.stream.probe()
    loop.turn(10)
    assert written.pieces[0] == (0.0, b"o")
    assert b"".join(data for _, data in written.pieces) == b"onetwothree"


def test_last_words_follow_whole_pieces_only(loop: TurnedLoop) -> None:
    whole, torn = Written(loop), Written(loop)
    loop.turn(1.5)
    torn.stream.probe()
    for written in (whole, torn):
        written.stream.stop(b"sorry")
    loop.turn(10)
    assert whole.pieces == [(1.0, b"one"), (1.5, b"sorry")]
    assert torn.pieces == [(1.0, b"one"), (1.5, b"t")]


def test_a_stopped_stream_sends_nothing_more(loop: TurnedLoop, written: Written) -> None:
    written.stream.stop()
    written.stream.resume()
    written.stream.probe()
    loop.turn(10)
    assert written.pieces == []
    assert written.stream.sent == 3


def test_turns_are_taken_in_order_with_a_round_of_the_loop_between_them() -> None:
    seen: list[str] = []

    async def work(name: str, turns: Turns) -> None:
        await turns.take()
        seen.append(name)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        turns = Turns(loop)
        tasks = [loop.create_task(work(name, turns)) for name in "abcd"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        # the rounds that another callback sees pass between the pieces of work
        for _ in range(12):
            seen.append(".")
            await asyncio.sleep(0)
        await asyncio.wait(tasks)

    asyncio.run(main())
    assert [name for name in seen if name != "."] == ["a", "c", "d"]
    assert all(f"{one}{two}" not in "".join(seen) for one, two in ("ac", "cd"))
