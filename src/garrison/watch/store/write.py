"""From the spool into the store: each event once, and for each batch an entry of the ledger.

A batch has the same name and rows after a crash. The store knows names that it has, and events it has under other names are left out,
so that what a sender sends twice is kept once.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from garrison.errors import BusyError
from garrison.events.times import at
from garrison.ledger import Ledger
from garrison.watch.spool import Batch, Spool, Taken
from garrison.watch.store.rows import digest, insertion, without
from garrison.watch.store.schema import TABLE, once

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

KIND = "events.batch"
ACTOR = "service:garrison-watch"
_OTHER = ("row", "mark", "stored", "batch", "retention")  # as `insertion` writes them
_OTHERS = (
    f"FROM {TABLE} WHERE product IN %(products)s AND batch != %(batch)s "
    "AND time_us >= fromUnixTimestamp64Micro(%(first)s, 'UTC') AND time_us <= fromUnixTimestamp64Micro(%(last)s, 'UTC')"
)
_SPAN = f"SELECT count(), toUnixTimestamp64Micro(min(time_us)), toUnixTimestamp64Micro(max(time_us)) {_OTHERS}"
_KNOWN = f"SELECT product, uid {_OTHERS} AND uid IN %(uids)s"


class Kept(msgspec.Struct):
    """What went into the store."""

    events: int = 0
    doubles: int = 0
    batches: int = 0


def keep(
    client: Client, spool: Spool, ledger: Ledger | None, *, retention: str = "standard", patience_s: float = 0
) -> Kept:
    """Store what is in a spool until nothing comes for `patience_s`. Raises BusyError where the store takes nothing now.

    Nothing is lost then: call it again. Raises LedgerError where the ledger takes no entry.
    """
    kept = Kept()
    while (taken := spool.take(patience_s=patience_s)) is not None:
        stored = store(client, taken, ledger, retention)
        spool.done(taken)
        kept.events += stored
        kept.doubles += len(taken.batch.keys) - stored
        kept.batches += stored > 0
    return kept


def store(client: Client, taken: Taken, ledger: Ledger | None, retention: str) -> int:
    """One batch; how many of its events the store did not have. Raises BusyError, LedgerError."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    try:
        batch = _new(client, taken)
        if not batch.keys:
            return 0
        same = {"stored": int(now.timestamp()), "batch": taken.name, "retention": retention}
        client.raw_insert(
            TABLE,
            column_names=[*taken.columns, *_OTHER],
            insert_block=b"".join(insertion(batch, len(taken.columns), same)),
            settings=once(taken.name),
            fmt="Native",
        )
    except (ClickHouseError, OSError) as error:
        raise BusyError(f"the store takes nothing: {error}", hint="events wait in the spool until it does") from error
    if ledger is not None:
        times = [time_us for _, _, time_us in batch.keys]
        ledger.append(
            KIND,
            actor=ACTOR,
            object={"type": "batch", "name": taken.name, "digest": f"sha256:{digest(batch.digests).hex()}"},
            time=now,
            details={
                "events": len(batch.keys),
                "from": at(min(times)),
                "to": at(max(times)),
                "class": retention,
            },
        )
    return len(batch.keys)


def _new(client: Client, taken: Taken) -> Batch:
    """The events of a batch less those that stand in it or in the store already."""
    times = [time_us for _, _, time_us in taken.batch.keys]
    keys = [(product, uid) for product, uid, _ in taken.batch.keys]
    asked: dict[str, object] = {
        "products": sorted({product for product, _ in keys}),
        "first": min(times),
        "last": max(times),
        "batch": taken.name,
    }
    ((count, first, last),) = client.query(_SPAN, parameters=asked).result_rows
    # Events come in the order of time, mostly: only those of a time that is there already can be there.
    uids = [uid for _, uid, time_us in taken.batch.keys if count and first <= time_us <= last]
    found = client.query(_KNOWN, parameters={**asked, "uids": uids}).result_rows if uids else ()
    seen = {(str(product), str(uid)) for product, uid in found}
    doubles = set()
    for place, key in enumerate(keys):
        if key in seen:
            doubles.add(place)
        seen.add(key)
    return without(taken.batch, doubles) if doubles else taken.batch
