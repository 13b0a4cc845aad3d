"""The options that several commands share."""

from __future__ import annotations

from typing import Any

import click


def document_options(command: Any) -> Any:
    """Add what every command that reads a document takes: DOCUMENT, --overlay, --published."""
    for decorate in reversed(
        (
            click.argument("document", required=False),
            click.option(
                "--overlay",
                "overlays",
                multiple=True,
                metavar="FILE",
                help="Apply this OpenAPI Overlay; may be given several times, in order.",
            ),
            click.option(
                "--published", is_flag=True, help="The document as published: without any overlay."
            ),
        )
    ):
        command = decorate(command)
    return command


def chosen_overlays(
    document: str | None, overlays: tuple[str, ...], *, published: bool
) -> list[str] | None:
    """The `overlays` argument of `loading.load` that these options mean."""
    if published:
        if overlays:
            raise click.UsageError("--published and --overlay exclude each other")
        return []
    if overlays or document is not None:
        return list(overlays)
    return None
