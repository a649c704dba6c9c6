"""Who fetches the keys of issuers, kept running, and what it has fetched."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from garrison.gateway.envoy.plan import Plan
from garrison.gateway.issuers.job import FETCHED, JOB, Job, job_of, read_fetched
from garrison.gateway.run import child
from garrison.gateway.run.publish import replace
from garrison.running.child import Kept, Process
from garrison.running.stamps import Stamp, stamps

_START_S: Final = 5.0  # in which issuers that are there have told their keys


class Issuers:
    """The keys of issuers. What was fetched before the start is forgotten: nobody knows whether it still holds."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self.say = say
        self.state = plan.loaded.state.resolve()
        self.fetcher = Kept("what fetches the keys of issuers", self._start, say)
        self.job: Job | None = None
        self.said: Stamp = None
        self.found: Mapping[str, str] = {}

    def begin(self, plan: Plan) -> None:
        """Have fetched what a plan asks for. Raises OSError."""
        job = job_of(plan)
        if job == self.job:
            return
        if self.job is None:
            (self.state / FETCHED).unlink(missing_ok=True)
        self.fetcher.stop()
        self.job, self.said = job, None
        self.found = dict.fromkeys(job.servers, "")
        replace(self.state / JOB, msgspec.json.encode(job, order="sorted"))
        self.hold()
        until = time.monotonic() + _START_S
        while "" in self.look().values() and time.monotonic() < until:
            time.sleep(0.02)

    def hold(self) -> None:
        """Start it again if it has ended."""
        if self.job is not None and self.job.servers:
            self.fetcher.hold()

    def look(self) -> Mapping[str, str]:
        """The key set of each issuer that has an address; empty until it is there."""
        path = self.state / FETCHED
        said = stamps([path])[path]
        if said == self.said or self.job is None:
            return self.found
        try:
            fetched = read_fetched(path)
        except (OSError, msgspec.DecodeError) as error:
            self.say(f"the keys of issuers cannot be read: {error}")
            return self.found
        self.said = said
        known = {name: found.keys for name, found in fetched.items() if self.job.servers.get(name) == found.server}
        self.found = dict.fromkeys(self.job.servers, "") | known
        return self.found

    def end(self) -> None:
        """Fetch no more."""
        self.fetcher.stop()

    def _start(self) -> Process:
        return child.start_fetcher(self.state / JOB)
