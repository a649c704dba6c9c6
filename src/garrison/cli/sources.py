"""`garrison sources`."""

from __future__ import annotations

import sys

import click


@click.command(
    name="sources",
    epilog="""\b
Examples:
  garrison sources                                 the formats, and how much of each is read
  garrison sources --coverage                      each kind of asset with the types it is read from
  garrison sources --coverage --format json        for programs""",
)
@click.option("--coverage", "everything", is_flag=True, help="Every kind of asset, by provider and format.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def command(everything: bool, format_: str) -> None:
    """Show what is read, and as what."""
    from garrison.sources.interface import formats
    from garrison.sources.mapping.coverage import coverage

    rows = coverage()
    if format_ == "json":
        import msgspec

        data = {"formats": [f.NAME for f in formats()], "coverage": [msgspec.to_builtins(r) for r in rows]}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n")
        return
    if everything:
        kind = ""
        for row in rows:
            if row.kind != kind:
                kind = row.kind
                click.secho(kind, bold=True)
            for name, listed in row.types.items():
                head = f"  {row.provider:11} {name:15} "
                click.echo(head + click.wrap_text(", ".join(listed), 110, subsequent_indent=" " * len(head)).lstrip())
        click.echo()
    for source in formats():
        types = {t for row in rows for t in row.types.get(source.NAME, ())}
        kinds = {row.kind for row in rows if source.NAME in row.types}
        click.echo(f"{source.NAME:15} {len(types):4} types as {len(kinds)} kinds of asset")
    if not everything:
        click.echo("\ngarrison sources --coverage names them")
