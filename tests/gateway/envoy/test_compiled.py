"""What `garrison gateway compile` writes, run as it says and watched over by nobody."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.gateway.envoy.conftest import FILE, START_S, STRANGER, Gateway, made_ready

from garrison.cli import program
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.run.program import find_envoy
from garrison.running.child import stop

pytestmark = pytest.mark.slow


@pytest.fixture
def alone(made: Callable[..., Plan], tmp_path: Path) -> Iterator[Gateway]:
    """An Envoy that is run by the command that was told."""
    text = FILE.replace('state = "s"', 'state = "s"\nworkers = 1')
    plan, folder = made(tmp_path, text), tmp_path / "e"
    done = CliRunner().invoke(program, ["gateway", "compile", str(plan.loaded.path), "-o", str(folder)])
    assert done.exit_code == 0, done.output
    (told,) = (line for line in done.stderr.splitlines() if line.startswith("run it: envoy "))
    process = subprocess.Popen([str(find_envoy()), *shlex.split(told)[3:]], stderr=subprocess.DEVNULL)
    try:
        made_ready(process, folder / "admin.sock", START_S)
        port = int(plan.gateway.listener["local"].address.rpartition(":")[2])
        yield Gateway(port, folder, plan, process)
    finally:
        stop(process)


def test_one_that_is_killed_has_lost_no_line_of_a_quiet_moment(alone: Gateway) -> None:
    for _ in range(5):
        assert alone.infer(key=STRANGER).status == 401
    time.sleep(0.2)  # lines are written every 50 ms
    os.kill(alone.process.pid, signal.SIGKILL)
    alone.process.wait()
    assert len(alone.log(5)) == 5


def test_a_feed_that_was_moved_is_opened_anew_on_sigusr1(alone: Gateway) -> None:
    alone.infer(key=STRANGER)
    assert len(alone.log(1)) == 1
    feed = alone.plan.loaded.log
    feed.rename(feed.with_suffix(".1"))
    alone.process.send_signal(signal.SIGUSR1)
    time.sleep(0.2)
    alone.infer(key=STRANGER)
    assert len(alone.log(1)) == 1
