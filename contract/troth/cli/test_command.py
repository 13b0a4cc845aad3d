"""`troth test`: hold a running server to a document."""

from __future__ import annotations

import math
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

import click

from troth.cli import config, run_options
from troth.cli.config import KEYS, Key
from troth.conformance import baseline as baselines
from troth.conformance import files
from troth.conformance.progress import Live, is_live, say
from troth.conformance.target import is_local

if TYPE_CHECKING:
    from troth.conformance.baseline import Baseline
    from troth.conformance.events import Event, Finished
    from troth.conformance.run_summary import RunSummary
    from troth.conformance.settings import Settings
    from troth.openapi.contract import Contract

_NARROWEST, _WIDEST = 20, 120


class _Number(click.FloatRange):
    """A number that is one: float() also reads inf and nan, and nan is in every range."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class _Lines(click.types.StringParamType):
    """A text; of several in a variable of the environment each is a line."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return [line.strip() for line in rv.splitlines() if line.strip()]


class _LineChoice(click.Choice):  # type: ignore[type-arg]  # click 8.1 has no arguments for it
    """One of several words; in a variable of the environment each is a line."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return rv.split()


def _option(key: Key) -> Any:
    """The option that *key* is on the command line."""
    kinds: dict[str, Any] = {
        "text": str,
        "path": str,
        "switch": bool,
        "integer": click.INT if key.least is None else click.IntRange(min=int(key.least)),
        "number": _Number(min=key.least),
    }
    several = key.kind in ("texts", "paths", "table")
    kind = kinds.get(key.kind) or (_LineChoice(key.choices) if key.choices else _Lines())
    if key.kind == "switch":
        return click.option(f"--{key.name}", is_flag=True, envvar=key.variable, help=key.help)
    return click.option(
        f"--{key.name}",
        type=kind,
        multiple=several,
        default=key.default,
        show_default=key.default is not None,
        metavar=key.metavar or None,
        # the variable that every other command and document names comes first
        envvar=["TROTH_TOKEN", key.variable] if key.name == "token" else key.variable,
        help=key.help,
    )


def _options(command: Any) -> Any:
    """Add an option for each key of the configuration; the URL is an argument."""
    url, *others = KEYS
    for key in reversed(others):
        command = _option(key)(command)
    return click.argument("url", required=False, envvar=url.variable, metavar="URL")(command)


def _configure(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Let the configuration file settle what the command line and the environment do not."""
    variables = [key.variable for key in config.KEYS]
    run_options.check_environment(os.environ, variables, prefix="TROTH_TEST_")
    found = config.load(value or os.environ.get("TROTH_CONFIG") or None)
    ctx.default_map = {**(ctx.default_map or {}), **found.section("test")}


