"""The guard of a watch: starts its processes, starts again what ends, and gives them a file that has changed, if it is right.

They know each other by what is on the disk only: whichever is killed, the others go on, and nothing that was acknowledged is lost.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from garrison.errors import BusyError, GarrisonError
from garrison.ledger import durable
from garrison.running.alone import alone, heard
from garrison.running.child import Kept, Process, spawn, stop
from garrison.running.stamps import Stamp, as_read, stamps
from garrison.watch.file.hold import hold
from garrison.watch.file.read import Loaded, read
from garrison.watch.run.told import EVERY_S, beat, note_beginning
from garrison.watch.store.client import command

_LOOK_S: Final = 0.1
_MORE_S: Final = 5.0  # beyond what draining may take
_PATIENCE_S: Final = 30.0  # for the store, which has nothing to lose


class Supervisor:
    """One watch that runs."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Raises GarrisonError for a file that is wrong."""
        self.path, self.say, self.ending = path, say, False
        self._warnings: list[str] = []
        self._told_at = 0.0
        self.loaded = self._accepted(path)
        self.seen = self._stamps(time.time_ns(), {})
        drain = self._drained
        self.receiver = Kept("the receiver", lambda: self._begin("receive"), say, end=drain)
        self.store = Kept("the store", self._begin_store, say, end=_end_store)
        self.judge = Kept("the judge", lambda: self._begin("judge"), say, end=drain)
        self.teller = Kept("what tells of alerts", lambda: self._begin("tell"), say, end=drain)
        self.metrics = Kept("what serves metrics", lambda: self._begin("run"), say)

    @property
    def kept(self) -> list[Kept]:
        """The processes that this file asks for; first the one that senders wait for, and that ends first."""
        here = [] if self.loaded.watch.watch.store else [self.store]
        asked = [self.metrics] if self.loaded.watch.watch.metrics else []
        return [self.receiver, *here, self.judge, self.teller, *asked]

    def run(self) -> None:
        """Until SIGTERM or SIGINT; then what was received is stored. Raises UsageError where another watch has the state folder."""
        self._make_state()
        with alone(self.loaded.state, "watch"), heard({signal.SIGTERM: self._heed, signal.SIGINT: self._heed}):
            self._copy()
            note_beginning(self.loaded.state)
            try:
                while not self.ending:
                    self._reload_if_changed()
                    for kept in self.kept:
                        self._hold(kept)
                    self._tell_of_store()
                    time.sleep(_LOOK_S)
            finally:
                self._end()

    def _hold(self, kept: Kept) -> None:
        try:
            kept.hold()
        except (GarrisonError, OSError) as error:  # a full disk, no more processes: it passes
            kept.later()
            self.say(f"{kept.name} cannot be started: {error}")

    def _tell_of_store(self) -> None:
        """It is ClickHouse's, and does not tell of itself."""
        process, now = self.store.process, time.monotonic()
        if process is not None and self.store.lives and now - self._told_at >= EVERY_S:
            self._told_at = now
            beat(self.loaded.state, "store", pid=process.pid, up_s=now - self.store.since)

    def _begin(self, part: str) -> Process:
        return spawn([sys.executable, "-m", f"garrison.watch.{part}", str(self.path.resolve()), str(self._kept_file)])

    def _begin_store(self) -> Process:
        return spawn(command(self.loaded.state / "store"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def _drained(self, process: Process) -> None:
        stop(process, self.loaded.watch.watch.drain_s + _MORE_S)

    @property
    def _kept_file(self) -> Path:
        """What the file said when it was right: processes that start again read this."""
        return self.loaded.state / "run" / f"watch{self.path.suffix}"

    def _accepted(self, path: Path) -> Loaded:
        loaded = read(path)
        before, self._warnings = self._warnings, hold(loaded)
        for warning in self._warnings:
            if warning not in before:
                self.say(f"warning: {warning}")
        return loaded

    def _copy(self) -> None:
        made = self._kept_file
        made.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = made.with_suffix(".next")
        shutil.copyfile(self.path, new)
        new.replace(made)

    def _stamps(self, began_ns: int, before: dict[Path, Stamp]) -> dict[Path, Stamp]:
        """The files that processes read once, when they begin."""
        said = self.loaded.watch
        named = [model.reference for model in said.model] + ([said.models.key_file] if said.model else [])
        return as_read([self.path, *map(self.loaded.beside, named)], before, began_ns)

    def _reload_if_changed(self) -> None:
        began_ns, now = time.time_ns(), stamps(self.seen)
        if now == self.seen:
            return
        changed = {path for path in now if now[path] != self.seen[path]}
        self.seen = now
        try:
            loaded = self._accepted(self.path)
            _hold_fixed(self.loaded, loaded)
            before, self.loaded = self.loaded, loaded
            self._copy()
        except (GarrisonError, OSError) as error:
            self.say(f"{error}\nnothing has been changed: what was in force before is")
            return
        self.seen = self._stamps(began_ns, now)
        others = bool(changed - {self.path})
        for kept, told in ((self.receiver, _received), (self.judge, _judged), (self.teller, _told)):
            if others or told(before) != told(loaded):
                self.say(f"{kept.name} begins again, as the file has changed")
                kept.stop()
        if before.watch.watch.metrics != loaded.watch.watch.metrics:
            self.metrics.stop()

    def _end(self) -> None:
        """Take nothing new; store what was received, judge what was stored; then stop."""
        for kept in (self.receiver, self.judge, self.teller, self.metrics, self.store):
            kept.stop()
        self.say("ended")

    def _make_state(self) -> None:
        state = self.loaded.state
        try:
            durable.make_folder(state)
            state.chmod(0o700)
            (state / "lock").touch(mode=0o600)
        except OSError as error:
            hint = "make room, or see who may write here"
            raise BusyError(f"the state cannot be kept: {error.strerror}", hint=hint, path=str(state)) from error

    def _heed(self) -> None:
        self.ending = True


def _hold_fixed(before: Loaded, now: Loaded) -> None:
    """Raises ConfigError for what cannot change while the watch runs."""
    for key in ("state", "store"):
        if getattr(before.watch.watch, key) != getattr(now.watch.watch, key):
            raise now.wrong(
                ("watch", key), "it cannot change while the watch runs", "stop the watch, and start it again"
            )


def _received(loaded: Loaded) -> object:
    said = loaded.watch
    return (
        said.watch.ledger, said.watch.spool_mb, said.watch.drain_s, said.input, said.redact, said.redaction,
        said.quarantine, said.retention, said.models, said.model,
    )  # fmt: skip


def _judged(loaded: Loaded) -> object:
    return loaded.judging, loaded.watch.models, loaded.watch.model


def _told(loaded: Loaded) -> object:
    return loaded.telling, loaded.watch.export, loaded.watch.watch.ledger


def _end_store(process: Process) -> None:
    """It ends with the pipe to it."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE_S)
    stop(process)
