"""What the processes of a run compile, they compile once: libraries not at all, ours by halves.

Where nothing may be written beside the sources, two thirds of the time until a worker came to its
first test went into compiling what the other one compiled as well, or what lay there compiled.
"""

from __future__ import annotations

import compileall
import os
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]


def keep_in(prefix: str) -> None:
    """Keep what is compiled from here on below *prefix*, where what there is already is found."""
    os.environ["PYTHONPYCACHEPREFIX"] = prefix
    with suppress(OSError):  # not every system has such links: it is compiled anew
        _link_what_there_is(prefix)


def _link_what_there_is(prefix: str) -> None:
    ending = f".{sys.implementation.cache_tag}.pyc"
    for base in {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}:
        for folder, inner, _ in os.walk(base):
            if folder != base and folder.endswith("site-packages"):
                inner.clear()  # those of the Python that ours is made of, which are not ours
            if "__pycache__" not in inner:
                continue
            inner.remove("__pycache__")
            there = f"{prefix}{os.path.abspath(folder)}"
            os.makedirs(there, exist_ok=True)
            with os.scandir(os.path.join(folder, "__pycache__")) as entries:
                for entry in entries:
                    if entry.name.endswith(ending):
                        os.symlink(entry.path, os.path.join(there, entry.name))


def share() -> None:
    """Compile this worker's part of our packages, and these as they stand."""
    _leave_assertions()
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    count = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    ours = sorted(path for source in ("contract", "mock") for path in (ROOT / source).rglob("*.py"))
    for path in ours[number::count]:
        compileall.compile_file(path, quiet=2)


def _leave_assertions() -> None:
    """Keep pytest from rewriting the assertions of our packages, as of all that have a plugin.

    No failure is read by those, and they would be compiled twice: for the workers, and for what
    these start.  pytest publishes no way to say so but a word in the docstring of each module; a
    version that has the names elsewhere rewrites them, which costs time and nothing else.
    """
    for finder in sys.meta_path:
        names = getattr(finder, "_must_rewrite", None)
        if isinstance(names, set):
            names.clear()
