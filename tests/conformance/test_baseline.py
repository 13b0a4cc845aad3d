"""The baseline: what is accepted, how it is written, and what becomes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from troth.conformance import baseline
from troth.conformance.baseline import Accepted, BadBaseline, Baseline, EarlierErrors
from troth.conformance.events import Finding
from troth.http.exchange import Exchange, Request
from troth.violation import Violation


def finding(
    name: str, *, operation: str = "POST /a", group: str | None = None, **kw: Any
) -> Finding:
    violation = Violation("response-body.type", operation, "response-body", f"{name} is wrong")
    example = Exchange(Request("POST", "/a"))
    return Finding(name, "error", violation, "case", "about", example, group=group, **kw)


def test_what_is_written_is_sorted_and_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "baseline.json"
    made = baseline.updated(
        None,
        [finding("b2"), finding("a1", operation="POST /b"), finding("b1")],
        complete=True,
        declared=frozenset(),
    )
    baseline.write(file, made)
    assert [entry["id"] for entry in json.loads(file.read_text())["findings"]] == ["b1", "b2", "a1"]
    assert baseline.read(file) == Baseline({one: made.accepted[one] for one in ("b1", "b2", "a1")})
    before = file.read_bytes()
    baseline.write(file, baseline.read(file))
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["baseline.json"]


def test_a_known_entry_keeps_its_words_and_a_finding_that_is_gone_goes() -> None:
    old = Baseline({"a": Accepted("a", "x.y", "POST /a", "error", "as it was"), "b": Accepted("b")})
    new = baseline.updated(old, [finding("a"), finding("c")], complete=True, declared=frozenset())
    assert list(new.accepted) == ["a", "c"]
    assert new.accepted["a"].message == "as it was"
    assert old.gone([finding("a")]) == (Accepted("b"),)


def test_a_run_that_was_not_complete_takes_nothing_out() -> None:
    old = Baseline({"a": Accepted("a")})
    new = baseline.updated(old, [finding("c")], complete=False, declared=frozenset())
    assert set(new.accepted) == {"a", "c"}


def test_what_is_declared_beforehand_needs_no_entry() -> None:
    found = [finding("a", group="tools"), finding("b")]
    new = baseline.updated(None, found, complete=True, declared=frozenset({"tools"}))
    assert set(new.accepted) == {"b"}


def test_words_of_a_server_that_are_no_unicode_are_written(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    entry = Accepted("a", message="\ud800 \u2028")
    baseline.write(file, Baseline({"a": entry}))
    assert file.read_bytes().isascii()
    assert baseline.read(file).accepted == {"a": entry}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON: Expecting property name"),
        ("[]", "not a baseline of troth"),
        ('{"baseline": "troth", "format": 9}', "its format 9 is not 1"),
        ('{"baseline": "troth", "format": 1}', "'findings' is not an array"),
        (
            '{"baseline": "troth", "format": 1, "findings": [{"code": "a"}]}',
            "findings/0: an entry needs an 'id'",
        ),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(BadBaseline) as caught:
        baseline.read(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_file_that_is_not_there_is_told_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(BadBaseline, match="there is no such file; --update-baseline makes one"):
        baseline.read(tmp_path / "none.json")


def test_an_error_is_named_until_a_look_at_it_shows_nothing(tmp_path: Path) -> None:
    def left(findings: list[Finding], looked: str = "") -> list[str]:
        errors = EarlierErrors.of(str(tmp_path), "digest")
        told = errors.left(findings, looks={"case": "look"}, is_seen=lambda one: one.look == looked)
        return [one.id for one in told]

    assert left([finding("a"), finding("b", known=True)]) == []
    assert left([finding("c")]) == ["a"]
    assert left([finding("a")]) == ["c"]
    assert left([], looked="another") == ["a", "c"]
    assert left([], looked="look") == []
    assert left([]) == []
    (file,) = tmp_path.iterdir()
    file.write_text("[7]")
    with pytest.raises(BadBaseline):
        left([])
