"""SARIF 2.1.0 (OASIS): the findings as results at the document's lines, for code scanning."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from troth.conformance.events import Finding
from troth.conformance.reports.json import legible
from troth.conformance.reports.parts import came, note, sentence
from troth.conformance.reports.text import excerpt, lines
from troth.conformance.run_summary import Account
from troth.errors import Place
from troth.http.exchange import Exchange, Fields

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "hint": "note"}
_BODY = 4000
_BODIES = 8_000_000
#: What GitHub takes of one run; the others are counted in a notification.
MOST = 5000


def render(account: Account) -> str:
    """The report as SARIF."""
    return json.dumps(value(account), indent=1) + "\n"


def value(account: Account) -> dict[str, Any]:
    """The report as a JSON value."""
    findings = account.findings[:MOST]
    most = max(200, min(_BODY, _BODIES // max(1, 2 * len(findings))))
    codes = list(dict.fromkeys(finding.code for finding in findings))
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "troth",
                "version": version("troth"),
                "rules": [_rule(code, findings) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(account)],
        "results": [_result(one, codes.index(one.code), most) for one in findings],
    }
    if account.started:
        run["automationDetails"] = {"id": legible(f"troth/{account.started.title}/")}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, findings: tuple[Finding, ...]) -> dict[str, Any]:
    first = next(finding for finding in findings if finding.code == code)
    return {
        "id": legible(code),
        "shortDescription": {"text": legible(code.replace(".", ": ").replace("-", " "))},
        "help": {"text": f"`troth explain {legible(code)}` tells what it means."},
        "defaultConfiguration": {"level": _LEVELS[first.severity]},
    }


def _invocation(account: Account) -> dict[str, Any]:
    finished = account.finished
    told: dict[str, Any] = {
        # whether the tool did its work, not whether it found anything (§3.20.14)
        "executionSuccessful": account.verdict in ("conforms", "violations"),
    }
    if finished:
        told["exitCode"] = finished.exit_code
    if account.started:
        told["startTimeUtc"] = account.started.at
    notes = [finished.reason] if finished and finished.reason else []
    if len(account.findings) > MOST:
        notes.append(f"{len(account.findings) - MOST} more findings are not in this file")
    if notes:
        told["toolExecutionNotifications"] = [
            {"level": "note", "message": {"text": legible(lines(text))}} for text in notes
        ]
    return told


def _result(finding: Finding, index: int, most: int) -> dict[str, Any]:
    violation = finding.violation
    more = note(finding)
    result: dict[str, Any] = {
        "ruleId": legible(finding.code),
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {
            "text": legible(
                lines(
                    f"{violation.operation}: {sentence(finding)}"
                    + (f" ({more})" if more else "")
                    + f". It answered {came(finding.example)}."
                )
            )
        },
        "partialFingerprints": {"troth/v1": finding.id},
        "occurrenceCount": max(1, finding.times),
        "locations": [_location(violation.place, violation.operation)],
        "webRequest": _request(finding.example, most),
    }
    if finding.example.response is not None:
        result["webResponse"] = _response(finding.example, most)
    else:
        result["webResponse"] = {"noResponseReceived": True}
    if finding.known:
        result["suppressions"] = [{"kind": "external", "justification": "a known finding"}]
    return result


def _location(place: Place | None, operation: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": legible(operation), "kind": "function"}]
    }
    if place is not None:
        told["physicalLocation"] = {
            "artifactLocation": {"uri": uri(place.file)},
            "region": {"startLine": max(1, place.line), "startColumn": max(1, place.column)},
        }
    return told


def uri(file: str) -> str:
    """*file* as a URI reference (RFC 3986): relative as it is, absolute with its scheme."""
    path = quote(legible(file).replace("\\", "/"), safe="/@!$&'()*+,;=~-._")
    if path.startswith("/"):
        return f"file://{path}"
    return path


def _request(exchange: Exchange, most: int) -> dict[str, Any]:
    request = exchange.request
    return {
        "protocol": "HTTP",
        "version": "1.1",
        "method": request.method,
        "target": legible(request.target),
        "headers": _headers(request.fields),
        "body": {"text": _text(request.body, most)},
    }


def _response(exchange: Exchange, most: int) -> dict[str, Any]:
    response = exchange.response
    assert response is not None
    return {
        "protocol": "HTTP",
        "version": "1.1",
        "statusCode": response.status,
        "headers": _headers(response.fields),
        "body": {"text": _text(response.body, most)},
    }


def _headers(fields: Fields) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in fields:
        # RFC 9110 §5.3: fields of one name are a list
        key = legible(name)
        joined[key] = f"{joined[key]}, {legible(value)}" if key in joined else legible(value)
    return joined


def _text(body: bytes, most: int) -> str:
    told = excerpt(body, most=most)
    return legible(told.text) + (f"\n[{told.note}]" if told.note else "")
