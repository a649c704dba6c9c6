"""Asking the store: events by a filter, how they spread over time, what is there, and events as they come."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from garrison.errors import EventsError, UsageError, nearest
from garrison.events.event import Event
from garrison.watch.store.filter import SHORT, parse
from garrison.watch.store.rows import COLUMNS, event_of
from garrison.watch.store.schema import KEPT, TABLE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"([0-9]{1,9})(s|m|min|h|d|w)")
_AROUND = re.compile(
    r"\A(?:code: \d+, server response: )?(?:Code: \d+\. |DB::Exception: |refused: )*"
    r"|\s*\bFORMAT \w+(?= \(line|\.| |$)|\. Expected one of: .*|(?:\.|:) In scope SELECT .*",
    re.DOTALL,
)
_READ_BYTES = 1 << 20
_LOOK_AGAIN_S = 1.0
_STEPS_S = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 21_600, 86_400, 604_800)


class Search(msgspec.Struct, frozen=True):
    """What is looked for."""

    filter: str = ""
    since_us: int | None = None
    until_us: int | None = None
    limit: int = 0  # 0: all

    def where(self) -> tuple[str, dict[str, object]]:
        """The condition and its parameters. Raises UsageError."""
        condition = parse(self.filter, moment)
        parts, said = [condition.sql], dict(condition.parameters)
        for name, operator, value in (("since", ">=", self.since_us), ("until", "<", self.until_us)):
            if value is not None:
                parts.append(f"time_us {operator} fromUnixTimestamp64Micro({{{name}:Int64}}, 'UTC')")
                said[name] = value
        return " AND ".join(parts), said


def moment(said: str) -> int:
    """`2h` ago, or a time of ISO 8601, UTC where no zone is told; in microseconds. Raises UsageError."""
    if ago := _AGO.fullmatch(said):
        return time.time_ns() // 1000 - int(ago[1]) * _UNITS[ago[2]] * 1_000_000
    try:
        at = dt.datetime.fromisoformat(said)
    except ValueError as error:
        raise UsageError(f"{said} is no time", hint="write 2h, 30min, 7d, or 2026-11-25T10:00:00Z") from error
    return round((at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp() * 1_000_000)


def fields(said: str) -> list[str]:
    """Names of columns with commas between them. Raises UsageError for one that is none."""
    known = [*COLUMNS, *KEPT]
    found = [SHORT.get(name.strip(), name.strip()) for name in said.split(",")]
    for name in found:
        if name not in known:
            raise UsageError(
                f"no field is called {name}", hint=nearest(name, [*known, *SHORT], f"fields: {', '.join(known)}")
            )
    return found


def events(client: Client, search: Search) -> Iterator[Event]:
    """The events, the oldest first; of a search with a limit, the newest so many. Raises UsageError, EventsError."""
    where, said = search.where()
    columns = ", ".join(COLUMNS)
    newest = f" DESC LIMIT {search.limit:d}" if search.limit else ""
    sql = f"SELECT {columns} FROM {TABLE} WHERE {where} ORDER BY time_us{newest}"  # noqa: S608 - values are parameters
    if newest:
        sql = f"SELECT * FROM ({sql}) ORDER BY time_us"  # noqa: S608
    for values in rows(client, sql, said, len(COLUMNS)):
        yield event_of(values)[0]


def rows(client: Client, sql: str, parameters: dict[str, object], width: int) -> Iterator[list[object]]:
    """Rows as they come, never all of them in memory. Raises EventsError where the store breaks off."""
    decoder = _Values()
    row: list[object] = []
    for piece in read(client, sql, parameters, "MsgPack"):
        for value in decoder.feed(piece):
            row.append(value)
            if len(row) == width:
                yield row
                row = []
    if row or decoder.rest:
        raise EventsError("the store broke off in the middle of an answer", hint="look again")


def read(client: Client, sql: str, parameters: dict[str, object], form: str) -> Iterator[bytes]:
    """An answer in a format of ClickHouse. Raises EventsError."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        stream: Any = client.raw_stream(sql, parameters=parameters, fmt=form)
        while piece := stream.read(_READ_BYTES):
            yield piece
    except (ClickHouseError, OSError) as error:
        if getattr(error, "code", None):
            raise EventsError(
                f"the store refuses: {_short(error)}", hint="see the statement, and the table's columns"
            ) from error
        raise EventsError(f"the store does not answer: {_short(error)}", hint="see whether it runs") from error


