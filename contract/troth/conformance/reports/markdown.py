"""Markdown for the summary of a job or the comment on a change: the verdict, and the findings.

Texts of a server stand in code fences that they cannot close, or are escaped to the last
character that Markdown or HTML reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from troth.conformance.conclusions import Cause
from troth.conformance.events import Finding
from troth.conformance.reports.finding_text import (
    FindingText,
    finding_text,
    notes_of_run,
    other_places,
    rule_place,
    unreached_by_reason,
    unreached_line,
)
from troth.conformance.reports.text import counted, listed, shortened, visible, visible_lines
from troth.conformance.run_summary import OperationSummary, RunSummary

#: GitHub takes 1 MiB of summary, and nobody reads so much.
MOST = 40
_LONGEST = 6000
_NAMED = 12
_MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+|~!&@:$-]")
_SIGNS = {"conforms": "✅", "violations": "❌"}


def render(run: RunSummary) -> str:
    """The report as Markdown."""
    target = _escaped(run.target) if run.started else "the server"
    lines = [
        f"## {_SIGNS.get(run.verdict, '⚠️')} troth: {target} — {run.verdict}",
        "",
        ", ".join(run.numbers("flaky", "known")),
        "",
    ]
    if run.finished and run.reason:
        lines += [_escaped(run.reason), ""]
    lines += _unreached(run)
    lines += [line for note in notes_of_run(run) for line in (_escaped(note), "")]
    lines += _table(run.causes)
    new = [cause for cause in run.causes if not cause.first.known]
    for cause in new[:MOST]:
        lines += _finding(finding_text(run, cause.first), cause)
    if len(new) > MOST:
        lines += [f"… and {counted(len(new) - MOST, 'more finding')}.", ""]
    lines += _operations(run.operations)
    return "\n".join(lines).rstrip() + "\n"


def _unreached(run: RunSummary) -> list[str]:
    """The operations without a success, a line for each reason."""
    reasons = list(unreached_by_reason(run).items())
    if not reasons:
        return []
    lines = [f"**{unreached_line(run)}**", ""]
    for reason, operations in reasons[:MOST]:
        named = listed([_code(name) for name in operations], _NAMED)
        lines.append(f"- {named}: {_escaped(reason)}")
    if len(reasons) > MOST:
        lines.append(f"- … and for {counted(len(reasons) - MOST, 'more reason')}")
    return [*lines, ""]


def _table(causes: Sequence[Cause]) -> list[str]:
    if not causes:
        return []
    rows = ["| | code | operation | what | rule |", "|---|---|---|---|---|"]
    for cause in causes[:MOST]:
        finding = cause.first
        message = _escaped(shortened(finding.violation.message, 160))
        others = len(cause.operations) - 1
        more = f" and {counted(others, 'more place')}" if others else ""
        rows.append(
            f"| {_severity(finding)} | {_code(finding.code)} | "
            f"{_code(finding.violation.operation)}{more} | {message} | "
            f"{_code(rule_place(finding))} |"
        )
    return [*rows, ""]


def _severity(finding: Finding) -> str:
    word = "known" if finding.known else finding.severity
    return f"{word}, flaky" if finding.flaky else word


def _finding(words: FindingText, cause: Cause) -> list[str]:
    finding, answer = words.finding, words.answer
    title = f"{finding.severity} {finding.code} ({finding.id})"
    request = "\n".join((words.request, *words.fields, "", *words.body)).rstrip()
    more = [f"… {answer.note}"] if answer.note else []
    response = "\n".join((answer.line, "", *answer.body, *more)).rstrip()
    lines = [f"<details><summary>{_escaped(title)}</summary>", "", _escaped(words.sentence), ""]
    if words.note:
        lines += [_escaped(words.note), ""]
    if cause.others:
        lines += [f"also at {_escaped(other_places(cause, most=MOST))}", ""]
    if words.steps:
        steps = (f"{step.request}\n  {step.answer}" for step in words.steps)
        lines += [*_fenced("\n".join(steps)), ""]
    lines += [*_fenced(request), "", *_fenced(response), ""]
    if words.curl and len(words.curl) <= _LONGEST:
        lines += [*_fenced(words.curl, "sh"), ""]
    return [*lines, "</details>", ""]


def _operations(operations: Iterable[OperationSummary]) -> list[str]:
    rows = ["| operation | requests | statuses | members | laws held, broken, never applied |"]
    rows.append("|---|---|---|---|---|")
    for operation in operations:
        states = [law.state for law in operation.laws]
        statuses = ", ".join(f"{one} ×{count}" for one, count in operation.statuses.items())  # noqa: RUF001 - a multiplication sign is meant
        exercised = sum(bool(count) for count in operation.members.values())
        rows.append(
            f"| {_code(operation.name or 'no operation')} | {operation.requests} | "
            f"{_escaped(statuses)} | {exercised} of {len(operation.members)} | "
            f"{states.count('held')}, {states.count('broken')}, {states.count('never applied')} |"
        )
    return [*rows, ""] if len(rows) > 2 else []


def _escaped(text: str) -> str:
    """*text* on one line, with nothing that Markdown or HTML would read."""
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", visible(text))


def _code(text: str) -> str:
    """*text* as code in a table, where a bar would end the cell even so."""
    return f"<code>{_escaped(text)}</code>" if text else ""


def _fenced(text: str, language: str = "") -> list[str]:
    safe = visible_lines(shortened(text, _LONGEST))
    longest = max((len(ticks) for ticks in re.findall("`+", safe)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *safe.split("\n"), fence]
