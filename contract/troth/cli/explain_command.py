"""`troth explain`: what a code means."""

from __future__ import annotations

import shutil
import textwrap
from typing import Any

import click

from troth import loading
from troth.cli.options import chosen_overlays
from troth.conformance import codes

_WIDEST = 100


@click.command()
@click.argument("code", required=False)
@click.option("--document", metavar="FILE", help="Explain the laws of this document.")
@click.option("--overlay", "overlays", multiple=True, metavar="FILE", help="Apply this overlay.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def explain(
    code: str | None, document: str | None, overlays: tuple[str, ...], as_json: bool
) -> None:
    """Say what CODE means, why it matters, how servers get there and what to do.

    Without CODE, or with the first half of one (`stream`), list the codes.  Laws and capabilities
    are those of the document.
    """
    contract = loading.load(document, overlays=chosen_overlays(document, overlays, published=False))
    if code is None:
        shelves = codes.shelves(contract)
        if as_json:
            _json({shelf.title: dict(shelf.lines) for shelf in shelves})
        else:
            click.echo("\n".join(listing(shelf, width=_width()) for shelf in shelves), nl=False)
        return
    family = codes.family_of(contract, code)
    if family:
        shelf = codes.Shelf(
            code, tuple((one, codes.explain(contract, one).means) for one in family)
        )
        if as_json:
            _json(dict(shelf.lines))
        else:
            click.echo(listing(shelf, width=_width()), nl=False)
        return
    explained = codes.explain(contract, code)
    if as_json:
        _json(_members(explained))
    else:
        click.echo(text(explained, width=_width()), nl=False)


def text(explained: codes.Explanation, *, width: int) -> str:
    """One code's explanation, in lines of *width* columns."""
    lines = [explained.code, ""]
    parts = [explained.means]
    parts += [f"The document says: {said!r}" for said in explained.says]
    for part in parts:
        lines += textwrap.wrap(part, width)
    for head, body in (
        ("Why it matters", explained.why),
        ("How servers usually get there", explained.usually),
        ("What to do", explained.mend),
    ):
        lines += ["", head]
        lines += textwrap.wrap(body, width, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines) + "\n"


def listing(shelf: codes.Shelf, *, width: int) -> str:
    """A shelf of codes, each with one line on what it means."""
    lines = [shelf.title]
    column = min(max(len(code) for code, _ in shelf.lines), 34)
    for code, means in shelf.lines:
        head = f"  {code:<{column}}  "
        room = max(width - len(head), 20)
        lines.append(head + textwrap.shorten(means, room, placeholder=" …", break_on_hyphens=False))
    return "\n".join(lines) + "\n"


def _members(explained: codes.Explanation) -> dict[str, Any]:
    return {
        "code": explained.code,
        "means": explained.means,
        "says": list(explained.says),
        "why": explained.why,
        "usually": explained.usually,
        "mend": explained.mend,
    }


def _json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2))


def _width() -> int:
    return max(40, min(shutil.get_terminal_size().columns, _WIDEST))
