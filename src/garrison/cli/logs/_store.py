"""`garrison logs import`, `stats` and `verify`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from garrison.cli.logs._options import client, in_force, noted, rules_option, say, store_option
from garrison.errors import ExitCode, UnmappedError, UsageError

if TYPE_CHECKING:
    from garrison.events.event import Event
    from garrison.events.files import Unread
    from garrison.events.mappers import Mapper
    from garrison.ledger import Ledger

_AT_ONCE = 10_000  # events

_ledger_option = click.option(
    "--ledger", metavar="DIR", type=click.Path(path_type=Path), envvar="GARRISON_LEDGER", show_envvar=True,
    help="The ledger in which each stored batch is an entry.",
)  # fmt: skip


@click.command(name="import")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--log", required=True, metavar="FORMAT", help="The format of the log: aws-cloudtrail, syslog, ...")
@store_option
@_ledger_option
@click.option(
    "--retention",
    default="standard",
    show_default=True,
    metavar="CLASS",
    help="How long they are kept: standard, inference, hold, or what garrison logs retention tells.",
)
@click.option("--spool", type=click.Path(path_type=Path), help="Where events wait for the store. Default: beside it.")
def load(
    files: tuple[Path, ...], log: str, place: str, *, ledger: Path | None, retention: str, spool: Path | None
) -> None:
    """Put the events of the log in each FILE, packed with gzip or not, into the store.

    What the store has already is left out, so that an import that was broken off is simply done again. Exits with 3 where lines were not
    of the format.
    """
    from garrison.errors import nearest
    from garrison.events.files import Unread
    from garrison.events.mappers import mapper
    from garrison.watch.retention.vouched import vouch
    from garrison.watch.spool import Spool
    from garrison.watch.store.guard import Role
    from garrison.watch.store.rows import COLUMNS, batch
    from garrison.watch.store.write import ACTOR, keep

    classes = in_force(place).days
    if retention not in classes:
        raise UsageError(f"no retention is called {retention}", hint=nearest(retention, classes, ", ".join(classes)))
    if spool is None and "://" in place:
        raise UsageError("events for a cluster wait on this machine", hint="say where: --spool DIR")
    form, unread = mapper(log), Unread()
    stored = doubles = 0
    with (
        Spool.open(spool or Path(place) / "import", COLUMNS) as waiting,
        client(place, Role.WRITER, make=True) as store,
        _opened(ledger) as entries,
    ):
        if "://" not in place:
            vouch(noted(place), entries, store, ACTOR)
        for events in _groups(form, files, unread):
            waiting.append(batch(events))
            kept = keep(store, waiting, entries, retention=retention)
            stored, doubles = stored + kept.events, doubles + kept.doubles
        kept = keep(store, waiting, entries, retention=retention)  # what an import left that was broken off
    say(
        f"{stored + kept.events:,} events stored" + (f", {doubles:,} were there already" if doubles else ""), error=True
    )
    if unread.count:
        say(str(unread), error=True)
        sys.exit(ExitCode.INCOMPLETE)


@click.command(name="stats")
@store_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to tell it.")
def stats(place: str, form: str) -> None:
    """Tell what is in the store: how much, since when, from where."""
    import msgspec

    from garrison.watch.store.guard import Role
    from garrison.watch.store.search import stats as ask

    with client(place, Role.READER) as store:
        found = ask(store)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    each = f", {found['bytes'] / found['events']:.0f} bytes each" if found["events"] else ""
    say(f"{found['events']:,} events in {found['batches']:,} batches{each}")
    if found["events"]:
        say(f"from {found['first']} to {found['last']}, the last stored {found['stored']}")
    for row in found["products"]:
        say(f"{row['events']:>12,}  {row['product']}  class {row['class']}  kept {row['retention']}")


@click.command(name="verify")
@store_option
@_ledger_option
@rules_option
@click.option(
    "--key",
    "vkey",
    metavar="VKEY",
    help="The key of the ledger, as you keep it. Default: the one that its folder tells.",
)
def verify(place: str, ledger: Path | None, folder: Path | None, vkey: str | None) -> None:
    """Look whether events that were stored have been changed or removed since, and whether what is in force is what the ledger says.

    Exits with 1 where they have, and names them. First the ledger itself is verified.
    """
    from garrison.cli.ledger._open import named, reading
    from garrison.watch.store.guard import Role
    from garrison.watch.store.verify import verify as look

    now = in_force(place, noted(place, folder)).in_force()
    said, _ = reading(named(ledger), vkey)
    if faults := said.verify():
        for broken in faults:
            say(f"ledger: {broken}")
        sys.exit(ExitCode.FINDINGS)
    with client(place, Role.READER) as store:
        found = look(store, said, now)
    for fault in found.faults:
        event = "" if fault.row is None else f"  event {fault.row}" + (f" ({fault.uid})" if fault.uid else "")
        entry = "" if fault.entry is None else f"  entry {fault.entry}"
        things = (("hold", fault.hold), ("class", fault.class_), ("batch", fault.batch))
        where = next((f"{kind} {name}" for kind, name in things if name), "store")
        say(f"{fault.what.value:8}  {where}{entry}{event}  {fault.why}")
    expired = f", {found.expired:,} more are past their retention" if found.expired else ""
    say(
        f"{found.events:,} events in {found.batches:,} batches looked at{expired}: {'not as stored' if found.faults else 'all as stored'}"
    )
    if found.faults:
        sys.exit(ExitCode.FINDINGS)


@contextlib.contextmanager
def _opened(folder: Path | None) -> Iterator[Ledger | None]:
    from garrison.ledger.opening import open_ledger

    if folder is None:
        yield None
        return
    with open_ledger(folder) as ledger:
        yield ledger


def _groups(form: Mapper, files: Sequence[Path], unread: Unread) -> Iterator[list[Event]]:
    """The events of log files, as many at once as are stored at once."""
    from garrison.events.files import numbered
    from garrison.events.mappers import mapped

    group: list[Event] = []
    for file, number, line in numbered(form, files, unread):
        try:
            group.append(mapped(form, line, file.name, number))
        except UnmappedError as error:
            unread.add(f"line {number + 1} of {file.name}: {error.message}")
        if len(group) >= _AT_ONCE:
            yield group
            group = []
    if group:
        yield group
