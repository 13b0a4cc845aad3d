"""What every report says of a finding, in words: its sentence, request, answer, curl line.

Texts are as they came: each report makes them safe for where it shows them (`text`, escaping).
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from troth import pointer as pointers
from troth.conformance import curl
from troth.conformance.events import Cut, Finding
from troth.conformance.reports.folded import folded
from troth.conformance.reports.streamed import streamed
from troth.conformance.reports.text import Excerpt, counted, excerpt
from troth.conformance.run_summary import Account, check_of
from troth.errors import Place
from troth.http import json_text, media_type
from troth.http.exchange import Exchange, Fields

_NO_FIELDS = ("content-length", "user-agent", "host")


@dataclass(frozen=True, slots=True)
class Part:
    """A finding in words.

    *request* is its line, *fields* the header fields that no usual request has, *sent* its body
    with the rest folded; *came* is the line of the answer, *shown* the part of the body that
    matters; *note* says how often it came.
    """

    finding: Finding
    check: str
    sentence: str
    place: Place | None
    request: str
    fields: tuple[str, ...]
    sent: tuple[str, ...]
    came: str
    at: str
    shown: tuple[str, ...]
    shown_note: str
    note: str
    curl: str


def part(account: Account, finding: Finding, *, width: int = 80, most: int = 600) -> Part:
    """*finding* in words, its bodies laid out in *width* columns and at most *most* bytes."""
    violation, exchange = finding.violation, finding.example
    at, shown, shown_note = _answer(finding, width=width, most=most)
    return Part(
        finding=finding,
        check=check_of(violation),
        sentence=sentence(finding),
        place=violation.place,
        request=f"{exchange.request.method} {exchange.request.target}",
        fields=_fields(account, finding),
        sent=_sent(account, finding, width=width, most=most),
        came=came(exchange),
        at=at,
        shown=shown,
        shown_note=shown_note,
        note=note(finding),
        curl=curl_line(account, finding),
    )


def sentence(finding: Finding) -> str:
    """What is wrong, and where in the message."""
    violation = finding.violation
    at = violation.instance_pointer
    # some messages begin with their pointer
    return (
        f"at {at}: {violation.message}"
        if at and at not in violation.message
        else (violation.message)
    )


def note(finding: Finding) -> str:
    """How often a finding came, whether each time, and whether it counts."""
    others = finding.times - 1
    words = [f"{counted(others, 'other request')} showed it too" if others > 0 else ""]
    if finding.flaky:
        words.append(f"flaky: {finding.again} of {counted(finding.tries, 'repetition')} showed it")
    if finding.known:
        words.append("known: it does not count")
    return "; ".join(word for word in words if word)


def came(exchange: Exchange) -> str:
    """The line of an answer: status, content type, size, or what came instead."""
    response = exchange.response
    words = []
    if response is not None:
        words.append(status_line(response.status))
        words.append(response.content_type or "no Content-Type")
    if exchange.fault:
        words.append(f"{exchange.fault}: {exchange.fault_detail}".removesuffix(": "))
    return ", ".join(words) or "no answer"


def status_line(status: int) -> str:
    """`404 Not Found`, or the number alone for one that has no name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def curl_line(account: Account, finding: Finding) -> str:
    """The line that sends *finding*'s request again; empty when its body was not kept whole."""
    if "request" in finding.cuts:
        return ""
    started = account.started
    given = (started.settings.get("header") if started else None) or ()
    return curl.of(
        finding,
        started.target if started else "http://127.0.0.1",
        given=[str(name) for name in given],
        folder=account.bodies,
    )


def _fields(account: Account, finding: Finding) -> tuple[str, ...]:
    """The header fields of a request that differ from those of a usual one, or are missing."""
    sent = finding.example.request.fields
    usual = account.usual.get(finding.violation.operation)
    if usual is None:
        return tuple(f"{name}: {value}" for name, value in _plain_fields(sent))
    known = {(name.lower(), value) for name, value in usual.fields}
    told = [
        f"{name}: {value}"
        for name, value in _plain_fields(sent)
        if (name.lower(), value) not in known
    ]
    names = {name.lower() for name, _ in sent}
    told += [f"(no {name})" for name, _ in _plain_fields(usual.fields) if name.lower() not in names]
    return tuple(told)


