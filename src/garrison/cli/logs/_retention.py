"""`garrison logs retention` and `hold`: for how long events are kept, and what is kept beyond that."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from garrison.cli._user import actor_option
from garrison.cli.logs._options import client, noted, rules_option, say, store_option
from garrison.errors import UsageError

if TYPE_CHECKING:
    from garrison.watch.retention.changes import Changes
    from garrison.watch.retention.retention import Retention

F = TypeVar("F", bound=Callable[..., Any])
_FOR_EVER = "for-ever"
_form_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to tell it."
)


def _changing(function: F) -> F:
    """Options of a command that changes what is in force."""
    options = (
        store_option,
        click.option("--reason", required=True, help="Why; it is kept in the ledger."),
        actor_option,
        click.option(
            "--ledger", type=click.Path(path_type=Path), envvar="GARRISON_LEDGER", show_envvar=True, metavar="DIR",
            help="The ledger that is told of the change.",
        ),
        rules_option,
        click.option("--cluster", default="", metavar="NAME", help="The name of the cluster, for a store that is one."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


class _Listing(click.Group):
    """Lists, unless one of its commands is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = bool(args) and (not args[0].startswith("-") or args[0] in ("-h", "--help"))
        return super().parse_args(ctx, args if named else ["list", *args])


@click.group(
    name="retention",
    cls=_Listing,
    epilog="""\b
Examples:
  garrison logs retention                                    the days of each class, and the holds
  garrison logs retention set standard 365 --reason "the policy of 2027" --ledger audit
  garrison logs retention apply watch.toml --reason "CHG-1234" --ledger audit   what [[retention]] says""",
)
def retention() -> None:
    """See or change for how many days each class of events is kept.

    Days count from when an event was stored, and are never fewer than were in force then. No event is changed; those that are over go as
    the store merges its files.
    """


@retention.command(name="list")
@store_option
@rules_option
@_form_option
def list_(place: str, folder: Path | None, form: str) -> None:
    """Tell the days of each class."""
    now = _read(place, folder)
    if form == "json":
        _write(now.days)
        return
    for name, days in now.days.items():
        say(f"{name:16}  {_days(days)}")
    if now.holds:
        say(f"beyond that: {', '.join(hold.name for hold in now.holds)} (garrison logs hold)")


@retention.command(name="set")
@click.argument("name", metavar="CLASS")
@click.argument("days", metavar=f"DAYS|{_FOR_EVER}")
@_changing
def set_(name: str, days: str, **where: Any) -> None:
    """Keep the events of CLASS for DAYS, or for ever.

    More days are for all of its events, fewer for those that are stored from now on: the others are kept for what was said when they were.
    """
    from garrison.watch.store.schema import MOST_DAYS

    number = int(days) if days.isascii() and days.isdigit() and len(days) < 10 else 0  # noqa: PLR2004 - no more is one
    if days != _FOR_EVER and not 1 <= number <= MOST_DAYS:
        raise UsageError(f"{days} are no days", hint=f"write a number from 1 to {MOST_DAYS}, or {_FOR_EVER}")
    _apply({name: None if days == _FOR_EVER else number}, **where)


@retention.command()
@click.argument("file", type=click.Path(path_type=Path))
@_changing
def apply(file: Path, **where: Any) -> None:
    """Keep events for as long as [[retention]] in the watch file FILE says. Classes that it does not name stay."""
    from garrison.watch.file.read import read

    said = read(file).retention
    if not said:
        raise UsageError(f"{file} names no class", hint="write [[retention]] with name and days")
    _apply(said, **where)


@click.group(
    name="hold",
    cls=_Listing,
    epilog="""\b
Examples:
  garrison logs hold                                         what is held, by whom and why
  garrison logs hold add case-7 actor_user=ann "time>=2026-11-01" --reason "request of the court" --ledger audit
  garrison logs hold release case-7 --reason "the case is closed" --ledger audit""",
)
def hold() -> None:
    """Keep events beyond their retention, because somebody has to be able to show them.

    A hold is a filter as garrison logs takes it; it also keeps what comes later and is found by it.
    """


@hold.command(name="add", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("terms", nargs=-1, required=True, metavar="FILTER...", type=click.UNPROCESSED)
@_changing
def add(name: str, terms: tuple[str, ...], reason: str, **where: Any) -> None:
    """Hold what FILTER finds, under a NAME."""
    from garrison.cli.logs._search import joined

    with _changes(**where) as changes:
        made = changes.hold(name, joined(terms), reason=reason).holds[-1]
        say(f"{name} holds {changes.count(made):,} events, and what is yet to come")


@hold.command()
@click.argument("name")
@_changing
def release(name: str, reason: str, **where: Any) -> None:
    """Release the hold NAME: what it kept goes when the retention of its class is over."""
    with _changes(**where) as changes:
        changes.release(name, reason=reason)
        say(f"{name} is released")


@hold.command(name="list")
@store_option
@rules_option
@_form_option
def holds(place: str, folder: Path | None, form: str) -> None:
    """Tell what is held."""
    now = _read(place, folder)
    if form == "json":
        _write(now.holds)
        return
    for one in now.holds:
        say(f"{one.name:16}  since {one.since:%Y-%m-%d %H:%M:%S}  {one.filter}  {one.reason}  ({one.actor})")
    if not now.holds:
        say("nothing is held")


def _apply(days: dict[str, int | None] | Any, reason: str, **where: Any) -> None:
    with _changes(**where) as changes:
        now = changes.keep_for(days, reason=reason)
    for name in days:
        said = now.days[name]
        say(f"{name} is kept {'' if said is None else 'for '}{_days(said)}")


def _days(days: int | None) -> str:
    return "for ever" if days is None else "1 day" if days == 1 else f"{days:,} days"


@contextlib.contextmanager
def _changes(
    place: str, actor: str | None, ledger: Path | None, folder: Path | None, cluster: str
) -> Iterator[Changes]:
    """Changes of a store, and of its ledger."""
    from garrison.cli._user import user
    from garrison.ledger.opening import open_ledger
    from garrison.watch.retention.changes import Changes
    from garrison.watch.retention.vouched import hold_to
    from garrison.watch.store.guard import Role

    hold_to(noted(place, folder), ledger)
    if ledger is None:
        say("no ledger is named: nobody can show later who changed this, and why", error=True)
    with contextlib.ExitStack() as open_:
        store = open_.enter_context(client(place, Role.ADMIN))
        entries = open_.enter_context(open_ledger(ledger)) if ledger is not None else None
        named = cluster if "://" in place else None
        yield Changes(store, noted(place, folder), entries, actor=actor or user(), cluster=named)


def _read(place: str, folder: Path | None) -> Retention:
    from garrison.watch.retention.retention import read

    where = noted(place, folder)
    if not where.is_dir():
        raise UsageError(f"there is no store in {place}", hint="name it: --store DIR, the state folder of a watch")
    return read(where)


def _write(data: object) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())
