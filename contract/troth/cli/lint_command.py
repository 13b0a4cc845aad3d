"""`troth lint`: say what is wrong with a document."""

from __future__ import annotations

from pathlib import Path

import click

from troth import loading
from troth.cli.options import chosen_overlays, command, document_options
from troth.document import overlay
from troth.document.document import Document
from troth.lint import Diagnostic, report
from troth.lint import lint as find
from troth.lint.diagnostics import actions


@command()
@document_options
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How to write the findings.",
)
@click.option(
    "--fix-overlay",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the proposed changes as an OpenAPI Overlay.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
def lint(
    document: str | None,
    overlays: tuple[str, ...],
    published: bool,
    strict_document: bool,
    style: str,
    fix_overlay: Path | None,
    strict: bool,
) -> int:
    """Say what is wrong with DOCUMENT (the bundled one by default).

    Exit code: 0 without errors, 1 with errors (or, with --strict, warnings), 2 for a document
    that cannot be used.
    """
    chosen = chosen_overlays(document, overlays, published=published)
    _, effective = loading.read(document, overlays=chosen, strict=strict_document)
    findings = find(effective)
    if style == "json":
        click.echo(report.as_json(findings, file=effective.file), nl=False)
    elif style == "github":
        click.echo(report.github(findings), nl=False)
    else:
        click.echo(report.text(findings, file=effective.file), nl=False)
    if fix_overlay is not None:
        write_overlay(effective, findings, fix_overlay)
    return exit_code(findings, strict=strict)


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


def exit_code(findings: tuple[Diagnostic, ...], *, strict: bool = False) -> int:
    """1 when there are errors (or, if *strict*, warnings), 0 otherwise."""
    failing = {"error", "warning"} if strict else {"error"}
    return int(any(finding.severity in failing for finding in findings))
