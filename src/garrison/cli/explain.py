"""`garrison explain`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli._own import own_checks, own_options
from garrison.cli.completion import check_ids

if TYPE_CHECKING:
    from garrison.checks.check import Check

_WHOLE = 10_000  # lines around a change: the whole example
_NOT_KNOWN = "garrison checks lists them; one of your own is known with --checks PATH"
_COLOURS = {"-": "red", "+": "green"}


@click.command(
    name="explain",
    epilog="""\b
Examples:
  garrison explain bucket-public                   what, why, and how it is mended in each format
  garrison explain bucket-public --source gcp      in one format or cloud only
  garrison explain bucket-public --format json     for programs
  garrison explain acme-tagged --checks checks/    one of your own""",
)
@click.argument("check_id", metavar="ID", shell_complete=check_ids)
@click.option("--source", metavar="NAME", help="Only examples of this format or cloud: terraform, kubernetes, gcp, ...")
@own_options
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def command(check_id: str, source: str, format_: str, own: tuple[Path, ...], own_python: tuple[Path, ...]) -> None:
    """Explain a check: what it finds, why that matters, and how it is mended.

    The lines with - make the check fail; the ones with + mend it.
    """
    from garrison.checks.check import catalogue
    from garrison.errors import UsageError, nearest

    by_id = {c.id: c for c in catalogue(own_checks(own, own_python))}
    if check_id not in by_id:
        raise UsageError(f"no check is called {check_id}", hint=nearest(check_id, by_id, _NOT_KNOWN))
    check = by_id[check_id]
    if format_ == "json":
        _print_json(check)
    else:
        _print(check, source)


def _print(check: Check, source: str) -> None:
    from garrison.checks.example import difference, examples_of
    from garrison.checks.frameworks import control
    from garrison.report.terminal.text import clean

    confidence = "" if check.confidence == "high" else f" · {check.confidence} confidence"
    about_ml = " · about ML systems" if check.about_ml else ""
    click.secho(check.title, bold=True)
    click.secho(f"{check.id} · {check.severity} · {check.pillar}{confidence}{about_ml}", dim=True)
    click.echo()
    _paragraph("Why", check.rationale)
    _paragraph("Fix", check.fix)
    if check.mend is not None:
        _paragraph("", f"garrison scan --fix{'' if check.mend.safe else ' --unsafe-fixes'} writes it.")
    for number, mapping in enumerate(check.maps):
        found = control(mapping)
        name = f"  {found.name}" if found.name else ""
        click.echo(f"{'Maps' if not number else '':6}{found.framework} {found.id}{name}")
    if check.examples is not None:
        click.echo(f"{'In':6}{clean(check.path)}:{check.line}")
    if judged := _judged(check):
        click.echo(f"{'Of':6}{check.kind.__name__}: {judged}")
    for pair in examples_of(check):
        if source and source.lower() not in (pair.format, pair.variant):
            continue
        click.echo()
        click.secho(pair.label, bold=True)
        for line in difference(pair, _WHOLE).splitlines():
            click.secho(f"  {clean(line)}".rstrip(), fg=_COLOURS.get(line[:1]), dim=line[:1] not in _COLOURS)


def _paragraph(head: str, text: str) -> None:
    wrapped = click.wrap_text(text, width=96, initial_indent="      ", subsequent_indent="      ")
    click.echo(click.style(f"{head:6}", bold=True) + wrapped[6:])


def _judged(check: Check) -> str:
    """Which providers' things it judges, and from which formats."""
    from garrison.estate.assets import kinds
    from garrison.sources.mapping.coverage import coverage

    judged = {name for name, kind in kinds().items() if issubclass(kind, check.kind)}
    providers: dict[str, list[str]] = {}
    for row in coverage():
        if row.kind in judged:
            formats = providers.setdefault(row.provider, [])
            formats += [f for f in row.types if f not in formats]
    return "; ".join(f"{p} ({', '.join(f)})" for p, f in sorted(providers.items()))


def _print_json(check: Check) -> None:
    import msgspec

    from garrison.checks.example import difference, examples_of
    from garrison.checks.frameworks import control
    from garrison.report.json import check_data

    data: dict[str, Any] = check_data(check)
    data["controls"] = [msgspec.to_builtins(control(m)) for m in check.maps]
    data["examples"] = [{**msgspec.to_builtins(p), "difference": difference(p)} for p in examples_of(check)]
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n")
