"""How the options of `troth mock` become a mock that serves: a function for each feature.

What each option may say is `cli`'s; here they are what click read, by name.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from troth import loading
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth_mock import pace
from troth_mock.control import Control
from troth_mock.faults.switches import Switches
from troth_mock.pace import Pace
from troth_mock.responding.responder import Responder
from troth_mock.server import workers
from troth_mock.server.application import App, Settings
from troth_mock.server.guards import Hosts, Limits, Origins, is_loopback
from troth_mock.server.heads import wall_clock
from troth_mock.server.serving import MockServer, run, serve

Options = Mapping[str, Any]

_OPEN_FILES = 65536


def log_problems(options: Options) -> None:
    """Let what goes wrong be said on standard error."""
    level = logging.ERROR if options["quiet"] else logging.WARNING
    logging.basicConfig(format="troth: %(message)s", level=level)


def serve_document(
    load: Callable[[], Contract],
    *,
    document: str | None,
    overlays: Sequence[str | Path] | None,
    options: Options,
) -> None:
    """Serve what *load* reads from *document* and *overlays*, until told to stop.

    Raises click.UsageError for options that do not go together, and what `load` and `serve` raise.
    """
    if options["workers"] > 1:
        _refuse_to_keep(options)
    if options["watch"] and "-" in (document, *(overlays or ())):
        raise click.UsageError("--watch watches files, and - is standard input")
    contract = load()
    app = _app(contract, options)
    _follow_scenarios(app, options)
    _log_requests(app, options)
    # before anybody can connect: of a large document it takes seconds, and nobody is answered then
    request = _first_request(contract, app.responder, options)
    _settle()

    def ready(url: str) -> None:
        _announce(url, contract, request, options)

    beside = [_watch(app, load, document, overlays)] if options["watch"] else []
    host, port = options["host"], options["port"]
    if options["workers"] > 1:
        _serve_by_workers(app, beside, options, ready=ready)
    else:
        run(serve(app, host=host, port=port, ready=ready, meanwhile=[one() for one in beside]))


def _app(contract: Contract, options: Options) -> App:
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
    return App(contract, responder, settings=settings, control=control)


def _follow_scenarios(app: App, options: Options) -> None:
    """Let scenarios answer, if there are some, and requests say what they get."""
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


def _is_itself(options: Options) -> bool:
    """Whether --record names this mock, which would ask itself without end."""
    parts = urlsplit(options["record"])
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = (parts.hostname or "").removesuffix(".")
    is_here = host in ("localhost", "::1", "0.0.0.0", options["host"]) or host.startswith("127.")
    return is_here and port == options["port"]


def _record(app: App, options: Options) -> None:
    """Pass on what no scenario answers, and write down what comes of it."""
    from troth_mock.proxy.forwarding import Upstream
    from troth_mock.proxy.recording import Recorder

    if _is_itself(options):
        message = f"--record: {options['record']} is where this mock is itself"
        raise click.UsageError(message)
    scenarios = options["scenario"]
    beside = scenarios if scenarios is not None and scenarios.is_dir() else Path("recorded")
    folder = options["record_to"] or beside
    secrets = [*options["tokens"], *filter(None, [options["control_token"]])]
    recorder = Recorder(app.contract, folder, url=options["record"], told=_tell, secrets=secrets)
    try:
        recorder.make_folder()
    except OSError as fault:
        raise click.UsageError(f"--record-to: {folder}: {fault.strerror}") from None
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


def _refuse_to_keep(options: Options) -> None:
    """Refuse several workers for a mock that keeps something between two requests."""
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


#: What runs beside the server, made anew in each process.
_Beside = Callable[[], Coroutine[Any, Any, None]]


def _serve_by_workers(
    app: App, beside: Sequence[_Beside], options: Options, *, ready: Callable[[str], None]
) -> None:
    """Serve *app* by several processes."""

    def work(
        host: str,
        port: int,
        is_ready: Callable[[str], None],
        meanwhile: list[Coroutine[Any, Any, None]],
    ) -> Coroutine[Any, Any, None]:
        all_beside = [*meanwhile, *(one() for one in beside)]
        return serve(app, host=host, port=port, ready=is_ready, meanwhile=all_beside, shared=True)

    host, port = options["host"], options["port"]
    workers.serve_by(options["workers"], work, host=host, port=port, ready=ready)


def _watch(
    app: App,
    load: Callable[[], Contract],
    document: str | None,
    overlays: Sequence[str | Path] | None,
) -> _Beside:
    """What serves the document anew when it changes, and says so."""
    from troth_mock.server.watching import Watch

    if overlays is None:
        overlays = loading.bundled_overlays() if document is None else ()
    named = (document or loading.bundled_document(), *map(loading.overlay_file, overlays))
    return Watch(app, load, named=named, tell=_tell).run


def _settings(options: Options) -> Settings:
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


def _log_requests(app: App, options: Options) -> None:
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


def _pace(options: Options) -> Pace:
    """The pace that `--pace` says, with the figures that options of their own say."""
    figures = {name: options[name] for name in ("ttft", "tokens_per_second")}
    given = {name: value for name, value in figures.items() if value is not None}
    return replace(pace.read(options["pace"] or "off", seed=options["seed"]), **given)


def _is_silent(options: Options) -> bool:
    return options["quiet"] and not options["as_json"]


def _first_request(contract: Contract, responder: Responder, options: Options) -> Request | None:
    """The request that is shown, if anything is."""
    if _is_silent(options):
        return None
    from troth_mock.server.announcement import first_request

    return first_request(contract, responder, token=next(iter(options["tokens"]), "any"))


def _announce(url: str, contract: Contract, request: Request | None, options: Options) -> None:
    if not is_loopback(options["host"]):
        click.secho(
            f"WARNING: listening on {options['host']}: everyone who can reach this machine can use "
            "this server. Without --host it is reachable from here only.",
            fg="red",
            bold=True,
            err=True,
        )
    if _is_silent(options):
        return
    from troth_mock.server.announcement import Announcement, curl

    line = curl(request, url) if request else None
    announcement = Announcement(
        MockServer(url, contract), line, os.getpid(), has_inspector=not options["no_inspector"]
    )
    click.echo(announcement.as_json() if options["as_json"] else announcement.as_text())


def _settle() -> None:
    """Raise the limit of open files, and spare the collector what lives as long as we do."""
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
