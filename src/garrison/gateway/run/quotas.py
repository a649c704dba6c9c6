"""The counter of quotas beside its gateway: told what to count, kept running, and believed while it says that it is up to date."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

from garrison.gateway.envoy.plan import Plan
from garrison.gateway.quota.budgets import UNCOUNTED, Spent
from garrison.gateway.quota.job import ALIVE, JOB, SPENT, Job, job_of
from garrison.gateway.run import child
from garrison.gateway.run.publish import replace
from garrison.running.child import Kept, Process
from garrison.running.stamps import Stamp, stamps

_STALE_S: Final = 3.0  # after which a counter that says nothing is believed no more
_START_S: Final = 5.0
_STOPPED: Final = Spent(stopped=UNCOUNTED)


class Quotas:
    """What the counter says."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self.say = say
        self.state = plan.loaded.state.resolve()
        self.counter = Kept("the counter of quotas", self._start, say)
        self.job: Job | None = None
        self.alive: Stamp = self._stamp(ALIVE)
        self.said: Stamp = None
        self.since = float("-inf")
        self.spent = _STOPPED

    def begin(self, plan: Plan) -> None:
        """Have counted what a plan asks for. Raises OSError."""
        if not plan.budgets.any:
            self.end()
            return
        job = job_of(plan)
        if job != self.job:
            replace(self.state / JOB, msgspec.json.encode(job, order="sorted"))
            self.job = job
        started = not self.counter.lives
        self.counter.hold()
        if started:
            self._await_counted()

    def hold(self) -> None:
        """Start the counter again if it has ended."""
        if self.job is not None:
            self.counter.hold()

    def look(self) -> Spent:
        """What is spent now."""
        if self.job is None:
            return _STOPPED
        alive, now = self._stamp(ALIVE), time.monotonic()
        if alive != self.alive:
            self.alive, self.since = alive, now
        if now - self.since > _STALE_S:
            self.spent, self.said = _STOPPED, None
        elif (said := self._stamp(SPENT)) != self.said:
            self.spent, self.said = self._read(), said
        return self.spent

    def end(self) -> None:
        """Stop counting."""
        self.counter.stop()
        self.job, self.since = None, float("-inf")

    def _await_counted(self) -> None:
        """Until all that was written before is counted; if that takes long, those with quotas are refused meanwhile."""
        until = time.monotonic() + _START_S
        while self.look().stopped and self.counter.lives and time.monotonic() < until:
            time.sleep(0.02)

    def _read(self) -> Spent:
        try:
            return msgspec.json.decode((self.state / SPENT).read_bytes(), type=Spent)
        except (OSError, msgspec.DecodeError) as error:
            self.say(f"what is spent cannot be read: {error}")
            return _STOPPED

    def _start(self) -> Process:
        return child.start_counter(self.state / JOB)

    def _stamp(self, name: str) -> Stamp:
        path = self.state / name
        return stamps([path])[path]
