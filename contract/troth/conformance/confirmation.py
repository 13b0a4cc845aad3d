"""What becomes of a violation: counted with a known finding, or confirmed, shrunk and entered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from troth.conformance import plan
from troth.conformance.cases import Case
from troth.conformance.conclusiveness import Unreachable
from troth.conformance.events import Found
from troth.conformance.findings import HANGS, Ledger
from troth.conformance.fingerprint import Facets, facets, rule_of
from troth.generation.shrinking import Shrinker
from troth.http.exchange import Exchange
from troth.violation import Violation

if TYPE_CHECKING:
    from troth.conformance.runner import Run

#: A new finding is sent again so often before it is called flaky.
_REPETITIONS = 5
#: A finding may cost so many requests on its way to the smallest request that shows it.
_SHRINKING = 40
_ALL_SHRINKING = 400
#: Each request that hangs costs a whole time limit, so few are spent on making it smaller.
_SHRINKING_HANGS = 4


class Following:
    """Follows up the violations of *run* into its *ledger*."""

    def __init__(self, run: Run, ledger: Ledger) -> None:
        self._run = run
        self.ledger = ledger
        self._left = _ALL_SHRINKING
        self._codes = plan.codes(run.contract, run.settings)

    def known_to_hang(self, case: Case) -> bool:
        """Whether what was seen says that *case* would only hang again."""
        return self.ledger.has_hangs and self.ledger.hangs(self.facets(case))

    async def follow(self, case: Case, exchange: Exchange, violations: Iterable[Violation]) -> None:
        """Count what is known; confirm, shrink and enter what is new."""
        told: set[tuple[str, ...]] = set()
        for violation in violations:
            rule = rule_of(violation)
            if violation.severity == "hint" or rule in told or not self._wanted(violation):
                continue
            told.add(rule)
            if self.ledger.seen(violation, self.facets(case)):
                continue
            try:
                again, tries = await self._confirm(case, rule)
            except Unreachable:  # the server died of it, perhaps: this was its last word
                self._add(case, exchange, violation, again=0, tries=0)
                raise
            small, smallest = case, exchange
            if tries and again == tries:
                small, smallest, violation = await self._shrink(case, exchange, violation)
                if small is not case and self.ledger.seen(violation, self.facets(small)):
                    continue
            self._add(small, smallest, violation, again=again, tries=tries)

    def enter(self, case: Case, exchange: Exchange, violation: Violation) -> None:
        """Enter a finding that no repetition of one request could confirm."""
        if self._wanted(violation) and not self.ledger.seen(violation, self.facets(case)):
            self._add(case, exchange, violation, again=0, tries=0)

    def facets(self, case: Case) -> Facets:
        """What *case* has beyond the smallest valid request."""
        subject = self._run.subjects.get(case.operation)
        minimal = subject.minimal if subject else None
        extra = () if plan.shrinks(case) else (case.about,)
        return facets(case.value, minimal) | frozenset(extra)

    def _add(
        self, case: Case, exchange: Exchange, violation: Violation, *, again: int, tries: int
    ) -> None:
        finding = self.ledger.add(
            violation,
            case_id=case.id,
            about=case.about,
            phase=case.phase,
            example=exchange,
            cause=self.facets(case),
            again=again,
            tries=tries,
        )
        self._run.remember(case, finding)
        self._run.emit(Found(finding))

    async def _confirm(self, case: Case, rule: tuple[str, ...]) -> tuple[int, int]:
        """Send *case* again on fresh connections: how often it showed the same, of how often."""
        again = tries = 0
        while tries < _REPETITIONS and not self._run.budget.spent:
            exchange = await self._run.send(case, fresh=True)
            tries += 1
            shown_again = self._run.judge(case, exchange, purpose="repeat")
            again += any(rule_of(violation) == rule for violation in shown_again)
            if again == tries:
                break
        return again, tries

    async def _shrink(
        self, case: Case, exchange: Exchange, violation: Violation
    ) -> tuple[Case, Exchange, Violation]:
        """The smallest case that still breaks the same rule, its exchange and violation."""
        subject = self._run.subjects.get(case.operation)
        found = case, exchange, violation
        if subject is None or not plan.shrinks(case):
            return found
        shrinker = Shrinker(case.value, target=subject.minimal)
        rule, spent = rule_of(violation), 0
        most = _SHRINKING_HANGS if violation.code in HANGS else _SHRINKING
        while not shrinker.finished and spent < most and self._left > 0:
            if self._run.budget.spent:
                break
            candidate = plan.varied(subject, case, shrinker.candidate)
            if candidate is None:
                shrinker.tell(False)
                continue
            spent += 1
            self._left -= 1
            tried = await self._run.send(candidate, fresh=exchange.fault is not None)
            shown = self._run.judge(candidate, tried, purpose="shrink")
            broken = [one for one in shown if rule_of(one) == rule]
            if broken:
                found = candidate, tried, broken[0]
            shrinker.tell(bool(broken))
        return found

    def _wanted(self, violation: Violation) -> bool:
        return not self._codes or any(
            violation.code == code or violation.code.startswith(code + ".") for code in self._codes
        )
