"""`troth mock`: serve a document until told to stop."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from troth.cli.options import FiniteNumber, chosen_overlays, command, document_options, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from troth.openapi.contract import Contract
    from troth_mock.pace import Pace
    from troth_mock.server.application import App, Settings
    from troth_mock.server.watching import Watch

_MEBIBYTE = 1024 * 1024
_OPEN_FILES = 65536


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
    help="Send streams as a model does: fast, typical, slow or bursty; without it at once. "
    'Figures may follow: "slow ttft=3 jitter=0".',
)
@click.option(
    "--ttft",
    type=FiniteNumber(min=0),
    metavar="S",
    help="Seconds from a request to the first token of its stream.",
)
@click.option(
    "--tokens-per-second",
    type=FiniteNumber(min=0, min_open=True),
    metavar="N",
    help="Pace streams at this rate.",
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
    from troth_mock.control import Control
    from troth_mock.faults.switches import Switches
    from troth_mock.responding.responder import Responder
    from troth_mock.server.application import App
    from troth_mock.server.serving import run, serve

    _log(quiet=options["quiet"])
    chosen = chosen_overlays(
        document, overlays, published=published, no_bundled_overlay=no_bundled_overlay
    )
    if options["workers"] > 1:
        _refuse_to_keep(options)
    if options["watch"] and "-" in (document, *(chosen or ())):
        raise click.UsageError("--watch watches files, and - is standard input")

    def load() -> Contract:
        contract = loading.load(document, overlays=chosen, strict=strict_document)
        warn(contract.faults, document=document)
        return contract

    contract = load()
    responder = Responder(
        contract,
        seed=options["seed"],
        tokens=options["tokens"],
        clock=options["clock"],
        stateless=options["stateless"],
        preferences=not options["no_control_fields"],
    )
    settings = _settings(options)
    faults = Switches(contract, options["fail"], seed=options["seed"])
    control = Control(contract, pace=settings.pace, faults=faults)
    app = App(contract, responder, settings=settings, control=control)
    _follow_scenarios(app, options)
    _log_requests(app, options)
    _settle()

    def ready(url: str) -> None:
        _announce(url, contract, responder, options)

    watch = [_watch(app, load, document, chosen)] if options["watch"] else []
    if options["workers"] > 1:
        _serve_by_workers(app, watch, options, ready=ready)
        return
    run(
        serve(
            app,
            host=options["host"],
            port=options["port"],
            ready=ready,
            meanwhile=[each.run() for each in watch],
        )
    )


def _follow_scenarios(app: App, options: dict[str, Any]) -> None:
    """Let scenarios answer, if there are some, and requests say what they get."""
    from troth_mock.server.heads import wall_clock

    app.control.follow(
        options["scenario"],
        problem=lambda match, request: app.responder.problem(match, request),
        clock=wall_clock,
        told=_tell,
        fields=not options["no_control_fields"],
        may_be_none=options["record"] is not None,
    )
    if app.control.scenarios is not None and not options["quiet"]:
        count = len(app.control.scenarios.active)
        _tell(f"{options['scenario']} has {count} scenario{'s' * (count != 1)}")
    if options["record"] is not None:
        _record(app, options)
    elif options["record_to"] is not None:
        raise click.UsageError("--record-to says where what --record records is written")


def _record(app: App, options: dict[str, Any]) -> None:
    """Pass on what no scenario answers, and write down what comes of it."""
    from troth_mock.proxy.forwarding import Upstream
    from troth_mock.proxy.recording import Recorder

    scenarios = options["scenario"]
    beside = scenarios if scenarios is not None and scenarios.is_dir() else Path("recorded")
    folder = options["record_to"] or beside
    recorder = Recorder(app.contract, folder, url=options["record"], told=_tell)
    if not options["quiet"]:
        _tell(f"what no scenario answers goes to {recorder.url}, and is written to {folder}")
    app.control.forward = Upstream(options["record"], record=recorder.write).forward
    app.control.recorded = recorder.url
    app.control.when_read.append(recorder.use)


def _tell(sentence: str) -> None:
    click.echo(f"troth: {sentence}", err=True)


#: What a mock of several processes cannot have, since they share nothing, by its option.
_KEPT = {
    "scenario": "sequences of answers",
    "fail": "counts of faults",
    "record": "what is recorded",
}


def _refuse_to_keep(options: dict[str, Any]) -> None:
    """Refuse several workers for a mock that keeps something between two requests."""
    from troth_mock.server import workers

    if not workers.is_possible():
        raise click.UsageError("--workers: this system cannot share a port among processes")
    lacking = [
        option
        for option, is_there in (
            ("--stateless", options["stateless"]),
            ("--no-inspector", options["no_inspector"]),
        )
        if not is_there
    ]
    if lacking:
        raise click.UsageError(
            f"--workers: processes share nothing, so say {' and '.join(lacking)} too"
        )
    for name, what in _KEPT.items():
        if options.get(name):
            raise click.UsageError(f"--workers and --{name}: processes do not share {what}")


def _serve_by_workers(
    app: App, watch: list[Watch], options: dict[str, Any], *, ready: Callable[[str], None]
) -> None:
    """Serve *app* by several processes."""
    from troth_mock.server.serving import serve
    from troth_mock.server.workers import serve_by

    def work(
        host: str,
        port: int,
        is_ready: Callable[[str], None],
        meanwhile: list[Coroutine[Any, Any, None]],
    ) -> Coroutine[Any, Any, None]:
        beside = [*meanwhile, *(each.run() for each in watch)]
        return serve(app, host=host, port=port, ready=is_ready, meanwhile=beside, shared=True)

    serve_by(options["workers"], work, host=options["host"], port=options["port"], ready=ready)


def _watch(
    app: App,
    load: Callable[[], Contract],
    document: str | None,
    overlays: Sequence[str | Path] | None,
) -> Watch:
    """What serves the document anew when it changes, and says so."""
    from troth import loading
    from troth_mock.server.watching import Watch

    if overlays is None:
        overlays = loading.bundled_overlays() if document is None else ()
    named = (document or loading.bundled_document(), *map(loading.overlay_file, overlays))

    return Watch(app, load, named=named, tell=_tell)


def _settings(options: dict[str, Any]) -> Settings:
    from troth_mock.server.application import Settings
    from troth_mock.server.guards import Hosts, Limits, Origins

    return Settings(
        origins=Origins(options["cors_origins"]),
        hosts=Hosts(options["host"], options["allow_hosts"]),
        limits=Limits(body_bytes=options["max_body_bytes"], write=options["write_timeout"]),
        pace=_pace(options),
        grace=options["grace"],
        inspector=not options["no_inspector"],
        control_token=options["control_token"],
        secrets=options["tokens"],
    )


def _log_requests(app: App, options: dict[str, Any]) -> None:
    import os

    usual = "text" if sys.stderr.isatty() and not options["quiet"] else "off"
    form = options["log"] or usual
    if form == "off":
        return
    stream = sys.stdout if form == "json" else sys.stderr

    def write(line: str) -> None:
        # nobody reads any more: what is served does not depend on it
        with suppress(BrokenPipeError):
            stream.write(line)
            stream.flush()

    has_colour = form == "text" and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    app.log(write, as_json=form == "json", colour=has_colour)


def _pace(options: dict[str, Any]) -> Pace:
    """The pace that `--pace` says, with the figures that options of their own say."""
    from troth_mock import pace

    figures = {name: options[name] for name in ("ttft", "tokens_per_second")}
    given = {name: value for name, value in figures.items() if value is not None}
    return replace(pace.read(options["pace"] or "off", seed=options["seed"]), **given)


def _announce(url: str, contract: Contract, responder: Any, options: dict[str, Any]) -> None:
    import os

    from troth_mock.server.announcement import Announcement, curl, first_request
    from troth_mock.server.guards import is_loopback
    from troth_mock.server.serving import MockServer

    if not is_loopback(options["host"]):
        click.secho(
            f"WARNING: listening on {options['host']}: everyone who can reach this machine can use "
            "this server. Without --host it is reachable from here only.",
            fg="red",
            bold=True,
            err=True,
        )
    if options["quiet"] and not options["as_json"]:
        return
    token = options["tokens"][0] if options["tokens"] else "any"
    request = first_request(contract, responder, token=token)
    line = curl(request, url) if request else None
    announcement = Announcement(
        MockServer(url, contract), line, os.getpid(), has_inspector=not options["no_inspector"]
    )
    click.echo(announcement.as_json() if options["as_json"] else announcement.as_text())


def _log(*, quiet: bool) -> None:
    import logging

    logging.basicConfig(
        format="troth: %(message)s", level=logging.ERROR if quiet else logging.WARNING
    )


def _settle() -> None:
    """Raise the limit of open files, and spare the collector what lives as long as we do."""
    import gc

    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    except (ImportError, ValueError, OSError):
        # Windows has no such limit, and a machine that forbids raising it has its reasons
        pass
    gc.collect()
    gc.freeze()
