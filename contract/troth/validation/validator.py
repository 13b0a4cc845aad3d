"""Hold one exchange to a contract: every violation, in document order.

The compiled lane: the parameters and credentials go through `parameters`, bodies through the
compiled schemas, streams through `streams`, relations through `laws`.  An exchange whose target
the document does not have gives one violation and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http import json_text, media_type
from troth.http.exchange import Exchange, Request
from troth.laws import laws
from troth.openapi.contract import Contract
from troth.openapi.operation import Match, MediaType
from troth.validation import forms, parameters, security
from troth.validation.responses import Judge
from troth.validation.violation_builder import Teller
from troth.violation import Violation


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
    found.extend(security.check_security(match.operation, request))
    found.extend(body_violations(contract, match, request, hints=hints))
    return tuple(found)


def body_violations(
    contract: Contract, match: Match, request: Request, *, hints: bool = True
) -> Iterator[Violation]:
    """All violations of the body of *request*, its content type included."""
    operation, body = match.operation, match.operation.request_body
    if body is None:
        return

    def teller() -> Teller:
        # finding the place costs more than finding nothing to tell
        return Teller(operation, body.pointer, contract.document.place(body.pointer))

    content_type = request.content_type
    if not request.body and content_type is None:
        if body.required:
            yield teller()("request-body.missing", "the request has no body, and one is required")
        return
    declared = body.media_type(content_type) if content_type else None
    if content_type is None or declared is None:
        offered = ", ".join(entry.content_type for entry in body.content)
        what = f"{content_type!r} is not" if content_type else "no Content-Type is given: it is not"
        yield teller()("request.content-type", f"{what} one of the declared media types, {offered}")
        return
    if declared.is_json:
        yield from _request_json(teller, declared, request, hints=hints)
    elif media_type.essence(content_type) in forms.FORMS:
        yield from forms.check_form(operation, declared, request)


def _request_json(
    teller: Callable[[], Teller], declared: MediaType, request: Request, *, hints: bool
) -> Iterator[Violation]:
    try:
        value = json_text.decode(request.body)
    except json_text.BadJson as fault:
        yield teller()(f"request-body.{fault.reason}", str(fault))
        return
    if declared.schema is None:
        return
    if not declared.schema.is_valid(value):
        yield from teller().mismatches("request-body", declared.schema, value)
    if hints:
        for hint in declared.schema.hints(value):
            yield teller()(
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
    judge = Judge(contract, match.operation, exchange.request, exchange.response)
    return tuple(judge.violations())


def law_verdicts(
    contract: Contract, match: Match, exchange: Exchange
) -> tuple[tuple[laws.Law, laws.Verdict], ...]:
    """The verdict of every law of the operation on *exchange*, in document order."""
    assert exchange.response is not None
    judge = Judge(contract, match.operation, exchange.request, exchange.response)
    return tuple(judge.verdicts())
