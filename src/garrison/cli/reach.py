"""`garrison reach`."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.errors import UsageError

if TYPE_CHECKING:
    from garrison.estate.assets import Asset
    from garrison.estate.estate import Estate
    from garrison.estate.values import Value
    from garrison.reach.exposure import Exposure
    from garrison.reach.path import Cut, Hop, Paths
    from garrison.reach.path import Path as AttackPath

_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")
_FROM = {"internet": "INTERNET", "notebook": "NOTEBOOK_USER", "ci": "CI_JOB", "container": "CONTAINER"}
_TO = {
    "training-data": "TRAINING_DATA", "models": "MODELS", "endpoints": "ENDPOINTS", "secrets": "SECRETS", "admin": "ADMIN",
}  # fmt: skip


@click.command(
    name="reach",
    epilog="""\b
Examples:
  garrison reach                                         every attack path in this folder, the worst first
  garrison reach infra k8s --to training-data            only those that end at training data
  garrison reach --from internet --format json           for programs
  garrison reach --between '*Service/*ray*' '*training*' can one reach the other, and how
\b
Exit codes: 0 no path, 1 paths, 2 wrong usage, 3 incomplete: something could not be read.""",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--from", "entries", multiple=True, type=click.Choice(list(_FROM)), help="Only paths that begin here.")
@click.option("--to", "jewels", multiple=True, type=click.Choice(list(_TO)), help="Only paths that end here.")
@click.option(
    "--between", nargs=2, metavar="A B",
    help="Whether assets whose address or name matches the glob A can reach those that match B, by whatever steps.",
)  # fmt: skip
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def command(
    paths: tuple[Path, ...],
    entries: tuple[str, ...],
    jewels: tuple[str, ...],
    between: tuple[str, str] | None,
    format_: str,
) -> None:
    """Show how an attacker comes from where he begins to the data, the models and the endpoints.

    PATHS are folders and files, by default this folder. Nothing that is read is executed.
    """
    gc.disable()  # as for a scan: many objects are made, and few thrown away
    from garrison.errors import ExitCode
    from garrison.scan.config import Loaded, Settings, find_config, load
    from garrison.scan.scan import estate_of, paths_of

    if between and (entries or jewels):
        raise UsageError("--between stands alone", hint="leave --from and --to out")
    paths = paths or (Path(),)
    path = find_config(paths[0] if paths[0].is_dir() else paths[0].parent) if paths[0].exists() else None
    loaded = load(path) if path is not None else Loaded()
    estate, book, tree = estate_of(paths, Settings(exclude=loaded.config.scan.exclude, loaded=loaded))
    if between:
        some = _between(estate, book.exposure, between, format_)
    else:
        found = paths_of(estate, book)
        chosen = _chosen(found.found, entries, jewels)
        some = bool(chosen)
        (_print_json if format_ == "json" else _print)(chosen, found)
    for problem in sorted(set(tree.problems)):
        click.echo(f"{problem.path}: {problem.message}", err=True)
    if tree.problems:
        sys.exit(ExitCode.INCOMPLETE)
    sys.exit(ExitCode.FINDINGS if some else ExitCode.CLEAN)


def _chosen(found: Sequence[AttackPath], entries: Sequence[str], jewels: Sequence[str]) -> list[AttackPath]:
    begins, ends = {_FROM[e] for e in entries}, {_TO[j] for j in jewels}
    return [p for p in found if (not begins or p.entry.name in begins) and (not ends or p.jewel.name in ends)]


def _between(estate: Estate, exposure: Exposure, globs: tuple[str, str], format_: str) -> bool:
    """Tell how one comes to the other; whether it does."""
    from garrison.reach.paths import ways_between

    ways = ways_between(estate, exposure, *globs)
    if format_ == "json":
        _write_json([{"sure": w.sure, "hops": [_hop(h) for h in w.hops]} for w in ways])
        return bool(ways)
    for way in ways:
        _head(f"{_from(way.hops[0])} → {_named(way.hops[-1].end)}", way.sure)
        _print_hops(way.hops)
    click.echo("" if ways else f" no way leads from {_cleaned(globs[0])} to {_cleaned(globs[1])}")
    return bool(ways)


def _print(chosen: Sequence[AttackPath], found: Paths) -> None:
    for path in chosen:
        _head(f"{path.score:5.1f}  {path.entry} → {path.jewel}", path.sure)
        _print_hops(path.hops)
    click.echo("" if chosen else " no path was found")
    for cut in found.cuts if chosen else ():
        click.echo(f" cut {cut.cuts} of {found.total} paths: {_said(cut.hop)}  {_where(cut.hop.stated)}")
    if chosen and found.total > len(chosen):
        click.echo(f" {len(chosen)} told, of {found.total} with their twins")
    for note in found.notes:
        click.secho(f" assumed: {note}", dim=True)


def _head(text: str, sure: bool) -> None:
    click.echo()
    click.secho(f" {text}{'' if sure else ' · perhaps'}", bold=True)


def _print_hops(hops: Sequence[Hop]) -> None:
    for hop in hops:
        click.echo(f"        {_said(hop):<76}  {_where(hop.stated)}".rstrip())


def _said(hop: Hop) -> str:
    return f"{_from(hop)} {hop.words} {_named(hop.end)}"


def _from(hop: Hop) -> str:
    return "an attacker" if hop.start is None else _named(hop.start)


def _named(asset: Asset) -> str:
    """`service account ml-train`: two things of a path are often called alike."""
    kind = _CAPITAL.sub(r" \1", type(asset).__name__).lower()
    return f"{kind} {_cleaned(asset.label)}"


def _cleaned(text: str) -> str:
    from garrison.report.terminal.text import clean

    return clean(text)


def _where(stated: Value) -> str:
    return "" if stated.place is None else f"{stated.place.source.path}:{stated.place.line}"


def _print_json(chosen: Sequence[AttackPath], found: Paths) -> None:
    data = {
        "paths": [
            {"from": p.entry, "to": p.jewel, "sure": p.sure, "score": p.score, "hops": [_hop(h) for h in p.hops]}
            for p in chosen
        ],
        "total": found.total,
        "cuts": [_cut(c) for c in found.cuts],
        "assumed": list(found.notes),
    }
    _write_json(data)


def _cut(cut: Cut) -> dict[str, Any]:
    return {"cuts": cut.cuts, "hop": _hop(cut.hop)}


def _hop(hop: Hop) -> dict[str, Any]:
    place = hop.stated.place
    return {
        "start": None if hop.start is None else hop.start.address,
        "end": hop.end.address,
        "medium": hop.medium,
        "words": hop.words,
        "place": None if place is None else {"path": place.source.path, "line": place.line, "column": place.column},
        "because": hop.stated.reason,
    }


def _write_json(data: object) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n")
