"""The findings of a run for a terminal: grouped by cause, worst first, each with its proof.

What a server said is data here: no escape, no bidi control and no build-server command of its
gets through.  `render` never fails for a width, `show` never for a terminal.
"""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from troth.conformance.conclusions import Cause
from troth.conformance.events import Finding
from troth.conformance.progress import is_live, say
from troth.conformance.reports.finding_text import (
    FindingText,
    finding_text,
    notes_of_run,
    other_places,
    rule_place,
    sentence,
    unreached_by_reason,
    unreached_line,
)
from troth.conformance.reports.text import counted, disarmed, shortened, visible
from troth.conformance.run_summary import RunSummary

#: More than a person reads; the reports have all of them.
MOST = 40
#: Of findings with one code so many are told in full, and so many more named.
_WHOLE = 3
_NAMED = 12
#: So many operations are listed for one reason.
_LISTED = 6
_LONGEST_CURL = 16 * 1024
_NARROWEST, _WIDEST = 20, 120
_STYLES = {"error": "1;31", "warning": "1;33", "hint": "1", "dim": "2", "bold": "1", "good": "1;32"}
_VERDICTS = {
    "conforms": "conforms",
    "violations": "does not conform",
    "inconclusive": "inconclusive",
    "unreachable": "cannot be reached",
    "interrupted": "was not tested to the end (interrupted)",
}


def render(run: RunSummary, *, width: int, colour: bool) -> str:
    """Everything that a run found, and its summary, in lines of *width* columns.

    A curl line is one line however long it is: a broken one could not be pasted.
    """
    terminal = _Terminal(max(width, _NARROWEST), colour=colour)
    wide = terminal.width
    lines = [*terminal.unreached(run)]
    groups: dict[tuple[str, str, str], list[Cause]] = {}
    for cause in run.causes:
        if not cause.first.known:
            first = cause.first
            key = (first.severity, first.code, first.violation.operation)
            groups.setdefault(key, []).append(cause)
    for group in list(groups.values())[:MOST]:
        for cause in group[:_WHOLE]:
            words = finding_text(run, cause.first, width=wide - 8, most=wide * 4)
            lines += [*terminal.finding(words), *terminal.places(cause), ""]
        lines += terminal.alike(group[_WHOLE:])
    if len(groups) > MOST:
        left = counted(len(groups) - MOST, "more code")
        lines += [*terminal.text(f"… and {left}: the reports have all of them."), ""]
    lines += terminal.known([cause for cause in run.causes if cause.first.known])
    lines += terminal.document_faults(run)
    lines += terminal.summary(run)
    return "\n".join(lines) + "\n"


