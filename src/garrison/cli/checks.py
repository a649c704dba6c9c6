"""`garrison checks`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from garrison.cli.completion import frameworks, kinds

if TYPE_CHECKING:
    from garrison.checks.check import Check

_STYLES = {"critical": "bright_red", "high": "red", "medium": "yellow", "low": "blue"}


@click.command(
    name="checks",
    epilog="""\b
Examples:
  garrison checks                                  every check
  garrison checks --ml --severity high             those about ML systems, high or worse
  garrison checks --provider gcp bucket            what is judged of Google's buckets
  garrison checks --format json > checks.json      for programs""",
)
@click.argument("words", nargs=-1)
@click.option(
    "--pillar", type=click.Choice(["cloud", "containers", "api", "monitoring", "access"]), help="Only this part."
)
@click.option(
    "--severity", type=click.Choice(["critical", "high", "medium", "low"]), help="Only this severity or worse."
)
@click.option(
    "--kind",
    metavar="KIND",
    shell_complete=kinds,
    help="Only what is judged of this kind of asset: Bucket, Notebook, ...",
)
@click.option("--provider", metavar="NAME", help="Only what is judged of aws, gcp, azure or kubernetes.")
@click.option(
    "--framework", metavar="NAME", shell_complete=frameworks,
    help="Only what maps to this framework: ATLAS, NIST-800-53, ...",
)  # fmt: skip
@click.option("--ml", is_flag=True, help="Only what is about machine-learning systems.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def command(**options: Any) -> None:
    """List the checks, all of them or those in whose words each of WORDS stands."""
    from garrison.checks.check import Severity, all_checks

    words, severity, format_ = options["words"], options["severity"], options["format_"]
    found = [c for c in all_checks() if not words or all(w.lower() in _words(c) for w in words)]
    if options["pillar"]:
        found = [c for c in found if c.pillar == options["pillar"]]
    if severity:
        found = [c for c in found if c.severity.rank >= Severity(severity).rank]
    if options["ml"]:
        found = [c for c in found if c.about_ml]
    if options["framework"]:
        from garrison.checks.frameworks import framework

        key = framework(options["framework"]).key
        found = [c for c in found if c.maps_to(key)]
    if options["kind"]:
        kind = _kind(options["kind"])
        found = [c for c in found if c.kind is kind]
    if options["provider"]:
        kinds = _kinds_of(options["provider"])
        found = [c for c in found if c.kind.__name__ in kinds]
    if format_ == "json":
        _print_json(found)
    else:
        _print(sorted(found, key=lambda c: (c.pillar, -c.severity.rank, c.id)))


def _words(check: Check) -> str:
    return " ".join((check.id, check.doc, check.kind.__name__, *check.maps)).lower()


def _kind(name: str) -> type:
    """The kind called so, in whatever case. Raises UsageError for one that is not."""
    from garrison.errors import UsageError, nearest
    from garrison.estate.assets import kinds

    by_lower = {k.lower(): v for k, v in kinds().items()}
    if name.lower() not in by_lower:
        hint = nearest(name, kinds(), "garrison sources --coverage lists them")
        raise UsageError(f"no kind of asset is called {name}", hint=hint)
    return by_lower[name.lower()]


def _kinds_of(provider: str) -> set[str]:
    """The kinds that some table of a provider maps. Raises UsageError for an unknown one."""
    from garrison.errors import UsageError, nearest
    from garrison.sources.mapping.coverage import coverage

    rows = coverage()
    providers = {row.provider for row in rows}
    if provider not in providers:
        raise UsageError(
            f"no provider is called {provider}", hint=nearest(provider, providers, ", ".join(sorted(providers)))
        )
    return {row.kind for row in rows if row.provider == provider}


def _print(checks: list[Check]) -> None:
    if not checks:
        click.echo("no check is like that")
        return
    width = max(len(c.id) for c in checks)
    pillar = ""
    for check in checks:
        if check.pillar != pillar:
            pillar = check.pillar
            click.secho(f"{pillar}" if check is checks[0] else f"\n{pillar}", bold=True)
        severity = click.style(f"{check.severity:8}", fg=_STYLES[check.severity])
        mark = click.style("ml", fg="magenta") if check.about_ml else "  "
        click.echo(f"  {check.id:{width}}  {severity}  {mark}  {check.title}")
    about_ml = sum(c.about_ml for c in checks)
    click.echo(f"\n{len(checks)} checks, {about_ml} about ML systems · garrison explain ID tells more")


def _print_json(checks: list[Check]) -> None:
    import msgspec

    from garrison.report.json import check_data

    data = msgspec.json.format(msgspec.json.encode([check_data(c) for c in checks]), indent=2)
    sys.stdout.write(data.decode() + "\n")
