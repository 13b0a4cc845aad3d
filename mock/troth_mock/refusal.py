"""The mock's errors: one body that every SDK reads, made to fit what the document declares.

`{"error": {"message", "type", "param", "code"}}` is read by the SDKs of this family of APIs;
`errors` beside it lists every violation.  Where the document declares JSON for the status, the
body is made to conform to it; where it declares nothing, this body is sent all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from troth import json_text, pointer
from troth.contract import Contract
from troth.exchange import Fields
from troth.operation import MediaType, Operation
from troth.seed import Seed
from troth.synthesis import Unsatisfiable, fit
from troth.violation import Violation
from troth_mock.reply import JSON, Reply

#: How many violations one answer lists.
MOST_LISTED = 100

_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
_CODES = {
    400: "invalid_request",
    401: "invalid_credentials",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    413: "request_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "rate_limit_exceeded",
}


def error_body(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The JSON of an error, before the document has its say."""
    kind = _TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    known = _CODES.get(status) or ("server_error" if status >= 500 else "invalid_request")
    body: dict[str, Any] = {
        "error": {"message": message, "type": kind, "param": param, "code": code or known}
    }
    if errors:
        body["errors"] = list(errors)
    return body


def refusal(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    fields: Fields = (),
    operation: Operation | None = None,
) -> Reply:
    """An error as a reply; *operation* says what the document declares for its *status*."""
    body: Any = error_body(status, message, code=code, param=param, errors=errors)
    declared = _declared(operation, status)
    if declared is None:
        return Reply(status, (*JSON, *fields), json_text.encode(body))
    return Reply(
        status,
        (("Content-Type", declared.content_type), *fields),
        json_text.encode(conforming(declared, body)),
    )


def conforming(declared: MediaType, body: Any) -> Any:
    """*body* made to fit the schema of *declared*; as it is, when nothing fits."""
    if declared.schema is None:
        return body
    try:
        return fit(declared.schema, body, seed=Seed.of("error", declared.pointer))
    except Unsatisfiable:
        return body


def refuse_violations(
    contract: Contract,
    operation: Operation,
    violations: Sequence[Violation],
    *,
    status: int,
    body: Any = None,
) -> Reply:
    """Tell all *violations*, which *body* has; the message names the first, and how many."""
    first = violations[0]
    count = len(violations)
    more = f" ({count} violations in all, see errors)" if count > 1 else ""
    where = f"{first.instance_pointer}: " if first.instance_pointer else ""
    return refusal(
        status,
        f"{where}{first.message}{more}",
        code=first.code,
        param=parameter_of(contract, first, body),
        errors=[_told(violation) for violation in violations[:MOST_LISTED]],
        operation=operation,
    )


def parameter_of(contract: Contract, violation: Violation, body: Any = None) -> str | None:
    """What `error.param` names: the member at fault, or the one that is missing from *body*."""
    at = violation.instance_pointer
    if violation.code.endswith(".required"):
        try:
            names = pointer.resolve(contract.document.root, violation.schema_pointer)
            present = pointer.resolve(body, at)
        except (KeyError, ValueError):
            return at or None
        if isinstance(names, list) and isinstance(present, dict):
            missing = [name for name in names if name not in present]
            return pointer.join(at, missing[0]) if missing else at or None
    return at or None


def status_of_violation(operation: Operation) -> int:
    """The status for a request that breaks the document: the 4xx that the document declares."""
    declared = {response.status for response in operation.responses}
    if "400" not in declared and "422" in declared:
        return 422
    # with 4XX or default alone, 400 is the one that they are sure to mean
    return 400


def _told(violation: Violation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "code": violation.code,
        "pointer": violation.instance_pointer,
        "message": violation.message,
        "location": violation.location,
    }
    if violation.schema_pointer:
        told["schema"] = "#" + violation.schema_pointer
    if violation.place is not None:
        told["document"] = str(violation.place)
    return told


def _declared(operation: Operation | None, status: int) -> MediaType | None:
    response = operation.response(status) if operation is not None else None
    if response is None:
        return None
    whole = [entry for entry in response.content if entry.is_json and "*" not in entry.content_type]
    return whole[0] if whole else None