@click.command()
@_options
@click.option(
    "--config",
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_configure,
    help="Read this file; without it troth.toml, or [tool.troth] of pyproject.toml.",
)
@click.option("--update-baseline", is_flag=True, help="Write the findings to the baseline.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, nothing else.")
def test(**options: Any) -> int:
    """Send requests to the server at URL, and tell how its answers depart from the document.

    Exit code: 0 conforms, 1 does not (with --strict: warnings too), 2 cannot be started as asked,
    3 the server cannot be reached or nothing can be said, 130 interrupted.
    """
    if options["url"] is None:
        raise click.UsageError("give the URL of the server under test: troth test URL")
    if options["as_json"]:
        options["report"] = (*options["report"], "json=-")
    contract, second = run_options.contracts_of(options)
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
        self.unwritten: list[Exception] = []
        for path in self._paths():
            files.check_writable(path)
        self.baseline = self._baseline()
        piped = "-" in self._paths()
        # what a program reads from standard output must be nothing but what was asked for
        self.out: TextIO = sys.stderr if piped else sys.stdout

    def run(self) -> int:
        """Send, judge, tell."""
        from troth.conformance.events import Started
        from troth.conformance.launch import launch
        from troth.conformance.run_summary import RunRecord

        self._head()
        faults: list[str] = []
        record = RunRecord()
        live = Live(sys.stderr, clock=time.monotonic, live=is_live(sys.stderr))
        with ExitStack() as stack:
            write = self._journal(stack)

            def tell(event: Event) -> None:
                if isinstance(event, Started):
                    event = replace(event, document_faults=tuple(faults), overlays=self.overlays)
                record.add(event)
                write(event)
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
        return 3 if self.unwritten and code == 0 else code

    def _paths(self) -> list[str]:
        paths = [path for _, path in self.reports]
        paths += [self.journal] if self.journal else []
        return paths + ([self.baseline_file] if self.baseline_file and self.updates else [])

    def _baseline(self) -> Baseline | None:
        if self.baseline_file is None:
            if self.updates:
                raise run_options.BadOption("update-baseline", "it needs --baseline FILE")
            return None
        if self.updates and not os.path.exists(self.baseline_file):
            return None
        return baselines.read(self.baseline_file)

    def _head(self) -> None:
        """What is going to be done to whom, before it is done."""
        if self.quiet:
            return
        settings, document = self.settings, self.contract.document
        budget = f"at most {settings.max_requests} requests, {settings.max_seconds:g} s"
        rate = f", {settings.rate:g} a second" if settings.rate else ""
        say(self.out, f"testing {settings.url} against {document.file}: {budget}{rate}\n")
        if not is_local(settings.url):
            say(sys.stderr, "note: this server is not on this machine\n")
        for doubt in run_options.doubts(self.contract, settings):
            say(sys.stderr, f"note: {doubt}\n")
        if settings.insecure:
            say(sys.stderr, "warning: --insecure: nobody knows who answers there\n")

    def _journal(self, stack: ExitStack) -> Any:
        if self.journal is None:
            return lambda event: None
        from troth.conformance.journal import Journal

        journal = stack.enter_context(Journal(self.journal))

        def write(event: Event) -> None:
            if self.unwritten:
                return
            try:
                journal.write(event)
            except files.NotWritten as fault:
                self.unwritten.append(fault)  # the run goes on: it has other readers

        return write

    def _tell(self, run: RunSummary, finished: Finished) -> None:
        """The reports, the baseline, and the text for people; the summary line is the last."""
        from troth.conformance import reports
        from troth.conformance.reports import console

        for form, path in self.reports:
            try:
                reports.write(form, path, run)
            except files.NotWritten as fault:
                self.unwritten.append(fault)
        notes = list(self._about_baseline(run, finished))
        brief = self.quiet or (finished.verdict == "unreachable" and not run.findings)
        if not brief:
            width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
            coloured = is_live(self.out)
            told = console.render(run, width=width, colour=coloured)
            say(self.out, console.printable(told, getattr(self.out, "encoding", None)))
        for note in notes:
            say(self.out, note + "\n")
        if brief:
            say(self.out, _summary(run, finished) + "\n")
        elif on := self._go_on(run):
            say(self.out, f"go on with: {on}\n")

    def _about_baseline(self, run: RunSummary, finished: Finished) -> Iterable[str]:
        if self.baseline_file is None:
            return
        whole = finished.verdict in ("conforms", "violations")
        complete = whole and not finished.not_run and not self._is_partial()
        if self.updates and not whole:
            yield f"{self.baseline_file} is not written: the run says nothing ({finished.verdict})"
            return
        gone = self.baseline.gone(run.findings) if self.baseline and complete else ()
        if self.updates:
            new = baselines.updated(
                self.baseline,
                run.findings,
                complete=complete,
                declared=self.settings.without,
            )
            try:
                baselines.write(self.baseline_file, new)
            except files.NotWritten as fault:
                self.unwritten.append(fault)
                return
            accepted = f"{len(new.entries)} finding{'s' * (len(new.entries) != 1)}"
            yield f"{self.baseline_file} accepts {accepted} from now on"
        elif gone:
            codes = ", ".join(sorted({entry.code or entry.id for entry in gone}))
            yield (
                f"{len(gone)} of {self.baseline_file} did not come again ({codes}): "
                "--update-baseline takes them out"
            )

    def _is_partial(self) -> bool:
        from troth.conformance.settings import PHASES

        return bool(self.settings.only) or self.settings.phases != PHASES

    def _go_on(self, run: RunSummary) -> str:
        first = next((one for one in run.findings if not one.known), None)
        on = [f"troth explain {first.code}"] if first else []
        on += [f"troth report {self.journal}"] if self.journal and self.journal != "-" else []
        return ", ".join(on)


def _summary(run: RunSummary, finished: Finished) -> str:
    from troth.conformance.reports.text import counted, visible

    counts = run.counts
    reason = f" ({visible(finished.reason)})" if finished.reason else ""
    words = [
        finished.verdict + reason,
        counted(counts["errors"], "error"),
        counted(counts["warnings"], "warning"),
        counted(finished.requests, "request"),
        f"{finished.seconds:.1f} s",
    ]
    return ", ".join(words)


#: A document of more operations than this takes lint longer than a run may be kept waiting.
_LINTED = 40


def _document_faults(contract: Contract) -> tuple[str, ...]:
    """What is wrong with the document itself: errors only, told once and apart."""
    if len(contract.operations) > _LINTED:
        return ()
    from troth.lint import lint

    return tuple(str(one) for one in lint(contract.document) if one.severity == "error")
