"""What was stored, in the order in which it was: for whoever goes on from where it stopped.

Batches of one spool have names that rise, `MAGIC-NUMBER`; a position is the last of them, by magic. Behind it batches are found by their
names, whatever the clocks of writers say; those of spools that nobody has heard of, by when they were stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.events.event import Event
from garrison.watch.store.filter import parse
from garrison.watch.store.rows import COLUMNS
from garrison.watch.store.schema import TABLE
from garrison.watch.store.search import moment, read

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LATE: Final = dt.timedelta(minutes=10)  # that clocks of writers may differ

_AS_JSON = {
    "time_us": "toUnixTimestamp64Micro(time_us) AS time_us",
    **{field.name: f"base64Encode({field.name}) AS {field.name}" for field in msgspec.structs.fields(Event) if field.type is bytes},
}  # fmt: skip
_VALUES = ", ".join(_AS_JSON.get(name, name) for name in COLUMNS)
_BATCH = "batch = {batch:String}"
_SINCE = "stored >= toDateTime({since:Int64}, 'UTC')"

_events = msgspec.json.Decoder(Event)
_Batch = tuple[str, int]
_batches = msgspec.json.Decoder(_Batch)


class Stored(msgspec.Struct, frozen=True):
    """Events that were stored together, in the order of the spool. `unread` tells of rows that are no events, and why."""

    batch: str
    stored: dt.datetime
    events: list[Event]
    unread: tuple[str, ...] = ()


def stored(client: Client, after: Mapping[str, str], *, since: dt.datetime, only: str = "") -> Iterator[Stored]:
    """The batches behind the positions `after`, the last batch by magic; of other spools those stored at `since` or later.

    Of their events `only` those that a filter finds. Raises EventsError where the store does not answer, UsageError for a filter that is none.
    """
    condition = parse(only, moment)
    # Within the inner query a name means the column, not what is made of it.
    inner = f"SELECT * FROM {TABLE} WHERE {_BATCH} AND {condition.sql}"  # noqa: S608
    sql = f"SELECT {_VALUES} FROM ({inner}) AS e ORDER BY e.row"  # noqa: S608
    for name, at in batches(client, after, since=since):
        data = b"".join(read(client, sql, {"batch": name, **condition.parameters}, "JSONEachRow"))
        try:
            found, unread = _events.decode_lines(data), tuple[str, ...]()
        except msgspec.MsgspecError:
            found, unread = _one_by_one(data)
        yield Stored(name, at, found, unread)


def batches(client: Client, after: Mapping[str, str], *, since: dt.datetime) -> list[tuple[str, dt.datetime]]:
    """The names of those batches, and when each was stored. Raises EventsError."""
    known = list(after.items())
    others = "".join(f" AND NOT (batch >= {{b{n}:String}} AND batch < {{e{n}:String}})" for n in range(len(known)))
    behind = "".join(f" OR (batch > {{l{n}:String}} AND batch < {{e{n}:String}})" for n in range(len(known)))
    sql = f"SELECT batch, toUnixTimestamp(min(stored)) AS at FROM {TABLE} WHERE ({_SINCE}{others}){behind} GROUP BY batch ORDER BY at, batch"  # noqa: S608
    asked: dict[str, object] = {"since": int(since.timestamp())}
    for n, (begins, last) in enumerate(known):
        asked |= {f"b{n}": f"{begins}-", f"e{n}": f"{begins}.", f"l{n}": last}  # '.' comes next after '-'
    found = _batches.decode_lines(b"".join(read(client, sql, asked, "JSONCompactEachRow")))
    return [(name, dt.datetime.fromtimestamp(at, dt.UTC)) for name, at in _in_order(found)]


def magic(batch: str) -> str:
    """What the names of one spool's batches begin with."""
    return batch.rpartition("-")[0]


def _in_order(found: list[_Batch]) -> list[_Batch]:
    """By when they were stored, but those of one spool by name: a clock that was set back changes no order."""
    latest: dict[str, int] = {}
    placed = []
    for name, at in sorted(found):
        latest[magic(name)] = max(at, latest.get(magic(name), at))
        placed.append((latest[magic(name)], name, at))
    return [(name, at) for _, name, at in sorted(placed)]


def _one_by_one(data: bytes) -> tuple[list[Event], tuple[str, ...]]:
    """Row by row, where one of them is none of this version."""
    found, unread = [], []
    for line in data.splitlines():
        try:
            found.append(_events.decode(line))
        except msgspec.MsgspecError as error:
            unread.append(str(error))
    return found, tuple(unread)
