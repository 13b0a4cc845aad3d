"""Markdown for the summary of a job or the comment on a change: the verdict, and the findings.

Texts of a server stand in code fences that they cannot close, or are escaped to the last
character that Markdown or HTML reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from troth.conformance.events import Finding
from troth.conformance.reports.parts import Part, part, place_of
from troth.conformance.reports.text import counted, lines, plain, shortened
from troth.conformance.run_summary import Account, OperationAccount

#: GitHub takes 1 MiB of summary, and nobody reads so much.
MOST = 40
_LONGEST = 6000
_MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+|~!&@:$-]")
_SIGNS = {"conforms": "✅", "violations": "❌"}


def render(account: Account) -> str:
    """The report as Markdown."""
    target = escaped(account.started.target) if account.started else "the server"
    told = [
        f"## {_SIGNS.get(account.verdict, '⚠️')} troth: {target} — {account.verdict}",
        "",
        _summary(account),
        "",
    ]
    if account.finished and account.finished.reason:
        told += [escaped(account.finished.reason), ""]
    told += _table(account)
    for finding in account.findings[:MOST]:
        told += _finding(part(account, finding))
    if len(account.findings) > MOST:
        told += [f"… and {counted(len(account.findings) - MOST, 'more finding')}.", ""]
    told += _operations(account.operations)
    return "\n".join(told).rstrip() + "\n"


def _summary(account: Account) -> str:
    counts = account.counts
    words = [counted(counts["errors"], "error"), counted(counts["warnings"], "warning")]
    words += [f"{counts[name]} {name}" for name in ("flaky", "known") if counts[name]]
    words += [counted(account.requests, "request"), f"{account.seconds:.1f} s"]
    return ", ".join(words)


def _table(account: Account) -> list[str]:
    if not account.findings:
        return []
    rows = ["| | code | operation | what | rule |", "|---|---|---|---|---|"]
    for finding in account.findings[:MOST]:
        message = escaped(shortened(finding.violation.message, 160))
        rows.append(
            f"| {_severity(finding)} | {_code(finding.code)} | "
            f"{_code(finding.violation.operation)} | {message} | {_code(place_of(finding))} |"
        )
    return [*rows, ""]


def _severity(finding: Finding) -> str:
    word = "known" if finding.known else finding.severity
    return f"{word}, flaky" if finding.flaky else word


def _finding(told: Part) -> list[str]:
    finding = told.finding
    title = f"{finding.severity} {finding.code} ({finding.id})"
    sent = "\n".join((told.request, *told.fields, "", *told.sent)).rstrip()
    came = told.came + (f" at {told.at}" if told.at else "")
    more = [f"… {told.shown_note}"] if told.shown_note else []
    answer = "\n".join((came, "", *told.shown, *more)).rstrip()
    blocks = [f"<details><summary>{escaped(title)}</summary>", "", escaped(told.sentence), ""]
    if told.note:
        blocks += [escaped(told.note), ""]
    blocks += [*_fenced(sent), "", *_fenced(answer), ""]
    if told.curl and len(told.curl) <= _LONGEST:
        blocks += [*_fenced(told.curl, "sh"), ""]
    return [*blocks, "</details>", ""]


def _operations(operations: Iterable[OperationAccount]) -> list[str]:
    rows = ["| operation | requests | statuses | members | laws held, broken, never applied |"]
    rows.append("|---|---|---|---|---|")
    for operation in operations:
        states = [law.state for law in operation.laws]
        statuses = ", ".join(f"{one} ×{count}" for one, count in operation.statuses.items())  # noqa: RUF001 - a multiplication sign is meant
        exercised = sum(bool(count) for count in operation.members.values())
        rows.append(
            f"| {_code(operation.name or 'no operation')} | {operation.requests} | "
            f"{escaped(statuses)} | {exercised} of {len(operation.members)} | "
            f"{states.count('held')}, {states.count('broken')}, {states.count('never applied')} |"
        )
    return [*rows, ""] if len(rows) > 2 else []


def escaped(text: str) -> str:
    """*text* on one line, with nothing that Markdown or HTML would read."""
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", plain(text))


def _code(text: str) -> str:
    """*text* as code in a table, where a bar would end the cell even so."""
    return f"<code>{escaped(text)}</code>" if text else ""


def _fenced(text: str, language: str = "") -> list[str]:
    safe = lines(shortened(text, _LONGEST))
    longest = max((len(run) for run in re.findall("`+", safe)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *safe.split("\n"), fence]
