"""What was stored, in the order in which it was: for whoever goes on from where it stopped.

Batches of one spool have names that rise, `MAGIC-NUMBER`; a position is the last of them, by magic. Batches are looked for among those
stored since shortly before the last one, as the clocks of several writers differ.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.events.event import Event
from garrison.watch.store.rows import COLUMNS
from garrison.watch.store.schema import TABLE
from garrison.watch.store.search import read

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LATE: Final = dt.timedelta(minutes=10)  # that clocks of writers may differ

_AS_JSON = {
    "time_us": "toUnixTimestamp64Micro(time_us) AS time_us",
    **{field.name: f"base64Encode({field.name}) AS {field.name}" for field in msgspec.structs.fields(Event) if field.type is bytes},
}  # fmt: skip
# Values before their names: within the statement, a name means the column.
_EVENTS = f"SELECT {', '.join(_AS_JSON.get(name, name) for name in COLUMNS)} FROM {TABLE} AS e WHERE e.batch = {{batch:String}} ORDER BY e.row"  # noqa: S608
_BATCHES = f"SELECT batch, toUnixTimestamp(min(stored)) AS at FROM {TABLE} WHERE stored >= toDateTime({{since:Int64}}, 'UTC') GROUP BY batch ORDER BY at, batch"  # noqa: S608

_event = msgspec.json.Decoder(Event).decode


_Batch = tuple[str, int]


class Stored(msgspec.Struct, frozen=True):
    """Events that were stored together, in the order of the spool."""

    batch: str
    stored: dt.datetime
    events: list[Event]


def stored(client: Client, after: Mapping[str, str], *, since: dt.datetime) -> Iterator[Stored]:
    """The batches behind the positions `after`, the last batch by magic, that were stored at `since` or later.

    Raises EventsError where the store does not answer.
    """
    for line in _lines(client, _BATCHES, {"since": int(since.timestamp())}):
        name, at = msgspec.json.decode(line, type=_Batch)
        if name > after.get(magic(name), ""):
            found = [_event(row) for row in _lines(client, _EVENTS, {"batch": name})]
            yield Stored(name, dt.datetime.fromtimestamp(at, dt.UTC), found)


def magic(batch: str) -> str:
    """What the names of one spool's batches begin with."""
    return batch.rpartition("-")[0]


_FORMS = {_BATCHES: "JSONCompactEachRow", _EVENTS: "JSONEachRow"}


def _lines(client: Client, sql: str, parameters: dict[str, object]) -> Iterator[bytes]:
    rest = b""
    for piece in read(client, sql, parameters, _FORMS[sql]):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest
