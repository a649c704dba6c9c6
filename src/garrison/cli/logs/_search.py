"""`garrison logs [search]`: events by a filter or by SQL."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from garrison.cli.logs._options import client, say, store_option
from garrison.errors import UsageError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from garrison.events.event import Event
    from garrison.watch.store.search import Search

_SHOWN = ("actor_user", "src_ip", "api_operation", "resource", "message")
_BARS = 30  # lines of a histogram
_WIDTH = 50
_FORMATS = {"csv": "CSVWithNames", "parquet": "Parquet", "json": "JSONEachRow", "text": "TabSeparatedWithNames"}


@click.command(
    name="search",
    epilog="""\b
Filters:
  FIELD=VALUE     equal; several with commas; * for anything; src_ip=10.0.0.0/8 for a network
  FIELD~TEXT      contains, in whatever case          message:word    has the word, by the index: fast
  FIELD>=NUMBER   and >, <, <=; time>=2h too          "text"          anywhere in the message or the original line
  -TERM, not TERM, TERM or TERM, ( ... )              != and !~ for the opposite""",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("terms", nargs=-1, metavar="[FILTER]...", type=click.UNPROCESSED)
@store_option
@click.option("--since", help="From then on: 2h, 30min, 7d ago, or 2026-11-25T10:00Z.")
@click.option("--until", help="Before then.")
@click.option("--fields", help="Only these fields, with commas between them.")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(0), help="The newest so many; 0: all.")
@click.option("--sql", help="A statement of ClickHouse's SQL instead of a filter; it reads only.")
@click.option("--follow", is_flag=True, help="Go on with what is stored from now on.")
@click.option("--histogram", is_flag=True, help="How many there were in each step of time.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "parquet", "ocsf"]),
    default="text",
    help="How to write them.",
)
def search(
    terms: tuple[str, ...], place: str, since: str | None, until: str | None, sql: str | None, **options: Any
) -> None:
    """Look for events."""
    from garrison.watch.store import search as ask
    from garrison.watch.store.guard import Role

    form, columns = options["form"], ask.fields(options["fields"]) if options["fields"] else []
    if form == "parquet" and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", hint="write it to a file: > events.parquet")
    _refuse_unused(sql=sql is not None, terms=bool(terms), **options)
    begin, end = (ask.moment(said) if said else None for said in (since, until))
    if begin is not None and end is not None and begin >= end:
        raise UsageError(f"--since {since} is not before --until {until}", hint="the earlier of the two is --since")
    asked = ask.Search(joined(terms), begin, end, options["limit"])
    asked.where()
    with client(place, Role.READER) as store:
        if sql is not None:
            _write(ask.read(store, sql, {}, _FORMATS[form]), binary=form == "parquet")
        elif options["histogram"]:
            _histogram(ask.histogram(store, asked, _BARS))
        elif options["follow"]:
            _show(ask.follow(store, asked), form, columns)
        elif form in ("csv", "parquet"):
            _write(_table(store, asked, form, columns), binary=form == "parquet")
        else:
            _show(ask.events(store, asked), form, columns)


def _refuse_unused(*, sql: bool, terms: bool, follow: bool, histogram: bool, form: str, **_: object) -> None:
    """Raise UsageError for options of which one would not be heard."""
    given = {
        parameter
        for parameter in ("since", "until", "fields", "limit")
        if click.get_current_context().get_parameter_source(parameter) is not ParameterSource.DEFAULT
    }
    if sql and (terms or given or form == "ocsf" or follow or histogram):
        raise UsageError(
            "--sql takes no filter, no OCSF and none of --since, --until, --fields, --limit, --follow and --histogram",
            hint="say it in the statement",
        )
    if histogram and (follow or form != "text" or given & {"fields", "limit"}):
        raise UsageError(
            "--histogram takes none of --follow, --format, --fields and --limit", hint="ask for the counts with --sql"
        )
    if follow and (form in ("csv", "parquet") or given & {"until", "limit"}):
        raise UsageError(
            "--follow takes neither --until nor --limit, and no CSV or Parquet", hint="write JSON: --format json"
        )
    if form == "ocsf" and "fields" in given:
        raise UsageError("an event of OCSF is whole: it takes no --fields", hint="write JSON: --format json")


def joined(terms: Iterable[str]) -> str:
    """Words of a command line as one filter: what a shell has taken the quotes from is text again."""
    return " ".join(
        f'"{term}"' if " " in term and '"' not in term and "=" not in term and "(" not in term else term
        for term in terms
    )


def _table(store: Client, asked: Search, form: str, columns: list[str]) -> Iterator[bytes]:
    from garrison.watch.store.rows import COLUMNS
    from garrison.watch.store.schema import TABLE
    from garrison.watch.store.search import read

    where, said = asked.where()
    limit = f" LIMIT {asked.limit:d}" if asked.limit else ""
    sql = f"SELECT {', '.join(columns or COLUMNS)} FROM {TABLE} WHERE {where} ORDER BY time_us DESC{limit}"  # noqa: S608 - parameters
    return read(store, sql, said, _FORMATS[form])


def _write(pieces: Iterable[bytes], *, binary: bool) -> None:
    """What the store wrote; on a terminal with nothing in it that the terminal obeys."""
    if binary or not sys.stdout.isatty():
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    for line in b"".join(pieces).decode(errors="replace").splitlines():
        say(line)


def _show(events: Iterable[Event], form: str, columns: list[str]) -> None:
    import msgspec

    from garrison.events.ocsf import to_ocsf

    encode = msgspec.json.Encoder().encode
    for event in events:
        if form == "ocsf":
            sys.stdout.write(encode(to_ocsf(event)).decode() + "\n")
        elif form == "json":
            sys.stdout.write(encode(_said(event, columns)).decode() + "\n")
        else:
            say(_line(event, columns))
    sys.stdout.flush()


def _said(event: Event, columns: list[str]) -> dict[str, object]:
    """The fields that were told, or those that were asked for."""
    import msgspec

    from garrison.watch.store.schema import KEPT

    if strange := [name for name in columns if name in KEPT]:
        raise UsageError(f"{strange[0]} is no field of an event", hint="ask for it with --format csv, or --sql")
    told = msgspec.structs.asdict(event) if columns else msgspec.to_builtins(event, builtin_types=(bytes,))
    told = {name: told[name] for name in columns} if columns else told
    return {name: value.decode(errors="replace") if isinstance(value, bytes) else value for name, value in told.items()}


def _line(event: Event, columns: list[str]) -> str:
    if columns:
        return "  ".join(_plain(name, value) for name, value in _said(event, columns).items())
    parts = [str(getattr(event, name)) for name in _SHOWN if getattr(event, name)]
    outcome = event.status_id.name.lower() if event.status_id else ""
    when = _plain("time_us", event.time_us)
    return "  ".join(part for part in (when, f"{event.product:16}", f"{outcome:7}", *parts) if part)


def _plain(name: str, value: object) -> str:
    """A value as people read it: a time to the second, a status by its name."""
    import enum

    from garrison.events.times import at

    if name == "time_us" and isinstance(value, int):
        return f"{at(value):%Y-%m-%d %H:%M:%S}"
    return value.name.lower() if isinstance(value, enum.IntEnum) else str(value)


def _histogram(bins: list[tuple[int, int]]) -> None:
    import datetime as dt

    most = max((count for _, count in bins), default=0)
    for begin, count in bins:
        moment = dt.datetime.fromtimestamp(begin, dt.UTC)
        say(f"{moment:%Y-%m-%d %H:%M:%S}  {count:>10,}  {'▇' * round(count * _WIDTH / most)}")
    say(f"{sum(count for _, count in bins):,} events")
