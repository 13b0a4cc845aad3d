"""The findings of a run for a terminal: grouped by cause, worst first, each with its proof.

What a server said is data here: no escape, no bidi control and no build-server command of its
gets through.  `render` never fails for a width or a terminal; `printable` is for those that know
little more than ASCII.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from troth.conformance.events import Finding
from troth.conformance.reports.parts import Part, part, place_of, sentence
from troth.conformance.reports.text import counted, disarmed, plain, shortened
from troth.conformance.run_summary import Account

#: More than a person reads; the reports have all of them.
MOST = 40
#: Of findings with one code so many are told in full, and so many more named.
_WHOLE = 3
_NAMED = 12
_LONGEST_CURL = 16 * 1024
_NARROWEST = 20
_STYLES = {"error": "1;31", "warning": "1;33", "hint": "1", "dim": "2", "bold": "1", "good": "1;32"}
_VERDICTS = {
    "conforms": "conforms",
    "violations": "does not conform",
    "inconclusive": "inconclusive",
    "unreachable": "cannot be reached",
    "interrupted": "was not tested to the end (interrupted)",
}


def render(account: Account, *, width: int, colour: bool) -> str:
    """Everything that a run found, and its summary, in lines of *width* columns.

    A curl line is one line however long it is: a broken one could not be pasted.
    """
    ink = _Ink(max(width, _NARROWEST), colour=colour)
    lines: list[str] = []
    groups: dict[tuple[str, str, bool], list[Finding]] = {}
    for finding in account.findings:
        key = (finding.code, finding.violation.operation, finding.known)
        groups.setdefault(key, []).append(finding)
    for group in list(groups.values())[:MOST]:
        for finding in group[:_WHOLE]:
            lines += ink.finding(part(account, finding, width=ink.width - 8, most=ink.width * 4))
            lines.append("")
        lines += ink.alike(group[_WHOLE:])
    if len(groups) > MOST:
        left = counted(len(groups) - MOST, "more code")
        lines += [*ink.text(f"… and {left}: the reports have all of them."), ""]
    lines += ink.document_faults(account)
    lines += ink.summary(account)
    return "\n".join(lines) + "\n"


def some(account: Account, findings: Iterable[Finding], *, width: int, colour: bool) -> str:
    """Only *findings*, each followed by an empty line."""
    ink = _Ink(max(width, _NARROWEST), colour=colour)
    lines: list[str] = []
    for finding in findings:
        lines += ink.finding(part(account, finding, width=ink.width - 4, most=ink.width * 8))
        lines.append("")
    return "".join(f"{line}\n" for line in lines)


def printable(text: str, encoding: str | None) -> str:
    """*text* as a terminal of *encoding* can show it: dots as ASCII, the rest as escapes."""
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        plainer = text.replace("…", "...")
        try:
            return plainer.encode(encoding or "ascii", "backslashreplace").decode(
                encoding or "ascii"
            )
        except LookupError:
            return plainer.encode("ascii", "backslashreplace").decode("ascii")
    return text


class _Ink:
    """Lines of one width, with or without colour."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self.width = width
        self._colour = colour

    def finding(self, told: Part) -> Iterator[str]:
        """One finding: what, where, the request, the answer, the rule, how to see it again."""
        finding = told.finding
        known = " (known)" if finding.known else ""
        head = (
            (finding.severity, f"{finding.severity}{known}"),
            ("bold", plain(finding.code)),
            ("dim", finding.id),
        )
        if sum(len(word) + 2 for _, word in head) - 2 <= self.width:
            yield "  ".join(self._in(style, word) for style, word in head)
        else:
            for style, word in head:
                yield from self.text(word, style=style)
        yield from self.text(plain(finding.violation.operation), indent=2)
        yield from self.text(plain(told.sentence), indent=2)
        if told.note:
            yield from self.text(told.note, indent=2, style="dim")
        yield from self._labelled("sent", told.request, (*told.fields, *told.sent))
        at = f" at {told.at}" if told.at else ""
        more = (f"… {told.shown_note}",) if told.shown_note else ()
        yield from self._labelled("came", told.came + at, (*told.shown, *more))
        if place_of(finding):
            yield from self._labelled("rule", place_of(finding), ())
        if len(told.curl) > _LONGEST_CURL:
            again = f"too long for a line: troth replay JOURNAL {finding.id}"
            yield from self._labelled("curl", again, ())
        elif told.curl:
            yield "  " + self._in("dim", "curl") + "  " + told.curl  # quoting made it safe to show

    def alike(self, findings: Sequence[Finding]) -> Iterator[str]:
        """Findings with the code of those before, in a line or two each."""
        if not findings:
            return
        code, operation = findings[0].code, findings[0].violation.operation
        yield from self.text(plain(f"{code}  {operation}: {len(findings)} more"), style="bold")
        for finding in findings[:_NAMED]:
            told = f"{finding.id}  {sentence(finding)} ({place_of(finding)})".removesuffix(" ()")
            yield from self.text(shortened(plain(told), 4 * self.width), indent=2)
        if len(findings) > _NAMED:
            yield from self.text(f"… and {len(findings) - _NAMED:,} more", indent=2)
        yield ""

    def _labelled(self, label: str, head: str, rest: Iterable[str]) -> Iterator[str]:
        first, *others = self.text(plain(head), indent=8)
        yield "  " + self._in("dim", label) + "  " + first[8:]
        yield from others
        for line in rest:
            yield from self._cut(plain(line))

    def _cut(self, line: str) -> Iterator[str]:
        """A line of code: its own indentation is kept, and it is broken where it must be."""
        stripped = line.lstrip(" ")
        indent = min(8 + len(line) - len(stripped), self.width // 2)
        yield from self.text(stripped, indent=indent)

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

    def document_faults(self, account: Account) -> Iterator[str]:
        """What is wrong with the document itself, which is no finding."""
        faults = account.started.document_faults if account.started else ()
        if faults:
            yield from self.text(
                f"the document itself has {counted(len(faults), 'fault')} (troth lint tells all):"
            )
            for fault in faults[:5]:
                yield from self.text(plain(fault), indent=2)
            yield ""

    def summary(self, account: Account) -> Iterator[str]:
        """The verdict and what it stands on."""
        counts, finished = account.counts, account.finished
        style = {"conforms": "good", "violations": "error"}.get(account.verdict, "warning")
        target = plain(account.started.target) if account.started else "the server"
        told = f"{target} {_VERDICTS.get(account.verdict, account.verdict)}"
        if finished and finished.reason and finished.reason != account.verdict:
            told += f": {plain(finished.reason)}"
        yield from self.text(told, style=style)
        words = [
            counted(counts["errors"], "error"),
            counted(counts["warnings"], "warning"),
            counted(account.requests, "request"),
            f"{account.seconds:.1f} s",
        ]
        for name in ("flaky", "known"):
            if counts[name]:
                words.insert(2, f"{counts[name]} {name}")
        if finished and finished.not_run:
            words.append(f"{counted(finished.not_run, 'case')} not run")
        yield from self.text(", ".join(words))
        never = [
            law.id
            for operation in account.operations
            for law in operation.laws
            if law.state == "never applied"
        ]
        if never:
            told = ", ".join(plain(name) for name in never[:6]) + (" …" if never[6:] else "")
            yield from self.text(f"never put to the test: {told}", style="dim")

    def _in(self, style: str, text: str) -> str:
        if not self._colour or not style:
            return text
        return f"\x1b[{_STYLES.get(style, '0')}m{text}\x1b[0m"
