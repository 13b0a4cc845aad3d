"""What one exchange of a run shows: violations, each with the severity that a run gives it.

The severity follows two documents: the published one is a promise, an overlay is an opinion.
An answer that breaks the published document (or speaks of something that only the overlay
describes at all) is an error; one that breaks what the overlay tightens is a warning.  Of
requests likewise: taking what the published document rejects is an error, taking what only the
overlay rejects is a warning, and refusing what both accept is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from troth.conformance.severity import Gravity
from troth.errors import TrothError
from troth.http import json_text
from troth.http.exchange import Exchange, Response
from troth.laws import laws
from troth.openapi.contract import Contract
from troth.openapi.operation import Match, Operation
from troth.validation import validator
from troth.validation.responses import ResponseValidator
from troth.validation.violation_builder import ViolationBuilder
from troth.violation import Severity, Violation

#: What the server ought to do with a request; `either` where the two documents disagree.
Expectation = Literal["accepted", "refused", "unauthorized", "no-path", "no-method", "either"]

# Statuses by which HTTP itself refuses a request, whatever the document declares: RFC 9110 §15.5,
# RFC 6585.  422 is not among them: it speaks of the content, which is the document's to describe.
_HTTP_REFUSALS = frozenset({404, 405, 406, 408, 411, 413, 414, 415, 417, 421, 426, 429, 431})

_FAULTS = {
    "timeout": "no complete answer came in time",
    "stalled": "the answer stalled",
    "reset": "the connection was reset",
    "empty-reply": "no answer came",
    "truncated": "the answer was cut short",
    "endless": "the answer does not end",
    "bomb": "the answer unpacks to more than the cap",
    "not-http": "what came back is not HTTP",
    "framing": "the answer's content coding is broken",
    "tls": "TLS failed",
    "unreachable": "the server could not be reached",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked, of which operation, and what ought to come of it."""

    operation: Operation
    expectation: Expectation


def check(
    contract: Contract, ask: Ask, exchange: Exchange, *, second: Contract | None = None
) -> tuple[Violation, ...]:
    """Everything that is wrong with the answer in *exchange*; *second* is as `judged` takes it."""
    return judged(contract, ask, exchange, second=second)[0]


def judged(
    contract: Contract, ask: Ask, exchange: Exchange, *, second: Contract | None = None
) -> tuple[tuple[Violation, ...], dict[str, laws.Verdict]]:
    """Everything that is wrong with the answer in *exchange*, and the verdicts of the laws, by id.

    *second* is the overlaid document where the published one is being tested: it describes the
    answers of which the published one has no word (a stream that only its prose promises).
    """
    if second is not None and exchange.response is not None:
        contract = _describing(contract, second, ask, exchange, exchange.response)
    trial = _Trial(contract, ask, exchange)
    if exchange.fault is not None:
        return (_fault(ask.operation, exchange), *_partial(trial)), {}
    assert exchange.response is not None
    if exchange.response.status >= 500:
        message = f"the server failed with {exchange.response.status}{_said(exchange.response)}"
        return (_violation(ask, "response.server-error", message, exchange.response),), {}
    found = list(_of_expectation(contract, ask, exchange, exchange.response))
    found.extend(_of_document(trial, refused=bool(found)))
    return tuple(found), trial.verdicts()


class _Trial:
    """One exchange before one document: what the answer breaks of it, read once."""

    def __init__(self, contract: Contract, ask: Ask, exchange: Exchange) -> None:
        self.contract = contract
        self.ask = ask
        self.exchange = exchange
        self.match = _match(contract, ask, exchange)
        self._response: ResponseValidator | None = None
        if self.match is not None and exchange.response is not None:
            operation = self.match.operation
            self._response = ResponseValidator(operation, exchange.request, exchange.response)

    def violations(self) -> tuple[Violation, ...]:
        """Everything in the answer that breaks the document."""
        return tuple(self._response.violations()) if self._response else ()

    def verdicts(self) -> dict[str, laws.Verdict]:
        """The verdict of each law, by id."""
        return {law.id: found for law, found in self._response.verdicts} if self._response else {}


