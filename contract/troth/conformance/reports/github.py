"""Workflow commands of GitHub Actions: the findings as annotations at the document's lines.

A step shows ten annotations of each kind, so the worst ten are given and the rest counted.
"""

from __future__ import annotations

from troth.conformance.conclusions import Cause
from troth.conformance.reports.finding_text import (
    answer_line,
    curl_line,
    note,
    sentence,
    step_text,
    unreached_by_reason,
    unreached_line,
)
from troth.conformance.reports.text import counted, shortened, visible
from troth.conformance.run_summary import RunSummary

MOST = 10
_LONGEST = 2000
_COMMANDS = {"error": "error", "warning": "warning", "hint": "notice"}


def render(run: RunSummary) -> str:
    """The report as workflow commands, one a line."""
    new = [cause for cause in run.causes if not cause.first.known]
    lines = [_unreached(run)] if run.unreached else []
    lines += [_annotation(run, cause) for cause in new[:MOST]]
    if len(new) > MOST:
        more = counted(len(new) - MOST, "more finding")
        lines.append(f"::notice title=troth::{more}: the other reports have all of them")
    if run.says_nothing:
        lines.append(f"::error title={_property(f'troth: {run.verdict}')}::{_data(run.reason)}")
    return "".join(f"{line}\n" for line in lines)


def _unreached(run: RunSummary) -> str:
    """The operations without a success: what a pass says nothing of."""
    lines = [
        f"{shortened(', '.join(operations), _LONGEST)}: {reason}"
        for reason, operations in unreached_by_reason(run).items()
    ]
    message = "\n".join(lines[:MOST])
    return f"::notice title={_property(f'troth: {unreached_line(run)}')}::{_data(message)}"


def _annotation(run: RunSummary, cause: Cause) -> str:
    finding = cause.first
    violation, place = finding.violation, finding.violation.place
    where = ""
    if place is not None:
        where = f"file={_property(place.file)},line={place.line},col={place.column},"
    more, curl = note(finding), curl_line(run, finding)
    message = (
        f"{violation.operation}: {shortened(sentence(finding), _LONGEST)}\n"
        + "".join(
            f"{number}. {step.request}: {step.answer}\n"
            for number, step in enumerate(map(step_text, finding.steps), 1)
        )
        + f"It answered {answer_line(finding.example)}."
        + _others(cause)
        + (f" {more[0].upper()}{more[1:]}." if more else "")
        + (f"\n{curl}" if curl and len(curl) <= _LONGEST else "")
    )
    title = _property(finding.code)
    return f"::{_COMMANDS[finding.severity]} {where}title={title}::{_data(message)}"


def _others(cause: Cause) -> str:
    others = cause.operations[1:]
    return f" So it is at {shortened(', '.join(others), _LONGEST)}." if others else ""


def _data(value: str) -> str:
    # the escapes of GitHub's own toolkit (actions/toolkit, core/src/command.ts)
    lines = "\n".join(visible(line) for line in value.split("\n"))
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(visible(value)).replace(":", "%3A").replace(",", "%2C")
