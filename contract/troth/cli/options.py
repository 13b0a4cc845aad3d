"""What the commands share: how each is declared, and the options of those that read a document."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import click

# click keeps the help option of a command's first use, which may be one without our group around
# it: so `-h` is one of each command by itself
CONTEXT = {"help_option_names": ["-h", "--help"]}
#: How each command is declared.
command = partial(click.command, context_settings=CONTEXT)


class FiniteNumber(click.FloatRange):
    """A number that is one: float() also reads inf and nan, and nan is in every range."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """*value* as a finite number in the range; anything else fails the command."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


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
