"""`troth lint`: say what is wrong with a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import click

from troth import loading
from troth.cli import config
from troth.cli.config import CONFIG_HELP, LEVELS, SEVERITIES, BadConfig, Config
from troth.cli.options import chosen_overlays, command, document_options, flag, option
from troth.document import overlay
from troth.document.document import Document
from troth.errors import Place, nearest
from troth.lint import CODES, Diagnostic, Ignored, report
from troth.lint import lint as find
from troth.lint.diagnostics import actions
from troth.lint.ignores import Level


@command()
@document_options
@option(
    "--format",
    "How to write the findings.",
    to="style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
)
@option(
    "--fix-overlay",
    "Write the proposed changes as an OpenAPI Overlay.",
    "FILE",
    type=click.Path(dir_okay=False, path_type=Path),
)
@option(
    "--severity",
    "Another severity for the findings of a code: error, warning, info or off.",
    *("CODE=SEVERITY", "severities"),
    multiple=True,
)
@option(
    "--fail-on",
    "The least severity that makes the exit code 1.  [default: error]",
    type=click.Choice(LEVELS),
)
@flag("--strict", "Exit with 1 for warnings too: --fail-on warning.")
@option("--config", CONFIG_HELP, "FILE", "file")
def lint(
    document: str | None,
    overlays: tuple[str, ...],
    published: bool,
    no_bundled_overlay: bool,
    strict_document: bool,
    style: str,
    fix_overlay: Path | None,
    severities: tuple[str, ...],
    fail_on: str | None,
    strict: bool,
    file: str | None,
) -> int:
    """Say what is wrong with DOCUMENT (the bundled one by default).

    Exit code: 0 without errors, 1 with errors (or what --fail-on says), 2 for a document or a
    configuration that cannot be used.
    """
    chosen = chosen_overlays(
        document, overlays, published=published, no_bundled_overlay=no_bundled_overlay
    )
    try:
        settled = config.load(file)
        ignored = [*ignored_by(settled), *map(_severity, severities)]
        _, effective = loading.read(document, overlays=chosen, strict=strict_document)
        findings = find(effective, ignored=ignored)
    except Exception as fault:
        # the program that reads the report is told in it; people are told on standard error
        if style != "text":
            _write(style, (_failure(fault, document),), file=document or "")
        raise
    _write(style, findings, file=effective.file)
    if fix_overlay is not None:
        write_overlay(effective, findings, fix_overlay)
    least = fail_on or ("warning" if strict else settled.section("lint").get("fail_on", "error"))
    return exit_code(findings, fail_on=least)


def _write(style: str, findings: Sequence[Diagnostic], *, file: str) -> None:
    if style == "github":
        text = report.github(findings)
    else:
        text = (report.as_json if style == "json" else report.text)(findings, file=file)
    click.echo(text, nl=False)


def _failure(fault: Exception, document: str | None) -> Diagnostic:
    """What keeps lint from saying anything else of *document*, as a finding of its own."""
    file = {None: str(loading.bundled_document()), "-": "<stdin>"}.get(document, document or "")
    place = getattr(fault, "place", None) or Place(file, 1)
    sentence = getattr(fault, "fault", None) or str(fault) or type(fault).__name__
    message = " ".join(f"{sentence}. {getattr(fault, 'advice', '')}".split())
    message = f"{message[:1].upper()}{message[1:]}"
    return Diagnostic("error", "unusable", message, getattr(fault, "pointer", ""), place)


def ignored_by(settled: Config) -> Iterator[Ignored]:
    """What the configuration says of findings."""
    section, place = settled.section("lint"), Place(str(settled.file), 1)
    yield from (_severity(each, file=place.file) for each in section.get("severity", ()))
    for entry in section.get("ignore", ()):
        codes = tuple(entry.get("code", ()))
        for code in codes:
            _check(code, file=place.file, key="lint.ignore")
        level = entry.get("severity", "off")
        yield Ignored(codes, entry.get("path", ""), entry.get("file", ""), level, place)


def _severity(text: str, *, file: str = "") -> Ignored:
    code, _, level = text.partition("=")
    _check(code, file=file, key="lint.severity")
    if level not in LEVELS:
        why = f"{text!r} is not CODE={'|'.join(LEVELS)}"
        raise click.BadParameter(why, param_hint="--severity")
    return Ignored((code,), level=cast("Level", level))


def _check(code: str, *, file: str, key: str) -> None:
    """Raise unless *code* is one of lint's."""
    if code in CODES:
        return
    near = nearest(code, CODES)
    why, advice = f"there is no code {code!r}", f"did you mean {near!r}?" if near else ""
    if file:
        raise BadConfig(file, why, key=key, advice=advice)
    raise click.BadParameter(f"{why}; {advice}" if advice else why, param_hint="--severity")


def write_overlay(document: Document, findings: tuple[Diagnostic, ...], file: Path) -> None:
    """Write what *findings* propose as an overlay, unless there is nothing to propose."""
    proposed = actions(document, findings)
    if not proposed:
        # an overlay without actions is none (Overlay 1.0 §4.4.1)
        click.echo(f"no change to propose: {file} is not written", err=True)
        return
    title = f"Proposed by troth lint for {Path(document.file).name}"
    file.write_text(overlay.write(proposed, title=title), encoding="utf-8")
    click.echo(f"{len(proposed)} actions written to {file}", err=True)


def exit_code(findings: Sequence[Diagnostic], *, fail_on: str = "error") -> int:
    """1 when a finding has the severity *fail_on* or a graver one, 0 otherwise."""
    least = LEVELS.index(fail_on)
    failing = SEVERITIES[: least + 1] if fail_on != "off" else ()
    return int(any(finding.severity in failing for finding in findings))
