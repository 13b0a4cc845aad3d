"""The command line: find the command, run it, and turn every fault into one line and a code.

Commands are imported when they are called: `troth mock` must not pay for what `troth test`
needs.  Other packages add commands through the entry-point group `troth.commands`.
"""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from importlib.metadata import entry_points, version
from typing import Any

import click

from troth.cli.options import CONTEXT
from troth.errors import TrothError, nearest

#: Our own commands: where each lives, and its line in the help (known without importing it).
_COMMANDS = {
    "lint": ("troth.cli.lint_command:lint", "Say what is wrong with a document."),
    "test": ("troth.cli.test_command:test", "Hold a running server to the document."),
    "explain": ("troth.cli.explain_command:explain", "Say what the code of a finding means."),
    "report": ("troth.cli.report_command:report_command", "Write the reports of a journal."),
    "replay": ("troth.cli.replay_command:replay", "Send one finding again."),
    "show": (
        "troth.cli.show_command:show",
        "Print the document as troth reads it, overlays applied.",
    ),
}
_GROUP = "troth.commands"


class _Commands(click.Group):
    """A group whose commands are imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_COMMANDS, *(point.name for point in entry_points(group=_GROUP))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            module, _, name = _COMMANDS[cmd_name][0].partition(":")
            command: click.Command = getattr(import_module(module), name)
            return command
        for point in entry_points(group=_GROUP, name=cmd_name):
            loaded: click.Command = point.load()
            return loaded
        return None

    def invoke(self, ctx: click.Context) -> Any:
        # here and not in `main`: click would make an exit with 1 of it
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # `troth show | head`: nobody reads on, and that is no fault
            with open(os.devnull, "w") as nobody:
                os.dup2(nobody.fileno(), sys.stdout.fileno())
            return 0
        return done

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as fault:
            near = nearest(args[0], self.list_commands(ctx))
            if near and near not in fault.message:
                raise click.UsageError(f"{fault.message} Did you mean {near!r}?", ctx) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = []
        for name in self.list_commands(ctx):
            if name in _COMMANDS:
                rows.append((name, _COMMANDS[name][1]))
            else:
                command = self.get_command(ctx, name)
                rows.append((name, command.get_short_help_str(80) if command else ""))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_Commands, context_settings=CONTEXT)
@click.version_option(version("troth"), prog_name="troth", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def troth(debug: bool) -> None:
    """Hold an HTTP API to its OpenAPI document."""
    # `main` has read --debug by now: it may stand behind the command too
    del debug


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its code.

    0: conforms; 1: violations; 2: usage, configuration or document; 3: target or machine;
    130: interrupted.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller (`>&-`): nobody wants to hear it
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - it stays to the end
    arguments, debug = _split(sys.argv[1:] if args is None else args)
    try:
        code = troth.main(arguments, prog_name="troth", standalone_mode=False)
    except click.ClickException as fault:
        fault.show()
        code = fault.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except Exception as fault:
        code = _tell(fault, debug=debug)
    sys.exit(code if isinstance(code, int) else 0)


def _split(args: list[str]) -> tuple[list[str], bool]:
    """The arguments without `--debug`, which may stand anywhere, and whether it was there."""
    end = args.index("--") if "--" in args else len(args)
    kept = [arg for arg in args[:end] if arg != "--debug"]
    return kept + args[end:], len(kept) < end


def _tell(fault: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(fault)
    if isinstance(fault, TrothError):
        click.echo(f"troth: {fault}", err=True)
        return fault.exit_code
    if isinstance(fault, OSError):
        name = f"{fault.filename}: " if fault.filename else ""
        click.echo(f"troth: {name}{fault.strerror or fault}", err=True)
        return 3
    click.echo(
        f"troth: this is a fault of troth itself: {type(fault).__name__}: {fault}\n"
        "Run it again as `troth --debug …` for the details, and please report them.",
        err=True,
    )
    return 3
