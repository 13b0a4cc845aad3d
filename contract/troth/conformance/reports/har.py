"""HAR 1.2: every exchange of a run, for the tools that read recordings.

HAR has no word for bytes that are no text in a request; `_encoding`, a custom field as §"Custom
fields" of its specification allows, says so.  A run does not note when a request was sent, so the
times of the entries are its start and what came before.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl

from troth.conformance.events import Cut, Exchanged
from troth.conformance.journal import body_json
from troth.conformance.reports.finding_text import status_line, unreached_by_reason, unreached_line
from troth.conformance.reports.text import as_json
from troth.conformance.run_summary import RunSummary
from troth.http.exchange import Fields, Request, Response

_MOST = 64 * 1024
_MOST_OF_ALL = 32 * 1024 * 1024


def render(run: RunSummary) -> str:
    """The report as HAR."""
    at = _start(run)
    url = run.target.rstrip("/")
    most = max(512, min(_MOST, _MOST_OF_ALL // max(1, len(run.exchanges))))
    entries = []
    for event in run.exchanges:
        entries.append(_entry(event, at, url, most))
        at += timedelta(seconds=max(0.0, event.exchange.seconds))
    tool = {"name": "troth", "version": version("troth")}
    log: dict[str, Any] = {"version": "1.2", "creator": tool, "entries": entries}
    notes = [
        f"{reason}: {', '.join(operations)}"
        for reason, operations in unreached_by_reason(run).items()
    ]
    if notes:
        log["comment"] = "; ".join((unreached_line(run), *notes))
    return as_json({"log": log})


def _start(run: RunSummary) -> datetime:
    try:
        start = datetime.fromisoformat(run.started.at if run.started else "")
    except ValueError:
        start = datetime.fromtimestamp(0, UTC)
    return start if start.tzinfo else start.replace(tzinfo=UTC)


def _entry(event: Exchanged, at: datetime, url: str, most: int) -> dict[str, Any]:
    exchange = event.exchange
    milliseconds = max(0.0, exchange.seconds * 1000)
    wait = milliseconds
    if exchange.response is not None and exchange.response.arrivals:
        wait = min(milliseconds, max(0.0, exchange.response.arrivals[0][0] * 1000))
    comment = f"{event.case_id} ({event.purpose}): {event.about}"
    if exchange.fault:
        comment += f"; {exchange.fault}: {exchange.fault_detail}"
    return {
        "startedDateTime": at.isoformat(timespec="milliseconds"),
        "time": milliseconds,
        "request": _request(exchange.request, url, most, event.cuts.get("request")),
        "response": _response(exchange.response, most, event.cuts.get("response")),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": milliseconds - wait},
        "comment": comment,
    }


def _request(request: Request, url: str, most: int, cut: Cut | None) -> dict[str, Any]:
    query = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
    entry: dict[str, Any] = {
        "method": request.method,
        "url": url + request.target,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request.fields),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": cut.size if cut else len(request.body),
    }
    if request.body:
        entry["postData"] = {
            "mimeType": request.content_type or "",
            "params": [],
            **_text(request.body, most, cut, encoding="_encoding"),
        }
    return entry


def _response(response: Response | None, most: int, cut: Cut | None) -> dict[str, Any]:
    response = response or Response(0, (), b"")
    size = cut.size if cut else len(response.body)
    return {
        "status": response.status,
        "statusText": status_line(response.status).partition(" ")[2],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(response.fields),
        "content": {
            "size": size,
            "mimeType": response.content_type or "",
            **_text(response.body, most, cut, encoding="encoding"),
        },
        "redirectURL": response.field("Location") or "",
        "headersSize": -1,
        "bodySize": size,
    }


def _pairs(pairs: Fields | list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _text(body: bytes, most: int, cut: Cut | None, *, encoding: str) -> dict[str, str]:
    """The text of *body*; *encoding* is the member that says of one in Base64 that it is."""
    shown = body_json(body[:most])
    text = {"text": shown["base64"], encoding: "base64"} if "base64" in shown else shown
    if cut:
        text["comment"] = f"cut: {cut.size} bytes, SHA-256 {cut.sha256}"
    elif len(body) > most:
        text["comment"] = f"cut: {len(body)} bytes"
    return text