def _describing(
    contract: Contract, second: Contract, ask: Ask, exchange: Exchange, response: Response
) -> Contract:
    """The one of two contracts that describes the media type of the answer."""
    match = _match(contract, ask, exchange)
    declared = match.operation.response(response.status) if match else None
    content_type = response.content_type or ""
    if declared is not None and declared.content and declared.media_type(content_type) is None:
        other = _match(second, ask, exchange)
        described = other.operation.response(response.status) if other else None
        if described is not None and described.media_type(content_type) is not None:
            return second
    return contract


def _fault(operation: Operation, exchange: Exchange) -> Violation:
    word = exchange.fault or ""
    detail = f": {exchange.fault_detail}" if exchange.fault_detail else ""
    return Violation(
        code=f"transport.{word}",
        operation=operation.name,
        location="response",
        message=_FAULTS.get(word, word) + detail,
        schema_pointer=operation.pointer,
        status=exchange.response.status if exchange.response else None,
    )


def _partial(trial: _Trial) -> Iterator[Violation]:
    """What the part of a stream that did come already shows; its end is not judged."""
    response = trial.exchange.response
    if response is None or response.status >= 400 or trial.exchange.fault == "bomb":
        return
    for violation in _of_document(trial, refused=False):
        rule = violation.code.partition(".")[2]
        if violation.location == "stream" and rule not in _RULES_OF_AN_END:
            yield violation


#: Rules of a stream that an answer which was cut short breaks for that reason alone.
_RULES_OF_AN_END = frozenset(
    {"sentinel-missing", "unfinished", "empty", "utf-8", "data-not-json", "framing"}
)


def _of_expectation(
    contract: Contract, ask: Ask, exchange: Exchange, response: Response
) -> Iterator[Violation]:
    status, expectation = response.status, ask.expectation
    if 300 <= status < 400:
        yield _violation(
            ask, "response.unexpected-redirect", f"the answer redirects with {status}", response
        )
    elif expectation == "accepted" and status >= 400:
        yield _violation(
            ask,
            "request.valid-refused",
            f"a request that the document accepts is refused with {status}{_said(response)}",
            response,
        )
    elif expectation == "refused" and status < 300:
        yield from _invalid_accepted(contract, ask, exchange, response)
    elif expectation == "unauthorized" and status < 300:
        yield _violation(
            ask,
            "security.not-enforced",
            f"a request without good credentials is answered with {status}, not refused with 401",
            response,
        )
    elif expectation == "unauthorized" and status not in (401, 403, *_HTTP_REFUSALS):
        yield _violation(
            ask,
            "security.wrong-status",
            f"a request without good credentials is refused with {status}, not 401",
            response,
        )
    elif expectation == "no-method" and status < 300:
        yield _violation(
            ask, "request.method-accepted", f"an undeclared method is answered {status}", response
        )


def _invalid_accepted(
    contract: Contract, ask: Ask, exchange: Exchange, response: Response
) -> Iterator[Violation]:
    """The violation of taking a request that a document rejects, by the first rule it breaks."""
    for document, word in ((contract.published, "document"), (contract, "overlay")):
        match = _match(document, ask, exchange)
        if match is None:
            continue
        broken = validator.request_violations(match, exchange.request, hints=False)
        grave = [one for one in broken if not _forgiven(one.code)]
        if not grave:
            continue
        rule = grave[0]
        mild = word == "overlay" or rule.code in _HYGIENE
        told = _violation(
            ask,
            "request.invalid-accepted",
            f"a request that the {word} rejects is answered with {response.status}: "
            f"{rule.instance_pointer or rule.location}: {rule.message}",
            response,
            severity="warning" if mild else "error",
        )
        yield replace(
            told,
            location=rule.location,
            instance_pointer=rule.instance_pointer,
            schema_pointer=rule.schema_pointer,
            place=rule.place,
            rule=rule.code,
        )
        return


