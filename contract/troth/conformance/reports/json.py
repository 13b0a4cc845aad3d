"""The account of a run as one JSON object; docs/report.schema.json is its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from troth.conformance.event_json import body_json
from troth.conformance.events import Cut, Finding
from troth.conformance.reports.parts import curl_line
from troth.conformance.run_summary import Account, LawAccount, OperationAccount, check_of
from troth.http.exchange import Exchange, Fields

FORMAT = 1
#: So many bytes of a body are in the report; the journal has more.
_MOST = 16 * 1024
#: And of all bodies together: ten thousand findings are read as well.
_MOST_OF_ALL = 8 * 1024 * 1024


def render(account: Account) -> str:
    """The report as JSON, in ASCII: what a server hides in its texts stays visible."""
    return json.dumps(value(account), indent=1) + "\n"


def value(account: Account) -> dict[str, Any]:
    """The report as a JSON value."""
    started, finished = account.started, account.finished
    most = max(512, min(_MOST, _MOST_OF_ALL // max(1, len(account.findings))))
    return {
        "format": FORMAT,
        "tool": {"name": "troth", "version": version("troth")},
        "verdict": account.verdict,
        "exit_code": finished.exit_code if finished else 130,
        "reason": legible(finished.reason) if finished else "the journal has no end",
        "target": legible(started.target) if started else "",
        "document": {
            "file": legible(started.document) if started else "",
            "overlays": [legible(file) for file in started.overlays] if started else [],
            "digest": started.digest if started else "",
            "title": legible(started.title) if started else "",
            "version": legible(started.version) if started else "",
            "faults": [legible(one) for one in started.document_faults] if started else [],
        },
        "started": started.at if started else None,
        "seconds": account.seconds,
        "seed": started.seed if started else 0,
        "settings": _legible(started.settings) if started else {},
        "requests": account.requests,
        "planned": finished.planned if finished else sum(account.phases.values()),
        "not_run": finished.not_run if finished else 0,
        "counts": dict(account.counts),
        "findings": [_finding(account, one, most) for one in account.findings],
        "operations": [_operation(one) for one in account.operations],
        "notes": [],  # the form has them, and no run has anything to note
    }


def _finding(account: Account, finding: Finding, most: int) -> dict[str, Any]:
    violation = finding.violation
    short = len(finding.example.request.body) <= most or account.bodies is not None
    return {
        "id": finding.id,
        "code": violation.code,
        "severity": finding.severity,
        "check": check_of(violation),
        "operation": legible(violation.operation),
        "message": legible(violation.message),
        "location": violation.location,
        "instance_pointer": legible(violation.instance_pointer),
        "schema_pointer": legible(violation.schema_pointer),
        "file": violation.place.file if violation.place else None,
        "line": violation.place.line if violation.place else None,
        "column": violation.place.column if violation.place else None,
        "status": violation.status,
        "content_type": violation.content_type and legible(violation.content_type),
        "law": violation.law,
        "group": finding.group,
        "phase": finding.phase,
        "case": finding.case_id,
        "about": legible(finding.about),
        "times": finding.times,
        "again": finding.again,
        "tries": finding.tries,
        "flaky": finding.flaky,
        "known": finding.known,
        "example": _exchange(finding, finding.example, most),
        "curl": (legible(curl_line(account, finding)) if short else "") or None,
    }


def _exchange(finding: Finding, exchange: Exchange, most: int) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    return {
        "request": {
            "method": request.method,
            "target": legible(request.target),
            "fields": _fields(request.fields),
            "body": body(request.body, most, finding.cuts.get("request")),
        },
        "response": None
        if response is None
        else {
            "status": response.status,
            "fields": _fields(response.fields),
            "body": body(response.body, most, finding.cuts.get("response")),
        },
        "fault": exchange.fault,
        "fault_detail": legible(exchange.fault_detail),
        "seconds": exchange.seconds,
    }


def body(data: bytes, most: int, cut: Cut | None) -> dict[str, Any]:
    """*data* as `text` or `base64`, at most so much of it, with what it was as a whole."""
    shown = body_json(data[:most])
    if "base64" in shown and "text" in body_json(data):
        shown = {"text": data[:most].decode("utf-8", "ignore")}  # a character lies across the cut
    told: dict[str, Any] = {**shown, "bytes": cut.size if cut else len(data)}
    if cut or len(data) > most:
        told["cut"] = True
    if cut:
        told["sha256"] = cut.sha256
    return told


def _fields(fields: Fields) -> list[list[str]]:
    return [[legible(name), legible(value)] for name, value in fields]


def _operation(operation: OperationAccount) -> dict[str, Any]:
    return {
        "name": legible(operation.name),
        "requests": operation.requests,
        "cases": operation.cases,
        "seconds": operation.seconds,
        "statuses": dict(operation.statuses),
        "intents": dict(operation.intents),
        "members": _legible(operation.members),
        "branches": _legible(operation.branches),
        "keywords": _legible(operation.keywords),
        "checked": sorted(operation.checked),
        "laws": [_law(law) for law in operation.laws],
    }


def _law(law: LawAccount) -> dict[str, Any]:
    return {
        "id": legible(law.id),
        "group": legible(law.group),
        "severity": law.severity,
        "says": legible(law.says),
        "state": law.state,
        "applied": law.applied,
        "held": law.held,
        "broken": law.broken,
        "undecided": law.undecided,
    }


def legible(text: str) -> str:
    """*text* without lone surrogates, which no JSON text may hold (RFC 8259 §8.2)."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _legible(value: Any) -> Any:
    if isinstance(value, str):
        return legible(value)
    if isinstance(value, Mapping):
        return {legible(name): _legible(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_legible(item) for item in value]
    return value
