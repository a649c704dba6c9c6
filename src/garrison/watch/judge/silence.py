"""Inputs that went quiet: what nobody sends any more, nobody sees.

How long one may be quiet is said in the watch file, else learnt from its own gaps. It is told once, and over when the input is heard again.
While the watch itself was away nobody listened: that time is no silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from garrison.events.event import Event, Severity
from garrison.watch.alerts.signal import Detector as Kind
from garrison.watch.alerts.signal import Signal
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.settings import Silence
from garrison.watch.judge.words import moment, span

_KEPT: Final = "silence/inputs"
_DAY_US: Final = 86_400_000_000
_DAYS: Final = 28  # whose longest gaps are remembered
_KNOWN_DAYS: Final = 7  # a week has its weekend: before that nothing is expected of an input that says nothing
_TIMES: Final = 3  # the longest gap, after which an input is quiet
_AWAY_US: Final = 120_000_000  # between two ticks, from which on the watch was away, or its clock was set
_STEP_US: Final = 1_000_000
_KEEP_US: Final = 60_000_000  # between two notes that the watch listened


class Heard(msgspec.Struct):
    """An input: when it was heard first and last, and the longest gap of each day. Times are those of the judge, not of senders."""

    first_us: int
    last_us: int
    gaps_us: dict[int, int] = {}  # by day
    since_us: int = 0  # when it went quiet, if it is


class Inputs(msgspec.Struct):
    """All of them, and when the watch listened last."""

    inputs: dict[str, Heard] = {}
    listened_us: int = 0


class SilenceDetector:
    """By inputs. Those of `quiet_after_s` are expected from the start."""

    name = "silence"

    def __init__(self, settings: Silence, quiet_after_s: Mapping[str, float], memory: Memory) -> None:
        self._settings, self._said = settings, dict(quiet_after_s)
        said = memory.of(_KEPT)
        self._kept = msgspec.json.decode(said, type=Inputs) if said else Inputs()
        self._noted_us, self._changed = 0, False

    def observe(self, event: Event, now_us: int) -> tuple[Signal, ...]:
        """An event came."""
        heard = self._kept.inputs.get(event.log_name)
        if heard is None:
            self._kept.inputs[event.log_name] = Heard(now_us, now_us)
            self._changed = True
            return ()
        gap = now_us - heard.last_us
        if abs(gap) < _STEP_US:  # it is less than nothing where a clock was set back
            return ()
        day = now_us // _DAY_US
        if gap > heard.gaps_us.get(day, 0):
            heard.gaps_us = {d: g for d, g in heard.gaps_us.items() if day - _DAYS < d <= day} | {day: gap}
        heard.last_us, self._changed = now_us, True
        if not heard.since_us:
            return ()
        since_us, heard.since_us = heard.since_us, 0
        return (_spoke(event.log_name, since_us, now_us),)

    def tick(self, now_us: int) -> Iterator[Signal]:
        """Whether one is quiet."""
        kept = self._kept
        away = now_us - kept.listened_us
        if kept.listened_us and not -_STEP_US <= away <= _AWAY_US:
            for heard in kept.inputs.values():
                heard.last_us = min(heard.last_us + max(away, 0), now_us)
        kept.listened_us = now_us
        for name in self._said.keys() - kept.inputs.keys():
            kept.inputs[name] = Heard(now_us, now_us)
        for name, heard in kept.inputs.items():
            limit_us = self._limit_us(name, heard, now_us)
            if limit_us and not heard.since_us and now_us - heard.last_us > limit_us:
                heard.since_us, self._changed = heard.last_us, True
                yield _quiet(name, heard, limit_us, now_us)
        self._changed |= now_us - self._noted_us >= _KEEP_US or now_us < self._noted_us

    def _limit_us(self, name: str, heard: Heard, now_us: int) -> int:
        if name in self._said:
            return int(self._said[name] * 1_000_000)
        if now_us - heard.first_us < _KNOWN_DAYS * _DAY_US or not heard.gaps_us:
            return 0
        return max(_TIMES * max(heard.gaps_us.values()), self._settings.least_minutes * 60_000_000)

    def remember(self) -> dict[str, bytes | None]:
        """When each was heard; and once a minute that the watch listened."""
        if not self._changed:
            return {}
        self._changed, self._noted_us = False, self._kept.listened_us
        return {_KEPT: msgspec.json.encode(self._kept)}


def _quiet(name: str, heard: Heard, limit_us: int, now_us: int) -> Signal:
    return Signal(
        detector=Kind.SILENCE,
        name="silent input",
        title=f"{name or 'An input'} has gone quiet",
        severity=Severity.MEDIUM,
        since_us=heard.last_us,
        time_us=now_us,
        asset=name,
        asset_type="input",
        text=f"expected: something every {span(limit_us)}; seen: nothing since {moment(heard.last_us)}",
        events=0,
        tags=("attack.defense-impairment", "attack.t1685"),
    )


def _spoke(name: str, since_us: int, now_us: int) -> Signal:
    return Signal(
        detector=Kind.SILENCE,
        name="silent input",
        title=f"{name or 'An input'} is heard again",
        severity=Severity.INFORMATIONAL,
        since_us=since_us,
        time_us=now_us,
        asset=name,
        asset_type="input",
        text=f"it was quiet for {span(now_us - since_us)}, from {moment(since_us)} on",
        events=0,
        is_over=True,
    )
