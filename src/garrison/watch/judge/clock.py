"""What time it is, for one who must not be fooled by a clock that is set."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_APART_US: Final = 60_000_000  # from which on the clock was set, rather than kept
_SURE_US: Final = 300_000_000  # after which a clock that was set is believed


class Clock:
    """Goes on at the pace of the monotonic clock, and follows the wall clock where it drifts, or has stayed where it was set to."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, steady_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns, self._steady_ns = wall_ns, steady_ns
        self._offset_us = (wall_ns() - steady_ns()) // 1000
        self._set_at_us = 0  # by the steady clock, when the wall clock was found elsewhere

    def now_us(self) -> int:
        """Microseconds since 1970."""
        steady, wall = self._steady_ns() // 1000, self._wall_ns() // 1000
        if abs(wall - steady - self._offset_us) <= _APART_US:
            self._offset_us, self._set_at_us = wall - steady, 0
        elif not self._set_at_us:
            self._set_at_us = steady
        elif steady - self._set_at_us >= _SURE_US:
            self._offset_us, self._set_at_us = wall - steady, 0
        return steady + self._offset_us
