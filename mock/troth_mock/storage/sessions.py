"""The items that a mock keeps: by session, by collection, by identifier; all of it bounded.

A session is a world of its own, named by its client.  In it an item that was made under one
credential is hidden from another, so that two users are two users.  When there is no more room the
least recently used session forgets what it was given first.  Kept too are the answers that were
given under keys, to be given again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from troth.http import json_text
from troth.seed import Seed
from troth_mock.reply import Reply

#: So many sessions are kept, so many collections in all of them, and so much: of what was given and
#: deleted, and as much again of what was there at the start.
MOST_SESSIONS = 100
MOST_COLLECTIONS = 1000
MOST_ITEMS = 20_000
MOST_BYTES = 64 * 1024 * 1024
#: So many answers are kept that were given under a key, and so much of them.
MOST_ANSWERS = 10_000
_LONGEST_NUMBER = 17

#: Where a collection is: the path of its resource, and the identifiers of what it is in.
Place = tuple[str, tuple[str, ...]]


class File(NamedTuple):
    """Bytes that a client sent as a file, by *words* that it may be called by below its item."""

    data: bytes
    content_type: str
    words: frozenset[str] = frozenset()
    name: str | None = None


@dataclass(slots=True, eq=False)
class Item:
    """A thing that is kept.

    *value* is all that is known of it, *seed* draws what is not; *absent* are the members that a
    client may set, and did not.  *version* counts its changes; *owner* are the credentials, by
    scheme, under which it was made.  *shown* remembers how answers show it.  One that only an
    example of the document names *is_example*: to make it is no conflict.  One that a client made
    *is_made*: nothing is in it at the start.  *file* is its content, where that was uploaded.
    """

    value: Any
    seed: Seed
    absent: frozenset[str] = frozenset()
    version: int = 0
    owner: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    shown: dict[Any, Any] = field(default_factory=dict)
    is_example: bool = False
    is_made: bool = False
    file: File | None = None

    def is_visible(self, credentials: Mapping[str, str]) -> bool:
        """Whether who has these *credentials*, by scheme, sees it."""
        return all(credentials.get(name, own) == own for name, own in self.owner.items())

    def reveal(self, value: Any) -> None:
        """Let *value*, which an answer shows of it, be what every other answer shows."""
        if isinstance(value, dict) and isinstance(self.value, dict):
            self.value = {**value, **self.value}


@dataclass(slots=True, eq=False)
class Collection:
    """The items of one place by their identifiers, in the order in which they were made.

    *gone* are the identifiers of those that were deleted: none is given a second time.  *highest*
    is the highest number that identified one, *size* that of what is there at the start.
    """

    items: dict[str, Item] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)
    is_changed: bool = False
    highest: int | None = None
    size: int = 0

    def count(self, key: str) -> None:
        """Take notice of the identifier *key*, if it is a number."""
        if key.isdecimal() and len(key) < _LONGEST_NUMBER:
            self.highest = max(int(key), self.highest or 0)

    def find(self, key: str, credentials: Mapping[str, str]) -> tuple[str, Item] | None:
        """The item that *key*, a text of a path, identifies, and its identifier."""
        for spelling in (key, _number(key)):
            item = self.items.get(spelling)
            if item is not None and item.is_visible(credentials):
                return spelling, item
        return None

    def is_gone(self, key: str) -> bool:
        """Whether what *key* identifies was deleted."""
        return key in self.gone or _number(key) in self.gone

    def is_taken(self, key: str) -> bool:
        """Whether *key* identifies an item, or did so."""
        return key in self.items or key in self.gone


class Answered(NamedTuple):
    """What was answered under a key; *request* tells what had been asked for from all else."""

    request: bytes
    reply: Reply

    @property
    def size(self) -> int:
        """How many bytes of content it has."""
        reply = self.reply
        return len(reply.body or b"") + sum(map(len, reply.stream.frames if reply.stream else ()))


class Session:
    """What one client made, and what was there before."""

    def __init__(self) -> None:
        self.collections: dict[Place, Collection] = {}
        # what was given by the client and what was deleted, oldest first
        self.given: dict[tuple[Place, str], None] = {}
        self.gone: dict[tuple[Place, str], None] = {}
        self.size = 0
        self.size_at_start = 0
        # how often something was made, changed or deleted
        self.changes = 0
        # what was answered under the keys of requests that count once, the oldest first
        self.answers: dict[Hashable, Answered] = {}
        self.size_of_answers = 0

    def collection(self, place: Place, start: Callable[[], Collection]) -> Collection:
        """The collection at *place*, which *start* makes when it is first asked for."""
        collection = self.collections.pop(place, None)
        if collection is None:
            collection = start()
            collection.size = sum(map(_size, collection.items, collection.items.values()))
            self.size_at_start += collection.size
            for key in collection.items:
                collection.count(key)
        # the most recently used is the last
        self.collections[place] = collection
        return collection

    def put(self, place: Place, key: str, item: Item) -> None:
        """Keep *item*, new or changed, as *key* of the collection at *place*."""
        collection = self.collections[place]
        collection.is_changed = True
        before = collection.items.get(key)
        if before is not None and (place, key) in self.given:
            self.size -= before.size
        self.changes += before is not item
        collection.items[key] = item
        collection.count(key)
        self._restore(collection, place, key)
        item.size = _size(key, item)
        self.size += item.size
        self.given[place, key] = None

    def delete(self, place: Place, key: str) -> None:
        """Forget the item *key* of the collection at *place*, but for that it was there."""
        collection = self.collections[place]
        collection.is_changed = True
        self.changes += 1
        item = collection.items.pop(key, None)
        if item is not None and self.given.pop((place, key), 0) is None:
            self.size -= item.size
        self._restore(collection, place, key)
        collection.gone[key] = self.gone[place, key] = None
        self.size += len(key)

    def forget_oldest(self) -> None:
        """Make room: forget what was deleted first, or else what was given first."""
        if self.gone:
            place, key = next(iter(self.gone))
            self._restore(self.collections[place], place, key)
            return
        place, key = next(iter(self.given))
        del self.given[place, key]
        self.size -= self.collections[place].items.pop(key).size

    def forget_answer(self) -> None:
        """Make room: forget what was answered first under a key."""
        self.size_of_answers -= self.answers.pop(next(iter(self.answers))).size

    def unchanged(self) -> Place | None:
        """The least recently used collection that is as it was at the start, if there is one."""
        return next((place for place, one in self.collections.items() if not one.is_changed), None)

    def drop_unchanged(self) -> None:
        """Drop every collection that is as it was at the start."""
        while self.unchanged() is not None:
            self.drop()

    def drop(self) -> None:
        """Drop the least recently used collection, if one can be one without changes."""
        place = self.unchanged() or next(iter(self.collections))
        collection = self.collections.pop(place)
        self.size_at_start -= collection.size
        for key, item in collection.items.items():
            if self.given.pop((place, key), 0) is None:
                self.size -= item.size
        for key in tuple(collection.gone):
            self._restore(collection, place, key)

    def _restore(self, collection: Collection, place: Place, key: str) -> None:
        """Forget that *key* of the *collection* at *place* was deleted."""
        if collection.gone.pop(key, 0) is None:
            del self.gone[place, key]
            self.size -= len(key)


class Sessions:
    """The sessions of a mock by their names, the most recently used last."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def session(self, name: str) -> Session:
        """The session of this *name*: a new one when it is first asked for."""
        session = self._sessions.pop(name, None) or Session()
        if len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[name] = session
        self._drop_collections()
        return session

    def named(self) -> Mapping[str, Session]:
        """All sessions by their names."""
        return self._sessions

    def take_over(self, others: Sessions) -> None:
        """Have what was changed in *others*, whatever there is at the start from now on.

        Their document is another: how an answer showed an item does not count any more.
        """
        self._sessions = others._sessions
        for session in self._sessions.values():
            session.drop_unchanged()
            while session.answers:
                session.forget_answer()
            for collection in session.collections.values():
                for item in collection.items.values():
                    item.shown.clear()

    def make_room(self) -> None:
        """Forget the oldest of what the least recently used sessions were given, if too much is."""
        sessions = self._sessions.values()
        while (
            sum(len(one.given) + len(one.gone) for one in sessions) > MOST_ITEMS
            or sum(one.size for one in sessions) > MOST_BYTES
        ):
            next(one for one in sessions if one.given or one.gone).forget_oldest()

    def remember(self, session: Session, key: Hashable, answer: Answered) -> None:
        """Keep *answer* under *key* of *session*; the oldest go where there are too many."""
        session.answers[key] = answer
        session.size_of_answers += answer.size
        sessions = self._sessions.values()
        while (
            sum(len(one.answers) for one in sessions) > MOST_ANSWERS
            or sum(one.size_of_answers for one in sessions) > MOST_BYTES
        ):
            next(one for one in sessions if one.answers).forget_answer()

    def _drop_collections(self) -> None:
        """Drop the least recently used collections, those without changes first, if too many.

        It is done before a request, which then finds all that it has looked at.
        """
        sessions = self._sessions.values()
        while (
            sum(len(one.collections) for one in sessions) > MOST_COLLECTIONS
            or sum(one.size_at_start for one in sessions) > MOST_BYTES
        ):
            used = [one for one in sessions if one.collections]
            next((one for one in used if one.unchanged() is not None), used[0]).drop()

    def reset(self, name: str | None = None) -> None:
        """Forget the session *name*, or all: everything is again as it was at the start."""
        if name is None:
            self._sessions.clear()
        else:
            self._sessions.pop(name, None)


def _size(key: str, item: Item) -> int:
    content = 0 if item.file is None else len(item.file.data)
    return len(key) + len(json_text.encode(item.value)) + content


def text_of(identifier: Any) -> str | None:
    """*identifier* as it stands in a path; None for what cannot be one."""
    if isinstance(identifier, bool) or not isinstance(identifier, (str, int, float)):
        return None
    if isinstance(identifier, float) and identifier.is_integer():
        identifier = int(identifier)
    return str(identifier) or None


def _number(text: str) -> str:
    """*text* as the number that it is is usually written: `007` is 7."""
    digits = text.removeprefix("-")
    return str(int(text)) if digits.isascii() and digits.isdigit() and len(digits) < 20 else text


def all_items(collection: Collection, credentials: Mapping[str, str]) -> Iterator[tuple[str, Item]]:
    """The items of *collection* that who has *credentials* sees."""
    return (each for each in collection.items.items() if each[1].is_visible(credentials))