def _plain_fields(fields: Fields) -> list[tuple[str, str]]:
    return [(name, value) for name, value in fields if name.lower() not in _NO_FIELDS]


def _sent(account: Account, finding: Finding, *, width: int, most: int) -> tuple[str, ...]:
    body = finding.example.request.body
    if not body:
        return ()
    value, found = json_of(body)
    if not found or (json_text.encode(value) != body.strip() and _odd(finding)):
        # what is special about it may be how it is written
        told = excerpt(body, most=most, cut=finding.cuts.get("request"))
        return (*told.text.split("\n"), *_note_lines(told))
    usual = account.usual.get(finding.violation.operation)
    keep: tuple[str, ...] = ()
    if finding.violation.location == "request-body":
        keep = _tokens(finding)
    beside = {"usual": usual.value} if usual is not None else {}
    return tuple(folded(value, keep=keep, width=width, **beside))


def _odd(finding: Finding) -> bool:
    return finding.phase == "protocol" or finding.case_id.startswith("protocol/")


def _answer(finding: Finding, *, width: int, most: int) -> tuple[str, tuple[str, ...], str]:
    """The part of an answer's body that matters: its pointer, its lines, what is not shown."""
    response = finding.example.response
    if response is None or not response.body:
        return "", (), ""
    cut = finding.cuts.get("response")
    if media_type.essence(response.content_type or "") == "text/event-stream":
        first = next(iter(_tokens(finding)), "")
        event = int(first) if first.isdecimal() and finding.violation.location == "stream" else None
        return "", tuple(streamed(response.body, event=event, width=width)), _size(cut)
    value, found = json_of(response.body)
    if not found:
        told = excerpt(response.body, most=most, cut=cut)
        return "", tuple(told.text.rstrip("\n").split("\n")), told.note
    tokens = _tokens(finding)
    near = tokens[:-1] if finding.violation.location == "response-body" else ()
    try:
        inner = pointers.resolve(value, pointers.of(near)) if near else value
    except (KeyError, ValueError):
        near, inner = (), value
    if check_of(finding.violation) not in ("bodies", "headers", "laws"):
        # the answer is not at fault, or not in its body: a taste of it is enough
        flat = " ".join(folded(value, width=1_000_000))
        most = _TASTE * width
        return "", (flat if len(flat) <= most else f"{flat[:most]}…",), ""
    keep = [str(token) for token in tokens[len(near) :]] if near else []
    lines = folded(inner, keep=keep, width=width)
    return pointers.of(near), tuple(lines[:_LINES]), _more(lines)


def _tokens(finding: Finding) -> tuple[str, ...]:
    try:
        return pointers.split(finding.violation.instance_pointer)
    except ValueError:
        return ()  # not a pointer into a JSON value: the name of a field, say


def _size(cut: Cut | None) -> str:
    return f"{cut.size:,} bytes in all, SHA-256 {cut.sha256}" if cut else ""


_LINES = 40
_TASTE = 3


def _more(lines: list[str]) -> str:
    return f"{len(lines) - _LINES} more lines" if len(lines) > _LINES else ""


def _note_lines(told: Excerpt) -> tuple[str, ...]:
    return (f"… {told.note}",) if told.note else ()


def json_of(body: bytes) -> tuple[Any, bool]:
    """The JSON value of *body*, and whether it is one."""
    try:
        return json_text.decode(body), True
    except json_text.BadJson:
        return None, False


def place_of(finding: Finding) -> str:
    """`file:line` of the rule, or its pointer where the document has no lines."""
    place, pointer = finding.violation.place, finding.violation.schema_pointer
    if place is not None:
        return f"{place.file}:{place.line}"
    return f"#{pointer}" if pointer else ""
