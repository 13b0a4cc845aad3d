"""Write findings down: for a person, for a program, for GitHub's annotations.

Documents come from anywhere, so what they say is never trusted to be plain text: no control
character, no terminal escape and no workflow command of theirs gets through.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from troth.errors import Place
from troth.lint.findings import Finding, Severity

_WIDTH = 80
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
# C0 and C1 controls, and the characters that reorder or hide text on a screen (Unicode bidi).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def text(findings: Sequence[Finding], *, file: str) -> str:
    """Write *findings* grouped by severity and code, in 80 columns."""
    lines: list[str] = []
    for severity in _SEVERITIES:
        chosen = [finding for finding in findings if finding.severity == severity]
        for code in dict.fromkeys(finding.code for finding in chosen):
            group = [finding for finding in chosen if finding.code == code]
            count = f" ({len(group)})" if len(group) > 1 else ""
            lines.append(f"{severity} {code}{count}")
            for finding in group:
                lines += _entry(finding)
            lines.append("")
    lines.append(summary(findings, file=file))
    return "\n".join(lines) + "\n"


def _entry(finding: Finding) -> Iterator[str]:
    mended = "  (fix proposed)" if finding.fix else ""
    yield f"  {plain(str(finding.place))}{mended}"
    if finding.pointer:
        yield f"    #{plain(finding.pointer)}"
    yield from textwrap.wrap(
        plain(finding.message),
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )


def summary(findings: Sequence[Finding], *, file: str) -> str:
    """Count the findings of each severity in one line."""
    if not findings:
        return f"{plain(file)}: nothing found"
    counted = [
        (severity, sum(finding.severity == severity for finding in findings))
        for severity in _SEVERITIES
    ]
    words = [f"{count} {_plural(severity, count)}" for severity, count in counted if count]
    fixes = sum(bool(finding.fix) for finding in findings)
    proposed = f"; {fixes} with a proposed fix" if fixes else ""
    return f"{plain(file)}: {', '.join(words)}{proposed}"


def _plural(severity: Severity, count: int) -> str:
    return severity if severity == "info" or count == 1 else severity + "s"


def as_json(findings: Sequence[Finding], *, file: str) -> str:
    """Write *findings* as one JSON object; docs/LINT.md documents its shape."""
    counts = {
        severity: sum(finding.severity == severity for finding in findings)
        for severity in _SEVERITIES
    }
    root = {"file": file, "counts": counts, "findings": [_object(each) for each in findings]}
    # ASCII only: what a document hides in its strings stays visible as escapes
    return json.dumps(root, indent=2) + "\n"


def _object(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "pointer": finding.pointer,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "fix": [
            {"kind": fix.kind, "pointer": fix.pointer}
            | ({} if fix.kind == "remove" else {"value": fix.value})
            for fix in finding.fix
        ],
    }


_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github(findings: Sequence[Finding]) -> str:
    """Write *findings* as workflow commands, which GitHub shows beside the lines."""
    return "".join(
        f"::{_COMMANDS[finding.severity]} {_where(finding.place)},"
        f"title={_property(finding.code)}::{_data(f'{finding.message} (#{finding.pointer})')}\n"
        for finding in findings
    )


def _where(place: Place) -> str:
    return f"file={_property(place.file)},line={place.line},col={place.column}"


def _data(value: str) -> str:
    # the escapes of GitHub's own toolkit (actions/toolkit, core/src/command.ts)
    escaped = value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return plain(escaped)


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def plain(value: str) -> str:
    """Make every character of *value* visible: controls become escapes, surrogates too."""
    visible = _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", value)
    return visible.encode("utf-8", "backslashreplace").decode("utf-8")
