"""A file's bytes, and what they say: UTF-8, then JSON or YAML.

Every text that troth takes in (a document, a file that it refers to, an overlay) comes through
here, under one set of limits.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

from troth import pointer as pointers
from troth.document.json_reader import read_json
from troth.document.source import Limits, Positions
from troth.document.spec_errors import Doubled, Faults, NotUtf8, TooLarge, UnreadableDocument
from troth.errors import Place

_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def read_file(file: str, *, limits: Limits, is_regular: bool = False) -> bytes:
    """The bytes of *file*, at most one more than the limit.  Raises UnreadableDocument.

    One that has to be *is_regular* is no pipe and no device: these may keep a reader for ever.
    """
    if "://" in file:
        raise UnreadableDocument(
            f"{file} is an address, and troth opens no connection to read a document",
            advice="Download it, and name the file.",
        )
    try:
        with open(file, "rb", opener=_at_once if is_regular else None) as stream:
            if is_regular and not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UnreadableDocument(f"cannot read {file}: it is a pipe or a device, no file")
            return stream.read(limits.bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableDocument(f"cannot read {file}: {reason}") from None


def _at_once(file: str, flags: int) -> int:
    """Open *file* without waiting for whoever writes to it, if it is a pipe."""
    return os.open(file, flags | getattr(os, "O_NONBLOCK", 0))


def read_source(
    source: str | Path | bytes, *, name: str | None, limits: Limits
) -> tuple[bytes, str]:
    """The bytes of the file *source* ("-" is standard input), or these bytes, and their name.

    *name* is what errors call it.  Raises UnreadableDocument.
    """
    if isinstance(source, bytes):
        return source, name or "<bytes>"
    if source == "-":
        return sys.stdin.buffer.read(limits.bytes + 1), name or "<stdin>"
    return read_file(str(source), limits=limits), name or str(source)


def read_text(
    data: bytes,
    positions: Positions,
    *,
    file: str,
    limits: Limits,
    faults: Faults | None = None,
    at: str = "",
) -> Any:
    """The value that *data* says; its places enter *positions* under the name *file*.

    A file named `.json` is JSON, one named `.yaml` or `.yml` is YAML; any other is JSON when it
    starts as JSON does.  *at* is where the value will stand.  Raises SpecError; a key that is
    given twice goes to *faults*, if they are gathered.
    """
    number = positions.add_file(file)
    if len(data) > limits.bytes:
        raise TooLarge(
            f"more than {limits.bytes} bytes",
            place=Place(file, 1),
            advice="Raise the limit if the document is meant to be this large.",
        )
    data = data.removeprefix(_BOM)
    text = _decode(data, file)
    suffix = Path(file).suffix.lower()
    doubled: Doubled | None = None if faults is None else []
    if suffix == ".json" or (suffix not in (".yaml", ".yml") and text.lstrip()[:1] in ("{", "[")):
        value = read_json(text, positions, file=number, limits=limits, doubled=doubled)
    else:
        # PyYAML takes a while to import, and what is kept needs none
        from troth.document.yaml_reader import read_yaml

        value = read_yaml(data, positions, file=number, limits=limits, doubled=doubled)
    if faults is not None and doubled:
        _tell(doubled, value, at, faults)
    return value


def _tell(doubled: Doubled, root: Any, top: str, faults: Faults) -> None:
    """Tell the keys of *root* that were given twice, now that their pointers can be known."""
    wanted = {id(members) for members, _ in doubled}
    found: dict[int, str] = {}
    for at, value in pointers.places(root, top):
        if id(value) in wanted:
            found.setdefault(id(value), at)
    for members, fault in doubled:
        # what stands in the first of two is gone, and has no pointer any more
        fault.pointer = pointers.join(found[id(members)], fault.key) if id(members) in found else ""
        faults.add(fault)


def _decode(data: bytes, file: str) -> str:
    for bom, encoding in _OTHER_BOMS.items():
        if data.startswith(bom):
            raise NotUtf8(f"this is {encoding}, not UTF-8 (byte 0)", offset=0, place=Place(file, 1))
    if b"\0" in data[:4]:
        # Without a byte order mark: an ASCII character comes first in JSON and in YAML.
        offset = data.index(b"\0")
        fault = f"this is UTF-16 or UTF-32, not UTF-8 (byte {offset} is 0)"
        raise NotUtf8(fault, offset=offset, place=Place(file, 1))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise NotUtf8(
            f"not UTF-8: byte {error.start} (0x{data[error.start]:02x}) is no character",
            offset=error.start,
            place=Place(file, line, column),
        ) from None
