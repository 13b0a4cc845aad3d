"""SARIF 2.1.0 (OASIS): the findings as results at the document's lines, for code scanning."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from troth.conformance.events import Finding
from troth.conformance.reports.excerpts import excerpt
from troth.conformance.reports.finding_text import (
    answer_line,
    note,
    notes_of_run,
    sentence,
    step_text,
    unreached_by_reason,
    unreached_line,
)
from troth.conformance.reports.text import as_json, legible, visible_lines
from troth.conformance.run_summary import RunSummary
from troth.http.exchange import Fields

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "hint": "note"}
_BODY = 4000
_NAMED = 100
_BODIES = 8_000_000
#: What GitHub takes of one run; the others are counted in a notification.
MOST = 5000


def render(run: RunSummary) -> str:
    """The report as SARIF."""
    findings = run.findings[:MOST]
    most = max(200, min(_BODY, _BODIES // max(1, 2 * len(findings))))
    first_of: dict[str, Finding] = {}
    for finding in findings:
        first_of.setdefault(finding.code, finding)
    numbers = {code: number for number, code in enumerate(first_of)}
    sarif_run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "troth",
                "version": version("troth"),
                "rules": [_rule(first) for first in first_of.values()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(run)],
        "results": [_result(one, numbers[one.code], most) for one in findings],
    }
    if run.started:
        sarif_run["automationDetails"] = {"id": f"troth/{run.started.title}/"}
    return as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [sarif_run]})


def _rule(first: Finding) -> dict[str, Any]:
    """The rule of a code, whose *first* finding is its worst."""
    return {
        "id": first.code,
        "shortDescription": {"text": first.code.replace(".", ": ").replace("-", " ")},
        "help": {"text": f"`troth explain {first.code}` tells what it means."},
        "defaultConfiguration": {"level": _LEVELS[first.severity]},
    }


def _invocation(run: RunSummary) -> dict[str, Any]:
    # whether the tool did its work, not whether it found anything (§3.20.14)
    invocation: dict[str, Any] = {"executionSuccessful": not run.says_nothing}
    if run.finished:
        invocation["exitCode"] = run.finished.exit_code
    if run.started:
        invocation["startTimeUtc"] = run.started.at
    notes = [
        f"{unreached_line(run)}: {reason}: {', '.join(operations[:_NAMED])}"
        for reason, operations in unreached_by_reason(run).items()
    ]
    notes += notes_of_run(run)
    notes += [run.reason] if run.finished and run.reason else []
    if len(run.findings) > MOST:
        notes.append(f"{len(run.findings) - MOST} more findings are not in this file")
    if notes:
        invocation["toolExecutionNotifications"] = [
            {"level": "note", "message": {"text": visible_lines(text)}} for text in notes
        ]
    return invocation


def _result(finding: Finding, index: int, most: int) -> dict[str, Any]:
    violation, response = finding.violation, finding.example.response
    more = f" ({note(finding)})" if note(finding) else ""
    steps = (f"{one.request}: {one.answer}" for one in map(step_text, finding.steps))
    before = "".join(f"First {step}. " for step in steps)
    message = (
        f"{violation.operation}: {sentence(finding)}{more}. {before}"
        f"It answered {answer_line(finding.example)}."
    )
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": visible_lines(message)},
        "partialFingerprints": {"troth/v1": finding.id},
        "occurrenceCount": max(1, finding.times),
        "locations": [_location(finding)],
        "webRequest": {
            **_HTTP,
            "method": finding.example.request.method,
            "target": finding.example.request.target,
            **_content(finding.example.request.fields, finding.example.request.body, most),
        },
        "webResponse": {"noResponseReceived": True}
        if response is None
        else {
            **_HTTP,
            "statusCode": response.status,
            **_content(response.fields, response.body, most),
        },
    }
    if finding.known:
        result["suppressions"] = [{"kind": "external", "justification": "a known finding"}]
    return result


_HTTP = {"protocol": "HTTP", "version": "1.1"}


def _content(fields: Fields, body: bytes, most: int) -> dict[str, Any]:
    """The header fields and the body of a request or a response."""
    headers: dict[str, str] = {}
    for name, value in fields:
        # RFC 9110 §5.3: fields of one name are a list
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    shown = excerpt(body, most=most)
    return {
        "headers": headers,
        "body": {"text": shown.text + (f"\n[{shown.note}]" if shown.note else "")},
    }


def _location(finding: Finding) -> dict[str, Any]:
    place = finding.violation.place
    location: dict[str, Any] = {
        "logicalLocations": [
            {"fullyQualifiedName": finding.violation.operation, "kind": "function"}
        ]
    }
    if place is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": uri(place.file)},
            "region": {"startLine": max(1, place.line), "startColumn": max(1, place.column)},
        }
    return location


def uri(file: str) -> str:
    """*file* as a URI reference (RFC 3986): relative as it is, absolute with its scheme."""
    path = quote(legible(file).replace("\\", "/"), safe="/@!$&'()*+,;=~-._")
    return f"file://{path}" if path.startswith("/") else path
