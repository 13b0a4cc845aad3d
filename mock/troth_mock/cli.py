"""`troth mock`: serve a document until told to stop."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from troth.cli.options import FiniteNumber, chosen_overlays, command, document_options, warn

if TYPE_CHECKING:
    from troth.openapi.contract import Contract

_MEBIBYTE = 1024 * 1024


class _Named(click.types.StringParamType):
    """A text of a form that a regular expression tells; *like* shows one."""

    def __init__(self, name: str, form: str, *, like: str) -> None:
        self.name = name
        self._form = re.compile(form)
        self._like = like

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        if value != "*" and self._form.fullmatch(value) is None:
            self.fail(f"{value!r} is no {self.name}: one looks like {self._like}", param, ctx)
        return str(value)


# an origin is what a browser writes: no path; null is that of a file
_ORIGIN = _Named("origin", r"[A-Za-z][\w+.-]*://[^\s/?#@]+/?|null", like="https://app.example:8443")
_AUTHORITY = _Named("host", r"[^\s/?#@,]+", like="mock.example or mock.example:8000")


class _Pace(click.types.StringParamType):
    name = "pace"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        from troth_mock import pace

        try:
            pace.read(value)
        except pace.UnknownPace as fault:
            self.fail(str(fault), param, ctx)
        return str(value)


class _Server(click.types.StringParamType):
    name = "url"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        from troth_mock.proxy import forwarding

        try:
            forwarding.server_at(value)
        except forwarding.NoServer as fault:
            self.fail(str(fault), param, ctx)
        return str(value)


class _Port(click.IntRange):
    name = "port"


@command()
@document_options
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="The address to listen on.",
)
@click.option(
    "--port",
    type=_Port(0, 65535),
    metavar="N",
    default=8000,
    show_default=True,
    help="The port; 0 takes any free one.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Another seed, other answers.",
)
@click.option(
    "--token",
    "tokens",
    multiple=True,
    metavar="TOKEN",
    help="Accept only this credential; may be given several times. Without it any will do.",
)
@click.option(
    "--clock",
    type=click.Choice(["fixed", "wall"]),
    default="fixed",
    show_default=True,
    help="Whether answers tell a fixed time, and so stay the same, or the real one.",
)
@click.option(
    "--stateless",
    is_flag=True,
    help="Keep nothing of what is posted, changed and deleted: the same request, the same answer.",
)
@click.option(
    "--pace",
    type=_Pace(),
    metavar="PROFILE",
    help="Answer chats as fast as a model does: fast, typical, slow or bursty; without it at once. "
    'Figures may follow: "slow ttft=3 jitter=0".',
)
@click.option(
    "--ttft",
    type=FiniteNumber(min=0),
    metavar="S",
    help="Seconds from a request to the first token of what a chat says.",
)
@click.option(
    "--tokens-per-second",
    type=FiniteNumber(min=0, min_open=True),
    metavar="N",
    help="Tokens a second that a chat says.",
)
@click.option(
    "--cors-origin",
    "cors_origins",
    type=_ORIGIN,
    multiple=True,
    metavar="ORIGIN",
    help='Let pages of this origin read the answers ("*": all); loopback origins always may.',
)
@click.option(
    "--allow-host",
    "allow_hosts",
    type=_AUTHORITY,
    multiple=True,
    metavar="HOST",
    help='Answer under this name too ("*": under any).',
)
@click.option(
    "--max-body-bytes",
    type=click.IntRange(min=1),
    default=16 * _MEBIBYTE,
    show_default=True,
    metavar="N",
    help="The largest request body.",
)
@click.option(
    "--write-timeout",
    type=FiniteNumber(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="S",
    help="Close a connection whose client takes nothing for so long.",
)
@click.option(
    "--grace",
    type=FiniteNumber(min=0),
    default=5.0,
    show_default=True,
    metavar="S",
    help="How long a stop waits for open answers.",
)
@click.option(
    "--fail",
    "fail",
    multiple=True,
    metavar="FAULT",
    help="Let go wrong what FAULT says, as in '429 every 3rd' or 'drop after 5 events 2 %'; may be "
    "given several times. docs/FAULTS.md has the words.",
)
@click.option(
    "--log",
    "log",
    type=click.Choice(["text", "json", "off"]),
    help="Say a line for each request: text to standard error (what it is on a terminal), or JSON "
    "for machines to standard output.",
)
@click.option(
    "--no-inspector",
    is_flag=True,
    help="Keep nothing of what is asked, and serve neither /_troth/ nor what is below it.",
)
@click.option(
    "--control-token",
    metavar="TOKEN",
    help="Let whoever has this token look at /_troth/ and drive the mock, from anywhere; without "
    "it this machine only may.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Read the document and its overlays anew when one of their files changes.",
)
@click.option(
    "--scenario",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Answer as the scenarios of this file say, or of all files in this folder.",
)
@click.option(
    "--record",
    type=_Server(),
    metavar="URL",
    help="Pass on to this server what no scenario answers, and write scenarios of its answers.",
)
@click.option(
    "--record-to",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where they are written; without it the folder of --scenario, or else recorded.",
)
@click.option(
    "--no-control-fields",
    is_flag=True,
    help="Let no request say by Prefer or X-Troth-* which answer it gets.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Serve by so many processes, of a mock that keeps nothing between two requests.",
)
@click.option("--json", "as_json", is_flag=True, help="Announce the server in one line of JSON.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def mock(
    document: str | None,
    overlays: tuple[str, ...],
    published: bool,
    no_bundled_overlay: bool,
    strict_document: bool,
    **options: Any,
) -> None:
    """Serve a deterministic mock of DOCUMENT (without one: the bundled document)."""
    from troth import loading
    from troth_mock import wiring  # all of the mock: `troth --help` does without

    wiring.log_problems(options)
    chosen = chosen_overlays(
        document, overlays, published=published, no_bundled_overlay=no_bundled_overlay
    )

    def load() -> Contract:
        contract = loading.load(document, overlays=chosen, strict=strict_document)
        warn(contract.faults, document=document)
        return contract

    wiring.serve_document(load, document=document, overlays=chosen, options=options)
