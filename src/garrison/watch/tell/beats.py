"""Whether the other processes of a watch still tell of themselves. Where one does not, nobody but who tells of alerts can say so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from garrison.events.event import Severity
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.judge.words import moment, span
from garrison.watch.run.told import Beating, told

QUIET_S: Final = 60.0  # without a word, after which that is told
_WORDS: Final = {
    "receive": ("The receiver does not run", "nothing is received, and what is in the spool is not stored"),
    "store": ("The store does not run", "what is received waits in the spool, and is not judged"),
    "judge": ("The judge does not run", "what is stored is not judged: nothing is told of it"),
}


class _Heard(msgspec.Struct):
    """When it said something last, as it says and by the steady clock, and what was told of it here."""

    at_s: float
    heard_s: float
    is_quiet: bool | None = None  # not known before it was heard or missed


class Beats:
    """By processes. What counts is whether what they write changes, so that no clock that is set makes one quiet."""

    def __init__(self, state: Path, parts: Iterable[str], *, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._state, self._steady_s, now_s = state, steady_s, steady_s()
        self._heard = {part: _Heard(self._at_s(part), now_s) for part in parts if part in _WORDS}

    def look(self, now_us: int) -> list[Signal]:
        """What has changed: one that has not been heard for a minute, one that is heard again."""
        now_s, found = self._steady_s(), []
        for part, heard in self._heard.items():
            at_s = self._at_s(part)
            if at_s != heard.at_s:
                if heard.is_quiet is not False:  # what was told before this process began is over too
                    found.append(_signal(part, heard.at_s, now_us, is_over=True))
                heard.at_s, heard.heard_s, heard.is_quiet = at_s, now_s, False
            elif now_s - heard.heard_s > QUIET_S and not heard.is_quiet:
                heard.is_quiet = True
                found.append(_signal(part, heard.at_s, now_us))
        return found

    def _at_s(self, part: str) -> float:
        said = told(self._state, part, Beating)
        return said[0].at_s if said else 0.0


def _signal(part: str, at_s: float, now_us: int, *, is_over: bool = False) -> Signal:
    title, means = _WORDS[part]
    last_us = int(at_s * 1_000_000)
    since = f"since {moment(last_us)}" if last_us else f"for {span(QUIET_S * 1_000_000)}"
    return Signal(
        detector=Detector.WATCH,
        name=f"{part} does not run",
        title=f"{title.removesuffix(' does not run')} runs again" if is_over else title,
        severity=Severity.HIGH,
        since_us=min(last_us or now_us, now_us),
        time_us=now_us,
        asset=part,
        asset_type="process",
        text=f"there was no word of it {since}"
        if is_over
        else f"expected: a word every second; seen: none {since}; {means}",
        events=0,
        tags=("attack.defense-impairment", "attack.t1685"),
        is_over=is_over,
    )
