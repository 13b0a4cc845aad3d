"""What a run would send, as lines: `troth test --dry-run`, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.conformance.cases import Case, cases_of, subjects_under_test
from troth.conformance.cases.case import addressed, request_key
from troth.conformance.checks.exchange_checks import expectation
from troth.conformance.redaction import Redactor
from troth.conformance.reports.excerpts import excerpt
from troth.conformance.reports.text import counted, shortened, visible
from troth.conformance.settings import Settings
from troth.http.exchange import Exchange
from troth.openapi.contract import Contract

_BODY = 160


def listing(contract: Contract, settings: Settings) -> Iterator[str]:
    """The cases phase by phase, each with what is expected of its answer; then how many."""
    redactor = Redactor.of(settings)
    tested = subjects_under_test(contract, settings)
    counts: dict[str, int] = {}
    sent: set[Any] = set()
    for subject in tested.values():
        if subject.fault:
            fault = visible(subject.fault)
            yield f"{subject.operation.name}: no valid request can be made: {fault}"
    for phase in settings.phases:
        before, counts[phase] = sum(counts.values()), 0
        for case in cases_of(phase, tested.values(), settings=settings, spent=before, sent=sent):
            counts[phase] += 1
            sent.add(request_key(case))
            yield from _lines(contract, case, settings, redactor)
    total = sum(counts.values())
    shares = ", ".join(
        f"{phase} as it comes" if phase in ("resources", "stateful") else f"{phase} {count}"
        for phase, count in counts.items()
    )
    yield (
        f"{counted(total, 'request')} planned for {settings.url} ({shares}), "
        f"{settings.limits()}; nothing was sent now"
    )


def _lines(contract: Contract, case: Case, settings: Settings, redactor: Redactor) -> Iterator[str]:
    request = redactor.exchange(Exchange(addressed(case.request, settings))).request
    later = "  made of an earlier answer" if case.derive else ""
    yield f"{case.id}  {expectation(contract, case)}{later}"
    target = shortened(request.target, 300)
    yield f"  {visible(request.method)} {visible(target)}  {visible(case.about)}"
    if request.body and not case.derive:
        shown = excerpt(request.body, most=_BODY)
        note = f" … {shown.note}" if shown.note else ""
        yield f"  {visible(shown.text)}{note}"
