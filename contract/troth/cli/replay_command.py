"""`troth replay`: send one finding of a run again, and see whether it still shows."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from troth.cli.options import command, flag, option, strict_option, warn
from troth.cli.run_options import BadOption, header_field
from troth.conformance import replay as replaying
from troth.conformance.budget import Unreachable
from troth.conformance.events import Finding, Step
from troth.conformance.journal import read
from troth.conformance.progress import say
from troth.conformance.redaction import MARK, Redactor
from troth.conformance.reports.excerpts import excerpt
from troth.conformance.reports.finding_text import sentence, status_line, step_text
from troth.conformance.reports.text import disarmed, visible, visible_lines
from troth.conformance.run_summary import RunSummary, summarize
from troth.conformance.settings import Settings, base_url
from troth.conformance.transport import Transport
from troth.errors import TrothError
from troth.http.exchange import Exchange, Fields, Request

_SHOWN = 16 * 1024


def _fields(ctx: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> Fields:
    try:
        return tuple(map(header_field, texts))
    except BadOption:
        raise click.BadParameter("write NAME: VALUE") from None


@command()
@click.argument("what", metavar="FILE|FINDING")
@click.argument("finding", required=False)
@option(
    "--journal",
    "The journal, where the first argument is a finding.",
    "FILE",
    envvar="TROTH_TEST_JOURNAL",
)
@option("--url", "Another server than that of the run.", "URL")
@option("--token", "The credential to send.", "TOKEN", envvar="TROTH_TOKEN")
@option(
    "--second-token",
    "The credential of another user, where the run had one.",
    "TOKEN",
    envvar="TROTH_SECOND_TOKEN",
)
@option(
    "--header",
    "Send this field; those that the run was given are not in the journal.",
    *("NAME:VALUE", "fields"),
    multiple=True,
    callback=_fields,
)
@flag("--insecure", "Take any TLS certificate.")
@strict_option
def replay(
    what: str,
    finding: str | None,
    journal: str | None,
    url: str | None,
    token: str | None,
    second_token: str | None,
    fields: Fields,
    insecure: bool,
    strict_document: bool,
) -> int:
    """Send one finding again, from the bytes in the journal, and say whether it still shows.

    FILE is a journal that `troth test --journal` wrote, FINDING the id of a finding or the
    beginning of it, or its code.  One that took several requests is shown on new items: all its
    steps are sent anew, and what they made is deleted.  Exit code: 1 it still shows, 0 it does not
    (or one answer cannot tell), 3 nobody answered.
    """
    if finding is None and journal is not None and not Path(what).exists():
        what, finding = journal, what
    run = summarize(read(what))
    chosen = replaying.chosen(run, finding)
    settings = _settings(run, url=url, token=token, fields=fields, insecure=insecure)
    if replaying.takes_steps(chosen):
        seed = run.started.seed if run.started else 0
        settings = replace(settings, second_token=second_token, seed=seed)
        return _repeat(run, chosen, settings, strict=strict_document)
    request = replaying.restored(chosen, token=token, fields=fields, own_fields=run.own_fields)
    exchange = asyncio.run(_send(request, settings))
    redactor = Redactor.of(settings)
    shown = redactor.exchange(exchange)
    _tell(f"{chosen.code}  {chosen.id}  {request.method} {shown.request.target}")
    _tell(f"was: {sentence(chosen)}")
    _tell_answer(shown)
    return _verdict(run, chosen, exchange, redactor, strict=strict_document)


def _settings(
    run: RunSummary, *, url: str | None, token: str | None, fields: Fields, insecure: bool
) -> Settings:
    target = url or run.target
    if url is None and run.started is not None and run.started.settings.get("in_process"):
        why = "the run asked an application in process: give a server of it with --url"
        raise replaying.CannotReplay(why)
    if MARK in target or not target:
        raise replaying.CannotReplay("the journal does not tell the whole URL: give it with --url")
    return Settings(url=base_url(target), token=token, fields=fields, insecure=insecure)


def _repeat(run: RunSummary, finding: Finding, settings: Settings, *, strict: bool) -> int:
    """Send all steps of *finding* anew, and say whether it still shows."""
    contract, second = replaying.contracts(run.started, strict=strict)
    given = run.started.settings.get("set") if run.started else None
    settings = replace(settings, overrides=given or {})
    _tell(f"{finding.code}  {finding.id}  {finding.violation.operation}")
    _tell(f"was: {sentence(finding)}")

    async def go() -> tuple[tuple[Exchange, ...], replaying.Judgement]:
        async with _transport(settings) as transport:
            return await replaying.repeated(
                *(contract, second, finding), transport=transport, settings=settings
            )

    try:
        exchanges, judgement = asyncio.run(go())
    except Unreachable as fault:
        _tell(f"nobody answered: {fault}")
        return 3
    redactor = Redactor.of(settings)
    _tell("")
    for exchange in exchanges:
        step = step_text(Step(redactor.exchange(exchange)))
        _tell(f"{step.request} → {step.answer}")
    _tell("")
    return _judge(judgement, redactor)


def _transport(settings: Settings) -> Transport:
    return Transport(
        settings.url,
        caps=replace(settings.caps, seconds=60.0),
        clock=time.monotonic,
        insecure=settings.insecure,
    )


async def _send(request: Request, settings: Settings) -> Exchange:
    async with _transport(settings) as transport:
        return await transport.send(request, fresh=True)


def _verdict(
    run: RunSummary, finding: Finding, exchange: Exchange, redactor: Redactor, *, strict: bool
) -> int:
    if exchange.response is None and exchange.fault in ("unreachable", "tls"):
        _tell(f"nobody answered: {exchange.fault_detail or exchange.fault}")
        return 3
    try:
        contract, second = replaying.contracts(run.started, strict=strict)
    except (TrothError, OSError) as fault:
        _tell(f"it cannot be judged, the document is gone: {fault}")
        return 0
    warn(contract.faults, document=contract.document.file)
    if run.started and contract.document.digest != run.started.digest:
        _tell(f"note: the document has changed since: {contract.document.file}")
    judgement = replaying.judged(contract, second, run, finding, exchange)
    if judgement.shows is None:
        _tell("one answer cannot tell whether it still shows: it is about several")
        return 0
    return _judge(judgement, redactor)


def _judge(judgement: replaying.Judgement, redactor: Redactor) -> int:
    for violation in judgement.violations:
        now = redactor.text(f"{violation.code}: {violation.message}")
        _tell(f"now: {violation.severity} {now}")
    _tell("it still shows" if judgement.shows else "it does not show any more")
    return 1 if judgement.shows else 0


def _tell_answer(exchange: Exchange) -> None:
    response = exchange.response
    _tell("")
    if response is not None:
        _tell(status_line(response.status))
        for name, value in response.fields:
            _tell(f"{name}: {value}")
        shown = excerpt(response.body, most=_SHOWN)
        say(sys.stdout, "\n" + disarmed(visible_lines(shown.text)).rstrip("\n") + "\n")
        if shown.note:
            _tell(f"… {shown.note}")
    if exchange.fault:
        _tell(f"{exchange.fault}: {exchange.fault_detail}")
    _tell(f"in {exchange.seconds:.3f} s")
    _tell("")


def _tell(text: str) -> None:
    say(sys.stdout, disarmed(visible(text)) + "\n")
