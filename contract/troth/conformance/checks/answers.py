"""The answers of a run as values: what one says, and whose id it has.

Leaves to `exchange_checks` what is wrong with one answer.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from troth import pointer as pointers
from troth.conformance.cases.case import Case
from troth.http import json_text
from troth.http.exchange import Exchange
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.validation import streams
from troth.violation import Severity, Violation


class Answers:
    """The bodies of the 2xx answers of a run, by case id, as *contract* reads them."""

    def __init__(self, contract: Contract) -> None:
        self.bodies: dict[str, Any] = {}
        self._contract = contract
        self._requests: dict[str, bytes] = {}

    def keep(self, case: Case, exchange: Exchange) -> Violation | None:
        """Remember the answer; the violation if another request was answered with the same id."""
        body = body_of(self._contract, case, exchange)
        if body is None:
            return None
        if case.phase != "random":  # nothing is made of those, and there may be any number
            self.bodies[case.id] = body
        answer_id = self._id(case, body)
        if answer_id is None or self._is_first(case, answer_id):
            return None
        message = f"the answers to different requests have the same id, {answer_id[:80]!r}"
        return run_violation(case, "run.id-repeated", message)

    def _id(self, case: Case, body: Any) -> str | None:
        operation = self._contract.find_operation(case.operation)
        completion = operation.completion if operation else None
        place = completion.response.get("id") if completion else None
        value = pointers.find(body, place) if place else None
        return value if isinstance(value, str) else None

    def _is_first(self, case: Case, answer_id: str) -> bool:
        """Whether no request that means anything else than *case* had this id."""
        meaning = self._meaning(case)
        digest = blake2b(meaning, digest_size=16).digest()
        return self._requests.setdefault(answer_id, digest) == digest

    def _meaning(self, case: Case) -> bytes:
        """What two requests share that mean the same: order of members and white space aside.

        What only chooses between a body and a stream is left out: both may be one completion.
        """
        body = case.request.body
        try:
            value = json_text.decode_lenient(body)[0]
            if isinstance(value, dict):
                form = _form_members(self._contract.find_operation(case.operation))
                value = {name: value[name] for name in value.keys() - form}
            return json_text.canonical(value)
        except (json_text.BadJson, ValueError, RecursionError):
            return body


def _form_members(operation: Operation | None) -> set[str]:
    """The members of a request that decide the form of the answer, not its meaning."""
    if operation is None:
        return set()
    members = {
        name
        for entry in operation.answer_types
        if entry.when is not None
        for name in entry.when.scope.members.get("request", ())
    }
    if operation.completion and (usage := operation.completion.request.get("include-usage")):
        members.add(pointers.split(usage)[0])
    return members


def tokens_of(contract: Contract, case: Case, exchange: Exchange) -> int:
    """How many tokens the answer says that it took, where the document says which member does."""
    operation = contract.find_operation(case.operation)
    completion = operation.completion if operation else None
    if completion is None or not completion.usage_total:
        return 0
    body = body_of(contract, case, exchange)
    numbers = [pointers.find(body, place) for place in completion.usage_total]
    return sum(number for number in numbers if type(number) is int and number > 0)


def body_of(contract: Contract, case: Case, exchange: Exchange | None) -> Any:
    """The JSON body of a 2xx answer, or what its stream folds to; None where there is none."""
    response = exchange.response if exchange and not exchange.fault else None
    operation = contract.find_operation(case.operation)
    if response is None or operation is None or not 200 <= response.status < 300:
        return None
    entry = operation.answer_type(response)
    if entry is not None and entry.is_stream:
        return streams.assemble(entry, streams.read(entry, response.body))
    return json_text.value_of(response.body)


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
