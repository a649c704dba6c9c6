"""`garrison kinds`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
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
@click.argument("name", metavar="[KIND]", default="")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def command(name: str, format_: str) -> None:
    """Show the kinds of asset, and what a check can ask of each."""
    from garrison.estate.assets import kinds

    if format_ == "json":
        import msgspec

        data = [_data(k) for _, k in sorted(kinds().items())] if not name else _data(kind_called(name))
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


def _data(kind: type[Asset]) -> dict[str, Any]:
    from garrison.checks.cel.compiling import variable_of
    from garrison.checks.cel.near import near_words
    from garrison.estate.fields import fields_of, summary
    from garrison.sources.mapping.coverage import natives

    return {
        "kind": kind.__name__,
        "summary": summary(kind),
        "called": variable_of(kind),
        "fields": [
            {"name": f.name, "type": f.words, "meaning": f.meaning, "near": [near_words(r) for r in f.relations]}
            for f in fields_of(kind).values()
        ],
        "native": [{"name": name, "providers": list(providers)} for name, providers in natives(kind).items()],
    }


def _print(kind: type[Asset]) -> None:
    from garrison.checks.cel.near import FACTS, RELATIONS

    data = _data(kind)
    rows = [(f["name"], f["type"], " · ".join(filter(None, (f["meaning"], *f["near"])))) for f in data["fields"]]
    rows += [(f"native.{n['name']}", "value", f"of {', '.join(n['providers'])}") for n in data["native"]]
    click.secho(f"{kind.__name__}: {data['summary']}", bold=True)
    click.echo(f"In an expression it is called {data['called']}.\n")
    _table(rows)
    click.secho("\nNear it", bold=True)
    _table([(f"near.facts.{name}", fact.type.words, fact.meaning) for name, fact in FACTS.items()])
    click.echo("near.to.RELATION.KIND is what it stands in a relation to, near.by.RELATION.KIND what stands so to it.")
    click.echo(click.wrap_text(f"RELATION is one of {', '.join(RELATIONS)}.", _WIDTH))


def _table(rows: list[tuple[str, str, str]]) -> None:
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, type_, meaning in rows:
        head = f"  {name:{first}}  {type_:{second}}  "
        wrapped = click.wrap_text(
            meaning, max(_WIDTH, len(head) + 40), subsequent_indent=" " * len(head), initial_indent=head
        )
        click.echo(wrapped if meaning else head.rstrip())
