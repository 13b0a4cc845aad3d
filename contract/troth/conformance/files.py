"""Writing files so that nobody ever reads half of one, and asking beforehand whether it will do.

A report is written beside its place and put there in one step: a full disk or a killed process
leaves the former one whole, and of two runs that write the same path one wins.
"""

from __future__ import annotations

import os
import stat
import sys
from itertools import count
from pathlib import Path
from typing import IO

from troth.document.source import resolved
from troth.errors import TrothError

_numbers = count(1)


class Unwritable(TrothError):
    """A file that is asked for cannot be written; *why* is the system's word for it."""

    path: str | Path
    why: str

    def __str__(self) -> str:
        return f"{self.path} cannot be written: {self.why}"


class NotWritten(Unwritable):
    """Writing a file failed after all: the disk is full, the folder has gone."""

    exit_code = 3


def check_writable(path: str | Path) -> None:
    """Make sure that *path* can be written, its folders made where they are missing.

    Raises Unwritable.  "-" is standard output.
    """
    if str(path) == "-":
        return
    try:
        file = resolved(path)
        if file.is_dir():
            raise Unwritable(path, "it is a directory")
        if _special(file):
            if not os.access(file, os.W_OK):
                raise Unwritable(path, "permission denied")
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        trial = _beside(file)
        os.close(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        trial.unlink()
    except OSError as fault:
        raise Unwritable(path, fault.strerror or str(fault)) from fault
    except ValueError as fault:  # a NUL in the name
        raise Unwritable(path, str(fault)) from fault


def write(path: str | Path, data: bytes) -> None:
    """Write *data* to *path*, all of it or nothing; "-" is standard output.

    Raises NotWritten; the file that was there before is then still there.
    """
    if str(path) == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        file = resolved(path)  # a link stays a link: what it leads to is replaced
        if _special(file):
            file.write_bytes(data)  # a pipe or a device has no place beside it
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        _replace(file, data)
    except OSError as fault:
        raise NotWritten(path, fault.strerror or str(fault)) from fault


def _replace(file: Path, data: bytes) -> None:
    trial = _beside(file)
    descriptor = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(trial, file)
    except BaseException:
        trial.unlink(missing_ok=True)
        raise


def _beside(file: Path) -> Path:
    # names are at most 255 bytes on every system that matters
    stem = os.fsencode(file.name)[:180].decode("utf-8", "ignore")
    return file.with_name(f".{stem}.{os.getpid()}-{next(_numbers)}.tmp")


def _special(file: Path) -> bool:
    try:
        return not stat.S_ISREG(file.stat().st_mode)
    except FileNotFoundError:
        return False


def lock(stream: IO[bytes], *, wait: bool) -> bool:
    """Take the file of *stream* for this process alone, and whether that was done.

    The system lets go of it when a process dies.  Where locks are unknown nobody is kept out.
    """
    if sys.platform == "win32":
        import msvcrt

        while wait:
            try:
                msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
                break
            except OSError:  # it gives up after ten seconds
                continue
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have none
        return True
    return True
