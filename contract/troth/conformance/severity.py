"""How grave it is that an answer breaks a document: by what the published one knows of it.

The published document is a promise, an overlay an opinion: what only the latter tightens is a
warning.
"""

from __future__ import annotations

from troth.http.exchange import Exchange
from troth.openapi.contract import Contract
from troth.openapi.operation import Match
from troth.validation.responses import ResponseValidator
from troth.violation import Severity, Violation


class Gravity:
    """Tells which violations of the effective document the published one does not know."""

    def __init__(
        self,
        contract: Contract,
        match: Match | None,
        exchange: Exchange,
        found: tuple[Violation, ...],
    ) -> None:
        self._contract = contract
        self._status = exchange.response.status if exchange.response else 0
        self._broken: tuple[Violation, ...] = ()
        self._described = True
        if contract.published is contract or not found:
            return
        assert exchange.response is not None
        if match is None:
            return
        declared = match.operation.response(self._status)
        content_type = exchange.response.content_type or ""
        entry = declared.media_type(content_type) if declared else None
        self._described = entry is not None and entry.schema is not None
        published = ResponseValidator(match.operation, exchange.request, exchange.response)
        self._broken = tuple(published.violations())

    def severity(self, violation: Violation) -> Severity:
        """The severity that a run gives *violation*."""
        if self._contract.published is self._contract or violation.severity != "error":
            return violation.severity
        if violation.location not in ("response-body", "response-header"):
            return violation.severity
        if not self._described:
            # only the overlay describes it at all: of an answer that succeeded it is the truth
            return "error" if self._status < 300 else "warning"
        at = violation.instance_pointer
        known = any(
            other.location == violation.location and _related(at, other.instance_pointer)
            for other in self._broken
        )
        return "error" if known else "warning"


def _related(one: str, other: str) -> bool:
    return (one + "/").startswith(other + "/") or (other + "/").startswith(one + "/")