def show(run: RunSummary, stream: TextIO) -> None:
    """Write everything that a run found to *stream*, as wide and as coloured as it can be read."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    say(stream, render(run, width=width, colour=is_live(stream)))


def render_findings(
    run: RunSummary, findings: Iterable[Finding], *, width: int, colour: bool
) -> str:
    """Only *findings*, each followed by an empty line."""
    terminal = _Terminal(max(width, _NARROWEST), colour=colour)
    wide = terminal.width
    lines: list[str] = []
    for finding in findings:
        lines += terminal.finding(finding_text(run, finding, width=wide - 4, most=wide * 8))
        lines.append("")
    return "".join(f"{line}\n" for line in lines)


def line(run: RunSummary) -> str:
    """The run in one line: its verdict, and its numbers."""
    reason = f" ({visible(run.reason)})" if run.reason else ""
    return ", ".join([run.verdict + reason, *run.numbers()])


class _Terminal:
    """Lines of one width, with or without colour."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self.width = width
        self._colour = colour

    def finding(self, words: FindingText) -> Iterator[str]:
        """One finding: what, where, the request, the answer, the rule, how to see it again."""
        finding, answer = words.finding, words.answer
        known = " (known)" if finding.known else ""
        head = (
            (finding.severity, f"{finding.severity}{known}"),
            ("bold", visible(finding.code)),
            ("dim", finding.id),
        )
        if sum(len(word) + 2 for _, word in head) - 2 <= self.width:
            yield "  ".join(self._in(style, word) for style, word in head)
        else:
            for style, word in head:
                yield from self.text(word, style=style)
        yield from self.text(visible(finding.violation.operation), indent=2)
        yield from self.text(visible(words.sentence), indent=2)
        if words.note:
            yield from self.text(words.note, indent=2, style="dim")
        for number, step in enumerate(words.steps, 1):
            yield from self._labelled(f"{number}.".rjust(4), step.request, (step.answer,))
        yield from self._labelled("sent", words.request, (*words.fields, *words.body))
        more = (f"… {answer.note}",) if answer.note else ()
        yield from self._labelled("came", answer.line, (*answer.body, *more))
        if rule_place(finding):
            yield from self._labelled("rule", rule_place(finding), ())
        if len(words.curl) > _LONGEST_CURL:
            again = f"too long for a line: troth replay JOURNAL {finding.id}"
            yield from self._labelled("curl", again, ())
        elif words.curl:
            # quoting made it safe to show
            first, *others = words.curl.split("\n")
            yield "  " + self._in("dim", "curl") + "  " + first
            yield from (f"        {line}" for line in others)

    def unreached(self, run: RunSummary) -> Iterator[str]:
        """The operations without a success, by the likeliest reason."""
        reasons = list(unreached_by_reason(run).items())
        if not reasons:
            return
        yield from self.text(unreached_line(run), style="hint")
        for reason, operations in reasons[:_NAMED]:
            yield from self.text(visible(reason), indent=2)
            for name in operations[:_LISTED]:
                yield from self.text(visible(name), indent=4, style="dim")
            yield from self._more(operations[_LISTED:], indent=4, style="dim")
        yield from self._more([name for _, names in reasons[_NAMED:] for name in names])
        yield ""

    def places(self, cause: Cause) -> Iterator[str]:
        """Where else the cause of a finding shows."""
        if cause.others:
            places = other_places(cause, most=_NAMED)
            yield from self.text(visible(f"also at {places}"), indent=2)

    def alike(self, causes: Sequence[Cause]) -> Iterator[str]:
        """Findings with the code of those before, in a line or two each."""
        if not causes:
            return
        first = causes[0].first
        head = f"{first.code}  {first.violation.operation}: {len(causes)} more"
        yield from self.text(visible(head), style="bold")
        counts = Counter(sentence(cause.first) for cause in causes)
        for cause in causes[:_NAMED]:
            words, about = sentence(cause.first), cause.first.about
            # what is answered alike is told apart by what was tried
            tried = f", to {about}" if about and counts[words] > 1 else ""
            yield from self._in_a_line(cause, words + tried)
        yield from self._more(causes[_NAMED:])
        yield ""

    def known(self, causes: Sequence[Cause]) -> Iterator[str]:
        """Findings that are accepted, in a line each."""
        if not causes:
            return
        yield from self.text(f"known, and not counted: {len(causes)}", style="dim")
        for cause in causes[:MOST]:
            first = cause.first
            yield from self._in_a_line(
                cause, f"{first.code}  {first.violation.operation}  {sentence(first)}"
            )
        yield from self._more(causes[MOST:])
        yield ""

    def _more(self, rest: Sequence[object], *, indent: int = 2, style: str = "") -> list[str]:
        more = f"… and {len(rest):,} more"
        return self.text(more, indent=indent, style=style) if rest else []

    def _in_a_line(self, cause: Cause, words: str) -> list[str]:
        first, others = cause.first, len(cause.operations) - 1
        line = f"{first.id}  {words} ({rule_place(first)})".removesuffix(" ()")
        more = f" (and at {counted(others, 'more place')})" if others else ""
        return self.text(shortened(visible(line), 4 * self.width) + more, indent=2)

    def _labelled(self, label: str, head: str, rest: Iterable[str]) -> Iterator[str]:
        first, *others = self.text(visible(head), indent=8)
        yield "  " + self._in("dim", label) + "  " + first[8:]
        yield from others
        for line in map(visible, rest):
            # a line of code: its own indentation is kept, and it is broken where it must be
            stripped = line.lstrip(" ")
            yield from self.text(
                stripped, indent=min(8 + len(line) - len(stripped), self.width // 2)
            )

    def text(self, text: str, *, indent: int = 0, style: str = "") -> list[str]:
        """*text* wrapped, each line indented, none of them a command to a build server."""
        wrapped = textwrap.wrap(
            text,
            self.width,
            initial_indent=" " * indent,
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
        )
        return [self._in(style, disarmed(line)) for line in wrapped or [""]]

    def document_faults(self, run: RunSummary) -> Iterator[str]:
        """What is wrong with the document itself, apart."""
        faults = run.document_faults
        if not faults:
            return
        yield from self.text(
            f"the document itself has {counted(len(faults), 'fault')} (troth lint tells all):"
        )
        for fault in faults[:5]:
            yield from self.text(visible(fault), indent=2)
        yield ""

    def summary(self, run: RunSummary) -> Iterator[str]:
        """The verdict and what it stands on."""
        style = {"conforms": "good", "violations": "error"}.get(run.verdict, "warning")
        target = visible(run.target) if run.started else "the server"
        verdict = f"{target} {_VERDICTS.get(run.verdict, run.verdict)}"
        if run.finished and run.reason and run.reason != run.verdict:
            verdict += f": {visible(run.reason)}"
        yield from self.text(verdict, style=style)
        words = run.numbers("known", "flaky")
        if run.not_run:
            words.append(f"{counted(run.not_run, 'case')} not run")
        if line := unreached_line(run):
            words.append(line)
        yield from self.text(", ".join(words))
        for note in notes_of_run(run):
            yield from self.text(visible(note))
        never = [visible(law.id) for law in run.laws if law.state == "never applied"]
        if never:
            named = ", ".join(never[:6]) + (" …" if never[6:] else "")
            yield from self.text(f"never put to the test: {named}", style="dim")

    def _in(self, style: str, text: str) -> str:
        if not self._colour or not style:
            return text
        return f"\x1b[{_STYLES.get(style, '0')}m{text}\x1b[0m"
