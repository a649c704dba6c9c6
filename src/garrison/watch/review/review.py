"""What a day's logs say, held against the days before. Each question is one statement over typed columns; no line is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from garrison.watch.store.schema import TABLE
from garrison.watch.store.search import read

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

T = TypeVar("T")

ABOUT: Final[Mapping[str, str]] = {
    "actor_user": "principals",
    "src_ip": "addresses",
    "user_agent": "programs that ask",
    "api_operation": "operations",
    "model": "models",
    "resource_type": "kinds of resources",
    "process": "processes",
    "host": "hosts",
}
"""The columns that are looked at, and what stands in them."""

SHOWN: Final = 10  # of each list
_SELDOM: Final = 3  # events in all
_HOURS_US: Final = 3_600_000_000

_BEGIN = "fromUnixTimestamp64Micro({since:Int64}, 'UTC')"
_SPAN = "time_us >= fromUnixTimestamp64Micro({before:Int64}, 'UTC') AND time_us < fromUnixTimestamp64Micro({until:Int64}, 'UTC')"
_NOW = f"time_us >= {_BEGIN} AND time_us < fromUnixTimestamp64Micro({{until:Int64}}, 'UTC')"


class Seen(msgspec.Struct, frozen=True):
    """A value of a column, and what there was of it: in the time that is reviewed, and before."""

    name: str
    events: int
    before: int
    failed: int
    denied: int
    first_us: int  # since when, in the time that is reviewed


class Silent(msgspec.Struct, frozen=True):
    """A source that was heard before, and not in the time that is reviewed."""

    source: str
    host: str
    before: int
    last_us: int


class Listed(msgspec.Struct, frozen=True):
    """The first of them, and how many there are."""

    total: int
    first: tuple[Seen, ...]


class Counts(msgspec.Struct, frozen=True):
    """How much there was."""

    events: int
    failed: int
    denied: int
    graver: int  # of medium severity or worse, as their senders say


class Step(msgspec.Struct, frozen=True):
    """An hour."""

    begin_us: int
    events: int
    failed: int


class Change(msgspec.Struct, frozen=True):
    """An entry of the ledger about rules, retention, silences, roles, keys or policies."""

    index: int
    time_us: int
    what: str
    actor: str
    object: str
    reason: str


class Incident(msgspec.Struct, frozen=True):
    """Alerts that belong together and that nobody has closed."""

    number: int
    risk: int
    severity: str
    title: str
    alerts: int
    principal: str
    asset: str
    assignee: str


class Unread(msgspec.Struct, frozen=True):
    """Lines that are no events, in the quarantine."""

    input: str
    log: str
    reason: str
    lines: int


class Review(msgspec.Struct, kw_only=True):
    """All of it. What could not be asked, because nothing was named, is None."""

    since_us: int
    until_us: int
    before_us: int
    counts: Counts
    before: Counts  # of the days before, all of them
    hours: tuple[Step, ...]
    new: dict[str, Listed]
    rare: dict[str, Listed]
    loudest: dict[str, Listed]
    refused: dict[str, Listed]
    silent: tuple[Silent, ...]
    incidents: tuple[Incident, ...] | None = None
    quarantine: tuple[Unread, ...] | None = None
    changes: tuple[Change, ...] | None = None


_AMOUNTS: Final = (
    f"countIf({_NOW}) AS events, countIf(NOT ({_NOW})) AS before, countIf({_NOW} AND status_id = 2) AS failed, "
    f"countIf({_NOW} AND decision = 'denied') AS denied, minIf(toUnixTimestamp64Micro(time_us), {_NOW}) AS first_us"
)


def review(client: Client, *, since_us: int, until_us: int, before_us: int) -> Review:
    """What the store tells of a time, held against what was from `before_us` on. Raises EventsError."""
    span = {"since": since_us, "until": until_us, "before": before_us}
    days = _rows(client, _counts(), span, Counts)
    seen = {column: _of(client, column, span) for column in ABOUT}
    return Review(
        since_us=since_us,
        until_us=until_us,
        before_us=before_us,
        counts=days[0],
        before=days[1],
        hours=tuple(_rows(client, _hours(), span, Step)),
        new={column: lists["new"] for column, lists in seen.items()},
        rare={column: lists["rare"] for column, lists in seen.items()},
        loudest={column: lists["loudest"] for column, lists in seen.items()},
        refused={column: lists["refused"] for column, lists in seen.items()},
        silent=tuple(_rows(client, _silent(), span, Silent)),
    )


def _of(client: Client, column: str, span: Mapping[str, object]) -> dict[str, Listed]:
    """New, rare, loud and refused values of a column, from one look at it."""
    rows = _rows(client, _values(column), span, _Row)
    found = {}
    for number, name in enumerate(_LISTS):
        placed = sorted((row.places[number], row) for row in rows if 0 < row.places[number] <= SHOWN)
        total = placed[0][1].totals[number] if placed else 0
        found[name] = Listed(total, tuple(row.seen() for _, row in placed))
    return found


class _Row(msgspec.Struct, frozen=True, order=True):
    """A value, its place in each list (0: in none), and how many values each list has."""

    places: tuple[int, ...]
    totals: tuple[int, ...]
    name: str
    events: int
    before: int
    failed: int
    denied: int
    first_us: int

    def seen(self) -> Seen:
        return Seen(self.name, self.events, self.before, self.failed, self.denied, self.first_us)


_LISTS: Final = {
    "new": ("before = 0", "events DESC, name"),
    "rare": (f"before > 0 AND before + events <= {_SELDOM}", "events + before, name"),
    "loudest": ("1", "events DESC, name"),
    "refused": ("failed + denied > 0", "greatest(failed, denied) DESC, name"),
}


def _values(column: str) -> str:
    seen = (
        f"SELECT toString({column}) AS name, {_AMOUNTS} FROM {TABLE} WHERE {_SPAN} AND {column} != '' "  # noqa: S608
        "GROUP BY name HAVING events > 0"
    )
    places = ", ".join(
        f"if({which}, row_number() OVER (PARTITION BY {which} ORDER BY {order}), 0)" for which, order in _LISTS.values()
    )
    totals = ", ".join(f"count() OVER (PARTITION BY {which})" for which, _ in _LISTS.values())
    placed = f"SELECT *, [{places}] AS places, [{totals}] AS totals FROM ({seen})"  # noqa: S608
    return f"SELECT * FROM ({placed}) WHERE arrayExists(place -> place > 0 AND place <= {SHOWN}, places)"  # noqa: S608


def _counts() -> str:
    parts = [
        f"SELECT count() AS events, countIf(status_id = 2) AS failed, countIf(decision = 'denied') AS denied, "  # noqa: S608
        f"countIf(severity_id >= 3) AS graver, {number} AS number FROM {TABLE} WHERE {span}"
        for number, span in enumerate((_NOW, f"{_SPAN} AND NOT ({_NOW})"))
    ]
    return f"SELECT events, failed, denied, graver FROM ({' UNION ALL '.join(parts)}) ORDER BY number"  # noqa: S608


def _hours() -> str:
    hour = f"intDiv(toUnixTimestamp64Micro(time_us), {_HOURS_US}) * {_HOURS_US}"
    return (
        f"SELECT {hour} AS begin_us, count() AS events, countIf(status_id = 2) AS failed FROM {TABLE} "  # noqa: S608
        f"WHERE {_NOW} GROUP BY begin_us ORDER BY begin_us"
    )


def _silent() -> str:
    return (
        "SELECT toString(if(log_name = '', product, log_name)) AS source, toString(host) AS host, count() AS before, "  # noqa: S608
        f"max(toUnixTimestamp64Micro(time_us)) AS last_us FROM {TABLE} WHERE {_SPAN} GROUP BY source, host "
        f"HAVING countIf({_NOW}) = 0 ORDER BY before DESC, source, host"
    )


def _rows(client: Client, sql: str, span: Mapping[str, object], type_: type[T]) -> list[T]:
    said = b"".join(read(client, sql, dict(span), "JSONEachRow"))
    return msgspec.json.Decoder(type_).decode_lines(said)
