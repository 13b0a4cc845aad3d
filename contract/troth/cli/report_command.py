"""`troth report`: the reports of a run that was written down, now."""

from __future__ import annotations

import sys

import click

from troth.cli.options import command, option
from troth.conformance import curl, files, reports
from troth.conformance.journal import read
from troth.conformance.progress import say
from troth.conformance.reports import console
from troth.conformance.run_summary import summarize


@command("report")
@click.argument("journal")
@option(
    "--report",
    f"Write this report: {', '.join(reports.FORMS)}. May be given several times; "
    "the path - is standard output.",
    *("FORM=PATH", "wanted"),
    multiple=True,
)
def report_command(journal: str, wanted: tuple[str, ...]) -> int:
    """Write the reports of the run in JOURNAL; without --report, show its findings.

    JOURNAL is a file that `troth test --journal` wrote, or - for standard input.  It need not be
    of a run that came to its end.
    """
    outputs = [reports.parse(one) for one in wanted]
    for _, path in outputs:
        files.check_writable(path)
    folder = None if journal == "-" else curl.bodies_beside(journal)
    run = summarize(read(journal), bodies=folder)
    if folder is not None:
        curl.write_bodies(run.findings, folder)
    if not outputs:
        console.show(run, sys.stdout)
        return 0
    faults = reports.write_all(outputs, run)
    for fault in faults:
        say(sys.stderr, f"troth: {fault}\n")
    return 3 if faults else 0
