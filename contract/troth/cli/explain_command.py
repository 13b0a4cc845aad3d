"""`troth explain`: what a code means."""

from __future__ import annotations

import json
import shutil
import textwrap
from dataclasses import asdict
from typing import Any

import click

from troth import loading
from troth.cli.options import (
    bundled_overlay_option,
    chosen_overlays,
    command,
    flag,
    option,
    strict_option,
    warn,
)
from troth.conformance import codes

_WIDEST = 100


@command()
@click.argument("code", required=False)
@option("--document", "Explain the laws of this document.", "FILE")
@option("--overlay", "Apply this overlay.", "FILE|NAME", "overlays", multiple=True)
@bundled_overlay_option
@strict_option
@flag("--json", "Write JSON.", "as_json")
def explain(
    code: str | None,
    document: str | None,
    overlays: tuple[str, ...],
    no_bundled_overlay: bool,
    strict_document: bool,
    as_json: bool,
) -> None:
    """Say what CODE means, why it matters, how servers get there and what to do.

    Without CODE, or with the first half of one (`stream`), list the codes.  Laws and capabilities
    are those of the document.
    """
    chosen = chosen_overlays(document, overlays, no_bundled_overlay=no_bundled_overlay)
    contract = loading.load(document, overlays=chosen, strict=strict_document)
    warn(contract.faults, document=document)
    width = max(40, min(shutil.get_terminal_size().columns, _WIDEST))
    value: Any
    if code is None:
        lists = codes.lists(contract)
        value = {one.title: dict(one.lines) for one in lists}
        text = "\n".join(listing(one, width=width) for one in lists)
    elif family := codes.family_of(contract, code):
        means = tuple((one, codes.explain(contract, one).means) for one in family)
        value, text = dict(means), listing(codes.CodeList(code, means), width=width)
    else:
        explanation = codes.explain(contract, code)
        value, text = asdict(explanation), in_words(explanation, width=width)
    click.echo(json.dumps(value, indent=2) + "\n" if as_json else text, nl=False)


def in_words(explanation: codes.Explanation, *, width: int) -> str:
    """One code's explanation, in lines of *width* columns."""
    lines = [explanation.code, ""]
    quotes = (f"The document says: {words!r}" for words in explanation.says)
    for paragraph in (explanation.means, *quotes):
        lines += textwrap.wrap(paragraph, width)
    for head, body in (
        ("Why it matters", explanation.why),
        ("How servers usually get there", explanation.usually),
        ("What to do", explanation.mend),
    ):
        lines += ["", head]
        lines += textwrap.wrap(body, width, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines) + "\n"


def listing(section: codes.CodeList, *, width: int) -> str:
    """A list of codes, each with one line on what it means."""
    lines = [section.title]
    column = min(max((len(code) for code, _ in section.lines), default=0), 34)
    for code, means in section.lines:
        head = f"  {code:<{column}}  "
        room = max(width - len(head), 20)
        lines.append(head + textwrap.shorten(means, room, placeholder=" …", break_on_hyphens=False))
    return "\n".join(lines) + "\n"
