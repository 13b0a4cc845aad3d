"""`troth mock`: serve a document until told to stop."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from troth.cli.options import (
    FiniteNumber,
    chosen_overlays,
    command,
    document_options,
    flag,
    option,
    options,
    warn,
)

if TYPE_CHECKING:
    from troth.openapi.contract import Contract

_BODY_BYTES = 16 * 1024 * 1024
_AT_LEAST_ONE = click.IntRange(min=1)


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


_seconds, _some_time = FiniteNumber(min=0), FiniteNumber(min=0, min_open=True)
_folder = click.Path(file_okay=False, path_type=Path)
_log_forms = click.Choice(["text", "json", "off"])
_mock_options = options(
    option("--host", "The address to listen on.", "ADDRESS", default="127.0.0.1"),
    option("--port", "The port; 0 takes any free one.", "N", type=_Port(0, 65535), default=8000),
    option("--seed", "Another seed, other answers.", "N", type=int, default=0),
    option(
        "--token",
        "Accept only this credential; may be given several times. Without it any will do.",
        *("TOKEN", "tokens"),
        multiple=True,
    ),
    option(
        "--clock",
        "Whether answers tell a fixed time, and so stay the same, or the real one.",
        type=click.Choice(["fixed", "wall"]),
        default="fixed",
    ),
    flag(
        "--stateless",
        "Keep nothing of what is posted, changed and deleted: the same request, the same answer.",
    ),
    option(
        "--pace",
        "Answer chats as fast as a model does: fast, typical, slow or bursty; without it at once. "
        'Figures may follow: "slow ttft=3 jitter=0".',
        "PROFILE",
        type=_Pace(),
    ),
    option(
        "--ttft",
        "Seconds from a request to the first token of what a chat says.",
        "S",
        type=_seconds,
    ),
    option("--tokens-per-second", "Tokens a second that a chat says.", "N", type=_some_time),
    option(
        "--cors-origin",
        'Let pages of this origin read the answers ("*": all); loopback origins always may.',
        *("ORIGIN", "cors_origins"),
        type=_ORIGIN,
        multiple=True,
    ),
    option(
        "--allow-host",
        'Answer under this name too ("*": under any).',
        *("HOST", "allow_hosts"),
        type=_AUTHORITY,
        multiple=True,
    ),
    option(
        "--max-body-bytes",
        "The largest request body.",
        "N",
        type=_AT_LEAST_ONE,
        default=_BODY_BYTES,
    ),
    option(
        "--write-timeout",
        "Close a connection whose client takes nothing for so long.",
        "S",
        type=_some_time,
        default=30.0,
    ),
    option("--grace", "How long a stop waits for open answers.", "S", type=_seconds, default=5.0),
    option(
        "--fail",
        "Let go wrong what FAULT says, as in '429 every 3rd' or 'drop after 5 events 2 %'; may be "
        "given several times. docs/FAULTS.md has the words.",
        "FAULT",
        multiple=True,
    ),
    option(
        "--log",
        "Say a line for each request: text to standard error (what it is on a terminal), or JSON "
        "for machines to standard output.",
        type=_log_forms,
    ),
    flag(
        "--no-inspector",
        "Keep nothing of what is asked, and serve neither /_troth/ nor what is below it.",
    ),
    option(
        "--control-token",
        "Let whoever has this token look at /_troth/ and drive the mock, from anywhere; without "
        "it this machine only may.",
        "TOKEN",
    ),
    flag("--watch", "Read the document and its overlays anew when one of their files changes."),
    option(
        "--scenario",
        "Answer as the scenarios of this file say, or of all files in this folder.",
        "FILE",
        type=click.Path(exists=True, path_type=Path),
    ),
    option(
        "--record",
        "Pass on to this server what no scenario answers, and write scenarios of its answers.",
        "URL",
        type=_Server(),
    ),
    option(
        "--record-to",
        "Where they are written; without it the folder of --scenario, or else recorded.",
        "FOLDER",
        type=_folder,
    ),
    flag("--no-control-fields", "Let no request say by Prefer or X-Troth-* which answer it gets."),
    option(
        "--workers",
        "Serve by so many processes, of a mock that keeps nothing between two requests.",
        "N",
        type=_AT_LEAST_ONE,
        default=1,
    ),
    flag("--json", "Announce the server in one line of JSON.", "as_json"),
    flag("--quiet", "Say nothing but errors."),
)


@command()
@document_options
@_mock_options
def mock(
    document: str | None,
    overlays: tuple[str, ...],
    published: bool,
    no_bundled_overlay: bool,
    strict_document: bool,
    **given: Any,
) -> None:
    """Serve a deterministic mock of DOCUMENT (without one: the bundled document)."""
    from troth import loading
    from troth_mock import wiring  # all of the mock: `troth --help` does without

    wiring.log_problems(given)
    chosen = chosen_overlays(
        document, overlays, published=published, no_bundled_overlay=no_bundled_overlay
    )

    def load() -> Contract:
        contract = loading.load(document, overlays=chosen, strict=strict_document)
        warn(contract.faults, document=document)
        return contract

    wiring.serve_document(load, document=document, overlays=chosen, options=given)
