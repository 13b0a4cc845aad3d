"""Write diagnostics down: for a person, for a program, for GitHub's annotations.

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
from troth.lint.diagnostics import Diagnostic, Severity

_WIDTH = 80
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
# C0 and C1 controls, and the characters that reorder or hide text on a screen (Unicode bidi).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def text(diagnostics: Sequence[Diagnostic], *, file: str) -> str:
    """Write *diagnostics* grouped by severity and code, in 80 columns."""
    lines: list[str] = []
    for severity in _SEVERITIES:
        groups: dict[str, list[Diagnostic]] = {}
        for each in diagnostics:
            if each.severity == severity:
                groups.setdefault(each.code, []).append(each)
        for code, group in groups.items():
            count = f" ({len(group)})" if len(group) > 1 else ""
            lines.append(f"{severity} {code}{count}")
            for each in group:
                lines += _entry(each)
            lines.append("")
    lines.append(summary(diagnostics, file=file))
    return "\n".join(lines) + "\n"


def _entry(diagnostic: Diagnostic) -> Iterator[str]:
    mended = "  (fix proposed)" if diagnostic.fix else ""
    yield f"  {plain(str(diagnostic.place))}{mended}"
    if diagnostic.pointer:
        yield f"    #{plain(diagnostic.pointer)}"
    wrapped = textwrap.wrap(plain(diagnostic.message), _WIDTH - 4, break_on_hyphens=False)
    yield from (f"    {line}" for line in wrapped)


def summary(diagnostics: Sequence[Diagnostic], *, file: str) -> str:
    """Count the diagnostics of each severity in one line."""
    if not diagnostics:
        return f"{plain(file)}: nothing found"
    words = [
        f"{count} {severity}{'s' if count > 1 and severity != 'info' else ''}"
        for severity, count in _counts(diagnostics).items()
        if count
    ]
    fixes = sum(bool(each.fix) for each in diagnostics)
    proposed = f"; {fixes} with a proposed fix" if fixes else ""
    return f"{plain(file)}: {', '.join(words)}{proposed}"


def _counts(diagnostics: Sequence[Diagnostic]) -> dict[str, int]:
    severities = [each.severity for each in diagnostics]
    return {severity: severities.count(severity) for severity in _SEVERITIES}


def as_json(diagnostics: Sequence[Diagnostic], *, file: str) -> str:
    """Write *diagnostics* as one JSON object; docs/LINT.md documents its shape."""
    written = [_object(each) for each in diagnostics]
    root = {"file": file, "counts": _counts(diagnostics), "findings": written}
    # ASCII only: what a document hides in its strings stays visible as escapes
    return json.dumps(root, indent=2) + "\n"


def _object(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "pointer": diagnostic.pointer,
        "file": diagnostic.place.file,
        "line": diagnostic.place.line,
        "column": diagnostic.place.column,
        "fix": [
            {"kind": fix.kind, "pointer": fix.pointer}
            | ({} if fix.kind == "remove" else {"value": fix.value})
            for fix in diagnostic.fix
        ],
    }


_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github(diagnostics: Sequence[Diagnostic]) -> str:
    """Write *diagnostics* as workflow commands, which GitHub shows beside the lines."""
    return "".join(
        f"::{_COMMANDS[each.severity]} {_where(each.place)},"
        f"title={_property(each.code)}::{_data(f'{each.message} (#{each.pointer})')}\n"
        for each in diagnostics
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
