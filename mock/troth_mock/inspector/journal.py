"""The exchanges that a mock had: a ring of the last of them, as they came and went, undecoded.

What is written here is written while a client waits, so it is bytes and times; what they mean is
worked out when somebody asks (`inspector`).  The ring is bounded in number and in bytes, and of a
long body only the beginning is kept.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from operator import sub
from typing import Any, Literal, NamedTuple

from troth.http.exchange import Request
from troth_mock.plan import Plan
from troth_mock.reply import End
from troth_mock.responding.kept import session_of

#: So many exchanges are kept, and so many bytes of all of them.
MOST_ENTRIES = 1000
MOST_BYTES = 64 * 1024 * 1024
#: So many are filed together: while clients wait, their code and tables are in no cache.
_TOGETHER = 100
#: So much is kept of a request's body, and of an answer.
MOST_OF_BODY = 64 * 1024
MOST_OF_ANSWER = 256 * 1024
#: What an entry takes beside its bytes, about.
_OVERHEAD = 400
_OF_PIECE = 120

State = Literal["open", "complete", "closed", "reset", "stalled", "gone"]
_STATES: Mapping[str, State] = {
    "complete": "complete", "close": "closed", "reset": "reset", "stall": "stalled",
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Entry:
    """One exchange: its *number*, and when it *began* and *ended*, on a clock that only grows.

    *change* grows whenever anything of any entry does.  *head* is the request without its body, of
    which *body* is the beginning, and *size* all of its bytes.  *pieces* are the bytes that were
    sent and when, as far as they are kept, *sent* is how many there were.  *kept* is how much
    memory all that takes.  What was worked out of it is remembered in *known*.
    """

    number: int
    began: float
    ended: float | None
    head: Request
    body: bytes
    size: int
    pieces: list[tuple[float, bytes]]
    sent: int
    kept: int
    change: int
    labels: Mapping[str, str] = field(default_factory=dict)
    near: tuple[Any, ...] = ()
    state: State = "complete"
    operation: str | None = None
    is_kept: bool = True
    meant: Request | None = None
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> Request:
        """The request as it was answered, with as much of its body as is kept."""
        head = self.meant or self.head
        return Request(head.method, head.target, head.fields, self.body)

    @property
    def session(self) -> str:
        """The name of the session that it belongs to."""
        return session_of(self.meant or self.head)


def size_of(head: Request) -> int:
    """What an entry with this *head* takes beside bodies, about."""
    size = len(head.target) + _OVERHEAD
    for name, value in head.fields:
        size += len(name) + len(value)
    return size


#: What happened: `begun`, `event` or `ended`, and to which entry; or `forgotten`, to none.
What = Literal["begun", "event", "ended", "forgotten"]
Listener = Callable[[What, Entry | None], None]


class Origin(NamedTuple):
    """What exchanges with the same head share: *request*, without a body, and its *operation*.

    *size* is what the head takes.  *again* makes an answer that is not kept once more, from its
    time in seconds since 1970, its head and the request's body.
    """

    request: Request
    operation: str | None
    size: int
    again: Callable[[int, bytes, bytes], bytes] | None = None


#: An exchange that was answered at once, as it comes: times, bodies of request and answer (of one
#: that can be made again its head), its time in seconds since 1970, its size, and its origin.
_Fresh = tuple[float, float, bytes, bytes, int, int, Origin]


class _Block:
    """Exchanges that were answered at once, one after the other, column by column.

    A thousand of them in a dozen objects each are in no cache: each request would wait for the
    memory of what comes and of what goes.  *number* and *change* are those before the first, *kept*
    is what those take that have not *gone*, and *entries* are those that somebody looked at.
    """

    __slots__ = (
        "answers", "bodies", "change", "columns", "ends", "entries", "gone", "kept", "number",
        "origins",
    )  # fmt: skip

    def __init__(self, number: int, change: int, fresh: Sequence[_Fresh]) -> None:
        began, ended, bodies, answers, times, sizes, origins = zip(*fresh, strict=True)
        self.origins: Sequence[Origin] = origins
        self.number, self.change = number, change
        self.columns = array("d", began), array("d", ended), array("q", times), array("q", sizes)
        self.bodies, self.answers = b"".join(bodies), b"".join(answers)
        self.ends = [
            array("q", accumulate(map(len, parts), initial=0)) for parts in (bodies, answers)
        ]
        # an answer that is made again counts as if it were kept: once looked at, it is
        self.kept: int = len(self.bodies) + sum(sizes) + sum([one.size for one in self.origins])
        self.gone = 0
        self.entries: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self.origins) - self.gone

    def newest_first(self) -> Iterator[Entry]:
        """The exchanges that have not gone."""
        index = len(self.origins)
        while (index := index - 1) >= self.gone:
            if index not in self.entries:
                self.entries[index] = self._entry(index)
            yield self.entries[index]
        self.bodies = self.answers = b""  # they are in the entries now

    def _entry(self, index: int) -> Entry:
        body, answer = (
            data[ends[index] : ends[index + 1]]
            for data, ends in zip((self.bodies, self.answers), self.ends, strict=True)
        )
        began, ended, time, size = (column[index] for column in self.columns)
        fresh = began, ended, body, answer, time, size, self.origins[index]
        return _entry_of(self.number + index + 1, self.change + index + 1, fresh)

    def drop(self, count: int) -> int:
        """Let the oldest *count* go, and return what they took."""
        first, self.gone = self.gone, self.gone + count
        freed = self.kept
        if len(self):
            ends, sizes = self.ends[0], self.columns[3]
            freed = ends[self.gone] - ends[first] + sum(sizes[first : self.gone])
            freed += sum([one.size for one in self.origins[first : self.gone]])
        self.kept -= freed
        for index in [index for index in self.entries if index < self.gone]:
            self.entries.pop(index).is_kept = False
        return freed


def _entry_of(number: int, change: int, fresh: _Fresh) -> Entry:
    """The entry of an exchange that was answered at once."""
    began, ended, body, answer, time, size, origin = fresh
    sent = answer if origin.again is None else origin.again(time, answer, body)
    length, body, sent = len(body), body[:MOST_OF_BODY], sent[:MOST_OF_ANSWER]
    kept = len(body) + len(sent) + origin.size
    return Entry(
        *(number, began, ended, origin.request, body, length, [(ended - began, sent)], size),
        kept=kept,
        change=change,
        operation=origin.operation,
    )


@dataclass(slots=True)
class Tally:
    """How many exchanges of one kind there were, ever, and what they took."""

    count: int = 0
    bytes: int = 0
    seconds: float = 0.0


class Journal:
    """The last exchanges, newest last; *clock* only grows, and *epoch* is where it began."""

    def __init__(self, *, clock: Callable[[], float], epoch: float) -> None:
        self.clock = clock
        #: What to add to a time of the clock to have seconds since 1970.
        self.epoch = epoch
        self.listeners: list[Listener] = []
        self._tallies: dict[tuple[str | None, bytes], Tally] = {}
        self._fresh: list[_Fresh] = []
        self._ring: deque[Entry | _Block] = deque()
        self._length = 0
        self._kept = 0
        self._count = 0
        self._change = 0

    def __len__(self) -> int:
        self._file()
        return self._length

    @property
    def tallies(self) -> Mapping[tuple[str | None, bytes], Tally]:
        """By the name of an operation, None where there is none, and a status."""
        self._file()
        return self._tallies

    @property
    def kept(self) -> int:
        """How many bytes are kept, about."""
        self._file()
        return self._kept

    @property
    def change(self) -> int:
        """The number of the last change."""
        self._file()
        return self._change

    def add(
        self, began: float, head: Request, body: bytes, sent: bytes, operation: str | None
    ) -> None:
        """Keep an exchange of *operation* that was answered at once with the bytes *sent*."""
        self.add_again(began, Origin(head, operation, size_of(head)), body, sent, 0, len(sent))

    def add_again(
        self, began: float, origin: Origin, body: bytes, head: bytes, time: int, size: int
    ) -> None:
        """Keep an exchange that was answered at once with *size* bytes, which *origin* can make.

        What it takes for that is *time*, the answer's *head* and the request's *body*.
        """
        fresh = self._fresh
        fresh.append((began, self.clock(), body, head, time, size, origin))
        is_long = len(body) + len(head) > MOST_OF_BODY or size > MOST_OF_ANSWER
        if is_long or self.listeners:
            self._file_newest()
        elif len(fresh) >= _TOGETHER:
            self._file()

    def settle(self) -> None:
        """Keep every answer as it was: what makes them again is about to go."""
        for _ in self.newest_first():
            pass

    def begin(
        self,
        began: float,
        head: Request,
        body: bytes,
        operation: str | None,
        *,
        labels: Mapping[str, str],
        near: Any = (),
        meant: Request | None = None,
    ) -> Entry:
        """Keep an exchange whose answer takes time; `sent` and `end` follow."""
        self._file()
        size = len(body)
        body = body[:MOST_OF_BODY]
        self._count += 1
        self._change += 1
        kept = len(body) + size_of(head)
        entry = Entry(
            *(self._count, began, None, head, body, size, [], 0, kept, self._change),
            labels=labels,
            near=tuple(near),
            state="open",
            operation=operation,
            meant=meant,
        )
        self._keep(entry, 1)
        self._tell("begun", entry)
        return entry

    def label(self, entry: Entry, **labels: str) -> None:
        """Note what the answer of *entry* owes to more than the document."""
        entry.labels = {**entry.labels, **labels}
        self._touch(entry)

    def sent(self, entry: Entry, data: bytes) -> None:
        """Note that *data* of the answer of *entry* left."""
        room = MOST_OF_ANSWER - entry.sent
        entry.sent += len(data)
        if room > 0 and data:
            kept = data[:room]
            entry.pieces.append((self.clock() - entry.began, kept))
            entry.kept += len(kept) + _OF_PIECE
            if entry.is_kept:
                self._kept += len(kept) + _OF_PIECE
                self._drop()
        self._touch(entry)
        self._tell("event", entry)

    def end(self, entry: Entry, how: str) -> None:
        """Note that the answer of *entry* ended: an `End`, or `gone`."""
        entry.ended = self.clock()
        entry.state = _STATES.get(how, "gone")
        status = entry.pieces[0][1][9:12] if entry.pieces else b""
        self._tally(entry.operation, status, entry.sent, entry.ended - entry.began)
        self._touch(entry)
        self._tell("ended", entry)

    def newest_first(self) -> Iterator[Entry]:
        """The entries that are kept."""
        self._file()
        for one in tuple(reversed(self._ring)):  # it may change while somebody reads
            if isinstance(one, Entry):
                yield one
            else:
                yield from one.newest_first()

    def find(self, number: int) -> Entry | None:
        """The entry of this *number*, if it is kept."""
        return next((one for one in self.newest_first() if one.number == number), None)

    def forget(self, which: Callable[[Entry], bool] | None = None) -> None:
        """Forget all entries, or those of which *which* is true."""
        entries = list(self.newest_first())
        for entry in entries:
            entry.is_kept = which is not None and not which(entry)
        left = [entry for entry in entries if entry.is_kept]
        self._ring = deque(reversed(left))
        self._length = len(left)
        self._kept = sum(one.kept for one in left)
        self._change += 1
        self._tell("forgotten", None)

    def _file(self) -> None:
        """Put what came meanwhile into the ring, and count it."""
        fresh = self._fresh
        if not fresh:
            return
        block = _Block(self._count, self._change, fresh)
        # HTTP/1.1 200: as bytes, which is as good and quicker
        kinds = [(one[6].operation, one[3][9:12]) for one in fresh]
        if kinds.count(kinds[0]) == len(kinds):
            began, ended, _, sizes = block.columns
            seconds = sum(map(sub, ended, began))
            self._tally(*kinds[0], sum(sizes), seconds, count=len(kinds))
        else:
            for kind, one in zip(kinds, fresh, strict=True):
                self._tally(*kind, one[5], one[1] - one[0])
        fresh.clear()
        self._change += len(block)
        self._count += len(block)
        self._keep(block, len(block))

    def _file_newest(self) -> None:
        """File what came last by itself: it is long, or somebody waits for it."""
        newest = self._fresh.pop()
        self._file()
        self._count += 1
        self._change += 1
        entry = _entry_of(self._count, self._change, newest)
        began, ended, _, answer, _, size, origin = newest
        self._tally(origin.operation, answer[9:12], size, ended - began)
        self._keep(entry, 1)
        self._tell("ended", entry)

    def _keep(self, one: Entry | _Block, count: int) -> None:
        self._ring.append(one)
        self._length += count
        self._kept += one.kept
        self._drop()

    def _tally(
        self, operation: str | None, status: bytes, size: int, seconds: float, count: int = 1
    ) -> None:
        tally = self._tallies.get((operation, status))
        if tally is None:
            tally = self._tallies[operation, status] = Tally()
        tally.count += count
        tally.bytes += size
        tally.seconds += seconds

    def _drop(self) -> None:
        """Make room: the oldest go."""
        ring = self._ring
        while self._kept > MOST_BYTES or self._length > MOST_ENTRIES:
            oldest, count = ring[0], 1
            if isinstance(oldest, Entry):
                ring.popleft()
                oldest.is_kept = False
                self._kept -= oldest.kept
            else:
                count = min(len(oldest), max(1, self._length - MOST_ENTRIES))
                self._kept -= oldest.drop(count)
                if not len(oldest):
                    ring.popleft()
            self._length -= count

    def _touch(self, entry: Entry) -> None:
        self._file()
        self._change += 1
        entry.change = self._change

    def _tell(self, what: What, entry: Entry | None) -> None:
        for listener in self.listeners:
            listener(what, entry)


class Note:
    """What the journal hears of an answer while it is sent: *how* it ended, as far as is known.

    *body* is the one that is answered.
    """

    def __init__(
        self,
        journal: Journal | None,
        began: float,
        request: Request,
        plan: Plan,
        operation: str | None,
    ) -> None:
        self._journal = journal
        self.body = request.body
        self.how: End | Literal["gone"] = "gone"
        if journal is not None:
            head = replace(request, body=b"")
            self._entry = journal.begin(
                *(began, head, request.body, operation),
                labels=plan.labels,
                near=plan.near,
                meant=plan.request and replace(plan.request, body=b""),
            )

    def label(self, faults: Sequence[str]) -> None:
        """Note that *faults* befell the answer."""
        if self._journal is not None and faults:
            self._journal.label(self._entry, fault="; ".join(faults))

    def sent(self, data: bytes) -> None:
        """Note that *data* left."""
        if self._journal is not None and data:
            self._journal.sent(self._entry, data)

    def end(self) -> None:
        """Note that nothing more will come."""
        if self._journal is not None:
            self._journal.end(self._entry, self.how)
