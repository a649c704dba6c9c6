"""The watch itself: lines that were lost, senders whose lines are not of their format, strangers at the door."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from garrison.events.event import Event, Severity
from garrison.watch.alerts.signal import Detector as Kind
from garrison.watch.alerts.signal import Signal
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.words import moment, span
from garrison.watch.receive.input import Count

Counts = Callable[[], Mapping[str, Mapping[str, int]]]
"""What was counted of each input since the receiver began: a receiver that is started again begins at nothing."""

_KEPT: Final = "health/inputs"
_LOOK_US: Final = 5_000_000
_WINDOW_US: Final = 300_000_000
_MANY: Final = 100  # in a window, of what happens now and then to anybody
_SHARE: Final = 0.2  # of an input's lines that are in the quarantine, from which on its sender is wrong


class Window(msgspec.Struct):
    """What was counted of an input, when that was looked at last, and how much of it is of the last minutes."""

    seen: dict[str, int] = {}
    since_us: int = 0
    within: dict[str, int] = {}
    told: list[str] = []  # what has not ended yet


class HealthDetector:
    """By inputs."""

    name = "health"

    def __init__(self, counts: Counts, memory: Memory) -> None:
        self._counts = counts
        said = memory.of(_KEPT)
        self._inputs = msgspec.json.decode(said, type=dict[str, Window]) if said else dict[str, Window]()
        self._looked_us, self._changed = 0, False

    def observe(self, event: Event, now_us: int) -> tuple[Signal, ...]:
        """Events say nothing of what did not become one."""
        del event, now_us
        return ()

    def tick(self, now_us: int) -> Iterator[Signal]:
        """Whether more was counted."""
        if abs(now_us - self._looked_us) < _LOOK_US:
            return
        self._looked_us = now_us
        for name, counts in self._counts().items():
            window = self._inputs.setdefault(name, Window(since_us=now_us))
            if not 0 <= now_us - window.since_us < _WINDOW_US:
                yield from _ended(name, window, now_us)
                window.since_us, window.within, self._changed = now_us, {}, True
            for what, count in counts.items():
                more = count - window.seen.get(what, 0)
                if more:
                    self._changed = True
                    window.within[what] = window.within.get(what, 0) + (more if more > 0 else count)
                    if what == Count.LOST:
                        yield _lost(name, more if more > 0 else count, now_us)
            window.seen = dict(counts)
            yield from _storms(name, window, now_us)

    def remember(self) -> dict[str, bytes | None]:
        """What was counted already."""
        if not self._changed:
            return {}
        self._changed = False
        return {_KEPT: msgspec.json.encode(self._inputs)}


def _storms(name: str, window: Window, now_us: int) -> Iterator[Signal]:
    """What there is so much of now that somebody should look: once, until it ends."""
    for what in (Count.QUARANTINED, Count.DENIED):
        if what not in window.told and _is_storm(window, what):
            window.told.append(what)
            yield _storm(name, what, window, now_us)


def _is_storm(window: Window, what: str) -> bool:
    count = window.within.get(what, 0)
    return count >= _MANY and (what == Count.DENIED or count >= _SHARE * window.within.get(Count.LINES, 0))


def _ended(name: str, window: Window, now_us: int) -> Iterator[Signal]:
    for what in list(window.told):
        if not _is_storm(window, what):
            window.told.remove(what)
            yield msgspec.structs.replace(_storm(name, what, window, now_us), is_over=True)


def _lost(name: str, count: int, now_us: int) -> Signal:
    return Signal(
        detector=Kind.WATCH, name="lines lost", title=f"Lines of {name} were lost", severity=Severity.MEDIUM, since_us=now_us, time_us=now_us,
        asset=name, asset_type="input", events=count, tags=("attack.defense-impairment", "attack.t1685"),
        text=f"expected: none; seen: {count:,} that were not taken, of a sender that keeps nothing; since {moment(now_us)}",
    )  # fmt: skip


def _storm(name: str, what: str, window: Window, now_us: int) -> Signal:
    count, lines = window.within.get(what, 0), window.within.get(Count.LINES, 0)
    denied = what == Count.DENIED
    return Signal(
        detector=Kind.WATCH,
        name="senders denied" if denied else "lines in quarantine",
        title=f"Many senders without a credential at {name}"
        if denied
        else f"Many lines of {name} are not of its format",
        severity=Severity.MEDIUM,
        since_us=window.since_us,
        time_us=now_us,
        asset=name,
        asset_type="input",
        text=(
            f"expected: fewer than {_MANY} in {span(_WINDOW_US)}; seen: {count:,}{'' if denied else f' of {lines:,} lines'};"
            f" since {moment(window.since_us)}"
        ),
        events=count,
        tags=("attack.credential-access", "attack.t1110") if denied else (),
    )
