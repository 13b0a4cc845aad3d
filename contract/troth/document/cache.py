"""Large documents as they were read before, kept below the user's cache folder.

An entry is named by a hash of the text, of its name and of troth's own code, and says which other
files were opened: it holds only while they are what they were.  What others make of the document
stands beside it, and holds for that very entry.  All of it is plain JSON and numbers, so that
reading it runs nothing; what is damaged is as good as none.  `TROTH_CACHE` names another folder,
or is `off`.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from troth.document import spec_errors
from troth.document.source import Limits, Positions
from troth.errors import Place, SpecError

#: A text of fewer bytes is read again sooner than it is looked up.
LARGE = 1 << 18
#: So many entries are kept, the last that were written.
_MOST = 32

#: The fingerprint of what was found by a link: it may lead elsewhere next time.
LINKED = "linked"

_MAGIC = b"troth 2\n"
_HASH = 16
_MISSING = -1
_SUFFIX = ".document"


class Entry(NamedTuple):
    """A document that is kept at *path*; *checksum* is that of all that is kept of it."""

    path: Path
    checksum: bytes


class Kept(NamedTuple):
    """What reading a text came to; *opened* are the other files, each with its fingerprint."""

    root: dict[str, Any]
    positions: Positions
    openapi: str
    digest: str
    faults: tuple[SpecError, ...]
    opened: Mapping[str, str]


def entry(data: bytes, *, file: str, path: Path | None, limits: Limits) -> Path | None:
    """Where the document with the text *data* is kept; None where it is not to be."""
    folder = _folder() if len(data) >= LARGE else None
    if folder is None:
        return None
    facts = json.dumps([file, str(path), astuple(limits), sys.byteorder, sys.maxsize, sys.version])
    hashed = blake2b(_code() + facts.encode(), digest_size=_HASH)
    hashed.update(data)
    return folder / f"{hashed.hexdigest()}{_SUFFIX}"


def fingerprint(data: bytes | None) -> str:
    """What tells one content of a file from another; "" where there is none to be read."""
    return "" if data is None else blake2b(data, digest_size=_HASH).hexdigest()


def find(kept_at: Path) -> tuple[Kept, Entry] | None:
    """What is kept at *kept_at*, if it is whole and all files are what they were."""
    try:
        checksum, (written, numbers, text) = _sections(kept_at)
        head = json.loads(bytes(written))
        if any(_now(file) != was for file, was in head["opened"].items()):
            return None
        root = _parsed(text)
        positions = Positions.postponed(
            head["files"], head["top"], lambda: _placed(root, bytes(numbers), head)
        )
        faults = tuple(map(fault_of, head["faults"]))
        kept = Kept(root, positions, head["openapi"], head["digest"], faults, head["opened"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return kept, Entry(kept_at, checksum)


def keep(kept_at: Path, kept: Kept, text: bytes) -> Entry | None:
    """Keep *kept*, whose root is the JSON *text*, at *kept_at*, if that can be done at all."""
    try:
        head, numbers = _written(kept)
    except (ValueError, TypeError, OverflowError):
        return None
    checksum = _write(kept_at, [head, numbers, text])
    return Entry(kept_at, checksum) if checksum else None


def find_beside(entry: Entry, suffix: str) -> Any:
    """The JSON value that was made of the document of *entry* under *suffix*; None if not whole."""
    try:
        _, (checksum, text) = _sections(entry.path.with_suffix(suffix))
        return _parsed(text) if checksum == entry.checksum else None
    except (OSError, ValueError):
        return None


def keep_beside(entry: Entry, suffix: str, value: Any) -> None:
    """Keep the JSON *value*, made of the document of *entry*, beside it, if that can be done."""
    text = json.dumps(value, separators=(",", ":")).encode("ascii")
    _write(entry.path.with_suffix(suffix), [entry.checksum, text])


@contextmanager
def _uncollected() -> Iterator[None]:
    """Spare the collector containers of which none can be garbage: they set it off for nothing."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@_uncollected()
