"""Where the store of a folder decides on changes of retention: what it is sent is data, and the statement it runs is its own.

It never lets go of an event before the time that was promised when the event was stored (`retention.amended`). A store that is vouched
for takes a change only if the ledger says so already: the entries are named in the request, and each counts once.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from garrison.errors import ConfigError, EventsError
from garrison.watch.retention import vouched
from garrison.watch.retention.retention import FILE, Change, Retention, amended, keyed, read, write


class Decider:
    """What is in force in the store of a folder; `run` runs a statement of ClickHouse."""

    def __init__(self, folder: Path, run: Callable[[str], object]) -> None:
        self._folder, self._run = folder, run
        self._one_at_a_time = threading.Lock()
        self._decoder = msgspec.json.Decoder(Change)

    def begin(self, differ: Callable[[str], bool]) -> None:
        """Have in force what is noted, where the rules of the table `differ` from those of a statement.

        Raises ConfigError where it is not noted any more what they should be, BusyError.
        """
        noted, now = (self._folder / FILE).exists(), keyed(read(self._folder))
        if differ(now.statement()):
            if not noted:
                hint = "put it back from a copy: else events would go by other days than were promised"
                raise ConfigError("what is in force is not noted", hint=hint, path=str(self._folder / FILE))
            self._run(now.statement())
        write(self._folder, now)

    def decide(self, request: bytes) -> None:
        """Put a change in force. Raises EventsError, UsageError, ConfigError, LedgerError, BusyError where it is refused."""
        try:
            change = self._decoder.decode(request)
        except (msgspec.DecodeError, RecursionError) as error:
            raise EventsError(f"refused: this is no change of retention: {error}", hint="use garrison logs") from error
        with self._one_at_a_time:
            now = read(self._folder)
            made = amended(now, change, dt.datetime.now(dt.UTC))
            last = vouched.told(self._folder, change, now)
            self._put(msgspec.structs.replace(made, told=last))

    def _put(self, made: Retention) -> None:
        self._run(made.statement())
        write(self._folder, made)
