"""What the commands share: how each is declared, and the options of those that read a document."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from troth import loading
from troth.errors import SpecError

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


#: What adds an option, or several, to a command.
Decorator = Callable[[Any], Any]


def option(name: str, help: str, metavar: str | None = None, to: str = "", **how: Any) -> Decorator:
    """The option *name*, for the argument *to* or of its own name; its default is shown."""
    names = (name, to) if to else (name,)
    is_shown = "default" in how
    return click.option(*names, help=help, metavar=metavar, show_default=is_shown, **how)


def flag(name: str, help: str, to: str = "") -> Decorator:
    """The option *name* that is given or not."""
    return option(name, help, to=to, is_flag=True)


def options(*decorators: Decorator) -> Decorator:
    """What adds the options *decorators* to a command, in their order."""

    def decorated(command: Any) -> Any:
        for decorate in reversed(decorators):
            command = decorate(command)
        return command

    return decorated


strict_option = flag(
    "--strict-document", "Refuse a document in which anything cannot be understood."
)
bundled_overlay_option = flag(
    "--no-bundled-overlay",
    "The bundled document without its own overlay, which else comes before the others.",
)
#: What every command that reads a document takes: DOCUMENT, --overlay, and the rest.
document_options = options(
    click.argument("document", required=False),
    option(
        "--overlay",
        "Apply this OpenAPI Overlay, a file or one that ships (openai); may be given several "
        "times, in order.",
        *("FILE|NAME", "overlays"),
        multiple=True,
    ),
    bundled_overlay_option,
    flag("--published", "The document as published: without any overlay."),
    strict_option,
)


def chosen_overlays(
    document: str | None,
    overlays: tuple[str, ...],
    *,
    published: bool = False,
    no_bundled_overlay: bool,
) -> list[str | Path] | None:
    """The `overlays` argument of `loading.load` that these options mean."""
    if not published:
        return loading.with_bundled_overlays(document, overlays, bundled=not no_bundled_overlay)
    if overlays:
        raise click.UsageError("--published and --overlay exclude each other")
    return []


#: A document that is wrong in more ways than this is told so, and not in all of them.
_MOST_WARNINGS = 20


def warn(faults: Sequence[SpecError], *, document: str | None) -> None:
    """Say on standard error what of *document* could not be understood, each thing once."""
    if not faults:
        return
    from troth.conformance.reports.text import disarmed, visible

    for line in warnings(faults, document=document):
        click.echo(disarmed(visible(line)), err=True)


def warnings(faults: Sequence[SpecError], *, document: str | None) -> Iterator[str]:
    """A line for each of *faults*; what is said again of other places is counted."""
    alike: dict[str, list[SpecError]] = {}
    for fault in faults:
        alike.setdefault(fault.fault, []).append(fault)
    for group in list(alike.values())[:_MOST_WARNINGS]:
        line, _, advice = str(group[0]).partition("\n")
        others = len(group) - 1
        more = f", and in {others} other place{'s' * (others > 1)}" if others else ""
        yield f"warning: {line}{more}" + (f". {advice}" if advice else "")
    left = len(alike) - _MOST_WARNINGS
    if left > 0:
        command = " ".join(["troth lint", *([document] if document else [])])
        yield f"warning: {left} other things are not understood: {command} tells them"
