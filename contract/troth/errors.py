"""The exception tree: every fault that stops troth itself.

A broken rule in an exchange is not here: that is a `violation.Violation`, a value.  Each
exception carries its facts as fields and builds its own sentence (what was expected, what was
found, where, and what to do), so that a caller never has to parse one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import dataclass_transform


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a node of a document was written: *line* and *column* count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass_transform(eq_default=False)
class TrothError(Exception):
    """The root of everything that troth raises on purpose.

    Below it, what a class annotates are its facts: the arguments that it takes, in that order.
    """

    #: The exit code of a command that this error ends (2: usage, configuration or document).
    exit_code = 2

    def __init_subclass__(cls) -> None:
        if cls.__annotations__:
            dataclass(eq=False, repr=False)(cls)


class SpecError(TrothError):
    """The document (or an overlay) cannot be used.

    *pointer* is the JSON Pointer of the node at fault, "" for the whole document; *advice* says
    what to do, when that is known.  `opened` are the other files that were looked for before, there
    or not: with one of them changed all may be well.
    """

    fault: str
    place: Place | None = None
    pointer: str = ""
    advice: str = ""

    def __post_init__(self) -> None:
        self.args = (self.fault,)  # whatever the arguments of the class below it are
        self.opened: tuple[Path, ...] = ()

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        at = f" (at {self.pointer})" if self.pointer else ""
        advice = f"\n{self.advice}" if self.advice else ""
        return f"{where}{self.fault}{at}{advice}"


class NoSuchPath(TrothError):
    """No operation of the document has this path."""

    target: str

    def __str__(self) -> str:
        return f"the document has no path that matches {self.target!r}"


class MethodNotAllowed(TrothError):
    """The path is known, the method is not; *allowed* are those that would do, sorted."""

    method: str
    target: str
    allowed: tuple[str, ...]

    def __str__(self) -> str:
        would_do = ", ".join(self.allowed)
        path = self.target.partition("?")[0]
        return f"{self.method} is not declared for {path!r}; {would_do} would do"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of *known* that was probably meant by *name*, or None if none is like it."""
    return next(iter(similar(name, known)), None)


def similar(name: str, known: Iterable[str], *, most: int = 1, least: float = 0.6) -> list[str]:
    """At most *most* of *known* that are like *name*, the likest first; a *least* of 1 is equal."""
    # Loaded late: it is needed only once something is wrong, and start time counts.
    from difflib import get_close_matches

    folded = {candidate.casefold(): candidate for candidate in known}
    return [folded[close] for close in get_close_matches(name.casefold(), folded, most, least)]
