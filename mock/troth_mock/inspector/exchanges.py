"""What the journal's bytes mean: the exchanges as the control API and the log tell them.

Everything is worked out when somebody asks, and held to the document then.  What is shown has been
through the one registry of secrets first.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from troth.conformance.citations import Citations
from troth.conformance.redaction import Redactor, key_secrets, may_be_mark, sent_secrets
from troth.errors import TrothError
from troth.http import json_text, media_type
from troth.http.exchange import Exchange, Fields, Request, Response
from troth.openapi.contract import Contract
from troth.validation import validator
from troth.violation import Violation
from troth_mock.inspector.journal import Entry, Journal
from troth_mock.inspector.wire import (
    Head,
    SentEvent,
    count_events,
    read_content,
    read_events,
    read_head,
)
from troth_mock.responding.responder import meant

Json = dict[str, Any]

#: What a member of an error is called that says why, in the order in which they are looked for.
_WHY = ("message", "detail", "error_description", "title", "error", "reason", "description")
#: So many secrets of one request are looked for outside their own places.
_MOST_SECRETS = 40
#: So much of a reason is told.
_LONGEST = 300


class Exchanges:
    """Reads the entries of *journal* by *contract*; *allows* tells which origins may read answers.

    *secrets* are taken out of what is told.
    """

    def __init__(
        self,
        contract: Contract,
        journal: Journal,
        *,
        secrets: Iterable[str],
        allows: Callable[[str], bool],
    ) -> None:
        self.journal = journal
        self._secrets = tuple(secrets)
        # the same client sends the same credentials again and again
        self._redactors = lru_cache(maxsize=64)(self._redactor_of)
        self._allows = allows
        self.use(contract)

    def use(self, contract: Contract) -> None:
        """Read by *contract* from now on."""
        self._contract = contract
        schemes = (
            scheme
            for operation in contract.operations
            for schemes in operation.security
            for scheme in schemes
        )
        self._keys = frozenset(one.parameter for one in schemes if one.location == "header")
        self._redactors.cache_clear()
        self.redactor = self._redactors(())
        self._citations = Citations(contract)

    def _redactor_of(self, secrets: tuple[str, ...]) -> Redactor:
        return Redactor((*self._secrets, *secrets), fields=self._keys, of_clients=True)

    def redactor_for(self, entry: Entry) -> Redactor:
        """What takes out of all that is told of *entry* what its client sent as secrets."""
        request = entry.asked
        match = meant(self._contract, request)
        keys = () if match is None else key_secrets(match, request)
        secrets = dict.fromkeys((*keys, *sent_secrets(request)))
        return self._redactors(tuple(secrets)[:_MOST_SECRETS])

    def time(self, entry: Entry) -> str:
        """When *entry* began."""
        at = datetime.fromtimestamp(self.journal.epoch + entry.began, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def summary(self, entry: Entry) -> Json:
        """What a list shows of *entry*."""
        known: Json | None = entry.known.get("summary")
        if known is None:
            known = self._summary(entry)
            if entry.ended is not None:
                entry.known["summary"] = known
        return known

    def whole(self, entry: Entry) -> Json:
        """All that is known of *entry*."""
        head = _head(entry)
        content = b"" if head is None else read_content(head, entry.pieces)
        response = None if head is None else Response(head.status, head.fields, content)
        redactor = self.redactor_for(entry)
        shown = redactor.exchange(Exchange(_request(entry), response))
        answer = None
        if head is not None and shown.response is not None:
            is_cut = entry.sent > sum(len(piece) for _, piece in entry.pieces)
            length = None if is_cut and head.is_chunked else len(content)
            size = entry.sent - head.size if length is None else length
            answer = {
                "status": head.status,
                "fields": fields_of(shown.response.fields),
                "body": body_of(shown.response.body, shown.response.fields, size, is_cut=is_cut),
                "events": list(_events(entry, redactor)) if head.is_stream else None,
            }
        return {
            **self.summary(entry),
            "request": {
                "method": shown.request.method,
                "target": shown.request.target,
                "fields": fields_of(shown.request.fields),
                "body": body_of(
                    shown.request.body,
                    shown.request.fields,
                    entry.size,
                    is_cut=entry.size > len(entry.body),
                ),
            },
            "response": answer,
            "violations_of_request": [
                self._violation(one, redactor.text) for one in self.violations(entry)
            ],
            "near": [_near(one, redactor.text) for one in entry.near],
        }

    def request(self, entry: Entry) -> Request:
        """The request of *entry*, without secrets."""
        return self.redactor_for(entry).exchange(Exchange(_request(entry), None)).request

    def is_stream(self, entry: Entry) -> bool:
        """Whether *entry* was answered with a stream."""
        head = _head(entry)
        return head is not None and head.is_stream

    def violations(self, entry: Entry) -> tuple[Violation, ...]:
        """What the document does not allow in the request of *entry*."""
        known: tuple[Violation, ...] | None = entry.known.get("violations")
        if known is None:
            entry.known["violations"] = known = self._violations(entry)
        return known

    def contains(self, entry: Entry, text: str) -> bool:
        """Whether *text* stands anywhere in *entry*, whatever its case."""
        wanted = text.lower()
        request = _request(entry)
        sent = b"".join(data for _, data in entry.pieces).decode("utf-8", "replace")
        if not (may_be_mark(wanted) or _is_in(wanted, request, sent, entry)):
            # nor is it there without secrets, and to take these out takes a hundred times as long
            return False
        redactor = self.redactor_for(entry)
        request = redactor.exchange(Exchange(request, None)).request
        return _is_in(wanted, request, redactor.text(sent), entry)

    def _summary(self, entry: Entry) -> Json:
        head, match = _head(entry), meant(self._contract, entry.asked)
        status = None if head is None else head.status
        violations = self.violations(entry)
        redact = self.redactor_for(entry).text
        events = count_events(head, entry.pieces) if head and head.is_stream else None
        return {
            "id": entry.number,
            "time": self.time(entry),
            "duration": None if entry.ended is None else round(entry.ended - entry.began, 6),
            "session": entry.session,
            "method": entry.head.method,
            "target": redact(entry.head.target),
            "operation": None if match is None else match.operation.name,
            "status": status,
            "request_bytes": entry.size,
            "response_bytes": entry.sent,
            "events": events,
            "violations": sum(one.severity == "error" for one in violations),
            "hints": sum(one.severity == "hint" for one in violations),
            "reason": self._reason(entry, head, violations, redact),
            "labels": dict(entry.labels),
            "state": entry.state,
        }

    def _violations(self, entry: Entry) -> tuple[Violation, ...]:
        if entry.size > len(entry.body):
            return ()  # of what was not kept nothing can be said
        match = meant(self._contract, entry.asked)
        if match is None:
            return ()
        try:
            return validator.request_violations(match, entry.asked)
        except (TrothError, RecursionError):
            # a document that cannot be used has been told to the client
            return ()

    def _reason(
        self,
        entry: Entry,
        head: Head | None,
        violations: tuple[Violation, ...],
        redact: Callable[[str], str],
    ) -> str | None:
        """Why a request was refused, or why its page cannot read the answer."""
        origin = entry.head.field("origin")
        if origin is not None and not self._allows(origin):
            return (
                f"the page at {origin} may not read this: "
                f"start the mock with --cors-origin {origin} to let it in"
            )
        if head is None or head.status < 400:
            return None
        errors = [one for one in violations if one.severity == "error"]
        if errors and not entry.labels:
            first = errors[0]
            where = f"{first.instance_pointer}: " if first.instance_pointer else ""
            place = f" ({first.place})" if first.place is not None else ""
            return redact(f"{where}{first.message}"[:_LONGEST] + place)
        said = _why(read_content(head, entry.pieces))
        return None if said is None else redact(said[:_LONGEST])

    def _violation(self, violation: Violation, redact: Callable[[str], str]) -> Json:
        citation = self._citations.of(violation)
        told: Json = {
            "code": violation.code,
            "message": redact(violation.message),
            "location": violation.location,
            "pointer": redact(violation.instance_pointer),
            "schema_pointer": violation.schema_pointer,
            "place": None if violation.place is None else str(violation.place),
            "severity": violation.severity,
        }
        if citation is not None:
            told |= {"lines": list(citation.lines), "first_line": citation.first}
        return told


def _is_in(wanted: str, request: Request, sent: str, entry: Entry) -> bool:
    """Whether *wanted*, in lower case, is in the *request* of *entry*, what was *sent*, a label."""
    parts = (
        request.target,
        *(f"{name}: {value}" for name, value in request.fields),
        request.body.decode("utf-8", "replace"),
        sent,
        *entry.labels.values(),
    )
    return any(wanted in part.lower() for part in parts)


def _events(entry: Entry, redactor: Redactor) -> Iterator[Json]:
    """The events of the stream that *entry* was answered with, without secrets."""
    sent = list(read_events(entry.pieces))
    for event, text in zip(sent, redactor.events([one.text for one in sent]), strict=True):
        read = SentEvent(event.at, text).event
        yield {
            "at": round(event.at, 6),
            "text": text,
            "event": None if read is None else read.type,
            "data": None if read is None else read.data,
        }


def _request(entry: Entry) -> Request:
    head = entry.head
    return Request(head.method, head.target, head.fields, entry.body)


def _head(entry: Entry) -> Head | None:
    data = b""
    for _, piece in entry.pieces:
        data += piece
        head = read_head(data)
        if head is not None:
            return head
        if len(data) > 64 * 1024:
            return None
    return None


def fields_of(fields: Fields) -> list[Json]:
    """*fields* as JSON."""
    return [{"name": name, "value": value} for name, value in fields]


def body_of(data: bytes, fields: Fields, size: int, *, is_cut: bool) -> Json:
    """*data*, a body or its beginning, as text, and as JSON where it is that."""
    kind = next((value for name, value in fields if name.lower() == "content-type"), None)
    body: Json = {"size": size, "cut": is_cut, "text": None, "base64": None, "media_type": kind}
    try:
        # what was cut may have been cut within a character
        body["text"] = data.decode("utf-8", "ignore" if is_cut else "strict")
    except UnicodeDecodeError:
        body["base64"] = b64encode(data).decode()
    if kind is not None and media_type.is_json(kind) and data and not is_cut:
        with suppress(TrothError, RecursionError):
            body["json"] = json_text.decode(data)
    return body


def _near(near: Any, redact: Callable[[str], str]) -> Json:
    told = {"scenario": near.scenario, "reason": redact(near.reason)}
    return told if near.place is None else {**told, "place": str(near.place)}


def _why(content: bytes) -> str | None:
    """What the error in *content* says, in whatever member it does."""
    try:
        value = json_text.decode(content)
    except (TrothError, RecursionError):
        text = content.decode("utf-8", "replace").strip()
        return text.partition("\n")[0] or None
    return _sentence(value)


def _sentence(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, list):
        return next(filter(None, map(_sentence, value)), None)
    members: Mapping[str, Any] = value if isinstance(value, dict) else {}
    named = (members[name] for name in _WHY if name in members)
    return next(filter(None, map(_sentence, named)), None)
