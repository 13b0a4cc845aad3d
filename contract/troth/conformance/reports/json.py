"""The summary of a run as one JSON object; docs/report.schema.json is its schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from troth.conformance.conclusions import Cause
from troth.conformance.events import Cut, Finding, Started
from troth.conformance.journal import body_json
from troth.conformance.reports.finding_text import curl_line
from troth.conformance.reports.text import as_json
from troth.conformance.run_summary import OperationSummary, RunSummary, check_of
from troth.http.exchange import Exchange

FORMAT = 1
#: So many bytes of a body are in the report; the journal has more.
_MOST = 16 * 1024
#: And of all bodies together: ten thousand findings are read as well.
_MOST_OF_ALL = 8 * 1024 * 1024
#: What a journal that lacks its beginning tells of the run.
_UNKNOWN = Started(
    target="", document="", digest="", title="", version="", at="", seed=0, operations=()
)


def render(run: RunSummary) -> str:
    """The report as JSON."""
    started, finished = run.started or _UNKNOWN, run.finished
    most = max(512, min(_MOST, _MOST_OF_ALL // max(1, len(run.findings))))
    return as_json(
        {
            "format": FORMAT,
            "tool": {"name": "troth", "version": version("troth")},
            "verdict": run.verdict,
            "exit_code": finished.exit_code if finished else 130,
            "reason": run.reason,
            "target": started.target,
            "document": {
                "file": started.document,
                "overlays": started.overlays,
                "digest": started.digest,
                "title": started.title,
                "version": started.version,
                "faults": started.document_faults,
            },
            "started": run.started.at if run.started else None,
            "seconds": run.seconds,
            "seed": started.seed,
            "settings": started.settings,
            "not_reached": [asdict(one) for one in run.unreached],
            "waited": {
                "requests": len(run.waited),
                "seconds": sum(one.seconds for one in run.waited),
            },
            "requests": run.requests,
            "planned": finished.planned if finished else sum(run.phases.values()),
            "not_run": run.not_run,
            "ended": {
                "spent": finished.spent if finished else "",
                "phases_left": finished.phases_left if finished else [],
                "tokens": finished.tokens if finished else 0,
                "left_behind": finished.left_behind if finished else {},
                "sent_before": finished.sent_before if finished else 0,
            },
            "counts": run.counts,
            "causes": [_cause(one) for one in run.causes],
            "findings": [_finding(run, one, most) for one in run.findings],
            "operations": [_operation(one) for one in run.operations],
            "notes": [],  # a member of the format that nothing fills any more
        }
    )


def _cause(cause: Cause) -> dict[str, Any]:
    """Findings that are one for a reader, by their ids, the worst first."""
    return {
        "code": cause.first.code,
        "severity": cause.first.severity,
        "known": cause.first.known,
        "message": cause.first.violation.message,
        "operations": cause.operations,
        "findings": [finding.id for finding in cause.findings],
    }


def _finding(run: RunSummary, finding: Finding, most: int) -> dict[str, Any]:
    violation = finding.violation
    short = len(finding.example.request.body) <= most or run.bodies is not None
    return {
        "id": finding.id,
        "code": violation.code,
        "severity": finding.severity,
        "check": check_of(violation),
        "operation": violation.operation,
        "message": violation.message,
        "location": violation.location,
        "instance_pointer": violation.instance_pointer,
        "schema_pointer": violation.schema_pointer,
        **{name: getattr(violation.place, name, None) for name in ("file", "line", "column")},
        "status": violation.status,
        "content_type": violation.content_type,
        "law": violation.law,
        "group": finding.group,
        "phase": finding.phase,
        "case": finding.case_id,
        "about": finding.about,
        "times": finding.times,
        "again": finding.again,
        "tries": finding.tries,
        "flaky": finding.flaky,
        "known": finding.known,
        "steps": [_exchange(step.exchange, most, step.cuts) for step in finding.steps],
        "example": _exchange(finding.example, most, finding.cuts),
        "citation": asdict(finding.citation) if finding.citation else None,
        "curl": (curl_line(run, finding) if short else "") or None,
    }


def _exchange(exchange: Exchange, most: int, cuts: Mapping[str, Cut]) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    return {
        "request": {
            "method": request.method,
            "target": request.target,
            "fields": request.fields,
            "body": _body(request.body, most, cuts.get("request")),
        },
        "response": None
        if response is None
        else {
            "status": response.status,
            "fields": response.fields,
            "body": _body(response.body, most, cuts.get("response")),
        },
        "fault": exchange.fault,
        "fault_detail": exchange.fault_detail,
        "seconds": exchange.seconds,
    }


def _body(data: bytes, most: int, cut: Cut | None) -> dict[str, Any]:
    """*data* as `text` or `base64`, at most so much of it, with what it was as a whole."""
    shown = body_json(data[:most])
    if "base64" in shown and "text" in body_json(data):
        shown = {"text": data[:most].decode("utf-8", "ignore")}  # a character lies across the cut
    whole: dict[str, Any] = {"bytes": cut.size if cut else len(data)}
    if cut or len(data) > most:
        whole["cut"] = True
    if cut:
        whole["sha256"] = cut.sha256
    return {**shown, **whole}


#: What is told of an operation, and of a law, under the names that they have in the summary.
_OPERATION = (
    *("name", "requests", "cases", "seconds", "statuses", "intents", "valid"),
    *("members", "branches", "keywords"),
)
_LAW = ("id", "group", "severity", "says", "state", "applied", "held", "broken", "undecided")


def _operation(operation: OperationSummary) -> dict[str, Any]:
    return {
        **{name: getattr(operation, name) for name in _OPERATION},
        "checked": sorted(operation.checked),
        "laws": [{name: getattr(law, name) for name in _LAW} for law in operation.laws],
    }
