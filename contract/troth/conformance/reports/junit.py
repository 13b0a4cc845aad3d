"""JUnit XML: a test case for each operation and group of checks, its findings as failures.

What a server sent may hold anything; XML 1.0 may not (§2.2), so what it cannot hold is written as
an escape.  ElementTree does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from troth.conformance.events import Finding
from troth.conformance.reports.finding_text import finding_text, rule_place
from troth.conformance.reports.text import shortened, visible, visible_lines
from troth.conformance.run_summary import CHECKS, OperationSummary, RunSummary, check_of

# XML 1.0 §2.2, and what would hide or reorder text where the report is shown
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: A report of ten thousand findings stays below 20 MB.
_WHOLE = 200
_MOST = 4000
_SHORT = 400


_COUNTS = ("tests", "failures", "errors", "skipped")


def render(run: RunSummary) -> str:
    """The report as JUnit XML."""
    suites = ElementTree.Element("testsuites", name="troth")
    whole_texts = [_WHOLE]
    for operation in _operations(run):
        suites.append(_suite(run, operation, whole_texts))
    if run.says_nothing:
        suites.append(_unfinished(run))
    for name in _COUNTS:
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    suites.set("time", f"{run.seconds:.3f}")
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _operations(run: RunSummary) -> list[OperationSummary]:
    """The operations of the run, and those that only a finding names."""
    named = {operation.name for operation in run.operations}
    more = dict.fromkeys(finding.violation.operation for finding in run.findings)
    return [*run.operations, *(OperationSummary(name) for name in more if name not in named)]


def _suite(
    run: RunSummary, operation: OperationSummary, whole_texts: list[int]
) -> ElementTree.Element:
    name = _xml(operation.name or "no operation")
    suite = ElementTree.Element("testsuite", name=name)
    reason = next((one.reason for one in run.unreached if one.operation == operation.name), "")
    if reason:
        properties = ElementTree.SubElement(suite, "properties")
        ElementTree.SubElement(properties, "property", name="not reached", value=_xml(reason))
    by_check: dict[str, list[Finding]] = {check: [] for check in CHECKS}
    for finding in run.findings_of(operation.name):
        by_check[check_of(finding.violation)].append(finding)
    failed = skipped = 0
    for check, says in CHECKS.items():
        findings = by_check[check]
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=f"{check}: {says}")
        case.set("time", f"{operation.seconds / len(CHECKS):.3f}")
        counting = [one for one in findings if one.severity == "error" and not one.known]
        others = [one for one in findings if one.known or one.severity != "error"]
        if counting:
            failed += 1
            _failures(run, case, counting, whole_texts)
        elif check not in operation.checked and not findings:
            skipped += 1
            message = _xml(f"not reached: {reason}" if reason else "nothing of this came up")
            ElementTree.SubElement(case, "skipped", message=message)
        if others:
            output = ElementTree.SubElement(case, "system-out")
            output.text = _xml("\n".join(_line(one) for one in others[:_WHOLE]))
    for key, count in zip(_COUNTS, (len(CHECKS), failed, 0, skipped), strict=True):
        suite.set(key, str(count))
    suite.set("time", f"{operation.seconds:.3f}")
    if run.started:
        suite.set("timestamp", _xml(run.started.at.removesuffix("Z")))
    return suite


def _failures(
    run: RunSummary, case: ElementTree.Element, findings: Sequence[Finding], whole_texts: list[int]
) -> None:
    """One failure for each finding: readers of JUnit show the first, so it names the number."""
    for number, finding in enumerate(findings):
        more = f" (and {len(findings) - 1} more)" if number == 0 and len(findings) > 1 else ""
        message = visible(shortened(finding.violation.message, _SHORT))
        failure = ElementTree.SubElement(
            case, "failure", type=_xml(finding.code), message=_xml(message + more)
        )
        whole_texts[0] -= 1
        failure.text = _xml(_text(run, finding) if whole_texts[0] >= 0 else _line(finding))


def _text(run: RunSummary, finding: Finding) -> str:
    words = finding_text(run, finding)
    lines = [
        f"{finding.code}  {finding.id}  {rule_place(finding)}",
        words.sentence,
        words.note,
        *(f"then  {step.request}\n      {step.answer}" for step in words.steps),
        f"sent  {words.request}",
        *(f"      {line}" for line in (*words.fields, *words.body)),
        f"came  {words.answer.line}",
        *(f"      {line}" for line in words.answer.body),
        words.answer.note,
        words.curl if len(words.curl) <= _MOST else "",
    ]
    return "\n".join(line for line in lines if line)


def _line(finding: Finding) -> str:
    known = ", known" if finding.known else ""
    message = shortened(finding.violation.message, _SHORT)
    return f"{finding.severity}{known}: {finding.code} {rule_place(finding)} {message}"


def _unfinished(run: RunSummary) -> ElementTree.Element:
    suite = ElementTree.Element(
        "testsuite", name="troth", tests="1", failures="0", errors="1", skipped="0"
    )
    case = ElementTree.SubElement(suite, "testcase", classname="troth", name="the run")
    ElementTree.SubElement(case, "error", type=run.verdict, message=_xml(run.reason))
    return suite


def _xml(text: str) -> str:
    """*text* as XML can hold it, with its lines."""
    return _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", visible_lines(text))
