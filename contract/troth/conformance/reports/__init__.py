"""The reports of a run: its summary in the forms that others read.

`write` puts one into a file, whole or not at all.  Each form is a module of this package with a
function `render(run)`, and a line of FORMS; `console` is what a terminal shows.  What they share is
in `finding_text` (a finding in words), `excerpts` (bodies cut for readers) and `text` (texts of
strangers made safe).
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from troth.conformance.files import NotWritten
from troth.conformance.files import write as write_file
from troth.errors import TrothError

if TYPE_CHECKING:
    from troth.conformance.run_summary import RunSummary

#: What may be asked for with --report: each is a module here, imported when it is asked for.
FORMS = ("json", "junit", "html", "sarif", "har", "github", "markdown")


class BadReport(TrothError):
    """A report is asked for in a form that there is not, or without a path."""

    wanted: str

    def __str__(self) -> str:
        return f"no report {self.wanted!r}: write FORM=PATH, where FORM is {', '.join(FORMS)}"


def parse(wanted: str) -> tuple[str, str]:
    """The form and the path in *wanted*, `junit=out/junit.xml`.  Raises BadReport."""
    form, equals, path = wanted.partition("=")
    if form not in FORMS or not equals or not path:
        raise BadReport(wanted)
    return form, path


def render(form: str, run: RunSummary) -> str:
    """The report of *run* in *form*."""
    if form not in FORMS:
        raise BadReport(form)
    text: str = import_module(f"{__name__}.{form}").render(run)
    return text


def write(form: str, path: str | Path, run: RunSummary) -> None:
    """Write the report of *run* in *form* to the file *path*; "-" is standard output.

    Raises NotWritten; a former report is then still there.
    """
    write_file(path, render(form, run).encode("utf-8", "backslashreplace"))


def write_all(wanted: Iterable[tuple[str, str]], run: RunSummary) -> tuple[NotWritten, ...]:
    """Write each (form, path) of *wanted*; what could not be written stops none of the others."""
    faults: list[NotWritten] = []
    for form, path in wanted:
        try:
            write(form, path, run)
        except NotWritten as fault:
            faults.append(fault)
    return tuple(faults)
