"""Workflow commands of GitHub Actions: the findings as annotations at the document's lines.

A step shows ten annotations of each kind, so the worst ten are given and the rest counted.
"""

from __future__ import annotations

from troth.conformance.events import Finding
from troth.conformance.reports.parts import came, curl_line, note, sentence
from troth.conformance.reports.text import counted, plain, shortened
from troth.conformance.run_summary import Account

MOST = 10
_LONGEST = 2000
_COMMANDS = {"error": "error", "warning": "warning", "hint": "notice"}


def render(account: Account) -> str:
    """The report as workflow commands, one a line."""
    told = [finding for finding in account.findings if not finding.known]
    lines = [_annotation(account, finding) for finding in told[:MOST]]
    if len(told) > MOST:
        more = counted(len(told) - MOST, "more finding")
        lines.append(f"::notice title=troth::{more}: the other reports have all of them")
    if account.verdict in ("inconclusive", "unreachable", "interrupted"):
        reason = account.finished.reason if account.finished else "the journal has no end"
        lines.append(f"::error title={_property(f'troth: {account.verdict}')}::{_data(reason)}")
    return "".join(f"{line}\n" for line in lines)


def _annotation(account: Account, finding: Finding) -> str:
    violation, place = finding.violation, finding.violation.place
    where = ""
    if place is not None:
        where = f"file={_property(place.file)},line={place.line},col={place.column},"
    more = note(finding)
    message = "\n".join(
        line
        for line in (
            f"{violation.operation}: {shortened(sentence(finding), _LONGEST)}",
            f"It answered {came(finding.example)}."
            + (f" {more[0].upper()}{more[1:]}." if more else ""),
            _curl(curl_line(account, finding)),
        )
        if line
    )
    title = _property(finding.code)
    return f"::{_COMMANDS[finding.severity]} {where}title={title}::{_data(message)}"


def _curl(line: str) -> str:
    return line if len(line) <= _LONGEST else ""


def _data(value: str) -> str:
    # the escapes of GitHub's own toolkit (actions/toolkit, core/src/command.ts)
    visible = "\n".join(plain(line) for line in value.split("\n"))
    return visible.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(plain(value)).replace(":", "%3A").replace(",", "%2C")
