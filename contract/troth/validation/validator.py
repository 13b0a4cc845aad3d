"""Hold one exchange to a contract: every violation, in document order.

Parameters, credentials, the body of the request, then the response and the laws, each in its own
module; each body is decoded once.  An exchange whose target the document does not have gives one
violation and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http import media_type
from troth.http.exchange import Exchange, Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Match, MediaType, Operation
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
        match = contract.match_request(request)
    except (NoSuchPath, MethodNotAllowed) as fault:
        word = "path" if isinstance(fault, NoSuchPath) else "method"
        name = f"{request.method} {request.target.partition('?')[0]}"
        return (Violation(f"request.{word}-undeclared", name, "request", str(fault)),)
    body = JsonBody(request.body, request.fields)
    violations = request_violations(match, request, body=body)
    if response is not None:
        validator = ResponseValidator(
            match.operation, request, response, request_body=body, match=match
        )
        violations += tuple(validator.violations())
    return violations


def request_violations(
    match: Match, request: Request, *, body: JsonBody | None = None, hints: bool = True
) -> tuple[Violation, ...]:
    """All violations of *request*: parameters, credentials, content type, and its *body*."""
    return (
        *parameters.check_parameters(match, request),
        *security.check_security(match.operation, request),
        *bodies.check_body(match.operation, request, body=body, hints=hints),
    )


def choose(matches: Sequence[Match], request: Request | None) -> Match:
    """The one of *matches* that *request* fits best: the first of those that fit alike.

    The path comes first, then the query, the body, the other parameters, and what it accepts.
    Without a request only the path is looked at.
    """
    if request is None:
        return min(matches, key=lambda match: _misfits(match, Request("", ""))[0])
    types = [entry.content_type for match in matches for entry in _answers(match.operation)]
    accepted = media_type.accepts(", ".join(request.values("Accept")), types)

    def rank(match: Match) -> tuple[int, ...]:
        path, query, others = _misfits(match, request)
        if match.operation.request_body is None:
            body = int(bool(request.body))
        else:
            body = len([*bodies.check_body(match.operation, request, hints=False)])
        offered = {entry.content_type for entry in _answers(match.operation)}
        wanted = (place for place, each in enumerate(accepted) if each in offered)
        return path, query, body, others, next(wanted, len(accepted))

    return min(matches, key=rank)


def _misfits(match: Match, request: Request) -> tuple[int, int, int]:
    """How many violations the path, the query, and the other parameters of *request* have."""
    counts = Counter(each.location for each in parameters.check_parameters(match, request))
    path, query = counts["request-path"], counts["request-query"]
    return path, query, counts.total() - path - query


def _answers(operation: Operation) -> tuple[MediaType, ...]:
    """The media types in which *operation* answers when all is well."""
    return tuple(
        entry
        for response in operation.responses
        if response.status.startswith("2") or response.status == "default"
        for entry in response.content
    )
