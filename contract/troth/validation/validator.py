"""Hold one exchange to a contract: every violation, in document order.

Parameters, credentials, the body of the request, then the response and the laws, each in its own
module; each body is decoded once.  An exchange whose target the document does not have gives one
violation and nothing else.
"""

from __future__ import annotations

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http.exchange import Exchange, Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Match
from troth.validation import bodies, parameters, security
from troth.validation.bodies import JsonBody
from troth.validation.responses import ResponseValidator
from troth.violation import Violation


def validate(contract: Contract, exchange: Exchange) -> tuple[Violation, ...]:
    """All violations of *exchange*: of the request, of the response or stream, of the laws.

    A request that breaks the document is expected to be refused: its violations are listed with
    those of the answer, and it is the caller who knows which of the two was being tried.
    """
    request, response = exchange.request, exchange.response
    try:
        match = contract.match(request.method, request.target)
    except (NoSuchPath, MethodNotAllowed) as fault:
        word = "path" if isinstance(fault, NoSuchPath) else "method"
        name = f"{request.method} {request.target.partition('?')[0]}"
        return (Violation(f"request.{word}-undeclared", name, "request", str(fault)),)
    body = JsonBody(request.body, request.fields)
    violations = request_violations(match, request, body=body)
    if response is not None:
        validator = ResponseValidator(match.operation, request, response, request_body=body)
        violations += tuple(validator.violations())
    return violations


def request_violations(
    match: Match, request: Request, *, body: JsonBody | None = None, hints: bool = True
) -> tuple[Violation, ...]:
    """All violations of *request*: parameters, credentials, content type, body.

    *body* is that of *request*, where the caller looks at it too.
    """
    return (
        *parameters.check_parameters(match, request),
        *security.check_security(match.operation, request),
        *bodies.check_body(match.operation, request, body=body, hints=hints),
    )
