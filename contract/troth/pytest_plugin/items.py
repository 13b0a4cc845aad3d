"""A test for each operation and group of checks; each reads the session's one run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from troth.errors import TrothError
from troth.pytest_plugin import session_run

_NAME = "troth"


class Departs(Exception):
    """The server departs from its document; *text* tells how."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Undecided(Exception):
    """The run could not say anything."""


class Server(pytest.Collector):
    """The server under test: what stands above our items in the tree."""

    def collect(self) -> list[pytest.Item]:
        """Give the items of all operations."""
        return list(all_items(self.session))


class OfOperation(pytest.Collector):
    """One operation of the document."""

    def collect(self) -> list[pytest.Item]:
        """Give nothing: `all_items` makes them."""
        return []


class Check(pytest.Item):
    """One group of checks of one operation."""

    operation = ""
    check = ""

    def runtest(self) -> None:
        """Fail if the run found something that belongs here."""
        run = session_run.of(self.config)
        outcome = run.outcome(self._selected())
        own = (self.operation, self.check)
        findings = [one for one in outcome.findings if run.place_of(one) == own]
        failing = [one for one in findings if one.severity == "error" or run.settings.strict]
        if failing:
            raise Departs(outcome.in_words(failing))
        if outcome.verdict not in ("conforms", "violations"):
            reason = outcome.finished.reason if outcome.finished else ""
            verdict = f"{outcome.verdict}: {reason}" if reason else outcome.verdict
            if run.is_news(verdict):
                raise Undecided(verdict)
            pytest.skip(f"troth: {verdict}")
        if not findings and not outcome.judged(self.operation, self.check):
            pytest.skip("troth: nothing of this came up in the run")
        if findings:
            self.add_report_section("call", "warnings", outcome.in_words(findings))

    def _selected(self) -> list[tuple[str, str]]:
        # under pytest-xdist each worker has all that are selected, whichever it executes
        checks = [item for item in self.session.items if isinstance(item, Check)]
        return [(item.operation, item.check) for item in checks]

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Tell the findings, without a traceback of ours."""
        if isinstance(excinfo.value, Departs):
            return excinfo.value.text.rstrip("\n")
        if isinstance(excinfo.value, (Undecided, TrothError)):
            return f"troth: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says that the test is: in no file."""
        return self.path, None, f"{self.operation}::{self.check}"


def all_items(session: pytest.Session) -> Iterator[Check]:
    """All our items, in the document's order."""
    server = Server.from_parent(session, name=_NAME, nodeid=_NAME)
    for operation, checks in session_run.of(session.config).checks.items():
        nodeid = f"{_NAME}::{operation}"
        node = OfOperation.from_parent(server, name=operation, nodeid=nodeid)
        for check in checks:
            item = Check.from_parent(node, name=check, nodeid=f"{nodeid}::{check}")
            item.operation, item.check = operation, check
            item.add_marker("troth")
            yield item
