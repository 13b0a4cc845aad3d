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
from typing import Any, Literal

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

#: What makes an answer again that is not kept: a function, what it takes beside the request's body
#: (something, the time in seconds since 1970 and the answer's head), and how many bytes it makes.
Again = tuple[Callable[[Any, int, bytes, bytes], bytes], Any, int, bytes, int]
#: An exchange that was answered at once, as it comes: times, head, body, answer, operation, and the
#: size of the head, or 0.
_Fresh = tuple[float, float, Request, bytes, bytes | Again, str | None, int]


@dataclass(slots=True)
class _Block:
    """Exchanges that were answered at once, one after the other: *count* in all.

    A thousand of them in a dozen objects each would be in no cache, and to keep one more would be
    to wait for the memory of what goes.  So there are few objects: *times* and *sizes*, all *data*
    in one piece, and what most of them *share*.  *number* and *change* are those before the first,
    *kept* is what those take that have not *gone*; *entries* are those that somebody looked at.
    """

    number: int
    change: int
    count: int
    kept: int
    times: array[float]
    sizes: array[int]
    shared: list[Any]
    data: bytes
    gone: int = 0
    entries: dict[int, Entry] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.count - self.gone

    def entry(self, index: int) -> Entry:
        """The exchange at *index* of all."""
        entry = self.entries.get(index)
        if entry is None:
            began, ended = self.times[2 * index : 2 * index + 2]
            head, operation, make, what = self.shared[4 * index : 4 * index + 4]
            at, middle, end, size, now, sent_size, kept = self.sizes[7 * index : 7 * index + 7]
            body, sent = self.data[at:middle], self.data[middle:end]
            sent = sent if make is None else make(what, now, sent, body)
            entry = self.entries[index] = Entry(
                *(self.number + index + 1, began, ended, head, body, size),
                *([(ended - began, sent)], sent_size, kept, self.change + index + 1),
                operation=operation,
            )
            if len(self.entries) == len(self):
                self.data = b""  # it is theirs now
        return entry

    def newest_first(self) -> Iterator[Entry]:
        """The exchanges that have not gone."""
        index = self.count
        while (index := index - 1) >= self.gone:
            yield self.entry(index)

    def drop(self, count: int) -> int:
        """Let the oldest *count* go, and return what they took."""
        first, self.gone = self.gone, self.gone + count
        freed = sum(self.sizes[7 * first + 6 : 7 * self.gone : 7]) if len(self) else self.kept
        self.kept -= freed
        for index in [index for index in self.entries if index < self.gone]:
            self.entries.pop(index).is_kept = False
        return freed


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
        self,
        began: float,
        head: Request,
        body: bytes,
        sent: bytes | Again,
        operation: str | None,
        size_of_head: int = 0,
    ) -> None:
        """Keep an exchange of *operation* that was answered at once with the bytes *sent*.

        *size_of_head* is that of *head*, where it is known: it takes as long as all the rest.
        """
        fresh = self._fresh
        fresh.append((began, self.clock(), head, body, sent, operation, size_of_head))
        if self.listeners:
            self._file()
            self._tell("ended", self._newest())
        elif len(fresh) >= _TOGETHER or len(body) > MOST_OF_BODY or len(sent) > MOST_OF_BODY:
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
        self._ring.append(entry)
        self._length += 1
        self._kept += kept
        self._drop()
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
        if not self._fresh:
            return
        every = 0
        times, sizes, shared, parts = array("d"), array("q"), list[Any](), list[bytes]()
        at = 0
        for began, ended, head, body, sent, operation, size_of_head in self._fresh:
            size = len(body)
            make, what, now, start, sent_size = (
                (None, None, 0, sent, len(sent)) if isinstance(sent, bytes) else sent
            )
            # HTTP/1.1 200: as bytes, which is as good and quicker
            self._tally(operation, start[9:12], sent_size, ended - began)
            # an answer that is made again counts as if it were kept: once looked at, it is
            kept = size + sent_size
            if size > MOST_OF_BODY or sent_size > MOST_OF_ANSWER:
                start, make = _bytes_of(sent, body)[:MOST_OF_ANSWER], None
                body = body[:MOST_OF_BODY]
                kept = len(body) + len(start)
            kept += size_of_head or size_of(head)
            every += kept
            middle = at + len(body)
            end = middle + len(start)
            times.extend((began, ended))
            sizes.extend((at, middle, end, size, now, sent_size, kept))
            shared += (head, operation, make, what)
            parts += (body, start)
            at = end
        count = len(self._fresh)
        data = b"".join(parts)
        self._ring.append(
            _Block(self._count, self._change, count, every, times, sizes, shared, data)
        )
        self._count += count
        self._change += count
        self._length += count
        self._kept += every
        self._fresh.clear()
        self._drop()

    def _tally(self, operation: str | None, status: bytes, size: int, seconds: float) -> None:
        tally = self._tallies.get((operation, status))
        if tally is None:
            tally = self._tallies[operation, status] = Tally()
        tally.count += 1
        tally.bytes += size
        tally.seconds += seconds

    def _newest(self) -> Entry:
        one = self._ring[-1]
        return one if isinstance(one, Entry) else one.entry(one.count - 1)

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


def _bytes_of(sent: bytes | Again, body: bytes) -> bytes:
    """What was sent to a request of *body*."""
    if isinstance(sent, bytes):
        return sent
    make, what, now, head, _ = sent
    return make(what, now, head, body)


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
