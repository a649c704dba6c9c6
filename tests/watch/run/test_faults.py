"""Whatever is killed, full, set back or tampered with: what was acknowledged is stored once, judged once, and vouched for."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.watch.run.watching import Watching, garrison, line, until, watching

from garrison.watch.alerts.store import Alerts

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

ROUNDS = 50
PARTS = ("receive", "store.node", "judge")
RULE = """\
title: Refused
id: 5f1d9c9a-6f0e-4c55-9f0e-0d9f3f5a1c11
logsource: {product: garrison, service: gateway}
detection:
  refused: {decision: deny}
  condition: refused
level: high
"""


class Sender(threading.Thread):
    """Sends lines until it is stopped, each request until it is acknowledged, as senders with a queue of their own do; and writes a file."""

    def __init__(self, watch: Watching) -> None:
        super().__init__()
        self.watch, self.stopped = watch, threading.Event()
        self.file = watch.file.with_name("lines.jsonl")  # that `tailing` reads
        self.acknowledged = self.written = self.refused_lines = self.failures = 0

    def run(self) -> None:
        number = 0
        while not self.stopped.is_set():
            lines = [line(n, decision="allow" if n % 10 else "deny") for n in range(number, number + 40)]
            while True:
                try:
                    assert self.watch.send(lines) == {"events": 40, "quarantined": 0}
                    break
                except OSError:
                    self.failures += 1
                    time.sleep(0.05)
            number += 40
            self.acknowledged += 40
            self.refused_lines += 4
            with self.file.open("ab") as file:
                file.writelines(line(n, request_id=f"f{n}") + b"\n" for n in range(self.written, self.written + 10))
            self.written += 10
            time.sleep(0.02)


@contextlib.contextmanager
def sending(watch: Watching) -> Iterator[Sender]:
    sender = Sender(watch)
    sender.start()
    try:
        yield sender
    finally:
        sender.stopped.set()
        sender.join(120)
        assert not sender.is_alive()


def judging(folder: Path) -> str:
    """Of a watch file: one rule, that fires once for each tenth line."""
    (folder / "rules").mkdir()
    (folder / "rules/refused.yml").write_text(RULE)
    return '[rules]\npack = false\nfolders = ["rules"]\n[baselines]\nenabled = false\n'


TAILING = '[[input]]\ntype = "file"\nname = "file"\nlog = "garrison-gateway"\npath = "lines.jsonl"\n'


def hold(watch: Watching, sender: Sender, *, tailing: bool = False) -> None:
    """All that was acknowledged, or written to the file, is stored once; each event was judged once."""
    count = sender.acknowledged + (sender.written if tailing else 0)
    until(lambda: watch.sql("SELECT count() FROM garrison.events") == [count], 120)
    assert watch.sql("SELECT uniqExact(uid) FROM garrison.events") == [count]
    until(lambda: judged(watch) >= sender.refused_lines, 120)
    watch.end()
    assert judged(watch) == sender.refused_lines
    folder = watch.file.parent
    told = garrison("logs", "verify", "--store", str(folder / "watch"), "--ledger", str(folder / "ledger"))
    assert (told.returncode, f"{count:,} events" in told.stdout) == (0, True), told.stdout


def judged(watch: Watching) -> int:
    with Alerts.open(watch.file.parent / "watch/alerts.db") as alerts:
        return sum(alert.events for alert in alerts.alerts())


def test_killing_anything_at_any_time_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(6)
    with watching(tmp_path, TAILING + judging(tmp_path)) as watch:
        with sending(watch) as sender:
            for number in range(ROUNDS):
                time.sleep(chance.uniform(0, 0.8))
                chosen = PARTS if number % 10 == 9 else (chance.choice(PARTS),)
                for pid in [until(lambda part=part: watch.pid(part)) for part in chosen]:  # type: ignore[misc]
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            until(lambda: sender.watch.send([line(0)]))
        assert sender.failures
        hold(watch, sender, tailing=True)


def test_killing_the_whole_watch_loses_and_doubles_nothing(tmp_path: Path) -> None:
    more = TAILING + judging(tmp_path)
    with contextlib.ExitStack() as running:
        watch = running.enter_context(watching(tmp_path, more))
        sender = running.enter_context(sending(watch))
        for pause_s in (0.5, 2, 1):
            time.sleep(pause_s)
            os.kill(watch.process.pid, signal.SIGKILL)
            watch.process.wait()
            again = running.enter_context(watching(tmp_path, more, port=watch.port))
            watch = sender.watch = again
            until(lambda: sender.watch.send([line(0)]))
        sender.stopped.set()
        sender.join()
        hold(watch, sender, tailing=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_told_to_senders_and_passes(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with watching(small_disk, judging(small_disk)) as watch:
        with sending(watch) as sender:
            until(lambda: sender.acknowledged > 1_000)
            with ballast.open("wb") as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * (1 << 16))
                    file.flush()
            before = sender.failures
            until(lambda: sender.failures > before + 20)
            acknowledged = sender.acknowledged
            time.sleep(1)
            assert sender.acknowledged == acknowledged
            ballast.unlink()
            until(lambda: sender.acknowledged > acknowledged + 1_000)
        assert "No space left" in watch.said()
        hold(watch, sender)


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that sets the wall clock."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a C compiler is missing")
    made = tmp_path_factory.mktemp("clock") / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(source), "-ldl"], check=True)
    return made


def test_a_clock_that_is_set_loses_and_doubles_nothing(tmp_path: Path, clock: Path) -> None:
    ahead = tmp_path / "ahead"
    ahead.write_text("0")
    with watching(tmp_path, judging(tmp_path), LD_PRELOAD=str(clock), CLOCK_AHEAD=str(ahead)) as watch:
        said = subprocess.run(
            [sys.executable, "-c", "import time, datetime; print(time.time(), datetime.datetime.now().timestamp())"],
            env={**os.environ, "LD_PRELOAD": str(clock), "CLOCK_AHEAD": str(ahead)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert abs(float(said.stdout.split()[0]) - time.time()) < 10
        with sending(watch) as sender:
            for seconds in (86_400, -172_800, 3_600, -3_600, 0):
                before = sender.acknowledged
                pending = ahead.with_suffix(".new")
                pending.write_text(str(seconds))
                pending.replace(ahead)
                until(lambda before=before: sender.acknowledged > before + 400)  # type: ignore[misc]
                time.sleep(0.5)
        hold(watch, sender)


def test_what_is_tampered_with_while_the_watch_runs_is_found_where_it_is(tmp_path: Path) -> None:
    from tests.watch.store.test_store import TAMPER

    with watching(tmp_path, judging(tmp_path)) as watch:
        watch.send([line(n) for n in range(1_000)])
        until(lambda: watch.sql("SELECT count() FROM garrison.events") == [1_000])
        # Somebody who got in stops the watch, and changes one event behind its back.
        watch.end()
    change = "ALTER TABLE garrison.events UPDATE actor_user = 'eve' WHERE uid = 'r7' SETTINGS mutations_sync = 1"
    subprocess.run([sys.executable, "-c", TAMPER, str(tmp_path / "watch/store/data"), change], check=True, timeout=120)
    with watching(tmp_path) as watch:
        watch.send([line(n) for n in range(1_000, 1_100)])
        until(lambda: watch.sql("SELECT count() FROM garrison.events") == [1_100])
        told = garrison("logs", "verify", "--store", str(tmp_path / "watch"), "--ledger", str(tmp_path / "ledger"))
    assert told.returncode == 1
    (found,) = [said for said in told.stdout.splitlines() if said.startswith("changed")]
    assert "event 7 (r7)" in found
