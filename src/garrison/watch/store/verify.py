"""Whether the events in the store are those that were stored: every batch is an entry of the ledger.

The ledger is verified by itself (`garrison ledger verify`). What it says of each batch, how many events and their digest, is made anew
from what the store gives; where they differ, the marks beside the events tell which one it is, as far as who changed it left them.

Events may be gone once they were past the retention of their class as it was then; of a legal hold the ledger says how many it kept.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from garrison.errors import EventsError
from garrison.ledger import Ledger
from garrison.ledger.entry import Entry, parse
from garrison.watch.store.rows import COLUMNS, digest, event_of, mark
from garrison.watch.store.schema import RETENTION_DAYS, TABLE
from garrison.watch.store.search import rows
from garrison.watch.store.write import KIND

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

RETENTION = "retention.change"
_AT_ONCE = 100_000  # events


class What(enum.StrEnum):
    """What is not as it was."""

    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"


class Fault(msgspec.Struct, frozen=True):
    """One place in the store that the ledger does not vouch for."""

    what: What
    batch: str
    entry: int | None  # of the ledger
    row: int | None  # in the batch; None: which one cannot be told
    uid: str
    why: str
    hold: str = ""  # that kept what is gone


class Verified(msgspec.Struct):
    """What was looked at."""

    batches: int = 0
    events: int = 0
    expired: int = 0  # events whose retention is over
    holds: int = 0  # in force
    faults: list[Fault] = []


class _Said(msgspec.Struct, frozen=True):
    """What the ledger says of a batch."""

    entry: int
    name: str
    digest: str
    events: int
    expires: dt.datetime | None


class _Hold(msgspec.Struct, frozen=True):
    """What the ledger says of a hold that is in force."""

    entry: int
    digest: str
    events: int
    since: dt.datetime


class _Told(msgspec.Struct):
    """What the ledger tells of what was stored, and how long it is kept."""

    batches: dict[str, tuple[int, Entry]] = {}
    days: dict[str, list[tuple[dt.datetime | None, int | None]]] = {}  # by class, and from when on
    holds: dict[str, _Hold] = {}


class _Row(msgspec.Struct, frozen=True):
    number: int
    mark: int
    uid: str
    digest: bytes


def verify(
    client: Client,
    ledger: Ledger,
    retention: Mapping[str, int | None] = RETENTION_DAYS,
    held: Mapping[str, str] | None = None,
) -> Verified:
    """Look at every batch. How long each class is kept is what the ledger says, else `retention`; `held` are conditions by hold.

    Raises LedgerError, and EventsError where the store does not answer.
    """
    now = dt.datetime.now(dt.UTC)
    told = _told(ledger, retention)
    found = Verified()
    said = {name: _batch(index, entry, told.days, now) for name, (index, entry) in told.batches.items()}
    for group in _groups(list(said.values())):
        kept = _kept(client, [batch.name for batch in group])
        for batch in group:
            there = kept.get(batch.name, [])
            found.batches += 1
            found.events += len(there)
            if batch.expires is not None and batch.expires <= now:
                found.expired += batch.events - len(there)
                continue
            found.faults += _faults(batch, there)
    found.faults += _unsaid(client, said)
    found.holds = len(told.holds)
    found.faults += _holds(client, told.holds, held or {})
    return found


def count(client: Client, said: str, before: dt.datetime) -> int:
    """How many events a condition finds that were stored before a moment. Raises EventsError."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    sql = f"SELECT count() FROM {TABLE} WHERE ({said}) AND stored < toDateTime({int(before.timestamp()):d}, 'UTC')"  # noqa: S608
    try:
        return int(str(client.command(sql)))
    except ClickHouseError as error:
        raise EventsError(f"the store does not count them: {error}", hint="see whether it runs") from error


def digest_of(condition: str) -> str:
    """Of the condition of a hold, as it stands in the ledger."""
    return f"sha256:{hashlib.sha256(condition.encode()).hexdigest()}"


def _told(ledger: Ledger, retention: Mapping[str, int | None]) -> _Told:
    told = _Told(days={name: [(None, days)] for name, days in retention.items()})
    for index, data in enumerate(ledger.entries()):
        entry = parse(data)
        if entry.object is None:
            continue
        name = entry.object.name
        if entry.kind == KIND and entry.action == "store":
            told.batches.setdefault(name, (index, entry))  # after a crash one may be told twice: the first word counts
        elif entry.kind == RETENTION and entry.action == "change":
            class_ = entry.details.get("class", "")
            told.days.setdefault(class_, [(None, None)]).append((entry.time, entry.details.get("days")))
        elif entry.kind == RETENTION and entry.action == "hold":
            told.holds[name] = _Hold(index, entry.object.digest, entry.details.get("events", 0), entry.time)
        elif entry.kind == RETENTION and entry.action == "release":
            told.holds.pop(name, None)
    return told


