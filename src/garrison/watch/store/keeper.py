"""From spools into the store, for as long as a watch runs: what is received waits there while the store, or the ledger, takes nothing."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from garrison.errors import EventsError, LedgerError
from garrison.ledger import Ledger
from garrison.watch.spool import Spool
from garrison.watch.store.guard import Role
from garrison.watch.store.samples import store as store_samples
from garrison.watch.store.write import ACTOR, store

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_LOOK_S: Final = 0.05
_HELD_S: Final = 2.0  # that the ledger is kept from others who append
_SHORTEST_S, _LONGEST_S = 0.1, 5.0  # between two attempts


class Keeper:
    """Spools by their retention class. `stored` and `doubles` count events."""

    def __init__(
        self,
        spools: Mapping[str, Spool],
        place: Path | str,
        ledger: Path | None,
        waits: Callable[[str], None],
        *,
        samples: Spool | None = None,
        classes: Mapping[str, int | None] | None = None,
    ) -> None:
        """`waits` is told why nothing can be stored now, and an empty text when it can; `samples` are in a spool of their own.

        `classes` are the days that events of a class are to be kept (None: for ever), in force before the first of them is stored.
        """
        self.stored = self.doubles = self.stored_s = 0
        self.batches: dict[str, str] = {}  # the last one, by the beginning of its name
        self._spools, self._place, self._ledger, self._waits = spools, place, ledger, waits
        self._samples, self._classes = samples, dict(classes or {})
        self._client: Client | None = None
        self._closing = contextlib.ExitStack()

    def run(self, ended: threading.Event, drain_s: float) -> None:
        """Store until `ended`, and what is left then for as long as `drain_s`."""
        pause_s, until = _SHORTEST_S, 0.0
        while True:
            if ended.is_set():
                until = until or time.monotonic() + drain_s
                if time.monotonic() > until or not self._pending():
                    break
            try:
                if not any([self._round(), self._store_samples()]):
                    ended.wait(_LOOK_S)
                pause_s = _SHORTEST_S
                self._waits("")
            except (EventsError, LedgerError) as error:
                self._closing.close()
                self._client = None
                self._waits(str(error))
                ended.wait(pause_s) if not ended.is_set() else time.sleep(_SHORTEST_S)
                pause_s = min(pause_s * 2, _LONGEST_S)
        self._closing.close()

    def _round(self) -> bool:
        """Store what is there now, a batch of each class in turn; whether there was anything. Raises EventsError, LedgerError."""
        waiting = {name: spool for name, spool in self._spools.items() if spool.pending}
        if not waiting:
            return False
        client, until = self._connected(), time.monotonic() + _HELD_S
        with self._entries() as ledger:
            while waiting and time.monotonic() < until:
                for name, spool in list(waiting.items()):
                    taken = spool.take()
                    if taken is None:
                        del waiting[name]
                        continue
                    count = store(client, taken, ledger, name)
                    spool.done(taken)
                    self.stored += count
                    self.doubles += len(taken.batch.keys) - count
                    self.batches[taken.name.rpartition("-")[0]] = taken.name
                    self.stored_s = int(time.time())
        return True

    def _store_samples(self) -> bool:
        """Store the samples that are there; whether there were any. Raises EventsError."""
        if self._samples is None or not self._samples.pending or (taken := self._samples.take(wait_s=0)) is None:
            return False
        store_samples(self._connected(), taken)
        self._samples.done(taken)
        return True

    def _pending(self) -> bool:
        return any(spool.pending for spool in (*self._spools.values(), *([self._samples] if self._samples else [])))

    def _connected(self) -> Client:
        from garrison.watch.retention.vouched import vouch
        from garrison.watch.store.client import running

        if self._client is None:
            if isinstance(self._place, Path):
                self._keep_for(self._place)
            client = self._closing.enter_context(contextlib.closing(running(self._place, Role.WRITER)))
            if isinstance(self._place, Path):
                with self._entries() as ledger:
                    vouch(self._place, ledger, client, ACTOR)
            self._client = client
        return self._client

    def _keep_for(self, folder: Path) -> None:
        """Have the classes in force as they are said. Raises EventsError, LedgerError."""
        from garrison.watch.retention.changes import Changes
        from garrison.watch.retention.retention import read
        from garrison.watch.store.client import running

        now = read(folder).days
        if all(now.get(name, 0) == days for name, days in self._classes.items()):
            return
        with contextlib.closing(running(folder, Role.ADMIN)) as admin, self._entries() as ledger:
            Changes(admin, folder, ledger, actor=ACTOR).keep_for(self._classes, reason="as the watch file says")

    @contextlib.contextmanager
    def _entries(self) -> Iterator[Ledger | None]:
        from garrison.ledger.opening import open_ledger

        if self._ledger is None:
            yield None
            return
        with open_ledger(self._ledger) as ledger:
            yield ledger
