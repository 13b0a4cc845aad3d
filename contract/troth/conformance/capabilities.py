"""Groups of laws: a capability that a server lacks as a whole is one finding, not forty.

Laws with the same `group` speak of one capability.  Where the laws of a group were put to the
test several times and some law of it was broken each time, and the broken ones are more than one
and never held, the server lacks the capability: its findings become one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from troth.laws.laws import Law, Verdict

#: So many exchanges must have put a group to the test before it is said to be missing.
_ENOUGH = 3


@dataclass(slots=True)
class Tally:
    """How one group fared: in how many exchanges it *applied*, and in how many all laws *held*.

    *broken* and *kept* are the laws that were broken, and that held, at least once; *refused*
    counts valid requests that were built for the group and refused.
    """

    group: str
    applied: int = 0
    held: int = 0
    refused: int = 0
    broken: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    @property
    def tried(self) -> int:
        """How many exchanges put it to the test."""
        return self.applied + self.refused

    @property
    def missing(self) -> bool:
        """Whether the capability as a whole never held."""
        if self.held or self.tried < _ENOUGH or self.broken & self.kept:
            return False
        return len(self.broken) + (1 if self.refused else 0) > 1


class Tallies:
    """The tallies of all groups of the laws of some operations."""

    def __init__(self, laws: Iterable[Law]) -> None:
        self._group = {law.id: law.group for law in laws if law.group and law.severity == "error"}
        self._by_group = {group: Tally(group) for group in dict.fromkeys(self._group.values())}

    def group_of(self, law_id: str) -> str | None:
        """The group of the law *law_id*, if it is in one that counts."""
        return self._group.get(law_id)

    def judged(self, verdicts: Mapping[str, Verdict]) -> None:
        """Count one exchange by the verdicts of its laws."""
        fates: dict[str, list[tuple[str, Verdict]]] = {}
        for law_id, verdict in verdicts.items():
            group = self._group.get(law_id)
            if group is not None and verdict in ("held", "broken"):
                fates.setdefault(group, []).append((law_id, verdict))
        for group, judged in fates.items():
            tally = self._by_group[group]
            broken = {law_id for law_id, verdict in judged if verdict == "broken"}
            tally.applied += 1
            tally.held += not broken
            tally.broken |= broken
            tally.kept |= {law_id for law_id, verdict in judged if verdict == "held"}

    def refused(self, law_ids: Iterable[str]) -> None:
        """Count one refusal of a valid request that was built to put these laws to the test."""
        for group in {self._group[law_id] for law_id in law_ids if law_id in self._group}:
            self._by_group[group].refused += 1

    def missing(self) -> tuple[Tally, ...]:
        """The groups that never held."""
        return tuple(tally for tally in self._by_group.values() if tally.missing)

    def __getitem__(self, group: str) -> Tally:
        return self._by_group[group]
