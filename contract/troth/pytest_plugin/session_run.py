"""The one run of a pytest session: its options, its settings, and who makes it.

The first item that is executed runs the cases of all operations that are selected.  Under
pytest-xdist the worker that comes first does so, and the others read its journal: the same
requests in the same order, whatever the number of workers.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from troth.cli import run_options
from troth.cli.config import KEYS
from troth.cli.options import warnings
from troth.conformance import files, reports
from troth.conformance.journal import read
from troth.conformance.reports.text import disarmed, visible
from troth.conformance.run_summary import CHECKS, check_of, summarize
from troth.conformance.selection import selection
from troth.errors import TrothError
from troth.testing import Outcome, known, of_run, settled

if TYPE_CHECKING:
    from troth.conformance.events import Finding
    from troth.conformance.settings import Settings
    from troth.openapi.contract import Contract
    from troth.openapi.operation import Operation

#: Phases that a group of checks can do with; any other needs all of them.
_PHASES = {"security": ("protocol", "stateful")}

# -- options ----------------------------------------------------------------------------------


def options(config: pytest.Config, **arguments: Any) -> dict[str, Any]:
    """The options of `troth test` as pytest's, the environment and the file settle them.

    *arguments* are those of the fixture, which come first.  Raises pytest.UsageError with the words
    that the command line has for it.
    """
    words: list[str] = []
    for name in (*(key.name for key in KEYS), "config"):
        value = config.getoption("troth_" + name.replace("-", "_"), None)
        if name == "url":
            words += [value] if value else []
        elif isinstance(value, list):
            words += [word for one in value for word in (f"--{name}", one)]
        elif value is True:
            words.append(f"--{name}")
        elif value is not None:
            words += [f"--{name}", value]
    try:
        return settled(words, **arguments)
    except click.ClickException as fault:
        raise pytest.UsageError(f"troth: {fault.format_message()}") from None
    except TrothError as fault:
        raise pytest.UsageError(f"troth: {fault}") from None


_CONTRACTS = pytest.StashKey["tuple[Contract, Contract | None]"]()


def contracts(config: pytest.Config) -> tuple[Contract, Contract | None]:
    """The contract that the options name, and the overlaid one beside a published one."""
    if _CONTRACTS not in config.stash:
        try:
            config.stash[_CONTRACTS] = run_options.contracts_of(options(config))
        except (TrothError, OSError) as fault:
            raise pytest.UsageError(f"troth: {fault}") from None
    return config.stash[_CONTRACTS]


# -- the run ----------------------------------------------------------------------------------


class SessionRun:
    """What one session knows of its run; *checks* are the groups of checks of each operation."""

    def __init__(self, config: pytest.Config) -> None:
        chosen = options(config)
        self.contract, self.second = contracts(config)
        try:
            self.settings: Settings = run_options.settings_of(self.contract, chosen)
            self.known = known(chosen)
            self.reports = run_options.outputs_of(chosen)
            for _, path in self.reports:
                files.check_writable(path)
        except TrothError as fault:
            raise pytest.UsageError(f"troth: {fault}") from None
        chosen_of = selection(self.contract, self.settings)
        operations, self._codes = chosen_of.operations, chosen_of.codes
        self.checks = {operation.name: checks_of(operation) for operation in operations}
        laws = [law for operation in operations for law in operation.laws]
        self.groups = {law.id: law.group for law in (*laws, *self.contract.laws)}
        self._outcome: Outcome | None = None
        self._fault: BaseException | None = None
        worker = getattr(config, "workerinput", None)
        self._folder: str | None = worker.get("troth_folder") if worker else None
        self._owns_folder = False
        self._told: set[str] = set()

    # -- what belongs to which item

    def place_of(self, finding: Finding) -> tuple[str, str]:
        """The operation and the check whose item shows *finding*: there always is one."""
        return place_of(finding, self.checks, self.groups)

    def is_news(self, reason: str) -> bool:
        """Whether *reason* is told for the first time: one failure says it, not one per item."""
        is_news = reason not in self._told
        self._told.add(reason)
        return is_news

    # -- its outcome

    def outcome(self, selected: Sequence[tuple[str, str]]) -> Outcome:
        """The outcome of the session's run, which is made when it is first asked for.

        It is as large as the *selected* items need: operations, each with a group of checks.
        """
        if self._fault is not None:
            raise self._fault
        try:
            if self._outcome is None:
                settings = self._needed(selected)
                self._outcome = self._shared(settings) if self._folder else self._run(settings)
        except (TrothError, OSError) as fault:
            self._fault = fault  # it would only break again, for each item
            raise
        return self._outcome

    def _needed(self, selected: Sequence[tuple[str, str]]) -> Settings:
        """The settings, for as much as the items that are selected need."""
        operations = list(dict.fromkeys(operation for operation, _ in selected))
        settings = self.settings
        if set(operations) != set(self.checks):
            settings = replace(settings, only=(*operations, *self._codes))
        phases = {phase for _, check in selected for phase in _PHASES.get(check, settings.phases)}
        return replace(settings, phases=tuple(one for one in settings.phases if one in phases))

    def _run(self, settings: Settings, *, journal: str | None = None) -> Outcome:
        return of_run(
            self.contract, settings, known=self.known, second=self.second, journal=journal
        )

    def _shared(self, settings: Settings) -> Outcome:
        """The run of the worker that came first: made here, or read from its journal."""
        with open(Path(self.shared_folder()) / "lock", "ab") as stream:
            files.lock(stream, wait=True)
            outcome = self._journalled()
            if outcome is None:
                unfinished = self._journal.with_suffix(".unfinished")
                outcome = self._run(settings, journal=str(unfinished))
                unfinished.replace(self._journal)
            return outcome

    def _journalled(self) -> Outcome | None:
        return Outcome(summarize(read(self._journal))) if self._journal.exists() else None

    @property
    def _journal(self) -> Path:
        return Path(self.shared_folder()) / "journal.ndjson"

    def shared_folder(self) -> str:
        """The folder in which the workers of pytest-xdist find each other's run."""
        if self._folder is None:
            self._folder, self._owns_folder = tempfile.mkdtemp(prefix="troth-"), True
        return self._folder

    def remove_shared_folder(self) -> None:
        """Remove the shared folder, in the process that made it."""
        if self._owns_folder and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    # -- what pytest tells of it

    def header(self) -> list[str]:
        """What is going to be done to whom, and what of the document is not understood."""
        settings, file = self.settings, self.contract.document.file
        target = settings.url if settings.application is None else "the application"
        line = f"{target} against {file}, {settings.limits()}"
        told = warnings(self.contract.faults, document=file)
        return [f"troth: {disarmed(visible(each))}" for each in (line, *told)]

    def summary(self) -> Iterator[str]:
        """What the run came to, how many warnings no item fails for, and its reports."""
        outcome = self._outcome
        if outcome is None and self._owns_folder:
            outcome = self._journalled()
        if outcome is None:
            return
        run = outcome.account
        errors, warnings, *others = run.numbers()
        if run.counts["warnings"] and not self.settings.strict:
            warnings += " (--troth-strict fails on them)"
        yield f"troth: {', '.join((run.verdict, errors, warnings, *others))}"
        for form, path in self.reports:
            try:
                reports.write(form, path, run)
                yield f"troth: {form} report in {path}"
            except files.NotWritten as fault:
                yield f"troth: {fault}"


