"""Inputs that went quiet: what nobody sends any more, nobody sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from garrison.events.event import Event, Severity
from garrison.watch.alerts.signal import Detector as Kind
from garrison.watch.alerts.signal import Signal
from garrison.watch.judge.settings import Silence

_KEPT = "silence/inputs"
_TIMES = 4  # the longest gap of late, after which an input is quiet
_FADE = 0.999  # of the longest gap, with each event that comes later than a second after the one before
_FEW = 20  # gaps before which nothing is expected
_STEP_US = 1_000_000


class Heard(msgspec.Struct):
    """An input: when it was heard last, and its longest gap of late. Times are those of the judge, not of senders."""

    last_us: int
    gap_us: float = 0.0
    gaps: int = 0
    told: bool = False


class SilenceDetector:
    """By inputs."""

    name = "silence"

    def __init__(self, settings: Silence, quiet_after_s: Mapping[str, float], kept: Mapping[str, bytes]) -> None:
        self._settings, self._said = settings, dict(quiet_after_s)
        said = kept.get(_KEPT)
        self.inputs = msgspec.json.decode(said, type=dict[str, Heard]) if said else dict[str, Heard]()
        self._changed = False
        self._since_us = 0  # before that nobody listened

    def observe(self, event: Event, now_us: int) -> Iterable[Signal]:
        """An event came."""
        heard = self.inputs.get(event.log_name)
        if heard is None:
            heard = self.inputs[event.log_name] = Heard(now_us)
        gap = now_us - heard.last_us
        if abs(gap) >= _STEP_US:  # it is less than nothing where a clock was set back
            heard.gap_us = max(gap, heard.gap_us * _FADE)
            heard.gaps += 1
            heard.last_us, heard.told, self._changed = now_us, False, True
        return ()

    def tick(self, now_us: int) -> Iterator[Signal]:
        """Whether one is quiet."""
        self._since_us = self._since_us or now_us
        for name, heard in self.inputs.items():
            limit_us = self._limit_us(name, heard)
            if limit_us and not heard.told and now_us - max(heard.last_us, self._since_us) > limit_us:
                heard.told = self._changed = True
                yield Signal(
                    detector=Kind.SILENCE, name="silent input", title=f"{name or 'An input'} has gone quiet", severity=Severity.MEDIUM,
                    since_us=heard.last_us, time_us=now_us, asset=name, asset_type="input",
                    text=f"expected: something within {_minutes(limit_us)}; seen: nothing for {_minutes(now_us - heard.last_us)}",
                )  # fmt: skip

    def _limit_us(self, name: str, heard: Heard) -> float:
        if name in self._said:
            return self._said[name] * 1_000_000
        if heard.gaps < _FEW:
            return 0
        return max(_TIMES * heard.gap_us, self._settings.least_minutes * 60_000_000)

    def remember(self) -> dict[str, bytes | None]:
        """When each was heard."""
        if not self._changed:
            return {}
        self._changed = False
        return {_KEPT: msgspec.json.encode(self.inputs)}


def _minutes(us: float) -> str:
    minutes = us / 60_000_000
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"  # noqa: PLR2004 - two hours
