"""The one run of a pytest session: its options, its settings, and who makes it.

The first item that is executed runs the cases of all operations that are selected.  Under
pytest-xdist the worker that comes first does so, and the others read its journal: the same
requests in the same order, whatever the number of workers.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from troth.cli.config import KEYS
from troth.errors import TrothError

if TYPE_CHECKING:
    from troth.conformance.events import Finding
    from troth.conformance.settings import Settings
    from troth.openapi.contract import Contract
    from troth.openapi.operation import Operation
    from troth.pytest_plugin.result import Outcome

#: Phases that a group of checks can do with; any other needs all of them.
_PHASES = {"security": ("protocol", "stateful")}

# -- options ----------------------------------------------------------------------------------


def options(config: pytest.Config, **given: Any) -> dict[str, Any]:
    """The options of `troth test` as pytest's, the environment and the file settle them.

    Raises pytest.UsageError with the words that the command line has for it.
    """
    from troth.cli.test_command import test

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
        made: dict[str, Any] = dict(test.make_context("troth", words).params)
    except click.ClickException as fault:
        raise pytest.UsageError(f"troth: {fault.format_message()}") from None
    except TrothError as fault:
        raise pytest.UsageError(f"troth: {fault}") from None
    unknown = set(given) - set(made)
    if unknown:
        known = ", ".join(sorted(made))
        raise TypeError(f"conformance() has no argument {min(unknown)!r}; it has {known}")
    return made | {name: _written(name, value) for name, value in given.items()}


def _written(name: str, value: Any) -> Any:
    """An argument of the fixture in the form that the command line gives it."""
    key = next((key for key in KEYS if key.name.replace("-", "_") == name), None)
    if key is not None and key.kind == "table" and isinstance(value, dict):
        from troth.http import json_text

        return tuple(
            f"{left}{key.joint}"
            + (json_text.encode(right).decode() if key.any_value else str(right))
            for left, right in value.items()
        )
    if key is not None and key.kind in ("texts", "paths") and isinstance(value, (str, os.PathLike)):
        return (os.fspath(value),)
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def contracts(config: pytest.Config) -> tuple[Contract, Contract | None]:
    """The contract that the options name, and the overlaid one beside a published one."""
    from troth.cli import run_options

    if _CONTRACTS not in config.stash:
        try:
            config.stash[_CONTRACTS] = run_options.contracts_of(options(config))
        except (TrothError, OSError) as fault:
            raise pytest.UsageError(f"troth: {fault}") from None
    return config.stash[_CONTRACTS]


def runner(config: pytest.Config) -> Callable[..., Outcome]:
    """What the fixture `conformance` gives."""

    def conform(url: str, *, contract: Contract | None = None, **given: Any) -> Outcome:
        from troth.cli import run_options
        from troth.pytest_plugin import result

        chosen = options(config, **given, url=url)
        first, second = (contract, None) if contract else run_options.contracts_of(chosen)
        settings = run_options.settings_of(first, chosen)
        return result.of_run(first, settings, known=_known(chosen), second=second)

    return conform


def _known(chosen: dict[str, Any]) -> frozenset[str]:
    from troth.conformance import baseline

    return baseline.read(chosen["baseline"]).ids if chosen["baseline"] else frozenset()


# -- what belongs to which item ----------------------------------------------------------------


def checks_of(operation: Operation) -> tuple[str, ...]:
    """The groups of checks that there are for *operation*."""
    from troth.conformance.run_summary import CHECKS

    entries = [entry for response in operation.responses for entry in response.content]
    left_out = {
        "security": not operation.security or () in operation.security,
        "headers": not any(response.headers for response in operation.responses),
        "streams": not any(entry.is_stream for entry in entries),
        "laws": not any(law.group is None for law in operation.laws),
    }
    plain = [check for check in CHECKS if not left_out.get(check)]
    groups = dict.fromkeys(law.group for law in operation.laws if law.group)
    at = plain.index("transport")
    return (*plain[:at], *(f"laws[{group}]" for group in groups), *plain[at:])


def place_of(config: pytest.Config, finding: Finding) -> tuple[str, str]:
    """The operation and the check whose item shows *finding*: there always is one."""
    from troth.conformance.run_summary import check_of

    own = state(config)
    operation, check = finding.violation.operation, check_of(finding.violation)
    if operation not in own.checks:
        operation = next(iter(own.checks))
    if check == "laws":
        code = finding.code.partition(".")[2]
        group = own.groups.get(finding.violation.law or "") or finding.group or code
        check = f"laws[{group}]" if f"laws[{group}]" in own.checks[operation] else check
    return operation, check if check in own.checks[operation] else own.checks[operation][0]


# -- the run ----------------------------------------------------------------------------------


class _State:
    """What one session knows of its run."""

    def __init__(self, config: pytest.Config) -> None:
        from troth.cli import run_options
        from troth.conformance import files

        self.options = options(config)
        self.contract, self.second = contracts(config)
        try:
            self.settings: Settings = run_options.settings_of(self.contract, self.options)
            self.known = _known(self.options)
            self.reports = run_options.outputs_of(self.options)
            for _, path in self.reports:
                files.check_writable(path)
        except TrothError as fault:
            raise pytest.UsageError(f"troth: {fault}") from None
        only = {word for word in self.settings.only if word not in _codes(self)}
        chosen = [
            operation
            for operation in self.contract.operations
            if not only or only & {operation.name, operation.operation_id}
        ]
        self.checks = {operation.name: checks_of(operation) for operation in chosen}
        self.groups = {law.id: law.group for operation in chosen for law in operation.laws}
        self.outcome: Outcome | None = None
        self.fault: BaseException | None = None
        worker = getattr(config, "workerinput", None)
        self.folder: str | None = worker.get("troth_folder") if worker else None
        self.owns_folder = False
        self._told: set[str] = set()

    def first_told(self, reason: str) -> bool:
        """Whether *reason* is told for the first time: one failure says it, not one per item."""
        first = reason not in self._told
        self._told.add(reason)
        return first


_CONTRACTS = pytest.StashKey["tuple[Contract, Contract | None]"]()
_STATE = pytest.StashKey[_State]()


def state(config: pytest.Config) -> _State:
    """What this session knows of its run."""
    if _STATE not in config.stash:
        config.stash[_STATE] = _State(config)
    return config.stash[_STATE]


def _codes(own: _State) -> list[str]:
    names = {name for op in own.contract.operations for name in (op.name, op.operation_id)}
    return [word for word in own.settings.only if word not in names]


def outcome(config: pytest.Config, selected: Sequence[tuple[str, str]]) -> Outcome:
    """The outcome of the session's run, which is made when it is first asked for.

    It is as large as the *selected* items need: operations, each with a group of checks.
    """
    own = state(config)
    if own.fault is not None:
        raise own.fault
    try:
        if own.outcome is None and own.folder is not None:
            own.outcome = _shared(own, selected, own.folder)
        elif own.outcome is None:
            own.outcome = _run(own, selected, journal=None)
    except (TrothError, OSError) as fault:
        own.fault = fault  # it would only break again, for each item
        raise
    return own.outcome


def _run(own: _State, selected: Sequence[tuple[str, str]], *, journal: str | None) -> Outcome:
    from troth.pytest_plugin import result as results

    return results.of_run(
        own.contract,
        _needed(own, selected),
        known=own.known,
        second=own.second,
        journal=journal,
    )


def _needed(own: _State, selected: Sequence[tuple[str, str]]) -> Settings:
    """The settings, for as much as the items that are selected need."""
    operations = list(dict.fromkeys(operation for operation, _ in selected))
    settings = own.settings
    if set(operations) != set(own.checks):
        settings = replace(settings, only=(*operations, *_codes(own)))
    phases = {phase for _, check in selected for phase in _PHASES.get(check, settings.phases)}
    return replace(settings, phases=tuple(one for one in settings.phases if one in phases))


def _shared(own: _State, selected: Sequence[tuple[str, str]], folder: str) -> Outcome:
    """The run of the worker that came first: made here, or read from its journal."""
    from troth.conformance import journal
    from troth.pytest_plugin import result as results

    file = Path(folder) / "journal.ndjson"
    with _locked(Path(folder) / "lock"):
        if file.exists():
            return results.of_events(journal.read(file))
        unfinished = file.with_suffix(".unfinished")
        made = _run(own, selected, journal=str(unfinished))
        unfinished.replace(file)
        return made


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold *file* for this process alone; the system lets go of it when a process dies."""
    with open(file, "ab") as stream:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:  # it gives up after ten seconds
                    continue
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


