"""`troth show`: the document as troth reads it."""

from __future__ import annotations

import click

from troth import loading
from troth.cli.options import chosen_overlays, command, document_options, warn
from troth.document.yaml_writer import dump_json, dump_yaml


@command()
@document_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="How to write it.",
)
def show(
    document: str | None,
    overlays: tuple[str, ...],
    published: bool,
    strict_document: bool,
    form: str,
) -> None:
    """Print the document as troth reads it, with its overlays applied.

    Without DOCUMENT it is the bundled one; "-" is standard input.
    """
    chosen = chosen_overlays(document, overlays, published=published)
    _, effective = loading.read(document, overlays=chosen, strict=strict_document)
    warn(effective.faults, document=document)
    write = dump_yaml if form == "yaml" else dump_json
    click.echo(write(effective.root), nl=False)
