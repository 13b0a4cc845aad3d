"""What a run tells while it goes on: its events, and the findings that they carry.

The journal is these events as NDJSON; every report is made of them.  All are frozen values
with nothing in them that cannot be written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from troth.http.exchange import Exchange
from troth.violation import Severity, Violation

Verdict = Literal["conforms", "violations", "inconclusive", "unreachable", "interrupted"]


@dataclass(frozen=True, slots=True)
class Cut:
    """What a body was before it was cut short for the record: its *size* in bytes, its SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A text of a request that an earlier answer gave.

    *step* counts the finding's steps from 0; *expression* is a runtime expression of OpenAPI
    (`$response.body#/id`, `$response.header.Location`): the text is its value, or the end of it.
    """

    step: int
    expression: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange on the way to a finding, and what of its request was *taken* from answers."""

    exchange: Exchange
    taken: tuple[Taken, ...] = ()
    cuts: Mapping[str, Cut] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """Words of the document: *lines* from the line *first* of its file, of which *at* matters.

    0 where they are not the lines of a file: what stands there, laid out.
    """

    lines: tuple[str, ...]
    first: int = 0
    at: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which the server departs from its document.

    *id* is stable between runs (a hash of the violation's key); *violation* says what and where;
    *case_id* and *about* say what was being tried, *example* is the smallest exchange that shows
    it.  *again* of *tries* repetitions on fresh connections showed it too: a finding is *flaky*
    when not all did.  *times* counts the exchanges of the run that showed it.  *known* findings
    are in the user's baseline or declared beforehand, and do not count.  *group* is the
    capability that never held, for a finding of a whole capability.  *cuts* tell of the example's
    `request` and `response` bodies those that were cut short for the record.  *steps* are the
    exchanges that had to come before the example, in order, and *taken* what the example's request
    has of their answers.  *citation* has the words of the document that are broken.
    """

    id: str
    severity: Severity
    violation: Violation
    case_id: str
    about: str
    example: Exchange
    times: int = 1
    again: int = 0
    tries: int = 0
    known: bool = False
    group: str | None = None
    phase: str = ""
    cuts: Mapping[str, Cut] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    taken: tuple[Taken, ...] = ()
    citation: Citation | None = None

    @property
    def flaky(self) -> bool:
        """Whether a repetition of the very same request did not show it."""
        return self.again < self.tries

    @property
    def code(self) -> str:
        """The violation's code."""
        return self.violation.code


@dataclass(frozen=True, slots=True)
class Started:
    """The run begins: *at* is ISO 8601 UTC; *settings* are shown without secrets.

    *laws* hold `id`, `group`, `severity`, `says` and `operation` of each.  *overlays* are the
    files that were applied to the document.  *declared* tells what there is to exercise: of each
    operation, by name, its `statuses` and its request's `members` (as `Exchanged.covers` has them).
    *excluded* are the operations to which nothing is sent, each with the reason.
    """

    target: str
    document: str
    digest: str
    title: str
    version: str
    at: str
    seed: int
    operations: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    document_faults: tuple[str, ...] = ()
    laws: tuple[Mapping[str, Any], ...] = ()
    overlays: tuple[str, ...] = ()
    declared: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    excluded: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase begins, with so many cases *planned* (0: not known beforehand).

    A phase of which so many are planned that laying them out takes long does not know; nor does
    one that goes on until the run has spent what it may.
    """

    phase: str
    planned: int


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One request was answered (or not): what was tried, what came, what was wrong with it.

    *purpose* is `case`, `repeat` (a confirmation), `shrink` or `probe`.  *laws* are the verdicts
    of the laws that were judged, by id.  *covers* are what of the request's schema the request
    exercised: a member as its pointer with `*` for any item (`/messages/*/role`), a branch as
    `branch:` and a keyword as `keyword:` before their pointer into the document.  *cuts* tell of
    the `request` and `response` bodies those that were cut short for the record.
    """

    case_id: str
    operation: str
    phase: str
    about: str
    intent: str
    purpose: str
    exchange: Exchange
    violations: tuple[Violation, ...] = ()
    laws: Mapping[str, str] = field(default_factory=dict)
    covers: tuple[str, ...] = ()
    cuts: Mapping[str, Cut] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waited:
    """The server answered with *status* that it be asked again later, and was: after *seconds*."""

    operation: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, confirmed and shrunk; told again, with the same id, when more is known."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over.

    *reason* is one sentence for a verdict that is not `conforms` or `violations`, or that is of a
    part alone of what this run and those before it have sent; *planned* and
    *not_run* count cases, as far as they were laid out; *requests* everything that was sent and
    answered otherwise than by asking for patience, *tokens* what the answers took, where that is
    limited.  *spent* is what was used up, if the run ended of that: `requests`, `time`,
    `tokens`, or `cases` where there was nothing new to send; it is `stopped` if a run that would
    have gone on was told to end.  *impossible* are the operations to which no valid request can
    be made, with the reason; *phases_left* the phases that it did not come to the end of.
    *held_back* tells, by operation, why something of it was not sent for care; *left_behind*, by
    the operation that deletes them, how many items the run has made and not deleted.  *sent_before*
    are the requests of earlier runs that this one, which goes on from them, has left out.
    """

    verdict: Verdict
    exit_code: int
    reason: str
    requests: int
    planned: int
    not_run: int
    seconds: float
    findings: int
    warnings: int
    spent: str = ""
    phases_left: tuple[str, ...] = ()
    impossible: Mapping[str, str] = field(default_factory=dict)
    tokens: int = 0
    held_back: Mapping[str, str] = field(default_factory=dict)
    left_behind: Mapping[str, int] = field(default_factory=dict)
    sent_before: int = 0


Event = Started | PhaseStarted | Exchanged | Waited | Found | Finished


def worst_first(finding: Finding) -> tuple[bool, bool, bool, int, str, str]:
    """The order in which findings are told."""
    return (
        finding.known,
        finding.severity != "error",
        finding.flaky,
        -finding.times,
        finding.code,
        finding.id,
    )


def counts(findings: Sequence[Finding]) -> Mapping[str, int]:
    """How many findings there are: errors, warnings, flaky ones, known ones (counted apart)."""
    new = [finding for finding in findings if not finding.known]
    return {
        "errors": sum(finding.severity == "error" for finding in new),
        "warnings": sum(finding.severity == "warning" for finding in new),
        "flaky": sum(finding.flaky for finding in new),
        "known": len(findings) - len(new),
    }