# -- the session ------------------------------------------------------------------------------


def configure(config: pytest.Config) -> None:
    """Refuse options that cannot be used before anything is collected."""
    state(config)


def shared_folder(config: pytest.Config) -> str:
    """The folder in which the workers of pytest-xdist find each other's run."""
    own = state(config)
    if own.folder is None:
        own.folder, own.owns_folder = tempfile.mkdtemp(prefix="troth-"), True
    return own.folder


def unconfigure(config: pytest.Config) -> None:
    """Remove the shared folder, in the process that made it."""
    own = config.stash.get(_STATE, None)
    if own is not None and own.owns_folder and own.folder is not None:
        shutil.rmtree(own.folder, ignore_errors=True)


def header(config: pytest.Config) -> str:
    """What is going to be done to whom."""
    own = state(config)
    settings, file = own.settings, own.contract.document.file
    return f"troth: {settings.url} against {file}, at most {settings.max_requests} requests"


def summary(config: pytest.Config) -> Iterator[str]:
    """What the run came to, and how many warnings no item fails for."""
    from troth.conformance import journal
    from troth.conformance.reports.text import counted
    from troth.pytest_plugin import result as results

    own = state(config)
    found = own.outcome
    if found is None and own.owns_folder and own.folder is not None:
        file = Path(own.folder) / "journal.ndjson"
        found = results.of_events(journal.read(file)) if file.exists() else None
    if found is None:
        return
    counts = found.account.counts
    mild = counts["warnings"] and not own.settings.strict
    yield (
        f"troth: {found.verdict}, {counted(counts['errors'], 'error')}, "
        f"{counted(counts['warnings'], 'warning')}{' (--troth-strict fails on them)' * bool(mild)}"
        f", {counted(found.account.requests, 'request')}, {found.account.seconds:.1f} s"
    )
    from troth.conformance import files, reports

    for form, path in own.reports:
        try:
            reports.write(form, path, found.account)
            yield f"troth: {form} report in {path}"
        except files.NotWritten as fault:
            yield f"troth: {fault}"
