"""A test for each operation and group of checks; each reads the session's one run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from troth.errors import TrothError
from troth.pytest_plugin import session as pytest_run

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
        return list(items(self.session))


class OfOperation(pytest.Collector):
    """One operation of the document."""

    def collect(self) -> list[pytest.Item]:
        """Give nothing: `items` makes them all."""
        return []


class Check(pytest.Item):
    """One group of checks of one operation."""

    operation = ""
    check = ""

    def runtest(self) -> None:
        """Fail if the run found something that belongs here."""
        found = pytest_run.outcome(self.config, self._selected())
        mine = [
            one
            for one in found.findings
            if pytest_run.place_of(self.config, one) == (self.operation, self.check)
        ]
        counted = [one for one in mine if one.severity == "error" or self._strict]
        if counted:
            raise Departs(found.told(counted))
        if found.verdict not in ("conforms", "violations"):
            reason = found.finished.reason if found.finished else ""
            told = f"{found.verdict}: {reason}" if reason else found.verdict
            if pytest_run.state(self.config).first_told(told):
                raise Undecided(told)
            pytest.skip(f"troth: {told}")
        if not mine and not found.judged(self.operation, self.check):
            pytest.skip("troth: nothing of this came up in the run")
        if mine:
            self.add_report_section("call", "warnings", found.told(mine))

    @property
    def _strict(self) -> bool:
        return pytest_run.state(self.config).settings.strict

    def _selected(self) -> list[tuple[str, str]]:
        # under pytest-xdist each worker has all that are selected, whichever it executes
        found = [item for item in self.session.items if isinstance(item, Check)]
        return [(item.operation, item.check) for item in found]

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


def items(session: pytest.Session) -> Iterator[Check]:
    """All our items, in the document's order."""
    above = Server.from_parent(session, name=_NAME, nodeid=_NAME)
    for operation, checks in pytest_run.state(session.config).checks.items():
        nodeid = f"{_NAME}::{operation}"
        node = OfOperation.from_parent(above, name=operation, nodeid=nodeid)
        for check in checks:
            item = Check.from_parent(node, name=check, nodeid=f"{nodeid}::{check}")
            item.operation, item.check = operation, check
            item.add_marker("troth")
            yield item
