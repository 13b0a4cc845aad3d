"""Events as JSON objects and back, nothing lost: bodies byte for byte, fields in their order.

A body is `{"text": …}` where it is UTF-8 and `{"base64": …}` where it is not.  The pieces in which
a body arrived are kept as their times and lengths.  What is absent, or has its default, is not
written; members that this version does not know are passed over.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from troth.conformance.events import (
    Cut,
    Event,
    Exchanged,
    Finding,
    Finished,
    Found,
    PhaseStarted,
    Started,
)
from troth.errors import Place
from troth.http.exchange import Exchange, Request, Response
from troth.violation import Violation

_KINDS: dict[str, type[Any]] = {
    "started": Started,
    "phase": PhaseStarted,
    "exchanged": Exchanged,
    "found": Found,
    "finished": Finished,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_json(event: Event) -> dict[str, Any]:
    """*event* as a JSON object; its kind is the member `event`."""
    name = _NAMES[type(event)]
    value = finding_json(event.finding) if isinstance(event, Found) else _plain(event)
    return {"event": name, **value}


def of_json(raw: Mapping[str, Any]) -> Event | None:
    """The event in *raw*; None for a kind that this version does not know.

    Raises ValueError, TypeError or KeyError for what no version wrote.
    """
    kind = _KINDS.get(raw["event"])
    if kind is None:
        return None
    if kind is Found:
        return Found(_read(Finding, raw))
    event: Event = _read(kind, raw)
    return event


def finding_json(finding: Finding) -> dict[str, Any]:
    """*finding* as a JSON object."""
    return _plain(finding)


def body_json(body: bytes) -> dict[str, str]:
    """*body* as text if it is UTF-8, else in Base64."""
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode("ascii")}


def body_of(raw: Mapping[str, Any]) -> bytes:
    """The body that `body_json` wrote."""
    if "base64" in raw:
        return b64decode(raw["base64"], validate=True)
    text: str = raw["text"]
    return text.encode("utf-8")


def _plain(value: Any) -> dict[str, Any]:
    """A value of ours as a JSON object, without the members that have their defaults."""
    written: dict[str, Any] = {}
    for one in fields(value):
        item = getattr(value, one.name)
        if one.default is MISSING or item != one.default:
            written[one.name] = _WRITE.get(one.name, _same)(item)
    return written


def _read(kind: type[Any], raw: Mapping[str, Any]) -> Any:
    given: dict[str, Any] = {}
    for one in fields(kind):
        if one.name in raw:
            given[one.name] = _READ.get(one.name, _tuple_if(one))(raw[one.name])
    return kind(**given)


def _same(value: Any) -> Any:
    return value


def _tuple_if(one: Field[Any]) -> Callable[[Any], Any]:
    # annotations are strings here (PEP 563)
    return tuple if str(one.type).startswith("tuple") else _same


def _exchange_json(exchange: Exchange) -> dict[str, Any]:
    written: dict[str, Any] = {
        "request": {
            "method": exchange.request.method,
            "target": exchange.request.target,
            "fields": exchange.request.fields,
            "body": body_json(exchange.request.body),
        }
    }
    if exchange.response is not None:
        written["response"] = _response_json(exchange.response)
    if exchange.fault is not None:
        written["fault"] = exchange.fault
    if exchange.fault_detail:
        written["fault_detail"] = exchange.fault_detail
    written["seconds"] = exchange.seconds
    return written


def _response_json(response: Response) -> dict[str, Any]:
    written: dict[str, Any] = {
        "status": response.status,
        "fields": response.fields,
        "body": body_json(response.body),
    }
    if response.arrivals:
        pieces = [piece for _, piece in response.arrivals]
        if b"".join(pieces) == response.body:
            written["arrivals"] = [[at, len(piece)] for at, piece in response.arrivals]
        else:
            written["arrivals"] = [[at, body_json(piece)] for at, piece in response.arrivals]
    return written


def _exchange_of(raw: Mapping[str, Any]) -> Exchange:
    request, response = raw["request"], raw.get("response")
    return Exchange(
        Request(request["method"], request["target"], _fields(request), body_of(request["body"])),
        _response_of(response) if response is not None else None,
        raw.get("fault"),
        raw.get("fault_detail", ""),
        raw.get("seconds", 0.0),
    )


def _response_of(raw: Mapping[str, Any]) -> Response:
    body = body_of(raw["body"])
    arrivals: list[tuple[float, bytes]] = []
    offset = 0
    for at, piece in raw.get("arrivals", ()):
        if isinstance(piece, int):
            arrivals.append((at, body[offset : offset + piece]))
            offset += piece
        else:
            arrivals.append((at, body_of(piece)))
    return Response(raw["status"], _fields(raw), body, tuple(arrivals))


def _fields(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in raw["fields"])


def _violation_of(raw: Mapping[str, Any]) -> Violation:
    violation: Violation = _read(Violation, raw)
    return violation


def _place_json(place: Place | None) -> Any:
    return None if place is None else [place.file, place.line, place.column]


#: Members whose values are values of ours: how they are written, and how they are read.
_WRITE: dict[str, Callable[[Any], Any]] = {
    "exchange": _exchange_json,
    "example": _exchange_json,
    "violation": _plain,
    "violations": lambda items: [_plain(item) for item in items],
    "place": _place_json,
    "cuts": lambda cuts: {name: _plain(cut) for name, cut in cuts.items()},
}
_READ: dict[str, Callable[[Any], Any]] = {
    "exchange": _exchange_of,
    "example": _exchange_of,
    "violation": _violation_of,
    "violations": lambda items: tuple(map(_violation_of, items)),
    "place": lambda raw: None if raw is None else Place(*raw),
    "cuts": lambda raw: {name: _read(Cut, cut) for name, cut in raw.items()},
}