#: What a careful server refuses and many a correct one takes: a warning.
_HYGIENE = frozenset({"request.content-type", "request-body.nan", "request-body.encoding"})
#: What leaves no doubt of the meaning, or what a standard leaves to the reader (RFC 8259 §4, §9;
#: JSON Schema 2020-12 §7.2.1: `format` is an annotation unless it is asked to be more).
_FORGIVEN = frozenset({"duplicate-key", "lone-surrogate", "number", "depth", "format"})


def _forgiven(code: str) -> bool:
    return code.partition(".")[2] in _FORGIVEN


def _of_document(trial: _Trial, *, refused: bool) -> Iterator[Violation]:
    contract, ask, exchange, match = trial.contract, trial.ask, trial.exchange, trial.match
    response = exchange.response
    if response is None:
        return
    if match is None or ask.expectation in ("no-path", "no-method"):
        if response.status == 405 and response.field("Allow") is None:
            yield _violation(
                ask, "response.allow-missing", "a 405 must have the field Allow", response
            )
        return
    found = trial.violations()

    def broken() -> bool:
        return bool(validator.request_violations(match, exchange.request, hints=False))

    gravity = Gravity(contract, _match(contract.published, ask, exchange), exchange, found)
    unread = any(violation.code in _UNREADABLE for violation in found)
    for violation in found:
        if unread and (violation.law is not None or violation.location == "stream-body"):
            continue  # of a stream that cannot be read whole, nothing more is known
        if violation.code == "response.status-undeclared" and (
            refused or _is_left_open(match.operation, response.status)
        ):
            continue
        if violation.law is not None and ask.expectation != "accepted" and broken():
            continue  # what a law asks of the answer, it asks of the answer to a valid request
        yield replace(violation, severity=gravity.severity(violation))


def _is_left_open(operation: Operation, status: int) -> bool:
    """Whether the document says nothing of the kind of answer that *status* is.

    A document that declares no response at all, or no way to refuse a request, leaves it to the
    server how; so does one that asks for credentials and does not say what comes without them.
    That is the document's fault, and `lint` tells it.
    """
    declared = {response.status for response in operation.responses}
    if not declared or status in _HTTP_REFUSALS:
        return True
    if status in (401, 403):
        return bool(operation.security) and not declared & {"401", "403", "4XX", "default"}
    return status in (400, 422) and not declared & {"400", "422", "4XX", "default"}


#: What of a stream's framing leaves its items unknown.
_UNREADABLE = frozenset(
    {"stream.unfinished", "stream.data-not-json", "stream.utf-8", "stream.empty", "stream.framing"}
)


def _match(contract: Contract, ask: Ask, exchange: Exchange) -> Match | None:
    """The operation as *contract* has it: effective and published may differ."""
    try:
        return contract.match(exchange.request.method, exchange.request.target)
    except TrothError:
        return None


def _violation(
    ask: Ask, code: str, message: str, response: Response, *, severity: Severity = "error"
) -> Violation:
    operation = ask.operation
    builder = ViolationBuilder(
        operation,
        operation.pointer,
        status=response.status,
        content_type=response.content_type,
        tells_place=False,  # it is no line of the document that is wrong
    )
    return builder.violation(code, message, severity=severity)


def _said(response: Response) -> str:
    """The server's own words, where it has any that a person can read."""
    try:
        value: Any = json_text.decode_lenient(response.body)[0]
    except TrothError:
        return ""
    for name in ("error", "message", "detail"):
        if isinstance(value, dict) and name in value:
            value = value[name]
    if isinstance(value, dict):
        value = value.get("message", value)
    text = value if isinstance(value, str) else json_text.encode(value).decode("utf-8", "replace")
    return f": {text[:200]!r}"
