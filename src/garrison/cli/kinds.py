"""`garrison kinds`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from garrison.cli.completion import kinds as kind_names

if TYPE_CHECKING:
    from garrison.checks.cel.vocabulary import Word
    from garrison.estate.assets import Asset

_WIDTH = 110


@click.command(
    name="kinds",
    epilog="""\b
Examples:
  garrison kinds                                   every kind of asset, in a line
  garrison kinds Bucket                            what a check can ask of a bucket
  garrison kinds Bucket --format json              for programs""",
)
@click.argument("name", metavar="[KIND]", default="", shell_complete=kind_names)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def command(name: str, format_: str) -> None:
    """Show the kinds of asset, and what a check can ask of each."""
    from garrison.estate.assets import kinds

    if format_ == "json":
        import msgspec

        from garrison.checks.cel.vocabulary import vocabulary

        data = vocabulary(kind_called(name)) if name else [vocabulary(k) for _, k in sorted(kinds().items())]
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n")
    elif name:
        _print(kind_called(name))
    else:
        from garrison.estate.fields import summary

        width = max(map(len, kinds()))
        for said, kind in sorted(kinds().items()):
            click.echo(f"{said:{width}}  {summary(kind)}")
        click.echo(f"\n{len(kinds())} kinds · garrison kinds KIND shows its fields")


def kind_called(name: str) -> type[Asset]:
    """The kind called so, in whatever case. Raises UsageError for one that is not."""
    from garrison.errors import UsageError, nearest
    from garrison.estate.assets import kinds

    by_lower = {k.lower(): v for k, v in kinds().items()}
    if name.lower() not in by_lower:
        raise UsageError(f"no kind of asset is called {name}", hint=nearest(name, kinds(), "garrison kinds lists them"))
    return by_lower[name.lower()]


def _print(kind: type[Asset]) -> None:
    from garrison.checks.cel.near import RELATIONS
    from garrison.checks.cel.vocabulary import facts, vocabulary

    said = vocabulary(kind)
    click.secho(f"{said.kind}: {said.summary}", bold=True)
    click.echo(f"In an expression it is called {said.called}.\n")
    _table(said.fields)
    click.secho("\nNear it", bold=True)
    _table(facts())
    click.echo("near.to.RELATION.KIND is what it stands in a relation to, near.by.RELATION.KIND what stands so to it.")
    click.echo(click.wrap_text(f"RELATION is one of {', '.join(RELATIONS)}.", _WIDTH))


def _table(words: Sequence[Word]) -> None:
    first, second = max(len(w.name) for w in words), max(len(w.type) for w in words)
    for word in words:
        head = f"  {word.name:{first}}  {word.type:{second}}  "
        meaning = " · ".join(filter(None, (word.meaning, *word.near)))
        wrapped = click.wrap_text(meaning, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
        click.echo(wrapped if meaning else head.rstrip())
