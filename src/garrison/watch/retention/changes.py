"""Changes of what is in force, by an administrator: the ledger is told first, then the store.

The store of a folder is sent the change, and decides (`deciding`). A cluster has no process of ours: it is sent the statement, by whoever may
alter there, and what is in force is noted in a folder of this machine.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from garrison.errors import BusyError
from garrison.ledger import Ledger
from garrison.ledger.entry import as_actor
from garrison.watch.retention import vouched
from garrison.watch.retention.retention import (
    AddHold,
    Change,
    Hold,
    ReleaseHold,
    Retention,
    SetDays,
    amended,
    keyed,
    read,
    write,
)
from garrison.watch.store.verify import count

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class Changes:
    """Changes of the store of a folder, or of a cluster of which `folder` notes what is in force.

    `cluster` is its name, empty for a server that is none; None: the store is the folder's own.
    """

    def __init__(
        self, client: Client, folder: Path, ledger: Ledger | None, *, actor: str, cluster: str | None = None
    ) -> None:
        """Raises LedgerError where another ledger vouches for the store, or one does and none is named; EventsError."""
        self._client, self._folder, self._ledger = client, folder, ledger
        self._actor, self._cluster = actor, cluster
        if cluster is not None and not read(folder).people:
            write(folder, keyed(read(folder)))
        vouched.vouch(folder, ledger, client, actor)

    def keep_for(self, days: Mapping[str, int | None], *, reason: str) -> Retention:
        """Keep classes for so many days; None: for ever. What is stored is kept for what was promised, at the least.

        Raises ConfigError, BusyError, EventsError, LedgerError.
        """
        with self._alone() as now:
            change = SetDays(dict(days))
            amended(now, change, _now())
            told = self._tell(
                lambda ledger, who: [
                    vouched.record_days(ledger, name, said, actor=who, reason=reason)
                    for name, said in days.items()  # also what is so already: the ledger may have said otherwise of a try
                ],
                now,
            )
            return self._put(msgspec.structs.replace(change, entries=told), now)

    def hold(self, name: str, filter_: str, *, reason: str) -> Retention:
        """Keep what a filter finds, whatever its class says. Raises UsageError for a name or filter that is none."""
        with self._alone() as now:
            made = self._put(AddHold(name, filter_, reason, self._actor), now)  # then what is counted stays
            self._tell(
                lambda ledger, who: [
                    vouched.record_hold(ledger, self._client, made.holds[-1], actor=who, reason=reason)
                ],
                now,
            )
            return made

    def release(self, name: str, *, reason: str) -> Retention:
        """Let what a hold kept go when its time is over. Raises UsageError for one that is not there."""
        with self._alone() as now:
            change = ReleaseHold(name)
            amended(now, change, _now())
            told = self._tell(lambda ledger, who: [vouched.record_release(ledger, name, actor=who, reason=reason)], now)
            return self._put(msgspec.structs.replace(change, entries=told), now)

    def count(self, hold: Hold) -> int:
        """How many events that were stored before a hold it keeps. Raises EventsError."""
        return count(self._client, hold.condition, hold.since)

    def _tell(self, record: Callable[[Ledger, str], list[int]], now: Retention) -> tuple[int, ...]:
        """The entries of the ledger, where there is one, which whoever reads it sees now."""
        if self._ledger is None:
            return ()
        told = tuple(record(self._ledger, as_actor(self._actor, now.people)))
        self._ledger.checkpoint()
        return told

    def _put(self, change: Change, now: Retention) -> Retention:
        """Have a change in force. Raises BusyError, EventsError."""
        from clickhouse_connect.driver.exceptions import ClickHouseError

        from garrison.watch.store.client import retain

        if self._cluster is None:
            amended(now, change, _now())  # what is wrong with it is told by name
            retain(self._folder, msgspec.json.encode(change))
            return read(self._folder)
        made = amended(now, change, _now())
        try:
            self._client.command(made.statement(self._cluster))
        except ClickHouseError as error:
            raise BusyError(f"nothing has been changed: {error}", hint="do it again", path=str(self._folder)) from error
        write(self._folder, made)
        return made

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Retention]:
        """What is in force, which no other command changes meanwhile. Raises BusyError."""
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise BusyError(
                f"cannot be opened: {error.strerror}", hint="see who may", path=str(self._folder)
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield read(self._folder)
        finally:
            os.close(descriptor)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
