"""The findings of a run as they come in: counted, explained better, told worst first."""

from __future__ import annotations

from dataclasses import replace

from troth.conformance.capabilities import Tallies
from troth.conformance.events import Finding
from troth.conformance.findings import Ledger, counted
from troth.conformance.fingerprint import Facets
from troth.http.exchange import Exchange, Request
from troth.violation import Violation

FAILED = Violation("response.server-error", "POST /x", "response", "it failed", status=500)
BROKEN = Violation("response-body.type", "POST /x", "response-body", "no", "/a", "#/a/type")
NONE = Tallies(())


def enter(
    ledger: Ledger, violation: Violation, *facets: str, again: int = 1, tries: int = 1
) -> Finding:
    return ledger.add(
        violation,
        case_id="examples/one",
        about="one",
        phase="examples",
        example=Exchange(Request("POST", "/x", body=" ".join(facets).encode())),
        cause=frozenset(facets),
        again=again,
        tries=tries,
    )


def findings(ledger: Ledger) -> list[Finding]:
    return list(ledger.findings(NONE))


def shown(*facets: str) -> Facets:
    return frozenset(facets)


def test_what_has_all_that_brought_a_failure_about_is_the_same_failure() -> None:
    ledger = Ledger()
    enter(ledger, FAILED, "/tools:array")
    assert ledger.seen(FAILED, shown("/tools:array", "/n:number"))
    assert not ledger.seen(FAILED, shown("/n:number"))
    assert [one.times for one in findings(ledger)] == [2]


def test_a_rule_is_the_same_whatever_the_request_has() -> None:
    ledger = Ledger()
    enter(ledger, BROKEN, "/tools:array")
    assert ledger.seen(BROKEN, shown("/n:number"))
    assert not ledger.seen(replace(BROKEN, schema_pointer="#/b/type"), shown())


def test_an_explanation_with_less_takes_the_place_of_one_with_more() -> None:
    ledger = Ledger()
    first = enter(ledger, FAILED, "/a:x", "/b:y")
    better = enter(ledger, FAILED, "/a:x")
    assert (better.id, better.times, better.example.request.body) == (first.id, 2, b"/a:x")
    assert ledger.seen(FAILED, shown("/a:x", "/c:z"))
    assert len(findings(ledger)) == 1


def test_other_causes_are_other_findings() -> None:
    ledger = Ledger()
    ids = {enter(ledger, FAILED, "/a:x").id, enter(ledger, FAILED, "/b:y").id}
    assert {one.id for one in findings(ledger)} == ids
    assert len(ids) == 2


def test_what_does_not_come_again_is_flaky_and_has_no_cause() -> None:
    ledger = Ledger()
    found = enter(ledger, FAILED, "/a:x", again=1, tries=5)
    assert found.flaky
    assert ledger.seen(FAILED, shown("/quite:other"))
    assert counted(findings(ledger)) == (1, 0)


def test_a_request_that_hangs_is_not_sent_for_ever() -> None:
    ledger = Ledger()
    hung = replace(FAILED, code="transport.timeout")
    assert not ledger.has_hangs
    enter(ledger, hung, "/a:x")
    assert ledger.has_hangs
    assert not ledger.hangs(shown("/a:x"))
    for _ in range(2):
        ledger.seen(hung, shown("/a:x"))
    assert ledger.hangs(shown("/a:x", "/b:y"))
    assert not ledger.hangs(shown("/b:y"))


def test_known_findings_do_not_count() -> None:
    known = enter(Ledger(), BROKEN).id
    ledger = Ledger(known=frozenset({known}))
    assert enter(ledger, BROKEN).known
    assert counted(findings(ledger)) == (0, 0)


def test_the_worst_is_told_first() -> None:
    ledger = Ledger()
    mild = enter(ledger, replace(BROKEN, severity="warning"))
    flaky = enter(ledger, replace(BROKEN, schema_pointer="#/f"), again=1, tries=5)
    rare = enter(ledger, replace(BROKEN, schema_pointer="#/r"))
    often = enter(ledger, replace(BROKEN, schema_pointer="#/o"))
    ledger.seen(replace(BROKEN, schema_pointer="#/o"), shown())
    assert [one.id for one in findings(ledger)] == [often.id, rare.id, flaky.id, mild.id]
    assert counted(findings(ledger)) == (3, 1)
