"""docs/FAULTS.md has each kind of fault as the grammar writes it, and each outcome of a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from troth_mock.faults.fault import KINDS
from troth_mock.faults.grammar import parse_all
from troth_mock.faults.verdict import BAD, Outcome

PAGE = (Path(__file__).parents[3] / "docs" / "FAULTS.md").read_text(encoding="utf-8")
TARGETS = {"request": "any", "stream": "streams", "body": "bodies"}


def test_the_table_of_faults_is_that_of_the_code() -> None:
    rows = [
        f"| `{kind.written.replace('|', chr(92) + '|')}` | {kind.what} "
        f"| {', '.join(TARGETS[target] for target in kind.targets)} |"
        for kind in KINDS.values()
    ]
    assert "\n".join(["|---|---|---|", *rows, ""]) in PAGE


def test_every_outcome_is_told_and_the_bad_ones_are_bold() -> None:
    for outcome in get_args(Outcome):
        assert f"`{outcome}`" in PAGE
        assert (f"**`{outcome}`**" in PAGE) is (outcome in BAD)


def test_the_examples_can_be_read() -> None:
    blocks = [line.strip() for line in PAGE.splitlines() if line.startswith("    ")]
    texts = [line for line in blocks if line.startswith(("503", "ok", "crlf"))]
    assert len(texts) == 3
    for text in texts:
        assert parse_all(text)
