"""Large documents as they were read before, kept below the user's cache folder.

An entry is named by a hash of the text, of its name and of the code that read it, and says which
other files were opened: it holds only while they are what they were.  It is plain JSON and numbers,
so that reading one runs nothing; one that is damaged is as good as none.  `TROTH_CACHE` names
another folder, or is `off`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from troth.document import spec_errors
from troth.document.source import Limits, Positions
from troth.errors import Place, SpecError

#: A text of fewer bytes is read again sooner than it is looked up.
LARGE = 1 << 18
#: So many entries are kept, the last that were written.
_MOST = 32

_MAGIC = b"troth 1\n"
_HASH = 16
_MISSING = -1


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
    facts = json.dumps([file, str(path), astuple(limits), sys.byteorder, sys.maxsize])
    hashed = blake2b(_code() + facts.encode(), digest_size=_HASH)
    hashed.update(data)
    return folder / f"{hashed.hexdigest()}.document"


def fingerprint(data: bytes | None) -> str:
    """What tells one content of a file from another; "" where there is none to be read."""
    return "" if data is None else blake2b(data, digest_size=_HASH).hexdigest()


def find(kept_at: Path) -> Kept | None:
    """What is kept at *kept_at*, if it is whole and all files are what they were."""
    try:
        data = kept_at.read_bytes()
        start = len(_MAGIC) + _HASH
        if (
            not data.startswith(_MAGIC)
            or _hash(memoryview(data)[start:]) != data[start - 16 : start]
        ):
            return None
        length = int.from_bytes(data[start : start + 4], "big")
        start += 4
        head = json.loads(data[start : start + length])
        start += length
        if any(_now(file) != was for file, was in head["opened"].items()):
            return None
        middle = start + head["numbers"]
        root = json.loads(data[middle:])
        positions = Positions.postponed(
            head["files"], head["top"], lambda: _placed(root, data[start:middle], head)
        )
        faults = tuple(map(_fault, head["faults"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return Kept(root, positions, head["openapi"], head["digest"], faults, head["opened"])


def keep(kept_at: Path, kept: Kept, text: bytes) -> None:
    """Keep *kept*, whose root is the JSON *text*, at *kept_at*, if that can be done at all."""
    try:
        head, numbers = _written(kept)
    except (ValueError, TypeError, OverflowError):
        return
    rest = b"".join([len(head).to_bytes(4, "big"), head, numbers, text])
    with suppress(OSError):
        kept_at.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # another process may write the same: whole files only, the last one wins
        handle, name = tempfile.mkstemp(dir=kept_at.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(_MAGIC + _hash(rest) + rest)
            os.replace(name, kept_at)
        except OSError:
            os.unlink(name)
        _forget(kept_at.parent)


def _forget(folder: Path) -> None:
    """Remove the oldest entries beyond the most."""
    ages: list[tuple[int, Path]] = []
    for each in folder.glob("*.document"):
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
    """A hash of what reads documents: another version may read the same text in another way."""
    hashed = blake2b(digest_size=_HASH)
    for module in sorted(Path(__file__).parent.glob("*.py")):
        hashed.update(module.read_bytes())
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
        "faults": [_spelt(fault) for fault in kept.faults],
        "opened": dict(kept.opened),
        "files": positions.files,
        "top": positions.top,
        "more": more,
        "originals": originals,
        "numbers": len(numbers) * numbers.itemsize,
    }
    return json.dumps(head).encode(), numbers.tobytes()


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


def _spelt(fault: SpecError) -> list[Any]:
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


def _fault(spelt: list[Any]) -> SpecError:
    name, facts = spelt
    kind = getattr(spec_errors, name)
    if not issubclass(kind, SpecError):
        raise TypeError(name)
    fault: SpecError = kind.__new__(kind, facts["fault"])
    for fact, value in facts.items():
        if isinstance(value, dict):
            value = Place(*value["place"]) if "place" in value else tuple(value["tuple"])
        setattr(fault, fact, value)
    return fault
