"""A source text: how much of one is taken in, and where each node of it was written.

The values stay plain dicts and lists; `Positions` holds, per container, one packed integer for
each key or item.  Whoever builds or changes a tree keeps its positions: the readers, the overlay.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from troth import pointer as pointers
from troth.errors import Place

_COLUMNS = 1 << 20
_LINES = 1 << 32

#: Digits of one number: more than any number that a description means, fewer than the 4,300 at
#: which Python refuses to convert.
MAX_NUMBER_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one file, and of the tree that it stands for.

    *bytes* of the file; *depth* of nesting; *amplification*: how many times larger than the text
    its aliases may make the tree.  The ratio is bounded and not the size, so a large honest file
    loads; a tree below *free_nodes* is never refused.
    """

    bytes: int = 64 << 20
    depth: int = 200
    amplification: int = 10
    free_nodes: int = 20_000


def resolved(path: str | os.PathLike[str]) -> Path:
    """The real path of *path*, symbolic links followed."""
    return Path(os.path.realpath(path))


@dataclass(slots=True)
class Positions:
    """A table of positions, keyed by the identity of the containers of one living tree.

    An identity is reused once its container is gone, so every container that enters the tree
    must be noted, empty ones too.
    """

    files: list[str] = field(default_factory=list)
    of: dict[int, dict[Any, int]] = field(default_factory=dict)
    top: int | None = None
    #: what a container held as written, where something was taken out of it (see `mending`)
    originals: dict[int, Any] = field(default_factory=dict)
    _tables: Callable[[], tuple[dict[int, dict[Any, int]], dict[int, Any]]] | None = None

    @classmethod
    def postponed(
        cls,
        files: list[str],
        top: int | None,
        tables: Callable[[], tuple[dict[int, dict[Any, int]], dict[int, Any]]],
    ) -> Positions:
        """Positions whose *tables*, `of` and `originals`, are made when they are first needed."""
        positions = cls(files, top=top, _tables=tables)
        del positions.of, positions.originals
        return positions

    def __getattr__(self, name: str) -> Any:
        # Python asks here for a slot that is empty: those of `postponed`
        if name not in ("of", "originals") or self._tables is None:
            raise AttributeError(name)
        self.of, self.originals = self._tables()
        return getattr(self, name)

    def add_file(self, file: str) -> int:
        """Give *file* its number."""
        self.files.append(file)
        return len(self.files) - 1

    def place(self, position: int) -> Place:
        """Unpack *position*."""
        line, column = divmod(position, _COLUMNS)
        file, line = divmod(line, _LINES)
        return Place(self.files[file], line + 1, column + 1)

    def find(self, root: Any, pointer: str) -> Place | None:
        """The place of the node at *pointer*, or of its nearest marked ancestor."""
        best = self.top or 0
        for token in pointers.split(pointer):
            key = int(token) if isinstance(root, list) and token.isdecimal() else token
            best = self.of.get(id(root), {}).get(key, best)
            try:
                root = root[key]
            except (KeyError, IndexError, TypeError):
                break
        return self.place(best) if self.files else None

    def of_member(self, container: Any, key: str | int) -> int | None:
        """The position of one key or item of *container*, if it has one."""
        return self.of.get(id(container), {}).get(key)

    def copy(
        self, value: Any, source: Positions, files: dict[int, int], *, default: int = 0
    ) -> Any:
        """Copy *value* out of the tree of *source*, noting where each part of it was written.

        What was taken out of that tree is in the copy again.  *files* says which number each file
        of *source* has here.  A part that *source* does not know gets the position *default*.
        """
        written = source.originals.get(id(value), value)
        if isinstance(written, dict):
            made: Any = {}
            items: Iterable[tuple[Any, Any]] = written.items()
        elif isinstance(written, list):
            made = [None] * len(written)
            items = enumerate(written)
        else:
            return value
        known = source.of.get(id(value), {})
        noted: dict[Any, int] = {}
        for key, item in items:
            old = known.get(key)
            noted[key] = position = default if old is None else renumber(old, files)
            container = isinstance(item, (dict, list))
            made[key] = self.copy(item, source, files, default=position) if container else item
        self.of[id(made)] = noted
        return made

    def again(self, value: Any) -> Any:
        """A copy of *value* as it is by now, each part of it in the place of its original."""
        if not isinstance(value, (dict, list)):
            return value
        made: Any = value.copy()
        for key, held in made.items() if isinstance(made, dict) else enumerate(made):
            made[key] = self.again(held)
        self.of[id(made)] = dict(self.of.get(id(value), {}))
        return made


def pack(file: int, line: int, column: int) -> int:
    """Pack a position; *line* and *column* count from 0."""
    return (file * _LINES + line) * _COLUMNS + min(column, _COLUMNS - 1)


def renumber(position: int, files: dict[int, int]) -> int:
    """The same position with the file's number in another table."""
    file, rest = divmod(position, _LINES * _COLUMNS)
    return files[file] * _LINES * _COLUMNS + rest


def data_beside(module: str, name: str | None = None) -> Any:
    """What the YAML file beside *module*, of the same name or another, says: data of our own."""
    import yaml  # it takes a while, and most who need places need no such file

    file = Path(module).with_name(name) if name else Path(module).with_suffix(".yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is not everywhere
    return yaml.load(file.read_bytes(), loader)
