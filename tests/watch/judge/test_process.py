"""The judge as a process of a watch, over a store that goes away and comes back."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.watch.judge.conftest import refused
from tests.watch.judge.test_rules import RULES

from garrison.ledger import Ledger
from garrison.ledger.keys import create
from garrison.watch.alerts import owed
from garrison.watch.alerts.store import Alerts
from garrison.watch.run.told import Judged, told
from garrison.watch.spool import Spool
from garrison.watch.store.client import connected, start
from garrison.watch.store.guard import Role
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.write import keep

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

FILE = """
[watch]
state = "state"
ledger = "ledger"

[[input]]
type = "http"
name = "gateway"
log = "garrison-gateway"
address = "127.0.0.1:0"
quiet-after = "1h"

[rules]
folders = ["rules.yml"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "watch.toml").write_text(FILE)
    (tmp_path / "rules.yml").write_text(RULES)
    key = create(tmp_path / "ledger.key", "example.com/audit")
    Ledger.create(tmp_path / "ledger", key).close()
    return tmp_path


@pytest.fixture
def process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    file = str(folder / "watch.toml")
    with subprocess.Popen(
        [sys.executable, "-m", "garrison.watch.judge", file, file], stderr=subprocess.PIPE, text=True
    ) as started:
        yield started
        if started.poll() is None:
            started.kill()


def until(said: Callable[[], object], limit_s: float = 30) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + limit_s
    while not said():
        assert time.monotonic() < end
        time.sleep(0.05)


def put(folder: Path, first: int, count: int) -> None:
    with Spool.open(folder / "spool", COLUMNS) as spool, connected(folder / "state/store", Role.WRITER) as client:
        spool.append(batch(refused(number, at_us=time.time_ns() // 1000) for number in range(first, first + count)))
        keep(client, spool, None)


def test_a_store_that_goes_away_and_comes_back(folder: Path, process: subprocess.Popen[str]) -> None:
    state = folder / "state"
    until(lambda: process.poll() is not None or told(state, "judge", Judged))
    node = start(state / "store")
    with Alerts.open(state / "alerts.db") as alerts:
        until(lambda: alerts.kept("judge/position"))
        put(folder, 0, 3)
        until(lambda: (found := told(state, "judge", Judged)) and found[1].events == 3)
        node.stop()
        time.sleep(1)
        node = start(state / "store")
        put(folder, 3, 2)
        began = time.monotonic()
        until(alerts.alerts)
        assert time.monotonic() - began < 15
        (alert,) = alerts.alerts()
        assert (alert.title, alert.events) == ("A client probes the gateway", 5)
        until(lambda: alerts.database.rows("SELECT 1 FROM owed"))
        assert owed.pay(alerts, location=str(folder / "ledger.key")) > 80  # the pack's rules, and those of the file
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert process.stderr is not None
    lines = process.stderr.read().splitlines()
    assert [line for line in lines if line.startswith("the judge")][-1] == "the judge goes on"
    node.stop()