def _parsed(text: memoryview) -> Any:
    return json.loads(bytes(text))


def _sections(kept_at: Path) -> tuple[bytes, list[memoryview]]:
    """The checksum of a file of ours, and what it holds.  Raises OSError or ValueError."""
    data = memoryview(kept_at.read_bytes())
    start = len(_MAGIC) + _HASH
    checksum = bytes(data[len(_MAGIC) : start])
    if data[: len(_MAGIC)] != _MAGIC or _hash(data[start:]) != checksum:
        raise ValueError("damaged")
    sections = []
    while start < len(data):
        length = int.from_bytes(data[start : start + 8], "big")
        start += 8 + length
        sections.append(data[start - length : start])
    return checksum, sections


def _write(kept_at: Path, sections: Sequence[bytes]) -> bytes | None:
    """Write *sections* to a file of ours; its checksum, or None where that cannot be done."""
    rest = b"".join(part for each in sections for part in (len(each).to_bytes(8, "big"), each))
    checksum = _hash(rest)
    import tempfile  # which imports much, and what is found was written long ago

    try:
        kept_at.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # another process may write the same: whole files only, the last one wins
        handle, name = tempfile.mkstemp(dir=kept_at.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(_MAGIC + checksum + rest)
            os.replace(name, kept_at)
        except OSError:
            os.unlink(name)
            raise
        _forget(kept_at.parent, kept_at.suffix)
    except OSError:
        return None
    return checksum


def _forget(folder: Path, suffix: str) -> None:
    """Remove the oldest files that end in *suffix* beyond the most."""
    ages: list[tuple[int, Path]] = []
    for each in folder.glob(f"*{suffix}"):
        with suppress(FileNotFoundError):  # another process removes as well
            ages.append((each.stat().st_mtime_ns, each))
    for _, old in sorted(ages)[:-_MOST]:
        old.unlink(missing_ok=True)


def _folder() -> Path | None:
    """The folder of entries: `TROTH_CACHE`, or one below the user's own for caches."""
    chosen = os.environ.get("TROTH_CACHE", "")
    if chosen.lower() in ("off", "0", "no", "false"):
        return None
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "") or os.path.expanduser("~/.cache")
    # the XDG specification: a relative path is to be ignored
    return Path(base, "troth") if os.path.isabs(base) else None


@cache
def _code() -> bytes:
    """A hash of troth and of its engine: another version may read the same text in another way."""
    hashed = blake2b(digest_size=_HASH)
    engine = find_spec("jsonschema_rs")
    for each in sorted(Path(engine.origin).parent.iterdir()) if engine and engine.origin else ():
        # its version stands in its metadata, which take longer to read than the document
        hashed.update(repr((each.name, each.stat().st_size, each.stat().st_mtime_ns)).encode())
    for folder, folders, names in os.walk(Path(__file__).parents[1]):
        folders.sort()
        for name in sorted(name for name in names if name.endswith(".py")):
            with open(os.path.join(folder, name), "rb") as stream:
                hashed.update(stream.read())
    return hashed.digest()


def _hash(data: bytes | memoryview) -> bytes:
    return blake2b(data, digest_size=_HASH).digest()


def _now(file: str) -> str:
    try:
        return fingerprint(Path(file).read_bytes() if Path(file).is_file() else None)
    except OSError:
        return ""


