"""JUnit XML: a test case for each operation and group of checks, its findings as failures.

What a server sent may hold anything; XML 1.0 may not (§2.2), so what it cannot hold is written as
an escape.  ElementTree does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from troth.conformance.events import Finding
from troth.conformance.reports.parts import part, place_of
from troth.conformance.reports.text import lines, plain, shortened
from troth.conformance.run_summary import CHECKS, Account, OperationAccount, check_of

# XML 1.0 §2.2, and what would hide or reorder text where the report is shown
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: A report of ten thousand findings stays below 20 MB.
_WHOLE = 200
_MOST = 4000
_SHORT = 400


def render(account: Account) -> str:
    """The report as JUnit XML."""
    suites = ElementTree.Element("testsuites", name="troth")
    counts = [0, 0, 0, 0]
    left = [_WHOLE]
    for operation in _operations(account):
        suite = _suite(account, operation, left)
        for number, name in enumerate(_COUNTS):
            counts[number] += int(suite.get(name, "0"))
        suites.append(suite)
    if account.verdict in ("inconclusive", "unreachable", "interrupted"):
        suites.append(_unfinished(account))
        counts[0], counts[2] = counts[0] + 1, counts[2] + 1
    for name, count in zip(_COUNTS, counts, strict=True):
        suites.set(name, str(count))
    suites.set("time", f"{account.seconds:.3f}")
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


_COUNTS = ("tests", "failures", "errors", "skipped")


def _operations(account: Account) -> list[OperationAccount]:
    """The operations of the account, and those that only a finding names."""
    named = {operation.name for operation in account.operations}
    more = dict.fromkeys(finding.violation.operation for finding in account.findings)
    return [
        *account.operations,
        *(OperationAccount(name) for name in more if name not in named),
    ]


def _suite(account: Account, operation: OperationAccount, left: list[int]) -> ElementTree.Element:
    name = xml(operation.name or "no operation")
    suite = ElementTree.Element("testsuite", name=name)
    by_check: dict[str, list[Finding]] = {check: [] for check in CHECKS}
    for finding in account.findings_of(operation.name):
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
            _failures(account, case, counting, left)
        elif check not in operation.checked and not findings:
            skipped += 1
            ElementTree.SubElement(case, "skipped", message="nothing of this came up")
        if others:
            told = ElementTree.SubElement(case, "system-out")
            told.text = xml("\n".join(_line(one) for one in others[:_WHOLE]))
    counts = (len(CHECKS), failed, 0, skipped)
    for key, count in zip(_COUNTS, counts, strict=True):
        suite.set(key, str(count))
    suite.set("time", f"{operation.seconds:.3f}")
    if account.started:
        suite.set("timestamp", xml(account.started.at.removesuffix("Z")))
    return suite


def _failures(
    account: Account, case: ElementTree.Element, findings: Sequence[Finding], left: list[int]
) -> None:
    """One failure for each finding: readers of JUnit show the first, so it names the number."""
    for number, finding in enumerate(findings):
        more = f" (and {len(findings) - 1} more)" if number == 0 and len(findings) > 1 else ""
        message = plain(shortened(finding.violation.message, _SHORT))
        failure = ElementTree.SubElement(
            case, "failure", type=xml(finding.code), message=xml(message + more)
        )
        left[0] -= 1
        told = _told(account, finding) if left[0] >= 0 else _line(finding)
        failure.text = xml(told)


def _told(account: Account, finding: Finding) -> str:
    told = part(account, finding)
    text = [
        f"{finding.code}  {finding.id}  {place_of(finding)}",
        told.sentence,
        told.note,
        f"sent  {told.request}",
        *(f"      {line}" for line in (*told.fields, *told.sent)),
        f"came  {told.came}{' at ' + told.at if told.at else ''}",
        *(f"      {line}" for line in told.shown),
        told.shown_note,
        told.curl if len(told.curl) <= _MOST else "",
    ]
    return "\n".join(line for line in text if line)


def _line(finding: Finding) -> str:
    known = ", known" if finding.known else ""
    message = shortened(finding.violation.message, _SHORT)
    return f"{finding.severity}{known}: {finding.code} {place_of(finding)} {message}"


def _unfinished(account: Account) -> ElementTree.Element:
    suite = ElementTree.Element(
        "testsuite", name="troth", tests="1", failures="0", errors="1", skipped="0"
    )
    case = ElementTree.SubElement(suite, "testcase", classname="troth", name="the run")
    reason = account.finished.reason if account.finished else "the journal has no end"
    ElementTree.SubElement(case, "error", type=account.verdict, message=xml(reason))
    return suite


def xml(text: str) -> str:
    """*text* as XML can hold it, with its lines."""
    return _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", lines(text))
