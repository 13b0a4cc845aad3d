"""The ring of exchanges: bounded in number and bytes, told to who listens."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from troth.http.exchange import Request
from troth_mock.inspector import journal as journals
from troth_mock.inspector.journal import Journal, Origin, size_of

HEAD = Request("POST", "/v1/chat", (("Host", "x"),), b"")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Clock:
    now: float = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(clock: Clock) -> Journal:
    return Journal(clock=clock, epoch=1000.0)


def test_an_answer_that_was_sent_at_once_is_kept_whole(journal: Journal, clock: Clock) -> None:
    clock.now = 10.5
    journal.add(10.0, HEAD, b"{}", ANSWER, "POST /v1/chat")
    (entry,) = journal.newest_first()
    assert (entry.head, entry.body, entry.size) == (HEAD, b"{}", 2)
    assert (entry.pieces, entry.sent) == ([(0.5, ANSWER)], len(ANSWER))
    assert (entry.began, entry.ended, entry.state) == (10.0, 10.5, "complete")


def test_an_answer_that_takes_time_is_kept_as_it_leaves(journal: Journal, clock: Clock) -> None:
    entry = journal.begin(10.0, HEAD, b"{}", None, labels={"fault": "drop"})
    assert entry.state == "open"
    for clock.now, data in ((11.0, b"HTTP/1.1 200 OK\r\n\r\n"), (12.0, b"data: 1\n\n")):
        journal.sent(entry, data)
    clock.now = 13.0
    journal.end(entry, "close")
    assert [at for at, _ in entry.pieces] == [1.0, 2.0]
    assert (entry.state, entry.ended, entry.labels) == ("closed", 13.0, {"fault": "drop"})
    assert journal.tallies[None, b"200"].seconds == 3.0


def test_the_oldest_go_when_there_are_too_many(journal: Journal) -> None:
    for number in range(journals.MOST_ENTRIES + 7):
        journal.add(10.0, HEAD, b"%d" % number, ANSWER, "ping")
    kept = list(journal.newest_first())
    assert len(journal) == len(kept) == journals.MOST_ENTRIES
    assert kept[-1].body == b"7"
    # what is forgotten was counted
    assert journal.tallies["ping", b"200"].count == journals.MOST_ENTRIES + 7


def test_a_few_of_those_that_came_together_go_as_many_would(journal: Journal) -> None:
    for number in range(journals.MOST_ENTRIES):
        journal.add(10.0, HEAD, b"%04d" % number, ANSWER, "ping")
    whole, looked = journal.kept, list(journal.newest_first())
    opened = [journal.begin(10.0, HEAD, b"more", None, labels={}) for _ in range(3)]
    kept = list(journal.newest_first())
    assert kept == [*reversed(opened), *looked[:-3]]
    assert [one.is_kept for one in looked[-4:]] == [True, False, False, False]
    assert journal.kept == sum(one.kept for one in kept) == whole - 3 * len(ANSWER)


def test_whoever_looks_finds_all_that_came_in_its_order(journal: Journal) -> None:
    journal.add(10.0, HEAD, b"1", ANSWER, "ping")
    journal.begin(10.0, HEAD, b"2", "ping", labels={})
    journal.add(10.0, HEAD, b"3", ANSWER, "ping")
    assert [(one.number, one.body) for one in journal.newest_first()] == [
        (3, b"3"),
        (2, b"2"),
        (1, b"1"),
    ]
    journal.add(10.0, HEAD, b"4", ANSWER, "ping")
    assert (journal.change, len(journal), journal.tallies["ping", b"200"].count) == (4, 4, 3)
    journal.add(10.0, HEAD, b"5", ANSWER, "ping")
    heard: list[bytes] = []
    journal.listeners.append(lambda what, entry: heard.append(entry.body if entry else b""))
    journal.add(10.0, HEAD, b"6", ANSWER, "ping")
    # what came before somebody listened is told to nobody
    assert heard == [b"6"]


def test_of_what_is_long_the_beginning_is_kept(journal: Journal) -> None:
    journal.add(10.0, HEAD, b"b" * 100_000, ANSWER + b"a" * 1_000_000, None)
    (entry,) = journal.newest_first()
    assert (len(entry.body), entry.size) == (journals.MOST_OF_BODY, 100_000)
    assert sum(len(data) for _, data in entry.pieces) == journals.MOST_OF_ANSWER
    assert entry.sent == len(ANSWER) + 1_000_000


def test_what_a_head_takes_counts_too(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MOST_BYTES", 20_000)
    head = replace(HEAD, fields=(*HEAD.fields, ("X-Long", "a" * 3000)))
    for _ in range(10):
        journal.add(10.0, head, b"", ANSWER, None)
        journal.begin(10.0, head, b"", None, labels={})
    assert (len(journal), journal.kept < 20_000) == (5, True)
    journal.forget(lambda entry: entry.state == "open")
    assert 0 < journal.kept < 11_000


def test_all_of_it_is_bounded(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MOST_BYTES", 20_000)
    opened = journal.begin(10.0, HEAD, b"", None, labels={})
    for _ in range(100):
        journal.add(10.0, HEAD, b"b" * 900, ANSWER, None)
        journal.sent(opened, b"c" * 50)
    assert journal.kept <= 20_000
    # one that is open and forgotten takes no room
    assert opened not in list(journal.newest_first())
    journal.forget()
    journal.end(opened, "complete")
    assert (journal.kept, len(journal)) == (0, 0)


def test_who_listens_hears_what_begins_and_ends(journal: Journal) -> None:
    heard: list[tuple[str, int | None]] = []
    journal.listeners.append(lambda what, entry: heard.append((what, entry and entry.number)))
    journal.add(10.0, HEAD, b"", ANSWER, None)
    entry = journal.begin(10.0, HEAD, b"", None, labels={})
    journal.sent(entry, ANSWER)
    journal.end(entry, "complete")
    journal.forget(lambda one: one.number == entry.number)
    assert [what for what, _ in heard] == ["ended", "begun", "event", "ended", "forgotten"]
    assert [one.number for one in journal.newest_first()] == [heard[0][1]]
    assert journal.find(entry.number) is None


def test_numbers_count_exchanges_whatever_happens_to_them(journal: Journal) -> None:
    journal.add(10.0, HEAD, b"{}", ANSWER, None)
    entry = journal.begin(10.0, HEAD, b"{}", None, labels={})
    for data in (ANSWER, b"data: 1\n\n"):
        journal.sent(entry, data)
    journal.end(entry, "complete")
    journal.add(10.0, HEAD, b"{}", ANSWER, None)
    assert [one.number for one in journal.newest_first()] == [3, 2, 1]
    assert journal.change == 6
    journal.forget()
    journal.add(10.0, HEAD, b"{}", ANSWER, None)
    assert [one.number for one in journal.newest_first()] == [4]


def test_an_open_exchange_that_is_forgotten_takes_no_room(journal: Journal) -> None:
    oldest = journal.begin(10.0, HEAD, b"{}", None, labels={})
    for _ in range(journals.MOST_ENTRIES):
        journal.add(10.0, HEAD, b"{}", ANSWER, None)
    journal.forget()
    journal.sent(oldest, ANSWER)
    assert journal.kept == 0


def test_an_answer_that_can_be_made_again_is_made_when_somebody_looks(journal: Journal) -> None:
    made: list[tuple[int, bytes, bytes]] = []

    def make(time: int, head: bytes, body: bytes) -> bytes:
        made.append((time, head, body))
        return head + body * 3

    head = ANSWER[:-2]
    origin = Origin(HEAD, "ping", size_of(HEAD), make)
    sizes = 1, journals.MOST_OF_BODY + 1
    for size in sizes:
        journal.add_again(10.0, origin, b"b" * size, head, 7, len(head) + 3 * size)
    assert journal.tallies["ping", b"200"].bytes == 2 * len(head) + 3 * sum(sizes)
    # of the second not all of the body is kept: it was made while there was all
    assert made == [(7, head, b"b" * sizes[1])]
    kept = journal.kept
    journal.settle()
    assert [one.pieces[0][1] for one in journal.newest_first()] == [
        head + b"b" * 3 * sizes[1],
        head + b"bbb",
    ]
    assert (len(made), journal.kept) == (2, kept)
