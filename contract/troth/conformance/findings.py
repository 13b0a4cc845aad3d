"""The findings of a run as they come in: one per rule or cause, counted, then judged together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from troth.conformance.capabilities import Tallies
from troth.conformance.events import Finding, worst_first
from troth.conformance.fingerprint import Facets, finding_id, is_causal, rule_of
from troth.http.exchange import Exchange
from troth.violation import Violation

#: Findings that cost a time limit each time they are seen.
HANGS = frozenset({"transport.timeout", "transport.stalled", "transport.endless"})
#: After so many sightings of one such finding, what would show it again is not sent.
_ENOUGH_HANGS = 3


@dataclass(slots=True)
class Entry:
    """A finding on its way: what it is so far."""

    rule: tuple[str, ...]
    cause: Facets | None
    finding: Finding


class Ledger:
    """All findings of a run; *known* are the ids that the user's baseline accepts."""

    def __init__(
        self, *, known: frozenset[str] = frozenset(), without: frozenset[str] = frozenset()
    ) -> None:
        self._known = known
        self._without = without
        self._entries: list[Entry] = []

    def seen(self, violation: Violation, shown: Facets) -> bool:
        """Count *violation* with the finding that it shows again; False: it is a new one.

        *shown* are the facets of the request that showed it.
        """
        rule = rule_of(violation)
        for entry in self._entries:
            if entry.rule == rule and (entry.cause is None or entry.cause <= shown):
                entry.finding = replace(entry.finding, times=entry.finding.times + 1)
                return True
        return False

    @property
    def has_hangs(self) -> bool:
        """Whether anything was seen to hang."""
        return any(entry.rule[0] in HANGS for entry in self._entries)

    def hangs(self, shown: Facets) -> bool:
        """Whether a request with these facets is known well enough to hang."""
        return any(
            entry.rule[0] in HANGS
            and entry.cause is not None
            and entry.cause <= shown
            and entry.finding.times >= _ENOUGH_HANGS
            and not entry.finding.flaky
            for entry in self._entries
        )

    def add(
        self,
        violation: Violation,
        *,
        case_id: str,
        about: str,
        phase: str,
        example: Exchange,
        cause: Facets,
        again: int,
        tries: int,
    ) -> Finding:
        """Enter a new finding, or the better explanation of one that there is."""
        rule = rule_of(violation)
        # what came once and not again has no cause that could be named
        kept = None if not is_causal(violation) else cause if again == tries else frozenset()
        wider = self._wider(rule, kept)
        if wider is not None:
            wider.cause = kept
            wider.finding = replace(
                wider.finding, times=wider.finding.times + 1, example=example, violation=violation
            )
            return wider.finding
        finding = Finding(
            id=finding_id(rule, kept),
            severity=violation.severity,
            violation=violation,
            case_id=case_id,
            about=about,
            example=example,
            again=again,
            tries=tries,
            phase=phase,
        )
        finding = replace(finding, known=finding.id in self._known)
        self._entries.append(Entry(rule, kept, finding))
        return finding

    def _wider(self, rule: tuple[str, ...], cause: Facets | None) -> Entry | None:
        """The finding that *cause* explains with less than it took until now."""
        for entry in self._entries:
            if entry.rule == rule and cause is not None and entry.cause and cause < entry.cause:
                return entry
        return None

    def findings(self, tallies: Tallies) -> Iterator[Finding]:
        """All findings, worst first; those of a capability that never held as one."""
        missing = {tally.group: tally for tally in tallies.missing()}
        merged: dict[str, list[Finding]] = {}
        rest: list[Finding] = []
        for entry in self._entries:
            law = entry.finding.violation.law
            group = tallies.group_of(law) if law else None
            if group in missing and group is not None:
                merged.setdefault(group, []).append(entry.finding)
            else:
                rest.append(self._declared(entry.finding, group))
        for group, findings in merged.items():
            tally = missing[group]
            rest.append(self._declared(self._capability(group, findings, tally.tried), group))
        return iter(sorted(rest, key=worst_first))

    def _capability(self, group: str, findings: list[Finding], tried: int) -> Finding:
        first = findings[0]
        violation = replace(
            first.violation,
            code=f"capability.{group}",
            severity="error",
            law=None,
            message=f"{group.replace('-', ' ')}: held in 0 of {tried}; "
            + f"for example, {first.violation.message}",
        )
        rule = ("capability", violation.operation, group)
        found = finding_id(rule, None)
        return replace(
            first,
            id=found,
            severity="error",
            violation=violation,
            times=sum(finding.times for finding in findings),
            group=group,
            known=found in self._known,
        )

    def _declared(self, finding: Finding, group: str | None) -> Finding:
        if group in self._without and not finding.known:
            return replace(finding, known=True, group=group)
        return finding


def counted(findings: Iterable[Finding]) -> tuple[int, int]:
    """How many errors and how many warnings there are that count."""
    told = [finding for finding in findings if not finding.known]
    errors = sum(finding.severity == "error" for finding in told)
    return errors, sum(finding.severity == "warning" for finding in told)
