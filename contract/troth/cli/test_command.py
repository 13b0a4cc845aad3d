"""`troth test`: hold a running server to a document."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TextIO

import click

from troth.cli import given_values, run_options
from troth.cli.config import Config
from troth.cli.options import command, flag, warn
from troth.cli.run_options import test_options
from troth.conformance import baseline as baselines
from troth.conformance import files, reports
from troth.conformance.baseline import Baseline
from troth.conformance.events import Event, Finished, Found, Started
from troth.conformance.journal import Journal
from troth.conformance.launch import launch
from troth.conformance.progress import Live, is_live, say
from troth.conformance.reports import console
from troth.conformance.run_summary import RunRecord, RunSummary
from troth.conformance.settings import PHASES, Settings, is_local
from troth.errors import SpecError
from troth.openapi.contract import Contract

#: A document of more operations than this takes lint longer than a run may be kept waiting.
_LINTED = 40
#: Of a run without end so many exchanges are kept for the reports; the journal has all.
_LATEST = 1000


@command()
@test_options
@flag("--update-baseline", "Write the findings to the baseline.")
@flag("--dry-run", "Print what would be sent, and send nothing.")
@flag("--json", "Print the report as JSON, nothing else.", "as_json")
def test(**options: Any) -> int:
    """Send requests to the server at URL, and tell how its answers depart from the document.

    Exit code: 0 conforms, 1 does not (with --strict: warnings too), 2 cannot be started as asked,
    3 the server cannot be reached or nothing can be said, 130 interrupted.
    """
    if options["url"] is None and options["app"] is None:
        raise click.UsageError("give the URL of the server under test: troth test URL")
    if options["as_json"]:
        options["report"] = (*options["report"], "json=-")
    contract, second = run_options.contracts_of(options)
    warn(contract.faults, document=options["document"])
    settings = run_options.settings_of(contract, options)
    if options["dry_run"]:
        from troth.conformance.dry_run import listing

        for line in listing(contract, settings):
            say(sys.stdout, line + "\n")
        return 0
    return _Test(contract, second, settings, options).run()


class _Test:
    """One test: what it writes where, and what it knows beforehand."""

    def __init__(
        self,
        contract: Contract,
        second: Contract | None,
        settings: Settings,
        options: Mapping[str, Any],
    ) -> None:
        self.contract = contract
        self.second = second
        self.settings = settings
        self.reports = run_options.outputs_of(options)
        self.journal: str | None = options["journal"]
        self.baseline_file: str | None = options["baseline"]
        self.updates: bool = options["update_baseline"]
        self.overlays = run_options.overlays_of(options)
        self.quiet: bool = options["quiet"]
        self.app: str | None = options["app"]
        self.unwritten: list[files.NotWritten] = []
        self.accepted = False
        paths = [path for _, path in self.reports]
        paths += [self.journal] if self.journal else []
        paths += [self.baseline_file] if self.baseline_file and self.updates else []
        for path in paths:
            files.check_writable(path)
        self.baseline = self._baseline()
        # what a program reads from standard output must be nothing but what was asked for
        self.out: TextIO = sys.stderr if "-" in paths else sys.stdout

    def run(self) -> int:
        """Send, judge, tell."""
        if not self.contract.operations:
            # it would pass, and say nothing of anybody
            document = self.contract.document
            raise SpecError("there is no operation to test", place=document.place("/paths"))
        self._announce()
        faults: list[str] = []
        told: set[str] = set()
        continuous = self.settings.continuous
        record = RunRecord(latest=_LATEST if continuous else None)
        live = Live(
            sys.stderr, clock=time.monotonic, live=is_live(sys.stderr), tells_findings=continuous
        )
        with ExitStack() as stack:
            write = self._journal(stack)

            def tell(event: Event) -> None:
                if isinstance(event, Started):
                    event = replace(event, document_faults=tuple(faults), overlays=self.overlays)
                record.add(event)
                write(event)
                if continuous and isinstance(event, Found) and event.finding.id not in told:
                    told.add(event.finding.id)
                    self._report_so_far(record)
                if not self.quiet:
                    live.tell(event)

            try:
                finished, code = launch(
                    self.contract,
                    self.settings,
                    tell=tell,
                    known=self.baseline.ids if self.baseline else frozenset(),
                    second=self.second,
                    prepare=lambda: faults.extend(_document_faults(self.contract)),
                )
            finally:
                live.close()
        try:
            self._tell(record.summary(), finished)
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        for fault in self.unwritten:
            say(sys.stderr, f"troth: {fault}\n")
        if self.accepted and code == 1:
            code = 0  # all that was found is accepted now, as was asked for
        return 3 if self.unwritten and code == 0 else code

    def _baseline(self) -> Baseline | None:
        if self.baseline_file is None:
            if self.updates:
                raise run_options.BadOption("update-baseline", "it needs --baseline FILE")
            return None
        if self.updates and not os.path.exists(self.baseline_file):
            return None
        return baselines.read(self.baseline_file)

    def _announce(self) -> None:
        """Say what is going to be done to whom, before it is done."""
        if self.quiet:
            return
        settings, document = self.settings, self.contract.document
        rate = f", {settings.rate:g} a second" if settings.rate else ""
        target = self.app or settings.url
        say(self.out, f"testing {target} against {document.file}: {settings.limits()}{rate}\n")
        if not is_local(settings.url):
            say(sys.stderr, "note: this server is not on this machine\n")
        for doubt in given_values.doubts(self.contract, settings.values):
            say(sys.stderr, f"note: {doubt}\n")
        if settings.oauth is not None:
            say(self.out, f"a token is asked for at {settings.oauth.token_url}\n")
        if settings.insecure:
            say(sys.stderr, "warning: --insecure: nobody knows who answers there\n")

    def _journal(self, stack: ExitStack) -> Callable[[Event], None]:
        if self.journal is None:
            return lambda event: None
        journal = stack.enter_context(Journal(self.journal))

        def write(event: Event) -> None:
            if self.unwritten:
                return
            try:
                journal.write(event)
            except files.NotWritten as fault:
                self.unwritten.append(fault)  # the run goes on: it has other readers

        return write

    def _report_so_far(self, record: RunRecord) -> None:
        """The reports of a run without end, anew with each finding."""
        files_only = [(form, path) for form, path in self.reports if path != "-"]
        reports.write_all(files_only, record.summary())  # what fails, fails at the end too

    def _tell(self, run: RunSummary, finished: Finished) -> None:
        """The reports, the baseline, and the text for people; the summary line is the last."""
        self.unwritten += reports.write_all(self.reports, run)
        notes = list(self._about_baseline(run, finished))
        brief = self.quiet or (finished.verdict == "unreachable" and not run.findings)
        if not brief:
            console.show(run, self.out)
        for note in notes:
            say(self.out, note + "\n")
        if brief:
            say(self.out, console.line(run) + "\n")
        elif advice := self._advice(run):
            say(self.out, f"go on with: {advice}\n")

    def _about_baseline(self, run: RunSummary, finished: Finished) -> Iterator[str]:
        if self.baseline_file is None:
            return
        whole = finished.verdict in ("conforms", "violations")
        partial = bool(self.settings.only) or self.settings.phases != PHASES
        partial = partial or bool(finished.not_run or finished.phases_left)
        complete = whole and not partial
        if self.updates and not whole:
            yield f"{self.baseline_file} is not written: the run says nothing ({finished.verdict})"
        elif self.updates:
            new = baselines.updated(
                self.baseline, run.findings, complete=complete, declared=self.settings.without
            )
            try:
                baselines.write(self.baseline_file, new)
            except files.NotWritten as fault:
                self.unwritten.append(fault)
                return
            self.accepted = True
            accepted = f"{len(new.accepted)} finding{'s' * (len(new.accepted) != 1)}"
            yield f"{self.baseline_file} accepts {accepted} from now on"
        elif gone := self.baseline.gone(run.findings) if self.baseline and complete else ():
            codes = ", ".join(sorted({one.code or one.id for one in gone}))
            yield (
                f"{len(gone)} of {self.baseline_file} did not come again ({codes}): "
                "--update-baseline takes them out"
            )

    def _advice(self, run: RunSummary) -> str:
        first = next((one for one in run.findings if not one.known), None)
        commands = [f"troth explain {first.code}"] if first else []
        if self.journal and self.journal != "-":
            commands.append(f"troth report {self.journal}")
        return ", ".join(commands)


def _document_faults(contract: Contract) -> tuple[str, ...]:
    """The document's own errors, told once; what `troth lint` lets pass is let pass here too."""
    if len(contract.operations) > _LINTED:
        return ()
    from troth.cli.lint_command import ignored_by
    from troth.lint import lint

    context = click.get_current_context(silent=True)
    settled = context.obj if context and isinstance(context.obj, Config) else Config()
    found = lint(contract.document, ignored=tuple(ignored_by(settled)))
    return tuple(str(one) for one in found if one.severity == "error")
