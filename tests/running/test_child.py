"""Processes that are kept running."""

from __future__ import annotations

import itertools
import subprocess
import time

import pytest

from garrison.running import child


@pytest.mark.slow
def test_what_ends_again_and_again_is_started_ever_later() -> None:
    begun: list[float] = []

    def begin() -> child.Process:
        begun.append(time.monotonic())
        return subprocess.Popen(["false"])

    said: list[str] = []
    kept = child.Kept("it", begin, said.append)
    kept.start()
    until = time.monotonic() + 60
    while len(begun) < 6 and time.monotonic() < until:
        kept.hold()
        time.sleep(0.005)
    kept.stop()
    pauses = [after - before for before, after in itertools.pairwise(begun)]
    assert len(pauses) == 5
    for number, pause_s in enumerate(pauses):
        assert pause_s >= 0.2 * 2**number  # the one before it, doubled
    assert set(said) == {"it ended by itself (exit code 1); it is started again"}
