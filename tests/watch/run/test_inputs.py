"""A watch with inputs of several kinds: events and samples of all of them reach the store, whoever is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from tests.watch.run.watching import until, watching

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

MORE = """
[[input]]
type = "file"
name = "app"
log = "syslog"
path = "app.log"

[[input]]
type = "syslog"
name = "hosts"
address = "127.0.0.1:{syslog}"

[[input]]
type = "prometheus"
name = "node"
url = "http://127.0.0.1:{exporter}/metrics"
every-s = 1
"""
COUNT = "SELECT count() FROM garrison.events WHERE log_name = '{}'"
LOADS = "SELECT uniqExact(time_us) FROM garrison.samples WHERE name = 'node_load1'"
LINE = "<13>1 2026-11-24T10:11:12Z gpu-1 train {0} - - step {0}\n"


def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_each_reaches_the_store(tmp_path: Path) -> None:
    at, exporter, log = port(), port(), tmp_path / "app.log"
    log.write_text("".join(LINE.format(n) for n in range(1_000)))
    command = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{exporter}", "--log.level=error"]
    with (
        subprocess.Popen(command, stderr=subprocess.DEVNULL) as node,
        watching(tmp_path, MORE.format(syslog=at, exporter=exporter), ledger=False) as watch,
    ):
        try:
            until(lambda: watch.sql(COUNT.format("app")) == [1_000])
            with socket.create_connection(("127.0.0.1", at)) as connection:
                connection.sendall(LINE.format(7).encode())
            until(lambda: watch.sql(COUNT.format("hosts")) == [1])
            until(lambda: watch.sql(LOADS)[0] > 1)
            os.kill(watch.pid("receive"), signal.SIGKILL)
            with log.open("a") as file:
                file.write("".join(LINE.format(n) for n in range(1_000, 2_000)))
            until(lambda: watch.sql(COUNT.format("app")) == [2_000])
            assert watch.sql("SELECT uniqExact(pid) FROM garrison.events WHERE log_name = 'app'") == [2_000]
            until(lambda: watch.status().inputs["app"].counts["events"] == 1_000)  # of the receiver that runs now
        finally:
            node.terminate()
