"""`garrison checks`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli._own import own_checks, own_options
from garrison.cli.completion import frameworks, kinds

if TYPE_CHECKING:
    from garrison.checks.check import Check

_STYLES = {"critical": "bright_red", "high": "red", "medium": "yellow", "low": "blue"}


class _Checks(click.Group):
    """Lists, unless the first word is one of its commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *self.get_help_option_names(ctx)):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(
    name="checks",
    cls=_Checks,
    epilog="""\b
Examples:
  garrison checks                                  every check
  garrison checks list --help                      how to list some of them
  garrison checks test --checks checks/            your own, each against its examples
  garrison checks schema > checks.schema.json      for an editor""",
)
def command() -> None:
    """List the checks; try your own.

    Without one of its commands, `garrison checks` lists.
    """


@command.command(
    name="list",
    epilog="""\b
Examples:
  garrison checks                                  every check
  garrison checks --ml --severity high             those about ML systems, high or worse
  garrison checks --provider gcp bucket            what is judged of Google's buckets
  garrison checks --checks checks/ acme            your own with a word in them
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
@own_options
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def list_(**options: Any) -> None:
    """List the checks, all of them or those in whose words each of WORDS stands."""
    from garrison.checks.check import Severity, catalogue

    words, severity, format_ = options["words"], options["severity"], options["format_"]
    everything = catalogue(own_checks(options["own"], options["own_python"]))
    found = [c for c in everything if not words or all(w.lower() in _words(c) for w in words)]
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
        from garrison.cli.kinds import kind_called

        kind = kind_called(options["kind"])
        found = [c for c in found if c.kind is kind]
    if options["provider"]:
        kinds = _kinds_of(options["provider"])
        found = [c for c in found if c.kind.__name__ in kinds]
    if format_ == "json":
        _print_json(found)
    else:
        _print(sorted(found, key=lambda c: (c.pillar, -c.severity.rank, c.id)))


@command.command(
    name="test",
    epilog="""\b
Examples:
  garrison checks test --checks checks/            each check in YAML against its examples
  garrison checks test --checks-python checks.py   those in Python
\b
Exit codes: 0 all are as they should be, 1 some are not, 2 a check is not right.""",
)
@own_options
def test(own: tuple[Path, ...], own_python: tuple[Path, ...]) -> None:
    """Try checks of your own: what is to fail must fail, what is to pass must pass."""
    from garrison.errors import ExitCode, UsageError
    from garrison.report.terminal.text import clean
    from garrison.scan.examples import try_examples

    checks = own_checks(own, own_python)
    if not checks:
        hint = "write --checks DIR or --checks-python DIR, or name them in garrison.toml: [scan] checks = [...]"
        raise UsageError("no check of your own is named", hint=hint)
    examples = wrong = 0
    for check in checks:
        click.echo(f"{click.style(check.id, bold=True)}  {clean(check.path)}:{check.line}")
        for tried in try_examples(check):
            examples, wrong = examples + 1, wrong + bool(tried.wrong)
            mark = click.style("✗", fg="red") if tried.wrong else click.style("✓", fg="green")
            click.echo(f"  {mark} {tried.name}  {clean(tried.wrong)}".rstrip())
    result = f"{wrong} not as it should be" if wrong else "all as they should be"
    click.echo(f"\n{_count(len(checks), 'check')}, {_count(examples, 'example')}: {result}")
    sys.exit(ExitCode.FINDINGS if wrong else ExitCode.CLEAN)


@command.command(name="schema")
def schema() -> None:
    """Print the JSON Schema of checks in YAML, for an editor."""
    import msgspec

    from garrison.checks.own.form import schema as made

    click.echo(msgspec.json.format(msgspec.json.encode(made()), indent=2).decode())


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _words(check: Check) -> str:
    return " ".join((check.id, check.title, check.rationale, check.fix, check.kind.__name__, *check.maps)).lower()


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
