"""Whether the events in the store are those that were stored: every batch is an entry of the ledger.

The ledger is verified by itself (`garrison ledger verify`). What it says of each batch, how many events and their digest, is made anew
from what the store gives; where they differ, the marks beside the events tell which one it is, as far as who changed it left them.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

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


class Verified(msgspec.Struct):
    """What was looked at."""

    batches: int = 0
    events: int = 0
    expired: int = 0  # events whose retention is over
    faults: list[Fault] = []


class _Said(msgspec.Struct, frozen=True):
    """What the ledger says of a batch."""

    entry: int
    name: str
    digest: str
    events: int
    expires: dt.datetime | None


class _Row(msgspec.Struct, frozen=True):
    number: int
    mark: int
    uid: str
    digest: bytes


def verify(client: Client, ledger: Ledger, retention: Mapping[str, int | None] = RETENTION_DAYS) -> Verified:
    """Look at every batch. How long each class is kept is what the ledger says, else `retention`.

    Raises LedgerError, and EventsError where the store does not answer.
    """
    found, said = Verified(), _said(ledger, retention)
    now = dt.datetime.now(dt.UTC)
    for group in _groups(list(said.values())):
        kept = _kept(client, [batch.name for batch in group])
        for batch in group:
            held = kept.get(batch.name, [])
            found.batches += 1
            found.events += len(held)
            if batch.expires is not None and batch.expires <= now:
                found.expired += batch.events - len(held)
                continue
            found.faults += _faults(batch, held)
    found.faults += _unsaid(client, said)
    return found


def _said(ledger: Ledger, retention: Mapping[str, int | None]) -> dict[str, _Said]:
    batches: dict[str, tuple[int, Entry]] = {}
    days = dict(retention)
    for index, data in enumerate(ledger.entries()):
        entry = parse(data)
        if entry.object is None:
            continue
        if entry.kind == KIND and entry.action == "store":
            batches.setdefault(
                entry.object.name, (index, entry)
            )  # after a crash a batch may be told twice; the first word counts
        elif entry.kind == RETENTION and entry.action == "change":
            days[entry.details.get("class", "")] = entry.details.get("days")
    return {name: _batch(index, entry, days) for name, (index, entry) in batches.items()}


def _batch(index: int, entry: Entry, retention: Mapping[str, int | None]) -> _Said:
    """What an entry says of a batch, and when its events may be gone; what the class of is not known is kept for ever."""
    thing = entry.object
    assert thing is not None  # noqa: S101 - every such entry has one
    days = retention.get(entry.details.get("class", ""))
    expires = None if days is None else entry.time + dt.timedelta(days=days)
    return _Said(index, thing.name, thing.digest, entry.details["events"], expires)


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
