"""The mock's errors: one body that every SDK reads, made to fit what the document declares.

`{"error": {"message", "type", "param", "code"}}` is read by the SDKs of this family of APIs;
`errors` beside it lists every violation.  Where the document declares JSON for the status, the
body is made to conform to it; where it declares nothing, this body is sent all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from troth import pointer
from troth.generation.values import Unsatisfiable
from troth.http import json_text
from troth.http.exchange import Fields
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.seed import Seed
from troth.violation import Violation
from troth_mock.reply import JSON, Reply, headers
from troth_mock.responding.error_bodies import Fault, told

#: How many violations one answer lists.
MOST_LISTED = 100

_JSON_TYPE = "application/json"
_TEXT_TYPE = "text/plain"


def refusal(
    status: int,
    message: str,
    *,
    code: str = "",
    param: str | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    fields: Fields = (),
    operation: Operation | None = None,
) -> Reply:
    """An error as a reply; *operation* says what the document declares for its *status*."""
    return refuse(Fault(status, message, code, param, tuple(errors)), fields, operation=operation)


def refuse(fault: Fault, fields: Fields = (), *, operation: Operation | None = None) -> Reply:
    """*fault* as a reply, in the form that *operation* declares for its status."""
    response = operation.response(fault.status) if operation is not None else None
    if response is None:
        return Reply(fault.status, (*JSON, *fields), json_text.encode(fault.envelope))
    fields = (*fields, *_owed(response, fields))
    declared = response.media_type(_JSON_TYPE) or _first_json(response)
    text = response.media_type(_TEXT_TYPE)
    if declared is None and text is not None:
        said = conforming(text, fault)
        if isinstance(said, str):
            kind = ("Content-Type", f"{_TEXT_TYPE}; charset=utf-8")
            return Reply(fault.status, (kind, *fields), said.encode("utf-8", "replace"))
    whole = fault.envelope if declared is None else conforming(declared, fault)
    is_exact = declared is not None and declared.is_json
    kind = ("Content-Type", declared.content_type if declared and is_exact else _JSON_TYPE)
    return Reply(fault.status, (kind, *fields), json_text.encode(whole))


def _owed(response: DeclaredResponse, given: Fields) -> Fields:
    """The fields that the document requires of *response* beside those *given*."""
    sent = {name.lower() for name, _ in given}
    try:
        owed = headers(response, Seed.of("error", response.pointer))
    except Unsatisfiable:
        return ()
    return tuple(field for field in owed if field[0].lower() not in sent)


def conforming(declared: MediaType, fault: Fault) -> Any:
    """*fault* made to fit the schema of *declared*; in its own form, when nothing fits."""
    if declared.schema is not None:
        return told(declared.schema, fault)
    return fault.envelope if declared.content_type != _TEXT_TYPE else fault.message


def _first_json(response: DeclaredResponse) -> MediaType | None:
    return next(
        (one for one in response.content if one.is_json and "*" not in one.content_type), None
    )


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
