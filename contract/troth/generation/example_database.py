"""What earlier runs leave to later ones: the bodies that showed something, and what was sent.

The bodies are kept by Hypothesis: its example database is a directory of byte strings by key, made
to be shared and merged; only its public interface is used.  The key is the document and the
operation, so that another document never gets the bodies of this one.  What was sent stands in a
file beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from troth.http import json_text

if TYPE_CHECKING:
    from hypothesis import database as hypothesis_database

#: So many bodies are sent again for one operation, the smallest first.
_MOST = 50
#: A body of more bytes than this is not worth its place.
_LARGEST = 64 * 1024
#: So many bytes tell one request from another among a hundred million.
_DIGEST = 10


class ExampleDatabase:
    """The remembered bodies of the operations of one document; without a database, none."""

    def __init__(self, database: hypothesis_database.ExampleDatabase | None, digest: str) -> None:
        self._database = database
        self._digest = digest

    @classmethod
    def of(cls, directory: str | None, digest: str) -> ExampleDatabase:
        """The bodies in *directory* (made when something is kept) for the document *digest*."""
        if directory is None:
            return cls(None, digest)
        # a quarter of a second to import: only for those who asked for it
        from hypothesis.database import DirectoryBasedExampleDatabase

        return cls(DirectoryBasedExampleDatabase(directory), digest)

    def bodies(self, operation: str) -> Iterator[Any]:
        """The values of the remembered bodies of *operation*, smallest first."""
        if self._database is None:
            return
        texts = sorted(self._database.fetch(self._key(operation)), key=lambda one: (len(one), one))
        for text in texts[:_MOST]:
            try:
                yield json_text.decode(text)
            except json_text.BadJson:
                self._database.delete(self._key(operation), text)

    def keep(self, operation: str, value: Any) -> None:
        """Remember a body that showed something."""
        text = _text_of(value)
        if self._database is not None and text is not None:
            self._database.save(self._key(operation), text)

    def forget(self, operation: str, value: Any) -> None:
        """Forget a body that shows nothing any more."""
        text = _text_of(value)
        if self._database is not None and text is not None:
            self._database.delete(self._key(operation), text)

    def _key(self, operation: str) -> bytes:
        return f"troth {self._digest} {operation}".encode("utf-8", "surrogatepass")


class SentRequests:
    """Which requests were sent, by digest, in all runs with one database; *number* before.

    Those with the digests *again* count as if no other run had sent them.
    """

    def __init__(self, path: Path | None = None, *, again: Iterable[str] = ()) -> None:
        self._digests: set[bytes] = set()
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "a+b") as stream:
                stream.truncate(stream.tell() // _DIGEST * _DIGEST)  # the last was cut short
                stream.seek(0)
                self._digests.update(iter(lambda: stream.read(_DIGEST), b""))
        for one in again:
            with suppress(ValueError):  # somebody has written in that file
                self._digests.discard(bytes.fromhex(one))
        self._earlier = frozenset(self._digests)
        self.number = len(self._earlier)

    @classmethod
    def of(cls, directory: str | None, digest: str, *, again: Iterable[str] = ()) -> SentRequests:
        """Those that *directory* remembers for the document *digest*; without one, none."""
        if directory is None:
            return cls()
        name = blake2b(digest.encode(), digest_size=8).hexdigest()
        return cls(Path(directory) / f"sent-{name}", again=again)

    def __contains__(self, key: object) -> bool:
        return _digest(key) in self._digests

    def is_of_earlier(self, key: tuple[Any, ...]) -> bool:
        """Whether another run sent the request with *key*."""
        return bool(self._earlier) and _digest(key) in self._earlier

    def add(self, key: tuple[Any, ...]) -> bool:
        """Note that the request with *key* is sent; whether it is for the first time."""
        digest = _digest(key)
        if digest in self._digests:
            return False
        self._digests.add(digest)
        if self._path is not None:
            with open(self._path, "ab") as stream:
                stream.write(digest)
        return True


def digest_of(key: object) -> str:
    """What *key* is remembered by, as text."""
    return _digest(key).hex()


def _digest(key: object) -> bytes:
    return blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()


def _text_of(value: Any) -> bytes | None:
    """*value* in canonical form; None for what JSON cannot write, or what is too large."""
    try:
        text = json_text.canonical(value)
    except (ValueError, UnicodeError, TypeError, OverflowError, RecursionError):
        return None
    return text if len(text) <= _LARGEST else None
