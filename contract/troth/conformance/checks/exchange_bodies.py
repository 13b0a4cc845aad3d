"""What several rooms of a run read out of an exchange, and how they tell what they found."""

from __future__ import annotations

from typing import Any

from troth.conformance.cases import Case
from troth.errors import TrothError
from troth.http import json_text
from troth.http.exchange import Exchange
from troth.openapi.contract import Contract
from troth.validation import streams
from troth.violation import Severity, Violation


def body_of(contract: Contract, case: Case, exchange: Exchange) -> Any:
    """The JSON body of a 2xx answer, or what its stream folds to; None where there is none."""
    response = exchange.response
    if response is None or exchange.fault or not 200 <= response.status < 300:
        return None
    try:
        operation = contract.operation(case.operation)
    except TrothError:
        return None
    declared = operation.response(response.status)
    entry = declared.media_type(response.content_type or "") if declared else None
    if entry is not None and entry.is_stream:
        return streams.assemble(entry, streams.read(entry, response))
    try:
        return json_text.decode_lenient(response.body)[0]
    except json_text.BadJson:
        return None


def run_violation(
    case: Case, code: str, message: str, *, severity: Severity = "error"
) -> Violation:
    """A violation of *case* that no schema names."""
    return Violation(
        code=code,
        operation=case.operation,
        location=code.partition(".")[0],
        message=message,
        severity=severity,
    )
