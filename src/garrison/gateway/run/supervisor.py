"""The guard of Envoy: starts it, watches over it, and gives it what has changed, or nothing if that is wrong.

Whatever happens, what was last found good stays in force; and where that cannot be recorded, nobody is let in.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import msgspec

from garrison.errors import GarrisonError, UsageError
from garrison.gateway.envoy.compiled import ADMIN_SOCKET, BOOTSTRAP, files, in_one_piece, written
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.file import rules
from garrison.gateway.file.read import read
from garrison.gateway.planning import Planned, planned
from garrison.gateway.run import admin, child
from garrison.gateway.run.copies import with_copies
from garrison.gateway.run.program import validate
from garrison.gateway.run.publish import publish
from garrison.gateway.run.watch import stamps

Say = Callable[[str], None]

_LOOK_S = 0.05  # between two looks at the files
_CHECK_S = 1.0  # between two looks at the disk and at Envoy
_START_S = 30.0
_SHORTEST_S, _LONGEST_S = 0.1, 5.0  # between two starts of an Envoy that ends by itself
_FULL = "the gateway takes no requests: its disk has too little space left for the audit log"


class Supervisor:
    """One gateway that runs."""

    def __init__(self, path: Path, envoy: Path, say: Say) -> None:
        self.path, self.envoy, self.say = path, envoy, say
        self.ending = self.reopening = False
        self.plan = self._first()
        self.loaded = self.plan.loaded
        self.seen = stamps(rules.watched(self.loaded))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Where what is compiled lies."""
        return self.loaded.state.resolve() / "envoy"

    @property
    def socket(self) -> Path:
        """Envoy's admin interface."""
        return self.loaded.state.resolve() / ADMIN_SOCKET

    def run(self) -> None:
        """Until SIGTERM or SIGINT; then requests that are open may end. Raises GarrisonError if it cannot start."""
        with self._alone(), self._signals():
            self._push(self.plan)
            self._start()
            self._await_ready()
            try:
                self._watch()
            finally:
                self._end()

    def _watch(self) -> None:
        patience, since, checked = _SHORTEST_S, time.monotonic(), 0.0
        while not self.ending:
            assert self.process is not None  # noqa: S101 - started before
            if (code := self.process.poll()) is not None:
                self.say(f"Envoy ended by itself ({_how(code)}); it is started again")
                patience = _SHORTEST_S if time.monotonic() - since > _LONGEST_S else min(patience * 2, _LONGEST_S)
                time.sleep(patience)
                since = time.monotonic()
                self._start()
            if time.monotonic() - checked >= _CHECK_S:
                checked = time.monotonic()
                self._hold_floor()
            self._reload_if_changed()
            child.wait(self.process, _LOOK_S)

    def _first(self) -> Plan:
        made = self._made()
        for warning in made.warnings:
            self.say(f"warning: {warning}")
        return made.plan

    def _made(self) -> Planned:
        """All read again, and looked at by Envoy itself."""
        loaded = read(self.path)
        made = planned(loaded, dt.datetime.now(dt.UTC))
        plan = with_copies(made.plan)
        socket = str(loaded.state.resolve() / ADMIN_SOCKET)
        validate(self.envoy, written(in_one_piece(plan, socket)), self.path)
        return msgspec.structs.replace(made, plan=plan)

    def _reload_if_changed(self) -> None:
        now = stamps(rules.watched(self.loaded))
        if now == self.seen and not self.reopening:
            return
        self.seen = now
        if self.reopening:
            self.reopening = False
            with contextlib.suppress(admin.NotThereError):
                admin.ask(self.socket, "/reopen_logs", "POST")
        try:
            made = self._made()
        except GarrisonError as error:
            self.say(f"{error}\nnothing has been changed: what was in force before is")
            return
        if _asks_for_restart(self.plan, made.plan):
            self.say("warning: [gateway], log and limits of connections take effect at the next start")
        self.loaded = made.plan.loaded
        self.seen = stamps(rules.watched(self.loaded))
        for warning in made.warnings:
            self.say(f"warning: {warning}")
        self._push(msgspec.structs.replace(made.plan, shut=self.plan.shut))

    def _push(self, plan: Plan) -> None:
        made = files(plan, self.folder, str(self.socket))
        changed = publish(made, self.folder)
        self.plan = plan
        if self.process is not None and changed:
            self.say(f"in force: {', '.join(name.removesuffix('.json') for name in changed)}")

    def _start(self) -> None:
        self.socket.unlink(missing_ok=True)
        running = self.plan.gateway.gateway
        bootstrap = self.folder / BOOTSTRAP
        self.process = child.start(
            self.envoy, bootstrap, self.loaded.log.resolve(), workers=running.workers, drain_s=running.drain_s
        )

    def _await_ready(self) -> None:
        assert self.process is not None  # noqa: S101 - started before
        until = time.monotonic() + _START_S
        while not admin.is_ready(self.socket):
            if (code := self.process.poll()) is not None:
                raise UsageError(f"Envoy does not start ({_how(code)})", hint="what it says stands above")
            if time.monotonic() > until or self.ending:
                child.stop(self.process)
                raise UsageError(f"Envoy is not ready after {_START_S:.0f} s", hint="what it says stands above")
            time.sleep(0.02)
        failed = admin.counters(self.socket, "listener_manager.listener_create_failure|update_rejected")
        if any(failed.values()):
            child.stop(self.process)
            raise UsageError("Envoy cannot listen as it is told", hint="what it says stands above; is a port in use?")
        for name, listener in sorted(self.plan.gateway.listener.items()):
            self.say(f"{name} listens on {'https' if listener.tls else 'http'}://{listener.address}")

    def _hold_floor(self) -> None:
        """Envoy drops lines that it cannot write, and serves on: before that, nobody is let in."""
        folder = self.loaded.log.resolve().parent
        free_mb = shutil.disk_usage(folder).free // (1024 * 1024)
        floor_mb = self.plan.gateway.log.free_mb
        shut = _FULL if free_mb < floor_mb else ""
        if shut != self.plan.shut:
            said = f"only {free_mb} MB are free for the audit log, less than free-mb = {floor_mb}: nobody is let in"
            self.say(said if shut else "there is space again for the audit log: requests are taken")
            self._push(msgspec.structs.replace(self.plan, shut=shut))

    def _end(self) -> None:
        """Take nothing new, let what is open end, then stop."""
        assert self.process is not None  # noqa: S101 - started before
        drain_s = self.plan.gateway.gateway.drain_s
        with contextlib.suppress(admin.NotThereError):
            admin.ask(self.socket, "/healthcheck/fail", "POST")
            admin.ask(self.socket, "/drain_listeners?graceful", "POST")
            until = time.monotonic() + drain_s
            while self.process.poll() is None and time.monotonic() < until and self._open_requests():
                time.sleep(0.05)
        child.stop(self.process)
        self.say("ended")

    def _open_requests(self) -> int:
        active = admin.counters(self.socket, r"^http\..*\.downstream_rq_active$")
        return sum(value for name, value in active.items() if ".admin." not in name)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        state = self.loaded.state
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (state / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"another gateway runs on {state}", hint="stop it, or name another state folder"
                ) from error
            yield

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def end(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.ending = True

        def reopen(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.reopening = True

        wanted = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: reopen}
        before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _asks_for_restart(old: Plan, new: Plan) -> bool:
    """Whether something has changed that Envoy reads once, when it starts."""
    fixed = [
        (p.gateway.gateway, p.loaded.log, p.gateway.limits.memory_mb, p.gateway.limits.connections) for p in (old, new)
    ]
    return fixed[0] != fixed[1]
