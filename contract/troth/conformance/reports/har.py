"""HAR 1.2: every exchange of a run, for the tools that read recordings.

HAR has no word for bytes that are no text in a request; `_encoding`, a custom field as §"Custom
fields" of its specification allows, says so.  A run does not note when a request was sent, so the
times of the entries are its start and what came before.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl

from troth.conformance.events import Cut, Exchanged
from troth.conformance.reports.json import legible
from troth.conformance.reports.parts import status_line
from troth.conformance.run_summary import Account
from troth.http.exchange import Fields, Request, Response

_MOST = 64 * 1024
_MOST_OF_ALL = 32 * 1024 * 1024


def render(account: Account) -> str:
    """The report as HAR."""
    return json.dumps(value(account), indent=1) + "\n"


def value(account: Account) -> dict[str, Any]:
    """The report as a JSON value."""
    tool = {"name": "troth", "version": version("troth")}
    at = _start(account)
    url = account.started.target.rstrip("/") if account.started else ""
    most = max(512, min(_MOST, _MOST_OF_ALL // max(1, len(account.exchanges))))
    entries = []
    for event in account.exchanges:
        entries.append(_entry(event, at, url, most))
        at += timedelta(seconds=max(0.0, event.exchange.seconds))
    return {"log": {"version": "1.2", "creator": tool, "entries": entries}}


def _start(account: Account) -> datetime:
    try:
        found = datetime.fromisoformat(account.started.at if account.started else "")
    except ValueError:
        found = datetime.fromtimestamp(0, UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


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
        "comment": legible(comment),
    }


def _request(request: Request, url: str, most: int, cut: Cut | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "method": request.method,
        "url": legible(url + request.target),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(request.fields),
        "queryString": [
            {"name": legible(name), "value": legible(value)}
            for name, value in parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": cut.size if cut else len(request.body),
    }
    if request.body:
        text, encoding = _text(request.body[:most])
        told["postData"] = {
            "mimeType": legible(request.content_type or ""),
            "params": [],
            "text": text,
            **({"_encoding": encoding} if encoding else {}),
            **_comment(request.body, most, cut),
        }
    return told


def _response(response: Response | None, most: int, cut: Cut | None) -> dict[str, Any]:
    fields = response.fields if response else ()
    body = response.body if response else b""
    text, encoding = _text(body[:most])
    content: dict[str, Any] = {
        "size": cut.size if cut else len(body),
        "mimeType": legible((response.content_type if response else None) or ""),
        "text": text,
        **({"encoding": encoding} if encoding else {}),
        **_comment(body, most, cut),
    }
    status = response.status if response else 0
    return {
        "status": status,
        "statusText": status_line(status).partition(" ")[2] if status else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(fields),
        "content": content,
        "redirectURL": legible((response.field("Location") if response else None) or ""),
        "headersSize": -1,
        "bodySize": cut.size if cut else len(body),
    }


def _headers(fields: Fields) -> list[dict[str, str]]:
    return [{"name": legible(name), "value": legible(value)} for name, value in fields]


def _text(body: bytes) -> tuple[str, str]:
    try:
        return body.decode("utf-8"), ""
    except UnicodeDecodeError:
        return b64encode(body).decode("ascii"), "base64"


def _comment(body: bytes, most: int, cut: Cut | None) -> dict[str, str]:
    if cut:
        return {"comment": f"cut: {cut.size} bytes, SHA-256 {cut.sha256}"}
    return {"comment": f"cut: {len(body)} bytes"} if len(body) > most else {}
