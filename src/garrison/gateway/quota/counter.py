"""The counter: follows the audit feed, adds up what is used, and says who has nothing left.

What it says is a file that is renamed into its place; that it is up to date, it says by touching another. A counter that ends,
hangs, falls behind or cannot write therefore stops saying so, whatever the reason.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from garrison.gateway.quota.days import day_of, end_of
from garrison.gateway.quota.feed import Feed
from garrison.gateway.quota.job import ALIVE, SPENT, Job
from garrison.gateway.quota.lines import charges, read_line
from garrison.gateway.quota.shared import Shared, UnreachedSharesError
from garrison.gateway.quota.store import Store
from garrison.gateway.quota.tally import NOTHING, Key, Tally, Used
from garrison.gateway.run.publish import replace

Days = dict[dt.date, dict[Key, Used]]

_SHARE_S: Final = 0.1  # between two exchanges with Redis
_SHORTEST_S, _LONGEST_S = 1.0, 10.0  # until it is tried again after it could not be reached
_ALIVE_S: Final = 0.25


class Counter:
    """The counts of today, and what they follow from. Raises GarrisonError and OSError where it cannot count."""

    def __init__(self, job: Job, now: dt.datetime, say: Callable[[str], None]) -> None:
        self.job, self.say = job, say
        self.store = Store(job.store)
        self.feed = Feed(Path(job.log), self.store.position, say)
        self.store.count({}, self.feed.position)  # so that it is known which file was begun
        self.written: bytes = b""
        self.touched = self.share_at = 0.0
        self.pause_s = _SHORTEST_S
        self._begin(day_of(now, job.zone))

    def close(self) -> None:
        """Let go of files."""
        self.feed.close()
        self.store.close()

    def look(self, now: dt.datetime) -> bool:
        """Count what has been written since, and say what follows; whether all is counted."""
        if (today := day_of(now, self.job.zone)) != self.day:
            self._begin(today)
        lines = self.feed.read()
        if lines:
            self._count(lines)
        if time.monotonic() >= self.share_at:
            self._share()
        self._tell()
        if not self.feed.behind:
            self._touch()
        return not self.feed.behind

    def _begin(self, day: dt.date) -> None:
        """A day, from what is kept of it."""
        self.day, self.until = day, int(end_of(day, self.job.zone).timestamp())
        self.store.forget(day)
        self.own, self.others = self.store.used(day), self.store.others(day)
        self.tally = Tally(self.job.budgets)
        self.tally.add(self.own)
        self.tally.add(self.others)
        self.changed: dict[Key, Used] = dict(self.own)
        self.shared = Shared(self.job.redis, self.store.gateway, day) if self.job.redis else None
        self.spent_changed = True

    def _count(self, lines: list[bytes]) -> None:
        days: Days = {}
        unread = 0
        for text in lines:
            line = read_line(text)
            if line is None:
                unread += 1
                continue
            day = days.setdefault(day_of(line.time, self.job.zone), {})
            for key, used in charges(line, self.job.streams, self.job.telling).items():
                day[key] = day.get(key, NOTHING) + used
        if unread:
            self.say(f"{unread} lines of {self.job.log} cannot be read, and are not counted")
        self.store.count(days, self.feed.position)
        if new := days.get(self.day):
            for key, more in new.items():
                self.changed[key] = self.own[key] = self.own.get(key, NOTHING) + more
            self.tally.add(new)
            self.spent_changed = True

    def _share(self) -> None:
        """Tell others what is counted here, and hear of them."""
        if self.shared is None:
            return
        try:
            sums = self.shared.tell(self.own, self.changed)
        except UnreachedSharesError as error:
            if self.pause_s == _SHORTEST_S:
                self.say(str(error))
            self.share_at = time.monotonic() + self.pause_s
            self.pause_s = min(self.pause_s * 2, _LONGEST_S)
            return
        if self.pause_s != _SHORTEST_S:
            self.say("Redis can be used again: counts are shared")
        self.pause_s, self.share_at = _SHORTEST_S, time.monotonic() + _SHARE_S
        self.changed = {}
        others = {key: used - self.own.get(key, NOTHING) for key, used in sums.items()}
        news = {key: used for key, used in others.items() if used != self.others.get(key, NOTHING)}
        if news:
            self.store.learn(self.day, news)
            self.tally.add({key: used - self.others.get(key, NOTHING) for key, used in news.items()})
            self.others |= news
            self.spent_changed = True

    def _tell(self) -> None:
        if not self.spent_changed:
            return
        said = msgspec.json.encode(self.tally.spent(self.until), order="sorted")
        if said != self.written:
            replace(Path(self.job.state) / SPENT, said)
            self.written = said
        self.spent_changed = False

    def _touch(self) -> None:
        if time.monotonic() - self.touched >= _ALIVE_S:
            path = Path(self.job.state) / ALIVE
            path.touch(mode=0o600)
            os.utime(path)
            self.touched = time.monotonic()
