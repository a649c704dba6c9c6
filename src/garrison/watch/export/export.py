"""From the store to a destination, from where it was: each batch at least once, and under the same name each time.

The store is what waits: a position is written when a destination has taken a batch, so one that is away for a week gets the week.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.errors import BusyError, ConfigError, EventsError
from garrison.ledger import durable
from garrison.watch.export.destination import Destination, destinations
from garrison.watch.sending.secret import Beside
from garrison.watch.store.reading import LATE, Stored, magic, stored
from garrison.watch.store.search import moment

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_LOOK_S: Final = 1.0
_SHORTEST_S, _LONGEST_S = 1.0, 60.0  # between two tries
_STARTING_S: Final = 600  # that a watch may take until its exports begin
_AT_ONCE: Final = 1_000  # events in one request


class Position(msgspec.Struct):
    """How far a destination has taken: the last batch by the beginning of its name, and the part of the next one that it has taken."""

    batches: dict[str, str] = {}
    stored_s: int = 0
    partly: str = ""
    taken: int = 0
    sent: int = 0  # events in all


class Export:
    """One destination. `failed` says why it takes nothing now."""

    def __init__(self, settings: Destination, state: Path, beside: Beside, *, began: dt.datetime | None = None) -> None:
        """`began` is when the watch first did: what came before this process was started belongs to it too.

        Raises ConfigError for a filter or a time that is none, BusyError where the position cannot be written.
        """
        self.settings, self.failed = settings, ""
        self._file, self._beside = state / f"{settings.name}.json", beside
        self._kind = destinations()[type(settings)]
        self._next = self._pause = 0.0
        self._began_s = int(began.timestamp()) if began else 0
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.position = self._read()
        self._write()

    def look(self, client: Client) -> int:
        """Carry on what was stored since; how many events were taken. Raises EventsError where the store does not answer."""
        if time.monotonic() < self._next:
            return 0
        before = self.position.sent
        try:
            since = dt.datetime.fromtimestamp(self.position.stored_s, dt.UTC) - LATE
            for batch in stored(client, self.position.batches, since=since, only=self.settings.filter):
                self._carry(batch)
        except (BusyError, ConfigError) as error:
            self._pause = min(max(self._pause * 2, _SHORTEST_S), _LONGEST_S)
            self._next = time.monotonic() + self._pause
            self.failed = str(error)
        else:
            self._pause, self.failed = 0.0, ""
        return self.position.sent - before

    def _carry(self, batch: Stored) -> None:
        position = self.position
        if position.partly != batch.batch:
            position.partly, position.taken = batch.batch, 0
        for at in range(position.taken, len(batch.events), _AT_ONCE):
            some = batch.events[at : at + _AT_ONCE]
            self._kind.send(self.settings, f"{batch.batch}-{at}", some, self._beside)
            position.taken, position.sent = at + len(some), position.sent + len(some)
            self._write()
        position.batches[magic(batch.batch)] = batch.batch
        position.stored_s = max(position.stored_s, int(batch.stored.timestamp()))
        self._write()

    def _read(self) -> Position:
        data = durable.read(self._file)
        if data is not None:
            try:
                return msgspec.json.decode(data, type=Position)
            except msgspec.DecodeError as error:
                raise ConfigError(
                    f"is damaged: {error}", path=str(self._file), hint="remove it to begin anew"
                ) from error
        said = self.settings.since
        now_s = int(time.time())
        began_s = moment(said) // 1_000_000 if said else self._began_s if now_s - self._began_s < _STARTING_S else now_s
        return Position(stored_s=began_s + int(LATE.total_seconds()))

    def _write(self) -> None:
        try:
            durable.replace(self._file, msgspec.json.encode(self.position), mode=0o600)
        except OSError as error:
            raise BusyError(
                f"export {self.settings.name}: {error.strerror}", hint="make room", path=str(self._file)
            ) from error


def run(
    exports: Sequence[Export], connect: Callable[[], Client], ended: Callable[[], bool], say: Callable[[str], None]
) -> None:
    """Export until `ended`. What fails is said once, and again when it goes on."""
    client: Client | None = None
    told: dict[str, str] = {}
    while not ended():
        try:
            client = client or connect()
            for export in exports:
                export.look(client)
            failed = {export.settings.name: export.failed for export in exports}
        except EventsError as error:
            client, failed = None, {export.settings.name: str(error) for export in exports}
        for name, why in failed.items():
            if why != told.get(name, ""):
                say(f"export {name} waits: {why}" if why else f"export {name} goes on")
        told = failed
        time.sleep(_LOOK_S)
