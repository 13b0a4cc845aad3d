"""Hold one exchange to a contract: every violation, in document order.

The compiled lane: the parameters and credentials go through `parameters`, bodies through the
compiled schemas, streams through `streams`, relations through `laws`.  An exchange whose target
the document does not have gives one violation and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from troth import json_text, laws, media_type, parameters, streams
from troth.contract import Contract
from troth.errors import MethodNotAllowed, NoSuchPath, Place
from troth.exchange import Exchange, Request, Response
from troth.operation import DeclaredResponse, Match, MediaType, Operation
from troth.schema import Schema
from troth.violation import Severity, Violation

#: Statuses whose responses never have content (RFC 9110 §6.4.1).
_WITHOUT_CONTENT = frozenset({204, 205, 304})


def validate(contract: Contract, exchange: Exchange) -> tuple[Violation, ...]:
    """All violations of *exchange*: of the request, of the response or stream, of the laws.

    A request that breaks the document is expected to be refused: its violations are listed with
    those of the answer, and it is the caller who knows which of the two was being tried.
    """
    request = exchange.request
    try:
        match = contract.match(request.method, request.target)
    except (NoSuchPath, MethodNotAllowed) as fault:
        word = "path" if isinstance(fault, NoSuchPath) else "method"
        name = f"{request.method} {request.target.partition('?')[0]}"
        return (Violation(f"request.{word}-undeclared", name, "request", str(fault)),)
    found = list(request_violations(contract, match, request))
    if exchange.response is not None:
        found.extend(response_violations(contract, match, exchange))
    return tuple(found)


def request_violations(
    contract: Contract, match: Match, request: Request, *, hints: bool = True
) -> tuple[Violation, ...]:
    """All violations of *request*: parameters, credentials, content type, body."""
    found = list(parameters.check_parameters(match, request))
    found.extend(parameters.check_security(match.operation, request))
    found.extend(body_violations(contract, match, request, hints=hints))
    return tuple(found)


def body_violations(
    contract: Contract, match: Match, request: Request, *, hints: bool = True
) -> Iterator[Violation]:
    """All violations of the body of *request*, its content type included."""
    operation, body = match.operation, match.operation.request_body
    if body is None:
        return
    tell = _Teller(operation, body.pointer, contract.document.place(body.pointer))
    if not request.body and request.content_type is None:
        if body.required:
            yield tell("request-body.missing", "the request has no body, and one is required")
        return
    content_type = request.content_type
    declared = body.media_type(content_type) if content_type else None
    if content_type is None or declared is None:
        offered = ", ".join(entry.content_type for entry in body.content)
        what = f"{content_type!r} is not" if content_type else "no Content-Type is given: it is not"
        yield tell("request.content-type", f"{what} one of the declared media types, {offered}")
        return
    if declared.is_json:
        yield from _request_json(tell, declared, request, hints=hints)
    elif media_type.essence(content_type) in parameters.FORMS:
        yield from parameters.check_form(operation, declared, request)


def _request_json(
    tell: _Teller, declared: MediaType, request: Request, *, hints: bool
) -> Iterator[Violation]:
    try:
        value = json_text.decode(request.body)
    except json_text.BadJson as fault:
        yield tell(f"request-body.{fault.reason}", str(fault))
        return
    if declared.schema is None:
        return
    if not declared.schema.is_valid(value):
        yield from tell.mismatches("request-body", declared.schema, value)
    if hints:
        for hint in declared.schema.hints(value):
            yield tell(
                "request-body.unknown-member",
                hint.message,
                at=hint.instance_pointer,
                schema=hint.schema_pointer,
                place=hint.place,
                severity="hint",
            )


def response_violations(
    contract: Contract, match: Match, exchange: Exchange
) -> tuple[Violation, ...]:
    """All violations of the response of *exchange* (which has one), and of the laws."""
    assert exchange.response is not None
    judge = _Judge(contract, match.operation, exchange.request, exchange.response)
    return tuple(judge.violations())


def law_verdicts(
    contract: Contract, match: Match, exchange: Exchange
) -> tuple[tuple[laws.Law, laws.Verdict], ...]:
    """The verdict of every law of the operation on *exchange*, in document order.

    Laws speak of answers that succeeded: with another status they are `inapplicable`, unless
    they ask for `status` themselves.
    """
    assert exchange.response is not None
    judge = _Judge(contract, match.operation, exchange.request, exchange.response)
    return tuple(judge.verdicts())


class _Teller:
    """Builds the violations of one location of one exchange, so that callers say the rest once."""

    def __init__(
        self,
        operation: Operation,
        schema_pointer: str,
        place: Place | None,
        *,
        status: int | None = None,
        content_type: str | None = None,
    ) -> None:
        self._operation = operation
        self._pointer = schema_pointer
        self._place = place
        self._status = status
        self._content_type = content_type

    def __call__(
        self,
        code: str,
        message: str,
        *,
        at: str = "",
        schema: str | None = None,
        place: Place | None = None,
        severity: Severity = "error",
        law: str | None = None,
    ) -> Violation:
        return Violation(
            code=code,
            operation=self._operation.name,
            location=code.partition(".")[0],
            message=message,
            instance_pointer=at,
            schema_pointer=self._pointer if schema is None else schema,
            place=place or self._place,
            severity=severity,
            status=self._status,
            content_type=self._content_type,
            law=law,
        )

    def mismatches(self, location: str, schema: Schema, value: Any) -> Iterator[Violation]:
        for mismatch in schema.errors(value):
            yield self(
                f"{location}.{mismatch.keyword}",
                mismatch.message,
                at=mismatch.instance_pointer,
                schema=mismatch.schema_pointer,
                place=mismatch.place,
            )


class _Judge:
    """One response on trial: what was read from it on the way is kept for the laws."""

    def __init__(
        self, contract: Contract, operation: Operation, request: Request, response: Response
    ) -> None:
        self.contract = contract
        self.operation = operation
        self.request = request
        self.response = response
        self.asked = _json_of(request.body)
        self.body: Any = None
        self.events: list[Any] | None = None

    def violations(self) -> Iterator[Violation]:
        declared = self.operation.response(self.response.status)
        if declared is None:
            known = ", ".join(response.status for response in self.operation.responses)
            at = self.operation.pointer + "/responses"
            tell = self.teller(at, None)
            yield tell(
                "response.status-undeclared",
                f"{self.response.status} is not one of the declared statuses, {known or 'none'}",
            )
            return
        yield from self.fields(declared)
        yield from self.content(declared)
        yield from self.laws()

    def teller(self, pointer: str, content_type: str | None) -> _Teller:
        place = self.contract.document.place(pointer)
        return _Teller(
            self.operation, pointer, place, status=self.response.status, content_type=content_type
        )

    def fields(self, declared: DeclaredResponse) -> Iterator[Violation]:
        yield from parameters.check_headers(self.operation, declared, self.response)
        # RFC 9110 §15.5.2 and §15.5.6: MUST, whatever the document says
        for status, name in ((401, "WWW-Authenticate"), (405, "Allow")):
            if self.response.status == status and self.response.field(name) is None:
                yield self.teller(declared.pointer, None)(
                    f"response.{name.lower()}-missing", f"a {status} must have the field {name}"
                )

    def content(self, declared: DeclaredResponse) -> Iterator[Violation]:
        response = self.response
        if self.request.method == "HEAD" or response.status in _WITHOUT_CONTENT:
            return
        if not declared.content:
            return  # OpenAPI: no `content` says nothing of the body
        tell = self.teller(declared.pointer, None)
        content_type = response.content_type
        offered = ", ".join(entry.content_type for entry in declared.content)
        if content_type is None:
            yield tell(
                "response.content-type-missing",
                f"the response has no Content-Type; declared are {offered}",
            )
            return
        entry = declared.media_type(content_type)
        if entry is None:
            yield tell(
                "response.content-type-undeclared",
                f"{content_type!r} is not one of the declared media types, {offered}",
            )
            return
        due = self.due(declared)
        if due is not None and due is not entry:
            yield tell(
                "response.content-type-condition",
                f"the answer is {media_type.essence(content_type)}; to this request it is "
                f"{due.content_type} that is due",
                schema=due.pointer + "/x-troth-when",
            )
        yield from self.entry(declared, entry)

    def due(self, declared: DeclaredResponse) -> MediaType | None:
        """The media type whose `x-troth-when` holds for this request, if just one does."""
        conditional = [entry for entry in declared.content if entry.when is not None]
        facts = {"request": self.filled_request()} if conditional else {}
        holding = [entry for entry in conditional if entry.when and entry.when.holds(facts)]
        return holding[0] if len(holding) == 1 else None

    def entry(self, declared: DeclaredResponse, entry: MediaType) -> Iterator[Violation]:
        if entry.is_stream:
            yield from self.stream(declared, entry)
        elif entry.is_json:
            yield from self.json(entry)

    def json(self, entry: MediaType) -> Iterator[Violation]:
        tell = self.teller(entry.pointer, entry.content_type)
        try:
            self.body, faults = json_text.decode_lenient(self.response.body)
        except json_text.BadJson as fault:
            yield tell(f"response-body.{fault.reason}", str(fault))
            return
        for fault in faults:
            severity: Severity = "warning" if fault.reason in streams.SURVIVABLE else "error"
            yield tell(f"response-body.{fault.reason}", str(fault), severity=severity)
        if entry.schema is not None and not entry.schema.is_valid(self.body):
            yield from tell.mismatches("response-body", entry.schema, self.body)

    def stream(self, declared: DeclaredResponse, entry: MediaType) -> Iterator[Violation]:
        reading = streams.read(entry, self.response)
        found = tuple(streams.violations(self.operation, declared, entry, reading))
        yield from found
        self.events = reading.values
        self.body = streams.assemble(entry, reading)
        if found or self.body is None or entry.assembly is None:
            return  # what the items did wrong is told; the body would only say it again
        whole = declared.media_type(entry.assembly.body)
        if whole is None or whole.schema is None or whole.schema.is_valid(self.body):
            return
        tell = self.teller(whole.pointer, entry.content_type)
        yield from tell.mismatches("stream-body", whole.schema, self.body)

    def laws(self) -> Iterator[Violation]:
        for law, verdict in self.verdicts(read=False):
            if verdict == "broken":
                yield self.teller(law.pointer, self.response.content_type)(
                    f"law.{law.id}",
                    f"{law.message} (the document says: {law.says!r})",
                    severity=law.severity,
                    law=law.id,
                    place=law.place,
                )

    def verdicts(self, *, read: bool = True) -> Iterator[tuple[laws.Law, laws.Verdict]]:
        if not self.operation.laws:
            return
        if read:
            for _ in self.violations_of_content():
                pass
        facts = self.facts()
        for law in self.operation.laws:
            if law.repeats:
                continue
            if not 200 <= self.response.status < 300 and "status" not in law.variables:
                yield law, "inapplicable"
            else:
                yield law, laws.verdict(law, facts)

    def violations_of_content(self) -> Iterator[Violation]:
        declared = self.operation.response(self.response.status)
        if declared is not None:
            yield from self.content(declared)

    def facts(self) -> Mapping[str, Any]:
        facts: dict[str, Any] = {
            "request": self.filled_request(),
            "status": self.response.status,
            "streamed": self.events is not None,
        }
        if self.body is not None:
            facts["response"] = self.filled_response()
        if self.events is not None:
            facts["events"] = self.events
        return facts

    def filled_request(self) -> Any:
        body = self.operation.request_body
        declared = (
            body.media_type(self.request.content_type or "application/json") if body else None
        )
        return _filled(self.contract, declared, self.asked)

    def filled_response(self) -> Any:
        declared = self.operation.response(self.response.status)
        entry = declared.media_type(self.response.content_type or "") if declared else None
        if declared and entry and entry.assembly:
            entry = declared.media_type(entry.assembly.body)
        return _filled(self.contract, entry, self.body)


def _filled(contract: Contract, declared: MediaType | None, value: Any) -> Any:
    """*value* with its declared but absent members as null."""
    if declared is None or declared.schema is None:
        return value
    return laws.fill(contract.schemas, declared.schema.pointer, value)


def _json_of(body: bytes) -> Any:
    try:
        return json_text.decode_lenient(body)[0] if body else None
    except json_text.BadJson:
        return None
