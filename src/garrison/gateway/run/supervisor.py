"""The guard of Envoy: starts it, watches over it, and gives it what has changed, or nothing if that is wrong.

Whatever happens, what was last found good stays in force; and where that cannot be recorded, nobody is let in.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from garrison.errors import GarrisonError, UsageError
from garrison.gateway.authorise.bundle import BUNDLE, write_bundle
from garrison.gateway.callers import active_keys, parts_of, store_of
from garrison.gateway.certificates import usable
from garrison.gateway.digests import make_key
from garrison.gateway.envoy.compiled import (
    ADMIN_SOCKET,
    BOOTSTRAP,
    Layout,
    callers,
    files,
    in_one_piece,
    key_sets,
    spent,
    tightened,
    written,
)
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import Json
from garrison.gateway.file import rules
from garrison.gateway.file.read import Loaded, read
from garrison.gateway.planning import Planned, planned
from garrison.gateway.run import admin, child
from garrison.gateway.run.copies import with_copies
from garrison.gateway.run.feed import Feed, File, file_of
from garrison.gateway.run.issuers import Issuers
from garrison.gateway.run.program import validate
from garrison.gateway.run.publish import publish
from garrison.gateway.run.quotas import Quotas
from garrison.gateway.run.recording import record
from garrison.gateway.run.tightened import Clients, path_of, rates, read_tightened
from garrison.running.alone import alone, heard
from garrison.running.child import Kept, Process
from garrison.running.stamps import Stamp, as_read, stamps

Say = Callable[[str], None]

_LOOK_S = 0.02  # between two looks at the files
_CHECK_S = 1.0  # between two looks at the disk
_REMIND_S = 5.0  # between two looks at certificates
_START_S = 30.0
_FULL = "the gateway takes no requests: its disk has too little space left for the audit log"
_FAILED = "filesystem.write_failed"  # a counter of Envoy's, which drops what it cannot write
_AWAY = "the gateway takes no requests: its audit log cannot be written"
_AGAIN = {_FULL: "there is space again for the audit log", _AWAY: "the audit log can be written again"}


class Supervisor:
    """One gateway that runs."""

    def __init__(self, path: Path, envoy: Path, say: Say) -> None:
        self.path, self.binary, self.say = path, envoy, say
        self.ending = False
        self.halted = False  # Envoy must not run, as it could not be told whom to let in no more
        self.rejected = 0  # updates that Envoy has refused since it was started
        self.refuses = False  # it has refused the last one: only another configuration helps
        self.home: File | None = None  # which folder `state` was at the start
        self.warned: set[str] = set()
        self.remind_at = 0.0
        self.taken: Json = {}  # what Envoy has looked at, without keys and what is permitted
        began_ns, before = time.time_ns(), stamps([path])
        self.begun: Loaded | None = None  # the file as it was at the start
        self.made = self._all_anew()
        self.begun = self.plan.loaded
        self.state = self.begun.state.resolve()  # the folder of all that is kept
        self._warn(self.made)
        self.seen = as_read(rules.watched(self.plan.loaded), before, began_ns)
        self.keys = self._key_stamps()
        self.tight: Clients = {}
        self.tight_seen: Stamp = None
        self._read_tightened()
        self.feed = Feed(self.plan.loaded.log.resolve(), self.socket, say)
        self.envoy = Kept("Envoy", self._start_envoy, say)
        self.service = Kept("the authorisation service", self._start_service, say)
        self.quotas = Quotas(self.plan, say)
        self.issuers = Issuers(self.plan, say)

    @property
    def plan(self) -> Plan:
        """What is in force."""
        return self.made.plan

    @property
    def folder(self) -> Path:
        """Where what is compiled lies."""
        return self.state / "envoy"

    @property
    def bundle(self) -> Path:
        """What the authorisation service decides by."""
        return self.state / BUNDLE

    @property
    def socket(self) -> Path:
        """Envoy's admin interface."""
        return self.state / ADMIN_SOCKET

    def run(self) -> None:
        """Until SIGTERM or SIGINT; then requests that are open may end. Raises GarrisonError if it cannot start."""
        self._make_folders()
        wanted = {signal.SIGTERM: self._heed, signal.SIGINT: self._heed, signal.SIGHUP: self._reopen}
        with alone(self.state, "gateway"), heard(wanted):
            try:
                self._push(self.made)
                self.envoy.start()
                self._await_ready()
                while not self.ending:
                    self._look()
                    self._wait()
            finally:
                self._end()

    def _make_folders(self) -> None:
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.home = file_of(self.state)
            self.feed.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.feed.make()
        except OSError as error:
            loaded = self.plan.loaded
            steps = ("log", "file") if loaded.gateway.log.file else ("gateway", "state")
            hint = "name a place that can be written"
            raise loaded.wrong(steps, f"the audit log cannot be written: {error}", hint) from error

    def _look(self) -> None:
        self._hold_state()
        if self.ending:
            return
        self._reload_if_changed()
        self._hold_taken()
        self._hold_floor()
        self._hold_envoy()
        self.quotas.hold()
        self.issuers.hold()
        if self.plan.has_residue:
            self.service.hold()
        self._remind()

    def _wait(self) -> None:
        """Until the next look, the next check of the disk, or a signal."""
        until, waits = time.monotonic() + _CHECK_S, True
        while waits:
            time.sleep(_LOOK_S)
            if file_of(self.state) != self.home:
                return
            self._hold_feed()
            self._reload_if_changed()
            self._reload_keys_if_changed()
            self._reload_spent_if_changed()
            self._reload_tightened_if_changed()
            self._reload_key_sets_if_changed()
            waits = not self.ending and (self.envoy.lives or self._must_not_run) and time.monotonic() < until

    def _all_anew(self) -> Planned:
        """All read again, and looked at by Envoy itself.

        That takes longer than all else, so it is left out where only permissions or keys change: in the table they are names,
        which the file's form holds to what a table can have, and keys come by their short way without it too.
        """
        loaded, now = self._read(), dt.datetime.now(dt.UTC)
        rules.hold_places(loaded)
        make_key(loaded.state)
        made = planned(loaded, now)
        plan = with_copies(made.plan)
        usable.hold(loaded, now, plan.files)  # a file may have changed since it was looked at
        socket = str(loaded.state.resolve() / ADMIN_SOCKET)
        open_ones = tuple(p for p in plan.permissions if p.residue)
        form = in_one_piece(msgspec.structs.replace(plan, permissions=open_ones, keys=()), socket)
        if form != self.taken:
            validate(self.binary, written(in_one_piece(plan, socket)), self.path)
            self.taken = form
        return msgspec.structs.replace(made, plan=plan)

    def _read(self) -> Loaded:
        """The file, in which stays as it was what only a start can change."""
        loaded = read(self.path)
        if self.begun is None:
            return loaded
        said, before = loaded.gateway, self.begun.gateway
        log = msgspec.structs.replace(said.log, file=before.log.file)
        connections = {name: getattr(before.limits, name) for name in ("memory_mb", "connections")}
        limits = msgspec.structs.replace(said.limits, **connections)
        kept = msgspec.structs.replace(said, gateway=before.gateway, log=log, limits=limits)
        if kept != said:
            self.say("warning: [gateway], [log] file and limits of connections take effect at the next start")
        return msgspec.structs.replace(loaded, gateway=kept)

    def _reload_if_changed(self) -> None:
        began_ns, now = time.time_ns(), stamps(self.seen)
        if now == self.seen:
            return
        self.seen = now
        try:
            made = self._all_anew()
            self._warn(made)
        except (GarrisonError, OSError) as error:
            self.say(f"{error}\nnothing has been changed: what was in force before is")
            return
        try:
            self._push(_with(made, shut=self.plan.shut))
        except GarrisonError as error:
            self.say(f"{error}\nnothing has been changed: what was in force before is")
            return
        except OSError as error:  # a part of it may be in force
            self.seen = dict.fromkeys(now)  # it is read again as soon as the old is back
            self._halt(str(error))
            return
        self.seen = as_read(rules.watched(self.plan.loaded), now, began_ns)

    def _key_stamps(self) -> dict[Path, Stamp]:
        store = store_of(self.plan.loaded)
        return stamps(parts_of(store)) if store is not None else {}

    def _reload_keys_if_changed(self) -> None:
        """The way for keys alone is short, so that one that is revoked is refused at once."""
        now = self._key_stamps()
        if now == self.keys:
            return
        self.keys = now
        try:
            keys = active_keys(self.plan.loaded, dt.datetime.now(dt.UTC))
        except GarrisonError as error:
            self.say(f"{error}\nno key is let in, as nobody knows which are revoked")
            keys = ()
        self.made = _with(self.made, keys=keys)
        if self._show_or_halt(callers(self.plan, Layout(self.folder))):
            self.say(f"in force: {len(keys)} keys")

    def _reload_spent_if_changed(self) -> None:
        """The way for quotas alone: nobody's buckets are filled by it, and no connection ends."""
        now = self.quotas.look()
        if now == self.plan.spent:
            return
        if bool(now.stopped) is not bool(self.plan.spent.stopped):
            self.say(f"quotas: {now.stopped or 'requests are counted again'}")
        self.made = _with(self.made, spent=now)
        self._show_or_halt(spent(self.plan, Layout(self.folder)))

    def _reload_key_sets_if_changed(self) -> None:
        """The way for keys of issuers alone."""
        now = self.issuers.look()
        if now == self.plan.key_sets:
            return
        before = self.plan.key_sets or {}
        self.say(f"the keys of {', '.join(name for name in now if now[name] != before.get(name))} have changed")
        self.made = _with(self.made, key_sets=now)
        self._show_or_halt(key_sets(self.plan, Layout(self.folder)))

    def _reload_tightened_if_changed(self) -> None:
        """The way for who is held to less, and for whom that is over."""
        if not self._read_tightened():
            return
        self.say(f"held to less: {', '.join(sorted(self.plan.tightened)) or 'nobody'}")
        self._show_or_halt(tightened(self.plan, Layout(self.folder)))

    def _read_tightened(self) -> bool:
        """Whether what holds is another. A file that cannot be read changes nothing."""
        path = path_of(self.plan.loaded)
        now = stamps([path])[path]
        if now != self.tight_seen:
            self.tight_seen = now
            try:
                self.tight = read_tightened(path)
            except GarrisonError as error:
                self.say(f"{error}\nwho was held to less still is")
        holding = rates(self.tight, dt.datetime.now(dt.UTC))
        changed = holding != self.plan.tightened
        self.made = _with(self.made, tightened=holding) if changed else self.made
        return changed

    def _push(self, made: Planned) -> None:
        """Put a plan in force. Raises OSError or LedgerError, and then what was in force before still is."""
        self._need_state()
        record(made.plan.loaded)
        self.quotas.begin(made.plan)
        self.issuers.begin(made.plan)
        known = {"spent": self.quotas.look(), "key_sets": self.issuers.look(), "tightened": self.plan.tightened}
        made = _with(made, **known, before=self.plan.slots)
        if made.plan.has_residue:
            write_bundle(self.bundle, made.bundle)
            self.service.hold()
        changed = self._show(files(made.plan, Layout(self.folder), str(self.socket)))
        self.made = made
        self.halted = self.refuses = False
        if not made.plan.has_residue:
            self.service.stop()
        if self.envoy.lives and changed:
            self.say(f"in force: {', '.join(name.removesuffix('.json') for name in changed)}")

    def _show_or_halt(self, files: Mapping[str, str]) -> list[str]:
        """Show Envoy what has changed; where that cannot be, nobody is let in."""
        try:
            return self._show(files)
        except OSError as error:
            self._halt(str(error))
            return []

    def _show(self, made: Mapping[str, str]) -> list[str]:
        """Put files where Envoy sees them; those that differed. Raises OSError.

        It is not waited for the disk: before Envoy is started all are shown anew, so that none that a power cut left is read.
        """
        self._need_state()
        return publish(made, self.folder, durable=False)

    def _need_state(self) -> None:
        """Raises OSError where the state folder is gone: in another of its name nobody would look."""
        if file_of(self.state) != self.home:
            raise FileNotFoundError(errno.ENOENT, "it was moved or removed", str(self.state))

    def _hold_state(self) -> None:
        """Without the folder of all that is kept Envoy hears of no change, and nothing is counted: all stops until it is back."""
        if file_of(self.state) == self.home:
            return
        self._halt(f"{self.state} was moved or removed; put it back, or start the gateway anew")
        self.service.stop()
        self.quotas.counter.stop()
        self.issuers.fetcher.stop()
        while not self.ending and file_of(self.state) != self.home:
            time.sleep(_LOOK_S)

    def _hold_feed(self) -> None:
        """What Envoy writes to a file that was taken away is in no feed: it opens another, or nobody is let in."""
        before = self.feed.away
        self.feed.hold()
        if self.feed.away != before:
            self._hold_floor()

    def _hold_floor(self) -> None:
        """Envoy drops lines that it cannot write, and serves on: before that, nobody is let in."""
        shut, why = self._to_be_shut()
        if self.refuses or (shut == self.plan.shut and not self.halted):
            return
        halted = self.halted
        if not halted:
            self.say(f"{why}: nobody is let in" if shut else f"{_AGAIN[self.plan.shut]}: requests are taken")
        try:
            self._push(_with(self.made, shut=shut))
        except (OSError, GarrisonError) as error:
            self._halt(str(error))
        else:
            if halted:
                self.say("Envoy can be told again whom to let in: it is started")

    def _to_be_shut(self) -> tuple[str, str]:
        """What is said to those who are not let in, and why; both empty where all are."""
        try:
            free_mb = shutil.disk_usage(self.feed.path.parent).free // (1024 * 1024)
        except OSError as error:
            return _AWAY, f"the audit log cannot be written: {error}"
        if self.feed.away:
            return _AWAY, self.feed.away
        floor_mb = self.plan.gateway.log.free_mb
        if free_mb < floor_mb:
            return _FULL, f"only {free_mb} MB are free for the audit log, less than free-mb = {floor_mb}"
        return "", ""

    @property
    def _must_not_run(self) -> bool:
        """Whether Envoy is not to be started: it cannot be told whom to let in, or has nowhere to write."""
        return self.halted or bool(self.feed.away)

    def _hold_envoy(self) -> None:
        try:
            if not self._must_not_run:
                self.envoy.hold()
        except OSError as error:
            self.say(f"Envoy cannot be started: {error}; it is tried again")
            self.envoy.later()

    def _hold_taken(self) -> None:
        """An Envoy that refuses what it is given goes on with what it had before, which nobody wants any more."""
        try:
            found = admin.counters(self.socket, rf"update_rejected|{_FAILED.replace('.', '[.]')}")
        except admin.NotThereError:
            return
        self.feed.tell_failed(found.pop(_FAILED, 0))
        rejected = sum(found.values())
        if rejected > self.rejected:
            self.refuses = True
            self._halt("Envoy refuses a part of its configuration, what it says stands above; change the file")
        self.rejected = rejected

    def _halt(self, why: str) -> None:
        """What cannot be told to Envoy must not be let in. Where a disk is the cause, the next look at it tries again."""
        self.halted = True
        self.envoy.stop()
        self.say(f"{why}: Envoy is stopped, as it cannot be told whom to let in no more")

    def _start_envoy(self) -> Process:
        self.socket.unlink(missing_ok=True)
        self.rejected = 0
        self.feed.make()
        running = self.plan.gateway.gateway
        return child.start(self.binary, self.folder / BOOTSTRAP, workers=running.workers, drain_s=running.drain_s)

    def _start_service(self) -> Process:
        return child.start_service(self.bundle, Path(self.plan.authorise_socket))

    def _await_ready(self) -> None:
        until = time.monotonic() + _START_S
        while not admin.is_ready(self.socket):
            if not self.envoy.lives or time.monotonic() > until or self.ending:
                raise UsageError("Envoy does not start", hint="what it says stands above")
            time.sleep(_LOOK_S)
        failed = admin.counters(self.socket, "listener_manager.listener_create_failure|update_rejected")
        if any(failed.values()):
            raise UsageError("Envoy cannot listen as it is told", hint="what it says stands above; is a port in use?")
        for name, listener in sorted(self.plan.gateway.listener.items()):
            self.say(f"{name} listens on {'https' if listener.tls else 'http'}://{listener.address}")

    def _end(self) -> None:
        """Take nothing new, let what is open end, then stop."""
        with contextlib.suppress(admin.NotThereError):
            admin.ask(self.socket, "/healthcheck/fail", "POST")
            admin.ask(self.socket, "/drain_listeners?graceful", "POST")
            until = time.monotonic() + self.plan.gateway.gateway.drain_s
            while self.envoy.lives and time.monotonic() < until and self._open_requests():
                time.sleep(_LOOK_S)
        self.envoy.stop()
        self.feed.close()
        self.service.stop()
        self.quotas.end()
        self.issuers.end()
        self.say("ended")

    def _open_requests(self) -> int:
        active = admin.counters(self.socket, r"^http\..*\.downstream_rq_active$")
        return sum(value for name, value in active.items() if ".admin." not in name)

    def _warn(self, made: Planned) -> None:
        for warning in made.warnings:
            self.say(f"warning: {warning}")
        self.warned = set(made.warnings)

    def _remind(self) -> None:
        """That a certificate ends, or has ended, is told once more while the gateway runs."""
        if time.monotonic() < self.remind_at:
            return
        self.remind_at = time.monotonic() + _REMIND_S
        try:
            found = usable.hold(self.plan.loaded, dt.datetime.now(dt.UTC), self.plan.files)
        except (GarrisonError, OSError) as error:
            found = [str(error)]
        for warning in found:
            if warning not in self.warned:
                self.say(f"warning: {warning}")
        self.warned |= set(found)

    def _heed(self) -> None:
        self.ending = True

    def _reopen(self) -> None:
        self.feed.moved = True


def _with(made: Planned, **changes: Any) -> Planned:
    """The same with some of it changed; what limits have their buckets where stays."""
    changes = {"before": made.plan.slots, **changes}
    return msgspec.structs.replace(made, plan=msgspec.structs.replace(made.plan, **changes))
