"""What a run comes to beyond its numbers: what it did not reach, and which findings are one.

An operation is reached when an answer had a status of success that it declares; of each other one
the likeliest reason is told.  Findings that break one rule in the same manner at several
operations have one cause, however many ids they have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from troth import pointer as pointers
from troth.conformance.events import Finding, Finished, Started
from troth.conformance.findings import is_causal, words_of
from troth.http.exchange import Response

# -- what was not reached -------------------------------------------------------------------------

_HANGS = frozenset({"timeout", "stalled", "endless"})
_SPENT = {
    "requests": "the requests were used up before its turn came: try --max-requests",
    "time": "the time was over before its turn came: try --max-time",
    "tokens": "the tokens were used up before its turn came: try --max-tokens",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """How an operation fared: its answers by status (or fault), those to *valid* requests apart.

    *message* is what the first refusal of a valid request said.
    """

    statuses: Mapping[str, int]
    valid: Mapping[str, int]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Unreached:
    """An operation without a success, the *kind* of the likeliest reason, and a sentence of it."""

    operation: str
    kind: str
    reason: str


def unreached(
    tried: Mapping[str, Tried], started: Started | None, finished: Finished | None
) -> tuple[Unreached, ...]:
    """The operations that were not reached, in the order of the document; then those left out."""
    excluded = {
        **(started.excluded if started else {}),
        **(finished.impossible if finished else {}),
    }
    held_back = finished.held_back if finished else {}
    declared = started.declared if started else {}
    found = []
    for name, one in tried.items():
        if not name or _is_reached(one, declared.get(name, {}).get("statuses", ())):
            continue
        if name in excluded:
            kind, reason = "excluded", excluded[name]
        elif name in held_back:
            kind, reason = (
                "held-back",
                f"held back: {held_back[name]} (--allow-destructive sends it)",
            )
        else:
            kind, reason = _reason(name, one, finished)
        found.append(Unreached(name, kind, reason))
    return (
        *found,
        *(Unreached(name, "excluded", why) for name, why in excluded.items() if name not in tried),
    )


def _is_reached(tried: Tried, declared: Sequence[str]) -> bool:
    succeeds = any(status[:1] in "23" for status in declared) or "default" in declared
    seen = [status for status in tried.statuses if tried.statuses[status]]
    if any(status[:1] == "2" for status in seen):
        return True
    # what it declares is its success: a redirection, or a refusal where there is nothing else
    return any(
        status in declared or f"{status[:1]}XX" in declared
        for status in seen
        if status[:1] == "3" or (not succeeds and status.isdigit())
    )


def _reason(name: str, tried: Tried, finished: Finished | None) -> tuple[str, str]:
    """The kind of the likeliest reason why the operation *name* had no success, and a sentence."""
    answers = {one: number for one, number in tried.valid.items() if number} or {
        one: number for one, number in tried.statuses.items() if number
    }
    if not answers:
        return _not_sent(finished)
    if not tried.valid and all(one[0] == "4" for one in answers):
        # what ought to be refused was: that says nothing of what ought not to be
        kind, why = _not_sent(finished)
        return kind, f"no valid request had an answer: {why}"
    most = max(answers, key=lambda one: answers[one])
    seen = ", ".join(f"{one} to {number}" for one, number in answers.items())
    what = "valid requests" if tried.valid else "requests"
    total = f"{most} to all {what}" if len(answers) == 1 else f"{seen} of the {what}"
    kind, advice = _advice(name, most)
    if kind == "refused" and tried.message:
        advice = f"the first said: {tried.message}"
    if kind in ("credentials", "forbidden") and tried.message:
        # it may ask for a prefix, for a field beside the token, or for a password in the body
        advice += f"; the first said: {tried.message}"
    return kind, f"{total}{advice and f'; {advice}'}"


def _not_sent(finished: Finished | None) -> tuple[str, str]:
    spent = finished.spent if finished else ""
    if spent in _SPENT:
        return "budget", _SPENT[spent]
    if finished is None or finished.verdict in ("interrupted", "unreachable", "inconclusive"):
        return "ended", "the run ended before its turn came"
    return "not-sent", "nothing was sent to it"


def _advice(name: str, answer: str) -> tuple[str, str]:
    """The kind of reason that *answer*, a status or a fault, stands for; what to do about it."""
    if answer in _HANGS or not answer.isdigit():
        return ("hang", "given up") if answer in _HANGS else ("no-answer", "")
    if answer == "401":
        return "credentials", "give a token that it takes (--token)"
    if answer == "403":
        return "forbidden", "give a token that may do this (--token)"
    if answer in ("404", "410"):
        if "{" in name:
            return "unknown-id", "give ids of what is there (--set path.NAME=VALUE)"
        return "not-found", "check the base path of the URL"
    if answer in ("429", "503"):
        return "busy", "it asks to be asked later: try --rate"
    if answer[0] == "5":
        return "failed", "it failed"
    return ("redirected", "it redirects") if answer[0] == "3" else ("refused", "")


# -- findings of one cause ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings that have one cause, the worst of them first."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that stands for all."""
        return self.findings[0]

    @property
    def others(self) -> tuple[Finding, ...]:
        """The findings beside the first."""
        return self.findings[1:]

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations at which it shows."""
        return tuple(self.ids)

    @property
    def ids(self) -> Mapping[str, list[str]]:
        """The ids of its findings, by the operations at which it shows."""
        ids: dict[str, list[str]] = {}
        for finding in self.findings:
            ids.setdefault(finding.violation.operation, []).append(finding.id)
        return ids


#: What comes, at the same operation, of what is told by another code: who does not look at
#: credentials refuses what has none for the next thing that is wrong with it.
_COMES_OF = {"security.wrong-status": "security.not-enforced"}
#: The phase whose requests have many things at once, any of which another may have shown by itself.
_DRAWN = "random"


def causes(findings: Sequence[Finding]) -> tuple[Cause, ...]:
    """*findings* by their causes, in their order."""
    groups: dict[tuple[Any, ...], list[Finding]] = {}
    times: Counter[tuple[Any, ...]] = Counter()
    leading = {place: one for one in reversed(findings) for place in _places(one)}
    for finding in findings:
        leader = leading.get(_led_from(finding)) or finding
        cause = _cause(leader)
        # what a rule tells apart at one operation is not one and the same
        if not is_causal(leader.violation):
            here = (finding.violation.operation, finding.violation.status, *cause)
            times[here] += leader is finding
            cause = (times[here] or 1, *cause)
        groups.setdefault(cause, []).append(finding)
    return tuple(
        Cause(tuple(sorted(group, key=lambda one: one.code in _COMES_OF)))
        for group in groups.values()
    )


def _places(finding: Finding) -> Iterator[tuple[Any, ...]]:
    """Where *finding* leads those that come of the same."""
    place = (finding.violation.operation, finding.known, finding.code)
    yield place
    if finding.phase != _DRAWN:
        yield (*place, finding.violation.status, _answer(finding.example.response))


def _led_from(finding: Finding) -> tuple[Any, ...]:
    """The place whose finding *finding* comes of, if there is one."""
    violation = finding.violation
    place = (violation.operation, finding.known)
    if finding.code in _COMES_OF:
        return (*place, _COMES_OF[finding.code])
    if finding.phase != _DRAWN or not is_causal(violation):
        return ()
    if words_of(violation, finding.example):
        return ()  # it says itself what it comes of
    return (*place, finding.code, violation.status, _answer(finding.example.response))


def counts_of(all_causes: Iterable[Cause]) -> Mapping[str, tuple[int, int]]:
    """How many causes there are of each severity, and at how many operations; known ones apart."""
    numbers: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for one in all_causes:
        word = "known" if one.first.known else one.first.severity
        numbers[word] += 1
        places[word] += len(one.operations)
    words = ("error", "warning", "hint", "known")
    return {word: (numbers[word], places[word]) for word in words}


def _cause(finding: Finding) -> tuple[Any, ...]:
    """What findings share that have one cause."""
    violation = finding.violation
    common = (finding.known, finding.severity, violation.code)
    if finding.group is not None and violation.code.startswith("capability."):
        return (*common, finding.group)
    if violation.law:
        return (*common, violation.law)
    if violation.code == "response.allow-wrong":
        return common  # of all paths: it is the router's affair
    if violation.code == "response.status-undeclared":
        return (*common, violation.status)
    if words := words_of(violation, finding.example):
        return (*common, violation.status, words)
    if is_causal(violation) or not violation.schema_pointer:
        # no rule tells the cause: where it was tried must be the same, and what was answered
        where = finding.about.partition(": ")[0]
        where = "body" if where == "/" else where
        return (*common, violation.status, where, _answer(finding.example.response))
    rule = _rule(violation.schema_pointer)
    # what one operation says for itself is what another says for itself only in the same words
    is_own = violation.schema_pointer.startswith("/paths/")
    said = re.sub("[0-9]+", "0", violation.message) if is_own else ""
    return (*common, *rule, violation.rule, said)


def _rule(pointer: str) -> tuple[str, ...]:
    """*pointer* without the operation and the status in which it stands: one rule is in many."""
    tokens = tuple(pointers.split(pointer))
    if tokens[:1] != ("paths",):
        return tokens
    below = tokens[3:]
    return below[:1] + below[2:] if below[:1] == ("responses",) else below


def _answer(response: Response | None) -> bytes:
    """What two answers of one error handler share: all but the numbers in them."""
    body = response.body if response is not None else b""
    return blake2b(re.sub(rb"[0-9]+", b"0", body), digest_size=8).digest()