def histogram(client: Client, search: Search, most: int) -> list[tuple[int, int]]:
    """Events in each step of time, at most so many steps of a length that people count in: its begin in seconds, and how many."""
    where, said = search.where()
    span = f"SELECT toUnixTimestamp(min(time_us)), toUnixTimestamp(max(time_us)), count() FROM {TABLE} WHERE {where}"  # noqa: S608
    first, last, count = (int(value) for value in _all(client, span, said)[0])
    if not count:
        return []
    step = next(
        (step for step in _STEPS_S if (last - first) // step < most),
        _STEPS_S[-1] * ((last - first) // _STEPS_S[-1] // most + 1),
    )
    sql = f"SELECT intDiv(toUnixTimestamp(time_us), {step:d}) AS bin, count() FROM {TABLE} WHERE {where} GROUP BY bin"  # noqa: S608
    found = {int(bin_): int(n) for bin_, n in _all(client, sql, said)}
    return [(bin_ * step, found.get(bin_, 0)) for bin_ in range(first // step, last // step + 1)]


def follow(client: Client, search: Search) -> Iterator[Event]:
    """Events as they are stored, without an end."""
    where, said = search.where()
    columns = ", ".join(COLUMNS)
    seen = int(_all(client, f"SELECT toUnixTimestamp(now()) FROM {TABLE} LIMIT 1", {})[0][0]) if _any(client) else 0  # noqa: S608
    told: set[tuple[bytes, int]] = set()
    while True:
        sql = (
            f"SELECT {columns}, batch, row, toUnixTimestamp(stored) FROM {TABLE} "  # noqa: S608
            f"WHERE {where} AND stored >= toDateTime({{stored:Int64}}) ORDER BY time_us"
        )
        recent = set()
        for values in rows(client, sql, {**said, "stored": seen - 2}, len(COLUMNS) + 3):
            key: Any = (values[-3], values[-2])
            recent.add(key)
            if key not in told:
                yield event_of(values[:-3])[0]
            seen = max(seen, int(str(values[-1])))
        told = recent
        time.sleep(_LOOK_AGAIN_S)


def stats(client: Client) -> dict[str, Any]:
    """What is there: events, bytes, since when, and how many of each product."""
    sums = _all(
        client,
        "SELECT count(), uniqExact(batch), toString(min(time_us)), toString(max(time_us)), toString(max(stored)) "  # noqa: S608
        f"FROM {TABLE}",
        {},
    )[0]
    size = _all(
        client,
        "SELECT sum(bytes_on_disk), sum(data_uncompressed_bytes) FROM system.parts "
        "WHERE active AND database = 'garrison' AND table LIKE 'events%'",
        {},
    )[0]
    by = _all(
        client,
        f"SELECT product, class_uid, retention, count() AS n FROM {TABLE} GROUP BY product, class_uid, retention ORDER BY n DESC",  # noqa: S608
        {},
    )
    count = int(sums[0])
    return {
        "events": count, "batches": int(sums[1]), "bytes": int(size[0]), "raw_bytes": int(size[1]),
        "first": sums[2] if count else None, "last": sums[3] if count else None, "stored": sums[4] if count else None,
        "products": [{"product": p, "class": c, "retention": r, "events": int(n)} for p, c, r, n in by],
    }  # fmt: skip


def _any(client: Client) -> bool:
    return bool(_all(client, f"SELECT 1 FROM {TABLE} LIMIT 1", {}))  # noqa: S608


def _all(client: Client, sql: str, parameters: dict[str, object]) -> Sequence[Sequence[Any]]:
    lines = b"".join(read(client, sql, parameters, "JSONCompactEachRow")).splitlines()
    return [msgspec.json.decode(line) for line in lines]


def _short(error: Exception) -> str:
    """What is wrong, without what our client and the parser say around it."""
    said = str(error).partition(" (for url")[0].removeprefix("Received ClickHouse exception, ")
    return _AROUND.sub("", said)


class _Values:
    """Values of MessagePack that come in pieces cut anywhere, as ClickHouse writes them: no maps, no arrays."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, piece: bytes) -> Sequence[object]:
        data = self.rest + piece
        count, end = _whole(data)
        self.rest = data[end:]
        found: list[object] = msgspec.msgpack.decode(b"\xdd" + count.to_bytes(4, "big") + data[:end])
        return found


def _whole(data: bytes) -> tuple[int, int]:
    """How many whole values stand at the beginning, and where they end."""
    count = at = 0
    sizes, lengths, size = _SIZES, _LENGTHS, len(data)
    while at < size:
        first = data[at]
        step = sizes[first]
        if step < 0:
            width = lengths[first]
            if at + 1 + width > size:
                break
            step = 1 + width + int.from_bytes(data[at + 1 : at + 1 + width], "big")
        if at + step > size:
            break
        count, at = count + 1, at + step
    return count, at


# https://github.com/msgpack/msgpack/blob/master/spec.md: bytes of a value by its first; -1 where a length follows.
_SIZES = [1] * 256
_SIZES[0xA0:0xC0] = range(1, 33)
for _first, _size in (
    (0xCA, 5),
    (0xCB, 9),
    (0xCC, 2),
    (0xCD, 3),
    (0xCE, 5),
    (0xCF, 9),
    (0xD0, 2),
    (0xD1, 3),
    (0xD2, 5),
    (0xD3, 9),
):
    _SIZES[_first] = _size
_LENGTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
for _first in _LENGTHS:
    _SIZES[_first] = -1
