"""The reports of a run: folds of its account, each in a form that others read.

`write` puts one into a file, whole or not at all.  The forms are modules of this package, imported
when they are asked for; `console` is what a terminal shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from troth.conformance.files import NotWritten, check_writable
from troth.conformance.files import write as write_file
from troth.conformance.run_summary import Account
from troth.errors import TrothError

__all__ = [
    "FORMS",
    "BadReport",
    "bodies_beside",
    "check_writable",
    "parse",
    "render",
    "write",
    "write_all",
]

#: What may be asked for with --report.
FORMS = ("json", "junit", "html", "sarif", "har", "github", "markdown")


class BadReport(TrothError):
    """A report is asked for in a form that there is not, or without a path."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted

    def __str__(self) -> str:
        return f"no report {self.wanted!r}: write FORM=PATH, where FORM is {', '.join(FORMS)}"


def parse(wanted: str) -> tuple[str, str]:
    """The form and the path in *wanted*, `junit=out/junit.xml`.  Raises BadReport."""
    form, equals, path = wanted.partition("=")
    if form not in FORMS or not equals or not path:
        raise BadReport(wanted)
    return form, path


def render(form: str, account: Account) -> str:
    """The report of *account* in *form*."""
    if form not in FORMS:
        raise BadReport(form)
    text: str = import_module(f"{__name__}.{form}").render(account)
    return text


def write(form: str, path: str | Path, account: Account) -> None:
    """Write the report of *account* in *form* to the file *path*; "-" is standard output.

    Raises NotWritten; a former report is then still there.
    """
    write_file(path, render(form, account).encode("utf-8", "backslashreplace"))


def write_all(wanted: Iterable[tuple[str, str]], account: Account) -> tuple[NotWritten, ...]:
    """Write each (form, path) of *wanted*; what could not be written stops none of the others."""
    faults: list[NotWritten] = []
    for form, path in wanted:
        try:
            write(form, path, account)
        except NotWritten as fault:
            faults.append(fault)
    return tuple(faults)


def bodies_beside(journal: str | Path) -> Path:
    """The folder for bodies that are too long for a curl line: beside the journal."""
    return Path(journal).with_suffix(".bodies")
