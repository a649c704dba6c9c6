"""Whether the events in the store are those that were stored: every batch is an entry of the ledger.

The ledger is verified by itself (`garrison ledger verify`). What it says of each batch, how many events and their digest, is made anew
from what the store gives; where they differ, the marks beside the events tell which one it is, as far as who changed it left them.

Events may be gone once they were past what their class was promised when they were stored, and past the rule of the day; of a legal hold
the ledger says how many it kept. What is in force has to be what the ledger says, and the store has to let rows go by that.
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
from garrison.watch.store.schema import DATABASE, KEPT, RETENTION_DAYS, RULES, RULES_OF, TABLE
from garrison.watch.store.search import read, rows
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
    class_: str = ""  # that is kept for other days


class InForce(msgspec.Struct, frozen=True):
    """What is said to be in force: days by class, conditions by hold, and the statement that made it so (`schema.retained`)."""

    days: Mapping[str, int | None]
    held: Mapping[str, str] = {}
    statement: str = ""


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


class _Rule(msgspec.Struct, frozen=True):
    """That a class is kept for so many days, from a moment on; None: from the beginning, for ever."""

    since: dt.datetime | None
    days: int | None
    entry: int | None = None


class _Told(msgspec.Struct):
    """What the ledger tells of what was stored, and how long it is kept."""

    days: dict[str, list[_Rule]]  # by class
    batches: dict[str, tuple[int, Entry]] = {}
    holds: dict[str, _Hold] = {}


class _Row(msgspec.Struct, frozen=True):
    number: int
    mark: int
    uid: str
    digest: bytes


def verify(
    client: Client,
    ledger: Ledger,
    now: InForce | None = None,
    retention: Mapping[str, int | None] = RETENTION_DAYS,
) -> Verified:
    """Look at every batch, and whether the ledger and the store know of what is in force `now`, where that was told.

    How long each class is kept is what the ledger says, else `retention`. Raises LedgerError, and EventsError where the store does not answer.
    """
    moment = dt.datetime.now(dt.UTC)
    told = _told(ledger, retention)
    found = Verified(holds=len(told.holds))
    said = {name: _batch(index, entry, told.days, moment) for name, (index, entry) in told.batches.items()}
    replaced = list(_replaced(client))
    found.faults += replaced
    for group in _groups(list(said.values())):
        kept = {} if replaced else _kept(client, [batch.name for batch in group])
        for batch in group:
            there = kept.get(batch.name, [])
            found.batches += 1
            found.events += len(there)
            if batch.expires is not None and batch.expires <= moment:
                found.expired += batch.events - len(there)
                continue
            found.faults += _faults(batch, there)
    if not replaced:
        found.faults += _unsaid(client, said)
    if now is not None:
        found.faults += _days(told.days, now.days)
        found.faults += _rules(client, now.statement) if now.statement and not replaced else ()
        found.faults += _holds(client if not replaced else None, told.holds, now.held)
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
    told = _Told(days={name: [_Rule(None, days)] for name, days in retention.items()})
    for index, data in enumerate(ledger.entries()):
        entry = parse(data)
        if entry.object is None:
            continue
        name = entry.object.name
        if entry.kind == KIND and entry.action == "store":
            told.batches.setdefault(name, (index, entry))  # after a crash one may be told twice: the first word counts
        elif entry.kind == RETENTION and entry.action == "change":
            rule = _Rule(entry.time, entry.details.get("days"), index)
            told.days.setdefault(entry.details.get("class", ""), []).append(rule)
        elif entry.kind == RETENTION and entry.action == "hold":
            told.holds[name] = _Hold(index, entry.object.digest, entry.details.get("events", 0), entry.time)
        elif entry.kind == RETENTION and entry.action == "release":
            told.holds.pop(name, None)
    return told


def _batch(index: int, entry: Entry, days: Mapping[str, list[_Rule]], now: dt.datetime) -> _Said:
    """What an entry says of a batch, and when its events may be gone; what the class of is not known is kept for ever."""
    thing = entry.object
    assert thing is not None  # noqa: S101 - every such entry has one
    expires = _expires(entry.time, days.get(entry.details.get("class", ""), ()), now)
    return _Said(index, thing.name, thing.digest, entry.details["events"], expires)


def _expires(stored: dt.datetime, rules: Sequence[_Rule], now: dt.datetime) -> dt.datetime | None:
    """When what was stored then could first go: while a rule was in force, but not before what was promised as it was stored.

    To a class that was not in force nothing was promised.
    """
    promised = next((rule.days for rule in reversed(rules) if rule.since is None or rule.since <= stored), 0)
    for place, rule in enumerate(rules):
        until = rules[place + 1].since or now if place + 1 < len(rules) else now
        if rule.days is None or promised is None:
            continue
        over = max(stored + dt.timedelta(days=max(rule.days, promised)), rule.since or stored)
        if over <= until:
            return over
    return None


def _days(said: Mapping[str, Sequence[_Rule]], now: Mapping[str, int | None]) -> Iterator[Fault]:
    """Classes that are kept for other days than the ledger says."""
    for name in sorted(said.keys() | now.keys()):
        if name not in now:
            yield Fault(What.REMOVED, "", said[name][-1].entry, None, "", "it is not in force", class_=name)
        elif name not in said:
            why = f"it is kept {_for(now[name])}, and the ledger has no entry of it"
            yield Fault(What.ADDED, "", None, None, "", why, class_=name)
        elif said[name][-1].days != now[name]:
            last = said[name][-1]
            why = f"it is kept {_for(now[name])}, and the ledger says {_for(last.days)}"
            yield Fault(What.CHANGED, "", last.entry, None, "", why, class_=name)


def _for(days: int | None) -> str:
    return "for ever" if days is None else f"for {days:,} days"


def _rules(client: Client, statement: str) -> Iterator[Fault]:
    """Whether rows go by the rules that are in force."""
    there = b"".join(read(client, RULES, {}, "RawBLOB"))
    if there != b"".join(read(client, RULES_OF, {"q": statement}, "RawBLOB")):
        yield Fault(What.CHANGED, "", None, None, "", "the store lets events go by other rules than are in force")


def _replaced(client: Client) -> Iterator[Fault]:
    """Whether the table is another one than was made."""
    sql = "SELECT name FROM system.columns WHERE database = {database:String} AND concat(database, '.', table) = {name:String}"
    there = {_text(name) for (name,) in rows(client, sql, {"database": DATABASE, "name": TABLE}, 1)}
    if missing := [name for name in (*COLUMNS, *KEPT) if name not in there]:
        why = f"the table of events is another one: it has no {missing[0]}" if there else "the table of events is gone"
        yield Fault(What.CHANGED, "", None, None, "", why)


def _holds(client: Client | None, said: Mapping[str, _Hold], held: Mapping[str, str]) -> Iterator[Fault]:
    """Holds that do not keep what they kept when they were made, or that the ledger does not know; without a client, they keep nothing."""
    for name, hold in said.items():
        condition = held.get(name)
        if condition is None or digest_of(condition) != hold.digest:
            why = "it is not in force" if condition is None else "it is not about what it was"
            yield Fault(What.CHANGED, "", hold.entry, None, "", why, name)
        elif (left := 0 if client is None else count(client, condition, hold.since)) < hold.events:
            why = f"{hold.events - left:,} of the {hold.events:,} events that it keeps are gone"
            yield Fault(What.REMOVED, "", hold.entry, None, "", why, name)
    for name in held.keys() - said.keys():
        yield Fault(What.ADDED, "", None, None, "", "the ledger has no entry of it", name)


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
