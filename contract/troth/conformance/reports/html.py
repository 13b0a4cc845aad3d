"""One HTML page: the verdict, the findings with their proof, and what was exercised.

It needs no script and loads nothing; a Content-Security-Policy holds it to that.  Every text is
escaped by the template engine, after what HTML cannot show has been made visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from troth.conformance.conclusions import Cause, counts_of
from troth.conformance.events import Finding
from troth.conformance.reports.finding_text import (
    FindingText,
    finding_text,
    notes_of_run,
    rule_place,
    unreached_by_reason,
    unreached_line,
)
from troth.conformance.reports.text import shortened, visible, visible_lines
from troth.conformance.run_summary import LawSummary, OperationSummary, RunSummary

#: So many findings are told with their proof, so many more in a line: ten thousand open quickly.
_WHOLE = 200
_LISTED = 2000
_LONGEST_CURL = 16 * 1024
_WORDS = {"conforms": "conforms", "violations": "does not conform"}
_TITLES = {"error": "errors", "warning": "warnings", "hint": "hints"}
#: A table of more operations than this scrolls by itself.
_TALL = 40
_CLASSES = {"error": "bad", "warning": "warn", "hint": "idle"}
_INTENTS = {
    "accepted": "to be accepted",
    "refused": "to be refused",
    "unauthorized": "without good credentials",
    "no-path": "to unknown paths",
    "no-method": "with undeclared methods",
    "either": "that may be taken or refused",
}
_STATES = ("broken", "undecided", "never applied", "held")


def render(run: RunSummary) -> str:
    """The report as HTML."""
    template = _environment().from_string(
        Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    )
    whole, rest = run.causes[:_WHOLE], run.causes[_WHOLE:]
    return template.render(
        run=run,
        counts=run.counts,
        causes={word: number for word, (number, _) in counts_of(run.causes).items()},
        verdict_word=_WORDS.get(run.verdict, run.verdict),
        verdict_class={"conforms": "good", "violations": "bad"}.get(run.verdict, "warn"),
        target=run.target if run.started else "an unknown server",
        title=(run.started.title if run.started else "") or "its document",
        reason=run.reason if run.finished else "The journal has no end: the run was interrupted.",
        laws_held=sum(law.state == "held" for law in run.laws),
        unreached=unreached_line(run),
        reasons=list(unreached_by_reason(run).items())[:_WHOLE],
        notes=notes_of_run(run),
        rows=_rows(run),
        anchors={one.name: f"op-{number}" for number, one in enumerate(run.operations, 1)},
        is_tall=len(run.operations) > _TALL,
        groups=_groups(run, whole),
        told=frozenset(cause.first.id for cause in whole),
        rest=rest[:_LISTED],
        rest_count=len(rest),
        unlisted=max(0, len(rest) - _LISTED),
        faults=run.document_faults[:_LISTED],
        version=version("troth"),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """An operation in the table: how many of its answers were a success, and what it showed.

    *codes* are those of its findings: the worst finding of each, the one that is told for it, and
    how many there are.
    """

    operation: OperationSummary
    successes: int
    unreached: bool
    codes: tuple[tuple[Finding, str, int], ...]


def _rows(run: RunSummary) -> list[_Row]:
    first_of = {one.id: cause.first.id for cause in run.causes for one in cause.findings}
    missed = {one.operation for one in run.unreached}
    by_operation: dict[str, dict[tuple[str, str], list[Finding]]] = {}
    for one in run.findings:
        by_code = by_operation.setdefault(one.violation.operation, {})
        by_code.setdefault((one.code, _class(one)), []).append(one)
    return [
        _Row(
            operation,
            sum(count for status, count in operation.statuses.items() if status[:1] == "2"),
            operation.name in missed,
            tuple(
                (found[0], first_of[found[0].id], len({first_of[one.id] for one in found}))
                for found in by_operation.get(operation.name, {}).values()
            ),
        )
        for operation in run.operations
    ]


def _groups(
    run: RunSummary, causes: Sequence[Cause]
) -> list[tuple[str, list[tuple[Cause, FindingText]]]]:
    """The findings that are told whole: errors, warnings, and what is known."""
    titles: dict[str, list[tuple[Cause, FindingText]]] = {}
    for cause in causes:
        word = "known" if cause.first.known else _TITLES[cause.first.severity]
        words = _bounded(finding_text(run, cause.first, width=70))
        titles.setdefault(word, []).append((cause, words))
    return list(titles.items())


def _environment() -> Environment:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=False, keep_trailing_newline=True
    )
    environment.filters.update(
        {
            "visible": lambda value: visible(str(value)),
            "lines": lambda value: visible_lines(str(value)),
            "short": lambda value: shortened(value, 300),
            "number": lambda value: f"{value:,}",
            "place": rule_place,
            "class": _class,
            "status_class": _status_class,
            "law_class": _law_class,
            "intent": lambda word: _INTENTS.get(word, word),
            "worst": _worst,
            "states": _states,
            "broken": lambda operation: any(law.broken for law in operation.laws),
            "coverage": _coverage,
            "never_first": lambda covered: sorted(covered.items(), key=lambda one: one[1] > 0),
            "words": _words,
        }
    )
    return environment


def _bounded(words: FindingText) -> FindingText:
    """*words*, without a curl line that nobody would read."""
    if len(words.curl) <= _LONGEST_CURL:
        return words
    again = f"troth replay JOURNAL {words.finding.id}"
    return replace(words, curl=f"# too long to be read ({len(words.curl):,} characters): {again}")


def _class(finding: Finding) -> str:
    return "known" if finding.known else _CLASSES[finding.severity]


def _status_class(status: str, count: int) -> str:
    if not count:
        return "none"
    if not status.isdigit() or status.startswith("5"):
        return "bad"
    return "good" if status.startswith("2") else "idle"


def _law_class(law: LawSummary) -> str:
    if law.state == "broken":
        return "bad" if law.severity == "error" else "warn"
    return {"held": "good", "undecided": "warn"}.get(law.state, "none")


def _worst(laws: tuple[LawSummary, ...]) -> list[LawSummary]:
    return sorted(laws, key=lambda law: (_STATES.index(law.state), -law.broken, law.id))


def _states(operation: OperationSummary) -> str:
    states = [law.state for law in operation.laws]
    return ", ".join(f"{states.count(one)} {one}" for one in reversed(_STATES) if one in states)


def _words(pointer: str) -> list[str]:
    """The words of *pointer*, between which a line may break, without what nearly all have."""
    return (pointer.removeprefix("/components/schemas") or "(the whole body)").split("/")


def _coverage(operation: OperationSummary) -> list[tuple[str, Any]]:
    named = (
        ("Members", operation.members),
        ("Branches", operation.branches),
        ("Keywords", operation.keywords),
    )
    return [(name, covered) for name, covered in named if covered]