_RUN = pytest.StashKey[SessionRun]()


def of(config: pytest.Config) -> SessionRun:
    """The run of this session.  Raises pytest.UsageError for options that cannot be used."""
    if _RUN not in config.stash:
        config.stash[_RUN] = SessionRun(config)
    return config.stash[_RUN]


def remove_shared_folder(config: pytest.Config) -> None:
    """Leave nothing behind of a run that came into being."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.remove_shared_folder()


def checks_of(operation: Operation) -> tuple[str, ...]:
    """The groups of checks that there are for *operation*."""
    left_out = {
        "security": not operation.security or () in operation.security,
        "headers": not any(response.headers for response in operation.responses),
        "streams": not any(entry.is_stream for entry in operation.answer_types),
        "laws": not any(law.group is None for law in operation.laws),
    }
    checks = [check for check in CHECKS if not left_out.get(check)]
    groups = dict.fromkeys(law.group for law in operation.laws if law.group)
    at = checks.index("transport")
    return (*checks[:at], *(f"laws[{group}]" for group in groups), *checks[at:])


def place_of(
    finding: Finding, checks: Mapping[str, tuple[str, ...]], groups: Mapping[str, str | None]
) -> tuple[str, str]:
    """The operation and the check, of all *checks*, whose item shows *finding*.

    *groups* are the groups of the laws, by id.
    """
    operation, check = finding.violation.operation, check_of(finding.violation)
    if operation not in checks:
        operation = next(iter(checks))
    if check == "laws":
        code = finding.code.partition(".")[2]
        group = groups.get(finding.violation.law or "") or finding.group or code
        check = f"laws[{group}]" if f"laws[{group}]" in checks[operation] else check
    return operation, check if check in checks[operation] else checks[operation][0]