def _batch(
    index: int, entry: Entry, days: Mapping[str, list[tuple[dt.datetime | None, int | None]]], now: dt.datetime
) -> _Said:
    """What an entry says of a batch, and when its events may be gone; what the class of is not known is kept for ever."""
    thing = entry.object
    assert thing is not None  # noqa: S101 - every such entry has one
    expires = _expires(entry.time, days.get(entry.details.get("class", ""), ()), now)
    return _Said(index, thing.name, thing.digest, entry.details["events"], expires)


def _expires(
    stored: dt.datetime, rules: Sequence[tuple[dt.datetime | None, int | None]], now: dt.datetime
) -> dt.datetime | None:
    """When what was stored then could first go: a rule let it only while it was in force."""
    for place, (since, days) in enumerate(rules):
        until = rules[place + 1][0] if place + 1 < len(rules) else now
        if days is None or until is None:
            continue
        over = max(stored + dt.timedelta(days=days), since or stored)
        if over <= until:
            return over
    return None


def _holds(client: Client, said: Mapping[str, _Hold], held: Mapping[str, str]) -> Iterator[Fault]:
    """Holds that do not keep what they kept when they were made."""
    for name, hold in said.items():
        condition = held.get(name)
        if condition is None or digest_of(condition) != hold.digest:
            why = "it is not in force" if condition is None else "it is not about what it was"
            yield Fault(What.CHANGED, "", hold.entry, None, "", why, name)
        elif (left := count(client, condition, hold.since)) < hold.events:
            why = f"{hold.events - left:,} of the {hold.events:,} events that it keeps are gone"
            yield Fault(What.REMOVED, "", hold.entry, None, "", why, name)


def _groups(batches: Sequence[_Said]) -> Iterator[list[_Said]]:
    group: list[_Said] = []
    for batch in batches:
        if group and sum(other.events for other in group) + batch.events > _AT_ONCE:
            yield group
            group = []
        group.append(batch)
    if group:
        yield group


def _kept(client: Client, names: list[str]) -> dict[str, list[_Row]]:
    """The events of these batches, as they are in the store now."""
    columns = ", ".join(COLUMNS)
    sql = f"SELECT {columns}, batch, row, mark FROM {TABLE} WHERE batch IN {{names:Array(String)}} ORDER BY batch, row"  # noqa: S608
    kept: dict[str, list[_Row]] = {}
    for *values, batch, number, said in rows(client, sql, {"names": names}, len(COLUMNS) + 3):
        event, made = event_of(values)
        kept.setdefault(_text(batch), []).append(_Row(_number(number), _number(said), event.uid, made))
    return kept


def _faults(batch: _Said, held: list[_Row]) -> list[Fault]:
    if len(held) == batch.events and batch.digest == f"sha256:{digest([row.digest for row in held]).hex()}":
        return []
    found = [
        Fault(What.CHANGED, batch.name, batch.entry, row.number, row.uid, "it is not what its mark says")
        for row in held
        if row.mark != mark(row.digest)
    ]
    numbers = [row.number for row in held]
    missing = sorted(set(range(batch.events)) - set(numbers))
    if len(missing) == batch.events:
        return [Fault(What.REMOVED, batch.name, batch.entry, None, "", f"all of its {batch.events:,} events are gone")]
    found += [Fault(What.REMOVED, batch.name, batch.entry, number, "", "it is gone") for number in missing]
    seen: set[int] = set()
    for row in held:
        if row.number in seen or row.number >= batch.events:
            found.append(Fault(What.ADDED, batch.name, batch.entry, row.number, row.uid, "it was not in the batch"))
        seen.add(row.number)
    why = "its digest is not the one in the ledger, and the marks were changed too"
    return found or [Fault(What.CHANGED, batch.name, batch.entry, None, "", why)]


def _unsaid(client: Client, said: Mapping[str, _Said]) -> list[Fault]:
    """Batches of which the ledger does not know."""
    found = rows(client, f"SELECT batch, count() FROM {TABLE} GROUP BY batch", {}, 2)  # noqa: S608
    strange = [(_text(name), _number(count)) for name, count in found]
    return [
        Fault(What.ADDED, name, None, None, "", f"the ledger has no entry of its {count:,} events")
        for name, count in sorted(strange)
        if name not in said
    ]


def _text(value: object) -> str:
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)


def _number(value: object) -> int:
    return value if isinstance(value, int) else int(str(value))