def _written(kept: Kept) -> tuple[bytes, bytes]:
    """The head of an entry, and the positions of all members and items in the order of a walk.

    Raises ValueError for a tree that has one container in two places: it would come back as two.
    """
    positions = kept.positions
    numbers = array("q")
    more: list[Any] = []
    originals: list[Any] = []
    seen: dict[int, Any] = {}
    trees = [kept.root]
    for value in (each for tree in trees for each in _containers(tree)):
        if id(value) in seen:
            raise ValueError("an alias")
        index = len(seen)
        seen[id(value)] = value
        noted = positions.of.get(id(value), {})
        keys = value if isinstance(value, dict) else range(len(value))
        numbers.extend(noted.get(key, _MISSING) for key in keys)
        if beyond := [[key, at] for key, at in noted.items() if key not in keys]:
            more.append([index, beyond])
        if id(value) in positions.originals:
            members = list(_told_apart(positions.originals[id(value)], value))
            originals.append([index, members])
            # what was taken out has positions as well
            trees += [each for _, is_kept, each in members if not is_kept and _holds(each)]
    head = {
        "openapi": kept.openapi,
        "digest": kept.digest,
        "faults": [spelt(fault) for fault in kept.faults],
        "opened": dict(kept.opened),
        "files": positions.files,
        "top": positions.top,
        "more": more,
        "originals": originals,
        "numbers": len(numbers) * numbers.itemsize,
    }
    return json.dumps(head).encode(), numbers.tobytes()


@_uncollected()
def _placed(
    root: Any, numbers: bytes, head: Mapping[str, Any]
) -> tuple[dict[int, dict[Any, int]], dict[int, Any]]:
    """The tables of positions of the tree *root*, and what was written where it was mended."""
    containers = list(_containers(root))
    originals: dict[int, Any] = {}
    for index, members in head["originals"]:
        value = containers[index]
        written = [(key, value[key] if is_kept else each) for key, is_kept, each in members]
        is_object = isinstance(value, dict)
        originals[id(value)] = dict(written) if is_object else [each for _, each in written]
        for _, is_kept, each in members:
            containers += _containers(each) if not is_kept and _holds(each) else ()
    left = iter(array("q", numbers))
    of: dict[int, dict[Any, int]] = {}
    for value in containers:
        keys = value if isinstance(value, dict) else range(len(value))
        of[id(value)] = {key: at for key in keys if (at := next(left)) != _MISSING}
    for index, beyond in head["more"]:
        of[id(containers[index])].update(map(tuple, beyond))
    return of, originals


def _told_apart(original: Any, value: Any) -> Iterator[tuple[Any, bool, Any]]:
    """The members of *original*, each with whether it is still in *value*, or what it was."""
    is_object = isinstance(original, dict)
    for key, each in original.items() if is_object else enumerate(original):
        there = value.get(key) if is_object else next(iter(value[key : key + 1]), None)
        is_kept = _holds(each) and there is each
        yield key, is_kept, None if is_kept else each


def _holds(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _containers(root: Any) -> Iterator[Any]:
    """The objects and arrays of a tree, each before what it holds."""
    waiting = [root]
    while waiting:
        value = waiting.pop()
        yield value
        waiting += [each for each in _items(value) if _holds(each)]


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def spelt(fault: SpecError) -> list[Any]:
    """*fault* as JSON.  Raises TypeError for one that cannot be written so."""
    name = type(fault).__name__
    if getattr(spec_errors, name, None) is not type(fault):
        raise TypeError(name)
    return [name, {fact: _plain(value) for fact, value in vars(fault).items()}]


def _plain(value: Any) -> Any:
    if isinstance(value, Place):
        return {"place": [value.file, value.line, value.column]}
    if isinstance(value, tuple):
        return {"tuple": list(value)}
    if value is None or isinstance(value, (str, int)):
        return value
    raise TypeError(type(value))


def fault_of(written: list[Any]) -> SpecError:
    """The fault that `spelt` has *written*."""
    name, facts = written
    kind = getattr(spec_errors, name)
    if not issubclass(kind, SpecError):
        raise TypeError(name)
    fault: SpecError = kind.__new__(kind, facts["fault"])
    for fact, value in facts.items():
        if isinstance(value, dict):
            value = Place(*value["place"]) if "place" in value else tuple(value["tuple"])
        setattr(fault, fact, value)
    return fault
